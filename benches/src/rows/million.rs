//! A large organisation over the wire, by the program itself: a full sync that finds nothing to change, and what the
//! runs between full syncs cost when a hundred devices changed.
//!
//! The server is the simulator in this process, so that its memory and time are not the client's; a relay counts what it
//! gives. The floor is `curl`, which fetches as many bytes and does nothing with them, and the decoding of one struct an object.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use easgate_model::AccessLevel;
use easgate_simulator::exchange::{ExchangeConfig, ExchangeSimulator};
use easgate_simulator::world::World;
use uuid::Uuid;

use super::program::program;
use crate::Failure;
use crate::arguments::Scale;
use crate::child::{self, Ended};
use crate::devices::{Form, device};
use crate::measure::{cpu_time, float};
use crate::record;
use crate::relay::{Relay, zeros};
use crate::table::{Figure, Floor, Goal, Row};

/// How many devices change before a quick sync and before a watch pass.
const CHANGED: usize = 100;
/// How many bytes `curl` gets at a time, as Exchange gives them.
const ANSWER: usize = 175_000;

const CONFIGURATION: &str = r#"
[[organization]]
name = "contoso"
mode = "enforce"

[organization.exchange]
servers = ["URL"]
authentication = "basic"
username = 'CONTOSO\connector'
password = { env = "EXCHANGE_PASSWORD" }

[organization.enrollment]
source = "file"
path = "enrolled.csv"

[organization.policy]
always_allow_compliant = false

[store]
url = "sqlite://easgate.db"
"#;

/// What one run cost.
struct Cost {
    cpu: Duration,
    peak: u64,
    bytes: u64,
}

/// Memory and CPU time of the full sync, and the shares of the others.
pub(super) fn rows(scale: &Scale) -> Result<Vec<Row>, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let world = world(scale.organization);
    let folder = Folder::new()?;
    std::fs::write(folder.0.join("enrolled.csv"), enrolled(&world))?;
    let phones: Vec<(Uuid, String)> = world
        .users
        .iter()
        .filter(|user| user.kind.is_local())
        .flat_map(|user| {
            user.devices
                .iter()
                .map(|one| (user.mailbox_guid, one.eas_id.clone()))
        })
        .step_by(7)
        .take(2 * CHANGED)
        .collect();
    let server = runtime.block_on(ExchangeSimulator::start(ExchangeConfig::new(world)))?;
    let url = server.url();
    let relay = Relay::to(([127, 0, 0, 1], url.port().ok_or("the server has a port")?).into())?;
    let configuration = CONFIGURATION.replace("URL", &format!("http://{}/powershell", relay.address));
    std::fs::write(folder.0.join("easgate.toml"), configuration)?;

    let organization = server.organization();
    let change = |phones: &[(Uuid, String)]| {
        for (mailbox, id) in phones {
            organization.device_tells(*mailbox, id, |phone| phone.os.push_str(" beta"));
        }
    };
    let (first, second) = phones.split_at(phones.len() / 2);
    // The first full sync fills the store, and the first quick one finds out what the server's filters can do.
    sync(&folder.0, &relay, "--full")?;
    sync(&folder.0, &relay, "--quick")?;
    let full = sync(&folder.0, &relay, "--full")?;
    change(first);
    let quick = sync(&folder.0, &relay, "--quick")?;
    change(second);
    let watch = sync(&folder.0, &relay, "--watch")?;
    runtime.block_on(server.stop())?;

    let mut rows = vec![
        peak(&full),
        cpu(&full, Duration::from_secs_f64(floor(full.bytes)?)),
    ];
    rows.extend(shares(
        &full,
        [
            ("quick_cpu", "quick_bytes", &quick),
            ("watch_cpu", "watch_bytes", &watch),
        ],
    ));
    Ok(rows)
}

fn peak(full: &Cost) -> Row {
    Row {
        id: "million_rss",
        measure: "full sync with nothing to change, resident memory at its peak",
        ours: Figure {
            value: whole(full.peak) / 1e6,
            unit: "MB",
        },
        floor: None,
        ratio: None,
        goal: Goal::AtMost(700.0),
    }
}

fn cpu(full: &Cost, floor: Duration) -> Row {
    let seconds = |time: Duration| Figure {
        value: time.as_secs_f64(),
        unit: "s",
    };
    Row {
        id: "million_cpu",
        measure: "full sync with nothing to change, CPU time",
        ours: seconds(full.cpu),
        floor: Some(Floor {
            what: "curl and decoding",
            figure: seconds(floor),
        }),
        ratio: Some(full.cpu.as_secs_f64() / floor.as_secs_f64()),
        goal: Goal::RatioAtMost(1.5),
    }
}

fn shares<'c>(
    full: &'c Cost,
    runs: [(&'static str, &'static str, &'c Cost); 2],
) -> impl Iterator<Item = Row> + use<'c> {
    let row = |id, measure, share: f64| Row {
        id,
        measure,
        ours: Figure {
            value: share * 100.0,
            unit: "% of a full sync",
        },
        floor: None,
        ratio: None,
        goal: Goal::AtMost(1.0),
    };
    runs.into_iter().flat_map(move |(cpu, bytes, cost)| {
        [
            row(
                cpu,
                "100 devices changed, CPU time",
                cost.cpu.as_secs_f64() / full.cpu.as_secs_f64(),
            ),
            row(
                bytes,
                "100 devices changed, bytes from Exchange",
                whole(cost.bytes) / whole(full.bytes),
            ),
        ]
    })
}

/// The CPU seconds that `curl` takes for so many bytes, and decoding for the objects in them.
fn floor(bytes: u64) -> Result<f64, Failure> {
    let answers = bytes / u64::try_from(ANSWER)? + 1;
    let address = zeros(ANSWER)?;
    let curl = child::run(Command::new("curl").args([
        "--silent",
        "--fail",
        "--output",
        "/dev/null",
        &format!("http://{address}/[1-{answers}]"),
    ]))?;
    if curl.code != Some(0) {
        return Err(format!("curl ended with {:?}: {}", curl.code, curl.stderr).into());
    }
    let messages: Vec<String> = (0..200).map(|number| device(Form::Partial, number)).collect();
    let decoded: usize = messages.iter().map(String::len).sum();
    let decoding = (0..20)
        .map(|_| {
            cpu_time(|| {
                for message in &messages {
                    std::hint::black_box(record::decode(std::hint::black_box(message.as_bytes())));
                }
            })
        })
        .min()
        .ok_or("there were turns")?;
    // Of the bytes on the wire three quarters are objects, the rest is base64's.
    let decoding = decoding.as_secs_f64() / float(decoded) * whole(bytes) * 0.75;
    Ok(curl.cpu.as_secs_f64() + decoding)
}

/// Runs one sync, which has nothing to change.
fn sync(folder: &Path, relay: &Relay, kind: &str) -> Result<Cost, Failure> {
    let before = relay.received();
    let ended = child::run(
        Command::new(program()?)
            .args(["sync", kind, "--config", "easgate.toml", "--json"])
            .current_dir(folder)
            .env("EXCHANGE_PASSWORD", "P@ssw0rd!"),
    )?;
    let Ended {
        code, stdout, stderr, ..
    } = &ended;
    let report: serde_json::Value = serde_json::from_str(stdout).unwrap_or_default();
    if *code != Some(0) || report["changes"]["planned"] != 0 {
        return Err(format!("sync {kind} ended with {code:?}: {stdout}{stderr}").into());
    }
    Ok(Cost {
        cpu: ended.cpu,
        peak: ended.peak,
        bytes: relay.received() - before,
    })
}

/// A company in which everything is as it should be.
fn world(devices: u32) -> World {
    let mut world = World::contoso(usize::try_from(devices).unwrap_or(usize::MAX));
    world.rules.clear();
    world.settings.default_access_level = AccessLevel::Allow;
    for user in &mut world.users {
        user.foreign_allowed.clear();
        user.foreign_blocked.clear();
    }
    world
}

/// Every phone, enrolled and compliant.
fn enrolled(world: &World) -> String {
    let mut text = String::from("user_principal_name,eas_device_id,compliance_state\n");
    for user in &world.users {
        let ids: BTreeSet<String> = user.devices.iter().map(|one| one.eas_id.to_lowercase()).collect();
        if ids.is_empty() {
            // A text that was written cannot fail to be.
            let _ = writeln!(text, "{},,", user.upn);
        }
        for id in ids {
            let _ = writeln!(text, "{},{id},compliant", user.upn);
        }
    }
    text
}

/// A count as a number that can be divided; it is exact up to 2^53, which no count here reaches.
fn whole(count: u64) -> f64 {
    let high = u32::try_from(count >> 32).unwrap_or(u32::MAX);
    let low = u32::try_from(count & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}

/// A folder that goes away with its contents.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("easgate-bench-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed is left to the system.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
