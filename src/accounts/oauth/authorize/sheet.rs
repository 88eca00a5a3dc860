//! The page on which a person signs in, in English and Japanese.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderValue, REFERRER_POLICY};

use super::request::{Authorization, Requester, Sent};
use crate::messages::{Args, Language, Value, best_language, message, word};
use crate::page::{escaped, escaped_with_code, page};
use crate::problem::Problem;
use crate::request::Ask;

/// The language of the page: what the application says that the person reads, or else what the browser says.
pub fn language_of(ask: &Ask, sent: &Sent) -> Language {
    let told = sent.get("ui_locales").unwrap_or_default().replace(' ', ",");
    let tags: Vec<&str> = Language::ALL
        .iter()
        .map(|language| language.tag())
        .collect();
    let known = best_language(&told, &tags);
    let named = Language::ALL
        .iter()
        .find(|language| Some(language.tag()) == known);
    let browser = ask.header(header::ACCEPT_LANGUAGE);
    named
        .copied()
        .unwrap_or_else(|| Language::negotiate(Some(&browser)))
}

/// A text of the page, in its language.
fn told(language: Language, id: &str, name: &str) -> String {
    let args: Args = vec![("name", Value::Plain(name.to_owned()))];
    message(language, &format!("sign-in-{id}"), None, &args).unwrap_or_default()
}

/// The form; `trouble` is why it is shown again.
pub fn form(
    language: Language,
    sent: &Sent,
    authorization: &Authorization,
    trouble: Option<&Problem>,
) -> HttpResponse {
    let text = |id| escaped(&told(language, id, ""));
    let back = &authorization.back;
    let name = match &authorization.requester {
        Requester::SwaggerUi => told(language, "docs", ""),
        Requester::Application(application) => application.name.best(language.tag()).to_owned(),
    };
    let title = told(language, "title", &name);
    let kept: String = sent
        .kept()
        .map(|(name, value)| hidden(name, value))
        .collect();
    let rights = match authorization.wanted() {
        None => format!("<p>{}</p>\n", text("everything")),
        Some(scopes) => {
            let words = scopes.words().into_iter();
            let lines = words.map(|scope| {
                let id = word("scope", scope.replace(':', "-"));
                let meaning = message(language, &id, None, &Args::new()).unwrap_or_default();
                format!("<li>{}</li>\n", escaped_with_code(&meaning))
            });
            let lines: String = lines.collect();
            format!("<p>{}</p>\n<ul>\n{lines}</ul>\n", text("rights"))
        }
    };
    let words = trouble.map_or_else(String::new, |problem| told_trouble(problem, language));
    let others = Language::ALL.iter().filter(|other| **other != language);
    let others: String = others.map(|other| link_to(*other, sent)).collect();
    let email = escaped(
        sent.get("email")
            .or(sent.get("login_hint"))
            .unwrap_or_default(),
    );
    let body = format!(
        "<main class=\"narrow\">\n<h1>{}</h1>\n<p>{}</p>\n{words}\
         <form method=\"post\" action=\"authorize\">\n{kept}\
         <label>{}<input type=\"email\" name=\"email\" value=\"{email}\" maxlength=\"254\" autocomplete=\"username\" required></label>\n\
         <label>{}<input type=\"password\" name=\"password\" maxlength=\"256\" autocomplete=\"current-password\" required></label>\n\
         {rights}\
         <button class=\"main\" name=\"decision\" value=\"sign_in\">{}</button>\n\
         <button name=\"decision\" value=\"cancel\" formnovalidate>{}</button>\n\
         </form>\n{others}</main>\n",
        escaped(&title),
        escaped_with_code(&told(language, "leads-to", back.origin())),
        text("email"),
        text("password"),
        text("submit"),
        text("cancel"),
    );
    let status = trouble.map_or(StatusCode::OK, Problem::status);
    let mut page = page(status, language, &title, &body, true);
    for (name, value) in trouble.into_iter().flat_map(Problem::headers) {
        page.headers_mut().insert(name.clone(), value.clone());
    }
    finished(page)
}

/// What went wrong, where nobody can be led back.
pub fn refusal(language: Language, problem: &Problem) -> HttpResponse {
    let title = told(language, "refused", "");
    let body = format!(
        "<main class=\"narrow\">\n<h1>{}</h1>\n<p>{}</p>\n{}</main>\n",
        escaped(&title),
        escaped(&told(language, "refused-help", "")),
        told_trouble(problem, language),
    );
    finished(page(problem.status(), language, &title, &body, false))
}

/// A problem in words, with the places that it names.
fn told_trouble(problem: &Problem, language: Language) -> String {
    let faults = problem.faults().iter().map(|fault| {
        let place = escaped(fault.parameter().unwrap_or_default());
        let detail = escaped_with_code(&fault.detail(language));
        format!("<p><code>{place}</code> {detail}</p>\n")
    });
    let faults: String = faults.collect();
    let words = match faults.is_empty() {
        true => format!("<p>{}</p>\n", escaped_with_code(&problem.detail(language))),
        false => faults,
    };
    format!("<div class=\"trouble\" role=\"alert\">\n{words}</div>\n")
}

fn hidden(name: &str, value: &str) -> String {
    format!(
        "<input type=\"hidden\" name=\"{name}\" value=\"{}\">\n",
        escaped(value)
    )
}

/// The same page in another language.
fn link_to(language: Language, sent: &Sent) -> String {
    let kept = sent.kept().filter(|(name, _)| *name != "ui_locales");
    let mut query = form_urlencoded::Serializer::new(String::new());
    query
        .extend_pairs(kept)
        .append_pair("ui_locales", language.tag());
    let (tag, query) = (language.tag(), escaped(&query.finish()));
    let name = escaped(&told(language, "language", ""));
    format!("<p><a href=\"authorize?{query}\" hreflang=\"{tag}\" lang=\"{tag}\">{name}</a></p>\n")
}

/// Nobody keeps the page; and where it is sent from is told to this service alone, which looks at that.
fn finished(mut page: HttpResponse) -> HttpResponse {
    let headers = page.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    page
}
