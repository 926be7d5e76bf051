//! Servers that the organisation itself told, from the first run to the return of the configured one.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use easgate_simulator::exchange::{ExchangeConfig, ExchangeSimulator, Fault, LoggedCommand};
use easgate_simulator::world::World;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::failover::foreign;
use crate::place::Place;

const FIRST: &str = "ex01.contoso.com";
const SECOND: &str = "ex02.contoso.com";
/// Who is in the organisation's list and must never be contacted, whatever the file says about addresses.
const STRANGERS: [&str; 3] = ["edge01.contoso.com", "old01.contoso.com", "far01.fabrikam.com"];

/// The place of two servers, of which only the first stands in `servers`, and listeners where the strangers would be.
struct Site {
    place: Place,
    port: u16,
    connected: Arc<AtomicUsize>,
    _listeners: JoinSet<()>,
}

impl Site {
    async fn new(devices: usize) -> Self {
        Self::with(ExchangeConfig {
            servers: 2,
            ..ExchangeConfig::new(World::contoso(devices))
        })
        .await
    }

    async fn with(config: ExchangeConfig) -> Self {
        let place = Place::with(config).await;
        let port = place.exchange.address().port();
        let connected = Arc::new(AtomicUsize::new(0));
        let mut listeners = JoinSet::new();
        for (_, address) in addresses().filter(|(name, _)| STRANGERS.contains(name)) {
            let listener = TcpListener::bind(SocketAddr::from((address, port)))
                .await
                .unwrap();
            let connected = Arc::clone(&connected);
            listeners.spawn(async move {
                let mut visitors = Vec::new();
                while let Ok(visitor) = listener.accept().await {
                    connected.fetch_add(1, Ordering::SeqCst);
                    visitors.push(visitor);
                }
            });
        }
        let site = Self {
            place,
            port,
            connected,
            _listeners: listeners,
        };
        site.configure(|text| text);
        site
    }

    /// The configuration with the first server's name in place of its address, where every name leads, and `edit`.
    fn configure(&self, edit: impl FnOnce(String) -> String) {
        let url = self.place.exchange.url().to_string();
        let table: Vec<String> = addresses()
            .map(|(name, ip)| format!("\"{name}\" = \"{ip}\""))
            .collect();
        let keys = format!("addresses = {{ {} }}\nusername =", table.join(", "));
        let named = |text: String| text.replace(&url, &self.url(FIRST)).replace("username =", &keys);
        self.place.configure(|text| edit(named(text)));
    }

    fn url(&self, name: &str) -> String {
        format!("http://{name}:{}/powershell", self.port)
    }

    /// Runs a sync that must end well at the server `name`, and gives its report.
    async fn syncs_at(&self, name: &str) -> serde_json::Value {
        let report = self.place.easgate("sync --full --json").await.exits(0).json();
        assert_eq!(report["server"], self.url(name), "{report}");
        report
    }

    /// Ends the site, after everything that holds for every run has been looked at.
    async fn ends(self) {
        assert_eq!(
            self.connected.load(Ordering::SeqCst),
            0,
            "a stranger was contacted"
        );
        every_runspace_sees_the_forest(&self.place.exchange.commands());
        self.place.exchange.stop().await.unwrap();
    }
}

/// Where every name of the organisation leads.
fn addresses() -> impl Iterator<Item = (&'static str, Ipv4Addr)> {
    let names = [FIRST, SECOND].into_iter().chain(STRANGERS);
    names.zip((1..).map(|last| Ipv4Addr::new(127, 0, 0, last)))
}

fn every_runspace_sees_the_forest(commands: &[LoggedCommand]) {
    let mut first = BTreeMap::new();
    for command in commands {
        first.entry((&command.server, &command.shell)).or_insert(command);
    }
    assert!(!first.is_empty());
    for ((server, shell), command) in first {
        let whole = command
            .parameter("ViewEntireForest")
            .and_then(easgate_cmdlet::PsValue::as_bool);
        assert_eq!(
            (command.name.as_str(), whole),
            ("Set-ADServerSettings", Some(true)),
            "the first command of {shell} at {server}"
        );
    }
}

/// The servers at which cmdlets changed lists; no entry was added or taken out twice.
fn servers_of_changes(exchange: &ExchangeSimulator) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut servers = BTreeSet::new();
    for write in exchange.organization().list_writes() {
        let lists = [
            ("+allow", write.allowed),
            ("-allow", write.no_longer_allowed),
            ("+block", write.blocked),
            ("-block", write.no_longer_blocked),
        ];
        for (what, ids) in lists {
            for id in ids {
                let id = id.to_ascii_lowercase();
                assert!(
                    seen.insert((write.mailbox, what, id.clone())),
                    "{what} {id} of {} a second time, at {}",
                    write.mailbox,
                    write.server
                );
            }
        }
        servers.insert(write.server);
    }
    servers
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_was_told_serves_new_processes_while_the_first_is_away_and_no_longer() {
    let site = Site::new(20).await;
    let (place, exchange) = (&site.place, &site.place.exchange);
    exchange.take_down(0).await.unwrap();
    let unknown = place.easgate("sync --full").await.exits(4);
    assert!(unknown.stderr.contains("ex01.contoso.com"), "{}", unknown.stderr);
    exchange.bring_back(0).await.unwrap();
    site.syncs_at(FIRST).await;

    exchange.take_down(0).await.unwrap();
    exchange.forget_commands();
    for _ in 0..2 {
        site.syncs_at(SECOND).await;
    }
    let plan = place.easgate("plan --json").await.exits(0).json();
    assert_eq!(plan, serde_json::json!([]));
    assert!(exchange.commands().iter().all(|ran| ran.server == SECOND));

    exchange.bring_back(0).await.unwrap();
    exchange.forget_commands();
    site.syncs_at(FIRST).await;
    assert!(exchange.commands().iter().all(|ran| ran.server == FIRST));
    site.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_that_is_allowed_is_used_and_one_that_is_not_listed_is_not() {
    let site = Site::new(20).await;
    let exchange = &site.place.exchange;
    site.syncs_at(FIRST).await;
    exchange.take_down(0).await.unwrap();
    site.configure(|text| text.replace("username =", "failover_domains = [\"fabrikam.net\"]\nusername ="));
    site.place.easgate("sync --full").await.exits(4);
    site.configure(|text| text.replace("username =", "failover_domains = [\"Contoso.com\"]\nusername ="));
    site.syncs_at(SECOND).await;
    site.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_failover_no_other_server_is_asked() {
    let site = Site::new(20).await;
    let exchange = &site.place.exchange;
    site.syncs_at(FIRST).await;
    exchange.take_down(0).await.unwrap();
    site.configure(|text| text.replace("username =", "cas_failover = false\nusername ="));
    site.place.easgate("sync --full").await.exits(4);
    assert!(exchange.commands().iter().all(|ran| ran.server == FIRST));
    site.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_goes_to_no_server_that_the_file_does_not_name() {
    let site = Site::new(20).await;
    let exchange = &site.place.exchange;
    site.syncs_at(FIRST).await;
    exchange.take_down(0).await.unwrap();
    let second = format!(", \"{SECOND}\" = \"127.0.0.2\"");
    site.configure(|text| text.replace(&second, ""));
    site.place.easgate("sync --full").await.exits(4);
    assert!(exchange.commands().iter().all(|ran| ran.server == FIRST));
    site.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_organisation_behind_a_name_that_was_told_ends_the_run() {
    let site = Site::with(ExchangeConfig::new(World::contoso(20))).await;
    site.syncs_at(FIRST).await;
    let mut world = World::contoso(20);
    world.settings.id = easgate_model::OrganizationId(Uuid::from_u128(9));
    let other = ExchangeSimulator::start(ExchangeConfig {
        listen: SocketAddr::from(([127, 0, 0, 2], site.port)),
        ..ExchangeConfig::new(world)
    })
    .await
    .unwrap();
    site.place.exchange.take_down(0).await.unwrap();
    let ended = site.place.easgate("sync --full").await.exits(4);
    assert!(
        ended.stderr.contains(&Uuid::from_u128(9).to_string()),
        "{}",
        ended.stderr
    );
    let ran = other.commands();
    assert!(
        ran.iter()
            .any(|command| command.name == "Get-ActiveSyncOrganizationSettings")
    );
    assert!(ran.iter().all(|command| command.name != "Set-CASMailbox"));
    assert!(ran.iter().all(|command| !command.name.ends_with("Device")));
    other.stop().await.unwrap();
    site.ends().await;
}

/// The first server dies while changes are under way; `also` goes wrong just before.
async fn dies_in_the_middle(also: Option<Fault>) {
    let site = Site::new(80).await;
    let exchange = &site.place.exchange;
    let before = foreign(&site.place);
    site.configure(|text| text.replace("\"enforce\"", "\"observe\""));
    site.syncs_at(FIRST).await;
    site.configure(|text| text.replace("username =", "parallel = 4\nusername ="));
    let faults = exchange.faults();
    faults.inject(Fault::Slow {
        cmdlet: "Set-CASMailbox".to_owned(),
        by: Duration::from_millis(80),
    });
    let dies = async {
        while exchange.organization().list_writes().len() < 6 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        if let Some(fault) = also {
            faults.inject(fault);
        }
        exchange.take_down(0).await.unwrap();
    };
    let (report, ()) = tokio::join!(site.syncs_at(SECOND), dies);
    assert!(report["changes"]["applied"].as_u64() > Some(0), "{report}");
    let both = [FIRST, SECOND].map(str::to_owned);
    assert_eq!(servers_of_changes(exchange), BTreeSet::from(both));
    faults.clear();

    exchange.bring_back(0).await.unwrap();
    let again = site.syncs_at(FIRST).await;
    assert_eq!(again["changes"]["planned"], 0, "{again}");
    assert_eq!(foreign(&site.place), before, "foreign entries stay");
    servers_of_changes(exchange);
    site.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_were_under_way_when_the_server_died_are_made_once() {
    dies_in_the_middle(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_was_made_and_never_answered_before_the_server_died_is_made_once() {
    let cmdlet = "Set-CASMailbox".to_owned();
    dies_in_the_middle(Some(Fault::DieAfter { cmdlet })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn runspaces_that_are_opened_again_see_the_forest_too() {
    let site = Site::with(ExchangeConfig {
        servers: 2,
        child_domain: true,
        ..ExchangeConfig::new(World::contoso(60))
    })
    .await;
    let exchange = &site.place.exchange;
    site.configure(|text| text.replace("username =", "parallel = 3\nusername ="));
    let faults = exchange.faults();
    faults.inject(Fault::Slow {
        cmdlet: "Set-CASMailbox".to_owned(),
        by: Duration::from_millis(50),
    });
    let loses = async {
        while exchange.organization().list_writes().len() < 3 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        faults.lose_shells();
    };
    let (report, ()) = tokio::join!(site.syncs_at(FIRST), loses);
    assert_eq!(report["devices"], site.place.world.devices(), "{report}");
    let shells: BTreeSet<String> = exchange.commands().into_iter().map(|ran| ran.shell).collect();
    assert!(shells.len() > 3, "{shells:?} with those that were opened again");
    site.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_tells_that_an_address_stands_in_the_file() {
    let site = Site::new(10).await;
    let check = site.place.easgate("check").await.exits(0);
    let said = format!("{FIRST}: 127.0.0.1, from the configuration");
    assert!(check.stdout.contains(&said), "{}", check.stdout);
    site.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_run_leaves_a_server_alone_that_could_not_be_reached_and_a_person_does_not() {
    let site = Site::new(20).await;
    let (place, exchange) = (&site.place, &site.place.exchange);
    site.syncs_at(FIRST).await;
    exchange.take_down(0).await.unwrap();
    site.syncs_at(SECOND).await;
    exchange.bring_back(0).await.unwrap();
    exchange.forget_commands();
    let scheduled = "sync --full --scheduled --json";
    let report = place.easgate(scheduled).await.exits(0).json();
    assert_eq!(report["server"], site.url(SECOND), "{report}");

    exchange.take_down(1).await.unwrap();
    site.syncs_at(FIRST).await;
    exchange.take_down(0).await.unwrap();
    place.easgate("sync --full").await.exits(4);
    for server in [0, 1] {
        exchange.bring_back(server).await.unwrap();
    }
    exchange.forget_commands();
    let held = place.easgate(scheduled).await.exits(4).json();
    assert_eq!(held["errors"][0]["kind"], "heldOff", "{held}");
    assert!(
        held["errors"][0]["message"]
            .as_str()
            .unwrap()
            .contains("is tried again at")
    );
    assert_eq!(exchange.commands().len(), 0, "nobody was asked");

    site.syncs_at(FIRST).await;
    let report = place.easgate(scheduled).await.exits(0).json();
    assert_eq!(
        report["server"],
        site.url(FIRST),
        "what a person did counts: {report}"
    );
    site.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_status_says_which_server_is_in_use_and_why() {
    let site = Site::new(10).await;
    let (place, exchange) = (&site.place, &site.place.exchange);
    let status = async || place.easgate("status --json").await.exits(0).json();
    let nothing = status().await;
    assert!(nothing["server_in_use"].is_null(), "{nothing}");

    site.syncs_at(FIRST).await;
    let first = status().await;
    assert_eq!(first["server_in_use"]["is"], "first", "{first}");
    assert_eq!(first["unreachable_servers"], serde_json::json!([]));

    exchange.take_down(0).await.unwrap();
    site.syncs_at(SECOND).await;
    let second = status().await;
    let in_use = &second["server_in_use"];
    assert_eq!(
        (in_use["is"].as_str(), in_use["instead_of"].as_str()),
        (Some("told"), Some(&*site.url(FIRST)))
    );
    let [outage] = second["unreachable_servers"].as_array().unwrap().as_slice() else {
        panic!("one server is away: {second}")
    };
    assert_eq!(outage["server"], site.url(FIRST));
    assert_eq!(outage["since"], in_use["unreachable_since"]);
    assert_eq!(outage["failures"], 1);
    assert!(outage["next_try"].as_str() > outage["tried"].as_str(), "{outage}");
    assert!(outage["cause"].as_str().unwrap().contains("refused"), "{outage}");
    let text = place.easgate("status").await.exits(0).stdout;
    let (first, second) = (site.url(FIRST), site.url(SECOND));
    let said = format!("{second}, told by the organisation: {first} could not be reached since 20");
    assert!(text.contains(&said), "{text}");
    assert!(
        text.contains("1 trial; scheduled runs try it again at 20"),
        "{text}"
    );

    exchange.bring_back(0).await.unwrap();
    site.syncs_at(FIRST).await;
    let text = place.easgate("status").await.exits(0).stdout;
    assert!(
        text.contains(&format!("{first}, the first of `servers`")),
        "{text}"
    );
    assert!(!text.contains("cannot be reached"), "{text}");
    site.ends().await;
}

/// It ended in 2020.
const ENDED: &str = "\
-----BEGIN CERTIFICATE-----
MIIBVzCB/QIUBxJZccJ6jdMVuM9ExPKmPcQ+fgkwCgYIKoZIzj0EAwIwLjEQMA4G
A1UECgwHQ29udG9zbzEaMBgGA1UEAwwRQ29udG9zbyBSb290IDIwMjAwHhcNMjAw
MTAxMDAwMDAwWhcNMjAwMjAxMDAwMDAwWjAuMRAwDgYDVQQKDAdDb250b3NvMRow
GAYDVQQDDBFDb250b3NvIFJvb3QgMjAyMDBZMBMGByqGSM49AgEGCCqGSM49AwEH
A0IABNt7bDT+9JoyPvttTlq+YYJkNa+DAc6f8I321rsPBHDfyumrrtHU0Vm1O7sQ
MO3qOIA+fP0GdRNwsl8QU7HV3EEwCgYIKoZIzj0EAwIDSQAwRgIhANlKJb+TOUgA
wG37m3xc+i5mi49Oj/e54/b4fu+qxqwfAiEApQQnj4pogjyUisY8ndVlqrCh1Xea
6t+74l5VOazKHnw=
-----END CERTIFICATE-----
";

#[tokio::test(flavor = "multi_thread")]
async fn the_status_names_certificates_in_files_that_have_ended_or_cannot_be_read() {
    let place = Place::new(World::contoso(5)).await;
    place.configure(|text| text.replace("username =", "ca_file = \"ca.pem\"\nusername ="));
    let text = place.easgate("status").await.exits(0).stdout;
    assert!(
        text.contains("look at               ca_file of [organization.exchange]"),
        "{text}"
    );
    place.write("ca.pem", ENDED);
    let status = place.easgate("status --json").await.exits(0).json();
    let [expiry] = status["expiries"].as_array().unwrap().as_slice() else {
        panic!("one certificate: {status}")
    };
    assert_eq!(expiry["until"], "2020-02-01T00:00:00Z");
    assert_eq!(expiry["outcome"], "failed");
    let text = place.easgate("status").await.exits(0).stdout;
    assert!(
        text.contains("CN=Contoso Root 2020,O=Contoso, expired on 2020-02-01"),
        "{text}"
    );
    place.exchange.stop().await.unwrap();
}
