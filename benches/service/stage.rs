//! What is measured on: a private PostgreSQL, databases with the programme's data, and the service as it is released.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use iuc::db::embedded::{Embedded, Options};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};

use crate::Outcome;
use crate::http::once;
use crate::usage;

/// The program, as this benchmark was built with it.
const IUC: &str = env!("CARGO_BIN_EXE_iuc");

/// The origin that every instance takes itself for, so that one's tokens are good for all.
const PUBLIC_URL: &str = "http://127.0.0.1";

/// How long a database that is to be dropped may still be vacuumed.
const PATIENCE: Duration = Duration::from_secs(60);

const PASSWORD: &str = "interleaved rounds of three";

/// Who signs in: an admin, and users of the largest city and of an average one.
pub const ADMIN: &str = "admin@bench.example";
pub const CITY_USER: &str = "yokohama@bench.example";

/// The cluster, running.
pub struct Stage {
    embedded: Embedded,
    folder: PathBuf,
    pub postmaster: u32,
}

impl Stage {
    /// Starts PostgreSQL as the service starts it without a DATABASE_URL: what it promises is on disk.
    pub fn set() -> Outcome<Self> {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent();
        let folder = target.unwrap_or(Path::new("target")).join("bench-postgres");
        let embedded = Embedded::start(&Options {
            folder: folder.clone(),
            durable: true,
            max_connections: 100,
        })?;
        let postmaster = usage::postmaster(&folder);
        Ok(Self {
            embedded,
            folder,
            postmaster,
        })
    }

    pub fn url(&self, database: &str) -> String {
        self.embedded.url(database)
    }

    /// A new database with the schema, the programme's data and the accounts.
    pub async fn database(&self, name: &str) -> Outcome<()> {
        let client = self.client("postgres").await?;
        client
            .batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            .await?;
        client
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .await?;
        let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/programme");
        self.command(name, &["migrate"], "")?;
        self.command(name, &["load", &data.to_string_lossy()], "")?;
        let user = ["user", "create", "--password-stdin", "--email"];
        let admin: &[&str] = &[&user[..], &[ADMIN, "--role", "admin"]].concat();
        let city: &[&str] = &[
            &user[..],
            &[CITY_USER, "--role", "jp_city", "--city", "yokohama"],
        ]
        .concat();
        self.command(name, admin, PASSWORD)?;
        self.command(name, city, PASSWORD)
    }

    /// Drops a database; again while PostgreSQL vacuums in it, which only a superuser may end.
    pub async fn drop_database(&self, name: &str) -> Outcome<()> {
        let client = self.client("postgres").await?;
        let statement = format!("DROP DATABASE {name} WITH (FORCE)");
        let begun = Instant::now();
        loop {
            match client.batch_execute(&statement).await {
                Err(error)
                    if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE)
                        && begun.elapsed() < PATIENCE =>
                {
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
                outcome => return Ok(outcome?),
            }
        }
    }

    pub async fn client(&self, database: &str) -> Outcome<Client> {
        let (client, connection) = tokio_postgres::connect(&self.url(database), NoTls).await?;
        tokio::spawn(connection);
        Ok(client)
    }

    fn prepared(&self, url: &str) -> Command {
        let mut command = Command::new(IUC);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("IUC_") {
                command.env_remove(name);
            }
        }
        command
            .current_dir(&self.folder)
            .env("DATABASE_URL", url)
            .env("IUC_RATE_LIMIT", "0")
            .env("IUC_DRAIN_TIME", "0")
            .env("IUC_PUBLIC_URL", PUBLIC_URL);
        command
    }

    fn command(&self, database: &str, arguments: &[&str], input: &str) -> Outcome<()> {
        let mut child = self
            .prepared(&self.url(database))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes())?;
        }
        match child.wait()? {
            status if status.success() => Ok(()),
            status => Err(format!("iuc {} failed: {status}", arguments.join(" ")).into()),
        }
    }

    /// Starts the service on the database at `url`, with settings beside the usual ones.
    pub async fn service(&self, url: &str, settings: &[(&str, &str)]) -> Outcome<Service> {
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        // Its log lines are written as in production, and thrown away.
        let child = self
            .prepared(url)
            .arg("serve")
            .env("IUC_BIND", address.to_string())
            .env("IUC_LOG_FORMAT", "json")
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut service = Service { child, address };
        let begun = Instant::now();
        while once(address, "GET", "/health/ready", &[], "")
            .await
            .is_err()
        {
            if begun.elapsed() > Duration::from_secs(10) || service.child.try_wait()?.is_some() {
                return Err("the service does not get ready".into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(service)
    }
}

/// The service, running.
pub struct Service {
    child: Child,
    pub address: SocketAddr,
}

impl Service {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends it by SIGKILL.
    pub fn kill(mut self) -> Outcome<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Signs in; the value for an `Authorization` field.
    pub async fn sign_in(&self, email: &str) -> Outcome<String> {
        let body = serde_json::json!({"email": email, "password": PASSWORD}).to_string();
        let json = [("content-type", "application/json")];
        let (_, answer) = once(self.address, "POST", "/v1/sessions", &json, &body).await?;
        let answer: Value = serde_json::from_slice(&answer)?;
        let token = answer.get("access_token").and_then(Value::as_str);
        Ok(format!("Bearer {}", token.ok_or("there is no token")?))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let pid = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // An error means that it has ended by itself.
            let _ = kill_process(pid, Signal::TERM);
        }
        for _ in 0..100 {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        // It hangs: ended by force, and waited for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
