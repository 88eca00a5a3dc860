//! What an application asks for when it sends a person to sign in (RFC 6749, section 4.1.1; RFC 7636, section 4.3).

use crate::accounts::applications::db::{SWAGGER_UI, find_active};
use crate::accounts::applications::types::Application;
use crate::accounts::tokens::Reach;
use crate::accounts::types::User;
use crate::contract::form_pairs;
use crate::db::Connection;
use crate::ids::ApplicationId;
use crate::messages::word;
use crate::places::RedirectUri;
use crate::policy::{Scope, Scopes, Thing, scopes};
use crate::problem::{Fault, Problem, Rule};
use crate::request::Ask;

/// The longest `state` that is sent back.
const LONGEST_STATE: usize = 2000;

/// The parameters of a request, as sent: those that it does not know are ignored (RFC 6749, section 3.1), and those without a
/// value are as if they were not there.
pub struct Sent(Vec<(String, String)>);

impl Sent {
    /// Those of a query, or of a form.
    pub fn of(text: &str) -> Self {
        let mut pairs = form_pairs(text);
        pairs.retain(|(_, value)| !value.is_empty());
        Self(pairs)
    }

    /// The value of this parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(there, _)| there == name);
        found.map(|(_, value)| value.as_str())
    }

    fn is_repeated(&self, name: &str) -> bool {
        self.0.iter().filter(|(there, _)| there == name).count() > 1
    }

    /// What the page sends on with the sign-in.
    pub fn kept(&self) -> impl Iterator<Item = (&str, &str)> {
        PARAMETERS
            .iter()
            .filter_map(|name| Some((*name, self.get(name)?)))
    }
}

/// What an application may say; each once.
const PARAMETERS: &[&str] = &[
    "client_id",
    "redirect_uri",
    "response_type",
    "state",
    "scope",
    "code_challenge",
    "code_challenge_method",
    "response_mode",
    "prompt",
    "login_hint",
    "ui_locales",
    "request",
    "request_uri",
];

/// Who sends a person to sign in.
pub enum Requester {
    /// The service's own Swagger UI.
    SwaggerUi,
    /// A frontend of others.
    Application(Application),
}

impl Requester {
    /// Its id, of a frontend of others.
    pub fn id(&self) -> Option<&ApplicationId> {
        match self {
            Self::SwaggerUi => None,
            Self::Application(application) => Some(&application.id),
        }
    }
}

/// Where the answer goes, once it is known whose the address is.
pub struct Back {
    redirect_uri: String,
    state: Option<String>,
    issuer: String,
}

impl Back {
    /// The address with these parameters, the `state` that was sent, and who answers (RFC 9207).
    pub fn with(&self, answer: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(answer);
        if let Some(state) = &self.state {
            query.append_pair("state", state);
        }
        query.append_pair("iss", &self.issuer);
        let join = if self.redirect_uri.contains('?') {
            '&'
        } else {
            '?'
        };
        format!("{}{join}{}", self.redirect_uri, query.finish())
    }

    /// The address itself.
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Scheme, host and port of the address.
    pub fn origin(&self) -> &str {
        let host = self.redirect_uri.find("://").map_or(0, |place| place + 3);
        let rest = self.redirect_uri.get(host..).unwrap_or_default();
        let end = rest
            .find('/')
            .map_or(self.redirect_uri.len(), |place| host + place);
        self.redirect_uri.get(..end).unwrap_or_default()
    }
}

/// A request that can be answered by a sign-in.
pub struct Authorization {
    /// Who asks.
    pub requester: Requester,
    /// Where the answer goes.
    pub back: Back,
    /// The digest of the verifier.
    pub challenge: String,
    asked: Option<Scopes>,
}

/// Why there is nothing to sign in to.
pub enum Refusal {
    /// It is not known whose the address is: the person is told, and led nowhere.
    Here(Problem),
    /// The application is told: the address to go to.
    There(String),
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self::Here(problem)
    }
}

impl From<diesel::result::Error> for Refusal {
    fn from(error: diesel::result::Error) -> Self {
        Self::Here(error.into())
    }
}

impl Authorization {
    /// What is asked for with these parameters.
    pub async fn of(ask: &Ask, conn: &mut Connection, sent: &Sent) -> Result<Self, Refusal> {
        let (requester, back) = known(ask, conn, sent).await?;
        let refuse = |error: &str, why: &str| {
            let answer = [("error", error), ("error_description", why)];
            Err(Refusal::There(back.with(&answer)))
        };
        if let Some(name) = PARAMETERS.iter().find(|name| sent.is_repeated(name)) {
            return refuse("invalid_request", &format!("{name} stands twice"));
        }
        match sent.get("response_type") {
            Some("code") => {}
            None => return refuse("invalid_request", "response_type is missing"),
            Some(_) => return refuse("unsupported_response_type", "response_type must be code"),
        }
        if sent
            .get("response_mode")
            .is_some_and(|mode| mode != "query")
        {
            return refuse("invalid_request", "response_mode must be query");
        }
        if sent.get("request").is_some() || sent.get("request_uri").is_some() {
            return refuse("invalid_request", "request objects are not taken");
        }
        if back.state.is_none() && sent.get("state").is_some() {
            return refuse("invalid_request", "state is too long");
        }
        let Some(challenge) = sent.get("code_challenge").filter(|it| is_digest(it)) else {
            let why = "code_challenge must be the SHA-256 of the verifier in base64url (RFC 7636)";
            return refuse("invalid_request", why);
        };
        if sent.get("code_challenge_method") != Some("S256") {
            return refuse("invalid_request", "code_challenge_method must be S256");
        }
        let named = sent.get("scope").unwrap_or_default();
        if let Some(unknown) = named.split(' ').find(|word| word.parse::<Scope>().is_err())
            && !named.is_empty()
        {
            let why = format!("there is no scope {}", shown(unknown));
            return refuse("invalid_scope", &why);
        }
        let asked = Scopes::named(named);
        if let (Requester::Application(application), Some(asked)) = (&requester, asked)
            && !application.reach().contain(asked)
        {
            let why = format!("the application has no more than {}", application.reach());
            return refuse("invalid_scope", &why);
        }
        // No sign-in is remembered, so there is none without a page.
        let mut prompts = sent.get("prompt").unwrap_or_default().split(' ');
        if prompts.any(|prompt| prompt == "none") {
            return refuse("login_required", "the person has to sign in");
        }
        let challenge = challenge.to_owned();
        Ok(Self {
            requester,
            back,
            challenge,
            asked,
        })
    }

    /// What is asked for, as far as it is known before it is known who signs in; `None`: all that the person may.
    pub fn wanted(&self) -> Option<Scopes> {
        match &self.requester {
            Requester::SwaggerUi => self.asked,
            Requester::Application(application) => Some(self.asked.unwrap_or(application.reach())),
        }
    }

    /// How far the tokens of `user` are to reach; `None`: nothing of what is asked for is the user's to do.
    pub fn reach_of(&self, user: &User) -> Option<Reach> {
        let Some(wanted) = self.wanted() else {
            return Some(Reach::of_role(user));
        };
        let scope = wanted.and(scopes(user.role.into()));
        (!scope.is_empty()).then(|| Reach {
            application: self.requester.id().cloned(),
            scope,
            narrowed: true,
        })
    }
}

/// Who asks, and where the answer goes, which must be an address of theirs.
async fn known(
    ask: &Ask,
    conn: &mut Connection,
    sent: &Sent,
) -> Result<(Requester, Back), Refusal> {
    let one = |name: &'static str| {
        let rule = match sent.is_repeated(name) {
            true => Rule::RepeatedParameter,
            false => Rule::Required,
        };
        let value = sent.get(name).filter(|_| !sent.is_repeated(name));
        value.ok_or_else(|| Problem::fault(Fault::in_parameter(name, rule)))
    };
    let (id, redirect_uri) = (one("client_id")?, one("redirect_uri")?);
    let (requester, allowed) = if id == SWAGGER_UI {
        (Requester::SwaggerUi, own_addresses(&ask.app.public_url))
    } else {
        let misspelt = || Problem::fault(Fault::in_parameter("client_id", Rule::Slug));
        let found = find_active(conn, &id.parse().map_err(|_| misspelt())?).await?;
        let application = found.ok_or_else(|| unknown_application(id))?;
        let allowed = application.redirect_uris.clone();
        (Requester::Application(application), allowed)
    };
    if !allowed.iter().any(|known| known.allows(redirect_uri)) {
        let fault = Fault::in_parameter("redirect_uri", Rule::NotRegistered);
        return Err(Problem::fault(fault).into());
    }
    let back = Back {
        redirect_uri: redirect_uri.to_owned(),
        state: sent
            .get("state")
            .filter(|state| state.len() <= LONGEST_STATE)
            .map(str::to_owned),
        issuer: ask.app.public_url.clone(),
    };
    Ok((requester, back))
}

/// The problem of a `client_id` to which people cannot sign in.
pub fn unknown_application(id: &str) -> Problem {
    let fault = Fault::in_parameter("client_id", Rule::UnknownReference);
    let kind = word("thing", Thing::Application);
    Problem::fault(fault.with_word("kind", kind).with("id", id))
}

/// Where Swagger UI takes a sign-in over; on the own machine by whichever name it was opened.
fn own_addresses(public_url: &str) -> Vec<RedirectUri> {
    let page = |origin: &str| RedirectUri::own(format!("{origin}/docs/oauth2-redirect.html"));
    let own = page(public_url);
    let names = ["http://127.0.0.1", "http://localhost", "http://[::1]"].map(page);
    match names.iter().any(|name| name.allows(own.as_str())) {
        true => names.into(),
        false => vec![own],
    }
}

/// What may be told of somebody's word in a description (RFC 6749, section 4.1.2.1).
fn shown(word: &str) -> String {
    let mut shown: String = word.chars().filter(char::is_ascii_alphanumeric).collect();
    shown.truncate(40);
    shown
}

/// Whether the text is a SHA-256 in base64url without padding.
fn is_digest(text: &str) -> bool {
    let mut bytes = text.bytes();
    text.len() == 43
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}
