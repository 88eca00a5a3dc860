//! Which of the representations that there are is answered (RFC 9110, section 12).

use actix_web::http::header;

use crate::problem::{Code, Problem};
use crate::request::Ask;

/// Which of the representations is wanted: by `format`, else by `Accept`.
pub fn negotiate<F: Copy>(
    ask: &Ask,
    format: Option<F>,
    available: &[(F, &str)],
) -> Result<F, Problem> {
    if let Some(format) = format {
        return Ok(format);
    }
    let accept = ask.header(header::ACCEPT);
    let accept = if accept.is_empty() {
        "*/*"
    } else {
        accept.as_str()
    };
    let mut best: Option<(f32, F)> = None;
    for (format, media_type) in available {
        // The most specific range that fits a media type decides about it (RFC 9110, section 12.5.1).
        let fitting = accept
            .split(',')
            .filter_map(|range| weight_of(range, media_type));
        let (_, weight) = fitting.fold(
            (0, 0.0),
            |best, next| if next.0 > best.0 { next } else { best },
        );
        if weight > best.map_or(0.0, |(weight, _)| weight) {
            best = Some((weight, *format));
        }
    }
    best.map(|(_, format)| format).ok_or_else(|| {
        let names: Vec<_> = available.iter().map(|(_, name)| *name).collect();
        Problem::new(Code::NotAcceptable).with("available", names.join(", "))
    })
}

/// How specific a media range is for a media type, from 1, and the weight that it gives; `None`: it is another one.
fn weight_of(range: &str, media_type: &str) -> Option<(u8, f32)> {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let weight = parts
        .find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")))
        .map_or(1.0, |q| q.parse().unwrap_or(0.0));
    let specific = match name.strip_suffix("/*") {
        None if name == media_type => 3,
        Some("*") => 1,
        Some(major) if media_type.split('/').next() == Some(major) => 2,
        _ => return None,
    };
    Some((specific, weight))
}
