//! From the texts of the security library to our errors.

use super::scheme::Mechanism;
use crate::AuthenticationError;

/// What our own text begins with when no domain controller answered.
pub(super) const KDC_MARK: &str = "KDC ";

/// Whose log-on it was.
#[derive(Debug)]
pub(super) struct Who<'a> {
    pub(super) username: &'a str,
    pub(super) spn: &'a str,
    pub(super) mechanism: Mechanism,
}

/// Reads `text`, the library's error as it prints. The kind of its errors does not tell causes apart; the text does.
pub(super) fn read(text: &str, who: &Who<'_>) -> AuthenticationError {
    let (username, spn) = (who.username.to_owned(), who.spn.to_owned());
    let has = |part: &str| text.contains(part);
    if let Some((_, kdc)) = text
        .split_once(KDC_MARK)
        .filter(|_| has("NoAuthenticatingAuthority: KDC "))
    {
        return AuthenticationError::KdcUnreachable { kdc: kdc.to_owned() };
    }
    if has("pre-authentication information was invalid") {
        AuthenticationError::WrongPassword { username }
    } else if has("client not found in Kerberos database") {
        AuthenticationError::UnknownClient { username }
    } else if has("server not found in Kerberos database") {
        AuthenticationError::UnknownService { spn }
    } else if has("clients credentials have been revoked") {
        AuthenticationError::Revoked { username }
    } else if has("password has expired") {
        AuthenticationError::PasswordExpired { username }
    } else if has("client's entry in database has expired") {
        AuthenticationError::AccountExpired { username }
    } else if has("KDC has no support for encryption type") {
        AuthenticationError::NoCommonEncryption { username, spn }
    } else if has("clock skew too great") || has("TimeSkew") {
        AuthenticationError::ClockSkew
    } else if has("No KDC server found") {
        AuthenticationError::NoKdc { username }
    } else {
        AuthenticationError::Protocol {
            reason: format!("{}: {}", who.mechanism.name(), without_data(text)),
        }
    }
}

/// The data that a domain controller sends with its error holds the account's salt.
fn without_data(text: &str) -> &str {
    text.split(". Additional error data").next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn each_text_has_its_meaning_and_its_cure() {
        let rows: String = [
            "KdcInvalidRequest: pre-authentication information was invalid. Additional error text: \"PREAUTH_FAILED\". \
             Additional error data: OctetString(0xDEADBEEF)",
            "UnknownCredentials: client not found in Kerberos database. Additional error text: \"CLIENT_NOT_FOUND\"",
            "UnknownCredentials: server not found in Kerberos database. Additional error text: \"LOOKING_UP_SERVER\"",
            "UnknownCredentials: clients credentials have been revoked. Additional error text: \"CLIENT LOCKED OUT\"",
            "InvalidParameter: password has expired; change password to reset",
            "InvalidParameter: client's entry in database has expired",
            "OperationNotSupported: KDC has no support for encryption type",
            "TimeSkew: clock skew too great",
            "NoAuthenticatingAuthority: KDC dc1.contoso.example:88: Connection refused (os error 111)",
            "NoAuthenticatingAuthority: KDC dc1.contoso.example:88: timed out",
            "NoAuthenticatingAuthority: No KDC server found",
            "NoAuthenticatingAuthority: No KDC server found for realm CHILD.CONTOSO.EXAMPLE",
            "InternalError: something new. Additional error data: OctetString(0xDEADBEEF)",
        ]
        .iter()
        .map(|text| {
            let who = Who {
                username: "ana@contoso.example",
                spn: "HTTP/ex1.contoso.example",
                mechanism: Mechanism::Kerberos,
            };
            let error = read(text, &who);
            assert!(!error.to_string().contains("DEADBEEF") && !error.cure().is_empty());
            let refused = if error.is_refused_credential() { " [refused]" } else { "" };
            let transient = if error.is_transient() { " [transient]" } else { "" };
            format!("{error}{refused}{transient}\n")
        })
        .collect();
        expect![[r#"
            the domain controller refused the password of ana@contoso.example, or the account has no AES-256 key [refused]
            the domain controller does not know the account ana@contoso.example [refused]
            the domain controller does not know the service HTTP/ex1.contoso.example
            the account ana@contoso.example is locked or disabled [refused]
            the password of ana@contoso.example has expired [refused]
            the account ana@contoso.example has expired [refused]
            the domain controller has no encryption type in common with us for ana@contoso.example and HTTP/ex1.contoso.example
            the clocks of this computer, the domain controller and the server differ too much
            no domain controller answers (dc1.contoso.example:88: Connection refused (os error 111)) [transient]
            no domain controller answers (dc1.contoso.example:88: timed out) [transient]
            no domain controller is known for the domain of ana@contoso.example
            no domain controller is known for the domain of ana@contoso.example
            the log-on did not come to an end: Kerberos: InternalError: something new
        "#]].assert_eq(&rows);
    }
}
