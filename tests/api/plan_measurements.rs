//! Measurements of the indicators of plans: a series that only grows.

use serde_json::{Value, json};

use crate::support::App;
use crate::support::kinds::plan;

#[tokio::test]
async fn what_was_measured_is_added_read_and_never_changed() {
    let app = App::start().await;
    let owner = app.city_user("yokohama").await;
    let body = plan(&["yokohama"], "frankfurt-yokohama");
    let made = owner.post("/v1/action-plans", body).await.expect(201);
    let path = format!("/v1/action-plans/{}", made.id());
    let list = format!("{path}/indicators/riders/measurements");
    let mut ids = Vec::new();
    for (value, on) in [
        (1480.5, "2020-03-31"),
        (1200.0, "2019-03-31"),
        (1500.0, "2020-03-31"),
    ] {
        let body = json!({"value": value, "on": on, "note": {"en": "Counted"}});
        let made = owner.post(&list, body).await.expect(201);
        assert_eq!(
            made.header("location"),
            format!("{}{list}/{}", app.url, made.id())
        );
        let read = owner
            .get(&format!("{list}/{}", made.id()))
            .await
            .expect(200);
        assert_eq!((&read.body, read.etag()), (&made.body, made.etag()));
        assert_eq!(
            (&made.body["indicator"], &made.body["value"]),
            (&json!("riders"), &json!(value))
        );
        assert!(made.body["by"].is_string());
        assert_eq!(made.body["city"], "yokohama");
        ids.push(made.id());
    }
    let read = owner.get(&list).await.expect(200);
    assert_eq!(read.ids(), [ids[1].clone(), ids[0].clone(), ids[2].clone()]);
    assert_eq!(
        owner.all(&format!("{list}?limit=1&sort=-on")).await.len(),
        3
    );
    let later = owner
        .get(&format!("{list}?from=2020-01-01&count=true"))
        .await
        .expect(200);
    assert_eq!((later.items().len(), &later.body["total"]), (2, &json!(2)));
    assert_eq!(
        owner.get(&format!("{list}?to=2019-12-31")).await.ids(),
        [ids[1].clone()]
    );
    assert_eq!(
        owner.get(&path).await.etag(),
        made.etag(),
        "the plan stays as it is"
    );

    let one = format!("{list}/{}", ids[0]);
    owner
        .put(&one, "*", json!({"value": 1, "on": "2020-01-01"}))
        .await
        .problem("method_not_allowed");
    owner
        .patch(&one, "*", json!({"value": 1}))
        .await
        .problem("method_not_allowed");
    owner.delete(&one, "*").await.problem("method_not_allowed");
    let refused = app
        .refusal("UPDATE action_plan_measurements SET value = 0")
        .await;
    assert!(refused.contains("never changed"), "{refused}");
    let refused = owner
        .post(&list, json!({"value": 2e15, "on": "2020-02-30", "more": 1}))
        .await;
    refused.refused(&[
        ("/value", "too_large"),
        ("/on", "edtf"),
        ("/more", "unknown_field"),
    ]);
    let refused = owner.post(&list, json!({})).await;
    refused.refused(&[("/value", "required"), ("/on", "required")]);
    let refused = owner
        .post(
            &list,
            json!({"value": 1, "on": "2020-01-01", "indicator": "trees"}),
        )
        .await;
    refused.refused(&[("/indicator", "read_only")]);

    owner.delete(&path, "*").await.expect(204);
    assert_eq!(app.count("action_plan_measurements").await, 0);
}

#[tokio::test]
async fn a_measurement_holds_for_any_honest_date() {
    let app = App::start().await;
    let owner = app.city_user("yokohama").await;
    let body = plan(&["yokohama"], "frankfurt-yokohama");
    let made = owner.post("/v1/action-plans", body).await.expect(201);
    let list = format!(
        "/v1/action-plans/{}/indicators/riders/measurements",
        made.id()
    );
    for (on, earliest, latest) in [
        ("2024-05-17", json!("2024-05-17"), json!("2024-05-17")),
        ("2023", json!("2023-01-01"), json!("2023-12-31")),
        ("2024-05", json!("2024-05-01"), json!("2024-05-31")),
        ("2024-05-02~", json!("2024-05-02"), json!("2024-05-02")),
        ("2022-11/2023-02", json!("2022-11-01"), json!("2023-02-28")),
        ("2025/..", json!("2025-01-01"), json!(null)),
        ("../2021", json!(null), json!("2021-12-31")),
    ] {
        let made = owner.post(&list, json!({"value": 1, "on": on})).await;
        let made = made.expect(201);
        assert_eq!(made.body["on"], on, "as it was written");
        let days = (&made.body["earliest"], &made.body["latest"]);
        assert_eq!(days, (&earliest, &latest), "{on}");
        let read = owner.get(&format!("{list}/{}", made.id())).await;
        assert_eq!(read.expect(200).body, made.body);
    }
    let dates = async |query: &str| {
        let read = owner.all(&format!("{list}?limit=2{query}")).await;
        let dates = read.iter().map(|item| item["on"].as_str().unwrap());
        dates.map(str::to_owned).collect::<Vec<_>>()
    };
    let by_day = [
        "../2021",
        "2022-11/2023-02",
        "2023",
        "2024-05",
        "2024-05-02~",
        "2024-05-17",
        "2025/..",
    ];
    assert_eq!(dates("").await, by_day);
    let mut newest = by_day;
    newest.reverse();
    assert_eq!(dates("&sort=-on").await, newest);
    assert_eq!(
        dates("&from=2024-05-10").await,
        ["2024-05", "2024-05-17", "2025/.."]
    );
    assert_eq!(dates("&from=2030-01-01").await, ["2025/.."]);
    assert_eq!(
        dates("&to=2022-12-31").await,
        ["../2021", "2022-11/2023-02"]
    );
    assert_eq!(dates("&to=1900-01-01").await, ["../2021"]);
    assert_eq!(
        dates("&from=2023-03-01&to=2024-05-01").await,
        ["2023", "2024-05"]
    );
    let refused = json!({"value": 1, "on": "2024-05", "earliest": "2024-05-02"});
    let refused = owner.post(&list, refused).await;
    refused.refused(&[("/earliest", "read_only")]);
}

#[tokio::test]
async fn measurements_are_of_an_indicator_that_their_reader_sees_in_the_plan() {
    let app = App::start().await;
    let owner = app.city_user("yokohama").await;
    let admin = app.admin().await;
    let body = plan(&["yokohama"], "frankfurt-yokohama");
    let made = owner.post("/v1/action-plans", body).await.expect(201);
    let path = format!("/v1/action-plans/{}", made.id());
    let list = format!("{path}/indicators/riders/measurements");
    let body = json!({"value": 1, "on": "2020-01-01"});
    let one = admin.post(&list, body.clone()).await.expect(201);
    let one = format!("{list}/{}", one.id());
    for none in ["trees", "Riders", "0"] {
        let none = format!("{path}/indicators/{none}/measurements");
        owner.get(&none).await.problem("not_found");
        owner.post(&none, body.clone()).await.problem("not_found");
        let id = one.rsplit('/').next().unwrap();
        owner
            .get(&format!("{none}/{id}"))
            .await
            .problem("not_found");
    }
    for stranger in [app.anonymous(), app.city_user("frankfurt").await] {
        stranger.get(&list).await.problem("not_found");
        stranger
            .get(&format!("{list}?format=ndjson"))
            .await
            .problem("not_found");
        stranger.get(&one).await.problem("not_found");
        if stranger.token.is_some() {
            stranger
                .post(&list, body.clone())
                .await
                .problem("not_found");
        }
    }
    assert_eq!(owner.get(&list).await.expect(200).items().len(), 1);
}

#[tokio::test]
async fn a_measured_indicator_stays_in_its_plan_under_its_key_and_in_its_unit() {
    let app = App::start().await;
    let owner = app.city_user("yokohama").await;
    let mut body = plan(&["yokohama"], "frankfurt-yokohama");
    body["follow_up"]["indicators"] = json!([
        {"key": "riders", "name": {"en": "Riders"}, "unit": "a day"},
        {"key": "trees", "name": {"en": "Trees"}}]);
    let made = owner.post("/v1/action-plans", body).await.expect(201);
    let path = format!("/v1/action-plans/{}", made.id());
    let other = json!({"objectives": {"en": "Other"}});
    owner.patch(&path, "*", other).await.expect(200);
    let list = format!("{path}/indicators/riders/measurements");
    let body = json!({"value": 1480, "on": "2020-03-31"});
    owner.post(&list, body).await.expect(201);
    let with = |indicators: Value| json!({"follow_up": {"indicators": indicators}});
    let trees = json!({"key": "trees", "name": {"en": "Trees"}});
    let gone = ("/follow_up/indicators", "measured_indicator");
    let events = app.events().await;
    for (indicators, fault) in [
        (json!([trees]), gone),
        (
            json!([{"key": "passengers", "name": {"en": "Riders"}, "unit": "a day"}, trees]),
            gone,
        ),
        // Sent without its key and with another name it is another one.
        (
            json!([{"name": {"en": "Riders by bus"}, "unit": "a day"}]),
            gone,
        ),
        (
            json!([trees, {"key": "riders", "name": {"en": "Riders"}, "unit": "a year"}]),
            ("/follow_up/indicators/1/unit", "measured_unit"),
        ),
        (
            json!([{"key": "riders", "name": {"en": "Riders"}}]),
            ("/follow_up/indicators/0/unit", "measured_unit"),
        ),
    ] {
        let refused = owner.patch(&path, "*", with(indicators)).await;
        refused.conflict("indicator_measured", &[fault]);
    }
    let nothing = owner.patch(&path, "*", json!({"follow_up": null})).await;
    nothing.conflict("indicator_measured", &[gone]);
    assert_eq!(app.events().await, events, "nothing was stored");
    let renamed = json!([{"key": "riders", "name": {"en": "Riders by bus"}, "unit": "a day",
        "target": {"value": 2000}}]);
    owner.patch(&path, "*", with(renamed)).await.expect(200);
    assert_eq!(owner.get(&list).await.expect(200).ids().len(), 1);
    // What was not measured goes, comes again, and gets its unit later.
    let anew = json!([{"key": "riders", "name": {"en": "Riders"}, "unit": "a day"},
        {"key": "trees", "name": {"en": "Other trees"}, "unit": "a park"}]);
    owner.patch(&path, "*", with(anew)).await.expect(200);
}

#[tokio::test]
async fn an_indicator_of_an_odd_name_is_not_there() {
    let app = App::start().await;
    let owner = app.city_user("yokohama").await;
    let body = plan(&["yokohama"], "frankfurt-yokohama");
    let made = owner.post("/v1/action-plans", body).await.expect(201);
    for odd in ["%00", "riders%00", "%0A", "%C2%85", "%ff", "Riders"] {
        let list = format!(
            "/v1/action-plans/{}/indicators/{odd}/measurements",
            made.id()
        );
        owner.get(&list).await.problem("not_found");
        let measured = json!({"value": 1, "on": "2020"});
        owner.post(&list, measured).await.problem("not_found");
    }
}
