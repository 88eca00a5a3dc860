//! A city as row and as JSON.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::column::{jsonb, words};
use crate::ids::CityId;
use crate::places::{CountryCode, TimeZone, Url};
use crate::schema::cities;
use crate::text::{Text, Title};

words! {
    /// Which half of the programme a city belongs to.
    Side {
        /// The European side.
        Eu = "eu",
        /// The Japanese side.
        Jp = "jp",
    }
}

words! {
    /// What kind of authority a city is.
    CityKind {
        /// A municipality.
        Municipality = "municipality",
        /// An authority of several municipalities.
        MetropolitanAuthority = "metropolitan_authority",
    }
}

/// A participating city or metropolitan authority.
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
#[diesel(table_name = cities, treat_none_as_null = true)]
pub struct City {
    /// Readable id; derived from the English name when left out at creation.
    #[serde(default)]
    pub id: CityId,
    /// Which half of the programme it belongs to: `jp` means country JP, `eu` any other.
    pub side: Side,
    /// What kind of authority it is.
    pub kind: CityKind,
    /// What it is called, also in its own language.
    pub name: Title,
    /// Its country.
    pub country_code: CountryCode,
    /// The region or prefecture it lies in.
    pub region: Option<Title>,
    /// What it says of itself.
    pub description: Option<Text>,
    /// Where it lies.
    pub location: Option<Location>,
    /// Its time zone.
    pub time_zone: TimeZone,
    /// The codes under which registers know it.
    #[serde(default)]
    pub codes: Codes,
    /// How many people live there.
    pub population: Option<Population>,
    /// Its area in square kilometres.
    #[schema(exclusive_minimum = 0, maximum = 100_000)]
    pub area_km2: Option<f64>,
    /// Its own website.
    pub website: Option<Url>,
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

/// A point on the Earth (WGS 84), in degrees.
#[derive(
    Clone,
    Debug,
    PartialEq,
    Serialize,
    Deserialize,
    ToSchema,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Jsonb)]
pub struct Location {
    /// Latitude; north is positive.
    #[schema(minimum = -90, maximum = 90)]
    pub lat: f64,
    /// Longitude; east is positive.
    #[schema(minimum = -180, maximum = 180)]
    pub lon: f64,
}

jsonb!(Location);

/// The codes under which registers know a city; null where there is none or it is not known.
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
pub struct Codes {
    /// JIS X 0402 with the prefecture of JIS X 0401 before it, as for 14100 Yokohama.
    #[schema(max_length = 5, pattern = "^[0-9]{5}$", example = "14100")]
    pub jis_x0402: Option<String>,
    /// Local administrative unit of the EU.
    #[schema(max_length = 20, pattern = "^[A-Za-z0-9_-]+$", example = "06412000")]
    pub lau: Option<String>,
    /// NUTS 3 region of the EU.
    #[schema(max_length = 5, pattern = "^[A-Z]{2}[A-Z0-9]{3}$", example = "DE712")]
    pub nuts3: Option<String>,
    /// UN/LOCODE, without the space.
    #[schema(max_length = 5, pattern = "^[A-Z]{2}[A-Z2-9]{3}$", example = "DEFRA")]
    pub un_locode: Option<String>,
    /// Wikidata item.
    #[schema(max_length = 12, pattern = "^Q[1-9][0-9]*$", example = "Q1794")]
    pub wikidata: Option<String>,
}

jsonb!(Codes);

/// A number of inhabitants, and of which year.
#[derive(
    Clone,
    Debug,
    PartialEq,
    Serialize,
    Deserialize,
    ToSchema,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Jsonb)]
pub struct Population {
    /// Inhabitants.
    #[schema(minimum = 0, maximum = 100_000_000)]
    pub value: i32,
    /// The year of the count.
    #[schema(minimum = 1900, maximum = 2200)]
    pub year: i32,
}

jsonb!(Population);

/// The filter of a list of cities; repeated values mean "any of".
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct CityFilter {
    /// Only cities of this side.
    #[serde(default)]
    #[param(max_items = 2)]
    pub side: Vec<Side>,
    /// Only cities of this country (ISO 3166-1 alpha-2).
    #[serde(default)]
    #[param(max_items = 50)]
    pub country: Vec<CountryCode>,
    /// Only authorities of this kind.
    #[serde(default)]
    #[param(max_items = 2)]
    pub kind: Vec<CityKind>,
    /// Only cities of this pairing.
    #[serde(default)]
    #[param(max_items = 50)]
    pub pairing: Vec<crate::ids::PairingId>,
}
