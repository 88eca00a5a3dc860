//! Comments on plans: by whom, on what, and what becomes of them when the plan changes.

use serde_json::{Value, json};

use crate::support::kinds::plan;
use crate::support::plans::{cast, complete_plan, make, to};
use crate::support::{App, Client, Reply};

async fn begun(client: &Client) -> (String, Reply) {
    let body = plan(&["yokohama"], "frankfurt-yokohama");
    let made = client.post("/v1/action-plans", body).await.expect(201);
    (format!("/v1/action-plans/{}", made.id()), made)
}

fn on(pointer: &str) -> Value {
    json!({"pointer": pointer, "text": {"en": "Why?"}})
}

#[tokio::test]
async fn a_comment_is_made_read_changed_settled_and_deleted() {
    let app = App::start().await;
    let owner = app.city_user("yokohama").await;
    let (path, plan) = begun(&owner).await;
    let list = format!("{path}/comments");
    let user = app
        .one("SELECT id FROM users WHERE email = 'planning@yokohama.example'")
        .await;
    let made = owner
        .post(&list, on("/activities/0/title"))
        .await
        .expect(201);
    let at = format!("{list}/{}", made.id());
    assert_eq!(made.header("location"), format!("{}{at}", app.url));
    assert_eq!(made.body["plan"], plan.body["id"]);
    assert_eq!(made.body["pointer"], "/activities/0/title");
    assert_eq!(
        made.body["made_at"],
        json!({"version": 1, "pointer": "/activities/0/title"})
    );
    assert_eq!(made.body["thread"], made.body["id"]);
    assert_eq!(
        (&made.body["city"], &made.body["by"]),
        (&json!("yokohama"), &json!(user))
    );
    assert_eq!(
        (&made.body["resolved"], &made.body["resolved_by"]),
        (&json!(false), &json!(null))
    );
    let read = owner.get(&at).await.expect(200);
    assert_eq!((&read.body, read.etag()), (&made.body, made.etag()));
    assert_eq!(
        owner.get(&list).await.expect(200).items(),
        std::slice::from_ref(&made.body)
    );

    let changed = json!({"text": {"en": "Why not?", "ja": "なぜ？"}, "resolved": true});
    let changed = owner.patch(&at, &made.etag(), changed).await.expect(200);
    assert_eq!(
        changed.body["text"],
        json!({"en": "Why not?", "ja": "なぜ？"})
    );
    assert_eq!(
        (&changed.body["resolved_by"], &changed.body["version"]),
        (&json!(user), &json!(2))
    );
    owner
        .patch(&at, &made.etag(), json!({"resolved": false}))
        .await
        .problem("precondition_failed");
    let open = owner
        .patch(&at, "*", json!({"resolved": false}))
        .await
        .expect(200);
    assert_eq!(open.body["resolved_by"], json!(null));
    let refused = json!({"pointer": "/objectives", "reply_to": made.id(), "city": "essen"});
    let refused = owner.patch(&at, "*", refused).await;
    refused.refused(&[
        ("/city", "read_only"),
        ("/pointer", "immutable"),
        ("/reply_to", "immutable"),
    ]);

    assert_eq!(
        owner.get(&path).await.etag(),
        plan.etag(),
        "the plan stays as it is"
    );
    let events = app
        .rows("SELECT type, action, cities FROM events WHERE type = 'comment' ORDER BY id")
        .await;
    assert_eq!(events.len(), 3);
    assert_eq!(events[0][2].as_deref(), Some("{yokohama}"));
    owner.delete(&at, "*").await.expect(204);
    owner.get(&at).await.problem("not_found");
    assert_eq!(owner.get(&list).await.items().len(), 0);
}

#[tokio::test]
async fn a_comment_is_about_a_place_that_is_there() {
    let app = App::start().await;
    let owner = app.city_user("yokohama").await;
    let (path, _) = begun(&owner).await;
    let list = format!("{path}/comments");
    for place in [
        "",
        "/objectives",
        "/objectives/en",
        "/sdg_relevance/1",
        "/activities/1",
        "/follow_up/indicators/0/target/value",
        "/implementation/stakeholders/0",
        "/proponents/0",
        "/revises/plan",
    ] {
        let made = owner.post(&list, on(place)).await.expect(201);
        assert_eq!(made.body["pointer"], place);
    }
    for nothing in [
        "/objectives/ja",
        "/activities/2",
        "/activities/-",
        "/activities/bus-lanes",
        "/nothing",
    ] {
        let refused = owner.post(&list, on(nothing)).await;
        let refused = refused.refused(&[("/pointer", "nothing_there")]);
        let detail = refused.body["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.contains("in version 1 of the plan"), "{detail}");
    }
    owner
        .post(&list, on("objectives"))
        .await
        .refused(&[("/pointer", "pattern")]);
    let refused = owner.post(&list, json!({"text": {"en": "Why?"}})).await;
    refused.refused(&[("/pointer", "required")]);
    let refused = owner.post(&list, json!({"pointer": "/nothing"})).await;
    refused.refused(&[("/pointer", "nothing_there"), ("/text", "required")]);
}

#[tokio::test]
async fn a_comment_stays_with_its_part_and_tells_where_that_was_once_it_is_gone() {
    let app = App::start().await;
    let owner = app.city_user("yokohama").await;
    let (path, plan) = begun(&owner).await;
    let list = format!("{path}/comments");
    let made = owner
        .post(&list, on("/activities/1/title/en"))
        .await
        .expect(201);
    let at = format!("{list}/{}", made.id());
    let mut activities = plan.body["activities"].clone();
    activities.as_array_mut().unwrap().reverse();
    let moved = owner
        .patch(&path, "*", json!({"activities": activities}))
        .await
        .expect(200);
    let read = owner.get(&at).await.expect(200);
    assert_eq!(read.body["pointer"], "/activities/0/title/en");
    assert_eq!(
        read.body["made_at"],
        json!({"version": 1, "pointer": "/activities/1/title/en"})
    );
    assert_ne!(read.etag(), made.etag(), "it says something else now");

    activities.as_array_mut().unwrap().remove(0);
    owner
        .patch(&path, &moved.etag(), json!({"activities": activities}))
        .await
        .expect(200);
    let read = owner.get(&at).await.expect(200);
    assert_eq!(read.body["pointer"], json!(null));
    assert_eq!(read.body["made_at"]["pointer"], "/activities/1/title/en");
    let settled = owner
        .patch(&at, &read.etag(), json!({"resolved": true}))
        .await
        .expect(200);
    assert_eq!(settled.body["pointer"], json!(null));
    owner
        .request("POST", &format!("{path}/versions/1/restore"))
        .header("If-Match", "*")
        .send()
        .await
        .expect(200);
    assert_eq!(
        owner.get(&at).await.body["pointer"],
        "/activities/1/title/en"
    );
}

#[tokio::test]
async fn comments_are_threads() {
    let app = App::start().await;
    let owner = app.city_user("yokohama").await;
    let admin = app.admin().await;
    let (path, _) = begun(&owner).await;
    let (elsewhere, _) = begun(&owner).await;
    let list = format!("{path}/comments");
    let first = owner.post(&list, on("/objectives")).await.expect(201);
    let other = owner.post(&list, on("/context")).await.expect(201);
    let reply = json!({"text": {"en": "Because."}, "reply_to": first.id()});
    let reply = admin.post(&list, reply).await.expect(201);
    assert_eq!(reply.body["pointer"], "/objectives");
    assert_eq!(reply.body["city"], json!(null));
    let last = json!({"pointer": "/risks/0", "text": {"en": "I see."}, "reply_to": reply.id(), "resolved": true});
    let last = owner.post(&list, last).await.expect(201);
    let ids = |query: &str| {
        let (owner, path) = (owner.clone(), format!("{list}?{query}"));
        async move { owner.get(&path).await.expect(200).ids() }
    };
    let thread = format!("thread={}", first.id());
    assert_eq!(ids(&thread).await, [first.id(), reply.id(), last.id()]);
    assert_eq!(
        ids(&format!("{thread}&resolved=false")).await,
        [first.id(), reply.id()]
    );
    assert_eq!(ids("resolved=true").await, [last.id()]);
    assert_eq!(ids("sort=-created_at").await[0], last.id());
    let counted = owner
        .get(&format!("{list}?count=true&limit=1"))
        .await
        .expect(200);
    assert_eq!(counted.body["total"], 4);
    assert_eq!(owner.all(&format!("{list}?limit=1")).await.len(), 4);

    let beyond = json!({"pointer": "", "text": {"en": "?"}, "reply_to": first.id()});
    let refused = owner.post(&format!("{elsewhere}/comments"), beyond).await;
    refused.refused(&[("/reply_to", "unknown_reference")]);
    owner
        .get(&format!("{elsewhere}/comments/{}", first.id()))
        .await
        .problem("not_found");
    let at = |comment: &Reply| format!("{list}/{}", comment.id());
    owner
        .delete(&at(&first), "*")
        .await
        .problem("still_referenced");
    owner.delete(&at(&other), "*").await.expect(204);
    owner.delete(&at(&last), "*").await.expect(204);
    owner.delete(&path, "*").await.expect(204);
    assert_eq!(app.count("action_plan_comments").await, 0);
}

#[tokio::test]
async fn each_city_edits_its_own_comments_and_the_proponents_settle_all() {
    let app = App::start().await;
    let owner = app.city_user("yokohama").await;
    let partner = app.city_user("frankfurt").await;
    let admin = app.admin().await;
    let body = plan(&["yokohama", "frankfurt"], "frankfurt-yokohama");
    let made = owner.post("/v1/action-plans", body).await.expect(201);
    let list = format!("/v1/action-plans/{}/comments", made.id());
    let made = partner.post(&list, on("/objectives")).await.expect(201);
    let at = format!("{list}/{}", made.id());
    let text = json!({"text": {"en": "Other words"}});
    for other in [&owner, &admin] {
        other
            .patch(&at, "*", text.clone())
            .await
            .refused(&[("/text", "not_yours")]);
        other
            .patch(&at, "*", json!({"resolved": true}))
            .await
            .expect(200);
        other
            .patch(&at, "*", json!({"resolved": false}))
            .await
            .expect(200);
    }
    owner.delete(&at, "*").await.problem("forbidden");
    partner.patch(&at, "*", text).await.expect(200);

    let other = owner.post(&list, on("/context")).await.expect(201);
    // Who proposes it no more reads the comments no more, but for the threads in which it has spoken.
    app.run(
        "DELETE FROM action_plan_proponents WHERE city = 'frankfurt'; \
        UPDATE action_plans SET proponents = '{yokohama}', \
            document = (document::jsonb || '{\"proponents\": [\"yokohama\"]}')::json",
    )
    .await;
    assert_eq!(partner.get(&list).await.expect(200).ids(), [made.id()]);
    let other = format!("{list}/{}", other.id());
    partner.get(&other).await.problem("not_found");
    partner
        .patch(&at, "*", json!({"resolved": true}))
        .await
        .expect(200);
    owner
        .patch(&at, "*", json!({"resolved": true}))
        .await
        .expect(200);
    admin.delete(&at, "*").await.expect(204);
}

#[tokio::test]
async fn a_partner_goes_on_reading_the_threads_in_which_it_has_spoken() {
    let app = App::start().await;
    let owner = app.city_user("yokohama").await;
    let partner = app.city_user("frankfurt").await;
    let admin = app.admin().await;
    let made = complete_plan(&["yokohama"]);
    let made = owner.post("/v1/action-plans", made).await.expect(201);
    let path = format!("/v1/action-plans/{}", made.id());
    let list = format!("{path}/comments");
    let bring = async |client: &Client, to: &str| {
        let body = json!({"to": to, "comment": "So."});
        let path = format!("{path}/transitions");
        client.post(&path, body).await.expect(200)
    };
    bring(&owner, "submitted").await;
    let asked = partner.post(&list, on("/activities/0")).await.expect(201);
    let answer = |text: &str, to: &Reply| json!({"text": {"en": text}, "reply_to": to.id()});
    let begun = owner.post(&list, on("/context")).await.expect(201);
    let said = answer("Yes.", &begun);
    let said = partner.post(&list, said).await.expect(201);
    let alone = owner.post(&list, on("/risks")).await.expect(201);
    assert_eq!(partner.get(&list).await.items().len(), 4);

    bring(&admin, "returned").await;
    partner.get(&path).await.problem("not_found");
    let later = answer("Because.", &asked);
    let later = owner.post(&list, later).await.expect(201);
    let own = [asked.id(), begun.id(), said.id(), later.id()];
    let read = partner.get(&format!("{list}?count=true")).await.expect(200);
    assert_eq!((read.ids(), &read.body["total"]), (own.to_vec(), &json!(4)));
    let hidden = format!("{list}/{}", alone.id());
    partner.get(&hidden).await.problem("not_found");
    // Where it stands in the draft is the proponents' alone.
    let mut activities = made.body["activities"].clone();
    let other = json!({"key": "other", "title": {"en": "Other"}});
    activities.as_array_mut().unwrap().insert(0, other);
    let moved = json!({"activities": activities});
    owner.patch(&path, "*", moved).await.expect(200);
    let at = format!("{list}/{}", asked.id());
    let read = partner.get(&at).await.expect(200);
    assert_eq!(read.body["pointer"], "/activities/0");
    assert_eq!(owner.get(&at).await.body["pointer"], "/activities/1");
    // It settles and takes back what it said, and says nothing new.
    let settled = json!({"resolved": true});
    let settled = partner.patch(&at, &read.etag(), settled).await.expect(200);
    assert_eq!(settled.body["resolved_by_city"], "frankfurt");
    let others = format!("{list}/{}", begun.id());
    let refused = partner.patch(&others, "*", json!({"resolved": true})).await;
    refused.refused(&[("/resolved", "not_yours")]);
    let more = partner.post(&list, answer("And?", &asked)).await;
    more.conflict("comments_closed", &[]);
    let more = partner.post(&list, on("/nothing")).await;
    more.conflict("comments_closed", &[]);
    let said = format!("{list}/{}", said.id());
    partner.delete(&said, "*").await.expect(204);
    partner.get(&others).await.problem("not_found");

    // Also when everybody reads the plan.
    let before = json!({"activities": made.body["activities"]});
    owner.patch(&path, "*", before).await.expect(200);
    bring(&owner, "submitted").await;
    assert_eq!(partner.get(&list).await.items().len(), 4);
    bring(&admin, "approved").await;
    partner.get(&path).await.expect(200);
    let read = partner.get(&list).await.expect(200);
    assert_eq!(read.ids(), [asked.id(), later.id()]);
    let more = partner.post(&list, answer("And?", &asked)).await;
    more.conflict("comments_closed", &[]);
    let third = app.city_user("toyota").await;
    third.get(&list).await.problem("not_found");
    third.get(&at).await.problem("not_found");
}

#[tokio::test]
async fn who_reads_a_published_plan_and_cannot_comment_on_it_is_told_why() {
    let (app, owner, partner, admin) = cast().await;
    let path = make(&owner, complete_plan(&["frankfurt"])).await;
    let list = format!("{path}/comments");
    let third = app.city_user("toyota").await;
    for client in [&partner, &third] {
        client.post(&list, on("")).await.problem("not_found");
    }
    to(&owner, &path, "submitted").await.expect(200);
    to(&admin, &path, "approved").await.expect(200);
    // Neither has ever spoken there; both read it.
    for dry in ["", "?dryrun=true"] {
        let list = format!("{list}{dry}");
        let reply = partner.post(&list, on("")).await;
        reply.conflict("comments_closed", &[]);
        third.post(&list, on("")).await.problem("forbidden");
    }
    let anonymous = app.anonymous().post(&list, on("")).await;
    anonymous.problem("unauthenticated");
    partner.get(&list).await.problem("not_found");
    assert_eq!(app.count("action_plan_comments").await, 0);
}

#[tokio::test]
async fn comments_are_to_others_as_if_they_did_not_exist() {
    let app = App::start().await;
    let owner = app.city_user("yokohama").await;
    let (path, _) = begun(&owner).await;
    let list = format!("{path}/comments");
    let made = owner.post(&list, on("/objectives")).await.expect(201);
    let at = format!("{list}/{}", made.id());
    let anonymous = app.anonymous();
    for hidden in [&list, &at] {
        anonymous.get(hidden).await.problem("unauthenticated");
    }
    for stranger in [
        app.city_user("toyota").await,
        app.city_user("frankfurt").await,
    ] {
        for hidden in [
            list.clone(),
            at.clone(),
            format!("{list}?count=true"),
            format!("{list}?format=ndjson"),
            format!("{list}?since=2019-01-01T00:00:00Z"),
        ] {
            stranger.get(&hidden).await.problem("not_found");
        }
        let tagged = stranger
            .request("GET", &at)
            .header("If-None-Match", &made.etag());
        tagged.send().await.problem("not_found");
        for path in [list.clone(), format!("{list}?dryrun=true")] {
            let reply = stranger.post(&path, on("/nothing")).await;
            reply.problem("not_found");
        }
        let reply = stranger.patch(&at, "*", json!({"resolved": true})).await;
        reply.problem("not_found");
        stranger.delete(&at, "*").await.problem("not_found");
    }
    // Neither is it one to be answered from elsewhere.
    let partner = app.city_user("frankfurt").await;
    let own = json!({"proponents": ["frankfurt"], "pairing": "frankfurt-yokohama"});
    let own = partner.post("/v1/action-plans", own).await.expect(201);
    let reply = json!({"pointer": "", "text": {"en": "?"}, "reply_to": made.id()});
    let own = format!("/v1/action-plans/{}/comments", own.id());
    let refused = partner.post(&own, reply).await;
    refused.refused(&[("/reply_to", "unknown_reference")]);
}

#[tokio::test]
async fn a_comment_whose_place_has_moved_has_another_etag() {
    let app = App::start().await;
    let owner = app.city_user("yokohama").await;
    let (path, first) = begun(&owner).await;
    let list = format!("{path}/comments");
    let made = owner.post(&list, on("/activities/1")).await.expect(201);
    let one = format!("{list}/{}", made.id());
    let listed = owner.get(&list).await.etag();
    let other = json!({"objectives": {"en": "Elsewhere"}});
    owner.patch(&path, "*", other).await.expect(200);
    assert_eq!(owner.get(&one).await.etag(), made.etag());
    assert_eq!(owner.get(&list).await.etag(), listed);
    let mut activities = first.body["activities"].clone();
    activities.as_array_mut().unwrap().reverse();
    let moved = json!({"activities": activities});
    owner.patch(&path, "*", moved).await.expect(200);
    let read = owner.request("GET", &one);
    let read = read.header("If-None-Match", &made.etag()).send().await;
    let read = read.expect(200);
    assert_eq!(read.body["pointer"], "/activities/0");
    assert_ne!(read.etag(), made.etag());
    assert_ne!(owner.get(&list).await.etag(), listed);
    let settle = json!({"resolved": true});
    owner.patch(&one, &read.etag(), settle).await.expect(200);
}
