//! Two instances on one database are replaced one after the other, and no caller notices.

use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use futures_util::future::{join, join_all};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::support::cluster::{cluster, connect};
use crate::support::kinds::bare_plan;
use crate::support::process::{Process, command};
use crate::support::{App, Client, Reply};

/// A caller's time between two requests.
const PACE: Duration = Duration::from_millis(10);

/// Where instances are reached: as a load balancer knows it, which asks each whether it is ready.
#[derive(Clone, Default)]
struct Balancer {
    known: Arc<RwLock<Vec<String>>>,
    ready: Arc<RwLock<Vec<String>>>,
    next: Arc<AtomicUsize>,
}

impl Balancer {
    fn add(&self, process: &Process) {
        self.known.write().unwrap().push(process.url.clone());
        self.ready.write().unwrap().push(process.url.clone());
    }

    fn forget(&self, url: &str) {
        self.known.write().unwrap().retain(|known| known != url);
    }

    /// Whether it sends requests to this one.
    fn uses(&self, url: &str) -> bool {
        self.ready.read().unwrap().iter().any(|ready| ready == url)
    }

    /// Asks each instance now and then, until it is told to end.
    async fn watch(&self, over: &AtomicBool) {
        while !over.load(Ordering::SeqCst) {
            let known = self.known.read().unwrap().clone();
            let mut ready = Vec::new();
            for url in known {
                let asked = Client::new(&url, None).request("GET", "/health/ready");
                if asked
                    .try_send()
                    .await
                    .is_ok_and(|reply| reply.status == 200)
                {
                    ready.push(url);
                }
            }
            *self.ready.write().unwrap() = ready;
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Sends a request to one of the ready instances; to the next, when the connection is refused or reset.
    async fn send(
        &self,
        caller: &Caller,
        ask: impl AsyncFn(&Client) -> reqwest::Result<Reply>,
    ) -> Reply {
        for _ in 0..20 {
            let url = {
                let ready = self.ready.read().unwrap();
                let next = self.next.fetch_add(1, Ordering::Relaxed);
                ready.get(next % ready.len().max(1)).cloned()
            };
            if let Some(url) = url
                && let Ok(reply) = ask(&caller.at(&url)).await
            {
                return reply;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("no instance answers");
    }
}

/// A caller, who keeps connections to each instance open.
struct Caller {
    token: Option<String>,
    clients: RwLock<Vec<(String, Client)>>,
}

impl Caller {
    fn of(client: &Client) -> Self {
        Self {
            token: client.token.clone(),
            clients: RwLock::default(),
        }
    }

    fn at(&self, url: &str) -> Client {
        let mut clients = self.clients.write().unwrap();
        if let Some((_, client)) = clients.iter().find(|(known, _)| known == url) {
            return client.clone();
        }
        let client = Client::new(url, self.token.clone());
        clients.push((url.to_owned(), client.clone()));
        client
    }
}

#[tokio::test]
async fn while_two_instances_are_replaced_no_read_and_no_keyed_write_fails() {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    let serve = async || Process::serve(&app, &app.database_url, &[("IUC_DRAIN_TIME", "2")]).await;
    let balancer = Balancer::default();
    let mut instances = [serve().await, serve().await];
    instances.iter().for_each(|process| balancer.add(process));
    let over = AtomicBool::new(false);
    let (note, noted) = watch::channel(0_usize);

    let read = async || {
        let caller = Caller::of(&app.anonymous());
        while !over.load(Ordering::SeqCst) {
            let ask = async |client: &Client| {
                client.request("GET", "/v1/cities?limit=5").try_send().await
            };
            balancer.send(&caller, ask).await.expect(200);
            note.send_modify(|answers| *answers += 1);
            sleep(PACE).await;
        }
    };
    let write = async |writer: usize| {
        let (caller, mut written) = (Caller::of(&frankfurt), Vec::new());
        while !over.load(Ordering::SeqCst) {
            let key = format!("{writer}-{}", written.len());
            let ask = async |client: &Client| {
                let request = client.request("POST", "/v1/action-plans");
                let plan = bare_plan("frankfurt", "frankfurt-yokohama");
                request
                    .header("Idempotency-Key", &key)
                    .json(&plan)
                    .try_send()
                    .await
            };
            loop {
                let reply = balancer.send(&caller, ask).await;
                // The first one goes on, though the connection to whoever does it was reset.
                if reply.code() != "idempotency_in_flight" {
                    written.push(reply.expect(201).id());
                    break;
                }
                sleep(PACE).await;
            }
            note.send_modify(|answers| *answers += 1);
            sleep(PACE).await;
        }
        written
    };
    let replace = async {
        let mut noted = noted.clone();
        for instance in &mut instances {
            let now = *noted.borrow();
            noted.wait_for(|answers| *answers > now + 20).await.unwrap();
            let mut old = std::mem::replace(instance, serve().await);
            balancer.add(instance);
            old.stop();
            while balancer.uses(&old.url) {
                sleep(Duration::from_millis(5)).await;
            }
            assert!(old.ended().await.success());
            balancer.forget(&old.url);
        }
        let now = *noted.borrow();
        noted.wait_for(|answers| *answers > now + 20).await.unwrap();
        over.store(true, Ordering::SeqCst);
    };
    let (_, written, (), ()) = tokio::join!(
        join_all((0..3).map(|_| read())),
        join_all((0..3).map(write)),
        balancer.watch(&over),
        replace,
    );
    let mut written: Vec<String> = written.into_iter().flatten().collect();
    let number = i64::try_from(written.len()).unwrap();
    written.sort();
    written.dedup();
    assert_eq!(
        i64::try_from(written.len()).unwrap(),
        number,
        "an answer was given to two keys"
    );
    assert_eq!(app.count("action_plans").await, number);
    assert_eq!(app.count("events WHERE type = 'action_plan'").await, number);
}

#[tokio::test]
async fn a_service_that_is_told_to_stop_ends_what_was_begun() {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    let mut process = Process::serve(
        &app,
        &app.database_url,
        &[("IUC_DRAIN_TIME", "0"), ("IUC_LOCK_TIMEOUT", "10")],
    )
    .await;
    let client = process.client(&frankfurt);
    let plan = json!({"title": {"en": "Begun"}, "proponents": ["frankfurt"], "pairing": "frankfurt-yokohama"});
    // What it needs is locked, so it has begun and cannot end.
    let other = connect(&app.database_url).await;
    other
        .batch_execute("BEGIN; SELECT FROM pairings WHERE id = 'frankfurt-yokohama' FOR UPDATE")
        .await
        .unwrap();
    let write = client.post("/v1/action-plans", plan);
    let stop = async {
        let waiting =
            "pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        while app.count(waiting).await == 0 {
            sleep(Duration::from_millis(5)).await;
        }
        process.stop();
        while client.get("/health/ready").await.status == 200 {
            sleep(Duration::from_millis(5)).await;
        }
        other.batch_execute("COMMIT").await.unwrap();
        assert!(process.ended().await.success());
    };
    let (made, ()) = join(write, stop).await;
    made.expect(201);
    assert_eq!(app.count("action_plans").await, 1);
}

#[tokio::test]
async fn six_instances_that_migrate_together_migrate_once() {
    let name = cluster().create_empty().await;
    let url = cluster().url(&name);
    let migrate = (0..6).map(async |_| {
        let mut command = command(&[("DATABASE_URL", &url)]);
        let command = command.arg("migrate").stdout(Stdio::piped());
        let output = command.output().await.unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().lines().count()
    });
    let told: usize = join_all(migrate).await.into_iter().sum();
    let known = connect(&url)
        .await
        .query("SELECT version FROM __diesel_schema_migrations", &[])
        .await
        .unwrap();
    assert_eq!(told, known.len(), "each migration ran once");
    cluster().drop(&name).await;
}
