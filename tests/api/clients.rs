//! Machine clients: what they may do, and that none of them ever gets to do more.

use serde_json::{Value, json};

use crate::support::app::PASSWORD;
use crate::support::kinds::{bare_plan, contribution};
use crate::support::oauth::{Machine, claims};
use crate::support::plans::{complete_plan, to};
use crate::support::snapshot::assert_reply;
use crate::support::{App, Client};

#[tokio::test]
async fn a_city_gives_its_own_system_a_client_that_writes_its_plans() {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    let body = json!({"name": "Planning system", "scopes": ["plans:write", "read", "read"]});
    let made = frankfurt.post("/v1/clients", body).await.expect(201);
    let machine = Machine::of(&made);
    assert_eq!(made.header("cache-control"), "no-store");
    assert_eq!(
        (
            &made.body["city"],
            &made.body["role"],
            &made.body["scopes"],
            &made.body["last_used_at"]
        ),
        (
            &json!("frankfurt"),
            &json!("eu_city"),
            &json!(["read", "plans:write"]),
            &Value::Null
        )
    );
    let client = machine.signed_in(&app).await;
    let said = claims(&client);
    assert_eq!(
        (
            &said["sub"],
            &said["client_id"],
            &said["scope"],
            &said["city"]
        ),
        (
            &json!(machine.id),
            &json!(machine.id),
            &json!("read plans:write"),
            &json!("frankfurt")
        )
    );
    let plan = bare_plan("frankfurt", "frankfurt-yokohama");
    let plan = client.post("/v1/action-plans", plan).await.expect(201);
    let path = format!("/v1/action-plans/{}", plan.id());
    frankfurt.get(&path).await.expect(200);
    client.get(&path).await.expect(200);
    let seen = frankfurt.get(&machine.path()).await.expect(200);
    assert_eq!(seen.etag(), made.etag(), "use makes no version");
    assert!(seen.body["last_used_at"].is_string(), "{seen}");
    assert!(seen.body.get("secret").is_none(), "{seen}");
    frankfurt
        .put(
            &machine.path(),
            &made.etag(),
            made_without_secret(&made.body),
        )
        .await
        .expect(200);
}

fn made_without_secret(made: &Value) -> Value {
    let mut body = made.clone();
    body.as_object_mut().unwrap().remove("secret");
    body
}

#[tokio::test]
async fn what_a_client_did_is_told_as_what_a_client_did() {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    let machine = Machine::make(&frankfurt, "frankfurt", &["read", "plans:write"]).await;
    let client = machine.signed_in(&app).await;
    let plan = bare_plan("frankfurt", "frankfurt-yokohama");
    let plan = client.post("/v1/action-plans", plan).await.expect(201);
    let path = format!("/v1/action-plans/{}", plan.id());
    frankfurt
        .patch(&path, "*", json!({"title": {"en": "By hand"}}))
        .await
        .expect(200);
    let by = app
        .rows(&format!(
            "SELECT by = '{0}', client = '{0}' FROM events WHERE resource = '{1}' ORDER BY version",
            machine.id,
            plan.id()
        ))
        .await;
    let told = |text: &str| Some(text.to_owned());
    assert_eq!(
        by,
        [vec![told("t"), told("t")], vec![told("f"), None]],
        "the first by the client, the second by a person"
    );
    let versions = frankfurt.get(&format!("{path}/versions")).await.expect(200);
    let by: Vec<_> = versions
        .items()
        .iter()
        .map(|item| item["by"].clone())
        .collect();
    let person = frankfurt.get("/v1/me").await.body["user"]["id"].clone();
    assert_eq!(by, [person, json!(machine.id)]);
    let comment = json!({"pointer": "", "text": {"en": "Checked"}});
    let comments = format!("{path}/comments");
    let comment = client.post(&comments, comment).await.expect(201);
    assert_eq!(comment.body["by"], json!(machine.id));
    let one = format!("{comments}/{}", comment.id());
    client
        .patch(&one, "*", json!({"resolved": true}))
        .await
        .expect(200);
    client.delete(&one, "*").await.expect(204);
}

#[tokio::test]
async fn a_client_may_no_more_than_its_city_and_its_scopes() {
    let app = App::start().await;
    let admin = app.admin().await;
    let frankfurt = Machine::make(&admin, "frankfurt", &["read", "plans:write"]).await;
    let client = frankfurt.signed_in(&app).await;
    let foreign = admin
        .post("/v1/action-plans", bare_plan("umea", "umea-kamakura"))
        .await
        .expect(201);
    let path = format!("/v1/action-plans/{}", foreign.id());
    client.get(&path).await.problem("not_found");
    client
        .patch(&path, "*", json!({"title": {"en": "Ours"}}))
        .await
        .problem("not_found");
    client
        .post("/v1/action-plans", bare_plan("umea", "umea-kamakura"))
        .await
        .problem("forbidden");
    let lesson = contribution("frankfurt", "city-priorities", "public");
    let reply = client
        .post("/v1/contributions", lesson.clone())
        .await
        .problem("insufficient_scope");
    assert_eq!(
        reply.header("www-authenticate"),
        "Bearer error=\"insufficient_scope\", scope=\"contributions:write\""
    );
    client
        .patch("/v1/cities/frankfurt", "*", json!({"area_km2": 3}))
        .await
        .problem("insufficient_scope");
    let wider = frankfurt
        .ask(&app, "&scope=contributions:write")
        .await
        .problem("invalid_scope");
    assert_eq!(wider.body["error"], "invalid_scope");
    let narrow = frankfurt.with_scope(&app, "read").await;
    narrow.get("/v1/action-plans").await.expect(200);
    narrow
        .post(
            "/v1/action-plans",
            bare_plan("frankfurt", "frankfurt-yokohama"),
        )
        .await
        .problem("insufficient_scope");
    let blind = frankfurt.with_scope(&app, "plans:write").await;
    blind
        .get("/v1/action-plans")
        .await
        .problem("insufficient_scope");
    blind.get("/v1/cities").await.problem("insufficient_scope");
    blind
        .post(
            "/v1/action-plans",
            bare_plan("frankfurt", "frankfurt-yokohama"),
        )
        .await
        .expect(201);
}

#[tokio::test]
async fn a_client_is_offered_what_its_scopes_reach() {
    let app = App::start().await;
    let all = ["read", "plans:write"];
    let writer = app.machine(Some("yokohama"), &all).await;
    let reader = app.machine(Some("yokohama"), &["read"]).await;
    let plan = complete_plan(&["yokohama"]);
    let made = writer.post("/v1/action-plans", plan).await.expect(201);
    let path = format!("/v1/action-plans/{}", made.id());
    let offered = ["change", "delete", "submit", "withdraw", "comment"];
    assert_eq!(writer.get(&path).await.actions(), offered);
    assert_eq!(made.actions(), offered);
    assert_eq!(reader.get(&path).await.actions(), [""; 0]);
    let list = reader.get("/v1/action-plans").await.expect(200);
    assert_eq!(list.items()[0]["actions"], json!([]));
    to(&writer, &path, "submitted").await.expect(200);
    // Of the programme's clients, those decide that may do both: write plans, and what is the programme's.
    for (scopes, offered) in [
        (vec!["read", "admin"], vec![]),
        (
            vec!["read", "plans:write"],
            vec!["change", "delete", "withdraw", "comment"],
        ),
        (
            vec!["read", "plans:write", "admin"],
            vec![
                "change", "delete", "return", "approve", "withdraw", "comment",
            ],
        ),
    ] {
        let machine = app.machine(None, &scopes).await;
        let actions = machine.get(&path).await.expect(200).actions();
        assert_eq!(actions, offered);
        let approved = machine
            .post(
                &format!("{path}/transitions?dryrun=true"),
                json!({"to": "approved"}),
            )
            .await;
        let may = offered.contains(&"approve");
        assert_eq!(approved.status, if may { 200 } else { 403 }, "{approved}");
    }
}

#[tokio::test]
async fn no_token_makes_a_stronger_one() {
    let app = App::start().await;
    let (admin, frankfurt) = (app.admin().await, app.city_user("frankfurt").await);
    let own = Machine::make(&frankfurt, "frankfurt", &["read"]).await;
    let programme = json!({"name": "Programme", "city": null, "scopes": ["read", "admin"]});
    let programme = Machine::of(&admin.post("/v1/clients", programme).await.expect(201));
    let strong = programme.signed_in(&app).await;
    strong
        .patch("/v1/cities/frankfurt", "*", json!({"area_km2": 3}))
        .await
        .expect(200);
    for client in [own.signed_in(&app).await, strong] {
        let clients = [
            own.path(),
            format!("{}/secrets", own.path()),
            "/v1/clients".into(),
        ];
        let mut tried = Vec::new();
        for path in &clients {
            tried.push(
                client
                    .post(path, json!({"name": "X", "scopes": ["admin"]}))
                    .await,
            );
        }
        for path in [
            own.path(),
            "/v1/clients".into(),
            "/v1/users".into(),
            "/v1/sessions".into(),
            "/v1/me".into(),
        ] {
            tried.push(client.get(&path).await);
        }
        let wider = json!({"scopes": ["read", "plans:write"]});
        tried.push(client.patch(&own.path(), "*", wider.clone()).await);
        tried.push(client.put(&own.path(), "*", wider).await);
        tried.push(client.delete(&own.path(), "*").await);
        tried.push(
            client
                .delete(&format!("{}/secrets/x", own.path()), "*")
                .await,
        );
        tried.push(client.post("/v1/users", json!({})).await);
        for reply in tried.into_iter().filter(|reply| reply.status != 405) {
            reply.problem("not_for_clients");
        }
    }
    // What a city user may not give.
    for body in [
        json!({"name": "X", "city": "frankfurt", "scopes": ["read", "admin"]}),
        json!({"name": "X", "scopes": ["admin"]}),
    ] {
        frankfurt
            .post("/v1/clients", body)
            .await
            .refused(&[("/scopes", "programme_scope")]);
    }
    let others = json!({"name": "X", "city": "yokohama", "scopes": ["read"]});
    frankfurt
        .post("/v1/clients", others)
        .await
        .problem("forbidden");
    frankfurt
        .patch(&own.path(), "*", json!({"scopes": ["admin"]}))
        .await
        .refused(&[("/scopes", "programme_scope")]);
    for city in [json!("yokohama"), Value::Null] {
        frankfurt
            .patch(&own.path(), "*", json!({"city": city}))
            .await
            .problem("forbidden");
        admin
            .patch(&own.path(), "*", json!({"city": city}))
            .await
            .refused(&[("/city", "immutable")]);
    }
    for (field, value) in [
        ("role", json!("admin")),
        ("secrets", json!([])),
        ("id", json!(programme.id)),
    ] {
        frankfurt
            .patch(&own.path(), "*", json!({field: value}))
            .await
            .refused(&[(&format!("/{field}"), "read_only")]);
    }
    for scopes in [json!([]), json!(["all"]), json!("read"), json!(null)] {
        let reply = frankfurt
            .post("/v1/clients", json!({"name": "X", "scopes": scopes}))
            .await;
        reply.problem("invalid_input");
    }
}

#[tokio::test]
async fn a_city_sees_and_keeps_its_own_clients_alone() {
    let app = App::start().await;
    let admin = app.admin().await;
    let (frankfurt, yokohama) = (
        app.city_user("frankfurt").await,
        app.city_user("yokohama").await,
    );
    let ours = Machine::make(&frankfurt, "frankfurt", &["read"]).await;
    let theirs = Machine::make(&yokohama, "yokohama", &["read"]).await;
    let programme = json!({"name": "Programme", "scopes": ["read"]});
    let programme = Machine::of(&admin.post("/v1/clients", programme).await.expect(201));
    assert_eq!(
        admin.get("/v1/clients").await.ids(),
        [&ours, &theirs, &programme].map(|machine| machine.id.clone())
    );
    for query in [
        "?count=true",
        "?count=true&city=yokohama,frankfurt",
        "?active=true&count=true",
    ] {
        let list = frankfurt
            .get(&format!("/v1/clients{query}"))
            .await
            .expect(200);
        assert_eq!(
            (list.ids(), &list.body["total"]),
            (vec![ours.id.clone()], &json!(1)),
            "{query}"
        );
    }
    let secrets = admin.get(&theirs.path()).await.body["secrets"].clone();
    let secret = secrets[0]["id"].as_str().unwrap();
    for machine in [&theirs, &programme] {
        let path = machine.path();
        frankfurt.get(&path).await.problem("not_found");
        frankfurt
            .patch(&path, "*", json!({"name": "Mine"}))
            .await
            .problem("not_found");
        frankfurt.delete(&path, "*").await.problem("not_found");
        let rotated = frankfurt.post(&format!("{path}/secrets"), json!({})).await;
        rotated.problem("not_found");
        let path = format!("{path}/secrets/{secret}");
        frankfurt.delete(&path, "*").await.problem("not_found");
    }
    // A secret is looked for in its own client alone.
    let path = format!("{}/secrets/{secret}", ours.path());
    frankfurt.delete(&path, "*").await.problem("not_found");
    theirs
        .signed_in(&app)
        .await
        .get("/v1/cities")
        .await
        .expect(200);
    app.anonymous()
        .get("/v1/clients")
        .await
        .problem("unauthenticated");
}

#[tokio::test]
async fn what_is_taken_from_a_client_is_gone_on_the_next_request() {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    let scopes = &["read", "plans:write"];
    let machine = Machine::make(&frankfurt, "frankfurt", scopes).await;
    let path = machine.path();
    let client = machine.signed_in(&app).await;
    let write = async |client: &Client| {
        let plan = bare_plan("frankfurt", "frankfurt-yokohama");
        client.post("/v1/action-plans?dryrun=true", plan).await
    };
    write(&client).await.expect(200);
    frankfurt
        .patch(&path, "*", json!({"scopes": ["read"]}))
        .await
        .expect(200);
    write(&client).await.problem("insufficient_scope");
    client.get("/v1/cities").await.expect(200);
    frankfurt
        .patch(&path, "*", json!({"scopes": ["plans:write"]}))
        .await
        .expect(200);
    client.get("/v1/cities").await.problem("insufficient_scope");
    write(&client).await.expect(200);
    frankfurt
        .patch(&path, "*", json!({"active": false}))
        .await
        .expect(200);
    write(&client).await.problem("invalid_token");
    client
        .get("/v1/action-plans")
        .await
        .problem("invalid_token");
    machine.ask(&app, "").await.problem("invalid_client");
    frankfurt
        .patch(&path, "*", json!({"active": true}))
        .await
        .expect(200);
    write(&client).await.problem("invalid_token");
    let client = machine.signed_in(&app).await;
    write(&client).await.expect(200);
    frankfurt.delete(&path, "*").await.expect(204);
    write(&client).await.problem("invalid_token");
    client.get("/v1/cities").await.problem("invalid_token");
    machine.ask(&app, "").await.problem("invalid_client");
    assert_eq!(app.count("client_secrets").await, 0);
    assert_eq!(app.count("client_tokens").await, 0);
}

#[tokio::test]
async fn a_client_stays_when_the_person_who_made_it_goes() {
    let app = App::start().await;
    let admin = app.admin().await;
    let frankfurt = app.city_user("frankfurt").await;
    let machine = Machine::make(&frankfurt, "frankfurt", &["read"]).await;
    let client = machine.signed_in(&app).await;
    let user = frankfurt.get("/v1/me").await.body["user"]["id"].clone();
    let path = format!("/v1/users/{}", user.as_str().unwrap());
    admin.delete(&path, "*").await.expect(204);
    frankfurt.get("/v1/clients").await.problem("invalid_token");
    client.get("/v1/cities").await.expect(200);
    machine
        .signed_in(&app)
        .await
        .get("/v1/cities")
        .await
        .expect(200);
}

#[tokio::test]
async fn the_scopes_of_the_document_are_those_that_are_asked_for() {
    let app = App::start().await;
    let scopes: Vec<&str> = iuc::policy::Scope::ALL
        .iter()
        .map(|scope| scope.as_str())
        .collect();
    let mut clients = Vec::new();
    for &scope in &scopes {
        clients.push((scope, app.machine(None, &[scope]).await));
    }
    let mut faults = Vec::new();
    let (mut opened, mut closed) = (0, 0);
    let paths = iuc::openapi::document()["paths"].as_object().unwrap();
    for (path, item) in paths {
        let base = if item.get("servers").is_some() {
            ""
        } else {
            "/v1"
        };
        for method in ["get", "put", "post", "patch", "delete"] {
            let Some(operation) = item.get(method) else {
                continue;
            };
            let ways = operation["security"].as_array().unwrap();
            if *ways == [json!({})] {
                continue;
            }
            let needed = ways.iter().find_map(|way| way["oauth2"].as_array());
            let target = path
                .split('/')
                .map(|part| if part.starts_with('{') { "none" } else { part })
                .collect::<Vec<_>>()
                .join("/");
            for (scope, client) in &clients {
                let request = client.request(&method.to_uppercase(), &format!("{base}{target}"));
                let reply = request.header("If-Match", "*").send().await;
                let expected = match needed {
                    None => "not_for_clients",
                    Some(needed) if needed == &[json!(scope)] => "",
                    Some(_) => "insufficient_scope",
                };
                let refused =
                    ["not_for_clients", "insufficient_scope"].contains(&reply.code().as_str());
                let right = match expected {
                    "" => !refused && reply.status != 401,
                    code => reply.code() == code && reply.status == 403,
                };
                opened += usize::from(expected.is_empty());
                closed += usize::from(!expected.is_empty());
                if !right {
                    faults.push(format!(
                        "{method} {path} with {scope}: {expected:?}, {reply}"
                    ));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    assert!(opened > 90 && closed > 600, "{opened} {closed}");
}

#[tokio::test]
async fn a_new_client_is_answered_like_this() {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    let body = json!({"name": "Planning system", "scopes": ["read"]});
    let made = frankfurt.post("/v1/clients", body).await.expect(201);
    let secret = made.body["secret"].as_str().unwrap();
    assert!(
        secret.starts_with("iuc_cs_") && secret.len() == 50,
        "{secret}"
    );
    let told = &made.body["secrets"][0];
    assert_eq!(told["last_four"], secret[46..]);
    let mut shown = made.clone();
    shown.body["secret"] = json!("iuc_cs_…");
    shown.body["secrets"][0]["last_four"] = json!("….");
    shown.body["secrets"][0]["id"] = shown.body["id"].clone();
    assert_reply!("made", shown);
    assert_ne!(PASSWORD, secret);
}

#[tokio::test]
async fn a_city_need_not_name_itself() {
    let app = App::start().await;
    for (city, role) in [("umea", "eu_city"), ("yokohama", "jp_city")] {
        let user = app.city_user(city).await;
        let body = json!({"name": "Planning system", "scopes": ["read"]});
        let made = user.post("/v1/clients", body).await.expect(201);
        assert_eq!(
            (&made.body["city"], &made.body["role"]),
            (&json!(city), &json!(role))
        );
    }
}

#[tokio::test]
async fn an_encoded_path_is_the_same_path_and_asks_for_the_same_scope() {
    let app = App::start().await;
    let machine = app.machine(Some("frankfurt"), &["plans:write"]).await;
    // Decoded it is a key of the city; as it stands it would be the decline of a plan.
    for path in [
        "/v1/contributions/by-ref/declines/K-1",
        "/v1/contributions/by%2Dref/declines/K-1",
    ] {
        let reply = machine.delete(path, "*").await;
        assert_eq!(reply.status, 403, "{path}");
        let lacking = reply.header("www-authenticate").to_owned();
        reply.problem("insufficient_scope");
        assert!(lacking.contains("contributions:write"), "{path}: {lacking}");
    }
    let cities = app.anonymous();
    let plain = cities.get("/v1/cities/umea").await.expect(200);
    let encoded = cities.get("/v1/c%69ties/%75mea").await.expect(200);
    assert_eq!(encoded.body, plain.body);
}
