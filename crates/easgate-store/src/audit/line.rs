//! A record as one line of an export.

use easgate_model::is_plain;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{AuditAction, AuditKey, AuditRecord};

/// A record in an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// The record.
    pub record: AuditRecord,
    /// Whether identities were replaced by pseudonyms: then its contents do not give its hash.
    pub anonymous: bool,
}

/// The names of the JSON object.
#[derive(Serialize, Deserialize)]
struct Wire {
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    anonymous: bool,
    organization: String,
    sequence: i64,
    at: i64,
    /// `at` for people; not hashed.
    #[serde(default)]
    time: Option<String>,
    actor: String,
    actor_uid: Option<i64>,
    action: String,
    decision: Option<String>,
    run: Option<i64>,
    mailbox: Option<String>,
    address: Option<String>,
    device: Option<String>,
    command: Option<String>,
    before: Option<String>,
    after: Option<String>,
    outcome: Option<String>,
    reason: Option<String>,
    server: Option<String>,
    request: Option<String>,
    previous: String,
    hash: String,
}

impl AuditLine {
    /// The record as it is.
    #[must_use]
    pub const fn whole(record: AuditRecord) -> Self {
        Self {
            record,
            anonymous: false,
        }
    }

    /// The record with pseudonyms for people, mailboxes and devices, and without the texts that may name them.
    #[must_use]
    pub fn anonymous(record: AuditRecord, key: &AuditKey) -> Self {
        let hidden = |kind, text: Option<String>| text.map(|text| key.pseudonym(kind, &text));
        let action: Option<AuditAction> = record.action.parse().ok();
        let is_change = action.is_some_and(AuditAction::is_change);
        let is_run =
            action.is_some_and(|action| matches!(action, AuditAction::RunBegun | AuditAction::RunEnded));
        let actor = if record.actor == "easgate" {
            record.actor
        } else {
            key.pseudonym("person", &record.actor)
        };
        let record = AuditRecord {
            actor,
            actor_uid: None,
            mailbox: hidden("mailbox", record.mailbox),
            address: hidden("address", record.address),
            device: hidden("device", record.device),
            command: None,
            outcome: record.outcome.filter(|_| is_run),
            // By a change it is a stable name, by a person whatever that person wrote.
            reason: record.reason.filter(|_| is_change || is_run),
            before: record.before.filter(|_| is_change || is_run),
            after: record.after.filter(|_| is_change || is_run),
            ..record
        };
        Self {
            record,
            anonymous: true,
        }
    }

    /// The line, without a line break: JSON in which every character that could steer a terminal is `\uXXXX`.
    #[must_use]
    pub fn to_json(&self) -> String {
        let json = serde_json::to_string(&Wire::of(self)).expect("texts and numbers are JSON");
        // What is not plain stands inside of a string, where such an escape says the same.
        let mut line = String::with_capacity(json.len());
        let mut units = [0; 2];
        for char in json.chars() {
            if is_plain(char) {
                line.push(char);
            } else {
                for unit in char.encode_utf16(&mut units) {
                    line.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
        line
    }

    /// Reads a line.
    ///
    /// # Errors
    /// It is not a record of an export.
    pub fn parse(line: &str) -> Result<Self, LineError> {
        serde_json::from_str::<Wire>(line)
            .map(Self::from)
            .map_err(LineError)
    }
}

/// A line is not a record of an export.
#[derive(Debug, thiserror::Error)]
#[error("not a record of an audit")]
pub struct LineError(#[source] serde_json::Error);

impl Wire {
    fn of(line: &AuditLine) -> Self {
        let record = line.record.clone();
        let time = OffsetDateTime::from_unix_timestamp_nanos(i128::from(record.at) * 1_000)
            .ok()
            .and_then(|at| at.format(&Rfc3339).ok());
        Self {
            anonymous: line.anonymous,
            organization: record.organization,
            sequence: record.sequence,
            at: record.at,
            time,
            actor: record.actor,
            actor_uid: record.actor_uid,
            action: record.action,
            decision: record.decision,
            run: record.run,
            mailbox: record.mailbox,
            address: record.address,
            device: record.device,
            command: record.command,
            before: record.before,
            after: record.after,
            outcome: record.outcome,
            reason: record.reason,
            server: record.server,
            request: record.request,
            previous: record.previous,
            hash: record.hash,
        }
    }
}

impl From<Wire> for AuditLine {
    fn from(wire: Wire) -> Self {
        Self {
            anonymous: wire.anonymous,
            record: AuditRecord {
                organization: wire.organization,
                sequence: wire.sequence,
                at: wire.at,
                actor: wire.actor,
                actor_uid: wire.actor_uid,
                action: wire.action,
                decision: wire.decision,
                run: wire.run,
                mailbox: wire.mailbox,
                address: wire.address,
                device: wire.device,
                command: wire.command,
                before: wire.before,
                after: wire.after,
                outcome: wire.outcome,
                reason: wire.reason,
                server: wire.server,
                request: wire.request,
                previous: wire.previous,
                hash: wire.hash,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Actor, AuditEvent, AuditHash};

    fn record(outcome: &str) -> AuditRecord {
        let event = AuditEvent {
            outcome: Some(outcome.to_owned()),
            reason: Some("notCompliant".to_owned()),
            address: Some("ana@contoso.example".to_owned()),
            device: "ApplA1".parse().ok(),
            command: Some("Set-CASMailbox ana".to_owned()),
            ..AuditEvent::new(
                AuditAction::ChangeFailed,
                Actor {
                    name: "Ana".to_owned(),
                    uid: Some(7),
                },
                OffsetDateTime::UNIX_EPOCH,
            )
        };
        event.following("contoso", 1, AuditHash::NONE.to_string())
    }

    proptest! {
        #[test]
        fn a_line_steers_nothing_and_is_read_as_it_was_written(outcome in any::<String>()) {
            let line = AuditLine::whole(record(&outcome));
            let json = line.to_json();
            prop_assert!(json.chars().all(is_plain), "{}", json);
            let read = AuditLine::parse(&json).unwrap();
            prop_assert_eq!(&read, &line);
            prop_assert_eq!(read.record.digest().to_string(), line.record.hash);
        }
    }

    #[test]
    fn an_anonymous_line_names_nobody_and_keeps_its_place_in_the_chain() {
        let key = AuditKey::new([7; 32]);
        let whole = record("Ana's mailbox is away");
        let line = AuditLine::anonymous(whole.clone(), &key);
        let json = line.to_json().to_lowercase();
        for name in ["ana", "appla1", "set-cas"] {
            assert!(!json.contains(name), "{name}: {json}");
        }
        assert!(json.contains("notcompliant") && line.anonymous);
        assert_eq!((line.record.hash, line.record.sequence), (whole.hash, 1));
        assert_eq!(
            line.record.device,
            Some(key.pseudonym("device", "APPLA1")),
            "whatever its case"
        );
    }
}
