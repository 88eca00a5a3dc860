//! When a meeting, a tour or an activity is: a date with honest precision, as far as it is known.
//!
//! The text is kept exactly as written and is what the database and the answers hold; the days are
//! derived from it. Whatever is accepted here, [`PATTERN`] and [`MAX_LENGTH`] accept too.

use std::{fmt, str::FromStr};

use chrono::{Datelike, NaiveDate};
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::expression::AsExpression;
use diesel::pg::{Pg, PgValue};
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types;
use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::messages::{Language, Value, message, word};

/// Longest valid text in characters: two qualified days, `2018-10-11~/2018-10-12~`.
pub const MAX_LENGTH: usize = 23;

macro_rules! date {
    () => {
        "[0-9]{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12][0-9]|3[01]))?)?[?~%]?"
    };
}

/// The form for the API description: an ECMA-262 regular expression (JSON Schema Validation, 6.3.3)
/// that Rust reads alike. It lets through what a pattern cannot well tell: 30 February, the year
/// 0000, an interval that ends before it starts.
#[rustfmt::skip]
pub const PATTERN: &str = concat!(
    "^(?:", date!(), "(?:/(?:", date!(), "|[.]{2}))?|[.]{2}/", date!(), ")$"
);

const QUALIFIERS: [char; 3] = ['?', '~', '%'];

/// A date of ISO 8601-2:2019, in the part of its profile EDTF (Annex A) that the programme needs.
///
/// - Level 0: a day `2018-10-11`, a month `2018-10`, a year `2018` (0001 to 9999), and an interval
///   of two of them, `2018-10-11/2018-10-12`, whose ends may differ in precision.
/// - Level 1: a qualifier at the end of a date, `?` uncertain, `~` approximate, `%` both (8.2.1,
///   complete qualification), and an interval open at one end, `2019/..` (10.2).
///
/// Parsing fails with [`EdtfError`] on everything else: times of day, seasons, unspecified digits
/// (`X`), unknown (empty) ends, longer or negative years, days that no calendar has, an end before
/// the start. Two values are equal when their texts are: `2018` is not `2018-01/2018-12`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, AsExpression, FromSqlRow)]
#[serde(try_from = "String", into = "String")]
#[diesel(sql_type = sql_types::Text)]
pub struct Edtf {
    text: String,
    earliest: Option<NaiveDate>,
    latest: Option<NaiveDate>,
}

impl Edtf {
    /// The text as it was written, 4 to [`MAX_LENGTH`] ASCII characters.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The first day of the stated span: `2018-10-01` for `2018-10`. None when its beginning is
    /// open. A qualifier does not widen the span, since nobody has said by how much: `2018-10~`
    /// also begins on `2018-10-01`.
    pub fn earliest(&self) -> Option<NaiveDate> {
        self.earliest
    }

    /// The last day of the stated span, included: `2018-10-31` for `2018-10`, and for `2018-10~`
    /// too. None when its end is open. Never before [`Edtf::earliest`].
    pub fn latest(&self) -> Option<NaiveDate> {
        self.latest
    }

    /// Whether a date in it is qualified (`?`, `~` or `%`). Coarse is not approximate: `2018-10` is
    /// not, see [`Edtf::is_to_the_day`].
    pub fn is_approximate(&self) -> bool {
        self.text.contains(QUALIFIERS)
    }

    /// Whether it is one day or an interval between two days, qualified or not. Only then are the
    /// days from earliest to latest the days of the event, and not a span in which it lies.
    pub fn is_to_the_day(&self) -> bool {
        let is_day = |end: &str| end.trim_end_matches(QUALIFIERS).len() == "2018-10-11".len();
        self.text.split('/').all(is_day)
    }
}

impl FromStr for Edtf {
    type Err = EdtfError;

    fn from_str(text: &str) -> Result<Self, EdtfError> {
        read(text).map_err(|kind| EdtfError {
            kind: explain(text, kind),
        })
    }
}

impl TryFrom<String> for Edtf {
    type Error = EdtfError;

    fn try_from(text: String) -> Result<Self, EdtfError> {
        text.parse()
    }
}

impl From<NaiveDate> for Edtf {
    /// A day is a date to the day.
    fn from(day: NaiveDate) -> Self {
        Self {
            text: day.to_string(),
            earliest: Some(day),
            latest: Some(day),
        }
    }
}

impl From<Edtf> for String {
    fn from(edtf: Edtf) -> Self {
        edtf.text
    }
}

impl fmt::Display for Edtf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialSchema for Edtf {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::Custom("edtf".into())))
            .max_length(Some(MAX_LENGTH))
            .description(Some("A date with honest precision: EDTF (ISO 8601-2), level 0 and from level 1 `?`, `~`, `%` and open intervals."))
            .examples(["2018-10-11", "2019-04/2019-05", "2020-05~"])
            .into()
    }
}

impl ToSchema for Edtf {}

impl ToSql<sql_types::Text, Pg> for Edtf {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<sql_types::Text, Pg>::to_sql(self.as_str(), out)
    }
}

impl FromSql<sql_types::Text, Pg> for Edtf {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let text = <String as FromSql<sql_types::Text, Pg>>::from_sql(value)?;
        Ok(text.parse::<Self>()?)
    }
}

/// Why a text is not an [`Edtf`]. Displayed as an English sentence without capital and full stop:
/// what is wrong, a colon, what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EdtfError {
    /// The reason, for a sentence in another language.
    pub kind: EdtfErrorKind,
}

/// A `String` is always a valid [`Edtf`]: the whole text put right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EdtfErrorKind {
    /// Nothing is written.
    Empty,
    /// Full-width characters.
    FullWidth(String),
    /// White space.
    Space(String),
    /// A time of day follows the date.
    TimeOfDay(String),
    /// The last day lies before the first; put right by swapping the two dates.
    EndBeforeStart(String),
    /// An end of the interval is empty, which in the standard means unknown.
    EmptyEnd,
    /// Open at both ends, which says nothing.
    BothEndsOpen,
    /// More than one slash.
    Slashes,
    /// A qualifier not at the end of a date, or more than one.
    Qualifier,
    /// An `X` in place of a digit.
    UnspecifiedDigit,
    /// The year is 0000, has a sign or letter, or not four digits.
    Year,
    /// A season, or another division (21 to 41 in place of the month), of this year.
    Season(i32),
    /// There is no such month.
    Month(u32),
    /// The month has no such day; this is its last.
    Day(NaiveDate),
    /// Nothing of the above: no date at all.
    NotADate,
}

impl std::error::Error for EdtfError {}

impl fmt::Display for EdtfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self.values().into_iter();
        let values = values.map(|(name, value)| (name, Value::Plain(value)));
        let text = message(Language::En, &self.word(), None, &values.collect());
        f.write_str(&text.unwrap_or_default())
    }
}

impl EdtfError {
    /// The id of the message that tells the reason.
    pub fn word(&self) -> String {
        use EdtfErrorKind as Kind;
        let kind = match self.kind {
            Kind::FullWidth(_) => "full-width",
            Kind::Space(_) => "space",
            Kind::TimeOfDay(_) => "time-of-day",
            Kind::EndBeforeStart(_) => "end-before-start",
            Kind::Season(_) => "season",
            Kind::Month(_) => "month",
            Kind::Day(_) => "day",
            Kind::Empty => "empty",
            Kind::EmptyEnd => "empty-end",
            Kind::BothEndsOpen => "both-ends-open",
            Kind::Slashes => "slashes",
            Kind::Qualifier => "qualifier",
            Kind::UnspecifiedDigit => "unspecified-digit",
            Kind::Year => "year",
            Kind::NotADate => "not-a-date",
        };
        word("edtf", kind)
    }

    /// The values that this message names.
    pub fn values(&self) -> Vec<(&'static str, String)> {
        use EdtfErrorKind as Kind;
        match &self.kind {
            Kind::FullWidth(it)
            | Kind::Space(it)
            | Kind::TimeOfDay(it)
            | Kind::EndBeforeStart(it) => {
                vec![("mended", it.clone())]
            }
            Kind::Season(year) => vec![("mended", format!("{year:04}-03/{year:04}-05"))],
            Kind::Month(month) => vec![("month", format!("{month:02}"))],
            Kind::Day(last) => vec![
                ("month", last.format("%Y-%m").to_string()),
                ("days", last.day().to_string()),
            ],
            _ => Vec::new(),
        }
    }
}

fn read(text: &str) -> Result<Edtf, EdtfErrorKind> {
    let (start, end) = match text.split_once('/') {
        _ if text.is_empty() => return Err(EdtfErrorKind::Empty),
        Some((_, end)) if end.contains('/') => return Err(EdtfErrorKind::Slashes),
        Some(ends) => ends,
        None => (text, text),
    };
    let open_or_date = |end| (end != "..").then(|| read_date(end)).transpose();
    let earliest = open_or_date(start)?.map(|(first, _)| first);
    let latest = open_or_date(end)?.map(|(_, last)| last);
    match (earliest, latest) {
        (None, None) => Err(EdtfErrorKind::BothEndsOpen),
        (Some(earliest), Some(latest)) if latest < earliest => {
            Err(EdtfErrorKind::EndBeforeStart(format!("{end}/{start}")))
        }
        _ => {
            let text = text.to_owned();
            Ok(Edtf {
                text,
                earliest,
                latest,
            })
        }
    }
}

/// First and last day of one date.
fn read_date(text: &str) -> Result<(NaiveDate, NaiveDate), EdtfErrorKind> {
    let plain = text.strip_suffix(QUALIFIERS).unwrap_or(text);
    if text.is_empty() {
        return Err(EdtfErrorKind::EmptyEnd);
    } else if plain.contains(QUALIFIERS) || plain.is_empty() || plain == ".." {
        return Err(EdtfErrorKind::Qualifier);
    }
    let mut fields = plain.splitn(3, '-');
    let mut field = |width| {
        let value = |field| digits(field, width).ok_or_else(|| misshapen(plain));
        fields.next().map(value).transpose()
    };
    let (year, month, day) = (field(4)?.unwrap_or(0).cast_signed(), field(2)?, field(2)?);
    if year == 0 {
        return Err(EdtfErrorKind::Year);
    }
    let (first_month, last_month) = (month.unwrap_or(1), month.unwrap_or(12));
    let earliest = NaiveDate::from_ymd_opt(year, first_month, day.unwrap_or(1));
    let latest = match day {
        Some(_) => earliest,
        None => last_of_month(year, last_month),
    };
    let span = earliest.zip(latest);
    span.ok_or_else(|| match last_of_month(year, first_month) {
        Some(last) => EdtfErrorKind::Day(last),
        None if (21..=41).contains(&first_month) => EdtfErrorKind::Season(year),
        None => EdtfErrorKind::Month(first_month),
    })
}

fn last_of_month(year: i32, month: u32) -> Option<NaiveDate> {
    let mut days = (28..=31).rev();
    days.find_map(|day| NaiveDate::from_ymd_opt(year, month, day))
}

fn digits(field: &str, width: usize) -> Option<u32> {
    let all_digits = field.bytes().all(|byte| byte.is_ascii_digit());
    field
        .parse()
        .ok()
        .filter(|_| all_digits && field.len() == width)
}

fn misshapen(date: &str) -> EdtfErrorKind {
    let made_of = |text: &str, signs: &str| text.chars().all(|sign| signs.contains(sign));
    let year = date.trim_start_matches(['+', 'Y']);
    let (year, _) = year.split_once('-').unwrap_or((year, ""));
    if date.contains('X') && made_of(date, "0123456789-X") {
        EdtfErrorKind::UnspecifiedDigit
    } else if year.len() != 4 && made_of(year, "0123456789") {
        EdtfErrorKind::Year
    } else {
        EdtfErrorKind::NotADate
    }
}

/// The reason to give for a refused text: where a known slip explains it, the slip and the text put
/// right; where more is wrong, what is wrong with the rest. Ends, for every step shortens the text.
fn explain(text: &str, kind: EdtfErrorKind) -> EdtfErrorKind {
    let (mended, slip): (_, fn(String) -> EdtfErrorKind) = if let Some(mended) = half_width(text) {
        (mended, EdtfErrorKind::FullWidth)
    } else if let Some(mended) = without_times(text) {
        (mended, EdtfErrorKind::TimeOfDay)
    } else if text.contains(char::is_whitespace) {
        (text.split_whitespace().collect(), EdtfErrorKind::Space)
    } else {
        return kind;
    };
    match read(&mended) {
        Ok(_) => slip(mended),
        Err(kind) => explain(&mended, kind),
    }
}

fn half_width(text: &str) -> Option<String> {
    let narrow = |sign: char| match sign {
        '\u{3000}' => ' ',
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(sign) - 0xFEE0).unwrap_or(sign),
        _ => sign,
    };
    text.contains(|sign| narrow(sign) != sign)
        .then(|| text.chars().map(narrow).collect())
}

fn without_times(text: &str) -> Option<String> {
    let timeless = |part| match (str::split_once(part, ['T', 't']), part.split_once(' ')) {
        (Some((date, time)), _) if time.starts_with(|sign: char| sign.is_ascii_digit()) => date,
        (_, Some((date, time))) if time.contains(':') => date,
        _ => part,
    };
    let mended = text.split('/').map(timeless).collect::<Vec<_>>().join("/");
    (mended != text).then_some(mended)
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// What the API description promises, read by a JSON Schema validator.
    static SCHEMA: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
        let schema = json!({"type": "string", "pattern": PATTERN, "maxLength": MAX_LENGTH});
        jsonschema::validator_for(&schema).expect("a schema")
    });

    #[test]
    fn accepted_values_span_the_stated_days() {
        #[rustfmt::skip]
        let table = [
            ("2018-10-11",              "2018-10-11", "2018-10-11", "to the day"),
            ("2018-10-11?",             "2018-10-11", "2018-10-11", "to the day, approximate"),
            ("2018-10-11/2018-10-12",   "2018-10-11", "2018-10-12", "to the day"),
            ("2018-10-11/2018-10-11",   "2018-10-11", "2018-10-11", "to the day"),
            ("2018-10-11~/2018-10-12~", "2018-10-11", "2018-10-12", "to the day, approximate"),
            ("2019-04/2019-05",         "2019-04-01", "2019-05-31", ""),
            ("2019-05-20/2019-05",      "2019-05-20", "2019-05-31", ""),
            ("2019",                    "2019-01-01", "2019-12-31", ""),
            ("0001/9999",               "0001-01-01", "9999-12-31", ""),
            ("2020-05~",                "2020-05-01", "2020-05-31", "approximate"),
            ("2020-02%",                "2020-02-01", "2020-02-29", "approximate"),
            ("1900-02",                 "1900-02-01", "1900-02-28", ""),
            ("2000-02-29",              "2000-02-29", "2000-02-29", "to the day"),
            ("2019~/2020-05?",          "2019-01-01", "2020-05-31", "approximate"),
            ("2019/..",                 "2019-01-01", "open",       ""),
            ("../2019-05",              "open",       "2019-05-31", ""),
            ("../2019-05-02?",          "open",       "2019-05-02", "approximate"),
        ];
        for (text, earliest, latest, notes) in table {
            let edtf: Edtf = text.parse().expect(text);
            assert!(SCHEMA.is_valid(&json!(text)), "{text}");
            let day = |text: &str| (text != "open").then(|| text.parse().expect(text));
            assert_eq!(
                (edtf.earliest(), edtf.latest()),
                (day(earliest), day(latest)),
                "{text}"
            );
            assert_eq!(
                edtf.is_approximate(),
                notes.contains("approximate"),
                "{text}"
            );
            assert_eq!(edtf.is_to_the_day(), notes.contains("to the day"), "{text}");
        }
    }

    #[test]
    fn refused_values_say_what_to_write_instead() {
        #[rustfmt::skip]
        let table = [
            ("", "the date is empty: write it as 2018-10-11, 2018-10 or 2018"),
            (" ", "the date is empty"),
            ("2018-10-11T10:00Z", "a time of day is not part of this form: write 2018-10-11"),
            ("2018-10-11 10:00", "a time of day is not part of this form: write 2018-10-11"),
            ("2018-10-11T09Z/2018-10-12T17Z", "a time of day is not part of this form: write 2018-10-11/2018-10-12"),
            ("2019-02-30T10:00", "2019-02 has 28 days"),
            ("2019-02-30", "2019-02 has 28 days: write 2019-02-01 to 2019-02-28"),
            ("2019-04-00", "2019-04 has 30 days"),
            ("2019-13", "there is no month 13: write 01 to 12"),
            ("2019-00-01", "there is no month 00"),
            ("2019-21", "seasons are not part of this form: write months, as in 2019-03/2019-05"),
            ("201X", "unspecified digits (X) are not part of this form: write 2019-04 for 2019-04-XX"),
            ("2019-04-XX~", "unspecified digits (X) are not part of this form"),
            ("0000", "the year comes first and has four digits: write 0001 to 9999"),
            ("-0500", "the year comes first"),
            ("Y12019", "the year comes first"),
            ("20181011", "the year comes first"),
            ("11-10-2018", "the year comes first"),
            ("2019-05/2018-10", "the interval ends before it starts: write 2018-10/2019-05"),
            ("../..", "both ends are open: write a date at one, as in 2019/.."),
            ("..", "both ends are open"),
            ("2019/", "an empty end is not part of this form: write .. as in 2019/.."),
            ("/2019", "an empty end"),
            ("2018/10/11", "an interval has one slash in it: write 2018-10-11/2018-10-12"),
            ("~2019", "one qualifier (? uncertain, ~ approximate, % both) stands at the end of a date: write"),
            ("2019~-05", "one qualifier"),
            ("2019?~", "one qualifier"),
            ("2019/..~", "one qualifier"),
            ("２０１９－０５", "digits and signs are half-width: write 2019-05"),
            ("２０１９-１３", "there is no month 13"),
            ("２０１９-０５-０１　１０：００", "a time of day is not part of this form: write 2019-05-01"),
            ("2019\n", "a date has no spaces in it: write 2019"),
            ("2019\u{a0}/ 2020", "a date has no spaces in it: write 2019/2020"),
            ("2018-1-1", "this is not a date: write a day 2018-10-11, a month 2018-10, a year 2018"),
            ("2018-10-11-12", "this is not a date"),
            ("2019-+5", "this is not a date"),
            ("2019-10/11", "the year comes first"),
            ("٢٠١٩", "this is not a date"),
        ];
        let beyond_a_pattern = ["2019-02-30", "0000", "2019-05/2018-10"];
        for (text, message) in table {
            let error = text.parse::<Edtf>().expect_err(text);
            let said = error.to_string();
            let values = error.values().into_iter();
            let values = values.map(|(name, value)| (name, Value::Plain(value)));
            let japanese =
                crate::messages::message(Language::Ja, &error.word(), None, &values.collect());
            let mut letters = japanese.expect(text).into_bytes().into_iter();
            assert!(!letters.any(|it| it.is_ascii_lowercase()), "{text:?}");
            let json = serde_json::from_value::<Edtf>(json!(text)).expect_err(text);
            assert!(said.starts_with(message), "{text:?}: {said}");
            assert_eq!(json.to_string(), said);
            assert_eq!(
                SCHEMA.is_valid(&json!(text)),
                beyond_a_pattern.contains(&text),
                "{text:?}"
            );
        }
    }

    fn a_date() -> impl Strategy<Value = (NaiveDate, String)> {
        let days = (1..=9999_i32, 1..=366_u32);
        let day = days.prop_filter_map("a day of the year", |(y, d)| NaiveDate::from_yo_opt(y, d));
        let form = prop::sample::select(vec!["%Y", "%Y-%m", "%Y-%m-%d"]);
        let mark = prop::sample::select(vec!["", "?", "~", "%"]);
        (day, form, mark).prop_map(|(day, form, mark)| (day, format!("{}{mark}", day.format(form))))
    }

    /// A valid text and a day that lies in each of its dates.
    fn a_valid_text() -> impl Strategy<Value = (String, Vec<NaiveDate>)> {
        (a_date(), a_date(), 0..4).prop_map(|(a, b, shape)| {
            let ((first, start), (last, end)) = if a.0 <= b.0 { (a, b) } else { (b, a) };
            match shape {
                0 => (start, vec![first]),
                1 => (format!("{start}/.."), vec![first]),
                2 => (format!("../{end}"), vec![last]),
                _ => (format!("{start}/{end}"), vec![first, last]),
            }
        })
    }

    proptest! {
        #[test]
        fn a_valid_text_is_kept_as_written((text, days) in a_valid_text()) {
            let edtf: Edtf = text.parse().expect(&text);
            prop_assert_eq!((edtf.as_str(), edtf.to_string()), (&*text, text.clone()));
            let json = serde_json::to_value(&edtf).expect("a string");
            prop_assert!(json == json!(text) && SCHEMA.is_valid(&json), "{json}");
            prop_assert_eq!(&serde_json::from_value::<Edtf>(json).expect("valid"), &edtf);
            for day in days {
                prop_assert!(edtf.earliest().is_none_or(|earliest| earliest <= day));
                prop_assert!(edtf.latest().is_none_or(|latest| day <= latest));
            }
        }

        #[test]
        fn no_text_panics_and_what_is_accepted_is_its_own_display(
            text in prop_oneof![
                any::<String>(),
                "[-0-9X./~?%T: +Y]{0,24}",
                "[0-9]{4}(-[01][0-9](-[0-3][0-9])?)?[~?%]?(/([.]{2}|[0-9]{4}(-[01][0-9])?[~?%]?)?)?",
                "[０-９]{4}－[01０１][0-9]( /[0-9]{4})?(T[0-2][0-9]:[0-9]{2}Z?)?",
            ],
        ) {
            use EdtfErrorKind::{EndBeforeStart, FullWidth, Space, TimeOfDay};
            match text.parse::<Edtf>() {
                Ok(edtf) => {
                    prop_assert_eq!(edtf.to_string(), &*text);
                    let days = edtf.earliest().zip(edtf.latest());
                    prop_assert!(days.is_none_or(|(earliest, latest)| earliest <= latest));
                    prop_assert!(SCHEMA.is_valid(&json!(text)));
                }
                Err(error) => {
                    prop_assert!(error.to_string().contains(": write "), "{error}");
                    match error.kind {
                        FullWidth(it) | Space(it) | TimeOfDay(it) | EndBeforeStart(it) => {
                            prop_assert!(it.parse::<Edtf>().is_ok(), "{it}");
                        }
                        _ => {}
                    }
                }
            }
        }
    }
}
