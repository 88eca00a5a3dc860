//! A measurement as row and as JSON.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::action_plans::types::PartKey;
use crate::edtf::Edtf;
use crate::ids::{AccountId, CityId, MeasurementId, PlanId};
use crate::text::Text;

/// What was measured of an indicator.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Measurement {
    /// Id of the measurement.
    #[serde(default)]
    #[schema(read_only)]
    pub id: MeasurementId,
    /// The plan.
    #[serde(default)]
    #[schema(read_only)]
    pub plan: PlanId,
    /// The key of the indicator in it.
    #[serde(default)]
    #[schema(read_only)]
    pub indicator: PartKey,
    /// The value, in the indicator's unit.
    #[schema(minimum = -1e15, maximum = 1e15)]
    pub value: f64,
    /// The day, month, year or time that it holds for (EDTF).
    pub on: Edtf,
    /// The first day that `on` can mean.
    #[serde(default)]
    #[schema(read_only)]
    pub earliest: Option<NaiveDate>,
    /// The last day that `on` can mean.
    #[serde(default)]
    #[schema(read_only)]
    pub latest: Option<NaiveDate>,
    /// How it was measured.
    pub note: Option<Text>,
    /// The account that noted it.
    #[serde(default)]
    #[schema(read_only)]
    pub by: Option<AccountId>,
    /// The city that the account belonged to then; null when it was the programme's.
    #[serde(default)]
    #[schema(read_only)]
    pub city: Option<CityId>,
    /// When it was noted.
    #[serde(default)]
    #[schema(read_only)]
    pub at: DateTime<Utc>,
    /// Whose plan it is.
    #[serde(skip)]
    pub proponents: Vec<CityId>,
}

/// The filter of a list of measurements.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MeasurementFilter {
    /// The plan in the path.
    #[param(ignore)]
    pub plan: Option<PlanId>,
    /// The indicator in the path.
    #[param(ignore)]
    pub indicator: Option<PartKey>,
    /// Only what can hold for this day or a later one.
    pub from: Option<NaiveDate>,
    /// Only what can hold for this day or an earlier one.
    pub to: Option<NaiveDate>,
}

/// A measurement as it is stored: by one day where that says it all, else by the first day that is known, its last one and
/// the date as it was written.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = crate::schema::action_plan_measurements)]
pub(super) struct Row {
    pub id: MeasurementId,
    pub plan: PlanId,
    pub indicator: String,
    pub value: f64,
    pub on: NaiveDate,
    pub note: Option<Text>,
    pub by: Option<AccountId>,
    pub at: DateTime<Utc>,
    pub written: Option<Edtf>,
    pub latest: Option<NaiveDate>,
    pub city: Option<CityId>,
}

impl From<&Measurement> for Row {
    fn from(item: &Measurement) -> Self {
        let day = item.first_known_day();
        let says_it_all = item.on.as_str() == day.to_string();
        Self {
            id: item.id,
            plan: item.plan,
            indicator: item.indicator.0.clone(),
            value: item.value,
            on: day,
            note: item.note.clone(),
            by: item.by,
            city: item.city.clone(),
            at: item.at,
            written: (!says_it_all).then(|| item.on.clone()),
            latest: item.on.latest().filter(|_| !says_it_all),
        }
    }
}

impl Measurement {
    /// The day by which it is sorted: its first one, or where its beginning is open its last one.
    pub fn first_known_day(&self) -> NaiveDate {
        let known = self.on.earliest().or(self.on.latest());
        known.unwrap_or_default()
    }
}

impl Row {
    /// The measurement, of a plan of these cities.
    pub fn of(self, proponents: Vec<CityId>) -> Measurement {
        let on = self.written.unwrap_or_else(|| Edtf::from(self.on));
        Measurement {
            id: self.id,
            plan: self.plan,
            indicator: PartKey(self.indicator),
            value: self.value,
            earliest: on.earliest(),
            latest: on.latest(),
            on,
            note: self.note,
            by: self.by,
            city: self.city,
            at: self.at,
            proponents,
        }
    }
}
