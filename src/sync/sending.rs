//! What is on its way to the service, a file a plan: when a run is killed before it hears the answer, the plan may be
//! stored. The next run knows it again by this as what was sent from here, whatever was edited on either side since.

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::folder::{Folder, read_own};
use super::names::stem_of;

/// What is on its way from a folder.
#[derive(Clone, Debug)]
pub struct Sending(Folder);

#[derive(Deserialize, Serialize)]
struct Sent<D> {
    key: String,
    document: D,
}

impl Sending {
    /// Of this folder.
    pub fn of(folder: &Folder) -> Self {
        Self(folder.clone())
    }

    /// Notes what is about to be sent.
    pub fn begin(&self, key: &str, document: &Value) -> io::Result<()> {
        let sent = Sent {
            key: key.to_owned(),
            document,
        };
        self.0.put(&self.path(key), &serde_json::to_string(&sent)?)
    }

    /// What was sent of a plan, when it is not known what came of it.
    pub fn get(&self, key: &str) -> io::Result<Option<Value>> {
        let sent = read_own::<Sent<Value>>(self.path(key))?;
        // Some disks take names for the same that differ in case.
        let sent = sent.filter(|sent| sent.key == key);
        Ok(sent.map(|sent| sent.document))
    }

    /// What came of it is known.
    pub fn end(&self, key: &str) -> io::Result<()> {
        self.0.remove(&self.path(key))
    }

    fn path(&self, key: &str) -> PathBuf {
        let name = format!("{}.json", stem_of(key));
        self.0.own("sending").join(name)
    }
}
