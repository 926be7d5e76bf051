//! What a leader does that took over, and what stands in the way of any.

use easgate_store::{Actor, Anchor, Caution, CautionKind};

use super::*;

/// Blocks on A1 and A2, which the mailbox list does not show and a look at the mailbox does: as if commands of
/// another leader had arrived in between.
fn ports_with_late_blocks() -> Ports {
    let mut ports = Ports::new("nothing");
    ports.0.expect_confirm().returning(|| ());
    ports
}

/// Leaves the lease as a process does that is killed: nobody holds the file, and nobody has given the lease back.
async fn kill_a_leader(bench: &Bench) {
    let other = Store::open("sqlite://easgate.db", bench.folder.path())
        .await
        .unwrap();
    drop(other.organization("contoso").await.unwrap().lock().await.unwrap());
}

#[tokio::test]
async fn what_a_killed_leader_sent_late_is_seen_before_anybody_loses_access() {
    let bench = Bench::new(Mode::Enforce).await;
    kill_a_leader(&bench).await;
    let mut ports = ports_with_late_blocks();
    ports.0.expect_apply().never();
    let report = bench.sync(&ports).await.unwrap();
    let kinds: Vec<_> = report.errors.iter().map(|error| error.kind).collect();
    assert_eq!(kinds, ["moved", "moved"]);
    assert_eq!((report.changes.applied, report.changes.failed), (0, 2));
}

#[tokio::test]
async fn after_a_clean_end_nobody_waits_and_nothing_is_read_twice() {
    let bench = Bench::new(Mode::Enforce).await;
    let organization = bench.store.organization("contoso").await.unwrap();
    organization.lock().await.unwrap().hand_over().await.unwrap();
    let mut ports = ports_with_late_blocks();
    ports.0.expect_apply().times(2).returning(|_| Ok(()));
    let report = bench.sync(&ports).await.unwrap();
    assert_eq!((report.changes.applied, report.changes.failed), (2, 0));
}

#[tokio::test]
async fn nothing_is_written_while_a_caution_stands_and_the_report_says_why() {
    let bench = Bench::new(Mode::Enforce).await;
    let organization = bench.store.organization("contoso").await.unwrap();
    for kind in [
        CautionKind::Restored,
        CautionKind::Contested,
        CautionKind::Unknown,
    ] {
        let caution = Caution {
            kind,
            since: Still.now(),
            detail: format!("it is {kind}"),
        };
        organization
            .raise_caution(&caution, &Actor::program())
            .await
            .unwrap();
        let mut ports = Ports::new("nothing");
        ports.0.expect_apply().never();
        let report = bench.sync(&ports).await.unwrap();
        assert_eq!((report.changes.planned, report.changes.applied), (2, 0));
        let told = format!("{caution}");
        assert!(report.warnings.contains(&told), "{:?}", report.warnings);
        organization
            .end_caution(&Actor::program(), Still.now())
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn an_entry_that_disappears_each_time_makes_the_organisation_contested() {
    let bench = Bench::new(Mode::Enforce).await;
    let organization = bench.store.organization("contoso").await.unwrap();
    // The list of mailboxes never shows what was added, and the look at the mailbox does: somebody takes it out.
    for (run, applied) in [(1, 2), (2, 2), (3, 0)] {
        let mut ports = ports_with_late_blocks();
        ports.0.expect_apply().times(applied).returning(|_| Ok(()));
        bench.sync(&ports).await.unwrap();
        let contested = organization.caution().await.unwrap().map(|caution| caution.kind);
        let expected = (run == 3).then_some(CautionKind::Contested);
        assert_eq!(contested, expected, "run {run}");
    }
}

#[tokio::test]
async fn an_emptied_store_writes_nothing_until_an_administrator_says_so() {
    let mut bench = Bench::new(Mode::Enforce).await;
    let anchor = Anchor::at(&bench.folder.path().join("audit.key"));
    let sync = async |bench: &Bench, applied| {
        let mut ports = ports_with_late_blocks();
        ports.0.expect_apply().times(applied).returning(|_| Ok(()));
        bench.sync(&ports).await.unwrap()
    };
    bench.store = bench.store.anchored(anchor.clone());
    assert_eq!(sync(&bench, 2).await.changes.applied, 2);

    bench.store.close().await;
    std::fs::remove_file(bench.path()).unwrap();
    let empty = Store::open("sqlite://easgate.db", bench.folder.path())
        .await
        .unwrap();
    bench.store = empty.anchored(anchor);
    for run in 1..3 {
        let report = sync(&bench, 0).await;
        let told = report
            .warnings
            .iter()
            .any(|warning| warning.contains("older than the last seal"));
        assert!(told, "run {run}: {:?}", report.warnings);
    }
    let organization = bench.store.organization("contoso").await.unwrap();
    organization
        .end_caution(&Actor::program(), Still.now())
        .await
        .unwrap();
    assert_eq!(sync(&bench, 2).await.changes.applied, 2);
}
