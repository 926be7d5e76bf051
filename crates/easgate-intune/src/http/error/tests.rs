use http::HeaderMap;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

fn check(status: u16, body: &str, expected: &str) {
    let answer = Answer {
        status: StatusCode::from_u16(status).unwrap(),
        headers: HeaderMap::new(),
        body: body.to_owned().into(),
        client_request_id: Uuid::nil(),
        tries: 6,
    };
    let error = GraphError::from_answer("GET /v1.0/x", Permission::UserRead, &answer);
    assert_eq!(error.to_string(), expected);
    assert!(!error.cure().is_empty());
}

const NO_INTUNE: &str = r#"{"error":{"code":"BadRequest","message":"Request not applicable to target tenant.","innerError":{"date":"2021-03-16T18:39:27","request-id":"155c8534-01f5-48cb-aafa-0d0350fe0b5c","client-request-id":"5364ec94-7a90-b2cc-b06a-1c5766136570"}}}"#;
const NESTED: &str = r#"{"error":{"code":"UnknownError","message":"{\"ErrorCode\":\"Forbidden\",\"Message\":\"{\\\"_version\\\":3,\\\"Message\\\":\\\"An error has occurred\\\",\\\"CustomApiErrorPhrase\\\":\\\"\\\",\\\"RetryAfter\\\":null}\"}","innererror":{"request-id":"r1"}}}"#;

#[test]
fn answers_become_typed_errors() {
    let missing =
        "Graph refuses GET /v1.0/x: the application permission User.Read.All is missing (request-id r1)";
    check(401, NESTED, missing);
    check(403, NESTED, missing);
    check(
        400,
        NO_INTUNE,
        "the tenant has no Intune: no licence or no MDM authority (request-id 155c8534-01f5-48cb-aafa-0d0350fe0b5c)",
    );
    let code = |code: &str| format!(r#"{{"error":{{"code":"{code}","message":"m"}}}}"#);
    check(
        401,
        &code("InvalidAuthenticationToken"),
        "Graph refuses a fresh token for GET /v1.0/x (request-id none)",
    );
    check(
        401,
        &code("Authorization_IdentityNotFound"),
        "the application is not known in this tenant (request-id none)",
    );
    check(
        403,
        &code("Authorization_RequestDenied"),
        "Graph refuses GET /v1.0/x: the application permission User.Read.All is missing (request-id none)",
    );
    check(
        403,
        &code("Authentication_RequestFromNonPremiumTenantOrB2CTenant"),
        "GET /v1.0/x needs a premium licence of the tenant (request-id none)",
    );
    check(
        404,
        &code("ResourceNotFound"),
        "GET /v1.0/x does not exist (request-id none)",
    );
    check(
        410,
        &code("resyncRequired"),
        "the delta state of GET /v1.0/x is lost",
    );
    check(
        400,
        &code("syncStateNotFound"),
        "the delta state of GET /v1.0/x is lost",
    );
    check(
        429,
        "",
        "GET /v1.0/x is still throttled after 6 tries (request-id none)",
    );
    check(
        504,
        "<html>",
        "GET /v1.0/x is unavailable after 6 tries: HTTP 504 (request-id none)",
    );
    check(
        418,
        &code("\\u001b[2J"),
        "Graph rejects GET /v1.0/x: HTTP 418 \\u{1b}[2J: m (request-id none)",
    );
}

#[test]
fn nesting_ends_after_three_levels() {
    let mut message = serde_json::json!({"ErrorCode": "Deepest"}).to_string();
    for level in 0..4 {
        message = serde_json::json!({"ErrorCode": format!("L{level}"), "Message": message}).to_string();
    }
    let body = serde_json::json!({"error": {"code": "Outer", "message": message}}).to_string();
    assert_eq!(
        ErrorBody::parse(body.as_bytes()).codes,
        ["Outer", "L3", "L2", "L1"]
    );
}

proptest! {
    #[test]
    fn no_body_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100), message in "\\PC*") {
        ErrorBody::parse(&bytes);
        let body = serde_json::json!({"error": {"code": 1, "message": message, "innerError": [message]}});
        ErrorBody::from_value(&body);
    }
}
