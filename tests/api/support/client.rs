//! A client of the API that says what it expects.

use iuc::problem::Code;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

/// Somebody who sends requests.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    /// The access token, unless anonymous.
    pub token: Option<String>,
}

/// A request that is put together.
pub struct Request {
    builder: reqwest::RequestBuilder,
    line: String,
    url: String,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// Method and path of the request.
    pub line: String,
    /// Its status.
    pub status: u16,
    /// Its header fields.
    pub headers: HeaderMap,
    /// Its body as it came.
    pub bytes: Vec<u8>,
    /// Its body as JSON; null when it is none.
    pub body: Value,
    /// Where the service is reached.
    pub url: String,
}

impl Client {
    /// Of the service at `url`.
    pub fn new(url: &str, token: Option<String>) -> Self {
        let http = reqwest::Client::builder()
            .no_gzip()
            .no_brotli()
            .no_zstd()
            // The services of the tests speak plain HTTP: nothing is to be looked up in the system's certificates.
            .tls_certs_only([])
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            http,
            url: url.to_owned(),
            token,
        }
    }

    /// The same client with another token.
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// A request for `path`, which may also be a whole URL, as in `next`.
    pub fn request(&self, method: &str, path: &str) -> Request {
        let target = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.url)
        };
        let mut builder = self
            .http
            .request(Method::from_bytes(method.as_bytes()).unwrap(), target);
        if let Some(token) = &self.token {
            builder = builder.bearer_auth(token);
        }
        Request {
            builder,
            line: format!("{method} {path}"),
            url: self.url.clone(),
        }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Reply {
        self.request("GET", path).send().await
    }

    /// POST of JSON.
    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.request("POST", path).json(&body).send().await
    }

    /// PUT of JSON.
    pub async fn put(&self, path: &str, etag: &str, body: Value) -> Reply {
        self.request("PUT", path)
            .header("If-Match", etag)
            .json(&body)
            .send()
            .await
    }

    /// PATCH by JSON Merge Patch.
    pub async fn patch(&self, path: &str, etag: &str, body: Value) -> Reply {
        self.request("PATCH", path)
            .header("If-Match", etag)
            .body("application/merge-patch+json", body.to_string())
            .send()
            .await
    }

    /// PATCH by JSON Patch.
    pub async fn json_patch(&self, path: &str, etag: &str, body: Value) -> Reply {
        self.request("PATCH", path)
            .header("If-Match", etag)
            .body("application/json-patch+json", body.to_string())
            .send()
            .await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str, etag: &str) -> Reply {
        self.request("DELETE", path)
            .header("If-Match", etag)
            .send()
            .await
    }

    /// Every item of a list, page by page.
    pub async fn all(&self, path: &str) -> Vec<Value> {
        let mut items = Vec::new();
        let mut next = Some(path.to_owned());
        while let Some(path) = next {
            let page = self.get(&path).await.expect(200);
            items.extend(page.items());
            next = page.body["next"].as_str().map(str::to_owned);
            assert!(items.len() < 10_000, "the pages of {path} never end");
        }
        items
    }
}

impl Request {
    /// With a header field.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        self.builder = self
            .builder
            .header(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        self
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// With a body of any kind.
    #[must_use]
    pub fn body(mut self, media_type: &str, body: impl Into<reqwest::Body>) -> Self {
        self.builder = self.builder.header("Content-Type", media_type).body(body);
        self
    }

    /// Sends it.
    pub async fn send(self) -> Reply {
        let reply = self.try_send().await;
        reply.unwrap_or_else(|error| panic!("no answer: {error:?}"))
    }

    /// Sends it, and leaves the answer to be read as it comes.
    pub async fn open(self) -> reqwest::Response {
        self.builder.send().await.unwrap()
    }

    /// As [`Request::open`]; there may be no answer.
    pub async fn try_open(self) -> reqwest::Result<reqwest::Response> {
        self.builder.send().await
    }

    /// Sends it; there may be no answer.
    pub async fn try_send(self) -> reqwest::Result<Reply> {
        let answer = self.builder.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = answer.bytes().await?.to_vec();
        let reply = Reply {
            line: self.line,
            status,
            headers,
            body: serde_json::from_slice(&bytes).unwrap_or_default(),
            bytes,
            url: self.url,
        };
        super::contract::check(&reply);
        Ok(reply)
    }
}

impl Reply {
    /// Demands this status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// Demands a whole problem document of this kind.
    #[track_caller]
    pub fn problem(self, code: &str) -> Self {
        let status = Code::named(code)
            .unwrap_or_else(|| panic!("no such code: {code}"))
            .status()
            .as_u16();
        assert_eq!(
            (self.status, self.code()),
            (status, code.to_owned()),
            "{self}"
        );
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.header("cache-control"), "no-store", "{self}");
        assert_eq!(self.body["status"], status, "{self}");
        assert_eq!(
            self.body["type"],
            format!("{}/problems/{code}", self.url),
            "{self}"
        );
        assert_eq!(
            self.body["request_id"],
            self.header("x-request-id"),
            "{self}"
        );
        for member in ["title", "detail", "instance"] {
            let text = self.body[member].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "no {member}: {self}");
        }
        self
    }

    /// The kind of problem; empty when it is none.
    pub fn code(&self) -> String {
        let kind = self.body["type"].as_str().unwrap_or_default();
        let code = kind.rsplit_once("/problems/").map(|(_, code)| code);
        code.unwrap_or_default().to_owned()
    }

    /// Each fault of an input: where, and which rule.
    pub fn faults(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let errors = self.body["errors"].as_array().cloned().unwrap_or_default();
        errors
            .iter()
            .map(|fault| {
                let place = fault.get("pointer").or_else(|| fault.get("parameter"));
                assert!(!text(&fault["detail"]).is_empty(), "no detail: {fault}");
                (text(place.unwrap_or(&Value::Null)), text(&fault["code"]))
            })
            .collect()
    }

    /// Demands `invalid_input` with exactly these faults, in any order.
    #[track_caller]
    pub fn refused(self, expected: &[(&str, &str)]) -> Self {
        let reply = self.problem("invalid_input");
        let mut found = reply.faults();
        let mut expected: Vec<_> = expected
            .iter()
            .map(|(place, code)| ((*place).to_owned(), (*code).to_owned()))
            .collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{reply}");
        reply
    }

    /// A header field; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The names that a header field lists, in lower case, from all its lines.
    pub fn listed(&self, name: &str) -> Vec<String> {
        let lines = self.headers.get_all(name).iter();
        let mut names: Vec<String> = lines
            .flat_map(|line| line.to_str().unwrap_or_default().split(','))
            .map(|part| part.trim().to_ascii_lowercase())
            .filter(|part| !part.is_empty())
            .collect();
        names.sort();
        names
    }

    /// The ETag, which there must be.
    #[track_caller]
    pub fn etag(&self) -> String {
        let etag = self.header("etag");
        assert!(!etag.is_empty(), "no ETag: {self}");
        etag.to_owned()
    }

    /// The items of a list.
    #[track_caller]
    pub fn items(&self) -> Vec<Value> {
        self.body["items"]
            .as_array()
            .unwrap_or_else(|| panic!("no items: {self}"))
            .clone()
    }

    /// The ids of the items of a list.
    #[track_caller]
    pub fn ids(&self) -> Vec<String> {
        self.items().iter().map(id_of).collect()
    }

    /// The items of an export, without the last line, which is where to go on in the change feed.
    #[track_caller]
    pub fn exported(&self) -> Vec<Value> {
        let kind = self.header("content-type");
        assert_eq!(kind, "application/x-ndjson", "{self}");
        let text = String::from_utf8(self.bytes.clone()).unwrap();
        assert!(text.ends_with('\n'), "the export breaks off: {self}");
        let lines = text.lines().map(serde_json::from_str);
        let mut items: Vec<Value> = lines.collect::<Result<_, _>>().unwrap();
        let end = items.pop().unwrap();
        assert!(
            end["cursor"].is_string() && end.get("id").is_none(),
            "{self}"
        );
        items
    }

    /// Where an export or a page of the change feed says to go on.
    #[track_caller]
    pub fn cursor(&self) -> String {
        let last = self
            .bytes
            .trim_ascii_end()
            .rsplit(|byte| *byte == b'\n')
            .next();
        let end: Value = serde_json::from_slice(last.unwrap()).unwrap();
        let cursor = end["cursor"].as_str();
        cursor
            .unwrap_or_else(|| panic!("no cursor: {self}"))
            .to_owned()
    }

    /// The id in the body.
    pub fn id(&self) -> String {
        id_of(&self.body)
    }
}

/// The id of a thing; the number of a goal.
pub fn id_of(item: &Value) -> String {
    match (&item["id"], &item["number"]) {
        (Value::String(id), _) => id.clone(),
        (_, number) => number.to_string(),
    }
}

impl std::fmt::Display for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} answers {}", self.line, self.status)?;
        writeln!(f, "{:?}", self.headers)?;
        let text = String::from_utf8_lossy(&self.bytes);
        f.write_str(&text.chars().take(2000).collect::<String>())
    }
}
