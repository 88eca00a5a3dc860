//! How a representation is asked for.

use actix_web::http::header;

use crate::messages::Language;
use crate::problem::{Fault, Rule};
use crate::query::{Format, ListParams, OneParams};
use crate::request::Ask;
use crate::text::LanguageTag;

/// How a representation is asked for, beside its name.
#[derive(Clone, Default)]
pub(super) struct Wish {
    pub(super) fields: Vec<String>,
    pub(super) lang: Vec<LanguageTag>,
    pub(super) bom: Option<bool>,
}

impl From<&ListParams> for Wish {
    fn from(params: &ListParams) -> Self {
        Self {
            fields: params.fields.clone(),
            lang: params.lang.clone(),
            bom: params.bom,
        }
    }
}

impl From<&OneParams> for Wish {
    fn from(params: &OneParams) -> Self {
        Self {
            fields: params.fields.clone(),
            lang: params.lang.clone(),
            bom: None,
        }
    }
}

impl Wish {
    /// What makes no difference to this representation: it would be ignored, so it is refused.
    pub(super) fn ignored_in(&self, format: Format) -> impl Iterator<Item = Fault> + use<> {
        let takes_languages = matches!(format, Format::Csv | Format::Ics) || format.is_document();
        let takes_fields = format != Format::Ics && !format.is_document();
        let asked = [
            ("lang", !self.lang.is_empty() && !takes_languages),
            ("bom", self.bom.is_some() && format != Format::Csv),
            ("fields", !self.fields.is_empty() && !takes_fields),
        ];
        let asked = asked.into_iter().filter(|(_, given)| *given);
        let ignored = asked.map(|(name, _)| Fault::in_parameter(name, Rule::NotInFormat));
        let is_in_two = format == Format::Ics && self.lang.len() > 1;
        let second = is_in_two.then(|| Fault::in_parameter("lang", Rule::TooMany).with("limit", 1));
        ignored.chain(second)
    }

    /// The language of a calendar, and whether `Accept-Language` has a say in it.
    pub(super) fn language(&self, ask: &Ask) -> (String, bool) {
        match self.lang.first() {
            Some(tag) => (tag.0.clone(), false),
            None => {
                let accept = ask.header(header::ACCEPT_LANGUAGE);
                (Language::negotiate(Some(&accept)).tag().to_owned(), true)
            }
        }
    }
}
