//! The section `enrollment`.

use std::time::Duration;

use easgate_compliance::Policy;
use easgate_intune::{Cloud, Credential, FileSource, GraphConfig, GraphConfigError, INTUNE_PLANS, Proxy};
use url::Url;
use uuid::Uuid;

use crate::file::{RawCloud, RawEnrollment, RawSource};
use crate::organization::no_secret;
use crate::{Enrollment, Graph, GraphCredential, SecretRef};

use super::Checks;

const SECTION: &str = "enrollment";
/// How old a file may be when nothing is said.
const MAX_AGE: Duration = Duration::from_secs(24 * 60 * 60);

impl Checks<'_> {
    pub(super) fn enrollment(
        &mut self,
        at: usize,
        raw: &RawEnrollment,
        policy: &Policy,
    ) -> Option<Enrollment> {
        match raw.source {
            RawSource::File => self.file(at, raw).map(Enrollment::File),
            RawSource::Graph => self
                .graph(at, raw, policy)
                .map(|graph| Enrollment::Graph(Box::new(graph))),
        }
    }

    fn file(&mut self, at: usize, raw: &RawEnrollment) -> Option<FileSource> {
        let of_graph = [
            ("tenant", raw.tenant.is_some()),
            ("client_id", raw.client_id.is_some()),
            ("client_secret", raw.client_secret.is_some()),
            ("certificate", raw.certificate.is_some()),
            ("private_key", raw.private_key.is_some()),
            ("cloud", raw.cloud.is_some()),
            ("license_plans", raw.license_plans.is_some()),
            (
                "count_warning_as_licensed",
                raw.count_warning_as_licensed.is_some(),
            ),
            ("proxy", raw.proxy.is_some()),
            ("proxy_username", raw.proxy_username.is_some()),
            ("proxy_password", raw.proxy_password.is_some()),
            ("no_proxy", raw.no_proxy.is_some()),
            ("ca_file", raw.ca_file.is_some()),
            ("tries", raw.tries.is_some()),
            ("graph_root", raw.graph_root.is_some()),
            ("login_root", raw.login_root.is_some()),
        ];
        self.strangers(at, &of_graph, "graph");
        let path = self.needed(
            at,
            "path",
            raw.path.as_deref(),
            "source = \"file\" needs the path of the file",
        )?;
        let max_age = raw.max_age.map_or(MAX_AGE, |age| age.0);
        if max_age.is_zero() {
            self.problem_in(at, SECTION, "max_age", "no file is that young");
        }
        Some(FileSource {
            path: self.path(path),
            max_age,
        })
    }

    fn graph(&mut self, at: usize, raw: &RawEnrollment, policy: &Policy) -> Option<Graph> {
        self.strangers(
            at,
            &[("path", raw.path.is_some()), ("max_age", raw.max_age.is_some())],
            "file",
        );
        let tenant = self.needed(
            at,
            "tenant",
            raw.tenant.as_deref(),
            "source = \"graph\" needs the tenant: its GUID or one of its domains",
        );
        let client_id = self.needed(
            at,
            "client_id",
            raw.client_id.as_deref(),
            "source = \"graph\" needs the client id of the application",
        );
        let credential = self.credential(at, raw);
        let proxy_login = self.proxy_login(at, raw);
        let cloud = match raw.cloud {
            Some(RawCloud::Global) | None => Cloud::Global,
            Some(RawCloud::UsGov) => Cloud::UsGov,
            Some(RawCloud::UsGovDod) => Cloud::UsGovDod,
            Some(RawCloud::China) => Cloud::China,
        };
        let mut groups = [policy.included_groups.clone(), policy.excluded_groups.clone()].concat();
        groups.sort();
        groups.dedup();
        if raw.tries.is_some_and(|tries| !(1..=20).contains(&tries)) {
            self.problem_in(at, SECTION, "tries", "between 1 and 20 are possible");
        }
        let mut config = GraphConfig {
            graph_root: self.url(at, "graph_root", raw.graph_root.as_deref()),
            login_root: self.url(at, "login_root", raw.login_root.as_deref()),
            groups,
            license_plans: self.plans(at, raw.license_plans.as_deref()),
            count_warning_as_licensed: raw.count_warning_as_licensed.unwrap_or(true),
            proxy: self.url(at, "proxy", raw.proxy.as_deref()).map(|url| Proxy {
                url,
                login: None,
                no_proxy: raw.no_proxy.clone().unwrap_or_default(),
            }),
            ..GraphConfig::new(cloud, tenant?, client_id?, Credential::Secret(no_secret()))
        };
        config.tries = raw.tries.unwrap_or(config.tries);
        if let Err(error) = config.validate() {
            self.refused_graph(at, policy, &error);
            return None;
        }
        Some(Graph::new(
            config,
            credential?,
            raw.ca_file.as_deref().map(|file| self.path(file)),
            proxy_login,
        ))
    }

    /// The account at the proxy, without its password.
    fn proxy_login(&mut self, at: usize, raw: &RawEnrollment) -> Option<(String, SecretRef)> {
        if let Some(url) = raw.proxy.as_deref().and_then(|text| text.parse::<Url>().ok()) {
            if !url.username().is_empty() || url.password().is_some() {
                let message =
                    "credentials stand in `proxy_username` and `proxy_password`, not in the address";
                self.problem_in(at, SECTION, "proxy", message);
            }
            if url.scheme() != "http" {
                self.problem_in(
                    at,
                    SECTION,
                    "proxy",
                    "a proxy's address is of the form http://host:port",
                );
            }
        }
        let of_proxy = [
            ("proxy_username", raw.proxy_username.is_some()),
            ("proxy_password", raw.proxy_password.is_some()),
            ("no_proxy", raw.no_proxy.is_some()),
        ];
        if raw.proxy.is_none() {
            for (key, _) in of_proxy.iter().filter(|(_, given)| *given) {
                self.problem_in(at, SECTION, key, format!("`{key}` is of use with `proxy` only"));
            }
        }
        match (&raw.proxy_username, &raw.proxy_password) {
            (Some(username), Some(password)) => {
                let password = self.secret(at, SECTION, "proxy_password", password)?;
                Some((username.clone(), password))
            }
            (None, None) => None,
            (Some(_), None) => {
                self.problem_in(
                    at,
                    SECTION,
                    "proxy_username",
                    "`proxy_password` is needed with it",
                );
                None
            }
            (None, Some(_)) => {
                self.problem_in(
                    at,
                    SECTION,
                    "proxy_password",
                    "`proxy_username` is needed with it",
                );
                None
            }
        }
    }

    fn credential(&mut self, at: usize, raw: &RawEnrollment) -> Option<GraphCredential> {
        match (&raw.client_secret, &raw.certificate, &raw.private_key) {
            (Some(secret), None, None) => self
                .secret(at, SECTION, "client_secret", secret)
                .map(GraphCredential::Secret),
            (None, Some(certificate), Some(key)) => {
                let private_key = self.secret(at, SECTION, "private_key", key)?;
                let certificate = self.path(certificate);
                Some(GraphCredential::Certificate {
                    certificate,
                    private_key,
                })
            }
            _ => {
                let message =
                    "source = \"graph\" needs either `client_secret`, or `certificate` and `private_key`";
                self.problem_in(at, SECTION, "source", message);
                None
            }
        }
    }

    fn refused_graph(&mut self, at: usize, policy: &Policy, error: &GraphConfigError) {
        match error {
            GraphConfigError::Root { setting } => self.problem_in(at, SECTION, setting, error.to_string()),
            GraphConfigError::Tenant { .. } => self.problem_in(at, SECTION, "tenant", error.to_string()),
            GraphConfigError::ClientId => self.problem_in(at, SECTION, "client_id", error.to_string()),
            GraphConfigError::NoPlans => self.problem_in(at, SECTION, "license_plans", error.to_string()),
            GraphConfigError::Group { group } => {
                let excluded = policy.excluded_groups.contains(group);
                let key = if excluded {
                    "excluded_groups"
                } else {
                    "included_groups"
                };
                self.problem_in(at, "policy", key, error.to_string());
            }
            GraphConfigError::Certificate { .. }
            | GraphConfigError::ExtraRoots { .. }
            | GraphConfigError::Proxy { .. }
            | GraphConfigError::Client { .. } => self.problem_in(at, SECTION, "source", error.to_string()),
        }
    }

    /// Names the keys that belong to another kind of source.
    fn strangers(&mut self, at: usize, given: &[(&str, bool)], owner: &str) {
        for (key, _) in given.iter().filter(|(_, given)| *given) {
            self.problem_in(
                at,
                SECTION,
                key,
                format!("`{key}` belongs to source = \"{owner}\""),
            );
        }
    }

    fn needed<'t>(&mut self, at: usize, key: &str, value: Option<&'t str>, message: &str) -> Option<&'t str> {
        let value = value.filter(|text| !text.trim().is_empty());
        if value.is_none() {
            self.problem_in(at, SECTION, key, message);
        }
        value
    }

    fn url(&mut self, at: usize, key: &str, text: Option<&str>) -> Option<Url> {
        match text?.parse() {
            Ok(url) => Some(url),
            Err(error) => {
                self.problem_in(at, SECTION, key, format!("no address: {error}"));
                None
            }
        }
    }

    fn plans(&mut self, at: usize, texts: Option<&[String]>) -> Vec<Uuid> {
        let Some(texts) = texts else {
            return INTUNE_PLANS.to_vec();
        };
        let mut plans = Vec::with_capacity(texts.len());
        for text in texts {
            match text.parse() {
                Ok(plan) => plans.push(plan),
                Err(_) => {
                    let message = "a service plan is named by its GUID";
                    self.problem_in(at, SECTION, "license_plans", message);
                }
            }
        }
        plans
    }
}
