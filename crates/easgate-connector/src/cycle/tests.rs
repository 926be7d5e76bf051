//! What never happens, and in which order things fail, at the ports.

mod leader;

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use easgate_compliance::{Limits, Policy};
use easgate_exchange::ListChange;
use easgate_model::{
    AccessLevel, AccessState, AccessStateReason, ComplianceState, DeviceAccessRule, DirectoryUser,
    DistinguishedName, Enrollment, Inventory, Mailbox, MailboxId, ManagementAgent, ManagementState,
    OrganizationId, OrganizationSettings, Partnership, PartnershipId, RecipientType,
};
use easgate_store::{RunResult, ServerSeen};
use mockall::{Sequence, automock};
use tempfile::TempDir;
use time::OffsetDateTime;
use time::macros::datetime;
use uuid::Uuid;

use super::*;
use crate::config::Mode;
use crate::ports::{CallError, CallErrorKind, Load, SourceError, SourceKind};
use crate::progress::Silent;

/// A clock that stands, and does not wait.
struct Still;

#[async_trait]
impl Clock for Still {
    fn now(&self) -> OffsetDateTime {
        datetime!(2026-03-01 08:00 UTC)
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn since_boot(&self) -> Duration {
        self.elapsed()
    }

    async fn sleep(&self, _: Duration) {}
}

fn mailbox(blocked: &[&str]) -> Mailbox {
    Mailbox {
        id: MailboxId(Uuid::from_u128(1)),
        distinguished_name: DistinguishedName::new("CN=ana,DC=x,DC=example"),
        name: "ana".to_owned(),
        display_name: "Ana".to_owned(),
        sam_account_name: "ana".to_owned(),
        primary_smtp: "ana@x.example".parse().ok(),
        addresses: vec!["ana@x.example".parse().unwrap()],
        recipient_type: RecipientType::Unknown,
        active_sync_enabled: true,
        allowed: Vec::new(),
        blocked: blocked.iter().map(|id| id.parse().unwrap()).collect(),
        odd_entries: 0,
        when_changed: None,
        originating_server: None,
    }
}

fn partnership(id: &str) -> Partnership {
    Partnership {
        id: PartnershipId(Uuid::new_v5(&Uuid::NAMESPACE_DNS, id.as_bytes())),
        device_id: id.parse().unwrap(),
        owner: DistinguishedName::new("CN=ana,DC=x,DC=example"),
        device_type: "iPhone".to_owned(),
        device_model: "iPhone15C2".to_owned(),
        device_os: "iOS 18.1".to_owned(),
        user_agent: String::new(),
        friendly_name: String::new(),
        client_type: None,
        access_state: AccessState::Allowed,
        access_state_reason: AccessStateReason::Global,
        access_control_rule: None,
        first_sync: None,
        when_changed: None,
    }
}

/// Ana's phones A1 and A2, neither of which is compliant.
fn inventory() -> Inventory {
    let address = || "ana@x.example".parse().unwrap();
    let enrollment = |id: &str| Enrollment {
        record: id.to_owned(),
        user_id: Some("ana".to_owned()),
        user_principal_name: Some(address()),
        eas_device_id: id.parse().ok(),
        agent: ManagementAgent::Mdm("mdm".to_owned()),
        state: ManagementState::Managed,
        compliance: ComplianceState::Noncompliant,
        compromised: false,
        device_name: None,
        operating_system: None,
        model: None,
        serial_number: None,
        last_sync: None,
    };
    Inventory {
        tenant: None,
        enrollments: vec![enrollment("A1"), enrollment("A2")],
        users: vec![DirectoryUser {
            id: "ana".to_owned(),
            user_principal_name: address(),
            addresses: vec![address()],
            licensed: true,
            groups: BTreeSet::new(),
        }],
        sizes: vec![("devices".to_owned(), 2), ("users".to_owned(), 1)],
        as_of: None,
    }
}

fn failed() -> CallError {
    CallError::new(CallErrorKind::Refused, "it failed on demand")
}

/// The calls that a cycle makes, by name.
#[automock]
trait Calls: Send + Sync {
    fn read(&self, what: &'static str) -> Result<(), CallError>;
    fn confirm(&self);
    fn apply(&self, change: &ListChange) -> Result<(), CallError>;
}

/// Ana's mailbox and phones, behind the calls.
struct Ports(MockCalls);

impl Ports {
    /// The read called `bad` fails; `apply` is for the test to expect.
    fn new(bad: &'static str) -> Self {
        let mut calls = MockCalls::new();
        calls
            .expect_read()
            .returning(move |what| if what == bad { Err(failed()) } else { Ok(()) });
        Self(calls)
    }
}

#[async_trait]
impl Exchange for Ports {
    async fn settings(&self) -> Result<OrganizationSettings, CallError> {
        self.0.read("settings").map(|()| OrganizationSettings {
            id: OrganizationId(Uuid::from_u128(9)),
            default_access_level: AccessLevel::Allow,
            user_mail_insert: None,
            admin_mail_recipients: Vec::new(),
            originating_server: None,
        })
    }

    async fn rules(&self) -> Result<Vec<DeviceAccessRule>, CallError> {
        self.0.read("rules").map(|()| Vec::new())
    }

    async fn partnerships(&self, _: &dyn ProgressSink) -> Result<Vec<Partnership>, CallError> {
        self.0
            .read("devices")
            .map(|()| vec![partnership("A1"), partnership("A2")])
    }

    async fn mailboxes(&self, _: &dyn ProgressSink) -> Result<Vec<Mailbox>, CallError> {
        self.0.read("mailboxes").map(|()| vec![mailbox(&[])])
    }

    async fn recipient_types(
        &self,
        _: &dyn ProgressSink,
    ) -> Result<HashMap<MailboxId, RecipientType>, CallError> {
        self.0.read("recipients").map(|()| HashMap::new())
    }

    async fn servers(&self) -> Result<Vec<ServerSeen>, CallError> {
        self.0.read("servers").map(|()| Vec::new())
    }

    async fn mailbox(&self, _: MailboxId, _: Option<&str>) -> Result<Mailbox, CallError> {
        self.0.confirm();
        Ok(mailbox(&["A1", "A2"]))
    }

    async fn apply(&self, change: &ListChange) -> Result<Load, CallError> {
        self.0.apply(change).map(|()| Load::Fine)
    }

    fn endpoint(&self) -> String {
        "memory".to_owned()
    }
}

#[async_trait]
impl EnrollmentSource for Ports {
    async fn inventory(&self, _: OffsetDateTime, _: &dyn ProgressSink) -> Result<Inventory, SourceError> {
        let read = self.0.read("inventory").map(|()| inventory());
        read.map_err(|error| SourceError::new(error, None))
    }

    async fn is_enrolled(&self, _: &str) -> Result<bool, SourceError> {
        Ok(false)
    }

    fn kind(&self) -> SourceKind {
        SourceKind::File
    }
}

struct Bench {
    folder: TempDir,
    store: Store,
    config: OrganizationConfig,
}

impl Bench {
    async fn new(mode: Mode) -> Self {
        let folder = TempDir::new().unwrap();
        let store = Store::open("sqlite://easgate.db", folder.path()).await.unwrap();
        let config = OrganizationConfig {
            name: "contoso".to_owned(),
            mode,
            policy: Policy::default(),
            limits: Limits::default(),
            lanes: 1,
            tries: 3,
            accept_shrunken: BTreeSet::new(),
            precautions: crate::Precautions::default(),
        };
        Self {
            folder,
            store,
            config,
        }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("easgate.db")
    }

    async fn sync(&self, ports: &Ports) -> Result<Report, CycleError> {
        let queue = WriteQueue::new(1);
        let cycle = Cycle {
            exchange: ports,
            source: ports,
            store: &self.store,
            config: &self.config,
            queue: &queue,
            clock: &Still,
            progress: &Silent,
        };
        cycle.full_sync().await
    }

    /// Makes every statement of `kind` on the journal fail, as a full disk does.
    async fn break_journal(&self, kind: &str) {
        let pool = sqlx::SqlitePool::connect(&format!("sqlite://{}", self.path().display()))
            .await
            .unwrap();
        let trigger = format!(
            "CREATE TRIGGER broken BEFORE {kind} ON journal BEGIN SELECT RAISE(FAIL, 'disk full'); END"
        );
        sqlx::query(sqlx::AssertSqlSafe(trigger))
            .execute(&pool)
            .await
            .unwrap();
        pool.close().await;
    }
}

#[tokio::test]
async fn nothing_is_applied_after_a_read_that_failed() {
    for bad in [
        "settings",
        "rules",
        "devices",
        "mailboxes",
        "recipients",
        "servers",
        "inventory",
    ] {
        let bench = Bench::new(Mode::Enforce).await;
        let mut ports = Ports::new(bad);
        ports.0.expect_apply().never();
        let error = bench.sync(&ports).await.unwrap_err();
        assert_eq!(error.exit_code(), 4, "{bad}");
        assert_eq!(
            Report::of_error(&bench.config, Kind::Full, &error).exit_code(),
            4,
            "{bad}"
        );
        let runs = bench
            .store
            .organization("contoso")
            .await
            .unwrap()
            .runs(1)
            .await
            .unwrap();
        assert_eq!(runs[0].result, Some(RunResult::Unread), "{bad}");
    }
}

#[tokio::test]
async fn nothing_is_applied_in_observe_and_plan() {
    for mode in [Mode::Observe, Mode::Plan] {
        let bench = Bench::new(mode).await;
        let mut ports = Ports::new("nothing");
        ports.0.expect_apply().never();
        ports.0.expect_confirm().never();
        let report = bench.sync(&ports).await.unwrap();
        assert_eq!((report.changes.planned, report.exit_code()), (2, 0));
    }
}

#[tokio::test]
async fn nothing_is_applied_when_the_intent_cannot_be_written() {
    let bench = Bench::new(Mode::Enforce).await;
    bench.break_journal("INSERT").await;
    let mut ports = Ports::new("nothing");
    ports.0.expect_apply().never();
    let report = bench.sync(&ports).await.unwrap();
    assert_eq!(
        (report.changes.failed, report.changes.applied, report.exit_code()),
        (2, 0, 2)
    );
    assert_eq!(report.errors[0].kind, "journal");
}

#[tokio::test]
async fn nothing_more_is_applied_when_an_outcome_cannot_be_written() {
    let bench = Bench::new(Mode::Enforce).await;
    bench.break_journal("UPDATE").await;
    let mut ports = Ports::new("nothing");
    ports.0.expect_apply().times(1).returning(|_| Ok(()));
    let report = bench.sync(&ports).await.unwrap();
    assert_eq!((report.changes.failed, report.changes.applied), (2, 0));
    let open = bench
        .store
        .organization("contoso")
        .await
        .unwrap()
        .unsettled()
        .await
        .unwrap();
    assert_eq!(open.len(), 1, "the next run looks for what became of it");
}

/// The devices whose intents are open, as another process sees them.
fn open_intents(path: &Path) -> Vec<String> {
    let (folder, name) = (
        path.parent().unwrap().to_owned(),
        path.file_name().unwrap().to_owned(),
    );
    let url = format!("sqlite://{}", name.to_str().unwrap());
    let reader = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let store = Store::open(&url, &folder).await.unwrap();
            let open = store
                .organization("contoso")
                .await
                .unwrap()
                .unsettled()
                .await
                .unwrap();
            open.into_iter()
                .map(|entry| entry.intent.device.to_string())
                .collect()
        })
    });
    reader.join().unwrap()
}

#[tokio::test]
async fn the_intent_of_each_change_is_durable_before_its_cmdlet_is_sent() {
    let bench = Bench::new(Mode::Enforce).await;
    let mut ports = Ports::new("nothing");
    let mut order = Sequence::new();
    for device in ["A1", "A2"] {
        let path = bench.path();
        ports
            .0
            .expect_apply()
            .times(1)
            .in_sequence(&mut order)
            .returning(move |change| {
                assert_eq!(change.add_blocked, [device.parse().unwrap()]);
                assert_eq!(open_intents(&path), [device]);
                Ok(())
            });
    }
    ports
        .0
        .expect_confirm()
        .times(1)
        .in_sequence(&mut order)
        .return_const(());
    let report = bench.sync(&ports).await.unwrap();
    assert_eq!((report.changes.applied, report.exit_code()), (2, 0));
    assert!(open_intents(&bench.path()).is_empty());
}

#[tokio::test]
async fn a_refused_account_is_asked_once() {
    let bench = Bench::new(Mode::Enforce).await;
    let mut ports = Ports::new("nothing");
    let refused = || CallError::new(CallErrorKind::Unauthorized, "the password is wrong");
    ports.0.expect_apply().times(1).returning(move |_| Err(refused()));
    let report = bench.sync(&ports).await.unwrap();
    assert_eq!((report.changes.failed, report.exit_code()), (2, 2));
}

#[tokio::test]
async fn a_busy_server_is_asked_three_times_and_no_more() {
    let bench = Bench::new(Mode::Enforce).await;
    let mut ports = Ports::new("nothing");
    let busy = || {
        CallError::new(
            CallErrorKind::Transient { retry_after: None },
            "too many commands",
        )
    };
    ports.0.expect_apply().times(6).returning(move |_| Err(busy()));
    let report = bench.sync(&ports).await.unwrap();
    assert_eq!((report.changes.failed, report.errors[0].kind), (2, "throttled"));
}

#[tokio::test]
async fn two_processes_do_not_work_on_one_organisation() {
    let bench = Bench::new(Mode::Enforce).await;
    let writer = bench
        .store
        .organization("contoso")
        .await
        .unwrap()
        .lock()
        .await
        .unwrap();
    let mut calls = MockCalls::new();
    calls.expect_read().never();
    let error = bench.sync(&Ports(calls)).await.unwrap_err();
    assert!(matches!(error, CycleError::Busy(_)), "{error}");
    assert_eq!(error.exit_code(), 2);
    assert_eq!(Report::of_error(&bench.config, Kind::Full, &error).exit_code(), 2);
    drop(writer);
}

/// A future of a service that may move between threads.
#[test]
fn a_cycle_can_be_moved_between_threads() {
    const fn is_send<T: Send>(_: &T) {}
    async fn cycle(cycle: Cycle<'_>) {
        is_send(&cycle.full_sync());
        is_send(&cycle.plan());
    }
    let _ = cycle;
}

#[tokio::test]
async fn what_failed_and_may_pass_is_tried_again_later_and_what_was_made_is_not() {
    let bench = Bench::new(Mode::Enforce).await;
    let organization = bench.store.organization("contoso").await.unwrap();
    let due = async |hours| {
        let now = Still.now() + time::Duration::hours(hours);
        let due = organization.due_retries(now).await.unwrap();
        due.iter()
            .map(|retry| (retry.device.to_string(), retry.cause.clone(), retry.attempts))
            .collect::<Vec<_>>()
    };
    for attempts in 1..3 {
        let mut ports = Ports::new("nothing");
        ports.0.expect_confirm().return_const(());
        ports.0.expect_apply().returning(|change| {
            let kind = if change.add_blocked.iter().any(|id| id.as_str() == "A1") {
                CallErrorKind::TooManyShells
            } else {
                CallErrorKind::ListFull
            };
            Err(CallError::new(kind, "it failed on demand"))
        });
        bench.sync(&ports).await.unwrap();
        assert_eq!(due(0).await, [], "not at once");
        let again = [("A1".to_owned(), "throttled".to_owned(), attempts)];
        assert_eq!(due(1).await, again, "a full list is nothing that passes");
    }
    let mut ports = Ports::new("nothing");
    ports.0.expect_confirm().return_const(());
    ports.0.expect_apply().returning(|_| Ok(()));
    bench.sync(&ports).await.unwrap();
    assert_eq!(due(999).await, []);
}
