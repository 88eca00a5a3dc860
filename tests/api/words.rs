//! The service in the language of who asks: a Japanese sentence is Japanese, and tells in which language it is.

use serde_json::{Value, json};

use crate::support::plans::{cast, complete_plan, joint_plan, make, to};
use crate::support::{App, Client, Reply};

async fn in_japanese(client: &Client, method: &str, path: &str, body: Value) -> Reply {
    let kind = match method {
        "PATCH" => "application/json-patch+json",
        _ => "application/json",
    };
    let body = match body {
        Value::String(text) => text,
        body => body.to_string(),
    };
    client
        .request(method, path)
        .header("Accept-Language", "ja-JP, en;q=0.5")
        .header("If-Match", "*")
        .body(kind, body)
        .send()
        .await
}

fn told(reply: &Reply) -> String {
    let errors = reply.body["errors"].as_array().into_iter().flatten();
    let details = errors.map(|error| error["detail"].as_str().unwrap().to_owned());
    let detail = reply.body["detail"].as_str().unwrap().to_owned();
    details.chain([detail]).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn reasons_and_statuses_are_told_in_the_language_of_the_sentence() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let plan = make(&frankfurt, joint_plan(&["frankfurt"], &["yokohama"])).await;
    let test = json!([{"op": "test", "path": "/kind", "value": "revision"}]);
    let missing = json!([{"op": "remove", "path": "/nothing"}]);
    let item = json!({"kind": "lesson", "title": {"en": "A"}, "cities": ["atlantis"]});
    let user = json!({"email": "a@b.example", "name": "A", "role": "admin", "password": "abc"});
    let mut dated = complete_plan(&["frankfurt"]);
    dated["activities"][0]["when"] = json!("2019-02-30");
    let mut typed = complete_plan(&["frankfurt"]);
    typed["activities"][0]["progress_percent"] = json!("half");
    for (client, method, path, body, expected) in [
        (
            &frankfurt,
            "PATCH",
            plan.clone(),
            test,
            "そこの値が `test` の値と違います",
        ),
        (
            &frankfurt,
            "PATCH",
            plan.clone(),
            missing,
            "`path` の位置に何もない",
        ),
        (
            &frankfurt,
            "PUT",
            plan.clone(),
            json!("{\"a\": "),
            "途中で終わっています",
        ),
        (&frankfurt, "PUT", plan.clone(), typed, "または"),
        (
            &frankfurt,
            "PUT",
            plan.clone(),
            dated,
            "2019-02 は 28 日までです",
        ),
        (
            &frankfurt,
            "POST",
            "/v1/knowledge".into(),
            item,
            "ID が atlantis の都市はありません",
        ),
        (
            &admin,
            "POST",
            "/v1/users".into(),
            user,
            "パスワードは 12 文字以上",
        ),
        (
            &admin,
            "POST",
            format!("{plan}/transitions"),
            json!({"to": "approved"}),
            "「作成中（draft）」",
        ),
        (
            &frankfurt,
            "POST",
            "/v1/subjects".into(),
            json!({}),
            "EU 側の都市の利用者",
        ),
        (
            &admin,
            "DELETE",
            "/v1/cities/yokohama".into(),
            json!({}),
            "ペアリング frankfurt-yokohama がまだ参照しています",
        ),
    ] {
        let reply = in_japanese(client, method, &path, body).await;
        assert!(reply.status >= 400, "{reply}");
        assert_eq!(reply.header("content-language"), "ja");
        let told = told(&reply);
        assert!(told.contains(expected), "{expected}: {told}");
    }
    let path = format!("{plan}/joint-actions/yokohama/consent");
    let reply = in_japanese(&yokohama, "POST", &path, json!({"decision": "accepted"})).await;
    reply.problem("not_found");
    let anybody = app.anonymous();
    let validation = in_japanese(&frankfurt, "GET", &format!("{plan}/validation"), json!({})).await;
    assert_eq!(validation.expect(200).header("content-language"), "ja");
    anybody.get(&plan).await.problem("not_found");
}

#[tokio::test]
async fn a_summary_is_told_in_the_language_that_is_wanted_and_says_which() {
    let (app, _, yokohama, admin) = cast().await;
    let mut plan = complete_plan(&["yokohama"]);
    plan["title"] = json!({"en": "A city of bridges", "ja": "橋のまち"});
    let path = make(&yokohama, plan).await;
    for status in ["submitted", "approved"] {
        to(&admin, &path, status).await.expect(200);
    }
    let anybody = app.anonymous();
    let page = async |query: &str, accept: &str| {
        let request = anybody
            .request("GET", &format!("{path}/summary?{query}"))
            .header("Accept-Language", accept);
        request.send().await.expect(200)
    };
    for (query, accept, language, varies) in [
        ("format=text", "ja", "ja", true),
        ("format=text", "fr, ja;q=0.4, en;q=0.3", "ja", true),
        ("format=text", "sv", "en", true),
        ("format=text", "", "en", true),
        ("format=text&lang=ja", "en", "ja", false),
    ] {
        let reply = page(query, accept).await;
        assert_eq!(
            reply.header("content-language"),
            language,
            "{query} {accept}"
        );
        let vary = reply.listed("vary").contains(&"accept-language".to_owned());
        assert_eq!(vary, varies, "{query} {accept}");
        let title = if language == "ja" {
            "橋のまち"
        } else {
            "A city of bridges"
        };
        let text = String::from_utf8(reply.bytes.clone()).unwrap();
        assert!(text.starts_with(title), "{text}");
        let again = anybody
            .request("GET", &format!("{path}/summary?{query}"))
            .header("Accept-Language", accept)
            .header("If-None-Match", &reply.etag());
        let again = again.send().await.expect(304);
        assert_eq!(again.listed("vary"), reply.listed("vary"));
    }
    let json = page("", "ja").await;
    assert_eq!(json.header("content-language"), "");
    assert!(!json.listed("vary").contains(&"accept-language".to_owned()));
}

#[tokio::test]
async fn a_table_speaks_the_language_that_is_wanted() {
    let app = App::start().await;
    for (query, accept, language, title) in [
        ("format=svg", "ja", "ja", "都市別に見る行動計画とSDGs"),
        ("format=svg", "de", "en", "Sustainable Development Goals"),
        ("format=csv&lang=en", "ja", "en", "Sustainable Cities"),
    ] {
        let reply = app
            .anonymous()
            .request("GET", &format!("/v1/statistics/sdgs?{query}"))
            .header("Accept-Language", accept)
            .send()
            .await
            .expect(200);
        assert_eq!(reply.header("content-language"), language);
        let vary = reply.listed("vary").contains(&"accept-language".to_owned());
        assert_eq!(vary, !query.contains("lang="), "{query}");
        let text = String::from_utf8(reply.bytes).unwrap();
        assert!(text.contains(title), "{query} {accept}");
    }
}

#[tokio::test]
async fn a_name_holds_nothing_that_nobody_sees() {
    let (app, frankfurt, _, admin) = cast().await;
    let subjects = app.count("subjects").await;
    for (hidden, codepoint) in [
        ("\u{200B}", "U+200B"),
        ("\u{2060}", "U+2060"),
        ("\u{FEFF}", "U+FEFF"),
        ("\u{AD}", "U+00AD"),
        ("\u{3164}", "U+3164"),
        ("\u{E0041}", "U+E0041"),
        ("\u{200D}", "U+200D"),
    ] {
        let body = json!({"id": "x", "name": {"en": format!("Smart{hidden} cities")}});
        let reply = admin.post("/v1/subjects", body).await;
        let reply = reply.refused(&[("/name/en", "invisible_character")]);
        let detail = reply.body["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.contains(codepoint), "{detail}");
    }
    let mut plan = complete_plan(&["frankfurt"]);
    plan["implementation"]["stakeholders"] = json!([{"name": "City\u{200B} Planning Bureau"}]);
    plan["activities"][0]["title"] = json!({"ja": "橋\u{2060}"});
    frankfurt.post("/v1/action-plans", plan).await.refused(&[
        ("/activities/0/title/ja", "invisible_character"),
        ("/implementation/stakeholders/0/name", "invisible_character"),
    ]);
    assert_eq!(app.count("subjects").await, subjects, "nothing was stored");
    let needed =
        json!({"id": "x", "name": {"ja": "葛\u{E0100}城市", "fa": "شهرداری می\u{200C}خواهد"}});
    let made = admin.post("/v1/subjects", needed.clone()).await.expect(201);
    assert_eq!(made.body["name"], needed["name"]);
}
