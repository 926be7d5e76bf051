//! `easgate allow`, `easgate block` and `easgate clear`: the word of a person about one device.

mod act;

use easgate_compliance::ByHand;
use easgate_config::OverrideTimes;
use easgate_connector::{Clock, SystemClock};
use easgate_model::DeviceId;
use easgate_store::{NewOverride, Organization, StoredOverride};
use time::OffsetDateTime;

use super::find::{Meant, find};
use crate::cli::{ClearArguments, OverrideArguments};
use crate::command::Failure;
use crate::command::wiring::Settings;
use crate::exit::Exit;
use crate::render::{overrides, time};
use crate::who;

pub(crate) use act::Effect;
use act::act;

/// Keeps what somebody decided about a device, and makes Exchange agree with it.
///
/// # Errors
/// The configuration or the store cannot be used, or what is named is not there. Nothing is kept then.
pub(super) async fn decide(arguments: &OverrideArguments, access: ByHand) -> Result<Exit, Failure> {
    let settings = Settings::read(&arguments.common)?;
    let device: DeviceId = arguments.device.parse()?;
    if device.is_placeholder() {
        return Err(NotSo::Placeholder.into());
    }
    let store = settings.store().await?;
    let meant = find(&settings, &store, &arguments.mailbox, &device, arguments.unseen).await?;
    let configuration = settings.configuration.organization(&meant.organization);
    let times = configuration
        .map(|one| one.overrides)
        .ok_or(NotSo::NoOrganization)?;
    let now = SystemClock::new().now();
    let new = NewOverride {
        mailbox: meant.mailbox,
        address: meant.address.clone(),
        device: meant.device.clone(),
        access: access.name().to_owned(),
        note: arguments.note.clone().unwrap_or_default(),
        by: who::actor(arguments.by.as_deref()),
        made: now,
        until: until(arguments, access, times, now)?,
    };
    let organization = store.organization(&meant.organization).await?;
    organization.add_override(&new).await?;
    let effect = act(&settings, &store, &meant).await?;
    store.close().await;
    overrides::decided(&meant.organization, &new, &effect, arguments.common.json)?;
    Ok(effect.exit(arguments.unseen))
}

/// Ends what somebody decided about a device, and lets the policy decide again.
///
/// # Errors
/// The configuration or the store cannot be used, or there is no such override.
pub(super) async fn clear(arguments: &ClearArguments) -> Result<Exit, Failure> {
    let settings = Settings::read(&arguments.common)?;
    let device: DeviceId = arguments.device.parse()?;
    let store = settings.store().await?;
    let by = who::actor(arguments.by.as_deref());
    let note = arguments.note.as_deref().unwrap_or_default();
    let mut cleared = None;
    for one in settings.organizations() {
        let organization = store.organization(&one.name).await?;
        let Some(standing) = standing(&organization, &arguments.mailbox, &device).await? else {
            continue;
        };
        let now = SystemClock::new().now();
        if organization.clear_override(&standing, &by, note, now).await? {
            cleared = Some((one.name.clone(), standing));
            break;
        }
    }
    let (organization, standing) = cleared.ok_or_else(|| NotSo::NoOverride {
        mailbox: arguments.mailbox.clone(),
        device: device.to_string(),
    })?;
    let meant = Meant {
        organization,
        mailbox: standing.what.mailbox,
        address: standing.what.address.clone(),
        device: standing.what.device.clone(),
    };
    let effect = act(&settings, &store, &meant).await?;
    store.close().await;
    overrides::cleared(
        &meant.organization,
        &standing.what,
        &effect,
        arguments.common.json,
    )?;
    Ok(effect.exit(false))
}

async fn standing(
    organization: &Organization,
    mailbox: &str,
    device: &DeviceId,
) -> Result<Option<StoredOverride>, Failure> {
    let mailbox = mailbox.trim();
    let guid = uuid::Uuid::try_parse(mailbox).ok();
    let is_meant = |one: &StoredOverride| {
        one.what.device == *device
            && (guid == Some(one.what.mailbox.0) || one.what.address.eq_ignore_ascii_case(mailbox))
    };
    Ok(organization.overrides().await?.into_iter().find(is_meant))
}

/// The end of an override: a device is let in for a time that the configuration limits, and may be refused without end.
fn until(
    arguments: &OverrideArguments,
    access: ByHand,
    times: OverrideTimes,
    now: OffsetDateTime,
) -> Result<Option<OffsetDateTime>, NotSo> {
    let until = arguments.until.map(|until| until.from(now));
    if until.is_some_and(|until| until <= now) {
        return Err(NotSo::Over);
    }
    match access {
        ByHand::Block => Ok(until),
        ByHand::Allow => {
            let until = until.unwrap_or_else(|| now.saturating_add(times.usual));
            let latest = now.saturating_add(times.longest);
            if until > latest {
                return Err(NotSo::TooLong { latest });
            }
            Ok(Some(until))
        }
    }
}

/// Why nothing was kept.
#[derive(Debug, thiserror::Error)]
enum NotSo {
    #[error("no device stands behind this id: Exchange uses it for phones that never told theirs")]
    Placeholder,
    #[error("the organisation is in the configuration no more")]
    NoOrganization,
    #[error("--until is over already")]
    Over,
    #[error(
        "this is longer than a device may be let in by hand: until {latest} at the latest, by `longest` in \
         [organization.overrides]", latest = time(*latest)
    )]
    TooLong { latest: OffsetDateTime },
    #[error(
        "nothing was decided by hand about {device:?} of {mailbox:?}: `easgate overrides` lists what was"
    )]
    NoOverride { mailbox: String, device: String },
}
