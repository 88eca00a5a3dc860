//! Folders that `iuc sync` keeps in step, and a bad line to the service.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use iuc::resource::new_uuid;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

use super::App;
use super::oauth::Machine;

/// What the machine clients of a copy may do.
pub const SCOPES: &[&str] = &["read", "changes:read", "plans:write"];

/// The system whose keys the files are called by.
pub const SYSTEM: &str = "plandb";

/// A folder that is kept in step by the program as it is built.
#[derive(Clone)]
pub struct Copy {
    /// Where its files are.
    pub folder: PathBuf,
    /// Where it reaches the service.
    pub url: String,
    machine: Machine,
}

/// What came of a run.
#[derive(Debug)]
pub struct Run {
    /// The exit code; of what was killed, the number of the signal below zero.
    pub code: Option<i32>,
    /// What went well.
    pub said: String,
    /// What a person has to look at.
    pub complaint: String,
}

impl Copy {
    /// An empty folder of a city.
    pub async fn of(app: &App, city: &str) -> Self {
        let admin = app.admin().await;
        Self {
            folder: app.files.join(new_uuid().to_string()),
            url: app.url.clone(),
            machine: Machine::make(&admin, city, SCOPES).await,
        }
        .made()
    }

    fn made(self) -> Self {
        std::fs::create_dir_all(&self.folder).unwrap();
        self
    }

    /// Another empty folder of the same client, on another machine.
    pub fn another(&self) -> Self {
        let folder = self.folder.with_file_name(new_uuid().to_string());
        Self {
            folder,
            ..self.clone()
        }
        .made()
    }

    /// The same folder, with the service reached at `url`.
    pub fn through(&self, url: &str) -> Self {
        Self {
            url: url.to_owned(),
            ..self.clone()
        }
    }

    /// The program with these options.
    pub fn command(&self, options: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_iuc"));
        command
            .arg("sync")
            .arg(&self.folder)
            .args(["--url", &self.url, "--system", SYSTEM])
            .args(options)
            .env("IUC_SYNC_CLIENT_ID", &self.machine.id)
            .env("IUC_SYNC_CLIENT_SECRET", &self.machine.secret)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// One run.
    pub async fn sync(&self, options: &[&str]) -> Run {
        Run::of(self.command(options).spawn().unwrap()).await
    }

    /// A run after which all is in step.
    #[track_caller]
    pub fn in_step(&self) -> impl Future<Output = String> {
        let place = std::panic::Location::caller();
        async move {
            let run = self.sync(&[]).await;
            assert_eq!(
                (run.code, run.complaint.as_str()),
                (Some(0), ""),
                "{place}: {run:?}"
            );
            run.said
        }
    }

    /// The plan in a file.
    pub fn read(&self, name: &str) -> Value {
        let bytes = std::fs::read(self.folder.join(name));
        serde_json::from_slice(&bytes.unwrap_or_else(|error| panic!("{name}: {error}"))).unwrap()
    }

    /// Writes a plan into a file.
    pub fn write(&self, name: &str, plan: &Value) {
        let text = serde_json::to_string_pretty(plan).unwrap();
        std::fs::write(self.folder.join(name), text).unwrap();
    }

    /// Edits a plan: a member becomes this.
    pub fn edit(&self, name: &str, member: &str, value: Value) {
        let mut plan = self.read(name);
        plan[member] = value;
        self.write(name, &plan);
    }

    /// The names of the files that a person sees, in order.
    pub fn files(&self) -> Vec<String> {
        names(&self.folder)
    }

    /// Whether there is such a file.
    pub fn has(&self, name: &str) -> bool {
        self.folder.join(name).exists()
    }
}

/// The names in a folder that are not hidden, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = names.filter(|name| !name.starts_with('.')).collect();
    names.sort();
    names
}

impl Run {
    /// To its end, which has to come.
    pub async fn of(child: Child) -> Self {
        let output = tokio::time::timeout(Duration::from_secs(120), child.wait_with_output());
        let output = output.await.expect("a run ends").unwrap();
        Self {
            code: output
                .status
                .code()
                .or(output.status.signal().map(|it| -it)),
            said: String::from_utf8(output.stdout).unwrap(),
            complaint: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// A line to the service on which answers get lost: the request has arrived and been done.
pub struct Line {
    /// Where the service is reached through it.
    pub url: String,
    state: Arc<LineState>,
}

/// What becomes of that which goes through a line.
struct LineState {
    answers: AtomicUsize,
    lost: AtomicUsize,
    until_cut: AtomicUsize,
    held: AtomicBool,
    held_from: Mutex<Option<&'static str>>,
    pace: Mutex<(usize, Duration)>,
}

/// The largest piece of an answer that goes through a line at once.
const PIECE: usize = 64 * 1024;

impl Line {
    /// A line to `url` on which nothing is lost yet.
    pub async fn to(url: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap();
        let target = url.strip_prefix("http://").unwrap().to_owned();
        let state = Arc::new(LineState {
            answers: AtomicUsize::new(0),
            lost: AtomicUsize::new(usize::MAX),
            until_cut: AtomicUsize::new(usize::MAX),
            held: AtomicBool::new(false),
            held_from: Mutex::new(None),
            pace: Mutex::new((PIECE, Duration::ZERO)),
        });
        let line = Self {
            url: format!("http://{own}"),
            state: state.clone(),
        };
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let other = TcpStream::connect(&target).await.unwrap();
                tokio::spawn(pass(stream, other, state.clone()));
            }
        });
        line
    }

    /// From now on one of `nth` pieces of answers is lost, as if by chance, and its connection with it.
    pub fn lose_one_of(&self, nth: usize) {
        self.state.lost.store(nth, Ordering::SeqCst);
    }

    /// From now on answers come in pieces of so many bytes, with a pause before each.
    pub fn slow_down(&self, piece: usize, pause: Duration) {
        *self.state.pace.lock().unwrap() = (piece, pause);
    }

    /// The next piece of an answer is lost, and its connection with it; afterwards the line is good and quick.
    pub async fn break_once(&self) {
        let before = self.answers();
        self.lose_one_of(1);
        while self.answers() == before {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.lose_one_of(usize::MAX);
        self.slow_down(PIECE, Duration::ZERO);
    }

    /// From the next request on that begins so, answers stay on their way.
    pub fn hold_from(&self, request: &'static str) {
        *self.state.held_from.lock().unwrap() = Some(request);
    }

    /// Answers go on.
    pub fn let_go(&self) {
        *self.state.held_from.lock().unwrap() = None;
        self.state.held.store(false, Ordering::SeqCst);
    }

    /// Once so many bytes more of requests have gone through, the connection breaks in the middle of one.
    pub fn cut_after(&self, bytes: usize) {
        self.state.until_cut.store(bytes, Ordering::SeqCst);
    }

    /// How many answers have come so far.
    pub fn answers(&self) -> usize {
        self.state.answers.load(Ordering::SeqCst)
    }
}

async fn pass(client: TcpStream, service: TcpStream, state: Arc<LineState>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_service, mut to_service) = service.into_split();
    let up = async {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let length = from_client.read(&mut buffer).await.unwrap_or(0);
            let left = state.until_cut.load(Ordering::SeqCst);
            let part = &buffer[..length.min(left)];
            let held_from = *state.held_from.lock().unwrap();
            if held_from.is_some_and(|request| part.starts_with(request.as_bytes())) {
                state.held.store(true, Ordering::SeqCst);
            }
            if length == 0 || to_service.write_all(part).await.is_err() {
                return false;
            }
            if length >= left {
                state.until_cut.store(usize::MAX, Ordering::SeqCst);
                return true;
            }
            if left < usize::MAX {
                state.until_cut.store(left - length, Ordering::SeqCst);
            }
        }
    };
    let down = async {
        let mut buffer = vec![0; PIECE];
        loop {
            let (piece, pause) = *state.pace.lock().unwrap();
            // Even no time at all takes the clock a millisecond.
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
            let length = from_service.read(&mut buffer[..piece]).await.unwrap_or(0);
            let number = state.answers.fetch_add(1, Ordering::SeqCst) + 1;
            let chance = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
            if length == 0 || chance.is_multiple_of(state.lost.load(Ordering::SeqCst)) {
                return;
            }
            while state.held.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            if to_client.write_all(&buffer[..length]).await.is_err() {
                return;
            }
        }
    };
    tokio::pin!(up, down);
    tokio::select! {
        () = &mut down => {}
        was_cut = &mut up => {
            if !was_cut {
                down.await;
            }
        }
    }
}
