//! Who reads which version of an action plan, by every way there is to read it.

use serde_json::{Value, json};

use crate::support::client::id_of;
use crate::support::plans::{cast, complete_plan, joint_plan, make, to};
use crate::support::{App, Client};

/// A service in which Frankfurt and Yokohama have a third partner, Essen.
async fn three_partners() -> (App, Client, Client, Client) {
    let (app, frankfurt, yokohama, admin) = cast().await;
    pair(&admin, &["frankfurt", "essen"]).await;
    (app, frankfurt, yokohama, admin)
}

async fn pair(admin: &Client, eu_cities: &[&str]) {
    let cities = json!({"eu_cities": eu_cities});
    admin
        .patch("/v1/pairings/frankfurt-yokohama", "*", cities)
        .await
        .expect(200);
}

/// Demands that `client` reads this version of the only plan there is, or none, by each way.
async fn reads(client: &Client, path: &str, version: Option<i64>, moment: &str) {
    let one = client.get(path).await;
    let head = client.request("HEAD", path).send().await;
    assert_eq!(one.status, head.status, "{moment}");
    let Some(version) = version else {
        assert!(one.status == 404, "{moment}: {one}");
        for query in [
            "",
            "city=frankfurt",
            "pairing=frankfurt-yokohama",
            "sdg=11",
            "since=2018-01-01T00:00:00Z",
        ] {
            let list = client
                .get(&format!(
                    "/v1/action-plans?count=true&include=cities&{query}"
                ))
                .await
                .expect(200);
            assert_eq!(
                (list.items().len(), &list.body["total"]),
                (0, &json!(0)),
                "{moment}: {list}"
            );
            assert_eq!(
                list.body["included"]["cities"],
                json!({}),
                "{moment}: {list}"
            );
            let export = client
                .get(&format!("/v1/action-plans?format=ndjson&{query}"))
                .await
                .expect(200);
            assert!(export.exported().is_empty(), "{moment}");
        }
        return;
    };
    let one = one.expect(200);
    assert_eq!(one.body["version"], version, "{moment}: {one}");
    assert_eq!(head.etag(), one.etag(), "{moment}");
    let matching = client
        .request("GET", path)
        .header("If-None-Match", &one.etag());
    assert_eq!(matching.send().await.status, 304, "{moment}");
    let thin = client
        .get(&format!("{path}?fields=version,status"))
        .await
        .expect(200);
    assert_eq!(
        thin.body,
        json!({"version": version, "status": one.body["status"]}),
        "{moment}"
    );
    let status = one.body["status"].as_str().unwrap();
    for query in [
        "",
        "city=frankfurt",
        "city=yokohama",
        "city=toyota,frankfurt",
        "pairing=frankfurt-yokohama",
        "sdg=11",
        "sdg=13,11.2",
        "since=2018-01-01T00:00:00Z",
        &format!("status={status}"),
        "sort=title",
        "sort=-updated_at,title",
    ] {
        let list = client
            .get(&format!(
                "/v1/action-plans?count=true&include=cities,pairings&{query}"
            ))
            .await
            .expect(200);
        assert_eq!(
            (list.items(), &list.body["total"]),
            (vec![one.body.clone()], &json!(1)),
            "{moment} {query}"
        );
        let mut named: Vec<&Value> = one.body["joint_actions"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|action| action["with"].as_array().unwrap())
            .chain(one.body["proponents"].as_array().unwrap())
            .collect();
        named.sort_by_key(|city| city.as_str());
        named.dedup();
        let along = list.body["included"]["cities"].as_object().unwrap();
        assert!(named.len() > 2, "{moment}");
        assert_eq!(along.len(), named.len(), "{moment}");
        if !query.contains("sort") {
            let export = client
                .get(&format!("/v1/action-plans?format=ndjson&{query}"))
                .await
                .expect(200);
            assert_eq!(
                export.exported(),
                vec![one.body.clone()],
                "{moment} {query}"
            );
        }
    }
    for other in ["draft", "submitted", "returned", "approved", "withdrawn"]
        .iter()
        .filter(|it| **it != status)
    {
        let list = client
            .get(&format!("/v1/action-plans?count=true&status={other}"))
            .await
            .expect(200);
        assert_eq!(list.body["total"], 0, "{moment} {other}");
        assert!(list.items().is_empty(), "{moment} {other}");
    }
}

#[tokio::test]
async fn each_reader_gets_the_version_that_is_theirs_in_every_status_and_by_every_way() {
    let (app, frankfurt, yokohama, admin) = three_partners().await;
    let (essen, toyota) = (app.city_user("essen").await, app.city_user("toyota").await);
    let path = make(
        &frankfurt,
        joint_plan(&["frankfurt", "yokohama"], &["essen"]),
    )
    .await;
    let readers = [
        &admin,
        &frankfurt,
        &yokohama,
        &essen,
        &toyota,
        &app.anonymous(),
    ];
    for (moment, versions) in [
        ("draft", [1, 1, 1, 0, 0, 0]),
        ("submitted", [2, 2, 2, 2, 0, 0]),
        ("returned", [3, 3, 3, 0, 0, 0]),
        ("submitted", [4, 4, 4, 4, 0, 0]),
        ("consented", [5, 5, 5, 5, 0, 0]),
        ("approved", [6, 6, 6, 6, 6, 6]),
        ("edited", [7, 7, 7, 6, 6, 6]),
        ("submitted", [8, 8, 8, 8, 6, 6]),
        ("withdrawn", [9, 9, 9, 0, 0, 0]),
        ("draft", [10, 10, 10, 0, 0, 0]),
    ] {
        match moment {
            "consented" => {
                let path = format!("{path}/joint-actions/essen/consent");
                essen
                    .post(&path, json!({"decision": "accepted"}))
                    .await
                    .expect(200);
            }
            "edited" => {
                yokohama
                    .patch(&path, "*", json!({"context": {"en": "Three."}}))
                    .await
                    .expect(200);
            }
            _ if versions[0] > 1 => {
                to(&admin, &path, moment).await.expect(200);
            }
            _ => {}
        }
        for (number, (reader, version)) in readers.iter().zip(versions).enumerate() {
            let version = (version > 0).then_some(version);
            reads(
                reader,
                &path,
                version,
                &format!("{moment}, reader {number}"),
            )
            .await;
        }
    }
}

#[tokio::test]
async fn nothing_of_a_working_copy_shows_to_who_sees_the_published_version() {
    let (app, frankfurt, yokohama, admin) = three_partners().await;
    let (essen, toyota) = (app.city_user("essen").await, app.city_user("toyota").await);
    let plan = |proponents: &[&str], title: &str| {
        let mut plan = complete_plan(proponents);
        plan["title"] = json!({"en": title});
        plan
    };
    let path = make(&frankfurt, plan(&["frankfurt", "yokohama"], "Aaa")).await;
    let other = make(&yokohama, plan(&["yokohama"], "Mmm")).await;
    for path in [&path, &other] {
        to(&admin, path, "submitted").await.expect(200);
        to(&admin, path, "approved").await.expect(200);
    }
    let public = app.anonymous().get(&path).await.expect(200);
    let pause = public.body["updated_at"].as_str().unwrap().to_owned();
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    let between = iuc::clock::now().to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
    let mut edit = plan(&["frankfurt"], "Zzz");
    edit["sdg_relevance"] = json!([{"goal": "13"}]);
    edit["activities"][0]["sdg_targets"] = json!(["13.1"]);
    let edited = admin.put(&path, "*", edit).await.expect(200);
    assert_eq!(edited.body["status"], "draft");

    let anonymous = app.anonymous();
    // Yokohama has left the working copy: it reads what everybody reads, though the published version names it.
    for client in [&essen, &toyota, &anonymous, &yokohama] {
        let same = client.get(&path).await.expect(200);
        if client.token.is_none() {
            assert_eq!(same.bytes, public.bytes);
        }
        let mut bare = same.body.clone();
        bare["actions"] = json!([]);
        assert_eq!((bare, same.etag()), (public.body.clone(), public.etag()));
        let conditional = client
            .request("GET", &path)
            .header("If-None-Match", &edited.etag());
        assert_eq!(conditional.send().await.expect(200).etag(), public.etag());
        let titles = async |query: &str| {
            let list = client
                .get(&format!("/v1/action-plans?count=true&{query}"))
                .await
                .expect(200);
            let items = list.items();
            assert_eq!(list.body["total"], items.len(), "{query}");
            let titles: Vec<_> = items
                .iter()
                .map(|it| it["title"]["en"].as_str().unwrap().to_owned())
                .collect();
            titles.join(" ")
        };
        assert_eq!(titles("sort=title").await, "Aaa Mmm");
        assert_eq!(titles("sort=-title").await, "Mmm Aaa");
        assert_eq!(titles("sort=title&sdg=11").await, "Aaa Mmm");
        assert_eq!(titles("sdg=13").await, "");
        assert_eq!(titles("sdg=13.1").await, "");
        assert_eq!(titles("sort=title&sdg=11.2,13.1").await, "Aaa Mmm");
        assert_eq!(titles("status=draft").await, "");
        assert_eq!(titles("sort=title&status=approved").await, "Aaa Mmm");
        assert_eq!(titles("sort=title&city=yokohama").await, "Aaa Mmm");
        assert_eq!(titles("city=frankfurt").await, "Aaa");
        assert_eq!(titles(&format!("since={between}")).await, "");
        assert!(
            titles(&format!("since={pause}&sort=title"))
                .await
                .starts_with("Aaa")
        );
    }
    for client in [&frankfurt, &admin] {
        let list = client.get("/v1/action-plans?sort=title").await.expect(200);
        let titles: Vec<_> = list
            .items()
            .iter()
            .map(|it| it["title"]["en"].clone())
            .collect();
        assert_eq!(titles, ["Mmm", "Zzz"]);
        let served = client
            .get("/v1/action-plans?sdg=13&status=draft")
            .await
            .expect(200);
        assert_eq!(served.ids(), [edited.id()]);
        let since = client
            .get(&format!("/v1/action-plans?since={between}"))
            .await
            .expect(200);
        assert_eq!(since.ids(), [edited.id()]);
    }
}

#[tokio::test]
async fn who_only_reads_a_published_plan_writes_nothing_of_it() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let path = make(&frankfurt, complete_plan(&["frankfurt", "yokohama"])).await;
    to(&frankfurt, &path, "submitted").await.expect(200);
    to(&admin, &path, "approved").await.expect(200);
    let alone = json!({"proponents": ["frankfurt"], "title": {"en": "Secret"}});
    let working = admin.patch(&path, "*", alone).await.expect(200);
    let events = app.events().await;
    let toyota = app.city_user("toyota").await;
    for client in [&yokohama, &toyota] {
        let read = client.get(&path).await.expect(200);
        for etag in ["*", &read.etag(), &working.etag(), "\"1.1\""] {
            let replies = [
                client.patch(&path, etag, json!({"title": null})).await,
                client.put(&path, etag, read.body.clone()).await,
                client.delete(&path, etag).await,
                client.delete(&format!("{path}?dryrun=true"), etag).await,
            ];
            for reply in replies {
                let reply = reply.problem("forbidden");
                assert!(!reply.to_string().contains("Secret"), "{reply}");
                assert_eq!(reply.header("etag"), "");
            }
        }
        for way in ["draft", "submitted", "returned", "approved", "withdrawn"] {
            to(client, &path, way).await.problem("forbidden");
        }
    }
    assert_eq!(app.events().await, events);
    let mut revision = complete_plan(&["yokohama"]);
    revision["kind"] = json!("revision");
    revision["revises"] = json!({"plan": working.id()});
    yokohama
        .post("/v1/action-plans", revision.clone())
        .await
        .expect(201);
    to(&frankfurt, &path, "withdrawn").await.expect(200);
    let reply = yokohama.post("/v1/action-plans", revision).await;
    reply.refused(&[("/revises/plan", "unknown_reference")]);
}

#[tokio::test]
async fn a_city_that_joins_or_leaves_a_pairing_gains_or_loses_sight_of_what_is_submitted() {
    let (app, frankfurt, _, admin) = cast().await;
    let essen = app.city_user("essen").await;
    let submitted = make(&frankfurt, complete_plan(&["frankfurt"])).await;
    to(&frankfurt, &submitted, "submitted").await.expect(200);
    let draft = make(&frankfurt, complete_plan(&["frankfurt"])).await;
    let sees = async |count: usize| {
        let list = essen.get("/v1/action-plans?count=true").await.expect(200);
        assert_eq!(
            (list.items().len(), &list.body["total"]),
            (count, &json!(count))
        );
        let status = if count > 0 { 200 } else { 404 };
        essen.get(&submitted).await.expect(status);
        essen.get(&draft).await.problem("not_found");
    };
    sees(0).await;
    pair(&admin, &["frankfurt", "essen"]).await;
    sees(1).await;
    let etag = essen.get(&submitted).await.etag();
    let edited = frankfurt
        .patch(&submitted, &etag, json!({"title": {"en": "New"}}))
        .await
        .expect(200);
    assert_eq!(essen.get(&submitted).await.etag(), edited.etag());
    pair(&admin, &["frankfurt"]).await;
    sees(0).await;
}

#[tokio::test]
async fn own_and_published_plans_are_one_list_in_one_order() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let mut paths = Vec::new();
    for (number, title) in ["d", "a", "c", "b", "a", "e", "B", "ä"].iter().enumerate() {
        let own = number % 2 == 0;
        let mut plan = complete_plan(if own { &["frankfurt"] } else { &["yokohama"] });
        plan["title"] = json!({"en": title});
        let path = make(if own { &frankfurt } else { &yokohama }, plan).await;
        if number < 6 {
            to(&admin, &path, "submitted").await.expect(200);
            to(&admin, &path, "approved").await.expect(200);
        }
        paths.push(path);
    }
    let change = json!({"objectives": {"en": "Other."}});
    frankfurt
        .patch(&paths[0], "*", change.clone())
        .await
        .expect(200);
    yokohama.patch(&paths[1], "*", change).await.expect(200);
    let visible = [
        (&frankfurt, 7),
        (&yokohama, 7),
        (&admin, 8),
        (&app.anonymous(), 6),
    ];
    for (client, count) in visible {
        for sort in [
            "id",
            "-id",
            "title",
            "-title",
            "updated_at",
            "-updated_at",
            "title,-created_at",
            "-title,id",
        ] {
            let all = client
                .get(&format!("/v1/action-plans?count=true&sort={sort}"))
                .await
                .expect(200);
            assert_eq!(
                (all.ids().len(), &all.body["total"]),
                (count, &json!(count)),
                "{sort}"
            );
            for limit in [1, 2, 3, 7] {
                let paged = client
                    .all(&format!("/v1/action-plans?sort={sort}&limit={limit}"))
                    .await;
                assert_eq!(
                    paged.iter().map(id_of).collect::<Vec<_>>(),
                    all.ids(),
                    "{sort} by {limit}"
                );
            }
            let key = sort.trim_start_matches('-').split(',').next().unwrap();
            let mut keys: Vec<Value> = all.items().iter().map(|it| it[key].clone()).collect();
            if key == "title" {
                keys = keys.iter().map(|it| it["en"].clone()).collect();
            }
            if sort.starts_with('-') {
                keys.reverse();
            }
            assert!(
                keys.is_sorted_by_key(|it| it.as_str().unwrap().to_owned()),
                "{sort}: {keys:?}"
            );
        }
        let export = client
            .get("/v1/action-plans?format=ndjson")
            .await
            .expect(200);
        assert_eq!(export.exported().len(), count);
    }
}
