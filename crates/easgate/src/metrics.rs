//! Figures for a monitoring system, in Prometheus' text form. There is no listener: `easgate metrics` prints them, and the
//! service writes them to a file.
//!
//! The names stay. Labels hold names of this configuration, of Exchange's servers and of our own words: no user, no device.

mod fill;
mod textfile;

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::sync::Arc;

use easgate_config::Organization;
use easgate_model::escape;
use easgate_store::{Store, StoreError};
use serde_json::Value;
use time::OffsetDateTime;

pub(crate) use textfile::{Textfile, write};

/// What the values of a family are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Gauge,
    Counter,
    Summary,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
            Self::Summary => "summary",
        }
    }
}

/// Figures of one name.
#[derive(Debug, Clone, Copy)]
struct Family {
    name: &'static str,
    kind: Kind,
    /// The labels, for people.
    #[cfg_attr(not(test), expect(dead_code, reason = "the documentation is held to it"))]
    labels: &'static str,
    help: &'static str,
}

macro_rules! families {
    ($($name:ident = $id:literal, $kind:ident, $labels:literal, $help:literal;)*) => {
        $(const $name: Family = Family { name: $id, kind: Kind::$kind, labels: $labels, help: $help };)*

        /// Every family, in the order of the page.
        const ALL: &[Family] = &[$($name),*];
    };
}

families! {
    BUILD = "easgate_build_info", Gauge, "version", "Always 1; the version of the program that made the page.";
    UP = "easgate_service_up", Gauge, "", "Whether the running service made the page, and not a command beside it.";
    STARTED = "easgate_service_start_time_seconds", Gauge, "", "When the service began, where it made the page.";
    MODE = "easgate_mode", Gauge, "organization, mode", "1 for the configured mode: observe, plan or enforce.";
    CONNECTION = "easgate_connection_state", Gauge, "organization, state", "1 for the state that easgate status tells: none, connectionPending, connected or disconnected.";
    ALARM = "easgate_alarm", Gauge, "organization, alarm", "1 where somebody has to look; each alarm is on every page.";
    LEASE = "easgate_lease_held", Gauge, "organization", "Whether some node or command may write the organisation now.";
    LEADER = "easgate_leader", Gauge, "organization", "Whether this service may write it, where it made the page.";
    RUNNING = "easgate_runs_in_progress", Gauge, "organization, kind", "Runs under way, where the service made the page.";
    WAITING = "easgate_runs_waiting", Gauge, "organization, kind", "Runs that wait for their turn, where the service made the page.";
    FAILURES = "easgate_failures_in_a_row", Gauge, "organization", "Runs in a row that could not read everything, where the service made the page.";
    RUNS = "easgate_runs_total", Counter, "organization, kind, result", "Runs that ended, by kind and result: succeeded, held, failed or unread.";
    RUN_TIME = "easgate_run_duration_seconds", Summary, "organization, kind", "How long runs took.";
    LAST_START = "easgate_last_run_start_time_seconds", Gauge, "organization, kind", "When the last run of each kind began.";
    LAST_GOOD = "easgate_last_good_run_start_time_seconds", Gauge, "organization, kind", "When the last run of each kind began that read everything.";
    DEVICES = "easgate_devices", Gauge, "organization, access, reason", "Devices by what was decided for them and why.";
    STATES = "easgate_devices_in_exchange", Gauge, "organization, state", "Devices by Exchange's own access state.";
    OWNED = "easgate_owned_entries", Gauge, "organization", "List entries that are ours.";
    CHANGES = "easgate_changes_total", Counter, "organization, access, outcome", "Changes of lists by the access decided and what became of them (applied, failed or unknown), counted at the end of their run.";
    UNSETTLED = "easgate_unsettled_changes", Gauge, "organization", "Changes whose outcome is not known; the next run settles them.";
    RETRIES = "easgate_retries", Gauge, "organization, state", "Devices whose change failed: waiting to be looked at again, or given_up after a week.";
    LATENCY = "easgate_change_latency_seconds", Summary, "organization, quantile", "From a change in device management to the changed list in Exchange; the quantiles are those of the last 24 hours.";
    HOLDS = "easgate_guard_holds_total", Counter, "organization, cause", "Runs in which the guard held changes, by cause.";
    HELD = "easgate_held_changes", Gauge, "organization, cause, state", "Changes that the guard holds now, by cause and by what was said to them: held, approved or rejected.";
    WINDOW = "easgate_access_changes_24h", Gauge, "organization, effect", "Devices that lost or gained access in the last 24 hours, as the guard counts them.";
    TOMBSTONES = "easgate_tombstones", Gauge, "organization", "Devices whose record vanished together with many others.";
    DRIFT = "easgate_open_drift", Gauge, "organization", "Changes by others that nobody has acknowledged.";
    BREAKER = "easgate_account_refused", Gauge, "organization", "Whether Exchange refused the account, so that nothing logs on.";
    OUTAGE = "easgate_server_unreachable", Gauge, "organization, server", "1 for each server that could not be reached when it was last tried.";
    CERTIFICATE = "easgate_certificate_expiry_time_seconds", Gauge, "organization, what, subject", "When a certificate in a file of the configuration ends.";
}

/// Who makes a page.
pub(crate) struct Maker<'a> {
    /// Where what is known is kept.
    pub(crate) store: &'a Store,
    /// The organisations of the configuration.
    pub(crate) organizations: &'a [Arc<Organization>],
    /// How the service stands, as it tells it itself; `None` where another process makes the page.
    pub(crate) service: Option<&'a Value>,
    /// What time it is.
    pub(crate) now: OffsetDateTime,
}

impl Maker<'_> {
    /// The page.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(crate) async fn page(&self) -> Result<String, StoreError> {
        let mut page = Page::default();
        page.put(BUILD, &[("version", env!("CARGO_PKG_VERSION"))], 1);
        page.put(UP, &[], u8::from(self.service.is_some()));
        for organization in self.organizations {
            self.organization(&mut page, organization).await?;
        }
        fill::service(&mut page, self.service);
        Ok(page.text())
    }
}

/// The samples of a page, by the names of their families.
#[derive(Debug, Default)]
struct Page(BTreeMap<&'static str, Vec<String>>);

impl Page {
    fn put(&mut self, family: Family, labels: &[(&str, &str)], value: impl Display) {
        self.put_as(family, "", labels, value);
    }

    /// A sample whose name has a `suffix`, as sums and counts have.
    fn put_as(&mut self, family: Family, suffix: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> = labels
            .iter()
            .map(|(label, value)| format!("{label}=\"{}\"", label_value(value)))
            .collect();
        let labels = match labels.as_slice() {
            [] => String::new(),
            labels => format!("{{{}}}", labels.join(",")),
        };
        let line = format!("{}{suffix}{labels} {value}", family.name);
        self.0.entry(family.name).or_default().push(line);
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for family in ALL {
            if let Some(samples) = self.0.get(family.name) {
                // Writing to a text cannot fail.
                let _ = writeln!(text, "# HELP {} {}", family.name, family.help);
                let _ = writeln!(text, "# TYPE {} {}", family.name, family.kind.name());
                samples.iter().for_each(|line| {
                    let _ = writeln!(text, "{line}");
                });
            }
        }
        text
    }
}

/// A label's value between its quotation marks.
fn label_value(value: &str) -> String {
    escape(value).replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_each_family_once_with_its_samples_and_labels_stay_in_their_marks() {
        let mut page = Page::default();
        page.put(OWNED, &[("organization", "contoso")], 7);
        page.put(UP, &[], 1);
        page.put(OWNED, &[("organization", "a\"b\\c\nd\u{202e}")], 8);
        page.put_as(RUN_TIME, "_sum", &[("kind", "full")], 1.5);
        expect_test::expect![[r##"
            # HELP easgate_service_up Whether the running service made the page, and not a command beside it.
            # TYPE easgate_service_up gauge
            easgate_service_up 1
            # HELP easgate_run_duration_seconds How long runs took.
            # TYPE easgate_run_duration_seconds summary
            easgate_run_duration_seconds_sum{kind="full"} 1.5
            # HELP easgate_owned_entries List entries that are ours.
            # TYPE easgate_owned_entries gauge
            easgate_owned_entries{organization="contoso"} 7
            easgate_owned_entries{organization="a\"b\\\\c\\u{a}d\\u{202e}"} 8
        "##]]
        .assert_eq(&page.text());
    }

    /// The page of documentation lists every family, so that it cannot go stale.
    #[test]
    fn the_documentation_lists_every_metric() {
        let page = include_str!("../../../docs/metrics.md");
        let (head, rest) = page.split_once("<!-- metrics -->\n").unwrap();
        let (_, tail) = rest.split_once("<!-- end of metrics -->\n").unwrap();
        let rows: String = ALL
            .iter()
            .map(|family| {
                let (name, kind) = (family.name, family.kind.name());
                format!("| `{name}` | {kind} | {} | {} |\n", family.labels, family.help)
            })
            .collect();
        let expected = format!("{head}<!-- metrics -->\n{rows}<!-- end of metrics -->\n{tail}");
        expect_test::expect_file!["../../../docs/metrics.md"].assert_eq(&expected);
    }
}
