//! Tickets that end while they are in use.

use std::time::Duration;

use easgate_cmdlet::{CmdletTransport as _, Command, WsmanTransport};

use super::client::{config, kerberos, objects};
use super::kdc::{Kdc, Times};
use super::sealed::{Options, Sealed};
use super::sync::two_syncs_apart;
use super::{PASSWORD, installed};

/// A ticket lasts as long as the two together; clocks and machines may be as far apart as the second.
const SHORT: Times<'static> = Times {
    clock: None,
    lifetime: "3s",
    skew: 3,
};
/// By then a ticket has ended.
const ENDED: Duration = Duration::from_secs(8);

fn peers() -> (Kdc, Sealed) {
    let kdc = Kdc::with(&SHORT);
    let sealed = Sealed::start(&kdc.krb5_conf(), &kdc.keytab(), &Options::default());
    (kdc, sealed)
}

/// Nothing came twice, nothing was lost, and every connection that was forgotten was followed by one new log-on.
fn check(sealed: &Sealed, lanes: u64) {
    let stats = sealed.stats();
    let ended = stats.count("ticket ended");
    assert!(ended > 0, "{stats:?}");
    assert!(stats.count("kerberos") <= lanes + ended, "{stats:?}");
    assert_eq!(
        (stats.count("repeated"), stats.count("refused")),
        (0, 0),
        "{stats:?}"
    );
    let upstream = sealed.upstream_stats();
    assert_eq!(upstream["violations"], serde_json::json!([]), "{upstream}");
    assert_eq!(upstream["open"], 0, "{upstream}");
}

#[tokio::test]
async fn a_ticket_that_ends_between_and_within_commands_costs_a_new_log_on_and_nothing_else() {
    if !installed() {
        return;
    }
    let (kdc, sealed) = peers();
    let way = kerberos(&kdc.address(), r"EXAMPLE.TEST\alice", PASSWORD);
    let transport = WsmanTransport::new(config(&sealed.url, way)).expect("settings that can be used");
    let count = |count: i32, apart: i32| {
        Command::new("Test-Count")
            .with("Count", count)
            .with("Milliseconds", apart)
    };
    assert_eq!(objects(&transport, count(3, 0)).await.unwrap(), 3);
    assert_eq!(sealed.stats().count("ticket ended"), 0);
    tokio::time::sleep(ENDED).await;
    assert_eq!(objects(&transport, count(4, 0)).await.unwrap(), 4);
    assert!(sealed.stats().count("ticket ended") > 0);
    // Objects come for longer than a ticket lasts.
    let before = sealed.stats().count("ticket ended");
    assert_eq!(objects(&transport, count(12, 1_000)).await.unwrap(), 12);
    assert!(sealed.stats().count("ticket ended") > before);
    transport.close().await;
    // The shell outlived the connections on which it was made.
    assert_eq!(sealed.upstream_stats()["Create"], 1);
    check(&sealed, 2);
}

#[tokio::test]
async fn tickets_that_end_between_two_syncs_are_taken_anew() {
    if !installed() {
        return;
    }
    let (kdc, sealed) = peers();
    let way = kerberos(&kdc.address(), r"EXAMPLE.TEST\alice", PASSWORD);
    let (first, second) = two_syncs_apart(config(&sealed.url, way), ENDED).await;
    assert_eq!(
        (first.changes.planned, first.changes.applied),
        (40, 40),
        "{first:?}"
    );
    assert_eq!(first.errors, [], "{first:?}");
    assert_eq!((second.devices, second.changes.planned), (60, 0), "{second:?}");
    assert_eq!(second.errors, [], "{second:?}");
    check(&sealed, 2);
}
