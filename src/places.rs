//! Words for places and links that several things share: countries, time zones, currencies, addresses on the web, keys
//! in other systems.

use crate::column::jsonb;
use crate::ids::CityId;

macro_rules! checked_text {
    ($(#[$meta:meta])* $name:ident) => {
        #[derive(
            Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
            diesel_derive_newtype::DieselNewType, utoipa::ToSchema,
        )]
        $(#[$meta])*
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
    };
}

checked_text! {
    /// A country: ISO 3166-1 alpha-2.
    #[schema(value_type = String, min_length = 2, max_length = 2, pattern = "^[A-Z]{2}$", example = "JP")]
    CountryCode
}

checked_text! {
    /// A time zone of the IANA database.
    #[schema(value_type = String, max_length = 64, format = "iana-time-zone", example = "Asia/Tokyo")]
    TimeZone
}

impl TimeZone {
    /// The zone itself, with its rules.
    pub fn rules(&self) -> Option<chrono_tz::Tz> {
        self.0.parse().ok()
    }
}

/// Stands where the time zone follows from what is not known yet, at the end of the same write.
impl Default for TimeZone {
    fn default() -> Self {
        Self("UTC".to_owned())
    }
}

checked_text! {
    /// A currency that is in use: ISO 4217.
    #[schema(value_type = String, max_length = 3, format = "currency", example = "EUR")]
    Currency
}

impl Currency {
    /// The currency of this code that is money and has not given way to another: no fund, no metal, no unit of account.
    pub fn in_use(code: &str) -> Option<iso_currency::Currency> {
        let known = iso_currency::Currency::from_code(code)?;
        let is_money = !known.is_fund() && !known.is_special() && known.is_superseded().is_none();
        is_money.then_some(known)
    }

    /// How many decimals its amounts have: none for the yen, two for the euro.
    pub fn decimals(&self) -> Option<usize> {
        Self::in_use(&self.0)?.exponent().map(usize::from)
    }
}

checked_text! {
    /// An address on the web.
    #[schema(value_type = String, max_length = 2000, format = "uri", pattern = "^https?://[^/?#\\s]", example = "https://www.city.yokohama.lg.jp/")]
    Url
}

checked_text! {
    /// One line of text in no particular language, such as a person's or an organisation's name.
    #[schema(value_type = String, min_length = 1, max_length = 300, format = "line", pattern = "\\S", example = "City Planning Bureau")]
    Line
}

/// The key under which another system knows a thing.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
pub struct ExternalRef {
    /// The system, such as a domain name.
    #[schema(
        min_length = 1,
        max_length = 100,
        pattern = "^[A-Za-z0-9._~-]+$",
        example = "plans.city.example"
    )]
    pub system: String,
    /// The key in it.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^[A-Za-z0-9._~:/-]+$",
        example = "LAP-2019-07"
    )]
    pub key: String,
    /// The city whose system it is, of a thing that several cities share. Left out, it is the city that writes it, and in
    /// an answer the first city of the thing. A city names, changes and takes away keys of its own system alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub city: Option<CityId>,
}

/// Keys under which other systems know a thing; one key is one thing of a city.
#[derive(
    Clone,
    Debug,
    Default,
    PartialEq,
    serde::Serialize,
    serde::Deserialize,
    utoipa::ToSchema,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::Jsonb)]
#[serde(transparent)]
#[schema(max_items = 20)]
pub struct ExternalRefs(pub Vec<ExternalRef>);

jsonb!(ExternalRefs);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_currency_is_money_that_is_in_use_and_has_its_decimals() {
        for (code, decimals) in [("JPY", 0), ("EUR", 2), ("SEK", 2), ("KWD", 3)] {
            assert_eq!(Currency(code.into()).decimals(), Some(decimals), "{code}");
        }
        for code in ["XYZ", "eur", "XAU", "XXX", "XTS", "CHE", "HRK", "DEM", ""] {
            assert!(Currency::in_use(code).is_none(), "{code}");
        }
    }
}
