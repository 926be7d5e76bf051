//! A folder with a configuration, a simulated Exchange organisation, and the program.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use easgate_connector::{Clock as _, SystemClock};
use easgate_simulator::exchange::{ExchangeConfig, ExchangeSimulator};
use easgate_simulator::tenant::{TenantConfig, TenantSimulator};
use easgate_simulator::world::World;
use easgate_store::{Finish, RunResult, Store};
use tempfile::TempDir;

/// The configuration of the documentation, word for word but for the port.
const CONFIGURATION: &str = r#"
[[organization]]
name = "contoso"
mode = "enforce"

[organization.exchange]
servers = ["http://127.0.0.1:5985/powershell"]
authentication = "basic"
username = 'CONTOSO\connector'
password = { env = "EXCHANGE_PASSWORD" }

[organization.enrollment]
source = "file"
path = "enrolled.csv"

[organization.policy]
unmanaged = "quarantine"          # or "block"
always_allow_compliant = true     # the original's override of the default rule

[organization.guard]
loses_access = "100%"             # raised in the open for a laboratory; the default is 50 devices or 5 %

[store]
url = "sqlite://easgate.db"
"#;

/// Where a test takes place.
pub(crate) struct Place {
    pub(crate) folder: TempDir,
    pub(crate) exchange: ExchangeSimulator,
    pub(crate) world: World,
}

/// What a run of the program left behind.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// Standard output as one JSON document.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("no JSON ({error}):\n{}\n{}", self.stdout, self.stderr))
    }

    /// The same run, whose exit code must be this.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(
            self.code, code,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }
}

impl Place {
    /// Exchange as `world` has it, and the file of its enrolments.
    pub(crate) async fn new(world: World) -> Self {
        Self::with(ExchangeConfig::new(world)).await
    }

    /// Exchange as `config` has it, and the file of its enrolments.
    pub(crate) async fn with(config: ExchangeConfig) -> Self {
        let world = config.world.clone();
        let exchange = ExchangeSimulator::start(config).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let place = Self {
            folder,
            exchange,
            world,
        };
        place.write("enrolled.csv", &enrolled(&place.world));
        place.configure(|text| text);
        place
    }

    /// Exchange as `config` has it, and the tenant of the same world as the source, with the application's secret in
    /// the file `secret`.
    pub(crate) async fn with_tenant(config: ExchangeConfig) -> (Self, TenantSimulator) {
        let of_tenant = TenantConfig::new(config.world.clone());
        let (client, secret) = (of_tenant.client_id.clone(), of_tenant.secret.clone());
        let tenant = TenantSimulator::start(of_tenant).await.unwrap();
        let place = Self::with(config).await;
        place.write("secret", &secret);
        let secret = place.folder.path().join("secret");
        std::fs::set_permissions(secret, PermissionsExt::from_mode(0o600)).unwrap();
        place.configure(|text| {
            let graph = format!(
                "source = \"graph\"\ntenant = \"{}\"\nclient_id = \"{client}\"\n\
                 client_secret = {{ file = \"secret\" }}\ngraph_root = \"{}\"\nlogin_root = \"{}\"\n",
                tenant.tenant(),
                tenant.graph_root(),
                tenant.login_root()
            );
            text.replace("source = \"file\"\npath = \"enrolled.csv\"\n", &graph)
        });
        (place, tenant)
    }

    /// Writes the configuration as `edit` makes it of the one of the documentation.
    ///
    /// Whoever tests how a first sync goes about entries that it does not know says so.
    pub(crate) fn configure(&self, edit: impl FnOnce(String) -> String) {
        let url = self.exchange.url().to_string();
        let text = CONFIGURATION.replace("http://127.0.0.1:5985/powershell", &url);
        let policy = "[organization.policy]\n";
        let text = text.replace(policy, &format!("{policy}unknown_entries = \"foreign\"\n"));
        self.write("easgate.toml", &edit(text));
    }

    /// Adds to the configuration.
    pub(crate) fn configure_more(&self, text: &str) {
        self.write("easgate.toml", &format!("{}\n{text}", self.read("easgate.toml")));
    }

    /// Puts into the store that so many days ago so many runs read everything, one after the other.
    pub(crate) async fn ran(&self, kind: &str, days_ago: i64, runs: usize) {
        let at = SystemClock::new().now() - time::Duration::days(days_ago);
        let store = Store::open("sqlite://easgate.db", self.folder.path())
            .await
            .unwrap();
        let writer = store.organization("contoso").await.unwrap().lock().await.unwrap();
        for _ in 0..runs {
            let run = writer.start_run(kind, "enforce", at).await.unwrap();
            let finish = Finish {
                at,
                result: RunResult::Succeeded,
                server: None,
                figures: serde_json::json!({}),
                baseline: None,
            };
            writer.finish_run(run, &finish).await.unwrap();
        }
        writer.hand_over().await.unwrap();
        store.close().await;
    }

    /// Writes a file of the folder.
    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// Reads a file of the folder.
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    /// Runs the program in the folder; the words of `line` are its arguments.
    pub(crate) async fn easgate(&self, line: &str) -> Ended {
        let arguments: Vec<&str> = line.split_whitespace().collect();
        run(self.folder.path(), &arguments, "P@ssw0rd!").await
    }

    /// Runs it with more in its environment.
    pub(crate) async fn easgate_in(&self, line: &str, environment: &[(&str, &str)]) -> Ended {
        let arguments: Vec<&str> = line.split_whitespace().collect();
        run_in(self.folder.path(), &arguments, "P@ssw0rd!", environment).await
    }

    /// Runs it with a wrong password.
    pub(crate) async fn easgate_with_wrong_password(&self, line: &str) -> Ended {
        let arguments: Vec<&str> = line.split_whitespace().collect();
        run(self.folder.path(), &arguments, "wrong").await
    }
}

/// Runs the program to its end.
pub(crate) async fn run(folder: &Path, arguments: &[&str], password: &str) -> Ended {
    run_in(folder, arguments, password, &[]).await
}

async fn run_in(folder: &Path, arguments: &[&str], password: &str, environment: &[(&str, &str)]) -> Ended {
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_easgate"))
        .args(arguments)
        .current_dir(folder)
        .env("EXCHANGE_PASSWORD", password)
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .unwrap();
    Ended {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The enrolments of `world` as an administrator would export them: every managed record that tells an EAS id, and
/// every user.
fn enrolled(world: &World) -> String {
    let mut text =
        String::from("user_principal_name,eas_device_id,compliance_state,device_name,licensed,groups\n");
    let mut written = BTreeSet::new();
    for user in world.users.iter().filter(|user| user.in_directory) {
        text.push_str(&format!("{},,,,{},\n", user.upn, user.licensed));
        for (_, record) in user.enrollments() {
            let own =
                record.other_user.is_none() && record.reports_eas_id && !record.eas_device_id.is_empty();
            let managed = !["eas", "unknown"].contains(&record.agent.as_str()) && record.state == "managed";
            let key = (user.upn.to_lowercase(), record.eas_device_id.to_lowercase());
            if own && managed && written.insert(key) {
                let (upn, id, state) = (&user.upn, &record.eas_device_id, &record.compliance);
                text.push_str(&format!("{upn},\"{id}\",{state},,{},\n", user.licensed));
            }
        }
    }
    text
}
