//! `easgate plan`: what a sync would change, and why.

use crate::cli::PlanArguments;
use crate::command::Failure;
use crate::command::sync::of_error;
use crate::command::wiring::Wiring;
use crate::exit::Exit;
use crate::output;
use crate::render::changes::{CSV_HEADINGS, Rows};

/// Plans for each organisation. Nothing is written to Exchange in any mode.
///
/// # Errors
/// When the configuration or the store cannot be used.
pub(crate) async fn run(arguments: &PlanArguments) -> Result<Exit, Failure> {
    let wiring = Wiring::open(&arguments.common).await?;
    let mut all = Vec::new();
    let mut gravest = Exit::Done;
    if arguments.csv {
        output::line(CSV_HEADINGS);
    }
    for site in &wiring.sites {
        let outcome = site.cycle(&wiring.store).plan().await;
        site.progress.clear();
        match outcome {
            Ok(planned) => {
                let rows = Rows::new(&site.config.name, &planned);
                if arguments.common.json {
                    all.extend(rows.json());
                } else if arguments.csv {
                    rows.csv();
                } else {
                    rows.text();
                }
            }
            Err(error) => {
                output::complain_with_cure(&error, error.cure().as_deref());
                gravest = gravest.max(of_error(&error));
            }
        }
    }
    wiring.close().await;
    // With facts unread there is no plan, and an empty list would read as one.
    if arguments.common.json && gravest == Exit::Done {
        output::json(&all)?;
    }
    Ok(gravest)
}
