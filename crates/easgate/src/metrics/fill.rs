//! What stands on the page.

use std::collections::BTreeMap;
use std::time::Duration;

use easgate_config::Organization;
use easgate_connector::{ConnectionState, Figures, Kind, Mode, Standing, Status, figures, standing, status};
use easgate_store::StoreError;
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{
    ALARM, BREAKER, CERTIFICATE, CHANGES, CONNECTION, DEVICES, DRIFT, FAILURES, Family, HELD, HOLDS,
    LAST_GOOD, LAST_START, LATENCY, LEADER, LEASE, MODE, Maker, OUTAGE, OWNED, Page, RETRIES, RUN_TIME,
    RUNNING, RUNS, STARTED, STATES, TOMBSTONES, UNSETTLED, WAITING, WINDOW,
};
use crate::alarms::Alarm;
use crate::command::expiries;
use crate::render::status::Expiry;

const MODES: [Mode; 3] = [Mode::Observe, Mode::Plan, Mode::Enforce];

const STATES_OF_CONNECTION: [ConnectionState; 4] = [
    ConnectionState::None,
    ConnectionState::ConnectionPending,
    ConnectionState::Connected,
    ConnectionState::Disconnected,
];

impl Maker<'_> {
    pub(super) async fn organization(
        &self,
        page: &mut Page,
        organization: &Organization,
    ) -> Result<(), StoreError> {
        let name = organization.name.as_str();
        let status = status(self.store, name).await?;
        let standing = standing(self.store, name, &organization.precautions, self.now).await?;
        let figures = figures(self.store, name, organization.expected, self.now).await?;
        let expiries = expiries(organization, self.now);
        for mode in MODES {
            let is_it = u8::from(mode == organization.mode);
            page.put(MODE, &[("organization", name), ("mode", mode.name())], is_it);
        }
        for alarm in Alarm::ALL {
            let rings = u8::from(alarm.rings(&status, &standing, &figures, &expiries));
            page.put(ALARM, &[("organization", name), ("alarm", alarm.name())], rings);
        }
        of_status(page, name, &status);
        of_standing(page, name, &standing);
        of_figures(page, name, &figures);
        of_expiries(page, name, &expiries);
        Ok(())
    }
}

fn of_status(page: &mut Page, name: &str, status: &Status) {
    let organization = ("organization", name);
    for state in STATES_OF_CONNECTION {
        let is_it = u8::from(state == status.state);
        page.put(CONNECTION, &[organization, ("state", state.name())], is_it);
    }
    for run in &status.kinds {
        let labels = [organization, ("kind", run.kind.as_str())];
        page.put(LAST_START, &labels, run.begun.unix_timestamp());
        if let Some(good) = run.good {
            page.put(LAST_GOOD, &labels, good.unix_timestamp());
        }
    }
    for ((access, reason), devices) in &status.decisions {
        let labels = [
            organization,
            ("access", access.as_str()),
            ("reason", reason.as_str()),
        ];
        page.put(DEVICES, &labels, devices);
    }
    for (state, devices) in &status.states {
        page.put(STATES, &[organization, ("state", state)], devices);
    }
    page.put(OWNED, &[organization], status.owned);
    page.put(UNSETTLED, &[organization], status.unsettled);
    page.put(
        RETRIES,
        &[organization, ("state", "waiting")],
        status.retries.waiting,
    );
    page.put(
        RETRIES,
        &[organization, ("state", "given_up")],
        status.retries.given_up,
    );
    page.put(DRIFT, &[organization], status.open_drift);
    page.put(BREAKER, &[organization], u8::from(status.refusal.is_some()));
    for outage in &status.outages {
        page.put(OUTAGE, &[organization, ("server", &outage.server)], 1);
    }
}

fn of_standing(page: &mut Page, name: &str, standing: &Standing) {
    let mut held = BTreeMap::new();
    for plan in &standing.held {
        *held.entry((plan.cause.as_str(), plan.state.name())).or_insert(0) += plan.changes.len();
    }
    for ((cause, state), changes) in held {
        page.put(
            HELD,
            &[("organization", name), ("cause", cause), ("state", state)],
            changes,
        );
    }
    page.put(TOMBSTONES, &[("organization", name)], standing.tombstones.len());
}

fn of_figures(page: &mut Page, name: &str, figures: &Figures) {
    let organization = ("organization", name);
    let is_held = figures.lease.as_ref().is_some_and(|lease| lease.is_held);
    page.put(LEASE, &[organization], u8::from(is_held));
    page.put(WINDOW, &[organization, ("effect", "lost")], figures.window.lost);
    page.put(
        WINDOW,
        &[organization, ("effect", "gained")],
        figures.window.gained,
    );
    let mut sums = BTreeMap::new();
    let mut latencies = (0, 0);
    for ((figure, label), value) in &figures.tallies {
        let (first, second) = label.split_once(' ').unwrap_or((label, ""));
        match figure.as_str() {
            "runs" => {
                page.put(RUNS, &[organization, ("kind", first), ("result", second)], value);
                sums.entry(first).or_insert((0, 0)).0 += value;
            }
            "runMicros" => sums.entry(first).or_insert((0, 0)).1 += value,
            "changes" => page.put(
                CHANGES,
                &[organization, ("access", first), ("outcome", second)],
                value,
            ),
            "guardHolds" => page.put(HOLDS, &[organization, ("cause", label)], value),
            "latencies" => latencies.0 = *value,
            "latencyMicros" => latencies.1 = *value,
            // Another version counts more.
            _ => {}
        }
    }
    for (kind, sum) in sums {
        summary(page, RUN_TIME, &[organization, ("kind", kind)], sum);
    }
    if let Some(day) = figures.day {
        for (quantile, took) in [("0.5", day.median), ("0.95", day.p95), ("1", day.longest)] {
            page.put(
                LATENCY,
                &[organization, ("quantile", quantile)],
                took.as_secs_f64(),
            );
        }
    }
    summary(page, LATENCY, &[organization], latencies);
}

/// How many there were, and how long they took together.
fn summary(page: &mut Page, family: Family, labels: &[(&str, &str)], (count, micros): (u64, u64)) {
    page.put_as(
        family,
        "_sum",
        labels,
        Duration::from_micros(micros).as_secs_f64(),
    );
    page.put_as(family, "_count", labels, count);
}

fn of_expiries(page: &mut Page, name: &str, expiries: &[Expiry]) {
    // A file may hold a certificate twice, and its successor: of one name, what ends first counts.
    let mut first = BTreeMap::new();
    for expiry in expiries {
        if let (Some(subject), Some(until)) = (&expiry.subject, expiry.until) {
            let ends = first.entry((expiry.what, subject)).or_insert(until);
            *ends = until.min(*ends);
        }
    }
    for ((what, subject), until) in first {
        let labels = [("organization", name), ("what", what), ("subject", subject)];
        page.put(CERTIFICATE, &labels, until.unix_timestamp());
    }
}

/// What the service alone knows.
pub(super) fn service(page: &mut Page, service: Option<&Value>) {
    let Some(service) = service else {
        return;
    };
    let since = service["since"].as_str();
    if let Some(since) = since.and_then(|since| OffsetDateTime::parse(since, &Rfc3339).ok()) {
        page.put(STARTED, &[], since.unix_timestamp());
    }
    for one in service["organizations"].as_array().into_iter().flatten() {
        let organization = ("organization", one["organization"].as_str().unwrap_or_default());
        page.put(LEADER, &[organization], u8::from(one["role"] == json!("leader")));
        for kind in Kind::ALL {
            let labels = [organization, ("kind", kind.name())];
            let of_kind =
                |value: &&Value| **value == json!(kind.name()) || value["kind"] == json!(kind.name());
            let number = |list: &Value| list.as_array().into_iter().flatten().filter(of_kind).count();
            page.put(RUNNING, &labels, number(&one["running"]));
            page.put(WAITING, &labels, number(&one["waiting"]));
        }
        page.put(FAILURES, &[organization], &one["failures_in_a_row"]);
    }
}
