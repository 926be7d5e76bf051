//! `kill -9` at every step at which the program writes to its store or to the wire, and what the next runs make of it.
//!
//! The points are counted, not hit by luck: strace kills the program as it enters the n-th call of one kind, for every n
//! that a calm run has. A call that makes a commit durable, one that writes to the store's file, one that sends to
//! Exchange (or to PostgreSQL): before, between and after all of them there is a point.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use easgate_simulator::exchange::{ExchangeConfig, ExchangeSimulator};
use easgate_simulator::world::World;
use futures::stream::{self, StreamExt};
use tempfile::TempDir;
use uuid::Uuid;

use crate::full_sync::folder;
use crate::program::{binary, run};
use crate::world_file;

/// The kinds of calls at which the program is killed, and how far apart the points are at the least: commits one by one, the
/// many writes to the file and to the network one by one as long as they are few.
const CALLS: [(&str, usize); 3] = [
    ("fsync,fdatasync", 400),
    ("pwrite64", 60),
    ("sendto,write,writev,sendmsg", 60),
];

/// Entries of lists: mailbox, list, device.
type Entries = BTreeSet<(Uuid, &'static str, String)>;

/// An organisation, and a folder with a configuration for it.
struct Place {
    exchange: ExchangeSimulator,
    folder: TempDir,
    world: World,
}

impl Place {
    async fn new() -> Self {
        let world = World::contoso(12);
        let exchange = ExchangeSimulator::start(ExchangeConfig::new(world.clone()))
            .await
            .unwrap();
        let folder = folder(exchange.url().as_str(), &world_file::csv(&world));
        Self {
            exchange,
            folder,
            world,
        }
    }

    /// What the lists hold.
    fn listed(&self) -> Entries {
        let local = self.world.users.iter().filter(|user| user.kind.is_local());
        let mut entries = Entries::new();
        for user in local {
            let lists = self.exchange.organization().lists(user.mailbox_guid);
            let (allowed, blocked) = lists.unwrap_or_default();
            for (name, list) in [("allow", allowed), ("block", blocked)] {
                entries.extend(list.into_iter().map(|id| (user.mailbox_guid, name, id)));
            }
        }
        entries
    }

    /// Effects that a cmdlet had although it, or another, had had them before.
    fn second_effects(&self) -> Vec<String> {
        let mut effects: BTreeMap<String, u32> = BTreeMap::new();
        for write in self.exchange.organization().list_writes() {
            let parts = [
                ("+allow", write.allowed),
                ("-allow", write.no_longer_allowed),
                ("+block", write.blocked),
                ("-block", write.no_longer_blocked),
            ];
            for (edit, ids) in parts {
                for id in ids {
                    let effect = format!("{} {edit} {}", write.mailbox, id.to_ascii_lowercase());
                    *effects.entry(effect).or_default() += 1;
                }
            }
        }
        let twice = effects.into_iter().filter(|(_, times)| *times > 1);
        twice.map(|(effect, _)| effect).collect()
    }

    async fn easgate(&self, arguments: &'static [&'static str]) -> crate::program::Ended {
        let folder = self.folder.path().to_owned();
        tokio::task::spawn_blocking(move || run(&folder, arguments))
            .await
            .unwrap()
    }

    /// Runs a full sync under strace, which does to it what `inject` says; gives what strace wrote of the calls.
    async fn traced(&self, calls: &str, inject: Option<usize>) -> String {
        let folder = self.folder.path().to_owned();
        let calls = calls.to_owned();
        tokio::task::spawn_blocking(move || traced(&folder, &calls, inject))
            .await
            .unwrap()
    }
}

fn traced(folder: &Path, calls: &str, inject: Option<usize>) -> String {
    let log = folder.join("calls");
    let mut strace = Command::new("strace");
    strace
        .args(["--follow-forks", "--quiet=all", "--seccomp-bpf", "--output"])
        .arg(&log);
    strace.arg(format!("--trace={calls}"));
    if let Some(place) = inject {
        strace.arg(format!("--inject={calls}:signal=SIGKILL:when={place}"));
    }
    strace
        .arg(binary())
        .args(["sync", "--full"])
        .current_dir(folder)
        .env("EXCHANGE_PASSWORD", "P@ssw0rd!")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    strace.status().expect("strace starts");
    std::fs::read_to_string(log).unwrap_or_default()
}

/// How many calls the busiest thread made: strace counts each thread for itself, and the journal has one thread.
fn most_of_one_thread(log: &str) -> usize {
    let mut threads: BTreeMap<&str, usize> = BTreeMap::new();
    for line in log.lines().filter(|line| line.contains('(')) {
        let thread = line.split_whitespace().next().unwrap_or_default();
        *threads.entry(thread).or_default() += 1;
    }
    threads.into_values().max().unwrap_or_default()
}

/// Whether strace is here; said plainly where it is not.
fn strace() -> Option<PathBuf> {
    let found = std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .map(|folder| folder.join("strace"))
        .find(|path| path.is_file());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "strace is not installed");
        println!("LEFT OUT: kill -9 at every step, there is no strace (cargo xtask peers)");
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn after_kill_9_at_any_step_the_next_runs_end_where_a_calm_one_does() {
    if strace().is_none() {
        return;
    }
    let calm = Place::new().await;
    let before = calm.listed();
    calm.easgate(&["sync", "--full"]).await;
    let after = calm.listed();
    let changed = before.symmetric_difference(&after).count();
    assert!(changed > 5, "there is something to do: {changed}");
    for (calls, most) in CALLS {
        let place = Place::new().await;
        let log = place.traced(calls, None).await;
        assert_eq!(place.listed(), after, "strace changes nothing");
        let count = most_of_one_thread(&log);
        assert!(count > 10, "{calls}: {count} calls\n{log}");
        let step = count.div_ceil(most);
        println!("{calls}: {count} calls, killed at every {step}.");
        stream::iter((1..=count).step_by(step))
            .for_each_concurrent(4, |point| killed_at(calls, point, &after))
            .await;
    }
}

async fn killed_at(calls: &str, point: usize, after: &Entries) {
    let context = format!("killed at {calls} number {point}");
    let place = Place::new().await;
    let foreign: Entries = place.listed().intersection(after).cloned().collect();
    place.traced(calls, Some(point)).await;
    assert!(
        foreign.is_subset(&place.listed()),
        "{context}: an entry of somebody else is gone"
    );
    let next = place.easgate(&["sync", "--full"]).await;
    assert_eq!(next.code, Some(0), "{context}: {}{}", next.stdout, next.stderr);
    assert_eq!(
        &place.listed(),
        after,
        "{context}: the lists are not those of a calm run"
    );
    assert_eq!(place.second_effects(), Vec::<String>::new(), "{context}");
    let verified = place.easgate(&["audit", "verify"]).await;
    assert_eq!(
        verified.code,
        Some(0),
        "{context}: {}{}",
        verified.stdout,
        verified.stderr
    );
    let calm = place.easgate(&["sync", "--full", "--json"]).await;
    assert_eq!(calm.json()["changes"]["planned"], 0, "{context}: {}", calm.stdout);
    place.exchange.stop().await.unwrap();
}
