//! Action plans on their way through life.

use serde_json::{Value, json};

use super::{App, Client, Reply};

/// A plan of the pairing of Frankfurt and Yokohama that has all that its template asks for, without joint actions.
pub fn complete_plan(proponents: &[&str]) -> Value {
    json!({
        "proponents": proponents,
        "pairing": "frankfurt-yokohama",
        "title": {"en": "A city of bridges"},
        "sdg_relevance": [{"goal": "11"}],
        "executive_summary": {"en": "Bridges."},
        "objectives": {"en": "More bridges."},
        "context": {"en": "Two rivers."},
        "inputs": {"text": {"en": "The partner's bridges."}},
        "activities": [{"key": "bridge", "title": {"en": "A bridge"}, "description": {"en": "Over the river."},
            "sdg_targets": ["11.2"]}],
        "implementation": {"text": {"en": "By the city."}},
        "risks": [{"key": "flood", "description": {"en": "A flood"}}],
        "follow_up": {"text": {"en": "Every year."}, "indicators": [{"key": "bridges", "name": {"en": "Bridges"}}]}
    })
}

/// The same with a joint action for each of these cities, under its id as key.
pub fn joint_plan(proponents: &[&str], with: &[&str]) -> Value {
    let mut plan = complete_plan(proponents);
    let actions = with.iter().map(|city| {
        json!({"key": city, "title": {"en": format!("With {city}")}, "description": {"en": "Together."}, "with": [city]})
    });
    plan["joint_actions"] = actions.collect();
    plan
}

/// Makes it; answers its path.
pub async fn make(client: &Client, plan: Value) -> String {
    let made = client.post("/v1/action-plans", plan).await.expect(201);
    format!("/v1/action-plans/{}", made.id())
}

/// Brings a plan to a status.
pub async fn to(client: &Client, path: &str, to: &str) -> Reply {
    let body = json!({"to": to, "comment": "For this reason."});
    client.post(&format!("{path}/transitions"), body).await
}

/// Answers a joint action.
pub async fn consent(client: &Client, path: &str, key: &str, decision: &str) -> Reply {
    let path = format!("{path}/joint-actions/{key}/consent");
    client.post(&path, json!({"decision": decision})).await
}

/// A service with Frankfurt, Yokohama and an admin signed in.
pub async fn cast() -> (App, Client, Client, Client) {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    let yokohama = app.city_user("yokohama").await;
    let admin = app.admin().await;
    (app, frankfurt, yokohama, admin)
}

impl Reply {
    /// Demands a conflict (409) of this kind with exactly these faults, in any order.
    #[track_caller]
    pub fn conflict(self, code: &str, expected: &[(&str, &str)]) -> Self {
        let reply = self.problem(code);
        let mut found = reply.faults();
        let place = |&(place, code): &(&str, &str)| (place.to_owned(), code.to_owned());
        let mut expected: Vec<_> = expected.iter().map(place).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{reply}");
        reply
    }

    /// What the caller may do with the plan.
    pub fn actions(&self) -> Vec<String> {
        let actions = self.body["actions"].as_array().cloned();
        let actions = actions.unwrap_or_else(|| panic!("no actions: {self}"));
        actions
            .iter()
            .map(|action| action.as_str().unwrap_or_default().to_owned())
            .collect()
    }
}
