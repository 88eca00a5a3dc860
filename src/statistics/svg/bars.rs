//! The programme's counts as a picture (SVG): a bar for each, in groups.

use super::super::counts::{Count, ProgrammeCounts};
use super::canvas::{Anchor, Canvas, Style, Tile, escaped};
use super::colour::Colour;
use super::{LEADING, MARGIN, NUMBER, PLAIN, float, fonts};
use crate::lines::shortened;

const WIDTH: f64 = 720.0;
/// Room for the label of a bar.
const LABEL: f64 = 220.0;
/// The longest bar.
const BAR: f64 = 380.0;
const ROW: f64 = 22.0;
const HEADING: Style = Style {
    anchor: Anchor::Start,
    colour: Colour::INK,
    weight: 700,
};
const COUNT: Style = Style {
    anchor: Anchor::Start,
    ..NUMBER
};

/// What is counted or told apart, in English and Japanese.
const WORDS: &[(&str, &str, &str)] = &[
    ("cities", "Cities", "都市"),
    ("pairings", "Pairings", "ペアリング"),
    ("meetings", "Meetings", "会合"),
    ("tours", "Study tours", "視察"),
    ("action_plans", "Published action plans", "公開済み行動計画"),
    ("side", "by side", "地域別"),
    ("year", "by year", "年別"),
    ("subject", "by subject", "テーマ別"),
    ("status", "by status", "状況別"),
    ("direction", "by direction", "方向別"),
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
    ("eu_to_jp", "EU city visits Japan", "EUから日本へ"),
    ("jp_to_eu", "Japanese city visits the EU", "日本からEUへ"),
];

fn word<'a>(language: &str, word: &'a str) -> &'a str {
    let known = WORDS.iter().find(|(name, _, _)| *name == word);
    known.map_or(word, |(_, en, ja)| if language == "ja" { ja } else { en })
}

impl ProgrammeCounts {
    /// The picture, with its words in `language`: English or Japanese.
    pub fn to_svg(&self, language: &str) -> String {
        let mut canvas = Canvas::default();
        let title = if language == "ja" {
            "プログラムの数字"
        } else {
            "The programme in numbers"
        };
        // One scale for all, so that bars of different groups can be compared.
        let told_apart = self.items.iter().filter(|count| count.by.is_some());
        let most = told_apart
            .map(|count| count.count)
            .max()
            .unwrap_or(1)
            .max(1);
        let mut y = MARGIN + LEADING;
        canvas.text((MARGIN, y), HEADING, title);
        for group in self
            .items
            .chunk_by(|one, other| one.of == other.of && one.by == other.by)
        {
            y += ROW * 1.6;
            y = draw_group(&mut canvas, language, group, most, y);
        }
        let height = y + MARGIN;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height:.0}\" viewBox=\"0 0 {WIDTH} {height:.0}\" \
             role=\"img\" lang=\"{language}\" font-family=\"{}\" font-size=\"13\">\n<title>{}</title>\n\
             <rect width=\"100%\" height=\"100%\" fill=\"#FFFFFF\"/>\n{}</svg>\n",
            escaped(fonts(language)),
            escaped(title),
            canvas.0,
        )
    }
}

/// Draws the counts of one kind, `most` as the longest bar; answers where they end.
fn draw_group(canvas: &mut Canvas, language: &str, group: &[Count], most: i64, mut y: f64) -> f64 {
    let Some(first) = group.first() else {
        return y;
    };
    let of = word(language, &first.of);
    let Some(by) = &first.by else {
        canvas.text((MARGIN, y), HEADING, &format!("{of}: {}", first.count));
        return y;
    };
    canvas.text((MARGIN, y), PLAIN, &format!("{of}, {}", word(language, by)));
    for count in group {
        y += ROW;
        let value = count.value.as_deref().unwrap_or_default();
        let name = count.name.as_ref().map(|name| name.best(language));
        let label = shortened(name.unwrap_or(word(language, value)), 30);
        canvas.text((MARGIN + 16.0, y), PLAIN, &label);
        let wide = (BAR * whole(count.count) / whole(most)).max(2.0).round();
        let bar = Tile {
            at: (MARGIN + LABEL, y - 13.0),
            size: (wide, 16.0),
            colour: Colour::NEUTRAL,
        };
        canvas.tile(bar, "", Some(&format!("{label}: {}", count.count)));
        canvas.text(
            (MARGIN + LABEL + wide + 8.0, y),
            COUNT,
            &count.count.to_string(),
        );
    }
    y
}

/// A count as a length.
fn whole(count: i64) -> f64 {
    float(usize::try_from(count).unwrap_or_default())
}
