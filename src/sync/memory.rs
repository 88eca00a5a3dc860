//! What was last agreed on: where the feed goes on, and of each plan the state that the folder and the service both had.
//!
//! It is kept in the folder itself, a file a plan, so that it goes where the folder goes. Every file is written whole or not
//! at all, after what it tells has been done, so that a run that is killed at any moment is followed by one that does
//! the rest again: a plan's file first, then what was agreed on, and the cursor last.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::document::State;
use super::folder::{Folder, read_own};
use super::names::stem_of;
use super::sending::Sending;

/// Whose plans the folder holds.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Of {
    /// The origin of the service.
    pub url: String,
    /// The system whose keys the files are called by.
    pub system: String,
    /// The city.
    pub city: String,
}

/// What is kept of the whole folder.
#[derive(Debug, Deserialize, Serialize)]
struct Place {
    of: Of,
    cursor: Option<String>,
}

/// What was agreed on about a plan.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Agreed {
    /// The state that both sides had.
    pub base: State,
    /// What the service has by now, where it could not be brought into the file.
    pub waiting: Option<Waiting>,
}

/// Something of the service that waits for a person.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Waiting {
    /// Its state; none: the plan is gone.
    pub theirs: Option<State>,
    /// Whether a file tells of it. Once that is removed, the person has decided.
    pub is_told: bool,
}

/// What is kept about a folder.
#[derive(Debug)]
pub struct Memory {
    folder: Folder,
    place: Place,
    /// Id and version that are known of each key.
    known: BTreeMap<String, (String, i64)>,
    keys: BTreeMap<String, String>,
    /// Keys of plans that wait for a person.
    waiting: BTreeSet<String>,
    sending: Sending,
    _lock: File,
}

/// Why what is kept cannot be used.
#[derive(Debug)]
pub enum Unusable {
    /// Another run works on the folder.
    Locked,
    /// The folder belongs to something else.
    Other(Of),
    /// The disk.
    Io(io::Error),
}

impl From<io::Error> for Unusable {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl Memory {
    /// What is kept in the folder about the plans of `of`. One run at a time has it.
    pub fn open(folder: &Folder, of: Of) -> Result<Self, Unusable> {
        let lock = File::create(folder.own("lock"))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Unusable::Locked),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let place = match read_own::<Place>(folder.own("place.json"))? {
            Some(place) if place.of != of => return Err(Unusable::Other(place.of)),
            Some(place) => place,
            None => Place { of, cursor: None },
        };
        let mut memory = Self {
            folder: folder.clone(),
            place,
            known: BTreeMap::new(),
            keys: BTreeMap::new(),
            waiting: BTreeSet::new(),
            sending: Sending::of(folder),
            _lock: lock,
        };
        for entry in fs::read_dir(folder.own("plans"))? {
            if let Some(kept) = read_own::<Kept>(entry?.path())? {
                memory.note(&kept.key, &kept.agreed);
            }
        }
        Ok(memory)
    }

    /// Where the feed goes on.
    pub fn cursor(&self) -> Option<&str> {
        self.place.cursor.as_deref()
    }

    /// Notes where the feed goes on; none: nowhere, it begins again.
    pub fn go_on_from(&mut self, cursor: Option<String>) -> io::Result<()> {
        self.place.cursor = cursor;
        let text = serde_json::to_string(&self.place)?;
        self.folder.put(&self.folder.own("place.json"), &text)
    }

    /// What was agreed on about a plan.
    pub fn get(&self, key: &str) -> io::Result<Option<Agreed>> {
        let kept = read_own::<Kept>(self.path(key))?;
        Ok(kept.map(|kept| kept.agreed))
    }

    /// What is on its way to the service.
    pub fn sending(&self) -> &Sending {
        &self.sending
    }

    /// What was sent of a plan as a new one, when it is not known what came of it.
    pub fn was_making(&self, key: &str) -> io::Result<Option<Value>> {
        match self.known.contains_key(key) {
            true => Ok(None),
            false => self.sending.get(key),
        }
    }

    /// Notes what was agreed on. Unless something waits for a person, it is known with that what came of what was sent.
    pub fn set(&mut self, key: &str, agreed: Agreed) -> io::Result<()> {
        self.note(key, &agreed);
        let is_agreed = agreed.waiting.is_none();
        let kept = Kept {
            key: key.to_owned(),
            agreed,
        };
        self.folder
            .put(&self.path(key), &serde_json::to_string(&kept)?)?;
        match is_agreed {
            true => self.sending.end(key),
            false => Ok(()),
        }
    }

    /// Forgets a plan.
    pub fn forget(&mut self, key: &str) -> io::Result<()> {
        self.waiting.remove(key);
        if let Some((id, _)) = self.known.remove(key)
            && self.keys.get(&id).is_some_and(|known| known == key)
        {
            self.keys.remove(&id);
        }
        self.folder.remove(&self.path(key))?;
        self.sending.end(key)
    }

    /// The key of a plan that is known.
    pub fn key_of(&self, id: &str) -> Option<&str> {
        self.keys.get(id).map(String::as_str)
    }

    /// Whether this version of the plan, or a later one, is known.
    pub fn knows(&self, id: &str, version: i64) -> bool {
        let known = self.keys.get(id).and_then(|key| self.known.get(key));
        known.is_some_and(|(_, known)| *known >= version)
    }

    /// Whether a plan waits for a person; in a dry run, as far as that would go.
    pub fn waits(&self, key: &str) -> bool {
        self.waiting.contains(key)
    }

    /// The keys of plans that wait for a person.
    pub fn waiting(&self) -> Vec<String> {
        self.waiting.iter().cloned().collect()
    }

    /// Every key that is known, and its id.
    pub fn keys(&self) -> Vec<(String, String)> {
        let known = self.known.iter();
        known
            .map(|(key, (id, _))| (key.clone(), id.clone()))
            .collect()
    }

    fn note(&mut self, key: &str, agreed: &Agreed) {
        let waiting = agreed.waiting.as_ref();
        let newest = waiting.and_then(|waiting| waiting.theirs.as_ref());
        let newest = newest.unwrap_or(&agreed.base);
        let known = (newest.id.clone(), newest.version);
        match agreed.waiting.is_some() {
            true => self.waiting.insert(key.to_owned()),
            false => self.waiting.remove(key),
        };
        self.keys.insert(newest.id.clone(), key.to_owned());
        let before = self.known.insert(key.to_owned(), known);
        if let Some((id, _)) = before.filter(|(id, _)| *id != newest.id) {
            self.keys.remove(&id);
        }
    }

    fn path(&self, key: &str) -> PathBuf {
        let name = format!("{}.json", stem_of(key));
        self.folder.own("plans").join(name)
    }
}

#[derive(Deserialize, Serialize)]
struct Kept {
    key: String,
    #[serde(flatten)]
    agreed: Agreed,
}
