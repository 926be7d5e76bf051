//! One mail: the `CreateItem` request and its answer.

use std::time::Duration;

use easgate_model::EmailAddress;
use quick_xml::escape::escape;

use crate::xml::{self, Leaf, XmlError};

/// A mail to one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Who gets it.
    pub to: EmailAddress,
    /// The subject. Line breaks and other control characters become blanks.
    pub subject: String,
    /// The body, as HTML.
    pub html: String,
}

/// Writes the request that sends `mail` and keeps no copy.
///
/// The order of the elements is the one that the schema demands. POST it to the EWS address with
/// `Content-Type: text/xml; charset=utf-8`. Source: [MS-OXWSCORE] 3.1.4.2, _CreateItem_.
#[must_use]
pub fn create_item(mail: &Mail) -> String {
    let subject: String = mail
        .subject
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    format!(
        concat!(
            r#"<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/""#,
            r#" xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types""#,
            r#" xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages">"#,
            r#"<soap:Header><t:RequestServerVersion Version="Exchange2010_SP2"/></soap:Header>"#,
            r#"<soap:Body><m:CreateItem MessageDisposition="SendOnly"><m:Items><t:Message>"#,
            r#"<t:ItemClass>IPM.Note</t:ItemClass><t:Subject>{}</t:Subject>"#,
            r#"<t:Body BodyType="HTML">{}</t:Body><t:Importance>High</t:Importance>"#,
            r#"<t:ToRecipients><t:Mailbox><t:EmailAddress>{}</t:EmailAddress></t:Mailbox></t:ToRecipients>"#,
            r#"</t:Message></m:Items></m:CreateItem></soap:Body></soap:Envelope>"#,
        ),
        escape(subject.trim()),
        escape(xml_chars(&mail.html)),
        escape(mail.to.as_str()),
    )
}

/// What Exchange made of the mail, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is on its way.
    Sent,
    /// Not now: try again, after `wait` if Exchange named a time.
    Retry {
        /// Exchange's response code.
        code: String,
        /// How long Exchange wants to be left alone.
        wait: Option<Duration>,
    },
    /// Never for this recipient: give this mail up.
    Undeliverable {
        /// Exchange's response code.
        code: String,
        /// Exchange's words.
        message: String,
    },
    /// Nothing will be sent until an administrator changes something.
    Misconfigured {
        /// Exchange's response code.
        code: String,
        /// Exchange's words.
        message: String,
    },
}

/// Why an answer says nothing.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum AnswerError {
    #[error("the mail server's answer cannot be read")]
    Xml {
        #[from]
        source: XmlError,
    },
    #[error("the mail server's answer has no response code")]
    NoCode,
}

/// Reads the body of Exchange's answer to [`create_item`], be it a response or a SOAP fault.
///
/// # Errors
/// When the body is not XML or holds no response code.
pub fn read_answer(body: &str) -> Result<Answer, AnswerError> {
    let leaves = xml::leaves(body)?;
    let text = |name: &str| {
        leaves
            .iter()
            .find(|leaf| leaf.name() == name)
            .map(|leaf| leaf.text.trim().to_owned())
    };
    let code = text("ResponseCode")
        .filter(|code| !code.is_empty())
        .ok_or(AnswerError::NoCode)?;
    let message = text("MessageText")
        .or_else(|| text("Message"))
        .or_else(|| text("faultstring"))
        .unwrap_or_default();
    Ok(classify(code, message, back_off(&leaves)))
}

fn back_off(leaves: &[Leaf]) -> Option<Duration> {
    leaves
        .iter()
        .find(|leaf| leaf.name() == "Value" && leaf.attribute("Name") == Some("BackOffMilliseconds"))
        .and_then(|leaf| leaf.text.trim().parse().ok())
        .map(Duration::from_millis)
}

fn classify(code: String, message: String, wait: Option<Duration>) -> Answer {
    match code.as_str() {
        "NoError" => Answer::Sent,
        "ErrorServerBusy"
        | "ErrorExceededConnectionCount"
        | "ErrorInternalServerTransientError"
        | "ErrorInternalServerError"
        | "ErrorMailboxStoreUnavailable"
        | "ErrorMailboxMoveInProgress"
        | "ErrorTimeoutExpired"
        | "ErrorConnectionFailed" => Answer::Retry { code, wait },
        "ErrorInvalidRecipients" | "ErrorMessageSizeExceeded" => Answer::Undeliverable { code, message },
        _ => Answer::Misconfigured { code, message },
    }
}

/// Drops what XML 1.0 cannot hold.
fn xml_chars(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r'))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn answer(inner: &str) -> String {
        format!(
            "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body><m:CreateItemResponse xmlns:m='urn:m'>\
             <m:ResponseMessages><m:CreateItemResponseMessage>{inner}</m:CreateItemResponseMessage></m:ResponseMessages>\
             </m:CreateItemResponse></s:Body></s:Envelope>"
        )
    }

    #[test]
    fn every_class_of_answer_says_what_to_do() {
        let code = |code: &str| {
            answer(&format!(
                "<m:MessageText>No.</m:MessageText><m:ResponseCode>{code}</m:ResponseCode>"
            ))
        };
        assert_eq!(read_answer(&code("NoError")).unwrap(), Answer::Sent);
        for (given, wanted) in [
            ("ErrorMailboxMoveInProgress", "retry"),
            ("ErrorInvalidRecipients", "undeliverable"),
            ("ErrorSendAsDenied", "misconfigured"),
            ("ErrorOfTomorrow", "misconfigured"),
        ] {
            let class = match read_answer(&code(given)).unwrap() {
                Answer::Sent => "sent",
                Answer::Retry { .. } => "retry",
                Answer::Undeliverable { .. } => "undeliverable",
                Answer::Misconfigured { .. } => "misconfigured",
            };
            assert_eq!(class, wanted, "{given}");
        }
    }

    #[test]
    fn a_busy_server_names_the_time_to_wait() {
        let fault = "<s:Envelope xmlns:s='urn:s'><s:Body><s:Fault><faultcode>a:ErrorServerBusy</faultcode>\
            <detail><e:ResponseCode xmlns:e='urn:e'>ErrorServerBusy</e:ResponseCode><t:MessageXml xmlns:t='urn:t'>\
            <t:Value Name='BackOffMilliseconds'>297749</t:Value></t:MessageXml></detail></s:Fault></s:Body></s:Envelope>";
        assert_eq!(
            read_answer(fault).unwrap(),
            Answer::Retry {
                code: "ErrorServerBusy".to_owned(),
                wait: Some(Duration::from_millis(297_749))
            }
        );
    }

    #[test]
    fn broken_answers_are_errors() {
        for body in [
            "",
            "<a>",
            "<!DOCTYPE a><a/>",
            "<a>&unknown;</a>",
            "<html><body>502</body></html>",
        ] {
            assert!(read_answer(body).is_err(), "{body}");
        }
    }

    #[test]
    fn a_subject_cannot_break_out_of_its_line_or_its_element() {
        let mail = Mail {
            to: "ana@contoso.com".parse().unwrap(),
            subject: "Held\r\nBcc: all@contoso.com </t:Subject>".to_owned(),
            html: "<p>a &amp; b\u{0}</p>".to_owned(),
        };
        let request = create_item(&mail);
        assert!(
            request.contains("<t:Subject>Held  Bcc: all@contoso.com &lt;/t:Subject&gt;</t:Subject>"),
            "{request}"
        );
        assert!(request.contains("&lt;p&gt;a &amp;amp; b&lt;/p&gt;"), "{request}");
        assert!(xml::leaves(&request).is_ok());
    }

    proptest! {
        #[test]
        fn no_answer_panics(body in "\\PC{0,200}|(<[a-z:/ ='\"&;!?-]{0,12}>?){0,40}") {
            let _ = read_answer(&body);
        }
    }
}
