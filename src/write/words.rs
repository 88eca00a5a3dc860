//! The words by which things are found (`q`): those that change with a write, and those that an older instance did not make.

use diesel_async::RunQueryDsl;

use crate::auth::Caller;
use crate::db::Connection;
use crate::events::{self, Found};
use crate::kept;
use crate::problem::Problem;
use crate::resource::Resource;

/// The words by which a state of a thing is found; `is_public` as in [`Found`].
fn words_of<R: Resource>(item: &R, is_public: bool) -> Found {
    Found {
        thing: R::THING,
        id: item.id().to_string(),
        is_public,
        version: item.meta().version,
        words: item.words(),
    }
}

/// The words that change with this state of it: those of what everybody reads stay until that is replaced.
pub(super) fn found<R: Resource>(item: &R) -> Vec<Found> {
    if R::SEARCHED.is_none() {
        return Vec::new();
    }
    let is_published = item.published() == Some(item.meta().version);
    let published = is_published.then(|| words_of(item, true));
    [words_of(item, false)]
        .into_iter()
        .chain(published)
        .collect()
}

/// Gives words to the next of the `R`s after this id that have none, or those of another version, as when an older instance
/// has written them; answers the last id, and how many they are. In the caller's transaction: each is locked, so that no
/// newer words are lost.
pub async fn find_words<R: Resource>(
    conn: &mut Connection,
    after: String,
) -> Result<Option<(String, usize)>, Problem> {
    const AT_ONCE: usize = 500;
    #[derive(diesel::QueryableByName)]
    struct Bare {
        #[diesel(sql_type = diesel::sql_types::Text)]
        id: String,
    }
    let Some((column, _)) = R::SEARCHED.and_then(|searched| searched.split_once(' ')) else {
        return Ok(None);
    };
    let (table, thing) = (R::TABLE, R::THING.as_str());
    let lacks = |is_public: &str, version: &str| {
        format!(
            "NOT EXISTS (SELECT FROM search_words AS had WHERE had.type = '{thing}' AND had.id = {column}::text \
             AND had.is_public = {is_public} AND had.version = {version})"
        )
    };
    let published = R::PUBLISHED.map(|version| {
        let lacks = lacks("true", version);
        format!(" OR {version} IS NOT NULL AND {lacks}")
    });
    let bare: Vec<Bare> = diesel::sql_query(format!(
        "SELECT {column}::text AS id FROM {table} WHERE {column}::text > $1 AND ({}{}) ORDER BY 1 LIMIT {AT_ONCE}",
        lacks("false", &format!("{table}.version")),
        published.unwrap_or_default(),
    ))
    .bind::<diesel::sql_types::Text, _>(after)
    .load(conn)
    .await?;
    let ids = bare.iter().filter_map(|bare| bare.id.parse().ok());
    let items = R::lock_all(conn, &Caller::PROGRAMME, ids.collect()).await?;
    let mut all = Vec::new();
    for item in &items {
        all.extend(found(item));
        let earlier = item
            .published()
            .filter(|version| *version != item.meta().version);
        if let (Some(merging), Some(version)) = (&R::MERGING, earlier)
            && let Some(published) = (merging.version)(conn, item, version).await?
        {
            all.push(Found {
                version,
                ..words_of(&published, true)
            });
        }
    }
    events::record_all(conn, &[], &all).await?;
    if R::ALIKE && !all.is_empty() {
        kept::restamp(conn).await?;
    }
    Ok(bare.into_iter().last().map(|last| (last.id, items.len())))
}
