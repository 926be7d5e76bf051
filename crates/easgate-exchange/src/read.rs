//! Running one cmdlet: its records in, values or one typed error out.

use easgate_cmdlet::{CmdletTransport, Invocation, Output, Record};
use easgate_psrp::command::Command;

use crate::ExchangeError;
use crate::wire::Wire;

/// What Exchange gives when nobody asks for more, so a list of this length is suspicious.
const DEFAULT_RESULT_SIZE: usize = 1000;

/// One cmdlet that is running.
pub(crate) struct Reading {
    cmdlet: &'static str,
    invocation: Invocation,
    /// A record that was looked at already.
    ahead: Option<Record>,
    outputs: usize,
    warnings: Vec<String>,
    /// Whether error records are passed over, as where each says that one of several names is unknown.
    lenient: bool,
}

impl Reading {
    /// Starts `command`, which must carry the name `cmdlet`, and waits for its first record that matters, by which
    /// a cmdlet that is not there shows itself. A server tells its progress before even that: the first command of
    /// a runspace begins with "Preparing modules for first use."
    pub(crate) async fn start(
        transport: &dyn CmdletTransport,
        cmdlet: &'static str,
        command: Command,
    ) -> Result<Self, ExchangeError> {
        let mut reading = Self::open(transport, cmdlet, command).await?;
        loop {
            match reading.record().await? {
                Some(
                    Record::Progress(_) | Record::Verbose(_) | Record::Debug(_) | Record::Information(_),
                ) => {}
                first => {
                    reading.ahead = first;
                    return Ok(reading);
                }
            }
        }
    }

    /// Starts `command`, whose error records mean nothing.
    pub(crate) async fn lenient(
        transport: &dyn CmdletTransport,
        cmdlet: &'static str,
        command: Command,
    ) -> Result<Self, ExchangeError> {
        let mut reading = Self::open(transport, cmdlet, command).await?;
        reading.lenient = true;
        Ok(reading)
    }

    async fn open(
        transport: &dyn CmdletTransport,
        cmdlet: &'static str,
        command: Command,
    ) -> Result<Self, ExchangeError> {
        let invocation = transport
            .invoke(command)
            .await
            .map_err(|source| ExchangeError::from_invoke(cmdlet, source))?;
        Ok(Self {
            cmdlet,
            invocation,
            ahead: None,
            outputs: 0,
            warnings: Vec::new(),
            lenient: false,
        })
    }

    /// The next object; `None` when the list ended and is complete.
    pub(crate) async fn next<W: Wire>(&mut self) -> Option<Result<W::Value, ExchangeError>> {
        loop {
            match self.record().await {
                Ok(Some(Record::Output(output))) => {
                    self.outputs += 1;
                    return Some(self.decode::<W>(&output));
                }
                Ok(Some(record)) => {
                    if let Err(error) = self.note(record) {
                        return Some(Err(error));
                    }
                }
                Ok(None) => return self.completeness().err().map(Err),
                Err(error) => return Some(Err(error)),
            }
        }
    }

    /// Runs to the end and gives the warnings; what the cmdlet gives out is not looked at.
    pub(crate) async fn finish(mut self) -> Result<Vec<String>, ExchangeError> {
        while let Some(record) = self.record().await? {
            self.note(record)?;
        }
        Ok(self.warnings)
    }

    /// The next record of any kind that matters; an error record is an error.
    async fn record(&mut self) -> Result<Option<Record>, ExchangeError> {
        if let Some(record) = self.ahead.take() {
            return Ok(Some(record));
        }
        match self.invocation.next().await {
            None => Ok(None),
            Some(Ok(Record::Error(error))) if !self.lenient => {
                Err(ExchangeError::from_record(self.cmdlet, error))
            }
            Some(Ok(record)) => Ok(Some(record)),
            Some(Err(source)) => Err(ExchangeError::from_invoke(self.cmdlet, source)),
        }
    }

    fn note(&mut self, record: Record) -> Result<(), ExchangeError> {
        match record {
            Record::Warning(warning) => {
                tracing::debug!(
                    cmdlet = self.cmdlet,
                    warning = easgate_model::escape(&warning),
                    "Exchange warns"
                );
                if speaks_of_truncation(&warning) {
                    return Err(self.truncated(warning));
                }
                self.warnings.push(warning);
                Ok(())
            }
            Record::Undecodable { reason } => Err(ExchangeError::Decode {
                cmdlet: self.cmdlet,
                object: format!("record after object {}", self.outputs),
                fault: reason,
            }),
            Record::Output(_)
            | Record::Error(_)
            | Record::Verbose(_)
            | Record::Debug(_)
            | Record::Information(_)
            | Record::Progress(_)
            | _ => Ok(()),
        }
    }

    /// A list of exactly the default size that ended with a warning was cut, whatever the server's language.
    fn completeness(&mut self) -> Result<(), ExchangeError> {
        let telling = self.warnings.iter().position(|warning| !is_delay(warning));
        match telling {
            Some(at) if self.outputs == DEFAULT_RESULT_SIZE => {
                let warning = self.warnings.swap_remove(at);
                Err(self.truncated(warning))
            }
            _ => Ok(()),
        }
    }

    const fn truncated(&self, warning: String) -> ExchangeError {
        ExchangeError::Truncated {
            cmdlet: self.cmdlet,
            warning,
        }
    }

    fn decode<W: Wire>(&self, output: &Output) -> Result<W::Value, ExchangeError> {
        let wire: W = output.deserialize().map_err(|error| ExchangeError::Decode {
            cmdlet: self.cmdlet,
            object: self.label(output),
            fault: error.to_string(),
        })?;
        let object = wire.label();
        wire.value().map_err(|fault| ExchangeError::Decode {
            cmdlet: self.cmdlet,
            object: object.unwrap_or_else(|| self.label(output)),
            fault,
        })
    }

    /// What names an object that could not be decoded.
    fn label(&self, output: &Output) -> String {
        let named = output.value().ok().and_then(|value| {
            ["DistinguishedName", "Identity", "Name", "Guid"]
                .iter()
                .find_map(|name| value.property(name)?.as_str().map(str::to_owned))
        });
        named.unwrap_or_else(|| format!("object {}", self.outputs))
    }
}

/// Whether a warning says that there are more objects.
///
/// The English texts, and any text that names the parameter, which is in no language.
fn speaks_of_truncation(warning: &str) -> bool {
    let warning = warning.trim_start();
    ["By default, only the first", "There are more results available"]
        .iter()
        .any(|start| starts_with_folded(warning, start))
        || warning
            .as_bytes()
            .windows("ResultSize".len())
            .any(|part| part.eq_ignore_ascii_case(b"ResultSize"))
}

/// Whether a warning says that the server delayed the cmdlet, which is only for information.
pub(crate) fn is_delay(warning: &str) -> bool {
    starts_with_folded(warning.trim_start(), "Micro delay applied")
}

fn starts_with_folded(text: &str, start: &str) -> bool {
    text.get(..start.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(start))
}
