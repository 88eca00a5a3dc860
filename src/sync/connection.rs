//! A line to the service, however bad: signed in, and with patience.
//!
//! Every request can be sent again without harm, so it is, with pauses that double, until it is answered or patience
//! ends: by its key nothing is made twice, and `If-Match` replaces nothing twice.

use std::cell::RefCell;
use std::hash::{BuildHasher, RandomState};
use std::io::Write;
use std::pin::Pin;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::io::{AsyncBufRead, AsyncBufReadExt};
use tokio_util::io::StreamReader;

use crate::body;

/// The first pause between two tries.
const FIRST_PAUSE: Duration = Duration::from_millis(500);

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

/// A line to the service.
pub struct Connection {
    http: Client,
    /// The origin of the service.
    pub url: String,
    login: Login,
    token: RefCell<Option<(String, Instant)>>,
    /// How long something is tried.
    patience: Duration,
    /// Whether somebody watches, and wonders why nothing happens.
    pub is_watched: bool,
}

/// What the service says.
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its header fields.
    pub headers: HeaderMap,
    /// Its body, as JSON; null when it is none.
    pub body: Value,
}

impl Connection {
    /// A line to the service at `url`; nothing is sent yet.
    pub fn to(url: &str, login: Login, patience: Duration) -> Result<Self, Failure> {
        let agent = concat!("iuc-sync/", env!("CARGO_PKG_VERSION"));
        let http = Client::builder()
            .user_agent(agent)
            .connect_timeout(Duration::from_secs(10))
            .read_timeout(SILENCE)
            .redirect(Policy::none())
            .build()
            .map_err(|error| Failure::Refused(told(&error)))?;
        Ok(Self {
            http,
            url: url.to_owned(),
            login,
            token: RefCell::new(None),
            patience,
            is_watched: false,
        })
    }

    /// What the service tells of our token.
    pub async fn who_we_are(&self) -> Result<Value, Failure> {
        let token = self.patiently(async || self.token_now().await).await?;
        let url = format!("{}/oauth/introspect", self.url);
        let ask = async || {
            let question = self.as_client(&url).form(&[("token", &token)]);
            read(passed(question.send().await?)?).await
        };
        Ok(self.patiently(ask).await?.body)
    }

    /// Sends a request, again until it is answered.
    pub async fn send(
        &self,
        method: Method,
        url: &str,
        with: impl Fn(RequestBuilder) -> RequestBuilder,
    ) -> Result<Answer, Failure> {
        self.patiently(async || read(self.authorized(&method, url, &with).await?).await)
            .await
    }

    /// The same, with an answer whose body is still to be read.
    pub async fn open_answer(
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

    /// Patience that begins now.
    pub fn patience(&self) -> Patience {
        Patience {
            length: self.patience,
            since: Instant::now(),
            pause: FIRST_PAUSE,
        }
    }

    /// Tries until there is an answer, for as long as patience lasts.
    async fn patiently<T>(&self, attempt: impl AsyncFn() -> Result<T, Bad>) -> Result<T, Failure> {
        let mut patience = self.patience();
        loop {
            let (why, asked) = match attempt().await {
                Ok(answer) => return Ok(answer),
                Err(Bad::Final(failure)) => return Err(failure),
                Err(Bad::Passing(why, asked)) => (why, asked),
            };
            let is_first = patience.pause == FIRST_PAUSE;
            let Some(pause) = patience.pause(asked) else {
                return Err(Failure::Unreachable(why));
            };
            if self.is_watched && is_first {
                let seconds = self.patience.as_secs();
                let text = format!("iuc sync: no answer yet, trying for {seconds} seconds: {why}");
                let _ = writeln!(std::io::stderr(), "{text}");
            }
            tokio::time::sleep(pause).await;
        }
    }
}

/// How long something is tried that does not get on, with pauses that double.
pub struct Patience {
    length: Duration,
    since: Instant,
    pause: Duration,
}

impl Patience {
    /// It gets on: patience begins anew.
    pub fn renew(&mut self) {
        self.since = Instant::now();
        self.pause = FIRST_PAUSE;
    }

    /// The pause before the next try, as long as was `asked` for or longer; none when patience has ended by then.
    pub fn pause(&mut self, asked: Option<Duration>) -> Option<Duration> {
        let pause = asked
            .unwrap_or_default()
            .max(between_half_and_whole(self.pause));
        self.pause = LONGEST_PAUSE.min(self.pause * 2);
        (self.since.elapsed() + pause <= self.length).then_some(pause)
    }
}

/// Why there is no answer.
pub enum Bad {
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

/// The answer, unless it says to come again, or to go elsewhere: that is for a person to say, as the secret goes there.
fn passed(answer: Response) -> Result<Response, Bad> {
    let status = answer.status();
    if status.is_redirection()
        && let Some(other) = answer.headers().get(LOCATION)
    {
        let (url, other) = (answer.url(), String::from_utf8_lossy(other.as_bytes()));
        let text = format!("{url} leads to {other}: say with --url where the service is");
        return Err(Bad::Final(Failure::Refused(text)));
    }
    if !matches!(status.as_u16(), 408 | 429 | 500..) {
        return Ok(answer);
    }
    let after = answer.headers().get(RETRY_AFTER);
    let seconds = after.and_then(|after| after.to_str().ok()?.parse().ok());
    let why = format!("it answers {status}");
    Err(Bad::Passing(why, seconds.map(Duration::from_secs)))
}

/// JSON of the service, to be compared with that of files: in both `700.0` and `700` are one number.
fn value(text: &[u8]) -> serde_json::Result<Value> {
    let mut value = serde_json::from_slice(text)?;
    body::level(&mut value);
    Ok(value)
}

/// The whole of an answer.
pub async fn read(answer: Response) -> Result<Answer, Bad> {
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.bytes().await?;
    Ok(Answer {
        status,
        headers,
        body: value(&body).unwrap_or_default(),
    })
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
    /// The body of an answer.
    pub fn of(answer: Response) -> Self {
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
            Ok(_) => value(&line)
                .map(Some)
                .map_err(|error| Failure::Refused(format!("a line is no JSON: {error}"))),
        }
    }
}
