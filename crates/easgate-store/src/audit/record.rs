//! One record of the audit, as it is kept.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row};

use super::AuditHash;

/// A record as it stands in the store or in an export. Nothing of it is parsed: a record that was tampered with can
/// hold anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// The organisation's name in the configuration.
    pub organization: String,
    /// Its place in the chain, from 1 on without gaps.
    pub sequence: i64,
    /// When, in microseconds since 1970 UTC.
    pub at: i64,
    /// Who.
    pub actor: String,
    /// Who, for the operating system.
    pub actor_uid: Option<i64>,
    /// What, by the stable name of an [`AuditAction`](super::AuditAction).
    pub action: String,
    /// The decision.
    pub decision: Option<String>,
    /// The run.
    pub run: Option<i64>,
    /// The mailbox's Guid.
    pub mailbox: Option<String>,
    /// Its address.
    pub address: Option<String>,
    /// The device.
    pub device: Option<String>,
    /// The command with its parameters.
    pub command: Option<String>,
    /// The value before.
    pub before: Option<String>,
    /// The value after.
    pub after: Option<String>,
    /// What came of it.
    pub outcome: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// The server.
    pub server: Option<String>,
    /// How the server calls the request.
    pub request: Option<String>,
    /// The hash of the record before, in hexadecimal digits; of the first record: zeros.
    pub previous: String,
    /// Its own hash.
    pub hash: String,
}

impl AuditRecord {
    /// The hash that its contents have.
    #[must_use]
    pub fn digest(&self) -> AuditHash {
        let number = |number: i64| number.to_string();
        let (sequence, at) = (number(self.sequence), number(self.at));
        let (uid, run) = (self.actor_uid.map(number), self.run.map(number));
        AuditHash::of([
            Some(self.organization.as_str()),
            Some(&sequence),
            Some(&at),
            Some(&self.actor),
            uid.as_deref(),
            Some(&self.action),
            self.decision.as_deref(),
            run.as_deref(),
            self.mailbox.as_deref(),
            self.address.as_deref(),
            self.device.as_deref(),
            self.command.as_deref(),
            self.before.as_deref(),
            self.after.as_deref(),
            self.outcome.as_deref(),
            self.reason.as_deref(),
            self.server.as_deref(),
            self.request.as_deref(),
            Some(&self.previous),
        ])
    }
}

pub(crate) fn of_row(organization: &str, row: &AnyRow) -> AuditRecord {
    AuditRecord {
        organization: organization.to_owned(),
        sequence: row.get("sequence"),
        at: row.get("recorded"),
        actor: row.get("actor"),
        actor_uid: row.get("actor_uid"),
        action: row.get("action"),
        decision: row.get("decision"),
        run: row.get("run"),
        mailbox: row.get("mailbox"),
        address: row.get("address"),
        device: row.get("device"),
        command: row.get("command"),
        before: row.get("value_before"),
        after: row.get("value_after"),
        outcome: row.get("outcome"),
        reason: row.get("reason"),
        server: row.get("server"),
        request: row.get("request"),
        previous: row.get("previous"),
        hash: row.get("hash"),
    }
}

pub(super) async fn insert(
    connection: &mut AnyConnection,
    organization: i64,
    record: &AuditRecord,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO audit (organization, sequence, recorded, actor, actor_uid, action, decision, run, mailbox, \
         address, device, command, value_before, value_after, outcome, reason, server, request, previous, hash) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)",
    )
    .bind(organization)
    .bind(record.sequence)
    .bind(record.at)
    .bind(&record.actor)
    .bind(record.actor_uid)
    .bind(&record.action)
    .bind(&record.decision)
    .bind(record.run)
    .bind(&record.mailbox)
    .bind(&record.address)
    .bind(&record.device)
    .bind(&record.command)
    .bind(&record.before)
    .bind(&record.after)
    .bind(&record.outcome)
    .bind(&record.reason)
    .bind(&record.server)
    .bind(&record.request)
    .bind(&record.previous)
    .bind(&record.hash)
    .execute(connection)
    .await
    .map(drop)
}
