//! How much of a list goes into one answer: as many items as are asked for, and no more bytes than an answer may hold,
//! but at least one item. What is cut away is never read.

use super::{DEFAULT_LIMIT, Page};

/// Bytes of stored text in a page.
pub(super) const PAGE_BYTES: i64 = 2 * 1024 * 1024;

/// Most items in a batch of an export.
pub(super) const BATCH: i64 = 100;

/// Bytes of stored text in a batch of an export.
pub(super) const BATCH_BYTES: i64 = 1024 * 1024;

/// A part of a list, in its order.
#[derive(Debug)]
pub struct Stretch<T> {
    /// What goes into the answer.
    pub items: Vec<T>,
    /// Whether more stands behind it.
    pub more: bool,
}

impl<I: PartialEq> Stretch<I> {
    /// The same of the things with these ids, which were read in any order.
    pub fn of_read<T>(self, mut items: Vec<T>, id: impl Fn(&T) -> I) -> Stretch<T> {
        items.sort_by_key(|item| self.items.iter().position(|wanted| *wanted == id(item)));
        Stretch {
            items,
            more: self.more,
        }
    }
}

impl Page {
    /// How many rows tell what the page holds, and whether more stands behind it.
    pub fn reach(&self) -> i64 {
        self.limit.saturating_add(1)
    }

    /// Whether it is as long as a page is when nothing is said, or shorter.
    pub fn is_usual(&self) -> bool {
        self.limit <= DEFAULT_LIMIT
    }

    /// The rows of the page, of as many as [`Page::reach`] says.
    pub fn cut<T>(&self, rows: Vec<T>) -> Stretch<T> {
        self.cut_by_weight(rows.into_iter().map(|row| (row, 0)).collect())
    }

    /// The same of rows that can be large, each with its weight in bytes.
    pub fn cut_by_weight<T>(&self, rows: Vec<(T, i64)>) -> Stretch<T> {
        let (all, limit) = (
            rows.len(),
            usize::try_from(self.limit).unwrap_or(usize::MAX),
        );
        let mut weight = 0_i64;
        let fitting = rows.into_iter().take(limit).enumerate();
        let fitting = fitting.map_while(|(place, (row, bytes))| {
            weight = weight.saturating_add(bytes);
            (place == 0 || weight <= self.bytes).then_some(row)
        });
        let items: Vec<T> = fitting.collect();
        let more = items.len() < all;
        Stretch { items, more }
    }
}

/// The SQL of a row's weight: the bytes of the texts in these columns. What the database keeps as it is it need not read
/// for that; what it has compressed it reads, because a few bytes can stand for very many.
macro_rules! weight {
    ($first:expr $(, $rest:expr)* $(,)?) => {
        concat!("(", $crate::query::weight!(@of $first), $(" + ", $crate::query::weight!(@of $rest),)* ")::bigint")
    };
    (@of $column:expr) => {
        concat!(
            "coalesce(CASE WHEN pg_column_compression(", $column, ") IS NULL THEN pg_column_size(", $column,
            ") ELSE octet_length(", $column, "::text) END, 0)"
        )
    };
}
pub(crate) use weight;

#[cfg(test)]
mod tests {
    use crate::query::{Narrowing, Page};

    fn cut(limit: i64, weights: &[i64]) -> (usize, bool) {
        let page = Page {
            terms: Vec::new(),
            after: None,
            limit,
            narrowing: Narrowing::default(),
            bytes: 100,
            binding: String::new(),
        };
        let rows = weights.iter().map(|weight| ((), *weight)).collect();
        let part = page.cut_by_weight(rows);
        (part.items.len(), part.more)
    }

    #[test]
    fn a_page_ends_where_it_is_full_and_has_one_item_at_least() {
        assert_eq!(cut(3, &[]), (0, false));
        assert_eq!(cut(3, &[10, 10, 10]), (3, false));
        assert_eq!(cut(3, &[10, 10, 10, 10]), (3, true));
        assert_eq!(cut(3, &[60, 40, 1]), (2, true));
        assert_eq!(cut(3, &[1000, 1]), (1, true));
        assert_eq!(cut(3, &[1000]), (1, false));
        assert_eq!(cut(3, &[i64::MAX, i64::MAX]), (1, true));
    }
}
