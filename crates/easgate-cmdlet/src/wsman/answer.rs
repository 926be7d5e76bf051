//! From an HTTP answer to what the server means.

use easgate_psrp::wsman::{Fault, FaultKind, ResponseBody, parse_response};
use http::StatusCode;
use http::header::{LOCATION, WWW_AUTHENTICATE};

use super::lane::{Answer, LaneError};
use super::security;
use crate::{AuthenticationError, InvokeError, TransportError};

/// Why a request did not succeed.
#[derive(Debug)]
pub(super) enum RequestError {
    Transport(TransportError),
    Authentication(AuthenticationError),
    Unauthorized { offered: String },
    Redirect { location: String },
    Fault(Box<Fault>),
    Protocol { reason: String },
}

impl From<LaneError> for RequestError {
    fn from(error: LaneError) -> Self {
        match error {
            LaneError::Transport(error) => Self::Transport(error),
            LaneError::Authentication(error) => Self::Authentication(error),
        }
    }
}

impl RequestError {
    pub(super) fn is_timed_out(&self) -> bool {
        matches!(self, Self::Fault(fault) if fault.kind() == FaultKind::Timeout)
    }

    pub(super) fn is_not_found(&self) -> bool {
        matches!(self, Self::Fault(fault) if fault.kind() == FaultKind::ShellNotFound)
    }

    /// Whether the server may have acted on the request.
    pub(super) fn may_have_acted(&self) -> bool {
        match self {
            Self::Transport(TransportError::Status { status, .. }) => *status >= 500,
            Self::Transport(error) => !error.is_unsent(),
            Self::Authentication(_) | Self::Unauthorized { .. } | Self::Redirect { .. } => false,
            Self::Fault(_) => self.is_timed_out(),
            Self::Protocol { .. } => true,
        }
    }

    /// Says the same about the command `cmdlet` on `endpoint`.
    pub(super) fn into_invoke_error(self, endpoint: &str, cmdlet: &str, sent: bool) -> InvokeError {
        let (endpoint, cmdlet) = (endpoint.to_owned(), cmdlet.to_owned());
        match self {
            Self::Transport(source) => InvokeError::Transport {
                endpoint,
                cmdlet,
                sent,
                source,
            },
            Self::Authentication(source) => InvokeError::Authentication {
                endpoint,
                cmdlet,
                sent,
                source: Box::new(source),
            },
            Self::Unauthorized { offered } => InvokeError::Unauthorized { endpoint, offered },
            Self::Redirect { location } => InvokeError::Redirected {
                endpoint,
                location,
                reason: "a session that is open does not move",
            },
            Self::Fault(fault) if fault.kind() == FaultKind::ShellNotFound => InvokeError::SessionLost {
                endpoint,
                cmdlet,
                sent,
            },
            Self::Fault(fault) => InvokeError::Fault {
                endpoint,
                cmdlet,
                sent,
                fault,
            },
            Self::Protocol { reason } => InvokeError::Protocol {
                endpoint,
                cmdlet,
                sent,
                reason,
            },
        }
    }
}

/// Reads an answer to the request `message_id` (as written, with `uuid:`).
pub(super) fn read(answer: &Answer, message_id: &str) -> Result<ResponseBody, RequestError> {
    let status = answer.status;
    if status == StatusCode::UNAUTHORIZED {
        return Err(RequestError::Unauthorized {
            offered: security::names(&security::challenges(&answer.headers, WWW_AUTHENTICATE)),
        });
    }
    let location = answer.headers.get(LOCATION).and_then(|value| value.to_str().ok());
    if status.is_redirection() {
        let location = location.unwrap_or_default().to_owned();
        return Err(RequestError::Redirect { location });
    }
    let response = match parse_response(&answer.body) {
        Ok(response) => response,
        Err(_) if !status.is_success() => return Err(without_soap(status)),
        Err(error) => {
            return Err(RequestError::Protocol {
                reason: error.to_string(),
            });
        }
    };
    if let ResponseBody::Fault(fault) = response.body {
        return Err(refused(fault, location));
    }
    if !status.is_success() {
        return Err(without_soap(status));
    }
    if response
        .relates_to
        .as_deref()
        .is_some_and(|id| !id.eq_ignore_ascii_case(message_id))
    {
        return Err(RequestError::Protocol {
            reason: "the answer is to another request".to_owned(),
        });
    }
    Ok(response.body)
}

fn refused(fault: Fault, location: Option<&str>) -> RequestError {
    if let FaultKind::Redirect(inside) = fault.kind() {
        let location = inside.or_else(|| location.map(str::to_owned)).unwrap_or_default();
        return RequestError::Redirect { location };
    }
    RequestError::Fault(Box::new(fault))
}

fn without_soap(status: StatusCode) -> RequestError {
    let hint = match status.as_u16() {
        403 => "the server forbids this address; check the address and that the account may use it",
        404 => "there is no PowerShell at this path; check the address",
        405 => "the address does not take WS-Management requests; check its path",
        413 => "the request body is too large for the server; lower the envelope size",
        500 => "the server failed before PowerShell was reached",
        502..=504 => "the server is down, starting or overloaded",
        _ => "the answer does not come from WS-Management; check the address",
    };
    RequestError::Transport(TransportError::Status {
        status: status.as_u16(),
        hint,
    })
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use http::HeaderMap;

    use super::*;

    fn outcome(status: u16, headers: &[(&'static str, &str)], body: &str) -> String {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers: map,
            body: body.as_bytes().to_vec(),
        };
        match read(&answer, "uuid:1") {
            Ok(body) => format!("{body:?}"),
            Err(error) => {
                let acted = error.may_have_acted();
                let error = error.into_invoke_error("ex1", "Get-Date", acted);
                let source = std::error::Error::source(&error).map(|source| format!(": {source}"));
                let transient = if error.is_transient() { " [transient]" } else { "" };
                let sent = if error.sent() { " [sent]" } else { "" };
                format!("{error}{}{transient}{sent}", source.unwrap_or_default())
            }
        }
    }

    #[test]
    fn answers_without_soap_say_what_to_check() {
        let html = "<!DOCTYPE html><html><body>Not found</body></html>";
        let rows: String = [
            outcome(
                401,
                &[
                    ("www-authenticate", "Kerberos"),
                    ("www-authenticate", "Basic realm=\"ex1\", Negotiate"),
                ],
                "",
            ),
            outcome(401, &[], html),
            outcome(404, &[], html),
            outcome(413, &[], html),
            outcome(500, &[], ""),
            outcome(503, &[], html),
            outcome(
                302,
                &[("location", "https://ex2.contoso.example/powershell")],
                html,
            ),
            outcome(200, &[], html),
            outcome(200, &[], ""),
        ]
        .iter()
        .map(|row| format!("{row}\n"))
        .collect();
        expect![[r#"
            ex1 did not accept the credentials (it offers Kerberos, Basic, Negotiate)
            ex1 did not accept the credentials (it offers no scheme)
            could not reach ex1 to run Get-Date: HTTP status 404 without a WS-Management answer: there is no PowerShell at this path; check the address
            could not reach ex1 to run Get-Date: HTTP status 413 without a WS-Management answer: the request body is too large for the server; lower the envelope size
            could not reach ex1 to run Get-Date: HTTP status 500 without a WS-Management answer: the server failed before PowerShell was reached [transient] [sent]
            could not reach ex1 to run Get-Date: HTTP status 503 without a WS-Management answer: the server is down, starting or overloaded [transient] [sent]
            ex1 redirects to https://ex2.contoso.example/powershell, which is not followed: a session that is open does not move
            ex1 broke the protocol while running Get-Date: message contains a document type declaration [sent]
            ex1 broke the protocol while running Get-Date: message is not a SOAP 1.2 envelope [sent]
        "#]]
        .assert_eq(&rows);
    }
}
