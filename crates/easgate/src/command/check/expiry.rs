//! Certificates and how long they last.

use std::path::Path;

use easgate_cmdlet::ClientCertificate;
use easgate_config::{Enrollment, GraphCredential, Organization};
use easgate_model::escape;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};

use super::finding::{Findings, Outcome};

/// What is said of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::command) struct Validity {
    /// Whom it is for.
    pub(in crate::command) subject: String,
    /// Who issued it.
    pub(super) issuer: String,
    /// SHA-256 of the whole, as pins are written.
    pub(super) fingerprint: String,
    from: OffsetDateTime,
    until: OffsetDateTime,
}

impl Validity {
    /// Reads a certificate in DER.
    pub(super) fn of_der(der: &[u8]) -> Option<Self> {
        Self::of(&Certificate::from_der(der).ok()?)
    }

    fn of(certificate: &Certificate) -> Option<Self> {
        let tbs = &certificate.tbs_certificate;
        let digest = Sha256::digest(certificate.to_der().ok()?);
        Some(Self {
            subject: tbs.subject.to_string(),
            issuer: tbs.issuer.to_string(),
            fingerprint: digest.iter().map(|byte| format!("{byte:02x}")).collect(),
            from: OffsetDateTime::from(tbs.validity.not_before.to_system_time()),
            until: OffsetDateTime::from(tbs.validity.not_after.to_system_time()),
        })
    }

    /// When it ends.
    pub(in crate::command) const fn until(&self) -> OffsetDateTime {
        self.until
    }

    /// How it stands at `now`, and what to say of it.
    pub(in crate::command) fn judge(&self, now: OffsetDateTime) -> (Outcome, String) {
        let date = self.until.date();
        if now < self.from {
            return (Outcome::Bad, format!("not valid before {}", self.from.date()));
        }
        if now >= self.until {
            return (Outcome::Bad, format!("expired on {date}"));
        }
        let days = (self.until - now).whole_days();
        let words = match days {
            0 => "ends within a day".to_owned(),
            1 => "1 day left".to_owned(),
            days => format!("{days} days left"),
        };
        let text = format!("until {date}, {words}");
        match urgency(days) {
            None => (Outcome::Good, text),
            Some(stage) => (Outcome::Odd, format!("{text} (the warning of {stage})")),
        }
    }
}

/// Which warning is due with so many days left.
pub(super) const fn urgency(days: i64) -> Option<&'static str> {
    match days {
        ..=1 => Some("the last day"),
        2..=7 => Some("the last week"),
        8..=30 => Some("the last month"),
        _ => None,
    }
}

/// The cure of everything that ends.
pub(in crate::command) const RENEW: &str =
    "renew it, and put the new one in its place; it is read at the next start or log-on";

/// The certificates of a file that the configuration names.
#[derive(Debug)]
pub(in crate::command) struct File<'a> {
    /// What the file is for.
    pub(in crate::command) what: &'static str,
    /// Where it is.
    pub(in crate::command) path: &'a Path,
    /// What is in it, or why that cannot be told.
    pub(in crate::command) found: Result<Vec<Validity>, String>,
}

/// Every file with certificates that `organization` names and that can be looked into, without connecting anywhere.
pub(in crate::command) fn files(organization: &Organization) -> Vec<File<'_>> {
    let mut named = Vec::new();
    if let Some(settings) = organization.exchange.settings() {
        named.extend(settings.ca_file.as_deref().map(|path| (EXCHANGE_CA, path)));
        if let Some(ClientCertificate::Pem { certificate, .. }) = &settings.client_certificate {
            named.push((CLIENT, certificate));
        }
    }
    if let Enrollment::Graph(graph) = &organization.enrollment {
        if let GraphCredential::Certificate { certificate, .. } = &graph.credential {
            named.push((APPLICATION, certificate));
        }
        named.extend(graph.ca_file.as_deref().map(|path| (GRAPH_CA, path)));
    }
    named
        .into_iter()
        .map(|(what, path)| File {
            what,
            path,
            found: read(path),
        })
        .collect()
}

/// What `ca_file` of Exchange is called.
pub(super) const EXCHANGE_CA: &str = "ca_file of [organization.exchange]";
/// What the certificate shown to Exchange is called.
pub(super) const CLIENT: &str = "the client certificate for Exchange";
/// What the certificate of the application in the cloud is called.
pub(super) const APPLICATION: &str = "the application's certificate for Graph";
/// What `ca_file` of Graph is called.
pub(super) const GRAPH_CA: &str = "ca_file of [organization.enrollment]";

/// The certificates of a PEM file, at least one.
fn read(path: &Path) -> Result<Vec<Validity>, String> {
    let pem = std::fs::read(path).map_err(|error| error.to_string())?;
    let chain = Certificate::load_pem_chain(&pem).map_err(|error| error.to_string())?;
    if chain.is_empty() {
        return Err(NONE.to_owned());
    }
    Ok(chain.iter().filter_map(Validity::of).collect())
}

const NONE: &str = "no certificate in it";

/// Reports each certificate of a PEM file.
pub(super) fn file(findings: &mut Findings, what: &str, path: &Path, now: OffsetDateTime) {
    let shown = path.display();
    match read(path) {
        Err(error) => {
            let cure = if error == NONE {
                "the file must hold blocks that begin with -----BEGIN CERTIFICATE-----"
            } else {
                "look at the path, at the rights of the file, and that it is PEM"
            };
            findings.bad("expiry", "", format!("{what} {shown}: {error}"), Some(cure));
        }
        Ok(chain) => {
            for validity in &chain {
                let (outcome, text) = validity.judge(now);
                let cure = (outcome != Outcome::Good).then_some(RENEW);
                let subject = escape(&validity.subject);
                let evidence = format!("{what} {shown}: {subject}, {text}");
                findings.note(outcome, "expiry", "", evidence, cure);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;

    #[test]
    fn warnings_come_at_30_7_and_1_days_and_an_end_is_a_failure() {
        let now = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
        let judged: String = [400, 31, 30, 8, 7, 2, 1, 0]
            .map(|days| now + Duration::days(days) + Duration::hours(1))
            .into_iter()
            .chain([now, now - Duration::days(1)])
            .map(|until| {
                let validity = Validity {
                    subject: String::new(),
                    issuer: String::new(),
                    fingerprint: String::new(),
                    from: OffsetDateTime::UNIX_EPOCH,
                    until,
                };
                let (outcome, text) = validity.judge(now);
                format!("{outcome:?}: {text}\n")
            })
            .collect();
        expect_test::expect![[r#"
            Good: until 2025-11-08, 400 days left
            Good: until 2024-11-04, 31 days left
            Odd: until 2024-11-03, 30 days left (the warning of the last month)
            Odd: until 2024-10-12, 8 days left (the warning of the last month)
            Odd: until 2024-10-11, 7 days left (the warning of the last week)
            Odd: until 2024-10-06, 2 days left (the warning of the last week)
            Odd: until 2024-10-05, 1 day left (the warning of the last day)
            Odd: until 2024-10-04, ends within a day (the warning of the last day)
            Bad: expired on 2024-10-04
            Bad: expired on 2024-10-03
        "#]]
        .assert_eq(&judged);
    }

    #[test]
    fn a_certificate_of_tomorrow_is_not_valid_today() {
        let validity = Validity {
            subject: String::new(),
            issuer: String::new(),
            fingerprint: String::new(),
            from: OffsetDateTime::UNIX_EPOCH + Duration::days(2),
            until: OffsetDateTime::UNIX_EPOCH + Duration::days(400),
        };
        let (outcome, text) = validity.judge(OffsetDateTime::UNIX_EPOCH);
        assert_eq!(
            (outcome, text.as_str()),
            (Outcome::Bad, "not valid before 1970-01-03")
        );
    }

    #[test]
    fn a_certificate_tells_whose_it_is_and_how_long() {
        let chain = Certificate::load_pem_chain(PEM.as_bytes()).unwrap();
        let validity = Validity::of(&chain[0]).unwrap();
        assert_eq!(
            Validity::of_der(&chain[0].to_der().unwrap()).as_ref(),
            Some(&validity)
        );
        expect_test::expect!["CN=ex1.contoso.example,O=Contoso by CN=ex1.contoso.example,O=Contoso, 2026-11-25 to 2036-11-22, 45dff295e4e9b48bb4e893d5b5836099cc967bd485528bf40bb6c42f267eb20f"].assert_eq(&format!(
            "{} by {}, {} to {}, {}",
            validity.subject,
            validity.issuer,
            validity.from.date(),
            validity.until.date(),
            validity.fingerprint
        ));
        assert_eq!(Validity::of_der(b"no certificate"), None);
    }

    const PEM: &str = "\
-----BEGIN CERTIFICATE-----
MIIBtTCCAVugAwIBAgIUEaicR9s/l89ygxEVfMJmOWJoU2swCgYIKoZIzj0EAwIw
MDEQMA4GA1UECgwHQ29udG9zbzEcMBoGA1UEAwwTZXgxLmNvbnRvc28uZXhhbXBs
ZTAeFw0yNjExMjUwNzAwNDRaFw0zNjExMjIwNzAwNDRaMDAxEDAOBgNVBAoMB0Nv
bnRvc28xHDAaBgNVBAMME2V4MS5jb250b3NvLmV4YW1wbGUwWTATBgcqhkjOPQIB
BggqhkjOPQMBBwNCAASZy7aQOWT+Rn8/q7J41UMwxKP7MQ1tV0kbynJ2fqptqgpO
lo9KEdWBXStoFIoSou51HvKZKBlQeaF7K1WBbMCNo1MwUTAdBgNVHQ4EFgQUiGiv
MwnE35xvOCRkc7pdcrTmNJ8wHwYDVR0jBBgwFoAUiGivMwnE35xvOCRkc7pdcrTm
NJ8wDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAxP9VwoTA9HAh
lc3rm6yXo63Awzx1KusdXcGEkG88JYkCIH0eoHtSpeCGiD6/UO6r/AMFvX1Kapxx
pgT+3B8b7T3r
-----END CERTIFICATE-----
";
}
