//! The parameters of an operation: what its handler says, closed and completed.

use serde_json::{Map, Value, json};

use super::operations::Operation;

impl Operation<'_> {
    /// Lists the values that parameters of lists take, and adds the header fields.
    pub(super) fn parameters(&self, operation: &mut Map<String, Value>) {
        let mut parameters = match operation.remove("parameters") {
            Some(Value::Array(parameters)) => parameters,
            _ => Vec::new(),
        };
        let formats = self.formats();
        parameters.retain(|parameter| match name_of(parameter) {
            "q" => self.offer.is_some_and(|offer| offer.is_searched),
            "format" => self.offer.is_none() || formats.len() > 1,
            "lang" => {
                self.offer.is_none()
                    || formats
                        .iter()
                        .any(|name| ["csv", "ics", "md"].contains(name))
            }
            _ => true,
        });
        for parameter in &mut parameters {
            tidy(parameter);
            let Some(offer) = self.offer else { continue };
            let name = name_of(parameter).to_owned();
            if name == "format"
                && let Some(values) = parameter.pointer_mut("/schema/enum")
            {
                *values = json!(formats);
            }
            let is_one = !formats.iter().any(|name| ["csv", "md"].contains(name));
            if name == "lang"
                && is_one
                && let Some(most) = parameter.pointer_mut("/schema/maxItems")
            {
                *most = json!(1);
            }
            let values: Vec<String> = match name.as_str() {
                "fields" => offer.fields.clone(),
                "sort" => offer
                    .sorts
                    .iter()
                    .flat_map(|sort| [(*sort).to_owned(), format!("-{sort}")])
                    .collect(),
                "include" => offer
                    .includes
                    .iter()
                    .map(|(name, _)| (*name).to_owned())
                    .collect(),
                _ => continue,
            };
            if let Some(schema) = parameter.get_mut("schema").and_then(Value::as_object_mut) {
                schema.insert("uniqueItems".into(), json!(true));
            }
            if let Some(schema) = parameter.pointer_mut("/schema/items") {
                *schema = if values.is_empty() {
                    json!({"type": "string", "const": "nothing"})
                } else {
                    json!({"type": "string", "enum": values})
                };
            }
        }
        parameters.retain(|parameter| parameter.pointer("/schema/items/const").is_none());
        if self.conditional() {
            parameters.push(header(
                "If-Match",
                true,
                80,
                "The ETag that you read, or `*` to override whatever is stored now.",
            ));
        }
        if self.is_deed && !self.conditional() {
            parameters.push(header(
                "If-Match",
                false,
                80,
                "The ETag that you read: it is done only while that is still the present state.",
            ));
        }
        if self.puts_by_ref {
            parameters.push(header("If-Match", false, 80, "The ETag that you read: only that state is replaced. `*`: only what is there is replaced."));
            parameters.push(header(
                "If-None-Match",
                false,
                400,
                "`*`: it is only made, and a 412 when it is there.",
            ));
        }
        if self.in_bulk {
            parameters.push(header(
                "If-None-Match",
                false,
                400,
                "`*`: each line is only made; one that is there, and says something else, fails with a 412.",
            ));
        }
        if self.method == "post" && !self.public_only && !self.in_bulk {
            parameters.push(header("Idempotency-Key", false, 255, "Any text of yours, one for each thing you mean to do: repeating the request under it within 24 hours gives the first answer again."));
        }
        if self.method != "get" && !self.public_only && !self.in_bulk {
            let minimal = "`return=minimal` spares the body of the answer (RFC 7240).";
            let merging = "`conflict=merge` stores both edits, when somebody has written since the state in If-Match, and nothing collides; else the 412 tells what does.";
            let both = format!("{minimal} {merging}");
            let told = if self.merges() { &both } else { minimal };
            parameters.push(header("Prefer", false, 100, told));
        }
        if self.method == "get" && !self.public_only {
            parameters.push(header("If-None-Match", false, 400, "An ETag that you have: if it is still the present one, the answer is a 304 without a body."));
        }
        if self.answers_file {
            parameters.push(header("Range", false, 100, "The bytes that are wanted, such as `bytes=0-1048575` (RFC 9110, section 14.2); one range."));
            parameters.push(header("If-Range", false, 100, "The ETag of what you have of the file: when it is no more the present one, the whole file is answered."));
        }
        if self.can_be_gone {
            parameters.push(header("Last-Event-ID", false, 200, "The id of the last event that you have taken in, as browsers send it: in the place of `after`."));
        }
        if !parameters.is_empty() {
            operation.insert("parameters".into(), Value::Array(parameters));
        }
    }
}

fn name_of(parameter: &Value) -> &str {
    let name = parameter.get("name").and_then(Value::as_str);
    name.unwrap_or_default()
}

/// A parameter is never null: it is left out.
fn tidy(parameter: &mut Value) {
    let Some(schema) = parameter.get_mut("schema").and_then(Value::as_object_mut) else {
        return;
    };
    if let Some(Value::Array(kinds)) = schema.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [only] = kinds.as_slice() {
            let only = only.clone();
            schema.insert("type".into(), only);
        }
    }
    if let Some(Value::Array(choices)) = schema.get("oneOf").cloned()
        && let Some(Value::Object(real)) = choices
            .into_iter()
            .find(|choice| choice.get("type") != Some(&json!("null")))
    {
        schema.remove("oneOf");
        schema.extend(real);
    }
    let text = schema.get("type") == Some(&json!("string"));
    let time = matches!(
        schema.get("format").and_then(Value::as_str),
        Some("date-time" | "date")
    );
    if text && time {
        schema.entry("maxLength").or_insert(json!(40));
    }
    if let Some(items) = schema
        .get_mut("items")
        .filter(|items| items.get("type") == Some(&json!("integer")))
    {
        items["minimum"] = json!(0);
        items["maximum"] = json!(1_000_000);
    }
}

fn header(name: &str, required: bool, max: u32, description: &str) -> Value {
    json!({"name": name, "in": "header", "required": required, "description": description,
        "schema": {"type": "string", "maxLength": max, "pattern": "^[ -~]*$"}})
}
