//! Distinguished names, as far as owners need them.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::device_id::{cmp_folded, hash_folded};

/// A distinguished name of Active Directory, such as `CN=Ana,OU=Staff,DC=contoso,DC=com`.
///
/// Compared without regard to ASCII case and kept as written. A clone costs no text.
#[derive(Debug, Clone)]
pub struct DistinguishedName(Arc<str>);

impl DistinguishedName {
    /// Takes the name as Exchange wrote it.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The name as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name without its first part: the container that holds the object.
    ///
    /// A comma that is escaped (`\,`) or inside quotes belongs to the part.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let mut escaped = false;
        let mut quoted = false;
        for (at, byte) in self.0.bytes().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => quoted = !quoted,
                b',' if !quoted => return self.0.get(at + 1..).map(|rest| Self(rest.trim_start().into())),
                _ => {}
            }
        }
        None
    }
}

impl fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl PartialEq for DistinguishedName {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for DistinguishedName {}

impl Hash for DistinguishedName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        hash_folded(&self.0, state);
    }
}

impl PartialOrd for DistinguishedName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DistinguishedName {
    fn cmp(&self, other: &Self) -> Ordering {
        cmp_folded(&self.0, &other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_owner_of_a_device_is_two_parts_up() {
        let device = DistinguishedName::new(
            "CN=iPhone§ApplC39,CN=ExchangeActiveSyncDevices,CN=Reid\\, Alan,OU=Staff,DC=contoso,DC=com",
        );
        let owner = device.parent().and_then(|dn| dn.parent()).unwrap();
        assert_eq!(
            owner,
            DistinguishedName::new("cn=reid\\, alan,ou=staff,dc=contoso,dc=com")
        );
        assert_eq!(DistinguishedName::new("DC=com").parent(), None);
        assert_eq!(DistinguishedName::new("CN=a\\").parent(), None);
    }
}
