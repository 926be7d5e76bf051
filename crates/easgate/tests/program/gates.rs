//! The emergency stop and approvals, as an administrator types them.

use easgate_model::AccessLevel;
use easgate_simulator::world::World;

use crate::place::Place;

/// An organisation whose default lets every phone in, under a guard that lets three of them lose their mail.
async fn guarded() -> Place {
    let mut world = World::contoso(100);
    world.settings.default_access_level = AccessLevel::Allow;
    let place = Place::new(world).await;
    place.configure(|text| text.replace("loses_access = \"100%\"", "loses_access = 3"));
    place
}

fn writes(place: &Place) -> usize {
    let commands = place.exchange.commands();
    commands
        .iter()
        .filter(|command| command.name == "Set-CASMailbox")
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_guard_holds_has_a_name_and_goes_when_somebody_approves() {
    let place = guarded().await;
    let report = place.easgate("sync --full --json").await.exits(3).json();
    let plan = &report["held_plans"][0];
    let (id, changes) = (plan["plan"].as_str().unwrap(), plan["changes"].as_u64().unwrap());
    assert_eq!(report["changes"]["held"], changes, "{report}");
    let again = place.easgate("sync --full --json").await.exits(3).json();
    assert_eq!(again["held_plans"][0]["plan"], id, "the name stays: {again}");

    let held = place.easgate(&format!("held {id} --json")).await.exits(0).json();
    assert_eq!(
        held[0]["changes"].as_array().map(Vec::len),
        usize::try_from(changes).ok()
    );
    let release = held[0]["release"].as_str().unwrap();
    assert_eq!(
        release,
        format!("easgate approve {id} --organization contoso --by NAME")
    );
    let status = place.easgate("status").await.exits(0).stdout;
    assert!(status.contains(release), "{status}");

    place.easgate("approve ffffffff --by dana").await.exits(1);
    place.easgate(&format!("approve {id}")).await.exits(1);
    place
        .easgate(&format!("reject {id} --by dana --note later"))
        .await
        .exits(0);
    place.easgate("sync --full").await.exits(3);
    let before = writes(&place);
    let said = place
        .easgate(&format!("approve {id} --by dana --for 4h"))
        .await
        .exits(0)
        .stdout;
    assert!(said.contains("approved by dana"), "{said}");
    assert_eq!(writes(&place), before, "an approval writes nothing by itself");
    let released = place.easgate("sync --full --json").await.exits(0).json();
    assert_eq!(released["changes"]["applied"], changes, "{released}");
    place.easgate("sync --full").await.exits(0);
    let held = place.easgate("held").await.exits(0).stdout;
    assert_eq!(held, "contoso: nothing is held.\n");

    let audit = place.easgate("audit export").await.exits(0).stdout;
    assert!(
        audit.contains("\"approved\"") && audit.contains("\"rejected\""),
        "{audit}"
    );
    place.easgate("audit verify").await.exits(0);
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn while_writing_is_paused_a_sync_reads_and_reports_and_exits_0() {
    let place = Place::new(World::contoso(60)).await;
    place.easgate("pause").await.exits(1);
    let line = "pause --reason migration\u{1b}[31m --by dana --json";
    let paused = place.easgate(line).await.exits(0).json();
    assert_eq!(paused["paused"]["by"], "dana");
    let later = place.easgate("pause --reason me-too --by emil").await.exits(0);
    assert!(
        later.stdout.contains("by dana"),
        "the first pause stands: {}",
        later.stdout
    );
    let report = place.easgate("sync --full --json").await.exits(0).json();
    let changes = &report["changes"];
    assert_eq!(changes["applied"], 0, "{report}");
    assert!(report["paused"]["changes"].as_u64() > Some(5), "{report}");
    assert_eq!(report["paused"]["by"], "dana");
    for line in ["status", "sync --full", "plan"] {
        let ended = place.easgate(line).await.exits(0);
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert!(
            said.contains("paused since") && said.contains("by dana"),
            "{line}: {said}"
        );
        assert!(!said.contains('\u{1b}'), "{line}: {said}");
    }
    assert_eq!(writes(&place), 0);

    let resumed = place.easgate("resume --by emil").await.exits(0).stdout;
    assert!(resumed.contains("goes on"), "{resumed}");
    let again = place.easgate("resume --by emil").await.exits(0).stdout;
    assert!(again.contains("was not paused"), "{again}");
    let report = place.easgate("sync --full --json").await.exits(0).json();
    assert_eq!(report["changes"]["applied"], changes["planned"], "{report}");
    place.exchange.stop().await.unwrap();
}
