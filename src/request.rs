//! What a handler is told of its request, beside the body: who asks, for what, under which conditions.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::http::Method;
use actix_web::http::header::{self, AsHeaderName, ETAG, EntityTag, HeaderMap};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::app::App;
use crate::auth::{Caller, Claim, invalid_token};
use crate::db::{Connection, Loan};
use crate::events::Manner;
use crate::ids::CityId;
use crate::messages::word;
use crate::places::ExternalRef;
use crate::policy::Role;
use crate::problem::{Code, Fault, Problem, Rule};
use crate::resource::{Meta, Named, Resource, parent_fields};
use crate::room::Place;

/// A request without its body, as the guard let it pass.
#[derive(Clone)]
pub struct Ask {
    /// What all requests share.
    pub app: Data<App>,
    /// Who asks.
    pub caller: Caller,
    /// The method.
    pub method: Method,
    /// The path.
    pub path: String,
    /// The query, as sent.
    pub query: String,
    /// The header fields.
    pub headers: HeaderMap,
    /// The id of the request.
    pub request_id: String,
    /// The network address it came from.
    pub address: String,
    /// Stands for the body, once it was read.
    pub body_digest: Vec<u8>,
    /// The room that its body takes, once it was read.
    pub place: Option<Arc<Place>>,
    /// What a change by it is, beside what it changes.
    pub manner: Manner,
    parameters: Value,
    ids: Vec<String>,
    claim: Option<Claim>,
    granted: Option<Granted>,
}

/// What the caller's token says, of a request that changes something: put there by the guard, once it was confirmed.
#[derive(Clone)]
pub struct Granted(pub Claim);

/// The query parameters, checked and typed by the contract; put there by the guard.
#[derive(Clone, Default)]
pub struct Parameters(pub Value);

/// The id of a request (`X-Request-Id`); put there by the edge.
#[derive(Clone, Default)]
pub struct RequestId(pub String);

/// The address of the caller; put there by the edge.
#[derive(Clone, Default)]
pub struct Address(pub String);

/// A request to read whose token is well signed, before the database was asked whether that still holds: it is asked in
/// the round trip of the reading itself.
pub struct Asking {
    ask: Ask,
}

impl Asking {
    /// What is asked for. Its caller is who the token says.
    pub fn ask(&self) -> &Ask {
        &self.ask
    }

    /// Asks for the thing whose id stands at this place among the ids of the path.
    #[must_use]
    pub fn at_place(mut self, place: usize) -> Self {
        self.ask.ids.drain(..place.min(self.ask.ids.len()));
        self
    }

    /// Runs `read` for the caller. When the database says that the caller has another role or city by now, `read` runs
    /// again for who the caller is.
    pub async fn read<T>(
        mut self,
        read: impl AsyncFn(&Connection, &Caller) -> Result<T, Problem>,
    ) -> Result<(Ask, Loan, T), Problem> {
        let conn = self.ask.app.db.connection().await?;
        let mut found = match &self.ask.claim {
            None => read(&conn, &self.ask.caller).await,
            Some(claim) => {
                let reading = read(&conn, &claim.caller);
                let (caller, found) = futures_util::join!(claim.confirm(&conn), reading);
                self.ask.caller = caller?;
                found
            }
        };
        if self
            .ask
            .claim
            .as_ref()
            .is_some_and(|claim| claim.caller != self.ask.caller)
        {
            found = read(&conn, &self.ask.caller).await;
        }
        Ok((self.ask, conn, found?))
    }

    /// Goes on with `checked`; what is wrong in it is told only to whose session lives.
    pub async fn with<T>(self, checked: Result<T, Problem>) -> Result<(Self, T), Problem> {
        match checked {
            Ok(value) => Ok((self, value)),
            Err(problem) => {
                self.confirmed().await?;
                Err(problem)
            }
        }
    }

    /// The request, once the database has said who the caller is by now.
    pub async fn confirmed(mut self) -> Result<Ask, Problem> {
        if let Some(claim) = &self.ask.claim {
            let conn = self.ask.app.db.connection().await?;
            self.ask.caller = claim.confirm(&conn).await?;
        }
        Ok(self.ask)
    }
}

impl FromRequest for Ask {
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let asking = Asking::from_request(request, payload).into_inner();
        Box::pin(async { asking?.confirmed().await })
    }
}

impl FromRequest for Asking {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(app) = request.app_data::<Data<App>>() else {
            return ready(Err(Problem::new(Code::Internal)));
        };
        let extensions = request.extensions();
        let claim = extensions.get::<Claim>().cloned();
        let ask = Ask {
            app: app.clone(),
            caller: match &claim {
                Some(claim) => claim.caller.clone(),
                None => extensions
                    .get::<Caller>()
                    .cloned()
                    .unwrap_or(Caller::ANONYMOUS),
            },
            method: request.method().clone(),
            path: request.path().to_owned(),
            query: request.query_string().to_owned(),
            headers: request.headers().clone(),
            request_id: extensions.get::<RequestId>().cloned().unwrap_or_default().0,
            address: extensions.get::<Address>().cloned().unwrap_or_default().0,
            body_digest: Vec::new(),
            place: None,
            manner: Manner::Usual,
            parameters: extensions
                .get::<Parameters>()
                .cloned()
                .unwrap_or_default()
                .0,
            ids: request
                .match_info()
                .iter()
                .map(|(_, id)| id.to_owned())
                .collect(),
            claim,
            granted: extensions.get::<Granted>().cloned(),
        };
        ready(Ok(Self { ask }))
    }
}

impl Ask {
    /// The query parameters as this type.
    pub fn parameters<T: DeserializeOwned + Default>(&self) -> Result<T, Problem> {
        if self.parameters.is_null() {
            return Ok(T::default());
        }
        typed(self.parameters.clone())
    }

    /// The first id in the path, as sent.
    pub fn path_id(&self) -> &str {
        self.path_part(0)
    }

    /// What stands in the path at this place among its ids, as sent.
    pub fn path_part(&self, place: usize) -> &str {
        self.ids.get(place).map(String::as_str).unwrap_or_default()
    }

    /// The id of the `R` in the path; what has not its shape can be no thing's id.
    pub fn id<R: Resource>(&self) -> Result<R::Id, Problem> {
        let parents = parent_fields::<R>().count();
        let first = if R::LOCAL_ID { 0 } else { parents };
        let id = self.ids.get(first..=parents).map(|parts| parts.join("/"));
        id.and_then(|id| id.parse().ok())
            .ok_or(Problem::new(Code::NotFound))
    }

    /// The key of another system that the path ends with, decoded; what has not its shape stands for nothing.
    pub fn external_ref(&self) -> Result<ExternalRef, Problem> {
        let decoded = |place| {
            let part = self.path_part(place).as_bytes();
            let text = percent_encoding::percent_decode(part).decode_utf8();
            let text = text.map_err(|_| Problem::new(Code::NotFound));
            text.map(String::from)
        };
        Ok(ExternalRef {
            system: decoded(0)?,
            key: decoded(1)?,
            city: None,
        })
    }

    /// Who the caller is by now, asked again by what takes long; a problem when what the request was let in by has ended.
    pub async fn confirm(&self, conn: &Connection) -> Result<Caller, Problem> {
        let granted = self.granted.as_ref().map(|granted| &granted.0);
        match self.claim.as_ref().or(granted) {
            Some(claim) => claim.confirm(conn).await,
            None => Ok(self.caller.clone()),
        }
    }

    /// Refuses the caller whose session, account, role or city is not what it was when the request came: asked again
    /// by what takes long.
    pub async fn reconfirm(&self, conn: &Connection) -> Result<(), Problem> {
        if self.confirm(conn).await? != self.caller {
            return Err(invalid_token());
        }
        Ok(())
    }

    /// What the path names after the `R`, as sent: a part of it.
    pub fn part_of<R: Resource>(&self) -> &str {
        let part = self.ids.get(parent_fields::<R>().count() + 1);
        part.map(String::as_str).unwrap_or_default()
    }

    /// The ids in the path before that of the `R`: of what it belongs to.
    pub fn parents<R: Resource>(&self) -> &[String] {
        let count = parent_fields::<R>().count();
        self.ids.get(..count).unwrap_or_default()
    }

    /// What the path says of an `R`: the ids of what it belongs to, by the names of its fields.
    pub fn given<R: Resource>(&self) -> Map<String, Value> {
        let names = parent_fields::<R>().map(str::to_owned);
        names
            .zip(self.parents::<R>().iter().cloned().map(Value::String))
            .collect()
    }

    /// The filter of a list of `R`s: its query parameters, and what the path says. What has not the shape of an id
    /// there is no thing's id.
    pub fn filter<R: Resource>(&self) -> Result<R::Filter, Problem> {
        let mut asked: Map<String, Value> = self.parameters()?;
        let given = self.given::<R>();
        for (name, id) in &given {
            let alone = Map::from_iter([(name.clone(), id.clone())]);
            serde_json::from_value::<R::Filter>(Value::Object(alone))
                .map_err(|_| Problem::new(Code::NotFound))?;
        }
        asked.extend(given);
        typed(Value::Object(asked))
    }

    /// The path of the list of `R`s that the path of the request leads to, below `/v1`.
    pub fn list_path<R: Resource>(&self) -> String {
        let mut ids = self.parents::<R>().iter();
        let filled = R::PATH.split('/').map(|part| match part.starts_with('{') {
            true => ids.next().map(String::as_str).unwrap_or_default(),
            false => part,
        });
        filled.collect::<Vec<_>>().join("/")
    }

    /// A header field as text, its lines joined (RFC 9110, section 5.3); empty when it is not there.
    pub fn header(&self, name: impl AsHeaderName) -> String {
        let lines = self
            .headers
            .get_all(name)
            .filter_map(|value| value.to_str().ok());
        lines.map(str::trim).collect::<Vec<_>>().join(", ")
    }

    /// Whether `If-None-Match` names this ETag (weak comparison, RFC 9110, section 13.1.2).
    pub fn none_match(&self, etag: &str) -> bool {
        let field = self.header(header::IF_NONE_MATCH);
        field == "*" || field.split(',').any(|tag| opaque(tag) == opaque(etag))
    }

    /// Checks `If-Match` against the present ETag: 400 when it cannot be read, 428 when it is missing, 412 when it names
    /// another.
    ///
    /// A proxy that compresses answers turns a strong ETag into a weak one; the version in it is as good.
    pub fn check_if_match(&self, etag: &str) -> Result<(), Problem> {
        let mut lines = self.headers.get_all(header::IF_MATCH);
        if lines.any(|line| line.to_str().is_err()) {
            let fault = Fault::in_parameter("If-Match", Rule::MalformedHeader);
            return Err(Problem::fault(
                fault.with_word("expected", word("expected", "etag")),
            ));
        }
        let field = self.header(header::IF_MATCH);
        if field.is_empty() {
            return Err(Problem::new(Code::PreconditionRequired).header(ETAG, etag));
        }
        if field == "*" || field.split(',').any(|tag| opaque(tag) == etag) {
            return Ok(());
        }
        let is_tag = |tag: &str| tag.trim().parse::<EntityTag>().is_ok();
        if !field.split(',').all(is_tag) {
            return Err(precondition_failed("unquoted", etag));
        }
        Err(precondition_failed("changed", etag))
    }

    /// The ETags that `If-Match` names.
    pub fn tags_to_match(&self) -> Vec<String> {
        let field = self.header(header::IF_MATCH);
        field.split(',').map(|tag| opaque(tag).to_owned()).collect()
    }

    /// Whether `Prefer` (RFC 7240) names this preference, such as `return=minimal`, which spares the body.
    pub fn prefers(&self, wanted: &str) -> bool {
        self.header("prefer")
            .split([',', ';'])
            .any(|preference| preference.trim().replace('"', "") == wanted)
    }
}

/// Of whose keys a request speaks that names a thing by one.
#[derive(Clone, Debug, Default, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RefParams {
    /// For admins: the city whose system knows it by the key. A city user speaks of the own city's.
    pub city: Option<CityId>,
}

impl RefParams {
    /// The city of whose keys `caller` speaks: the own one; `None`: the caller has not said.
    pub fn city(&self, caller: &Caller) -> Result<Option<CityId>, Problem> {
        match (&caller.city, &self.city, caller.role) {
            (Some(own), asked, _) if asked.as_ref().is_none_or(|asked| asked == own) => {
                Ok(Some(own.clone()))
            }
            (None, asked, Role::Admin) => Ok(asked.clone()),
            _ => Err(Problem::new(Code::NotFound)),
        }
    }

    /// The cities of whose keys `caller` speaks; `None`: all.
    pub fn cities(&self, caller: &Caller) -> Result<Option<Vec<CityId>>, Problem> {
        Ok(self.city(caller)?.map(|city| vec![city]))
    }
}

/// The one thing among what a reference stands for; which it is must be said when there are several.
pub fn only<I: PartialEq>(named: Vec<Named<I>>) -> Result<Option<I>, Problem> {
    let cities: Vec<String> = named.iter().map(|it| it.city.to_string()).collect();
    let mut ids = named.into_iter().map(|it| it.id);
    let first = ids.next();
    if ids.any(|id| Some(&id) != first.as_ref()) {
        let fault = Fault::in_parameter("city", Rule::AmbiguousReference);
        return Err(Problem::fault(fault.with("cities", cities.join(", "))));
    }
    Ok(first)
}

fn typed<T: DeserializeOwned>(parameters: Value) -> Result<T, Problem> {
    // The error would quote what was sent.
    serde_json::from_value(parameters).map_err(|_| {
        let expected = std::any::type_name::<T>();
        tracing::error!(
            expected,
            "parameters that the contract lets pass do not fit their type"
        );
        Problem::new(Code::Internal)
    })
}

/// What a 412 says: that the thing has `changed`, is `absent` or is `present`, or that what was sent is `unquoted` and so
/// no ETag; that of the thing is empty where it is absent.
pub fn precondition_failed(state: &'static str, etag: &str) -> Problem {
    let problem = Problem::new(Code::PreconditionFailed);
    let problem = problem.with("state", state).with("etag", etag);
    match etag {
        "" => problem,
        etag => problem.header(ETAG, etag),
    }
}

fn opaque(tag: &str) -> &str {
    let tag = tag.trim();
    tag.strip_prefix("W/").unwrap_or(tag)
}

/// The strong ETag of what is stored: its version, and when that was written, so that a version that was lost with a
/// restored backup, or of a thing that was deleted and made again, is never taken for another; and what else its answer
/// depends on, where there is something.
pub fn etag(meta: Meta) -> String {
    let (version, at) = (meta.version, meta.updated_at.timestamp_micros());
    match meta.beside {
        0 => format!("\"{version}.{at:x}\""),
        beside => format!("\"{version}.{at:x}.{beside:x}\""),
    }
}
