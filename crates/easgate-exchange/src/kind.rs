//! How Exchange is run, and which cmdlets it lacks for that.

use easgate_cmdlet::SetupCommand;

use crate::setup_commands;

/// How Exchange is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// On the organisation's own servers.
    #[default]
    OnPremises,
    /// By a hoster, who gives an address and no cmdlet about servers.
    Hosted,
}

impl Kind {
    /// What every runspace begins with.
    #[must_use]
    pub fn setup_commands(self) -> Vec<SetupCommand> {
        match self {
            Self::OnPremises => setup_commands(),
            // A session sees the hoster's one organisation; the cmdlet is not there.
            Self::Hosted => Vec::new(),
        }
    }

    /// Whether Exchange of this kind has `cmdlet` for us.
    #[must_use]
    pub fn has(self, cmdlet: &str) -> bool {
        match self {
            Self::OnPremises => true,
            Self::Hosted => !ON_PREMISES_ONLY
                .iter()
                .any(|known| known.eq_ignore_ascii_case(cmdlet)),
        }
    }
}

/// The cmdlets that exist on premises alone.
const ON_PREMISES_ONLY: [&str; 2] = ["Get-ExchangeServer", "Set-ADServerSettings"];
