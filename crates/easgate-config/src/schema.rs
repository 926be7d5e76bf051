//! The schema of the file, and the reference that is made from it.

use schemars::schema_for;
use serde_json::Value;

use crate::file::RawFile;

/// The JSON schema of the file, for editors and other tools.
#[must_use]
pub fn schema() -> Value {
    let mut schema = schema_for!(RawFile).to_value();
    if let Some(root) = schema.as_object_mut() {
        root.insert("title".to_owned(), Value::from("easgate configuration"));
    }
    schema
}

/// Every key with its form, its default and what it means, as a table in Markdown.
#[must_use]
pub fn reference() -> String {
    let schema = schema();
    let mut rows = Vec::new();
    collect(&schema, &schema, "", &mut rows);
    let mut table = String::from("| key | form | default | meaning |\n|---|---|---|---|\n");
    for row in rows {
        table.push_str(&row);
    }
    table
}

fn collect(root: &Value, schema: &Value, prefix: &str, rows: &mut Vec<String>) {
    let schema = resolve(root, schema);
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else {
        return;
    };
    for (name, property) in properties {
        let key = format!("{prefix}{name}");
        let inner = resolve(root, property);
        let items = inner.get("items").map(|items| resolve(root, items));
        let nested = items.filter(|items| items.get("properties").is_some());
        if let Some(nested) = nested {
            rows.push(row(&key, "tables", "", property));
            collect(root, nested, &format!("{key}[]."), rows);
        } else if inner.get("properties").is_some() && !is_secret(inner) {
            rows.push(row(&key, "table", "", property));
            collect(root, inner, &format!("{key}."), rows);
        } else {
            let default = match property.get("default") {
                Some(Value::Null) | None if required.contains(&name.as_str()) => "must be given".to_owned(),
                Some(Value::Null) | None => String::new(),
                Some(default) => format!("`{}`", toml_of(default)),
            };
            rows.push(row(&key, &form(root, property), &default, property));
        }
    }
}

fn row(key: &str, form: &str, default: &str, property: &Value) -> String {
    let meaning = property
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let meaning = meaning.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("| `{key}` | {form} | {default} | {meaning} |\n")
}

/// How a value is written.
fn form(root: &Value, property: &Value) -> String {
    let schema = resolve(root, property);
    if let Some(alternatives) = schema.get("anyOf").and_then(Value::as_array) {
        let real = alternatives
            .iter()
            .find(|one| one.get("type").and_then(Value::as_str) != Some("null"));
        return real.map_or_else(String::new, |real| form(root, real));
    }
    if is_secret(schema) {
        return "`{ env = \"NAME\" }`, `{ file = \"PATH\" }` or `{ credential = \"NAME\" }`".to_owned();
    }
    if let Some(names) = schema.get("oneOf").and_then(Value::as_array) {
        let names: Vec<String> = names.iter().filter_map(choice).collect();
        return if names.is_empty() {
            "number, percentage or both".to_owned()
        } else {
            names.join("<br>")
        };
    }
    if schema.get("pattern").is_some() {
        return "time: `90s`, `15m`, `24h`, `2d`".to_owned();
    }
    // An optional value has a list of types, `null` the last of them.
    let kind = schema.get("type");
    let kind = kind
        .and_then(Value::as_array)
        .and_then(|kinds| kinds.first())
        .or(kind);
    match kind.and_then(Value::as_str).unwrap_or_default() {
        "array" => "list of text".to_owned(),
        "string" => "text".to_owned(),
        "boolean" => "`true` or `false`".to_owned(),
        "integer" => "number".to_owned(),
        "object" => "table of names and text".to_owned(),
        other => other.to_owned(),
    }
}

/// One value of a closed list with its meaning.
fn choice(alternative: &Value) -> Option<String> {
    let name = alternative.get("const").and_then(Value::as_str)?;
    let meaning = alternative
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let meaning = meaning.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(format!("`\"{name}\"`: {meaning}"))
}

fn is_secret(schema: &Value) -> bool {
    schema
        .get("properties")
        .is_some_and(|properties| properties.get("credential").is_some())
}

/// A default as it would stand in the file.
fn toml_of(value: &Value) -> String {
    let Some(map) = value.as_object() else {
        return value.to_string();
    };
    if map.is_empty() {
        return "{}".to_owned();
    }
    let entries: Vec<String> = map
        .iter()
        .map(|(key, value)| format!("{key} = {}", toml_of(value)))
        .collect();
    format!("{{ {} }}", entries.join(", "))
}

fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    schema
        .get("$ref")
        .and_then(Value::as_str)
        .and_then(|reference| root.pointer(reference.trim_start_matches('#')))
        .unwrap_or(schema)
}
