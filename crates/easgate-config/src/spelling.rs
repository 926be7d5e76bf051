//! Unknown keys and values, with the nearest known one.

use serde_json::Value;
use toml::de::{DeTable, DeValue};

use crate::problem::{Problem, at};

/// The most nested tables that are looked into; the schema itself is shallower.
const MAX_DEPTH: usize = 16;

/// Returns every key of `tree` that `schema` does not know, and every text that is none of a closed list.
pub(crate) fn misspelt(text: &str, tree: &DeTable<'_>, schema: &Value) -> Vec<Problem> {
    let mut walk = Walk {
        text,
        schema,
        problems: Vec::new(),
    };
    walk.table(tree, schema, 0);
    walk.problems
}

struct Walk<'a> {
    text: &'a str,
    schema: &'a Value,
    problems: Vec<Problem>,
}

impl<'a> Walk<'a> {
    fn table(&mut self, table: &DeTable<'_>, schema: &'a Value, depth: usize) {
        let Some(properties) = self.find(schema, "properties").and_then(Value::as_object) else {
            return;
        };
        if depth > MAX_DEPTH {
            return;
        }
        for (key, value) in table {
            let name: &str = key.get_ref();
            match properties.get(name) {
                Some(property) => self.value(value.get_ref(), value.span(), property, depth + 1),
                None => {
                    let near = nearest(name, properties.keys().map(String::as_str));
                    let message = format!("unknown key `{}`{near}", easgate_model::escape(name));
                    self.problems.push(at(self.text, &key.span(), message));
                }
            }
        }
    }

    fn value(&mut self, value: &DeValue<'_>, span: std::ops::Range<usize>, schema: &'a Value, depth: usize) {
        if let Some(table) = value.as_table() {
            self.table(table, schema, depth);
        } else if let Some(array) = value.as_array() {
            let Some(items) = self.find(schema, "items") else {
                return;
            };
            for element in array.iter() {
                self.value(element.get_ref(), element.span(), items, depth + 1);
            }
        } else {
            let names = self.names(schema);
            let text = value.as_str().unwrap_or_default();
            if !names.is_empty() && !names.contains(&text) {
                let near = nearest(text, names.iter().copied());
                let message = format!("unknown value \"{}\"{near}", easgate_model::escape(text));
                self.problems.push(at(self.text, &span, message));
            }
        }
    }

    /// The member `name` of the schema, through references and alternatives.
    fn find(&self, schema: &'a Value, name: &str) -> Option<&'a Value> {
        let schema = self.resolve(schema);
        let alternatives = ["anyOf", "oneOf"]
            .into_iter()
            .filter_map(|kind| schema.get(kind)?.as_array());
        schema.get(name).or_else(|| {
            alternatives
                .flatten()
                .find_map(|alternative| self.resolve(alternative).get(name))
        })
    }

    /// The texts of a closed list; empty when the schema is none.
    fn names(&self, schema: &'a Value) -> Vec<&'a str> {
        let schema = self.resolve(schema);
        if let Some(names) = schema.get("enum").and_then(Value::as_array) {
            return names.iter().filter_map(Value::as_str).collect();
        }
        if let Some(name) = schema.get("const").and_then(Value::as_str) {
            return vec![name];
        }
        let mut names = Vec::new();
        for kind in ["oneOf", "anyOf"] {
            let alternatives = schema
                .get(kind)
                .and_then(Value::as_array)
                .map_or(&[][..], Vec::as_slice);
            for alternative in alternatives {
                let more = self.names(alternative);
                let is_null = alternative.get("type").and_then(Value::as_str) == Some("null");
                if more.is_empty() && !is_null {
                    return Vec::new();
                }
                names.extend(more);
            }
        }
        names
    }

    fn resolve(&self, schema: &'a Value) -> &'a Value {
        schema
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|reference| self.schema.pointer(reference.trim_start_matches('#')))
            .unwrap_or(schema)
    }
}

/// ``, did you mean `x`?``, or the list of what is known.
fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.collect();
    let folded = given.to_ascii_lowercase().replace('-', "_");
    let best = known
        .iter()
        .map(|name| (strsim::jaro_winkler(&folded, name), *name))
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .filter(|(likeness, _)| *likeness >= 0.8);
    match best {
        Some((_, name)) => format!("; did you mean `{name}`?"),
        None => format!("; known here: {}", known.join(", ")),
    }
}
