//! No update is lost, however many write the same thing.

use serde_json::json;

use crate::support::{App, Client};

const CLIENTS: i64 = 8;
const WRITES: i64 = 50;

/// Adds one to the population, `WRITES` times, each from what was read before.
async fn count_up(client: Client) {
    for _ in 0..WRITES {
        loop {
            let read = client.get("/v1/cities/umea").await.expect(200);
            let value = read.body["population"]["value"].as_i64().unwrap();
            let next = json!({"population": {"value": value + 1, "year": 2019}});
            let reply = client.patch("/v1/cities/umea", &read.etag(), next).await;
            match reply.status {
                200 => break,
                _ => drop(reply.problem("precondition_failed")),
            }
        }
    }
}

#[tokio::test]
async fn eight_clients_with_fifty_read_modify_writes_each_count_to_four_hundred() {
    let app = App::start().await;
    let admin = app.admin().await;
    let zero = json!({"population": {"value": 0, "year": 2019}});
    admin.patch("/v1/cities/umea", "*", zero).await.expect(200);
    let (events, before) = (app.events().await, admin.get("/v1/cities/umea").await);
    futures_util::future::join_all((0..CLIENTS).map(|_| count_up(admin.clone()))).await;
    let after = admin.get("/v1/cities/umea").await;
    assert_eq!(after.body["population"]["value"], CLIENTS * WRITES);
    let versions =
        after.body["version"].as_i64().unwrap() - before.body["version"].as_i64().unwrap();
    assert_eq!(versions, CLIENTS * WRITES);
    assert_eq!(app.events().await - events, CLIENTS * WRITES);
}
