//! `easgate run` as a process: its first sync, triggers, signals, reload, and its end.

mod cut;
mod memory;
mod metrics;
mod network;
mod nodes;
mod orders;
mod replace;
mod retries;
pub(crate) mod service;

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use easgate_simulator::exchange::Fault;
use easgate_simulator::world::World;
use serde_json::{Value, json};

use crate::place::Place;
use service::Service;

/// A place whose configuration has a control socket and, of what runs by itself, the full sync alone.
async fn place(devices: usize) -> Place {
    place_with_socket(World::contoso(devices)).await
}

async fn place_with_socket(world: World) -> Place {
    let place = Place::new(world).await;
    place.configure(|text| with_socket(&text));
    place
}

/// The configuration with a store in a database, whose password is in the environment.
fn with_store(text: &str, url: &str) -> String {
    let store = format!("url = \"{url}\"\npassword = {{ env = \"STORE_PASSWORD\" }}");
    text.replace("url = \"sqlite://easgate.db\"", &store)
}

fn with_socket(text: &str) -> String {
    let schedule = "[organization.schedule]\nquick = \"off\"\nwatch = \"off\"";
    format!("{text}\n{schedule}\n[service]\nsocket = \"control.sock\"\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_full_sync_begins_at_once_and_commands_hand_over_to_the_service() {
    let place = place(40).await;
    let service = Service::start(&place).await;
    let ended = service.sees("sync.ended", 1).await;
    assert_eq!(ended["fields"]["result"], "succeeded");
    assert!(ended["fields"]["applied"].as_u64() > Some(5), "{ended}");

    let status = place.easgate("status --json").await.exits(0).json();
    assert_eq!(status["service"]["role"], "leader", "{status}");
    assert!(status["service"]["next"]["full"].is_string(), "{status}");
    assert_eq!(status["last_successful_sync"]["kind"], "full");
    let words = place.easgate("status").await.exits(0).stdout;
    assert!(words.contains("next full sync"), "{words}");

    let report = place.easgate("sync --full --json").await.exits(0);
    assert_eq!(report.json()["changes"]["planned"], 0, "{}", report.stdout);
    let asked = service
        .event("control.request", |fields| fields["request"] == "sync")
        .unwrap();
    assert!(asked["fields"]["uid"].is_u64(), "{asked}");
    service
        .event("sync.started", |fields| {
            fields["by"].as_str().unwrap().starts_with("uid ")
        })
        .expect("the service did it, for whoever asked");
    let audit = place.easgate("audit export").await.exits(0).stdout;
    let requested = audit
        .lines()
        .find(|line| line.contains("syncRequested"))
        .unwrap_or_else(|| panic!("{audit}"));
    let requested: Value = serde_json::from_str(requested).unwrap();
    assert_eq!(requested["actor_uid"], asked["fields"]["uid"], "{requested}");
    let words = place.easgate("sync --full").await.exits(0);
    assert!(words.stdout.contains("devices decided"), "{}", words.stdout);
    service.stops(&place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_with_another_configuration_is_not_asked() {
    let place = place(20).await;
    let service = Service::start(&place).await;
    service.sees("sync.ended", 1).await;
    place.write("other.toml", &place.read("easgate.toml"));
    place.easgate("sync --full --config other.toml").await.exits(0);
    assert_eq!(service.count("sync.started"), 1, "the command did it itself");
    let status = place
        .easgate("status --config other.toml --json")
        .await
        .exits(0)
        .json();
    assert!(status["service"].is_null(), "{status}");
    service.stops(&place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_valid_configuration_is_used_after_hup_and_an_invalid_one_is_refused() {
    let place = place(30).await;
    let service = Service::start(&place).await;
    service.sees("sync.ended", 1).await;
    place.configure(|text| with_socket(&text.replace("\"enforce\"", "\"observe\"")));
    service.signal("HUP");
    service.sees("reload.done", 1).await;
    let changed = service.event("reload.changed", |_| true).unwrap();
    let difference = changed["fields"]["difference"].as_str().unwrap();
    assert_eq!(
        difference,
        "organization.contoso.mode: \"enforce\" -> \"observe\""
    );
    let report = place.easgate("sync --full --json").await.exits(0).json();
    assert_eq!(report["mode"], "observe");

    for wrong in [
        with_socket("mode = \"no such thing\""),
        String::from("[[organization]\n"),
        place.read("easgate.toml").replace("easgate.db", "another.db"),
        place.read("easgate.toml").replace("EXCHANGE_PASSWORD", "NOT_SET"),
    ] {
        let refused = service.count("reload.refused");
        place.write("easgate.toml", &wrong);
        service.signal("HUP");
        service.sees("reload.refused", refused + 1).await;
    }
    let answers = service.asks(&place, &json!({ "request": "reload" })).await;
    assert_eq!(answers[0]["answer"], "refused");
    assert!(
        answers[0]["message"].as_str().unwrap().contains("NOT_SET"),
        "{answers:?}"
    );
    let answers = service
        .asks(&place, &json!({ "request": "sync", "kind": "full" }))
        .await;
    assert_eq!(answers.last().unwrap()["answer"], "done");
    let report = answers
        .iter()
        .find(|answer| answer["answer"] == "report")
        .unwrap();
    assert_eq!(
        report["report"]["mode"], "observe",
        "the configuration of before goes on"
    );
    assert!(!service.log().contains("P@ssw0rd!"));
    service.stops(&place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_start_syncs() {
    let place = place(20).await;
    let service = Service::start(&place).await;
    service.sees("sync.ended", 1).await;
    service.signal("USR2");
    service.sees("sync.ended", 2).await;
    service.signal("USR1");
    service.sees("sync.ended", 3).await;
    let by_signal = |fields: &Value| fields["by"] == "signal";
    assert_eq!(service.all("sync.started", by_signal).len(), 2);
    service.stops(&place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_is_told_to_stop_finishes_its_change_and_leaves_no_shell() {
    let place = place(120).await;
    let slow = |cmdlet: &str, by: u64| Fault::Slow {
        cmdlet: cmdlet.to_owned(),
        by: Duration::from_millis(by),
    };
    place.exchange.faults().inject(slow("Set-CASMailbox", 700));
    let service = Service::start(&place).await;
    let writes = || {
        place
            .exchange
            .commands()
            .iter()
            .filter(|command| command.name == "Set-CASMailbox")
            .count()
    };
    let three = async {
        while writes() < 3 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let begun = tokio::time::timeout(Duration::from_secs(60), three).await;
    assert!(begun.is_ok(), "nothing was written:\n{}", service.log());
    service.stops(&place).await;
    let done = writes();
    assert!((3..10).contains(&done), "{done} changes were begun");
    place.exchange.faults().clear();
    let status = place.easgate("status --json").await.exits(0).json();
    assert_eq!(
        status["unsettled_changes"], 0,
        "every change has its outcome: {status}"
    );
    let report = place.easgate("sync --full --json").await.exits(0).json();
    assert!(report["changes"]["applied"].as_u64() > Some(5), "{report}");
    let again = place.easgate("sync --full --json").await.exits(0).json();
    assert_eq!(again["changes"]["planned"], 0, "{again}");

    place.exchange.faults().inject(slow("Get-CASMailbox", 30_000));
    let service = Service::start(&place).await;
    service.signal("USR2");
    service.sees("sync.started", 1).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    service.stops(&place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organisation_that_is_down_delays_no_other() {
    let place = place(30).await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://{}/powershell", listener.local_addr().unwrap());
    drop(listener);
    let url = place.exchange.url().to_string();
    place.configure(|text| {
        let (organization, store) = text.split_once("[store]").unwrap();
        let second = organization
            .replace(&url, &nobody)
            .replace("\"contoso\"", "\"fabrikam\"");
        with_socket(&format!("{organization}\n{second}\n[store]{store}"))
    });
    let service = Service::start(&place).await;
    let ended = service.sees("sync.ended", 1).await;
    assert_eq!(ended["fields"]["organization"], "contoso");
    let unread = service.sees("sync.unread", 1).await;
    assert_eq!(unread["fields"]["organization"], "fabrikam");
    service.sees("sync.paused", 1).await;
    let status = place.easgate("status --json").await.exits(0).json();
    assert_eq!(status[1]["service"]["failures_in_a_row"], 1, "{status}");
    assert!(status[1]["service"]["not_before"].is_string(), "{status}");
    let reports = place.easgate("sync --full --json").await.exits(4).json();
    assert_eq!(reports.as_array().unwrap().len(), 2, "{reports}");
    place.easgate("sync --full --organization contoso").await.exits(0);
    service.stops(&place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_control_socket_takes_requests_of_few_bytes_and_nothing_else() {
    let place = place(20).await;
    let path = place.folder.path().join("control.sock");
    // A socket that a crash left behind is nobody's.
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let service = Service::start(&place).await;
    service.sees("sync.ended", 1).await;
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
    for (line, cause) in [
        ("{}".to_owned(), "this is no request"),
        ("\u{1b}[2J".to_owned(), "this is no request"),
        (
            format!("{{\"request\":\"log\",\"filter\":\"{}\"}}", "a".repeat(20_000)),
            "at most",
        ),
        (
            r#"{"request":"sync","kind":"everything"}"#.to_owned(),
            "no such kind",
        ),
        (
            r#"{"request":"sync","kind":"full","organization":"nobody"}"#.to_owned(),
            "no such organisation",
        ),
        (r#"{"request":"log","filter":"=/="}"#.to_owned(), "no filter"),
    ] {
        let answers = service.says(&place, &line).await;
        assert_eq!(answers.len(), 1, "{line:.80}: {answers:?}");
        assert_eq!(answers[0]["answer"], "refused", "{line:.80}");
        assert!(
            answers[0]["message"].as_str().unwrap().contains(cause),
            "{line:.80}: {answers:?}"
        );
    }
    let second = place.easgate("run").await.exits(1);
    assert!(
        second.stderr.contains("another easgate listens"),
        "{}",
        second.stderr
    );
    let done = service
        .asks(&place, &json!({ "request": "log", "filter": "debug" }))
        .await;
    assert_eq!(done[0]["answer"], "done");
    assert_eq!(
        service.asks(&place, &json!({ "request": "wake" })).await[0]["answer"],
        "done"
    );
    service.sees("sync.ended", 2).await;
    service.stops(&place).await;
    assert!(!path.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_manager_hears_how_the_service_is() {
    let place = place(20).await;
    let path = place.folder.path().join("notify");
    let manager = UnixDatagram::bind(&path).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let environment = [
        ("NOTIFY_SOCKET", path.to_str().unwrap()),
        ("WATCHDOG_USEC", "600000"),
    ];
    let service = Service::start_with(&place, &environment).await;
    let hears = |wanted: &str| {
        let mut buffer = [0; 1024];
        loop {
            let length = manager
                .recv(&mut buffer)
                .unwrap_or_else(|error| panic!("never heard {wanted}: {error}"));
            if String::from_utf8_lossy(&buffer[..length])
                .lines()
                .any(|line| line.starts_with(wanted))
            {
                return;
            }
        }
    };
    hears("READY=1");
    hears("WATCHDOG=1");
    hears("STATUS=1 organisation");
    service.signal("HUP");
    hears("RELOADING=1");
    hears("READY=1");
    hears("WATCHDOG=1");
    service.stops(&place).await;
    hears("STOPPING=1");
}
