//! Many sealed requests, and a server that closes what lies idle.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use easgate_cmdlet::{Authentication, CmdletTransport as _, Command, Config, WsmanTransport};
use futures::future::join_all;

use super::client::{config, kerberos, ntlm, objects};
use super::kdc::Kdc;
use super::sealed::{Options, Sealed};
use super::{PASSWORD, installed};

/// How many commands run at once.
const LANES: u64 = 8;
/// How many sealed requests there are at least.
const REQUESTS: u64 = 2_000;
/// Runs commands until the server has seen enough; whenever there is nothing to do it closes every connection.
///
/// It closes them by command: a request that is sent at the very moment of closing may or may not have been read, and no
/// client can know.
async fn storm(kdc: &Kdc, way: Authentication) -> Sealed {
    let sealed = Sealed::start(&kdc.krb5_conf(), &kdc.keytab(), &Options::default());
    let config = Config {
        runspaces: 8,
        danger_allow_ntlm_without_channel_binding: true,
        ..config(&sealed.url, way)
    };
    let transport = WsmanTransport::new(config).expect("settings that can be used");
    let commands = AtomicU64::new(0);
    while sealed.stats().count("sealed") < REQUESTS {
        let lane = async |number: u64| {
            for turn in 0..16 {
                let count = i32::try_from(1 + (number + turn) % 5).expect("at most five");
                let command = Command::new("Test-Count")
                    .with("Count", count)
                    .with("Padding", 2_000);
                let found = objects(&transport, command).await.unwrap();
                assert_eq!(i32::try_from(found).unwrap(), count);
                commands.fetch_add(1, Ordering::Relaxed);
            }
        };
        join_all((0..LANES).map(lane)).await;
        sealed.close_idle();
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    transport.close().await;
    println!(
        "{} commands: {:?}",
        commands.load(Ordering::Relaxed),
        sealed.stats()
    );
    sealed
}

fn check(sealed: &Sealed, mechanism: &str) {
    let stats = sealed.stats();
    assert!(
        stats.count("closed idle") >= LANES,
        "the server closed too little: {stats:?}"
    );
    assert_eq!(stats.count("sealed"), stats.count("messages"), "{stats:?}");
    for never in [
        "repeated",
        "not sealed",
        "not unsealed",
        "wrong length",
        "refused",
        "415",
    ] {
        assert_eq!(stats.count(never), 0, "{never}: {stats:?}");
    }
    // A log-on is one refusal that names the schemes, and for NTLM one that carries the challenge. More would be a storm.
    let logons = stats.count(mechanism);
    assert!(stats.count("401") <= 2 * logons, "{stats:?}");
    assert!(logons <= stats.count("connections"), "{stats:?}");
    let upstream = sealed.upstream_stats();
    assert_eq!(upstream["violations"], serde_json::json!([]), "{upstream}");
    assert_eq!(upstream["open"], 0, "{upstream}");
    assert_eq!(upstream["Create"], upstream["Delete"], "{upstream}");
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_lanes_lose_nothing_under_kerberos() {
    if !installed() {
        return;
    }
    let kdc = Kdc::example();
    let sealed = storm(&kdc, kerberos(&kdc.address(), r"EXAMPLE.TEST\alice", PASSWORD)).await;
    check(&sealed, "kerberos");
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_lanes_lose_nothing_under_ntlm() {
    if !installed() {
        return;
    }
    let kdc = Kdc::example();
    let sealed = storm(&kdc, ntlm(r"EXAMPLE\alice", PASSWORD)).await;
    check(&sealed, "ntlm");
}
