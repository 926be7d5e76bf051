//! Whole full syncs, sealed, through code that is not ours.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use easgate_cmdlet::{Authentication, CmdletTransport, Config, WsmanTransport};
use easgate_compliance::{Limits, Policy, Threshold};
use easgate_connector::adapters::ExchangeAdapter;
use easgate_connector::{
    Cycle, Mode, OrganizationConfig, Precautions, Report, Silent, SystemClock, WriteQueue,
};
use easgate_intune::FileSource;
use easgate_store::Store;

use super::client::{config, kerberos, ntlm};
use super::kdc::Kdc;
use super::program_doors::check_sealed;
use super::sealed::{Options, Sealed};
use super::{PASSWORD, UMLAUTS, installed};
use crate::full_sync::enrolled;

/// Two full syncs with one store, with a `pause` between them: the first has everything to do, the second nothing.
pub(super) async fn two_syncs_apart(config: Config, pause: Duration) -> (Report, Report) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("enrolled.csv");
    std::fs::write(&path, enrolled()).expect("a file");
    let source = FileSource {
        path,
        max_age: Duration::from_secs(3_600),
    };
    let organization = OrganizationConfig {
        name: "contoso".to_owned(),
        mode: Mode::Enforce,
        policy: Policy::default(),
        limits: Limits {
            loses_access: Threshold::percent(100.0),
            ..Limits::default()
        },
        accept_shrunken: BTreeSet::new(),
        precautions: Precautions::default(),
        lanes: 1,
        tries: 3,
    };
    let config = Config {
        setup: easgate_exchange::setup_commands(),
        ..config
    };
    let transport = Arc::new(WsmanTransport::new(config).expect("settings that can be used"));
    let shared: Arc<dyn CmdletTransport> = Arc::<WsmanTransport>::clone(&transport);
    let exchange = ExchangeAdapter::new(shared, easgate_exchange::Config::default());
    let store = Store::open("sqlite://easgate.db", folder.path())
        .await
        .expect("a new store");
    let queue = WriteQueue::new(organization.lanes);
    let cycle = Cycle {
        exchange: &exchange,
        source: &source,
        store: &store,
        config: &organization,
        queue: &queue,
        clock: &SystemClock::new(),
        progress: &Silent,
    };
    let first = cycle.full_sync().await.expect("the facts are read");
    tokio::time::sleep(pause).await;
    let second = cycle.full_sync().await.expect("the facts are read");
    transport.close().await;
    store.close().await;
    (first, second)
}

/// What a full sync of the peer's organisation comes to, whatever the way.
async fn check_sync(sealed: &Sealed, mechanism: &str, way: Authentication) {
    let config = Config {
        danger_allow_ntlm_without_channel_binding: true,
        ..config(&sealed.url, way)
    };
    let (first, second) = two_syncs_apart(config, Duration::ZERO).await;
    assert_eq!(first.devices, 60);
    assert_eq!(
        (first.changes.planned, first.changes.applied),
        (40, 40),
        "{first:?}"
    );
    assert_eq!(first.errors, [], "{first:?}");
    assert_eq!((second.devices, second.changes.planned), (60, 0), "{second:?}");

    check_sealed(sealed, mechanism);
}

#[tokio::test]
async fn a_full_sync_is_sealed_under_kerberos() {
    if !installed() {
        return;
    }
    let kdc = Kdc::example();
    let sealed = Sealed::start(&kdc.krb5_conf(), &kdc.keytab(), &Options::default());
    let way = kerberos(&kdc.address(), r"EXAMPLE.TEST\bob", UMLAUTS);
    check_sync(&sealed, "kerberos", way).await;
    assert_eq!(sealed.stats().count("ntlm"), 0);
}

#[tokio::test]
async fn a_full_sync_is_sealed_under_ntlm() {
    if !installed() {
        return;
    }
    let kdc = Kdc::example();
    let sealed = Sealed::start(&kdc.krb5_conf(), &kdc.keytab(), &Options::default());
    check_sync(&sealed, "ntlm", ntlm(r"EXAMPLE\alice", PASSWORD)).await;
    assert_eq!(sealed.stats().count("kerberos"), 0);
}
