//! The service as its clients see it: HTTP and JSON, with the patience that a bad line needs.
//!
//! Every request can be sent again without harm, so it is, with pauses that double, until it is answered or patience
//! ends: by its key nothing is made twice, and `If-Match` replaces nothing twice.

use std::cell::RefCell;
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{
    ACCEPT, CONTENT_TYPE, ETAG, HeaderMap, IF_MATCH, IF_NONE_MATCH, RETRY_AFTER,
};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::io::{AsyncBufRead, AsyncBufReadExt};
use tokio_util::io::StreamReader;

use super::document::{State, with_keys};

/// The media type of lines of JSON.
pub const NDJSON: &str = "application/x-ndjson";

/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// How long a connection may be silent.
const SILENCE: Duration = Duration::from_secs(60);

/// Why a run cannot go on.
#[derive(Debug)]
pub enum Failure {
    /// Nothing was heard of the service, or nothing of use, for as long as patience lasted.
    Unreachable(String),
    /// The service does not let us in, or answers what nobody expects.
    Refused(String),
    /// The folder cannot be read or written.
    Disk(std::io::Error),
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Disk(error)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreachable(why) => write!(f, "the service cannot be reached: {why}"),
            Self::Refused(why) => f.write_str(why),
            Self::Disk(error) => write!(f, "the folder: {error}"),
        }
    }
}

impl std::error::Error for Failure {}

/// What signs in.
pub struct Login {
    /// The id of a machine client.
    pub id: String,
    /// Its secret.
    pub secret: SecretString,
}

/// What a write leads to.
#[derive(Debug)]
pub enum Written {
    /// It is stored, or was already; in a dry run nothing is.
    Stored(Option<Box<State>>),
    /// Somebody else has written since.
    Stale,
    /// There is no such plan (any more).
    Gone,
    /// It is not accepted: a problem document.
    Refused(Value),
}

/// Under which condition a plan is written.
#[derive(Clone, Debug)]
pub enum Condition {
    /// Only where there is none.
    New,
    /// Only where this ETag is that of its state.
    Matches(String),
}

/// A part of the feed.
pub struct Page {
    /// Id, version and whether it is gone.
    pub changes: Vec<(String, i64, bool)>,
    /// Where to go on.
    pub cursor: String,
    /// Whether there is more already.
    pub is_last: bool,
}

/// The service.
pub struct Api {
    http: Client,
    /// Its origin.
    pub url: String,
    /// The system whose keys plans are known by.
    pub system: String,
    /// The city, whose plans are kept in step.
    pub city: String,
    login: Login,
    token: RefCell<Option<(String, Instant)>>,
    /// How long something is tried.
    pub patience: Duration,
    is_dry: bool,
}

struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Value,
}

impl Api {
    /// The service at `url`; signs in, and finds out for which city unless that is said.
    pub async fn open(
        url: &str,
        system: String,
        city: Option<String>,
        login: Login,
        (patience, is_dry): (Duration, bool),
    ) -> Result<Self, Failure> {
        let agent = concat!("iuc-sync/", env!("CARGO_PKG_VERSION"));
        let http = Client::builder()
            .user_agent(agent)
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(SILENCE)
            .build()
            .map_err(|error| Failure::Refused(told(&error)))?;
        let url = url.trim_end_matches('/').trim_end_matches("/v1");
        let mut api = Self {
            http,
            url: url.to_owned(),
            system,
            city: city.unwrap_or_default(),
            login,
            token: RefCell::new(None),
            patience,
            is_dry,
        };
        if api.city.is_empty() {
            api.city = api.own_city().await?;
        }
        Ok(api)
    }

    async fn own_city(&self) -> Result<String, Failure> {
        let token = self.token().await?;
        let url = format!("{}/oauth/introspect", self.url);
        let answer = self
            .patiently(async || {
                Ok(self
                    .as_client(&url)
                    .form(&[("token", &token)])
                    .send()
                    .await?)
            })
            .await?;
        let answer = read(answer).await?;
        let city = answer.body.get("city").and_then(Value::as_str);
        city.map(str::to_owned).ok_or_else(|| {
            Failure::Refused("the client belongs to no city: say whose plans with --city".into())
        })
    }

    /// The state of a plan.
    pub async fn plan(&self, id: &str) -> Result<Option<State>, Failure> {
        self.read_plan(format!("{}/v1/action-plans/{id}", self.url))
            .await
    }

    /// The state of the plan that has this key.
    pub async fn plan_by_key(&self, key: &str) -> Result<Option<State>, Failure> {
        self.read_plan(self.by_key(key)).await
    }

    async fn read_plan(&self, url: String) -> Result<Option<State>, Failure> {
        let answer = self.send(Method::GET, &url, |request| request).await?;
        match answer.status {
            StatusCode::OK => self.state(answer).map(Some),
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(unexpected("GET", &url, &answer)),
        }
    }

    /// Writes the plan that has these keys, the first of which names it. Where somebody else has written something else
    /// in it, both are brought together.
    pub async fn put(
        &self,
        keys: &[String],
        document: &Value,
        condition: &Condition,
    ) -> Result<Written, Failure> {
        let url = self.by_key(keys.first().map_or("", String::as_str));
        let body = with_keys(document, &self.system, keys);
        let answer = self
            .send(Method::PUT, &url, |request| {
                let request = match condition {
                    Condition::New => request.header(IF_NONE_MATCH, "*"),
                    Condition::Matches(etag) => request.header(IF_MATCH, etag),
                };
                request.header("Prefer", "conflict=merge").json(&body)
            })
            .await?;
        self.written(answer, "PUT", &url)
    }

    /// Removes the plan that has this key.
    pub async fn delete(&self, key: &str, etag: &str) -> Result<Written, Failure> {
        let url = self.by_key(key);
        let answer = self
            .send(Method::DELETE, &url, |request| {
                request.header(IF_MATCH, etag)
            })
            .await?;
        match answer.status {
            StatusCode::NO_CONTENT | StatusCode::OK => Ok(Written::Gone),
            _ => self.written(answer, "DELETE", &url),
        }
    }

    fn written(&self, answer: Answer, method: &str, url: &str) -> Result<Written, Failure> {
        Ok(match answer.status {
            StatusCode::OK | StatusCode::CREATED if self.is_dry => Written::Stored(None),
            StatusCode::OK | StatusCode::CREATED => {
                Written::Stored(Some(Box::new(self.state(answer)?)))
            }
            StatusCode::PRECONDITION_FAILED => Written::Stale,
            StatusCode::NOT_FOUND => Written::Gone,
            status if status.is_client_error() => Written::Refused(answer.body),
            _ => return Err(unexpected(method, url, &answer)),
        })
    }

    /// What has changed after a place in the feed, waiting for as long when there is nothing; none: the place is no more.
    pub async fn changes(&self, after: &str, wait: u32) -> Result<Option<Page>, Failure> {
        let url = format!(
            "{}/v1/changes?type=action_plan&city={}&limit=500&wait={wait}&after={after}",
            self.url, self.city
        );
        let answer = self.send(Method::GET, &url, |request| request).await?;
        let page = &answer.body;
        match (answer.status, page.get("items"), page.get("cursor")) {
            (StatusCode::GONE, ..) => Ok(None),
            (StatusCode::OK, Some(Value::Array(items)), Some(Value::String(cursor))) => {
                Ok(Some(Page {
                    changes: items.iter().filter_map(change).collect(),
                    cursor: cursor.clone(),
                    is_last: page.get("next").is_none_or(Value::is_null),
                }))
            }
            _ => Err(unexpected("GET", &url, &answer)),
        }
    }

    /// All plans of the city as lines, the last of which says where the feed goes on.
    pub async fn export(&self) -> Result<Lines, Failure> {
        let url = format!("{}/v1/action-plans?city={}", self.url, self.city);
        let answer = self
            .open_answer(Method::GET, &url, |request| request.header(ACCEPT, NDJSON))
            .await?;
        self.lines(answer, "GET", &url).await
    }

    /// Sends lines, each a plan with its key, and answers lines, each what came of one.
    pub async fn bulk(&self, body: impl Fn() -> reqwest::Body) -> Result<Lines, Failure> {
        let dry_run = if self.is_dry { "&dryrun=true" } else { "" };
        let url = format!(
            "{}/v1/action-plans/bulk?city={}{dry_run}",
            self.url, self.city
        );
        let answer = self
            .open_answer(Method::POST, &url, |request| {
                request.header(CONTENT_TYPE, NDJSON).body(body())
            })
            .await?;
        self.lines(answer, "POST", &url).await
    }

    async fn lines(&self, answer: Response, method: &str, url: &str) -> Result<Lines, Failure> {
        match answer.status() {
            StatusCode::OK => Ok(Lines::of(answer)),
            _ => Err(unexpected(method, url, &read(answer).await?)),
        }
    }

    /// A line's document as a state.
    pub fn exported(&self, plan: Value) -> Option<State> {
        State::of(plan, None, &self.system)
    }

    fn state(&self, answer: Answer) -> Result<State, Failure> {
        let etag = answer.headers.get(ETAG).and_then(|tag| tag.to_str().ok());
        let etag = etag.map(str::to_owned);
        State::of(answer.body, etag, &self.system)
            .ok_or_else(|| Failure::Refused("the service answers what is no plan".into()))
    }

    fn by_key(&self, key: &str) -> String {
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let (system, key) = (encoded(&self.system), encoded(key));
        let dry_run = if self.is_dry { "&dryrun=true" } else { "" };
        format!(
            "{}/v1/action-plans/by-ref/{system}/{key}?city={}{dry_run}",
            self.url, self.city
        )
    }

    async fn send(
        &self,
        method: Method,
        url: &str,
        with: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Answer, Failure> {
        self.patiently(async || read(self.authorized(&method, url, &with).await?).await)
            .await
    }

    async fn open_answer(
        &self,
        method: Method,
        url: &str,
        with: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, Failure> {
        self.patiently(async || self.authorized(&method, url, &with).await)
            .await
    }

    /// With a token; a token that ended meanwhile is renewed once.
    async fn authorized(
        &self,
        method: &Method,
        url: &str,
        with: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, Bad> {
        let mut was_renewed = false;
        loop {
            let token = self.token_now().await?;
            let request = self.http.request(method.clone(), url).bearer_auth(token);
            let answer = with(request).send().await?;
            if answer.status() != StatusCode::UNAUTHORIZED || was_renewed {
                return passed(answer);
            }
            was_renewed = true;
            self.token.replace(None);
        }
    }

    async fn token(&self) -> Result<String, Failure> {
        self.patiently(async || self.token_now().await).await
    }

    async fn token_now(&self) -> Result<String, Bad> {
        if let Some((token, until)) = &*self.token.borrow()
            && *until > Instant::now()
        {
            return Ok(token.clone());
        }
        let url = format!("{}/oauth/token", self.url);
        let form = [("grant_type", "client_credentials")];
        let answer = passed(self.as_client(&url).form(&form).send().await?)?;
        let answer = read(answer).await?;
        let (token, life) = (
            answer.body.get("access_token").and_then(Value::as_str),
            answer.body.get("expires_in").and_then(Value::as_u64),
        );
        let Some(token) = token else {
            let why = answer.body.get("error_description");
            let why = why.or(answer.body.get("detail")).and_then(Value::as_str);
            let why = why.unwrap_or("no token is given").to_owned();
            let text = format!("signing in at {url} as {}: {why}", self.login.id);
            return Err(Bad::Final(Failure::Refused(text)));
        };
        // Renewed in time: a request that is on its way is not to meet the end of its token.
        let life = Duration::from_secs(life.unwrap_or(60)) * 4 / 5;
        let held = (token.to_owned(), Instant::now() + life);
        self.token.replace(Some(held));
        Ok(token.to_owned())
    }

    fn as_client(&self, url: &str) -> RequestBuilder {
        let (id, secret) = (&self.login.id, self.login.secret.expose_secret());
        self.http.post(url).basic_auth(id, Some(secret))
    }

    /// Tries until there is an answer, for as long as patience lasts.
    async fn patiently<T>(&self, attempt: impl AsyncFn() -> Result<T, Bad>) -> Result<T, Failure> {
        let begin = Instant::now();
        let mut pause = Duration::from_millis(500);
        loop {
            let (why, asked) = match attempt().await {
                Ok(answer) => return Ok(answer),
                Err(Bad::Final(failure)) => return Err(failure),
                Err(Bad::Passing(why, asked)) => (why, asked),
            };
            let wait = asked.unwrap_or_default().max(between_half_and_whole(pause));
            if begin.elapsed() + wait > self.patience {
                return Err(Failure::Unreachable(why));
            }
            tokio::time::sleep(wait).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }
}

/// Why there is no answer.
enum Bad {
    /// It may be answered when it is sent again, not before some time where that is said.
    Passing(String, Option<Duration>),
    /// Sending it again does not help.
    Final(Failure),
}

impl From<reqwest::Error> for Bad {
    fn from(error: reqwest::Error) -> Self {
        match error.is_builder() {
            true => Self::Final(Failure::Refused(told(&error))),
            false => Self::Passing(told(&error), None),
        }
    }
}

impl From<Failure> for Bad {
    fn from(failure: Failure) -> Self {
        Self::Final(failure)
    }
}

impl From<Bad> for Failure {
    fn from(bad: Bad) -> Self {
        match bad {
            Bad::Passing(why, _) => Self::Unreachable(why),
            Bad::Final(failure) => failure,
        }
    }
}

/// The answer, unless it says to come again.
fn passed(answer: Response) -> Result<Response, Bad> {
    let status = answer.status();
    if !matches!(status.as_u16(), 408 | 429 | 500..) {
        return Ok(answer);
    }
    let after = answer.headers().get(RETRY_AFTER);
    let seconds = after.and_then(|after| after.to_str().ok()?.parse().ok());
    let why = format!("it answers {status}");
    Err(Bad::Passing(why, seconds.map(Duration::from_secs)))
}

async fn read(answer: Response) -> Result<Answer, Bad> {
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.bytes().await?;
    Ok(Answer {
        status,
        headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    })
}

fn change(item: &Value) -> Option<(String, i64, bool)> {
    let id = item.get("id")?.as_str()?.to_owned();
    let version = item.get("version")?.as_i64()?;
    Some((id, version, item.get("action")? == "deleted"))
}

fn unexpected(method: &str, url: &str, answer: &Answer) -> Failure {
    let detail = answer.body.get("detail").and_then(Value::as_str);
    let detail = detail.unwrap_or("nobody knows why");
    Failure::Refused(format!(
        "{method} {url} answers {}: {detail}",
        answer.status
    ))
}

/// An error with what caused it.
fn told(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Some chance, so that many who lost the service at once do not come back at once.
fn between_half_and_whole(pause: Duration) -> Duration {
    let chance = RandomState::new().hash_one(pause) % 512;
    pause * u32::try_from(512 + chance).unwrap_or(1024) / 1024
}

/// Lines of JSON as they come.
pub struct Lines {
    reader: Pin<Box<dyn AsyncBufRead>>,
}

impl Lines {
    fn of(answer: Response) -> Self {
        let bytes = answer.bytes_stream().map_err(std::io::Error::other);
        Self {
            reader: Box::pin(StreamReader::new(bytes)),
        }
    }

    /// The next one; none at the end. A line that breaks off is a broken connection.
    pub async fn next(&mut self) -> Result<Option<Value>, Failure> {
        let mut line = Vec::new();
        let length = self.reader.read_until(b'\n', &mut line).await;
        match length {
            Err(error) => Err(Failure::Unreachable(told(&error))),
            Ok(0) => Ok(None),
            Ok(_) if !line.ends_with(b"\n") => Err(Failure::Unreachable("a line broke off".into())),
            Ok(_) => serde_json::from_slice(&line)
                .map(Some)
                .map_err(|error| Failure::Refused(format!("a line is no JSON: {error}"))),
        }
    }
}
