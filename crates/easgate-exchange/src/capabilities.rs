//! Which cmdlets the account may run on this server.

use std::collections::BTreeSet;

/// Every cmdlet that this crate may send, by its documented name.
pub(crate) const CMDLETS: &[&str] = &[
    "Get-ActiveSyncOrganizationSettings",
    "Set-ActiveSyncOrganizationSettings",
    "Get-CASMailbox",
    "Set-CASMailbox",
    "Get-ActiveSyncMailboxPolicy",
    "Set-ActiveSyncMailboxPolicy",
    "New-ActiveSyncMailboxPolicy",
    "Remove-ActiveSyncMailboxPolicy",
    "Get-MobileDeviceMailboxPolicy",
    "Set-MobileDeviceMailboxPolicy",
    "New-MobileDeviceMailboxPolicy",
    "Remove-MobileDeviceMailboxPolicy",
    "Get-ActiveSyncDeviceAccessRule",
    "Set-ActiveSyncDeviceAccessRule",
    "New-ActiveSyncDeviceAccessRule",
    "Remove-ActiveSyncDeviceAccessRule",
    "Get-ActiveSyncDevice",
    "Get-MobileDevice",
    "Get-ActiveSyncDeviceStatistics",
    "Get-MobileDeviceStatistics",
    "Get-ActiveSyncDeviceClass",
    "Get-ExchangeServer",
    "Get-Recipient",
    "Clear-ActiveSyncDevice",
    "Clear-MobileDevice",
    "Remove-ActiveSyncDevice",
    "Remove-MobileDevice",
    "Set-ADServerSettings",
    "Get-Command",
];

/// What a full sync that writes cannot do without, each with the names that serve.
const NEEDED: &[&[&str]] = &[
    &["Get-ActiveSyncOrganizationSettings"],
    &["Get-ActiveSyncDeviceAccessRule"],
    &["Get-MobileDevice", "Get-ActiveSyncDevice"],
    &["Get-CASMailbox"],
    &["Get-Recipient"],
    &["Set-CASMailbox"],
];

/// What `Get-Command` told of the cmdlets that this crate may send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// In lower case. `None` when `Get-Command` told nothing.
    granted: Option<BTreeSet<String>>,
}

impl Capabilities {
    /// Nothing is known: cmdlets are tried.
    pub(crate) const fn unknown() -> Self {
        Self { granted: None }
    }

    /// The names that `Get-Command` gave; none at all tells nothing.
    pub(crate) fn from_names(names: impl IntoIterator<Item = String>) -> Self {
        let granted: BTreeSet<String> = names
            .into_iter()
            .map(|name| name.trim().to_ascii_lowercase())
            .collect();
        Self {
            granted: (!granted.is_empty()).then_some(granted),
        }
    }

    /// Whether `Get-Command` told anything.
    #[must_use]
    pub const fn are_known(&self) -> bool {
        self.granted.is_some()
    }

    /// Whether the account may run `cmdlet` here; `None` when it is not known.
    #[must_use]
    pub fn has(&self, cmdlet: &str) -> Option<bool> {
        let granted = self.granted.as_ref()?;
        Some(granted.contains(&cmdlet.to_ascii_lowercase()))
    }

    /// The cmdlets that a full sync needs and that are known to be missing, by their newest names.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        NEEDED
            .iter()
            .filter(|names| names.iter().all(|name| self.has(name) == Some(false)))
            .filter_map(|names| names.first().copied())
            .collect()
    }

    /// Every cmdlet that this crate may send and whether it is granted.
    pub fn table(&self) -> impl Iterator<Item = (&'static str, Option<bool>)> + '_ {
        CMDLETS.iter().map(|cmdlet| (*cmdlet, self.has(cmdlet)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_without_case() {
        let some = Capabilities::from_names(["Get-CasMailbox".to_owned(), "get-mobiledevice ".to_owned()]);
        assert_eq!(some.has("Get-CASMailbox"), Some(true));
        assert_eq!(some.has("Get-MobileDevice"), Some(true));
        assert_eq!(some.has("Set-CASMailbox"), Some(false));
        assert_eq!(
            some.missing(),
            [
                "Get-ActiveSyncOrganizationSettings",
                "Get-ActiveSyncDeviceAccessRule",
                "Get-Recipient",
                "Set-CASMailbox"
            ]
        );
    }

    #[test]
    fn an_empty_answer_tells_nothing() {
        let none = Capabilities::from_names([]);
        assert!(!none.are_known());
        assert_eq!(none.has("Get-CASMailbox"), None);
        assert!(none.missing().is_empty());
    }
}
