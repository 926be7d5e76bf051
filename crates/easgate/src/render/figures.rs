//! Figures over days: how long changes take, and which runs should have come.

use easgate_connector::{Figures, Latency, Overdue};
use serde_json::{Value, json};

use crate::output;
use crate::render::{count, time};

/// From a change in device management to the changed list, over a day and over a week; `null` where nothing changed.
pub(crate) fn latency(figures: &Figures) -> Value {
    let one = |latency: Option<Latency>| {
        latency.map(|latency| {
            json!({
                "changes": latency.changes,
                "p50_ms": millis(latency.median),
                "p95_ms": millis(latency.p95),
                "max_ms": millis(latency.longest),
            })
        })
    };
    json!({ "last_24h": one(figures.day), "last_7d": one(figures.week) })
}

/// The kinds of runs that should have come by now.
pub(crate) fn overdue(figures: &Figures) -> Value {
    let one = |overdue: &Overdue| {
        json!({
            "kind": overdue.kind.name(),
            "last_good": overdue.last.map(time),
            "limit_seconds": overdue.limit.as_secs(),
        })
    };
    figures.overdue.iter().map(one).collect()
}

/// The same for a person.
pub(crate) fn text(figures: &Figures) {
    for overdue in &figures.overdue {
        output::line(&format!("  {:<22}ALARM: {}", "overdue", overdue_text(overdue)));
    }
    for (what, latency) in [("last 24 hours", figures.day), ("last 7 days", figures.week)] {
        if let Some(latency) = latency {
            output::line(&format!(
                "  {:<22}{}, half within {}, 95 of 100 within {}, all within {}",
                format!("latency, {what}"),
                count(latency.changes, "change"),
                seconds(latency.median),
                seconds(latency.p95),
                seconds(latency.longest)
            ));
        }
    }
}

/// What is to be said of a kind of run that should have come.
pub(crate) fn overdue_text(overdue: &Overdue) -> String {
    let last = overdue.last.map_or_else(
        || "none".to_owned(),
        |last| format!("the last one of {}", time(last)),
    );
    let hours = overdue.limit.as_secs().div_ceil(3600);
    let what = match overdue.kind {
        easgate_connector::Kind::Watch => "watch pass",
        easgate_connector::Kind::Full => "full sync",
        easgate_connector::Kind::Quick => "quick sync",
        easgate_connector::Kind::User => "sync of a user",
        easgate_connector::Kind::Command => "command",
    };
    format!(
        "no {what} has read everything for {}: {last}",
        count(hours, "hour")
    )
}

fn seconds(took: std::time::Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

fn millis(took: std::time::Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}
