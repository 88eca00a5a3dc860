//! The password of the role `iuc`, and the file that keeps it.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::cluster::sync_folder_of;
use super::error::EmbeddedError;

/// A password of 256 random bits, in hexadecimal. It has no `Debug`, so that no log shows it.
pub(super) struct Password(String);

impl Password {
    pub(super) fn random() -> Result<Self, EmbeddedError> {
        let mut halves = [[0; 16]; 2];
        for half in &mut halves {
            aws_lc_rs::rand::fill(half).map_err(|_| EmbeddedError::Random)?;
        }
        Ok(Self(
            halves
                .map(|half| format!("{:032x}", u128::from_be_bytes(half)))
                .concat(),
        ))
    }

    /// The password in the text of its file, unless somebody has damaged it.
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim_end();
        let whole = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        whole.then(|| Self(text.to_owned()))
    }

    pub(super) fn reveal(&self) -> &str {
        &self.0
    }

    /// The password of the cluster in `folder`; none when its file is missing or damaged.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, EmbeddedError> {
        let path = path(folder);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Self::parse(&text)),
            Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(fault) => Err(EmbeddedError::file("read", &path)(fault)),
        }
    }

    /// Writes the file, whole or not at all.
    pub(super) fn save(&self, folder: &Path) -> Result<(), EmbeddedError> {
        let path = path(folder);
        let part = path.with_extension("password.part");
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&part)
            .and_then(|mut file| {
                file.set_permissions(fs::Permissions::from_mode(0o600))?;
                writeln!(file, "{}", self.reveal())?;
                file.sync_all()
            })
            .map_err(EmbeddedError::file("write", &part))?;
        fs::rename(&part, &path).map_err(EmbeddedError::file("put in its place", &part))?;
        sync_folder_of(&path)
    }
}

fn path(folder: &Path) -> PathBuf {
    folder.join("postgres.password")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_64_hexadecimal_digits_and_differs_each_time() {
        let (one, other) = (
            Password::random().expect("one"),
            Password::random().expect("another"),
        );
        assert_eq!(one.reveal().len(), 64);
        assert_ne!(one.reveal(), other.reveal());
        let read = Password::parse(&format!("{}\n", one.reveal())).expect("whole");
        assert_eq!(read.reveal(), one.reveal());
    }

    #[test]
    fn a_damaged_password_is_none() {
        assert!(Password::parse("").is_none());
        assert!(Password::parse("abc").is_none());
        assert!(Password::parse(&"'".repeat(64)).is_none());
    }
}
