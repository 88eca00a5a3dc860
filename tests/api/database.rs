//! The database keeps the rules itself: schema, constraints, migrations.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use iuc::db::migrations;

use crate::support::App;
use crate::support::cluster::{cluster, connect};
use crate::support::kinds::bare_plan;

/// Everything that makes the schema: columns, constraints, indexes, triggers, functions, comments.
async fn schema(url: &str) -> Vec<String> {
    let client = connect(url).await;
    let mut lines = Vec::new();
    for statement in [
        "SELECT 'column ' || table_name || ' ' || column_name || ' ' || ordinal_position || ' ' || data_type || ' ' || is_nullable \
            || ' ' || coalesce(column_default, '') || ' ' || coalesce(generation_expression, '') \
            FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> '__diesel_schema_migrations'",
        "SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint \
            WHERE connamespace = 'public'::regnamespace AND conrelid <> coalesce(to_regclass('__diesel_schema_migrations'), 0)",
        "SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> '__diesel_schema_migrations'",
        "SELECT 'trigger ' || pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
        "SELECT 'function ' || pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
        "SELECT 'comment ' || objoid || description FROM pg_description WHERE false",
    ] {
        let rows = client.query(statement, &[]).await.unwrap();
        lines.extend(rows.iter().map(|row| row.get::<_, String>(0)));
    }
    lines.sort();
    lines
}

#[tokio::test]
async fn migrations_can_be_undone_and_run_again() {
    let name = cluster().create_empty().await;
    let url = cluster().url(&name);
    assert!(schema(&url).await.is_empty());
    let up = migrations::run(&url.clone().into()).unwrap();
    assert!(!up.is_empty());
    let first = schema(&url).await;
    assert!(first.len() > 300, "{}", first.len());
    assert_eq!(
        migrations::run(&url.clone().into()).unwrap(),
        Vec::<String>::new()
    );
    let down = migrations::revert_all(&url.clone().into()).unwrap();
    assert_eq!(down.len(), up.len());
    assert_eq!(
        schema(&url).await,
        Vec::<String>::new(),
        "down leaves nothing"
    );
    assert_eq!(migrations::run(&url.clone().into()).unwrap(), up);
    assert_eq!(schema(&url).await, first);
    cluster().drop(&name).await;
}

#[tokio::test]
async fn migrations_run_once_however_many_instances_start_together() {
    let name = cluster().create_empty().await;
    let url = cluster().url(&name);
    let threads: Vec<_> = (0..6)
        .map(|_| {
            let url = url.clone();
            std::thread::spawn(move || migrations::run(&url.into()))
        })
        .collect();
    let mut run = Vec::new();
    for thread in threads {
        run.extend(thread.join().unwrap().unwrap());
    }
    let known = connect(&url)
        .await
        .query("SELECT version FROM __diesel_schema_migrations", &[])
        .await
        .unwrap();
    assert_eq!(run.len(), known.len(), "each migration ran once: {run:?}");
    cluster().drop(&name).await;
}

#[tokio::test]
async fn the_code_knows_the_tables_as_they_are() {
    let app = App::start().await;
    let mut there: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let statement = "SELECT table_name, column_name, udt_name, is_nullable FROM information_schema.columns \
        WHERE table_schema = 'public' AND table_name <> '__diesel_schema_migrations'";
    for row in app.rows(statement).await {
        let [table, column, kind, nullable] = row.try_into().unwrap();
        let (table, column, kind) = (table.unwrap(), column.unwrap(), kind.unwrap());
        let kind = match kind.as_str() {
            "uuid" => "Uuid",
            "text" => "Text",
            "int4" => "Integer",
            "int8" => "BigInt",
            "bool" => "Bool",
            "json" => "Json",
            "jsonb" => "Jsonb",
            "bytea" => "Bytea",
            "date" => "Date",
            "float8" => "Double",
            "timestamptz" => "Timestamptz",
            "_text" => "Array<Text>",
            "tsvector" => "TsVector",
            other => panic!("{table}.{column} has a type that this test does not know: {other}"),
        };
        let kind = match nullable.unwrap().as_str() {
            "YES" => format!("Nullable<{kind}>"),
            _ => kind.to_owned(),
        };
        there.entry(table).or_default().insert(column, kind);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/schema.rs");
    let known = in_code(&std::fs::read_to_string(path).unwrap());
    let tables: BTreeSet<_> = known.keys().chain(there.keys()).collect();
    let faults: Vec<String> = tables
        .into_iter()
        .filter(|table| known.get(*table) != there.get(*table))
        .map(|table| {
            let (code, migrations) = (known.get(table), there.get(table));
            format!("{table}: src/schema.rs has {code:?}, the migrations make {migrations:?}")
        })
        .collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The tables of `diesel::table!` blocks: a line `name (key) {` begins one, a line `name -> Type,` is a column.
fn in_code(source: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut tables: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let (mut table, mut sql_name) = (String::new(), None);
    let lines = source.lines().map(str::trim);
    for line in lines.filter(|line| !line.starts_with("diesel::")) {
        if let Some((column, kind)) = line.split_once(" -> ") {
            let column = sql_name.take().unwrap_or_else(|| column.to_owned());
            let kind = kind.trim_end_matches(',').to_owned();
            tables
                .entry(table.clone())
                .or_default()
                .insert(column, kind);
        } else if let Some(name) = line.strip_prefix("#[sql_name = \"") {
            sql_name = Some(name.trim_end_matches("\"]").to_owned());
        } else if let Some((name, _)) = line.split_once(" (").filter(|_| line.ends_with('{')) {
            table = name.to_owned();
        }
    }
    tables
}

/// Constraints that no request can break, and why.
const OUT_OF_REACH: &[(&str, &str)] = &[
    (
        "_version_positive",
        "versions are counted by the write path alone",
    ),
    (
        "_known",
        "the document closes the list of words, and the types hold it",
    ),
    (
        "action_plans_proponents_given",
        "the document asks for at least one",
    ),
    ("_pkey of uuid", "UUIDs are made by the service"),
    ("webhooks_off_has_reason", "derived"),
    ("webhook_secrets_webhook_fkey", "goes with its webhook"),
    ("webhook_deliveries_webhook_fkey", "goes with its webhook"),
    (
        "webhook_deliveries_seq_key",
        "made by who moves the place on, under the lock of the webhook",
    ),
    ("webhook_deliveries_due_iff_pending", "set by the service"),
    (
        "webhook_deliveries_ended_iff_not_pending",
        "set by the service",
    ),
    (
        "action_plan_comments_plan_id_key",
        "holds whenever the primary key does",
    ),
    (
        "action_plan_comments_thread_begins",
        "both are set by the service",
    ),
    ("cities_id_side_key", "holds whenever the primary key does"),
    (
        "pairing_cities_side_key",
        "holds whenever the primary key does",
    ),
    ("cities_area_positive", "the document demands it"),
    ("pairings_number_positive", "the document demands it"),
    (
        "pairings_eu_cities_present",
        "the document demands one at least",
    ),
    (
        "pairings_jp_cities_present",
        "the document demands one at least",
    ),
    ("sdgs_number_in_range", "the document demands it"),
    ("waivers_id_made_of_both", "the id is derived"),
    ("waivers_tour_fkey", "the tour is locked; goes with it"),
    (
        "tours_funded_named_within_guideline",
        "the tour is locked, and its delegates are looked at before",
    ),
    ("meetings_days_in_order", "the days are derived"),
    ("tours_days_in_order", "the days are derived"),
    ("sdg_codes_goal_fkey", "goes with its goal"),
    (
        "search_words_pkey",
        "kept by the write path, which expects it",
    ),
    ("pairing_cities_pkey", "kept by a trigger"),
    ("pairing_subjects_pkey", "kept by a trigger"),
    ("meeting_cities_pkey", "kept by a trigger"),
    ("knowledge_cities_pkey", "kept by a trigger"),
    ("knowledge_subjects_pkey", "kept by a trigger"),
    ("knowledge_sdgs_pkey", "kept by a trigger"),
    (
        "knowledge_cities_knowledge_fkey",
        "kept by a trigger; goes with its item",
    ),
    (
        "knowledge_subjects_knowledge_fkey",
        "kept by a trigger; goes with its item",
    ),
    (
        "knowledge_sdgs_knowledge_fkey",
        "kept by a trigger; goes with its item",
    ),
    (
        "knowledge_refs_city_fkey",
        "kept by a trigger; goes with the city's share",
    ),
    (
        "knowledge_cities_present",
        "the document demands one at least",
    ),
    ("meeting_knowledge_pkey", "kept by a trigger"),
    (
        "meeting_knowledge_meeting_fkey",
        "kept by a trigger; goes with its meeting",
    ),
    ("stray_files_pkey", "keys hold UUIDs made by the service"),
    (
        "pairing_cities_pairing_fkey",
        "kept by a trigger; goes with its pairing",
    ),
    (
        "pairing_subjects_pairing_fkey",
        "kept by a trigger; goes with its pairing",
    ),
    (
        "meeting_cities_meeting_fkey",
        "kept by a trigger; goes with its meeting",
    ),
    ("meeting_dates_pkey", "one row for each version"),
    ("meeting_dates_meeting_fkey", "goes with its meeting"),
    ("action_plan_versions_pkey", "one row for each version"),
    ("action_plan_versions_plan_fkey", "goes with its plan"),
    (
        "action_plan_proponents_pkey",
        "written with its plan, each city once",
    ),
    ("action_plan_proponents_plan_fkey", "goes with its plan"),
    (
        "action_plan_sdgs_pkey",
        "written with its plan, each code once",
    ),
    ("action_plan_sdgs_plan_fkey", "goes with its plan"),
    ("action_plan_refs_proponent_fkey", "goes with its proponent"),
    ("tour_refs_tour_fkey", "goes with its tour"),
    (
        "contribution_refs_contribution_fkey",
        "kept by a trigger; goes with its contribution",
    ),
    (
        "contribution_declines_pkey",
        "its plan is locked while it is made",
    ),
    (
        "contribution_declines_contribution_fkey",
        "locked while it is declined; goes with its contribution",
    ),
    (
        "action_plan_sources_pkey",
        "written with its plan, each source once",
    ),
    ("action_plan_sources_version_fkey", "goes with its version"),
    (
        "action_plan_kept_sources_pkey",
        "kept by a trigger, each source once",
    ),
    ("action_plan_kept_sources_plan_fkey", "goes with its plan"),
    ("action_plan_revisions_pkey", "a version names one plan"),
    (
        "action_plan_revisions_version_fkey",
        "goes with its version",
    ),
    (
        "action_plan_readers_pkey",
        "written by a trigger, each reader once",
    ),
    ("action_plan_readers_version_fkey", "goes with its version"),
    ("clients_city_iff_city_role", "the role is derived"),
    ("client_secrets_client_fkey", "goes with its client"),
    (
        "client_secrets_digest_is_sha256",
        "SHA-256 of 256 random bits",
    ),
    (
        "client_tokens_secret_fkey",
        "the secret is locked; goes with its secret",
    ),
    ("sessions_user_fkey", "goes with its user"),
    (
        "sessions_application_fkey",
        "the application is locked; goes with it",
    ),
    (
        "applications_redirect_uris_given",
        "the document asks for at least one",
    ),
    ("authorization_codes_pkey", "made by the service"),
    (
        "authorization_codes_digest_is_sha256",
        "made by the service",
    ),
    (
        "authorization_codes_application_fkey",
        "the application is locked; goes with it",
    ),
    (
        "authorization_codes_user_fkey",
        "the user is locked; goes with it",
    ),
    (
        "sessions_ended_with_reason",
        "both are set by one statement",
    ),
    ("refresh_tokens_pkey", "SHA-256 of 256 random bits"),
    (
        "refresh_tokens_digest_is_sha256",
        "SHA-256 of 256 random bits",
    ),
    ("refresh_tokens_session_fkey", "goes with its session"),
    ("sign_in_failures_pkey", "written by ON CONFLICT"),
    ("keys_pkey", "made when the service starts"),
    ("feed_pkey", "made with the schema"),
    ("feed_has_one_row", "made with the schema"),
    ("unnumbered_changes_pkey", "drawn by the database"),
    ("changes_pkey", "numbered under a lock"),
    (
        "change_cities_pkey",
        "numbered under a lock, each city once",
    ),
    ("idempotency_keys_pkey", "claimed under a lock"),
    ("idempotency_keys_answered", "both are set by one statement"),
    ("loaded_items_pkey", "written by the loader alone"),
    ("records_pkey", "the one row is there from the beginning"),
    (
        "records_has_one_row",
        "the one row is there from the beginning",
    ),
    ("_stamp", "a trigger that refuses nothing"),
];

#[tokio::test]
async fn every_constraint_that_a_request_can_break_has_a_meaning() {
    let app = App::start().await;
    let rows = app
        .rows(
            "SELECT conname, '' FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('p', 'u', 'f', 'c', 'x', 't') \
                AND conrelid <> '__diesel_schema_migrations'::regclass \
             UNION SELECT index.relname, '' FROM pg_index JOIN pg_class AS index ON index.oid = indexrelid \
                JOIN pg_class AS own ON own.oid = indrelid WHERE indisunique AND index.relnamespace = 'public'::regnamespace \
                AND own.relname <> '__diesel_schema_migrations'",
        )
        .await;
    let there: BTreeSet<String> = rows
        .into_iter()
        .map(|row| row[0].clone().unwrap())
        .collect();
    let uuids: BTreeSet<String> = app
        .rows(
            "SELECT conname FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1] \
             WHERE contype = 'p' AND atttypid = 'uuid'::regtype AND cardinality(conkey) = 1",
        )
        .await
        .into_iter()
        .map(|row| row[0].clone().unwrap())
        .collect();
    let known: BTreeSet<String> = iuc::problem::known_constraints()
        .map(str::to_owned)
        .collect();
    let excused = |name: &String| {
        uuids.contains(name)
            || OUT_OF_REACH.iter().any(|(pattern, _)| {
                name == pattern || (pattern.starts_with('_') && name.ends_with(pattern))
            })
    };
    let without: Vec<_> = there
        .iter()
        .filter(|name| !known.contains(*name) && !excused(name))
        .collect();
    assert!(
        without.is_empty(),
        "in neither CONSTRAINTS (src/problem/constraints.rs) nor OUT_OF_REACH (tests/api/database.rs): {without:?}"
    );
    let gone: Vec<_> = known.difference(&there).collect();
    assert!(
        gone.is_empty(),
        "in CONSTRAINTS (src/problem/constraints.rs), but not in the database: {gone:?}"
    );
    let stale: Vec<_> = OUT_OF_REACH
        .iter()
        .filter(|(pattern, _)| !pattern.starts_with('_') && !there.contains(*pattern))
        .collect();
    assert!(stale.is_empty(), "{stale:?}");
    let both: Vec<_> = known.iter().filter(|name| excused(name)).collect();
    assert!(both.is_empty(), "known and out of reach: {both:?}");
}

#[tokio::test]
async fn rows_that_break_a_rule_are_refused_whoever_writes_them() {
    let app = App::start().await;
    let pairing = |eu: &str, jp: &str| {
        format!(
            "INSERT INTO pairings (id, programme, number, eu_cities, jp_cities, joined_year, subjects, status, version, created_at, updated_at) \
             VALUES ('x', 'iuc-japan', 99, '{{{eu}}}', '{{{jp}}}', 2019, '{{}}', 'active', 1, now(), now())"
        )
    };
    let user = |role: &str, city: &str| {
        format!(
            "INSERT INTO users (id, email, name, role, city, active, password_hash, version, created_at, updated_at) \
             VALUES (gen_random_uuid(), 'x@x', 'X', '{role}', {city}, true, 'x', 1, now(), now())"
        )
    };
    let tour = |visiting: &str, host: &str, direction: &str| {
        format!(
            "INSERT INTO tours (id, pairing, visiting_city, host_city, direction, \"when\", status, programme, delegates, version, created_at, updated_at) \
             VALUES (gen_random_uuid(), 'umea-kamakura', '{visiting}', '{host}', '{direction}', '2019', 'planned', '[]', '{{}}', 1, now(), now())"
        )
    };
    let city = |side: &str, country: &str| {
        format!(
            "INSERT INTO cities (id, side, kind, name, country_code, time_zone, codes, version, created_at, updated_at) \
             VALUES ('x', '{side}', 'municipality', '{{}}', '{country}', 'UTC', '{{}}', 1, now(), now())"
        )
    };
    for (statement, constraint) in [
        (pairing("toyota", "kamakura"), "pairing_cities_side_fits_city"),
        (pairing("umea", "essen"), "pairing_cities_side_fits_city"),
        (pairing("atlantis", "kamakura"), "pairing_cities_side_fits_city"),
        (pairing("", "kamakura"), "pairings_eu_cities_present"),
        (pairing("umea", ""), "pairings_jp_cities_present"),
        (user("eu_city", "'kamakura'"), "users_role_fits_city"),
        (user("jp_city", "'umea'"), "users_role_fits_city"),
        (user("jp_city", "NULL"), "users_city_iff_city_role"),
        (user("admin", "'umea'"), "users_city_iff_city_role"),
        (user("mayor", "'umea'"), "users_role_known"),
        (tour("essen", "kamakura", "eu_to_jp"), "tours_visiting_city_in_pairing"),
        (tour("umea", "toyota", "eu_to_jp"), "tours_host_city_in_pairing"),
        (tour("umea", "kamakura", "jp_to_eu"), "tours_visiting_city_in_pairing"),
        (city("jp", "DE"), "cities_side_fits_country"),
        (city("eu", "JP"), "cities_side_fits_country"),
        ("UPDATE cities SET side = 'jp', country_code = 'JP' WHERE id = 'umea'".into(), "pairing_cities_side_fits_city"),
        ("UPDATE pairings SET jp_cities = '{toyota}' WHERE id = 'ioannina-ichinomiya'".into(), "tours_visiting_city_in_pairing"),
        ("DELETE FROM cities WHERE id = 'umea'".into(), "pairing_cities_side_fits_city"),
        ("INSERT INTO subjects SELECT * FROM subjects WHERE id = 'transport'".into(), "subjects_pkey"),
        ("DELETE FROM key_questions WHERE id = 'good-practices'; INSERT INTO key_questions (id, \"group\", text, position, version, created_at, updated_at) \
            VALUES ('good-practices', '{}', '{}', 1, 1, now(), now())".into(), "used_ids_never_reused"),
    ] {
        let found = app.refusal(&statement).await;
        assert!(
            found == constraint || (constraint == "tours_visiting_city_in_pairing" && found == "tours_host_city_in_pairing"),
            "{statement}\nis refused by {found}, not by {constraint}"
        );
    }
    let admin = app.admin().await;
    let plan = bare_plan("umea", "umea-kamakura");
    admin.post("/v1/action-plans", plan).await.expect(201);
    let found = app
        .refusal("UPDATE action_plan_versions SET document = '{}'")
        .await;
    assert!(found.contains("never changed"), "{found}");
    let found = app
        .refusal("UPDATE action_plan_proponents SET city = 'essen'")
        .await;
    assert_eq!(found, "action_plan_proponents_city_in_pairing");
}

#[tokio::test]
async fn every_table_and_foreign_key_is_prepared_for_many_rows() {
    let app = App::start().await;
    let bare = app
        .rows(
            "SELECT conname FROM pg_constraint AS con WHERE contype = 'f' AND connamespace = 'public'::regnamespace \
             AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = conrelid AND indpred IS NULL \
                AND (indkey::int2[])[0:cardinality(conkey) - 1] @> conkey) \
             AND NOT EXISTS (SELECT FROM pg_index WHERE indrelid = conrelid AND (indkey::int2[])[0] = ANY (conkey))",
        )
        .await;
    assert!(bare.is_empty(), "foreign keys without an index: {bare:?}");
    let undescribed = app
        .rows(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' \
             AND obj_description(oid) IS NULL AND relname <> '__diesel_schema_migrations'",
        )
        .await;
    assert!(
        undescribed.is_empty(),
        "tables without a comment: {undescribed:?}"
    );
}
