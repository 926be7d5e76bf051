//! Users, group members, and the pages of every list.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

use crate::tenant::fault::Fault;
use crate::tenant::filter::Filter;
use crate::tenant::reply::{bad_request, error, not_found, ok};
use crate::tenant::serve::{Call, Shared};

/// The most rows of a page of directory objects.
const MOST_USERS: usize = 999;

/// How a list is cut into pages.
pub(crate) struct Paging {
    /// Rows of a page when `$top` is not given.
    pub(crate) usual: usize,
    /// The most rows of a page.
    pub(crate) most: usize,
    /// Whether `@odata.count` is told.
    pub(crate) count: bool,
    /// Whether the token names the last device, as Intune's does, in place of a number.
    pub(crate) by_device: bool,
}

pub(crate) fn users(shared: &Shared, call: &Call, rest: &[&str], fault: Option<&Fault>) -> Response {
    let inner = shared.lock();
    let users = &inner.data.users;
    match rest {
        [] => {
            let rows: Vec<&Value> = match call.option("$filter") {
                None => users.values().collect(),
                Some(text) => match plans_filter(call, text) {
                    Ok(filter) => users.values().filter(|user| filter.holds(user)).collect(),
                    Err(response) => return *response,
                },
            };
            page(shared, call, &rows, &directory_paging(shared, call), fault)
        }
        [id] => match users.get(*id) {
            Some(user) => {
                project(user, call.option("$select")).map_or_else(|response| *response, |row| ok(&row))
            }
            None => not_found("Request_ResourceNotFound"),
        },
        _ => bad_request("Resource not found for the segment."),
    }
}

pub(crate) fn members(shared: &Shared, call: &Call, group: &str, fault: Option<&Fault>) -> Response {
    let inner = shared.lock();
    let Some(ids) = inner.data.transitive_users(group) else {
        return not_found("Request_ResourceNotFound");
    };
    if !is_advanced(call) {
        return unsupported();
    }
    let rows: Vec<&Value> = ids.iter().filter_map(|id| inner.data.users.get(id)).collect();
    page(shared, call, &rows, &directory_paging(shared, call), fault)
}

fn directory_paging(shared: &Shared, call: &Call) -> Paging {
    let most = shared.config.page_size.min(MOST_USERS);
    Paging {
        usual: 100,
        most,
        count: is_advanced(call),
        by_device: false,
    }
}

/// Whether header and `$count` make it an advanced query; without both, Graph refuses or leaves the count out.
fn is_advanced(call: &Call) -> bool {
    call.eventual && (call.option("$count") == Some("true") || call.option("$skiptoken").is_some())
}

fn plans_filter(call: &Call, text: &str) -> Result<Filter, Box<Response>> {
    match Filter::parse(text) {
        None => Err(Box::new(bad_request("Invalid filter clause."))),
        Some(filter) if filter.is_on_plans() && is_advanced(call) => Ok(filter),
        Some(_) => Err(Box::new(unsupported())),
    }
}

fn unsupported() -> Response {
    error(
        StatusCode::BAD_REQUEST,
        "Request_UnsupportedQuery",
        "Unsupported Query.",
    )
}

/// One page of `rows`, bent by `fault`.
pub(crate) fn page(
    shared: &Shared,
    call: &Call,
    rows: &[&Value],
    paging: &Paging,
    fault: Option<&Fault>,
) -> Response {
    let top = match call.option("$top").map(str::parse::<usize>) {
        None => paging.usual,
        Some(Ok(top)) if top >= 1 && top <= if paging.by_device { 1_000 } else { MOST_USERS } => top,
        Some(_) => return bad_request("Invalid page size specified."),
    };
    let Some(start) = start(call, rows, paging) else {
        return bad_request("Skip token is invalid.");
    };
    let all = match fault {
        Some(Fault::Shortened(keep)) => rows.get(..*keep).unwrap_or(rows),
        _ => rows,
    };
    let end = if fault == Some(&Fault::EmptyPage) {
        start
    } else {
        (start + top.min(paging.most)).min(all.len())
    };
    let mut value = Vec::new();
    for row in all.get(start..end).unwrap_or_default() {
        match project(row, call.option("$select")) {
            Ok(row) => value.push(row),
            Err(response) => return *response,
        }
    }
    let mut body = Map::new();
    body.insert(
        "@odata.context".to_owned(),
        json!(format!("{}/v1.0/$metadata", shared.origin)),
    );
    if paging.count && (paging.by_device || start == 0) {
        body.insert("@odata.count".to_owned(), json!(rows.len()));
    }
    let link = |origin: &str, next: usize| call.with(origin, "$skiptoken", &skip_token(rows, next, paging));
    let next_link = match fault {
        Some(Fault::ForeignNextLink(origin)) => Some(link(origin, end)),
        Some(Fault::CircularNextLink) => Some(link(&shared.origin, start)),
        Some(Fault::EmptyPage) => Some(format!("{}&empty", link(&shared.origin, start))),
        _ => (end < all.len()).then(|| link(&shared.origin, end)),
    };
    if let Some(link) = next_link {
        body.insert("@odata.nextLink".to_owned(), json!(link));
    }
    body.insert("value".to_owned(), Value::Array(value));
    ok(&Value::Object(body))
}

/// Where the page starts, by its token.
fn start(call: &Call, rows: &[&Value], paging: &Paging) -> Option<usize> {
    let Some(token) = call.option("$skiptoken") else {
        return Some(0);
    };
    if !paging.by_device {
        return token.parse().ok();
    }
    let last = token.strip_prefix("LastDeviceId='")?.strip_suffix('\'')?;
    Some(rows.partition_point(|row| row["id"].as_str().unwrap_or_default() <= last))
}

fn skip_token(rows: &[&Value], next: usize, paging: &Paging) -> String {
    if !paging.by_device {
        return next.to_string();
    }
    let last = next
        .checked_sub(1)
        .and_then(|last| rows.get(last))
        .and_then(|row| row["id"].as_str());
    format!(
        "LastDeviceId='{}'",
        last.unwrap_or("00000000-0000-0000-0000-000000000000")
    )
}

/// The selected properties; one that does not exist is refused.
pub(crate) fn project(row: &Value, select: Option<&str>) -> Result<Value, Box<Response>> {
    let Some(select) = select else {
        return Ok(row.clone());
    };
    let mut selected = Map::new();
    for name in select.split(',').map(str::trim) {
        let Some(value) = row.get(name) else {
            let message =
                format!("Parsing OData Select and Expand failed: Could not find a property named '{name}'.");
            return Err(Box::new(bad_request(&message)));
        };
        selected.insert(name.to_owned(), value.clone());
    }
    Ok(Value::Object(selected))
}
