//! Answers are bounded in bytes, however large the things are that they hold.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::plans::{complete_plan, make};
use crate::support::{App, Client, IN_TIME};

/// What a page may hold, and a little for what stands beside the texts.
const MOST: usize = 3 * 1024 * 1024;

/// A text of 600 kB in thirty languages, that is kept in a few bytes.
fn long_text(filling: &str) -> Value {
    let languages = (b'a'..=b'z').flat_map(|first| {
        [
            format!("{}a", char::from(first)),
            format!("{}b", char::from(first)),
        ]
    });
    let text = json!(filling.repeat(20_000));
    Value::Object(
        languages
            .take(30)
            .map(|language| (language, text.clone()))
            .collect(),
    )
}

/// Makes published knowledge items of 1 MB, every other one of a text that the database can compress.
async fn add_large_items(app: &App, count: u32) {
    let half = count / 2;
    let compressed = "repeat(md5(n::text), 600)";
    let whole =
        "(SELECT string_agg(md5(n || '.' || i || l), '') FROM generate_series(1, 600) AS i)";
    for text in [compressed, whole] {
        app.run(&format!(
            "INSERT INTO knowledge (id, kind, title, body, body_html, cities, subjects, sdg_targets, links, files, status, \
             external_refs, version, created_at, updated_at) \
             SELECT gen_random_uuid(), 'article', jsonb_build_object('en', 'Item ' || n), body, body, '{{frankfurt}}', '{{}}', \
             '{{}}', '[]', '[]', 'published', '[]', 1, now() - n * interval '1 hour', now() - n * interval '1 hour' \
             FROM generate_series(1, {half}) AS n, LATERAL (SELECT jsonb_object_agg('x' || l, {text}) AS body \
             FROM unnest(string_to_array('abcdefghijklmnopqrstuvwxyz', NULL)) AS l) AS texts"
        ))
        .await;
    }
}

/// Walks through a list of large things: how many items each page has.
async fn pages(client: &Client, path: &str) -> Vec<usize> {
    let mut sizes = Vec::new();
    let mut next = Some(path.to_owned());
    let mut ids = Vec::new();
    while let Some(path) = next {
        let page = client.get(&path).await.expect(200);
        assert!(
            page.bytes.len() < MOST,
            "{} bytes: {path}",
            page.bytes.len()
        );
        let items = page.items();
        ids.extend(
            items
                .iter()
                .map(|item| item["id"].as_str().unwrap().to_owned()),
        );
        sizes.push(items.len());
        next = page.body["next"].as_str().map(str::to_owned);
        assert_eq!(next.is_some(), page.headers.contains_key("link"));
    }
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all, "an item stands on two pages of {path}");
    sizes
}

#[tokio::test]
async fn a_page_of_large_things_is_cut_short_and_next_leads_on() {
    let app = App::start().await;
    add_large_items(&app, 12).await;
    let anonymous = app.anonymous();
    for query in [
        "limit=200",
        "limit=200&sort=-updated_at",
        "limit=200&sort=title",
        "limit=200&city=frankfurt",
    ] {
        let sizes = pages(&anonymous, &format!("/v1/knowledge?{query}")).await;
        assert_eq!(sizes.iter().sum::<usize>(), 12, "{query}");
        assert!(sizes.iter().all(|size| *size < 3), "{query}: {sizes:?}");
    }
    let first = anonymous.get("/v1/knowledge?limit=200&count=true").await;
    assert_eq!(first.body["total"], 12);
    let export = anonymous
        .get("/v1/knowledge?format=ndjson")
        .await
        .exported();
    assert_eq!(export.len(), 12);
}

#[tokio::test]
async fn large_plans_come_in_short_pages_to_admins_and_cities_alike() {
    let app = App::start().await;
    let (admin, frankfurt) = (app.admin().await, app.city_user("frankfurt").await);
    for filling in ["a", "b", "c", "d", "e"] {
        let mut plan = complete_plan(&["frankfurt"]);
        plan["context"] = long_text(filling);
        make(&frankfurt, plan).await;
    }
    for (client, query) in [(&admin, ""), (&admin, "&city=frankfurt"), (&frankfurt, "")] {
        let sizes = pages(client, &format!("/v1/action-plans?limit=200{query}")).await;
        assert_eq!(sizes, [3, 2], "{query}");
    }
    let sizes = pages(&admin, "/v1/audit?limit=200&type=action_plan").await;
    assert_eq!(sizes, [3, 2], "what was made is told whole");
    for client in [admin, frankfurt] {
        let export = client.get("/v1/action-plans?format=ndjson").await;
        assert_eq!(export.exported().len(), 5);
    }
}

#[tokio::test]
async fn pages_of_small_things_are_as_long_as_asked() {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    for _ in 0..7 {
        make(&frankfurt, complete_plan(&["frankfurt"])).await;
    }
    let sizes = pages(&frankfurt, "/v1/action-plans?limit=3").await;
    assert_eq!(sizes, [3, 3, 1]);
}

/// Asks for an export and does not read it.
async fn unread_export(app: &App, client: &Client) -> TcpStream {
    let address = app.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let token = client.token.as_ref();
    let token = token.map_or(String::new(), |token| {
        format!("Authorization: Bearer {token}\r\n")
    });
    let request = format!("GET /v1/knowledge?format=ndjson HTTP/1.1\r\nHost: x\r\n{token}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut first = [0; 12];
    stream.read_exact(&mut first).await.unwrap();
    assert_eq!(&first, b"HTTP/1.1 200");
    stream
}

#[tokio::test]
async fn who_does_not_read_an_export_loses_it_and_keeps_nobody_from_one() {
    let app = App::with(|settings| {
        settings.pool_exports = 1;
        settings.export_timeout = 3;
    })
    .await;
    add_large_items(&app, 40).await;
    let admin = app.admin().await;
    let begun = Instant::now();
    let mut stream = unread_export(&app, &app.anonymous()).await;
    let path = "/v1/knowledge?format=ndjson";
    admin.get(path).await.problem("too_many_exports");
    while admin.get("/v1/subjects?format=ndjson").await.status != 200 {
        assert!(begun.elapsed() < IN_TIME, "the export is still there");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    app.until_idle().await;
    // What the reader gets at last is no whole answer.
    let mut rest = Vec::new();
    let read = stream.read_to_end(&mut rest);
    let _ = tokio::time::timeout(IN_TIME, read).await.unwrap();
    assert!(!rest.ends_with(b"0\r\n\r\n"));
}

#[tokio::test]
async fn one_caller_has_a_share_of_the_exports_and_many_lines_wait_for_none() {
    let app = App::start().await;
    add_large_items(&app, 40).await;
    let (admin, frankfurt) = (app.admin().await, app.city_user("frankfurt").await);
    let _slow = unread_export(&app, &app.anonymous()).await;
    let path = "/v1/subjects?format=ndjson";
    let refused = app.anonymous().get(path).await.problem("too_many_exports");
    assert_eq!(refused.header("retry-after"), "5");
    for _ in 0..5 {
        // The next may begin as soon as the last was read to its end.
        assert_eq!(admin.get(path).await.exported().len(), 14);
    }
    // Now all connections of exports are taken.
    let _other = unread_export(&app, &admin).await;
    let mut line = complete_plan(&["frankfurt"]);
    line["external_refs"] = json!([{"system": "plans.frankfurt.example", "key": "1"}]);
    let bulk = frankfurt
        .request("POST", "/v1/action-plans/bulk?atomic=true")
        .body("application/x-ndjson", line.to_string());
    let reply = bulk.send().await.expect(200);
    assert!(
        String::from_utf8_lossy(&reply.bytes).contains("\"created\""),
        "{reply}"
    );
}
