//! What works and should be looked at.

use easgate_compliance::{Limits, Threshold};

use crate::Warning;
use crate::file::{RawExchange, RawFile, RawForeignAllow, RawLevel, RawMode, RawOrganization};
use crate::problem::{Key, Source};

/// Returns the warnings in the order of the file.
pub(crate) fn warnings(raw: &RawFile, source: &Source<'_>) -> Vec<Warning> {
    let mut warnings = Vec::new();
    for (at, organization) in raw.organization.iter().enumerate() {
        for (section, key, message) in of(organization) {
            let path = [
                Key::Name("organization"),
                Key::Index(at),
                Key::Name(section),
                Key::Name(key),
            ];
            warnings.push(source.problem(&path, message));
        }
    }
    warnings.sort_by_key(|warning| (warning.line, warning.column));
    warnings
}

fn of(organization: &RawOrganization) -> Vec<(&'static str, &'static str, String)> {
    let policy = &organization.policy;
    let guard = &organization.guard;
    let usual = Limits::default();
    let mut found = Vec::new();
    let mut warn = |condition: bool, section, key, message: &str| {
        if condition {
            found.push((section, key, message.to_owned()));
        }
    };
    warn(
        organization.exchange.danger_allow_unencrypted,
        "exchange",
        "danger_allow_unencrypted",
        "the password may go over unencrypted http, where anyone on the way can read it",
    );
    warn(
        organization.exchange.danger_allow_ntlm_without_channel_binding,
        "exchange",
        "danger_allow_ntlm_without_channel_binding",
        "whoever is on the way can relay the NTLM log-on to another server",
    );
    let idle = are_idle(&organization.exchange);
    warn(idle, "exchange", "addresses", IDLE_ADDRESSES);
    warn(
        !policy.always_allow_compliant,
        "policy",
        "always_allow_compliant",
        "where Exchange's default access level is Quarantine or Block, compliant devices are held for ever; \
         `easgate plan` shows how many",
    );
    warn(
        organization.mode == RawMode::Enforce && policy.foreign_allow == RawForeignAllow::Override,
        "policy",
        "foreign_allow",
        "devices that somebody has allowed by hand are blocked when the policy refuses them",
    );
    warn(
        policy
            .platform_exceptions
            .iter()
            .any(|exception| matches!(exception.level, RawLevel::Allow)),
        "policy",
        "platform_exceptions",
        "a phone chooses its own DeviceType and DeviceModel: an exception that allows lets in every phone that \
         claims the class",
    );
    warn(
        is_above(guard.loses_access.0, usual.loses_access),
        "guard",
        "loses_access",
        "the limit is above the usual 50 devices or 5 %: a mistake may take access from more people at once",
    );
    warn(
        is_above(guard.gains_access.0, usual.gains_access),
        "guard",
        "gains_access",
        "the limit is above the usual 200 devices or 10 %: a mistake may give access to more refused devices at once",
    );
    found
}

const IDLE_ADDRESSES: &str =
    "every server is reached through the proxy, which looks names up by itself, so this has no effect";

/// Whether no name is looked up here, so that addresses change nothing.
fn are_idle(exchange: &RawExchange) -> bool {
    !exchange.addresses.is_empty() && exchange.proxy.is_some() && exchange.no_proxy.is_empty()
}

/// Whether `limit` lets more through; of a lone figure, that figure is compared.
fn is_above(limit: Threshold, usual: Threshold) -> bool {
    let share_alone = limit.count == u64::MAX;
    let count_alone = limit.percent >= 100.0 && !share_alone;
    (limit.count > usual.count && !share_alone) || (limit.percent > usual.percent && !count_alone)
}
