//! A document in Word (Office Open XML, ECMA-376): A4, with headings that a reader's navigation knows, pages numbered.

use std::io::{self, Cursor};

use chrono::{DateTime, SecondsFormat, Utc};
use docx_rs::{
    AbstractNumbering, AlignmentType, BreakType, Docx, Footer, IndentLevel, Level, LevelJc,
    LevelText, LineSpacing, NumberFormat, Numbering, NumberingId, PageMargin, PageNum, Paragraph,
    Run, RunFonts, Shading, SpecialIndentType, Start, StyleType, Table, TableCell,
    TableCellMargins, TableRow, WidthType,
};

use super::blocks::{Block, Inline, Style, paragraphs};
use crate::resource::Meta;

/// Twentieths of a point: A4, and the width of what is written between margins of 2.5 cm.
const PAGE: (u32, u32) = (11906, 16838);
const MARGIN: i32 = 1418;
const WIDTH: usize = 9070;

/// The bullets of lists, by which number they are known in the document; 1 is the library's own.
const BULLETS: usize = 2;

/// The whole of it, as the bytes of a file.
pub fn written(blocks: &[Block], meta: &Meta) -> io::Result<Vec<u8>> {
    let mut docx = empty()
        .created_at(&date(meta.created_at))
        .updated_at(&date(meta.updated_at));
    for block in blocks {
        docx = with(docx, block);
    }
    let mut file = Cursor::new(Vec::new());
    docx.build().pack(&mut file).map_err(io::Error::other)?;
    Ok(file.into_inner())
}

fn date(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A document with its styles, in which nothing stands.
fn empty() -> Docx {
    let margin = PageMargin::new()
        .top(MARGIN)
        .bottom(MARGIN)
        .left(MARGIN)
        .right(MARGIN);
    let fonts = RunFonts::new()
        .ascii("Calibri")
        .hi_ansi("Calibri")
        .east_asia("Yu Gothic");
    let bullet = Level::new(
        0,
        Start::new(1),
        NumberFormat::new("bullet"),
        LevelText::new("•"),
        LevelJc::new("left"),
    );
    let hanging = SpecialIndentType::Hanging(284);
    let bullet = bullet.indent(Some(284), Some(hanging), None, None);
    let number = Paragraph::new()
        .add_page_num(PageNum::new())
        .align(AlignmentType::Center);
    let docx = Docx::new()
        .page_size(PAGE.0, PAGE.1)
        .page_margin(margin)
        .default_fonts(fonts)
        .default_size(22)
        .footer(Footer::new().add_paragraph(number))
        .add_abstract_numbering(AbstractNumbering::new(BULLETS).add_level(bullet))
        .add_numbering(Numbering::new(BULLETS, BULLETS));
    [(1, 36), (2, 28), (3, 24)]
        .into_iter()
        .fold(docx, |docx, (level, size)| {
            let style = docx_rs::Style::new(heading(level), StyleType::Paragraph)
                .name(format!("heading {level}"))
                .based_on("Normal")
                .next("Normal")
                .outline_lvl(usize::from(level - 1))
                .line_spacing(LineSpacing::new().before(280).after(120))
                .size(size)
                .bold();
            docx.add_style(style)
        })
}

/// The style of a heading.
fn heading(level: u8) -> String {
    format!("Heading{level}")
}

fn with(docx: Docx, block: &Block) -> Docx {
    match block {
        Block::Heading { level, text } => {
            let heading = filled(Paragraph::new().style(&heading(*level)), text, false);
            docx.add_paragraph(heading.keep_next(true))
        }
        Block::Paragraph(text) => docx.add_paragraph(spaced(filled(Paragraph::new(), text, false))),
        Block::Prose(text) => paragraphs(&text.text())
            .into_iter()
            .fold(docx, |docx, lines| {
                let text = Inline::plain(lines.join("\n"));
                docx.add_paragraph(spaced(filled(Paragraph::new(), &text, false)))
            }),
        Block::List(entries) => (1..).zip(entries).fold(docx, |docx, (place, entry)| {
            let entry = filled(bulleted(), entry, false);
            docx.add_paragraph(match place == entries.len() {
                true => spaced(entry),
                false => entry,
            })
        }),
        Block::Table { head, rows } => {
            let width = WIDTH / head.len().max(1);
            let grid = vec![width; head.len()];
            let head = row(head, width, true);
            let rows = rows.iter().map(|cells| row(cells, width, false));
            let table = Table::new([head].into_iter().chain(rows).collect())
                .set_grid(grid)
                .width(WIDTH, WidthType::Dxa)
                .margins(TableCellMargins::new().margin(60, 100, 60, 100));
            // Two tables without something between them would become one.
            docx.add_table(table).add_paragraph(Paragraph::new())
        }
    }
}

fn row(cells: &[Inline], width: usize, is_head: bool) -> TableRow {
    let cells = cells.iter().map(|text| {
        let cell = TableCell::new()
            .width(width, WidthType::Dxa)
            .add_paragraph(filled(Paragraph::new(), text, is_head).keep_next(is_head));
        match is_head {
            true => cell.shading(Shading::new().fill("E7E6E6")),
            false => cell,
        }
    });
    let row = TableRow::new(cells.collect());
    if is_head { row.cant_split() } else { row }
}

fn bulleted() -> Paragraph {
    Paragraph::new().numbering(NumberingId::new(BULLETS), IndentLevel::new(0))
}

fn spaced(paragraph: Paragraph) -> Paragraph {
    paragraph.line_spacing(LineSpacing::new().after(120))
}

/// The paragraph with these words.
fn filled(paragraph: Paragraph, text: &Inline, is_strong: bool) -> Paragraph {
    text.styled().fold(paragraph, |paragraph, (style, text)| {
        let run = match style {
            Style::Strong => Run::new().bold(),
            Style::Plain if is_strong => Run::new().bold(),
            Style::Plain => Run::new(),
            Style::Emphasis => Run::new().italic(),
            Style::Code => Run::new().fonts(RunFonts::new().ascii("Consolas").hi_ansi("Consolas")),
        };
        let mut lines = text.split('\n');
        let first = run.add_text(lines.next().unwrap_or_default());
        let run = lines.fold(first, |run, line| {
            run.add_break(BreakType::TextWrapping).add_text(line)
        });
        paragraph.add_run(run)
    })
}
