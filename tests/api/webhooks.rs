//! Webhooks: what is told, to whom, in which order, with which signature.

use diesel_async::AsyncConnection;
use iuc::commands::after_restore;
use iuc::db::Connection;
use serde_json::{Value, json};

use crate::support::plans::{complete_plan, make, to};
use crate::support::receiver::{Got, Receiver};
use crate::support::{App, Client, Reply};

/// A service that delivers to the own machine, and tries again soon.
pub async fn trying() -> App {
    App::with(|settings| {
        settings.webhooks_allow_private = true;
        settings.webhooks_first_retry = 1;
    })
    .await
}

/// Makes a webhook.
pub async fn hook(keeper: &Client, url: &str, more: Value) -> Reply {
    let mut body = json!({"url": url});
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    keeper.post("/v1/webhooks", body).await.expect(201)
}

/// The path of what was made.
pub fn at(made: &Reply) -> String {
    format!("/v1/webhooks/{}", made.id())
}

/// The secret that an answer tells.
pub fn secret(made: &Reply) -> String {
    made.body["secret"].as_str().unwrap().to_owned()
}

/// Gives a city another area: a change that everybody sees.
pub async fn survey(admin: &Client, city: &str, area: u32) {
    let path = format!("/v1/cities/{city}");
    admin
        .patch(&path, "*", json!({"area_km2": area}))
        .await
        .expect(200);
}

fn told(got: &[Got]) -> Vec<String> {
    got.iter().map(Got::told).collect()
}

#[tokio::test]
async fn each_change_is_told_once_in_order_and_signed() {
    let app = trying().await;
    let receiver = Receiver::start().await;
    let (admin, frankfurt) = (app.admin().await, app.city_user("frankfurt").await);
    survey(&admin, "umea", 1).await;
    let made = hook(&frankfurt, &format!("{}/here", receiver.url), json!({})).await;
    assert_eq!(made.body["city"], "frankfurt");
    let before = frankfurt.get("/v1/changes").await.expect(200).cursor();
    for area in 1..=20 {
        survey(
            &admin,
            if area % 2 == 0 { "essen" } else { "umea" },
            area + 100,
        )
        .await;
    }
    let got = receiver.wait_for(20).await;
    receiver.stays_at(20).await;
    let path = format!("/v1/changes?after={before}");
    let changes = frankfurt.get(&path).await.expect(200).items();
    let data: Vec<Value> = got.iter().map(|got| got.body["data"].clone()).collect();
    assert_eq!(data, changes, "what is told is what the feed tells");
    let mut ids: Vec<&str> = got.iter().map(|got| got.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 20);
    for one in &got {
        assert_eq!(
            (one.path.as_str(), &one.body["cursor"]),
            ("/here", &one.body["data"]["cursor"])
        );
        assert_eq!(one.body["timestamp"], one.body["data"]["at"]);
        assert_eq!(one.signatures.len(), 1);
        assert!(one.is_signed_with(&secret(&made)));
        assert!((iuc::clock::now().timestamp() - one.timestamp).abs() < 60);
    }
    let mut forged = got[0].clone();
    forged.timestamp += 1;
    assert!(!forged.is_signed_with(&secret(&made)));
    // Whoever has missed what came after one asks the feed.
    let path = format!(
        "/v1/changes?after={}",
        got[16].body["cursor"].as_str().unwrap()
    );
    assert_eq!(frankfurt.get(&path).await.items(), changes[17..]);
    let told = frankfurt.get(&at(&made)).await.expect(200).body;
    assert!(
        told["last_success_at"].is_string() && told["failing_since"].is_null(),
        "{told}"
    );
    assert_eq!(told["version"], 1);
    let list = frankfurt
        .all(&format!("{}/deliveries?limit=7", at(&made)))
        .await;
    let newest_first: Vec<&str> = list.iter().map(|one| one["id"].as_str().unwrap()).collect();
    let sent: Vec<&str> = got.iter().rev().map(|one| one.id.as_str()).collect();
    assert_eq!(newest_first, sent);
    let one = frankfurt
        .get(&format!("{}/deliveries/{}", at(&made), got[3].id))
        .await
        .expect(200)
        .body;
    assert_eq!(one["body"].as_str().unwrap().as_bytes(), got[3].bytes);
    assert_eq!(
        (&one["state"], &one["attempts"]),
        (&json!("delivered"), &json!(1))
    );
    assert_eq!(one["last_status"], 204);
}

#[tokio::test]
async fn a_webhook_hears_of_the_types_and_cities_that_it_asks_for() {
    let app = trying().await;
    let receiver = Receiver::start().await;
    let admin = app.admin().await;
    let url = |path: &str| format!("{}/{path}", receiver.url);
    hook(&admin, &url("type"), json!({"types": ["subject", "sdg"]})).await;
    hook(&admin, &url("city"), json!({"cities": ["essen", "umea"]})).await;
    hook(
        &admin,
        &url("both"),
        json!({"types": ["tour"], "cities": ["umea"]}),
    )
    .await;
    hook(&admin, &url("off"), json!({"active": false})).await;
    survey(&admin, "umea", 1).await;
    survey(&admin, "kamakura", 1).await;
    let name = json!({"name": {"en": "Renamed"}});
    admin
        .patch("/v1/subjects/smart-cities", "*", name)
        .await
        .expect(200);
    let tour = json!({"pairing": "umea-kamakura", "visiting_city": "umea", "host_city": "kamakura", "when": "2019-05",
        "status": "planned"});
    let tour = admin.post("/v1/tours", tour).await.expect(201).id();
    let got = receiver.wait_for(4).await;
    receiver.stays_at(4).await;
    let mut by_path: Vec<String> = got
        .iter()
        .map(|got| format!("{} {}", got.path, got.told()))
        .collect();
    by_path.sort();
    assert_eq!(
        by_path,
        [
            format!("/both tour.created {tour}"),
            "/city city.updated umea".to_owned(),
            format!("/city tour.created {tour}"),
            "/type subject.updated smart-cities".to_owned(),
        ]
    );
}

#[tokio::test]
async fn a_citys_webhook_tells_what_the_city_sees_and_no_more() {
    let app = trying().await;
    let receiver = Receiver::start().await;
    let admin = app.admin().await;
    let yokohama = app.city_user("yokohama").await;
    for (city, pairing) in [("frankfurt", ""), ("umea", ""), ("yokohama", "")] {
        let keeper = app.city_user(city).await;
        hook(
            &keeper,
            &format!("{}/{city}{pairing}", receiver.url),
            json!({"types": ["action_plan"]}),
        )
        .await;
    }
    hook(
        &admin,
        &format!("{}/programme", receiver.url),
        json!({"types": ["action_plan"]}),
    )
    .await;
    let mut plan = complete_plan(&["yokohama"]);
    plan["title"] = json!({"en": "Secret harbour"});
    let path = make(&yokohama, plan).await;
    let got = receiver.wait_for(2).await;
    let mut paths: Vec<&str> = got.iter().map(|got| got.path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(
        paths,
        ["/programme", "/yokohama"],
        "a draft is its city's and the programme's"
    );
    to(&yokohama, &path, "submitted").await.expect(200);
    let got = receiver.wait_for(5).await;
    let partner: Vec<&Got> = got.iter().filter(|got| got.path == "/frankfurt").collect();
    assert_eq!(partner.len(), 1, "{:?}", told(&got));
    assert_eq!(partner[0].body["type"], "action_plan.created");
    assert!(
        partner[0].body["data"]["by"].is_null(),
        "whose doing it was is not the partner's to know"
    );
    to(&admin, &path, "returned").await.expect(200);
    let got = receiver.wait_for(8).await;
    receiver.stays_at(8).await;
    let last = got.iter().rfind(|got| got.path == "/frankfurt").unwrap();
    assert_eq!(last.body["type"], "action_plan.deleted");
    assert!(got.iter().all(|got| got.path != "/umea"));
    let text = got
        .iter()
        .map(|got| String::from_utf8_lossy(&got.bytes))
        .collect::<String>();
    assert!(
        !text.contains("Secret harbour"),
        "a delivery names what changed, and does not hold it"
    );
}

#[tokio::test]
async fn while_a_secret_is_replaced_deliveries_carry_both_signatures() {
    let app = App::with(|settings| {
        settings.webhooks_allow_private = true;
        settings.secret_overlap = 3600;
    })
    .await;
    let receiver = Receiver::start().await;
    let (admin, frankfurt) = (app.admin().await, app.city_user("frankfurt").await);
    let made = hook(&frankfurt, &receiver.url, json!({})).await;
    let path = format!("{}/secrets", at(&made));
    let next = frankfurt.request("POST", &path).send().await.expect(201);
    assert_eq!(next.header("location"), format!("{}{}", app.url, at(&made)));
    let (old, new) = (secret(&made), secret(&next));
    survey(&admin, "umea", 1).await;
    let got = receiver.wait_for(1).await;
    assert_eq!(got[0].signatures.len(), 2);
    assert!(got[0].is_signed_with(&old) && got[0].is_signed_with(&new));
    app.run("UPDATE webhook_secrets SET expires_at = now() WHERE expires_at IS NOT NULL")
        .await;
    survey(&admin, "umea", 2).await;
    let got = receiver.wait_for(2).await;
    assert_eq!(got[1].signatures.len(), 1);
    assert!(!got[1].is_signed_with(&old) && got[1].is_signed_with(&new));
    // A secret is told this once, and stands nowhere else than where it is needed.
    let mut kept = String::new();
    for table in [
        "webhooks",
        "webhook_deliveries",
        "events",
        "idempotency_keys",
    ] {
        let rows = app.rows(&format!("SELECT t::text FROM {table} AS t")).await;
        kept += &format!("{rows:?}");
    }
    for reply in [
        frankfurt.get(&at(&made)).await,
        frankfurt.get("/v1/webhooks?format=ndjson").await,
    ] {
        kept += std::str::from_utf8(&reply.bytes).unwrap();
    }
    for secret in [&old, &new] {
        assert!(!kept.contains(&secret[6..]));
        let end = &secret[secret.len() - 4..];
        assert!(kept.contains(&format!("\"last_four\":\"{end}\"")));
    }
}

#[tokio::test]
async fn no_secret_is_ended_without_which_deliveries_would_be_unsigned() {
    let app = trying().await;
    let receiver = Receiver::start().await;
    let (admin, frankfurt) = (app.admin().await, app.city_user("frankfurt").await);
    let made = hook(&frankfurt, &receiver.url, json!({})).await;
    let path = format!("{}/secrets", at(&made));
    let end = async |made: &Reply, place: usize| {
        let id = made.body["secrets"][place]["id"].as_str().unwrap();
        frankfurt.delete(&format!("{path}/{id}"), "*").await
    };
    end(&made, 0).await.problem("last_secret");
    let next = frankfurt.request("POST", &path).send().await.expect(201);
    // The old one still works for a day: it is not one that lasts.
    end(&next, 1).await.problem("last_secret");
    end(&next, 0).await.expect(204);
    end(&next, 0).await.problem("not_found");
    survey(&admin, "umea", 1).await;
    let got = receiver.wait_for(1).await;
    assert_eq!(got[0].signatures.len(), 1);
    assert!(got[0].is_signed_with(&secret(&next)));
}

#[tokio::test]
async fn a_test_is_sent_whatever_the_webhook_asks_for_and_also_while_it_is_off() {
    let app = trying().await;
    let receiver = Receiver::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    let off = json!({"types": ["sdg"], "active": false});
    let made = hook(&frankfurt, &receiver.url, off).await;
    assert_eq!(made.body["off_because"], "switched_off");
    let test = async || {
        let request = frankfurt.request("POST", &format!("{}/test", at(&made)));
        request.send().await.expect(202)
    };
    let first = test().await;
    assert_eq!(
        (&first.body["type"], &first.body["state"]),
        (&json!("webhook.test"), &json!("pending"))
    );
    let got = receiver.wait_for(1).await;
    assert_eq!(got[0].told(), "webhook.test ");
    assert_eq!(got[0].id, first.id());
    assert!(got[0].is_signed_with(&secret(&made)));
    receiver.answer(500);
    let second = test().await;
    receiver.wait_for(2).await;
    receiver.stays_at(2).await;
    let delivery = async |reply: &Reply| {
        frankfurt
            .get(reply.header("location"))
            .await
            .expect(200)
            .body
    };
    assert_eq!(delivery(&first).await["state"], "delivered");
    let failed = delivery(&second).await;
    assert_eq!(
        (&failed["state"], &failed["last_status"]),
        (&json!("failed"), &json!(500))
    );
    let kept = failed.to_string();
    assert!(!kept.contains("shown to nobody"), "{kept}");
    let dry = frankfurt.request("POST", &format!("{}/test?dryrun=true", at(&made)));
    assert!(dry.send().await.expect(200).body["dry_run"].is_object());
    assert_eq!(app.count("webhook_deliveries").await, 2);
    let told = frankfurt.get(&at(&made)).await.body;
    assert_eq!(
        (&told["version"], &told["failing_since"]),
        (&json!(1), &Value::Null)
    );
}

#[tokio::test]
async fn a_delivery_is_sent_again_under_the_same_id() {
    let app = trying().await;
    let receiver = Receiver::start().await;
    let (admin, frankfurt) = (app.admin().await, app.city_user("frankfurt").await);
    let made = hook(&frankfurt, &receiver.url, json!({})).await;
    survey(&admin, "umea", 1).await;
    let first = receiver.wait_for(1).await.remove(0);
    let path = format!("{}/deliveries/{}/redeliveries", at(&made), first.id);
    let again = frankfurt.request("POST", &path).send().await.expect(202);
    assert_eq!(
        (again.id(), &again.body["state"]),
        (first.id.clone(), &json!("pending"))
    );
    let second = receiver.wait_for(2).await.remove(1);
    assert_eq!((second.id, second.bytes), (first.id, first.bytes));
    let nothing = format!("{}/deliveries/{}/redeliveries", at(&made), made.id());
    frankfurt
        .request("POST", &nothing)
        .send()
        .await
        .problem("not_found");
    frankfurt
        .patch(&at(&made), "*", json!({"active": false}))
        .await
        .expect(200);
    frankfurt
        .request("POST", &path)
        .send()
        .await
        .problem("webhook_off");
}

#[tokio::test]
async fn webhooks_are_their_citys_alone_and_machines_need_the_scope() {
    let app = trying().await;
    let (admin, frankfurt) = (app.admin().await, app.city_user("frankfurt").await);
    let umea = app.city_user("umea").await;
    let made = hook(
        &frankfurt,
        "http://127.0.0.1:9/",
        json!({"description": "Ours"}),
    )
    .await;
    let own = hook(&admin, "http://127.0.0.1:9/", json!({})).await;
    assert!(own.body["city"].is_null());
    let other = json!({"url": "http://127.0.0.1:9/", "city": "frankfurt"});
    umea.post("/v1/webhooks", other).await.problem("forbidden");
    for made in [&made, &own] {
        let id = iuc::resource::new_uuid();
        for path in [
            at(made),
            format!("{}/deliveries", at(made)),
            format!("{}/deliveries/{id}", at(made)),
        ] {
            umea.get(&path).await.problem("not_found");
        }
        for path in [
            "test".to_owned(),
            "secrets".to_owned(),
            format!("deliveries/{id}/redeliveries"),
        ] {
            let path = format!("{}/{path}", at(made));
            umea.request("POST", &path)
                .send()
                .await
                .problem("not_found");
        }
        umea.patch(&at(made), "*", json!({"active": false}))
            .await
            .problem("not_found");
        umea.delete(&at(made), "*").await.problem("not_found");
    }
    assert!(umea.get("/v1/webhooks").await.items().is_empty());
    assert_eq!(frankfurt.get("/v1/webhooks").await.items().len(), 1);
    assert_eq!(
        admin.get("/v1/webhooks?include=cities").await.items().len(),
        2
    );
    let machine = app
        .machine(Some("frankfurt"), &["webhooks:write", "changes:read"])
        .await;
    assert_eq!(
        machine.get("/v1/webhooks").await.expect(200).items().len(),
        1
    );
    let by_machine = hook(&machine, "http://127.0.0.1:9/", json!({})).await;
    assert_eq!(by_machine.body["city"], "frankfurt");
    machine.delete(&at(&by_machine), "*").await.expect(204);
    let reader = app
        .machine(Some("frankfurt"), &["read", "changes:read"])
        .await;
    reader
        .get("/v1/webhooks")
        .await
        .problem("insufficient_scope");
    reader
        .post("/v1/webhooks", json!({"url": "http://127.0.0.1:9/"}))
        .await
        .problem("insufficient_scope");
    let moved = frankfurt
        .patch(&at(&made), "*", json!({"city": "umea"}))
        .await;
    assert!(matches!(moved.status, 400 | 403), "{moved}");
    admin
        .patch(&at(&made), "*", json!({"city": "umea"}))
        .await
        .problem("invalid_input");
}

#[tokio::test]
async fn a_city_has_at_most_twenty_webhooks_however_many_are_made_at_once() {
    let app = trying().await;
    let frankfurt = app.city_user("frankfurt").await;
    let patient = async || loop {
        let made = frankfurt
            .post("/v1/webhooks", json!({"url": "http://127.0.0.1:9/"}))
            .await;
        if made.status != 503 {
            return made;
        }
    };
    let made = futures_util::future::join_all((0..23).map(|_| patient())).await;
    let (made, refused): (Vec<_>, Vec<_>) = made.into_iter().partition(|made| made.status == 201);
    // One that was answered 503 on a busy machine may have been stored.
    assert!(made.len() <= 20 && refused.len() >= 3, "{}", made.len());
    for refused in refused {
        refused.problem("too_many_webhooks");
    }
    assert_eq!(app.count("webhooks").await, 20);
    app.city_user("umea")
        .await
        .post("/v1/webhooks", json!({"url": "http://127.0.0.1:9/"}))
        .await
        .expect(201);
}

#[tokio::test]
async fn a_restored_backup_switches_webhooks_off_and_what_waited_is_not_sent() {
    let app = trying().await;
    let receiver = Receiver::start().await;
    let (admin, frankfurt) = (app.admin().await, app.city_user("frankfurt").await);
    let made = hook(&frankfurt, &receiver.url, json!({})).await;
    receiver.react(|_| crate::support::receiver::Reaction::status(503).with("retry-after", "3600"));
    survey(&admin, "umea", 1).await;
    receiver.wait_for(1).await;
    let mut conn = Connection::establish(&app.database_url).await.unwrap();
    assert_eq!(after_restore(&mut conn).await.unwrap().1, 1);
    receiver.answer(204);
    let frankfurt = app.sign_in("planning@frankfurt.example").await;
    let admin = app.sign_in("admin@iuc.example").await;
    let told = frankfurt.get(&at(&made)).await.expect(200).body;
    assert_eq!(
        (&told["active"], &told["off_because"]),
        (&json!(false), &json!("restored"))
    );
    let waited = frankfurt
        .get(&format!("{}/deliveries?state=failed", at(&made)))
        .await
        .items();
    assert_eq!(waited[0]["last_error"], "restored");
    survey(&admin, "umea", 2).await;
    frankfurt
        .patch(&at(&made), "*", json!({"active": true}))
        .await
        .expect(200);
    survey(&admin, "umea", 3).await;
    let got = receiver.wait_for(2).await;
    receiver.stays_at(2).await;
    assert_eq!(
        got[1].body["data"]["version"], 4,
        "it goes on from when it was switched on"
    );
    let seen = frankfurt
        .get(&format!(
            "/v1/changes?after={}",
            got[1].body["cursor"].as_str().unwrap()
        ))
        .await;
    assert!(seen.expect(200).items().is_empty());
}
