//! What the settings allow.

use expect_test::expect;

use super::*;

fn config(url: &str) -> Config {
    let password = Secret::from("hunter2");
    let basic = Authentication::Basic {
        username: "reader".to_owned(),
        password,
    };
    Config::new(url.parse().unwrap(), basic)
}

fn verdict(config: &Config) -> String {
    config
        .check()
        .map_or_else(|error| error.to_string(), |()| "usable".to_owned())
}

#[test]
fn basic_goes_unencrypted_to_this_computer_only() {
    let verdicts: String = [
        "https://ex1.contoso.example/powershell",
        "http://127.0.0.1:5985/powershell",
        "http://[::1]:5985/powershell",
        "http://localhost/powershell",
        "http://ex1.contoso.example/powershell",
        "http://127.0.0.1.contoso.example/powershell",
        "http://10.0.0.1/powershell",
        "https://user:password@ex1.contoso.example/powershell",
        "ftp://ex1.contoso.example/",
    ]
    .iter()
    .map(|url| format!("{url}: {}\n", verdict(&config(url))))
    .collect();
    expect![[r#"
        https://ex1.contoso.example/powershell: usable
        http://127.0.0.1:5985/powershell: usable
        http://[::1]:5985/powershell: usable
        http://localhost/powershell: usable
        http://ex1.contoso.example/powershell: basic authentication would send the password unencrypted to ex1.contoso.example; use https
        http://127.0.0.1.contoso.example/powershell: basic authentication would send the password unencrypted to 127.0.0.1.contoso.example; use https
        http://10.0.0.1/powershell: basic authentication would send the password unencrypted to 10.0.0.1; use https
        https://user:password@ex1.contoso.example/powershell: the address contains credentials; give them apart from it
        ftp://ex1.contoso.example/: the address begins with ftp, not with http or https
    "#]]
    .assert_eq(&verdicts);
}

#[test]
fn danger_must_be_allowed_by_name() {
    let mut config = config("http://ex1.contoso.example/powershell");
    config.danger_allow_unencrypted = true;
    assert_eq!(verdict(&config), "usable");
}

#[test]
fn a_password_does_not_print() {
    let config = config("https://ex1.contoso.example/powershell");
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn values_out_of_range_are_refused() {
    let mut config = config("https://ex1.contoso.example/powershell");
    config.runspaces = 0;
    assert_eq!(verdict(&config), "0 runspaces; between 1 and 18 are possible");
    config.runspaces = 1;
    config.max_envelope_size = 600_000;
    assert_eq!(
        verdict(&config),
        "an envelope of 600000 bytes; between 32768 and 512000 are possible"
    );
    config.max_envelope_size = 153_600;
    config.operation_timeout = Duration::from_secs(901);
    assert_eq!(
        verdict(&config),
        "an operation time-out of 901s; it must be above zero and at most 15 minutes"
    );
}
