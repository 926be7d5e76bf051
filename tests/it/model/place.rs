//! Where an easgate lives: its configuration, its store, and the process that runs now.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use easgate_compliance::{Limits, Policy};
use easgate_connector::leadership;
use easgate_connector::{
    Cycle, CycleError, Mode, OrganizationConfig, Planned, Precautions, ProgressSink, Report, Silent,
    WriteQueue,
};
use easgate_model::{DeviceId, EmailAddress};
use easgate_store::{Actor, Anchor, Organization, Pause, Store, Writer};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::scenario::rig::{GoesOn, break_journal, folder, mend_journal, owned_in};
use crate::scenario::world::{Hand, World};

/// What is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Work {
    Full,
    Quick,
    Watch,
    User(EmailAddress),
}

/// How a run ended; `None` when its process did in the middle of it.
pub(crate) type Ended = Option<Result<Report, CycleError>>;

/// Where an easgate lives.
pub(crate) struct Place {
    pub(super) config: OrganizationConfig,
    hand: Hand,
    folder: TempDir,
    /// Whether the heads of the audit are sealed outside of the store.
    pub(super) is_anchored: bool,
    process: Option<Process>,
}

/// One process, until it ends.
struct Process {
    store: Store,
    queue: WriteQueue,
}

/// The store as it was.
pub(super) struct StoreCopy {
    file: Vec<u8>,
    sealed: Option<i64>,
}

/// What somebody does to the world when the first of two runs waits.
pub(super) struct Meanwhile<'m> {
    /// The call at which it waits.
    pub(super) at: &'static str,
    pub(super) happens: Box<dyn FnOnce(&World) + 'm>,
    /// Whether somebody stops all writing.
    pub(super) pauses: bool,
}

impl Place {
    pub(crate) async fn new(hand: Hand, limits: Limits, is_anchored: bool) -> Self {
        static EMPTY: OnceCell<Vec<u8>> = OnceCell::const_new();
        let config = OrganizationConfig {
            name: "contoso".to_owned(),
            mode: Mode::Enforce,
            policy: Policy::default(),
            limits,
            lanes: 1,
            tries: 3,
            accept_shrunken: BTreeSet::new(),
            precautions: Precautions::default(),
        };
        let place = Self {
            config,
            hand,
            folder: folder(),
            is_anchored,
            process: None,
        };
        // Making the tables takes longer than a world.
        let empty = EMPTY.get_or_init(|| async {
            let folder = folder();
            let store = Store::open("sqlite://easgate.db", folder.path()).await.unwrap();
            store.close().await;
            fs::read(folder.path().join("easgate.db")).unwrap()
        });
        fs::write(place.path(), empty.await).unwrap();
        place
    }

    /// The process that runs, or a new one.
    async fn process(&mut self) -> &Process {
        if self.process.is_none() {
            self.process = Some(self.another_process().await);
        }
        self.process.as_ref().expect("it was made just now")
    }

    async fn another_process(&self) -> Process {
        let store = Store::open("sqlite://easgate.db", self.folder.path())
            .await
            .unwrap();
        let store = if self.is_anchored {
            store.anchored(Anchor::at(&self.folder.path().join("audit.key")))
        } else {
            store
        };
        Process {
            store,
            queue: WriteQueue::new(2),
        }
    }

    /// Ends the process in order.
    pub(crate) async fn end(&mut self) {
        if let Some(process) = self.process.take() {
            process.store.close().await;
        }
    }

    pub(crate) async fn organization(&mut self) -> Organization {
        self.process().await.store.organization("contoso").await.unwrap()
    }

    pub(super) async fn owned(&mut self) -> BTreeSet<String> {
        owned_in(&self.process().await.store).await
    }

    /// One run.
    pub(crate) async fn run(&mut self, world: &World, work: &Work) -> Ended {
        self.process().await;
        world.state().hand = self.hand;
        let process = self.process.as_ref().expect("it was made just now");
        let cycle = process.cycle(world, &self.config, &Silent);
        let run = async {
            match work {
                Work::Full => cycle.full_sync().await,
                Work::Quick => cycle.quick_sync().await,
                Work::Watch => cycle.watch().await,
                Work::User(address) => cycle.sync_user(address).await,
            }
        };
        let ended = tokio::select! {
            biased;
            ended = run => Some(ended),
            () = world.crash.notified() => None,
        };
        self.ended(world, ended.is_none());
        ended
    }

    /// Two runs of one process. The second begins when the first waits in a call, or has ended; the first goes on
    /// when the second begins to write, or has ended.
    pub(super) async fn beside(
        &mut self,
        world: &World,
        (first, second): (&Work, &Work),
        meanwhile: Meanwhile<'_>,
    ) -> (Ended, Ended) {
        let organization = self.organization().await;
        world.state().hand = self.hand;
        let process = self.process.as_ref().expect("it was made just now");
        let writer = match leadership::take(&organization, world).await {
            Ok(writer) => writer,
            Err(error) => panic!("nobody else runs, and the lease is held: {error}"),
        };
        world.state().hold = Some(meanwhile.at);
        let older = async {
            let ended = process.run(world, &self.config, &writer, first, &Silent).await;
            world.begun.notify_one();
            ended
        };
        let newer = async {
            world.begun.notified().await;
            world.state().hold = None;
            (meanwhile.happens)(world);
            if meanwhile.pauses {
                pause(&organization, world).await;
                world.state().stopped = Some(("writing is paused", false));
            }
            let goes_on = GoesOn(world);
            let ended = process.run(world, &self.config, &writer, second, &goes_on).await;
            world.go_on.notify_one();
            ended
        };
        let both = async { tokio::join!(older, newer) };
        let ended = tokio::select! {
            biased;
            (older, newer) = both => (Some(older), Some(newer)),
            () = world.crash.notified() => (None, None),
        };
        if ended.0.is_some() {
            writer.hand_over().await.unwrap();
        } else {
            drop(writer);
        }
        self.ended(world, ended.0.is_none());
        ended
    }

    /// Two processes on the store at the same time.
    pub(super) async fn twice(&mut self, world: &World, (one, other): (&Work, &Work)) -> (Ended, Ended) {
        self.process().await;
        world.state().hand = self.hand;
        let second = self.another_process().await;
        let first = self.process.as_ref().expect("it was made just now");
        let run = async |process: &Process, work: &Work| {
            let organization = process.store.organization("contoso").await?;
            let writer = leadership::take(&organization, world).await?;
            let ended = process.run(world, &self.config, &writer, work, &Silent).await;
            writer.hand_over().await?;
            ended
        };
        let both = async { tokio::join!(run(first, one), run(&second, other)) };
        let ended = tokio::select! {
            biased;
            (one, other) = both => (Some(one), Some(other)),
            () = world.crash.notified() => (None, None),
        };
        if ended.0.is_some() {
            second.store.close().await;
        }
        self.ended(world, ended.0.is_none());
        ended
    }

    fn ended(&mut self, world: &World, has_crashed: bool) {
        world.let_all_go();
        if has_crashed {
            // Nothing is closed and nothing is given back.
            self.process = None;
        }
    }

    pub(super) async fn plan(&mut self, world: &World) -> Result<Planned, CycleError> {
        self.process().await;
        let process = self.process.as_ref().expect("it was made just now");
        process.cycle(world, &self.config, &Silent).plan().await
    }

    /// Somebody stops all writing.
    pub(super) async fn pause(&mut self, world: &World) {
        pause(&self.organization().await, world).await;
    }

    /// An administrator lets writing go on, whatever stopped it.
    pub(super) async fn resume(&mut self, world: &World) {
        let organization = self.organization().await;
        let now = world.state().now;
        organization.resume_writing(&Actor::program(), now).await.unwrap();
        organization.end_caution(&Actor::program(), now).await.unwrap();
        organization.end_forced_mode(Actor::program(), now).await.unwrap();
    }

    /// How many rows the store has of how things are, and how many of what was.
    pub(crate) async fn rows(&mut self) -> (u64, u64) {
        const HISTORY: [&str; 7] = [
            "audit",
            "audit_checkpoints",
            "journal",
            "runs",
            "inputs",
            "overrides",
            "undone",
        ];
        // What is written stands in the file for whoever else looks.
        let options = SqliteConnectOptions::new().filename(self.path());
        let mut connection = options.connect().await.unwrap();
        let tables: Vec<String> = sqlx::query_scalar("SELECT name FROM sqlite_master WHERE type = 'table'")
            .fetch_all(&mut connection)
            .await
            .unwrap();
        let (mut now, mut before) = (0, 0);
        for table in tables {
            let count = format!("SELECT COUNT(*) FROM \"{table}\"");
            let rows: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(count))
                .fetch_one(&mut connection)
                .await
                .unwrap();
            let sum = if HISTORY.contains(&table.as_str()) {
                &mut before
            } else {
                &mut now
            };
            *sum += u64::try_from(rows).unwrap();
        }
        connection.close().await.unwrap();
        (now, before)
    }

    /// The devices whose changes are held.
    pub(crate) async fn held(&mut self) -> BTreeSet<DeviceId> {
        let plans = self.organization().await.held_plans().await.unwrap();
        let rows = plans.into_iter().flat_map(|plan| plan.changes);
        rows.map(|row| row.device).collect()
    }

    /// A copy of the store's file.
    pub(super) async fn copy(&mut self) -> StoreCopy {
        self.end().await;
        StoreCopy {
            file: fs::read(self.path()).unwrap(),
            sealed: self.sealed(),
        }
    }

    /// The last record of the audit that is sealed.
    fn sealed(&self) -> Option<i64> {
        let mut last = None;
        let anchor = Anchor::at(&self.folder.path().join("audit.key"));
        anchor
            .read(|line| last = line.ok().map(|line| line.sequence))
            .unwrap();
        last
    }

    /// Puts a copy of the file in the place of the store, and says whether a seal tells that it is old.
    pub(super) async fn put_back(&mut self, copy: &StoreCopy) -> bool {
        self.end().await;
        for beside in ["-wal", "-shm"] {
            let mut name = self.path().into_os_string();
            name.push(beside);
            let _ = fs::remove_file(name);
        }
        fs::write(self.path(), &copy.file).unwrap();
        copy.sealed != self.sealed()
    }

    /// Makes every new line of the journal fail, as a full disk does.
    pub(super) async fn break_journal(&mut self) {
        self.end().await;
        break_journal(&self.path()).await;
    }

    /// Ends that.
    pub(super) async fn mend_journal(&mut self) {
        self.end().await;
        mend_journal(&self.path()).await;
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("easgate.db")
    }
}

impl Process {
    fn cycle<'a>(
        &'a self,
        world: &'a World,
        config: &'a OrganizationConfig,
        progress: &'a dyn ProgressSink,
    ) -> Cycle<'a> {
        Cycle {
            exchange: world,
            source: world,
            store: &self.store,
            config,
            queue: &self.queue,
            clock: world,
            progress,
        }
    }

    async fn run(
        &self,
        world: &World,
        config: &OrganizationConfig,
        writer: &Writer,
        work: &Work,
        progress: &dyn ProgressSink,
    ) -> Result<Report, CycleError> {
        let cycle = self.cycle(world, config, progress);
        match work {
            Work::Full => cycle.full_sync_with(writer).await,
            Work::Quick => cycle.quick_sync_with(writer).await,
            Work::Watch => cycle.watch_with(writer).await,
            Work::User(address) => cycle.sync_user_with(writer, address).await,
        }
    }
}

async fn pause(organization: &Organization, world: &World) {
    let pause = Pause {
        since: world.state().now,
        reason: "a look".to_owned(),
        by: Actor::program(),
    };
    organization.pause_writing(&pause).await.unwrap();
}
