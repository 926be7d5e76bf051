//! `easgate devices`: the devices as the last sync saw them.

use easgate_store::{DeviceFilter, StoredDevice};

use crate::cli::DevicesArguments;
use crate::command::Failure;
use crate::command::wiring::Settings;
use crate::exit::Exit;
use crate::output::{self, JsonList};
use crate::render::devices::{self, CSV_HEADINGS};

/// How many rows are read at once.
const PAGE: u32 = 1000;

/// Lists devices, page by page.
///
/// # Errors
/// When the configuration or the store cannot be read.
pub(crate) async fn run(arguments: &DevicesArguments) -> Result<Exit, Failure> {
    let settings = Settings::read(&arguments.common)?;
    let store = settings.store().await?;
    let filter = DeviceFilter {
        address: arguments.mailbox.clone(),
        device: None,
        access: arguments.access.clone(),
        reason: arguments.reason.clone(),
        state: arguments.state.clone(),
    };
    if arguments.csv {
        output::line(CSV_HEADINGS);
    }
    let mut list = JsonList::default();
    for organization in settings.organizations() {
        let name = &organization.name;
        let store = store.organization(name).await?;
        let mut left = if arguments.limit == 0 {
            u32::MAX
        } else {
            arguments.limit
        };
        let mut after = None;
        loop {
            let page = store.devices(&filter, after.as_ref(), left.min(PAGE)).await?;
            left = left.saturating_sub(u32::try_from(page.devices.len()).unwrap_or(u32::MAX));
            print(arguments, name, &page.devices, &mut list)?;
            after = page.next;
            if after.is_none() || left == 0 {
                break;
            }
        }
        if after.is_some() {
            output::note(&format!(
                "There are more devices than the {} shown: --limit 0 shows all.",
                arguments.limit
            ));
        }
    }
    store.close().await;
    if arguments.common.json {
        list.end();
    }
    Ok(Exit::Done)
}

fn print(
    arguments: &DevicesArguments,
    name: &str,
    page: &[StoredDevice],
    list: &mut JsonList,
) -> Result<(), Failure> {
    if arguments.common.json {
        for device in page {
            list.push(&devices::json(name, device))?;
        }
    } else if arguments.csv {
        for device in page {
            output::line(&devices::csv(name, device));
        }
    } else {
        devices::table(page);
    }
    Ok(())
}
