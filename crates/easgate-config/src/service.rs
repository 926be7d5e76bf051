//! What the service needs beside its organisations, and what its manager tells it.

use std::path::PathBuf;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Environment;
use crate::problem::Key;
use crate::resolve::Checks;

/// Where the control socket is when the file says nothing and systemd made the folder of the unit.
const USUAL_SOCKET: &str = "/run/easgate/control.sock";

#[derive(Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RawService {
    /// The path of the control socket, from the folder of this file unless it begins with `/`; `control.sock` in the unit's
    /// RuntimeDirectory (`/run/easgate`) when not set.
    pub(crate) socket: Option<String>,
    /// The file to which the service writes its metrics once a minute, for the textfile collector of Prometheus' node_exporter: its name
    /// ends in `.prom`. From the folder of this file unless it begins with `/`; none is written when not set.
    pub(crate) metrics_file: Option<String>,
}

/// What the service needs beside its organisations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceSettings {
    /// The control socket, if the file says where it is.
    pub socket: Option<PathBuf>,
    /// Where metrics are written, if they are.
    pub metrics_file: Option<PathBuf>,
}

impl Checks<'_> {
    pub(crate) fn service(&mut self, raw: &RawService) -> ServiceSettings {
        let metrics_file = raw.metrics_file.as_ref().map(|path| self.base.join(path));
        if let Some(path) = &metrics_file
            && path.extension().is_none_or(|extension| extension != "prom")
        {
            self.problem(
                &[Key::Name("service"), Key::Name("metrics_file")],
                "the collector reads files whose names end in \".prom\" alone",
            );
        }
        ServiceSettings {
            socket: raw.socket.as_ref().map(|path| self.base.join(path)),
            metrics_file,
        }
    }
}

impl ServiceSettings {
    /// Where a running service is asked.
    #[must_use]
    pub fn control_socket(&self) -> PathBuf {
        self.socket.clone().unwrap_or_else(|| USUAL_SOCKET.into())
    }

    /// Where the service listens: `None` when nothing says where.
    #[must_use]
    pub fn listening_socket(&self, manager: &ServiceManager) -> Option<PathBuf> {
        let usual = || Some(manager.runtime_directory.as_ref()?.join("control.sock"));
        self.socket.clone().or_else(usual)
    }
}

/// What the service manager of this computer tells the process in its environment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceManager {
    /// Where it wants to hear how the service is (`NOTIFY_SOCKET`): a path, or `@` and an abstract name.
    pub notify_socket: Option<String>,
    /// How often it wants to hear that the service lives (`WATCHDOG_USEC`), if it means this process.
    pub watchdog: Option<Duration>,
    /// The folder that it made for what lives as long as the service (`RUNTIME_DIRECTORY`).
    pub runtime_directory: Option<PathBuf>,
}

impl ServiceManager {
    /// Reads it from `environment`, for the process with the number `process`.
    #[must_use]
    pub fn read(environment: &Environment, process: u32) -> Self {
        let is_meant = environment
            .get("WATCHDOG_PID")
            .is_none_or(|id| id.parse() == Ok(process));
        let watchdog = environment
            .get("WATCHDOG_USEC")
            .and_then(|micros| micros.parse().ok());
        let folders = environment.get("RUNTIME_DIRECTORY");
        Self {
            notify_socket: environment.get("NOTIFY_SOCKET").filter(|path| path.len() > 1),
            watchdog: watchdog
                .filter(|micros| is_meant && *micros > 0)
                .map(Duration::from_micros),
            runtime_directory: folders
                .as_deref()
                .and_then(|folders| folders.split(':').next())
                .filter(|folder| folder.starts_with('/'))
                .map(PathBuf::from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_manager_tells_is_taken_only_when_it_means_this_process() {
        let environment = Environment::from_fn(|name| {
            let value = match name {
                "NOTIFY_SOCKET" => "@/org/example/notify",
                "WATCHDOG_USEC" => "180000000",
                "WATCHDOG_PID" => "4711",
                "RUNTIME_DIRECTORY" => "/run/easgate:/run/other",
                _ => return None,
            };
            Some(value.to_owned())
        });
        let manager = ServiceManager::read(&environment, 4711);
        assert_eq!(manager.notify_socket.as_deref(), Some("@/org/example/notify"));
        assert_eq!(manager.watchdog, Some(Duration::from_secs(180)));
        let settings = ServiceSettings::default();
        let usual = Some(PathBuf::from("/run/easgate/control.sock"));
        assert_eq!(settings.listening_socket(&manager), usual);
        assert_eq!(ServiceManager::read(&environment, 1).watchdog, None);
        let nothing = Environment::from_fn(|_| None);
        assert_eq!(ServiceManager::read(&nothing, 1), ServiceManager::default());
        assert_eq!(settings.listening_socket(&ServiceManager::default()), None);
    }
}
