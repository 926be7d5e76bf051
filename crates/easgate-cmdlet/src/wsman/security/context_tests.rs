//! Log-on and sealed messages against the library's own server side.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use secrecy::SecretString;
use sspi::ntlm::NtlmConfig;
use sspi::{
    AuthIdentity, BufferType, CredentialUse, DataRepresentation, EncryptionFlags, Ntlm, SecurityBuffer,
    SecurityBufferRef, SecurityStatus, ServerRequestFlags, Sspi as _, SspiImpl as _, Username,
};

use super::context::{Account, SecurityContext};
use super::envelope::{self, Sealed};
use super::kdc::Kdcs;
use super::{Scheme, SealError, Security};

/// The server of one NTLM log-on.
struct Server {
    sspi: Ntlm,
    credentials: Option<sspi::AuthIdentityBuffers>,
}

impl Server {
    fn new(password: &str) -> Self {
        let mut sspi = Ntlm::with_config(NtlmConfig::new("EX1".to_owned()));
        let identity = AuthIdentity {
            username: Username::parse(r"CONTOSO\ana").unwrap(),
            password: password.to_owned().into(),
        };
        let credentials = sspi
            .acquire_credentials_handle()
            .with_credential_use(CredentialUse::Inbound)
            .with_auth_data(&identity)
            .execute(&mut sspi)
            .unwrap()
            .credentials_handle;
        Self { sspi, credentials }
    }

    fn step(&mut self, token: &[u8]) -> Vec<u8> {
        let mut input = [SecurityBuffer::new(token.to_vec(), BufferType::Token)];
        let mut output = vec![SecurityBuffer::new(Vec::new(), BufferType::Token)];
        let builder = self
            .sspi
            .accept_security_context()
            .with_credentials_handle(&mut self.credentials)
            .with_context_requirements(ServerRequestFlags::CONFIDENTIALITY | ServerRequestFlags::INTEGRITY)
            .with_target_data_representation(DataRepresentation::Native)
            .with_input(&mut input)
            .with_output(&mut output);
        let status = self
            .sspi
            .accept_security_context_impl(builder)
            .unwrap()
            .resolve_to_result()
            .unwrap()
            .status;
        if status == SecurityStatus::CompleteNeeded {
            self.sspi.complete_auth_token(&mut output).unwrap();
        }
        output.remove(0).buffer
    }

    fn seal(&mut self, plain: &str) -> Vec<u8> {
        let (mut token, mut data) = (vec![0; 16], plain.as_bytes().to_vec());
        let mut buffers = [
            SecurityBufferRef::token_buf(&mut token),
            SecurityBufferRef::data_buf(&mut data),
        ];
        self.sspi
            .encrypt_message(EncryptionFlags::empty(), &mut buffers)
            .unwrap();
        let sealed = Sealed {
            token: &token,
            data: &data,
            plain_len: plain.len(),
        };
        envelope::wrap("application/HTTP-SPNEGO-session-encrypted", &sealed)
    }

    fn unseal(&mut self, body: &[u8]) -> String {
        let sealed = envelope::unwrap(body).unwrap();
        let (mut token, mut data) = (sealed.token.to_vec(), sealed.data.to_vec());
        let mut buffers = [
            SecurityBufferRef::token_buf(&mut token),
            SecurityBufferRef::data_buf(&mut data),
        ];
        self.sspi.decrypt_message(&mut buffers).unwrap();
        String::from_utf8(data).unwrap()
    }
}

fn client() -> SecurityContext {
    let account = Account {
        username: r"CONTOSO\ana",
        spn: "HTTP/ex1.contoso.example",
        kdcs: &Arc::new(Kdcs::new(Vec::new())),
    };
    SecurityContext::new(Scheme::Ntlm, &account, &SecretString::from("Päss-wörd€1"), None).unwrap()
}

/// Both sides after a log-on.
async fn logged_on() -> (SecurityContext, Server) {
    let (mut client, mut server) = (client(), Server::new("Päss-wörd€1"));
    let first = client.step(&[]).await.unwrap();
    assert!(!client.is_done());
    let challenge = server.step(&first);
    let last = client.step(&challenge).await.unwrap();
    assert!(client.is_done());
    client.check_mechanism().unwrap();
    server.step(&last);
    (client, server)
}

#[tokio::test]
async fn messages_are_sealed_both_ways() {
    let (mut client, mut server) = logged_on().await;
    for text in ["", "<soap/>", &"ä".repeat(40_000)] {
        let request = client.seal(text.as_bytes()).unwrap();
        assert!(text.is_empty() || !request.windows(text.len()).any(|part| part == text.as_bytes()));
        assert_eq!(server.unseal(&request), text);
        assert_eq!(client.unseal(&server.seal(text)).unwrap(), text.as_bytes());
    }
}

#[tokio::test]
async fn a_message_that_was_changed_or_repeated_breaks_the_context() {
    let (mut client, mut server) = logged_on().await;
    let good = server.seal("<soap/>");
    assert_eq!(client.unseal(&good).unwrap(), b"<soap/>");
    assert!(
        matches!(client.unseal(&good), Err(SealError::Crypto(_))),
        "repeated"
    );
    assert!(matches!(client.seal(b"<soap/>"), Err(SealError::Broken)));

    let (mut client, mut server) = logged_on().await;
    let mut changed = server.seal("<soap/>");
    let at = changed.len() - 30;
    changed[at] ^= 1;
    assert!(client.unseal(&changed).is_err());
    assert!(matches!(
        client.unseal(&server.seal("<soap/>")),
        Err(SealError::Broken)
    ));
}

#[tokio::test]
async fn nothing_is_sealed_before_the_log_on() {
    let mut client = client();
    assert!(matches!(client.seal(b"<soap/>"), Err(SealError::Broken)));
}

#[tokio::test]
async fn what_a_server_sends_in_place_of_a_token_does_not_panic() {
    for token in [&b"garbage"[..], b"NTLMSSP\0\x02\0\0\0", &[0x60; 100], &[0xff; 3]] {
        let mut client = client();
        client.step(&[]).await.unwrap();
        assert!(client.step(token).await.is_err(), "{token:?}");
        assert!(client.step(token).await.is_err(), "a broken context stays broken");
    }
}

/// Only the status of an answer that is not sealed may be used.
#[tokio::test]
async fn a_sealed_connection_reads_no_unsealed_body() {
    let (client, _server) = logged_on().await;
    let mut security = Security::Sealed(Box::new(client));
    assert!(!format!("{security:?}").contains("Päss"));
    assert_eq!(security.authorization(), None);
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/soap+xml"),
    );
    let soap = b"<s:Envelope/>".to_vec();
    let failed = security.unseal(StatusCode::INTERNAL_SERVER_ERROR, &headers, soap.clone());
    assert_eq!(failed.unwrap(), b"");
    let served = security.unseal(StatusCode::OK, &headers, soap);
    assert!(matches!(served, Err(SealError::Unsealed)));
}

#[test]
fn neither_account_nor_password_print() {
    assert_eq!(
        format!("{:?}", client()),
        "SecurityContext { scheme: Ntlm, spn: \"HTTP/ex1.contoso.example\", done: false, broken: false, .. }"
    );
}
