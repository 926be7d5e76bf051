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
fn a_name_that_leads_to_this_computer_is_this_computer_unless_a_proxy_looks_it_up() {
    let mut config = config("http://ex1.contoso.example/powershell");
    let lead = |config: &mut Config, address: &str| {
        config.addresses = HostAddresses::from_iter([("EX1.contoso.example", address.parse().unwrap())]);
    };
    lead(&mut config, "10.0.0.1");
    assert!(verdict(&config).contains("unencrypted to ex1.contoso.example"));
    lead(&mut config, "127.0.0.2");
    assert_eq!(verdict(&config), "usable");
    config.url = "http://ex2.contoso.example/powershell".parse().unwrap();
    assert!(verdict(&config).contains("unencrypted to ex2.contoso.example"));
    config.url = "http://ex1.contoso.example/powershell".parse().unwrap();
    config.proxy = Some(Proxy {
        url: "http://proxy.contoso.example:3128".parse().unwrap(),
        credentials: None,
        no_proxy: Vec::new(),
    });
    assert!(verdict(&config).contains("unencrypted to ex1.contoso.example"));
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

fn kerberos(username: &str, spn: Option<&str>) -> Authentication {
    Authentication::Kerberos(KerberosLogon {
        spn: spn.map(str::to_owned),
        ..KerberosLogon::new(username.to_owned(), "hunter2".into())
    })
}

#[test]
fn kerberos_wants_a_host_name_and_a_domain() {
    let rows: String = [
        ("http://ex1.contoso.example/powershell", r"CONTOSO\ana", None),
        (
            "https://ex1.contoso.example/powershell",
            "ana@contoso.example",
            None,
        ),
        ("http://10.0.0.1/powershell", r"CONTOSO\ana", None),
        ("http://[2001:db8::1]/powershell", r"CONTOSO\ana", None),
        (
            "http://10.0.0.1/powershell",
            r"CONTOSO\ana",
            Some("HTTP/ex1.contoso.example"),
        ),
        (
            "http://ex1.contoso.example/powershell",
            r"CONTOSO\ana",
            Some("HTTP/10.0.0.1"),
        ),
        (
            "http://ex1.contoso.example/powershell",
            r"CONTOSO\ana",
            Some("ex1"),
        ),
        ("http://ex1.contoso.example/powershell", "ana", None),
        ("http://ex1.contoso.example/powershell", r"\ana", None),
    ]
    .iter()
    .map(|(url, username, spn)| {
        let config = Config::new(url.parse().unwrap(), kerberos(username, *spn));
        assert!(!format!("{config:?}").contains("hunter2"));
        format!("{}\n", verdict(&config))
    })
    .collect();
    expect![[r#"
        usable
        usable
        Kerberos needs a host name, not the address 10.0.0.1
        Kerberos needs a host name, not the address [2001:db8::1]
        usable
        Kerberos needs a host name, not the address 10.0.0.1
        ex1 is no name of a service such as HTTP/ex1.contoso.example
        Kerberos needs the account's domain, as user@domain or DOMAIN\user; ana has none
        Kerberos needs the account's domain, as user@domain or DOMAIN\user; \ana has none
    "#]]
    .assert_eq(&rows);
}

#[test]
fn ntlm_goes_over_https_unless_danger_is_allowed_by_name() {
    let ntlm = || Authentication::Ntlm {
        username: r"CONTOSO\ana".to_owned(),
        password: "hunter2".into(),
    };
    let over = |url: &str| Config::new(url.parse().unwrap(), ntlm());
    assert_eq!(verdict(&over("https://ex1.contoso.example/powershell")), "usable");
    let mut http = over("http://127.0.0.1/powershell");
    assert_eq!(
        verdict(&http),
        "NTLM over http can be relayed to other servers; use https, or Kerberos"
    );
    http.danger_allow_ntlm_without_channel_binding = true;
    assert_eq!(verdict(&http), "usable");
}

#[test]
fn certificates_and_pins_need_https() {
    let mut config = Config::new(
        "https://ex1.contoso.example/powershell".parse().unwrap(),
        Authentication::Certificate,
    );
    assert_eq!(
        verdict(&config),
        "authentication by certificate needs a client certificate"
    );
    config.client_certificate = Some(ClientCertificate::Pfx {
        file: "client.pfx".into(),
        password: "hunter2".into(),
    });
    config.pins = vec!["00".repeat(32).parse().unwrap()];
    assert_eq!(verdict(&config), "usable");
    config.url = "http://ex1.contoso.example/powershell".parse().unwrap();
    assert_eq!(verdict(&config), "client certificates and pins need https");
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[test]
fn pins_and_domain_controllers_read_as_people_write_them() {
    let hex = "0123456789abcdef".repeat(4);
    let pairs: Vec<&str> = (0..32).map(|at| &hex[2 * at..2 * at + 2]).collect();
    for text in [hex.clone(), hex.to_uppercase(), pairs.join(":")] {
        assert_eq!(text.parse::<CertificatePin>().unwrap().to_string(), hex);
    }
    for wrong in ["", "abc", &hex[1..], &"zz".repeat(32), &"é".repeat(32)] {
        assert!(wrong.parse::<CertificatePin>().is_err(), "{wrong}");
    }
    for (text, read) in [
        ("dc1.contoso.example", "dc1.contoso.example:88"),
        ("dc1:8888", "dc1:8888"),
        ("10.0.0.1", "10.0.0.1:88"),
        ("[2001:db8::1]:88", "[2001:db8::1]:88"),
    ] {
        assert_eq!(text.parse::<KdcAddress>().unwrap().to_string(), read);
    }
    for wrong in ["", "tcp://dc1", "dc1:port", "user@dc1", "dc1/path"] {
        assert!(wrong.parse::<KdcAddress>().is_err(), "{wrong}");
    }
}
