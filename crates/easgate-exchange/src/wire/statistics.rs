//! `Get-MobileDeviceStatistics` and `Get-ActiveSyncDeviceStatistics`.

use easgate_model::{DeviceId, PartnershipId};
use serde::Deserialize;
use time::OffsetDateTime;

use super::{Wire, guid, moment, text};

/// What the mailbox itself keeps of a partnership: the last synchronisation and the state of a wipe.
///
/// The access state is not here on purpose: this source lags behind the directory's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceStatistics {
    /// The Guid of the device object.
    pub id: PartnershipId,
    /// The id that the phone gave itself.
    pub device_id: DeviceId,
    /// When the phone first synchronised.
    pub first_sync: Option<OffsetDateTime>,
    /// When it last tried.
    pub last_sync_attempt: Option<OffsetDateTime>,
    /// When it last succeeded.
    pub last_success_sync: Option<OffsetDateTime>,
    /// When its policy was last updated.
    pub last_policy_update: Option<OffsetDateTime>,
    /// The state of a wipe: `DeviceOk`, `DeviceBlocked`, `DeviceWipePending`, `DeviceWipeSucceeded` and others.
    pub status: Option<String>,
    /// When a wipe was asked for, sent and acknowledged.
    pub wipe: WipeTimes,
    /// The same for a wipe of the account alone (Exchange 2016 and later).
    pub account_wipe: WipeTimes,
    /// Who last asked for a wipe.
    pub last_wipe_requestor: Option<String>,
    /// The mailbox policy that was applied.
    pub policy_applied: Option<String>,
    /// How far it was applied.
    pub policy_application_status: Option<String>,
    /// How many folders are synchronised.
    pub folders_synced: Option<i32>,
}

/// The three moments of a wipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WipeTimes {
    /// An administrator or the owner asked for it.
    pub requested: Option<OffsetDateTime>,
    /// The phone was told.
    pub sent: Option<OffsetDateTime>,
    /// The phone said that it obeys.
    pub acknowledged: Option<OffsetDateTime>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct WireStatistics {
    guid: Option<String>,
    identity: Option<String>,
    #[serde(rename = "DeviceID")]
    device_id: Option<String>,
    first_sync_time: Option<String>,
    last_sync_attempt_time: Option<String>,
    last_success_sync: Option<String>,
    last_policy_update_time: Option<String>,
    status: Option<String>,
    device_wipe_request_time: Option<String>,
    device_wipe_sent_time: Option<String>,
    device_wipe_ack_time: Option<String>,
    account_only_device_wipe_request_time: Option<String>,
    account_only_device_wipe_sent_time: Option<String>,
    account_only_device_wipe_ack_time: Option<String>,
    last_device_wipe_requestor: Option<String>,
    device_policy_applied: Option<String>,
    device_policy_application_status: Option<String>,
    number_of_folders_synced: Option<i32>,
}

impl Wire for WireStatistics {
    type Value = DeviceStatistics;

    fn label(&self) -> Option<String> {
        self.identity.clone().or_else(|| self.guid.clone())
    }

    fn value(self) -> Result<DeviceStatistics, String> {
        Ok(DeviceStatistics {
            id: PartnershipId(guid(self.guid.as_deref(), "Guid")?),
            device_id: self
                .device_id
                .unwrap_or_default()
                .parse()
                .map_err(|error| format!("DeviceID: {error}"))?,
            first_sync: moment(self.first_sync_time.as_deref()),
            last_sync_attempt: moment(self.last_sync_attempt_time.as_deref()),
            last_success_sync: moment(self.last_success_sync.as_deref()),
            last_policy_update: moment(self.last_policy_update_time.as_deref()),
            status: text(self.status),
            wipe: WipeTimes {
                requested: moment(self.device_wipe_request_time.as_deref()),
                sent: moment(self.device_wipe_sent_time.as_deref()),
                acknowledged: moment(self.device_wipe_ack_time.as_deref()),
            },
            account_wipe: WipeTimes {
                requested: moment(self.account_only_device_wipe_request_time.as_deref()),
                sent: moment(self.account_only_device_wipe_sent_time.as_deref()),
                acknowledged: moment(self.account_only_device_wipe_ack_time.as_deref()),
            },
            last_wipe_requestor: text(self.last_device_wipe_requestor),
            policy_applied: text(self.device_policy_applied),
            policy_application_status: text(self.device_policy_application_status),
            folders_synced: self.number_of_folders_synced,
        })
    }
}
