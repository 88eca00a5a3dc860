//! What a collector of OpenTelemetry's protocol hears of the service's work.

use std::sync::{Arc, Mutex};

use actix_web::web::{Bytes, Data};
use actix_web::{App as Application, HttpRequest, HttpResponse, HttpServer, web};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use prost::Message;
use serde_json::json;

use crate::support::app::PASSWORD;
use crate::support::cluster::BACKGROUND;
use crate::support::process::{Process, command};
use crate::support::{App, IN_TIME};

/// What was posted, by path.
type Posted = Arc<Mutex<Vec<(String, Bytes)>>>;

/// A collector: takes what comes.
struct Collector {
    url: String,
    posted: Posted,
}

impl Collector {
    fn start() -> Self {
        let posted = Posted::default();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let data = Data::from(posted.clone());
        BACKGROUND.spawn(async move {
            let server = HttpServer::new(move || {
                Application::new()
                    .app_data(data.clone())
                    .app_data(web::PayloadConfig::new(16 << 20))
                    .default_service(web::to(take))
            });
            let server = server.workers(1).disable_signals().listen(listener);
            server.unwrap().run().await.unwrap();
        });
        Self { url, posted }
    }

    fn bodies(&self, path: &str) -> Vec<Bytes> {
        let posted = self.posted.lock().unwrap();
        let of = posted.iter().filter(|(to, _)| to == path);
        of.map(|(_, body)| body.clone()).collect()
    }

    fn spans(&self) -> Vec<Span> {
        let bodies = self.bodies("/v1/traces").into_iter();
        let told = bodies.flat_map(|body| {
            ExportTraceServiceRequest::decode(body)
                .unwrap()
                .resource_spans
        });
        told.flat_map(|told| told.scope_spans)
            .flat_map(|told| told.spans)
            .collect()
    }

    fn logs(&self) -> Vec<LogRecord> {
        let bodies = self.bodies("/v1/logs").into_iter();
        let told = bodies.flat_map(|body| {
            ExportLogsServiceRequest::decode(body)
                .unwrap()
                .resource_logs
        });
        told.flat_map(|told| told.scope_logs)
            .flat_map(|told| told.log_records)
            .collect()
    }
}

async fn take(
    posted: Data<Mutex<Vec<(String, Bytes)>>>,
    request: HttpRequest,
    body: Bytes,
) -> HttpResponse {
    let kind = request.headers().get("content-type");
    assert_eq!(kind.unwrap(), "application/x-protobuf");
    posted
        .lock()
        .unwrap()
        .push((request.path().to_owned(), body));
    HttpResponse::Ok()
        .content_type("application/x-protobuf")
        .finish()
}

fn plain(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn field(fields: &[KeyValue], name: &str) -> String {
    let found = fields.iter().find(|field| field.key == name);
    plain(found.and_then(|found| found.value.as_ref()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn a_collector_hears_of_requests_and_their_statements_and_of_nothing_personal() {
    let app = App::start().await;
    let email = "ada@umea.example";
    app.account(email, "admin", None).await;
    let collector = Collector::start();
    let settings = [
        ("IUC_OTLP_ENDPOINT", collector.url.as_str()),
        ("IUC_LOG_FILTER", "info"),
        ("IUC_DRAIN_TIME", "0"),
    ];
    let mut service = Process::serve(&app, &app.database_url, &settings).await;
    let anonymous = service.client(&app.anonymous());
    let session = json!({"email": email, "password": PASSWORD});
    let session = anonymous.post("/v1/sessions", session).await.expect(201);
    let token = session.body["access_token"].as_str().unwrap().to_owned();
    let admin = anonymous.with_token(&token);
    let city = admin.get("/v1/cities/umea").await.expect(200);
    let (trace, caller) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let changed = admin
        .request("PATCH", "/v1/cities/umea")
        .header("if-match", &city.etag())
        .header("traceparent", &format!("00-{trace}-{caller}-01"))
        .header("tracestate", "made=up")
        .header("x-request-id", "told-of")
        .body(
            "application/merge-patch+json",
            r#"{"website": "https://hidden.example"}"#,
        )
        .send()
        .await;
    changed.expect(200);
    anonymous.get("/v1/cities/nowhere").await.expect(404);
    anonymous.request("BREW", "/v1/cities").send().await;
    service.stop();
    assert!(service.ended().await.success());

    let spans = collector.spans();
    let of_trace: Vec<&Span> = spans
        .iter()
        .filter(|span| hex(&span.trace_id) == trace)
        .collect();
    let root = of_trace
        .iter()
        .find(|span| hex(&span.parent_span_id) == caller);
    let root = root.expect("the request belongs to the trace of its caller");
    assert_eq!(root.name, "PATCH /v1/cities/{id}");
    assert_eq!(root.kind, SpanKind::Server as i32);
    for (name, expected) in [
        ("http.request.method", "PATCH"),
        ("http.route", "/v1/cities/{id}"),
        ("http.response.status_code", "200"),
        ("request_id", "told-of"),
    ] {
        assert_eq!(field(&root.attributes, name), expected);
    }
    let statements: Vec<&&Span> = of_trace
        .iter()
        .filter(|span| span.parent_span_id == root.span_id)
        .collect();
    assert_eq!(statements.len() + 1, of_trace.len());
    let texts: Vec<String> = statements
        .iter()
        .map(|span| field(&span.attributes, "db.query.text"))
        .collect();
    let update = texts
        .iter()
        .find(|text| text.starts_with("UPDATE \"cities\""));
    assert!(update.is_some_and(|text| text.contains("$1")), "{texts:?}");
    assert!(texts.iter().any(|text| text == "COMMIT"), "{texts:?}");
    assert!(
        statements
            .iter()
            .all(|span| span.kind == SpanKind::Client as i32)
    );

    let missing = spans
        .iter()
        .find(|span| field(&span.attributes, "http.response.status_code") == "404");
    let missing = missing.expect("whoever sends no trace begins one");
    assert!(missing.parent_span_id.is_empty());

    let logs = collector.logs();
    let answered = logs.iter().find(|line| hex(&line.trace_id) == trace);
    let answered = answered.expect("the line of the request names its trace");
    assert_eq!(plain(answered.body.as_ref()), "answered");
    assert_eq!(answered.span_id, root.span_id);
    assert_eq!(field(&answered.attributes, "request_id"), "told-of");
    assert_eq!(field(&answered.attributes, "route"), "/v1/cities/{id}");

    let all: Vec<u8> = ["/v1/traces", "/v1/logs"]
        .map(|path| collector.bodies(path).concat())
        .concat();
    for secret in [
        email,
        PASSWORD,
        &token,
        "hidden.example",
        "umea",
        "made=up",
        "BREW",
    ] {
        let is_told = all
            .windows(secret.len())
            .any(|part| part == secret.as_bytes());
        assert!(!is_told, "{secret} is told");
    }
}

#[tokio::test]
async fn a_collector_that_does_not_answer_keeps_nobody_waiting() {
    let app = App::start().await;
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let settings = [
        ("IUC_OTLP_ENDPOINT", endpoint.as_str()),
        ("IUC_LOG_FILTER", "info"),
        ("IUC_DRAIN_TIME", "0"),
        ("OTEL_BSP_SCHEDULE_DELAY", "20"),
        ("OTEL_BLRP_SCHEDULE_DELAY", "20"),
    ];
    let mut service = Process::serve(&app, &app.database_url, &settings).await;
    let anonymous = service.client(&app.anonymous());
    // It is told of the first requests, and says nothing.
    let _held = silent.accept().await.unwrap();
    for _ in 0..100 {
        anonymous.get("/v1/cities").await.expect(200);
    }
    service.stop();
    let ended = tokio::time::timeout(IN_TIME, service.ended()).await;
    assert!(ended.expect("it does not wait for the collector").success());
}

#[tokio::test]
async fn an_endpoint_that_is_none_keeps_the_service_from_starting() {
    let app = App::start().await;
    let settings = [
        ("DATABASE_URL", app.database_url.as_str()),
        ("IUC_OTLP_ENDPOINT", "collector:4317"),
    ];
    let output = command(&settings).arg("serve").output().await.unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("otlp_endpoint") && said.contains("collector:4317"),
        "{said}"
    );
}
