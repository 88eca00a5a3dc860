//! Reading: pages, orders, filters, thinning, related things, exports, conditions, representations.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::support::client::id_of;
use crate::support::kinds::{knowledge, plan};
use crate::support::snapshot::assert_reply;
use crate::support::{App, Client, KINDS, Kind, Reply};

/// A service in which every kind has enough things for several pages, some alike in what they are sorted by.
async fn furnished() -> (App, Client) {
    let app = App::start().await;
    let admin = app.admin().await;
    for (number, title) in ["b", "a", "B", "ä", "a", ""].iter().enumerate() {
        let mut plan = plan(&["yokohama"], "frankfurt-yokohama");
        plan["title"] = match *title {
            "" => Value::Null,
            title => json!({"en": title}),
        };
        plan["language"] = json!(if number % 2 == 0 { "en" } else { "ja" });
        admin.post("/v1/action-plans", plan).await.expect(201);
    }
    for (number, city) in ["umea", "toyota", "essen", "ikoma"].iter().enumerate() {
        app.city_user(city).await;
        let when = ["2019-05", "2019-05-07", "../2019-06-30", "2019-05"][number];
        let mut tour = (Kind::named("tour").new)();
        tour["when"] = json!(when);
        tour["programme"] = json!([]);
        admin.post("/v1/tours", tour).await.expect(201);
    }
    for number in [Some(1), None, Some(2), None] {
        let mut meeting = (Kind::named("meeting").new)();
        meeting["number"] = json!(number);
        meeting["id"] = json!(iuc::resource::new_uuid().to_string());
        meeting["when"] = number.map_or(Value::Null, |_| json!("2019-09"));
        admin.post("/v1/meetings", meeting).await.expect(201);
    }
    for (number, title) in ["b", "a", "ä", "a", "B"].iter().enumerate() {
        let cities: &[&str] = if number % 2 == 0 {
            &["umea", "kamakura"]
        } else {
            &["yokohama"]
        };
        let mut item = knowledge(cities);
        item["title"] = json!({"en": title});
        if number == 1 {
            item["status"] = json!("published");
            item["kind"] = json!("article");
            item["sdg_targets"] = json!(["11.3"]);
            item["pairing"] = json!("frankfurt-yokohama");
        }
        if number == 3 {
            let tours = admin.get("/v1/tours?city=umea").await.ids();
            item["tour"] = json!(tours[0]);
            item["subjects"] = json!([]);
            item["meeting"] = Value::Null;
        }
        admin.post("/v1/knowledge", item).await.expect(201);
    }
    for name in [
        "subject",
        "template",
        "programme",
        "contribution",
        "client",
        "application",
        "webhook",
    ] {
        Kind::named(name).make(&app, &admin).await;
    }
    admin
        .patch("/v1/cities/essen", "*", json!({"area_km2": 210.3}))
        .await
        .expect(200);
    admin
        .patch(
            "/v1/cities/ancona",
            "*",
            json!({"name": {"en": null}, "area_km2": 124}),
        )
        .await
        .expect(200);
    (app, admin)
}

/// A sort key as the API promises it.
#[derive(Debug, PartialEq, PartialOrd)]
enum Key {
    Number(i64),
    Time(DateTime<Utc>),
    Text(String),
}

/// Unknown days and numbers come last; a name is the English one, or else the id.
fn key_of(item: &Value, name: &str) -> Key {
    let value = &item[name];
    match name {
        "number" | "position" | "joined_year" => Key::Number(value.as_i64().unwrap_or(i64::MAX)),
        "created_at" | "updated_at" => Key::Time(value.as_str().unwrap().parse().unwrap()),
        "earliest" => Key::Text(value.as_str().unwrap_or("infinity").to_owned()),
        "name" => {
            let english = value["en"].as_str().map(str::to_owned);
            Key::Text(english.unwrap_or_else(|| id_of(item)))
        }
        "title" => {
            let title = &item["title"];
            let language = item["language"].as_str().unwrap_or("en");
            let best = title[language].as_str().or(title["en"].as_str());
            Key::Text(best.unwrap_or_default().to_owned())
        }
        _ => Key::Text(id_of(item)),
    }
}

/// The order that `sort` asks for; ties are broken by the id, in the direction of the last key.
fn compare(a: &Value, b: &Value, sort: &str) -> Ordering {
    let mut last = false;
    for key in sort.split(',') {
        let (name, descending) = key
            .strip_prefix('-')
            .map_or((key, false), |name| (name, true));
        let order = key_of(a, name).partial_cmp(&key_of(b, name)).unwrap();
        let order = if descending { order.reverse() } else { order };
        if order != Ordering::Equal {
            return order;
        }
        last = descending;
    }
    let order = match (&a["number"], &a["id"]) {
        (Value::Number(_), Value::Null) => key_of(a, "number").partial_cmp(&key_of(b, "number")),
        _ => id_of(a).partial_cmp(&id_of(b)),
    };
    if last {
        order.unwrap().reverse()
    } else {
        order.unwrap()
    }
}

/// Demands that paging through the list gives each item once, in order.
async fn pages_through(client: &Client, path: &str, sort: &str, limit: usize) {
    let join = if path.contains('?') { '&' } else { '?' };
    let whole = client
        .get(&format!("{path}{join}limit=200"))
        .await
        .expect(200);
    let mut expected = whole.items();
    assert_eq!(whole.body["next"], Value::Null);
    expected.sort_by(|a, b| compare(a, b, sort));
    let mut next = Some(format!("{path}{join}limit={limit}&sort={sort}"));
    let mut found = Vec::new();
    while let Some(path) = next {
        let page = client.get(&path).await.expect(200);
        let items = page.items();
        found.extend(items.clone());
        next = page.body["next"].as_str().map(str::to_owned);
        match &next {
            Some(next) => {
                assert_eq!(items.len(), limit);
                assert_eq!(page.header("link"), format!("<{next}>; rel=\"next\""));
                let cursor = page.body["cursor"].as_str().unwrap();
                assert!(next.contains(cursor));
            }
            None => assert_eq!(
                (page.header("link"), &page.body["cursor"]),
                ("", &Value::Null)
            ),
        }
        assert!(found.len() <= expected.len(), "{path} repeats items");
    }
    let ids = |items: &[Value]| items.iter().map(id_of).collect::<Vec<_>>();
    assert_eq!(ids(&found), ids(&expected), "{path} by {sort}");
}

#[tokio::test]
async fn paging_gives_each_item_once_and_in_order_by_every_sort_key_both_ways() {
    let (_app, admin) = furnished().await;
    for kind in KINDS {
        for sort in kind.sorts {
            pages_through(&admin, kind.path, sort, 3).await;
            pages_through(&admin, kind.path, &format!("-{sort}"), 3).await;
        }
        let first = admin.get(kind.path).await.ids();
        let same = admin
            .get(&format!("{}?sort={}", kind.path, kind.sorts[0]))
            .await
            .ids();
        assert_eq!(first, same, "the first key is the default");
    }
}

#[tokio::test]
async fn sort_keys_combine_in_any_directions() {
    let (app, admin) = furnished().await;
    for (path, sort) in [
        ("/v1/pairings", "joined_year,number"),
        ("/v1/pairings", "-joined_year,number"),
        ("/v1/pairings", "joined_year,-number"),
        ("/v1/pairings", "-joined_year,-created_at,number,-id"),
        ("/v1/meetings", "-earliest,number"),
        ("/v1/meetings", "number,-updated_at,id"),
        ("/v1/tours", "-earliest,created_at"),
        ("/v1/action-plans", "title,-updated_at"),
        ("/v1/action-plans", "-title,id"),
        ("/v1/cities", "-updated_at,name"),
        ("/v1/cities?side=eu", "-created_at,-name"),
    ] {
        for limit in [1, 4] {
            pages_through(&admin, path, sort, limit).await;
        }
    }
    let yokohama = app.city_user("yokohama").await;
    for sort in ["title", "-title,updated_at", "-id", "created_at,-title"] {
        pages_through(&yokohama, "/v1/action-plans", sort, 2).await;
        pages_through(&admin, "/v1/action-plans?city=yokohama", sort, 2).await;
    }
}

#[tokio::test]
async fn names_that_look_like_times_or_ids_are_paged_as_any_other() {
    let app = App::start().await;
    let admin = app.admin().await;
    for (number, name) in [
        "2018-10-11T09:00:00+09:00",
        "2018-10-11T09:00:00.000Z",
        "0190b6a0000070008000000000000001",
        "0190B6A0-0000-7000-8000-000000000002",
        "12",
        "null",
        "\"",
        "🙂",
    ]
    .iter()
    .enumerate()
    {
        let body = json!({"id": format!("odd-{number}"), "name": {"en": name}});
        admin.post("/v1/subjects", body).await.expect(201);
    }
    let long = "長".repeat(299);
    for (id, name) in [
        ("long-1", format!("{long}1")),
        ("long-2", format!("{long}2")),
    ] {
        let body = json!({"id": id, "name": {"en": name}});
        admin.post("/v1/subjects", body).await.expect(201);
    }
    pages_through(&admin, "/v1/subjects", "name", 1).await;
    pages_through(&admin, "/v1/subjects", "-name", 1).await;
    let twice = admin.get("/v1/subjects?sort=name,id,name").await;
    twice.refused(&[("sort", "not_unique")]);
    let both = admin.all("/v1/subjects?limit=1&sort=name,-name").await;
    let once = admin.get("/v1/subjects?sort=name").await.ids();
    assert_eq!(both.iter().map(id_of).collect::<Vec<_>>(), once);
}

#[tokio::test]
async fn a_count_is_of_all_that_matches_whatever_the_page() {
    let app = App::start().await;
    let caller = app.anonymous();
    for (query, total) in [
        ("", 16),
        ("side=eu", 8),
        ("side=eu&side=jp", 16),
        ("country=DE", 2),
        ("side=jp&country=DE", 0),
    ] {
        let page = caller
            .get(&format!("/v1/cities?count=true&limit=3&{query}"))
            .await
            .expect(200);
        assert_eq!(page.body["total"], total, "{query}");
    }
    let page = caller.get("/v1/cities?count=false").await;
    assert_eq!(page.body.get("total"), None);
}

#[tokio::test]
async fn every_list_has_its_filters() {
    let (_app, admin) = furnished().await;
    let mut told = Vec::new();
    for query in [
        "cities?side=jp",
        "cities?country=DE",
        "cities?country=DE,SE",
        "cities?kind=metropolitan_authority",
        "cities?pairing=umea-kamakura",
        "cities?pairing=umea-kamakura&pairing=ancona-ikoma&side=eu",
        "pairings?programme=iuc-japan&year=2018",
        "pairings?year=2017&city=essen,ikoma",
        "pairings?city=yokohama",
        "pairings?subject=smart-cities",
        "pairings?subject=smart-cities,buildings",
        "pairings?status=withdrawn",
        "meetings?kind=exchange_meeting&status=held",
        "meetings?kind=exchange_meeting&city=umea",
        "meetings?programme=iuc-korea",
        "meetings?kind=exchange_meeting&from=2018-10-11",
        "meetings?kind=exchange_meeting&to=2018-04-22",
        "meetings?kind=exchange_meeting&from=2019-05-31&to=2019-06-30",
        "meetings?kind=exchange_meeting&from=2019-06-01",
        "tours?pairing=ioannina-ichinomiya",
        "tours?city=ichinomiya",
        "tours?city=ioannina&direction=eu_to_jp",
        "tours?direction=jp_to_eu&status=completed,cancelled",
        "tours?from=2018-10-04&to=2018-12-31",
        "templates?programme=iuc-korea",
        "templates?programme=iuc-japan",
        "users?role=jp_city",
        "users?city=umea",
        "users?active=false",
        "action-plans?city=yokohama&limit=1",
        "action-plans?status=draft&pairing=umea-kamakura",
        "action-plans?status=approved",
        "knowledge?kind=article",
        "knowledge?city=umea",
        "knowledge?city=umea,yokohama&status=draft",
        "knowledge?pairing=frankfurt-yokohama",
        "knowledge?meeting=exchange-meeting-3&sort=title",
        "knowledge?subject=smart-cities&sort=-title",
        "knowledge?sdg=11.2",
        "knowledge?sdg=11",
        "knowledge?sdg=11.3,9.1",
        "knowledge?sdg=12",
        "subjects?limit=2",
        "key-questions?limit=2",
        "sdgs?limit=2",
        "programmes?limit=1",
    ] {
        let page = admin
            .get(&format!(
                "/v1/{query}{}count=true",
                if query.contains('?') { '&' } else { '?' }
            ))
            .await
            .expect(200);
        let names: Vec<String> = page.items().iter().map(naming).collect();
        told.push(format!(
            "{query} ({}): {}",
            page.body["total"],
            names.join(" ")
        ));
    }
    insta::assert_snapshot!(told.join("\n"));
}

/// What a thing is known by, without what differs from run to run.
fn naming(item: &Value) -> String {
    let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
    if let Some(email) = item["email"].as_str() {
        return email.to_owned();
    }
    match id_of(item) {
        id if id.len() != 36 => id,
        _ if item.get("visiting_city").is_some() => {
            format!(
                "{}>{}@{}",
                text("visiting_city"),
                text("host_city"),
                text("when")
            )
        }
        _ => format!("{}@{}", item["title"], text("when")),
    }
}

#[tokio::test]
async fn since_gives_what_has_changed_from_that_time_on() {
    let app = App::start().await;
    let admin = app.admin().await;
    let changed = admin
        .patch("/v1/cities/umea", "*", json!({"area_km2": 33}))
        .await;
    let later = admin
        .patch("/v1/cities/essen", "*", json!({"area_km2": 210}))
        .await;
    let since = async |reply: &Reply| {
        let at = reply.body["updated_at"].as_str().unwrap();
        let page = admin
            .get(&format!("/v1/cities?since={at}&count=true"))
            .await
            .expect(200);
        assert_eq!(page.body["total"], page.items().len());
        let export = admin
            .get(&format!("/v1/cities?since={at}&format=ndjson"))
            .await;
        assert_eq!(export.exported().len(), page.items().len());
        page.ids()
    };
    assert_eq!(since(&changed).await, ["essen", "umea"]);
    assert_eq!(since(&later).await, ["essen"]);
    let offset = "2018-10-11T09:00:00%2B09:00";
    assert_eq!(
        admin
            .get(&format!("/v1/cities?since={offset}"))
            .await
            .items()
            .len(),
        16
    );
    for bad in [
        "yesterday",
        "2018-10-11",
        "2018-10-11T09:00:00",
        "1539216000",
    ] {
        admin
            .get(&format!("/v1/cities?since={bad}"))
            .await
            .refused(&[("since", "format")]);
    }
}

#[tokio::test]
async fn fields_thin_the_items_of_a_list_and_a_single_thing() {
    let (_app, admin) = furnished().await;
    for kind in KINDS {
        let field = (kind.change)().0;
        let key = if kind.name == "sdg" { "number" } else { "id" };
        let whole = admin.get(kind.path).await;
        let thin = admin
            .get(&format!("{}?fields={key},{field}", kind.path))
            .await
            .expect(200);
        for (item, whole) in thin.items().iter().zip(whole.items()) {
            let mut expected = serde_json::Map::new();
            expected.insert(key.to_owned(), whole[key].clone());
            expected.insert(field.to_owned(), whole[field].clone());
            assert_eq!(item, &Value::Object(expected));
        }
        let path = kind.at(&id_of(&whole.items()[0]));
        let one = admin.get(&format!("{path}?fields={key}")).await.expect(200);
        assert_eq!(one.body, json!({key: whole.items()[0][key]}));
        assert_eq!(one.etag(), admin.get(&path).await.etag());
        for path in [kind.path, &path] {
            let reply = admin.get(&format!("{path}?fields=colour_of_money")).await;
            assert_eq!(reply.problem("invalid_input").faults()[0].0, "fields");
        }
    }
}

#[tokio::test]
async fn related_things_come_along_once_each() {
    let (app, admin) = furnished().await;
    for kind in KINDS {
        for include in kind.includes {
            let page = admin
                .get(&format!("{}?include={include}&limit=200", kind.path))
                .await
                .expect(200);
            let mut expected: Vec<String> = page
                .items()
                .iter()
                .flat_map(|item| referred(item, include))
                .collect();
            expected.sort();
            expected.dedup();
            let included = page.body["included"][include].as_object().unwrap();
            assert_eq!(page.body["included"].as_object().unwrap().len(), 1);
            assert_eq!(
                included.keys().cloned().collect::<Vec<_>>(),
                expected,
                "{}: {include}",
                kind.path
            );
            for (id, thing) in included {
                let alone = admin
                    .get(&format!("/v1/{}/{id}", include.replace('_', "-")))
                    .await
                    .expect(200);
                assert_eq!(&alone.body, thing);
            }
            let path = kind.at(&id_of(&page.items()[0]));
            let one = admin
                .get(&format!("{path}?include={include}"))
                .await
                .expect(200);
            assert!(one.body["included"][include].is_object());
            assert_eq!(one.etag(), admin.get(&path).await.etag());
        }
        let reply = admin.get(&format!("{}?include=weather", kind.path)).await;
        assert_eq!(reply.problem("invalid_input").faults()[0].0, "include");
    }
    let both = app
        .anonymous()
        .get("/v1/pairings?include=cities,subjects&fields=id&limit=1")
        .await;
    assert_reply!(both);
}

/// The ids of the kind `include` that stand in an item.
fn referred(item: &Value, include: &str) -> Vec<String> {
    let fields: &[&str] = match include {
        "cities" => &[
            "cities",
            "eu_cities",
            "jp_cities",
            "visiting_city",
            "host_city",
            "proponents",
            "city",
        ],
        "subjects" => &["subjects"],
        "programmes" => &["programme"],
        "pairings" => &["pairing"],
        "meetings" => &["meeting"],
        "key_questions" => &["question"],
        "tours" => &["tour"],
        "templates" => &["template"],
        other => panic!("no field is known that refers to {other}"),
    };
    let texts = fields.iter().flat_map(|field| match &item[*field] {
        Value::Array(list) => list.clone(),
        one => vec![one.clone()],
    });
    texts
        .filter_map(|value| value.as_str().map(str::to_owned))
        .collect()
}

#[tokio::test]
async fn a_cursor_belongs_to_its_list_its_filter_and_its_order() {
    let app = App::start().await;
    let caller = app.anonymous();
    let cursor = caller
        .get("/v1/cities?limit=3&side=eu&sort=-name")
        .await
        .body["cursor"]
        .as_str()
        .unwrap()
        .to_owned();
    let same =
        format!("/v1/cities?sort=-name&side=eu&limit=5&count=true&fields=id&cursor={cursor}");
    assert_eq!(caller.get(&same).await.expect(200).items().len(), 5);
    let mut flipped = cursor.clone().into_bytes();
    flipped[5] = if flipped[5] == b'A' { b'B' } else { b'A' };
    let flipped = String::from_utf8(flipped).unwrap();
    for query in [
        format!("cities?side=jp&sort=-name&cursor={cursor}"),
        format!("cities?side=eu&sort=name&cursor={cursor}"),
        format!("cities?side=eu&cursor={cursor}"),
        format!("cities?side=eu&sort=-name,id&cursor={cursor}"),
        format!("subjects?sort=-name&cursor={cursor}"),
        format!("cities?side=eu&sort=-name&since=2018-01-01T00:00:00Z&cursor={cursor}"),
        format!("cities?side=eu&sort=-name&cursor={flipped}"),
        format!("cities?side=eu&sort=-name&cursor={cursor}A"),
        format!(
            "cities?side=eu&sort=-name&cursor={}",
            &cursor[..cursor.len() - 1]
        ),
        "cities?cursor=e30.AAAAAAAAAAAAAAAAAAAAAA".into(),
        "cities?cursor=null".into(),
    ] {
        caller
            .get(&format!("/v1/{query}"))
            .await
            .refused(&[("cursor", "cursor")]);
    }
    for cursor in ["", "a%20b", &"a".repeat(2001)] {
        let reply = caller.get(&format!("/v1/cities?cursor={cursor}")).await;
        assert_eq!(reply.problem("invalid_input").faults()[0].0, "cursor");
    }
}

#[tokio::test]
async fn unknown_parameters_and_bad_values_are_refused_all_at_once() {
    let app = App::start().await;
    let caller = app.anonymous();
    for (query, faults) in [
        ("limit=0", vec![("limit", "too_small")]),
        ("limit=201", vec![("limit", "too_large")]),
        ("limit=-1", vec![("limit", "too_small")]),
        ("limit=abc", vec![("limit", "wrong_type")]),
        ("limit=1.5", vec![("limit", "wrong_type")]),
        ("limit=", vec![("limit", "wrong_type")]),
        ("limit=99999999999999999999", vec![("limit", "wrong_type")]),
        ("limit=1&limit=2", vec![("limit", "repeated_parameter")]),
        ("offset=3", vec![("offset", "unknown_parameter")]),
        ("SIDE=eu", vec![("SIDE", "unknown_parameter")]),
        ("side=us", vec![("side", "not_allowed_value")]),
        ("country=Germany", vec![("country", "pattern")]),
        ("count=yes", vec![("count", "wrong_type")]),
        ("sort=population", vec![("sort", "not_allowed_value")]),
        ("sort=--id", vec![("sort", "not_allowed_value")]),
        ("format=xml", vec![("format", "not_allowed_value")]),
        ("pairing=No%20Such", vec![("pairing", "slug")]),
        (
            "limit=0&sdie=eu&count=1&sort=x",
            vec![
                ("count", "wrong_type"),
                ("limit", "too_small"),
                ("sdie", "unknown_parameter"),
                ("sort", "not_allowed_value"),
            ],
        ),
    ] {
        let reply = caller.get(&format!("/v1/cities?{query}")).await;
        let reply = reply.problem("invalid_input");
        let mut found = reply.faults();
        found.dedup();
        let found: Vec<_> = found
            .iter()
            .filter(|(name, code)| !(name == "country" && code == "too_long"))
            .map(|(name, code)| (name.as_str(), code.as_str()))
            .collect();
        assert_eq!(found, faults, "{query}: {reply}");
    }
    for path in [
        "/v1/cities/umea?limit=3",
        "/v1/status?x=1",
        "/v1/meetings/exchange-meeting-1/dates?x=1",
    ] {
        let reply = caller.get(path).await.problem("invalid_input");
        assert_eq!(reply.faults()[0].1, "unknown_parameter");
    }
    let admin = app.admin().await;
    for path in ["/v1/subjects?dryrun=maybe", "/v1/subjects?dry=true"] {
        let body = json!({"name": {"en": "X"}});
        admin.post(path, body).await.problem("invalid_input");
    }
    assert_eq!(app.count("subjects").await, 14);
}

#[tokio::test]
async fn an_export_has_every_item_of_the_list_one_a_line() {
    let (app, admin) = furnished().await;
    for kind in KINDS {
        let request = admin.request("GET", kind.path);
        let export = request
            .header("Accept", "application/x-ndjson")
            .send()
            .await
            .expect(200);
        let mut items = admin.all(&format!("{}?limit=3", kind.path)).await;
        let mut exported = export.exported();
        items.sort_by_key(id_of);
        exported.sort_by_key(id_of);
        assert_eq!(exported, items, "{}", kind.path);
        let thin = admin
            .get(&format!("{}?format=ndjson&fields=version", kind.path))
            .await;
        assert!(
            thin.exported()
                .iter()
                .all(|item| item.as_object().unwrap().len() == 1)
        );
    }
    let filtered = app
        .anonymous()
        .get("/v1/cities?format=ndjson&side=jp")
        .await;
    assert_eq!(filtered.exported().len(), 8);
    let none = app
        .anonymous()
        .get("/v1/pairings?format=ndjson&status=withdrawn")
        .await;
    assert_eq!(none.exported(), Vec::<Value>::new());
    for parameter in ["limit=3", "sort=id", "count=true", "include=cities"] {
        let path = format!("/v1/pairings?format=ndjson&{parameter}");
        let name = parameter.split('=').next().unwrap();
        app.anonymous()
            .get(&path)
            .await
            .refused(&[(name, "not_in_export")]);
    }
}

#[tokio::test]
async fn an_export_of_more_than_a_batch_is_whole() {
    let app = App::start().await;
    app.run(
        "INSERT INTO subjects (id, name, version, created_at, updated_at) SELECT 'many-' || n, jsonb_build_object('en', 'Many'), 1, now(), now() \
         FROM generate_series(1, 1490) AS n",
    )
    .await;
    let mut ids: Vec<String> = app
        .anonymous()
        .get("/v1/subjects?format=ndjson")
        .await
        .exported()
        .iter()
        .map(id_of)
        .collect();
    assert_eq!(ids.len(), 1504);
    ids.dedup();
    assert_eq!(ids.len(), 1504);
    pages_through_many(&app.anonymous()).await;
}

/// 1504 things of which 1490 have one name: the tie is broken by the id.
async fn pages_through_many(client: &Client) {
    let ids: Vec<String> = client
        .all("/v1/subjects?limit=200&sort=-name")
        .await
        .iter()
        .map(id_of)
        .collect();
    let mut unique = ids.clone();
    unique.sort();
    unique.dedup();
    assert_eq!((ids.len(), unique.len()), (1504, 1504));
}

#[tokio::test]
async fn what_cannot_be_represented_as_asked_is_a_406_that_lists_what_can() {
    let app = App::start().await;
    let caller = app.anonymous();
    let get = async |path: &str, accept: &str| {
        caller
            .request("GET", path)
            .header("Accept", accept)
            .send()
            .await
    };
    for (path, accept) in [
        ("/v1/cities", "text/html"),
        ("/v1/cities", "application/json;q=0, image/*"),
        ("/v1/cities/umea", "application/x-ndjson"),
        ("/v1/meetings/exchange-meeting-1/dates", "text/calendar"),
    ] {
        let reply = get(path, accept).await.problem("not_acceptable");
        let detail = reply.body["detail"].as_str().unwrap();
        assert!(detail.contains("application/json"), "{detail}");
    }
    for accept in [
        "*/*",
        "application/*",
        "application/json",
        "text/html, */*;q=0.1",
        "APPLICATION/JSON",
        "application/x-ndjson;q=0.5, application/json",
    ] {
        let reply = get("/v1/cities", accept).await.expect(200);
        assert_eq!(reply.header("content-type"), "application/json", "{accept}");
    }
    let preferred = get("/v1/cities", "application/json;q=0.5, application/x-ndjson").await;
    assert_eq!(preferred.header("content-type"), "application/x-ndjson");
    let overridden = get("/v1/cities?format=json", "application/x-ndjson").await;
    assert_eq!(overridden.header("content-type"), "application/json");
}

#[tokio::test]
async fn what_one_has_already_is_not_sent_again() {
    let app = App::start().await;
    let (caller, admin) = (app.anonymous(), app.admin().await);
    let get = async |path: &str, etag: &str| {
        caller
            .request("GET", path)
            .header("If-None-Match", etag)
            .send()
            .await
    };
    for path in [
        "/v1/cities/umea",
        "/v1/cities/umea?fields=id",
        "/v1/pairings/umea-kamakura?include=cities",
        "/v1/cities",
        "/v1/cities?side=eu&limit=2",
        "/v1/meetings/exchange-meeting-4/dates",
    ] {
        let whole = caller.get(path).await.expect(200);
        let etag = whole.etag();
        let strong = !path.contains("dates") && path.matches('/').count() == 3;
        assert_eq!(!etag.starts_with("W/"), strong, "{path}: {etag}");
        let weak = format!("W/{}", etag.trim_start_matches("W/"));
        for tag in [&etag, &weak, &format!("\"x\", {etag}"), "*"] {
            let same = get(path, tag).await.expect(304);
            assert_eq!((same.bytes.len(), same.etag()), (0, etag.clone()));
            assert_eq!(same.header("cache-control"), whole.header("cache-control"));
            assert_eq!(same.listed("vary"), whole.listed("vary"));
        }
        get(path, "\"x\"").await.expect(200);
    }
    let (one, list) = (
        caller.get("/v1/cities/umea").await,
        caller.get("/v1/cities").await,
    );
    admin
        .patch("/v1/cities/umea", "*", json!({"area_km2": 33}))
        .await
        .expect(200);
    get("/v1/cities/umea", &one.etag()).await.expect(200);
    get("/v1/cities", &list.etag()).await.expect(200);
}

#[tokio::test]
async fn head_answers_the_fields_of_get_and_no_body() {
    let app = App::start().await;
    let admin = app.admin().await;
    for path in [
        "/v1/cities",
        "/v1/cities/umea",
        "/v1/cities?limit=2",
        "/v1/users",
        "/v1/me",
        "/v1/status",
        "/v1/cities/atlantis",
        "/v1/cities?limit=0",
        "/health/live",
        "/openapi.json",
    ] {
        let get = admin.get(path).await;
        let head = admin.request("HEAD", path).send().await;
        assert_eq!((head.status, head.bytes.len()), (get.status, 0), "{path}");
        let fields = |reply: &Reply| {
            let mut headers = reply.headers.clone();
            headers.remove("date");
            headers.remove("x-request-id");
            let mut fields: Vec<_> = headers
                .iter()
                .map(|(name, value)| format!("{name}: {value:?}"))
                .collect();
            fields.sort();
            fields
        };
        if get.status == 200 {
            assert_eq!(fields(&head), fields(&get), "{path}");
        }
    }
}

#[tokio::test]
async fn options_and_405_name_the_methods_that_there_are() {
    let app = App::start().await;
    let admin = app.admin().await;
    let one = ["delete", "get", "head", "options", "patch", "put"];
    let many = ["get", "head", "options", "post"];
    for (path, methods) in [
        ("/v1/cities", &many[..]),
        ("/v1/cities/umea", &one),
        ("/v1/action-plans/none", &one),
        (
            "/v1/meetings/exchange-meeting-1/dates",
            &["get", "head", "options"],
        ),
        ("/v1/sessions", &many),
        ("/v1/sessions/none", &["delete", "options"]),
        ("/v1/me", &["get", "head", "options"]),
        ("/oauth/token", &["options", "post"]),
    ] {
        for caller in [&app.anonymous(), &admin] {
            let options = caller.request("OPTIONS", path).send().await.expect(204);
            assert_eq!(options.listed("allow"), methods, "{path}");
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PURGE"] {
                if !methods.contains(&method.to_lowercase().as_str()) {
                    let reply = caller.request(method, path).send().await;
                    let reply = reply.problem("method_not_allowed");
                    assert_eq!(reply.listed("allow"), methods, "{method} {path}");
                }
            }
        }
    }
    for path in ["/health/live", "/openapi.json", "/problems/forbidden"] {
        let reply = admin
            .request("POST", path)
            .send()
            .await
            .problem("method_not_allowed");
        assert!(reply.listed("allow").contains(&"get".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn paths_that_are_not_there_are_problems_too() {
    let app = App::start().await;
    for path in [
        "/v1",
        "/v1/",
        "/v1/towns",
        "/v1/cities/",
        "/v1/cities/umea/mayor",
        "/v2/cities",
        "/v1/cities//umea",
        "/V1/cities",
    ] {
        let reply = app.anonymous().get(path).await;
        reply.problem("no_such_path");
    }
    assert_reply!(app.anonymous().get("/v1/towns").await);
    let home = app.anonymous().get("/").await;
    assert!((300..400).contains(&home.status), "{home}");
    assert_eq!(home.header("location"), "/docs/");
}

#[tokio::test]
async fn caches_are_told_what_they_may_keep_and_for_whom() {
    let app = App::start().await;
    let admin = app.admin().await;
    for path in [
        "/v1/cities",
        "/v1/cities/umea",
        "/v1/meetings/exchange-meeting-1/dates",
        "/v1/action-plans",
    ] {
        for (caller, expected) in [
            (&app.anonymous(), "public, no-cache"),
            (&admin, "private, no-cache"),
        ] {
            let reply = caller.get(path).await.expect(200);
            assert_eq!(reply.header("cache-control"), expected, "{path}");
            let vary = reply.listed("vary");
            for field in ["accept", "authorization", "accept-encoding"] {
                assert!(vary.contains(&field.to_owned()), "{path}: {vary:?}");
            }
        }
    }
    let body = json!({"name": {"en": "X"}});
    let made = admin.post("/v1/subjects", body).await.expect(201);
    assert_eq!(made.header("cache-control"), "no-store");
    let me = admin.get("/v1/me").await;
    assert_eq!(me.header("cache-control"), "private, no-cache");
}

#[tokio::test]
async fn answers_are_compressed_for_whoever_asks() {
    let app = App::start().await;
    let plain = app.anonymous().get("/v1/sdgs").await.expect(200);
    assert_eq!(plain.header("content-encoding"), "");
    for encoding in ["gzip", "br", "zstd"] {
        let packed = app
            .anonymous()
            .request("GET", "/v1/sdgs")
            .header("Accept-Encoding", encoding)
            .send()
            .await
            .expect(200);
        assert_eq!(packed.header("content-encoding"), encoding);
        assert!(packed.bytes.len() * 2 < plain.bytes.len());
        let unpacking = reqwest::Client::builder();
        let unpacking = match encoding {
            "gzip" => unpacking.no_brotli().no_zstd(),
            "br" => unpacking.no_gzip().no_zstd(),
            _ => unpacking.no_gzip().no_brotli(),
        };
        let url = format!("{}/v1/sdgs", app.url);
        let answer = unpacking.build().unwrap().get(url).send().await.unwrap();
        assert_eq!(answer.bytes().await.unwrap(), plain.bytes, "{encoding}");
    }
}

/// The names of the header fields of all answers in the document, in lower case.
fn fields_of_answers(document: &Value) -> BTreeSet<String> {
    let parts = |value: &Value| match value {
        Value::Array(list) => list.clone(),
        Value::Object(object) => object.values().cloned().collect(),
        _ => Vec::new(),
    };
    let mut fields = BTreeSet::new();
    let mut waiting = vec![
        document["paths"].clone(),
        document["components"]["responses"].clone(),
    ];
    while let Some(value) = waiting.pop() {
        let named = value.get("headers").and_then(Value::as_object);
        fields.extend(
            named
                .into_iter()
                .flatten()
                .map(|(name, _)| name.to_lowercase()),
        );
        waiting.extend(parts(&value));
    }
    fields
}

#[tokio::test]
async fn every_answer_says_who_it_is_and_browsers_may_read_it() {
    let app = App::start().await;
    let caller = app.anonymous();
    let document = caller.get("/openapi.json").await.expect(200).body;
    let mut fields = fields_of_answers(&document);
    // What browsers show to every page by themselves (Fetch, section 2.2.2), and what is theirs alone.
    for shown in ["cache-control", "access-control-allow-origin"] {
        assert!(fields.remove(shown), "{shown}");
    }
    // Which are on no answer of the document.
    fields.extend(["allow", "www-authenticate", "content-language"].map(str::to_owned));
    for path in [
        "/v1/cities",
        "/v1/cities/atlantis",
        "/v1/users",
        "/nothing",
        "/health/live",
    ] {
        let request = caller
            .request("GET", path)
            .header("Origin", "https://frontend.example")
            .header("X-Request-Id", "abc-123");
        let reply = request.send().await;
        assert_eq!(reply.header("x-request-id"), "abc-123", "{path}");
        assert_eq!(reply.header("api-version"), env!("CARGO_PKG_VERSION"));
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert!(
            !reply.header("content-security-policy").is_empty(),
            "{path}"
        );
        assert_eq!(reply.header("access-control-allow-origin"), "*", "{path}");
        let exposed = reply.listed("access-control-expose-headers");
        for field in &fields {
            assert!(exposed.contains(field), "{field}: {exposed:?}");
        }
    }
    for bad in ["a b", "<script>", "ä", &"a".repeat(65)] {
        let request = caller
            .request("GET", "/v1/cities")
            .header("X-Request-Id", bad);
        let given = request.send().await.header("x-request-id").to_owned();
        let uuid: uuid::Uuid = given.parse().unwrap();
        assert_eq!(uuid.get_version_num(), 7);
    }
    let preflight = caller
        .request("OPTIONS", "/v1/cities/umea")
        .header("Origin", "https://frontend.example")
        .header("Access-Control-Request-Method", "PATCH")
        .header("Access-Control-Request-Headers", "authorization, if-match")
        .send()
        .await
        .expect(200);
    let allowed = preflight.listed("access-control-allow-methods");
    assert!(allowed.contains(&"patch".to_owned()), "{preflight}");
}

#[tokio::test]
async fn things_and_lists_look_as_reviewed() {
    let app = App::start().await;
    let caller = app.anonymous();
    for (name, path) in [
        ("city", "/v1/cities/umea"),
        ("pairing", "/v1/pairings/umea-kamakura"),
        ("meeting", "/v1/meetings/exchange-meeting-4"),
        ("first_page", "/v1/key-questions?limit=2&count=true"),
    ] {
        assert_reply!(name, caller.get(path).await);
    }
}
