//! Counting, in the database: a few statements, sent at once.

use std::collections::{BTreeMap, HashMap};

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Integer, Nullable, Text as SqlText};
use diesel_async::RunQueryDsl;
use futures_util::try_join;

use super::counts::{Count, ProgrammeCounts};
use super::matrix::{MatrixBy, MatrixColumn, MatrixGoal, SdgMatrix};
use crate::db::Connection;
use crate::schema::{cities, pairings, sdgs};
use crate::text::Title;

/// Published plans of one column that serve one goal; of all columns, of all goals.
#[derive(diesel::QueryableByName)]
struct Cell {
    #[diesel(sql_type = Nullable<SqlText>)]
    column: Option<String>,
    #[diesel(sql_type = Nullable<Integer>)]
    goal: Option<i32>,
    #[diesel(sql_type = Bool)]
    of_all_columns: bool,
    #[diesel(sql_type = Bool)]
    of_all_goals: bool,
    #[diesel(sql_type = BigInt)]
    plans: i64,
}

/// How many published plans serve which goal.
pub async fn count_goals(conn: &Connection, by: MatrixBy) -> QueryResult<SdgMatrix> {
    let (cells, goals, columns) = try_join!(
        list_cells(conn, by),
        list_goals(conn),
        list_columns(conn, by)
    )?;
    let mut counts: HashMap<(Option<String>, Option<i32>), i64> = HashMap::new();
    for cell in cells {
        let unserved = cell.goal.is_none() && !cell.of_all_goals;
        let nowhere = cell.column.is_none() && !cell.of_all_columns;
        if !unserved && !nowhere {
            counts.insert((cell.column, cell.goal), cell.plans);
        }
    }
    let count = |column: Option<&String>, goal| {
        let key = (column.cloned(), goal);
        counts.get(&key).copied().unwrap_or_default()
    };
    let goals = goals.into_iter().map(|(number, title, colour)| {
        let of = |(id, _): &(String, Title)| count(Some(id), Some(number));
        MatrixGoal {
            number,
            title,
            colour,
            counts: columns.iter().map(of).collect(),
            plans: count(None, Some(number)),
        }
    });
    let goals = goals.collect();
    let plans = count(None, None);
    let columns = columns.iter().map(|(id, name)| MatrixColumn {
        id: id.clone(),
        name: name.clone(),
        plans: count(Some(id), None),
    });
    Ok(SdgMatrix {
        by,
        columns: columns.collect(),
        goals,
        plans,
    })
}

async fn list_cells(mut conn: &Connection, by: MatrixBy) -> QueryResult<Vec<Cell>> {
    let columns = match by {
        MatrixBy::City => "unnest(proponents)",
        MatrixBy::Pairing => "unnest(ARRAY[pairing])",
    };
    diesel::sql_query(format!(
        "SELECT \"column\", goal, grouping(\"column\") = 1 AS of_all_columns, grouping(goal) = 1 AS of_all_goals, \
             count(DISTINCT plan) AS plans \
         FROM action_plan_readers CROSS JOIN LATERAL {columns} AS \"column\" \
             LEFT JOIN LATERAL (SELECT split_part(code, '.', 1)::integer AS goal FROM unnest(sdgs) AS code) AS served ON true \
         WHERE reader = '*' \
         GROUP BY GROUPING SETS ((\"column\", goal), (\"column\"), (goal), ())"
    ))
    .load(&mut conn)
    .await
}

async fn list_goals(mut conn: &Connection) -> QueryResult<Vec<(i32, Title, String)>> {
    sdgs::table
        .order(sdgs::number)
        .select((sdgs::number, sdgs::title, sdgs::colour))
        .load(&mut conn)
        .await
}

async fn list_columns(mut conn: &Connection, by: MatrixBy) -> QueryResult<Vec<(String, Title)>> {
    let mut pairing_conn = conn;
    let cities = cities::table
        .order((cities::side, cities::id))
        .select((cities::id, cities::name))
        .load::<(String, Title)>(&mut conn);
    if by == MatrixBy::City {
        return cities.await;
    }
    let pairings = pairings::table
        .order((pairings::number, pairings::id))
        .select((pairings::id, pairings::eu_cities, pairings::jp_cities))
        .load::<(String, Vec<String>, Vec<String>)>(&mut pairing_conn);
    let (cities, pairings) = try_join!(cities, pairings)?;
    let cities: BTreeMap<String, Title> = cities.into_iter().collect();
    let named = pairings.into_iter().map(|(id, eu, jp)| {
        let name = |language: &str, comma: &str| {
            let side = |ids: &[String]| {
                let names = ids.iter().filter_map(|id| cities.get(id));
                let names: Vec<_> = names.map(|name| name.best(language)).collect();
                names.join(comma)
            };
            format!("{} – {}", side(&eu), side(&jp))
        };
        let name = Title::in_both(name("en", ", "), name("ja", "・"));
        (id, name)
    });
    Ok(named.collect())
}

/// What the programme counts.
pub async fn count_programme(mut conn: &Connection) -> QueryResult<ProgrammeCounts> {
    let items = diesel::sql_query(include_str!("counts.sql"))
        .load::<Count>(&mut conn)
        .await?;
    Ok(ProgrammeCounts { items })
}
