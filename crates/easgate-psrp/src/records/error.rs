//! Error records.

use std::fmt;

use bytes::Bytes;

use crate::clixml::{ClixmlError, PsObject, PsValue};
use crate::message::members::{member, optional, small_number_or, text};
use crate::message::value;

/// An error of a pipeline ([MS-PSRP] 2.2.3.15).
///
/// [MS-PSRP]: https://learn.microsoft.com/openspecs/windows_protocols/ms-psrp/
#[derive(Clone, PartialEq)]
pub struct ErrorRecord {
    /// The exception's message, in the server's language: for people, never to decide by.
    pub message: String,
    /// `ErrorId,Class.Name`, with what Exchange puts before it.
    pub fully_qualified_error_id: String,
    /// The category's number, 0 when it is not specified.
    pub category: i32,
    /// The cmdlet.
    pub activity: String,
    /// The exception's short name, `ManagementObjectNotFoundException`: what to decide by.
    pub reason: String,
    /// What the cmdlet was about.
    pub target_name: String,
    /// The target's type.
    pub target_type: String,
    /// The category in one line.
    pub category_message: String,
    /// The exception's full type name.
    pub exception_type: Option<String>,
    /// A message that replaces the exception's for people.
    pub details_message: Option<String>,
    /// What the server thinks should be done.
    pub recommended_action: Option<String>,
    /// What the cmdlet was about, of any type.
    pub target: PsValue,
    /// The message that held the record, as received; empty for a record made here.
    pub raw: Bytes,
}

impl Default for ErrorRecord {
    fn default() -> Self {
        Self {
            message: String::new(),
            fully_qualified_error_id: String::new(),
            category: 0,
            activity: String::new(),
            reason: String::new(),
            target_name: String::new(),
            target_type: String::new(),
            category_message: String::new(),
            exception_type: None,
            details_message: None,
            recommended_action: None,
            target: PsValue::NIL,
            raw: Bytes::new(),
        }
    }
}

impl fmt::Debug for ErrorRecord {
    /// Leaves out the raw message, which repeats everything.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorRecord")
            .field("message", &self.message)
            .field("fully_qualified_error_id", &self.fully_qualified_error_id)
            .field("category_message", &self.category_message)
            .field("reason", &self.reason)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for ErrorRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.details_message.as_deref().unwrap_or(&self.message))
    }
}

impl ErrorRecord {
    /// Reads the data of an ERROR_RECORD message.
    ///
    /// # Errors
    ///
    /// CLIXML that is broken. Members that are absent are empty: a record is never lost for them.
    pub fn decode(data: &Bytes) -> Result<Self, ClixmlError> {
        Ok(Self {
            raw: data.clone(),
            ..Self::read(&value(data)?)
        })
    }

    /// Reads a record inside another object.
    pub(crate) fn read(record: &PsValue) -> Self {
        let exception = member(record, "Exception");
        let message = exception
            .and_then(|exception| {
                optional(exception, "Message").or_else(|| exception.as_str().map(str::to_owned))
            })
            .or_else(|| record.as_str().map(str::to_owned));
        Self {
            message: message.unwrap_or_default(),
            fully_qualified_error_id: text(record, "FullyQualifiedErrorId"),
            category: small_number_or(record, "ErrorCategory_Category", 0),
            activity: text(record, "ErrorCategory_Activity"),
            reason: text(record, "ErrorCategory_Reason"),
            target_name: text(record, "ErrorCategory_TargetName"),
            target_type: text(record, "ErrorCategory_TargetType"),
            category_message: text(record, "ErrorCategory_Message"),
            exception_type: exception.and_then(|exception| exception.type_names().first().cloned()),
            details_message: optional(record, "ErrorDetails_Message"),
            recommended_action: optional(record, "ErrorDetails_RecommendedAction"),
            target: record.property("TargetObject").cloned().unwrap_or(PsValue::NIL),
            raw: Bytes::new(),
        }
    }

    pub(crate) fn value(&self) -> PsValue {
        let mut members = vec![
            ("Exception".to_owned(), self.exception()),
            ("TargetObject".to_owned(), self.target.clone()),
            (
                "FullyQualifiedErrorId".to_owned(),
                self.fully_qualified_error_id.as_str().into(),
            ),
            ("InvocationInfo".to_owned(), PsValue::NIL),
            ("ErrorCategory_Category".to_owned(), self.category.into()),
            ("ErrorCategory_Activity".to_owned(), self.activity.as_str().into()),
            ("ErrorCategory_Reason".to_owned(), self.reason.as_str().into()),
            (
                "ErrorCategory_TargetName".to_owned(),
                self.target_name.as_str().into(),
            ),
            (
                "ErrorCategory_TargetType".to_owned(),
                self.target_type.as_str().into(),
            ),
            (
                "ErrorCategory_Message".to_owned(),
                self.category_message.as_str().into(),
            ),
        ];
        if self.details_message.is_some() || self.recommended_action.is_some() {
            let text = |text: &Option<String>| text.as_deref().map_or(PsValue::NIL, PsValue::from);
            members.push(("ErrorDetails_Message".to_owned(), text(&self.details_message)));
            members.push((
                "ErrorDetails_RecommendedAction".to_owned(),
                text(&self.recommended_action),
            ));
        }
        members.push(("SerializeExtendedInfo".to_owned(), false.into()));
        let names = ["System.Management.Automation.ErrorRecord", "System.Object"];
        PsObject {
            extended: members,
            ..PsValue::object(&names).text(&self.to_string())
        }
        .into()
    }

    fn exception(&self) -> PsValue {
        let name = self.exception_type.as_deref().unwrap_or("System.Exception");
        let mut type_names = vec![name, "System.Exception", "System.Object"];
        type_names.dedup();
        let text = format!("{name}: {}", self.message);
        PsValue::object(&type_names)
            .text(&text)
            .adapted("Message", self.message.as_str())
            .into()
    }
}
