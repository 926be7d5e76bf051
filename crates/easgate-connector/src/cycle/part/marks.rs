//! What is kept between runs so that the next one knows where to go on.

use std::collections::HashMap;
use std::fmt::Write as _;

use easgate_compliance::Facts;
use easgate_model::{AccessLevel, DeviceAccessRule, Enrollment, MailboxId, Partnership};
use easgate_store::{KnownPartnership, Marks};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::Cycle;
use crate::ports::{Changed, SourceKind};

/// The access rules by which the last full sync decided.
pub(super) const RULES: &str = "exchange.rules";
/// What the facts of the source meant then.
pub(super) const MEANING: &str = "source.meaning";
/// From when on the source is asked what changed, by its own clock.
pub(super) const SOURCE: &str = "source.since";
/// When the source was last looked at, by its own clock.
pub(super) const LOOKED: &str = "source.looked";

/// Domain controllers and Intune's own stores agree within this.
const OVERLAP: Duration = Duration::minutes(15);

/// From when on Exchange is asked what changed, by its own clock.
pub(super) const fn since(changed: Changed) -> &'static str {
    match changed {
        Changed::Mailbox => "exchange.since.mailbox",
        Changed::Device => "exchange.since.device",
        Changed::FirstSync => "exchange.since.firstSync",
    }
}

/// What was found out about the filter of the server at `endpoint`.
pub(super) fn reach(changed: Changed, endpoint: &str) -> String {
    format!("reach.{}.{endpoint}", changed.name())
}

/// A text that differs where the rules differ.
pub(super) fn of_rules(rules: &[DeviceAccessRule]) -> String {
    let mut texts: Vec<String> = rules
        .iter()
        .map(|rule| {
            let level = match rule.access_level {
                AccessLevel::Allow => "allow",
                AccessLevel::Block => "block",
                AccessLevel::Quarantine => "quarantine",
            };
            format!("{:?} {:?} {level}", rule.characteristic, rule.query_string)
        })
        .collect();
    texts.sort();
    digest(&texts.join("\n"))
}

/// A text that differs where the source or what the policy asks of it differs.
pub(super) fn of_meaning(cycle: &Cycle<'_>) -> String {
    let kind = match cycle.source.kind() {
        SourceKind::Graph => "graph",
        SourceKind::File => "file",
    };
    digest(&format!(
        "{kind} {} {:?}",
        cycle.source.meaning(),
        cycle.config.policy
    ))
}

/// A watermark as it is kept; never later than now, whatever a clock of others shows.
pub(super) fn watermark(seen: Option<OffsetDateTime>, now: OffsetDateTime) -> String {
    let at = seen.map_or(now, |seen| seen.min(now)) - OVERLAP;
    micros(at)
}

pub(super) fn micros(at: OffsetDateTime) -> String {
    (at.unix_timestamp_nanos() / 1_000).to_string()
}

/// A time among `marks`.
pub(super) fn time(marks: &Marks, name: &str) -> Option<OffsetDateTime> {
    let micros: i128 = marks.get(name)?.parse().ok()?;
    OffsetDateTime::from_unix_timestamp_nanos(micros.checked_mul(1_000)?).ok()
}

/// The key by which a record is known from run to run: the lines of a file move.
pub(super) fn record_key(kind: SourceKind, record: &Enrollment) -> String {
    match kind {
        SourceKind::Graph => record.record.clone(),
        SourceKind::File => {
            let upn = record.user_principal_name.as_ref().map(ToString::to_string);
            let device = record.eas_device_id.as_ref().map(ToString::to_string);
            format!(
                "{} {}",
                upn.unwrap_or_default(),
                device.unwrap_or_else(|| format!("line {}", record.record))
            )
            .to_ascii_lowercase()
        }
    }
}

/// The records that a full sync leaves for the runs after it, each with its key.
pub(in crate::cycle) fn records_after_full<'f>(
    cycle: &Cycle<'_>,
    facts: &'f Facts,
) -> impl Iterator<Item = (String, &'f Enrollment)> + Send + use<'f> {
    let kind = cycle.source.kind();
    let records = facts.inventory.enrollments.iter();
    records.map(move |one| (record_key(kind, one), one))
}

/// Where the runs after a full sync go on.
pub(in crate::cycle) fn marks_after_full(
    cycle: &Cycle<'_>,
    facts: &Facts,
    links: Marks,
    started: OffsetDateTime,
) -> Marks {
    let mut marks = links;
    let as_of = facts.inventory.as_of;
    let devices = facts.exchange.partnerships.iter();
    let mailboxes = facts.exchange.mailboxes.iter();
    let seen = [
        (SOURCE, as_of),
        (
            since(Changed::Mailbox),
            mailboxes.filter_map(|one| one.when_changed).max(),
        ),
        (
            since(Changed::Device),
            devices.clone().filter_map(|one| one.when_changed).max(),
        ),
        (
            since(Changed::FirstSync),
            devices.filter_map(|one| one.first_sync).max(),
        ),
    ];
    for (name, seen) in seen {
        // What changed while all was read is looked at again.
        marks.insert(name.to_owned(), watermark(seen, started));
    }
    marks.insert(LOOKED.to_owned(), micros(as_of.unwrap_or(started)));
    marks.insert(RULES.to_owned(), of_rules(&facts.exchange.rules));
    marks.insert(MEANING.to_owned(), of_meaning(cycle));
    marks
}

/// The partnerships of `facts` as they are known from now on.
pub(in crate::cycle) fn known_of(facts: &Facts) -> impl Iterator<Item = KnownPartnership> + Send + '_ {
    let mailboxes = facts.exchange.mailboxes.iter();
    let by_name: HashMap<_, MailboxId> = mailboxes
        .map(|mailbox| (&mailbox.distinguished_name, mailbox.id))
        .collect();
    facts.exchange.partnerships.iter().filter_map(move |one| {
        Some(KnownPartnership {
            id: one.id,
            mailbox: *by_name.get(&one.owner)?,
            device: one.device_id.clone(),
            state: one.access_state.name().to_owned(),
            stamp: stamp(one),
        })
    })
}

/// A text that differs where anything of the partnership that a decision rests on differs.
pub(super) fn stamp(one: &Partnership) -> String {
    let texts = [
        (0, one.access_state.name()),
        (1, one.access_state_reason.name()),
        (2, one.device_type.as_str()),
        (3, one.device_model.as_str()),
        (4, one.device_os.as_str()),
        (5, one.user_agent.as_str()),
        (6, one.device_id.as_str()),
        (7, one.owner.as_str()),
    ];
    let mut whole = String::with_capacity(256);
    for (number, text) in texts {
        whole.push_str(if number == 0 { "{" } else { ", " });
        // A text that was written cannot fail to be.
        let _ = write!(whole, "({number}, {text:?})");
    }
    whole.push('}');
    digest(&whole)
}

fn digest(text: &str) -> String {
    Uuid::new_v5(&Uuid::NAMESPACE_OID, text.as_bytes())
        .simple()
        .to_string()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_watermark_is_never_later_than_now_whatever_a_clock_of_others_shows() {
        let now = datetime!(2026-11-25 08:00 UTC);
        for (seen, kept) in [
            (None, datetime!(2026-11-25 07:45 UTC)),
            (
                Some(datetime!(2026-11-25 07:00 UTC)),
                datetime!(2026-11-25 06:45 UTC),
            ),
            (
                Some(datetime!(2027-11-25 08:00 UTC)),
                datetime!(2026-11-25 07:45 UTC),
            ),
        ] {
            let marks = Marks::from([("x".to_owned(), watermark(seen, now))]);
            assert_eq!(time(&marks, "x"), Some(kept), "{seen:?}");
        }
        assert_eq!(time(&Marks::new(), "x"), None);
    }
}
