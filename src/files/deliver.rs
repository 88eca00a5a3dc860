//! A file as an answer: whole or one range of it, always as something to keep and never as a page.

use actix_web::HttpResponse;
use actix_web::body::SizedStream;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Files, StoredFile};
use crate::problem::{Code, Problem};

/// What a request asks of the bytes (RFC 9110, sections 13.1.5 and 14.2).
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    /// `Range`.
    pub range: String,
    /// `If-Range`.
    pub if_range: String,
}

/// Streams the file whose object is `key`; `modified` is its time as in `Last-Modified`.
pub async fn deliver(
    files: &Files,
    key: &str,
    file: &StoredFile,
    modified: &str,
    conditions: &Conditions,
) -> Result<HttpResponse, Problem> {
    let size = u64::try_from(file.size).unwrap_or_default();
    let etag = file.etag();
    let unchanged = ["", etag.as_str(), modified].contains(&conditions.if_range.as_str());
    let wanted = match Part::of(&conditions.range, size) {
        _ if !unchanged => Part::Whole,
        Part::Nothing => {
            let problem = Problem::new(Code::RangeNotSatisfiable).with("size", size);
            return Err(problem.header(header::CONTENT_RANGE, &format!("bytes */{size}")));
        }
        part => part,
    };
    let (first, last) = match wanted {
        Part::Some(first, last) => (first, last),
        _ => (0, size.saturating_sub(1)),
    };
    let end = size.min(last + 1);
    let Some(bytes) = files.read(key, first..end).await? else {
        tracing::error!(key, "a file is not in the store");
        return Err(Problem::new(Code::FilesUnavailable));
    };
    let mut answer = HttpResponse::Ok();
    if matches!(wanted, Part::Some(..)) {
        answer.status(StatusCode::PARTIAL_CONTENT);
        answer.insert_header((
            header::CONTENT_RANGE,
            format!("bytes {first}-{last}/{size}"),
        ));
    }
    answer
        .insert_header((header::CONTENT_TYPE, file.media_type.as_str()))
        .insert_header((header::CONTENT_DISPOSITION, disposition(file.name.as_str())))
        .insert_header((header::ETAG, etag))
        .insert_header((header::LAST_MODIFIED, modified))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"))
        // Ranges and the strong ETag are those of the bytes as they are stored.
        .insert_header((header::CONTENT_ENCODING, HeaderValue::from_static("identity")));
    if let Some(digest) = repr_digest(&file.sha256) {
        answer.insert_header(("repr-digest", digest));
    }
    Ok(answer.body(SizedStream::new(end - first, bytes)))
}

/// Which part of a file is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// All of it: no range was asked for, or one that is not understood, or several.
    Whole,
    /// From the first to the last of these bytes.
    Some(u64, u64),
    /// Bytes that it has not.
    Nothing,
}

impl Part {
    fn of(range: &str, size: u64) -> Self {
        let Some((unit, set)) = range.split_once('=') else {
            return Self::Whole;
        };
        let Some((first, last)) = set.trim().split_once('-') else {
            return Self::Whole;
        };
        if !unit.trim().eq_ignore_ascii_case("bytes") || set.contains(',') {
            return Self::Whole;
        }
        let number = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            // What is too long for a number is larger than any file.
            digits.then(|| text.parse::<u64>().unwrap_or(u64::MAX))
        };
        match (first, number(first), last, number(last)) {
            ("", _, _, Some(0)) => Self::Nothing,
            ("", _, _, Some(_)) if size == 0 => Self::Nothing,
            ("", _, _, Some(length)) => Self::Some(size.saturating_sub(length), size - 1),
            (_, Some(first), "", _) if first < size => Self::Some(first, size - 1),
            (_, Some(first), _, Some(last)) if first <= last && first < size => {
                Self::Some(first, last.min(size - 1))
            }
            (_, Some(first), _, Some(last)) if first > last => Self::Whole,
            (_, Some(_), "", _) | (_, Some(_), _, Some(_)) => Self::Nothing,
            _ => Self::Whole,
        }
    }
}

/// `Content-Disposition` (RFC 6266): a name for every client, and the whole name for those that know RFC 8187.
fn disposition(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|c| match c {
            '"' | '\\' | '%' | '/' => '_',
            c if c.is_ascii_graphic() || c == ' ' => c,
            _ => '_',
        })
        .collect();
    let mut extended = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
            extended.push(char::from(byte));
        } else {
            extended.push_str(&format!("%{byte:02X}"));
        }
    }
    if plain == name {
        format!("attachment; filename=\"{plain}\"")
    } else {
        format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{extended}")
    }
}

/// `Repr-Digest` (RFC 9530), of a digest in hexadecimal.
fn repr_digest(sha256: &str) -> Option<String> {
    let digits: Vec<u32> = sha256
        .chars()
        .map(|c| c.to_digit(16))
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits
        .chunks_exact(2)
        .filter_map(|pair| {
            pair.iter()
                .try_fold(0_u32, |sum, digit| Some(sum * 16 + digit))
        })
        .filter_map(|byte| u8::try_from(byte).ok())
        .collect();
    Some(format!("sha-256=:{}:", STANDARD.encode(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_read_as_http_says() {
        for (range, part) in [
            ("", Part::Whole),
            ("bytes=0-4", Part::Some(0, 4)),
            ("bytes=5-", Part::Some(5, 9)),
            ("bytes=-3", Part::Some(7, 9)),
            ("bytes=-30", Part::Some(0, 9)),
            ("bytes=8-30", Part::Some(8, 9)),
            ("Bytes = 8-8", Part::Some(8, 8)),
            ("bytes=10-", Part::Nothing),
            ("bytes=10-12", Part::Nothing),
            ("bytes=-0", Part::Nothing),
            ("bytes=99999999999999999999999-", Part::Nothing),
            ("bytes=5-4", Part::Whole),
            ("bytes=0-1,3-4", Part::Whole),
            ("items=0-1", Part::Whole),
            ("bytes=a-b", Part::Whole),
            ("bytes=-", Part::Whole),
            ("bytes=+1-2", Part::Whole),
        ] {
            assert_eq!(Part::of(range, 10), part, "{range}");
        }
        assert_eq!(Part::of("bytes=0-", 0), Part::Nothing);
        assert_eq!(Part::of("bytes=-1", 0), Part::Nothing);
    }

    #[test]
    fn every_name_arrives_whole_and_none_breaks_the_field() {
        assert_eq!(disposition("plan.pdf"), "attachment; filename=\"plan.pdf\"");
        assert_eq!(
            disposition("横浜.pdf"),
            "attachment; filename=\"__.pdf\"; filename*=UTF-8''%E6%A8%AA%E6%B5%9C.pdf"
        );
        assert_eq!(
            disposition("a\"; x=\\y%2f.pdf"),
            "attachment; filename=\"a_; x=_y_2f.pdf\"; filename*=UTF-8''a%22%3B%20x%3D%5Cy%252f.pdf"
        );
    }

    #[test]
    fn a_digest_is_told_in_both_ways() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(
            repr_digest(empty).unwrap(),
            "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"
        );
    }
}
