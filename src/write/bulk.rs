//! Many things in one request, one a line, each by a key of its city's system: read, stored and told while more lines
//! come in, with flat memory.
//!
//! Three sides work at the same time. A reader on the worker's own thread cuts the body into batches of lines (`lines`). A
//! task of its own, which a client's hang-up cannot cut, stores them (`batch`): each batch in a transaction, a few at once;
//! or all in one (`atomic`). The answer tells the results in the order of the lines, each once it is committed. What is
//! not taken fast enough by the client is kept, up to [`RESULTS`] bytes; then everything waits. No transaction waits for
//! a client, but an atomic one, which has a limit of time.

mod atomic;
mod batch;
mod lines;

use std::collections::BTreeMap;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{Bytes, Payload};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::{Semaphore, mpsc};
use tracing::Instrument;
use utoipa::{IntoParams, ToSchema};

use self::batch::{Entries, Told, store_alone};
use self::lines::{Batch, Limits, Received, read_lines};
use super::{WriteParams, permit};
use crate::column::words;
use crate::messages::Language;
use crate::policy::Action;
use crate::problem::{Code, Context, Fault, Problem, ProblemDocument, Rule};
use crate::read::Answer;
use crate::request::{Ask, RefParams};
use crate::resource::ByRef;

/// The media type of lines of JSON.
const NDJSON: &str = "application/x-ndjson";

/// How many batches are stored at the same time.
const AT_ONCE: usize = 3;

/// How many bytes of results are kept for a client that sends all its lines before it reads.
const RESULTS: usize = 16 * 1024 * 1024;

/// How much room the lines under way need, in bytes.
const ROOM: usize = 4 * 1024 * 1024;

/// How long a client may take to read any of its results, when that many are waiting.
const READER_PATIENCE: Duration = Duration::from_secs(60);

/// The parameters of a request with many lines.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct BulkParams {
    /// Stores all lines or none; the results come at the end.
    #[serde(default)]
    #[param(default = false)]
    pub atomic: Option<bool>,
}

words! {
    /// What came of a line.
    BulkOutcome {
        /// It was made.
        Created = "created",
        /// It was replaced.
        Updated = "updated",
        /// It is stored already.
        Unchanged = "unchanged",
        /// It is not stored.
        Failed = "failed",
    }
}

/// What came of a line.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BulkResult {
    /// Its number, from 1; empty lines count too.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub line: u64,
    /// What came of it.
    pub result: BulkOutcome,
    /// The id of the thing; null when the line failed, or would have made it in a dry run.
    #[schema(max_length = 80, pattern = "^[a-z0-9-]+$")]
    pub id: Option<String>,
    /// Its version; null as the id is.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub version: Option<i64>,
    /// Why the line failed; null when it did not. Its pointers are those of the line.
    #[schema(value_type = Option<ProblemDocument>)]
    pub problem: Option<Box<RawValue>>,
}

/// Makes or replaces what each line of the body stands for, and tells of each line what came of it.
pub async fn bulk<R: ByRef>(ask: Ask, payload: Payload) -> Answer {
    permit::<R>(&ask, Action::Create)?;
    let work = Bulk::<R>::of(ask)?;
    let settings = &work.ask.app.config.settings;
    let limits = Limits {
        line: settings.body_limit,
        idle: Duration::from_secs(settings.body_timeout),
    };
    let (lines, received) = mpsc::channel(1);
    let (results, mut told) = mpsc::unbounded_channel::<Bytes>();
    let room = Arc::new(Semaphore::new(RESULTS));
    actix_web::rt::spawn(read_lines(payload, limits, lines).in_current_span());
    let outlet = Outlet {
        results,
        room: room.clone(),
    };
    let tracker = work.ask.app.writes.clone();
    let work = async move {
        match work.is_atomic {
            true => atomic::run(work, received, outlet).await,
            false => run(work, received, outlet).await,
        }
    };
    tracker.spawn(work.in_current_span());
    let body = futures_util::stream::poll_fn(move |context| told.poll_recv(context));
    let body = body.map(move |bytes| {
        room.add_permits(bytes.len().min(RESULTS));
        Ok::<_, actix_web::Error>(bytes)
    });
    Ok(HttpResponse::Ok()
        .content_type(NDJSON)
        // What compresses would hold results back.
        .insert_header(header::ContentEncoding::Identity)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .streaming(body))
}

/// What is asked for.
struct Bulk<R> {
    ask: Ask,
    refs: RefParams,
    is_atomic: bool,
    dry_run: bool,
    of: PhantomData<fn() -> R>,
}

impl<R> Clone for Bulk<R> {
    fn clone(&self) -> Self {
        Self {
            ask: self.ask.clone(),
            refs: self.refs.clone(),
            ..*self
        }
    }
}

impl<R: ByRef> Bulk<R> {
    fn of(mut ask: Ask) -> Result<Self, Problem> {
        let sent = ask.header(header::CONTENT_TYPE);
        let sent = sent.split(';').next().unwrap_or_default().trim();
        if !sent.eq_ignore_ascii_case(NDJSON) {
            return Err(Problem::new(Code::UnsupportedMediaType).with("accepted", NDJSON));
        }
        if ask.headers.contains_key("idempotency-key") {
            let fault = Fault::in_parameter("Idempotency-Key", Rule::NotInBulk);
            return Err(Problem::fault(fault));
        }
        let (params, writing): (BulkParams, WriteParams) = (ask.parameters()?, ask.parameters()?);
        let refs: RefParams = ask.parameters()?;
        // A city that is not the caller's is not there.
        refs.city(&ask.caller)?;
        let mut place = ask.app.room.place();
        place.fit(ROOM)?;
        ask.place = Some(Arc::new(place));
        Ok(Self {
            refs,
            is_atomic: params.atomic.unwrap_or_default(),
            dry_run: writing.dryrun.unwrap_or_default(),
            ask,
            of: PhantomData,
        })
    }

    /// The result of a line, as it is written.
    fn written(&self, told: Told<R::Id>, out: &mut Vec<u8>) {
        let hidden = self.dry_run && told.result == BulkOutcome::Created;
        let kept = told.stored.filter(|_| !hidden);
        let result = BulkResult {
            line: told.line,
            result: told.result,
            id: kept.as_ref().map(|(id, _)| id.to_string()),
            version: kept.map(|(_, version)| version),
            problem: told.problem.and_then(|problem| self.in_words(&problem)),
        };
        // A vector takes whatever is written to it.
        if serde_json::to_writer(&mut *out, &result).is_ok() {
            out.push(b'\n');
        }
    }

    /// Counts what came of lines, whoever hears of it; a dry run comes to nothing.
    fn count(&self, results: impl Iterator<Item = BulkOutcome>) {
        if self.dry_run {
            return;
        }
        let mut counts = BTreeMap::new();
        for result in results {
            *counts.entry(result).or_default() += 1;
        }
        for (result, count) in counts {
            self.ask.app.metrics.lines(result.as_str(), count);
        }
    }

    /// The results of lines that nothing is known of.
    fn panicked(&self, lines: &[u64], error: &tokio::task::JoinError) -> Vec<u8> {
        tracing::error!(%error, "a batch panicked");
        self.count(lines.iter().map(|_| BulkOutcome::Failed));
        let mut results = Vec::new();
        for line in lines {
            let told = Told::failed(*line, Problem::new(Code::Internal));
            self.written(told, &mut results);
        }
        results
    }

    fn in_words(&self, problem: &Problem) -> Option<Box<RawValue>> {
        let ask = &self.ask;
        let accepted = ask.header(header::ACCEPT_LANGUAGE);
        let document = problem.document(&Context {
            language: Language::negotiate(Some(&accepted)),
            public_url: &ask.app.public_url,
            path: &ask.path,
            request_id: &ask.request_id,
        });
        RawValue::from_string(String::from_utf8(document).ok()?).ok()
    }
}

/// Where results go.
struct Outlet {
    results: mpsc::UnboundedSender<Bytes>,
    room: Arc<Semaphore>,
}

impl Outlet {
    /// Hands results to the client, when there is room for them; `false`: nobody reads them any more.
    async fn send(&self, lines: Vec<u8>) -> bool {
        if lines.is_empty() {
            return !self.results.is_closed();
        }
        let size = u32::try_from(lines.len().min(RESULTS)).unwrap_or_default();
        let room = tokio::time::timeout(READER_PATIENCE, self.room.acquire_many(size));
        let Ok(Ok(taken)) = room.await else {
            return false;
        };
        taken.forget();
        self.results.send(lines.into()).is_ok()
    }
}

/// Stores the batches, a few at once, and tells of each in its turn.
async fn run<R: ByRef>(work: Bulk<R>, received: mpsc::Receiver<Received>, outlet: Outlet) {
    let mut entries = Entries::new(work.clone());
    let batches = futures_util::stream::unfold(received, |mut received| async move {
        received.recv().await.map(|next| (next, received))
    });
    let tracker = work.ask.app.writes.clone();
    let tasks = batches.filter_map(|next| {
        let batch = match next {
            Received::Lines(batch) => Some(batch),
            Received::Broken(line, problem) => Some(Batch::of_one(line, problem)),
            Received::End => None,
        };
        let task = batch.map(|batch| {
            let numbers: Vec<u64> = batch.0.iter().map(|line| line.number).collect();
            let task =
                tracker.spawn(store_alone(work.clone(), entries.of(batch)).in_current_span());
            let work = work.clone();
            async move {
                task.await
                    .unwrap_or_else(|error| work.panicked(&numbers, &error))
            }
        });
        std::future::ready(task)
    });
    let mut done = std::pin::pin!(tasks.buffered(AT_ONCE));
    while let Some(lines) = done.next().await {
        if !outlet.send(lines).await {
            tracing::info!("nobody reads the results of a bulk any more");
            break;
        }
    }
}
