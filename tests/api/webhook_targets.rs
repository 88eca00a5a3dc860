//! Where deliveries may go: to the public internet alone, whoever names the address and in whatever form.

use serde_json::{Value, json};

use super::webhooks::{at, hook, survey, trying};
use crate::support::receiver::{Reaction, Receiver};
use crate::support::{App, Reply};

fn refused_at(reply: &Reply, pointer: &str, code: &str) {
    let problem = reply.clone().problem("invalid_input");
    let faults = problem.body["errors"].as_array().unwrap();
    let there = |fault: &Value| fault["pointer"] == pointer && fault["code"] == code;
    assert!(faults.iter().any(there), "{reply}");
}

const FORBIDDEN: &[(&str, &str)] = &[
    ("https://127.0.0.1/", "target_address"),
    ("https://localhost/", "target_address"),
    ("https://LOCALHOST:8443/x", "target_address"),
    ("https://2130706433/", "target_address"),
    ("https://0x7f.1/", "target_address"),
    ("https://0177.0.0.1/", "target_address"),
    ("https://10.0.0.1/", "target_address"),
    ("https://192.168.1.1/", "target_address"),
    (
        "https://169.254.169.254/latest/meta-data/",
        "target_address",
    ),
    ("https://[::1]/", "target_address"),
    ("https://[::ffff:127.0.0.1]/", "target_address"),
    ("https://[::ffff:a9fe:a9fe]/", "target_address"),
    ("https://[64:ff9b::7f00:1]/", "target_address"),
    ("https://[2002:7f00:1::]/", "target_address"),
    ("https://[fd00:ec2::254]/", "target_address"),
    ("https://[fe80::1]/", "target_address"),
    ("https://localhost/", "target_address"),
    ("https://LOCALHOST./", "target_address"),
    ("https://plans.localhost/", "target_address"),
    ("https://printer.local/", "target_address"),
    ("https://db.prod.internal./", "target_address"),
    ("https://intranet/", "target_address"),
    ("https://nas.home.arpa:8443/", "target_address"),
    ("http://example.org/", "target_url"),
    ("https://user:word@example.org/", "target_url"),
    ("https://example.org:22/", "target_url"),
    ("https://example.org/#part", "target_url"),
];

#[tokio::test]
async fn a_webhook_names_no_address_that_is_not_public() {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    // A name that has no address yet may get one.
    let good = "https://plans.umea.invalid/iuc";
    let made = frankfurt
        .post("/v1/webhooks", json!({"url": good}))
        .await
        .expect(201);
    for (url, code) in FORBIDDEN {
        let body = json!({"url": url});
        let reply = frankfurt.post("/v1/webhooks", body.clone()).await;
        refused_at(&reply, "/url", code);
        let dry = frankfurt
            .post("/v1/webhooks?dryrun=true", body.clone())
            .await;
        refused_at(&dry, "/url", code);
        refused_at(
            &frankfurt.put(&at(&made), "*", body.clone()).await,
            "/url",
            code,
        );
        refused_at(&frankfurt.patch(&at(&made), "*", body).await, "/url", code);
        let patch = json!([{"op": "replace", "path": "/url", "value": url}]);
        refused_at(
            &frankfurt.json_patch(&at(&made), "*", patch).await,
            "/0/value",
            code,
        );
        let whole = json!([{"op": "test", "path": "/active", "value": true}, {"op": "replace", "path": "", "value": {"url": url}}]);
        refused_at(
            &frankfurt.json_patch(&at(&made), "*", whole).await,
            "/1/value",
            code,
        );
    }
    // Nor by way of another field.
    let note = json!({"description": "https://127.0.0.1/"});
    frankfurt.patch(&at(&made), "*", note).await.expect(200);
    for op in ["move", "copy"] {
        let patch = json!([{"op": op, "from": "/description", "path": "/url"}]);
        refused_at(
            &frankfurt.json_patch(&at(&made), "*", patch).await,
            "/0/from",
            "target_url",
        );
    }
    assert_eq!(app.one("SELECT url FROM webhooks").await, good);
}

#[tokio::test]
async fn what_a_name_leads_to_is_looked_at_when_it_is_sent_to() {
    let app = App::start().await;
    let receiver = Receiver::start().await;
    let (admin, frankfurt) = (app.admin().await, app.city_user("frankfurt").await);
    let made = hook(&frankfurt, "https://plans.umea.invalid/", json!({})).await;
    let port = receiver.url.rsplit(':').next().unwrap();
    for (url, error) in [
        ("https://plans.umea.invalid/".to_owned(), "not_resolved"),
        // As if the name had led elsewhere when it was looked at.
        (format!("https://localhost:{port}/"), "forbidden_address"),
        (format!("http://localhost:{port}/"), "forbidden_address"),
        (format!("http://127.0.0.1:{port}/"), "forbidden_address"),
    ] {
        app.run(&format!("UPDATE webhooks SET url = '{url}'")).await;
        let test = frankfurt.request("POST", &format!("{}/test", at(&made)));
        let test = test.send().await.expect(202);
        let ended = loop {
            let told = frankfurt
                .get(test.header("location"))
                .await
                .expect(200)
                .body;
            if told["state"] != "pending" {
                break told;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        };
        assert_eq!(
            (&ended["state"], &ended["last_error"]),
            (&json!("failed"), &json!(error)),
            "{url}"
        );
        assert!(ended["last_status"].is_null());
    }
    survey(&admin, "umea", 1).await;
    receiver.stays_at(0).await;
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let app = trying().await;
    let (receiver, inner) = (Receiver::start().await, Receiver::start().await);
    let admin = app.admin().await;
    let made = hook(&admin, &receiver.url, json!({})).await;
    let to = inner.url.clone();
    receiver.react(move |_| Reaction::status(307).with("location", &to));
    survey(&admin, "umea", 1).await;
    receiver.wait_for(2).await;
    inner.stays_at(0).await;
    let list = admin
        .get(&format!("{}/deliveries", at(&made)))
        .await
        .items();
    assert_eq!(
        (&list[0]["last_error"], &list[0]["last_status"]),
        (&json!("redirected"), &json!(307))
    );
}
