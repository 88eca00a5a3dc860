//! Pages for people: the few that the service shows itself. They have no scripts, load nothing, and stand in no frame.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, VARY};
use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::messages::Language;

const STYLE: &str = "\
:root { color-scheme: light dark }
body { font: 1.05rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem }
main.narrow { max-width: 24rem; margin: auto }
h1 { font-size: 1.6rem; line-height: 1.25 }
code { background: #8882; padding: 0 .2em; overflow-wrap: anywhere }
label { display: block; margin: 1rem 0 }
input { display: block; box-sizing: border-box; width: 100%; font: inherit; padding: .5rem .6rem; border: 1px solid #888; \
border-radius: .3rem }
button { font: inherit; padding: .5rem 1.2rem; margin: .5rem .5rem 1rem 0; border: 1px solid #1f5fae; border-radius: .3rem; \
color: #1f5fae; background: none; cursor: pointer }
button.main { background: #1f5fae; color: #fff }
:focus-visible { outline: 3px solid #f0a500; outline-offset: 1px }
.trouble { border-left: .3rem solid #c62828; padding: .2rem .8rem; background: #c6282818 }
@media (prefers-color-scheme: dark) { button { color: #9cc4f5; border-color: #9cc4f5 } }
";

/// The one style sheet, by its digest: no other is let in.
static STYLE_SOURCE: LazyLock<String> = LazyLock::new(|| {
    let hash = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    format!("'sha256-{hash}'")
});

/// A page in `language`. `body` is HTML, whose texts are [`escaped`]. Where it has a form, browsers are not told where that may
/// go: they would hold all redirects that follow against it, wherever these lead from the page of a frontend on.
pub fn page(
    status: StatusCode,
    language: Language,
    title: &str,
    body: &str,
    has_form: bool,
) -> HttpResponse {
    let html = format!(
        "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n\
         <style>{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        language.tag(),
        escaped(title),
    );
    let forms = if has_form { "" } else { "form-action 'none'; " };
    let policy = format!(
        "default-src 'none'; style-src {}; {forms}base-uri 'none'; frame-ancestors 'none'",
        *STYLE_SOURCE,
    );
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_LANGUAGE, language.tag()))
        .insert_header((VARY, "Accept-Encoding, Accept-Language"))
        .insert_header((CONTENT_SECURITY_POLICY, policy))
        .body(html)
}

/// Text in HTML, also between quotation marks.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The same, in which what stands in backquotes is code.
pub fn escaped_with_code(text: &str) -> String {
    let text = escaped(text);
    let parts = text.split('`').enumerate();
    parts
        .map(|(index, part)| match index % 2 {
            1 => format!("<code>{part}</code>"),
            _ => part.to_owned(),
        })
        .collect()
}
