use expect_test::{Expect, expect};
use uuid::uuid;

use super::*;

const GROUP: &str = "1ac7b9e2-7a45-47ed-a6f6-4e09205d710d";

fn check(request: &Request, expected: &Expect) {
    expected.assert_eq(&request.to_string());
}

#[test]
fn devices_are_listed_without_a_filter() {
    check(
        &Request::tenant_state(),
        &expect![[r#"GET /v1.0/deviceManagement?$select=intuneAccountId,subscriptionState"#]],
    );
    check(
        &Request::managed_devices(),
        &expect![[
            r#"GET /v1.0/deviceManagement/managedDevices?$select=id,userId,userPrincipalName,deviceName,operatingSystem,model,serialNumber,easDeviceId,complianceState,managementState,managementAgent,jailBroken,partnerReportedThreatState,lastSyncDateTime"#
        ]],
    );
}

#[test]
fn an_id_cannot_leave_its_place_in_the_path() {
    let request = Request::managed_device("../users?$select=id#");
    let url = request.url(&Url::parse("https://graph.microsoft.com").unwrap());
    assert!(
        url.path()
            .starts_with("/v1.0/deviceManagement/managedDevices/..%2Fusers%3F"),
        "{url}"
    );
}

#[test]
fn users_come_with_their_plans() {
    check(
        &Request::users(),
        &expect![[
            r#"GET /v1.0/users?$select=id,userPrincipalName,mail,proxyAddresses,assignedPlans&$top=999"#
        ]],
    );
    let plan = uuid!("c1ec4a95-1f05-45b3-a911-aa3fa01094f5");
    check(
        &Request::licensed_users(plan, &["Enabled", "Warning"]),
        &expect![[r#"
        GET /v1.0/users?$select=id,userPrincipalName,mail,proxyAddresses,assignedPlans&$filter=assignedPlans%2Fany(p:p%2FservicePlanId%20eq%20c1ec4a95-1f05-45b3-a911-aa3fa01094f5%20and%20p%2FcapabilityStatus%20eq%20%27Enabled%27)%20or%20assignedPlans%2Fany(p:p%2FservicePlanId%20eq%20c1ec4a95-1f05-45b3-a911-aa3fa01094f5%20and%20p%2FcapabilityStatus%20eq%20%27Warning%27)&$count=true&$top=999
        ConsistencyLevel: eventual"#]],
    );
}

#[test]
fn members_are_an_advanced_query() {
    check(
        &Request::group_users(GROUP),
        &expect![[r#"
        GET /v1.0/groups/1ac7b9e2-7a45-47ed-a6f6-4e09205d710d/transitiveMembers/microsoft.graph.user?$select=id&$count=true&$top=999
        ConsistencyLevel: eventual"#]],
    );
}

#[test]
fn deltas_select_once() {
    check(
        &Request::users_delta(),
        &expect![[r#"GET /v1.0/users/delta?$select=id,userPrincipalName,mail,proxyAddresses,assignedPlans"#]],
    );
    check(
        &Request::groups_delta(),
        &expect![[r#"GET /v1.0/groups/delta?$select=displayName,members"#]],
    );
}

#[test]
fn what_is_left_of_the_connector_is_read() {
    check(
        &Request::exchange_connectors(),
        &expect![[r#"GET /v1.0/deviceManagement/exchangeConnectors"#]],
    );
    check(
        &Request::conditional_access_settings(),
        &expect![[r#"GET /v1.0/deviceManagement/conditionalAccessSettings"#]],
    );
    check(
        &Request::exchange_policy(),
        &expect![[
            r#"GET /beta/deviceManagement/exchangeOnPremisesPolicy?$expand=conditionalAccessSettings"#
        ]],
    );
}

#[test]
fn a_batch_holds_relative_requests_with_their_headers() {
    check(
        &Request::batch(&[Request::managed_device("a1"), Request::group_users(GROUP)]),
        &expect![[r#"
        POST /v1.0/$batch
        {
          "requests": [
            {
              "id": "0",
              "method": "GET",
              "url": "/deviceManagement/managedDevices/a1?$select=id,userId,userPrincipalName,deviceName,operatingSystem,model,serialNumber,easDeviceId,complianceState,managementState,managementAgent,jailBroken,partnerReportedThreatState,lastSyncDateTime"
            },
            {
              "headers": {
                "ConsistencyLevel": "eventual"
              },
              "id": "1",
              "method": "GET",
              "url": "/groups/1ac7b9e2-7a45-47ed-a6f6-4e09205d710d/transitiveMembers/microsoft.graph.user?$select=id&$count=true&$top=999"
            }
          ]
        }"#]],
    );
}
