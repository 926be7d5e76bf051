//! What a check found.

use easgate_model::{escape, escape_long};
use serde_json::{Value, json};

use crate::command::Failure;
use crate::exit::Exit;
use crate::output;

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Good,
    /// It works, and somebody should look at it.
    Odd,
    Bad,
}

impl Outcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Odd => "warning",
            Self::Bad => "failed",
        }
    }
}

/// The findings so far, each shown as soon as it is there.
#[derive(Debug)]
pub(super) struct Findings {
    json: bool,
    failed: bool,
    values: Vec<Value>,
}

impl Findings {
    pub(super) const fn new(json: bool) -> Self {
        Self {
            json,
            failed: false,
            values: Vec::new(),
        }
    }

    /// `step` of `subject` (an organisation, a server; empty when there is only one) is well.
    pub(super) fn good(&mut self, step: &'static str, subject: &str, evidence: impl Into<String>) {
        self.note(Outcome::Good, step, subject, &evidence.into(), None);
    }

    /// It is well, and somebody should look at it.
    pub(super) fn odd(&mut self, step: &'static str, subject: &str, evidence: impl Into<String>) {
        self.note(Outcome::Odd, step, subject, &evidence.into(), None);
    }

    /// It is not well.
    pub(super) fn bad(
        &mut self,
        step: &'static str,
        subject: &str,
        evidence: impl Into<String>,
        cure: Option<&str>,
    ) {
        self.failed = true;
        self.note(Outcome::Bad, step, subject, &evidence.into(), cure);
    }

    fn note(
        &mut self,
        outcome: Outcome,
        step: &'static str,
        subject: &str,
        evidence: &str,
        cure: Option<&str>,
    ) {
        if self.json {
            self.values.push(json!({
                "step": step,
                "subject": (!subject.is_empty()).then_some(subject),
                "outcome": outcome.name(),
                "evidence": evidence,
                "cure": cure,
            }));
            return;
        }
        let subject = if subject.is_empty() {
            String::new()
        } else {
            format!("{}: ", escape(subject))
        };
        let evidence: Vec<String> = evidence.lines().map(escape_long).collect();
        output::line(&format!(
            "{:<8} {step:<14} {subject}{}",
            outcome.name(),
            evidence.join("\n                        ")
        ));
        if let Some(cure) = cure {
            output::line(&format!("{:24}-> {}", "", escape_long(cure)));
        }
    }

    /// Prints what was not printed yet, and says how it ended.
    pub(super) fn finish(self) -> Result<Exit, Failure> {
        if self.json {
            output::json(&json!({ "ok": !self.failed, "steps": self.values }))?;
        } else {
            output::line("");
            output::line(if self.failed {
                "Something has to be done."
            } else {
                "Everything is well."
            });
        }
        Ok(if self.failed { Exit::Failed } else { Exit::Done })
    }
}
