//! Several organisations, Graph, and what is warned of.

use std::path::Path;

use easgate_compliance::{DeviceClass, Threshold, Unmanaged};
use easgate_exchange::Kind;
use expect_test::expect;

use super::{SAMPLE, check};
use crate::{Enrollment, Environment, GraphCredential, SecretRef, parse};

const GRAPH: &str = r#"
[[organization]]
name = "contoso"
[organization.exchange]
servers = ["https://ex1.contoso.example/powershell"]
username = 'CONTOSO\connector'
password = { env = "A" }
[organization.enrollment]
source = "graph"
tenant = "contoso.example"
client_id = "11111111-2222-3333-4444-555555555555"
certificate = "cert.pem"
private_key = { file = "key.pem" }
[organization.policy]
unmanaged = "block"
included_groups = ["3F2504E0-4F89-11D3-9A0C-0305E82C3301"]
excluded_groups = ["9c858901-8a57-4791-81fe-4c455b099bc9"]
platform_exceptions = [{ family = "WP8", level = "block" }]
"#;

#[test]
fn graph_gets_its_settings_and_the_groups_of_the_policy() {
    let configuration = parse(GRAPH, Path::new("/etc/easgate")).unwrap();
    let organization = &configuration.organizations[0];
    let Enrollment::Graph(graph) = &organization.enrollment else {
        panic!("the source is Graph")
    };
    assert_eq!(graph.settings().tenant, "contoso.example");
    assert_eq!(graph.settings().groups.len(), 2);
    assert_eq!(
        graph.credential,
        GraphCredential::Certificate {
            certificate: "/etc/easgate/cert.pem".into(),
            private_key: SecretRef::File("/etc/easgate/key.pem".into()),
        }
    );
    assert_eq!(organization.secrets().count(), 2);
    assert_eq!(organization.policy.unmanaged, Unmanaged::Block);
    assert_eq!(
        organization.policy.platform_exceptions[0].class,
        DeviceClass::Family("WP8".to_owned())
    );
    assert_eq!(
        organization.limits.loses_access,
        Threshold {
            count: 50,
            percent: 5.0
        }
    );
    assert!(configuration.warnings.is_empty());
}

#[test]
fn a_group_that_graph_cannot_know_is_refused() {
    let text = GRAPH.replace("9c858901-8a57-4791-81fe-4c455b099bc9", "Board");
    expect!["line 17, column 1: the group board is not a GUID; Graph names groups by their object id"]
        .assert_eq(&parse(&text, Path::new("/")).unwrap_err().to_string());
    let text = GRAPH.replace("private_key = { file = \"key.pem\" }", "");
    expect![[r#"line 9, column 1: source = "graph" needs either `client_secret`, or `certificate` and `private_key`"#]].assert_eq(&parse(&text, Path::new("/")).unwrap_err().to_string());
}

#[test]
fn two_sections_never_name_one_organisation() {
    let second = SAMPLE.split("[store]").next().unwrap();
    let text = format!("{second}{}", SAMPLE.trim_start());
    expect![[r#"
        line 24, column 1: two organisations are called "contoso"
        line 28, column 1: the server 127.0.0.1:5985 belongs to "contoso" already: one section for each Exchange organisation"#]].assert_eq(&parse(&text, Path::new("/")).unwrap_err().to_string());
    let other = second
        .replace("\"contoso\"", "\"fabrikam\"")
        .replace("127.0.0.1", "[::1]");
    let configuration = parse(&format!("{SAMPLE}{other}"), Path::new("/")).unwrap();
    assert_eq!(configuration.organizations.len(), 2);
    assert!(configuration.organization("FABRIKAM").is_some());
    assert!(configuration.organization("nobody").is_none());
    expect!["line 1, column 1: no [[organization]] is configured"]
        .assert_eq(&parse("", Path::new("/")).unwrap_err().to_string());
}

#[test]
fn what_works_and_should_be_looked_at_is_warned_of() {
    check(
        "always_allow_compliant = true",
        "always_allow_compliant = false",
        &expect![[r#"
            usable
            warning: line 18, column 1: where Exchange's default access level is Quarantine or Block, compliant devices are held for ever; `easgate plan` shows how many
            warning: line 21, column 1: the limit is above the usual 50 devices or 5 %: a mistake may take access from more people at once
        "#]],
    );
    check(
        "always_allow_compliant = true",
        "foreign_allow = \"override\"",
        &expect![[r#"
            usable
            warning: line 18, column 1: devices that somebody has allowed by hand are blocked when the policy refuses them
            warning: line 21, column 1: the limit is above the usual 50 devices or 5 %: a mistake may take access from more people at once
        "#]],
    );
    check(
        "always_allow_compliant = true",
        "platform_exceptions = [{ family = \"iPhone\", level = \"allow\" }]",
        &expect![[r#"
            usable
            warning: line 18, column 1: a phone chooses its own DeviceType and DeviceModel: an exception that allows lets in every phone that claims the class
            warning: line 21, column 1: the limit is above the usual 50 devices or 5 %: a mistake may take access from more people at once
        "#]],
    );
    check(
        "127.0.0.1:5985/powershell\"]",
        "ex1.contoso.example\"]\ndanger_allow_unencrypted = true",
        &expect![[r#"
            usable
            warning: line 8, column 1: the password may go over unencrypted http, where anyone on the way can read it
            warning: line 22, column 1: the limit is above the usual 50 devices or 5 %: a mistake may take access from more people at once
        "#]],
    );
    check(
        "loses_access = \"100%\"",
        "loses_access = 20\ngains_access = { percent = 3 }",
        &expect![[r#"
            usable
        "#]],
    );
}

#[test]
fn a_file_that_is_not_there_is_an_error_with_its_path() {
    let error = crate::load(Path::new("/nowhere/easgate.toml")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "could not read the configuration /nowhere/easgate.toml"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("easgate.toml");
    std::fs::write(&path, SAMPLE).unwrap();
    let configuration = crate::load(&path).unwrap();
    assert_eq!(configuration.store.base, folder.path());
}

#[test]
fn a_hoster_gives_one_address_and_is_told_nothing_about_servers() {
    let hosted = GRAPH.replace(
        "[organization.exchange]\n",
        "[organization.exchange]\nkind = \"hosted\"\n",
    );
    let configuration = parse(&hosted, Path::new("/etc/easgate")).unwrap();
    let exchange = &configuration.organizations[0].exchange;
    assert_eq!(exchange.kind, Kind::Hosted);
    assert_eq!(exchange.client().kind, Kind::Hosted);
    let environment = Environment::from_fn(|_| Some("secret".to_owned()));
    assert!(exchange.transports(&environment).unwrap()[0].setup.is_empty());

    let usual = parse(GRAPH, Path::new("/etc/easgate")).unwrap();
    let exchange = &usual.organizations[0].exchange;
    assert_eq!(exchange.kind, Kind::OnPremises);
    assert_eq!(exchange.transports(&environment).unwrap()[0].setup.len(), 1);

    let two = hosted.replace(
        "/powershell\"]",
        "/powershell\", \"https://ex2.contoso.example/powershell\"]",
    );
    let error = parse(&two, Path::new("/etc/easgate")).unwrap_err().to_string();
    assert!(error.contains("takes one address"), "{error}");
}
