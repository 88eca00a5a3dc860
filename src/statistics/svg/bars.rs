//! The programme's counts as a picture (SVG): a part for each kind of thing with its number, and in it a bar for each
//! count, in groups.

use super::super::counts::{Count, ProgrammeCounts};
use super::canvas::{Anchor, Canvas, Style, Tile};
use super::colour::Colour;
use super::{MARGIN, NUMBER, PLAIN, float};
use crate::lines::shortened;

const WIDTH: f64 = 720.0;
/// Room for the label of a bar, and how much of it fits, in columns of text.
const LABEL: (f64, usize) = (256.0, 34);
/// The longest bar.
const BAR: f64 = 350.0;
const ROW: f64 = 22.0;
/// From one part to the next.
const GAP: f64 = 34.0;
/// Of the headings of parts.
const LARGE: f64 = 17.0;
const HEADING: Style = Style {
    weight: 700,
    ..PLAIN
};
const QUIET: Style = Style {
    colour: Colour::QUIET,
    ..PLAIN
};
const COUNT: Style = Style {
    anchor: Anchor::Start,
    ..NUMBER
};
const TOTAL: Style = Style {
    anchor: Anchor::End,
    ..NUMBER
};

/// What is counted or told apart, in English and Japanese.
const WORDS: &[(&str, &str, &str)] = &[
    ("cities", "Cities", "都市"),
    ("pairings", "Pairings", "ペアリング"),
    ("meetings", "Meetings", "会合"),
    ("tours", "Study tours", "視察"),
    (
        "action_plans",
        "Published action plans",
        "公開済みの行動計画",
    ),
    ("side", "By side", "地域別"),
    ("year", "By year", "年別"),
    ("subject", "By subject", "テーマ別"),
    ("status", "By status", "状況別"),
    ("direction", "By direction", "方向別"),
    ("eu", "European Union", "EU"),
    ("jp", "Japan", "日本"),
    ("active", "active", "活動中"),
    ("completed", "completed", "完了"),
    ("withdrawn", "withdrawn", "辞退"),
    ("planned", "planned", "予定"),
    ("confirmed", "confirmed", "確定"),
    ("held", "held", "開催済み"),
    ("postponed", "postponed", "延期"),
    ("cancelled", "cancelled", "中止"),
    ("eu_to_jp", "EU city visits Japan", "EU から日本へ"),
    ("jp_to_eu", "Japanese city visits the EU", "日本から EU へ"),
];

fn word<'a>(language: &str, word: &'a str) -> &'a str {
    let known = WORDS.iter().find(|(name, _, _)| *name == word);
    known.map_or(word, |(_, en, ja)| if language == "ja" { ja } else { en })
}

impl ProgrammeCounts {
    /// The picture, with its words in `language`: English or Japanese.
    pub fn to_svg(&self, language: &str) -> String {
        let mut canvas = Canvas::default();
        let (title, subtitle, colon, comma) = match language {
            "ja" => (
                "数で見るプログラム",
                "都市、ペアリング、会合、視察、公開済みの行動計画の数",
                "：",
                "、",
            ),
            _ => (
                "The programme in numbers",
                "Cities, pairings, meetings, study tours and published Local Action Plans",
                ": ",
                ", ",
            ),
        };
        canvas.headline(title, subtitle);
        // One scale for all, so that bars of different groups can be compared.
        let told_apart = self.items.iter().filter(|count| count.by.is_some());
        let most = told_apart.map(|count| count.count).max().unwrap_or(1);
        let mut y = 96.0;
        let mut told = Vec::new();
        for part in self.items.chunk_by(|one, other| one.of == other.of) {
            let groups = part.chunk_by(|one, other| one.by == other.by);
            for group in groups {
                match group {
                    [all] if all.by.is_none() => {
                        let of = word(language, &all.of);
                        told.push(format!("{of}{colon}{}", all.count));
                        y = draw_heading(&mut canvas, of, all.count, y + GAP);
                    }
                    _ => y = draw_group(&mut canvas, language, group, most.max(1), y),
                }
            }
        }
        let description = told.join(comma);
        canvas.framed(language, (WIDTH, y + MARGIN), title, &description)
    }
}

/// Draws what a part tells of, and how many there are in all, over a line; answers where that ends.
fn draw_heading(canvas: &mut Canvas, of: &str, count: i64, y: f64) -> f64 {
    let (right, line) = (WIDTH - MARGIN, y + 9.0);
    canvas.sized((MARGIN, y), HEADING, Some(LARGE), of);
    canvas.sized((right, y), TOTAL, Some(LARGE), &count.to_string());
    canvas.put(format_args!(
        "<path d=\"M{MARGIN} {line:.1}H{right:.1}\" stroke=\"#D1D5DB\" fill=\"none\"/>\n"
    ));
    line
}

/// Draws the counts of one kind, `most` as the longest bar; answers where they end.
fn draw_group(canvas: &mut Canvas, language: &str, group: &[Count], most: i64, y: f64) -> f64 {
    let by = group.first().and_then(|count| count.by.as_deref());
    let mut y = y + ROW;
    canvas.text((MARGIN, y), QUIET, word(language, by.unwrap_or_default()));
    for count in group {
        y += ROW;
        let value = count.value.as_deref().unwrap_or_default();
        let name = count.name.as_ref().map(|name| name.best(language));
        let label = name.unwrap_or(word(language, value));
        let text = shortened(label, LABEL.1);
        canvas.text((MARGIN + 16.0, y), PLAIN, &text);
        let wide = (BAR * whole(count.count) / whole(most)).max(2.0).round();
        let bar = Tile {
            at: (MARGIN + LABEL.0, y - 13.0),
            size: (wide, 16.0),
            colour: Colour::NEUTRAL,
        };
        canvas.tile(bar, "", Some(&format!("{label}: {}", count.count)));
        let beside = (MARGIN + LABEL.0 + wide + 8.0, y);
        canvas.text(beside, COUNT, &count.count.to_string());
    }
    y + 6.0
}

/// A count as a length.
fn whole(count: i64) -> f64 {
    float(usize::try_from(count).unwrap_or_default())
}
