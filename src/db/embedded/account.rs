//! Which user the private PostgreSQL runs as: ours, or as root, which it refuses, another.

use std::env;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::error::EmbeddedError;

/// Whom root becomes, the first that there is.
const STAND_INS: [&str; 2] = ["postgres", "nobody"];

/// What PostgreSQL may see of our environment. `LC_ALL` and `TZ` are set for it.
const KEPT: [&str; 4] = ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TMPDIR"];

/// A user and its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ids {
    pub(super) user: u32,
    pub(super) group: u32,
}

/// The user that PostgreSQL runs as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Account {
    /// The one that runs us.
    Ours,
    /// We are root, and it is this one.
    Other(Ids),
}

impl Account {
    /// The user for the cluster in `data`: its owner if there is one yet.
    pub(super) fn choose(data: &Path) -> Result<Self, EmbeddedError> {
        let owner = fs::metadata(data).ok().map(|of| Ids {
            user: of.uid(),
            group: of.gid(),
        });
        let us = rustix::process::geteuid();
        match owner {
            Some(owner) if us.is_root() && owner.user != 0 => Ok(Self::Other(owner)),
            _ if us.is_root() => {
                let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
                STAND_INS
                    .iter()
                    .find_map(|name| look_up(&passwd, name))
                    .map(Self::Other)
                    .ok_or(EmbeddedError::NoAccount)
            }
            Some(owner) if owner.user != us.as_raw() => Err(EmbeddedError::ForeignOwner {
                data: data.to_owned(),
                owner: owner.user,
            }),
            _ => Ok(Self::Ours),
        }
    }

    /// Whether this user may pass through `folder` and all above it, as far as their modes say.
    pub(super) fn reaches(self, folder: &Path) -> bool {
        match self {
            Self::Ours => true,
            Self::Other(ids) => folder.ancestors().all(|above| {
                fs::metadata(above).is_ok_and(|of| may_pass(ids, of.uid(), of.gid(), of.mode()))
            }),
        }
    }

    /// Gives `path` to this user.
    pub(super) fn own(self, path: &Path) -> Result<(), EmbeddedError> {
        match self {
            Self::Ours => Ok(()),
            Self::Other(ids) => std::os::unix::fs::chown(path, Some(ids.user), Some(ids.group))
                .map_err(EmbeddedError::file("give PostgreSQL's user", path)),
        }
    }

    /// `program`, to be run as this user, in English, in UTC, with no other part of our environment. Its
    /// working folder is `/`, because ours may be closed to it.
    pub(super) fn command(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(
                KEPT.iter()
                    .filter_map(|name| Some((name, env::var_os(name)?))),
            )
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .current_dir("/")
            .stdin(Stdio::null());
        if let Self::Other(ids) = self {
            // This also drops root's supplementary groups.
            command.uid(ids.user).gid(ids.group);
        }
        command
    }
}

/// The ids of the user `name` in the text of `/etc/passwd`; never those of root.
fn look_up(passwd: &str, name: &str) -> Option<Ids> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        if fields.next()? != name {
            return None;
        }
        let user = fields.nth(1)?.parse().ok()?;
        let group = fields.next()?.parse().ok()?;
        (user != 0).then_some(Ids { user, group })
    })
}

/// Whether the mode of a folder with this owner and group lets `ids` through.
fn may_pass(ids: Ids, owner: u32, group: u32, mode: u32) -> bool {
    let shift = if ids.user == owner {
        6
    } else if ids.group == group {
        3
    } else {
        0
    };
    (mode >> shift) & 0o1 == 0o1
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSWD: &str = "root:x:0:0:root:/root:/bin/bash\n\
        postgresql:x:7:7::/:/bin/sh\n\
        broken:x\n\
        nobody:x:65534:65533:nobody:/nonexistent:/usr/sbin/nologin\n\
        toor:x:0:0::/root:/bin/sh\n";

    #[test]
    fn a_user_is_found_by_its_whole_name_and_root_never() {
        assert_eq!(
            look_up(PASSWD, "nobody"),
            Some(Ids {
                user: 65534,
                group: 65533
            })
        );
        assert_eq!(look_up(PASSWD, "postgres"), None);
        assert_eq!(look_up(PASSWD, "broken"), None);
        assert_eq!(look_up(PASSWD, "toor"), None);
    }

    #[test]
    fn the_first_class_that_fits_decides_who_may_pass() {
        let ids = Ids { user: 5, group: 6 };
        assert!(may_pass(ids, 0, 0, 0o755));
        assert!(!may_pass(ids, 0, 0, 0o700));
        assert!(may_pass(ids, 0, 6, 0o710));
        assert!(!may_pass(ids, 5, 6, 0o677));
    }
}
