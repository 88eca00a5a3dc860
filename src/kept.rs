//! Pages that are kept as they were answered: of the kinds of thing of which everybody reads the same (`Resource::ALIKE`),
//! and which change seldom. Each change of one puts another stamp into the database, in its transaction; whoever asks has
//! the stamp read first, and gets what is kept where it was made under the same.

use std::sync::Arc;

use actix_web::http::header::HeaderValue;
use actix_web::web::Bytes;
use diesel::{ExpressionMethods, QueryDsl, QueryResult};
use diesel_async::RunQueryDsl;
use quick_cache::Weighter;
use quick_cache::sync::Cache;
use uuid::Uuid;

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
pub struct Kept(Cache<String, Arc<(Uuid, Sheet)>, Bytewise>);

#[derive(Clone)]
struct Bytewise;

impl Weighter<String, Arc<(Uuid, Sheet)>> for Bytewise {
    fn weight(&self, address: &String, page: &Arc<(Uuid, Sheet)>) -> u64 {
        let (_, sheet) = page.as_ref();
        let link = sheet.link.as_ref().map_or(0, HeaderValue::len);
        // About what the entry itself takes.
        let bytes = 256 + address.len() + sheet.tag.len() + link + sheet.json.len();
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
    pub fn find(&self, address: &str, stamp: Uuid) -> Option<Sheet> {
        let page = self.0.get(address)?;
        (page.0 == stamp).then(|| page.1.clone())
    }

    /// Keeps a page; `stamp` was read before anything of it.
    pub fn keep(&self, address: String, stamp: Uuid, sheet: Sheet) {
        if sheet.json.len() <= LONGEST {
            self.0.insert(address, Arc::new((stamp, sheet)));
        }
    }
}

/// What stands for the records as they are now.
pub async fn stamp(mut conn: &Connection) -> QueryResult<Uuid> {
    records::table.select(records::stamp).first(&mut conn).await
}

/// Puts another stamp there, when what is answered of the records changes and they do not.
pub async fn restamp(conn: &mut Connection) -> QueryResult<()> {
    diesel::update(records::table)
        .set(records::stamp.eq(Uuid::now_v7()))
        .execute(conn)
        .await
        .map(drop)
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
        let (kept, one, other) = (Kept::default(), Uuid::now_v7(), Uuid::now_v7());
        kept.keep("/v1/cities?".to_owned(), one, sheet(10));
        assert!(kept.find("/v1/cities?", one).is_some());
        assert!(kept.find("/v1/cities?", other).is_none());
        assert!(kept.find("/v1/cities?limit=5", one).is_none());
        kept.keep("/v1/cities?".to_owned(), other, sheet(10));
        assert!(kept.find("/v1/cities?", one).is_none());
        assert!(kept.find("/v1/cities?", other).is_some());
    }

    #[test]
    fn what_is_kept_has_its_bounds() {
        let kept = Kept::default();
        kept.keep("long".to_owned(), Uuid::nil(), sheet(LONGEST + 1));
        assert!(kept.find("long", Uuid::nil()).is_none());
        for number in 0..200 {
            kept.keep(format!("{number}"), Uuid::nil(), sheet(LONGEST));
        }
        let there = (0..200).filter(|number| kept.find(&number.to_string(), Uuid::nil()).is_some());
        assert!((1..=32).contains(&there.count()));
        assert!(kept.0.weight() <= ROOM);
    }
}
