//! Making the cluster: initdb, the role and its database, all under another name until it is whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::error::EmbeddedError;
use super::find::Binaries;
use super::launch;
use super::log::last_lines;
use super::password::Password;
use super::place::{Place, random_name};
use super::postmaster;

/// The role that the program signs in as, and its database.
pub(super) const ROLE: &str = "iuc";

/// Who may sign in: all who have a password, which the superuser has not, from this machine.
const ACCESS: &str = "# Written by iuc. TYPE DATABASE USER ADDRESS METHOD\n\
    host all all 127.0.0.1/32 scram-sha-256\n";

/// Texts are compared by code point, the same everywhere and fast; of a locale only the classes of
/// characters are used, so that `lower` knows all letters. Where a system has none, ASCII's.
const CHARACTERS: [&str; 2] = ["C.UTF-8", "C"];

/// The major version that made the cluster; none when there is no cluster yet.
pub(super) fn major(place: &Place) -> Result<Option<u32>, EmbeddedError> {
    let path = place.data.join("PG_VERSION");
    match fs::read_to_string(&path) {
        Ok(text) => match text.split(['.', '\n']).next().map(str::parse) {
            Some(Ok(major)) => Ok(Some(major)),
            _ => Err(EmbeddedError::NotACluster {
                data: place.data.clone(),
            }),
        },
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => {
            let empty =
                fs::read_dir(&place.data).map_or(true, |mut entries| entries.next().is_none());
            if empty {
                Ok(None)
            } else {
                Err(EmbeddedError::NotACluster {
                    data: place.data.clone(),
                })
            }
        }
        Err(fault) => Err(EmbeddedError::file("read", &path)(fault)),
    }
}

/// Sees to it that there is a cluster, and says its password.
///
/// The file with the password is written last: where it is missing, or damaged, the role gets a new one.
pub(super) fn ensure(
    place: &Place,
    binaries: &Binaries,
    durable: bool,
) -> Result<Password, EmbeddedError> {
    let known = Password::read(&place.folder)?;
    let there = major(place)?.is_some();
    match known {
        Some(password) if there => Ok(password),
        known => {
            let password = known.map_or_else(Password::random, Ok)?;
            if there {
                set_password(place, binaries, &password)?;
            } else {
                make(place, binaries, durable, &password)?;
            }
            password.save(&place.folder)?;
            Ok(password)
        }
    }
}

/// Throws the cluster away.
pub(super) fn discard(place: &Place) -> Result<(), EmbeddedError> {
    let aside = beside(place)?;
    fs::rename(&place.data, &aside).map_err(EmbeddedError::file("put aside", &place.data))?;
    sweep(place);
    Ok(())
}

/// Removes what is left of clusters that were not finished, or thrown away.
pub(super) fn sweep(place: &Place) {
    let Some(home) = place.data.parent() else {
        return;
    };
    for entry in fs::read_dir(home).into_iter().flatten().flatten() {
        let mine = entry
            .file_name()
            .to_str()
            .and_then(|name| name.strip_prefix("postgres.part-"))
            .is_some_and(|rest| u64::from_str_radix(rest, 16).is_ok());
        if mine && let Err(fault) = fs::remove_dir_all(entry.path()) {
            // Perhaps the initdb of a program that was killed still writes it: the next start's then.
            let folder = entry.path();
            tracing::info!(%fault, folder = %folder.display(), "An unfinished cluster stays for now");
        }
    }
}

/// A fresh name beside the cluster, which `sweep` knows.
fn beside(place: &Place) -> Result<PathBuf, EmbeddedError> {
    Ok(place
        .data
        .with_file_name(format!("postgres.part-{}", random_name()?)))
}

fn make(
    place: &Place,
    binaries: &Binaries,
    durable: bool,
    password: &Password,
) -> Result<(), EmbeddedError> {
    let part = beside(place)?;
    let mut output = initdb(place, binaries, durable, &part, CHARACTERS[0])?;
    if !output.status.success() && said(&output).contains("invalid locale name") {
        output = initdb(place, binaries, durable, &part, CHARACTERS[1])?;
    }
    if !output.status.success() {
        return Err(EmbeddedError::Make {
            what: "initdb cannot make a database cluster",
            said: last_lines(&said(&output)),
        });
    }
    // Written by the cluster's user: as root we write nothing where another may have laid a link.
    let mut access = place.account.command(Path::new("tee"));
    access.arg(part.join("pg_hba.conf"));
    feed(access, ACCESS, "who may sign in cannot be written down")?;
    let sql = format!(
        "CREATE ROLE {ROLE} LOGIN CREATEDB CREATEROLE PASSWORD '{}'\n\
         CREATE DATABASE {ROLE} OWNER {ROLE}\n",
        password.reveal()
    );
    single(place, binaries, &part, &sql)?;
    fs::rename(&part, &place.data).map_err(EmbeddedError::file("put in its place", &part))?;
    sync_folder_of(&place.data)
}

/// Runs initdb in the folder `part`, which is empty or not there yet.
fn initdb(
    place: &Place,
    binaries: &Binaries,
    durable: bool,
    part: &Path,
    characters: &str,
) -> Result<Output, EmbeddedError> {
    if !part.exists() {
        fs::DirBuilder::new()
            .mode(0o700)
            .create(part)
            .map_err(EmbeddedError::file("make the folder", part))?;
        place.account.own(part)?;
    }
    let program = binaries.initdb();
    let mut command = place.account.command(&program);
    command
        .arg("--pgdata")
        .arg(part)
        .args([
            "--username=postgres",
            "--auth=reject",
            "--encoding=UTF8",
            "--locale=C",
        ])
        .arg(format!("--lc-ctype={characters}"))
        .args(["--data-checksums", "--no-instructions"]);
    if !durable {
        command.arg("--no-sync");
    }
    command
        .output()
        .map_err(|source| EmbeddedError::Run { program, source })
}

/// Gives the role another password, repeatedly while what a killed program has begun is ending.
fn set_password(
    place: &Place,
    binaries: &Binaries,
    password: &Password,
) -> Result<(), EmbeddedError> {
    let statement = format!("ALTER ROLE {ROLE} PASSWORD '{}'\n", password.reveal());
    let begun = Instant::now();
    loop {
        match single(place, binaries, &place.data, &statement) {
            Err(EmbeddedError::Make { said, .. })
                if launch::passes(&said) && begun.elapsed() < postmaster::REPEATING =>
            {
                thread::sleep(Duration::from_millis(100));
                postmaster::end_orphan(place)?;
            }
            done => return done,
        }
    }
}

/// Runs statements, one a line, as the superuser in a cluster that no server runs in.
fn single(
    place: &Place,
    binaries: &Binaries,
    data: &Path,
    statements: &str,
) -> Result<(), EmbeddedError> {
    let mut command = place.account.command(&binaries.postgres());
    command
        .arg("--single")
        .arg("-D")
        .arg(data)
        // The first fault ends it; no message repeats a statement, for it has a password in it.
        .args(["-c", "exit_on_error=on"])
        .args(["-c", "log_min_error_statement=panic"])
        .args(["-c", "password_encryption=scram-sha-256", "postgres"]);
    feed(command, statements, "the database's role cannot be set up")
}

/// Runs a command with this input; `what` has failed when it fails.
fn feed(mut command: Command, input: &str, what: &'static str) -> Result<(), EmbeddedError> {
    let program = PathBuf::from(command.get_program());
    let run = |source| EmbeddedError::Run {
        program: program.clone(),
        source,
    };
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(run)?;
    // When it has ended already, what it said is the better message than the broken pipe.
    let written = child
        .stdin
        .take()
        .map(|mut to| to.write_all(input.as_bytes()));
    let output = child.wait_with_output().map_err(run)?;
    match written {
        Some(Ok(())) if output.status.success() => Ok(()),
        _ => Err(EmbeddedError::Make {
            what,
            said: last_lines(&said(&output)),
        }),
    }
}

/// Makes a renaming last through a power cut.
pub(super) fn sync_folder_of(path: &Path) -> Result<(), EmbeddedError> {
    let folder = path.parent().unwrap_or(path);
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(EmbeddedError::file("sync", folder))
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
