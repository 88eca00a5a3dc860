//! Things that the cities' own systems know by keys of theirs. A key is one thing of a city: no city takes or sees
//! another's.

use diesel::QueryResult;

use super::Resource;
use crate::db::Connection;
use crate::ids::CityId;
use crate::places::ExternalRef;

/// A kind of thing that other systems know by keys of their own.
pub trait ByRef: Resource {
    /// JSON Pointer to the city in a body that it is written for, when an admin does not say for which.
    const CITY: &'static str;

    /// The keys under which other systems know it.
    fn external_refs(&self) -> &[ExternalRef];

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
            reference: ExternalRef { system, key },
            id,
        }
    }
}

/// Implements `find_named` of [`ByRef`] by the table that triggers keep in step with the things.
macro_rules! by_ref {
    ($table:ident, $thing:ident) => {
        async fn find_named(
            mut conn: &$crate::db::Connection,
            cities: Option<Vec<$crate::ids::CityId>>,
            references: &[&$crate::places::ExternalRef],
        ) -> diesel::QueryResult<Vec<$crate::resource::Named<Self::Id>>> {
            use diesel::prelude::*;
            use diesel_async::RunQueryDsl;
            use $crate::schema::{cities as all, $table as refs};
            let named = |name: fn(&$crate::places::ExternalRef) -> &str| -> Vec<String> {
                references.iter().map(|it| name(it).to_owned()).collect()
            };
            let query = refs::table
                .filter(refs::system.eq_any(named(|it| &it.system)))
                .filter(refs::key.eq_any(named(|it| &it.key)))
                .select((refs::city, refs::system, refs::key, refs::$thing));
            let rows: Vec<_> = match cities {
                Some(cities) => {
                    query
                        .filter(refs::city.eq_any(cities))
                        .load(&mut conn)
                        .await?
                }
                // City by city, because the index begins with it.
                None => {
                    let each = all::table.select(all::id);
                    query
                        .filter(refs::city.eq_any(each))
                        .load(&mut conn)
                        .await?
                }
            };
            let named = rows.into_iter().map($crate::resource::Named::of);
            Ok(named
                .filter(|named| references.contains(&&named.reference))
                .collect())
        }
    };
}
pub(crate) use by_ref;
