//! Logs go to standard error; results alone go to standard output.

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
        .with_writer(std::io::stderr)
        .with_env_filter(filter);
    // A second start (in a test of this very process) is not an error worth stopping for.
    let _ = if arguments.log_json {
        builder.json().try_init()
    } else {
        builder.try_init()
    };
    Ok(())
}
