//! `easgate store rebuild-registry`: which list entries are ours, from an export of the audit.

use std::io;
use std::path::{Path, PathBuf};

use easgate_connector::{CycleError, Rebuilt};
use easgate_store::{ChainCheck, LineError, Rebuild, Recorded};
use serde_json::json;

use crate::cli::RebuildArguments;
use crate::command::Failure;
use crate::command::audit::lines::Lines;
use crate::command::sync::of_error;
use crate::command::wiring::{Site, Wiring};
use crate::exit::Exit;
use crate::output;
use crate::who;

/// Compares the export with the lists, and writes what was found when that is asked for.
///
/// # Errors
/// When the configuration, the store or the file cannot be used.
pub(crate) async fn run(arguments: &RebuildArguments) -> Result<Exit, Failure> {
    let wiring = Wiring::open(&arguments.common).await?;
    let [site] = wiring.sites.as_slice() else {
        wiring.close().await;
        return Err(RebuildError::OneOrganization.into());
    };
    let exit = match read(&arguments.from, &site.config.name) {
        Ok((rebuild, first)) => {
            if first > 1 {
                output::note(&format!(
                    "warning: the export begins with record {first}: entries of before are not in it"
                ));
            }
            let rebuilt = rebuilt(site, &wiring, &rebuild, arguments).await;
            site.progress.clear();
            match rebuilt {
                Ok(rebuilt) => {
                    show(arguments, &rebuilt)?;
                    Exit::Done
                }
                Err(error) => {
                    output::complain_with_cure(&error, error.cure().as_deref());
                    of_error(&error)
                }
            }
        }
        Err(error @ (RebuildError::Tampered { .. } | RebuildError::Line { .. })) => {
            output::complain(&error);
            Exit::Failed
        }
        Err(error) => {
            wiring.close().await;
            return Err(error.into());
        }
    };
    wiring.close().await;
    Ok(exit)
}

async fn rebuilt(
    site: &Site,
    wiring: &Wiring,
    rebuild: &Rebuild,
    arguments: &RebuildArguments,
) -> Result<Rebuilt, CycleError> {
    let cycle = site.cycle(&wiring.store);
    if arguments.yes {
        cycle
            .rebuild_registry(rebuild, who::actor(arguments.by.as_deref()))
            .await
    } else {
        cycle.compare_registry(rebuild).await
    }
}

/// Reads the records of `organization`, and the number of the first. A chain that is not whole says nothing.
fn read(path: &Path, organization: &str) -> Result<(Rebuild, i64), RebuildError> {
    let wrong = |source| RebuildError::File {
        path: path.to_owned(),
        source,
    };
    let mut rebuild = Rebuild::default();
    let mut check = ChainCheck::part(organization, []);
    for line in Lines::open(path).map_err(wrong)? {
        let (number, line) = line.map_err(wrong)?;
        let line = line.map_err(|source| RebuildError::Line { number, source })?;
        if line.anonymous {
            return Err(RebuildError::Anonymous);
        }
        if line.record.organization == organization {
            check.next(&line);
            rebuild.next(&line.record).map_err(RebuildError::Record)?;
        }
    }
    let verdict = check.finish();
    match (verdict.fault, verdict.first) {
        (Some(fault), _) => Err(RebuildError::Tampered {
            what: fault.to_string(),
        }),
        (None, Some(first)) => Ok((rebuild, first)),
        (None, None) => Err(RebuildError::Nothing {
            organization: organization.to_owned(),
        }),
    }
}

fn show(arguments: &RebuildArguments, rebuilt: &Rebuilt) -> Result<(), Failure> {
    if arguments.common.json {
        let entry = |recorded: &Recorded| {
            json!({
                "mailbox": recorded.entry.mailbox.to_string(),
                "list": recorded.entry.list.to_string(),
                "device_id": recorded.entry.device.as_str(),
                "decision": recorded.decision,
            })
        };
        output::json(&json!({
            "written": arguments.yes,
            "ours": rebuilt.ours.iter().map(entry).collect::<Vec<_>>(),
            "known": rebuilt.known,
            "gone": rebuilt.gone.iter().map(entry).collect::<Vec<_>>(),
            "pending": rebuilt.pending,
        }))?;
        return Ok(());
    }
    let row = |state: &'static str| {
        move |recorded: &Recorded| {
            [
                recorded.entry.mailbox.to_string(),
                recorded.entry.list.to_string(),
                recorded.entry.device.to_string(),
                state.to_owned(),
            ]
        }
    };
    let ours = rebuilt.ours.iter().map(row("ours"));
    let gone = rebuilt.gone.iter().map(row("not in the list any more"));
    output::table(["mailbox", "list", "device", "state"], ours.chain(gone));
    output::line("");
    let what = if arguments.yes {
        "were written"
    } else {
        "would be written with --yes"
    };
    output::line(&format!(
        "{} entries are ours by the audit and still in the lists, and {what}; {} were known, {} are gone.",
        rebuilt.ours.len(),
        rebuilt.known,
        rebuilt.gone.len()
    ));
    if rebuilt.pending > 0 {
        output::line(&format!(
            "{} devices have a change that was only intended. It is not carried out: the next sync decides anew, and \
             what it may have left in the lists counts as somebody else's.",
            rebuilt.pending
        ));
    }
    Ok(())
}

/// Why an export says nothing.
#[derive(Debug, thiserror::Error)]
enum RebuildError {
    #[error("a registry is of one organisation: name it with --organization")]
    OneOrganization,
    #[error("could not read the export {path}")]
    File { path: PathBuf, source: io::Error },
    #[error("line {number} of the export cannot be read, so none of it is believed")]
    Line { number: u64, source: LineError },
    #[error("the export is anonymous: make one without --anonymous")]
    Anonymous,
    #[error("the export cannot be believed")]
    Record(#[source] easgate_store::RebuildError),
    #[error("the export cannot be believed: {what}")]
    Tampered { what: String },
    #[error("the export holds no record of the organisation {organization:?}")]
    Nothing { organization: String },
}
