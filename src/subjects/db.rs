//! Subjects in the database.

use super::types::{Subject, SubjectFilter};
use crate::ids::SubjectId;
use crate::policy::Thing;
use crate::problem::Faults;
use crate::query::{Key, KeyType, Sort, TieBreak};
use crate::resource::{
    Known, Resource, derive_id, plain_writes, rows, searched, to_everybody, usual_fields,
    usual_sorts,
};
use crate::schema::subjects;
use crate::search::Words;

impl Resource for Subject {
    type Id = SubjectId;
    type Filter = SubjectFilter;

    const THING: Thing = Thing::Subject;
    const PATH: &'static str = "/subjects";
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

    const SEARCHED: Option<&'static str> = Some(searched!("subjects.id", "text", "subject"));

    usual_fields!(id);

    fn words(&self) -> Words {
        let mut words = Words::default();
        words.add(self.id.as_str());
        words.add_all(self.name.iter());
        words
    }

    fn prepare(&mut self, _: Option<&Self>, _: &Known, faults: &mut Faults) {
        derive_id(&mut self.id, self.name.in_language("en"), faults);
    }

    rows!(
        subjects,
        key = id,
        visible = to_everybody,
        filter = |query, _filter| {}
    );
    plain_writes!(subjects, key = id);
}
