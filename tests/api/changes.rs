//! `/changes`: its pages, cursors and filters, waiting for it, and listening to it.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures_util::future::join;
use serde_json::{Value, json};

use crate::support::kinds::bare_plan;
use crate::support::oauth::Machine;
use crate::support::{App, Client, IN_TIME, KINDS};

const BEGINNING: &str = "/v1/changes?limit=1000";

/// The cursor at the end of the feed.
async fn end(client: &Client) -> String {
    client.get(BEGINNING).await.expect(200).cursor()
}

async fn make_subject(admin: &Client, id: &str) {
    let body = json!({"id": id, "name": {"en": id}});
    admin.post("/v1/subjects", body).await.expect(201);
}

/// Without accounts and webhooks, which the feed does not tell of.
#[tokio::test]
async fn every_kind_of_thing_is_told_of() {
    let app = App::start().await;
    let admin = app.admin().await;
    let types = &iuc::openapi::document()["components"]["schemas"]["ChangedType"]["enum"];
    let types = types.as_array().unwrap();
    let told = |name| !matches!(name, "user" | "client" | "application" | "webhook");
    for kind in KINDS.iter().filter(|kind| told(kind.name)) {
        let name = kind.name;
        assert!(
            types.contains(&json!(name)),
            "{name} is no ChangedType in src/changes/types.rs"
        );
        let after = end(&admin).await;
        kind.make(&app, &admin).await;
        let path = format!("/v1/changes?type={name}&after={after}");
        let page = admin.get(&path).await.expect(200);
        let made = page.items().iter().any(|it| it["action"] == "created");
        assert!(made, "the table of {name} has no trigger that tells of it");
    }
}

#[tokio::test]
async fn what_was_loaded_and_what_is_made_changed_and_removed_is_told_in_order() {
    let app = App::start().await;
    let admin = app.admin().await;
    let loaded = app.anonymous().get(BEGINNING).await.expect(200);
    assert_eq!(
        loaded
            .items()
            .iter()
            .filter(|it| it["type"] == "city")
            .count(),
        16
    );
    assert_eq!(
        loaded
            .items()
            .iter()
            .filter(|it| it["type"] == "sdg")
            .count(),
        17
    );
    assert!(
        loaded
            .items()
            .iter()
            .all(|it| it["action"] == "created" && it["by"].is_null())
    );
    assert!(loaded.body["next"].is_null());
    let after = loaded.cursor();
    make_subject(&admin, "bridges").await;
    let name = json!({"name": {"en": "Bridges"}});
    admin
        .patch("/v1/subjects/bridges", "*", name.clone())
        .await
        .expect(200);
    // Neither what changes nothing nor a dry run leaves anything.
    admin
        .patch("/v1/subjects/bridges", "*", name)
        .await
        .expect(200);
    admin
        .delete("/v1/subjects/bridges?dryrun=true", "*")
        .await
        .expect(200);
    admin.delete("/v1/subjects/bridges", "*").await.expect(204);
    let page = admin
        .get(&format!("/v1/changes?after={after}"))
        .await
        .expect(200);
    let told: Vec<Value> = page
        .items()
        .iter()
        .map(|it| json!([it["action"], it["version"], it["id"], it["url"]]))
        .collect();
    let url = format!("{}/v1/subjects/bridges", app.url);
    assert_eq!(
        told,
        [
            json!(["created", 1, "bridges", url]),
            json!(["updated", 2, "bridges", url]),
            json!(["deleted", 3, "bridges", url]),
        ]
    );
    let me = admin.get("/v1/me").await.body["user"]["id"].clone();
    assert!(page.items().iter().all(|it| it["by"] == me), "{page}");
    assert_eq!(app.count("unnumbered_changes").await, 0);
    // Whose doing it was is told to nobody else.
    let page = app
        .anonymous()
        .get(&format!("/v1/changes?after={after}"))
        .await
        .expect(200);
    assert!(page.items().iter().all(|it| it["by"].is_null()), "{page}");
}

#[tokio::test]
async fn pages_lead_through_the_feed_and_each_change_is_a_place_to_go_on_from() {
    let app = App::start().await;
    let anonymous = app.anonymous();
    let all = anonymous.get(BEGINNING).await.expect(200).items();
    let mut walked = Vec::new();
    let mut next = Some("/v1/changes?limit=7".to_owned());
    while let Some(path) = next {
        let page = anonymous.get(&path).await.expect(200);
        walked.extend(page.items());
        next = page.body["next"].as_str().map(str::to_owned);
        assert_eq!(page.header("link").is_empty(), next.is_none());
        assert!(page.body["expires_at"].as_str().unwrap() > "2027-01-01");
    }
    assert_eq!(walked, all);
    let after = all[10]["cursor"].as_str().unwrap();
    let rest = anonymous
        .get(&format!("{BEGINNING}&after={after}"))
        .await
        .expect(200);
    assert_eq!(rest.items(), all[11..]);
    let etag = rest.etag();
    let again = anonymous.request("GET", &format!("{BEGINNING}&after={after}"));
    again
        .header("If-None-Match", &etag)
        .send()
        .await
        .expect(304);
    for (limit, status) in [(0, 400), (1, 200), (1000, 200), (1001, 400)] {
        anonymous
            .get(&format!("/v1/changes?limit={limit}"))
            .await
            .expect(status);
    }
}

#[tokio::test]
async fn filters_narrow_the_feed_and_its_cursor_passes_what_they_leave_out() {
    let app = App::start().await;
    let (admin, anonymous) = (app.admin().await, app.anonymous());
    let all = anonymous.get(BEGINNING).await.expect(200).items();
    for (query, fits) in [
        (
            "type=tour",
            (|it| it["type"] == "tour") as fn(&Value) -> bool,
        ),
        ("type=tour,sdg", |it| {
            it["type"] == "tour" || it["type"] == "sdg"
        }),
        ("type=tour&type=sdg", |it| {
            it["type"] == "tour" || it["type"] == "sdg"
        }),
        ("city=umea", |it| {
            it["cities"].as_array().unwrap().contains(&json!("umea"))
        }),
        ("city=umea,kamakura&type=pairing,tour", |it| {
            let cities = it["cities"].as_array().unwrap();
            (it["type"] == "pairing" || it["type"] == "tour")
                && (cities.contains(&json!("umea")) || cities.contains(&json!("kamakura")))
        }),
    ] {
        let expected: Vec<Value> = all.iter().filter(|it| fits(it)).cloned().collect();
        assert!(
            !expected.is_empty() && expected.len() < all.len(),
            "{query}"
        );
        let page = anonymous
            .get(&format!("{BEGINNING}&{query}"))
            .await
            .expect(200);
        assert_eq!(page.items(), expected, "{query}");
        let one = anonymous
            .get(&format!("/v1/changes?limit=1&{query}"))
            .await
            .expect(200);
        assert_eq!(one.items(), expected[..1], "{query}");
    }
    let after = end(&anonymous).await;
    make_subject(&admin, "bridges").await;
    let page = anonymous
        .get(&format!("/v1/changes?type=tour&after={after}"))
        .await
        .expect(200);
    assert!(page.items().is_empty());
    assert_ne!(page.cursor(), after);
    let rest = anonymous
        .get(&format!("/v1/changes?after={}", page.cursor()))
        .await
        .expect(200);
    assert!(rest.items().is_empty());
    // A cursor is a place in the whole feed: with another filter it goes on from there.
    let later = anonymous
        .get(&format!("/v1/changes?type=subject&after={after}"))
        .await
        .expect(200);
    assert_eq!(later.items().len(), 1);
    anonymous
        .get("/v1/changes?type=user")
        .await
        .refused(&[("type", "not_allowed_value")]);
    anonymous
        .get("/v1/changes?since=2019-01-01T00:00:00Z")
        .await
        .refused(&[("since", "unknown_parameter")]);
}

#[tokio::test]
async fn a_city_that_there_never_was_is_told_and_one_that_is_gone_is_heard_of() {
    let app = App::start().await;
    let (admin, anonymous) = (app.admin().await, app.anonymous());
    for format in ["json", "sse"] {
        let path = format!("/v1/changes?city=umea,nope&wait=30&format={format}");
        let refused = anonymous.get(&path).await;
        assert_eq!(
            refused.body["errors"][0]["detail"],
            "There is no city with the id nope."
        );
        refused.refused(&[("city", "unknown_reference")]);
    }
    let body = json!({"id": "lund", "side": "eu", "kind": "municipality", "name": {"en": "Lund"}, "country_code": "SE",
        "time_zone": "Europe/Stockholm"});
    admin.post("/v1/cities", body).await.expect(201);
    let after = end(&anonymous).await;
    admin.delete("/v1/cities/lund", "*").await.expect(204);
    let path = format!("/v1/changes?city=lund&after={after}");
    let items = anonymous.get(&path).await.expect(200).items();
    assert_eq!(items[0]["action"], "deleted", "{items:?}");
}

#[tokio::test]
async fn a_cursor_that_is_forged_foreign_or_cut_is_refused() {
    let app = App::start().await;
    let (anonymous, other) = (app.anonymous(), App::start().await);
    let cursor = end(&anonymous).await;
    let of_list = anonymous.get("/v1/cities?limit=1").await.cursor();
    let of_other = end(&other.anonymous()).await;
    let first = if cursor.starts_with('A') { 'B' } else { 'A' };
    let forged = format!("{first}{}", &cursor[1..]);
    // As they were before they were sealed.
    let in_clear = "AZ0m3mJ8cd2Hq1O7bq1C1wAAAAAAAAAq.0123456789abcdefghijkl";
    for bad in [
        in_clear,
        "x",
        "x.y",
        &cursor[1..],
        &cursor[..cursor.len() - 1],
        &forged,
        &of_list,
        &of_other,
    ] {
        let reply = anonymous.get(&format!("/v1/changes?after={bad}")).await;
        reply.refused(&[("after", "feed_cursor")]);
        let request = anonymous
            .request("GET", "/v1/changes")
            .header("Last-Event-ID", bad);
        request
            .send()
            .await
            .refused(&[("Last-Event-ID", "feed_cursor")]);
    }
    anonymous
        .get(&format!("/v1/cities?cursor={cursor}"))
        .await
        .refused(&[("cursor", "cursor")]);
}

#[tokio::test]
async fn a_cursor_does_not_tell_how_many_changes_others_make() {
    let app = App::start().await;
    let admin = app.admin().await;
    let mut last: Option<Vec<u8>> = None;
    for area in 1..=40 {
        let path = "/v1/cities/umea";
        let area = json!({"area_km2": area});
        admin.patch(path, "*", area).await.expect(200);
        let cursor = end(&app.anonymous()).await;
        assert_eq!(end(&admin).await, cursor, "a place has one cursor");
        let bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
        let number: i64 = app.one("SELECT last FROM feed").await.parse().unwrap();
        let epoch = app.one("SELECT epoch FROM feed").await;
        let epoch: uuid::Uuid = epoch.parse().unwrap();
        for told in [
            &number.to_be_bytes()[4..],
            &number.to_le_bytes()[..4],
            &epoch.as_bytes()[..4],
        ] {
            assert!(!bytes.windows(4).any(|part| part == told), "{cursor}");
        }
        if let Some(last) = last {
            assert_ne!(last[..4], bytes[..4], "the next one is no neighbour");
        }
        last = Some(bytes);
    }
}

#[tokio::test]
async fn a_cursor_that_misses_something_is_gone_and_leads_to_the_exports() {
    let app = App::start().await;
    let anonymous = app.anonymous();
    let all = anonymous.get(BEGINNING).await.expect(200).items();
    let cursor = |place: usize| all[place]["cursor"].as_str().unwrap().to_owned();
    let at = async |cursor: String| anonymous.get(&format!("{BEGINNING}&after={cursor}")).await;
    // The oldest ten are too old.
    app.run("UPDATE changes SET numbered_at = now() - interval '401 days' WHERE seq <= 10")
        .await;
    let mut conn = app.state.db.connection().await.unwrap();
    // The service's own job may have been quicker.
    iuc::feed::forget_old(&mut conn, iuc::clock::now(), 400)
        .await
        .unwrap();
    assert_eq!(app.one("SELECT floor FROM feed").await, "10");
    assert_eq!(app.count("changes WHERE seq <= 10").await, 0);
    let gone = at(cursor(8)).await.problem("cursor_expired");
    assert_eq!(gone.body["exports"].as_object().unwrap().len(), 12);
    let url = gone.body["exports"]["action_plan"].as_str().unwrap();
    let begin = anonymous.get(url).await.expect(200).cursor();
    assert!(at(begin).await.expect(200).items().is_empty());
    assert_eq!(at(cursor(9)).await.expect(200).items(), all[10..]);
    assert_eq!(
        anonymous.get(BEGINNING).await.expect(200).items(),
        all[10..]
    );
    let gone = anonymous
        .get(&format!(
            "/v1/changes?type=city,comment&after={}",
            cursor(0)
        ))
        .await;
    let exports = json!({"city": format!("{}/v1/cities?format=ndjson", app.url)});
    assert_eq!(gone.problem("cursor_expired").body["exports"], exports);
    // A backup without the newest changes was restored, and nobody has said so.
    let newest = cursor(all.len() - 1);
    app.run("UPDATE feed SET last = last - 1").await;
    at(newest).await.problem("cursor_expired");
    app.run("UPDATE feed SET last = last + 1").await;
    // Or somebody has.
    iuc::feed::begin_epoch(&mut conn).await.unwrap();
    at(cursor(20)).await.problem("cursor_expired");
    let stream = anonymous
        .request("GET", "/v1/changes")
        .header("Accept", "text/event-stream");
    let stream = stream.header("Last-Event-ID", &cursor(20)).send().await;
    stream.problem("cursor_expired");
    assert_eq!(
        anonymous.get(BEGINNING).await.expect(200).items().len(),
        all.len() - 10
    );
}

#[tokio::test]
async fn after_a_restore_cursors_are_gone_and_everybody_signs_in_again() {
    let app = App::start().await;
    let admin = app.admin().await;
    let cursor = end(&admin).await;
    let mut conn = app.state.db.connection().await.unwrap();
    assert_eq!(
        iuc::commands::after_restore(&mut conn).await.unwrap(),
        (1, 0)
    );
    let path = format!("/v1/changes?after={cursor}");
    app.anonymous().get(&path).await.problem("cursor_expired");
    admin.get("/v1/me").await.problem("invalid_token");
    app.admin().await.get("/v1/me").await.expect(200);
    let fresh = end(&app.anonymous()).await;
    app.anonymous()
        .get(&format!("/v1/changes?after={fresh}"))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_machine_client_follows_what_its_city_sees_when_its_scope_says_so() {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    let after = end(&frankfurt).await;
    let machine = Machine::make(&frankfurt, "frankfurt", &["changes:read", "plans:write"]).await;
    let machine = machine.signed_in(&app).await;
    let plan = bare_plan("frankfurt", "frankfurt-yokohama");
    machine.post("/v1/action-plans", plan).await.expect(201);
    let path = format!("/v1/changes?after={after}");
    let page = machine.get(&path).await.expect(200);
    assert_eq!(page.items(), frankfurt.get(&path).await.expect(200).items());
    assert!(
        page.items().len() == 1 && page.items()[0]["by"].is_string(),
        "{page}"
    );
    let other = Machine::make(&frankfurt, "frankfurt", &["read"]).await;
    let other = other.signed_in(&app).await;
    other.get(&path).await.problem("insufficient_scope");
    // Waiting ends with its token.
    let path = format!("/v1/changes?wait=30&after={}", page.cursor());
    let ending = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        app.run("DELETE FROM client_tokens").await;
    };
    join(machine.get(&path), ending)
        .await
        .0
        .problem("invalid_token");
}

#[tokio::test]
async fn who_waits_is_answered_when_something_comes_and_holds_no_connection() {
    let app = App::with(|settings| settings.pool_requests = 1).await;
    let admin = app.admin().await;
    let other = App::on_database_of(&app).await;
    let mut after = end(&admin).await;
    for (instance, id) in [(&app, "one"), (&other, "two")] {
        let path = format!("/v1/changes?type=subject&wait=20&after={after}");
        let client = instance.anonymous();
        let waiting = async {
            let reply = client.get(&path).await.expect(200);
            (reply, Instant::now())
        };
        let making = async {
            tokio::time::sleep(Duration::from_millis(700)).await;
            // What does not concern it does not wake it.
            let area = json!({"area_km2": id.len()});
            admin
                .patch(
                    &format!("/v1/cities/{}", if id == "one" { "umea" } else { "essen" }),
                    "*",
                    area,
                )
                .await
                .expect(200);
            tokio::time::sleep(Duration::from_millis(700)).await;
            make_subject(&admin, id).await;
            Instant::now()
        };
        let ((reply, woken), made) = join(waiting, making).await;
        assert_eq!(reply.ids(), [id]);
        assert!(woken.saturating_duration_since(made) < Duration::from_secs(10));
        after = reply.cursor();
    }
}

#[tokio::test]
async fn waiting_ends_with_its_time_with_the_session_and_with_the_service() {
    let app = App::start().await;
    let (admin, anonymous) = (app.admin().await, app.anonymous());
    let after = end(&anonymous).await;
    let begun = Instant::now();
    let reply = anonymous
        .get(&format!("/v1/changes?wait=1&after={after}"))
        .await
        .expect(200);
    assert!(reply.items().is_empty() && begun.elapsed() >= Duration::from_secs(1));
    anonymous
        .get("/v1/changes?wait=31")
        .await
        .refused(&[("wait", "too_large")]);
    let path = format!("/v1/changes?wait=30&after={after}");
    let ending = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        app.run("UPDATE sessions SET ended_at = now(), ended_reason = 'signed_out'")
            .await;
    };
    let (reply, ()) = join(admin.get(&path), ending).await;
    reply.problem("invalid_token");
    let stopping = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        app.state.begin_to_stop();
        Instant::now()
    };
    let (reply, stopped) = join(anonymous.get(&path), stopping).await;
    assert!(reply.expect(200).items().is_empty());
    assert!(stopped.elapsed() < Duration::from_secs(15));
}

/// The events of a stream until one is about this id, as their cursors and data; and the rest of its text.
async fn listen(
    stream: &mut reqwest::Response,
    text: &mut String,
    until: &str,
) -> Vec<(String, Value)> {
    let mut events = Vec::new();
    loop {
        while let Some((block, rest)) = text.split_once("\n\n") {
            let field = |name: &str| {
                block
                    .lines()
                    .find_map(|line| line.strip_prefix(name))
                    .map(str::to_owned)
            };
            let (id, data) = (field("id: "), field("data: "));
            *text = rest.to_owned();
            let Some(data) = data else { continue };
            let change: Value = serde_json::from_str(&data).unwrap();
            let found = change["id"] == until;
            events.push((id.unwrap(), change));
            if found {
                return events;
            }
        }
        let chunk = tokio::time::timeout(IN_TIME, stream.chunk()).await.unwrap();
        let chunk = chunk
            .unwrap()
            .unwrap_or_else(|| panic!("the stream ended before {until}"));
        text.push_str(std::str::from_utf8(&chunk).unwrap());
    }
}

async fn ends(stream: &mut reqwest::Response) {
    let rest = async { while stream.chunk().await.unwrap().is_some() {} };
    tokio::time::timeout(IN_TIME, rest).await.unwrap();
}

#[tokio::test]
async fn a_stream_tells_changes_as_they_come_and_goes_on_where_it_broke_off() {
    let app = App::start().await;
    let (admin, anonymous) = (app.admin().await, app.anonymous());
    let after = end(&anonymous).await;
    let open = async |query: &str, last: &str| {
        let request = anonymous
            .request("GET", &format!("/v1/changes?{query}"))
            .header("Accept", "text/event-stream");
        let request = request.header("Accept-Encoding", "gzip");
        let request = if last.is_empty() {
            request
        } else {
            request.header("Last-Event-ID", last)
        };
        request.open().await
    };
    let mut stream = open(&format!("type=subject&after={after}"), "").await;
    assert_eq!(stream.status(), 200);
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    assert_eq!(stream.headers()["cache-control"], "no-store");
    for id in ["one", "two", "three"] {
        make_subject(&admin, id).await;
    }
    let mut text = String::new();
    let events = listen(&mut stream, &mut text, "three").await;
    assert_eq!(
        events
            .iter()
            .map(|(_, change)| change["id"].clone())
            .collect::<Vec<_>>(),
        ["one", "two", "three"]
    );
    assert!(events.iter().all(|(id, change)| change["cursor"] == **id));
    drop(stream);
    make_subject(&admin, "four").await;
    // The header field goes before the parameter, as a browser sends both.
    let mut stream = open(
        &format!("format=sse&type=subject&after={after}"),
        &events[1].0,
    )
    .await;
    let events = listen(&mut stream, &mut String::new(), "four").await;
    assert_eq!(events.len(), 2);
    app.state.begin_to_stop();
    ends(&mut stream).await;
}

#[tokio::test]
async fn a_stream_ends_with_its_session() {
    let app = App::start().await;
    let (admin, frankfurt) = (app.admin().await, app.city_user("frankfurt").await);
    let after = end(&frankfurt).await;
    let mut stream = frankfurt
        .request("GET", &format!("/v1/changes?format=sse&after={after}"))
        .open()
        .await;
    make_subject(&admin, "one").await;
    let mut text = String::new();
    listen(&mut stream, &mut text, "one").await;
    app.run("UPDATE sessions SET ended_at = now(), ended_reason = 'signed_out'")
        .await;
    let plan = bare_plan("frankfurt", "frankfurt-yokohama");
    app.city_user("frankfurt")
        .await
        .post("/v1/action-plans", plan)
        .await
        .expect(201);
    let rest = async {
        while let Some(chunk) = stream.chunk().await.unwrap() {
            text.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    };
    tokio::time::timeout(IN_TIME, rest).await.unwrap();
    assert!(!text.contains("action_plan"), "{text}");
}
