//! Values, commands and records as they may be written.

mod value;

use easgate_psrp::clixml::{self, PsValue};

use super::Identities;
use super::line::{Event, RecordedParameter, RecordedProgress};
use super::pseudonym::Pseudonyms;
use super::{known, secret, text};
use crate::{Command, ErrorRecord, ProgressRecord, Record};
use value::Place;

/// Removes secrets always, and identities unless they are to be kept.
#[derive(Debug)]
pub(super) struct Redactor {
    pseudonyms: Option<Pseudonyms>,
}

impl Redactor {
    pub(super) fn new(identities: &Identities) -> Self {
        let pseudonyms = match identities {
            Identities::Pseudonyms { key } => Some(Pseudonyms::new(key)),
            Identities::Keep => None,
        };
        Self { pseudonyms }
    }

    /// A text that names somebody or something.
    pub(super) fn identity(&self, text: &str) -> String {
        let text = secret::scrub(text);
        match &self.pseudonyms {
            Some(pseudonyms) => text::identity(pseudonyms, &text),
            None => text,
        }
    }

    /// A text for people.
    pub(super) fn message(&self, text: &str) -> String {
        let text = secret::scrub(text);
        match &self.pseudonyms {
            Some(pseudonyms) => text::message(pseudonyms, &text),
            None => text,
        }
    }

    /// The id of an error.
    pub(super) fn error_id(&self, text: &str) -> String {
        let text = secret::scrub(text);
        match &self.pseudonyms {
            Some(pseudonyms) => text::error_id(pseudonyms, &text),
            None => text,
        }
    }

    /// A name that a program chose, such as that of a type; a message if it does not look like one.
    pub(super) fn program_name(&self, text: &str) -> String {
        if text::is_identifier(text) || text.is_empty() {
            text.to_owned()
        } else {
            self.message(text)
        }
    }

    /// A command's name and parameters.
    pub(super) fn command(&self, command: &Command) -> Event {
        let parameters = command.parameters.iter().map(|parameter| {
            let place = Place::parameter(&command.name, parameter.name.as_deref());
            RecordedParameter {
                name: parameter.name.as_deref().map(|name| self.program_name(name)),
                value: clixml_text(&self.value(&parameter.value, &place)),
            }
        });
        Event::Invoke {
            command: self.program_name(&command.name),
            parameters: parameters.collect(),
        }
    }

    /// One record of `cmdlet`.
    pub(super) fn record(&self, cmdlet: &str, record: &Record) -> Event {
        match record {
            Record::Output(output) => match clixml::parse(output.as_bytes()) {
                Ok(values) => {
                    let place = Place::output(cmdlet);
                    let texts = values.iter().map(|value| clixml_text(&self.value(value, &place)));
                    Event::Output(texts.collect())
                }
                Err(error) => Event::Undecodable(self.message(&error.to_string())),
            },
            Record::Error(error) => Event::Error(self.error_record(cmdlet, error)),
            Record::Warning(text) => Event::Warning(self.message(text)),
            Record::Verbose(text) => Event::Verbose(self.message(text)),
            Record::Debug(text) => Event::Debug(self.message(text)),
            Record::Information(text) => Event::Information(self.message(text)),
            Record::Progress(progress) => Event::Progress(self.progress(progress)),
            Record::Undecodable { reason } => Event::Undecodable(self.message(reason)),
        }
    }

    /// An error record as CLIXML that [`ErrorRecord::decode`] reads.
    pub(super) fn error_record(&self, cmdlet: &str, error: &ErrorRecord) -> String {
        let target = self.value(&error.target, &Place::output(cmdlet));
        let activity = self.program_name(&error.activity);
        let reason = self.program_name(&error.reason);
        let target_name = self.identity(&error.target_name);
        let target_type = self.program_name(&error.target_type);
        let category_message = if error.category_message.is_empty() {
            String::new()
        } else if self.pseudonyms.is_some() {
            format!("({target_name}:{target_type}) [{activity}], {reason}")
        } else {
            self.message(&error.category_message)
        };
        let types: Vec<String> = error
            .exception_type
            .iter()
            .map(|name| self.program_name(name))
            .collect();
        let types: Vec<&str> = types.iter().map(String::as_str).collect();
        let exception = PsValue::object(&types).adapted("Message", self.message(&error.message));
        let optional = |text: &Option<String>| PsValue::from(text.as_deref().map(|text| self.message(text)));
        let members: [(&str, PsValue); 11] = [
            ("Exception", exception.into()),
            ("TargetObject", target),
            (
                "FullyQualifiedErrorId",
                self.error_id(&error.fully_qualified_error_id).into(),
            ),
            ("ErrorCategory_Category", error.category.into()),
            ("ErrorCategory_Activity", activity.into()),
            ("ErrorCategory_Reason", reason.into()),
            ("ErrorCategory_TargetName", target_name.into()),
            ("ErrorCategory_TargetType", target_type.into()),
            ("ErrorCategory_Message", category_message.into()),
            ("ErrorDetails_Message", optional(&error.details_message)),
            (
                "ErrorDetails_RecommendedAction",
                optional(&error.recommended_action),
            ),
        ];
        clixml_text(&PsValue::bag(members))
    }

    fn progress(&self, progress: &ProgressRecord) -> RecordedProgress {
        let optional = |text: &Option<String>| text.as_deref().map(|text| self.message(text));
        RecordedProgress {
            activity: self.message(&progress.activity),
            activity_id: progress.activity_id,
            status_description: optional(&progress.status_description),
            current_operation: optional(&progress.current_operation),
            parent_activity_id: progress.parent_activity_id,
            percent_complete: progress.percent_complete,
            completed: progress.completed,
            seconds_remaining: progress.seconds_remaining,
        }
    }
}

/// A value as CLIXML text.
pub(super) fn clixml_text(value: &PsValue) -> String {
    String::from_utf8(clixml::to_vec(value)).expect("CLIXML is written as UTF-8")
}

#[cfg(test)]
mod tests;
