//! What goes wrong on demand.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use uuid::Uuid;

/// Something that goes wrong. Unless said otherwise it happens once, at the next occasion.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// The connection breaks after so many objects of a command's output, and the shell is gone.
    DieInOutput {
        /// How many objects come first.
        after: usize,
    },
    /// The connection breaks after the cmdlet has done its work and before its answer; the shell is gone.
    DieAfter {
        /// The cmdlet, such as `Set-CASMailbox`.
        cmdlet: String,
    },
    /// The connection breaks at the next request of this kind (`Create`, `Command`, `Receive`, `Delete`, ...),
    /// which does nothing.
    Drop {
        /// The last part of the request's action.
        operation: String,
    },
    /// The next request is answered with this HTTP status and no SOAP.
    Http {
        /// The status, such as 503.
        status: u16,
    },
    /// The next Create is redirected.
    Redirect {
        /// Where to.
        location: String,
    },
    /// The next Create is refused.
    Refuse(Refusal),
    /// The cmdlet takes so long, every time.
    Slow {
        /// The cmdlet; `*` for every one.
        cmdlet: String,
        /// How long.
        by: Duration,
    },
    /// The next run of the cmdlet is on its way for so long, and is carried out then, by the organisation's clock, whether
    /// its client still waits, has gone, or has died. Its answer comes after that.
    Late {
        /// The cmdlet, such as `Set-CASMailbox`.
        cmdlet: String,
        /// How long.
        by: Duration,
    },
    /// The cmdlet's listing ends early with the warning about more results.
    Truncated {
        /// The cmdlet.
        cmdlet: String,
        /// How many objects come.
        after: usize,
    },
    /// Every write to this mailbox or device is refused by the directory, every time.
    Denied {
        /// Its Guid.
        object: Uuid,
    },
    /// Every cmdlet warns of a micro delay, every time.
    MicroDelay {
        /// In milliseconds.
        milliseconds: u32,
    },
    /// The next run of the cmdlet ends with a non-terminating error of this exception in this text.
    Error {
        /// The cmdlet.
        cmdlet: String,
        /// What the directory says.
        message: String,
    },
}

/// Why a shell is not opened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// Too many shells, in the words of the version.
    TooManyShells,
    /// The rate quota: try again after so many milliseconds.
    RateQuota {
        /// How long to wait.
        milliseconds: u32,
    },
    /// The service itself is loaded.
    SystemLoad,
    /// The account has no management role.
    NoRole,
    /// Remote PowerShell is off for the account.
    RemotePowerShellDisabled,
    /// Nothing but that.
    AccessDenied,
}

/// The handle on what goes wrong: shared with the running simulator.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Plan>>);

#[derive(Debug, Default)]
struct Plan {
    faults: VecDeque<Fault>,
    lost_shells: bool,
    lost_cookies: bool,
}

impl Faults {
    /// Lets `fault` happen.
    pub fn inject(&self, fault: Fault) {
        self.plan(|plan| plan.faults.push_back(fault));
    }

    /// Whether `fault` still waits for its occasion, or happens every time.
    #[must_use]
    pub fn has(&self, fault: &Fault) -> bool {
        self.plan(|plan| plan.faults.contains(fault))
    }

    /// Every shell that is open now is gone at its next request.
    pub fn lose_shells(&self) {
        self.plan(|plan| plan.lost_shells = true);
    }

    /// The cookies given so far lead to the wrong back end.
    pub fn lose_cookies(&self) {
        self.plan(|plan| plan.lost_cookies = true);
    }

    /// Nothing goes wrong any more.
    pub fn clear(&self) {
        self.plan(|plan| *plan = Plan::default());
    }

    fn plan<T>(&self, with: impl FnOnce(&mut Plan) -> T) -> T {
        with(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Takes the first fault that `choose` takes something from.
    pub(super) fn take<T>(&self, choose: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        self.plan(|plan| {
            let at = plan.faults.iter().position(|fault| choose(fault).is_some())?;
            plan.faults.remove(at).as_ref().and_then(choose)
        })
    }

    /// The first fault that `choose` finds, which stays.
    pub(super) fn find<T>(&self, choose: impl Fn(&Fault) -> Option<T>) -> Option<T> {
        self.plan(|plan| plan.faults.iter().find_map(choose))
    }

    pub(super) fn take_lost_shells(&self) -> bool {
        self.plan(|plan| std::mem::take(&mut plan.lost_shells))
    }

    pub(super) fn take_lost_cookies(&self) -> bool {
        self.plan(|plan| std::mem::take(&mut plan.lost_cookies))
    }
}
