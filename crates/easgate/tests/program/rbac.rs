//! The rights of the account: the script, and what the account has.

use easgate_simulator::exchange::{ExchangeConfig, Rbac};
use easgate_simulator::world::World;

use crate::place::Place;

async fn place_with(rbac: Rbac) -> Place {
    Place::with(ExchangeConfig {
        rbac,
        ..ExchangeConfig::new(World::contoso(5))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_script_is_written_for_the_mode_of_the_configuration() {
    let place = place_with(Rbac::default()).await;
    let said = place
        .easgate("rbac generate --output rights.ps1 --user CONTOSO\\o'brien")
        .await
        .exits(0)
        .stdout;
    assert!(
        said.starts_with("rights.ps1: rights for CONTOSO\\o'brien (read, lists)."),
        "{said}"
    );
    let script = place.read("rights.ps1");
    assert!(script.contains("$Account = 'CONTOSO\\o''brien'\r\n"), "{script}");
    assert!(script.contains("'ActiveSyncBlockedDeviceIDs'"), "{script}");
    assert!(!script.contains("Clear-"), "{script}");

    place.configure(|text| text.replace("mode = \"enforce\"", "mode = \"observe\""));
    let value = place
        .easgate("rbac generate --json --exchange 2010")
        .await
        .exits(0)
        .json();
    let script = value["script"].as_str().unwrap();
    assert!(
        !script.contains("Set-CASMailbox") && !script.contains("-MobileDevice"),
        "{script}"
    );
    assert_eq!(value["features"], serde_json::json!(["read"]));
    let text = place
        .easgate("rbac generate --device-actions")
        .await
        .exits(0)
        .stdout;
    assert!(
        text.contains("'Clear-MobileDevice'") && text.contains("'Remove-ActiveSyncDevice'"),
        "{text}"
    );
    assert!(place.exchange.commands().is_empty(), "nothing is connected");
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_and_superfluous_is_told_with_parameters() {
    let rbac = Rbac::connector_and_mobile_device()
        .without("Get-Recipient")
        .without_parameter("Set-CASMailbox", "ActiveSyncBlockedDeviceIDs");
    let place = place_with(rbac).await;
    let value = place.easgate("rbac verify --json").await.exits(2).json();
    assert_eq!(value["ok"], false);
    assert_eq!(value["parametersKnown"], true);
    assert_eq!(
        value["missing"],
        serde_json::json!([
            { "cmdlet": "Get-Recipient", "parameters": [] },
            { "cmdlet": "Set-CASMailbox", "parameters": ["ActiveSyncBlockedDeviceIDs"] },
        ])
    );
    let superfluous: Vec<&str> = value["superfluous"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["changes"] == true && one["parameters"] == serde_json::json!([]))
        .map(|one| one["cmdlet"].as_str().unwrap())
        .collect();
    assert!(superfluous.contains(&"Clear-MobileDevice"), "{superfluous:?}");
    assert!(
        superfluous.contains(&"Remove-ActiveSyncDevice"),
        "{superfluous:?}"
    );
    let text = place.easgate("rbac verify").await.exits(2).stdout;
    assert!(text.contains("Something is missing"), "{text}");
    assert_eq!(place.exchange.open_shells(), 0);
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn too_much_is_a_warning_and_device_actions_may_be_wanted() {
    let place = place_with(Rbac::organization_management()).await;
    let text = place.easgate("rbac verify").await.exits(0).stdout;
    assert!(
        text.contains("superfluous, can change  Clear-MobileDevice"),
        "{text}"
    );
    let text = place
        .easgate("rbac verify --device-actions")
        .await
        .exits(0)
        .stdout;
    assert!(
        !text.contains("Clear-MobileDevice                  (the cmdlet itself)"),
        "{text}"
    );
    // Nobody to ask: neither right nor wrong.
    let ended = place.easgate_with_wrong_password("rbac verify").await.exits(4);
    assert!(ended.stderr.contains("what to do"), "{}", ended.stderr);
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_sync_runs_at_a_hoster_without_a_cmdlet_about_servers() {
    let place = place_with(Rbac::hosted()).await;
    place.configure(|text| {
        text.replace(
            "[organization.exchange]\n",
            "[organization.exchange]\nkind = \"hosted\"\n",
        )
    });
    let report = place.easgate("sync --full --json").await.exits(0).json();
    assert_ne!(report, serde_json::Value::Null);
    let sent: Vec<String> = place
        .exchange
        .commands()
        .into_iter()
        .map(|command| command.name)
        .collect();
    assert!(sent.iter().any(|name| name == "Set-CASMailbox"), "{sent:?}");
    assert!(
        !sent
            .iter()
            .any(|name| name == "Get-ExchangeServer" || name == "Set-ADServerSettings"),
        "{sent:?}"
    );
    let text = place.easgate("check").await.exits(0).stdout;
    assert!(text.contains("a hoster is not asked about servers"), "{text}");
    let value = place.easgate("rbac verify --json").await.exits(0).json();
    assert_eq!(value["missing"], serde_json::json!([]));

    let url = place.exchange.url().to_string();
    place.configure(|text| {
        text.replace(
            "[organization.exchange]\n",
            "[organization.exchange]\nkind = \"hosted\"\n",
        )
        .replace(
            &format!("[\"{url}\"]"),
            &format!("[\"{url}\", \"https://ex2.contoso.example/powershell\"]"),
        )
    });
    let ended = place.easgate("check").await.exits(2);
    assert!(ended.stdout.contains("takes one address"), "{}", ended.stdout);
    place.exchange.stop().await.unwrap();
}
