//! What the change feed tells each caller: what comes into sight, what is lost from it, and nothing of what is hidden.

use std::collections::HashMap;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::kinds::{contribution, knowledge};
use crate::support::mirror::{Mirror, Things, everything_of, plans_of};
use crate::support::plans::{cast, complete_plan, make, to};
use crate::support::{App, Client, seeds, times};

/// Somebody who reads on, and how what was told is written: `created 3`.
struct Listener {
    who: &'static str,
    client: Client,
    after: String,
}

impl Listener {
    async fn of(who: &'static str, client: Client) -> Self {
        let page = client.get("/v1/changes?limit=1000").await.expect(200);
        let after = page.cursor();
        Self { who, client, after }
    }

    /// What is told of things of this type since the last time.
    async fn hears(&mut self, kind: &str) -> Vec<String> {
        let path = format!("/v1/changes?limit=1000&after={}", self.after);
        let page = self.client.get(&path).await.expect(200);
        self.after = page.cursor();
        let of_kind = page.items().into_iter().filter(|it| it["type"] == kind);
        of_kind
            .map(|it| format!("{} {}", it["action"].as_str().unwrap(), it["version"]))
            .collect()
    }
}

/// Demands that each listener hears this; the texts are joined by commas.
async fn hear(listeners: &mut [Listener], kind: &str, moment: &str, expected: &[&str]) {
    for (listener, expected) in listeners.iter_mut().zip(expected) {
        let heard = listener.hears(kind).await.join(", ");
        assert_eq!(heard, *expected, "{moment}: {kind}, {}", listener.who);
    }
}

async fn everybody(
    app: &App,
    admin: &Client,
    frankfurt: &Client,
    yokohama: &Client,
) -> Vec<Listener> {
    vec![
        Listener::of("admin", admin.clone()).await,
        Listener::of("frankfurt", frankfurt.clone()).await,
        Listener::of("yokohama", yokohama.clone()).await,
        Listener::of("essen", app.city_user("essen").await).await,
        Listener::of("toyota", app.city_user("toyota").await).await,
        Listener::of("anonymous", app.anonymous()).await,
    ]
}

async fn pair(admin: &Client, eu_cities: &[&str]) {
    let cities = json!({"eu_cities": eu_cities});
    let path = "/v1/pairings/frankfurt-yokohama";
    admin.patch(path, "*", cities).await.expect(200);
}

#[tokio::test]
async fn each_reader_hears_of_the_versions_of_a_plan_that_they_see() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let mut all = everybody(&app, &admin, &frankfurt, &yokohama).await;
    let path = make(&frankfurt, complete_plan(&["frankfurt"])).await;
    let own = "created 1";
    hear(
        &mut all,
        "action_plan",
        "draft",
        &[own, own, "", "", "", ""],
    )
    .await;
    to(&frankfurt, &path, "submitted").await.expect(200);
    let (own, new) = ("updated 2", "created 2");
    hear(
        &mut all,
        "action_plan",
        "submitted",
        &[own, own, new, "", "", ""],
    )
    .await;
    pair(&admin, &["frankfurt", "essen"]).await;
    hear(
        &mut all,
        "action_plan",
        "paired",
        &["", "", "", "created 2", "", ""],
    )
    .await;
    pair(&admin, &["frankfurt"]).await;
    hear(
        &mut all,
        "action_plan",
        "parted",
        &["", "", "", "deleted 3", "", ""],
    )
    .await;
    pair(&admin, &["frankfurt", "essen"]).await;
    hear(
        &mut all,
        "action_plan",
        "paired again",
        &["", "", "", "created 2", "", ""],
    )
    .await;
    to(&admin, &path, "returned").await.expect(200);
    let (own, gone) = ("updated 3", "deleted 3");
    hear(
        &mut all,
        "action_plan",
        "returned",
        &[own, own, gone, gone, "", ""],
    )
    .await;
    to(&frankfurt, &path, "submitted").await.expect(200);
    to(&admin, &path, "approved").await.expect(200);
    let (own, shared) = ("updated 4, updated 5", "created 4, updated 5");
    hear(
        &mut all,
        "action_plan",
        "approved",
        &[own, own, shared, shared, "created 5", "created 5"],
    )
    .await;
    frankfurt
        .patch(&path, "*", json!({"context": {"en": "Three rivers."}}))
        .await
        .expect(200);
    hear(
        &mut all,
        "action_plan",
        "edited",
        &["updated 6", "updated 6", "", "", "", ""],
    )
    .await;
    to(&frankfurt, &path, "submitted").await.expect(200);
    let own = "updated 7";
    hear(
        &mut all,
        "action_plan",
        "submitted again",
        &[own, own, own, own, "", ""],
    )
    .await;
    to(&admin, &path, "returned").await.expect(200);
    let (own, older) = ("updated 8", "deleted 8, created 5");
    hear(
        &mut all,
        "action_plan",
        "returned again",
        &[own, own, older, older, "", ""],
    )
    .await;
    to(&frankfurt, &path, "withdrawn").await.expect(200);
    let (own, gone) = ("updated 9", "deleted 6");
    hear(
        &mut all,
        "action_plan",
        "withdrawn",
        &[own, own, gone, gone, gone, gone],
    )
    .await;
    frankfurt.delete(&path, "*").await.expect(204);
    hear(
        &mut all,
        "action_plan",
        "deleted",
        &["deleted 10", "deleted 10", "", "", "", ""],
    )
    .await;
}

#[tokio::test]
async fn nothing_of_a_hidden_change_shows_to_whom_it_is_hidden() {
    let (app, frankfurt, _, admin) = cast().await;
    let path = make(&frankfurt, complete_plan(&["frankfurt"])).await;
    to(&frankfurt, &path, "submitted").await.expect(200);
    to(&admin, &path, "approved").await.expect(200);
    let strangers = [app.city_user("toyota").await, app.anonymous()];
    for stranger in &strangers {
        let page = stranger
            .get("/v1/changes?type=action_plan")
            .await
            .expect(200);
        assert_eq!(page.items().len(), 1, "{page}");
        assert_eq!(page.items()[0]["by"], Value::Null);
        assert_eq!(page.items()[0]["city"], "frankfurt");
    }
    // A second proponent of the working copy is nobody's business yet.
    let both = json!({"proponents": ["frankfurt", "yokohama"]});
    frankfurt.patch(&path, "*", both).await.expect(200);
    for stranger in &strangers {
        for query in [
            "type=action_plan",
            "city=yokohama&type=action_plan",
            "city=frankfurt&type=action_plan",
        ] {
            let page = stranger
                .get(&format!("/v1/changes?{query}"))
                .await
                .expect(200);
            let there = usize::from(!query.contains("yokohama"));
            assert_eq!(page.items().len(), there, "{query}: {page}");
        }
    }
    to(&frankfurt, &path, "withdrawn").await.expect(200);
    for stranger in &strangers {
        let page = stranger
            .get("/v1/changes?type=action_plan")
            .await
            .expect(200);
        let gone = &page.items()[1];
        assert_eq!(
            (&gone["action"], &gone["version"], &gone["cities"]),
            (&json!("deleted"), &json!(4), &json!(["frankfurt"]))
        );
    }
    let own = frankfurt
        .get("/v1/changes?type=action_plan")
        .await
        .expect(200);
    let by = |change: &Value| change["by"].is_string();
    assert!(
        own.items().len() == 5 && own.items().iter().all(by),
        "{own}"
    );
}

#[tokio::test]
async fn a_contribution_comes_and_goes_with_whom_it_is_shared() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let mut all = everybody(&app, &admin, &frankfurt, &yokohama).await;
    let made = frankfurt
        .post(
            "/v1/contributions",
            contribution("frankfurt", "city-priorities", "partner"),
        )
        .await
        .expect(201);
    let path = format!("/v1/contributions/{}", made.id());
    let share = async |with: &str| {
        frankfurt
            .patch(&path, "*", json!({"visibility": with}))
            .await
            .expect(200);
    };
    let new = "created 1";
    hear(
        &mut all,
        "contribution",
        "made",
        &[new, new, new, "", "", ""],
    )
    .await;
    pair(&admin, &["frankfurt", "essen"]).await;
    hear(
        &mut all,
        "contribution",
        "paired",
        &["", "", "", new, "", ""],
    )
    .await;
    pair(&admin, &["frankfurt"]).await;
    hear(
        &mut all,
        "contribution",
        "parted",
        &["", "", "", "deleted 2", "", ""],
    )
    .await;
    share("participants").await;
    let (old, new) = ("updated 2", "created 2");
    hear(
        &mut all,
        "contribution",
        "shared",
        &[old, old, old, new, new, ""],
    )
    .await;
    let meeting = admin.get("/v1/meetings/exchange-meeting-3").await.body["cities"].clone();
    let mut fewer = meeting.clone();
    fewer
        .as_array_mut()
        .unwrap()
        .retain(|city| city != "toyota");
    admin
        .patch(
            "/v1/meetings/exchange-meeting-3",
            "*",
            json!({"cities": fewer}),
        )
        .await
        .expect(200);
    hear(
        &mut all,
        "contribution",
        "not invited",
        &["", "", "", "", "deleted 3", ""],
    )
    .await;
    admin
        .patch(
            "/v1/meetings/exchange-meeting-3",
            "*",
            json!({"cities": meeting}),
        )
        .await
        .expect(200);
    hear(
        &mut all,
        "contribution",
        "invited",
        &["", "", "", "", "created 2", ""],
    )
    .await;
    share("public").await;
    let old = "updated 3";
    hear(
        &mut all,
        "contribution",
        "public",
        &[old, old, old, old, old, "created 3"],
    )
    .await;
    share("partner").await;
    let (old, gone) = ("updated 4", "deleted 4");
    hear(
        &mut all,
        "contribution",
        "partners alone",
        &[old, old, old, gone, gone, gone],
    )
    .await;
    frankfurt.delete(&path, "*").await.expect(204);
    let gone = "deleted 5";
    hear(
        &mut all,
        "contribution",
        "removed",
        &[gone, gone, gone, "", "", ""],
    )
    .await;
}

/// A knowledge item of no pairing.
fn item(cities: &[&str]) -> Value {
    let mut item = knowledge(cities);
    item["pairing"] = Value::Null;
    item
}

#[tokio::test]
async fn a_knowledge_item_is_its_cities_until_it_is_published() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let mut all = everybody(&app, &admin, &frankfurt, &yokohama).await;
    let made = frankfurt
        .post("/v1/knowledge", item(&["frankfurt"]))
        .await
        .expect(201);
    let path = format!("/v1/knowledge/{}", made.id());
    let change = async |body: Value| {
        admin.patch(&path, "*", body).await.expect(200);
    };
    let new = "created 1";
    hear(
        &mut all,
        "knowledge_item",
        "draft",
        &[new, new, "", "", "", ""],
    )
    .await;
    change(json!({"cities": ["frankfurt", "essen"]})).await;
    let own = "updated 2";
    hear(
        &mut all,
        "knowledge_item",
        "shared",
        &[own, own, "", "created 2", "", ""],
    )
    .await;
    change(json!({"status": "published"})).await;
    let (own, new) = ("updated 3", "created 3");
    hear(
        &mut all,
        "knowledge_item",
        "published",
        &[own, own, new, own, new, new],
    )
    .await;
    change(json!({"status": "draft"})).await;
    let (own, gone) = ("updated 4", "deleted 4");
    hear(
        &mut all,
        "knowledge_item",
        "taken back",
        &[own, own, gone, own, gone, gone],
    )
    .await;
    admin.delete(&path, "*").await.expect(204);
    let gone = "deleted 5";
    hear(
        &mut all,
        "knowledge_item",
        "removed",
        &[gone, gone, "", gone, "", ""],
    )
    .await;
}

#[tokio::test]
async fn what_stands_beside_a_plan_comes_and_goes_with_it() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let mut all = everybody(&app, &admin, &frankfurt, &yokohama).await;
    let path = make(&frankfurt, complete_plan(&["frankfurt"])).await;
    let comment = json!({"pointer": "/objectives", "text": {"en": "Why?"}});
    frankfurt
        .post(&format!("{path}/comments"), comment)
        .await
        .expect(201);
    let measurement = json!({"value": 3, "on": "2019-03-01"});
    frankfurt
        .post(
            &format!("{path}/indicators/bridges/measurements"),
            measurement,
        )
        .await
        .expect(201);
    let (new, gone) = ("created 1", "deleted 2");
    for kind in ["comment", "measurement"] {
        let mut fresh = everybody(&app, &admin, &frankfurt, &yokohama).await;
        hear(&mut fresh, kind, "heard before", &["", "", "", "", "", ""]).await;
    }
    let mut others = everybody(&app, &admin, &frankfurt, &yokohama).await;
    hear(&mut all, "comment", "draft", &[new, new, "", "", "", ""]).await;
    to(&frankfurt, &path, "submitted").await.expect(200);
    hear(&mut all, "comment", "submitted", &["", "", new, "", "", ""]).await;
    hear(
        &mut others,
        "measurement",
        "submitted",
        &["", "", new, "", "", ""],
    )
    .await;
    to(&admin, &path, "approved").await.expect(200);
    hear(&mut all, "comment", "approved", &["", "", gone, "", "", ""]).await;
    hear(
        &mut others,
        "measurement",
        "approved",
        &["", "", "", new, new, new],
    )
    .await;
    frankfurt
        .patch(
            &path,
            "*",
            json!({"follow_up": {"text": {"en": "Never."}, "indicators": []}}),
        )
        .await
        .problem("indicator_measured");
    frankfurt.delete(&path, "*").await.expect(204);
    hear(
        &mut all,
        "comment",
        "removed",
        &[gone, gone, "", "", "", ""],
    )
    .await;
    hear(
        &mut others,
        "measurement",
        "removed",
        &[gone, gone, gone, gone, gone, gone],
    )
    .await;
}

#[tokio::test]
async fn what_is_said_of_a_source_is_told_to_nobody_from_whom_lists_hide_it() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let mut plan = complete_plan(&["frankfurt"]);
    plan["inputs"]["sources"] = json!([{"type": "meeting", "id": "exchange-meeting-1"}]);
    let path = make(&frankfurt, plan).await;
    let comments = format!("{path}/comments");
    let mut all = everybody(&app, &admin, &frankfurt, &yokohama).await;
    to(&frankfurt, &path, "submitted").await.expect(200);
    let comment = json!({"pointer": "/inputs/sources/0", "text": {"en": "Which one?"}});
    frankfurt.post(&comments, comment).await.expect(201);
    let new = "created 1";
    hear(&mut all, "comment", "made", &[new, new, "", "", "", ""]).await;
    assert!(yokohama.get(&comments).await.expect(200).items().is_empty());
    to(&admin, &path, "approved").await.expect(200);
    hear(&mut all, "comment", "approved", &["", "", "", "", "", ""]).await;
}

#[tokio::test]
async fn the_people_of_a_tour_are_told_to_its_two_cities_and_admins_alone() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let mut all = everybody(&app, &admin, &frankfurt, &yokohama).await;
    let tour = json!({"pairing": "frankfurt-yokohama", "visiting_city": "frankfurt", "host_city": "yokohama", "when": "2019-05", "status": "planned"});
    let made = frankfurt.post("/v1/tours", tour).await.expect(201);
    let path = format!("/v1/tours/{}", made.id());
    let person =
        json!({"name": "Åsa Ek", "organisation": null, "position": null, "funding": "own"});
    let delegate = frankfurt
        .post(&format!("{path}/delegates"), person)
        .await
        .expect(201);
    let new = "created 1";
    hear(&mut all, "delegate", "named", &[new, new, new, "", "", ""]).await;
    let mut others = everybody(&app, &admin, &frankfurt, &yokohama).await;
    admin
        .post(
            &format!("{path}/waivers"),
            json!({"check": "tour_full_days_min", "reason": "Agreed."}),
        )
        .await
        .expect(201);
    frankfurt
        .delete(&format!("{path}/delegates/{}", delegate.id()), "*")
        .await
        .expect(204);
    let gone = "deleted 2";
    hear(
        &mut all,
        "delegate",
        "not coming",
        &[gone, gone, gone, "", "", ""],
    )
    .await;
    hear(&mut others, "waiver", "waived", &[new; 6]).await;
    let page = app
        .anonymous()
        .get("/v1/changes?type=waiver")
        .await
        .expect(200);
    assert_eq!(
        page.items()[0]["url"],
        format!("{}{path}/waivers/tour_full_days_min", app.url)
    );
    frankfurt.delete(&path, "*").await.expect(204);
    hear(&mut others, "waiver", "gone with its tour", &[gone; 6]).await;
}

/// A row of numbers that looks random (Marsaglia's xorshift64*), and is the same each time.
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(drawn).unwrap() % limit
    }

    pub fn one<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// Who may write something together.
const PARTNERS: [&[&str]; 3] = [&["frankfurt"], &["yokohama"], &["frankfurt", "yokohama"]];

/// One thing that somebody may or may not be allowed to do just now.
async fn act(dice: &mut Dice, client: &Client, admin: &Client) {
    let plans = client
        .get("/v1/action-plans?limit=200")
        .await
        .expect(200)
        .ids();
    let plan = match plans.is_empty() {
        true => String::new(),
        false => format!("/v1/action-plans/{}", dice.one(&plans)),
    };
    let contributions = client
        .get("/v1/contributions?limit=200")
        .await
        .expect(200)
        .ids();
    let contribution_path = match contributions.is_empty() {
        true => "/v1/contributions/none".to_owned(),
        false => format!("/v1/contributions/{}", dice.one(&contributions)),
    };
    let city = *dice.one(&["frankfurt", "yokohama", "essen"]);
    let reply = match dice.below(19) {
        0 | 1 => {
            let proponents = PARTNERS[dice.below(3)];
            client
                .post("/v1/action-plans", complete_plan(proponents))
                .await
        }
        2 => {
            let proponents = dice
                .one(&[
                    json!(["frankfurt"]),
                    json!(["yokohama"]),
                    json!(["frankfurt", "yokohama"]),
                ])
                .clone();
            client
                .patch(&plan, "*", json!({"proponents": proponents}))
                .await
        }
        3 => {
            client
                .patch(
                    &plan,
                    "*",
                    json!({"context": {"en": format!("{} rivers.", dice.below(100))}}),
                )
                .await
        }
        4 => {
            client
                .patch(
                    &plan,
                    "*",
                    json!({"follow_up": {"text": {"en": "Never."}, "indicators": []}}),
                )
                .await
        }
        5..=8 => {
            let status = *dice.one(&[
                "submitted",
                "submitted",
                "approved",
                "approved",
                "returned",
                "withdrawn",
                "draft",
            ]);
            let by = if dice.below(2) == 0 { admin } else { client };
            by.post(
                &format!("{plan}/transitions"),
                json!({"to": status, "comment": "So."}),
            )
            .await
        }
        9 if dice.below(2) == 0 => client.delete(&plan, "*").await,
        9 => client.delete(&format!("{plan}?dryrun=true"), "*").await,
        10 => {
            let question = *dice.one(&["city-priorities", "good-practices"]);
            let shared = *dice.one(&["partner", "participants", "public"]);
            client
                .post("/v1/contributions", contribution(city, question, shared))
                .await
        }
        11 => {
            let shared = *dice.one(&["partner", "participants", "public"]);
            client
                .patch(&contribution_path, "*", json!({"visibility": shared}))
                .await
        }
        12 => client.delete(&contribution_path, "*").await,
        13 => {
            let cities = dice
                .one(&[json!(["frankfurt"]), json!(["frankfurt", "essen"])])
                .clone();
            admin
                .patch(
                    "/v1/pairings/frankfurt-yokohama",
                    "*",
                    json!({"eu_cities": cities}),
                )
                .await
        }
        14 => {
            let mut cities =
                admin.get("/v1/meetings/exchange-meeting-3").await.body["cities"].clone();
            let cities = cities.as_array_mut().unwrap();
            if cities.contains(&json!("toyota")) {
                cities.retain(|city| city != "toyota");
            } else {
                cities.push(json!("toyota"));
            }
            admin
                .patch(
                    "/v1/meetings/exchange-meeting-3",
                    "*",
                    json!({"cities": cities}),
                )
                .await
        }
        15 => {
            let list = format!("{plan}/comments");
            let said = client.get(&format!("{list}?limit=200")).await;
            let said = match said.status {
                200 => said.ids(),
                _ => Vec::new(),
            };
            let mut comment = json!({"pointer": "", "text": {"en": "Why?"}});
            match (dice.below(4), said.is_empty()) {
                (0, false) => {
                    let one = format!("{list}/{}", dice.one(&said));
                    client.delete(&one, "*").await
                }
                (1 | 2, false) => {
                    comment["reply_to"] = json!(dice.one(&said));
                    client.post(&list, comment).await
                }
                _ => client.post(&list, comment).await,
            }
        }
        16 => {
            let cities = PARTNERS[dice.below(3)];
            client.post("/v1/knowledge", item(cities)).await
        }
        17 => {
            let items = client.get("/v1/knowledge").await.expect(200).ids();
            let id = items.first().map_or("none", String::as_str);
            let change = dice
                .one(&[
                    json!({"status": "published"}),
                    json!({"status": "draft"}),
                    json!({"cities": ["yokohama"]}),
                ])
                .clone();
            client
                .patch(&format!("/v1/knowledge/{id}"), "*", change)
                .await
        }
        _ => {
            let body = json!({"value": dice.below(9), "on": "2019-03-01"});
            client
                .post(&format!("{plan}/indicators/bridges/measurements"), body)
                .await
        }
    };
    assert!(reply.status < 500, "{reply}");
}

#[tokio::test]
async fn a_thread_stays_with_the_city_that_has_spoken_in_it() {
    let (app, frankfurt, yokohama, admin) = cast().await;
    let mut all = everybody(&app, &admin, &frankfurt, &yokohama).await;
    let path = make(&frankfurt, complete_plan(&["frankfurt"])).await;
    let list = format!("{path}/comments");
    let comment = json!({"pointer": "/objectives", "text": {"en": "Why?"}});
    let first = frankfurt.post(&list, comment).await.expect(201);
    to(&frankfurt, &path, "submitted").await.expect(200);
    let reply = json!({"text": {"en": "Yes."}, "reply_to": first.id()});
    let reply = yokohama.post(&list, reply).await.expect(201);
    let new = "created 1";
    let both = "created 1, created 1";
    hear(&mut all, "comment", "said", &[both, both, both, "", "", ""]).await;
    to(&admin, &path, "returned").await.expect(200);
    hear(&mut all, "comment", "returned", &["", "", "", "", "", ""]).await;
    let later = json!({"text": {"en": "So."}, "reply_to": first.id()});
    let later = frankfurt.post(&list, later).await.expect(201);
    hear(&mut all, "comment", "later", &[new, new, new, "", "", ""]).await;
    // What it said last, taken back, takes the rest along.
    let reply = format!("{list}/{}", reply.id());
    yokohama.delete(&reply, "*").await.expect(204);
    let (gone, rest) = ("deleted 2", "deleted 2, deleted 2, deleted 2");
    hear(
        &mut all,
        "comment",
        "taken back",
        &[gone, gone, rest, "", "", ""],
    )
    .await;
    frankfurt
        .delete(&format!("{list}/{}", later.id()), "*")
        .await
        .expect(204);
    hear(
        &mut all,
        "comment",
        "removed",
        &[gone, gone, "", "", "", ""],
    )
    .await;
}

#[tokio::test]
async fn whatever_several_clients_do_every_copy_comes_to_equal_what_the_service_has_for_its_reader()
{
    for seed in seeds(3) {
        let (app, frankfurt, yokohama, admin) = cast().await;
        let (essen, toyota) = (app.city_user("essen").await, app.city_user("toyota").await);
        let readers = [
            ("admin", &admin),
            ("frankfurt", &frankfurt),
            ("yokohama", &yokohama),
            ("essen", &essen),
            ("toyota", &toyota),
        ];
        let anonymous = app.anonymous();
        let mut copies: Vec<(&str, Mirror)> = Vec::new();
        for (number, (who, client)) in readers
            .into_iter()
            .chain([("anonymous", &anonymous)])
            .enumerate()
        {
            copies.push((who, Mirror::of(client, [1, 7, 500][number % 3])));
            copies.push((who, Mirror::exported(client, 7).await));
        }
        for round in 0..times(2, 3) {
            let actors = [&frankfurt, &yokohama, &admin, &frankfurt]
                .into_iter()
                .enumerate();
            join_all(actors.map(|(number, actor)| {
                let mut dice = Dice(seed * 1_000_003 + round * 101 + number as u64 + 1);
                let admin = &admin;
                async move {
                    for _ in 0..14 {
                        act(&mut dice, actor, admin).await;
                    }
                }
            }))
            .await;
            let mut there: HashMap<&str, Things> = HashMap::new();
            let plans = plans_of(&everything_of(&admin, Vec::new()).await);
            for (who, client) in readers.into_iter().chain([("anonymous", &anonymous)]) {
                there.insert(who, everything_of(client, plans.clone()).await);
            }
            for (who, copy) in &mut copies {
                copy.follow().await;
                copy.equals(&there[*who], &format!("{who}, seed {seed}, round {round}"));
            }
            copies.push(("anonymous", Mirror::exported(&anonymous, 500).await));
        }
        let admins = copies.first().unwrap();
        assert!(admins.1.count("action_plan") + admins.1.count("contribution") > 0);
    }
}
