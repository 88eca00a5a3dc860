//! Study tours against the programme's guidelines: what is checked, what may be waived, and when one is confirmed.

use serde_json::{Value, json};

use crate::delegates::{person, tour};
use crate::support::snapshot::assert_reply;
use crate::support::{App, Client};

const CONFIRM: fn() -> Value = || json!({"status": "confirmed"});

/// The checks of a tour that are not in order.
async fn open_checks(client: &Client, tour: &str) -> Vec<String> {
    let checks = client.get(&format!("{tour}/checks")).await.expect(200);
    let open = |item: &&Value| item["ok"] == false && item["waiver"].is_null();
    checks
        .items()
        .iter()
        .filter(open)
        .map(|item| item["check"].to_string())
        .collect()
}

#[tokio::test]
async fn a_tour_is_confirmed_only_with_enough_delegates_and_full_days() {
    let app = App::start().await;
    let admin = app.admin().await;
    let umea = app.city_user("umea").await;
    let tour = tour(&admin, "umea", "kamakura", "umea-kamakura").await;
    let two_days = json!({"when": "2019-05-13/2019-05-14"});
    umea.patch(&tour, "*", two_days).await.expect(200);
    let before = umea.get(&tour).await.etag();
    for client in [&umea, &admin] {
        let reply = client
            .patch(&tour, "*", CONFIRM())
            .await
            .problem("guideline");
        assert_eq!(reply.status, 409);
        assert_eq!(
            reply.faults(),
            [
                (
                    "/delegates/programme_funded".to_owned(),
                    "too_few_funded".to_owned()
                ),
                ("/when".to_owned(), "tour_too_short".to_owned())
            ]
        );
    }
    assert_eq!(umea.get(&tour).await.etag(), before, "nothing was stored");
    assert_eq!(
        open_checks(&umea, &tour).await,
        [
            "\"programme_funded_delegates_min\"",
            "\"tour_full_days_min\""
        ]
    );
    for name in ["A", "B", "C"] {
        let body = person(name, "programme");
        umea.post(&format!("{tour}/delegates"), body)
            .await
            .expect(201);
    }
    let three_days = json!({"when": "2019-05-13/2019-05-15", "status": "confirmed"});
    umea.patch(&tour, "*", three_days).await.expect(200);
    assert!(open_checks(&umea, &tour).await.is_empty());
}

#[tokio::test]
async fn an_admin_waives_a_guideline_with_a_reason_and_withdraws_it() {
    let app = App::start().await;
    let admin = app.admin().await;
    let umea = app.city_user("umea").await;
    let tour = tour(&admin, "umea", "kamakura", "umea-kamakura").await;
    let waivers = format!("{tour}/waivers");
    let waive = |check: &str| json!({"check": check, "reason": "The hosts have room for two."});
    let least = "programme_funded_delegates_min";
    umea.post(&waivers, waive(least)).await.problem("forbidden");
    app.anonymous()
        .post(&waivers, waive(least))
        .await
        .problem("unauthenticated");
    let bad = json!({"check": least, "reason": "  "});
    admin.post(&waivers, bad).await.problem("invalid_input");
    for check in [
        "programme_funded_delegates_max",
        "cities_of_pairing",
        "programme_within_tour",
    ] {
        admin
            .post(&waivers, waive(check))
            .await
            .refused(&[("/check", "not_waivable")]);
    }
    let made = admin.post(&waivers, waive(least)).await.expect(201);
    let path = format!("{waivers}/{least}");
    assert!(made.header("location").ends_with(&path), "{made}");
    admin
        .post(&waivers, waive(least))
        .await
        .problem("already_exists");
    let anonymous = app.anonymous();
    assert_eq!(anonymous.get(&path).await.expect(200).body, made.body);
    assert_eq!(
        anonymous.get(&waivers).await.expect(200).items(),
        std::slice::from_ref(&made.body)
    );
    let checks = anonymous.get(&format!("{tour}/checks")).await.expect(200);
    let items = checks.items();
    let check = items.iter().find(|item| item["check"] == least).unwrap();
    assert_eq!(check["ok"], false);
    assert_eq!(check["waiver"]["reason"], made.body["reason"]);
    assert_eq!(check["waiver"]["by"], made.body["by"]);
    assert_eq!(check["waiver"]["at"], made.body["created_at"]);
    assert!(check["evidence"]["en"].is_string() && check["evidence"]["ja"].is_string());
    umea.patch(&tour, "*", CONFIRM()).await.expect(200);

    umea.delete(&path, "*").await.problem("forbidden");
    admin
        .request("DELETE", &path)
        .send()
        .await
        .problem("precondition_required");
    // A confirmed tour keeps the waiver that it needs.
    let kept = admin.delete(&path, &made.etag()).await;
    let kept = kept.problem("guideline");
    assert_eq!(kept.faults(), [(String::new(), "too_few_funded".into())]);
    umea.patch(&tour, "*", json!({"report": {"en": "Good."}}))
        .await
        .expect(200);
    umea.patch(&tour, "*", json!({"status": "planned"}))
        .await
        .expect(200);
    admin.delete(&path, &made.etag()).await.expect(204);
    admin.get(&path).await.problem("not_found");
    for odd in ["", "x", "tour_full_days_min", "%2F"] {
        admin.get(&format!("{waivers}/{odd}")).await.expect(404);
    }
    // To be confirmed anew it would need the waiver again.
    umea.patch(&tour, "*", CONFIRM()).await.problem("guideline");
    admin.delete(&tour, "*").await.expect(204);
    assert_eq!(app.count("waivers").await, 0);
}

#[tokio::test]
async fn a_confirmed_tour_does_not_come_to_have_too_few_delegates() {
    let app = App::start().await;
    let admin = app.admin().await;
    let umea = app.city_user("umea").await;
    let tour = tour(&admin, "umea", "kamakura", "umea-kamakura").await;
    let list = format!("{tour}/delegates");
    for name in ["A", "B", "C"] {
        let body = person(name, "programme");
        umea.post(&list, body).await.expect(201);
    }
    umea.patch(&tour, "*", CONFIRM()).await.expect(200);
    let events = app.events().await;
    let one = format!("{list}/{}", umea.get(&list).await.ids()[0]);
    for client in [&umea, &admin] {
        let reply = client.delete(&one, "*").await.problem("guideline");
        assert_eq!(reply.faults(), [(String::new(), "too_few_funded".into())]);
        let own = json!({"funding": "own"});
        client.patch(&one, "*", own).await.problem("guideline");
    }
    assert_eq!(app.events().await, events, "nothing was stored");
    assert_eq!(umea.get(&list).await.ids().len(), 3);
    let waiver = json!({"check": "programme_funded_delegates_min", "reason": "One is ill."});
    let waivers = format!("{tour}/waivers");
    admin.post(&waivers, waiver).await.expect(201);
    umea.delete(&one, "*").await.expect(204);
    // Two unnamed ones and a list that is begun later do no harm either.
    let named = json!({"delegates": {"programme_funded": 4, "self_funded": 2}});
    umea.patch(&tour, "*", named).await.expect(200);
    let body = person("D", "own");
    let made = umea.post(&list, body).await.expect(201);
    let path = format!("{list}/{}", made.id());
    umea.delete(&path, "*").await.expect(204);
    let still = umea.get(&tour).await.body;
    assert_eq!(
        (&still["status"], &still["delegates"]["programme_funded"]),
        (&json!("confirmed"), &json!(4))
    );
}

#[tokio::test]
async fn no_waiver_lets_the_programme_pay_for_a_fifth() {
    let app = App::start().await;
    let admin = app.admin().await;
    let tour = tour(&admin, "umea", "kamakura", "umea-kamakura").await;
    for check in ["programme_funded_delegates_min", "tour_full_days_min"] {
        let waiver = json!({"check": check, "reason": "Agreed."});
        admin
            .post(&format!("{tour}/waivers"), waiver)
            .await
            .expect(201);
    }
    let five = json!({"delegates": {"programme_funded": 5, "self_funded": 0}});
    admin
        .patch(&tour, "*", five.clone())
        .await
        .problem("guideline");
    let mut past = five;
    past["status"] = json!("completed");
    admin.patch(&tour, "*", past).await.problem("guideline");
}

#[tokio::test]
async fn a_past_visit_of_which_little_is_known_is_loaded_by_an_admin_as_completed() {
    let app = App::start().await;
    let admin = app.admin().await;
    let umea = app.city_user("umea").await;
    let visit = json!({"pairing": "umea-kamakura", "visiting_city": "umea", "host_city": "kamakura",
        "when": "2018-10-03", "status": "completed"});
    let reply = umea.post("/v1/tours", visit.clone()).await;
    reply.problem("guideline");
    let made = admin.post("/v1/tours", visit).await.expect(201);
    let tour = format!("/v1/tours/{}", made.id());
    assert_eq!(
        made.body["delegates"],
        json!({"programme_funded": null, "self_funded": null})
    );
    assert_reply!(app.anonymous().get(&format!("{tour}/checks")).await);
    umea.patch(&tour, "*", json!({"report": {"en": "We saw the harbour."}}))
        .await
        .expect(200);
}

#[tokio::test]
async fn a_tour_between_the_wrong_cities_is_refused_and_nothing_stored() {
    let app = App::start().await;
    let admin = app.admin().await;
    let (tours, events) = (app.count("tours").await, app.events().await);
    for (host, faults) in [
        (
            "essen",
            &[
                ("/host_city", "not_in_pairing"),
                ("/host_city", "same_side"),
            ][..],
        ),
        ("koriyama", &[("/host_city", "not_in_pairing")]),
        ("umea", &[("/host_city", "same_side")]),
    ] {
        let body = json!({"pairing": "umea-kamakura", "visiting_city": "umea", "host_city": host,
            "when": "2019-05-13/2019-05-16", "status": "planned"});
        admin.post("/v1/tours", body).await.refused(faults);
    }
    assert_eq!(
        (app.count("tours").await, app.events().await),
        (tours, events)
    );
}

#[tokio::test]
async fn what_is_visited_is_on_a_day_of_the_tour_as_the_host_city_tells_the_time() {
    let app = App::start().await;
    let admin = app.admin().await;
    let umea = app.city_user("umea").await;
    let tour = tour(&admin, "umea", "kamakura", "umea-kamakura").await;
    let stored = umea
        .patch(&tour, "*", json!({"when": "2019-05-13/2019-05-15"}))
        .await;
    assert_eq!(stored.expect(200).body["time_zone"], "Asia/Tokyo");
    let visit = |day: &str, starts_at: &str, ends_at: &str| {
        let time = |text: &str| match text {
            "" => Value::Null,
            text => json!(text),
        };
        json!({"day": day, "starts_at": time(starts_at), "ends_at": time(ends_at), "title": {"en": "City hall"}})
    };
    let fitting = json!({"programme": [
        // 9:30 in Kamakura, and the evening of the same day; in Umeå the first is still the night.
        visit("2019-05-13", "2019-05-13T00:30:00Z", "2019-05-13T02:00:00Z"),
        visit("2019-05-13", "2019-05-12T15:00:00Z", ""),
        visit("2019-05-15", "2019-05-15T10:00:00Z", "2019-05-15T16:30:00Z"),
    ]});
    let stored = umea.patch(&tour, "*", fitting).await.expect(200);
    let reply = umea
        .patch(
            &tour,
            "*",
            json!({"programme": [
                visit("2019-05-13", "2019-05-13T15:00:00Z", ""),
                visit("2019-05-14", "2019-05-13T14:59:00Z", ""),
                visit("2019-05-14", "", "2019-05-15T15:00:00Z"),
                visit("2019-05-15", "2019-05-15T10:00:00Z", "2019-05-15T09:00:00Z"),
                visit("2019-05-16", "2019-05-16T01:00:00Z", ""),
            ]}),
        )
        .await
        .refused(&[
            ("/programme/0/starts_at", "not_on_day"),
            ("/programme/1/starts_at", "not_on_day"),
            ("/programme/2/ends_at", "not_on_day"),
            ("/programme/3/ends_at", "ends_before_start"),
            ("/programme/4/day", "day_outside"),
        ]);
    assert_eq!(
        reply.body["errors"][0]["detail"],
        "Is 2019-05-14 00:00 in Asia/Tokyo, and so not on 2019-05-13."
    );
    assert_eq!(
        umea.get(&tour).await.etag(),
        stored.etag(),
        "nothing was stored"
    );
    // A date that nobody is sure of refuses no day.
    let unsure = json!({"when": "2019-05-10~", "programme": [visit("2019-05-16", "", "")]});
    umea.patch(&tour, "*", unsure).await.expect(200);
    let may = json!({"when": "2019-04", "programme": [visit("2019-05-16", "", "")]});
    let reply = umea.patch(&tour, "*", may).await;
    reply.refused(&[("/programme/0/day", "day_outside")]);
    let away = json!({"time_zone": "Europe/Stockholm"});
    umea.patch(&tour, "*", away)
        .await
        .refused(&[("/time_zone", "read_only")]);
}
