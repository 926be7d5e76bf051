//! The client, and how a call finds the cmdlet that serves it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use easgate_cmdlet::{CmdletTransport, SetupCommand};
use easgate_psrp::clixml::PsValue;
use easgate_psrp::command::Command;
use futures::stream::{self, Stream};
use tokio::sync::OnceCell;

use crate::capabilities::CMDLETS;
use crate::rbac::{GrantedCommand, WireGranted};
use crate::read::Reading;
use crate::wire::{Wire, WireCommand};
use crate::{Capabilities, ExchangeError, Kind};

/// How the client asks.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// The domain controller that answers every call that does not name one itself; `None` leaves the choice to
    /// Exchange.
    pub domain_controller: Option<String>,
    /// How Exchange is run.
    pub kind: Kind,
}

/// An Exchange organisation, through one transport.
pub struct ExchangeClient {
    transport: Arc<dyn CmdletTransport>,
    config: Config,
    capabilities: OnceCell<Capabilities>,
    /// Whether the newer family was refused once, so that the older one is tried first.
    older_first: AtomicBool,
}

impl fmt::Debug for ExchangeClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExchangeClient")
            .field("endpoint", &self.transport.endpoint())
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// What every runspace begins with, the ones that are opened again too.
///
/// Without it a session sees the domain of its own account alone, and lists are short without a warning.
#[must_use]
pub fn setup_commands() -> Vec<SetupCommand> {
    vec![SetupCommand {
        command: Command::new("Set-ADServerSettings").with("ViewEntireForest", true),
        optional: true,
    }]
}

impl ExchangeClient {
    /// A client that asks through `transport`, whose runspaces begin with [`setup_commands`].
    #[must_use]
    pub fn new(transport: Arc<dyn CmdletTransport>, config: Config) -> Self {
        Self {
            transport,
            config,
            capabilities: OnceCell::new(),
            older_first: AtomicBool::new(false),
        }
    }

    /// Which cmdlets the account may run, asked once; unknown when the server will not tell.
    ///
    /// # Errors
    /// When the server could not be asked at all.
    pub async fn capabilities(&self) -> Result<&Capabilities, ExchangeError> {
        self.capabilities
            .get_or_try_init(|| async {
                let names: Vec<PsValue> = CMDLETS.iter().map(|name| PsValue::from(*name)).collect();
                let command = Command::new("Get-Command").with("Name", names);
                match self.granted(command).await {
                    Ok(names) => Ok(Capabilities::from_names(names)),
                    Err(error @ ExchangeError::Transport { .. }) => Err(error),
                    Err(error) => {
                        tracing::debug!(%error, "Get-Command tells nothing");
                        Ok(Capabilities::unknown())
                    }
                }
            })
            .await
    }

    /// Every command that the account may run here, with its parameters where the server tells them.
    ///
    /// # Errors
    /// When the server would not tell.
    pub async fn granted_commands(&self) -> Result<Vec<GrantedCommand>, ExchangeError> {
        let kinds: Vec<PsValue> = ["Cmdlet", "Function"].map(PsValue::from).to_vec();
        let command = Command::new("Get-Command").with("CommandType", kinds);
        let mut reading = Reading::lenient(&*self.transport, "Get-Command", command).await?;
        let mut commands = Vec::new();
        while let Some(command) = reading.next::<WireGranted>().await {
            commands.push(command?);
        }
        Ok(commands)
    }

    /// The names that `Get-Command` gives; names that it does not find are errors of no consequence.
    async fn granted(&self, command: Command) -> Result<Vec<String>, ExchangeError> {
        let mut reading = Reading::lenient(&*self.transport, "Get-Command", command).await?;
        let mut names = Vec::new();
        while let Some(name) = reading.next::<WireCommand>().await {
            names.push(name?);
        }
        Ok(names)
    }

    /// Runs `call` and gives its objects as they arrive.
    ///
    /// An object that cannot be decoded is an item that is an error, after which the stream goes on; any other
    /// error ends it. A stream that gave an error is not the whole list.
    pub(crate) fn stream<W: Wire + Send>(
        &self,
        call: Call,
    ) -> impl Stream<Item = Result<W::Value, ExchangeError>> + Send + '_
    where
        W::Value: Send,
    {
        stream::unfold(Some(State::Waiting(call)), move |state| async move {
            let mut reading = match state? {
                State::Running(reading) => reading,
                State::Waiting(call) => match self.start(&call).await {
                    Ok(reading) => Box::new(reading),
                    Err(error) => return Some((Err(error), None)),
                },
            };
            match reading.next::<W>().await? {
                Err(error) if !error.is_one_record() => Some((Err(error), None)),
                item => Some((item, Some(State::Running(reading)))),
            }
        })
    }

    /// Runs `call` and collects its objects; for lists that do not grow with the number of mailboxes.
    pub(crate) async fn collect<W: Wire>(&self, call: &Call) -> Result<Vec<W::Value>, ExchangeError> {
        let mut reading = self.start(call).await?;
        let mut values = Vec::new();
        while let Some(value) = reading.next::<W>().await {
            values.push(value?);
        }
        Ok(values)
    }

    /// Runs `call`, which must give one object.
    pub(crate) async fn one<W: Wire>(&self, call: &Call) -> Result<W::Value, ExchangeError> {
        let mut reading = self.start(call).await?;
        let cmdlet = call.newer.0;
        let Some(value) = reading.next::<W>().await.transpose()? else {
            return Err(ExchangeError::Count { cmdlet, found: 0 });
        };
        // Reading to the end finds errors, and a second object, which would mean that Exchange gave all there are.
        match reading.next::<W>().await.transpose()? {
            None => Ok(value),
            Some(_) => Err(ExchangeError::Count { cmdlet, found: 2 }),
        }
    }

    /// Runs `call` for its effect and gives the warnings.
    pub(crate) async fn run(&self, call: &Call) -> Result<Vec<String>, ExchangeError> {
        self.start(call).await?.finish().await
    }

    /// Starts the cmdlet that serves `call` here.
    async fn start(&self, call: &Call) -> Result<Reading, ExchangeError> {
        let Some(older) = &call.older else {
            return self.attempt(&call.newer).await;
        };
        let swap = self.prefers_older(call.newer.0, older.0).await?;
        let (first, second) = if swap {
            (older, &call.newer)
        } else {
            (&call.newer, older)
        };
        match self.attempt(first).await {
            Err(refused @ ExchangeError::NotGranted { .. }) => match self.attempt(second).await {
                Err(ExchangeError::NotGranted { .. }) => Err(refused),
                Ok(reading) => {
                    self.older_first.store(!swap, Ordering::Relaxed);
                    Ok(reading)
                }
                Err(error) => Err(error),
            },
            result => result,
        }
    }

    async fn attempt(&self, (cmdlet, command): &Named) -> Result<Reading, ExchangeError> {
        Reading::start(&*self.transport, cmdlet, command.clone()).await
    }

    async fn prefers_older(&self, newer: &str, older: &str) -> Result<bool, ExchangeError> {
        let capabilities = self.capabilities().await?;
        Ok(match (capabilities.has(newer), capabilities.has(older)) {
            (Some(false), Some(true)) => true,
            (Some(true), _) => false,
            _ => self.older_first.load(Ordering::Relaxed),
        })
    }

    pub(crate) const fn kind(&self) -> Kind {
        self.config.kind
    }

    /// `command` with the domain controller that `choice` or the configuration names.
    pub(crate) fn pinned(&self, command: Command, choice: Option<&str>) -> Command {
        match choice.or(self.config.domain_controller.as_deref()) {
            Some(server) if !server.trim().is_empty() => command.with("DomainController", server),
            _ => command,
        }
    }
}

enum State {
    Waiting(Call),
    Running(Box<Reading>),
}

/// A cmdlet's documented name, and the command that carries it.
type Named = (&'static str, Command);

/// One call, as the newer family and, where there is one, as the older family says it.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    newer: Named,
    older: Option<Named>,
}

impl Call {
    /// A cmdlet that has one name.
    pub(crate) fn one(name: &'static str, with: impl FnOnce(Command) -> Command) -> Self {
        Self {
            newer: (name, with(Command::new(name))),
            older: None,
        }
    }

    /// A cmdlet of the MobileDevice family and its elder of the ActiveSync family, with the same parameters.
    pub(crate) fn two(newer: &'static str, older: &'static str, with: impl Fn(Command) -> Command) -> Self {
        Self {
            newer: (newer, with(Command::new(newer))),
            older: Some((older, with(Command::new(older)))),
        }
    }

    /// The same where the parameters have other names too.
    pub(crate) const fn each(newer: Named, older: Named) -> Self {
        Self {
            newer,
            older: Some(older),
        }
    }
}
