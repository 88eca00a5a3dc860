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
    /// Where a frontend takes a sign-in over: by https, or by http on the person's own machine; without a fragment.
    #[schema(value_type = String, max_length = 500, format = "redirect-uri", pattern = "^https?://", example = "https://plans.example/signed-in")]
    RedirectUri
}

impl RedirectUri {
    /// The service's own address, of its own making.
    pub fn own(url: String) -> Self {
        Self(url)
    }

    /// Whether `asked` is this one: letter by letter, but for the port on the person's own machine, which differs from one
    /// start of a program to the next (RFC 8252, section 7.3).
    pub fn allows(&self, asked: &str) -> bool {
        let on_own_machine = |uri| loopback(uri).is_some() && loopback(uri) == loopback(&self.0);
        asked == self.0 || on_own_machine(asked)
    }
}

/// Whether the text is the address of a page that takes a sign-in over; it has a path, and no more in it than may stand there
/// (RFC 3986).
pub fn is_redirect_uri(text: &str) -> bool {
    let Some((host, path)) = text
        .strip_prefix("https://")
        .and_then(host_and_path)
        .or_else(|| loopback(text))
    else {
        return false;
    };
    let of_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let of_path = |byte: u8| byte.is_ascii_alphanumeric() || b"._~/?@!$&()*+,;=:%-".contains(&byte);
    let is_named = !host.is_empty() && host.bytes().all(of_host);
    (is_named || loopback(text).is_some()) && path.bytes().all(of_path)
}

/// Host and path of an address on the person's own machine; `None`: it is another.
fn loopback(uri: &str) -> Option<(&str, &str)> {
    let found = host_and_path(uri.strip_prefix("http://")?)?;
    matches!(found.0, "127.0.0.1" | "[::1]" | "localhost").then_some(found)
}

/// The host, without its port, and the path of what follows a scheme; `None`: it has no path.
fn host_and_path(rest: &str) -> Option<(&str, &str)> {
    let (authority, path) = rest.split_at(rest.find('/')?);
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if is_port(port) => host,
        _ => authority,
    };
    Some((host, path))
}

fn is_port(text: &str) -> bool {
    (1..=5).contains(&text.len()) && text.bytes().all(|digit| digit.is_ascii_digit())
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
    fn a_sign_in_leads_back_to_the_letter_but_for_a_port_of_the_own_machine() {
        let web = RedirectUri::own("https://plans.example/in?a=b".into());
        assert!(web.allows("https://plans.example/in?a=b"));
        for other in [
            "https://plans.example/in",
            "https://plans.example/in?a=b&c=d",
            "https://plans.example/in?a=b#x",
            "https://plans.example:8443/in?a=b",
            "https://plans.example.evil.example/in?a=b",
            "http://plans.example/in?a=b",
            "HTTPS://plans.example/in?a=b",
            "",
        ] {
            assert!(!web.allows(other), "{other}");
        }
        let own = RedirectUri::own("http://127.0.0.1:7000/in".into());
        for same in [
            "http://127.0.0.1:7000/in",
            "http://127.0.0.1:49152/in",
            "http://127.0.0.1/in",
        ] {
            assert!(own.allows(same), "{same}");
        }
        for other in [
            "http://127.0.0.1:7000/inn",
            "http://localhost:7000/in",
            "http://127.0.0.1:7000@evil.example/in",
            "http://127.0.0.1.evil.example/in",
            "http://evil.example:80/in",
            "http://evil.example/127.0.0.1:7000/in",
        ] {
            assert!(!own.allows(other), "{other}");
        }
        for good in [
            "https://p.example/",
            "https://p.example:8443/a?b=c",
            "http://localhost:3000/in",
            "http://[::1]/in",
        ] {
            assert!(is_redirect_uri(good), "{good}");
        }
        for bad in [
            "https://p.example",
            "https:///in",
            "https://p.example?x/",
            "https://me@p.example/",
            "https://p.example:/",
            "https://p.example/#x",
            "https://p.example/\"x",
            "https://p.example; x/",
            "https://都市.example/",
            "http://p.example/",
            "http://127.0.0.1:1@p.example/",
            "javascript://p.example/",
        ] {
            assert!(!is_redirect_uri(bad), "{bad}");
        }
        let six = RedirectUri::own("http://[::1]/in".into());
        assert!(six.allows("http://[::1]:9/in"));
        assert!(!six.allows("http://[::1:9/in"));
    }

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
