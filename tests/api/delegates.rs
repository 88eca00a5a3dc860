//! The people on a study tour: who sees and writes them, how they are counted, and that they are forgotten.

use chrono::{TimeZone, Utc};
use diesel_async::AsyncConnection as _;
use serde_json::{Value, json};

use crate::support::{App, Client, Reply};
use iuc::tours::delegates::retention::erase_old_delegates;

/// Makes a planned tour of four days and answers its path.
pub async fn tour(admin: &Client, visiting: &str, host: &str, pairing: &str) -> String {
    let body = json!({"pairing": pairing, "visiting_city": visiting, "host_city": host,
        "when": "2019-05-13/2019-05-16", "status": "planned"});
    let tour = admin.post("/v1/tours", body).await.expect(201);
    format!("/v1/tours/{}", tour.id())
}

pub fn person(name: &str, funding: &str) -> Value {
    json!({"name": name, "organisation": "City of Umeå", "position": "Engineer", "funding": funding})
}

async fn add(client: &Client, tour: &str, name: &str, funding: &str) -> Reply {
    client
        .post(&format!("{tour}/delegates"), person(name, funding))
        .await
}

async fn counts(app: &App, tour: &str) -> (Value, Value) {
    let tour = app.anonymous().get(tour).await.expect(200).body;
    let counts = &tour["delegates"];
    (
        counts["programme_funded"].clone(),
        counts["self_funded"].clone(),
    )
}

#[tokio::test]
async fn both_cities_of_a_tour_keep_the_list_of_its_delegates() {
    let app = App::start().await;
    let admin = app.admin().await;
    let umea = app.city_user("umea").await;
    let kamakura = app.city_user("kamakura").await;
    let tour = tour(&admin, "umea", "kamakura", "umea-kamakura").await;
    let made = add(&umea, &tour, "Åsa Ek", "programme").await.expect(201);
    let path = format!("{tour}/delegates/{}", made.id());
    assert!(made.header("location").ends_with(&path), "{made}");
    assert_eq!(made.body["tour"], tour.rsplit('/').next().unwrap());
    let found = kamakura.get(&path).await.expect(200);
    assert_eq!(found.body, made.body);
    let changed = kamakura
        .patch(&path, &found.etag(), json!({"position": null}))
        .await
        .expect(200);
    assert_eq!(changed.body["position"], Value::Null);
    let body = person("Åsa Ek", "own");
    umea.put(&path, &changed.etag(), body).await.expect(200);
    let list = umea
        .get(&format!("{tour}/delegates?funding=own&count=true"))
        .await
        .expect(200);
    assert_eq!(list.ids(), [made.id()]);
    assert_eq!(list.body["total"], 1);
    umea.patch(&path, &changed.etag(), json!({"name": "Lost"}))
        .await
        .problem("precondition_failed");
    umea.delete(&path, "*").await.expect(204);
    umea.get(&path).await.problem("not_found");
    assert_eq!(counts(&app, &tour).await, (Value::Null, Value::Null));
}

#[tokio::test]
async fn who_is_of_neither_city_finds_no_delegates() {
    let app = App::start().await;
    let admin = app.admin().await;
    let umea = app.city_user("umea").await;
    let essen = app.city_user("essen").await;
    let theirs = tour(&admin, "umea", "kamakura", "umea-kamakura").await;
    let own = tour(&admin, "essen", "koriyama", "essen-koriyama").await;
    let request = umea.request("POST", &format!("{theirs}/delegates"));
    let request = request.header("Idempotency-Key", "once");
    let made = request
        .json(&person("Åsa Ek", "own"))
        .send()
        .await
        .expect(201);
    let id = made.id();
    let path = format!("{theirs}/delegates/{id}");
    let events = app.events().await;
    let list = format!("{theirs}/delegates");
    for query in [
        "",
        "?count=true",
        "?format=ndjson",
        "?fields=name",
        "?sort=-created_at&limit=1",
        "?since=2000-01-01T00:00:00Z",
    ] {
        let url = format!("{list}{query}");
        essen.get(&url).await.problem("not_found");
        app.anonymous().get(&url).await.problem("unauthenticated");
    }
    // Their own tour does not lead to the delegate of another, nor does a tour that is not there.
    let nowhere = "/v1/tours/0198d3b4-7e8d-7c1a-9d53-3a4b5c6d7e8f";
    for way in [theirs.as_str(), own.as_str(), nowhere] {
        let path = format!("{way}/delegates/{id}");
        for query in ["", "?dryrun=true"] {
            let url = format!("{path}{query}");
            essen
                .patch(&url, "*", json!({"name": "X"}))
                .await
                .problem("not_found");
            essen
                .put(&url, "*", person("X", "own"))
                .await
                .problem("not_found");
            essen.delete(&url, "*").await.problem("not_found");
        }
        essen.get(&path).await.problem("not_found");
        let unchanged = essen.request("GET", &path);
        let unchanged = unchanged.header("If-None-Match", &made.etag());
        unchanged.send().await.problem("not_found");
        essen
            .patch(&path, "\"1\"", json!({}))
            .await
            .problem("not_found");
        app.anonymous().get(&path).await.problem("unauthenticated");
    }
    // Nor for those who may see it, below another tour.
    for client in [&umea, &admin] {
        let path = format!("{own}/delegates/{id}");
        client.get(&path).await.problem("not_found");
        client
            .patch(&path, "*", json!({"name": "X"}))
            .await
            .problem("not_found");
        client.delete(&path, "*").await.problem("not_found");
    }
    assert!(
        admin
            .get(&format!("{own}/delegates"))
            .await
            .expect(200)
            .ids()
            .is_empty()
    );
    // The kept answer is the other caller's.
    for key in ["once", "twice"] {
        let replay = essen.request("POST", &list).header("Idempotency-Key", key);
        let replay = replay.json(&person("Åsa Ek", "own")).send().await;
        replay.problem("not_found");
    }
    essen
        .post(&format!("{list}?dryrun=true"), person("X", "own"))
        .await
        .problem("not_found");
    essen
        .post(&list, json!({"name": 1}))
        .await
        .problem("not_found");
    // A cursor of another tour leads nowhere.
    for name in ["A", "B"] {
        add(&essen, &own, name, "own").await.expect(201);
    }
    let page = essen
        .get(&format!("{own}/delegates?limit=1"))
        .await
        .expect(200);
    let cursor = page.body["cursor"].as_str().unwrap();
    let url = format!("{list}?limit=1&cursor={cursor}");
    for client in [&essen, &umea] {
        client.get(&url).await.refused(&[("cursor", "cursor")]);
    }
    // Not even the tour's path says more than its shape.
    essen
        .get("/v1/tours/umea/delegates")
        .await
        .problem("not_found");
    assert_eq!(
        app.count(&format!("events WHERE resource = '{id}'")).await,
        1
    );
    assert_eq!(
        app.events().await,
        events + 4,
        "two delegates, and the tour twice"
    );
    assert_eq!(umea.get(&path).await.expect(200).body, made.body);
}

#[tokio::test]
async fn the_delegates_follow_when_a_tour_gets_other_cities() {
    let app = App::start().await;
    let admin = app.admin().await;
    let umea = app.city_user("umea").await;
    let essen = app.city_user("essen").await;
    let tour = tour(&admin, "umea", "kamakura", "umea-kamakura").await;
    add(&umea, &tour, "Åsa Ek", "own").await.expect(201);
    let moved =
        json!({"pairing": "essen-koriyama", "visiting_city": "essen", "host_city": "koriyama"});
    admin.patch(&tour, "*", moved).await.expect(200);
    let list = format!("{tour}/delegates");
    umea.get(&list).await.problem("not_found");
    assert_eq!(essen.get(&list).await.expect(200).ids().len(), 1);
}

#[tokio::test]
async fn the_programme_never_pays_for_a_fifth_delegate() {
    let app = App::start().await;
    let admin = app.admin().await;
    let umea = app.city_user("umea").await;
    let tour = tour(&admin, "umea", "kamakura", "umea-kamakura").await;
    let adding = (0..8).map(|number| {
        let (umea, tour) = (umea.clone(), tour.clone());
        tokio::spawn(async move { add(&umea, &tour, &format!("D{number}"), "programme").await })
    });
    let mut added = 0;
    for reply in adding.collect::<Vec<_>>() {
        let reply = reply.await.unwrap();
        match reply.status {
            201 => added += 1,
            _ => drop(reply.problem("guideline")),
        }
    }
    assert_eq!(added, 4);
    assert_eq!(counts(&app, &tour).await, (json!(4), json!(0)));
    let own = add(&umea, &tour, "At own expense", "own").await.expect(201);
    let events = app.events().await;
    let reply = add(&umea, &tour, "The fifth", "programme")
        .await
        .problem("guideline");
    assert_eq!(
        reply.faults(),
        [("/funding".to_owned(), "too_many_funded".to_owned())]
    );
    let detail = &reply.body["errors"][0]["detail"];
    assert_eq!(detail, "The programme pays for at most 4 delegates.");
    let path = format!("{tour}/delegates/{}", own.id());
    let change = json!({"funding": "programme"});
    umea.patch(&path, "*", change).await.problem("guideline");
    assert_eq!(app.events().await, events);
    assert_eq!(counts(&app, &tour).await, (json!(4), json!(1)));
    // Whoever writes: the database refuses it too.
    let id = tour.rsplit('/').next().unwrap();
    let constraint = app
        .refusal(&format!(
            "INSERT INTO delegates (id, tour, name, funding, version, created_at, updated_at) \
             VALUES (gen_random_uuid(), '{id}', 'X', 'programme', 1, now(), now())"
        ))
        .await;
    assert_eq!(constraint, "tours_funded_named_within_guideline");
}

#[tokio::test]
async fn the_numbers_of_a_tour_are_counted_from_its_delegates_where_none_are_recorded() {
    let app = App::start().await;
    let admin = app.admin().await;
    let umea = app.city_user("umea").await;
    let tour = tour(&admin, "umea", "kamakura", "umea-kamakura").await;
    assert_eq!(counts(&app, &tour).await, (Value::Null, Value::Null));
    let before = umea.get(&tour).await;
    add(&umea, &tour, "Åsa Ek", "programme").await.expect(201);
    assert_eq!(counts(&app, &tour).await, (json!(1), json!(0)));
    let after = umea.get(&tour).await;
    assert_ne!(before.etag(), after.etag(), "the tour has changed");
    // What is read can be sent back, and records nothing.
    let equal =
        json!({"delegates": {"programme_funded": 1, "self_funded": 0}, "report": {"en": "Good."}});
    umea.patch(&tour, &after.etag(), equal).await.expect(200);
    let list = umea.get(&format!("{tour}/delegates")).await.ids();
    let path = format!("{tour}/delegates/{}", list[0]);
    let dry = umea
        .delete(&format!("{path}?dryrun=true"), "*")
        .await
        .expect(200);
    assert_eq!(dry.body["dry_run"]["events"].as_array().unwrap().len(), 2);
    umea.patch(&path, "*", json!({"funding": "own"}))
        .await
        .expect(200);
    assert_eq!(counts(&app, &tour).await, (json!(0), json!(1)));
    admin.delete(&tour, "*").await.problem("still_referenced");
}

#[tokio::test]
async fn a_number_that_is_recorded_stays_until_more_people_are_listed() {
    let app = App::start().await;
    let admin = app.admin().await;
    let umea = app.city_user("umea").await;
    let tour = tour(&admin, "umea", "kamakura", "umea-kamakura").await;
    let said = json!({"delegates": {"programme_funded": 2, "self_funded": 1}});
    umea.patch(&tour, "*", said).await.expect(200);
    for name in ["Åsa Ek", "Bo Alm"] {
        add(&umea, &tour, name, "programme").await.expect(201);
        assert_eq!(counts(&app, &tour).await, (json!(2), json!(1)), "{name}");
    }
    let third = add(&umea, &tour, "Cy Berg", "programme").await.expect(201);
    assert_eq!(counts(&app, &tour).await, (json!(3), json!(1)));
    let fewer = json!({"delegates": {"programme_funded": 2, "self_funded": 0}});
    let refused = umea.patch(&tour, "*", fewer).await;
    refused.refused(&[("/delegates/programme_funded", "counted_delegates")]);
    let path = format!("{tour}/delegates/{}", third.id());
    umea.delete(&path, "*").await.expect(204);
    assert_eq!(counts(&app, &tour).await, (json!(2), json!(1)));
    for id in umea.get(&format!("{tour}/delegates")).await.ids() {
        let path = format!("{tour}/delegates/{id}");
        umea.delete(&path, "*").await.expect(204);
    }
    assert_eq!(counts(&app, &tour).await, (json!(2), json!(1)));
    let unknown = json!({"delegates": {"programme_funded": null, "self_funded": null}});
    umea.patch(&tour, "*", unknown).await.expect(200);
    assert_eq!(counts(&app, &tour).await, (Value::Null, Value::Null));
}

#[tokio::test]
async fn no_delegates_are_noted_only_to_be_forgotten() {
    let app = App::with(|settings| settings.delegate_months = 24).await;
    let admin = app.admin().await;
    let umea = app.city_user("umea").await;
    let visit = json!({"pairing": "umea-kamakura", "visiting_city": "umea", "host_city": "kamakura",
        "when": "2019-05-13/2019-05-16", "status": "completed",
        "delegates": {"programme_funded": 3, "self_funded": 1}});
    let made = admin.post("/v1/tours", visit).await.expect(201);
    let tour = format!("/v1/tours/{}", made.id());
    for client in [&umea, &admin] {
        let reply = add(client, &tour, "Åsa Ek", "programme").await;
        reply.refused(&[("", "delegates_forgotten")]);
    }
    assert_eq!(counts(&app, &tour).await, (json!(3), json!(1)));
}

#[tokio::test]
async fn delegates_are_forgotten_two_years_after_their_tour_and_their_number_stays() {
    let app = App::start().await;
    let admin = app.admin().await;
    let umea = app.city_user("umea").await;
    let past = tour(&admin, "umea", "kamakura", "umea-kamakura").await;
    let later = tour(&admin, "umea", "kamakura", "umea-kamakura").await;
    let soon = json!({"when": "2019-05-14/2019-05-17"});
    admin.patch(&later, "*", soon).await.expect(200);
    let list = format!("{past}/delegates");
    for (name, funding) in [("Zacharias Qvist", "programme"), ("Yrsa Qvist", "own")] {
        let request = umea.request("POST", &list).header("Idempotency-Key", name);
        request
            .json(&person(name, funding))
            .send()
            .await
            .expect(201);
    }
    let paths = umea.get(&list).await.ids();
    let path = format!("{list}/{}", paths[0]);
    umea.patch(&path, "*", json!({"name": "Zacharias Qvist-Ek"}))
        .await
        .expect(200);
    add(&umea, &later, "Xerxes Stays", "own").await.expect(201);

    let mut conn = iuc::db::Connection::establish(&app.database_url)
        .await
        .unwrap();
    let on = |year, month, day| Utc.with_ymd_and_hms(year, month, day, 3, 0, 0).unwrap();
    let erased = erase_old_delegates(&mut conn, on(2021, 5, 16), 24)
        .await
        .unwrap();
    assert_eq!(erased, 0, "the last day is not over for two years");
    let mut other = iuc::db::Connection::establish(&app.database_url)
        .await
        .unwrap();
    let (one, two) = tokio::join!(
        erase_old_delegates(&mut conn, on(2021, 5, 17), 24),
        erase_old_delegates(&mut other, on(2021, 5, 17), 24)
    );
    assert_eq!(one.unwrap() + two.unwrap(), 2, "each once");

    assert!(umea.get(&list).await.expect(200).ids().is_empty());
    umea.get(&path).await.problem("not_found");
    assert_eq!(counts(&app, &past).await, (json!(1), json!(1)));
    // Also when one more turns up after all.
    add(&umea, &past, "Late Comer", "own").await.expect(201);
    assert_eq!(counts(&app, &past).await, (json!(1), json!(1)));
    assert_eq!(umea.get(&format!("{later}/delegates")).await.ids().len(), 1);
    let tables = app
        .rows("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
        .await;
    assert!(tables.len() > 10);
    for table in tables.into_iter().flatten().flatten() {
        let whole = match table.as_str() {
            "idempotency_keys" => "concat(headers, encode(body, 'escape'))",
            _ => "t::text",
        };
        let names = app
            .count(&format!("{table} t WHERE {whole} LIKE '%Qvist%'"))
            .await;
        assert_eq!(names, 0, "{table} still tells a name");
    }
    let told = app
        .count("events WHERE type = 'delegate' AND action = 'deleted' AND by IS NULL")
        .await;
    assert_eq!(told, 2);
}
