//! Whether a server refuses a ticket for the time that it shows.
//!
//! Windows answers with the Kerberos error itself; other servers say nothing, but every one tells its time of day.

use std::time::{Duration, SystemTime};

use x509_cert::der::Decode as _;
use x509_cert::der::asn1::GeneralizedTime;

/// What Kerberos bears.
const BEARABLE: Duration = Duration::from_secs(5 * 60);
/// A ticket that is a moment old has ended, has not begun, or was made at another time: `KRB_AP_ERR_TKT_EXPIRED`,
/// `KRB_AP_ERR_TKT_NYV`, `KRB_AP_ERR_SKEW` of RFC 4120.
const ERRORS_OF_TIME: [u8; 3] = [32, 33, 37];

/// The deepest nesting of an error inside SPNEGO.
const MAX_DEPTH: usize = 7;
const KRB_ERROR: u8 = 0x7e;
const SERVER_TIME: u8 = 0xa4;
const ERROR_CODE: u8 = 0xa6;
const INTEGER: u8 = 0x02;
/// What an error may stand in: GSS-API's frame, SPNEGO's answer, its sequence, its token, an octet string.
const FRAMES: [u8; 5] = [0x60, 0xa1, 0x30, 0xa2, 0x04];

/// What time it was elsewhere, as far as that is known.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Known {
    /// At the domain controller, which the ticket goes by.
    pub(super) domain_controller: Option<SystemTime>,
    /// Here.
    pub(super) here: Option<SystemTime>,
}

/// What shows that clocks are the cause that a ticket was refused with this `token` and this `Date`, if they are.
pub(super) fn reason(token: Option<&[u8]>, date: Option<&str>, known: &Known) -> Option<String> {
    if let Some(code) = token.and_then(error_code) {
        let of_time = ERRORS_OF_TIME.contains(&code);
        return of_time.then(|| "the server says so".to_owned());
    }
    let server = httpdate::parse_http_date(date?).ok()?;
    match known {
        Known {
            domain_controller: Some(time),
            ..
        } => apart(server, *time, "the domain controller's"),
        Known { here: Some(time), .. } => apart(server, *time, "this computer's"),
        Known {
            domain_controller: None,
            here: None,
        } => None,
    }
}

fn apart(server: SystemTime, other: SystemTime, whose: &str) -> Option<String> {
    let (difference, direction) = match server.duration_since(other) {
        Ok(difference) => (difference, "ahead of"),
        Err(negative) => (negative.duration(), "behind"),
    };
    let seconds = difference.as_secs();
    (difference > BEARABLE).then(|| format!("the server's is {seconds} s {direction} {whose}"))
}

/// The code of the Kerberos error that a token carries, if it does.
fn error_code(token: &[u8]) -> Option<u8> {
    match Elements(field(token, ERROR_CODE)?).next()? {
        (INTEGER, [code]) => Some(*code),
        _ => None,
    }
}

/// The time of day of whoever made the Kerberos error in `message`, if it is one.
pub(super) fn error_time(message: &[u8]) -> Option<SystemTime> {
    let time = GeneralizedTime::from_der(field(message, SERVER_TIME)?).ok()?;
    Some(time.to_system_time())
}

/// A field of the Kerberos error in `message`.
fn field(message: &[u8], wanted: u8) -> Option<&[u8]> {
    let error = find(message, MAX_DEPTH)?;
    let (_, fields) = Elements(error).next()?;
    let (_, field) = Elements(fields).find(|(tag, _)| *tag == wanted)?;
    Some(field)
}

fn find(bytes: &[u8], depth: usize) -> Option<&[u8]> {
    let deeper = depth.checked_sub(1)?;
    Elements(bytes).find_map(|(tag, content)| match tag {
        KRB_ERROR => Some(content),
        frame if FRAMES.contains(&frame) => find(content, deeper),
        _ => None,
    })
}

/// The elements of DER that stand one after the other, as far as they are whole.
struct Elements<'a>(&'a [u8]);

impl<'a> Iterator for Elements<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (&tag, rest) = self.0.split_first()?;
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=0x7f => (usize::from(first), rest),
            0x81 => rest
                .split_first()
                .map(|(length, rest)| (usize::from(*length), rest))?,
            0x82 => {
                let (length, rest) = rest.split_first_chunk::<2>()?;
                (usize::from(u16::from_be_bytes(*length)), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((tag, content))
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use proptest::prelude::*;

    use super::*;

    fn element(tag: u8, content: &[u8]) -> Vec<u8> {
        let length = u8::try_from(content.len()).unwrap();
        let head = if length < 0x80 {
            vec![tag, length]
        } else {
            vec![tag, 0x81, length]
        };
        [head, content.to_vec()].concat()
    }

    /// RFC 4120, 5.9.1: version, type, the server's time, the code, the realm and the name.
    fn krb_error(code: u8) -> Vec<u8> {
        let time = element(0x18, b"20261125082104Z");
        let fields = [
            element(0xa0, &[2, 1, 5]),
            element(0xa1, &[2, 1, 30]),
            element(0xa4, &time),
            element(0xa5, &[2, 3, 1, 2, 3]),
            element(0xa6, &[2, 1, code]),
            element(0xa9, &element(0x1b, b"CONTOSO.EXAMPLE")),
            element(
                0xaa,
                &element(
                    0x30,
                    &[
                        &[0xa0, 3, 2, 1, 2][..],
                        &element(0xa1, &element(0x30, &element(0x1b, b"HTTP"))),
                    ]
                    .concat(),
                ),
            ),
        ];
        element(KRB_ERROR, &element(0x30, &fields.concat()))
    }

    /// RFC 4121, 4.1: the mechanism and the kind of token stand before it.
    fn in_gss_api(error: &[u8]) -> Vec<u8> {
        let mechanism = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x12, 1, 2, 2];
        element(0x60, &[&mechanism[..], &[3, 0], error].concat())
    }

    /// RFC 4178, 4.2.2: an answer that rejects or goes on, with a token.
    fn in_spnego(token: &[u8]) -> Vec<u8> {
        let fields = [element(0xa0, &[10, 1, 1]), element(0xa2, &element(4, token))];
        element(0xa1, &element(0x30, &fields.concat()))
    }

    #[test]
    fn the_error_is_found_bare_and_in_every_frame() {
        for code in [31, 32, 33, 37, 41] {
            let bare = krb_error(code);
            for token in [
                bare.clone(),
                in_gss_api(&bare),
                in_spnego(&bare),
                in_spnego(&in_gss_api(&bare)),
            ] {
                assert_eq!(error_code(&token), Some(code), "{token:02x?}");
                let reason = reason(Some(&token), None, &Known::default());
                assert_eq!(reason.is_some(), [32, 33, 37].contains(&code));
                let at = httpdate::parse_http_date("Wed, 25 Nov 2026 08:21:04 GMT").unwrap();
                assert_eq!(error_time(&token), Some(at));
            }
        }
        let granted = element(0xa1, &element(0x30, &element(0xa0, &[10, 1, 0])));
        assert_eq!(error_code(&granted), None);
    }

    #[test]
    fn the_clocks_are_compared_where_the_server_says_nothing() {
        let at = |time: &str| httpdate::parse_http_date(&format!("Wed, 25 Nov 2026 {time} GMT")).ok();
        let told: String = [
            ("08:20:00", "", "08:20:00"),
            ("08:25:00", "", "08:20:00"),
            ("08:25:01", "", "08:20:00"),
            ("07:20:00", "", "08:20:00"),
            ("08:20:00", "09:20:00", "08:20:00"),
            ("09:20:00", "09:20:00", "08:20:00"),
            ("07:20:00", "", ""),
            ("now", "08:20:00", "08:20:00"),
        ]
        .map(|(server, domain_controller, here)| {
            let date = format!("Wed, 25 Nov 2026 {server} GMT");
            let known = Known {
                domain_controller: at(domain_controller),
                here: at(here),
            };
            // What the server says of its cause counts more than its clock.
            assert_eq!(reason(Some(&krb_error(31)), Some(&date), &known), None);
            assert_eq!(reason(None, None, &known), None);
            let told = reason(None, Some(&date), &known).unwrap_or_else(|| "nothing told".to_owned());
            format!("server {server}, domain controller {domain_controller}, here {here}, {told}\n")
        })
        .concat();
        expect![[r#"
            server 08:20:00, domain controller , here 08:20:00, nothing told
            server 08:25:00, domain controller , here 08:20:00, nothing told
            server 08:25:01, domain controller , here 08:20:00, the server's is 301 s ahead of this computer's
            server 07:20:00, domain controller , here 08:20:00, the server's is 3600 s behind this computer's
            server 08:20:00, domain controller 09:20:00, here 08:20:00, the server's is 3600 s behind the domain controller's
            server 09:20:00, domain controller 09:20:00, here 08:20:00, nothing told
            server 07:20:00, domain controller , here , nothing told
            server now, domain controller 08:20:00, here 08:20:00, nothing told
        "#]]
        .assert_eq(&told);
    }

    proptest! {
        #[test]
        fn no_token_is_read_beyond_its_end(token: Vec<u8>, at in 0..60_usize, byte: u8) {
            let _ = (error_code(&token), error_time(&token));
            let mut bent = in_spnego(&in_gss_api(&krb_error(37)));
            if let Some(place) = bent.get_mut(at) {
                *place = byte;
            }
            let _ = (error_code(&bent), error_time(&bent));
        }
    }
}
