//! What many operations share, said once: header fields, problems, tags.

use serde_json::{Map, Value, json};

use super::references::SCHEMAS;
use crate::messages::{Args, Language, message, word};
use crate::policy::Scope;

/// References to the header fields of an answer: those of every answer, and `names`.
pub(super) fn good_headers(names: &[&str]) -> Value {
    let always = [
        "API-Version",
        "X-Request-Id",
        "Access-Control-Allow-Origin",
        "RateLimit-Limit",
        "RateLimit-Remaining",
        "RateLimit-Reset",
    ];
    let all = always.iter().chain(names);
    Value::Object(
        all.map(|name| {
            (
                (*name).to_owned(),
                json!({"$ref": format!("#/components/headers/{name}")}),
            )
        })
        .collect(),
    )
}

/// Every header field that answers carry.
pub(super) fn headers() -> Value {
    let text = |description: &str, example: &str| json!({"description": description, "schema": {"type": "string", "maxLength": 4000, "pattern": "^.*$", "examples": [example]}});
    let number = |description: &str| json!({"description": description, "schema": {"type": "integer", "format": "int32", "minimum": 0, "maximum": 1_000_000}});
    json!({
        "API-Version": text("The full version of the API.", "1.0.0"),
        "X-Request-Id": text("The id of the request: yours, if you sent one. Tell it when you ask for help.", "0198d3b4-7e8d-7c1a-9d53-3a4b5c6d7e8f"),
        "Access-Control-Allow-Origin": text("Which frontends may read the answer in a browser.", "*"),
        "RateLimit-Limit": number("How many requests you may send at once, where the number is limited."),
        "RateLimit-Remaining": number("How many of them are left."),
        "RateLimit-Reset": number("Seconds until all of them are there again."),
        "Retry-After": number("Seconds to wait before trying again."),
        "ETag": text("Stands for this state of the thing; send it back in If-Match or If-None-Match.", "\"3\""),
        "Last-Modified": text("When the thing was last changed.", "Thu, 11 Oct 2018 09:00:00 GMT"),
        "Cache-Control": text("Public answers may be kept by anybody, others by you alone; ask again before using them. Problems and tokens are not kept.", "public, no-cache"),
        "Accept-Ranges": text("Ranges of the file can be asked for.", "bytes"),
        "Content-Disposition": text("The name under which to keep the file (RFC 6266).", "attachment; filename=\"plan.pdf\""),
        "Content-Range": text("Which bytes these are, of how many.", "bytes 0-1048575/2097152"),
        "Repr-Digest": text("SHA-256 of the whole file (RFC 9530).", "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"),
        "Location": text("URL of the new thing.", "https://iuc.example/v1/cities/yokohama"),
        "Link": text("The next page, as `rel=\"next\"` (RFC 8288).", "<https://iuc.example/v1/cities?cursor=abc>; rel=\"next\""),
        "Preference-Applied": text("Which of the preferences in `Prefer` were followed (RFC 7240).", "conflict=merge"),
        "Idempotent-Replayed": text("`true` when this is the answer to an earlier request under the same Idempotency-Key.", "true"),
    })
}

/// Every kind of answer that tells of a problem.
pub(super) fn problems() -> Value {
    let problem = |description: &str, retry: bool| {
        let headers = good_headers(if retry {
            &["Retry-After", "Cache-Control"]
        } else {
            &["Cache-Control"]
        });
        json!({"description": description, "headers": headers,
            "content": {"application/problem+json": {"schema": {"$ref": format!("{SCHEMAS}Problem")}}}})
    };
    json!({
        "InvalidRequest": problem("The request is not valid; `errors` lists every fault", false),
        "Unauthorized": problem("No token, or one that is not valid", false),
        "Forbidden": problem("Your role, or the scope of your token, does not allow this", false),
        "NotFound": problem("Not there, or not for you to know of", false),
        "NotAcceptable": problem("There is no such representation; the detail lists what there is", false),
        "RequestTimeout": problem("The body did not arrive in time", false),
        "Conflict": problem("In conflict with what is stored: already there, still in use, still running", false),
        "Gone": problem("The cursor has expired; `exports` names what to begin with", false),
        "PreconditionFailed": problem("It has changed since you read it; `ETag` tells the present state, `conflicts` and `merge` what of a plan collides", false),
        "PayloadTooLarge": problem("The body is too large", false),
        "RangeNotSatisfiable": problem("The file has not the bytes that `Range` asks for; `Content-Range` tells its size", false),
        "UnsupportedMediaType": problem("The media type of the body is not one of those that are taken", false),
        "IdempotencyKeyReused": problem("The Idempotency-Key was used for another request", false),
        "PreconditionRequired": problem("If-Match is missing", false),
        "TooManyRequests": problem("Too many requests; wait for `Retry-After`", true),
        "InternalError": problem("Something went wrong on our side", false),
        "Unavailable": problem("The database is away or busy; try again after `Retry-After`", true),
        "AnyProblem": problem("Any other problem", false),
    })
}

/// How callers tell who they are.
pub(super) fn security_schemes() -> Value {
    let scopes: Map<String, Value> = Scope::ALL
        .iter()
        .map(|scope| {
            let id = word("scope", scope.as_str().replace(':', "-"));
            let meaning = message(Language::En, &id, None, &Args::new());
            (scope.as_str().to_owned(), json!(meaning))
        })
        .collect();
    json!({
        "sign_in": {
            "type": "oauth2",
            "description": "A person signs in on a page of this service (RFC 6749, section 4.1, with PKCE, RFC 7636, following \
                RFC 9700), and the application gets the tokens, JWTs (RFC9068) that follow RFC8725. Here, tick no scope to be \
                allowed all that you may; a token of fewer scopes does nothing that names no scope.",
            "flows": {"authorizationCode": {
                "authorizationUrl": "/oauth/authorize", "tokenUrl": "/oauth/token", "refreshUrl": "/oauth/token", "scopes": scopes,
            }},
        },
        "bearer": {
            "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
            "description": "An access token from `POST /sessions` or `/oauth/token`: a JWT (RFC9068) that follows RFC8725.",
        },
        "oauth2": {
            "type": "oauth2",
            "description": "A machine client gets its access token, a JWT (RFC9068) that follows RFC8725, with its id and secret (RFC 6749, \
                section 4.4); it asks again when it has expired. It may do \
                what its role and the scopes of its token allow; what names no scope is closed to it.",
            "flows": {"clientCredentials": {"tokenUrl": "/oauth/token", "scopes": scopes}},
        },
    })
}

/// The groups of operations, in reading order.
pub(super) fn tags() -> Value {
    let tag = |name: &str, description: &str| json!({"name": name, "description": description});
    json!([
        tag("service", "How the service is."),
        tag("signing in", "Tokens, sessions and your own account."),
        tag(
            "programmes",
            "The phases of the cooperation, with their guidelines."
        ),
        tag("cities", "The participating cities of both sides."),
        tag("subjects", "The topics of cooperation."),
        tag("pairings", "Which cities work together, on what."),
        tag("meetings", "Exchange meetings, webinars and workshops."),
        tag("tours", "Study tours to the partner city."),
        tag("key questions", "What the round tables talk about."),
        tag(
            "contributions",
            "What the cities answer at the round tables, and which lessons a plan declines."
        ),
        tag("templates", "The sections of an action plan."),
        tag("sdgs", "The Sustainable Development Goals."),
        tag(
            "knowledge",
            "What the cities learned and share, with files."
        ),
        tag(
            "action plans",
            "The Local Action Plans that the cities write."
        ),
        tag(
            "statistics",
            "What the programme counts, and which goals its plans serve."
        ),
        tag("changes", "What changed, to keep a copy in step."),
        tag("webhooks", "Being told what changed."),
        tag("users", "The accounts; for admins."),
        tag(
            "machine clients",
            "The IT systems of a city, their scopes and secrets."
        ),
        tag(
            "applications",
            "The frontends of others to which people sign in; for admins."
        ),
        tag("audit", "Who did what, when and from where; for admins."),
    ])
}

/// What the service sends by itself: to webhooks.
pub(super) fn webhooks() -> Value {
    let field = |name: &str, description: &str, example: &str| {
        json!({"name": name, "in": "header", "required": true, "description": description,
            "schema": {"type": "string", "maxLength": 1000, "pattern": "^.+$", "examples": [example]}})
    };
    json!({"message": {"post": {
        "operationId": "receive_message",
        "tags": ["webhooks"],
        "summary": "Be told of a change",
        "description": "What the target of a webhook is sent, along Standard Webhooks: at least once, in the order of the changes as \
            long as the target takes them. Check the signature before anything else, and answer soon: within 15 seconds.",
        "security": [],
        "parameters": [
            field("webhook-id", "Id of the delivery, the same each time that it is sent: what you have already, you need not take in again.",
                "0198d3b4-7e8d-7c1a-9d53-3a4b5c6d7e8f"),
            field("webhook-timestamp", "When it is sent, in Unix seconds. Refuse what is older than some minutes.", "1571212800"),
            field("webhook-signature", "Signatures, separated by spaces: each `v1,` and in base64 the HMAC-SHA-256 over \
                `{webhook-id}.{webhook-timestamp}.{body}`. The key is what stands in base64 behind `whsec_` in the secret. One that fits is enough.",
                "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="),
        ],
        "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": format!("{SCHEMAS}Message")}}}},
        "responses": {
            "2XX": {"description": "You have it, and it is not sent again"},
            "410": {"description": "You want no more: the webhook is switched off"},
            "default": {"description": "You do not have it yet: it is sent again, after `Retry-After` where you say so"},
        },
    }}})
}
