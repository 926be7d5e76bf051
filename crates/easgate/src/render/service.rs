//! How an organisation stands in the running service.

use easgate_model::escape;
use serde_json::{Value, json};

use crate::output;

/// The part of the service's own `status` that is about `organization`, with what is true of the whole service; `null` when none
/// runs.
pub(crate) fn json(status: Option<&Value>, organization: &str) -> Value {
    let Some((service, one)) = find(status, organization) else {
        return Value::Null;
    };
    let mut value = one.clone();
    if let Some(object) = value.as_object_mut() {
        object.remove("organization");
        for key in ["process", "version", "since"] {
            object.insert(key.to_owned(), service[key].clone());
        }
    }
    value
}

/// The same for a person.
pub(crate) fn text(status: Option<&Value>, organization: &str) {
    let line = |what: &str, text: &str| output::line(&format!("  {what:<22}{text}"));
    let Some((service, one)) = find(status, organization) else {
        line("service", "does not run, or not with this configuration");
        return;
    };
    let word = |value: &Value| value.as_str().map_or_else(|| "-".to_owned(), escape);
    let (process, since) = (&service["process"], word(&service["since"]));
    line("service", &format!("process {process}, since {since}"));
    if one["role"] == json!("observer") {
        line(
            "role",
            &format!("observer; the leader is {}", word(&one["leader"])),
        );
    }
    for running in one["running"].as_array().into_iter().flatten() {
        let (kind, since, by) = (
            word(&running["kind"]),
            word(&running["since"]),
            word(&running["by"]),
        );
        line("running", &format!("{kind}, since {since}, for {by}"));
    }
    for (key, what) in [
        ("full", "next full sync"),
        ("quick", "next quick sync"),
        ("watch", "next watch pass"),
    ] {
        if one["next"][key].is_string() {
            line(what, &word(&one["next"][key]));
        }
    }
    if one["not_before"].is_string() {
        let (until, failures) = (word(&one["not_before"]), &one["failures_in_a_row"]);
        line(
            "schedule pauses",
            &format!("until {until}, after {failures} runs that could not read everything"),
        );
    }
}

fn find<'a>(status: Option<&'a Value>, organization: &str) -> Option<(&'a Value, &'a Value)> {
    let service = status?;
    let all = service["organizations"].as_array()?;
    let one = all
        .iter()
        .find(|one| one["organization"] == json!(organization))?;
    Some((service, one))
}
