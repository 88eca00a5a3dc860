//! Lists are searched by words of any script (`q`), and tell nobody of what is not theirs.

use diesel_async::AsyncConnection;
use iuc::db::Connection;
use serde_json::{Value, json};

use crate::support::kinds::knowledge;
use crate::support::plans::{complete_plan, to};
use crate::support::{App, Client, Kind};

async fn ids(client: &Client, path: &str, q: &str) -> Vec<String> {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("q", q);
    let join = if path.contains('?') { '&' } else { '?' };
    let path = format!("{path}{join}{}", query.finish());
    client.get(&path).await.expect(200).ids()
}

#[tokio::test]
async fn the_programmes_records_are_found_in_any_script() {
    let app = App::start().await;
    let anybody = app.anonymous();
    for (path, q, found) in [
        ("/v1/cities", "横浜", "yokohama"),
        ("/v1/cities", "浜市", "yokohama"),
        ("/v1/cities", "umea", "umea"),
        ("/v1/cities", "UMEÅ", "umea"),
        ("/v1/cities", "frank", "frankfurt"),
        ("/v1/pairings", "frankfurt yokohama", "frankfurt-yokohama"),
        ("/v1/subjects", "smart", "smart-cities"),
        ("/v1/sdgs", "11.2", "11"),
        ("/v1/programmes", "japan", "iuc-japan"),
    ] {
        let there = ids(&anybody, path, q).await;
        assert!(there.contains(&found.to_owned()), "{path} {q}: {there:?}");
    }
    for q in ["rankfurt", "横市", "frankfurt yokohama"] {
        assert!(ids(&anybody, "/v1/cities", q).await.is_empty(), "{q}");
    }
    assert!(!ids(&anybody, "/v1/meetings", "meeting").await.is_empty());
    let all = anybody
        .get("/v1/cities?q=frankfurt&count=true")
        .await
        .expect(200);
    assert_eq!(all.body["total"], 1);
    let lines = anybody.get("/v1/cities?q=frankfurt&format=ndjson").await;
    assert_eq!(String::from_utf8(lines.bytes).unwrap().lines().count(), 2);
}

#[tokio::test]
async fn whatever_can_be_searched_is_found_as_soon_as_it_is_made_and_not_when_it_has_gone() {
    let app = App::start().await;
    let admin = app.admin().await;
    for (name, field, value) in [
        ("city", "name", json!({"en": "Almada", "ja": "検索用都市"})),
        ("subject", "name", json!({"en": "x", "ja": "検索用都市"})),
        ("programme", "name", json!({"en": "x", "ja": "検索用都市"})),
        ("pairing", "subject_text", json!({"ja": "検索用都市"})),
        ("meeting", "title", json!({"en": "x", "ja": "検索用都市"})),
        ("tour", "report", json!({"ja": "検索用都市"})),
        (
            "key_question",
            "text",
            json!({"en": "x", "ja": "検索用都市"}),
        ),
        ("template", "name", json!({"en": "x", "ja": "検索用都市"})),
        ("knowledge_item", "summary", json!({"ja": "検索用都市"})),
        ("contribution", "text", json!({"ja": "検索用都市"})),
        ("action_plan", "title", json!({"ja": "検索用都市"})),
    ] {
        let kind = Kind::named(name);
        let mut body = (kind.new)();
        let older = ids(&admin, kind.path, "検索").await;
        assert!(older.is_empty(), "{name}: {older:?}");
        body[field] = value;
        let made = admin.post(kind.path, body).await.expect(201);
        assert_eq!(ids(&admin, kind.path, "索用").await, [made.id()], "{name}");
        let path = kind.at(&made.id());
        let other = match field {
            "title" | "text" | "name" => json!({field: {"en": "Lighthouse", "ja": null}}),
            _ => json!({field: {"en": "Lighthouse"}}),
        };
        let other = match name {
            "pairing" | "tour" | "knowledge_item" => {
                json!({field: {"en": "Lighthouse", "ja": null}})
            }
            _ => other,
        };
        admin.patch(&path, "*", other).await.expect(200);
        assert!(ids(&admin, kind.path, "検索").await.is_empty(), "{name}");
        assert_eq!(ids(&admin, kind.path, "light").await, [made.id()], "{name}");
        admin.delete(&path, "*").await.expect(204);
        assert!(ids(&admin, kind.path, "light").await.is_empty(), "{name}");
        let left = format!("search_words WHERE id = '{}'", made.id());
        assert_eq!(app.count(&left).await, 0, "{name}");
    }
}

#[tokio::test]
async fn a_search_finds_what_the_caller_reads_and_nothing_of_what_is_private() {
    let app = App::start().await;
    let (admin, frankfurt) = (app.admin().await, app.city_user("frankfurt").await);
    let (yokohama, umea) = (app.city_user("yokohama").await, app.city_user("umea").await);
    let mut draft = complete_plan(&["frankfurt"]);
    draft["title"] = json!({"en": "Harbour gardens", "ja": "港の庭園"});
    draft["executive_summary"] = json!({"en": "Kingfishers return"});
    draft["activities"][0]["title"] = json!({"en": "Dredging"});
    let made = frankfurt.post("/v1/action-plans", draft).await.expect(201);
    let (id, path) = (made.id(), format!("/v1/action-plans/{}", made.id()));
    let list = "/v1/action-plans";
    for q in [
        "harbour",
        "庭園",
        "kingfisher",
        "dredging",
        "harbour dredging",
    ] {
        assert_eq!(
            ids(&frankfurt, list, q).await,
            std::slice::from_ref(&id),
            "{q}"
        );
        assert_eq!(ids(&admin, list, q).await, std::slice::from_ref(&id), "{q}");
        assert_eq!(
            ids(&admin, "/v1/action-plans?city=frankfurt", q).await,
            std::slice::from_ref(&id),
            "{q}"
        );
        for other in [&yokohama, &umea, &app.anonymous()] {
            assert!(ids(other, list, q).await.is_empty(), "{q}");
        }
    }
    to(&frankfurt, &path, "submitted").await.expect(200);
    // The partner is asked to look at it.
    assert_eq!(
        ids(&yokohama, list, "harbour").await,
        std::slice::from_ref(&id)
    );
    assert!(ids(&umea, list, "harbour").await.is_empty());
    to(&admin, &path, "approved").await.expect(200);
    // Published under one name, worked on under another: each finds the words of what it reads.
    let renamed = json!({"title": {"en": "Secret tunnel", "ja": null}});
    frankfurt.patch(&path, "*", renamed).await.expect(200);
    assert_eq!(
        ids(&frankfurt, list, "tunnel").await,
        std::slice::from_ref(&id)
    );
    assert!(ids(&frankfurt, list, "harbour").await.is_empty());
    let counted = frankfurt
        .get("/v1/action-plans?q=tunnel&count=true")
        .await
        .expect(200);
    assert_eq!(counted.body["total"], 1);
    assert_eq!(ids(&umea, list, "harbour").await, std::slice::from_ref(&id));
    for other in [&umea, &app.anonymous()] {
        assert!(ids(other, list, "tunnel").await.is_empty());
        let counted = other
            .get("/v1/action-plans?q=tunnel&count=true")
            .await
            .expect(200);
        assert_eq!(counted.body["total"], 0);
    }
    let mut note = knowledge(&["frankfurt"]);
    note["title"] = json!({"en": "Unpublished otters"});
    note["pairing"] = json!("frankfurt-yokohama");
    frankfurt.post("/v1/knowledge", note).await.expect(201);
    assert_eq!(ids(&frankfurt, "/v1/knowledge", "otters").await.len(), 1);
    assert!(ids(&umea, "/v1/knowledge", "otters").await.is_empty());
    assert!(
        ids(&app.anonymous(), "/v1/knowledge", "otters")
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn what_is_no_word_is_told_and_what_has_none_takes_no_search() {
    let app = App::start().await;
    let admin = app.admin().await;
    for q in ["%21%3F", "%E2%80%A6"] {
        let reply = admin.get(&format!("/v1/cities?q={q}")).await;
        let reply = reply.problem("invalid_input");
        assert_eq!(
            (
                &reply.body["errors"][0]["parameter"],
                &reply.body["errors"][0]["code"]
            ),
            (&json!("q"), &json!("no_words"))
        );
        let csv = admin.get(&format!("/v1/cities?q={q}&format=csv")).await;
        csv.problem("invalid_input");
    }
    for bad in ["q=", "q=a&q=b", &format!("q={}", "a".repeat(201))] {
        admin
            .get(&format!("/v1/cities?{bad}"))
            .await
            .problem("invalid_input");
    }
    for path in ["/v1/users", "/v1/clients", "/v1/webhooks", "/v1/audit"] {
        let reply = admin
            .get(&format!("{path}?q=a"))
            .await
            .problem("invalid_input");
        assert_eq!(
            reply.body["errors"][0]["code"], "unknown_parameter",
            "{path}"
        );
    }
    // Nothing in it is taken for an operator.
    for q in [
        "a' | b",
        "!umea",
        "umea:*",
        "(umea",
        "umea & | !",
        "umea <-> x",
        "é̀\u{301}x",
    ] {
        ids(&admin, "/v1/cities", q).await;
    }
    assert_eq!(ids(&admin, "/v1/cities", "!umea").await, ["umea"]);
}

#[tokio::test]
async fn a_search_is_paged_with_its_own_cursors_and_walks_the_index() {
    let app = App::start().await;
    let admin = app.admin().await;
    for number in 0..7 {
        let body = json!({"id": format!("topic-{number}"), "name": {"en": format!("Topic zebra {number}")}});
        admin.post("/v1/subjects", body).await.expect(201);
    }
    let first = admin
        .get("/v1/subjects?q=zebra&limit=3&sort=-name")
        .await
        .expect(200);
    assert_eq!(first.ids(), ["topic-6", "topic-5", "topic-4"]);
    let cursor = first.body["cursor"].as_str().unwrap();
    let other = format!("/v1/subjects?q=topic&limit=3&sort=-name&cursor={cursor}");
    admin.get(&other).await.problem("invalid_input");
    let all = admin.all("/v1/subjects?q=zebra&limit=2").await;
    assert_eq!(all.len(), 7);
    let explained = app
        .rows(
            "SET enable_seqscan = off; EXPLAIN SELECT id FROM search_words \
             WHERE words @@ 'zebra:*'::text::tsquery",
        )
        .await;
    let plan: Vec<String> = explained.into_iter().flatten().flatten().collect();
    let told = plan.iter().any(|line| line.contains("search_words_words"));
    assert!(told, "{plan:?}");
    let kept: Value = admin.get("/v1/subjects?q=zebra").await.body;
    admin.delete("/v1/subjects/topic-0", "*").await.expect(204);
    assert_ne!(admin.get("/v1/subjects?q=zebra").await.body, kept);
}

#[tokio::test]
async fn what_an_older_instance_has_written_becomes_searchable() {
    let app = App::start().await;
    let (admin, frankfurt) = (app.admin().await, app.city_user("frankfurt").await);
    let mut draft = complete_plan(&["frankfurt"]);
    draft["title"] = json!({"en": "Harbour gardens"});
    let made = frankfurt.post("/v1/action-plans", draft).await.expect(201);
    let path = format!("/v1/action-plans/{}", made.id());
    to(&frankfurt, &path, "submitted").await.expect(200);
    to(&admin, &path, "approved").await.expect(200);
    let renamed = json!({"title": {"en": "Secret tunnel"}});
    frankfurt.patch(&path, "*", renamed).await.expect(200);
    let words = "SELECT string_agg(concat_ws(' ', type, id, is_public, version, words), '; ' ORDER BY type, id, is_public) \
                 FROM search_words";
    let before = app.one(words).await;
    let mut conn = Connection::establish(&app.database_url).await.unwrap();
    for lost in [
        "DELETE FROM search_words",
        "DELETE FROM search_words WHERE is_public",
        "UPDATE search_words SET words = '', version = version - 1",
    ] {
        app.run(lost).await;
        assert!(
            ids(&app.anonymous(), "/v1/action-plans", "harbour")
                .await
                .is_empty(),
            "{lost}"
        );
        // Kept as a page, where nothing is found now.
        ids(&admin, "/v1/cities", "umea").await;
        for (_, find) in iuc::openapi::word_finders() {
            let mut after = String::new();
            while let Some((last, _)) = find(&mut conn, after).await.unwrap() {
                after = last;
            }
        }
        assert_eq!(app.one(words).await, before, "{lost}");
        assert_eq!(ids(&admin, "/v1/cities", "umea").await, ["umea"], "{lost}");
    }
}

#[tokio::test]
async fn the_longest_texts_there_can_be_are_taken_and_found_by_their_title() {
    let app = App::start().await;
    let admin = app.admin().await;
    let mut item = knowledge(&["frankfurt"]);
    item["title"] = json!({"en": "Lighthouse"});
    let languages = ["de", "en", "es", "fr", "it", "ja", "ko", "nl", "zh"];
    let text = |seed: u32| -> String {
        let signs = (0..20_000).map(|place| 0x4E00 + (place * (seed * 2 + 7919) + seed) % 20_000);
        signs.filter_map(char::from_u32).collect()
    };
    let bodies = languages
        .iter()
        .zip(0..)
        .map(|(language, seed)| ((*language).to_owned(), json!(text(seed))));
    item["body"] = Value::Object(bodies.collect());
    admin.post("/v1/knowledge", item).await.expect(201);
    assert_eq!(ids(&admin, "/v1/knowledge", "lighthouse").await.len(), 1);
}
