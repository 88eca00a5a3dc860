//! Pages as the bytes of a PDF file, with what those hear who listen to it.

use std::collections::HashMap;
use std::num::NonZeroU16;

use chrono::{Datelike, Timelike};
use krilla::color::rgb;
use krilla::configure::Configuration;
use krilla::destination::XyzDestination;
use krilla::error::KrillaError;
use krilla::geom::{PathBuilder, Point, Rect};
use krilla::metadata::{DateTime, Metadata};
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::{Fill, Stroke};
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, ListNumbering, SpanTag, TableHeaderScope, Tag,
    TagGroup, TagKind, TagTree,
};
use krilla::text::{Font, GlyphId, KrillaGlyph};
use krilla::{Data, Document, SerializeSettings};

use super::set::{Ink, Landmark, Lines, Mark, PAGE, Part, Role, Sheets};
use crate::resource::Meta;

/// The file.
pub fn painted(
    sheets: &Sheets,
    meta: &Meta,
    languages: &[String],
    standard: Configuration,
) -> Result<Vec<u8>, KrillaError> {
    let mut document = Document::new_with(SerializeSettings {
        configuration: standard,
        ..SerializeSettings::default()
    });
    let mut fonts = HashMap::new();
    let mut places: Vec<Vec<Identifier>> = vec![Vec::new(); sheets.places];
    for marks in &sheets.pages {
        let size = PageSettings::from_wh(PAGE.0, PAGE.1).unwrap_or_default();
        let mut page = document.start_page_with(size);
        let mut surface = page.surface();
        for mark in marks {
            match mark {
                Mark::Frame { area, is_head } => frame(&mut surface, *area, *is_head),
                Mark::Line {
                    lines,
                    index,
                    x,
                    y,
                    place,
                } => {
                    let mut words = Words {
                        surface: &mut surface,
                        fonts: &mut fonts,
                        place: place.and_then(|place| places.get_mut(place)),
                        language: None,
                    };
                    words.line(lines, *index, Point::from_xy(*x, *y));
                }
            }
        }
        surface.finish();
        page.finish();
    }
    let language = languages.first().cloned().unwrap_or_default();
    let mut tree = TagTree::new().with_lang(Some(language.clone()));
    for part in &sheets.parts {
        tree.push(group(part, &mut places));
    }
    document.set_tag_tree(tree);
    document.set_outline(outline(&sheets.landmarks));
    let title = sheets.landmarks.first();
    let title = title.map_or_else(String::new, |title| title.text.clone());
    let metadata = Metadata::new()
        .title(title)
        .language(language)
        .creation_date(date(meta));
    document.set_metadata(metadata);
    document.finish()
}

fn date(meta: &Meta) -> DateTime {
    let at = meta.updated_at;
    let small = |number: u32| u8::try_from(number).unwrap_or_default();
    DateTime::new(u16::try_from(at.year()).unwrap_or_default())
        .month(small(at.month()))
        .day(small(at.day()))
        .hour(small(at.hour()))
        .minute(small(at.minute()))
        .second(small(at.second()))
        .utc_offset_hour(0)
        .utc_offset_minute(0)
}

/// The headings below the title, to be led to.
fn outline(landmarks: &[Landmark]) -> Outline {
    let node = |landmark: &Landmark| {
        let place = Point::from_xy(0.0, landmark.y);
        OutlineNode::new(
            landmark.text.clone(),
            XyzDestination::new(landmark.page, place),
        )
    };
    let mut outline = Outline::new();
    let mut section: Option<OutlineNode> = None;
    for landmark in landmarks.iter().filter(|landmark| landmark.level > 1) {
        match &mut section {
            Some(section) if landmark.level > 2 => section.push_child(node(landmark)),
            _ => {
                if let Some(whole) = section.replace(node(landmark)) {
                    outline.push_child(whole);
                }
            }
        }
    }
    if let Some(whole) = section {
        outline.push_child(whole);
    }
    outline
}

fn group(part: &Part, places: &mut [Vec<Identifier>]) -> TagGroup {
    let tag: TagKind = match &part.role {
        Role::Heading(level, text) => {
            let level = NonZeroU16::new(u16::from(*level)).unwrap_or(NonZeroU16::MIN);
            Tag::Hn(level, Some(text.clone())).into()
        }
        Role::Paragraph => Tag::P.into(),
        Role::List => Tag::L(ListNumbering::Disc).into(),
        Role::Entry => Tag::LI.into(),
        Role::Bullet => Tag::Lbl.into(),
        Role::EntryBody => Tag::LBody.into(),
        Role::Table => Tag::Table.into(),
        Role::Row => Tag::TR.into(),
        Role::HeadCell => Tag::TH(TableHeaderScope::Column).into(),
        Role::Cell => Tag::TD.into(),
    };
    let mut group = TagGroup::new(tag);
    let words = part.place.and_then(|place| places.get_mut(place));
    for word in words.into_iter().flat_map(std::mem::take) {
        group.push(word);
    }
    for part in &part.parts {
        group.push(self::group(part, places));
    }
    group
}

fn artifact(kind: ArtifactType) -> ContentTag<'static> {
    ContentTag::Artifact(Artifact::with_kind(kind))
}

fn frame(surface: &mut Surface, [x, y, width, height]: [f32; 4], is_head: bool) {
    let mut path = PathBuilder::new();
    let Some(area) = Rect::from_xywh(x, y, width, height) else {
        return;
    };
    path.push_rect(area);
    let Some(path) = path.finish() else { return };
    surface.start_tagged(artifact(ArtifactType::Layout));
    surface.set_fill(is_head.then(|| fill(rgb::Color::new(234, 236, 238))));
    surface.set_stroke(Some(stroke(rgb::Color::new(150, 155, 160), 0.5)));
    surface.draw_path(&path);
    surface.end_tagged();
}

fn fill(color: rgb::Color) -> Fill {
    Fill {
        paint: color.into(),
        ..Fill::default()
    }
}

fn stroke(color: rgb::Color, width: f32) -> Stroke {
    Stroke {
        paint: color.into(),
        width,
        ..Stroke::default()
    }
}

/// Words of a line as they are painted.
struct Words<'a, 's> {
    surface: &'a mut Surface<'s>,
    fonts: &'a mut HashMap<u64, Option<Font>>,
    /// Where they are noted for those who listen; none of what is not said.
    place: Option<&'a mut Vec<Identifier>>,
    /// The language that has begun.
    language: Option<Option<String>>,
}

impl Words<'_, '_> {
    fn line(&mut self, lines: &Lines, index: usize, at: Point) {
        let Some(line) = lines.layout.get(index) else {
            return;
        };
        // What is empty has a place as well.
        self.begin(lines.language(line.text_range().start));
        let y = at.y + line.metrics().baseline;
        let mut x = at.x + line.metrics().offset;
        for run in line.runs() {
            let font = run.font();
            let (id, number) = (font.data.id(), font.index);
            let font = self.fonts.entry(id).or_insert_with(|| {
                let (data, _) = font.data.clone().into_raw_parts();
                Font::new(Data::from(data), number)
            });
            let Some(font) = font.clone() else { continue };
            let size = run.font_size();
            let mut glyphs: Vec<KrillaGlyph> = Vec::new();
            let (mut ink, mut begin) = (Ink::default(), x);
            let draw = |surface: &mut Surface, ink, begin, glyphs: &[KrillaGlyph]| {
                let at = Point::from_xy(begin, y);
                take_ink(surface, ink, size);
                surface.draw_glyphs(at, glyphs, font.clone(), &lines.text, size, false);
            };
            for cluster in run.visual_clusters() {
                let range = cluster.text_range();
                if cluster.is_hard_line_break() {
                    continue;
                }
                if cluster.is_ligature_continuation() {
                    if let Some(glyph) = glyphs.last_mut() {
                        glyph.text_range.end = glyph.text_range.end.max(range.end);
                    }
                    continue;
                }
                let language = lines.language(range.start);
                let is_other = self
                    .language
                    .as_ref()
                    .is_some_and(|it| it.as_deref() != language);
                if cluster.style().brush != ink || is_other {
                    draw(self.surface, ink, begin, &glyphs);
                    glyphs.clear();
                    (ink, begin) = (cluster.style().brush, x);
                    self.begin(language);
                }
                for glyph in cluster.glyphs() {
                    glyphs.push(KrillaGlyph::new(
                        GlyphId::new(glyph.id),
                        glyph.advance / size,
                        glyph.x / size,
                        // Down there, up here.
                        -glyph.y / size,
                        0.0,
                        range.clone(),
                        None,
                    ));
                    x += glyph.advance;
                }
            }
            draw(self.surface, ink, begin, &glyphs);
        }
        self.end();
    }

    /// What comes now is in this language.
    fn begin(&mut self, language: Option<&str>) {
        if self
            .language
            .as_ref()
            .is_some_and(|it| it.as_deref() == language)
        {
            return;
        }
        self.end();
        self.language = Some(language.map(str::to_owned));
        match &mut self.place {
            Some(place) => {
                let tag = SpanTag::empty().with_lang(language);
                place.push(self.surface.start_tagged(ContentTag::Span(tag)));
            }
            None => drop(
                self.surface
                    .start_tagged(artifact(ArtifactType::PaginationOther)),
            ),
        }
    }

    fn end(&mut self) {
        if self.language.take().is_some() {
            self.surface.end_tagged();
        }
    }
}

/// What is painted from now on has this ink: what stands out has an outline of its own colour, as the fonts are of one weight.
fn take_ink(surface: &mut Surface, ink: Ink, size: f32) {
    let color = match ink {
        Ink::Plain | Ink::Strong => rgb::Color::new(20, 22, 24),
        Ink::Faint => rgb::Color::new(95, 100, 105),
    };
    surface.set_fill(Some(fill(color)));
    surface.set_stroke((ink == Ink::Strong).then(|| stroke(color, size * 0.035)));
}
