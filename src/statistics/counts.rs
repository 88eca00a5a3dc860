//! What the programme counts: cities, pairings, meetings, tours and published plans, by what they are told apart.

use diesel::sql_types::{BigInt, Nullable, Text as SqlText};
use serde::Serialize;
use utoipa::ToSchema;

use crate::table::csv;
use crate::text::Title;

/// What the programme counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct ProgrammeCounts {
    /// The counts, in an order that does not change.
    #[schema(max_items = 10_000)]
    pub items: Vec<Count>,
}

/// How many there are of something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema, diesel::QueryableByName)]
pub struct Count {
    /// What is counted: `cities`, `pairings`, `meetings`, `tours`, or published `action_plans`.
    #[diesel(sql_type = SqlText)]
    #[schema(max_length = 40, pattern = "^[a-z_]+$", example = "pairings")]
    pub of: String,
    /// By what they are told apart: `side`, `year`, `subject`, `status` and the like; null for all of them.
    #[diesel(sql_type = Nullable<SqlText>)]
    #[schema(max_length = 40, pattern = "^[a-z_]+$", example = "subject")]
    pub by: Option<String>,
    /// Which of them: `eu`, `2018`, `smart-cities`; null for all of them.
    #[diesel(sql_type = Nullable<SqlText>)]
    #[schema(max_length = 80, pattern = "^[a-z0-9_-]+$", example = "smart-cities")]
    pub value: Option<String>,
    /// What it is called, where it has a name.
    #[diesel(sql_type = Nullable<diesel::sql_types::Jsonb>)]
    pub name: Option<Title>,
    /// How many there are.
    #[diesel(sql_type = BigInt)]
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub count: i64,
}

impl ProgrammeCounts {
    /// As CSV: a line for each count, with names in `language`.
    pub fn to_csv(&self, language: &str, bom: bool) -> Vec<u8> {
        let head = ["of", "by", "value", "name", "count"].map(str::to_owned);
        let rows = self.items.iter().map(|item| {
            let name = item.name.as_ref().map(|name| name.best(language));
            [
                item.of.clone(),
                item.by.clone().unwrap_or_default(),
                item.value.clone().unwrap_or_default(),
                name.unwrap_or_default().to_owned(),
                item.count.to_string(),
            ]
        });
        csv([head].into_iter().chain(rows), bom)
    }
}
