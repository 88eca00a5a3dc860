//! The service as it runs for its users: a process of its own, which can be killed.

use std::net::TcpListener;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::cluster::data;
use super::{App, Client};

/// The program.
pub const IUC: &str = env!("CARGO_BIN_EXE_iuc");

/// A process that serves the API. Dropped, it is killed.
pub struct Process {
    child: Child,
    /// Where it is reached.
    pub url: String,
}

/// The program with these settings and no others.
pub fn command(settings: &[(&str, &str)]) -> Command {
    let mut command = Command::new(IUC);
    command
        .env_clear()
        // There is no iuc.toml.
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .envs(settings.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true);
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

/// An address that nobody serves on. It is none of those that the system gives to connections by itself: one of them could
/// take it before it is served on.
pub fn free_address() -> String {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 100).unwrap() * 100;
    loop {
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let address = format!("127.0.0.1:{}", first + next % 2000);
        if TcpListener::bind(&address).is_ok() {
            return address;
        }
    }
}

impl Process {
    /// Another instance of `app`, which reaches their database at `database_url`, with these settings; ready.
    pub async fn serve(app: &App, database_url: &str, settings: &[(&str, &str)]) -> Self {
        let files = app.files.to_str().unwrap();
        let mut all = vec![
            ("DATABASE_URL", database_url),
            // Tokens of one are good for the other.
            ("IUC_PUBLIC_URL", &app.url),
            ("IUC_FILES", files),
            ("IUC_RATE_LIMIT", "0"),
            ("IUC_LOG_FILTER", "off"),
        ];
        all.extend(settings);
        let address = free_address();
        all.push(("IUC_BIND", &address));
        let mut command = command(&all);
        // Who asks for log lines means another reader than who runs the tests.
        if settings.iter().any(|(name, _)| *name == "IUC_LOG_FILTER") {
            command.stderr(Stdio::null());
        }
        let mut process = Self {
            child: command.arg("serve").spawn().unwrap(),
            url: format!("http://{address}"),
        };
        process.ready().await;
        process
    }

    /// A service with a PostgreSQL of its own in `folder`, as on a developer's machine; ready. Answers what it prints, too.
    pub async fn private(folder: &Path) -> (Self, String) {
        let address = free_address();
        let data = data();
        let settings = [
            ("IUC_VAR_DIR", folder.to_str().unwrap()),
            ("IUC_DATA_DIR", data.to_str().unwrap()),
            ("IUC_BIND", &address),
            ("IUC_LOG_FILTER", "off"),
        ];
        let mut command = command(&settings);
        let mut child = command.arg("serve").stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut printed = String::new();
        while !printed.ends_with("Stop with Ctrl-C.\n") {
            let line = lines.next_line().await.unwrap();
            printed += &line.expect("it says that it serves");
            printed.push('\n');
        }
        let url = format!("http://{address}");
        (Self { child, url }, printed)
    }

    /// Waits until it is ready.
    async fn ready(&mut self) {
        let client = Client::new(&self.url, None);
        while !matches!(client.request("GET", "/health/ready").try_send().await, Ok(reply) if reply.status == 200)
        {
            let ended = self.child.try_wait().unwrap();
            assert!(ended.is_none(), "the service does not start: {ended:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The same caller, who asks this process.
    pub fn client(&self, caller: &Client) -> Client {
        Client::new(&self.url, caller.token.clone())
    }

    /// Ends it at once: it does nothing any more.
    pub async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Tells it to stop.
    pub fn stop(&self) {
        kill_process(self.pid(), Signal::TERM).unwrap();
    }

    /// Waits until it has ended.
    pub async fn ended(&mut self) -> ExitStatus {
        self.child.wait().await.unwrap()
    }

    /// How much memory it has had at most, in KiB.
    pub fn most_memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.pid().as_raw_nonzero());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        line.unwrap()
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .unwrap()
    }

    fn pid(&self) -> Pid {
        let id = self.child.id().expect("it runs");
        Pid::from_raw(id.try_into().unwrap()).unwrap()
    }
}
