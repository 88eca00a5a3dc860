//! How lists are asked for: pages by signed keyset cursors, sort orders, thinning, related things.
//!
//! A page is walked along an index that holds the sort keys and the id; nothing is counted or skipped over.
//! A cursor is the position after the last item, signed and bound to the list, its filter and its order.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate,
};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{BigInt, Bool, Text, Timestamptz, Uuid as SqlUuid};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::auth::secrets::Signer;
use crate::problem::{Fault, Problem, Rule};

/// The parameters that every list takes.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// Where to go on: the `cursor` of the page before. It belongs to the same filter and order.
    #[param(max_length = 2000, pattern = "^[A-Za-z0-9_.-]+$")]
    pub cursor: Option<String>,
    /// Most items in one page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    pub limit: Option<i32>,
    /// Whether to answer the `total` number of matching items too.
    #[serde(default)]
    #[param(default = false)]
    pub count: Option<bool>,
    /// Order: names of sort keys, each with `-` before it for descending; ties are broken by the id.
    #[serde(default)]
    #[param(style = Form, explode = false, max_items = 5)]
    pub sort: Vec<String>,
    /// Only these fields of each item.
    #[serde(default)]
    #[param(style = Form, explode = false, max_items = 50)]
    pub fields: Vec<String>,
    /// Related things to answer along, once each, under `included`.
    #[serde(default)]
    #[param(style = Form, explode = false, max_items = 10)]
    pub include: Vec<String>,
    /// Only what has changed at or after this time (RFC 3339).
    pub since: Option<DateTime<Utc>>,
    /// Representation, for links: overrides `Accept`.
    #[param(inline)]
    pub format: Option<Format>,
}

/// The parameters that every answer with one thing takes.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OneParams {
    /// Only these fields.
    #[serde(default)]
    #[param(style = Form, explode = false, max_items = 50)]
    pub fields: Vec<String>,
    /// Related things to answer along, under `included`.
    #[serde(default)]
    #[param(style = Form, explode = false, max_items = 10)]
    pub include: Vec<String>,
}

/// A representation of a list, by its short name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// `application/json`: one page.
    Json,
    /// `application/x-ndjson`: every matching item, one a line.
    Ndjson,
}

/// Items of a page when `limit` is not given.
pub const DEFAULT_LIMIT: i64 = 50;

/// A value by which a list is sorted.
#[derive(Clone, Debug, PartialEq)]
pub enum Key {
    /// A number.
    Int(i64),
    /// An id.
    Uuid(Uuid),
    /// A moment, to the microsecond.
    Time(DateTime<Utc>),
    /// A text, compared by code points; or a day, or `infinity`.
    Text(String),
}

/// How the values of a sort key are written in SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    /// [`Key::Int`].
    Int,
    /// [`Key::Uuid`].
    Uuid,
    /// [`Key::Time`].
    Time,
    /// [`Key::Text`].
    Text,
    /// [`Key::Text`] holding a day or `infinity`.
    Day,
}

impl Key {
    /// A day as a sort key; an unknown one comes last.
    pub fn day(day: Option<NaiveDate>) -> Self {
        Self::Text(day.map_or_else(|| "infinity".to_owned(), |day| day.to_string()))
    }

    /// The key as it stands in a cursor.
    fn to_json(&self) -> Value {
        match self {
            Self::Int(number) => Value::from(*number),
            Self::Uuid(uuid) => Value::from(uuid.to_string()),
            Self::Time(time) => Value::from(time.timestamp_micros()),
            Self::Text(text) => Value::from(text.as_str()),
        }
    }

    /// The key of this type that stands in a cursor.
    fn of_json(kind: KeyType, value: &Value) -> Option<Self> {
        match kind {
            KeyType::Int => value.as_i64().map(Self::Int),
            KeyType::Uuid => value.as_str()?.parse().ok().map(Self::Uuid),
            KeyType::Time => DateTime::from_timestamp_micros(value.as_i64()?).map(Self::Time),
            KeyType::Text => value.as_str().map(|text| Self::Text(text.to_owned())),
            KeyType::Day => {
                let day = value.as_str()?;
                (day == "infinity" || day.parse::<NaiveDate>().is_ok())
                    .then(|| Self::Text(day.to_owned()))
            }
        }
    }
}

/// A sort order that a list offers.
pub struct Sort<T> {
    /// Its name in the `sort` parameter.
    pub name: &'static str,
    /// The column or indexed expression behind it; never null.
    pub sql: &'static str,
    /// The type of its values.
    pub kind: KeyType,
    /// Its value in an item.
    pub key: fn(&T) -> Key,
}

/// The hidden last sort key of every list: the id.
pub struct TieBreak<T> {
    /// Its column.
    pub sql: &'static str,
    /// The type of its values.
    pub kind: KeyType,
    /// Its value in an item.
    pub key: fn(&T) -> Key,
}

impl<T> Clone for TieBreak<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for TieBreak<T> {}

/// One key of the order that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Term {
    sql: &'static str,
    kind: KeyType,
    descending: bool,
}

/// Which part of a list is wanted, in which order.
#[derive(Clone, Debug)]
pub struct Page {
    terms: Vec<Term>,
    after: Option<Vec<Key>>,
    /// Most items in the page.
    pub limit: i64,
    /// Only what has changed since.
    pub since: Option<DateTime<Utc>>,
    binding: String,
}

#[derive(Serialize, Deserialize)]
struct Position {
    binding: String,
    keys: Vec<Value>,
}

const PURPOSE: &str = "page";

impl Page {
    /// The page that the parameters ask for. `binding` stands for the list and its filter: a cursor of
    /// another one is refused.
    pub fn of<T>(
        params: &ListParams,
        sorts: &[Sort<T>],
        tie: TieBreak<T>,
        binding: &str,
        signer: &Signer,
    ) -> Result<Self, Problem> {
        let mut terms = Vec::new();
        for text in &params.sort {
            let (name, descending) = text
                .strip_prefix('-')
                .map_or((text.as_str(), false), |name| (name, true));
            if let Some(sort) = sorts.iter().find(|sort| sort.name == name)
                && terms.iter().all(|term: &Term| term.sql != sort.sql)
            {
                terms.push(Term {
                    sql: sort.sql,
                    kind: sort.kind,
                    descending,
                });
            }
        }
        if params.sort.is_empty()
            && let Some(first) = sorts.first()
        {
            terms.push(Term {
                sql: first.sql,
                kind: first.kind,
                descending: false,
            });
        }
        let descending = terms.last().is_some_and(|term| term.descending);
        if terms.iter().all(|term| term.sql != tie.sql) {
            terms.push(Term {
                sql: tie.sql,
                kind: tie.kind,
                descending,
            });
        }
        let binding = format!("{binding}|{}", params.sort.join(","));
        let mut page = Self {
            terms,
            after: None,
            limit: params.limit.map_or(DEFAULT_LIMIT, i64::from),
            since: params.since,
            binding,
        };
        if let Some(cursor) = &params.cursor {
            page.after = Some(
                page.position(cursor, signer)
                    .ok_or_else(|| Problem::fault(Fault::in_parameter("cursor", Rule::Cursor)))?,
            );
        }
        Ok(page)
    }

    /// Every item, in batches of `limit`, in the order of the id.
    pub fn of_everything<T>(params: &ListParams, tie: TieBreak<T>, limit: i64) -> Self {
        let terms = vec![Term {
            sql: tie.sql,
            kind: tie.kind,
            descending: false,
        }];
        Self {
            terms,
            after: None,
            limit,
            since: params.since,
            binding: String::new(),
        }
    }

    fn position(&self, cursor: &str, signer: &Signer) -> Option<Vec<Key>> {
        let position: Position = serde_json::from_slice(&signer.open(PURPOSE, cursor)?).ok()?;
        if position.binding != digest(&self.binding) || position.keys.len() != self.terms.len() {
            return None;
        }
        let keys = position.keys.iter().zip(&self.terms);
        keys.map(|(key, term)| Key::of_json(term.kind, key))
            .collect()
    }

    /// The cursor after `item`.
    pub fn cursor_after<T>(
        &self,
        item: &T,
        sorts: &[Sort<T>],
        tie: TieBreak<T>,
        signer: &Signer,
    ) -> String {
        let position = Position {
            binding: digest(&self.binding),
            keys: self
                .keys_of(item, sorts, tie)
                .iter()
                .map(Key::to_json)
                .collect(),
        };
        signer
            .sign(PURPOSE, &serde_json::to_vec(&position).unwrap_or_default())
            .unwrap_or_default()
    }

    /// The same list, going on after `item`.
    pub fn go_on_after<T>(&mut self, item: &T, sorts: &[Sort<T>], tie: TieBreak<T>) {
        self.after = Some(self.keys_of(item, sorts, tie));
    }

    fn keys_of<T>(&self, item: &T, sorts: &[Sort<T>], tie: TieBreak<T>) -> Vec<Key> {
        let key_of = |term: &Term| {
            let sort = sorts.iter().find(|sort| sort.sql == term.sql);
            sort.map_or_else(|| (tie.key)(item), |sort| (sort.key)(item))
        };
        self.terms.iter().map(key_of).collect()
    }

    /// The condition that an item stands after the cursor, as a filter.
    pub fn keyset(&self) -> Keyset {
        Keyset {
            terms: self.terms.clone(),
            after: self.after.clone(),
        }
    }

    /// The order, as an `ORDER BY`.
    pub fn order(&self) -> Order {
        Order {
            terms: self.terms.clone(),
        }
    }

    /// The same page of a list whose id column has another name.
    #[must_use]
    pub fn with_id_column(mut self, from: &str, to: &'static str) -> Self {
        for term in self.terms.iter_mut().filter(|term| term.sql == from) {
            term.sql = to;
        }
        self
    }
}

/// Short stand-in for a text, for comparing only.
fn digest(text: &str) -> String {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// The condition of [`Page::keyset`] as a diesel expression.
#[derive(Clone, Debug)]
pub struct Keyset {
    terms: Vec<Term>,
    after: Option<Vec<Key>>,
}

/// The order of [`Page::order`] as a diesel expression.
#[derive(Clone, Debug)]
pub struct Order {
    terms: Vec<Term>,
}

/// The condition that a column has this value: what a caller may see of a private table.
#[derive(Clone, Debug)]
pub struct Equals {
    column: &'static str,
    key: Key,
}

impl Equals {
    /// `column = key`.
    pub fn new(column: &'static str, key: Key) -> Self {
        Self { column, key }
    }
}

impl QueryFragment<Pg> for Equals {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(self.column);
        out.push_sql(" = ");
        push_key(&mut out, &self.key, KeyType::Text)
    }
}

macro_rules! dynamic_expression {
    ($name:ident, $sql_type:ty) => {
        impl Expression for $name {
            type SqlType = $sql_type;
        }
        impl<QS> AppearsOnTable<QS> for $name {}
        impl<QS> SelectableExpression<QS> for $name {}
        impl<GroupBy> ValidGrouping<GroupBy> for $name {
            type IsAggregate = is_aggregate::No;
        }
        impl QueryId for $name {
            type QueryId = ();
            const HAS_STATIC_QUERY_ID: bool = false;
        }
    };
}

dynamic_expression!(Equals, Bool);
dynamic_expression!(Keyset, Bool);
dynamic_expression!(Order, diesel::expression::expression_types::NotSelectable);

fn push_key<'b>(out: &mut AstPass<'_, 'b, Pg>, key: &'b Key, kind: KeyType) -> QueryResult<()> {
    match key {
        Key::Int(number) => out.push_bind_param::<BigInt, _>(number),
        Key::Uuid(uuid) => out.push_bind_param::<SqlUuid, _>(uuid),
        Key::Time(time) => out.push_bind_param::<Timestamptz, _>(time),
        Key::Text(text) => {
            out.push_bind_param::<Text, _>(text)?;
            if kind == KeyType::Day {
                out.push_sql("::date");
            }
            Ok(())
        }
    }
}

impl QueryFragment<Pg> for Keyset {
    /// One direction: `(a, id) > ($1, $2)`, which an index walks. Mixed directions: the first key bounds the
    /// walk, and the rest is spelled out: `a <= $1 AND (a < $1 OR (a = $1 AND (b > $2 OR …)))`.
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let Some(after) = &self.after else {
            out.push_sql("true");
            return Ok(());
        };
        let terms: Vec<(&Term, &'b Key)> = self.terms.iter().zip(after).collect();
        let Some((first, first_key)) = terms.first() else {
            out.push_sql("true");
            return Ok(());
        };
        if terms
            .iter()
            .all(|(term, _)| term.descending == first.descending)
        {
            out.push_sql("(");
            for (place, (term, _)) in terms.iter().enumerate() {
                out.push_sql(if place == 0 { "" } else { ", " });
                out.push_sql(term.sql);
            }
            out.push_sql(if first.descending { ") < (" } else { ") > (" });
            for (place, (term, key)) in terms.iter().enumerate() {
                out.push_sql(if place == 0 { "" } else { ", " });
                push_key(&mut out, key, term.kind)?;
            }
            out.push_sql(")");
            return Ok(());
        }
        out.push_sql("(");
        out.push_sql(first.sql);
        out.push_sql(if first.descending { " <= " } else { " >= " });
        push_key(&mut out, first_key, first.kind)?;
        out.push_sql(" AND (");
        for (place, (term, key)) in terms.iter().enumerate() {
            out.push_sql(if place == 0 { "" } else { " OR (" });
            for (before, before_key) in terms.iter().take(place) {
                out.push_sql(before.sql);
                out.push_sql(" = ");
                push_key(&mut out, before_key, before.kind)?;
                out.push_sql(" AND ");
            }
            out.push_sql(term.sql);
            out.push_sql(if term.descending { " < " } else { " > " });
            push_key(&mut out, key, term.kind)?;
            out.push_sql(if place == 0 { "" } else { ")" });
        }
        out.push_sql("))");
        Ok(())
    }
}

impl QueryFragment<Pg> for Order {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for (place, term) in self.terms.iter().enumerate() {
            out.push_sql(if place == 0 { "" } else { ", " });
            out.push_sql(term.sql);
            if term.descending {
                out.push_sql(" DESC");
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    struct Item {
        id: String,
        at: DateTime<Utc>,
        number: i64,
    }

    const TIE: TieBreak<Item> = TieBreak {
        sql: "id",
        kind: KeyType::Text,
        key: |item| Key::Text(item.id.clone()),
    };
    const SORTS: &[Sort<Item>] = &[
        Sort {
            name: "id",
            sql: "id",
            kind: KeyType::Text,
            key: |item| Key::Text(item.id.clone()),
        },
        Sort {
            name: "updated_at",
            sql: "updated_at",
            kind: KeyType::Time,
            key: |item| Key::Time(item.at),
        },
        Sort {
            name: "number",
            sql: "number",
            kind: KeyType::Int,
            key: |item| Key::Int(item.number),
        },
    ];

    fn page(
        sort: &[&str],
        cursor: Option<String>,
        binding: &str,
        signer: &Signer,
    ) -> Result<Page, Problem> {
        let sort = sort.iter().map(|&name| name.to_owned()).collect();
        let params = ListParams {
            cursor,
            sort,
            ..ListParams::default()
        };
        Page::of(&params, SORTS, TIE, binding, signer)
    }

    fn sql(fragment: &impl QueryFragment<Pg>) -> String {
        diesel::debug_query::<Pg, _>(fragment)
            .to_string()
            .split(" -- binds")
            .next()
            .unwrap()
            .trim()
            .to_owned()
    }

    fn signer() -> Signer {
        Signer::new(&Signer::generate_key().unwrap())
    }

    fn item() -> Item {
        Item {
            id: "umea".into(),
            at: DateTime::from_timestamp_micros(1_539_216_000_123_456).unwrap(),
            number: 8,
        }
    }

    #[test]
    fn one_direction_is_one_row_comparison() {
        let signer = signer();
        let first = page(&["-updated_at"], None, "cities", &signer).unwrap();
        assert_eq!(sql(&first.order()), "updated_at DESC, id DESC");
        assert_eq!(sql(&first.keyset()), "true");
        let cursor = first.cursor_after(&item(), SORTS, TIE, &signer);
        let next = page(&["-updated_at"], Some(cursor), "cities", &signer).unwrap();
        assert_eq!(sql(&next.keyset()), "(updated_at, id) < ($1, $2)");
    }

    #[test]
    fn mixed_directions_keep_the_first_key_as_the_bound() {
        let signer = signer();
        let sort = ["-updated_at", "number"];
        let first = page(&sort, None, "cities", &signer).unwrap();
        assert_eq!(sql(&first.order()), "updated_at DESC, number, id");
        let cursor = first.cursor_after(&item(), SORTS, TIE, &signer);
        let next = page(&sort, Some(cursor), "cities", &signer).unwrap();
        assert_eq!(
            sql(&next.keyset()),
            "(updated_at <= $1 AND (updated_at < $2 OR (updated_at = $3 AND number > $4) OR \
             (updated_at = $5 AND number = $6 AND id > $7)))"
        );
    }

    #[test]
    fn a_cursor_of_another_filter_order_or_key_is_refused() {
        let signer = signer();
        let first = page(&["number"], None, "cities?side=eu", &signer).unwrap();
        let cursor = first.cursor_after(&item(), SORTS, TIE, &signer);
        assert!(page(&["number"], Some(cursor.clone()), "cities?side=eu", &signer).is_ok());
        assert!(page(&["number"], Some(cursor.clone()), "cities?side=jp", &signer).is_err());
        assert!(
            page(
                &["-number"],
                Some(cursor.clone()),
                "cities?side=eu",
                &signer
            )
            .is_err()
        );
        let stranger = self::signer();
        assert!(page(&["number"], Some(cursor), "cities?side=eu", &stranger).is_err());
    }

    proptest! {
        #[test]
        fn a_cursor_leads_back_to_its_place(id in "[a-z0-9-]{1,80}", micros in 0_i64..4_000_000_000_000_000, number: i64) {
            let signer = signer();
            let item = Item { id: id.clone(), at: DateTime::from_timestamp_micros(micros).unwrap(), number };
            let first = page(&["number", "updated_at"], None, "x", &signer).unwrap();
            let cursor = first.cursor_after(&item, SORTS, TIE, &signer);
            let next = page(&["number", "updated_at"], Some(cursor), "x", &signer).unwrap();
            prop_assert_eq!(next.after.unwrap(), vec![Key::Int(number), Key::Time(item.at), Key::Text(id)]);
        }

        #[test]
        fn any_text_as_a_cursor_is_refused_and_nothing_panics(text in "\\PC{0,200}") {
            prop_assert!(page(&["number"], Some(text), "x", &signer()).is_err());
        }
    }
}
