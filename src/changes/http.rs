//! `/changes`: what is asked over HTTP, and what for.

use actix_web::get;
use actix_web::http::header;

use super::stream::{Reader, stream, wait_for_change};
use super::types::{ChangePage, ChangeParams, FeedFormat};
use crate::problem::Problem;
use crate::read::{Answer, bytes, conditional, link_to, negotiate, with_parameter};
use crate::request::{Ask, Asking};

const FORMATS: &[(FeedFormat, &str)] = &[
    (FeedFormat::Json, "application/json"),
    (FeedFormat::Sse, "text/event-stream"),
];

/// List what changed
///
/// Everything that you may read, as it changes: what is new to you, what has changed, and what is gone from your sight. The
/// order never changes, nothing is skipped, and nothing is shown before it is stored. Go on from the `cursor` of the last
/// page: it is always there, also when nothing has changed, and lives 400 days; with `wait` the request is held until something
/// comes. When it has expired, or a backup was restored, the answer is a 410 that names the exports to begin with: each
/// ends with a line `{"cursor": …}` to go on from. Also as `text/event-stream`, one change an event, with `Last-Event-ID`.
#[utoipa::path(tag = "changes", params(ChangeParams), responses((status = 200, body = ChangePage), (status = 410)))]
#[get("/changes")]
pub async fn list_changes(asking: Asking) -> Answer {
    let asked = asked(asking.ask());
    let (asking, (params, format)) = asking.with(asked).await?;
    let ask = asking.confirmed().await?;
    let reader = Reader::of(&ask, &params).await?;
    match format {
        FeedFormat::Json => page(ask, reader, params.wait.unwrap_or_default()).await,
        FeedFormat::Sse => stream(ask, reader).await,
    }
}

fn asked(ask: &Ask) -> Result<(ChangeParams, FeedFormat), Problem> {
    let params: ChangeParams = ask.parameters()?;
    let format = negotiate(ask, params.format, FORMATS)?;
    Ok((params, format))
}

async fn page(mut ask: Ask, mut reader: Reader, wait: i32) -> Answer {
    let part = wait_for_change(&mut ask, &mut reader, wait).await?;
    let next = part
        .more
        .then(|| with_parameter(&ask, "after", &part.cursor));
    let link = link_to(next.as_deref());
    let json = bytes(&ChangePage {
        items: part.items,
        next,
        cursor: part.cursor,
        expires_at: part.expires_at,
    })?;
    let mut response = conditional(&ask, json);
    if let Some(link) = link {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}
