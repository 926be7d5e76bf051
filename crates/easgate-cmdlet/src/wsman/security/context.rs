//! Security contexts: everything that knows the security library.
//!
//! The library checks little of what it reads and may panic on it, so its calls are made under a guard: a context
//! in which one panicked or failed is broken, and so is its connection.

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

use super::envelope::{self, Malformed, Sealed};
use super::failure::{self, KDC_MARK, Who};
use super::kdc::Kdcs;
use super::scheme::{Mechanism, Scheme};
use crate::AuthenticationError;

/// The name under which we appear in NTLM messages.
const COMPUTER: &str = "EASGATE";

/// What a context begins with.
#[derive(Debug, Clone)]
pub(super) struct Account<'a> {
    pub(super) username: &'a str,
    pub(super) spn: &'a str,
    pub(super) kdcs: &'a Arc<Kdcs>,
}

/// A log-on of one connection, and its keys afterwards.
pub(in crate::wsman) struct SecurityContext {
    sspi: SspiContext,
    credentials: Option<CredentialsBuffers>,
    username: String,
    spn: String,
    kdcs: Arc<Kdcs>,
    scheme: Scheme,
    /// Given with every step from the first on.
    bindings: Option<Vec<u8>>,
    done: bool,
    broken: bool,
}

/// Why a message could not be sealed, or not be read; the connection cannot be used any longer.
#[derive(Debug, thiserror::Error)]
pub(in crate::wsman) enum SealError {
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error("the message cannot be sealed or unsealed: {0}")]
    Crypto(String),
    #[error("the answer was not sealed though the connection is")]
    Unsealed,
    #[error("the security context is broken")]
    Broken,
}

impl SecurityContext {
    /// Begins a log-on; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When the user name cannot be read.
    pub(super) fn new(
        scheme: Scheme,
        account: &Account<'_>,
        password: &SecretString,
        bindings: Option<Vec<u8>>,
    ) -> Result<Self, AuthenticationError> {
        let who = Who {
            username: account.username,
            spn: account.spn,
            mechanism: scheme.mechanism(),
        };
        let failed = |error: sspi::Error| failure::read(&error.to_string(), &who);
        let username = Username::parse(account.username).map_err(|error| AuthenticationError::Protocol {
            reason: format!("the user name {} cannot be read: {error}", account.username),
        })?;
        let identity = Credentials::AuthIdentity(AuthIdentity {
            username,
            password: password.expose_secret().to_owned().into(),
        });
        let mut sspi = library_context(scheme, account.kdcs).map_err(failed)?;
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
            username: account.username.to_owned(),
            spn: account.spn.to_owned(),
            kdcs: Arc::clone(account.kdcs),
            scheme,
            bindings,
            done: false,
            broken: false,
        })
    }

    pub(in crate::wsman) const fn scheme(&self) -> Scheme {
        self.scheme
    }

    pub(in crate::wsman) fn spn(&self) -> &str {
        &self.spn
    }

    pub(in crate::wsman) fn username(&self) -> &str {
        &self.username
    }

    /// Whether both sides have proved themselves, as far as we are concerned.
    pub(in crate::wsman) const fn is_done(&self) -> bool {
        self.done
    }

    /// Checks that the mechanism which was used is the one that was to be.
    pub(in crate::wsman) fn check_mechanism(&self) -> Result<(), AuthenticationError> {
        let used = match &self.sspi {
            SspiContext::Negotiate(negotiate) => negotiate.negotiated_protocol().protocol_name(),
            SspiContext::Kerberos(_) | SspiContext::Ntlm(_) | SspiContext::Pku2u(_) => {
                self.sspi.package_name()
            }
        };
        let wanted = self.scheme.mechanism().name();
        if used.eq_ignore_ascii_case(wanted) {
            Ok(())
        } else {
            let used = used.to_owned();
            Err(AuthenticationError::Mechanism { wanted, used })
        }
    }

    /// Takes the server's token (none at first) and gives the one to send, which may be empty at the end.
    ///
    /// # Errors
    ///
    /// When a domain controller refuses, or the token is not what it should be.
    pub(in crate::wsman) async fn step(&mut self, token: &[u8]) -> Result<Vec<u8>, AuthenticationError> {
        if self.broken {
            return Err(self.failure("the context is broken"));
        }
        self.broken = true;
        let (status, output) = self.run(token).await.map_err(|text| self.failure(&text))?;
        match status {
            SecurityStatus::Ok | SecurityStatus::CompleteNeeded => self.done = true,
            SecurityStatus::ContinueNeeded | SecurityStatus::CompleteAndContinue => {}
            other @ (SecurityStatus::LocalLogon
            | SecurityStatus::ContextExpired
            | SecurityStatus::IncompleteCredentials
            | SecurityStatus::Renegotiate
            | SecurityStatus::NoLsaContext) => {
                return Err(self.failure(&format!("unexpected status {other:?}")));
            }
        }
        self.broken = false;
        Ok(output)
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

    /// Seals a message and wraps it.
    ///
    /// # Errors
    ///
    /// The context is broken from then on.
    pub(in crate::wsman) fn seal(&mut self, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let protection = self.scheme.protection();
        let (token, data) = self.call(|sspi| {
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
            Ok((token, data))
        })?;
        let sealed = Sealed {
            token: &token,
            data: &data,
            plain_len: plain.len(),
        };
        Ok(envelope::wrap(protection, &sealed))
    }

    /// Unwraps a sealed message and reads it.
    ///
    /// # Errors
    ///
    /// The context is broken from then on, since its sequence of messages is.
    pub(in crate::wsman) fn unseal(&mut self, body: &[u8]) -> Result<Vec<u8>, SealError> {
        let sealed = envelope::unwrap(body).and_then(|sealed| {
            match self.scheme.mechanism() {
                Mechanism::Kerberos => envelope::check_kerberos(&sealed)?,
                Mechanism::Ntlm => envelope::check_ntlm(&sealed)?,
            }
            Ok(sealed)
        });
        let sealed = match sealed {
            Ok(sealed) => sealed,
            Err(error) => {
                self.broken = true;
                return Err(error.into());
            }
        };
        let (mut token, mut data) = (sealed.token.to_vec(), sealed.data.to_vec());
        self.call(|sspi| {
            let mut buffers = [
                SecurityBufferRef::token_buf(&mut token),
                SecurityBufferRef::data_buf(&mut data),
            ];
            sspi.decrypt_message(&mut buffers)?;
            Ok(SecurityBufferRef::buf_data(&buffers, BufferType::Data)?.to_vec())
        })
    }

    /// Calls the library; whatever goes wrong breaks the context.
    fn call<T>(&mut self, work: impl FnOnce(&mut SspiContext) -> sspi::Result<T>) -> Result<T, SealError> {
        if self.broken || !self.done {
            return Err(SealError::Broken);
        }
        self.broken = true;
        let sspi = &mut self.sspi;
        let outcome = guarded(|| work(sspi)).map_err(SealError::Crypto)?;
        self.broken = false;
        Ok(outcome)
    }

    fn failure(&self, text: &str) -> AuthenticationError {
        let who = Who {
            username: &self.username,
            spn: &self.spn,
            mechanism: self.scheme.mechanism(),
        };
        failure::read(text, &who)
    }
}

impl std::fmt::Debug for SecurityContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SecurityContext")
            .field("scheme", &self.scheme)
            .field("spn", &self.spn)
            .field("done", &self.done)
            .field("broken", &self.broken)
            .finish_non_exhaustive()
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
