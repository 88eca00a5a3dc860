//! Which files are taken, and how they are told apart: by the media type that the client names, the ending of the name
//! and the first bytes, which have to agree.
//!
//! Nothing that a browser or an operating system would run is on the list: no HTML, no SVG, no scripts.

/// How many of the first bytes are looked at.
pub const HEAD: usize = 512;

/// A kind of file.
#[derive(Debug)]
pub struct Kind {
    /// Its media type.
    pub media_type: &'static str,
    /// Other names for the type that clients use.
    aliases: &'static [&'static str],
    /// How its names end.
    pub endings: &'static [&'static str],
    content: Content,
}

/// What its bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Content {
    /// They begin so.
    Begins(&'static [u8]),
    /// A zip archive, also that of an office suite (ECMA-376).
    Zip,
    /// A zip archive that begins with its media type (OpenDocument 1.3, part 2, section 3.3).
    OpenDocument,
    /// A RIFF container of this form.
    Riff(&'static [u8]),
    /// Text, in an encoding without null bytes.
    Text,
    /// Text that begins as a JSON value does (RFC 8259).
    Json,
}

/// An OLE compound file, as office suites wrote before.
const COMPOUND: Content = Content::Begins(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");

const fn kind(
    media_type: &'static str,
    aliases: &'static [&'static str],
    endings: &'static [&'static str],
    content: Content,
) -> Kind {
    Kind {
        media_type,
        aliases,
        endings,
        content,
    }
}

/// Every kind of file that is taken.
#[rustfmt::skip]
const KINDS: &[Kind] = &[
    kind("application/pdf", &[], &["pdf"], Content::Begins(b"%PDF-")),
    kind("application/vnd.openxmlformats-officedocument.wordprocessingml.document", &[], &["docx"], Content::Zip),
    kind("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", &[], &["xlsx"], Content::Zip),
    kind("application/vnd.openxmlformats-officedocument.presentationml.presentation", &[], &["pptx"], Content::Zip),
    kind("application/vnd.oasis.opendocument.text", &[], &["odt"], Content::OpenDocument),
    kind("application/vnd.oasis.opendocument.spreadsheet", &[], &["ods"], Content::OpenDocument),
    kind("application/vnd.oasis.opendocument.presentation", &[], &["odp"], Content::OpenDocument),
    kind("application/msword", &[], &["doc"], COMPOUND),
    kind("application/vnd.ms-excel", &[], &["xls"], COMPOUND),
    kind("application/vnd.ms-powerpoint", &[], &["ppt"], COMPOUND),
    kind("image/png", &[], &["png"], Content::Begins(b"\x89PNG\r\n\x1a\n")),
    kind("image/jpeg", &["image/jpg", "image/pjpeg"], &["jpg", "jpeg"], Content::Begins(b"\xff\xd8\xff")),
    kind("image/webp", &[], &["webp"], Content::Riff(b"WEBP")),
    // The second is what browsers say on a machine with Excel.
    kind("text/csv", &["application/csv", "application/vnd.ms-excel"], &["csv"], Content::Text),
    kind("text/plain", &[], &["txt"], Content::Text),
    kind("text/markdown", &["text/x-markdown", "text/plain"], &["md", "markdown"], Content::Text),
    kind("application/json", &[], &["json"], Content::Json),
    kind("application/geo+json", &["application/vnd.geo+json", "application/json"], &["geojson"], Content::Json),
    kind("application/zip", &["application/x-zip-compressed"], &["zip"], Content::Zip),
];

/// Why a file is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No file of this type is.
    Type,
    /// Its name does not end as those of its type do.
    Ending(&'static [&'static str]),
}

/// The media types that are taken.
pub fn media_types() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|kind| kind.media_type)
}

/// The kind of a file by the media type that the client names and the ending of its name. A client that does not know
/// the type names none, or `application/octet-stream`: then the ending decides.
pub fn find(named: &str, name: &str) -> Result<&'static Kind, Refusal> {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let ending = ending.to_ascii_lowercase();
    let ends_so = |kind: &&Kind| kind.endings.contains(&ending.as_str());
    if matches!(named, "" | "application/octet-stream") {
        return KINDS.iter().find(ends_so).ok_or(Refusal::Type);
    }
    let mut called_so = KINDS
        .iter()
        .filter(|kind| kind.media_type == named || kind.aliases.contains(&named));
    let first = called_so.clone().next().ok_or(Refusal::Type)?;
    called_so
        .find(ends_so)
        .ok_or(Refusal::Ending(first.endings))
}

impl Kind {
    /// Whether a file that begins with `head` can be one of this kind.
    pub fn fits(&self, head: &[u8]) -> bool {
        let is_zip = head.starts_with(b"PK\x03\x04");
        match self.content {
            Content::Begins(bytes) => head.starts_with(bytes),
            Content::Zip => is_zip,
            Content::OpenDocument => {
                let named = head
                    .get(30..)
                    .and_then(|rest| rest.strip_prefix(b"mimetype"));
                is_zip && named.is_some_and(|rest| rest.starts_with(self.media_type.as_bytes()))
            }
            Content::Riff(form) => head.starts_with(b"RIFF") && head.get(8..12) == Some(form),
            Content::Text => is_text(head),
            Content::Json => {
                let text = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
                let first = text.iter().find(|byte| !byte.is_ascii_whitespace());
                is_text(head) && first.is_some_and(|byte| b"{[\"-0123456789tfn".contains(byte))
            }
        }
    }

    /// Whether `bytes` may stand in it, wherever.
    pub fn may_hold(&self, bytes: &[u8]) -> bool {
        !matches!(self.content, Content::Text | Content::Json) || !bytes.contains(&0)
    }
}

/// No null bytes, and nothing that begins as another kind of file does.
fn is_text(head: &[u8]) -> bool {
    const OTHERS: &[&[u8]] = &[
        b"%PDF-",
        b"PK\x03\x04",
        b"\x89PNG",
        b"\xff\xd8\xff",
        b"\xd0\xcf\x11\xe0",
        b"GIF8",
        b"\x7fELF",
        b"MZ",
        b"#!",
        b"RIFF",
        b"{\\rtf",
        b"\x1f\x8b",
        b"Rar!",
    ];
    !head.contains(&0) && !OTHERS.iter().any(|other| head.starts_with(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_and_ending_have_to_agree() {
        let found = |named: &str, name: &str| find(named, name).map(|kind| kind.media_type);
        for (named, name, kind) in [
            ("application/pdf", "Plan.PDF", "application/pdf"),
            (
                "application/octet-stream",
                "計画.geojson",
                "application/geo+json",
            ),
            ("", "notes.md", "text/markdown"),
            ("text/plain", "notes.md", "text/markdown"),
            ("text/plain", "notes.txt", "text/plain"),
            ("application/vnd.ms-excel", "buses.csv", "text/csv"),
            (
                "application/vnd.ms-excel",
                "buses.xls",
                "application/vnd.ms-excel",
            ),
        ] {
            assert_eq!(found(named, name), Ok(kind), "{named} {name}");
        }
        assert_eq!(
            found("text/plain", "run.hta"),
            Err(Refusal::Ending(&["txt"]))
        );
        assert_eq!(
            found("application/pdf", "plan"),
            Err(Refusal::Ending(&["pdf"]))
        );
        for (named, name) in [
            ("text/html", "a.html"),
            ("image/svg+xml", "a.svg"),
            ("application/octet-stream", "a.exe"),
            ("application/octet-stream", "pdf"),
            ("", "a.svg"),
            ("", ""),
        ] {
            assert_eq!(found(named, name), Err(Refusal::Type), "{named} {name}");
        }
    }

    #[test]
    fn the_first_bytes_have_to_agree_too() {
        let kind = |name: &str| find("", name).unwrap();
        assert!(kind("a.pdf").fits(b"%PDF-1.7\n"));
        assert!(!kind("a.pdf").fits(b"<html>"));
        assert!(kind("a.docx").fits(b"PK\x03\x04\x14\x00"));
        let mut odt = b"PK\x03\x04".to_vec();
        odt.resize(30, 0);
        odt.extend(b"mimetypeapplication/vnd.oasis.opendocument.textPK");
        assert!(kind("a.odt").fits(&odt));
        assert!(!kind("a.ods").fits(&odt));
        assert!(kind("a.webp").fits(b"RIFF\x10\x00\x00\x00WEBPVP8 "));
        assert!(!kind("a.webp").fits(b"RIFF\x10\x00\x00\x00WAVEfmt "));
        assert!(kind("a.csv").fits("都市,人口\n".as_bytes()));
        assert!(kind("a.csv").fits(b"\x93\x73\x8e\x73,1\n"));
        assert!(!kind("a.csv").fits(b"PK\x03\x04"));
        assert!(!kind("a.txt").fits(b"a\0b"));
        assert!(!kind("a.txt").fits(b"#!/bin/sh"));
        assert!(kind("a.geojson").fits(b"\xef\xbb\xbf {\"type\""));
        assert!(!kind("a.json").fits(b"<svg"));
        assert!(!kind("a.json").may_hold(b"{\0}"));
        assert!(kind("a.png").may_hold(b"\0"));
    }
}
