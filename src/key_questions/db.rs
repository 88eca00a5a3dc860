//! Key questions in the database.

use super::types::{KeyQuestion, KeyQuestionFilter};
use crate::ids::QuestionId;
use crate::policy::Thing;
use crate::problem::Faults;
use crate::query::{Key, KeyType, Sort, TieBreak};
use crate::resource::{
    Known, Resource, derive_id, plain_writes, rows, searched, to_everybody, usual_fields,
};
use crate::schema::key_questions;
use crate::search::Words;

impl Resource for KeyQuestion {
    type Id = QuestionId;
    type Filter = KeyQuestionFilter;

    const THING: Thing = Thing::KeyQuestion;
    const PATH: &'static str = "/key-questions";
    const ALIKE: bool = true;
    const SORTS: &'static [Sort<Self>] = &[
        Sort {
            name: "position",
            sql: "position",
            kind: KeyType::Int,
            key: |item| Key::Int(item.position.into()),
        },
        Sort {
            name: "id",
            sql: "id",
            kind: KeyType::Text,
            key: |item| Key::Text(item.id.to_string()),
        },
        Sort {
            name: "created_at",
            sql: "created_at",
            kind: KeyType::Time,
            key: |item| Key::Time(item.created_at),
        },
        Sort {
            name: "updated_at",
            sql: "updated_at",
            kind: KeyType::Time,
            key: |item| Key::Time(item.updated_at),
        },
    ];
    const TIE: TieBreak<Self> = TieBreak {
        sql: "id",
        kind: KeyType::Text,
        key: |item| Key::Text(item.id.to_string()),
    };

    const SEARCHED: Option<&'static str> =
        Some(searched!("key_questions.id", "text", "key_question"));

    usual_fields!(id);

    fn words(&self) -> Words {
        let mut words = Words::default();
        words.add(self.id.as_str());
        words.add_all(self.text.iter());
        words
    }

    fn prepare(&mut self, _: Option<&Self>, _: &Known, faults: &mut Faults) {
        derive_id(&mut self.id, self.text.in_language("en"), faults);
    }

    rows!(
        key_questions,
        key = id,
        visible = to_everybody,
        filter = |query, _filter| {}
    );
    plain_writes!(key_questions, key = id);
}
