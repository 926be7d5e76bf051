//! The peers themselves, by clients that are neither ours nor theirs: curl, MIT's kinit, pypsrp.

use std::path::Path;
use std::process::Command;

use expect_test::expect;

use super::apache::{Apache, Site};
use super::certificates::PFX_PASSWORD;
use super::held::finish;
use super::kdc::Kdc;
use super::samba::Samba;
use super::sealed::{Options, Sealed};
use super::squid::{self, Squid};
use super::{PASSWORD, UMLAUTS, file, installed, packages};

/// What curl got: the status, and who the server took it for; the status is 000 when the connection failed.
fn curl(url: &str, arguments: &[&str], environment: &[(&str, &Path)]) -> String {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--max-time", "20", "--output", "/dev/null"])
        .args(["--write-out", "%{http_code} %header{x-remote-user}"])
        .args(arguments)
        .arg(url)
        .envs(environment.iter().copied());
    let output = curl.output().expect("curl starts");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The number of devices that pypsrp reads from `server`.
fn devices(server: &Sealed, arguments: &[&str], environment: &[(&str, &Path)]) -> String {
    let mut client = Command::new("/usr/bin/python3");
    client
        .env("PYTHONPATH", packages())
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .envs(environment.iter().copied())
        .arg(file("sealed_client.py"))
        .arg(&server.url);
    finish(client.args(arguments)).trim().to_owned()
}

#[test]
fn apache_knows_tickets_and_passwords() {
    if !installed() {
        return;
    }
    let kdc = Kdc::example();
    let apache = Apache::start(&kdc);
    let (krb5_conf, cache) = (kdc.krb5_conf(), kdc.kinit("alice", PASSWORD));
    let ticket = [
        ("KRB5_CONFIG", krb5_conf.as_path()),
        ("KRB5CCNAME", cache.as_path()),
    ];
    let authority = apache.certificates.authority();
    let authority = authority.to_str().expect("a path of ours");

    let get = |site, path: &str, arguments: &[&str]| {
        let arguments = [arguments, &["--noproxy", "*", "--cacert", authority]].concat();
        curl(&apache.url(site, path), &arguments, &ticket)
    };
    let negotiate = ["--negotiate", "--user", ":"];
    assert_eq!(get(Site::Http, "/ticket/stats", &[]), "401");
    assert_eq!(
        get(Site::Http, "/ticket/stats", &negotiate),
        "200 alice@EXAMPLE.TEST"
    );
    assert_eq!(
        get(Site::Https, "/connection/stats", &negotiate),
        "200 alice@EXAMPLE.TEST"
    );
    assert_eq!(
        get(Site::Https, "/basic/stats", &["--user", "alice:wrong"]),
        "401 alice"
    );
    let bob = format!("bob:{UMLAUTS}");
    assert_eq!(get(Site::Https, "/basic/stats", &["--user", &bob]), "200 bob");
    assert_eq!(get(Site::Https, "/open/stats", &[]), "200");
    assert_eq!(apache.upstream_stats()["open"], 0);
}

#[test]
fn the_kdc_says_why_it_refuses() {
    if !installed() {
        return;
    }
    let kdc = Kdc::example();
    let refused = |account: &str, password: &str| {
        let error = kdc.try_kinit(account, password).expect_err("it is refused");
        error
            .rsplit("kinit: ")
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned()
    };
    expect![["Password incorrect while getting initial credentials"]].assert_eq(&refused("alice", "wrong"));
    expect![[
        "Client 'nobody@EXAMPLE.TEST' not found in Kerberos database while getting initial credentials"
    ]]
    .assert_eq(&refused("nobody", PASSWORD));
    expect![["Client's credentials have been revoked while getting initial credentials"]]
        .assert_eq(&refused("locked", PASSWORD));
    let expired = kdc.try_kinit("expired", PASSWORD).expect_err("it is refused");
    assert!(expired.contains("Password expired"), "{expired}");
}

#[test]
fn apache_asks_for_the_certificate_once_the_path_is_known() {
    if !installed() {
        return;
    }
    let kdc = Kdc::example();
    let apache = Apache::start(&kdc);
    let path = |name| apache.certificates.path(name).display().to_string();
    let (authority, pfx) = (path("ca.pem"), format!("{}:{PFX_PASSWORD}", path("client.pfx")));

    let get = |site, path: &str, arguments: &[&str]| {
        let arguments = [arguments, &["--noproxy", "*", "--cacert", &authority]].concat();
        curl(&apache.url(site, path), &arguments, &[])
    };
    let certificate = ["--cert-type", "P12", "--cert", &pfx];
    assert_eq!(
        get(Site::Renegotiating, "/required/stats", &certificate),
        "200 alice"
    );
    assert_eq!(get(Site::Renegotiating, "/optional/stats", &[]), "200");
    assert_eq!(get(Site::Renegotiating, "/open/stats", &[]), "200");
    assert!(!get(Site::Renegotiating, "/required/stats", &[]).starts_with("200"));
    assert_eq!(get(Site::Tls13, "/open/stats", &[]), "200");
    assert!(!get(Site::Tls13, "/required/stats", &[]).starts_with("200"));
    assert_eq!(get(Site::Tls13, "/open/stats", &["--tls-max", "1.2"]), "000");
    let errors = apache.errors();
    let renegotiations = errors.matches("Requesting connection re-negotiation").count();
    assert_eq!(renegotiations, 3, "{errors}");
}

#[test]
fn squid_wants_its_own_account() {
    if !installed() {
        return;
    }
    let kdc = Kdc::example();
    let (apache, squid) = (Apache::start(&kdc), Squid::start());
    let (proxy, account) = (squid.url(), format!("{}:{}", squid::USER, squid::PASSWORD));
    let authority = apache.certificates.authority();
    let authority = authority.to_str().expect("a path of ours");
    let http = apache.url(Site::Http, "/open/stats");
    let https = apache.url(Site::Https, "/open/stats");

    let known = ["--proxy", &proxy, "--proxy-user", &account, "--cacert", authority];
    assert_eq!(curl(&http, &known, &[]), "200");
    assert_eq!(curl(&https, &known, &[]), "200");
    assert_eq!(curl(&http, &["--proxy", &proxy], &[]), "407");
    let wrong = ["--proxy", &proxy, "--proxy-user", "proxyuser:wrong"];
    assert_eq!(curl(&https, &wrong, &[]), "000");
    let requests = squid.requests();
    assert!(requests.contains("TCP_TUNNEL/200"), "{requests}");
}

#[test]
fn pypsrp_runs_a_cmdlet_sealed_under_ntlm_and_under_kerberos() {
    if !installed() {
        return;
    }
    let kdc = Kdc::example();
    let sealed = Sealed::start(&kdc.krb5_conf(), &kdc.keytab(), &Options::default());

    assert_eq!(devices(&sealed, &["ntlm", r"EXAMPLE\bob", UMLAUTS], &[]), "60");
    assert_eq!(sealed.stats().count("ntlm"), 1);
    let (krb5_conf, cache) = (kdc.krb5_conf(), kdc.kinit("bob", UMLAUTS));
    let ticket = [
        ("KRB5_CONFIG", krb5_conf.as_path()),
        ("KRB5CCNAME", cache.as_path()),
    ];
    assert_eq!(devices(&sealed, &["kerberos", "", ""], &ticket), "60");
    let stats = sealed.stats();
    assert_eq!(stats.count("kerberos"), 1, "{stats:?}");
    assert!(stats.count("sealed") > 10, "{stats:?}");
    assert_eq!(stats.count("sealed"), stats.count("messages"), "{stats:?}");
    assert_eq!(sealed.upstream_stats()["open"], 0);
    assert!(kdc.log().contains("HTTP/localhost@EXAMPLE.TEST"));
}

#[test]
fn the_acceptor_holds_https_to_the_channel() {
    if !installed() {
        return;
    }
    let kdc = Kdc::example();
    let options = Options {
        digest: Some("sha384"),
        ..Options::default()
    };
    let sealed = Sealed::start(&kdc.krb5_conf(), &kdc.keytab(), &options);
    let authority = sealed.certificates().authority();
    let authority = authority.to_str().expect("a path of ours");

    assert_eq!(
        devices(&sealed, &["ntlm", r"EXAMPLE\alice", PASSWORD, authority], &[]),
        "60"
    );
    let arguments = [
        "--noproxy",
        "*",
        "--cacert",
        authority,
        "--request",
        "POST",
        "--data",
        "x",
    ];
    assert_eq!(curl(&sealed.url, &arguments, &[]), "401");
    assert!(sealed.stats().count("without log-on") > 0, "{}", sealed.output());
}

#[test]
fn a_ticket_of_another_realm_opens_the_door() {
    if !installed() {
        return;
    }
    let (home, example) = Kdc::home_and_example();
    let sealed = Sealed::start(&example.krb5_conf(), &example.keytab(), &Options::default());
    let (krb5_conf, cache) = (home.krb5_conf(), home.kinit("alice", PASSWORD));
    let ticket = [
        ("KRB5_CONFIG", krb5_conf.as_path()),
        ("KRB5CCNAME", cache.as_path()),
    ];

    assert_eq!(devices(&sealed, &["kerberos", "", ""], &ticket), "60");
    assert!(
        home.log().contains("krbtgt/EXAMPLE.TEST@HOME.TEST"),
        "{}",
        home.log()
    );
    assert!(example.log().contains("alice@HOME.TEST"), "{}", example.log());
}

#[test]
fn a_domain_controller_knows_principal_names() {
    if !installed() {
        return;
    }
    let samba = Samba::start();
    let sealed = Sealed::start(&samba.krb5_conf(), &samba.keytab(), &Options::default());
    let (krb5_conf, cache) = (samba.krb5_conf(), samba.kinit("bob@example.test", UMLAUTS));
    let ticket = [
        ("KRB5_CONFIG", krb5_conf.as_path()),
        ("KRB5CCNAME", cache.as_path()),
    ];

    assert_eq!(devices(&sealed, &["kerberos", "", ""], &ticket), "60");
    assert_eq!(sealed.stats().count("kerberos"), 1);
}
