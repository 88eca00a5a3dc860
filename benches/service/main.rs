//! Measures the service: each case over HTTP, beside pgbench with the same SQL and a bare handler with the same bytes.
//!
//! The three take turns in short rounds, so that whatever else the machine does meets all of them; the table shows
//! medians. benches/README.md tells how to run it and how to read it.

#![expect(
    clippy::print_stdout,
    reason = "what a benchmark has to tell goes to standard output"
)]

mod bare;
mod bulk;
mod cases;
mod feed;
mod http;
mod load;
mod pgbench;
mod scale;
mod seed;
mod stage;
mod statements;
mod table;
mod usage;
mod webhooks;

use std::time::Duration;

/// What may keep the benchmark from its end.
pub type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// The whole of it takes no longer.
const LIMIT: Duration = Duration::from_mins(6);

fn main() -> Outcome<()> {
    let mode = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    if !cfg!(feature = "jemalloc") {
        println!("NOTE: built without `--features jemalloc`, and so not what a server runs");
    }
    let work = async {
        match mode.as_deref() {
            Some("bulk") => bulk::run().await,
            Some("scale") => scale::run().await,
            Some("feed") => feed::run().await,
            Some("webhooks") => webhooks::run().await,
            Some("statements") => statements::print().await,
            only => cases::run(only).await,
        }
    };
    let met = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async { tokio::time::timeout(LIMIT, work).await })
        .map_err(|_| "the benchmark took longer than 6 minutes and was stopped")??;
    if met {
        Ok(())
    } else {
        Err("a goal is missed: see above".into())
    }
}
