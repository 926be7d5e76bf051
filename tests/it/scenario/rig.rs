//! A world, a store and a configuration, ready to run cycles.

use std::collections::BTreeSet;

use easgate_compliance::{Limits, Policy};
use easgate_connector::{Cycle, CycleError, Mode, OrganizationConfig, Planned, Report, Silent, WriteQueue};
use easgate_store::{List, Store};
use tempfile::TempDir;

use super::world::World;

pub(crate) struct Rig {
    pub(crate) world: World,
    pub(crate) config: OrganizationConfig,
    queue: WriteQueue,
    folder: TempDir,
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
                accept_shrunken: BTreeSet::new(),
            },
            queue: WriteQueue::new(1),
            folder: TempDir::new().unwrap(),
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
        let state = self.world.state();
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
