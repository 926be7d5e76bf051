//! A world, a store and a configuration, ready to run cycles.

use std::collections::BTreeSet;

use easgate_compliance::{Limits, Policy};
use easgate_connector::{
    Cycle, CycleError, Mode, OrganizationConfig, Planned, Precautions, Report, Silent, WriteQueue,
};
use easgate_model::EmailAddress;
use easgate_store::{List, Store};
use tempfile::TempDir;

use super::world::{State, World, entry};

pub(crate) struct Rig {
    pub(crate) world: World,
    pub(crate) config: OrganizationConfig,
    queue: WriteQueue,
    pub(crate) folder: TempDir,
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
        self.world.state().hold = Some("apply");
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

/// A folder in memory where there is one: a world writes much, and nobody pulls the plug.
pub(crate) fn folder() -> TempDir {
    TempDir::new_in("/dev/shm").or_else(|_| TempDir::new()).unwrap()
}
