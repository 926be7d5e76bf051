//! Servers that authenticate, started for the tests: an MIT KDC, a Samba domain controller, Apache, Squid, and an acceptor that
//! seals in front of the PSRP peer. faketime gives them clocks that are wrong.
//!
//! `cargo xtask peers` installs them. What is not installed is printed as left out; in CI that is a failure.

mod apache;
mod certificate_doors;
mod certificates;
mod client;
mod clock;
mod clocks;
mod doors;
mod expiry;
mod held;
mod kdc;
mod load;
mod program_doors;
mod proxies;
mod refusals;
mod samba;
mod sealed;
mod smoke;
mod squid;
mod sync;
mod system;

use std::path::{Path, PathBuf};

use crate::program::Server;

/// The password of every account but one.
const PASSWORD: &str = "Passw0rd!";
/// The password of `bob`, whose letters are not all ASCII.
const UMLAUTS: &str = "Päss-wörd€1";

/// What stands on a machine where the peers are installed.
const NEEDED: &[&str] = &[
    "/usr/bin/curl",
    "/usr/bin/faketime",
    "/usr/bin/openssl",
    "/usr/bin/samba-tool",
    "/usr/lib/apache2/modules/mod_auth_gssapi.so",
    "/usr/lib/squid/basic_ncsa_auth",
    "/usr/sbin/apache2",
    "/usr/sbin/kadmin.local",
    "/usr/sbin/krb5kdc",
    "/usr/sbin/samba",
    "/usr/sbin/squid",
];

/// Whether the peers are installed; says plainly when they are not.
fn installed() -> bool {
    let packages = packages();
    let missing: Vec<_> = NEEDED
        .iter()
        .map(Path::new)
        .chain([packages.as_path()])
        .filter(|path| !path.exists())
        .collect();
    assert!(
        missing.is_empty() || std::env::var_os("CI").is_none(),
        "not installed: {missing:?}"
    );
    if !missing.is_empty() {
        println!(
            "LEFT OUT: the peers that authenticate, {missing:?} are not there (cargo xtask peers, as root)"
        );
    }
    missing.is_empty()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the tests stand in the workspace")
}

/// A file of `tests/peers/auth/`.
fn file(name: &str) -> PathBuf {
    root().join("tests/peers/auth").join(name)
}

/// The pure Python packages for Debian's Python.
fn packages() -> PathBuf {
    root().join(".peers/debian-python")
}

/// The PSRP peer that the others stand in front of.
fn upstream() -> Server {
    Server::psrpcore(60).expect("where the peers that authenticate are, Python is too")
}
