//! The contract, enforced: the published OpenAPI document is what requests are checked against.
//!
//! So a field's length or a parameter's values stand in one place, the type that declares them, and what the
//! document says is what the service does. All faults of a body or of the parameters are found at once.

mod faults;
mod schemas;
mod sound;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use actix_web::http::Method;
use jsonschema::Validator;
use serde_json::{Map, Value, json};

use self::faults::faults_of;
use self::schemas::{SCHEMAS, references, standing_alone, validator};
use crate::messages::word;
use crate::policy::Scopes;
use crate::problem::{Fault, Faults, Rule};

/// How often a body is mended: what was taken out can be missed where it stood, or leave too little there.
const MENDINGS: usize = 6;

/// What the service takes: its operations, and a validator for each body.
pub struct Contract {
    paths: HashMap<String, Path>,
    routes: matchit::Router<String>,
    bodies: HashMap<String, Validator>,
    read_only: HashMap<String, Vec<String>>,
    schemas: Value,
}

/// One path, and what can be done there.
#[derive(Default)]
pub struct Path {
    operations: HashMap<Method, Operation>,
}

/// One operation: a method on a path.
pub struct Operation {
    /// Its `operationId`.
    pub id: String,
    /// Whether it answers callers without a token.
    pub open: bool,
    /// Whether a token makes a difference.
    pub takes_token: bool,
    /// The scopes that a machine client needs; none: it is closed to them.
    pub scopes: Option<Scopes>,
    /// The scopes that a person's token needs which has not all of the role; none: it is closed to such.
    pub scopes_of_person: Option<Scopes>,
    /// Whether it takes a form, as the endpoints of OAuth do: machine clients authenticate there with their secret.
    takes_form: bool,
    /// Since when it is not to be used any more, and when it will be gone.
    pub deprecation: Option<Deprecation>,
    /// Whether its body carries a file, which may take its time.
    takes_file: bool,
    parameters: Vec<Parameter>,
    validator: Validator,
}

/// The end of an operation, as its `x-deprecation` in the document tells it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
pub struct Deprecation {
    /// The `Deprecation` field (RFC 9745): `@` and Unix seconds.
    pub since: String,
    /// The `Sunset` field (RFC 8594): an HTTP date.
    pub sunset: String,
}

struct Parameter {
    name: String,
    list: bool,
    numeric: bool,
    boolean: bool,
}

/// The document breaks a rule of its own; found when the service starts.
#[derive(Debug)]
pub struct BadContract(String);

impl std::fmt::Display for BadContract {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the OpenAPI document cannot be enforced: {}", self.0)
    }
}

impl std::error::Error for BadContract {}

impl Contract {
    /// Reads the contract from the OpenAPI document.
    pub fn of(document: &Value) -> Result<Self, BadContract> {
        let schemas = document
            .pointer("/components/schemas")
            .cloned()
            .unwrap_or_default();
        let mut taken = BTreeSet::new();
        for (_, item) in members(document, "paths") {
            for operation in item.as_object().into_iter().flat_map(Map::values) {
                references(
                    operation.get("requestBody").unwrap_or(&Value::Null),
                    &mut taken,
                );
            }
        }
        let (mut bodies, mut read_only) = (HashMap::new(), HashMap::new());
        for name in taken {
            let Some(schema) = schemas.get(&name) else {
                continue;
            };
            let root = json!({"$ref": format!("{SCHEMAS}{name}")});
            bodies.insert(name.clone(), validator(root, &schemas)?);
            let marked = members(schema, "properties")
                .filter(|(_, property)| property.get("readOnly") == Some(&json!(true)));
            read_only.insert(name, marked.map(|(property, _)| property.clone()).collect());
        }
        let mut paths: HashMap<String, Path> = HashMap::new();
        for (path, item) in members(document, "paths") {
            let prefix = if item.get("servers").is_some() {
                ""
            } else {
                "/v1"
            };
            let path = paths.entry(format!("{prefix}{path}")).or_default();
            for (method, operation) in item.as_object().into_iter().flatten() {
                let Ok(method) = Method::from_bytes(method.to_uppercase().as_bytes()) else {
                    continue;
                };
                if operation.get("operationId").is_some() {
                    path.operations
                        .insert(method, Operation::of(operation, &schemas)?);
                }
            }
        }
        let mut routes = matchit::Router::new();
        for route in paths.keys() {
            let added = routes.insert(route, route.clone());
            added.map_err(|error| BadContract(format!("{route}: {error}")))?;
        }
        Ok(Self {
            paths,
            routes,
            bodies,
            read_only,
            schemas,
        })
    }

    /// The route that leads to `path`, such as `/v1/cities/{id}` to `/v1/cities/umea`; `None`: none of the contract's.
    pub fn route(&self, path: &str) -> Option<&str> {
        Some(self.routes.at(path).ok()?.value)
    }

    /// What the contract says of the route `pattern`, such as `/v1/cities/{id}`; `None`: nothing.
    pub fn path(&self, pattern: &str) -> Option<&Path> {
        self.paths.get(pattern)
    }

    /// Whether the body of `method` on the route `pattern` carries a file.
    pub fn takes_file(&self, pattern: &str, method: &Method) -> bool {
        self.path(pattern)
            .and_then(|path| path.operation(method))
            .is_some_and(|operation| operation.takes_file)
    }

    /// The fields of the schema `name` that only the service sets.
    pub fn read_only(&self, name: &str) -> &[String] {
        self.read_only
            .get(name)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// The schema `name` as a JSON Schema that stands alone.
    pub fn json_schema(&self, name: &str) -> Option<Value> {
        standing_alone(name, &self.schemas)
    }

    /// As [`Contract::check`]; and the body, mended in each place where something is wrong, if that can be done.
    pub fn mend<'b>(&self, name: &str, body: Cow<'b, Value>) -> (Faults, Option<Cow<'b, Value>>) {
        let found = self.check(name, &body);
        if found.iter().any(|fault| fault.pointer() == Some("")) {
            return (found, None);
        }
        let root = json!({"$ref": format!("{SCHEMAS}{name}")});
        let (mut mended, mut left) = (body, found.clone());
        for _ in 0..MENDINGS {
            let mut amiss = left
                .iter()
                .filter(|fault| !fault.rule().is_of_many())
                .peekable();
            if amiss.peek().is_none() {
                return (found, Some(mended));
            }
            for fault in amiss {
                sound::mend(mended.to_mut(), fault, &root, &self.schemas);
            }
            left = self.check(name, &mended);
        }
        (found, None)
    }

    /// The faults of `body` against the schema `name`. What does not even fit where only the service writes is not what is
    /// stored there: that it cannot be written is all that is told of it.
    pub fn check(&self, name: &str, body: &Value) -> Faults {
        match self.bodies.get(name) {
            Some(validator) => {
                let root = json!({"$ref": format!("{SCHEMAS}{name}")});
                let told = |fault: &Fault| {
                    let pointer = fault.pointer().unwrap_or_default();
                    match sound::read_only_above(pointer, &root, &self.schemas) {
                        Some(place) => Fault::at(place, Rule::ReadOnly),
                        None => fault.clone(),
                    }
                };
                faults_of(validator, body).iter().map(told).collect()
            }
            None => {
                tracing::error!(name, "the contract takes no body of this name");
                let fault = Fault::at("", Rule::WrongType);
                Faults::from_iter([fault.with_word("expected", word("expected", "document"))])
            }
        }
    }
}

impl Path {
    /// The operation of `method`. HEAD is answered as GET.
    pub fn operation(&self, method: &Method) -> Option<&Operation> {
        let method = if method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        self.operations.get(method)
    }

    /// Whether it can be patched.
    pub fn is_patchable(&self) -> bool {
        self.operations.contains_key(&Method::PATCH)
    }

    /// The methods that it answers, in the order of their names.
    pub fn methods(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.operations.keys().map(Method::as_str).collect();
        if self.operations.contains_key(&Method::GET) {
            names.push("HEAD");
        }
        names.push("OPTIONS");
        names.sort_unstable();
        names
    }
}

/// The scopes that this way to sign in needs; none: it is not one of the operation's.
fn needed(security: Option<&Vec<Value>>, way: &str) -> Option<Scopes> {
    security.into_iter().flatten().find_map(|ways| {
        let scopes = ways.get(way)?.as_array()?.iter();
        scopes.map(|scope| scope.as_str()?.parse().ok()).collect()
    })
}

impl Operation {
    fn of(operation: &Value, schemas: &Value) -> Result<Self, BadContract> {
        let mut parameters = Vec::new();
        let mut properties = Map::new();
        for parameter in operation
            .get("parameters")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            if parameter.get("in") != Some(&json!("query")) {
                continue;
            }
            let (Some(name), Some(schema)) = (
                parameter.get("name").and_then(Value::as_str),
                parameter.get("schema"),
            ) else {
                continue;
            };
            let one = schema.get("items").unwrap_or(schema);
            parameters.push(Parameter {
                name: name.to_owned(),
                list: has_type(schema, "array"),
                numeric: has_type(one, "integer") || has_type(one, "number"),
                boolean: has_type(one, "boolean"),
            });
            properties.insert(name.to_owned(), schema.clone());
        }
        let root = json!({"type": "object", "properties": properties});
        let security = operation.get("security").and_then(Value::as_array);
        Ok(Self {
            id: operation
                .get("operationId")
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned(),
            open: security.is_some_and(|ways| ways.iter().any(|way| way == &json!({}))),
            takes_token: security.is_none_or(|ways| ways.iter().any(|way| way != &json!({}))),
            scopes: needed(security, "oauth2"),
            scopes_of_person: needed(security, "sign_in").filter(|scopes| !scopes.is_empty()),
            takes_form: operation
                .pointer("/requestBody/content/application~1x-www-form-urlencoded")
                .is_some(),
            deprecation: operation
                .get("x-deprecation")
                .and_then(|told| serde_json::from_value(told.clone()).ok()),
            takes_file: operation
                .pointer("/requestBody/content/multipart~1form-data")
                .is_some(),
            parameters,
            validator: validator(root, schemas)?,
        })
    }

    /// Whether this `Authorization` field is a machine client's own (RFC 6749, section 2.3.1), which the endpoint
    /// itself looks at.
    pub fn is_clients(&self, field: &str) -> bool {
        self.takes_form && basic(field).is_some()
    }

    /// The query parameters as a JSON object, typed as the contract says, or everything wrong with them.
    pub fn parameters(&self, query: &str) -> Result<Value, Faults> {
        let mut faults = Faults::new();
        let mut values = Map::new();
        for (name, text) in form_pairs(query) {
            let Some(parameter) = self
                .parameters
                .iter()
                .find(|parameter| parameter.name == name)
            else {
                faults.push(Fault::in_parameter(name, Rule::UnknownParameter));
                continue;
            };
            if parameter.list {
                let list = values
                    .entry(name)
                    .or_insert_with(|| Value::Array(Vec::new()));
                if let Value::Array(list) = list {
                    list.extend(text.split(',').map(|text| parameter.typed(text)));
                }
            } else if values.contains_key(&name) {
                faults.push(Fault::in_parameter(name, Rule::RepeatedParameter));
            } else {
                values.insert(name, parameter.typed(&text));
            }
        }
        let values = Value::Object(values);
        for fault in faults_of(&self.validator, &values).iter() {
            let name = fault
                .pointer()
                .unwrap_or_default()
                .split('/')
                .nth(1)
                .unwrap_or_default()
                .to_owned();
            faults.push(fault.clone().moved_to_parameter(name));
        }
        if faults.is_empty() {
            Ok(values)
        } else {
            Err(faults)
        }
    }
}

impl Parameter {
    /// The text as the JSON type it should have; what does not fit stays text and is refused as that.
    fn typed(&self, text: &str) -> Value {
        match text {
            "true" if self.boolean => Value::Bool(true),
            "false" if self.boolean => Value::Bool(false),
            _ if self.numeric => text
                .parse::<i64>()
                .map_or_else(|_| Value::from(text), Value::from),
            _ => Value::from(text),
        }
    }
}

fn has_type(schema: &Value, name: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(one)) => one == name,
        Some(Value::Array(many)) => many.iter().any(|one| one == name),
        _ => false,
    }
}

fn members<'a>(object: &'a Value, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    object
        .get(name)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

/// What stands behind the scheme in an `Authorization` field of the scheme Basic (RFC 7617).
pub fn basic(field: &str) -> Option<&str> {
    let (scheme, rest) = field.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("basic").then_some(rest.trim())
}

/// Name and value of each pair of a query or form (WHATWG URL, application/x-www-form-urlencoded).
pub fn form_pairs(query: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contract() -> Contract {
        let document = json!({
            "paths": {"/things": {"get": {"operationId": "list_things", "parameters": [
                {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 200}},
                {"name": "side", "in": "query", "schema": {"type": "array", "items": {"type": "string", "enum": ["eu", "jp"]}}},
                {"name": "count", "in": "query", "schema": {"type": "boolean"}},
            ]}, "post": {"operationId": "create_thing", "requestBody": {"$ref": "#/components/schemas/Thing"}}}},
            "components": {"schemas": {
                "Spot": {"type": "object", "additionalProperties": false, "required": ["lat"],
                    "properties": {"lat": {"type": "number", "maximum": 90}}},
                "Thing": {"type": "object", "additionalProperties": false, "required": ["name"], "properties": {
                    "name": {"type": "string", "maxLength": 3},
                    "when": {"type": ["string", "null"], "format": "edtf"},
                    "spot": {"oneOf": [{"type": "null"}, {"$ref": "#/components/schemas/Spot"}]},
                }},
            }},
        });
        Contract::of(&document).unwrap()
    }

    fn found(faults: &Faults) -> Vec<(String, Rule)> {
        faults
            .iter()
            .map(|fault| (fault.pointer().unwrap_or("?").to_owned(), fault.rule()))
            .collect()
    }

    #[test]
    fn all_faults_of_a_body_are_found_at_once_where_they_are() {
        let faults = contract().check(
            "Thing",
            &json!({"when": "2019-02-30", "spot": {"lat": 91, "x/y": 1}, "nmae": 1}),
        );
        let mut found = found(&faults);
        found.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(
            found,
            [
                ("/name".into(), Rule::Required),
                ("/nmae".into(), Rule::UnknownField),
                ("/spot/lat".into(), Rule::TooLarge),
                ("/spot/x~1y".into(), Rule::UnknownField),
                ("/when".into(), Rule::Edtf),
            ]
        );
    }

    #[test]
    fn an_optional_part_may_be_null() {
        assert!(
            contract()
                .check("Thing", &json!({"name": "a", "spot": null, "when": null}))
                .is_empty()
        );
    }

    #[test]
    fn parameters_get_their_types_and_unknown_ones_are_refused() {
        let contract = contract();
        let operation = contract
            .path("/v1/things")
            .unwrap()
            .operation(&Method::HEAD)
            .unwrap();
        assert_eq!(
            operation
                .parameters("limit=5&side=eu&side=jp&count=true")
                .unwrap(),
            json!({"limit": 5, "side": ["eu", "jp"], "count": true})
        );
        let faults = operation
            .parameters("limit=0&sdie=eu&side=xx&count=1&count=true")
            .unwrap_err();
        assert_eq!(faults.iter().count(), 5);
    }

    #[test]
    fn the_end_of_an_operation_is_read_from_the_document() {
        let told = json!({"since": "@1767225600", "sunset": "Fri, 01 Jan 2027 00:00:00 GMT"});
        let document =
            json!({"paths": {"/old": {"get": {"operationId": "get_old", "x-deprecation": told}}}});
        let contract = Contract::of(&document).unwrap();
        let operation = contract
            .path("/v1/old")
            .unwrap()
            .operation(&Method::GET)
            .unwrap();
        assert_eq!(operation.deprecation.as_ref().unwrap().since, "@1767225600");
    }

    #[test]
    fn the_allowed_methods_of_a_path_are_known() {
        assert_eq!(
            contract().path("/v1/things").unwrap().methods(),
            ["GET", "HEAD", "OPTIONS", "POST"]
        );
        assert!(contract().path("/v1/nothing").is_none());
    }
}
