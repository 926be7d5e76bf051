//! Mailboxes and recipients.

use std::borrow::Cow;

use super::super::names::canonical;
use super::super::organization::resolve::legacy_dn;
use super::super::organization::{MailboxObject, State};
use super::super::row::{Id, Row, Tail, TypeNames, Value};
use super::View;
use crate::world::MailboxKind;

const CAS_MAILBOX: &[&str] = &[
    "Microsoft.Exchange.Data.Directory.Management.CASMailbox",
    "Microsoft.Exchange.Data.Directory.Management.ADPresentationObject",
    "Microsoft.Exchange.Data.Directory.ADObject",
    "Microsoft.Exchange.Data.Directory.ADRawEntry",
    "Microsoft.Exchange.Data.ConfigurableObject",
    "System.Object",
];
const RECIPIENT: &[&str] = &[
    "Microsoft.Exchange.Data.Directory.Management.ReducedRecipient",
    "Microsoft.Exchange.Data.Directory.ADObject",
    "Microsoft.Exchange.Data.Directory.ADRawEntry",
    "Microsoft.Exchange.Data.ConfigurableObject",
    "System.Object",
];

fn visible<'a>(state: &'a State, at: usize, view: &View) -> Option<&'a MailboxObject> {
    let object = state.mailboxes.get(at)?;
    (!object.gone && (view.forest || !object.child_domain)).then_some(object)
}

fn addresses(object: &MailboxObject) -> Value {
    let mut all = vec![format!("SMTP:{}", object.world.primary_smtp)];
    all.extend(
        object
            .world
            .aliases
            .iter()
            .map(|address| format!("smtp:{address}")),
    );
    Value::Addresses(all)
}

fn tail<'a>(state: &'a State, object: &'a MailboxObject, view: &'a View) -> Tail<'a> {
    let user = &object.world;
    Tail {
        name: &user.name,
        dn: &user.distinguished_name,
        guid: user.mailbox_guid,
        identity: Id {
            text: canonical(&user.distinguished_name),
            dn: user.distinguished_name.clone(),
            guid: user.mailbox_guid,
        },
        category: "Person",
        classes: &["top", "person", "organizationalPerson", "user"],
        when_changed: state.shown(object.when_changed),
        when_created: state.shown(object.when_created),
        version: state.version,
        domain: &state.domain,
        server: &view.controller,
    }
}

/// `Get-CASMailbox`.
#[expect(
    clippy::too_many_lines,
    reason = "one member a line, in the order of the wire"
)]
pub(crate) fn cas_mailbox(state: &State, at: usize, view: &View) -> Option<Row> {
    let object = visible(state, at, view)?;
    let user = &object.world;
    if !user.kind.is_local() {
        return None;
    }
    let default = state.policies.iter().find(|policy| policy.is_default);
    let policy = object
        .policy
        .as_deref()
        .or_else(|| default.map(|policy| policy.name.as_str()));
    let linked = if user.kind == MailboxKind::Linked {
        format!("FABRIKAM\\{}", user.sam_account_name)
    } else {
        String::new()
    };
    let mut members = vec![
        ("EmailAddresses", addresses(object)),
        ("LegacyExchangeDN", Value::Text(legacy_dn(user))),
        ("LinkedMasterAccount", Value::Text(linked)),
        (
            "PrimarySmtpAddress",
            Value::Struct("Microsoft.Exchange.Data.SmtpAddress", user.primary_smtp.clone()),
        ),
        ("SamAccountName", Value::text(&user.sam_account_name)),
        (
            "ServerLegacyDN",
            Value::text(
                "/o=Contoso/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Configuration/cn=Servers/cn=EX01",
            ),
        ),
        ("ServerName", Value::text("ex01")),
        ("DisplayName", Value::text(&user.display_name)),
        (
            "ActiveSyncAllowedDeviceIDs",
            Value::Strings(object.allowed.clone()),
        ),
        (
            "ActiveSyncBlockedDeviceIDs",
            Value::Strings(object.blocked.clone()),
        ),
        (
            "ActiveSyncMailboxPolicy",
            policy.map_or(Value::Nil, |name| policy_id(state, name)),
        ),
        (
            "ActiveSyncMailboxPolicyIsDefaulted",
            Value::Bool(object.policy.is_none()),
        ),
        ("ActiveSyncDebugLogging", Value::Nil),
        ("ActiveSyncEnabled", Value::Bool(object.active_sync_enabled)),
        (
            "HasActiveSyncDevicePartnership",
            Value::Bool(object.has_partnership),
        ),
        ("ExternalImapSettings", Value::Nil),
        ("OwaMailboxPolicy", Value::Nil),
        ("OWAEnabled", Value::Bool(true)),
        ("ECPEnabled", Value::Bool(true)),
        ("PopEnabled", Value::Bool(true)),
        ("ImapEnabled", Value::Bool(true)),
        ("MAPIEnabled", Value::Bool(true)),
        ("EwsEnabled", Value::Nil),
    ];
    tail(state, object, view).presentation(&mut members);
    let types = TypeNames(Cow::Borrowed(CAS_MAILBOX));
    Some(Row {
        types,
        text: user.name.clone(),
        members,
        hidden: Vec::new(),
        selected: false,
    })
}

fn policy_id(state: &State, name: &str) -> Value {
    let dn = super::configuration_dn(state, &format!("CN={name},CN=Mobile Mailbox Policies"));
    let guid = state
        .policies
        .iter()
        .find(|policy| policy.name == name)
        .map(|policy| policy.guid);
    Value::Id(Id {
        text: name.to_owned(),
        dn,
        guid: guid.unwrap_or_default(),
    })
}

/// `Get-Recipient`.
#[expect(
    clippy::too_many_lines,
    reason = "one member a line, in the order of the wire"
)]
pub(crate) fn recipient(state: &State, at: usize, view: &View) -> Option<Row> {
    let object = visible(state, at, view)?;
    let user = &object.world;
    // System mailboxes are listed when asked for by kind alone.
    if matches!(user.kind, MailboxKind::Arbitration | MailboxKind::Health) {
        return None;
    }
    let (kind, number) = if user.kind.is_local() {
        ("UserMailbox", 1)
    } else {
        ("MailUser", 2)
    };
    let unit = canonical(
        user.distinguished_name
            .split_once(",OU=")
            .map_or("", |(_, rest)| rest),
    );
    let mut members = vec![
        ("Alias", Value::text(&user.alias)),
        ("City", Value::text("")),
        ("Company", Value::text("")),
        (
            "Database",
            if user.kind.is_local() {
                Value::text("DB01")
            } else {
                Value::Nil
            },
        ),
        ("Department", Value::text(&user.department)),
        ("DisplayName", Value::text(&user.display_name)),
        ("EmailAddresses", addresses(object)),
        ("ExternalDirectoryObjectId", Value::text("")),
        ("HiddenFromAddressListsEnabled", Value::Bool(false)),
        ("OrganizationalUnit", Value::Text(unit)),
        (
            "PrimarySmtpAddress",
            Value::Struct("Microsoft.Exchange.Data.SmtpAddress", user.primary_smtp.clone()),
        ),
        (
            "RecipientType",
            Value::Enum(
                "Microsoft.Exchange.Data.Directory.Recipient.RecipientType",
                kind.to_owned(),
                number,
            ),
        ),
        ("RecipientTypeDetails", recipient_type_details(user.kind)),
        ("SamAccountName", Value::text(&user.sam_account_name)),
        (
            "ServerName",
            Value::text(if user.kind.is_local() { "ex01" } else { "" }),
        ),
        ("WindowsLiveID", Value::text("")),
    ];
    tail(state, object, view).presentation(&mut members);
    let hidden = vec![(
        "HasActiveSyncDevicePartnership",
        Value::Bool(object.has_partnership),
    )];
    let types = TypeNames(Cow::Borrowed(RECIPIENT));
    Some(Row {
        types,
        text: user.name.clone(),
        members,
        hidden,
        selected: false,
    })
}

fn recipient_type_details(kind: MailboxKind) -> Value {
    // Powers of two, in the order of the documentation.
    let number = match kind {
        MailboxKind::User | MailboxKind::Test => 1,
        MailboxKind::Linked => 2,
        MailboxKind::Shared => 4,
        MailboxKind::Room => 16,
        MailboxKind::Equipment => 32,
        MailboxKind::Arbitration => 8_388_608,
        MailboxKind::Discovery => 536_870_912,
        MailboxKind::Health => 1_073_741_824,
        MailboxKind::Remote => -2_147_483_648,
    };
    let name = kind.recipient_type_details().to_owned();
    Value::Enum(
        "Microsoft.Exchange.Data.Directory.Recipient.RecipientTypeDetails",
        name,
        number,
    )
}
