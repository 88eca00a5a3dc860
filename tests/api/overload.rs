//! Whoever sends too much, too slowly or too deep is refused soon, and the service stays small and goes on for the others.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{join, join_all};
use futures_util::stream::FuturesUnordered;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::support::kinds::bare_plan;
use crate::support::process::Process;
use crate::support::{App, Client, IN_TIME};

/// By how much the service may grow with default settings, in KiB: far less than the 300 MiB that are sent. What it begins
/// with depends on the build.
const GROWTH: u64 = 186 * 1024;

/// A body as large as one may be.
const LARGEST: usize = 1_048_576;

/// The head of a request, with a body of this length.
fn head(client: &Client, path: &str, length: usize) -> String {
    let token = client.token.as_deref();
    let token = token.map_or(String::new(), |token| {
        format!("Authorization: Bearer {token}\r\n")
    });
    format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\n{token}Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
}

/// A connection on which this was sent.
async fn sent(process: &Process, bytes: &[u8]) -> TcpStream {
    let address = process.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    // Who is refused early does not have to take all of it.
    let _ = stream.write_all(bytes).await;
    stream
}

/// The status that comes back, or none when the connection is closed without one.
async fn status(stream: &mut TcpStream) -> Option<u16> {
    let mut answer = [0; 12];
    let read = timeout(IN_TIME, stream.read_exact(&mut answer)).await;
    read.expect("the service answers, or closes the connection")
        .ok()?;
    std::str::from_utf8(&answer[9..]).unwrap().parse().ok()
}

/// Demands that others read and write as if nothing were.
async fn others_go_on(process: &Process, client: &Client) {
    let client = process.client(client);
    client.get("/v1/cities").await.expect(200);
    let plan = bare_plan("frankfurt", "frankfurt-yokohama");
    client.post("/v1/action-plans", plan).await.expect(201);
}

#[tokio::test]
async fn many_large_bodies_that_come_slowly_do_not_fill_the_memory() {
    const MANY: usize = 300;
    let app = App::start().await;
    let (anonymous, frankfurt) = (app.anonymous(), app.city_user("frankfurt").await);
    let process = Process::serve(&app, &app.database_url, &[]).await;
    let before = process.most_memory();
    // The last byte does not come. Who has not signed in has nothing large to send; of the others as many as there is
    // room for are waited for.
    for (path, client, refusal, held) in [
        ("/v1/sessions", &anonymous, 413, 0),
        ("/v1/action-plans", &frankfurt, 503, 48),
    ] {
        let mut bytes = head(client, path, LARGEST).into_bytes();
        bytes.extend(std::iter::repeat_n(b' ', LARGEST - 1));
        let mut streams = join_all((0..MANY).map(|_| sent(&process, &bytes))).await;
        let mut answers: FuturesUnordered<_> = streams.iter_mut().map(status).collect();
        for _ in held..MANY {
            let status = answers.next().await.unwrap();
            assert!(
                status.is_none_or(|status| status == refusal),
                "{path}: {status:?}"
            );
        }
        others_go_on(&process, &frankfurt).await;
    }
    let grown = process.most_memory() - before;
    assert!(grown < GROWTH, "{grown} KiB");
}

#[tokio::test]
async fn many_bodies_of_many_parts_do_not_fill_the_memory() {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    let process = Process::serve(&app, &app.database_url, &[]).await;
    let before = process.most_memory();
    let objects = "{\"a\":[{}]},".repeat(12_000);
    for body in [
        format!("[{}1]", "1,".repeat(49_990)),
        format!("{{\"proponents\": [\"frankfurt\"], \"activities\": [{objects}{{}}]}}"),
        "[".repeat(LARGEST - 1),
        "{\"a\":".repeat(170_000),
        format!("\"{}\"", "\\u0061".repeat(170_000)),
    ] {
        let mut bytes = head(&frankfurt, "/v1/action-plans", body.len()).into_bytes();
        bytes.extend(body.as_bytes());
        let all = (0..100).map(async |_| status(&mut sent(&process, &bytes).await).await);
        for status in join_all(all).await {
            assert!(matches!(status, None | Some(400 | 503)), "{status:?}");
        }
        others_go_on(&process, &frankfurt).await;
    }
    let grown = process.most_memory() - before;
    assert!(grown < GROWTH, "{grown} KiB");
}

#[tokio::test]
async fn more_bulks_than_there_is_room_for_are_refused_until_one_ends() {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    let begin = async || {
        let request = format!(
            "POST /v1/action-plans/bulk HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
             Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{{}}\n\r\n",
            frankfurt.token.as_deref().unwrap()
        );
        let mut stream = TcpStream::connect(app.url.strip_prefix("http://").unwrap())
            .await
            .unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let status = status(&mut stream).await.unwrap();
        (stream, status)
    };
    let mut running = Vec::new();
    let refused = loop {
        match begin().await {
            (stream, 200) if running.len() < 50 => running.push(stream),
            (_, status) => break status,
        }
    };
    assert_eq!((refused, running.len()), (503, 12));
    running.pop();
    while begin().await.1 != 200 {}
}

#[tokio::test]
async fn whoever_sends_byte_by_byte_is_not_waited_for() {
    let app = App::with(|settings| {
        settings.header_timeout = 1;
        settings.body_timeout = 1;
    })
    .await;
    let frankfurt = app.city_user("frankfurt").await;
    let body = head(&frankfurt, "/v1/action-plans", 1000);
    let trickle = async |begin: &str| {
        let address = app.url.strip_prefix("http://").unwrap();
        let (mut read, mut write) = TcpStream::connect(address).await.unwrap().into_split();
        write.write_all(begin.as_bytes()).await.unwrap();
        let more = async {
            while write.write_all(b"x").await.is_ok() {
                sleep(Duration::from_millis(50)).await;
            }
            std::future::pending().await
        };
        let mut answer = [0; 12];
        let end = timeout(IN_TIME, read.read_exact(&mut answer));
        tokio::select! {
            end = end => drop(end.expect("it is given up")),
            () = more => {}
        }
        String::from_utf8_lossy(&answer).into_owned()
    };
    let many = (0..40).map(|number| match number % 8 {
        0 => trickle(&body),
        _ => trickle("GET /v1/cities HTTP/1.1\r\nX: "),
    });
    let others = async {
        for _ in 0..20 {
            app.anonymous().get("/v1/cities/umea").await.expect(200);
        }
    };
    for answer in join(join_all(many), others).await.0 {
        assert_eq!(answer, "HTTP/1.1 408");
    }
}
