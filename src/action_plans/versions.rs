//! The versions of a plan: every state that it ever had, as it was, and what differs between two of them.

pub mod http;

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::lists::{StoredPlan, texts_without_hidden, without_hidden};
use super::types::{ActionPlan, PlanStatus};
use crate::auth::Caller;
use crate::column::JsonText;
use crate::db::Connection;
use crate::events::Manner;
use crate::ids::{AccountId, PlanId};
use crate::policy::{Action, Relation, Role};
use crate::problem::{Code, Fault, Problem, Rule};
use crate::query::{Key, KeyType, Page, Sight, TieBreak};
use crate::resource::{Resource, Seen};
use crate::schema::action_plan_versions;
use crate::write::{Deed, Doing, Done};

/// A version of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PlanVersion {
    /// Its number, counted from 1.
    #[schema(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub version: i64,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// The account that wrote it.
    pub by: Option<AccountId>,
    /// Where the plan stood.
    pub status: PlanStatus,
    /// Whether it was published.
    pub published: bool,
    /// Whether its author called the change minor.
    pub minor: bool,
}

/// Their order: by number.
pub const BY_NUMBER: TieBreak<PlanVersion> = TieBreak {
    sql: "version",
    kind: KeyType::Int,
    key: |item| Key::Int(item.version),
};

/// Which versions of a plan a caller may see who sees the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenVersions {
    /// Every one.
    All,
    /// Those that were published since the plan was withdrawn last, and the one that the caller reads.
    Published {
        /// The version that the caller reads.
        read: i64,
    },
}

/// Which versions of the plan `caller` may see: all of them, who writes it or runs the programme; whoever else sees the
/// plan, in the version `read`, that one and those that were published. A partner city that reads a submitted plan does
/// not read how it came about, and what was withdrawn stays so when the plan is published again.
pub fn versions_open_to(caller: &Caller, relation: Relation, read: i64) -> OpenVersions {
    if caller.role == Role::Admin || relation == Relation::Own {
        OpenVersions::All
    } else {
        OpenVersions::Published { read }
    }
}

/// The version was not taken away from the public since.
const NOT_WITHDRAWN: &str = "NOT EXISTS (SELECT FROM action_plan_versions AS later \
    WHERE later.plan = action_plan_versions.plan AND later.version > action_plan_versions.version \
    AND later.status = 'withdrawn')";

type Versions<'a> = action_plan_versions::BoxedQuery<'a, diesel::pg::Pg>;

/// The versions of the plan that the caller may see; approving is what publishes.
fn versions_of(plan: PlanId, open: OpenVersions) -> Versions<'static> {
    let versions = action_plan_versions::table
        .filter(action_plan_versions::plan.eq(plan))
        .into_boxed();
    match open {
        OpenVersions::All => versions,
        OpenVersions::Published { read } => versions.filter(
            action_plan_versions::version
                .eq(read)
                .or(action_plan_versions::status
                    .eq(PlanStatus::Approved)
                    .and(Sight::of(NOT_WITHDRAWN))),
        ),
    }
}

/// Number, time, author, status, and whether the edit was minor.
type VersionRow = (i64, DateTime<Utc>, Option<AccountId>, PlanStatus, bool);

/// As [`versions_open_to`], of a plan as the caller reads it.
pub fn open_to(caller: &Caller, plan: &StoredPlan) -> OpenVersions {
    versions_open_to(caller, plan.relation(caller), plan.version)
}

/// A page of the versions of a plan.
pub async fn list_versions(
    mut conn: &Connection,
    caller: &Caller,
    plan: &StoredPlan,
    page: &Page,
) -> QueryResult<Vec<PlanVersion>> {
    let rows: Vec<VersionRow> = versions_of(plan.id, open_to(caller, plan))
        .filter(page.keyset())
        .order(page.order())
        .limit(page.limit)
        .select((
            action_plan_versions::version,
            action_plan_versions::at,
            action_plan_versions::by,
            action_plan_versions::status,
            action_plan_versions::minor,
        ))
        .load(&mut conn)
        .await?;
    let version = |(version, at, by, status, minor)| PlanVersion {
        version,
        at,
        by,
        status,
        published: status == PlanStatus::Approved,
        minor,
    };
    Ok(rows.into_iter().map(version).collect())
}

/// A version as it was stored.
#[derive(Clone, Debug, Queryable)]
pub struct StoredVersion {
    /// When it was written.
    pub at: DateTime<Utc>,
    document: JsonText,
}

impl StoredVersion {
    /// The version as `caller` sees it: without the sources that are hidden from who does not write the plan.
    pub async fn seen_by(
        mut self,
        conn: &Connection,
        caller: &Caller,
        open: OpenVersions,
    ) -> QueryResult<Self> {
        if open != OpenVersions::All {
            texts_without_hidden(conn, caller, vec![&mut self.document]).await?;
        }
        Ok(self)
    }

    /// The document as it was answered; nothing can be done with a version.
    pub fn into_bytes(self) -> Vec<u8> {
        let text = self.document.0.trim_end();
        let text = text.strip_suffix('}').unwrap_or(text);
        [text.as_bytes(), b",\"actions\":[]}"].concat()
    }

    /// The document as JSON.
    pub fn json(&self) -> Result<Value, Problem> {
        serde_json::from_str(&self.document.0).map_err(|error| {
            tracing::error!(%error, "a stored plan is no JSON");
            Problem::new(Code::Internal)
        })
    }
}

/// The version of this number, if it is open to the caller.
pub async fn find_version(
    mut conn: &Connection,
    plan: PlanId,
    number: i64,
    open: OpenVersions,
) -> QueryResult<Option<StoredVersion>> {
    versions_of(plan, open)
        .filter(action_plan_versions::version.eq(number))
        .select((action_plan_versions::at, action_plan_versions::document))
        .first(&mut conn)
        .await
        .optional()
}

/// The number of the open version before this one.
async fn number_before(
    mut conn: &Connection,
    plan: PlanId,
    number: i64,
    open: OpenVersions,
) -> QueryResult<Option<i64>> {
    versions_of(plan, open)
        .filter(action_plan_versions::version.lt(number))
        .order(action_plan_versions::version.desc())
        .select(action_plan_versions::version)
        .first(&mut conn)
        .await
        .optional()
}

/// Which versions are compared.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DiffParams {
    /// The earlier version; the one before `to` when left out.
    #[param(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub from: Option<i64>,
    /// The later version; the newest that you see when left out.
    #[param(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub to: Option<i64>,
}

/// The two documents that are compared; of the first version, where nothing else is asked for, that version twice.
pub async fn compared(
    conn: &Connection,
    caller: &Caller,
    plan: &StoredPlan,
    asked: &DiffParams,
) -> Result<(Value, Value), Problem> {
    let open = open_to(caller, plan);
    let to = asked.to.unwrap_or(plan.version);
    let from = match asked.from {
        Some(from) => from,
        None => number_before(conn, plan.id, to, open).await?.unwrap_or(to),
    };
    let (earlier, later) = futures_util::try_join!(
        find_version(conn, plan.id, from, open),
        find_version(conn, plan.id, to, open)
    )?;
    let mut faults = crate::problem::Faults::new();
    for (name, number, found) in [("from", from, &earlier), ("to", to, &later)] {
        let is_asked = name == "to" || asked.from.is_some();
        if found.is_none() && is_asked {
            let fault = Fault::in_parameter(name, Rule::UnknownReference);
            faults.push(fault.with("kind", "version").with("id", number));
        }
    }
    faults.into_result()?;
    let (Some(earlier), Some(later)) = (earlier, later) else {
        return Err(Problem::new(Code::NotFound));
    };
    let mut documents = [earlier.json()?, later.json()?];
    if open != OpenVersions::All {
        without_hidden(conn, caller, &mut documents).await?;
    }
    Ok(documents.into())
}

/// Brings back what a version said, as a new version.
pub struct Restore;

impl Deed for Restore {
    type To = ActionPlan;
    type Body = ();

    const ACTION: Action = Action::Change;
    const CONDITIONAL: bool = true;

    async fn run(
        conn: &mut Connection,
        doing: &Doing<'_>,
        plan: ActionPlan,
        (): (),
    ) -> Result<Done, Problem> {
        let Manner::Restoring(number) = doing.author.manner else {
            return Err(Problem::new(Code::NotFound));
        };
        let relation = Resource::relation(&plan, doing.caller());
        let open = versions_open_to(doing.caller(), relation, plan.version);
        let version = find_version(conn, plan.id, number, open).await?;
        let version = version.ok_or(Problem::new(Code::NotFound))?;
        let mut body = version.json()?;
        without_bookkeeping(
            &mut body,
            doing.ask.app.contract.read_only("ActionPlanWrite"),
        );
        doing.replace(conn, plan, body).await
    }
}

/// Takes out of a version what the service sets, so that it stays as it is now.
fn without_bookkeeping(body: &mut Value, read_only: &[String]) {
    if let Some(body) = body.as_object_mut() {
        body.retain(|name, _| name != "id" && !read_only.contains(name));
    }
    let actions = body
        .pointer_mut("/joint_actions")
        .and_then(Value::as_array_mut);
    for action in actions.into_iter().flatten() {
        if let Some(action) = action.as_object_mut() {
            action.shift_remove("consents");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Caller;

    #[test]
    fn only_who_writes_a_plan_or_runs_the_programme_sees_how_it_came_about() {
        let admin = Caller::PROGRAMME;
        let city = Caller {
            role: Role::JpCity,
            city: "yokohama".parse().ok(),
            ..Caller::ANONYMOUS
        };
        let published = OpenVersions::Published { read: 7 };
        for relation in Relation::ALL {
            assert_eq!(versions_open_to(&admin, *relation, 7), OpenVersions::All);
            let expected = match relation {
                Relation::Own => OpenVersions::All,
                _ => published,
            };
            assert_eq!(versions_open_to(&city, *relation, 7), expected);
            if *relation != Relation::Own {
                assert_eq!(
                    versions_open_to(&Caller::ANONYMOUS, *relation, 7),
                    published
                );
            }
        }
    }
}
