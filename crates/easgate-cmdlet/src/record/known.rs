//! What may stand in a recording as it is. Everything else is taken for an identity.

/// Members and parameters whose texts are structure: kinds, states, versions, models.
const MEMBERS: &[&str] = &[
    "AccessLevel",
    "AdminDisplayVersion",
    "Characteristic",
    "ClientType",
    "ClientVersion",
    "CommandType",
    "DefaultAccessLevel",
    "DeviceAccessState",
    "DeviceAccessStateReason",
    "DeviceActiveSyncVersion",
    "DeviceModel",
    "DeviceOS",
    "DeviceOSLanguage",
    "DevicePasswordExpiration",
    "DevicePolicyApplicationStatus",
    "DevicePolicyRefreshInterval",
    "DeviceType",
    "DeviceUserAgent",
    "Edition",
    "ErrorAction",
    "ExchangeVersion",
    "MaxDevicePasswordFailedAttempts",
    "MaxInactivityTimeDeviceLock",
    "MaxInactivityTimeLock",
    "MaxPasswordFailedAttempts",
    "ObjectClass",
    "ObjectState",
    "PasswordExpiration",
    "PropertySet",
    "QueryString",
    "RecipientDisplayType",
    "RecipientType",
    "RecipientTypeDetails",
    "ResultSize",
    "ServerRole",
    "SortBy",
    "Status",
    "WarningAction",
];

/// Members that are structure for one cmdlet only.
const MEMBERS_OF_CMDLETS: &[(&str, &str)] = &[("Get-Command", "Name")];

/// Whole texts that name nobody.
const TEXTS: &[&str] = &[
    "",
    "*",
    "$null",
    "$true",
    "$false",
    "true",
    "false",
    "unlimited",
    "validate",
    "add",
    "remove",
];

/// The operators of a filter that compare.
const COMPARISONS: &[&str] = &["-eq", "-ne", "-gt", "-ge", "-lt", "-le", "-like", "-notlike"];

/// Its other operators.
const OPERATORS: &[&str] = &["-and", "-or", "-not"];

/// The names of the parts of a distinguished name.
const NAME_PARTS: &[&str] = &["cn", "ou", "dc", "o", "c", "l", "st"];

/// The kinds of a proxy address.
const ADDRESS_KINDS: &[&str] = &["smtp", "sip", "x500", "x400", "eum", "spo"];

/// The schemes of an address.
const SCHEMES: &[&str] = &["http", "https", "ldap"];

/// What stands between a device's type and its id in the name of a partnership.
const BEFORE_ID: char = '\u{a7}';

/// The container of every partnership.
const CONTAINER: &str = "ExchangeActiveSyncDevices";

/// How the names of mailboxes begin that Exchange and its monitoring make for themselves.
const SYSTEM_PREFIXES: &[&str] = &[
    "HealthMailbox",
    "SystemMailbox",
    "DiscoverySearchMailbox",
    "FederatedEmail",
    "MsExchApproval",
    "AuditLog",
];

/// Such beginnings that stand before a certain character.
const SYSTEM_WORDS: &[(&str, char)] = &[("extest", '_'), ("CAS", '_'), ("Migration", '.')];

/// What a member's name says when its text must never be written.
const SECRETS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "credentials",
    "apikey",
    "accesskey",
    "privatekey",
    "authorization",
    "cookie",
];

/// Whether the texts of a member or parameter are structure.
pub(super) fn is_structure(cmdlet: &str, member: &str) -> bool {
    let same = |known: &&str| known.eq_ignore_ascii_case(member);
    let of_cmdlet =
        |(of, known): &(&str, &str)| of.eq_ignore_ascii_case(cmdlet) && known.eq_ignore_ascii_case(member);
    MEMBERS.iter().any(same) || MEMBERS_OF_CMDLETS.iter().any(of_cmdlet)
}

/// Whether a whole text names nobody.
pub(super) fn is_plain_text(text: &str) -> bool {
    let text = text.trim();
    TEXTS.iter().any(|known| known.eq_ignore_ascii_case(text))
}

/// Whether a word of a filter compares what is before it.
pub(super) fn compares(word: &str) -> bool {
    COMPARISONS.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Whether a word of a filter is an operator.
pub(super) fn is_operator(word: &str) -> bool {
    compares(word) || OPERATORS.iter().any(|known| known.eq_ignore_ascii_case(word))
}

/// Whether a word of an identity is structure, by what stands before and after it.
pub(super) fn is_structural_word(before: &str, word: &str, rest: &str) -> bool {
    let among = |known: &[&str]| known.iter().any(|known| known.eq_ignore_ascii_case(word));
    let next = rest.chars().next();
    // The name of a partnership is `iPhone§ApplC39GQ8NNDTDL`, or `REST§Outlook§5eec`.
    let begins_name = before.is_empty() || before.ends_with(['=', '/', '\\', BEFORE_ID]);
    word.eq_ignore_ascii_case(CONTAINER)
        || word.bytes().all(|byte| byte == b'0')
        || next == Some(BEFORE_ID) && begins_name
        || next == Some('=') && among(NAME_PARTS)
        || before.is_empty() && next == Some(':') && among(ADDRESS_KINDS)
        || rest.starts_with("://") && among(SCHEMES)
        || SYSTEM_WORDS
            .iter()
            .any(|(known, before)| known.eq_ignore_ascii_case(word) && next == Some(*before))
}

/// The beginning of a word that says whose mailbox it is: the system's.
pub(super) fn system_prefix(word: &str) -> Option<usize> {
    let begins = |prefix: &&&str| {
        word.get(..prefix.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    SYSTEM_PREFIXES.iter().find(begins).map(|prefix| prefix.len())
}

/// Whether a member's name says that its value is a secret, whatever its type.
pub(super) fn is_secret(member: &str) -> bool {
    let folded = member.to_ascii_lowercase();
    folded == "pin" || SECRETS.iter().any(|secret| folded.ends_with(secret))
}

/// Whether a member's name speaks of a secret, so that a text there may be one.
pub(super) fn speaks_of_secrets(member: &str) -> bool {
    let folded = member.to_ascii_lowercase();
    SECRETS.iter().any(|secret| folded.contains(secret))
}

/// Whether a .NET type holds a secret.
pub(super) fn is_secret_type(name: &str) -> bool {
    ["SecureString", "PSCredential", "NetworkCredential"]
        .iter()
        .any(|secret| name.ends_with(secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structure_is_told_from_identities() {
        for (cmdlet, member, structure) in [
            ("Get-MobileDevice", "DeviceType", true),
            ("Get-MobileDevice", "devicetype", true),
            ("Get-MobileDevice", "DeviceId", false),
            ("Get-MobileDevice", "FriendlyName", false),
            ("Get-Command", "Name", true),
            ("Get-Mailbox", "Name", false),
        ] {
            assert_eq!(is_structure(cmdlet, member), structure, "{cmdlet} {member}");
        }
    }

    #[test]
    fn secrets_are_known_by_their_names() {
        for (member, secret) in [
            ("Password", true),
            ("RecoveryPassword", true),
            ("AccessToken", true),
            ("client_secret", true),
            ("Credential", true),
            ("PIN", true),
            ("PasswordEnabled", false),
            ("MinPasswordLength", false),
            ("Shipping", false),
        ] {
            assert_eq!(is_secret(member), secret, "{member}");
        }
        assert!(speaks_of_secrets("PasswordHash"));
    }
}
