//! The server's process: started, waited for, watched and stopped.

use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use super::Options;
use super::error::EmbeddedError;
use super::find::Binaries;
use super::launch;
use super::log::{self, Log};
use super::pidfile;
use super::place::Place;

/// How long a start may take; it is long only after a crash, when there is much to replay.
const STARTING: Duration = Duration::from_mins(3);

/// How long something is repeated that failed for a reason that passes.
pub(super) const REPEATING: Duration = Duration::from_secs(30);

/// What stops a server, and how long it may take. The first ends all sessions and writes everything to
/// disk; the second, for one that hangs, leaves that to the next start.
const STOPPING: [(Signal, Duration); 2] = [
    (Signal::INT, Duration::from_mins(1)),
    (Signal::QUIT, Duration::from_secs(10)),
];

/// How often a state is looked at that is waited for.
const LOOK: Duration = Duration::from_millis(10);

/// A server that is ours: it was started by this process.
pub(super) struct Postmaster {
    pid: Pid,
    port: u16,
    /// Whether it should be running now; if not, its end is no news.
    serving: Arc<AtomicBool>,
    /// The thread that started it and waits for its end. It must live as long as the server: the system
    /// takes a parent's thread for the parent.
    keeper: JoinHandle<()>,
}

impl Postmaster {
    /// Starts a server and waits until it accepts connections.
    pub(super) fn start(
        place: &Place,
        binaries: &Binaries,
        options: &Options,
    ) -> Result<Self, EmbeddedError> {
        let begun = Instant::now();
        let leash = launch::has_leash(place.account);
        loop {
            let log = Log::begin(log::path(&place.folder))?;
            let port = launch::free_port()?;
            let settings = launch::settings(options, port);
            let command = launch::command(place, binaries, leash, &settings, log.open()?)?;
            let mut postmaster = Self::spawn(command, port, &binaries.postgres())?;
            if postmaster.wait_until_ready(&place.data) {
                postmaster.serving.store(true, Ordering::Release);
                return Ok(postmaster);
            }
            let failure = log.failure();
            postmaster.stop()?;
            if !launch::passes(&log.text()) || begun.elapsed() > REPEATING {
                return Err(failure);
            }
            thread::sleep(LOOK * 20);
            end_orphan(place)?;
        }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Starts the process in a thread of its own, which then waits for its end.
    fn spawn(mut command: Command, port: u16, program: &Path) -> Result<Self, EmbeddedError> {
        let run = |source| EmbeddedError::Run {
            program: program.to_owned(),
            source,
        };
        let serving = Arc::new(AtomicBool::new(false));
        let expected = Arc::clone(&serving);
        let (tell, told) = mpsc::channel();
        let keep = move || {
            let mut child = match command.spawn() {
                Ok(child) => child,
                Err(fault) => return drop(tell.send(Err(fault))),
            };
            // Its copies of the log file are its own from here on.
            drop(command);
            drop(tell.send(Ok(child.id())));
            let end = child
                .wait()
                .map_or_else(|fault| fault.to_string(), |status| status.to_string());
            if expected.load(Ordering::Acquire) {
                tracing::error!(end, "PostgreSQL has ended by itself; start iuc again");
            }
        };
        let keeper = thread::Builder::new()
            .name("postgres".to_owned())
            .spawn(keep)
            .map_err(run)?;
        let id = told
            .recv()
            .map_err(io::Error::other)
            .flatten()
            .map_err(run)?;
        let pid = i32::try_from(id).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or_else(|| run(io::Error::other("it has no process id")))?;
        Ok(Self {
            pid,
            port,
            serving,
            keeper,
        })
    }

    /// Waits; false when the server has ended or does not get ready.
    fn wait_until_ready(&self, data: &Path) -> bool {
        let begun = Instant::now();
        while begun.elapsed() < STARTING && !self.keeper.is_finished() {
            if pidfile::read(data).is_some_and(|file| file.ready && file.pid == self.pid) {
                return true;
            }
            thread::sleep(LOOK);
        }
        false
    }

    /// Stops the server, if it has not ended yet, and waits for its end.
    pub(super) fn stop(&mut self) -> Result<(), EmbeddedError> {
        self.serving.store(false, Ordering::Release);
        end(self.pid, || self.keeper.is_finished())
    }
}

impl Drop for Postmaster {
    fn drop(&mut self) {
        if let Err(fault) = self.stop() {
            tracing::error!(%fault, "PostgreSQL is left running");
        }
    }
}

/// Stops a server that a program which was killed has left in the cluster. Of one that ended without
/// a word it removes the sign where PostgreSQL would take that for a server and not start: another
/// process now has its number, or a power cut has emptied the file.
pub(super) fn end_orphan(place: &Place) -> Result<(), EmbeddedError> {
    let path = pidfile::path(&place.data);
    if !path.exists() {
        return Ok(());
    }
    let mut file = pidfile::read(&place.data);
    if file.is_none() {
        // Or it is being written just now.
        thread::sleep(LOOK * 50);
        file = pidfile::read(&place.data);
    }
    match file {
        Some(file) if pidfile::is_server(file.pid, &place.data) => {
            let pid = file.pid.as_raw_nonzero();
            tracing::info!(pid, "Stopping the PostgreSQL of an iuc that was killed");
            end(file.pid, || !pidfile::is_server(file.pid, &place.data))
        }
        // PostgreSQL sees itself that nobody has this number.
        Some(file) if !pidfile::is_alive(file.pid) => Ok(()),
        _ => fs::remove_file(&path).or_else(|fault| match fault.kind() {
            io::ErrorKind::NotFound => Ok(()),
            _ => Err(EmbeddedError::file("remove", &path)(fault)),
        }),
    }
}

/// Tells the process to stop, ever more urgently, until it has.
fn end(pid: Pid, has_ended: impl Fn() -> bool) -> Result<(), EmbeddedError> {
    for (signal, patience) in STOPPING {
        if has_ended() {
            return Ok(());
        }
        // An error means that it has ended just now, which the loop finds out.
        let _ = kill_process(pid, signal);
        let told = Instant::now();
        while told.elapsed() < patience {
            if has_ended() {
                return Ok(());
            }
            thread::sleep(LOOK);
        }
    }
    Err(EmbeddedError::Stop {
        pid: pid.as_raw_nonzero().get().unsigned_abs(),
    })
}
