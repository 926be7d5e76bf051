//! Addresses that stand in the configuration, for names that the name service does not know.

use std::collections::BTreeMap;
use std::net::IpAddr;

/// The IP addresses of hosts whose names are not looked up.
///
/// The name stays what it is for TLS, tickets and requests; only where it leads is said here. Names are compared without
/// case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostAddresses(BTreeMap<String, IpAddr>);

impl HostAddresses {
    /// Lets `host` lead to `address`; gives back where it led before.
    pub fn insert(&mut self, host: &str, address: IpAddr) -> Option<IpAddr> {
        self.0.insert(host.to_ascii_lowercase(), address)
    }

    /// Where `host` leads; `None` when the name service is asked.
    #[must_use]
    pub fn get(&self, host: &str) -> Option<IpAddr> {
        self.0.get(&host.to_ascii_lowercase()).copied()
    }

    /// Every host in lower case, and where it leads.
    pub fn iter(&self) -> impl Iterator<Item = (&str, IpAddr)> {
        self.0.iter().map(|(host, address)| (host.as_str(), *address))
    }

    /// Whether every name is looked up.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<H: AsRef<str>> FromIterator<(H, IpAddr)> for HostAddresses {
    fn from_iter<I: IntoIterator<Item = (H, IpAddr)>>(hosts: I) -> Self {
        let mut addresses = Self::default();
        for (host, address) in hosts {
            addresses.insert(host.as_ref(), address);
        }
        addresses
    }
}
