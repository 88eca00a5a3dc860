//! What still refers to something that was to go, told with the problem: as far as the caller sees it and the reference in
//! it. Of the rest only that there is something.

use diesel::QueryResult;
use diesel::sql_types::{Array, Text};
use diesel_async::RunQueryDsl;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::{Resource, keep_readable};
use crate::auth::Caller;
use crate::db::Connection;
use crate::messages::word;
use crate::policy::{Relation, Role, Thing};
use crate::problem::{Broken, Fault, Problem, Rule};

/// Most that are named.
const NAMED: usize = 20;

type Shows = for<'a> fn(
    &'a Connection,
    &'a Caller,
    &'a [String],
    &'a [String],
) -> BoxFuture<'a, QueryResult<Vec<String>>>;

/// A kind of thing, as something that can refer to others.
#[derive(Clone, Copy)]
pub struct Referrer {
    thing: Thing,
    shows: Shows,
}

impl Referrer {
    /// Things of this kind.
    pub fn of<R: Resource>() -> Self {
        Self {
            thing: R::THING,
            shows: shows::<R>,
        }
    }
}

/// Those of the `R`s with these ids in which `caller` sees what is named by `key`.
fn shows<'a, R: Resource>(
    conn: &'a Connection,
    caller: &'a Caller,
    ids: &'a [String],
    key: &'a [String],
) -> BoxFuture<'a, QueryResult<Vec<String>>> {
    Box::pin(async move {
        let ids = ids.iter().filter_map(|id| id.parse().ok());
        let mut items = R::find_many(conn, caller, ids.collect()).await?;
        keep_readable::<R, R>(caller, &mut items);
        let shown = items.into_iter().filter_map(|mut item| {
            item.fill_for(caller);
            let json = serde_json::to_value(&item).unwrap_or_default();
            // Admins and its owners see all of it, also the version that the public reads.
            let sees_all = caller.role == Role::Admin
                || <R as Resource>::relation(&item, caller) == Relation::Own;
            let is_shown = sees_all || key.iter().all(|part| names(&json, part));
            is_shown.then(|| Resource::id(&item).to_string())
        });
        let mut shown: Vec<String> = shown.collect();
        shown.sort_unstable();
        Ok(shown)
    })
}

/// Whether this text stands anywhere in the JSON.
fn names(json: &Value, text: &str) -> bool {
    match json {
        Value::String(there) => there == text,
        Value::Array(items) => items.iter().any(|item| names(item, text)),
        Value::Object(fields) => fields.values().any(|field| names(field, text)),
        _ => false,
    }
}

#[derive(diesel::QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    id: String,
}

/// The problem, with what still refers to the thing that was to go when that is the problem. Its transaction has ended.
pub async fn name_referrers(
    conn: &Connection,
    caller: &Caller,
    kinds: &[Referrer],
    problem: Problem,
) -> Problem {
    let Some((owner, broken)) = problem.referrer() else {
        return problem;
    };
    let Some(kind) = kinds.iter().find(|kind| kind.thing == owner) else {
        return problem;
    };
    match find(conn, caller, kind, broken).await {
        Ok((shown, hidden)) if hidden || !shown.is_empty() => named(problem, owner, shown, hidden),
        // It has gone since.
        Ok(_) => problem,
        Err(error) => {
            tracing::warn!(%error, "what refers to a thing could not be read");
            problem
        }
    }
}

/// What refers to it and is shown, and whether something else does.
async fn find(
    mut conn: &Connection,
    caller: &Caller,
    kind: &Referrer,
    broken: &Broken,
) -> QueryResult<(Vec<String>, bool)> {
    let rows: Vec<Row> = diesel::sql_query("SELECT referrers($1, $2) AS id")
        .bind::<Text, _>(&broken.constraint)
        .bind::<Array<Text>, _>(&broken.key)
        .load(&mut conn)
        .await?;
    let mut ids: Vec<String> = rows.into_iter().map(|row| row.id).collect();
    ids.truncate(NAMED);
    let shown = (kind.shows)(conn, caller, &ids, &broken.key).await?;
    let hidden = shown.len() < ids.len();
    Ok((shown, hidden))
}

fn named(problem: Problem, owner: Thing, shown: Vec<String>, hidden: bool) -> Problem {
    let fault_of = |id: &String| {
        let fault = Fault::at("", Rule::ReferencedBy);
        fault.with_word("kind", word("thing", owner)).with("id", id)
    };
    let mut faults: Vec<Fault> = shown.iter().map(fault_of).collect();
    faults.extend(hidden.then(|| Fault::at("", Rule::ReferencedByHidden)));
    let told = shown.iter().map(|id| json!({"type": owner, "id": id}));
    let told = Value::Array(told.collect());
    problem.about_only(faults).member("referenced_by", told)
}
