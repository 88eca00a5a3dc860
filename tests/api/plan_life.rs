//! The life of an action plan: from draft to published, what it takes, and what an edit does to it.

use serde_json::{Value, json};

use crate::support::kinds::bare_plan;
use crate::support::plans::{cast, complete_plan, consent, joint_plan, make, to};

#[tokio::test]
async fn two_cities_and_an_admin_bring_a_plan_through_its_whole_life() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let path = make(&frankfurt, joint_plan(&["frankfurt"], &["yokohama"])).await;
    let draft = frankfurt.get(&path).await.expect(200);
    let pending = json!([{"city": "yokohama", "decision": "pending", "by": null, "at": null, "comment": null}]);
    assert_eq!(draft.body["joint_actions"][0]["consents"], pending);
    assert_eq!(
        draft.actions(),
        ["change", "delete", "submit", "withdraw", "comment"]
    );

    let submitted = to(&frankfurt, &path, "submitted").await.expect(200);
    assert_eq!(submitted.body["status"], "submitted");
    assert_eq!(submitted.body["status_comment"], "For this reason.");
    assert_eq!(
        submitted.actions(),
        ["change", "delete", "withdraw", "comment"]
    );
    let seen = yokohama.get(&path).await.expect(200);
    assert_eq!(seen.actions(), ["consent", "comment"]);
    to(&admin, &path, "approved").await.conflict(
        "consent_missing",
        &[("/joint_actions/0/consents/0", "consent_missing")],
    );

    let returned = to(&admin, &path, "returned").await.expect(200);
    assert_eq!(returned.body["status"], "returned");
    yokohama.get(&path).await.problem("not_found");
    let edited = frankfurt
        .patch(
            &path,
            &returned.etag(),
            json!({"objectives": {"en": "Better bridges."}}),
        )
        .await
        .expect(200);
    assert_eq!(edited.body["status"], "returned");
    to(&frankfurt, &path, "submitted").await.expect(200);

    let agreed = consent(&yokohama, &path, "yokohama", "accepted")
        .await
        .expect(200);
    let given = &agreed.body["joint_actions"][0]["consents"][0];
    assert_eq!(given["decision"], "accepted");
    assert_eq!(given["by"], yokohama.get("/v1/me").await.body["user"]["id"]);
    let approved = to(&admin, &path, "approved").await.expect(200);
    assert_eq!(approved.body["published_version"], approved.body["version"]);
    assert_eq!(
        approved.actions(),
        ["change", "delete", "withdraw", "comment"]
    );
    let public = app.anonymous().get(&path).await.expect(200);
    assert_eq!(public.body["status"], "approved");
    assert_eq!(
        (public.actions().len(), public.etag()),
        (0, approved.etag())
    );

    let revised = frankfurt
        .patch(&path, &approved.etag(), json!({"title": {"en": "New"}}))
        .await
        .expect(200);
    assert_eq!(revised.body["status"], "draft");
    assert_eq!(revised.body["status_comment"], Value::Null);
    assert_eq!(revised.body["published_version"], approved.body["version"]);
    let same = app.anonymous().get(&path).await.expect(200);
    assert_eq!(
        (same.bytes, same.headers["etag"].clone()),
        (public.bytes, public.headers["etag"].clone())
    );

    let gone = to(&frankfurt, &path, "withdrawn").await.expect(200);
    assert_eq!(gone.body["published_version"], Value::Null);
    assert_eq!(gone.actions(), ["delete", "reopen", "comment"]);
    app.anonymous().get(&path).await.problem("not_found");
    frankfurt
        .patch(&path, "*", json!({"title": {"en": "No"}}))
        .await
        .problem("plan_withdrawn");
    let reopened = to(&frankfurt, &path, "draft").await.expect(200);
    assert_eq!(reopened.body["status"], "draft");
    let versions = app
        .rows("SELECT version, status, comment FROM action_plan_versions ORDER BY version")
        .await;
    let told: Vec<_> = versions
        .iter()
        .map(|row| {
            format!(
                "{} {}",
                row[1].clone().unwrap(),
                i32::from(row[2].is_some())
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            "draft 0",
            "submitted 1",
            "returned 1",
            "returned 0",
            "submitted 1",
            "submitted 0",
            "approved 1",
            "draft 0",
            "withdrawn 1",
            "draft 1"
        ]
    );
}

#[tokio::test]
async fn an_incomplete_plan_is_not_submitted_and_each_missing_part_is_named() {
    let (app, frankfurt, _, admin) = cast().await;
    let path = make(&frankfurt, bare_plan("frankfurt", "frankfurt-yokohama")).await;
    let events = app.events().await;
    let missing = [
        "/title",
        "/sdg_relevance",
        "/executive_summary",
        "/objectives",
        "/context",
        "/inputs",
        "/activities",
        "/implementation",
        "/risks",
        "/follow_up",
    ];
    let expected: Vec<_> = missing.iter().map(|place| (*place, "required")).collect();
    to(&frankfurt, &path, "submitted")
        .await
        .conflict("plan_incomplete", &expected);
    to(&admin, &path, "submitted")
        .await
        .conflict("plan_incomplete", &expected);
    let mut plan = joint_plan(&["frankfurt"], &["yokohama"]);
    plan["joint_actions"][0]["description"] = json!({"ja": "一緒に"});
    plan["joint_actions"][0]["with"] = json!([]);
    plan["language"] = json!("en");
    frankfurt.put(&path, "*", plan).await.expect(200);
    to(&frankfurt, &path, "submitted").await.conflict(
        "plan_incomplete",
        &[
            ("/joint_actions/0/description/en", "missing_language"),
            ("/joint_actions/0/with", "required"),
        ],
    );
    assert_eq!(app.events().await, events + 1);
    assert_eq!(frankfurt.get(&path).await.body["status"], "draft");
}

#[tokio::test]
async fn a_way_that_there_is_not_is_a_conflict_that_tells_the_ways_there_are() {
    let (_app, frankfurt, yokohama, admin) = cast().await;
    let path = make(&frankfurt, complete_plan(&["frankfurt"])).await;
    for (there, ways, not) in [
        (
            "draft",
            "submitted, withdrawn",
            ["draft", "returned", "approved"].as_slice(),
        ),
        (
            "submitted",
            "returned, approved, withdrawn",
            &["draft", "submitted"],
        ),
        (
            "returned",
            "submitted, withdrawn",
            &["draft", "returned", "approved"],
        ),
        ("submitted", "returned, approved, withdrawn", &["submitted"]),
        (
            "approved",
            "withdrawn",
            &["draft", "submitted", "returned", "approved"],
        ),
        (
            "withdrawn",
            "draft",
            &["submitted", "returned", "approved", "withdrawn"],
        ),
    ] {
        if there != "draft" {
            to(&admin, &path, there).await.expect(200);
        }
        for way in not {
            for client in [&frankfurt, &admin] {
                let reply = to(client, &path, way)
                    .await
                    .problem("transition_not_possible");
                let detail = reply.body["detail"].as_str().unwrap();
                assert!(
                    detail.contains(there) && detail.ends_with(&format!("{ways}.")),
                    "{detail}"
                );
            }
        }
        // A right that is missing is told before the way.
        if there == "submitted" {
            for way in ["returned", "approved"] {
                to(&frankfurt, &path, way).await.problem("forbidden");
            }
            to(&yokohama, &path, "withdrawn").await.problem("forbidden");
        }
    }
}

#[tokio::test]
async fn a_transition_honours_if_match_and_a_return_says_why() {
    let (_app, frankfurt, _, admin) = cast().await;
    let path = make(&frankfurt, complete_plan(&["frankfurt"])).await;
    let old = frankfurt.get(&path).await.etag();
    let submitted = to(&frankfurt, &path, "submitted").await.expect(200);
    let go = async |etag: &str, body: Value| {
        let request = admin.request("POST", &format!("{path}/transitions"));
        request.header("If-Match", etag).json(&body).send().await
    };
    go(&old, json!({"to": "approved"}))
        .await
        .problem("precondition_failed");
    go("*", json!({"to": "returned"}))
        .await
        .refused(&[("/comment", "required")]);
    go("*", json!({"to": "returned", "comment": " "}))
        .await
        .refused(&[("/comment", "blank")]);
    go("*", json!({"to": "gone", "why": 1}))
        .await
        .refused(&[("/to", "not_allowed_value"), ("/why", "unknown_field")]);
    let dry = admin
        .post(
            &format!("{path}/transitions?dryrun=true"),
            json!({"to": "approved"}),
        )
        .await
        .expect(200);
    assert_eq!(dry.body["status"], "approved");
    assert_eq!(frankfurt.get(&path).await.etag(), submitted.etag());
    let approved = go(&submitted.etag(), json!({"to": "approved"}))
        .await
        .expect(200);
    assert_eq!(approved.body["status_comment"], Value::Null);
}

#[tokio::test]
async fn a_submitted_plan_stays_complete() {
    let (_app, frankfurt, _, _) = cast().await;
    let path = make(&frankfurt, complete_plan(&["frankfurt"])).await;
    let submitted = to(&frankfurt, &path, "submitted").await.expect(200);
    frankfurt
        .patch(&path, "*", json!({"title": null, "risks": []}))
        .await
        .conflict(
            "plan_incomplete",
            &[("/risks", "required"), ("/title", "required")],
        );
    assert_eq!(frankfurt.get(&path).await.etag(), submitted.etag());
    let better = json!({"title": {"en": "Better"}});
    let edited = frankfurt.patch(&path, "*", better).await.expect(200);
    assert_eq!(edited.body["status"], "submitted");
    assert_eq!(edited.body["status_comment"], "For this reason.");
}

#[tokio::test]
async fn what_is_sent_back_as_it_was_read_changes_nothing() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let path = make(&frankfurt, joint_plan(&["frankfurt"], &["yokohama"])).await;
    to(&frankfurt, &path, "submitted").await.expect(200);
    consent(&yokohama, &path, "yokohama", "accepted")
        .await
        .expect(200);
    to(&admin, &path, "approved").await.expect(200);
    let events = app.events().await;
    for client in [&frankfurt, &admin] {
        let read = client.get(&path).await;
        let put = client
            .put(&path, &read.etag(), read.body.clone())
            .await
            .expect(200);
        assert_eq!((put.etag(), &put.body), (read.etag(), &read.body));
        let patch = json!([{"op": "test", "path": "/actions", "value": read.body["actions"]}]);
        client.json_patch(&path, "*", patch).await.expect(200);
        let mut other = read.body.clone();
        // What another reader may do is no edit, and gives nobody a right.
        other["actions"] = json!(["approve"]);
        let put = client.put(&path, "*", other.clone()).await.expect(200);
        assert_eq!((put.etag(), &put.body), (read.etag(), &read.body));
        other["actions"] = json!("approve");
        client
            .put(&path, "*", other)
            .await
            .refused(&[("/actions", "read_only")]);
    }
    assert_eq!(app.events().await, events);
    let stored = app.one("SELECT document FROM action_plans").await;
    assert!(!stored.contains("\"actions\""), "{stored}");
    let changes = app
        .one("SELECT string_agg(change::text, '') FROM events WHERE type = 'action_plan'")
        .await;
    assert!(!changes.contains("/actions"), "{changes}");
}

#[tokio::test]
async fn a_changed_joint_action_asks_again_and_clients_write_no_consent() {
    let (_app, frankfurt, yokohama, admin) = cast().await;
    let mut plan = joint_plan(&["frankfurt", "yokohama"], &["yokohama", "frankfurt"]);
    plan["joint_actions"][1]["with"] = json!(["frankfurt", "yokohama"]);
    let path = make(&frankfurt, plan).await;
    to(&frankfurt, &path, "submitted").await.expect(200);
    consent(&yokohama, &path, "yokohama", "accepted")
        .await
        .expect(200);
    consent(&yokohama, &path, "frankfurt", "accepted")
        .await
        .expect(200);
    let all = consent(&frankfurt, &path, "frankfurt", "accepted")
        .await
        .expect(200);
    let decisions = |body: &Value| {
        let actions = body["joint_actions"].as_array().unwrap();
        let words = actions.iter().map(|action| {
            let consents = action["consents"].as_array().unwrap();
            let words: Vec<_> = consents
                .iter()
                .map(|it| it["decision"].as_str().unwrap())
                .collect();
            words.join(" ")
        });
        words.collect::<Vec<_>>().join(", ")
    };
    assert_eq!(decisions(&all.body), "accepted, accepted accepted");
    let change = async |place: &str, value: Value| {
        let patch = json!([{"op": "add", "path": place, "value": value}]);
        frankfurt.json_patch(&path, "*", patch).await
    };
    let kept = change("/objectives", json!({"en": "Other"}))
        .await
        .expect(200);
    assert_eq!(decisions(&kept.body), "accepted, accepted accepted");
    let fewer = change("/joint_actions/1/with", json!(["yokohama"]))
        .await
        .expect(200);
    assert_eq!(decisions(&fewer.body), "accepted, accepted");
    let more = change("/joint_actions/1/with", json!(["frankfurt", "yokohama"]))
        .await
        .expect(200);
    assert_eq!(decisions(&more.body), "accepted, pending accepted");
    // What a city has read is there word for word when a translation is added; not when one is changed.
    let translated = change("/joint_actions/1/title/ja", json!("一緒に"))
        .await
        .expect(200);
    assert_eq!(decisions(&translated.body), "accepted, pending accepted");
    let otherwise = change("/joint_actions/1/title/ja", json!("別々に"))
        .await
        .expect(200);
    assert_eq!(decisions(&otherwise.body), "accepted, pending pending");
    let described = change("/joint_actions/0/description", json!({"en": "Otherwise."}))
        .await
        .expect(200);
    assert_eq!(decisions(&described.body), "pending, pending pending");

    let mut forged = described.body["joint_actions"].clone();
    forged[0]["consents"][0]["decision"] = json!("accepted");
    for client in [&frankfurt, &admin] {
        let patch = json!({"joint_actions": forged.clone()});
        client
            .patch(&path, "*", patch)
            .await
            .refused(&[("/joint_actions/0/consents", "read_only")]);
    }
    forged[0]["consents"] = described.body["joint_actions"][0]["consents"].clone();
    forged[0]["key"] = json!("another");
    let patch = json!({"joint_actions": forged});
    frankfurt
        .patch(&path, "*", patch)
        .await
        .refused(&[("/joint_actions/0/consents", "read_only")]);
    let mut copy = joint_plan(&["frankfurt"], &["yokohama"]);
    copy["joint_actions"][0]["consents"] = json!([{"city": "yokohama", "decision": "accepted", "by": null, "at": null, "comment": null}]);
    let made = frankfurt.post("/v1/action-plans", copy).await;
    made.refused(&[("/joint_actions/0/consents", "read_only")]);
}

#[tokio::test]
async fn the_text_in_the_plans_own_language_is_never_added_behind_a_consent() {
    let (_app, frankfurt, yokohama, _) = cast().await;
    let mut plan = joint_plan(&["frankfurt"], &["yokohama"]);
    plan["joint_actions"][0]["title"] = json!({"en": "Together"});
    let path = make(&frankfurt, plan).await;
    to(&frankfurt, &path, "submitted").await.expect(200);
    let given = consent(&yokohama, &path, "yokohama", "accepted").await;
    let given = given.expect(200);
    let german = json!([{"op": "add", "path": "/joint_actions/0/title/de", "value": "Allein"},
        {"op": "replace", "path": "/language", "value": "de"}]);
    let changed = frankfurt.json_patch(&path, &given.etag(), german).await;
    // Handed in, it has to be complete in its language; as a draft it may become so.
    changed.problem("plan_incomplete");
    to(&frankfurt, &path, "withdrawn").await.expect(200);
    to(&frankfurt, &path, "draft").await.expect(200);
    let german = json!([{"op": "add", "path": "/joint_actions/0/title/de", "value": "Allein"},
        {"op": "replace", "path": "/language", "value": "de"}]);
    let changed = frankfurt.json_patch(&path, "*", german).await.expect(200);
    let consent = &changed.body["joint_actions"][0]["consents"][0];
    assert_eq!(consent["decision"], "pending");
}

#[tokio::test]
async fn a_way_that_there_is_not_tells_programs_the_ways_there_are() {
    let (_app, frankfurt, _, admin) = cast().await;
    let path = make(&frankfurt, complete_plan(&["frankfurt"])).await;
    let refused = to(&admin, &path, "approved").await;
    let refused = refused.problem("transition_not_possible");
    assert_eq!(refused.body["possible"], json!(["submitted", "withdrawn"]));
}

#[tokio::test]
async fn a_city_that_writes_a_plan_alone_does_nothing_jointly_with_itself() {
    let (_app, frankfurt, _, _) = cast().await;
    let mut plan = joint_plan(&["frankfurt"], &["yokohama"]);
    plan["joint_actions"][0]["with"] = json!(["yokohama", "frankfurt"]);
    let refused = frankfurt.post("/v1/action-plans", plan).await;
    refused.refused(&[("/joint_actions/0/with/1", "with_itself")]);
}

#[tokio::test]
async fn a_proponent_that_is_misspelt_is_told_by_its_place() {
    let (_app, frankfurt, _, _) = cast().await;
    let plan = complete_plan(&["frankfrut"]);
    let refused = frankfurt.post("/v1/action-plans", plan).await;
    assert_eq!(
        refused.problem("invalid_input").faults()[0],
        ("/proponents/0".to_owned(), "unknown_reference".to_owned())
    );
    let plan = complete_plan(&["yokohama"]);
    let refused = frankfurt.post("/v1/action-plans", plan).await;
    refused.problem("forbidden");
}

#[tokio::test]
async fn only_a_city_that_is_asked_consents_and_only_while_it_is_submitted() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let path = make(&frankfurt, joint_plan(&["frankfurt"], &["yokohama"])).await;
    let say = async |client, decision| consent(client, &path, "yokohama", decision).await;
    consent(&app.anonymous(), &path, "yokohama", "accepted")
        .await
        .problem("unauthenticated");
    say(&yokohama, "accepted").await.problem("not_found");
    say(&frankfurt, "accepted").await.problem("not_asked");
    to(&frankfurt, &path, "submitted").await.expect(200);
    let toyota = app.city_user("toyota").await;
    say(&toyota, "accepted").await.problem("not_found");
    for client in [&frankfurt, &admin] {
        say(client, "accepted").await.problem("not_asked");
    }
    consent(&yokohama, &path, "nothing", "accepted")
        .await
        .problem("not_found");
    say(&yokohama, "pending")
        .await
        .refused(&[("/decision", "not_allowed_value")]);
    let declined = say(&yokohama, "declined").await.expect(200);
    let again = say(&yokohama, "declined").await.expect(200);
    assert_eq!(again.etag(), declined.etag());
    to(&admin, &path, "approved").await.conflict(
        "consent_missing",
        &[("/joint_actions/0/consents/0", "consent_missing")],
    );
    let stale = yokohama
        .request("POST", &format!("{path}/joint-actions/yokohama/consent"))
        .header("If-Match", "\"1.0\"")
        .json(&json!({"decision": "accepted"}));
    stale.send().await.problem("precondition_failed");
    say(&yokohama, "accepted").await.expect(200);
    to(&admin, &path, "approved").await.expect(200);
    say(&yokohama, "declined")
        .await
        .problem("plan_not_submitted");
    say(&toyota, "declined").await.problem("not_asked");
    // What is written on beside the published version is nobody else's business.
    frankfurt
        .patch(&path, "*", json!({"joint_actions": []}))
        .await
        .expect(200);
    say(&yokohama, "declined")
        .await
        .problem("plan_not_submitted");
    to(&frankfurt, &path, "withdrawn").await.expect(200);
    say(&yokohama, "declined").await.problem("not_found");
}
