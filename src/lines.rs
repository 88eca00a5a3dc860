//! Texts set for people to read in a given width: measured, shortened, broken into lines. In every script: a column
//! is as wide as a Latin letter, and a Japanese character takes two.

use unicode_linebreak::{BreakOpportunity, linebreaks};
use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};
use unicode_width::UnicodeWidthStr;

/// How many columns a text takes (UAX #11).
pub fn width(text: &str) -> usize {
    text.width()
}

/// A text as one paragraph of at most `columns`. What is left out shows as an ellipsis, after a whole sentence where
/// that uses half of the room, else after a whole word, and never inside a character as people see it (UAX #29).
pub fn shortened(text: &str, columns: usize) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if width(&text) <= columns {
        return text;
    }
    let room = columns.saturating_sub(2);
    let sentences = fitting(&text, text.split_sentence_bounds(), room).trim_end();
    if width(sentences) * 2 >= room {
        let is_spaced = sentences.ends_with(|c: char| c.is_ascii());
        let gap = if is_spaced { " " } else { "" };
        return format!("{sentences}{gap}…");
    }
    let mut kept = fitting(&text, text.split_word_bounds(), room);
    if kept.is_empty() {
        kept = fitting(&text, text.graphemes(true), room);
    }
    let is_loose = |c: char| c.is_whitespace() || ",;:、，".contains(c);
    format!("{}…", kept.trim_end_matches(is_loose))
}

/// As many of the first `pieces` of a text as fit, as one. A piece that ends inside a character, as a word may after a
/// mark that belongs to what follows, is taken only with the next.
fn fitting<'a>(text: &'a str, pieces: impl Iterator<Item = &'a str>, columns: usize) -> &'a str {
    let (mut taken, mut end, mut whole) = (0, 0, 0);
    for piece in pieces {
        taken += width(piece);
        if taken > columns {
            break;
        }
        end += piece.len();
        if GraphemeCursor::new(end, text.len(), true).is_boundary(text, 0) == Ok(true) {
            whole = end;
        }
    }
    text.get(..whole).unwrap_or_default()
}

/// A text broken into lines of at most `columns` where its script allows it (UAX #14); a word that is longer than a
/// line is broken between characters. At least one line.
pub fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut begin = 0;
    for (end, opportunity) in linebreaks(text) {
        let piece = text.get(begin..end).unwrap_or_default();
        begin = end;
        if width(&line) + width(piece.trim_end()) > columns {
            end_line(&mut line, &mut lines);
        }
        if width(piece.trim_end()) > columns {
            for character in piece.graphemes(true) {
                if width(&line) + width(character) > columns {
                    end_line(&mut line, &mut lines);
                }
                line.push_str(character);
            }
        } else {
            line.push_str(piece);
        }
        if opportunity == BreakOpportunity::Mandatory && end < text.len() {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
        }
    }
    lines.push(line.trim_end().to_owned());
    lines
}

fn end_line(line: &mut String, lines: &mut Vec<String>) {
    if !line.is_empty() {
        lines.push(std::mem::take(line).trim_end().to_owned());
    }
}

/// A text broken into as few lines of at most `columns` as [`wrapped`] makes, but of about the same length each, and at
/// spaces alone where that takes no more lines: for labels, in which a word apart or a lone last letter looks odd.
pub fn balanced(text: &str, columns: usize) -> Vec<String> {
    let lines = wrapped(text, columns);
    let even = |broken: &dyn Fn(usize) -> Option<Vec<String>>| {
        let narrower = (1..columns).rev().map_while(|columns| {
            let narrower = broken(columns)?;
            (narrower.len() <= lines.len()).then_some(narrower)
        });
        narrower.last()
    };
    match at_spaces(text, columns) {
        Some(words) if words.len() <= lines.len() => {
            even(&|columns| at_spaces(text, columns)).unwrap_or(words)
        }
        _ => even(&|columns| Some(wrapped(text, columns))).unwrap_or(lines),
    }
}

/// A text broken at spaces alone; none where a word is longer than a line.
fn at_spaces(text: &str, columns: usize) -> Option<Vec<String>> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        if width(word) > columns {
            return None;
        }
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(word) <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    Some(lines)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_text_is_shortened_after_a_sentence_or_a_word_and_says_so() {
        let text = "Half the traffic by 2030. Twice the trees.\nA quay for walkers.";
        assert_eq!(
            shortened(text, 50),
            "Half the traffic by 2030. Twice the trees. …"
        );
        assert_eq!(shortened(text, 20), "Half the traffic…");
        assert_eq!(
            shortened(text, 80),
            "Half the traffic by 2030. Twice the trees. A quay for walkers."
        );
        assert_eq!(
            shortened("交通量を半減する。樹木を倍にする。", 24),
            "交通量を半減する。…"
        );
        assert_eq!(shortened("Donaudampfschifffahrt", 10), "Donaudam…");
    }

    #[test]
    fn a_character_of_several_code_points_is_left_whole() {
        let family = "👩‍👩‍👧‍👦👩‍👩‍👧‍👦👩‍👩‍👧‍👦";
        assert_eq!(shortened(family, 5), "👩‍👩‍👧‍👦…");
        assert_eq!(
            shortened("e\u{301}e\u{301}e\u{301}e\u{301}", 3),
            "e\u{301}…"
        );
        // A repha, which is written as part of the letter after it, though a word ends between them.
        assert_eq!(shortened("ab \u{11d46}{cd ef gh", 5), "ab…");
    }

    #[test]
    fn lines_break_as_the_script_wants() {
        assert_eq!(
            wrapped("Sustainable Cities and Communities", 20),
            ["Sustainable Cities", "and Communities"]
        );
        assert_eq!(
            wrapped("交通量を半減する。樹木", 16),
            ["交通量を半減す", "る。樹木"]
        );
        assert_eq!(wrapped("abcdefgh", 3), ["abc", "def", "gh"]);
        assert_eq!(wrapped("one\ntwo", 10), ["one", "two"]);
        assert_eq!(wrapped("", 10), [""]);
    }

    #[test]
    fn labels_are_broken_evenly_and_at_spaces_where_there_are_some() {
        for (text, columns, expected) in [
            (
                "Good Health and Well-being",
                24,
                ["Good Health", "and Well-being"],
            ),
            (
                "エネルギーをみんなに そしてクリーンに",
                28,
                ["エネルギーをみんなに", "そしてクリーンに"],
            ),
            (
                "パートナーシップで目標を達成しよう",
                28,
                ["パートナーシップで", "目標を達成しよう"],
            ),
        ] {
            assert_eq!(balanced(text, columns), expected);
        }
        assert_eq!(balanced("No Poverty", 24), ["No Poverty"]);
        assert_eq!(
            balanced("Donaudampfschifffahrt", 12),
            ["Donaudampfs", "chifffahrt"]
        );
    }

    proptest! {
        #[test]
        fn even_lines_are_as_few_and_fit(text in "([a-z]{1,9}|[港都市。、]{1,5}| ){0,12}", columns in 10..30_usize) {
            let lines = balanced(&text, columns);
            prop_assert!(lines.len() <= wrapped(&text, columns).len());
            prop_assert!(lines.iter().all(|line| width(line) <= columns), "{:?}", lines);
            let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(bare(&lines.concat()), bare(&text));
        }

        #[test]
        fn what_is_shortened_begins_the_text_and_fits(text in "(\\PC|[a-z .。港]){0,80}", columns in 4..40_usize) {
            let whole = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let short = shortened(&text, columns);
            prop_assert!(width(&short) <= columns.max(width(&whole).min(columns)), "{:?}", short);
            if short != whole {
                let kept = short.strip_suffix('…').unwrap().trim_end();
                prop_assert!(whole.starts_with(kept));
                let boundaries: Vec<usize> = whole.grapheme_indices(true).map(|(at, _)| at).collect();
                prop_assert!(kept.is_empty() || boundaries.contains(&kept.len()) || kept.len() == whole.len(), "{:?}", kept);
            }
        }

        #[test]
        fn lines_fit_and_lose_nothing(text in "([a-z]{1,9}|[港都市。、]{1,5}| ){0,40}", columns in 4..40_usize) {
            let lines = wrapped(&text, columns);
            prop_assert!(lines.iter().all(|line| width(line) <= columns), "{:?}", lines);
            let bare = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(bare(&lines.concat()), bare(&text));
        }
    }
}
