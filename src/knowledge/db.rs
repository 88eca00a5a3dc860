//! Knowledge items in the database.

use diesel::QueryResult;
use serde_json::Value;

use super::rules::{check_cities, render_body, render_body_ahead, target_codes};
use super::types::{KnowledgeFilter, KnowledgeItem, KnowledgeStatus};
use crate::auth::Caller;
use crate::cities::types::City;
use crate::db::Connection;
use crate::ids::{CityId, KnowledgeId};
use crate::meetings::types::Meeting;
use crate::pairings::types::Pairing;
use crate::places::ExternalRef;
use crate::policy::{Relation, Role, Thing};
use crate::problem::Faults;
use crate::query::{Key, KeyType, Sight, Sort, TieBreak};
use crate::resource::{
    ByRef, Check, Include, Known, References, Resource, by_ref, check_refs, claim_refs, new_uuid,
    plain_writes, rows, searched, strings, usual_fields, usual_sorts_by_uuid,
};
use crate::schema::{knowledge, knowledge_cities, knowledge_sdgs, knowledge_subjects, sdg_codes};
use crate::sdgs::db::check_codes;
use crate::sdgs::types::SdgCode;
use crate::search::Words;
use crate::subjects::types::Subject;
use crate::tours::types::Tour;

impl Resource for KnowledgeItem {
    type Id = KnowledgeId;
    type Filter = KnowledgeFilter;

    const THING: Thing = Thing::KnowledgeItem;
    const PATH: &'static str = "/knowledge";
    const SORTS: &'static [Sort<Self>] = usual_sorts_by_uuid![Sort {
        name: "title",
        sql: "coalesce(title ->> 'en', title ->> 'ja', '')",
        kind: KeyType::Text,
        key: |item| {
            let title = item.title.in_language("en");
            let title = title.or(item.title.in_language("ja"));
            Key::Text(title.unwrap_or_default().to_owned())
        },
    }];
    const TIE: TieBreak<Self> = TieBreak {
        sql: "id",
        kind: KeyType::Uuid,
        key: |item| Key::Uuid(item.id.uuid()),
    };
    const INCLUDES: &'static [Include<Self>] = &[
        Include::new::<City>("cities", |item| strings(&item.cities)),
        Include::new::<Pairing>("pairings", |item| strings(item.pairing.as_slice())),
        Include::new::<Meeting>("meetings", |item| strings(item.meeting.as_slice())),
        Include::new::<Tour>("tours", |item| strings(item.tour.as_slice())),
        Include::new::<Subject>("subjects", |item| strings(&item.subjects)),
    ];

    const SEARCHED: Option<&'static str> =
        Some(searched!("knowledge.id", "uuid", "knowledge_item"));

    usual_fields!(id);

    fn words(&self) -> Words {
        let mut words = Words::default();
        words.add_all(self.title.iter());
        if let Some(summary) = &self.summary {
            words.add_all(summary.iter());
        }
        if let Some(body) = &self.body {
            words.add_all(body.iter());
        }
        words
    }

    fn cities(&self) -> Vec<CityId> {
        self.cities.clone()
    }

    fn relation(&self, caller: &Caller) -> Relation {
        match caller.relation_to_cities(self.cities.iter()) {
            Relation::Other if self.status == KnowledgeStatus::Published => Relation::Public,
            relation => relation,
        }
    }

    fn claim(&mut self, before: Option<&Self>, caller: &Caller) {
        claim_refs(self, before, caller);
    }

    fn references(&self, references: &mut References) {
        references.to_each::<City>("/cities", &self.cities);
        references.to_each::<Subject>("/subjects", &self.subjects);
        if let Some(pairing) = &self.pairing {
            references.to::<Pairing>("/pairing", pairing);
        }
        if let Some(meeting) = &self.meeting {
            references.to::<Meeting>("/meeting", meeting);
        }
        if let Some(tour) = &self.tour {
            references.to::<Tour>("/tour", tour);
        }
    }

    async fn foresee(body: &Value) {
        render_body_ahead(body).await;
    }

    fn prepare(&mut self, before: Option<&Self>, _: &Known, faults: &mut Faults) {
        self.id = before.map_or_else(|| new_uuid().into(), |before| before.id);
        render_body(self, before, faults);
    }

    fn check(&self, check: &Check<'_, Self>, faults: &mut Faults) {
        check_cities(self, check, faults);
        check_refs(self, check, faults);
    }

    async fn consult(&mut self, conn: &mut Connection, faults: &mut Faults) -> QueryResult<()> {
        check_codes(conn, &target_codes(self), faults).await
    }

    rows!(
        knowledge,
        key = id,
        visible = visible_to,
        large = [summary, body, body_html, links],
        filter = |query, filter| {
            if !filter.kind.is_empty() {
                query = query.filter(knowledge::kind.eq_any(filter.kind));
            }
            if !filter.city.is_empty() {
                let sharing =
                    knowledge_cities::table.filter(knowledge_cities::city.eq_any(filter.city));
                query =
                    query.filter(knowledge::id.eq_any(sharing.select(knowledge_cities::knowledge)));
            }
            if !filter.pairing.is_empty() {
                query = query.filter(knowledge::pairing.eq_any(filter.pairing));
            }
            if !filter.meeting.is_empty() {
                query = query.filter(knowledge::meeting.eq_any(filter.meeting));
            }
            if !filter.tour.is_empty() {
                query = query.filter(knowledge::tour.eq_any(filter.tour));
            }
            if !filter.subject.is_empty() {
                let about = knowledge_subjects::table
                    .filter(knowledge_subjects::subject.eq_any(filter.subject));
                query =
                    query.filter(knowledge::id.eq_any(about.select(knowledge_subjects::knowledge)));
            }
            if !filter.sdg.is_empty() {
                let (codes, goals) = codes_and_goals(filter.sdg);
                let named = sdg_codes::table
                    .filter(
                        sdg_codes::code
                            .eq_any(codes)
                            .or(sdg_codes::goal.eq_any(goals)),
                    )
                    .select(sdg_codes::code);
                let serving = knowledge_sdgs::table.filter(knowledge_sdgs::code.eq_any(named));
                query =
                    query.filter(knowledge::id.eq_any(serving.select(knowledge_sdgs::knowledge)));
            }
            if !filter.status.is_empty() {
                query = query.filter(knowledge::status.eq_any(filter.status));
            }
        }
    );
    plain_writes!(knowledge, key = id);
}

/// What is published is everybody's; drafts are their cities' and the admins'.
pub fn visible_to(caller: &Caller) -> Option<Sight> {
    match (caller.role, &caller.city) {
        (Role::Admin, _) => None,
        (_, Some(own)) => Some(Sight::by(
            "knowledge.status = 'published' OR knowledge.cities @> ARRAY[?]",
            Key::Text(own.to_string()),
        )),
        (_, None) => Some(Sight::of("knowledge.status = 'published'")),
    }
}

/// Codes of targets as they are, and the numbers of whole goals.
fn codes_and_goals(codes: Vec<SdgCode>) -> (Vec<String>, Vec<i32>) {
    let goals = codes
        .iter()
        .filter_map(|code| code.0.parse().ok())
        .collect();
    (codes.into_iter().map(|code| code.0).collect(), goals)
}

impl ByRef for KnowledgeItem {
    const CITIES: &'static [&'static str] = &["/cities"];

    fn external_refs(&self) -> &[ExternalRef] {
        &self.external_refs.0
    }

    fn external_refs_mut(&mut self) -> &mut Vec<ExternalRef> {
        &mut self.external_refs.0
    }

    by_ref!(knowledge_refs, knowledge);
}
