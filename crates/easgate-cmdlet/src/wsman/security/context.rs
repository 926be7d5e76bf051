//! Security contexts: a log-on of one connection, and its keys afterwards.
//!
//! Two libraries can do it. What goes wrong in one breaks the context, and with it its connection.

mod password;
#[cfg(feature = "gssapi")]
mod system;

use std::sync::Arc;

use secrecy::SecretString;

use self::password::PasswordLibrary;
#[cfg(feature = "gssapi")]
use self::system::SystemLibrary;
use super::envelope::{self, Malformed, Sealed};
use super::failure::{self, Who};
use super::kdc::Kdcs;
use super::scheme::{Mechanism, Scheme};
use crate::AuthenticationError;

/// A log-on of one connection, and its keys afterwards.
pub(in crate::wsman) struct SecurityContext {
    library: Library,
    username: String,
    spn: String,
    scheme: Scheme,
    done: bool,
    broken: bool,
}

enum Library {
    Password(Box<PasswordLibrary>),
    #[cfg(feature = "gssapi")]
    System(SystemLibrary),
}

/// How far a step came.
struct Stepped {
    token: Vec<u8>,
    done: bool,
}

/// An encrypted message.
struct Encrypted {
    token: Vec<u8>,
    data: Vec<u8>,
    /// What the receiver is told: the length of the text with its padding.
    length: usize,
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
    /// Begins a log-on with a password; nothing is sent yet.
    ///
    /// # Errors
    ///
    /// When the user name cannot be read.
    pub(super) fn with_password(
        scheme: Scheme,
        username: &str,
        password: &SecretString,
        spn: &str,
        kdcs: &Arc<Kdcs>,
        bindings: Option<Vec<u8>>,
    ) -> Result<Self, AuthenticationError> {
        let library = PasswordLibrary::new(scheme, username, password, spn, kdcs, bindings);
        let library = library.map_err(|text| read(&text, username, spn, scheme, false))?;
        Ok(Self::new(
            Library::Password(Box::new(library)),
            username,
            spn,
            scheme,
        ))
    }

    /// Begins a log-on with the credentials that the system has for `principal`, or its default ones.
    ///
    /// # Errors
    ///
    /// When the system has none.
    #[cfg(feature = "gssapi")]
    pub(super) async fn of_the_system(
        scheme: Scheme,
        principal: Option<&str>,
        spn: &str,
        bindings: Option<Vec<u8>>,
    ) -> Result<Self, AuthenticationError> {
        let username = principal.unwrap_or("the default principal");
        let library = SystemLibrary::new(scheme, principal, spn, bindings).await;
        let library = library.map_err(|text| read(&text, username, spn, scheme, true))?;
        Ok(Self::new(Library::System(library), username, spn, scheme))
    }

    fn new(library: Library, username: &str, spn: &str, scheme: Scheme) -> Self {
        Self {
            library,
            username: username.to_owned(),
            spn: spn.to_owned(),
            scheme,
            done: false,
            broken: false,
        }
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
        let used = match &self.library {
            Library::Password(library) => library.mechanism().to_owned(),
            #[cfg(feature = "gssapi")]
            Library::System(library) => library.mechanism(),
        };
        let wanted = self.scheme.mechanism().name();
        if used.eq_ignore_ascii_case(wanted) {
            Ok(())
        } else {
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
        let stepped = match &mut self.library {
            Library::Password(library) => library.step(token).await,
            #[cfg(feature = "gssapi")]
            Library::System(library) => library.step(token).await,
        };
        let Stepped { token, done } = stepped.map_err(|text| self.failure(&text))?;
        self.done = done;
        self.broken = false;
        Ok(token)
    }

    /// Seals a message and wraps it.
    ///
    /// # Errors
    ///
    /// The context is broken from then on.
    pub(in crate::wsman) fn seal(&mut self, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        let protection = self.scheme.protection();
        let Encrypted { token, data, length } = self.call(|library| match library {
            Library::Password(library) => library.encrypt(plain),
            #[cfg(feature = "gssapi")]
            Library::System(library) => library.encrypt(plain),
        })?;
        let sealed = Sealed {
            token: &token,
            data: &data,
            plain_len: length,
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
        let (token, data) = (sealed.token.to_vec(), sealed.data.to_vec());
        self.call(|library| match library {
            Library::Password(library) => library.decrypt(token, data),
            #[cfg(feature = "gssapi")]
            Library::System(library) => library.decrypt(token, data),
        })
    }

    /// Calls the library; whatever goes wrong breaks the context.
    fn call<T>(&mut self, work: impl FnOnce(&mut Library) -> Result<T, String>) -> Result<T, SealError> {
        if self.broken || !self.done {
            return Err(SealError::Broken);
        }
        self.broken = true;
        let outcome = work(&mut self.library).map_err(SealError::Crypto)?;
        self.broken = false;
        Ok(outcome)
    }

    fn failure(&self, text: &str) -> AuthenticationError {
        let by_system = match &self.library {
            Library::Password(_) => false,
            #[cfg(feature = "gssapi")]
            Library::System(_) => true,
        };
        read(text, &self.username, &self.spn, self.scheme, by_system)
    }
}

fn read(text: &str, username: &str, spn: &str, scheme: Scheme, by_system: bool) -> AuthenticationError {
    let who = Who {
        username,
        spn,
        mechanism: scheme.mechanism(),
        by_system,
    };
    failure::read(text, &who)
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
