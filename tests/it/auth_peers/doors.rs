//! Every way in, through doors that are not ours.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use easgate_cmdlet::{
    Authentication, CmdletTransport as _, Command, Config, KerberosLogon, Secret, WsmanTransport,
};

use super::apache::{Apache, Site};
use super::client::{basic, config, devices, kerberos, logon, ntlm, objects};
use super::held::free_port;
use super::kdc::Kdc;
use super::samba::Samba;
use super::sealed::{Options, Sealed, Stats};
use super::{PASSWORD, UMLAUTS, installed};

/// What must hold of every sealed conversation.
fn check_sealed(stats: &Stats, mechanism: &str, other: &str) {
    assert!(stats.count(mechanism) > 0, "{stats:?}");
    assert_eq!(stats.count(other), 0, "{stats:?}");
    assert!(stats.count("sealed") > 5, "{stats:?}");
    assert_eq!(stats.count("sealed"), stats.count("messages"), "{stats:?}");
    for never in [
        "not sealed",
        "not unsealed",
        "wrong length",
        "repeated",
        "refused",
        "415",
    ] {
        assert_eq!(stats.count(never), 0, "{never}: {stats:?}");
    }
    // One log-on a connection.
    assert!(stats.count(mechanism) <= stats.count("connections"), "{stats:?}");
}

#[tokio::test]
async fn kerberos_is_sealed_over_http() {
    if !installed() {
        return;
    }
    let kdc = Kdc::example();
    for (user, password) in [("alice", PASSWORD), ("bob", UMLAUTS)] {
        let sealed = Sealed::start(&kdc.krb5_conf(), &kdc.keytab(), &Options::default());
        let name = format!(r"EXAMPLE.TEST\{user}");
        let config = config(&sealed.url, kerberos(&kdc.address(), &name, password));
        assert_eq!(devices(config).await.unwrap(), 60);
        check_sealed(&sealed.stats(), "kerberos", "ntlm");
        assert_eq!(sealed.upstream_stats()["open"], 0);
        assert_eq!(sealed.upstream_stats()["violations"], serde_json::json!([]));
    }
}

#[tokio::test]
async fn kerberos_goes_by_negotiate_where_nothing_else_is_offered() {
    if !installed() {
        return;
    }
    let kdc = Kdc::example();
    let options = Options {
        schemes: Some("Negotiate"),
        ..Options::default()
    };
    let sealed = Sealed::start(&kdc.krb5_conf(), &kdc.keytab(), &options);
    let logon = logon(&kdc.address(), r"EXAMPLE.TEST\alice", PASSWORD);
    for way in [
        Authentication::Kerberos(logon.clone()),
        Authentication::Negotiate(logon),
    ] {
        assert_eq!(devices(config(&sealed.url, way)).await.unwrap(), 60);
    }
    check_sealed(&sealed.stats(), "kerberos", "ntlm");
}

#[tokio::test]
async fn ntlm_is_sealed_over_http_where_that_is_allowed() {
    if !installed() {
        return;
    }
    let kdc = Kdc::example();
    let sealed = Sealed::start(&kdc.krb5_conf(), &kdc.keytab(), &Options::default());
    for (user, password) in [(r"EXAMPLE\alice", PASSWORD), (r"EXAMPLE\bob", UMLAUTS)] {
        let config = Config {
            danger_allow_ntlm_without_channel_binding: true,
            ..config(&sealed.url, ntlm(user, password))
        };
        assert_eq!(devices(config).await.unwrap(), 60);
    }
    check_sealed(&sealed.stats(), "ntlm", "kerberos");
}

#[tokio::test]
async fn ntlm_over_https_is_bound_to_the_certificate() {
    if !installed() {
        return;
    }
    let kdc = Kdc::example();
    for digest in ["sha256", "sha384"] {
        let options = Options {
            digest: Some(digest),
            ..Options::default()
        };
        let sealed = Sealed::start(&kdc.krb5_conf(), &kdc.keytab(), &options);
        let config = Config {
            ca_file: Some(sealed.certificates().authority()),
            ..config(&sealed.url, ntlm("alice@example.test", PASSWORD))
        };
        assert_eq!(devices(config).await.unwrap(), 60, "{digest}");
        let stats = sealed.stats();
        assert!(stats.count("ntlm") > 0, "{stats:?}");
        assert_eq!(
            (stats.count("refused"), stats.count("repeated")),
            (0, 0),
            "{stats:?}"
        );
    }
}

#[tokio::test]
async fn kerberos_and_basic_go_over_https() {
    if !installed() {
        return;
    }
    let kdc = Kdc::example();
    let apache = Apache::start(&kdc);
    let kerberos = kerberos(&kdc.address(), r"EXAMPLE.TEST\alice", PASSWORD);
    let doors = [
        ("/connection/powershell", kerberos),
        ("/basic/powershell", basic("bob", UMLAUTS)),
    ];
    for (path, way) in doors {
        let config = Config {
            ca_file: Some(apache.certificates.authority()),
            ..config(&apache.url(Site::Https, path), way)
        };
        let found = devices(config).await;
        assert_eq!(
            found.unwrap_or_else(|error| panic!("{error:?}: {}", apache.errors())),
            60,
            "{path}"
        );
    }
    assert_eq!(apache.upstream_stats()["open"], 0);
}

#[tokio::test]
async fn a_domain_controller_takes_both_forms_of_a_name() {
    if !installed() {
        return;
    }
    let samba = Samba::start();
    let sealed = Sealed::start(&samba.krb5_conf(), &samba.keytab(), &Options::default());
    for name in ["bob@example.test", r"EXAMPLE\bob", "BOB@Example.Test"] {
        let config = config(&sealed.url, kerberos(&samba.address(), name, UMLAUTS));
        assert_eq!(devices(config).await.unwrap(), 60, "{name}");
    }
    check_sealed(&sealed.stats(), "kerberos", "ntlm");
}

#[tokio::test]
async fn kerberos_asks_the_next_domain_controller() {
    if !installed() {
        return;
    }
    let kdc = Kdc::example();
    let sealed = Sealed::start(&kdc.krb5_conf(), &kdc.keytab(), &Options::default());
    let mut logon = logon(&kdc.address(), r"EXAMPLE.TEST\alice", PASSWORD);
    let nobody = format!("127.0.0.1:{}", free_port());
    logon.kdc.insert(0, nobody.parse().unwrap());
    let config = config(&sealed.url, Authentication::Kerberos(logon));
    assert_eq!(devices(config).await.unwrap(), 60);
    check_sealed(&sealed.stats(), "kerberos", "ntlm");
}

#[tokio::test]
async fn a_changed_password_is_read_at_the_next_log_on() {
    if !installed() {
        return;
    }
    let kdc = Kdc::example();
    let options = Options {
        idle: Some(1.0),
        ..Options::default()
    };
    let sealed = Sealed::start(&kdc.krb5_conf(), &kdc.keytab(), &options);
    let current = Arc::new(Mutex::new(PASSWORD));
    let shared = Arc::clone(&current);
    let logon = KerberosLogon {
        password: Secret::from_fn(move || Ok((*shared.lock().unwrap()).into())),
        ..logon(&kdc.address(), r"EXAMPLE.TEST\alice", "")
    };
    let config = config(&sealed.url, Authentication::Kerberos(logon));
    let transport = WsmanTransport::new(config).unwrap();
    let count = || Command::new("Test-Count").with("Count", 2);
    assert_eq!(objects(&transport, count()).await.unwrap(), 2);
    let before = sealed.stats().count("kerberos");

    kdc.change_password("alice", "An0ther!");
    *current.lock().unwrap() = "An0ther!";
    // The server has closed every connection by then.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    assert_eq!(objects(&transport, count()).await.unwrap(), 2);
    transport.close().await;
    let stats = sealed.stats();
    assert!(stats.count("kerberos") > before, "{stats:?}");
    assert!(!kdc.log().contains("PREAUTH_FAILED"), "{}", kdc.log());
    assert_eq!(sealed.upstream_stats()["Create"], 1);
}

#[tokio::test]
async fn kerberos_goes_to_an_acceptor_that_binds_to_its_certificate() {
    if !installed() {
        return;
    }
    let kdc = Kdc::example();
    let options = Options {
        digest: Some("sha256"),
        ..Options::default()
    };
    let sealed = Sealed::start(&kdc.krb5_conf(), &kdc.keytab(), &options);
    let config = Config {
        ca_file: Some(sealed.certificates().authority()),
        ..config(
            &sealed.url,
            kerberos(&kdc.address(), r"EXAMPLE.TEST\alice", PASSWORD),
        )
    };
    assert_eq!(devices(config).await.unwrap(), 60);
    let stats = sealed.stats();
    assert_eq!((stats.count("refused"), stats.count("ntlm")), (0, 0), "{stats:?}");
}
