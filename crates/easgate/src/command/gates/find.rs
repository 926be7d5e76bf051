//! Which device of which mailbox is meant.

use easgate_connector::ports::MailboxName;
use easgate_model::{DeviceId, EmailAddress, MailboxId};
use easgate_store::{DeviceFilter, DeviceRow, Store};

use crate::command::Failure;
use crate::command::wiring::{Settings, Site};

/// How many devices of the store are looked through, and how many of a mailbox are named.
const MOST: u32 = 1_000;

/// A device of a mailbox.
#[derive(Debug)]
pub(super) struct Meant {
    /// The organisation's name in the configuration.
    pub(super) organization: String,
    pub(super) mailbox: MailboxId,
    /// The mailbox's address, for people.
    pub(super) address: String,
    /// The device, spelt as Exchange does where it has it.
    pub(super) device: DeviceId,
}

/// Finds the device: in what the last sync saw, which takes nobody's answer, else in Exchange. `unseen` takes a device of
/// the mailbox that neither has.
///
/// # Errors
/// There is no such mailbox, device, or more than one; or Exchange cannot be read where the store does not know it.
pub(super) async fn find(
    settings: &Settings,
    store: &Store,
    mailbox: &str,
    device: &DeviceId,
    unseen: bool,
) -> Result<Meant, Failure> {
    let mut found = Vec::new();
    for organization in settings.organizations() {
        let name = &organization.name;
        let rows = known(store, name, mailbox, Some(device)).await?;
        found.extend(rows.into_iter().map(|row| meant(name, row)));
    }
    if found.is_empty() {
        found = ask(settings, store, mailbox, device, unseen).await?;
    }
    let mut found = found.into_iter();
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one),
        (Some(one), Some(other)) => Err(FindError::Several {
            mailbox: mailbox.to_owned(),
            one: format!("{} in {}", one.address, one.organization),
            other: format!("{} in {}", other.address, other.organization),
        }
        .into()),
        (None, _) => Err(FindError::NoMailbox {
            mailbox: mailbox.to_owned(),
        }
        .into()),
    }
}

/// Finds it in Exchange.
async fn ask(
    settings: &Settings,
    store: &Store,
    mailbox: &str,
    device: &DeviceId,
    unseen: bool,
) -> Result<Vec<Meant>, Failure> {
    let mut found = Vec::new();
    let mut missing = None;
    for organization in settings.organizations() {
        let name = &organization.name;
        let site = Site::new(organization, store).await?;
        site.progress.clear();
        let looked = look(&site, store, mailbox).await;
        site.close().await;
        let known = known(store, name, mailbox, None).await?;
        let (id, address, devices) = match looked {
            Ok(Some(looked)) => looked,
            Ok(None) => continue,
            // The store may know the mailbox.
            Err(error) => match known.first().filter(|_| unseen) {
                Some(row) => (row.mailbox, row.address.clone(), Vec::new()),
                None => return Err(error),
            },
        };
        let seen = devices.iter().find(|one| *one == device);
        match seen.or_else(|| unseen.then_some(device)) {
            Some(device) => found.push(Meant {
                organization: name.clone(),
                mailbox: id,
                address,
                device: device.clone(),
            }),
            None => missing = Some(FindError::no_device(address, device, &devices)),
        }
    }
    match missing.filter(|_| found.is_empty()) {
        Some(missing) => Err(missing.into()),
        None => Ok(found),
    }
}

/// The mailbox as Exchange has it, with its devices.
async fn look(
    site: &Site,
    store: &Store,
    mailbox: &str,
) -> Result<Option<(MailboxId, String, Vec<DeviceId>)>, Failure> {
    let exchange = site.cycle(store).exchange;
    let name = match uuid::Uuid::try_parse(mailbox) {
        Ok(guid) => MailboxName::Id(MailboxId(guid)),
        Err(_) => MailboxName::Address(mailbox.parse::<EmailAddress>()?),
    };
    let unread = |source| FindError::Unread { source };
    let Some(found) = exchange.find_mailbox(&name).await.map_err(unread)? else {
        return Ok(None);
    };
    let partnerships = exchange.partnerships_of(&found).await.map_err(unread)?;
    let devices = partnerships.into_iter().map(|one| one.device_id).collect();
    Ok(Some((found.id, found.title(), devices)))
}

/// What the last sync saw of the mailbox; of one device when it is given.
async fn known(
    store: &Store,
    organization: &str,
    mailbox: &str,
    device: Option<&DeviceId>,
) -> Result<Vec<DeviceRow>, Failure> {
    let guid = uuid::Uuid::try_parse(mailbox).ok();
    let filter = DeviceFilter {
        address: guid.is_none().then(|| mailbox.to_owned()),
        device: device.map(ToString::to_string),
        ..DeviceFilter::default()
    };
    let of_store = store.organization(organization).await?;
    let page = of_store.devices(&filter, None, MOST).await?;
    let rows = page.devices.into_iter().map(|one| one.row);
    let is_meant =
        |row: &DeviceRow| guid == Some(row.mailbox.0) || row.address.eq_ignore_ascii_case(mailbox.trim());
    Ok(rows.filter(is_meant).collect())
}

fn meant(organization: &str, row: DeviceRow) -> Meant {
    Meant {
        organization: organization.to_owned(),
        mailbox: row.mailbox,
        address: row.address,
        device: row.device,
    }
}

#[derive(Debug, thiserror::Error)]
enum FindError {
    #[error("no mailbox has the address or Guid {mailbox:?}")]
    NoMailbox { mailbox: String },
    #[error(
        "the mailbox {mailbox} has no device {device:?}; it has {has}. If the phone has not asked for mail yet, add --unseen"
    )]
    NoDevice {
        mailbox: String,
        device: String,
        has: String,
    },
    #[error("{mailbox:?} may be {one} or {other}: name one with --organization, or use the mailbox's Guid")]
    Several {
        mailbox: String,
        one: String,
        other: String,
    },
    #[error("the last sync did not see this device of the mailbox, and Exchange cannot be asked")]
    Unread {
        source: easgate_connector::ports::CallError,
    },
}

impl FindError {
    fn no_device(mailbox: String, device: &DeviceId, has: &[DeviceId]) -> Self {
        let names: Vec<&str> = has.iter().map(DeviceId::as_str).collect();
        Self::NoDevice {
            mailbox,
            device: device.to_string(),
            has: if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            },
        }
    }
}
