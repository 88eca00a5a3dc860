//! Plans in bulk: a few are written through the API, the others are copies of their rows with ids, titles and times of
//! their own, so that all are exactly what the service would have stored.

use serde_json::{Value, json};

use crate::Outcome;
use crate::http::once;
use crate::stage::{ADMIN, Service, Stage};

/// How plans are spread: which of the prototypes plan number `n` is a copy of, as SQL over `n` and `count`.
pub struct Spread {
    prototype: &'static str,
}

/// How many are planted in one transaction.
const BATCH: usize = 10_000;

/// The same for each city.
pub const EVEN: Spread = Spread {
    prototype: "n % count",
};

/// Half of the plans are one city's; the last prototype, of a pairing that has no other, is copied once.
pub const SKEWED: Spread = Spread {
    prototype: "CASE WHEN n = 1000 THEN count - 1 WHEN n % 2 = 0 THEN 0 ELSE n % (count - 6) END",
};

/// The cities of each pairing of the programme, the EU's first; the pairing is called after both.
pub const PAIRINGS: [[&str; 2]; 8] = [
    ["frankfurt", "yokohama"],
    ["essen", "koriyama"],
    ["donostia-san-sebastian", "hirosaki"],
    ["ioannina", "ichinomiya"],
    ["ancona", "ikoma"],
    ["bratislava", "tokorozawa"],
    ["grenoble-alpes-metropole", "toyota"],
    ["umea", "kamakura"],
];

const CODES: [&str; 10] = [
    "11.2", "11.6", "13.1", "7.2", "9.1", "11.3", "12.5", "3.9", "17.17", "6.3",
];

const EN: &[&str] = &[
    "the",
    "city",
    "plans",
    "to",
    "renew",
    "bus",
    "lanes",
    "and",
    "quiet",
    "streets",
    "with",
    "residents",
    "of",
    "each",
    "district",
    "so",
    "that",
    "heat",
    "islands",
    "shrink",
    "energy",
    "from",
    "roofs",
    "is",
    "stored",
    "near",
    "schools",
    "while",
    "partners",
    "measure",
    "air",
    "quality",
    "every",
    "quarter",
    "under",
    "a",
    "shared",
    "budget",
    "until",
    "2030",
    "where",
    "older",
    "buildings",
    "are",
    "insulated",
    "first",
    "pilot",
    "results",
    "guide",
    "investment",
];

const JA: &[&str] = &[
    "市は",
    "再生可能",
    "エネルギー",
    "の",
    "利用",
    "を",
    "進め",
    "、",
    "地区",
    "ごとに",
    "住民と",
    "協力して",
    "公共交通",
    "の",
    "改善",
    "と",
    "緑地",
    "の",
    "整備",
    "を",
    "計画",
    "する",
    "。",
    "建築物",
    "の",
    "断熱",
    "に",
    "投資し",
    "、",
    "成果を",
    "四半期",
    "ごとに",
    "測定",
    "し",
    "、",
    "パートナー",
    "都市",
    "と",
    "共有",
    "する",
    "。",
];

struct Prose(u64);

impl Prose {
    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let place = (self.0 >> 33) as usize % words.len().max(1);
        words.get(place).copied().unwrap_or_default()
    }

    fn en(&mut self, words: usize) -> String {
        let picked: Vec<_> = (0..words).map(|_| self.pick(EN)).collect();
        picked.join(" ")
    }

    fn ja(&mut self, words: usize) -> String {
        (0..words).map(|_| self.pick(JA)).collect()
    }

    fn text(&mut self, words: usize) -> Value {
        json!({"en": self.en(words), "ja": self.ja(words)})
    }
}

/// The body of a plan: five activities, risks, indicators, texts in two languages; some 4 to 8 KB.
pub fn plan(number: usize, pairing: [&str; 2], proponents: &[&str]) -> Value {
    let mut prose = Prose(number as u64 + 1);
    let length = 7 + 2 * (number % 6);
    let activities: Vec<_> = (0..5)
        .map(|index| {
            json!({
                "key": format!("activity-{index}"),
                "title": prose.text(5),
                "description": prose.text(length),
                "when": format!("20{}-0{}/20{}", 19 + index, 1 + index, 22 + index),
                "responsible": prose.en(3),
                "budget": {"amount": format!("{}.50", 10_000 * (index + 1)), "currency": "EUR"},
                "status": "ongoing",
                "progress_percent": 10 * index,
                "sdg_targets": [prose.pick(&CODES[..5]), prose.pick(&CODES[5..])],
                "sources": [{"type": "meeting", "id": "exchange-meeting-3", "note": prose.text(4)}],
            })
        })
        .collect();
    let risks: Vec<_> = (0..3)
        .map(|index| {
            json!({
                "key": format!("risk-{index}"), "description": prose.text(length), "likelihood": 1 + index, "impact": 4,
                "mitigation": prose.text(length),
            })
        })
        .collect();
    let indicators: Vec<_> = (0..3)
        .map(|index| {
            json!({
                "key": format!("indicator-{index}"), "name": prose.text(4), "unit": "t/a",
                "baseline": {"value": 1200.5, "on": "2018"}, "target": {"value": 700.0, "on": "2030"},
            })
        })
        .collect();
    let partners: Vec<_> = pairing
        .iter()
        .filter(|&city| proponents != [*city])
        .collect();
    json!({
        "proponents": proponents,
        "pairing": pairing.join("-"),
        "title": {"en": format!("{} 0", prose.en(5)), "ja": format!("{} 0", prose.ja(5))},
        "sdg_relevance": [
            {"target": prose.pick(&CODES[..5]), "note": prose.text(6)},
            {"goal": if pairing == PAIRINGS[7] { "14" } else { "11" }, "note": prose.text(6)},
        ],
        "executive_summary": prose.text(2 * length),
        "objectives": prose.text(length),
        "context": prose.text(2 * length),
        "inputs": {"text": prose.text(length), "sources": [{"type": "meeting", "id": "exchange-meeting-1"}]},
        "activities": activities,
        "implementation": {
            "text": prose.text(length),
            "stakeholders": [{"name": prose.en(3), "role": prose.en(2)}, {"name": prose.ja(4)}],
            "financing": [{"source": prose.en(3), "amount": "250000.00", "currency": "EUR"}],
        },
        "risks": risks,
        "follow_up": {"text": prose.text(length), "indicators": indicators},
        "joint_actions": [{"key": "joint-0", "title": prose.text(4), "description": prose.text(length), "with": partners}],
        "language": if number.is_multiple_of(2) { "en" } else { "ja" },
    })
}

/// The id of plan `number`.
pub fn id(number: u64) -> String {
    format!("01900000-0000-7000-8000-{number:012}")
}

/// Fills the database with `plans` plans, and checks on one of them that the service takes it for its own.
pub async fn plant(
    stage: &Stage,
    database: &str,
    service: &Service,
    spread: &Spread,
    plans: u64,
) -> Outcome<()> {
    let token = service.sign_in(ADMIN).await?;
    let fields = [
        ("authorization", token.as_str()),
        ("content-type", "application/json"),
    ];
    let mut count = 0;
    for pairing in PAIRINGS {
        let [eu, jp] = pairing;
        // The very last is of one city alone, for SKEWED.
        for proponents in [
            vec![eu],
            vec![jp],
            vec![eu],
            vec![jp],
            vec![eu, jp],
            vec![jp],
        ] {
            let body = plan(count, pairing, &proponents).to_string();
            once(service.address, "POST", "/v1/action-plans", &fields, &body).await?;
            count += 1;
        }
    }
    let client = stage.client(database).await?;
    let at =
        "timestamptz '2024-01-01 00:00:00.123457+00' + n * 7919 % 1000003 * interval '1 minute'";
    let time = format!("to_char(({at}) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')");
    let by = "(SELECT id FROM users WHERE role = 'admin' ORDER BY id LIMIT 1)";
    let prototype = spread.prototype;
    client
        .batch_execute("CREATE TEMP TABLE prototypes AS SELECT row_number() OVER (ORDER BY id) - 1 AS number, * FROM action_plans")
        .await?;
    for first in (1..=plans).step_by(BATCH) {
        let last = plans.min(first + BATCH as u64 - 1);
        client
            .batch_execute(&format!(
                "BEGIN;
                 CREATE TEMP TABLE plan_numbers ON COMMIT DROP AS
                    SELECT n, {prototype} AS prototype, format('01900000-0000-7000-8000-%s', lpad(n::text, 12, '0'))::uuid AS id, {at} AS at, {time} AS time
                    FROM generate_series({first}, {last}) AS n, (SELECT count(*) FROM prototypes) AS all_of_them (count);
                 WITH plan AS (
                    INSERT INTO action_plans (id, proponents, asked, pairing, template, kind, status, language, title_key, document, published_version, version, created_at, updated_at)
                    SELECT plan.id, proponents, asked, pairing, template, kind, status, language, left(own -> 'title' ->> language, 200),
                        own, published_version, version, at, at
                    FROM plan_numbers AS plan JOIN prototypes ON number = prototype,
                        LATERAL (SELECT regexp_replace(document::text, '^[{{]\"id\":\"[^\"]*\"', '{{\"id\":\"' || plan.id || '\"') AS text) AS identified,
                        LATERAL (SELECT regexp_replace(identified.text, '\"title\":[{{]\"en\":\"([^\"]*)\",\"ja\":\"', '\"title\":{{\"en\":\"' || n || ' \\1\",\"ja\":\"' || n || ' ') AS text) AS named,
                        LATERAL (SELECT regexp_replace(named.text, '\"created_at\":\"[^\"]*\",\"updated_at\":\"[^\"]*\"', format('\"created_at\":%s,\"updated_at\":%s', to_json(time), to_json(time)))::json AS own) AS dated
                    ORDER BY n
                    RETURNING id, proponents, pairing, status, title_key, document, version, created_at, updated_at
                 ), versions AS (
                    INSERT INTO action_plan_versions (plan, version, document, status, at, by)
                    SELECT id, version, document, status, updated_at, {by} FROM plan
                 ), cities AS (
                    INSERT INTO action_plan_proponents (plan, city, pairing, status, title_key, created_at, updated_at)
                    SELECT id, city, pairing, status, title_key, created_at, updated_at FROM plan, unnest(proponents) AS city
                 ), sdgs AS (
                    INSERT INTO action_plan_sdgs (plan, code)
                    SELECT plan_numbers.id, code FROM plan_numbers JOIN prototypes ON number = prototype JOIN action_plan_sdgs AS of ON of.plan = prototypes.id
                 )
                 INSERT INTO action_plan_sources (plan, version, activity, type, source)
                    SELECT plan_numbers.id, of.version, activity, type, source
                    FROM plan_numbers JOIN prototypes ON number = prototype JOIN action_plan_sources AS of ON of.plan = prototypes.id;
                 -- What is planted was there from the beginning: the feed tells nothing of it.
                 DELETE FROM unnumbered_changes;
                 COMMIT;"
            ))
            .await?;
    }
    client
        .batch_execute("DELETE FROM action_plans WHERE id IN (SELECT id FROM prototypes); DROP TABLE prototypes; DELETE FROM unnumbered_changes")
        .await?;
    client.batch_execute("VACUUM (ANALYZE)").await?;
    check(&client, service, &fields, plans).await
}

/// A planted plan reads, and goes back unchanged: no version is made of it. A row of each table says the same.
async fn check(
    client: &tokio_postgres::Client,
    service: &Service,
    fields: &[(&str, &str)],
    plans: u64,
) -> Outcome<()> {
    let path = format!("/v1/action-plans/{}", id(plans / 2 + 1));
    let (read, body) = once(service.address, "GET", &path, fields, "").await?;
    let tag = read.etag.ok_or("a plan has no ETag")?;
    let with_match = [fields, &[("if-match", tag.as_str())]].concat();
    let body = String::from_utf8(body)?;
    let (put, again) = once(service.address, "PUT", &path, &with_match, &body).await?;
    if put.etag.as_deref() != Some(tag.as_str()) || again != body.as_bytes() {
        return Err("a planted plan is not what the service would have stored".into());
    }
    let (_, list) = once(
        service.address,
        "GET",
        "/v1/action-plans?limit=1&count=true",
        fields,
        "",
    )
    .await?;
    let list: Value = serde_json::from_slice(&list)?;
    if list.get("total") != Some(&json!(plans)) {
        return Err(format!("there are not {plans} plans but {:?}", list.get("total")).into());
    }
    let odd: i64 = client
        .query_one(
            "SELECT count(*) FROM (SELECT * FROM action_plans ORDER BY id LIMIT 500) AS plan
             WHERE (SELECT array_agg(city ORDER BY city COLLATE \"C\") FROM action_plan_proponents AS of WHERE of.plan = plan.id
                        AND (of.pairing, of.status, of.title_key, of.updated_at) = (plan.pairing, plan.status, plan.title_key, plan.updated_at))
                    IS DISTINCT FROM (SELECT array_agg(city ORDER BY city COLLATE \"C\") FROM json_array_elements_text(document -> 'proponents') AS city)
                OR (plan.id::text, plan.pairing, plan.updated_at) IS DISTINCT FROM
                    (document ->> 'id', document ->> 'pairing', (document ->> 'updated_at')::timestamptz)",
            &[],
        )
        .await?
        .get(0);
    if odd > 0 {
        return Err(format!("{odd} of 500 planted plans do not fit their projections").into());
    }
    Ok(())
}
