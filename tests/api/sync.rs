//! `iuc sync`: a folder of plan files and the service, kept in step both ways.

use serde_json::{Value, json};

use crate::support::copies::{Copy, SYSTEM};
use crate::support::kinds::bare_plan;
use crate::support::plans::complete_plan;
use crate::support::{App, IN_TIME};

fn titled(title: &str) -> Value {
    let mut plan = bare_plan("frankfurt", "frankfurt-yokohama");
    plan["title"] = json!({"en": title});
    plan
}

fn by_ref(key: &str) -> String {
    format!("/v1/action-plans/by-ref/{SYSTEM}/{key}?city=frankfurt")
}

#[tokio::test]
async fn a_folder_goes_up_and_comes_down_elsewhere_and_then_nothing_changes() {
    let app = App::start().await;
    let admin = app.admin().await;
    let copy = Copy::of(&app, "frankfurt").await;
    copy.write("LAP-1.json", &complete_plan(&["frankfurt"]));
    copy.write("2019%2FLAP%3A7.json", &titled("Slash"));
    let said = copy.in_step().await;
    assert!(said.contains("2 sent"), "{said}");
    let stored = admin.get(&by_ref("2019%2FLAP%3A7")).await.expect(200);
    assert_eq!(stored.body["title"]["en"], "Slash");
    // What only the service sets is not in the file; what it filled in is.
    let plan = copy.read("LAP-1.json");
    assert_eq!(plan["language"], "en");
    for name in ["id", "version", "status", "actions", "updated_at"] {
        assert!(plan.get(name).is_none(), "{plan}");
    }
    assert_eq!(plan["external_refs"], json!([]), "the file's name says it");

    let other = copy.another();
    other.in_step().await;
    assert_eq!(other.files(), copy.files());
    assert_eq!(other.read("LAP-1.json"), plan);
    let events = app.events().await;
    for copy in [&copy, &other] {
        let said = copy.in_step().await;
        assert!(said.contains("nothing had changed"), "{said}");
    }
    assert_eq!(app.events().await, events);
}

#[tokio::test]
async fn a_city_and_its_partner_edit_different_fields_of_one_plan_and_both_are_kept() {
    let app = App::start().await;
    let (frankfurt, yokohama) = (
        Copy::of(&app, "frankfurt").await,
        Copy::of(&app, "yokohama").await,
    );
    frankfurt.write("JOINT.json", &complete_plan(&["frankfurt", "yokohama"]));
    frankfurt.in_step().await;
    // Yokohama's system takes it up under a key of its own.
    let admin = app.admin().await;
    let joint = admin.get(&by_ref("JOINT")).await.expect(200);
    let known = json!({"external_refs": [joint.body["external_refs"][0], {"system": SYSTEM, "key": "Y-1", "city": "yokohama"}]});
    let path = format!("/v1/action-plans/{}", joint.id());
    admin.patch(&path, "*", known).await.expect(200);
    frankfurt.in_step().await;
    yokohama.in_step().await;
    // Their systems are called the same, and each file still is by its own city's key.
    assert_eq!(frankfurt.files(), ["JOINT.json"]);
    assert_eq!(yokohama.files(), ["Y-1.json"]);
    frankfurt.edit("JOINT.json", "objectives", json!({"en": "By Frankfurt"}));
    yokohama.edit("Y-1.json", "context", json!({"en": "By Yokohama"}));
    let mut plan = yokohama.read("Y-1.json");
    plan["activities"]
        .as_array_mut()
        .unwrap()
        .push(json!({"title": {"en": "A tunnel"}}));
    yokohama.write("Y-1.json", &plan);
    frankfurt.in_step().await;
    let said = yokohama.in_step().await;
    assert!(said.contains("merged"), "{said}");
    frankfurt.in_step().await;
    let plan = frankfurt.read("JOINT.json");
    let mut theirs = yokohama.read("Y-1.json");
    // Each file names the other's key, its own is its name.
    theirs["external_refs"] = plan["external_refs"].clone();
    assert_eq!(plan, theirs);
    assert_eq!(plan["objectives"]["en"], "By Frankfurt");
    assert_eq!(plan["context"]["en"], "By Yokohama");
    let titles = |at: usize| plan["activities"][at]["title"]["en"].clone();
    assert_eq!(
        (titles(0), titles(1), titles(2)),
        (json!("A bridge"), json!("A tunnel"), Value::Null)
    );
}

#[tokio::test]
async fn what_collides_waits_for_a_person_and_then_goes_on_with_what_else_was_changed() {
    let app = App::start().await;
    let admin = app.admin().await;
    let copy = Copy::of(&app, "frankfurt").await;
    copy.write("A.json", &titled("Base"));
    copy.write("B.json", &titled("Other"));
    copy.in_step().await;
    let path = format!("/v1/action-plans/{}", admin.get(&by_ref("A")).await.id());
    let theirs = json!({"title": {"en": "Theirs"}, "objectives": {"en": "Theirs too"}});
    admin.patch(&path, "*", theirs).await.expect(200);
    copy.edit("A.json", "title", json!({"en": "Mine"}));
    copy.edit("B.json", "title", json!({"en": "Goes on"}));
    let mine = std::fs::read(copy.folder.join("A.json")).unwrap();
    for _ in 0..2 {
        let run = copy.sync(&[]).await;
        assert_eq!(run.code, Some(3), "{run:?}");
        assert!(run.complaint.contains("A.conflict.json"), "{run:?}");
        assert_eq!(std::fs::read(copy.folder.join("A.json")).unwrap(), mine);
        let told = copy.read("A.conflict.json");
        assert_eq!(
            told["conflicts"],
            json!([{"pointer": "/title/en", "place": "/title/en", "base": "Base", "yours": "Mine", "theirs": "Theirs"}])
        );
    }
    assert_eq!(admin.get(&path).await.body["title"]["en"], "Theirs");
    assert_eq!(admin.get(&by_ref("B")).await.body["title"]["en"], "Goes on");

    // The person decides, and removes the file that tells of it.
    copy.edit("A.json", "title", json!({"en": "Ours"}));
    std::fs::remove_file(copy.folder.join("A.conflict.json")).unwrap();
    copy.in_step().await;
    let stored = admin.get(&path).await.body;
    assert_eq!(stored["title"]["en"], "Ours");
    assert_eq!(stored["objectives"]["en"], "Theirs too");
    assert_eq!(copy.read("A.json")["objectives"]["en"], "Theirs too");
}

#[tokio::test]
async fn a_conflict_ends_by_itself_when_the_file_says_what_the_service_does() {
    let app = App::start().await;
    let admin = app.admin().await;
    let copy = Copy::of(&app, "frankfurt").await;
    copy.write("A.json", &titled("Base"));
    copy.in_step().await;
    let path = format!("/v1/action-plans/{}", admin.get(&by_ref("A")).await.id());
    let theirs = json!({"title": {"en": "Theirs"}});
    admin.patch(&path, "*", theirs.clone()).await.expect(200);
    copy.edit("A.json", "title", json!({"en": "Mine"}));
    copy.edit("A.json", "context", json!({"en": "Mine alone"}));
    assert_eq!(copy.sync(&[]).await.code, Some(3));
    copy.edit("A.json", "title", theirs["title"].clone());
    copy.in_step().await;
    assert!(!copy.has("A.conflict.json"));
    assert_eq!(admin.get(&path).await.body["context"]["en"], "Mine alone");
}

#[tokio::test]
async fn a_plan_that_is_gone_at_the_service_is_put_away_unless_it_was_edited_here() {
    let app = App::start().await;
    let admin = app.admin().await;
    let copy = Copy::of(&app, "frankfurt").await;
    for key in ["A", "B", "C"] {
        copy.write(&format!("{key}.json"), &titled(key));
    }
    copy.in_step().await;
    for key in ["A", "B", "C"] {
        admin.delete(&by_ref(key), "*").await.expect(204);
    }
    copy.edit("B.json", "title", json!({"en": "Kept"}));
    copy.edit("C.json", "title", json!({"en": "Given up"}));
    let run = copy.sync(&[]).await;
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(!copy.has("A.json") && copy.has(".iuc-sync/trash/A.json"));
    assert_eq!(copy.read("B.json")["title"]["en"], "Kept");
    // Without the file that tells of it the plan is made anew; without both it is let go.
    for name in ["B.conflict.json", "C.conflict.json", "C.json"] {
        std::fs::remove_file(copy.folder.join(name)).unwrap();
    }
    copy.in_step().await;
    assert_eq!(
        admin.get(&by_ref("B")).await.expect(200).body["title"]["en"],
        "Kept"
    );
    admin.get(&by_ref("C")).await.problem("not_found");
    assert_eq!(copy.files(), ["B.json"]);
}

#[tokio::test]
async fn a_file_that_was_removed_comes_back_unless_removing_is_asked_for() {
    let app = App::start().await;
    let admin = app.admin().await;
    let copy = Copy::of(&app, "frankfurt").await;
    copy.write("A.json", &titled("A"));
    copy.write("B.json", &titled("B"));
    copy.in_step().await;
    let plan = copy.read("A.json");
    std::fs::remove_file(copy.folder.join("A.json")).unwrap();
    let said = copy.in_step().await;
    assert!(said.contains("--delete"), "{said}");
    assert_eq!(copy.read("A.json"), plan);

    // What was changed at the service meanwhile is not removed unseen.
    let path = format!("/v1/action-plans/{}", admin.get(&by_ref("B")).await.id());
    admin
        .patch(&path, "*", json!({"title": {"en": "B2"}}))
        .await
        .expect(200);
    for name in ["A.json", "B.json"] {
        std::fs::remove_file(copy.folder.join(name)).unwrap();
    }
    let run = copy.sync(&["--delete"]).await;
    assert_eq!(run.code, Some(0), "{run:?}");
    admin.get(&by_ref("A")).await.problem("not_found");
    assert_eq!(copy.read("B.json")["title"]["en"], "B2");
    assert_eq!(copy.files(), ["B.json"]);
}

#[tokio::test]
async fn many_files_that_are_missing_remove_no_plan_unless_that_is_said() {
    let app = App::start().await;
    let copy = Copy::of(&app, "frankfurt").await;
    for number in 0..30 {
        copy.write(&format!("LAP-{number}.json"), &titled("A plan"));
    }
    copy.in_step().await;
    let plans = async || app.count("action_plans").await;
    let remove = |numbers: std::ops::Range<usize>| {
        for number in numbers {
            std::fs::remove_file(copy.folder.join(format!("LAP-{number}.json"))).unwrap();
        }
    };
    remove(0..16);
    copy.edit("LAP-29.json", "title", json!({"en": "Edited"}));
    for options in [&["--delete"][..], &["--delete", "--max-delete", "15"]] {
        let run = copy.sync(options).await;
        assert_eq!(run.code, Some(3), "{run:?}");
        let told = "REFUSED   --delete  16 of 30 files are missing here, and no plan is removed: --max-delete 16 lets that be";
        assert!(run.complaint.contains(told), "{run:?}");
        assert_eq!((plans().await, copy.files().len()), (30, 14), "{options:?}");
    }
    let admin = app.admin().await;
    let edited = admin.get(&by_ref("LAP-29")).await.expect(200);
    assert_eq!(edited.body["title"]["en"], "Edited", "all others go on");
    let run = copy.sync(&["--delete", "--max-delete", "16"]).await;
    assert_eq!((run.code, plans().await), (Some(0), 14), "{run:?}");
    // Ten may go of however few.
    remove(16..26);
    let run = copy.sync(&["--delete"]).await;
    assert_eq!((run.code, plans().await), (Some(0), 4), "{run:?}");
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_made_when_that_is_said() {
    let app = App::start().await;
    let copy = Copy::of(&app, "frankfurt").await;
    copy.write("A.json", &titled("A"));
    copy.in_step().await;
    let other = copy.another();
    std::fs::remove_dir(&other.folder).unwrap();
    let run = other.sync(&[]).await;
    assert_eq!(run.code, Some(2), "{run:?}");
    assert!(run.complaint.contains("--create makes it"), "{run:?}");
    assert!(!other.folder.exists());
    let run = other.sync(&["--create"]).await;
    assert_eq!(
        (run.code, other.files()),
        (Some(0), vec!["A.json".to_owned()]),
        "{run:?}"
    );
}

#[tokio::test]
async fn a_file_in_yaml_stays_one_and_says_the_same() {
    let app = App::start().await;
    let admin = app.admin().await;
    let copy = Copy::of(&app, "frankfurt").await;
    let text = "# Ours\nproponents: [frankfurt]\npairing: frankfurt-yokohama\ntitle: {en: 'No', ja: \"港\"}\ncontext:\n  en: |\n    One: two\n    # three\n";
    std::fs::write(copy.folder.join("A.yaml"), text).unwrap();
    copy.in_step().await;
    let said = json!({"en": "No", "ja": "港"});
    let stored = admin.get(&by_ref("A")).await.expect(200);
    assert_eq!(stored.body["title"], said);
    assert_eq!(stored.body["context"]["en"], "One: two\n# three\n");
    let path = format!("/v1/action-plans/{}", stored.id());
    let theirs = json!({"objectives": {"en": "yes\nno"}});
    admin.patch(&path, "*", theirs).await.expect(200);
    copy.in_step().await;
    assert_eq!(copy.files(), ["A.yaml"]);
    let events = app.events().await;
    let text = std::fs::read_to_string(copy.folder.join("A.yaml")).unwrap();
    assert!(text.starts_with("proponents:\n"), "{text}");
    let edited = text.replace("港", "港町");
    std::fs::write(copy.folder.join("A.yaml"), edited).unwrap();
    copy.in_step().await;
    assert_eq!(app.events().await, events + 1);
    let stored = admin.get(&path).await.body;
    assert_eq!(stored["title"]["ja"], "港町");
    assert_eq!(stored["objectives"]["en"], "yes\nno");
    let other = copy.another();
    other.sync(&["--yaml"]).await;
    let read = |copy: &Copy| std::fs::read_to_string(copy.folder.join("A.yaml")).unwrap();
    assert_eq!(read(&other), read(&copy));
}

#[tokio::test]
async fn a_bad_file_is_told_by_its_place_and_the_others_go_on() {
    let app = App::start().await;
    let admin = app.admin().await;
    let copy = Copy::of(&app, "frankfurt").await;
    copy.write("good.json", &titled("Good"));
    let bad = "{\n  \"proponents\": [\"frankfurt\"],\n  \"pairing\": \"frankfurt-yokohama\",\n  \"titel\": {\"en\": \"x\"}\n}\n";
    std::fs::write(copy.folder.join("bad.json"), bad).unwrap();
    std::fs::write(copy.folder.join("cut.json"), "{\"proponents\": [").unwrap();
    let yaml = "# Ours\nproponents: [frankfurt]\npairing: frankfurt-yokohama\ntitel:\n  en: x\nrisks:\n  - description: {en: A flood}\n    key: '?'\n";
    std::fs::write(copy.folder.join("bad.yaml.yaml"), yaml).unwrap();
    std::fs::write(copy.folder.join("torn.yaml"), "title: {en: x\n").unwrap();
    std::fs::write(copy.folder.join("same.yaml"), "title:\n  en: x\n  en: y\n").unwrap();
    std::fs::write(copy.folder.join("empty.json"), "\n").unwrap();
    std::fs::write(copy.folder.join("blank.yaml"), "").unwrap();
    std::fs::write(copy.folder.join("list.json"), "[]\n").unwrap();
    std::fs::write(copy.folder.join("cut.yaml.swp"), "x").unwrap();
    std::fs::write(copy.folder.join("twice.json"), titled("1").to_string()).unwrap();
    std::fs::write(copy.folder.join("twice.yaml"), titled("2").to_string()).unwrap();
    std::fs::write(copy.folder.join("no key.json"), "{}").unwrap();
    let run = copy.sync(&[]).await;
    assert_eq!(run.code, Some(3), "{run:?}");
    for told in [
        "/titel  There is no field of this name here. (line 4",
        "cut.json",
        "REFUSED   cut.json  This is not JSON: it ends too early at column 16.\n",
        "/titel        There is no field of this name here. (line 4, column 1)",
        "(line 8, column 5)",
        "REFUSED   torn.yaml  This is no YAML: ",
        "REFUSED   empty.json  It is empty from line 1, column 1 on",
        "REFUSED   blank.yaml  It is empty from line 1, column 1 on",
        "REFUSED   list.json  Must be an object. (line 1, column 1)",
        "This is no YAML: duplicate mapping key `en` is not allowed here at line 3, column 3.\n",
        "REFUSED   bad.json  is not accepted as it stands:\n",
        "no key.json",
        "twice",
    ] {
        assert!(run.complaint.contains(told), "{told}: {run:?}");
    }
    assert_eq!(
        std::fs::read_to_string(copy.folder.join("bad.json")).unwrap(),
        bad
    );
    admin.get(&by_ref("good")).await.expect(200);
    admin.get(&by_ref("twice")).await.problem("not_found");
    assert_eq!(app.count("action_plans").await, 1);
}

#[tokio::test]
async fn a_dry_run_tells_and_writes_nothing() {
    let app = App::start().await;
    let admin = app.admin().await;
    let copy = Copy::of(&app, "frankfurt").await;
    copy.write("A.json", &titled("A"));
    copy.in_step().await;
    let path = format!("/v1/action-plans/{}", admin.get(&by_ref("A")).await.id());
    admin
        .patch(&path, "*", json!({"title": {"en": "Theirs"}}))
        .await
        .expect(200);
    copy.edit("A.json", "title", json!({"en": "Mine"}));
    copy.write("B.json", &titled("B"));
    copy.write("C.json", &json!({}));
    let (events, files) = (app.events().await, copy.files());
    let run = copy.sync(&["--dry-run"]).await;
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(run.said.contains("sent      B.json"), "{run:?}");
    assert!(run.complaint.contains("CONFLICT  A.json"), "{run:?}");
    assert!(run.complaint.contains("REFUSED   C.json"), "{run:?}");
    assert_eq!((app.events().await, copy.files()), (events, files));
}

#[tokio::test]
async fn plans_of_others_and_without_a_key_are_left_out_and_counted() {
    let app = App::start().await;
    let (frankfurt, copy) = (
        app.city_user("frankfurt").await,
        Copy::of(&app, "frankfurt").await,
    );
    let yokohama = Copy::of(&app, "yokohama").await;
    frankfurt
        .post("/v1/action-plans", titled("No key"))
        .await
        .expect(201);
    yokohama.write("A.json", &bare_plan("yokohama", "frankfurt-yokohama"));
    yokohama.in_step().await;
    let said = copy.in_step().await;
    assert!(
        said.contains("1 plan of frankfurt has no key in plandb"),
        "{said}"
    );
    assert_eq!(copy.files(), [""; 0]);
}

#[tokio::test]
async fn wrong_use_is_2_and_a_service_that_cannot_be_used_is_1() {
    let app = App::start().await;
    let copy = Copy::of(&app, "frankfurt").await;
    copy.in_step().await;
    let other = copy.sync(&["--city", "essen"]).await;
    assert_eq!(other.code, Some(2), "{other:?}");
    assert!(other.complaint.contains("take another folder"), "{other:?}");
    let nobodys = copy.another().sync(&["--city", "frankfrut"]).await;
    assert_eq!(nobodys.code, Some(1), "{nobodys:?}");
    let told = "answers 400 Bad Request: There is no city with the id frankfrut.\n";
    assert!(nobodys.complaint.ends_with(told), "{nobodys:?}");
    let unset = copy
        .command(&[])
        .env_remove("IUC_SYNC_CLIENT_SECRET")
        .output()
        .await
        .unwrap();
    assert_eq!(unset.status.code(), Some(2));
    let run = copy
        .command(&[])
        .env("IUC_SYNC_CLIENT_SECRET", "wrong")
        .output()
        .await
        .unwrap();
    assert_eq!(run.status.code(), Some(1));
    let away = copy
        .through("http://127.0.0.1:9")
        .sync(&["--patience", "1"])
        .await;
    assert_eq!(away.code, Some(1), "{away:?}");
    assert!(away.complaint.contains("cannot be reached"), "{away:?}");
}

#[tokio::test]
async fn the_variables_of_sync_are_none_of_the_service() {
    let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_iuc"));
    command
        .arg("config")
        .env("IUC_SYNC_CLIENT_ID", "x")
        .env("IUC_SYNC_URL", "x");
    let output = command.output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let unknown = command.env("IUC_SYCN_URL", "x").output().await.unwrap();
    assert_eq!(unknown.status.code(), Some(1));
}

#[tokio::test]
async fn many_plans_go_up_together_and_each_bad_one_is_told() {
    let app = App::start().await;
    let copy = Copy::of(&app, "frankfurt").await;
    for number in 0..120 {
        copy.write(
            &format!("LAP-{number}.json"),
            &titled(&format!("Plan {number}")),
        );
    }
    copy.write("LAP-50.json", &json!({"proponents": ["frankfurt"]}));
    let run = copy.sync(&[]).await;
    assert_eq!(run.code, Some(3), "{run:?}");
    assert!(
        run.complaint.contains("LAP-50.json") && run.complaint.contains("/pairing"),
        "{run:?}"
    );
    assert!(run.said.contains("119 sent, 1 refused"), "{run:?}");
    assert_eq!(app.count("action_plans").await, 119);
    assert_eq!(copy.read("LAP-7.json")["language"], "en");
    let sending = std::fs::read_dir(copy.folder.join(".iuc-sync/sending")).unwrap();
    assert_eq!(sending.count(), 0, "of each it is known what came of it");
    let run = copy.sync(&[]).await;
    assert!(run.said.contains(": 1 refused"), "{run:?}");
}

#[tokio::test]
async fn watching_takes_each_side_to_the_other_and_ends_when_it_is_told_to() {
    let app = App::start().await;
    let admin = app.admin().await;
    let copy = Copy::of(&app, "frankfurt").await;
    let child = copy.command(&["--watch"]).spawn().unwrap();
    let quiet = async || tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
    while !copy.has(".iuc-sync/place.json") {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    // It has nothing to do, and waits for either side.
    quiet().await;
    copy.write("A.json", &titled("Mine"));
    let begun = std::time::Instant::now();
    let in_time = || assert!(begun.elapsed() < IN_TIME, "nothing comes");
    let stored = loop {
        let reply = admin.get(&by_ref("A")).await;
        if reply.status == 200 {
            break reply;
        }
        in_time();
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    };
    let path = format!("/v1/action-plans/{}", stored.id());
    let theirs = json!({"objectives": {"en": "Theirs"}});
    quiet().await;
    admin.patch(&path, "*", theirs).await.expect(200);
    while copy.read("A.json")["objectives"]["en"] != "Theirs" {
        in_time();
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    // Nobody else works on the folder meanwhile.
    assert_eq!(copy.sync(&[]).await.code, Some(2));
    let id = rustix::process::Pid::from_raw(child.id().unwrap().try_into().unwrap()).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    let run = crate::support::copies::Run::of(child).await;
    assert_eq!((run.code, run.complaint.as_str()), (Some(0), ""), "{run:?}");
    copy.in_step().await;
}
