//! Where everything of a document stands: on which page, and how far from its left and upper edge, in points (1/72 inch).

use std::borrow::Cow;
use std::mem::take;
use std::sync::{Arc, LazyLock};

use parley::fontique::{Blob, Collection, CollectionOptions, SourceCache};
use parley::{
    FontContext, FontFamily, FontFamilyName, Layout, LayoutContext, LineHeight, OverflowWrap,
    StyleProperty,
};

use super::super::blocks::{Block, Inline, Style};

/// A4.
pub const PAGE: (f32, f32) = (595.28, 841.89);
const LEFT: f32 = 62.0;
pub const TOP: f32 = 62.0;
pub const BOTTOM: f32 = PAGE.1 - 76.0;
const WIDTH: f32 = PAGE.0 - 2.0 * LEFT;

/// The size of most words.
const BODY: f32 = 10.0;

/// The highest row of a table that is not torn apart at the end of a page.
const WHOLE_ROW: f32 = 64.0;

/// What a heading wants below it on its page: the head of a table and a row.
const BELOW_HEADING: f32 = WHOLE_ROW + 44.0;

/// How far the entries of a list stand in.
const INDENT: f32 = 13.0;

static FONTS: LazyLock<FontContext> = LazyLock::new(|| {
    let mut collection = Collection::new(CollectionOptions {
        shared: false,
        system_fonts: false,
    });
    let files: [&'static [u8]; 2] = [
        include_bytes!("../fonts/NotoSans-Regular.ttf"),
        include_bytes!("../fonts/BIZUDPGothic-Regular.ttf"),
    ];
    for file in files {
        collection.register_fonts(Blob::new(Arc::new(file)), None);
    }
    FontContext {
        collection,
        source_cache: SourceCache::default(),
    }
});

/// How words are painted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ink {
    /// As most.
    #[default]
    Plain,
    /// Thicker.
    Strong,
    /// Paler.
    Faint,
}

/// Words in lines of a width.
pub struct Lines {
    /// What is said.
    pub text: String,
    /// Where each sign stands.
    pub layout: Layout<Ink>,
    /// The languages of the text, each with the byte where it ends.
    languages: Vec<(usize, Option<String>)>,
}

impl Lines {
    /// The language of what stands at this byte.
    pub fn language(&self, at: usize) -> Option<&str> {
        let mut languages = self.languages.iter();
        languages.find(|(end, _)| at < *end)?.1.as_deref()
    }

    fn upper(&self, index: usize) -> f32 {
        let line = self.layout.get(index);
        line.map_or(0.0, |line| line.metrics().block_min_coord)
    }

    /// How much these lines take.
    fn height(&self, from: usize, to: usize) -> f32 {
        let last = to.checked_sub(1).filter(|last| *last >= from);
        let last = last.and_then(|last| self.layout.get(last));
        last.map_or(0.0, |line| {
            line.metrics().block_max_coord - self.upper(from)
        })
    }

    /// The end of the lines that fit, from this one on.
    fn fitting(&self, from: usize, room: f32) -> usize {
        let ends = from + 1..=self.layout.len();
        ends.take_while(|end| self.height(from, *end) <= room)
            .last()
            .unwrap_or(from)
    }
}

/// What is painted on a page.
pub enum Mark {
    /// A line of words; without a place it belongs to the page and not to what is said.
    Line {
        lines: Arc<Lines>,
        index: usize,
        x: f32,
        /// Where the lines begin, though their first ones stand on another page.
        y: f32,
        place: Option<usize>,
    },
    /// The frame of a cell.
    Frame { area: [f32; 4], is_head: bool },
}

/// What a part of a document is for those who listen to it.
#[derive(Clone, Debug)]
pub enum Role {
    Heading(u8, String),
    Paragraph,
    List,
    Entry,
    Bullet,
    EntryBody,
    Table,
    Row,
    HeadCell,
    Cell,
}

/// A part of a document, in the order in which it is read.
pub struct Part {
    /// What it is.
    pub role: Role,
    /// Which lines are its words.
    pub place: Option<usize>,
    /// What it is made of.
    pub parts: Vec<Part>,
}

impl Part {
    fn of(role: Role, parts: Vec<Self>) -> Self {
        let place = None;
        Self { role, place, parts }
    }

    fn at(role: Role, place: usize) -> Self {
        Self {
            role,
            place: Some(place),
            parts: Vec::new(),
        }
    }
}

/// A heading, to be led to.
pub struct Landmark {
    pub level: u8,
    pub text: String,
    pub page: usize,
    pub y: f32,
}

/// A document on its pages.
#[derive(Default)]
pub struct Sheets {
    pub pages: Vec<Vec<Mark>>,
    pub parts: Vec<Part>,
    /// How many places there are.
    pub places: usize,
    pub landmarks: Vec<Landmark>,
}

/// Words that stand beside others.
#[derive(Clone)]
struct Cell {
    x: f32,
    width: f32,
    lines: Arc<Lines>,
    place: Option<usize>,
}

/// What is around words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Frame {
    None,
    Body,
    Head,
}

impl Frame {
    fn padding(self) -> f32 {
        match self {
            Self::None => 0.0,
            Self::Body | Self::Head => 4.0,
        }
    }
}

/// Sets one block after the other.
pub struct Setter {
    fonts: FontContext,
    layouts: LayoutContext<Ink>,
    sheets: Sheets,
    /// Where the next one begins.
    y: f32,
    /// Where it would on a page of its own: below the head of a table that stands again.
    top: f32,
    /// The head of the table that is being set, which stands again on each page.
    head: Vec<Cell>,
}

impl Default for Setter {
    fn default() -> Self {
        let mut sheets = Sheets::default();
        sheets.pages.push(Vec::new());
        Self {
            fonts: FONTS.clone(),
            layouts: LayoutContext::new(),
            sheets,
            y: TOP,
            top: TOP,
            head: Vec::new(),
        }
    }
}

impl Setter {
    /// Sets this below what is set already.
    pub fn set(&mut self, block: &Block) {
        let part = match block {
            Block::Heading { level, text } => self.heading(*level, text),
            Block::Paragraph(text) | Block::Prose(text) => self.paragraph(text),
            Block::List(entries) => self.list(entries),
            Block::Table { head, rows } => self.table(head, rows),
        };
        self.sheets.parts.push(part);
    }

    /// All of it, with the numbers of the pages.
    pub fn finish(mut self) -> Sheets {
        let all = self.sheets.pages.len();
        for page in 1..=all {
            let number = Inline::plain(format!("{page} / {all}"));
            let lines = self.lines(&number, 8.0, WIDTH, Some(Ink::Faint));
            let x = (PAGE.0 - lines.layout.width()) / 2.0;
            if let Some(marks) = self.sheets.pages.get_mut(page - 1) {
                marks.push(Mark::Line {
                    lines,
                    index: 0,
                    x,
                    y: PAGE.1 - 48.0,
                    place: None,
                });
            }
        }
        self.sheets
    }

    fn heading(&mut self, level: u8, text: &Inline) -> Part {
        let (size, above) = match level {
            1 => (19.0, 0.0),
            2 => (13.5, 16.0),
            _ => (11.0, 10.0),
        };
        let lines = self.lines(text, size, WIDTH, Some(Ink::Strong));
        self.y += if self.y > TOP { above } else { 0.0 };
        let height = lines.height(0, lines.layout.len());
        self.need(height + BELOW_HEADING);
        let text = text.text();
        self.sheets.landmarks.push(Landmark {
            level,
            text: text.clone(),
            page: self.sheets.pages.len() - 1,
            y: self.y,
        });
        let place = self.flow(LEFT, lines);
        self.y += 4.0;
        Part::at(Role::Heading(level, text), place)
    }

    fn paragraph(&mut self, text: &Inline) -> Part {
        let lines = self.lines(text, BODY, WIDTH, None);
        let place = self.flow(LEFT, lines);
        self.y += 6.0;
        Part::at(Role::Paragraph, place)
    }

    fn list(&mut self, entries: &[Inline]) -> Part {
        let mut parts = Vec::new();
        let bullet = self.lines(&Inline::plain("•"), BODY, INDENT, None);
        for entry in entries {
            let lines = self.lines(entry, BODY, WIDTH - INDENT, None);
            let (dot, words) = (self.place(), self.place());
            let cells = [(LEFT, bullet.clone(), dot), (LEFT + INDENT, lines, words)];
            let cells = cells.map(|(x, lines, place)| Cell {
                x,
                width: WIDTH,
                lines,
                place: Some(place),
            });
            self.row(&cells, Frame::None);
            let told = vec![
                Part::at(Role::Bullet, dot),
                Part::at(Role::EntryBody, words),
            ];
            parts.push(Part::of(Role::Entry, told));
        }
        self.y += 6.0;
        Part::of(Role::List, parts)
    }

    fn table(&mut self, head: &[Inline], rows: &[Vec<Inline>]) -> Part {
        self.need(BELOW_HEADING - 4.0);
        self.y += 2.0;
        let mut parts = Vec::new();
        let (cells, part) = self.cells(head, Role::HeadCell);
        self.row(&cells, Frame::Head);
        parts.push(part);
        let again = cells.into_iter().map(|cell| Cell {
            place: None,
            ..cell
        });
        self.head = again.collect();
        for row in rows {
            let (cells, part) = self.cells(row, Role::Cell);
            let heights = cells.iter();
            let heights = heights.map(|cell| cell.lines.height(0, cell.lines.layout.len()));
            let height = heights.fold(0.0, f32::max) + 2.0 * Frame::Body.padding();
            if height < WHOLE_ROW {
                self.need(height);
            }
            self.row(&cells, Frame::Body);
            parts.push(part);
        }
        self.head.clear();
        self.top = TOP;
        self.y += 8.0;
        Part::of(Role::Table, parts)
    }

    fn cells(&mut self, texts: &[Inline], role: Role) -> (Vec<Cell>, Part) {
        let width = texts.iter().fold(0.0, |all, _| all + 1.0);
        let width = WIDTH / f32::max(width, 1.0);
        let ink = matches!(role, Role::HeadCell).then_some(Ink::Strong);
        let (mut cells, mut parts) = (Vec::new(), Vec::new());
        let mut x = LEFT;
        for text in texts {
            let inner = width - 2.0 * Frame::Body.padding();
            let lines = self.lines(text, BODY - 0.5, inner, ink);
            let place = self.place();
            cells.push(Cell {
                x,
                width,
                lines,
                place: Some(place),
            });
            parts.push(Part::at(role.clone(), place));
            x += width;
        }
        (cells, Part::of(Role::Row, parts))
    }

    /// Words in lines, in these inks or, where none is given, in those of their styles.
    fn lines(&mut self, text: &Inline, size: f32, width: f32, ink: Option<Ink>) -> Arc<Lines> {
        let whole = text.text();
        let fonts = &mut self.fonts;
        let mut builder = self.layouts.ranged_builder(fonts, &whole, 1.0, false);
        let families = ["Noto Sans", "BIZ UDPGothic"];
        let families = families.map(|name| FontFamilyName::Named(Cow::Borrowed(name)));
        let families = FontFamily::List(Cow::Owned(families.to_vec()));
        builder.push_default(StyleProperty::FontFamily(families));
        builder.push_default(StyleProperty::FontSize(size));
        builder.push_default(LineHeight::FontSizeRelative(1.5));
        builder.push_default(StyleProperty::OverflowWrap(OverflowWrap::Anywhere));
        builder.push_default(StyleProperty::Brush(ink.unwrap_or_default()));
        let mut from = 0;
        let mut languages = Vec::new();
        for span in text.spans() {
            let to = from + span.text.len();
            let own = match span.style {
                Style::Strong => Ink::Strong,
                Style::Emphasis => Ink::Faint,
                Style::Plain | Style::Code => Ink::Plain,
            };
            builder.push(StyleProperty::Brush(ink.unwrap_or(own)), from..to);
            languages.push((to, span.language.clone()));
            from = to;
        }
        let mut layout = builder.build(&whole);
        layout.break_all_lines(Some(width));
        Arc::new(Lines {
            text: whole,
            layout,
            languages,
        })
    }

    fn place(&mut self) -> usize {
        let place = self.sheets.places;
        self.sheets.places += 1;
        place
    }

    /// Goes to the next page unless there is so much room on this one.
    fn need(&mut self, height: f32) {
        if self.y > TOP && self.y + height > BOTTOM {
            self.turn();
        }
    }

    fn turn(&mut self) {
        self.sheets.pages.push(Vec::new());
        (self.y, self.top) = (TOP, TOP);
        let head = take(&mut self.head);
        if !head.is_empty() {
            self.row(&head, Frame::Head);
            self.head = head;
            self.top = self.y;
        }
    }

    /// Lines one below the other, and what place they have.
    fn flow(&mut self, x: f32, lines: Arc<Lines>) -> usize {
        let place = self.place();
        let cell = Cell {
            x,
            width: WIDTH,
            lines,
            place: Some(place),
        };
        self.row(&[cell], Frame::None);
        place
    }

    /// Lines side by side, over as many pages as they take.
    fn row(&mut self, cells: &[Cell], frame: Frame) {
        let padding = frame.padding();
        let mut begins = vec![0; cells.len()];
        loop {
            let room = BOTTOM - self.y - 2.0 * padding;
            let each = || cells.iter().zip(&begins);
            let mut ends: Vec<usize> = each()
                .map(|(cell, from)| cell.lines.fitting(*from, room))
                .collect();
            let is_rest = each().any(|(cell, from)| *from < cell.lines.layout.len());
            if is_rest && ends == begins {
                if self.y > self.top {
                    self.turn();
                    continue;
                }
                // A line that is higher than a page stands on one all the same.
                ends = each()
                    .map(|(cell, from)| (from + 1).min(cell.lines.layout.len()))
                    .collect();
            }
            let heights = each().zip(&ends);
            let heights = heights.map(|((cell, from), to)| cell.lines.height(*from, *to));
            let height = heights.fold(0.0, f32::max) + 2.0 * padding;
            self.mark(cells, &begins, &ends, frame, height);
            self.y += height;
            let is_done = cells
                .iter()
                .zip(&ends)
                .all(|(cell, to)| *to >= cell.lines.layout.len());
            if is_done {
                break;
            }
            begins = ends;
            self.turn();
        }
    }

    fn mark(
        &mut self,
        cells: &[Cell],
        begins: &[usize],
        ends: &[usize],
        frame: Frame,
        height: f32,
    ) {
        let (upper, padding) = (self.y, frame.padding());
        let Some(page) = self.sheets.pages.last_mut() else {
            return;
        };
        for ((cell, from), to) in cells.iter().zip(begins).zip(ends) {
            if frame != Frame::None {
                page.push(Mark::Frame {
                    area: [cell.x, upper, cell.width, height],
                    is_head: frame == Frame::Head,
                });
            }
            let y = upper + padding - cell.lines.upper(*from);
            page.extend((*from..*to).map(|index| Mark::Line {
                lines: cell.lines.clone(),
                index,
                x: cell.x + padding,
                y,
                place: cell.place,
            }));
        }
    }
}
