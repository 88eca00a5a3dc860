//! Many plans by the keys of another system: in one request, beside single PUTs from 16 connections, in turns; then
//! 100,000 lines in one request, for the memory that they take.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::Outcome;
use crate::http::{Client, write};
use crate::seed;
use crate::stage::{ADMIN, Stage};
use crate::usage;

/// Plans of each turn, and the turns of either.
const TURN: u64 = 5_000;
const TURNS: u64 = 4;

/// Connections of the single PUTs.
const CONNECTIONS: usize = 16;

/// How many times faster many at once have to be.
const GOAL: f64 = 5.0;

/// Lines of the long request, and what the service may grow by, in MiB.
const LINES: u64 = 100_000;
const GROWTH: f64 = 64.0;

/// Bytes of a piece of the request with many lines, about.
const PIECE: usize = 64 * 1024;

/// By what they are known, the plans of each size, and what of a plan is sent: all of it, as long as those of the other cases;
/// about a third, without the lists that most rows come from; next to nothing.
const SIZES: [(&str, &[&str]); 3] = [
    ("whole.example", &[]),
    (
        "texts.example",
        &[
            "title",
            "sdg_relevance",
            "executive_summary",
            "objectives",
            "context",
            "implementation",
            "risks",
            "language",
        ],
    ),
    ("titles.example", &["title"]),
];

/// A plan with the key `number` of `system`, with the given parts.
fn body(system: &str, parts: &[&str], number: u64) -> String {
    let at = usize::try_from(number).unwrap_or_default();
    let mut plan = seed::plan(at, ["frankfurt", "yokohama"], &["frankfurt"]);
    if let Some(plan) = plan.as_object_mut() {
        plan.retain(|name, _| {
            parts.is_empty()
                || ["proponents", "pairing"].contains(&&**name)
                || parts.contains(&&**name)
        });
        let key = format!("P-{number}");
        plan.insert(
            "external_refs".into(),
            json!([{"system": system, "key": key}]),
        );
    }
    plan.to_string()
}

/// Puts the plans one by one, from all connections; the seconds it took.
async fn single(
    address: SocketAddr,
    token: &str,
    system: &'static str,
    bodies: Vec<(u64, String)>,
) -> Outcome<f64> {
    let bodies = Arc::new(bodies);
    let begun = Instant::now();
    let connections = (0..CONNECTIONS).map(|connection| {
        let (bodies, token) = (bodies.clone(), token.to_owned());
        tokio::spawn(async move {
            let mut client = Client::connect(address).await?;
            let mut request = Vec::new();
            for (number, body) in bodies.iter().skip(connection).step_by(CONNECTIONS) {
                let path = format!("/v1/action-plans/by-ref/{system}/P-{number}");
                let json = ("content-type", "application/json");
                let fields = [("authorization", token.as_str()), json];
                write(&mut request, "PUT", &path, &fields, body);
                let reply = client.send(&request, None).await?;
                if reply.status != 201 {
                    return Err(format!("a PUT was answered {}", reply.status).into());
                }
            }
            Outcome::Ok(())
        })
    });
    for connection in connections.collect::<Vec<_>>() {
        connection.await??;
    }
    Ok(begun.elapsed().as_secs_f64())
}

/// A chunk of a body (RFC 9112, section 7.1).
fn chunk(bytes: &str) -> String {
    format!("{:x}\r\n{bytes}\r\n", bytes.len())
}

/// Sends the lines in one request while its results are read; the seconds it took.
async fn bulk(
    address: SocketAddr,
    token: &str,
    lines: impl Iterator<Item = String> + Send + 'static,
    count: u64,
) -> Outcome<f64> {
    let begun = Instant::now();
    let stream = TcpStream::connect(address).await?;
    let (read, mut out) = stream.into_split();
    let head = format!(
        "POST /v1/action-plans/bulk HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: {token}\r\n\
         content-type: application/x-ndjson\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    let sender = tokio::spawn(async move {
        out.write_all(head.as_bytes()).await?;
        // In pieces, as whoever sends a file does.
        let mut piece = String::new();
        for line in lines {
            piece.push_str(&line);
            piece.push('\n');
            if piece.len() >= PIECE {
                out.write_all(chunk(&piece).as_bytes()).await?;
                piece.clear();
            }
        }
        // An empty chunk is the end.
        if !piece.is_empty() {
            out.write_all(chunk(&piece).as_bytes()).await?;
        }
        out.write_all(chunk("").as_bytes()).await?;
        // The answer ends before the connection does.
        std::io::Result::Ok(out)
    });
    let mut read = BufReader::with_capacity(64 * 1024, read);
    let (mut line, mut made) = (String::new(), 0);
    while made < count {
        line.clear();
        if read.read_line(&mut line).await? == 0 {
            return Err(format!("the answer ends after {made} results").into());
        }
        if line.starts_with("{\"line\":") {
            if !line.contains("\"result\":\"created\"") {
                return Err(format!("a line was not made: {line}").into());
            }
            made += 1;
        }
    }
    drop(sender.await??);
    Ok(begun.elapsed().as_secs_f64())
}

/// Runs both in turns, then the long request; whether the goals are met.
pub async fn run() -> Outcome<bool> {
    let stage = Stage::set()?;
    stage.database("bench_bulk").await?;
    let service = stage.service(&stage.url("bench_bulk"), &[]).await?;
    let (address, token) = (service.address, service.sign_in(ADMIN).await?);
    let idle = usage::resident(service.pid());
    let (pid, done) = (service.pid(), Arc::new(AtomicBool::new(false)));
    let watcher = tokio::spawn({
        let done = done.clone();
        async move {
            let mut peak = 0.0_f64;
            while !done.load(Ordering::Relaxed) {
                peak = peak.max(usage::resident(pid));
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            peak
        }
    });
    let mut is_met = true;
    for (system, parts) in SIZES {
        let (mut one_by_one, mut at_once, mut bytes) = (0.0, 0.0, 0);
        for turn in 0..TURNS {
            let from = turn * 2 * TURN;
            let body = |number| body(system, parts, number);
            let bodies = (from..from + TURN).map(|number| (number, body(number)));
            one_by_one += single(address, &token, system, bodies.collect()).await?;
            let bodies: Vec<String> = (from + TURN..from + 2 * TURN).map(body).collect();
            bytes += bodies.iter().map(String::len).sum::<usize>();
            at_once += bulk(address, &token, bodies.into_iter(), TURN).await?;
        }
        let plans = (TURNS * TURN) as f64;
        let ratio = one_by_one / at_once;
        println!(
            "{plans} plans of {:>5.0} bytes   single PUTs {:>6.0}/s   bulk {:>6.0}/s   ratio {ratio:>4.1}   goal {GOAL}",
            bytes as f64 / plans,
            plans / one_by_one,
            plans / at_once,
        );
        is_met &= ratio >= GOAL;
    }

    let lines = (0..LINES).map(|number| {
        json!({"proponents": ["yokohama"], "pairing": "frankfurt-yokohama", "title": {"en": format!("Plan {number}")},
            "external_refs": [{"system": "long.example", "key": format!("L-{number}")}]})
        .to_string()
    });
    let seconds = bulk(address, &token, lines, LINES).await?;
    done.store(true, Ordering::Relaxed);
    let growth = watcher.await? - idle;
    println!("{LINES} lines            {:>8.0}/s", LINES as f64 / seconds);
    println!("memory                   {idle:>8.1} MiB, and {growth:.1} more   goal {GROWTH}");
    drop(service);
    stage.drop_database("bench_bulk").await?;
    Ok(is_met && growth < GROWTH)
}
