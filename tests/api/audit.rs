//! The audit trail: who did what, when and from where.

use serde_json::{Value, json};

use crate::support::app::PASSWORD;
use crate::support::kinds::{bare_plan, webhook};
use crate::support::oauth::Machine;
use crate::support::{App, Client};

/// What the trail tells of what is asked for.
async fn trail(admin: &Client, query: &str) -> Vec<Value> {
    let path = format!("/v1/audit?{query}");
    admin.get(&path).await.expect(200).items()
}

async fn survey(admin: &Client, city: &str, area: i32) {
    let path = format!("/v1/cities/{city}");
    let body = json!({"area_km2": area});
    admin.patch(&path, "*", body).await.expect(200);
}

#[tokio::test]
async fn it_tells_who_did_what_when_and_from_where_with_the_change() {
    let app = App::start().await;
    let (admin, frankfurt) = (app.admin().await, app.city_user("frankfurt").await);
    let begun = iuc::clock::now();
    let change = frankfurt
        .request("PATCH", "/v1/cities/frankfurt")
        .header("If-Match", "*")
        .header("X-Request-Id", "ticket-4711")
        .body("application/merge-patch+json", r#"{"area_km2": 248.3}"#);
    let changed = change.send().await.expect(200);
    let told = trail(&admin, "request_id=ticket-4711").await;
    let me = frankfurt.get("/v1/me").await.expect(200).body["user"].clone();
    let [entry] = told.as_slice() else {
        panic!("{told:?}")
    };
    let expected = json!({
        "id": entry["id"], "at": changed.body["updated_at"],
        "by": me["id"], "by_name": me["name"], "client": null,
        "address": "127.0.0.1", "request_id": "ticket-4711",
        "type": "city", "resource": "frankfurt", "action": "updated", "version": changed.body["version"],
        "cities": ["frankfurt"],
        "change": entry["change"],
    });
    assert_eq!(*entry, expected);
    let at = entry["at"].as_str().unwrap();
    let at = at.parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    assert!(begun <= at && at <= iuc::clock::now(), "{at}");
    let operations = entry["change"].as_array().unwrap();
    let area = operations.iter().find(|it| it["path"] == "/area_km2");
    assert_eq!(area.unwrap()["value"], 248.3, "{operations:?}");

    // The names of machines are told as those of people, and of nobody who is gone.
    let machine = Machine::make(&frankfurt, "frankfurt", &["plans:write"]).await;
    let system = machine.signed_in(&app).await;
    let plan = bare_plan("frankfurt", "frankfurt-yokohama");
    system.post("/v1/action-plans", plan).await.expect(201);
    let by = format!("by={}&type=action_plan", machine.id);
    let told = trail(&admin, &by).await;
    assert_eq!(told.len(), 1);
    let who = |entry: &Value| (entry["by_name"].clone(), entry["client"].clone());
    assert_eq!(who(&told[0]), (json!("Planning system"), json!(machine.id)));
    frankfurt.delete(&machine.path(), "*").await.expect(204);
    let told = trail(&admin, &by).await;
    assert_eq!(who(&told[0]), (Value::Null, json!(machine.id)));
}

#[tokio::test]
async fn every_sign_in_is_there_and_nothing_that_changed_nothing() {
    let app = App::start().await;
    let admin = app.admin().await;
    app.city_user("essen").await;
    let told = trail(&admin, "type=session").await;
    let names: Vec<&Value> = told.iter().map(|entry| &entry["by_name"]).collect();
    assert_eq!(names, ["planning@essen.example", "admin@iuc.example"]);
    let written = app.count("events").await;
    let dry = json!({"area_km2": 5});
    let path = "/v1/cities/essen?dryrun=true";
    admin.patch(path, "*", dry.clone()).await.expect(200);
    admin.patch("/v1/cities/essen", "*", dry).await.expect(200);
    survey(&admin, "essen", 5).await;
    assert_eq!(app.count("events").await, written + 1);
}

#[tokio::test]
async fn it_is_asked_by_kind_thing_person_request_and_time() {
    let app = App::start().await;
    let (admin, essen) = (app.admin().await, app.city_user("essen").await);
    survey(&admin, "essen", 1).await;
    survey(&admin, "umea", 2).await;
    survey(&essen, "essen", 3).await;
    let me = essen.get("/v1/me").await.expect(200).body;
    let by = me["user"]["id"].as_str().unwrap();
    let by_somebody = async |query: &str| {
        let told = trail(&admin, query).await;
        let told = told.into_iter().filter(|entry| entry["by"].is_string());
        told.map(|entry| entry["change"].to_string()).collect()
    };
    let areas = |told: Vec<String>| -> Vec<char> {
        let area = |change: &String| {
            let (_, rest) = change.split_once("/area_km2\",\"value\":")?;
            rest.chars().next()
        };
        told.iter().filter_map(area).collect()
    };
    for (query, expected) in [
        (String::new(), vec!['3', '2', '1']),
        ("type=city".into(), vec!['3', '2', '1']),
        ("type=city&type=session".into(), vec!['3', '2', '1']),
        ("type=session".into(), vec![]),
        ("resource=essen".into(), vec!['3', '1']),
        ("type=city&resource=umea".into(), vec!['2']),
        ("type=meeting&resource=umea".into(), vec![]),
        (format!("by={by}"), vec!['3']),
        (format!("by={by}&resource=umea"), vec![]),
        ("request_id=nobody-s".into(), vec![]),
    ] {
        assert_eq!(areas(by_somebody(&query).await), expected, "{query}");
    }
    let told = trail(&admin, "type=city&resource=umea").await;
    let at = told[0]["at"].as_str().unwrap();
    let times = [
        (format!("since={at}"), vec!['3', '2']),
        (format!("until={at}"), vec!['1']),
        (format!("since={at}&until={at}"), vec![]),
        ("since=9999-12-31T23:59:59Z".into(), vec![]),
        ("until=0001-01-01T00:00:00Z".into(), vec![]),
    ];
    for (query, expected) in times {
        assert_eq!(areas(by_somebody(&query).await), expected, "{query}");
    }
    let wrong = "/v1/audit?type=moon&by=me&since=yesterday&limit=0&sort=id";
    admin.get(wrong).await.refused(&[
        ("type", "not_allowed_value"),
        ("by", "format"),
        ("since", "format"),
        ("limit", "too_small"),
        ("sort", "unknown_parameter"),
    ]);
}

#[tokio::test]
async fn its_pages_hold_each_entry_once_the_newest_first() {
    let app = App::start().await;
    let admin = app.admin().await;
    for area in 1..=5 {
        survey(&admin, "umea", area).await;
    }
    let all = trail(&admin, "limit=200").await;
    let mut paged = Vec::new();
    let mut next = Some("/v1/audit?limit=7".to_owned());
    while let Some(path) = next {
        let page = admin.get(&path).await.expect(200);
        paged.extend(page.items());
        next = page.body["next"].as_str().map(str::to_owned);
        // What comes meanwhile stands before, and moves nothing.
        survey(&admin, "essen", i32::try_from(paged.len()).unwrap()).await;
    }
    assert_eq!(paged, all);
    assert!(paged.is_sorted_by(|one, next| one["id"].as_str() > next["id"].as_str()));
    let cursor = admin.get("/v1/audit?limit=1").await.expect(200).cursor();
    let other = format!("/v1/audit?limit=1&type=city&cursor={cursor}");
    admin.get(&other).await.refused(&[("cursor", "cursor")]);
}

#[tokio::test]
async fn only_admins_look_into_it() {
    let app = App::start().await;
    app.anonymous()
        .get("/v1/audit")
        .await
        .problem("unauthenticated");
    let (admin, umea) = (app.admin().await, app.city_user("umea").await);
    umea.get("/v1/audit?cursor=x").await.problem("forbidden");
    // It tells from where people work: no scope opens it to a machine.
    let machine = app.machine(None, &["read", "changes:read", "admin"]).await;
    machine.get("/v1/audit").await.problem("not_for_clients");
    // Who was an admin a moment ago is none.
    admin.get("/v1/audit").await.expect(200);
    let path = "/v1/audit";
    let head = admin.request("HEAD", path).send().await.expect(200);
    assert!(head.bytes.is_empty());
    app.run("UPDATE users SET role = 'eu_city', city = 'umea' WHERE role = 'admin'")
        .await;
    admin.get("/v1/audit").await.problem("forbidden");
}

#[tokio::test]
async fn it_holds_no_secret() {
    let app = App::start().await;
    let (admin, umea) = (app.admin().await, app.city_user("umea").await);
    let user = json!({
        "email": "new@umea.example", "name": "New", "role": "eu_city", "city": "umea", "password": PASSWORD,
    });
    admin.post("/v1/users", user).await.expect(201);
    let machine = Machine::make(&umea, "umea", &["read"]).await;
    machine.signed_in(&app).await;
    let hook = umea.post("/v1/webhooks", webhook("umea")).await.expect(201);
    let hook = hook.body["secret"].as_str().unwrap().to_owned();
    let told = admin.get("/v1/audit?limit=200").await.expect(200);
    let text = String::from_utf8_lossy(&told.bytes).into_owned();
    for made in ["new@umea.example", "Planning system", "\"webhook\""] {
        assert!(text.contains(made), "{made} is not there");
    }
    let token = umea.token.unwrap();
    for secret in [PASSWORD, "argon2", &machine.secret, &hook, &token] {
        assert!(!text.contains(secret), "{secret} is there");
    }
}
