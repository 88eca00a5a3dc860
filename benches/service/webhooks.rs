//! A webhook while the service dies: 1,000 changes to one target, and both instances killed five times meanwhile.
//!
//! Nothing may be lost; what comes twice has the same `webhook-id`. Whoever writes tries again until it is answered.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::Outcome;
use crate::http::once;
use crate::stage::{ADMIN, Service, Stage};

const DATABASE: &str = "bench_webhooks";
const CHANGES: usize = 1_000;
const INSTANCES: usize = 2;
const KILLS: usize = 5;

/// How long the target takes for each, so that some are on their way when the service dies.
const TAKES: Duration = Duration::from_millis(3);

/// How long nothing may come before what is missing counts as lost: longer than a claim holds.
const PATIENCE: Duration = Duration::from_secs(60);

const SETTINGS: &[(&str, &str)] = &[("IUC_WEBHOOKS_ALLOW_PRIVATE", "true")];

/// What has arrived: how often, by `webhook-id`, and the version that each tells of.
#[derive(Default)]
struct Arrived {
    times: HashMap<String, usize>,
    versions: Vec<u64>,
    last: Option<Instant>,
}

impl Arrived {
    /// How many versions have arrived, each counted once.
    fn distinct(&self) -> usize {
        let mut versions = self.versions.clone();
        versions.sort_unstable();
        versions.dedup();
        versions.len()
    }
}

type Shared<T> = Rc<RefCell<T>>;

/// Prints what was lost and what came twice; true when nothing was lost.
pub async fn run() -> Outcome<bool> {
    let stage = Stage::set()?;
    stage.database(DATABASE).await?;
    let met = tokio::task::LocalSet::new()
        .run_until(deliver(&stage))
        .await?;
    stage.drop_database(DATABASE).await?;
    Ok(met)
}

async fn deliver(stage: &Stage) -> Outcome<bool> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let target = listener.local_addr()?;
    let arrived: Shared<Arrived> = Rc::default();
    tokio::task::spawn_local(receive(listener, arrived.clone()));
    let mut services = start(stage).await?;
    let Some(first) = services.first() else {
        return Err("there is no instance".into());
    };
    let token = first.sign_in(ADMIN).await?;
    let fields = [
        ("authorization", token.as_str()),
        ("content-type", "application/json"),
    ];
    let body = json!({"url": format!("http://{target}/"), "types": ["city"]}).to_string();
    once(first.address, "POST", "/v1/webhooks", &fields, &body).await?;
    let addresses: Shared<Vec<SocketAddr>> = Rc::default();
    *addresses.borrow_mut() = services.iter().map(|service| service.address).collect();
    let begun = Instant::now();
    let write = write_all(&addresses, &token);
    let kill = async {
        for kill in 1..=KILLS {
            let until = CHANGES * kill / (KILLS + 1);
            while arrived.borrow().distinct() < until {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            addresses.borrow_mut().clear();
            for service in services.drain(..) {
                service.kill()?;
            }
            services = start(stage).await?;
            *addresses.borrow_mut() = services.iter().map(|service| service.address).collect();
            println!(
                "Killed both instances after {until} changes ({:.0} s)",
                begun.elapsed().as_secs_f32()
            );
        }
        Outcome::Ok(services)
    };
    let (written, services) = tokio::try_join!(write, kill)?;
    while arrived.borrow().distinct() < written
        && arrived
            .borrow()
            .last
            .is_none_or(|last| last.elapsed() < PATIENCE)
    {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let took = begun.elapsed();
    drop(services);
    let arrived = arrived.borrow();
    let (there, twice) = (
        arrived.distinct(),
        arrived.times.values().filter(|times| **times > 1).count(),
    );
    println!(
        "\n{written} changes, {INSTANCES} instances, each killed {KILLS} times, in {:.0} s: {} lost, {twice} came twice",
        took.as_secs_f32(),
        written - there.min(written)
    );
    let met = there == written && arrived.times.len() == written;
    println!(
        "Goal (none lost, each under one webhook-id): {}",
        if met { "met" } else { "MISSED" }
    );
    Ok(met)
}

async fn start(stage: &Stage) -> Outcome<Vec<Service>> {
    let mut services = Vec::new();
    for _ in 0..INSTANCES {
        services.push(stage.service(&stage.url(DATABASE), SETTINGS).await?);
    }
    Ok(services)
}

/// Changes a city again and again, each time until that is answered; answers how many versions that made.
async fn write_all(addresses: &Shared<Vec<SocketAddr>>, token: &str) -> Outcome<usize> {
    let fields = [
        ("authorization", token),
        ("content-type", "application/merge-patch+json"),
        ("if-match", "*"),
    ];
    let mut versions = (u64::MAX, 0);
    for number in 1..=CHANGES {
        let body = json!({"area_km2": number}).to_string();
        loop {
            let known: Vec<SocketAddr> = addresses.borrow().clone();
            let address = known.get(number % INSTANCES).copied();
            let written = match address {
                Some(address) => once(address, "PATCH", "/v1/cities/umea", &fields, &body).await,
                None => Err("nobody is there".into()),
            };
            if let Ok((_, answer)) = written {
                let answer: Value = serde_json::from_slice(&answer)?;
                let version = answer
                    .get("version")
                    .and_then(Value::as_u64)
                    .unwrap_or_default();
                versions = (versions.0.min(version), versions.1.max(version));
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    Ok(usize::try_from(versions.1 - versions.0 + 1)?)
}

async fn receive(listener: TcpListener, arrived: Shared<Arrived>) {
    while let Ok((stream, _)) = listener.accept().await {
        let arrived = arrived.clone();
        tokio::task::spawn_local(async move {
            // An instance that is killed breaks off.
            let _ = take_all(stream, &arrived).await;
        });
    }
}

/// Takes what comes on a connection: a head, a body of the length that it tells, again.
async fn take_all(stream: TcpStream, arrived: &Shared<Arrived>) -> Outcome<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut id, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await? == 0 {
                return Ok(());
            }
            match line.trim_end().split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("webhook-id") => {
                    id = value.to_owned()
                }
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.parse()?;
                }
                None if line.trim_end().is_empty() => break,
                _ => {}
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await?;
        let message: Value = serde_json::from_slice(&body)?;
        let version = message.pointer("/data/version").and_then(Value::as_u64);
        {
            let mut arrived = arrived.borrow_mut();
            *arrived.times.entry(id).or_default() += 1;
            arrived.versions.extend(version);
            arrived.last = Some(Instant::now());
        }
        tokio::time::sleep(TAKES).await;
        stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await?;
    }
}
