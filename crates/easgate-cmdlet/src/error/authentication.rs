//! Why a log-on failed.

use std::error::Error;

/// Why a connection could not be authenticated.
///
/// Nothing of a command was sent on it, except with [`Forgotten`](Self::Forgotten), where the server says that it
/// did not take the request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the message says it")]
pub enum AuthenticationError {
    #[error("the secret could not be read")]
    Secret { source: Box<dyn Error + Send + Sync> },

    #[error("the domain controller refused the password of {username}, or the account has no AES-256 key")]
    WrongPassword { username: String },

    #[error("the domain controller does not know the account {username}")]
    UnknownClient { username: String },

    #[error("the domain controller does not know the service {spn}")]
    UnknownService { spn: String },

    #[error("the account {username} is locked or disabled")]
    Revoked { username: String },

    #[error("the password of {username} has expired")]
    PasswordExpired { username: String },

    #[error("the account {username} has expired")]
    AccountExpired { username: String },

    #[error("the domain controller has no encryption type in common with us for {username} and {spn}")]
    NoCommonEncryption { username: String, spn: String },

    #[error("the clocks of this computer, the domain controller and the server differ too much ({reason})")]
    ClockSkew { reason: String },

    #[error("no domain controller answers ({kdc})")]
    KdcUnreachable { kdc: String },

    #[error("the system has no Kerberos credentials for {username}")]
    NoSystemCredentials { username: String },

    #[error("the Kerberos ticket that the system has for {username} has expired")]
    SystemTicketExpired { username: String },

    #[error("no domain controller is known for the domain of {username}")]
    NoKdc { username: String },

    #[error("the server does not offer {wanted} (it offers {offered})")]
    NotOffered { wanted: &'static str, offered: String },

    #[error("the server refused the user name or the password of {username}, or NTLM")]
    CredentialRefused { username: String },

    #[error("the server refused the Kerberos ticket for {spn}")]
    TicketRefused { spn: String },

    #[error("the server did not prove that it is {spn}")]
    ServerUnproven { spn: String },

    #[error("the log-on used {used} in place of {wanted}")]
    Mechanism { wanted: &'static str, used: String },

    #[error("the log-on cannot be bound to the server's certificate: {reason}")]
    ChannelBinding { reason: &'static str },

    #[error("the server forbids the request although a client certificate is configured")]
    CertificateForbidden,

    #[error("the server demands a client certificate")]
    CertificateDemanded { source: Box<dyn Error + Send + Sync> },

    #[error("the client certificate could not be used")]
    ClientCertificate { source: Box<dyn Error + Send + Sync> },

    #[error("the certificate of the server is none of the pinned ones; its SHA-256 is {found}")]
    Pin { found: String },

    #[error("the certificate of the server cannot be compared with the pinned ones through a proxy")]
    PinUnchecked,

    #[error("the server no longer knows who is on this connection")]
    Forgotten,

    #[error("the log-on did not come to an end: {reason}")]
    Protocol { reason: String },
}

/// Says the same of an account once more.
pub(crate) type Again = fn(String) -> AuthenticationError;

impl AuthenticationError {
    /// Whether the account itself was refused, so that trying again may lock it.
    #[must_use]
    pub const fn is_refused_credential(&self) -> bool {
        self.refused_account().is_some()
    }

    /// The account that was refused, and how to say so again.
    pub(crate) const fn refused_account(&self) -> Option<(Again, &String)> {
        Some(match self {
            Self::WrongPassword { username } => (|username| Self::WrongPassword { username }, username),
            Self::UnknownClient { username } => (|username| Self::UnknownClient { username }, username),
            Self::Revoked { username } => (|username| Self::Revoked { username }, username),
            Self::PasswordExpired { username } => (|username| Self::PasswordExpired { username }, username),
            Self::AccountExpired { username } => (|username| Self::AccountExpired { username }, username),
            Self::CredentialRefused { username } => {
                (|username| Self::CredentialRefused { username }, username)
            }
            Self::Secret { .. }
            | Self::UnknownService { .. }
            | Self::NoCommonEncryption { .. }
            | Self::ClockSkew { .. }
            | Self::KdcUnreachable { .. }
            | Self::NoKdc { .. }
            | Self::NoSystemCredentials { .. }
            | Self::SystemTicketExpired { .. }
            | Self::NotOffered { .. }
            | Self::TicketRefused { .. }
            | Self::ServerUnproven { .. }
            | Self::Mechanism { .. }
            | Self::ChannelBinding { .. }
            | Self::CertificateForbidden
            | Self::CertificateDemanded { .. }
            | Self::ClientCertificate { .. }
            | Self::Pin { .. }
            | Self::PinUnchecked
            | Self::Forgotten
            | Self::Protocol { .. } => return None,
        })
    }

    /// Whether the same log-on may succeed later without anyone changing anything.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::KdcUnreachable { .. } | Self::Forgotten)
    }

    /// The first thing to look at.
    #[must_use]
    pub const fn cure(&self) -> &'static str {
        match self {
            Self::Secret { .. } => "look at the place where the secret is kept, and who may read it",
            Self::WrongPassword { .. } => {
                "check the password once and do not loop, since the account may lock; where it is right, look at the \
                 account's msDS-SupportedEncryptionTypes and set its password anew, so that it gets an AES-256 key"
            }
            Self::UnknownClient { .. } => "write the account as user@domain or DOMAIN\\user",
            Self::UnknownService { .. } => {
                "connect to the server's own full name and not to an alias; setspn -Q HTTP/<host> shows who has the name"
            }
            Self::Revoked { .. } => "unlock or enable the account before anything is tried again",
            Self::PasswordExpired { .. } => "change the password; a service account's should not expire",
            Self::AccountExpired { .. } => "extend the account's lifetime",
            Self::NoCommonEncryption { .. } => "enable AES-256 for the account and for the service",
            Self::ClockSkew { .. } => "synchronise the clocks of all three computers (NTP)",
            Self::KdcUnreachable { .. } => {
                "look whether the domain controller runs and whether the firewall lets TCP port 88 through"
            }
            Self::NoKdc { .. } => "name the domain controllers in `kdc`",
            Self::NoSystemCredentials { .. } => {
                "run kinit and point KRB5CCNAME to the cache, or point KRB5_CLIENT_KTNAME to a keytab; klist and klist -k \
                 show what is in them"
            }
            Self::SystemTicketExpired { .. } => {
                "run kinit again, or let something renew the cache in time (k5start, kinit -R in a timer); with a keytab in \
                 KRB5_CLIENT_KTNAME new tickets are taken without help"
            }
            Self::NotOffered { .. } => {
                "choose an authentication that is offered, or enable this one on the server's virtual directory"
            }
            Self::CredentialRefused { .. } => {
                "check the password once and do not loop, since the account may lock; look whether a policy refuses NTLM"
            }
            Self::TicketRefused { .. } => {
                "look at the server's clock and at its event log; setspn -X shows names that two accounts have; where \
                 http works and https does not, Extended Protection is required"
            }
            Self::ServerUnproven { .. } => "look at who answers at this address: it may not be the server",
            Self::Mechanism { .. } => "report this: the log-on was to use nothing else",
            Self::ChannelBinding { .. } => "reach the server by https and without a proxy, or use Kerberos",
            Self::CertificateForbidden => {
                "look whether the server maps this certificate to an account; a server that asks for certificates \
                 after a TLS 1.3 handshake must allow TLS 1.2"
            }
            Self::CertificateDemanded { .. } => {
                "configure a client certificate, or let the server's virtual directory ignore or merely accept them"
            }
            Self::ClientCertificate { .. } => {
                "give a PEM certificate with a PKCS #8 key (-----BEGIN PRIVATE KEY-----), or a PFX file with its password"
            }
            Self::Pin { .. } => {
                "when the server's certificate was renewed, pin the new one; else somebody is on the way"
            }
            Self::PinUnchecked => "reach the server without the proxy, or take the pins out",
            Self::Forgotten => {
                "try again; when it stays so, the server or a load balancer does not keep connections authenticated"
            }
            Self::Protocol { .. } => "look at the server's event log",
        }
    }
}
