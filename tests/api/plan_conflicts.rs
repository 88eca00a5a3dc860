//! Two people edit one plan: nobody's field is lost, whoever comes second.

use serde_json::{Value, json};

use crate::support::kinds::{bare_plan, plan};
use crate::support::plans::{cast, complete_plan, make, to};
use crate::support::{App, Client, Reply};

/// A change by JSON Merge Patch that stores both edits when nothing collides.
async fn patch(client: &Client, path: &str, etag: &str, body: Value) -> Reply {
    let request = client.request("PATCH", path).header("If-Match", etag);
    let request = request.header("Prefer", "conflict=merge");
    request
        .body("application/merge-patch+json", body.to_string())
        .send()
        .await
}

async fn put(client: &Client, path: &str, etag: &str, body: &Value) -> Reply {
    let request = client.request("PUT", path).header("If-Match", etag);
    request
        .header("Prefer", "conflict=merge")
        .json(body)
        .send()
        .await
}

/// Pointer, base, yours and theirs of everything that collides.
fn conflicts(reply: Reply) -> Vec<Value> {
    let reply = reply.problem("precondition_failed");
    let list = reply.body["conflicts"].as_array().cloned();
    list.unwrap_or_else(|| panic!("nothing is told of what collides: {reply}"))
}

#[tokio::test]
async fn a_412_tells_what_collides_and_the_rest_as_a_patch_that_can_be_sent() {
    let (_app, frankfurt, _, admin) = cast().await;
    let path = make(&frankfurt, complete_plan(&["frankfurt"])).await;
    let read = frankfurt.get(&path).await;
    let theirs = json!({"title": {"en": "Of bridges"}, "context": {"en": "Three rivers."}});
    let stored = admin.patch(&path, &read.etag(), theirs).await.expect(200);
    let mine = json!({"title": {"en": "A bridge city", "de": "Brücken"}, "objectives": {"en": "Ten bridges."}});
    let refused = frankfurt.patch(&path, &read.etag(), mine).await;
    assert_eq!(refused.etag(), stored.etag());
    let rest = refused.body["merge"].clone();
    assert_eq!(
        conflicts(refused),
        [
            json!({"pointer": "/title/en", "place": "/title/en", "base": "A city of bridges", "yours": "A bridge city", "theirs": "Of bridges"})
        ]
    );
    assert_eq!(
        rest,
        json!({"title": {"de": "Brücken"}, "objectives": {"en": "Ten bridges."}})
    );
    assert_eq!(
        frankfurt.get(&path).await.etag(),
        stored.etag(),
        "nothing is stored"
    );
    let merged = frankfurt
        .patch(&path, &stored.etag(), rest)
        .await
        .expect(200);
    assert_eq!(
        merged.body["title"],
        json!({"en": "Of bridges", "de": "Brücken"})
    );
    assert_eq!(merged.body["context"], json!({"en": "Three rivers."}));
}

#[tokio::test]
async fn both_edits_are_stored_when_that_is_preferred_and_nothing_collides() {
    let (app, frankfurt, _, admin) = cast().await;
    let path = make(&frankfurt, plan(&["frankfurt"], "frankfurt-yokohama")).await;
    let read = frankfurt.get(&path).await;
    let mut theirs = read.body.clone();
    theirs["activities"].as_array_mut().unwrap().reverse();
    theirs["activities"][1]["title"]["ja"] = json!("バス専用道");
    theirs["risks"] = json!([]);
    admin.put(&path, &read.etag(), theirs).await.expect(200);

    let mut mine = read.body.clone();
    mine["activities"][0]["responsible"] = json!("Tram Bureau");
    mine["activities"]
        .as_array_mut()
        .unwrap()
        .push(json!({"key": "new", "title": {"en": "New"}}));
    mine["title"]["de"] = json!("Hafen");
    let merged = put(&frankfurt, &path, &read.etag(), &mine)
        .await
        .expect(200);
    assert_eq!(merged.header("preference-applied"), "conflict=merge");
    assert_eq!(merged.body["version"], json!(3));
    let activities = merged.body["activities"].as_array().unwrap();
    let lanes = activities
        .iter()
        .find(|part| part["key"] == "bus-lanes")
        .unwrap();
    assert_eq!(
        (&lanes["title"]["ja"], &lanes["responsible"]),
        (&json!("バス専用道"), &json!("Tram Bureau"))
    );
    assert_eq!(merged.body["activities"].as_array().unwrap().len(), 3);
    assert_eq!(
        (&merged.body["risks"], &merged.body["title"]["de"]),
        (&json!([]), &json!("Hafen"))
    );

    // The same once more is what is stored: no version.
    let events = app.events().await;
    let again = put(&frankfurt, &path, &read.etag(), &mine)
        .await
        .expect(200);
    assert_eq!(again.etag(), merged.etag());
    assert_eq!(app.events().await, events);
    // Without the preference it stays a 412, that tells of no conflict.
    let told = frankfurt.put(&path, &read.etag(), mine).await;
    assert_eq!(conflicts(told), Vec::<Value>::new());
    // With the present ETag there is nothing to bring together.
    let straight = patch(
        &frankfurt,
        &path,
        &merged.etag(),
        json!({"title": {"de": null}}),
    )
    .await
    .expect(200);
    assert_eq!(straight.header("preference-applied"), "");
}

#[tokio::test]
async fn a_json_patch_is_meant_for_the_state_that_was_read() {
    let (_app, frankfurt, _, admin) = cast().await;
    let path = make(&frankfurt, plan(&["frankfurt"], "frankfurt-yokohama")).await;
    let read = frankfurt.get(&path).await;
    let mut theirs = read.body.clone();
    theirs["activities"]
        .as_array_mut()
        .unwrap()
        .insert(0, json!({"key": "first"}));
    admin.put(&path, &read.etag(), theirs).await.expect(200);
    let operations = json!([{"op": "test", "path": "/version", "value": 1},
        {"op": "replace", "path": "/activities/0/responsible", "value": "Tram Bureau"}]);
    let send = async |operations: &Value, prefer: &str| {
        let request = frankfurt
            .request("PATCH", &path)
            .header("If-Match", &read.etag());
        let request = request.header("Prefer", prefer);
        request
            .body("application/json-patch+json", operations.to_string())
            .send()
            .await
    };
    let merged = send(&operations, "return=minimal, conflict=merge")
        .await
        .expect(204);
    assert_eq!(
        merged.listed("preference-applied"),
        ["conflict=merge", "return=minimal"]
    );
    let now = frankfurt.get(&path).await;
    assert_eq!(
        now.body["activities"][0],
        json!({"key": "first", "title": null, "description": null, "when": null,
        "responsible": null, "budget": null, "status": "planned", "progress_percent": null, "sdg_targets": [], "sources": []})
    );
    assert_eq!(now.body["activities"][1]["responsible"], "Tram Bureau");
    let failing = json!([{"op": "test", "path": "/version", "value": 2}]);
    let plain = send(&failing, "return=minimal")
        .await
        .problem("precondition_failed");
    assert!(plain.body.get("conflicts").is_none());
    send(&failing, "conflict=merge")
        .await
        .problem("patch_conflict");
}

#[tokio::test]
async fn the_union_passes_all_checks_and_the_life_of_the_plan() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let path = make(&frankfurt, complete_plan(&["frankfurt"])).await;
    let read = frankfurt.get(&path).await;
    let partner = json!({"joint_actions": [{"key": "ours", "title": {"en": "Together"}, "description": {"en": "All"}, "with": ["yokohama"]}]});
    admin.patch(&path, &read.etag(), partner).await.expect(200);
    to(&frankfurt, &path, "submitted").await.expect(200);
    let before = app.events().await;
    // Each alone is in order; the union of a submitted plan has to stay complete.
    patch(&frankfurt, &path, &read.etag(), json!({"objectives": null}))
        .await
        .problem("plan_incomplete");
    let wrong = json!({"sdg_relevance": [{"target": "11.99"}]});
    patch(&frankfurt, &path, &read.etag(), wrong)
        .await
        .refused(&[("/sdg_relevance/0/target", "unknown_sdg")]);
    let unfit = json!({"colour": "red"});
    patch(&frankfurt, &path, &read.etag(), unfit.clone())
        .await
        .refused(&[("/colour", "unknown_field")]);
    let plain = frankfurt
        .patch(&path, &read.etag(), unfit)
        .await
        .problem("precondition_failed");
    assert!(plain.body.get("conflicts").is_none(), "{plain}");
    assert_eq!(app.events().await, before);
    let accepted = json!({"decision": "accepted"});
    yokohama
        .post(&format!("{path}/joint-actions/ours/consent"), accepted)
        .await
        .expect(200);
    let merged = patch(
        &frankfurt,
        &path,
        &read.etag(),
        json!({"context": {"de": "Zwei Flüsse"}}),
    )
    .await
    .expect(200);
    assert_eq!(
        merged.body["joint_actions"][0]["consents"][0]["decision"],
        "accepted"
    );
    assert_eq!(merged.body["status"], "submitted");
    to(&admin, &path, "withdrawn").await.expect(200);
    patch(
        &frankfurt,
        &path,
        &read.etag(),
        json!({"context": {"ja": "川"}}),
    )
    .await
    .problem("plan_withdrawn");
}

#[tokio::test]
async fn a_state_that_never_was_is_told_nothing_of() {
    let (_app, frankfurt, yokohama, _) = cast().await;
    let path = make(&frankfurt, complete_plan(&["frankfurt"])).await;
    let read = frankfurt.get(&path).await;
    frankfurt
        .patch(&path, "*", json!({"title": {"en": "Now"}}))
        .await
        .expect(200);
    let forged = read.etag().replace("1.", "1.f");
    for etag in [
        "\"1\"",
        "\"1.0\"",
        "\"99.0\"",
        "\"-1.0\"",
        "nonsense",
        forged.as_str(),
    ] {
        let reply = patch(&frankfurt, &path, etag, json!({"title": {"en": "Mine"}})).await;
        let reply = reply.problem("precondition_failed");
        assert!(
            reply.body.get("conflicts").is_none() && reply.body.get("merge").is_none(),
            "{reply}"
        );
    }
    // A weakened ETag of a proxy is as good, and among others.
    let etag = format!("\"7.0\", W/{}", read.etag());
    let told = patch(&frankfurt, &path, &etag, json!({"title": {"en": "Mine"}})).await;
    assert_eq!(conflicts(told).len(), 1);
    let delete = frankfurt
        .delete(&path, &read.etag())
        .await
        .problem("precondition_failed");
    assert!(delete.body.get("conflicts").is_none());
    // Who may not change it hears nothing of it, with whatever ETag.
    let other = patch(
        &yokohama,
        &path,
        &read.etag(),
        json!({"title": {"en": "Mine"}}),
    )
    .await;
    other.problem("not_found");
    to(&frankfurt, &path, "submitted").await.expect(200);
    let partner = patch(
        &yokohama,
        &path,
        &read.etag(),
        json!({"title": {"en": "Mine"}}),
    )
    .await;
    let partner = partner.problem("forbidden");
    assert!(partner.body.get("conflicts").is_none());
}

#[tokio::test]
async fn by_its_key_a_plan_is_brought_together_too_and_a_dry_run_only_tells() {
    let (app, frankfurt, _, admin) = cast().await;
    let by_ref = "/v1/action-plans/by-ref/plans.example/1";
    let body = complete_plan(&["frankfurt"]);
    let made = frankfurt
        .request("PUT", by_ref)
        .json(&body)
        .send()
        .await
        .expect(201);
    let path = format!("/v1/action-plans/{}", made.id());
    admin
        .patch(&path, &made.etag(), json!({"context": {"ja": "川"}}))
        .await
        .expect(200);
    let mut mine = body.clone();
    mine["objectives"] = json!({"en": "Ten bridges."});
    let events = app.events().await;
    let dry = put(
        &frankfurt,
        &format!("{by_ref}?dryrun=true"),
        &made.etag(),
        &mine,
    )
    .await
    .expect(200);
    assert_eq!(dry.body["dry_run"]["diff"][0]["path"], "/objectives/en");
    assert_eq!(app.events().await, events);
    let merged = put(&frankfurt, by_ref, &made.etag(), &mine)
        .await
        .expect(200);
    assert_eq!(merged.header("preference-applied"), "conflict=merge");
    assert_eq!(merged.body["context"]["ja"], "川");
    mine["context"]["ja"] = json!("二つの川");
    let refused = put(&frankfurt, by_ref, &made.etag(), &mine).await;
    assert_eq!(conflicts(refused)[0]["pointer"], "/context/ja");
}

#[tokio::test]
async fn many_editors_of_different_fields_lose_nothing_though_all_began_with_the_same_version() {
    let (_app, frankfurt, ..) = cast().await;
    let path = make(&frankfurt, complete_plan(&["frankfurt"])).await;
    let etag = frankfurt.get(&path).await.etag();
    let tasks: Vec<_> = (0..8)
        .map(|editor| {
            let (client, path, etag) = (frankfurt.clone(), path.clone(), etag.clone());
            tokio::spawn(async move {
                let body = json!({"risks": [{"key": "flood", "description": {"en": "A flood"}},
                    {"key": format!("risk-{editor}"), "description": {"en": format!("By {editor}")}}]});
                patch(&client, &path, &etag, body).await.expect(200);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let now = frankfurt.get(&path).await;
    assert_eq!(now.body["version"], 9);
    let mut keys: Vec<_> = now.body["risks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|risk| risk["key"].as_str().unwrap().to_owned())
        .collect();
    keys.sort();
    let mut expected: Vec<_> = (0..8)
        .map(|editor| format!("risk-{editor}"))
        .chain(["flood".to_owned()])
        .collect();
    expected.sort();
    assert_eq!(keys, expected);
}

#[tokio::test]
async fn the_key_by_which_a_plan_is_written_is_no_edit() {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    let path = "/v1/action-plans/by-ref/plans.frankfurt.example/1";
    let put = async |title: &str, more: Value, etag: &str| {
        let mut plan = bare_plan("frankfurt", "frankfurt-yokohama");
        plan["title"] = json!({"en": title});
        plan["objectives"] = more;
        let request = frankfurt.request("PUT", path).json(&plan);
        let condition = if etag.is_empty() {
            ("If-None-Match", "*")
        } else {
            ("If-Match", etag)
        };
        request.header(condition.0, condition.1).send().await
    };
    let first = put("One", Value::Null, "").await.expect(201);
    put("Two", Value::Null, &first.etag()).await.expect(200);
    let mine = json!({"en": "Mine"});
    let stale = put("Three", mine.clone(), &first.etag()).await;
    let stale = stale.problem("precondition_failed");
    assert_eq!(stale.body["merge"], json!({"objectives": mine}));
    assert_eq!(stale.body["conflicts"][0]["pointer"], "/title/en");
}

#[tokio::test]
async fn no_two_conflicts_are_told_of_one_place() {
    let (_app, frankfurt, _, admin) = cast().await;
    let mut plan = complete_plan(&["frankfurt"]);
    plan["activities"] = json!([
        {"key": "a", "title": {"en": "First"}},
        {"key": "b", "title": {"en": "Second"}},
        {"key": "c", "title": {"en": "Third"}},
    ]);
    let path = make(&frankfurt, plan.clone()).await;
    let read = frankfurt.get(&path).await;
    // The first goes and the third changes here; the third goes and the first changes there: both stand first.
    let mut theirs = plan.clone();
    theirs["activities"] = json!([{"key": "c", "title": {"en": "Third there"}}]);
    admin.put(&path, &read.etag(), theirs).await.expect(200);
    plan["activities"] = json!([{"key": "a", "title": {"en": "First here"}}, {"key": "b", "title": {"en": "Second"}}, {"key": "c", "title": {"en": "Third here"}}]);
    let told = conflicts(put(&frankfurt, &path, &read.etag(), &plan).await);
    let of = |member: &str| -> Vec<String> {
        told.iter()
            .map(|conflict| conflict[member].as_str().unwrap().to_owned())
            .collect()
    };
    let mut pointers: Vec<String> = of("pointer")
        .iter()
        .map(|pointer| pointer.chars().take(13).collect())
        .collect();
    pointers.dedup();
    assert_eq!(pointers, ["/activities/0"], "{told:?}");
    assert_eq!(
        of("place"),
        ["/activities/c/title/en", "/activities/a"],
        "{told:?}"
    );
}
