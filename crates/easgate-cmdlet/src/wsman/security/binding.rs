//! Channel bindings: what ties a log-on to the TLS connection that it is made on (RFC 5929, `tls-server-end-point`).

use sha2::{Digest as _, Sha256, Sha384, Sha512};
use x509_cert::Certificate;
use x509_cert::der::asn1::{AnyRef, ContextSpecific, ObjectIdentifier};
use x509_cert::der::{Decode as _, Reader as _, SliceReader, TagNumber};
use x509_cert::spki::AlgorithmIdentifierOwned;

const PREFIX: &[u8] = b"tls-server-end-point:";
/// The size of `SEC_CHANNEL_BINDINGS`, after which its data begins.
const HEADER: u32 = 32;

/// A hash function that a certificate's signature uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

/// Makes the channel bindings of a connection from its certificate in DER, as SSPI wants them.
///
/// # Errors
///
/// Why none exist.
pub(super) fn channel_bindings(certificate: &[u8]) -> Result<Vec<u8>, &'static str> {
    let parsed = Certificate::from_der(certificate).map_err(|_| "the server's certificate cannot be read")?;
    let hash =
        hash_of(&parsed.signature_algorithm).ok_or("none is defined for the certificate's signature")?;
    let digest = match hash {
        Hash::Sha256 => Sha256::digest(certificate).to_vec(),
        Hash::Sha384 => Sha384::digest(certificate).to_vec(),
        Hash::Sha512 => Sha512::digest(certificate).to_vec(),
    };
    let data = [PREFIX, &digest].concat();
    let length = u32::try_from(data.len()).map_err(|_| "the digest is too long")?;
    let mut bindings = vec![0; 24];
    bindings.extend_from_slice(&length.to_le_bytes());
    bindings.extend_from_slice(&HEADER.to_le_bytes());
    bindings.extend_from_slice(&data);
    Ok(bindings)
}

/// The hash of a signature; MD5 and SHA-1 become SHA-256, as the RFC says.
fn hash_of(algorithm: &AlgorithmIdentifierOwned) -> Option<Hash> {
    match algorithm.oid.to_string().as_str() {
        "1.2.840.10045.4.3.3" | "1.2.840.113549.1.1.12" => Some(Hash::Sha384),
        "1.2.840.10045.4.3.4" | "1.2.840.113549.1.1.13" => Some(Hash::Sha512),
        "1.2.840.113549.1.1.10" => hash_of_pss(algorithm),
        // Ed25519 and Ed448 have no hash of their own.
        "1.3.101.112" | "1.3.101.113" => None,
        _ => Some(Hash::Sha256),
    }
}

/// RSA-PSS names its hash in its parameters; SHA-1 when it does not.
fn hash_of_pss(algorithm: &AlgorithmIdentifierOwned) -> Option<Hash> {
    let Some(parameters) = &algorithm.parameters else {
        return Some(Hash::Sha256);
    };
    let mut reader = SliceReader::new(parameters.value()).ok()?;
    let tagged = ContextSpecific::<AnyRef<'_>>::decode_explicit(&mut reader, TagNumber::N0).ok()?;
    let Some(tagged) = tagged else {
        return Some(Hash::Sha256);
    };
    let mut inside = SliceReader::new(tagged.value.value()).ok()?;
    let oid: ObjectIdentifier = inside.decode().ok()?;
    Some(match oid.to_string().as_str() {
        "2.16.840.1.101.3.4.2.2" => Hash::Sha384,
        "2.16.840.1.101.3.4.2.3" => Hash::Sha512,
        _ => Hash::Sha256,
    })
}

#[cfg(test)]
mod tests {
    use x509_cert::der::Any;

    use super::*;

    fn algorithm(oid: &str, parameters: Option<&[u8]>) -> AlgorithmIdentifierOwned {
        AlgorithmIdentifierOwned {
            oid: ObjectIdentifier::new(oid).unwrap(),
            parameters: parameters.map(|der| Any::from_der(der).unwrap()),
        }
    }

    #[test]
    fn the_hash_is_that_of_the_signature() {
        let table = [
            ("1.2.840.113549.1.1.4", Some(Hash::Sha256)),
            ("1.2.840.113549.1.1.5", Some(Hash::Sha256)),
            ("1.2.840.113549.1.1.11", Some(Hash::Sha256)),
            ("1.2.840.113549.1.1.12", Some(Hash::Sha384)),
            ("1.2.840.113549.1.1.13", Some(Hash::Sha512)),
            ("1.2.840.10045.4.3.2", Some(Hash::Sha256)),
            ("1.2.840.10045.4.3.3", Some(Hash::Sha384)),
            ("1.2.840.10045.4.3.4", Some(Hash::Sha512)),
            ("1.3.101.112", None),
            ("1.2.840.113549.1.1.10", Some(Hash::Sha256)),
        ];
        for (oid, hash) in table {
            assert_eq!(hash_of(&algorithm(oid, None)), hash, "{oid}");
        }
    }

    #[test]
    fn rsa_pss_names_its_hash_in_its_parameters() {
        // SEQUENCE { [0] { SEQUENCE { OID sha384 } } }
        let sha384 = b"\x30\x0f\xa0\x0d\x30\x0b\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02";
        let pss = "1.2.840.113549.1.1.10";
        assert_eq!(hash_of(&algorithm(pss, Some(sha384))), Some(Hash::Sha384));
        // SEQUENCE {}: SHA-1 by default.
        assert_eq!(hash_of(&algorithm(pss, Some(b"\x30\x00"))), Some(Hash::Sha256));
    }

    #[test]
    fn the_bytes_are_a_header_of_32_bytes_and_the_named_digest() {
        let pem = include_str!("../../../tests/data/server-sha384.pem");
        let text: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let der = base64_simd::STANDARD.decode_to_vec(text).unwrap();
        let bindings = channel_bindings(&der).unwrap();
        let digest = Sha384::digest(&der);
        assert_eq!(bindings.len(), 32 + 21 + 48);
        assert_eq!(bindings[..24], [0; 24]);
        assert_eq!(bindings[24..32], [69, 0, 0, 0, 32, 0, 0, 0]);
        assert_eq!(&bindings[32..53], b"tls-server-end-point:");
        assert_eq!(bindings[53..], digest[..]);
    }

    #[test]
    fn what_is_no_certificate_has_none() {
        assert_eq!(
            channel_bindings(b"no certificate"),
            Err("the server's certificate cannot be read")
        );
    }
}
