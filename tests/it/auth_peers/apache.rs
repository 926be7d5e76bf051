//! Apache with Kerberos, Basic and client certificates, in front of the PSRP peer (`tests/peers/auth/apache.conf`).

use std::process::Command;

use super::certificates::Certificates;
use super::held::{Held, finish, folder, free_port, json, write};
use super::kdc::Kdc;
use super::{PASSWORD, UMLAUTS, file, upstream};
use crate::program::Server;

/// A running Apache and what stands behind it.
pub(super) struct Apache {
    server: Held,
    upstream: Server,
    pub(super) certificates: Certificates,
    http: u16,
    https: u16,
    renegotiating: u16,
    tls13: u16,
}

/// A door of Apache.
#[derive(Clone, Copy)]
pub(super) enum Site {
    /// No TLS: `/ticket`, `/connection`, `/basic`, `/open`.
    Http,
    /// The same over TLS.
    Https,
    /// TLS 1.2; the client's certificate by renegotiation: `/required`, `/optional`.
    Renegotiating,
    /// TLS 1.3 only; the client's certificate after the handshake: `/required`, `/optional`.
    Tls13,
}

impl Apache {
    pub(super) fn start(kdc: &Kdc) -> Self {
        let folder = folder("apache");
        let upstream = upstream();
        let certificates = Certificates::make(&folder, "sha256");
        let [http, https, renegotiating, tls13] = std::array::from_fn(|_| free_port());
        let users: String = [("alice", PASSWORD), ("bob", UMLAUTS)]
            .map(|(user, password)| {
                let hash = finish(Command::new("openssl").args(["passwd", "-apr1", password]));
                format!("{user}:{hash}")
            })
            .concat();
        write(&folder.join("users"), &users);
        let template = std::fs::read_to_string(file("apache.conf")).expect("a file of ours");
        let behind = upstream.url.replace("/powershell", "");
        let configuration = template
            .replace("FOLDER", &folder.display().to_string())
            .replace("MODULES", "/usr/lib/apache2/modules")
            .replace("KEYTAB", &kdc.keytab().display().to_string())
            // CONTOSO\connector and its password, in base64.
            .replace("UPSTREAM_ACCOUNT", "Q09OVE9TT1xjb25uZWN0b3I6UEBzc3cwcmQh")
            .replace("UPSTREAM", &behind)
            .replace("HTTP_PORT", &http.to_string())
            .replace("HTTPS_PORT", &https.to_string())
            .replace("RENEGOTIATING_PORT", &renegotiating.to_string())
            .replace("TLS13_PORT", &tls13.to_string());
        write(&folder.join("apache.conf"), &configuration);
        let mut apache = Command::new("/usr/sbin/apache2");
        apache
            .env("KRB5_CONFIG", kdc.krb5_conf())
            .env("KRB5RCACHENAME", "none:")
            .args(["-DFOREGROUND", "-f"])
            .arg(folder.join("apache.conf"));
        let server = Held::start(folder, &apache);
        for port in [http, https, renegotiating, tls13] {
            server.serves(port);
        }
        Self {
            server,
            upstream,
            certificates,
            http,
            https,
            renegotiating,
            tls13,
        }
    }

    /// The address of `path`, for instance `/basic/powershell`.
    pub(super) fn url(&self, site: Site, path: &str) -> String {
        let (scheme, port) = match site {
            Site::Http => ("http", self.http),
            Site::Https => ("https", self.https),
            Site::Renegotiating => ("https", self.renegotiating),
            Site::Tls13 => ("https", self.tls13),
        };
        format!("{scheme}://localhost:{port}{path}")
    }

    /// What the clients of the PSRP peer behind it did.
    pub(super) fn upstream_stats(&self) -> serde_json::Value {
        json(&self.upstream.url.replace("/powershell", "/stats"))
    }

    /// What it refused, and why.
    pub(super) fn errors(&self) -> String {
        self.server.read("error.log")
    }

    /// What it was asked: a line a request, with its status and its user.
    pub(super) fn requests(&self) -> String {
        self.server.read("access.log")
    }
}
