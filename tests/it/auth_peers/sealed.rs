//! The acceptor that unseals and seals in front of the PSRP peer (`tests/peers/auth/sealed_psrp.py`).

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::certificates::Certificates;
use super::clock::Clock;
use super::held::{Held, finish, folder, json};
use super::{file, packages, upstream};
use crate::program::Server;

/// A running acceptor and what stands behind it.
pub(super) struct Sealed {
    server: Held,
    upstream: Server,
    certificates: Option<Certificates>,
    pub(super) url: String,
}

/// How an acceptor differs from the usual one.
#[derive(Default)]
pub(super) struct Options<'a> {
    /// Closes connections that were idle for so many seconds.
    pub(super) idle: Option<f32>,
    /// What its 401 offers; both by default.
    pub(super) schemes: Option<&'static str>,
    /// Serves https, with a certificate signed by this digest.
    pub(super) digest: Option<&'static str>,
    /// What time it is there; the right one by default.
    pub(super) clock: Option<&'a Clock>,
}

impl Sealed {
    /// Starts an acceptor with the realm of `krb5_conf` and the keys of `keytab`.
    pub(super) fn start(krb5_conf: &Path, keytab: &Path, options: &Options<'_>) -> Self {
        let folder = folder("sealed");
        let upstream = upstream();
        let certificates = options.digest.map(|digest| Certificates::make(&folder, digest));
        let mut acceptor = Command::new("/usr/bin/python3");
        acceptor
            .env("PYTHONPATH", packages())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("KRB5_CONFIG", krb5_conf)
            .env("KRB5_KTNAME", keytab)
            // Its memory of tickets takes two that come in the same microsecond for one.
            .env("KRB5RCACHENAME", "none:")
            .env("NTLM_USER_FILE", file("ntlm_users.txt"))
            .arg(file("sealed_psrp.py"))
            .args(["--upstream", &upstream.url]);
        if let Some(seconds) = options.idle {
            acceptor.args(["--idle", &seconds.to_string()]);
        }
        if let Some(schemes) = options.schemes {
            acceptor.args(["--schemes", schemes]);
        }
        if let Some(certificates) = &certificates {
            acceptor.arg("--cert").arg(certificates.path("server.pem"));
            acceptor.arg("--key").arg(certificates.path("server.key"));
        }
        if let Some(clock) = options.clock {
            clock.rule(&mut acceptor);
        }
        let server = Held::start(folder, &acceptor);
        let url = server.wait(|said| {
            let line = said.split_once("listening on ")?.1;
            Some(line.split_once('\n')?.0.to_owned())
        });
        Self {
            server,
            upstream,
            certificates,
            url,
        }
    }

    /// The certificates of an acceptor that serves https.
    pub(super) fn certificates(&self) -> &Certificates {
        self.certificates.as_ref().expect("it was started with a digest")
    }

    /// What its clients did.
    pub(super) fn stats(&self) -> Stats {
        Stats(json(&self.url.replace("/PowerShell", "/stats")))
    }

    /// Closes every connection that has nothing to do.
    pub(super) fn close_idle(&self) {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--noproxy", "*", "--data", ""]);
        finish(curl.arg(self.url.replace("/PowerShell", "/close")));
    }

    /// What the clients of the PSRP peer behind it did.
    pub(super) fn upstream_stats(&self) -> Value {
        json(&self.upstream.url.replace("/powershell", "/stats"))
    }

    /// What it wrote to its standard error.
    pub(super) fn output(&self) -> String {
        self.server.read("output")
    }
}

/// Counters by name.
#[derive(Debug)]
pub(super) struct Stats(Value);

impl Stats {
    /// How often; 0 for what never happened.
    pub(super) fn count(&self, what: &str) -> u64 {
        self.0[what].as_u64().unwrap_or(0)
    }
}
