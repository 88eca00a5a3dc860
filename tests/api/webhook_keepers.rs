//! Who answers for a webhook: nobody makes one that tells more than they may read, and it ends with who keeps it.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::support::oauth::Machine;
use crate::support::receiver::Receiver;
use crate::support::{App, Client, Reply};
use crate::webhooks::{at, hook, survey, trying};

/// What a client needs that keeps webhooks.
const KEEPS: &[&str] = &["webhooks:write", "changes:read"];

/// The account behind a token.
async fn account(client: &Client) -> Value {
    client.get("/v1/me").await.expect(200).body["user"]["id"].clone()
}

/// The webhook, once it is switched off.
async fn switched_off(keeper: &Client, made: &Reply) -> Value {
    for _ in 0..100 {
        let told = keeper.get(&at(made)).await.expect(200).body;
        if told["active"] == false {
            return told;
        }
        sleep(Duration::from_millis(50)).await;
    }
    panic!("{made} is not switched off");
}

#[tokio::test]
async fn a_token_makes_no_webhook_that_tells_more_than_it_reads() {
    let app = trying().await;
    let receiver = Receiver::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    let made = hook(&frankfurt, &receiver.url, json!({"types": ["subject"]})).await;
    frankfurt
        .request("POST", &format!("{}/test", at(&made)))
        .send()
        .await
        .expect(202);
    receiver.wait_for(1).await;
    let deliveries = format!("{}/deliveries", at(&made));
    let sent = frankfurt.get(&deliveries).await.items()[0]["id"].clone();
    let sent = format!("{deliveries}/{}", sent.as_str().unwrap());
    let machine = Machine::make(&frankfurt, "frankfurt", KEEPS).await;
    let weak = machine.with_scope(&app, "webhooks:write").await;
    let elsewhere = format!("{}/elsewhere", receiver.url);
    let body = json!({"url": elsewhere});
    let refused = [
        weak.post("/v1/webhooks", body.clone()).await,
        weak.put(&at(&made), "*", body.clone()).await,
        weak.patch(&at(&made), "*", body).await,
        weak.patch(&at(&made), "*", json!({"types": []})).await,
        weak.request("POST", &format!("{}/test", at(&made)))
            .send()
            .await,
        weak.request("POST", &format!("{}/secrets", at(&made)))
            .send()
            .await,
        weak.request("POST", &format!("{sent}/redeliveries"))
            .send()
            .await,
        weak.get(&deliveries).await,
        weak.get(&sent).await,
    ];
    for reply in refused {
        let reply = reply.problem("insufficient_scope");
        assert_eq!(
            reply.body["detail"],
            "This needs a token with the scope changes:read webhooks:write."
        );
        let asked = reply.header("www-authenticate");
        assert!(
            asked.contains("scope=\"changes:read webhooks:write\""),
            "{asked}"
        );
    }
    receiver.stays_at(1).await;
    let strong = machine.signed_in(&app).await;
    strong
        .patch(&at(&made), "*", json!({"url": elsewhere}))
        .await
        .expect(200);
    strong.get(&deliveries).await.expect(200);
    weak.get(&at(&made)).await.expect(200);
    weak.delete(&at(&made), "*").await.expect(204);
}

#[tokio::test]
async fn a_webhook_tells_who_answers_for_it() {
    let app = trying().await;
    let receiver = Receiver::start().await;
    let (admin, frankfurt) = (app.admin().await, app.city_user("frankfurt").await);
    let machine = Machine::make(&frankfurt, "frankfurt", KEEPS).await;
    let system = machine.signed_in(&app).await;
    let made = hook(&frankfurt, &receiver.url, json!({})).await;
    let person = account(&frankfurt).await;
    assert_eq!(made.body["kept_by"], person);
    let change = async |who: &Client, change: Value| {
        let path = at(&made);
        who.patch(&path, "*", change).await.expect(200).body["kept_by"].clone()
    };
    let described = change(&system, json!({"description": "Ours", "active": false})).await;
    assert_eq!(
        described, person,
        "it tells nothing more, nor to anybody else"
    );
    let on = change(&admin, json!({"active": true})).await;
    assert_eq!(on, account(&admin).await);
    for turned in [
        json!({"url": format!("{}/there", receiver.url)}),
        json!({"types": ["city"]}),
        json!({"cities": ["umea"]}),
    ] {
        change(
            &admin,
            json!({"url": receiver.url, "types": [], "cities": []}),
        )
        .await;
        assert_eq!(change(&system, turned).await, machine.id.as_str());
    }
    frankfurt
        .patch(&at(&made), "*", json!({"kept_by": person}))
        .await
        .problem("invalid_input");
}

#[tokio::test]
async fn a_webhook_ends_with_who_keeps_it_and_says_so() {
    let app = trying().await;
    let receiver = Receiver::start().await;
    let (admin, frankfurt) = (app.admin().await, app.city_user("frankfurt").await);
    let url = |name: &str| format!("{}/{name}", receiver.url);
    let clients = [
        ("switched-off", Some(json!({"active": false}))),
        (
            "without-the-scope",
            Some(json!({"scopes": ["webhooks:write"]})),
        ),
        ("deleted", None),
    ];
    let mut made = Vec::new();
    for (name, end) in &clients {
        let machine = Machine::make(&frankfurt, "frankfurt", KEEPS).await;
        let system = machine.signed_in(&app).await;
        made.push((
            hook(&system, &url(name), json!({})).await,
            machine.path(),
            end,
        ));
    }
    let email = "leaves@iuc.example";
    app.account(email, "eu_city", Some("frankfurt")).await;
    let leaver = app.sign_in(email).await;
    let path = format!("/v1/users/{}", account(&leaver).await.as_str().unwrap());
    let moved = Some(json!({"city": "umea"}));
    made.push((hook(&leaver, &url("moved"), json!({})).await, path, &moved));
    let kept = hook(&frankfurt, &url("kept"), json!({})).await;
    survey(&admin, "essen", 1).await;
    receiver.wait_for(5).await;
    for (_, path, end) in &made {
        match end {
            Some(change) => admin.patch(path, "*", change.clone()).await.expect(200),
            None => admin.delete(path, "*").await.expect(204),
        };
    }
    survey(&admin, "essen", 2).await;
    let got = receiver.wait_for(6).await;
    assert_eq!(got[5].path, "/kept");
    for (made, ..) in &made {
        let told = switched_off(&frankfurt, made).await;
        assert_eq!(told["off_because"], "keeper_gone");
        assert_eq!(told["version"], 2);
    }
    receiver.stays_at(6).await;
    assert_eq!(frankfurt.get(&at(&kept)).await.body["active"], true);
    // What comes back does not bring it back; whoever switches it on keeps it, and has missed nothing.
    let (first, path, _) = &made[0];
    admin
        .patch(path, "*", json!({"active": true}))
        .await
        .expect(200);
    survey(&admin, "essen", 3).await;
    receiver.wait_for(7).await;
    receiver.stays_at(7).await;
    let on = frankfurt
        .patch(&at(first), "*", json!({"active": true}))
        .await;
    assert_eq!(on.expect(200).body["kept_by"], account(&frankfurt).await);
    let got = receiver.wait_for(9).await;
    assert!(got[7..].iter().all(|got| got.path == "/switched-off"));
}

#[tokio::test]
async fn what_waits_is_not_sent_once_nobody_answers_for_it() {
    let app = App::with(|settings| {
        settings.webhooks_allow_private = true;
        settings.webhooks_first_retry = 3600;
    })
    .await;
    let receiver = Receiver::start().await;
    let (admin, frankfurt) = (app.admin().await, app.city_user("frankfurt").await);
    let machine = Machine::make(&frankfurt, "frankfurt", KEEPS).await;
    let system = machine.signed_in(&app).await;
    let made = hook(&system, &receiver.url, json!({})).await;
    receiver.answer(500);
    survey(&admin, "essen", 1).await;
    receiver.wait_for(1).await;
    admin.delete(&machine.path(), "*").await.expect(204);
    app.run(
        "UPDATE webhooks SET rests_until = now(); UPDATE webhook_deliveries SET due_at = now()",
    )
    .await;
    switched_off(&frankfurt, &made).await;
    receiver.stays_at(1).await;
    let waiting = format!("{}/deliveries?state=pending", at(&made));
    assert_eq!(frankfurt.get(&waiting).await.items().len(), 1);
}
