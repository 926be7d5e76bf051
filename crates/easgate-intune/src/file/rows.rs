//! From the bytes of a CSV file to facts. Pure.

use std::collections::{BTreeSet, HashMap};

use csv::{ErrorKind, ReaderBuilder, StringRecord};
use easgate_model::{
    ComplianceState, DeviceId, DirectoryUser, EmailAddress, Enrollment, GroupId, Inventory, ManagementAgent,
    ManagementState,
};

use crate::file::FileError;

/// The most rows a file may have.
const MAX_ROWS: usize = 2_000_000;

/// The columns, those that must be there first.
const COLUMNS: [&str; 6] = [
    "user_principal_name",
    "eas_device_id",
    "compliance_state",
    "device_name",
    "licensed",
    "groups",
];
const REQUIRED: usize = 3;

/// Where each of [`COLUMNS`] is in a row.
type Places = [Option<usize>; COLUMNS.len()];

/// One row, read.
struct Row {
    line: u64,
    owner: EmailAddress,
    device: Option<DeviceId>,
    compliance: Option<ComplianceState>,
    device_name: Option<String>,
    licensed: bool,
    groups: BTreeSet<GroupId>,
}

/// Reads the content of a file; `tenant` and `as_of` are left open.
pub(crate) fn parse(bytes: &[u8]) -> Result<Inventory, FileError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(false)
        .from_reader(bytes);
    let mut records = reader.records();
    let mut lines = Lines {
        bytes,
        at: 0,
        line: 1,
    };
    let header = records
        .next()
        .ok_or(FileError::NoRows)?
        .map_err(|error| malformed(&error, &mut lines))?;
    let places = places(&header)?;
    let mut facts = Facts::default();
    for (count, record) in records.enumerate() {
        let record = record.map_err(|error| malformed(&error, &mut lines))?;
        let line = lines.of(record.position());
        if count == MAX_ROWS {
            return Err(at(line, format!("{MAX_ROWS} rows are the most")));
        }
        facts.take(row(&record, &places, line)?)?;
    }
    facts.into_inventory()
}

fn places(header: &StringRecord) -> Result<Places, FileError> {
    let mut places: Places = [None; COLUMNS.len()];
    for (place, name) in header.iter().enumerate() {
        let column = name.trim().to_owned();
        let slot = COLUMNS
            .iter()
            .position(|known| *known == column)
            .and_then(|index| places.get_mut(index));
        match slot {
            None => return Err(FileError::UnknownColumn { column }),
            Some(Some(_)) => return Err(FileError::RepeatedColumn { column }),
            Some(slot) => *slot = Some(place),
        }
    }
    let missing = COLUMNS
        .iter()
        .zip(&places)
        .take(REQUIRED)
        .find(|(_, place)| place.is_none());
    match missing {
        Some((column, _)) => Err(FileError::MissingColumn {
            column: (*column).to_owned(),
        }),
        None => Ok(places),
    }
}

fn row(record: &StringRecord, places: &Places, line: u64) -> Result<Row, FileError> {
    let [owner, device, compliance, device_name, licensed, groups] = places.map(|place| {
        place
            .and_then(|place| record.get(place))
            .unwrap_or_default()
            .trim()
    });
    let owner = owner
        .parse()
        .map_err(|error| at(line, format!("user_principal_name: {error}")))?;
    let device: Option<DeviceId> = match device {
        "" => None,
        id => Some(
            id.parse()
                .map_err(|error| at(line, format!("eas_device_id: {error}")))?,
        ),
    };
    let compliance = match (compliance, &device) {
        ("", None) => None,
        ("", Some(_)) => return Err(at(line, "compliance_state is empty".to_owned())),
        (name, _) => {
            let state = ComplianceState::from_name(name);
            if let ComplianceState::Other(name) = &state {
                let name = easgate_model::escape(name);
                return Err(at(
                    line,
                    format!("compliance_state {name:?} is not one of Graph's names"),
                ));
            }
            Some(state)
        }
    };
    let licensed = match licensed {
        "" => true,
        word if word.eq_ignore_ascii_case("true") => true,
        word if word.eq_ignore_ascii_case("false") => false,
        _ => return Err(at(line, "licensed is neither true nor false".to_owned())),
    };
    let names = groups.split(';').map(str::trim).filter(|name| !name.is_empty());
    Ok(Row {
        line,
        owner,
        device,
        compliance,
        device_name: Some(device_name.to_owned()).filter(|name| !name.is_empty()),
        licensed,
        groups: names.map(GroupId::new).collect(),
    })
}

/// What the rows so far say.
#[derive(Default)]
struct Facts {
    enrollments: Vec<Enrollment>,
    users: Vec<DirectoryUser>,
    /// The line that first named a user, and the user's place.
    by_owner: HashMap<EmailAddress, (u64, usize)>,
    /// The line that first named a user and a device, and its state.
    by_key: HashMap<(EmailAddress, DeviceId), (u64, ComplianceState)>,
}

impl Facts {
    fn take(&mut self, row: Row) -> Result<(), FileError> {
        self.take_user(&row)?;
        let Some(compliance) = row.compliance else {
            return Ok(());
        };
        if let Some(device) = &row.device {
            let key = (row.owner.clone(), device.clone());
            match self.by_key.get(&key) {
                Some((first, state)) if *state != compliance => {
                    return Err(FileError::Contradiction {
                        first: *first,
                        second: row.line,
                    });
                }
                Some(_) => return Ok(()),
                None => self.by_key.insert(key, (row.line, compliance.clone())),
            };
        }
        self.enrollments.push(Enrollment {
            record: row.line.to_string(),
            user_id: None,
            user_principal_name: Some(row.owner),
            eas_device_id: row.device,
            agent: ManagementAgent::Mdm("file".to_owned()),
            state: ManagementState::Unreported,
            compliance,
            compromised: false,
            device_name: row.device_name,
            operating_system: None,
            model: None,
            serial_number: None,
            last_sync: None,
        });
        Ok(())
    }

    /// A user is in every group that one of the rows names.
    fn take_user(&mut self, row: &Row) -> Result<(), FileError> {
        let known = self.by_owner.get(&row.owner).copied();
        match known.and_then(|(first, place)| Some((first, self.users.get_mut(place)?))) {
            Some((first, user)) if user.licensed != row.licensed => Err(FileError::TwoLicences {
                first,
                second: row.line,
            }),
            Some((_, user)) => {
                user.groups.extend(row.groups.iter().cloned());
                Ok(())
            }
            None => {
                self.by_owner
                    .insert(row.owner.clone(), (row.line, self.users.len()));
                self.users.push(DirectoryUser {
                    id: row.owner.as_str().to_owned(),
                    user_principal_name: row.owner.clone(),
                    addresses: Vec::new(),
                    licensed: row.licensed,
                    groups: row.groups.clone(),
                });
                Ok(())
            }
        }
    }

    fn into_inventory(self) -> Result<Inventory, FileError> {
        if self.users.is_empty() {
            return Err(FileError::NoRows);
        }
        let count = |rows: usize| u64::try_from(rows).unwrap_or(u64::MAX);
        let licensed = self.users.iter().filter(|user| user.licensed).count();
        let sizes = [
            ("devices", self.enrollments.len()),
            ("users", self.users.len()),
            ("licences", licensed),
        ];
        Ok(Inventory {
            tenant: None,
            sizes: sizes.map(|(name, rows)| (name.to_owned(), count(rows))).to_vec(),
            enrollments: self.enrollments,
            users: self.users,
            as_of: None,
        })
    }
}

const fn at(line: u64, cause: String) -> FileError {
    FileError::Line { line, cause }
}

/// Counts lines as an editor does: the reader's own count takes the end of the line before for the start.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line on which the record at `position` starts; positions only grow.
    fn of(&mut self, position: Option<&csv::Position>) -> u64 {
        let start = position
            .and_then(|position| usize::try_from(position.byte()).ok())
            .unwrap_or(self.at);
        while let Some(byte) = self.bytes.get(self.at) {
            let ends = *byte == b'\n' || (*byte == b'\r' && self.bytes.get(self.at + 1) != Some(&b'\n'));
            if self.at >= start && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            self.line += u64::from(ends);
            self.at += 1;
        }
        self.line
    }
}

/// What the CSV reader found wrong.
fn malformed(error: &csv::Error, lines: &mut Lines<'_>) -> FileError {
    let line = lines.of(error.position());
    if let ErrorKind::Utf8 { .. } = error.kind() {
        at(line, "it is not UTF-8".to_owned())
    } else if let ErrorKind::UnequalLengths {
        expected_len, len, ..
    } = error.kind()
    {
        at(
            line,
            format!("it has {len} fields, and the first line has {expected_len}"),
        )
    } else {
        at(line, error.to_string())
    }
}
