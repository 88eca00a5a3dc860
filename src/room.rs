//! Room for what requests bring: how much memory all their bodies together may take, however many there are and however
//! slowly they come.
//!
//! Small ones need none: whoever sends many large ones does not keep the others out. What finds no room is refused at
//! once, and may come again.

use std::sync::Arc;

use actix_web::http::header;
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::{Code, Problem};

/// How much there is in all, in KiB.
const ALL: usize = 48 * 1024;

/// Up to which size a body needs no room, in bytes.
const SMALL: usize = 64 * 1024;

/// All the room that an instance has.
#[derive(Clone)]
pub struct Room(Arc<Semaphore>);

/// What one request has of it, until it is dropped.
pub struct Place {
    room: Room,
    taken: Option<OwnedSemaphorePermit>,
}

impl Default for Room {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(ALL)))
    }
}

impl Room {
    /// A place for something that is still small.
    pub fn place(&self) -> Place {
        Place {
            room: self.clone(),
            taken: None,
        }
    }
}

impl Place {
    /// Makes it large enough for so many bytes, and no larger.
    pub fn fit(&mut self, bytes: usize) -> Result<(), Problem> {
        let wanted = match bytes > SMALL {
            true => bytes.div_ceil(1024),
            false => 0,
        };
        let has = self.taken.as_ref().map_or(0, |taken| taken.num_permits());
        if wanted > has {
            let more = u32::try_from(wanted - has).unwrap_or(u32::MAX);
            let more = self.room.0.clone().try_acquire_many_owned(more);
            let more = more.map_err(|_| {
                Problem::new(Code::Overloaded)
                    .header(header::RETRY_AFTER, "2")
                    .header(header::CONNECTION, "close")
            })?;
            match &mut self.taken {
                Some(taken) => taken.merge(more),
                None => self.taken = Some(more),
            }
        } else if let Some(taken) = &mut self.taken {
            drop(taken.split(has - wanted));
        }
        Ok(())
    }
}

/// About how much memory a value takes, in bytes: far more than its text, where it has many small parts.
pub fn weight(value: &Value) -> usize {
    /// A member beside its name and its value, and what every object needs before its first.
    const MEMBER: usize = 64;
    const OBJECT: usize = 448;
    let parts = match value {
        Value::String(text) => text.len(),
        Value::Array(entries) => entries.iter().map(weight).sum(),
        Value::Object(members) if members.is_empty() => 0,
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| MEMBER + name.len() + weight(value);
            OBJECT + members.iter().map(member).sum::<usize>()
        }
        _ => 0,
    };
    size_of::<Value>() + parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_is_refused_until_others_have_left() {
        let room = Room::default();
        let (mut one, mut other) = (room.place(), room.place());
        one.fit(ALL * 1024).unwrap();
        other.fit(SMALL).unwrap();
        let refused = other.fit(SMALL + 1).unwrap_err();
        assert_eq!(refused.code(), Code::Overloaded);
        one.fit((ALL - 65) * 1024).unwrap();
        other.fit(SMALL + 1).unwrap();
        drop(other);
        one.fit(0).unwrap();
        assert_eq!(room.0.available_permits(), ALL);
    }

    #[test]
    fn many_small_parts_weigh_more_than_a_long_text() {
        let parts: Value = (0..1000).map(|_| serde_json::json!({"a": [1]})).collect();
        let text = Value::from(parts.to_string());
        assert!(weight(&parts) > 10 * weight(&text), "{}", weight(&parts));
    }
}
