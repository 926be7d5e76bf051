//! The HTTP face: paths, credentials, cookies, sizes.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use easgate_psrp::wsman::server::parse_request;
use futures::stream;
use uuid::Uuid;

use super::Fault;
use super::operations::{self, Answer, Call};
use super::service::Service;

/// What IIS reads of a request before it gives up.
const MAX_BODY: usize = 512_000;

pub(super) fn router(service: Arc<Service>) -> Router {
    Router::new().fallback(handle).with_state(service)
}

async fn handle(State(service): State<Arc<Service>>, request: Request) -> Response {
    let path = request.uri().path().trim_end_matches('/').to_ascii_lowercase();
    if path != "/powershell" {
        let page = "<!DOCTYPE html><html><head><title>404 - File or directory not found.</title></head>\
                    <body><h2>404 - File or directory not found.</h2></body></html>";
        return plain(StatusCode::NOT_FOUND, "text/html", page);
    }
    if !authorized(&service, request.headers()) {
        service.note_failed_logon();
        let mut response = plain(StatusCode::UNAUTHORIZED, "text/plain", "");
        response.headers_mut().insert(
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static("Basic realm=\"exchange\""),
        );
        return response;
    }
    if let Some(status) = service.faults.take(|fault| match fault {
        Fault::Http { status } => Some(*status),
        _ => None,
    }) {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
        return plain(
            status,
            "text/html",
            "<html><body>The service is unavailable.</body></html>",
        );
    }
    let full = request
        .uri()
        .query()
        .is_some_and(|query| query.to_ascii_lowercase().contains("serializationlevel=full"));
    let cookie = cookie(request.headers());
    let Ok(body) = to_bytes(request.into_body(), MAX_BODY).await else {
        return plain(
            StatusCode::PAYLOAD_TOO_LARGE,
            "text/html",
            "<html><body>Request Entity Too Large</body></html>",
        );
    };
    let request = match parse_request(&body) {
        Ok(request) => request,
        Err(error) => return plain(StatusCode::BAD_REQUEST, "text/plain", &error.to_string()),
    };
    let answer = operations::answer(
        &service,
        &Call {
            request,
            cookie,
            full,
        },
    )
    .await;
    soap(&service, answer)
}

fn authorized(service: &Service, headers: &HeaderMap) -> bool {
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let encoded = given
        .and_then(|text| text.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("Basic"));
    let decoded =
        encoded.and_then(|(_, text)| base64_simd::forgiving_decode_to_vec(text.trim().as_bytes()).ok());
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let Some((user, password)) = text.as_deref().and_then(|text| text.split_once(':')) else {
        return false;
    };
    super::same(user, &service.config.account) && password == service.config.password
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix("MS-WSMAN=").map(str::to_owned))
}

fn plain(status: StatusCode, kind: &'static str, text: &str) -> Response {
    let mut response = Response::new(Body::from(text.to_owned()));
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn soap(service: &Service, answer: Answer) -> Response {
    let (status, body) = match answer.body {
        Ok(text) => (StatusCode::OK, Body::from(Bytes::from(text))),
        Err(operations::Failure::Fault(text)) => (StatusCode::INTERNAL_SERVER_ERROR, Body::from(text)),
        Err(operations::Failure::Broken) => {
            let broken = stream::once(async { Err::<Bytes, _>(std::io::Error::other("broken on demand")) });
            (StatusCode::OK, Body::from_stream(broken))
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/soap+xml;charset=UTF-8"),
    );
    let mut set = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    };
    set("request-id", Uuid::new_v4().to_string());
    set("x-feserver", service.front_end());
    set("x-calculatedbetarget", service.machine(answer.back_end));
    if let Some(cookie) = answer.cookie {
        set(
            "set-cookie",
            format!("MS-WSMAN={cookie}; path=/powershell; HttpOnly"),
        );
    }
    response
}
