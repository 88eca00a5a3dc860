//! Round tables: who reads what a city contributes, how the answers stand together, and how a plan declines a lesson.

use serde_json::{Value, json};

use crate::support::client::id_of;
use crate::support::kinds::{bare_plan, contribution};
use crate::support::snapshot::assert_reply;
use crate::support::{App, Client, Reply};

const PATH: &str = "/v1/contributions";

async fn contribute(by: &Client, body: Value) -> String {
    let made = by.post(PATH, body).await.expect(201);
    format!("{PATH}/{}", made.id())
}

fn at_first_meeting(city: &str, question: &str, visibility: &str) -> Value {
    let mut body = contribution(city, question, visibility);
    body["meeting"] = json!("exchange-meeting-1");
    body
}

/// Ids and total of a list, checked to be the same in a page, an export and a count.
async fn listed(by: &Client, query: &str) -> Vec<String> {
    let page = by
        .get(&format!("{PATH}?count=true{query}"))
        .await
        .expect(200);
    assert_eq!(page.body["total"], page.items().len(), "{page}");
    let export = by
        .get(&format!("{PATH}?format=ndjson{query}"))
        .await
        .expect(200);
    let ids: Vec<String> = export.exported().iter().map(id_of).collect();
    assert_eq!(ids, page.ids(), "{query}");
    ids.into_iter().map(|id| format!("{PATH}/{id}")).collect()
}

#[tokio::test]
async fn a_contribution_is_read_by_those_it_is_shared_with_and_by_nobody_else() {
    let app = App::start().await;
    let admin = app.admin().await;
    // Umeå is a partner that took no part in the meeting; a pairing that was given up is one still.
    let pairing = json!({"id": "umea-yokohama", "programme": "iuc-japan", "number": 9, "eu_cities": ["umea"],
        "jp_cities": ["yokohama"], "joined_year": 2019, "subjects": [], "status": "withdrawn"});
    admin.post("/v1/pairings", pairing).await.expect(201);
    let yokohama = app.city_user("yokohama").await;
    let mut paths = Vec::new();
    for (question, visibility) in [
        ("good-practices", "partner"),
        ("innovative-ideas", "participants"),
        ("other-lessons", "public"),
    ] {
        paths.push(
            contribute(
                &yokohama,
                at_first_meeting("yokohama", question, visibility),
            )
            .await,
        );
    }
    let missing = format!("{PATH}/0198d3b4-7e8d-7c1a-9d53-3a4b5c6d7e8f");
    let events = app.events().await;
    for (name, client, seen) in [
        ("admin", admin.clone(), [true, true, true]),
        ("yokohama", yokohama, [true, true, true]),
        (
            "frankfurt, partner and participant",
            app.city_user("frankfurt").await,
            [true, true, true],
        ),
        (
            "umea, partner",
            app.city_user("umea").await,
            [true, false, true],
        ),
        (
            "essen, participant",
            app.city_user("essen").await,
            [false, true, true],
        ),
        (
            "toyota, stranger",
            app.city_user("toyota").await,
            [false, false, true],
        ),
        ("anonymous", app.anonymous(), [false, false, true]),
    ] {
        let visible: Vec<String> = paths
            .iter()
            .zip(seen)
            .filter(|(_, seen)| *seen)
            .map(|(path, _)| path.clone())
            .collect();
        for query in [
            "",
            "&city=yokohama",
            "&meeting=exchange-meeting-1,exchange-meeting-2",
            "&visibility=partner,participants,public",
            "&question=good-practices,innovative-ideas,other-lessons",
            "&since=2018-01-01T00:00:00Z",
        ] {
            assert_eq!(listed(&client, query).await, visible, "{name} {query}");
        }
        assert_eq!(
            listed(&client, "&visibility=partner").await.len(),
            usize::from(seen[0]),
            "{name}"
        );
        let table = client
            .get("/v1/meetings/exchange-meeting-1/round-table")
            .await
            .expect(200);
        let answers = table.body["questions"].as_array().unwrap().iter();
        let answers: Vec<String> = answers
            .flat_map(|question| question["answers"].as_array().unwrap())
            .map(|answer| format!("{PATH}/{}", answer["contribution"].as_str().unwrap()))
            .collect();
        assert_eq!(answers, visible, "{name}");
        for (path, seen) in paths.iter().zip(seen) {
            let own = ["admin", "yokohama"].contains(&name);
            for suffix in [
                "",
                "?fields=id",
                "?include=cities,meetings,key_questions",
                "/declines",
            ] {
                let reply = client.get(&format!("{path}{suffix}")).await;
                let status = match (seen, suffix) {
                    // What plans say of it is nobody's who has not signed in.
                    (_, "/declines") if client.token.is_none() => 401,
                    (true, _) => 200,
                    (false, _) => 404,
                };
                assert_eq!(reply.status, status, "{name} {reply}");
            }
            if seen {
                if !own && client.token.is_some() {
                    client
                        .patch(path, "*", json!({"visibility": "public"}))
                        .await
                        .problem("forbidden");
                    client.delete(path, "*").await.problem("forbidden");
                }
                continue;
            }
            for method in ["GET", "HEAD"] {
                for condition in ["*", "\"1\""] {
                    let ask = async |path: &str| {
                        let request = client.request(method, path);
                        request.header("If-None-Match", condition).send().await
                    };
                    assert_same(&ask(path).await, &ask(&missing).await);
                }
            }
            if client.token.is_some() {
                for etag in ["*", "\"1\""] {
                    let patch = || json!({"visibility": "public"});
                    assert_same(
                        &client.patch(path, etag, patch()).await,
                        &client.patch(&missing, etag, patch()).await,
                    );
                    assert_same(
                        &client.delete(path, etag).await,
                        &client.delete(&missing, etag).await,
                    );
                }
                let body = || json!({"plan": "0198d3b4-7e8d-7c1a-9d53-3a4b5c6d7e8f", "reason": {"en": "No"}});
                assert_same(
                    &client.post(&format!("{path}/decline"), body()).await,
                    &client.post(&format!("{missing}/decline"), body()).await,
                );
            }
        }
    }
    assert_eq!(app.events().await, events);
}

/// Two answers that nobody can tell apart.
fn assert_same(hidden: &Reply, missing: &Reply) {
    let bare = |reply: &Reply| {
        let mut body = reply.body.clone();
        body["instance"] = Value::Null;
        body["request_id"] = Value::Null;
        (reply.status, body)
    };
    assert_eq!(hidden.status, 404, "{hidden}");
    assert_eq!(bare(hidden), bare(missing), "{hidden}");
}

#[tokio::test]
async fn sharing_less_or_leaving_a_pairing_hides_a_contribution_on_the_next_request() {
    let app = App::start().await;
    let admin = app.admin().await;
    let (yokohama, frankfurt) = (
        app.city_user("yokohama").await,
        app.city_user("frankfurt").await,
    );
    let path = contribute(
        &yokohama,
        contribution("yokohama", "good-practices", "public"),
    )
    .await;
    app.anonymous().get(&path).await.expect(200);
    yokohama
        .patch(&path, "*", json!({"visibility": "partner"}))
        .await
        .expect(200);
    app.anonymous().get(&path).await.problem("not_found");
    frankfurt.get(&path).await.expect(200);
    let another = json!({"eu_cities": ["essen"]});
    admin
        .patch("/v1/pairings/frankfurt-yokohama", "*", another)
        .await
        .expect(200);
    frankfurt.get(&path).await.problem("not_found");
    assert!(listed(&frankfurt, "").await.is_empty());
    app.city_user("essen").await.get(&path).await.expect(200);
}

#[tokio::test]
async fn a_city_answers_in_its_own_name_at_meetings_that_it_takes_part_in() {
    let app = App::start().await;
    let (admin, umea) = (app.admin().await, app.city_user("umea").await);
    for visibility in ["partner", "participants", "public"] {
        let others = contribution("kamakura", "good-practices", visibility);
        umea.post(PATH, others).await.problem("forbidden");
    }
    for client in [&umea, &admin] {
        let absent = at_first_meeting("umea", "good-practices", "public");
        client
            .post(PATH, absent)
            .await
            .refused(&[("/city", "not_in_meeting")]);
    }
    let mut unknown = contribution("umea", "how-are-you", "public");
    unknown["meeting"] = json!("exchange-meeting-9");
    umea.post(PATH, unknown).await.refused(&[
        ("/meeting", "unknown_reference"),
        ("/question", "unknown_reference"),
    ]);
    let mut wrong = contribution("umea", "good-practices", "everybody");
    wrong["text"] = json!({});
    wrong["author"] = json!("me");
    umea.post(PATH, wrong).await.refused(&[
        ("/author", "unknown_field"),
        ("/text", "too_few"),
        ("/visibility", "not_allowed_value"),
    ]);
    assert_eq!(app.count("contributions").await, 0);
    contribute(&admin, contribution("kamakura", "good-practices", "public")).await;
}

#[tokio::test]
async fn a_city_answers_each_question_of_a_meeting_once() {
    let app = App::start().await;
    let (umea, kamakura) = (app.city_user("umea").await, app.city_user("kamakura").await);
    let body = |city: &str| contribution(city, "good-practices", "partner");
    let first = contribute(&umea, body("umea")).await;
    let again = umea
        .post(PATH, body("umea"))
        .await
        .problem("already_exists");
    assert_eq!(
        again.faults(),
        [("/question".to_owned(), "already_used".to_owned())]
    );
    contribute(&kamakura, body("kamakura")).await;
    let mut later = body("umea");
    later["meeting"] = json!("exchange-meeting-4");
    contribute(&umea, later).await;
    umea.delete(&first, "*").await.expect(204);
    contribute(&umea, body("umea")).await;
}

#[tokio::test]
async fn meeting_question_and_city_of_a_contribution_never_change() {
    let app = App::start().await;
    let (admin, umea) = (app.admin().await, app.city_user("umea").await);
    let path = contribute(&umea, contribution("umea", "good-practices", "public")).await;
    let moved = json!({"meeting": "exchange-meeting-4", "question": "other-lessons"});
    umea.patch(&path, "*", moved)
        .await
        .refused(&[("/meeting", "immutable"), ("/question", "immutable")]);
    // Nor is it looked up what they shall become.
    let unknown = json!({"meeting": "nowhere", "question": "nothing"});
    umea.patch(&path, "*", unknown)
        .await
        .refused(&[("/meeting", "immutable"), ("/question", "immutable")]);
    let given = json!({"city": "kamakura"});
    umea.patch(&path, "*", given.clone())
        .await
        .problem("forbidden");
    admin
        .patch(&path, "*", given)
        .await
        .refused(&[("/city", "immutable")]);
}

#[tokio::test]
async fn who_has_answered_stays_in_the_meeting_and_the_question_on_the_list() {
    let app = App::start().await;
    let (admin, umea) = (app.admin().await, app.city_user("umea").await);
    let mut body = contribution("umea", "good-practices", "partner");
    let webinar = json!({"id": "webinar-1", "programme": "iuc-japan", "kind": "webinar",
        "title": {"en": "Buses"}, "status": "planned", "cities": ["umea", "kamakura"]});
    admin.post("/v1/meetings", webinar).await.expect(201);
    body["meeting"] = json!("webinar-1");
    let path = contribute(&umea, body).await;
    let meeting = "/v1/meetings/webinar-1";
    let held = |reply: Reply| {
        let reply = reply.problem("still_referenced");
        assert_eq!(
            reply.faults(),
            [(String::new(), "referenced_by".to_owned())]
        );
        let detail = reply.body["errors"][0]["detail"].as_str().unwrap();
        let id = path.rsplit('/').next().unwrap();
        assert_eq!(detail, format!("Still named by contribution {id}."));
    };
    held(
        admin
            .patch(meeting, "*", json!({"cities": ["kamakura"]}))
            .await,
    );
    held(admin.delete(meeting, "*").await);
    held(admin.delete("/v1/key-questions/good-practices", "*").await);
    admin
        .patch(meeting, "*", json!({"cities": ["umea"]}))
        .await
        .expect(200);
    umea.delete(&path, "*").await.expect(204);
    admin
        .patch(meeting, "*", json!({"cities": ["kamakura"]}))
        .await
        .expect(200);
    admin.delete(meeting, "*").await.expect(204);
    admin
        .delete("/v1/key-questions/good-practices", "*")
        .await
        .expect(204);
}

#[tokio::test]
async fn a_key_of_another_system_is_one_contribution_of_a_city() {
    let app = App::start().await;
    let (umea, kamakura) = (app.city_user("umea").await, app.city_user("kamakura").await);
    let with = |city: &str, question: &str, keys: &[&str]| {
        let mut body = contribution(city, question, "partner");
        let refs: Vec<Value> = keys
            .iter()
            .map(|key| json!({"system": "cms", "key": key}))
            .collect();
        body["external_refs"] = json!(refs);
        body
    };
    let first = contribute(&umea, with("umea", "good-practices", &["a", "b"])).await;
    contribute(&kamakura, with("kamakura", "good-practices", &["a"])).await;
    let taken = umea
        .post(PATH, with("umea", "other-lessons", &["c", "b"]))
        .await;
    let taken = taken.problem("already_exists");
    assert_eq!(
        taken.faults(),
        [("/external_refs".to_owned(), "already_used".to_owned())]
    );
    let kept = json!({"external_refs": [{"system": "cms", "key": "a"}]});
    umea.patch(&first, "*", kept).await.expect(200);
    let second = contribute(&umea, with("umea", "other-lessons", &["c", "b"])).await;
    umea.delete(&second, "*").await.expect(204);
    let rows = "SELECT city || ' ' || key FROM contribution_refs ORDER BY 1";
    let rows: Vec<_> = app
        .rows(rows)
        .await
        .into_iter()
        .flatten()
        .flatten()
        .collect();
    assert_eq!(rows, ["kamakura a", "umea a"]);
    let twice = with("umea", "innovative-ideas", &["x", "x"]);
    umea.post(PATH, twice)
        .await
        .refused(&[("/external_refs", "not_unique")]);
}

#[tokio::test]
async fn a_round_table_shows_all_questions_in_order_and_the_cities_as_the_meeting_lists_them() {
    let app = App::start().await;
    let admin = app.admin().await;
    for (city, question) in [
        ("kamakura", "good-practices"),
        ("yokohama", "good-practices"),
        ("frankfurt", "good-practices"),
        ("ikoma", "suggestions-to-programme"),
    ] {
        contribute(&admin, contribution(city, question, "public")).await;
    }
    contribute(
        &admin,
        at_first_meeting("essen", "good-practices", "public"),
    )
    .await;
    let path = "/v1/meetings/exchange-meeting-3/round-table";
    let table = app.anonymous().get(path).await.expect(200);
    assert_reply!(table);
    let with = app
        .anonymous()
        .get(&format!("{path}?include=cities,key_questions"))
        .await
        .expect(200);
    let included = |kind: &str| with.body["included"][kind].as_object().unwrap().len();
    assert_eq!((included("cities"), included("key_questions")), (4, 8));
    app.anonymous()
        .get(&format!("{path}?include=plans"))
        .await
        .refused(&[("include", "not_allowed_value")]);
    assert!(table.etag().starts_with("W/"), "{table}");
    let again = app
        .anonymous()
        .request("GET", path)
        .header("If-None-Match", &table.etag());
    again.send().await.expect(304);
    contribute(&admin, contribution("umea", "good-practices", "partner")).await;
    let again = app
        .anonymous()
        .request("GET", path)
        .header("If-None-Match", &table.etag());
    again.send().await.expect(304);
    let umea = app
        .city_user("umea")
        .await
        .request("GET", path)
        .header("If-None-Match", &table.etag());
    umea.send().await.expect(200);
    app.anonymous()
        .get("/v1/meetings/exchange-meeting-9/round-table")
        .await
        .problem("not_found");
}

/// A lesson that Frankfurt shares with its partners, and a plan of Yokohama.
async fn lesson_and_plan(app: &App) -> (String, String) {
    let (frankfurt, yokohama) = (
        app.city_user("frankfurt").await,
        app.city_user("yokohama").await,
    );
    let lesson = contribute(
        &frankfurt,
        contribution("frankfurt", "good-practices", "partner"),
    )
    .await;
    let plan = bare_plan("yokohama", "frankfurt-yokohama");
    let plan = yokohama.post("/v1/action-plans", plan).await.expect(201);
    (lesson, plan.id())
}

fn decline(plan: &str, reason: &str) -> Value {
    json!({"plan": plan, "reason": {"en": reason}})
}

#[tokio::test]
async fn a_plan_declines_a_lesson_with_a_reason_that_can_be_replaced() {
    let app = App::start().await;
    let (lesson, plan) = lesson_and_plan(&app).await;
    let yokohama = app.city_user("yokohama").await;
    let path = format!("{lesson}/decline");
    let events = app.events().await;
    let dry = yokohama
        .post(&format!("{path}?dryrun=true"), decline(&plan, "Too dear"))
        .await
        .expect(200);
    assert_eq!(dry.body["dry_run"]["events"][0]["action"], "created");
    assert_eq!(
        (app.events().await, app.count("contribution_declines").await),
        (events, 0)
    );
    let first = yokohama
        .post(&path, decline(&plan, "Too dear"))
        .await
        .expect(201);
    assert_eq!(
        first.header("location"),
        format!("{}{lesson}/declines/{plan}", app.url)
    );
    assert_reply!(first);
    let same = yokohama
        .post(&path, decline(&plan, "Too dear"))
        .await
        .expect(200);
    assert_eq!(same.body, first.body);
    assert_eq!(app.events().await, events + 1);
    let next = yokohama
        .post(&path, decline(&plan, "Too narrow"))
        .await
        .expect(200);
    assert_eq!(next.body["reason"]["en"], "Too narrow");
    let rows = "SELECT action, version, resource, cities::text, change FROM events WHERE type = 'decline' ORDER BY id";
    let rows = app.rows(rows).await;
    let id = lesson.rsplit('/').next().unwrap();
    let of = |row: &[Option<String>]| {
        row[..4]
            .iter()
            .flatten()
            .cloned()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let resource = format!("{id}/{plan} {{frankfurt,yokohama}}");
    assert_eq!(of(&rows[0]), format!("created 1 {resource}"));
    assert_eq!(of(&rows[1]), format!("updated 2 {resource}"));
    let change = rows[1][4].clone().unwrap();
    assert!(
        change.contains("/reason/en") && change.contains("Too narrow"),
        "{change}"
    );
    let list = yokohama
        .get(&format!("{lesson}/declines"))
        .await
        .expect(200);
    assert_eq!(list.items(), [next.body]);
}

#[tokio::test]
async fn declining_keeps_the_promises_of_every_write() {
    let app = App::start().await;
    let (lesson, plan) = lesson_and_plan(&app).await;
    let yokohama = app.city_user("yokohama").await;
    let path = format!("{lesson}/decline");
    let keyed = async |body: Value| {
        let request = yokohama
            .request("POST", &path)
            .header("Idempotency-Key", "k");
        request.json(&body).send().await
    };
    let first = keyed(decline(&plan, "Too dear")).await.expect(201);
    let again = keyed(decline(&plan, "Too dear")).await.expect(201);
    assert_eq!(
        (again.header("idempotent-replayed"), &again.bytes),
        ("true", &first.bytes)
    );
    keyed(decline(&plan, "Other"))
        .await
        .problem("idempotency_key_reused");
    let matching = async |etag: &str| {
        let request = yokohama.request("POST", &path).header("If-Match", etag);
        request.json(&decline(&plan, etag)).send().await
    };
    matching("\"99\"").await.problem("precondition_failed");
    matching(&yokohama.get(&lesson).await.etag())
        .await
        .expect(200);
    let minimal = yokohama
        .request("POST", &path)
        .header("Prefer", "return=minimal");
    let minimal = minimal
        .json(&decline(&plan, "Spared"))
        .send()
        .await
        .expect(204);
    assert_eq!(minimal.header("preference-applied"), "return=minimal");
    let wrong = json!({"plan": 7, "reason": {}, "because": "x"});
    yokohama.post(&path, wrong).await.refused(&[
        ("/because", "unknown_field"),
        ("/plan", "wrong_type"),
        ("/reason", "too_few"),
    ]);
    yokohama
        .request("POST", &path)
        .body("application/json", "{")
        .send()
        .await
        .problem("invalid_json");
    yokohama
        .post(&format!("{path}?draft=true"), decline(&plan, "x"))
        .await
        .problem("invalid_input");
    let many = (0..8).map(|n| {
        let yokohama = yokohama.clone();
        let (path, body) = (path.clone(), decline(&plan, &format!("Reason {n}")));
        async move { yokohama.post(&path, body).await.expect(200) }
    });
    futures_util::future::join_all(many).await;
    let versions =
        "SELECT string_agg(version::text, ' ' ORDER BY version) FROM events WHERE type = 'decline'";
    assert_eq!(app.one(versions).await, "1 2 3 4 5 6 7 8 9 10 11");
}

#[tokio::test]
async fn only_a_plans_proponents_and_admins_decline_for_it_and_others_hear_nothing() {
    let app = App::start().await;
    let (lesson, plan) = lesson_and_plan(&app).await;
    let (admin, frankfurt, yokohama, toyota) = (
        app.admin().await,
        app.city_user("frankfurt").await,
        app.city_user("yokohama").await,
        app.city_user("toyota").await,
    );
    let path = format!("{lesson}/decline");
    for unknown in [plan.as_str(), "0198d3b4-7e8d-7c1a-9d53-3a4b5c6d7e8f"] {
        let reply = frankfurt.post(&path, decline(unknown, "No")).await;
        let reply = reply.refused(&[("/plan", "unknown_reference")]);
        let detail = format!("There is no action plan with the id {unknown}.");
        assert_eq!(reply.body["errors"][0]["detail"], detail);
    }
    toyota
        .post(&path, decline(&plan, "No"))
        .await
        .problem("not_found");
    app.anonymous()
        .post(&path, decline(&plan, "No"))
        .await
        .problem("unauthenticated");
    admin
        .post(&path, decline(&plan, "Said on the phone"))
        .await
        .expect(201);
    let public = json!({"visibility": "public"});
    frankfurt.patch(&lesson, "*", public).await.expect(200);
    for (client, heard) in [(&admin, 1), (&frankfurt, 1), (&yokohama, 1), (&toyota, 0)] {
        let list = client.get(&format!("{lesson}/declines")).await.expect(200);
        assert_eq!(list.items().len(), heard, "{list}");
        let one = client.get(&format!("{lesson}/declines/{plan}")).await;
        one.expect(if heard == 1 { 200 } else { 404 });
    }
    let list = app.anonymous().get(&format!("{lesson}/declines")).await;
    list.problem("unauthenticated");
}

#[tokio::test]
async fn a_decline_is_taken_back_by_who_said_it() {
    let app = App::start().await;
    let (lesson, plan) = lesson_and_plan(&app).await;
    let (frankfurt, yokohama) = (
        app.city_user("frankfurt").await,
        app.city_user("yokohama").await,
    );
    let uptake = async || {
        let flow = yokohama.get("/v1/pairings/frankfurt-yokohama/flow").await;
        let id = lesson.rsplit('/').next().unwrap().to_owned();
        let lessons = flow.body["lessons"].as_array().unwrap().clone();
        let lesson = lessons.iter().find(|it| it["source"]["id"] == json!(id));
        lesson.unwrap()["uptake"].as_str().unwrap().to_owned()
    };
    let said = decline(&plan, "Too dear");
    let said = yokohama.post(&format!("{lesson}/decline"), said).await;
    let said = said.expect(201);
    let at = said
        .header("location")
        .strip_prefix(&app.url)
        .unwrap()
        .to_owned();
    let read = yokohama.get(&at).await.expect(200);
    assert_eq!((&read.body, read.etag()), (&said.body, said.etag()));
    assert_eq!(uptake().await, "declined");
    let bare = yokohama.request("DELETE", &at).send().await;
    bare.problem("precondition_required");
    yokohama
        .delete(&at, "\"7.0\"")
        .await
        .problem("precondition_failed");
    // The city whose lesson it is hears it, and does not answer for the plan.
    frankfurt.get(&at).await.expect(200);
    frankfurt.delete(&at, "*").await.problem("forbidden");
    let toyota = app.city_user("toyota").await;
    toyota.delete(&at, "*").await.problem("not_found");
    let dry = yokohama.delete(&format!("{at}?dryrun=true"), "*").await;
    assert_eq!(dry.body["dry_run"]["events"][0]["action"], "deleted");
    assert_eq!(uptake().await, "declined");
    yokohama.delete(&at, &said.etag()).await.expect(204);
    yokohama.get(&at).await.problem("not_found");
    yokohama.delete(&at, "*").await.problem("not_found");
    assert_eq!(uptake().await, "pending");
    let told = "SELECT action, version, cities::text FROM events WHERE type = 'decline' ORDER BY id DESC LIMIT 1";
    let told = app.rows(told).await[0].clone();
    let told: Vec<_> = told.into_iter().flatten().collect();
    assert_eq!(told, ["deleted", "2", "{frankfurt,yokohama}"]);
    let again = decline(&plan, "Too dear");
    let again = yokohama.post(&format!("{lesson}/decline"), again).await;
    again.expect(201);
}

#[tokio::test]
async fn a_plan_declines_what_others_said_and_not_its_own_city() {
    let app = App::start().await;
    let (lesson, _) = lesson_and_plan(&app).await;
    let frankfurt = app.city_user("frankfurt").await;
    let mut plan = bare_plan("frankfurt", "frankfurt-yokohama");
    let alone = frankfurt.post("/v1/action-plans", plan.clone()).await;
    let path = format!("{lesson}/decline");
    let refused = frankfurt.post(&path, decline(&alone.id(), "No")).await;
    let refused = refused.refused(&[("/plan", "own_lesson")]);
    let detail = refused.body["errors"][0]["detail"].as_str().unwrap();
    assert!(detail.contains("writes the plan alone"), "{detail}");
    // With another city beside it, that one has something to learn.
    plan["proponents"] = json!(["frankfurt", "yokohama"]);
    let joint = frankfurt.post("/v1/action-plans", plan).await;
    let said = frankfurt.post(&path, decline(&joint.id(), "No")).await;
    said.expect(201);
}

#[tokio::test]
async fn a_plan_does_not_decline_what_it_names_as_a_source() {
    let app = App::start().await;
    let (lesson, plan) = lesson_and_plan(&app).await;
    let yokohama = app.city_user("yokohama").await;
    let id = lesson.rsplit('/').next().unwrap();
    let path = format!("{lesson}/decline");
    let source = json!({"type": "contribution", "id": id});
    for part in [
        json!({"inputs": {"sources": [source]}}),
        json!({"activities": [{"key": "a", "sources": [source]}]}),
    ] {
        app.run(&format!(
            "UPDATE action_plans SET document = document::jsonb || '{part}'::jsonb WHERE id = '{plan}'"
        ))
        .await;
        yokohama
            .post(&path, decline(&plan, "No"))
            .await
            .problem("cited_as_source");
        let none = json!({"inputs": null, "activities": []});
        app.run(&format!(
            "UPDATE action_plans SET document = document::jsonb || '{none}'::jsonb WHERE id = '{plan}'"
        ))
        .await;
    }
    assert_eq!(app.count("contribution_declines").await, 0);
    yokohama.post(&path, decline(&plan, "No")).await.expect(201);
}

#[tokio::test]
async fn a_decline_goes_with_its_plan_and_with_its_lesson() {
    let app = App::start().await;
    let (lesson, plan) = lesson_and_plan(&app).await;
    let yokohama = app.city_user("yokohama").await;
    let path = format!("{lesson}/decline");
    yokohama.post(&path, decline(&plan, "No")).await.expect(201);
    yokohama
        .delete(&format!("/v1/action-plans/{plan}"), "*")
        .await
        .expect(204);
    let frankfurt = app.city_user("frankfurt").await;
    assert!(
        frankfurt
            .get(&format!("{lesson}/declines"))
            .await
            .items()
            .is_empty()
    );
    let other = yokohama
        .post(
            "/v1/action-plans",
            bare_plan("yokohama", "frankfurt-yokohama"),
        )
        .await;
    yokohama
        .post(&path, decline(&other.id(), "No"))
        .await
        .expect(201);
    frankfurt.delete(&lesson, "*").await.expect(204);
    assert_eq!(app.count("contribution_declines").await, 0);
}
