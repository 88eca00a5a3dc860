//! A write whose connection breaks has happened once when it is repeated, wherever it broke.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::{join, join_all};
use serde_json::{Value, json};
use tokio::time::sleep;

use crate::support::cluster::cluster;
use crate::support::kinds::bare_plan;
use crate::support::plans::{complete_plan, make};
use crate::support::way::{At, Way};
use crate::support::{App, Client, IN_TIME, Reply};

/// A service that reaches its database by a way that can be cut.
async fn app_by_a_way() -> (App, Way) {
    let database = cluster().create().await;
    let url = cluster().url(&database);
    let way = Way::to(&url).await;
    let app = App::on(database, url, way.url.clone(), |_| {}).await;
    (app, way)
}

/// What is sent, and what it answers when it is sent again after it was stored.
struct Write {
    method: &'static str,
    path: String,
    fields: Vec<(&'static str, String)>,
    body: (&'static str, String),
    first: u16,
    again: u16,
}

impl Write {
    async fn send(&self, client: &Client) -> Reply {
        let mut request = client.request(self.method, &self.path);
        for (name, value) in &self.fields {
            request = request.header(name, value);
        }
        let (media_type, body) = &self.body;
        request.body(media_type, body.clone()).send().await
    }
}

/// One write of each manner, of things of its own: nothing of it is stored yet.
async fn writes(frankfurt: &Client, number: usize) -> Vec<Write> {
    const JSON: &str = "application/json";
    let plan = make(frankfurt, complete_plan(&["frankfurt"])).await;
    let patched = frankfurt.get(&plan).await.etag();
    let moved = make(frankfurt, complete_plan(&["frankfurt"])).await;
    let deleted = make(frankfurt, complete_plan(&["frankfurt"])).await;
    let bare = bare_plan("frankfurt", "frankfurt-yokohama");
    let keyed = || vec![("Idempotency-Key", format!("key-{number}"))];
    let to = json!({"to": "submitted", "comment": "So."});
    vec![
        Write {
            method: "POST",
            path: "/v1/action-plans".into(),
            fields: keyed(),
            body: (JSON, bare.to_string()),
            first: 201,
            again: 201,
        },
        Write {
            method: "POST",
            path: format!("{moved}/transitions"),
            fields: vec![("Idempotency-Key", format!("to-{number}"))],
            body: (JSON, to.to_string()),
            first: 200,
            again: 200,
        },
        Write {
            method: "PUT",
            path: format!("/v1/action-plans/by-ref/plans.example/cut-{number}"),
            fields: Vec::new(),
            body: (JSON, bare.to_string()),
            first: 201,
            again: 200,
        },
        Write {
            method: "PATCH",
            path: plan,
            fields: vec![("If-Match", patched)],
            body: (
                "application/merge-patch+json",
                json!({"context": {"en": "Three rivers."}}).to_string(),
            ),
            first: 200,
            again: 412,
        },
        Write {
            method: "DELETE",
            path: deleted,
            fields: vec![("If-Match", "*".into())],
            body: (JSON, String::new()),
            first: 204,
            again: 404,
        },
    ]
}

#[tokio::test]
async fn a_write_whose_commit_breaks_off_is_an_unknown_outcome_and_happens_once_when_it_is_repeated()
 {
    let (app, way) = app_by_a_way().await;
    let frankfurt = app.city_user("frankfurt").await;
    for (number, at) in [At::BeforeCommit, At::AfterCommit].into_iter().enumerate() {
        for write in writes(&frankfurt, number).await {
            let events = app.events().await;
            let caught = way.catch(at);
            let (reply, ()) = join(write.send(&frankfurt), async {
                drop(caught.await.unwrap());
            })
            .await;
            let reply = reply.problem("outcome_unknown");
            assert!(!reply.header("retry-after").is_empty(), "{reply}");
            match at {
                At::BeforeCommit => assert_eq!(app.events().await, events, "{reply}"),
                // The database has heard the commit, and may still be at it.
                At::AfterCommit => {
                    let stored = async {
                        while app.events().await == events {
                            sleep(Duration::from_millis(10)).await;
                        }
                    };
                    let stored = tokio::time::timeout(IN_TIME, stored).await;
                    assert!(stored.is_ok(), "nothing is stored: {reply}");
                }
            }
            let status = match at {
                At::BeforeCommit => write.first,
                At::AfterCommit => write.again,
            };
            write.send(&frankfurt).await.expect(status);
            assert_eq!(app.events().await - events, 1, "{at:?}: {reply}");
        }
    }
}

#[tokio::test]
async fn a_write_that_outlasts_its_answer_goes_on_and_is_found_under_its_key() {
    let (app, way) = app_by_a_way().await;
    let frankfurt = app.city_user("frankfurt").await;
    let write = writes(&frankfurt, 0).await.swap_remove(0);
    let caught = way.catch(At::BeforeCommit);
    let (reply, caught) = join(write.send(&frankfurt), caught).await;
    reply.problem("timeout");
    let again = write.send(&frankfurt).await;
    again.problem("idempotency_in_flight");
    caught.unwrap().release();
    let found = loop {
        let reply = write.send(&frankfurt).await;
        if reply.code() != "idempotency_in_flight" {
            break reply.expect(201);
        }
    };
    assert_eq!(found.header("idempotent-replayed"), "true");
    let made = format!("events WHERE resource = '{}'", found.id());
    assert_eq!(app.count(&made).await, 1);
}

/// Makes whoever commits a change wait until nobody holds the lock 42.
const SLOW_COMMITS: &str = "CREATE FUNCTION wait_to_commit() RETURNS trigger LANGUAGE plpgsql AS \
    $$ BEGIN PERFORM pg_advisory_xact_lock(42); RETURN NULL; END $$; \
    CREATE CONSTRAINT TRIGGER wait_to_commit AFTER INSERT ON events DEFERRABLE INITIALLY DEFERRED \
    FOR EACH ROW EXECUTE FUNCTION wait_to_commit()";

#[tokio::test]
async fn a_write_whose_session_is_ended_while_it_commits_does_not_say_that_nothing_was_stored() {
    let app = App::with(|settings| settings.lock_timeout = 60).await;
    let frankfurt = app.city_user("frankfurt").await;
    let writes = writes(&frankfurt, 0).await;
    app.run(SLOW_COMMITS).await;
    for write in writes {
        let events = app.events().await;
        app.run("SELECT pg_advisory_lock(42)").await;
        let (reply, ()) = join(write.send(&frankfurt), async {
            let committing = "pg_stat_activity WHERE datname = current_database() AND query = 'COMMIT' AND wait_event = 'advisory'";
            while app.count(committing).await == 0 {}
            app.run(&format!("SELECT pg_terminate_backend(pid) FROM {committing}"))
                .await;
        })
        .await;
        reply.problem("outcome_unknown");
        app.run("SELECT pg_advisory_unlock(42)").await;
        write.send(&frankfurt).await.expect(write.first);
        assert_eq!(app.events().await - events, 1);
    }
}

/// How many changes of plans are recorded: there are none at first.
async fn events_of_plans(app: &App) -> i64 {
    app.count("events WHERE type = 'action_plan'").await
}

const BULK: &str = "/v1/action-plans/bulk";

/// Sends this many plans in one request, by keys that begin with `name`; answers what came of them.
async fn bulk(client: &Client, query: &str, name: &str, count: usize) -> Vec<Value> {
    let line = |number| {
        let mut plan = bare_plan("frankfurt", "frankfurt-yokohama");
        plan["external_refs"] =
            json!([{"system": "plans.example", "key": format!("{name}-{number}")}]);
        format!("{plan}\n")
    };
    let lines: String = (0..count).map(line).collect();
    let request = client.request("POST", &format!("{BULK}{query}"));
    let reply = request.body("application/x-ndjson", lines).send().await;
    let text = String::from_utf8(reply.expect(200).bytes).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// How many plans have a key that begins with `name`.
async fn stored(app: &App, name: &str) -> i64 {
    app.count(&format!("action_plan_refs WHERE key LIKE '{name}-%'"))
        .await
}

#[tokio::test]
async fn what_a_batch_tells_of_its_lines_is_true_when_its_commit_breaks_off() {
    let (app, way) = app_by_a_way().await;
    let frankfurt = app.city_user("frankfurt").await;
    for (at, name, outcome, left) in [
        (At::BeforeCommit, "before", "created", 0),
        (At::AfterCommit, "after", "unchanged", 3),
    ] {
        // Line by line: what is not known is found out by the keys.
        let caught = way.catch(at);
        let cut = async { drop(caught.await.unwrap()) };
        let (told, ()) = join(bulk(&frankfurt, "", name, 3), cut).await;
        for result in &told {
            assert_eq!(
                (&result["result"], &result["version"]),
                (&json!(outcome), &json!(1)),
                "{result}"
            );
        }
        assert_eq!(stored(&app, name).await, 3);

        // All or none: nobody knows, and every line says so.
        let name = &format!("all-{name}");
        let caught = way.catch(at);
        let cut = async { drop(caught.await.unwrap()) };
        let (told, ()) = join(bulk(&frankfurt, "?atomic=true", name, 3), cut).await;
        for result in &told {
            let kind = result["problem"]["type"].as_str().unwrap();
            assert!(kind.ends_with("/outcome_unknown"), "{result}");
        }
        assert_eq!((told.len(), stored(&app, name).await), (3, left));
        for result in bulk(&frankfurt, "?atomic=true", name, 3).await {
            assert_eq!(result["result"], outcome, "{result}");
        }
        assert_eq!(stored(&app, name).await, 3);
    }
    assert_eq!(events_of_plans(&app).await, 12, "each was made once");
}

#[tokio::test]
async fn on_a_line_that_breaks_again_and_again_every_keyed_write_happens_once() {
    const WRITERS: usize = 4;
    const EACH: usize = 8;
    let (app, way) = app_by_a_way().await;
    let frankfurt = app.city_user("frankfurt").await;
    let done = AtomicUsize::new(0);
    let write = async |writer: usize| {
        for number in 0..EACH {
            let body = bare_plan("frankfurt", "frankfurt-yokohama");
            let by_key = format!("/v1/action-plans/by-ref/plans.example/{writer}-{number}");
            loop {
                let reply = if number % 2 == 0 {
                    let request = frankfurt.request("POST", "/v1/action-plans");
                    let request = request.header("Idempotency-Key", &by_key);
                    request.json(&body).send().await
                } else {
                    frankfurt.request("PUT", &by_key).json(&body).send().await
                };
                match (reply.status, reply.code().as_str()) {
                    (200 | 201, _) => break,
                    (503, _) | (409, "idempotency_in_flight") => {}
                    _ => panic!("{reply}"),
                }
            }
            done.fetch_add(1, Ordering::SeqCst);
        }
    };
    let cut = async {
        let mut seen = 0;
        while seen < WRITERS * EACH {
            let now = done.load(Ordering::SeqCst);
            if now > seen {
                // At another moment of the writes that are under way each time.
                sleep(Duration::from_micros(now as u64 * 977 % 15_000)).await;
                way.cut();
                seen = now;
            }
            sleep(Duration::from_millis(1)).await;
        }
    };
    join(join_all((0..WRITERS).map(write)), cut).await;
    let all = i64::try_from(WRITERS * EACH).unwrap();
    assert_eq!(app.count("action_plans").await, all);
    assert_eq!(app.count("action_plans WHERE version > 1").await, 0);
    assert_eq!(events_of_plans(&app).await, all);
}
