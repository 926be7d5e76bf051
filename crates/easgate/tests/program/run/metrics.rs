//! Figures: what a page says, where it comes from, and that Prometheus takes it.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::time::Duration;

use easgate_simulator::exchange::ExchangeConfig;
use easgate_simulator::world::World;

use super::service::Service;
use super::with_socket;
use crate::place::Place;
use crate::syncs::{evaluate, phone_that_complies};

/// The value of the one sample that begins with `sample`.
#[track_caller]
fn value(page: &str, sample: &str) -> f64 {
    let found: Vec<_> = page
        .lines()
        .filter_map(|line| line.strip_prefix(sample)?.strip_prefix(' '))
        .collect();
    assert_eq!(found.len(), 1, "{sample} in\n{page}");
    found[0].parse().unwrap()
}

/// Prometheus' own tool reads the page, and has nothing to say of its names and types.
#[expect(clippy::print_stderr, reason = "what was left out must be seen")]
fn prometheus_takes(page: &str) {
    use std::io::Write as _;
    let tool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn();
    let mut tool = match tool {
        Ok(tool) => tool,
        Err(error) if std::env::var_os("CI").is_none() => {
            eprintln!(
                "LEFT OUT: what Prometheus says of the page; promtool of Debian's package prometheus: {error}"
            );
            return;
        }
        Err(error) => panic!("promtool of Debian's package prometheus: {error}"),
    };
    tool.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let ended = tool.wait_with_output().unwrap();
    let said = [ended.stdout, ended.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(ended.status.success() && said.trim().is_empty(), "{said}\n{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_tells_how_runs_changes_and_devices_stand_and_prometheus_takes_it() {
    let (place, tenant) = Place::with_tenant(ExchangeConfig::new(World::contoso(60))).await;
    let before = place.easgate("metrics").await.exits(0).stdout;
    prometheus_takes(&before);
    assert_eq!(
        value(
            &before,
            "easgate_connection_state{organization=\"contoso\",state=\"none\"}"
        ),
        1.0
    );

    let report = place.easgate("sync --full --json").await.exits(0).json();
    place.easgate("sync --watch").await.exits(0);
    let (_, _, id) = phone_that_complies(&place, 0).await;
    evaluate(&place, &tenant, &id, "noncompliant");
    tokio::time::sleep(Duration::from_millis(300)).await;
    let watch = place.easgate("sync --watch --json").await.exits(0).json();
    assert_eq!(watch["changes"]["applied"], 1, "{watch}");

    let page = place.easgate("metrics").await.exits(0).stdout;
    prometheus_takes(&page);
    let contoso =
        |name: &str, labels: &str| value(&page, &format!("{name}{{organization=\"contoso\"{labels}}}"));
    assert_eq!(value(&page, "easgate_service_up"), 0.0);
    assert_eq!(
        contoso("easgate_runs_total", ",kind=\"full\",result=\"succeeded\""),
        1.0
    );
    assert_eq!(
        contoso("easgate_runs_total", ",kind=\"watch\",result=\"succeeded\""),
        2.0
    );
    assert_eq!(
        contoso("easgate_run_duration_seconds_count", ",kind=\"watch\""),
        2.0
    );
    assert!(contoso("easgate_run_duration_seconds_sum", ",kind=\"full\"") > 0.0);
    let applied = report["changes"]["applied"].as_u64().unwrap() + 1;
    let counted: f64 = page
        .lines()
        .filter(|line| line.starts_with("easgate_changes_total{") && line.contains("outcome=\"applied\""))
        .map(|line| line.rsplit(' ').next().unwrap().parse::<f64>().unwrap())
        .sum();
    assert_eq!(counted.to_string(), applied.to_string(), "{page}");
    assert_eq!(contoso("easgate_change_latency_seconds_count", ""), 1.0);
    let p95 = contoso("easgate_change_latency_seconds", ",quantile=\"0.95\"");
    assert!(p95 > 0.0 && p95 < 120.0, "{p95}");
    assert_eq!(contoso("easgate_alarm", ",alarm=\"overdue\""), 0.0);
    assert!(contoso("easgate_owned_entries", "") > 0.0);
    for secret in ["P@ssw0rd", "@contoso.com", &id] {
        assert!(!page.contains(secret), "{secret} is on the page");
    }

    status_tells_the_latency(&place).await;
    place.exchange.stop().await.unwrap();
    tenant.stop().await;
}

/// `status` has the figure too, for people and for programs.
async fn status_tells_the_latency(place: &Place) {
    let status = place.easgate("status --json").await.exits(0).json();
    let latency = &status["latency"]["last_24h"];
    assert_eq!(latency["changes"], 1, "{status}");
    assert_eq!(latency["p50_ms"], latency["max_ms"]);
    let words = place.easgate("status").await.exits(0).stdout;
    assert!(
        words.contains("latency, last 7 days  1 change, half within"),
        "{words}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_answers_with_its_own_page_and_writes_it_to_a_file() {
    let place = Place::new(World::contoso(30)).await;
    place.configure(|text| format!("{}metrics_file = \"easgate.prom\"\n", with_socket(&text)));
    let service = Service::start(&place).await;
    service.sees("sync.ended", 1).await;
    let file = place.folder.path().join("easgate.prom");
    let patience = Duration::from_secs(30);
    let page = tokio::time::timeout(patience, async {
        loop {
            if let Ok(page) = std::fs::read_to_string(&file) {
                return page;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .unwrap();
    assert_eq!(value(&page, "easgate_service_up"), 1.0);
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o137, 0, "{mode:o}");

    let page = place.easgate("metrics").await.exits(0).stdout;
    prometheus_takes(&page);
    assert_eq!(value(&page, "easgate_service_up"), 1.0);
    assert_eq!(value(&page, "easgate_leader{organization=\"contoso\"}"), 1.0);
    assert!(value(&page, "easgate_service_start_time_seconds") > 1.7e9);
    place.easgate("metrics --output other.prom").await.exits(0);
    assert!(place.read("other.prom").contains("easgate_service_up 1"));
    place.easgate("metrics --output other.txt").await.exits(1);
    service.stops(&place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_last_run_that_is_too_old_is_told_by_status_check_and_the_page() {
    let place = Place::new(World::contoso(30)).await;
    place.easgate("status").await.exits(0);
    place.ran("full", 2, 1).await;
    let status = place.easgate("status --json").await.exits(5).json();
    assert_eq!(status["overdue"][0]["kind"], "full", "{status}");
    assert_eq!(status["overdue"][0]["limit_seconds"], 26 * 3600);
    assert_eq!(status["alarms"], serde_json::json!(["overdue"]));
    let words = place.easgate("status").await.exits(5).stdout;
    assert!(
        words.contains("ALARM: no full sync has read everything for 26 hours"),
        "{words}"
    );
    let check = place.easgate("check --json").await.exits(5).json();
    assert_eq!(check["ok"], false, "{check}");
    let page = place.easgate("metrics").await.exits(0).stdout;
    assert_eq!(
        value(&page, "easgate_alarm{organization=\"contoso\",alarm=\"overdue\"}"),
        1.0
    );
    for limit in ["3d", "off"] {
        place.configure(|text| {
            let key = format!("alarm_after = \"{limit}\"");
            format!("{text}\n[organization.schedule]\n{key}\n")
        });
        place.easgate("status").await.exits(0);
    }
}
