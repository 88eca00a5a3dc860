use proptest::prelude::*;
use serde_json::{Value, json};

use super::page::COLUMNS;
use super::*;
use crate::action_plans::samples::{empty, plan, with};
use crate::lines::width;

/// What a sheet of paper takes.
const LINES: usize = 60;

/// The programme's own pairing, with the names of all cities, subjects and goals.
fn programme() -> (Pairing, Names) {
    fn read(json: &str) -> Vec<Value> {
        serde_json::from_str(json).unwrap()
    }
    fn names<K: Ord>(items: &[Value], key: impl Fn(&Value) -> K, name: &str) -> BTreeMap<K, Title> {
        let pairs = items.iter();
        pairs
            .map(|item| {
                (
                    key(item),
                    serde_json::from_value(item[name].clone()).unwrap(),
                )
            })
            .collect()
    }
    let cities = read(include_str!("../../../data/programme/cities.json"));
    let subjects = read(include_str!("../../../data/programme/subjects.json"));
    let goals = read(include_str!("../../../data/programme/sdgs.json"));
    let pairing = read(include_str!("../../../data/programme/pairings.json")).swap_remove(0);
    let id = |item: &Value| item["id"].as_str().unwrap().to_owned();
    let names = Names {
        cities: names(&cities, |city| id(city).parse().unwrap(), "name"),
        subjects: names(&subjects, |subject| id(subject).parse().unwrap(), "name"),
        goals: names(
            &goals,
            |goal| i32::try_from(goal["number"].as_i64().unwrap()).unwrap(),
            "title",
        ),
    };
    (serde_json::from_value(pairing).unwrap(), names)
}

fn summarised(plan: &ActionPlan) -> PlanSummary {
    let (pairing, names) = programme();
    summary(plan, &pairing, &names)
}

#[test]
fn a_page_tells_what_the_plan_is_about() {
    insta::assert_snapshot!(summarised(&with(&[])).to_text("en"), @r"
    A greener harbour
    =================
    Proponents    Frankfurt
    Partners      Yokohama
    Pairing       1 (frankfurt-yokohama)
    Status        draft
    Themes        Smart cities
    Goals         11 Sustainable Cities and Communities (11.2, 11.7)
                  13 Climate Action

    Main activities
    - Plant trees: April 2019 to March 2020, ongoing, 40%
    - A tram line: about 2021, planned

    Expected results
    Half the traffic by 2030. Twice the trees.
    - Trees: 1200 trees (2018) → 2200 trees (2030)

    Joint actions
    - Summer school: with Yokohama
    ");
}

#[test]
fn a_page_in_japanese_says_what_is_told_in_english() {
    insta::assert_snapshot!(summarised(&with(&[])).to_text("ja"), @r"
    緑あふれる港
    ============
    提案都市      フランクフルト市
    パートナー    横浜市
    ペアリング    1 (frankfurt-yokohama)
    状況          作成中
    テーマ        スマートシティ
    SDGs          11 住み続けられるまちづくりを (11.2, 11.7)
                  13 気候変動に具体的な対策を

    主な活動
    - 植樹: 2019年4月〜2020年3月、実施中、40%
    - A tram line: 2021年頃、計画中

    期待される成果
    2030年までに交通量を半減し、樹木を倍にします。
    - Trees: 1200 trees (2018年) → 2200 trees (2030年)

    共同行動
    - Summer school: 横浜市と連携

    日本語がない部分は、英語で表示しています。
    ");
}

#[test]
fn a_page_in_a_language_that_the_plan_has_not_is_told_in_its_own() {
    let page = summarised(&with(&[])).to_text("fr");
    assert!(
        page.ends_with("\nNot written in French; shown in English.\n"),
        "{page}"
    );
    let page = summarised(&with(&[])).to_text("de-AT");
    assert!(page.starts_with("Ein grünerer Hafen\n"), "{page}");
    assert!(page.contains("Frankfurt am Main"), "{page}");
    assert!(
        page.ends_with("\nWhat is not there in German is shown in English.\n"),
        "{page}"
    );
    assert!(!summarised(&with(&[])).to_text("en").contains("shown in"));
}

#[test]
fn goals_and_targets_are_collected_from_the_plan_and_its_activities_in_their_order() {
    let plan = with(&[
        (
            "/sdg_relevance",
            json!([{"target": "11.b"}, {"goal": "13"}, {"target": "11.10"}, {"goal": "2"}]),
        ),
        ("/activities/0/sdg_targets", json!(["11.7", "11.b"])),
    ]);
    let goals = summarised(&plan).themes.goals;
    let told: Vec<_> = goals
        .iter()
        .map(|goal| {
            (
                goal.number,
                goal.targets
                    .iter()
                    .map(|code| code.0.as_str())
                    .collect::<Vec<_>>()
                    .join(" "),
            )
        })
        .collect();
    assert_eq!(
        told,
        [
            (2, String::new()),
            (11, "11.7 11.10 11.b".into()),
            (13, String::new())
        ]
    );
}

#[test]
fn dropped_activities_are_left_out_and_long_lists_are_counted() {
    let mut plan = with(&[]);
    let activity = plan.activities[0].clone();
    plan.activities.extend(vec![activity; 20]);
    let summary = summarised(&plan);
    assert_eq!(
        (summary.activities.len(), summary.totals.activities),
        (8, 22)
    );
    assert!(summary.activities.iter().all(|part| part.key.0 != "quay"));
    assert!(summary.to_text("en").contains("\n- and 14 more\n"));
}

#[test]
fn the_largest_plan_still_fits_the_page() {
    let title = |word: &str| json!({"en": word.repeat(300 / word.len()), "ja": "港".repeat(300)});
    let mut plan = with(&[
        ("/title", title("harbour ")),
        (
            "/objectives",
            json!({"en": "Half the traffic. ".repeat(1000), "ja": "交通量を半減する。".repeat(1000)}),
        ),
        (
            "/sdg_relevance",
            (1..=17)
                .map(|goal| json!({"goal": goal.to_string()}))
                .collect(),
        ),
        ("/activities/0/title", title("trees ")),
        (
            "/follow_up/indicators/0/name",
            title("Donaudampfschifffahrt"),
        ),
        (
            "/follow_up/indicators/0/unit",
            json!("passengers".repeat(30)),
        ),
        (
            "/follow_up/indicators/0/baseline",
            json!({"value": 999_999_999_999_999.5, "on": "2018-10-11~/2018-10-12~"}),
        ),
        ("/joint_actions/0/title", title("school ")),
    ]);
    plan.activities = vec![plan.activities[0].clone(); 200];
    plan.joint_actions = vec![plan.joint_actions[0].clone(); 200];
    let indicators = &mut plan.follow_up.as_mut().unwrap().indicators;
    *indicators = vec![indicators[0].clone(); 200];
    let (mut pairing, names) = programme();
    pairing.eu_cities = names.cities.keys().cloned().collect();
    pairing.jp_cities = pairing.eu_cities.clone();
    pairing.subjects = names.subjects.keys().cloned().collect();
    plan.proponents = pairing.eu_cities.clone();
    plan.joint_actions
        .iter_mut()
        .for_each(|part| part.with = pairing.jp_cities.clone());
    plan.proponents.truncate(15);
    for language in ["en", "ja", "fr"] {
        let page = summary(&plan, &pairing, &names).to_text(language);
        assert!(
            page.lines().count() <= LINES,
            "{}\n{page}",
            page.lines().count()
        );
        assert!(page.lines().all(|line| width(line) <= COLUMNS), "{page}");
    }
}

#[test]
fn a_plan_that_says_nothing_has_a_page() {
    let page = summarised(&empty()).to_text("en");
    assert!(
        page.starts_with("Untitled\n========\nProponents    Frankfurt\n"),
        "{page}"
    );
    assert!(!page.contains("Main activities"), "{page}");
}

proptest! {
    #[test]
    fn every_plan_fits_one_page_in_every_language(plan in plan()) {
        for language in ["en", "ja", "el"] {
            let page = summarised(&plan).to_text(language);
            prop_assert!(page.lines().count() <= LINES);
            prop_assert!(page.lines().all(|line| width(line) <= COLUMNS), "{}", page);
        }
    }
}
