//! The certificate that proves the application, and the assertion it signs.

use std::fmt;

use base64_simd::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;
use x509_cert::Certificate;
use x509_cert::der::{DecodePem, Encode};

/// How far the assertion's start lies back, for clocks that differ.
const SKEW: Duration = Duration::minutes(2);
/// How long an assertion is good.
const LIFETIME: Duration = Duration::minutes(8);

/// A certificate with its private key, checked to belong together.
#[derive(Clone)]
pub struct SigningCertificate {
    key: EncodingKey,
    /// Base64url of the SHA-256 over the certificate's DER.
    thumbprint: String,
    not_after: OffsetDateTime,
}

/// The claims of a client assertion (RFC 7523).
#[derive(Serialize, Deserialize)]
struct Claims<'a> {
    aud: &'a str,
    iss: &'a str,
    sub: &'a str,
    jti: String,
    nbf: i64,
    iat: i64,
    exp: i64,
}

impl SigningCertificate {
    /// Reads a certificate and its RSA key, both PEM; of a chain the first certificate counts.
    ///
    /// # Errors
    /// One of them does not read, the key is not RSA, or they do not belong together.
    pub fn new(certificate: &str, private_key: &SecretString) -> Result<Self, CertificateError> {
        let certificate = first_pem(certificate).ok_or(CertificateError::Certificate)?;
        let certificate = Certificate::from_pem(certificate).map_err(|_| CertificateError::Certificate)?;
        let der = certificate.to_der().map_err(|_| CertificateError::Certificate)?;
        let key = EncodingKey::from_rsa_pem(private_key.expose_secret().trim().as_bytes())
            .map_err(|_| CertificateError::Key)?;
        let tbs = &certificate.tbs_certificate;
        let public = tbs.subject_public_key_info.subject_public_key.as_bytes();
        let public = DecodingKey::from_rsa_der(public.ok_or(CertificateError::Certificate)?);
        let made = Self {
            key,
            thumbprint: URL_SAFE_NO_PAD.encode_to_string(Sha256::digest(&der)),
            not_after: OffsetDateTime::from(tbs.validity.not_after.to_system_time()),
        };
        made.check_pair(&public)?;
        Ok(made)
    }

    /// When the certificate ends.
    #[must_use]
    pub const fn not_after(&self) -> OffsetDateTime {
        self.not_after
    }

    /// The certificate's SHA-256, base64url without padding: the `x5t#S256` of what it signs.
    #[must_use]
    pub fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// Makes the assertion for one request to `token_endpoint`; `id` is fresh for each.
    ///
    /// See _Entra, Application authentication certificate credentials_.
    ///
    /// # Errors
    /// The key cannot sign.
    pub(crate) fn assertion(
        &self,
        token_endpoint: &str,
        client_id: &str,
        now: OffsetDateTime,
        id: Uuid,
    ) -> Result<SecretString, CertificateError> {
        let mut header = Header::new(Algorithm::PS256);
        header.x5t_s256 = Some(self.thumbprint.clone());
        let start = (now - SKEW).unix_timestamp();
        let claims = Claims {
            aud: token_endpoint,
            iss: client_id,
            sub: client_id,
            jti: id.to_string(),
            nbf: start,
            iat: start,
            exp: (now + LIFETIME).unix_timestamp(),
        };
        let assertion =
            jsonwebtoken::encode(&header, &claims, &self.key).map_err(|_| CertificateError::Signing)?;
        Ok(assertion.into())
    }

    /// Signs something and verifies it with the certificate's key.
    fn check_pair(&self, public: &DecodingKey) -> Result<(), CertificateError> {
        let signed = self.assertion("pair", "pair", OffsetDateTime::UNIX_EPOCH, Uuid::nil());
        let signed = signed.map_err(|_| CertificateError::Key)?;
        let mut validation = Validation::new(Algorithm::PS256);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        jsonwebtoken::decode::<serde_json::Value>(signed.expose_secret(), public, &validation)
            .map(|_| ())
            .map_err(|_| CertificateError::NotAPair)
    }
}

impl fmt::Debug for SigningCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningCertificate")
            .field("thumbprint", &self.thumbprint)
            .field("not_after", &self.not_after)
            .finish_non_exhaustive()
    }
}

/// The first certificate block of a PEM text, which may begin with comments.
fn first_pem(text: &str) -> Option<&str> {
    const END: &str = "-----END CERTIFICATE-----";
    let start = text.find("-----BEGIN CERTIFICATE-----")?;
    let end = text.get(start..)?.find(END)?;
    text.get(start..start + end + END.len())
}

/// Why a certificate cannot sign token requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum CertificateError {
    #[error("the certificate is not an X.509 certificate in PEM")]
    Certificate,
    #[error("the private key is not an unencrypted RSA key in PEM (PKCS#8 or PKCS#1)")]
    Key,
    #[error("the private key does not belong to the certificate")]
    NotAPair,
    #[error("the private key cannot sign")]
    Signing,
}

#[cfg(test)]
mod tests;
