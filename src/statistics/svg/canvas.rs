//! What the picture is drawn with: texts and boxes, as SVG.

use std::fmt::{Arguments, Write};

use super::colour::Colour;
use super::{FONT, MARGIN, fonts};
use crate::lines::width;

/// What has been drawn so far.
#[derive(Default)]
pub struct Canvas(pub String);

/// Where a text hangs from.
#[derive(Clone, Copy)]
pub enum Anchor {
    Start,
    Middle,
    End,
}

/// How a text is written.
#[derive(Clone, Copy)]
pub struct Style {
    pub anchor: Anchor,
    pub colour: Colour,
    pub weight: u16,
}

/// A rounded box.
#[derive(Clone, Copy)]
pub struct Tile {
    pub at: (f64, f64),
    pub size: (f64, f64),
    pub colour: Colour,
}

impl Canvas {
    /// Draws anything.
    pub fn put(&mut self, drawing: Arguments<'_>) {
        // Writing to memory does not fail.
        let _ = self.0.write_fmt(drawing);
    }

    /// Writes at the top what the picture is called, and what it shows.
    pub fn headline(&mut self, title: &str, subtitle: &str) {
        self.put(format_args!(
            "<text x=\"{MARGIN}\" y=\"52\" font-size=\"22\" font-weight=\"700\" fill=\"{}\">{}</text>\n\
             <text x=\"{MARGIN}\" y=\"78\" font-size=\"14\" fill=\"{}\">{}</text>\n",
            Colour::INK,
            escaped(title),
            Colour::QUIET,
            escaped(subtitle),
        ));
    }

    /// The drawing in a frame of this size, with what it is called and what it says to somebody who does not see it.
    pub fn framed(
        &self,
        tag: &str,
        (width, height): (f64, f64),
        title: &str,
        description: &str,
    ) -> String {
        let (width, height) = (width.ceil(), height.ceil());
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-labelledby=\"title description\" \
             lang=\"{tag}\" xml:lang=\"{tag}\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" \
             font-family=\"{fonts}\" font-size=\"{FONT}\">\n\
             <title id=\"title\">{title}</title>\n<desc id=\"description\">{description}</desc>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#FFFFFF\"/>\n{drawing}</svg>\n",
            fonts = fonts(tag),
            title = escaped(title),
            description = escaped(description),
            drawing = self.0,
        )
    }

    /// Writes a text with its baseline at `y`, in letters of the picture's size.
    pub fn text(&mut self, at: (f64, f64), style: Style, text: &str) {
        self.sized(at, style, None, text);
    }

    /// As [`Canvas::text`], in letters of another size.
    pub fn sized(&mut self, (x, y): (f64, f64), style: Style, size: Option<f64>, text: &str) {
        let anchor = match style.anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let size = size
            .map(|size| format!(" font-size=\"{size:.1}\""))
            .unwrap_or_default();
        let weight = match style.weight {
            400 => String::new(),
            weight => format!(" font-weight=\"{weight}\""),
        };
        self.put(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\"{anchor}{size}{weight} fill=\"{}\">{}</text>\n",
            style.colour,
            escaped(text),
        ));
    }

    /// Draws a tile with a text in its middle, as large as fits, and with what a pointer is told that rests on it.
    pub fn tile(&mut self, tile: Tile, text: &str, hint: Option<&str>) {
        let (x, y) = tile.at;
        let (wide, high) = tile.size;
        let hint = hint.map(|hint| format!("<title>{}</title>", escaped(hint)));
        self.put(format_args!(
            "<g>{}<rect x=\"{x}\" y=\"{y:.1}\" width=\"{wide}\" height=\"{high}\" rx=\"5\" fill=\"{}\"/>",
            hint.unwrap_or_default(),
            tile.colour,
        ));
        if !text.is_empty() {
            let size = ((wide - 8.0) / measure(text, 1.0)).min(14.0);
            let middle = (x + wide / 2.0, y + high / 2.0 + size * 0.36);
            let style = Style {
                anchor: Anchor::Middle,
                colour: tile.colour.text(),
                weight: 600,
            };
            self.sized(middle, style, Some(size), text);
        }
        self.put(format_args!("</g>\n"));
    }
}

/// How wide a text is at most, in most fonts.
pub fn measure(text: &str, font: f64) -> f64 {
    let each = text
        .chars()
        .map(|c| match width(c.encode_utf8(&mut [0; 4])) {
            0 => 0.0,
            1 => 0.6,
            _ => 1.0,
        });
    each.sum::<f64>() * font
}

/// A text as XML: what would be markup is escaped, what XML cannot hold is left out (XML 1.0, section 2.2).
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\u{FFFE}' | '\u{FFFF}' => {}
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
