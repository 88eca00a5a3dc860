//! Things by the keys of the cities' own systems: made, replaced, read and removed, again and again without harm.

use serde_json::{Value, json};

use crate::support::cluster::connect;
use crate::support::kinds::{bare_plan, contribution, knowledge, plan};
use crate::support::plans::cast;
use crate::support::{App, Client, Reply};

const PATH: &str = "/v1/action-plans/by-ref/plans.frankfurt.example/LAP-1";

fn titled(title: &str) -> Value {
    let mut plan = bare_plan("frankfurt", "frankfurt-yokohama");
    plan["title"] = json!({"en": title});
    plan
}

async fn put(client: &Client, path: &str, body: &Value) -> Reply {
    client.request("PUT", path).json(body).send().await
}

async fn put_if(client: &Client, field: &str, value: &str, body: &Value) -> Reply {
    let request = client.request("PUT", PATH).header(field, value);
    request.json(body).send().await
}

#[tokio::test]
async fn a_city_writes_a_plan_by_its_own_key_and_never_has_to_know_the_id() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let made = put(&frankfurt, PATH, &titled("First")).await.expect(201);
    let canonical = format!("{}/v1/action-plans/{}", app.url, made.id());
    assert_eq!(made.header("location"), canonical);
    let reference = json!([{"system": "plans.frankfurt.example", "key": "LAP-1"}]);
    assert_eq!(made.body["external_refs"], reference);
    assert_eq!(made.body, frankfurt.get(&canonical).await.body);

    let read = frankfurt.get(PATH).await.expect(200);
    assert_eq!((&read.body, read.etag()), (&made.body, made.etag()));
    let thin = frankfurt
        .get(&format!("{PATH}?fields=id"))
        .await
        .expect(200);
    assert_eq!(thin.body, json!({"id": made.id()}));
    let request = frankfurt.request("GET", PATH);
    let same = request.header("If-None-Match", &made.etag()).send().await;
    same.expect(304);

    let changed = put(&frankfurt, PATH, &titled("Second")).await.expect(200);
    assert_eq!(
        (changed.id(), &changed.body["version"]),
        (made.id(), &json!(2))
    );
    assert_eq!(admin.get(PATH).await.expect(200).id(), made.id());
    yokohama.get(PATH).await.problem("not_found");

    frankfurt
        .request("DELETE", PATH)
        .send()
        .await
        .problem("precondition_required");
    frankfurt
        .delete(PATH, &made.etag())
        .await
        .problem("precondition_failed");
    frankfurt.delete(PATH, &changed.etag()).await.expect(204);
    frankfurt.delete(PATH, "*").await.problem("not_found");
    frankfurt.get(PATH).await.problem("not_found");
}

#[tokio::test]
async fn what_is_sent_again_unchanged_makes_no_version_also_without_the_keys_of_its_parts() {
    let (app, frankfurt, ..) = cast().await;
    let mut body = plan(&["frankfurt"], "frankfurt-yokohama");
    for part in [
        "/activities/0",
        "/risks/0",
        "/follow_up/indicators/0",
        "/joint_actions/0",
    ] {
        body.pointer_mut(part)
            .unwrap()
            .as_object_mut()
            .unwrap()
            .remove("key");
    }
    body["joint_actions"][0]["with"] = json!(["yokohama"]);
    let made = put(&frankfurt, PATH, &body).await.expect(201);
    let events = app.events().await;
    for _ in 0..2 {
        let again = put(&frankfurt, PATH, &body).await.expect(200);
        assert_eq!((&again.body, again.etag()), (&made.body, made.etag()));
    }
    let whole = put(&frankfurt, PATH, &made.body).await.expect(200);
    assert_eq!(whole.etag(), made.etag());
    assert_eq!(app.events().await, events);
    body["activities"].as_array_mut().unwrap().reverse();
    let moved = put(&frankfurt, PATH, &body).await.expect(200);
    assert_eq!(
        moved.body["activities"][1], made.body["activities"][0],
        "a moved part keeps its key"
    );
}

#[tokio::test]
async fn a_condition_lets_it_be_made_only_or_replaced_only() {
    let (app, frankfurt, ..) = cast().await;
    let body = titled("First");
    for etag in ["*", "\"1.0\""] {
        let reply = put_if(&frankfurt, "If-Match", etag, &body).await;
        reply.problem("precondition_failed");
    }
    assert_eq!(app.count("action_plans").await, 0);
    let made = put_if(&frankfurt, "If-None-Match", "*", &body)
        .await
        .expect(201);
    let again = put_if(&frankfurt, "If-None-Match", "*", &body).await;
    let again = again.problem("precondition_failed");
    assert_eq!(again.etag(), made.etag());
    let told = again.body["detail"].as_str().unwrap();
    assert!(told.starts_with("This is there already"), "{told}");
    let nowhere = frankfurt
        .request("PUT", &format!("{PATH}9"))
        .header("If-Match", "*")
        .header("Accept-Language", "ja");
    let nowhere = nowhere.json(&body).send().await;
    let nowhere = nowhere.problem("precondition_failed");
    let told = nowhere.body["detail"].as_str().unwrap();
    assert!(told.starts_with("ここにはまだ何もなく"), "{told}");
    let other = titled("Second");
    put_if(&frankfurt, "If-Match", "\"1.0\"", &other)
        .await
        .problem("precondition_failed");
    let changed = put_if(&frankfurt, "If-Match", &made.etag(), &other)
        .await
        .expect(200);
    put_if(&frankfurt, "If-Match", &made.etag(), &body)
        .await
        .problem("precondition_failed");
    put_if(&frankfurt, "If-Match", "*", &body).await.expect(200);
    assert_ne!(changed.etag(), made.etag());
}

#[tokio::test]
async fn other_keys_stay_unless_the_body_says_otherwise_and_the_own_is_always_among_them() {
    let (_app, frankfurt, ..) = cast().await;
    let reference = |key: &str| json!({"system": "plans.frankfurt.example", "key": key});
    let mut body = titled("First");
    body["external_refs"] = json!([reference("OLD")]);
    let made = put(&frankfurt, PATH, &body).await.expect(201);
    assert_eq!(
        made.body["external_refs"],
        json!([reference("OLD"), reference("LAP-1")])
    );
    let kept = put(&frankfurt, PATH, &titled("First")).await.expect(200);
    assert_eq!(kept.etag(), made.etag(), "a body without keys keeps them");
    let old = PATH.replace("LAP-1", "OLD");
    assert_eq!(frankfurt.get(&old).await.expect(200).id(), made.id());
    body["external_refs"] = json!([]);
    let fewer = put(&frankfurt, PATH, &body).await.expect(200);
    assert_eq!(fewer.body["external_refs"], json!([reference("LAP-1")]));
    frankfurt.get(&old).await.problem("not_found");
}

#[tokio::test]
async fn a_key_is_taken_percent_encoded_and_what_is_no_key_stands_for_nothing() {
    let (_app, frankfurt, ..) = cast().await;
    let path = "/v1/action-plans/by-ref/plans.frankfurt.example/2019%2FLAP%3a7";
    let made = put(&frankfurt, path, &titled("Slash")).await.expect(201);
    assert_eq!(made.body["external_refs"][0]["key"], "2019/LAP:7");
    assert_eq!(frankfurt.get(path).await.expect(200).id(), made.id());
    for bad in ["a%20b", "%00", "%FF", &"x".repeat(201), "%25"] {
        let path = PATH.replace("LAP-1", bad);
        frankfurt.get(&path).await.problem("not_found");
        let reply = put(&frankfurt, &path, &titled("Bad")).await;
        assert!([400, 404].contains(&reply.status), "{reply}");
    }
    let spaced = put(&frankfurt, &PATH.replace("LAP-1", "a%20b"), &titled("Bad")).await;
    spaced.refused(&[("key", "pattern")]);
    let mut body = titled("Bad");
    body["external_refs"] = json!([{"system": "other.example", "key": "1"}]);
    body["pairing"] = json!("nowhere");
    let both = put(&frankfurt, "/v1/action-plans/by-ref/a%20b/c%20d", &body).await;
    both.refused(&[
        ("key", "pattern"),
        ("system", "pattern"),
        ("/pairing", "unknown_reference"),
    ]);
    let named_like_a_path = "/v1/action-plans/by-ref/versions/1";
    put(&frankfurt, named_like_a_path, &titled("Odd"))
        .await
        .expect(201);
    frankfurt.get(named_like_a_path).await.expect(200);
}

#[tokio::test]
async fn nothing_is_stored_of_a_bad_body_or_a_dry_run() {
    let (app, frankfurt, ..) = cast().await;
    let mut bad = titled("First");
    bad["pairing"] = json!("nowhere");
    bad["colour"] = json!("red");
    let reply = put(&frankfurt, PATH, &bad).await;
    reply.refused(&[
        ("/colour", "unknown_field"),
        ("/pairing", "unknown_reference"),
    ]);
    put(&frankfurt, PATH, &json!([]))
        .await
        .problem("invalid_input");
    put(&frankfurt, PATH, &json!({}))
        .await
        .problem("invalid_input");
    let foreign = bare_plan("yokohama", "frankfurt-yokohama");
    put(&frankfurt, PATH, &foreign).await.problem("forbidden");
    let dry = put(&frankfurt, &format!("{PATH}?dryrun=true"), &titled("First"))
        .await
        .expect(200);
    assert_eq!(dry.body["dry_run"]["events"][0]["action"], "created");
    assert_eq!(app.count("action_plans").await, 0);
    put(&frankfurt, PATH, &titled("First")).await.expect(201);
    let dry = put(
        &frankfurt,
        &format!("{PATH}?dryrun=true"),
        &titled("Second"),
    )
    .await
    .expect(200);
    assert_eq!(dry.body["dry_run"]["diff"][0]["path"], "/title/en");
    let request = frankfurt
        .request("PUT", PATH)
        .header("Prefer", "return=minimal");
    let spared = request.json(&titled("Second")).send().await.expect(204);
    assert!(spared.bytes.is_empty() && !spared.etag().is_empty());
}

#[tokio::test]
async fn two_first_writes_at_once_make_one_thing() {
    let (app, frankfurt, ..) = cast().await;
    for round in 0..5 {
        let path = format!("{PATH}-{round}");
        let writes = (0..6).map(|writer| {
            let (frankfurt, path) = (frankfurt.clone(), path.clone());
            tokio::spawn(
                async move { put(&frankfurt, &path, &titled(&format!("By {writer}"))).await },
            )
        });
        let mut statuses = Vec::new();
        for write in writes.collect::<Vec<_>>() {
            statuses.push(write.await.unwrap().status);
        }
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 200, 200, 200, 200, 201], "round {round}");
    }
    assert_eq!(app.count("action_plans").await, 5);
    let answer = contribution("frankfurt", "good-practices", "public");
    let path = "/v1/contributions/by-ref/lessons.example/1";
    let writes = (0..6).map(|_| {
        let (frankfurt, answer) = (frankfurt.clone(), answer.clone());
        tokio::spawn(async move { put(&frankfurt, path, &answer).await.status })
    });
    for write in writes.collect::<Vec<_>>() {
        assert!([200, 201].contains(&write.await.unwrap()));
    }
    assert_eq!(app.count("contributions").await, 1);
}

#[tokio::test]
async fn the_same_key_is_each_citys_own() {
    let (_app, frankfurt, yokohama, admin) = cast().await;
    let own = put(&frankfurt, PATH, &titled("Ours")).await.expect(201);
    let theirs = bare_plan("yokohama", "frankfurt-yokohama");
    let other = put(&yokohama, PATH, &theirs).await.expect(201);
    assert_ne!(own.id(), other.id());
    assert_eq!(frankfurt.get(PATH).await.id(), own.id());
    assert_eq!(yokohama.get(PATH).await.id(), other.id());
    let foreign = format!("{PATH}?city=frankfurt");
    yokohama.get(&foreign).await.problem("not_found");
    put(&yokohama, &foreign, &theirs).await.problem("not_found");
    yokohama.delete(&foreign, "*").await.problem("not_found");

    admin
        .get(PATH)
        .await
        .refused(&[("city", "ambiguous_reference")]);
    admin
        .delete(PATH, "*")
        .await
        .refused(&[("city", "ambiguous_reference")]);
    assert_eq!(admin.get(&foreign).await.expect(200).id(), own.id());
    admin
        .get(&format!("{PATH}?city=umea"))
        .await
        .problem("not_found");
    // The body says of whose keys an admin speaks, unless the parameter does.
    let changed = put(&admin, PATH, &titled("By the office"))
        .await
        .expect(200);
    assert_eq!(changed.id(), own.id());
    put(
        &admin,
        &format!("{PATH}-2?city=yokohama"),
        &titled("Whose?"),
    )
    .await
    .refused(&[("city", "not_of_city")]);
    assert_eq!(yokohama.get(PATH).await.etag(), other.etag());
    admin.delete(&foreign, "*").await.expect(204);
    assert_eq!(admin.get(PATH).await.expect(200).id(), other.id());
}

#[tokio::test]
async fn contributions_and_tours_have_keys_too() {
    let app = App::start().await;
    let umea = app.city_user("umea").await;
    let kamakura = app.city_user("kamakura").await;
    let path = "/v1/contributions/by-ref/lessons.umea.example/7";
    let mut answer = contribution("umea", "good-practices", "partner");
    let made = put(&umea, path, &answer).await.expect(201);
    answer["text"] = json!({"en": "Better"});
    let changed = put(&umea, path, &answer).await.expect(200);
    assert_eq!(
        (made.id(), &changed.body["version"]),
        (changed.id(), &json!(2))
    );
    kamakura.get(path).await.problem("not_found");
    app.anonymous().get(path).await.problem("unauthenticated");
    umea.delete(path, &changed.etag()).await.expect(204);

    let path = "/v1/tours/by-ref/visits.umea.example/2019-1";
    let tour = json!({"pairing": "umea-kamakura", "visiting_city": "umea", "host_city": "kamakura",
        "when": "2019-05", "status": "planned"});
    let made = put(&umea, path, &tour).await.expect(201);
    assert_eq!(
        put(&umea, path, &tour).await.expect(200).etag(),
        made.etag()
    );
    // It is the tour of both, but Umeå's key.
    kamakura.get(path).await.problem("not_found");
    let canonical = format!("/v1/tours/{}", made.id());
    umea.patch(&canonical, "*", json!({"external_refs": []}))
        .await
        .expect(200);
    umea.get(path).await.problem("not_found");
    kamakura.get(path).await.problem("not_found");
    assert_eq!(app.count("tour_refs").await, 0);

    let path = "/v1/knowledge/by-ref/lessons.umea.example/8";
    let item = knowledge(&["umea"]);
    let made = put(&umea, path, &item).await.expect(201);
    assert_eq!(
        put(&umea, path, &item).await.expect(200).etag(),
        made.etag()
    );
    kamakura.get(path).await.problem("not_found");
    umea.delete(path, "*").await.expect(204);
}

/// A plan, a tour and a knowledge item that Frankfurt shares with Yokohama, with this reference.
fn shared(reference: &Value) -> [(&'static str, Value); 3] {
    let mut joint = plan(&["frankfurt", "yokohama"], "frankfurt-yokohama");
    joint["joint_actions"] = json!([]);
    let tour = json!({
        "pairing": "frankfurt-yokohama", "visiting_city": "frankfurt", "host_city": "yokohama", "when": "2031-05",
        "status": "planned",
    });
    let mut item = knowledge(&["frankfurt", "yokohama"]);
    item["pairing"] = json!("frankfurt-yokohama");
    [
        ("action-plans", joint),
        ("tours", tour),
        ("knowledge", item),
    ]
    .map(|(path, mut body)| {
        body["external_refs"] = json!([reference]);
        (path, body)
    })
}

#[tokio::test]
async fn no_city_takes_a_key_of_another_in_what_they_share_or_finds_out_that_it_is_taken() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let reference = json!({"system": "yoko.example", "key": "LAP-1"});
    for (path, body) in shared(&reference) {
        let mut own = body.clone();
        match path {
            "action-plans" => own["proponents"] = json!(["yokohama"]),
            "knowledge" => own["cities"] = json!(["yokohama"]),
            _ => {}
        }
        let by_ref = format!("/v1/{path}/by-ref/yoko.example/LAP-1");
        let made = put(&yokohama, &by_ref, &own).await.expect(201);
        let taken = frankfurt.post(&format!("/v1/{path}"), body.clone()).await;
        let taken = taken.expect(201);
        assert_eq!(taken.body["external_refs"], json!([reference]), "{path}");
        let found = yokohama.get(&by_ref).await.expect(200);
        assert_eq!(found.id(), made.id(), "{path}");
        assert_eq!(frankfurt.get(&by_ref).await.expect(200).id(), taken.id());
        let again = put(&yokohama, &by_ref, &own).await.expect(200);
        assert_eq!(again.etag(), made.etag(), "{path}");
        let several = admin.get(&by_ref).await;
        several.problem("invalid_input");
    }
    drop(app);
}

#[tokio::test]
async fn each_city_keeps_its_own_keys_in_what_they_share() {
    let (_app, frankfurt, yokohama, admin) = cast().await;
    let theirs = json!({"system": "ffm.example", "key": "A-1"});
    for (path, body) in shared(&theirs) {
        let made = frankfurt
            .post(&format!("/v1/{path}"), body.clone())
            .await
            .expect(201);
        let url = format!("/v1/{path}/{}", made.id());
        let own = json!({"system": "yoko.example", "key": "B-1", "city": "yokohama"});
        // It names its own, and leaves out the other's, which stays.
        let named = json!({"external_refs": [{"system": "yoko.example", "key": "B-1"}]});
        let named = yokohama.patch(&url, "*", named).await.expect(200);
        assert_eq!(named.body["external_refs"], json!([own, theirs]), "{path}");
        let by_ref = format!("/v1/{path}/by-ref/yoko.example/B-1");
        assert_eq!(yokohama.get(&by_ref).await.expect(200).id(), made.id());
        frankfurt.get(&by_ref).await.problem("not_found");
        // What is read can be written back, by each, and what leaves them out changes nothing.
        for client in [&frankfurt, &yokohama, &admin] {
            let same = client
                .request("PUT", &url)
                .header("If-Match", "*")
                .json(&named.body);
            assert_eq!(same.send().await.expect(200).etag(), named.etag());
        }
        let none = json!({"external_refs": []});
        let without = frankfurt.patch(&url, "*", none).await.expect(200);
        assert_eq!(without.body["external_refs"], json!([own]), "{path}");
        for (client, of, code) in [
            (&frankfurt, "yokohama", "not_yours"),
            (&admin, "umea", "not_of_city"),
        ] {
            let foreign =
                json!({"external_refs": [own, {"system": "x.example", "key": "1", "city": of}]});
            let refused = client.patch(&url, "*", foreign).await;
            let fault = ("/external_refs/1/city".to_owned(), code.to_owned());
            assert!(refused.faults().contains(&fault), "{path}: {refused}");
        }
    }
}

#[tokio::test]
async fn what_loses_the_key_while_a_deletion_by_it_waits_stays() {
    let app = App::start().await;
    let admin = app.admin().await;
    let umea = app.city_user("umea").await;
    let path = "/v1/knowledge/by-ref/archive.umea.example/K-1";
    let made = put(&umea, path, &knowledge(&["umea"])).await.expect(201);
    let taking = connect(&app.database_url).await;
    let take = "BEGIN; UPDATE knowledge SET external_refs = '[]'";
    taking.batch_execute(take).await.unwrap();
    let end = async {
        let waiting =
            "pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()";
        while app.count(waiting).await == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        taking.batch_execute("COMMIT").await.unwrap();
    };
    let (gone, ()) = futures_util::join!(umea.delete(path, "*"), end);
    gone.problem("not_found");
    let at = format!("/v1/knowledge/{}", made.id());
    admin.get(&at).await.expect(200);
}
