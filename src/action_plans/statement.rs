//! The two hand-written statements that store plans with their versions and projections (`insert.sql`, `update.sql`): one
//! round trip each, kept prepared. New plans are stored many at a time.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::query_builder::AstPass;
use diesel::result::QueryResult;
use diesel::sql_types::{
    Array, BigInt, Bool, Json, Jsonb, Nullable, Text, Timestamptz, Uuid as SqlUuid,
};
use uuid::Uuid;

use super::consents::asked;
use super::rules::{sdg_codes, title_key};
use super::translations::Bookkeeping;
use super::types::{ActionPlan, PlanKind, PlanStatus, SourceType};
use crate::db::statement::{Statement, Values, no_value};
use crate::events::{Author, Manner};
use crate::ids::{AccountId, CityId, PairingId, PlanId, TemplateId};
use crate::places::ExternalRef;
use crate::resource::owned;

/// Stores new plans.
pub const INSERT: &str = include_str!("insert.sql");

/// Stores a changed plan.
pub const UPDATE: &str = include_str!("update.sql");

/// What of a plan stands beside its document, once more.
struct Projected<'a> {
    title_key: String,
    codes: Vec<String>,
    refs: Vec<(&'a CityId, &'a ExternalRef)>,
    asked: Vec<&'a CityId>,
    cited: Vec<(&'a str, SourceType, &'a str)>,
    revised: Vec<PlanId>,
}

impl<'a> Projected<'a> {
    fn of(plan: &'a ActionPlan) -> Self {
        let mut codes: Vec<String> = sdg_codes(plan).into_iter().map(|(_, code)| code).collect();
        codes.sort_unstable();
        codes.dedup();
        Self {
            title_key: title_key(plan),
            codes,
            refs: owned(&plan.external_refs, &plan.proponents).collect(),
            asked: asked(plan).into_iter().collect(),
            cited: plan.citations().into_iter().collect(),
            revised: plan.revises.iter().filter_map(|it| it.plan).collect(),
        }
    }
}

/// New plans on their way into [`INSERT`]: a list for each column, and for each table below, with the plan of each row.
#[derive(Default)]
struct NewPlans<'a> {
    plans: Vec<&'a ActionPlan>,
    ids: Vec<PlanId>,
    pairings: Vec<&'a PairingId>,
    templates: Vec<Option<&'a TemplateId>>,
    kinds: Vec<PlanKind>,
    statuses: Vec<PlanStatus>,
    languages: Vec<&'a str>,
    title_keys: Vec<String>,
    /// Of each plan those cities with commas between them, which no id has: PostgreSQL knows no list of lists.
    cities: Vec<String>,
    asked: Vec<String>,
    published: Vec<Option<i64>>,
    versions: Vec<i64>,
    created: Vec<DateTime<Utc>>,
    updated: Vec<DateTime<Utc>>,
    comments: Vec<Option<&'a str>>,
    coded: Vec<PlanId>,
    codes: Vec<String>,
    citing: Vec<PlanId>,
    activities: Vec<&'a str>,
    types: Vec<SourceType>,
    sources: Vec<&'a str>,
    revising: Vec<PlanId>,
    revised: Vec<PlanId>,
    named: Vec<PlanId>,
    owners: Vec<&'a CityId>,
    systems: Vec<&'a str>,
    keys: Vec<&'a str>,
    by: Option<Uuid>,
    city: Option<CityId>,
}

/// The statement that stores the plans, new, as `author` makes them.
pub fn insert<'a>(plans: &[&'a ActionPlan], author: &Author) -> Statement<impl Values + use<'a>> {
    let mut values = NewPlans {
        plans: plans.to_vec(),
        by: author.by.map(AccountId::uuid),
        city: author.city.clone(),
        ..NewPlans::default()
    };
    for plan in plans {
        values.add(plan);
    }
    Statement {
        sql: INSERT,
        values,
    }
}

impl<'a> NewPlans<'a> {
    fn add(&mut self, plan: &'a ActionPlan) {
        let projected = Projected::of(plan);
        self.ids.push(plan.id);
        self.pairings.push(&plan.pairing);
        self.templates.push(plan.template.as_ref());
        self.kinds.push(plan.kind);
        self.statuses.push(plan.status);
        self.languages.push(&plan.language);
        self.comments.push(plan.status_comment.as_deref());
        self.title_keys.push(projected.title_key);
        self.cities.push(listed(&plan.proponents));
        self.asked.push(listed(projected.asked));
        self.published.push(plan.published_version);
        self.versions.push(plan.version);
        self.created.push(plan.created_at);
        self.updated.push(plan.updated_at);
        for code in projected.codes {
            self.coded.push(plan.id);
            self.codes.push(code);
        }
        for (activity, kind, source) in projected.cited {
            self.citing.push(plan.id);
            self.activities.push(activity);
            self.types.push(kind);
            self.sources.push(source);
        }
        for revised in projected.revised {
            self.revising.push(plan.id);
            self.revised.push(revised);
        }
        for (owner, reference) in projected.refs {
            self.named.push(plan.id);
            self.owners.push(owner);
            self.systems.push(&reference.system);
            self.keys.push(&reference.key);
        }
    }
}

fn listed<'a>(cities: impl IntoIterator<Item = &'a CityId>) -> String {
    let cities: Vec<&str> = cities.into_iter().map(CityId::as_str).collect();
    cities.join(",")
}

impl Values for NewPlans<'_> {
    fn bind<'b>(&'b self, name: &str, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        match name {
            "ids" => out.push_bind_param::<Array<SqlUuid>, _>(&self.ids),
            "pairings" => out.push_bind_param::<Array<Text>, _>(&self.pairings),
            "templates" => out.push_bind_param::<Array<Nullable<Text>>, _>(&self.templates),
            "kinds" => out.push_bind_param::<Array<Text>, _>(&self.kinds),
            "statuses" => out.push_bind_param::<Array<Text>, _>(&self.statuses),
            "languages" => out.push_bind_param::<Array<Text>, _>(&self.languages),
            "title_keys" => out.push_bind_param::<Array<Text>, _>(&self.title_keys),
            "cities" => out.push_bind_param::<Array<Text>, _>(&self.cities),
            "asked" => out.push_bind_param::<Array<Text>, _>(&self.asked),
            "documents" => out.push_bind_param::<Array<Json>, _>(&self.plans),
            "published" => out.push_bind_param::<Array<Nullable<BigInt>>, _>(&self.published),
            "versions" => out.push_bind_param::<Array<BigInt>, _>(&self.versions),
            "created" => out.push_bind_param::<Array<Timestamptz>, _>(&self.created),
            "updated" => out.push_bind_param::<Array<Timestamptz>, _>(&self.updated),
            "comments" => out.push_bind_param::<Array<Nullable<Text>>, _>(&self.comments),
            "coded" => out.push_bind_param::<Array<SqlUuid>, _>(&self.coded),
            "codes" => out.push_bind_param::<Array<Text>, _>(&self.codes),
            "citing" => out.push_bind_param::<Array<SqlUuid>, _>(&self.citing),
            "activities" => out.push_bind_param::<Array<Text>, _>(&self.activities),
            "types" => out.push_bind_param::<Array<Text>, _>(&self.types),
            "sources" => out.push_bind_param::<Array<Text>, _>(&self.sources),
            "revising" => out.push_bind_param::<Array<SqlUuid>, _>(&self.revising),
            "revised" => out.push_bind_param::<Array<SqlUuid>, _>(&self.revised),
            "named" => out.push_bind_param::<Array<SqlUuid>, _>(&self.named),
            "owners" => out.push_bind_param::<Array<Text>, _>(&self.owners),
            "systems" => out.push_bind_param::<Array<Text>, _>(&self.systems),
            "keys" => out.push_bind_param::<Array<Text>, _>(&self.keys),
            "by" => out.push_bind_param::<Nullable<SqlUuid>, _>(&self.by),
            "city" => out.push_bind_param::<Nullable<Text>, _>(&self.city),
            unknown => no_value(unknown),
        }
    }
}

/// A changed plan on its way into [`UPDATE`].
struct ChangedPlan<'a> {
    plan: &'a ActionPlan,
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

/// The statement that stores what `before` has become, as `author` changes it, with the bookkeeping of its translations;
/// `None`: as it stands.
pub fn update<'a>(
    plan: &'a ActionPlan,
    before: &ActionPlan,
    author: &Author,
    translations: Option<Bookkeeping>,
) -> Statement<impl Values + use<'a>> {
    let Projected {
        title_key,
        codes,
        refs,
        asked,
        cited,
        revised,
    } = Projected::of(plan);
    let comment = plan.status_comment.as_deref();
    let values = ChangedPlan {
        plan,
        title_key,
        codes,
        owners: refs.iter().map(|(city, _)| *city).collect(),
        systems: refs.iter().map(|(_, it)| it.system.as_str()).collect(),
        keys: refs.iter().map(|(_, it)| it.key.as_str()).collect(),
        asked,
        activities: cited.iter().map(|(activity, _, _)| *activity).collect(),
        types: cited.iter().map(|(_, kind, _)| *kind).collect(),
        sources: cited.iter().map(|(_, _, id)| *id).collect(),
        revised,
        comment: comment.filter(|_| before.status != plan.status),
        by: author.by.map(AccountId::uuid),
        city: author.city.clone(),
        is_minor: author.manner == Manner::Minor,
        translations,
    };
    Statement {
        sql: UPDATE,
        values,
    }
}

impl Values for ChangedPlan<'_> {
    fn bind<'b>(&'b self, name: &str, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let plan = self.plan;
        match name {
            "id" => out.push_bind_param::<SqlUuid, _>(&plan.id),
            "pairing" => out.push_bind_param::<Text, _>(&plan.pairing),
            "kind" => out.push_bind_param::<Text, _>(&plan.kind),
            "status" => out.push_bind_param::<Text, _>(&plan.status),
            "language" => out.push_bind_param::<Text, _>(&plan.language),
            "title_key" => out.push_bind_param::<Text, _>(&self.title_key),
            "document" => out.push_bind_param::<Json, _>(plan),
            "published_version" => {
                out.push_bind_param::<Nullable<BigInt>, _>(&plan.published_version)
            }
            "version" => out.push_bind_param::<BigInt, _>(&plan.version),
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
            unknown => no_value(unknown),
        }
    }
}
