//! A receiver of deliveries, as a city would run one: it checks signatures by itself, and answers as the test says.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use actix_web::web::{Bytes, Data};
use actix_web::{App as Application, HttpRequest, HttpResponse, HttpServer, web};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use tokio::sync::oneshot;

use super::IN_TIME;
use super::cluster::BACKGROUND;

/// What has arrived.
#[derive(Clone, Debug)]
pub struct Got {
    /// The path it was sent to.
    pub path: String,
    /// Its `webhook-id`.
    pub id: String,
    /// Its `webhook-timestamp`.
    pub timestamp: i64,
    /// Its signatures.
    pub signatures: Vec<String>,
    /// Its body as it came.
    pub bytes: Vec<u8>,
    /// Its body as JSON.
    pub body: Value,
}

impl Got {
    /// What it tells: `city.updated umea`.
    pub fn told(&self) -> String {
        let id = self.body["data"]["id"].as_str().unwrap_or_default();
        format!("{} {id}", self.body["type"].as_str().unwrap())
    }

    /// Whether one of its signatures is that of `secret`, by the words of the specification.
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD
            .decode(secret.strip_prefix("whsec_").unwrap())
            .unwrap();
        assert!((24..=64).contains(&key.len()));
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let mut signed = format!("{}.{}.", self.id, self.timestamp).into_bytes();
        signed.extend_from_slice(&self.bytes);
        self.signatures.iter().any(|signature| {
            let (version, tag) = signature.split_once(',').unwrap();
            version == "v1" && hmac::verify(&key, &signed, &STANDARD.decode(tag).unwrap()).is_ok()
        })
    }
}

/// What is answered to a delivery.
#[derive(Clone, Debug)]
pub struct Reaction {
    status: u16,
    headers: Vec<(&'static str, String)>,
    after: Duration,
}

impl Reaction {
    /// This status, at once.
    pub fn status(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            after: Duration::ZERO,
        }
    }

    /// With a header field.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// After a while.
    #[must_use]
    pub fn after(mut self, millis: u64) -> Self {
        self.after = Duration::from_millis(millis);
        self
    }
}

type React = Box<dyn Fn(&Got) -> Reaction + Send>;

struct State {
    got: Mutex<Vec<Got>>,
    react: Mutex<React>,
}

/// A receiver, running.
pub struct Receiver {
    /// Where it is reached.
    pub url: String,
    state: Arc<State>,
    handle: actix_web::dev::ServerHandle,
}

impl Receiver {
    /// One that takes everything.
    pub async fn start() -> Self {
        let state = Arc::new(State {
            got: Mutex::default(),
            react: Mutex::new(Box::new(|_| Reaction::status(204))),
        });
        let data = Data::from(state.clone());
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let (tell, told) = oneshot::channel();
        BACKGROUND.spawn(async move {
            let server = HttpServer::new(move || {
                Application::new()
                    .app_data(data.clone())
                    .default_service(web::to(take))
            });
            let server = server
                .workers(1)
                .disable_signals()
                .listen(listener)
                .unwrap()
                .run();
            tell.send(server.handle()).ok().unwrap();
            server.await.unwrap();
        });
        Self {
            url,
            state,
            handle: told.await.unwrap(),
        }
    }

    /// Answers so from now on.
    pub fn react(&self, react: impl Fn(&Got) -> Reaction + Send + 'static) {
        *self.state.react.lock().unwrap() = Box::new(react);
    }

    /// Answers this status from now on.
    pub fn answer(&self, status: u16) {
        self.react(move |_| Reaction::status(status));
    }

    /// What has arrived so far.
    pub fn got(&self) -> Vec<Got> {
        self.state.got.lock().unwrap().clone()
    }

    /// What has arrived, once it is so many; as long as something comes now and then it is waited for.
    pub async fn wait_for(&self, number: usize) -> Vec<Got> {
        let (mut last, mut known) = (Instant::now(), 0);
        loop {
            let arrived = self.state.got.lock().unwrap().len();
            if arrived >= number {
                return self.got();
            }
            if arrived > known {
                (last, known) = (Instant::now(), arrived);
            }
            assert!(
                last.elapsed() < IN_TIME,
                "of {number} {known} have arrived, at last {:?}",
                self.last_told()
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// What arrived last, in short.
    fn last_told(&self) -> Vec<String> {
        self.got().iter().rev().take(10).map(Got::told).collect()
    }

    /// Demands that nothing more arrives for a while than so many.
    pub async fn stays_at(&self, number: usize) {
        tokio::time::sleep(Duration::from_millis(2500)).await;
        let told: Vec<String> = self.got().iter().map(Got::told).collect();
        assert_eq!(told.len(), number, "{told:?}");
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let handle = self.handle.clone();
        BACKGROUND.spawn(async move { handle.stop(false).await });
    }
}

async fn take(state: Data<State>, request: HttpRequest, bytes: Bytes) -> HttpResponse {
    let field = |name: &str| {
        let value = request.headers().get(name);
        value.map_or("", |value| value.to_str().unwrap()).to_owned()
    };
    assert_eq!(request.method(), "POST");
    assert_eq!(field("content-type"), "application/json");
    let signatures = field("webhook-signature");
    let got = Got {
        path: request.path().to_owned(),
        id: field("webhook-id"),
        timestamp: field("webhook-timestamp").parse().unwrap(),
        signatures: signatures.split_whitespace().map(str::to_owned).collect(),
        body: serde_json::from_slice(&bytes).unwrap(),
        bytes: bytes.to_vec(),
    };
    let reaction = state.react.lock().unwrap()(&got);
    state.got.lock().unwrap().push(got);
    tokio::time::sleep(reaction.after).await;
    let mut response = HttpResponse::build(reaction.status.try_into().unwrap());
    for (name, value) in reaction.headers {
        response.insert_header((name, value));
    }
    response.body("what a target answers is shown to nobody")
}
