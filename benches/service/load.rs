//! The load: connections that each send one request after the other.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt;
use futures_util::stream::FuturesUnordered;

use crate::Outcome;
use crate::http::{Client, Reply};
use crate::usage::resident;

/// What one connection remembers between its requests.
pub struct Shooter {
    pub index: usize,
    /// ETag of the last answer.
    pub etag: String,
    random: u64,
}

impl Shooter {
    pub fn new(index: usize) -> Self {
        Self {
            index,
            etag: String::new(),
            random: 0x9E37_79B9_7F4A_7C15 ^ (index as u64 + 1),
        }
    }

    /// A number from 1 to `most` (xorshift: the same in every run).
    pub fn random(&mut self, most: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % most + 1
    }
}

/// Writes a connection's next request.
pub type Make<'a> = dyn Fn(&mut Shooter, &mut Vec<u8>) + 'a;

/// What came of sending for a while.
#[derive(Default)]
pub struct Burst {
    pub requests: usize,
    /// Lines of streamed answers.
    pub lines: usize,
    pub took: Duration,
    /// Of each request, in microseconds.
    pub latencies: Vec<u32>,
    /// The most memory that the watched process held, in MiB.
    pub peak: f64,
}

impl Burst {
    pub fn rate(&self) -> f64 {
        self.requests as f64 / self.took.as_secs_f64()
    }
}

/// Sends from all shooters for `time`, at least once each, and watches the memory of `pid`.
pub async fn burst(
    address: SocketAddr,
    pid: u32,
    shooters: &mut [Shooter],
    time: Duration,
    make: &Make<'_>,
) -> Outcome<Burst> {
    let mut ready = Vec::new();
    for shooter in shooters {
        ready.push((shooter, Client::connect(address).await?));
    }
    let begun = Instant::now();
    let work = async {
        let sending = ready
            .into_iter()
            .map(|(shooter, client)| shoot(shooter, client, begun + time, make));
        let done: Vec<Burst> = sending
            .collect::<FuturesUnordered<_>>()
            .try_collect()
            .await?;
        let mut sum = Burst {
            took: begun.elapsed(),
            ..Burst::default()
        };
        for one in done {
            sum.requests += one.requests;
            sum.lines += one.lines;
            sum.latencies.extend(one.latencies);
        }
        Ok(sum)
    };
    let mut peak = resident(pid);
    let mut clock = tokio::time::interval(Duration::from_millis(50));
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done.map(|burst| Burst { peak: resident(pid).max(peak), ..burst }),
            _ = clock.tick() => peak = resident(pid).max(peak),
        }
    }
}

async fn shoot(
    shooter: &mut Shooter,
    mut client: Client,
    end: Instant,
    make: &Make<'_>,
) -> Outcome<Burst> {
    let (mut burst, mut request) = (Burst::default(), Vec::new());
    loop {
        make(shooter, &mut request);
        let sent = Instant::now();
        let Reply {
            status,
            etag,
            lines,
            ..
        } = client.send(&request, None).await?;
        let took = sent.elapsed();
        if !(200..300).contains(&status) {
            let request = String::from_utf8_lossy(&request).into_owned();
            let line = request.lines().next().unwrap_or_default();
            return Err(format!("{line} was answered {status}").into());
        }
        if let Some(etag) = etag {
            shooter.etag = etag;
        }
        burst.requests += 1;
        burst.lines += lines;
        burst
            .latencies
            .push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
        if Instant::now() >= end {
            return Ok(burst);
        }
    }
}

/// The value below which the given share of them lies; sorts them.
pub fn quantile<T: Copy + PartialOrd + Default>(values: &mut [T], share: f64) -> T {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    let place = (values.len().saturating_sub(1) as f64 * share).round() as usize;
    values.get(place).copied().unwrap_or_default()
}
