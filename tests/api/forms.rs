//! The same things as tables, on maps and in calendars.

use serde_json::{Value, json};

use crate::support::kinds::{KINDS, bare_plan};
use crate::support::plans::{cast, joint_plan, make};
use crate::support::{App, Client, Reply};

/// The rows of a table, its names first.
fn rows(reply: &Reply) -> Vec<Vec<String>> {
    let kind = reply.header("content-type");
    assert_eq!(kind, "text/csv; charset=utf-8; header=present", "{reply}");
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(reply.bytes.as_slice());
    let rows = reader.records().map(|row| row.unwrap());
    rows.map(|row| row.iter().map(str::to_owned).collect())
        .collect()
}

/// The lines of a calendar, unfolded.
fn lines(reply: &Reply) -> Vec<String> {
    let kind = reply.header("content-type");
    assert_eq!(kind, "text/calendar; charset=utf-8", "{reply}");
    let text = String::from_utf8(reply.bytes.clone()).unwrap();
    assert!(text.ends_with("END:VCALENDAR\r\n"), "{text}");
    assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
    let text = text.replace("\r\n ", "");
    text.split_terminator("\r\n").map(str::to_owned).collect()
}

/// The event of a thing in a calendar.
fn event(lines: &[String], uid: &str) -> Vec<String> {
    let mut events = lines.split(|line| line == "BEGIN:VEVENT").skip(1);
    let uid = format!("UID:{uid}@iuc-japan");
    let found = events.find(|event| event.contains(&uid));
    found.unwrap_or_else(|| panic!("no {uid}")).to_vec()
}

#[track_caller]
fn has(event: &[String], lines: &[&str]) {
    for line in lines {
        assert!(
            event.contains(&(*line).to_owned()),
            "no {line} in {event:?}"
        );
    }
}

async fn calendar(caller: &Client, query: &str) -> Vec<String> {
    lines(
        &caller
            .get(&format!("/v1/{query}format=ics"))
            .await
            .expect(200),
    )
}

#[tokio::test]
async fn every_list_is_a_table_of_the_same_things() {
    let app = App::start().await;
    let admin = app.admin().await;
    for kind in KINDS {
        kind.make(&app, &admin).await;
    }
    for kind in KINDS {
        let items = admin.get(&format!("{}?format=ndjson", kind.path)).await;
        let items = items.expect(200).exported();
        let table = admin.get(&format!("{}?format=csv", kind.path)).await;
        let rows = rows(&table.expect(200));
        let (names, rows) = rows.split_first().unwrap();
        assert_eq!(rows.len(), items.len(), "{}", kind.path);
        let id = names
            .iter()
            .position(|name| ["id", "number"].contains(&name.as_str()))
            .unwrap();
        for (row, item) in rows.iter().zip(&items) {
            assert_eq!(row.len(), names.len());
            let known = item.get("id").unwrap_or(&item["number"]);
            let known = known
                .as_str()
                .map_or_else(|| known.to_string(), str::to_owned);
            assert_eq!(row[id], known, "{}", kind.path);
        }
        // Whatever JSON has in a field stands in a column of it.
        for name in items.first().unwrap().as_object().unwrap().keys() {
            let below = format!("{name}.");
            let is_of_it = |column: &String| column == name || column.starts_with(&below);
            assert!(
                names.iter().any(is_of_it),
                "{} has no {name}: {names:?}",
                kind.path
            );
        }
    }
}

#[tokio::test]
async fn a_table_has_the_fields_languages_and_items_that_are_asked_for_and_no_formula() {
    let app = App::start().await;
    let admin = app.admin().await;
    let caller = app.anonymous();
    let name = json!({"name": {"en": "=HYPERLINK(\"http://evil.example\")", "ja": "＝1", "sv": "Umeå, \"stad\""},
        "location": {"lat": -33.5, "lon": -0.25}});
    admin.patch("/v1/cities/umea", "*", name).await.expect(200);
    let path = "/v1/cities?side=eu&fields=name,id,location&format=csv";
    let table = rows(&caller.get(path).await.expect(200));
    let columns = ["name.en", "name.ja", "id", "location.lat", "location.lon"];
    assert_eq!(table[0], columns);
    assert_eq!(table.len(), 1 + 8);
    let umea = table.iter().find(|row| row[2] == "umea").unwrap();
    assert_eq!(
        umea.as_slice(),
        [
            "'=HYPERLINK(\"http://evil.example\")",
            "'＝1",
            "umea",
            "-33.5",
            "-0.25"
        ]
    );
    let path = "/v1/cities?fields=name&format=csv&lang=sv,ja&bom=true";
    let reply = caller.get(path).await.expect(200);
    assert!(reply.bytes.starts_with(b"\xEF\xBB\xBFname.sv,name.ja\r\n"));
    assert_eq!(
        reply.header("content-disposition"),
        "inline; filename=\"cities.csv\""
    );
    let text = String::from_utf8(reply.bytes.clone()).unwrap();
    assert!(text.contains("\"Umeå, \"\"stad\"\"\",'＝1\r\n"), "{text}");
    let accepted = caller
        .request("GET", "/v1/subjects")
        .header("accept", "text/csv;q=0.9, application/xml")
        .send()
        .await
        .expect(200);
    assert_eq!(rows(&accepted).len(), 1 + 14);
}

#[tokio::test]
async fn what_makes_no_difference_to_a_form_is_refused_all_at_once() {
    let app = App::start().await;
    let caller = app.anonymous();
    for (path, faults) in [
        (
            "/v1/pairings?format=csv&limit=5&sort=number&include=cities",
            &[("limit", "not_in_export"), ("sort", "not_in_export")][..],
        ),
        (
            "/v1/cities?format=geojson&lang=ja&bom=true&limit=5",
            &[
                ("bom", "not_in_format"),
                ("lang", "not_in_format"),
                ("limit", "not_in_export"),
            ],
        ),
        (
            "/v1/meetings?format=ics&fields=id",
            &[("fields", "not_in_format")],
        ),
        (
            "/v1/cities?lang=ja&cursor=x",
            &[("lang", "not_in_format"), ("cursor", "cursor")],
        ),
        ("/v1/tours?format=ics&lang=ja,en", &[("lang", "too_many")]),
        (
            "/v1/meetings/exchange-meeting-1?format=ics&include=cities",
            &[("include", "not_in_format")],
        ),
    ] {
        let told = caller.get(path).await.problem("invalid_input").faults();
        for (name, code) in faults {
            let fault = ((*name).to_owned(), (*code).to_owned());
            assert!(told.contains(&fault), "{path}: {told:?}");
        }
    }
    for path in [
        "/v1/cities?format=ics",
        "/v1/meetings?format=geojson",
        "/v1/cities/umea?format=csv",
    ] {
        let told = caller.get(path).await.problem("invalid_input").faults();
        assert_eq!(told[0].0, "format", "{path}");
    }
    // Where there is one representation, none can be chosen.
    let told = caller.get("/v1/subjects/smart-cities?format=json").await;
    assert_eq!(told.problem("invalid_input").faults()[0].0, "format");
    let refused = caller
        .request("GET", "/v1/subjects")
        .header("accept", "text/calendar")
        .send()
        .await
        .problem("not_acceptable");
    let available = refused.body["detail"].as_str().unwrap();
    assert!(available.contains("text/csv"), "{available}");
}

#[tokio::test]
async fn cities_are_points_and_pairings_lines_between_them() {
    let app = App::start().await;
    let caller = app.anonymous();
    let cities = caller.get("/v1/cities?format=geojson").await.expect(200);
    assert_eq!(cities.header("content-type"), "application/geo+json");
    let map: Value = serde_json::from_slice(&cities.bytes).unwrap();
    assert_eq!(map["type"], "FeatureCollection");
    let features = map["features"].as_array().unwrap();
    assert_eq!(features.len(), 16);
    let city = |id: &str| features.iter().find(|feature| feature["id"] == id).unwrap();
    let umea = caller.get("/v1/cities/umea").await.expect(200).body;
    let place = |body: &Value| json!([body["location"]["lon"], body["location"]["lat"]]);
    assert_eq!(city("umea")["geometry"]["coordinates"], place(&umea));
    assert_eq!(city("umea")["geometry"]["type"], "Point");
    assert_eq!(city("umea")["properties"], umea);
    let pairings = caller.get("/v1/pairings?format=geojson").await.expect(200);
    let map: Value = serde_json::from_slice(&pairings.bytes).unwrap();
    assert_eq!(map["features"].as_array().unwrap().len(), 8);
    let one = caller
        .get("/v1/pairings/frankfurt-yokohama?format=geojson")
        .await
        .expect(200);
    let one: Value = serde_json::from_slice(&one.bytes).unwrap();
    let frankfurt = caller.get("/v1/cities/frankfurt").await.body;
    let yokohama = caller.get("/v1/cities/yokohama").await.body;
    assert_eq!(
        one["geometry"],
        json!({"type": "LineString", "coordinates": [place(&frankfurt), place(&yokohama)]})
    );
    assert_eq!(one["properties"]["id"], "frankfurt-yokohama");
    let alone = caller
        .request("GET", "/v1/cities/umea?fields=name")
        .header("accept", "application/geo+json")
        .send()
        .await
        .expect(200);
    let alone: Value = serde_json::from_slice(&alone.bytes).unwrap();
    assert_eq!(alone["type"], "Feature");
    assert_eq!(alone["properties"].as_object().unwrap().len(), 1);
}

#[tokio::test]
async fn what_has_no_place_has_no_geometry() {
    let app = App::start().await;
    let admin = app.admin().await;
    let nowhere = json!({"location": null});
    admin
        .patch("/v1/cities/umea", "*", nowhere)
        .await
        .expect(200);
    let reply = admin
        .get("/v1/cities/umea?format=geojson")
        .await
        .expect(200);
    let feature: Value = serde_json::from_slice(&reply.bytes).unwrap();
    assert_eq!(feature["geometry"], Value::Null);
    let many = json!({"programme": "iuc-japan", "number": 77, "eu_cities": ["umea", "frankfurt", "essen"],
        "jp_cities": ["yokohama"], "joined_year": 2019, "subjects": [], "status": "active"});
    let made = admin.post("/v1/pairings", many).await.expect(201);
    let path = format!("/v1/pairings/{}?format=geojson", made.id());
    let reply = admin.get(&path).await.expect(200);
    let feature: Value = serde_json::from_slice(&reply.bytes).unwrap();
    assert_eq!(feature["geometry"]["type"], "MultiLineString");
    let drawn = feature["geometry"]["coordinates"].as_array().unwrap();
    assert_eq!(drawn.len(), 2);
}

#[tokio::test]
async fn a_meeting_stays_one_event_from_its_first_guess_to_its_end() {
    let app = App::start().await;
    let (admin, caller) = (app.admin().await, app.anonymous());
    let first = json!({"programme": "iuc-japan", "kind": "workshop", "status": "planned", "when": "2019-04/2019-05",
        "title": {"en": "Trees, and more", "ja": "都市の樹木"}, "place": {"name": {"en": "Umeå"}, "country_code": "SE",
        "venue": "City Hall; room 2", "time_zone": "Europe/Stockholm"}});
    let made = admin.post("/v1/meetings", first).await.expect(201);
    let (path, uid) = (
        format!("/v1/meetings/{}", made.id()),
        format!("meeting-{}", made.id()),
    );
    let told = event(&calendar(&caller, "meetings?").await, &uid);
    has(
        &told,
        &[
            "SEQUENCE:0",
            "STATUS:TENTATIVE",
            "TRANSP:TRANSPARENT",
            "DTSTART;VALUE=DATE:20190401",
            "DTEND;VALUE=DATE:20190601",
            "SUMMARY:Trees\\, and more (2019-04/2019-05)",
            "LOCATION:City Hall\\; room 2\\, Umeå (SE)",
            "X-IUC-WHEN:2019-04/2019-05",
        ],
    );
    let agenda = json!([
        {"starts_at": "2019-04-24T07:00:00Z", "ends_at": "2019-04-24T08:30:00Z", "title": {"en": "Opening"}, "speakers": ["A. Berg"]},
        {"starts_at": "2019-04-24T09:00:00Z", "ends_at": "2019-04-24T15:00:00Z", "title": {"en": "Walk"}},
    ]);
    let fixed = json!({"when": "2019-04-24", "status": "confirmed", "agenda": agenda});
    let fixed = admin.patch(&path, "*", fixed).await.expect(200);
    let all = calendar(&caller, "meetings?lang=ja&").await;
    let told = event(&all, &uid);
    has(
        &told,
        &[
            "SEQUENCE:1",
            "STATUS:CONFIRMED",
            "DTSTART;TZID=Europe/Stockholm:20190424T090000",
            "DTEND;TZID=Europe/Stockholm:20190424T170000",
            "SUMMARY:都市の樹木",
            "DESCRIPTION:2019-04-24 09:00 Opening (A. Berg)\\n2019-04-24 11:00 Walk",
        ],
    );
    let changed = fixed.body["updated_at"].as_str().unwrap();
    let digits = changed[..19].replace(['-', ':'], "");
    has(&told, &[&format!("LAST-MODIFIED:{digits}Z")]);
    let zone = all.iter().position(|line| line == "TZID:Europe/Stockholm");
    let first_event = all.iter().position(|line| line == "BEGIN:VEVENT");
    assert!(zone.unwrap() < first_event.unwrap(), "{all:?}");
    admin
        .patch(&path, "*", json!({"status": "cancelled"}))
        .await
        .expect(200);
    let alone = caller.get(&format!("{path}?format=ics")).await.expect(200);
    has(
        &event(&lines(&alone), &uid),
        &["STATUS:CANCELLED", "SEQUENCE:2", "TRANSP:TRANSPARENT"],
    );
    assert_eq!(alone.header("content-language"), "en");
    assert!(alone.listed("vary").contains(&"accept-language".to_owned()));
}

#[tokio::test]
async fn a_calendar_holds_what_has_a_date_and_matches_the_filter() {
    let app = App::start().await;
    let (admin, caller) = (app.admin().await, app.anonymous());
    let undated = json!({"programme": "iuc-japan", "kind": "webinar", "status": "planned", "title": {"en": "Some day"}});
    let made = admin.post("/v1/meetings", undated).await.expect(201);
    let alone = caller
        .get(&format!("/v1/meetings/{}?format=ics", made.id()))
        .await
        .expect(200);
    let count = |lines: &[String]| lines.iter().filter(|line| *line == "BEGIN:VEVENT").count();
    assert_eq!(count(&lines(&alone)), 0);
    let dated = caller.get("/v1/meetings?limit=200").await.items();
    let dated = dated.iter().filter(|item| !item["when"].is_null()).count();
    assert_eq!(count(&calendar(&caller, "meetings?").await), dated);
    assert_eq!(
        count(&calendar(&caller, "meetings?from=2100-01-01&").await),
        0
    );
    let tours = calendar(&caller, "tours?lang=ja&").await;
    assert_eq!(count(&tours), 1);
    let summary = tours.iter().find(|line| line.starts_with("SUMMARY:"));
    assert!(summary.unwrap().contains("への視察"), "{summary:?}");
    has(&tours, &["X-WR-CALNAME:IUC 日本：視察"]);
}

#[tokio::test]
async fn a_calendar_that_has_not_changed_is_not_sent_again() {
    let app = App::start().await;
    let (admin, caller) = (app.admin().await, app.anonymous());
    let ask = async |path: &str, tag: &str, language: &str| {
        let request = caller.request("GET", path).header("if-none-match", tag);
        request.header("accept-language", language).send().await
    };
    for path in [
        "/v1/meetings?format=ics",
        "/v1/cities?format=csv",
        "/v1/pairings?format=geojson",
        "/v1/meetings/exchange-meeting-1?format=ics",
        "/v1/tours?format=ics",
    ] {
        let known = caller.get(path).await.expect(200);
        let tag = known.header("etag").to_owned();
        if path.contains("tours") {
            // No stamp stands for tours.
            assert_eq!(tag, "");
            assert_eq!(known.header("cache-control"), "public, no-cache");
            continue;
        }
        assert!(tag.starts_with("W/"), "{path}: {known}");
        assert_eq!(known.header("cache-control"), "public, no-cache");
        ask(path, &tag, "en").await.expect(304);
        if path.contains("ics") {
            ask(path, &tag, "ja").await.expect(200);
        }
        for thing in ["/v1/meetings/exchange-meeting-1", "/v1/cities/umea"] {
            let body = admin.get(thing).await.body;
            let name = if thing.contains("cities") {
                "name"
            } else {
                "title"
            };
            let mut text = body[name].clone();
            text["en"] = json!(format!("{} again", text["en"].as_str().unwrap()));
            let changed = json!({name: text});
            admin.patch(thing, "*", changed).await.expect(200);
        }
        ask(path, &tag, "en").await.expect(200);
    }
}

/// The document of a plan.
async fn document(caller: &Client, path: &str, query: &str) -> String {
    let reply = caller.get(&format!("{path}?format=md{query}")).await;
    let reply = reply.expect(200);
    assert_eq!(
        reply.header("content-type"),
        "text/markdown; charset=utf-8",
        "{reply}"
    );
    String::from_utf8(reply.bytes).unwrap()
}

#[tokio::test]
async fn a_plan_is_a_document_in_the_order_of_its_template_in_one_language_or_two() {
    let (_app, frankfurt, yokohama, admin) = cast().await;
    let mut plan = joint_plan(&["frankfurt"], &["yokohama"]);
    plan["title"] = json!({"en": "Trees * and | more", "ja": "都市の樹木"});
    plan["objectives"] = json!({"en": "# First\n\n1. Plant <trees>.", "ja": "木を植える。"});
    plan["risks"] = json!([{"key": "drought", "description": {"en": "A dry\nsummer"}, "likelihood": 3, "impact": 4}]);
    plan["activities"][0]["when"] = json!("2019-04/2020-03");
    let path = make(&frankfurt, plan).await;
    let sections = admin.get("/v1/templates/iuc-japan-1").await.body["sections"].clone();
    let text = document(&frankfurt, &path, "&lang=en").await;
    assert!(
        text.starts_with("# Trees \\* and \\| more\n\n- **Status**: draft\n"),
        "{text}"
    );
    let mut from = 0;
    for section in sections.as_array().unwrap().iter().skip(1) {
        let number = section["section"].as_i64();
        let number = number.map_or_else(String::new, |number| format!("{number}. "));
        let heading = format!(
            "\n## {number}{}\n",
            section["title"]["en"].as_str().unwrap()
        );
        let at = text.find(&heading);
        let at = at.unwrap_or_else(|| panic!("no {heading} in {text}"));
        assert!(at > from, "{heading} comes too early");
        from = at;
    }
    for part in [
        "\n\\# First\n\n1\\. Plant \\<trees\\>.\n",
        "| A dry<br>summer | 3 | 4 |  |",
        "**When**: April 2019 to March 2020",
        "**With**: Yokohama (not answered yet)",
    ] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    let both = document(&frankfurt, &path, "&lang=en,ja").await;
    for part in [
        "# Trees \\* and \\| more / 都市の樹木",
        "## 1. Objectives / 目的",
        "| English | 日本語 |",
        "| 木を植える。 |",
        "\n## 2. City context",
    ] {
        assert!(both.contains(part), "no {part} in {both}");
    }
    // What nobody may see is no document either.
    yokohama
        .get(&format!("{path}?format=md"))
        .await
        .problem("not_found");
}

/// The document of a plan for Word, as a reader of such files finds it.
async fn word_document(caller: &Client, path: &str, query: &str) -> String {
    let reply = caller.get(&format!("{path}?format=docx{query}")).await;
    let reply = reply.expect(200);
    assert_eq!(
        reply.header("content-type"),
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    );
    assert_eq!(
        reply.header("content-disposition"),
        "inline; filename=\"action-plans.docx\""
    );
    docx_rs::read_docx(&reply.bytes).unwrap().json()
}

#[tokio::test]
async fn a_plan_is_a_document_for_word_that_says_the_same() {
    let (_app, frankfurt, yokohama, admin) = cast().await;
    let mut plan = joint_plan(&["frankfurt"], &["yokohama"]);
    plan["title"] = json!({"en": "Trees & <more>", "ja": "都市の樹木"});
    plan["objectives"] = json!({"en": "One\ntwo\n\nThree \u{FFFF}", "ja": "木を植える。"});
    plan["risks"] = json!([{"key": "drought", "description": {"en": "A dry\nsummer"}, "likelihood": 3, "impact": 4}]);
    let path = make(&frankfurt, plan).await;
    let sections = admin.get("/v1/templates/iuc-japan-1").await.body["sections"].clone();
    let text = word_document(&frankfurt, &path, "&lang=en").await;
    let mut from = 0;
    for section in sections.as_array().unwrap().iter().skip(1) {
        let title = json!(section["title"]["en"]).to_string();
        let title = title.trim_matches('"');
        let at = text[from..].find(title);
        from += at.unwrap_or_else(|| panic!("no {title} after {from} in {text}"));
    }
    for part in [
        "Trees & <more>",
        "One",
        "two",
        "Three",
        "A dry",
        "summer",
        "Heading3",
    ] {
        assert!(text.contains(&format!("\"{part}\"")), "no {part} in {text}");
    }
    assert!(!text.contains("木を植える"), "{text}");
    let both = word_document(&frankfurt, &path, "&lang=en,ja").await;
    for part in ["Trees & <more> / 都市の樹木", "日本語", "木を植える。"] {
        assert!(both.contains(part), "no {part} in {both}");
    }
    // By Accept as well, with the ETag of its own representation; and for nobody who may not see the plan.
    let accepted = frankfurt.request("GET", &path).header(
        "accept",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    );
    let accepted = accepted.header("accept-language", "ja").send().await;
    let accepted = accepted.expect(200);
    assert!(accepted.bytes.starts_with(b"PK"));
    let again = frankfurt
        .request("GET", &format!("{path}?format=docx&lang=ja"))
        .header("if-none-match", accepted.header("etag"));
    again.send().await.expect(304);
    yokohama
        .get(&format!("{path}?format=docx"))
        .await
        .problem("not_found");
    let lists = frankfurt.get("/v1/action-plans?format=docx").await;
    assert_eq!(lists.problem("invalid_input").faults()[0].0, "format");
}

#[tokio::test]
async fn a_plan_is_a_document_to_print() {
    let (_app, frankfurt, yokohama, _) = cast().await;
    let mut plan = joint_plan(&["frankfurt"], &["yokohama"]);
    plan["title"] = json!({"en": "Trees", "ja": "都市の樹木"});
    plan["objectives"] = json!({"en": "Plant a tree.\n".repeat(300), "ja": "木を植える。"});
    let path = make(&frankfurt, plan).await;
    for (query, told, language) in [
        ("&lang=en", "en", "/Lang(en)"),
        ("&lang=ja,en", "ja, en", "/Lang(ja)"),
    ] {
        let reply = frankfurt.get(&format!("{path}?format=pdf{query}")).await;
        let reply = reply.expect(200);
        assert_eq!(reply.header("content-type"), "application/pdf");
        assert_eq!(
            reply.header("content-disposition"),
            "inline; filename=\"action-plans.pdf\""
        );
        assert_eq!(reply.header("content-language"), told);
        assert!(reply.bytes.starts_with(b"%PDF-1.7"));
        // The names of the sections and the language stand in the file as they are, the pages compressed.
        let text = String::from_utf8_lossy(&reply.bytes);
        for part in [language, "/MarkInfo", "/Font"] {
            assert!(text.contains(part), "no {part}");
        }
        assert_eq!(text.contains("/Title(Executive Summary)"), told == "en");
        assert!(text.matches("/Type/Page/").count() > 5, "{text}");
        assert_eq!(text.contains("BIZUDPGothic"), told != "en");
        let again = frankfurt.request("GET", &format!("{path}?format=pdf{query}"));
        let again = again.header("if-none-match", reply.header("etag"));
        again.send().await.expect(304);
        let again = frankfurt.get(&format!("{path}?format=pdf{query}")).await;
        assert!(again.bytes == reply.bytes, "another file of the same plan");
    }
    let accepted = frankfurt.request("GET", &path);
    let accepted = accepted.header("accept", "application/pdf");
    let accepted = accepted.header("accept-encoding", "br").send().await;
    let accepted = accepted.expect(200);
    assert_eq!(accepted.header("content-encoding"), "identity");
    assert!(accepted.bytes.starts_with(b"%PDF"));
    yokohama
        .get(&format!("{path}?format=pdf"))
        .await
        .problem("not_found");
}

#[tokio::test]
async fn a_document_is_in_the_language_that_is_wanted_and_tells_which() {
    let (_app, frankfurt, ..) = cast().await;
    let mut plan = bare_plan("frankfurt", "frankfurt-yokohama");
    plan["title"] = json!({"de": "Bäume", "ja": "樹木"});
    plan["language"] = json!("de");
    let path = make(&frankfurt, plan).await;
    let ask = async |language: &str| {
        let request = frankfurt.request("GET", &path);
        let request = request.header("accept", "text/markdown, application/json;q=0.5");
        let reply = request.header("accept-language", language).send().await;
        reply.expect(200)
    };
    let french = frankfurt.get(&format!("{path}?format=md&lang=fr")).await;
    assert_eq!(french.header("content-language"), "de");
    let text = String::from_utf8(french.expect(200).bytes).unwrap();
    assert!(
        text.ends_with("*Not written in French; shown in German.*\n"),
        "{text}"
    );
    for (wanted, told, begin) in [
        ("ja", "ja", "# 樹木\n"),
        ("ja-JP", "ja", "# 樹木\n"),
        ("sv", "de", "# Bäume\n"),
    ] {
        let reply = ask(wanted).await;
        assert_eq!(reply.header("content-language"), told);
        let vary = reply.listed("vary");
        assert!(vary.contains(&"accept-language".to_owned()), "{vary:?}");
        assert!(reply.bytes.starts_with(begin.as_bytes()), "{reply}");
    }
    let reply = ask("ja").await;
    let again = frankfurt
        .request("GET", &format!("{path}?format=md&lang=ja"))
        .header("if-none-match", reply.header("etag"));
    again.send().await.expect(304);
    for query in ["&lang=en,ja,de", "&fields=title", "&include=cities"] {
        let refused = frankfurt.get(&format!("{path}?format=md{query}")).await;
        refused.problem("invalid_input");
    }
    let lists = frankfurt.get("/v1/action-plans?format=md").await;
    assert_eq!(lists.problem("invalid_input").faults()[0].0, "format");
}

#[tokio::test]
async fn what_belongs_to_others_is_a_table_for_whom_it_is_a_list() {
    let app = App::start().await;
    let (umea, essen) = (app.city_user("umea").await, app.city_user("essen").await);
    let tour = json!({"pairing": "umea-kamakura", "visiting_city": "umea", "host_city": "kamakura", "when": "2031-05",
        "status": "planned"});
    let tour = umea.post("/v1/tours", tour).await.expect(201);
    let path = format!("/v1/tours/{}/delegates", tour.id());
    let delegate = json!({"name": "Åsa; =1+1", "organisation": "City of Umeå", "position": "Planner", "funding": "own"});
    umea.post(&path, delegate).await.expect(201);
    let path = format!("{path}?format=csv&fields=name,funding");
    let table = rows(&umea.get(&path).await.expect(200));
    assert_eq!(table, [["name", "funding"], ["Åsa; =1+1", "own"]]);
    essen.get(&path).await.problem("not_found");
    app.anonymous().get(&path).await.problem("unauthenticated");
    let secrets = umea.get("/v1/webhooks?format=csv").await.expect(200);
    assert!(!rows(&secrets)[0].contains(&"secret".to_owned()));
}
