//! Status and body in one snapshot; what differs from run to run is redacted by what also checks it.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::Reply;

/// Status, media type and body of an answer, fit for a snapshot.
pub fn shown(reply: &Reply) -> String {
    let mut body = reply.body.clone();
    redact("", &mut body, &reply.url);
    let body = match body {
        Value::Null => String::new(),
        body => format!("\n{}", serde_json::to_string_pretty(&body).unwrap()),
    };
    let media_type = reply.header("content-type");
    format!("{} {media_type}{body}", reply.status)
        .trim_end()
        .to_owned()
}

fn redact(name: &str, value: &mut Value, url: &str) {
    match value {
        Value::Object(object) => {
            for (name, member) in object {
                redact(name, member, url);
            }
        }
        Value::Array(list) => {
            for entry in list {
                redact(name, entry, url);
            }
        }
        Value::String(text) => *text = redacted(name, text, url),
        _ => {}
    }
}

fn redacted(name: &str, text: &str, url: &str) -> String {
    if let Ok(uuid) = text.parse::<Uuid>() {
        assert_eq!(uuid.get_version_num(), 7, "{name} is no UUIDv7: {text}");
        return "[uuid]".into();
    }
    if name == "at" || name == "since" || name.ends_with("_at") {
        let time: DateTime<Utc> = text
            .parse()
            .unwrap_or_else(|_| panic!("{name} is no time: {text}"));
        let plain = time.to_rfc3339_opts(SecondsFormat::AutoSi, true);
        assert_eq!(text, plain, "{name} is not in UTC");
        let age = iuc::clock::now() - time;
        return if age.num_days() < 400 {
            "[time]".into()
        } else {
            text.into()
        };
    }
    match name {
        "access_token" => {
            assert_eq!(text.split('.').count(), 3, "no JWT: {text}");
            "[jwt]".into()
        }
        "refresh_token" => {
            assert!(text.starts_with("iuc_rt_"), "no refresh token: {text}");
            "[refresh token]".into()
        }
        "cursor" => "[cursor]".into(),
        _ => {
            let text = text.replace(url, "[url]");
            match text.split_once("cursor=") {
                Some((before, _)) => format!("{before}cursor=[cursor]"),
                None => text,
            }
        }
    }
}

/// Compares status and body of an answer with what was reviewed.
macro_rules! assert_reply {
    ($reply:expr) => {
        insta::assert_snapshot!($crate::support::snapshot::shown(&$reply))
    };
    ($name:expr, $reply:expr) => {
        insta::assert_snapshot!($name, $crate::support::snapshot::shown(&$reply))
    };
}
pub(crate) use assert_reply;
