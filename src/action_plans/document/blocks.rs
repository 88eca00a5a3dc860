//! What a document is made of, before it is written in one form or another: blocks, one below the other, of words that are
//! shown as somebody wrote them.

/// What stands for itself in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A title: of the document (1), of a section (2) or of a part of one (3).
    Heading { level: u8, text: Inline },
    /// Words in one paragraph.
    Paragraph(Inline),
    /// A text of a plan: an empty line parts paragraphs, and lines are kept.
    Prose(Inline),
    /// Entries that are not numbered.
    List(Vec<Inline>),
    /// Rows below the names of their columns.
    Table {
        head: Vec<Inline>,
        rows: Vec<Vec<Inline>>,
    },
}

/// Words that stand side by side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inline(Vec<Span>);

/// Words in one style and language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// As they are shown; in prose and in the cells of a table with line breaks (`\n`).
    pub text: String,
    /// How they look.
    pub style: Style,
    /// What they are to be read out in (BCP 47), where they are of a language.
    pub language: Option<String>,
}

/// How words look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// As most.
    Plain,
    /// What something is called.
    Strong,
    /// What the service says by itself.
    Emphasis,
    /// What programs read, such as ids.
    Code,
}

impl Inline {
    fn of(text: String, style: Style) -> Self {
        let text: String = text.chars().filter_map(shown).collect();
        let language = None;
        let span = Some(Span {
            text,
            style,
            language,
        });
        Self(
            span.into_iter()
                .filter(|span| !span.text.is_empty())
                .collect(),
        )
    }

    /// Words of the service.
    pub fn plain(text: impl Into<String>) -> Self {
        Self::of(text.into(), Style::Plain)
    }

    /// Words that stand out.
    pub fn strong(text: impl Into<String>) -> Self {
        Self::of(text.into(), Style::Strong)
    }

    /// An id.
    pub fn code(text: impl Into<String>) -> Self {
        Self::of(text.into(), Style::Code)
    }

    /// Somebody's words in one line.
    pub fn line(text: &str) -> Self {
        Self::plain(text.split_ascii_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// Somebody's words with the line breaks that they have.
    pub fn lines(text: &str) -> Self {
        Self::plain(lines(text.trim_ascii()).collect::<Vec<_>>().join("\n"))
    }

    /// These, where there are any, with something between them.
    pub fn parted(all: impl IntoIterator<Item = Self>, between: &str) -> Self {
        let all = all.into_iter().filter(|part| !part.is_empty());
        all.reduce(|left, right| left.then(Self::plain(between)).then(right))
            .unwrap_or_default()
    }

    /// With others after it.
    pub fn then(mut self, mut other: Self) -> Self {
        self.0.append(&mut other.0);
        self
    }

    /// In brackets, behind something else.
    pub fn in_brackets(self) -> Self {
        Self::plain(" (").then(self).then(Self::plain(")"))
    }

    /// All of it in this style.
    pub fn in_style(mut self, style: Style) -> Self {
        for span in &mut self.0 {
            span.style = style;
        }
        self
    }

    /// All of it in this language.
    pub fn in_language(mut self, tag: &str) -> Self {
        for span in &mut self.0 {
            span.language = Some(tag.to_owned());
        }
        self
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is said, whatever it looks like.
    pub fn text(&self) -> String {
        self.0.iter().map(|span| span.text.as_str()).collect()
    }

    /// What is said.
    pub fn spans(&self) -> &[Span] {
        &self.0
    }

    /// The same, where no form is made of the languages: what looks alike in one piece.
    pub fn styled(&self) -> impl Iterator<Item = (Style, String)> {
        let alike = self.0.chunk_by(|left, right| left.style == right.style);
        alike.filter_map(|spans| {
            let text = spans.iter().map(|span| span.text.as_str()).collect();
            Some((spans.first()?.style, text))
        })
    }
}

/// A sign as it can be shown: no form of a document takes those that stand for no character.
fn shown(sign: char) -> Option<char> {
    match sign {
        '\t' => Some(' '),
        '\u{FFFE}' | '\u{FFFF}' => None,
        sign => Some(sign).filter(|sign| *sign == '\n' || !sign.is_control()),
    }
}

/// The lines of a text, whichever way they end (CommonMark, 2.1), without the spaces around them.
pub fn lines(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.split('\n').flat_map(|line| {
        let line = line.strip_suffix('\r').unwrap_or(line);
        line.split('\r')
    });
    lines.map(str::trim_ascii)
}

/// The paragraphs of a text, each of its lines.
pub fn paragraphs(text: &str) -> Vec<Vec<&str>> {
    let mut all = vec![Vec::new()];
    for line in lines(text) {
        match all.last_mut() {
            Some(paragraph) if !line.is_empty() => paragraph.push(line),
            _ => all.push(Vec::new()),
        }
    }
    all.retain(|paragraph| !paragraph.is_empty());
    all
}
