//! `postmaster.pid`, by which a server tells that it runs in a cluster, and whether that is still so.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

/// What a server has written about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PidFile {
    pub(super) pid: Pid,
    /// Whether it accepts connections.
    pub(super) ready: bool,
}

/// Where the file of the cluster in `data` is.
pub(super) fn path(data: &Path) -> PathBuf {
    data.join("postmaster.pid")
}

/// The file of the cluster in `data`; none when it is missing, not whole or just being written.
pub(super) fn read(data: &Path) -> Option<PidFile> {
    parse(&fs::read_to_string(path(data)).ok()?)
}

/// Line 1 is the process, negative for one without clients; line 8 the state, padded with spaces.
fn parse(text: &str) -> Option<PidFile> {
    let first: i32 = text.lines().next()?.trim().parse().ok()?;
    let pid = Pid::from_raw(first.checked_abs()?)?;
    let ready = text
        .lines()
        .nth(7)
        .is_some_and(|state| state.trim() == "ready");
    Some(PidFile { pid, ready })
}

/// Whether there is such a process, whosever it is.
pub(super) fn is_alive(pid: Pid) -> bool {
    matches!(test_kill_process(pid), Ok(()) | Err(Errno::PERM))
}

/// Whether that process is a server in the cluster `data`, and not one that has got a dead one's number.
pub(super) fn is_server(pid: Pid, data: &Path) -> bool {
    if !is_alive(pid) {
        return false;
    }
    // A server's working folder is its cluster. A zombie has none, and is no server either.
    let process = Path::new("/proc").join(pid.to_string());
    if process.exists() {
        return fs::read_link(process.join("cwd")).is_ok_and(|folder| folder == data);
    }
    // Not Linux.
    Command::new("ps")
        .args(["-ww", "-o", "command=", "-p", &pid.to_string()])
        .output()
        .is_ok_and(|output| {
            String::from_utf8_lossy(&output.stdout).contains(&*data.to_string_lossy())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUNNING: &str =
        "4242\n/srv/var/postgres\n1700000000\n40001\n\n127.0.0.1\n 12345 7\nready   \n";

    fn pid(raw: i32) -> Pid {
        Pid::from_raw(raw).expect("positive")
    }

    #[test]
    fn a_running_server_is_read() {
        assert_eq!(
            parse(RUNNING),
            Some(PidFile {
                pid: pid(4242),
                ready: true
            })
        );
        let starting = RUNNING.replace("ready   ", "starting");
        assert_eq!(
            parse(&starting),
            Some(PidFile {
                pid: pid(4242),
                ready: false
            })
        );
    }

    #[test]
    fn a_server_without_clients_has_a_negative_number() {
        assert_eq!(
            parse("-77\n/x\n"),
            Some(PidFile {
                pid: pid(77),
                ready: false
            })
        );
    }

    #[test]
    fn a_file_that_is_cut_short_is_none() {
        assert_eq!(parse(""), None);
        assert_eq!(parse("\n"), None);
        assert_eq!(parse("0\n"), None);
        assert_eq!(parse("x\n"), None);
        assert_eq!(parse("-2147483648\n"), None);
    }

    #[test]
    fn a_process_that_is_no_server_of_the_cluster_is_not_taken_for_one() {
        let us = pid(i32::try_from(std::process::id()).expect("small"));
        assert!(is_alive(us));
        assert!(!is_server(us, Path::new("/nowhere/postgres")));
    }
}
