//! The national clouds.

use url::Url;

/// A national cloud: its login root and its Graph root.
///
/// Tokens of one cloud are not good in another. See _Microsoft Graph, National cloud deployments_.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Cloud {
    /// The global service, and GCC.
    #[default]
    Global,
    /// US Government L4, GCC High.
    UsGov,
    /// US Government L5, DoD.
    UsGovDod,
    /// China, operated by 21Vianet.
    China,
}

impl Cloud {
    /// Every cloud, with its name in the configuration.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("global", Self::Global),
        ("us-gov", Self::UsGov),
        ("us-gov-dod", Self::UsGovDod),
        ("china", Self::China),
    ];

    /// The root under which tokens are asked for, `https://host`.
    #[must_use]
    pub const fn login_root(self) -> &'static str {
        match self {
            Self::Global => "https://login.microsoftonline.com",
            Self::UsGov | Self::UsGovDod => "https://login.microsoftonline.us",
            Self::China => "https://login.chinacloudapi.cn",
        }
    }

    /// The root of Graph, `https://host`; also the prefix of the scope.
    #[must_use]
    pub const fn graph_root(self) -> &'static str {
        match self {
            Self::Global => "https://graph.microsoft.com",
            Self::UsGov => "https://graph.microsoft.us",
            Self::UsGovDod => "https://dod-graph.microsoft.us",
            Self::China => "https://microsoftgraph.chinacloudapi.cn",
        }
    }
}

/// Whether `url` names this machine, so that plain http to it is no disclosure.
pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
