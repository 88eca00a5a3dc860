//! One delivery over HTTP: signed along Standard Webhooks, sent, and what came of it.

use std::error::Error;
use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response};
use tokio::time::Instant;

use super::rules;
use super::target::NoAddress;
use super::types::DeliveryError;
use crate::ids::DeliveryId;

/// The most of an answer that is read, so that its connection can be used again; what it says is of no interest.
const MOST_READ: usize = 16 * 1024;

/// The longest that a target may ask to be left alone.
const LONGEST_REST: Duration = Duration::from_secs(24 * 3600);

/// What is sent.
pub struct Parcel {
    /// Its `webhook-id`.
    pub id: DeliveryId,
    /// Where to.
    pub url: String,
    /// What, letter by letter.
    pub body: String,
    /// What it is signed with: while a secret is replaced, with both.
    pub secrets: Vec<String>,
}

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// The status that was answered.
    pub status: Option<u16>,
    /// Why it did not arrive; none: it did.
    pub error: Option<DeliveryError>,
    /// How long the target has asked to be left alone.
    pub retry_after: Option<Duration>,
    /// How long it took.
    pub took: Duration,
}

impl Attempt {
    fn failed(error: DeliveryError) -> Self {
        Self {
            status: None,
            error: Some(error),
            retry_after: None,
            took: Duration::ZERO,
        }
    }
}

/// Sends it.
pub async fn send(client: &Client, parcel: &Parcel, private: bool, now: DateTime<Utc>) -> Attempt {
    let begun = Instant::now();
    let mut attempt = try_to_send(client, parcel, private, now).await;
    attempt.took = begun.elapsed();
    attempt
}

async fn try_to_send(
    client: &Client,
    parcel: &Parcel,
    private: bool,
    now: DateTime<Utc>,
) -> Attempt {
    // Settings may have been others when it was stored.
    let Ok(url) = rules::target(&parcel.url, private) else {
        return Attempt::failed(DeliveryError::ForbiddenAddress);
    };
    let id = parcel.id.to_string();
    let timestamp = now.timestamp();
    let signatures = parcel
        .secrets
        .iter()
        .filter_map(|secret| signature(secret, &id, timestamp, &parcel.body));
    let request = client
        .post(url)
        .header(CONTENT_TYPE, "application/json")
        .header("webhook-id", &id)
        .header("webhook-timestamp", timestamp)
        .header(
            "webhook-signature",
            signatures.collect::<Vec<_>>().join(" "),
        )
        .body(parcel.body.clone());
    match request.send().await {
        Ok(answer) => answered(answer, now).await,
        Err(error) => Attempt::failed(reason(&error)),
    }
}

async fn answered(mut answer: Response, now: DateTime<Utc>) -> Attempt {
    let status = answer.status();
    let error = match status.as_u16() {
        200..=299 => None,
        300..=399 => Some(DeliveryError::Redirected),
        _ => Some(DeliveryError::Status),
    };
    let field = answer.headers().get(RETRY_AFTER);
    let retry_after = field
        .and_then(|field| field.to_str().ok())
        .and_then(|field| rest(field, now));
    let mut read = 0;
    while let Ok(Some(chunk)) = answer.chunk().await {
        read += chunk.len();
        if read > MOST_READ {
            break;
        }
    }
    Attempt {
        status: Some(status.as_u16()),
        error,
        retry_after,
        took: Duration::ZERO,
    }
}

/// What `Retry-After` asks for: seconds, or a time (RFC 9110, section 10.2.3).
fn rest(field: &str, now: DateTime<Utc>) -> Option<Duration> {
    let seconds = field.trim().parse().map(Duration::from_secs).ok();
    let until = || {
        let at = DateTime::parse_from_rfc2822(field).ok()?;
        at.signed_duration_since(now).to_std().ok()
    };
    let rest = seconds.or_else(until)?;
    Some(rest.min(LONGEST_REST))
}

fn reason(error: &reqwest::Error) -> DeliveryError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(one) = cause {
        match one.downcast_ref::<NoAddress>() {
            Some(NoAddress::Forbidden) => return DeliveryError::ForbiddenAddress,
            Some(NoAddress::Unknown) => return DeliveryError::NotResolved,
            None => cause = one.source(),
        }
    }
    if error.is_timeout() {
        DeliveryError::TimedOut
    } else if error.is_connect() {
        DeliveryError::NotConnected
    } else {
        DeliveryError::BrokenOff
    }
}

/// The signature of Standard Webhooks: `v1,` and HMAC-SHA-256 over `id.timestamp.body`, in base64. The key is what
/// stands in base64 behind `whsec_`.
fn signature(secret: &str, id: &str, timestamp: i64, body: &str) -> Option<String> {
    let key = STANDARD.decode(secret.strip_prefix("whsec_")?).ok()?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    let signed = format!("{id}.{timestamp}.{body}");
    let tag = hmac::sign(&key, signed.as_bytes());
    Some(format!("v1,{}", STANDARD.encode(tag.as_ref())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_that_of_the_specification() {
        // The example of the reference libraries of Standard Webhooks.
        let found = signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            r#"{"test": 2432232314}"#,
        );
        assert_eq!(
            found.unwrap(),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
        assert_eq!(signature("iuc_wh_abc", "a", 1, "{}"), None);
    }

    #[test]
    fn a_target_asks_to_be_left_alone_by_seconds_or_by_a_time() {
        let now = DateTime::from_timestamp(1_445_412_420, 0).unwrap();
        assert_eq!(rest("120", now), Some(Duration::from_secs(120)));
        assert_eq!(
            rest("Wed, 21 Oct 2015 07:28:00 GMT", now),
            Some(Duration::from_secs(60))
        );
        assert_eq!(rest("Wed, 21 Oct 2015 07:26:00 GMT", now), None);
        assert_eq!(rest("99999999999", now), Some(LONGEST_REST));
        assert_eq!(rest("soon", now), None);
    }
}
