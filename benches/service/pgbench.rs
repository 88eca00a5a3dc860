//! pgbench, given the statements of a case.
//!
//! A script lies in `benches/sql`: blocks between empty lines, each a statement as the service sends it, with a line
//! `-- $1 = expression` for each of its values; lines that begin with `\` are pgbench's own. The hand-written statements
//! of the service are not repeated: `-- INSERT`, `-- UPDATE` or `-- RECORD` stands for one, with a line `-- :name = expression` for
//! each of its names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tokio::process::Command;

use iuc::action_plans::statement::{INSERT, UPDATE};
use iuc::events::RECORD;

use crate::Outcome;
use crate::cases::{CLIENTS, Case};
use crate::statements::normal;

/// The settings of the service's sessions (src/db/mod.rs).
const OPTIONS: &str = "-c statement_timeout=5s -c lock_timeout=2s -c idle_in_transaction_session_timeout=10s \
                       -c client_connection_check_interval=2s -c TimeZone=UTC -c jit=off \
                       -c random_page_cost=1.1";

/// What every signed-in request looks up first.
const SESSION: &str = include_str!("../sql/session.sql");

/// The statements of a case.
pub struct Script {
    blocks: Vec<Block>,
}

#[derive(Default)]
struct Block {
    commands: Vec<String>,
    values: Vec<String>,
    named: BTreeMap<String, String>,
    statement: String,
}

impl Script {
    pub fn of(case: &Case) -> Outcome<Self> {
        // Where rows are counted, one request reads very many, and looks up its session once.
        let session = case.who.filter(|_| case.rows.is_none()).map(|_| SESSION);
        let mut blocks = Vec::new();
        for text in session.into_iter().chain([case.sql]) {
            for part in text.split("\n\n") {
                blocks.push(Block::read(part)?);
            }
        }
        Ok(Self { blocks })
    }

    /// The statements alone, as the service sends them.
    pub fn statements(&self) -> Vec<String> {
        let statements = self.blocks.iter().map(|block| {
            let mut place = 0;
            normal(&with_names(&block.statement, |_| {
                place += 1;
                format!("${place}")
            }))
        });
        statements
            .filter(|statement| !statement.is_empty())
            .collect()
    }

    /// The script for pgbench, with the values in their places.
    fn text(&self) -> String {
        let mut text = String::new();
        for block in &self.blocks {
            for command in &block.commands {
                text.push_str(command);
                text.push('\n');
            }
            let mut statement = normal(&block.bare());
            for (index, value) in block.values.iter().enumerate().rev() {
                statement = statement.replace(&format!("${}", index + 1), value);
            }
            if !statement.is_empty() {
                text.push_str(&statement);
                text.push_str(";\n");
            }
        }
        text
    }
}

/// The statement with something else in the place of each `:name`; a cast (`::text`) is none.
fn with_names(statement: &str, mut place: impl FnMut(&str) -> String) -> String {
    let mut parts = statement.split(':');
    let mut text = parts.next().unwrap_or_default().to_owned();
    while let Some(part) = parts.next() {
        if part.is_empty() {
            text += "::";
            text += parts.next().unwrap_or_default();
            continue;
        }
        let end = part
            .find(|c: char| !c.is_ascii_lowercase() && c != '_')
            .unwrap_or(part.len());
        let (name, rest) = part.split_at(end);
        text += &place(name);
        text += rest;
    }
    text
}

fn without_comments(statement: &str) -> String {
    let lines = statement.lines();
    let lines: Vec<_> = lines.filter(|line| !line.starts_with("--")).collect();
    lines.join("\n")
}

impl Block {
    /// The statement without comments, with the values of its names.
    fn bare(&self) -> String {
        with_names(&without_comments(&self.statement), |name| {
            self.named.get(name).cloned().unwrap_or_default()
        })
    }

    fn read(text: &str) -> Outcome<Self> {
        let mut block = Self::default();
        for line in text.lines() {
            if line.starts_with('\\') {
                block.commands.push(line.to_owned());
            } else if let Some(value) = line.strip_prefix("-- $") {
                let (number, value) = value.split_once(" = ").ok_or("a value without '='")?;
                if number.parse() != Ok(block.values.len() + 1) {
                    return Err(format!("values out of order: {line}").into());
                }
                block.values.push(value.to_owned());
            } else if let Some((name, value)) = line
                .strip_prefix("-- :")
                .and_then(|line| line.split_once(" = "))
            {
                block.named.insert(name.to_owned(), value.to_owned());
            } else if line == "-- INSERT" {
                block.statement = INSERT.to_owned();
            } else if line == "-- UPDATE" {
                block.statement = UPDATE.to_owned();
            } else if line == "-- RECORD" {
                block.statement = RECORD.to_owned();
            } else if !line.starts_with("--") {
                block.statement.push_str(line);
                block.statement.push('\n');
            }
        }
        let mut lacking = Vec::new();
        with_names(&without_comments(&block.statement), |name| {
            if !block.named.contains_key(name) {
                lacking.push(name.to_owned());
            }
            String::new()
        });
        match lacking.is_empty() {
            true => Ok(block),
            false => Err(format!("a script gives no value for :{}", lacking.join(", :")).into()),
        }
    }
}

/// Runs the script for so many seconds; transactions a second.
pub async fn run(
    url: &str,
    case: &Case,
    variables: &BTreeMap<&'static str, String>,
    run: usize,
    seconds: u64,
) -> Outcome<f64> {
    let script = Script::of(case)?.text();
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}.sql", case.file));
    std::fs::write(&file, &script)?;
    let config: tokio_postgres::Config = url.parse()?;
    let mut command = Command::new(program()?);
    command
        .args(["-n", "-M", "prepared", "-j", "1"])
        .args(["-c", &case.clients.unwrap_or(CLIENTS).to_string()])
        .args(["-T", &seconds.to_string()])
        .args(["-D", &format!("run={run}")])
        .arg("-f")
        .arg(&file)
        .env("PGHOST", "127.0.0.1")
        .env("PGOPTIONS", OPTIONS)
        .env("PGUSER", config.get_user().unwrap_or_default())
        .env("PGDATABASE", config.get_dbname().unwrap_or_default());
    for port in config.get_ports() {
        command.env("PGPORT", port.to_string());
    }
    if let Some(password) = config.get_password() {
        command.env("PGPASSWORD", std::str::from_utf8(password)?);
    }
    for (name, value) in variables {
        if script.contains(&format!(":{name}")) {
            command.args(["-D", &format!("{name}={value}")]);
        }
    }
    let output = command.output().await?;
    let said = String::from_utf8_lossy(&output.stdout);
    let rate = said
        .lines()
        .find_map(|line| line.strip_prefix("tps = "))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    match rate {
        Some(rate) if output.status.success() => Ok(rate),
        _ => {
            let told = String::from_utf8_lossy(&output.stderr);
            Err(format!("pgbench failed in '{}': {told}", case.name).into())
        }
    }
}

/// pgbench on PATH, or of the newest PostgreSQL in Debian's folder.
fn program() -> Outcome<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut newest: Vec<_> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path().join("bin"))
        .collect();
    newest.sort();
    std::env::split_paths(&path)
        .chain(newest.into_iter().rev())
        .map(|folder| folder.join("pgbench"))
        .find(|program| program.is_file())
        .ok_or_else(|| "there is no pgbench: install PostgreSQL's server package".into())
}
