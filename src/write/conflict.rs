//! Requests that mean an earlier state than the present one: what of them collides with what was written since, and, when
//! that is wanted (`Prefer: conflict=merge`) and nothing collides, both edits in one.

use serde_json::Value;
use serde_json::value::to_value;

use super::way::{Job, Way};
use crate::db::Connection;
use crate::merge::{Conflict, merge, merge_patch};
use crate::problem::{Code, Faults, FieldConflict, Problem};
use crate::request::{Ask, etag};
use crate::resource::{Merging, Resource};

/// The preference of those who want both edits in one.
pub const MERGE: &str = "conflict=merge";

/// What is to be done with `theirs`, which is not the state that `If-Match` names: the job that stores both edits; or
/// the problem `stale`, with what collides where that can be told. `found` are faults of the body that are known already.
pub async fn bring_together<R: Resource>(
    conn: &Connection,
    ask: &Ask,
    way: &Way<'_>,
    job: &Job,
    theirs: &R,
    (stale, found): (Problem, &Faults),
) -> Result<Job, Problem> {
    let (Some(merging), Code::PreconditionFailed) = (R::MERGING, stale.code()) else {
        return Err(stale);
    };
    if matches!(job, Job::Delete) {
        return Err(stale);
    }
    let Some(base) = base_of(conn, ask, theirs, &merging).await? else {
        return Err(stale);
    };
    let wanted = ask.prefers(MERGE);
    let yours = match way.edited(job, &base, found) {
        Ok(yours) => yours,
        Err(problem) if wanted => return Err(problem),
        Err(_) => return Err(stale),
    };
    let schema = format!("{}Write", R::name());
    let read_only = ask.app.contract.read_only(&schema);
    let written = |state: &R| written(state, read_only, merging.kept);
    let (base, yours, theirs) = (written(&base)?, written(&yours)?, written(theirs)?);
    let merged = merge(merging.shape, &base, &yours, &theirs);
    if wanted && merged.conflicts.is_empty() {
        return Ok(Job::Replace(merged.value));
    }
    let conflicts = merged.conflicts.into_iter().map(told).collect::<Vec<_>>();
    let conflicts = to_value(conflicts).map_err(|_| Problem::new(Code::Internal))?;
    let rest = merge_patch(&theirs, &merged.value);
    Err(stale.member("conflicts", conflicts).member("merge", rest))
}

/// The state that `If-Match` names, when it is one that there was.
async fn base_of<R: Resource>(
    conn: &Connection,
    ask: &Ask,
    theirs: &R,
    merging: &Merging<R>,
) -> Result<Option<R>, Problem> {
    for tag in ask.tags_to_match() {
        let number = tag.trim_matches('"').split('.').next();
        let Some(number) = number.and_then(|number| number.parse().ok()) else {
            continue;
        };
        let found = (merging.version)(conn, theirs, number).await?;
        if let Some(base) = found.filter(|base| etag(base.meta()) == tag) {
            return Ok(Some(base));
        }
    }
    Ok(None)
}

/// What people write of a thing, as JSON: nothing of what only the service sets.
fn written<R: Resource>(state: &R, read_only: &[String], kept: &[&str]) -> Result<Value, Problem> {
    let mut value = to_value(state).map_err(Problem::unwritten)?;
    if let Value::Object(fields) = &mut value {
        fields.retain(|name, _| !read_only.contains(name));
    }
    without(&mut value, kept);
    Ok(value)
}

/// Takes these members out, wherever they stand.
fn without(value: &mut Value, names: &[&str]) {
    match value {
        Value::Object(members) => {
            members.retain(|name, _| !names.contains(&name.as_str()));
            members.values_mut().for_each(|value| without(value, names));
        }
        Value::Array(entries) => entries.iter_mut().for_each(|entry| without(entry, names)),
        _ => {}
    }
}

fn told(conflict: Conflict) -> FieldConflict {
    FieldConflict {
        pointer: conflict.pointer,
        place: conflict.path,
        base: conflict.base,
        yours: conflict.yours,
        theirs: conflict.theirs,
    }
}
