//! What the order, the cursor and the sight of a caller become in SQL: expressions of diesel.

use diesel::expression::{
    AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate,
};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::QueryResult;
use diesel::sql_types::{BigInt, Bool, Text, Timestamptz, Uuid as SqlUuid};

use super::{DEFAULT_LIMIT, Key, KeyType, Term};

/// The condition of [`Page::keyset`](super::Page::keyset) as a diesel expression.
#[derive(Clone, Debug)]
pub struct Keyset {
    pub(super) terms: Vec<Term>,
    pub(super) after: Option<Vec<Key>>,
}

/// The order of [`Page::order`](super::Page::order) as a diesel expression.
#[derive(Clone, Debug)]
pub struct Order {
    pub(super) terms: Vec<Term>,
}

/// How many bytes the texts of a row have, by SQL that `weight!` makes. Not diesel's `sql`, whose statements PostgreSQL
/// would parse and plan anew with each request.
#[derive(Clone, Copy, Debug)]
pub struct Weight(pub &'static str);

/// A query for the rows of a page of the usual length at most ([`Page::is_usual`](super::Page::is_usual)), which says so in
/// its text. PostgreSQL takes a limit that it learns with the request for a tenth of all rows: where there are many, it
/// would rather plan each request anew than keep a plan for them. For rows that stand together in the index of their
/// order, whatever the parameters: only there one plan is as good as all.
#[derive(Clone, Copy, Debug, QueryId)]
pub struct Short<Q>(pub Q);

/// What of a table a caller may see: a condition that begins every statement which reads the table.
#[derive(Clone, Debug)]
pub struct Sight {
    sql: &'static str,
    key: Option<Key>,
}

impl Sight {
    /// The rows for which `sql` holds; it is the same text for all callers, so that its statements stay prepared.
    pub fn of(sql: &'static str) -> Self {
        Self { sql, key: None }
    }

    /// The rows for which `sql` holds, in which each `?` stands for `key`: the caller's city or account.
    pub fn by(sql: &'static str, key: Key) -> Self {
        Self {
            sql,
            key: Some(key),
        }
    }
}

impl<Q: Query> Query for Short<Q> {
    type SqlType = Q::SqlType;
}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Short<Q> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT * FROM (");
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(") AS page LIMIT ");
        out.push_sql(&(DEFAULT_LIMIT + 1).to_string());
        Ok(())
    }
}

impl QueryFragment<Pg> for Weight {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(self.0);
        Ok(())
    }
}

impl QueryFragment<Pg> for Sight {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("(");
        for (place, part) in self.sql.split('?').enumerate() {
            if let (true, Some(key)) = (place > 0, &self.key) {
                push_key(&mut out, key, KeyType::Text)?;
            }
            out.push_sql(part);
        }
        out.push_sql(")");
        Ok(())
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

dynamic_expression!(Weight, BigInt);
dynamic_expression!(Sight, Bool);
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
