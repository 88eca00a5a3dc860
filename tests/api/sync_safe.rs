//! `iuc sync` on a bad line, killed at any moment, after a restored backup, and with edits of all kinds at the same time:
//! nothing is lost, and nothing is made twice.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use diesel_async::AsyncConnection;
use iuc::resource::new_uuid;
use serde_json::{Value, json};

use crate::changes_sight::Dice;
use crate::support::copies::{Copy, Line, Run, SYSTEM};
use crate::support::kinds::bare_plan;
use crate::support::plans::complete_plan;
use crate::support::{App, Client, seeds, times};

pub fn titled(title: &str) -> Value {
    let mut plan = bare_plan("frankfurt", "frankfurt-yokohama");
    plan["title"] = json!({"en": title});
    plan
}

/// With a part that has no key yet.
fn with_part(title: &str) -> Value {
    let mut plan = titled(title);
    plan["risks"] = json!([{"description": {"en": "A flood"}}]);
    plan
}

/// Every plan that a copy holds is as the service has it, and there are no more.
pub async fn is_in_step(app: &App, admin: &Client, copy: &Copy) {
    let files = copy.files();
    assert_eq!(
        app.count("action_plans").await,
        i64::try_from(files.len()).unwrap()
    );
    for name in files {
        let key = name.strip_suffix(".json").unwrap();
        let path = format!("/v1/action-plans/by-ref/{SYSTEM}/{key}?city=frankfurt");
        let stored = admin.get(&path).await.expect(200).body;
        for (member, value) in copy.read(&name).as_object().unwrap() {
            if member != "external_refs" {
                assert_eq!(&stored[member], value, "{name}: {member}");
            }
        }
    }
}

#[tokio::test]
async fn a_lost_answer_makes_no_second_plan_and_no_second_version() {
    let app = App::start().await;
    let admin = app.admin().await;
    let copy = Copy::of(&app, "frankfurt").await;
    let line = Line::to(&app.url).await;
    let bad = copy.through(&line.url);
    line.lose_one_of(4);
    for number in 0..6 {
        copy.write(
            &format!("LAP-{number}.json"),
            &with_part(&format!("Plan {number}")),
        );
    }
    bad.in_step().await;
    is_in_step(&app, &admin, &copy).await;
    assert_eq!(app.count("events WHERE type = 'action_plan'").await, 6);
    for number in 0..6 {
        let name = format!("LAP-{number}.json");
        let mut plan = copy.read(&name);
        plan["risks"]
            .as_array_mut()
            .unwrap()
            .push(json!({"description": {"en": "A fire"}}));
        copy.write(&name, &plan);
    }
    bad.in_step().await;
    is_in_step(&app, &admin, &copy).await;
    assert_eq!(app.count("events WHERE type = 'action_plan'").await, 12);
    assert_eq!(
        copy.read("LAP-0.json")["risks"].as_array().unwrap().len(),
        2
    );
}

#[tokio::test]
async fn many_plans_get_through_a_line_that_breaks_again_and_again() {
    let app = App::start().await;
    let admin = app.admin().await;
    let copy = Copy::of(&app, "frankfurt").await;
    for number in 0..400 {
        copy.write(
            &format!("LAP-{number}.json"),
            &with_part(&format!("Plan {number}")),
        );
    }
    let line = Line::to(&app.url).await;
    line.lose_one_of(5);
    line.cut_after(50_000);
    copy.through(&line.url).in_step().await;
    assert!(line.answers() > 4);
    is_in_step(&app, &admin, &copy).await;
    assert_eq!(app.count("events WHERE type = 'action_plan'").await, 400);
}

#[tokio::test]
async fn an_export_that_breaks_off_is_begun_again_however_long_it_has_gone_on() {
    let app = App::start().await;
    let copy = Copy::of(&app, "frankfurt").await;
    for number in 0..100 {
        // What cannot be made much shorter on its way.
        let noise: Vec<String> = (0..100).map(|_| new_uuid().to_string()).collect();
        let mut plan = titled(&format!("Plan {number}"));
        plan["context"] = json!({"en": noise.join(" ")});
        copy.write(&format!("LAP-{number}.json"), &plan);
    }
    copy.in_step().await;
    let line = Line::to(&app.url).await;
    line.slow_down(1024, Duration::from_millis(30));
    let other = copy.another();
    let run = async { other.through(&line.url).sync(&["--patience", "1"]).await };
    let breaks = async {
        let begun = Instant::now();
        while line.answers() < 60 || begun.elapsed() < Duration::from_secs(2) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        line.break_once().await;
    };
    let (run, ()) = tokio::join!(run, breaks);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(other.files(), copy.files());
}

/// All files of a folder, the hidden ones too.
fn snapshot(folder: &Path, found: &mut Vec<(PathBuf, Vec<u8>)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => snapshot(&path, found),
            false => found.push((path.clone(), std::fs::read(&path).unwrap())),
        }
    }
}

fn put_back(folder: &Path, files: &[(PathBuf, Vec<u8>)]) {
    let mut now = Vec::new();
    snapshot(folder, &mut now);
    for (path, _) in now {
        std::fs::remove_file(path).unwrap();
    }
    for (path, bytes) in files {
        std::fs::write(path, bytes).unwrap();
    }
}

#[tokio::test]
async fn killed_between_any_two_steps_the_next_run_does_the_rest_and_nothing_twice() {
    let app = App::start().await;
    let admin = app.admin().await;
    let copy = Copy::of(&app, "frankfurt").await;
    copy.write("A.json", &complete_plan(&["frankfurt"]));
    copy.in_step().await;
    let path = format!("/v1/action-plans/by-ref/{SYSTEM}/A?city=frankfurt");
    let path = format!("/v1/action-plans/{}", admin.get(&path).await.id());
    for round in 0..3 {
        let theirs = json!({"objectives": {"en": format!("Theirs {round}")}});
        admin.patch(&path, "*", theirs).await.expect(200);
        let mut plan = copy.read("A.json");
        plan["context"] = json!({"en": format!("Mine {round}")});
        let risk = json!({"description": {"en": format!("A flood {round}")}});
        plan["risks"].as_array_mut().unwrap().push(risk);
        copy.write("A.json", &plan);
        copy.write(&format!("NEW-{round}.json"), &with_part("New"));
        let (mut before, mut after) = (Vec::new(), Vec::new());
        snapshot(&copy.folder, &mut before);
        copy.in_step().await;
        snapshot(&copy.folder, &mut after);
        let events = app.events().await;
        // The service has done its part. Of the files some are as before: the plans come first, then what was agreed on,
        // the cursor last.
        let of = |path: &Path| match path.to_str().unwrap() {
            path if path.contains(".iuc-sync/plans/") => 1,
            path if path.contains(".iuc-sync/") => 2,
            _ => 0,
        };
        for done in 0..3 {
            let of_after = after.iter().filter(|(path, _)| of(path) < done);
            let of_before = before.iter().filter(|(path, _)| of(path) >= done);
            let files: Vec<_> = of_before.chain(of_after).cloned().collect();
            put_back(&copy.folder, &files);
            copy.in_step().await;
            is_in_step(&app, &admin, &copy).await;
            assert_eq!(
                app.events().await,
                events,
                "round {round}, after {done} steps"
            );
            assert_eq!(
                copy.read("A.json")["risks"].as_array().unwrap().len(),
                2 + round
            );
        }
    }
}

#[tokio::test]
async fn killed_at_random_the_next_runs_bring_all_in_step() {
    let app = App::start().await;
    let admin = app.admin().await;
    let copy = Copy::of(&app, "frankfurt").await;
    let mut dice = Dice(77);
    for number in 0..20 {
        copy.write(
            &format!("LAP-{number}.json"),
            &with_part(&format!("Plan {number}")),
        );
    }
    let mut killed = 0;
    let by_ref =
        |number: usize| format!("/v1/action-plans/by-ref/{SYSTEM}/LAP-{number}?city=frankfurt");
    let mut theirs = vec![Value::Null; 6];
    for round in 0..times(8, 12) {
        for (number, text) in theirs.iter_mut().enumerate() {
            let stored = admin.get(&by_ref(number)).await;
            if stored.status == 200 {
                *text = json!({"en": format!("Theirs {round}")});
                let path = format!("/v1/action-plans/{}", stored.id());
                let edit = json!({"objectives": text});
                admin.patch(&path, "*", edit).await.expect(200);
            }
        }
        if round > 0 {
            for name in copy.files() {
                copy.edit(&name, "context", json!({"en": format!("Mine {round}")}));
            }
        }
        let mut child = copy.command(&[]).spawn().unwrap();
        let time = Duration::from_millis(60 + dice.below(600) as u64);
        tokio::select! {
            _ = child.wait() => {}
            () = tokio::time::sleep(time) => {
                child.kill().await.unwrap();
                killed += 1;
            }
        }
    }
    assert!(killed > 3, "only {killed} were killed");
    copy.in_step().await;
    is_in_step(&app, &admin, &copy).await;
    assert_eq!(copy.files().len(), 20);
    // What was taken in is not taken for an edit that was made here.
    for (number, text) in theirs.iter().enumerate() {
        let stored = admin.get(&by_ref(number)).await.expect(200).body;
        assert_eq!(&stored["objectives"], text, "{number}");
    }
    assert_eq!(
        copy.read("LAP-3.json")["risks"].as_array().unwrap().len(),
        1
    );
}

#[tokio::test]
async fn after_a_restored_backup_it_begins_anew_and_keeps_what_was_edited_here() {
    let app = App::start().await;
    let copy = Copy::of(&app, "frankfurt").await;
    for key in ["A", "B", "C"] {
        copy.write(&format!("{key}.json"), &titled(key));
    }
    copy.in_step().await;
    // What the backup does not have: a change, and a plan.
    app.run(
        "CREATE TABLE kept AS TABLE action_plans; CREATE TABLE kept_versions AS TABLE action_plan_versions; \
         CREATE TABLE kept_proponents AS TABLE action_plan_proponents; CREATE TABLE kept_refs AS TABLE action_plan_refs",
    )
    .await;
    copy.edit(
        "A.json",
        "objectives",
        json!({"en": "Sent after the backup"}),
    );
    copy.write("D.json", &titled("D"));
    copy.in_step().await;
    app.run(
        "DELETE FROM action_plan_refs; DELETE FROM action_plan_versions; DELETE FROM action_plans; \
         WITH plans AS (INSERT INTO action_plans SELECT * FROM kept) \
         INSERT INTO action_plan_versions SELECT * FROM kept_versions; \
         INSERT INTO action_plan_proponents SELECT * FROM kept_proponents; \
         INSERT INTO action_plan_refs SELECT * FROM kept_refs; \
         DROP TABLE kept, kept_versions, kept_proponents, kept_refs",
    )
    .await;
    let mut conn = iuc::db::Connection::establish(&app.database_url)
        .await
        .unwrap();
    iuc::commands::after_restore(&mut conn).await.unwrap();
    copy.edit("B.json", "title", json!({"en": "Edited here"}));
    let run = copy.sync(&[]).await;
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(copy.read("B.json")["title"]["en"], "Edited here");
    // Everybody had to sign in again. What the service has lost of a plan it has again.
    let admin = app.admin().await;
    let path = format!("/v1/action-plans/by-ref/{SYSTEM}/A?city=frankfurt");
    let stored = admin.get(&path).await.expect(200).body;
    assert_eq!(stored["objectives"]["en"], "Sent after the backup");
    // A plan that is gone is put away, and can be had again.
    assert!(copy.has(".iuc-sync/trash/D.json"), "{run:?}");
    is_in_step(&app, &admin, &copy).await;
}

/// Somebody edits one thing, in a file or at the service.
fn edit(dice: &mut Dice, plan: &mut Value, who: &str) {
    let text = json!({"en": format!("{who} {}", dice.below(1000))});
    match dice.below(6) {
        0 => plan["title"] = text,
        1 => plan["objectives"] = text,
        2 => plan["context"] = json!(null),
        3 => plan["executive_summary"]["ja"] = text["en"].clone(),
        4 => {
            let risks = plan["risks"].as_array_mut().unwrap();
            if dice.below(3) == 0 && !risks.is_empty() {
                risks.remove(dice.below(risks.len()));
            } else {
                risks.push(json!({"description": text}));
            }
        }
        _ => {
            if let Some(part) = plan["risks"].as_array_mut().unwrap().first_mut() {
                part["description"] = text;
            }
        }
    }
}

#[tokio::test]
async fn after_random_edits_on_three_sides_every_copy_equals_the_service_or_a_conflict_is_told() {
    let (mut conflicts, mut merged) = (0, 0);
    for seed in seeds(2) {
        let app = App::start().await;
        let (admin, frankfurt) = (app.admin().await, app.city_user("frankfurt").await);
        let one = Copy::of(&app, "frankfurt").await;
        let copies = [one.clone(), one.another()];
        let mut dice = Dice(seed * 7_919);
        for key in ["A", "B"] {
            let mut plan = complete_plan(&["frankfurt"]);
            plan["executive_summary"] = json!({"en": "Bridges.", "ja": "橋"});
            one.write(&format!("{key}.json"), &plan);
        }
        for copy in &copies {
            copy.in_step().await;
        }
        for _ in 0..times(4, 6) {
            for _ in 0..5 {
                let key = *dice.one(&["A", "B"]);
                let who = dice.below(3);
                if let Some(copy) = copies.get(who) {
                    let name = format!("{key}.json");
                    let mut plan = copy.read(&name);
                    edit(&mut dice, &mut plan, &format!("copy {who}"));
                    copy.write(&name, &plan);
                } else {
                    let path = format!("/v1/action-plans/by-ref/{SYSTEM}/{key}");
                    let stored = frankfurt.get(&path).await.expect(200);
                    let mut plan = stored.body.clone();
                    edit(&mut dice, &mut plan, "service");
                    frankfurt.put(&path, &stored.etag(), plan).await.expect(200);
                }
            }
            // Twice each: the second takes what the other sent. Conflicts are decided as they come.
            for copy in copies.iter().chain(&copies) {
                let run: Run = copy.sync(&[]).await;
                assert!(matches!(run.code, Some(0 | 3)), "{run:?}");
                merged += run.said.matches("merged    ").count();
                for name in copy.files() {
                    if name.ends_with(".conflict.json") {
                        assert_eq!(run.code, Some(3), "{run:?}");
                        conflicts += 1;
                        std::fs::remove_file(copy.folder.join(name)).unwrap();
                    }
                }
            }
            for copy in copies.iter().chain(&copies) {
                let run = copy.sync(&[]).await;
                for name in copy.files() {
                    if name.ends_with(".conflict.json") {
                        assert_eq!(run.code, Some(3), "{run:?}");
                        conflicts += 1;
                        std::fs::remove_file(copy.folder.join(name)).unwrap();
                        copy.in_step().await;
                    }
                }
            }
            for copy in copies.iter().chain(&copies) {
                copy.in_step().await;
                is_in_step(&app, &admin, copy).await;
            }
        }
    }
    assert!(
        conflicts > 1 && merged > 2,
        "{conflicts} conflicts, {merged} merged"
    );
}
