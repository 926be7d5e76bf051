//! `easgate apply`: carrying out a plan from a file.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use easgate_connector::service::Ordered;
use easgate_connector::{ApplyPlanError, PlanFile, PlanReport, PlanState};

use crate::cli::{ApplyArguments, Common};
use crate::command::Failure;
use crate::command::sync::of_error;
use crate::command::undo::Told;
use crate::command::wiring::{Settings, Wiring};
use crate::control;
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
    let text = read(&arguments.file)?;
    let file = PlanFile::parse(&text)?;
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
    let settings = Settings::read(&Common {
        organization: Some(name.to_owned()),
        ..arguments.common.clone()
    })?;
    let (by, json) = (arguments.by.as_deref(), arguments.common.json);
    let what = Ordered::Apply { file: text };
    if let Some(exit) = control::order(&settings, name, &what, by, json).await? {
        return Ok(exit);
    }
    let wiring = Wiring::to_write(&settings).await?;
    let mut exit = Exit::Done;
    for site in &wiring.sites {
        let cycle = site.cycle(&wiring.store);
        let outcome = cycle.apply_plan(&file, who::actor(by)).await;
        site.progress.clear();
        let (told, words) = output::caught(|| told(&file, &outcome));
        match told.json {
            Some(report) if json => output::json(&report)?,
            Some(_) | None => words.lines.iter().for_each(|line| output::line(line)),
        }
        if !json || outcome.is_err() {
            words.notes.iter().for_each(|note| output::note(note));
        }
        exit = exit.max(told.exit);
    }
    wiring.close().await;
    Ok(exit)
}

/// Tells what became of the plan, in words; as JSON it comes back.
pub(crate) fn told(file: &PlanFile, outcome: &Result<PlanReport, ApplyPlanError>) -> Told {
    match outcome {
        Ok(report) => {
            text(file, report);
            Told {
                exit: Exit::of_run(report.exit_code()),
                json: Some(report.to_json()),
            }
        }
        Err(ApplyPlanError::Cycle(error)) => {
            output::complain_with_cure(error, error.cure().as_deref());
            Told {
                exit: of_error(error),
                json: None,
            }
        }
        Err(error) => Told::trouble(error),
    }
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
