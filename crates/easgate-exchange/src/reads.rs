//! What Exchange tells.

use easgate_model::{DeviceAccessRule, Mailbox, MailboxId, OrganizationSettings, Partnership, PartnershipId};
use easgate_psrp::command::Command;
use futures::stream::Stream;

use crate::client::Call;
use crate::wire::{
    WireClass, WireDevice, WireMailbox, WirePolicy, WireRecipient, WireRule, WireServer, WireSettings,
    WireStatistics,
};
use crate::{
    DeviceClass, DeviceStatistics, ExchangeClient, ExchangeError, ExchangeServer, Filter, Identity,
    MailboxPolicy, RecipientSummary,
};

/// Lists are asked for whole, always.
fn unlimited(command: Command) -> Command {
    command.with("ResultSize", "Unlimited")
}

/// Organisation-wide objects.
impl ExchangeClient {
    /// The organisation's ActiveSync settings (`Get-ActiveSyncOrganizationSettings`).
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn organization_settings(&self) -> Result<OrganizationSettings, ExchangeError> {
        self.one::<WireSettings>(&Call::one("Get-ActiveSyncOrganizationSettings", |c| {
            self.pinned(c, None)
        }))
        .await
    }

    /// The organisation's device access rules (`Get-ActiveSyncDeviceAccessRule`).
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn access_rules(&self) -> Result<Vec<DeviceAccessRule>, ExchangeError> {
        self.collect::<WireRule>(&Call::one("Get-ActiveSyncDeviceAccessRule", |c| {
            self.pinned(c, None)
        }))
        .await
    }

    /// The servers of the organisation (`Get-ExchangeServer`); none at a hoster, who is not asked.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn servers(&self) -> Result<Vec<ExchangeServer>, ExchangeError> {
        if !self.kind().has("Get-ExchangeServer") {
            return Ok(Vec::new());
        }
        self.collect::<WireServer>(&Call::one("Get-ExchangeServer", |c| self.pinned(c, None)))
            .await
    }

    /// The kinds of devices that were seen (`Get-ActiveSyncDeviceClass`).
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn device_classes(&self) -> Result<Vec<DeviceClass>, ExchangeError> {
        self.collect::<WireClass>(&Call::one("Get-ActiveSyncDeviceClass", |c| self.pinned(c, None)))
            .await
    }

    /// The mailbox policies (`Get-MobileDeviceMailboxPolicy`, `Get-ActiveSyncMailboxPolicy`).
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn policies(&self) -> Result<Vec<MailboxPolicy>, ExchangeError> {
        self.collect::<WirePolicy>(&Call::two(
            "Get-MobileDeviceMailboxPolicy",
            "Get-ActiveSyncMailboxPolicy",
            |c| self.pinned(c, None),
        ))
        .await
    }
}

/// Lists as long as the organisation. A stream that gave any error is not the whole list; one that ended without
/// is.
impl ExchangeClient {
    /// Every partnership (`Get-MobileDevice`, `Get-ActiveSyncDevice`).
    pub fn partnerships(&self) -> impl Stream<Item = Result<Partnership, ExchangeError>> + Send + '_ {
        self.stream::<WireDevice>(Call::two("Get-MobileDevice", "Get-ActiveSyncDevice", |c| {
            self.pinned(unlimited(c), None)
        }))
    }

    /// The partnerships that `filter` holds for.
    pub fn partnerships_where(
        &self,
        filter: &Filter,
    ) -> impl Stream<Item = Result<Partnership, ExchangeError>> + Send + use<'_> {
        self.stream::<WireDevice>(Call::two("Get-MobileDevice", "Get-ActiveSyncDevice", |c| {
            self.pinned(unlimited(c).with("Filter", filter.as_str()), None)
        }))
    }

    /// Every mailbox with its device lists (`Get-CASMailbox`); the recipient type is not told here.
    pub fn mailboxes(&self) -> impl Stream<Item = Result<Mailbox, ExchangeError>> + Send + '_ {
        self.stream::<WireMailbox>(Call::one("Get-CASMailbox", |c| self.pinned(unlimited(c), None)))
    }

    /// The mailboxes that `filter` holds for.
    pub fn mailboxes_where(
        &self,
        filter: &Filter,
    ) -> impl Stream<Item = Result<Mailbox, ExchangeError>> + Send + use<'_> {
        self.stream::<WireMailbox>(Call::one("Get-CASMailbox", |c| {
            self.pinned(unlimited(c).with("Filter", filter.as_str()), None)
        }))
    }

    /// Every recipient with its kind (`Get-Recipient`), to be joined to the mailboxes by Guid or name.
    pub fn recipients(&self) -> impl Stream<Item = Result<RecipientSummary, ExchangeError>> + Send + '_ {
        self.stream::<WireRecipient>(Call::one("Get-Recipient", |c| self.pinned(unlimited(c), None)))
    }
}

/// One mailbox or device.
impl ExchangeClient {
    /// One mailbox with its device lists, as `domain_controller` knows it (`Get-CASMailbox`).
    ///
    /// # Errors
    /// [`ExchangeError::NotFound`] when there is none, and when it cannot be read.
    pub async fn mailbox(
        &self,
        id: MailboxId,
        domain_controller: Option<&str>,
    ) -> Result<Mailbox, ExchangeError> {
        self.one::<WireMailbox>(&Call::one("Get-CASMailbox", |c| {
            self.pinned(c.with("Identity", id.to_string()), domain_controller)
        }))
        .await
    }

    /// The mailbox of that name: an address, or where its user object stands (`Get-CASMailbox`).
    ///
    /// # Errors
    /// [`ExchangeError::NotFound`] when there is none, [`ExchangeError::Ambiguous`] when there are several, and when
    /// it cannot be read.
    pub async fn mailbox_named(&self, name: &Identity) -> Result<Mailbox, ExchangeError> {
        self.one::<WireMailbox>(&Call::one("Get-CASMailbox", |c| {
            self.pinned(c.with("Identity", name.as_str()), None)
        }))
        .await
    }

    /// One recipient with its kind (`Get-Recipient`).
    ///
    /// # Errors
    /// [`ExchangeError::NotFound`] when there is none, and when it cannot be read.
    pub async fn recipient(&self, id: MailboxId) -> Result<RecipientSummary, ExchangeError> {
        self.one::<WireRecipient>(&Call::one("Get-Recipient", |c| {
            self.pinned(c.with("Identity", id.to_string()), None)
        }))
        .await
    }

    /// The partnerships of one mailbox (`Get-MobileDevice -Mailbox`).
    ///
    /// # Errors
    /// [`ExchangeError::NotFound`] when there is no such mailbox, and when they cannot be read.
    pub async fn partnerships_of(&self, mailbox: MailboxId) -> Result<Vec<Partnership>, ExchangeError> {
        self.collect::<WireDevice>(&Call::two("Get-MobileDevice", "Get-ActiveSyncDevice", |c| {
            self.pinned(unlimited(c.with("Mailbox", mailbox.to_string())), None)
        }))
        .await
    }

    /// One partnership as the directory knows it now (`Get-MobileDevice -Identity`).
    ///
    /// # Errors
    /// [`ExchangeError::NotFound`] when it is gone, and when it cannot be read.
    pub async fn partnership(&self, id: PartnershipId) -> Result<Partnership, ExchangeError> {
        self.one::<WireDevice>(&Call::two("Get-MobileDevice", "Get-ActiveSyncDevice", |c| {
            self.pinned(c.with("Identity", id.to_string()), None)
        }))
        .await
    }

    /// What the mailbox store keeps of one partnership (`Get-MobileDeviceStatistics -Identity`); slow.
    ///
    /// # Errors
    /// [`ExchangeError::NotFound`] when it is gone, and when it cannot be read.
    pub async fn device_statistics(&self, id: PartnershipId) -> Result<DeviceStatistics, ExchangeError> {
        self.one::<WireStatistics>(&self.statistics("Identity", &id.to_string()))
            .await
    }

    /// The same for every partnership of a mailbox (`Get-MobileDeviceStatistics -Mailbox`); slow.
    ///
    /// # Errors
    /// [`ExchangeError::NotFound`] when there is no such mailbox, and when they cannot be read.
    pub async fn device_statistics_of(
        &self,
        mailbox: MailboxId,
    ) -> Result<Vec<DeviceStatistics>, ExchangeError> {
        self.collect::<WireStatistics>(&self.statistics("Mailbox", &mailbox.to_string()))
            .await
    }

    fn statistics(&self, parameter: &str, value: &str) -> Call {
        Call::two(
            "Get-MobileDeviceStatistics",
            "Get-ActiveSyncDeviceStatistics",
            |c| self.pinned(c.with(parameter, value), None),
        )
    }
}
