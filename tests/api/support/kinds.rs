//! Every kind of thing that the API serves, so that a promise about all of them is tested on all of them.

use serde_json::{Value, json};

use super::{App, Client};

/// A kind of thing.
pub struct Kind {
    /// Its path.
    pub path: &'static str,
    /// What its operations call it: `city` in `get_city`.
    pub name: &'static str,
    /// What its operations call many: `cities` in `list_cities`.
    pub names: &'static str,
    /// A thing that can be made.
    pub new: fn() -> Value,
    /// A field, and another value for it.
    pub change: fn() -> (&'static str, Value),
    /// The fields that its lists sort by.
    pub sorts: &'static [&'static str],
    /// What can be answered along with it.
    pub includes: &'static [&'static str],
}

const NAMED: fn() -> (&'static str, Value) = || ("name", json!({"en": "Renamed", "ja": "改名"}));

/// All of them, in an order in which what one refers to comes before it.
pub const KINDS: &[Kind] = &[
    Kind {
        path: "/v1/programmes",
        name: "programme",
        names: "programmes",
        new: || {
            json!({"id": "iuc-korea", "name": {"en": "IUC Korea"}, "guidelines": {
                "programme_funded_delegates": {"min": 1, "max": 2}, "tour_full_days_min": 2, "meeting_places": ["Seoul"]}})
        },
        change: NAMED,
        sorts: &["id", "created_at", "updated_at"],
        includes: &[],
    },
    Kind {
        path: "/v1/cities",
        name: "city",
        names: "cities",
        new: || {
            json!({"id": "almada", "side": "eu", "kind": "municipality", "name": {"en": "Almada", "pt": "Almada"},
                "country_code": "PT", "time_zone": "Europe/Lisbon", "location": {"lat": 38.68, "lon": -9.16},
                "population": {"value": 177_238, "year": 2021}, "area_km2": 70.21, "website": "https://www.cm-almada.pt/"})
        },
        change: || ("area_km2", json!(70.5)),
        sorts: &["id", "created_at", "updated_at", "name"],
        includes: &[],
    },
    Kind {
        path: "/v1/subjects",
        name: "subject",
        names: "subjects",
        new: || json!({"id": "urban-farming", "name": {"en": "Urban farming"}}),
        change: NAMED,
        sorts: &["id", "created_at", "updated_at", "name"],
        includes: &[],
    },
    Kind {
        path: "/v1/pairings",
        name: "pairing",
        names: "pairings",
        new: || {
            json!({"id": "umea-hirosaki", "programme": "iuc-japan", "number": 9, "eu_cities": ["umea"],
                "jp_cities": ["hirosaki"], "joined_year": 2019, "subjects": ["smart-cities"], "status": "active",
                "agreement": {"signed": "2019-02", "runs_until": "2021/.."}})
        },
        change: || ("joined_year", json!(2020)),
        sorts: &["id", "created_at", "updated_at", "number", "joined_year"],
        includes: &["cities", "subjects", "programmes"],
    },
    Kind {
        path: "/v1/meetings",
        name: "meeting",
        names: "meetings",
        new: || {
            json!({"id": "webinar-1", "programme": "iuc-japan", "kind": "webinar", "number": 1,
                "title": {"en": "Webinar on buses"}, "when": "2019-09~", "status": "planned",
                "agenda": [{"starts_at": "2019-09-12T07:00:00Z", "ends_at": "2019-09-12T08:30:00Z",
                    "title": {"en": "Welcome"}, "speakers": ["H. Imura"], "knowledge_items": []}],
                "cities": ["umea", "kamakura"]})
        },
        change: || ("status", json!("confirmed")),
        sorts: &["id", "created_at", "updated_at", "earliest", "number"],
        includes: &["cities", "programmes"],
    },
    Kind {
        path: "/v1/tours",
        name: "tour",
        names: "tours",
        new: || {
            json!({"pairing": "umea-kamakura", "visiting_city": "umea", "host_city": "kamakura",
                "when": "2019-05-13/2019-05-16", "status": "planned",
                "programme": [{"day": "2019-05-13", "starts_at": "2019-05-13T00:30:00Z", "title": {"en": "City hall"},
                    "place": "Kamakura City Hall", "description": {"en": "Welcome"}}],
                "delegates": {"programme_funded": 3, "self_funded": 1}})
        },
        change: || ("report", json!({"en": "It went well."})),
        sorts: &["id", "created_at", "updated_at", "earliest"],
        includes: &["cities", "pairings"],
    },
    Kind {
        path: "/v1/key-questions",
        name: "key_question",
        names: "key_questions",
        new: || {
            json!({"id": "what-next", "group": {"id": "lessons", "name": {"en": "Lessons"}},
                "text": {"en": "What next?"}, "position": 9})
        },
        change: || ("position", json!(10)),
        sorts: &["position", "id", "created_at", "updated_at"],
        includes: &[],
    },
    Kind {
        path: "/v1/templates",
        name: "template",
        names: "templates",
        new: || {
            json!({"id": "iuc-japan-2", "programme": "iuc-japan", "name": {"en": "Second template"},
                "sections": [{"field": "title", "section": null, "title": {"en": "Title"}, "hint": {"en": "Be short"},
                    "required": true}]})
        },
        change: NAMED,
        sorts: &["id", "created_at", "updated_at"],
        includes: &[],
    },
    Kind {
        path: "/v1/sdgs",
        name: "sdg",
        names: "sdgs",
        new: || {
            json!({"number": 17, "title": {"en": "Partnerships"}, "colour": "#19486A",
                "targets": [{"code": "17.1", "label": {"en": "Finance"}}]})
        },
        change: || ("colour", json!("#000000")),
        sorts: &["number", "created_at", "updated_at"],
        includes: &[],
    },
    Kind {
        path: "/v1/knowledge",
        name: "knowledge_item",
        names: "knowledge_items",
        new: || knowledge(&["umea", "kamakura"]),
        change: || ("kind", json!("good_practice")),
        sorts: &["id", "created_at", "updated_at", "title"],
        includes: &["cities", "pairings", "meetings", "tours", "subjects"],
    },
    Kind {
        path: "/v1/action-plans",
        name: "action_plan",
        names: "action_plans",
        new: || plan(&["yokohama"], "frankfurt-yokohama"),
        change: || ("language", json!("ja")),
        sorts: &["id", "created_at", "updated_at", "title"],
        includes: &["cities", "pairings", "templates"],
    },
    Kind {
        path: "/v1/contributions",
        name: "contribution",
        names: "contributions",
        new: || contribution("yokohama", "good-practices", "participants"),
        change: || ("visibility", json!("public")),
        sorts: &["id", "created_at", "updated_at"],
        includes: &["cities", "meetings", "key_questions"],
    },
    Kind {
        path: "/v1/users",
        name: "user",
        names: "users",
        new: || {
            json!({"email": "new@umea.example", "name": "Nils Ny", "role": "eu_city", "city": "umea",
                "password": "a quiet night in june"})
        },
        change: || ("name", json!("Nils Nyare")),
        sorts: &["id", "created_at", "updated_at"],
        includes: &["cities"],
    },
    Kind {
        path: "/v1/clients",
        name: "client",
        names: "clients",
        new: || machine_client("umea"),
        change: || ("name", json!("Archive")),
        sorts: &["id", "created_at", "updated_at"],
        includes: &["cities"],
    },
    Kind {
        path: "/v1/applications",
        name: "application",
        names: "applications",
        new: || {
            json!({"id": "plan-map", "name": {"en": "Map of the plans"}, "website": "https://map.example/",
                "redirect_uris": ["https://map.example/in", "http://localhost:3000/in"], "scopes": ["read", "plans:write"]})
        },
        change: || ("website", json!("https://map.example/en")),
        sorts: &["id", "created_at", "updated_at", "name"],
        includes: &[],
    },
    Kind {
        path: "/v1/webhooks",
        name: "webhook",
        names: "webhooks",
        new: || webhook("umea"),
        change: || ("types", json!(["action_plan"])),
        sorts: &["id", "created_at", "updated_at"],
        includes: &["cities"],
    },
];

impl Kind {
    /// Whether making one tells a secret, this once.
    pub fn has_secret(&self) -> bool {
        matches!(self.name, "client" | "webhook")
    }

    /// The kind of this name.
    pub fn named(name: &str) -> &'static Self {
        KINDS.iter().find(|kind| kind.name == name).unwrap()
    }

    /// The path of one.
    pub fn at(&self, id: &str) -> String {
        format!("{}/{id}", self.path)
    }

    /// Makes one, and answers its path. Goal 17 makes room for itself.
    pub async fn make(&self, app: &App, admin: &Client) -> String {
        if self.name == "sdg" {
            app.run("DELETE FROM sdgs WHERE number = 17").await;
        }
        let made = admin.post(self.path, (self.new)()).await.expect(201);
        self.at(&made.id())
    }
}

/// A city's answer at the third exchange meeting, which all cities took part in.
pub fn contribution(city: &str, question: &str, visibility: &str) -> Value {
    json!({"meeting": "exchange-meeting-3", "question": question, "city": city, "visibility": visibility,
        "text": {"en": format!("{city} on {question}"), "ja": "答え"}, "external_refs": []})
}

/// A webhook of a city, at an address that nobody has.
pub fn webhook(city: &str) -> Value {
    json!({"url": "https://plans.umea.invalid/iuc", "city": city, "types": ["tour", "meeting"], "cities": ["umea"],
        "description": "Planning system"})
}

/// A machine client of a city, with every scope that it may have.
pub fn machine_client(city: &str) -> Value {
    json!({"name": "Planning system", "city": city, "scopes": ["read", "plans:write", "contributions:write",
        "tours:write", "knowledge:write", "changes:read", "webhooks:write"]})
}

/// An action plan with something in each part.
pub fn plan(proponents: &[&str], pairing: &str) -> Value {
    json!({
        "proponents": proponents,
        "pairing": pairing,
        "kind": "revision",
        "revises": {"title": {"en": "Smart City Plan 2015"}, "url": "https://plans.example/2015", "plan": null},
        "title": {"en": "Smart district Minato Mirai", "ja": "みなとみらいスマート地区"},
        "sdg_relevance": [{"target": "11.2", "note": {"en": "Transport for all"}}, {"goal": "13"}],
        "executive_summary": {"en": "In short."},
        "objectives": {"en": "Less traffic."},
        "context": {"en": "A port city."},
        "inputs": {"text": {"en": "Frankfurt's energy map."}, "sources": [
            {"type": "meeting", "id": "exchange-meeting-3", "note": {"en": "Round table"}}]},
        "activities": [
            {"key": "bus-lanes", "title": {"en": "Bus lanes"}, "description": {"en": "Paint them."}, "when": "2020-05~",
                "responsible": "Road Bureau", "budget": {"amount": "1250000.00", "currency": "EUR"},
                "status": "ongoing", "progress_percent": 20, "sdg_targets": ["11.2", "13.1"],
                "sources": [{"type": "meeting", "id": "exchange-meeting-2"}]},
            {"title": {"en": "Energy map"}},
        ],
        "implementation": {"text": {"en": "Step by step."}, "stakeholders": [{"name": "Port Authority", "role": "Owner"}],
            "financing": [{"source": "City", "amount": "500000", "currency": "JPY"}]},
        "risks": [{"key": "delay", "description": {"en": "Delay"}, "likelihood": 3, "impact": 2, "mitigation": {"en": "Begin early"}}],
        "follow_up": {"text": {"en": "Yearly."}, "indicators": [{"key": "riders", "name": {"en": "Riders"}, "unit": "1/day",
            "baseline": {"value": 1000.5, "on": "2018"}, "target": {"value": 2000, "on": "2022"}}]},
        "joint_actions": [{"key": "exchange", "title": {"en": "Staff exchange"}, "description": {"en": "Two weeks"}, "with": []}],
        "language": "en",
        "external_refs": [],
    })
}

/// An action plan with next to nothing in it.
pub fn bare_plan(proponent: &str, pairing: &str) -> Value {
    json!({"proponents": [proponent], "pairing": pairing})
}

/// A knowledge item with something in each part, but a tour.
pub fn knowledge(cities: &[&str]) -> Value {
    json!({
        "kind": "lesson",
        "title": {"en": "Buses in snow", "ja": "雪の中のバス"},
        "summary": {"en": "They run."},
        "body": {"en": "# Buses\n\nThey *run* <script>alert(1)</script>", "ja": "**走る**"},
        "cities": cities,
        "pairing": "umea-kamakura",
        "meeting": "exchange-meeting-3",
        "tour": null,
        "subjects": ["smart-cities"],
        "sdg_targets": ["11.2", "13.1"],
        "links": [{"url": "https://www.umea.se/", "title": {"sv": "Umeå kommun"}}],
        "status": "draft",
        "external_refs": [],
    })
}
