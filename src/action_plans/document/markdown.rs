//! A document in Markdown (CommonMark, with the tables of GitHub). Words of people are shown as they were written, whatever
//! signs they hold.

use super::blocks::{Block, Inline, Style, paragraphs};

/// The whole of it, with an empty line between blocks.
pub fn written(blocks: &[Block]) -> String {
    let blocks = blocks.iter().map(block).filter(|block| !block.is_empty());
    let mut out = blocks.collect::<Vec<_>>().join("\n\n");
    out.push('\n');
    out
}

fn block(block: &Block) -> String {
    match block {
        Block::Heading { level, text } => {
            format!("{} {}", "#".repeat(usize::from(*level)), inline(text))
        }
        Block::Paragraph(text) => begun(&inline(text)),
        Block::Prose(text) => prose(&text.text()),
        Block::List(entries) => {
            let entries = entries.iter().map(|entry| begun(&inline(entry)));
            let entries: Vec<String> = entries.map(|entry| format!("- {entry}")).collect();
            entries.join("\n")
        }
        Block::Table { head, rows } => {
            let rule = row(head.iter().map(|_| "---".to_owned()));
            let rows = rows.iter().map(|cells| row(cells.iter().map(cell)));
            let lines = [row(head.iter().map(cell)), rule].into_iter().chain(rows);
            lines.collect::<Vec<_>>().join("\n")
        }
    }
}

fn inline(text: &Inline) -> String {
    let told = text.styled().map(|(style, text)| match style {
        Style::Plain => signs(&text),
        Style::Strong => format!("**{}**", signs(&text)),
        Style::Emphasis => format!("*{}*", signs(&text)),
        Style::Code => format!("`{text}`"),
    });
    told.collect()
}

fn cell(text: &Inline) -> String {
    inline(text).replace('\n', "<br>")
}

fn row(cells: impl Iterator<Item = String>) -> String {
    format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
}

/// Paragraphs with their line breaks.
fn prose(text: &str) -> String {
    let written = paragraphs(text).into_iter().map(|lines| {
        let lines = lines.into_iter().map(|line| begun(&signs(line)));
        lines.collect::<Vec<_>>().join("\\\n")
    });
    written.collect::<Vec<_>>().join("\n\n")
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
        let html = shown(&prose(text));
        assert_eq!(
            html,
            "<p># 1. *Trees* &amp; &lt;b&gt;more&lt;/b&gt;<br />\n- a_b_c | ~x~<br />\n12) [y](z)</p>\n<p>End\\</p>\n"
        );
        let lines = Inline::lines("a | b\r*c*\r\nd");
        assert_eq!(cell(&lines), "a \\| b<br>\\*c\\*<br>d");
        let address = "See https://city.example/a_b?c&d\nand www.city.example/~x";
        assert_eq!(
            shown(&prose(address)),
            "<p>See https://city.example/a_b?c&amp;d<br />\nand www.city.example/~x</p>\n"
        );
        let entries = ["2019. A\n  year", "11.2", "-3 °C"].map(Inline::line);
        let list = written(&[Block::List(entries.to_vec())]);
        assert_eq!(list, "- 2019\\. A year\n- 11.2\n- -3 °C\n");
    }

    proptest! {
        #[test]
        fn no_text_becomes_anything_but_text(text in "[-#*_+=:>~`|<&a1.)/ \\[\\]!\\\\\\n\\r\\t]{0,40}") {
            let html = shown(&prose(&text));
            for (index, _) in html.match_indices('<') {
                let tag = &html[index..];
                prop_assert!(["<p>", "</p>", "<br />"].iter().any(|known| tag.starts_with(known)), "{text:?} became {html}");
            }
        }
    }
}
