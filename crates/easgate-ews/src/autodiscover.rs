//! Autodiscover: where EWS is, from a mail address alone.
//!
//! Source: [MS-OXDSCLI], _Autodiscover Publishing and Lookup Protocol_.

use easgate_model::EmailAddress;
use quick_xml::escape::escape;
use url::Url;

use crate::xml::{self, XmlError};

/// The most redirects to follow.
pub const MAX_REDIRECTS: usize = 10;

/// Returns where to POST the request, in the order to try.
#[must_use]
pub fn candidates(address: &EmailAddress) -> Vec<Url> {
    let domain = address.as_str().rsplit_once('@').map_or("", |(_, domain)| domain);
    [
        format!("https://{domain}/autodiscover/autodiscover.xml"),
        format!("https://autodiscover.{domain}/autodiscover/autodiscover.xml"),
    ]
    .iter()
    .filter_map(|text| Url::parse(text).ok())
    .filter(|url| {
        url.host_str()
            .is_some_and(|host| host.ends_with(&domain.to_ascii_lowercase()))
    })
    .collect()
}

/// Writes the request for `address`.
#[must_use]
pub fn request(address: &EmailAddress) -> String {
    format!(
        concat!(
            r#"<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">"#,
            "<Request><EMailAddress>{}</EMailAddress><AcceptableResponseSchema>",
            "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a",
            "</AcceptableResponseSchema></Request></Autodiscover>",
        ),
        escape(address.as_str())
    )
}

/// What an Autodiscover answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// EWS is at these addresses: the internal one first, then the external ones.
    ///
    /// They are data from a server: check each against the hosts that may see the credentials.
    Found(Vec<Url>),
    /// Ask for this address instead.
    AskFor(EmailAddress),
    /// Ask at this address instead; https only, checked against the same hosts.
    AskAt(Url),
    /// The server does not know.
    Refused {
        /// `ErrorCode`, such as 500.
        code: String,
        /// The server's words.
        message: String,
    },
}

/// Why an answer says nothing.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum AnswerError {
    #[error("the Autodiscover answer cannot be read")]
    Xml {
        #[from]
        source: XmlError,
    },
    #[error("the Autodiscover answer redirects to {to:?}, which is not a https address")]
    Redirect { to: String },
    #[error("the Autodiscover answer names no EWS address")]
    Nothing,
}

/// Reads an answer.
///
/// # Errors
/// When it is not XML, redirects to something that is not https, or names no EWS address.
pub fn read_answer(body: &str) -> Result<Answer, AnswerError> {
    let leaves = xml::leaves(body)?;
    let text = |name: &str| {
        leaves
            .iter()
            .find(|leaf| leaf.name() == name)
            .map(|leaf| leaf.text.trim().to_owned())
    };
    if let Some(code) = text("ErrorCode") {
        return Ok(Answer::Refused {
            code,
            message: text("Message").unwrap_or_default(),
        });
    }
    if let Some(to) = text("RedirectAddr") {
        return to
            .parse()
            .map(Answer::AskFor)
            .map_err(|_| AnswerError::Redirect { to });
    }
    if let Some(to) = text("RedirectUrl") {
        let url = Url::parse(&to).ok().filter(|url| url.scheme() == "https");
        return url.map(Answer::AskAt).ok_or(AnswerError::Redirect { to });
    }
    let named = |name: &'static str| {
        leaves
            .iter()
            .filter(move |leaf| leaf.name() == name && leaf.is_inside("Protocol"))
    };
    let mut urls: Vec<Url> = Vec::new();
    for leaf in named("EwsUrl").chain(named("ASUrl")) {
        if let Ok(url) = Url::parse(leaf.text.trim())
            && url.scheme() == "https"
            && !urls.contains(&url)
        {
            urls.push(url);
        }
    }
    if urls.is_empty() {
        Err(AnswerError::Nothing)
    } else {
        Ok(Answer::Found(urls))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::expect;

    fn check(account: &str, wanted: &expect_test::Expect) {
        let body = format!(
            "<Autodiscover xmlns='urn:a'><Response xmlns='urn:r'>{account}</Response></Autodiscover>"
        );
        wanted.assert_eq(&match read_answer(&body) {
            Ok(answer) => format!("{answer:?}").replace("Url { scheme", "\nUrl { scheme"),
            Err(error) => error.to_string(),
        });
    }

    #[test]
    fn each_kind_of_answer_is_read() {
        check(
            "<Error><ErrorCode>500</ErrorCode><Message>The email address can't be found.</Message></Error>",
            &expect![[r#"Refused { code: "500", message: "The email address can't be found." }"#]],
        );
        check(
            "<Account><Action>redirectUrl</Action><RedirectUrl>http://evil.example/a</RedirectUrl></Account>",
            &expect![[
                r#"the Autodiscover answer redirects to "http://evil.example/a", which is not a https address"#
            ]],
        );
        check(
            "<Account><Action>settings</Action></Account>",
            &expect!["the Autodiscover answer names no EWS address"],
        );
    }

    #[test]
    fn the_ews_address_is_found_once() {
        let protocol = |kind: &str| {
            format!(
                "<Protocol><Type>{kind}</Type><EwsUrl>https://mail.contoso.com/EWS/Exchange.asmx</EwsUrl></Protocol>"
            )
        };
        let body = format!(
            "<A><Account>{}{}</Account></A>",
            protocol("EXCH"),
            protocol("EXPR")
        );
        let wanted = Url::parse("https://mail.contoso.com/EWS/Exchange.asmx").unwrap();
        assert_eq!(read_answer(&body).unwrap(), Answer::Found(vec![wanted]));
    }

    #[test]
    fn the_domain_is_asked_first_and_only_the_domain() {
        let urls = candidates(&"notify@contoso.com".parse().unwrap());
        let texts: Vec<_> = urls.iter().map(Url::as_str).collect();
        assert_eq!(
            texts,
            [
                "https://contoso.com/autodiscover/autodiscover.xml",
                "https://autodiscover.contoso.com/autodiscover/autodiscover.xml"
            ]
        );
        assert!(candidates(&"a@evil.example/x?".parse().unwrap()).is_empty());
    }

    #[test]
    fn the_address_is_escaped() {
        assert!(
            request(&"a<b@contoso.com".parse().unwrap())
                .contains("<EMailAddress>a&lt;b@contoso.com</EMailAddress>")
        );
    }
}
