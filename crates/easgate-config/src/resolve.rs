//! Every check of the file, and its translation into the parts' own settings.

mod access;
mod enrollment;
mod exchange;
mod policy;
mod precautions;

use std::path::{Path, PathBuf};

use easgate_compliance::Limits;
use easgate_connector::Mode;
use easgate_store::Location;

use crate::file::{RawFile, RawMode, RawOrganization, RawStore};
use crate::problem::{Key, Problem, Source};
use crate::text::RawSecret;
use crate::{Configuration, Organization, SecretRef, StoreLocation, warnings};

/// Where the checks stand, and what they found.
pub(crate) struct Checks<'a> {
    source: &'a Source<'a>,
    pub(crate) base: &'a Path,
    problems: Vec<Problem>,
}

/// Translates the file; every problem that can be found at once is in the error.
pub(crate) fn resolve(
    raw: &RawFile,
    source: &Source<'_>,
    base: &Path,
) -> Result<Configuration, Vec<Problem>> {
    let mut checks = Checks {
        source,
        base,
        problems: Vec::new(),
    };
    if raw.organization.is_empty() {
        checks.problem(&[], "no [[organization]] is configured");
    }
    let organizations: Vec<_> = raw
        .organization
        .iter()
        .enumerate()
        .filter_map(|(at, organization)| checks.organization(at, organization))
        .collect();
    checks.distinct(&raw.organization);
    let store = checks.store(&raw.store);
    let service = checks.service(&raw.service);
    let retention = checks.retention(&raw.retention);
    if raw.audit.key.is_empty() || raw.audit.key.ends_with('/') {
        let key = [Key::Name("audit"), Key::Name("key")];
        checks.problem(
            &key,
            "the key of the audit is the path of a file, such as \"/var/lib/easgate/audit.key\"",
        );
    }
    if !checks.problems.is_empty() {
        return Err(checks.problems);
    }
    Ok(Configuration {
        organizations,
        service,
        retention,
        store,
        audit_key: base.join(&raw.audit.key),
        warnings: warnings::warnings(raw, source),
    })
}

impl Checks<'_> {
    pub(crate) fn problem(&mut self, path: &[Key<'_>], message: impl Into<String>) {
        self.problems.push(self.source.problem(path, message));
    }

    /// A problem with `key` in a section of the organisation at `at`.
    pub(crate) fn problem_in(&mut self, at: usize, section: &str, key: &str, message: impl Into<String>) {
        let path = [
            Key::Name("organization"),
            Key::Index(at),
            Key::Name(section),
            Key::Name(key),
        ];
        self.problem(&path, message);
    }

    fn organization(&mut self, at: usize, raw: &RawOrganization) -> Option<Organization> {
        if !is_name(&raw.name) {
            self.problem(
                &[Key::Name("organization"), Key::Index(at), Key::Name("name")],
                "a name has 1 to 64 letters, digits, dots, hyphens and underscores",
            );
        }
        let exchange = self.exchange(at, &raw.exchange);
        let policy = self.policy(at, &raw.policy);
        let enrollment = self.enrollment(at, &raw.enrollment, &policy);
        let schedule = self.schedule(at, &raw.name, &raw.schedule);
        Some(Organization {
            name: raw.name.clone(),
            mode: match raw.mode {
                RawMode::Observe => Mode::Observe,
                RawMode::Plan => Mode::Plan,
                RawMode::Enforce => Mode::Enforce,
            },
            exchange: exchange?,
            enrollment: enrollment?,
            policy,
            limits: Limits {
                loses_access: raw.guard.loses_access.0,
                gains_access: raw.guard.gains_access.0,
                removals: raw.guard.removals.0,
            },
            precautions: self.precautions(at, &raw.policy),
            overrides: self.override_times(at, &raw.overrides),
            schedule: schedule?,
            expected: raw.schedule.expected(),
        })
    }

    /// No two organisations have one name or one server: one of them would undo what the other does.
    fn distinct(&mut self, organizations: &[RawOrganization]) {
        let server = |text: &str| {
            let url = url::Url::parse(text).ok()?;
            Some(format!("{}:{}", url.host_str()?, url.port_or_known_default()?))
        };
        for (at, organization) in organizations.iter().enumerate() {
            for earlier in &organizations[..at] {
                if earlier.name.eq_ignore_ascii_case(&organization.name) {
                    let path = [Key::Name("organization"), Key::Index(at), Key::Name("name")];
                    self.problem(
                        &path,
                        format!("two organisations are called \"{}\"", organization.name),
                    );
                }
                let servers = |of: &RawOrganization| -> Vec<String> {
                    of.exchange
                        .servers
                        .iter()
                        .filter_map(|text| server(text))
                        .collect()
                };
                let others = servers(earlier);
                if let Some(host) = servers(organization)
                    .into_iter()
                    .find(|host| others.contains(host))
                {
                    let message = format!(
                        "the server {host} belongs to \"{}\" already: one section for each Exchange organisation",
                        earlier.name
                    );
                    self.problem_in(at, "exchange", "servers", message);
                }
            }
        }
    }

    fn store(&mut self, raw: &RawStore) -> StoreLocation {
        let place = [Key::Name("store"), Key::Name("url")];
        if let Err(error) = Location::new(&raw.url, self.base).check() {
            self.problem(&place, error.to_string());
        }
        let at_password = [Key::Name("store"), Key::Name("password")];
        if raw.password.is_some() && raw.url.starts_with("sqlite:") {
            self.problem(
                &at_password,
                "a file has no password: only `postgres://` takes one",
            );
        }
        let password = raw.password.as_ref();
        StoreLocation {
            url: raw.url.clone(),
            base: self.base.to_owned(),
            password: password.and_then(|raw| self.secret_at(&at_password, raw)),
        }
    }

    fn secret(&mut self, at: usize, section: &str, key: &str, raw: &RawSecret) -> Option<SecretRef> {
        let path = [
            Key::Name("organization"),
            Key::Index(at),
            Key::Name(section),
            Key::Name(key),
        ];
        self.secret_at(&path, raw)
    }

    fn secret_at(&mut self, at: &[Key<'_>], raw: &RawSecret) -> Option<SecretRef> {
        let given = [raw.env.as_ref(), raw.file.as_ref(), raw.credential.as_ref()];
        let secret = match given {
            [Some(name), None, None] => Some(SecretRef::Env(name.clone())),
            [None, Some(path), None] => Some(SecretRef::File(self.path(path))),
            [None, None, Some(name)] => Some(SecretRef::Credential(name.clone())),
            _ => None,
        };
        let is_plain = |name: &str| !name.is_empty() && !name.contains(['/', '\0', '=']) && name != "..";
        match &secret {
            None => {
                let message = "say in one way where the secret is found: { env = \"NAME\" }, \
                               { file = \"PATH\" } or { credential = \"NAME\" }";
                self.problem(at, message);
                None
            }
            Some(SecretRef::Env(name) | SecretRef::Credential(name)) if !is_plain(name) => {
                self.problem(at, "this is no name of a variable or of a credential");
                None
            }
            Some(_) => secret,
        }
    }

    /// `path` from the folder of the file.
    fn path(&self, path: &str) -> PathBuf {
        self.base.join(path)
    }
}

fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}
