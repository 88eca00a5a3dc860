//! What a form says, and which machine client sends it (RFC 6749, section 2.3.1).

use actix_web::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use actix_web::web::Payload;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::accounts::clients::grants::{Known, find_by_secret};
use crate::accounts::throttle::Throttle;
use crate::clock::now;
use crate::contract::{basic, form_pairs};
use crate::problem::{Code, Faults, Problem, Rule};
use crate::request::Ask;
use crate::write::{MediaType, read};

/// The parameters of every form: others are ignored.
const PARAMETERS: &[&str] = &[
    "grant_type",
    "code",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    "scope",
    "token",
    "token_type_hint",
    "client_id",
    "client_secret",
];

/// The form in the body, checked by the contract.
pub async fn read_form<T: DeserializeOwned + ToSchema>(
    ask: &mut Ask,
    payload: Payload,
) -> Result<T, Problem> {
    let body = read(ask, payload, &[MediaType::Form])
        .await
        .map_err(|problem| told(problem, "invalid_request"))?
        .1;
    let mut faults = Faults::new();
    let mut fields = Map::new();
    for (name, value) in form_pairs(&String::from_utf8_lossy(&body)) {
        if value.is_empty() || !PARAMETERS.contains(&name.as_str()) {
            continue;
        }
        let pointer = format!("/{name}");
        faults.check(fields.contains_key(&name), pointer, Rule::DuplicateName);
        fields.insert(name, value.into());
    }
    let known = T::schema();
    let known = serde_json::to_value(known).unwrap_or_default();
    fields.retain(|name, _| known.pointer(&format!("/properties/{name}")).is_some());
    let value = Value::Object(fields);
    faults.extend(ask.app.contract.check(&T::name(), &value));
    faults
        .into_result()
        .map_err(|problem| told(problem, "invalid_request"))?;
    serde_json::from_value(value).map_err(|_| Problem::new(Code::Internal))
}

/// The problem, in the words of OAuth too.
pub fn told(problem: Problem, error: &str) -> Problem {
    problem.member("error", json!(error))
}

/// The problem of a client that is not who it says.
pub fn invalid_client() -> Problem {
    let challenge = "Basic realm=\"iuc\", charset=\"UTF-8\"";
    told(Problem::new(Code::InvalidClient), "invalid_client").header(WWW_AUTHENTICATE, challenge)
}

/// The id that stands in the `Authorization` field without a secret, as some libraries send that of an application.
pub fn public_client(ask: &Ask) -> Option<String> {
    let shown = Credentials::decode(basic(&ask.header(AUTHORIZATION))?)?;
    Some(shown.id).filter(|_| shown.secret.expose_secret().is_empty())
}

/// What a client shows to say who it is.
pub struct Credentials {
    id: String,
    secret: SecretString,
}

impl Credentials {
    /// As they stand in the `Authorization` field or in the form; `None` where there are none, or no secret.
    pub fn of(
        ask: &Ask,
        id: Option<&String>,
        secret: Option<&String>,
    ) -> Result<Option<Self>, Problem> {
        let field = ask.header(AUTHORIZATION);
        let Some(encoded) = basic(&field) else {
            return Ok(match (id, secret) {
                (Some(id), Some(secret)) => Some(Self {
                    id: id.clone(),
                    secret: secret.as_str().into(),
                }),
                (None, Some(_)) => return Err(invalid_client()),
                (_, None) => None,
            });
        };
        let shown = Self::decode(encoded).ok_or_else(invalid_client)?;
        if shown.secret.expose_secret().is_empty() {
            return Ok(None);
        }
        let mut faults = Faults::new();
        faults.check(secret.is_some(), "/client_secret", Rule::OneOfBoth);
        let other = id.is_some_and(|id| *id != shown.id);
        faults.check(other, "/client_id", Rule::OneOfBoth);
        faults
            .into_result()
            .map_err(|problem| told(problem, "invalid_request"))?;
        Ok(Some(shown))
    }

    /// Id and secret, each encoded as in a form, joined by a colon, in base64.
    fn decode(encoded: &str) -> Option<Self> {
        let decoded = STANDARD.decode(encoded).ok()?;
        let text = String::from_utf8(decoded).ok()?;
        let (id, secret) = text.split_once(':')?;
        Some(Self {
            id: form_decoded(id)?,
            secret: form_decoded(secret)?.into(),
        })
    }

    /// The client that they belong to. Failures are counted, and too many shut it out for a while.
    pub async fn authenticate(&self, ask: &Ask) -> Result<Known, Problem> {
        let throttle = Throttle::of_client(&self.id, &ask.address);
        let mut conn = ask.app.db.connection().await?;
        throttle.look(&mut conn, now()).await?;
        let secret = self.secret.expose_secret();
        if let Some(known) = find_by_secret(&mut conn, &self.id, secret, now()).await? {
            return Ok(known);
        }
        throttle.count(&mut conn, now()).await?;
        Err(invalid_client())
    }
}

/// One value of a form (WHATWG URL, application/x-www-form-urlencoded); `None` when it is more than one.
fn form_decoded(text: &str) -> Option<String> {
    if text.contains(['&', '=']) {
        return None;
    }
    let pairs = form_pairs(text);
    match pairs.as_slice() {
        [] => Some(String::new()),
        [(only, _)] => Some(only.clone()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> Option<(String, String)> {
        let shown = Credentials::decode(&STANDARD.encode(text))?;
        Some((shown.id, shown.secret.expose_secret().to_owned()))
    }

    #[test]
    fn id_and_secret_are_decoded_apart() {
        let both = |id: &str, secret: &str| Some((id.to_owned(), secret.to_owned()));
        assert_eq!(decoded("a-b:iuc_cs_x"), both("a-b", "iuc_cs_x"));
        assert_eq!(decoded("a%2Db:iuc%5Fcs%5fx"), both("a-b", "iuc_cs_x"));
        assert_eq!(decoded("a%3Ab:c:d"), both("a:b", "c:d"));
        assert_eq!(decoded("a+b:c%20d"), both("a b", "c d"));
        assert_eq!(decoded("a:"), both("a", ""));
        for bad in ["", "a", "a=b:c", "a:b&c=d"] {
            assert_eq!(decoded(bad), None, "{bad}");
        }
        assert!(Credentials::decode("no base64!").is_none());
    }
}
