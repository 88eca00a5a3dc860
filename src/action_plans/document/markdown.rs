//! Words of people in a Markdown document (CommonMark, with the tables of GitHub): they are shown as they were written,
//! whatever signs they hold.

/// A text in one line.
pub fn inline(text: &str) -> String {
    let text = text.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
    begun(&signs(&text))
}

/// A text in a cell of a table.
pub fn cell(text: &str) -> String {
    let lines = lines(text.trim_ascii()).map(signs);
    lines.collect::<Vec<_>>().join("<br>")
}

/// A text as paragraphs, with the line breaks that it has.
pub fn paragraphs(text: &str) -> String {
    let mut out = String::new();
    for line in lines(text) {
        let ends_paragraph = line.is_empty() || out.is_empty() || out.ends_with("\n\n");
        match (line.is_empty(), ends_paragraph) {
            (true, _) if out.is_empty() || out.ends_with("\n\n") => {}
            (true, _) => out.push_str("\n\n"),
            (false, true) => out.push_str(&begun(&signs(line))),
            (false, false) => {
                out.push_str("\\\n");
                out.push_str(&begun(&signs(line)));
            }
        }
    }
    out.trim_end().to_owned()
}

/// A row of a table.
pub fn row<C: AsRef<str>>(cells: impl IntoIterator<Item = C>) -> String {
    let mut out = "|".to_owned();
    for cell in cells {
        out.push(' ');
        out.push_str(cell.as_ref());
        out.push_str(" |");
    }
    out.push('\n');
    out
}

/// The lines of a text, whichever way they end (CommonMark, 2.1).
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.split('\n').flat_map(|line| {
        let line = line.strip_suffix('\r').unwrap_or(line);
        line.split('\r')
    });
    lines.map(str::trim_ascii)
}

/// Signs that mean something wherever they stand. Addresses are kept from becoming links, which would swallow the signs
/// behind them.
fn signs(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(
            character,
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '~' | '&' | '#' | '$'
        ) {
            out.push('\\');
        }
        out.push(character);
    }
    out.replace("://", "\\://").replace("www.", "www\\.")
}

/// Signs that mean something at the beginning of a line: lists, rules, what makes a heading or a table of the line before.
fn begun(line: &str) -> String {
    let number = line.trim_start_matches(|character: char| character.is_ascii_digit());
    let digits = line.len() - number.len();
    let stands_alone = |sign: &str| sign.is_empty() || sign.starts_with([' ', '\t']);
    let is_number = digits > 0 && number.strip_prefix(['.', ')']).is_some_and(stands_alone);
    let (begin, rest) = match line.strip_prefix(['+', '-']) {
        Some(rest) if stands_alone(rest) || rest.starts_with(['-', ':']) => ("", line),
        _ if line.starts_with(['=', ':']) => ("", line),
        _ if is_number => line.split_at(digits),
        _ => return line.to_owned(),
    };
    format!("{begin}\\{rest}")
}

#[cfg(test)]
mod tests {
    use comrak::{Options, markdown_to_html};
    use proptest::prelude::*;

    use super::*;

    fn shown(markdown: &str) -> String {
        let mut options = Options::default();
        options.extension.table = true;
        options.extension.strikethrough = true;
        options.extension.autolink = true;
        markdown_to_html(markdown, &options)
    }

    #[test]
    fn signs_of_markdown_are_shown_as_they_were_written() {
        let text = "# 1. *Trees* & <b>more</b>\n- a_b_c | ~x~\n12) [y](z)\n\nEnd\\";
        let html = shown(&paragraphs(text));
        assert_eq!(
            html,
            "<p># 1. *Trees* &amp; &lt;b&gt;more&lt;/b&gt;<br />\n- a_b_c | ~x~<br />\n12) [y](z)</p>\n<p>End\\</p>\n"
        );
        assert_eq!(cell("a | b\r*c*\r\nd"), "a \\| b<br>\\*c\\*<br>d");
        let address = "See https://city.example/a_b?c&d\nand www.city.example/~x";
        assert_eq!(
            shown(&paragraphs(address)),
            "<p>See https://city.example/a_b?c&amp;d<br />\nand www.city.example/~x</p>\n"
        );
        assert_eq!(inline("2019. A\n  year"), "2019\\. A year");
        assert_eq!(inline("11.2"), "11.2");
        assert_eq!(inline("-3 °C"), "-3 °C");
    }

    proptest! {
        #[test]
        fn no_text_becomes_anything_but_text(text in "[-#*_+=:>~`|<&a1.)/ \\[\\]!\\\\\\n\\r\\t]{0,40}") {
            let html = shown(&paragraphs(&text));
            for (index, _) in html.match_indices('<') {
                let tag = &html[index..];
                prop_assert!(["<p>", "</p>", "<br />"].iter().any(|known| tag.starts_with(known)), "{text:?} became {html}");
            }
        }
    }
}
