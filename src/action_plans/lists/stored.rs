//! A plan as its readers get it: the stored text goes out as it is, and only what stands beside it is looked at.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::action_plans::life::{Standing, actions};
use crate::action_plans::types::{ActionPlan, PlanAction, PlanStatus};
use crate::auth::Caller;
use crate::column::JsonText;
use crate::ids::{CityId, PairingId, PlanId, TemplateId};
use crate::policy::Relation;
use crate::resource::{Meta, Seen};
use crate::schema::{action_plan_readers, action_plans};

/// Who `reader` is for everybody.
pub(super) const EVERYBODY: &str = "*";

/// A plan as its readers get it.
#[derive(Clone, Debug)]
pub struct StoredPlan {
    /// Its id.
    pub id: PlanId,
    /// Whose plan it is.
    pub proponents: Vec<CityId>,
    /// The pairing whose cooperation it comes from.
    pub pairing: PairingId,
    /// The template it is written along.
    pub template: TemplateId,
    /// The title, for sorting.
    pub title_key: String,
    /// Counts its changes.
    pub version: i64,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Stands for what was taken out of it.
    pub(super) hidden: u64,
    relation: Relation,
    actions: Vec<PlanAction>,
    document: JsonText,
}

/// The working copy, for admins.
#[derive(Queryable, Selectable)]
#[diesel(table_name = action_plans)]
pub(super) struct WorkingCopy {
    pub(super) id: PlanId,
    proponents: Vec<CityId>,
    pairing: PairingId,
    template: TemplateId,
    status: PlanStatus,
    title_key: String,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    document: JsonText,
}

/// The version that a reader gets.
#[derive(Clone, Queryable, Selectable)]
#[diesel(table_name = action_plan_readers)]
pub(super) struct Readable {
    reader: String,
    plan: PlanId,
    version: i64,
    proponents: Vec<CityId>,
    pairing: PairingId,
    template: TemplateId,
    status: PlanStatus,
    title_key: String,
    asked: bool,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl WorkingCopy {
    pub(super) fn seen_by(self, caller: &Caller) -> StoredPlan {
        let standing = Standing {
            status: self.status,
            is_asked: false,
            is_joint: self.proponents.len() > 1,
        };
        StoredPlan {
            id: self.id,
            proponents: self.proponents,
            pairing: self.pairing,
            template: self.template,
            title_key: self.title_key,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            hidden: 0,
            relation: Relation::Other,
            actions: actions(caller, Relation::Other, standing),
            document: self.document,
        }
    }
}

impl Readable {
    pub(super) fn seen_by(self, caller: &Caller, document: JsonText) -> StoredPlan {
        let relation = match self.reader.as_str() {
            EVERYBODY => Relation::Public,
            _ => match caller.relation_to_cities(self.proponents.iter()) {
                Relation::Own => Relation::Own,
                _ => Relation::Partner,
            },
        };
        let standing = Standing {
            status: self.status,
            is_asked: self.asked,
            is_joint: self.proponents.len() > 1,
        };
        StoredPlan {
            id: self.plan,
            proponents: self.proponents,
            pairing: self.pairing,
            template: self.template,
            title_key: self.title_key,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            hidden: 0,
            relation,
            actions: actions(caller, relation, standing),
            document,
        }
    }
}

impl StoredPlan {
    /// The document, to look into.
    pub fn plan(&self) -> QueryResult<ActionPlan> {
        let read = serde_json::from_str(&self.document.0);
        read.map_err(|error| diesel::result::Error::DeserializationError(error.into()))
    }

    /// The cities that its answer names: its proponents, and whom its joint actions ask.
    pub fn named_cities(&self) -> Vec<CityId> {
        let plan = self.plan().ok();
        let actions = plan.into_iter().flat_map(|plan| plan.joint_actions);
        let asked = actions.flat_map(|action| action.with);
        self.proponents.iter().cloned().chain(asked).collect()
    }

    /// The text, to put in what was read after the rest.
    pub(super) fn text_mut(&mut self) -> &mut JsonText {
        &mut self.document
    }
}

impl Seen<ActionPlan> for StoredPlan {
    fn id(&self) -> PlanId {
        self.id
    }

    fn meta(&self) -> Meta {
        Meta {
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            beside: self.hidden,
        }
    }

    fn relation(&self, _: &Caller) -> Relation {
        self.relation
    }

    /// The stored text with the actions at its end.
    fn write_json(&self, out: &mut Vec<u8>) -> serde_json::Result<()> {
        let text = self.document.0.trim_end();
        out.extend_from_slice(text.strip_suffix('}').unwrap_or(text).as_bytes());
        out.extend_from_slice(b",\"actions\":");
        serde_json::to_writer(&mut *out, &self.actions)?;
        out.push(b'}');
        Ok(())
    }
}
