//! Two nodes when the network between them and their servers is cut, a node is frozen, or what it sent comes late: by the times
//! at which Exchange carried the writes out.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

use easgate_simulator::exchange::{ExchangeConfig, Fault, ListWrite};
use easgate_simulator::world::World;
use serde_json::Value;
use time::OffsetDateTime;
use tokio::time::Instant;

use super::network::{EXCHANGE, Link, Node, is_own};
use super::nodes::leads;
use super::service::Service;
use super::with_store;
use crate::place::Place;
use crate::postgres::{PASSWORD, Server};

/// How long after a watch pass the next one begins here.
const WATCH: Duration = Duration::from_secs(10);

/// How long a pass may take: to read what is in question, and to write.
const PASS: Duration = Duration::from_secs(10);

/// How long anything may take that a test waits for: a new leader waits for a minute and a half before it takes access.
const PATIENCE: Duration = Duration::from_secs(240);

/// Two nodes on one store, in networks of their own.
struct Two {
    place: Place,
    nodes: [Node; 2],
}

impl Two {
    /// `None` where no PostgreSQL is installed.
    async fn new(devices: usize) -> Option<Self> {
        let server = Server::of_this_process()?;
        let config = ExchangeConfig {
            listen: SocketAddr::from((EXCHANGE, 0)),
            ..ExchangeConfig::new(World::contoso(devices))
        };
        let place = Place::with(config).await;
        let url = server.database().replace("localhost", "127.0.0.1");
        for name in ["1", "2"] {
            let text = place.read("easgate.toml");
            let text = with_store(&text, &url);
            let schedule = format!(
                "[organization.schedule]\nquick = \"off\"\nwatch = \"{}s\"",
                WATCH.as_secs()
            );
            let service = format!("[service]\nsocket = \"{name}.sock\"");
            place.write(
                &format!("{name}.toml"),
                &format!("{text}\n{schedule}\n{service}\n"),
            );
        }
        let nodes = [Node::new(1), Node::new(2)];
        Some(Self { place, nodes })
    }

    /// Starts the service on one of the nodes, 0 or 1.
    async fn start(&self, node: usize) -> Service {
        Service::start_by(self.nodes[node].program(), &self.place, &[], &environment(node)).await
    }

    /// Starts it on the other node, where it looks on.
    async fn start_other(&self) -> Service {
        let other = self.start(1).await;
        let role = other.sees("role.changed", 1).await;
        assert!(
            role["fields"]["role"].as_str().unwrap().contains("Observer"),
            "{role}"
        );
        other
    }

    /// Asks the service of a node for a full sync; its report.
    async fn sync(&self, node: usize) -> Value {
        let ended = self
            .place
            .easgate_in("sync --full --json", &environment(node))
            .await;
        ended.exits(0).json()
    }

    fn slow_writes(&self, by: u64) {
        self.place.exchange.faults().inject(Fault::Slow {
            cmdlet: "Set-CASMailbox".to_owned(),
            by: Duration::from_millis(by),
        });
    }

    /// Lets the next write come late; what comes back tells whether it was sent.
    fn late_write(&self, by: Duration) -> impl FnMut() -> bool {
        let cmdlet = "Set-CASMailbox".to_owned();
        let (faults, late) = (self.place.exchange.faults(), Fault::Late { cmdlet, by });
        faults.inject(late.clone());
        move || !faults.has(&late)
    }

    fn writes(&self) -> Vec<ListWrite> {
        self.place.exchange.organization().list_writes()
    }

    fn now(&self) -> OffsetDateTime {
        self.place.exchange.organization().now()
    }

    /// The shells that were used until now.
    fn shells(&self) -> BTreeSet<String> {
        let commands = self.place.exchange.commands().into_iter();
        commands.map(|command| command.shell).collect()
    }

    /// How often `Set-CASMailbox` was sent.
    fn sent(&self) -> usize {
        let commands = self.place.exchange.commands();
        commands
            .iter()
            .filter(|command| command.name == "Set-CASMailbox")
            .count()
    }

    /// Everything is as it should be: nothing is left to do, no cmdlet had an effect that another had had before, and the
    /// audit is whole.
    async fn is_calm(&self, node: usize) {
        let report = self.sync(node).await;
        assert_eq!(report["changes"]["planned"], 0, "{report}");
        self.place
            .easgate_in("audit verify", &environment(node))
            .await
            .exits(0);
    }
}

fn environment(node: usize) -> [(&'static str, &'static str); 2] {
    [
        ("EASGATE_CONFIG", ["1.toml", "2.toml"][node]),
        ("STORE_PASSWORD", PASSWORD),
    ]
}

fn restricts(write: &ListWrite) -> bool {
    !write.blocked.is_empty() || !write.no_longer_allowed.is_empty()
}

/// The effects that came more than once.
fn twice(writes: &[ListWrite]) -> Vec<String> {
    let mut effects: BTreeMap<String, u32> = BTreeMap::new();
    for write in writes {
        let parts = [
            ("+allow", &write.allowed),
            ("-allow", &write.no_longer_allowed),
            ("+block", &write.blocked),
            ("-block", &write.no_longer_blocked),
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

/// Waits until the node has noticed that it leads no more.
async fn looks_on(node: &Service) {
    let is_observer = |fields: &Value| {
        fields["role"]
            .as_str()
            .is_some_and(|role| role.contains("Observer"))
    };
    until("the old leader looks on", &[node], || {
        !node.all("role.changed", is_observer).is_empty()
    })
    .await;
}

/// Waits until `is_so`.
async fn until(what: &str, services: &[&Service], mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        let logs = || {
            services
                .iter()
                .map(|one| one.log())
                .collect::<Vec<_>>()
                .join("\n--\n")
        };
        assert!(began.elapsed() < PATIENCE, "{what}:\n{}", logs());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The old leader's writes, the new one's, by the shells that the old one had.
fn by_leader(writes: &[ListWrite], old: &BTreeSet<String>) -> (Vec<ListWrite>, Vec<ListWrite>) {
    writes
        .iter()
        .cloned()
        .partition(|write| old.contains(&write.shell))
}

/// Nothing of the old leader was carried out when the new one had begun to take access.
fn old_ended_before_new_took_access(writes: &[ListWrite], old: &BTreeSet<String>) {
    let (of_old, of_new) = by_leader(writes, old);
    let last = of_old
        .iter()
        .map(|write| write.at)
        .max()
        .expect("the old leader wrote");
    let first = of_new
        .iter()
        .find(|write| restricts(write))
        .expect("the new one took access");
    assert!(last < first.at, "{last} {first:?}\n{of_old:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leader_that_is_cut_from_the_store_sends_nothing_more_and_what_comes_late_comes_before_the_other_takes_access()
 {
    let name = "run::cut::a_leader_that_is_cut_from_the_store_sends_nothing_more_and_what_comes_late_comes_before_the_other_takes_access";
    if !is_own(name) {
        return;
    }
    let Some(two) = Two::new(200).await else { return };
    two.slow_writes(500);
    let one = two.start(0).await;
    one.sees("sync.started", 1).await;
    let other = two.start_other().await;
    // Whoever takes over lets phones in at once, so that one of those that come late would have no effect any more.
    until("access is taken", &[&one], || two.writes().iter().any(restricts)).await;
    let is_sent = two.late_write(Duration::from_secs(30));
    until("the late one is sent", &[&one], is_sent).await;
    two.nodes[0].cut(Link::Store);
    let cut = two.now();
    leads(&other).await;
    let led = two.now();
    let old: BTreeSet<String> = two.shells();
    two.nodes[0].heal(Link::Store);
    looks_on(&one).await;
    other.sees("sync.started", 1).await;
    until("the new leader's sync", &[&one, &other], || {
        other.count("sync.ended") > 0
    })
    .await;
    two.place.exchange.faults().clear();

    let writes = two.writes();
    let (of_old, of_new) = by_leader(&writes, &old);
    let late: Vec<&ListWrite> = of_old.iter().filter(|write| write.at > led).collect();
    assert_eq!(late.len(), 1, "the late one alone: {late:#?}");
    let sending = of_old
        .iter()
        .filter(|write| write.at > cut + Duration::from_secs(5) && write.at < led);
    assert_eq!(
        sending.count(),
        0,
        "nothing was sent without the store: {of_old:#?}"
    );
    assert!(!of_new.is_empty());
    old_ended_before_new_took_access(&writes, &old);
    assert_eq!(twice(&writes), Vec::<String>::new());
    two.is_calm(1).await;
    one.ends().await;
    other.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_leader_sent_into_a_cut_network_before_it_died_comes_before_the_other_takes_access() {
    let name =
        "run::cut::what_a_leader_sent_into_a_cut_network_before_it_died_comes_before_the_other_takes_access";
    if !is_own(name) {
        return;
    }
    let Some(two) = Two::new(200).await else { return };
    two.slow_writes(500);
    let one = two.start(0).await;
    one.sees("sync.started", 1).await;
    let other = two.start_other().await;
    until("the first writes", &[&one], || two.sent() >= 4).await;
    two.nodes[0].cut(Link::Exchange);
    let (cut, old) = (two.now(), two.shells());
    // What has arrived is carried out, and the next commands are sent, and wait in the node's kernel.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let leader = |service: &Service| service.count("role.changed");
    assert_eq!(
        leader(&other),
        1,
        "a leader without Exchange leads as long as it has the store"
    );
    one.signal("KILL");
    leads(&other).await;
    two.nodes[0].heal(Link::Exchange);
    until("the new leader's sync", &[&other], || {
        other.count("sync.ended") > 0
    })
    .await;
    two.place.exchange.faults().clear();

    let writes = two.writes();
    let (of_old, of_new) = by_leader(&writes, &old);
    assert!(of_old.iter().any(|write| write.at < cut) && !of_new.is_empty());
    old_ended_before_new_took_access(&writes, &old);
    assert_eq!(twice(&writes), Vec::<String>::new());
    two.is_calm(1).await;
    other.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_block_of_a_frozen_leader_that_comes_late_stands_no_longer_than_one_watch_pass() {
    let name = "run::cut::a_block_of_a_frozen_leader_that_comes_late_stands_no_longer_than_one_watch_pass";
    if !is_own(name) {
        return;
    }
    let Some(two) = Two::new(60).await else { return };
    let one = two.start(0).await;
    one.sees("sync.ended", 1).await;
    let other = two.start_other().await;
    let before = two.writes().len();
    let compliant = two.place.read("enrolled.csv");
    let allowed: BTreeSet<String> = two.writes().into_iter().flat_map(|write| write.allowed).collect();
    let is_allowed = |line: &&str| {
        let fields: Vec<&str> = line.split(',').collect();
        fields[2] == "compliant" && allowed.contains(fields[1].trim_matches('"'))
    };
    let line = compliant.lines().find(is_allowed).expect("somebody was let in");
    let phone = line.split(',').nth(1).unwrap().trim_matches('"').to_owned();
    let failing = compliant.replace(line, &line.replace(",compliant,", ",noncompliant,"));
    two.place.write("enrolled.csv", &failing);

    let is_sent = two.late_write(Duration::from_secs(40));
    one.signal("USR2");
    until("the block is sent", &[&one], is_sent).await;
    one.signal("STOP");
    two.place.write("enrolled.csv", &compliant);
    leads(&other).await;
    let report = two.sync(1).await;
    assert_eq!(
        report["changes"]["planned"], 0,
        "the block is not there yet: {report}"
    );
    assert_eq!(two.writes().len(), before);

    until("the block comes", &[&other], || two.writes().len() > before).await;
    until("it is put right", &[&other], || two.writes().len() > before + 1).await;
    let writes = two.writes().split_off(before);
    assert_eq!(
        (&writes[0].blocked, &writes[1].no_longer_blocked),
        (&vec![phone.clone()], &vec![phone.clone()])
    );
    assert_eq!(
        (&writes[0].no_longer_allowed, &writes[1].allowed),
        (&vec![phone.clone()], &vec![phone])
    );
    assert_ne!(writes[0].shell, writes[1].shell);
    let stood = writes[1].at - writes[0].at;
    assert!(stood < WATCH + PASS, "it stood for {stood}");

    one.signal("CONT");
    looks_on(&one).await;
    assert_eq!(two.writes().len(), before + 2, "it writes nothing more");
    two.is_calm(1).await;
    one.ends().await;
    other.ends().await;
}
