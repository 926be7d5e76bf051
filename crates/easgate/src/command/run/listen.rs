//! The control socket's own side: who may connect, and how much may be said.

use std::io;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::timeout;

use easgate_connector::service::{Stop, events};

use crate::control::{Answer, LONGEST_PLAN, LONGEST_REQUEST, Request};

/// How many may be connected at once.
const CONNECTIONS: usize = 32;

/// How long a request may take to come, and an answer to be taken.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a plan may take to come.
const PATIENCE_FOR_A_PLAN: Duration = Duration::from_secs(60);

/// How much of what nobody wants to read is taken all the same, in bytes.
const MOST_UNREAD: u64 = 1024 * 1024;

/// A request, whose it is, and where its answers go.
pub(super) struct Asked {
    pub(super) request: Request,
    /// What followed the request, where it says that something follows.
    pub(super) body: String,
    pub(super) uid: u32,
    pub(super) answers: mpsc::Sender<Answer>,
}

/// The socket in its place in the file system, which it leaves when this is dropped.
pub(super) struct Door {
    listener: UnixListener,
    path: PathBuf,
}

impl Door {
    /// Listens at `path`, for the owner and the group of the process (0660).
    ///
    /// # Errors
    /// Another service listens there, or the socket cannot be made.
    pub(super) fn open(path: &Path) -> Result<Self, DoorError> {
        let failed = |source| DoorError::Make {
            path: path.to_owned(),
            source,
        };
        match std::fs::symlink_metadata(path) {
            Ok(there) if !there.file_type().is_socket() => {
                return Err(DoorError::NotOurs {
                    path: path.to_owned(),
                });
            }
            Ok(_) if std::os::unix::net::UnixStream::connect(path).is_ok() => {
                return Err(DoorError::Taken {
                    path: path.to_owned(),
                });
            }
            Ok(_) => std::fs::remove_file(path).map_err(failed)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        // It gets its name when its rights are right.
        let mut fresh = path.as_os_str().to_owned();
        fresh.push(format!(".{}", std::process::id()));
        let fresh = PathBuf::from(fresh);
        let _ = std::fs::remove_file(&fresh);
        let listener = UnixListener::bind(&fresh).map_err(failed)?;
        std::fs::set_permissions(&fresh, std::fs::Permissions::from_mode(0o660)).map_err(failed)?;
        std::fs::rename(&fresh, path).map_err(failed)?;
        Ok(Self {
            listener,
            path: path.to_owned(),
        })
    }

    /// Takes connections until `stop`, and passes what they ask to `asked`. Those that wait for an answer then have a second.
    pub(super) async fn serve(self, asked: mpsc::Sender<Asked>, stop: Stop) {
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        let mut visitors = JoinSet::new();
        loop {
            while visitors.try_join_next().is_some() {}
            let next = async {
                let place = Arc::clone(&room).acquire_owned().await;
                (place, self.listener.accept().await)
            };
            let (place, accepted) = tokio::select! {
                () = stop.requested() => break,
                next = next => next,
            };
            match accepted {
                Ok((stream, _)) => {
                    let asked = asked.clone();
                    visitors.spawn(async move {
                        let _place = place;
                        visit(stream, asked).await;
                    });
                }
                Err(error) => {
                    // Out of file descriptors, say: connections that end give some back.
                    tracing::warn!(event = events::CONTROL_REFUSED, %error, "No connection could be taken");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
        drop(self);
        let last = async { while visitors.join_next().await.is_some() {} };
        let _ = timeout(Duration::from_secs(1), last).await;
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// One connection: one request, and its answers.
async fn visit(stream: UnixStream, asked: mpsc::Sender<Asked>) {
    let uid = match stream.peer_cred() {
        Ok(peer) => peer.uid(),
        Err(error) => {
            tracing::warn!(event = events::CONTROL_REFUSED, %error, "It is not known who asks");
            return;
        }
    };
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    let come = timeout(PATIENCE, request(&mut read)).await;
    let late = || "the request did not come within five seconds".to_owned();
    let come = match come.unwrap_or_else(|_| Err(late())) {
        Ok(request) => body(&mut read, &request).await.map(|body| (request, body)),
        Err(message) => Err(message),
    };
    let (request, body) = match come {
        Ok(come) => come,
        Err(message) => {
            refuse(&mut write, uid, &message).await;
            // What is left unread would take the answer away with it.
            let _ = write.shutdown().await;
            let mut rest = read.take(MOST_UNREAD);
            let _ = timeout(PATIENCE, tokio::io::copy(&mut rest, &mut tokio::io::sink())).await;
            return;
        }
    };
    tracing::info!(
        event = events::CONTROL_REQUEST,
        request = request.name(),
        uid,
        "Request over the control socket"
    );
    let (answers, mut coming) = mpsc::channel(16);
    let message = Asked {
        request,
        body,
        uid,
        answers,
    };
    if asked.send(message).await.is_err() {
        return refuse(&mut write, uid, "the service ends").await;
    }
    while let Some(answer) = coming.recv().await {
        let is_last = answer.is_last();
        if tell(&mut write, &answer).await.is_err() || is_last {
            return;
        }
    }
    // Whoever had to answer is gone.
    let _ = tell(&mut write, &Answer::refused("stopping", "the service ends")).await;
}

async fn request(read: &mut BufReader<OwnedReadHalf>) -> Result<Request, String> {
    let mut line = Vec::new();
    let mut read = read.take(LONGEST_REQUEST + 1);
    read.read_until(b'\n', &mut line)
        .await
        .map_err(|error| error.to_string())?;
    if u64::try_from(line.len()).is_ok_and(|length| length > LONGEST_REQUEST) {
        return Err(format!("a request has at most {LONGEST_REQUEST} bytes"));
    }
    serde_json::from_slice(&line).map_err(|error| format!("this is no request: {error}"))
}

/// What follows the request.
async fn body(read: &mut BufReader<OwnedReadHalf>, request: &Request) -> Result<String, String> {
    let Request::Order(order) = request else {
        return Ok(String::new());
    };
    let bytes = order.order.following();
    if bytes > LONGEST_PLAN {
        return Err(format!(
            "a plan that a service carries out has at most {LONGEST_PLAN} bytes, and this one has {bytes}; make it for \
             fewer changes, or stop the service first"
        ));
    }
    let mut body = Vec::new();
    let mut read = read.take(bytes);
    let come = timeout(PATIENCE_FOR_A_PLAN, read.read_to_end(&mut body)).await;
    come.map_err(|_| "the plan did not come within a minute".to_owned())?
        .map_err(|error| error.to_string())?;
    if u64::try_from(body.len()).ok() != Some(bytes) {
        return Err("the plan was cut off".to_owned());
    }
    String::from_utf8(body).map_err(|_| "the plan is no text".to_owned())
}

async fn refuse(write: &mut OwnedWriteHalf, uid: u32, message: &str) {
    let message = easgate_model::escape_long(message);
    tracing::warn!(event = events::CONTROL_REFUSED, uid, message, "Request refused");
    let _ = tell(write, &Answer::refused("request", message)).await;
}

async fn tell(write: &mut OwnedWriteHalf, answer: &Answer) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    let told = timeout(PATIENCE, write.write_all(&line)).await;
    told.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Why there is no control socket.
#[derive(Debug, thiserror::Error)]
pub(super) enum DoorError {
    #[error("another easgate listens at {path}; stop it first", path = path.display())]
    Taken { path: PathBuf },
    #[error("{path} is there and is no socket; name another place with [service] socket", path = path.display())]
    NotOurs { path: PathBuf },
    #[error("could not make the control socket {path}", path = path.display())]
    Make { path: PathBuf, source: io::Error },
}
