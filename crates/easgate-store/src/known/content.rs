//! Records and users as the store keeps them.

use easgate_model::{ComplianceState, DirectoryUser, Enrollment, GroupId, ManagementAgent, ManagementState};
use serde::{Deserialize, Serialize};

pub(super) use crate::convert::digest;
use crate::convert::{to_micros, to_time};
use crate::organization::StoreError;

/// A record; the texts are Graph's names.
#[derive(Serialize, Deserialize)]
struct Record {
    record: String,
    user_id: Option<String>,
    upn: Option<String>,
    device: Option<String>,
    agent: (Agent, String),
    state: (State, String),
    compliance: String,
    compromised: bool,
    name: Option<String>,
    system: Option<String>,
    model: Option<String>,
    serial: Option<String>,
    synced: Option<i64>,
}

#[derive(Serialize, Deserialize)]
enum Agent {
    Eas,
    Mdm,
    Other,
}

#[derive(Serialize, Deserialize)]
enum State {
    Managed,
    Leaving,
    Discovered,
    Unreported,
    Other,
}

#[derive(Serialize, Deserialize)]
struct User {
    id: String,
    upn: String,
    addresses: Vec<String>,
    licensed: bool,
    groups: Vec<String>,
}

/// Who owns a record: the directory's id, else the principal name.
pub(super) fn owner(record: &Enrollment) -> String {
    let upn = || record.user_principal_name.as_ref().map(ToString::to_string);
    record
        .user_id
        .clone()
        .or_else(upn)
        .unwrap_or_default()
        .to_ascii_lowercase()
}

pub(super) fn of_record(record: &Enrollment) -> String {
    let text = |value: &Option<String>| value.clone();
    json(&Record {
        record: record.record.clone(),
        user_id: text(&record.user_id),
        upn: record.user_principal_name.as_ref().map(ToString::to_string),
        device: record.eas_device_id.as_ref().map(ToString::to_string),
        agent: (
            match record.agent {
                ManagementAgent::EasOnly => Agent::Eas,
                ManagementAgent::Mdm(_) => Agent::Mdm,
                ManagementAgent::Other(_) => Agent::Other,
            },
            record.agent.name().to_owned(),
        ),
        state: (
            match record.state {
                ManagementState::Managed => State::Managed,
                ManagementState::Leaving(_) => State::Leaving,
                ManagementState::Discovered => State::Discovered,
                ManagementState::Unreported => State::Unreported,
                ManagementState::Other(_) => State::Other,
            },
            record.state.name().to_owned(),
        ),
        compliance: record.compliance.name().to_owned(),
        compromised: record.compromised,
        name: text(&record.device_name),
        system: text(&record.operating_system),
        model: text(&record.model),
        serial: text(&record.serial_number),
        synced: record.last_sync.map(to_micros),
    })
}

/// A digest of what decisions rest on: a device that only checked in has the same.
pub(super) fn digest_of_record(record: &Enrollment) -> i64 {
    digest(&of_record(&Enrollment {
        record: String::new(),
        device_name: None,
        operating_system: None,
        model: None,
        serial_number: None,
        last_sync: None,
        ..record.clone()
    }))
}

pub(super) fn to_record(text: &str) -> Result<Enrollment, StoreError> {
    let corrupt = || StoreError::Corrupt {
        column: "known_records.content",
        value: text.to_owned(),
    };
    let record: Record = serde_json::from_str(text).map_err(|_| corrupt())?;
    Ok(Enrollment {
        record: record.record,
        user_id: record.user_id,
        user_principal_name: record.upn.and_then(|upn| upn.parse().ok()),
        eas_device_id: record.device.and_then(|device| device.parse().ok()),
        agent: match record.agent {
            (Agent::Eas, _) => ManagementAgent::EasOnly,
            (Agent::Mdm, name) => ManagementAgent::Mdm(name),
            (Agent::Other, name) => ManagementAgent::Other(name),
        },
        state: match record.state {
            (State::Managed, _) => ManagementState::Managed,
            (State::Discovered, _) => ManagementState::Discovered,
            (State::Unreported, _) => ManagementState::Unreported,
            (State::Leaving, name) => ManagementState::Leaving(name),
            (State::Other, name) => ManagementState::Other(name),
        },
        compliance: ComplianceState::from_name(&record.compliance),
        compromised: record.compromised,
        device_name: record.name,
        operating_system: record.system,
        model: record.model,
        serial_number: record.serial,
        last_sync: record
            .synced
            .map(|at| to_time(at, "known_records.content"))
            .transpose()?,
    })
}

pub(super) fn of_user(user: &DirectoryUser) -> String {
    json(&User {
        id: user.id.clone(),
        upn: user.user_principal_name.to_string(),
        addresses: user.addresses.iter().map(ToString::to_string).collect(),
        licensed: user.licensed,
        groups: user.groups.iter().map(ToString::to_string).collect(),
    })
}

pub(super) fn to_user(text: &str) -> Result<DirectoryUser, StoreError> {
    let corrupt = || StoreError::Corrupt {
        column: "known_users.content",
        value: text.to_owned(),
    };
    let user: User = serde_json::from_str(text).map_err(|_| corrupt())?;
    Ok(DirectoryUser {
        id: user.id,
        user_principal_name: user.upn.parse().map_err(|_| corrupt())?,
        addresses: user
            .addresses
            .iter()
            .filter_map(|address| address.parse().ok())
            .collect(),
        licensed: user.licensed,
        groups: user.groups.iter().map(|group| GroupId::new(group)).collect(),
    })
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts, numbers and names are JSON")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use time::macros::datetime;

    use super::*;

    #[test]
    fn records_and_users_come_back_as_they_were() {
        let agents = [
            ManagementAgent::EasOnly,
            ManagementAgent::Mdm("easMdm".to_owned()),
            ManagementAgent::Other("msSense".to_owned()),
        ];
        let states = [
            ManagementState::Managed,
            ManagementState::Discovered,
            ManagementState::Unreported,
            ManagementState::Leaving("retirePending".to_owned()),
            ManagementState::Other("unhealthy".to_owned()),
        ];
        for agent in &agents {
            for state in &states {
                let record = Enrollment {
                    record: "r".to_owned(),
                    user_id: Some("u".to_owned()),
                    user_principal_name: "ana@x.example".parse().ok(),
                    eas_device_id: "ApplA".parse().ok(),
                    agent: agent.clone(),
                    state: state.clone(),
                    compliance: ComplianceState::InGracePeriod,
                    compromised: true,
                    device_name: Some("\u{1b}[2J".to_owned()),
                    operating_system: None,
                    model: Some("iPhone".to_owned()),
                    serial_number: None,
                    last_sync: Some(datetime!(2026-11-25 08:00 UTC)),
                };
                assert_eq!(to_record(&of_record(&record)).unwrap(), record);
                let checked_in = Enrollment {
                    last_sync: None,
                    ..record.clone()
                };
                assert_eq!(digest_of_record(&record), digest_of_record(&checked_in));
                let failed = Enrollment {
                    compliance: ComplianceState::Noncompliant,
                    ..record.clone()
                };
                assert_ne!(digest_of_record(&record), digest_of_record(&failed));
            }
        }
        let user = DirectoryUser {
            id: "u".to_owned(),
            user_principal_name: "ana@x.example".parse().unwrap(),
            addresses: vec!["a@x.example".parse().unwrap()],
            licensed: true,
            groups: BTreeSet::from([GroupId::new("g")]),
        };
        assert_eq!(to_user(&of_user(&user)).unwrap(), user);
        assert!(to_user("{}").is_err() && to_record("[]").is_err());
    }
}
