//! `easgate explain`: every step of a decision.

use easgate_connector::ExplainError;
use easgate_model::DeviceId;

use crate::cli::ExplainArguments;
use crate::command::Failure;
use crate::command::sync::of_error;
use crate::command::wiring::{Site, Wiring};
use crate::exit::Exit;
use crate::output;
use crate::render::changes::Rows;
use crate::render::explanation;

/// Explains one device, or all devices of a mailbox, in the organisation that has it.
///
/// # Errors
/// When the configuration or the store cannot be used, or no organisation has the mailbox or the device.
pub(crate) async fn run(arguments: &ExplainArguments) -> Result<Exit, Failure> {
    let device: Option<DeviceId> = arguments.device.as_deref().map(str::parse).transpose()?;
    let wiring = Wiring::open(&arguments.common).await?;
    let mut not_found = None;
    let mut exit = None;
    for site in &wiring.sites {
        match explain(site, &wiring, arguments, device.as_ref()).await {
            Ok(()) => {
                exit = Some(Exit::Done);
                break;
            }
            Err(ExplainError::Cycle(error)) => {
                output::complain_with_cure(&error, error.cure().as_deref());
                exit = Some(of_error(&error));
            }
            Err(error) => not_found = Some(error),
        }
    }
    wiring.close().await;
    match (exit, not_found) {
        (Some(exit), _) => Ok(exit),
        (None, Some(error)) => Err(error.into()),
        (None, None) => Ok(Exit::Done),
    }
}

async fn explain(
    site: &Site,
    wiring: &Wiring,
    arguments: &ExplainArguments,
    device: Option<&DeviceId>,
) -> Result<(), ExplainError> {
    let cycle = site.cycle(&wiring.store);
    let outcome = cycle.explain(&arguments.mailbox, device).await;
    site.progress.clear();
    let explained = outcome?;
    let rows = Rows::new(&site.config.name, &explained.planned);
    let mailbox = explained
        .mailbox()
        .map_or_else(|| arguments.mailbox.clone(), easgate_model::Mailbox::title);
    let explanations: Vec<_> = explained
        .devices
        .iter()
        .filter_map(|device| cycle.explanation(&explained, device))
        .collect();
    if arguments.common.json {
        let values: Vec<_> = explanations
            .iter()
            .map(|one| explanation::json(&mailbox, one, &rows))
            .collect();
        // A device that was asked for is one object; a mailbox is a list.
        let printed = match (values.as_slice(), device) {
            ([value], Some(_)) => output::json(value),
            _ => output::json(&values),
        };
        printed
            .map_err(|error| ExplainError::Cycle(easgate_connector::CycleError::Store(Box::new(error))))?;
        return Ok(());
    }
    if explanations.is_empty() {
        output::line("The mailbox has no devices.");
    }
    for (number, one) in explanations.iter().enumerate() {
        if number > 0 {
            output::line("");
        }
        explanation::text(&mailbox, one, &rows);
    }
    Ok(())
}
