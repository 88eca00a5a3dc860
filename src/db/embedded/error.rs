//! What can keep the private PostgreSQL from running, each told with what to do about it.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::find::OLDEST;

/// Why the private PostgreSQL does not run. Shown to whoever started the program.
#[derive(Debug)]
pub enum EmbeddedError {
    /// No PostgreSQL is installed where one is looked for.
    NotFound,
    /// Only versions that are too old are installed.
    TooOld {
        /// Where the newest of them is.
        folder: PathBuf,
        /// Its major version.
        major: u32,
    },
    /// The cluster was made by a version that is not installed.
    OtherVersion {
        /// The cluster.
        data: PathBuf,
        /// The major version that made it.
        made_by: u32,
        /// Where another version is installed.
        folder: PathBuf,
        /// The major version of that.
        major: u32,
    },
    /// Another program uses the folder.
    InUse {
        /// The folder.
        folder: PathBuf,
        /// That program's process, if it has written it down yet.
        pid: Option<u32>,
    },
    /// We are root, which PostgreSQL refuses to run as, and there is nobody to run it instead.
    NoAccount,
    /// The cluster belongs to another user than the one that runs the program.
    ForeignOwner {
        /// The cluster.
        data: PathBuf,
        /// Its user's id.
        owner: u32,
    },
    /// There is something else where the cluster should be.
    NotACluster {
        /// Where.
        data: PathBuf,
    },
    /// A file or folder could not be read or written.
    File {
        /// What was to be done with it.
        doing: &'static str,
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system gave no randomness for a password.
    Random,
    /// A program of PostgreSQL could not be run at all.
    Run {
        /// Which one.
        program: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The cluster could not be made, or its password not be set.
    Make {
        /// What failed.
        what: &'static str,
        /// What PostgreSQL said, its last lines.
        said: String,
    },
    /// The server ended before it accepted connections, or did not accept any in time.
    Start {
        /// Where its log is.
        log: PathBuf,
        /// The log's last lines.
        said: String,
    },
    /// The server is still running though it was told to stop.
    Stop {
        /// Its process.
        pid: u32,
    },
}

impl EmbeddedError {
    /// For `map_err`: what was to be done with which file.
    pub(super) fn file(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let path = path.to_owned();
        move |source| Self::File {
            doing,
            path,
            source,
        }
    }
}

impl fmt::Display for EmbeddedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => write!(
                f,
                "PostgreSQL is not installed, or not where it is looked for (PATH and the system's usual \
                 folders). Install version {OLDEST} or newer: apt-get install postgresql (Debian, \
                 Ubuntu), dnf install postgresql-server (Fedora), apk add postgresql (Alpine), brew \
                 install postgresql (macOS). Or set DATABASE_URL to a database elsewhere"
            ),
            Self::TooOld { folder, major } => write!(
                f,
                "PostgreSQL {major} in {} is too old: install version {OLDEST} or newer, or set \
                 DATABASE_URL to a database elsewhere",
                folder.display()
            ),
            Self::OtherVersion { data, made_by, folder, major } => {
                write!(
                    f,
                    "{} was made by PostgreSQL {made_by}, but only {major} is installed (in {}): ",
                    data.display(),
                    folder.display()
                )?;
                if *made_by >= OLDEST {
                    write!(f, "install PostgreSQL {made_by} beside it, or ")?;
                }
                f.write_str(
                    "carry the data over with pg_upgrade, or move that folder away to start with an empty \
                     database",
                )
            }
            Self::InUse { folder, pid } => {
                f.write_str("another iuc")?;
                if let Some(pid) = pid {
                    write!(f, " (process {pid})")?;
                }
                write!(
                    f,
                    " is already using {}; stop it, or choose another folder with IUC_VAR_DIR",
                    folder.display()
                )
            }
            Self::NoAccount => f.write_str(
                "PostgreSQL does not run as root, and there is neither a user postgres nor nobody in \
                 /etc/passwd: run iuc as an ordinary user, or make one: useradd --system postgres",
            ),
            Self::ForeignOwner { data, owner } => write!(
                f,
                "{} belongs to the user with the id {owner}: run iuc as that user or as root, or choose \
                 another folder with IUC_VAR_DIR",
                data.display()
            ),
            Self::NotACluster { data } => write!(
                f,
                "{} is no PostgreSQL data folder: move it away, or choose another folder with \
                 IUC_VAR_DIR",
                data.display()
            ),
            Self::File { doing, path, source } => {
                write!(f, "cannot {doing} {}: {source}", path.display())?;
                if source.kind() == io::ErrorKind::PermissionDenied {
                    f.write_str(
                        ". Run iuc as the user that it belongs to, or choose another folder with \
                         IUC_VAR_DIR",
                    )?;
                }
                Ok(())
            }
            Self::Random => f.write_str("the system gives no random bytes for a password: try again"),
            Self::Run { program, source } => write!(f, "cannot run {}: {source}", program.display()),
            Self::Make { what, said } => write!(f, "{what}. PostgreSQL said:\n{said}"),
            Self::Start { log, said } => {
                write!(f, "PostgreSQL did not start. The last lines of {}:\n{said}", log.display())
            }
            Self::Stop { pid } => write!(
                f,
                "PostgreSQL (process {pid}) does not stop: look what it is doing, and end it with kill \
                 -QUIT {pid}"
            ),
        }
    }
}

impl std::error::Error for EmbeddedError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { source, .. } | Self::Run { source, .. } => Some(source),
            _ => None,
        }
    }
}
