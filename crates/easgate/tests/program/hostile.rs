//! What phones call themselves reaches no terminal, no spreadsheet and no log as it is.

use easgate_model::is_plain;
use easgate_simulator::world::World;

use crate::place::{Ended, Place};

/// A world in which every phone is hostile in every text that it chooses.
fn hostile_world() -> World {
    const NAMES: [&str; 6] = [
        "\u{1b}[2J\u{1b}[31mowned",
        "line\r\nfeed",
        "\u{202e}gpj.exe",
        "=cmd|' /C calc'!A0",
        "<script>alert(1)</script>",
        "\u{9b}31m\u{200b}\u{2028}",
    ];
    let mut world = World::contoso(60);
    let mut names = NAMES.iter().cycle();
    for device in world.users.iter_mut().flat_map(|user| &mut user.devices) {
        let mut next = || names.next().copied().unwrap_or_default().to_owned();
        device.friendly_name = next();
        device.model = next();
        device.os = next();
        device.user_agent = next();
        let id = format!("{}{}", next(), device.eas_id);
        device.eas_id = id.chars().take(40).collect();
        if let Some(enrollment) = &mut device.enrollment {
            enrollment.eas_device_id.clone_from(&device.eas_id);
        }
    }
    for (number, user) in (0..).zip(&mut world.users) {
        if number % 3 == 0 {
            user.display_name = format!("{} \u{1b}]0;title\u{7}", user.display_name);
        }
    }
    world
}

#[track_caller]
fn harmless(line: &str, ended: &Ended) {
    for (name, text) in [("stdout", &ended.stdout), ("stderr", &ended.stderr)] {
        let bad: Vec<char> = text.chars().filter(|c| *c != '\n' && !is_plain(*c)).collect();
        assert!(bad.is_empty(), "{line}: {bad:?} on {name}:\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_output_carries_what_a_phone_chose_as_it_is() {
    let place = Place::new(hostile_world()).await;
    let user = place
        .world
        .users
        .iter()
        .find(|user| !user.devices.is_empty() && user.kind.is_local())
        .unwrap();
    let explain = format!("explain {}", user.primary_smtp);
    let lines = [
        "check",
        "plan",
        "plan --csv",
        "plan --json",
        "sync --full --log debug",
        "sync --full --json",
        "devices --limit 1000",
        "devices --limit 1000 --csv",
        "devices --limit 1000 --json",
        "status",
        "status --json",
        "audit export",
        "audit export --anonymous",
        "audit verify",
        explain.as_str(),
        "explain owned\u{1b}[2J",
    ];
    let mut shown = String::new();
    for line in lines {
        let ended = place.easgate(line).await;
        harmless(line, &ended);
        shown.push_str(&ended.stdout);
    }
    assert!(shown.contains("\\u{1b}[2J"), "the names are shown, escaped");
    place.exchange.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_cell_of_a_csv_file_begins_a_formula() {
    let place = Place::new(hostile_world()).await;
    let plan = place.easgate("plan --csv").await.exits(0);
    place.easgate("sync --full").await;
    let devices = place.easgate("devices --limit 1000 --csv").await.exits(0);
    for ended in [plan, devices] {
        assert!(ended.stdout.lines().count() > 10, "{}", ended.stdout);
        for line in ended.stdout.lines() {
            let cells = line.split("\",\"");
            for cell in cells.map(|cell| cell.trim_start_matches('"')) {
                assert!(!cell.starts_with(['=', '+', '-', '@']), "{cell} in {line}");
            }
        }
    }
    place.exchange.stop().await.unwrap();
}
