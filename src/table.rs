//! Tables as CSV (RFC 4180), safe to open in a spreadsheet.

use std::borrow::Cow;

/// The rows as CSV in UTF-8, each with CRLF at its end. `bom` puts a byte order mark before them, which Excel needs to
/// read Japanese.
pub fn csv<Row, Cell>(rows: impl IntoIterator<Item = Row>, bom: bool) -> Vec<u8>
where
    Row: IntoIterator<Item = Cell>,
    Cell: AsRef<str>,
{
    let begin = if bom {
        b"\xEF\xBB\xBF".to_vec()
    } else {
        Vec::new()
    };
    let rows = rows.into_iter().map(|row| {
        let cells = row.into_iter();
        cells
            .map(|cell| defused(cell.as_ref()).into_owned())
            .collect()
    });
    lines(rows, begin)
}

/// The same of rows whose cells are safe already, behind `begin`.
pub fn lines(rows: impl IntoIterator<Item = Vec<String>>, begin: Vec<u8>) -> Vec<u8> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .flexible(true)
        .from_writer(begin);
    for row in rows {
        // Writing to memory does not fail.
        let _ = writer.write_record(row);
    }
    writer.into_inner().unwrap_or_default()
}

/// A cell that no spreadsheet takes for a formula: one that begins like one gets an apostrophe before it, and so does what
/// stands behind a semicolon, a tab or the end of a line, where many spreadsheets begin another cell; items of a list, which
/// begin with a dash and a space, are none. The full forms of the signs count too, since Japanese spreadsheets take them for the
/// plain ones.
pub fn defused(cell: &str) -> Cow<'_, str> {
    let signs = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
    let is_formula = |part: &str| part.starts_with(signs) && !part.starts_with("- ");
    let begins = cell.starts_with(signs) || cell.starts_with(['\t', '\r', '\n']);
    let parts = cell.split_inclusive([';', '\t', '\r', '\n']);
    let inside = |(index, part): (usize, &str)| index > 0 && is_formula(part);
    if !begins && !parts.clone().enumerate().any(inside) {
        return Cow::Borrowed(cell);
    }
    let mut out = String::with_capacity(cell.len() + 2);
    for (index, part) in parts.enumerate() {
        if index == 0 && begins || inside((index, part)) {
            out.push('\'');
        }
        out.push_str(part);
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cells_are_quoted_where_they_need_it() {
        let rows = [
            vec!["goal", "title"],
            vec!["2", "Zero \"Hunger\", now\nhere"],
            vec!["1", "貧困をなくそう"],
        ];
        let text = String::from_utf8(csv(rows, false)).unwrap();
        assert_eq!(
            text,
            "goal,title\r\n2,\"Zero \"\"Hunger\"\", now\nhere\"\r\n1,貧困をなくそう\r\n"
        );
        assert!(csv([["a"]], true).starts_with(b"\xEF\xBB\xBFa"));
    }

    #[test]
    fn formulas_are_defused() {
        for cell in ["=1+1", "+49 69", "-1", "@SUM(A1)", "\t1", "＝1"] {
            assert_eq!(defused(cell), format!("'{cell}"));
        }
        assert_eq!(defused("11 = eleven"), "11 = eleven");
        assert_eq!(
            defused("Trees;=cmd|'/c calc'!A0"),
            "Trees;'=cmd|'/c calc'!A0"
        );
        assert_eq!(defused("a; -1"), "a; -1");
        assert_eq!(defused("x\r\n=1\n- y"), "x\r\n'=1\n- y");
        assert_eq!(defused("x;= 1+1"), "x;'= 1+1");
        assert_eq!(defused("'quoted"), "'quoted");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(rows in prop::collection::vec(prop::collection::vec("[^\u{feff}=+@\\-\t\r\n＝＋－＠](\\PC|[\r\n\",]){0,8}", 2..4), 1..5)) {
            let bytes = csv(&rows, false);
            let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes.as_slice());
            let read: Vec<Vec<String>> = reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect();
            let safe: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|cell| defused(cell).into_owned()).collect()).collect();
            prop_assert_eq!(read, safe);
        }
    }
}
