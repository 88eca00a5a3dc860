//! Sustainable Development Goals in the database.

use std::collections::HashSet;

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::rules::check_targets;
use super::types::{Sdg, SdgFilter};
use crate::db::Connection;
use crate::policy::Thing;
use crate::problem::{Fault, Faults, Rule};
use crate::query::{Key, KeyType, Sort, TieBreak};
use crate::resource::{
    Check, Known, Resource, plain_writes, rows, searched, to_everybody, usual_fields,
};
use crate::schema::{sdg_codes, sdgs};
use crate::search::Words;

impl Resource for Sdg {
    type Id = i32;
    type Filter = SdgFilter;

    const THING: Thing = Thing::Sdg;
    const PATH: &'static str = "/sdgs";
    const ALIKE: bool = true;
    const SORTS: &'static [Sort<Self>] = &[
        Sort {
            name: "number",
            sql: "number",
            kind: KeyType::Int,
            key: |item| Key::Int(item.number.into()),
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
        sql: "number",
        kind: KeyType::Int,
        key: |item| Key::Int(item.number.into()),
    };

    const SEARCHED: Option<&'static str> = Some(searched!("sdgs.number", "integer", "sdg"));

    usual_fields!(number);

    fn words(&self) -> Words {
        let mut words = Words::default();
        words.add_all(self.title.iter());
        for target in &self.targets.0 {
            words.add(&target.code);
            words.add_all(target.label.iter());
        }
        words
    }

    fn prepare(&mut self, before: Option<&Self>, _: &Known, faults: &mut Faults) {
        faults.check(
            before.is_some_and(|before| before.number != self.number),
            "/number",
            Rule::Immutable,
        );
    }

    fn check(&self, _: &Check<'_, Self>, faults: &mut Faults) {
        check_targets(self, faults);
    }

    rows!(
        sdgs,
        key = number,
        visible = to_everybody,
        filter = |query, _filter| {}
    );
    plain_writes!(sdgs, key = number);
}

/// Notes a fault for each code that is no goal or target; `codes` come with their places.
pub async fn check_codes(
    conn: &mut Connection,
    codes: &[(String, String)],
    faults: &mut Faults,
) -> QueryResult<()> {
    if codes.is_empty() {
        return Ok(());
    }
    let known = known_codes(conn, codes.iter().map(|(_, code)| code.as_str())).await?;
    note_unknown(codes, &known, faults);
    Ok(())
}

/// Those of the codes that are goals or targets.
pub async fn known_codes<'a>(
    conn: &mut Connection,
    codes: impl Iterator<Item = &'a str> + Send,
) -> QueryResult<HashSet<String>> {
    let wanted: HashSet<&str> = codes.collect();
    if wanted.is_empty() {
        return Ok(HashSet::new());
    }
    let known: Vec<String> = sdg_codes::table
        .filter(sdg_codes::code.eq_any(wanted))
        .select(sdg_codes::code)
        .load(conn)
        .await?;
    Ok(known.into_iter().collect())
}

/// Notes a fault for each code that is not among the known ones.
pub fn note_unknown(codes: &[(String, String)], known: &HashSet<String>, faults: &mut Faults) {
    for (pointer, code) in codes.iter().filter(|(_, code)| !known.contains(code)) {
        faults.push(Fault::at(pointer, Rule::UnknownSdg).with("id", code));
    }
}
