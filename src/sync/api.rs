//! The service as its clients see it: its plans by their keys, its feed, its exports.

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{ACCEPT, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;

use super::connection::{Answer, Connection, Failure, Lines, read};
use super::document::{State, with_keys};

/// The media type of lines of JSON.
const NDJSON: &str = "application/x-ndjson";

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
    /// The line to it.
    pub line: Connection,
    /// The system whose keys plans are known by.
    pub system: String,
    /// The city, whose plans are kept in step.
    pub city: String,
    is_dry: bool,
}

impl Api {
    /// The service; signs in to find out for which city, unless that is said.
    pub async fn open(
        line: Connection,
        system: String,
        city: Option<String>,
        is_dry: bool,
    ) -> Result<Self, Failure> {
        let city = match city {
            Some(city) => city,
            None => {
                let told = line.who_we_are().await?;
                let city = told.get("city").and_then(Value::as_str);
                let why = "the client belongs to no city: say whose plans with --city";
                city.ok_or_else(|| Failure::Refused(why.into()))?.to_owned()
            }
        };
        Ok(Self {
            line,
            system,
            city,
            is_dry,
        })
    }

    /// The state of a plan.
    pub async fn plan(&self, id: &str) -> Result<Option<State>, Failure> {
        self.read_plan(format!("{}/v1/action-plans/{id}", self.line.url))
            .await
    }

    /// The state of the plan that has this key.
    pub async fn plan_by_key(&self, key: &str) -> Result<Option<State>, Failure> {
        self.read_plan(self.by_key(key)).await
    }

    /// The plan as it was made, when it has been changed since.
    pub async fn first_version(&self, plan: &State) -> Result<Option<State>, Failure> {
        if plan.version == 1 {
            return Ok(None);
        }
        let url = format!("{}/v1/action-plans/{}/versions/1", self.line.url, plan.id);
        self.read_plan(url).await
    }

    async fn read_plan(&self, url: String) -> Result<Option<State>, Failure> {
        let answer = self.line.send(Method::GET, &url, |request| request).await?;
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
        let key = keys.first().map_or("", String::as_str);
        let url = self.by_key(key) + self.dry_run();
        let body = with_keys(document, &self.system, &self.city, keys);
        let answer = self
            .line
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
        let url = self.by_key(key) + self.dry_run();
        let answer = self
            .line
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
            self.line.url, self.city
        );
        let answer = self.line.send(Method::GET, &url, |request| request).await?;
        let page = &answer.body;
        match (answer.status, page.get("items"), page.get("cursor")) {
            (StatusCode::GONE, ..) => Ok(None),
            (StatusCode::BAD_REQUEST, ..) if is_no_place(page) => Ok(None),
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
        let url = format!("{}/v1/action-plans?city={}", self.line.url, self.city);
        let answer = self
            .line
            .open_answer(Method::GET, &url, |request| request.header(ACCEPT, NDJSON))
            .await?;
        self.lines(answer, "GET", &url).await
    }

    /// Sends lines, each a new plan with its key, and answers lines, each what came of one. Nothing is replaced.
    pub async fn bulk(&self, body: impl Fn() -> reqwest::Body) -> Result<Lines, Failure> {
        let url = format!(
            "{}/v1/action-plans/bulk?city={}{}",
            self.line.url,
            self.city,
            self.dry_run()
        );
        let answer = self
            .line
            .open_answer(Method::POST, &url, |request| {
                let request = request.header(CONTENT_TYPE, NDJSON);
                request.header(IF_NONE_MATCH, "*").body(body())
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
        State::of(plan, None, &self.system, &self.city)
    }

    fn state(&self, answer: Answer) -> Result<State, Failure> {
        let etag = answer.headers.get(ETAG).and_then(|tag| tag.to_str().ok());
        let etag = etag.map(str::to_owned);
        State::of(answer.body, etag, &self.system, &self.city)
            .ok_or_else(|| Failure::Refused("the service answers what is no plan".into()))
    }

    fn by_key(&self, key: &str) -> String {
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let (system, key) = (encoded(&self.system), encoded(key));
        format!(
            "{}/v1/action-plans/by-ref/{system}/{key}?city={}",
            self.line.url, self.city
        )
    }

    /// What a write says beside, so that a dry run stores nothing.
    fn dry_run(&self) -> &'static str {
        if self.is_dry { "&dryrun=true" } else { "" }
    }
}

/// Whether a problem says that a cursor leads nowhere, such as one of a service that began with another database.
fn is_no_place(problem: &Value) -> bool {
    let code = problem.pointer("/errors/0/code");
    code.and_then(Value::as_str) == Some("feed_cursor")
}

fn change(item: &Value) -> Option<(String, i64, bool)> {
    let id = item.get("id")?.as_str()?.to_owned();
    let version = item.get("version")?.as_i64()?;
    Some((id, version, item.get("action")? == "deleted"))
}

fn unexpected(method: &str, url: &str, answer: &Answer) -> Failure {
    let detail = |problem: &Value| problem.get("detail")?.as_str().map(str::to_owned);
    let faults = answer.body.get("errors").and_then(Value::as_array);
    let mut why: Vec<String> = faults.into_iter().flatten().filter_map(detail).collect();
    if why.is_empty() {
        why.push(detail(&answer.body).unwrap_or("nobody knows why".into()));
    }
    let (status, why) = (answer.status, why.join(" "));
    Failure::Refused(format!("{method} {url} answers {status}: {why}"))
}
