//! A matrix: how many plans of each column serve each goal.

use serde::Serialize;
use utoipa::ToSchema;

use crate::column::words;
use crate::table::csv;
use crate::text::Title;

words! {
    /// What the columns of a matrix are.
    MatrixBy {
        /// Cities.
        City = "city",
        /// Pairings.
        Pairing = "pairing",
    }
}

/// How many published plans serve which goal, by city or by pairing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct SdgMatrix {
    /// What the columns are.
    pub by: MatrixBy,
    /// The columns, in order.
    #[schema(max_items = 1000)]
    pub columns: Vec<MatrixColumn>,
    /// The goals, in order.
    #[schema(max_items = 17)]
    pub goals: Vec<MatrixGoal>,
    /// How many published plans there are, each counted once.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub plans: i64,
}

/// A column of a matrix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MatrixColumn {
    /// Id of the city or pairing.
    #[schema(
        max_length = 80,
        pattern = "^[a-z0-9]+(-[a-z0-9]+)*$",
        example = "yokohama"
    )]
    pub id: String,
    /// What it is called; a pairing by its cities, such as Essen – Koriyama.
    pub name: Title,
    /// How many published plans it has.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub plans: i64,
}

/// A goal in a matrix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct MatrixGoal {
    /// Its number.
    #[schema(minimum = 1, maximum = 17)]
    pub number: i32,
    /// What it is called.
    pub title: Title,
    /// Its official colour.
    #[schema(max_length = 7, pattern = "^#[0-9A-F]{6}$", example = "#FD9D24")]
    pub colour: String,
    /// How many plans of each column serve it, in the order of the columns.
    #[schema(max_items = 1000, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub counts: Vec<i64>,
    /// How many plans serve it, each counted once: less than the sum where a plan stands in several columns.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    pub plans: i64,
}

impl SdgMatrix {
    /// As CSV: a line for each goal, with its number, its title in `language`, the count of each column under its id,
    /// and last how many plans there are in all.
    pub fn to_csv(&self, language: &str, bom: bool) -> Vec<u8> {
        let mut head = vec!["goal".to_owned(), "title".to_owned()];
        head.extend(self.columns.iter().map(|column| column.id.clone()));
        head.push("plans".to_owned());
        let goals = self.goals.iter().map(|goal| {
            let mut row = vec![
                goal.number.to_string(),
                goal.title.best(language).to_owned(),
            ];
            row.extend(goal.counts.iter().map(i64::to_string));
            row.push(goal.plans.to_string());
            row
        });
        csv([head].into_iter().chain(goals), bom)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn title(value: Value) -> Title {
        serde_json::from_value(value).unwrap()
    }

    /// The programme's goals and cities, with counts that stand for no real plans.
    pub fn sample() -> SdgMatrix {
        let read = |json: &str| serde_json::from_str::<Vec<Value>>(json).unwrap();
        let cities = read(include_str!("../../data/programme/cities.json"));
        let goals = read(include_str!("../../data/programme/sdgs.json"));
        let columns: Vec<MatrixColumn> = cities
            .iter()
            .zip(1..)
            .map(|(city, number)| MatrixColumn {
                id: city["id"].as_str().unwrap().to_owned(),
                name: title(city["name"].clone()),
                plans: 1 + number % 4,
            })
            .collect();
        let goals = goals.iter().zip(1_i64..).map(|(goal, number)| {
            let count =
                |column: i64| (number * 7 + column * 5 + number * column).rem_euclid(11) - 6;
            let counts: Vec<i64> = (1..)
                .take(columns.len())
                .map(|column| count(column).max(0))
                .collect();
            MatrixGoal {
                number: i32::try_from(number).unwrap(),
                title: title(goal["title"].clone()),
                colour: goal["colour"].as_str().unwrap().to_owned(),
                plans: counts.iter().sum::<i64>().min(40),
                counts,
            }
        });
        SdgMatrix {
            by: MatrixBy::City,
            goals: goals.collect(),
            plans: columns.iter().map(|column| column.plans).sum(),
            columns,
        }
    }

    #[test]
    fn a_table_has_a_line_for_each_goal() {
        let mut matrix = sample();
        matrix.goals[0].title = title(json!({"en": "=No Poverty", "ja": "貧困をなくそう"}));
        let text = String::from_utf8(matrix.to_csv("en", false)).unwrap();
        let lines: Vec<_> = text.split_terminator("\r\n").collect();
        assert_eq!(lines.len(), 18);
        assert!(
            lines[0].starts_with("goal,title,frankfurt,yokohama,"),
            "{}",
            lines[0]
        );
        assert!(lines[0].ends_with(",kamakura,plans"), "{}", lines[0]);
        assert!(lines[1].starts_with("1,'=No Poverty,"), "{}", lines[1]);
        assert!(
            lines.iter().all(|line| line.split(',').count() >= 19),
            "{text}"
        );
        let text = String::from_utf8(matrix.to_csv("ja", true)).unwrap();
        assert!(text.starts_with("\u{feff}goal,"), "{text}");
        assert!(text.contains("\r\n13,気候変動に具体的な対策を,"), "{text}");
    }
}
