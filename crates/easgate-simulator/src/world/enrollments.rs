//! What device management knows of the phones: mostly that they comply, and all that can be odd.

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::random::Random;
use super::{WorldDevice, WorldEnrollment};

/// Gives `device` the record that management has of it; `colleague` is somebody else of the company.
pub(super) fn enroll(random: &mut Random, device: &mut WorldDevice, colleague: Uuid, as_of: OffsetDateTime) {
    if device.device_type == "OutlookService" || device.device_type == "Outlook" {
        // Outlook's id belongs to the app: the phone is enrolled under an id that Exchange never sees.
        let mut record = record(random, device, as_of);
        record.reports_eas_id = false;
        device.enrollment = random.chance(4, 5).then_some(record);
        return;
    }
    let mut record = record(random, device, as_of);
    match random.below(1000) {
        0..70 => return,
        70..90 => "eas".clone_into(&mut record.agent),
        90..95 => "retirePending".clone_into(&mut record.state),
        95..100 => record.other_user = Some(colleague),
        100..105 => {
            let mut second = record.clone();
            second.id = random.uuid();
            "noncompliant".clone_into(&mut second.compliance);
            second.last_sync -= Duration::days(40);
            device.second_enrollment = Some(second);
        }
        105..135 => record.reports_eas_id = false,
        135..150 => record.eas_device_id = swap_case(&record.eas_device_id),
        150..153 => record.jail_broken = true,
        _ => {}
    }
    device.enrollment = Some(record);
}

/// A computer that is enrolled and has no partnership.
pub(super) fn computer(random: &mut Random, as_of: OffsetDateTime) -> WorldEnrollment {
    WorldEnrollment {
        id: random.uuid(),
        other_user: None,
        device_name: format!("CONTOSO-PC{}", random.text("0123456789", 5)),
        compliance: compliance(random).to_owned(),
        agent: "mdm".to_owned(),
        state: "managed".to_owned(),
        reports_eas_id: false,
        eas_device_id: String::new(),
        jail_broken: false,
        operating_system: "Windows".to_owned(),
        os_version: "10.0.22631.4317".to_owned(),
        model: "Latitude 7450".to_owned(),
        manufacturer: "Dell Inc.".to_owned(),
        serial: random.text("BCDFGHJKLMNPQRSTVWXYZ0123456789", 7),
        enrolled: as_of - Duration::days(300),
        last_sync: as_of - Duration::hours(3),
    }
}

fn record(random: &mut Random, device: &WorldDevice, as_of: OffsetDateTime) -> WorldEnrollment {
    let apple = matches!(device.device_type.as_str(), "iPhone" | "iPad");
    let windows = device.device_type == "WindowsMail";
    let (operating_system, manufacturer) = if apple {
        ("iOS", "Apple")
    } else if windows {
        ("Windows", "Microsoft Corporation")
    } else if device.device_type.starts_with("SAMSUNG") {
        ("Android", "samsung")
    } else {
        ("Android", "Google")
    };
    let serial = device.eas_id.strip_prefix("Appl").map_or_else(
        || random.text("CDFGHJKLMNPQRSTVWXYZ0123456789", 12),
        str::to_owned,
    );
    let hours = i64::try_from(random.below(48)).unwrap_or(0);
    WorldEnrollment {
        id: random.uuid(),
        other_user: None,
        device_name: device.friendly_name.clone(),
        compliance: compliance(random).to_owned(),
        agent: if random.chance(1, 2) { "easMdm" } else { "mdm" }.to_owned(),
        state: "managed".to_owned(),
        reports_eas_id: true,
        eas_device_id: device.eas_id.clone(),
        jail_broken: false,
        operating_system: operating_system.to_owned(),
        os_version: version_of(&device.os),
        model: device.model.clone(),
        manufacturer: manufacturer.to_owned(),
        serial,
        enrolled: device.first_sync - Duration::minutes(20),
        last_sync: as_of - Duration::hours(hours),
    }
}

fn compliance(random: &mut Random) -> &'static str {
    match random.below(1000) {
        0..870 => "compliant",
        870..935 => "noncompliant",
        935..960 => "inGracePeriod",
        960..975 => "unknown",
        975..983 => "error",
        983..990 => "conflict",
        _ => "configManager",
    }
}

fn version_of(os: &str) -> String {
    os.split(' ')
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        .unwrap_or("1.0")
        .to_owned()
}

fn swap_case(text: &str) -> String {
    let swap = |c: char| {
        if c.is_ascii_lowercase() {
            c.to_ascii_uppercase()
        } else {
            c.to_ascii_lowercase()
        }
    };
    text.chars().map(swap).collect()
}
