//! A copy that is kept in step by the change feed, as a city's own system would keep it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Client;
use super::client::id_of;

/// The lists that the feed keeps in step, by the type of their things.
pub const LISTS: &[(&str, &str)] = &[
    ("programme", "/v1/programmes"),
    ("city", "/v1/cities"),
    ("subject", "/v1/subjects"),
    ("pairing", "/v1/pairings"),
    ("meeting", "/v1/meetings"),
    ("tour", "/v1/tours"),
    ("key_question", "/v1/key-questions"),
    ("contribution", "/v1/contributions"),
    ("knowledge_item", "/v1/knowledge"),
    ("template", "/v1/templates"),
    ("sdg", "/v1/sdgs"),
    ("action_plan", "/v1/action-plans"),
];

/// The parts that things have: of what, which, and their path below it.
const PARTS: &[(&str, &str, &str)] = &[
    ("action_plan", "comment", "comments"),
    (
        "action_plan",
        "measurement",
        "indicators/bridges/measurements",
    ),
    ("tour", "delegate", "delegates"),
    ("contribution", "decline", "declines"),
];

/// What a reader knows: the version of each thing by its type and id, and where it is read.
pub type Things = BTreeMap<(String, String), (i64, String)>;

/// A copy of all that one caller sees.
pub struct Mirror {
    client: Client,
    things: Things,
    cursor: Option<String>,
    limit: usize,
    /// Whether it begins with an export, which the first changes may repeat.
    overlaps: bool,
}

impl Mirror {
    /// A copy that begins with nothing, at the beginning of the feed.
    pub fn of(client: &Client, limit: usize) -> Self {
        Self {
            client: client.clone(),
            things: Things::new(),
            cursor: None,
            limit,
            overlaps: false,
        }
    }

    /// A copy that begins with the exports, and goes on from the cursor of the first.
    pub async fn exported(client: &Client, limit: usize) -> Self {
        let (things, cursor) = everything(client).await;
        Self {
            things,
            cursor: Some(cursor),
            overlaps: true,
            ..Self::of(client, limit)
        }
    }

    /// Takes in what has changed, page by page; answers how many changes there were.
    pub async fn follow(&mut self) -> usize {
        let mut number = 0;
        loop {
            let limit = self.limit;
            let after = self.cursor.as_ref();
            let after = after.map_or(String::new(), |cursor| format!("&after={cursor}"));
            let path = format!("/v1/changes?limit={limit}{after}");
            let page = self.client.get(&path).await.expect(200);
            assert!(page.items().len() <= limit, "{page}");
            for change in page.items() {
                self.take_in(&change);
                number += 1;
            }
            self.cursor = Some(page.cursor());
            if page.body["next"].is_null() {
                return number;
            }
        }
    }

    fn take_in(&mut self, change: &Value) {
        let text = |name: &str| change[name].as_str().unwrap().to_owned();
        let key = (text("type"), text("id"));
        let version = change["version"].as_i64().unwrap();
        let had = self.things.get(&key).map(|(version, _)| *version);
        let fits = match change["action"].as_str().unwrap() {
            "created" => had.is_none(),
            "updated" => had.is_some_and(|had| had < version),
            _ => had.is_some_and(|had| had < version),
        };
        assert!(fits || self.overlaps, "had {had:?} before {change}");
        if change["action"] == "deleted" {
            self.things.remove(&key);
        } else {
            self.things.insert(key, (version, text("url")));
        }
    }

    /// Demands that it is what the service has for its reader.
    pub async fn equals_service(&self, who: &str) {
        let comments = of_type(&self.things, "comment");
        let plans = comments
            .iter()
            .filter_map(|url| url.split("/comments/").next());
        let there = everything_of(&self.client, plans.map(str::to_owned).collect()).await;
        self.equals(&there, who);
    }

    /// Demands that it holds exactly this.
    pub fn equals(&self, there: &Things, who: &str) {
        let mut known = self.things.clone();
        known.retain(|(kind, _), _| kind != "waiver");
        assert_eq!(known, *there, "{who}");
    }

    /// The version of each thing of these types that it holds, by its type and id.
    pub fn versions(&self, types: &[&str]) -> BTreeMap<(String, String), i64> {
        let things = self.things.iter();
        let of_types = things.filter(|((name, _), _)| types.contains(&name.as_str()));
        of_types
            .map(|(key, (version, _))| (key.clone(), *version))
            .collect()
    }

    /// How many things of a type it holds.
    pub fn count(&self, kind: &str) -> usize {
        of_type(&self.things, kind).len()
    }
}

/// The URLs of the things of a type.
fn of_type(things: &Things, kind: &str) -> Vec<String> {
    let of_kind = things.iter().filter(|((name, _), _)| name == kind);
    of_kind.map(|(_, (_, url))| url.clone()).collect()
}

/// Everything that a client exports, with what stands below it, and the cursor of the first export.
pub async fn everything(client: &Client) -> (Things, String) {
    let (mut things, mut first) = (Things::new(), None);
    for (kind, path) in LISTS {
        let export = client
            .get(&format!("{path}?format=ndjson"))
            .await
            .expect(200);
        first.get_or_insert(export.cursor());
        note(
            &mut things,
            kind,
            &format!("{}{path}", export.url),
            &export.exported(),
        );
    }
    for (of, kind, below) in PARTS {
        for url in of_type(&things, of) {
            let path = format!("{url}/{below}");
            let list = client.get(&format!("{path}?limit=200")).await;
            // One that is hidden has none.
            if list.status == 200 {
                note(&mut things, kind, &path, &list.items());
            }
        }
    }
    (things, first.unwrap())
}

/// Everything that a client exports, and what it reads below these plans, which it may not see themselves: threads in
/// which it has spoken.
pub async fn everything_of(client: &Client, plans: Vec<String>) -> Things {
    let (mut things, _) = everything(client).await;
    for url in plans {
        let path = format!("{url}/comments");
        let list = client.get(&format!("{path}?limit=200")).await;
        if list.status == 200 {
            note(&mut things, "comment", &path, &list.items());
        }
    }
    things
}

/// The plans among these things, by their URLs.
pub fn plans_of(things: &Things) -> Vec<String> {
    of_type(things, "action_plan")
}

fn note(things: &mut Things, kind: &str, path: &str, items: &[Value]) {
    for item in items {
        // A decline is known by its lesson and its plan.
        let (id, own) = match (&item["contribution"], &item["plan"]) {
            (Value::String(lesson), Value::String(plan)) => {
                (format!("{lesson}/{plan}"), plan.clone())
            }
            _ => (id_of(item), id_of(item)),
        };
        let (key, url) = ((kind.to_owned(), id), format!("{path}/{own}"));
        // Measurements have no version: they never change.
        things.insert(key, (item["version"].as_i64().unwrap_or(1), url));
    }
}
