//! The columns of a table of things: their fields, as the contract names them, laid flat.

use std::borrow::Cow;

use serde_json::Value;

use crate::table::defused;
use crate::text::LanguageTag;

/// The languages of texts, when none is asked for: those of the programme.
const LANGUAGES: &[&str] = &["en", "ja"];

/// What an answer holds beside the thing, and a list never does.
const BESIDE: &[&str] = &["dry_run", "included", "secret"];

/// How deep fields are laid flat; what lies deeper stands in one cell, as JSON.
const DEPTH: usize = 4;

/// The columns of a table, each by the names that lead to it.
pub struct Columns(Vec<Vec<String>>);

impl Columns {
    /// Those of things with this schema, which stands alone: only of these fields, in their order, when some are named. A
    /// translated text has a column for each language.
    pub fn of(schema: &Value, fields: &[String], languages: &[LanguageTag]) -> Self {
        let mut asked: Vec<&str> = Vec::new();
        for tag in languages {
            if !asked.contains(&tag.0.as_str()) {
                asked.push(&tag.0);
            }
        }
        let languages = if asked.is_empty() { LANGUAGES } else { &asked };
        let mut all = Vec::new();
        lay_flat(schema, schema, languages, &mut Vec::new(), &mut all);
        let named = |field: &String| {
            let of_it = |column: &&Vec<String>| column.first() == Some(field);
            all.iter().filter(of_it).cloned().collect::<Vec<_>>()
        };
        match fields {
            [] => Self(all),
            fields => Self(fields.iter().flat_map(named).collect()),
        }
    }

    /// The names of the columns, such as `location.lat`.
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|column| column.join(".")).collect()
    }

    /// What a thing has in each column.
    pub fn cells(&self, item: &Value) -> Vec<String> {
        let cell = |column: &Vec<String>| {
            let mut names = column.iter();
            let value = names.try_fold(item, |value, name| value.get(name))?;
            Some(text_of(value).into_owned())
        };
        let each = self.0.iter();
        each.map(|column| cell(column).unwrap_or_default())
            .collect()
    }
}

/// A value as a cell: numbers as they are, several words with `, ` between them, what has parts as JSON.
fn text_of(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => Cow::Borrowed(""),
        Value::Number(number) => Cow::Owned(number.to_string()),
        Value::String(text) => defused(text),
        Value::Array(list) => match words(list) {
            Some(words) => Cow::Owned(defused(&words).into_owned()),
            None => Cow::Owned(json(value)),
        },
        Value::Bool(_) | Value::Object(_) => Cow::Owned(json(value)),
    }
}

/// JSON without semicolons, at which many spreadsheets begin another cell.
fn json(value: &Value) -> String {
    value.to_string().replace(';', "\\u003b")
}

/// The words of the list, where it has nothing else.
fn words(list: &[Value]) -> Option<String> {
    let word = |entry: &Value| match entry {
        Value::String(text) if !text.contains(',') => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let words: Option<Vec<String>> = list.iter().map(word).collect();
    Some(words?.join(", "))
}

fn lay_flat(
    schema: &Value,
    root: &Value,
    languages: &[&str],
    path: &mut Vec<String>,
    out: &mut Vec<Vec<String>>,
) {
    let schema = resolved(schema, root);
    if schema.get("writeOnly") == Some(&Value::Bool(true)) {
        return;
    }
    let fields = schema.get("properties").and_then(Value::as_object);
    match fields {
        Some(fields) if path.len() < DEPTH => {
            let is_beside = |name: &str| path.is_empty() && BESIDE.contains(&name);
            let fields: Vec<_> = fields.iter().filter(|(name, _)| !is_beside(name)).collect();
            for (name, field) in fields {
                path.push(name.clone());
                lay_flat(field, root, languages, path, out);
                path.pop();
            }
        }
        // Languages are the one kind of name that things have beside those of their fields.
        None if schema.get("propertyNames").is_some() => {
            out.extend(languages.iter().map(|language| {
                let mut column = path.clone();
                column.push((*language).to_owned());
                column
            }));
        }
        _ => out.push(path.clone()),
    }
}

/// What a schema stands for: what it refers to, without the null that it may also be.
fn resolved<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    let mut schema = schema;
    for _ in 0..8 {
        if let Some(name) = schema
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|to| to.strip_prefix("#/$defs/"))
        {
            match root.pointer(&format!("/$defs/{name}")) {
                Some(meant) => schema = meant,
                None => return schema,
            }
            continue;
        }
        let choices = ["oneOf", "anyOf", "allOf"]
            .iter()
            .find_map(|word| schema.get(word)?.as_array());
        let is_null = |choice: &&Value| choice.get("type") == Some(&Value::from("null"));
        let mut real = choices
            .into_iter()
            .flatten()
            .filter(|choice| !is_null(choice));
        match (real.next(), real.next()) {
            (Some(only), None) => schema = only,
            _ => return schema,
        }
    }
    schema
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({
            "type": "object",
            "properties": {
                "id": {"type": "string"},
                "name": {"$ref": "#/$defs/Title"},
                "location": {"oneOf": [{"type": "null"}, {"$ref": "#/$defs/Location"}]},
                "cities": {"type": "array", "items": {"type": "string"}},
                "parts": {"type": "array", "items": {"type": "object"}},
                "password": {"type": "string", "writeOnly": true},
                "secret": {"type": "string"},
                "dry_run": {"type": "object", "properties": {"diff": {"type": "array"}}},
            },
            "$defs": {
                "Title": {"type": "object", "propertyNames": {"type": "string"}, "additionalProperties": {"type": "string"}},
                "Location": {"type": "object", "properties": {"lat": {"type": "number"}, "lon": {"type": "number"}}},
            },
        })
    }

    #[test]
    fn fields_are_laid_flat_and_texts_have_a_column_for_each_language() {
        let columns = Columns::of(&schema(), &[], &[]);
        assert_eq!(
            columns.names(),
            [
                "id",
                "name.en",
                "name.ja",
                "location.lat",
                "location.lon",
                "cities",
                "parts"
            ]
        );
        let item = json!({"id": "umea", "name": {"en": "=Umeå", "sv": "Umeå"}, "location": {"lat": 63.8, "lon": -0.5},
            "cities": ["umea", "kobe"], "parts": [{"key": "a;=1"}]});
        assert_eq!(
            columns.cells(&item),
            [
                "umea",
                "'=Umeå",
                "",
                "63.8",
                "-0.5",
                "umea, kobe",
                "[{\"key\":\"a\\u003b=1\"}]"
            ]
        );
        let bare = json!({"id": "umea", "name": {}, "location": null, "cities": []});
        assert_eq!(columns.cells(&bare), ["umea", "", "", "", "", "", ""]);
    }

    #[test]
    fn named_fields_come_in_their_order_and_texts_in_the_languages_that_are_asked_for() {
        let fields = ["location", "name"].map(str::to_owned);
        let columns = Columns::of(&schema(), &fields, &[LanguageTag("sv".to_owned())]);
        assert_eq!(columns.names(), ["location.lat", "location.lon", "name.sv"]);
    }
}
