//! What goes wrong on demand.

use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use crate::tenant::reply::{self, error, nested_error};

/// The form in which an answer tells how long to wait.
#[derive(Debug, Clone, PartialEq)]
pub enum RetryAfter {
    /// Nothing is told, as Intune often does.
    Absent,
    /// The header's text as it is: seconds, fractional seconds, a date.
    Header(String),
    /// No header, but `RetryAfter` inside the JSON inside the error's message.
    Nested(f64),
}

/// One thing that goes wrong.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// 429 `TooManyRequests`.
    Throttled(RetryAfter),
    /// 503 `ServiceUnavailable`.
    Unavailable(RetryAfter),
    /// An error of this status with this code.
    Status(u16, &'static str),
    /// The permission is missing, told as Intune does: `Forbidden` in JSON in the message of an `UnknownError`,
    /// under this status (401 or 403).
    NestedForbidden(u16),
    /// 401 `InvalidAuthenticationToken`.
    InvalidToken,
    /// 200 with a page of HTML.
    Html,
    /// The connection breaks in the middle of the answer.
    Broken,
    /// A list's next link leads to this origin.
    ForeignNextLink(String),
    /// A list's next link leads to the same page again.
    CircularNextLink,
    /// A list's page is empty and leads to the page that should have come.
    EmptyPage,
    /// A list ends after this many rows, while `@odata.count` tells of all.
    Shortened(usize),
    /// 410 with a `Location`: the delta state is lost.
    DeltaGone,
}

/// A fault, and where and how often it strikes.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) path: String,
    pub(crate) fault: Fault,
    pub(crate) times: usize,
}

impl Fault {
    /// The answer that comes in place of the right one; `None` when the right one is bent instead.
    pub(crate) fn reply(&self, url: &str) -> Option<Response> {
        let (slow, busy) = (StatusCode::TOO_MANY_REQUESTS, StatusCode::SERVICE_UNAVAILABLE);
        Some(match self {
            Self::Throttled(wait) => wait.reply(slow, "TooManyRequests"),
            Self::Unavailable(wait) => wait.reply(busy, "ServiceUnavailable"),
            Self::Status(status, code) => {
                let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
                error(status, code, "An error has occurred.")
            }
            Self::NestedForbidden(status) => {
                let status = StatusCode::from_u16(*status).unwrap_or(StatusCode::FORBIDDEN);
                nested_error(status, "UnknownError", "Forbidden", &serde_json::Value::Null)
            }
            Self::InvalidToken => error(
                StatusCode::UNAUTHORIZED,
                "InvalidAuthenticationToken",
                "Lifetime validation failed.",
            ),
            Self::Html => reply::html("<html><body>Sign in</body></html>"),
            Self::Broken => reply::broken(),
            Self::DeltaGone => {
                let restart = url.split('?').next().unwrap_or_default();
                let gone = error(
                    StatusCode::GONE,
                    "syncStateNotFound",
                    "Sync state generation is not found.",
                );
                reply::with_header(gone, "location", &format!("{restart}?$deltatoken="))
            }
            Self::ForeignNextLink(_) | Self::CircularNextLink | Self::EmptyPage | Self::Shortened(_) => {
                return None;
            }
        })
    }
}

impl RetryAfter {
    fn reply(&self, status: StatusCode, code: &str) -> Response {
        match self {
            Self::Absent => error(status, code, "Please retry again later."),
            Self::Header(text) => reply::with_header(
                error(status, code, "Please retry again later."),
                "retry-after",
                text,
            ),
            Self::Nested(seconds) => nested_error(status, "UnknownError", code, &json!(seconds)),
        }
    }
}
