//! Which HTTP authentication scheme carries which mechanism.

use http::HeaderMap;
use http::header::HeaderName;

use crate::Authentication;

/// What proves the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::wsman) enum Mechanism {
    Kerberos,
    Ntlm,
}

impl Mechanism {
    pub(in crate::wsman) const fn name(self) -> &'static str {
        match self {
            Self::Kerberos => "Kerberos",
            Self::Ntlm => "NTLM",
        }
    }
}

/// An HTTP scheme with what it carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::wsman) enum Scheme {
    /// `Kerberos` with bare tickets.
    Kerberos,
    /// `Negotiate` with SPNEGO, which may choose this mechanism only.
    Negotiate(Mechanism),
    /// `NTLM` with bare messages.
    Ntlm,
}

impl Scheme {
    /// The schemes by which an authentication may go, the preferred one first.
    pub(in crate::wsman) const fn of(authentication: &Authentication) -> &'static [Self] {
        match authentication {
            Authentication::Kerberos(_) => &[Self::Kerberos, Self::Negotiate(Mechanism::Kerberos)],
            Authentication::Negotiate(_) => &[Self::Negotiate(Mechanism::Kerberos)],
            Authentication::Ntlm { .. } => &[Self::Negotiate(Mechanism::Ntlm), Self::Ntlm],
            Authentication::Basic { .. } | Authentication::Certificate => &[],
        }
    }

    pub(in crate::wsman) const fn name(self) -> &'static str {
        match self {
            Self::Kerberos => "Kerberos",
            Self::Negotiate(_) => "Negotiate",
            Self::Ntlm => "NTLM",
        }
    }

    pub(in crate::wsman) const fn mechanism(self) -> Mechanism {
        match self {
            Self::Kerberos => Mechanism::Kerberos,
            Self::Negotiate(mechanism) => mechanism,
            Self::Ntlm => Mechanism::Ntlm,
        }
    }

    /// How sealed messages are labelled; this follows the scheme, not the mechanism.
    pub(in crate::wsman) const fn protection(self) -> &'static str {
        match self {
            Self::Kerberos => "application/HTTP-Kerberos-session-encrypted",
            Self::Negotiate(_) | Self::Ntlm => "application/HTTP-SPNEGO-session-encrypted",
        }
    }

    /// The first of `wanted` that is among `offered`.
    pub(in crate::wsman) fn choose(wanted: &[Self], offered: &[Challenge]) -> Option<Self> {
        let is_offered = |scheme: &&Self| {
            offered
                .iter()
                .any(|challenge| challenge.scheme.eq_ignore_ascii_case(scheme.name()))
        };
        wanted.iter().find(is_offered).copied()
    }

    /// The token that came with the challenge for this scheme, decoded; `Some` of nothing when it came alone.
    pub(in crate::wsman) fn token(self, offered: &[Challenge]) -> Option<Vec<u8>> {
        let challenge = offered
            .iter()
            .find(|challenge| challenge.scheme.eq_ignore_ascii_case(self.name()))?;
        base64_simd::STANDARD.decode_to_vec(&challenge.token).ok()
    }
}

/// One scheme that a server offers, and what it says with it. The token is never printed.
pub(in crate::wsman) struct Challenge {
    scheme: String,
    token: String,
}

/// Reads a `WWW-Authenticate` or `Proxy-Authenticate` header, in one line or several.
pub(in crate::wsman) fn challenges(headers: &HeaderMap, name: HeaderName) -> Vec<Challenge> {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(split)
        .filter_map(|element| {
            let mut words = element.split_ascii_whitespace();
            let scheme = words.next()?;
            // What has an equals sign is a parameter of the challenge before it.
            let is_scheme = scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            is_scheme.then(|| Challenge {
                scheme: scheme.to_owned(),
                token: words.next().unwrap_or_default().to_owned(),
            })
        })
        .take(8)
        .collect()
}

/// Names the schemes, for people.
pub(in crate::wsman) fn names(offered: &[Challenge]) -> String {
    if offered.is_empty() {
        return "no scheme".to_owned();
    }
    let names: Vec<_> = offered
        .iter()
        .map(|challenge| challenge.scheme.as_str())
        .collect();
    names.join(", ")
}

/// Splits at commas outside quotation marks.
fn split(value: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    value.split(move |char| {
        quoted ^= char == '"';
        char == ',' && !quoted
    })
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use http::header::WWW_AUTHENTICATE;

    use super::*;

    fn offered(values: &[&str]) -> Vec<Challenge> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, value.parse().unwrap());
        }
        challenges(&headers, WWW_AUTHENTICATE)
    }

    #[test]
    fn schemes_are_found_in_one_line_or_several_whatever_their_case() {
        let rows: String = [
            &["Kerberos", "Basic realm=\"ex1\", Negotiate"][..],
            &["NEGOTIATE, ntlm,Basic realm=\"a, Kerberos b\", charset=\"UTF-8\""],
            &["negotiate oYG3MIG0, Kerberos"],
            &[],
            &["Basic realm=x, stale=true"],
        ]
        .iter()
        .map(|values| {
            let offered = offered(values);
            let chosen = Scheme::choose(
                &[Scheme::Kerberos, Scheme::Negotiate(Mechanism::Kerberos)],
                &offered,
            );
            format!("{} -> {chosen:?}\n", names(&offered))
        })
        .collect();
        expect![[r#"
            Kerberos, Basic, Negotiate -> Some(Kerberos)
            NEGOTIATE, ntlm, Basic -> Some(Negotiate(Kerberos))
            negotiate, Kerberos -> Some(Kerberos)
            no scheme -> None
            Basic -> None
        "#]]
        .assert_eq(&rows);
    }

    #[test]
    fn kerberos_never_becomes_ntlm() {
        for mechanism in [
            Scheme::of(&Authentication::Kerberos(crate::KerberosLogon::new(
                "a@b".to_owned(),
                "x".into(),
            ))),
            Scheme::of(&Authentication::Negotiate(crate::KerberosLogon::new(
                "a@b".to_owned(),
                "x".into(),
            ))),
        ] {
            assert!(
                mechanism
                    .iter()
                    .all(|scheme| scheme.mechanism() == Mechanism::Kerberos)
            );
            assert_eq!(
                Scheme::choose(mechanism, &offered(&["NTLM", "Basic realm=x"])),
                None
            );
        }
    }

    #[test]
    fn a_token_comes_with_its_own_scheme() {
        let offered = offered(&["Negotiate", "Kerberos b2s=, Basic realm=\"x\""]);
        assert_eq!(Scheme::Kerberos.token(&offered).as_deref(), Some(&b"ok"[..]));
        let negotiate = Scheme::Negotiate(Mechanism::Kerberos);
        assert_eq!(negotiate.token(&offered).as_deref(), Some(&b""[..]));
        assert_eq!(Scheme::Ntlm.token(&offered), None);
    }
}
