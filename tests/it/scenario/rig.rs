//! A world, a store and a configuration, ready to run cycles.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use easgate_compliance::{Limits, Policy};
use easgate_connector::{
    Cycle, CycleError, Mode, OrganizationConfig, Planned, Precautions, Report, Silent, WriteQueue,
};
use easgate_model::EmailAddress;
use easgate_store::{Actor, List, Store};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;

use super::world::{State, World};

pub(crate) struct Rig {
    pub(crate) world: World,
    pub(crate) config: OrganizationConfig,
    queue: WriteQueue,
    folder: TempDir,
}

/// A sync that looks at a part.
pub(crate) enum Part {
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

    /// Runs one sync that looks at a part.
    pub(crate) async fn part(&self, part: Part) -> Result<Report, CycleError> {
        let store = self.store().await;
        let cycle = self.cycle(&store);
        let result = match &part {
            Part::Quick => cycle.quick_sync().await,
            Part::Watch => cycle.watch().await,
            Part::User(address) => cycle.sync_user(address).await,
        };
        store.close().await;
        result
    }

    /// A full sync, and beside it a watch pass that begins when the first change of the full sync is under way; the
    /// change ends after the pass.
    pub(crate) async fn sync_and_watch(&self) -> (Result<Report, CycleError>, Result<Report, CycleError>) {
        let store = self.store().await;
        let writer = store.organization("contoso").await.unwrap().lock().await.unwrap();
        let cycle = self.cycle(&store);
        self.world.state().holds_first = true;
        let watch = async {
            self.world.begun.notified().await;
            let watched = cycle.watch_with(&writer).await;
            self.world.go_on.notify_one();
            watched
        };
        let results = tokio::join!(cycle.full_sync_with(&writer), watch);
        drop(writer);
        store.close().await;
        results
    }

    /// Two processes at the same time.
    pub(crate) async fn sync_twice(
        &self,
    ) -> (
        Option<Result<Report, CycleError>>,
        Option<Result<Report, CycleError>>,
    ) {
        let (one, other) = (self.store().await, self.store().await);
        let cycles = (self.cycle(&one), self.cycle(&other));
        let both = async { tokio::join!(cycles.0.full_sync(), cycles.1.full_sync()) };
        let results = tokio::select! {
            biased;
            (first, second) = both => (Some(first), Some(second)),
            () = self.world.crash.notified() => (None, None),
        };
        one.close().await;
        other.close().await;
        results
    }

    /// An administrator lets writing go on.
    pub(crate) async fn resume(&self) {
        let store = self.store().await;
        let organization = store.organization("contoso").await.unwrap();
        let now = self.world.state().now;
        organization.end_caution(&Actor::program(), now).await.unwrap();
        store.close().await;
    }

    /// A copy of the store's file, when there is one; no process has it open.
    pub(crate) fn copy(&self) -> Option<Vec<u8>> {
        fs::read(self.path()).ok()
    }

    /// Puts a copy of the file in the place of the store.
    pub(crate) fn put_back(&self, copy: &[u8]) {
        for beside in ["-wal", "-shm"] {
            let mut name = self.path().into_os_string();
            name.push(beside);
            let _ = fs::remove_file(name);
        }
        fs::write(self.path(), copy).unwrap();
    }

    /// Makes every new line of the journal fail, as a full disk does.
    pub(crate) async fn break_journal(&self) {
        // The store makes its tables when it is opened for the first time.
        self.store().await.close().await;
        self.execute(
            "CREATE TRIGGER IF NOT EXISTS broken BEFORE INSERT ON journal BEGIN SELECT RAISE(FAIL, 'disk full'); END",
        )
        .await;
    }

    /// Ends that.
    pub(crate) async fn mend_journal(&self) {
        self.execute("DROP TRIGGER IF EXISTS broken").await;
    }

    async fn execute(&self, statement: &'static str) {
        let options = SqliteConnectOptions::new().filename(self.path());
        let mut connection = options.connect().await.unwrap();
        sqlx::query(statement).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    fn path(&self) -> PathBuf {
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
        let organization = store.organization("contoso").await.unwrap();
        let rows = organization.owned().await.unwrap();
        store.close().await;
        rows.into_iter()
            .map(|row| {
                let list = match row.entry.list {
                    List::Allow => "allow",
                    List::Block => "block",
                };
                format!("{} {list} {}", row.entry.mailbox, row.entry.device).to_ascii_lowercase()
            })
            .collect()
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
                for device in devices {
                    entries.insert(format!("{} {list} {device}", mailbox.id).to_ascii_lowercase());
                }
            }
        }
        entries
    }
}

/// A folder in memory where there is one: a world writes much, and nobody pulls the plug.
fn folder() -> TempDir {
    TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap()
}
