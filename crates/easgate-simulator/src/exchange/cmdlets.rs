//! What cmdlets do.

mod delete;
mod list;
mod lists;
mod read;
mod run;
mod select;
mod write;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use easgate_psrp::records::ErrorRecord;

use super::bind::Bound;
use super::error::Place;
use super::fault_plan::Faults;
use super::organization::Organization;
use super::row::Row;
use super::rows::View;

pub(super) use run::{Question, Started, confirmed, start};

/// What a cmdlet gives while it runs.
#[derive(Debug)]
pub(super) enum Record {
    Row(Box<Row>),
    Error(Box<ErrorRecord>),
    Warning(String),
}

/// The records of a cmdlet, made while they are asked for.
pub(super) type Records = Box<dyn Iterator<Item = Record> + Send>;

/// Where a cmdlet runs.
#[derive(Debug, Clone)]
pub(super) struct Context {
    pub(super) organization: Organization,
    /// The full name of the server.
    pub(super) front_end: String,
    /// The id of the shell.
    pub(super) shell: String,
    pub(super) session: Arc<Session>,
    pub(super) faults: Faults,
    pub(super) place: Place,
    pub(super) roles: super::Rbac,
    /// What the account is called in objects.
    pub(super) account: String,
}

/// What a runspace remembers between commands.
#[derive(Debug, Default)]
pub(super) struct Session {
    forest: AtomicBool,
}

impl Session {
    pub(super) fn set_forest(&self, on: bool) {
        self.forest.store(on, Ordering::Relaxed);
    }
}

impl Context {
    /// What objects look like from here.
    fn view(&self, bound: &Bound) -> View {
        View {
            controller: bound
                .text("DomainController")
                .unwrap_or_else(|| self.place.controller.clone()),
            forest: self.session.forest.load(Ordering::Relaxed) || bound.on("IgnoreDefaultScope"),
        }
    }
}

fn none() -> Records {
    Box::new(std::iter::empty())
}

fn one(record: Record) -> Records {
    Box::new(std::iter::once(record))
}

fn error(record: ErrorRecord) -> Records {
    one(Record::Error(Box::new(record)))
}

fn rows(rows: Vec<Row>) -> Records {
    Box::new(rows.into_iter().map(|row| Record::Row(Box::new(row))))
}
