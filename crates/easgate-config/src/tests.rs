mod access;
mod organizations;
mod reference;
mod schedule;
mod secrets;

use std::path::Path;

use easgate_connector::Mode;
use expect_test::{Expect, expect};

use crate::{Configuration, Enrollment, parse};

const SAMPLE: &str = r#"
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

fn sample() -> Configuration {
    parse(SAMPLE, Path::new("/etc/easgate")).unwrap()
}

/// Checks what is said of the sample with `from` replaced by `to`.
fn check(from: &str, to: &str, expected: &Expect) {
    assert!(SAMPLE.contains(from), "the sample holds {from:?}");
    let text = SAMPLE.replacen(from, to, 1);
    let said = match parse(&text, Path::new("/etc/easgate")) {
        Ok(configuration) => {
            let warnings: Vec<String> = configuration
                .warnings
                .iter()
                .map(|warning| format!("warning: {warning}\n"))
                .collect();
            format!("usable\n{}", warnings.concat())
        }
        Err(error) => format!("{error}\n"),
    };
    expected.assert_eq(&said);
}

#[test]
fn the_sample_works_as_written() {
    let configuration = sample();
    let organization = &configuration.organizations[0];
    assert_eq!(
        (organization.name.as_str(), organization.mode),
        ("contoso", Mode::Enforce)
    );
    assert_eq!(configuration.store.url, "sqlite://easgate.db");
    assert_eq!(configuration.store.base, Path::new("/etc/easgate"));
    let Enrollment::File(file) = &organization.enrollment else {
        panic!("the source is a file")
    };
    assert_eq!(file.path, Path::new("/etc/easgate/enrolled.csv"));
    assert!(!organization.limits.loses_access.is_exceeded(1_000_000, 1_000_000));
    assert!(organization.limits.gains_access.is_exceeded(201, 1_000_000));
    check(
        "sqlite",
        "sqlite",
        &expect![[r#"
        usable
        warning: line 21, column 1: the limit is above the usual 50 devices or 5 %: a mistake may take access from more people at once
    "#]],
    );
}

#[test]
fn what_is_misspelt_is_named_with_its_place_and_the_nearest_word() {
    check(
        "servers =",
        "server =",
        &expect![[r#"
        line 7, column 1: unknown key `server`; did you mean `servers`?
    "#]],
    );
    check(
        "[organization.guard]",
        "[organization.gaurd]",
        &expect![[r#"
        line 20, column 15: unknown key `gaurd`; did you mean `guard`?
    "#]],
    );
    check(
        "mode = \"enforce\"",
        "mode = \"enforced\"",
        &expect![[r#"
        line 4, column 8: unknown value "enforced"; did you mean `enforce`?
    "#]],
    );
    check(
        "mode = \"enforce\"",
        "colour = \"blue\"",
        &expect![[r#"
            line 4, column 1: unknown key `colour`; known here: enrollment, exchange, guard, mode, name, overrides, policy, schedule
        "#]],
    );
    check(
        "env = ",
        "environment = ",
        &expect![[r#"
        line 10, column 14: unknown key `environment`; did you mean `env`?
    "#]],
    );
    check(
        "unmanaged = \"quarantine\"",
        "unmanaged = \"allow\"",
        &expect![[r#"
            line 17, column 13: unknown value "allow"; known here: quarantine, block
        "#]],
    );
}

#[test]
fn a_secret_in_the_file_is_refused_without_being_repeated() {
    for secret in ["\"hunter2\"", "{ env = \"hunter2=\" }", "7"] {
        let text = SAMPLE.replacen("{ env = \"EXCHANGE_PASSWORD\" }", secret, 1);
        let error = parse(&text, Path::new("/")).unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
        assert!(error.starts_with("line 10, "), "{error}");
    }
}

#[test]
fn a_wrong_connection_is_named_with_its_place_and_its_cure() {
    check(
        "{ env = \"EXCHANGE_PASSWORD\" }",
        "\"hunter2\"",
        &expect![[r#"
            line 10, column 12: a secret never stands in this file itself: say where it is found, as { env = "NAME" }, { file = "PATH" } or { credential = "NAME" }
        "#]],
    );
    check(
        "{ env = \"EXCHANGE_PASSWORD\" }",
        "{ env = \"A\", file = \"b\" }",
        &expect![[r#"
            line 10, column 1: say in one way where the secret is found: { env = "NAME" }, { file = "PATH" } or { credential = "NAME" }
        "#]],
    );
    check(
        "127.0.0.1:5985",
        "ex1.contoso.example",
        &expect![[r#"
        line 7, column 12: basic authentication would send the password unencrypted to ex1.contoso.example; use https, or set `danger_allow_unencrypted` knowingly
    "#]],
    );
    check(
        "http://127.0.0.1:5985/powershell",
        "ex1",
        &expect![[r#"
        line 7, column 12: no address such as "https://ex1.contoso.com/powershell": relative URL without a base
    "#]],
    );
    check(
        "[\"http://127.0.0.1:5985/powershell\"]",
        "[]",
        &expect![[r#"
        line 7, column 1: at least one server is needed
    "#]],
    );
}

#[test]
fn a_wrong_limit_is_named_with_its_place_and_its_cure() {
    check(
        "\"100%\"",
        "\"105%\"",
        &expect![[r#"
        line 21, column 16: invalid value: string "105%", expected a number of devices (50), a percentage from "0%" to "100%", or { count = 50, percent = 5 }
    "#]],
    );
    check(
        "\"100%\"",
        "-1",
        &expect![[r#"
        line 21, column 16: invalid value: integer `-1`, expected a number of devices (50), a percentage from "0%" to "100%", or { count = 50, percent = 5 }
    "#]],
    );
    check(
        "\"100%\"",
        "{ count = 5, percent = 200 }",
        &expect![[r#"
        line 21, column 16: percent is a number from 0 to 100
    "#]],
    );
}

#[test]
fn a_wrong_source_is_named_with_its_place_and_its_cure() {
    check(
        "\"file\"\npath",
        "\"graph\"\npath",
        &expect![[r#"
        line 12, column 15: source = "graph" needs the tenant: its GUID or one of its domains
        line 12, column 15: source = "graph" needs the client id of the application
        line 13, column 1: source = "graph" needs either `client_secret`, or `certificate` and `private_key`
        line 14, column 1: `path` belongs to source = "file"
    "#]],
    );
    check(
        "path = \"enrolled.csv\"",
        "tenant = \"contoso.com\"",
        &expect![[r#"
            line 12, column 15: source = "file" needs the path of the file
            line 14, column 1: `tenant` belongs to source = "graph"
        "#]],
    );
    check(
        "path = \"enrolled.csv\"",
        "path = \"a.csv\"\nmax_age = \"1 week\"",
        &expect![[r#"
            line 15, column 11: invalid value: string "1 week", expected a time such as "90s", "15m", "24h" or "2d"
        "#]],
    );
}

#[test]
fn other_wrong_values_are_named_with_their_place_and_their_cure() {
    check(
        "name = \"contoso\"",
        "name = \"con toso\"",
        &expect![[r#"
        line 3, column 1: a name has 1 to 64 letters, digits, dots, hyphens and underscores
    "#]],
    );
    check(
        "name = \"contoso\"",
        "name = ",
        &expect![[r#"
        line 3, column 8: string values must be quoted, expected literal string
    "#]],
    );
    check(
        "sqlite://",
        "postgres://",
        &expect![[r#"
            line 24, column 1: a PostgreSQL store names an account, a host and a database: "postgres://USER@HOST/DATABASE"
        "#]],
    );
    check(
        "mode = \"enforce\"",
        "mode = 3",
        &expect![[r#"
            line 4, column 8: unknown value ""; known here: observe, plan, enforce
        "#]],
    );
}
