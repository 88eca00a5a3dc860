//! The endpoints of OAuth for machine clients: giving tokens, taking them back, telling of them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::app::PASSWORD;
use crate::support::oauth::{Machine, bearer, post_form};
use crate::support::snapshot::assert_reply;
use crate::support::{App, Reply};

const GRANT: &str = "grant_type=client_credentials";

async fn person(app: &App, email: &str) -> Reply {
    app.account(email, "admin", None).await;
    let body = json!({"email": email, "password": PASSWORD});
    app.anonymous().post("/v1/sessions", body).await.expect(201)
}

fn text<'a>(reply: &'a Reply, member: &str) -> &'a str {
    reply.body[member].as_str().unwrap()
}

#[tokio::test]
async fn a_client_authenticates_by_header_or_by_form() {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    let machine = Machine::make(&frankfurt, "frankfurt", &["read", "plans:write"]).await;
    let Machine { id, secret } = &machine;
    let reply = machine.ask(&app, "").await.expect(200);
    assert_eq!(reply.header("cache-control"), "no-store");
    assert!(reply.body.get("refresh_token").is_none(), "{reply}");
    assert_reply!("token", reply);
    let encoded =
        |id: &str, secret: &str| format!("basic  {}", STANDARD.encode(format!("{id}:{secret}")));
    let escaped = secret.replace('_', "%5F").replace('-', "%2d");
    for (field, form) in [
        (encoded(id, secret), GRANT.to_owned()),
        (encoded(&id.replace('-', "%2D"), &escaped), GRANT.to_owned()),
        (
            String::new(),
            format!("{GRANT}&client_id={id}&client_secret={escaped}"),
        ),
        (machine.basic(), format!("{GRANT}&client_id={id}")),
        (
            machine.basic(),
            format!("{GRANT}&audience=x&resource=y&scope=&client_secret="),
        ),
        (
            machine.basic(),
            format!("{GRANT}&scope=plans:write+read+read"),
        ),
    ] {
        let reply = post_form(&app, "/oauth/token", &field, form.clone())
            .await
            .expect(200);
        assert_eq!(text(&reply, "scope"), "read plans:write", "{form}");
        bearer(&app, &reply).get("/v1/cities").await.expect(200);
    }
    let both = format!("{GRANT}&client_id={id}&client_secret={secret}");
    let cases = [
        (machine.basic(), both, "invalid_input", "invalid_request"),
        (
            machine.basic(),
            format!("{GRANT}&client_id=other"),
            "invalid_input",
            "invalid_request",
        ),
        (
            machine.basic(),
            format!("{GRANT}&scope=read&scope=read"),
            "invalid_input",
            "invalid_request",
        ),
        (
            machine.basic(),
            "grant_type=password".into(),
            "unsupported_grant_type",
            "unsupported_grant_type",
        ),
        (
            machine.basic(),
            "scope=read".into(),
            "invalid_input",
            "invalid_request",
        ),
        (
            machine.basic(),
            format!("{GRANT}&scope=read+admin"),
            "invalid_scope",
            "invalid_scope",
        ),
        (
            machine.basic(),
            format!("{GRANT}&scope=everything"),
            "invalid_scope",
            "invalid_scope",
        ),
        (
            String::new(),
            GRANT.into(),
            "invalid_client",
            "invalid_client",
        ),
        (
            String::new(),
            format!("{GRANT}&client_id={id}"),
            "invalid_client",
            "invalid_client",
        ),
        (
            String::new(),
            format!("{GRANT}&client_secret={secret}"),
            "invalid_client",
            "invalid_client",
        ),
        (
            "Basic !".into(),
            format!("{GRANT}&client_id={id}&client_secret={secret}"),
            "invalid_client",
            "invalid_client",
        ),
    ];
    for (field, form, code, error) in cases {
        let reply = post_form(&app, "/oauth/token", &field, form.clone())
            .await
            .problem(code);
        assert_eq!(reply.body["error"], error, "{form}");
    }
}

#[tokio::test]
async fn nobody_learns_which_clients_exist() {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    let [here, off, gone] = [
        Machine::make(&frankfurt, "frankfurt", &["read"]).await,
        Machine::make(&frankfurt, "frankfurt", &["read"]).await,
        Machine::make(&frankfurt, "frankfurt", &["read"]).await,
    ];
    frankfurt
        .patch(&off.path(), "*", json!({"active": false}))
        .await
        .expect(200);
    frankfurt.delete(&gone.path(), "*").await.expect(204);
    let mut answers = Vec::new();
    for machine in [
        here.with("wrong"),
        here.with(&off.secret),
        here.with(&here.secret.to_lowercase()),
        off,
        gone,
        Machine {
            id: "no uuid".into(),
            secret: here.secret.clone(),
        },
        Machine {
            id: "00000000-0000-0000-0000-000000000000".into(),
            secret: here.secret.clone(),
        },
    ] {
        let reply = machine.ask(&app, "").await.problem("invalid_client");
        assert!(
            reply.header("www-authenticate").starts_with("Basic "),
            "{reply}"
        );
        let mut body = reply.body.clone();
        body["request_id"] = Value::Null;
        answers.push((body, reply.bytes.len()));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    here.signed_in(&app).await;
}

#[tokio::test]
async fn ten_wrong_secrets_shut_a_client_out_for_a_while_and_no_other() {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    let machine = Machine::make(&frankfurt, "frankfurt", &["read"]).await;
    let other = Machine::make(&frankfurt, "frankfurt", &["read"]).await;
    for _ in 0..10 {
        let wrong = machine.with("iuc_cs_wrong");
        wrong.ask(&app, "").await.problem("invalid_client");
    }
    for path in ["/oauth/revoke", "/oauth/introspect"] {
        machine
            .send(&app, path, "x")
            .await
            .problem("too_many_sign_ins");
    }
    let reply = machine.ask(&app, "").await.problem("too_many_sign_ins");
    let seconds: u64 = reply.header("retry-after").parse().unwrap();
    assert!((1..=900).contains(&seconds));
    other.signed_in(&app).await;
    person(&app, "a@iuc.example").await;
    app.run("UPDATE sign_in_failures SET since = since - interval '16 minutes'")
        .await;
    // Any number at once is no failure.
    for reply in join_all((0..30).map(|_| machine.ask(&app, ""))).await {
        // On a busy machine some find no connection within a second.
        assert!(matches!(reply.status, 200 | 503), "{reply}");
    }
    machine.signed_in(&app).await;
}

#[tokio::test]
async fn each_kind_of_token_is_taken_back_by_its_holder() {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    let machine = Machine::make(&frankfurt, "frankfurt", &["read"]).await;
    let other = Machine::make(&frankfurt, "frankfurt", &["read"]).await;
    let revoke = async |token: &str| {
        let form = format!("token={token}&token_type_hint=access_token");
        post_form(&app, "/oauth/revoke", "", form).await
    };
    for member in ["access_token", "refresh_token"] {
        let (ended, kept) = (
            person(&app, "a@iuc.example").await,
            person(&app, "a@iuc.example").await,
        );
        let reply = revoke(text(&ended, member)).await.expect(200);
        assert!(reply.bytes.is_empty(), "{reply}");
        bearer(&app, &ended)
            .get("/v1/me")
            .await
            .problem("invalid_token");
        let form = format!(
            "grant_type=refresh_token&refresh_token={}",
            text(&ended, "refresh_token")
        );
        post_form(&app, "/oauth/token", "", form)
            .await
            .problem("invalid_grant");
        bearer(&app, &kept).get("/v1/me").await.expect(200);
        revoke(text(&ended, member)).await.expect(200);
    }
    // A token that was replaced ends its session too.
    let first = person(&app, "a@iuc.example").await;
    let form = format!(
        "grant_type=refresh_token&refresh_token={}",
        text(&first, "refresh_token")
    );
    let second = post_form(&app, "/oauth/token", "", form).await.expect(200);
    revoke(text(&first, "refresh_token")).await.expect(200);
    bearer(&app, &second)
        .get("/v1/me")
        .await
        .problem("invalid_token");

    let (one, two) = (machine.signed_in(&app).await, machine.signed_in(&app).await);
    let token = one.token.clone().unwrap();
    let reply = revoke(&token).await.problem("invalid_client");
    assert_eq!(reply.body["error"], "invalid_client");
    let reply = other
        .send(&app, "/oauth/revoke", &token)
        .await
        .problem("foreign_token");
    assert_eq!(reply.body["error"], "invalid_grant");
    let wrong = machine
        .with("wrong")
        .send(&app, "/oauth/revoke", &token)
        .await;
    wrong.problem("invalid_client");
    one.get("/v1/cities").await.expect(200);
    machine
        .send(&app, "/oauth/revoke", &token)
        .await
        .expect(200);
    one.get("/v1/cities").await.problem("invalid_token");
    two.get("/v1/cities").await.expect(200);
    machine
        .send(&app, "/oauth/revoke", &token)
        .await
        .expect(200);

    let kept = person(&app, "a@iuc.example").await;
    for member in ["access_token", "refresh_token"] {
        let reply = machine
            .send(&app, "/oauth/revoke", text(&kept, member))
            .await;
        reply.problem("foreign_token");
    }
    bearer(&app, &kept).get("/v1/me").await.expect(200);
    let unknown = "iuc_rt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for nonsense in [unknown, "x", "a.b.c", &machine.secret] {
        revoke(nonsense).await.expect(200);
        machine
            .send(&app, "/oauth/revoke", nonsense)
            .await
            .expect(200);
    }
    let reply = post_form(&app, "/oauth/revoke", "", String::new()).await;
    assert_eq!(
        reply.problem("invalid_input").body["error"],
        "invalid_request"
    );
    machine.signed_in(&app).await;
    assert_eq!(
        app.count("events WHERE type = 'session' AND action = 'deleted'")
            .await,
        4
    );
}

#[tokio::test]
async fn introspection_tells_each_only_what_it_may_know() {
    let app = App::start().await;
    let (admin, frankfurt) = (app.admin().await, app.city_user("frankfurt").await);
    let machine = Machine::make(&frankfurt, "frankfurt", &["read", "plans:write"]).await;
    let other = Machine::make(&frankfurt, "frankfurt", &["read"]).await;
    let by_admin = async |token: &str| {
        let request = admin.request("POST", "/oauth/introspect");
        let form = format!("token={token}");
        request
            .body("application/x-www-form-urlencoded", form)
            .send()
            .await
            .expect(200)
    };
    let inactive = json!({"active": false});
    let client = machine.with_scope(&app, "read").await;
    let token = client.token.clone().unwrap();
    let told = machine
        .send(&app, "/oauth/introspect", &token)
        .await
        .expect(200);
    assert_eq!(told.header("cache-control"), "no-store");
    assert_eq!(
        (
            &told.body["active"],
            &told.body["client_id"],
            &told.body["scope"],
            &told.body["city"]
        ),
        (
            &json!(true),
            &json!(machine.id),
            &json!("read"),
            &json!("frankfurt")
        )
    );
    assert_eq!(by_admin(&token).await.body, told.body);
    let of_person = person(&app, "a@iuc.example").await;
    for token in [
        token.as_str(),
        text(&of_person, "access_token"),
        text(&of_person, "refresh_token"),
        "x",
        &machine.secret,
    ] {
        let reply = other
            .send(&app, "/oauth/introspect", token)
            .await
            .expect(200);
        assert_eq!(reply.body, inactive);
    }
    for member in ["access_token", "refresh_token"] {
        let told = by_admin(text(&of_person, member)).await;
        assert_eq!(told.body["active"], true, "{told}");
        assert!(told.body.get("client_id").is_none(), "{told}");
    }
    for nonsense in ["x", "a.b.c", &other.secret] {
        assert_eq!(by_admin(nonsense).await.body, inactive);
    }
    // What has been taken away, or renewed, is not active any more.
    frankfurt
        .patch(&machine.path(), "*", json!({"scopes": ["plans:write"]}))
        .await
        .expect(200);
    assert!(by_admin(&token).await.body.get("scope").is_none());
    frankfurt
        .patch(&machine.path(), "*", json!({"active": false}))
        .await
        .expect(200);
    assert_eq!(by_admin(&token).await.body, inactive);
    let refresh = text(&of_person, "refresh_token");
    let form = format!("grant_type=refresh_token&refresh_token={refresh}");
    post_form(&app, "/oauth/token", "", form).await.expect(200);
    assert_eq!(by_admin(refresh).await.body, inactive);
    // Who may not ask.
    let ask = async |field: &str| {
        post_form(&app, "/oauth/introspect", field, format!("token={token}")).await
    };
    ask("").await.problem("invalid_client");
    ask("Bearer x").await.problem("invalid_token");
    ask(&other.with("wrong").basic())
        .await
        .problem("invalid_client");
    let field = format!("Bearer {}", frankfurt.token.clone().unwrap());
    ask(&field).await.problem("forbidden");
    let client = other.signed_in(&app).await.token.unwrap();
    ask(&format!("Bearer {client}"))
        .await
        .problem("not_for_clients");
}

#[tokio::test]
async fn a_clients_secret_opens_nothing_but_the_endpoints_of_oauth() {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    let machine = Machine::make(&frankfurt, "frankfurt", &["read"]).await;
    for field in [machine.basic(), format!("Bearer {}", machine.secret)] {
        for path in ["/v1/cities", "/v1/clients", "/v1/me"] {
            let request = app.anonymous().request("GET", path);
            let reply = request.header("Authorization", &field).send().await;
            reply.problem("invalid_token");
        }
    }
}

#[tokio::test]
async fn the_metadata_tells_what_there_is() {
    let app = App::start().await;
    let reply = app
        .anonymous()
        .get("/.well-known/oauth-authorization-server")
        .await
        .expect(200);
    let told = &reply.body;
    assert_eq!(told["issuer"], json!(app.url));
    let page = json!(format!("{}/oauth/authorize", app.url));
    assert_eq!(told["authorization_endpoint"], page);
    for (member, path) in [
        ("token_endpoint", "/oauth/token"),
        ("revocation_endpoint", "/oauth/revoke"),
        ("introspection_endpoint", "/oauth/introspect"),
    ] {
        assert_eq!(told[member], json!(format!("{}{path}", app.url)));
        let there = &iuc::openapi::document()["paths"][path]["post"];
        assert!(there.is_object(), "{path}");
        let reply = post_form(&app, path, "", String::new()).await;
        assert_eq!(
            reply.problem("invalid_input").body["error"],
            "invalid_request"
        );
    }
    let endpoints = told.as_object().unwrap().keys();
    assert_eq!(
        endpoints.filter(|name| name.ends_with("_endpoint")).count(),
        4
    );
    app.anonymous()
        .get("/.well-known/jwks.json")
        .await
        .expect(200);
    let flows = &iuc::openapi::document()["components"]["securitySchemes"]["oauth2"]["flows"];
    let flow = &flows["clientCredentials"];
    assert_eq!(flow["tokenUrl"], "/oauth/token");
    let mut scopes: Vec<_> = flow["scopes"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let mut supported: Vec<_> = told["scopes_supported"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    scopes.sort_unstable();
    supported.sort_unstable();
    assert_eq!(scopes, supported);
    let machine = Machine::make(&app.city_user("umea").await, "umea", &["read"]).await;
    for grant in told["grant_types_supported"].as_array().unwrap() {
        let form = format!("grant_type={}&refresh_token=x", grant.as_str().unwrap());
        let reply = post_form(&app, "/oauth/token", &machine.basic(), form).await;
        assert_ne!(reply.code(), "unsupported_grant_type", "{grant}");
    }
}
