//! What an operator watches: counted as it happens, served on a port of its own, and nothing in it that callers make up.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::kinds::bare_plan;
use crate::support::process::{Process, free_address};
use crate::support::receiver::Receiver;
use crate::support::{App, Client, IN_TIME};
use crate::webhooks::{hook, survey, trying};

/// The value of a figure, such as `iuc_bulk_lines_total{result="created"}`; none: it does not stand there.
fn figure(text: &str, name: &str) -> Option<f64> {
    let mut lines = text.lines().filter_map(|line| line.rsplit_once(' '));
    let (_, value) = lines.find(|(named, _)| *named == name)?;
    Some(value.parse().unwrap())
}

fn text(app: &App) -> String {
    app.state.metrics.text().unwrap()
}

/// Waits until a figure has this value.
async fn comes_to(app: &App, name: &str, value: f64) {
    let begun = Instant::now();
    while figure(&text(app), name) != Some(value) {
        assert!(begun.elapsed() < IN_TIME, "{name} in {}", text(app));
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// How many requests on a route were answered so.
fn answers(text: &str, method: &str, route: &str, status: u16) -> f64 {
    let labels = format!(
        r#"http_request_method="{method}",http_route="{route}",http_response_status_code="{status}""#
    );
    let name = format!("http_server_request_duration_seconds_count{{{labels}}}");
    figure(text, &name).unwrap_or_default()
}

#[tokio::test]
async fn the_figures_are_served_on_a_port_of_their_own_and_nothing_else_is() {
    let app = App::start().await;
    let address = free_address();
    let settings = [("IUC_METRICS_BIND", address.as_str())];
    let process = Process::serve(&app, &app.database_url, &settings).await;
    let watcher = Client::new(&format!("http://{address}"), None);
    let reader = process.client(&app.anonymous());
    for _ in 0..3 {
        reader.get("/v1/cities/umea").await.expect(200);
    }
    let figures = watcher.get("/metrics").await;
    assert_eq!(
        (figures.status, figures.header("content-type")),
        (200, "text/plain; version=0.0.4; charset=utf-8")
    );
    let told = String::from_utf8(figures.bytes).unwrap();
    assert_eq!(answers(&told, "GET", "/v1/cities/{id}", 200), 3.0, "{told}");
    let version = format!(
        r#"iuc_build_info{{version="{}"}}"#,
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(figure(&told, &version), Some(1.0), "{told}");
    assert_eq!(watcher.get("/v1/cities").await.status, 404);
    assert_eq!(watcher.request("POST", "/metrics").send().await.status, 404);
    reader.get("/metrics").await.expect(404);
}

#[tokio::test]
async fn what_callers_make_up_is_no_label() {
    let app = App::start().await;
    let client = reqwest::Client::new();
    let send = async |name: &str, path: &str| {
        let method = Method::from_bytes(name.as_bytes()).unwrap();
        let url = format!("{}{path}", app.url);
        client.request(method, url).send().await.unwrap();
    };
    for name in ["BREW", "STEAL"] {
        send(name, &format!("/v1/{name}-here")).await;
        send(name, "/v1/cities").await;
    }
    // One that there is, but not here.
    send("DELETE", "/v1/cities").await;
    send("HEAD", "/v1/cities/%75mea").await;
    let told = text(&app);
    assert_eq!(answers(&told, "_OTHER", "", 404), 2.0, "{told}");
    assert_eq!(answers(&told, "_OTHER", "/v1/cities", 405), 3.0, "{told}");
    assert_eq!(
        answers(&told, "HEAD", "/v1/cities/{id}", 200),
        1.0,
        "{told}"
    );
    assert!(!told.contains("BREW"), "{told}");
}

#[tokio::test]
async fn a_line_that_breaks_before_the_answer_is_counted_apart() {
    let app = App::start().await;
    let address = app.url.strip_prefix("http://").unwrap();
    let seen = app.anonymous().get("/v1/changes").await.expect(200);
    let path = format!("/v1/changes?wait=30&after={}", seen.cursor());
    let mut line = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: {address}\r\n\r\n");
    line.write_all(request.as_bytes()).await.unwrap();
    comes_to(&app, "http_server_active_requests", 1.0).await;
    // Who ends politely may still read.
    line.set_zero_linger().unwrap();
    drop(line);
    comes_to(&app, "iuc_requests_abandoned_total", 1.0).await;
    comes_to(&app, "http_server_active_requests", 0.0).await;
}

#[tokio::test]
async fn lines_of_bulks_are_counted_by_what_came_of_them() {
    let app = App::start().await;
    let yokohama = app.city_user("yokohama").await;
    let line = |key: &str, title: serde_json::Value| {
        let mut plan = bare_plan("yokohama", "frankfurt-yokohama");
        plan["title"] = title;
        plan["external_refs"] = json!([{"system": "plans.example", "key": key}]);
        format!("{plan}\n")
    };
    let good = json!({"en": "Light"});
    let body = line("a", good.clone()) + &line("b", good) + &line("c", json!(5));
    let send = async |query: &str| {
        let path = format!("/v1/action-plans/bulk{query}");
        let request = yokohama.request("POST", &path);
        let request = request.body("application/x-ndjson", body.clone());
        request.send().await.expect(200);
        let told = text(&app);
        let lines = |result| {
            figure(
                &told,
                &format!(r#"iuc_bulk_lines_total{{result="{result}"}}"#),
            )
        };
        ["created", "updated", "unchanged", "failed"].map(|result| lines(result).unwrap())
    };
    assert_eq!(send("?dryrun=true").await, [0.0, 0.0, 0.0, 0.0]);
    // All or none: none.
    assert_eq!(send("?atomic=true").await, [0.0, 0.0, 0.0, 3.0]);
    assert_eq!(send("").await, [2.0, 0.0, 0.0, 4.0]);
    assert_eq!(send("").await, [2.0, 0.0, 2.0, 5.0]);
}

#[tokio::test]
async fn connections_are_counted_while_they_are_lent_and_where_there_is_none() {
    let app = App::with(|settings| settings.pool_exports = 1).await;
    let pool = r#"db_client_connection_pool_name="exports""#;
    let used = format!(r#"db_client_connection_count{{{pool},db_client_connection_state="used"}}"#);
    let failures = format!("iuc_db_connection_failures_total{{{pool}}}");
    let told = || {
        let text = text(&app);
        [
            &used,
            &failures,
            &format!("db_client_connection_max{{{pool}}}"),
        ]
        .map(|name| figure(&text, name).unwrap())
    };
    assert_eq!(told(), [0.0, 0.0, 1.0]);
    let lent = app.state.db.export_connection().await.unwrap();
    assert_eq!(told(), [1.0, 0.0, 1.0]);
    assert!(app.state.db.export_connection().await.is_err());
    drop(lent);
    assert_eq!(told(), [0.0, 1.0, 1.0]);
}

#[tokio::test]
async fn deliveries_and_jobs_are_counted_as_they_go() {
    let app = trying().await;
    let receiver = Receiver::start().await;
    let (admin, frankfurt) = (app.admin().await, app.city_user("frankfurt").await);
    let numbered = || {
        let name = r#"iuc_job_last_success_timestamp_seconds{task="number_changes"}"#;
        figure(&text(&app), name).unwrap()
    };
    let begun = numbered();
    let attempts = |outcome| format!(r#"iuc_webhook_attempts_total{{outcome="{outcome}"}}"#);
    assert_eq!(figure(&text(&app), &attempts("failed")), Some(0.0));
    hook(&frankfurt, &receiver.url, json!({})).await;
    survey(&admin, "umea", 7).await;
    receiver.wait_for(1).await;
    comes_to(&app, &attempts("delivered"), 1.0).await;
    // It was numbered before it was delivered.
    assert!(numbered() > begun);
    // It is not tried again.
    receiver.answer(410);
    survey(&admin, "umea", 8).await;
    comes_to(&app, &attempts("failed"), 1.0).await;
}
