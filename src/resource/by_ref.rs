//! Things that the cities' own systems know by keys of theirs. A key is one thing of a city: no city takes or sees
//! another's.

use std::collections::BTreeSet;

use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, Text, Uuid as SqlUuid};

use super::{Check, Resource};
use crate::auth::Caller;
use crate::db::Connection;
use crate::ids::CityId;
use crate::places::ExternalRef;
use crate::problem::{Fault, Faults, Rule};

/// A kind of thing that other systems know by keys of their own.
pub trait ByRef: Resource {
    /// JSON Pointers to its cities in a body, each a city or a list; it is written for the first, when an admin does not
    /// say for which.
    const CITIES: &'static [&'static str];

    /// The keys under which other systems know it.
    fn external_refs(&self) -> &[ExternalRef];

    /// The same, to be changed.
    fn external_refs_mut(&mut self) -> &mut Vec<ExternalRef>;

    /// What `references` stand for: for these cities, or for all when none are given.
    fn find_named(
        conn: &Connection,
        cities: Option<Vec<CityId>>,
        references: &[&ExternalRef],
    ) -> impl Future<Output = QueryResult<Vec<Named<Self::Id>>>> + Send;
}

/// What a reference stands for in the system of a city.
#[derive(Clone, Debug)]
pub struct Named<I> {
    /// Whose system.
    pub city: CityId,
    /// System and key.
    pub reference: ExternalRef,
    /// The thing.
    pub id: I,
}

impl<I> Named<I> {
    /// As it stands in a table of references.
    pub fn of((city, system, key, id): (CityId, String, String, I)) -> Self {
        Self {
            city,
            reference: ExternalRef {
                system,
                key,
                city: None,
            },
            id,
        }
    }
}

/// References, each with the city whose it is: the one that it names, else the first of the cities of the thing.
pub fn owned<'a>(
    references: &'a [ExternalRef],
    cities: &'a [CityId],
) -> impl Iterator<Item = (&'a CityId, &'a ExternalRef)> {
    references
        .iter()
        .filter_map(|it| Some((it.city.as_ref().or(cities.first())?, it)))
}

/// Whether this is what the city knows by this key.
pub fn is_named<R: ByRef>(item: &R, city: &CityId, reference: &ExternalRef) -> bool {
    let cities = item.cities();
    owned(item.external_refs(), &cities).any(|(owner, it)| owner == city && same_key(it, reference))
        && cities.contains(city)
}

fn same_key(a: &ExternalRef, b: &ExternalRef) -> bool {
    (&a.system, &a.key) == (&b.system, &b.key)
}

/// Notes whose the references are, for [`Resource::claim`]: a new one is that of the city that writes it. Those of other
/// cities stay, whether the body has them or not; a city that goes takes its own along.
pub fn claim_refs<R: ByRef>(item: &mut R, before: Option<&R>, caller: &Caller) {
    let cities = item.cities();
    let Some(first) = cities.first() else {
        return;
    };
    let had = before.map_or_else(Vec::new, explicit);
    let is_had = |city: &CityId, it: &ExternalRef| {
        had.iter()
            .any(|had| had.city.as_ref() == Some(city) && same_key(had, it))
    };
    let own = caller.city.as_ref().unwrap_or(first);
    let owner = |it: &ExternalRef| match &it.city {
        Some(city) => city.clone(),
        None if !is_had(own, it) && is_had(first, it) => first.clone(),
        None => own.clone(),
    };
    let mut references: Vec<ExternalRef> = Vec::new();
    let said = item.external_refs().iter().map(|it| ExternalRef {
        city: Some(owner(it)),
        ..it.clone()
    });
    let others = had
        .iter()
        .filter(|it| caller.city.is_some() && it.city.as_ref() != Some(own))
        .cloned();
    for it in said.chain(others) {
        let goes = it.city.as_ref().is_none_or(|city| !cities.contains(city)) && had.contains(&it);
        if !goes && !references.contains(&it) {
            references.push(it);
        }
    }
    // Their order says nothing: the same ones make no change.
    if references.len() == had.len() && references.iter().all(|it| had.contains(it)) {
        references = had;
    }
    for it in &mut references {
        it.city.take_if(|city| city == first);
    }
    *item.external_refs_mut() = references;
}

/// The references of a thing, each with its city.
fn explicit<R: ByRef>(item: &R) -> Vec<ExternalRef> {
    let cities = item.cities();
    let owned = owned(item.external_refs(), &cities).map(|(city, it)| ExternalRef {
        city: Some(city.clone()),
        ..it.clone()
    });
    owned.collect()
}

/// For [`Resource::check`]: a reference is that of a city of the thing; a city makes none for another.
pub fn check_refs<R: ByRef>(item: &R, check: &Check<'_, R>, faults: &mut Faults) {
    let (cities, had) = (item.cities(), check.before.map_or_else(Vec::new, explicit));
    for (index, it) in explicit(item).into_iter().enumerate() {
        let at = |rule| {
            let fault = Fault::at(format!("/external_refs/{index}/city"), rule);
            R::CITIES
                .iter()
                .fold(fault, |fault, place| fault.against(*place))
        };
        let own = check.caller.city.as_ref();
        if it.city.as_ref().is_none_or(|city| !cities.contains(city)) {
            let city = it.city.map(|city| city.to_string()).unwrap_or_default();
            faults.push(at(Rule::NotOfCity).with("city", city));
        } else if own.is_some() && it.city.as_ref() != own && !had.contains(&it) {
            faults.push(at(Rule::NotYours));
        }
    }
}

/// The statement that reads what references stand for, from a table of them.
pub struct FindNamed {
    table: &'static str,
    thing: &'static str,
    cities: Option<Vec<CityId>>,
    systems: Vec<String>,
    keys: Vec<String>,
}

impl FindNamed {
    /// Of a table and its column of things: what `references` stand for, for these cities, or for all when none are given.
    pub fn new(
        (table, thing): (&'static str, &'static str),
        cities: Option<Vec<CityId>>,
        references: &[&ExternalRef],
    ) -> Self {
        let pairs: BTreeSet<_> = references.iter().map(|it| (&it.system, &it.key)).collect();
        let pairs = pairs
            .into_iter()
            .map(|(system, key)| (system.clone(), key.clone()));
        let (systems, keys) = pairs.unzip();
        Self {
            table,
            thing,
            cities,
            systems,
            keys,
        }
    }
}

impl QueryFragment<Pg> for FindNamed {
    /// Each is looked up by the index, also by a statement that was planned when the table was empty and has many rows by
    /// now: `OFFSET 0` keeps PostgreSQL from joining the whole table.
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT city, system, key, ");
        out.push_identifier(self.thing)?;
        out.push_sql(" FROM unnest(");
        out.push_bind_param::<Array<Text>, _>(&self.systems)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.keys)?;
        out.push_sql(") AS wanted (wanted_system, wanted_key), ");
        match &self.cities {
            Some(cities) => {
                out.push_sql("unnest(");
                out.push_bind_param::<Array<Text>, _>(cities)?;
                out.push_sql(")");
            }
            None => out.push_sql("(SELECT id FROM cities)"),
        }
        out.push_sql(" AS owner (owner), LATERAL (SELECT * FROM ");
        out.push_identifier(self.table)?;
        out.push_sql(
            " WHERE city = owner AND system = wanted_system AND key = wanted_key OFFSET 0) AS named",
        );
        Ok(())
    }
}

impl QueryId for FindNamed {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for FindNamed {
    type SqlType = (Text, Text, Text, SqlUuid);
}

impl<Conn> diesel::RunQueryDsl<Conn> for FindNamed {}

/// Implements `find_named` of [`ByRef`] by the table that triggers keep in step with the things.
macro_rules! by_ref {
    ($table:ident, $thing:ident) => {
        async fn find_named(
            mut conn: &$crate::db::Connection,
            cities: Option<Vec<$crate::ids::CityId>>,
            references: &[&$crate::places::ExternalRef],
        ) -> diesel::QueryResult<Vec<$crate::resource::Named<Self::Id>>> {
            use diesel_async::RunQueryDsl;
            let tables = (stringify!($table), stringify!($thing));
            let query = $crate::resource::FindNamed::new(tables, cities, references);
            let rows: Vec<_> = query.load(&mut conn).await?;
            Ok(rows.into_iter().map($crate::resource::Named::of).collect())
        }
    };
}
pub(crate) use by_ref;
