//! The doctor.

use std::os::unix::fs::PermissionsExt;

use easgate_simulator::exchange::{ExchangeConfig, ExchangeSimulator, Rbac};
use easgate_simulator::tenant::{Fault, TenantSimulator};
use easgate_simulator::world::World;
use expect_test::expect;
use serde_json::Value;

use crate::place::Place;

/// `id outcome` of every finding, without the words.
fn steps(report: &Value) -> Vec<String> {
    report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| {
            format!(
                "{} {}",
                step["id"].as_str().unwrap(),
                step["outcome"].as_str().unwrap()
            )
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_healthy_place_passes_every_step() {
    let place = Place::new(World::contoso(30)).await;
    let report = place.easgate("check --json").await.exits(0).json();
    assert_eq!(report["ok"], true);
    assert_eq!(
        steps(&report),
        [
            "configuration ok",
            // The limit is raised in the open.
            "configuration warning",
            "file modes ok",
            "disk ok",
            "secret ok",
            "name ok",
            "port ok",
            "tls skipped",
            "clock ok",
            "schemes ok",
            "log-on ok",
            "language ok",
            "cmdlets ok",
            "versions ok",
            "shells skipped",
            "organisation ok",
            "enrolments ok",
            "store ok",
            "last runs ok"
        ],
        "{report}"
    );
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_named_with_its_cure() {
    let place = Place::new(World::contoso(30)).await;
    let report = place
        .easgate_with_wrong_password("check --json")
        .await
        .exits(2)
        .json();
    let steps = steps(&report);
    assert!(steps.contains(&"log-on failed".to_owned()), "{report}");
    // What does not depend on the log-on is checked all the same.
    assert!(steps.contains(&"enrolments ok".to_owned()), "{report}");
    assert!(
        report.to_string().contains("Every further trial may lock it"),
        "{report}"
    );
    // The refusal is kept, and the password has not changed: the server is not asked again.
    let text = place.easgate_with_wrong_password("check").await.exits(2).stdout;
    assert!(text.contains("--log-on-again"), "{text}");
    let report = place.easgate("check --json").await.exits(0).json();
    assert!(self::steps(&report).contains(&"log-on ok".to_owned()), "{report}");

    place.configure(|text| text.replace("mode = \"enforce\"", "mood = \"enforce\""));
    let ended = place.easgate("check").await.exits(2);
    assert!(ended.stdout.contains("mood"), "{}", ended.stdout);
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_told_from_one_that_refuses() {
    let place = Place::new(World::contoso(5)).await;
    place.exchange.stop().await.unwrap();
    let report = place_check(&place.folder).await;
    assert!(steps(&report).contains(&"port failed".to_owned()), "{report}");
}

async fn place_check(folder: &tempfile::TempDir) -> Value {
    crate::place::run(folder.path(), &["check", "--json"], "P@ssw0rd!")
        .await
        .exits(2)
        .json()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_credential_is_not_tried_at_the_next_server() {
    let place = Place::new(World::contoso(5)).await;
    let other = ExchangeSimulator::start(ExchangeConfig::new(World::contoso(5)))
        .await
        .unwrap();
    let url = place.exchange.url().to_string();
    place.configure(|text| {
        text.replace(
            &format!("[\"{url}\"]"),
            &format!("[\"{url}\", \"{}\"]", other.url()),
        )
    });
    let report = place
        .easgate_with_wrong_password("check --json")
        .await
        .exits(2)
        .json();
    let of_log_on: Vec<&str> = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["id"] == "log-on")
        .map(|finding| finding["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(of_log_on, ["failed", "skipped"], "{report}");
    // One question without credentials at each server, and one log-on at the first.
    assert_eq!((place.exchange.failed_logons(), other.failed_logons()), (2, 1));
    other.stop().await.unwrap();
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_path_and_a_missing_cmdlet_have_their_own_cures() {
    let roles = Rbac::connector_and_mobile_device().without("Set-CASMailbox");
    let place = Place::with(ExchangeConfig {
        rbac: roles,
        ..ExchangeConfig::new(World::contoso(5))
    })
    .await;
    let text = place.easgate("check").await.exits(2).stdout;
    assert!(text.contains("missing: Set-CASMailbox"), "{text}");
    assert!(text.contains("easgate rbac generate"), "{text}");

    place.configure(|text| text.replace("/powershell\"", "/wsman\""));
    let before = place.exchange.failed_logons();
    let text = place.easgate("check").await.exits(2).stdout;
    assert!(
        text.contains("HTTP 404: there is no PowerShell at this path"),
        "{text}"
    );
    assert_eq!(place.exchange.failed_logons(), before, "no credential goes there");
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_store_is_closed_to_others_and_a_file_without_certificates_is_named() {
    let place = Place::new(World::contoso(5)).await;
    place.easgate("check").await.exits(0);
    let folder = place.folder.path();
    let report = place.easgate("check --json").await.exits(0).json();
    assert!(steps(&report).contains(&"file modes ok".to_owned()), "{report}");
    let mode = std::fs::metadata(folder.join("easgate.db"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);

    // A certificate file that holds none.
    place.configure(|text| {
        text.replace(
            "[organization.enrollment]",
            "ca_file = \"ca.pem\"\n\n[organization.enrollment]",
        )
    });
    place.write("ca.pem", "nothing\n");
    let report = place.easgate("check --json").await.exits(2).json();
    assert!(steps(&report).contains(&"expiry failed".to_owned()), "{report}");
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn endpoints_are_told_without_a_connection_or_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("easgate.toml"), GRAPH).unwrap();
    let ended = crate::place::run(folder.path(), &["check", "--endpoints"], "")
        .await
        .exits(0);
    expect![[r#"
        HOST                      PORT  PROTOCOL  PURPOSE
        ex1.contoso.example       443   tcp       Exchange remote PowerShell
        ex2.contoso.example       8443  tcp       Exchange remote PowerShell
        graph.microsoft.us        443   tcp       Microsoft Graph
        login.microsoftonline.us  443   tcp       log-on service of Microsoft Entra ID
    "#]]
    .assert_eq(&ended.stdout);
    let value = crate::place::run(folder.path(), &["check", "--endpoints", "--json"], "")
        .await
        .exits(0)
        .json();
    assert_eq!(value["endpoints"][0]["port"], 443);
    assert_eq!(value["endpoints"].as_array().unwrap().len(), 4, "{value}");
}

async fn with_tenant() -> (Place, TenantSimulator) {
    Place::with_tenant(ExchangeConfig::new(World::contoso(20))).await
}

/// `id outcome` of what is found at Graph.
fn of_graph(report: &Value) -> String {
    let wanted = ["token", "roles", "enrolments"];
    let found = steps(report).into_iter();
    let found: Vec<_> = found
        .filter(|step| wanted.iter().any(|id| step.starts_with(id)))
        .collect();
    found.join(", ")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_of_graph_is_told_apart() {
    let (place, tenant) = with_tenant().await;
    let report = place.easgate("check --json").await.exits(0).json();
    let well = "token ok, roles ok, roles ok, roles skipped, enrolments ok";
    assert_eq!(of_graph(&report), well, "{report}");

    tenant.fail("/users", Fault::Status(403, "Authorization_RequestDenied"), 10);
    let report = place.easgate("check --json").await.exits(2).json();
    let no_users = "token ok, roles ok, roles failed, roles skipped, enrolments skipped";
    assert_eq!(of_graph(&report), no_users, "{report}");
    assert!(report.to_string().contains("grant admin consent"), "{report}");
    tenant.heal();

    place.write("secret", "wrong");
    let report = place.easgate("check --json").await.exits(2).json();
    assert_eq!(of_graph(&report), "token failed, enrolments skipped", "{report}");
    tenant.stop().await;
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn kerberos_needs_the_domain_controllers() {
    let folder = tempfile::tempdir().unwrap();
    let kerberos = |kdc: &str| {
        let of_server = format!("[organization.exchange]\nauthentication = \"kerberos\"\n{kdc}");
        GRAPH.replacen("[organization.exchange]\n", &of_server, 1)
    };
    for (kdc, line) in [
        (
            "",
            "every domain controller of CONTOSO  88    tcp       Kerberos tickets",
        ),
        (
            "kdc = [\"dc1.contoso.example\"]\n",
            "dc1.contoso.example       88    tcp       Kerberos tickets",
        ),
    ] {
        std::fs::write(folder.path().join("easgate.toml"), kerberos(kdc)).unwrap();
        let ended = crate::place::run(folder.path(), &["check", "--endpoints"], "")
            .await
            .exits(0);
        assert!(ended.stdout.contains(line), "{}", ended.stdout);
    }
}

const GRAPH: &str = r#"
[[organization]]
name = "contoso"

[organization.exchange]
servers = ["https://ex1.contoso.example/powershell", "https://ex2.contoso.example:8443/powershell"]
username = 'CONTOSO\easgate'
password = { env = "NOT_SET" }

[organization.enrollment]
source = "graph"
tenant = "contoso.example"
client_id = "11111111-2222-3333-4444-555555555555"
client_secret = { env = "NOT_SET" }
cloud = "us-gov"
"#;
