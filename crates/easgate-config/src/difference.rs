//! What is other in another version of the file.

use std::collections::BTreeMap;
use std::fmt;

use toml::{Table, Value};

/// One key that has another value, or that one of the versions does not have.
///
/// The file holds no secrets, and what an address may carry of them is not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The key, with an organisation by its name: `organization.contoso.mode`.
    pub key: String,
    /// As it was.
    pub before: Option<String>,
    /// As it is.
    pub after: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_not_set = |value: &Option<String>| value.clone().unwrap_or_else(|| "not set".to_owned());
        let (before, after) = (or_not_set(&self.before), or_not_set(&self.after));
        write!(f, "{}: {before} -> {after}", self.key)
    }
}

/// The differences of two files, by key. A text that is no TOML counts as empty.
#[must_use]
pub fn differences(before: &str, after: &str) -> Vec<Difference> {
    let (before, after) = (keys(before), keys(after));
    let all: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    all.into_iter()
        .map(|key| Difference {
            key: key.clone(),
            before: before.get(key).cloned(),
            after: after.get(key).cloned(),
        })
        .filter(|difference| difference.before != difference.after)
        .collect()
}

fn keys(text: &str) -> BTreeMap<String, String> {
    let mut keys = BTreeMap::new();
    if let Ok(table) = text.parse::<Table>() {
        collect("", &Value::Table(table), &mut keys);
    }
    keys
}

fn collect(key: &str, value: &Value, keys: &mut BTreeMap<String, String>) {
    let below = |name: &str| {
        if key.is_empty() {
            name.to_owned()
        } else {
            format!("{key}.{name}")
        }
    };
    match value {
        Value::Table(table) => {
            for (name, value) in table {
                collect(&below(name), value, keys);
            }
        }
        Value::Array(list) if list.iter().any(Value::is_table) => {
            for (place, value) in list.iter().enumerate() {
                let name = value.get("name").and_then(Value::as_str);
                collect(
                    &below(&name.map_or_else(|| place.to_string(), str::to_owned)),
                    value,
                    keys,
                );
            }
        }
        Value::String(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::Array(_) => {
            keys.insert(key.to_owned(), without_user(value.to_string()));
        }
    }
}

/// Takes the user and the password out of addresses.
fn without_user(text: String) -> String {
    let Some(scheme) = text.find("://") else {
        return text;
    };
    let (head, tail) = text.split_at(scheme + 3);
    let end = tail.find(['/', '?', '#', '"', ',']).unwrap_or(tail.len());
    match tail[..end].rfind('@') {
        Some(at) => format!("{head}***{}", without_user(tail[at..].to_owned())),
        None => format!("{head}{}", without_user(tail.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_changed_came_or_went_are_named_with_their_organisation() {
        let before = r#"
            [[organization]]
            name = "contoso"
            mode = "observe"
            [organization.exchange]
            servers = ["https://a.example/powershell"]
            password = { env = "ONE" }
            [[organization]]
            name = "fabrikam"
            mode = "plan"
        "#;
        let after = r#"
            [[organization]]
            name = "contoso"
            mode = "enforce"
            [organization.exchange]
            servers = ["https://b.example/powershell"]
            password = { file = "/etc/two" }
            [service]
            socket = "/run/x.sock"
        "#;
        let shown: Vec<_> = differences(before, after)
            .iter()
            .map(Difference::to_string)
            .collect();
        expect_test::expect![[r#"
            organization.contoso.exchange.password.env: "ONE" -> not set
            organization.contoso.exchange.password.file: not set -> "/etc/two"
            organization.contoso.exchange.servers: ["https://a.example/powershell"] -> ["https://b.example/powershell"]
            organization.contoso.mode: "observe" -> "enforce"
            organization.fabrikam.mode: "plan" -> not set
            organization.fabrikam.name: "fabrikam" -> not set
            service.socket: not set -> "/run/x.sock""#]]
        .assert_eq(&shown.join("\n"));
        assert!(differences(before, before).is_empty());
    }

    #[test]
    fn no_password_in_an_address_is_shown() {
        let after = "a = \"postgres://easgate:s3cret@db/x\"\nb = [\"http://u:s3cret@p:8080\", \"http://q:s3@cret@r/\"]";
        let shown: Vec<_> = differences("", after).iter().map(Difference::to_string).collect();
        let shown = shown.join("\n");
        assert!(!shown.contains("s3"), "{shown}");
        assert!(
            shown.contains("postgres://***@db/x") && shown.contains("http://***@r/"),
            "{shown}"
        );
    }
}
