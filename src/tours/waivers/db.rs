//! Waivers in the database. Their tour is locked before one is made, and keeps which checks are waived.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::types::{Waiver, WaiverFilter, WaiverId};
use crate::auth::Caller;
use crate::db::Connection;
use crate::events::{Author, Event};
use crate::policy::Thing;
use crate::problem::{Fault, Faults, Problem, Rule};
use crate::query::{Key, KeyType, Sort, TieBreak};
use crate::resource::{
    Check, Known, Resource, opens, opens_locked, plain_writes, rows, sorts_with_id, to_everybody,
    usual_fields,
};
use crate::schema::{tours, waivers};
use crate::tours::checks::hold;
use crate::tours::types::Tour;

impl Resource for Waiver {
    type Id = WaiverId;
    type Filter = WaiverFilter;

    const THING: Thing = Thing::Waiver;
    const PATH: &'static str = "/tours/{tour}/waivers";
    const SORTS: &'static [Sort<Self>] = sorts_with_id![Sort {
        name: "check",
        sql: "id",
        kind: KeyType::Text,
        key: |item| Key::Text(item.id.to_string()),
    },];
    const TIE: TieBreak<Self> = TieBreak {
        sql: "id",
        kind: KeyType::Text,
        key: |item| Key::Text(item.id.to_string()),
    };
    const LOCAL_ID: bool = true;

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

    fn prepare(&mut self, _: Option<&Self>, _: &Known, _: &mut Faults) {
        self.id = WaiverId::of(self.tour, self.check);
    }

    fn sign(&mut self, author: &Author) {
        self.by = author.by;
    }

    fn check(&self, _: &Check<'_, Self>, faults: &mut Faults) {
        if !self.check.is_waivable() {
            faults.push(Fault::at("/check", Rule::NotWaivable));
        }
    }

    /// A waiver that a confirmed tour needs stays.
    async fn follow(
        conn: &mut Connection,
        _: &Author,
        before: Option<&Self>,
        after: Option<&Self>,
    ) -> Result<Vec<Event>, Problem> {
        if let (Some(gone), None) = (before, after) {
            let tour = tours::table.find(gone.tour).select(Tour::as_select());
            let tour: Tour = tour.first(conn).await?;
            hold(conn, &tour, gone.check).await?;
        }
        Ok(Vec::new())
    }

    rows!(
        waivers,
        key = id,
        visible = to_everybody,
        filter = |query, filter| {
            if let Some(tour) = filter.tour {
                query = query.filter(waivers::tour.eq(tour));
            }
        }
    );
    plain_writes!(waivers, key = id);
}
