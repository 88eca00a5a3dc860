//! The two hand-written statements that store a plan with its version and its projections (`insert.sql`,
//! `update.sql`): one round trip each, kept prepared.

use diesel::pg::Pg;
use diesel::prelude::*;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::sql_types::{
    Array, BigInt, Bool, Json, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use uuid::Uuid;

use super::consents::asked;
use super::rules::{sdg_codes, title_key};
use super::translations::Bookkeeping;
use super::types::{ActionPlan, SourceType};
use crate::events::{Author, Manner};
use crate::ids::{AccountId, CityId, PlanId};
use crate::resource::owned;

/// Stores a new plan.
pub const INSERT: &str = include_str!("insert.sql");

/// Stores a changed plan.
pub const UPDATE: &str = include_str!("update.sql");

/// A plan on its way into one of the statements, whose `:names` stand for its values.
pub struct WritePlan<'a> {
    plan: &'a ActionPlan,
    sql: &'static str,
    title_key: String,
    codes: Vec<String>,
    owners: Vec<&'a CityId>,
    systems: Vec<&'a str>,
    keys: Vec<&'a str>,
    asked: Vec<&'a CityId>,
    activities: Vec<&'a str>,
    types: Vec<SourceType>,
    sources: Vec<&'a str>,
    revised: Vec<PlanId>,
    comment: Option<&'a str>,
    by: Option<Uuid>,
    city: Option<CityId>,
    is_minor: bool,
    translations: Option<Bookkeeping>,
}

impl<'a> WritePlan<'a> {
    /// The plan, as `author` stores it by `sql` in the place of `before`.
    pub fn new(
        plan: &'a ActionPlan,
        before: Option<&ActionPlan>,
        author: &Author,
        sql: &'static str,
    ) -> Self {
        let mut codes: Vec<String> = sdg_codes(plan).into_iter().map(|(_, code)| code).collect();
        codes.sort_unstable();
        codes.dedup();
        let refs: Vec<_> = owned(&plan.external_refs, &plan.proponents).collect();
        let cited = plan.citations();
        Self {
            plan,
            sql,
            title_key: title_key(plan),
            codes,
            owners: refs.iter().map(|(city, _)| *city).collect(),
            systems: refs.iter().map(|(_, it)| it.system.as_str()).collect(),
            keys: refs.iter().map(|(_, it)| it.key.as_str()).collect(),
            asked: asked(plan).into_iter().collect(),
            activities: cited.iter().map(|(activity, _, _)| *activity).collect(),
            types: cited.iter().map(|(_, kind, _)| *kind).collect(),
            sources: cited.iter().map(|(_, _, id)| *id).collect(),
            revised: plan.revises.iter().filter_map(|it| it.plan).collect(),
            comment: plan
                .status_comment
                .as_deref()
                .filter(|_| before.is_none_or(|before| before.status != plan.status)),
            by: author.by.map(AccountId::uuid),
            city: author.city.clone(),
            is_minor: author.manner == Manner::Minor,
            translations: None,
        }
    }

    /// With the bookkeeping of its translations; `None`: as it stands.
    #[must_use]
    pub fn with(mut self, translations: Option<Bookkeeping>) -> Self {
        self.translations = translations;
        self
    }

    fn bind<'b>(&'b self, out: &mut AstPass<'_, 'b, Pg>, name: &str) -> QueryResult<()> {
        let plan = self.plan;
        match name {
            "id" => out.push_bind_param::<SqlUuid, _>(&plan.id),
            "pairing" => out.push_bind_param::<Text, _>(&plan.pairing),
            "template" => out.push_bind_param::<Nullable<Text>, _>(&plan.template),
            "kind" => out.push_bind_param::<Text, _>(&plan.kind),
            "status" => out.push_bind_param::<Text, _>(&plan.status),
            "language" => out.push_bind_param::<Text, _>(&plan.language),
            "title_key" => out.push_bind_param::<Text, _>(&self.title_key),
            "document" => out.push_bind_param::<Json, _>(plan),
            "published_version" => {
                out.push_bind_param::<Nullable<BigInt>, _>(&plan.published_version)
            }
            "version" => out.push_bind_param::<BigInt, _>(&plan.version),
            "created_at" => out.push_bind_param::<Timestamptz, _>(&plan.created_at),
            "updated_at" => out.push_bind_param::<Timestamptz, _>(&plan.updated_at),
            "by" => out.push_bind_param::<Nullable<SqlUuid>, _>(&self.by),
            "city" => out.push_bind_param::<Nullable<Text>, _>(&self.city),
            "cities" => out.push_bind_param::<Array<Text>, _>(&plan.proponents),
            "asked" => out.push_bind_param::<Array<Text>, _>(&self.asked),
            "activities" => out.push_bind_param::<Array<Text>, _>(&self.activities),
            "types" => out.push_bind_param::<Array<Text>, _>(&self.types),
            "sources" => out.push_bind_param::<Array<Text>, _>(&self.sources),
            "revised" => out.push_bind_param::<Array<SqlUuid>, _>(&self.revised),
            "comment" => out.push_bind_param::<Nullable<Text>, _>(&self.comment),
            "minor" => out.push_bind_param::<Bool, _>(&self.is_minor),
            "translations" => out.push_bind_param::<Nullable<Jsonb>, _>(&self.translations),
            "codes" => out.push_bind_param::<Array<Text>, _>(&self.codes),
            "owners" => out.push_bind_param::<Array<Text>, _>(&self.owners),
            "systems" => out.push_bind_param::<Array<Text>, _>(&self.systems),
            "keys" => out.push_bind_param::<Array<Text>, _>(&self.keys),
            unknown => Err(diesel::result::Error::QueryBuilderError(
                format!("the statement names no value of a plan: {unknown}").into(),
            )),
        }
    }
}

impl QueryId for WritePlan<'_> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Conn> RunQueryDsl<Conn> for WritePlan<'_> {}

impl QueryFragment<Pg> for WritePlan<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let mut parts = self.sql.split(':');
        out.push_sql(parts.next().unwrap_or_default());
        for part in parts {
            let end = part
                .find(|c: char| !c.is_ascii_lowercase() && c != '_')
                .unwrap_or(part.len());
            let (name, sql) = part.split_at(end);
            self.bind(&mut out, name)?;
            out.push_sql(sql);
        }
        Ok(())
    }
}
