//! The one write path: conditions, versions, no-ops, patches, dry runs, ids.

use serde_json::{Value, json};

use crate::support::kinds::{bare_plan, knowledge, plan};
use crate::support::plans::joint_plan;
use crate::support::snapshot::assert_reply;
use crate::support::{App, Client, KINDS, Kind, Reply};

/// The newest change, as it is recorded: type, resource, action, version, author, change.
async fn last_event(app: &App) -> Vec<String> {
    let statement = "SELECT type, resource, action, version, by, change FROM events WHERE type <> 'session' \
        ORDER BY id DESC LIMIT 1";
    let row = app.rows(statement).await.remove(0);
    row.into_iter().map(Option::unwrap_or_default).collect()
}

#[tokio::test]
async fn everything_of_the_programme_can_be_written_back_as_it_was_read_and_nothing_changes() {
    let app = App::start().await;
    let admin = app.admin().await;
    admin
        .post(
            "/v1/action-plans",
            plan(&["yokohama"], "frankfurt-yokohama"),
        )
        .await
        .expect(201);
    Kind::named("contribution").make(&app, &admin).await;
    Kind::named("client").make(&app, &admin).await;
    Kind::named("application").make(&app, &admin).await;
    Kind::named("webhook").make(&app, &admin).await;
    let item = knowledge(&["yokohama"]);
    admin.post("/v1/knowledge", item).await.expect(201);
    let events = app.events().await;
    for kind in KINDS {
        let items = admin.all(kind.path).await;
        assert!(!items.is_empty(), "{}", kind.path);
        for item in items {
            let path = kind.at(&crate::support::client::id_of(&item));
            let read = admin.get(&path).await.expect(200);
            assert_eq!(read.body, item, "one and list answer the same");
            let written = admin
                .put(&path, &read.etag(), read.body.clone())
                .await
                .expect(200);
            assert_eq!(written.body, read.body, "{path}");
            assert_eq!(written.etag(), read.etag(), "{path}");
            let patched = admin
                .patch(&path, &read.etag(), json!({}))
                .await
                .expect(200);
            assert_eq!(
                (&patched.body, patched.etag()),
                (&read.body, read.etag()),
                "{path}"
            );
            let patched = admin
                .json_patch(&path, &read.etag(), json!([]))
                .await
                .expect(200);
            assert_eq!(
                (&patched.body, patched.etag()),
                (&read.body, read.etag()),
                "{path}"
            );
        }
    }
    assert_eq!(app.events().await, events, "a no-op leaves no event");
    assert_eq!(app.count("action_plan_versions").await, 1);
    assert_eq!(
        app.count("meeting_dates").await,
        app.count("meetings").await
    );
}

#[tokio::test]
async fn whatever_is_made_has_its_location_etag_and_body_and_can_be_read_there() {
    let app = App::start().await;
    let admin = app.admin().await;
    for kind in KINDS {
        if kind.name == "sdg" {
            app.run("DELETE FROM sdgs WHERE number = 17").await;
        }
        let events = app.events().await;
        let made = admin.post(kind.path, (kind.new)()).await.expect(201);
        let path = kind.at(&made.id());
        assert_eq!(made.header("location"), format!("{}{path}", app.url));
        assert_eq!(made.body["version"], 1);
        assert_eq!(made.body["created_at"], made.body["updated_at"]);
        let read = admin.get(&path).await.expect(200);
        let mut told = made.body.clone();
        // What is told this once.
        let secret = told.as_object_mut().unwrap().remove("secret");
        assert_eq!(secret.is_some(), kind.has_secret());
        assert_eq!((&read.body, read.etag()), (&told, made.etag()), "{path}");
        assert_eq!(read.header("last-modified"), made.header("last-modified"));
        assert_eq!(app.events().await, events + 1);
        let event = last_event(&app).await;
        assert_eq!(
            event[..4],
            [
                kind.name.to_owned(),
                made.id(),
                "created".into(),
                "1".into()
            ]
        );
        assert!(!event[4].is_empty(), "the author is recorded");
        // What tells a secret is looked at in `clients.rs` and `webhooks.rs`.
        if !kind.has_secret() {
            assert_reply!(format!("made_{}", kind.name), made);
        }
    }
}

#[tokio::test]
async fn a_change_needs_the_etag_of_what_it_changes() {
    let app = App::start().await;
    let admin = app.admin().await;
    for kind in KINDS {
        let path = kind.make(&app, &admin).await;
        let (field, value) = (kind.change)();
        let read = admin.get(&path).await;
        let events = app.events().await;
        let mut whole = read.body.clone();
        whole[field] = value.clone();
        let patch = json!({field: value}).to_string();
        let requests = |method: &str| {
            let request = admin.request(method, &path);
            match method {
                "PUT" => request.json(&whole),
                "PATCH" => request.body("application/merge-patch+json", patch.clone()),
                _ => request,
            }
        };
        for method in ["PUT", "PATCH", "DELETE"] {
            let reply = requests(method)
                .send()
                .await
                .problem("precondition_required");
            assert_eq!(
                reply.etag(),
                read.etag(),
                "a 428 tells the present ETag: {path}"
            );
            for stale in ["\"99\"", "W/\"99\"", "\"0\", \"99\"", "1", "\"*\""] {
                let reply = requests(method).header("If-Match", stale).send().await;
                let reply = reply.problem("precondition_failed");
                assert_eq!(
                    reply.etag(),
                    read.etag(),
                    "a 412 tells the present ETag: {path}"
                );
            }
        }
        assert_eq!(app.events().await, events);
        assert_eq!(admin.get(&path).await.body, read.body);

        let changed = requests("PUT")
            .header("If-Match", &read.etag())
            .send()
            .await
            .expect(200);
        assert_ne!(changed.etag(), read.etag());
        requests("PATCH")
            .header("If-Match", &read.etag())
            .send()
            .await
            .problem("precondition_failed");
        requests("DELETE")
            .header("If-Match", &read.etag())
            .send()
            .await
            .problem("precondition_failed");
        requests("PATCH")
            .header("If-Match", &format!("\"98\", {}", changed.etag()))
            .send()
            .await
            .expect(200);
        requests("DELETE")
            .header("If-Match", "*")
            .send()
            .await
            .expect(204);
        admin.get(&path).await.problem("not_found");
        for method in ["PUT", "PATCH", "DELETE"] {
            requests(method)
                .header("If-Match", "*")
                .send()
                .await
                .problem("not_found");
        }
    }
}

#[tokio::test]
async fn an_etag_that_a_proxy_has_made_weak_is_as_good() {
    let app = App::start().await;
    let admin = app.admin().await;
    let etag = admin.get("/v1/cities/umea").await.etag();
    admin
        .patch(
            "/v1/cities/umea",
            &format!("W/{etag}"),
            json!({"area_km2": 33.3}),
        )
        .await
        .expect(200);
}

#[tokio::test]
async fn an_if_match_that_cannot_be_read_is_told() {
    let app = App::start().await;
    let admin = app.admin().await;
    let path = "/v1/cities/umea";
    let good = admin.get(path).await.etag();
    for (method, body) in [
        ("PATCH", json!({"area_km2": 33.3})),
        ("DELETE", Value::Null),
    ] {
        for lines in [&["\"バージョン\""][..], &["*", "\"é\""], &[&good, "ü"]] {
            let request = admin.request(method, path);
            let request = lines
                .iter()
                .fold(request, |request, line| request.header("If-Match", line));
            let reply = match method {
                "PATCH" => {
                    let request = request.body("application/merge-patch+json", body.to_string());
                    request.send().await
                }
                _ => request.send().await,
            };
            reply.refused(&[("If-Match", "malformed_header")]);
        }
    }
    // Whoever forgets the quotation marks would otherwise be told for ever that somebody else has written.
    for tags in [good.trim_matches('"'), "\"1.0\", 2"] {
        let request = admin.request("DELETE", path).header("If-Match", tags);
        let reply = request.send().await.problem("precondition_failed");
        assert_eq!(reply.etag(), good);
        let detail = reply.body["detail"].as_str().unwrap();
        assert!(detail.contains("quotation marks"), "{detail}");
    }
    assert_eq!(admin.get(path).await.etag(), good);
}

#[tokio::test]
async fn every_change_makes_the_next_version_and_one_event_with_its_difference() {
    let app = App::start().await;
    let admin = app.admin().await;
    for kind in KINDS {
        let path = kind.make(&app, &admin).await;
        let before = admin.get(&path).await;
        let (field, value) = (kind.change)();
        let events = app.events().await;
        let after = admin
            .patch(&path, &before.etag(), json!({field: value}))
            .await
            .expect(200);
        assert_eq!(after.body[field], value, "{path}");
        assert_eq!(after.body["version"], 2);
        assert_eq!(after.body["created_at"], before.body["created_at"]);
        assert_ne!(after.body["updated_at"], before.body["updated_at"]);
        assert_eq!(app.events().await, events + 1);
        let event = last_event(&app).await;
        assert_eq!(
            event[..4],
            [
                kind.name.to_owned(),
                before.id(),
                "updated".into(),
                "2".into()
            ]
        );
        let mut replayed = before.body.clone();
        let change: json_patch::Patch = serde_json::from_str(&event[5]).unwrap();
        json_patch::patch(&mut replayed, &change).unwrap();
        assert_eq!(
            replayed, after.body,
            "the event's change leads from before to after"
        );

        let (etag, events) = (after.etag(), app.events().await);
        let again = admin
            .patch(&path, &etag, json!({field: value}))
            .await
            .expect(200);
        assert_eq!(again.etag(), etag, "the same value again is no version");
        assert_eq!(app.events().await, events);

        admin.delete(&path, &etag).await.expect(204);
        assert_eq!(last_event(&app).await[2..4], ["deleted", "3"]);
    }
}

#[tokio::test]
async fn in_a_merge_patch_absent_keeps_null_clears_and_objects_go_deep() {
    let app = App::start().await;
    let admin = app.admin().await;
    let path = Kind::named("city").make(&app, &admin).await;
    let before = admin.get(&path).await.body;
    let patch = json!({"name": {"ja": "アルマダ", "pt": null}, "location": {"lat": 38.5}, "population": null,
        "codes": {"wikidata": "Q207844"}});
    let after = admin.patch(&path, "*", patch).await.expect(200).body;
    let mut expected = before.clone();
    expected["name"] = json!({"en": "Almada", "ja": "アルマダ"});
    expected["location"] = json!({"lat": 38.5, "lon": -9.16});
    expected["population"] = Value::Null;
    expected["codes"]["wikidata"] = json!("Q207844");
    expected["version"] = json!(2);
    expected["updated_at"] = after["updated_at"].clone();
    assert_eq!(after, expected);

    admin
        .patch(&path, "*", json!({"name": null}))
        .await
        .refused(&[("/name", "required")]);
    admin
        .patch(&path, "*", json!({"name": {"en": null, "ja": null}}))
        .await
        .refused(&[("/name", "too_few")]);
    admin
        .patch(&path, "*", json!({"colour": "red", "location": {"alt": 3}}))
        .await
        .refused(&[
            ("/colour", "unknown_field"),
            ("/location/alt", "unknown_field"),
        ]);
    admin
        .patch(&path, "*", json!([]))
        .await
        .problem("invalid_input");
    assert_eq!(admin.get(&path).await.body, after);
}

#[tokio::test]
async fn a_json_patch_is_applied_in_order_and_whole_or_not_at_all() {
    let app = App::start().await;
    let admin = app.admin().await;
    let made = admin
        .post(
            "/v1/action-plans",
            plan(&["yokohama"], "frankfurt-yokohama"),
        )
        .await;
    let path = format!("/v1/action-plans/{}", made.id());
    let patch = json!([
        {"op": "test", "path": "/activities/0/key", "value": "bus-lanes"},
        {"op": "replace", "path": "/activities/0/progress_percent", "value": 40},
        {"op": "add", "path": "/activities/-", "value": {"key": "trams", "title": {"en": "Trams"}}},
        {"op": "move", "from": "/activities/0", "path": "/activities/2"},
        {"op": "copy", "from": "/objectives", "path": "/context"},
        {"op": "remove", "path": "/risks/0"},
    ]);
    let after = admin
        .json_patch(&path, &made.etag(), patch)
        .await
        .expect(200);
    let keys: Vec<_> = after.body["activities"]
        .as_array()
        .unwrap()
        .iter()
        .map(|part| &part["key"])
        .collect();
    assert_eq!(keys[1..], [&json!("trams"), &json!("bus-lanes")]);
    assert_eq!(after.body["activities"][2]["progress_percent"], 40);
    assert_eq!(after.body["context"], after.body["objectives"]);
    assert_eq!(after.body["risks"], json!([]));

    let failing = json!([
        {"op": "replace", "path": "/objectives", "value": {"en": "Never stored"}},
        {"op": "test", "path": "/activities/0/key", "value": "something-else"},
    ]);
    let reply = admin
        .json_patch(&path, &after.etag(), failing)
        .await
        .problem("patch_conflict");
    assert_eq!(reply.faults(), [("/1".into(), "patch_operation".into())]);
    let missing = json!([{"op": "remove", "path": "/activities/17"}]);
    let reply = admin
        .json_patch(&path, &after.etag(), missing)
        .await
        .problem("patch_conflict");
    assert_eq!(reply.faults(), [("/0".into(), "patch_operation".into())]);
    let lacking = json!([
        {"op": "move", "path": "/title"},
        {"op": "foo", "path": "/title"},
        {"op": "add", "path": "title"},
        {"op": "test", "path": "/title"},
        {"op": "remove", "path": "/a~2"},
    ]);
    admin.json_patch(&path, "*", lacking).await.refused(&[
        ("/0/from", "required"),
        ("/1/op", "not_allowed_value"),
        ("/2/path", "pattern"),
        ("/2/value", "required"),
        ("/3/value", "required"),
        ("/4", "patch_operation"),
    ]);
    for bad in [
        json!([{"op": "replace", "path": "no-slash", "value": 1}]),
        json!([{"op": "paint", "path": "/title"}]),
        json!([{"op": "add", "path": "/title"}]),
        json!([{"op": "move", "path": "/title"}]),
        json!([{"path": "/title"}]),
        json!({"op": "remove", "path": "/title"}),
        json!(["remove"]),
    ] {
        let reply = admin.json_patch(&path, &after.etag(), bad.clone()).await;
        assert_eq!(reply.status, 400, "{bad}: {reply}");
    }
    let wrong = json!([{"op": "replace", "path": "/activities/0/when", "value": "2019-02-30"},
        {"op": "add", "path": "/colour", "value": "red"}]);
    admin
        .json_patch(&path, &after.etag(), wrong)
        .await
        .refused(&[("/activities/0/when", "edtf"), ("/colour", "unknown_field")]);
    let whole = json!([{"op": "replace", "path": "", "value": []}]);
    admin
        .json_patch(&path, &after.etag(), whole)
        .await
        .problem("invalid_input");
    assert_eq!(admin.get(&path).await.body, after.body);
}

#[tokio::test]
async fn patches_come_in_two_media_types_which_the_answer_names() {
    let app = App::start().await;
    let admin = app.admin().await;
    for media_type in ["application/json", "text/plain", ""] {
        let request = admin
            .request("PATCH", "/v1/cities/umea")
            .header("If-Match", "*");
        let reply = request
            .body(media_type, "{}")
            .send()
            .await
            .problem("unsupported_media_type");
        assert_eq!(
            reply.listed("accept-patch"),
            [
                "application/json-patch+json",
                "application/merge-patch+json"
            ]
        );
    }
    let request = admin
        .request("PATCH", "/v1/cities/umea")
        .header("If-Match", "*");
    request
        .body(
            "Application/Merge-Patch+JSON; charset=utf-8",
            "{\"area_km2\": 5}",
        )
        .send()
        .await
        .expect(200);
    for method in ["GET", "OPTIONS"] {
        let reply = admin.request(method, "/v1/cities/umea").send().await;
        assert_eq!(reply.listed("accept-patch").len(), 2, "{method}");
    }
}

#[tokio::test]
async fn return_minimal_spares_the_body_and_nothing_else() {
    let app = App::start().await;
    let admin = app.admin().await;
    let request = |method: &str, path: &str| {
        let request = admin.request(method, path).header("If-Match", "*");
        request.header("Prefer", "respond-async, return=minimal")
    };
    let made = request("POST", "/v1/subjects")
        .json(&json!({"name": {"en": "Urban farming"}}))
        .send()
        .await
        .expect(201);
    assert_eq!(made.bytes, b"");
    assert_eq!(
        made.header("location"),
        format!("{}/v1/subjects/urban-farming", app.url)
    );
    assert_eq!(made.header("preference-applied"), "return=minimal");
    assert_eq!(
        made.etag(),
        admin.get("/v1/subjects/urban-farming").await.etag()
    );
    let changed = request("PATCH", "/v1/subjects/urban-farming")
        .body(
            "application/merge-patch+json",
            r#"{"name": {"en": "Farming"}}"#,
        )
        .send()
        .await
        .expect(204);
    assert_eq!(changed.bytes, b"");
    let path = "/v1/subjects/urban-farming";
    let read = admin.get(path).await.expect(200);
    assert_eq!(
        (&read.body["name"]["en"], read.etag()),
        (&json!("Farming"), changed.etag())
    );
    let dry = request("PATCH", &format!("{path}?dryrun=true"))
        .body("application/merge-patch+json", "{}")
        .send()
        .await;
    assert!(
        dry.expect(200).body["dry_run"].is_object(),
        "a dry run is asked for its body"
    );
    request("PATCH", path)
        .body("application/merge-patch+json", r#"{"name": null}"#)
        .send()
        .await
        .problem("invalid_input");
}

#[tokio::test]
async fn a_dry_run_tells_what_would_be_stored_and_stores_nothing() {
    let app = App::start().await;
    let admin = app.admin().await;
    for kind in KINDS {
        let path = kind.make(&app, &admin).await;
        let before = admin.get(&path).await;
        let (events, rows) = (app.events().await, count_of(&app, kind).await);
        let (field, value) = (kind.change)();
        let dry = |reply: Reply| {
            let reply = reply.expect(200);
            assert_eq!(reply.header("content-type"), "application/json");
            assert_eq!(reply.header("etag"), "", "nothing is stored: {reply}");
            assert_eq!(reply.header("location"), "");
            let mut thing = reply.body;
            let told = thing.as_object_mut().unwrap().remove("dry_run").unwrap();
            (thing, told)
        };

        let (thing, told) = dry(admin
            .patch(
                &format!("{path}?dryrun=true"),
                &before.etag(),
                json!({field: value}),
            )
            .await);
        assert_eq!(thing[field], value);
        let mut replayed = before.body.clone();
        let diff: json_patch::Patch = serde_json::from_value(told["diff"].clone()).unwrap();
        json_patch::patch(&mut replayed, &diff).unwrap();
        assert_eq!(replayed, thing, "{path}");
        assert_eq!(told["events"][0]["action"], "updated");
        assert_eq!(told["events"][0]["type"], kind.name);

        let mut whole = before.body.clone();
        whole[field] = value.clone();
        let (thing, _) = dry(admin
            .put(&format!("{path}?dryrun=true"), &before.etag(), whole)
            .await);
        assert_eq!(thing[field], value);

        let unchanged = dry(admin
            .put(
                &format!("{path}?dryrun=true"),
                &before.etag(),
                before.body.clone(),
            )
            .await);
        assert_eq!(
            unchanged,
            (before.body.clone(), json!({"diff": [], "events": []}))
        );

        let (gone, told) = dry(admin
            .delete(&format!("{path}?dryrun=true"), &before.etag())
            .await);
        assert_eq!(
            (&gone, &told["events"][0]["action"]),
            (&before.body, &json!("deleted"))
        );

        admin
            .delete(&format!("{path}?dryrun=true"), "\"99\"")
            .await
            .problem("precondition_failed");
        admin
            .patch(
                &format!("{path}?dryrun=true"),
                &before.etag(),
                json!({"colour of it": 1}),
            )
            .await
            .problem("invalid_input");
        assert_eq!(admin.get(&path).await.body, before.body);
        assert_eq!(
            (app.events().await, count_of(&app, kind).await),
            (events, rows)
        );

        admin.delete(&path, "*").await.expect(204);
        if matches!(kind.name, "sdg" | "action_plan" | "tour" | "user") {
            let events = app.events().await;
            let (made, told) = dry(admin
                .request("POST", &format!("{}?dryrun=true", kind.path))
                .header("Idempotency-Key", "dry")
                .json(&(kind.new)())
                .send()
                .await);
            assert_eq!(
                (&made["version"], &told["events"][0]["action"]),
                (&json!(1), &json!("created"))
            );
            assert_eq!(app.events().await, events);
            assert_eq!(app.count("idempotency_keys").await, 0);
        }
    }
    let dry = admin
        .post(
            "/v1/subjects?dryrun=true",
            json!({"name": {"en": "Quiet streets"}}),
        )
        .await;
    assert_reply!(dry);
    admin
        .get("/v1/subjects/quiet-streets")
        .await
        .problem("not_found");
    let conflict = json!({"id": "smart-cities", "name": {"en": "Again"}});
    admin
        .post("/v1/subjects?dryrun=true", conflict)
        .await
        .problem("already_exists");
    admin
        .delete("/v1/cities/umea?dryrun=true", "*")
        .await
        .problem("still_referenced");
}

async fn count_of(app: &App, kind: &Kind) -> i64 {
    app.count(&kind.path.trim_start_matches("/v1/").replace('-', "_"))
        .await
}

#[tokio::test]
async fn of_a_read_only_field_that_differs_no_more_is_told_however_it_is_written() {
    let app = App::start().await;
    let (frankfurt, admin) = (app.city_user("frankfurt").await, app.admin().await);
    let plan = joint_plan(&["frankfurt"], &["yokohama"]);
    let item = knowledge(&["frankfurt"]);
    let tour = (Kind::named("tour").new)();
    let mut forged = plan["joint_actions"].clone();
    forged[0]["consents"] = json!([{"city": "yokohama", "decision": "accepted"}]);
    for (path, new, changes) in [
        (
            "/v1/action-plans",
            plan.clone(),
            vec![
                ("status", json!(7), "/status"),
                ("id", json!("x"), "/id"),
                ("version", json!("y"), "/version"),
                ("created_at", json!(5), "/created_at"),
                ("actions", json!([1]), "/actions"),
                ("joint_actions", forged, "/joint_actions/0/consents"),
            ],
        ),
        (
            "/v1/knowledge",
            item,
            vec![("files", json!([{"x": 1}]), "/files")],
        ),
        ("/v1/tours", tour, vec![("id", json!("q"), "/id")]),
    ] {
        let made = admin.post(path, new.clone()).await.expect(201);
        let one = format!("{path}/{}", made.id());
        let (mut sent, mut patch, mut operations) = (new, json!({}), json!([]));
        let mut expected = Vec::new();
        for (name, value, place) in changes {
            sent[name] = value.clone();
            patch[name] = value.clone();
            let operation = json!({"op": "add", "path": format!("/{name}"), "value": value});
            operations.as_array_mut().unwrap().push(operation);
            expected.push((place, "read_only"));
        }
        admin.post(path, sent.clone()).await.refused(&expected);
        admin.put(&one, "*", sent).await.refused(&expected);
        admin.patch(&one, "*", patch).await.refused(&expected);
        let patched = admin.json_patch(&one, "*", operations).await;
        patched.refused(&expected);
    }
    // What never changes is not looked up either.
    let made = frankfurt.post("/v1/action-plans", plan).await.expect(201);
    let path = format!("/v1/action-plans/{}", made.id());
    let other = json!({"template": "nothing"});
    let refused = frankfurt.patch(&path, "*", other).await;
    refused.refused(&[("/template", "immutable")]);
}

#[tokio::test]
async fn read_only_fields_may_be_sent_back_but_not_changed() {
    let app = App::start().await;
    let admin = app.admin().await;
    for kind in KINDS {
        let path = kind.make(&app, &admin).await;
        let read = admin.get(&path).await;
        let (field, value) = (kind.change)();
        let mut body = read.body.clone();
        body[field] = value.clone();
        let after = admin.put(&path, &read.etag(), body).await.expect(200);

        let mut stale = after.body.clone();
        stale["version"] = json!(1);
        stale["created_at"] = json!("2001-01-01T00:00:00Z");
        stale["updated_at"] = json!("2001-01-01T00:00:00Z");
        let read_only = [
            ("/created_at", "read_only"),
            ("/updated_at", "read_only"),
            ("/version", "read_only"),
        ];
        admin
            .put(&path, &after.etag(), stale)
            .await
            .refused(&read_only);
        admin
            .patch(&path, &after.etag(), json!({"version": 1}))
            .await
            .refused(&[("/version", "read_only")]);
        let same = json!({"version": 2, "created_at": after.body["created_at"]});
        let same = admin.patch(&path, &after.etag(), same).await.expect(200);
        assert_eq!(same.etag(), after.etag());

        let mut absent = after.body.clone();
        for name in ["id", "version", "created_at", "updated_at"] {
            absent.as_object_mut().unwrap().remove(name);
        }
        let same = admin.put(&path, &after.etag(), absent).await.expect(200);
        assert_eq!(
            same.body, after.body,
            "what only the service sets may be left out"
        );

        let mut new = (kind.new)();
        new["version"] = json!(7);
        admin
            .post(kind.path, new)
            .await
            .refused(&[("/version", "read_only")]);
    }
}

#[tokio::test]
async fn an_id_is_never_changed() {
    let app = App::start().await;
    let admin = app.admin().await;
    for kind in KINDS {
        let path = kind.make(&app, &admin).await;
        let read = admin.get(&path).await;
        let (name, other) = match (kind.name, read.body["id"].as_str()) {
            ("sdg", _) => ("number", json!(16)),
            (_, Some(id)) if id.len() == 36 => ("id", json!(iuc::resource::new_uuid())),
            _ => ("id", json!("another-one")),
        };
        let mut body = read.body.clone();
        body[name] = other.clone();
        let reply = admin
            .put(&path, &read.etag(), body)
            .await
            .problem("invalid_input");
        let named = |(place, _): &(String, String)| *place == format!("/{name}");
        assert!(reply.faults().iter().any(named), "{reply}");
        admin
            .patch(&path, &read.etag(), json!({name: other}))
            .await
            .problem("invalid_input");
    }
}

#[tokio::test]
async fn a_readable_id_is_derived_when_none_is_given() {
    let app = App::start().await;
    let admin = app.admin().await;
    let derived = [
        ("programme", "iuc-korea"),
        ("city", "almada"),
        ("subject", "urban-farming"),
        ("pairing", "umea-hirosaki"),
        ("meeting", "webinar-1"),
        ("key_question", "what-next"),
        ("template", "second-template"),
    ];
    for (name, id) in derived {
        let kind = Kind::named(name);
        let mut body = (kind.new)();
        body.as_object_mut().unwrap().remove("id");
        let made = admin.post(kind.path, body).await.expect(201);
        assert_eq!(made.id(), id);
    }
    let untold = json!({"name": {"ja": "農業"}});
    admin
        .post("/v1/subjects", untold)
        .await
        .refused(&[("/id", "id_not_derivable")]);
    let accented = json!({"name": {"en": "  Ville & forêt — Straße  "}});
    let made = admin.post("/v1/subjects", accented).await.expect(201);
    assert!(
        iuc::ids::is_slug(&made.id()) && made.id().starts_with("ville-foret"),
        "{}",
        made.id()
    );
    for id in [
        "Umea",
        "a--b",
        "-a",
        "a_b",
        "a/b",
        "",
        "ümeå",
        &"a".repeat(81),
    ] {
        let reply = admin
            .post("/v1/subjects", json!({"id": id, "name": {"en": "X"}}))
            .await;
        let reply = reply.problem("invalid_input");
        assert_eq!(reply.faults()[0].0, "/id", "{reply}");
    }
}

#[tokio::test]
async fn an_id_is_never_given_twice() {
    let app = App::start().await;
    let admin = app.admin().await;
    for name in [
        "programme",
        "city",
        "subject",
        "pairing",
        "meeting",
        "key_question",
        "template",
    ] {
        let kind = Kind::named(name);
        let path = kind.make(&app, &admin).await;
        let reply = admin
            .post(kind.path, (kind.new)())
            .await
            .problem("already_exists");
        assert_eq!(reply.faults(), [("/id".into(), "already_used".into())]);
        admin.delete(&path, "*").await.expect(204);
        let events = app.events().await;
        let reply = admin
            .post(kind.path, (kind.new)())
            .await
            .problem("id_used_before");
        assert_eq!(reply.faults(), [("/id".into(), "already_used".into())]);
        assert_eq!(app.events().await, events);
    }
    let kind = Kind::named("sdg");
    kind.make(&app, &admin).await;
    let reply = admin
        .post(kind.path, (kind.new)())
        .await
        .problem("already_exists");
    assert_eq!(reply.faults()[0].0, "/number");
}

#[tokio::test]
async fn what_is_taken_is_a_conflict_that_names_the_field() {
    let app = App::start().await;
    let admin = app.admin().await;
    let mut city = (Kind::named("city").new)();
    city["codes"] = json!({"wikidata": "Q1794"});
    let mut pairing = (Kind::named("pairing").new)();
    pairing["number"] = json!(8);
    let mut meeting = (Kind::named("meeting").new)();
    meeting["kind"] = json!("exchange_meeting");
    meeting["number"] = json!(3);
    let mut user = (Kind::named("user").new)();
    user["email"] = json!("ADMIN@iuc.example");
    let mut first = bare_plan("yokohama", "frankfurt-yokohama");
    first["external_refs"] = json!([{"system": "plans.example", "key": "1"}]);
    admin
        .post("/v1/action-plans", first.clone())
        .await
        .expect(201);
    for (path, body, pointer) in [
        ("/v1/cities", city, "/codes/wikidata"),
        ("/v1/pairings", pairing, "/number"),
        ("/v1/meetings", meeting, "/number"),
        ("/v1/users", user, "/email"),
        ("/v1/action-plans", first, "/external_refs"),
    ] {
        let reply = admin.post(path, body).await.problem("already_exists");
        assert_eq!(
            reply.faults(),
            [(pointer.into(), "already_used".into())],
            "{reply}"
        );
    }
}

#[tokio::test]
async fn what_others_refer_to_is_not_deleted() {
    let app = App::start().await;
    let admin = app.admin().await;
    let made = admin
        .post(
            "/v1/action-plans",
            plan(&["yokohama"], "frankfurt-yokohama"),
        )
        .await;
    made.expect(201);
    for path in [
        "/v1/cities/umea",
        "/v1/subjects/smart-cities",
        "/v1/programmes/iuc-japan",
        "/v1/pairings/ioannina-ichinomiya",
        "/v1/pairings/frankfurt-yokohama",
        "/v1/templates/iuc-japan-1",
        "/v1/sdgs/11",
    ] {
        let events = app.events().await;
        let reply = admin.delete(path, "*").await.problem("still_referenced");
        assert_eq!(reply.faults()[0].1, "referenced_by", "{reply}");
        admin.get(path).await.expect(200);
        assert_eq!(app.events().await, events);
    }
    let made = admin
        .post("/v1/cities", (Kind::named("city").new)())
        .await
        .expect(201);
    let user = json!({"email": "x@almada.example", "name": "X", "role": "eu_city", "city": "almada",
        "password": "a quiet night in june"});
    admin.post("/v1/users", user).await.expect(201);
    let reply = admin
        .delete(&format!("/v1/cities/{}", made.id()), "*")
        .await;
    reply.problem("still_referenced");
    let targets = admin.get("/v1/sdgs/11").await.body["targets"].clone();
    let fewer: Vec<_> = targets
        .as_array()
        .unwrap()
        .iter()
        .filter(|target| target["code"] != "11.2")
        .collect();
    let reply = admin
        .patch("/v1/sdgs/11", "*", json!({"targets": fewer}))
        .await;
    reply.problem("still_referenced");
}

#[tokio::test]
async fn a_city_leaves_a_pairing_only_when_no_tour_or_plan_of_it_is_left_there() {
    let app = App::start().await;
    let admin = app.admin().await;
    let path = "/v1/pairings/ioannina-ichinomiya";
    let more = json!({"jp_cities": ["ichinomiya", "ikoma"]});
    admin.patch(path, "*", more).await.expect(200);
    let plan = admin
        .post(
            "/v1/action-plans",
            bare_plan("ikoma", "ioannina-ichinomiya"),
        )
        .await
        .expect(201);
    let fewer = json!({"jp_cities": ["ichinomiya"]});
    admin
        .patch(path, "*", fewer.clone())
        .await
        .problem("still_referenced");
    admin
        .delete(&format!("/v1/action-plans/{}", plan.id()), "*")
        .await
        .expect(204);
    admin.patch(path, "*", fewer).await.expect(200);
    admin
        .patch(path, "*", json!({"jp_cities": ["ikoma"]}))
        .await
        .problem("still_referenced");
}

#[tokio::test]
async fn parts_of_a_plan_get_keys_and_keep_them() {
    let app = App::start().await;
    let admin = app.admin().await;
    let made = admin
        .post(
            "/v1/action-plans",
            plan(&["yokohama"], "frankfurt-yokohama"),
        )
        .await
        .expect(201);
    let key = made.body["activities"][1]["key"].clone();
    assert!(key.as_str().is_some_and(|key| key.len() == 36), "{key}");
    let path = format!("/v1/action-plans/{}", made.id());
    let mut body = made.body.clone();
    body["activities"][1]["title"] = json!({"en": "Heat map"});
    let after = admin.put(&path, &made.etag(), body).await.expect(200);
    assert_eq!(after.body["activities"][1]["key"], key);
    assert_eq!(
        app.rows("SELECT version, document ->> 'version', status FROM action_plan_versions ORDER BY version")
            .await,
        [["1", "1", "draft"], ["2", "2", "draft"]].map(|row| row.map(|cell| Some(cell.to_owned())).to_vec())
    );
}

#[tokio::test]
async fn a_plan_is_found_by_what_its_newest_version_says() {
    let app = App::start().await;
    let admin = app.admin().await;
    let made = admin
        .post(
            "/v1/action-plans",
            plan(&["yokohama"], "frankfurt-yokohama"),
        )
        .await
        .expect(201);
    let path = format!("/v1/action-plans/{}", made.id());
    let found = async |query: &str| {
        let page = admin
            .get(&format!("/v1/action-plans?{query}&count=true"))
            .await
            .expect(200);
        assert_eq!(page.body["total"], page.items().len());
        page.items().len()
    };
    for sdg in ["11.2", "13", "13.1"] {
        assert_eq!(found(&format!("sdg={sdg}")).await, 1, "{sdg}");
    }
    assert_eq!(found("city=frankfurt").await, 0);
    let change = json!({"proponents": ["frankfurt", "yokohama"], "sdg_relevance": [{"goal": "5"}],
        "external_refs": [{"system": "a.example", "key": "1"}, {"system": "b.example", "key": "2"}]});
    admin.patch(&path, "*", change).await.expect(200);
    assert_eq!(found("sdg=13").await, 0);
    assert_eq!(found("sdg=5&city=frankfurt").await, 1);
    assert_eq!(
        app.count("action_plan_refs").await,
        2,
        "a key is one proponent's"
    );
    let change = json!({"proponents": ["frankfurt"], "external_refs": [{"system": "b.example", "key": "2"}]});
    admin.patch(&path, "*", change).await.expect(200);
    assert_eq!(found("city=yokohama").await, 0);
    assert_eq!(
        app.rows("SELECT system, key FROM action_plan_refs").await,
        [[Some("b.example".to_owned()), Some("2".to_owned())]]
    );
    admin.delete(&path, "*").await.expect(204);
    for table in [
        "action_plans",
        "action_plan_refs",
        "action_plan_sdgs",
        "action_plan_proponents",
        "action_plan_versions",
    ] {
        assert_eq!(app.count(table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_meeting_remembers_every_date_it_was_planned_for() {
    let app = App::start().await;
    let admin = app.admin().await;
    let path = "/v1/meetings/exchange-meeting-4";
    let fixed = json!({"when": "2019-05-13", "status": "confirmed", "when_reason": {"en": "The venue is booked."}});
    let fixed = admin.patch(path, "*", fixed).await.expect(200);
    assert_eq!(
        (&fixed.body["earliest"], &fixed.body["latest"]),
        (&json!("2019-05-13"), &json!("2019-05-13"))
    );
    let renamed = admin
        .patch(path, &fixed.etag(), json!({"title": {"en": "Renamed"}}))
        .await
        .expect(200);
    assert_eq!(renamed.body["when_reason"]["en"], "The venue is booked.");
    let postponed = admin
        .patch(
            path,
            &renamed.etag(),
            json!({"when": null, "status": "postponed"}),
        )
        .await
        .expect(200);
    assert_eq!(
        (&postponed.body["when_reason"], &postponed.body["earliest"]),
        (&Value::Null, &Value::Null)
    );
    let dates = app.anonymous().get(&format!("{path}/dates")).await;
    assert_reply!(dates);
}

#[tokio::test]
async fn a_new_date_has_no_reason_of_an_old_one_in_any_language() {
    let app = App::start().await;
    let admin = app.admin().await;
    let path = "/v1/meetings/exchange-meeting-4";
    let fixed = json!({"when": "2019-05-13", "when_reason": {"en": "The venue is booked.", "ja": "会場を予約しました。"}});
    admin.patch(path, "*", fixed).await.expect(200);
    let moved = json!({"when": "2019-05-20", "when_reason": {"en": "A strike."}});
    let moved = admin.patch(path, "*", moved).await.expect(200);
    assert_eq!(moved.body["when_reason"], json!({"en": "A strike."}));
    // Without another date a language is added.
    let told = json!({"when_reason": {"ja": "ストライキのため。"}});
    let told = admin.patch(path, "*", told).await.expect(200);
    assert_eq!(told.body["when_reason"]["en"], "A strike.");
}

/// What a city user may write: the own city's description, and no more.
#[tokio::test]
async fn a_city_describes_itself_but_does_not_say_what_it_is() {
    let app = App::start().await;
    let user: Client = app.city_user("umea").await;
    let described = json!({"description": {"sv": "Björkarnas stad"}, "population": {"value": 128_901, "year": 2019}});
    user.patch("/v1/cities/umea", "*", described)
        .await
        .expect(200);
    let mut other = user.get("/v1/cities/umea").await.body;
    other["kind"] = json!("metropolitan_authority");
    other["country_code"] = json!("FI");
    other["codes"]["wikidata"] = json!("Q1");
    user.put("/v1/cities/umea", "*", other).await.refused(&[
        ("/codes", "not_yours"),
        ("/country_code", "not_yours"),
        ("/kind", "not_yours"),
    ]);
    user.patch("/v1/cities/kamakura", "*", json!({"website": null}))
        .await
        .problem("forbidden");
}

#[tokio::test]
async fn a_tour_keeps_the_programmes_guidelines() {
    let app = App::start().await;
    let admin = app.admin().await;
    let user = app.city_user("kamakura").await;
    let tour = |change: Value| {
        let mut tour = (Kind::named("tour").new)();
        for (name, value) in change.as_object().unwrap() {
            tour[name] = value.clone();
        }
        tour
    };
    let delegates = |funded: i64| json!({"programme_funded": funded, "self_funded": 20});
    let against = |reply: Reply, expected: &[(&str, &str)]| {
        let reply = reply.problem("guideline");
        let faults = reply.faults();
        let told: Vec<(&str, &str)> = faults
            .iter()
            .map(|(at, code)| (at.as_str(), code.as_str()))
            .collect();
        assert_eq!(told, expected);
    };
    let too_many = tour(json!({"delegates": delegates(5)}));
    for caller in [&admin, &user] {
        let reply = caller.post("/v1/tours", too_many.clone()).await;
        against(reply, &[("/delegates/programme_funded", "too_many_funded")]);
    }
    let too_few =
        json!({"status": "confirmed", "delegates": delegates(2), "when": "2019-05-13/2019-05-14"});
    against(
        user.post("/v1/tours", tour(too_few)).await,
        &[
            ("/delegates/programme_funded", "too_few_funded"),
            ("/when", "tour_too_short"),
        ],
    );
    let vague =
        json!({"status": "confirmed", "when": "2019-05", "delegates": {"programme_funded": null}});
    against(
        user.post("/v1/tours", tour(vague)).await,
        &[
            ("/delegates/programme_funded", "too_few_funded"),
            ("/when", "tour_too_short"),
        ],
    );
    let past = json!({"status": "completed", "when": "2018-10-03", "delegates": {"programme_funded": null}, "programme": []});
    user.post("/v1/tours", tour(past.clone()))
        .await
        .problem("guideline");
    admin.post("/v1/tours", tour(past)).await.expect(201);
    let made = user
        .post("/v1/tours", tour(json!({"status": "confirmed"})))
        .await
        .expect(201);
    assert_eq!(made.body["direction"], "eu_to_jp");
    let outside = tour(
        json!({"programme": [{"day": "2019-05-12", "title": {"en": "Early"}}, {"day": "2019-05-17", "title": {"en": "Late"}}]}),
    );
    user.post("/v1/tours", outside).await.refused(&[
        ("/programme/0/day", "day_outside"),
        ("/programme/1/day", "day_outside"),
    ]);
}

#[tokio::test]
async fn a_city_user_writes_nothing_in_another_citys_name() {
    let app = App::start().await;
    let user = app.city_user("yokohama").await;
    let foreign = bare_plan("frankfurt", "frankfurt-yokohama");
    user.post("/v1/action-plans", foreign)
        .await
        .problem("forbidden");
    let own = user
        .post(
            "/v1/action-plans",
            bare_plan("yokohama", "frankfurt-yokohama"),
        )
        .await
        .expect(201);
    let path = format!("/v1/action-plans/{}", own.id());
    user.patch(&path, "*", json!({"proponents": ["frankfurt"]}))
        .await
        .problem("forbidden");
    user.patch(&path, "*", json!({"proponents": ["frankfurt", "yokohama"]}))
        .await
        .expect(200);
    user.post("/v1/tours", (Kind::named("tour").new)())
        .await
        .problem("forbidden");
}
