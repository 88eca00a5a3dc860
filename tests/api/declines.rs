//! Declines that end with something else, and what the feed tells of whose they are.

use serde_json::{Value, json};

use crate::support::kinds::{bare_plan, contribution};
use crate::support::plans::{make, to};
use crate::support::{App, Client, Kind};

/// Frankfurt shares a lesson with Yokohama, whose plan declines it; the paths of the lesson and of the plan.
async fn declined(frankfurt: &Client, yokohama: &Client, question: &str) -> (String, String) {
    let lesson = contribution("frankfurt", question, "partner");
    let lesson = frankfurt.post("/v1/contributions", lesson).await;
    let lesson = format!("/v1/contributions/{}", lesson.expect(201).id());
    let plan = make(yokohama, bare_plan("yokohama", "frankfurt-yokohama")).await;
    decline(yokohama, &lesson, &plan, "Too dear").await;
    (lesson, plan)
}

async fn decline(by: &Client, lesson: &str, plan: &str, reason: &str) {
    let plan = plan.rsplit('/').next().unwrap();
    let said = json!({"plan": plan, "reason": {"en": reason}});
    let said = by.post(&format!("{lesson}/decline"), said).await;
    assert!([200, 201].contains(&said.status), "{said}");
}

/// What the feed tells the caller of declines: action, city and whether it was told whose doing it was.
async fn told(caller: &Client) -> Vec<String> {
    let page = caller.get("/v1/changes?limit=1000&type=decline").await;
    let told = |it: &Value| {
        let text = |name: &str| it[name].as_str().unwrap_or("nobody").to_owned();
        format!("{} {} {}", text("action"), text("city"), text("by"))
    };
    page.expect(200).items().iter().map(told).collect()
}

async fn id_of(person: &Client) -> String {
    let me = person.get("/v1/me").await.expect(200);
    me.body["user"]["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_decline_ends_when_the_plan_leaves_the_lesson_behind() {
    let app = App::start().await;
    let (admin, frankfurt) = (app.admin().await, app.city_user("frankfurt").await);
    let yokohama = app.city_user("yokohama").await;
    let mut other = (Kind::named("pairing").new)();
    other["id"] = json!("umea-yokohama");
    other["jp_cities"] = json!(["yokohama"]);
    let other = admin.post("/v1/pairings", other).await.expect(201);
    let (lesson, plan) = declined(&frankfurt, &yokohama, "good-practices").await;
    let mut both = bare_plan("yokohama", "frankfurt-yokohama");
    both["proponents"] = json!(["frankfurt", "yokohama"]);
    let joint = make(&yokohama, both).await;
    decline(&yokohama, &lesson, &joint, "Too dear for both").await;
    let declines = async || {
        let list = frankfurt.get(&format!("{lesson}/declines")).await;
        list.expect(200).items().len()
    };
    assert_eq!(declines().await, 2);
    let title = json!({"title": {"en": "Another"}});
    yokohama.patch(&plan, "*", title).await.expect(200);
    assert_eq!(declines().await, 2, "an edit leaves it alone");

    let moved = json!({"pairing": other.id()});
    let dry = yokohama
        .patch(&format!("{plan}?dryrun=true"), "*", moved.clone())
        .await
        .expect(200);
    let kinds = dry.body["dry_run"]["events"].as_array().unwrap().clone();
    let kinds: Vec<_> = kinds.iter().map(|it| it["type"].clone()).collect();
    assert_eq!(kinds, ["action_plan", "decline"]);
    yokohama.patch(&plan, "*", moved).await.expect(200);
    assert_eq!(declines().await, 1);
    // With yokohama gone from it, the plan is of the city alone that said it.
    let alone = json!({"proponents": ["frankfurt"]});
    yokohama.patch(&joint, "*", alone).await.expect(200);
    assert_eq!(declines().await, 0);
    let by = id_of(&yokohama).await;
    // The last one was of frankfurt alone by then: yokohama had left the plan.
    let expected = [
        format!("created yokohama {by}"),
        format!("created yokohama {by}"),
        format!("deleted yokohama {by}"),
        format!("deleted frankfurt {by}"),
    ];
    assert_eq!(told(&frankfurt).await, expected);
}

#[tokio::test]
async fn the_feed_tells_whose_decline_it_is_and_who_ended_it() {
    let app = App::start().await;
    let (admin, frankfurt) = (app.admin().await, app.city_user("frankfurt").await);
    let yokohama = app.city_user("yokohama").await;
    for (question, ends_with_plan) in [("good-practices", true), ("other-lessons", false)] {
        let (lesson, plan) = declined(&frankfurt, &yokohama, question).await;
        let (who, path, kind) = match ends_with_plan {
            true => (&yokohama, &plan, "action_plan"),
            false => (&frankfurt, &lesson, "contribution"),
        };
        let dry = who.delete(&format!("{path}?dryrun=true"), "*").await;
        let events = dry.expect(200).body["dry_run"]["events"].clone();
        assert_eq!(events.as_array().unwrap().len(), 2, "{events}");
        assert_eq!(
            (&events[0]["type"], &events[1]["type"]),
            (&json!(kind), &json!("decline"))
        );
        assert_eq!(events[1]["action"], "deleted");
        let before = app.events().await;
        who.delete(path, "*").await.expect(204);
        assert_eq!(app.events().await, before + 2);
        for caller in [&admin, &frankfurt, &yokohama] {
            let heard = told(caller).await;
            let last: Vec<_> = heard.iter().rev().take(2).rev().collect();
            let made = format!("created yokohama {}", id_of(&yokohama).await);
            let gone = format!("deleted yokohama {}", id_of(who).await);
            assert_eq!(last, [&made, &gone]);
        }
    }
}

#[tokio::test]
async fn a_plan_that_was_given_up_declines_nothing_more() {
    let app = App::start().await;
    let (frankfurt, yokohama) = (
        app.city_user("frankfurt").await,
        app.city_user("yokohama").await,
    );
    let (lesson, plan) = declined(&frankfurt, &yokohama, "good-practices").await;
    to(&yokohama, &plan, "withdrawn").await.expect(200);
    // As with every write: what is stored already is no change.
    decline(&yokohama, &lesson, &plan, "Too dear").await;
    let id = plan.rsplit('/').next().unwrap();
    let other = json!({"plan": id, "reason": {"en": "Too narrow"}});
    let path = format!("{lesson}/decline");
    let refused = yokohama.post(&path, other.clone()).await;
    refused.problem("plan_withdrawn");
    to(&yokohama, &plan, "draft").await.expect(200);
    yokohama.post(&path, other).await.expect(200);
}
