//! The lines of the control socket.

use std::path::PathBuf;

use easgate_compliance::List;
use easgate_connector::service::Ordered;
use easgate_connector::{AdoptWish, RollBack, Undoing};
use easgate_store::RunId;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

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
    /// A command that needs the right to write.
    Order(OrderRequest),
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
            Self::Order(request) => request.order.name(),
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

/// A command that is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderRequest {
    /// The file that the asker means; another one is refused. Any is meant when it is not given.
    #[serde(default)]
    pub(crate) configuration: Option<PathBuf>,
    /// The organisation.
    pub(crate) organization: String,
    /// Who says so, by the name that was given.
    #[serde(default)]
    pub(crate) by: Option<String>,
    /// What to do.
    #[serde(flatten)]
    pub(crate) order: OrderName,
}

/// The commands, and what each needs to know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "camelCase")]
pub(crate) enum OrderName {
    /// Take entries over.
    Adopt {
        /// `allow` or `block`; both when not given.
        #[serde(default)]
        list: Option<String>,
        /// Of this mailbox alone.
        #[serde(default)]
        mailbox: Option<String>,
    },
    /// Give every entry up.
    Release,
    /// Take every entry back.
    Revert,
    /// Restore what was before.
    Rollback {
        /// The changes of this run.
        #[serde(default)]
        run: Option<i64>,
        /// The changes since this time (RFC 3339).
        #[serde(default)]
        since: Option<String>,
    },
    /// Carry out a plan.
    Apply {
        /// How many bytes the plan has: they follow the line of the request.
        bytes: u64,
    },
}

impl OrderName {
    /// The stable name, for the log.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Adopt { .. } => "adopt",
            Self::Release => "release",
            Self::Revert => "revert",
            Self::Rollback { .. } => "rollback",
            Self::Apply { .. } => "apply",
        }
    }

    /// How many bytes follow the line of the request.
    pub(crate) const fn following(&self) -> u64 {
        match self {
            Self::Apply { bytes } => *bytes,
            Self::Adopt { .. } | Self::Release | Self::Revert | Self::Rollback { .. } => 0,
        }
    }

    /// What is to be done; `file` is what followed.
    ///
    /// # Errors
    /// What is named is not what it should be.
    pub(crate) fn ordered(&self, file: String) -> Result<Ordered, &'static str> {
        Ok(match self {
            Self::Adopt { list, mailbox } => {
                let list = match list.as_deref() {
                    None => None,
                    Some("allow") => Some(List::Allow),
                    Some("block") => Some(List::Block),
                    Some(_) => return Err("a list is `allow` or `block`"),
                };
                let mailbox = mailbox.clone();
                Ordered::Adopt(AdoptWish { list, mailbox })
            }
            Self::Release => Ordered::Release,
            Self::Revert => Ordered::Undo(Undoing::Revert),
            Self::Rollback {
                run: Some(run),
                since: None,
            } => Ordered::Undo(Undoing::Rollback(RollBack::Run(RunId(*run)))),
            Self::Rollback {
                run: None,
                since: Some(since),
            } => {
                let since = OffsetDateTime::parse(since, &Rfc3339).map_err(|_| "`since` is no time")?;
                Ordered::Undo(Undoing::Rollback(RollBack::Since(since)))
            }
            Self::Rollback { .. } => return Err("say `run` or `since`"),
            Self::Apply { .. } => Ordered::Apply { file },
        })
    }

    /// The name of `what`, for whoever asks.
    ///
    /// # Errors
    /// A time is none that can be written.
    pub(crate) fn of(what: &Ordered) -> Result<Self, time::error::Format> {
        Ok(match what {
            Ordered::Adopt(wish) => Self::Adopt {
                list: wish.list.map(|list| list.name().to_owned()),
                mailbox: wish.mailbox.clone(),
            },
            Ordered::Release => Self::Release,
            Ordered::Undo(Undoing::Revert) => Self::Revert,
            Ordered::Undo(Undoing::Rollback(RollBack::Run(run))) => Self::Rollback {
                run: Some(run.0),
                since: None,
            },
            Ordered::Undo(Undoing::Rollback(RollBack::Since(since))) => Self::Rollback {
                run: None,
                since: Some(since.format(&Rfc3339)?),
            },
            Ordered::Apply { file } => Self::Apply {
                bytes: u64::try_from(file.len()).unwrap_or(u64::MAX),
            },
        })
    }
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
        /// The report, as `sync --json` or the command prints it; nothing where that prints nothing.
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
        /// A stable name of the cause: `configuration`, `organization`, `request`, `plan`, `reload`, `filter`, `store`,
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
        let back = r#"{"request":"order","organization":"a","by":"dana","order":"rollback","since":"2026-03-01T08:00:00Z"}"#;
        let Some(Request::Order(order)) = read(back) else {
            panic!("{back}")
        };
        assert_eq!(
            (order.by.as_deref(), order.order.name()),
            (Some("dana"), "rollback")
        );
        let what = order.order.ordered(String::new()).unwrap();
        assert_eq!(OrderName::of(&what).unwrap(), order.order);
        let both = OrderName::Rollback {
            run: Some(1),
            since: Some("2026-03-01T08:00:00Z".to_owned()),
        };
        assert!(both.ordered(String::new()).is_err());
        for wrong in [
            "",
            r#"{"request":"order","organization":"a"}"#,
            r#"{"request":"order","order":"release"}"#,
            r#"{"request":"order","organization":"a","order":"wipe"}"#,
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
