//! Contributions in the database. What a caller sees of them is one condition over two narrow tables: who shares a
//! pairing with whom, and who takes part in which meeting.

pub use super::declines::{Ending, end_declines};
use super::rules::{check_city, check_unmoved};
use super::types::{Contribution, ContributionFilter, Visibility};
use crate::auth::Caller;
use crate::cities::types::City;
use crate::db::Connection;
use crate::events::{Author, Event};
use crate::ids::{CityId, ContributionId};
use crate::key_questions::types::KeyQuestion;
use crate::meetings::types::Meeting;
use crate::places::ExternalRef;
use crate::policy::{Relation, Role, Thing};
use crate::problem::{Faults, Problem};
use crate::query::{Key, KeyType, Sight, Sort, TieBreak};
use crate::resource::{
    ByRef, Check, Include, Known, References, Resource, by_ref, check_refs, claim_refs, new_uuid,
    plain_writes, rows, searched, usual_fields, usual_sorts_by_uuid,
};
use crate::schema::contributions;
use crate::search::Words;

impl Resource for Contribution {
    type Id = ContributionId;
    type Filter = ContributionFilter;

    const THING: Thing = Thing::Contribution;
    const PATH: &'static str = "/contributions";
    const SORTS: &'static [Sort<Self>] = usual_sorts_by_uuid![];
    const TIE: TieBreak<Self> = TieBreak {
        sql: "id",
        kind: KeyType::Uuid,
        key: |item| Key::Uuid(item.id.uuid()),
    };
    const INCLUDES: &'static [Include<Self>] = &[
        Include::new::<City>("cities", |item| vec![item.city.to_string()]),
        Include::new::<Meeting>("meetings", |item| vec![item.meeting.to_string()]),
        Include::new::<KeyQuestion>("key_questions", |item| vec![item.question.to_string()]),
    ];

    const SEARCHED: Option<&'static str> =
        Some(searched!("contributions.id", "uuid", "contribution"));

    usual_fields!(id);

    fn words(&self) -> Words {
        let mut words = Words::default();
        words.add_all(self.text.iter());
        words
    }

    fn cities(&self) -> Vec<CityId> {
        vec![self.city.clone()]
    }

    fn relation(&self, caller: &Caller) -> Relation {
        match (
            caller.relation_to_cities([&self.city].into_iter()),
            self.visibility,
        ) {
            (Relation::Own, _) => Relation::Own,
            (_, Visibility::Partner) => Relation::Partner,
            (_, Visibility::Participants) => Relation::Participant,
            (_, Visibility::Public) => Relation::Public,
        }
    }

    fn claim(&mut self, before: Option<&Self>, caller: &Caller) {
        claim_refs(self, before, caller);
    }

    fn references(&self, references: &mut References) {
        references.to::<Meeting>("/meeting", &self.meeting);
        references.to::<KeyQuestion>("/question", &self.question);
        references.to::<City>("/city", &self.city);
    }

    fn prepare(&mut self, before: Option<&Self>, _: &Known, _: &mut Faults) {
        self.id = before.map_or_else(|| new_uuid().into(), |before| before.id);
    }

    fn check(&self, check: &Check<'_, Self>, faults: &mut Faults) {
        match check.before {
            Some(before) => check_unmoved(self, before, faults),
            None => check_city(self, check.known, faults),
        }
        check_refs(self, check, faults);
    }

    async fn take_along(
        &self,
        conn: &mut Connection,
        author: &Author,
    ) -> Result<Vec<Event>, Problem> {
        end_declines(conn, author, Ending::On(self.id)).await
    }

    rows!(
        contributions,
        key = id,
        visible = visible_to,
        large = [text],
        filter = |query, filter| {
            if !filter.meeting.is_empty() {
                query = query.filter(contributions::meeting.eq_any(filter.meeting));
            }
            if !filter.question.is_empty() {
                query = query.filter(contributions::question.eq_any(filter.question));
            }
            if !filter.city.is_empty() {
                query = query.filter(contributions::city.eq_any(filter.city));
            }
            if !filter.visibility.is_empty() {
                query = query.filter(contributions::visibility.eq_any(filter.visibility));
            }
        }
    );
    plain_writes!(contributions, key = id);
}

impl ByRef for Contribution {
    const CITIES: &'static [&'static str] = &["/city"];

    fn external_refs(&self) -> &[ExternalRef] {
        &self.external_refs.0
    }

    fn external_refs_mut(&mut self) -> &mut Vec<ExternalRef> {
        &mut self.external_refs.0
    }

    by_ref!(contribution_refs, contribution);
}

/// What a city sees beside its own: what is shared with its partners, with the cities of its meetings, with everybody.
/// Both lists are read once for a statement, not once for a row.
const SEEN_BY_CITY: &str = "contributions.city = ? \
     OR contributions.visibility = 'public' \
     OR contributions.visibility = 'participants' AND contributions.meeting = ANY (ARRAY( \
         SELECT meeting_cities.meeting FROM meeting_cities WHERE meeting_cities.city = ?)) \
     OR contributions.visibility = 'partner' AND contributions.city = ANY (ARRAY( \
         SELECT other.city FROM pairing_cities AS own JOIN pairing_cities AS other ON other.pairing = own.pairing \
         WHERE own.city = ?))";

/// Admins see every contribution, cities what is theirs or shared with them, others what is public.
pub fn visible_to(caller: &Caller) -> Option<Sight> {
    match (caller.role, &caller.city) {
        (Role::Admin, _) => None,
        (_, Some(city)) => Some(Sight::by(SEEN_BY_CITY, Key::Text(city.to_string()))),
        (_, None) => Some(Sight::of("contributions.visibility = 'public'")),
    }
}
