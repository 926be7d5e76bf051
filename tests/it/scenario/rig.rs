//! A world, a store and a configuration, ready to run cycles.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use easgate_compliance::{Limits, Policy};
use easgate_connector::{
    Cycle, CycleError, Mode, OrganizationConfig, Phase, Planned, Precautions, Progress, ProgressSink, Report,
    Silent, WriteQueue,
};
use easgate_model::{DeviceId, EmailAddress, MailboxId};
use easgate_store::{List, Store};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;

use super::world::{State, World, entry};

pub(crate) struct Rig {
    pub(crate) world: World,
    pub(crate) config: OrganizationConfig,
    queue: WriteQueue,
    folder: TempDir,
}

/// A kind of sync.
pub(crate) enum Part {
    Full,
    Quick,
    Watch,
    User(EmailAddress),
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self {
            world: World::new(),
            config: OrganizationConfig {
                name: "contoso".to_owned(),
                mode: Mode::Enforce,
                policy: Policy::default(),
                limits: Limits::default(),
                lanes: 1,
                tries: 3,
                accept_shrunken: BTreeSet::new(),
                precautions: Precautions::default(),
            },
            folder: folder(),
            queue: WriteQueue::new(2),
        }
    }

    /// Opens the store anew, as every process does.
    pub(crate) async fn store(&self) -> Store {
        Store::open("sqlite://easgate.db", self.folder.path())
            .await
            .unwrap()
    }

    /// Runs one cycle; `None` when the process ended in the middle of it.
    pub(crate) async fn sync(&self) -> Option<Result<Report, CycleError>> {
        let store = self.store().await;
        let cycle = self.cycle(&store);
        let result = tokio::select! {
            biased;
            result = cycle.full_sync() => Some(result),
            () = self.world.crash.notified() => None,
        };
        store.close().await;
        result
    }

    /// Runs one sync.
    pub(crate) async fn part(&self, part: Part) -> Result<Report, CycleError> {
        let store = self.store().await;
        let cycle = self.cycle(&store);
        let result = match &part {
            Part::Full => cycle.full_sync().await,
            Part::Quick => cycle.quick_sync().await,
            Part::Watch => cycle.watch().await,
            Part::User(address) => cycle.sync_user(address).await,
        };
        store.close().await;
        result
    }

    /// A run, and another beside it that begins when the first makes its call `at`, which ends after the second run.
    pub(crate) async fn beside(
        &self,
        first: Part,
        second: Part,
        at: &'static str,
    ) -> (Result<Report, CycleError>, Result<Report, CycleError>) {
        let store = self.store().await;
        let writer = store.organization("contoso").await.unwrap().lock().await.unwrap();
        let cycle = self.cycle(&store);
        let goes_on = GoesOn(&self.world);
        let cycle_of_second = Cycle {
            // A part does all that it does while the first waits; a full sync may want the same mailbox.
            progress: if matches!(second, Part::Full) {
                &goes_on
            } else {
                &Silent
            },
            ..self.cycle(&store)
        };
        let run = async |cycle: &Cycle<'_>, part: &Part| match part {
            Part::Full => cycle.full_sync_with(&writer).await,
            Part::Quick => cycle.quick_sync_with(&writer).await,
            Part::Watch => cycle.watch_with(&writer).await,
            Part::User(address) => cycle.sync_user_with(&writer, address).await,
        };
        self.world.state().hold = Some(at);
        let newer = async {
            self.world.begun.notified().await;
            let ended = run(&cycle_of_second, &second).await;
            self.world.go_on.notify_one();
            ended
        };
        let results = tokio::join!(run(&cycle, &first), newer);
        self.world.let_all_go();
        drop(writer);
        store.close().await;
        results
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("easgate.db")
    }

    pub(crate) async fn plan(&self) -> Result<Planned, CycleError> {
        let store = self.store().await;
        let planned = self.cycle(&store).plan().await;
        store.close().await;
        planned
    }

    pub(crate) fn cycle<'a>(&'a self, store: &'a Store) -> Cycle<'a> {
        Cycle {
            exchange: &self.world,
            source: &self.world,
            store,
            config: &self.config,
            queue: &self.queue,
            clock: &self.world,
            progress: &Silent,
        }
    }

    /// What the registry holds: `mailbox-guid list device`, in lower case.
    pub(crate) async fn owned(&self) -> BTreeSet<String> {
        let store = self.store().await;
        let owned = owned_in(&store).await;
        store.close().await;
        owned
    }

    /// The devices with a command whose end nobody knows.
    pub(crate) async fn doubtful(&self) -> BTreeSet<(MailboxId, DeviceId)> {
        let store = self.store().await;
        let organization = store.organization("contoso").await.unwrap();
        let entries = organization.unsettled().await.unwrap().into_iter();
        let keys = entries
            .map(|one| (one.intent.mailbox, one.intent.device))
            .collect();
        store.close().await;
        keys
    }

    /// What the lists hold, in the same form.
    pub(crate) fn listed(&self) -> BTreeSet<String> {
        Self::listed_in(&self.world.state())
    }

    /// What the lists of `state` hold.
    pub(crate) fn listed_in(state: &State) -> BTreeSet<String> {
        let mut entries = BTreeSet::new();
        for mailbox in &state.mailboxes {
            for (list, devices) in [("allow", &mailbox.allowed), ("block", &mailbox.blocked)] {
                entries.extend(devices.iter().map(|device| entry(mailbox.id, list, device)));
            }
        }
        entries
    }
}

/// What the registry of `store` holds, in the form of [`Rig::owned`].
pub(crate) async fn owned_in(store: &Store) -> BTreeSet<String> {
    let organization = store.organization("contoso").await.unwrap();
    let rows = organization.owned().await.unwrap();
    let text = |row: easgate_store::OwnedRow| {
        let list = match row.entry.list {
            List::Allow => "allow",
            List::Block => "block",
        };
        entry(row.entry.mailbox, list, &row.entry.device)
    };
    rows.into_iter().map(text).collect()
}

/// Makes every new line of the journal in the store at `path` fail, as a full disk does.
pub(crate) async fn break_journal(path: &Path) {
    let broken = "CREATE TRIGGER IF NOT EXISTS broken BEFORE INSERT ON journal BEGIN SELECT RAISE(FAIL, 'disk full'); END";
    execute(path, broken).await;
}

/// Ends that.
pub(crate) async fn mend_journal(path: &Path) {
    execute(path, "DROP TRIGGER IF EXISTS broken").await;
}

async fn execute(path: &Path, statement: &'static str) {
    let options = SqliteConnectOptions::new().filename(path);
    let mut connection = options.connect().await.unwrap();
    sqlx::query(statement).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Lets the run that waits go on once this one has decided.
pub(crate) struct GoesOn<'w>(pub(crate) &'w World);

impl ProgressSink for GoesOn<'_> {
    fn progress(&self, progress: Progress) {
        if progress == Progress::Phase(Phase::Apply) {
            self.0.go_on.notify_one();
        }
    }
}

/// A folder in memory where there is one: a world writes much, and nobody pulls the plug.
pub(crate) fn folder() -> TempDir {
    TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap()
}
