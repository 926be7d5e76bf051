//! Answers as Graph writes them.

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use uuid::Uuid;

const JSON: &str =
    "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";

/// An answer with JSON.
pub(crate) fn json_reply(status: StatusCode, value: &Value) -> Response {
    let response = (status, [(header::CONTENT_TYPE, JSON)], value.to_string()).into_response();
    with_header(response, "request-id", &Uuid::new_v4().to_string())
}

pub(crate) fn ok(value: &Value) -> Response {
    json_reply(StatusCode::OK, value)
}

/// An error of Graph.
pub(crate) fn error(status: StatusCode, code: &str, message: &str) -> Response {
    let request_id = Uuid::new_v4().to_string();
    let value = json!({"error": {
        "code": code,
        "message": message,
        "innerError": {"date": "2026-11-22T20:00:00", "request-id": request_id, "client-request-id": request_id},
    }});
    with_header(json_reply(status, &value), "request-id", &request_id)
}

/// An error of Intune, which stands as text in the message of an error of Graph.
pub(crate) fn nested_error(status: StatusCode, code: &str, inner: &str, retry_after: &Value) -> Response {
    let innermost = json!({
        "_version": 3,
        "Message": format!("{inner} - Operation ID (for customer support): {} - Activity ID: {}", Uuid::nil(), Uuid::nil()),
        "CustomApiErrorPhrase": "",
        "RetryAfter": retry_after,
        "ErrorSourceService": "",
        "HttpHeaders": "{}",
    });
    let message = json!({"ErrorCode": inner, "Message": innermost.to_string(), "RetryAfter": retry_after});
    error(status, code, &message.to_string())
}

pub(crate) fn bad_request(message: &str) -> Response {
    error(StatusCode::BAD_REQUEST, "BadRequest", message)
}

pub(crate) fn not_found(code: &str) -> Response {
    error(
        StatusCode::NOT_FOUND,
        code,
        "Resource does not exist or one of its queried reference-property objects are not present.",
    )
}

pub(crate) fn html(page: &'static str) -> Response {
    (
        StatusCode::OK,
        [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
        page,
    )
        .into_response()
}

/// An answer whose body ends in an error of the connection.
pub(crate) fn broken() -> Response {
    let parts = [
        Ok(Bytes::from_static(b"{\"value\":[")),
        Err(std::io::Error::other("broken on demand")),
    ];
    let body = Body::from_stream(futures::stream::iter(parts));
    (StatusCode::OK, [(header::CONTENT_TYPE, JSON)], body).into_response()
}

pub(crate) fn with_header(mut response: Response, name: &'static str, value: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(value) {
        response
            .headers_mut()
            .insert(HeaderName::from_static(name), value);
    }
    response
}
