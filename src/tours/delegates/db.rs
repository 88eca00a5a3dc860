//! Delegates in the database. Their tour is locked before one is written, and its numbers follow.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::types::{Delegate, DelegateFilter, Funding};
use crate::auth::Caller;
use crate::db::Connection;
use crate::events::{Author, Event};
use crate::ids::{CityId, DelegateId, TourId};
use crate::policy::{Role, Thing};
use crate::problem::{Fault, Faults, Problem, Rule};
use crate::programmes::types::Guidelines;
use crate::query::{Key, KeyType, Sight, Sort, TieBreak};
use crate::resource::{
    Known, References, Resource, new_uuid, opens, opens_locked, plain_writes, rows, usual_fields,
    usual_sorts_by_uuid,
};
use crate::schema::{delegates, pairings, programmes, tours};
use crate::tours::checks::hold;
use crate::tours::types::{Tour, TourCheck};
use crate::write;

/// The most delegates of one tour, whoever pays.
const MOST: i64 = 200;

impl Resource for Delegate {
    type Id = DelegateId;
    type Filter = DelegateFilter;

    const THING: Thing = Thing::Delegate;
    const PATH: &'static str = "/tours/{tour}/delegates";
    const SORTS: &'static [Sort<Self>] = usual_sorts_by_uuid![];
    const TIE: TieBreak<Self> = TieBreak {
        sql: "id",
        kind: KeyType::Uuid,
        key: |item| Key::Uuid(item.id.uuid()),
    };
    const PERSONAL: bool = true;

    usual_fields!(id);

    fn parents(&self) -> Vec<String> {
        vec![self.tour.to_string()]
    }

    async fn enter(conn: &Connection, caller: &Caller, parents: &[String]) -> QueryResult<bool> {
        opens::<Tour, Self>(conn, caller, parents.first()).await
    }

    async fn enter_locked(
        conn: &mut Connection,
        caller: &Caller,
        parents: &[String],
    ) -> QueryResult<bool> {
        opens_locked::<Tour, Self>(conn, caller, parents.first()).await
    }

    fn cities(&self) -> Vec<CityId> {
        vec![self.visiting_city.clone(), self.host_city.clone()]
    }

    fn references(&self, references: &mut References) {
        references.to::<Tour>("/tour", &self.tour);
    }

    fn prepare(&mut self, before: Option<&Self>, known: &Known, _: &mut Faults) {
        self.id = before.map_or_else(|| new_uuid().into(), |before| before.id);
        if let Some(tour) = known.get::<Tour>(&self.tour) {
            self.visiting_city.clone_from(&tour.visiting_city);
            self.host_city.clone_from(&tour.host_city);
        }
    }

    /// The programme pays for no more than its guidelines allow. The tour is locked, so that nobody else adds one now.
    async fn consult(&mut self, conn: &mut Connection, faults: &mut Faults) -> QueryResult<()> {
        let others = delegates::table
            .filter(delegates::tour.eq(self.tour))
            .filter(delegates::id.ne(self.id))
            .into_boxed::<diesel::pg::Pg>();
        if self.funding == Funding::Programme {
            let limit = funded_max(conn, self.tour).await?;
            let funded = others.filter(delegates::funding.eq(Funding::Programme));
            let funded: i64 = funded.count().get_result(conn).await?;
            if let Some(limit) = limit.filter(|limit| funded >= i64::from(*limit)) {
                faults.push(Fault::at("/funding", Rule::TooManyFunded).with("limit", limit));
            }
        } else {
            let number: i64 = others.count().get_result(conn).await?;
            if number >= MOST {
                faults.push(Fault::at("", Rule::TooManyDelegates).with("limit", MOST));
            }
        }
        Ok(())
    }

    /// The numbers of the tour. One that is confirmed does not come to have too few that the programme pays for.
    async fn follow(
        conn: &mut Connection,
        author: &Author,
        before: Option<&Self>,
        after: Option<&Self>,
    ) -> Result<Vec<Event>, Problem> {
        let Some(delegate) = after.or(before) else {
            return Ok(Vec::new());
        };
        let tour = tours::table.find(delegate.tour);
        let stored: Tour = tour.select(Tour::as_select()).first(conn).await?;
        let counted = Tour {
            delegates: stored.counted(&stored.delegates_recorded),
            ..stored.clone()
        };
        if counted.delegates.programme_funded < stored.delegates.programme_funded {
            hold(conn, &counted, TourCheck::ProgrammeFundedDelegatesMin).await?;
        }
        write::change(conn, author, stored, counted).await
    }

    rows!(
        delegates,
        key = id,
        visible = visible_to,
        filter = |query, filter| {
            if let Some(tour) = filter.tour {
                query = query.filter(delegates::tour.eq(tour));
            }
            if !filter.funding.is_empty() {
                query = query.filter(delegates::funding.eq_any(filter.funding));
            }
        }
    );
    plain_writes!(delegates, key = id);
}

/// Admins see every delegate, a city those of the tours that it takes part in.
fn visible_to(caller: &Caller) -> Option<Sight> {
    match (caller.role, &caller.city) {
        (Role::Admin, _) => None,
        (_, Some(city)) => Some(Sight::by(
            "visiting_city = ? OR host_city = ?",
            Key::Text(city.to_string()),
        )),
        _ => Some(Sight::of("false")),
    }
}

/// How many delegates of the tour the programme pays for at most.
async fn funded_max(conn: &mut Connection, tour: TourId) -> QueryResult<Option<i32>> {
    let pairing = tours::table.find(tour).select(tours::pairing);
    let programme = pairings::table
        .filter(pairings::id.eq_any(pairing))
        .select(pairings::programme);
    let guidelines: Option<Guidelines> = programmes::table
        .filter(programmes::id.eq_any(programme))
        .select(programmes::guidelines)
        .first(conn)
        .await
        .optional()?;
    Ok(guidelines.map(|guidelines| guidelines.programme_funded_delegates.max))
}
