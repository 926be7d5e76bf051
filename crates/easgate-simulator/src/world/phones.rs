//! Phones: ids, types, models and agents in the forms that real clients have.

use time::{Duration, OffsetDateTime};

use super::random::Random;
use super::{WorldDevice, names};

const HEX: &str = "0123456789ABCDEF";
const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const SERIAL: &str = "CDFGHJKLMNPQRSTVWXYZ0123456789";

/// What a kind of phone looks like to Exchange.
struct Look {
    id: String,
    device_type: &'static str,
    model: String,
    os: String,
    user_agent: String,
    friendly_name: String,
    client_type: &'static str,
}

/// A phone of a person called `first`, the `number`-th of the company.
pub(super) fn phone(random: &mut Random, number: usize, first: &str, as_of: OffsetDateTime) -> WorldDevice {
    let look = match random.below(100) {
        0..46 => iphone(random, first),
        46..54 => ipad(random, first),
        54..74 => samsung(random, first),
        74..86 => pixel(random, first),
        86..93 => outlook_service(random),
        93..96 => outlook_basic(random),
        96..98 => windows_mail(random),
        _ => old_android(random),
    };
    let age = i64::try_from(random.below(900 * 24 * 3600)).unwrap_or(0);
    let first_sync = as_of - Duration::days(2) - Duration::seconds(age);
    let silent = if random.chance(1, 12) {
        90 * 24 * 60
    } else {
        24 * 60
    };
    let minutes = i64::try_from(random.below(silent)).unwrap_or(0);
    WorldDevice {
        guid: random.uuid(),
        eas_id: look.id,
        device_type: look.device_type.to_owned(),
        model: look.model,
        os: look.os,
        user_agent: look.user_agent,
        friendly_name: hostile_name(number).unwrap_or(look.friendly_name),
        client_type: look.client_type.to_owned(),
        first_sync,
        last_sync: (as_of - Duration::minutes(minutes)).max(first_sync),
        refused_by_policy: random.chance(1, 300),
        enrollment: None,
        second_enrollment: None,
    }
}

/// The phones 11, 24, 37, ... have hostile names, each once.
fn hostile_name(number: usize) -> Option<String> {
    let at = number.checked_sub(11)?;
    at.is_multiple_of(13)
        .then(|| names::hostile().into_iter().nth(at / 13))
        .flatten()
}

/// Both forms of native Mail: `Appl` and the serial number, and 26 random letters since iOS 10.
fn apple_id(random: &mut Random) -> String {
    if random.chance(1, 3) {
        format!("Appl{}", random.text(SERIAL, 12))
    } else {
        random.text(BASE32, 26)
    }
}

fn iphone(random: &mut Random, first: &str) -> Look {
    let (model, name) = *random.pick(&[
        &("iPhone14C5", "iPhone 13"),
        &("iPhone15C2", "iPhone 14 Pro"),
        &("iPhone15C4", "iPhone 15"),
        &("iPhone17C3", "iPhone 16"),
    ]);
    let (version, build) = *random.pick(&[
        &("17.6.1", "2107.101"),
        &("18.1", "2202.82"),
        &("18.6.2", "2207.100"),
    ]);
    Look {
        id: apple_id(random),
        device_type: "iPhone",
        model: model.to_owned(),
        os: format!("iOS {version} {}", build.replace('.', "G")),
        user_agent: format!("Apple-{model}/{build}"),
        friendly_name: if random.chance(1, 2) {
            format!("{first}'s iPhone")
        } else {
            name.to_owned()
        },
        client_type: "EAS",
    }
}

fn ipad(random: &mut Random, first: &str) -> Look {
    let model = random.pick(&["iPad13C16", "iPad14C3", "iPad12C1"]);
    Look {
        id: apple_id(random),
        device_type: "iPad",
        model: model.to_owned(),
        os: "iOS 18.6.2 22G100".to_owned(),
        user_agent: format!("Apple-{model}/2207.100"),
        friendly_name: format!("{first}'s iPad"),
        client_type: "EAS",
    }
}

fn samsung(random: &mut Random, first: &str) -> Look {
    let model = random.pick(&["SM-S911B", "SM-S921B", "SM-A546B", "SM-G996B"]);
    Look {
        id: format!("SEC{}", random.text(HEX, 13)),
        device_type: "SAMSUNGSMS911B",
        model: model.to_owned(),
        os: random
            .pick(&["Android 14", "Android 15", "Android 13"])
            .to_owned(),
        user_agent: format!("SAMSUNG-{model}/101.14000"),
        friendly_name: format!("{first}'s Galaxy"),
        client_type: "EAS",
    }
}

fn pixel(random: &mut Random, first: &str) -> Look {
    let model = random.pick(&["Pixel 7", "Pixel 8", "Pixel 8a", "Pixel 9 Pro"]);
    Look {
        id: format!("androidc{}", random.text("0123456789", 10)),
        device_type: "Android",
        model: model.to_owned(),
        os: random.pick(&["Android 15", "Android 16"]).to_owned(),
        user_agent: "Android-Mail/2025.08.24.801.Release".to_owned(),
        friendly_name: format!("{first}'s {model}"),
        client_type: "EAS",
    }
}

fn outlook_service(random: &mut Random) -> Look {
    Look {
        id: random.text(HEX, 32),
        device_type: "OutlookService",
        model: "Outlook for iOS and Android".to_owned(),
        os: "OutlookService".to_owned(),
        user_agent: "OutlookService/1.0".to_owned(),
        friendly_name: "Outlook for iOS and Android".to_owned(),
        client_type: "REST",
    }
}

fn outlook_basic(random: &mut Random) -> Look {
    Look {
        id: random.text(&HEX.to_ascii_lowercase(), 32),
        device_type: "Outlook",
        model: "Outlook for iOS and Android".to_owned(),
        os: random
            .pick(&["Outlook for iOS and Android 1.0", "iOS 18.6.2"])
            .to_owned(),
        user_agent: "Outlook-iOS-Android/1.0".to_owned(),
        friendly_name: "Outlook for iOS and Android".to_owned(),
        client_type: "Outlook",
    }
}

fn windows_mail(random: &mut Random) -> Look {
    Look {
        id: random.text(HEX, 32),
        device_type: "WindowsMail",
        model: "Virtual Machine".to_owned(),
        os: "Windows 10.0.19045".to_owned(),
        user_agent: "microsoft.windowscommunicationsapps/16005.14326".to_owned(),
        friendly_name: format!("DESKTOP-{}", random.text(BASE32, 7)),
        client_type: "EAS",
    }
}

fn old_android(random: &mut Random) -> Look {
    Look {
        id: random.text(&HEX.to_ascii_lowercase(), 32),
        device_type: "htcbravo",
        model: "HTC Desire".to_owned(),
        os: "Android 5.1".to_owned(),
        user_agent: "htcbravo/5.1".to_owned(),
        friendly_name: String::new(),
        client_type: "EAS",
    }
}
