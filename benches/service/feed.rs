//! The change feed: whether its pages stay as fast when it is longer, and what writers pay for it.
//!
//! Pages of 500 out of 10,000 changes and out of 1,000,000, in turns. Plans patched over 16 connections, in turns too: by
//! a service with the feed, and by one in whose database triggers tell nothing and keep no events.

use std::time::Duration;

use crate::Outcome;
use crate::http::write;
use crate::load::{Shooter, burst, quantile};
use crate::seed;
use crate::stage::{ADMIN, CITY_USER, Service, Stage};

const SHORT: u64 = 10_000;
const LONG: u64 = 1_000_000;
const ROUNDS: usize = 12;
const TURN: Duration = Duration::from_millis(200);

/// The time out of the long feed, as a multiple of that out of the short one.
const PAGE_GOAL: f64 = 3.0;

const WRITERS: usize = 16;
const WRITING_ROUNDS: usize = 7;
const WRITING_TURN: Duration = Duration::from_secs(2);
const PLANS: u64 = 2_000;

/// Patches with the feed and events, as a share of those without.
const WRITING_GOAL: f64 = 0.7;

/// Who asks for which page.
const PAGES: &[(&str, Option<&str>, &str)] = &[
    ("anonymous", None, ""),
    ("city user", Some(CITY_USER), ""),
    ("admin", Some(ADMIN), ""),
    ("one type", None, "&type=meeting"),
    ("one city", None, "&city=umea"),
    ("one city, city user", Some(CITY_USER), "&city=yokohama"),
    ("one city and type", None, "&city=umea&type=tour"),
];

/// Every tenth change is seen by one city and admins alone; the others by everybody, one in twenty of them of a rare type
/// and of a rare city each.
const FILL: &str = "
    WITH made AS (
        INSERT INTO changes (seq, reader, type, resource, path, action, version, at, cities, not_for, numbered_at)
        SELECT last + n, CASE n % 10 WHEN 0 THEN 'yokohama' WHEN 1 THEN '#' ELSE '*' END,
            CASE n % 20 WHEN 2 THEN 'meeting' WHEN 3 THEN 'tour' ELSE 'city' END, 'thing-' || n % 1000, '/cities/thing-' || n % 1000,
            'updated', n, now(), ARRAY[CASE WHEN n % 20 < 4 THEN 'umea' WHEN n % 2 = 0 THEN 'yokohama' ELSE 'essen' END],
            CASE n % 10 WHEN 2 THEN ARRAY['#', 'yokohama'] ELSE '{}' END, now()
        FROM feed, generate_series(1, COUNT) AS n
        RETURNING seq, reader, type, cities
    )
    INSERT INTO change_cities (seq, city, reader, type) SELECT seq, city, reader, type FROM made, unnest(cities) AS city;
    UPDATE feed SET last = (SELECT max(seq) FROM changes);
    ANALYZE changes, change_cities";

/// Neither the feed nor events.
const SILENCE: &str = "
    CREATE OR REPLACE FUNCTION tell_change(of_type text, of_resource text, at_path text, of_version bigint,
        happened timestamptz, before jsonb, after jsonb) RETURNS void LANGUAGE plpgsql AS $$ BEGIN END $$;
    CREATE FUNCTION keep_nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
    CREATE TRIGGER events_none BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION keep_nothing()";

/// Prints what it costs; true when the goals are met.
pub async fn run() -> Outcome<bool> {
    let stage = Stage::set()?;
    let pages = pages(&stage).await?;
    let writing = writing(&stage).await?;
    Ok(pages && writing)
}

async fn pages(stage: &Stage) -> Outcome<bool> {
    let short = fill(stage, "bench_short", SHORT).await?;
    let long = fill(stage, "bench_long", LONG).await?;
    println!(
        "\n{:<26} {:>11} {:>14} {:>6}",
        "page of 500 changes", "10,000: ms", "1,000,000: ms", "ratio"
    );
    let mut missed = Vec::new();
    for (name, who, query) in PAGES {
        let path = format!("/v1/changes?limit=500{query}");
        let (mut at_short, mut at_long) = (Vec::new(), Vec::new());
        for round in 0..=ROUNDS {
            let (some, more) = (
                times(&short, *who, &path).await?,
                times(&long, *who, &path).await?,
            );
            // The first round opens connections.
            if round > 0 {
                at_short.extend(some);
                at_long.extend(more);
            }
        }
        let (at_short, at_long) = (quantile(&mut at_short, 0.5), quantile(&mut at_long, 0.5));
        let ratio = f64::from(at_long) / f64::from(at_short.max(1));
        println!(
            "{name:<26} {:>11.2} {:>14.2} {ratio:>6.2}",
            f64::from(at_short) / 1000.0,
            f64::from(at_long) / 1000.0
        );
        if ratio > PAGE_GOAL {
            missed.push(format!("{name} {ratio:.2}"));
        }
    }
    drop((short, long));
    for database in ["bench_short", "bench_long"] {
        stage.drop_database(database).await?;
    }
    let verdict = match missed.is_empty() {
        true => "met".to_owned(),
        false => format!("MISSED: {}", missed.join("; ")),
    };
    println!(
        "\nGoal (a page out of 1,000,000 takes at most {PAGE_GOAL} times that out of 10,000): {verdict}"
    );
    Ok(missed.is_empty())
}

async fn fill(stage: &Stage, database: &str, changes: u64) -> Outcome<Service> {
    println!("Filling in {changes} changes ...");
    stage.database(database).await?;
    let service = stage.service(&stage.url(database), &[]).await?;
    // What was loaded is numbered first.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let client = stage.client(database).await?;
    client
        .batch_execute(&FILL.replace("COUNT", &changes.to_string()))
        .await?;
    Ok(service)
}

/// Times of requests one after the other, in microseconds.
async fn times(service: &Service, who: Option<&str>, path: &str) -> Outcome<Vec<u32>> {
    let token = match who {
        Some(email) => service.sign_in(email).await?,
        None => String::new(),
    };
    let fields = [("authorization", token.as_str())];
    let fields = if token.is_empty() { &[][..] } else { &fields };
    let make = |_: &mut Shooter, out: &mut Vec<u8>| write(out, "GET", path, fields, "");
    let mut shooters = [Shooter::new(0)];
    let burst = burst(service.address, service.pid(), &mut shooters, TURN, &make).await?;
    Ok(burst.latencies)
}

async fn writing(stage: &Stage) -> Outcome<bool> {
    let names = ["bench_told", "bench_silent"];
    let mut sides = Vec::new();
    for name in names {
        println!("Planting {PLANS} plans ...");
        stage.database(name).await?;
        let service = stage.service(&stage.url(name), &[]).await?;
        seed::plant(stage, name, &service, &seed::EVEN, PLANS).await?;
        if name == "bench_silent" {
            stage.client(name).await?.batch_execute(SILENCE).await?;
        }
        let token = service.sign_in(ADMIN).await?;
        let shooters: Vec<Shooter> = (0..WRITERS).map(Shooter::new).collect();
        sides.push((service, token, shooters, Vec::new()));
    }
    for _ in 0..WRITING_ROUNDS {
        for (service, token, shooters, rates) in &mut sides {
            rates.push(patch(service, token, shooters).await?);
        }
    }
    let mut medians = sides
        .iter_mut()
        .map(|(_, _, _, rates)| quantile(rates, 0.5));
    let (told, silent) = (
        medians.next().unwrap_or_default(),
        medians.next().unwrap_or(f64::INFINITY),
    );
    let share = told / silent;
    drop(medians);
    drop(sides);
    for name in names {
        stage.drop_database(name).await?;
    }
    let verdict = if share >= WRITING_GOAL {
        "met"
    } else {
        "MISSED"
    };
    println!(
        "\nPatches a second, {WRITERS} writers: {told:.0} with feed and events, {silent:.0} without: {share:.2}"
    );
    println!("Goal (at least {WRITING_GOAL}): {verdict}");
    Ok(share >= WRITING_GOAL)
}

/// Patches a second over all connections, each of a plan of its own.
async fn patch(service: &Service, token: &str, shooters: &mut [Shooter]) -> Outcome<f64> {
    let make = |shooter: &mut Shooter, out: &mut Vec<u8>| {
        let path = format!("/v1/action-plans/{}", seed::id(shooter.index as u64 + 1));
        let number = shooter.random(1_000_000);
        let body = format!("{{\"executive_summary\": {{\"en\": \"Summary {number}\"}}}}");
        let fields = [
            ("authorization", token),
            ("content-type", "application/merge-patch+json"),
            ("if-match", "*"),
        ];
        write(out, "PATCH", &path, &fields, &body);
    };
    let burst = burst(
        service.address,
        service.pid(),
        shooters,
        WRITING_TURN,
        &make,
    );
    Ok(burst.await?.rate())
}
