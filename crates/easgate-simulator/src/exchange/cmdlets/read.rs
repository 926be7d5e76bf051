//! The cmdlets that read.

use std::collections::BTreeMap;

use easgate_psrp::records::ErrorRecord;

use super::super::bind::Bound;
use super::super::organization::{Found, State};
use super::super::row::Row;
use super::super::rows::{self as shapes, Family};
use super::super::{error as errors, filter, same};
use super::list::{Listing, Maker};
use super::{Context, Records, error, none, rows};

/// Runs a `Get-` cmdlet.
pub(super) fn read(context: &Context, bound: &Bound) -> Result<Records, Box<ErrorRecord>> {
    let family = if bound.name.contains("MobileDevice") {
        Family::Mobile
    } else {
        Family::ActiveSync
    };
    Ok(match bound.name {
        "Get-MobileDevice" | "Get-ActiveSyncDevice" => return devices(context, bound, family),
        "Get-MobileDeviceStatistics" | "Get-ActiveSyncDeviceStatistics" => statistics(context, bound, family),
        "Get-CASMailbox" | "Get-Recipient" => return recipients(context, bound),
        "Get-ActiveSyncOrganizationSettings" => {
            let view = context.view(bound);
            rows(vec![shapes::settings(&context.organization.state(), &view)])
        }
        "Get-ActiveSyncDeviceAccessRule" => rules(context, bound),
        "Get-ActiveSyncMailboxPolicy" | "Get-MobileDeviceMailboxPolicy" => policies(context, bound, family),
        "Get-ActiveSyncDeviceClass" => return classes(context, bound),
        "Get-ExchangeServer" | "Get-ClientAccessServer" | "Get-ClientAccessService" => {
            servers(context, bound)
        }
        _ => none(),
    })
}

fn devices(context: &Context, bound: &Bound, family: Family) -> Result<Records, Box<ErrorRecord>> {
    let view = context.view(bound);
    let identity = bound.text("Identity");
    if let Some(identity) = identity {
        let state = context.organization.state();
        let row = match state.device(&identity) {
            Found::One(at) => shapes::device(&state, at, family, &view),
            Found::None => None,
            Found::Several => return Ok(error(context.place.ambiguous(&identity))),
        };
        return Ok(row.map_or_else(
            || error(context.place.not_found(&identity)),
            |row| rows(vec![row]),
        ));
    }
    let eas_only = bound.on("ActiveSync");
    let others = ["OWAforDevices", "RestApi", "UniversalOutlook"]
        .iter()
        .any(|name| bound.on(name));
    let make = move |state: &State, at: usize| {
        let eas = state.devices.get(at)?.as_ref()?.world.client_type == "EAS";
        if (eas_only && !eas && !others) || (others && eas && !eas_only) {
            return None;
        }
        shapes::device(state, at, family, &view)
    };
    let Some(mailbox) = bound.text("Mailbox") else {
        let end = context.organization.state().devices.len();
        return Ok(Box::new(Listing::new(context, bound, end, Box::new(make))?));
    };
    let found = context.organization.state().recipient(&mailbox);
    let owned = match found {
        Found::One(at) => context.organization.state().mailboxes[at].devices.clone(),
        Found::None => return Ok(error(context.place.not_found(&mailbox))),
        Found::Several => return Ok(error(context.place.ambiguous(&mailbox))),
    };
    let end = owned.len();
    let make: Maker = Box::new(move |state, place| make(state, *owned.get(place)?));
    Ok(Box::new(Listing::new(context, bound, end, make)?))
}

fn statistics(context: &Context, bound: &Bound, family: Family) -> Records {
    let state = context.organization.state();
    if let Some(mailbox) = bound.text("Mailbox") {
        return match state.recipient(&mailbox) {
            Found::One(at) => {
                let owned = &state.mailboxes[at].devices;
                rows(
                    owned
                        .iter()
                        .filter_map(|device| shapes::statistics(&state, *device, family))
                        .collect(),
                )
            }
            Found::None => error(context.place.not_found(&mailbox)),
            Found::Several => error(context.place.ambiguous(&mailbox)),
        };
    }
    let identity = bound.text("Identity").unwrap_or_default();
    match state.device(&identity) {
        Found::One(at) => rows(shapes::statistics(&state, at, family).into_iter().collect()),
        Found::None => error(context.place.not_found(&identity)),
        Found::Several => error(context.place.ambiguous(&identity)),
    }
}

fn recipients(context: &Context, bound: &Bound) -> Result<Records, Box<ErrorRecord>> {
    let view = context.view(bound);
    let cas = bound.name == "Get-CASMailbox";
    let kinds = bound.texts("RecipientTypeDetails");
    let make = move |state: &State, at: usize| -> Option<Row> {
        if cas {
            return shapes::cas_mailbox(state, at, &view);
        }
        let kind = state.mailboxes.get(at)?.world.kind.recipient_type_details();
        let wanted = kinds.is_empty() || kinds.iter().any(|name| same(name, kind));
        wanted.then(|| shapes::recipient(state, at, &view)).flatten()
    };
    if bound.on("RecalculateHasActiveSyncDevicePartnership") {
        for mailbox in &mut context.organization.state().mailboxes {
            mailbox.has_partnership = !mailbox.devices.is_empty();
        }
    }
    let end = context.organization.state().mailboxes.len();
    if let Some(identity) = bound.text("Identity") {
        let state = context.organization.state();
        return Ok(match state.recipient(&identity) {
            Found::One(at) => make(&state, at).map_or_else(
                || error(context.place.not_found(&identity)),
                |row| rows(vec![row]),
            ),
            Found::None => error(context.place.not_found(&identity)),
            Found::Several => error(context.place.ambiguous(&identity)),
        });
    }
    if let Some(part) = bound.text("Anr") {
        let part = part.to_lowercase();
        let make: Maker = Box::new(move |state, at| {
            let user = &state.mailboxes.get(at)?.world;
            let texts = [
                &user.name,
                &user.display_name,
                &user.alias,
                &user.primary_smtp,
                &user.sam_account_name,
            ];
            texts
                .iter()
                .any(|text| text.to_lowercase().starts_with(&part))
                .then(|| make(state, at))
                .flatten()
        });
        return Ok(Box::new(Listing::new(context, bound, end, make)?));
    }
    Ok(Box::new(Listing::new(context, bound, end, Box::new(make))?))
}

fn rules(context: &Context, bound: &Bound) -> Records {
    let (state, view) = (context.organization.state(), context.view(bound));
    let Some(identity) = bound.text("Identity") else {
        return rows(
            state
                .rules
                .iter()
                .map(|rule| shapes::rule(&state, rule, &view))
                .collect(),
        );
    };
    let found = state
        .rules
        .iter()
        .find(|object| same(&object.rule.name, &identity) || same(&object.guid.to_string(), &identity));
    match found {
        Some(rule) => rows(vec![shapes::rule(&state, rule, &view)]),
        None => error(context.place.not_found(&identity)),
    }
}

fn policies(context: &Context, bound: &Bound, family: Family) -> Records {
    let (state, view) = (context.organization.state(), context.view(bound));
    let shape = |policy| shapes::policy(&state, policy, family == Family::ActiveSync, &view);
    let Some(identity) = bound.text("Identity") else {
        return rows(state.policies.iter().map(shape).collect());
    };
    let found = state
        .policies
        .iter()
        .find(|policy| same(&policy.name, &identity) || same(&policy.guid.to_string(), &identity));
    match found {
        Some(policy) => rows(vec![shape(policy)]),
        None => error(context.place.not_found(&identity)),
    }
}

/// Classes are made by a job that runs every few hours: phones of the last six hours are not in them.
fn classes(context: &Context, bound: &Bound) -> Result<Records, Box<ErrorRecord>> {
    let (state, view) = (context.organization.state(), context.view(bound));
    let filter = match bound.text("Filter") {
        Some(text) => Some(
            filter::parse(&text, bound.name, false, state.culture)
                .map_err(|what| errors::filter(bound.name, &what))?,
        ),
        None => None,
    };
    let known = state.now() - time::Duration::hours(6);
    let mut newest = BTreeMap::new();
    for device in state
        .devices
        .iter()
        .flatten()
        .filter(|device| device.world.first_sync < known)
    {
        let entry = newest
            .entry((&device.world.device_type, &device.world.model))
            .or_insert(device.world.first_sync);
        *entry = (*entry).max(device.world.first_sync);
    }
    let all = newest
        .into_iter()
        .map(|((kind, model), at)| shapes::class(&state, kind, model, at, &view));
    let matching = all.filter(|row| {
        filter
            .as_ref()
            .is_none_or(|filter| filter.matches(row, state.culture))
    });
    Ok(rows(matching.collect()))
}

fn servers(context: &Context, bound: &Bound) -> Records {
    let (state, view) = (context.organization.state(), context.view(bound));
    let identity = bound.text("Identity");
    let wanted = |known: &shapes::Known| {
        identity
            .as_ref()
            .is_none_or(|text| same(text, &known.name) || same(text, &known.fqdn()))
    };
    let found: Vec<Row> = shapes::servers(&state)
        .iter()
        .filter(|known| wanted(known) && (bound.name == "Get-ExchangeServer" || !known.edge))
        .map(|known| match bound.name {
            "Get-ExchangeServer" => shapes::server(&state, known, &view),
            _ => shapes::client_access(&state, known, &view),
        })
        .collect();
    match identity {
        Some(identity) if found.is_empty() => error(context.place.not_found(&identity)),
        _ => rows(found),
    }
}
