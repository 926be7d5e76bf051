//! Servers that are away, accounts that are refused, and what goes wrong while many lanes write.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::Duration;

use easgate_simulator::exchange::{ExchangeConfig, Fault, Refusal};
use easgate_simulator::world::World;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::place::Place;

/// An address on which nobody listens.
fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}/powershell", listener.local_addr().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_account_is_not_tried_again_by_any_later_run_until_its_password_changes() {
    let place = Place::new(World::contoso(20)).await;
    place.easgate_with_wrong_password("sync --full").await.exits(4);
    let tried = place.exchange.failed_logons();
    assert!(tried > 0);
    for line in ["sync --full", "plan", "sync --full"] {
        let ended = place.easgate_with_wrong_password(line).await.exits(4);
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert!(said.contains("password has not changed"), "{line}: {said}");
        assert!(said.contains("--log-on-again"), "{line}: {said}");
    }
    assert_eq!(
        place.exchange.failed_logons(),
        tried,
        "no log-on since the first refusal"
    );
    let status = place.easgate("status --json").await.exits(0).json();
    assert!(status["account_refused"]["since"].is_string(), "{status}");

    let again = "sync --full --log-on-again";
    place.easgate_with_wrong_password(again).await.exits(4);
    assert!(place.exchange.failed_logons() > tried);

    place.easgate("sync --full").await.exits(0);
    let status = place.easgate("status --json").await.exits(0).json();
    assert!(status["account_refused"].is_null(), "{status}");
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_server_serves_while_the_first_is_away_unless_that_is_turned_off() {
    let place = Place::new(World::contoso(20)).await;
    let url = place.exchange.url().to_string();
    let both = |text: String| text.replace(&format!("\"{url}\""), &format!("\"{}\", \"{url}\"", nobody()));
    place.configure(both);
    let report = place.easgate("sync --full --json").await.exits(0).json();
    assert!(report["server"].as_str().unwrap().starts_with(&url), "{report}");
    place.configure(|text| both(text).replace("username =", "cas_failover = false\nusername ="));
    place.easgate("sync --full").await.exits(4);
    place.exchange.stop().await.unwrap();
}

/// The entries of every list that are not ours.
pub(crate) fn foreign(place: &Place) -> BTreeMap<Uuid, (Vec<String>, Vec<String>)> {
    let local = place.world.users.iter().filter(|user| user.kind.is_local());
    local
        .map(|user| {
            let (allowed, blocked) = place
                .exchange
                .organization()
                .lists(user.mailbox_guid)
                .unwrap_or_default();
            let kept = |list: Vec<String>, foreign: &[String]| {
                list.into_iter().filter(|id| foreign.contains(id)).collect()
            };
            let lists = (
                kept(allowed, &user.foreign_allowed),
                kept(blocked, &user.foreign_blocked),
            );
            (user.mailbox_guid, lists)
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_lanes_end_in_the_state_of_one_lane_whatever_goes_wrong_on_the_way() {
    let set = || "Set-CASMailbox".to_owned();
    let refused = |refusal| Fault::Refuse(refusal);
    let scenarios = [
        ("nothing", Vec::new()),
        ("too many shells", vec![refused(Refusal::TooManyShells)]),
        (
            "rate quota",
            vec![refused(Refusal::RateQuota { milliseconds: 300 })],
        ),
        ("system load", vec![refused(Refusal::SystemLoad)]),
        ("micro delays", vec![Fault::MicroDelay { milliseconds: 5 }]),
        ("503", vec![Fault::Http { status: 503 }]),
        ("death in the output", vec![Fault::DieInOutput { after: 3 }]),
        ("death after a change", vec![Fault::DieAfter { cmdlet: set() }]),
        (
            "a slow server",
            vec![Fault::Slow {
                cmdlet: set(),
                by: Duration::from_millis(100),
            }],
        ),
    ];
    for (name, faults) in scenarios {
        let place = Place::with(ExchangeConfig::new(World::contoso(120))).await;
        place.configure(|text| text.replace("username =", "parallel = 6\nusername ="));
        let before = foreign(&place);
        for fault in faults {
            place.exchange.faults().inject(fault);
        }
        let report = place.easgate("sync --full --json").await.exits(0).json();
        assert!(
            report["changes"]["applied"].as_u64() > Some(5),
            "{name}: {report}"
        );
        place.exchange.faults().clear();
        let again = place.easgate("sync --full --json").await.exits(0).json();
        assert_eq!(again["changes"]["planned"], 0, "{name}: {again}");
        assert_eq!(foreign(&place), before, "{name}: foreign entries stay");
        place.exchange.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_shells_and_cookies_cost_a_run_nothing() {
    let place = Place::new(World::contoso(60)).await;
    place.configure(|text| text.replace("username =", "parallel = 4\nusername ="));
    let faults = place.exchange.faults();
    faults.inject(Fault::Slow {
        cmdlet: "Set-CASMailbox".to_owned(),
        by: Duration::from_millis(50),
    });
    let loses = async {
        let writes = || {
            let commands = place.exchange.commands();
            commands
                .iter()
                .filter(|command| command.name == "Set-CASMailbox")
                .count()
        };
        while writes() < 3 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        faults.lose_shells();
        faults.lose_cookies();
    };
    let (ended, ()) = tokio::join!(place.easgate("sync --full --json"), loses);
    ended.exits(0);
    faults.clear();
    let again = place.easgate("sync --full --json").await.exits(0).json();
    assert_eq!(again["changes"]["planned"], 0, "{again}");
    place.exchange.stop().await.unwrap();
}

/// An address of the simulated server that can go away; whoever is connected then is cut off.
struct Door {
    url: String,
    open: JoinSet<()>,
}

impl Door {
    async fn to(place: &Place) -> Self {
        let target = place.exchange.url();
        let server = (target.host_str().unwrap().to_owned(), target.port().unwrap());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mut open = JoinSet::new();
        open.spawn(async move {
            let mut visitors = JoinSet::new();
            while let Ok((mut visitor, _)) = listener.accept().await {
                let server = server.clone();
                visitors.spawn(async move {
                    let mut server = TcpStream::connect(server).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut visitor, &mut server).await;
                });
            }
        });
        let mut url = target.clone();
        url.set_port(Some(port)).unwrap();
        Self {
            url: url.to_string(),
            open,
        }
    }

    async fn shut(&mut self) {
        self.open.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_whose_server_goes_away_is_done_at_the_next_one() {
    for cmdlet in ["Get-CASMailbox", "Set-CASMailbox"] {
        let place = Place::new(World::contoso(60)).await;
        let mut door = Door::to(&place).await;
        let url = place.exchange.url().to_string();
        place.configure(|text| text.replace(&format!("\"{url}\""), &format!("\"{}\", \"{url}\"", door.url)));
        let before = foreign(&place);
        place.exchange.faults().inject(Fault::Slow {
            cmdlet: cmdlet.to_owned(),
            by: Duration::from_millis(100),
        });
        let goes_away = async {
            let commands = || {
                let commands = place.exchange.commands();
                commands.iter().filter(|command| command.name == cmdlet).count()
            };
            while commands() < if cmdlet == "Set-CASMailbox" { 3 } else { 1 } {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            door.shut().await;
        };
        let (ended, ()) = tokio::join!(place.easgate("sync --full --json"), goes_away);
        let report = ended.exits(0).json();
        assert!(
            report["server"].as_str().unwrap().starts_with(&url),
            "{cmdlet}: {report}"
        );
        place.exchange.faults().clear();
        let again = place.easgate("sync --full --json").await.exits(0).json();
        assert_eq!(again["changes"]["planned"], 0, "{cmdlet}: {again}");
        assert_eq!(foreign(&place), before, "{cmdlet}: foreign entries stay");
        place.exchange.stop().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_directory_whose_clock_is_wrong_is_told_and_takes_nothing() {
    let place = Place::new(World::contoso(60)).await;
    let organization = place.exchange.organization();
    organization.set_clock_skew(time::Duration::hours(1));
    organization.set_update_on_set(true);
    place.easgate("sync --full").await.exits(0);
    let again = place.easgate("sync --full --json").await.exits(0).json();
    assert_eq!(again["changes"]["planned"], 0, "{again}");
    let told = again["warnings"].to_string();
    assert!(
        told.contains("changed in the future") && told.contains("clock"),
        "{told}"
    );
    place.exchange.stop().await.unwrap();
}
