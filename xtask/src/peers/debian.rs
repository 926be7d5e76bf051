//! Packages of the Debian release, for what no language's registry has: a KDC, a domain controller, a web server, a proxy, a
//! database server.

use std::path::Path;

use crate::run::{self, Failure};

/// The servers that authenticate, the clients that prove that they do, and Debian's Python with its GSS-API.
///
/// The versions are those of the release that the machine runs: its mirrors keep no older ones that could be pinned.
pub(crate) const AUTHENTICATION: &[&str] = &[
    "apache2-bin",
    "curl",
    "faketime",
    "krb5-admin-server",
    "krb5-kdc",
    "krb5-user",
    "libapache2-mod-auth-gssapi",
    "openssl",
    "python3",
    "python3-cryptography",
    "python3-gssapi",
    "python3-samba",
    "samba",
    "samba-ad-dc",
    "samba-ad-provision",
    "samba-dsdb-modules",
    "squid",
];

/// What kills the program at a step that is counted.
pub(crate) const TRACING: &[&str] = &["strace"];

/// What gives nodes networks of their own, to cut them.
pub(crate) const NETWORK: &[&str] = &["iproute2", "util-linux"];

/// The tool that knows how a page of metrics has to look.
pub(crate) const METRICS: &[&str] = &["prometheus"];

/// The server that several nodes keep their state on.
pub(crate) const DATABASE: &[&str] = &["openssl", "postgresql", "python3"];

/// What the feature `gssapi` is built with.
pub(crate) const SYSTEM_KERBEROS: &[&str] = &["libclang-dev", "libkrb5-dev"];

/// What a package of ours is built and installed with, and what knows its unit.
pub(crate) const PACKAGING: &[&str] = &["dpkg", "systemd"];

/// Where a machine is told which services a package may start.
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Whether packages can be installed here: Debian's tools, and the right to use them.
pub(crate) fn possible() -> bool {
    let root = run::output(run::command("id").arg("-u")).is_some_and(|id| id.trim() == "0");
    root && run::output(run::command("apt-get").arg("--version")).is_some()
}

/// Those of `packages` that are not installed.
pub(crate) fn missing<'a>(packages: &[&'a str]) -> Vec<&'a str> {
    let installed = |package: &str| {
        let mut query = run::command("dpkg-query");
        query.args(["--show", "--showformat", "${db:Status-Status}", package]);
        run::output(&mut query).is_some_and(|status| status.trim() == "installed")
    };
    packages
        .iter()
        .copied()
        .filter(|package| !installed(package))
        .collect()
}

/// Installs `packages`; none of them starts a service.
pub(crate) fn install(packages: &[&str]) -> Result<(), Failure> {
    let _quiet = NoServices::begin()?;
    run::finish(run::command("apt-get").args(["update", "-qq"]))?;
    let mut install = run::command("apt-get");
    install
        .args(["install", "-y", "-qq", "--no-install-recommends"])
        .env("DEBIAN_FRONTEND", "noninteractive");
    run::finish(install.args(packages))
}

/// One line a package: its name and its version.
pub(crate) fn versions(packages: &[&str]) -> String {
    let mut query = run::command("dpkg-query");
    query.args(["--show", "--showformat", "${Package} ${Version}\n"]);
    run::output(query.args(packages)).unwrap_or_default()
}

/// As long as it lives, a package that is installed starts nothing; a machine that has its own rule keeps it.
struct NoServices {
    ours: bool,
}

impl NoServices {
    fn begin() -> Result<Self, Failure> {
        let policy = Path::new(POLICY);
        if policy.exists() {
            return Ok(Self { ours: false });
        }
        super::write(policy, "#!/bin/sh\nexit 101\n")?;
        let rule = Self { ours: true };
        run::finish(run::command("chmod").args(["755", POLICY]))?;
        Ok(rule)
    }
}

impl Drop for NoServices {
    fn drop(&mut self) {
        if self.ours
            && let Err(error) = std::fs::remove_file(POLICY)
        {
            eprintln!("xtask: {POLICY} stays, remove it by hand: {error}");
        }
    }
}
