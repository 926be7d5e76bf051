//! The wrapping of sealed messages: `multipart/encrypted`, as WS-Management uses it over http (MS-WSMV 2.2.9.1).
//!
//! Nothing here does I/O or cryptography, and nothing here trusts what it reads.

/// What may stand in front of the sealed data.
const MAX_HEAD: usize = 4096;
const BOUNDARY: &str = "Encrypted Boundary";
const SOAP: &str = "application/soap+xml;charset=UTF-8";

/// A sealed message taken out of its wrapping.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sealed<'a> {
    /// The security header.
    pub(super) token: &'a [u8],
    /// The encrypted text.
    pub(super) data: &'a [u8],
    /// How long the text is, as the sender says.
    pub(super) plain_len: usize,
}

/// Why a wrapping cannot be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the sealed message is malformed: {0}")]
pub(in crate::wsman) struct Malformed(&'static str);

/// The `Content-Type` of messages that are sealed under `protection`.
pub(super) fn content_type(protection: &str) -> String {
    format!("multipart/encrypted;protocol=\"{protection}\";boundary=\"{BOUNDARY}\"")
}

/// Whether a `Content-Type` is that of a sealed message.
pub(super) fn is_sealed(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default();
    kind.trim().eq_ignore_ascii_case("multipart/encrypted")
}

/// Wraps a sealed message.
pub(super) fn wrap(protection: &str, message: &Sealed<'_>) -> Vec<u8> {
    let head = format!(
        "--{BOUNDARY}\r\n\tContent-Type: {protection}\r\n\tOriginalContent: type={SOAP};Length={}\r\n\
         --{BOUNDARY}\r\n\tContent-Type: application/octet-stream\r\n",
        message.plain_len
    );
    let token_len = u32::try_from(message.token.len()).unwrap_or(u32::MAX);
    [
        head.as_bytes(),
        &token_len.to_le_bytes(),
        message.token,
        message.data,
        format!("--{BOUNDARY}--\r\n").as_bytes(),
    ]
    .concat()
}

/// Takes a sealed message out of its wrapping.
///
/// The payload is binary, so its begin is found from the front and its end from the back.
pub(super) fn unwrap(body: &[u8]) -> Result<Sealed<'_>, Malformed> {
    let body = without_end(body).ok_or(Malformed("no closing boundary"))?;
    let mut lines = Lines { rest: body, read: 0 };
    lines.boundary()?;
    let mut plain_len = None;
    loop {
        let line = lines.next()?;
        if is_boundary(line) {
            break;
        }
        if let Some(length) = original_length(line) {
            plain_len = Some(length?);
        }
    }
    let kind = lines.next()?.trim_ascii();
    if !kind.eq_ignore_ascii_case(b"Content-Type: application/octet-stream") {
        return Err(Malformed("the second part is no octet stream"));
    }
    let payload = lines.rest;
    let (length, rest) = payload
        .split_first_chunk::<4>()
        .ok_or(Malformed("short payload"))?;
    let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
    let (token, data) = rest
        .split_at_checked(length)
        .ok_or(Malformed("the security header is longer than the payload"))?;
    Ok(Sealed {
        token,
        data,
        plain_len: plain_len.ok_or(Malformed("no Length"))?,
    })
}

/// Everything before the closing boundary, which may have blanks after its dashes.
fn without_end(body: &[u8]) -> Option<&[u8]> {
    let body = body.strip_suffix(b"\r\n").unwrap_or(body);
    let text = body.strip_suffix(b"--")?.strip_suffix(BOUNDARY.as_bytes())?;
    (0..=2).find_map(|blanks| {
        let (front, back) = text.split_at_checked(text.len().checked_sub(blanks)?)?;
        let all_blank = back.iter().all(|byte| matches!(byte, b' ' | b'\t'));
        all_blank.then(|| front.strip_suffix(b"--")).flatten()
    })
}

/// The lines in front of the payload.
struct Lines<'a> {
    rest: &'a [u8],
    read: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Result<&'a [u8], Malformed> {
        let room = self.rest.len().min(MAX_HEAD.saturating_sub(self.read));
        let window = self.rest.get(..room).unwrap_or_default();
        let end = window
            .windows(2)
            .position(|pair| pair == b"\r\n")
            .ok_or(Malformed("the head does not end"))?;
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest.get(2..).unwrap_or_default();
        self.read += end + 2;
        Ok(line)
    }

    fn boundary(&mut self) -> Result<(), Malformed> {
        if is_boundary(self.next()?) {
            Ok(())
        } else {
            Err(Malformed("no opening boundary"))
        }
    }
}

fn is_boundary(line: &[u8]) -> bool {
    line.strip_prefix(b"--")
        .is_some_and(|name| name.trim_ascii() == BOUNDARY.as_bytes())
}

/// The `Length` of an `OriginalContent` line; `None` when it is another line.
fn original_length(line: &[u8]) -> Option<Result<usize, Malformed>> {
    let line = line.trim_ascii();
    let (name, value) = line.split_at_checked(16)?;
    if !name.eq_ignore_ascii_case(b"OriginalContent:") {
        return None;
    }
    let value = std::str::from_utf8(value).unwrap_or_default();
    let length = value.split(';').find_map(|part| {
        let (name, value) = part.trim().split_once('=')?;
        name.eq_ignore_ascii_case("Length").then_some(value)
    });
    let length = length.and_then(|digits| digits.trim().parse().ok());
    Some(length.ok_or(Malformed("no Length")))
}

/// Checks what a Kerberos library does not before it decrypts (RFC 4121, 4.2.6.2, rotated as Windows does).
pub(super) fn check_kerberos(message: &Sealed<'_>) -> Result<(), Malformed> {
    let token: &[u8; 60] = message
        .token
        .try_into()
        .map_err(|_| Malformed("the security header is not 60 bytes long"))?;
    if token[..2] != [0x05, 0x04] || token[3] != 0xff {
        return Err(Malformed("the security header is no Kerberos wrap token"));
    }
    if token[2] & 0x01 == 0 {
        return Err(Malformed("it was not sent by the server"));
    }
    if token[2] & 0x02 == 0 {
        return Err(Malformed("it is signed but not encrypted"));
    }
    if token[4..8] != [0, 0, 0, 28] {
        return Err(Malformed("its padding or rotation is not that of AES"));
    }
    check_length(message)
}

/// The same for NTLM (MS-NLMP 2.2.2.9.1).
pub(super) fn check_ntlm(message: &Sealed<'_>) -> Result<(), Malformed> {
    if message.token.len() != 16 || !message.token.starts_with(&[1, 0, 0, 0]) {
        return Err(Malformed("the security header is no NTLM signature"));
    }
    check_length(message)
}

fn check_length(message: &Sealed<'_>) -> Result<(), Malformed> {
    if message.data.len() == message.plain_len {
        Ok(())
    } else {
        Err(Malformed("the data is not as long as its Length says"))
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use proptest::prelude::*;

    use super::*;

    const PROTECTION: &str = "application/HTTP-Kerberos-session-encrypted";

    fn sealed<'a>(token: &'a [u8], data: &'a [u8]) -> Sealed<'a> {
        Sealed {
            token,
            data,
            plain_len: data.len(),
        }
    }

    /// As Exchange writes it.
    fn with_blanks(body: &[u8]) -> Vec<u8> {
        let head = body.len() - "--Encrypted Boundary--\r\n".len();
        let (front, _) = body.split_at(head);
        let text = String::from_utf8_lossy(front).replace("--Encrypted", "-- Encrypted");
        assert!(text.is_ascii(), "the vectors are");
        [text.as_bytes(), b"-- Encrypted Boundary--\r\n"].concat()
    }

    #[test]
    fn a_wrapped_message_reads_so() {
        let body = wrap(PROTECTION, &sealed(b"SIGNATURE", b"data"));
        expect![[r#"
            "--Encrypted Boundary\r\n\tContent-Type: application/HTTP-Kerberos-session-encrypted\r\n\tOriginalContent: type=application/soap+xml;charset=UTF-8;Length=4\r\n--Encrypted Boundary\r\n\tContent-Type: application/octet-stream\r\n\t\0\0\0SIGNATUREdata--Encrypted Boundary--\r\n"
        "#]]
        .assert_debug_eq(&String::from_utf8(body).unwrap());
        assert_eq!(
            content_type(PROTECTION),
            "multipart/encrypted;protocol=\"application/HTTP-Kerberos-session-encrypted\";\
             boundary=\"Encrypted Boundary\""
        );
        assert!(is_sealed("Multipart/Encrypted; boundary=x") && !is_sealed("application/soap+xml"));
    }

    #[test]
    fn both_spellings_of_the_boundary_are_read() {
        for data in [&b"data"[..], b"data--", b"data ", b"data-- ", b"\r\n", b""] {
            let plain = wrap(PROTECTION, &sealed(b"0123456789abcdef", data));
            assert_eq!(unwrap(&plain).unwrap(), sealed(b"0123456789abcdef", data));
            let bare = plain.strip_suffix(b"\r\n").unwrap();
            assert_eq!(unwrap(bare).unwrap(), sealed(b"0123456789abcdef", data));
            let blanks = with_blanks(&plain);
            assert_eq!(
                unwrap(&blanks).unwrap(),
                sealed(b"0123456789abcdef", data),
                "{data:?}"
            );
        }
    }

    #[test]
    fn every_truncation_is_refused_and_none_panics() {
        let mut token = [0x11; 60];
        token[..8].copy_from_slice(&[5, 4, 7, 0xff, 0, 0, 0, 28]);
        let body = wrap(PROTECTION, &sealed(&token, b"sealed data"));
        for end in 0..body.len() - 2 {
            assert!(unwrap(&body[..end]).is_err(), "cut at {end}");
        }
        for at in 0..body.len() {
            for byte in [0x00, 0xff, b'-'] {
                let mut changed = body.clone();
                changed[at] = byte;
                if let Ok(message) = unwrap(&changed) {
                    // It may read; it must not panic.
                    let _verdict = (check_kerberos(&message), check_ntlm(&message));
                }
            }
        }
    }

    #[test]
    fn a_head_without_end_is_cut_off() {
        let body = [
            &b"--Encrypted Boundary\r\n"[..],
            &vec![b'x'; 10_000],
            b"\r\n--Encrypted Boundary--\r\n",
        ]
        .concat();
        assert_eq!(unwrap(&body), Err(Malformed("the head does not end")));
    }

    #[test]
    fn tokens_are_checked_before_they_are_decrypted() {
        let good = {
            let mut token = [0; 60];
            token[..8].copy_from_slice(&[5, 4, 7, 0xff, 0, 0, 0, 28]);
            token
        };
        assert_eq!(check_kerberos(&sealed(&good, b"data")), Ok(()));
        let rows: String = [(0, 6), (2, 6), (2, 5), (3, 0), (5, 1), (7, 0)]
            .iter()
            .map(|(at, value)| {
                let mut token = good;
                token[*at] = *value;
                format!("{}\n", check_kerberos(&sealed(&token, b"data")).unwrap_err())
            })
            .collect();
        expect![[r#"
            the sealed message is malformed: the security header is no Kerberos wrap token
            the sealed message is malformed: it was not sent by the server
            the sealed message is malformed: it is signed but not encrypted
            the sealed message is malformed: the security header is no Kerberos wrap token
            the sealed message is malformed: its padding or rotation is not that of AES
            the sealed message is malformed: its padding or rotation is not that of AES
        "#]]
        .assert_eq(&rows);
        assert!(check_kerberos(&sealed(&good[..44], b"data")).is_err());
        let signature = [&[1, 0, 0, 0][..], &[9; 12]].concat();
        assert_eq!(check_ntlm(&sealed(&signature, b"data")), Ok(()));
        assert!(check_ntlm(&sealed(&good[..16], b"data")).is_err());
        let longer = Sealed {
            plain_len: 5,
            ..sealed(&signature, b"data")
        };
        assert!(check_ntlm(&longer).is_err());
    }

    proptest! {
        #[test]
        fn what_was_wrapped_is_unwrapped(token in prop::collection::vec(any::<u8>(), 0..80),
                                         data in prop::collection::vec(any::<u8>(), 0..300)) {
            let body = wrap(PROTECTION, &sealed(&token, &data));
            prop_assert_eq!(unwrap(&body).unwrap(), sealed(&token, &data));
        }

        #[test]
        fn garbage_does_not_panic(body in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(message) = unwrap(&body) {
                let _verdict = (check_kerberos(&message), check_ntlm(&message));
            }
        }
    }
}
