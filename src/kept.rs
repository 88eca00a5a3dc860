//! Pages that are kept as they were answered: of the kinds of thing of which everybody reads the same (`Resource::ALIKE`),
//! and which change seldom. Each change of one puts another stamp into the database, in its transaction; whoever asks has
//! the stamp read first, and gets what is kept where it was made under the same.

use std::sync::Arc;

use actix_web::http::header::HeaderValue;
use actix_web::web::Bytes;
use diesel::{QueryDsl, QueryResult};
use diesel_async::RunQueryDsl;
use quick_cache::Weighter;
use quick_cache::sync::Cache;

use crate::db::Connection;
use crate::schema::records;

/// How many bytes of pages are kept at most.
const ROOM: u64 = 8 * 1024 * 1024;

/// About how many pages these are.
const PAGES: usize = 1000;

/// The longest page that is kept, in bytes.
const LONGEST: usize = 256 * 1024;

/// A page as it is answered, without what depends on who asks.
#[derive(Clone)]
pub struct Sheet {
    /// Its ETag.
    pub tag: String,
    /// Its `Link` field, where it has one.
    pub link: Option<HeaderValue>,
    /// Its body.
    pub json: Bytes,
}

/// The pages that are kept, by path and query.
pub struct Kept(Cache<String, Arc<(i64, Sheet)>, Bytewise>);

#[derive(Clone)]
struct Bytewise;

impl Weighter<String, Arc<(i64, Sheet)>> for Bytewise {
    fn weight(&self, address: &String, page: &Arc<(i64, Sheet)>) -> u64 {
        // About what the entry itself takes.
        let bytes = 256 + address.len() + page.1.json.len();
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

impl Default for Kept {
    fn default() -> Self {
        Self(Cache::with_weighter(PAGES, ROOM, Bytewise))
    }
}

impl Kept {
    /// The page that is kept for this address, where it was made under this stamp.
    pub fn find(&self, address: &str, stamp: i64) -> Option<Sheet> {
        let page = self.0.get(address)?;
        (page.0 == stamp).then(|| page.1.clone())
    }

    /// Keeps a page; `stamp` was read before anything of it.
    pub fn keep(&self, address: String, stamp: i64, sheet: Sheet) {
        if sheet.json.len() <= LONGEST {
            self.0.insert(address, Arc::new((stamp, sheet)));
        }
    }
}

/// What stands for the records as they are now.
pub async fn stamp(mut conn: &Connection) -> QueryResult<i64> {
    records::table.select(records::stamp).first(&mut conn).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheet(length: usize) -> Sheet {
        Sheet {
            tag: "W/\"1\"".to_owned(),
            link: None,
            json: vec![b'x'; length].into(),
        }
    }

    #[test]
    fn a_page_stands_for_its_stamp_alone() {
        let kept = Kept::default();
        kept.keep("/v1/cities?".to_owned(), 7, sheet(10));
        assert!(kept.find("/v1/cities?", 7).is_some());
        assert!(kept.find("/v1/cities?", 8).is_none());
        assert!(kept.find("/v1/cities?limit=5", 7).is_none());
        kept.keep("/v1/cities?".to_owned(), 8, sheet(10));
        assert!(kept.find("/v1/cities?", 7).is_none());
        assert!(kept.find("/v1/cities?", 8).is_some());
    }

    #[test]
    fn what_is_kept_has_its_bounds() {
        let kept = Kept::default();
        kept.keep("long".to_owned(), 1, sheet(LONGEST + 1));
        assert!(kept.find("long", 1).is_none());
        for number in 0..200 {
            kept.keep(format!("{number}"), 1, sheet(LONGEST));
        }
        let there = (0..200).filter(|number| kept.find(&number.to_string(), 1).is_some());
        assert!((1..=32).contains(&there.count()));
        assert!(kept.0.weight() <= ROOM);
    }
}
