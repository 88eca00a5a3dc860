//! Nothing in the change feed is skipped, shown twice or shown too early, in whatever order writers commit.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::{join, join_all};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::json;

use crate::support::cluster::connect;
use crate::support::mirror::Mirror;
use crate::support::{App, Client, Reply};

const NOTHING: &str = "INSERT INTO subjects (id, name, version, created_at, updated_at) VALUES";

/// The subjects that are told of after a cursor, and the cursor after them.
async fn subjects(client: &Client, after: &str) -> (Vec<String>, String) {
    let path = format!("/v1/changes?type=subject&after={after}");
    let page = client.get(&path).await.expect(200);
    (page.ids(), page.cursor())
}

#[tokio::test]
async fn what_is_written_first_and_committed_last_is_neither_missed_nor_told_twice() {
    let app = App::start().await;
    let reader = app.anonymous();
    let begin = reader
        .get("/v1/changes?limit=1000")
        .await
        .expect(200)
        .cursor();
    let (slow, quick) = (
        connect(&app.database_url).await,
        connect(&app.database_url).await,
    );
    let make = |id: &str| format!("{NOTHING} ('{id}', '{{}}', 1, now(), now())");
    slow.batch_execute(&format!("BEGIN; {}", make("first")))
        .await
        .unwrap();
    quick.batch_execute(&make("second")).await.unwrap();
    // Nobody waits for who has not committed, and nothing of it shows.
    let (told, after) = subjects(&reader, &begin).await;
    assert_eq!(told, ["second"]);
    quick.batch_execute(&make("third")).await.unwrap();
    slow.batch_execute("COMMIT").await.unwrap();
    let (mut told, end) = subjects(&reader, &after).await;
    told.sort();
    assert_eq!(told, ["first", "third"]);
    assert_eq!(subjects(&reader, &end).await.0, Vec::<String>::new());
    // Whoever begins anew gets them in the same order.
    assert_eq!(subjects(&reader, &begin).await.0[0], "second");
}

/// What one of several transactions does next.
#[derive(Clone, Copy, Debug)]
enum Step {
    Write,
    Commit,
    Undo,
}

#[tokio::test]
async fn in_whatever_order_transactions_write_and_commit_each_reader_is_told_of_each_change_once() {
    const WRITERS: usize = 5;
    let app = App::start().await;
    let reader = app.anonymous();
    let begin = reader
        .get("/v1/changes?limit=1000")
        .await
        .expect(200)
        .cursor();
    let mut readers = [1, 7, 500].map(|limit| (limit, begin.clone(), Vec::new()));
    let writers = join_all((0..WRITERS).map(|_| connect(&app.database_url))).await;
    let (mut open, mut committed, mut number) = (vec![Vec::new(); WRITERS], Vec::new(), 0);
    let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[13; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), seed);
    let step = prop_oneof![6 => Just(Step::Write), 3 => Just(Step::Commit), 1 => Just(Step::Undo)];
    let steps = (0..WRITERS, step);
    for _ in 0..120 {
        let (writer, step) = steps.new_tree(&mut runner).unwrap().current();
        let (sql, written): (_, &mut Vec<String>) = (&writers[writer], &mut open[writer]);
        match step {
            Step::Write => {
                if written.is_empty() {
                    sql.batch_execute("BEGIN").await.unwrap();
                }
                number += 1;
                let id = format!("subject-{number}");
                let make = format!("{NOTHING} ('{id}', '{{}}', 1, now(), now())");
                sql.batch_execute(&make).await.unwrap();
                written.push(id);
            }
            Step::Commit => {
                sql.batch_execute("COMMIT").await.unwrap();
                committed.append(written);
            }
            Step::Undo => {
                sql.batch_execute("ROLLBACK").await.unwrap();
                written.clear();
            }
        }
        // Each reads on now and then, a page of its own size.
        for (limit, after, told) in readers
            .iter_mut()
            .filter(|(limit, ..)| (number + limit) % 3 == 0)
        {
            let path = format!("/v1/changes?type=subject&limit={limit}&after={after}");
            let page = reader.get(&path).await.expect(200);
            told.extend(page.ids());
            *after = page.cursor();
            assert!(told.iter().all(|id| committed.contains(id)), "{told:?}");
        }
    }
    assert!(committed.len() > 20);
    committed.sort();
    for (limit, mut after, mut told) in readers {
        loop {
            let path = format!("/v1/changes?type=subject&limit={limit}&after={after}");
            let page = reader.get(&path).await.expect(200);
            told.extend(page.ids());
            after = page.cursor();
            if page.body["next"].is_null() {
                break;
            }
        }
        told.sort();
        assert_eq!(told, committed, "a reader of pages of {limit}");
    }
}

#[tokio::test]
async fn versions_of_one_thing_ascend_though_transactions_overlap() {
    let app = App::start().await;
    let reader = app.anonymous();
    let begin = reader
        .get("/v1/changes?limit=1000")
        .await
        .expect(200)
        .cursor();
    let (one, other) = (
        connect(&app.database_url).await,
        connect(&app.database_url).await,
    );
    let next = "UPDATE cities SET version = version + 1 WHERE id = 'umea'";
    other
        .batch_execute(&format!(
            "BEGIN; {NOTHING} ('other', '{{}}', 1, now(), now())"
        ))
        .await
        .unwrap();
    one.batch_execute(&format!("BEGIN; {next}")).await.unwrap();
    let (waiting, ()) = join(other.batch_execute(next), async {
        one.batch_execute("COMMIT").await.unwrap();
    })
    .await;
    waiting.unwrap();
    one.batch_execute(&format!("{NOTHING} ('one', '{{}}', 1, now(), now())"))
        .await
        .unwrap();
    let path = format!("/v1/changes?type=city&after={begin}");
    let page = reader.get(&path).await.expect(200);
    assert_eq!(page.items().len(), 1);
    other.batch_execute("COMMIT").await.unwrap();
    let page = reader.get(&path).await.expect(200);
    let versions: Vec<i64> = page
        .items()
        .iter()
        .map(|it| it["version"].as_i64().unwrap())
        .collect();
    assert_eq!(versions, [2, 3]);
}

/// The answer, asked for again while a slow machine has no connection left.
async fn patiently(ask: impl AsyncFn() -> Reply) -> Reply {
    loop {
        let reply = ask().await;
        if reply.status != 503 {
            assert!(reply.status < 300, "{reply}");
            return reply;
        }
    }
}

#[tokio::test]
async fn sixteen_writers_lose_nothing_to_readers_of_any_page_size() {
    const WRITERS: usize = 16;
    const CHANGES: i64 = 25;
    let app = App::start().await;
    let other = App::on_database_of(&app).await;
    let admin = app.admin().await;
    let begin = admin
        .get("/v1/changes?limit=1000")
        .await
        .expect(200)
        .cursor();
    let done = Arc::new(AtomicBool::new(false));
    let write = async |writer: usize| {
        let path = format!("/v1/subjects/writer-{writer}");
        let body = json!({"id": format!("writer-{writer}"), "name": {"en": "0"}});
        // What was answered 503 may have been stored: the key says that it is the same request.
        patiently(async || {
            let request = admin.request("POST", "/v1/subjects").json(&body);
            request.header("Idempotency-Key", &path).send().await
        })
        .await;
        for number in 1..CHANGES {
            let name = json!({"name": {"en": number.to_string()}});
            patiently(async || admin.patch(&path, "*", name.clone()).await).await;
        }
    };
    let read = async |instance: &App, limit: usize| {
        let (reader, mut after) = (instance.anonymous(), begin.clone());
        let mut seen: HashMap<String, i64> = HashMap::new();
        loop {
            let is_over = done.load(Ordering::SeqCst);
            let path = format!("/v1/changes?limit={limit}&after={after}");
            let page = patiently(async || reader.get(&path).await).await;
            for change in page.items() {
                let id = change["id"].as_str().unwrap().to_owned();
                let before = seen.insert(id, change["version"].as_i64().unwrap());
                assert_eq!(before.unwrap_or(0) + 1, change["version"], "{change}");
            }
            after = page.cursor();
            if is_over && page.body["next"].is_null() {
                return seen;
            }
            if page.items().is_empty() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
    };
    let writers = async {
        join_all((0..WRITERS).map(write)).await;
        done.store(true, Ordering::SeqCst);
    };
    let readers = join_all([
        read(&app, 1),
        read(&app, 7),
        read(&app, 500),
        read(&other, 1),
        read(&other, 7),
        read(&other, 500),
    ]);
    for seen in join(writers, readers).await.1 {
        assert_eq!(seen.len(), WRITERS);
        assert!(seen.values().all(|version| *version == CHANGES), "{seen:?}");
    }
}

#[tokio::test]
async fn a_copy_made_of_an_export_while_others_write_misses_nothing() {
    let app = App::start().await;
    let admin = app.admin().await;
    let writing = async {
        for number in 0..40 {
            let body = json!({"id": format!("subject-{number}"), "name": {"en": "X"}});
            admin.post("/v1/subjects", body).await.expect(201);
            let path = format!("/v1/subjects/subject-{}", number / 2);
            if number % 3 == 0 {
                admin.delete(&path, "*").await;
            } else {
                admin
                    .patch(&path, "*", json!({"name": {"en": format!("{number}")}}))
                    .await;
            }
        }
    };
    let copying = async {
        let mut copies = Vec::new();
        for _ in 0..4 {
            copies.push(Mirror::exported(&app.anonymous(), 3).await);
        }
        copies
    };
    let ((), mut copies) = join(writing, copying).await;
    for copy in &mut copies {
        copy.follow().await;
        copy.equals_service("a copy").await;
    }
}
