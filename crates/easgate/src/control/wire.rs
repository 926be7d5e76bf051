//! The lines of the control socket.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "camelCase", deny_unknown_fields)]
pub(crate) enum Request {
    /// How every organisation stands.
    Status {
        /// The file that the asker means; another one is refused. Any is meant when it is not given.
        #[serde(default)]
        configuration: Option<PathBuf>,
    },
    /// Figures in Prometheus' text form.
    Metrics {
        /// The file that the asker means; another one is refused. Any is meant when it is not given.
        #[serde(default)]
        configuration: Option<PathBuf>,
    },
    /// A run.
    Sync(SyncRequest),
    /// Read the configuration again.
    Reload,
    /// Look at what was written to the store: an approval, an override, a pause.
    Wake {
        /// One organisation; all of them when not given.
        #[serde(default)]
        organization: Option<String>,
    },
    /// Log other things from now on.
    Log {
        /// As `--log` takes it.
        filter: String,
    },
}

impl Request {
    /// The stable name, for the log.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Status { .. } => "status",
            Self::Metrics { .. } => "metrics",
            Self::Sync(_) => "sync",
            Self::Reload => "reload",
            Self::Wake { .. } => "wake",
            Self::Log { .. } => "log",
        }
    }
}

/// A run that is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SyncRequest {
    /// The file that the asker means; another one is refused. Any is meant when it is not given.
    #[serde(default)]
    pub(crate) configuration: Option<PathBuf>,
    /// `full`, `quick`, `watch` or `user`.
    pub(crate) kind: String,
    /// The address, for `user`.
    #[serde(default)]
    pub(crate) user: Option<String>,
    /// One organisation; all of them when not given.
    #[serde(default)]
    pub(crate) organization: Option<String>,
    /// Inputs may be shorter than the protection lets through.
    #[serde(default)]
    pub(crate) accept_shrunken: bool,
    /// The account logs on although it was refused.
    #[serde(default)]
    pub(crate) log_on_again: bool,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "camelCase")]
pub(crate) enum Answer {
    /// How far a run is.
    Progress {
        /// Of which organisation.
        organization: String,
        /// For people.
        text: String,
    },
    /// How a run ended that gave its report.
    Report {
        /// Of which organisation.
        organization: String,
        /// The exit code of a command that does the same.
        exit: u8,
        /// The report, as `sync --json` prints it.
        report: Value,
        /// The same for people.
        lines: Vec<String>,
        /// What went wrong, for people.
        notes: Vec<String>,
    },
    /// How a run ended that gave none.
    Broken {
        /// Of which organisation.
        organization: String,
        /// A stable name of the cause.
        kind: String,
        /// What happened.
        message: String,
    },
    /// How the service stands.
    Status {
        /// The service and its organisations.
        status: Value,
    },
    /// The figures.
    Metrics {
        /// The whole page.
        page: String,
    },
    /// All that was asked for was done.
    Done,
    /// It was not done.
    Refused {
        /// A stable name of the cause: `configuration`, `organization`, `request`, `reload`, `filter`, `store`,
        /// `stopping`.
        kind: String,
        /// Why.
        message: String,
    },
}

impl Answer {
    /// A refusal.
    pub(crate) fn refused(kind: &str, message: impl Into<String>) -> Self {
        Self::Refused {
            kind: kind.to_owned(),
            message: message.into(),
        }
    }

    /// Whether nothing comes after it.
    pub(crate) const fn is_last(&self) -> bool {
        match self {
            Self::Done | Self::Refused { .. } | Self::Status { .. } | Self::Metrics { .. } => true,
            Self::Progress { .. } | Self::Report { .. } | Self::Broken { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_by_their_stable_names_and_nothing_else_is() {
        let read = |text: &str| serde_json::from_str::<Request>(text).ok();
        assert_eq!(read(r#"{"request":"reload"}"#), Some(Request::Reload));
        assert_eq!(
            read(r#"{"request":"status"}"#),
            Some(Request::Status { configuration: None })
        );
        assert_eq!(
            read(r#"{"request":"wake","organization":"a"}"#).unwrap().name(),
            "wake"
        );
        let user = r#"{"request":"sync","kind":"user","user":"ana@x.example","logOnAgain":true}"#;
        let Some(Request::Sync(sync)) = read(user) else {
            panic!("{user}")
        };
        assert!(sync.log_on_again && !sync.accept_shrunken && sync.organization.is_none());
        for wrong in [
            "",
            "{}",
            "[]",
            r#"{"request":"wipe"}"#,
            r#"{"request":"sync"}"#,
            r#"{"request":"sync","kind":"full","force":true}"#,
            r#"{"request":"log"}"#,
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn answers_come_back_as_they_went() {
        for answer in [
            Answer::Done,
            Answer::refused("reload", "no"),
            Answer::Status {
                status: serde_json::json!({ "a": 1 }),
            },
            Answer::Progress {
                organization: "a".to_owned(),
                text: "reading".to_owned(),
            },
        ] {
            let line = serde_json::to_string(&answer).unwrap();
            assert!(!line.contains('\n'));
            assert_eq!(serde_json::from_str::<Answer>(&line).unwrap(), answer);
        }
    }
}
