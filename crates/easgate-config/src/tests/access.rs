//! Who logs on to Exchange, how, and by which way.

use std::path::Path;

use easgate_cmdlet::Authentication;
use expect_test::expect;
use secrecy::ExposeSecret as _;

use super::{SAMPLE, check};
use crate::{Environment, parse};

const KERBEROS: &str = r#"
servers = ["http://ex1.contoso.example/powershell"]
authentication = "kerberos"
username = "connector@contoso.example"
kdc = ["dc1.contoso.example", "dc2.contoso.example:8888"]
proxy = "http://proxy.contoso.example:3128"
proxy_username = "web"
proxy_password = { env = "PROXY_PASSWORD" }
no_proxy = [".contoso.example"]
"#;

/// The sample with other keys in place of its servers, authentication and username.
fn sample_with(keys: &str) -> String {
    let (front, rest) = SAMPLE.split_once("servers = ").unwrap();
    let (_, back) = rest.split_once("password = ").unwrap();
    format!("{front}{}\npassword = {back}", keys.trim())
}

fn said(keys: &str) -> String {
    match parse(&sample_with(keys), Path::new("/etc/easgate")) {
        Ok(_) => "usable".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn kerberos_over_http_is_sealed_and_so_allowed() {
    let configuration = parse(&sample_with(KERBEROS), Path::new("/etc/easgate")).unwrap();
    let exchange = &configuration.organizations[0].exchange;
    assert_eq!(exchange.secrets().count(), 2);
    let passwords = Environment::from_fn(|name| Some(format!("the {name}")));
    let transports = exchange.transports(&passwords).unwrap();
    let Authentication::Kerberos(logon) = &transports[0].authentication else {
        panic!("Kerberos was asked for")
    };
    let kdc: Vec<String> = logon.kdc.iter().map(ToString::to_string).collect();
    assert_eq!(kdc, ["dc1.contoso.example:88", "dc2.contoso.example:8888"]);
    assert_eq!(
        logon.password.read().unwrap().expose_secret(),
        "the EXCHANGE_PASSWORD"
    );
    let proxy = transports[0].proxy.as_ref().unwrap();
    let (username, password) = proxy.credentials.as_ref().unwrap();
    assert_eq!(
        (username.as_str(), password.read().unwrap().expose_secret()),
        ("web", "the PROXY_PASSWORD")
    );
    assert!(!format!("{configuration:?} {transports:?}").contains("the EXCHANGE_PASSWORD"));
}

#[test]
fn a_changed_password_is_seen_at_the_next_log_on() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "old\n").unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let text = SAMPLE.replace("env = \"EXCHANGE_PASSWORD\"", "file = \"password\"");
    let configuration = parse(&text, folder.path()).unwrap();
    let nothing = Environment::from_fn(|_| None);
    let transports = configuration.organizations[0]
        .exchange
        .transports(&nothing)
        .unwrap();
    let Authentication::Basic { password, .. } = &transports[0].authentication else {
        panic!("the sample asks for Basic")
    };
    assert_eq!(password.read().unwrap().expose_secret(), "old");
    std::fs::write(&file, "new\n").unwrap();
    assert_eq!(password.read().unwrap().expose_secret(), "new");
}

#[test]
fn a_certificate_takes_the_place_of_account_and_password() {
    let exchange = r#"servers = ["https://ex1.contoso.example/powershell"]
authentication = "certificate"
client_certificate = "client.pem"
client_key = { file = "client.key" }
pins = ["00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:ee:ff"]"#;
    let with_password = sample_with(exchange);
    let text = with_password.replace("password = { env = \"EXCHANGE_PASSWORD\" }", "");
    let configuration = parse(&text, Path::new("/etc/easgate")).unwrap();
    let exchange = &configuration.organizations[0].exchange;
    assert_eq!(exchange.username, None);
    let key = exchange.secrets().next().unwrap();
    assert_eq!(key.to_string(), "the file /etc/easgate/client.key");
    assert!(exchange.transports(&Environment::from_fn(|_| None)).is_err());
    expect![[r#"line 12, column 1: authentication = "certificate" takes the account from the certificate"#]]
        .assert_eq(&parse(&with_password, Path::new("/")).unwrap_err().to_string());
}

#[test]
fn what_does_not_fit_together_is_named_with_its_cure() {
    let https = "servers = [\"https://ex1.contoso.example/powershell\"]\nusername = 'CONTOSO\\connector'";
    let rows: String = [
        "servers = [\"http://10.0.0.1/powershell\"]\nauthentication = \"kerberos\"\nusername = 'CONTOSO\\connector'".to_owned(),
        "servers = [\"http://ex1/powershell\"]\nauthentication = \"kerberos\"\nusername = \"connector\"".to_owned(),
        "servers = [\"http://ex1/powershell\"]\nauthentication = \"ntlm\"\nusername = \"connector\"".to_owned(),
        "servers = [\"http://ex1/powershell\"]\nauthentication = \"ntlm\"\nusername = \"connector\"\n\
         danger_allow_ntlm_without_channel_binding = true".to_owned(),
        format!("{https}\nkdc = [\"dc1\"]"),
        format!("{https}\nauthentication = \"kerberos\"\nkdc = [\"tcp://dc1\"]\nspn = \"ex1\""),
        format!("{https}\nauthentication = \"kerberos\"\nspn = \"ex1\""),
        format!("{https}\npins = [\"abc\"]"),
        format!("{https}\nno_proxy = [\"ex1\"]\nproxy_username = \"web\""),
        format!("{https}\nproxy = \"proxy:3128\""),
        format!("{https}\nproxy = \"http://proxy:3128\"\nproxy_username = \"web\""),
        format!("{https}\nclient_certificate = \"client.pem\""),
    ]
    .iter()
    .map(|keys| format!("{}\n", said(keys)))
    .collect();
    expect![[r#"
        line 7, column 12: Kerberos needs a host name, not the address 10.0.0.1
        line 9, column 1: Kerberos needs the account's domain, as user@domain or DOMAIN\user; connector has none
        line 7, column 12: NTLM over http can be relayed to other servers; use https, or Kerberos, or set `danger_allow_ntlm_without_channel_binding` knowingly
        usable
        line 9, column 1: this is for Kerberos alone: authentication = "kerberos" or "negotiate"
        line 10, column 1: tcp://dc1 is no domain controller such as dc1.contoso.example:88
        line 10, column 1: ex1 is no name of a service such as HTTP/ex1.contoso.example
        line 9, column 1: abc is no SHA-256 of a certificate in 64 hexadecimal digits
        line 9, column 1: there is no `proxy` that this is for
        line 10, column 1: there is no `proxy` that this is for
        line 9, column 1: the proxy's address is no address such as http://proxy.contoso.example:3128, without credentials
        line 9, column 1: `proxy_username` and `proxy_password` go together
        line 9, column 1: a client certificate is either `client_certificate` with `client_key`, or `client_pfx` with `client_pfx_password`
    "#]].assert_eq(&rows);
}

#[test]
fn an_account_needs_a_password_and_a_name() {
    check(
        "password = { env = \"EXCHANGE_PASSWORD\" }",
        "",
        &expect![[r#"
            line 6, column 15: the password is missing: say where it is found, such as `password = { credential = "exchange" }`
        "#]],
    );
    check(
        "username = 'CONTOSO\\connector'",
        "",
        &expect![[r#"
        line 6, column 15: the account is empty: DOMAIN\user or user@domain
    "#]],
    );
}

#[test]
fn addresses_are_names_of_servers_and_where_they_lead() {
    let https = "servers = [\"https://ex1.contoso.example/powershell\"]\nusername = 'CONTOSO\\connector'";
    let rows: String = [
        r#"{ "ex1.contoso.example" = "10.1.2.3", EX2 = "2001:db8::2" }"#,
        r#"{ "ex1.contoso.example" = "ex2.contoso.example" }"#,
        r#"{ "10.1.2.3" = "10.1.2.4" }"#,
        r#"{ "https://ex1" = "10.1.2.4" }"#,
        r#"{ ex1 = "0.0.0.0", ex2 = "ff02::1" }"#,
        r#"{ ex1 = "10.1.2.3", EX1 = "10.1.2.4" }"#,
        r#"["10.1.2.3"]"#,
    ]
    .iter()
    .map(|table| format!("{}\n", said(&format!("{https}\naddresses = {table}"))))
    .collect();
    expect![[r#"
        usable
        line 9, column 15: this is no IP address such as 10.1.2.3
        line 9, column 15: this is no name of a server such as ex1.contoso.com
        line 9, column 15: this is no name of a server such as ex1.contoso.com
        line 9, column 15: nobody can be reached at this address
        line 9, column 32: nobody can be reached at this address
        line 9, column 15: the name stands here twice, in different case
        line 9, column 13: invalid type: sequence, expected a map
    "#]]
    .assert_eq(&rows);
    let proxied = format!("{https}\naddresses = {{ ex1 = \"10.1.2.3\" }}\nproxy = \"http://proxy:3128\"");
    let warnings = parse(&sample_with(&proxied), Path::new("/")).unwrap().warnings;
    assert!(
        warnings
            .iter()
            .any(|warning| warning.to_string().contains("looks names up by itself"))
    );
}

#[test]
fn a_password_goes_to_a_server_that_was_told_only_where_the_file_names_it() {
    let table = "addresses = { \"ex3.contoso.example\" = \"10.1.2.3\" }";
    let kerberos = KERBEROS.trim();
    let basic = "servers = [\"https://ex1.contoso.example/powershell\"]\nusername = 'CONTOSO\\connector'";
    for (keys, expected) in [
        (format!("{basic}\n{table}"), [false, true]),
        (basic.to_owned(), [false, false]),
        (format!("{basic}\n{table}\ncas_failover = false"), [false, false]),
        (format!("{basic}\n{table}\nkind = \"hosted\""), [false, false]),
        (kerberos.to_owned(), [true, true]),
        (format!("{kerberos}\ncas_failover = false"), [false, false]),
    ] {
        let configuration = parse(&sample_with(&keys), Path::new("/")).unwrap();
        let exchange = &configuration.organizations[0].exchange;
        let may = ["ex2", "EX3"].map(|host| {
            let url = format!("https://{host}.contoso.example/powershell");
            exchange.may_stand_in(&url.parse().unwrap())
        });
        assert_eq!(may, expected, "{keys}");
    }
}
