//! Devices as the last sync saw them.

use easgate_store::StoredDevice;
use serde_json::{Value, json};

use crate::output;
use crate::render::changes::csv_cell;
use crate::render::time;

/// The device as an object.
pub(crate) fn json(organization: &str, device: &StoredDevice) -> Value {
    let row = &device.row;
    json!({
        "organization": organization,
        "mailbox": row.address,
        "device_id": row.device.as_str(),
        "access": row.access,
        "reason": row.reason,
        "exchange_state": row.state,
        "exchange_reason": row.state_reason,
        "type": row.device_type,
        "model": row.model,
        "os": row.os,
        "friendly_name": row.friendly_name,
        "client_type": row.client_type,
        "first_sync": row.first_sync.map(time),
        "changed": time(device.changed),
    })
}

/// A table of devices.
pub(crate) fn table<'a>(devices: impl IntoIterator<Item = &'a StoredDevice>) {
    let rows = devices.into_iter().map(|device| {
        let row = &device.row;
        [
            row.address.clone(),
            row.device.as_str().to_owned(),
            row.access.clone(),
            row.reason.clone(),
            format!("{}/{}", row.state, row.state_reason),
            row.model.clone(),
            row.friendly_name.clone(),
        ]
    });
    output::table(
        [
            "mailbox", "device", "access", "reason", "Exchange", "model", "name",
        ],
        rows,
    );
}

/// The headings of the CSV.
pub(crate) const CSV_HEADINGS: &str =
    "organization,mailbox,device_id,access,reason,exchange_state,exchange_reason,type,model,os,friendly_name";

/// A line of the CSV, safe for a spreadsheet.
pub(crate) fn csv(organization: &str, device: &StoredDevice) -> String {
    let row = &device.row;
    [
        organization,
        &row.address,
        row.device.as_str(),
        &row.access,
        &row.reason,
        &row.state,
        &row.state_reason,
        &row.device_type,
        &row.model,
        &row.os,
        &row.friendly_name,
    ]
    .map(csv_cell)
    .join(",")
}
