//! Calls of the host, and their answers.

use crate::clixml::PsValue;
use crate::message::ContentError;
use crate::message::members::{bag_of, i64_value, items, list, member, number, required, small_number};

use super::ErrorRecord;

/// The call id of a call that wants no answer.
pub const NO_ANSWER: i64 = -100;

/// RUNSPACEPOOL_HOST_CALL or PIPELINE_HOST_CALL: the server wants something of the person before the client.
#[derive(Debug, Clone, PartialEq)]
pub struct HostCall {
    /// The call's number; [`NO_ANSWER`] for one that wants none.
    pub call_id: i64,
    /// The method's number ([MS-PSRP] 2.2.3.17).
    ///
    /// [MS-PSRP]: https://learn.microsoft.com/openspecs/windows_protocols/ms-psrp/
    pub method: i32,
    /// The method's name, `PromptForChoice`.
    pub method_name: String,
    /// Its arguments.
    pub parameters: Vec<PsValue>,
}

/// RUNSPACEPOOL_HOST_RESPONSE or PIPELINE_HOST_RESPONSE: the answer.
#[derive(Debug, Clone, PartialEq)]
pub struct HostResponse {
    /// The call's number.
    pub call_id: i64,
    /// The method's number.
    pub method: i32,
    /// The method's name.
    pub method_name: String,
    /// What the method gave back; Nil for nothing.
    pub result: PsValue,
    /// Why it could not be done.
    pub error: Option<Box<ErrorRecord>>,
}

const METHOD: &str = "System.Management.Automation.Remoting.RemoteHostMethodId";

impl HostCall {
    /// Whether the server waits for an answer.
    pub const fn wants_answer(&self) -> bool {
        self.call_id != NO_ANSWER
    }

    /// The answer of a client that has no person before it: the method is not there.
    ///
    /// The server ends its wait and fails the command, as it does for a host that it knows to be absent.
    #[must_use]
    pub fn refusal(&self) -> HostResponse {
        let message = format!("the host has no {}: nobody is there to answer", self.method_name);
        let error = ErrorRecord {
            message,
            fully_qualified_error_id: "HostMethodNotImplemented".to_owned(),
            category: 11,
            reason: "NotImplementedException".to_owned(),
            exception_type: Some("System.NotImplementedException".to_owned()),
            category_message: "NotImplemented: (:) [], NotImplementedException".to_owned(),
            ..ErrorRecord::default()
        };
        HostResponse {
            call_id: self.call_id,
            method: self.method,
            method_name: self.method_name.clone(),
            result: PsValue::NIL,
            error: Some(Box::new(error)),
        }
    }

    pub(crate) fn read(value: &PsValue) -> Result<Self, ContentError> {
        let (call_id, method, method_name) = read_method(value)?;
        Ok(Self {
            call_id,
            method,
            method_name,
            parameters: items(value, "mp").to_vec(),
        })
    }

    pub(crate) fn value(&self) -> PsValue {
        let mut members = method(self.call_id, self.method, &self.method_name);
        members.push((
            "mp".to_owned(),
            list("System.Collections.ArrayList", self.parameters.clone()),
        ));
        bag_of(members)
    }
}

impl HostResponse {
    pub(crate) fn read(value: &PsValue) -> Result<Self, ContentError> {
        let (call_id, method, method_name) = read_method(value)?;
        let result = value.property("mr").cloned().unwrap_or(PsValue::NIL);
        Ok(Self {
            call_id,
            method,
            method_name,
            result,
            error: member(value, "me").map(ErrorRecord::read).map(Box::new),
        })
    }

    pub(crate) fn value(&self) -> PsValue {
        let mut members = method(self.call_id, self.method, &self.method_name);
        match &self.error {
            Some(error) => members.push(("me".to_owned(), error.value())),
            None => members.push(("mr".to_owned(), self.result.clone())),
        }
        bag_of(members)
    }
}

fn read_method(value: &PsValue) -> Result<(i64, i32, String), ContentError> {
    let name = required(value, "mi")?.as_str().unwrap_or_default().to_owned();
    Ok((number(value, "ci")?, small_number(value, "mi")?, name))
}

fn method(call_id: i64, number: i32, name: &str) -> Vec<(String, PsValue)> {
    vec![
        ("ci".to_owned(), i64_value(call_id)),
        ("mi".to_owned(), PsValue::enumeration(METHOD, name, number)),
    ]
}
