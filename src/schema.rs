//! The tables of `migrations/`, as diesel knows them; `tests/api/database.rs` compares the two.
#![expect(
    missing_docs,
    reason = "the tables and columns are described in the migrations"
)]

diesel::table! {
    action_plan_comments (id) {
        id -> Uuid,
        plan -> Uuid,
        path -> Text,
        made_version -> BigInt,
        made_pointer -> Text,
        text -> Jsonb,
        reply_to -> Nullable<Uuid>,
        thread -> Uuid,
        resolved -> Bool,
        resolved_by -> Nullable<Uuid>,
        city -> Nullable<Text>,
        by -> Nullable<Uuid>,
        version -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        resolved_by_city -> Nullable<Text>,
    }
}

diesel::table! {
    action_plan_measurements (id) {
        id -> Uuid,
        plan -> Uuid,
        indicator -> Text,
        value -> Double,
        on -> Date,
        note -> Nullable<Jsonb>,
        by -> Nullable<Uuid>,
        at -> Timestamptz,
        written -> Nullable<Text>,
        latest -> Nullable<Date>,
        city -> Nullable<Text>,
    }
}

diesel::table! {
    action_plan_proponents (plan, city) {
        plan -> Uuid,
        city -> Text,
        pairing -> Text,
        status -> Text,
        title_key -> Text,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    action_plan_readers (plan, reader) {
        reader -> Text,
        plan -> Uuid,
        version -> BigInt,
        proponents -> Array<Text>,
        pairing -> Text,
        template -> Text,
        status -> Text,
        title_key -> Text,
        sdgs -> Array<Text>,
        asked -> Bool,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        kind -> Text,
        awaits -> Array<Text>,
    }
}

diesel::table! {
    action_plan_refs (city, system, key) {
        city -> Text,
        system -> Text,
        key -> Text,
        plan -> Uuid,
    }
}

diesel::table! {
    action_plan_kept_sources (plan, type_, source) {
        plan -> Uuid,
        #[sql_name = "type"]
        type_ -> Text,
        source -> Text,
        contribution -> Nullable<Uuid>,
        tour -> Nullable<Uuid>,
        meeting -> Nullable<Text>,
        knowledge -> Nullable<Uuid>,
    }
}

diesel::table! {
    action_plan_sdgs (plan, code) {
        plan -> Uuid,
        code -> Text,
    }
}

diesel::table! {
    action_plan_revisions (plan, version) {
        plan -> Uuid,
        version -> BigInt,
        revised -> Uuid,
    }
}

diesel::table! {
    action_plan_sources (plan, version, activity, type_, source) {
        plan -> Uuid,
        version -> BigInt,
        activity -> Text,
        #[sql_name = "type"]
        type_ -> Text,
        source -> Text,
        contribution -> Nullable<Uuid>,
        tour -> Nullable<Uuid>,
        meeting -> Nullable<Text>,
        knowledge -> Nullable<Uuid>,
    }
}

diesel::table! {
    action_plan_versions (plan, version) {
        plan -> Uuid,
        version -> BigInt,
        document -> Json,
        status -> Text,
        minor -> Bool,
        at -> Timestamptz,
        by -> Nullable<Uuid>,
        comment -> Nullable<Text>,
        translations -> Jsonb,
        city -> Nullable<Text>,
    }
}

diesel::table! {
    action_plans (id) {
        id -> Uuid,
        pairing -> Text,
        template -> Text,
        kind -> Text,
        status -> Text,
        language -> Text,
        title_key -> Text,
        document -> Json,
        published_version -> Nullable<BigInt>,
        version -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        proponents -> Array<Text>,
        asked -> Array<Text>,
        translations -> Jsonb,
        awaits -> Array<Text>,
    }
}

diesel::table! {
    applications (id) {
        id -> Text,
        name -> Jsonb,
        website -> Nullable<Text>,
        redirect_uris -> Array<Text>,
        scopes -> Array<Text>,
        active -> Bool,
        version -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    authorization_codes (digest) {
        digest -> Bytea,
        application -> Nullable<Text>,
        user -> Uuid,
        redirect_uri -> Text,
        challenge -> Text,
        scope -> Text,
        narrowed -> Bool,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
        session -> Nullable<Uuid>,
    }
}

diesel::table! {
    cities (id) {
        id -> Text,
        side -> Text,
        kind -> Text,
        name -> Jsonb,
        country_code -> Text,
        region -> Nullable<Jsonb>,
        description -> Nullable<Jsonb>,
        location -> Nullable<Jsonb>,
        time_zone -> Text,
        codes -> Jsonb,
        population -> Nullable<Jsonb>,
        area_km2 -> Nullable<Double>,
        website -> Nullable<Text>,
        version -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    client_secrets (id) {
        id -> Uuid,
        client -> Uuid,
        digest -> Bytea,
        created_at -> Timestamptz,
        expires_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    client_tokens (id) {
        id -> Uuid,
        secret -> Uuid,
        created_at -> Timestamptz,
        expires_at -> Timestamptz,
    }
}

diesel::table! {
    clients (id) {
        id -> Uuid,
        name -> Text,
        city -> Nullable<Text>,
        role -> Text,
        side -> Nullable<Text>,
        scopes -> Array<Text>,
        active -> Bool,
        secrets -> Jsonb,
        last_used_at -> Nullable<Timestamptz>,
        version -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    contribution_declines (contribution, plan) {
        contribution -> Uuid,
        plan -> Uuid,
        reason -> Jsonb,
        version -> BigInt,
        by -> Nullable<Uuid>,
        at -> Timestamptz,
        city -> Nullable<Text>,
        cities -> Array<Text>,
    }
}

diesel::table! {
    contribution_refs (city, system, key) {
        city -> Text,
        system -> Text,
        key -> Text,
        contribution -> Uuid,
    }
}

diesel::table! {
    contributions (id) {
        id -> Uuid,
        meeting -> Text,
        question -> Text,
        city -> Text,
        text -> Jsonb,
        visibility -> Text,
        external_refs -> Jsonb,
        version -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        seen_by -> Array<Text>,
    }
}

diesel::table! {
    delegates (id) {
        id -> Uuid,
        tour -> Uuid,
        visiting_city -> Text,
        host_city -> Text,
        name -> Text,
        organisation -> Nullable<Text>,
        position -> Nullable<Text>,
        funding -> Text,
        version -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    events (id) {
        id -> Uuid,
        at -> Timestamptz,
        #[sql_name = "type"]
        type_ -> Text,
        resource -> Text,
        action -> Text,
        version -> BigInt,
        cities -> Array<Text>,
        by -> Nullable<Uuid>,
        request_id -> Text,
        address -> Text,
        change -> Jsonb,
        client -> Nullable<Uuid>,
    }
}

diesel::table! {
    idempotency_keys (caller, key) {
        caller -> Uuid,
        key -> Text,
        fingerprint -> Bytea,
        status -> Nullable<Integer>,
        headers -> Nullable<Jsonb>,
        body -> Nullable<Bytea>,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    key_questions (id) {
        id -> Text,
        group -> Jsonb,
        text -> Jsonb,
        position -> Integer,
        version -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    keys (id) {
        id -> Text,
        purpose -> Text,
        secret -> Bytea,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    knowledge (id) {
        id -> Uuid,
        kind -> Text,
        title -> Jsonb,
        summary -> Nullable<Jsonb>,
        body -> Nullable<Jsonb>,
        body_html -> Nullable<Jsonb>,
        cities -> Array<Text>,
        pairing -> Nullable<Text>,
        meeting -> Nullable<Text>,
        tour -> Nullable<Uuid>,
        subjects -> Array<Text>,
        sdg_targets -> Array<Text>,
        links -> Jsonb,
        files -> Jsonb,
        status -> Text,
        external_refs -> Jsonb,
        version -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    knowledge_cities (knowledge, city) {
        knowledge -> Uuid,
        city -> Text,
    }
}

diesel::table! {
    knowledge_refs (city, system, key) {
        city -> Text,
        system -> Text,
        key -> Text,
        knowledge -> Uuid,
    }
}

diesel::table! {
    knowledge_sdgs (knowledge, code) {
        knowledge -> Uuid,
        code -> Text,
    }
}

diesel::table! {
    knowledge_subjects (knowledge, subject) {
        knowledge -> Uuid,
        subject -> Text,
    }
}

diesel::table! {
    loaded_items (type_, key) {
        #[sql_name = "type"]
        type_ -> Text,
        key -> Text,
        resource -> Text,
    }
}

diesel::table! {
    meeting_cities (meeting, city) {
        meeting -> Text,
        city -> Text,
    }
}

diesel::table! {
    meeting_dates (meeting, version) {
        meeting -> Text,
        version -> BigInt,
        when -> Nullable<Text>,
        status -> Text,
        reason -> Nullable<Jsonb>,
        since -> Timestamptz,
        by -> Nullable<Uuid>,
    }
}

diesel::table! {
    meeting_knowledge (meeting, knowledge) {
        meeting -> Text,
        knowledge -> Uuid,
    }
}

diesel::table! {
    meetings (id) {
        id -> Text,
        programme -> Text,
        kind -> Text,
        number -> Nullable<Integer>,
        title -> Jsonb,
        place -> Nullable<Jsonb>,
        when -> Nullable<Text>,
        when_reason -> Nullable<Jsonb>,
        earliest -> Nullable<Date>,
        latest -> Nullable<Date>,
        status -> Text,
        agenda -> Jsonb,
        cities -> Array<Text>,
        version -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    pairing_cities (pairing, city) {
        pairing -> Text,
        city -> Text,
        side -> Text,
    }
}

diesel::table! {
    pairing_subjects (pairing, subject) {
        pairing -> Text,
        subject -> Text,
    }
}

diesel::table! {
    pairings (id) {
        id -> Text,
        programme -> Text,
        number -> Integer,
        eu_cities -> Array<Text>,
        jp_cities -> Array<Text>,
        joined_year -> Integer,
        subjects -> Array<Text>,
        subject_text -> Nullable<Jsonb>,
        status -> Text,
        agreement -> Nullable<Jsonb>,
        version -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    programmes (id) {
        id -> Text,
        name -> Jsonb,
        guidelines -> Jsonb,
        version -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    refresh_tokens (digest) {
        digest -> Bytea,
        session -> Uuid,
        generation -> Integer,
        replaced -> Bool,
        created_at -> Timestamptz,
    }
}

diesel::table! {
    sdg_codes (code) {
        code -> Text,
        goal -> Integer,
    }
}

diesel::table! {
    sdgs (number) {
        number -> Integer,
        title -> Jsonb,
        colour -> Text,
        targets -> Jsonb,
        version -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    use diesel::sql_types::{BigInt, Bool, Text};
    use crate::column::TsVector;

    search_words (type_, id, is_public) {
        #[sql_name = "type"]
        type_ -> Text,
        id -> Text,
        is_public -> Bool,
        version -> BigInt,
        words -> TsVector,
    }
}

diesel::table! {
    sessions (id) {
        id -> Uuid,
        user -> Uuid,
        scope -> Text,
        generation -> Integer,
        user_agent -> Text,
        address -> Text,
        created_at -> Timestamptz,
        used_at -> Timestamptz,
        expires_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
        ended_reason -> Nullable<Text>,
        unseen_token -> Nullable<Uuid>,
        application -> Nullable<Text>,
        narrowed -> Bool,
    }
}

diesel::table! {
    sign_in_failures (key) {
        key -> Text,
        count -> Integer,
        since -> Timestamptz,
    }
}

diesel::table! {
    stray_files (key) {
        key -> Text,
        due -> Timestamptz,
    }
}

diesel::table! {
    subjects (id) {
        id -> Text,
        name -> Jsonb,
        version -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    templates (id) {
        id -> Text,
        programme -> Text,
        name -> Jsonb,
        sections -> Jsonb,
        version -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    tour_refs (city, system, key) {
        city -> Text,
        system -> Text,
        key -> Text,
        tour -> Uuid,
    }
}

diesel::table! {
    tours (id) {
        id -> Uuid,
        pairing -> Text,
        visiting_city -> Text,
        host_city -> Text,
        direction -> Text,
        visiting_side -> Text,
        host_side -> Text,
        when -> Text,
        earliest -> Nullable<Date>,
        latest -> Nullable<Date>,
        status -> Text,
        programme -> Jsonb,
        report -> Nullable<Jsonb>,
        delegates -> Jsonb,
        version -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        delegates_named -> Integer,
        funded_named -> Integer,
        funded_max -> Nullable<Integer>,
        waived -> Array<Text>,
        external_refs -> Jsonb,
        delegates_recorded -> Jsonb,
        time_zone -> Text,
    }
}

diesel::table! {
    used_ids (type_, id) {
        #[sql_name = "type"]
        type_ -> Text,
        id -> Text,
    }
}

diesel::table! {
    users (id) {
        id -> Uuid,
        email -> Text,
        name -> Text,
        role -> Text,
        city -> Nullable<Text>,
        side -> Nullable<Text>,
        active -> Bool,
        password_hash -> Text,
        version -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    waivers (id) {
        id -> Text,
        tour -> Uuid,
        check -> Text,
        reason -> Text,
        by -> Nullable<Uuid>,
        version -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
    }
}

diesel::table! {
    change_cities (seq, city) {
        seq -> BigInt,
        city -> Text,
        reader -> Text,
        #[sql_name = "type"]
        type_ -> Text,
    }
}

diesel::table! {
    changes (seq) {
        seq -> BigInt,
        reader -> Text,
        #[sql_name = "type"]
        type_ -> Text,
        resource -> Text,
        path -> Text,
        action -> Text,
        version -> BigInt,
        at -> Timestamptz,
        by -> Nullable<Uuid>,
        cities -> Array<Text>,
        not_for -> Array<Text>,
        numbered_at -> Timestamptz,
    }
}

diesel::table! {
    records (one) {
        one -> Bool,
        stamp -> Uuid,
    }
}

diesel::table! {
    feed (one) {
        one -> Bool,
        epoch -> Uuid,
        floor -> BigInt,
        last -> BigInt,
    }
}

diesel::table! {
    unnumbered_changes (id) {
        id -> BigInt,
        #[sql_name = "type"]
        type_ -> Text,
        resource -> Text,
        path -> Text,
        version -> Nullable<BigInt>,
        at -> Timestamptz,
        before -> Jsonb,
        after -> Jsonb,
    }
}

diesel::table! {
    webhook_deliveries (id) {
        id -> Uuid,
        webhook -> Uuid,
        #[sql_name = "type"]
        type_ -> Text,
        seq -> Nullable<BigInt>,
        body -> Text,
        state -> Text,
        attempts -> Integer,
        due_at -> Nullable<Timestamptz>,
        tried_since -> Nullable<Timestamptz>,
        last_at -> Nullable<Timestamptz>,
        last_status -> Nullable<Integer>,
        last_error -> Nullable<Text>,
        last_millis -> Nullable<Integer>,
        created_at -> Timestamptz,
        ended_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    webhook_secrets (id) {
        id -> Uuid,
        webhook -> Uuid,
        secret -> Text,
        created_at -> Timestamptz,
        expires_at -> Nullable<Timestamptz>,
    }
}

diesel::table! {
    webhooks (id) {
        id -> Uuid,
        city -> Nullable<Text>,
        url -> Text,
        description -> Nullable<Text>,
        types -> Array<Text>,
        cities -> Array<Text>,
        active -> Bool,
        off_because -> Nullable<Text>,
        failing_since -> Nullable<Timestamptz>,
        last_success_at -> Nullable<Timestamptz>,
        secrets -> Jsonb,
        version -> BigInt,
        created_at -> Timestamptz,
        updated_at -> Timestamptz,
        epoch -> Uuid,
        seq -> BigInt,
        failures -> Integer,
        rests_until -> Timestamptz,
        claim -> Nullable<Uuid>,
        leased_until -> Timestamptz,
        kept_by -> Nullable<Uuid>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(
    action_plan_comments,
    action_plan_kept_sources,
    action_plan_measurements,
    action_plan_proponents,
    action_plan_readers,
    action_plan_refs,
    action_plan_sdgs,
    action_plan_revisions,
    action_plan_sources,
    action_plan_versions,
    action_plans,
    applications,
    authorization_codes,
    cities,
    client_secrets,
    client_tokens,
    clients,
    contribution_declines,
    contribution_refs,
    contributions,
    delegates,
    events,
    feed,
    idempotency_keys,
    key_questions,
    keys,
    knowledge,
    knowledge_cities,
    knowledge_refs,
    knowledge_sdgs,
    knowledge_subjects,
    loaded_items,
    meeting_cities,
    meeting_dates,
    meeting_knowledge,
    meetings,
    pairing_cities,
    pairing_subjects,
    pairings,
    programmes,
    refresh_tokens,
    sdg_codes,
    sdgs,
    search_words,
    sessions,
    sign_in_failures,
    stray_files,
    subjects,
    templates,
    tour_refs,
    tours,
    used_ids,
    users,
    waivers,
    webhook_deliveries,
    webhook_secrets,
    webhooks,
);

diesel::joinable!(client_secrets -> clients (client));
diesel::joinable!(client_tokens -> client_secrets (secret));
diesel::joinable!(refresh_tokens -> sessions (session));
diesel::joinable!(sessions -> users (user));
