//! Signing in to an application on the service's own page: what a frontend of others is given, and what it is not.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::support::app::PASSWORD;
use crate::support::oauth::{bearer, claims, post_form};
use crate::support::{App, Client, Reply};

const VERIFIER: &str = "a-verifier-of-the-portal-that-nobody-else-has-seen";
const BACK: &str = "https://portal.example/in?from=iuc";
const EMAIL: &str = "planning@frankfurt.example";

/// Parameters, as a query or a form.
#[derive(Clone)]
struct Form(Vec<(&'static str, String)>);

impl Form {
    /// As the portal asks.
    fn of_portal() -> Self {
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()));
        Self(vec![
            ("client_id", "portal".into()),
            ("redirect_uri", BACK.into()),
            ("response_type", "code".into()),
            ("state", "a b&c=d".into()),
            ("code_challenge", challenge),
            ("code_challenge_method", "S256".into()),
        ])
    }

    /// With another value; without any when it is empty.
    fn with(&self, name: &'static str, value: &str) -> Self {
        let mut form = self.clone();
        form.0.retain(|(there, _)| *there != name);
        if !value.is_empty() {
            form.0.push((name, value.to_owned()));
        }
        form
    }

    fn of_person(&self, email: &str, password: &str) -> Self {
        self.with("email", email).with("password", password)
    }

    fn text(&self) -> String {
        let mut text = form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(&self.0).finish()
    }

    async fn show(&self, app: &App) -> Reply {
        let path = format!("/oauth/authorize?{}", self.text());
        let request = app.anonymous().request("GET", &path);
        request.header("Accept", "text/html").send().await
    }

    async fn send(&self, app: &App) -> Reply {
        post_form(app, "/oauth/authorize", "", self.text()).await
    }
}

/// What an answer leads back with.
fn led_back(reply: Reply) -> Vec<(String, String)> {
    let reply = reply.expect(303);
    let address = reply.header("location");
    let (page, query) = address.split_once("iuc&").unwrap();
    assert_eq!(format!("{page}iuc"), BACK);
    assert_eq!(reply.header("cache-control"), "no-store");
    let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
    pairs.collect()
}

fn value(pairs: &[(String, String)], name: &str) -> String {
    let found = pairs.iter().find(|(there, _)| there == name);
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}

/// How a code is exchanged.
fn exchange(code: &str) -> Form {
    Form(vec![
        ("grant_type", "authorization_code".into()),
        ("code", code.into()),
        ("redirect_uri", BACK.into()),
        ("client_id", "portal".into()),
        ("code_verifier", VERIFIER.into()),
    ])
}

async fn tokens(app: &App, form: &Form) -> Reply {
    post_form(app, "/oauth/token", "", form.text()).await
}

async fn renew(app: &App, tokens: &Reply, more: &str) -> Reply {
    let token = tokens.body["refresh_token"].as_str().unwrap();
    let form = format!("grant_type=refresh_token&refresh_token={token}{more}");
    post_form(app, "/oauth/token", "", form).await
}

/// The portal, as an admin registers it.
async fn with_portal(scopes: &[&str]) -> (App, Client) {
    let app = App::start().await;
    let admin = app.admin().await;
    let portal = json!({"id": "portal", "name": {"en": "Plans & <Portal>", "ja": "計画ポータル"}, "scopes": scopes,
        "redirect_uris": [BACK, "http://127.0.0.1/cb"]});
    admin.post("/v1/applications", portal).await.expect(201);
    app.account(EMAIL, "eu_city", Some("frankfurt")).await;
    (app, admin)
}

/// The code that a sign-in on the page gives.
async fn code_of(app: &App, form: &Form) -> String {
    let reply = form.of_person(EMAIL, PASSWORD).send(app).await;
    let answer = led_back(reply);
    let code = value(&answer, "code");
    assert!(code.starts_with("iuc_ac_"), "{answer:?}");
    code
}

#[tokio::test]
async fn a_person_signs_in_to_an_application_and_it_acts_as_far_as_its_scopes_reach() {
    let (app, _) = with_portal(&["read", "plans:write", "admin"]).await;
    let form = Form::of_portal();
    let page = form.show(&app).await.expect(200);
    let html = String::from_utf8(page.bytes.clone()).unwrap();
    assert!(html.contains("Plans &amp; &lt;Portal&gt;"), "{html}");
    assert!(html.contains("https://portal.example</code>"), "{html}");
    assert!(html.contains("Write action plans"), "{html}");
    assert!(html.contains("value=\"a b&amp;c=d\""), "{html}");
    let answer = led_back(form.of_person(EMAIL, PASSWORD).send(&app).await);
    assert_eq!(
        (value(&answer, "state"), value(&answer, "iss")),
        ("a b&c=d".to_owned(), app.url.clone())
    );
    let given = tokens(&app, &exchange(&value(&answer, "code")))
        .await
        .expect(200);
    assert_eq!(given.header("cache-control"), "no-store");
    // What the portal has, as far as the person does.
    assert_eq!(given.body["scope"], "read plans:write");
    let caller = bearer(&app, &given);
    let told = claims(&caller);
    assert_eq!(
        (&told["client_id"], &told["role"], &told["city"]),
        (&json!("portal"), &json!("eu_city"), &json!("frankfurt"))
    );
    let me = caller.get("/v1/me").await.expect(200);
    assert_eq!(
        (&me.body["user"]["email"], &me.body["scope"]),
        (&json!(EMAIL), &json!("read plans:write"))
    );
    let plan = json!({"pairing": "frankfurt-yokohama", "proponents": ["frankfurt"], "language": "en", "title": {"en": "Trees"}});
    caller.post("/v1/action-plans", plan).await.expect(201);
    let tour = json!({});
    caller
        .post("/v1/tours", tour)
        .await
        .problem("insufficient_scope");
    for path in ["/v1/sessions", "/v1/clients", "/v1/users"] {
        caller.get(path).await.problem("not_for_clients");
    }
    let sessions = app
        .sign_in(EMAIL)
        .await
        .get("/v1/sessions")
        .await
        .expect(200);
    let listed: Vec<&Value> = sessions.body["items"].as_array().unwrap().iter().collect();
    let of_portal = listed
        .iter()
        .find(|it| it["application"] == "portal")
        .unwrap();
    assert_eq!(of_portal["scope"], "read plans:write");
    assert!(listed.iter().any(|it| it["application"].is_null()));
}

#[tokio::test]
async fn a_renewed_token_of_an_application_reaches_no_further_and_is_its_alone() {
    let (app, _) = with_portal(&["read", "plans:write"]).await;
    let code = code_of(&app, &Form::of_portal().with("scope", "read")).await;
    let first = tokens(&app, &exchange(&code)).await.expect(200);
    assert_eq!(first.body["scope"], "read");
    for other in ["", "&client_id=swagger-ui", "&client_id=x"] {
        let reply = renew(&app, &first, other).await;
        assert_eq!(
            reply.problem("invalid_grant").body["error"],
            "invalid_grant"
        );
    }
    renew(&app, &first, "&client_id=portal&scope=read+plans:write")
        .await
        .problem("invalid_scope");
    let next = renew(&app, &first, "&client_id=portal").await.expect(200);
    assert_eq!(next.body["scope"], "read");
    let caller = bearer(&app, &next);
    caller.get("/v1/me").await.expect(200);
    caller
        .post("/v1/action-plans", json!({}))
        .await
        .problem("insufficient_scope");
    caller.get("/v1/sessions").await.problem("not_for_clients");
    renew(&app, &first, "&client_id=portal")
        .await
        .problem("invalid_grant");
    caller.get("/v1/me").await.problem("invalid_token");
}

#[tokio::test]
async fn a_code_is_good_once_for_a_minute_and_for_whom_it_was_given() {
    let (app, admin) = with_portal(&["read"]).await;
    let other = json!({"id": "other", "name": {"en": "Other"}, "redirect_uris": [BACK], "scopes": ["read"]});
    admin.post("/v1/applications", other).await.expect(201);
    let code = code_of(&app, &Form::of_portal()).await;
    for (name, wrong) in [
        ("client_id", "other"),
        ("client_id", "swagger-ui"),
        ("redirect_uri", "https://portal.example/in"),
        (
            "code_verifier",
            "another-verifier-that-has-the-length-it-should-have",
        ),
        ("code", "iuc_ac_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ("code", "iuc_rt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    ] {
        let reply = tokens(&app, &exchange(&code).with(name, wrong)).await;
        let reply = reply.problem("invalid_code");
        assert_eq!(reply.body["error"], "invalid_grant", "{name} {wrong}");
    }
    let bare = Form(vec![("grant_type", "authorization_code".into())]);
    let reply = tokens(&app, &bare).await.problem("invalid_input");
    assert_eq!(reply.body["errors"].as_array().unwrap().len(), 4, "{reply}");
    let given = tokens(&app, &exchange(&code)).await.expect(200);
    let caller = bearer(&app, &given);
    caller.get("/v1/me").await.expect(200);
    // Somebody else may have it: what it gave ends.
    tokens(&app, &exchange(&code)).await.problem("invalid_code");
    caller.get("/v1/me").await.problem("invalid_token");
    renew(&app, &given, "&client_id=portal")
        .await
        .problem("invalid_grant");
    let late = code_of(&app, &Form::of_portal()).await;
    app.run("UPDATE authorization_codes SET expires_at = now() - interval '1 second' WHERE session IS NULL").await;
    tokens(&app, &exchange(&late)).await.problem("invalid_code");
    let kept = app.one("SELECT count(*) FROM authorization_codes WHERE encode(digest, 'escape') LIKE '%iuc_ac_%'").await;
    assert_eq!(kept, "0", "no code is stored");
}

#[tokio::test]
async fn of_many_who_exchange_one_code_at_once_one_is_given_tokens_and_loses_them() {
    let (app, _) = with_portal(&["read"]).await;
    let code = code_of(&app, &Form::of_portal()).await;
    let form = exchange(&code);
    let all = futures_util::future::join_all((0..8).map(|_| tokens(&app, &form))).await;
    let good: Vec<&Reply> = all.iter().filter(|reply| reply.status == 200).collect();
    assert_eq!(good.len(), 1);
    bearer(&app, good[0])
        .get("/v1/me")
        .await
        .problem("invalid_token");
    assert_eq!(app.count("sessions WHERE application = 'portal'").await, 1);
}

#[tokio::test]
async fn what_an_application_or_an_account_loses_works_on_the_next_request() {
    let (app, admin) = with_portal(&["read", "plans:write"]).await;
    let begin = async || {
        let code = code_of(&app, &Form::of_portal()).await;
        let given = tokens(&app, &exchange(&code)).await.expect(200);
        bearer(&app, &given)
    };
    let portal = "/v1/applications/portal";
    let more =
        json!({"scopes": ["read", "plans:write", "tours:write"], "name": {"en": "Portal 2"}});
    let caller = begin().await;
    admin.patch(portal, "*", more).await.expect(200);
    caller.get("/v1/me").await.expect(200);
    let fewer = json!({"scopes": ["read"]});
    admin.patch(portal, "*", fewer).await.expect(200);
    caller.get("/v1/me").await.problem("invalid_token");
    let caller = begin().await;
    let pending = code_of(&app, &Form::of_portal()).await;
    admin
        .patch(portal, "*", json!({"active": false}))
        .await
        .expect(200);
    caller.get("/v1/me").await.problem("invalid_token");
    tokens(&app, &exchange(&pending))
        .await
        .problem("invalid_code");
    let page = Form::of_portal().show(&app).await;
    assert_eq!(page.status, 400);
    admin
        .patch(portal, "*", json!({"active": true}))
        .await
        .expect(200);
    caller.get("/v1/me").await.problem("invalid_token");
    let caller = begin().await;
    let pending = code_of(&app, &Form::of_portal()).await;
    let user = app
        .one(&format!("SELECT id FROM users WHERE email = '{EMAIL}'"))
        .await;
    let password = json!({"password": "another quiet night in june"});
    admin
        .patch(&format!("/v1/users/{user}"), "*", password)
        .await
        .expect(200);
    caller.get("/v1/me").await.problem("invalid_token");
    tokens(&app, &exchange(&pending))
        .await
        .problem("invalid_code");
    app.run("UPDATE users SET password_hash = (SELECT password_hash FROM users WHERE email LIKE 'admin%' LIMIT 1)").await;
    let caller = begin().await;
    admin.delete(portal, "*").await.expect(204);
    caller.get("/v1/me").await.problem("invalid_token");
    assert_eq!(app.count("sessions WHERE application IS NOT NULL").await, 0);
}

#[tokio::test]
async fn nobody_is_led_to_an_address_that_is_not_registered() {
    let (app, _) = with_portal(&["read"]).await;
    let form = Form::of_portal();
    for (name, wrong) in [
        ("client_id", ""),
        ("client_id", "nobody"),
        ("client_id", "No Slug +1 555"),
        ("redirect_uri", ""),
        ("redirect_uri", "https://portal.example/in"),
        ("redirect_uri", "https://portal.example/in?from=iuc&x=y"),
        ("redirect_uri", "https://evil.example/"),
        ("redirect_uri", "http://127.0.0.1.evil.example/cb"),
        ("redirect_uri", "javascript:alert(1)"),
    ] {
        for reply in [
            form.with(name, wrong).show(&app).await,
            form.with(name, wrong)
                .of_person(EMAIL, PASSWORD)
                .send(&app)
                .await,
        ] {
            assert_eq!(reply.status, 400, "{name} {wrong}: {reply}");
            assert_eq!(reply.header("location"), "", "{name} {wrong}");
        }
    }
    let mut twice = form.clone();
    twice
        .0
        .push(("redirect_uri", "https://evil.example/".into()));
    assert_eq!(twice.show(&app).await.status, 400);
    // Its port differs from one start of a program to the next.
    let own = form.with("redirect_uri", "http://127.0.0.1:49152/cb");
    own.show(&app).await.expect(200);
    let path = format!(
        "/oauth/authorize?{}",
        form.with("client_id", "nobody").text()
    );
    let plain = app.anonymous().get(&path).await.problem("invalid_input");
    assert_eq!(plain.body["errors"][0]["parameter"], "client_id");
}

#[tokio::test]
async fn what_an_application_does_wrong_it_is_told() {
    let (app, _) = with_portal(&["read", "plans:write"]).await;
    let form = Form::of_portal();
    for (name, wrong, error) in [
        ("response_type", "", "invalid_request"),
        ("response_type", "token", "unsupported_response_type"),
        ("response_mode", "fragment", "invalid_request"),
        ("code_challenge", "", "invalid_request"),
        ("code_challenge", "short", "invalid_request"),
        ("code_challenge_method", "", "invalid_request"),
        ("code_challenge_method", "plain", "invalid_request"),
        ("scope", "read tours:write", "invalid_scope"),
        ("scope", "read everything", "invalid_scope"),
        ("scope", "openid", "invalid_scope"),
        ("prompt", "none", "login_required"),
        ("request", "eyJ", "invalid_request"),
    ] {
        for reply in [
            form.with(name, wrong).show(&app).await,
            form.with(name, wrong)
                .of_person(EMAIL, PASSWORD)
                .send(&app)
                .await,
        ] {
            let answer = led_back(reply);
            assert_eq!(value(&answer, "error"), error, "{name}={wrong}");
            assert_eq!(value(&answer, "state"), "a b&c=d");
            assert_eq!(value(&answer, "code"), "");
        }
    }
    let cancelled = form.with("decision", "cancel").send(&app).await;
    assert_eq!(value(&led_back(cancelled), "error"), "access_denied");
    // Parameters that it does not know are ignored (RFC 6749, section 3.1).
    let more = form
        .with("nonce", "n")
        .with("audience", "x")
        .with("prompt", "login");
    more.show(&app).await.expect(200);
    assert_eq!(app.count("authorization_codes").await, 0);
}

#[tokio::test]
async fn the_page_tells_nobody_which_accounts_exist_and_counts_what_fails() {
    let (app, _) = with_portal(&["read"]).await;
    let form = Form::of_portal();
    let mut answers = Vec::new();
    for (email, password) in [
        (EMAIL, "not the password"),
        ("nobody1@frankfurt.example", PASSWORD),
    ] {
        let reply = form.of_person(email, password).send(&app).await.expect(401);
        assert!(!String::from_utf8_lossy(&reply.bytes).contains(password));
        let html = String::from_utf8(reply.bytes.clone()).unwrap();
        answers.push(html.replace(email, ""));
    }
    assert_eq!(answers[0], answers[1]);
    for _ in 0..9 {
        form.of_person(EMAIL, "wrong").send(&app).await;
    }
    let shut_out = form.of_person(EMAIL, PASSWORD).send(&app).await.expect(429);
    assert_ne!(shut_out.header("retry-after"), "");
    let body = json!({"email": EMAIL, "password": PASSWORD});
    let script = app.anonymous().post("/v1/sessions", body).await;
    script.problem("too_many_sign_ins");
}

#[tokio::test]
async fn no_other_page_signs_anybody_in() {
    let (app, _) = with_portal(&["read"]).await;
    let form = Form::of_portal();
    let send = async |headers: &[(&str, &str)]| {
        let mut request = app.anonymous().request("POST", "/oauth/authorize");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let form = form.of_person(EMAIL, PASSWORD).text();
        let sent = request.body("application/x-www-form-urlencoded", form);
        sent.send().await
    };
    let own = app.url.clone();
    for foreign in [
        vec![("Sec-Fetch-Site", "cross-site")],
        vec![("Sec-Fetch-Site", "same-site")],
        vec![("Sec-Fetch-Site", "cross-site"), ("Origin", own.as_str())],
        vec![("Origin", "https://evil.example")],
        vec![("Origin", "null")],
    ] {
        send(&foreign).await.problem("foreign_page");
    }
    for own in [
        vec![("Sec-Fetch-Site", "same-origin"), ("Origin", own.as_str())],
        vec![("Origin", own.as_str())],
        vec![],
    ] {
        send(&own).await.expect(303);
    }
    let page = form.show(&app).await.expect(200);
    let policy = page.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    // Browsers would hold the page of the frontend against it, and where that leads on to.
    assert!(!policy.contains("form-action"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("cache-control"), "no-store");
    assert_eq!(page.header("set-cookie"), "");
    let html = String::from_utf8(page.bytes.clone()).unwrap();
    assert!(!html.contains("<script"));
    let hostile = form.with("state", "\"><script>alert(1)</script>");
    let html = hostile
        .with("login_hint", "\"><b>")
        .show(&app)
        .await
        .expect(200);
    let html = String::from_utf8(html.bytes).unwrap();
    assert!(!html.contains("<script") && !html.contains("<b>"), "{html}");
    let json = app.anonymous().post("/oauth/authorize", json!({})).await;
    json.problem("unsupported_media_type");
    let put = app
        .anonymous()
        .request("PUT", "/oauth/authorize")
        .send()
        .await;
    assert_eq!(
        put.problem("method_not_allowed").header("allow"),
        "GET, HEAD, POST"
    );
}

#[tokio::test]
async fn the_page_speaks_english_and_japanese() {
    let (app, _) = with_portal(&["read"]).await;
    let show = async |form: &Form, accepted: &str| {
        let path = format!("/oauth/authorize?{}", form.text());
        let request = app.anonymous().request("GET", &path);
        request
            .header("Accept-Language", accepted)
            .send()
            .await
            .expect(200)
    };
    let form = Form::of_portal();
    for (asked, accepted, language, words) in [
        ("", "ja,en;q=0.5", "ja", "計画ポータルにサインイン"),
        ("", "de", "en", "Sign in to Plans"),
        ("ja", "en", "ja", "パスワード"),
        ("de en", "ja", "en", "Password"),
        ("de", "ja", "ja", "パスワード"),
    ] {
        let reply = show(&form.with("ui_locales", asked), accepted).await;
        assert_eq!(reply.header("content-language"), language);
        let html = String::from_utf8(reply.bytes).unwrap();
        assert!(
            html.contains(&format!("<html lang=\"{language}\">")) && html.contains(words),
            "{html}"
        );
        assert!(!html.contains("sign-in-"), "{html}");
    }
}

#[tokio::test]
async fn swagger_ui_is_given_all_that_the_person_may_unless_it_asks_for_less() {
    let (app, _) = with_portal(&["read"]).await;
    app.account("office@iuc.example", "admin", None).await;
    let docs = format!("{}/docs/oauth2-redirect.html", app.url);
    let form = Form::of_portal()
        .with("client_id", "swagger-ui")
        .with("redirect_uri", &docs);
    let sign_in = async |form: Form| {
        let reply = form
            .of_person("office@iuc.example", PASSWORD)
            .send(&app)
            .await
            .expect(303);
        let address = reply.header("location").to_owned();
        let query = address.strip_prefix(&format!("{docs}?")).unwrap();
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let exchange = exchange(&value(&pairs, "code"));
        let exchange = exchange
            .with("client_id", "swagger-ui")
            .with("redirect_uri", &docs);
        tokens(&app, &exchange).await.expect(200)
    };
    let whole = sign_in(form.clone()).await;
    bearer(&app, &whole).get("/v1/users").await.expect(200);
    let narrow = sign_in(form.with("scope", "read")).await;
    assert_eq!(narrow.body["scope"], "read");
    bearer(&app, &narrow)
        .get("/v1/users")
        .await
        .problem("not_for_clients");
    let renewed = renew(&app, &narrow, "").await.expect(200);
    bearer(&app, &renewed)
        .get("/v1/users")
        .await
        .problem("not_for_clients");
    let page = app
        .anonymous()
        .get("/docs/oauth2-redirect.html")
        .await
        .expect(200);
    assert!(String::from_utf8_lossy(&page.bytes).contains("oauth2-redirect.js"));
    let initializer = app
        .anonymous()
        .get("/docs/swagger-initializer.js")
        .await
        .expect(200);
    let script = String::from_utf8_lossy(&initializer.bytes).into_owned();
    assert!(script.contains("\"clientId\": \"swagger-ui\""), "{script}");
    assert!(
        script.contains("\"usePkceWithAuthorizationCodeGrant\": true"),
        "{script}"
    );
    let scheme = &iuc::openapi::document()["components"]["securitySchemes"]["sign_in"];
    let flow = &scheme["flows"]["authorizationCode"];
    assert_eq!(flow["authorizationUrl"], "/oauth/authorize");
}

#[tokio::test]
async fn who_may_do_nothing_of_what_is_asked_for_is_led_back_without_a_code() {
    let (app, _) = with_portal(&["admin"]).await;
    let reply = Form::of_portal()
        .of_person(EMAIL, PASSWORD)
        .send(&app)
        .await;
    let answer = led_back(reply);
    assert_eq!(value(&answer, "error"), "invalid_scope");
    assert_eq!(app.count("authorization_codes").await, 0);
    // The password was right: nothing is counted against the person.
    for _ in 0..12 {
        let form = Form::of_portal().of_person(EMAIL, PASSWORD);
        led_back(form.send(&app).await);
    }
    app.sign_in(EMAIL).await;
}

#[tokio::test]
async fn what_cannot_be_an_account_is_told_like_a_wrong_password() {
    let (app, _) = with_portal(&["read"]).await;
    let long = "x".repeat(300);
    for (email, password) in [
        ("a\u{0}b@x.example", "x"),
        ("a\u{7}b@x.example", PASSWORD),
        ("no address", PASSWORD),
        (long.as_str(), PASSWORD),
        (EMAIL, long.as_str()),
        (EMAIL, ""),
        ("", ""),
    ] {
        let form = Form::of_portal().of_person(email, password);
        form.send(&app).await.expect(401);
    }
}

#[tokio::test]
async fn an_application_may_send_its_id_as_libraries_do() {
    let (app, admin) = with_portal(&["read"]).await;
    let basic = format!("Basic {}", STANDARD.encode("portal:"));
    let exchange = exchange(&code_of(&app, &Form::of_portal()).await).with("client_id", "");
    let given = post_form(&app, "/oauth/token", &basic, exchange.text())
        .await
        .expect(200);
    let asked = async |token: &Value| {
        let form = format!("token={}", token.as_str().unwrap());
        let request = admin.request("POST", "/oauth/introspect");
        let request = request.body("application/x-www-form-urlencoded", form);
        request.send().await.expect(200).body["client_id"].clone()
    };
    assert_eq!(asked(&given.body["access_token"]).await, "portal");
    assert_eq!(asked(&given.body["refresh_token"]).await, "portal");
    let admins = json!(admin.token.clone().unwrap());
    assert_eq!(asked(&admins).await, Value::Null);
    let form = format!(
        "grant_type=refresh_token&refresh_token={}",
        given.body["refresh_token"].as_str().unwrap()
    );
    let next = post_form(&app, "/oauth/token", &basic, form)
        .await
        .expect(200);
    let form = format!("token={}", next.body["refresh_token"].as_str().unwrap());
    post_form(&app, "/oauth/revoke", &basic, form)
        .await
        .expect(200);
    bearer(&app, &next)
        .get("/v1/me")
        .await
        .problem("invalid_token");
    let json = app.anonymous().post("/oauth/token", json!({})).await;
    assert_eq!(
        json.problem("unsupported_media_type").body["error"],
        "invalid_request"
    );
}

#[tokio::test]
async fn a_code_without_its_verifier_ends_nothing() {
    let (app, _) = with_portal(&["read"]).await;
    let code = code_of(&app, &Form::of_portal()).await;
    let caller = bearer(&app, &tokens(&app, &exchange(&code)).await.expect(200));
    let leaked = exchange(&code).with("code_verifier", &"x".repeat(43));
    tokens(&app, &leaked).await.problem("invalid_code");
    caller.get("/v1/me").await.expect(200);
}
