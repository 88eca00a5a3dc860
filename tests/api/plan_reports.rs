//! What is told about a plan: what submitting it would say, where its translations stand, and all of it at a glance.

use serde_json::{Value, json};

use crate::support::App;
use crate::support::kinds::{bare_plan, plan};

#[tokio::test]
async fn the_validation_tells_section_by_section_what_is_missing() {
    let app = App::start().await;
    let owner = app.city_user("yokohama").await;
    let bare = bare_plan("yokohama", "frankfurt-yokohama");
    let made = owner.post("/v1/action-plans", bare).await.expect(201);
    let path = format!("/v1/action-plans/{}", made.id());
    let told = owner.get(&format!("{path}/validation")).await.expect(200);
    assert_eq!(told.body["complete"], false);
    let section = |reply: &Value, field: &str| {
        let sections = reply["sections"].as_array().unwrap();
        let found = sections.iter().find(|section| section["field"] == field);
        found.unwrap().clone()
    };
    let objectives = section(&told.body, "objectives");
    assert_eq!(
        objectives,
        json!({"field": "objectives", "section": 1, "required": true, "complete": false,
            "faults": [{"pointer": "/objectives", "code": "required", "detail": "This is required."}]})
    );
    let joint = section(&told.body, "joint_actions");
    assert_eq!(
        (&joint["required"], &joint["complete"]),
        (&json!(false), &json!(true))
    );

    let mut whole = plan(&["yokohama"], "frankfurt-yokohama");
    whole["activities"][1]["description"] = json!({"de": "Eine Karte"});
    whole["joint_actions"][0]["with"] = json!(["frankfurt"]);
    let made = owner.put(&path, &made.etag(), whole).await.expect(200);
    let told = owner.get(&format!("{path}/validation")).await.expect(200);
    let activities = section(&told.body, "activities");
    let fault = &activities["faults"][0];
    assert_eq!(fault["pointer"], "/activities/1/description/en");
    assert_eq!(fault["code"], "missing_language");
    let mended =
        json!([{"op": "replace", "path": "/activities/1/description", "value": {"en": "A map"}}]);
    owner
        .json_patch(&path, &made.etag(), mended)
        .await
        .expect(200);
    let told = owner.get(&format!("{path}/validation")).await.expect(200);
    assert_eq!(told.body["complete"], true, "{told}");

    let again = owner
        .request("GET", &format!("{path}/validation"))
        .header("If-None-Match", &told.etag())
        .send()
        .await;
    assert_eq!(again.status, 304);
    let partner = app.city_user("frankfurt").await;
    let hidden = partner.get(&format!("{path}/validation")).await;
    hidden.problem("not_found");
}

fn standing(reply: &crate::support::Reply, pointer: &str, language: &str) -> (String, Value) {
    let items = reply.items();
    let found = items
        .iter()
        .find(|item| item["pointer"] == pointer && item["language"] == language);
    let found = found.unwrap_or_else(|| panic!("no {pointer} in {language}: {reply}"));
    (
        found["status"].as_str().unwrap().to_owned(),
        found["since"].clone(),
    )
}

#[tokio::test]
async fn a_translation_is_stale_when_its_original_has_changed_since() {
    let app = App::start().await;
    let owner = app.city_user("yokohama").await;
    let mut body = plan(&["yokohama"], "frankfurt-yokohama");
    body["activities"][0]["title"] = json!({"en": "Bus lanes", "ja": "バスレーン"});
    let made = owner.post("/v1/action-plans", body).await.expect(201);
    let path = format!("/v1/action-plans/{}", made.id());
    let list = format!("{path}/translations");
    let told = async |pointer: &str, language: &str| {
        let reply = owner.get(&format!("{list}?language={language}")).await;
        standing(&reply.expect(200), pointer, language)
    };
    let current = ("current".to_owned(), json!(null));
    let stale = |since: i64| ("stale".to_owned(), json!(since));
    assert_eq!(told("/title", "ja").await, current);
    assert_eq!(
        told("/objectives", "ja").await,
        ("missing".to_owned(), json!(null))
    );

    // A minor change leaves the translation as it was; another makes it stale.
    let small = json!({"title": {"en": "Smart District Minato Mirai"}});
    let patched = owner
        .patch(&format!("{path}?minor=true"), "*", small)
        .await
        .expect(200);
    assert_eq!(told("/title", "ja").await, current);
    let large = json!({"title": {"en": "Smart harbour"}});
    let third = owner.patch(&path, &patched.etag(), large).await.expect(200);
    assert_eq!(
        third.body["title"],
        json!({"en": "Smart harbour", "ja": "みなとみらいスマート地区"})
    );
    assert_eq!(told("/title", "ja").await, stale(3));
    assert_eq!(told("/activities/0/title", "ja").await, current);
    let versions = owner.get(&format!("{path}/versions")).await.items();
    let minor: Vec<_> = versions.iter().map(|it| it["minor"].clone()).collect();
    assert_eq!(minor, [json!(false), json!(true), json!(false)]);

    // What touches other things leaves it so, also where its part is moved.
    let mut activities = third.body["activities"].clone();
    activities[0]["title"]["en"] = json!("Lanes");
    activities.as_array_mut().unwrap().reverse();
    owner
        .patch(&path, "*", json!({"activities": activities}))
        .await
        .expect(200);
    assert_eq!(told("/activities/1/title", "ja").await, stale(4));
    owner
        .patch(&path, "*", json!({"activities": [activities[1]]}))
        .await
        .expect(200);
    assert_eq!(told("/activities/0/title", "ja").await, stale(4));
    assert_eq!(told("/title", "ja").await, stale(3));

    // Translated anew by a patch that names Japanese alone: the other languages stay as they are.
    let translated = json!({"title": {"ja": "スマート港"}});
    let sixth = owner.patch(&path, "*", translated).await.expect(200);
    assert_eq!(
        sixth.body["title"],
        json!({"en": "Smart harbour", "ja": "スマート港"})
    );
    assert_eq!(told("/title", "ja").await, current);
    assert_eq!(told("/activities/0/title", "ja").await, stale(4));

    // A restored version brings back what was known of it, a replacement is a change as any other.
    owner
        .request("POST", &format!("{path}/versions/3/restore"))
        .header("If-Match", "*")
        .send()
        .await
        .expect(200);
    assert_eq!(told("/title", "ja").await, stale(3));
    assert_eq!(told("/activities/0/title", "ja").await, current);
    let mut whole = owner.get(&path).await.body;
    whole["activities"][0]["title"]["en"] = json!("Trams");
    owner
        .put(&format!("{path}?minor=true"), "*", whole.clone())
        .await
        .expect(200);
    assert_eq!(told("/activities/0/title", "ja").await, current);
    whole["version"] = json!(8);
    whole["updated_at"] = owner.get(&path).await.body["updated_at"].clone();
    whole["activities"][0]["title"]["en"] = json!("Trains");
    owner.put(&path, "*", whole).await.expect(200);
    assert_eq!(told("/activities/0/title", "ja").await, stale(9));
    let same = app
        .one("SELECT count(*) FROM action_plans JOIN action_plan_versions AS of \
            ON of.plan = id AND of.version = action_plans.version AND of.translations = action_plans.translations")
        .await;
    assert_eq!(same, "1");
}

#[tokio::test]
async fn translations_are_listed_in_the_languages_asked_for_else_in_all_that_occur() {
    let app = App::start().await;
    let owner = app.city_user("yokohama").await;
    let body = plan(&["yokohama"], "frankfurt-yokohama");
    let made = owner.post("/v1/action-plans", body).await.expect(201);
    let list = format!("/v1/action-plans/{}/translations", made.id());
    let languages = async |query: &str| {
        let items = owner
            .get(&format!("{list}{query}"))
            .await
            .expect(200)
            .items();
        let mut languages: Vec<String> = items
            .iter()
            .map(|item| item["language"].as_str().unwrap().to_owned())
            .collect();
        languages.sort_unstable();
        languages.dedup();
        languages
    };
    assert_eq!(languages("").await, ["en", "ja"]);
    assert_eq!(
        languages("?language=de&language=zh-Hant").await,
        ["de", "zh-Hant"]
    );
    let refused = owner.get(&format!("{list}?language=German")).await;
    refused.refused(&[("language", "pattern")]);
    for other in [&app.anonymous(), &app.city_user("frankfurt").await] {
        other.get(&list).await.problem("not_found");
    }
    let admin = app.admin().await;
    for (method, path) in [
        ("POST", "/v1/action-plans?minor=true"),
        ("PATCH", "/v1/cities/essen?minor=true"),
    ] {
        let reply = admin.request(method, path).header("If-Match", "*");
        let reply = reply
            .body("application/merge-patch+json", "{}")
            .send()
            .await;
        reply.refused(&[("minor", "unknown_parameter")]);
    }
}

#[tokio::test]
async fn the_summary_is_one_page_as_json_and_as_text() {
    let app = App::start().await;
    let owner = app.city_user("yokohama").await;
    let body = plan(&["yokohama"], "frankfurt-yokohama");
    let made = owner.post("/v1/action-plans", body).await.expect(201);
    let path = format!("/v1/action-plans/{}/summary", made.id());
    let told = owner.get(&path).await.expect(200);
    assert_eq!(told.body["proponents"][0]["id"], "yokohama");
    assert!(told.body["proponents"][0]["name"]["en"].is_string());
    assert_eq!(told.body["partners"][0]["id"], "frankfurt");
    assert!(told.body["themes"]["subjects"][0]["name"].is_object());
    assert!(told.body["themes"]["goals"][0]["title"]["en"].is_string());
    assert_eq!(told.body["totals"]["activities"], 2);

    let by_accept = owner
        .request("GET", &path)
        .header("Accept", "text/plain")
        .send()
        .await;
    let by_format = owner.get(&format!("{path}?format=text")).await.expect(200);
    assert_eq!(by_accept.bytes, by_format.bytes);
    assert_eq!(
        by_format.header("content-type"),
        "text/plain; charset=utf-8"
    );
    assert_ne!(by_format.etag(), told.etag());
    let page = String::from_utf8(by_format.bytes.clone()).unwrap();
    assert!(
        page.contains("Smart district Minato Mirai") && page.contains("Yokohama"),
        "{page}"
    );
    assert!(page.lines().count() <= 60);
    let japanese = owner
        .get(&format!("{path}?format=text&lang=ja"))
        .await
        .expect(200);
    let japanese = String::from_utf8(japanese.bytes).unwrap();
    assert!(japanese.contains("みなとみらいスマート地区"), "{japanese}");
    let again = owner
        .request("GET", &format!("{path}?format=text"))
        .header("If-None-Match", &by_format.etag())
        .send()
        .await;
    assert_eq!((again.status, again.bytes.len()), (304, 0));
    let image = owner
        .request("GET", &path)
        .header("Accept", "image/png")
        .send()
        .await;
    image.problem("not_acceptable");
    owner
        .get(&format!("{path}?format=pdf"))
        .await
        .refused(&[("format", "not_allowed_value")]);
    for other in [&app.anonymous(), &app.city_user("frankfurt").await] {
        other.get(&path).await.problem("not_found");
        other
            .get(&format!("{path}?format=text"))
            .await
            .problem("not_found");
    }
}

#[tokio::test]
async fn the_schema_of_a_template_lets_pass_what_the_service_takes_and_refuses_what_it_refuses() {
    let app = App::start().await;
    let anonymous = app.anonymous();
    let templates = anonymous.get("/v1/templates").await.expect(200);
    let path = format!("/v1/templates/{}/schema", templates.ids()[0]);
    let reply = anonymous.get(&format!("{path}?lang=ja")).await.expect(200);
    let schema = reply.body;
    let names: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    let sections = templates.items()[0]["sections"].as_array().unwrap().clone();
    for (place, section) in sections.iter().enumerate() {
        assert_eq!(*names[place], section["field"].as_str().unwrap());
        let title = &schema["properties"][names[place]]["title"];
        assert_eq!(*title, section["title"]["ja"], "{}", names[place]);
    }
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let plan = plan(&["frankfurt"], "frankfurt-yokohama");
    assert!(validator.is_valid(&plan));
    let mut bad = plan.clone();
    bad["activities"][0]["progress_percent"] = json!(101);
    assert!(!validator.is_valid(&bad));
    let mut bad = plan;
    bad["activity"] = json!([]);
    assert!(!validator.is_valid(&bad));
    let request = anonymous.request("GET", &path);
    let reply = request
        .header("Accept", "application/schema+json")
        .send()
        .await
        .expect(200);
    assert_eq!(reply.header("content-type"), "application/schema+json");
    anonymous
        .get("/v1/templates/none/schema")
        .await
        .problem("not_found");
}
