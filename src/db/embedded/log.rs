//! The server's log file: opened for a start, put aside when large, its end shown when a start fails.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::error::EmbeddedError;

/// From this size on, a log is put aside at the next start, and the one before it forgotten.
const LARGE: u64 = 10 * 1024 * 1024;

/// How much of a log's end a message shows.
const LINES: usize = 15;

/// The log as one start writes it.
pub(super) struct Log {
    pub(super) path: PathBuf,
    begin: u64,
}

impl Log {
    /// The log at `path`; what it holds already is of earlier starts.
    pub(super) fn begin(path: PathBuf) -> Result<Self, EmbeddedError> {
        let mut begin = fs::metadata(&path).map_or(0, |of| of.len());
        if begin > LARGE {
            fs::rename(&path, path.with_extension("log.1"))
                .map_err(EmbeddedError::file("put aside", &path))?;
            begin = 0;
        }
        Ok(Self { path, begin })
    }

    /// The file, for the server to add to.
    pub(super) fn open(&self) -> Result<File, EmbeddedError> {
        OpenOptions::new()
            .append(true)
            .create(true)
            .mode(0o600)
            .open(&self.path)
            .map_err(EmbeddedError::file("open", &self.path))
    }

    /// All that this start has written.
    pub(super) fn text(&self) -> String {
        let mut bytes = Vec::new();
        let read = File::open(&self.path).and_then(|mut file| {
            file.seek(SeekFrom::Start(self.begin))?;
            file.take(LARGE).read_to_end(&mut bytes)
        });
        match read {
            Ok(_) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(fault) => format!("(unreadable: {fault})"),
        }
    }

    /// That this start has failed, with its last lines.
    pub(super) fn failure(&self) -> EmbeddedError {
        EmbeddedError::Start {
            log: self.path.clone(),
            said: last_lines(&self.text()),
        }
    }
}

/// Where the log of the cluster in `folder` is.
pub(super) fn path(folder: &Path) -> PathBuf {
    folder.join("postgres.log")
}

/// The last lines of what a program said.
pub(super) fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let skipped = lines.len().saturating_sub(LINES);
    lines
        .into_iter()
        .skip(skipped)
        .collect::<Vec<_>>()
        .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_the_last() {
        let text: String = (1..=20).map(|n| format!("{n}\n")).collect();
        let last = last_lines(&text);
        assert!(last.starts_with("6\n"));
        assert!(last.ends_with("\n20"));
        assert_eq!(last_lines("one"), "one");
        assert_eq!(last_lines(""), "");
    }
}
