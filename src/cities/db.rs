//! Cities in the database.

use super::forms;
use super::rules::{check_own_description, check_side};
use super::types::{City, CityFilter};
use crate::ids::CityId;
use crate::policy::Thing;
use crate::problem::Faults;
use crate::query::{Key, KeyType, Sort, TieBreak};
use crate::resource::{
    Check, Known, Mapped, Resource, derive_id, plain_writes, rows, searched, to_everybody,
    usual_fields, usual_sorts,
};
use crate::schema::{cities, pairing_cities};
use crate::search::Words;

impl Resource for City {
    type Id = CityId;
    type Filter = CityFilter;

    const THING: Thing = Thing::City;
    const PATH: &'static str = "/cities";
    const ALIKE: bool = true;
    const SORTS: &'static [Sort<Self>] = usual_sorts![Sort {
        name: "name",
        sql: "coalesce(name ->> 'en', id)",
        kind: KeyType::Text,
        key: |item| Key::Text(
            item.name
                .in_language("en")
                .unwrap_or(item.id.as_str())
                .to_owned()
        ),
    }];
    const TIE: TieBreak<Self> = TieBreak {
        sql: "id",
        kind: KeyType::Text,
        key: |item| Key::Text(item.id.to_string()),
    };

    const MAPPED: Option<&'static Mapped<Self>> = Some(&forms::MAPPED);

    const SEARCHED: Option<&'static str> = Some(searched!("cities.id", "text", "city"));

    usual_fields!(id);

    fn words(&self) -> Words {
        let mut words = Words::default();
        words.add(self.id.as_str());
        words.add_all(self.name.iter());
        if let Some(region) = &self.region {
            words.add_all(region.iter());
        }
        if let Some(description) = &self.description {
            words.add_all(description.iter());
        }
        words
    }

    fn cities(&self) -> Vec<CityId> {
        vec![self.id.clone()]
    }

    fn prepare(&mut self, _: Option<&Self>, _: &Known, faults: &mut Faults) {
        derive_id(&mut self.id, self.name.in_language("en"), faults);
    }

    fn check(&self, check: &Check<'_, Self>, faults: &mut Faults) {
        check_side(self, faults);
        if let Some(before) = check.before {
            check_own_description(before, self, check.caller.role, faults);
        }
    }

    rows!(
        cities,
        key = id,
        visible = to_everybody,
        filter = |query, filter| {
            if !filter.side.is_empty() {
                query = query.filter(cities::side.eq_any(filter.side));
            }
            if !filter.country.is_empty() {
                query = query.filter(cities::country_code.eq_any(filter.country));
            }
            if !filter.kind.is_empty() {
                query = query.filter(cities::kind.eq_any(filter.kind));
            }
            if !filter.pairing.is_empty() {
                let members =
                    pairing_cities::table.filter(pairing_cities::pairing.eq_any(filter.pairing));
                query = query.filter(cities::id.eq_any(members.select(pairing_cities::city)));
            }
        }
    );
    plain_writes!(cities, key = id);
}
