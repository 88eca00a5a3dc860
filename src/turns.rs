//! Turns: how many of what takes long run at once, in all and of one caller.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex};

type Running<K> = Arc<Mutex<HashMap<K, usize>>>;

/// Who runs how many.
pub struct Turns<K: Eq + Hash> {
    most: usize,
    most_of_one: usize,
    running: Running<K>,
}

/// Something that counts as running until this is dropped.
pub struct Turn<K: Eq + Hash> {
    of: K,
    running: Running<K>,
}

impl<K: Eq + Hash + Clone> Turns<K> {
    /// So many at once, and so many of them of one caller.
    pub fn new(most: usize, most_of_one: usize) -> Self {
        Self {
            most,
            most_of_one,
            running: Running::default(),
        }
    }

    /// A turn for `of`; none while too many are running.
    pub fn take(&self, of: K) -> Option<Turn<K>> {
        let mut running = self.running.lock().ok()?;
        let own = running.get(&of).copied().unwrap_or_default();
        if own >= self.most_of_one || running.values().sum::<usize>() >= self.most {
            return None;
        }
        running.insert(of.clone(), own + 1);
        let running = self.running.clone();
        Some(Turn { of, running })
    }

    /// Whether too many are running for anybody to have another.
    pub fn are_all_taken(&self) -> bool {
        let running = self.running.lock();
        running.is_ok_and(|running| running.values().sum::<usize>() >= self.most)
    }

    /// Who has as many as one can have.
    pub fn taken_up_by(&self) -> Vec<K> {
        let Ok(running) = self.running.lock() else {
            return Vec::new();
        };
        let full = running.iter().filter(|(_, own)| **own >= self.most_of_one);
        full.map(|(of, _)| of.clone()).collect()
    }
}

impl<K: Eq + Hash> Drop for Turn<K> {
    fn drop(&mut self) {
        if let Ok(mut running) = self.running.lock()
            && let Some(count) = running.get_mut(&self.of)
        {
            *count = count.saturating_sub(1);
            if *count == 0 {
                running.remove(&self.of);
            }
        }
    }
}
