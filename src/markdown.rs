//! Markdown, as people write it, and the HTML beside it, safe to show in any page.
//!
//! The HTML is made when a text is written, of those languages alone that have changed, so that reading costs nothing. It
//! takes time, so the write path has it made before it begins a transaction ([`render_ahead`]), and finds it done.

use std::borrow::Cow;
use std::collections::{HashSet, VecDeque};
use std::sync::{LazyLock, Mutex};

use ammonia::Builder;
use comrak::arena_tree::NodeEdge;
use comrak::nodes::{AstNode, NodeValue};
use comrak::{Arena, Options, format_html, parse_document};

use crate::problem::{Fault, Faults, Rule};
use crate::text::{Html, Text};

/// How deep quotations, lists and emphasis may stand in each other: far deeper than anybody reads, and shallow enough
/// that sanitising stays quick.
pub const MAX_NESTING: usize = 40;

/// How long the HTML of all languages may be together, in characters.
pub const MAX_TOTAL: usize = 1_000_000;

/// The bytes of what is kept of texts that were rendered ahead.
const MAX_AHEAD: usize = 16 * 1024 * 1024;

/// What was rendered ahead, the newest last.
static AHEAD: Mutex<VecDeque<Ahead>> = Mutex::new(VecDeque::new());

struct Ahead {
    markdown: String,
    html: Rendered,
}

impl Ahead {
    fn size(&self) -> usize {
        self.markdown.len() + self.html.as_ref().map_or(0, String::len)
    }
}

/// The HTML of a text, or why there is none.
type Rendered = Result<String, (Rule, usize)>;

/// Makes the HTML of a text that is about to be written: [`rendered`] finds it done.
pub fn render_ahead(markdown: &str) {
    if is_ahead(markdown).is_some() {
        return;
    }
    let made = Ahead {
        markdown: markdown.to_owned(),
        html: to_html(markdown),
    };
    if let Ok(mut ahead) = AHEAD.lock() {
        ahead.push_back(made);
        let mut size: usize = ahead.iter().map(Ahead::size).sum();
        while size > MAX_AHEAD {
            size -= ahead.pop_front().map_or(size, |oldest| oldest.size());
        }
    }
}

fn is_ahead(markdown: &str) -> Option<Rendered> {
    let ahead = AHEAD.lock().ok()?;
    let found = ahead.iter().rev().find(|made| made.markdown == markdown)?;
    Some(found.html.clone())
}

/// The HTML of the Markdown in `text`, which stands at `pointer`; what `before` has already is taken from there.
/// A language of which nothing is left to show is left out.
pub fn rendered(
    text: &Text,
    before: Option<(&Text, &Html)>,
    pointer: &str,
    faults: &mut Faults,
) -> Option<Html> {
    let (mut all, mut total) = (Vec::new(), 0);
    for (language, markdown) in text.iter() {
        let kept = before
            .filter(|(text, _)| text.in_language(language) == Some(markdown))
            .and_then(|(_, html)| html.in_language(language));
        let html = match kept {
            Some(html) => Ok(html.to_owned()),
            None => is_ahead(markdown).unwrap_or_else(|| to_html(markdown)),
        };
        match html {
            Ok(html) if html.is_empty() => {}
            Ok(html) => {
                total += html.chars().count();
                all.push((language.to_owned(), html));
            }
            Err((rule, limit)) => {
                faults.push(Fault::at(format!("{pointer}/{language}"), rule).with("limit", limit));
            }
        }
    }
    if total > MAX_TOTAL {
        faults.push(Fault::at(pointer, Rule::TooLong).with("limit", MAX_TOTAL));
    }
    (!all.is_empty()).then(|| all.into_iter().collect())
}

/// CommonMark with tables, strikethrough and bare links; HTML in it is left out.
fn to_html(markdown: &str) -> Rendered {
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
    take_out_pictures(root);
    let mut html = String::new();
    if let Err(error) = format_html(root, &options, &mut html) {
        tracing::error!(%error, "Markdown could not be put into HTML");
        return Ok(String::new());
    }
    if html.chars().count() > Html::MAX_LENGTH {
        return Err((Rule::TooLong, Html::MAX_LENGTH));
    }
    let clean = SANITISER.clean(&stood_for(&html)).to_string();
    Ok(written_out(&clean).trim().to_owned())
}

/// Characters that are no text (Unicode, section 23.7), and the references they stand for while HTML is sanitised: the
/// sanitiser's time grows with the square of the number of references.
const STAND_INS: [(char, &str); 4] = [
    ('\u{FDD0}', "&amp;"),
    ('\u{FDD1}', "&lt;"),
    ('\u{FDD2}', "&gt;"),
    ('\u{FDD3}', "&quot;"),
];

fn stood_for(html: &str) -> String {
    let is_stand_in = |c: char| STAND_INS.iter().any(|(stand_in, _)| *stand_in == c);
    let html = html.replace(is_stand_in, "");
    STAND_INS.iter().fold(html, |html, (stand_in, reference)| {
        html.replace(reference, stand_in.encode_utf8(&mut [0; 4]))
    })
}

fn written_out(html: &str) -> String {
    STAND_INS
        .iter()
        .fold(html.to_owned(), |html, (stand_in, reference)| {
            html.replace(*stand_in, reference)
        })
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

/// Puts links in the place of pictures from elsewhere: showing the text must not tell others who reads it. A picture in
/// a link leaves its words.
fn take_out_pictures<'a>(root: &'a AstNode<'a>) {
    for node in root.descendants() {
        let NodeValue::Image(picture) = node.data().value.clone() else {
            continue;
        };
        if is_own(&picture.url) {
            continue;
        }
        let mut above = node.ancestors().skip(1);
        let in_link = above.any(|above| matches!(above.data().value, NodeValue::Link(_)));
        if in_link || node.first_child().is_none() {
            let words: Vec<_> = node.children().collect();
            for word in words {
                node.insert_before(word);
            }
            node.data_mut().value = NodeValue::Text(Cow::Borrowed(""));
        } else {
            node.data_mut().value = NodeValue::Link(picture);
        }
    }
}

/// Whether it is the path of a file that this service keeps.
fn is_own(url: &str) -> bool {
    let parts: Vec<&str> = url.split('/').collect();
    match parts.as_slice() {
        ["", "v1", "knowledge", item, "files", file] => [item, file]
            .iter()
            .all(|id| !id.is_empty() && id.bytes().all(|c| c.is_ascii_hexdigit() || c == b'-')),
        _ => false,
    }
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

/// What may stand in the HTML: text, lists, tables, pictures that the service keeps, and links to the web or to a mailbox.
static SANITISER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::default();
    builder
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .link_rel(Some("noopener noreferrer nofollow"))
        .attribute_filter(|element, attribute, value| match (element, attribute) {
            ("img", "src") if !is_own(value) => None,
            _ => Some(value.into()),
        });
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
    fn no_picture_tells_others_who_reads() {
        let own = "/v1/knowledge/0193a1b2-7c00-7000-8000-000000000001/files/0193a1b2-7c00-7000-8000-000000000002";
        assert_eq!(
            html(&format!("![Map]({own})")),
            format!("<p><img src=\"{own}\" alt=\"Map\"></p>")
        );
        for (markdown, left) in [
            ("![Map](https://a.example/1.gif)", "Map"),
            ("![Map *1*](//a.example/1.gif)", "Map <em>1</em>"),
            ("![](https://a.example/1.gif)", ""),
            (
                "[![Map](https://a.example/1.gif)](https://b.example/)",
                "Map",
            ),
            ("![Map][1]\n\n[1]: https://a.example/1.gif", "Map"),
            ("![Map](/v1/knowledge/../../x/files/1)", "Map"),
            ("![a ![b](https://a.example/2)](https://a.example/1)", "a b"),
        ] {
            let html = html(markdown);
            assert!(!html.contains("<img"), "{markdown}: {html}");
            assert!(html.contains(left), "{markdown}: {html}");
        }
        assert!(
            html("![Map](https://a.example/1.gif)").contains("<a href=\"https://a.example/1.gif\"")
        );
    }

    #[test]
    fn texts_full_of_references_are_quick_too() {
        let begun = std::time::Instant::now();
        for part in ["& ", "&", "\" ", "< ", "&amp; ", "\\& "] {
            for _ in 0..5 {
                let _ = to_html(&part.repeat(20_000 / part.len()));
            }
        }
        assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
    }

    #[test]
    fn what_stands_for_something_while_sanitising_is_no_way_around_it() {
        for (markdown, expected) in [
            (
                "a & b < c > d \"e\"",
                "<p>a &amp; b &lt; c &gt; d &quot;e&quot;</p>",
            ),
            ("\u{FDD1}script\u{FDD2}alert(1)", "<p>scriptalert(1)</p>"),
            ("&lt;script&gt;", "<p>&lt;script&gt;</p>"),
            ("`&amp;lt;`", "<p><code>&amp;amp;lt;</code></p>"),
            (
                "[a](java&#115;cript:alert(1))",
                "<p><a href=\"\" rel=\"noopener noreferrer nofollow\">a</a></p>",
            ),
        ] {
            assert_eq!(html(markdown), expected, "{markdown}");
        }
    }

    #[test]
    fn all_languages_together_are_bounded() {
        let languages = (0..30).map(|n| (format!("l{n}"), "&".repeat(19_000)));
        let mut faults = Faults::new();
        rendered(&languages.collect(), None, "/body", &mut faults);
        let found: Vec<_> = faults
            .iter()
            .map(|fault| (fault.pointer(), fault.rule()))
            .collect();
        assert_eq!(found, [(Some("/body"), Rule::TooLong)]);
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
