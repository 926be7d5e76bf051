//! Client certificates as IIS asks for them, pins, and authorities.

use easgate_cmdlet::{Authentication, CertificatePin, ClientCertificate, Config, InvokeError};

use super::apache::{Apache, Site};
use super::certificates::PFX_PASSWORD;
use super::client::{basic, chain, config, devices, kerberos};
use super::kdc::Kdc;
use super::{PASSWORD, installed};

fn pem(apache: &Apache) -> ClientCertificate {
    let key = std::fs::read_to_string(apache.certificates.path("client.key")).expect("a file of ours");
    ClientCertificate::Pem {
        certificate: apache.certificates.path("client.pem"),
        private_key: key.into(),
    }
}

fn door(apache: &Apache, site: Site, path: &str, certificate: Option<ClientCertificate>) -> Config {
    let way = match certificate {
        Some(_) => Authentication::Certificate,
        None => basic("alice", PASSWORD),
    };
    Config {
        ca_file: Some(apache.certificates.authority()),
        client_certificate: certificate,
        ..config(&apache.url(site, path), way)
    }
}

#[tokio::test]
async fn a_certificate_is_given_by_renegotiation() {
    if !installed() {
        return;
    }
    let apache = Apache::start(&Kdc::example());
    let pfx = ClientCertificate::Pfx {
        file: apache.certificates.path("client.pfx"),
        password: PFX_PASSWORD.into(),
    };
    for certificate in [pem(&apache), pfx] {
        let door = door(
            &apache,
            Site::Renegotiating,
            "/required/powershell",
            Some(certificate),
        );
        assert_eq!(devices(door).await.unwrap(), 60);
    }
    let errors = apache.errors();
    assert!(
        errors.contains("Requesting connection re-negotiation"),
        "{errors}"
    );
    assert_eq!(apache.upstream_stats()["open"], 0);
    assert_eq!(apache.upstream_stats()["violations"], serde_json::json!([]));
}

#[tokio::test]
async fn a_server_that_asks_need_not_be_given_one() {
    if !installed() {
        return;
    }
    let apache = Apache::start(&Kdc::example());
    let without = door(&apache, Site::Renegotiating, "/optional/powershell", None);
    assert_eq!(devices(without).await.unwrap(), 60);
    let insists = door(&apache, Site::Renegotiating, "/required/powershell", None);
    let error = devices(insists).await.unwrap_err();
    let told = chain(&error);
    assert!(told.contains("handshake failure"), "{told}");
    // Nobody was refused: the server wants something besides the account.
    assert!(!error.is_refused_credential(), "{told}");
    assert_eq!(apache.upstream_stats()["open"], 0);
}

#[tokio::test]
async fn a_server_with_tls_1_3_only_is_explained() {
    if !installed() {
        return;
    }
    let apache = Apache::start(&Kdc::example());
    let tls13 = door(&apache, Site::Tls13, "/required/powershell", Some(pem(&apache)));
    let error = devices(tls13).await.unwrap_err();
    let told = chain(&error);
    assert!(told.contains("alert protocol version"), "{told}");
    assert!(!error.sent() && !error.is_refused_credential(), "{told}");
    let InvokeError::Transport { source, .. } = &error else {
        panic!("{error:?}")
    };
    assert!(source.cure().contains("TLS 1.3"), "{}", source.cure());
}

#[tokio::test]
async fn a_certificate_of_an_unknown_authority_is_refused() {
    if !installed() {
        return;
    }
    let apache = Apache::start(&Kdc::example());
    let url = apache.url(Site::Https, "/basic/powershell");
    let error = devices(config(&url, basic("alice", PASSWORD))).await.unwrap_err();
    assert!(chain(&error).contains("certificate"), "{}", chain(&error));
    assert!(!error.sent());
}

#[tokio::test]
async fn a_pin_is_checked_before_anything_is_said() {
    if !installed() {
        return;
    }
    let kdc = Kdc::example();
    let apache = Apache::start(&kdc);
    let door = |path: &str, pin: CertificatePin, way| Config {
        pins: vec![pin],
        ca_file: Some(apache.certificates.authority()),
        ..config(&apache.url(Site::Https, path), way)
    };
    let kerberos = || kerberos(&kdc.address(), r"EXAMPLE.TEST\alice", PASSWORD);
    let right = apache.certificates.pin();
    for (path, way) in [
        ("/basic/powershell", basic("alice", PASSWORD)),
        ("/connection/powershell", kerberos()),
    ] {
        let found = devices(door(path, right, way.clone())).await;
        assert_eq!(found.unwrap(), 60, "{path}");
        let before = apache.requests().lines().count();
        let error = devices(door(path, CertificatePin::new([7; 32]), way))
            .await
            .unwrap_err();
        let told = chain(&error);
        assert!(told.contains("pinned"), "{path}: {told}");
        let after = apache.requests();
        let asked: Vec<&str> = after.lines().skip(before).collect();
        // What is asked before the certificate is known carries neither account nor command.
        assert!(asked.iter().all(|line| !line.contains(" 200 ")), "{asked:?}");
    }
}
