//! How lists are asked for: pages by sealed keyset cursors, sort orders, thinning, related things.
//!
//! A page is walked along an index that holds the sort keys and the id; nothing is counted or skipped over.
//! A cursor is the position after the last item, sealed and bound to the list, its filter and its order.

mod expressions;
mod keys;
mod stretch;

use std::cmp::Ordering;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::IntoParams;

pub use self::expressions::{Keyset, Order, Short, Sight, Weight};
pub use self::keys::{Key, KeyType, Sort, TieBreak};
pub use self::stretch::Stretch;
pub(crate) use self::stretch::weight;
use self::stretch::{BATCH, BATCH_BYTES, PAGE_BYTES};
use crate::auth::seal::Seal;
use crate::problem::{Fault, Problem, Rule};
use crate::search::Search;
use crate::text::LanguageTag;

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
    /// Only these fields of each item: it has no others then, not even those that it always has else.
    #[serde(default)]
    #[param(style = Form, explode = false, max_items = 50)]
    pub fields: Vec<String>,
    /// Related things to answer along, once each, under `included`.
    #[serde(default)]
    #[param(style = Form, explode = false, max_items = 10)]
    pub include: Vec<String>,
    /// Only what has changed at or after this time (RFC 3339).
    pub since: Option<DateTime<Utc>>,
    /// Only what has all of these words, in any language: each by how it begins, Japanese by any two characters that stand
    /// together. Case, width and accents make no difference.
    #[param(min_length = 1, max_length = 200, pattern = "\\S")]
    pub q: Option<String>,
    /// Representation, for links: overrides `Accept`.
    #[param(inline)]
    pub format: Option<Format>,
    /// Languages (BCP 47): of CSV those of which texts have a column, English and Japanese when left out; of a calendar the
    /// one that it is in, what `Accept-Language` wants more when left out. Other representations hold all of them.
    #[serde(default)]
    #[param(style = Form, explode = false, max_items = 10)]
    pub lang: Vec<LanguageTag>,
    /// Whether CSV begins with a byte order mark, by which Excel knows UTF-8; of CSV only.
    pub bom: Option<bool>,
}

/// The parameters that every answer with one thing takes.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OneParams {
    /// Only these fields: the answer has no others then, not even those that it always has else.
    #[serde(default)]
    #[param(style = Form, explode = false, max_items = 50)]
    pub fields: Vec<String>,
    /// Related things to answer along, under `included`.
    #[serde(default)]
    #[param(style = Form, explode = false, max_items = 10)]
    pub include: Vec<String>,
    /// Representation, for links: overrides `Accept`.
    #[param(inline)]
    pub format: Option<Format>,
    /// The language of a calendar or a document (BCP 47), of a document two of them for both side by side; the one that
    /// `Accept-Language` wants more when left out.
    #[serde(default)]
    #[param(style = Form, explode = false, max_items = 2)]
    pub lang: Vec<LanguageTag>,
}

/// A representation, by its short name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// `application/json`: one page.
    Json,
    /// `application/x-ndjson`: every matching item, one a line.
    Ndjson,
    /// `text/csv` (RFC 4180): every matching item, a line of a table each.
    Csv,
    /// `application/geo+json` (RFC 7946): every matching item on a map.
    Geojson,
    /// `text/calendar` (RFC 5545): every matching item that has a date.
    Ics,
    /// `text/markdown` (RFC 7763): one thing as a document.
    Md,
    /// `application/vnd.openxmlformats-officedocument.wordprocessingml.document` (ECMA-376): one thing as a document for Word.
    Docx,
    /// `application/pdf` (ISO 32000-1): one thing as a document to print.
    Pdf,
}

impl Format {
    /// Whether it is one thing as a document.
    pub fn is_document(self) -> bool {
        matches!(self, Self::Md | Self::Docx | Self::Pdf)
    }
}

/// Items of a page when `limit` is not given.
pub const DEFAULT_LIMIT: i64 = 50;

/// One key of the order that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Term {
    sql: &'static str,
    kind: KeyType,
    descending: bool,
}

/// What narrows every list, beside the filter of its own.
#[derive(Clone, Debug, Default)]
pub struct Narrowing {
    /// Only what has changed since.
    pub since: Option<DateTime<Utc>>,
    /// Only what has these words.
    pub search: Option<Search>,
}

impl Narrowing {
    /// Whether it narrows nothing.
    pub fn is_nothing(&self) -> bool {
        self.since.is_none() && self.search.is_none()
    }

    /// What the parameters ask for.
    pub fn of(params: &ListParams) -> Result<Self, Problem> {
        let search = match params.q.as_deref().map(Search::of) {
            None => None,
            Some(Some(search)) => Some(search),
            Some(None) => return Err(Problem::fault(Fault::in_parameter("q", Rule::NoWords))),
        };
        let since = params.since;
        Ok(Self { since, search })
    }

    /// The search as a condition: `sql`, in which `?` stands for it, of a kind of thing.
    pub fn found_by(&self, sql: Option<&'static str>) -> Option<Sight> {
        let query = self.search.as_ref()?.as_tsquery().to_owned();
        Some(Sight::by(sql.unwrap_or("false"), Key::Text(query)))
    }
}

/// Which part of a list is wanted, in which order.
#[derive(Clone, Debug)]
pub struct Page {
    terms: Vec<Term>,
    after: Option<Vec<Key>>,
    /// Most items in the page.
    pub limit: i64,
    /// What narrows it beside its own filter.
    pub narrowing: Narrowing,
    bytes: i64,
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
        seal: &Seal,
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
            narrowing: Narrowing::of(params)?,
            bytes: PAGE_BYTES,
            binding,
        };
        page.go_on(params.cursor.as_deref(), seal)?;
        Ok(page)
    }

    fn go_on(&mut self, cursor: Option<&str>, seal: &Seal) -> Result<(), Problem> {
        if let Some(cursor) = cursor {
            self.after = Some(
                self.position(cursor, seal)
                    .ok_or_else(|| Problem::fault(Fault::in_parameter("cursor", Rule::Cursor)))?,
            );
        }
        Ok(())
    }

    /// The page after `cursor` of a list that has one order: by `tie`, descending.
    pub fn of_newest<T>(
        cursor: Option<&str>,
        limit: Option<i32>,
        tie: TieBreak<T>,
        binding: &str,
        seal: &Seal,
    ) -> Result<Self, Problem> {
        let mut page = Self {
            terms: vec![Term {
                sql: tie.sql,
                kind: tie.kind,
                descending: true,
            }],
            after: None,
            limit: limit.map_or(DEFAULT_LIMIT, i64::from),
            narrowing: Narrowing::default(),
            bytes: PAGE_BYTES,
            binding: format!("{binding}|-{}", tie.sql),
        };
        page.go_on(cursor, seal)?;
        Ok(page)
    }

    /// Every item, a batch of them, in the order of the id.
    pub fn of_everything<T>(narrowing: Narrowing, tie: TieBreak<T>) -> Self {
        let terms = vec![Term {
            sql: tie.sql,
            kind: tie.kind,
            descending: false,
        }];
        Self {
            terms,
            after: None,
            limit: BATCH,
            narrowing,
            bytes: BATCH_BYTES,
            binding: String::new(),
        }
    }

    fn position(&self, cursor: &str, seal: &Seal) -> Option<Vec<Key>> {
        let position: Position = serde_json::from_slice(&seal.open(PURPOSE, cursor)?).ok()?;
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
        seal: &Seal,
    ) -> String {
        let position = Position {
            binding: digest(&self.binding),
            keys: self
                .keys_of(item, sorts, tie)
                .iter()
                .map(Key::to_json)
                .collect(),
        };
        seal.close(PURPOSE, &serde_json::to_vec(&position).unwrap_or_default())
            .unwrap_or_default()
    }

    /// The same list, going on after `item`.
    pub fn go_on_after<T>(&mut self, item: &T, sorts: &[Sort<T>], tie: TieBreak<T>) {
        self.after = Some(self.keys_of(item, sorts, tie));
    }

    /// How two items stand to each other in the order: for merging parts that are ordered already.
    pub fn compare<T>(&self, a: &T, b: &T, sorts: &[Sort<T>], tie: TieBreak<T>) -> Ordering {
        let (a, b) = (self.keys_of(a, sorts, tie), self.keys_of(b, sorts, tie));
        let mut terms = self.terms.iter().zip(a.iter().zip(&b));
        let decided = terms.find_map(|(term, (a, b))| match a.cmp(b) {
            Ordering::Equal => None,
            order if term.descending => Some(order.reverse()),
            order => Some(order),
        });
        decided.unwrap_or(Ordering::Equal)
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

#[cfg(test)]
mod tests {
    use diesel::pg::Pg;
    use diesel::query_builder::QueryFragment;
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
        seal: &Seal,
    ) -> Result<Page, Problem> {
        let sort = sort.iter().map(|&name| name.to_owned()).collect();
        let params = ListParams {
            cursor,
            sort,
            ..ListParams::default()
        };
        Page::of(&params, SORTS, TIE, binding, seal)
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

    fn seal() -> Seal {
        Seal::new(&Seal::generate_key().unwrap()).unwrap()
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
        let seal = seal();
        let first = page(&["-updated_at"], None, "cities", &seal).unwrap();
        assert_eq!(sql(&first.order()), "updated_at DESC, id DESC");
        assert_eq!(sql(&first.keyset()), "true");
        let cursor = first.cursor_after(&item(), SORTS, TIE, &seal);
        let next = page(&["-updated_at"], Some(cursor), "cities", &seal).unwrap();
        assert_eq!(sql(&next.keyset()), "(updated_at, id) < ($1, $2)");
    }

    #[test]
    fn mixed_directions_keep_the_first_key_as_the_bound() {
        let seal = seal();
        let sort = ["-updated_at", "number"];
        let first = page(&sort, None, "cities", &seal).unwrap();
        assert_eq!(sql(&first.order()), "updated_at DESC, number, id");
        let cursor = first.cursor_after(&item(), SORTS, TIE, &seal);
        let next = page(&sort, Some(cursor), "cities", &seal).unwrap();
        assert_eq!(
            sql(&next.keyset()),
            "(updated_at <= $1 AND (updated_at < $2 OR (updated_at = $3 AND number > $4) OR \
             (updated_at = $5 AND number = $6 AND id > $7)))"
        );
    }

    #[test]
    fn a_sight_is_one_condition_with_the_caller_in_each_place() {
        let sight = Sight::by("city = ? OR host = ?", Key::Text("umea".into()));
        assert_eq!(sql(&sight), "(city = $1 OR host = $2)");
        assert_eq!(
            sql(&Sight::of("visibility = 'public'")),
            "(visibility = 'public')"
        );
    }

    #[test]
    fn a_cursor_of_another_filter_order_or_key_is_refused() {
        let seal = seal();
        let first = page(&["number"], None, "cities?side=eu", &seal).unwrap();
        let cursor = first.cursor_after(&item(), SORTS, TIE, &seal);
        assert!(page(&["number"], Some(cursor.clone()), "cities?side=eu", &seal).is_ok());
        assert!(page(&["number"], Some(cursor.clone()), "cities?side=jp", &seal).is_err());
        assert!(page(&["-number"], Some(cursor.clone()), "cities?side=eu", &seal).is_err());
        let stranger = self::seal();
        assert!(page(&["number"], Some(cursor), "cities?side=eu", &stranger).is_err());
    }

    proptest! {
        #[test]
        fn a_cursor_leads_back_to_its_place(id in "[a-z0-9-]{1,80}", micros in 0_i64..4_000_000_000_000_000, number: i64) {
            let seal = seal();
            let item = Item { id: id.clone(), at: DateTime::from_timestamp_micros(micros).unwrap(), number };
            let first = page(&["number", "updated_at"], None, "x", &seal).unwrap();
            let cursor = first.cursor_after(&item, SORTS, TIE, &seal);
            let next = page(&["number", "updated_at"], Some(cursor), "x", &seal).unwrap();
            prop_assert_eq!(next.after.unwrap(), vec![Key::Int(number), Key::Time(item.at), Key::Text(id)]);
        }

        #[test]
        fn any_text_as_a_cursor_is_refused_and_nothing_panics(text in "\\PC{0,200}") {
            prop_assert!(page(&["number"], Some(text), "x", &seal()).is_err());
        }
    }
}
