//! Who may do what: every operation of the document, tried by everybody, on the own and on others' things.

use serde_json::{Value, json};

use crate::support::app::PASSWORD;
use crate::support::files::{form, upload};
use crate::support::kinds::{bare_plan, contribution, knowledge, machine_client, webhook};
use crate::support::{App, Client, KINDS, Kind, Reply};

/// The statuses that an operation answers.
struct Expected {
    operation: &'static str,
    anonymous: u16,
    /// A city user, on the own thing.
    own: u16,
    /// A city user, on somebody else's.
    other: u16,
    admin: u16,
}

const fn row(operation: &'static str, statuses: [u16; 4]) -> Expected {
    let [anonymous, own, other, admin] = statuses;
    Expected {
        operation,
        anonymous,
        own,
        other,
        admin,
    }
}

/// The access table as statuses: anonymous, city user on the own, city user on others', admin. Writes are dry runs.
const TABLE: &[Expected] = &[
    row("list_programmes", [200, 200, 200, 200]),
    row("get_programme", [200, 200, 200, 200]),
    row("create_programme", [401, 403, 403, 200]),
    row("replace_programme", [401, 403, 403, 200]),
    row("update_programme", [401, 403, 403, 200]),
    row("delete_programme", [401, 403, 403, 200]),
    row("list_cities", [200, 200, 200, 200]),
    row("get_city", [200, 200, 200, 200]),
    row("create_city", [401, 403, 403, 200]),
    row("replace_city", [401, 200, 403, 200]),
    row("update_city", [401, 200, 403, 200]),
    row("delete_city", [401, 403, 403, 200]),
    row("list_subjects", [200, 200, 200, 200]),
    row("get_subject", [200, 200, 200, 200]),
    row("create_subject", [401, 403, 403, 200]),
    row("replace_subject", [401, 403, 403, 200]),
    row("update_subject", [401, 403, 403, 200]),
    row("delete_subject", [401, 403, 403, 200]),
    row("list_pairings", [200, 200, 200, 200]),
    row("get_pairing", [200, 200, 200, 200]),
    row("create_pairing", [401, 403, 403, 200]),
    row("replace_pairing", [401, 403, 403, 200]),
    row("update_pairing", [401, 403, 403, 200]),
    row("delete_pairing", [401, 403, 403, 200]),
    row("list_meetings", [200, 200, 200, 200]),
    row("get_meeting", [200, 200, 200, 200]),
    row("list_meeting_dates", [200, 200, 200, 200]),
    row("create_meeting", [401, 403, 403, 200]),
    row("replace_meeting", [401, 403, 403, 200]),
    row("update_meeting", [401, 403, 403, 200]),
    row("delete_meeting", [401, 403, 403, 200]),
    row("list_tours", [200, 200, 200, 200]),
    row("get_tour", [200, 200, 200, 200]),
    row("get_tour_by_ref", [401, 200, 404, 200]),
    row("put_tour_by_ref", [401, 200, 403, 200]),
    row("delete_tour_by_ref", [401, 200, 404, 200]),
    row("create_tour", [401, 200, 403, 200]),
    row("replace_tour", [401, 200, 403, 200]),
    row("update_tour", [401, 200, 403, 200]),
    row("delete_tour", [401, 200, 403, 200]),
    row("list_tour_checks", [200, 200, 200, 200]),
    row("list_delegates", [401, 200, 404, 200]),
    row("get_delegate", [401, 200, 404, 200]),
    row("create_delegate", [401, 200, 404, 200]),
    row("replace_delegate", [401, 200, 404, 200]),
    row("update_delegate", [401, 200, 404, 200]),
    row("delete_delegate", [401, 200, 404, 200]),
    row("list_waivers", [200, 200, 200, 200]),
    row("get_waiver", [200, 200, 200, 200]),
    row("create_waiver", [401, 403, 403, 200]),
    row("delete_waiver", [401, 403, 403, 200]),
    row("list_key_questions", [200, 200, 200, 200]),
    row("get_key_question", [200, 200, 200, 200]),
    row("create_key_question", [401, 403, 403, 200]),
    row("replace_key_question", [401, 403, 403, 200]),
    row("update_key_question", [401, 403, 403, 200]),
    row("delete_key_question", [401, 403, 403, 200]),
    row("list_templates", [200, 200, 200, 200]),
    row("get_template", [200, 200, 200, 200]),
    row("create_template", [401, 403, 403, 200]),
    row("replace_template", [401, 403, 403, 200]),
    row("update_template", [401, 403, 403, 200]),
    row("delete_template", [401, 403, 403, 200]),
    row("list_sdgs", [200, 200, 200, 200]),
    row("get_sdg", [200, 200, 200, 200]),
    row("create_sdg", [401, 403, 403, 200]),
    row("replace_sdg", [401, 403, 403, 200]),
    row("update_sdg", [401, 403, 403, 200]),
    row("delete_sdg", [401, 403, 403, 200]),
    row("list_action_plans", [200, 200, 200, 200]),
    row("get_action_plan", [404, 200, 404, 200]),
    // What a line may not do, its result tells.
    row("put_many_action_plans", [401, 200, 200, 200]),
    row("get_action_plan_by_ref", [401, 200, 404, 200]),
    row("put_action_plan_by_ref", [401, 200, 403, 200]),
    row("delete_action_plan_by_ref", [401, 200, 404, 200]),
    row("create_action_plan", [401, 200, 403, 200]),
    row("replace_action_plan", [401, 200, 404, 200]),
    row("update_action_plan", [401, 200, 404, 200]),
    row("delete_action_plan", [401, 200, 404, 200]),
    row("get_sdg_statistics", [200, 200, 200, 200]),
    row("get_programme_statistics", [200, 200, 200, 200]),
    row("list_audit_entries", [401, 403, 403, 200]),
    row("list_changes", [200, 200, 200, 200]),
    row("list_contributions", [200, 200, 200, 200]),
    row("get_contribution", [404, 200, 404, 200]),
    row("get_contribution_by_ref", [401, 200, 404, 200]),
    row("put_contribution_by_ref", [401, 200, 403, 200]),
    row("delete_contribution_by_ref", [401, 200, 404, 200]),
    row("create_contribution", [401, 200, 403, 200]),
    row("replace_contribution", [401, 200, 404, 200]),
    row("update_contribution", [401, 200, 404, 200]),
    row("delete_contribution", [401, 200, 404, 200]),
    row("decline_contribution", [401, 200, 404, 200]),
    row("list_contribution_declines", [401, 200, 404, 200]),
    row("get_contribution_decline", [401, 200, 404, 200]),
    row("delete_contribution_decline", [401, 200, 404, 200]),
    row("get_round_table", [200, 200, 200, 200]),
    row("transition_action_plan", [401, 200, 404, 200]),
    // A plan does not ask its own city, and admins are no city.
    row("consent_to_joint_action", [401, 403, 404, 403]),
    row("list_action_plan_versions", [404, 200, 404, 200]),
    row("get_action_plan_version", [404, 200, 404, 200]),
    row("restore_action_plan_version", [401, 200, 404, 200]),
    row("get_action_plan_diff", [404, 200, 404, 200]),
    row("get_action_plan_validation", [404, 200, 404, 200]),
    row("list_action_plan_translations", [404, 200, 404, 200]),
    row("get_action_plan_summary", [404, 200, 404, 200]),
    row("list_comments", [401, 200, 404, 200]),
    row("get_comment", [401, 200, 404, 200]),
    row("create_comment", [401, 200, 404, 200]),
    row("update_comment", [401, 200, 404, 200]),
    row("delete_comment", [401, 200, 404, 200]),
    row("list_measurements", [404, 200, 404, 200]),
    row("get_measurement", [404, 200, 404, 200]),
    row("create_measurement", [401, 200, 404, 200]),
    row("list_knowledge_items", [200, 200, 200, 200]),
    row("get_knowledge_item", [404, 200, 404, 200]),
    row("get_knowledge_item_by_ref", [401, 200, 404, 200]),
    row("put_knowledge_item_by_ref", [401, 200, 403, 200]),
    row("delete_knowledge_item_by_ref", [401, 200, 404, 200]),
    row("create_knowledge_item", [401, 200, 403, 200]),
    row("replace_knowledge_item", [401, 200, 404, 200]),
    row("update_knowledge_item", [401, 200, 404, 200]),
    row("delete_knowledge_item", [401, 200, 404, 200]),
    row("list_knowledge_files", [404, 200, 404, 200]),
    row("upload_knowledge_file", [401, 200, 404, 200]),
    row("download_knowledge_file", [404, 200, 404, 200]),
    row("delete_knowledge_file", [401, 200, 404, 200]),
    row("list_source_uses", [404, 200, 404, 200]),
    row("get_template_schema", [200, 200, 200, 200]),
    row("get_pairing_flow", [200, 200, 200, 200]),
    row("list_webhooks", [401, 200, 200, 200]),
    row("get_webhook", [401, 200, 404, 200]),
    row("create_webhook", [401, 200, 403, 200]),
    row("replace_webhook", [401, 200, 404, 200]),
    row("update_webhook", [401, 200, 404, 200]),
    row("delete_webhook", [401, 200, 404, 200]),
    row("create_webhook_secret", [401, 200, 404, 200]),
    row("delete_webhook_secret", [401, 200, 404, 200]),
    row("test_webhook", [401, 200, 404, 200]),
    row("list_deliveries", [401, 200, 404, 200]),
    row("get_delivery", [401, 200, 404, 200]),
    row("redeliver", [401, 200, 404, 200]),
    row("list_users", [401, 200, 200, 200]),
    row("get_user", [401, 200, 404, 200]),
    row("create_user", [401, 403, 403, 200]),
    row("replace_user", [401, 403, 403, 200]),
    row("update_user", [401, 403, 403, 200]),
    row("delete_user", [401, 403, 403, 200]),
    row("list_applications", [401, 200, 200, 200]),
    row("get_application", [401, 404, 404, 200]),
    row("create_application", [401, 403, 403, 200]),
    row("replace_application", [401, 403, 403, 200]),
    row("update_application", [401, 403, 403, 200]),
    row("delete_application", [401, 403, 403, 200]),
    row("list_clients", [401, 200, 200, 200]),
    row("get_client", [401, 200, 404, 200]),
    row("create_client", [401, 200, 403, 200]),
    row("replace_client", [401, 200, 404, 200]),
    row("update_client", [401, 200, 404, 200]),
    row("delete_client", [401, 200, 404, 200]),
    row("create_client_secret", [401, 200, 404, 200]),
    row("delete_client_secret", [401, 200, 404, 200]),
    row("revoke_token", [200, 200, 200, 200]),
    row("introspect_token", [401, 403, 403, 200]),
    row("create_session", [201, 201, 201, 201]),
    row("create_token", [200, 200, 200, 200]),
    row("list_sessions", [401, 200, 200, 200]),
    row("delete_session", [401, 204, 404, 204]),
    row("get_me", [401, 200, 200, 200]),
    row("get_status", [200, 200, 200, 200]),
];

/// A plan with an indicator.
fn measured_plan(city: &str, pairing: &str) -> Value {
    let mut plan = bare_plan(city, pairing);
    plan["follow_up"] = json!({"indicators": [{"key": "trees"}]});
    plan
}

/// Things of Frankfurt and of Yokohama, and things that are nobody's.
struct Things {
    /// Name of a kind, whose (a city, or empty), path.
    paths: Vec<(&'static str, &'static str, String)>,
}

impl Things {
    async fn make(app: &App, admin: &Client) -> Self {
        let mut paths = Vec::new();
        for kind in KINDS.iter().filter(|kind| kind.name != "template") {
            let path = kind.make(app, admin).await;
            paths.push((kind.name, "", path));
        }
        for (city, pairing, host) in [
            ("frankfurt", "frankfurt-yokohama", "yokohama"),
            ("yokohama", "frankfurt-yokohama", "frankfurt"),
            ("umea", "umea-kamakura", "kamakura"),
        ] {
            let mut plan = measured_plan(city, pairing);
            plan["joint_actions"] = json!([{"key": "ours", "with": []}]);
            let known_as = json!([{"system": "plans.example", "key": city}]);
            plan["external_refs"] = known_as.clone();
            let plan = admin.post("/v1/action-plans", plan).await.expect(201);
            paths.push((
                "action_plan",
                city,
                format!("/v1/action-plans/{}", plan.id()),
            ));
            let lesson = contribution(host, "innovative-ideas", "partner");
            let lesson = admin.post("/v1/contributions", lesson).await.expect(201);
            let lesson = format!("/v1/contributions/{}", lesson.id());
            let decline = json!({"plan": plan.id(), "reason": {"en": "Too dear"}});
            let path = format!("{lesson}/decline");
            admin.post(&path, decline).await.expect(201);
            paths.push(("decline", city, format!("{lesson}/declines/{}", plan.id())));
            paths.push(("lesson", city, lesson));
            let mut answer = contribution(city, "city-priorities", "partner");
            answer["external_refs"] = known_as.clone();
            let made = admin.post("/v1/contributions", answer).await.expect(201);
            paths.push((
                "contribution",
                city,
                format!("/v1/contributions/{}", made.id()),
            ));
            let made = admin
                .post("/v1/clients", machine_client(city))
                .await
                .expect(201);
            paths.push(("client", city, format!("/v1/clients/{}", made.id())));
            let made = admin.post("/v1/webhooks", webhook(city)).await.expect(201);
            let path = format!("/v1/webhooks/{}", made.id());
            let test = admin.request("POST", &format!("{path}/test"));
            let delivery = test.send().await.expect(202).id();
            paths.push(("delivery", city, format!("{path}/deliveries/{delivery}")));
            paths.push(("webhook", city, path));
            let tour = tour(city, host, pairing);
            let mut known = tour.clone();
            known["external_refs"] = known_as.clone();
            let made = admin.post("/v1/tours", known).await.expect(201);
            paths.push(("tour", city, format!("/v1/tours/{}", made.id())));
            let made = admin.post("/v1/tours", tour).await.expect(201);
            let path = format!("/v1/tours/{}", made.id());
            let delegates = format!("{path}/delegates");
            let made = admin.post(&delegates, delegate()).await.expect(201);
            paths.push(("delegate", city, format!("{delegates}/{}", made.id())));
            let waivers = format!("{path}/waivers");
            admin
                .post(&waivers, waiver("tour_full_days_min"))
                .await
                .expect(201);
            paths.push(("waiver", city, format!("{waivers}/tour_full_days_min")));
            paths.push(("tour with delegates", city, path));
            let mut item = knowledge(&[city]);
            item["external_refs"] = known_as;
            let item = admin.post("/v1/knowledge", item).await.expect(201);
            let path = format!("/v1/knowledge/{}", item.id());
            let file = upload(admin, &path, "plan.txt", "text/plain", b"Buses").await;
            paths.push((
                "knowledge_file",
                city,
                file.expect(201).header("location").to_owned(),
            ));
            paths.push(("knowledge_item", city, path));
            paths.push(("city", city, format!("/v1/cities/{city}")));
        }
        // The last, so that no plan is written along it.
        let template = Kind::named("template").make(app, admin).await;
        paths.push(("template", "", template));
        Self { paths }
    }

    fn of(&self, kind: &str, city: &str) -> String {
        let own = self
            .paths
            .iter()
            .find(|(name, whose, _)| *name == kind && *whose == city);
        let nobodys = self
            .paths
            .iter()
            .find(|(name, whose, _)| *name == kind && whose.is_empty());
        own.or(nobodys).unwrap().2.clone()
    }
}

fn tour(visiting: &str, host: &str, pairing: &str) -> Value {
    json!({"pairing": pairing, "visiting_city": visiting, "host_city": host, "when": "2019-05", "status": "planned"})
}

fn delegate() -> Value {
    json!({"name": "Åsa Ek", "organisation": "City of Umeå", "position": null, "funding": "own"})
}

fn waiver(check: &str) -> Value {
    json!({"check": check, "reason": "Agreed with the hosts."})
}

/// Somebody who tries, and whose things are tried.
struct Try<'a> {
    app: &'a App,
    things: &'a Things,
    client: &'a Client,
    email: &'a str,
    /// The city whose things are tried; empty: nobody's.
    city: &'a str,
    /// The account that is tried.
    account: String,
    /// The session that is tried.
    session: String,
}

impl Try<'_> {
    async fn send(&self, operation: &str) -> Reply {
        let client = self.client;
        match operation {
            "put_many_action_plans" => {
                let mut line = self.fresh(Kind::named("action_plan")).await;
                line["external_refs"] = json!([{"system": "plans.example", "key": self.city}]);
                let path = "/v1/action-plans/bulk?dryrun=true";
                let request = client.request("POST", path);
                let request = request.body("application/x-ndjson", line.to_string());
                return request.send().await;
            }
            "get_me" => return client.get("/v1/me").await,
            "get_status" => return client.get("/v1/status").await,
            "list_sessions" => return client.get("/v1/sessions").await,
            "delete_session" => {
                return client
                    .delete(&format!("/v1/sessions/{}", self.session), "*")
                    .await;
            }
            "list_meeting_dates" => {
                return client.get("/v1/meetings/exchange-meeting-1/dates").await;
            }
            "list_changes" => return client.get("/v1/changes").await,
            "list_audit_entries" => return client.get("/v1/audit").await,
            "get_sdg_statistics" => return client.get("/v1/statistics/sdgs").await,
            "get_programme_statistics" => return client.get("/v1/statistics/programme").await,
            "get_round_table" => {
                return client
                    .get("/v1/meetings/exchange-meeting-3/round-table")
                    .await;
            }
            "get_template_schema" => {
                let path = self.things.of("template", self.city);
                return client.get(&format!("{path}/schema")).await;
            }
            "get_pairing_flow" => {
                return client.get("/v1/pairings/frankfurt-yokohama/flow").await;
            }
            "list_source_uses" => {
                let path = self.things.of("contribution", self.city);
                let id = path.rsplit('/').next().unwrap_or_default();
                return client
                    .get(&format!("/v1/sources/contribution/{id}/uses"))
                    .await;
            }
            "list_contribution_declines" => {
                let path = self.things.of("lesson", self.city);
                return client.get(&format!("{path}/declines")).await;
            }
            "get_contribution_decline" | "delete_contribution_decline" => {
                let path = self.things.of("decline", self.city);
                if operation == "get_contribution_decline" {
                    return client.get(&path).await;
                }
                return client.delete(&format!("{path}?dryrun=true"), "*").await;
            }
            "decline_contribution" => {
                let path = self.things.of("lesson", self.city);
                let plan = self.things.of("action_plan", self.city);
                let plan = plan.rsplit('/').next();
                let body = json!({"plan": plan, "reason": {"en": "Too dear"}});
                return client
                    .post(&format!("{path}/decline?dryrun=true"), body)
                    .await;
            }
            "transition_action_plan" => {
                let path = self.things.of("action_plan", self.city);
                let path = format!("{path}/transitions?dryrun=true");
                return client.post(&path, json!({"to": "withdrawn"})).await;
            }
            "consent_to_joint_action" => {
                let path = self.things.of("action_plan", self.city);
                let path = format!("{path}/joint-actions/ours/consent?dryrun=true");
                return client.post(&path, json!({"decision": "accepted"})).await;
            }
            "list_knowledge_files" | "upload_knowledge_file" => {
                let path = self.things.of("knowledge_item", self.city);
                if operation == "list_knowledge_files" {
                    return client.get(&format!("{path}/files")).await;
                }
                let form = form("notes.txt", "text/plain", b"Trams");
                let request = client.request("POST", &format!("{path}/files?dryrun=true"));
                return request.body(&form.0, form.1).send().await;
            }
            "download_knowledge_file" | "delete_knowledge_file" => {
                let path = self.things.of("knowledge_file", self.city);
                if operation == "download_knowledge_file" {
                    return client.get(&path).await;
                }
                return client.delete(&format!("{path}?dryrun=true"), "*").await;
            }
            "create_session" | "create_token" => {
                let body = json!({"email": self.email, "password": PASSWORD});
                let tokens = client.post("/v1/sessions", body).await;
                if operation == "create_session" {
                    return tokens;
                }
                let token = tokens.body["refresh_token"].as_str().unwrap().to_owned();
                let form = format!("grant_type=refresh_token&refresh_token={token}");
                let request = client.request("POST", "/oauth/token");
                return request
                    .body("application/x-www-form-urlencoded", form)
                    .send()
                    .await;
            }
            "revoke_token" | "introspect_token" => {
                let path = operation.split_once('_').unwrap().0;
                let request = client.request("POST", &format!("/oauth/{path}"));
                return request
                    .body("application/x-www-form-urlencoded", "token=none")
                    .send()
                    .await;
            }
            "create_client_secret"
            | "delete_client_secret"
            | "create_webhook_secret"
            | "delete_webhook_secret" => {
                let kind = operation.split('_').nth(1).unwrap();
                let path = self.things.of(kind, self.city);
                let id = path.rsplit('/').next().unwrap();
                let lone = format!("{kind}s WHERE id = '{id}' AND jsonb_array_length(secrets) = 1");
                if operation == "delete_webhook_secret" && self.app.count(&lone).await == 1 {
                    // The last one is not to be ended, whoever asks.
                    let admin = self.app.admin().await;
                    let request = admin.request("POST", &format!("{path}/secrets"));
                    request.send().await.expect(201);
                }
                let sql = format!("SELECT secrets -> 0 ->> 'id' FROM {kind}s WHERE id = '{id}'");
                let secret = self.app.one(&sql).await;
                return if operation.starts_with("create") {
                    let path = format!("{path}/secrets?dryrun=true");
                    client.request("POST", &path).send().await
                } else {
                    let path = format!("{path}/secrets/{secret}?dryrun=true");
                    client.delete(&path, "*").await
                };
            }
            "test_webhook" => {
                let path = self.things.of("webhook", self.city);
                let path = format!("{path}/test?dryrun=true");
                return client.request("POST", &path).send().await;
            }
            "list_deliveries" => {
                let path = self.things.of("webhook", self.city);
                return client.get(&format!("{path}/deliveries")).await;
            }
            "get_delivery" => return client.get(&self.things.of("delivery", self.city)).await,
            "redeliver" => {
                let path = self.things.of("delivery", self.city);
                let path = format!("{path}/redeliveries?dryrun=true");
                return client.request("POST", &path).send().await;
            }
            _ => {}
        }
        if let Some(reply) = self.send_to_part_of_plan(operation).await {
            return reply;
        }
        let (verb, name) = operation.split_once('_').unwrap();
        if let Some(name) = name.strip_suffix("_by_ref") {
            return self.send_by_ref(verb, Kind::named(name)).await;
        }
        if let "tour_checks" | "delegate" | "delegates" | "waiver" | "waivers" = name {
            return self.send_below_tour(verb, name).await;
        }
        let kind = KINDS
            .iter()
            .find(|kind| kind.name == name || kind.names == name)
            .unwrap_or_else(|| {
                panic!("Try::send in tests/api/access.rs has no case for {operation}")
            });
        let path = match kind.name {
            "user" => format!("/v1/users/{}", self.account),
            name => self.things.of(name, self.city),
        };
        let dry = format!("{path}?dryrun=true");
        match verb {
            "list" => client.get(kind.path).await,
            "get" => client.get(&path).await,
            "create" => {
                client
                    .post(
                        &format!("{}?dryrun=true", kind.path),
                        self.fresh(kind).await,
                    )
                    .await
            }
            "update" => client.patch(&dry, "*", json!({})).await,
            "delete" if matches!(kind.name, "city" | "user") && client.token.is_some() => {
                self.delete_unused(kind, &path).await
            }
            "delete" => client.delete(&dry, "*").await,
            "replace" => {
                let admin = self.app.sign_in("admin@iuc.example").await;
                client.put(&dry, "*", admin.get(&path).await.body).await
            }
            _ => panic!("the access test does not know how to send {operation}"),
        }
    }

    /// By the key that Frankfurt's, Yokohama's and Umeå's systems know their things by.
    async fn send_by_ref(&self, verb: &str, kind: &Kind) -> Reply {
        let path = format!("{}/by-ref/plans.example/{}", kind.path, self.city);
        let dry = format!("{path}?dryrun=true");
        match verb {
            "get" => self.client.get(&path).await,
            "put" => {
                let mut body = self.fresh(kind).await;
                if kind.name == "contribution" {
                    body["question"] = json!("city-priorities");
                }
                let request = self.client.request("PUT", &dry);
                request.json(&body).send().await
            }
            _ => self.client.delete(&dry, "*").await,
        }
    }

    /// What stands below a plan.
    async fn send_to_part_of_plan(&self, operation: &str) -> Option<Reply> {
        let client = self.client;
        let plan = self.things.of("action_plan", self.city);
        let reply = match operation {
            "list_action_plan_versions" => client.get(&format!("{plan}/versions")).await,
            "get_action_plan_version" => client.get(&format!("{plan}/versions/1")).await,
            "restore_action_plan_version" => {
                let path = format!("{plan}/versions/1/restore?dryrun=true");
                let request = client.request("POST", &path);
                request.header("If-Match", "*").send().await
            }
            "list_action_plan_translations" => client.get(&format!("{plan}/translations")).await,
            "get_action_plan_summary" => client.get(&format!("{plan}/summary")).await,
            "get_action_plan_validation" => client.get(&format!("{plan}/validation")).await,
            "get_action_plan_diff" => client.get(&format!("{plan}/diff?from=1&to=1")).await,
            _ => return self.send_below_plan(operation, &plan).await,
        };
        Some(reply)
    }

    /// What has ids of its own below a plan.
    async fn send_below_plan(&self, operation: &str, plan: &str) -> Option<Reply> {
        let client = self.client;
        let (verb, kind) = operation.split_once('_')?;
        let (list, body) = match kind {
            "comment" | "comments" => {
                let comment = json!({"pointer": "", "text": {"en": "Why?"}});
                (format!("{plan}/comments"), comment)
            }
            "measurement" | "measurements" => {
                let measured = json!({"value": 1, "on": "2020-01-01"});
                (format!("{plan}/indicators/trees/measurements"), measured)
            }
            _ => return None,
        };
        let admin = self.app.sign_in("admin@iuc.example").await;
        let author = match client.token {
            Some(_) if client.get(plan).await.status == 200 => client,
            _ => &admin,
        };
        let made = author.post(&list, body.clone()).await.expect(201).id();
        Some(match verb {
            "list" => client.get(&list).await,
            "get" => client.get(&format!("{list}/{made}")).await,
            "create" => client.post(&format!("{list}?dryrun=true"), body).await,
            "update" => {
                let path = format!("{list}/{made}?dryrun=true");
                client.patch(&path, "*", json!({"resolved": true})).await
            }
            "delete" => {
                client
                    .delete(&format!("{list}/{made}?dryrun=true"), "*")
                    .await
            }
            _ => return None,
        })
    }

    /// What belongs to a tour.
    async fn send_below_tour(&self, verb: &str, name: &str) -> Reply {
        let client = self.client;
        let tour = self.things.of("tour with delegates", self.city);
        let one = match name {
            "delegate" | "waiver" => self.things.of(name, self.city),
            _ => String::new(),
        };
        let dry = format!("{one}?dryrun=true");
        match (verb, name) {
            ("list", "tour_checks") => client.get(&format!("{tour}/checks")).await,
            ("list", _) => client.get(&format!("{tour}/{name}")).await,
            ("get", _) => client.get(&one).await,
            ("create", "delegate") => {
                let path = format!("{tour}/delegates?dryrun=true");
                client.post(&path, delegate()).await
            }
            ("create", _) => {
                let body = waiver("programme_funded_delegates_min");
                let path = format!("{tour}/waivers?dryrun=true");
                client.post(&path, body).await
            }
            ("replace", _) => client.put(&dry, "*", delegate()).await,
            ("update", _) => client.patch(&dry, "*", json!({"name": "Eva Ek"})).await,
            _ => client.delete(&dry, "*").await,
        }
    }

    /// A city of the programme is referred to: what an admin can delete is another one.
    async fn delete_unused(&self, kind: &Kind, path: &str) -> Reply {
        let path = match kind.name {
            "city" if self.email == "admin@iuc.example" => self.things.of("city", ""),
            _ => path.to_owned(),
        };
        self.client
            .delete(&format!("{path}?dryrun=true"), "*")
            .await
    }

    /// A body for this caller's city; where nobody's is tried, for Umeå's.
    async fn fresh(&self, kind: &Kind) -> Value {
        let city = if self.city.is_empty() {
            "umea"
        } else {
            self.city
        };
        let (pairing, host) = match city {
            "frankfurt" => ("frankfurt-yokohama", "yokohama"),
            "yokohama" => ("frankfurt-yokohama", "frankfurt"),
            _ => ("umea-kamakura", "kamakura"),
        };
        let mut body = match kind.name {
            "action_plan" => measured_plan(city, pairing),
            "knowledge_item" => {
                let mut item = knowledge(&[city]);
                item["pairing"] = json!(pairing);
                item
            }
            "tour" => tour(city, host, pairing),
            "contribution" => contribution(city, "other-lessons", "public"),
            "client" => machine_client(city),
            "webhook" => webhook(city),
            _ => (kind.new)(),
        };
        match kind.name {
            "sdg" => {
                // Goal 17 is the one that the other operations try.
                self.app.run("DELETE FROM sdgs WHERE number = 16").await;
                body["number"] = json!(16);
                body["targets"] = json!([]);
            }
            "action_plan" | "tour" | "contribution" | "knowledge_item" | "client" | "webhook" => {}
            "user" => body["email"] = json!("another@umea.example"),
            _ => body["id"] = json!("another-one"),
        }
        if kind.name == "pairing" || kind.name == "meeting" {
            body["number"] = json!(99);
        }
        body
    }
}

/// Whether an operation names a scope that a city's machine client can have, or takes no token at all.
fn open_to_city_machines(operation: &str) -> bool {
    let paths = iuc::openapi::document()["paths"].as_object().unwrap();
    let mut all = paths
        .values()
        .flat_map(|item| item.as_object().unwrap().values());
    let found = all.find(|one| one["operationId"] == operation).unwrap();
    let ways = found["security"].as_array().unwrap();
    *ways == [json!({})]
        || ways
            .iter()
            .any(|way| way["oauth2"].is_array() && way["oauth2"] != json!(["admin"]))
}

/// The session of an account that was begun last.
async fn session_of(app: &App, email: &str) -> String {
    app.one(&format!(
        "SELECT sessions.id FROM sessions JOIN users ON users.id = \"user\" WHERE email = '{email}' \
         AND ended_at IS NULL ORDER BY sessions.id DESC LIMIT 1"
    ))
    .await
}

#[tokio::test]
async fn every_operation_answers_everybody_as_the_access_table_says() {
    let app = App::start().await;
    let admin = app.admin().await;
    let things = Things::make(&app, &admin).await;
    let mut faults = Vec::new();
    let paths = iuc::openapi::document()["paths"].as_object().unwrap();
    let mut operations: Vec<&str> = paths
        .values()
        .flat_map(|item| item.as_object().unwrap().values())
        .filter_map(|operation| operation["operationId"].as_str())
        .collect();
    operations.sort_unstable();
    let mut known: Vec<&str> = TABLE.iter().map(|row| row.operation).collect();
    known.sort_unstable();
    let bare: Vec<_> = operations.iter().filter(|it| !known.contains(it)).collect();
    let stale: Vec<_> = known.iter().filter(|it| !operations.contains(it)).collect();
    assert!(
        bare.is_empty() && stale.is_empty(),
        "TABLE in tests/api/access.rs lacks a row for {bare:?} and has one too many for {stale:?}"
    );
    assert_eq!(operations, known, "a row stands twice");

    let clients = [
        ("", "", false),
        ("planning@frankfurt.example", "frankfurt", false),
        ("planning@yokohama.example", "yokohama", false),
        ("admin@iuc.example", "", false),
        // A machine client with all a city's scopes: as a user of the city, but for what no scope of a city opens.
        ("planning@frankfurt.example", "frankfurt", true),
    ];
    let everything = machine_client("frankfurt");
    let everything: Vec<&str> = everything["scopes"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let machine = app.machine(Some("frankfurt"), &everything).await;
    let somebody = app.account("somebody@iuc.example", "admin", None).await;
    for (email, home, is_machine) in clients {
        let client = match (email, home) {
            ("", _) => app.anonymous(),
            (_, "") => admin.clone(),
            _ if is_machine => machine.clone(),
            _ => app.city_user(home).await,
        };
        let own_account = match home {
            "" => String::new(),
            _ => {
                app.one(&format!("SELECT id FROM users WHERE email = '{email}'"))
                    .await
            }
        };
        for row in TABLE {
            // Things that belong to no city are everybody's alike; a city user is tried on Umeå's, which is a stranger.
            let targets: &[&str] = match home {
                "" => &["frankfurt"],
                home => &[home, "umea"],
            };
            for &target in targets {
                let own = target == home;
                let account = if own { &own_account } else { &somebody };
                let session = match (row.operation, own || email.starts_with("admin")) {
                    ("delete_session", true) => {
                        app.sign_in(email).await;
                        session_of(&app, email).await
                    }
                    ("delete_session", false) => session_of(&app, "admin@iuc.example").await,
                    _ => String::new(),
                };
                let one = Try {
                    app: &app,
                    things: &things,
                    client: &client,
                    email: if email.is_empty() {
                        "admin@iuc.example"
                    } else {
                        email
                    },
                    city: target,
                    account: account.clone(),
                    session,
                };
                let reply = one.send(row.operation).await;
                let expected = match (email, own) {
                    ("", _) => row.anonymous,
                    ("admin@iuc.example", _) => row.admin,
                    _ if is_machine && !open_to_city_machines(row.operation) => 403,
                    (_, true) => row.own,
                    (_, false) => row.other,
                };
                if reply.status != expected {
                    faults.push(format!(
                        "{} of {target:?} by {email:?}: expected {expected}, {reply}",
                        row.operation
                    ));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}

#[tokio::test]
async fn a_private_plan_is_to_others_as_if_it_did_not_exist() {
    let app = App::start().await;
    let owner = app.city_user("yokohama").await;
    let mut plan = bare_plan("yokohama", "frankfurt-yokohama");
    plan["title"] = json!({"en": "Secret harbour"});
    plan["sdg_relevance"] = json!([{"goal": "11"}]);
    plan["external_refs"] = json!([{"system": "plans.example", "key": "secret"}]);
    let made = owner
        .post("/v1/action-plans", plan.clone())
        .await
        .expect(201);
    let path = format!("/v1/action-plans/{}", made.id());
    let missing = format!("/v1/action-plans/{}", iuc::resource::new_uuid());
    let events = app.events().await;
    let partner = app.city_user("frankfurt").await;
    let stranger = app.city_user("toyota").await;
    for other in [&partner, &stranger, &app.anonymous()] {
        let same = |hidden: Reply, missing: Reply| {
            assert_eq!(hidden.status, missing.status);
            let bare = |reply: &Reply| {
                let mut body = reply.body.clone();
                body["instance"] = Value::Null;
                body["request_id"] = Value::Null;
                body
            };
            assert_eq!(bare(&hidden), bare(&missing), "{hidden}");
            let names = |reply: &Reply| {
                let mut names: Vec<_> = reply.headers.keys().map(ToString::to_string).collect();
                names.sort();
                names
            };
            assert_eq!(names(&hidden), names(&missing), "{hidden}");
            hidden
        };
        let hidden = same(other.get(&path).await, other.get(&missing).await);
        hidden.problem("not_found");
        for suffix in ["?fields=id", "?include=cities"] {
            let (hidden, gone) = (format!("{path}{suffix}"), format!("{missing}{suffix}"));
            same(other.get(&hidden).await, other.get(&gone).await);
        }
        for method in ["HEAD", "GET"] {
            for condition in ["*", &made.etag()] {
                let ask = async |path: &str| {
                    let request = other.request(method, path);
                    request.header("If-None-Match", condition).send().await
                };
                let hidden = same(ask(&path).await, ask(&missing).await);
                assert_eq!(hidden.status, 404);
            }
        }
        if other.token.is_some() {
            for dry in ["", "?dryrun=true"] {
                for etag in ["*", "\"99\"", &made.etag()] {
                    let (hidden, gone) = (format!("{path}{dry}"), format!("{missing}{dry}"));
                    let patch = json!({"title": null});
                    same(
                        other.patch(&hidden, etag, patch.clone()).await,
                        other.patch(&gone, etag, patch).await,
                    );
                    same(
                        other.delete(&hidden, etag).await,
                        other.delete(&gone, etag).await,
                    );
                    same(
                        other.put(&hidden, etag, made.body.clone()).await,
                        other.put(&gone, etag, made.body.clone()).await,
                    );
                }
            }
            let mut revising = bare_plan("frankfurt", "frankfurt-yokohama");
            if other.get("/v1/me").await.body["user"]["city"] == "toyota" {
                revising = bare_plan("toyota", "grenoble-alpes-metropole-toyota");
            }
            revising["kind"] = json!("revision");
            revising["revises"] = json!({"plan": made.id()});
            let reply = other.post("/v1/action-plans?dryrun=true", revising).await;
            reply.refused(&[("/revises/plan", "unknown_reference")]);
        }
        for query in [
            "",
            "&city=yokohama",
            "&city=yokohama,frankfurt,toyota",
            "&pairing=frankfurt-yokohama",
            "&status=draft",
            "&sdg=11",
            "&since=2018-01-01T00:00:00Z",
            "&sort=-title",
            "&include=cities,pairings,templates",
        ] {
            let list = other
                .get(&format!("/v1/action-plans?count=true{query}"))
                .await
                .expect(200);
            assert_eq!(
                (list.items().len(), &list.body["total"]),
                (0, &json!(0)),
                "{query}"
            );
            if query.contains("include") {
                let included = list.body["included"].as_object().unwrap();
                assert!(
                    included
                        .values()
                        .all(|things| things.as_object().unwrap().is_empty()),
                    "{list}"
                );
            }
            if !query.contains("sort") && !query.contains("include") {
                let export = other
                    .get(&format!("/v1/action-plans?format=ndjson{query}"))
                    .await
                    .expect(200);
                assert!(export.exported().is_empty(), "{query}");
            }
        }
    }
    let list = owner.get("/v1/action-plans?count=true").await;
    assert_eq!(list.body["total"], 1);
    assert_eq!(owner.get(&path).await.body, made.body);
    assert_eq!(app.events().await, events);
}

#[tokio::test]
async fn a_cursor_of_one_caller_shows_another_nothing() {
    let app = App::start().await;
    let (yokohama, toyota) = (
        app.city_user("yokohama").await,
        app.city_user("toyota").await,
    );
    for _ in 0..3 {
        let plan = bare_plan("yokohama", "frankfurt-yokohama");
        yokohama.post("/v1/action-plans", plan).await.expect(201);
    }
    let next = yokohama.get("/v1/action-plans?limit=1").await.body["next"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(yokohama.get(&next).await.items().len(), 1);
    let reply = toyota.get(&next).await;
    assert!(reply.status == 400 || reply.items().is_empty(), "{reply}");
}

#[tokio::test]
async fn a_joint_plan_is_its_proponents_and_nobody_elses() {
    let app = App::start().await;
    let (yokohama, frankfurt) = (
        app.city_user("yokohama").await,
        app.city_user("frankfurt").await,
    );
    let plan = json!({"proponents": ["yokohama", "frankfurt"], "pairing": "frankfurt-yokohama"});
    let made = yokohama.post("/v1/action-plans", plan).await.expect(201);
    let path = format!("/v1/action-plans/{}", made.id());
    frankfurt
        .patch(&path, &made.etag(), json!({"title": {"en": "Ours"}}))
        .await
        .expect(200);
    let alone = json!({"proponents": ["yokohama"]});
    let admin = app.admin().await;
    let after = admin.patch(&path, "*", alone).await.expect(200);
    frankfurt.get(&path).await.problem("not_found");
    frankfurt
        .patch(&path, &after.etag(), json!({}))
        .await
        .problem("not_found");
    assert!(frankfurt.get("/v1/action-plans").await.items().is_empty());
}

#[tokio::test]
async fn a_city_user_sees_no_account_but_the_own() {
    let app = App::start().await;
    app.admin().await;
    let user = app.city_user("umea").await;
    let own = user.get("/v1/me").await.body["user"].clone();
    for query in [
        "",
        "&role=admin,eu_city,jp_city",
        "&sort=-created_at",
        "&active=true",
    ] {
        let list = user
            .get(&format!("/v1/users?count=true{query}"))
            .await
            .expect(200);
        assert_eq!(
            (list.items(), &list.body["total"]),
            (vec![own.clone()], &json!(1)),
            "{query}"
        );
    }
    let none = user
        .get("/v1/users?role=admin&count=true")
        .await
        .expect(200);
    assert_eq!((none.items().len(), &none.body["total"]), (0, &json!(0)));
    let export = user.get("/v1/users?format=ndjson").await.expect(200);
    assert_eq!(export.exported(), [own]);
}
