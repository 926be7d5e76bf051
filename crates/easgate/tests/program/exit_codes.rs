//! Every exit code, and that nothing is written where the facts are not known.

use easgate_model::AccessLevel;
use easgate_simulator::exchange::Fault;
use easgate_simulator::world::World;

use crate::place::{Place, run};

/// An organisation whose default lets every phone in, so that the policy takes mail from many at once.
fn open_world(devices: usize) -> World {
    let mut world = World::contoso(devices);
    world.settings.default_access_level = AccessLevel::Allow;
    world
}

fn writes(place: &Place) -> usize {
    place
        .exchange
        .commands()
        .iter()
        .filter(|command| command.name == "Set-CASMailbox")
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_is_for_the_command_line_and_the_configuration() {
    let place = Place::new(World::contoso(5)).await;
    for (line, says) in [
        ("sync", "--full"),
        ("sync --ful", "--ful"),
        ("frobnicate", "frobnicate"),
        ("sync --full --config missing.toml", "missing.toml"),
        ("sync --full --organization fabrikam", "contoso"),
        ("explain nobody@contoso.com", "nobody@contoso.com"),
    ] {
        let ended = place.easgate(line).await.exits(1);
        assert!(ended.stderr.contains(says), "{line}: {}", ended.stderr);
        assert_eq!(ended.stdout, "", "{line}");
    }
    place.configure(|text| text.replace("servers =", "server ="));
    let ended = place.easgate("sync --full").await.exits(1);
    assert!(ended.stderr.contains("servers"), "{}", ended.stderr);
    assert_eq!(writes(&place), 0);
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn help_is_no_error_and_tells_the_exit_codes() {
    let folder = tempfile::tempdir().unwrap();
    let help = run(folder.path(), &["--help"], "").await.exits(0);
    assert!(help.stdout.contains("Exit codes"), "{}", help.stdout);
    assert!(help.stdout.contains("Examples"), "{}", help.stdout);
    run(folder.path(), &["--version"], "").await.exits(0);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_is_for_changes_that_failed_while_the_others_went_on() {
    let place = Place::new(World::contoso(100)).await;
    let plan = place.easgate("plan --json").await.exits(0).json();
    let mailbox = plan[0]["mailbox"].as_str().unwrap();
    let user = place.world.user(mailbox).unwrap();
    place.exchange.faults().inject(Fault::Denied {
        object: user.mailbox_guid,
    });
    let report = place.easgate("sync --full --json").await.exits(2).json();
    let changes = &report["changes"];
    assert!(changes["failed"].as_u64() >= Some(1), "{report}");
    assert!(changes["applied"].as_u64() > Some(5), "{report}");
    assert!(!report["errors"].as_array().unwrap().is_empty(), "{report}");

    let audit = place.easgate("audit export").await.exits(0).stdout;
    let failed = audit
        .lines()
        .find(|line| line.contains("\"changeFailed\""))
        .unwrap();
    let failed: serde_json::Value = serde_json::from_str(failed).unwrap();
    let request = failed["request"].as_str().unwrap();
    assert!(
        uuid::Uuid::try_parse(request).is_ok(),
        "the server's own id of it: {failed}"
    );

    place.exchange.faults().clear();
    let next = place.easgate("sync --full --json").await.exits(0).json();
    assert_eq!(next["changes"]["planned"], changes["failed"], "{next}");
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn three_is_for_changes_that_the_guard_holds() {
    let place = Place::new(open_world(100)).await;
    place.configure(|text| text.replace("loses_access = \"100%\"", "loses_access = 3"));
    let report = place.easgate("sync --full --json").await.exits(3).json();
    let held = report["changes"]["held"].as_u64();
    assert!(held > Some(3), "{report}");
    assert_eq!(report["changes"]["failed"], 0);
    let blocked: Vec<_> = place
        .world
        .users
        .iter()
        .filter(|user| user.kind.is_local())
        .flat_map(|user| {
            place
                .exchange
                .organization()
                .lists(user.mailbox_guid)
                .unwrap_or_default()
                .1
        })
        .collect();
    let foreign: usize = place
        .world
        .users
        .iter()
        .map(|user| user.foreign_blocked.len())
        .sum();
    assert_eq!(blocked.len(), foreign, "nothing that is held was written");
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn four_is_for_facts_that_could_not_be_read() {
    let place = Place::new(open_world(60)).await;

    let whole = place.read("enrolled.csv");
    place.write(
        "enrolled.csv",
        &format!("{whole}eve@contoso.com,ApplX,perhaps,,true,\n"),
    );
    let line = whole.lines().count() + 1;
    let ended = place.easgate("sync --full").await.exits(4);
    let said = format!("{}{}", ended.stdout, ended.stderr);
    assert!(said.contains(&format!("line {line}")), "{said}");

    place.write("enrolled.csv", whole.lines().next().unwrap());
    place.easgate("sync --full").await.exits(4);
    place.write("enrolled.csv", &whole);

    place.easgate_with_wrong_password("sync --full").await.exits(4);

    place.exchange.faults().inject(Fault::Truncated {
        cmdlet: "Get-MobileDevice".to_owned(),
        after: 10,
    });
    let report = place.easgate("sync --full --json").await.exits(4).json();
    assert_eq!(report["changes"]["applied"], 0, "{report}");
    assert!(!report["errors"].as_array().unwrap().is_empty(), "{report}");

    assert_eq!(writes(&place), 0, "nothing is written where facts are missing");
    place.exchange.stop().await.unwrap();
}
