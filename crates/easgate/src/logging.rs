//! Logs go to standard error; results alone go to standard output.

use std::io::{self, Write};
use std::sync::OnceLock;

use clap::Args;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::{FilterFn, ParseError};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// What is logged, and in which form.
#[derive(Debug, Args)]
pub(crate) struct LogArguments {
    /// What to log to standard error: error, warn, info, debug, trace, or a filter such as `info,easgate_cmdlet=debug`
    /// [default: info for `run`, else warn]
    #[arg(long, value_name = "FILTER", global = true, help_heading = "Logging")]
    log: Option<String>,
    /// Logs as JSON, one object a line
    #[arg(long, global = true, help_heading = "Logging")]
    log_json: bool,
}

/// What puts another filter in the place of the one in use.
type Change = Box<dyn Fn(EnvFilter) -> Result<(), tracing_subscriber::reload::Error> + Send + Sync>;

/// Set once, when logging starts.
static CHANGE: OnceLock<Change> = OnceLock::new();

/// Starts logging; `usual` is logged when nothing was asked for.
///
/// # Errors
/// When the filter cannot be read.
pub(crate) fn start(arguments: &LogArguments, usual: &str) -> Result<(), ParseError> {
    let text = arguments.log.as_deref().unwrap_or(usual);
    let builder = tracing_subscriber::fmt()
        .with_writer(|| Careful)
        .with_ansi(false)
        .with_env_filter(filter(text)?);
    // A second start (in a test of this very process) is not an error worth stopping for.
    let _ = if arguments.log_json {
        let builder = builder.json().with_filter_reloading();
        let handle = builder.reload_handle();
        let _ = CHANGE.set(Box::new(move |filter| handle.reload(filter)));
        builder.finish().with(never_shown()).try_init()
    } else {
        let builder = builder.with_filter_reloading();
        let handle = builder.reload_handle();
        let _ = CHANGE.set(Box::new(move |filter| handle.reload(filter)));
        builder.finish().with(never_shown()).try_init()
    };
    Ok(())
}

/// Logs by the filter `text` from now on.
///
/// # Errors
/// The filter cannot be read, or logging did not start.
pub(crate) fn change(text: &str) -> Result<(), ChangeError> {
    let filter = filter(text)?;
    let change = CHANGE.get().ok_or(ChangeError::NotStarted)?;
    change(filter).map_err(ChangeError::Refused)
}

/// Why other things cannot be logged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ChangeError {
    #[error("this is no filter for the log")]
    Filter(#[from] ParseError),
    #[error("logging did not start")]
    NotStarted,
    #[error("the filter in use could not be replaced")]
    Refused(#[source] tracing_subscriber::reload::Error),
}

/// Reads a filter.
///
/// Other people's crates are capped, because some print whole requests at their lowest levels.
fn filter(text: &str) -> Result<EnvFilter, ParseError> {
    const CAPS: [&str; 6] = [
        "hyper=info",
        "hyper_util=info",
        "reqwest=info",
        "sqlx=warn",
        "h2=info",
        "native_tls=info",
    ];
    let mut filter = EnvFilter::builder().parse(text)?;
    for cap in CAPS {
        filter = filter.add_directive(cap.parse()?);
    }
    Ok(filter)
}

/// Drops what the authentication library says, whatever filter was given: it prints accounts and session keys.
fn never_shown() -> FilterFn {
    FilterFn::new(|event| event.target().split("::").next() != Some("sspi"))
}

/// Standard error, for whole events: what steers a terminal is escaped, and an event stays on its line.
struct Careful;

impl Write for Careful {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        io::stderr().lock().write_all(harmless(event).as_bytes())?;
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

fn harmless(event: &[u8]) -> String {
    let text = String::from_utf8_lossy(event);
    let line = text.trim_end_matches('\n');
    let mut safe = String::with_capacity(line.len() + 1);
    for char in line.chars() {
        if easgate_model::is_plain(char) {
            safe.push(char);
        } else {
            safe.extend(char.escape_unicode());
        }
    }
    safe.push('\n');
    safe
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// What is logged under `text`.
    fn logged(text: &str) -> String {
        #[derive(Clone, Default)]
        struct Kept(Arc<Mutex<Vec<u8>>>);
        impl Write for Kept {
            fn write(&mut self, event: &[u8]) -> io::Result<usize> {
                self.0.lock().unwrap().extend_from_slice(event);
                Ok(event.len())
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let kept = Kept::default();
        let writer = kept.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || writer.clone())
            .with_env_filter(filter(text).unwrap())
            .finish()
            .with(never_shown());
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::trace_span!(target: "sspi::ntlm", "call", key = "the session key");
            let _inside = span.enter();
            tracing::trace!(target: "sspi::kerberos::client", "the session key");
            tracing::error!(target: "sspi", "the account");
            tracing::trace!(target: "hyper::proto", "the request");
            tracing::trace!(target: "easgate_cmdlet::wsman", "our own");
        });
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn no_filter_lets_keys_and_accounts_of_the_authentication_library_through() {
        for text in [
            "trace",
            "warn,sspi=trace,easgate_cmdlet=trace",
            "trace,sspi::kerberos::client=trace,sspi::ntlm=trace",
            "trace,sspi[call]=trace,[{key}]=trace",
        ] {
            let logged = logged(text);
            assert!(logged.contains("our own"), "{text}: {logged}");
            assert!(!logged.contains("session key"), "{text}: {logged}");
            assert!(!logged.contains("the account"), "{text}: {logged}");
            assert!(!logged.contains("the request"), "{text}: {logged}");
        }
    }

    #[test]
    fn an_event_stays_on_its_line_and_steers_nothing() {
        assert_eq!(
            harmless("WARN a\r\nERROR forged \u{1b}[2J \u{202e}Zoë\n".as_bytes()),
            "WARN a\\u{d}\\u{a}ERROR forged \\u{1b}[2J \\u{202e}Zoë\n"
        );
    }
}
