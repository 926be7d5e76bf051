//! What may stand in an `-Identity` parameter.

use std::fmt;

use easgate_model::{MailboxId, PartnershipId};
use uuid::Uuid;

/// The name or Guid of one object, never empty.
///
/// Exchange takes an empty `-Identity` as if it had been left out, and then answers with, or acts on, every
/// object there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity(
    /// INVARIANT: not blank.
    String,
);

impl Identity {
    /// Takes a name such as `iPhone (DeviceType)`; `None` when it is blank.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        (!name.trim().is_empty()).then(|| Self(name.to_owned()))
    }

    /// The text as it is sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Uuid> for Identity {
    fn from(id: Uuid) -> Self {
        Self(id.to_string())
    }
}

impl From<MailboxId> for Identity {
    fn from(id: MailboxId) -> Self {
        Self(id.to_string())
    }
}

impl From<PartnershipId> for Identity {
    fn from(id: PartnershipId) -> Self {
        Self(id.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_name_is_no_identity() {
        assert_eq!(Identity::named(""), None);
        assert_eq!(Identity::named(" \t"), None);
        assert_eq!(
            Identity::named("iPhone (DeviceType)").unwrap().as_str(),
            "iPhone (DeviceType)"
        );
    }
}
