use easgate_simulator::tenant::{Fault, RetryAfter};
use futures::future::join_all;

use super::*;
use crate::TokenError;

const CERTIFICATE: &str = include_str!("../../../testdata/app.cert.pem");
const KEY: &str = include_str!("../../../testdata/app.key.pem");
const OTHER_CERTIFICATE: &str = include_str!("../../../testdata/other.cert.pem");
const OTHER_KEY: &str = include_str!("../../../testdata/other.key.pem");

fn certificate(certificate: &str, key: &str) -> Credential {
    Credential::Certificate {
        certificate: certificate.to_owned(),
        private_key: key.into(),
    }
}

#[tokio::test]
async fn a_certificate_gets_a_token_and_each_request_a_new_assertion() {
    let rig = rig(|config, served| {
        served.certificate = Some(CERTIFICATE.to_owned());
        config.credential = certificate(CERTIFICATE, KEY);
    })
    .await;
    rig.tenant
        .fail("/token", Fault::Unavailable(RetryAfter::Absent), 1);
    rig.graph.tenant_state().await.unwrap();
    rig.tenant.revoke_tokens();
    rig.graph.tenant_state().await.unwrap();
    assert_eq!(rig.tokens(), 3);
}

#[tokio::test]
async fn wrong_credentials_are_named_with_their_cure() {
    for (credential, client, number, cure) in [
        (
            Credential::Secret("wrong".into()),
            None,
            7_000_215,
            "check the client secret: its value is wanted, not its id",
        ),
        (
            Credential::Secret("x".into()),
            Some("other"),
            700_016,
            "check the client id, and that the application is in this tenant",
        ),
        (
            certificate(OTHER_CERTIFICATE, OTHER_KEY),
            None,
            700_027,
            "upload the certificate to the app registration, or renew it",
        ),
    ] {
        let rig = rig(|config, served| {
            served.certificate = Some(CERTIFICATE.to_owned());
            config.credential = credential;
            config.client_id = client.unwrap_or(&config.client_id).to_owned();
        })
        .await;
        let error = rig.graph.tenant_state().await.unwrap_err();
        let GraphError::Token {
            source: TokenError::Refused { refusal, .. },
        } = &error
        else {
            panic!("{error}")
        };
        assert_eq!(refusal.code, Some(number));
        assert!(refusal.trace_id.is_some());
        assert_eq!(error.cure(), cure);
        assert_eq!(rig.tokens(), 1, "not asked again");
    }
}

#[tokio::test]
async fn a_clock_that_is_off_is_told() {
    let rig = rig(|config, served| {
        served.certificate = Some(CERTIFICATE.to_owned());
        config.credential = certificate(CERTIFICATE, KEY);
    })
    .await;
    rig.pass(time::Duration::hours(-1));
    assert_eq!(
        rig.graph.tenant_state().await.unwrap_err().cure(),
        "set the clock of this machine"
    );
}

#[tokio::test]
async fn many_requests_ask_for_one_token() {
    let rig = plain_rig().await;
    let all = join_all((0..16).map(|_| rig.graph.tenant_state())).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(rig.tokens(), 1);
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let rig = plain_rig().await;
    rig.graph.tenant_state().await.unwrap();
    rig.tenant.revoke_tokens();
    rig.graph.tenant_state().await.unwrap();
    assert_eq!(rig.tokens(), 2);
    rig.tenant
        .fail("/deviceManagement", Fault::InvalidToken, usize::MAX);
    let error = rig.graph.tenant_state().await.unwrap_err();
    assert!(matches!(error, GraphError::TokenRefused { .. }), "{error}");
    assert_eq!(rig.tokens(), 3);
}

#[tokio::test]
async fn a_token_is_renewed_five_minutes_before_its_end() {
    let rig = plain_rig().await;
    let mut tokens = Vec::new();
    for minutes in [0, 54, 2] {
        rig.pass(time::Duration::minutes(minutes));
        rig.graph.tenant_state().await.unwrap();
        tokens.push(rig.tokens());
    }
    assert_eq!(tokens, [1, 1, 2]);
}

#[tokio::test]
async fn while_renewal_fails_the_old_token_is_used_to_its_end() {
    let rig = plain_rig().await;
    rig.graph.tenant_state().await.unwrap();
    rig.tenant.fail("/token", Fault::Status(400, "x"), usize::MAX);
    rig.pass(time::Duration::minutes(56));
    rig.graph.tenant_state().await.unwrap();
    rig.graph.tenant_state().await.unwrap();
    assert_eq!(rig.tokens(), 2, "asked again after a pause only");
    rig.pass(time::Duration::seconds(31));
    rig.graph.tenant_state().await.unwrap();
    assert_eq!(rig.tokens(), 3);
    rig.pass(time::Duration::minutes(5));
    assert!(matches!(
        rig.graph.tenant_state().await,
        Err(GraphError::Token { .. })
    ));
}

#[tokio::test]
async fn secrets_stay_out_of_debug_and_errors() {
    let rig = rig(|config, _| config.credential = Credential::Secret("hunter2-hunter2".into())).await;
    let error = rig.graph.tenant_state().await.unwrap_err();
    let config = GraphConfig::new(
        Cloud::China,
        "t",
        "c",
        Credential::Secret("hunter2-hunter2".into()),
    );
    let token = crate::AccessToken::new("hunter2-hunter2".into(), None);
    let source = crate::StaticToken::new("hunter2-hunter2".into());
    let shown = format!(
        "{error} {error:?} {:?} {config:?} {token:?} {source:?}",
        rig.graph
    );
    assert!(!shown.contains("hunter2"), "{shown}");
}
