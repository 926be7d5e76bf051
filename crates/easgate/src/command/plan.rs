//! `easgate plan`: what a sync would change, and why.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use easgate_connector::{Clock, PlanFile, SystemClock};

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
    if arguments.out.is_some() && wiring.sites.len() != 1 {
        wiring.close().await;
        return Err(OneOrganization.into());
    }
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
                if let Some(path) = &arguments.out {
                    let file = PlanFile::new(&site.config, &planned, SystemClock::new().now());
                    write(path, &file)?;
                }
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

/// Writes the file, readable by its owner alone: it names people and their phones.
fn write(path: &Path, file: &PlanFile) -> Result<(), NotWritten> {
    OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut out| {
            out.write_all(file.to_json().as_bytes())?;
            out.sync_all()
        })
        .map_err(|source| NotWritten {
            path: path.to_owned(),
            source,
        })
}

#[derive(Debug, thiserror::Error)]
#[error("a file holds the plan of one organisation: name it with --organization")]
struct OneOrganization;

#[derive(Debug, thiserror::Error)]
#[error("could not write the plan to {path}")]
struct NotWritten {
    path: PathBuf,
    source: io::Error,
}
