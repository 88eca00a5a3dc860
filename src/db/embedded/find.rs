//! Finding the PostgreSQL that is installed: on PATH, then in the folders where packages put it.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use super::error::EmbeddedError;
use super::place::Place;

/// The oldest major version that the program's SQL runs on.
pub(super) const OLDEST: u32 = 14;

/// Where packages put PostgreSQL: a folder, the beginning of the names in it that end in a version, and
/// where the programs are below those.
const PACKAGED: [(&str, &str, &str); 7] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/usr/libexec", "postgresql", ""),
    ("/opt/homebrew/opt", "postgresql@", "bin"),
    ("/usr/local/opt", "postgresql@", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
    ("/opt/local/lib", "postgresql", "bin"),
];

/// The same for folders without a version in their name.
const PLAIN: [&str; 4] = [
    "/opt/homebrew/opt/postgresql/bin",
    "/usr/local/opt/postgresql/bin",
    "/usr/local/pgsql/bin",
    "/usr/bin",
];

/// An installed PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binaries {
    folder: PathBuf,
    pub(super) major: u32,
}

impl Binaries {
    pub(super) fn initdb(&self) -> PathBuf {
        self.folder.join("initdb")
    }

    pub(super) fn postgres(&self) -> PathBuf {
        self.folder.join("postgres")
    }
}

/// The PostgreSQL for the cluster at `place`, which the major version `made_by` has made if it is there.
pub(super) fn binaries(place: &Place, made_by: Option<u32>) -> Result<Binaries, EmbeddedError> {
    let mut seen = Vec::new();
    for folder in folders().iter().filter_map(|folder| resolved(folder)) {
        if seen.iter().any(|known: &Binaries| known.folder == folder) {
            continue;
        }
        let Some(major) = version(place, &folder) else {
            continue;
        };
        let found = Binaries { folder, major };
        if fits(&found, made_by) {
            return Ok(found);
        }
        seen.push(found);
    }
    Err(unsuitable(place, made_by, seen))
}

/// All folders to look into, the best first.
fn folders() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .chain(
            PACKAGED
                .iter()
                .flat_map(|(parent, prefix, below)| versioned(parent, prefix, below)),
        )
        .chain(PLAIN.iter().map(PathBuf::from))
        .collect()
}

/// The folders in `parent` called `prefix` and a version, the newest first, each with `below` added.
fn versioned(parent: &str, prefix: &str, below: &str) -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir(parent)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name();
            let version = name.to_str()?.strip_prefix(prefix)?.parse().ok()?;
            Some((version, entry.path().join(below)))
        })
        .collect();
    found.sort_by(|one, other| other.cmp(one));
    found.into_iter().map(|(_, folder)| folder).collect()
}

/// Where the PostgreSQL in `folder` really is: PATH may hold links to some of its programs only, so
/// each is followed to a folder that has them all.
fn resolved(folder: &Path) -> Option<PathBuf> {
    ["postgres", "initdb"].iter().find_map(|program| {
        let real = fs::canonicalize(folder.join(program)).ok()?;
        let home = real.parent()?;
        (home.join("postgres").is_file() && home.join("initdb").is_file()).then(|| home.to_owned())
    })
}

/// The major version in `folder`; none when it does not run, be it only for PostgreSQL's user.
fn version(place: &Place, folder: &Path) -> Option<u32> {
    let output = place
        .account
        .command(&folder.join("postgres"))
        .arg("--version")
        .output()
        .ok()?;
    major(&String::from_utf8_lossy(&output.stdout))
}

/// The major version in what `postgres --version` says.
fn major(said: &str) -> Option<u32> {
    let version = said.split_once("(PostgreSQL)")?.1.trim_start();
    let digits = version.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok()
}

fn fits(found: &Binaries, made_by: Option<u32>) -> bool {
    found.major >= OLDEST && made_by.is_none_or(|major| major == found.major)
}

/// Why nothing of what was seen will do.
fn unsuitable(place: &Place, made_by: Option<u32>, seen: Vec<Binaries>) -> EmbeddedError {
    let Some(newest) = seen.into_iter().max_by_key(|found| found.major) else {
        return EmbeddedError::NotFound;
    };
    let Binaries { folder, major } = newest;
    match made_by {
        Some(made_by) => EmbeddedError::OtherVersion {
            data: place.data.clone(),
            made_by,
            folder,
            major,
        },
        None => EmbeddedError::TooOld { folder, major },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_systems_print_them() {
        assert_eq!(
            major("postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(major("postgres (PostgreSQL) 19beta1\n"), Some(19));
        assert_eq!(major("postgres (PostgreSQL) 9.6.24\n"), Some(9));
        assert_eq!(major("postgres (EnterpriseDB) 15.2\n"), None);
        assert_eq!(major(""), None);
    }

    #[test]
    fn only_the_version_that_made_a_cluster_fits_it() {
        let found = |major| Binaries {
            folder: PathBuf::from("/x"),
            major,
        };
        assert!(fits(&found(14), None));
        assert!(!fits(&found(13), None));
        assert!(fits(&found(16), Some(16)));
        assert!(!fits(&found(17), Some(16)));
        assert!(!fits(&found(13), Some(13)));
    }

    #[test]
    fn the_newest_version_comes_first_by_number() {
        let folder = env::temp_dir().join(format!("iuc-find-{}", std::process::id()));
        for name in ["pgsql-9", "pgsql-15", "pgsql-16", "pgsql-x", "other-17"] {
            fs::create_dir_all(folder.join(name)).expect("a folder");
        }
        let found = versioned(folder.to_str().expect("text"), "pgsql-", "bin");
        fs::remove_dir_all(&folder).expect("removed");
        assert_eq!(
            found,
            ["pgsql-16", "pgsql-15", "pgsql-9"].map(|name| folder.join(name).join("bin"))
        );
    }

    #[test]
    fn links_to_single_programs_are_followed_to_the_folder_that_has_all() {
        let folder = env::temp_dir().join(format!("iuc-links-{}", std::process::id()));
        let (real, links) = (folder.join("real"), folder.join("links"));
        fs::create_dir_all(&real).expect("a folder");
        fs::create_dir_all(&links).expect("a folder");
        fs::write(real.join("postgres"), "").expect("a file");
        std::os::unix::fs::symlink(real.join("postgres"), links.join("postgres")).expect("a link");
        assert_eq!(resolved(&links), None);
        fs::write(real.join("initdb"), "").expect("a file");
        let found = resolved(&links);
        let real = fs::canonicalize(&real).expect("a path");
        fs::remove_dir_all(&folder).expect("removed");
        assert_eq!(found, Some(real));
    }
}
