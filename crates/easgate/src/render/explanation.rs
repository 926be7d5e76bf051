//! Why one device gets what it gets.

use easgate_compliance::{Explanation, List, PredictedAccess};
use easgate_model::{escape, escape_long};
use serde_json::{Value, json};

use crate::output;
use crate::render::changes::Rows;

/// The explanation as an object.
pub(crate) fn json(mailbox: &str, explanation: &Explanation, rows: &Rows<'_>) -> Value {
    let decision = &explanation.decision;
    json!({
        "mailbox": mailbox,
        "device_id": decision.device.as_str(),
        "access": decision.access.name(),
        "reason": decision.reason.name(),
        "explanation": decision.reason.explain(),
        "decision_id": explanation.decision_id,
        "trace": explanation.trace.iter().map(|step| json!({
            "step": step.question.name(),
            "question": step.question.text(),
            "answer": step.answer.name(),
            "detail": step.detail,
            "decided": step.decided,
        })).collect::<Vec<_>>(),
        "exchange": {
            "now": predicted(&explanation.exchange_now),
            "without_us": predicted(&explanation.exchange_without_us),
            "after": predicted(&explanation.exchange_after),
        },
        "change": explanation.change.as_ref().map(|change| rows.change_json(change)),
        "foreign": explanation.foreign.iter().map(|entry| json!({
            "list": list(entry.list),
            "device_id": entry.device.as_str(),
            "contradicts": entry.contradicts,
        })).collect::<Vec<_>>(),
        "near_misses": explanation.near_misses.iter().map(|miss| json!({ "record": miss.record, "why": miss.why })).collect::<Vec<_>>(),
        "what_would_change_it": explanation.what_would_change_it,
    })
}

/// Prints the explanation for a person.
pub(crate) fn text(mailbox: &str, explanation: &Explanation, rows: &Rows<'_>) {
    let decision = &explanation.decision;
    output::line(&format!(
        "{} {}: {} ({})",
        escape(mailbox),
        escape(decision.device.as_str()),
        decision.access.name(),
        decision.reason.name()
    ));
    output::line(&format!("  {}", decision.reason.explain()));
    steps(explanation);
    for (when, access) in [
        ("now", &explanation.exchange_now),
        ("without our entries", &explanation.exchange_without_us),
        ("after the change", &explanation.exchange_after),
    ] {
        let rule = access
            .rule
            .as_deref()
            .map_or_else(String::new, |rule| format!(" by rule {}", escape(rule)));
        output::line(&format!(
            "  Exchange gives {when}: {} / {}{rule}",
            access.level,
            escape(access.reason.name())
        ));
    }
    to_send(explanation, rows);
    for entry in &explanation.foreign {
        let contradicts = if entry.contradicts {
            ", which contradicts the policy"
        } else {
            ""
        };
        output::line(&format!(
            "  somebody else's entry in the {} list{contradicts}",
            list(entry.list)
        ));
    }
    for miss in &explanation.near_misses {
        output::line(&format!(
            "  near miss: record {} {}",
            escape(&miss.record),
            escape(&miss.why)
        ));
    }
    for advice in &explanation.what_would_change_it {
        output::line(&format!("  {}", escape_long(advice)));
    }
}

fn steps(explanation: &Explanation) {
    for step in &explanation.trace {
        let mark = if step.decided { '>' } else { ' ' };
        let detail = if step.detail.is_empty() {
            String::new()
        } else {
            format!(": {}", escape(&step.detail))
        };
        output::line(&format!(
            "  {mark} {:<9} {}{detail}",
            step.answer.name(),
            step.question.text()
        ));
    }
}

fn to_send(explanation: &Explanation, rows: &Rows<'_>) {
    match &explanation.change {
        Some(change) => {
            let change = rows.change_json(change);
            for command in change["commands"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
            {
                output::line(&format!("  to send: {}", escape_long(command)));
            }
            if let Some(by) = change["held_by"].as_str() {
                output::line(&format!("  the guard would hold it: {by}"));
            }
        }
        None => output::line("  nothing to send"),
    }
}

fn predicted(access: &PredictedAccess) -> Value {
    json!({
        "level": access.level.name(),
        "reason": access.reason.name(),
        "rule": access.rule,
        "row": access.row(),
    })
}

const fn list(list: List) -> &'static str {
    match list {
        List::Allow => "allow",
        List::Block => "block",
    }
}
