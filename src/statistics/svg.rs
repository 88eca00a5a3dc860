//! The matrix as a picture (SVG): a row for each goal in its official colour, a column for each city or pairing, the
//! count in each cell on a tint of the colour.
//!
//! It stands for itself: no script, no style sheet (a strict Content-Security-Policy would drop it), no font to fetch.
//! Each text is measured generously, so that it fits whichever font the reader has.

mod bars;
mod canvas;
mod colour;
mod tints;
mod words;

use self::canvas::{Anchor, Canvas, Style, Tile, measure};
use self::colour::Colour;
use self::tints::{TINTS, counts_of, strength, tint_of};
use self::words::Words;
use super::matrix::{MatrixGoal, SdgMatrix};
use crate::lines::{balanced, shortened, width};

const MARGIN: f64 = 32.0;
/// Side of the square with a goal's number.
const BADGE: f64 = 38.0;
/// Room for a goal's title.
const TITLE_ROOM: f64 = 196.0;
/// A column's name, in columns of text: as long as the longest of a pairing of two cities.
const NAME_COLUMNS: usize = 46;
const CELL: (f64, f64) = (44.0, 38.0);
/// From one cell to the next.
const STEP: (f64, f64) = (47.0, 41.0);
const FONT: f64 = 13.0;
/// From one line of text to the next.
const LEADING: f64 = 15.0;
/// As wide as the shortest headline wants.
const LEAST_WIDTH: f64 = 720.0;
/// A label.
const PLAIN: Style = Style {
    anchor: Anchor::Start,
    colour: Colour::INK,
    weight: 400,
};
/// A number in bold letters, below and above others.
const NUMBER: Style = Style {
    anchor: Anchor::Middle,
    colour: Colour::INK,
    weight: 700,
};

impl SdgMatrix {
    /// The picture, with its words and titles in `language` (BCP 47): English or Japanese.
    pub fn to_svg(&self, language: &str) -> String {
        Picture::new(self, Words::of(language)).draw()
    }
}

struct Picture<'a> {
    matrix: &'a SdgMatrix,
    words: &'static Words,
    /// The columns' names, broken into at most two lines.
    names: Vec<Vec<String>>,
    /// Where the cells begin.
    origin: (f64, f64),
    width: f64,
    most: i64,
    canvas: Canvas,
}

impl<'a> Picture<'a> {
    fn new(matrix: &'a SdgMatrix, words: &'static Words) -> Self {
        let names = matrix.columns.iter();
        let names = names.map(|column| heading(column.name.best(words.tag)));
        let names: Vec<Vec<String>> = names.collect();
        let long = |lines: &Vec<String>| {
            let lines = lines.iter().map(|line| measure(line, FONT));
            lines.fold(0.0, f64::max)
        };
        let longest = names.iter().map(long).fold(0.0, f64::max);
        let deepest = names.iter().map(Vec::len).max().unwrap_or(1);
        // The names stand at 45 degrees.
        let slope = std::f64::consts::FRAC_1_SQRT_2;
        let head = (longest + float(deepest) * LEADING) * slope + 16.0;
        let origin = (MARGIN + BADGE + 24.0 + TITLE_ROOM, 96.0 + head.max(24.0));
        let cells = origin.0 + float(matrix.columns.len()) * STEP.0;
        let ends = names.iter().zip(0..).map(|(lines, index)| {
            origin.0 + float(index) * STEP.0 + CELL.0 / 2.0 + long(lines) * slope
        });
        let overhang = ends.fold(0.0, f64::max);
        let right = (cells + 12.0 + CELL.0).max(overhang);
        Self {
            matrix,
            words,
            names,
            origin,
            width: (right + MARGIN).max(LEAST_WIDTH).ceil(),
            most: matrix
                .goals
                .iter()
                .flat_map(|goal| &goal.counts)
                .copied()
                .max()
                .unwrap_or(0),
            canvas: Canvas::default(),
        }
    }

    fn draw(mut self) -> String {
        let rows = self.origin.1 + float(self.matrix.goals.len()) * STEP.1;
        let title = self.words.headline(self.matrix.by);
        self.canvas.headline(title, self.words.subtitle);
        self.column_names();
        for (goal, row) in self.matrix.goals.iter().zip(0_usize..) {
            self.goal(goal, self.origin.1 + float(row) * STEP.1);
        }
        self.totals(rows + 8.0);
        let end = self.foot(rows + 8.0 + STEP.1 + 16.0);
        self.framed(end + MARGIN)
    }

    /// The drawing in its frame, with what it is called and what it says.
    fn framed(self, height: f64) -> String {
        let (words, width) = (self.words, self.width);
        let most = self
            .matrix
            .goals
            .iter()
            .filter(|goal| goal.plans > 0)
            .rev()
            .max_by_key(|goal| goal.plans);
        let most = most.map(|goal| (goal.title.best(words.tag), goal.plans));
        let description = words.description(self.matrix, most);
        let title = words.headline(self.matrix.by);
        self.canvas
            .framed(words.tag, (width, height), title, &description)
    }

    fn column_names(&mut self) {
        let bottom = self.origin.1 - 8.0;
        for (lines, index) in self.names.iter().zip(0..) {
            let x = self.column(index) + CELL.0 / 2.0 + 4.0;
            let canvas = &mut self.canvas;
            canvas.put(format_args!(
                "<g transform=\"translate({x} {bottom:.1}) rotate(-45)\">"
            ));
            // Around the middle of the column, so that two lines are nearer to each other than to other names; the lower one
            // begins further on, to stand on the same level.
            for (line, number) in lines.iter().zip(0..) {
                let y = (float(number) - (float(lines.len()) - 1.0) / 2.0) * LEADING;
                canvas.text((y.max(0.0), y), PLAIN, line);
            }
            canvas.put(format_args!("</g>\n"));
        }
        let place = (self.all_column() + CELL.0 / 2.0, bottom);
        self.canvas.text(place, NUMBER, self.words.all);
    }

    /// Where a column begins.
    fn column(&self, index: usize) -> f64 {
        self.origin.0 + float(index) * STEP.0
    }

    /// Where the last column begins, in which each plan is counted once.
    fn all_column(&self) -> f64 {
        self.column(self.matrix.columns.len()) + 12.0
    }

    fn goal(&mut self, goal: &MatrixGoal, top: f64) {
        let colour = Colour::read(&goal.colour);
        let title = goal.title.best(self.words.tag);
        let badge = Tile {
            at: (MARGIN, top),
            size: (BADGE, CELL.1),
            colour,
        };
        self.canvas.tile(badge, &goal.number.to_string(), None);
        let columns = self.words.columns(TITLE_ROOM / FONT);
        let lines = balanced(&shortened(title, 2 * columns - 4), columns);
        let first = middle(top) - LEADING / 2.0 * (float(lines.len()) - 1.0);
        for (line, number) in lines.iter().zip(0..) {
            let place = (MARGIN + BADGE + 10.0, first + float(number) * LEADING);
            self.canvas.text(place, PLAIN, line);
        }
        let columns = self.matrix.columns.iter();
        for ((count, column), index) in goal.counts.iter().zip(columns).zip(0..) {
            let at = (self.column(index), top);
            if *count > 0 {
                let city = column.name.best(self.words.tag);
                let hint = format!("{city} – {} {title}: {count}", goal.number);
                let colour = colour.tint(strength(tint_of(*count, self.most)));
                self.count(at, colour, &count.to_string(), Some(&hint));
            } else {
                self.count(at, Colour::BLANK, "", None);
            }
        }
        let place = (self.all_column() + CELL.0 / 2.0, middle(top));
        self.canvas.text(place, NUMBER, &goal.plans.to_string());
    }

    fn count(&mut self, at: (f64, f64), colour: Colour, text: &str, hint: Option<&str>) {
        let size = CELL;
        self.canvas.tile(Tile { at, size, colour }, text, hint);
    }

    /// How many plans there are: of each column, and in all.
    fn totals(&mut self, top: f64) {
        let right = self.all_column() + CELL.0;
        self.canvas.put(format_args!(
            "<path d=\"M{MARGIN} {:.1}H{right:.1}\" stroke=\"#D1D5DB\" fill=\"none\"/>\n",
            top - 5.0
        ));
        let baseline = middle(top);
        let style = Style {
            weight: 700,
            ..PLAIN
        };
        let place = (MARGIN + BADGE + 10.0, baseline);
        self.canvas.text(place, style, self.words.plans);
        let style = Style {
            colour: Colour::QUIET,
            ..NUMBER
        };
        for (column, index) in self.matrix.columns.iter().zip(0..) {
            let place = (self.column(index) + CELL.0 / 2.0, baseline);
            self.canvas.text(place, style, &column.plans.to_string());
        }
        let place = (self.all_column() + CELL.0 / 2.0, baseline);
        self.canvas
            .text(place, NUMBER, &self.matrix.plans.to_string());
    }

    /// The legend and the note; answers where they end.
    fn foot(&mut self, top: f64) -> f64 {
        let quiet = Style {
            colour: Colour::QUIET,
            ..PLAIN
        };
        let legend = Style {
            anchor: Anchor::End,
            ..quiet
        };
        let place = (self.column(0) - 12.0, middle(top));
        self.canvas.text(place, legend, self.words.legend);
        self.count((self.column(0), top), Colour::BLANK, "0", None);
        for (tint, index) in (1..=TINTS.min(self.most)).zip(1..) {
            let label = match counts_of(tint, self.most) {
                (first, last) if first == last => first.to_string(),
                (first, last) => format!("{first}–{last}"),
            };
            let colour = Colour::NEUTRAL.tint(strength(tint));
            self.count((self.column(index), top), colour, &label, None);
        }
        let mut y = top + CELL.1 + 28.0;
        let columns = self.words.columns((self.width - 2.0 * MARGIN) / FONT);
        for line in balanced(self.words.note, columns) {
            self.canvas.text((MARGIN, y), quiet, &line);
            y += LEADING + 3.0;
        }
        y - LEADING - 3.0
    }
}

/// The name of a column, in at most two lines: a pairing is broken between its sides.
fn heading(name: &str) -> Vec<String> {
    let name = shortened(name, 2 * NAME_COLUMNS - 4);
    if width(&name) <= NAME_COLUMNS {
        return vec![name];
    }
    if let Some((eu, jp)) = name.split_once(" – ")
        && width(eu) + 2 <= NAME_COLUMNS
        && width(jp) <= NAME_COLUMNS
    {
        return vec![format!("{eu} –"), jp.to_owned()];
    }
    let mut lines = balanced(&name, NAME_COLUMNS);
    if lines.len() > 2 {
        lines.truncate(2);
        lines.iter_mut().skip(1).for_each(|line| line.push('…'));
    }
    lines
}

/// The baseline of a text in the middle of a row.
fn middle(top: f64) -> f64 {
    top + CELL.1 / 2.0 + 4.5
}

fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// The fonts of a picture in this language, the first that the reader has.
fn fonts(language: &str) -> &'static str {
    if language == "ja" {
        "'Hiragino Sans','Noto Sans JP','Noto Sans CJK JP','Yu Gothic',Meiryo,'IPAexGothic','VL PGothic',system-ui,sans-serif"
    } else {
        "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue','Liberation Sans',Arial,'Hiragino Sans','Noto Sans JP','Noto Sans CJK JP','Yu Gothic',Meiryo,sans-serif"
    }
}

#[cfg(test)]
mod tests;
