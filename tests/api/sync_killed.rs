//! `iuc sync`, killed between a plan's file and what is noted as agreed on about it: whichever of them was written, the next
//! run takes neither what came from the service for an edit made here, nor an edit made here for what is known already.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::changes_sight::Dice;
use crate::support::copies::{Copy, Line, SYSTEM};
use crate::support::{App, Client, times};
use crate::sync_safe::{is_in_step, titled};

/// How many plans there are.
const PLANS: usize = 12;

/// How long a file is not looked at again.
const LOOK_AGAIN: Duration = Duration::from_micros(20);

fn name(number: usize) -> String {
    format!("LAP-{number}.json")
}

/// The text in `objectives` of a document, which the service's people edit.
fn theirs(document: &Value) -> String {
    let text = document["objectives"]["en"].as_str();
    text.unwrap_or_default().to_owned()
}

/// How many plans' files and notes tell two states.
fn halves(folder: &Path) -> usize {
    let read = |path: &Path| -> Value {
        serde_json::from_slice(&fs::read(path).unwrap()).unwrap_or_default()
    };
    let is_half = |number: &usize| {
        let noted = read(&folder.join(".iuc-sync/plans").join(name(*number)));
        theirs(&read(&folder.join(name(*number)))) != theirs(&noted["base"]["document"])
    };
    (0..PLANS).filter(is_half).count()
}

/// One run that is killed a moment after it has written this file.
async fn kill_once_written(copy: &Copy, file: PathBuf, moment: Duration) {
    let stamp = move || fs::metadata(&file).and_then(|about| about.modified()).ok();
    let before = stamp();
    let mut child = copy.command(&[]).as_std_mut().spawn().unwrap();
    let killed = tokio::task::spawn_blocking(move || {
        // What comes between two files is over in less than a millisecond.
        while stamp() == before && child.try_wait().unwrap().is_none() {
            std::thread::sleep(LOOK_AGAIN);
        }
        std::thread::sleep(moment);
        child.kill().unwrap();
        child.wait().unwrap()
    });
    killed.await.unwrap();
}

/// One run that ends as if it had been killed when the file of this plan, which nobody has edited here, was written and
/// nothing noted of it: what chance seldom hits, as it lasts a fraction of a millisecond.
async fn run_without_noting(copy: &Copy, plan: usize) {
    let own = copy.folder.join(".iuc-sync");
    let unnoted = [own.join("plans").join(name(plan)), own.join("place.json")];
    let before = unnoted.each_ref().map(|path| fs::read(path).unwrap());
    copy.in_step().await;
    for (path, text) in unnoted.iter().zip(before) {
        fs::write(path, text).unwrap();
    }
}

/// Somebody at the service edits all plans.
async fn edit_there(admin: &Client, paths: &[String], text: &str) {
    let edit = json!({"objectives": {"en": text}});
    let edits = paths
        .iter()
        .map(|path| admin.patch(path, "*", edit.clone()));
    for reply in join_all(edits).await {
        reply.expect(200);
    }
}

#[tokio::test]
async fn a_plan_whose_making_was_not_heard_of_and_that_others_edit_is_brought_together() {
    let app = App::start().await;
    let admin = app.admin().await;
    let line = Line::to(&app.url).await;
    let copy = Copy::of(&app, "frankfurt").await.through(&line.url);
    for (key, here) in [("A", None), ("B", Some(json!({"en": "Here"})))] {
        copy.in_step().await;
        let name = format!("{key}.json");
        let mut plan = titled(key);
        plan["objectives"] = json!({"en": "As it was made"});
        plan["risks"] = json!([{"description": {"en": "A flood"}}]);
        copy.write(&name, &plan);
        let plans = app.count("action_plans").await;
        line.hold_from("PUT ");
        let mut child = copy.command(&[]).spawn().unwrap();
        while app.count("action_plans").await == plans {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        child.kill().await.unwrap();
        line.let_go();
        let noted = format!(".iuc-sync/plans/{name}");
        assert!(!copy.has(&noted), "no answer has come");

        let by_ref = format!("/v1/action-plans/by-ref/{SYSTEM}/{key}?city=frankfurt");
        let path = format!("/v1/action-plans/{}", admin.get(&by_ref).await.id());
        edit_there(&admin, std::slice::from_ref(&path), "There").await;
        if let Some(here) = &here {
            copy.edit(&name, "context", here.clone());
        }
        copy.in_step().await;
        let stored = admin.get(&path).await.expect(200).body;
        assert_eq!(theirs(&copy.read(&name)), "There");
        assert_eq!(theirs(&stored), "There");
        assert_eq!(stored["version"], 2 + i64::from(here.is_some()));
        if let Some(here) = here {
            assert_eq!(stored["context"], here);
            assert_eq!(copy.read(&name)["context"], here);
        }
        assert_eq!(copy.read(&name)["risks"], stored["risks"]);
    }
}

#[tokio::test]
async fn many_plans_whose_making_was_not_heard_of_are_brought_together_with_edits_on_either_side() {
    let app = App::start().await;
    let admin = app.admin().await;
    let line = Line::to(&app.url).await;
    let copy = Copy::of(&app, "frankfurt").await.through(&line.url);
    copy.in_step().await;
    let many = 60;
    for number in 0..many {
        let mut plan = titled(&format!("Plan {number}"));
        plan["objectives"] = json!({"en": "As it was made"});
        copy.write(&name(number), &plan);
    }
    let plans = app.count("action_plans").await;
    line.hold_from("POST /v1/action-plans/bulk");
    let mut child = copy.command(&[]).spawn().unwrap();
    while app.count("action_plans").await < plans + many as i64 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    child.kill().await.unwrap();
    line.let_go();
    for number in 0..many {
        let noted = format!(".iuc-sync/plans/{}", name(number));
        assert!(!copy.has(&noted), "no answer has come");
    }

    // The first two are edited there, the second and the third here.
    let mut paths = Vec::new();
    for number in 0..3 {
        let by_ref = format!("/v1/action-plans/by-ref/{SYSTEM}/LAP-{number}?city=frankfurt");
        let plan = admin.get(&by_ref).await.expect(200);
        paths.push(format!("/v1/action-plans/{}", plan.id()));
    }
    edit_there(&admin, &paths[..2], "There").await;
    let here = json!({"en": "Here"});
    for number in 1..3 {
        copy.edit(&name(number), "context", here.clone());
    }
    copy.in_step().await;
    for (number, path) in paths.iter().enumerate() {
        let stored = admin.get(path).await.expect(200).body;
        let text = ["There", "There", "As it was made"][number];
        assert_eq!(theirs(&stored), text, "{number}");
        assert_eq!(theirs(&copy.read(&name(number))), text, "{number}");
        let context = [json!(null), here.clone(), here.clone()][number].clone();
        assert_eq!(stored["context"], context, "{number}");
        assert_eq!(copy.read(&name(number))["context"], context, "{number}");
    }
    assert_eq!(app.count("action_plans").await, plans + many as i64);
    let left = fs::read_dir(copy.folder.join(".iuc-sync/sending")).unwrap();
    assert_eq!(left.count(), 0, "of each it is known what came of it");
}

#[tokio::test]
async fn what_was_sent_is_known_again_also_when_its_file_could_not_be_read_in_between() {
    let app = App::start().await;
    let line = Line::to(&app.url).await;
    let copy = Copy::of(&app, "frankfurt").await.through(&line.url);
    copy.write("A.json", &titled("A"));
    copy.in_step().await;
    copy.edit("A.json", "context", json!({"en": "Second"}));
    let mut plan = copy.read("A.json");
    line.hold_from("PUT ");
    let mut child = copy.command(&[]).spawn().unwrap();
    while app.count("action_plan_versions").await < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    child.kill().await.unwrap();
    line.let_go();
    assert!(copy.has(".iuc-sync/sending/A.json"), "no answer has come");

    fs::write(copy.folder.join("A.json"), "{").unwrap();
    assert_eq!(copy.sync(&[]).await.code, Some(3));
    plan["context"] = json!({"en": "Third"});
    copy.write("A.json", &plan);
    copy.in_step().await;
    let admin = app.admin().await;
    let by_ref = format!("/v1/action-plans/by-ref/{SYSTEM}/A?city=frankfurt");
    let stored = admin.get(&by_ref).await.expect(200).body;
    assert_eq!(
        (&stored["context"], &stored["version"]),
        (&plan["context"], &json!(3))
    );
}

#[tokio::test]
async fn killed_between_a_file_and_what_is_noted_of_it_nothing_is_lost() {
    let app = App::start().await;
    let admin = app.admin().await;
    let copy = Copy::of(&app, "frankfurt").await;
    for number in 0..PLANS {
        copy.write(&name(number), &titled(&format!("Plan {number}")));
    }
    copy.in_step().await;
    let mut paths = Vec::new();
    for number in 0..PLANS {
        let by_ref = format!("/v1/action-plans/by-ref/{SYSTEM}/LAP-{number}?city=frankfurt");
        paths.push(format!(
            "/v1/action-plans/{}",
            admin.get(&by_ref).await.id()
        ));
    }
    let mut dice = Dice(4711);
    let (mut rounds, mut between, mut while_sent) = (0, 0, 0);
    let (enough_between, enough_sent) = times((2, 1), (4, 2));
    while rounds < 40 && (between < enough_between || while_sent < enough_sent) {
        rounds += 1;
        let there = format!("There {rounds}");
        let here = json!({"en": format!("Here {rounds}")});
        edit_there(&admin, &paths, &there).await;
        // Every other plan is edited here, too: those are merged and sent.
        for number in (0..PLANS).step_by(2) {
            copy.edit(&name(number), "context", here.clone());
        }
        let events = app.count("events WHERE type = 'action_plan'").await;
        let own = copy.folder.join(".iuc-sync");
        let plan = dice.below(PLANS);
        match rounds % 3 {
            0 => run_without_noting(&copy, plan | 1).await,
            1 => kill_once_written(&copy, own.join("plans").join(name(plan)), Duration::ZERO).await,
            // Every other one is sent.
            _ => {
                let moment = Duration::from_millis(dice.below(60) as u64);
                kill_once_written(&copy, own.join("sending").join(name(plan & !1)), moment).await;
            }
        }
        between += usize::from(halves(&copy.folder) > 0);
        let sent = app.count("events WHERE type = 'action_plan'").await - events;
        while_sent += usize::from((1..PLANS as i64 / 2).contains(&sent));
        copy.in_step().await;
        is_in_step(&app, &admin, &copy).await;
        for (number, path) in paths.iter().enumerate() {
            let stored = admin.get(path).await.expect(200).body;
            assert_eq!(theirs(&stored), there, "plan {number} in round {rounds}");
            if number % 2 == 0 {
                assert_eq!(stored["context"], here, "plan {number} in round {rounds}");
            }
        }
        let now = app.count("events WHERE type = 'action_plan'").await;
        assert_eq!(
            now - events,
            PLANS as i64 / 2,
            "sent once each in round {rounds}"
        );
    }
    assert!(
        between >= enough_between && while_sent >= enough_sent,
        "killed {between} times between the two and {while_sent} times while sending, in {rounds} rounds"
    );
}
