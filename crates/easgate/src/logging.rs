//! Logs go to standard error; results alone go to standard output.

use std::io::{self, Write};

use clap::Args;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// What is logged, and in which form.
#[derive(Debug, Args)]
pub(crate) struct LogArguments {
    /// What to log to standard error: error, warn, info, debug, trace, or a filter such as `info,easgate_cmdlet=debug`
    #[arg(
        long,
        value_name = "FILTER",
        global = true,
        default_value = "warn",
        help_heading = "Logging"
    )]
    log: String,
    /// Logs as JSON, one object a line
    #[arg(long, global = true, help_heading = "Logging")]
    log_json: bool,
}

/// Starts logging.
///
/// Other people's crates are capped, because some print keys or whole requests at their lowest levels.
///
/// # Errors
/// When the filter cannot be read.
pub(crate) fn start(arguments: &LogArguments) -> Result<(), ParseError> {
    const CAPS: [&str; 6] = [
        "hyper=info",
        "hyper_util=info",
        "reqwest=info",
        "sqlx=warn",
        "h2=info",
        "native_tls=info",
    ];
    let mut filter = EnvFilter::builder().parse(&arguments.log)?;
    for cap in CAPS {
        filter = filter.add_directive(cap.parse()?);
    }
    let builder = tracing_subscriber::fmt()
        .with_writer(|| Careful)
        .with_ansi(false)
        .with_env_filter(filter);
    // A second start (in a test of this very process) is not an error worth stopping for.
    let _ = if arguments.log_json {
        builder.json().try_init()
    } else {
        builder.try_init()
    };
    Ok(())
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
    use super::*;

    #[test]
    fn an_event_stays_on_its_line_and_steers_nothing() {
        assert_eq!(
            harmless("WARN a\r\nERROR forged \u{1b}[2J \u{202e}Zoë\n".as_bytes()),
            "WARN a\\u{d}\\u{a}ERROR forged \\u{1b}[2J \\u{202e}Zoë\n"
        );
    }
}
