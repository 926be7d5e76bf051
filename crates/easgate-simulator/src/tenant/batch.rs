//! `$batch`.

use axum::body::to_bytes;
use axum::http::Method;
use axum::response::Response;
use serde_json::{Map, Value, json};

use crate::tenant::reply::{bad_request, ok};
use crate::tenant::serve::{self, Call, Shared};

/// The most requests of a batch.
const MOST: usize = 20;
/// The most bytes of one answer.
const MAX_ANSWER: usize = 64 << 20;

/// Answers each request for itself, the last one first: their order means nothing.
pub(crate) async fn answer(shared: &Shared, call: &Call) -> Response {
    let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let Some(requests) = body["requests"]
        .as_array()
        .filter(|_| call.method == Method::POST)
    else {
        return bad_request("Invalid batch payload format.");
    };
    if requests.len() > MOST {
        return bad_request("Number of batch request steps exceeds max value of 20.");
    }
    let mut responses = Vec::new();
    for request in requests.iter().rev() {
        let (Some(id), Some(url)) = (request["id"].as_str(), request["url"].as_str()) else {
            return bad_request("Invalid batch payload format.");
        };
        let Ok(method) = request["method"].as_str().unwrap_or_default().parse::<Method>() else {
            return bad_request("Invalid batch payload format.");
        };
        if !url.starts_with('/') {
            return bad_request("The url of a batch step is relative.");
        }
        let eventual = request["headers"]["ConsistencyLevel"].as_str() == Some("eventual");
        let step = Call::new(method, &format!("/v1.0{url}"), eventual, Vec::new());
        responses.push(step_answer(id, serve::answer(shared, &step)).await);
    }
    ok(&json!({ "responses": responses }))
}

async fn step_answer(id: &str, response: Response) -> Value {
    let (parts, body) = response.into_parts();
    let mut headers = Map::new();
    for (name, value) in &parts.headers {
        let name = match name.as_str() {
            "content-type" => "Content-Type",
            "retry-after" => "Retry-After",
            "location" => "Location",
            _ => continue,
        };
        headers.insert(name.to_owned(), json!(value.to_str().unwrap_or_default()));
    }
    let body = to_bytes(body, MAX_ANSWER).await.unwrap_or_default();
    json!({
        "id": id,
        "status": parts.status.as_u16(),
        "headers": headers,
        "body": serde_json::from_slice::<Value>(&body).unwrap_or_default(),
    })
}
