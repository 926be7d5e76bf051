//! What is asked of a loop, and what comes back.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use time::OffsetDateTime;

use crate::kind::Kind;
use crate::progress::ProgressSink;
use crate::report::Report;
use crate::schedule::LastRuns;
use crate::service::{Order, Stop};

/// One piece of work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// What to do.
    pub work: Work,
    /// Whether inputs may be shorter than the protection against short inputs lets through.
    pub accept_shrunken: bool,
    /// Whether the account logs on although it was refused.
    pub log_on_again: bool,
    /// Who wants it.
    pub by: By,
}

impl Job {
    /// A job without special wishes.
    #[must_use]
    pub const fn new(work: Work, by: By) -> Self {
        Self {
            work,
            accept_shrunken: false,
            log_on_again: false,
            by,
        }
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self.work {
            Work::Full => Kind::Full,
            Work::Quick => Kind::Quick,
            Work::Watch => Kind::Watch,
            Work::User(_) => Kind::User,
            Work::Order(_) => Kind::Command,
        }
    }
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// A full sync.
    Full,
    /// A quick sync.
    Quick,
    /// A watch pass.
    Watch,
    /// The sync of the user with this address.
    User(String),
    /// What else a person asked for.
    Order(Arc<Order>),
}

/// Who wants a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The schedule.
    Schedule,
    /// A change that failed and is looked at again.
    Retry,
    /// A signal to the process.
    Signal,
    /// A process of the user with this uid, over the control socket.
    Peer {
        /// The user.
        uid: u32,
    },
}

impl By {
    /// Whether somebody waits for it, who is not to wait for the times of the service.
    #[must_use]
    pub const fn is_somebody(self) -> bool {
        match self {
            Self::Schedule | Self::Retry => false,
            Self::Signal | Self::Peer { .. } => true,
        }
    }
}

impl fmt::Display for By {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Schedule => f.write_str("schedule"),
            Self::Retry => f.write_str("retry"),
            Self::Signal => f.write_str("signal"),
            Self::Peer { uid } => write!(f, "uid {uid}"),
        }
    }
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It gave its report.
    Reported {
        /// The report.
        report: Box<Report>,
        /// The exit code of a command that does the same.
        exit: u8,
    },
    /// A command has ended, and this is what there is to tell whoever asked.
    Told {
        /// The exit code of the command.
        exit: u8,
        /// What it prints as JSON, if it prints anything.
        report: Value,
        /// What it prints for people.
        lines: Vec<String>,
        /// What it tells people besides: what went wrong, and what to do about it.
        notes: Vec<String>,
    },
    /// It gave none.
    Broken {
        /// Why.
        why: Broken,
        /// What happened, with its causes.
        message: String,
    },
}

impl Outcome {
    /// An outcome without a report.
    #[must_use]
    pub fn broken(why: Broken, message: impl Into<String>) -> Self {
        Self::Broken {
            why,
            message: message.into(),
        }
    }

    /// Whether everything was read.
    #[must_use]
    pub fn has_read(&self) -> bool {
        match self {
            Self::Reported { report, .. } => report.facts_read,
            Self::Told { .. } | Self::Broken { .. } => false,
        }
    }
}

impl Outcome {
    /// Whether it changed nothing and leaves everything to a full sync.
    #[must_use]
    pub fn needs_full(&self) -> bool {
        match self {
            Self::Reported { report, .. } => report.full_needed.is_some(),
            Self::Told { .. } | Self::Broken { .. } => false,
        }
    }
}

/// Why a job gave no report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// Its parts could not be made: a secret, a setting, the store.
    Setup,
    /// It took too long.
    TimedOut,
    /// It ended by an error of the program itself.
    Panicked,
    /// Another node leads the organisation.
    Observer,
    /// This kind of run is not known.
    Unknown,
    /// Too many jobs wait.
    Crowded,
    /// The service ends.
    Stopping,
}

impl Broken {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::TimedOut => "timedOut",
            Self::Panicked => "panicked",
            Self::Observer => "observer",
            Self::Unknown => "unknown",
            Self::Crowded => "crowded",
            Self::Stopping => "stopping",
        }
    }
}

/// How an organisation may be worked on now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// Whether this node may write.
    pub role: Role,
    /// That the schedule starts nothing until then; a run that a person wants starts all the same.
    pub not_before: Option<OffsetDateTime>,
}

/// What this node is for an organisation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Role {
    /// It may write.
    #[default]
    Leader,
    /// It looks on.
    Observer {
        /// Who may write, if that is known.
        leader: Option<String>,
    },
}

/// What a loop needs of its organisation.
#[async_trait]
pub trait Runner: Send + Sync {
    /// Whether it can do runs of this kind.
    fn knows(&self, kind: Kind) -> bool;

    /// Reads when the latest runs began that read everything, whoever did them; the error is for people.
    async fn last_runs(&self) -> Result<LastRuns, String>;

    /// The addresses of at most `most` mailboxes in which a change failed and is to be looked at again now, the one that
    /// has waited longest at first; the error is for people.
    async fn due_retries(&self, most: usize) -> Result<Vec<String>, String>;

    /// How the organisation may be worked on now. Asked often, so it has to be quick.
    async fn standing(&self) -> Standing;

    /// Waits until [`standing`](Self::standing) may have changed; a loop also asks by itself now and then.
    async fn standing_changed(&self) {
        std::future::pending::<()>().await;
    }

    /// Does one job. After a stop it ends soon, and leaves nothing half done.
    async fn run(&self, job: &Job, stop: &Stop, progress: &dyn ProgressSink) -> Outcome;

    /// Lets go of everything: sessions at Exchange, and the right to lead.
    async fn close(&self);
}
