//! The side of the commands.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use easgate_connector::service::Ordered;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

use super::{Answer, LONGEST_ANSWER, OrderName, OrderRequest, Request, SyncRequest};
use crate::command::Failure;
use crate::command::wiring::Settings;
use crate::exit::Exit;
use crate::output;

/// How long a service may be silent while a run goes on; it tells every few seconds that it lives.
const SILENCE: Duration = Duration::from_secs(60);

/// A connection to a running service.
pub(crate) struct Client {
    socket: PathBuf,
    stream: BufReader<UnixStream>,
}

impl Client {
    /// Connects; `None` when no service is there.
    ///
    /// # Errors
    /// A service may be there, and this user may not ask it.
    pub(crate) async fn connect(socket: &Path) -> Result<Option<Self>, AskError> {
        let connected = timeout(Duration::from_secs(5), UnixStream::connect(socket)).await;
        match connected.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())) {
            Ok(stream) => Ok(Some(Self {
                socket: socket.to_owned(),
                stream: BufReader::new(stream),
            })),
            Err(error) if is_nobody_there(&error) => Ok(None),
            Err(source) => Err(AskError::Connect {
                socket: socket.to_owned(),
                source,
            }),
        }
    }

    /// Sends one request.
    ///
    /// # Errors
    /// The connection is lost.
    pub(crate) async fn send(&mut self, request: &Request) -> Result<(), AskError> {
        let lost = |source| AskError::Lost {
            socket: self.socket.clone(),
            source,
        };
        let mut line = serde_json::to_vec(request).map_err(|error| lost(error.into()))?;
        line.push(b'\n');
        self.stream.get_mut().write_all(&line).await.map_err(lost)
    }

    /// The next answer.
    ///
    /// # Errors
    /// The connection is lost, the service is silent for too long, or what it says is not understood.
    pub(crate) async fn answer(&mut self) -> Result<Answer, AskError> {
        let mut line = Vec::new();
        let mut limited = (&mut self.stream).take(LONGEST_ANSWER);
        let read = timeout(SILENCE, limited.read_until(b'\n', &mut line)).await;
        let read = read.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        let lost = |source| AskError::Lost {
            socket: self.socket.clone(),
            source,
        };
        if read.map_err(lost)? == 0 {
            return Err(lost(io::ErrorKind::UnexpectedEof.into()));
        }
        serde_json::from_slice(&line).map_err(|source| AskError::Odd {
            socket: self.socket.clone(),
            source,
        })
    }
}

/// Lets the service do a sync, if one runs with the same configuration; prints what comes of it.
///
/// `None` when the command has to do it itself.
///
/// # Errors
/// The service cannot be asked, or refuses.
pub(crate) async fn hand_over(
    socket: &Path,
    request: SyncRequest,
    json: bool,
) -> Result<Option<Exit>, Failure> {
    let Some(mut client) = Client::connect(socket).await? else {
        return Ok(None);
    };
    client.send(&Request::Sync(request)).await?;
    heard(&mut client, json).await
}

/// Lets the service carry out `what`, if one runs with the same configuration; prints what comes of it.
///
/// `None` when the command has to do it itself.
///
/// # Errors
/// The service cannot be asked, or refuses.
pub(crate) async fn order(
    settings: &Settings,
    organization: &str,
    what: &Ordered,
    by: Option<&str>,
    json: bool,
) -> Result<Option<Exit>, Failure> {
    let socket = settings.configuration.service.control_socket();
    let Some(mut client) = Client::connect(&socket).await? else {
        return Ok(None);
    };
    let request = OrderRequest {
        configuration: settings.path.canonicalize().ok(),
        organization: organization.to_owned(),
        by: by.map(str::to_owned),
        order: OrderName::of(what)?,
    };
    client.send(&Request::Order(request)).await?;
    if let Ordered::Apply { file } = what {
        // A service that refuses does not take the whole of it, and says why.
        let _ = client.stream.get_mut().write_all(file.as_bytes()).await;
    }
    heard(&mut client, json).await
}

/// Prints what the service answers, until the last of it.
async fn heard(client: &mut Client, json: bool) -> Result<Option<Exit>, Failure> {
    let mut reports = Vec::new();
    let mut gravest = Exit::Done;
    loop {
        match client.answer().await? {
            Answer::Progress { organization, text } => output::note(&format!("{organization}: {text}")),
            Answer::Report {
                exit,
                report,
                lines,
                notes,
                ..
            } => {
                gravest = gravest.max(Exit::of_run(exit));
                if !json {
                    lines.iter().for_each(|line| output::line(line));
                    notes.iter().for_each(|note| output::note(note));
                }
                if !report.is_null() {
                    reports.push(report);
                }
            }
            Answer::Broken {
                organization,
                message,
                ..
            } => {
                gravest = gravest.max(Exit::Trouble);
                output::note(&format!(
                    "easgate: {organization}: {}",
                    easgate_model::escape_long(&message)
                ));
            }
            Answer::Done | Answer::Status { .. } | Answer::Metrics { .. } => break,
            Answer::Refused { kind, .. } if kind == "configuration" => return Ok(None),
            Answer::Refused { message, .. } => return Err(AskError::Refused { message }.into()),
        }
    }
    if json && !reports.is_empty() {
        output::one_or_many(&reports)?;
    }
    Ok(Some(gravest))
}

/// How the service stands, if one runs with `configuration`.
///
/// # Errors
/// The service cannot be asked.
pub(crate) async fn status(socket: &Path, configuration: Option<PathBuf>) -> Result<Option<Value>, AskError> {
    match once(socket, &Request::Status { configuration }).await? {
        Some(Answer::Status { status }) => Ok(Some(status)),
        Some(_) | None => Ok(None),
    }
}

/// The figures of the service, if one runs with `configuration`.
///
/// # Errors
/// The service cannot be asked.
pub(crate) async fn metrics(
    socket: &Path,
    configuration: Option<PathBuf>,
) -> Result<Option<String>, AskError> {
    match once(socket, &Request::Metrics { configuration }).await? {
        Some(Answer::Metrics { page }) => Ok(Some(page)),
        Some(_) | None => Ok(None),
    }
}

/// The answer to a request that has one answer; `None` where no service is.
async fn once(socket: &Path, request: &Request) -> Result<Option<Answer>, AskError> {
    let Some(mut client) = Client::connect(socket).await? else {
        return Ok(None);
    };
    client.send(request).await?;
    client.answer().await.map(Some)
}

/// Whether nobody listens there.
fn is_nobody_there(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused | io::ErrorKind::NotADirectory
    )
}

/// Why a service could not be asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    #[error(
        "could not ask the service at {socket}; run this as root or as a member of the group that owns the socket",
        socket = socket.display()
    )]
    Connect { socket: PathBuf, source: io::Error },
    #[error(
        "the service at {socket} went away or fell silent; `easgate status` tells what became of the run",
        socket = socket.display()
    )]
    Lost { socket: PathBuf, source: io::Error },
    #[error("the service at {socket} is of another version: its answer is not understood", socket = socket.display())]
    Odd {
        socket: PathBuf,
        source: serde_json::Error,
    },
    #[error("the service refuses: {message}", message = easgate_model::escape_long(message))]
    Refused { message: String },
}
