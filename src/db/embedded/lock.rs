//! The lock that keeps a second program out of the folder; the system gives it back when we die.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::process;

use super::error::EmbeddedError;

/// A file locked for as long as this value lives. Its content is our process id, for messages only.
///
/// No child inherits it: files are closed on exec.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "held, never read")] File);

impl Lock {
    /// Takes the lock file at `path`, which guards `folder`.
    pub(super) fn take(path: &Path, folder: &Path) -> Result<Self, EmbeddedError> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(EmbeddedError::file("open", path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let pid = file
                    .read_to_string(&mut text)
                    .ok()
                    .and_then(|_| text.trim().parse().ok());
                return Err(EmbeddedError::InUse {
                    folder: folder.to_owned(),
                    pid,
                });
            }
            Err(TryLockError::Error(source)) => {
                return Err(EmbeddedError::file("lock", path)(source));
            }
        }
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", process::id()))
            .map_err(EmbeddedError::file("write", path))?;
        Ok(Self(file))
    }
}
