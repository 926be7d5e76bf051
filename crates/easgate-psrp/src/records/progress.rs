//! Progress records.

use crate::clixml::PsValue;
use crate::message::members::{bag, optional, optional_text, small_number_or, text};

/// PROGRESS_RECORD: how far a cmdlet is ([MS-PSRP] 2.2.2.25).
///
/// [MS-PSRP]: https://learn.microsoft.com/openspecs/windows_protocols/ms-psrp/
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProgressRecord {
    /// What is being done.
    pub activity: String,
    /// The activity's number.
    pub activity_id: i32,
    /// How it stands.
    pub status_description: Option<String>,
    /// The step it is at.
    pub current_operation: Option<String>,
    /// The number of the activity this is a part of, -1 for none.
    pub parent_activity_id: i32,
    /// 0 to 100, -1 when it is not known.
    pub percent_complete: i32,
    /// Whether the activity is over.
    pub completed: bool,
    /// Seconds to go, -1 when they are not known.
    pub seconds_remaining: i32,
}

impl ProgressRecord {
    /// A step of an activity of its own.
    #[must_use]
    pub fn new(activity: &str, status_description: &str) -> Self {
        Self {
            activity: activity.to_owned(),
            activity_id: 0,
            status_description: Some(status_description.to_owned()),
            current_operation: None,
            parent_activity_id: -1,
            percent_complete: -1,
            completed: false,
            seconds_remaining: -1,
        }
    }

    pub(crate) fn read(record: &PsValue) -> Self {
        Self {
            activity: text(record, "Activity"),
            activity_id: small_number_or(record, "ActivityId", 0),
            status_description: optional(record, "StatusDescription"),
            current_operation: optional(record, "CurrentOperation"),
            parent_activity_id: small_number_or(record, "ParentActivityId", -1),
            percent_complete: small_number_or(record, "PercentComplete", -1),
            completed: small_number_or(record, "Type", 0) == 1,
            seconds_remaining: small_number_or(record, "SecondsRemaining", -1),
        }
    }

    pub(crate) fn value(&self) -> PsValue {
        let (name, number) = if self.completed {
            ("Completed", 1)
        } else {
            ("Processing", 0)
        };
        bag([
            ("Activity", self.activity.as_str().into()),
            ("ActivityId", self.activity_id.into()),
            (
                "StatusDescription",
                optional_text(self.status_description.as_deref()),
            ),
            (
                "CurrentOperation",
                optional_text(self.current_operation.as_deref()),
            ),
            ("ParentActivityId", self.parent_activity_id.into()),
            ("PercentComplete", self.percent_complete.into()),
            (
                "Type",
                PsValue::enumeration("System.Management.Automation.ProgressRecordType", name, number),
            ),
            ("SecondsRemaining", self.seconds_remaining.into()),
        ])
    }
}
