//! What can be seen of a server before the log-on: name, port, TLS, certificate, clock, and the schemes it offers.

use std::error::Error as _;
use std::net::SocketAddr;

use easgate_cmdlet::{Authentication, CertificatePin, ClientCertificate, Config};
use easgate_connector::{Clock, SystemClock};
use easgate_model::escape;
use time::OffsetDateTime;
use tokio::net::{TcpStream, lookup_host};
use url::Host;

use super::expiry::{self, RENEW, Validity};
use super::finding::{Findings, Outcome};
use super::probe::{Probe, Seen, Tls};
use crate::output::chain;

/// The scheme that is configured, as `WWW-Authenticate` names it; `None` where that tells nothing.
pub(super) const fn scheme(authentication: &Authentication) -> Option<&'static str> {
    match authentication {
        Authentication::Basic { .. } => Some("Basic"),
        Authentication::Kerberos(_) | Authentication::SystemKerberos(_) => Some("Kerberos"),
        Authentication::Negotiate(_) => Some("Negotiate"),
        Authentication::Ntlm { .. } => Some("NTLM"),
        Authentication::Certificate | _ => None,
    }
}

/// The certificates in files that `config` names, and how long they last.
pub(super) fn certificates(findings: &mut Findings, config: &Config, now: OffsetDateTime) {
    if let Some(path) = &config.ca_file {
        expiry::file(findings, expiry::EXCHANGE_CA, path, now);
    }
    match &config.client_certificate {
        Some(ClientCertificate::Pem { certificate, .. }) => {
            expiry::file(findings, expiry::CLIENT, certificate, now);
        }
        Some(ClientCertificate::Pfx { file, .. }) => {
            let why = format!(
                "the client certificate {}: a PKCS #12 file is not looked into",
                file.display()
            );
            findings.skipped("expiry", "", why);
        }
        None | Some(_) => {}
    }
}

/// Whether a scheme asks for tickets by the server's name.
pub(super) fn takes_tickets(scheme: Option<&str>) -> bool {
    matches!(scheme, Some("Kerberos" | "Negotiate"))
}

/// Looks at the server; `None` when there is no use in a log-on.
pub(super) async fn look(findings: &mut Findings, server: &str, config: &Config) -> Option<()> {
    if config.proxy.is_some() {
        // The way and the door are the proxy's; the log-on tells what it says.
        findings.skipped("port", server, "a proxy leads there");
        return Some(());
    }
    name(findings, server, config).await?;
    let roots = match &config.ca_file {
        // The file itself has its own finding.
        Some(path) => std::fs::read(path).ok(),
        None => None,
    };
    let probe = Probe {
        url: &config.url,
        address: config.addresses.get(server),
        connect_timeout: config.connect_timeout,
        roots: roots.as_deref(),
        proxy: None,
    };
    let now = SystemClock::new().now();
    let seen = if config.url.scheme() == "https" {
        tls(findings, server, &probe, &config.pins, now).await?
    } else {
        match probe.ask(Tls::Strict).await {
            Ok(seen) => {
                findings.skipped("tls", server, "the address is http");
                seen
            }
            Err(error) => {
                let cure = Some("look whether a web server answers at this port");
                findings.bad("http", server, chain(&error), cure);
                return None;
            }
        }
    };
    clock(findings, server, seen.date, SystemClock::new().now());
    schemes(findings, server, &seen, scheme(&config.authentication))
}

/// The name and the port.
async fn name(findings: &mut Findings, server: &str, config: &Config) -> Option<()> {
    let by_name = matches!(config.url.host(), Some(Host::Domain(_)));
    if !by_name && takes_tickets(scheme(&config.authentication)) {
        let cure = Some("write the server's full name in `servers`: tickets are for names");
        findings.bad("name", server, "it is an address, not a name", cure);
        return None;
    }
    let host = server.trim_start_matches('[').trim_end_matches(']');
    let port = config.url.port_or_known_default().unwrap_or(443);
    let configured = config.addresses.get(host);
    let addresses: Vec<_> = match configured {
        Some(address) => vec![SocketAddr::new(address, port)],
        None => match lookup_host((host, port)).await {
            Ok(addresses) => addresses.collect(),
            Err(error) => {
                let cure = "look at the name in `servers` and at the name service of this computer; where that cannot \
                            know the server, write it into `addresses`";
                findings.bad("name", server, chain(&error), Some(cure));
                return None;
            }
        },
    };
    let mut shown = addresses
        .iter()
        .map(|address| address.ip().to_string())
        .collect::<Vec<_>>()
        .join(", ");
    if configured.is_some() {
        shown.push_str(", from the configuration");
    }
    findings.good("name", server, shown);
    let connect = TcpStream::connect(addresses.as_slice());
    let evidence = match tokio::time::timeout(config.connect_timeout, connect).await {
        Ok(Ok(_)) => {
            findings.good("port", server, format!("{port} answers"));
            return Some(());
        }
        Ok(Err(error)) => format!("{port}: {}", chain(&error)),
        Err(_) => format!("{port}: no answer within {} s", config.connect_timeout.as_secs()),
    };
    let cure = Some("look at the port in `servers` and at the firewalls on the way");
    findings.bad("port", server, evidence, cure);
    None
}

/// The handshake as a log-on makes it, and the certificate.
async fn tls(
    findings: &mut Findings,
    server: &str,
    probe: &Probe<'_>,
    pins: &[CertificatePin],
    now: OffsetDateTime,
) -> Option<Seen> {
    let error = match probe.ask(Tls::Strict).await {
        Ok(seen) => {
            findings.good(
                "tls",
                server,
                "TLS 1.2, the certificate is trusted and for this name",
            );
            certificate(findings, server, &seen, now);
            return pinned(findings, server, &seen, pins).map(|()| seen);
        }
        Err(error) => error,
    };
    let evidence = cause(&error);
    if !error.is_connect() {
        let cure = "the handshake is well; look whether a web server answers at this port";
        findings.bad("http", server, evidence, Some(cure));
        return None;
    }
    let (cure, look_closer) = of_handshake(&evidence);
    findings.bad("tls", server, evidence, Some(cure));
    // To show which certificate is not trusted; nothing secret is sent.
    if look_closer && let Ok(seen) = probe.ask(Tls::Unverified).await {
        certificate(findings, server, &seen, now);
    }
    None
}

/// What to do about a handshake that failed, and whether the certificate is the matter.
fn of_handshake(cause: &str) -> (&'static str, bool) {
    if cause.contains("alert protocol version") || cause.contains("unsupported protocol") {
        let cure = "allow TLS 1.2 on the server: it is what is spoken here, since Exchange asks for a client certificate in \
                    the middle of a connection, which 1.3 does not have, and 1.0 and 1.1 are not safe";
        (cure, false)
    } else if cause.contains("verify failed") || cause.contains("certificate") {
        let cure = "put the authority's certificate into `ca_file`, or give the server a certificate for this name; the \
                    line `certificate` shows the one it has";
        (cure, true)
    } else {
        (
            "look whether https is spoken at this port, and what stands in between",
            false,
        )
    }
}

/// The innermost cause that tells something; what is around it says only that a request failed.
fn cause(error: &reqwest::Error) -> String {
    let mut told = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let text = error.to_string();
        if !told.contains(&text) {
            told = text;
        }
        source = error.source();
    }
    escape(&told)
}

/// Whether the certificate is one of those that are pinned.
fn pinned(findings: &mut Findings, server: &str, seen: &Seen, pins: &[CertificatePin]) -> Option<()> {
    let validity = seen.certificate.as_deref().and_then(Validity::of_der);
    let found = validity.map_or_else(String::new, |validity| validity.fingerprint);
    if pins.is_empty() {
        return Some(());
    }
    if pins.iter().any(|pin| pin.to_string() == found) {
        findings.good("pins", server, "the certificate is pinned");
        return Some(());
    }
    let cure = "if the certificate was renewed, write its SHA-256 from the line above; if not, somebody stands in between";
    findings.bad(
        "pins",
        server,
        "the certificate is none of those that are pinned",
        Some(cure),
    );
    None
}

fn certificate(findings: &mut Findings, server: &str, seen: &Seen, now: OffsetDateTime) {
    let Some(validity) = seen.certificate.as_deref().and_then(Validity::of_der) else {
        findings.skipped("certificate", server, "it cannot be read");
        return;
    };
    let (outcome, text) = validity.judge(now);
    let evidence = format!(
        "{text}; {}, issued by {}; SHA-256 {}",
        escape(&validity.subject),
        escape(&validity.issuer),
        validity.fingerprint
    );
    let cure = (outcome != Outcome::Good).then_some(RENEW);
    findings.note(outcome, "certificate", server, evidence, cure);
}

/// Compares clocks; five minutes is what Kerberos and the engine bear.
pub(super) fn clock(
    findings: &mut Findings,
    server: &str,
    theirs: Option<OffsetDateTime>,
    ours: OffsetDateTime,
) {
    let Some(theirs) = theirs else {
        findings.skipped("clock", server, "the answer has no Date");
        return;
    };
    let (outcome, evidence) = difference((theirs - ours).whole_seconds());
    let cure = (outcome != Outcome::Good).then_some("set the clocks of both machines by NTP");
    findings.note(outcome, "clock", server, evidence, cure);
}

fn difference(seconds: i64) -> (Outcome, String) {
    let outcome = match seconds.unsigned_abs() {
        0..=60 => Outcome::Good,
        61..=300 => Outcome::Odd,
        _ => Outcome::Bad,
    };
    let evidence = match seconds {
        -2..=2 => "the same as here".to_owned(),
        3.. => format!("{seconds} s ahead of this computer"),
        _ => format!("{} s behind this computer", seconds.unsigned_abs()),
    };
    (outcome, evidence)
}

/// Whether the address is a PowerShell endpoint that takes the configured scheme.
fn schemes(findings: &mut Findings, server: &str, seen: &Seen, wanted: Option<&str>) -> Option<()> {
    let behind = seen
        .front_end
        .as_deref()
        .map_or_else(String::new, |name| format!(", from {}", escape(name)));
    let offered = seen
        .offered
        .iter()
        .map(|name| escape(name))
        .collect::<Vec<_>>()
        .join(", ");
    let (problem, cure) = match seen.status {
        401 if seen.offered.is_empty() => (
            "HTTP 401 without any scheme".to_owned(),
            "switch an authentication on for the PowerShell virtual directory (Set-PowerShellVirtualDirectory)",
        ),
        401 => {
            let served = wanted.is_none_or(|wanted| {
                seen.offered.iter().any(|offered| {
                    offered.eq_ignore_ascii_case(wanted)
                        || (takes_tickets(Some(wanted)) && offered.eq_ignore_ascii_case("Negotiate"))
                })
            });
            if served {
                findings.good("schemes", server, format!("{offered}{behind}"));
                return Some(());
            }
            let wanted = wanted.unwrap_or_default();
            (
                format!("{wanted} is configured, and the server offers {offered}{behind}"),
                "set `authentication` to what the server offers, or switch Basic on there, over https alone \
                 (Set-PowerShellVirtualDirectory -BasicAuthentication $true)",
            )
        }
        status => match of_status(status) {
            Some((meaning, cure)) => (format!("HTTP {status}{behind}: {meaning}"), cure),
            None => {
                let evidence = format!("HTTP {status}{behind} without a question for credentials");
                findings.odd(
                    "schemes",
                    server,
                    evidence,
                    Some("look whether a proxy answers in place of the server"),
                );
                return Some(());
            }
        },
    };
    let location = seen
        .location
        .as_deref()
        .map_or_else(String::new, |to| format!(" (to {})", escape(to)));
    findings.bad("schemes", server, format!("{problem}{location}"), Some(cure));
    None
}

/// What a status other than 401 means at this door, and what to do.
const fn of_status(status: u16) -> Option<(&'static str, &'static str)> {
    Some(match status {
        404 => (
            "there is no PowerShell at this path",
            "end the address in /powershell, and name a server with the client access role",
        ),
        403 => (
            "the server forbids it",
            "look whether it insists on https or on a client certificate, and which addresses it lets in",
        ),
        407 => (
            "a proxy asks for credentials",
            "give the proxy's credentials, or go around it",
        ),
        300..=399 => (
            "the address leads elsewhere",
            "write the address that it leads to in `servers`, if it is one of yours",
        ),
        500..=599 => (
            "the web server is there and Exchange's PowerShell is not",
            "look at the application pool MSExchangePowerShellFrontEndAppPool (Exchange 2010: MSExchangePowerShellAppPool)",
        ),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn clocks_may_differ_by_a_minute_and_must_not_by_five() {
        let told: String = [0, 2, -3, 60, 61, -300, 301, -4000]
            .map(difference)
            .iter()
            .map(|(outcome, text)| format!("{outcome:?}: {text}\n"))
            .collect();
        expect![[r#"
            Good: the same as here
            Good: the same as here
            Good: 3 s behind this computer
            Good: 60 s ahead of this computer
            Odd: 61 s ahead of this computer
            Odd: 300 s behind this computer
            Bad: 301 s ahead of this computer
            Bad: 4000 s behind this computer
        "#]]
        .assert_eq(&told);
    }

    #[test]
    fn a_handshake_that_fails_tells_why() {
        let (cure, closer) =
            of_handshake("error:0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version");
        assert!(cure.starts_with("allow TLS 1.2") && !closer);
        let (cure, closer) = of_handshake("certificate verify failed: (self-signed certificate)");
        assert!(cure.contains("ca_file") && closer);
        assert!(!of_handshake("wrong version number").1);
    }

    #[test]
    fn only_schemes_with_tickets_insist_on_names() {
        assert!(takes_tickets(Some("Kerberos")) && takes_tickets(Some("Negotiate")));
        assert!(!takes_tickets(Some("Basic")) && !takes_tickets(None));
    }
}
