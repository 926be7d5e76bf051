//! `kill -9` at every step at which the program writes to its store or to the wire, and what the next runs make of it.
//!
//! The points are counted, not hit by luck: strace kills the program as it enters the n-th call of one kind, for every n
//! that a calm run has. A call that makes a commit durable, one that writes to the store's file, one that sends to
//! Exchange (or to PostgreSQL): before, between and after all of them there is a point.
//!
//! With the store on PostgreSQL the program itself makes nothing durable: what counts there are the calls that send, to the
//! database and to Exchange, and no other kind is killed at. A node that was killed keeps its lease for some seconds, and the
//! next one waits before it takes access from anybody; a few points go that whole way, and at the others the lease is freed by
//! hand, so that the many points take little time.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use easgate_connector::leadership;
use easgate_simulator::exchange::{ExchangeConfig, ExchangeSimulator};
use easgate_simulator::world::World;
use futures::stream::{self, StreamExt};
use sqlx::Connection as _;
use tempfile::TempDir;
use uuid::Uuid;

use crate::full_sync::folder;
use crate::postgres::{PASSWORD, Server};
use crate::program::{binary, run_with};
use crate::world_file;

/// The kinds of calls at which the program is killed, and how far apart the points are at the least: commits one by one, the
/// many writes to the file and to the network one by one as long as they are few.
const CALLS: [(&str, usize); 3] = [
    ("fsync,fdatasync", 400),
    ("pwrite64", 60),
    ("sendto,write,writev,sendmsg", 60),
];

/// The same with the store on PostgreSQL. Its client sends by `sendto`, that of Exchange by `writev` or `sendto`.
const CALLS_TO_SERVERS: (&str, usize) = ("sendto,writev,sendmsg", 60);

/// Every so many of these points nothing is freed by hand.
const WHOLE_WAY: usize = 20;

/// The environment of the program. It has one thread for what it does beside its main one, so that each run sends the same in
/// the same order, and strace counts alike.
const ENVIRONMENT: [(&str, &str); 2] = [("STORE_PASSWORD", PASSWORD), ("TOKIO_WORKER_THREADS", "1")];

/// Entries of lists: mailbox, list, device.
type Entries = BTreeSet<(Uuid, &'static str, String)>;

/// An organisation, and a folder with a configuration for it.
struct Place {
    exchange: ExchangeSimulator,
    folder: TempDir,
    world: World,
    /// The database, where the store is not a file.
    database: Option<String>,
}

impl Place {
    /// With the store on `server`, else in a file.
    async fn on(server: Option<&'static Server>) -> Self {
        let mut place = Self::new().await;
        let Some(server) = server else { return place };
        let url = tokio::task::spawn_blocking(|| server.database()).await.unwrap();
        let file = place.folder.path().join("easgate.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        let before = text.split("[store]").next().unwrap();
        let store =
            format!("[store]\nurl = \"{url}?sslmode=disable\"\npassword = {{ env = \"STORE_PASSWORD\" }}\n");
        std::fs::write(&file, format!("{before}{store}")).unwrap();
        place.database = Some(url);
        place
    }

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
            database: None,
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
        tokio::task::spawn_blocking(move || run_with(&folder, arguments, &ENVIRONMENT))
            .await
            .unwrap()
    }

    /// Gives back the lease of a process that was killed, as if it had handed over.
    async fn free_the_lease(&self) {
        let Some(url) = &self.database else { return };
        sqlx::any::install_default_drivers();
        let url = url.replace("easgate@", &format!("easgate:{}@", PASSWORD.replace(' ', "%20")));
        let mut database = sqlx::AnyConnection::connect(&url).await.unwrap();
        // Killed at its first steps, it has not even made the tables.
        let freed = sqlx::query("UPDATE leases SET holder = NULL")
            .execute(&mut database)
            .await;
        if let Err(error) = freed {
            assert!(error.to_string().contains("does not exist"), "{error}");
        }
        database.close().await.unwrap();
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
        .envs(ENVIRONMENT)
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

/// What the lists hold after a calm run, where something was to be done.
async fn after_a_calm_run(server: Option<&'static Server>) -> Entries {
    let calm = Place::on(server).await;
    let before = calm.listed();
    calm.easgate(&["sync", "--full"]).await;
    let after = calm.listed();
    let changed = before.symmetric_difference(&after).count();
    assert!(changed > 5, "there is something to do: {changed}");
    after
}

/// How many calls of this kind a calm run makes.
async fn calls_of_a_calm_run(server: Option<&'static Server>, calls: &str, after: &Entries) -> usize {
    let place = Place::on(server).await;
    let log = place.traced(calls, None).await;
    assert_eq!(&place.listed(), after, "strace changes nothing");
    let count = most_of_one_thread(&log);
    assert!(count > 10, "{calls}: {count} calls\n{log}");
    count
}

#[tokio::test(flavor = "multi_thread")]
async fn after_kill_9_at_any_step_the_next_runs_end_where_a_calm_one_does() {
    if strace().is_none() {
        return;
    }
    let after = after_a_calm_run(None).await;
    for (calls, most) in CALLS {
        let count = calls_of_a_calm_run(None, calls, &after).await;
        let step = count.div_ceil(most);
        println!("{calls}: {count} calls, killed at every {step}.");
        stream::iter((1..=count).step_by(step))
            .for_each_concurrent(4, |point| {
                let after = &after;
                async move {
                    let place = Place::new().await;
                    killed_at(place, calls, point, after, Lease::Ends).await;
                }
            })
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_holds_where_the_store_is_on_postgres() {
    let (Some(_), Some(server)) = (strace(), Server::of_this_process()) else {
        return;
    };
    let (calls, most) = CALLS_TO_SERVERS;
    let after = after_a_calm_run(Some(server)).await;
    let count = calls_of_a_calm_run(Some(server), calls, &after).await;
    let step = count.div_ceil(most);
    println!("{calls} with PostgreSQL: {count} calls, killed at every {step}.");
    let points: Vec<(usize, usize)> = (1..=count).step_by(step).enumerate().collect();
    let whole_way = |(number, _): &(usize, usize)| number % WHOLE_WAY == WHOLE_WAY / 2;
    let (slow, fast): (Vec<_>, Vec<_>) = points.into_iter().partition(whole_way);
    assert!(slow.len() > 1, "some points go the whole way");
    let at = |lease| {
        let after = &after;
        move |(_, point)| async move {
            let place = Place::on(Some(server)).await;
            killed_at(place, calls, point, after, lease).await;
        }
    };
    let slow = stream::iter(slow).for_each_concurrent(8, at(Lease::RunsOut));
    let fast = stream::iter(fast).for_each_concurrent(4, at(Lease::Ends));
    futures::future::join(slow, fast).await;
}

/// What becomes of the right to write of a process that was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lease {
    /// It is free at once.
    Ends,
    /// It is free when its time is over, and whoever takes it waits for what may be under way.
    RunsOut,
}

async fn killed_at(place: Place, calls: &str, point: usize, after: &Entries, lease: Lease) {
    let context = format!("killed at {calls} number {point}, {lease:?}");
    let foreign: Entries = place.listed().intersection(after).cloned().collect();
    place.traced(calls, Some(point)).await;
    assert!(
        foreign.is_subset(&place.listed()),
        "{context}: an entry of somebody else is gone"
    );
    if lease == Lease::Ends {
        place.free_the_lease().await;
    } else {
        tokio::time::sleep(leadership::TERM).await;
    }
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
