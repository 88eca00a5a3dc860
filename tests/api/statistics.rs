//! What the programme counts, and which goals the published plans serve.

use serde_json::Value;

use crate::support::App;

fn count<'a>(body: &'a Value, of: &str, by: Option<&str>, value: Option<&str>) -> &'a Value {
    let items = body["items"].as_array().unwrap();
    let found = items.iter().find(|item| {
        item["of"] == of && item["by"].as_str() == by && item["value"].as_str() == value
    });
    &found.unwrap_or_else(|| panic!("no count of {of} by {by:?} {value:?}"))["count"]
}

#[tokio::test]
async fn the_programme_is_counted_as_the_report_tells_it() {
    let app = App::start().await;
    let body = app
        .anonymous()
        .get("/v1/statistics/programme")
        .await
        .expect(200)
        .body;
    assert_eq!(count(&body, "cities", None, None), 16);
    assert_eq!(count(&body, "cities", Some("side"), Some("jp")), 8);
    assert_eq!(count(&body, "pairings", Some("year"), Some("2017")), 5);
    assert_eq!(count(&body, "pairings", Some("status"), Some("active")), 8);
    assert_eq!(count(&body, "meetings", None, None), 4);
    assert_eq!(count(&body, "tours", Some("status"), Some("completed")), 1);
    assert_eq!(count(&body, "action_plans", None, None), 0);
}

#[tokio::test]
async fn tables_come_as_json_csv_and_pictures_in_both_languages() {
    let app = App::start().await;
    let caller = app.anonymous();
    let matrix = caller
        .get("/v1/statistics/sdgs?by=pairing")
        .await
        .expect(200)
        .body;
    assert_eq!(matrix["goals"].as_array().unwrap().len(), 17);
    assert_eq!(matrix["columns"].as_array().unwrap().len(), 8);
    assert_eq!(matrix["plans"], 0);
    for path in ["/v1/statistics/sdgs", "/v1/statistics/programme"] {
        for (format, media_type) in [("csv", "text/csv; charset=utf-8"), ("svg", "image/svg+xml")] {
            let reply = caller
                .get(&format!("{path}?format={format}&lang=ja"))
                .await
                .expect(200);
            assert_eq!(reply.header("content-type"), media_type);
        }
    }
    let reply = caller.get("/v1/statistics/sdgs?format=png").await;
    assert_eq!(reply.problem("invalid_input").faults()[0].0, "format");
}
