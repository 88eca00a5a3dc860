//! What processes use: memory and processor time, from /proc; zero where there is none.

use std::fs;
use std::path::Path;
use std::time::Duration;

/// Clock ticks a second, on every Linux of today.
const TICKS: u64 = 100;

/// Resident memory of a process in MiB.
pub fn resident(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or_default() / 1024.0
}

/// Processor time of the service, of PostgreSQL and of this program so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct Times {
    pub service: Duration,
    pub postgres: Duration,
    /// This program with its children that have ended: the load, pgbench.
    pub load: Duration,
    /// All processors, whoever used them.
    pub machine: Duration,
}

impl Times {
    pub fn now(service: u32, postmaster: u32) -> Self {
        Self {
            service: of_process(service, false),
            postgres: of_family(postmaster),
            load: of_process(std::process::id(), true),
            machine: of_machine(),
        }
    }

    /// What was used since `before`.
    pub fn since(self, before: Self) -> Self {
        Self {
            service: self.service.saturating_sub(before.service),
            postgres: self.postgres.saturating_sub(before.postgres),
            load: self.load.saturating_sub(before.load),
            machine: self.machine.saturating_sub(before.machine),
        }
    }

    pub fn add(&mut self, more: Self) {
        self.service += more.service;
        self.postgres += more.postgres;
        self.load += more.load;
        self.machine += more.machine;
    }

    /// What we have used.
    pub fn ours(self) -> Duration {
        self.service + self.postgres + self.load
    }
}

/// The time in which processors were not idle.
fn of_machine() -> Duration {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let fields = stat.lines().next().unwrap_or_default().split_whitespace();
    // user, nice, system, idle, iowait, irq, softirq
    let ticks: Vec<u64> = fields
        .skip(1)
        .filter_map(|field| field.parse().ok())
        .collect();
    let idle: u64 = ticks.iter().skip(3).take(2).sum();
    let all: u64 = ticks.iter().take(7).sum();
    Duration::from_millis((all - idle) * 1000 / TICKS)
}

/// The numbers of /proc/PID/stat from the third on.
fn stat(pid: u32) -> Vec<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let rest = stat.rsplit_once(')').map(|(_, rest)| rest.to_owned());
    rest.unwrap_or_default()
        .split_whitespace()
        .map(str::to_owned)
        .collect()
}

/// With `ended`, also the time of its children that have ended.
fn of_process(pid: u32, ended: bool) -> Duration {
    let stat = stat(pid);
    let ticks: u64 = stat
        .iter()
        .skip(11)
        .take(if ended { 4 } else { 2 })
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Duration::from_millis(ticks * 1000 / TICKS)
}

/// A postmaster with its servers, living and ended.
fn of_family(postmaster: u32) -> Duration {
    let mut sum = of_process(postmaster, true);
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let pid: Option<u32> = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok());
        if let Some(pid) = pid
            && stat(pid).get(1).and_then(|parent| parent.parse().ok()) == Some(postmaster)
        {
            sum += of_process(pid, false);
        }
    }
    sum
}

/// The process id in the first line of a cluster's postmaster.pid.
pub fn postmaster(folder: &Path) -> u32 {
    let file = fs::read_to_string(folder.join("postgres/postmaster.pid")).unwrap_or_default();
    file.lines()
        .next()
        .and_then(|line| line.trim().parse().ok())
        .unwrap_or_default()
}
