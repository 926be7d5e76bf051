//! The token endpoint: client credentials by secret or by certificate.

use axum::http::{Method, StatusCode};
use axum::response::Response;
use base64_simd::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::tenant::reply::json_reply;
use crate::tenant::serve::{Call, Shared};

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Why no token is given: the OAuth error, the AADSTS number and the text.
type Refusal = (&'static str, u32, &'static str);

const WRONG_CLIENT: Refusal = (
    "unauthorized_client",
    700_016,
    "Application was not found in the directory.",
);
const WRONG_SECRET: Refusal = ("invalid_client", 7_000_215, "Invalid client secret provided.");
const WRONG_ASSERTION: Refusal = (
    "invalid_client",
    700_027,
    "Client assertion failed signature validation.",
);
const WRONG_TIME: Refusal = (
    "invalid_client",
    700_024,
    "Client assertion is not within its valid time range.",
);

pub(crate) fn answer(shared: &Shared, call: &Call) -> Response {
    let tenant = shared.config.world.tenant.to_string();
    let known = call.path == format!("/{tenant}/oauth2/v2.0/token");
    let form: Vec<(String, String)> = url::form_urlencoded::parse(&call.body).into_owned().collect();
    let field = |name: &str| {
        form.iter()
            .find(|(key, _)| key == name)
            .map_or("", |(_, value)| value.as_str())
    };
    let outcome = if call.method != Method::POST {
        Err((
            "invalid_request",
            900_561,
            "The endpoint only accepts POST requests.",
        ))
    } else if !known {
        Err(("invalid_request", 90_002, "Tenant not found."))
    } else if field("grant_type") != "client_credentials" {
        Err((
            "unsupported_grant_type",
            70_003,
            "The app requested an unsupported grant type.",
        ))
    } else if !field("scope").ends_with("/.default") {
        Err((
            "invalid_scope",
            1_002_012,
            "The provided value for scope is not valid.",
        ))
    } else if field("client_id") != shared.config.client_id {
        Err(WRONG_CLIENT)
    } else if field("client_assertion_type") == ASSERTION_TYPE {
        check_assertion(shared, call, field("client_assertion"))
    } else if field("client_secret") == shared.config.secret {
        Ok(())
    } else {
        Err(WRONG_SECRET)
    };
    match outcome {
        Ok(()) => grant(shared),
        Err(refusal) => refuse(refusal),
    }
}

fn grant(shared: &Shared) -> Response {
    let token = format!("simulated.{}", Uuid::new_v4().simple());
    shared.lock().tokens.insert(token.clone());
    let lifetime = shared.config.token_lifetime;
    json_reply(
        StatusCode::OK,
        &json!({"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": token}),
    )
}

fn refuse((error, code, text): Refusal) -> Response {
    let status = if error == "invalid_client" {
        StatusCode::UNAUTHORIZED
    } else {
        StatusCode::BAD_REQUEST
    };
    let trace = Uuid::new_v4();
    json_reply(
        status,
        &json!({
            "error": error,
            "error_description": format!("AADSTS{code}: {text}\r\nTrace ID: {trace}\r\nCorrelation ID: {trace}"),
            "error_codes": [code],
            "timestamp": "2026-11-22 20:00:00Z",
            "trace_id": trace,
            "correlation_id": trace,
            "error_uri": format!("https://login.microsoftonline.com/error?code={code}"),
        }),
    )
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    jti: String,
}

fn check_assertion(shared: &Shared, call: &Call, assertion: &str) -> Result<(), Refusal> {
    let certificate = shared.config.certificate.as_deref().ok_or(WRONG_ASSERTION)?;
    let key = DecodingKey::from_rsa_pem(certificate.as_bytes()).map_err(|_| WRONG_ASSERTION)?;
    let header = jsonwebtoken::decode_header(assertion).map_err(|_| WRONG_ASSERTION)?;
    let named = header.x5t_s256.as_deref().unwrap_or_default();
    if header.alg != Algorithm::PS256 || thumbprint(certificate).as_deref() != Some(named) {
        return Err(WRONG_ASSERTION);
    }
    let mut validation = Validation::new(Algorithm::PS256);
    validation.set_audience(&[format!("{}{}", shared.origin, call.path)]);
    validation.set_required_spec_claims(&["exp", "nbf", "aud", "iss", "sub"]);
    validation.validate_nbf = true;
    let claims = jsonwebtoken::decode::<Claims>(assertion, &key, &validation).map_err(|error| {
        let untimely = matches!(
            error.kind(),
            ErrorKind::ExpiredSignature | ErrorKind::ImmatureSignature
        );
        if untimely { WRONG_TIME } else { WRONG_ASSERTION }
    })?;
    let Claims { iss, sub, jti } = claims.claims;
    let fresh = !jti.is_empty() && shared.lock().assertions.insert(jti);
    if iss == shared.config.client_id && sub == iss && fresh {
        Ok(())
    } else {
        Err(WRONG_ASSERTION)
    }
}

/// Base64url of the SHA-256 over the DER inside the PEM.
fn thumbprint(pem: &str) -> Option<String> {
    let body: String = pem
        .lines()
        .skip_while(|line| !line.starts_with("-----BEGIN"))
        .skip(1)
        .take_while(|line| !line.starts_with("-----END"))
        .flat_map(str::chars)
        .filter(|char| !char.is_whitespace())
        .collect();
    let der = STANDARD.decode_to_vec(body).ok()?;
    Some(URL_SAFE_NO_PAD.encode_to_string(Sha256::digest(der)))
}
