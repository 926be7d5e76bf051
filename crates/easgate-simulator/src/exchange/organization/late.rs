//! What is on its way to the organisation, and is carried out when its time has come.

use std::fmt;

use time::OffsetDateTime;

use super::state::State;

/// What is to be done.
pub(crate) type Work = Box<dyn FnOnce() + Send>;

/// What is on its way.
#[derive(Default)]
pub(crate) struct Late(Vec<(OffsetDateTime, Work)>);

impl Late {
    pub(super) fn push(&mut self, at: OffsetDateTime, work: Work) {
        self.0.push((at, work));
    }
}

impl State {
    /// Takes what was due first, when anything is due now.
    pub(super) fn next_late(&mut self) -> Option<Work> {
        let now = self.now();
        let due = self.late.0.iter().enumerate().filter(|(_, (at, _))| *at <= now);
        let first = due.min_by_key(|(_, (at, _))| *at).map(|(place, _)| place)?;
        Some(self.late.0.remove(first).1)
    }
}

impl fmt::Debug for Late {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(at, _)| at)).finish()
    }
}
