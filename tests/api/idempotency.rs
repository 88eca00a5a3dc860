//! Idempotency-Key: a POST can be repeated, and happens once.

use serde_json::{Value, json};

use crate::support::{App, Client, KINDS, Reply};

async fn keyed(caller: &Client, key: &str, path: &str, body: &Value) -> Reply {
    let request = caller.request("POST", path).header("Idempotency-Key", key);
    request.json(body).send().await
}

fn subject(name: &str) -> Value {
    json!({"name": {"en": name}})
}

#[tokio::test]
async fn a_repeated_post_gets_the_first_answer_byte_for_byte() {
    let app = App::start().await;
    let admin = app.admin().await;
    // A secret is told once, and not kept: `client_secrets.rs` holds what a replay says.
    for kind in KINDS.iter().filter(|kind| !kind.has_secret()) {
        if kind.name == "sdg" {
            app.run("DELETE FROM sdgs WHERE number = 17").await;
        }
        let key = format!("make {}", kind.name);
        let first = keyed(&admin, &key, kind.path, &(kind.new)())
            .await
            .expect(201);
        assert_eq!(first.header("idempotent-replayed"), "");
        let path = kind.at(&first.id());
        let (field, value) = (kind.change)();
        admin
            .patch(&path, "*", json!({field: value}))
            .await
            .expect(200);
        let events = app.events().await;
        let again = keyed(&admin, &key, kind.path, &(kind.new)())
            .await
            .expect(201);
        assert_eq!(again.bytes, first.bytes, "{path}");
        assert_eq!(again.header("idempotent-replayed"), "true");
        for name in [
            "location",
            "etag",
            "last-modified",
            "content-type",
            "cache-control",
        ] {
            assert_eq!(again.header(name), first.header(name), "{name}");
        }
        assert_eq!(app.events().await, events);
    }
}

#[tokio::test]
async fn another_request_under_the_same_key_is_refused() {
    let app = App::start().await;
    let admin = app.admin().await;
    keyed(&admin, "k", "/v1/subjects", &subject("First"))
        .await
        .expect(201);
    keyed(&admin, "k", "/v1/subjects", &subject("Second"))
        .await
        .problem("idempotency_key_reused");
    keyed(&admin, "k", "/v1/key-questions", &subject("First"))
        .await
        .problem("idempotency_key_reused");
    keyed(&admin, "k", "/v1/subjects?dryrun=false", &subject("First"))
        .await
        .problem("idempotency_key_reused");
    keyed(&admin, "k2", "/v1/subjects", &subject("Second"))
        .await
        .expect(201);
}

#[tokio::test]
async fn fifty_parallel_posts_under_one_key_make_one_thing() {
    let app = App::start().await;
    let admin = app.admin().await;
    let body = crate::support::kinds::bare_plan("yokohama", "frankfurt-yokohama");
    let requests = (0..50).map(|_| keyed(&admin, "one", "/v1/action-plans", &body));
    let replies = futures_util::future::join_all(requests).await;
    let made: Vec<_> = replies.iter().filter(|reply| reply.status == 201).collect();
    let fresh = made
        .iter()
        .filter(|reply| reply.header("idempotent-replayed").is_empty());
    assert_eq!(fresh.count(), 1);
    for reply in &made {
        assert_eq!(reply.bytes, made[0].bytes);
    }
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        // On a busy machine some find no connection within a second: they are told to come again too.
        let told = if reply.status == 503 {
            "unavailable"
        } else {
            "idempotency_in_flight"
        };
        let reply = reply.clone().problem(told);
        assert!(!reply.header("retry-after").is_empty());
    }
    assert_eq!(app.count("action_plans").await, 1);
    assert_eq!(app.count("events WHERE type = 'action_plan'").await, 1);
    assert_eq!(app.count("idempotency_keys").await, 1);
}

#[tokio::test]
async fn a_refused_request_does_not_burn_its_key() {
    let app = App::start().await;
    let admin = app.admin().await;
    let wrong = json!({"name": {}});
    for _ in 0..2 {
        let reply = keyed(&admin, "k", "/v1/subjects", &wrong).await;
        reply.problem("invalid_input");
    }
    let conflict = json!({"id": "smart-cities", "name": {"en": "Again"}});
    keyed(&admin, "k", "/v1/subjects", &conflict)
        .await
        .problem("already_exists");
    assert_eq!(app.count("idempotency_keys").await, 0);
    keyed(&admin, "k", "/v1/subjects", &subject("Right"))
        .await
        .expect(201);
}

#[tokio::test]
async fn the_keys_of_two_callers_do_not_meet() {
    let app = App::start().await;
    let (admin, umea, toyota) = (
        app.admin().await,
        app.city_user("umea").await,
        app.city_user("toyota").await,
    );
    let plan = |city: &str, pairing: &str| crate::support::kinds::bare_plan(city, pairing);
    let umeas = keyed(
        &umea,
        "k",
        "/v1/action-plans",
        &plan("umea", "umea-kamakura"),
    )
    .await
    .expect(201);
    let toyotas = keyed(
        &toyota,
        "k",
        "/v1/action-plans",
        &plan("toyota", "grenoble-alpes-metropole-toyota"),
    )
    .await
    .expect(201);
    assert_ne!(umeas.id(), toyotas.id());
    let same = keyed(
        &admin,
        "k",
        "/v1/action-plans",
        &plan("umea", "umea-kamakura"),
    )
    .await
    .expect(201);
    assert_ne!(umeas.id(), same.id());
}

#[tokio::test]
async fn a_key_is_one_to_255_printable_ascii_characters() {
    let app = App::start().await;
    let admin = app.admin().await;
    for bad in ["", "   ", "ключ", "a\tb", &"k".repeat(256)] {
        let reply = keyed(&admin, bad, "/v1/subjects", &subject("X")).await;
        let reply = reply.problem("invalid_input");
        assert_eq!(reply.faults()[0].0, "Idempotency-Key", "{reply}");
    }
    keyed(&admin, &"k".repeat(255), "/v1/subjects", &subject("X"))
        .await
        .expect(201);
}

#[tokio::test]
async fn a_key_that_is_given_twice_is_none() {
    let app = App::start().await;
    let admin = app.admin().await;
    for (first, second) in [("a", "b"), ("a", "a"), ("a", ""), ("ключ", "a")] {
        let request = admin.request("POST", "/v1/subjects");
        let request = request.header("Idempotency-Key", first);
        let request = request.header("Idempotency-Key", second);
        let reply = request.json(&subject("X")).send().await;
        reply.refused(&[("Idempotency-Key", "malformed_header")]);
    }
    assert_eq!(app.count("idempotency_keys").await, 0);
}

#[tokio::test]
async fn a_key_is_forgotten_after_a_day() {
    let app = App::start().await;
    let admin = app.admin().await;
    keyed(&admin, "k", "/v1/subjects", &subject("First"))
        .await
        .expect(201);
    app.run("UPDATE idempotency_keys SET created_at = created_at - interval '23 hours 59 minutes'")
        .await;
    keyed(&admin, "k", "/v1/subjects", &subject("Second"))
        .await
        .problem("idempotency_key_reused");
    app.run("UPDATE idempotency_keys SET created_at = created_at - interval '2 minutes'")
        .await;
    keyed(&admin, "k", "/v1/subjects", &subject("Second"))
        .await
        .expect(201);
}

#[tokio::test]
async fn a_return_minimal_is_replayed_as_minimal() {
    let app = App::start().await;
    let admin = app.admin().await;
    let request = || {
        let request = admin
            .request("POST", "/v1/subjects")
            .header("Idempotency-Key", "k");
        request.json(&subject("Spared"))
    };
    let first = request()
        .header("Prefer", "return=minimal")
        .send()
        .await
        .expect(201);
    let again = request()
        .header("Prefer", "return=minimal")
        .send()
        .await
        .expect(201);
    assert_eq!(
        (again.bytes.len(), again.header("location")),
        (0, first.header("location"))
    );
    let whole = request().send().await.expect(201);
    assert_eq!(whole.id(), "spared");
}

#[tokio::test]
async fn no_secret_is_kept_under_a_key() {
    let app = App::start().await;
    app.account("admin@iuc.example", "admin", None).await;
    let body = json!({"email": "admin@iuc.example", "password": crate::support::app::PASSWORD});
    let first = keyed(&app.anonymous(), "k", "/v1/sessions", &body)
        .await
        .expect(201);
    let kept = app
        .rows("SELECT encode(body, 'escape') FROM idempotency_keys")
        .await;
    let token = first.body["refresh_token"].as_str().unwrap();
    assert!(
        !format!("{kept:?}").contains(token),
        "a refresh token is kept in plain text"
    );
    app.account("other@iuc.example", "admin", None).await;
    let body = json!({"email": "other@iuc.example", "password": crate::support::app::PASSWORD});
    keyed(&app.anonymous(), "k", "/v1/sessions", &body)
        .await
        .expect(201);
}
