//! What is done to a thing by a body of its own, such as `POST /contributions/{id}/decline`.
//!
//! The order in which such a request is looked at: role (403), body (408, 413, 415, 400 for what is no JSON), the thing
//! (404), all faults of the body (400), rights (403), `If-Match` (428, 412), then the deed itself with what it
//! may find wrong (400, 409). Keys, dry runs and the transaction are those of every write.

use std::borrow::Cow;
use std::marker::PhantomData;

use actix_web::http::StatusCode;
use actix_web::web::Payload;
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::answer::{Stored, to_object};
use super::body::{MediaType, read_json};
use super::way::{Applied, Job, Way, keep, told};
use super::{AsyncWork, WriteParams, in_transaction};
use crate::auth::Caller;
use crate::body::Sent;
use crate::db::Connection;
use crate::events::{Author, Event};
use crate::policy::{Action, Relation, Thing, allows, ever_allows};
use crate::problem::{Code, Faults, Problem};
use crate::read::{Answer, http_date};
use crate::request::{Ask, etag};
use crate::resource::Resource;

/// Something that can be done to a thing.
pub trait Deed: Send + Sync + 'static {
    /// What it is done to: read as far as the caller may see it, and locked.
    type To: Resource;
    /// Its body; the contract knows its shape by its name.
    type Body: DeserializeOwned + ToSchema + Send + Sync;

    /// What the access table is asked about.
    const ACTION: Action;
    /// The kind of thing that the access table is asked about, where it is another than what it is done to.
    const THING: Thing = <Self::To as Resource>::THING;
    /// Whether it has to name the state it means in `If-Match`. When it does so unasked, that holds too.
    const CONDITIONAL: bool = false;

    /// How the caller stands to what the access table is asked about.
    fn relation(
        _conn: &mut Connection,
        doing: &Doing<'_>,
        to: &Self::To,
        _body: &Self::Body,
    ) -> impl Future<Output = Result<Relation, Problem>> + Send {
        let relation = to.relation(doing.caller());
        async move { Ok(relation) }
    }

    /// Does it, in the transaction of the request; an error undoes everything. It records its event itself, unless it
    /// does no more than [`Doing::change`].
    fn run(
        conn: &mut Connection,
        doing: &Doing<'_>,
        to: Self::To,
        body: Self::Body,
    ) -> impl Future<Output = Result<Done, Problem>> + Send;
}

/// Who does it, when, and by which request.
pub struct Doing<'a> {
    /// The request.
    pub ask: &'a Ask,
    /// Who is noted as the author, and when.
    pub author: &'a Author,
}

impl Doing<'_> {
    /// Who asks.
    pub fn caller(&self) -> &Caller {
        &self.ask.caller
    }

    /// Refuses with 403 what the access table does not allow: for rights that depend on what is done.
    pub fn permit(&self, action: Action, thing: Thing, relation: Relation) -> Result<(), Problem> {
        self.caller().permit(action, thing)?;
        match allows(self.caller().role, action, thing, relation) {
            Some(_) => Ok(()),
            None => Err(self.caller().forbidden()),
        }
    }

    /// Puts `body` in the place of `before`, through all the checks of a replacement, and answers what came of it.
    pub async fn replace<R: Resource>(
        &self,
        conn: &mut Connection,
        before: R,
        body: Value,
    ) -> Result<Done, Problem> {
        let way = Way {
            contract: self.ask.app.contract,
            caller: self.caller(),
            author: self.author,
            given: self.ask.given::<R>(),
        };
        let job = Job::Replace(body);
        let applied = way.apply(conn, &job, Some(before), &Faults::new()).await?;
        Done::of(applied, self.caller())
    }

    /// Stores `after` in the place of `before`, with its version and its event, and answers it.
    pub async fn change<R: Resource>(
        &self,
        conn: &mut Connection,
        before: R,
        after: R,
    ) -> Result<Done, Problem> {
        self.put(conn, Some(before), after).await
    }

    /// As [`Doing::change`], also of what is new.
    pub async fn put<R: Resource>(
        &self,
        conn: &mut Connection,
        before: Option<R>,
        after: R,
    ) -> Result<Done, Problem> {
        let kept = keep(conn, self.author, before, after).await?;
        Done::of(kept, self.caller())
    }
}

/// What came of it: the answer, and the events that tell of it, none when nothing changed.
pub struct Done {
    status: StatusCode,
    headers: Vec<(String, String)>,
    body: Map<String, Value>,
    events: Vec<Event>,
    secret: Option<SecretString>,
}

impl Done {
    fn of<R: Resource>(applied: Applied<R>, caller: &Caller) -> Result<Self, Problem> {
        match applied {
            Applied::Unchanged(item) => Self::thing(StatusCode::OK, &told(&item, caller), None),
            Applied::Written(written) => {
                let item = told(&written.item, caller);
                Self::thing(StatusCode::OK, &item, written.events)
            }
        }
    }

    /// Answers a thing as it is stored now, with its ETag.
    pub fn thing<R: Resource>(
        status: StatusCode,
        item: &R,
        events: impl IntoIterator<Item = Event>,
    ) -> Result<Self, Problem> {
        let meta = item.meta();
        let mut done = Self::other(status, item, events)?;
        done.headers.push(("etag".into(), etag(meta)));
        done.headers
            .push(("last-modified".into(), http_date(meta.updated_at)));
        Ok(done)
    }

    /// Answers something that is no thing of its own.
    pub fn other(
        status: StatusCode,
        answer: &impl Serialize,
        events: impl IntoIterator<Item = Event>,
    ) -> Result<Self, Problem> {
        Ok(Self {
            status,
            headers: vec![("content-type".into(), "application/json".into())],
            body: to_object(answer)?,
            events: events.into_iter().collect(),
            secret: None,
        })
    }

    /// Answers that it is done, and nothing else (204); a dry run still tells what would be stored.
    #[must_use]
    pub fn silent(mut self) -> Self {
        self.status = StatusCode::NO_CONTENT;
        self.headers.clear();
        self
    }

    /// As the answer to something that was made (201), and with what only this answer tells; see [`Stored::secret`].
    #[must_use]
    pub fn made_with(mut self, secret: Option<SecretString>) -> Self {
        self.status = StatusCode::CREATED;
        self.secret = secret;
        self
    }

    /// With the URL of what was made.
    #[must_use]
    pub fn at(mut self, url: String) -> Self {
        self.headers.push(("location".into(), url));
        self
    }

    /// With another header field.
    #[must_use]
    pub fn with(mut self, name: &str, value: String) -> Self {
        self.headers.push((name.to_owned(), value));
        self
    }

    /// As it is answered.
    pub fn into_stored(self, dry_run: bool) -> Result<Stored, Problem> {
        if dry_run {
            return Stored::of_dry_run_with(self.body, self.events);
        }
        let body = match self.status {
            StatusCode::NO_CONTENT => Vec::new(),
            _ => crate::read::bytes(&self.body)?,
        };
        let mut stored = Stored::answer(self.status, self.headers, body);
        stored.secret = self.secret;
        Ok(stored)
    }
}

/// Does `D` to the thing that the path names, by the body of the request.
pub async fn act<D: Deed>(mut ask: Ask, payload: Payload) -> Answer {
    permit::<D>(&ask)?;
    let sent = read_json(&mut ask, payload, &[MediaType::Json]).await?.1;
    perform::<D>(ask, Some(sent)).await
}

/// As [`act`], of a deed that takes no body.
pub async fn act_without_body<D: Deed<Body = ()>>(ask: Ask) -> Answer {
    permit::<D>(&ask)?;
    perform::<D>(ask, None).await
}

fn permit<D: Deed>(ask: &Ask) -> Result<(), Problem> {
    ask.caller.permit(D::ACTION, D::THING)?;
    if ever_allows(ask.caller.role, D::ACTION, D::THING) {
        Ok(())
    } else {
        Err(ask.caller.forbidden())
    }
}

async fn perform<D: Deed>(ask: Ask, body: Option<Sent>) -> Answer {
    let params: WriteParams = ask.parameters()?;
    let dry_run = params.dryrun.unwrap_or_default();
    let work = Act {
        body,
        dry_run,
        deed: PhantomData::<fn() -> D>,
    };
    in_transaction(ask, dry_run, work).await
}

struct Act<D> {
    body: Option<Sent>,
    dry_run: bool,
    deed: PhantomData<fn() -> D>,
}

impl<D: Deed> AsyncWork for Act<D> {
    async fn run(
        &self,
        conn: &mut Connection,
        ask: &Ask,
        author: &Author,
    ) -> Result<Stored, Problem> {
        let doing = Doing { ask, author };
        let id = ask.id::<D::To>()?;
        let to = D::To::lock(conn, &ask.caller, &id)
            .await?
            .filter(|to| to.parents() == ask.parents::<D::To>() && is_readable(to, &ask.caller))
            .ok_or(Problem::new(Code::NotFound))?;
        let (body, shape) = decode::<D::Body>(ask, self.body.clone())?;
        let done = run::<D>(conn, &doing, to, body).await;
        if shape.is_empty() {
            return done?.into_stored(self.dry_run);
        }
        // It was done with what is left of the body, to hear what is wrong with the rest.
        let heard = done.err().filter(|it| it.code() == Code::InvalidInput);
        let heard = heard.iter().flat_map(Problem::faults).cloned();
        Faults::from_iter(heard).behind(shape).into_result()?;
        Err(Problem::new(Code::Internal))
    }
}

/// Does it, as far as the caller may.
async fn run<D: Deed>(
    conn: &mut Connection,
    doing: &Doing<'_>,
    to: D::To,
    body: D::Body,
) -> Result<Done, Problem> {
    let relation = D::relation(conn, doing, &to, &body).await?;
    doing.permit(D::ACTION, D::THING, relation)?;
    if D::CONDITIONAL || doing.ask.headers.contains_key("if-match") {
        doing.ask.check_if_match(&etag(to.meta()))?;
    }
    D::run(conn, doing, to, body).await
}

/// The thing that the path names, locked, when the caller may do this with it: for work that takes another body than
/// JSON.
pub async fn open<R: Resource>(
    conn: &mut Connection,
    ask: &Ask,
    action: Action,
) -> Result<R, Problem> {
    let found = R::lock(conn, &ask.caller, &ask.id::<R>()?).await?;
    permitted(found, ask, action)
}

/// As [`open`], before the body is read and without a lock.
pub async fn look_at<R: Resource<Seen = R>>(
    conn: &Connection,
    ask: &Ask,
    action: Action,
) -> Result<R, Problem> {
    let found = R::find(conn, &ask.caller, &ask.id::<R>()?).await?;
    permitted(found, ask, action)
}

fn permitted<R: Resource>(found: Option<R>, ask: &Ask, action: Action) -> Result<R, Problem> {
    let found = found
        .filter(|found| found.parents() == ask.parents::<R>() && is_readable(found, &ask.caller))
        .ok_or(Problem::new(Code::NotFound))?;
    let relation = found.relation(&ask.caller);
    ask.caller.permit(action, R::THING)?;
    match allows(ask.caller.role, action, R::THING, relation) {
        Some(_) => Ok(found),
        None => Err(ask.caller.forbidden()),
    }
}

/// The second wall behind the condition in the statement.
fn is_readable<R: Resource>(to: &R, caller: &Caller) -> bool {
    allows(caller.role, Action::Read, R::THING, to.relation(caller)).is_some()
}

/// The body as its type, and every fault of its shape; where there are any, it is made of what is left of the body.
fn decode<B: DeserializeOwned + ToSchema>(
    ask: &Ask,
    body: Option<Sent>,
) -> Result<(B, Faults), Problem> {
    let (shape, body) = match body {
        Some(Sent { value, mut faults }) => {
            let (amiss, body) = ask.app.contract.mend(&B::name(), Cow::Owned(value));
            faults.extend_elsewhere(amiss);
            (faults, body)
        }
        None => (Faults::new(), None),
    };
    match serde_json::from_value(body.unwrap_or_default().into_owned()) {
        Ok(body) => Ok((body, shape)),
        // The error would quote what was sent: a password, perhaps.
        Err(_) => {
            shape.into_result()?;
            tracing::error!(body = %B::name(), "a body that the contract lets pass does not fit its type");
            Err(Problem::new(Code::Internal))
        }
    }
}
