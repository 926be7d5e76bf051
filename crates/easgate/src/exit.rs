//! Exit codes, as documented in `--help` and `docs/operations.md`.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Exit {
    /// All was done.
    Done,
    /// The command line, the configuration, the store, or anything that has no code of its own.
    Trouble,
    /// Some changes or checks failed; the rest was done.
    Failed,
    /// Changes are held by the guard.
    Held,
    /// The facts could not be read completely; nothing was changed.
    Unread,
    /// Another installation has taken the place of this one.
    Replaced,
    /// The last run that read everything is too old.
    Overdue,
}

impl Exit {
    /// The exit of a run by the engine's own code.
    pub(crate) const fn of_run(code: u8) -> Self {
        match code {
            0 => Self::Done,
            2 => Self::Failed,
            3 => Self::Held,
            4 => Self::Unread,
            _ => Self::Trouble,
        }
    }

    /// The number a shell sees.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Trouble => 1,
            Self::Failed => 2,
            Self::Held => 3,
            Self::Unread => 4,
            Self::Replaced => 6,
            Self::Overdue => 5,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
