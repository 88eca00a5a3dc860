//! Knowledge items: what cities share, who sees it, and the HTML beside their Markdown.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::files::upload;
use crate::support::kinds::knowledge;
use crate::support::{App, Client, Reply};

async fn made(client: &Client, item: Value) -> (String, Reply) {
    let reply = client.post("/v1/knowledge", item).await.expect(201);
    (format!("/v1/knowledge/{}", reply.id()), reply)
}

fn published(cities: &[&str]) -> Value {
    let mut item = knowledge(cities);
    item["status"] = json!("published");
    item
}

#[tokio::test]
async fn a_draft_is_its_cities_alone_and_what_is_published_is_everybodys() {
    let app = App::start().await;
    let (umea, toyota) = (app.city_user("umea").await, app.city_user("toyota").await);
    let (draft, first) = made(&umea, knowledge(&["umea", "kamakura"])).await;
    let (shown, _) = made(&umea, published(&["umea"])).await;
    let file = upload(&umea, &draft, "notes.txt", "text/plain", b"Buses")
        .await
        .expect(201);
    let file = file
        .header("location")
        .strip_prefix(&app.url)
        .unwrap()
        .to_owned();
    let missing = format!("/v1/knowledge/{}", iuc::resource::new_uuid());
    for other in [&toyota, &app.anonymous()] {
        for path in [
            draft.clone(),
            format!("{draft}?include=cities"),
            format!("{draft}/files"),
            file.clone(),
            format!("{missing}/files"),
            file.replace(&draft, &missing),
            file.replace(&draft, &shown),
        ] {
            other.get(&path).await.problem("not_found");
            let head = other.request("HEAD", &path).header("If-None-Match", "*");
            assert_eq!(head.send().await.status, 404, "{path}");
            let range = other.request("GET", &path).header("Range", "bytes=0-0");
            range.send().await.problem("not_found");
        }
        for query in [
            "",
            "&city=umea",
            "&city=umea,kamakura&status=draft,published",
            "&kind=lesson&pairing=umea-kamakura&meeting=exchange-meeting-3",
            "&subject=smart-cities",
            "&sdg=11",
            "&since=2018-01-01T00:00:00Z",
            "&sort=-title",
        ] {
            let list = other
                .get(&format!("/v1/knowledge?count=true{query}"))
                .await
                .expect(200);
            assert_eq!(
                (list.ids(), &list.body["total"]),
                (vec![shown[14..].to_owned()], &json!(1)),
                "{query}"
            );
            if !query.contains("sort") {
                let export = other
                    .get(&format!("/v1/knowledge?format=ndjson{query}"))
                    .await
                    .expect(200);
                assert_eq!(export.exported().len(), 1, "{query}");
            }
        }
        let none = other
            .get("/v1/knowledge?status=draft&count=true")
            .await
            .expect(200);
        assert_eq!((none.items().len(), &none.body["total"]), (0, &json!(0)));
    }
    let kamakura = app.city_user("kamakura").await;
    assert_eq!(kamakura.get(&draft).await.expect(200).body["version"], 2);
    assert_eq!(kamakura.get(&file).await.expect(200).bytes, b"Buses");
    let read = app.anonymous().get(&shown).await.expect(200);
    assert_eq!(read.header("cache-control"), "public, no-cache");
    assert_eq!(first.body["status"], "draft");
    umea.patch(&draft, "*", json!({"status": "published"}))
        .await
        .expect(200);
    assert_eq!(app.anonymous().get(&file).await.expect(200).bytes, b"Buses");
}

#[tokio::test]
async fn a_city_writes_what_it_shares_and_nothing_else() {
    let app = App::start().await;
    let (umea, toyota) = (app.city_user("umea").await, app.city_user("toyota").await);
    let (draft, _) = made(&umea, knowledge(&["umea"])).await;
    let (shown, read) = made(&umea, published(&["umea"])).await;
    let own = upload(&umea, &shown, "notes.txt", "text/plain", b"Buses")
        .await
        .expect(201);
    let file = own.header("location").to_owned();
    let events = app.events().await;
    toyota
        .post("/v1/knowledge", knowledge(&["umea"]))
        .await
        .problem("forbidden");
    toyota
        .post("/v1/knowledge?dryrun=true", published(&["umea"]))
        .await
        .problem("forbidden");
    for (path, code) in [(&draft, "not_found"), (&shown, "forbidden")] {
        toyota
            .patch(path, "*", json!({"cities": ["umea", "toyota"]}))
            .await
            .problem(code);
        toyota.put(path, "*", read.body.clone()).await.problem(code);
        toyota.delete(path, "*").await.problem(code);
        upload(&toyota, path, "a.txt", "text/plain", b"a")
            .await
            .problem(code);
        upload(&app.anonymous(), path, "a.txt", "text/plain", b"a")
            .await
            .problem("unauthenticated");
    }
    toyota.delete(&file, "*").await.problem("forbidden");
    toyota
        .delete(&file.replace(&shown, &draft), "*")
        .await
        .problem("not_found");
    // A city does not leave, nor hand over, what it shares.
    umea.patch(&draft, "*", json!({"cities": ["toyota"]}))
        .await
        .problem("forbidden");
    umea.patch(&draft, "*", json!({"cities": []}))
        .await
        .refused(&[("/cities", "too_few")]);
    assert_eq!(app.events().await, events);
    let both = json!({"cities": ["umea", "toyota"]});
    app.admin().await.patch(&draft, "*", both).await.expect(200);
    toyota
        .patch(&draft, "*", json!({"title": {"en": "Ours"}}))
        .await
        .expect(200);
}

#[tokio::test]
async fn the_html_follows_the_markdown_and_cannot_be_written() {
    let app = App::start().await;
    let umea = app.city_user("umea").await;
    let (path, first) = made(&umea, knowledge(&["umea"])).await;
    assert_eq!(
        first.body["body_html"]["ja"],
        "<p><strong>走る</strong></p>"
    );
    let bad = json!({"body_html": {"en": "<script>alert(1)</script>"}});
    umea.patch(&path, "*", bad)
        .await
        .refused(&[("/body_html", "read_only")]);
    let patch = json!({"body": {"ja": null, "en": "[a](javascript:alert(1)) <b onclick=x>b</b>"}});
    let after = umea.patch(&path, "*", patch).await.expect(200);
    let html = after.body["body_html"].as_object().unwrap();
    assert_eq!(html.keys().collect::<Vec<_>>(), ["en"]);
    assert!(
        !after.body["body_html"].to_string().contains("javascript"),
        "{after}"
    );
    let none = umea
        .patch(&path, "*", json!({"body": null}))
        .await
        .expect(200);
    assert_eq!(none.body["body_html"], Value::Null);
    let deep = json!({"body": {"en": format!("{}deep", "> ".repeat(90)), "ja": "浅い"}});
    umea.patch(&path, "*", deep)
        .await
        .refused(&[("/body/en", "too_deep")]);
}

#[tokio::test]
async fn texts_that_are_long_to_render_keep_nobody_waiting() {
    let app = App::start().await;
    let (umea, anonymous) = (app.city_user("umea").await, app.anonymous());
    let (path, _) = made(&umea, knowledge(&["umea"])).await;
    let texts: Value = (b'a'..=b'z')
        .map(|letter| {
            (
                format!("x{}", char::from(letter)),
                json!(format!("{letter} {}", "*a* & ".repeat(1500))),
            )
        })
        .collect();
    let slow = async {
        let begun = Instant::now();
        let reply = umea.patch(&path, "*", json!({"body": texts})).await;
        (reply, begun.elapsed())
    };
    let others = async {
        let mut longest = Duration::ZERO;
        for _ in 0..20 {
            let begun = Instant::now();
            anonymous.get("/v1/cities/umea").await.expect(200);
            longest = longest.max(begun.elapsed());
        }
        longest
    };
    let ((reply, took), longest) = tokio::join!(slow, others);
    assert!(longest < took / 2, "{longest:?} of {took:?}");
    let html = reply.expect(200).body["body_html"]["xa"].clone();
    assert!(
        html.as_str()
            .unwrap()
            .starts_with("<p>97 <em>a</em> &amp; "),
        "{html}"
    );
}

#[tokio::test]
async fn unknown_references_and_targets_are_told_together() {
    let app = App::start().await;
    let admin = app.admin().await;
    let mut item = knowledge(&["umea", "atlantis"]);
    item["pairing"] = json!("umea-atlantis");
    item["meeting"] = json!("no-meeting");
    item["tour"] = json!(iuc::resource::new_uuid());
    item["subjects"] = json!(["alchemy"]);
    item["sdg_targets"] = json!(["11.2", "11.99"]);
    admin.post("/v1/knowledge", item).await.refused(&[
        ("/cities/1", "unknown_reference"),
        ("/meeting", "unknown_reference"),
        ("/pairing", "unknown_reference"),
        ("/sdg_targets/1", "unknown_sdg"),
        ("/subjects/0", "unknown_reference"),
        ("/tour", "unknown_reference"),
    ]);
}

#[tokio::test]
async fn what_an_item_names_cannot_be_deleted_under_it() {
    let app = App::start().await;
    let admin = app.admin().await;
    let subject = json!({"id": "trams", "name": {"en": "Trams"}});
    admin.post("/v1/subjects", subject).await.expect(201);
    let mut item = knowledge(&["umea"]);
    item["subjects"] = json!(["trams"]);
    let (path, _) = made(&admin, item).await;
    admin
        .delete("/v1/subjects/trams", "*")
        .await
        .problem("still_referenced");
    admin
        .delete("/v1/meetings/exchange-meeting-3", "*")
        .await
        .problem("still_referenced");
    let target = "UPDATE sdgs SET targets = '[]' WHERE number = 13";
    assert_eq!(app.refusal(target).await, "knowledge_sdgs_code_fkey");
    admin.delete(&path, "*").await.expect(204);
    admin.delete("/v1/subjects/trams", "*").await.expect(204);
}

#[tokio::test]
async fn a_key_of_another_system_is_its_citys_own_and_stands_once() {
    let app = App::start().await;
    let (umea, toyota) = (app.city_user("umea").await, app.city_user("toyota").await);
    let with = |city: &str| {
        let mut item = knowledge(&[city]);
        item["pairing"] = Value::Null;
        item["external_refs"] = json!([{"system": "cms", "key": "7"}]);
        item
    };
    let (path, _) = made(&umea, with("umea")).await;
    made(&toyota, with("toyota")).await;
    let again = umea
        .post("/v1/knowledge", with("umea"))
        .await
        .problem("already_exists");
    assert_eq!(
        again.faults(),
        [("/external_refs".to_owned(), "already_used".to_owned())]
    );
    umea.patch(&path, "*", json!({"title": {"en": "Same key"}}))
        .await
        .expect(200);
    umea.patch(&path, "*", json!({"external_refs": []}))
        .await
        .expect(200);
    made(&umea, with("umea")).await;
}

#[tokio::test]
async fn an_agenda_shows_items_that_are_there_and_stay_there() {
    let app = App::start().await;
    let admin = app.admin().await;
    let (path, item) = made(&admin, published(&["umea"])).await;
    let agenda =
        |ids: &[&str]| json!({"agenda": [{"title": {"en": "Buses"}, "knowledge_items": ids}]});
    let meeting = "/v1/meetings/exchange-meeting-2";
    let missing = iuc::resource::new_uuid().to_string();
    let reply = admin
        .patch(meeting, "*", agenda(&[&item.id(), &missing]))
        .await;
    reply.refused(&[("/agenda/0/knowledge_items/1", "unknown_reference")]);
    admin
        .patch(meeting, "*", agenda(&[&item.id()]))
        .await
        .expect(200);
    let reply = admin.delete(&path, "*").await.problem("still_referenced");
    assert_eq!(reply.faults()[0].1, "referenced_by", "{reply}");
    admin.patch(meeting, "*", agenda(&[])).await.expect(200);
    admin.delete(&path, "*").await.expect(204);
}
