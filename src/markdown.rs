//! Markdown, as people write it, and the HTML beside it, safe to show in any page.
//!
//! The HTML is made when a text is written, of those languages alone that have changed, so that reading costs nothing.

use std::collections::HashSet;
use std::sync::LazyLock;

use ammonia::Builder;
use comrak::arena_tree::NodeEdge;
use comrak::nodes::AstNode;
use comrak::{Arena, Options, format_html, parse_document};

use crate::problem::{Fault, Faults, Rule};
use crate::text::{Html, Text};

/// How deep quotations, lists and emphasis may stand in each other: far deeper than anybody reads, and shallow enough
/// that sanitising stays quick.
pub const MAX_NESTING: usize = 40;

/// The HTML of the Markdown in `text`, which stands at `pointer`; what `before` has already is taken from there.
/// A language of which nothing is left to show is left out.
pub fn rendered(
    text: &Text,
    before: Option<(&Text, &Html)>,
    pointer: &str,
    faults: &mut Faults,
) -> Option<Html> {
    let mut all = Vec::new();
    for (language, markdown) in text.iter() {
        let kept = before
            .filter(|(text, _)| text.in_language(language) == Some(markdown))
            .and_then(|(_, html)| html.in_language(language));
        let html = match kept {
            Some(html) => Ok(html.to_owned()),
            None => to_html(markdown),
        };
        match html {
            Ok(html) if html.is_empty() => {}
            Ok(html) => all.push((language.to_owned(), html)),
            Err((rule, limit)) => {
                faults.push(Fault::at(format!("{pointer}/{language}"), rule).with("limit", limit));
            }
        }
    }
    (!all.is_empty()).then(|| all.into_iter().collect())
}

/// CommonMark with tables, strikethrough and bare links; HTML in it is left out.
fn to_html(markdown: &str) -> Result<String, (Rule, usize)> {
    if nests_too_deep(markdown) {
        return Err((Rule::TooDeep, MAX_NESTING));
    }
    let mut options = Options::default();
    options.extension.table = true;
    options.extension.strikethrough = true;
    options.extension.autolink = true;
    let arena = Arena::new();
    let root = parse_document(&arena, markdown, &options);
    if depth(root) > MAX_NESTING {
        return Err((Rule::TooDeep, MAX_NESTING));
    }
    let mut html = String::new();
    if let Err(error) = format_html(root, &options, &mut html) {
        tracing::error!(%error, "Markdown could not be put into HTML");
        return Ok(String::new());
    }
    if html.chars().count() > Html::MAX_LENGTH {
        return Err((Rule::TooLong, Html::MAX_LENGTH));
    }
    Ok(SANITISER.clean(&html).to_string().trim().to_owned())
}

/// Whether a line opens more blocks than may stand in each other: looked at before the parser does, whose time grows
/// with the square of it.
fn nests_too_deep(markdown: &str) -> bool {
    let openers = |line: &str| {
        let head = line.find(|c: char| !matches!(c, '>' | '-' | '*' | '+' | ' ' | '\t'));
        line.get(..head.unwrap_or(line.len()))
            .unwrap_or_default()
            .chars()
            .filter(|c| *c == '>' || *c == '-' || *c == '*' || *c == '+')
            .count()
    };
    markdown.lines().any(|line| {
        let rule = line
            .trim()
            .chars()
            .all(|c| matches!(c, '-' | '*' | ' ' | '\t'));
        !rule && openers(line) > 2 * MAX_NESTING
    })
}

fn depth<'a>(root: &'a AstNode<'a>) -> usize {
    let (mut now, mut deepest) = (0_usize, 0_usize);
    for edge in root.traverse() {
        match edge {
            NodeEdge::Start(_) => now += 1,
            NodeEdge::End(_) => now = now.saturating_sub(1),
        }
        deepest = deepest.max(now);
    }
    deepest
}

/// What may stand in the HTML: text, lists, tables, pictures and links to the web or to a mailbox.
static SANITISER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::default();
    builder
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .link_rel(Some("noopener noreferrer nofollow"));
    builder
});

#[cfg(test)]
mod tests {
    use super::*;

    fn html(markdown: &str) -> String {
        to_html(markdown).unwrap()
    }

    #[test]
    fn markdown_becomes_html() {
        assert_eq!(
            html("# Buses\n\nMore **buses**, ~~cars~~.\n\n| a | b |\n|---|--:|\n| 1 | 2 |\n"),
            "<h1>Buses</h1>\n<p>More <strong>buses</strong>, <del>cars</del>.</p>\n<table>\n<thead>\n<tr>\n<th>a</th>\n\
             <th align=\"right\">b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n<td align=\"right\">2</td>\n</tr>\n</tbody>\n</table>"
        );
        assert_eq!(
            html("**横浜市**のバス"),
            "<p><strong>横浜市</strong>のバス</p>"
        );
    }

    #[test]
    fn nothing_that_runs_is_left_in_it() {
        for bad in [
            "<script>alert(1)</script>",
            "a <img src=x onerror=alert(1)> b",
            "[a](javascript:alert(1))",
            "[a](JaVaScRiPt:alert(1))",
            "[a](data:text/html;base64,PHNjcmlwdD4=)",
            "![a](javascript:alert(1))",
            "![a](data:image/svg+xml;base64,PHN2Zz4=)",
            "<javascript:alert(1)>",
            "<svg/onload=alert(1)>",
            "[a](vbscript:x)",
            "[a](https://a.example \"x\\\" onclick=alert(1)\")",
            "<style>*{display:none}</style>",
            "<iframe src=https://a.example></iframe>",
            "<a href=\"https://a.example\" onclick=\"x()\">a</a>",
            "`<script>`",
            "```html\n<script>alert(1)</script>\n```",
            "```\"onmouseover=alert(1)\nx\n```",
            "<form action=https://a.example><input name=password></form>",
        ] {
            let html = html(bad).to_lowercase();
            for part in [
                "<script", "<svg", "<style", "<iframe", "<form", "<input", "<!--",
            ] {
                assert!(!html.contains(part), "{bad}: {html}");
            }
            let tags = html
                .split('<')
                .skip(1)
                .filter_map(|rest| rest.split('>').next());
            for tag in tags.filter(|tag| !tag.contains("title=")) {
                for part in ["javascript:", "data:", "vbscript:", " on", "style"] {
                    assert!(!tag.contains(part), "{bad}: {html}");
                }
            }
        }
        let quoted = html("[a](https://a.example \"x\\\" onclick=alert(1)\")");
        assert!(
            quoted.contains("title=\"x&quot; onclick=alert(1)\""),
            "{quoted}"
        );
    }

    #[test]
    fn only_what_changed_is_made_again() {
        let text = |pairs: &[(&str, &str)]| -> Text {
            pairs
                .iter()
                .map(|(a, b)| ((*a).to_owned(), (*b).to_owned()))
                .collect()
        };
        let stored: Html = [("en".to_owned(), "as stored".to_owned())]
            .into_iter()
            .collect();
        let before = text(&[("en", "Buses")]);
        let after = text(&[("en", "Buses"), ("ja", "バス"), ("fr", "<!-- nothing -->")]);
        let mut faults = Faults::new();
        let html = rendered(&after, Some((&before, &stored)), "/body", &mut faults).unwrap();
        assert_eq!(
            html.iter().collect::<Vec<_>>(),
            [("en", "as stored"), ("ja", "<p>バス</p>")]
        );
        assert!(faults.is_empty());
    }

    #[test]
    fn intricate_texts_are_refused_quickly() {
        let long = |part: &str| part.repeat(20_000 / part.len());
        let begun = std::time::Instant::now();
        for (markdown, most) in [
            (long("> "), true),
            (format!("{}x", long("- ")), true),
            (long("**a "), false),
            (long("[a]("), false),
            (long("[[["), false),
            (long("*a _b "), false),
            (long("`"), false),
            (long("<b"), false),
            (long("![["), false),
            (long("~~a "), false),
            (long("1. "), false),
            (long("&amp"), false),
            (long("\\["), false),
            (long("|a"), false),
            (long("<!--"), false),
            (long("http://a."), false),
            (long("a@b."), false),
            (long("*"), false),
            (long("_a"), false),
            (long("**x**"), false),
            (long("-\n "), false),
            (long(">\n"), false),
            (long("[a]: b\n"), false),
            (long("\n- a\n "), false),
        ] {
            let html = to_html(&markdown);
            assert!(html.is_err() || !most, "{}", &markdown[..6]);
        }
        let wide = format!(
            "{}|\n{}|\n{}",
            "|a".repeat(3000),
            "|-".repeat(3000),
            "|x|\n".repeat(1900)
        );
        assert!(to_html(&wide).is_err());
        assert!(begun.elapsed().as_secs() < 20, "{:?}", begun.elapsed());
    }
}
