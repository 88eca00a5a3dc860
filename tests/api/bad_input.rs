//! Whatever is sent, the answer is a 4xx that names every fault, and nothing is stored.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};

use crate::support::kinds::bare_plan;
use crate::support::snapshot::assert_reply;
use crate::support::{App, Client, KINDS, Kind, Reply, times};

async fn post_text(client: &Client, path: &str, body: impl Into<reqwest::Body>) -> Reply {
    let request = client.request("POST", path);
    request.body("application/json", body).send().await
}

#[tokio::test]
async fn what_is_no_json_is_refused_with_its_place() {
    let app = App::start().await;
    let admin = app.admin().await;
    let events = app.events().await;
    for nothing in ["", " ", "\n"] {
        let reply = post_text(&admin, "/v1/subjects", nothing).await;
        reply.refused(&[("", "required")]);
    }
    for bad in [
        "{",
        "{\"name\": {\"en\": \"a\"}",
        "{\"name\": \"\\ud800\"}",
        "{\"name\": \"\\udc00\\ud800\"}",
        "nul",
        "{} {}",
        "{\"a\": 01}",
        "{'a': 1}",
        "{\"a\": NaN}",
        "{\"a\": 1e400}",
        "{\"a\": \"\u{1}\"}",
        "// no\n{}",
    ] {
        let reply = post_text(&admin, "/v1/subjects", bad).await;
        reply.problem("invalid_json");
    }
    post_text(&admin, "/v1/subjects", vec![b'"', 0xff, b'"'])
        .await
        .problem("invalid_json");
    let reply = post_text(&admin, "/v1/subjects", "{\n  \"name\": tru\n}").await;
    assert_reply!(reply);
    assert_eq!(app.events().await, events);
}

#[tokio::test]
async fn json_that_could_mean_two_things_or_hide_something_is_refused() {
    let app = App::start().await;
    let admin = app.admin().await;
    let twice = r#"{"name": {"en": "A"}, "name": {"en": "B"}}"#;
    post_text(&admin, "/v1/subjects", twice)
        .await
        .refused(&[("/name", "duplicate_name")]);
    let twice = r#"{"name": {"en": "A", "\u0065n": "B"}}"#;
    post_text(&admin, "/v1/subjects", twice)
        .await
        .refused(&[("/name/en", "duplicate_name")]);
    let composed = "{\"name\": {\"en\": \"A\"}, \"e\u{301}\": 1, \"\u{e9}\": 2}";
    let reply = post_text(&admin, "/v1/subjects", composed).await;
    reply.problem("invalid_input");
    for (text, codepoint) in [
        ("\\u0000", "0000"),
        ("\\u0007", "0007"),
        ("\\u009f", "009F"),
    ] {
        let body = format!(r#"{{"name": {{"en": "a{text}b"}}}}"#);
        let reply = post_text(&admin, "/v1/subjects", body)
            .await
            .refused(&[("/name/en", "control_character")]);
        assert!(
            reply.body["errors"][0]["detail"]
                .to_string()
                .contains(codepoint)
        );
    }
    for name in ["a\u{202e}b", "a\u{2066}b", "a\nb", "\u{200f}", "a\u{2028}b"] {
        let body = json!({"id": "x", "name": {"en": name}});
        admin
            .post("/v1/subjects", body)
            .await
            .problem("invalid_input");
    }
    for blank in ["", " ", "\u{3000}"] {
        let body = json!({"id": "x", "name": {"en": blank}});
        let reply = admin.post("/v1/subjects", body).await;
        reply.problem("invalid_input");
    }
    assert_eq!(app.count("subjects").await, 14);
}

#[tokio::test]
async fn text_is_stored_in_normal_form_c() {
    let app = App::start().await;
    let admin = app.admin().await;
    let body = json!({"id": "x", "name": {"en": "Ume\u{61}\u{30a}", "ja": "か\u{3099}"}});
    let made = admin.post("/v1/subjects", body).await.expect(201);
    assert_eq!(made.body["name"], json!({"en": "Umeå", "ja": "が"}));
}

#[tokio::test]
async fn deep_nesting_is_refused() {
    let app = App::start().await;
    let admin = app.admin().await;
    for depth in [33, 100, 126] {
        let deep = format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        let reply = post_text(&admin, "/v1/subjects", deep).await;
        let reply = reply.problem("invalid_input");
        assert_eq!(reply.faults()[0].1, "too_deep");
    }
    for depth in [1_000, 100_000] {
        let deep = "{\"a\":".repeat(depth);
        let reply = post_text(&admin, "/v1/subjects", deep).await;
        reply.problem("invalid_json");
    }
}

#[tokio::test]
async fn every_fault_of_a_body_is_told_at_once() {
    let app = App::start().await;
    let admin = app.admin().await;
    let body = json!({
        "id": "No Good", "side": "us", "kind": 1, "name": {"en": 5, "english": "x"}, "country_code": "jpn",
        "region": {}, "location": {"lat": 91, "lon": "east"}, "time_zone": "Asia/Yokohama",
        "codes": {"wikidata": "1794", "lau": null, "zip": 1}, "population": {"value": -1, "year": 2018.5},
        "area_km2": 0, "website": "javascript:alert(1)", "colour": "red",
    });
    let reply = admin.post("/v1/cities", body).await;
    assert_reply!(reply);
    for lists in [json!([]), json!("city"), json!(1), json!(null), json!(true)] {
        for kind in KINDS {
            let reply = admin.post(kind.path, lists.clone()).await;
            reply.problem("invalid_input");
        }
    }
    for kind in KINDS {
        let reply = admin.post(kind.path, json!({})).await;
        let reply = reply.problem("invalid_input");
        assert!(
            reply.faults().iter().all(|(_, code)| code == "required"),
            "{reply}"
        );
    }
}

#[tokio::test]
async fn dates_that_no_calendar_has_are_refused() {
    let app = App::start().await;
    let admin = app.admin().await;
    for when in [
        "2019-02-30",
        "2019-13",
        "2019-04/2019-02-30",
        "2019-05/2019-04",
        "next year",
        "2019-1-1",
        "0000",
        "2019-05-13T09:00",
        "../..",
        "/2019",
        "",
        "２０１９",
    ] {
        let reply = admin
            .patch(
                "/v1/meetings/exchange-meeting-4",
                "*",
                json!({"when": when}),
            )
            .await;
        let reply = reply.problem("invalid_input");
        assert!(
            reply.faults().contains(&("/when".into(), "edtf".into())),
            "{when}: {reply}"
        );
    }
    let agenda = json!({"agenda": [{"title": {"en": "A"}, "starts_at": "2019-05-13T10:00:00Z", "ends_at": "2019-05-13T09:00:00Z"},
        {"title": {"en": "B"}, "starts_at": "2019-02-30T10:00:00Z"}, {"title": {"en": "C"}, "starts_at": "2019-05-13 10:00"}]});
    admin
        .patch("/v1/meetings/exchange-meeting-4", "*", agenda)
        .await
        .refused(&[
            ("/agenda/0/ends_at", "ends_before_start"),
            ("/agenda/1/starts_at", "format"),
            ("/agenda/2/starts_at", "format"),
        ]);
    let agenda = json!({"agenda": [{"title": {"en": "A"}, "starts_at": "2019-05-13T10:00:00Z", "ends_at": "2019-05-13T09:00:00Z"}]});
    admin
        .patch("/v1/meetings/exchange-meeting-4", "*", agenda)
        .await
        .refused(&[("/agenda/0/ends_at", "ends_before_start")]);
    let mut tour = (Kind::named("tour").new)();
    tour["programme"][0]["day"] = json!("2019-05-32");
    admin
        .post("/v1/tours", tour)
        .await
        .refused(&[("/programme/0/day", "format")]);
}

#[tokio::test]
async fn a_city_on_the_wrong_side_is_refused() {
    let app = App::start().await;
    let admin = app.admin().await;
    let pairing = |eu: Value, jp: Value| {
        let mut pairing = (Kind::named("pairing").new)();
        pairing["eu_cities"] = eu;
        pairing["jp_cities"] = jp;
        pairing
    };
    admin
        .post(
            "/v1/pairings",
            pairing(json!(["umea", "toyota"]), json!(["essen"])),
        )
        .await
        .refused(&[
            ("/eu_cities/1", "wrong_side"),
            ("/jp_cities/0", "wrong_side"),
        ]);
    admin
        .post("/v1/pairings", pairing(json!([]), json!([])))
        .await
        .refused(&[("/eu_cities", "too_few"), ("/jp_cities", "too_few")]);
    let mut city = (Kind::named("city").new)();
    city["side"] = json!("jp");
    admin
        .post("/v1/cities", city)
        .await
        .refused(&[("/country_code", "side_country")]);
    let mut tour = (Kind::named("tour").new)();
    tour["host_city"] = json!("essen");
    let reply = admin.post("/v1/tours", tour).await.problem("invalid_input");
    assert!(
        reply
            .faults()
            .contains(&("/host_city".into(), "not_in_pairing".into())),
        "{reply}"
    );
    let mut tour = (Kind::named("tour").new)();
    tour["host_city"] = json!("umea");
    admin
        .post("/v1/tours", tour)
        .await
        .refused(&[("/host_city", "same_side")]);
    let plan = bare_plan("essen", "umea-kamakura");
    admin
        .post("/v1/action-plans", plan)
        .await
        .refused(&[("/proponents/0", "not_in_pairing")]);
    let user = |role: &str, city: Value| json!({"email": "x@x.example", "name": "X", "role": role, "city": city, "password": "a quiet night in june"});
    for (role, city, code) in [
        ("jp_city", json!("umea"), "wrong_side"),
        ("eu_city", json!("toyota"), "wrong_side"),
        ("admin", json!("umea"), "city_role"),
        ("eu_city", json!(null), "city_role"),
    ] {
        admin
            .post("/v1/users", user(role, city))
            .await
            .refused(&[("/city", code)]);
    }
}

#[tokio::test]
async fn a_city_cannot_change_sides_under_its_pairings() {
    let app = App::start().await;
    let admin = app.admin().await;
    let reply = admin
        .patch(
            "/v1/cities/umea",
            "*",
            json!({"side": "jp", "country_code": "JP"}),
        )
        .await;
    assert!(reply.status == 400 || reply.status == 409, "{reply}");
    assert_eq!(admin.get("/v1/cities/umea").await.body["side"], "eu");
}

#[tokio::test]
async fn unknown_references_are_named_by_their_place() {
    let app = App::start().await;
    let admin = app.admin().await;
    let unknown = iuc::resource::new_uuid().to_string();
    let mut pairing = (Kind::named("pairing").new)();
    pairing["programme"] = json!("apollo");
    pairing["eu_cities"] = json!(["umea", "atlantis"]);
    pairing["subjects"] = json!(["smart-cities", "magic"]);
    admin.post("/v1/pairings", pairing).await.refused(&[
        ("/programme", "unknown_reference"),
        ("/eu_cities/1", "unknown_reference"),
        ("/subjects/1", "unknown_reference"),
    ]);
    let mut tour = (Kind::named("tour").new)();
    tour["pairing"] = json!("rome-carthage");
    tour["host_city"] = json!("carthage");
    admin.post("/v1/tours", tour).await.refused(&[
        ("/pairing", "unknown_reference"),
        ("/host_city", "unknown_reference"),
    ]);
    let mut plan = crate::support::kinds::plan(&["yokohama", "atlantis"], "frankfurt-yokohama");
    plan["template"] = json!("napkin");
    plan["revises"] = json!({"plan": unknown});
    plan["sdg_relevance"] =
        json!([{"target": "11.99"}, {"goal": "17"}, {"target": "11.2", "goal": "11"}, {}]);
    plan["inputs"]["sources"] = json!([{"type": "tour", "id": unknown}, {"type": "tour", "id": "umea"},
        {"type": "meeting", "id": "gossip"}, {"type": "knowledge", "id": unknown}]);
    plan["activities"][0]["sdg_targets"] = json!(["11.2", "9.99"]);
    plan["joint_actions"][0]["with"] = json!(["umea"]);
    plan["risks"] = json!([{"key": "a"}, {"key": "a"}]);
    let reply = admin.post("/v1/action-plans", plan).await;
    let mut found = reply.problem("invalid_input").faults();
    found.sort();
    insta::assert_debug_snapshot!(found);
    let user = json!({"email": "x@x.example", "name": "X", "role": "eu_city", "city": "atlantis", "password": "a quiet night in june"});
    admin
        .post("/v1/users", user)
        .await
        .refused(&[("/city", "unknown_reference")]);
    let user = app.city_user("yokohama").await;
    let foreign = admin
        .post("/v1/action-plans", bare_plan("umea", "umea-kamakura"))
        .await
        .expect(201);
    let mut plan = bare_plan("yokohama", "frankfurt-yokohama");
    plan["kind"] = json!("revision");
    plan["revises"] = json!({"plan": foreign.id()});
    user.post("/v1/action-plans", plan)
        .await
        .refused(&[("/revises/plan", "unknown_reference")]);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let app = App::with(|settings| settings.body_limit = 1000).await;
    let admin = app.admin().await;
    let body = |size: usize| format!("{{\"name\": {{\"en\": \"{}\"}}}}", "a".repeat(size - 20));
    let reply = post_text(&admin, "/v1/subjects", body(1000)).await;
    assert_eq!(reply.status, 400, "1000 bytes are read: {reply}");
    let reply = post_text(&admin, "/v1/subjects", body(1001)).await;
    reply.problem("payload_too_large");
    let (first, more) = (body(900), " ".repeat(101));
    let chunked = format!(
        "POST /v1/subjects HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{first}\r\n{:x}\r\n{more}\r\n0\r\n\r\n",
        admin.token.as_deref().unwrap(),
        first.len(),
        more.len(),
    );
    let answer = app.raw(chunked.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    let request = admin.request("POST", "/oauth/token");
    let form = format!(
        "grant_type=refresh_token&refresh_token={}",
        "a".repeat(1000)
    );
    let reply = request
        .body("application/x-www-form-urlencoded", form)
        .send()
        .await;
    reply.problem("payload_too_large");
}

#[tokio::test]
async fn other_media_types_and_compressed_bodies_are_refused() {
    let app = App::start().await;
    let admin = app.admin().await;
    let body = r#"{"name": {"en": "X"}}"#;
    for media_type in [
        "text/plain",
        "application/xml",
        "application/merge-patch+json",
        "application/jsonp",
        "",
    ] {
        for (method, path) in [("POST", "/v1/subjects"), ("PUT", "/v1/subjects/transport")] {
            let request = admin.request(method, path).header("If-Match", "*");
            let reply = request.body(media_type, body).send().await;
            reply.problem("unsupported_media_type");
        }
    }
    let request = admin.request("POST", "/oauth/token");
    let reply = request.body("application/json", "{}").send().await;
    reply.problem("unsupported_media_type");
    for encoding in ["gzip", "br", "x-unknown", "gzip, identity"] {
        let request = admin
            .request("POST", "/v1/subjects")
            .header("Content-Encoding", encoding);
        let reply = request.body("application/json", body).send().await;
        let reply = reply.problem("unsupported_content_encoding");
        assert_eq!(reply.header("accept-encoding"), "identity");
    }
    let request = admin
        .request("POST", "/v1/subjects")
        .header("Content-Encoding", "identity");
    request
        .body("application/json; charset=utf-8", body)
        .send()
        .await
        .expect(201);
}

#[tokio::test]
async fn odd_ids_in_paths_are_not_found() {
    let app = App::start().await;
    let admin = app.admin().await;
    let odd = [
        "UMEA",
        "umea%20",
        "%00",
        "%ff",
        "..%2f..%2fetc",
        "umea'--",
        "%E6%A8%AA%E6%B5%9C",
        "umea;x",
        "a%2Fb",
        "-",
        "0",
        "00000000-0000-0000-0000-000000000000",
        "0190B6A0-0000-7000-8000-00000000000A",
        "99999999999999999999",
        "-1",
        "18",
        "$%7Bjndi%7D",
        "umea.json",
        "%F0%9F%99%82",
    ];
    for kind in KINDS {
        for id in odd {
            let path = kind.at(id);
            let expect_missing = |reply: Reply| {
                assert!(
                    reply.code() == "not_found" || reply.code() == "no_such_path",
                    "{reply}"
                );
                assert_eq!(reply.status, 404);
            };
            expect_missing(admin.get(&path).await);
            expect_missing(admin.patch(&path, "*", json!({})).await);
            expect_missing(admin.put(&path, "*", (kind.new)()).await);
            expect_missing(admin.delete(&path, "*").await);
        }
    }
    let long = admin.get(&format!("/v1/cities/{}", "a".repeat(1900))).await;
    assert_eq!(long.status, 404);
}

#[tokio::test]
async fn numbers_that_do_not_fit_are_refused() {
    let app = App::start().await;
    let admin = app.admin().await;
    let city = |text: &str| format!(r#"{{"population": {{"value": {text}, "year": 2019}}}}"#);
    for text in [
        "100000001",
        "9007199254740993",
        "1e10",
        "-0.5",
        "1.5",
        "12345678901234567890123",
        "\"5\"",
        "true",
    ] {
        let request = admin
            .request("PATCH", "/v1/cities/umea")
            .header("If-Match", "*");
        let reply = request
            .body("application/merge-patch+json", city(text))
            .send()
            .await;
        let reply = reply.problem("invalid_input");
        assert_eq!(reply.faults()[0].0, "/population/value", "{text}");
    }
    for text in ["5.0", "5e0"] {
        let request = admin
            .request("PATCH", "/v1/cities/umea")
            .header("If-Match", "*");
        let reply = request
            .body("application/merge-patch+json", city(text))
            .send()
            .await;
        assert!(reply.status < 500, "{text}: {reply}");
    }
    let path = "/v1/pairings/umea-kamakura";
    for change in [
        json!({"number": 0}),
        json!({"number": 2_147_483_648_i64}),
        json!({"joined_year": 1989}),
    ] {
        let reply = admin.patch(path, "*", change).await;
        reply.problem("invalid_input");
    }
}

#[tokio::test]
async fn problems_are_told_in_the_callers_language() {
    let app = App::start().await;
    let told = async |accept: &str| {
        let request = app.anonymous().request("GET", "/v1/cities?limit=0");
        let reply = request
            .header("Accept-Language", accept)
            .send()
            .await
            .problem("invalid_input");
        reply.header("content-language").to_owned()
    };
    for language in iuc::messages::Language::ALL {
        let tag = language.tag();
        for accept in [
            tag.to_owned(),
            tag.to_uppercase(),
            format!("{tag}-419, xx;q=0.5"),
            format!("xx, {tag};q=0.1"),
        ] {
            assert_eq!(told(&accept).await, tag, "{accept}");
        }
    }
    for accept in ["xx", "*", "", ";;q=", "en;q=0"] {
        assert_eq!(told(accept).await, "en", "{accept}");
    }
}

#[tokio::test]
async fn a_list_names_each_thing_once() {
    let app = App::start().await;
    let admin = app.admin().await;
    let events = app.events().await;
    let pairing = |field: &str, list: Value| {
        let mut pairing = (Kind::named("pairing").new)();
        pairing[field] = list;
        pairing
    };
    let mut meeting = (Kind::named("meeting").new)();
    meeting["cities"] = json!(["umea", "toyota", "umea"]);
    let plan = |change: Value| {
        let mut plan = bare_plan("yokohama", "frankfurt-yokohama");
        json_patch::merge(&mut plan, &change);
        plan
    };
    let reference = json!({"system": "a.example", "key": "1"});
    for (path, body, pointer) in [
        (
            "/v1/pairings",
            pairing("eu_cities", json!(["umea", "umea"])),
            "/eu_cities",
        ),
        (
            "/v1/pairings",
            pairing("jp_cities", json!(["ikoma", "ikoma"])),
            "/jp_cities",
        ),
        (
            "/v1/pairings",
            pairing("subjects", json!(["transport", "transport"])),
            "/subjects",
        ),
        ("/v1/meetings", meeting, "/cities"),
        (
            "/v1/action-plans",
            plan(json!({"proponents": ["yokohama", "yokohama"]})),
            "/proponents",
        ),
        (
            "/v1/action-plans",
            plan(json!({"external_refs": [reference, reference]})),
            "/external_refs",
        ),
        (
            "/v1/action-plans",
            plan(json!({"joint_actions": [{"with": ["frankfurt", "frankfurt"]}]})),
            "/joint_actions/0/with",
        ),
        (
            "/v1/action-plans",
            plan(json!({"activities": [{"sdg_targets": ["11.2", "11.2"]}]})),
            "/activities/0/sdg_targets",
        ),
        (
            "/v1/action-plans",
            plan(json!({"activities": [{"key": "a"}, {"key": "a"}]})),
            "/activities/1/key",
        ),
    ] {
        let reply = admin.post(path, body).await.problem("invalid_input");
        assert_eq!(reply.faults().len(), 1, "{reply}");
        assert!(reply.faults()[0].0.starts_with(pointer), "{reply}");
    }
    assert_eq!(app.events().await, events);
}

/// JSON of every shape, with the words of the API in it, so that it gets past the first check now and then.
fn garbage() -> impl Strategy<Value = Value> {
    let word = prop_oneof![
        prop::sample::select(vec![
            "id",
            "name",
            "en",
            "ja",
            "title",
            "text",
            "group",
            "side",
            "eu",
            "jp",
            "kind",
            "when",
            "number",
            "programme",
            "cities",
            "pairing",
            "proponents",
            "umea",
            "iuc-japan",
            "sections",
            "targets",
            "2019-02-30",
            "email",
            "role",
            "password",
            "activities",
            "key",
            "guidelines",
            "position",
            "status",
            "draft",
            "__proto__",
            "$ref",
            "",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,12}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        word.clone().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((word.clone(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// What is wrong with the meaning of a thing: its kind, the place and what is put there, the fault that this is, and what
/// it is held against.
type Wrong = (
    &'static str,
    &'static str,
    fn() -> Value,
    &'static str,
    &'static [&'static str],
);

const WRONG: &[Wrong] = &[
    (
        "programme",
        "/guidelines/programme_funded_delegates/min",
        || json!(9),
        "min_above_max",
        &["/guidelines/programme_funded_delegates/max"],
    ),
    (
        "city",
        "/country_code",
        || json!("JP"),
        "side_country",
        &["/side"],
    ),
    (
        "pairing",
        "/subjects/0",
        || json!("nothing"),
        "unknown_reference",
        &[],
    ),
    (
        "meeting",
        "/cities/1",
        || json!("nowhere"),
        "unknown_reference",
        &[],
    ),
    (
        "tour",
        "/host_city",
        || json!("nowhere"),
        "unknown_reference",
        &[],
    ),
    (
        "template",
        "/programme",
        || json!("nothing"),
        "unknown_reference",
        &[],
    ),
    (
        "sdg",
        "/targets/0/code",
        || json!("16.1"),
        "wrong_goal",
        &["/number"],
    ),
    (
        "knowledge_item",
        "/subjects/0",
        || json!("nothing"),
        "unknown_reference",
        &[],
    ),
    (
        "action_plan",
        "/activities/0/sources/0/id",
        || json!("meeting-99"),
        "unknown_reference",
        &["/activities/0/sources/0/type"],
    ),
    (
        "contribution",
        "/question",
        || json!("nothing"),
        "unknown_reference",
        &[],
    ),
    (
        "user",
        "/city",
        || json!("nowhere"),
        "unknown_reference",
        &[],
    ),
    (
        "client",
        "/city",
        || json!("nowhere"),
        "unknown_reference",
        &[],
    ),
    (
        "webhook",
        "/cities/0",
        || json!("nowhere"),
        "unknown_reference",
        &[],
    ),
];

/// The place of everything in a body.
fn places(body: &Value, at: &str, found: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match body {
        Value::Object(members) => members
            .iter()
            .map(|(name, it)| (name.clone(), it))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(at, it)| (at.to_string(), it))
            .collect(),
        _ => Vec::new(),
    };
    for (name, value) in inner {
        let place = format!("{at}/{name}");
        places(value, &place, found);
        found.push(place);
    }
}

fn is_within(inner: &str, outer: &str) -> bool {
    inner
        .strip_prefix(outer)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[tokio::test]
async fn a_fault_of_shape_hides_no_fault_of_meaning_and_makes_none() {
    let app = App::start().await;
    let admin = app.admin().await;
    app.run("DELETE FROM sdgs WHERE number = 17").await;
    for kind in KINDS {
        let wrong = WRONG.iter().find(|(name, ..)| *name == kind.name);
        let mut good = Vec::new();
        places(&(kind.new)(), "", &mut good);
        for spoilt in good {
            let mut body = (kind.new)();
            let hidden = wrong.filter(|(_, place, _, _, against)| {
                let against = against.iter().chain([place]);
                !against
                    .into_iter()
                    .any(|it| is_within(it, &spoilt) || is_within(&spoilt, it))
            });
            if let Some((_, place, value, ..)) = hidden {
                *body.pointer_mut(place).unwrap() = value();
            }
            *body.pointer_mut(&spoilt).unwrap() = json!([[0]]);
            let path = format!("{}?dryrun=true", kind.path);
            let reply = admin.post(&path, body).await.problem("invalid_input");
            let (of_shape, of_meaning): (Vec<_>, Vec<_>) = reply
                .faults()
                .into_iter()
                .partition(|(at, _)| is_within(at, &spoilt));
            let expected =
                hidden.map(|(_, place, _, code, _)| ((*place).to_owned(), (*code).to_owned()));
            assert!(!of_shape.is_empty(), "{} {spoilt}: {reply}", kind.name);
            assert_eq!(
                of_meaning,
                Vec::from_iter(expected),
                "{} {spoilt}: {reply}",
                kind.name
            );
        }
    }
}

#[tokio::test]
async fn all_faults_of_a_plan_are_told_at_once() {
    let app = App::start().await;
    let yokohama = app.city_user("yokohama").await;
    let mut plan = bare_plan("yokohama", "nowhere-at-all");
    plan["activities"] = json!([
        {"title": {"en": "A"}, "when": "soon", "budget": {"amount": "1.234", "currency": "JPY"}},
        {"title": {"en": "B"}, "sources": [{"type": "rumour", "id": "exchange-meeting-3"}]},
        {"title": {"en": "C"}, "sources": [{"type": "meeting", "id": "meeting-99"}]},
    ]);
    let reply = yokohama.post("/v1/action-plans", plan).await;
    reply.refused(&[
        ("/pairing", "unknown_reference"),
        ("/activities/0/when", "edtf"),
        ("/activities/0/budget/amount", "too_many_decimals"),
        ("/activities/1/sources/0/type", "not_allowed_value"),
        ("/activities/2/sources/0/id", "unknown_reference"),
    ]);
    let made = yokohama
        .post(
            "/v1/action-plans",
            bare_plan("yokohama", "frankfurt-yokohama"),
        )
        .await;
    let path = format!("/v1/action-plans/{}", made.expect(201).id());
    let patch = json!({"nmae": null, "language": 5, "proponents": ["yokohama", "nowhere"],
        "risks": [{"key": "a"}, {"key": "a", "likelihood": 9}]});
    let reply = yokohama.patch(&path, "*", patch).await;
    reply.refused(&[
        ("/nmae", "unknown_field"),
        ("/language", "wrong_type"),
        ("/proponents/1", "unknown_reference"),
        ("/risks/1/key", "duplicate_key"),
        ("/risks/1/likelihood", "too_large"),
    ]);
    // Whose it would be cannot be told, so nobody is refused the right to it.
    let mut plan = bare_plan("yokohama", "frankfurt-yokohama");
    plan["proponents"] = json!("yokohama");
    plan["sdg_relevance"] = json!([{"target": "99.9"}]);
    let reply = yokohama.post("/v1/action-plans", plan).await;
    reply.refused(&[
        ("/proponents", "wrong_type"),
        ("/sdg_relevance/0/target", "unknown_sdg"),
    ]);
}

#[tokio::test]
async fn all_faults_of_what_is_done_to_a_thing_are_told_at_once() {
    let app = App::start().await;
    let (admin, frankfurt) = (app.admin().await, app.city_user("frankfurt").await);
    let lesson = Kind::named("contribution").make(&app, &admin).await;
    let nothing = "0198d3b4-7e8d-7c1a-9d53-3a4b5c6d7e8f";
    let decline = json!({"plan": nothing, "reason": {"en": ""}});
    let path = format!("{lesson}/decline");
    let reply = frankfurt.post(&path, decline).await;
    reply.refused(&[
        ("/plan", "unknown_reference"),
        ("/reason/en", "too_short"),
        ("/reason/en", "blank"),
    ]);
    assert_eq!(app.count("contribution_declines").await, 0);
}

#[tokio::test]
async fn what_is_wrong_with_the_text_of_a_body_hides_nothing_else() {
    let app = App::start().await;
    let yokohama = app.city_user("yokohama").await;
    let mut plan = bare_plan("yokohama", "nowhere");
    plan["risks"] = json!([{"description": {"en": "a\u{0}b"}, "likelihood": 9}]);
    plan["sdg_relevance"] = json!([{"target": "1\u{0}"}]);
    plan["colour"] = json!("red");
    let twice = r#""colour":"red","language":"en","language":5"#;
    let text = plan.to_string().replace(r#""colour":"red""#, twice);
    let all = [
        ("/pairing", "unknown_reference"),
        ("/risks/0/description/en", "control_character"),
        ("/risks/0/likelihood", "too_large"),
        ("/sdg_relevance/0/target", "control_character"),
        ("/colour", "unknown_field"),
        ("/language", "duplicate_name"),
    ];
    let reply = post_text(&yokohama, "/v1/action-plans", text.clone()).await;
    reply.refused(&all);
    let by_ref = yokohama.request("PUT", "/v1/action-plans/by-ref/plans.example/LAP-1");
    let reply = by_ref.body("application/json", text.clone()).send().await;
    reply.refused(&all);

    let good = bare_plan("yokohama", "frankfurt-yokohama");
    let made = yokohama.post("/v1/action-plans", good).await.expect(201);
    let path = format!("/v1/action-plans/{}", made.id());
    let patch = json!({"title": {"en": "\u{7}"}, "pairing": "nowhere"});
    yokohama.patch(&path, "*", patch).await.refused(&[
        ("/title/en", "control_character"),
        ("/pairing", "unknown_reference"),
    ]);
    // Nothing of it is offered as an edit that goes together with what others wrote.
    let stale = made.header("etag").to_owned();
    let edit = json!({"context": {"en": "Newer"}});
    yokohama.patch(&path, "*", edit).await.expect(200);
    let patch = json!({"objectives": {"en": "a\u{0}"}, "colour": "red"});
    let reply = yokohama.patch(&path, &stale, patch.clone()).await;
    let reply = reply.problem("precondition_failed");
    assert!(reply.body.get("merge").is_none(), "{reply}");
    let both = yokohama.request("PATCH", &path).header("if-match", &stale);
    let both = both.header("prefer", "conflict=merge");
    let reply = both
        .body("application/merge-patch+json", patch.to_string())
        .send()
        .await;
    reply.refused(&[
        ("/objectives/en", "control_character"),
        ("/colour", "unknown_field"),
    ]);
    let operations = json!([{"op": "replace", "path": "/title/en", "value": "\u{0}"}, {"op": "turn", "path": "/title"}]);
    let patch = yokohama.request("PATCH", &path).header("if-match", "*");
    let reply = patch
        .body("application/json-patch+json", operations.to_string())
        .send()
        .await;
    reply.refused(&[
        ("/0/value", "control_character"),
        ("/1/op", "not_allowed_value"),
    ]);
    let sign_in = json!({"email": "\u{0}"});
    let anybody = app.anonymous();
    anybody
        .post("/v1/sessions", sign_in)
        .await
        .refused(&[("/email", "control_character"), ("/password", "required")]);
    let submit = json!({"to": "submitted", "comment": "a\u{0}", "colour": "red"});
    let reply = yokohama.post(&format!("{path}/transitions"), submit).await;
    reply.refused(&[
        ("/comment", "control_character"),
        ("/colour", "unknown_field"),
    ]);
    assert_eq!(app.count("action_plans").await, 1);
}

/// A good body with one part of it replaced.
fn spoilt(mut body: Value, at: usize, by: &Value) -> Value {
    let Some(object) = body.as_object_mut() else {
        return body;
    };
    let names: Vec<String> = object.keys().cloned().collect();
    let name = &names[at % names.len()];
    let inner = object.get_mut(name).unwrap();
    if inner.as_object().is_some_and(|inner| !inner.is_empty()) && at.is_multiple_of(2) {
        *inner = spoilt(inner.take(), at / 2, by);
    } else {
        *inner = by.clone();
    }
    body
}

#[tokio::test]
async fn garbage_is_never_a_fault_of_the_service() {
    let app = App::start().await;
    let admin = app.admin().await;
    let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), seed);
    let strategy = garbage();
    for kind in KINDS {
        for round in 0..times(16, 40) {
            let junk = strategy.new_tree(&mut runner).unwrap().current();
            let body = if round % 2 == 0 {
                junk
            } else {
                spoilt((kind.new)(), round / 2, &junk)
            };
            let events = app.events().await;
            let reply = admin.post(kind.path, body.clone()).await;
            assert!(
                reply.status < 500 && reply.status != 401,
                "{body} gives {reply}"
            );
            let stored = app.events().await - events;
            assert_eq!(
                stored,
                i64::from(reply.status == 201),
                "{body} gives {reply}"
            );
            if reply.status >= 400 {
                let code = reply.code();
                let _ = reply.problem(&code);
            }
            for media_type in [
                "application/merge-patch+json",
                "application/json-patch+json",
            ] {
                let request = admin
                    .request("PATCH", "/v1/cities/umea?dryrun=true")
                    .header("If-Match", "*");
                let reply = request.body(media_type, body.to_string()).send().await;
                assert!(reply.status < 500, "{body} gives {reply}");
            }
        }
    }
}

#[tokio::test]
async fn garbage_in_queries_and_header_fields_is_never_a_fault_of_the_service() {
    let app = App::start().await;
    let admin = app.admin().await;
    let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[9; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), seed);
    let strategy = (
        prop::sample::select(vec![
            "limit", "cursor", "sort", "fields", "include", "since", "format", "side", "from",
            "sdg", "count", "x",
        ]),
        any::<String>(),
        "[ -~]{0,40}",
    );
    for kind in KINDS {
        for _ in 0..20 {
            let (name, value, field) = strategy.new_tree(&mut runner).unwrap().current();
            let query: String = form_urlencoded::Serializer::new(String::new())
                .append_pair(name, &value)
                .finish();
            let reply = admin
                .request("GET", &format!("{}?{query}", kind.path))
                .header("If-None-Match", &field)
                .header("Accept-Language", &field)
                .header("Prefer", &field)
                .header("X-Forwarded-For", &field)
                .send()
                .await;
            assert!(reply.status < 500, "{query} {field:?} gives {reply}");
        }
    }
}
