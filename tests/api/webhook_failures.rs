//! Webhooks whose targets fail, and instances that die: nothing is lost, nobody waits for another, and it is told.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::webhooks::{at, hook, survey, trying};
use crate::support::receiver::{Reaction, Receiver};
use crate::support::{App, Client, IN_TIME, Reply};

async fn deliveries(keeper: &Client, made: &Reply, state: &str) -> Vec<Value> {
    let path = format!("{}/deliveries?state={state}", at(made));
    keeper.get(&path).await.expect(200).items()
}

/// What the webhook tells, once `is_so`.
async fn until(keeper: &Client, made: &Reply, is_so: impl Fn(&Value) -> bool) -> Value {
    let begun = std::time::Instant::now();
    loop {
        let told = keeper.get(&at(made)).await.expect(200).body;
        if is_so(&told) {
            return told;
        }
        assert!(begun.elapsed() < IN_TIME, "{told}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn what_fails_is_tried_again_and_comes_in_order_when_the_target_is_back() {
    let app = trying().await;
    let receiver = Receiver::start().await;
    let admin = app.admin().await;
    let made = hook(&admin, &receiver.url, json!({})).await;
    receiver.answer(500);
    for area in 1..=5 {
        survey(&admin, "umea", area).await;
    }
    let tries = receiver.wait_for(3).await;
    assert!(
        tries.iter().all(|one| one.id == tries[0].id),
        "while it fails one alone is tried"
    );
    let told = until(&admin, &made, |told| told["failing_since"].is_string()).await;
    assert_eq!(
        (&told["active"], &told["version"]),
        (&json!(true), &json!(1))
    );
    let waiting = deliveries(&admin, &made, "pending").await;
    assert_eq!(waiting.len(), 5);
    let first = waiting.last().unwrap();
    assert_eq!(
        (&first["last_status"], &first["last_error"]),
        (&json!(500), &json!("status"))
    );
    assert!(first["due_at"].is_string());
    receiver.answer(200);
    let failed = receiver.got().len();
    let got = receiver.wait_for(failed + 5).await;
    let versions: Vec<i64> = got[got.len() - 5..]
        .iter()
        .map(|one| one.body["data"]["version"].as_i64().unwrap())
        .collect();
    assert_eq!(versions, [2, 3, 4, 5, 6]);
    let told = until(&admin, &made, |told| told["failing_since"].is_null()).await;
    assert!(told["last_success_at"].is_string());
}

#[tokio::test]
async fn a_target_that_asks_to_be_left_alone_is_left_alone() {
    let app = trying().await;
    let receiver = Receiver::start().await;
    let admin = app.admin().await;
    let made = hook(&admin, &receiver.url, json!({})).await;
    receiver.react(|_| Reaction::status(429).with("retry-after", "600"));
    survey(&admin, "umea", 1).await;
    survey(&admin, "umea", 2).await;
    receiver.wait_for(1).await;
    receiver.stays_at(1).await;
    let rest = app
        .one("SELECT extract(epoch FROM rests_until - now())::int FROM webhooks")
        .await;
    assert!(
        (580..=600).contains(&rest.parse::<i32>().unwrap()),
        "{rest}"
    );
    // Its keeper knows better.
    receiver.answer(200);
    admin
        .patch(&at(&made), "*", json!({"active": false}))
        .await
        .expect(200);
    admin
        .patch(&at(&made), "*", json!({"active": true}))
        .await
        .expect(200);
    receiver.wait_for(3).await;
}

#[tokio::test]
async fn what_is_asked_for_again_while_it_is_being_sent_is_sent_again() {
    let app = trying().await;
    let receiver = Receiver::start().await;
    let admin = app.admin().await;
    let made = hook(&admin, &receiver.url, json!({})).await;
    receiver.react(|_| Reaction::status(204).after(2_000));
    survey(&admin, "umea", 1).await;
    let first = receiver.wait_for(1).await.remove(0);
    let path = format!("{}/deliveries/{}/redeliveries", at(&made), first.id);
    admin.request("POST", &path).send().await.expect(202);
    assert_eq!(receiver.got().len(), 1, "the first attempt is under way");
    let second = receiver.wait_for(2).await.remove(1);
    assert_eq!((second.id, second.bytes), (first.id, first.bytes));
    receiver.stays_at(2).await;
}

#[tokio::test]
async fn a_target_at_rest_is_tried_at_once_when_its_keeper_asks_for_a_delivery_again() {
    let app = trying().await;
    let receiver = Receiver::start().await;
    let admin = app.admin().await;
    let made = hook(&admin, &receiver.url, json!({})).await;
    receiver.react(|_| Reaction::status(429).with("retry-after", "600"));
    survey(&admin, "umea", 1).await;
    let first = receiver.wait_for(1).await.remove(0);
    until(&admin, &made, |told| !told["failing_since"].is_null()).await;
    receiver.answer(204);
    let path = format!("{}/deliveries/{}/redeliveries", at(&made), first.id);
    admin.request("POST", &path).send().await.expect(202);
    receiver.wait_for(2).await;
}

#[tokio::test]
async fn what_failed_before_its_keeper_asked_again_keeps_nothing_waiting() {
    let app = trying().await;
    let receiver = Receiver::start().await;
    let admin = app.admin().await;
    let made = hook(&admin, &receiver.url, json!({})).await;
    survey(&admin, "umea", 1).await;
    let first = receiver.wait_for(1).await.remove(0);
    for (area, reaction) in [
        (2, Reaction::status(429).with("retry-after", "600")),
        (3, Reaction::status(410)),
    ] {
        let so_far = receiver.got().len();
        receiver.react(move |_| reaction.clone().after(2_000));
        survey(&admin, "umea", area).await;
        let under_way = receiver.wait_for(so_far + 1).await.remove(so_far);
        assert_ne!(under_way.id, first.id);
        receiver.answer(204);
        let path = format!("{}/deliveries/{}/redeliveries", at(&made), first.id);
        admin.request("POST", &path).send().await.expect(202);
        let got = receiver.wait_for(so_far + 3).await;
        let ids: Vec<&String> = got[so_far + 1..].iter().map(|one| &one.id).collect();
        assert!(ids.contains(&&first.id) && ids.contains(&&under_way.id));
    }
    let told = admin.get(&at(&made)).await.expect(200).body;
    assert_eq!(told["active"], true, "{told}");
}

#[tokio::test]
async fn what_comes_of_an_attempt_from_before_does_not_undo_what_its_keeper_set() {
    let app = trying().await;
    let receiver = Receiver::start().await;
    let admin = app.admin().await;
    let made = hook(&admin, &receiver.url, json!({})).await;
    receiver.react(|_| {
        Reaction::status(429)
            .with("retry-after", "600")
            .after(2_000)
    });
    survey(&admin, "umea", 1).await;
    receiver.wait_for(1).await;
    receiver.answer(200);
    let elsewhere = json!({"url": format!("{}/elsewhere", receiver.url)});
    admin.patch(&at(&made), "*", elsewhere).await.expect(200);
    let got = receiver.wait_for(2).await;
    assert_eq!(
        (got[1].path.as_str(), &got[1].id),
        ("/elsewhere", &got[0].id)
    );
    // Longer than the first attempt takes.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let told = admin.get(&at(&made)).await.expect(200).body;
    assert!(told["failing_since"].is_null(), "{told}");
    survey(&admin, "umea", 2).await;
    receiver.wait_for(3).await;
}

#[tokio::test]
async fn a_target_that_is_gone_is_told_no_more() {
    let app = trying().await;
    let receiver = Receiver::start().await;
    let admin = app.admin().await;
    let made = hook(&admin, &receiver.url, json!({})).await;
    receiver.answer(410);
    survey(&admin, "umea", 1).await;
    let told = until(&admin, &made, |told| told["active"] == false).await;
    assert_eq!(
        (&told["off_because"], &told["version"]),
        (&json!("gone"), &json!(2))
    );
    let event = app.rows("SELECT action, version, by FROM events WHERE type = 'webhook' ORDER BY version DESC LIMIT 1").await;
    assert_eq!(event[0], [Some("updated".into()), Some("2".into()), None]);
    survey(&admin, "umea", 2).await;
    receiver.stays_at(1).await;
    receiver.answer(200);
    admin
        .patch(&at(&made), "*", json!({"active": true}))
        .await
        .expect(200);
    let got = receiver.wait_for(3).await;
    let versions: Vec<&Value> = got.iter().map(|one| &one.body["data"]["version"]).collect();
    assert_eq!(versions, [2, 2, 3], "switched on again it has lost nothing");
    assert_eq!(got[0].id, got[1].id);
}

#[tokio::test]
async fn after_three_days_of_failures_a_webhook_is_switched_off_and_tells_so() {
    let app = trying().await;
    let receiver = Receiver::start().await;
    let admin = app.admin().await;
    let made = hook(&admin, &receiver.url, json!({})).await;
    receiver.answer(500);
    survey(&admin, "umea", 1).await;
    receiver.wait_for(1).await;
    // Without its claim an attempt under way writes nothing down, so that it does not set the time back.
    let two_days = "UPDATE webhooks SET failing_since = failing_since - interval '2 days', claim = NULL, leased_until = now(); \
        UPDATE webhook_deliveries SET tried_since = tried_since - interval '2 days'";
    until(&admin, &made, |told| told["failing_since"].is_string()).await;
    app.run(two_days).await;
    let tried = receiver.got().len();
    receiver.wait_for(tried + 1).await;
    assert_eq!(admin.get(&at(&made)).await.body["active"], true);
    until(&admin, &made, |told| told["failing_since"].is_string()).await;
    app.run(two_days).await;
    let told = until(&admin, &made, |told| told["active"] == false).await;
    assert_eq!(told["off_because"], "failing");
    assert!(told["failing_since"].is_string());
    assert_eq!(deliveries(&admin, &made, "failed").await.len(), 1);
    let tried = receiver.got().len();
    survey(&admin, "umea", 2).await;
    receiver.stays_at(tried).await;
    receiver.answer(200);
    let on = admin
        .patch(&at(&made), "*", json!({"active": true}))
        .await
        .expect(200);
    assert!(on.body["off_because"].is_null() && on.body["failing_since"].is_null());
    let got = receiver.wait_for(tried + 2).await;
    assert_eq!(got[tried].id, got[0].id);
}

#[tokio::test]
async fn a_dead_or_slow_target_delays_no_other() {
    let app = trying().await;
    let (slow, well) = (Receiver::start().await, Receiver::start().await);
    let admin = app.admin().await;
    slow.react(|_| Reaction::status(200).after(14_000));
    // Nobody listens at the discard port.
    let dead = hook(&admin, "http://127.0.0.1:9/", json!({})).await;
    hook(&admin, &slow.url, json!({})).await;
    hook(&admin, &well.url, json!({})).await;
    let begun = std::time::Instant::now();
    for area in 1..=10 {
        survey(&admin, "umea", area).await;
    }
    well.wait_for(10).await;
    assert!(
        begun.elapsed() < Duration::from_secs(13),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(slow.got().len(), 1);
    until(&admin, &dead, |told| told["failing_since"].is_string()).await;
    let waiting = deliveries(&admin, &dead, "pending").await;
    assert_eq!(
        (waiting.len(), &waiting[9]["last_error"]),
        (10, &json!("not_connected"))
    );
}

#[tokio::test]
async fn beyond_a_thousand_the_backlog_stays_in_the_feed() {
    let app = trying().await;
    let receiver = Receiver::start().await;
    let admin = app.admin().await;
    let made = hook(&admin, &receiver.url, json!({})).await;
    receiver.react(|_| Reaction::status(503).with("retry-after", "3600"));
    // As many changes as a large load makes.
    app.run("UPDATE subjects SET version = version + 1").await;
    let subjects = app.count("subjects").await;
    let rounds = 1010 / subjects + 1;
    for _ in 1..rounds {
        app.run("UPDATE subjects SET version = version + 1").await;
    }
    let begun = std::time::Instant::now();
    // The next two hundred would be more than a thousand.
    while app.count("webhook_deliveries").await <= 800 {
        assert!(begun.elapsed() < 2 * IN_TIME);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    let waiting = app.count("webhook_deliveries").await;
    assert!((801..=1000).contains(&waiting), "{waiting}");
    receiver.answer(200);
    let tried = receiver.got().len();
    admin
        .patch(
            &at(&made),
            "*",
            json!({"url": format!("{}/new", receiver.url)}),
        )
        .await
        .expect(200);
    let all = usize::try_from(rounds * subjects).unwrap();
    let got = receiver.wait_for(tried + all).await;
    receiver.stays_at(tried + all).await;
    let mut told: Vec<String> = got[tried..]
        .iter()
        .map(|one| format!("{} {}", one.told(), one.body["data"]["version"]))
        .collect();
    told.sort();
    told.dedup();
    assert_eq!(told.len(), all);
}

#[tokio::test]
async fn what_was_sent_by_an_instance_that_died_is_sent_again_under_the_same_id() {
    let app = trying().await;
    let receiver = Receiver::start().await;
    let admin = app.admin().await;
    hook(&admin, &receiver.url, json!({})).await;
    // What the first one hears counts no more, as another has taken over before it does.
    let sent = AtomicUsize::new(0);
    receiver.react(move |_| match sent.fetch_add(1, Ordering::SeqCst) {
        0 => Reaction::status(500).after(1500),
        _ => Reaction::status(200).after(1500),
    });
    survey(&admin, "umea", 1).await;
    receiver.wait_for(1).await;
    // As if it had died while the target had the delivery already, and its time were over.
    app.run(
        "UPDATE webhooks SET claim = gen_random_uuid(), leased_until = now() - interval '1 second'",
    )
    .await;
    let got = receiver.wait_for(2).await;
    assert_eq!((&got[0].id, &got[0].bytes), (&got[1].id, &got[1].bytes));
    receiver.stays_at(2).await;
    assert_eq!(
        app.one("SELECT state || attempts FROM webhook_deliveries")
            .await,
        "delivered1"
    );
}

#[tokio::test]
async fn two_instances_bring_everything_also_while_their_claims_run_out() {
    let app = trying().await;
    let url = app.database_url.clone();
    let other = App::on(String::new(), url.clone(), url, |settings| {
        settings.webhooks_allow_private = true;
    })
    .await;
    let receiver = Receiver::start().await;
    receiver.react(|_| Reaction::status(200).after(20));
    let admin = app.admin().await;
    hook(&admin, &receiver.url, json!({})).await;
    for area in 1..=60 {
        survey(&admin, "umea", area).await;
        if area % 6 == 0 {
            app.run("UPDATE webhooks SET leased_until = now() - interval '1 second'")
                .await;
        }
    }
    let begun = std::time::Instant::now();
    let versions = loop {
        let mut versions: Vec<i64> = receiver
            .got()
            .iter()
            .map(|one| one.body["data"]["version"].as_i64().unwrap())
            .collect();
        versions.sort_unstable();
        versions.dedup();
        if versions.len() == 60 {
            break versions;
        }
        assert!(begun.elapsed() < IN_TIME, "{versions:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(versions, (2..=61).collect::<Vec<i64>>());
    drop(other);
}

#[tokio::test]
async fn a_place_that_the_feed_has_forgotten_is_told() {
    let app = trying().await;
    let receiver = Receiver::start().await;
    let admin = app.admin().await;
    let made = hook(&admin, &receiver.url, json!({"active": false})).await;
    survey(&admin, "umea", 1).await;
    admin.get("/v1/changes").await.expect(200);
    app.run("SELECT forget_changes(now() + interval '1 day', 100000); UPDATE webhooks SET active = true, off_because = NULL").await;
    survey(&admin, "umea", 2).await;
    let told = until(&admin, &made, |told| told["active"] == false).await;
    assert_eq!(told["off_because"], "expired");
    admin
        .patch(&at(&made), "*", json!({"active": true}))
        .await
        .expect(200);
    survey(&admin, "umea", 3).await;
    let got = receiver.wait_for(1).await;
    receiver.stays_at(1).await;
    assert_eq!(got[0].body["data"]["version"], 4);
}

#[tokio::test]
async fn what_has_ended_is_forgotten_after_thirty_days() {
    let app = trying().await;
    let receiver = Receiver::start().await;
    let admin = app.admin().await;
    hook(&admin, &receiver.url, json!({})).await;
    for area in 1..=3 {
        survey(&admin, "umea", area).await;
    }
    receiver.wait_for(3).await;
    while app
        .count("webhook_deliveries WHERE state = 'delivered'")
        .await
        < 3
    {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    app.run(
        "UPDATE webhook_deliveries SET ended_at = now() - interval '29 days'; \
         UPDATE webhook_deliveries SET ended_at = now() - interval '31 days' \
         WHERE seq = (SELECT min(seq) FROM webhook_deliveries)",
    )
    .await;
    let mut conn = app.state.db.connection().await.unwrap();
    let forgotten = iuc::webhooks::courier::forget_old(&mut conn, iuc::clock::now()).await;
    assert_eq!(forgotten.unwrap(), 1);
    assert_eq!(app.count("webhook_deliveries").await, 2);
}

#[tokio::test]
async fn targets_that_hang_keep_only_the_webhooks_of_their_city_waiting() {
    let app = trying().await;
    let (slow, well) = (Receiver::start().await, Receiver::start().await);
    let (admin, umea) = (app.admin().await, app.city_user("umea").await);
    slow.react(|_| Reaction::status(200).after(14_000));
    for _ in 0..12 {
        hook(&umea, &slow.url, json!({})).await;
    }
    let essen = app.city_user("essen").await;
    hook(&essen, &well.url, json!({})).await;
    hook(&admin, &well.url, json!({})).await;
    survey(&admin, "umea", 1).await;
    slow.wait_for(8).await;
    // What comes later for another city comes while they hang.
    survey(&admin, "umea", 2).await;
    well.wait_for(4).await;
    assert_eq!(slow.got().len(), 8);
    // Each has its turn in the end.
    slow.answer(200);
    slow.wait_for(24).await;
}
