//! Study tours in the database.

use super::checks::check_tour;
use super::forms;
use super::rules::{direction_of, settle_counts};
use super::types::{Tour, TourFilter};
use crate::auth::Caller;
use crate::cities::types::City;
use crate::ids::{CityId, TourId};
use crate::pairings::types::Pairing;
use crate::places::ExternalRef;
use crate::policy::Thing;
use crate::problem::Faults;
use crate::programmes::types::Programme;
use crate::query::{Key, KeyType, Sort, TieBreak};
use crate::resource::{
    ByRef, Check, Dated, Include, Known, References, Resource, by_ref, check_refs, claim_refs,
    new_uuid, plain_writes, rows, searched, strings, to_everybody, usual_fields,
    usual_sorts_by_uuid,
};
use crate::schema::tours;
use crate::search::Words;

impl Resource for Tour {
    type Id = TourId;
    type Filter = TourFilter;

    const THING: Thing = Thing::Tour;
    const PATH: &'static str = "/tours";
    const SORTS: &'static [Sort<Self>] = usual_sorts_by_uuid![Sort {
        name: "earliest",
        sql: "coalesce(earliest, 'infinity'::date)",
        kind: KeyType::Day,
        key: |item| Key::day(item.earliest),
    }];
    const TIE: TieBreak<Self> = TieBreak {
        sql: "id",
        kind: KeyType::Uuid,
        key: |item| Key::Uuid(item.id.uuid()),
    };
    const INCLUDES: &'static [Include<Self>] = &[
        Include::new::<City>("cities", |item| strings(&item.cities())),
        Include::new::<Pairing>("pairings", |item| vec![item.pairing.to_string()]),
    ];

    const DATED: Option<&'static Dated<Self>> = Some(&forms::DATED);

    const SEARCHED: Option<&'static str> = Some(searched!("tours.id", "uuid", "tour"));

    usual_fields!(id);

    fn words(&self) -> Words {
        let mut words = Words::default();
        for item in &self.programme.0 {
            words.add_all(item.title.iter());
        }
        if let Some(report) = &self.report {
            words.add_all(report.iter());
        }
        words
    }

    fn cities(&self) -> Vec<CityId> {
        vec![self.visiting_city.clone(), self.host_city.clone()]
    }

    fn claim(&mut self, before: Option<&Self>, caller: &Caller) {
        claim_refs(self, before, caller);
    }

    fn references(&self, references: &mut References) {
        references.to::<Pairing>("/pairing", &self.pairing);
        references.to::<City>("/visiting_city", &self.visiting_city);
        references.to::<City>("/host_city", &self.host_city);
    }

    fn further_references(&self, known: &Known, references: &mut References) {
        if let Some(pairing) = known.get::<Pairing>(&self.pairing) {
            references.to::<Programme>("/pairing", &pairing.programme);
        }
    }

    fn prepare(&mut self, before: Option<&Self>, known: &Known, faults: &mut Faults) {
        self.id = before.map_or_else(|| new_uuid().into(), |before| before.id);
        self.earliest = self.when.earliest();
        self.latest = self.when.latest();
        self.direction = direction_of(self, known).unwrap_or(self.direction);
        if let Some(host) = known.get::<City>(&self.host_city) {
            self.time_zone = host.time_zone.clone();
        }
        settle_counts(self, before, faults);
    }

    fn check(&self, check: &Check<'_, Self>, faults: &mut Faults) {
        check_tour(self, check, faults);
        check_refs(self, check, faults);
    }

    /// A tour of the files has no id: it is known by what the file says of it.
    fn file_key(&self) -> String {
        format!(
            "{}/{}/{}/{}",
            self.pairing, self.visiting_city, self.host_city, self.when
        )
    }

    rows!(
        tours,
        key = id,
        visible = to_everybody,
        large = [programme, report],
        filter = |query, filter| {
            if !filter.pairing.is_empty() {
                query = query.filter(tours::pairing.eq_any(filter.pairing));
            }
            if !filter.city.is_empty() {
                let cities = filter.city;
                query = query.filter(
                    tours::visiting_city
                        .eq_any(cities.clone())
                        .or(tours::host_city.eq_any(cities)),
                );
            }
            if !filter.status.is_empty() {
                query = query.filter(tours::status.eq_any(filter.status));
            }
            if !filter.direction.is_empty() {
                query = query.filter(tours::direction.eq_any(filter.direction));
            }
            if let Some(from) = filter.from {
                query = query.filter(tours::latest.is_null().or(tours::latest.ge(from)));
            }
            if let Some(to) = filter.to {
                query = query.filter(tours::earliest.is_null().or(tours::earliest.le(to)));
            }
        }
    );
    plain_writes!(tours, key = id);
}

impl ByRef for Tour {
    const CITIES: &'static [&'static str] = &["/visiting_city", "/host_city"];

    fn external_refs(&self) -> &[ExternalRef] {
        &self.external_refs.0
    }

    fn external_refs_mut(&mut self) -> &mut Vec<ExternalRef> {
        &mut self.external_refs.0
    }

    by_ref!(tour_refs, tour);
}
