//! A knowledge item as row and as JSON.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::column::{jsonb, words};
use crate::files::{FileList, StoredFile};
use crate::ids::{CityId, KnowledgeId, MeetingId, PairingId, SubjectId, TourId};
use crate::places::{ExternalRefs, Url};
use crate::schema::knowledge;
use crate::sdgs::types::{SdgCode, TargetCode};
use crate::text::{Html, Text, Title};

words! {
    /// What kind of knowledge it is.
    KnowledgeKind {
        /// Something that works.
        GoodPractice = "good_practice",
        /// Something that was learned.
        Lesson = "lesson",
        /// What was shown at a meeting or tour.
        Presentation = "presentation",
        /// A text.
        Article = "article",
        /// Data.
        Dataset = "dataset",
        /// Something elsewhere on the web.
        Link = "link",
    }
}

words! {
    /// Who sees it.
    KnowledgeStatus {
        /// The cities that share it, and admins.
        Draft = "draft",
        /// Everybody.
        Published = "published",
    }
}

/// What cities learned and share.
#[derive(
    Clone,
    Debug,
    PartialEq,
    Serialize,
    Deserialize,
    Queryable,
    Selectable,
    Insertable,
    AsChangeset,
    ToSchema,
)]
#[diesel(table_name = knowledge, treat_none_as_null = true)]
pub struct KnowledgeItem {
    /// Id of the item.
    #[serde(default)]
    #[schema(read_only)]
    pub id: KnowledgeId,
    /// What kind of knowledge it is.
    pub kind: KnowledgeKind,
    /// What it is called.
    pub title: Title,
    /// What it says in short.
    pub summary: Option<Text>,
    /// What it says, in Markdown (CommonMark with tables).
    pub body: Option<Text>,
    /// `body` as sanitised HTML, fit for a page. A picture that is no file of this service (`/v1/knowledge/…/files/…`)
    /// becomes a link.
    #[serde(default)]
    #[schema(read_only)]
    pub body_html: Option<Html>,
    /// Who shares it; a city user's own city is among them.
    #[schema(min_items = 1, max_items = 20)]
    pub cities: Vec<CityId>,
    /// The pairing that it came from.
    pub pairing: Option<PairingId>,
    /// The meeting that it came from.
    pub meeting: Option<MeetingId>,
    /// The tour that it came from.
    pub tour: Option<TourId>,
    /// What it is about.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub subjects: Vec<SubjectId>,
    /// The targets it serves.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub sdg_targets: Vec<TargetCode>,
    /// Where more is to be found.
    #[serde(default)]
    pub links: Links,
    /// Its files; uploaded and deleted at `/knowledge/{id}/files`.
    #[serde(default)]
    #[schema(read_only)]
    pub files: FileList,
    /// Who sees it.
    #[serde(default = "draft")]
    pub status: KnowledgeStatus,
    /// The keys under which other systems know it.
    #[serde(default)]
    pub external_refs: ExternalRefs,
    /// Counts its changes, from 1.
    #[serde(default)]
    #[schema(read_only, minimum = 1, maximum = 9_007_199_254_740_991_i64)]
    pub version: i64,
    /// When it was made.
    #[serde(default)]
    #[schema(read_only)]
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    #[serde(default)]
    #[schema(read_only)]
    pub updated_at: DateTime<Utc>,
}

fn draft() -> KnowledgeStatus {
    KnowledgeStatus::Draft
}

/// Where more is to be found.
#[derive(
    Clone,
    Debug,
    Default,
    PartialEq,
    Serialize,
    Deserialize,
    ToSchema,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Jsonb)]
#[serde(transparent)]
#[schema(max_items = 50)]
pub struct Links(pub Vec<KnowledgeLink>);

jsonb!(Links);

/// An address on the web, and what is there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct KnowledgeLink {
    /// The address.
    pub url: Url,
    /// What is there.
    pub title: Option<Title>,
}

/// The files of an item, oldest first.
#[derive(Serialize, ToSchema)]
pub struct KnowledgeFiles {
    /// What is known of each.
    #[schema(max_items = 100)]
    pub items: Vec<StoredFile>,
}

/// The filter of a list of knowledge items; repeated values mean "any of".
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct KnowledgeFilter {
    /// Only items of this kind.
    #[serde(default)]
    #[param(max_items = 6)]
    pub kind: Vec<KnowledgeKind>,
    /// Only items that this city shares.
    #[serde(default)]
    #[param(max_items = 50)]
    pub city: Vec<CityId>,
    /// Only items that came from this pairing.
    #[serde(default)]
    #[param(max_items = 50)]
    pub pairing: Vec<PairingId>,
    /// Only items that came from this meeting.
    #[serde(default)]
    #[param(max_items = 50)]
    pub meeting: Vec<MeetingId>,
    /// Only items that came from this tour.
    #[serde(default)]
    #[param(max_items = 50)]
    pub tour: Vec<TourId>,
    /// Only items about this subject.
    #[serde(default)]
    #[param(max_items = 50)]
    pub subject: Vec<SubjectId>,
    /// Only items that serve this target (`11.2`), or any target of this goal (`11`).
    #[serde(default)]
    #[param(max_items = 200)]
    pub sdg: Vec<SdgCode>,
    /// Only items with this status.
    #[serde(default)]
    #[param(max_items = 2)]
    pub status: Vec<KnowledgeStatus>,
}
