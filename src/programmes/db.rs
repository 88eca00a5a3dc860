//! Programmes in the database.

use super::rules::check_guidelines;
use super::types::{Programme, ProgrammeFilter};
use crate::ids::ProgrammeId;
use crate::policy::Thing;
use crate::problem::Faults;
use crate::query::{Key, KeyType, Sort, TieBreak};
use crate::resource::{
    Check, Known, Resource, derive_id, plain_writes, rows, searched, to_everybody, usual_fields,
    usual_sorts,
};
use crate::schema::programmes;
use crate::search::Words;

impl Resource for Programme {
    type Id = ProgrammeId;
    type Filter = ProgrammeFilter;

    const THING: Thing = Thing::Programme;
    const PATH: &'static str = "/programmes";
    const ALIKE: bool = true;
    const SORTS: &'static [Sort<Self>] = usual_sorts![];
    const TIE: TieBreak<Self> = TieBreak {
        sql: "id",
        kind: KeyType::Text,
        key: |item| Key::Text(item.id.to_string()),
    };

    const SEARCHED: Option<&'static str> = Some(searched!("programmes.id", "text", "programme"));

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

    fn check(&self, _: &Check<'_, Self>, faults: &mut Faults) {
        check_guidelines(&self.guidelines, faults);
    }

    rows!(
        programmes,
        key = id,
        visible = to_everybody,
        filter = |query, _filter| {}
    );
    plain_writes!(programmes, key = id);
}
