//! What happens at the same moment to one action plan: whatever comes first, what is published was consented to.

use std::collections::HashMap;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::cluster::connect;
use crate::support::plans::{cast, consent, joint_plan, make, to};
use crate::support::{App, Client, Reply};

const ROUNDS: usize = 25;

/// Demands that each consent in an approved version was given to the very text that it stands beside.
async fn every_consent_is_for_the_text_that_was_approved(app: &App) -> usize {
    let rows = app
        .rows("SELECT plan, status, document FROM action_plan_versions")
        .await;
    let text = |action: &Value| json!([action["title"], action["description"]]);
    let (mut given, mut approved): (HashMap<String, Value>, _) = (HashMap::new(), Vec::new());
    for row in &rows {
        let [plan, status, document] = [0, 1, 2].map(|column| row[column].clone().unwrap());
        let document: Value = serde_json::from_str(&document).unwrap();
        for action in document["joint_actions"].as_array().unwrap() {
            given.insert(
                format!("{plan} {} {}", action["key"], document["updated_at"]),
                text(action),
            );
            if status == "approved" {
                approved.push((plan.clone(), action.clone()));
            }
        }
    }
    for (plan, action) in &approved {
        for consent in action["consents"].as_array().unwrap() {
            assert_eq!(consent["decision"], "accepted", "{plan}");
            let at = format!("{plan} {} {}", action["key"], consent["at"]);
            assert_eq!(given.get(&at), Some(&text(action)), "{plan}");
        }
        assert_eq!(action["consents"].as_array().unwrap().len(), 1);
    }
    approved.len()
}

/// The readers' rows say what the plans say.
async fn readers_are_in_step(app: &App) {
    let wrong = app
        .count(
            "action_plans JOIN action_plan_readers ON plan = id WHERE CASE reader WHEN '*' \
             THEN action_plan_readers.version IS DISTINCT FROM published_version \
             ELSE action_plan_readers.version <> action_plans.version END",
        )
        .await;
    assert_eq!(wrong, 0);
    let missing = app
        .count(
            "action_plans WHERE (published_version IS NULL) = \
             EXISTS (SELECT FROM action_plan_readers WHERE plan = id AND reader = '*')",
        )
        .await;
    assert_eq!(missing, 0);
}

async fn reword(client: &Client, path: &str, round: usize) -> Reply {
    let patch = json!([{"op": "replace", "path": "/joint_actions/0/description", "value": {"en": format!("Round {round}.")}}]);
    client.json_patch(path, "*", patch).await
}

#[track_caller]
fn one_of(reply: &Reply, outcomes: &[&str]) {
    let outcome = if reply.status == 200 {
        "done".to_owned()
    } else {
        reply.code()
    };
    assert!(
        outcomes.contains(&outcome.as_str()),
        "{outcomes:?}: {reply}"
    );
}

#[tokio::test]
async fn whatever_meets_what_is_approved_was_consented_to() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let mut outcomes: HashMap<String, usize> = HashMap::new();
    for round in 0..ROUNDS {
        let path = &make(&frankfurt, joint_plan(&["frankfurt"], &["yokohama"])).await;
        to(&frankfurt, path, "submitted").await.expect(200);
        let agree = async || consent(&yokohama, path, "yokohama", "accepted").await;
        match round % 5 {
            // Consent against edit, and an approval that hopes for both.
            0 => {
                let (agreed, edited, approved) = futures_util::join!(
                    agree(),
                    reword(&frankfurt, path, round),
                    to(&admin, path, "approved")
                );
                one_of(&agreed, &["done", "plan_not_submitted"]);
                one_of(&edited, &["done"]);
                one_of(&approved, &["done", "consent_missing"]);
            }
            // Edit against approval.
            1 => {
                let seen = agree().await.expect(200);
                let (edited, approved) = futures_util::join!(
                    reword(&frankfurt, path, round),
                    to(&admin, path, "approved")
                );
                one_of(&edited, &["done"]);
                one_of(&approved, &["done", "consent_missing"]);
                assert_ne!(edited.etag(), seen.etag());
                let first = if approved.status == 200 {
                    "approval first"
                } else {
                    "edit first"
                };
                *outcomes.entry(first.to_owned()).or_default() += 1;
            }
            // Two approvals, of the state that was read and of whatever there is.
            2 => {
                let seen = agree().await.expect(200);
                let strict = admin.request("POST", &format!("{path}/transitions"));
                let strict = strict
                    .header("If-Match", &seen.etag())
                    .json(&json!({"to": "approved"}));
                let (one, other) = futures_util::join!(to(&admin, path, "approved"), strict.send());
                assert_eq!(
                    [one.status, other.status]
                        .iter()
                        .filter(|it| **it == 200)
                        .count(),
                    1
                );
                one_of(&one, &["done", "transition_not_possible"]);
                one_of(&other, &["done", "precondition_failed"]);
            }
            // Consent against withdrawal.
            3 => {
                let (agreed, gone) =
                    futures_util::join!(agree(), to(&frankfurt, path, "withdrawn"));
                one_of(&agreed, &["done", "not_found"]);
                one_of(&gone, &["done"]);
                assert_eq!(frankfurt.get(path).await.body["status"], "withdrawn");
            }
            // Everything at once.
            _ => {
                let all = (0..4).map(async |_| {
                    futures_util::join!(
                        agree(),
                        reword(&frankfurt, path, round),
                        to(&admin, path, "approved"),
                        to(&frankfurt, path, "submitted")
                    )
                });
                for (agreed, edited, approved, submitted) in join_all(all).await {
                    one_of(
                        &agreed,
                        &["done", "plan_not_submitted", "not_found", "not_asked"],
                    );
                    one_of(&edited, &["done"]);
                    one_of(
                        &approved,
                        &["done", "consent_missing", "transition_not_possible"],
                    );
                    one_of(&submitted, &["done", "transition_not_possible"]);
                }
            }
        }
    }
    assert!(every_consent_is_for_the_text_that_was_approved(&app).await > 0);
    readers_are_in_step(&app).await;
    let gaps = app
        .count("(SELECT plan FROM action_plan_versions GROUP BY plan HAVING count(*) <> max(version)) AS gaps")
        .await;
    assert_eq!(gaps, 0);
    assert!(!outcomes.is_empty());
}

#[tokio::test]
async fn a_pairing_that_changes_while_plans_are_submitted_leaves_no_reader_out_of_step() {
    let (app, frankfurt, _, admin) = cast().await;
    let mut paths = Vec::new();
    for _ in 0..3 {
        paths.push(make(&frankfurt, joint_plan(&["frankfurt"], &["yokohama"])).await);
    }
    for round in 0..ROUNDS {
        let cities = if round % 2 == 0 {
            json!(["frankfurt", "essen"])
        } else {
            json!(["frankfurt"])
        };
        let pair = admin.patch(
            "/v1/pairings/frankfurt-yokohama",
            "*",
            json!({"eu_cities": cities}),
        );
        let moves = paths.iter().map(async |path| {
            let way = if round % 2 == 0 {
                "submitted"
            } else {
                "returned"
            };
            let moved = to(&admin, path, way).await.expect(200);
            reword(&frankfurt, path, round).await.expect(200);
            moved
        });
        let (paired, _) = futures_util::join!(pair, join_all(moves));
        paired.expect(200);
        readers_are_in_step(&app).await;
        let essen = app
            .count("action_plan_readers WHERE reader = 'essen'")
            .await;
        assert_eq!(essen, if round % 2 == 0 { 3 } else { 0 }, "round {round}");
    }
}

#[tokio::test]
async fn who_changes_a_pairing_waits_for_the_plan_that_is_being_submitted() {
    let (app, frankfurt, _, admin) = cast().await;
    let path = make(&frankfurt, joint_plan(&["frankfurt"], &["yokohama"])).await;
    let submitting = connect(&app.database_url).await;
    let submit = "BEGIN; UPDATE action_plans SET status = 'submitted'";
    submitting.batch_execute(submit).await.unwrap();
    let essen = app.city_user("essen").await;
    let change = json!({"eu_cities": ["frankfurt", "essen"]});
    let pair = admin.patch("/v1/pairings/frankfurt-yokohama", "*", change);
    let end = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        submitting.batch_execute("COMMIT").await.unwrap();
    };
    let (paired, ()) = futures_util::join!(pair, end);
    paired.expect(200);
    essen.get(&path).await.expect(200);
}
