//! The folder of a demonstration: its configuration, its secrets and its store.

use std::fs::{OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use easgate_simulator::exchange::ExchangeSimulator;
use easgate_simulator::tenant::TenantSimulator;
use tempfile::TempDir;

/// What the two simulators want to be told.
pub(super) struct Secrets {
    pub(super) username: String,
    pub(super) password: String,
    pub(super) client_id: String,
    pub(super) client_secret: String,
}

/// A folder of one's own that is gone at the end.
pub(super) struct Folder(TempDir);

impl Folder {
    /// Writes what `easgate` needs to reach both simulators, readable by nobody else.
    pub(super) fn write(
        exchange: &ExchangeSimulator,
        tenant: &TenantSimulator,
        secrets: &Secrets,
    ) -> io::Result<Self> {
        let folder = tempfile::Builder::new()
            .prefix("easgate-demo-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir()?;
        let path = folder.path();
        write(path, "exchange-password", &secrets.password)?;
        write(path, "client-secret", &secrets.client_secret)?;
        write(path, "easgate.toml", &configuration(exchange, tenant, secrets))?;
        Ok(Self(folder))
    }

    /// The configuration file.
    pub(super) fn configuration(&self) -> PathBuf {
        self.0.path().join("easgate.toml")
    }
}

fn write(folder: &Path, name: &str, text: &str) -> io::Result<()> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(folder.join(name))?
        .write_all(text.as_bytes())
}

fn configuration(exchange: &ExchangeSimulator, tenant: &TenantSimulator, secrets: &Secrets) -> String {
    format!(
        r#"# Written by easgate demo; it is gone when the demonstration ends.
[[organization]]
name = "contoso"
mode = "enforce"

[organization.exchange]
servers = ["{exchange}"]
authentication = "basic"
username = '{username}'
password = {{ file = "exchange-password" }}

[organization.enrollment]
source = "graph"
tenant = "{tenant}"
client_id = "{client}"
client_secret = {{ file = "client-secret" }}
graph_root = "{graph}"
login_root = "{login}"

[organization.policy]
unknown_entries = "foreign"         # the store of a demonstration is always new
unmanaged = "quarantine"
always_allow_compliant = true
# Phones that somebody let in by hand and that the policy refuses: enough of them to wake the guard.
foreign_allow = "override"

[organization.guard]
loses_access = "0.1%"              # far below the default of 50 devices or 5 %, so that a demonstration shows it
gains_access = {{ count = 200, percent = 10 }}

[store]
url = "sqlite://easgate.db"
"#,
        exchange = exchange.url(),
        username = secrets.username,
        tenant = tenant.tenant(),
        client = secrets.client_id,
        graph = tenant.graph_root().as_str().trim_end_matches('/'),
        login = tenant.login_root().as_str().trim_end_matches('/'),
    )
}
