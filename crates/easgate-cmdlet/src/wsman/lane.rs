//! One authenticated connection at a time, which carries one request at a time.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode};
use url::Url;

use super::connection::{Connection, Opened};
use super::dialer::Dialer;
use super::security::Account;
use super::turns::Turn;
use crate::error::Again;
use crate::{AuthenticationError, TransportError};

/// One HTTP request.
pub(super) struct Post<'a> {
    pub(super) url: &'a Url,
    pub(super) cookies: Option<HeaderValue>,
    pub(super) body: String,
    pub(super) timeout: Duration,
}

impl<'a> Post<'a> {
    /// The same without cookies and body.
    pub(super) const fn bare(&self) -> Self {
        Self {
            url: self.url,
            cookies: None,
            body: String::new(),
            timeout: self.timeout,
        }
    }
}

/// One HTTP answer, read to its end.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

/// Why a request got no answer.
#[derive(Debug)]
pub(super) enum LaneError {
    Transport(TransportError),
    Authentication(AuthenticationError),
}

impl From<TransportError> for LaneError {
    fn from(error: TransportError) -> Self {
        Self::Transport(error)
    }
}

impl From<AuthenticationError> for LaneError {
    fn from(error: AuthenticationError) -> Self {
        Self::Authentication(error)
    }
}

/// A refused account, in a form that can be told to everyone who waited to try the same.
#[derive(Debug, Clone)]
pub(super) enum Refusal {
    /// The server's answer to Basic.
    Answer(Box<Answer>),
    /// The same error again.
    Error(Again, String),
}

impl Refusal {
    /// `None` when the account was not refused.
    pub(super) fn of(error: &AuthenticationError) -> Option<Self> {
        error
            .refused_account()
            .map(|(again, username)| Self::Error(again, username.to_owned()))
    }

    fn into_outcome(self) -> Result<Answer, LaneError> {
        match self {
            Self::Answer(answer) => Ok(*answer),
            Self::Error(again, username) => Err(again(username).into()),
        }
    }
}

/// A way to the server that carries one request at a time.
///
/// # Guarantees
///
/// Each connection has an HTTP client of its own that never makes another: schemes that authenticate the
/// connection rather than the request allow nothing else. When the connection turns out to be gone and provably
/// nothing was sent, or the server no longer knows who is on it and takes nothing, the lane opens another and sends
/// once more. Every other failure ends the connection, and whether the server has acted is then not known.
#[derive(Debug)]
pub(super) struct Lane {
    dialer: Arc<Dialer>,
    connection: Option<Connection>,
}

/// Whether a connection that has served before is at its end, and the request did nothing on it: it is gone, it cannot
/// seal any more, or its log-on has ended on the server's side, as with the ticket that it was made with.
const fn is_over(error: &LaneError) -> bool {
    matches!(
        error,
        LaneError::Transport(TransportError::Gone | TransportError::Connect { .. })
            | LaneError::Authentication(AuthenticationError::Forgotten)
    )
}

impl Lane {
    pub(super) const fn new(dialer: Arc<Dialer>) -> Self {
        Self {
            dialer,
            connection: None,
        }
    }

    /// Sends a request and reads the whole answer.
    pub(super) async fn post(&mut self, post: &Post<'_>) -> Result<Answer, LaneError> {
        if let Some(mut connection) = self.connection.take() {
            match connection.exchange(post).await {
                Ok(answer) => {
                    self.connection = Some(connection);
                    return Ok(answer);
                }
                Err(error) if is_over(&error) => {
                    tracing::debug!(?error, "Connection is of no more use; opening another");
                }
                Err(error) => return Err(error),
            }
        }
        self.open_and_post(post).await
    }

    /// Logs on and sends the request, when it is this lane's turn.
    async fn open_and_post(&mut self, post: &Post<'_>) -> Result<Answer, LaneError> {
        let dialer = Arc::clone(&self.dialer);
        let mut turn = None;
        if let Account::Password { password: secret, .. } = dialer.account()? {
            match dialer.turns().take(secret).await {
                Ok(taken) => turn = Some(taken),
                Err(refusal) => return refusal.into_outcome(),
            }
        }
        let outcome = self.open_and_post_in_turn(&dialer, post, &mut turn).await;
        let Some(turn) = turn else { return outcome };
        match &outcome {
            Ok(answer) if answer.status == StatusCode::UNAUTHORIZED => {
                turn.refused(Refusal::Answer(Box::new(answer.clone())));
            }
            // A fault comes with 500; other answers may come from before the account was looked at.
            Ok(answer)
                if answer.status.is_success() || answer.status == StatusCode::INTERNAL_SERVER_ERROR =>
            {
                turn.succeeded();
            }
            Ok(_) => {}
            Err(LaneError::Authentication(error)) => {
                if let Some(refusal) = Refusal::of(error) {
                    turn.refused(refusal);
                }
            }
            Err(LaneError::Transport(_)) => {}
        }
        outcome
    }

    /// Opens at most two connections: the first may be closed before anything is sent on it.
    async fn open_and_post_in_turn(
        &mut self,
        dialer: &Dialer,
        post: &Post<'_>,
        turn: &mut Option<Turn<'_>>,
    ) -> Result<Answer, LaneError> {
        let mut again = true;
        loop {
            let gone = match Connection::open(dialer, post).await {
                Ok(Opened::Answered(answer)) => {
                    // Nothing is proven, and nothing refused.
                    drop(turn.take());
                    return Ok(answer);
                }
                Ok(Opened::Ready(mut connection)) => {
                    // Basic is proven by the first answer, all else by the log-on.
                    if !connection.proves_itself_with_each_request()
                        && let Some(turn) = turn.take()
                    {
                        turn.succeeded();
                    }
                    match connection.exchange(post).await {
                        Ok(answer) => {
                            self.connection = Some(connection);
                            return Ok(answer);
                        }
                        Err(error) => error,
                    }
                }
                Err(error) => error,
            };
            if !again || !matches!(gone, LaneError::Transport(TransportError::Gone)) {
                return Err(gone);
            }
            again = false;
        }
    }
}
