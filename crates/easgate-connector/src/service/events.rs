//! The stable names of what the service logs, in the field `event`.

macro_rules! events {
    ($($name:ident = $id:literal, $meaning:literal;)*) => {
        $(#[doc = $meaning] pub const $name: &str = $id;)*

        /// Every event with its meaning.
        pub const ALL: &[(&str, &str)] = &[$(($id, $meaning)),*];
    };
}

events! {
    SERVICE_STARTED = "service.started", "The service has begun; the configuration and the control socket are in the line.";
    SERVICE_STOPPING = "service.stopping", "The service was told to end, and finishes what is under way.";
    SERVICE_STOPPED = "service.stopped", "Everything has ended in order.";
    SERVICE_STUCK = "service.stuck", "A loop gives no sign of life; the watchdog is not fed any more.";
    RELOAD_CHANGED = "reload.changed", "One key of the configuration that has another value now.";
    RELOAD_DONE = "reload.done", "The configuration was read again and is used from the next run on.";
    RELOAD_REFUSED = "reload.refused", "The configuration was not taken; the one before stays in use.";
    SYNC_STARTED = "sync.started", "A run begins: its kind, and who wanted it.";
    SYNC_ENDED = "sync.ended", "A run ended and gave its report; the figures are in the line.";
    SYNC_UNREAD = "sync.unread", "A run could not read everything, and changed nothing that depends on it.";
    SYNC_BROKEN = "sync.broken", "A run ended without a report: it took too long, or the program failed.";
    SYNC_PAUSED = "sync.paused", "After a run that could not read everything, the schedule starts nothing until the time in the line.";
    SYNC_TIMED_OUT = "sync.timedOut", "A run has taken longer than it may, and is told to stop.";
    COMMAND_ENDED = "command.ended", "What somebody asked for over the control socket has ended; the exit code is in the line.";
    GUARD_HELD = "guard.held", "The guard holds changes and waits for a person: `easgate held` lists them.";
    LIST_FULL = "list.full", "A device list takes no more entries, so that a device keeps the access that it has; the report of the run names it.";
    ACCOUNT_REFUSED = "account.refused", "Exchange refused the account; nothing logs on until its password changes, or `sync --log-on-again`.";
    CAUTION = "caution", "Nothing is written until an administrator says so: the store was restored, or somebody undoes our entries.";
    LEASE_LOST = "lease.lost", "Another node has taken over, and nothing more is written here.";
    AUDIT_HEAD = "audit.head", "The audit stands here: the number and the hash of its last record.";
    RETRY_GIVEN_UP = "retry.givenUp", "Changes have failed for a week and are not tried again by themselves; `easgate status` counts them.";
    RETRY_UNREADABLE = "retry.unreadable", "The store could not be asked, or told, which changes are to be tried again.";
    ROLE_CHANGED = "role.changed", "This node leads the organisation from now on, or looks on.";
    STORE_FORGOT = "store.forgot", "What the store has kept for long enough is gone; how much is in the line. The audit stays.";
    STORE_UNFORGETTING = "store.notForgotten", "What the store has kept for long enough could not be taken out; it is tried again a day later.";
    INSTALLATION_REPLACED = "installation.replaced", "Another installation has taken the place of this one, which ends with exit code 6.";
    STORE_UNREADABLE = "store.unreadable", "The store could not be asked when the last runs were.";
    CONTROL_REQUEST = "control.request", "Somebody asked for something over the control socket: what, and the uid.";
    CONTROL_REFUSED = "control.refused", "A request over the control socket was not understood, or was too long or too slow.";
    CONTROL_OFF = "control.off", "There is no control socket.";
    METRICS_UNWRITTEN = "metrics.unwritten", "The file of metrics could not be written; the figures in it are old.";
    LOG_CHANGED = "log.changed", "Other things are logged from now on.";
}
