//! A hash of what a plan was made from: the same facts give the same hash, in whatever order they came.

use std::collections::BTreeSet;

use easgate_compliance::Facts;
use sha2::{Digest, Sha256};

/// The SHA-256 of everything of `facts` that a decision can depend on, in hexadecimal digits.
#[expect(clippy::too_many_lines, reason = "one row an input")]
pub(super) fn inputs(facts: &Facts) -> String {
    let mut rows = BTreeSet::new();
    let mut row = |kind: &str, fields: &[&str]| {
        let mut text = String::new();
        for field in std::iter::once(&kind).chain(fields) {
            text.push_str(&format!("{}:{field},", field.len()));
        }
        rows.insert(text);
    };
    let exchange = &facts.exchange;
    let settings = &exchange.settings;
    row(
        "settings",
        &[&settings.id.to_string(), settings.default_access_level.name()],
    );
    for rule in &exchange.rules {
        row(
            "rule",
            &[
                &rule.query_string,
                rule.characteristic.name(),
                rule.access_level.name(),
            ],
        );
    }
    for mailbox in &exchange.mailboxes {
        let ids = |list: &[easgate_model::DeviceId]| {
            let ids: BTreeSet<String> = list.iter().map(|id| id.as_str().to_ascii_lowercase()).collect();
            format!("{ids:?}")
        };
        let addresses: BTreeSet<String> = mailbox
            .addresses
            .iter()
            .map(|address| address.as_str().to_ascii_lowercase())
            .collect();
        row(
            "mailbox",
            &[
                &mailbox.id.to_string(),
                mailbox.recipient_type.name(),
                &format!("{addresses:?}"),
                &ids(&mailbox.allowed),
                &ids(&mailbox.blocked),
            ],
        );
    }
    for one in &exchange.partnerships {
        row(
            "partnership",
            &[
                one.owner.as_str(),
                one.device_id.as_str(),
                &one.device_type,
                &one.device_model,
                &one.device_os,
                one.access_state.name(),
                one.access_state_reason.name(),
            ],
        );
    }
    for one in &facts.inventory.enrollments {
        row(
            "enrollment",
            &[
                &one.record,
                one.user_id.as_deref().unwrap_or_default(),
                one.eas_device_id.as_ref().map_or("", |id| id.as_str()),
                one.agent.name(),
                one.state.name(),
                one.compliance.name(),
                if one.compromised { "compromised" } else { "" },
            ],
        );
    }
    for one in &facts.inventory.users {
        row(
            "user",
            &[
                &one.id,
                one.user_principal_name.as_str(),
                &format!("{:?} {:?}", one.addresses, one.groups),
                if one.licensed { "licensed" } else { "" },
            ],
        );
    }
    let mut digest = Sha256::new();
    for row in &rows {
        digest.update(row);
    }
    digest
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
