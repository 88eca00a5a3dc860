//! What the service tells of its work: lines on standard error; and where `otlp_endpoint` names a collector of OpenTelemetry's
//! protocol, the same lines to it, with a trace of each request and its statements (OTLP 1 over HTTP).
//!
//! Neither has an address, a body, a token or an e-mail address. Statements are told without the values that are bound to them.

use std::fmt::Write;
use std::io::IsTerminal;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::{Method, StatusCode};
use diesel::connection::{Instrumentation, InstrumentationEvent};
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{Status, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_appender_tracing::layer::{OpenTelemetryTracingBridge, TracingSpanAttributes};
use opentelemetry_otlp::{LogExporter, Protocol, SpanExporter, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::resource::{EnvResourceDetector, TelemetryResourceDetector};
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Span};
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt};

use crate::config::{LogFormat, Settings};
use crate::metrics::{OTHER, known};

/// How long the end of the service waits for the collector to take the last of it.
const LAST_WAIT: Duration = Duration::from_secs(2);

/// Longest text of a statement in a trace, in bytes.
const LONGEST_STATEMENT: usize = 8 * 1024;

/// How many statements of a connection run at once at most, as far as a trace is concerned.
const STATEMENTS: usize = 32;

/// The span of a request; its fields go with each log line in it.
const REQUEST: &str = "request";

/// The span of a statement; no log line is written in it.
const STATEMENT: &str = "statement";

/// The way to the collector. Dropped, it brings what it still has.
#[derive(Default)]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
    logs: Option<SdkLoggerProvider>,
}

/// What keeps the service from telling of its work.
pub type TelemetryError = Box<dyn std::error::Error + Send + Sync>;

/// From now on the process tells of its work as the settings say. Once in a process.
pub fn start(settings: &Settings) -> Result<Telemetry, TelemetryError> {
    let filter = EnvFilter::try_new(&settings.log_filter).unwrap_or_else(|_| "info".into());
    let most = filter.max_level_hint().unwrap_or(LevelFilter::TRACE);
    let is_text = match settings.log_format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match is_text {
        true => lines.boxed(),
        false => lines
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .boxed(),
    };
    let lines =
        lines.with_filter(filter_fn(|told| told.name() != STATEMENT).with_max_level_hint(most));
    let telemetry = match settings.otlp_endpoint.trim_end_matches('/') {
        "" => Telemetry::default(),
        endpoint => to_collector(endpoint)?,
    };
    let traces = telemetry.traces.as_ref().map(|traces| {
        OpenTelemetryLayer::new(traces.tracer("iuc"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(
                filter_fn(|told| told.is_span() && is_of_work(told)).with_max_level_hint(most),
            )
    });
    let logs = telemetry.logs.as_ref().map(|logs| {
        let of_request = TracingSpanAttributes::allowlist(["request_id", "method", "route"]);
        let is_told = |told: &Metadata<'_>| told.is_event() || told.name() == REQUEST;
        OpenTelemetryTracingBridge::builder(logs)
            .with_tracing_span_attributes(of_request)
            .build()
            .with_filter(
                filter_fn(move |told| is_told(told) && is_of_work(told)).with_max_level_hint(most),
            )
    });
    tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .with(traces)
        .with(logs)
        .try_init()?;
    Ok(telemetry)
}

fn to_collector(endpoint: &str) -> Result<Telemetry, TelemetryError> {
    let is_http = endpoint.starts_with("http://") || endpoint.starts_with("https://");
    if !is_http {
        return Err(format!("otlp_endpoint {endpoint:?} is no http:// or https:// URL").into());
    }
    // What the standard's variables say of the instance comes after our own words, and counts.
    let resource = Resource::builder_empty()
        .with_service_name("iuc")
        .with_attributes([
            KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
            KeyValue::new("service.instance.id", uuid::Uuid::now_v7().to_string()),
        ])
        .with_detectors(&[
            Box::new(TelemetryResourceDetector),
            Box::new(EnvResourceDetector::new()),
        ]);
    let resource = match std::env::var("OTEL_SERVICE_NAME") {
        Ok(name) if !name.is_empty() => resource.with_service_name(name),
        _ => resource,
    };
    let resource = resource.build();
    let traces = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{endpoint}/v1/traces"))
        .build()?;
    let logs = LogExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(format!("{endpoint}/v1/logs"))
        .build()?;
    Ok(Telemetry {
        traces: Some(
            SdkTracerProvider::builder()
                .with_resource(resource.clone())
                .with_batch_exporter(traces)
                .build(),
        ),
        logs: Some(
            SdkLoggerProvider::builder()
                .with_resource(resource)
                .with_batch_exporter(logs)
                .build(),
        ),
    })
}

/// Whether it may go to a collector: not what tells of telling, which would not end, nor what has the values of statements.
fn is_of_work(told: &Metadata<'_>) -> bool {
    let others = [
        "opentelemetry",
        "reqwest",
        "hyper",
        "h2",
        "rustls",
        "tokio_postgres",
    ];
    !others
        .iter()
        .any(|target| told.target().starts_with(target))
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        // Nobody is left to be told that the collector does not answer.
        let _ = self
            .traces
            .take()
            .map(|it| it.shutdown_with_timeout(LAST_WAIT));
        let _ = self
            .logs
            .take()
            .map(|it| it.shutdown_with_timeout(LAST_WAIT));
    }
}

/// The span of a request. Where it is traced, it belongs to the trace of the caller (W3C Trace Context), and is described by
/// OpenTelemetry's conventions for HTTP servers.
pub fn of_request(
    settings: &Settings,
    request: &HttpRequest,
    id: &str,
    method: &Method,
    route: &str,
) -> Span {
    let method = known(method);
    let span = tracing::info_span!(
        target: "iuc::edge",
        REQUEST,
        request_id = id,
        method,
        route,
        otel.name = tracing::field::Empty,
        otel.kind = tracing::field::Empty
    );
    if settings.otlp_endpoint.is_empty() {
        return span;
    }
    let caller =
        TraceContextPropagator::new().extract_with_context(&Context::new(), &Fields(request));
    // There is nothing to belong to where the request is not traced.
    let _ = span.set_parent(caller);
    let named = if method == OTHER { "HTTP" } else { method };
    span.record("otel.name", format!("{named} {route}").trim_end());
    span.record("otel.kind", "server");
    span.set_attribute("http.request.method", method);
    if !route.is_empty() {
        span.set_attribute("http.route", route.to_owned());
    }
    span
}

/// Notes in the span of a request what it was answered.
pub fn answered(span: &Span, status: StatusCode) {
    span.set_attribute("http.response.status_code", i64::from(status.as_u16()));
    if status.is_server_error() {
        span.set_attribute("error.type", status.as_str().to_owned());
        span.set_status(Status::error(""));
    }
}

/// The header fields of a request that say to which trace it belongs; not what others have noted there for themselves.
struct Fields<'a>(&'a HttpRequest);

impl Extractor for Fields<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        let value = self.0.headers().get(key).filter(|_| key == TRACEPARENT);
        value?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACEPARENT]
    }
}

const TRACEPARENT: &str = "traceparent";

/// Tells of the statements that a connection runs while it is lent once: of one that is given up no end is told.
#[derive(Default)]
pub struct Statements {
    /// Text and span of each that runs.
    running: Vec<(String, Span)>,
}

impl Instrumentation for Statements {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartQuery { query, .. } => {
                if Span::current().is_none() {
                    return;
                }
                let text = without_values(query);
                let operation = text.split_whitespace().next().unwrap_or_default();
                let span = tracing::info_span!(
                    STATEMENT,
                    otel.name = operation,
                    otel.kind = "client",
                    db.system.name = "postgresql",
                    db.operation.name = operation,
                    db.query.text = text
                );
                if self.running.len() >= STATEMENTS {
                    self.running.remove(0);
                }
                self.running.push((text, span));
            }
            InstrumentationEvent::FinishQuery { query, error, .. } => {
                if self.running.is_empty() {
                    return;
                }
                let text = without_values(query);
                let found = self
                    .running
                    .iter()
                    .position(|(running, _)| *running == text);
                if let Some((_, span)) = found.map(|place| self.running.remove(place))
                    && error.is_some()
                {
                    span.set_status(Status::error(""));
                }
            }
            _ => {}
        }
    }
}

/// The text of a statement, up to the values that are bound to it.
fn without_values(query: &dyn std::fmt::Display) -> String {
    let mut text = Text(String::new());
    // It ends with an error where the values begin.
    let _ = write!(text, "{query}");
    let Text(mut text) = text;
    let end = text.find(VALUES).unwrap_or(text.len());
    text.truncate(text.floor_char_boundary(end.min(LONGEST_STATEMENT)));
    text
}

/// What stands before the values in diesel's words.
const VALUES: &str = " -- binds: ";

/// Takes text up to the values.
struct Text(String);

impl Write for Text {
    fn write_str(&mut self, part: &str) -> std::fmt::Result {
        self.0.push_str(part);
        match self.0.ends_with(VALUES) {
            true => Err(std::fmt::Error),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use diesel::prelude::*;

    use super::*;
    use crate::schema::users;

    #[test]
    fn a_statement_is_told_without_the_values_that_are_bound_to_it() {
        let query = users::table
            .filter(users::email.eq("ada@city.example"))
            .select(users::id);
        let text = without_values(&diesel::debug_query::<diesel::pg::Pg, _>(&query));
        assert!(text.ends_with("= $1)"), "{text}");
        assert!(!text.contains("ada"), "{text}");
    }
}
