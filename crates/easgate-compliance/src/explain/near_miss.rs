//! Records that nearly match: what a person looks at when a phone is said not to be enrolled.

use std::collections::BTreeMap;

use easgate_model::{Enrollment, EnrollmentKind, Mailbox};

use crate::decide::Case;
use crate::index::{Index, Owner};

/// The most near misses that are listed.
const MOST: usize = 20;

/// A record of device management that nearly matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearMiss {
    /// The id of the record in its source.
    pub record: String,
    /// Why it is near, and what is missing: one sentence. Holds text of the record: escape before showing.
    pub why: String,
}

/// Returns the records that nearly match the case, without those that do match.
pub(super) fn near_misses(index: &Index<'_>, mailbox: &Mailbox, case: &Case<'_, '_>) -> Vec<NearMiss> {
    let user = match index.owner(mailbox) {
        Owner::User(user) => Some(user),
        Owner::Unknown | Owner::Ambiguous => None,
    };
    let mut found = BTreeMap::new();
    for record in &index.facts.inventory.enrollments {
        if let Some(why) = why(index, user, case, record) {
            found.insert(&record.record, why);
        }
        if found.len() > MOST {
            found.pop_last();
        }
    }
    found
        .into_iter()
        .map(|(record, why)| NearMiss {
            record: record.clone(),
            why,
        })
        .collect()
}

fn why(index: &Index<'_>, user: Option<usize>, case: &Case<'_, '_>, record: &Enrollment) -> Option<String> {
    let same_id = record.eas_device_id.as_ref() == Some(case.device);
    let owner = index.user_of(record);
    let same_user = user.is_some() && owner == user;
    let whose = || {
        owner.map_or_else(
            || "a user that the directory does not hold".to_owned(),
            |at| index.facts.inventory.users[at].user_principal_name.to_string(),
        )
    };
    match (same_id, same_user) {
        (true, true) => None,
        (true, false) => Some(format!("has this device id, and belongs to {}", whose())),
        (false, true) if record.kind() == EnrollmentKind::NotEnrolled => None,
        (false, true) if has_serial(case, record) => {
            Some("is this user's, and its serial number is in the device id".to_owned())
        }
        (false, true) => match &record.eas_device_id {
            Some(id) => Some(format!("is this user's enrolled device, with the id {id}")),
            None => Some("is this user's enrolled device, and has not told its device id".to_owned()),
        },
        (false, false) if has_serial(case, record) => Some(format!(
            "has its serial number in the device id, and belongs to {}",
            whose()
        )),
        (false, false) => None,
    }
}

/// Whether the id holds the serial number, as Apple's older ids do (`Appl` and the serial number).
fn has_serial(case: &Case<'_, '_>, record: &Enrollment) -> bool {
    record.serial_number.as_deref().is_some_and(|serial| {
        serial.len() >= 8
            && case
                .device
                .as_str()
                .to_ascii_lowercase()
                .ends_with(&serial.to_ascii_lowercase())
    })
}
