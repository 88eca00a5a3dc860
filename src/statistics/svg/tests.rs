use proptest::prelude::*;
use serde_json::json;

use super::super::counts::{Count, ProgrammeCounts};
use super::super::matrix::tests::sample;
use super::super::matrix::{MatrixBy, MatrixColumn};
use super::{LEADING, heading};

/// Fails unless the markup is well formed; answers its texts.
fn texts(svg: &str) -> Vec<String> {
    let (mut open, mut texts) = (Vec::new(), Vec::new());
    let mut rest = svg;
    while let Some(begin) = rest.find('<') {
        let text = &rest[..begin];
        assert!(!text.contains('>'), "{text}");
        for (at, _) in text.match_indices('&') {
            let end = text[at..].find(';').unwrap_or_else(|| panic!("{text}"));
            let known = ["&amp;", "&lt;", "&gt;", "&quot;", "&#39;"];
            assert!(known.contains(&&text[at..=at + end]), "{text}");
        }
        if !text.trim().is_empty() {
            texts.push(text.to_owned());
        }
        let end = begin + rest[begin..].find('>').unwrap();
        let tag = &rest[begin + 1..end];
        assert!(
            !tag.contains('<') && tag.matches('"').count().is_multiple_of(2),
            "{tag}"
        );
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "{tag}");
        } else if !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap());
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty() && rest.trim().is_empty());
    texts
}

#[test]
fn the_picture_shows_each_goal_each_city_and_each_count_and_tells_what_it_is() {
    let matrix = sample();
    let svg = matrix.to_svg("en");
    let texts = texts(&svg);
    for city in &matrix.columns {
        let name = city.name.best("en");
        assert!(
            texts.iter().any(|text| name.starts_with(text.as_str())),
            "{name}"
        );
    }
    for goal in &matrix.goals {
        assert!(texts.contains(&goal.number.to_string()));
        assert!(
            svg.contains(&format!("fill=\"{}\"", goal.colour)),
            "{}",
            goal.colour
        );
    }
    let cells = matrix
        .goals
        .iter()
        .flat_map(|goal| &goal.counts)
        .filter(|count| **count > 0)
        .count();
    assert_eq!(svg.matches("<g><title>").count(), cells);
    assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" aria-labelledby=\"title description\" lang=\"en\""));
    assert!(
        texts[1].starts_with("A table of 17 goals by 16 columns. Served most: "),
        "{}",
        texts[1]
    );
    assert!(!svg.contains("<script") && !svg.contains("style"));
}

#[test]
fn the_picture_speaks_japanese() {
    let svg = sample().to_svg("ja");
    let texts = texts(&svg);
    assert_eq!(texts[0], "都市別に見る行動計画とSDGs");
    for expected in ["横浜市", "気候変動に具体的な対策を", "全体", "計画数"] {
        assert!(texts.iter().any(|text| text == expected), "{expected}");
    }
    assert!(svg.contains("lang=\"ja\""));
}

#[test]
fn nothing_published_is_a_picture_too() {
    let mut matrix = sample();
    matrix.by = MatrixBy::Pairing;
    matrix.columns.clear();
    for goal in &mut matrix.goals {
        goal.counts.clear();
        goal.plans = 0;
    }
    let svg = matrix.to_svg("en");
    assert!(texts(&svg)[1].ends_with("No published plan serves a goal yet."));
}

/// Writes the pictures where `IUC_PICTURES` says, for somebody to look at.
#[test]
fn pictures_can_be_looked_at() {
    let Ok(folder) = std::env::var("IUC_PICTURES") else {
        return;
    };
    let mut pairings = sample();
    pairings.by = MatrixBy::Pairing;
    pairings.columns = pairings
        .columns
        .chunks(2)
        .map(|cities| MatrixColumn {
            id: format!("{}-{}", cities[0].id, cities[1].id),
            name: serde_json::from_value(json!({
                "en": format!("{} – {}", cities[0].name.best("en"), cities[1].name.best("en")),
                "ja": format!("{} – {}", cities[0].name.best("ja"), cities[1].name.best("ja")),
            }))
            .unwrap(),
            plans: 2,
        })
        .collect();
    for goal in &mut pairings.goals {
        goal.counts.truncate(8);
        goal.counts.iter_mut().for_each(|count| *count *= 5);
    }
    for (name, matrix) in [("cities", sample()), ("pairings", pairings)] {
        for language in ["en", "ja"] {
            std::fs::write(
                format!("{folder}/{name}-{language}.svg"),
                matrix.to_svg(language),
            )
            .unwrap();
        }
    }
}

proptest! {
    #[test]
    fn whatever_a_city_is_called_the_picture_is_well_formed(names in prop::collection::vec("\\PC{1,60}", 0..6), count in 0..i64::from(u32::MAX)) {
        let mut matrix = sample();
        matrix.columns.truncate(names.len());
        for (column, name) in matrix.columns.iter_mut().zip(&names) {
            column.name = serde_json::from_value(json!({"en": name, "ja": format!("<script>{name}]]>&amp;\"'")})).unwrap();
        }
        matrix.goals[3].counts[0] = count;
        matrix.goals[4].colour = names.first().cloned().unwrap_or_default();
        for language in ["en", "ja"] {
            let svg = matrix.to_svg(language);
            texts(&svg);
            prop_assert!(!svg.contains("<script"));
        }
    }
}

/// How far each line of a column's name is from the left edge, across the slope on which the names stand, by column.
fn lanes(svg: &str) -> Vec<Vec<f64>> {
    let number = |text: &str| {
        let end = text.find([' ', '"', ')']).unwrap();
        text[..end].parse::<f64>().unwrap()
    };
    let groups = svg.split("<g transform=\"translate(").skip(1);
    let lanes = groups.map(|group| {
        let x = number(group);
        let drawn = group.split("</g>").next().unwrap();
        let lines = drawn.split(" y=\"").skip(1).map(number);
        lines
            .map(|y| x * std::f64::consts::FRAC_1_SQRT_2 + y)
            .collect()
    });
    lanes.collect()
}

#[test]
fn the_names_of_columns_do_not_collide_however_long_they_are() {
    let mut matrix = sample();
    let long =
        "ドノスティア・サンセバスティアン市・グルノーブル・アルプス都市圏 – 弘前市・豊田市・一宮市";
    for (index, column) in matrix.columns.iter_mut().enumerate() {
        if index % 3 > 0 {
            column.name = serde_json::from_value(json!({"ja": long})).unwrap();
        }
    }
    let lanes = lanes(&matrix.to_svg("ja"));
    assert_eq!(lanes.len(), matrix.columns.len());
    assert!(lanes.iter().any(|lines| lines.len() == 2));
    for lines in &lanes {
        assert!(lines.windows(2).all(|pair| pair[1] - pair[0] >= LEADING));
    }
    for pair in lanes.windows(2) {
        let (end, begin) = (pair[0].last().unwrap(), pair[1].first().unwrap());
        assert!(begin - end > LEADING + 2.0, "{pair:?}");
    }
}

#[test]
fn a_pairing_that_needs_two_lines_is_broken_between_its_sides() {
    assert_eq!(
        heading("ドノスティア・サンセバスティアン市 – 弘前市"),
        ["ドノスティア・サンセバスティアン市 – 弘前市"]
    );
    assert_eq!(
        heading("Frankfurt, Essen, San Sebastián, Ioannina – Yokohama, Koriyama"),
        [
            "Frankfurt, Essen, San Sebastián, Ioannina –",
            "Yokohama, Koriyama"
        ]
    );
}

#[test]
fn the_counts_of_the_programme_are_told_in_parts_with_their_whole_labels() {
    let count =
        |of: &str, by: Option<&str>, value: Option<&str>, name: Option<&str>, count| Count {
            of: of.to_owned(),
            by: by.map(str::to_owned),
            value: value.map(str::to_owned),
            name: name.map(|name| serde_json::from_value(json!({"ja": name})).unwrap()),
            count,
        };
    let solutions = "都市における自然に根ざした解決策";
    let counts = ProgrammeCounts {
        items: vec![
            count("pairings", None, None, None, 8),
            count("pairings", Some("year"), Some("2017"), None, 5),
            count("pairings", Some("subject"), Some("a"), Some(solutions), 1),
            count("action_plans", None, None, None, 0),
        ],
    };
    let texts = texts(&counts.to_svg("ja"));
    assert_eq!(texts[0], "数で見るプログラム");
    assert_eq!(texts[1], "ペアリング：8、公開済みの行動計画：0");
    for expected in [
        "ペアリング",
        "8",
        "年別",
        "2017",
        "5",
        "テーマ別",
        solutions,
        "公開済みの行動計画",
        "0",
    ] {
        assert!(
            texts.iter().any(|text| text == expected),
            "{expected}: {texts:?}"
        );
    }
}
