//! The cases: what is asked of the service, with which statements pgbench does the same, and how the turns are taken.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use actix_web::web::Bytes;

use crate::Outcome;
use crate::bare::Bare;
use crate::http::{Client, once, write};
use crate::load::{Burst, Shooter, burst};
use crate::pgbench;
use crate::seed;
use crate::stage::{ADMIN, CITY_USER, Service, Stage};
use crate::statements::Overheard;
use crate::table::{Row, print};
use crate::usage::Times;

/// How many plans there are.
const PLANS: u64 = 20_000;

/// Connections that send at the same time.
pub const CLIENTS: usize = 12;

/// Rounds, and the seconds of a turn.
const ROUNDS: usize = 5;
const TURN: u64 = 2;

const JSON: (&str, &str) = ("content-type", "application/json");
const MERGE_PATCH: (&str, &str) = ("content-type", "application/merge-patch+json");

/// Who asks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Admin,
    CityUser,
}

/// Something that is measured.
pub struct Case {
    pub name: &'static str,
    /// Its script in `benches/sql`.
    pub file: &'static str,
    pub sql: &'static str,
    /// Whether the script holds only those statements of many that matter.
    pub excerpt: bool,
    pub who: Option<Who>,
    pub goal: f64,
    /// How many ask at once, when not [`CLIENTS`].
    pub clients: Option<usize>,
    /// Rows that the script's statements read, where rows are counted: as many as the service reads at a time.
    pub rows: Option<u32>,
    /// Writes the next request.
    pub make: fn(&Scene, &mut Shooter, &mut Vec<u8>),
}

macro_rules! case {
    ($file:literal, $name:literal, $who:expr, $goal:expr, $make:expr) => {
        Case {
            name: $name,
            file: $file,
            sql: include_str!(concat!("../sql/", $file, ".sql")),
            excerpt: false,
            who: $who,
            goal: $goal,
            clients: None,
            rows: None,
            make: $make,
        }
    };
}

const READ: f64 = 0.6;
const WRITE: f64 = 0.5;

/// What is measured; reads first, because writes make the tables grow.
pub const CASES: &[Case] = &[
    case!(
        "plan",
        "plan by id, admin",
        Some(Who::Admin),
        READ,
        |scene, shooter, out| {
            let path = format!("/v1/action-plans/{}", seed::id(shooter.random(scene.plans)));
            write(out, "GET", &path, &[scene.admin()], "");
        }
    ),
    case!(
        "page_admin",
        "page of 50, admin",
        Some(Who::Admin),
        READ,
        |scene, _, out| {
            write(
                out,
                "GET",
                "/v1/action-plans?city=frankfurt&sort=-updated_at&limit=50",
                &[scene.admin()],
                "",
            );
        }
    ),
    case!(
        "page_city",
        "page of 50, city user",
        Some(Who::CityUser),
        READ,
        |scene, _, out| {
            write(
                out,
                "GET",
                "/v1/action-plans?city=yokohama&sort=-updated_at&limit=50",
                &[scene.city_user()],
                "",
            );
        }
    ),
    Case {
        excerpt: true,
        ..case!(
            "pairings",
            "pairings + cities, anonymous",
            None,
            READ,
            |_, _, out| {
                write(out, "GET", "/v1/pairings?include=cities", &[], "");
            }
        )
    },
    Case {
        excerpt: true,
        ..case!(
            "pairings",
            "pairings + cities, signed in",
            Some(Who::CityUser),
            READ,
            |scene, _, out| {
                write(
                    out,
                    "GET",
                    "/v1/pairings?include=cities",
                    &[scene.city_user()],
                    "",
                );
            }
        )
    },
    Case {
        excerpt: true,
        clients: Some(1),
        rows: Some(100),
        ..case!(
            "export",
            "NDJSON export (rows/s)",
            Some(Who::Admin),
            READ,
            |scene, _, out| {
                write(
                    out,
                    "GET",
                    "/v1/action-plans?format=ndjson",
                    &[scene.admin()],
                    "",
                );
            }
        )
    },
    case!(
        "create",
        "create a plan",
        Some(Who::Admin),
        WRITE,
        |scene, _, out| {
            write(
                out,
                "POST",
                "/v1/action-plans",
                &[scene.admin(), JSON],
                &scene.body,
            );
        }
    ),
    case!(
        "patch",
        "patch a plan",
        Some(Who::Admin),
        WRITE,
        |scene, shooter, out| {
            let path = format!("/v1/action-plans/{}", seed::id(shooter.index as u64 + 1));
            let body = format!(
                "{{\"executive_summary\": {{\"en\": \"Summary {}\"}}}}",
                shooter.random(1_000_000)
            );
            let fields = [scene.admin(), MERGE_PATCH, ("if-match", &shooter.etag)];
            write(out, "PATCH", &path, &fields, &body);
        }
    ),
];

/// What requests and scripts are made with.
pub struct Scene {
    pub plans: u64,
    admin: String,
    city_user: String,
    /// Of a plan to create.
    body: String,
    admin_variables: BTreeMap<&'static str, String>,
    city_variables: BTreeMap<&'static str, String>,
}

impl Scene {
    fn admin(&self) -> (&'static str, &str) {
        ("authorization", &self.admin)
    }

    fn city_user(&self) -> (&'static str, &str) {
        ("authorization", &self.city_user)
    }

    fn variables(&self, who: Option<Who>) -> &BTreeMap<&'static str, String> {
        match who {
            Some(Who::CityUser) => &self.city_variables,
            _ => &self.admin_variables,
        }
    }

    /// Reads the ETag of the plan that this connection changes.
    pub async fn learn(&self, address: SocketAddr, shooter: &mut Shooter) -> Outcome<()> {
        let path = format!("/v1/action-plans/{}", seed::id(shooter.index as u64 + 1));
        let (reply, _) = once(address, "GET", &path, &[self.admin()], "").await?;
        shooter.etag = reply.etag.ok_or("a plan has no ETag")?;
        Ok(())
    }

    /// Signs in, and has the service create and change a plan, to know what it stores then.
    pub async fn of(stage: &Stage, database: &str, service: &Service, plans: u64) -> Outcome<Self> {
        let (admin, city_user) = (
            service.sign_in(ADMIN).await?,
            service.sign_in(CITY_USER).await?,
        );
        let body = seed::plan(3, ["frankfurt", "yokohama"], &["frankfurt"]).to_string();
        let mut scene = Self {
            plans,
            admin,
            city_user,
            body,
            admin_variables: BTreeMap::new(),
            city_variables: BTreeMap::new(),
        };
        let client = stage.client(database).await?;
        let text = async |statement: &str| -> Outcome<String> {
            Ok(client.query_one(statement, &[]).await?.get(0))
        };
        let mut shared = BTreeMap::from([
            ("plans", plans.to_string()),
            ("n", "0".to_owned()),
            (
                "all_cities",
                format!("{{{}}}", seed::PAIRINGS.as_flattened().join(",")),
            ),
            ("pairing", "frankfurt-yokohama".to_owned()),
            ("pairings", "{frankfurt-yokohama}".to_owned()),
            ("plan_cities", "{frankfurt,yokohama}".to_owned()),
            ("proponents", "{frankfurt}".to_owned()),
            (
                "meetings",
                "{exchange-meeting-1,exchange-meeting-3}".to_owned(),
            ),
        ]);
        let (mut shooter, mut request) = (Shooter::new(0), Vec::new());
        let mut connection = Client::connect(service.address).await?;
        for case in CASES.iter().filter(|case| case.goal == WRITE) {
            scene.learn(service.address, &mut shooter).await?;
            (case.make)(&scene, &mut shooter, &mut request);
            let reply = connection.send(&request, None).await?;
            if !(200..300).contains(&reply.status) {
                return Err(format!("{}: answered {}", case.name, reply.status).into());
            }
        }
        let written = "FROM events JOIN action_plans ON action_plans.id::text = resource ORDER BY events.id DESC LIMIT 1";
        for (name, value) in [
            ("document", "SELECT document::text"),
            ("patch_change", "SELECT change::text"),
            ("title_key", "SELECT title_key"),
            (
                "codes",
                "SELECT (SELECT array_agg(code)::text FROM action_plan_sdgs WHERE plan = action_plans.id)",
            ),
            ("asked", "SELECT asked::text"),
            (
                "activities",
                "SELECT (SELECT array_agg(activity)::text FROM action_plan_sources WHERE plan = action_plans.id)",
            ),
            (
                "words",
                "SELECT (SELECT array_to_string(tsvector_to_array(words), ' ') FROM search_words \
                 WHERE id = resource AND NOT is_public)",
            ),
            (
                "types",
                "SELECT (SELECT array_agg(type)::text FROM action_plan_sources WHERE plan = action_plans.id)",
            ),
            (
                "sources",
                "SELECT (SELECT array_agg(source)::text FROM action_plan_sources WHERE plan = action_plans.id)",
            ),
        ] {
            shared.insert(name, text(&format!("{value} {written}")).await?);
        }
        let created = "SELECT change::text FROM events WHERE type = 'action_plan' AND action = 'created' ORDER BY id DESC LIMIT 1";
        shared.insert("create_change", text(created).await?);
        for (email, city, variables) in [
            (ADMIN, "frankfurt", &mut scene.admin_variables),
            (CITY_USER, "yokohama", &mut scene.city_variables),
        ] {
            variables.clone_from(&shared);
            variables.insert("city", city.into());
            variables.insert("cities", format!("{{{city}}}"));
            for (name, statement) in [
                (
                    "user",
                    format!("SELECT id::text FROM users WHERE email = '{email}'"),
                ),
                (
                    "session",
                    format!(
                        "SELECT id::text FROM sessions WHERE \"user\" = (SELECT id FROM users WHERE email = '{email}') ORDER BY created_at DESC LIMIT 1"
                    ),
                ),
                (
                    "page_ids",
                    format!(
                        "SELECT array_agg(plan)::text FROM (SELECT plan FROM action_plan_proponents WHERE city = '{city}' ORDER BY updated_at DESC, plan DESC LIMIT 51) AS page"
                    ),
                ),
                (
                    "page_versions",
                    format!(
                        "SELECT array_agg(version)::text FROM (SELECT version FROM action_plan_readers WHERE reader = '{city}' ORDER BY updated_at DESC, plan DESC LIMIT 51) AS page"
                    ),
                ),
            ] {
                variables.insert(name, text(&statement).await?);
            }
        }
        Ok(scene)
    }
}

/// Everything that was measured of a case.
struct Measured {
    case: &'static Case,
    shooters: Vec<Shooter>,
    answer: Bytes,
    service: Vec<f64>,
    pgbench: Vec<f64>,
    bare: Vec<f64>,
    latencies: Vec<u32>,
    peak: f64,
    idle: f64,
    times: Times,
    requests: usize,
    pgbench_times: Times,
    transactions: f64,
}

/// Measures all cases, or those of one script, and prints the table; true when every goal is met.
pub async fn run(only: Option<&str>) -> Outcome<bool> {
    let chosen = |case: &&Case| only.is_none_or(|file| file == case.file);
    if !CASES.iter().any(|case| chosen(&case)) {
        return Err("that is neither scale nor statements nor a script of benches/sql".into());
    }
    let stage = Stage::set()?;
    println!("Planting {PLANS} plans ...");
    stage.database("bench").await?;
    let url = stage.url("bench");
    let service = stage.service(&url, &[]).await?;
    seed::plant(&stage, "bench", &service, &seed::EVEN, PLANS).await?;
    let scene = Scene::of(&stage, "bench", &service, PLANS).await?;
    let overheard = Overheard::start(&stage, "bench").await?;
    overheard.compare(&scene).await?;
    drop(overheard);
    let bare = Bare::start()?;
    println!(
        "{ROUNDS} rounds, {TURN} s a turn, {CLIENTS} connections, {} processors; the service is process {}",
        std::thread::available_parallelism().map_or(0, usize::from),
        service.pid()
    );
    let mut rows = Vec::new();
    let (reads, writes): (Vec<_>, Vec<_>) = CASES
        .iter()
        .filter(chosen)
        .partition(|case| case.goal == READ);
    for cases in [reads, writes] {
        let mut block = Vec::new();
        for case in cases {
            block.push(Measured::of(case, &scene, &service).await?);
        }
        for round in 0..ROUNDS {
            for measured in &mut block {
                measured
                    .round(&stage, &url, &scene, &service, &bare, round)
                    .await?;
            }
        }
        rows.extend(block.into_iter().map(Measured::row));
    }
    bare.stop().await;
    drop(service);
    stage.drop_database("bench").await?;
    Ok(print(rows))
}

impl Measured {
    /// Warms the case up, and keeps an answer for the bare handler.
    async fn of(case: &'static Case, scene: &Scene, service: &Service) -> Outcome<Self> {
        let clients = case.clients.unwrap_or(CLIENTS);
        let mut shooters: Vec<_> = (0..clients).map(Shooter::new).collect();
        let (mut request, mut answer) = (Vec::new(), Vec::new());
        if case.goal == WRITE {
            for shooter in &mut shooters {
                scene.learn(service.address, shooter).await?;
            }
        }
        if let Some(shooter) = shooters.first_mut() {
            (case.make)(scene, shooter, &mut request);
            let reply = Client::connect(service.address)
                .await?
                .send(&request, Some(&mut answer))
                .await?;
            shooter.etag = reply.etag.unwrap_or_default();
        }
        Ok(Self {
            case,
            shooters,
            answer: answer.into(),
            service: Vec::new(),
            pgbench: Vec::new(),
            bare: Vec::new(),
            latencies: Vec::new(),
            peak: 0.0,
            idle: crate::usage::resident(service.pid()),
            times: Times::default(),
            requests: 0,
            pgbench_times: Times::default(),
            transactions: 0.0,
        })
    }

    async fn round(
        &mut self,
        stage: &Stage,
        url: &str,
        scene: &Scene,
        service: &Service,
        bare: &Bare,
        round: usize,
    ) -> Outcome<()> {
        let case = self.case;
        let make = |shooter: &mut Shooter, out: &mut Vec<u8>| (case.make)(scene, shooter, out);
        let turn = Duration::from_secs(if case.rows.is_some() { 0 } else { TURN });
        let before = Times::now(service.pid(), stage.postmaster);
        let mut done = burst(
            service.address,
            service.pid(),
            &mut self.shooters,
            turn,
            &make,
        )
        .await?;
        self.times
            .add(Times::now(service.pid(), stage.postmaster).since(before));
        self.requests += if case.rows.is_some() {
            done.lines
        } else {
            done.requests
        };
        self.service.push(match case.rows {
            Some(_) => done.lines as f64 / done.took.as_secs_f64(),
            None => done.rate(),
        });
        self.latencies.append(&mut done.latencies);
        self.peak = self.peak.max(done.peak);

        let variables = scene.variables(case.who);
        let before = Times::now(service.pid(), stage.postmaster);
        let rate = pgbench::run(url, case, variables, round + 1, TURN).await?;
        self.pgbench_times
            .add(Times::now(service.pid(), stage.postmaster).since(before));
        let rate = rate * f64::from(case.rows.unwrap_or(1));
        self.pgbench.push(rate);
        self.transactions += rate * TURN as f64;

        bare.answer(&self.answer)?;
        let turn = turn / 2;
        let Burst { requests, took, .. } =
            burst(bare.address, service.pid(), &mut self.shooters, turn, &make).await?;
        let lines = match case.rows {
            Some(_) => self.answer.iter().filter(|&&byte| byte == b'\n').count(),
            None => 1,
        };
        self.bare
            .push((requests * lines) as f64 / took.as_secs_f64());
        Ok(())
    }

    fn row(self) -> Row {
        let per = |time: Duration| time.as_secs_f64() * 1e6 / self.requests.max(1) as f64;
        Row {
            name: self.case.name,
            goal: self.case.goal,
            service: self.service,
            pgbench: self.pgbench,
            bare: self.bare,
            latencies: self.latencies,
            bytes: self.answer.len(),
            idle: self.idle,
            peak: self.peak,
            service_micros: per(self.times.service),
            postgres_micros: per(self.times.postgres),
            load_micros: per(self.times.load),
            pgbench_micros: self.pgbench_times.ours().as_secs_f64() * 1e6
                / self.transactions.max(1.0),
            others: 1.0
                - (self.times.ours() + self.pgbench_times.ours()).as_secs_f64()
                    / (self.times.machine + self.pgbench_times.machine)
                        .as_secs_f64()
                        .max(0.01),
        }
    }
}
