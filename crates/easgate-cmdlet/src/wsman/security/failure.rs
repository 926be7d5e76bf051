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
    /// Whether the system had the ticket already; else it was a moment old.
    pub(super) by_system: bool,
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
    // The texts of both libraries; they differ in the case of their first letters.
    if has("pre-authentication information was invalid") || has("Preauthentication failed") {
        AuthenticationError::WrongPassword { username }
    } else if has("lient not found in Kerberos database") {
        AuthenticationError::UnknownClient { username }
    } else if has("erver not found in Kerberos database") {
        AuthenticationError::UnknownService { spn }
    } else if has("credentials have been revoked") {
        AuthenticationError::Revoked { username }
    } else if has("assword has expired") {
        AuthenticationError::PasswordExpired { username }
    } else if has("lient's entry in database has expired") {
        AuthenticationError::AccountExpired { username }
    } else if has("KDC has no support for encryption type") {
        AuthenticationError::NoCommonEncryption { username, spn }
    } else if has("lock skew too great") || has("TimeSkew") || has("icket not yet valid") {
        clock_skew()
    } else if has("icket expired") || has("credential has expired") {
        if who.by_system {
            AuthenticationError::SystemTicketExpired { username }
        } else {
            clock_skew()
        }
    } else if has("Cannot contact any KDC") {
        let kdc = "those that krb5.conf names".to_owned();
        AuthenticationError::KdcUnreachable { kdc }
    } else if has("No KDC server found") || has("Cannot find KDC for realm") {
        AuthenticationError::NoKdc { username }
    } else if has("No credentials were supplied") || has("No Kerberos credentials available") {
        AuthenticationError::NoSystemCredentials { username }
    } else {
        AuthenticationError::Protocol {
            reason: format!("{}: {}", who.mechanism.name(), without_data(text)),
        }
    }
}

fn clock_skew() -> AuthenticationError {
    let reason = "Kerberos says so".to_owned();
    AuthenticationError::ClockSkew { reason }
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
            "Unspecified GSS failure.  Minor code may provide more information (Ticket not yet valid)",
            "Unspecified GSS failure.  Minor code may provide more information (Ticket expired)",
            "NoAuthenticatingAuthority: KDC dc1.contoso.example:88: Connection refused (os error 111)",
            "NoAuthenticatingAuthority: KDC dc1.contoso.example:88: timed out",
            "NoAuthenticatingAuthority: No KDC server found",
            "Unspecified GSS failure.  Minor code may provide more information (Preauthentication failed)",
            "Unspecified GSS failure.  Minor code may provide more information (Server not found in Kerberos database)",
            "Unspecified GSS failure.  Minor code may provide more information (Client's credentials have been revoked)",
            "Unspecified GSS failure.  Minor code may provide more information (Cannot contact any KDC for realm 'X')",
            "No credentials were supplied, or the credentials were unavailable or inaccessible (Matching credential not found)",
            "InternalError: something new. Additional error data: OctetString(0xDEADBEEF)",
        ]
        .iter()
        .map(|text| {
            let who = Who {
                username: "ana@contoso.example",
                spn: "HTTP/ex1.contoso.example",
                mechanism: Mechanism::Kerberos,
                by_system: text.contains("GSS") || text.contains("redential"),
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
            the clocks of this computer, the domain controller and the server differ too much (Kerberos says so)
            the clocks of this computer, the domain controller and the server differ too much (Kerberos says so)
            the Kerberos ticket that the system has for ana@contoso.example has expired
            no domain controller answers (dc1.contoso.example:88: Connection refused (os error 111)) [transient]
            no domain controller answers (dc1.contoso.example:88: timed out) [transient]
            no domain controller is known for the domain of ana@contoso.example
            the domain controller refused the password of ana@contoso.example, or the account has no AES-256 key [refused]
            the domain controller does not know the service HTTP/ex1.contoso.example
            the account ana@contoso.example is locked or disabled [refused]
            no domain controller answers (those that krb5.conf names) [transient]
            the system has no Kerberos credentials for ana@contoso.example
            the log-on did not come to an end: Kerberos: InternalError: something new
        "#]].assert_eq(&rows);
    }
}
