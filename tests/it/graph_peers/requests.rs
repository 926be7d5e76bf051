//! Every request that the client can make, checked by prism against the documents of the API.

use easgate_intune::GraphError;
use easgate_model::GroupId;

use super::peer::{Peer, packages, shared};
use super::tap::{Passed, Tap};
use super::{config, graph};

/// The examples of the documents link to Microsoft, where the client must not follow.
fn is_accepted(outcome: &Result<(), GraphError>) -> bool {
    match outcome {
        Ok(()) => true,
        Err(GraphError::ForeignLink { origin, .. }) => origin == "https://graph.microsoft.com",
        // The document says what an answer may hold; the client asks for more where a decision rests on it.
        Err(error) => matches!(
            error,
            GraphError::Lacking { .. } | GraphError::Incomplete { .. } | GraphError::NoDeltaLink { .. }
        ),
    }
}

async fn every_request(tap: &Tap) -> Vec<Result<(), GraphError>> {
    let mut config = config(&tap.root);
    config.groups = vec![GroupId::new("1ac7b9e2-7a45-47ed-a6f6-4e09205d710d")];
    let graph = graph(config.clone());
    let ids: Vec<String> = (0..20)
        .map(|n| format!("683dbff1-c8ff-4996-91ae-85484de46c{n:02}"))
        .collect();
    // Whether the examples make an inventory does not matter here: its requests are sent.
    let _ = graph.inventory(&|_| ()).await;
    vec![
        graph.tenant_state().await.map(drop),
        graph.managed_devices().await.map(drop),
        graph.managed_device(&ids[0]).await.map(drop),
        graph.managed_devices_by_id(&ids).await.map(drop),
        graph.licensed_users().await.map(drop),
        graph.group_users(&config.groups[0]).await.map(drop),
        graph.users_delta(None).await.map(drop),
        graph.groups_delta(None).await.map(drop),
        graph.exchange_connectors().await.map(drop),
        graph.conditional_access_settings().await.map(drop),
        graph.exchange_policy().await.map(drop),
    ]
}

fn is_asked(passed: &[Passed], path: &str) -> bool {
    passed
        .iter()
        .any(|request| request.target.split('?').next() == Some(path))
}

/// Whether prism finds fault with the request; of its own made-up answers it speaks in the same header.
fn blames_request(violations: &str) -> bool {
    let violations: serde_json::Value = serde_json::from_str(violations).unwrap_or_default();
    let mut violations = violations.as_array().into_iter().flatten();
    violations.any(|violation| violation["location"][0] != "response")
}

/// `missing` are the paths that the document does not have.
async fn check(document: &str, missing: &[&str]) {
    let (Some(packages), Some(shared)) = (packages(), shared()) else {
        return;
    };
    let prism = Peer::prism(&packages, &shared.join("openapi").join(document)).await;
    let tap = Tap::before(&prism.root).await;
    let outcomes = every_request(&tap).await;
    let passed = tap.passed();
    for request in &passed {
        assert!(
            !blames_request(&request.violations),
            "{}: {}",
            request.target,
            request.violations
        );
        let path = request.target.split('?').next().unwrap_or_default();
        let expected = if missing.contains(&path) { 404 } else { 200 };
        assert_eq!(request.status, expected, "{}", request.target);
    }
    if missing.is_empty() {
        for outcome in &outcomes {
            assert!(is_accepted(outcome), "{outcome:?}");
        }
    }
    for path in [
        "/v1.0/deviceManagement",
        "/v1.0/deviceManagement/managedDevices",
        "/v1.0/$batch",
        "/v1.0/users",
        "/v1.0/users/delta",
        "/v1.0/groups/delta",
        "/v1.0/groups/1ac7b9e2-7a45-47ed-a6f6-4e09205d710d/transitiveMembers/microsoft.graph.user",
        "/v1.0/deviceManagement/exchangeConnectors",
        "/v1.0/deviceManagement/conditionalAccessSettings",
        "/beta/deviceManagement/exchangeOnPremisesPolicy",
    ] {
        assert!(is_asked(&passed, path), "{path} was not asked for");
    }
    // The check bites: a misspelt resource is refused.
    let wrong = format!("{}v1.0/deviceManagement/managedDevice", prism.root);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let status = client
        .get(wrong)
        .bearer_auth("token")
        .send()
        .await
        .unwrap()
        .status();
    assert_eq!(status.as_u16(), 404);
    prism.stop().await;
}

#[tokio::test]
async fn prism_finds_nothing_wrong_by_the_current_metadata() {
    check("graph-intune.openapi.json", &[]).await;
}

#[tokio::test]
async fn prism_finds_nothing_wrong_by_microsofts_own_document() {
    check(
        "graph-official-2024-10.openapi.json",
        &["/v1.0/deviceManagement", "/v1.0/$batch"],
    )
    .await;
}
