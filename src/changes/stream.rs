//! Reading on: each look at the feed asks anew who the caller is by now, and no connection is held between two of them.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::Bytes;
use chrono::{DateTime, Utc};
use futures_util::stream::unfold;
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::db::{Found, Search, find, unknown_cities};
use super::types::{Change, ChangeParams, ChangedType};
use crate::action_plans::types::ActionPlan;
use crate::cities::types::City;
use crate::contributions::types::Contribution;
use crate::db::patiently;
use crate::feed::{Place, expiry};
use crate::ids::CityId;
use crate::key_questions::types::KeyQuestion;
use crate::knowledge::types::KnowledgeItem;
use crate::meetings::types::Meeting;
use crate::messages::word;
use crate::pairings::types::Pairing;
use crate::policy::Thing;
use crate::problem::{Code, Fault, Faults, Problem, Rule};
use crate::programmes::types::Programme;
use crate::read::{Answer, bytes, vary};
use crate::request::Ask;
use crate::resource::Resource;
use crate::sdgs::types::Sdg;
use crate::subjects::types::Subject;
use crate::templates::types::Template;
use crate::tours::types::Tour;

/// Changes of one page when `limit` is not given.
const DEFAULT_LIMIT: i32 = 100;

/// The longest time between two looks, whatever is heard meanwhile; a stream says that it lives, and a session that has
/// ended is noticed.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// The lists that the feed keeps in step, by the kind of their things: what their exports hold.
const LISTS: &[(ChangedType, &str)] = &[
    (ChangedType::Programme, Programme::PATH),
    (ChangedType::City, City::PATH),
    (ChangedType::Subject, Subject::PATH),
    (ChangedType::Pairing, Pairing::PATH),
    (ChangedType::Meeting, Meeting::PATH),
    (ChangedType::Tour, Tour::PATH),
    (ChangedType::KeyQuestion, KeyQuestion::PATH),
    (ChangedType::Contribution, Contribution::PATH),
    (ChangedType::KnowledgeItem, KnowledgeItem::PATH),
    (ChangedType::Template, Template::PATH),
    (ChangedType::Sdg, Sdg::PATH),
    (ChangedType::ActionPlan, ActionPlan::PATH),
];

async fn known(ask: &Ask, cities: &[CityId]) -> Result<(), Problem> {
    if cities.is_empty() {
        return Ok(());
    }
    let unknown = patiently(async {
        let conn = ask.app.db.connection().await?;
        Ok(unknown_cities(&conn, cities).await?)
    });
    let mut faults = Faults::new();
    for city in unknown.await? {
        let fault = Fault::in_parameter("city", Rule::UnknownReference);
        faults.push(
            fault
                .with_word("kind", word("thing", Thing::City))
                .with("id", city),
        );
    }
    faults.into_result()
}

/// Where somebody is in the feed.
pub struct Reader {
    search: Search,
    place: Option<Place>,
}

/// A part of the feed, as the caller sees it.
pub struct Part {
    /// The changes.
    pub items: Vec<Change>,
    /// Whether there are more by now.
    pub more: bool,
    /// The place after them.
    pub cursor: String,
    /// Until when the cursor leads on for certain.
    pub expires_at: DateTime<Utc>,
}

impl Reader {
    /// Where the request stands: `Last-Event-ID` before `after`. A city that there never was is refused: its silence would
    /// be taken for peace.
    pub async fn of(ask: &Ask, params: &ChangeParams) -> Result<Self, Problem> {
        known(ask, &params.city).await?;
        let last_seen = ask.header("last-event-id");
        let (name, cursor) = match last_seen.as_str() {
            "" => ("after", params.after.as_deref()),
            seen => ("Last-Event-ID", Some(seen)),
        };
        let place = cursor.map(|cursor| {
            Place::of(cursor, &ask.app.seal)
                .ok_or_else(|| Problem::fault(Fault::in_parameter(name, Rule::FeedCursor)))
        });
        Ok(Self {
            search: Search {
                types: params.r#type.clone(),
                cities: params.city.clone(),
                limit: params.limit.unwrap_or(DEFAULT_LIMIT).into(),
            },
            place: place.transpose()?,
        })
    }

    /// Looks once, for who the caller is by now, and goes on to behind what was found.
    async fn look(&mut self, ask: &mut Ask) -> Result<Part, Problem> {
        let limit = usize::try_from(self.search.limit).unwrap_or(1);
        let longer = Search {
            limit: self.search.limit + 1,
            ..self.search.clone()
        };
        let after = self.place.map(|place| place.seq);
        let found = patiently(async {
            let conn = ask.app.db.connection().await?;
            ask.caller = ask.confirm(&conn).await?;
            Ok(find(&conn, &ask.caller, &longer, after).await?)
        });
        let Found {
            epoch,
            floor,
            last,
            mut changes,
        } = found.await?;
        let is_known = |place: Place| place.epoch == epoch && (floor..=last).contains(&place.seq);
        if !self.place.is_none_or(is_known) {
            return Err(self.expired(ask));
        }
        ask.app.head.note(last);
        let more = changes.len() > limit;
        changes.truncate(limit);
        let (seq, seen) = match changes.last() {
            Some(change) if more => (change.seq, change.numbered_at),
            _ => (last, crate::clock::now()),
        };
        let place = Place { epoch, seq };
        self.place = Some(place);
        let told = changes
            .into_iter()
            .filter_map(|change| change.told(&ask.app, &ask.caller, epoch));
        Ok(Part {
            items: told.collect(),
            more,
            cursor: place.cursor(&ask.app.seal),
            expires_at: expiry(seen, ask.app.config.settings.feed_days),
        })
    }

    /// The problem of a cursor that misses something, with the exports to begin with.
    fn expired(&self, ask: &Ask) -> Problem {
        let wanted =
            |kind: &ChangedType| self.search.types.is_empty() || self.search.types.contains(kind);
        let exports: Map<String, Value> = LISTS
            .iter()
            .filter(|(kind, _)| wanted(kind))
            .map(|(kind, path)| {
                let url = ask.app.url(&format!("/v1{path}?format=ndjson"));
                (kind.to_string(), url.into())
            })
            .collect();
        Problem::new(Code::CursorExpired).member("exports", exports.into())
    }

    /// Ends when there may be something new, or after a while.
    async fn rest(&self, ask: &Ask, until: Instant) {
        let seen = self.place.map_or(0, |place| place.seq);
        tokio::select! {
            () = ask.app.head.passes(seen) => {}
            () = ask.app.stopped() => {}
            () = tokio::time::sleep_until(until.min(Instant::now() + LOOK_AGAIN)) => {}
        }
    }
}

/// The next part of the feed; when there is none yet, waits for one so many seconds.
pub async fn wait_for_change(
    ask: &mut Ask,
    reader: &mut Reader,
    seconds: i32,
) -> Result<Part, Problem> {
    let wait = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
    let until = Instant::now() + wait;
    loop {
        let part = reader.look(ask).await?;
        if !part.items.is_empty() || Instant::now() >= until || ask.app.is_stopping() {
            return Ok(part);
        }
        reader.rest(ask, until).await;
    }
}

/// The feed as it goes on, until the caller leaves, the caller's session ends or becomes another's, or the service stops.
/// What is sent next is looked for when the last was taken: a slow reader holds nothing but its place.
pub async fn stream(mut ask: Ask, mut reader: Reader) -> Answer {
    let first = reader.look(&mut ask).await?;
    let state = (ask, reader, Some(first));
    let events = unfold(state, |(mut ask, mut reader, first)| async move {
        let part = match first {
            Some(part) => part,
            None => {
                let caller = ask.caller.clone();
                let until = Instant::now() + LOOK_AGAIN;
                reader.rest(&ask, until).await;
                if ask.app.is_stopping() {
                    return None;
                }
                let part = reader.look(&mut ask).await.ok()?;
                (ask.caller == caller).then_some(part)?
            }
        };
        let text = written(&part)?;
        Some((Ok::<_, actix_web::Error>(text), (ask, reader, None)))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // It is not to be held back by who compresses or buffers.
        .insert_header((header::CONTENT_ENCODING, "identity"))
        .insert_header(("X-Accel-Buffering", "no"))
        .insert_header(vary())
        .streaming(events))
}

/// The events of a part, and the place after it, which also says that the stream lives.
fn written(part: &Part) -> Option<Bytes> {
    let mut text = Vec::new();
    for change in &part.items {
        text.extend_from_slice(format!("id: {}\nevent: change\ndata: ", change.cursor).as_bytes());
        text.extend_from_slice(&bytes(change).ok()?);
        text.extend_from_slice(b"\n\n");
    }
    text.extend_from_slice(format!(": so far\nid: {}\n\n", part.cursor).as_bytes());
    Some(text.into())
}
