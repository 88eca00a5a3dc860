//! What is told about a plan: what submitting it would say.

use serde_json::{Value, json};

use crate::support::App;
use crate::support::kinds::{bare_plan, plan};

#[tokio::test]
async fn the_validation_tells_section_by_section_what_is_missing() {
    let app = App::start().await;
    let owner = app.city_user("yokohama").await;
    let bare = bare_plan("yokohama", "frankfurt-yokohama");
    let made = owner.post("/v1/action-plans", bare).await.expect(201);
    let path = format!("/v1/action-plans/{}", made.id());
    let told = owner.get(&format!("{path}/validation")).await.expect(200);
    assert_eq!(told.body["complete"], false);
    let section = |reply: &Value, field: &str| {
        let sections = reply["sections"].as_array().unwrap();
        let found = sections.iter().find(|section| section["field"] == field);
        found.unwrap().clone()
    };
    let objectives = section(&told.body, "objectives");
    assert_eq!(
        objectives,
        json!({"field": "objectives", "section": 1, "required": true, "complete": false,
            "faults": [{"pointer": "/objectives", "code": "required", "detail": "This is required."}]})
    );
    let joint = section(&told.body, "joint_actions");
    assert_eq!(
        (&joint["required"], &joint["complete"]),
        (&json!(false), &json!(true))
    );

    let mut whole = plan(&["yokohama"], "frankfurt-yokohama");
    whole["activities"][1]["description"] = json!({"de": "Eine Karte"});
    whole["joint_actions"][0]["with"] = json!(["frankfurt"]);
    let made = owner.put(&path, &made.etag(), whole).await.expect(200);
    let told = owner.get(&format!("{path}/validation")).await.expect(200);
    let activities = section(&told.body, "activities");
    let fault = &activities["faults"][0];
    assert_eq!(fault["pointer"], "/activities/1/description/en");
    assert_eq!(fault["code"], "missing_language");
    let mended =
        json!([{"op": "replace", "path": "/activities/1/description", "value": {"en": "A map"}}]);
    owner
        .json_patch(&path, &made.etag(), mended)
        .await
        .expect(200);
    let told = owner.get(&format!("{path}/validation")).await.expect(200);
    assert_eq!(told.body["complete"], true, "{told}");

    let again = owner
        .request("GET", &format!("{path}/validation"))
        .header("If-None-Match", &told.etag())
        .send()
        .await;
    assert_eq!(again.status, 304);
    let partner = app.city_user("frankfurt").await;
    let hidden = partner.get(&format!("{path}/validation")).await;
    hidden.problem("not_found");
}
