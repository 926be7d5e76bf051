//! How a connection proves who asks, and what it does to bodies.
//!
//! This is the one place that knows authentication schemes. A scheme belongs to one connection, so each has a
//! [`Security`] of its own: Basic gives the same header with every request; Kerberos and NTLM log on with empty
//! bodies first, then give no header any more, and over http seal every body. An error in any step ends the
//! connection.

mod binding;
mod context;
#[cfg(test)]
mod context_tests;
mod envelope;
mod failure;
mod kdc;
mod logon;
mod scheme;
mod skew;

use http::{HeaderMap, HeaderValue, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};

pub(super) use context::{SealError, SecurityContext};
pub(super) use logon::{Account, Logon};
pub(super) use scheme::{Challenge, Mechanism, Scheme, challenges, names};

/// The security of one connection.
#[derive(Debug)]
pub(super) enum Security {
    /// A header with every request.
    Header(HeaderValue),
    /// Nothing: TLS protects the bodies, and the connection or its certificate says who asks.
    Open,
    /// Every body is sealed.
    Sealed(Box<SecurityContext>),
}

/// A body as it travels.
pub(super) struct SealedBody {
    pub(super) content_type: HeaderValue,
    pub(super) bytes: Vec<u8>,
}

impl Security {
    /// A header with the credentials.
    pub(super) fn basic(username: &str, password: &SecretString) -> Self {
        Self::Header(basic_header(username, password))
    }

    /// Returns the `Authorization` header for a request, if it is to have one.
    pub(super) fn authorization(&self) -> Option<HeaderValue> {
        match self {
            Self::Header(header) => Some(header.clone()),
            Self::Open | Self::Sealed(_) => None,
        }
    }

    /// Turns a SOAP text into the body that travels.
    pub(super) fn seal(&mut self, soap: &str) -> Result<SealedBody, SealError> {
        match self {
            Self::Header(_) | Self::Open => Ok(SealedBody {
                content_type: HeaderValue::from_static(easgate_psrp::wsman::CONTENT_TYPE),
                bytes: soap.as_bytes().to_vec(),
            }),
            Self::Sealed(context) => {
                let content_type = envelope::content_type(context.scheme().protection());
                Ok(SealedBody {
                    content_type: HeaderValue::from_str(&content_type)
                        .expect("the label has only characters that a header takes"),
                    bytes: context.seal(soap.as_bytes())?,
                })
            }
        }
    }

    /// Turns the body that travelled back into SOAP. What was to be sealed and is not comes back empty: only the
    /// status of such an answer may be used.
    pub(super) fn unseal(
        &mut self,
        status: StatusCode,
        headers: &HeaderMap,
        body: Vec<u8>,
    ) -> Result<Vec<u8>, SealError> {
        match self {
            Self::Header(_) | Self::Open => Ok(body),
            Self::Sealed(context) => {
                let content_type = headers.get(http::header::CONTENT_TYPE);
                let content_type = content_type.and_then(|value| value.to_str().ok());
                if content_type.is_some_and(envelope::is_sealed) {
                    context.unseal(&body)
                } else if status.is_success() {
                    Err(SealError::Unsealed)
                } else {
                    Ok(Vec::new())
                }
            }
        }
    }
}

/// Writes the credentials in UTF-8, as RFC 7617 allows and IIS understands.
fn basic_header(username: &str, password: &SecretString) -> HeaderValue {
    let credentials = format!("{username}:{}", password.expose_secret());
    token_header("Basic", credentials.as_bytes())
}

/// An `Authorization` header, which does not print.
pub(super) fn token_header(scheme: &str, token: &[u8]) -> HeaderValue {
    let encoded = base64_simd::STANDARD.encode_to_string(token);
    let mut header = HeaderValue::from_str(&format!("{scheme} {encoded}"))
        .expect("base64 has no character that a header refuses");
    header.set_sensitive(true);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_sent_in_utf_8_and_do_not_print() {
        let security = Security::basic("ana", &SecretString::from("Pässwörd"));
        let header = security.authorization().unwrap();
        assert_eq!(header.to_str().unwrap(), "Basic YW5hOlDDpHNzd8O2cmQ=");
        assert_eq!(format!("{security:?}"), "Header(Sensitive)");
    }
}
