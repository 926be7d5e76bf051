//! What cannot be undone: wiping a device and forgetting a partnership.

use easgate_model::{EmailAddress, PartnershipId};
use easgate_psrp::clixml::PsValue;

use crate::client::Call;
use crate::{Applied, ExchangeClient, ExchangeError};

/// The actions on one device that no synchronisation ever takes, in a type that none of them holds.
#[derive(Debug, Clone, Copy)]
pub struct DeviceActions<'a> {
    client: &'a ExchangeClient,
}

/// What a wipe takes from the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wipe {
    /// Everything on it.
    Device,
    /// The mailbox's own content alone (Exchange 2016 and later).
    Account,
}

impl ExchangeClient {
    /// The actions that cannot be undone.
    #[must_use]
    pub const fn device_actions(&self) -> DeviceActions<'_> {
        DeviceActions { client: self }
    }
}

impl DeviceActions<'_> {
    /// Wipes a device at its next connection (`Clear-MobileDevice`, `Clear-ActiveSyncDevice`).
    ///
    /// # Errors
    /// Whatever Exchange refuses.
    pub async fn wipe(
        &self,
        device: PartnershipId,
        wipe: Wipe,
        notify: &[EmailAddress],
    ) -> Result<Applied, ExchangeError> {
        let notify: Vec<PsValue> = notify
            .iter()
            .map(|address| PsValue::from(address.as_str()))
            .collect();
        let call = Call::two("Clear-MobileDevice", "Clear-ActiveSyncDevice", |c| {
            let mut c = c.with("Identity", device.to_string());
            if wipe == Wipe::Account {
                c = c.switch("AccountOnly");
            }
            if !notify.is_empty() {
                c = c.with("NotificationEmailAddresses", notify.clone());
            }
            self.client.confirmed(c)
        });
        self.client.applied(&call).await
    }

    /// Takes back a wipe that the device has not heard of yet (`Clear-MobileDevice -Cancel`).
    ///
    /// # Errors
    /// Whatever Exchange refuses.
    pub async fn cancel_wipe(&self, device: PartnershipId) -> Result<Applied, ExchangeError> {
        let call = Call::two("Clear-MobileDevice", "Clear-ActiveSyncDevice", |c| {
            self.client
                .confirmed(c.with("Identity", device.to_string()).switch("Cancel"))
        });
        self.client.applied(&call).await
    }

    /// Removes a partnership (`Remove-MobileDevice`, `Remove-ActiveSyncDevice`); the lists keep their entries.
    ///
    /// # Errors
    /// Whatever Exchange refuses.
    pub async fn forget(&self, device: PartnershipId) -> Result<Applied, ExchangeError> {
        let call = Call::two("Remove-MobileDevice", "Remove-ActiveSyncDevice", |c| {
            self.client.confirmed(c.with("Identity", device.to_string()))
        });
        self.client.applied(&call).await
    }
}
