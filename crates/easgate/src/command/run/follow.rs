//! Telling somebody how the runs go that they asked for.

use std::sync::Arc;
use std::time::Duration;

use easgate_connector::service::{LoopStatus, Outcome};
use easgate_connector::{Kind, Progress};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::control::Answer;
use crate::progress::phase_text;
use crate::render::report::words;

/// How often it is told how far a run is, when that has changed.
const EVERY: Duration = Duration::from_secs(1);

/// After so many silent times it is told again, so that whoever waits knows that the service lives.
const SILENT: u32 = 20;

/// Somebody who waits for a run of one organisation.
pub(super) struct Wait {
    pub(super) organization: String,
    pub(super) outcome: oneshot::Receiver<Arc<Outcome>>,
    pub(super) progress: watch::Receiver<Option<Progress>>,
    pub(super) status: watch::Receiver<LoopStatus>,
}

/// Tells `answers` how each run goes and ends, and that all is done.
pub(super) async fn follow(waits: Vec<Wait>, answers: mpsc::Sender<Answer>) {
    let mut all = JoinSet::new();
    for wait in waits {
        all.spawn(one(wait, answers.clone()));
    }
    while all.join_next().await.is_some() {}
    let _ = answers.send(Answer::Done).await;
}

async fn one(mut wait: Wait, answers: mpsc::Sender<Answer>) {
    let mut times = interval(EVERY);
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut told, mut silent) = (String::new(), 0);
    let last = loop {
        tokio::select! {
            outcome = &mut wait.outcome => break last(wait.organization, outcome.ok().as_deref()),
            _ = times.tick() => {}
        }
        let text = how_far(wait.progress.borrow().as_ref(), &wait.status.borrow());
        silent += 1;
        if text == told && silent < SILENT {
            continue;
        }
        (told, silent) = (text.clone(), 0);
        let organization = wait.organization.clone();
        if answers
            .send(Answer::Progress { organization, text })
            .await
            .is_err()
        {
            return;
        }
    };
    let _ = answers.send(last).await;
}

fn last(organization: String, outcome: Option<&Outcome>) -> Answer {
    match outcome {
        Some(Outcome::Reported { report, exit }) => {
            let words = words(report);
            Answer::Report {
                organization,
                exit: *exit,
                report: report.to_json(),
                lines: words.lines,
                notes: words.notes,
            }
        }
        Some(Outcome::Told {
            exit,
            report,
            lines,
            notes,
        }) => Answer::Report {
            organization,
            exit: *exit,
            report: report.clone(),
            lines: lines.clone(),
            notes: notes.clone(),
        },
        Some(Outcome::Broken { why, message }) => Answer::Broken {
            organization,
            kind: why.name().to_owned(),
            message: message.clone(),
        },
        None => Answer::Broken {
            organization,
            kind: "stopping".to_owned(),
            message: "the service ends".to_owned(),
        },
    }
}

fn how_far(progress: Option<&Progress>, status: &LoopStatus) -> String {
    match progress {
        Some(Progress::Phase(phase)) => phase_text(*phase).to_owned(),
        Some(Progress::Read { input, rows, .. }) => format!("reading: {rows} rows of {input}"),
        Some(Progress::Change { done, of }) => format!("changing the lists: {done} of {of}"),
        None => match status.running.first() {
            Some(running) => match running.kind {
                Kind::Command => "a command has begun".to_owned(),
                kind => format!("a {kind} sync has begun"),
            },
            None => "waiting for its turn".to_owned(),
        },
    }
}
