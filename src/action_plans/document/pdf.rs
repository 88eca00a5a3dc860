//! A document as PDF (ISO 32000-1): A4, with an outline, and tagged for those who listen to it, as PDF/UA-1 (ISO 14289-1)
//! has it. Words say in which language they are.
//!
//! The fonts are the service's own, so that a plan is the same on every machine: Noto Sans for the alphabets of Europe, BIZ
//! UDPGothic for Japanese. What neither has is shown as a box.

mod paint;
mod set;

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};

use krilla::configure::{Accessibility, Configuration, ConfigurationBuilder};
use krilla::error::KrillaError;

use self::set::{Setter, Sheets};
use super::blocks::Block;
use crate::resource::Meta;

/// The whole of it, as the bytes of a file; `languages` are those that it is in, the first one most. Once `is_unwanted`, it is
/// an error soon.
pub fn written(
    blocks: &[Block],
    meta: &Meta,
    languages: &[String],
    is_unwanted: &AtomicBool,
) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
    let sheets = set(blocks, is_unwanted)?;
    let paint = |standard| paint::painted(&sheets, meta, languages, standard);
    // That standard refuses signs which no font has.
    match paint(for_listeners()) {
        Err(KrillaError::Validation(_)) => Ok(paint(Configuration::default())?),
        painted => Ok(painted?),
    }
}

fn set(blocks: &[Block], is_unwanted: &AtomicBool) -> Result<Sheets, &'static str> {
    let mut setter = Setter::default();
    for block in blocks {
        if is_unwanted.load(Ordering::Relaxed) {
            return Err("nobody waits for the document any more");
        }
        setter.set(block);
    }
    Ok(setter.finish())
}

/// PDF/UA-1.
fn for_listeners() -> Configuration {
    let standard = ConfigurationBuilder::new().with_accessibility_validator(Accessibility::UA1);
    standard.finish().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::DateTime;
    use proptest::prelude::*;

    use super::super::blocks::Inline;
    use super::set::{BOTTOM, Mark, TOP};
    use super::*;

    fn sheets(blocks: &[Block]) -> Sheets {
        set(blocks, &AtomicBool::new(false)).unwrap()
    }

    fn table(rows: usize, text: &str) -> Block {
        Block::Table {
            head: ["English", "日本語"].map(Inline::plain).to_vec(),
            rows: vec![vec![Inline::lines(text), Inline::plain("都市")]; rows],
        }
    }

    #[test]
    fn it_fulfils_what_those_need_who_listen() {
        let blocks = [
            Block::Heading {
                level: 1,
                text: Inline::plain("Trees / 都市の樹木"),
            },
            Block::Heading {
                level: 2,
                text: Inline::plain("1. Objectives"),
            },
            Block::Paragraph(
                Inline::strong("Αθήνα")
                    .in_language("el")
                    .then(Inline::code("София")),
            ),
            Block::Prose(Inline::lines("One\ntwo\n\nÅrhus ﬁre")),
            Block::List(vec![Inline::plain("a"), Inline::line("鎌倉市")]),
            table(3, &"Word after word. ".repeat(400)),
        ];
        let meta = Meta {
            version: 1,
            created_at: DateTime::UNIX_EPOCH,
            updated_at: DateTime::UNIX_EPOCH,
            beside: 0,
        };
        let languages = ["en".to_owned(), "ja".to_owned()];
        let sheets = sheets(&blocks);
        assert!(sheets.pages.len() > 3);
        let file = paint::painted(&sheets, &meta, &languages, for_listeners()).unwrap();
        assert!(file.starts_with(b"%PDF-1.7"));
        // What no font has is shown all the same, but not by that standard.
        let foreign = [Block::Prose(Inline::lines("한국어"))];
        let sheets = self::sheets(&foreign);
        paint::painted(&sheets, &meta, &languages, for_listeners()).unwrap_err();
        let wanted = AtomicBool::new(false);
        written(&foreign, &meta, &languages, &wanted).unwrap();
        // What nobody waits for is not gone on with.
        written(&foreign, &meta, &languages, &AtomicBool::new(true)).unwrap_err();
    }

    #[test]
    fn marks_stand_above_their_letters_and_controls_are_not_shown() {
        let sheets = sheets(&[Block::Prose(Inline::lines("M\u{303} a\tb\u{FFFF}"))]);
        let Some(Mark::Line { lines, .. }) = sheets.pages[0].first() else {
            panic!("no line");
        };
        assert_eq!(lines.text, "M\u{303} a b");
        let line = lines.layout.get(0).unwrap();
        let clusters = line
            .runs()
            .flat_map(|run| run.visual_clusters().collect::<Vec<_>>());
        let lifts =
            clusters.flat_map(|cluster| cluster.glyphs().map(|glyph| glyph.y).collect::<Vec<_>>());
        // Upwards is negative here, and positive in a PDF.
        assert!(lifts.into_iter().any(|lift| lift < -0.5));
    }

    #[test]
    fn words_know_what_they_are_read_out_in() {
        let text = Inline::plain("Trees").in_language("en");
        let text = text.then(Inline::plain(" / "));
        let text = text.then(Inline::plain("都市").in_language("ja"));
        let sheets = sheets(&[Block::Paragraph(text)]);
        let Some(Mark::Line { lines, .. }) = sheets.pages[0].first() else {
            panic!("no line");
        };
        let told = [0, 4, 5, 8, 13, 14].map(|at| lines.language(at));
        let (english, japanese) = (Some("en"), Some("ja"));
        assert_eq!(told, [english, english, None, japanese, japanese, None]);
    }

    #[test]
    fn a_row_turns_the_page_below_the_head_of_its_table() {
        let rows =
            [46, 4].map(|lines| vec![Inline::lines(&"a\n".repeat(lines)), Inline::plain("b")]);
        let head = ["English", "日本語"].map(Inline::plain).to_vec();
        holds(&sheets(&[Block::Table {
            head,
            rows: rows.to_vec(),
        }]));
    }

    /// Every line that is said stands on a page once, between its margins; where it stands on two pages, in their order.
    fn holds(sheets: &Sheets) {
        let mut found: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut all: BTreeMap<usize, usize> = BTreeMap::new();
        for marks in &sheets.pages {
            for mark in marks {
                if let Mark::Line {
                    lines,
                    index,
                    y,
                    place: Some(place),
                    ..
                } = mark
                {
                    let line = lines.layout.get(*index).unwrap();
                    let upper = y + line.metrics().block_min_coord;
                    let lower = y + line.metrics().block_max_coord;
                    assert!(upper > TOP - 0.1 && lower < BOTTOM + 0.1, "{upper} {lower}");
                    found.entry(*place).or_default().push(*index);
                    all.insert(*place, lines.layout.len());
                }
            }
        }
        assert_eq!(found.len(), sheets.places);
        for (place, indices) in found {
            assert!(indices.into_iter().eq(0..all[&place]), "place {place}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(6))]
        #[test]
        fn nothing_is_lost_at_the_end_of_a_page(
            words in prop::collection::vec((0..5u8, 0..300usize), 1..8),
        ) {
            let blocks: Vec<Block> = words.into_iter().map(|(kind, count)| {
                let text = "都市 plan ".repeat(count);
                match kind {
                    0 => Block::Heading { level: 2, text: Inline::line(&text.chars().take(90).collect::<String>()) },
                    1 => Block::Prose(Inline::lines(&text)),
                    2 => Block::List(vec![Inline::line(&text); 3]),
                    3 => table(count / 50, "short"),
                    _ => table(2, &text),
                }
            }).collect();
            holds(&sheets(&blocks));
        }
    }
}
