//! The library for user names and passwords: NTLM and Kerberos without anything of the system.
//!
//! It checks little of what it reads and may panic on it, so its calls are made under a guard.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use sspi::credssp::SspiContext;
use sspi::generator::GeneratorState;
use sspi::ntlm::NtlmConfig;
use sspi::{
    AuthIdentity, BufferType, ClientRequestFlags, CredentialUse, Credentials, CredentialsBuffers,
    DataRepresentation, EncryptionFlags, ErrorKind, KdcResolution, Kerberos, KerberosConfig, Negotiate,
    NegotiateConfig, Ntlm, SecurityBuffer, SecurityBufferRef, SecurityStatus, Sspi as _, SspiImpl as _,
    Username,
};

use super::super::failure::KDC_MARK;
use super::super::kdc::Kdcs;
use super::super::scheme::{Mechanism, Scheme};
use super::{Encrypted, Stepped};

/// The name under which we appear in NTLM messages.
const COMPUTER: &str = "EASGATE";

/// A log-on with a password.
pub(super) struct PasswordLibrary {
    sspi: SspiContext,
    credentials: Option<CredentialsBuffers>,
    spn: String,
    kdcs: Arc<Kdcs>,
    /// Given with every step from the first on.
    bindings: Option<Vec<u8>>,
}

impl PasswordLibrary {
    /// Begins a log-on; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// The library's text.
    pub(super) fn new(
        scheme: Scheme,
        username: &str,
        password: &SecretString,
        spn: &str,
        kdcs: &Arc<Kdcs>,
        bindings: Option<Vec<u8>>,
    ) -> Result<Self, String> {
        let failed = |error: sspi::Error| error.to_string();
        let identity = Credentials::AuthIdentity(AuthIdentity {
            username: Username::parse(username)
                .map_err(|error| format!("the user name {username} cannot be read: {error}"))?,
            password: password.expose_secret().to_owned().into(),
        });
        let mut sspi = library_context(scheme, kdcs).map_err(failed)?;
        let credentials = sspi
            .acquire_credentials_handle()
            .with_credential_use(CredentialUse::Outbound)
            .with_auth_data(&identity)
            .execute(&mut sspi)
            .map_err(failed)?
            .credentials_handle;
        Ok(Self {
            sspi,
            credentials,
            spn: spn.to_owned(),
            kdcs: Arc::clone(kdcs),
            bindings,
        })
    }

    /// The mechanism that was really used.
    pub(super) fn mechanism(&self) -> &str {
        match &self.sspi {
            SspiContext::Negotiate(negotiate) => negotiate.negotiated_protocol().protocol_name(),
            other @ (SspiContext::Ntlm(_) | SspiContext::Kerberos(_) | SspiContext::Pku2u(_)) => {
                other.package_name()
            }
        }
    }

    /// Takes the server's token, which is empty at first, and gives the one to send.
    ///
    /// # Errors
    ///
    /// The library's text.
    pub(super) async fn step(&mut self, token: &[u8]) -> Result<Stepped, String> {
        let (status, token) = self.run(token).await?;
        match status {
            SecurityStatus::Ok | SecurityStatus::CompleteNeeded => Ok(Stepped { token, done: true }),
            SecurityStatus::ContinueNeeded | SecurityStatus::CompleteAndContinue => {
                Ok(Stepped { token, done: false })
            }
            other @ (SecurityStatus::LocalLogon
            | SecurityStatus::ContextExpired
            | SecurityStatus::IncompleteCredentials
            | SecurityStatus::Renegotiate
            | SecurityStatus::NoLsaContext) => Err(format!("unexpected status {other:?}")),
        }
    }

    /// Drives the library's generator, which asks for what the domain controllers say.
    async fn run(&mut self, token: &[u8]) -> Result<(SecurityStatus, Vec<u8>), String> {
        let mut input = vec![SecurityBuffer::new(token.to_vec(), BufferType::Token)];
        if let Some(bindings) = &self.bindings {
            input.push(SecurityBuffer::new(bindings.clone(), BufferType::ChannelBindings));
        }
        let mut output = vec![SecurityBuffer::new(Vec::new(), BufferType::Token)];
        let status = {
            let mut builder = self
                .sspi
                .initialize_security_context()
                .with_credentials_handle(&mut self.credentials)
                .with_context_requirements(
                    ClientRequestFlags::MUTUAL_AUTH
                        | ClientRequestFlags::CONFIDENTIALITY
                        | ClientRequestFlags::INTEGRITY
                        | ClientRequestFlags::REPLAY_DETECT
                        | ClientRequestFlags::SEQUENCE_DETECT,
                )
                .with_target_data_representation(DataRepresentation::Native)
                .with_target_name(&self.spn)
                .with_input(&mut input)
                .with_output(&mut output);
            let sspi = &mut self.sspi;
            let mut generator = guarded(|| sspi.initialize_security_context_impl(&mut builder))?;
            let mut state = guarded_value(|| generator.start())?;
            loop {
                match state {
                    GeneratorState::Suspended(request) => {
                        let reply = self.kdcs.ask(&request).await.map_err(|text| {
                            sspi::Error::new(
                                ErrorKind::NoAuthenticatingAuthority,
                                format!("{KDC_MARK}{text}"),
                            )
                        });
                        state = guarded_value(|| generator.resume(reply))?;
                    }
                    GeneratorState::Completed(outcome) => {
                        break outcome.map_err(|error| error.to_string())?.status;
                    }
                }
            }
        };
        if matches!(
            status,
            SecurityStatus::CompleteNeeded | SecurityStatus::CompleteAndContinue
        ) {
            let sspi = &mut self.sspi;
            guarded(|| sspi.complete_auth_token(&mut output))?;
        }
        let token = output.into_iter().next().map(|buffer| buffer.buffer);
        Ok((status, token.unwrap_or_default()))
    }

    /// Encrypts a message.
    ///
    /// # Errors
    ///
    /// The library's text.
    pub(super) fn encrypt(&mut self, plain: &[u8]) -> Result<Encrypted, String> {
        let sspi = &mut self.sspi;
        guarded(|| {
            let trailer = sspi.query_context_sizes()?.security_trailer;
            let mut token = vec![0; usize::try_from(trailer).unwrap_or(0)];
            let mut data = plain.to_vec();
            sspi.encrypt_message(
                EncryptionFlags::empty(),
                &mut [
                    SecurityBufferRef::token_buf(&mut token),
                    SecurityBufferRef::data_buf(&mut data),
                ],
            )?;
            Ok(Encrypted {
                token,
                data,
                length: plain.len(),
            })
        })
    }

    /// Decrypts a message whose form was checked.
    ///
    /// # Errors
    ///
    /// The library's text.
    pub(super) fn decrypt(&mut self, mut token: Vec<u8>, mut data: Vec<u8>) -> Result<Vec<u8>, String> {
        let sspi = &mut self.sspi;
        guarded(|| {
            let mut buffers = [
                SecurityBufferRef::token_buf(&mut token),
                SecurityBufferRef::data_buf(&mut data),
            ];
            sspi.decrypt_message(&mut buffers)?;
            Ok(SecurityBufferRef::buf_data(&buffers, BufferType::Data)?.to_vec())
        })
    }
}

fn library_context(scheme: Scheme, kdcs: &Kdcs) -> sspi::Result<SspiContext> {
    let kerberos = || KerberosConfig {
        kdc_resolution: KdcResolution::KdcUrl(kdcs.home()),
        client_computer_name: COMPUTER.to_owned(),
    };
    let ntlm = || NtlmConfig::new(COMPUTER.to_owned());
    Ok(match scheme {
        Scheme::Kerberos => SspiContext::Kerberos(Kerberos::new_client_from_config(kerberos())?),
        Scheme::Negotiate(Mechanism::Kerberos) => {
            SspiContext::Negotiate(Negotiate::new_client(NegotiateConfig::new(
                Box::new(kerberos()),
                Some("kerberos,!ntlm".to_owned()),
                COMPUTER.to_owned(),
            ))?)
        }
        Scheme::Negotiate(Mechanism::Ntlm) => {
            SspiContext::Negotiate(Negotiate::new_client(NegotiateConfig::new(
                Box::new(ntlm()),
                Some("ntlm,!kerberos".to_owned()),
                COMPUTER.to_owned(),
            ))?)
        }
        Scheme::Ntlm => SspiContext::Ntlm(Ntlm::with_config(ntlm())),
    })
}

/// Runs a call of the library; the error is its text.
fn guarded<T>(call: impl FnOnce() -> sspi::Result<T>) -> Result<T, String> {
    guarded_value(call)?.map_err(|error| error.to_string())
}

fn guarded_value<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call))
        .map_err(|_| "the security library gave up on what the server sent".to_owned())
}
