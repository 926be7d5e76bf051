//! `easgate apply`: carrying out a plan from a file.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use easgate_connector::{ApplyPlanError, PlanFile, PlanReport, PlanState};

use crate::cli::{ApplyArguments, Common};
use crate::command::Failure;
use crate::command::sync::of_error;
use crate::command::wiring::Wiring;
use crate::exit::Exit;
use crate::output;
use crate::render::count;
use crate::who;

/// The largest file that is read: some 500,000 changes.
const MAX_BYTES: u64 = 512 << 20;

/// Carries the plan out.
///
/// # Errors
/// When the file, the configuration or the store cannot be used, or the plan is not one for this organisation.
pub(crate) async fn run(arguments: &ApplyArguments) -> Result<Exit, Failure> {
    let file = PlanFile::parse(&read(&arguments.file)?)?;
    let name = file.organization();
    if let Some(asked) = &arguments.common.organization
        && !asked.eq_ignore_ascii_case(name)
    {
        return Err(ApplyPlanError::OtherName {
            plan: name.to_owned(),
            name: asked.clone(),
        }
        .into());
    }
    let wiring = Wiring::open(&Common {
        organization: Some(name.to_owned()),
        ..arguments.common.clone()
    })
    .await?;
    let mut exit = Exit::Done;
    for site in &wiring.sites {
        let outcome = site
            .cycle(&wiring.store)
            .apply_plan(&file, who::actor(arguments.by.as_deref()))
            .await;
        site.progress.clear();
        match outcome {
            Ok(report) => {
                exit = exit.max(Exit::of_run(report.exit_code()));
                if arguments.common.json {
                    output::json(&report.to_json())?;
                } else {
                    text(&file, &report);
                }
            }
            Err(ApplyPlanError::Cycle(error)) => {
                output::complain_with_cure(&error, error.cure().as_deref());
                exit = exit.max(of_error(&error));
            }
            Err(error) => {
                wiring.close().await;
                return Err(error.into());
            }
        }
    }
    wiring.close().await;
    Ok(exit)
}

fn read(path: &Path) -> Result<String, NotRead> {
    let wrong = |source| NotRead {
        path: path.to_owned(),
        source,
    };
    let mut text = String::new();
    File::open(path)
        .map_err(wrong)?
        .take(MAX_BYTES)
        .read_to_string(&mut text)
        .map_err(wrong)?;
    Ok(text)
}

fn text(file: &PlanFile, report: &PlanReport) {
    output::line(&format!(
        "Plan {} of {}, made {}: {}.",
        report.plan,
        easgate_model::escape(file.organization()),
        easgate_model::escape(file.made()),
        count(u64::try_from(report.results.len()).unwrap_or(u64::MAX), "change")
    ));
    for state in PlanState::ALL {
        let number = report.count(state);
        if number > 0 {
            output::line(&format!("{number:>8}  {:<9} {}", state.name(), explain(state)));
        }
    }
    let done = [PlanState::Applied, PlanState::Already];
    let rows: Vec<_> = report
        .results
        .iter()
        .filter(|result| !done.contains(&result.state))
        .map(|result| {
            [
                result.address.clone(),
                result.device.to_string(),
                result.state.name().to_owned(),
                result.detail.clone(),
            ]
        })
        .collect();
    if !rows.is_empty() {
        output::line("");
        output::table(["mailbox", "device", "state", "why"], rows);
    }
    for error in &report.run.errors {
        output::note(&format!("error: {}", easgate_model::escape_long(&error.message)));
    }
    for warning in &report.run.warnings {
        output::note(&format!("warning: {}", easgate_model::escape_long(warning)));
    }
}

const fn explain(state: PlanState) -> &'static str {
    match state {
        PlanState::Applied => "made now, and the lists show it",
        PlanState::Already => "the lists showed it before",
        PlanState::Moved => "skipped: the lists are not as they were when the plan was made",
        PlanState::Unwanted => "skipped: what is known now does not want it",
        PlanState::Held => "the guard holds it",
        PlanState::Failed => "without effect",
        PlanState::Unknown => "may have been made, and the lists do not show it",
        PlanState::NotTried => "not tried; the same command goes on with it",
    }
}

#[derive(Debug, thiserror::Error)]
#[error("could not read the plan {path}")]
struct NotRead {
    path: PathBuf,
    source: io::Error,
}
