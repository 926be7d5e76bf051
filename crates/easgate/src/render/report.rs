//! The report of a sync, for people; [`Report::to_json`] is for programs.

use easgate_compliance::Access;
use easgate_connector::{Kind, Mode, Report};
use easgate_model::{escape, escape_long};

use crate::output;
use crate::render::count;

/// A report in words.
#[derive(Debug, Default)]
pub(crate) struct Words {
    /// What was seen, decided and changed.
    pub(crate) lines: Vec<String>,
    /// What went wrong, and what somebody should know.
    pub(crate) notes: Vec<String>,
}

impl Words {
    fn line(&mut self, text: &str) {
        self.lines.push(text.to_owned());
    }

    fn note(&mut self, text: &str) {
        self.notes.push(text.to_owned());
    }
}

/// Prints a report in words.
pub(crate) fn text(report: &Report) {
    let words = words(report);
    words.lines.iter().for_each(|line| output::line(line));
    words.notes.iter().for_each(|note| output::note(note));
}

/// A report in words.
pub(crate) fn words(report: &Report) -> Words {
    let mut words = Words::default();
    let name = escape(&report.organization);
    let seconds = report.durations.total.as_secs_f64();
    words.line(&format!(
        "{name}: {} sync in mode {} took {seconds:.1} s, {}",
        report.kind,
        report.mode,
        report
            .server
            .as_deref()
            .map_or_else(|| "no server answered".to_owned(), escape)
    ));
    if report.facts_read && report.devices == 0 && report.kind != Kind::Full {
        words.line("Nothing has changed.");
    } else if report.facts_read {
        decisions(&mut words, report);
        changes(&mut words, report);
    }
    if let Some(needed) = &report.full_needed {
        words.note(&format!(
            "nothing was looked at, because {}: run `easgate sync --full`",
            escape_long(&needed.to_string())
        ));
    }
    if let Some(latency) = &report.latency {
        words.line(&format!(
            "{} came {:.1} s after device management knew (95 %: {:.1} s).",
            count(latency.changes, "change"),
            latency.median.as_secs_f64(),
            latency.p95.as_secs_f64()
        ));
    }
    for error in &report.errors {
        let place = [error.mailbox.as_deref(), error.device.as_deref()];
        let place: Vec<String> = place.into_iter().flatten().map(escape).collect();
        let place = if place.is_empty() {
            String::new()
        } else {
            format!("{}: ", place.join(" "))
        };
        words.note(&format!("error: {place}{}", escape_long(&error.message)));
    }
    for warning in &report.warnings {
        words.note(&format!("warning: {}", escape_long(warning)));
    }
    words
}

fn decisions(words: &mut Words, report: &Report) {
    let decided = &report.decisions;
    words.line("");
    words.line(&format!("{} decided:", count(report.devices, "device")));
    for (access, devices) in [
        (Access::Allow, decided.allow),
        (Access::Block, decided.block),
        (Access::Quarantine, decided.quarantine),
        (Access::Untouched, decided.untouched),
    ] {
        words.line(&format!("{devices:>8}  {}", access.name()));
    }
    words.line("");
    words.line("because:");
    for (reason, devices) in &report.reasons {
        words.line(&format!("{devices:>8}  {reason}"));
    }
    let (matched, of) = report.matched;
    words.line("");
    words.line(&format!(
        "{matched} of {of} devices of people's mailboxes were matched with a user."
    ));
    if report.foreign.entries > 0 {
        words.line(&format!(
            "{} list entries are somebody else's and stay; {} of them contradict the policy.",
            report.foreign.entries, report.foreign.contradicting
        ));
    }
}

fn paused(report: &Report) -> String {
    match &report.paused {
        Some(_) => format!(", {} not made because writing is paused", report.changes.paused),
        None => String::new(),
    }
}

fn changes(words: &mut Words, report: &Report) {
    let changes = &report.changes;
    let planned = count(changes.planned, "change");
    words.line(&match report.mode {
        Mode::Observe | Mode::Plan => {
            format!(
                "{planned} planned, none made in mode {}; the guard would hold {}.",
                report.mode, changes.held
            )
        }
        Mode::Enforce => format!(
            "{planned} planned: {} applied, {} failed, {} held by the guard{}.",
            changes.applied,
            changes.failed,
            changes.held,
            paused(report)
        ),
    });
    if report.replaced > 0 {
        words.line(&format!(
            "{} left to another run, which decided by newer facts.",
            count(report.replaced, "change")
        ));
    }
}
