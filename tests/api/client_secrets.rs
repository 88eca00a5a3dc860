//! The secrets of machine clients: told once, replaced with an overlap, ended at once.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::oauth::Machine;
use crate::support::{App, Client, Reply};

async fn rotate(keeper: &Client, machine: &Machine) -> Reply {
    let path = format!("{}/secrets", machine.path());
    keeper.request("POST", &path).send().await
}

/// Everything that the database keeps, as text.
async fn kept(app: &App) -> String {
    let mut all = String::new();
    for table in ["clients", "client_secrets", "client_tokens", "events"] {
        let rows = app.rows(&format!("SELECT t::text FROM {table} AS t")).await;
        all += &format!("{rows:?}");
    }
    let keys = "SELECT convert_from(body, 'UTF8') FROM idempotency_keys";
    all + &format!("{:?}", app.rows(keys).await)
}

#[tokio::test]
async fn a_secret_is_told_once_and_kept_nowhere() {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    let body = json!({"name": "Planning system", "scopes": ["read"]});
    let post = async |path: &str, body: &Value| {
        let request = frankfurt.request("POST", path).json(body);
        request
            .header("Idempotency-Key", &format!("once {path}"))
            .header("Prefer", "return=minimal")
            .send()
            .await
    };
    let first = post("/v1/clients", &body).await.expect(201);
    let machine = Machine::of(&first);
    let again = post("/v1/clients", &body).await.expect(201);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert!(again.body.get("secret").is_none(), "{again}");
    assert_eq!(app.count("clients").await, 1);
    let path = format!("{}/secrets", machine.path());
    let second = post(&path, &json!({})).await.expect(201);
    let rotated = second.body["secret"].as_str().unwrap().to_owned();
    let again = post(&path, &json!({})).await;
    assert_eq!(again.header("idempotent-replayed"), "true", "{again}");
    assert!(again.body.get("secret").is_none(), "{again}");
    assert_eq!(app.count("client_secrets").await, 2);
    for path in [
        format!("{path}?dryrun=true"),
        "/v1/clients?dryrun=true".into(),
    ] {
        let dry = frankfurt.post(&path, body.clone()).await.expect(200);
        assert!(dry.body.get("secret").is_none(), "{dry}");
        assert!(dry.body["dry_run"].is_object(), "{dry}");
    }
    assert_eq!(app.count("client_secrets").await, 2);
    for secret in [&machine.secret, &rotated] {
        machine.with(secret).signed_in(&app).await;
        let bits = &secret[7..];
        assert!(!kept(&app).await.contains(bits));
        for path in [
            machine.path(),
            "/v1/clients".into(),
            "/v1/clients?format=ndjson".into(),
        ] {
            let reply = frankfurt.get(&path).await.expect(200);
            assert!(!String::from_utf8(reply.bytes).unwrap().contains(bits));
        }
    }
}

#[tokio::test]
async fn a_replaced_secret_still_works_for_a_day() {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    let machine = Machine::make(&frankfurt, "frankfurt", &["read"]).await;
    let client = machine.signed_in(&app).await;
    let etag = frankfurt.get(&machine.path()).await.etag();
    let rotated = rotate(&frankfurt, &machine).await.expect(201);
    assert_ne!(rotated.etag(), etag);
    assert_eq!(rotated.body["version"], 2);
    assert_eq!(
        rotated.header("location"),
        format!("{}{}", app.url, machine.path())
    );
    let secrets = rotated.body["secrets"].as_array().unwrap().clone();
    assert_eq!(secrets.len(), 2);
    assert!(secrets[1]["expires_at"].is_null());
    let time =
        |value: &Value| chrono::DateTime::parse_from_rfc3339(value.as_str().unwrap()).unwrap();
    let overlap = time(&secrets[0]["expires_at"]) - time(&secrets[1]["created_at"]);
    assert_eq!(overlap.num_hours(), 24);
    let new = Machine::of(&rotated);
    for machine in [&machine, &new] {
        machine
            .signed_in(&app)
            .await
            .get("/v1/cities")
            .await
            .expect(200);
    }
    client.get("/v1/cities").await.expect(200);
    let renewed = new.signed_in(&app).await;
    app.run("UPDATE client_secrets SET expires_at = now() - interval '1 second' WHERE expires_at IS NOT NULL")
        .await;
    machine.ask(&app, "").await.problem("invalid_client");
    client.get("/v1/cities").await.problem("invalid_token");
    renewed.get("/v1/cities").await.expect(200);
    new.signed_in(&app).await;
}

#[tokio::test]
async fn the_overlap_is_a_setting() {
    let app = App::with(|settings| settings.secret_overlap = 0).await;
    let frankfurt = app.city_user("frankfurt").await;
    let machine = Machine::make(&frankfurt, "frankfurt", &["read"]).await;
    let new = Machine::of(&rotate(&frankfurt, &machine).await.expect(201));
    machine.ask(&app, "").await.problem("invalid_client");
    new.signed_in(&app).await;
    let again = rotate(&frankfurt, &machine).await.expect(201);
    assert_eq!(again.body["secrets"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_secret_that_has_leaked_is_ended_at_once() {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    let machine = Machine::make(&frankfurt, "frankfurt", &["read"]).await;
    let client = machine.signed_in(&app).await;
    let rotated = rotate(&frankfurt, &machine).await.expect(201);
    let new = Machine::of(&rotated);
    let newer = new.signed_in(&app).await;
    let leaked = rotated.body["secrets"][0]["id"].as_str().unwrap();
    let path = format!("{}/secrets/{leaked}", machine.path());
    let dry = frankfurt.delete(&format!("{path}?dryrun=true"), "*").await;
    assert!(dry.expect(200).body["dry_run"].is_object());
    let blind = frankfurt.request("DELETE", &path).send().await;
    blind.problem("precondition_required");
    client.get("/v1/cities").await.expect(200);
    frankfurt
        .delete(&path, "\"1.1\"")
        .await
        .problem("precondition_failed");
    frankfurt.delete(&path, "*").await.expect(204);
    client.get("/v1/cities").await.problem("invalid_token");
    machine.ask(&app, "").await.problem("invalid_client");
    newer.get("/v1/cities").await.expect(200);
    frankfurt.delete(&path, "*").await.problem("not_found");
    let left = frankfurt.get(&machine.path()).await;
    assert_eq!(left.body["secrets"].as_array().unwrap().len(), 1);
    assert_eq!(left.body["version"], 3);
    // Without any secret it can be given a new one.
    let last = left.body["secrets"][0]["id"].as_str().unwrap();
    let path = format!("{}/secrets/{last}", machine.path());
    frankfurt.delete(&path, "*").await.expect(204);
    newer.get("/v1/cities").await.problem("invalid_token");
    new.ask(&app, "").await.problem("invalid_client");
    let new = Machine::of(&rotate(&frankfurt, &machine).await.expect(201));
    new.signed_in(&app).await;
}

#[tokio::test]
async fn rotations_at_once_all_count_and_stay_within_ten() {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    let machine = Machine::make(&frankfurt, "frankfurt", &["read"]).await;
    // On a busy machine some find no connection within a second: they come again.
    let patient = async || loop {
        let reply = rotate(&frankfurt, &machine).await;
        if reply.status != 503 {
            return reply;
        }
    };
    let replies = join_all((0..12).map(|_| patient())).await;
    let (made, refused): (Vec<_>, Vec<_>) =
        replies.into_iter().partition(|reply| reply.status == 201);
    assert_eq!((made.len(), refused.len()), (9, 3));
    for reply in refused {
        reply.problem("too_many_secrets");
    }
    for reply in &made {
        Machine::of(reply).signed_in(&app).await;
    }
    let mut versions: Vec<_> = made
        .iter()
        .map(|reply| reply.body["version"].as_i64())
        .collect();
    versions.sort_unstable();
    assert_eq!(versions, (2..=10).map(Some).collect::<Vec<_>>());
    let open = app.count("client_secrets WHERE expires_at IS NULL").await;
    assert_eq!(open, 1, "the newest alone has no end");
    app.run("UPDATE clients SET secrets = (SELECT jsonb_agg(s || '{\"expires_at\": \"2020-01-01T00:00:00Z\"}') \
        FROM jsonb_array_elements(secrets) AS s)")
        .await;
    let after = rotate(&frankfurt, &machine).await.expect(201);
    assert_eq!(after.body["secrets"].as_array().unwrap().len(), 1);
    assert_eq!(
        app.count("client_secrets").await,
        1,
        "the ended ones are forgotten"
    );
}

#[tokio::test]
async fn tokens_are_given_while_secrets_change() {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    let machine = Machine::make(&frankfurt, "frankfurt", &["read"]).await;
    let asked = join_all((0..20).map(|_| machine.ask(&app, "")));
    let rotated = join_all((0..5).map(|_| rotate(&frankfurt, &machine)));
    let (asked, rotated) = futures_util::join!(asked, rotated);
    // On a busy machine some find no connection within a second.
    for reply in asked {
        assert!(matches!(reply.status, 200 | 503), "{reply}");
    }
    for reply in rotated {
        assert!(matches!(reply.status, 201 | 503), "{reply}");
    }
}
