//! What lists are sorted by: keys, their types, and the orders that a list offers.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;
use uuid::Uuid;

/// A value by which a list is sorted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A number.
    Int(i64),
    /// An id.
    Uuid(Uuid),
    /// A moment, to the microsecond.
    Time(DateTime<Utc>),
    /// A text, compared by code points; or a day, or `infinity`.
    Text(String),
}

/// How the values of a sort key are written in SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    /// [`Key::Int`].
    Int,
    /// [`Key::Uuid`].
    Uuid,
    /// [`Key::Time`].
    Time,
    /// [`Key::Text`].
    Text,
    /// [`Key::Text`] holding a day or `infinity`.
    Day,
}

impl Key {
    /// A day as a sort key; an unknown one comes last.
    pub fn day(day: Option<NaiveDate>) -> Self {
        Self::Text(day.map_or_else(|| "infinity".to_owned(), |day| day.to_string()))
    }

    /// The key as it stands in a cursor.
    pub(super) fn to_json(&self) -> Value {
        match self {
            Self::Int(number) => Value::from(*number),
            Self::Uuid(uuid) => Value::from(uuid.to_string()),
            Self::Time(time) => Value::from(time.timestamp_micros()),
            Self::Text(text) => Value::from(text.as_str()),
        }
    }

    /// The key of this type that stands in a cursor.
    pub(super) fn of_json(kind: KeyType, value: &Value) -> Option<Self> {
        match kind {
            KeyType::Int => value.as_i64().map(Self::Int),
            KeyType::Uuid => value.as_str()?.parse().ok().map(Self::Uuid),
            KeyType::Time => DateTime::from_timestamp_micros(value.as_i64()?).map(Self::Time),
            KeyType::Text => value.as_str().map(|text| Self::Text(text.to_owned())),
            KeyType::Day => {
                let day = value.as_str()?;
                (day == "infinity" || day.parse::<NaiveDate>().is_ok())
                    .then(|| Self::Text(day.to_owned()))
            }
        }
    }
}

/// A sort order that a list offers.
pub struct Sort<T> {
    /// Its name in the `sort` parameter.
    pub name: &'static str,
    /// The column or indexed expression behind it; never null.
    pub sql: &'static str,
    /// The type of its values.
    pub kind: KeyType,
    /// Its value in an item.
    pub key: fn(&T) -> Key,
}

/// The hidden last sort key of every list: the id.
pub struct TieBreak<T> {
    /// Its column.
    pub sql: &'static str,
    /// The type of its values.
    pub kind: KeyType,
    /// Its value in an item.
    pub key: fn(&T) -> Key,
}

impl<T> Clone for TieBreak<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for TieBreak<T> {}
