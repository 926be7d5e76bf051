//! How far a cycle is, for whoever watches.

/// What a cycle is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Reading Exchange and the enrolments.
    Gather,
    /// Deciding, planning and guarding.
    Decide,
    /// Changing lists.
    Apply,
    /// Reading the changed lists again.
    Confirm,
}

/// Something that happened in a cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// A phase begins.
    Phase(Phase),
    /// Rows of an input have been read.
    Read {
        /// The input by its stable name, such as `exchange.devices`.
        input: String,
        /// Rows so far.
        rows: u64,
        /// Rows there are, where the source tells it.
        expected: Option<u64>,
    },
    /// A change has been tried.
    Change {
        /// Changes tried so far, those that failed included.
        done: u64,
        /// Changes to try.
        of: u64,
    },
}

/// Who watches a cycle.
pub trait ProgressSink: Send + Sync {
    /// Takes note. Called often, so it has to be quick.
    fn progress(&self, progress: Progress);
}

/// Nobody watches.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl ProgressSink for Silent {
    fn progress(&self, _: Progress) {}
}
