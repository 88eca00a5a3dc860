//! A client that hangs up at any moment can repeat its keyed POST, and it has happened once.

use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::App;

#[tokio::test]
async fn a_keyed_post_whose_client_hung_up_has_happened_once_when_it_is_repeated() {
    let app = App::start().await;
    let admin = app.admin().await;
    let plans = 24;
    for number in 0..plans {
        let mut plan = crate::support::kinds::bare_plan("yokohama", "frankfurt-yokohama");
        plan["title"] = json!({"en": format!("Plan {number}")});
        let body = plan.to_string();
        let request = format!(
            "POST /v1/action-plans HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nIdempotency-Key: plan-{number}\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            admin.token.as_deref().unwrap(),
            body.len(),
        );
        let mut stream = TcpStream::connect(app.url.strip_prefix("http://").unwrap())
            .await
            .unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        // Later and later into the work of the service: before it has read anything, up to after it has answered.
        tokio::time::sleep(Duration::from_micros(number * 500)).await;
        stream.set_zero_linger().unwrap();
        drop(stream);
    }
    for number in 0..plans {
        let mut plan = crate::support::kinds::bare_plan("yokohama", "frankfurt-yokohama");
        plan["title"] = json!({"en": format!("Plan {number}")});
        loop {
            let request = admin
                .request("POST", "/v1/action-plans")
                .header("Idempotency-Key", &format!("plan-{number}"));
            let reply = request.json(&plan).send().await;
            if reply.status == 409 {
                reply.problem("idempotency_in_flight");
                tokio::time::sleep(Duration::from_millis(20)).await;
            } else {
                assert_eq!(
                    reply.expect(201).body["title"]["en"],
                    format!("Plan {number}")
                );
                break;
            }
        }
    }
    let plans = i64::try_from(plans).unwrap();
    assert_eq!(app.count("action_plans").await, plans);
    assert_eq!(app.count("events WHERE type = 'action_plan'").await, plans);
    app.until_idle().await;
}
