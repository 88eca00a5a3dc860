//! Where the cluster is, who its user is, and that nobody else is using it.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::account::Account;
use super::error::EmbeddedError;
use super::lock::Lock;

/// Where clusters go whose user cannot reach their folder: root's clone in `/root`, say.
const ELSEWHERE: &str = "/var/lib/iuc";

/// A folder that this process alone uses, and the cluster that belongs to it.
pub(super) struct Place {
    /// The folder (`var/`), with no link in its path.
    pub(super) folder: PathBuf,
    /// The cluster, with no link in its path; it may not be there yet.
    pub(super) data: PathBuf,
    /// The user that PostgreSQL runs as.
    pub(super) account: Account,
    #[expect(dead_code, reason = "held, never read")]
    locks: (Lock, Option<Lock>),
}

impl Place {
    /// Takes `folder`, made when missing.
    pub(super) fn take(folder: &Path) -> Result<Self, EmbeddedError> {
        fs::create_dir_all(folder).map_err(EmbeddedError::file("make the folder", folder))?;
        let folder = fs::canonicalize(folder).map_err(EmbeddedError::file("find", folder))?;
        let lock = Lock::take(&folder.join("lock"), &folder)?;

        let name = folder.join("postgres");
        let account = Account::choose(&name)?;
        let data = match fs::read_link(&name) {
            Ok(target) => folder.join(target),
            Err(_) if name.exists() || account.reaches(&folder) => name,
            Err(_) => elsewhere(&name)?,
        };
        let (home, data) = without_links(&data)?;
        // A folder that somebody copied with its link shares its cluster with the first.
        let other = if home == folder {
            None
        } else {
            Some(Lock::take(&home.join("lock"), &home)?)
        };
        Ok(Self {
            folder,
            data,
            account,
            locks: (lock, other),
        })
    }
}

/// A new place for a cluster in `/var/lib/iuc`, with a link to it called `name`. A crash after this
/// leaves a link to nothing, where the next start makes the cluster.
fn elsewhere(name: &Path) -> Result<PathBuf, EmbeddedError> {
    let home = Path::new(ELSEWHERE).join(random_name()?);
    let data = home.join("postgres");
    symlink(&data, name).map_err(EmbeddedError::file("make the link", name))?;
    tracing::info!(
        folder = %home.display(),
        link = %name.display(),
        "PostgreSQL's user cannot reach this folder; the cluster is kept elsewhere"
    );
    Ok(data)
}

/// The folder that holds `data`, made when missing, and `data`, both without links in their paths.
fn without_links(data: &Path) -> Result<(PathBuf, PathBuf), EmbeddedError> {
    let (Some(home), Some(name)) = (data.parent(), data.file_name()) else {
        return Err(EmbeddedError::NotACluster {
            data: data.to_owned(),
        });
    };
    if !home.exists() {
        fs::create_dir_all(home).map_err(EmbeddedError::file("make the folder", home))?;
    }
    if let Some(parent) = home
        .parent()
        .filter(|parent| *parent == Path::new(ELSEWHERE))
    {
        // Whatever our umask is: PostgreSQL's user passes through both, and owns neither.
        for folder in [parent, home] {
            fs::set_permissions(folder, fs::Permissions::from_mode(0o711))
                .map_err(EmbeddedError::file("open for PostgreSQL's user", folder))?;
        }
    }
    let home = fs::canonicalize(home).map_err(EmbeddedError::file("find", home))?;
    let data = home.join(name);
    Ok((home, data))
}

/// A name that no other cluster has.
pub(super) fn random_name() -> Result<String, EmbeddedError> {
    let mut bytes = [0; 8];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| EmbeddedError::Random)?;
    Ok(format!("{:016x}", u64::from_be_bytes(bytes)))
}
