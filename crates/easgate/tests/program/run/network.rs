//! Networks of this test alone: the servers in one, each node in its own, and links between them that can be cut.
//!
//! A test begins anew in a network namespace, whose loopback has the servers. A node reaches `127.0.0.1` (the store) and
//! `127.0.0.3` (Exchange) over two pairs of virtual interfaces; its own loopback is down. When a link is down, packets of both
//! directions vanish and nobody is told. The kernel takes all of it away with the last process in it.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where Exchange listens; the store listens at `127.0.0.1`.
pub(super) const EXCHANGE: [u8; 4] = [127, 0, 0, 3];

/// Tells the test that it runs in its own network.
const HERE: &str = "EASGATE_TEST_NETWORK";

/// What a node has a link to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    Store,
    Exchange,
}

impl Link {
    const ALL: [Self; 2] = [Self::Store, Self::Exchange];

    const fn name(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Exchange => "exchange",
        }
    }

    const fn server(self) -> &'static str {
        match self {
            Self::Store => "127.0.0.1",
            Self::Exchange => "127.0.0.3",
        }
    }

    const fn number(self) -> u8 {
        match self {
            Self::Store => 1,
            Self::Exchange => 2,
        }
    }
}

/// Whether the test called `name` runs in a network of its own, and is to go on. Where it does not yet, it is begun anew in
/// one, and its end is awaited. Where none can be made this is said plainly; in CI it is a failure.
pub(super) fn is_own(name: &str) -> bool {
    if std::env::var_os(HERE).is_some() {
        run("ip", &["link", "set", "lo", "up"]);
        lead_loopback_elsewhere(None);
        return true;
    }
    let can = Command::new("unshare").args(["--net", "ip", "link"]).output();
    if !can.is_ok_and(|tried| tried.status.success()) {
        assert!(
            std::env::var_os("CI").is_none(),
            "no network can be made: unshare and ip are wanted, and root"
        );
        println!("LEFT OUT: {name}, which makes networks: it takes root, unshare and ip");
        return false;
    }
    let tests = std::env::current_exe().expect("a running test has a path");
    let status = Command::new("unshare")
        .arg("--net")
        .arg(tests)
        .args(["--exact", name, "--nocapture"])
        .env(HERE, "1")
        .stdin(Stdio::null())
        .status()
        .expect("unshare starts");
    assert!(status.success(), "{name} failed in its own network");
    false
}

/// A machine with a network of its own.
pub(super) struct Node {
    number: u8,
    /// Holds the network: what is under way in it goes on when the program in it is killed.
    holder: Child,
}

impl Node {
    /// Makes the node with this number, from 1.
    pub(super) fn new(number: u8) -> Self {
        let holder = Command::new("unshare")
            .args(["--net", "sleep", "900"])
            .spawn()
            .expect("unshare starts");
        let node = Self { number, holder };
        node.wait();
        for link in Link::ALL {
            let (near, far) = (node.near(link), link.name());
            let (address, peer) = (node.address(link, 1), node.address(link, 2));
            let id = node.holder.id().to_string();
            run(
                "ip",
                &[
                    "link", "add", &near, "type", "veth", "peer", "name", far, "netns", &id,
                ],
            );
            run("ip", &["addr", "add", &format!("{address}/30"), "dev", &near]);
            run("ip", &["link", "set", &near, "up"]);
            node.run("ip", &["addr", "add", &format!("{peer}/30"), "dev", far]);
            node.run("ip", &["link", "set", far, "up"]);
            node.run(
                "ip",
                &[
                    "route",
                    "add",
                    link.server(),
                    "via",
                    &address,
                    "dev",
                    far,
                    "src",
                    &peer,
                ],
            );
        }
        lead_loopback_elsewhere(Some(&node));
        node
    }

    fn near(&self, link: Link) -> String {
        format!("{}{}", link.name(), self.number)
    }

    fn address(&self, link: Link, last: u8) -> String {
        format!("10.{}.{}.{last}", self.number, link.number())
    }

    /// Waits until the holder is in its network.
    fn wait(&self) {
        let network = |of: &str| std::fs::read_link(Path::new("/proc").join(of).join("ns/net")).ok();
        let own = network("self");
        let began = Instant::now();
        while network(&self.holder.id().to_string()) == own {
            assert!(began.elapsed() < Duration::from_secs(10), "no network was made");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// From now on no packet passes.
    pub(super) fn cut(&self, link: Link) {
        run("ip", &["link", "set", &self.near(link), "down"]);
    }

    /// Packets pass again.
    pub(super) fn heal(&self, link: Link) {
        run("ip", &["link", "set", &self.near(link), "up"]);
    }

    fn enter(&self) -> [String; 4] {
        let id = self.holder.id().to_string();
        ["--target".to_owned(), id, "--net".to_owned(), "--".to_owned()]
    }

    /// The command that becomes the program, on this node.
    pub(super) fn program(&self) -> tokio::process::Command {
        let mut command = tokio::process::Command::new("nsenter");
        command.args(self.enter()).arg(env!("CARGO_BIN_EXE_easgate"));
        command
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let enter = self.enter();
        let mut all: Vec<&str> = enter.iter().map(String::as_str).collect();
        all.push(program);
        all.extend(arguments);
        run("nsenter", &all);
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}

/// Lets addresses of loopback be reached over other interfaces, in the network of the servers or of a node.
fn lead_loopback_elsewhere(of: Option<&Node>) {
    let script = "echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet";
    match of {
        Some(node) => node.run("sh", &["-c", script]),
        None => run("sh", &["-c", script]),
    }
}

fn run(program: &str, arguments: &[&str]) {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {told}");
}
