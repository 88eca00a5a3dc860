//! What still refers to something that was to go, told with the problem: as far as the caller sees it and the reference in
//! it. Of the rest only that there is something.

use std::collections::BTreeSet;

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
use crate::problem::{Broken, Fault, Problem, Rule, owner_of};

/// Most that are named; of several kinds, each has its share.
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
    /// The rule of the database by which it refers.
    #[diesel(sql_type = Text)]
    rule: String,
    /// The id of what refers.
    #[diesel(sql_type = Text)]
    owner: String,
}

/// The problem, with what still refers to the thing that was to go when that is the problem. Its transaction has ended.
pub async fn name_referrers(
    conn: &Connection,
    caller: &Caller,
    kinds: &[Referrer],
    problem: Problem,
) -> Problem {
    let Some(broken) = problem.referrer() else {
        return problem;
    };
    match find(conn, caller, kinds, broken).await {
        Ok((shown, hidden)) if hidden || !shown.is_empty() => named(problem, &shown, hidden),
        // It has gone since.
        Ok(_) => problem,
        Err(error) => {
            tracing::warn!(%error, "what refers to a thing could not be read");
            problem
        }
    }
}

/// What refers to it and is shown, something of each kind; and whether something else does.
async fn find(
    mut conn: &Connection,
    caller: &Caller,
    kinds: &[Referrer],
    broken: &Broken,
) -> QueryResult<(Vec<(Thing, String)>, bool)> {
    let rows: Vec<Row> = match &broken.gone {
        Some((table, id)) => {
            diesel::sql_query("SELECT rule, owner FROM referrers_to($1, $2)")
                .bind::<Text, _>(table)
                .bind::<Text, _>(id)
                .load(&mut conn)
                .await?
        }
        None => {
            diesel::sql_query("SELECT rule, owner FROM referrers_by($1, $2)")
                .bind::<Text, _>(&broken.constraint)
                .bind::<Array<Text>, _>(&broken.key)
                .load(&mut conn)
                .await?
        }
    };
    let of_kind = |kind: &Referrer| {
        let rows = rows
            .iter()
            .filter(|row| owner_of(&row.rule) == Some(kind.thing));
        rows.map(|row| row.owner.clone()).collect::<BTreeSet<_>>()
    };
    let mut found: Vec<_> = kinds.iter().map(|kind| (kind, of_kind(kind))).collect();
    found.retain(|(_, ids)| !ids.is_empty());
    let most = NAMED.checked_div(found.len()).unwrap_or(NAMED).max(1);
    let id = broken.gone.as_ref().map(|(_, id)| std::slice::from_ref(id));
    let key = id.unwrap_or(&broken.key);
    let (mut shown, mut hidden) = (Vec::new(), false);
    for (kind, ids) in found {
        let ids: Vec<String> = ids.into_iter().take(most).collect();
        let seen = (kind.shows)(conn, caller, &ids, key).await?;
        hidden |= seen.len() < ids.len();
        shown.extend(seen.into_iter().map(|id| (kind.thing, id)));
    }
    Ok((shown, hidden))
}

fn named(problem: Problem, shown: &[(Thing, String)], hidden: bool) -> Problem {
    let fault_of = |(thing, id): &(Thing, String)| {
        let fault = Fault::at("", Rule::ReferencedBy);
        fault.with_word("kind", word("thing", thing)).with("id", id)
    };
    let mut faults: Vec<Fault> = shown.iter().map(fault_of).collect();
    faults.extend(hidden.then(|| Fault::at("", Rule::ReferencedByHidden)));
    let told = shown
        .iter()
        .map(|(thing, id)| json!({"type": thing, "id": id}));
    let told = Value::Array(told.collect());
    problem.about_only(faults).member("referenced_by", told)
}
