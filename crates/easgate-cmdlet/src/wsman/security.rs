//! How a lane proves who asks, and what it does to bodies.
//!
//! This is the one place that knows an authentication scheme. A scheme belongs to one connection, so each lane
//! has its own [`Security`], and takes three steps with it:
//!
//! 1. [`Security::authorization`] gives the header for a request. Basic sends the same one each time. A scheme
//!    that authenticates the connection gives its tokens here, first with empty bodies until the server no
//!    longer answers 401, and nothing afterwards.
//! 2. [`Security::seal`] turns the SOAP text into the body that travels. Basic leaves it as it is, since TLS
//!    protects it. A scheme that encrypts messages over http wraps it into `multipart/encrypted`.
//! 3. [`Security::unseal`] is the way back.
//!
//! An error in any step ends the lane.

use http::HeaderValue;
use secrecy::{ExposeSecret as _, SecretString};

use crate::{Authentication, TransportError};

/// The security of one connection.
#[derive(Debug)]
pub(super) enum Security {
    /// A header with every request.
    Basic(HeaderValue),
}

/// A body as it travels.
pub(super) struct SealedBody {
    pub(super) content_type: &'static str,
    pub(super) bytes: Vec<u8>,
}

impl Security {
    /// Begins on a connection that is not there yet.
    pub(super) fn new(authentication: &Authentication) -> Result<Self, TransportError> {
        let failed = |source| TransportError::Setup { source };
        match authentication {
            Authentication::Basic { username, password } => {
                let password = password.read().map_err(failed)?;
                Ok(Self::Basic(basic_header(username, &password)))
            }
            Authentication::Kerberos(_)
            | Authentication::Negotiate(_)
            | Authentication::Ntlm { .. }
            | Authentication::Certificate => Err(failed("this authentication is not there yet".into())),
        }
    }

    /// Returns the `Authorization` header for the next request, if it is to have one.
    pub(super) fn authorization(&self) -> Option<HeaderValue> {
        match self {
            Self::Basic(header) => Some(header.clone()),
        }
    }

    /// Turns a SOAP text into the body that travels.
    pub(super) fn seal(&self, soap: String) -> SealedBody {
        match self {
            Self::Basic(_) => SealedBody {
                content_type: easgate_psrp::wsman::CONTENT_TYPE,
                bytes: soap.into_bytes(),
            },
        }
    }

    /// Turns the body that travelled back into SOAP.
    pub(super) fn unseal(&self, body: Vec<u8>) -> Vec<u8> {
        match self {
            Self::Basic(_) => body,
        }
    }
}

/// Writes the credentials in UTF-8, as RFC 7617 allows and IIS understands.
fn basic_header(username: &str, password: &SecretString) -> HeaderValue {
    let credentials = format!("{username}:{}", password.expose_secret());
    let encoded = base64_simd::STANDARD.encode_to_string(credentials);
    let mut header = HeaderValue::from_str(&format!("Basic {encoded}"))
        .expect("base64 has no character that a header refuses");
    header.set_sensitive(true);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_sent_in_utf_8_and_do_not_print() {
        let security = Security::new(&Authentication::Basic {
            username: "ana".to_owned(),
            password: "Pässwörd".into(),
        })
        .unwrap();
        let header = security.authorization().unwrap();
        assert_eq!(header.to_str().unwrap(), "Basic YW5hOlDDpHNzd8O2cmQ=");
        assert_eq!(format!("{security:?}"), "Basic(Sensitive)");
    }
}
