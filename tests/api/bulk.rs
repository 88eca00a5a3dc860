//! Many plans in one request: each line is told what came of it, and nothing is stored that is not told.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::kinds::bare_plan;
use crate::support::plans::{cast, complete_plan};
use crate::support::{App, Client, IN_TIME, Reply};

const PATH: &str = "/v1/action-plans/bulk";

fn line(key: &str, title: &str) -> Value {
    let mut plan = bare_plan("frankfurt", "frankfurt-yokohama");
    plan["title"] = json!({"en": title});
    plan["external_refs"] = json!([{"system": "plans.example", "key": key}]);
    plan
}

fn lines(count: usize, title: &str) -> String {
    let lines = (0..count).map(|number| format!("{}\n", line(&format!("P-{number}"), title)));
    lines.collect()
}

async fn send(client: &Client, query: &str, body: impl Into<String>) -> Reply {
    let request = client.request("POST", &format!("{PATH}{query}"));
    request
        .body("application/x-ndjson", body.into())
        .send()
        .await
}

/// The results.
fn results(reply: &Reply) -> Vec<Value> {
    assert_eq!(
        (reply.status, reply.header("content-type")),
        (200, "application/x-ndjson"),
        "{reply}"
    );
    let text = String::from_utf8(reply.bytes.clone()).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Number and outcome of each line.
fn told(reply: &Reply) -> Vec<(u64, String)> {
    let told = |result: &Value| {
        (
            result["line"].as_u64().unwrap(),
            result["result"].as_str().unwrap().to_owned(),
        )
    };
    results(reply).iter().map(told).collect()
}

fn all(count: u64, outcome: &str) -> Vec<(u64, String)> {
    (1..=count).map(|line| (line, outcome.to_owned())).collect()
}

/// The kind of problem of a result, and the places that it names.
fn problem(result: &Value) -> (String, Vec<(String, String)>) {
    assert_eq!(
        (&result["id"], &result["version"]),
        (&Value::Null, &Value::Null),
        "{result}"
    );
    let problem = &result["problem"];
    let kind = problem["type"]
        .as_str()
        .unwrap()
        .rsplit('/')
        .next()
        .unwrap()
        .to_owned();
    let errors = problem["errors"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let place = |fault: &Value| {
        (
            text(fault.get("pointer").unwrap_or(&fault["parameter"])),
            text(&fault["code"]),
        )
    };
    (kind, errors.iter().map(place).collect())
}

#[tokio::test]
async fn with_if_none_match_a_line_is_only_made_and_what_is_there_already_is_unchanged() {
    let (app, frankfurt, ..) = cast().await;
    send(&frankfurt, "", lines(2, "First")).await.expect(200);
    let body = format!(
        "{}\n{}\n{}\n",
        line("P-0", "First"),
        line("P-1", "Second"),
        line("P-2", "New")
    );
    for last in ["created", "unchanged"] {
        let request = frankfurt.request("POST", PATH);
        let request = request.header("If-None-Match", "*");
        let reply = request
            .body("application/x-ndjson", body.clone())
            .send()
            .await;
        let expected = [(1, "unchanged"), (2, "failed"), (3, last)];
        assert_eq!(
            told(&reply),
            expected.map(|(line, it)| (line, it.to_owned()))
        );
        assert_eq!(results(&reply)[1]["problem"]["status"], 412);
    }
    assert_eq!(app.count("action_plans WHERE version > 1").await, 0);
    let stored = frankfurt
        .get("/v1/action-plans/by-ref/plans.example/P-1")
        .await;
    assert_eq!(stored.body["title"]["en"], "First");
}

#[tokio::test]
async fn each_line_is_made_or_replaced_by_its_key_and_told_in_order() {
    let (app, frankfurt, yokohama, _) = cast().await;
    let made = send(&frankfurt, "", lines(250, "First")).await;
    assert_eq!(told(&made), all(250, "created"));
    assert_eq!(app.count("action_plans").await, 250);
    assert_eq!(app.count("action_plan_versions").await, 250);
    assert_eq!(
        app.count("events WHERE type = 'action_plan' AND action = 'created'")
            .await,
        250
    );
    let first = results(&made)[0].clone();
    let plan = frankfurt
        .get("/v1/action-plans/by-ref/plans.example/P-0")
        .await
        .expect(200);
    assert_eq!(
        (&plan.body["id"], &plan.body["version"]),
        (&first["id"], &first["version"])
    );
    assert_eq!(first["problem"], Value::Null);

    let events = app.events().await;
    let again = send(&frankfurt, "", lines(250, "First")).await;
    assert_eq!(told(&again), all(250, "unchanged"));
    assert_eq!(results(&again)[0]["id"], first["id"]);
    assert_eq!(app.events().await, events);

    let body = format!("{}\n\n{}", line("P-0", "Second"), line("P-250", "First"));
    let mixed = send(&frankfurt, "", body).await;
    assert_eq!(told(&mixed), [(1, "updated".into()), (3, "created".into())]);
    assert_eq!(results(&mixed)[0]["version"], 2);
    // Another city's key of the same name is its own.
    let theirs = line("P-0", "Ours")
        .to_string()
        .replace("[\"frankfurt\"]", "[\"yokohama\"]");
    assert_eq!(told(&send(&yokohama, "", theirs).await), all(1, "created"));
    assert_eq!(told(&send(&yokohama, "", "").await), []);
}

#[tokio::test]
async fn a_byte_order_mark_is_passed_over() {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    let body = format!("\u{feff}{}\r\n{}\r\n", line("P-0", "A"), line("P-1", "B"));
    assert_eq!(told(&send(&frankfurt, "", body).await), all(2, "created"));
    let plan = format!("\u{feff}{}", line("P-2", "C"));
    let request = frankfurt.request("POST", "/v1/action-plans");
    let request = request.body("application/json", plan);
    request.send().await.expect(201);
    // Elsewhere it is no more than before, and two are one too many.
    for bad in ["{}\u{feff}", "\u{feff}\u{feff}{}"] {
        let request = frankfurt.request("POST", "/v1/action-plans");
        let request = request.body("application/json", bad);
        request.send().await.problem("invalid_json");
    }
}

#[tokio::test]
async fn a_bad_line_is_told_by_number_and_place_and_the_others_go_on() {
    let app = App::with(|settings| settings.body_limit = 4000).await;
    let frankfurt = app.city_user("frankfurt").await;
    frankfurt
        .post("/v1/action-plans", line("taken", "There"))
        .await
        .expect(201);
    let mut wrong = line("wrong", "Wrong");
    wrong["activities"] = json!([{"progress_percent": 101}]);
    wrong["colour"] = json!("red");
    let mut unknown = line("unknown", "Unknown");
    unknown["pairing"] = json!("nowhere");
    unknown["sdg_relevance"] = json!([{"target": "11.99"}]);
    let mut keyless = line("keyless", "Keyless");
    keyless["external_refs"] = json!([]);
    let foreign = bare_plan("umea", "umea-kamakura");
    let mut foreign = foreign;
    foreign["external_refs"] = json!([{"system": "plans.example", "key": "foreign"}]);
    let mut second = line("second", "Second key taken");
    second["external_refs"] = json!([{"system": "plans.example", "key": "second"}, {"system": "plans.example", "key": "taken"}]);
    let sent = [
        line("good-1", "Good").to_string(),
        "{\"title\": ".to_owned(),
        wrong.to_string(),
        unknown.to_string(),
        keyless.to_string(),
        foreign.to_string(),
        line("long", &"x".repeat(5000)).to_string(),
        line("good-1", "Twice").to_string(),
        second.to_string(),
        "[]".to_owned(),
        "{\"a\": \"\\u0000\"}".to_owned(),
        line("good-2", "Good").to_string(),
    ];
    let reply = send(&frankfurt, "", sent.join("\n")).await;
    let results = results(&reply);
    let outcomes: Vec<_> = results
        .iter()
        .map(|result| result["result"].as_str().unwrap())
        .collect();
    let mut expected = vec!["failed"; 12];
    expected[0] = "created";
    expected[11] = "created";
    assert_eq!(outcomes, expected, "{reply}");
    let fault = |place: &str, code: &str| (place.to_owned(), code.to_owned());
    let kinds: Vec<_> = results[1..11].iter().map(problem).collect();
    assert_eq!(
        kinds[0],
        ("invalid_json".into(), vec![fault("", "not_json")])
    );
    let told = results[1]["problem"]["detail"].as_str().unwrap();
    assert!(
        told.contains("at column ") && !told.contains("line"),
        "{told}"
    );
    assert_eq!(
        kinds[1],
        (
            "invalid_input".into(),
            vec![
                fault("/activities/0/progress_percent", "too_large"),
                fault("/colour", "unknown_field")
            ]
        )
    );
    assert_eq!(
        kinds[2].1,
        [
            fault("/pairing", "unknown_reference"),
            fault("/sdg_relevance/0/target", "unknown_sdg")
        ]
    );
    assert_eq!(
        kinds[3],
        (
            "invalid_input".into(),
            vec![fault("/external_refs/0", "required")]
        )
    );
    assert_eq!(kinds[4].0, "forbidden");
    assert_eq!(kinds[5].0, "payload_too_large");
    assert_eq!(
        kinds[6],
        (
            "invalid_input".into(),
            vec![fault("/external_refs/0", "repeated_reference")]
        )
    );
    assert_eq!(
        kinds[7],
        (
            "already_exists".into(),
            vec![fault("/external_refs", "already_used")]
        )
    );
    assert_eq!(
        (kinds[8].0.as_str(), kinds[9].0.as_str()),
        ("invalid_input", "invalid_input")
    );
    for told in [
        fault("/a", "control_character"),
        fault("/pairing", "required"),
        fault("/external_refs/0", "required"),
    ] {
        assert!(kinds[9].1.contains(&told), "{told:?} in {:?}", kinds[9]);
    }
    assert_eq!(app.count("action_plans").await, 3);
    assert_eq!(app.count("action_plan_refs WHERE key = 'taken'").await, 1);
}

#[tokio::test]
async fn every_fault_of_a_line_is_told_whatever_is_wrong_with_its_key() {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    let wrong = |mut line: Value| {
        line["pairing"] = json!("nowhere");
        line["colour"] = json!("red");
        line
    };
    let mut keyless = wrong(line("keyless", "Keyless"));
    keyless.as_object_mut().unwrap().remove("external_refs");
    let mut half = wrong(line("half", "Half"));
    half["external_refs"] = json!([{"system": "plans.example"}]);
    let stored = send(&frankfurt, "", line("stored", "Stored").to_string()).await;
    assert_eq!(told(&stored), all(1, "created"));
    let mut other = line("stored", "Stored");
    other["template"] = json!("nothing");
    let sent = [
        line("first", "First").to_string(),
        keyless.to_string(),
        half.to_string(),
        wrong(line("first", "Again")).to_string(),
        "[1]".to_owned(),
        line("stored", "Once").to_string(),
        other.to_string(),
    ];
    let common = [
        ("/colour", "unknown_field"),
        ("/pairing", "unknown_reference"),
    ];
    let with = |fault: &[(&'static str, &'static str)]| [&common[..], fault].concat();
    let expected = [
        vec![],
        with(&[("/external_refs/0", "required")]),
        with(&[("/external_refs/0/key", "required")]),
        with(&[("/external_refs/0", "repeated_reference")]),
        vec![("", "wrong_type")],
        vec![],
        vec![
            ("/external_refs/0", "repeated_reference"),
            ("/template", "immutable"),
        ],
    ];
    for query in ["", "?atomic=true"] {
        let reply = send(&frankfurt, query, sent.join("\n")).await;
        for (result, expected) in results(&reply).iter().zip(&expected) {
            if expected.is_empty() {
                continue;
            }
            let (code, mut found) = problem(result);
            let place = |(place, code): &(&str, &str)| ((*place).to_owned(), (*code).to_owned());
            let mut expected: Vec<_> = expected.iter().map(place).collect();
            found.sort();
            expected.sort();
            assert_eq!(
                (code.as_str(), found),
                ("invalid_input", expected),
                "{result}"
            );
        }
    }
    // Who speaks for no city says of which city a line is; without a key there is nothing else to say either.
    let admin = app.admin().await;
    let reply = send(&admin, "", "{}").await;
    let (_, found) = problem(&results(&reply)[0]);
    for place in ["/external_refs/0", "/proponents", "/pairing"] {
        let fault = (place.to_owned(), "required".to_owned());
        assert_eq!(
            found.iter().filter(|it| **it == fault).count(),
            1,
            "{found:?}"
        );
    }
}

#[tokio::test]
async fn all_or_none_means_none_when_one_line_fails_and_every_line_says_so() {
    let (app, frankfurt, ..) = cast().await;
    let events = app.events().await;
    let mut body = lines(150, "First");
    body += "{\"bad\": true}\n";
    body += &line("last", "Last").to_string();
    let reply = send(&frankfurt, "?atomic=true", body).await;
    assert_eq!(told(&reply), all(152, "failed"));
    let results = results(&reply);
    assert_eq!(problem(&results[0]).0, "bulk_undone");
    assert_eq!(problem(&results[150]).0, "invalid_input");
    assert_eq!(problem(&results[151]).0, "bulk_undone");
    assert_eq!(
        (app.count("action_plans").await, app.events().await),
        (0, events)
    );

    let reply = send(&frankfurt, "?atomic=true", lines(150, "First")).await;
    assert_eq!(told(&reply), all(150, "created"));
    assert_eq!(app.count("action_plans").await, 150);
    let dry = send(&frankfurt, "?atomic=true&dryrun=true", lines(151, "Second")).await;
    let mut expected = all(150, "updated");
    expected.push((151, "created".into()));
    assert_eq!(told(&dry), expected);
    assert_eq!(app.count("action_plans").await, 150);
    app.until_idle().await;
}

#[tokio::test]
async fn of_an_atomic_request_no_more_is_read_once_hundreds_of_lines_have_failed() {
    let (app, frankfurt, ..) = cast().await;
    let body = lines(3, "First") + &"{}\n".repeat(20_000);
    let reply = send(&frankfurt, "?atomic=true", body).await;
    let told = told(&reply);
    assert!((500..=700).contains(&told.len()), "{}", told.len());
    assert_eq!(told, all(told.len() as u64, "failed"));
    assert_eq!(problem(&results(&reply)[0]).0, "bulk_undone");
    assert_eq!(app.count("action_plans").await, 0);
}

#[tokio::test]
async fn a_dry_run_tells_and_stores_nothing() {
    let (app, frankfurt, ..) = cast().await;
    send(&frankfurt, "", lines(2, "First")).await;
    let events = app.events().await;
    let body = format!("{}{}\n{{}}", lines(2, "Second"), line("new", "New"));
    let reply = send(&frankfurt, "?dryrun=true", body).await;
    let expected = ["updated", "updated", "created", "failed"];
    assert_eq!(
        told(&reply)
            .into_iter()
            .map(|(_, outcome)| outcome)
            .collect::<Vec<_>>(),
        expected
    );
    assert_eq!(results(&reply)[2]["id"], Value::Null, "it has none yet");
    assert_eq!(
        (app.count("action_plans").await, app.events().await),
        (2, events)
    );
}

#[tokio::test]
async fn what_is_refused_of_a_whole_request() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let body = line("1", "First").to_string();
    app.anonymous()
        .request("POST", PATH)
        .body("application/x-ndjson", body.clone())
        .send()
        .await
        .problem("unauthenticated");
    frankfurt
        .post(PATH, line("1", "First"))
        .await
        .problem("unsupported_media_type");
    let keyed = frankfurt
        .request("POST", PATH)
        .header("Idempotency-Key", "1");
    keyed
        .body("application/x-ndjson", body.clone())
        .send()
        .await
        .refused(&[("Idempotency-Key", "not_in_bulk")]);
    send(&frankfurt, "?colour=red", body.clone())
        .await
        .refused(&[("colour", "unknown_parameter")]);
    send(&yokohama, "?city=frankfurt", body.clone())
        .await
        .problem("not_found");
    frankfurt.get(PATH).await.problem("method_not_allowed");
    assert_eq!(app.count("action_plans").await, 0);

    // Whoever's plan a line is, an admin writes it in the name of its first city, or of the one that is named.
    assert_eq!(
        told(&send(&admin, "", body.clone()).await),
        all(1, "created")
    );
    frankfurt
        .get("/v1/action-plans/by-ref/plans.example/1")
        .await
        .expect(200);
    let foreign = send(&admin, "?city=umea", line("2", "Second").to_string()).await;
    assert_eq!(
        problem(&results(&foreign)[0]),
        (
            "invalid_input".into(),
            vec![("city".into(), "not_of_city".into())]
        )
    );
    // A city writes nothing of another's, whatever the key.
    let theirs = send(&yokohama, "", body).await;
    assert_eq!(problem(&results(&theirs)[0]).0, "forbidden");
}

#[tokio::test]
async fn the_rules_of_single_writes_hold_for_each_line() {
    let (_app, frankfurt, yokohama, _) = cast().await;
    let mut plan = complete_plan(&["frankfurt"]);
    plan["external_refs"] = json!([{"system": "plans.example", "key": "1"}]);
    let made = send(&frankfurt, "", plan.to_string()).await;
    let path = format!(
        "/v1/action-plans/{}",
        results(&made)[0]["id"].as_str().unwrap()
    );
    crate::support::plans::to(&frankfurt, &path, "submitted")
        .await
        .expect(200);
    plan["objectives"] = Value::Null;
    let incomplete = send(&frankfurt, "", plan.to_string()).await;
    assert_eq!(
        problem(&results(&incomplete)[0]),
        (
            "plan_incomplete".into(),
            vec![("/objectives".into(), "required".into())]
        )
    );
    // A partner that reads it does not write it.
    let theirs = plan.to_string();
    assert_eq!(
        problem(&results(&send(&yokohama, "", theirs).await)[0]).0,
        "forbidden"
    );
    crate::support::plans::to(&frankfurt, &path, "withdrawn")
        .await
        .expect(200);
    let withdrawn = send(&frankfurt, "", plan.to_string()).await;
    assert_eq!(problem(&results(&withdrawn)[0]).0, "plan_withdrawn");
}

/// The head of a request that sends its lines as it likes.
fn head(app: &App, client: &Client, query: &str) -> String {
    let _ = app;
    format!(
        "POST {PATH}{query} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/x-ndjson\r\n\
         Transfer-Encoding: chunked\r\n\r\n",
        client.token.as_deref().unwrap()
    )
}

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

async fn connect(app: &App) -> TcpStream {
    TcpStream::connect(app.url.strip_prefix("http://").unwrap())
        .await
        .unwrap()
}

/// Reads until the answer has this many results.
async fn read_results(stream: &mut TcpStream, count: usize) -> String {
    let mut answer = String::new();
    let mut buffer = [0; 4096];
    while answer.matches("\"result\":").count() < count {
        let read = tokio::time::timeout(IN_TIME, stream.read(&mut buffer)).await;
        let length = read
            .unwrap_or_else(|_| panic!("no results: {answer}"))
            .unwrap();
        assert!(length > 0, "the answer ends: {answer}");
        answer += &String::from_utf8_lossy(&buffer[..length]);
    }
    answer
}

#[tokio::test]
async fn results_come_while_lines_are_still_to_come_and_silence_ends_it() {
    let app = App::with(|settings| settings.body_timeout = 1).await;
    let frankfurt = app.city_user("frankfurt").await;
    let mut stream = connect(&app).await;
    stream
        .write_all(head(&app, &frankfurt, "").as_bytes())
        .await
        .unwrap();
    for number in 0..3 {
        let text = format!("{}\n", line(&format!("slow-{number}"), "Slow"));
        stream.write_all(chunk(&text).as_bytes()).await.unwrap();
        let answer = read_results(&mut stream, 1).await;
        assert!(answer.contains("\"created\""), "{answer}");
        assert_eq!(app.count("action_plans").await, number + 1);
    }
    let answer = read_results(&mut stream, 1).await;
    assert!(
        answer.contains("\"line\":4") && answer.contains("request_timeout"),
        "{answer}"
    );
    assert_eq!(app.count("action_plans").await, 3);
}

#[tokio::test]
async fn of_a_client_that_hangs_up_stays_what_is_committed_and_of_an_atomic_one_nothing() {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    for (query, expected) in [("", 1), ("?atomic=true", 0)] {
        app.run("DELETE FROM action_plans").await;
        let mut stream = connect(&app).await;
        stream
            .write_all(head(&app, &frankfurt, query).as_bytes())
            .await
            .unwrap();
        let text = format!("{}\n{}", line("whole", "Whole"), "{\"half\": ");
        stream.write_all(chunk(&text).as_bytes()).await.unwrap();
        tokio::time::sleep(Duration::from_millis(700)).await;
        stream.set_zero_linger().unwrap();
        drop(stream);
        app.until_idle().await;
        assert_eq!(app.count("action_plans").await, expected, "{query}");
    }
    let again = send(&frankfurt, "", line("whole", "Whole").to_string()).await;
    assert_eq!(
        told(&again),
        all(1, "created"),
        "nothing was left of the atomic one"
    );
}

#[tokio::test]
async fn who_loses_the_right_in_the_middle_stores_nothing_more() {
    let app = App::start().await;
    let frankfurt = app.city_user("frankfurt").await;
    let mut stream = connect(&app).await;
    stream
        .write_all(head(&app, &frankfurt, "").as_bytes())
        .await
        .unwrap();
    let text = format!("{}\n", line("before", "Before"));
    stream.write_all(chunk(&text).as_bytes()).await.unwrap();
    read_results(&mut stream, 1).await;
    app.run("UPDATE sessions SET ended_at = now(), ended_reason = 'signed_out'")
        .await;
    let text = format!("{}\n", line("after", "After"));
    stream.write_all(chunk(&text).as_bytes()).await.unwrap();
    let answer = read_results(&mut stream, 1).await;
    assert!(answer.contains("invalid_token"), "{answer}");
    assert_eq!(app.count("action_plans").await, 1);
}

#[tokio::test]
async fn many_bulks_of_the_same_keys_at_once_make_each_thing_once() {
    let (app, frankfurt, ..) = cast().await;
    let bulks: Vec<_> = (0..4)
        .map(|number| {
            let client = frankfurt.clone();
            tokio::spawn(async move {
                results(&send(&client, "", lines(120, &format!("By {number}"))).await)
            })
        })
        .collect();
    let mut created = 0;
    for bulk in bulks {
        let results = bulk.await.unwrap();
        assert_eq!(results.len(), 120);
        for result in results {
            assert_ne!(result["result"], "failed", "{result}");
            created += i32::from(result["result"] == "created");
        }
    }
    assert_eq!(created, 120);
    assert_eq!(app.count("action_plans").await, 120);
}
