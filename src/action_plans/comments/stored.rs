//! A comment as it is stored: with a path, from which its pointer is found in the plan when it is read.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde_json::Value;

use super::types::{Comment, MadeAt};
use crate::action_plans::places::pointer_of;
use crate::auth::Caller;
use crate::column::JsonText;
use crate::db::Connection;
use crate::ids::{AccountId, CityId, CommentId, PlanId};
use crate::query::{Key, Sight};
use crate::schema::{action_plan_comments, action_plans};
use crate::text::Text;

/// The plans that a city reads as they are written now: those that it proposes, and those that are handed in to it.
const READ_BY_CITY: &str = "EXISTS (SELECT FROM action_plan_readers AS own \
    WHERE own.plan = action_plans.id AND own.reader = ?)";

/// A comment as it is stored.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = action_plan_comments, treat_none_as_null = true)]
pub(super) struct Row {
    id: CommentId,
    plan: PlanId,
    path: String,
    made_version: i64,
    made_pointer: String,
    text: Text,
    reply_to: Option<CommentId>,
    thread: CommentId,
    resolved: bool,
    resolved_by: Option<AccountId>,
    resolved_by_city: Option<CityId>,
    city: Option<CityId>,
    by: Option<AccountId>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl From<&Comment> for Row {
    fn from(comment: &Comment) -> Self {
        let comment = comment.clone();
        Self {
            id: comment.id,
            plan: comment.plan,
            path: comment.path,
            made_version: comment.made_at.version,
            made_pointer: comment.made_at.pointer,
            text: comment.text,
            reply_to: comment.reply_to,
            thread: comment.thread,
            resolved: comment.resolved,
            resolved_by: comment.resolved_by,
            resolved_by_city: comment.resolved_by_city,
            city: comment.city,
            by: comment.by,
            version: comment.version,
            created_at: comment.created_at,
            updated_at: comment.updated_at,
        }
    }
}

impl Row {
    /// The comment, with its pointer into the plan as it is now; for whoever does not read that, as it was then.
    fn placed(self, document: Option<&Value>, proponents: Vec<CityId>) -> Comment {
        let pointer = match document {
            Some(document) => pointer_of(document, &self.path),
            None => Some(self.made_pointer.clone()),
        };
        Comment {
            id: self.id,
            plan: self.plan,
            pointer,
            made_at: MadeAt {
                version: self.made_version,
                pointer: self.made_pointer,
            },
            text: self.text,
            reply_to: self.reply_to,
            thread: self.thread,
            resolved: self.resolved,
            resolved_by: self.resolved_by,
            resolved_by_city: self.resolved_by_city,
            city: self.city,
            by: self.by,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            path: self.path,
            proponents,
        }
    }
}

/// The comments, with their pointers as `caller` is told them.
pub(super) async fn placed(
    mut conn: &Connection,
    caller: &Caller,
    rows: Vec<Row>,
) -> QueryResult<Vec<Comment>> {
    let mut plans: Vec<PlanId> = rows.iter().map(|row| row.plan).collect();
    plans.sort_unstable();
    plans.dedup();
    if plans.is_empty() {
        return Ok(Vec::new());
    }
    let reads = match &caller.city {
        Some(city) => Sight::by(READ_BY_CITY, Key::Text(city.to_string())),
        None => Sight::of("true"),
    };
    let found: Vec<(PlanId, Vec<CityId>, JsonText, bool)> = action_plans::table
        .filter(action_plans::id.eq_any(plans))
        .select((
            action_plans::id,
            action_plans::proponents,
            action_plans::document,
            reads,
        ))
        .load(&mut conn)
        .await?;
    let mut known = HashMap::new();
    for (id, proponents, text, reads) in found {
        let document = reads.then(|| serde_json::from_str::<Value>(&text.0));
        let document = document
            .transpose()
            .map_err(|error| diesel::result::Error::DeserializationError(error.into()))?;
        known.insert(id, (proponents, document));
    }
    let placed = rows.into_iter().filter_map(|row| {
        let (proponents, document) = known.get(&row.plan)?;
        Some(row.placed(document.as_ref(), proponents.clone()))
    });
    Ok(placed.collect())
}
