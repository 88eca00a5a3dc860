//! Templates: what plans are written along stays as it was when they were begun.

use std::time::Duration;

use serde_json::json;

use crate::support::cluster::connect;
use crate::support::plans::{cast, complete_plan, make};

const TEMPLATE: &str = "/v1/templates/iuc-japan-1";

#[tokio::test]
async fn a_plan_stays_on_the_sections_that_it_was_begun_with() {
    let (app, frankfurt, _, admin) = cast().await;
    let template = admin.get(TEMPLATE).await.expect(200);
    let mut sections = template.body["sections"].clone();
    sections[0]["hint"] = json!({"en": "A short one."});
    let mended = json!({"sections": sections});
    let mended = admin.patch(TEMPLATE, "*", mended).await.expect(200);
    let plan = make(&frankfurt, complete_plan(&["frankfurt"])).await;
    let told = frankfurt
        .get(&format!("{plan}/validation"))
        .await
        .expect(200);
    sections[8]["required"] = json!(!sections[8]["required"].as_bool().unwrap());
    let events = app.events().await;
    let other = json!({"sections": sections});
    let refused = admin.patch(TEMPLATE, &mended.etag(), other.clone()).await;
    let refused = refused.problem("template_in_use");
    assert_eq!(refused.status, 409);
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains("Make a new template"), "{detail}");
    let mut whole = mended.body.clone();
    whole["sections"] = sections.clone();
    admin
        .put(TEMPLATE, "*", whole)
        .await
        .problem("template_in_use");
    assert_eq!(app.events().await, events, "nothing was stored");
    let mut hinted = mended.body["sections"].clone();
    hinted[1]["hint"] = json!({"en": "Your city.", "ja": "あなたの都市。"});
    let hinted = json!({"sections": hinted});
    admin.patch(TEMPLATE, "*", hinted).await.expect(200);
    let still = frankfurt.get(&format!("{plan}/validation")).await;
    assert_eq!(still.body, told.body);
    let name = json!({"name": {"en": "The first template"}});
    admin.patch(TEMPLATE, "*", name).await.expect(200);
    let next = json!({"programme": "iuc-japan", "name": {"en": "Second"}, "sections": sections});
    admin.post("/v1/templates", next).await.expect(201);
    frankfurt.delete(&plan, "*").await.expect(204);
    admin.patch(TEMPLATE, "*", other).await.expect(200);
}

#[tokio::test]
async fn a_template_waits_for_the_plan_that_is_just_begun_along_it() {
    let (app, frankfurt, _, admin) = cast().await;
    make(&frankfurt, complete_plan(&["frankfurt"])).await;
    let template = admin.get(TEMPLATE).await.expect(200).body;
    let mut sections = template["sections"].clone();
    let next = json!({"programme": "iuc-japan", "name": {"en": "Second"}, "sections": sections});
    admin.post("/v1/templates", next).await.expect(201);
    let conn = connect(&app.database_url).await;
    conn.batch_execute("BEGIN; UPDATE action_plans SET template = 'second'")
        .await
        .unwrap();
    sections[0]["required"] = json!(false);
    let body = json!({"sections": sections});
    let change = tokio::spawn(async move { admin.patch("/v1/templates/second", "*", body).await });
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!change.is_finished());
    conn.batch_execute("COMMIT").await.unwrap();
    change.await.unwrap().problem("template_in_use");
}
