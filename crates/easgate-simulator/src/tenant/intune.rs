//! `deviceManagement`.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use crate::tenant::directory::{Paging, page, project};
use crate::tenant::fault::Fault;
use crate::tenant::filter::Filter;
use crate::tenant::reply::{bad_request, error, not_found, ok};
use crate::tenant::serve::{Call, Shared};

pub(crate) fn answer(shared: &Shared, call: &Call, rest: &[&str], fault: Option<&Fault>) -> Response {
    let inner = shared.lock();
    let Some(subscription) = inner.data.subscription_state.clone() else {
        return error(
            StatusCode::BAD_REQUEST,
            "BadRequest",
            "Request not applicable to target tenant.",
        );
    };
    match rest {
        [] => ok(&json!({
            "@odata.context": format!("{}/v1.0/$metadata#deviceManagement", shared.origin),
            "intuneAccountId": inner.data.intune_account_id,
            "subscriptionState": subscription,
        })),
        ["managedDevices"] => {
            let rows = match devices(call, inner.data.devices.values().collect()) {
                Ok(rows) => rows,
                Err(response) => return *response,
            };
            let paging = Paging {
                usual: 1_000,
                most: shared.config.page_size.min(1_000),
                count: true,
                by_device: true,
            };
            page(shared, call, &rows, &paging, fault)
        }
        ["managedDevices", id] => match inner.data.devices.get(*id) {
            Some(device) => {
                project(device, call.option("$select")).map_or_else(|response| *response, |row| ok(&row))
            }
            None => not_found("ResourceNotFound"),
        },
        ["exchangeConnectors"] => ok(&json!({"@odata.count": 0, "value": []})),
        ["conditionalAccessSettings"] => not_found("ResourceNotFound"),
        _ => bad_request("Resource not found for the segment."),
    }
}

/// The devices that the filter lets through: one that Intune does not know is dropped in silence.
fn devices<'a>(call: &Call, rows: Vec<&'a Value>) -> Result<Vec<&'a Value>, Box<Response>> {
    let Some(text) = call.option("$filter") else {
        return Ok(rows);
    };
    let Some(filter) = Filter::parse(text) else {
        return Err(Box::new(bad_request("Invalid filter clause.")));
    };
    if !filter.is_known_to_intune() {
        return Ok(rows);
    }
    Ok(rows.into_iter().filter(|row| filter.holds(row)).collect())
}

/// A tenant made after 2020 has no on-premises policy.
pub(crate) fn exchange_policy() -> Response {
    not_found("ResourceNotFound")
}
