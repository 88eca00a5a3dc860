//! Templates in the database.

use super::rules::check_sections;
use super::types::{Template, TemplateFilter};
use crate::ids::TemplateId;
use crate::policy::Thing;
use crate::problem::Faults;
use crate::programmes::types::Programme;
use crate::query::{Key, KeyType, Sort, TieBreak};
use crate::resource::{
    Check, Known, References, Resource, derive_id, plain_writes, rows, searched, to_everybody,
    usual_fields, usual_sorts,
};
use crate::schema::templates;
use crate::search::Words;

impl Resource for Template {
    type Id = TemplateId;
    type Filter = TemplateFilter;

    const THING: Thing = Thing::Template;
    const PATH: &'static str = "/templates";
    const ALIKE: bool = true;
    const SORTS: &'static [Sort<Self>] = usual_sorts![];
    const TIE: TieBreak<Self> = TieBreak {
        sql: "id",
        kind: KeyType::Text,
        key: |item| Key::Text(item.id.to_string()),
    };

    const SEARCHED: Option<&'static str> = Some(searched!("templates.id", "text", "template"));

    usual_fields!(id);

    fn words(&self) -> Words {
        let mut words = Words::default();
        words.add(self.id.as_str());
        words.add_all(self.name.iter());
        for section in &self.sections.0 {
            words.add_all(section.title.iter());
        }
        words
    }

    fn references(&self, references: &mut References) {
        references.to::<Programme>("/programme", &self.programme);
    }

    fn prepare(&mut self, _: Option<&Self>, _: &Known, faults: &mut Faults) {
        derive_id(&mut self.id, self.name.in_language("en"), faults);
    }

    fn check(&self, _: &Check<'_, Self>, faults: &mut Faults) {
        check_sections(self, faults);
    }

    rows!(
        templates,
        key = id,
        visible = to_everybody,
        filter = |query, filter| {
            if !filter.programme.is_empty() {
                query = query.filter(templates::programme.eq_any(filter.programme));
            }
        }
    );
    plain_writes!(templates, key = id);
}
