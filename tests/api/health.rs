//! How the service is, with its database and without it; and that it never hangs.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::net::TcpStream;

use crate::support::cluster::cluster;
use crate::support::kinds::bare_plan;
use crate::support::snapshot::assert_reply;
use crate::support::way::{State, Way};
use crate::support::{App, Client, IN_TIME};

#[tokio::test]
async fn the_service_tells_how_it_is() {
    let app = App::start().await;
    let caller = app.anonymous();
    assert_reply!("live", caller.get("/health/live").await);
    assert_reply!("ready", caller.get("/health/ready").await);
    assert_reply!("status", caller.get("/v1/status").await);
    app.state.begin_to_stop();
    caller.get("/health/ready").await.problem("unavailable");
    caller.get("/health/live").await.expect(200);
    caller.get("/v1/cities/umea").await.expect(200);
}

/// Demands a 503 within five seconds, for reads and writes, with a token and without.
async fn is_away(anonymous: &Client, admin: &Client, state: State) {
    let begun = Instant::now();
    let subject = json!({"name": {"en": "Never stored"}});
    let (read, list, write, status, ready, live) = tokio::join!(
        anonymous.get("/v1/cities/umea"),
        anonymous.get("/v1/cities"),
        admin.post("/v1/subjects", subject),
        anonymous.get("/v1/status"),
        anonymous.get("/health/ready"),
        anonymous.get("/health/live"),
    );
    let took = begun.elapsed();
    assert!(
        took < Duration::from_secs(5),
        "{state:?}: answered after {took:?}"
    );
    live.expect(200);
    for reply in [read, list, write, status, ready] {
        assert_eq!(reply.status, 503, "{state:?}: {reply}");
        let code = reply.code();
        let reply = reply.problem(&code);
        assert!(
            !reply.header("retry-after").is_empty(),
            "{state:?}: {reply}"
        );
    }
}

/// Demands that all is well again within five seconds.
async fn is_back(anonymous: &Client, admin: &Client, state: State) {
    let begun = Instant::now();
    loop {
        let (read, write, ready) = tokio::join!(
            anonymous.get("/v1/cities/umea"),
            admin.patch("/v1/cities/umea?dryrun=true", "*", json!({"area_km2": 3})),
            anonymous.get("/health/ready"),
        );
        if (read.status, write.status, ready.status) == (200, 200, 200) {
            break;
        }
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "{state:?}: not back: {read}{write}{ready}"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for _ in 0..20 {
        anonymous.get("/v1/cities/umea").await.expect(200);
    }
}

async fn loses_and_finds_its_database(state: State) {
    let database = cluster().create().await;
    let url = cluster().url(&database);
    let way = Way::to(&url).await;
    let app = App::on(database, url, way.url.clone(), |_| {}).await;
    let (anonymous, admin) = (app.anonymous(), app.admin().await);
    for _ in 0..3 {
        let asks = (0..8).map(|_| anonymous.get("/v1/cities"));
        for reply in futures_util::future::join_all(asks).await {
            reply.expect(200);
        }
    }
    let rounds = if state == State::Silent { 1 } else { 3 };
    for _ in 0..rounds {
        way.set(state);
        is_away(&anonymous, &admin, state).await;
        is_away(&anonymous, &admin, state).await;
        way.set(State::Open);
        is_back(&anonymous, &admin, state).await;
    }
    assert_eq!(
        app.count("subjects WHERE name ->> 'en' = 'Never stored'")
            .await,
        0
    );
}

#[tokio::test]
async fn without_its_database_every_request_is_a_503_within_five_seconds() {
    loses_and_finds_its_database(State::Closed).await;
}

#[tokio::test]
async fn with_a_silent_database_every_request_is_a_503_within_five_seconds() {
    loses_and_finds_its_database(State::Silent).await;
}

#[tokio::test]
async fn a_locked_row_is_a_503_and_no_hang() {
    let app = App::with(|settings| settings.lock_timeout = 1).await;
    let admin = app.admin().await;
    let mut other = crate::support::cluster::connect(&app.database_url).await;
    let locked = other.transaction().await.unwrap();
    locked
        .execute("UPDATE cities SET version = version WHERE id = 'umea'", &[])
        .await
        .unwrap();
    let begun = Instant::now();
    let reply = admin
        .patch("/v1/cities/umea", "*", json!({"area_km2": 3}))
        .await;
    assert!(begun.elapsed() < Duration::from_secs(5), "{reply}");
    assert_eq!(reply.status, 503, "{reply}");
    let code = reply.code();
    assert!(!reply.problem(&code).header("retry-after").is_empty());
    app.anonymous().get("/v1/cities/umea").await.expect(200);
    locked.rollback().await.unwrap();
    admin
        .patch("/v1/cities/umea", "*", json!({"area_km2": 3}))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_pool_of_one_connection_passes_a_mixed_bag() {
    let app = App::with(|settings| {
        settings.pool_requests = 1;
        settings.pool_exports = 1;
        settings.workers = 2;
    })
    .await;
    let (anonymous, admin) = (app.anonymous(), app.admin().await);
    let user = app.city_user("yokohama").await;
    let plan = bare_plan("yokohama", "frankfurt-yokohama");
    let one = async |number: usize| match number % 8 {
        0 => anonymous
            .get("/v1/pairings?include=cities,subjects,programmes&count=true")
            .await
            .expect(200),
        1 => user
            .post("/v1/action-plans", plan.clone())
            .await
            .expect(201),
        2 => admin
            .patch("/v1/cities/umea", "*", json!({"area_km2": number}))
            .await
            .expect(200),
        3 => anonymous.get("/v1/sdgs?format=ndjson").await.expect(200),
        4 => user.get("/v1/me").await.expect(200),
        5 => app
            .sign_in("admin@iuc.example")
            .await
            .get("/v1/users")
            .await
            .expect(200),
        6 => {
            let request = admin
                .request("POST", "/v1/subjects")
                .header("Idempotency-Key", &number.to_string());
            request
                .json(&json!({"id": format!("s-{number}"), "name": {"en": "X"}}))
                .send()
                .await
                .expect(201)
        }
        _ => anonymous
            .get("/v1/meetings/exchange-meeting-4/dates")
            .await
            .expect(200),
    };
    for round in 0..6 {
        futures_util::future::join_all((0..8).map(|number| one(round * 8 + number))).await;
    }
    assert_eq!(app.count("action_plans").await, 6);
    assert_eq!(app.count("subjects WHERE id LIKE 's-%'").await, 6);
}

#[tokio::test]
async fn whoever_sends_too_many_requests_is_told_when_to_come_back() {
    let app = App::with(|settings| {
        settings.rate_limit = 1;
        settings.rate_burst = 5;
        settings.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let ask = async |address: &str| {
        let request = app.anonymous().request("GET", "/v1/cities/umea");
        request.header("X-Forwarded-For", address).send().await
    };
    for left in (0..5).rev() {
        let reply = ask("203.0.113.1").await.expect(200);
        assert_eq!(reply.header("ratelimit-limit"), "5", "{reply}");
        assert_eq!(
            reply.header("ratelimit-remaining"),
            left.to_string(),
            "{reply}"
        );
    }
    let reply = ask("203.0.113.1").await.problem("too_many_requests");
    let seconds: u64 = reply.header("retry-after").parse().unwrap();
    assert!((1..=5).contains(&seconds), "{reply}");
    ask("203.0.113.2").await.expect(200);
    app.anonymous().get("/health/live").await.expect(200);
    tokio::time::sleep(Duration::from_millis(2100)).await;
    ask("203.0.113.1").await.expect(200);
}

#[tokio::test]
async fn floods_of_bad_tokens_and_unknown_paths_are_bounded_as_all_others() {
    let app = App::with(|settings| {
        settings.rate_limit = 1;
        settings.rate_burst = 5;
        settings.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
    })
    .await;
    let stranger = app.anonymous().with_token("bad");
    for (address, method, path, code) in [
        ("203.0.113.1", "GET", "/v1/cities", "invalid_token"),
        ("203.0.113.2", "GET", "/v1/nothing", "no_such_path"),
        ("203.0.113.3", "DELETE", "/v1/cities", "method_not_allowed"),
        ("203.0.113.4", "PATCH", "/v1/cities/umea", "invalid_token"),
    ] {
        let ask = async || {
            let request = stranger.request(method, path);
            request.header("X-Forwarded-For", address).send().await
        };
        ask().await.problem(code);
        let mut refused = false;
        for _ in 0..100 {
            refused |= ask().await.status == 429;
        }
        assert!(refused, "{method} {path}");
    }
    let other = app.anonymous().request("GET", "/v1/cities");
    let other = other.header("X-Forwarded-For", "203.0.113.9");
    other.send().await.expect(200);
}

#[tokio::test]
async fn a_body_that_does_not_come_is_a_408() {
    let app = App::with(|settings| settings.body_timeout = 1).await;
    let admin = app.admin().await;
    let request = format!(
        "POST /v1/subjects HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{",
        admin.token.as_deref().unwrap()
    );
    let mut stream = TcpStream::connect(app.url.strip_prefix("http://").unwrap())
        .await
        .unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, request.as_bytes())
        .await
        .unwrap();
    let mut answer = [0; 12];
    let read = tokio::io::AsyncReadExt::read_exact(&mut stream, &mut answer);
    tokio::time::timeout(IN_TIME, read).await.unwrap().unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408");
}
