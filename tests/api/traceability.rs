//! From lessons to activities: where a source went, what became of the lessons of a pairing, and what of it shows to whom.

use serde_json::{Value, json};

use crate::support::Client;
use crate::support::kinds::{Kind, contribution, knowledge};
use crate::support::plans::{cast, complete_plan, consent, make, to};

/// What the city answers to a question; its id.
async fn say(by: &Client, city: &str, question: &str, visibility: &str) -> String {
    let body = contribution(city, question, visibility);
    by.post("/v1/contributions", body).await.expect(201).id()
}

fn knowledge_of_frankfurt() -> Value {
    let mut item = knowledge(&["frankfurt"]);
    item["pairing"] = json!("frankfurt-yokohama");
    item
}

fn source(kind: &str, id: &str) -> Value {
    json!({"type": kind, "id": id, "note": {"en": format!("taken from {id}")}})
}

/// A complete plan of Frankfurt that names these sources, in its inputs and in its activity.
fn citing(inputs: &[Value], activity: &[Value]) -> Value {
    let mut plan = complete_plan(&["frankfurt"]);
    plan["inputs"]["sources"] = inputs.into();
    plan["activities"][0]["sources"] = activity.into();
    plan
}

async fn publish(frankfurt: &Client, admin: &Client, plan: &str) {
    to(frankfurt, plan, "submitted").await.expect(200);
    to(admin, plan, "approved").await.expect(200);
}

/// The uses of a source, without their versions, as plan, activity and status.
async fn uses(by: &Client, kind: &str, id: &str) -> Vec<(String, Value, String)> {
    let reply = by.get(&format!("/v1/sources/{kind}/{id}/uses")).await;
    let mut uses: Vec<(String, Value, String)> = reply
        .expect(200)
        .items()
        .into_iter()
        .map(|item| {
            (
                item["plan"].as_str().unwrap().to_owned(),
                item["activity"].clone(),
                item["status"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    uses.sort_by_key(|(plan, activity, _)| format!("{plan}{activity}"));
    uses
}

#[tokio::test]
async fn a_source_tells_which_plans_and_activities_came_from_it_as_far_as_they_are_seen() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let lesson = say(&yokohama, "yokohama", "good-practices", "public").await;
    let lesson_source = source("contribution", &lesson);
    let plan = make(
        &frankfurt,
        citing(
            &[lesson_source.clone(), lesson_source.clone()],
            &[lesson_source, source("meeting", "exchange-meeting-3")],
        ),
    )
    .await;
    let id = plan.rsplit('/').next().unwrap().to_owned();
    let places = |status: &str| {
        vec![
            (id.clone(), json!("bridge"), status.to_owned()),
            (id.clone(), Value::Null, status.to_owned()),
        ]
    };
    for (client, seen) in [
        (&frankfurt, true),
        (&admin, true),
        (&yokohama, false),
        (&app.anonymous(), false),
    ] {
        let expected = if seen { places("draft") } else { Vec::new() };
        assert_eq!(uses(client, "contribution", &lesson).await, expected);
    }
    publish(&frankfurt, &admin, &plan).await;
    // The working copy names it no more; what is public still does.
    let without = json!({"inputs": {"sources": []}, "activities": []});
    frankfurt.patch(&plan, "*", without).await.expect(200);
    for client in [&yokohama, &app.anonymous()] {
        assert_eq!(
            uses(client, "contribution", &lesson).await,
            places("approved")
        );
        let meeting = uses(client, "meeting", "exchange-meeting-3").await;
        assert_eq!(meeting, [(id.clone(), json!("bridge"), "approved".into())]);
    }
    assert_eq!(uses(&frankfurt, "contribution", &lesson).await, []);
    assert_eq!(uses(&admin, "contribution", &lesson).await, []);
}

#[tokio::test]
async fn the_uses_of_a_source_come_in_pages() {
    let (_app, frankfurt, _, admin) = cast().await;
    for _ in 0..3 {
        let meeting = [source("meeting", "exchange-meeting-2")];
        make(&frankfurt, citing(&meeting, &meeting)).await;
    }
    for client in [&frankfurt, &admin] {
        let all = client
            .all("/v1/sources/meeting/exchange-meeting-2/uses?limit=2")
            .await;
        assert_eq!(all.len(), 6);
    }
}

#[tokio::test]
async fn what_one_may_not_see_is_no_source() {
    let (app, frankfurt, yokohama, _) = cast().await;
    let umea = app.city_user("umea").await;
    let lesson = say(&yokohama, "yokohama", "good-practices", "partner").await;
    let draft = umea
        .post("/v1/knowledge", knowledge(&["umea"]))
        .await
        .expect(201)
        .id();
    let missing = "0198d3b4-7e8d-7c1a-9d53-3a4b5c6d7e8f";
    for path in [
        format!("/v1/sources/contribution/{missing}/uses"),
        format!("/v1/sources/city/{missing}/uses"),
        "/v1/sources/meeting/exchange-meeting-99/uses".into(),
        format!("/v1/sources/knowledge/{draft}/uses"),
    ] {
        frankfurt.get(&path).await.problem("not_found");
    }
    let hidden = format!("/v1/sources/contribution/{lesson}/uses");
    umea.get(&hidden).await.problem("not_found");
    app.anonymous().get(&hidden).await.problem("not_found");
    let plan = citing(
        &[
            source("contribution", missing),
            source("knowledge", &draft),
            source("tour", "exchange-meeting-1"),
        ],
        &[source("contribution", &lesson), source("meeting", missing)],
    );
    frankfurt.post("/v1/action-plans", plan).await.refused(&[
        ("/inputs/sources/0/id", "unknown_reference"),
        ("/inputs/sources/1/id", "unknown_reference"),
        ("/inputs/sources/2/id", "unknown_reference"),
        ("/activities/0/sources/1/id", "unknown_reference"),
    ]);
}

#[tokio::test]
async fn a_private_lesson_does_not_leak_through_a_public_plan() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let umea = app.city_user("umea").await;
    let private = say(&yokohama, "yokohama", "good-practices", "partner").await;
    let public = say(&yokohama, "yokohama", "innovative-ideas", "public").await;
    let draft = frankfurt
        .post("/v1/knowledge", knowledge_of_frankfurt())
        .await
        .expect(201)
        .id();
    let hidden = [
        source("contribution", &private),
        source("knowledge", &draft),
    ];
    let shown = [
        source("contribution", &public),
        source("meeting", "exchange-meeting-1"),
    ];
    let sources: Vec<Value> = hidden.iter().chain(&shown).cloned().collect();
    let mut body = citing(&sources, &sources);
    body["joint_actions"] = json!([{"key": "both", "title": {"en": "Both"}, "description": {"en": "We."}, "with": ["yokohama"]}]);
    let plan = make(&frankfurt, body).await;
    to(&frankfurt, &plan, "submitted").await.expect(200);
    // The partner sees its own lesson, and not the other city's draft: also in what its consent answers.
    let consented = consent(&yokohama, &plan, "both", "accepted")
        .await
        .expect(200);
    assert!(!consented.body.to_string().contains(&draft), "{consented}");
    assert!(consented.body.to_string().contains(&private), "{consented}");
    let kept = frankfurt.get(&plan).await.expect(200);
    assert!(
        kept.body.to_string().contains(&draft),
        "the consent has lost a source: {kept}"
    );
    to(&admin, &plan, "approved").await.expect(200);
    let version = admin.get(&plan).await.body["version"].as_i64().unwrap();
    for (name, client, sees) in [
        ("anonymous", app.anonymous(), [false, false]),
        ("umea", umea, [false, false]),
        ("yokohama", yokohama.clone(), [true, false]),
        ("frankfurt", frankfurt.clone(), [true, true]),
        ("admin", admin.clone(), [true, true]),
    ] {
        for path in [
            plan.clone(),
            format!("{plan}?fields=inputs,activities"),
            "/v1/action-plans".into(),
            "/v1/action-plans?format=ndjson".into(),
            format!("{plan}/versions/{version}"),
        ] {
            let reply = client.get(&path).await.expect(200);
            let text = String::from_utf8(reply.bytes.clone()).unwrap();
            for (id, sees) in [(&private, sees[0]), (&draft, sees[1]), (&public, true)] {
                assert_eq!(text.contains(id.as_str()), sees, "{name}: {path}: {text}");
                assert_eq!(
                    text.contains(&format!("taken from {id}")),
                    sees,
                    "{name}: {path}"
                );
            }
        }
        for path in [
            format!("{plan}/diff?from={version}&to={version}"),
            format!("{plan}/summary"),
            "/v1/pairings/frankfurt-yokohama/flow".into(),
        ] {
            let reply = client.get(&path).await.expect(200);
            let text = String::from_utf8(reply.bytes.clone()).unwrap();
            for (id, sees) in [(&private, sees[0]), (&draft, sees[1])] {
                assert!(
                    sees || !text.contains(id.as_str()),
                    "{name}: {path}: {text}"
                );
            }
        }
    }
    // Shared with everybody, it shows.
    let path = format!("/v1/contributions/{private}");
    yokohama
        .patch(&path, "*", json!({"visibility": "public"}))
        .await
        .expect(200);
    let reply = app.anonymous().get(&plan).await.expect(200);
    assert!(reply.body.to_string().contains(&private), "{reply}");
}

#[tokio::test]
async fn a_plan_stays_editable_when_a_lesson_is_no_longer_shared() {
    let (_app, frankfurt, yokohama, _) = cast().await;
    let umea_lesson = say(&yokohama, "yokohama", "good-practices", "public").await;
    let plan = make(
        &frankfurt,
        citing(&[source("contribution", &umea_lesson)], &[]),
    )
    .await;
    let path = format!("/v1/contributions/{umea_lesson}");
    yokohama
        .patch(&path, "*", json!({"visibility": "partner"}))
        .await
        .expect(200);
    let reply = frankfurt
        .patch(&plan, "*", json!({"title": {"en": "Another"}}))
        .await;
    assert_eq!(
        reply.expect(200).body["inputs"]["sources"][0]["id"],
        umea_lesson
    );
}

#[tokio::test]
async fn what_a_plan_names_cannot_be_deleted() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let lesson = say(&yokohama, "yokohama", "good-practices", "public").await;
    let item = frankfurt
        .post("/v1/knowledge", knowledge_of_frankfurt())
        .await
        .expect(201)
        .id();
    let tour = json!({"pairing": "frankfurt-yokohama", "visiting_city": "frankfurt", "host_city": "yokohama",
        "when": "2019-05", "status": "planned"});
    let tour = frankfurt.post("/v1/tours", tour).await.expect(201).id();
    let meeting = json!({"id": "webinar-9", "programme": "iuc-japan", "kind": "webinar", "title": {"en": "W"},
        "status": "planned", "cities": []});
    admin.post("/v1/meetings", meeting).await.expect(201);
    let named = [
        (
            "contribution",
            format!("/v1/contributions/{lesson}"),
            lesson.clone(),
        ),
        ("knowledge", format!("/v1/knowledge/{item}"), item.clone()),
        ("tour", format!("/v1/tours/{tour}"), tour.clone()),
        (
            "meeting",
            "/v1/meetings/webinar-9".to_owned(),
            "webinar-9".to_owned(),
        ),
    ];
    let sources: Vec<Value> = named.iter().map(|(kind, _, id)| source(kind, id)).collect();
    let plan = make(&frankfurt, citing(&[], &sources)).await;
    publish(&frankfurt, &admin, &plan).await;
    let events = app.events().await;
    for (_, path, _) in &named {
        admin.delete(path, "*").await.problem("still_referenced");
    }
    // The working copy lets go of them; the published version holds them.
    frankfurt
        .patch(&plan, "*", json!({"activities": []}))
        .await
        .expect(200);
    for (_, path, _) in &named {
        admin.delete(path, "*").await.problem("still_referenced");
    }
    to(&frankfurt, &plan, "withdrawn").await.expect(200);
    assert_eq!(app.events().await, events + 2);
    // Older versions hold them as long as there is the plan.
    for (_, path, _) in &named {
        admin.delete(path, "*").await.problem("still_referenced");
    }
    to(&frankfurt, &plan, "draft").await.expect(200);
    admin.delete(&plan, "*").await.expect(204);
    for (_, path, _) in &named {
        admin.delete(path, "*").await.expect(204);
    }
}

#[tokio::test]
async fn what_still_refers_to_a_thing_is_named_as_far_as_it_is_seen() {
    let (_app, frankfurt, yokohama, admin) = cast().await;
    let lesson = say(&yokohama, "yokohama", "good-practices", "partner").await;
    let path = format!("/v1/contributions/{lesson}");
    let plan = make(&frankfurt, citing(&[], &[])).await;
    publish(&frankfurt, &admin, &plan).await;
    let id = plan.rsplit('/').next().unwrap();
    let named = json!([{"type": "action_plan", "id": id}]);
    let seen = (String::new(), "referenced_by".to_owned());
    let hidden = (String::new(), "referenced_by_hidden".to_owned());
    // Everybody reads the plan, but not the draft that names the lesson.
    let cites = citing(&[source("contribution", &lesson)], &[]);
    let cites = json!({"inputs": cites["inputs"]});
    frankfurt.patch(&plan, "*", cites).await.expect(200);
    let reply = yokohama.delete(&path, "*").await;
    let reply = reply.problem("still_referenced");
    assert_eq!(reply.faults(), std::slice::from_ref(&hidden), "{reply}");
    assert_eq!(reply.body["referenced_by"], json!([]));
    assert!(!reply.body.to_string().contains(id), "{reply}");
    let reply = admin.delete(&path, "*").await.problem("still_referenced");
    assert_eq!(reply.faults(), std::slice::from_ref(&seen));
    assert_eq!(reply.body["referenced_by"], named);
    let detail = format!("Still named by action plan {id}.");
    assert_eq!(reply.body["errors"][0]["detail"], detail);

    // Another draft beside it stays hidden when this one is handed in.
    let other = make(&frankfurt, citing(&[source("contribution", &lesson)], &[])).await;
    to(&frankfurt, &plan, "submitted").await.expect(200);
    let asked = yokohama.request("DELETE", &format!("{path}?dryrun=true"));
    let asked = asked
        .header("If-Match", "*")
        .header("Accept-Language", "ja");
    let reply = asked.send().await.problem("still_referenced");
    assert_eq!(reply.faults(), [seen, hidden]);
    assert_eq!(reply.body["referenced_by"], named);
    let told = reply.body["errors"][1]["detail"].as_str().unwrap();
    assert!(told.contains("閲覧できないもの"), "{told}");
    frankfurt.delete(&other, "*").await.expect(204);

    // A city is told of its own plan, also when only the version that the public reads names the lesson.
    let own = say(&yokohama, "yokohama", "other-lessons", "partner").await;
    let mut cites = citing(&[source("contribution", &own)], &[]);
    cites["proponents"] = json!(["yokohama"]);
    let ours = make(&yokohama, cites).await;
    publish(&yokohama, &admin, &ours).await;
    let without = json!({"inputs": {"sources": []}});
    yokohama.patch(&ours, "*", without).await.expect(200);
    let reply = yokohama
        .delete(&format!("/v1/contributions/{own}"), "*")
        .await;
    let reply = reply.problem("still_referenced");
    let ours = ours.rsplit('/').next().unwrap();
    assert_eq!(
        reply.body["referenced_by"],
        json!([{"type": "action_plan", "id": ours}])
    );

    // What is not the caller's to see is named to admins, whichever table holds it.
    let reply = admin.delete("/v1/cities/yokohama", "*").await;
    let reply = reply.problem("still_referenced");
    let first = &reply.body["referenced_by"][0];
    assert!(first["id"].is_string(), "{reply}");
}

#[tokio::test]
async fn a_plan_and_the_deletion_of_what_it_comes_to_name_do_not_pass_each_other() {
    let (app, frankfurt, yokohama, _) = cast().await;
    for _ in 0..8 {
        let lesson = say(&yokohama, "yokohama", "good-practices", "public").await;
        let path = format!("/v1/contributions/{lesson}");
        let sources = [source("contribution", &lesson)];
        let (made, gone) = tokio::join!(
            frankfurt.post("/v1/action-plans", citing(&sources, &[])),
            yokohama.delete(&path, "*")
        );
        match (made.status, gone.status) {
            (201, 409) => {
                let plan = format!("/v1/action-plans/{}", made.id());
                frankfurt.delete(&plan, "*").await.expect(204);
                yokohama.delete(&path, "*").await.expect(204);
            }
            (400, 204) => assert_eq!(made.code(), "invalid_input", "{made}"),
            _ => panic!("both or neither happened: {made} {gone}"),
        }
    }
    assert_eq!(app.count("action_plan_sources").await, 0);
}

/// What became of each lesson of a pairing, by its id.
async fn uptake(by: &Client, id: &str) -> Option<(String, usize, usize)> {
    let reply = by
        .get("/v1/pairings/frankfurt-yokohama/flow")
        .await
        .expect(200);
    let lessons = reply.body["lessons"].as_array().unwrap().clone();
    let lesson = lessons.iter().find(|lesson| lesson["source"]["id"] == id)?;
    Some((
        lesson["uptake"].as_str().unwrap().to_owned(),
        lesson["uses"].as_array().unwrap().len(),
        lesson["declines"].as_array().unwrap().len(),
    ))
}

#[tokio::test]
async fn the_flow_of_a_pairing_tells_what_became_of_each_lesson() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let umea = app.city_user("umea").await;
    let adopted = say(&yokohama, "yokohama", "good-practices", "partner").await;
    let declined = say(&yokohama, "yokohama", "innovative-ideas", "public").await;
    let pending = say(&yokohama, "yokohama", "other-lessons", "public").await;
    let foreign = say(&umea, "umea", "good-practices", "public").await;
    let plan = make(&frankfurt, citing(&[], &[source("contribution", &adopted)])).await;
    let id = plan.rsplit('/').next().unwrap();
    let decline = json!({"plan": id, "reason": {"en": "Too narrow"}});
    let path = format!("/v1/contributions/{declined}/decline");
    frankfurt.post(&path, decline).await.expect(201);
    let told = |what: &str, uses, declines| Some((what.to_owned(), uses, declines));
    for client in [&frankfurt, &admin] {
        assert_eq!(uptake(client, &adopted).await, told("adopted", 1, 0));
        assert_eq!(uptake(client, &declined).await, told("declined", 0, 1));
        assert_eq!(uptake(client, &pending).await, told("pending", 0, 0));
        assert_eq!(uptake(client, &foreign).await, None);
    }
    // The plan is a draft: the partner sees neither it nor what it says, but why its lesson is declined.
    assert_eq!(uptake(&yokohama, &declined).await, told("declined", 0, 1));
    for client in [&umea, &app.anonymous()] {
        assert_eq!(uptake(client, &declined).await, told("pending", 0, 0));
    }
    assert_eq!(uptake(&yokohama, &adopted).await, told("pending", 0, 0));
    publish(&frankfurt, &admin, &plan).await;
    assert_eq!(uptake(&yokohama, &adopted).await, told("adopted", 1, 0));
    assert_eq!(uptake(&yokohama, &declined).await, told("declined", 0, 1));
    for client in [&umea, &app.anonymous()] {
        assert_eq!(uptake(client, &adopted).await, None);
        assert_eq!(uptake(client, &declined).await, told("pending", 0, 0));
        let flow = client.get("/v1/pairings/frankfurt-yokohama/flow").await;
        assert_eq!(flow.body["plans"][0]["plan"], id, "{flow}");
        let title = json!({"en": "A city of bridges"});
        assert_eq!(flow.body["plans"][0]["title"], title);
    }
    app.anonymous()
        .get("/v1/pairings/paris-tokyo/flow")
        .await
        .problem("not_found");
}

#[tokio::test]
async fn a_flow_answers_along_what_it_names_as_far_as_it_is_seen() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let lesson = say(&yokohama, "yokohama", "good-practices", "partner").await;
    let open = say(&yokohama, "yokohama", "other-lessons", "public").await;
    let item = frankfurt.post("/v1/knowledge", knowledge_of_frankfurt());
    let item = item.await.expect(201).id();
    let sources = [
        source("contribution", &lesson),
        source("knowledge", &item),
        source("meeting", "exchange-meeting-1"),
    ];
    let plan = make(&frankfurt, citing(&sources, &[])).await;
    publish(&frankfurt, &admin, &plan).await;
    let all = "cities,contributions,meetings,tours,knowledge";
    let path = "/v1/pairings/frankfurt-yokohama/flow";
    let asked = format!("{path}?include={all}");
    let flow = yokohama.get(&asked).await.expect(200);
    let along = &flow.body["included"];
    assert_eq!(along["cities"]["frankfurt"]["name"]["en"], "Frankfurt");
    assert!(along["cities"]["yokohama"].is_object());
    let said = &along["contributions"][&lesson];
    assert_eq!(said["city"], "yokohama");
    assert!(along["meetings"]["exchange-meeting-1"].is_object());
    for lesson in flow.body["lessons"].as_array().unwrap() {
        let source = &lesson["source"];
        let kind = match source["type"].as_str().unwrap() {
            "knowledge" => "knowledge".to_owned(),
            kind => format!("{kind}s"),
        };
        let id = source["id"].as_str().unwrap();
        let seen = yokohama.get(&format!("/v1/{kind}/{id}")).await;
        let is_along = along[&kind][id].is_object();
        assert_eq!(is_along, seen.status == 200, "{kind} {id}");
    }
    let public = app.anonymous().get(&asked).await.expect(200);
    let said = public.body["included"]["contributions"]
        .as_object()
        .unwrap();
    assert!(said.contains_key(&open) && !said.contains_key(&lesson));
    let bare = yokohama.get(path).await.expect(200);
    assert!(bare.body.get("included").is_none());
    assert_ne!(bare.etag(), flow.etag());
    let cities = yokohama.get(&format!("{path}?include=cities")).await;
    let cities = cities.expect(200).body["included"].clone();
    assert_eq!(cities.as_object().unwrap().len(), 1);
    yokohama
        .get(&format!("{path}?include=plans"))
        .await
        .problem("invalid_input");
}

#[tokio::test]
async fn a_plan_that_comes_to_name_a_lesson_no_longer_declines_it() {
    let (app, frankfurt, yokohama, _) = cast().await;
    let lesson = say(&yokohama, "yokohama", "good-practices", "public").await;
    let plan = make(&frankfurt, complete_plan(&["frankfurt"])).await;
    let id = plan.rsplit('/').next().unwrap();
    let path = format!("/v1/contributions/{lesson}/decline");
    let decline = json!({"plan": id, "reason": {"en": "Too narrow"}});
    frankfurt.post(&path, decline.clone()).await.expect(201);
    assert_eq!(uptake(&frankfurt, &lesson).await.unwrap().0, "declined");
    let events = app.events().await;
    let sources = json!({"inputs": {"sources": [source("contribution", &lesson)]}});
    frankfurt
        .patch(&format!("{plan}?dryrun=true"), "*", sources.clone())
        .await
        .expect(200);
    assert_eq!(app.events().await, events);
    frankfurt.patch(&plan, "*", sources).await.expect(200);
    assert_eq!(app.events().await, events + 2);
    assert_eq!(
        uptake(&frankfurt, &lesson).await,
        Some(("adopted".into(), 1, 0))
    );
    frankfurt
        .post(&path, decline)
        .await
        .problem("cited_as_source");
}

#[tokio::test]
async fn plans_of_before_are_traced_too() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let lesson = say(&yokohama, "yokohama", "good-practices", "public").await;
    let plan = make(
        &frankfurt,
        citing(
            &[source("contribution", &lesson)],
            &[source("meeting", "exchange-meeting-1")],
        ),
    )
    .await;
    publish(&frankfurt, &admin, &plan).await;
    frankfurt
        .patch(&plan, "*", json!({"activities": []}))
        .await
        .expect(200);
    let rows = "SELECT concat(plan, version, activity, type, source, contribution, meeting) \
                FROM action_plan_sources ORDER BY 1";
    let kept = app.rows(rows).await;
    assert_eq!(kept.len(), 3);
    app.run("DELETE FROM action_plan_sources").await;
    let migration = include_str!("../../migrations/2026-11-24-057000_sources/up.sql");
    let insert = migration.split_once("INSERT INTO").unwrap().1;
    app.run(&format!("INSERT INTO{insert}")).await;
    assert_eq!(app.rows(rows).await, kept);
}

#[tokio::test]
async fn a_plan_that_another_one_revises_stays_and_shows_to_who_sees_it() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let go = async |client: &Client, path: &str, to: &str| {
        let body = json!({"to": to, "comment": "So."});
        let url = format!("{path}/transitions");
        client.post(&url, body).await.expect(200)
    };
    let old = make(&frankfurt, complete_plan(&["frankfurt"])).await;
    let id = old.rsplit('/').next().unwrap().to_owned();
    let mut body = complete_plan(&["frankfurt"]);
    body["revises"] = json!({"plan": id});
    let refused = frankfurt.post("/v1/action-plans", body.clone()).await;
    refused.refused(&[("/revises", "revision_alone")]);
    body["kind"] = json!("revision");
    for (nothing, rule) in [
        (json!({}), "revised_plan_unnamed"),
        (Value::Null, "required"),
    ] {
        let mut body = body.clone();
        body["revises"] = nothing;
        let refused = frankfurt.post("/v1/action-plans", body).await;
        refused.refused(&[("/revises", rule)]);
    }
    body["revises"]["title"] = json!({"en": "The old one"});
    let new = make(&frankfurt, body).await;
    go(&frankfurt, &new, "submitted").await;
    let kept = frankfurt.delete(&old, "*").await;
    kept.problem("still_referenced");
    // The old one is a draft, so nobody else learns its id from the new one.
    let seen = yokohama.get(&new).await.expect(200);
    assert_eq!(seen.body["revises"]["plan"], Value::Null);
    assert_eq!(seen.body["revises"]["title"]["en"], "The old one");
    let answered = go(&admin, &new, "approved").await;
    assert_eq!(answered.body["revises"]["plan"], json!(id));
    for reader in [&yokohama, &app.anonymous()] {
        for url in [
            new.clone(),
            format!("{new}/versions/3"),
            "/v1/action-plans".to_owned(),
            "/v1/action-plans?format=ndjson".to_owned(),
        ] {
            let told = reader.get(&url).await.expect(200);
            let told = String::from_utf8_lossy(&told.bytes).into_owned();
            assert!(
                told.contains("The old one") && !told.contains(&id),
                "{url}: {told}"
            );
        }
    }
    let hidden = app.anonymous().get(&new).await;
    go(&frankfurt, &old, "submitted").await;
    go(&admin, &old, "approved").await;
    let read = app.anonymous().request("GET", &new);
    let shown = read.header("If-None-Match", &hidden.etag()).send().await;
    assert_eq!(shown.expect(200).body["revises"]["plan"], json!(id));
    // The published version holds it although the working copy does not any more.
    let without = json!({"kind": "new", "revises": null});
    frankfurt.patch(&new, "*", without).await.expect(200);
    frankfurt
        .delete(&old, "*")
        .await
        .problem("still_referenced");
    go(&frankfurt, &new, "withdrawn").await;
    frankfurt.delete(&old, "*").await.expect(204);
    frankfurt.delete(&new, "*").await.expect(204);
}

#[tokio::test]
async fn what_only_a_dropped_activity_or_a_withdrawn_plan_names_is_adopted_by_nobody() {
    let (_app, frankfurt, yokohama, _) = cast().await;
    let lesson = say(&yokohama, "yokohama", "good-practices", "partner").await;
    let named = [source("contribution", &lesson)];
    let plan = make(&frankfurt, citing(&[], &named)).await;
    let id = plan.rsplit('/').next().unwrap();
    let decline = json!({"plan": id, "reason": {"en": "Too narrow"}});
    let path = format!("/v1/contributions/{lesson}/decline");
    let uptake = async |what: &str| {
        assert_eq!(uptake(&frankfurt, &lesson).await.unwrap().0, what);
    };
    uptake("adopted").await;
    let refused = frankfurt.post(&path, decline.clone()).await;
    refused.problem("cited_as_source");
    let go_on =
        |status: &str| json!([{"op": "replace", "path": "/activities/0/status", "value": status}]);
    let dropped = frankfurt.json_patch(&plan, "*", go_on("dropped")).await;
    dropped.expect(200);
    uptake("pending").await;
    frankfurt.post(&path, decline.clone()).await.expect(201);
    uptake("declined").await;
    let taken_up = frankfurt.json_patch(&plan, "*", go_on("ongoing")).await;
    taken_up.expect(200);
    uptake("adopted").await;
    to(&frankfurt, &plan, "withdrawn").await.expect(200);
    uptake("pending").await;
    let refused = frankfurt.post(&path, decline).await;
    refused.problem("plan_withdrawn");
    uptake("pending").await;
    to(&frankfurt, &plan, "draft").await.expect(200);
    uptake("adopted").await;
    let declines = format!("/v1/contributions/{lesson}/declines");
    assert!(frankfurt.get(&declines).await.items().is_empty());
}

#[tokio::test]
async fn a_plan_declines_what_was_said_in_its_pairing() {
    let (app, frankfurt, _, _) = cast().await;
    let umea = app.city_user("umea").await;
    let plan = make(&frankfurt, complete_plan(&["frankfurt"])).await;
    let id = plan.rsplit('/').next().unwrap();
    let decline = json!({"plan": id, "reason": {"en": "Too narrow"}});
    let lesson = say(&umea, "umea", "other-lessons", "public").await;
    let path = format!("/v1/contributions/{lesson}/decline");
    let refused = frankfurt.post(&path, decline).await;
    refused.refused(&[("/plan", "lesson_of_others")]);
}

#[tokio::test]
async fn what_only_an_older_version_names_cannot_be_deleted_either() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let lesson = say(&yokohama, "yokohama", "good-practices", "partner").await;
    let item = yokohama.post("/v1/knowledge", {
        let mut item = knowledge_of_frankfurt();
        item["cities"] = json!(["yokohama"]);
        item["status"] = json!("published");
        item
    });
    let item = item.await.expect(201).id();
    let cites = citing(
        &[source("contribution", &lesson)],
        &[source("knowledge", &item)],
    );
    let plan = make(&frankfurt, cites.clone()).await;
    let without = json!({"inputs": null, "activities": []});
    frankfurt
        .patch(&plan, "*", without.clone())
        .await
        .expect(200);
    frankfurt.patch(&plan, "*", json!({"risks": []})).await;
    for path in [
        format!("/v1/contributions/{lesson}"),
        format!("/v1/knowledge/{item}"),
    ] {
        let reply = yokohama.delete(&path, "*").await;
        let reply = reply.problem("still_referenced");
        assert_eq!(reply.faults()[0].1, "referenced_by_hidden", "{reply}");
        let reply = admin.delete(&path, "*").await.problem("still_referenced");
        let id = plan.rsplit('/').next().unwrap();
        let named = json!([{"type": "action_plan", "id": id}]);
        assert_eq!(reply.body["referenced_by"], named);
    }
    // So the version can be restored, and what it names goes when the plan is gone.
    let restore = format!("{plan}/versions/1/restore");
    let restore = frankfurt.request("POST", &restore).header("If-Match", "*");
    let restored = restore.send().await.expect(200);
    assert_eq!(restored.body["inputs"], cites["inputs"]);
    frankfurt.patch(&plan, "*", without).await.expect(200);
    frankfurt.delete(&plan, "*").await.expect(204);
    assert_eq!(app.count("action_plan_kept_sources").await, 0);
    let path = format!("/v1/contributions/{lesson}");
    yokohama.delete(&path, "*").await.expect(204);
}

#[tokio::test]
async fn every_kind_of_thing_that_still_refers_to_another_is_named() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    say(&yokohama, "yokohama", "good-practices", "public").await;
    make(&frankfurt, complete_plan(&["frankfurt"])).await;
    let kinds = async |path: &str| {
        let reply = admin.delete(path, "*").await;
        let reply = reply.problem("still_referenced");
        let named = reply.body["referenced_by"].as_array().unwrap();
        assert!(named.len() <= 20, "{reply}");
        let codes = reply.faults().into_iter();
        assert!(codes.map(|it| it.1).all(|code| code == "referenced_by"));
        let kinds = named
            .iter()
            .map(|it| it["type"].as_str().unwrap().to_owned());
        kinds.collect::<std::collections::BTreeSet<_>>()
    };
    let expected = ["contribution", "meeting", "pairing", "tour", "user"];
    let found = kinds("/v1/cities/yokohama").await;
    for kind in expected {
        // Its tours, plans and contributions hang on its pairing and its meetings.
        let is_direct = matches!(kind, "meeting" | "pairing" | "user");
        assert_eq!(found.contains(kind), is_direct, "{kind}: {found:?}");
    }
    for kind in ["tour", "knowledge_item"] {
        let kind = Kind::named(kind);
        admin.post(kind.path, (kind.new)()).await.expect(201);
    }
    let found = kinds("/v1/pairings/umea-kamakura").await;
    assert!(
        found.contains("knowledge_item") && found.contains("tour"),
        "{found:?}"
    );
    let found = kinds("/v1/meetings/exchange-meeting-3").await;
    assert!(
        found.contains("contribution") && found.contains("knowledge_item"),
        "{found:?}"
    );
    // A city that only leaves the meeting is needed by what it said there alone.
    let cities = admin.get("/v1/meetings/exchange-meeting-3").await.body["cities"].clone();
    let rest = cities
        .as_array()
        .unwrap()
        .iter()
        .filter(|it| *it != "yokohama");
    let rest = json!({"cities": rest.collect::<Vec<_>>()});
    let reply = admin
        .patch("/v1/meetings/exchange-meeting-3", "*", rest)
        .await;
    let reply = reply.problem("still_referenced");
    let named = reply.body["referenced_by"].as_array().unwrap();
    assert_eq!(named.len(), 1, "{reply}");
    assert_eq!(named[0]["type"], "contribution");
    assert!(app.count("contributions").await > 0);
}

#[tokio::test]
async fn the_city_whose_lesson_it_is_hears_of_a_decline_by_every_way_and_no_other_city_by_any() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let toyota = app.city_user("toyota").await;
    let lesson = say(&yokohama, "yokohama", "good-practices", "public").await;
    let plan = make(&frankfurt, complete_plan(&["frankfurt"])).await;
    let id = plan.rsplit('/').next().unwrap();
    let decline = json!({"plan": id, "reason": {"en": "Too narrow"}});
    let path = format!("/v1/contributions/{lesson}/decline");
    let told = async |client: &Client| {
        let list = format!("/v1/contributions/{lesson}/declines");
        let list = client.get(&list).await.expect(200).items();
        let changes = client.all("/v1/changes?type=decline&limit=1000").await;
        let last = changes.last().map(|it| it["action"].clone());
        (list.len(), uptake(client, &lesson).await.unwrap(), last)
    };
    let pending = ("pending".to_owned(), 0, 0);
    let declined = ("declined".to_owned(), 0, 1);
    assert_eq!(told(&yokohama).await, (0, pending.clone(), None));
    frankfurt.post(&path, decline).await.expect(201);
    // The draft itself stays the proponents' alone.
    yokohama.get(&plan).await.problem("not_found");
    for client in [&frankfurt, &yokohama, &admin] {
        let heard = (1, declined.clone(), Some(json!("created")));
        assert_eq!(told(client).await, heard);
    }
    let change = &yokohama.all("/v1/changes?type=decline").await[0];
    assert_eq!(change["id"], format!("{lesson}/{id}"));
    let read = change["url"]
        .as_str()
        .unwrap()
        .strip_prefix(&app.url)
        .unwrap();
    let read = yokohama.get(read).await.expect(200);
    assert_eq!(read.body["reason"]["en"], "Too narrow");
    assert_eq!(told(&toyota).await, (0, pending.clone(), None));

    // A city that comes to the plan hears it too; who leaves hears no more of it.
    let both = json!({"proponents": ["frankfurt", "yokohama"]});
    frankfurt.patch(&plan, "*", both).await.expect(200);
    let left = json!({"proponents": ["yokohama"]});
    frankfurt.patch(&plan, "*", left).await.expect(200);
    let heard = (0, pending.clone(), Some(json!("deleted")));
    assert_eq!(told(&frankfurt).await, heard);
    // It goes with its plan.
    yokohama.delete(&plan, "*").await.expect(204);
    let heard = (0, pending, Some(json!("deleted")));
    assert_eq!(told(&yokohama).await, heard);
    let last = admin.all("/v1/changes?type=decline").await;
    assert_eq!(last.last().unwrap()["action"], "deleted");
}
