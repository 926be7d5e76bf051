//! What a full sync reads of a device, borrowed from the message.

use std::borrow::Cow;

use easgate_psrp::clixml;
use serde::Deserialize;

/// A text that is borrowed inside an `Option`, too, where serde makes a bare `Cow` an owned one.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
#[expect(dead_code, reason = "it is decoded, not used")]
pub struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// What a full sync reads of a device, borrowed from the message.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "it is decoded, not used")]
#[serde(rename_all = "PascalCase")]
pub struct MobileDevice<'a> {
    #[serde(borrow)]
    friendly_name: Option<Text<'a>>,
    #[serde(borrow)]
    /// The id that the phone gives itself.
    pub device_id: Cow<'a, str>,
    #[serde(borrow)]
    device_imei: Option<Text<'a>>,
    #[serde(rename = "DeviceOS", borrow)]
    device_os: Option<Text<'a>>,
    #[serde(borrow)]
    device_telephone_number: Option<Text<'a>>,
    #[serde(borrow)]
    device_type: Option<Text<'a>>,
    #[serde(borrow)]
    device_user_agent: Option<Text<'a>>,
    #[serde(borrow)]
    device_model: Option<Text<'a>>,
    #[serde(borrow)]
    first_sync_time: Option<Text<'a>>,
    #[serde(borrow)]
    device_access_state: Option<Text<'a>>,
    #[serde(borrow)]
    device_access_state_reason: Option<Text<'a>>,
    #[serde(borrow)]
    device_access_control_rule: Option<Text<'a>>,
    #[serde(borrow)]
    device_active_sync_version: Option<Text<'a>>,
    #[serde(borrow)]
    client_type: Option<Text<'a>>,
    is_managed: Option<bool>,
    is_disabled: Option<bool>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    distinguished_name: Cow<'a, str>,
    #[serde(borrow)]
    identity: Option<Text<'a>>,
    #[serde(rename = "WhenChangedUTC", borrow)]
    when_changed_utc: Option<Text<'a>>,
    #[serde(rename = "WhenCreatedUTC", borrow)]
    when_created_utc: Option<Text<'a>>,
    #[serde(borrow)]
    guid: Option<Text<'a>>,
    is_valid: Option<bool>,
}

/// Reads the record of a message.
///
/// # Panics
///
/// When the message is none of [`crate::devices`].
#[must_use]
pub fn decode(message: &[u8]) -> MobileDevice<'_> {
    clixml::from_slice(message).expect("it was made here")
}
