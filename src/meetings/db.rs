//! Meetings in the database. A change of date or status leaves a row in `meeting_dates`.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::forms;
use super::rules::{check_agenda, moved, settle_dates, shown, suggested_name};
use super::types::{Meeting, MeetingFilter, PlannedDate};
use crate::cities::types::City;
use crate::db::Connection;
use crate::events::Author;
use crate::ids::{CityId, KnowledgeId, MeetingId};
use crate::messages::word;
use crate::policy::Thing;
use crate::problem::{Fault, Faults, Rule};
use crate::programmes::types::Programme;
use crate::query::{Key, KeyType, Sort, TieBreak};
use crate::resource::{
    Check, Dated, Include, Known, References, Resource, derive_id, rows, searched, strings,
    to_everybody, usual_fields, usual_sorts,
};
use crate::schema::{knowledge, meeting_cities, meeting_dates, meetings};
use crate::search::Words;

impl Resource for Meeting {
    type Id = MeetingId;
    type Filter = MeetingFilter;

    const THING: Thing = Thing::Meeting;
    const PATH: &'static str = "/meetings";
    const ALIKE: bool = true;
    const SORTS: &'static [Sort<Self>] = usual_sorts![
        Sort {
            name: "earliest",
            sql: "coalesce(earliest, 'infinity'::date)",
            kind: KeyType::Day,
            key: |item| Key::day(item.earliest),
        },
        Sort {
            name: "number",
            sql: "coalesce(number, 2147483647)",
            kind: KeyType::Int,
            key: |item| Key::Int(item.number.unwrap_or(i32::MAX).into()),
        },
    ];
    const TIE: TieBreak<Self> = TieBreak {
        sql: "id",
        kind: KeyType::Text,
        key: |item| Key::Text(item.id.to_string()),
    };
    const INCLUDES: &'static [Include<Self>] = &[
        Include::new::<City>("cities", |item| strings(&item.cities)),
        Include::new::<Programme>("programmes", |item| vec![item.programme.to_string()]),
    ];

    const DATED: Option<&'static Dated<Self>> = Some(&forms::DATED);

    const SEARCHED: Option<&'static str> = Some(searched!("meetings.id", "text", "meeting"));

    usual_fields!(id);

    fn words(&self) -> Words {
        let mut words = Words::default();
        words.add(self.id.as_str());
        words.add_all(self.title.iter());
        if let Some(place) = &self.place {
            words.add_all(place.name.iter());
        }
        for item in &self.agenda.0 {
            words.add_all(item.title.iter());
        }
        words
    }

    fn cities(&self) -> Vec<CityId> {
        self.cities.clone()
    }

    fn references(&self, references: &mut References) {
        references.to::<Programme>("/programme", &self.programme);
        references.to_each::<City>("/cities", &self.cities);
    }

    fn prepare(&mut self, before: Option<&Self>, _: &Known, faults: &mut Faults) {
        let name = suggested_name(self);
        derive_id(&mut self.id, name.as_deref(), faults);
        settle_dates(self, before);
    }

    fn check(&self, _: &Check<'_, Self>, faults: &mut Faults) {
        check_agenda(self, faults);
    }

    async fn consult(&mut self, conn: &mut Connection, faults: &mut Faults) -> QueryResult<()> {
        check_shown(conn, &shown(self), faults).await
    }

    rows!(
        meetings,
        key = id,
        visible = to_everybody,
        filter = |query, filter| {
            if !filter.programme.is_empty() {
                query = query.filter(meetings::programme.eq_any(filter.programme));
            }
            if !filter.kind.is_empty() {
                query = query.filter(meetings::kind.eq_any(filter.kind));
            }
            if !filter.status.is_empty() {
                query = query.filter(meetings::status.eq_any(filter.status));
            }
            if !filter.city.is_empty() {
                let members =
                    meeting_cities::table.filter(meeting_cities::city.eq_any(filter.city));
                query = query.filter(meetings::id.eq_any(members.select(meeting_cities::meeting)));
            }
            if let Some(from) = filter.from {
                query = query.filter(
                    meetings::when
                        .is_not_null()
                        .and(meetings::latest.is_null().or(meetings::latest.ge(from))),
                );
            }
            if let Some(to) = filter.to {
                query = query.filter(
                    meetings::when
                        .is_not_null()
                        .and(meetings::earliest.is_null().or(meetings::earliest.le(to))),
                );
            }
        }
    );

    async fn insert(&self, conn: &mut Connection, author: &Author) -> QueryResult<()> {
        diesel::insert_into(meetings::table)
            .values(self)
            .execute(conn)
            .await?;
        insert_date(conn, self, author).await
    }

    async fn update(
        &self,
        conn: &mut Connection,
        before: &Self,
        author: &Author,
    ) -> QueryResult<()> {
        diesel::update(meetings::table.find(&self.id))
            .set(self)
            .execute(conn)
            .await?;
        if moved(before, self) {
            insert_date(conn, self, author).await
        } else {
            Ok(())
        }
    }
}

async fn insert_date(conn: &mut Connection, meeting: &Meeting, author: &Author) -> QueryResult<()> {
    let date = PlannedDate {
        meeting: meeting.id.clone(),
        version: meeting.version,
        when: meeting.when.clone(),
        status: meeting.status,
        reason: meeting.when_reason.clone(),
        since: author.at,
        by: author.by,
    };
    diesel::insert_into(meeting_dates::table)
        .values(&date)
        .execute(conn)
        .await
        .map(drop)
}

/// Everything that was ever planned for the meeting, newest first.
pub async fn list_dates(mut conn: &Connection, id: &MeetingId) -> QueryResult<Vec<PlannedDate>> {
    meeting_dates::table
        .filter(meeting_dates::meeting.eq(id))
        .order(meeting_dates::version.desc())
        .select(PlannedDate::as_select())
        .load(&mut conn)
        .await
}

/// What is shown is there. Knowledge items refer to meetings, so here they are known by their table alone.
async fn check_shown(
    conn: &mut Connection,
    shown: &[(String, KnowledgeId)],
    faults: &mut Faults,
) -> QueryResult<()> {
    if shown.is_empty() {
        return Ok(());
    }
    let ids: Vec<KnowledgeId> = shown.iter().map(|(_, id)| *id).collect();
    let known: Vec<KnowledgeId> = knowledge::table
        .filter(knowledge::id.eq_any(ids))
        .select(knowledge::id)
        .load(conn)
        .await?;
    for (pointer, id) in shown.iter().filter(|(_, id)| !known.contains(id)) {
        faults.push(
            Fault::at(pointer, Rule::UnknownReference)
                .with_word("kind", word("thing", Thing::KnowledgeItem))
                .with("id", id),
        );
    }
    Ok(())
}
