//! How the server is launched: its port, settings and command line, and which failures pass.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::Options;
use super::account::Account;
use super::error::EmbeddedError;
use super::find::Binaries;
use super::log;
use super::place::Place;

/// A port that nobody listens on. Somebody may before the server does: then it is started again.
pub(super) fn free_port() -> Result<u16, EmbeddedError> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(EmbeddedError::file("listen on", Path::new("127.0.0.1")))
}

/// The server's settings, which follow the program's version and not the cluster's age.
pub(super) fn settings(options: &Options, port: u16) -> Vec<String> {
    let mut settings = vec![
        format!("port={port}"),
        format!("max_connections={}", options.max_connections),
    ];
    settings.extend(
        [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "password_encryption=scram-sha-256",
            "shared_buffers=64MB",
            "timezone=UTC",
            "log_timezone=UTC",
            "lc_messages=C",
            "log_destination=stderr",
            "logging_collector=off",
            // Statements hold personal data.
            "log_min_error_statement=panic",
        ]
        .map(str::to_owned),
    );
    let more: &[&str] = if options.durable {
        // So do the details of errors. The program tells of those that matter, in its own words.
        &["log_min_messages=log"]
    } else {
        &[
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            // Nearly all of its databases live for seconds, perhaps in memory.
            "autovacuum=off",
            "max_wal_size=128MB",
        ]
    };
    settings.extend(more.iter().map(|setting| (*setting).to_owned()));
    settings
}

/// The server's command line, in a process group of its own: Ctrl-C is for us.
pub(super) fn command(
    place: &Place,
    binaries: &Binaries,
    leash: bool,
    settings: &[String],
    log: File,
) -> Result<Command, EmbeddedError> {
    let program = binaries.postgres();
    let mut command = if leash {
        let mut command = place.account.command(Path::new("setpriv"));
        command.args(["--pdeathsig", "INT", "--"]).arg(program);
        command
    } else {
        place.account.command(&program)
    };
    let errors = log
        .try_clone()
        .map_err(EmbeddedError::file("open", &log::path(&place.folder)))?;
    command
        .arg("-D")
        .arg(&place.data)
        .args(settings.iter().flat_map(|setting| ["-c", setting]))
        .stdout(log)
        .stderr(errors)
        .process_group(0);
    Ok(command)
}

/// Whether there is a `setpriv` that has the system stop the server when we die, however we do. Where
/// there is none, the next start stops it.
pub(super) fn has_leash(account: Account) -> bool {
    account
        .command(Path::new("setpriv"))
        .args(["--pdeathsig", "INT", "--", "true"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Whether a start failed for a reason that passes: the port was taken just before, the server of a
/// program that was killed came first, or sessions of a server that was killed have not ended yet.
pub(super) fn passes(said: &str) -> bool {
    [
        "could not create any TCP/IP sockets",
        "lock file \"postmaster.pid\" already exists",
        "pre-existing shared memory block",
    ]
    .iter()
    .any(|reason| said.contains(reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_passes_and_a_damaged_cluster_does_not() {
        assert!(passes(
            "LOG: x\nFATAL:  could not create any TCP/IP sockets\n"
        ));
        assert!(passes(
            "FATAL:  pre-existing shared memory block (key 1, ID 2) is still in use\n"
        ));
        assert!(!passes(
            "FATAL:  could not open file \"global/pg_filenode.map\"\n"
        ));
    }

    #[test]
    fn only_the_tests_server_may_lose_writes() {
        let options = |durable| Options {
            folder: "var".into(),
            durable,
            max_connections: 9,
        };
        let durable = settings(&options(true), 1);
        assert!(durable.contains(&"max_connections=9".to_owned()));
        assert!(!durable.iter().any(|setting| setting.starts_with("fsync")));
        assert!(settings(&options(false), 1).contains(&"fsync=off".to_owned()));
    }
}
