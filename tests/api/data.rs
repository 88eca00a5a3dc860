//! The programme's own data: what the progress report says, fact by fact; and how it is loaded.

use std::fs;
use std::path::{Path, PathBuf};

use diesel_async::AsyncConnection;
use iuc::db::Connection;
use iuc::load::{Report, load};
use serde_json::{Value, json};

use crate::support::cluster::{copies, data};
use crate::support::{App, KINDS};

/// Number, EU city, its country, Japanese city, year of joining, and the subjects as the report words them.
const PAIRINGS: &[(i64, &str, &str, &str, i64, &str)] = &[
    (1, "Frankfurt", "DE", "Yokohama", 2017, "Smart cities"),
    (
        2,
        "Essen",
        "DE",
        "Koriyama",
        2017,
        "Clean technology and renewable energy",
    ),
    (
        3,
        "Donostia-San Sebastian",
        "ES",
        "Hirosaki",
        2017,
        "Buildings and site regeneration",
    ),
    (
        4,
        "Ioannina",
        "GR",
        "Ichinomiya",
        2017,
        "Sustainable mobility and transport",
    ),
    (
        5,
        "Ancona",
        "IT",
        "Ikoma",
        2017,
        "Clean energy, social inclusion, and healthy cities",
    ),
    (
        6,
        "Bratislava",
        "SK",
        "Tokorozawa",
        2018,
        "Climate change adaptation, urban nature-based solutions, and smart eco-city development",
    ),
    (
        7,
        "Grenoble-Alpes Metropole",
        "FR",
        "Toyota",
        2018,
        "Smart cities",
    ),
    (
        8,
        "Umeå",
        "SE",
        "Kamakura",
        2018,
        "Smart cities, social inclusion and the integration of SDGs",
    ),
];

/// Letters alone, without their accents, as the report and the cities spell names differently.
fn plain(name: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    name.nfkd()
        .filter(char::is_ascii_alphanumeric)
        .collect::<String>()
        .to_lowercase()
}

#[tokio::test]
async fn the_reports_eight_pairings_are_there_with_their_sixteen_cities() {
    let app = App::start().await;
    let caller = app.anonymous();
    let page = caller
        .get("/v1/pairings?sort=number&include=cities,subjects&count=true")
        .await
        .expect(200);
    assert_eq!(page.body["total"], 8);
    let included = &page.body["included"];
    assert_eq!(included["cities"].as_object().unwrap().len(), 16);
    for (pairing, (number, eu, country, jp, year, subjects)) in page.items().iter().zip(PAIRINGS) {
        let city = |list: &str| {
            assert_eq!(pairing[list].as_array().unwrap().len(), 1);
            &included["cities"][pairing[list][0].as_str().unwrap()]
        };
        let (eu_city, jp_city) = (city("eu_cities"), city("jp_cities"));
        assert_eq!(pairing["number"], *number);
        assert_eq!(pairing["joined_year"], *year);
        assert_eq!(pairing["subject_text"]["en"], *subjects);
        assert_eq!(pairing["status"], "active");
        assert_eq!(pairing["programme"], "iuc-japan");
        // San Sebastián goes by its whole name in the id alone.
        let names =
            [&eu_city["name"]["en"], &eu_city["id"]].map(|name| plain(name.as_str().unwrap()));
        assert!(names.contains(&plain(eu)), "{names:?}");
        assert_eq!(jp_city["name"]["en"], *jp);
        assert_eq!(
            (&eu_city["side"], &eu_city["country_code"]),
            (&json!("eu"), &json!(country))
        );
        assert_eq!(
            (&jp_city["side"], &jp_city["country_code"]),
            (&json!("jp"), &json!("JP"))
        );
        for subject in pairing["subjects"].as_array().unwrap() {
            let name = &included["subjects"][subject.as_str().unwrap()]["name"];
            assert!(
                name["en"].is_string() && name["ja"].is_string(),
                "{subject}"
            );
        }
    }
}

#[tokio::test]
async fn every_city_is_of_its_kind_and_knows_its_names_place_and_time() {
    let app = App::start().await;
    let cities = app.anonymous().all("/v1/cities?limit=5").await;
    assert_eq!(cities.len(), 16);
    for city in &cities {
        let metropolis = city["id"] == "grenoble-alpes-metropole";
        let kind = if metropolis {
            "metropolitan_authority"
        } else {
            "municipality"
        };
        assert_eq!(city["kind"], kind, "{city}");
        assert!(
            city["name"]["en"].is_string() && city["name"]["ja"].is_string(),
            "{city}"
        );
        let (lat, lon) = (
            city["location"]["lat"].as_f64().unwrap(),
            city["location"]["lon"].as_f64().unwrap(),
        );
        if city["side"] == "jp" {
            assert!(
                (30.0..46.0).contains(&lat) && (129.0..146.0).contains(&lon),
                "{city}"
            );
            assert_eq!(city["time_zone"], "Asia/Tokyo");
            assert!(city["codes"]["jis_x0402"].is_string(), "{city}");
        } else {
            assert!(
                (35.0..70.0).contains(&lat) && (-10.0..30.0).contains(&lon),
                "{city}"
            );
            assert!(
                city["time_zone"].as_str().unwrap().starts_with("Europe/"),
                "{city}"
            );
            assert!(city["codes"]["nuts3"].is_string(), "{city}");
        }
    }
}

#[tokio::test]
async fn the_four_exchange_meetings_keep_exactly_the_precision_of_the_report() {
    let app = App::start().await;
    let meetings = app.anonymous().all("/v1/meetings?sort=number").await;
    let facts: Vec<_> = meetings
        .iter()
        .map(|meeting| {
            json!([
                meeting["number"],
                meeting["place"]["name"]["en"],
                meeting["when"],
                meeting["earliest"],
                meeting["latest"],
                meeting["status"]
            ])
        })
        .collect();
    assert_eq!(
        facts,
        [
            json!([
                1,
                "Brussels",
                "2017-11-09",
                "2017-11-09",
                "2017-11-09",
                "held"
            ]),
            json!([2, "Tokyo", "2018-04-23", "2018-04-23", "2018-04-23", "held"]),
            json!([
                3,
                "Brussels",
                "2018-10-11",
                "2018-10-11",
                "2018-10-11",
                "held"
            ]),
            json!([
                4,
                "Tokyo",
                "2019-04/2019-05",
                "2019-04-01",
                "2019-05-31",
                "planned"
            ]),
        ]
    );
    let taking_part: Vec<_> = meetings
        .iter()
        .map(|meeting| meeting["cities"].as_array().unwrap().len())
        .collect();
    assert_eq!(
        taking_part,
        [10, 10, 16, 16],
        "the cities that had joined by then"
    );
    for meeting in &meetings {
        assert_eq!(meeting["kind"], "exchange_meeting");
        assert_eq!(
            (&meeting["place"]["country_code"] == "JP"),
            meeting["place"]["name"]["en"] == "Tokyo"
        );
    }
    let dates = app
        .anonymous()
        .get("/v1/meetings/exchange-meeting-4/dates")
        .await
        .expect(200);
    assert_eq!(dates.items().len(), 1);
    assert_eq!(dates.items()[0]["when"], "2019-04/2019-05");
}

#[tokio::test]
async fn ichinomiyas_visit_to_ioannina_is_recorded_as_far_as_it_is_known() {
    let app = App::start().await;
    let tours = app.anonymous().all("/v1/tours").await;
    assert_eq!(tours.len(), 1);
    let tour = &tours[0];
    for (field, value) in [
        ("pairing", json!("ioannina-ichinomiya")),
        ("visiting_city", json!("ichinomiya")),
        ("host_city", json!("ioannina")),
        ("direction", json!("jp_to_eu")),
        ("when", json!("2018-10-03")),
        ("earliest", json!("2018-10-03")),
        ("latest", json!("2018-10-03")),
        ("status", json!("completed")),
        (
            "delegates",
            json!({"programme_funded": null, "self_funded": null}),
        ),
    ] {
        assert_eq!(tour[field], value, "{field}");
    }
    assert_eq!(
        tour["programme"][0]["title"]["en"],
        "Visit of Ichinomiya City to Ioannina City"
    );
}

#[tokio::test]
async fn the_implementation_guidelines_are_data() {
    let app = App::start().await;
    let programme = app
        .anonymous()
        .get("/v1/programmes/iuc-japan")
        .await
        .expect(200);
    assert_eq!(
        programme.body["guidelines"],
        json!({"programme_funded_delegates": {"min": 3, "max": 4}, "tour_full_days_min": 3,
            "meeting_places": ["Brussels", "Tokyo"]})
    );
    let name = programme.body["name"]["en"].as_str().unwrap();
    assert!(
        name.contains("International Urban Cooperation") && name.contains("City-to-City"),
        "{name}"
    );
}

#[tokio::test]
async fn the_eight_key_questions_stand_in_the_reports_order() {
    let app = App::start().await;
    let questions = app.anonymous().all("/v1/key-questions").await;
    let facts: Vec<_> = questions
        .iter()
        .map(|question| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            (
                text(&question["id"]),
                text(&question["group"]["name"]["en"]),
            )
        })
        .collect();
    let lessons = "Lessons learned from your partner city";
    let expected = [
        ("good-practices", lessons),
        ("innovative-ideas", lessons),
        ("other-lessons", lessons),
        ("suggestions-to-partner", "Suggestions to your partner city"),
        ("city-priorities", "Action plan"),
        ("integrating-new-ideas", "Action plan"),
        ("new-plan-or-revision", "Action plan"),
        (
            "suggestions-to-programme",
            "Suggestions to the city-to-city cooperation",
        ),
    ];
    assert_eq!(
        facts,
        expected.map(|(id, group)| (id.to_owned(), group.to_owned()))
    );
    let texts = questions
        .iter()
        .map(|question| question["text"]["en"].as_str().unwrap());
    let expected = [
        "Good practices",
        "Innovative ideas",
        "Other",
        "Suggestions to your partner city",
        "Priorities of your city",
        "How to integrate new ideas into your action plan",
        "A new plan, or revision of the existing plans",
        "Suggestions to the city-to-city cooperation",
    ];
    for (text, beginning) in texts.zip(expected) {
        assert!(text.starts_with(beginning), "{text}");
    }
}

#[tokio::test]
async fn the_templates_twelve_parts_stand_in_the_reports_order() {
    let app = App::start().await;
    let templates = app.anonymous().all("/v1/templates").await;
    assert_eq!(templates.len(), 1);
    for section in templates[0]["sections"].as_array().unwrap() {
        for language in ["en", "ja"] {
            assert!(section["hint"][language].is_string(), "{section}");
        }
    }
    let facts: Vec<_> = templates[0]["sections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|section| {
            json!([
                section["field"],
                section["section"],
                section["title"]["en"],
                section["required"]
            ])
        })
        .collect();
    assert_eq!(
        facts,
        [
            json!(["title", null, "Title of the Action Plan", true]),
            json!(["proponents", null, "Proponent of the Action Plan", true]),
            json!([
                "sdg_relevance",
                null,
                "Relevance to the Goals and Targets of the SDGs",
                true
            ]),
            json!(["executive_summary", null, "Executive Summary", true]),
            json!(["objectives", 1, "Objectives", true]),
            json!([
                "context",
                2,
                "City context and description of the city's sustainable urban development challenge(s)",
                true
            ]),
            json!([
                "inputs",
                3,
                "Inputs from the city-to-city cooperation",
                true
            ]),
            json!(["activities", 4, "Planned activities", true]),
            json!([
                "implementation",
                5,
                "Implementation strategy: stakeholders, financing, etc.",
                true
            ]),
            json!(["risks", 6, "Risk analysis", true]),
            json!(["follow_up", 7, "Follow-up and evaluation", true]),
            json!(["joint_actions", 8, "Joint actions, if possible", false]),
        ]
    );
}

#[tokio::test]
async fn the_seventeen_goals_have_their_169_targets() {
    let app = App::start().await;
    let goals = app.anonymous().all("/v1/sdgs?limit=4").await;
    let counts: Vec<_> = goals
        .iter()
        .map(|goal| goal["targets"].as_array().unwrap().len())
        .collect();
    assert_eq!(
        counts,
        [7, 8, 13, 10, 9, 8, 5, 12, 8, 10, 10, 11, 5, 10, 12, 12, 19]
    );
    assert_eq!(counts.iter().sum::<usize>(), 169);
    for (index, goal) in goals.iter().enumerate() {
        assert_eq!(goal["number"], index + 1);
        assert!(goal["title"]["en"].is_string() && goal["title"]["ja"].is_string());
    }
    assert_eq!(
        goals[10]["title"]["en"],
        "Sustainable Cities and Communities"
    );
}

#[tokio::test]
async fn the_subjects_are_those_that_the_pairings_name() {
    let app = App::start().await;
    let subjects = app.anonymous().all("/v1/subjects").await;
    assert_eq!(subjects.len(), 14);
    let mut named: Vec<String> = app
        .anonymous()
        .all("/v1/pairings")
        .await
        .iter()
        .flat_map(|pairing| pairing["subjects"].as_array().unwrap().clone())
        .map(|subject| subject.as_str().unwrap().to_owned())
        .collect();
    named.sort();
    named.dedup();
    let mut ids: Vec<_> = subjects
        .iter()
        .map(|subject| subject["id"].as_str().unwrap().to_owned())
        .collect();
    ids.sort();
    assert_eq!(ids, named);
}

#[tokio::test]
async fn loading_has_left_an_event_for_each_thing_and_the_programme_as_their_author() {
    let app = App::start().await;
    let mut things = 0;
    for kind in KINDS {
        let table = kind.path.trim_start_matches("/v1/").replace('-', "_");
        things += app.count(&table).await;
    }
    assert_eq!(app.count("events").await, things);
    assert_eq!(
        app.count("events WHERE action = 'created' AND version = 1 AND by IS NULL")
            .await,
        things
    );
}

async fn load_again(app: &App, folder: &Path) -> Result<Report, String> {
    let mut conn = Connection::establish(&app.database_url).await.unwrap();
    load(&mut conn, iuc::openapi::contract().unwrap(), folder)
        .await
        .map_err(|error| error.to_string())
}

/// A copy of the programme's files in which one file is another.
fn copy(file: &str, change: impl FnOnce(&mut Value)) -> PathBuf {
    let folder = copies().join(iuc::resource::new_uuid().to_string());
    fs::create_dir_all(&folder).unwrap();
    for entry in fs::read_dir(data()).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
    }
    let path = folder.join(file);
    let mut value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut value);
    fs::write(&path, value.to_string()).unwrap();
    folder
}

#[tokio::test]
async fn loading_again_changes_nothing() {
    let app = App::start().await;
    let (events, before) = (app.events().await, versions(&app).await);
    let report = load_again(&app, &data()).await.unwrap();
    let expected = Report {
        unchanged: usize::try_from(events).unwrap(),
        ..Report::default()
    };
    assert_eq!(report, expected);
    assert_eq!(app.events().await, events);
    assert_eq!(versions(&app).await, before);
}

/// Id, version and time of change of everything.
async fn versions(app: &App) -> Vec<Vec<Option<String>>> {
    let of = |table: &str, id: &str| {
        format!("SELECT '{table}', {id}::text AS id, version, updated_at FROM {table}")
    };
    let tables = [
        "programmes",
        "cities",
        "subjects",
        "pairings",
        "meetings",
        "tours",
        "key_questions",
        "templates",
    ];
    let mut parts: Vec<_> = tables.iter().map(|table| of(table, "id")).collect();
    parts.push(of("sdgs", "number"));
    app.rows(&format!("{} ORDER BY 1, 2", parts.join(" UNION ALL ")))
        .await
}

#[tokio::test]
async fn loading_brings_what_the_files_say_differently() {
    let app = App::start().await;
    let folder = copy("cities.json", |cities| {
        cities[0]["population"] = json!({"value": 753_056, "year": 2018})
    });
    let report = load_again(&app, &folder).await.unwrap();
    assert_eq!((report.created, report.updated, report.kept), (0, 1, 0));
    let city = app.anonymous().get("/v1/cities/frankfurt").await;
    assert_eq!(city.body["population"]["value"], 753_056);
    assert_eq!(city.body["version"], 2);
}

#[tokio::test]
async fn a_bad_file_names_file_item_and_field_and_loads_nothing() {
    let app = App::start().await;
    let (events, before) = (app.events().await, versions(&app).await);
    let folder = copy("meetings.json", |meetings| {
        meetings[1]["when"] = json!("2018-02-30");
        meetings[1]["cities"][0] = json!("atlantis");
        meetings[1]["title"] = json!({});
    });
    fs::write(
        folder.join("cities.json"),
        fs::read_to_string(folder.join("cities.json"))
            .unwrap()
            .replace("Frankfurt am Main", "Frankfurt"),
    )
    .unwrap();
    let told = load_again(&app, &folder).await.unwrap_err();
    for part in ["meetings.json", "item 2", "/when", "/title"] {
        assert!(told.contains(part), "{part} is missing in: {told}");
    }
    assert_eq!(app.events().await, events);
    assert_eq!(versions(&app).await, before);

    let folder = copy("pairings.json", |pairings| {
        pairings[7]["eu_cities"] = json!(["toyota"])
    });
    let told = load_again(&app, &folder).await.unwrap_err();
    for part in ["pairings.json", "item 8", "/eu_cities/0"] {
        assert!(told.contains(part), "{part} is missing in: {told}");
    }

    let folder = copy("tours.json", |_| {});
    fs::write(folder.join("tours.json"), "[{").unwrap();
    let told = load_again(&app, &folder).await.unwrap_err();
    assert!(told.contains("tours.json"), "{told}");

    fs::remove_file(folder.join("sdgs.json")).unwrap();
    let told = load_again(&app, &folder).await.unwrap_err();
    assert!(told.contains("sdgs.json"), "{told}");
    assert_eq!(app.events().await, events);
}

#[tokio::test]
async fn an_admins_edit_survives_loading_again() {
    let app = App::start().await;
    let admin = app.admin().await;
    admin
        .patch(
            "/v1/cities/umea",
            "*",
            json!({"website": "https://umea.example/"}),
        )
        .await
        .expect(200);
    let tour = app.anonymous().get("/v1/tours").await.ids()[0].clone();
    admin
        .patch(
            &format!("/v1/tours/{tour}"),
            "*",
            json!({"when": "2018-10-03/2018-10-05"}),
        )
        .await
        .expect(200);
    let folder = copy("cities.json", |cities| {
        for city in cities.as_array_mut().unwrap() {
            city["website"] = json!("https://loaded.example/");
        }
    });
    let report = load_again(&app, &folder).await.unwrap();
    assert_eq!((report.created, report.updated), (0, 15));
    let city = app.anonymous().get("/v1/cities/umea").await;
    assert_eq!(city.body["website"], "https://umea.example/");
    let tours = app.anonymous().all("/v1/tours").await;
    assert_eq!(
        tours.len(),
        1,
        "the edited tour is not loaded a second time"
    );
    assert_eq!(tours[0]["when"], "2018-10-03/2018-10-05");
}

#[tokio::test]
async fn what_an_admin_has_deleted_stays_deleted_when_data_is_loaded_again() {
    let app = App::start().await;
    let admin = app.admin().await;
    for path in ["/v1/key-questions/other-lessons", "/v1/sdgs/17"] {
        admin.delete(path, "*").await.expect(204);
    }
    let tour = app.anonymous().get("/v1/tours").await.ids()[0].clone();
    admin
        .delete(&format!("/v1/tours/{tour}"), "*")
        .await
        .expect(204);
    let report = load_again(&app, &data()).await.unwrap();
    assert_eq!((report.created, report.updated), (0, 0));
    for path in [
        "/v1/key-questions/other-lessons",
        "/v1/sdgs/17",
        &format!("/v1/tours/{tour}"),
    ] {
        app.anonymous().get(path).await.problem("not_found");
    }
}
