//! The examples run as they are written.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{App, app::PASSWORD};

#[tokio::test]
async fn the_worked_example_takes_a_plan_from_its_draft_to_everybody() {
    let app = App::start().await;
    app.admin().await;
    app.city_user("yokohama").await;
    app.city_user("frankfurt").await;
    let account = |email: &str| format!("{email}:{PASSWORD}");
    let mut command = Command::new("bash");
    command
        .arg(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/examples/publish-a-plan.sh"
        ))
        .env("API", format!("{}/v1", app.url))
        .env("ADMIN", account("admin@iuc.example"))
        .env("CITY", account("planning@yokohama.example"))
        .env("PARTNER", account("planning@frankfurt.example"));
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complaint}");
    assert!(said.contains("status: approved"), "{said}");
    let url = said.lines().last().unwrap().trim();
    let path = url.strip_prefix(&app.url).unwrap();
    let published = app.anonymous().get(path).await.expect(200).body;
    assert_eq!(published["status"], "approved");
    assert_eq!(
        published["joint_actions"][0]["consents"][0]["decision"],
        "accepted"
    );
}

/// A round of `examples/sync.py`; answers its exit status and what it complains of.
async fn sync(app: &App, folder: &Path, client: &str) -> (Option<i32>, String) {
    let mut command = Command::new("python3");
    command
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/examples/sync.py"))
        .arg(folder)
        .env("API", &app.url)
        .env("CLIENT", client)
        .env("PYTHONDONTWRITEBYTECODE", "1");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), complaint)
}

fn file(folder: &Path, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap()
}

#[tokio::test]
async fn the_example_takes_no_key_of_a_partner_for_its_own() {
    let app = App::start().await;
    let admin = app.admin().await;
    // Both cities' systems are called the same.
    let plan = json!({"proponents": ["frankfurt", "yokohama"], "pairing": "frankfurt-yokohama",
        "external_refs": [{"system": "plandb", "key": "Y-1", "city": "yokohama"}, {"system": "plandb", "key": "F-1", "city": "frankfurt"}]});
    let made = admin.post("/v1/action-plans", plan).await.expect(201);
    for (city, own) in [("frankfurt", "F-1.json"), ("yokohama", "Y-1.json")] {
        let client = json!({"name": "Plans", "city": city, "scopes": ["read", "changes:read", "plans:write"]});
        let client = admin.post("/v1/clients", client).await.expect(201);
        let client = format!(
            "{}:{}",
            client.id(),
            client.body["secret"].as_str().unwrap()
        );
        let folder = app.files.join(city);
        std::fs::create_dir_all(&folder).unwrap();
        assert_eq!(sync(&app, &folder, &client).await, (Some(0), String::new()));
        let mut files: Vec<_> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        files.sort();
        assert_eq!(files, [own, "all", "state.json"]);
        let mut here = file(&folder, own);
        here["context"] = json!({"en": format!("By {city}")});
        std::fs::write(folder.join(own), here.to_string()).unwrap();
        assert_eq!(sync(&app, &folder, &client).await, (Some(0), String::new()));
        let stored = admin
            .get(&format!("/v1/action-plans/{}", made.id()))
            .await
            .expect(200)
            .body;
        assert_eq!(stored["context"]["en"], format!("By {city}"));
        assert_eq!(stored["external_refs"], made.body["external_refs"]);
    }
    assert_eq!(app.count("action_plans").await, 1);
}

#[tokio::test]
async fn the_example_of_a_copy_keeps_a_folder_in_step() {
    let app = App::start().await;
    let admin = app.admin().await;
    let client = json!({"name": "Plans", "city": "frankfurt", "scopes": ["read", "changes:read", "plans:write"]});
    let made = admin.post("/v1/clients", client).await.expect(201);
    let client = format!("{}:{}", made.id(), made.body["secret"].as_str().unwrap());
    let folder = app.files.join("plans");
    let (status, complaint) = sync(&app, &folder, &client).await;
    assert!(
        status == Some(1) && complaint.contains("there is no folder"),
        "{complaint}"
    );
    assert!(!folder.exists());
    std::fs::create_dir_all(&folder).unwrap();
    let plan = json!({"proponents": ["frankfurt"], "pairing": "frankfurt-yokohama", "title": {"en": "Ours"}});
    std::fs::write(folder.join("LAP-7.json"), plan.to_string()).unwrap();
    let in_step = (Some(0), String::new());
    assert_eq!(sync(&app, &folder, &client).await, in_step);
    // What was edited here is there, under its key.
    let url = "/v1/action-plans/by-ref/plandb/LAP-7?city=frankfurt";
    let stored = admin.get(url).await.expect(200);
    assert_eq!(stored.body["title"]["en"], "Ours");
    let path = format!("/v1/action-plans/{}", stored.id());
    // What is edited there comes here; what is edited on both sides, in different fields, is brought together.
    let there = json!({"objectives": {"en": "Theirs"}});
    admin.patch(&path, "*", there).await.expect(200);
    let mut here = file(&folder, "LAP-7.json");
    here["context"] = json!({"en": "Mine"});
    std::fs::write(folder.join("LAP-7.json"), here.to_string()).unwrap();
    assert_eq!(sync(&app, &folder, &client).await, in_step);
    let merged = admin.get(&path).await.expect(200);
    assert_eq!(merged.body["objectives"]["en"], "Theirs");
    assert_eq!(merged.body["context"]["en"], "Mine");
    assert_eq!(file(&folder, "LAP-7.json")["objectives"]["en"], "Theirs");
    // A further round changes nothing.
    let events = app.events().await;
    assert_eq!(sync(&app, &folder, &client).await, in_step);
    assert_eq!(app.events().await, events);
    // The same field on both sides is for a person.
    let there = json!({"objectives": {"en": "Theirs again"}});
    admin.patch(&path, "*", there).await.expect(200);
    let mut here = file(&folder, "LAP-7.json");
    here["objectives"] = json!({"en": "Mine again"});
    std::fs::write(folder.join("LAP-7.json"), here.to_string()).unwrap();
    let (status, complaint) = sync(&app, &folder, &client).await;
    assert_eq!(status, Some(2), "{complaint}");
    let told = "  /objectives/en  here \"Mine again\", there \"Theirs again\"\n";
    assert!(complaint.contains(told), "{complaint}");
    assert_eq!(
        file(&folder, "LAP-7.json")["objectives"]["en"],
        "Mine again"
    );
    let theirs = folder.join("LAP-7.theirs.json");
    let events = app.events().await;
    let (status, complaint) = sync(&app, &folder, &client).await;
    assert_eq!(status, Some(2), "{complaint}");
    assert!(complaint.contains("LAP-7.theirs.json"), "{complaint}");
    assert_eq!(app.events().await, events);
    let mut decided = file(&folder, "LAP-7.theirs.json");
    assert_eq!(decided["objectives"]["en"], "Theirs again");
    decided["objectives"]["en"] = json!("Both of us");
    std::fs::write(&theirs, decided.to_string()).unwrap();
    std::fs::rename(&theirs, folder.join("LAP-7.json")).unwrap();
    assert_eq!(sync(&app, &folder, &client).await, in_step);
    let decided = admin.get(&path).await.expect(200);
    assert_eq!(decided.body["objectives"]["en"], "Both of us");
    // A file that cannot be read is told, and stays; the others go on.
    let broken = folder.join("BROKEN.json");
    std::fs::write(&broken, "{\"title\": ").unwrap();
    let (status, complaint) = sync(&app, &folder, &client).await;
    assert_eq!(status, Some(2), "{complaint}");
    assert!(
        complaint.contains("BROKEN.json") && !complaint.contains("Traceback"),
        "{complaint}"
    );
    std::fs::remove_file(&broken).unwrap();
    // A key may be no name of a file, or that of the state.
    for (key, name) in [("a/b", "a%2Fb.json"), ("state", "%73tate.json")] {
        let plan = json!({"proponents": ["frankfurt"], "pairing": "frankfurt-yokohama", "title": {"en": key},
            "external_refs": [{"system": "plandb", "key": key}]});
        admin.post("/v1/action-plans", plan).await.expect(201);
        assert_eq!(sync(&app, &folder, &client).await, in_step);
        let mut here = file(&folder, name);
        here["title"] = json!({"en": format!("{key} here")});
        std::fs::write(folder.join(name), here.to_string()).unwrap();
        assert_eq!(sync(&app, &folder, &client).await, in_step);
        let url = format!(
            "/v1/action-plans/by-ref/plandb/{}?city=frankfurt",
            key.replace('/', "%2F")
        );
        assert_eq!(
            admin.get(&url).await.expect(200).body["title"]["en"],
            format!("{key} here")
        );
    }
    // What is gone there is gone from the copy.
    admin.delete(&path, "*").await.expect(204);
    sync(&app, &folder, &client).await;
    assert!(!folder.join(format!("all/{}.json", stored.id())).exists());
    assert!(!folder.join("LAP-7.json").exists());
}
