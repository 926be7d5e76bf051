//! Warnings, verbose and debug texts, and information records.

use bytes::Bytes;

use crate::clixml::{ClixmlError, Primitive, PsValue};
use crate::message::members::{bag, items, list, optional, optional_text, text};
use crate::message::value;

/// WARNING_RECORD, VERBOSE_RECORD or DEBUG_RECORD ([MS-PSRP] 2.2.3.16).
///
/// [MS-PSRP]: https://learn.microsoft.com/openspecs/windows_protocols/ms-psrp/
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InformationalRecord {
    /// What it says, in the server's language.
    pub message: String,
    /// The message that held the record, with what it tells of the invocation; empty for a record made here.
    pub raw: Bytes,
}

impl InformationalRecord {
    /// A record that says `message`.
    #[must_use]
    pub fn new(message: &str) -> Self {
        Self {
            message: message.to_owned(),
            raw: Bytes::new(),
        }
    }

    /// Reads the data of a message.
    pub(crate) fn decode(data: &Bytes) -> Result<Self, ClixmlError> {
        let record = value(data)?;
        let message =
            optional(&record, "InformationalRecord_Message").or_else(|| record.as_str().map(str::to_owned));
        Ok(Self {
            message: message.unwrap_or_default(),
            raw: data.clone(),
        })
    }

    /// The record as an object of the stream `kind`: `Warning`, `Verbose` or `Debug`.
    pub(crate) fn value(&self, kind: &str) -> PsValue {
        let name = format!("System.Management.Automation.{kind}Record");
        PsValue::object(&[
            &name,
            "System.Management.Automation.InformationalRecord",
            "System.Object",
        ])
        .text(&self.message)
        .extended("InformationalRecord_Message", self.message.as_str())
        .extended("InformationalRecord_SerializeInvocationInfo", false)
        .into()
    }
}

/// INFORMATION_RECORD: from protocol 2.3 on ([MS-PSRP] 2.2.2.26).
///
/// [MS-PSRP]: https://learn.microsoft.com/openspecs/windows_protocols/ms-psrp/
#[derive(Debug, Clone, PartialEq)]
pub struct InformationRecord {
    /// What was written, of any type.
    pub message_data: PsValue,
    /// The cmdlet or script that wrote it.
    pub source: String,
    /// When, as written.
    pub time_generated: Option<String>,
    /// Words to select by.
    pub tags: Vec<String>,
    /// The account it ran under.
    pub user: Option<String>,
    /// Where it ran.
    pub computer: Option<String>,
}

impl InformationRecord {
    /// A record that says `message`.
    #[must_use]
    pub fn new(message: &str, source: &str) -> Self {
        Self {
            message_data: message.into(),
            source: source.to_owned(),
            time_generated: None,
            tags: Vec::new(),
            user: None,
            computer: None,
        }
    }

    /// What was written as text: the message of a `Write-Host`, or the object's display form.
    pub fn message(&self) -> &str {
        let inner = self.message_data.property("Message").and_then(PsValue::as_str);
        inner.or_else(|| self.message_data.as_str()).unwrap_or_default()
    }

    pub(crate) fn read(record: &PsValue) -> Self {
        Self {
            message_data: record.property("MessageData").cloned().unwrap_or(PsValue::NIL),
            source: text(record, "Source"),
            time_generated: optional(record, "TimeGenerated"),
            tags: items(record, "Tags")
                .iter()
                .filter_map(PsValue::as_str)
                .map(str::to_owned)
                .collect(),
            user: optional(record, "User"),
            computer: optional(record, "Computer"),
        }
    }

    pub(crate) fn value(&self) -> PsValue {
        let time = self
            .time_generated
            .clone()
            .map_or(PsValue::NIL, |time| PsValue::Primitive(Primitive::DateTime(time)));
        let strings = "System.Collections.Generic.List`1[[System.String, mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089]]";
        let none = || PsValue::Primitive(Primitive::U32(0));
        bag([
            ("MessageData", self.message_data.clone()),
            ("Source", self.source.as_str().into()),
            ("TimeGenerated", time),
            (
                "Tags",
                list(strings, self.tags.iter().map(|tag| tag.as_str().into()).collect()),
            ),
            ("User", optional_text(self.user.as_deref())),
            ("Computer", optional_text(self.computer.as_deref())),
            ("ProcessId", none()),
            ("NativeThreadId", none()),
            ("ManagedThreadId", none()),
        ])
    }
}
