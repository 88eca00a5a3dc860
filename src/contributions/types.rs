//! A contribution as row and as JSON, and a declined lesson.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::column::words;
use crate::ids::{CityId, ContributionId, MeetingId, QuestionId};
use crate::places::ExternalRefs;
use crate::schema::contributions;
use crate::text::Text;

words! {
    /// Who reads a contribution, beside the city itself and admins.
    Visibility {
        /// The cities that it shares a pairing with.
        Partner = "partner",
        /// All cities that take part in the meeting.
        Participants = "participants",
        /// Everybody.
        Public = "public",
    }
}

/// A city's answer to a key question at a meeting.
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
#[diesel(table_name = contributions, treat_none_as_null = true)]
pub struct Contribution {
    /// Id of the contribution.
    #[serde(default)]
    #[schema(read_only)]
    pub id: ContributionId,
    /// The meeting at whose round table it was given; never changes.
    pub meeting: MeetingId,
    /// The key question that it answers; never changes.
    pub question: QuestionId,
    /// Whose answer it is: a city that takes part in the meeting, with one answer to each question; never changes.
    pub city: CityId,
    /// The answer.
    pub text: Text,
    /// Who reads it, beside the city itself and admins.
    pub visibility: Visibility,
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

/// The filter of a list of contributions; repeated values mean "any of".
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ContributionFilter {
    /// Only answers given at this meeting.
    #[serde(default)]
    #[param(max_items = 50)]
    pub meeting: Vec<MeetingId>,
    /// Only answers to this question.
    #[serde(default)]
    #[param(max_items = 50)]
    pub question: Vec<QuestionId>,
    /// Only answers of this city.
    #[serde(default)]
    #[param(max_items = 50)]
    pub city: Vec<CityId>,
    /// Only answers that are shared so.
    #[serde(default)]
    #[param(max_items = 3)]
    pub visibility: Vec<Visibility>,
}
