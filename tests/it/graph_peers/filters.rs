//! Our filters, evaluated by SAP's OData server over Microsoft's metadata.

use serde_json::{Value, json};
use uuid::{Uuid, uuid};

use super::peer::{Peer, packages, shared};
use super::tap::Tap;
use super::{config, graph};

const PLAN: Uuid = uuid!("c1ec4a95-1f05-45b3-a911-aa3fa01094f5");
const OTHER: Uuid = uuid!("882e1d05-acd1-4ccb-8708-6ee03664b117");

fn user(name: &str, plans: &[(Uuid, &str)]) -> Value {
    let plans: Vec<Value> = plans
        .iter()
        .map(|(plan, state)| {
            json!({"assignedDateTime": "2024-01-15T09:00:00Z", "capabilityStatus": state, "service": "SCO", "servicePlanId": plan})
        })
        .collect();
    json!({"id": name, "userPrincipalName": format!("{name}@contoso.example"), "mail": null, "proxyAddresses": [],
        "assignedPlans": plans})
}

#[tokio::test]
async fn the_licence_filter_means_what_we_think() {
    let (Some(packages), Some(shared)) = (packages(), shared()) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let users = json!([
        user("enabled", &[(PLAN, "Enabled")]),
        user("second", &[(OTHER, "Deleted"), (PLAN, "Enabled")]),
        user("warning", &[(PLAN, "Warning")]),
        user("suspended", &[(PLAN, "Suspended")]),
        // Both tests hold, but not for one plan.
        user("crossed", &[(PLAN, "Deleted"), (OTHER, "Enabled")]),
        user("other", &[(OTHER, "Enabled")]),
        user("none", &[]),
    ]);
    std::fs::write(folder.path().join("users.json"), users.to_string()).unwrap();
    let metadata = shared.join("openapi/graph-v1.0.trimmed.csdl.xml");
    let arguments = [metadata.to_str().unwrap(), folder.path().to_str().unwrap()];
    let server = Peer::script(&packages, "odata.cjs", &arguments).await;
    let tap = Tap::before(&server.root).await;
    for (plan, warning, expected) in [
        (PLAN, false, vec!["enabled", "second"]),
        (PLAN, true, vec!["enabled", "second", "warning"]),
        (OTHER, true, vec!["crossed", "other"]),
    ] {
        let mut config = config(&tap.root);
        config.license_plans = vec![plan];
        config.count_warning_as_licensed = warning;
        let found = graph(config).licensed_users().await.unwrap();
        let mut found: Vec<_> = found.iter().map(|user| user.id.as_str()).collect();
        found.sort_unstable();
        assert_eq!(found, expected);
        // The client tests each row again, so the server's own answer is looked at, too.
        let [answer] = tap.passed().try_into().unwrap();
        let mut rows: Vec<_> = answer.body["value"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["id"].as_str().unwrap())
            .collect();
        rows.sort_unstable();
        assert_eq!(rows, expected, "{}", answer.target);
    }
    server.stop().await;
}
