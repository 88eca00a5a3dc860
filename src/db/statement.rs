//! Statements that are written by hand: their `:names` stand for values, and they stay prepared.

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::result::{Error, QueryResult};

/// What the names of a statement stand for.
pub trait Values {
    /// Hands over the value of a name; [`no_value`] where there is none of it.
    fn bind<'b>(&'b self, name: &str, out: &mut AstPass<'_, 'b, Pg>) -> QueryResult<()>;
}

/// A statement with its values. Its text has no `:` but before a name.
pub struct Statement<V> {
    /// The text.
    pub sql: &'static str,
    /// The values.
    pub values: V,
}

/// What [`Values::bind`] answers of a name that stands for nothing.
pub fn no_value(name: &str) -> QueryResult<()> {
    Err(Error::QueryBuilderError(
        format!("the statement names no value: {name}").into(),
    ))
}

impl<V> QueryId for Statement<V> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<V, Conn> diesel::RunQueryDsl<Conn> for Statement<V> {}

impl<V: Values> QueryFragment<Pg> for Statement<V> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let mut parts = self.sql.split(':');
        out.push_sql(parts.next().unwrap_or_default());
        for part in parts {
            let end = part
                .find(|c: char| !c.is_ascii_lowercase() && c != '_')
                .unwrap_or(part.len());
            let (name, sql) = part.split_at(end);
            self.values.bind(name, &mut out)?;
            out.push_sql(sql);
        }
        Ok(())
    }
}
