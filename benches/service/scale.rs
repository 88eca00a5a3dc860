//! Whether pages stay as fast when there are more plans: the same pages at 2,000 and at 200,000, in turns.
//!
//! Half of the plans are one city's, one city has a single plan. Each statement has run often enough on each connection
//! for PostgreSQL to have settled on a plan for any value (after the fifth time it may).

use std::time::Duration;

use crate::Outcome;
use crate::http::write;
use crate::load::{Shooter, burst, quantile};
use crate::seed;
use crate::stage::{ADMIN, Service, Stage};

const SMALL: u64 = 2_000;
const LARGE: u64 = 200_000;

/// Connections of the service's pool, by default.
const POOL: usize = 16;
const WARM_UPS: usize = 8;
const ROUNDS: usize = 12;
const REQUESTS: usize = 20;

/// The time at the large size, as a multiple of the small one's.
const GOAL: f64 = 1.3;

/// The largest and the smallest value of each filter, in the orders that lists offer.
const PAGES: &[(&str, &str)] = &[
    ("city, largest", "city=frankfurt&sort=-updated_at"),
    ("city, single plan", "city=kamakura&sort=-updated_at"),
    (
        "city + status, largest",
        "city=frankfurt&status=draft&sort=-updated_at",
    ),
    ("city, largest, by title", "city=frankfurt&sort=title"),
    (
        "pairing, largest",
        "pairing=frankfurt-yokohama&sort=-updated_at",
    ),
    (
        "pairing, single plan",
        "pairing=umea-kamakura&sort=-updated_at",
    ),
    (
        "two cities",
        "city=frankfurt&city=kamakura&sort=-updated_at",
    ),
    (
        "two cities, single plan",
        "city=umea&city=kamakura&sort=-updated_at",
    ),
    ("status, all plans", "status=draft&sort=-updated_at"),
    ("status, none", "status=approved&sort=-updated_at"),
    ("goal, all plans", "sdg=11&sort=-updated_at"),
    ("goal, single plan", "sdg=14&sort=-updated_at"),
    ("target, none", "sdg=1.1&sort=-updated_at"),
    (
        "goal + city, single plan",
        "city=frankfurt&sdg=14&sort=-updated_at",
    ),
    ("all, by id", ""),
];

/// Prints the times; true when no page is slower than the goal.
pub async fn run() -> Outcome<bool> {
    let stage = Stage::set()?;
    let (small, large) = (
        fill(&stage, "bench_small", SMALL).await?,
        fill(&stage, "bench_large", LARGE).await?,
    );
    println!(
        "\n{:<26} {:>11} {:>12} {:>6} {:>9}",
        "page of 50", "2,000: ms", "200,000: ms", "ratio", "items"
    );
    let mut missed = Vec::new();
    for (name, query) in PAGES {
        let path = format!("/v1/action-plans?limit=50&{query}");
        let path = path.trim_end_matches('&');
        let items = small.warm_up(path).await?.min(large.warm_up(path).await?);
        let (mut at_small, mut at_large) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            at_small.extend(small.times(path).await?);
            at_large.extend(large.times(path).await?);
        }
        let (at_small, at_large) = (quantile(&mut at_small, 0.5), quantile(&mut at_large, 0.5));
        let ratio = f64::from(at_large) / f64::from(at_small.max(1));
        println!(
            "{name:<26} {:>11.2} {:>12.2} {ratio:>6.2} {items:>9}",
            f64::from(at_small) / 1000.0,
            f64::from(at_large) / 1000.0
        );
        if ratio > GOAL {
            missed.push(format!("{name} {ratio:.2}"));
        }
    }
    drop((small, large));
    for database in ["bench_small", "bench_large"] {
        stage.drop_database(database).await?;
    }
    let verdict = if missed.is_empty() {
        "met".to_owned()
    } else {
        format!("MISSED: {}", missed.join("; "))
    };
    println!(
        "\nGoal (a page at 200,000 plans takes at most {GOAL} times that at 2,000): {verdict}"
    );
    Ok(missed.is_empty())
}

struct Filled {
    service: Service,
    token: String,
}

async fn fill(stage: &Stage, database: &str, plans: u64) -> Outcome<Filled> {
    println!("Planting {plans} plans ...");
    stage.database(database).await?;
    let service = stage.service(&stage.url(database), &[]).await?;
    seed::plant(stage, database, &service, &seed::SKEWED, plans).await?;
    let token = service.sign_in(ADMIN).await?;
    Ok(Filled { service, token })
}

impl Filled {
    /// Each connection of the pool runs the statements often enough; how many items the page has.
    async fn warm_up(&self, path: &str) -> Outcome<usize> {
        let mut shooters: Vec<_> = (0..POOL).map(Shooter::new).collect();
        for _ in 0..WARM_UPS {
            self.send(path, &mut shooters, Duration::ZERO).await?;
        }
        let fields = [("authorization", self.token.as_str())];
        let (_, body) = crate::http::once(self.service.address, "GET", path, &fields, "").await?;
        let body: serde_json::Value = serde_json::from_slice(&body)?;
        Ok(body
            .get("items")
            .and_then(serde_json::Value::as_array)
            .map_or(0, Vec::len))
    }

    /// Times of requests one after the other, in microseconds.
    async fn times(&self, path: &str) -> Outcome<Vec<u32>> {
        let mut times = Vec::new();
        let mut shooters = [Shooter::new(0)];
        while times.len() < REQUESTS {
            let time = Duration::from_millis(100);
            times.extend(self.send(path, &mut shooters, time).await?);
        }
        Ok(times)
    }

    async fn send(
        &self,
        path: &str,
        shooters: &mut [Shooter],
        time: Duration,
    ) -> Outcome<Vec<u32>> {
        let fields = [("authorization", self.token.as_str())];
        let make = |_: &mut Shooter, out: &mut Vec<u8>| write(out, "GET", path, &fields, "");
        let burst = burst(
            self.service.address,
            self.service.pid(),
            shooters,
            time,
            &make,
        )
        .await?;
        Ok(burst.latencies)
    }
}
