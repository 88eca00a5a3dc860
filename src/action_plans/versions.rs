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
use crate::ids::{AccountId, CityId, PlanId};
use crate::messages::word;
use crate::policy::{Action, Relation, Role};
use crate::problem::{Code, Fault, Faults, Problem, Rule};
use crate::query::{Key, KeyType, Page, Sight, Stretch, TieBreak};
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
    /// The city that the account belonged to then; null when it was the programme's.
    pub city: Option<CityId>,
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenVersions {
    /// Every one.
    All,
    /// Those that were published since the plan was withdrawn last, the one that the caller reads, and those that were
    /// handed in to a pairing of the caller's city.
    Shared {
        /// The version that the caller reads.
        read: i64,
        /// The caller's city.
        city: Option<CityId>,
    },
}

/// Which versions of the plan `caller` may see: all of them, who writes it or runs the programme; whoever else sees the
/// plan, in the version `read`, that one and those that were published, and a partner city those that it could read while
/// they were handed in. How a plan came about before is not shared, and what was withdrawn from everybody stays so when the
/// plan is published again.
pub fn versions_open_to(caller: &Caller, relation: Relation, read: i64) -> OpenVersions {
    if caller.role == Role::Admin || relation == Relation::Own {
        return OpenVersions::All;
    }
    let city = caller.city.clone();
    OpenVersions::Shared { read, city }
}

/// The version was not taken away from the public since.
const NOT_WITHDRAWN: &str = "NOT EXISTS (SELECT FROM action_plan_versions AS later \
    WHERE later.plan = action_plan_versions.plan AND later.version > action_plan_versions.version \
    AND later.status = 'withdrawn')";

/// The version was handed in to a pairing that the city is in.
const HANDED_IN: &str = "action_plan_versions.status = 'submitted' AND EXISTS (SELECT FROM pairing_cities AS member \
    WHERE member.pairing = action_plan_versions.document ->> 'pairing' AND member.city = ?)";

type Versions<'a> = action_plan_versions::BoxedQuery<'a, diesel::pg::Pg>;

/// The versions of the plan that the caller may see; approving is what publishes.
fn versions_of(plan: PlanId, open: &OpenVersions) -> Versions<'static> {
    let versions = action_plan_versions::table
        .filter(action_plan_versions::plan.eq(plan))
        .into_boxed();
    let OpenVersions::Shared { read, city } = open else {
        return versions;
    };
    let handed_in = match city {
        Some(city) => Sight::by(HANDED_IN, Key::Text(city.to_string())),
        None => Sight::of("false"),
    };
    versions.filter(
        action_plan_versions::version
            .eq(*read)
            .or(action_plan_versions::status
                .eq(PlanStatus::Approved)
                .and(Sight::of(NOT_WITHDRAWN)))
            .or(handed_in),
    )
}

/// Number, time, author and the author's city, status, and whether the edit was minor.
type VersionRow = (
    i64,
    DateTime<Utc>,
    Option<AccountId>,
    Option<CityId>,
    PlanStatus,
    bool,
);

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
) -> QueryResult<Stretch<PlanVersion>> {
    let rows: Vec<VersionRow> = versions_of(plan.id, &open_to(caller, plan))
        .filter(page.keyset())
        .order(page.order())
        .limit(page.reach())
        .select((
            action_plan_versions::version,
            action_plan_versions::at,
            action_plan_versions::by,
            action_plan_versions::city,
            action_plan_versions::status,
            action_plan_versions::minor,
        ))
        .load(&mut conn)
        .await?;
    let version = |(version, at, by, city, status, minor)| PlanVersion {
        version,
        at,
        by,
        city,
        status,
        published: status == PlanStatus::Approved,
        minor,
    };
    Ok(page.cut(rows.into_iter().map(version).collect()))
}

/// A version as it was stored.
#[derive(Clone, Debug)]
pub struct StoredVersion {
    /// When it was written.
    pub at: DateTime<Utc>,
    document: JsonText,
    /// Stands for what was taken out of it.
    pub hidden: u64,
}

impl StoredVersion {
    /// The version as `caller` sees it: without the sources that are hidden from who does not write the plan.
    pub async fn seen_by(
        mut self,
        conn: &Connection,
        caller: &Caller,
        open: &OpenVersions,
    ) -> QueryResult<Self> {
        if *open != OpenVersions::All {
            let texts = vec![&mut self.document];
            let hidden = texts_without_hidden(conn, caller, texts).await?;
            if let [left_out] = hidden.as_slice() {
                self.hidden = left_out.digest();
            }
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
    open: &OpenVersions,
) -> QueryResult<Option<StoredVersion>> {
    let version = versions_of(plan, open)
        .filter(action_plan_versions::version.eq(number))
        .select((action_plan_versions::at, action_plan_versions::document));
    let found: Option<(DateTime<Utc>, JsonText)> = version.first(&mut conn).await.optional()?;
    Ok(found.map(|(at, document)| StoredVersion {
        at,
        document,
        hidden: 0,
    }))
}

/// The number of the open version before this one.
async fn number_before(
    mut conn: &Connection,
    plan: PlanId,
    number: i64,
    open: &OpenVersions,
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
    /// The earlier version; when left out, the last one before `to` that you may see.
    #[param(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub from: Option<i64>,
    /// The later version; the newest that you see when left out.
    #[param(minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub to: Option<i64>,
}

/// The two documents that are compared.
pub async fn compared(
    conn: &Connection,
    caller: &Caller,
    plan: &StoredPlan,
    asked: &DiffParams,
) -> Result<(Value, Value), Problem> {
    let open = open_to(caller, plan);
    let to = asked.to.unwrap_or(plan.version);
    let from = match asked.from {
        None => number_before(conn, plan.id, to, &open).await?,
        from => from,
    };
    let earlier = async {
        match from {
            Some(from) => find_version(conn, plan.id, from, &open).await,
            None => Ok(None),
        }
    };
    let later = find_version(conn, plan.id, to, &open);
    let (earlier, later) = futures_util::try_join!(earlier, later)?;
    let mut faults = Faults::new();
    let unknown = |name, number| {
        let fault = Fault::in_parameter(name, Rule::UnknownReference);
        fault
            .with_word("kind", word("thing", "version"))
            .with("id", number)
    };
    match (from, &earlier, &later) {
        (Some(from), None, _) => faults.push(unknown("from", from)),
        (None, _, Some(_)) => faults.push(Fault::in_parameter("from", Rule::NoEarlierVersion)),
        _ => {}
    }
    if later.is_none() {
        faults.push(unknown("to", to));
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
        let version = find_version(conn, plan.id, number, &open).await?;
        let version = version.ok_or(Problem::new(Code::NotFound))?;
        let mut body = version.json()?;
        without_bookkeeping(
            &mut body,
            doing.ask.app.contract.read_only("ActionPlanWrite"),
        );
        let replaced = doing.replace(conn, plan, body).await;
        replaced.map_err(|problem| match problem.code() {
            Code::InvalidInput => not_restorable(number, &problem),
            _ => problem,
        })
    }
}

/// The problem of a version that is not valid any more: what is wrong stands in it, not in the request.
fn not_restorable(number: i64, found: &Problem) -> Problem {
    let problem = Problem::new(Code::NotRestorable)
        .with("version", number)
        .with("count", found.faults().len());
    found.faults().iter().cloned().fold(problem, Problem::about)
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
        let shared = |city: &Caller| OpenVersions::Shared {
            read: 7,
            city: city.city.clone(),
        };
        for relation in Relation::ALL {
            assert_eq!(versions_open_to(&admin, *relation, 7), OpenVersions::All);
            let expected = match relation {
                Relation::Own => OpenVersions::All,
                _ => shared(&city),
            };
            assert_eq!(versions_open_to(&city, *relation, 7), expected);
            if *relation != Relation::Own {
                assert_eq!(
                    versions_open_to(&Caller::ANONYMOUS, *relation, 7),
                    shared(&Caller::ANONYMOUS)
                );
            }
        }
    }
}
