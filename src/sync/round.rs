//! One round: what changed at the service comes down, what was edited here goes up, and what came of that comes down again.

use std::collections::HashMap;

use super::api::Api;
use super::connection::Failure;
use super::folder::Folder;
use super::memory::Memory;
use super::report::Report;

/// A side of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Side {
    /// The files
    Folder,
    /// The plans at the service
    Service,
}

/// One round.
pub struct Round<'a> {
    /// The service.
    pub api: &'a Api,
    /// The folder.
    pub folder: &'a Folder,
    /// What was agreed on.
    pub memory: &'a mut Memory,
    /// What is told.
    pub report: &'a mut Report,
    /// What of many plans was sent at once, by key: a fingerprint.
    pub sent: HashMap<String, String>,
    /// Whether a plan is removed at the service when its file was removed here.
    pub deletes: bool,
    /// How many are removed at most, where that was said.
    pub max_delete: Option<usize>,
    /// Which side is right about a plan that both have and of which nothing was agreed on yet.
    pub adopt: Option<Side>,
    /// Whether nothing is to be written on either side.
    pub is_dry: bool,
}

impl Round<'_> {
    /// Brings both sides in step.
    pub async fn run(&mut self) -> Result<(), Failure> {
        self.report.begin_round();
        for key in self.memory.waiting() {
            self.look_again(&key)?;
        }
        self.pull().await?;
        let files = self.folder.files()?;
        if self.push(&files).await? && !self.is_dry {
            self.pull().await?;
        }
        Ok(())
    }
}
