//! Pages of the programme's records are kept by each instance, and never answered once they are not right any more.

use serde_json::{Value, json};

use crate::support::client::id_of;
use crate::support::{App, Client, KINDS, Kind};

/// What another instance tells its reader about the thing with this id, in its list; null: it is not there.
async fn listed(reader: &Client, kind: &Kind, id: &str) -> Value {
    let page = reader.get(&format!("{}?limit=200", kind.path)).await;
    let items = page.expect(200).items();
    let found = items.into_iter().find(|item| id_of(item) == id);
    found.unwrap_or_default()
}

#[tokio::test]
async fn a_change_of_any_thing_is_in_the_next_page_of_every_instance() {
    let app = App::start().await;
    let other = App::on_database_of(&app).await;
    let admin = app.admin().await;
    let reader = other.sign_in("admin@iuc.example").await;
    let mut made = Vec::new();
    for kind in KINDS {
        assert_eq!(listed(&reader, kind, "").await, Value::Null);
        let path = kind.make(&app, &admin).await;
        let id = path.rsplit('/').next().unwrap().to_owned();
        let there = listed(&reader, kind, &id).await;
        assert!(there.is_object(), "{path}");
        let (field, value) = (kind.change)();
        let changed = admin.patch(&path, "*", json!({field: value})).await;
        let version = &changed.expect(200).body["version"];
        assert_ne!(there["version"], *version);
        let there = listed(&reader, kind, &id).await;
        assert_eq!(there["version"], *version, "{path}");
        made.push((kind, path, id));
    }
    for (kind, path, id) in made.into_iter().rev() {
        admin.delete(&path, "*").await.expect(204);
        assert!(listed(&reader, kind, &id).await.is_null(), "{}", kind.name);
    }
}

#[tokio::test]
async fn what_is_answered_along_with_a_page_is_as_new_as_the_page() {
    let app = App::start().await;
    let admin = app.admin().await;
    let page = "/v1/pairings?include=cities";
    let before = app.anonymous().get(page).await.expect(200);
    admin
        .patch("/v1/cities/yokohama", "*", json!({"area_km2": 1.5}))
        .await
        .expect(200);
    let after = app.anonymous().get(page).await.expect(200);
    assert_ne!(after.header("etag"), before.header("etag"));
    let yokohama = &after.body["included"]["cities"]["yokohama"];
    assert_eq!(yokohama["area_km2"], 1.5);
}

#[tokio::test]
async fn as_long_as_no_record_changes_a_page_is_answered_as_it_was_kept() {
    let app = App::start().await;
    let page = "/v1/cities?limit=3&sort=name&fields=id,area_km2";
    let kept = app.anonymous().get(page).await.expect(200);
    // A change that nobody notes: so what comes now was kept.
    app.run(
        "ALTER TABLE cities DISABLE TRIGGER cities_stamp; UPDATE cities SET area_km2 = 7, version = version + 1; \
         ALTER TABLE cities ENABLE TRIGGER cities_stamp",
    )
    .await;
    let again = app.anonymous().get(page).await.expect(200);
    assert_eq!(again.body, kept.body);
    for name in ["etag", "link", "cache-control", "vary", "content-type"] {
        assert_eq!(again.header(name), kept.header(name), "{name}");
    }
    let same = app.anonymous().request("GET", page);
    let same = same.header("If-None-Match", &kept.etag()).send().await;
    assert_eq!(same.status, 304);
    let own = app.city_user("umea").await.get(page).await.expect(200);
    assert_eq!(own.body, kept.body);
    assert_eq!(own.header("cache-control"), "private, no-cache");
    app.run("UPDATE subjects SET version = version").await;
    let after = app.anonymous().get(page).await.expect(200);
    assert_eq!(after.items()[0]["area_km2"], 7.0);
}

#[tokio::test]
async fn what_is_undone_leaves_what_is_kept_as_it_is() {
    let app = App::start().await;
    let admin = app.admin().await;
    let stamp = "SELECT stamp FROM records";
    let before = app.one(stamp).await;
    let body = json!({"area_km2": 1.5});
    admin
        .patch("/v1/cities/umea?dryrun=true", "*", body.clone())
        .await
        .expect(200);
    assert_eq!(app.one(stamp).await, before);
    admin.patch("/v1/cities/umea", "*", body).await.expect(200);
    assert_ne!(app.one(stamp).await, before);
}

#[tokio::test]
async fn a_transaction_of_many_changes_is_noted_once_and_each_of_two_for_itself() {
    let app = App::start().await;
    let stamp = "SELECT stamp FROM records";
    let before = app.one(stamp).await;
    app.run("BEGIN; SET CONSTRAINTS ALL IMMEDIATE; UPDATE cities SET version = version")
        .await;
    let first = app.one(stamp).await;
    assert_ne!(first, before);
    app.run("UPDATE subjects SET version = version").await;
    assert_eq!(app.one(stamp).await, first);
    app.run("COMMIT; UPDATE cities SET version = version").await;
    assert_ne!(app.one(stamp).await, first);
}
