//! `iuc sync` when it begins: a folder and a service that have never met, and where its secret goes.

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::App;
use crate::support::copies::{Copy, SYSTEM};
use crate::support::kinds::bare_plan;

fn by_ref(key: &str) -> String {
    format!("/v1/action-plans/by-ref/{SYSTEM}/{key}?city=frankfurt")
}

/// With parts that have no keys.
fn plan(title: &str, risks: &[&str]) -> Value {
    let mut plan = bare_plan("frankfurt", "frankfurt-yokohama");
    let risks = risks
        .iter()
        .map(|risk| json!({"description": {"en": risk}}));
    plan["title"] = json!({"en": title});
    plan["risks"] = risks.collect();
    plan
}

/// A service that has these plans by the keys of Frankfurt's system, and a folder that has never met it.
async fn strangers(plans: &[(&str, Value)]) -> (App, Copy) {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    for (key, plan) in plans {
        let request = frankfurt.request("PUT", &by_ref(key)).json(plan);
        request.send().await.expect(201);
    }
    let copy = Copy::of(&app, "frankfurt").await;
    (app, copy)
}

#[tokio::test]
async fn a_file_without_keys_meets_the_plan_that_says_the_same_and_nothing_is_doubled() {
    let mut same = plan("Same", &["A flood", "A fire", "A flood"]);
    let target = json!({"value": 700.0, "on": "2030"});
    same["follow_up"] =
        json!({"indicators": [{"name": {"en": "Emissions"}, "unit": "t/a", "target": target}]});
    let (app, copy) = strangers(&[("A", same.clone())]).await;
    let stored = app.admin().await.get(&by_ref("A")).await.expect(200).body;
    copy.write("A.json", &same);
    let events = app.events().await;
    copy.in_step().await;
    assert_eq!(copy.read("A.json")["risks"], stored["risks"]);
    assert_eq!(app.events().await, events);
}

#[tokio::test]
async fn where_both_have_a_plan_at_the_first_meeting_a_person_or_adopt_says_which_is_right() {
    let mut there = plan("There", &["A flood", "A fire"]);
    there["objectives"] = json!({"en": "Only there"});
    let (app, copy) = strangers(&[("A", there)]).await;
    let admin = app.admin().await;
    let stored = admin.get(&by_ref("A")).await.expect(200).body;
    let here = plan("Here", &["A fire", "A storm"]);
    copy.write("A.json", &here);
    for (options, code) in [(&[][..], 3), (&["--dry-run", "--adopt", "folder"], 0)] {
        let run = copy.sync(options).await;
        assert_eq!(run.code, Some(code), "{run:?}");
        assert_eq!(run.complaint.contains("--adopt"), code == 3, "{run:?}");
        assert_eq!(copy.read("A.json"), here);
        assert_eq!(admin.get(&by_ref("A")).await.body["version"], 1);
    }
    // The folder is right in all that it says.
    let run = copy.sync(&["--adopt", "folder"]).await;
    assert_eq!((run.code, run.complaint.as_str()), (Some(0), ""), "{run:?}");
    assert!(run.said.contains("sent      A.json"), "{run:?}");
    let now = admin.get(&by_ref("A")).await.expect(200).body;
    assert_eq!(now["title"]["en"], "Here");
    assert_eq!(now["objectives"]["en"], "Only there");
    let risks = now["risks"].as_array().unwrap();
    assert_eq!((risks.len(), &risks[0]), (2, &stored["risks"][1]));
    assert_eq!(copy.files(), ["A.json"]);
    assert_eq!(copy.read("A.json")["risks"], now["risks"]);
    // In another folder, the service is.
    let other = copy.another();
    other.write("A.json", &here);
    let run = other.sync(&["--adopt", "service"]).await;
    assert_eq!((run.code, run.complaint.as_str()), (Some(0), ""), "{run:?}");
    assert_eq!(other.read("A.json"), copy.read("A.json"));
    assert_eq!(other.read(".iuc-sync/trash/A.json"), here);
    // What was agreed on is not adopted once more.
    copy.edit("A.json", "title", json!({"en": "Edited"}));
    let run = copy.sync(&["--adopt", "service"]).await;
    assert_eq!(run.code, Some(0), "{run:?}");
    let now = admin.get(&by_ref("A")).await.expect(200).body;
    assert_eq!(now["title"]["en"], "Edited");
}

#[tokio::test]
async fn a_dry_run_tells_of_a_first_meeting_what_a_run_would_do() {
    let (app, copy) = strangers(&[
        ("Same", plan("Same", &["A flood"])),
        ("Other", plan("There", &[])),
    ])
    .await;
    copy.write("Same.json", &plan("Same", &["A flood"]));
    let here = plan("Here", &[]);
    copy.write("Other.json", &here);
    let events = app.events().await;
    for (options, code, told) in [
        (&["--dry-run"][..], 3, "CONFLICT  Other.json"),
        (
            &["--dry-run", "--adopt", "folder"],
            0,
            "sent      Other.json",
        ),
        (
            &["--dry-run", "--adopt", "service"],
            0,
            "received  Other.json",
        ),
    ] {
        let run = copy.sync(options).await;
        assert_eq!(run.code, Some(code), "{run:?}");
        let all = format!("{}{}", run.said, run.complaint);
        assert_eq!(all.matches("Other.json").count(), 1, "{run:?}");
        assert!(all.contains(told), "{run:?}");
        assert!(!run.complaint.contains("Same.json"), "{run:?}");
        assert_eq!(copy.files(), ["Other.json", "Same.json"]);
        assert_eq!(copy.read("Other.json"), here);
    }
    assert_eq!(app.events().await, events);
}

#[tokio::test]
async fn a_file_that_begins_with_a_byte_order_mark_is_read() {
    let app = App::start().await;
    let admin = app.admin().await;
    let copy = Copy::of(&app, "frankfurt").await;
    let text = plan("Marked", &["A flood"]).to_string();
    for name in ["A.json", "B.yaml"] {
        std::fs::write(copy.folder.join(name), format!("\u{feff}{text}")).unwrap();
    }
    copy.in_step().await;
    for key in ["A", "B"] {
        let stored = admin.get(&by_ref(key)).await.expect(200).body;
        assert_eq!(stored["title"]["en"], "Marked");
    }
    let mut bad = plan("Bad", &[]);
    bad["colour"] = json!("red");
    std::fs::write(copy.folder.join("C.json"), format!("\u{feff}{bad}")).unwrap();
    let run = copy.sync(&[]).await;
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.complaint.contains("line 1, column"), "{run:?}");
}

#[tokio::test]
async fn many_files_whose_plans_are_there_already_are_adopted_at_once() {
    let number = |number: usize| format!("LAP-{number}");
    let plans: Vec<(String, Value)> = (0..60).map(|at| (number(at), plan("There", &[]))).collect();
    let plans: Vec<(&str, Value)> = plans
        .iter()
        .map(|(key, plan)| (key.as_str(), plan.clone()))
        .collect();
    let (app, copy) = strangers(&plans).await;
    for at in 0..60 {
        copy.write(&format!("{}.json", number(at)), &plan("Here", &[]));
    }
    let run = copy.sync(&["--adopt", "folder"]).await;
    assert_eq!((run.code, run.complaint.as_str()), (Some(0), ""), "{run:?}");
    let there = "action_plans WHERE document -> 'title' ->> 'en' = 'Here'";
    assert_eq!(app.count(there).await, 60);
}

#[tokio::test]
async fn a_secret_goes_to_the_service_alone_and_never_in_clear() {
    let app = App::start().await;
    let copy = Copy::of(&app, "frankfurt").await;
    for url in ["http://api.example", "http://10.0.0.7:8080", "api.example"] {
        let run = copy.through(url).sync(&[]).await;
        assert_eq!(run.code, Some(2), "{run:?}");
        assert!(run.complaint.contains("--url"), "{run:?}");
    }
    // A service that has moved does not take the secret along.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let moved = copy.through(&format!("http://{}", listener.local_addr().unwrap()));
    let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = other.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let answer = format!(
                "HTTP/1.1 308 Moved\r\nLocation: http://{place}/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    let run = moved.sync(&["--patience", "5"]).await;
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.complaint.contains(&place.to_string()), "{run:?}");
    let asked = tokio::time::timeout(std::time::Duration::from_millis(50), other.accept()).await;
    assert!(asked.is_err(), "nobody has asked there");
}

#[tokio::test]
async fn a_place_in_the_feed_that_the_service_does_not_know_is_a_beginning() {
    let app = App::start().await;
    let copy = Copy::of(&app, "frankfurt").await;
    copy.write("A.json", &plan("A", &[]));
    copy.in_step().await;
    let mut place = copy.read(".iuc-sync/place.json");
    place["cursor"] = json!("AZ0m3mJ8cd2Hq1O7bq1C1wAAAAAAAAAq.0123456789abcdefghijkl");
    copy.write(".iuc-sync/place.json", &place);
    copy.edit("A.json", "title", json!({"en": "B"}));
    let said = copy.in_step().await;
    assert!(said.contains("1 sent"), "{said}");
}
