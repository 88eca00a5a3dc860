//! Where the tests' PostgreSQL lies, and the files of services: in memory where there is plenty of it, for making and
//! dropping databases is mostly making and removing files; else under `target`.

use std::fs::{self, DirBuilder};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// The part of the system's memory that is used as files.
const MEMORY: &str = "/dev/shm";

/// What must be free, as files and as memory: several times what the tests take on a few processors.
const PLENTY: u64 = 2 << 30;

/// The folder of the tests' PostgreSQL: the same at each run, and another for each checkout.
pub fn folder() -> &'static Path {
    static FOLDER: LazyLock<PathBuf> = LazyLock::new(find);
    &FOLDER
}

/// In a folder in memory: leads to the checkout whose it is.
const WHOSE: &str = "whose";

/// What the name of such a folder begins with.
const NAMED: &str = "iuc-test-postgres-";

fn find() -> PathBuf {
    forget_the_lost();
    let usual = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("test-postgres");
    let mut hasher = DefaultHasher::new();
    usual.hash(&mut hasher);
    let name = format!("{NAMED}{:016x}", hasher.finish());
    let quick = Path::new(MEMORY).join(name);
    if is_ours(&quick) || (has_room() && make(&quick).is_ok()) {
        quick
    } else {
        usual
    }
}

/// Where services keep their files; emptied by the next run.
pub fn files() -> PathBuf {
    folder().join("files")
}

/// Whether there is such a folder, and nobody else has made it.
fn is_ours(folder: &Path) -> bool {
    let us = rustix::process::geteuid().as_raw();
    fs::symlink_metadata(folder).is_ok_and(|of| of.is_dir() && of.uid() == us)
}

/// PostgreSQL's user, where it is not ours, passes through.
fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o711).create(folder)?;
    symlink(env!("CARGO_TARGET_TMPDIR"), folder.join(WHOSE))
}

/// Removes the folders of checkouts that are gone: the system keeps them in memory until it is started again.
fn forget_the_lost() {
    let Ok(entries) = fs::read_dir(MEMORY) else {
        return;
    };
    for folder in entries.flatten() {
        let is_named = folder.file_name().to_string_lossy().starts_with(NAMED);
        let folder = folder.path();
        let whose = folder.join(WHOSE);
        if is_named && is_ours(&folder) && whose.is_symlink() && !whose.exists() {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

fn has_room() -> bool {
    let files = rustix::fs::statvfs(MEMORY).map_or(0, |of| of.f_bavail * of.f_frsize);
    files.min(free_memory()) >= PLENTY
}

/// What the system says can be used without swapping, in bytes.
fn free_memory() -> u64 {
    let told = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    told.lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<u64>().ok())
        .map_or(0, |kib| kib * 1024)
}
