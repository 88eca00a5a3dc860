//! Pairings in the database. The lists of cities and subjects stand in the row; a trigger keeps the tables that
//! hold the references in step.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::forms;
use super::rules::{check_sides, suggested_id};
use super::types::{Pairing, PairingFilter};
use crate::cities::types::City;
use crate::db::Connection;
use crate::ids::{CityId, PairingId};
use crate::policy::Thing;
use crate::problem::Faults;
use crate::programmes::types::Programme;
use crate::query::{Key, KeyType, Sort, TieBreak};
use crate::resource::{
    Check, Include, Known, Mapped, References, Resource, derive_id, plain_writes, rows, searched,
    strings, to_everybody, usual_fields, usual_sorts,
};
use crate::schema::{pairing_cities, pairing_subjects, pairings};
use crate::search::Words;
use crate::subjects::types::Subject;

/// The cities of the pairing with this id.
pub async fn paired(mut conn: &Connection, pairing: &PairingId) -> QueryResult<Vec<CityId>> {
    pairing_cities::table
        .filter(pairing_cities::pairing.eq(pairing))
        .select(pairing_cities::city)
        .load(&mut conn)
        .await
}

impl Resource for Pairing {
    type Id = PairingId;
    type Filter = PairingFilter;

    const THING: Thing = Thing::Pairing;
    const PATH: &'static str = "/pairings";
    const ALIKE: bool = true;
    const SORTS: &'static [Sort<Self>] = usual_sorts![
        Sort {
            name: "number",
            sql: "number",
            kind: KeyType::Int,
            key: |item| Key::Int(item.number.into())
        },
        Sort {
            name: "joined_year",
            sql: "joined_year",
            kind: KeyType::Int,
            key: |item| Key::Int(item.joined_year.into())
        },
    ];
    const TIE: TieBreak<Self> = TieBreak {
        sql: "id",
        kind: KeyType::Text,
        key: |item| Key::Text(item.id.to_string()),
    };
    const INCLUDES: &'static [Include<Self>] = &[
        Include::new::<City>("cities", |item| strings(&item.cities())),
        Include::new::<Subject>("subjects", |item| strings(&item.subjects)),
        Include::new::<Programme>("programmes", |item| vec![item.programme.to_string()]),
    ];

    const MAPPED: Option<&'static Mapped<Self>> = Some(&forms::MAPPED);

    const SEARCHED: Option<&'static str> = Some(searched!("pairings.id", "text", "pairing"));

    usual_fields!(id);

    fn words(&self) -> Words {
        let mut words = Words::default();
        words.add(self.id.as_str());
        if let Some(subject_text) = &self.subject_text {
            words.add_all(subject_text.iter());
        }
        words
    }

    fn cities(&self) -> Vec<CityId> {
        self.eu_cities
            .iter()
            .chain(&self.jp_cities)
            .cloned()
            .collect()
    }

    fn references(&self, references: &mut References) {
        references.to::<Programme>("/programme", &self.programme);
        references.to_each::<City>("/eu_cities", &self.eu_cities);
        references.to_each::<City>("/jp_cities", &self.jp_cities);
        references.to_each::<Subject>("/subjects", &self.subjects);
    }

    fn prepare(&mut self, _: Option<&Self>, _: &Known, faults: &mut Faults) {
        derive_id(
            &mut self.id,
            Some(&suggested_id(&self.eu_cities, &self.jp_cities)),
            faults,
        );
    }

    fn check(&self, check: &Check<'_, Self>, faults: &mut Faults) {
        check_sides(self, check.known, faults);
    }

    rows!(
        pairings,
        key = id,
        visible = to_everybody,
        filter = |query, filter| {
            if !filter.programme.is_empty() {
                query = query.filter(pairings::programme.eq_any(filter.programme));
            }
            if !filter.city.is_empty() {
                let members =
                    pairing_cities::table.filter(pairing_cities::city.eq_any(filter.city));
                query = query.filter(pairings::id.eq_any(members.select(pairing_cities::pairing)));
            }
            if !filter.subject.is_empty() {
                let topics = pairing_subjects::table
                    .filter(pairing_subjects::subject.eq_any(filter.subject));
                query = query.filter(pairings::id.eq_any(topics.select(pairing_subjects::pairing)));
            }
            if !filter.status.is_empty() {
                query = query.filter(pairings::status.eq_any(filter.status));
            }
            if !filter.year.is_empty() {
                query = query.filter(pairings::joined_year.eq_any(filter.year));
            }
        }
    );
    plain_writes!(pairings, key = id);
}
