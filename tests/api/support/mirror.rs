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
];

/// What is read one by one, too.
const WRITTEN: &[&str] = &[
    "action_plan",
    "contribution",
    "comment",
    "measurement",
    "delegate",
];

/// What a reader knows: the version of each thing by its type and id, and where it is read.
type Things = BTreeMap<(String, String), (i64, String)>;

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
        let (things, cursor) = exports(client).await;
        let mut mirror = Self {
            things,
            cursor: Some(cursor),
            overlaps: true,
            ..Self::of(client, limit)
        };
        for (of, kind, below) in PARTS {
            for (_, url) in mirror.of_type(of) {
                let path = format!("{url}/{below}");
                for part in parts(client, &path).await {
                    let (id, version) = (id_of(&part), part["version"].as_i64().unwrap_or(1));
                    let (key, url) = (((*kind).to_owned(), id.clone()), format!("{path}/{id}"));
                    mirror.things.insert(key, (version, url));
                }
            }
        }
        mirror
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

    /// Demands that it is what the service has for its reader: by each list, and by each thing.
    pub async fn equals_service(&self, who: &str) {
        let (there, _) = exports(&self.client).await;
        let mut known = self.things.clone();
        known.retain(|(kind, _), _| LISTS.iter().any(|(name, _)| name == kind));
        assert_eq!(known, there, "{who}");
        let read = self
            .things
            .iter()
            .filter(|((kind, _), _)| WRITTEN.contains(&kind.as_str()));
        for ((kind, id), (version, url)) in read {
            let reply = self.client.get(url).await;
            assert_eq!(reply.status, 200, "{who}: {kind} {id}: {reply}");
            // Measurements have no version: they never change.
            let stored = reply.body["version"].as_i64().unwrap_or(1);
            assert_eq!(stored, *version, "{who}: {kind} {id}");
        }
        for (of, kind, below) in PARTS {
            for (id, url) in self.of_type(of) {
                let path = format!("{url}/{below}");
                let mut there: Vec<String> =
                    parts(&self.client, &path).await.iter().map(id_of).collect();
                let held = self.of_type(kind).into_iter();
                let held: Vec<String> = held
                    .filter(|(_, url)| url.starts_with(&path))
                    .map(|(id, _)| id)
                    .collect();
                there.sort();
                assert_eq!(held, there, "{who}: {kind} of {of} {id}");
            }
        }
    }

    /// How many things of a type it holds.
    pub fn count(&self, kind: &str) -> usize {
        self.of_type(kind).len()
    }

    fn of_type(&self, kind: &str) -> Vec<(String, String)> {
        let things = self.things.iter().filter(|((name, _), _)| name == kind);
        things
            .map(|((_, id), (_, url))| (id.clone(), url.clone()))
            .collect()
    }
}

/// The parts of a thing that a list has; one that is hidden has none.
async fn parts(client: &Client, path: &str) -> Vec<Value> {
    let list = client.get(&format!("{path}?limit=200")).await;
    match list.status {
        200 => list.items(),
        _ => Vec::new(),
    }
}

/// Everything that a client exports, and the cursor of the first export.
async fn exports(client: &Client) -> (Things, String) {
    let (mut things, mut first) = (Things::new(), None);
    for (kind, path) in LISTS {
        let export = client
            .get(&format!("{path}?format=ndjson"))
            .await
            .expect(200);
        first.get_or_insert(export.cursor());
        for item in export.exported() {
            let id = id_of(&item);
            let url = format!("{}{path}/{id}", export.url);
            things.insert(
                ((*kind).to_owned(), id),
                (item["version"].as_i64().unwrap(), url),
            );
        }
    }
    (things, first.unwrap())
}
