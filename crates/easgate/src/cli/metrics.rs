//! What `easgate metrics` takes.

use std::path::PathBuf;

use clap::Args;

use super::Common;

pub(super) const EXAMPLES: &str =
    "The page is in Prometheus' text form; docs/metrics.md lists the names. Exits 0.

Examples:
  easgate metrics
  easgate metrics --output /var/lib/prometheus/node-exporter/easgate.prom";

/// What `metrics` takes.
#[derive(Debug, Args)]
pub(crate) struct MetricsArguments {
    /// The configuration file [default: easgate.toml here, else /etc/easgate/easgate.toml]
    #[arg(long, short, value_name = "FILE", env = "EASGATE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Where the page goes, which is replaced whole; its name ends in .prom [default: standard output]
    #[arg(long, short, value_name = "FILE", value_parser = prom)]
    pub(crate) output: Option<PathBuf>,
}

impl MetricsArguments {
    /// As the other commands take it.
    pub(crate) fn common(&self) -> Common {
        Common {
            config: self.config.clone(),
            organization: None,
            json: false,
        }
    }
}

fn prom(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    let is_prom = path.extension().is_some_and(|extension| extension == "prom");
    is_prom
        .then_some(path)
        .ok_or_else(|| "the collector reads files whose names end in .prom alone".to_owned())
}
