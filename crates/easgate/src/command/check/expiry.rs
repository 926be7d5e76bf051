//! Certificates and how long they last.

use std::path::Path;

use easgate_model::escape;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};

use super::finding::{Findings, Outcome};

/// What is said of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Validity {
    /// Whom it is for.
    pub(super) subject: String,
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

    /// How it stands at `now`, and what to say of it.
    pub(super) fn judge(&self, now: OffsetDateTime) -> (Outcome, String) {
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
pub(super) const RENEW: &str =
    "renew it, and put the new one in its place; it is read at the next start or log-on";

/// Reports each certificate of a PEM file.
pub(super) fn file(findings: &mut Findings, what: &str, path: &Path, now: OffsetDateTime) {
    let shown = path.display();
    let chain = std::fs::read(path)
        .map_err(|error| error.to_string())
        .and_then(|pem| Certificate::load_pem_chain(&pem).map_err(|error| error.to_string()));
    match chain {
        Err(error) => {
            let cure = Some("look at the path, at the rights of the file, and that it is PEM");
            findings.bad("expiry", "", format!("{what} {shown}: {error}"), cure);
        }
        Ok(chain) if chain.is_empty() => {
            let cure = Some("the file must hold blocks that begin with -----BEGIN CERTIFICATE-----");
            findings.bad(
                "expiry",
                "",
                format!("{what} {shown}: no certificate in it"),
                cure,
            );
        }
        Ok(chain) => {
            for validity in chain.iter().filter_map(Validity::of) {
                let (outcome, text) = validity.judge(now);
                let cure = (outcome != Outcome::Good).then_some(RENEW);
                let subject = escape(&validity.subject);
                findings.note(
                    outcome,
                    "expiry",
                    "",
                    format!("{what} {shown}: {subject}, {text}"),
                    cure,
                );
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
}
