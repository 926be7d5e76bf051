//! One list over the wire from a server on psrpcore, by us and by pypsrp.
//!
//! The server has serialised the objects before it listens, so that neither client waits long; its own time counts for
//! neither. Both log on, open a runspace, read the list and close.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use easgate_cmdlet::{Authentication, CmdletTransport, Config, WsmanTransport};
use easgate_exchange::ExchangeClient;
use futures::TryStreamExt as _;
use serde::Deserialize;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::Failure;
use crate::arguments::Scale;
use crate::measure::process_time;
use crate::table::{Figure, Floor, Goal, Row};

/// What `pypsrp_list.py` tells.
#[derive(Deserialize)]
struct Told {
    devices: u32,
    cpu_seconds: f64,
}

/// Our CPU time as a share of pypsrp's; `None`, said plainly, where its Python is not installed.
#[expect(clippy::print_stderr, reason = "what is left out is said")]
pub(super) fn row(scale: &Scale) -> Result<Option<Row>, Failure> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .ok_or("the benchmarks stand in the workspace")?;
    let python = root.join(".peers/python/bin/python");
    if !python.exists() {
        if std::env::var_os("CI").is_some() {
            return Err(format!("no Python at {}", python.display()).into());
        }
        eprintln!(
            "LEFT OUT: the list by pypsrp, no Python at {} (cargo xtask peers installs it)",
            python.display()
        );
        return Ok(None);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (ours, theirs) = runtime.block_on(lists(scale, &python, &root.join("tests/peers")))?;
    let seconds = |value| Figure { value, unit: "s" };
    Ok(Some(Row {
        id: "list_pypsrp",
        measure: "Get-MobileDevice over the wire, CPU time of the client",
        ours: seconds(ours.as_secs_f64()),
        floor: Some(Floor {
            what: "pypsrp",
            figure: seconds(theirs),
        }),
        ratio: Some(ours.as_secs_f64() / theirs),
        goal: Goal::RatioAtMost(0.02),
    }))
}

async fn lists(scale: &Scale, python: &Path, peers: &Path) -> Result<(Duration, f64), Failure> {
    let (server, port) = serve(scale, python, peers.join("psrp_server.py")).await?;
    let mut ours = Duration::MAX;
    for _ in 0..scale.lists {
        let start = process_time();
        let devices = list(port).await?;
        ours = ours.min(process_time().saturating_sub(start));
        complete(scale, devices)?;
    }
    let output = Command::new(python)
        .arg(peers.join("pypsrp_list.py"))
        .arg(port.to_string())
        .kill_on_drop(true)
        .output()
        .await?;
    let told: Told = serde_json::from_slice(&output.stdout)
        .map_err(|_| format!("pypsrp said: {}", String::from_utf8_lossy(&output.stderr)))?;
    complete(scale, told.devices)?;
    drop(server);
    Ok((ours, told.cpu_seconds))
}

fn complete(scale: &Scale, devices: u32) -> Result<(), Failure> {
    if devices == scale.listed {
        return Ok(());
    }
    Err(format!("{devices} devices of {} arrived", scale.listed).into())
}

/// A server that ends when it is dropped, and its port.
async fn serve(scale: &Scale, python: &Path, script: PathBuf) -> Result<(Child, u16), Failure> {
    let mut process = Command::new(python)
        .arg(script)
        .args(["--prewarm", "--devices", &scale.listed.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut line = String::new();
    let output = process.stdout.take().ok_or("the output was asked for")?;
    BufReader::new(output).read_line(&mut line).await?;
    let port = line
        .trim()
        .strip_prefix("listening on http://127.0.0.1:")
        .and_then(|rest| rest.strip_suffix("/powershell"))
        .ok_or_else(|| format!("the server said {line:?}"))?;
    Ok((process, port.parse()?))
}

async fn list(port: u16) -> Result<u32, Failure> {
    let account = Authentication::Basic {
        username: r"CONTOSO\connector".to_owned(),
        password: "P@ssw0rd!".into(),
    };
    let address = format!("http://127.0.0.1:{port}/powershell").parse()?;
    let transport: Arc<dyn CmdletTransport> = Arc::new(WsmanTransport::new(Config {
        setup: easgate_exchange::setup_commands(),
        ..Config::new(address, account)
    })?);
    let exchange = ExchangeClient::new(Arc::clone(&transport), easgate_exchange::Config::default());
    let devices = exchange
        .partnerships()
        .try_fold(0_u32, async |count, _| Ok(count + 1))
        .await?;
    transport.close().await;
    Ok(devices)
}
