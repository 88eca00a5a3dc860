//! Every path of the service, in one list.

use actix_web::dev::HttpServiceFactory;
use actix_web::guard::{GuardContext, fn_guard};
use actix_web::web::ServiceConfig;
use utoipa_actix_web::OpenApiFactory;
use utoipa_actix_web::scope::scope;
use utoipa_actix_web::service_config::ServiceConfig as Documented;

use crate::accounts::applications::http as applications;
use crate::accounts::clients::http as clients;
use crate::accounts::oauth::{authorize, introspection, revocation, token};
use crate::accounts::{http as users, sign_in};
use crate::action_plans::comments::http as plan_comments;
use crate::action_plans::http as action_plans;
use crate::action_plans::measurements::http as plan_measurements;
use crate::action_plans::reports as plan_reports;
use crate::action_plans::versions::http as plan_versions;
use crate::audit::http as audit;
use crate::changes::http as changes;
use crate::cities::http as cities;
use crate::contributions::http as contributions;
use crate::edge::Route;
use crate::key_questions::http as key_questions;
use crate::knowledge::http as knowledge;
use crate::meetings::http as meetings;
use crate::pairings::http as pairings;
use crate::programmes::http as programmes;
use crate::sdgs::http as sdgs;
use crate::statistics::http as statistics;
use crate::status::{
    get_status, health_live, health_ready, jwks, metadata, openapi_document, problem_page,
};
use crate::subjects::http as subjects;
use crate::templates::http as templates;
use crate::tours::delegates::http as delegates;
use crate::tours::http as tours;
use crate::tours::waivers::http as waivers;
use crate::uptake::http as uptake;
use crate::webhooks::http as webhooks;

/// What takes operations: with their documentation, or to serve them alone.
trait Operations: Sized {
    fn service<F>(&mut self, operation: F) -> &mut Self
    where
        F: HttpServiceFactory + OpenApiFactory + 'static;

    /// Takes those whose paths begin with `/v1/` and this segment.
    fn below(&mut self, segment: &'static str, operations: impl FnOnce(&mut Self)) -> &mut Self;
}

impl Operations for Documented<'_> {
    fn service<F>(&mut self, operation: F) -> &mut Self
    where
        F: HttpServiceFactory + OpenApiFactory + 'static,
    {
        Documented::service(self, operation)
    }

    fn below(&mut self, _: &'static str, operations: impl FnOnce(&mut Self)) -> &mut Self {
        operations(self);
        self
    }
}

impl Operations for ServiceConfig {
    fn service<F>(&mut self, operation: F) -> &mut Self
    where
        F: HttpServiceFactory + OpenApiFactory + 'static,
    {
        ServiceConfig::service(self, operation)
    }

    /// A request for another segment is not held against their patterns, of which there are many.
    fn below(&mut self, segment: &'static str, operations: impl FnOnce(&mut Self)) -> &mut Self {
        let is_below = move |context: &GuardContext<'_>| {
            let found = context.req_data();
            let route = found.get::<Route>();
            route
                .and_then(|Route(route)| route.strip_prefix("/v1/")?.strip_prefix(segment))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let apart = actix_web::web::scope("").guard(fn_guard(is_below));
        ServiceConfig::service(self, apart.configure(operations))
    }
}

/// The operations of the API, with their documentation.
pub fn documented(config: &mut Documented<'_>) {
    config.service(scope("/v1").configure(|config: &mut Documented<'_>| below_v1(config)));
    oauth(config);
}

/// The operations of the API, to be served: each worker takes them, and the document is made once.
pub fn api(config: &mut ServiceConfig) {
    config.service(actix_web::web::scope("/v1").configure(below_v1));
    oauth(config);
}

fn below_v1(config: &mut impl Operations) {
    config
        .service(audit::list_audit_entries)
        .service(changes::list_changes)
        .service(sign_in::get_me)
        .service(get_status)
        .below("programmes", programmes_below)
        .below("cities", cities_below)
        .below("subjects", subjects_below)
        .below("pairings", pairings_below)
        .below("meetings", meetings_below)
        .below("tours", tours_below)
        .below("key-questions", key_questions_below)
        .below("templates", templates_below)
        .below("sdgs", sdgs_below)
        .below("contributions", contributions_below)
        .below("knowledge", knowledge_below)
        .below("action-plans", action_plans_below)
        .below("webhooks", webhooks_below)
        .below("statistics", statistics_below)
        .below("users", users_below)
        .below("clients", clients_below)
        .below("applications", applications_below)
        .below("sessions", sessions_below)
        .service(uptake::list_source_uses);
}

fn oauth(config: &mut impl Operations) {
    config
        .service(token::create_token)
        .service(revocation::revoke_token)
        .service(introspection::introspect_token);
}

fn programmes_below(config: &mut impl Operations) {
    config
        .service(programmes::list_programmes)
        .service(programmes::get_programme)
        .service(programmes::create_programme)
        .service(programmes::replace_programme)
        .service(programmes::update_programme)
        .service(programmes::delete_programme);
}

fn cities_below(config: &mut impl Operations) {
    config
        .service(cities::list_cities)
        .service(cities::get_city)
        .service(cities::create_city)
        .service(cities::replace_city)
        .service(cities::update_city)
        .service(cities::delete_city);
}

fn subjects_below(config: &mut impl Operations) {
    config
        .service(subjects::list_subjects)
        .service(subjects::get_subject)
        .service(subjects::create_subject)
        .service(subjects::replace_subject)
        .service(subjects::update_subject)
        .service(subjects::delete_subject);
}

fn pairings_below(config: &mut impl Operations) {
    config
        .service(pairings::list_pairings)
        .service(pairings::get_pairing)
        .service(pairings::create_pairing)
        .service(pairings::replace_pairing)
        .service(pairings::update_pairing)
        .service(pairings::delete_pairing)
        .service(uptake::get_pairing_flow);
}

fn meetings_below(config: &mut impl Operations) {
    config
        .service(meetings::list_meetings)
        .service(meetings::get_meeting)
        .service(meetings::create_meeting)
        .service(meetings::replace_meeting)
        .service(meetings::update_meeting)
        .service(meetings::delete_meeting)
        .service(meetings::list_meeting_dates)
        .service(contributions::get_round_table);
}

fn tours_below(config: &mut impl Operations) {
    config
        .service(tours::list_tours)
        .service(tours::get_tour_by_ref)
        .service(tours::put_tour_by_ref)
        .service(tours::delete_tour_by_ref)
        .service(tours::get_tour)
        .service(tours::create_tour)
        .service(tours::replace_tour)
        .service(tours::update_tour)
        .service(tours::delete_tour)
        .service(tours::list_tour_checks)
        .service(waivers::list_waivers)
        .service(waivers::get_waiver)
        .service(waivers::create_waiver)
        .service(waivers::delete_waiver)
        .service(delegates::list_delegates)
        .service(delegates::get_delegate)
        .service(delegates::create_delegate)
        .service(delegates::replace_delegate)
        .service(delegates::update_delegate)
        .service(delegates::delete_delegate);
}

fn key_questions_below(config: &mut impl Operations) {
    config
        .service(key_questions::list_key_questions)
        .service(key_questions::get_key_question)
        .service(key_questions::create_key_question)
        .service(key_questions::replace_key_question)
        .service(key_questions::update_key_question)
        .service(key_questions::delete_key_question);
}

fn templates_below(config: &mut impl Operations) {
    config
        .service(templates::list_templates)
        .service(templates::get_template)
        .service(templates::get_template_schema)
        .service(templates::create_template)
        .service(templates::replace_template)
        .service(templates::update_template)
        .service(templates::delete_template);
}

fn sdgs_below(config: &mut impl Operations) {
    config
        .service(sdgs::list_sdgs)
        .service(sdgs::get_sdg)
        .service(sdgs::create_sdg)
        .service(sdgs::replace_sdg)
        .service(sdgs::update_sdg)
        .service(sdgs::delete_sdg);
}

fn contributions_below(config: &mut impl Operations) {
    config
        .service(contributions::list_contributions)
        .service(contributions::get_contribution_by_ref)
        .service(contributions::put_contribution_by_ref)
        .service(contributions::delete_contribution_by_ref)
        .service(contributions::get_contribution)
        .service(contributions::create_contribution)
        .service(contributions::replace_contribution)
        .service(contributions::update_contribution)
        .service(contributions::delete_contribution)
        .service(uptake::decline_contribution)
        .service(uptake::list_contribution_declines)
        .service(uptake::get_contribution_decline)
        .service(uptake::delete_contribution_decline);
}

fn knowledge_below(config: &mut impl Operations) {
    config
        .service(knowledge::list_knowledge_items)
        .service(knowledge::get_knowledge_item_by_ref)
        .service(knowledge::put_knowledge_item_by_ref)
        .service(knowledge::delete_knowledge_item_by_ref)
        .service(knowledge::get_knowledge_item)
        .service(knowledge::create_knowledge_item)
        .service(knowledge::replace_knowledge_item)
        .service(knowledge::update_knowledge_item)
        .service(knowledge::delete_knowledge_item)
        .service(knowledge::list_knowledge_files)
        .service(knowledge::upload_knowledge_file)
        .service(knowledge::download_knowledge_file)
        .service(knowledge::delete_knowledge_file);
}

fn action_plans_below(config: &mut impl Operations) {
    config
        .service(action_plans::list_action_plans)
        .service(action_plans::put_many_action_plans)
        .service(action_plans::get_action_plan_by_ref)
        .service(action_plans::put_action_plan_by_ref)
        .service(action_plans::delete_action_plan_by_ref)
        .service(action_plans::get_action_plan)
        .service(action_plans::create_action_plan)
        .service(action_plans::replace_action_plan)
        .service(action_plans::update_action_plan)
        .service(action_plans::delete_action_plan)
        .service(action_plans::transition_action_plan)
        .service(action_plans::consent_to_joint_action)
        .service(plan_versions::list_action_plan_versions)
        .service(plan_versions::get_action_plan_version)
        .service(plan_versions::restore_action_plan_version)
        .service(plan_versions::get_action_plan_diff)
        .service(plan_reports::get_action_plan_validation)
        .service(plan_reports::list_action_plan_translations)
        .service(plan_reports::get_action_plan_summary)
        .service(plan_comments::list_comments)
        .service(plan_comments::get_comment)
        .service(plan_comments::create_comment)
        .service(plan_comments::update_comment)
        .service(plan_comments::delete_comment)
        .service(plan_measurements::list_measurements)
        .service(plan_measurements::get_measurement)
        .service(plan_measurements::create_measurement);
}

fn webhooks_below(config: &mut impl Operations) {
    config
        .service(webhooks::list_webhooks)
        .service(webhooks::get_webhook)
        .service(webhooks::create_webhook)
        .service(webhooks::replace_webhook)
        .service(webhooks::update_webhook)
        .service(webhooks::delete_webhook)
        .service(webhooks::create_webhook_secret)
        .service(webhooks::delete_webhook_secret)
        .service(webhooks::test_webhook)
        .service(webhooks::list_deliveries)
        .service(webhooks::get_delivery)
        .service(webhooks::redeliver);
}

fn statistics_below(config: &mut impl Operations) {
    config
        .service(statistics::get_sdg_statistics)
        .service(statistics::get_programme_statistics);
}

fn users_below(config: &mut impl Operations) {
    config
        .service(users::list_users)
        .service(users::get_user)
        .service(users::create_user)
        .service(users::replace_user)
        .service(users::update_user)
        .service(users::delete_user);
}

fn clients_below(config: &mut impl Operations) {
    config
        .service(clients::list_clients)
        .service(clients::get_client)
        .service(clients::create_client)
        .service(clients::replace_client)
        .service(clients::update_client)
        .service(clients::delete_client)
        .service(clients::create_client_secret)
        .service(clients::delete_client_secret);
}

fn applications_below(config: &mut impl Operations) {
    config
        .service(applications::list_applications)
        .service(applications::get_application)
        .service(applications::create_application)
        .service(applications::replace_application)
        .service(applications::update_application)
        .service(applications::delete_application);
}

fn sessions_below(config: &mut impl Operations) {
    config
        .service(sign_in::create_session)
        .service(sign_in::list_sessions)
        .service(sign_in::delete_session);
}

/// What stands beside the API: health, keys, the document, the page to sign in on, and the pages that explain problems.
pub fn beside(config: &mut ServiceConfig) {
    config
        .service(health_live)
        .service(health_ready)
        .service(jwks)
        .service(metadata)
        .service(authorize::show_sign_in)
        .service(authorize::sign_in_on_page)
        .service(openapi_document)
        .service(problem_page);
}
