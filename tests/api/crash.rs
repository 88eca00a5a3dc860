//! What was answered is there, and what was not has happened once when it is repeated, though the service is killed at any
//! moment, and PostgreSQL with it.

use std::path::Path;
use std::time::Duration;

use futures_util::future::{join, join_all};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::support::cluster::connect;
use crate::support::kinds::bare_plan;
use crate::support::process::Process;
use crate::support::way::{At, Way};
use crate::support::{App, Client, Reply};

/// A plan that tells which write it comes from.
fn named(name: &str) -> Value {
    let mut plan = bare_plan("frankfurt", "frankfurt-yokohama");
    plan["title"] = json!({"en": name});
    plan["external_refs"] = json!([{"system": "plans.example", "key": name}]);
    plan
}

/// How many lines one request of many has.
const LINES: usize = 5;

/// A write of a city's machine, which repeats it until it is answered.
#[derive(Clone, Copy, Debug)]
enum Manner {
    Keyed,
    ByReference,
    Bulk,
    Atomic,
}

const MANNERS: [Manner; 4] = [
    Manner::Keyed,
    Manner::ByReference,
    Manner::Bulk,
    Manner::Atomic,
];

impl Manner {
    /// Sends it; the ids of what is stored by now, and whether that is all of it.
    async fn send(self, client: &Client, name: &str) -> (Vec<String>, bool) {
        let (path, one) = ("/v1/action-plans", named(name));
        match self {
            Self::Keyed => {
                let request = client.request("POST", path);
                let request = request.header("Idempotency-Key", name).json(&one);
                ids_of_one(request.try_send().await)
            }
            Self::ByReference => {
                let path = format!("{path}/by-ref/plans.example/{name}");
                ids_of_one(client.request("PUT", &path).json(&one).try_send().await)
            }
            Self::Bulk | Self::Atomic => {
                let atomic = matches!(self, Self::Atomic);
                let path = format!("{path}/bulk?atomic={atomic}");
                let line = |number| format!("{}\n", named(&format!("{name}-{number}")));
                let lines: String = (0..LINES).map(line).collect();
                let request = client.request("POST", &path);
                let mut answer = match request.body("application/x-ndjson", lines).try_open().await
                {
                    Ok(answer) => answer,
                    Err(_) => return (Vec::new(), false),
                };
                let mut text = Vec::new();
                while let Ok(Some(chunk)) = answer.chunk().await {
                    text.extend_from_slice(&chunk);
                }
                // The last line may be half.
                let whole = text.split_inclusive(|byte| *byte == b'\n');
                let whole = whole.filter(|line| line.ends_with(b"\n"));
                let results = whole.map(|line| serde_json::from_slice::<Value>(line).unwrap());
                let ids: Vec<String> = results
                    .filter_map(|result| Some(result["id"].as_str()?.to_owned()))
                    .collect();
                let is_all = ids.len() == LINES;
                (ids, is_all)
            }
        }
    }

    /// How many plans it makes.
    fn plans(self) -> usize {
        match self {
            Self::Keyed | Self::ByReference => 1,
            Self::Bulk | Self::Atomic => LINES,
        }
    }
}

fn ids_of_one(reply: reqwest::Result<Reply>) -> (Vec<String>, bool) {
    match reply {
        Ok(reply) if reply.status < 300 => (vec![reply.id()], true),
        Ok(reply) => {
            assert!(matches!(reply.status, 409 | 503), "{reply}");
            (Vec::new(), false)
        }
        Err(_) => (Vec::new(), false),
    }
}

/// Demands that each of these plans is there, and that nothing was made but `number` plans, each by one event.
async fn holds(app: &App, acknowledged: &[String], number: usize) {
    let there = app.rows("SELECT id FROM action_plans").await;
    let there: Vec<String> = there
        .into_iter()
        .map(|mut row| row.remove(0).unwrap())
        .collect();
    for id in acknowledged {
        assert!(there.contains(id), "{id} was acknowledged and is lost");
    }
    assert_eq!(there.len(), number);
    let events = app.one("SELECT count(*) || ' of ' || count(DISTINCT resource) FROM events WHERE type = 'action_plan'").await;
    assert_eq!(
        events,
        format!("{number} of {number}"),
        "each was made once"
    );
    assert_eq!(app.count("action_plans WHERE version > 1").await, 0);
}

#[tokio::test]
async fn a_write_that_kill_9_meets_where_it_commits_has_happened_once_when_it_is_repeated() {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    let way = Way::to(&app.database_url).await;
    let all: usize = MANNERS.iter().map(|manner| manner.plans()).sum();
    let mut process = Process::serve(&app, &way.url, &[]).await;
    for (round, at) in [At::BeforeCommit, At::AfterCommit].into_iter().enumerate() {
        let client = process.client(&frankfurt);
        let send = async |client: &Client, manner: Manner| {
            manner.send(client, &format!("{manner:?}-{at:?}")).await
        };
        let caught = join_all(MANNERS.map(|_| way.catch(at)));
        let (told, ()) = join(
            join_all(MANNERS.map(|manner| send(&client, manner))),
            async {
                let caught = caught.await;
                process.kill().await;
                drop(caught);
            },
        )
        .await;
        for (ids, _) in told {
            assert_eq!(ids, Vec::<String>::new(), "told before it was committed");
        }
        let stored = if at == At::AfterCommit { all } else { 0 };
        holds(&app, &[], round * all + stored).await;
        process = Process::serve(&app, &way.url, &[]).await;
        let client = process.client(&frankfurt);
        let again = join_all(MANNERS.map(|manner| send(&client, manner))).await;
        assert!(again.iter().all(|(_, is_all)| *is_all), "{again:?}");
        let ids: Vec<String> = again.into_iter().flat_map(|(ids, _)| ids).collect();
        holds(&app, &ids, (round + 1) * all).await;
    }
}

/// How often the service is killed at some moment.
fn kills() -> u64 {
    let told = std::env::var("CRASHES").ok();
    told.map_or(2, |number| number.parse().unwrap())
}

#[tokio::test]
async fn a_service_that_is_killed_again_and_again_loses_nothing_and_does_nothing_twice() {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    let mut process = Process::serve(&app, &app.database_url, &[]).await;
    let (tell, told) = watch::channel((process.client(&frankfurt), false));
    let (note, noted) = watch::channel(0);
    let write = async |manner: Manner| {
        let (mut told, mut acknowledged, mut number) = (told.clone(), Vec::new(), 0);
        while !told.borrow().1 {
            let name = format!("{manner:?}-{number}");
            loop {
                let client = told.borrow_and_update().0.clone();
                let (ids, is_all) = manner.send(&client, &name).await;
                acknowledged.extend(ids);
                if is_all {
                    break;
                }
                // It is repeated to the next instance, or to the same, which asked to come again.
                let _ = tokio::time::timeout(Duration::from_millis(20), told.changed()).await;
            }
            number += 1;
            note.send_modify(|writes| *writes += 1);
        }
        (acknowledged, number * manner.plans())
    };
    let kill = async {
        let mut noted = noted.clone();
        for round in 0..=kills() {
            let now = *noted.borrow();
            noted.wait_for(|writes| *writes > now + 8).await.unwrap();
            if round == kills() {
                tell.send_modify(|(_, is_over)| *is_over = true);
                return;
            }
            // At another moment of the writes that are under way each time.
            sleep(Duration::from_micros((round + 1) * 2_711 % 10_000)).await;
            process.kill().await;
            process = Process::serve(&app, &app.database_url, &[]).await;
            tell.send((process.client(&frankfurt), false)).unwrap();
        }
    };
    let (written, ()) = join(join_all(MANNERS.map(write)), kill).await;
    let acknowledged: Vec<String> = written.iter().flat_map(|(ids, _)| ids.clone()).collect();
    holds(
        &app,
        &acknowledged,
        written.iter().map(|(_, number)| number).sum(),
    )
    .await;
}

/// The private PostgreSQL of a service: the process id of the server, and where the role of the service reaches it.
fn postgres(folder: &Path) -> (Pid, String) {
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let (pid, password) = (read("postgres/postmaster.pid"), read("postgres.password"));
    let lines: Vec<&str> = pid.lines().collect();
    let url = format!(
        "postgres://iuc:{}@127.0.0.1:{}/iuc",
        password.trim(),
        lines[3]
    );
    (Pid::from_raw(lines[0].parse().unwrap()).unwrap(), url)
}

/// Removes the folder of a private service, and where its cluster is kept when that is elsewhere.
fn remove(folder: &Path) {
    if let Ok(elsewhere) = std::fs::read_link(folder.join("postgres")) {
        std::fs::remove_dir_all(elsewhere).unwrap();
    }
    if folder.exists() {
        std::fs::remove_dir_all(folder).unwrap();
    }
}

/// Frankfurt's user, as a private service says that they sign in.
async fn frankfurt_of((process, printed): &(Process, String)) -> Client {
    let line = printed
        .lines()
        .find(|line| line.contains("frankfurt@iuc.example"));
    let password = line.unwrap().split_whitespace().nth(1).unwrap();
    let body = json!({"email": "frankfurt@iuc.example", "password": password});
    let anonymous = Client::new(&process.url, None);
    let reply = anonymous.post("/v1/sessions", body).await.expect(201);
    anonymous.with_token(reply.body["access_token"].as_str().unwrap())
}

/// Writes until it is told to stop, and repeats what was not answered; answers the names of what was acknowledged.
async fn write_until(
    over: watch::Receiver<bool>,
    note: &watch::Sender<usize>,
    client: &Client,
    writer: &str,
) -> Vec<String> {
    let mut acknowledged = Vec::new();
    while !*over.borrow() {
        let name = format!("{writer}-{}", acknowledged.len());
        while !Manner::Keyed.send(client, &name).await.1 {
            if *over.borrow() {
                return acknowledged;
            }
            sleep(Duration::from_millis(20)).await;
        }
        acknowledged.push(name);
        note.send_modify(|writes| *writes += 1);
    }
    acknowledged
}

#[tokio::test]
async fn what_was_answered_is_there_after_postgresql_crashes_with_the_service_and_without_it() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("crash");
    remove(&folder);
    let mut service = Process::private(&folder).await;
    let frankfurt = frankfurt_of(&service).await;
    let (note, mut noted) = watch::channel(0);
    let (stop, over) = watch::channel(false);
    let writers = join_all(
        ["a", "b", "c"].map(|writer| write_until(over.clone(), &note, &frankfurt, writer)),
    );
    let crash = async {
        noted.wait_for(|writes| *writes > 10).await.unwrap();
        // One of its processes is killed: PostgreSQL ends all others, and recovers from its log.
        let (server, url) = postgres(&folder);
        let sql = connect(&url).await;
        let one =
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'iuc requests' LIMIT 1";
        let pid: i32 = sql.query_one(one, &[]).await.unwrap().get(0);
        kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
        let now = *noted.borrow();
        noted.wait_for(|writes| *writes > now + 10).await.unwrap();
        // All of it is killed, and the service in the middle of its writes.
        kill_process(server, Signal::KILL).unwrap();
        service.0.kill().await;
        stop.send(true).unwrap();
    };
    let (acknowledged, ()) = join(writers, crash).await;
    let acknowledged: Vec<String> = acknowledged.into_iter().flatten().collect();
    assert!(acknowledged.len() > 20);

    service = Process::private(&folder).await;
    let frankfurt = frankfurt_of(&service).await;
    let plans = frankfurt
        .get("/v1/action-plans?format=ndjson")
        .await
        .expect(200)
        .exported();
    let mut names: Vec<&str> = plans
        .iter()
        .map(|plan| plan["title"]["en"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    for name in &acknowledged {
        assert!(
            names.contains(&name.as_str()),
            "{name} was acknowledged and is lost"
        );
    }
    let number = names.len();
    names.dedup();
    assert_eq!(names.len(), number, "{names:?}");
    service.0.stop();
    assert!(service.0.ended().await.success());
    remove(&folder);
}
