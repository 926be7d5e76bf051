//! Token requests against oidc-provider.

use easgate_intune::{Credential, EntraTokens, GraphConfig, TokenError, TokenSource};

use super::peer::{Peer, packages};
use super::{TENANT, config, timing};

const CERTIFICATE: &str = include_str!("../../../crates/easgate-intune/testdata/app.cert.pem");
const KEY: &str = include_str!("../../../crates/easgate-intune/testdata/app.key.pem");
const OTHER_CERTIFICATE: &str = include_str!("../../../crates/easgate-intune/testdata/other.cert.pem");
const OTHER_KEY: &str = include_str!("../../../crates/easgate-intune/testdata/other.key.pem");
const SECRET: &str = "not-a-real-secret~for-loopback-tests-only";

/// What the provider answers: `token`, or its OAuth error.
async fn asked(config: &GraphConfig) -> String {
    let tokens = EntraTokens::new(config, timing()).unwrap();
    match tokens.token().await {
        Ok(first) => {
            // A second request must carry a new assertion: the provider takes none twice.
            tokens.invalidate(&first).await;
            tokens.token().await.unwrap();
            "token".to_owned()
        }
        Err(TokenError::Refused { refusal, .. }) => refusal.error,
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_openid_certified_provider_gives_and_refuses_tokens() {
    let Some(packages) = packages() else { return };
    let folder = tempfile::tempdir().unwrap();
    let certificate = folder.path().join("app.pem");
    std::fs::write(&certificate, CERTIFICATE).unwrap();
    let arguments = [TENANT, SECRET, certificate.to_str().unwrap()];
    let provider = Peer::script(&packages, "oidc.mjs", &arguments).await;
    let secret = |text: &str| Credential::Secret(text.into());
    let signed = |certificate: &str, key: &str| Credential::Certificate {
        certificate: certificate.to_owned(),
        private_key: key.into(),
    };
    for (client, tenant, credential, expected) in [
        ("with-secret", TENANT, secret(SECRET), "token"),
        ("with-secret", TENANT, secret("wrong"), "invalid_client"),
        ("with-secret", TENANT, signed(CERTIFICATE, KEY), "invalid_client"),
        ("with-certificate", TENANT, signed(CERTIFICATE, KEY), "token"),
        (
            "with-certificate",
            TENANT,
            signed(OTHER_CERTIFICATE, OTHER_KEY),
            "invalid_client",
        ),
        ("with-certificate", TENANT, secret(SECRET), "invalid_client"),
        ("nobody", TENANT, secret(SECRET), "invalid_client"),
        (
            "with-secret",
            "another.example",
            secret(SECRET),
            "invalid_request",
        ),
    ] {
        let mut config = config(&provider.root);
        client.clone_into(&mut config.client_id);
        tenant.clone_into(&mut config.tenant);
        config.credential = credential;
        assert_eq!(
            asked(&config).await,
            expected,
            "{client} {tenant} {:?}",
            config.credential
        );
    }
    // The scope of another cloud is refused.
    let mut config = config(&provider.root);
    config.credential = secret(SECRET);
    config.cloud = easgate_intune::Cloud::China;
    assert_eq!(asked(&config).await, "invalid_scope");
    provider.stop().await;
}
