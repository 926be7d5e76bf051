//! What a client says of its host.

use crate::clixml::PsValue;

use super::members::{bag, flag};

/// Which parts of a user interface a client has ([MS-PSRP] 2.2.3.14).
///
/// [MS-PSRP]: https://learn.microsoft.com/openspecs/windows_protocols/ms-psrp/
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostInfo {
    /// No host at all.
    pub host_null: bool,
    /// No user interface.
    pub ui_null: bool,
    /// No raw user interface.
    pub raw_ui_null: bool,
    /// A pipeline uses the host of its runspace pool.
    pub use_runspace_host: bool,
}

/// A client without a person before it: a server that keeps to it never asks.
pub const NULL_HOST: HostInfo = HostInfo {
    host_null: true,
    ui_null: true,
    raw_ui_null: true,
    use_runspace_host: true,
};

impl HostInfo {
    pub(super) fn read(value: Option<&PsValue>) -> Self {
        value.map_or(NULL_HOST, |value| Self {
            host_null: flag(value, "_isHostNull"),
            ui_null: flag(value, "_isHostUINull"),
            raw_ui_null: flag(value, "_isHostRawUINull"),
            use_runspace_host: flag(value, "_useRunspaceHost"),
        })
    }

    pub(super) fn value(self) -> PsValue {
        bag([
            ("_isHostNull", self.host_null.into()),
            ("_isHostUINull", self.ui_null.into()),
            ("_isHostRawUINull", self.raw_ui_null.into()),
            ("_useRunspaceHost", self.use_runspace_host.into()),
        ])
    }
}
