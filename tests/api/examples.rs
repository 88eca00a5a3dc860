//! The examples run as they are written.

use std::process::Command;

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
