//! What a check found.

use easgate_model::{escape, escape_long};
use serde_json::{Value, json};

use crate::command::Failure;
use crate::exit::Exit;
use crate::output;

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::command) enum Outcome {
    Good,
    /// It works, and somebody should look at it.
    Odd,
    Bad,
    /// It was not tried.
    Skipped,
}

impl Outcome {
    /// The stable name.
    pub(in crate::command) const fn name(self) -> &'static str {
        match self {
            Self::Good => "ok",
            Self::Odd => "warning",
            Self::Bad => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// The findings so far, each shown as soon as it is there.
#[derive(Debug)]
pub(super) struct Findings {
    json: bool,
    failed: bool,
    overdue: bool,
    warned: usize,
    organization: Option<String>,
    values: Vec<Value>,
}

impl Findings {
    pub(super) const fn new(json: bool) -> Self {
        Self {
            json,
            failed: false,
            overdue: false,
            warned: 0,
            organization: None,
            values: Vec::new(),
        }
    }

    /// What follows is about the organisation `name`.
    pub(super) fn organization(&mut self, name: &str) {
        self.organization = Some(name.to_owned());
    }

    /// The step `id` is well; `server` is empty where it is not about one.
    pub(super) fn good(&mut self, id: &'static str, server: &str, evidence: impl Into<String>) {
        self.note(Outcome::Good, id, server, evidence, None);
    }

    /// It is well, and somebody should look at it.
    pub(super) fn odd(
        &mut self,
        id: &'static str,
        server: &str,
        evidence: impl Into<String>,
        cure: Option<&str>,
    ) {
        self.note(Outcome::Odd, id, server, evidence, cure);
    }

    /// It is not well.
    pub(super) fn bad(
        &mut self,
        id: &'static str,
        server: &str,
        evidence: impl Into<String>,
        cure: Option<&str>,
    ) {
        self.note(Outcome::Bad, id, server, evidence, cure);
    }

    /// The last good run is too old, which is not well, and has an exit code of its own when everything else is.
    pub(super) fn overdue(&mut self, evidence: &str, cure: &str) {
        let failed = self.failed;
        self.bad("last runs", "", evidence, Some(cure));
        (self.failed, self.overdue) = (failed, true);
    }

    /// It was not tried, and why.
    pub(super) fn skipped(&mut self, id: &'static str, server: &str, why: impl Into<String>) {
        self.note(Outcome::Skipped, id, server, why, None);
    }

    /// Any of these.
    pub(super) fn note(
        &mut self,
        outcome: Outcome,
        id: &'static str,
        server: &str,
        evidence: impl Into<String>,
        cure: Option<&str>,
    ) {
        let evidence = evidence.into();
        match outcome {
            Outcome::Bad => self.failed = true,
            Outcome::Odd => self.warned += 1,
            Outcome::Good | Outcome::Skipped => {}
        }
        if self.json {
            self.values.push(json!({
                "id": id,
                "organization": self.organization,
                "server": (!server.is_empty()).then_some(server),
                "outcome": outcome.name(),
                "evidence": evidence,
                "cure": cure,
            }));
            return;
        }
        let subject = match (server, &self.organization) {
            ("", None) => String::new(),
            ("", Some(organization)) => format!("{}: ", escape(organization)),
            (server, _) => format!("{}: ", escape(server)),
        };
        let evidence: Vec<String> = evidence.lines().map(escape_long).collect();
        output::line(&format!(
            "{:<8} {id:<14} {subject}{}",
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
            let ok = !self.failed && !self.overdue;
            output::json(&json!({ "ok": ok, "warnings": self.warned, "findings": self.values }))?;
        } else {
            output::line("");
            output::line(match (self.failed || self.overdue, self.warned) {
                (true, _) => "Something has to be done.",
                (false, 0) => "Everything is well.",
                (false, _) => "Everything works; look at the warnings.",
            });
        }
        Ok(match (self.failed, self.overdue) {
            (true, _) => Exit::Failed,
            (false, true) => Exit::Overdue,
            (false, false) => Exit::Done,
        })
    }
}
