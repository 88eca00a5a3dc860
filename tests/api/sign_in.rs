//! Signing in, renewing, signing out, and what takes rights away: each works on the next request.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel_async::{AsyncConnection, SimpleAsyncConnection};
use futures_util::future::join;
use iuc::auth::keys::{AccessClaims, KeyRing, SigningKey};
use iuc::db::Connection;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::app::PASSWORD;
use crate::support::snapshot::assert_reply;
use crate::support::{App, Client, Reply};

async fn sign_in(app: &App, email: &str, password: &str) -> Reply {
    let body = json!({"email": email, "password": password});
    app.anonymous().post("/v1/sessions", body).await
}

async fn renew(app: &App, token: &str) -> Reply {
    renew_for(app, token, "").await
}

async fn renew_for(app: &App, token: &str, scope: &str) -> Reply {
    let request = app.anonymous().request("POST", "/oauth/token");
    let form = format!("grant_type=refresh_token&refresh_token={token}&scope={scope}");
    request
        .body("application/x-www-form-urlencoded", form)
        .send()
        .await
}

fn refresh_token(reply: &Reply) -> String {
    reply.body["refresh_token"].as_str().unwrap().to_owned()
}

fn client(app: &App, reply: &Reply) -> Client {
    app.anonymous()
        .with_token(reply.body["access_token"].as_str().unwrap())
}

/// What an access token says.
fn claims(client: &Client) -> Value {
    let payload = client.token.as_deref().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[tokio::test]
async fn the_right_password_gives_tokens() {
    let app = App::start().await;
    let id = app
        .account("planning@umea.example", "eu_city", Some("umea"))
        .await;
    let reply = sign_in(&app, "Planning@Umea.Example", PASSWORD)
        .await
        .expect(201);
    assert_eq!(reply.header("cache-control"), "no-store");
    let caller = client(&app, &reply);
    let claims = claims(&caller);
    let session = claims["sid"].as_str().unwrap();
    assert_eq!(
        reply.header("location"),
        format!("{}/v1/sessions/{session}", app.url)
    );
    assert_eq!(
        (&claims["sub"], &claims["role"], &claims["city"]),
        (&json!(id), &json!("eu_city"), &json!("umea"))
    );
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&json!(app.url), &json!(format!("{}/v1", app.url)))
    );
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        600
    );
    assert_eq!(
        app.count("events WHERE type = 'session' AND action = 'created'")
            .await,
        1
    );
    assert_reply!("tokens", reply);
    let me = caller.get("/v1/me").await.expect(200);
    assert_reply!("me", me);
    assert_eq!(
        (&me.body["user"]["id"], &me.body["session"]),
        (&json!(id), &json!(session))
    );
}

#[tokio::test]
async fn nobody_learns_which_accounts_exist() {
    let app = App::start().await;
    app.account("here@iuc.example", "admin", None).await;
    app.account("off@iuc.example", "admin", None).await;
    app.run("UPDATE users SET active = false WHERE email = 'off@iuc.example'")
        .await;
    let mut answers = Vec::new();
    for (email, password) in [
        ("here@iuc.example", "not the password"),
        ("nobody@iuc.example", PASSWORD),
        ("off@iuc.example", PASSWORD),
        ("here@iuc.example", ""),
        ("here@iuc.example", &PASSWORD.to_uppercase()),
    ] {
        if password.is_empty() {
            continue;
        }
        let reply = sign_in(&app, email, password)
            .await
            .problem("invalid_credentials");
        assert_eq!(reply.header("www-authenticate"), "Bearer");
        let mut body = reply.body.clone();
        body["request_id"] = Value::Null;
        let mut names: Vec<_> = reply.headers.keys().map(ToString::to_string).collect();
        names.sort();
        answers.push((body, names, reply.bytes.len()));
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    for body in [
        json!({}),
        json!({"email": "here@iuc.example"}),
        json!({"email": "here", "password": ""}),
        json!({"email": "here@iuc.example", "password": "x", "otp": 1}),
        json!({"email": "here@iuc.example", "password": "x".repeat(257)}),
    ] {
        app.anonymous()
            .post("/v1/sessions", body)
            .await
            .problem("invalid_input");
    }
}

#[tokio::test]
async fn ten_failures_close_an_account_for_a_while_and_no_other() {
    let app = App::start().await;
    app.account("a@iuc.example", "admin", None).await;
    app.account("b@iuc.example", "admin", None).await;
    for _ in 0..9 {
        sign_in(&app, "a@iuc.example", "wrong")
            .await
            .problem("invalid_credentials");
    }
    sign_in(&app, "a@iuc.example", PASSWORD).await.expect(201);
    for _ in 0..10 {
        sign_in(&app, "a@iuc.example", "wrong")
            .await
            .problem("invalid_credentials");
    }
    for (email, password) in [
        ("a@iuc.example", PASSWORD),
        ("A@IUC.example", PASSWORD),
        ("a@iuc.example", "wrong"),
    ] {
        let reply = sign_in(&app, email, password)
            .await
            .problem("too_many_sign_ins");
        let seconds: u64 = reply.header("retry-after").parse().unwrap();
        assert!((1..=900).contains(&seconds));
    }
    sign_in(&app, "b@iuc.example", PASSWORD).await.expect(201);
    for _ in 0..11 {
        let reply = sign_in(&app, "nobody@iuc.example", "wrong").await;
        assert!(matches!(
            reply.code().as_str(),
            "invalid_credentials" | "too_many_sign_ins"
        ));
    }
    sign_in(&app, "nobody@iuc.example", "wrong")
        .await
        .problem("too_many_sign_ins");
    app.run("UPDATE sign_in_failures SET since = since - interval '16 minutes'")
        .await;
    sign_in(&app, "a@iuc.example", PASSWORD).await.expect(201);
}

#[tokio::test]
async fn a_hundred_failures_close_an_address_for_a_while() {
    let app = App::start().await;
    app.account("a@iuc.example", "admin", None).await;
    sign_in(&app, "x@iuc.example", "wrong")
        .await
        .problem("invalid_credentials");
    app.run("UPDATE sign_in_failures SET count = 100 WHERE key LIKE 'address:%'")
        .await;
    sign_in(&app, "a@iuc.example", PASSWORD)
        .await
        .problem("too_many_sign_ins");
    let kept = app.rows("SELECT key FROM sign_in_failures").await;
    let kept = format!("{kept:?}");
    assert!(
        !kept.contains("127.0.0.1") && !kept.contains("example"),
        "{kept}"
    );
}

#[tokio::test]
async fn a_refresh_token_works_once_and_gives_the_next() {
    let app = App::start().await;
    app.account("a@iuc.example", "admin", None).await;
    let mut reply = sign_in(&app, "a@iuc.example", PASSWORD).await.expect(201);
    let mut seen = vec![refresh_token(&reply)];
    for _ in 0..3 {
        reply = renew(&app, &refresh_token(&reply)).await.expect(200);
        assert_eq!(reply.header("cache-control"), "no-store");
        assert_eq!(reply.body["token_type"], "Bearer");
        client(&app, &reply).get("/v1/me").await.expect(200);
        assert!(!seen.contains(&refresh_token(&reply)));
        seen.push(refresh_token(&reply));
    }
    let kept = app
        .rows("SELECT encode(digest, 'escape') FROM refresh_tokens")
        .await;
    let kept = format!("{kept:?}");
    assert!(seen.iter().all(|token| !kept.contains(&token[7..])));
    assert_eq!(app.count("sessions").await, 1);
}

#[tokio::test]
async fn using_a_refresh_token_again_ends_the_session() {
    let app = App::start().await;
    app.account("a@iuc.example", "admin", None).await;
    let first = sign_in(&app, "a@iuc.example", PASSWORD).await.expect(201);
    let other = sign_in(&app, "a@iuc.example", PASSWORD).await.expect(201);
    let second = renew(&app, &refresh_token(&first)).await.expect(200);
    let third = renew(&app, &refresh_token(&second)).await.expect(200);
    client(&app, &third).get("/v1/me").await.expect(200);
    let reply = renew(&app, &refresh_token(&first))
        .await
        .problem("invalid_grant");
    assert_eq!(reply.body["error"], "invalid_grant");
    for reply in [&first, &second, &third] {
        client(&app, reply)
            .get("/v1/me")
            .await
            .problem("invalid_token");
        renew(&app, &refresh_token(reply))
            .await
            .problem("invalid_grant");
    }
    client(&app, &other).get("/v1/me").await.expect(200);
    assert_eq!(
        app.count("sessions WHERE ended_reason = 'reused_token'")
            .await,
        1
    );
}

#[tokio::test]
async fn a_lost_answer_to_a_renewal_is_forgiven_once() {
    let app = App::start().await;
    app.account("a@iuc.example", "admin", None).await;
    let first = sign_in(&app, "a@iuc.example", PASSWORD).await.expect(201);
    client(&app, &first).get("/v1/me").await.expect(200);
    let lost = renew(&app, &refresh_token(&first)).await.expect(200);
    client(&app, &first).get("/v1/me").await.expect(200);
    let again = renew(&app, &refresh_token(&first)).await.expect(200);
    client(&app, &again).get("/v1/me").await.expect(200);
    renew(&app, &refresh_token(&first))
        .await
        .problem("invalid_grant");
    for reply in [&first, &lost, &again] {
        client(&app, reply)
            .get("/v1/me")
            .await
            .problem("invalid_token");
        renew(&app, &refresh_token(reply))
            .await
            .problem("invalid_grant");
    }
    let ended = "sessions WHERE ended_reason = 'reused_token'";
    assert_eq!(app.count(ended).await, 1);
}

#[tokio::test]
async fn an_answer_to_a_renewal_that_was_seen_used_is_not_lost() {
    let app = App::start().await;
    app.account("a@iuc.example", "admin", None).await;
    let subject = json!({"name": {"en": "X", "ja": "X"}});
    for way in ["reading", "writing", "one's own account"] {
        let first = sign_in(&app, "a@iuc.example", PASSWORD).await.expect(201);
        let second = renew(&app, &refresh_token(&first)).await.expect(200);
        let caller = client(&app, &second);
        let reply = match way {
            "reading" => caller.get("/v1/cities/umea").await,
            "writing" => {
                caller
                    .post("/v1/subjects?dryrun=true", subject.clone())
                    .await
            }
            _ => caller.get("/v1/me").await,
        };
        assert!(reply.status < 300, "{way}: {reply}");
        renew(&app, &refresh_token(&first))
            .await
            .problem("invalid_grant");
        caller.get("/v1/me").await.problem("invalid_token");
        renew(&app, &refresh_token(&second))
            .await
            .problem("invalid_grant");
    }
}

#[tokio::test]
async fn only_the_first_use_of_a_renewed_token_writes() {
    let app = App::start().await;
    app.account("a@iuc.example", "admin", None).await;
    let first = sign_in(&app, "a@iuc.example", PASSWORD).await.expect(201);
    let second = renew(&app, &refresh_token(&first)).await.expect(200);
    let row = "SELECT xmin::text || ' ' || coalesce(unseen_token::text, 'seen') FROM sessions";
    let renewed = app.one(row).await;
    client(&app, &first).get("/v1/cities").await.expect(200);
    assert_eq!(
        app.one(row).await,
        renewed,
        "the token before it says nothing"
    );
    let caller = client(&app, &second);
    caller.get("/v1/cities").await.expect(200);
    let seen = app.one(row).await;
    assert!(seen.ends_with(" seen"), "{seen}");
    caller.get("/v1/cities").await.expect(200);
    caller.get("/v1/me").await.expect(200);
    assert_eq!(app.one(row).await, seen);
}

#[tokio::test]
async fn a_narrower_scope_narrows_the_access_token_alone() {
    let app = App::start().await;
    app.account("a@umea.example", "eu_city", Some("umea")).await;
    let first = sign_in(&app, "a@umea.example", PASSWORD).await.expect(201);
    for scope in ["admin", "read+admin", "read+everything"] {
        let reply = renew_for(&app, &refresh_token(&first), scope).await;
        let reply = reply.problem("invalid_scope");
        assert_eq!(reply.body["error"], "invalid_scope", "{scope}");
    }
    let narrow = renew_for(&app, &refresh_token(&first), "read")
        .await
        .expect(200);
    assert_eq!(narrow.body["scope"], "read");
    let caller = client(&app, &narrow);
    caller.get("/v1/action-plans").await.expect(200);
    caller
        .get("/v1/changes")
        .await
        .problem("insufficient_scope");
    caller
        .patch("/v1/cities/umea", "*", json!({"area_km2": 3}))
        .await
        .problem("insufficient_scope");
    let contribution = (crate::support::Kind::named("contribution").new)();
    let reply = caller.post("/v1/contributions", contribution).await;
    let reply = reply.problem("insufficient_scope");
    assert_eq!(
        reply.header("www-authenticate"),
        "Bearer error=\"insufficient_scope\", scope=\"contributions:write\""
    );
    let me = caller.get("/v1/me").await.expect(200);
    assert_eq!(me.body["scope"], narrow.body["scope"]);
    caller.get("/v1/sessions").await.problem("not_for_clients");
    let whole = renew(&app, &refresh_token(&narrow)).await.expect(200);
    assert_eq!(whole.body["scope"], first.body["scope"]);
    client(&app, &whole).get("/v1/me").await.expect(200);
    let all = first.body["scope"].as_str().unwrap().replace(' ', "+");
    let all = renew_for(&app, &refresh_token(&whole), &all)
        .await
        .expect(200);
    client(&app, &all).get("/v1/me").await.expect(200);
}

#[tokio::test]
async fn a_lost_answer_to_a_renewal_is_forgiven_until_the_next_token_is_used() {
    let app = App::start().await;
    app.account("a@iuc.example", "admin", None).await;
    let first = sign_in(&app, "a@iuc.example", PASSWORD).await.expect(201);
    let lost = renew(&app, &refresh_token(&first)).await.expect(200);
    let again = renew(&app, &refresh_token(&first)).await.expect(200);
    assert_ne!(refresh_token(&lost), refresh_token(&again));
    let next = renew(&app, &refresh_token(&again)).await.expect(200);
    renew(&app, &refresh_token(&lost))
        .await
        .problem("invalid_grant");
    client(&app, &next)
        .get("/v1/me")
        .await
        .problem("invalid_token");

    let first = sign_in(&app, "a@iuc.example", PASSWORD).await.expect(201);
    let second = renew(&app, &refresh_token(&first)).await.expect(200);
    renew(&app, &refresh_token(&second)).await.expect(200);
    renew(&app, &refresh_token(&first))
        .await
        .problem("invalid_grant");

    // What was lost and replaced is in the wrong hands when it is used.
    let first = sign_in(&app, "a@iuc.example", PASSWORD).await.expect(201);
    let lost = renew(&app, &refresh_token(&first)).await.expect(200);
    let again = renew(&app, &refresh_token(&first)).await.expect(200);
    renew(&app, &refresh_token(&lost))
        .await
        .problem("invalid_grant");
    renew(&app, &refresh_token(&again))
        .await
        .problem("invalid_grant");
}

#[tokio::test]
async fn two_renewals_at_once_do_not_both_become_the_newest() {
    let app = App::start().await;
    app.account("a@iuc.example", "admin", None).await;
    let first = sign_in(&app, "a@iuc.example", PASSWORD).await.expect(201);
    let token = refresh_token(&first);
    let replies = futures_util::future::join_all((0..4).map(|_| renew(&app, &token))).await;
    let mut living = 0;
    for reply in &replies {
        assert!(
            reply.status == 200 || reply.code() == "invalid_grant",
            "{reply}"
        );
    }
    for reply in replies.iter().filter(|reply| reply.status == 200) {
        living += usize::from(renew(&app, &refresh_token(reply)).await.status == 200);
    }
    assert!(
        living <= 1,
        "{living} tokens of one session live beside each other"
    );
}

#[tokio::test]
async fn bad_renewals_are_told_in_the_words_of_oauth() {
    let app = App::start().await;
    app.account("a@iuc.example", "admin", None).await;
    let token = refresh_token(&sign_in(&app, "a@iuc.example", PASSWORD).await);
    let post = async |form: String| {
        let request = app.anonymous().request("POST", "/oauth/token");
        request
            .body("application/x-www-form-urlencoded", form)
            .send()
            .await
    };
    let cases = [
        (
            format!("grant_type=password&refresh_token={token}"),
            "unsupported_grant_type",
            "unsupported_grant_type",
        ),
        (
            format!("refresh_token={token}"),
            "invalid_input",
            "invalid_request",
        ),
        (
            "grant_type=refresh_token".into(),
            "invalid_input",
            "invalid_request",
        ),
        (
            format!("grant_type=refresh_token&refresh_token={token}&refresh_token={token}"),
            "invalid_input",
            "invalid_request",
        ),
        (
            format!("grant_type=refresh_token&refresh_token={token}x"),
            "invalid_grant",
            "invalid_grant",
        ),
        (
            "grant_type=refresh_token&refresh_token=iuc_rt_AAAA".into(),
            "invalid_grant",
            "invalid_grant",
        ),
        ("%ff=%00&&&=".into(), "invalid_input", "invalid_request"),
    ];
    for (form, code, error) in cases {
        let reply = post(form.clone()).await.problem(code);
        assert_eq!(reply.body["error"], error, "{form}");
    }
    renew(&app, &token).await.expect(200);
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_renewed_in_time() {
    let app = App::start().await;
    app.account("a@iuc.example", "admin", None).await;
    let reply = sign_in(&app, "a@iuc.example", PASSWORD).await.expect(201);
    app.run("UPDATE sessions SET expires_at = now() - interval '1 second'")
        .await;
    client(&app, &reply)
        .get("/v1/me")
        .await
        .problem("invalid_token");
    renew(&app, &refresh_token(&reply))
        .await
        .problem("invalid_grant");
}

#[tokio::test]
async fn signing_out_works_on_the_next_request() {
    let app = App::start().await;
    app.account("a@iuc.example", "admin", None).await;
    app.account("b@iuc.example", "admin", None).await;
    let (first, second) = (
        sign_in(&app, "a@iuc.example", PASSWORD).await,
        sign_in(&app, "a@iuc.example", PASSWORD).await,
    );
    let stranger = client(&app, &sign_in(&app, "b@iuc.example", PASSWORD).await);
    let (here, there) = (client(&app, &first), client(&app, &second));
    let sessions = here.get("/v1/sessions").await.expect(200);
    let ids = sessions.ids();
    let of = |client: &Client| claims(client)["sid"].as_str().unwrap().to_owned();
    assert_eq!(ids, [of(&there), of(&here)], "the newest comes first");
    let path = format!("/v1/sessions/{}", of(&here));
    stranger.delete(&path, "*").await.problem("not_found");
    app.anonymous()
        .delete(&path, "*")
        .await
        .problem("unauthenticated");
    there.request("DELETE", &path).send().await.expect(204);
    here.get("/v1/me").await.problem("invalid_token");
    renew(&app, &refresh_token(&first))
        .await
        .problem("invalid_grant");
    there.delete(&path, "*").await.problem("not_found");
    assert_eq!(there.get("/v1/sessions").await.ids(), [of(&there)]);
    let own = format!("/v1/sessions/{}", of(&there));
    there.delete(&own, "*").await.expect(204);
    there.get("/v1/cities").await.problem("invalid_token");
    assert_eq!(
        app.count("events WHERE type = 'session' AND action = 'deleted'")
            .await,
        2
    );
}

#[tokio::test]
async fn what_an_admin_takes_away_is_gone_on_the_next_request() {
    let app = App::start().await;
    let admin = app.admin().await;
    let id = app.account("x@iuc.example", "admin", None).await;
    let path = format!("/v1/users/{id}");
    let signed_in = async || sign_in(&app, "x@iuc.example", PASSWORD).await.expect(201);

    let tokens = signed_in().await;
    let user = client(&app, &tokens);
    user.get("/v1/users").await.expect(200);
    let role = json!({"role": "eu_city", "city": "umea"});
    admin.patch(&path, "*", role).await.expect(200);
    user.post("/v1/subjects", json!({"name": {"en": "X"}}))
        .await
        .problem("forbidden");
    user.patch("/v1/cities/umea", "*", json!({"area_km2": 3}))
        .await
        .expect(200);
    admin
        .patch(&path, "*", json!({"city": "essen"}))
        .await
        .expect(200);
    user.patch("/v1/cities/umea", "*", json!({"area_km2": 4}))
        .await
        .problem("forbidden");
    let renewed = renew(&app, &refresh_token(&tokens)).await.expect(200);
    assert_eq!(claims(&client(&app, &renewed))["city"], "essen");

    let tokens = signed_in().await;
    let password = json!({"password": "a quiet night in june"});
    admin.patch(&path, "*", password).await.expect(200);
    client(&app, &tokens)
        .get("/v1/me")
        .await
        .problem("invalid_token");
    renew(&app, &refresh_token(&tokens))
        .await
        .problem("invalid_grant");
    sign_in(&app, "x@iuc.example", PASSWORD)
        .await
        .problem("invalid_credentials");
    let tokens = sign_in(&app, "x@iuc.example", "a quiet night in june")
        .await
        .expect(201);

    admin
        .patch(&path, "*", json!({"active": false}))
        .await
        .expect(200);
    client(&app, &tokens)
        .get("/v1/me")
        .await
        .problem("invalid_token");
    renew(&app, &refresh_token(&tokens))
        .await
        .problem("invalid_grant");
    sign_in(&app, "x@iuc.example", "a quiet night in june")
        .await
        .problem("invalid_credentials");
    admin
        .patch(&path, "*", json!({"active": true}))
        .await
        .expect(200);
    client(&app, &tokens)
        .get("/v1/me")
        .await
        .problem("invalid_token");
    let tokens = sign_in(&app, "x@iuc.example", "a quiet night in june")
        .await
        .expect(201);
    admin.delete(&path, "*").await.expect(204);
    client(&app, &tokens)
        .get("/v1/me")
        .await
        .problem("invalid_token");
}

#[tokio::test]
async fn only_tokens_of_this_service_are_believed() {
    let app = App::start().await;
    let admin = app.admin().await;
    let good = claims(&admin);
    let now = good["iat"].as_i64().unwrap();
    let uuid = |name: &str| good[name].as_str().unwrap().parse::<Uuid>().unwrap();
    let made = |change: &dyn Fn(&mut AccessClaims), keys: &KeyRing| {
        let mut claims = AccessClaims {
            iss: app.url.clone(),
            aud: format!("{}/v1", app.url),
            sub: uuid("sub"),
            jti: iuc::resource::new_uuid(),
            sid: uuid("sid"),
            role: "admin".into(),
            city: None,
            scope: "read".into(),
            iat: now,
            exp: now + 600,
            client_id: good["sub"].as_str().unwrap().into(),
            machine: false,
            narrowed: false,
        };
        change(&mut claims);
        keys.sign(&claims).unwrap()
    };
    let own = &app.state.keys;
    let strangers = KeyRing::new(SigningKey::generate().unwrap(), Vec::new());
    let fine = made(&|_| {}, own);
    admin.with_token(&fine).get("/v1/me").await.expect(200);

    let token = admin.token.clone().unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let encoded = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[0]).unwrap()).unwrap();
    let none = encoded(json!({"alg": "none", "typ": "at+jwt", "kid": header["kid"]}));
    let hmac = encoded(json!({"alg": "HS256", "typ": "at+jwt", "kid": header["kid"]}));
    let plain = encoded(json!({"alg": "EdDSA", "typ": "JWT", "kid": header["kid"]}));
    let mut promoted = good.clone();
    promoted["sub"] = json!(iuc::resource::new_uuid());
    let bad = [
        ("no signature", format!("{none}.{}.", parts[1])),
        (
            "another signature",
            format!("{none}.{}.{}", parts[1], parts[2]),
        ),
        (
            "another algorithm",
            format!("{hmac}.{}.{}", parts[1], parts[2]),
        ),
        ("another type", format!("{plain}.{}.{}", parts[1], parts[2])),
        (
            "other claims",
            format!("{}.{}.{}", parts[0], encoded(promoted), parts[2]),
        ),
        ("cut", token[..token.len() - 4].to_owned()),
        ("two parts", format!("{}.{}", parts[0], parts[1])),
        (
            "expired",
            made(
                &|claims| {
                    claims.iat = now - 700;
                    claims.exp = now - 100;
                },
                own,
            ),
        ),
        ("not yet valid", made(&|claims| claims.iat = now + 300, own)),
        (
            "of another issuer",
            made(
                &|claims| claims.iss = "https://elsewhere.example".into(),
                own,
            ),
        ),
        (
            "for another audience",
            made(
                &|claims| claims.aud = "https://elsewhere.example/v1".into(),
                own,
            ),
        ),
        ("of another key", made(&|_| {}, &strangers)),
        (
            "of another session",
            made(&|claims| claims.sid = iuc::resource::new_uuid(), own),
        ),
        (
            "of another user",
            made(&|claims| claims.sub = iuc::resource::new_uuid(), own),
        ),
        (
            "a refresh token",
            "iuc_rt_3q2-7wAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".into(),
        ),
        ("nothing", " ".into()),
    ];
    for (what, token) in bad {
        for path in ["/v1/me", "/v1/cities"] {
            let reply = admin.with_token(&token).get(path).await;
            let reply = reply.problem("invalid_token");
            assert_eq!(
                reply.header("www-authenticate"),
                "Bearer error=\"invalid_token\"",
                "{what}"
            );
        }
    }
    for scheme in ["Basic YTpi", "Bearer", token.as_str(), "Digest x"] {
        let request = app
            .anonymous()
            .request("GET", "/v1/me")
            .header("Authorization", scheme);
        request.send().await.problem("invalid_token");
    }
    let request = app
        .anonymous()
        .request("GET", "/v1/me")
        .header("Authorization", &format!("bearer {token}"));
    request.send().await.expect(200);
}

#[tokio::test]
async fn who_asks_is_settled_before_what_is_asked() {
    let app = App::start().await;
    let junk = |client: Client| async move {
        let request = client.request("POST", "/v1/subjects?limit=x");
        request.body("text/plain", "{").send().await
    };
    let reply = junk(app.anonymous()).await.problem("unauthenticated");
    assert_eq!(reply.header("www-authenticate"), "Bearer");
    junk(app.anonymous().with_token("x"))
        .await
        .problem("invalid_token");
    let user = app.city_user("umea").await;
    let request = user.request("POST", "/v1/subjects");
    request
        .body("application/json", "{")
        .send()
        .await
        .problem("forbidden");
}

#[tokio::test]
async fn no_password_ever_comes_back() {
    let app = App::start().await;
    let admin = app.admin().await;
    let secret = "a quiet night in june";
    let mut user = (crate::support::Kind::named("user").new)();
    user["password"] = json!(secret);
    let dry = admin.post("/v1/users?dryrun=true", user.clone()).await;
    let made = admin.post("/v1/users", user.clone()).await.expect(201);
    let path = format!("/v1/users/{}", made.id());
    let other = "violet-harbour-1642";
    let answers = [
        dry,
        made,
        admin.get(&path).await,
        admin.get(&format!("{path}?fields=id,name")).await,
        admin.get("/v1/users").await,
        admin.get("/v1/users?format=ndjson").await,
        admin
            .patch(
                &format!("{path}?dryrun=true"),
                "*",
                json!({"password": other}),
            )
            .await,
        admin.patch(&path, "*", json!({"password": other})).await,
        admin
            .json_patch(
                &path,
                "*",
                json!([{"op": "add", "path": "/password", "value": secret}]),
            )
            .await,
        admin.put(&path, "*", user).await,
        sign_in(&app, "new@umea.example", secret).await,
    ];
    for answer in &answers {
        assert!(answer.status < 300, "{answer}");
        let text = String::from_utf8_lossy(&answer.bytes);
        for secret in [secret, other, "argon2", "password"] {
            assert!(!text.contains(secret), "{answer}");
        }
    }
    let reply = admin.get(&format!("{path}?fields=password")).await;
    assert!(!String::from_utf8_lossy(&reply.bytes).contains("argon2"));
    let leaks = format!(
        "events WHERE change::text LIKE '%argon2%' OR change::text LIKE '%{secret}%' OR change::text LIKE '%{other}%'"
    );
    assert_eq!(app.count(&leaks).await, 0);
    let stored = app
        .one("SELECT password_hash FROM users WHERE email = 'new@umea.example'")
        .await;
    assert!(stored.starts_with("$argon2id$"), "{stored}");
    for patch in [
        json!([{"op": "test", "path": "/password", "value": stored}]),
        json!([{"op": "copy", "from": "/password", "path": "/name"}]),
        json!([{"op": "move", "from": "/password", "path": "/name"}]),
    ] {
        let reply = admin.json_patch(&path, "*", patch).await;
        assert!(reply.status >= 400, "{reply}");
        assert!(
            !String::from_utf8_lossy(&reply.bytes).contains("argon2id$"),
            "{reply}"
        );
    }
}

#[tokio::test]
async fn weak_passwords_and_hashes_are_refused_at_their_place() {
    let app = App::start().await;
    let admin = app.admin().await;
    let path = format!(
        "/v1/users/{}",
        app.account("x@iuc.example", "admin", None).await
    );
    let hash = app
        .one("SELECT password_hash FROM users WHERE email = 'x@iuc.example'")
        .await;
    for (password, code) in [
        ("short", "too_short"),
        ("password1234", "weak_password"),
        ("aaaaaaaaaaaaaaaa", "weak_password"),
        (&"x".repeat(257), "too_long"),
    ] {
        let reply = admin.patch(&path, "*", json!({"password": password})).await;
        let reply = reply.problem("invalid_input");
        assert!(
            reply
                .faults()
                .contains(&("/password".into(), code.to_owned())),
            "{password}: {reply}"
        );
        assert!(reply.faults().iter().all(|(place, _)| place == "/password"));
    }
    let patch = json!([{"op": "test", "path": "/version", "value": 1}, {"op": "add", "path": "/password", "value": "password1234"}]);
    let reply = admin.json_patch(&path, "*", patch).await;
    let reply = reply.problem("invalid_input");
    assert_eq!(reply.faults()[0].1, "weak_password", "{reply}");
    let mut user = (crate::support::Kind::named("user").new)();
    user["password"] = json!("new@umea.example");
    let reply = admin.post("/v1/users", user.clone()).await;
    reply.refused(&[("/password", "weak_password")]);
    user["password"] = json!("password1234");
    user["city"] = json!("toyota");
    user["colour"] = json!("red");
    let reply = admin.post("/v1/users", user.clone()).await;
    reply.refused(&[("/colour", "unknown_field"), ("/password", "weak_password")]);
    user.as_object_mut().unwrap().remove("colour");
    let reply = admin.post("/v1/users", user.clone()).await;
    let weak = ("/password".to_owned(), "weak_password".to_owned());
    assert!(reply.problem("invalid_input").faults().contains(&weak));
    user.as_object_mut().unwrap().remove("password");
    user["city"] = json!("umea");
    let reply = admin.post("/v1/users", user).await;
    reply.refused(&[("/password", "required")]);
    let reply = admin.patch(&path, "*", json!({"password": hash})).await;
    if reply.status == 200 {
        let kept = app
            .one("SELECT password_hash FROM users WHERE email = 'x@iuc.example'")
            .await;
        assert_ne!(
            kept, hash,
            "a hash that is sent is a password, and hashed again"
        );
    }
    let reply = admin.patch(&path, "*", json!({"password": null})).await;
    assert!(reply.status == 400 || reply.status == 200, "{reply}");
    assert_eq!(app.count("users WHERE password_hash = ''").await, 0);
}

#[tokio::test]
async fn keys_and_metadata_are_published() {
    let app = App::start().await;
    let caller = app.anonymous();
    let keys = caller.get("/.well-known/jwks.json").await.expect(200);
    let key = &keys.body["keys"][0];
    assert_eq!(
        (&key["kty"], &key["crv"], &key["alg"]),
        (&json!("OKP"), &json!("Ed25519"), &json!("EdDSA"))
    );
    assert_eq!(key.get("d"), None, "the private part stays here");
    let path = "/.well-known/oauth-authorization-server";
    let metadata = caller.get(path).await.expect(200);
    assert_eq!(metadata.body["issuer"], app.url);
    assert_eq!(
        metadata.body["token_endpoint"],
        format!("{}/oauth/token", app.url)
    );
    let other = App::start().await;
    let theirs = other
        .anonymous()
        .get("/.well-known/jwks.json")
        .await
        .expect(200);
    assert_ne!(theirs.body, keys.body, "each database has keys of its own");
}

#[tokio::test]
async fn a_forwarded_address_is_believed_from_configured_proxies_alone() {
    let address = async |app: &App| {
        app.account("a@iuc.example", "admin", None).await;
        let request = app
            .anonymous()
            .request("POST", "/v1/sessions")
            .header("X-Forwarded-For", "203.0.113.7, 198.51.100.9");
        let body = json!({"email": "a@iuc.example", "password": PASSWORD});
        request.json(&body).send().await.expect(201);
        app.one("SELECT address FROM sessions").await
    };
    let app = App::start().await;
    assert_eq!(address(&app).await, "127.0.0.1");
    let behind =
        App::with(|settings| settings.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]).await;
    assert_eq!(address(&behind).await, "198.51.100.9");
}

#[tokio::test]
async fn who_is_switched_off_while_signing_in_has_no_session_when_switched_on_again() {
    let app = App::start().await;
    app.account("x@iuc.example", "eu_city", Some("essen")).await;
    let mut other = Connection::establish(&app.database_url).await.unwrap();
    other
        .batch_execute("BEGIN; UPDATE users SET active = false WHERE email = 'x@iuc.example'")
        .await
        .unwrap();
    let end = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        other.batch_execute("COMMIT").await.unwrap();
    };
    let (tokens, ()) = join(sign_in(&app, "x@iuc.example", PASSWORD), end).await;
    tokens.problem("invalid_credentials");
    assert_eq!(app.count("sessions").await, 0);
}
