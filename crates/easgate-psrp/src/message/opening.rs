//! The messages that open a runspace pool.

use crate::clixml::{Content as Holding, PsValue};

use super::members::{bag, member, required, small_number, small_number_or, text, version};
use super::{ContentError, HostInfo, ProtocolVersion};

/// SESSION_CAPABILITY: what a side speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionCapability {
    /// The newest version of the protocol that the side knows.
    pub protocol_version: ProtocolVersion,
    /// The version of PowerShell the messages are written for, always `2.0`.
    pub ps_version: String,
    /// The version of CLIXML, always `1.1.0.1`.
    pub serialization_version: String,
}

impl SessionCapability {
    /// The capability of a side that speaks `version`.
    #[must_use]
    pub fn of(version: ProtocolVersion) -> Self {
        Self {
            protocol_version: version,
            ps_version: "2.0".to_owned(),
            serialization_version: "1.1.0.1".to_owned(),
        }
    }

    pub(super) fn read(value: &PsValue) -> Result<Self, ContentError> {
        let name = "protocolversion";
        let written = required(value, name)?.as_str().unwrap_or_default();
        Ok(Self {
            protocol_version: written.parse().map_err(|_| ContentError::Kind {
                name,
                expected: "a version",
            })?,
            ps_version: text(value, "PSVersion"),
            serialization_version: text(value, "SerializationVersion"),
        })
    }

    pub(super) fn value(&self) -> PsValue {
        bag([
            ("protocolversion", version(&self.protocol_version.to_string())),
            ("PSVersion", version(&self.ps_version)),
            ("SerializationVersion", version(&self.serialization_version)),
        ])
    }
}

/// INIT_RUNSPACEPOOL: the pool that a client wants.
#[derive(Debug, Clone, PartialEq)]
pub struct InitRunspacePool {
    /// Runspaces kept open, 1 or more.
    pub min_runspaces: i32,
    /// Runspaces, and so pipelines at once, at most.
    pub max_runspaces: i32,
    /// 0 Default, 1 UseNewThread, 2 ReuseThread, 3 UseCurrentThread.
    pub thread_options: i32,
    /// 0 STA, 1 MTA, 2 UNKNOWN.
    pub apartment_state: i32,
    /// The client's host.
    pub host: HostInfo,
    /// A dictionary for the session's scripts, or Nil.
    pub application_arguments: PsValue,
}

impl InitRunspacePool {
    pub(super) fn read(value: &PsValue) -> Result<Self, ContentError> {
        Ok(Self {
            min_runspaces: small_number(value, "MinRunspaces")?,
            max_runspaces: small_number(value, "MaxRunspaces")?,
            thread_options: small_number_or(value, "PSThreadOptions", 0),
            apartment_state: small_number_or(value, "ApartmentState", 2),
            host: HostInfo::read(member(value, "HostInfo")),
            application_arguments: value
                .property("ApplicationArguments")
                .cloned()
                .unwrap_or(PsValue::NIL),
        })
    }

    pub(super) fn value(&self) -> PsValue {
        bag([
            ("MinRunspaces", self.min_runspaces.into()),
            ("MaxRunspaces", self.max_runspaces.into()),
            ("PSThreadOptions", thread_options(self.thread_options)),
            ("ApartmentState", apartment_state(self.apartment_state)),
            ("HostInfo", self.host.value()),
            ("ApplicationArguments", self.application_arguments.clone()),
        ])
    }
}

/// CONNECT_RUNSPACEPOOL: a client that comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectRunspacePool {
    /// New limits of the pool, least and most, if it wants others.
    pub runspaces: Option<(i32, i32)>,
}

impl ConnectRunspacePool {
    pub(super) fn read(value: &PsValue) -> Self {
        let bounds = (
            small_number(value, "MinRunspaces"),
            small_number(value, "MaxRunspaces"),
        );
        Self {
            runspaces: if let (Ok(min), Ok(max)) = bounds {
                Some((min, max))
            } else {
                None
            },
        }
    }

    pub(super) fn value(self) -> PsValue {
        match self.runspaces {
            Some((min, max)) => bag([("MinRunspaces", min.into()), ("MaxRunspaces", max.into())]),
            None => PsValue::from(""),
        }
    }
}

/// A dictionary of the type that application arguments and application private data have.
pub fn primitive_dictionary(entries: impl IntoIterator<Item = (PsValue, PsValue)>) -> PsValue {
    let names = [
        "System.Management.Automation.PSPrimitiveDictionary",
        "System.Collections.Hashtable",
        "System.Object",
    ];
    PsValue::object(&names)
        .content(Holding::Dictionary(entries.into_iter().collect()))
        .into()
}

pub(super) fn apartment_state(value: i32) -> PsValue {
    let name = match value {
        0 => "STA",
        1 => "MTA",
        _ => "UNKNOWN",
    };
    PsValue::enumeration(
        "System.Management.Automation.Runspaces.ApartmentState",
        name,
        value,
    )
}

fn thread_options(value: i32) -> PsValue {
    let name = match value {
        1 => "UseNewThread",
        2 => "ReuseThread",
        3 => "UseCurrentThread",
        _ => "Default",
    };
    PsValue::enumeration(
        "System.Management.Automation.Runspaces.PSThreadOptions",
        name,
        value,
    )
}
