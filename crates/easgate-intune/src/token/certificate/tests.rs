use time::macros::datetime;

use super::*;

const CERTIFICATE: &str = include_str!("../../../testdata/app.cert.pem");
const OTHER: &str = include_str!("../../../testdata/other.cert.pem");
const PKCS8: &str = include_str!("../../../testdata/app.key.pem");
const PKCS1: &str = include_str!("../../../testdata/app.pkcs1.key.pem");

#[test]
fn certificate_and_key_must_belong_together() {
    for (certificate, key, expected) in [
        (CERTIFICATE, PKCS8, None),
        (CERTIFICATE, PKCS1, None),
        (OTHER, PKCS8, Some(CertificateError::NotAPair)),
        (CERTIFICATE, CERTIFICATE, Some(CertificateError::Key)),
        (CERTIFICATE, "", Some(CertificateError::Key)),
        (PKCS8, PKCS8, Some(CertificateError::Certificate)),
        ("", PKCS8, Some(CertificateError::Certificate)),
        (
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
            PKCS8,
            Some(CertificateError::Certificate),
        ),
    ] {
        assert_eq!(SigningCertificate::new(certificate, &key.into()).err(), expected);
    }
}

#[test]
fn of_a_chain_with_comments_the_first_certificate_counts() {
    let chain = format!("subject=CN = app\n{CERTIFICATE}\nsubject=CN = other\n{OTHER}");
    let found = SigningCertificate::new(&chain, &PKCS8.into()).unwrap();
    assert_eq!(
        found.thumbprint(),
        SigningCertificate::new(CERTIFICATE, &PKCS8.into())
            .unwrap()
            .thumbprint()
    );
    assert!(found.not_after() > datetime!(2100-01-01 0:00 UTC));
}

#[test]
fn the_assertion_says_what_entra_asks_for() {
    let certificate = SigningCertificate::new(CERTIFICATE, &PKCS8.into()).unwrap();
    let now = datetime!(2026-11-22 20:00 UTC);
    let endpoint = "https://login.microsoftonline.com/t/oauth2/v2.0/token";
    let assertion = certificate.assertion(endpoint, "app", now, Uuid::nil()).unwrap();
    let header = jsonwebtoken::decode_header(assertion.expose_secret()).unwrap();
    assert_eq!(
        (header.alg, header.typ.as_deref()),
        (Algorithm::PS256, Some("JWT"))
    );
    assert_eq!(header.x5t_s256.as_deref(), Some(certificate.thumbprint()));
    let body = assertion.expose_secret().split('.').nth(1).unwrap();
    let claims: serde_json::Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode_to_vec(body).unwrap()).unwrap();
    let now = now.unix_timestamp();
    assert_eq!(
        claims,
        serde_json::json!({"aud": endpoint, "iss": "app", "sub": "app", "jti": Uuid::nil(),
            "nbf": now - 120, "iat": now - 120, "exp": now + 480})
    );
}

#[test]
fn the_key_never_prints() {
    let certificate = SigningCertificate::new(CERTIFICATE, &PKCS8.into()).unwrap();
    let shown = format!("{certificate:?}");
    assert!(shown.starts_with("SigningCertificate { thumbprint: "), "{shown}");
    assert!(shown.len() < 200, "{shown}");
}
