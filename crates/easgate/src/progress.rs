//! Progress of anything that takes longer than two seconds, on standard error.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use easgate_connector::{Phase, ProgressSink};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A line that tells how far a cycle is. Where standard error is no terminal, each phase is a line of its own.
pub(crate) struct Progress {
    bar: ProgressBar,
    is_terminal: bool,
    devices: AtomicU64,
    mailboxes: AtomicU64,
    enrollments: AtomicU64,
}

impl Progress {
    /// Starts a line.
    pub(crate) fn start() -> Self {
        let bar = ProgressBar::new_spinner();
        let is_terminal = std::io::stderr().is_terminal();
        if is_terminal {
            let style = ProgressStyle::with_template("{spinner} {elapsed:>4} {msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.enable_steady_tick(Duration::from_millis(120));
        } else {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let none = || AtomicU64::new(0);
        Self {
            bar,
            is_terminal,
            devices: none(),
            mailboxes: none(),
            enrollments: none(),
        }
    }

    /// Takes the line away.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }

    fn phase(&self, text: &'static str) {
        if self.is_terminal {
            self.bar.set_message(text);
        } else {
            // Whoever reads standard error may have gone; the work goes on.
            let _ = writeln!(std::io::stderr().lock(), "{text}");
        }
    }
}

impl ProgressSink for Progress {
    fn progress(&self, progress: easgate_connector::Progress) {
        use easgate_connector::Progress as Told;
        match progress {
            Told::Phase(phase) => self.phase(phase_text(phase)),
            Told::Read { input, rows, .. } => {
                let count = match input.as_str() {
                    "exchange.devices" => &self.devices,
                    "exchange.mailboxes" => &self.mailboxes,
                    "enrollment.devices" => &self.enrollments,
                    _ => return,
                };
                count.store(rows, Ordering::Relaxed);
                let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
                self.bar.set_message(format!(
                    "reading: {} devices, {} mailboxes, {} enrolments",
                    of(&self.devices),
                    of(&self.mailboxes),
                    of(&self.enrollments)
                ));
            }
            Told::Change { done, of } => self
                .bar
                .set_message(format!("changing the lists: {done} of {of}")),
        }
    }
}

/// What a phase is called, for people.
pub(crate) const fn phase_text(phase: Phase) -> &'static str {
    match phase {
        Phase::Gather => "reading Exchange and the enrolments",
        Phase::Decide => "deciding",
        Phase::Apply => "changing the lists",
        Phase::Confirm => "reading the changed lists again",
    }
}
