//! A transport that notes what it is asked and answers what a test says.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use easgate_cmdlet::{CmdletTransport, Invocation, InvokeError, Output, Record};
use easgate_psrp::clixml::{Content, PsValue};
use easgate_psrp::command::Command;
use easgate_psrp::records::ErrorRecord;

use crate::{Config, ExchangeClient};

pub(super) type Answer = Vec<Result<Record, InvokeError>>;

pub(super) struct Fake {
    answer: Box<dyn Fn(&Command) -> Answer + Send + Sync>,
    sent: Mutex<Vec<Command>>,
}

#[async_trait]
impl CmdletTransport for Fake {
    async fn invoke(&self, command: Command) -> Result<Invocation, InvokeError> {
        let answer = (self.answer)(&command);
        self.sent.lock().unwrap().push(command);
        Ok(Invocation::from_records(answer))
    }

    fn endpoint(&self) -> String {
        "http://ex1.contoso.com/powershell".to_owned()
    }

    async fn close(&self) {}
}

impl Fake {
    /// The commands so far.
    pub(super) fn commands(&self) -> Vec<Command> {
        self.sent.lock().unwrap().clone()
    }

    /// The commands so far as a person would type them, one a line.
    pub(super) fn sent(&self) -> String {
        let sent = self.sent.lock().unwrap();
        sent.iter().map(|command| render(command) + "\n").collect()
    }
}

/// A client of Exchange that answers by `answer`; `Get-Command` tells nothing unless `answer` does.
pub(super) fn exchange(
    answer: impl Fn(&Command) -> Answer + Send + Sync + 'static,
) -> (ExchangeClient, Arc<Fake>) {
    exchange_with(answer, Config::default())
}

pub(super) fn exchange_with(
    answer: impl Fn(&Command) -> Answer + Send + Sync + 'static,
    config: Config,
) -> (ExchangeClient, Arc<Fake>) {
    let fake = Arc::new(Fake {
        answer: Box::new(answer),
        sent: Mutex::default(),
    });
    let transport: Arc<dyn CmdletTransport> = Arc::<Fake>::clone(&fake);
    (ExchangeClient::new(transport, config), fake)
}

/// Runs a future to its end; nothing here waits for anything.
pub(super) fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(future)
}

pub(super) fn output(clixml: &str) -> Result<Record, InvokeError> {
    Ok(Record::Output(Output::new(clixml.as_bytes().to_vec().into())))
}

pub(super) fn warning(text: &str) -> Result<Record, InvokeError> {
    Ok(Record::Warning(text.to_owned()))
}

pub(super) fn error(reason: &str, id: &str, message: &str) -> ErrorRecord {
    ErrorRecord {
        reason: reason.to_owned(),
        fully_qualified_error_id: id.to_owned(),
        message: message.to_owned(),
        ..ErrorRecord::default()
    }
}

/// How a cmdlet that is not there ends.
pub(super) fn no_command(command: &Command) -> Answer {
    vec![Err(InvokeError::Failed {
        cmdlet: command.name.clone(),
        error: Box::new(error(
            "CommandNotFoundException",
            "CommandNotFoundException",
            &format!("The term '{}' is not recognized.", command.name),
        )),
    })]
}

/// An object whose members are strings, as Exchange writes them without `serializationLevel=Full`.
pub(super) fn strings(members: &[(&str, &str)]) -> String {
    let members: String = members
        .iter()
        .map(|(name, value)| format!("<S N=\"{name}\">{value}</S>"))
        .collect();
    format!("<Obj RefId=\"0\"><Props>{members}</Props></Obj>")
}

fn render(command: &Command) -> String {
    let mut text = command.name.clone();
    for parameter in &command.parameters {
        let name = parameter.name.as_deref().unwrap_or("?");
        text.push_str(&format!(" -{name} {}", render_value(&parameter.value)));
    }
    text
}

fn render_value(value: &PsValue) -> String {
    if value.is_nil() {
        return "$null".to_owned();
    }
    if let Some(flag) = value.as_bool() {
        return format!("${flag}");
    }
    if let Some(number) = value.as_i64() {
        return number.to_string();
    }
    match value.as_object().and_then(|object| object.content.as_ref()) {
        Some(Content::Dictionary(entries)) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(key, value)| format!("{}={}", key.as_str().unwrap_or("?"), render_value(value)))
                .collect();
            format!("@{{{}}}", entries.join("; "))
        }
        Some(Content::List(items)) if items.len() > 4 => format!("@({} items)", items.len()),
        Some(Content::List(items)) => {
            let items: Vec<String> = items.iter().map(render_value).collect();
            format!("@({})", items.join(","))
        }
        _ => format!("'{}'", value.as_str().unwrap_or("?")),
    }
}
