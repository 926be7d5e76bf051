//! Recordings of the real service, answered to our client.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use easgate_intune::{Credential, EntraTokens, GraphError, Refusal, TokenError, TokenSource};
use easgate_model::{ComplianceState, EnrollmentKind, GroupId};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::Url;

use super::peer::shared;
use super::{config, graph, timing};

/// Answers by method and path; the recordings were made with other options in their queries.
struct Replay {
    root: Url,
    _tasks: JoinSet<()>,
}

struct Recorded {
    status: StatusCode,
    headers: Vec<(String, String)>,
    body: String,
}

type Answers = Arc<BTreeMap<(String, String), Recorded>>;

impl Replay {
    /// Replays `file`, with `renamed` put in the place of a path; `None` when the recordings are not there.
    async fn of(file: &str, renamed: &[(&str, &str)]) -> Option<Self> {
        let text = std::fs::read(shared()?.join("data/recordings").join(file)).unwrap();
        let har: Value = serde_json::from_slice(&text).unwrap();
        let mut answers = BTreeMap::new();
        for entry in har["log"]["entries"].as_array().unwrap() {
            let (request, response) = (&entry["request"], &entry["response"]);
            let url = Url::parse(request["url"].as_str().unwrap()).unwrap();
            let path = renamed
                .iter()
                .find(|(from, _)| *from == url.path())
                .map_or(url.path(), |(_, to)| to);
            let method = request["method"].as_str().unwrap().to_owned();
            answers
                .entry((method, path.to_owned()))
                .or_insert_with(|| recorded(response));
        }
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let root = format!("http://{}", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        let router = Router::new().fallback(answer).with_state(Answers::new(answers));
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Some(Self { root, _tasks: tasks })
    }
}

fn recorded(response: &Value) -> Recorded {
    let header = |header: &Value| {
        let text = |name: &str| header[name].as_str().unwrap().to_owned();
        (text("name"), text("value"))
    };
    Recorded {
        status: StatusCode::from_u16(u16::try_from(response["status"].as_u64().unwrap()).unwrap()).unwrap(),
        headers: response["headers"]
            .as_array()
            .unwrap()
            .iter()
            .map(header)
            .collect(),
        body: response["content"]["text"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    }
}

async fn answer(State(answers): State<Answers>, request: Request) -> Response {
    let key = (request.method().to_string(), request.uri().path().to_owned());
    let Some(recorded) = answers.get(&key) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut response = (recorded.status, recorded.body.clone()).into_response();
    response.headers_mut().remove("content-type");
    for (name, value) in &recorded.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<axum::http::HeaderName>(), value.parse()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

#[tokio::test]
async fn real_devices_are_read() {
    let renamed = [(
        "/beta/deviceManagement/managedDevices",
        "/v1.0/deviceManagement/managedDevices",
    )];
    let Some(replay) = Replay::of("m365-iterateManagedDevicesWithAD_4079779896.har", &renamed).await else {
        return;
    };
    let devices = graph(config(&replay.root)).managed_devices().await.unwrap();
    assert_eq!(devices.len(), 2);
    let phone = devices
        .iter()
        .find(|device| device.operating_system.as_deref() == Some("iOS"))
        .unwrap();
    assert_eq!(
        phone.eas_device_id.as_ref().unwrap().as_str(),
        "7CDT0MKDOH5FB0CKI5IVON0GJ8"
    );
    assert_eq!(
        (phone.kind(), &phone.compliance),
        (EnrollmentKind::Enrolled, &ComplianceState::Noncompliant)
    );
    assert!(phone.user_id.is_some() && phone.last_sync.is_some() && !phone.compromised);
    let mac = devices
        .iter()
        .find(|device| device.record != phone.record)
        .unwrap();
    assert!(mac.eas_device_id.as_ref().unwrap().as_str().starts_with("Appl"));
}

#[tokio::test]
async fn real_tenants_tell_whether_they_have_intune() {
    let Some(with) = Replay::of("m365-getStepStartStatesWithIntune_2111322928.har", &[]).await else {
        return;
    };
    let state = graph(config(&with.root)).tenant_state().await.unwrap();
    assert!(!state.intune_account_id.is_nil());
    assert_eq!(state.subscription, None);
    let without = Replay::of("m365-fetchAccountNoMdm_638418315.har", &[])
        .await
        .unwrap();
    let error = graph(config(&without.root)).tenant_state().await.unwrap_err();
    assert!(matches!(error, GraphError::NoIntune { .. }), "{error}");
    assert!(error.to_string().contains("(request-id "), "{error}");
}

#[tokio::test]
async fn a_real_unknown_application_is_no_token_loop() {
    for file in [
        "m365-fetchAccountFail_3969612262.har",
        "m365-verifyAuthenticationInaccesibleDirectory_451056639.har",
    ] {
        let Some(replay) = Replay::of(file, &[("/v1.0/organization", "/v1.0/deviceManagement")]).await else {
            return;
        };
        let error = graph(config(&replay.root)).tenant_state().await.unwrap_err();
        assert!(
            matches!(error, GraphError::UnknownApplication { .. }),
            "{file}: {error}"
        );
    }
}

#[tokio::test]
async fn real_members_are_read() {
    let group = "58e48aba-cd45-440f-a851-2bf9715fadc1";
    let (from, to) = (
        format!("/v1.0/groups/{group}/members"),
        format!("/v1.0/groups/{group}/transitiveMembers/microsoft.graph.user"),
    );
    let Some(replay) = Replay::of("m365-iterateGroupMembers_3927565863.har", &[(&from, &to)]).await else {
        return;
    };
    assert_eq!(
        graph(config(&replay.root))
            .group_users(&GroupId::new(group))
            .await
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn real_users_without_their_plans_are_not_taken_for_unlicensed_ones() {
    let Some(replay) = Replay::of("azure-ad-users_2383246045.har", &[]).await else {
        return;
    };
    let error = graph(config(&replay.root)).licensed_users().await.unwrap_err();
    assert!(
        matches!(
            error,
            GraphError::Lacking {
                what: "the assigned plans of a user",
                ..
            }
        ),
        "{error}"
    );
}

async fn token_of(file: &str, tenant: &str) -> Option<Result<(), Box<Refusal>>> {
    let replay = Replay::of(file, &[]).await?;
    let mut config = config(&replay.root);
    tenant.clone_into(&mut config.tenant);
    config.credential = Credential::Secret("x".into());
    match EntraTokens::new(&config, timing()).unwrap().token().await {
        Ok(_) => Some(Ok(())),
        Err(TokenError::Refused { refusal, .. }) => Some(Err(refusal)),
        Err(other) => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn real_token_answers_are_read() {
    let refused = "azure-validateInvocationWithInvalidDirectoryId_4082019438.har";
    let Some(answer) = token_of(refused, "00000000-0000-0000-0000-000000000001").await else {
        return;
    };
    let refusal = answer.unwrap_err();
    assert_eq!(
        (refusal.code, refusal.error.as_str()),
        (Some(90_002), "invalid_request")
    );
    assert!(refusal.trace_id.is_some() && refusal.correlation_id.is_some());
    let granted = "m365-getStepStartStatesWithIntune_2111322928.har";
    assert_eq!(
        token_of(granted, "a76fc728-0cba-45f0-a9eb-d45207e14513").await,
        Some(Ok(()))
    );
}
