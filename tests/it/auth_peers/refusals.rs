//! What is refused, and how that is told.

use easgate_cmdlet::{Authentication, AuthenticationError, Config, InvokeError, KerberosLogon};
use expect_test::expect;

use super::apache::{Apache, Site};
use super::client::{chain, config, devices, kerberos, logon, ntlm};
use super::held::free_port;
use super::kdc::Kdc;
use super::sealed::{Options, Sealed};
use super::{PASSWORD, installed};

/// Why the log-on failed.
pub(super) fn cause(error: &InvokeError) -> &AuthenticationError {
    if let InvokeError::Setup { source, .. } = error {
        return cause(source);
    }
    let InvokeError::Authentication { source, .. } = error else {
        panic!("{error:?}")
    };
    source
}

#[tokio::test]
async fn the_domain_controllers_reasons_are_told() {
    if !installed() {
        return;
    }
    let kdc = Kdc::example();
    let sealed = Sealed::start(&kdc.krb5_conf(), &kdc.keytab(), &Options::default());
    let mut table = String::new();
    let unknown_service = KerberosLogon {
        spn: Some("HTTP/alias.example.test".to_owned()),
        ..logon(&kdc.address(), r"EXAMPLE.TEST\alice", PASSWORD)
    };
    let nobody = format!("127.0.0.1:{}", free_port());
    let logons = [
        logon(&kdc.address(), r"EXAMPLE.TEST\alice", "wrong"),
        logon(&kdc.address(), r"EXAMPLE.TEST\nobody", PASSWORD),
        logon(&kdc.address(), r"EXAMPLE.TEST\locked", PASSWORD),
        logon(&kdc.address(), r"EXAMPLE.TEST\expired", PASSWORD),
        unknown_service,
        logon(&nobody, r"EXAMPLE.TEST\alice", PASSWORD),
    ];
    for logon in logons {
        for way in [
            Authentication::Kerberos(logon.clone()),
            Authentication::Negotiate(logon),
        ] {
            let error = devices(config(&sealed.url, way)).await.unwrap_err();
            let refused = cause(&error).is_refused_credential();
            assert!(!error.sent(), "{error:?}");
            table += &format!("{} (refused {refused})\n", chain(&error));
        }
    }
    expect![[r#"
        could not log on to http://localhost:PORT/PowerShell to run Get-MobileDevice: the domain controller refused the password of EXAMPLE.TEST\alice, or the account has no AES-256 key (refused true)
        could not log on to http://localhost:PORT/PowerShell to run Get-MobileDevice: the domain controller refused the password of EXAMPLE.TEST\alice, or the account has no AES-256 key (refused true)
        could not log on to http://localhost:PORT/PowerShell to run Get-MobileDevice: the domain controller does not know the account EXAMPLE.TEST\nobody (refused true)
        could not log on to http://localhost:PORT/PowerShell to run Get-MobileDevice: the domain controller does not know the account EXAMPLE.TEST\nobody (refused true)
        could not log on to http://localhost:PORT/PowerShell to run Get-MobileDevice: the account EXAMPLE.TEST\locked is locked or disabled (refused true)
        could not log on to http://localhost:PORT/PowerShell to run Get-MobileDevice: the account EXAMPLE.TEST\locked is locked or disabled (refused true)
        could not log on to http://localhost:PORT/PowerShell to run Get-MobileDevice: the password of EXAMPLE.TEST\expired has expired (refused true)
        could not log on to http://localhost:PORT/PowerShell to run Get-MobileDevice: the password of EXAMPLE.TEST\expired has expired (refused true)
        could not log on to http://localhost:PORT/PowerShell to run Get-MobileDevice: the domain controller does not know the service HTTP/alias.example.test (refused false)
        could not log on to http://localhost:PORT/PowerShell to run Get-MobileDevice: the domain controller does not know the service HTTP/alias.example.test (refused false)
        could not log on to http://localhost:PORT/PowerShell to run Get-MobileDevice: no domain controller answers (127.0.0.1:PORT: Connection refused (os error 111)) (refused false)
        could not log on to http://localhost:PORT/PowerShell to run Get-MobileDevice: no domain controller answers (127.0.0.1:PORT: Connection refused (os error 111)) (refused false)
    "#]].assert_eq(&table);
    // Nothing was tried by another way.
    let stats = sealed.stats();
    assert_eq!(
        (stats.count("ntlm"), stats.count("kerberos")),
        (0, 0),
        "{stats:?}"
    );
    assert_eq!(
        (stats.count("refused"), stats.count("messages")),
        (0, 0),
        "{stats:?}"
    );
}

#[tokio::test]
async fn a_wrong_password_is_tried_once() {
    if !installed() {
        return;
    }
    let kdc = Kdc::example();
    let sealed = Sealed::start(&kdc.krb5_conf(), &kdc.keytab(), &Options::default());
    let way = kerberos(&kdc.address(), r"EXAMPLE.TEST\alice", "wrong");
    devices(config(&sealed.url, way)).await.unwrap_err();
    assert_eq!(kdc.log().matches("PREAUTH_FAILED").count(), 1, "{}", kdc.log());

    let config = Config {
        danger_allow_ntlm_without_channel_binding: true,
        ..config(&sealed.url, ntlm(r"EXAMPLE\alice", "wrong"))
    };
    let error = devices(config).await.unwrap_err();
    assert!(
        matches!(cause(&error), AuthenticationError::CredentialRefused { .. }),
        "{error:?}"
    );
    assert_eq!(sealed.stats().count("refused"), 1, "{:?}", sealed.stats());
}

#[tokio::test]
async fn a_ticket_that_the_server_cannot_read_is_told_from_a_password() {
    if !installed() {
        return;
    }
    // The acceptor has the keys of another realm of the same name: its account's password was changed.
    let (kdc, stale) = (Kdc::example(), Kdc::example());
    let sealed = Sealed::start(&kdc.krb5_conf(), &stale.keytab(), &Options::default());
    let way = kerberos(&kdc.address(), r"EXAMPLE.TEST\alice", PASSWORD);
    let error = devices(config(&sealed.url, way)).await.unwrap_err();
    assert!(
        matches!(cause(&error), AuthenticationError::TicketRefused { .. }),
        "{error:?}"
    );
    assert!(!error.is_refused_credential());
}

#[tokio::test]
async fn what_is_not_offered_is_named() {
    if !installed() {
        return;
    }
    let kdc = Kdc::example();
    let apache = Apache::start(&kdc);
    let kerberos = kerberos(&kdc.address(), r"EXAMPLE.TEST\alice", PASSWORD);
    let config = Config {
        ca_file: Some(apache.certificates.authority()),
        ..config(&apache.url(Site::Https, "/basic/powershell"), kerberos)
    };
    let error = devices(config).await.unwrap_err();
    expect!["could not log on to https://localhost:PORT/basic/powershell to run Get-MobileDevice: the server does not offer Kerberos (it offers Basic)"].assert_eq(&chain(&error));
}

#[tokio::test]
async fn a_server_that_forgets_the_connection_is_told() {
    if !installed() {
        return;
    }
    let kdc = Kdc::example();
    let apache = Apache::start(&kdc);
    let kerberos = kerberos(&kdc.address(), r"EXAMPLE.TEST\alice", PASSWORD);
    let config = Config {
        ca_file: Some(apache.certificates.authority()),
        ..config(&apache.url(Site::Https, "/ticket/powershell"), kerberos)
    };
    let error = devices(config).await.unwrap_err();
    assert!(
        matches!(cause(&error), AuthenticationError::Forgotten),
        "{error:?}"
    );
    let requests = apache.requests();
    assert!(requests.lines().count() < 12, "{requests}");
}
