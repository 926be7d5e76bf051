//! One phone's connection to one mailbox.

use std::fmt;

use time::OffsetDateTime;
use uuid::Uuid;

use crate::{AccessState, AccessStateReason, DeviceId, DistinguishedName, Text, Texts};

/// The Guid of a device object in Active Directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PartnershipId(pub Uuid);

impl fmt::Display for PartnershipId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An EAS partnership: what `Get-MobileDevice` (`Get-ActiveSyncDevice`) shows.
///
/// Every text in it was chosen by the phone: escape before showing, and never decide *allow* by it.
/// IMEI and phone number are left out on purpose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partnership {
    /// The Guid of the device object.
    pub id: PartnershipId,
    /// The id that the phone gave itself.
    pub device_id: DeviceId,
    /// Where the mailbox's user object stands: the object's own name without its first two parts.
    pub owner: DistinguishedName,
    /// `DeviceType`, such as `iPhone`.
    pub device_type: Text,
    /// `DeviceModel`.
    pub device_model: Text,
    /// `DeviceOS`.
    pub device_os: Text,
    /// `DeviceUserAgent`.
    pub user_agent: Text,
    /// `FriendlyName`.
    pub friendly_name: Text,
    /// `ClientType` (`EAS`, `REST`, `Outlook`, ...); `None` before Exchange 2013.
    pub client_type: Option<Text>,
    /// What Exchange does with it now; lags behind the lists until the phone's next request.
    pub access_state: AccessState,
    /// Why.
    pub access_state_reason: AccessStateReason,
    /// The rule that decided, as text.
    pub access_control_rule: Option<Text>,
    /// When the phone first synchronised.
    pub first_sync: Option<OffsetDateTime>,
    /// When the object changed, by the clock of the domain controller that answered.
    pub when_changed: Option<OffsetDateTime>,
}

impl Partnership {
    /// Lets its texts share their memory with those of other partnerships.
    pub fn share_texts(&mut self, texts: &mut Texts) {
        let always = [
            &mut self.device_type,
            &mut self.device_model,
            &mut self.device_os,
            &mut self.user_agent,
            &mut self.friendly_name,
        ];
        let sometimes = [&mut self.client_type, &mut self.access_control_rule];
        for text in always.into_iter().chain(sometimes.into_iter().flatten()) {
            texts.share(text);
        }
    }

    /// Whether this is a partnership of Outlook's or of another client that does not speak EAS itself, whose
    /// id never equals the one that device management knows.
    #[must_use]
    pub fn is_outlook(&self) -> bool {
        let outlook_type = [
            "Outlook",
            "OutlookService",
            "REST",
            "UniversalOutlook",
            "WindowsMail",
            "MOWA",
        ];
        let is = |text: &str| outlook_type.iter().any(|t| t.eq_ignore_ascii_case(text.trim()));
        is(&self.device_type)
            || self.client_type.as_deref().is_some_and(is)
            || self
                .device_model
                .trim()
                .eq_ignore_ascii_case("Outlook for iOS and Android")
    }
}
