//! The way to a target: a client of HTTP that goes nowhere else than it may, and what is told of a URL beforehand.
//!
//! A name is resolved by the client's own resolver, which leaves out every address that is not open: so the address that
//! was checked is the address that is connected to, whatever the name's server answers the next time. No redirect is
//! followed, no proxy of the environment is used, and of an answer no more than a little is read.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;
use serde_json::Value;

use super::rules::{self, BadTarget, is_open};
use crate::problem::{Fault, Faults, Problem, Rule};
use crate::request::Ask;

/// Time for a connection, with TLS.
const CONNECT: Duration = Duration::from_secs(5);

/// Time for a delivery in all.
pub const DELIVER: Duration = Duration::from_secs(15);

/// Time that a write waits for the addresses of a name: what it waits for longer is looked at when it is sent to.
const LOOK_UP: Duration = Duration::from_secs(2);

/// The client that deliveries are sent with.
pub fn client(private: bool) -> reqwest::Result<Client> {
    Client::builder()
        .user_agent(concat!("iuc-webhooks/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .referer(false)
        .no_proxy()
        .https_only(!private)
        .dns_resolver(Arc::new(Resolver { private }))
        .connect_timeout(CONNECT)
        .timeout(DELIVER)
        .pool_max_idle_per_host(2)
        .pool_idle_timeout(Duration::from_secs(20))
        .build()
}

/// Finds the open addresses of a name.
struct Resolver {
    private: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let private = self.private;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let found = found.map_err(|_| NoAddress::Unknown)?;
            let mut all = found.peekable();
            all.peek().ok_or(NoAddress::Unknown)?;
            let open: Vec<SocketAddr> = all.filter(|at| is_open(at.ip(), private)).collect();
            if open.is_empty() {
                return Err(NoAddress::Forbidden.into());
            }
            let addresses: Addrs = Box::new(open.into_iter());
            Ok(addresses)
        })
    }
}

/// Why a name leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoAddress {
    /// It has no address.
    Unknown,
    /// None of its addresses is open.
    Forbidden,
}

impl std::fmt::Display for NoAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unknown => "the name has no address",
            Self::Forbidden => "the name has no address that deliveries may go to",
        })
    }
}

impl std::error::Error for NoAddress {}

/// Looks at the URLs in the body of a write, before it. A name that has no address yet is let pass: the deliveries tell.
pub async fn look_at_targets(ask: Ask, value: Value) -> Result<(Value, Faults), Problem> {
    let private = ask.app.config.settings.webhooks_allow_private;
    let mut faults = Faults::new();
    for (pointer, url) in urls_in(&value, &mut faults) {
        match look_at(url, private).await {
            Ok(()) => {}
            Err(BadTarget::Form) => faults.push(Fault::at(pointer, Rule::TargetUrl)),
            Err(BadTarget::Address) => faults.push(Fault::at(pointer, Rule::TargetAddress)),
        }
    }
    Ok((value, faults))
}

/// The URLs that a body names, each with its place: of the thing, of a merge patch, of a JSON Patch. What another field
/// holds is not moved there unseen.
fn urls_in<'a>(value: &'a Value, faults: &mut Faults) -> Vec<(String, &'a str)> {
    let Value::Array(operations) = value else {
        let url = value.get("url").and_then(Value::as_str);
        return url
            .map(|url| ("/url".to_owned(), url))
            .into_iter()
            .collect();
    };
    let mut urls = Vec::new();
    for (place, operation) in operations.iter().enumerate() {
        let text = |name: &str| operation.get(name).and_then(Value::as_str);
        let given = operation.get("value");
        let url = match text("path") {
            Some("/url") => given,
            Some("") => given.and_then(|whole| whole.get("url")),
            _ => continue,
        };
        if matches!(text("op"), Some("move" | "copy")) {
            faults.push(Fault::at(format!("/{place}/from"), Rule::TargetUrl));
        }
        urls.extend(
            url.and_then(Value::as_str)
                .map(|url| (format!("/{place}/value"), url)),
        );
    }
    urls
}

async fn look_at(url: &str, private: bool) -> Result<(), BadTarget> {
    let url = rules::target(url, private)?;
    let name = match url.host_str() {
        Some(host) if rules::address(&url).is_none() => host,
        _ => return Ok(()),
    };
    let looked_up = tokio::time::timeout(LOOK_UP, tokio::net::lookup_host((name, 0))).await;
    let Ok(Ok(mut found)) = looked_up else {
        return Ok(());
    };
    match found.all(|at| is_open(at.ip(), private)) {
        true => Ok(()),
        false => Err(BadTarget::Address),
    }
}
