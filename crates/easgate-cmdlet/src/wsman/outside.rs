//! Keeps names that a server told from leading to this computer or to its link.

use std::io;
use std::net::{IpAddr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// Asks the system's name service, and gives only addresses that are neither this computer's own nor known to one link
/// alone: whoever can name servers must not reach what listens there.
#[derive(Debug)]
pub(super) struct Outside;

impl Resolve for Outside {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let host = name.as_str();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host, 0)).await?.collect();
            Ok(outside(host, found)?)
        })
    }
}

fn outside(host: &str, mut found: Vec<SocketAddr>) -> io::Result<Addrs> {
    let first = found.first().map(SocketAddr::ip);
    found.retain(|address| !is_inside(address.ip()));
    match first {
        Some(inside) if found.is_empty() => Err(io::Error::other(Inside {
            host: host.to_owned(),
            address: inside,
        })),
        _ => Ok(Box::new(found.into_iter())),
    }
}

/// Whether `address` is this computer, or known to one link alone, or no computer's at all.
fn is_inside(address: IpAddr) -> bool {
    let address = address.to_canonical();
    let of_the_link = match address {
        IpAddr::V4(address) => address.is_link_local() || address.is_broadcast(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    of_the_link || address.is_loopback() || address.is_unspecified() || address.is_multicast()
}

/// A name that a server told leads where no such name may lead.
#[derive(Debug, thiserror::Error)]
#[error(
    "{host} was told by a server and leads to {address}, which is this computer or its link; if that is right, write it into \
     `addresses`"
)]
struct Inside {
    host: String,
    address: IpAddr,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(addresses: &[&str]) -> String {
        let found = addresses
            .iter()
            .map(|text| SocketAddr::new(text.parse().unwrap(), 0));
        match outside("ex9.contoso.example", found.collect()) {
            Ok(kept) => kept
                .map(|address| address.ip().to_string())
                .collect::<Vec<_>>()
                .join(" "),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_name_that_a_server_told_leads_neither_here_nor_to_the_link() {
        assert_eq!(said(&["10.0.0.1", "2001:db8::1"]), "10.0.0.1 2001:db8::1");
        assert_eq!(said(&["127.0.0.1", "10.0.0.1", "fe80::1"]), "10.0.0.1");
        for inside in [
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "0.0.0.0",
            "255.255.255.255",
            "224.0.0.1",
            "::1",
            "::",
            "fe80::1",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
        ] {
            assert!(said(&[inside]).contains("write it into `addresses`"), "{inside}");
        }
        assert_eq!(said(&[]), "");
    }
}
