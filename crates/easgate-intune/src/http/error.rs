//! What can go wrong with a call to Graph, and who must act.

use std::fmt;
use std::time::Duration;

use easgate_model::escape;
use http::StatusCode;
use serde_json::Value;

use crate::http::proxy::ProxySchemes;
use crate::http::{Answer, SendError};
use crate::token::TokenError;

/// An application permission of Microsoft Graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Permission {
    /// `DeviceManagementManagedDevices.Read.All`: devices.
    ManagedDevicesRead,
    /// `DeviceManagementServiceConfig.Read.All`: connectors, conditional access, Exchange policy.
    ServiceConfigRead,
    /// `User.Read.All`: users and licences.
    UserRead,
    /// `GroupMember.Read.All`: group members.
    GroupMemberRead,
}

impl Permission {
    /// Graph's name of the application role.
    #[must_use]
    pub const fn role(self) -> &'static str {
        match self {
            Self::ManagedDevicesRead => "DeviceManagementManagedDevices.Read.All",
            Self::ServiceConfigRead => "DeviceManagementServiceConfig.Read.All",
            Self::UserRead => "User.Read.All",
            Self::GroupMemberRead => "GroupMember.Read.All",
        }
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.role())
    }
}

/// The identifiers by which Microsoft's support finds a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestIds {
    /// `request-id`, given by Graph.
    pub request_id: Option<String>,
    /// `client-request-id`, given by us.
    pub client_request_id: Option<String>,
    /// The answer's `Date`.
    pub date: Option<String>,
}

impl fmt::Display for RequestIds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "request-id {}", self.request_id.as_deref().unwrap_or("none"))?;
        match &self.date {
            Some(date) => write!(f, ", {date}"),
            None => Ok(()),
        }
    }
}

/// Why a call to Graph failed.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum GraphError {
    #[error("no token for Graph")]
    Token {
        #[from]
        source: TokenError,
    },
    #[error("no answer to {endpoint} after {tries} tries")]
    Unreachable {
        endpoint: String,
        tries: u32,
        #[source]
        source: reqwest::Error,
    },
    #[error("Graph refuses {endpoint}: the application permission {permission} is missing ({ids})")]
    Permission {
        endpoint: String,
        permission: Permission,
        ids: Box<RequestIds>,
    },
    #[error("Graph refuses a fresh token for {endpoint} ({ids})")]
    TokenRefused { endpoint: String, ids: Box<RequestIds> },
    #[error("the application is not known in this tenant ({ids})")]
    UnknownApplication { ids: Box<RequestIds> },
    #[error("the tenant has no Intune: no licence or no MDM authority ({ids})")]
    NoIntune { ids: Box<RequestIds> },
    #[error("{endpoint} needs a premium licence of the tenant ({ids})")]
    Premium { endpoint: String, ids: Box<RequestIds> },
    #[error("{endpoint} does not exist ({ids})")]
    NotFound { endpoint: String, ids: Box<RequestIds> },
    #[error("the delta state of {endpoint} is lost")]
    DeltaLost {
        endpoint: String,
        location: Option<String>,
    },
    #[error("the proxy lets no request through to {endpoint}: it wants {wanted}")]
    Proxy { endpoint: String, wanted: ProxySchemes },
    #[error("the last page of {endpoint} has no delta link")]
    NoDeltaLink { endpoint: String },
    #[error("{endpoint} is still throttled after {tries} tries ({ids})")]
    Throttled {
        endpoint: String,
        tries: u32,
        ids: Box<RequestIds>,
    },
    #[error("{endpoint} is unavailable after {tries} tries: HTTP {status} ({ids})")]
    Unavailable {
        endpoint: String,
        status: u16,
        tries: u32,
        ids: Box<RequestIds>,
    },
    #[error("Graph rejects {endpoint}: HTTP {status} {code}: {message} ({ids})")]
    Rejected {
        endpoint: String,
        status: u16,
        code: String,
        message: String,
        ids: Box<RequestIds>,
    },
    #[error("the answer to {endpoint} is not JSON ({ids})")]
    NotJson { endpoint: String, ids: Box<RequestIds> },
    #[error("the answer to {endpoint} does not read ({ids})")]
    Malformed {
        endpoint: String,
        ids: Box<RequestIds>,
        #[source]
        source: serde_json::Error,
    },
    #[error("the answer to {endpoint} lacks {what} ({ids})")]
    Lacking {
        endpoint: String,
        what: &'static str,
        ids: Box<RequestIds>,
    },
    #[error("the answer to {endpoint} has more than {limit} bytes")]
    TooLarge { endpoint: String, limit: usize },
    #[error("{endpoint} links to {origin}, which is not the configured Graph root")]
    ForeignLink { endpoint: String, origin: String },
    #[error("the pages of {endpoint} lead in a circle")]
    RepeatedLink { endpoint: String },
    #[error("{endpoint} has more than {limit} pages")]
    TooManyPages { endpoint: String, limit: usize },
    #[error("{endpoint} gave {rows} rows of {expected}")]
    Incomplete {
        endpoint: String,
        rows: u64,
        expected: u64,
    },
}

impl GraphError {
    /// Whether the same call may succeed later without anybody acting.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Token { source } => source.is_transient(),
            Self::Unreachable { .. }
            | Self::Throttled { .. }
            | Self::Unavailable { .. }
            | Self::Incomplete { .. }
            | Self::DeltaLost { .. } => true,
            Self::Proxy { .. }
            | Self::Permission { .. }
            | Self::TokenRefused { .. }
            | Self::UnknownApplication { .. }
            | Self::NoIntune { .. }
            | Self::Premium { .. }
            | Self::NotFound { .. }
            | Self::Rejected { .. }
            | Self::NotJson { .. }
            | Self::Malformed { .. }
            | Self::Lacking { .. }
            | Self::TooLarge { .. }
            | Self::ForeignLink { .. }
            | Self::RepeatedLink { .. }
            | Self::NoDeltaLink { .. }
            | Self::TooManyPages { .. } => false,
        }
    }

    /// What an administrator can do about it.
    #[must_use]
    pub fn cure(&self) -> String {
        match self {
            Self::Token { source } => source.cure().to_owned(),
            Self::Unreachable { .. } => "check name resolution, the firewall and the proxy towards the Graph root, port 443".to_owned(),
            Self::Proxy { wanted, .. } => wanted.cure().to_owned(),
            Self::Permission { permission, .. } => format!(
                "add the application permission {permission} to the app registration and grant admin consent"
            ),
            Self::TokenRefused { .. } => "check that the cloud, the tenant and the Graph root belong together".to_owned(),
            Self::UnknownApplication { .. } => "grant admin consent in this tenant, so that the application gets its service principal".to_owned(),
            Self::NoIntune { .. } => "check the tenant id; the tenant needs an Intune licence and Intune as its MDM authority".to_owned(),
            Self::Premium { .. } => "leave this feature off, or license the tenant for it".to_owned(),
            Self::NotFound { .. } => "check the id in the configuration; the object may have been deleted".to_owned(),
            Self::Throttled { .. } | Self::Unavailable { .. } | Self::Incomplete { .. } => {
                "wait for the next run; if it stays, look at the service health of the tenant".to_owned()
            }
            Self::DeltaLost { .. } => "nothing: the next run reads everything".to_owned(),
            Self::ForeignLink { .. } => "check graph_root and whatever stands between; the token was not sent there".to_owned(),
            Self::TooManyPages { .. } | Self::TooLarge { .. } => "raise the limit, if the tenant is really that large".to_owned(),
            Self::Rejected { .. }
            | Self::NotJson { .. }
            | Self::Malformed { .. }
            | Self::Lacking { .. }
            | Self::NoDeltaLink { .. }
            | Self::RepeatedLink { .. } => {
                "check that graph_root is Microsoft Graph and that no proxy answers in its place; else report this".to_owned()
            }
        }
    }

    pub(crate) fn from_send(endpoint: &str, error: SendError) -> Self {
        let endpoint = endpoint.to_owned();
        match error {
            SendError::Transport { tries, source } => Self::Unreachable {
                endpoint,
                tries,
                source,
            },
            SendError::TooLarge { limit } => Self::TooLarge { endpoint, limit },
            SendError::Proxy { wanted } => Self::Proxy { endpoint, wanted },
        }
    }

    /// What an answer without success means for a request that needs `permission`.
    pub(crate) fn from_answer(endpoint: &str, permission: Permission, answer: &Answer) -> Self {
        let body = ErrorBody::parse(&answer.body);
        let ids = body.ids(answer);
        let endpoint = endpoint.to_owned();
        let unknown_application = body.has_code("Authorization_IdentityNotFound");
        match answer.status {
            StatusCode::UNAUTHORIZED if unknown_application => Self::UnknownApplication { ids },
            StatusCode::UNAUTHORIZED if !body.is_forbidden() => Self::TokenRefused { endpoint, ids },
            StatusCode::FORBIDDEN
                if body.has_code("Authentication_RequestFromNonPremiumTenantOrB2CTenant") =>
            {
                Self::Premium { endpoint, ids }
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Self::Permission {
                endpoint,
                permission,
                ids,
            },
            StatusCode::GONE => Self::DeltaLost {
                endpoint,
                location: answer.header("location").map(str::to_owned),
            },
            _ if body.has_code("syncStateNotFound") || body.has_code("resyncRequired") => Self::DeltaLost {
                endpoint,
                location: None,
            },
            StatusCode::NOT_FOUND => Self::NotFound { endpoint, ids },
            StatusCode::BAD_REQUEST if body.message.contains("not applicable to target tenant") => {
                Self::NoIntune { ids }
            }
            StatusCode::TOO_MANY_REQUESTS => Self::Throttled {
                endpoint,
                tries: answer.tries,
                ids,
            },
            status if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => {
                Self::Unavailable {
                    endpoint,
                    status: status.as_u16(),
                    tries: answer.tries,
                    ids,
                }
            }
            status => Self::Rejected {
                endpoint,
                status: status.as_u16(),
                code: escape(&body.code),
                message: escape(&body.message),
                ids,
            },
        }
    }
}

/// An error body, with what Intune nests inside its message.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct ErrorBody {
    pub(crate) code: String,
    pub(crate) message: String,
    /// Every code, from the outside in.
    pub(crate) codes: Vec<String>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) request_id: Option<String>,
}

/// How often JSON may be nested as text in a message, and inner errors in errors.
const MAX_NESTING: usize = 3;

impl ErrorBody {
    /// Reads what it can; a body that is no error gives an empty one.
    pub(crate) fn parse(body: &[u8]) -> Self {
        let Ok(value) = serde_json::from_slice::<Value>(body) else {
            return Self::default();
        };
        Self::from_value(&value)
    }

    pub(crate) fn from_value(value: &Value) -> Self {
        let mut found = Self::default();
        let Some(error) = value.get("error") else {
            return found;
        };
        found.code = text(error, "code").to_owned();
        found.message = text(error, "message").to_owned();
        found.codes.push(found.code.clone());
        let mut inner = error;
        for _ in 0..MAX_NESTING {
            let Some(next) = inner.get("innerError").or_else(|| inner.get("innererror")) else {
                break;
            };
            inner = next;
            found.codes.push(text(inner, "code").to_owned());
            if let Some(id) = inner.get("request-id").and_then(Value::as_str) {
                found.request_id.get_or_insert_with(|| id.to_owned());
            }
        }
        found.unfold_message();
        found.codes.retain(|code| !code.is_empty());
        found
    }

    /// Unfolds `{"ErrorCode":…,"Message":"{…}"}` from the message.
    fn unfold_message(&mut self) {
        for _ in 0..MAX_NESTING {
            if !self.message.trim_start().starts_with('{') {
                return;
            }
            let Ok(nested) = serde_json::from_str::<Value>(&self.message) else {
                return;
            };
            self.codes.push(text(&nested, "ErrorCode").to_owned());
            self.retry_after = self
                .retry_after
                .or_else(|| nested.get("RetryAfter").and_then(seconds));
            let Some(message) = nested.get("Message").and_then(Value::as_str) else {
                return;
            };
            self.message = message.to_owned();
        }
    }

    pub(crate) fn has_code(&self, code: &str) -> bool {
        self.codes.iter().any(|c| c.eq_ignore_ascii_case(code))
    }

    /// Whether the answer says that a permission is missing, whatever its status says.
    pub(crate) fn is_forbidden(&self) -> bool {
        self.has_code("Forbidden") || self.has_code("Authorization_RequestDenied")
    }

    fn ids(&self, answer: &Answer) -> Box<RequestIds> {
        let header = |name: &str| answer.header(name).map(escape);
        Box::new(RequestIds {
            request_id: header("request-id").or_else(|| self.request_id.as_deref().map(escape)),
            client_request_id: Some(answer.client_request_id.to_string()),
            date: header("date"),
        })
    }
}

/// The identifiers of an answer.
pub(crate) fn ids_of(answer: &Answer) -> Box<RequestIds> {
    ErrorBody::default().ids(answer)
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Seconds as a number or as text; null is none.
fn seconds(value: &Value) -> Option<Duration> {
    let seconds = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    Duration::try_from_secs_f64(seconds.ceil()).ok()
}

#[cfg(test)]
mod tests;
