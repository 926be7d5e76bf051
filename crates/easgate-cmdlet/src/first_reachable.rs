//! The first of several servers that can be reached.

use std::sync::{Mutex as Lock, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::Mutex;

use crate::{CmdletTransport, Command, Invocation, InvokeError, TransportError};

/// Runs everything on the first of several servers that can be reached.
///
/// # Guarantees
///
/// The next server is tried only while nothing has been sent: a server that cannot be reached was not changed, and
/// one that refuses the account is not a reason to be refused by the next. Once a server has answered, everything
/// runs there, so that what belongs together comes from one server, until [`choose_anew`](Self::choose_anew).
#[derive(Debug)]
pub struct FirstReachable<T> {
    /// INVARIANT: at least one.
    servers: Vec<T>,
    answering: Lock<Option<usize>>,
    choosing: Mutex<()>,
}

impl<T: CmdletTransport> FirstReachable<T> {
    /// Takes the servers in the order in which they are tried; `None` when there is none.
    #[must_use]
    pub fn new(servers: Vec<T>) -> Option<Self> {
        let some = !servers.is_empty();
        some.then(|| Self {
            servers,
            answering: Lock::new(None),
            choosing: Mutex::new(()),
        })
    }

    /// Whether there is a server besides the first.
    #[must_use]
    pub fn has_others(&self) -> bool {
        self.servers.len() > 1
    }

    /// Lets the next command choose the server, beginning with the first. Call it between pieces of work, when nothing that
    /// belongs together is under way.
    pub fn choose_anew(&self) {
        *self.answering() = None;
    }

    /// The server that answers, or the first while none has.
    fn current(&self) -> &T {
        let answering = *self.answering();
        &self.servers[answering.unwrap_or(0)]
    }

    fn answering(&self) -> MutexGuard<'_, Option<usize>> {
        self.answering.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl<T: CmdletTransport> CmdletTransport for FirstReachable<T> {
    async fn invoke(&self, command: Command) -> Result<Invocation, InvokeError> {
        if self.answering().is_some() {
            return self.current().invoke(command).await;
        }
        let choosing = self.choosing.lock().await;
        if self.answering().is_some() {
            drop(choosing);
            return self.current().invoke(command).await;
        }
        let mut first_error = None;
        for (place, server) in self.servers.iter().enumerate() {
            match server.invoke(command.clone()).await {
                Err(error) if is_unreachable(&error) => {
                    tracing::warn!(endpoint = server.endpoint(), %error, "Server cannot be reached");
                    first_error.get_or_insert(error);
                }
                answer => {
                    *self.answering() = Some(place);
                    return answer;
                }
            }
        }
        Err(first_error.expect("there is at least one server, and every one gave an error"))
    }

    fn endpoint(&self) -> String {
        self.current().endpoint()
    }

    async fn close(&self) {
        for server in &self.servers {
            server.close().await;
        }
    }
}

/// Whether the server was not there at all, so that nothing can have happened on it.
const fn is_unreachable(error: &InvokeError) -> bool {
    matches!(
        error,
        InvokeError::Transport {
            sent: false,
            source: TransportError::Connect { .. } | TransportError::Timeout { .. },
            ..
        }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that gives the answers it was told, and then runs everything.
    struct Told {
        name: &'static str,
        answers: Lock<Vec<InvokeError>>,
    }

    fn told(name: &'static str, answers: Vec<InvokeError>) -> Told {
        Told {
            name,
            answers: Lock::new(answers),
        }
    }

    #[async_trait]
    impl CmdletTransport for Told {
        async fn invoke(&self, _: Command) -> Result<Invocation, InvokeError> {
            let next = self.answers.lock().unwrap().pop();
            next.map_or_else(|| Ok(Invocation::from_records(Vec::new())), Err)
        }

        fn endpoint(&self) -> String {
            self.name.to_owned()
        }

        async fn close(&self) {}
    }

    fn unreachable(sent: bool) -> InvokeError {
        let (endpoint, cmdlet) = ("a".to_owned(), "Get-Command".to_owned());
        InvokeError::Transport {
            endpoint,
            cmdlet,
            sent,
            source: TransportError::Connect {
                source: "refused".into(),
            },
        }
    }

    fn refused() -> InvokeError {
        InvokeError::Unauthorized {
            endpoint: "a".to_owned(),
            offered: "Basic".to_owned(),
        }
    }

    async fn check(first: Vec<InvokeError>, runs: bool, answers: &str) {
        let both = FirstReachable::new(vec![told("a", first), told("b", Vec::new())]).unwrap();
        assert_eq!(both.invoke(Command::new("Get-Command")).await.is_ok(), runs);
        assert_eq!(both.endpoint(), answers);
    }

    #[tokio::test]
    async fn the_next_server_is_tried_only_when_nothing_was_sent() {
        check(Vec::new(), true, "a").await;
        check(vec![unreachable(false)], true, "b").await;
        check(vec![unreachable(true)], false, "a").await;
        check(vec![refused()], false, "a").await;
    }

    #[tokio::test]
    async fn everything_stays_on_the_server_that_answered() {
        let later = vec![unreachable(false)];
        let both = FirstReachable::new(vec![told("a", Vec::new()), told("b", Vec::new())]).unwrap();
        both.invoke(Command::new("Get-Command")).await.unwrap();
        both.servers[0].answers.lock().unwrap().extend(later);
        assert!(both.invoke(Command::new("Get-Command")).await.is_err());
        assert_eq!(both.endpoint(), "a");
    }

    #[tokio::test]
    async fn between_pieces_of_work_the_first_server_has_its_chance_again() {
        let both = vec![told("a", vec![unreachable(false)]), told("b", Vec::new())];
        let both = FirstReachable::new(both).unwrap();
        both.invoke(Command::new("Get-Command")).await.unwrap();
        assert_eq!(both.endpoint(), "b");
        both.choose_anew();
        both.invoke(Command::new("Get-Command")).await.unwrap();
        assert_eq!(both.endpoint(), "a");
    }

    #[tokio::test]
    async fn when_none_can_be_reached_the_first_says_why_and_all_are_tried_again() {
        let both = vec![
            told("a", vec![unreachable(false)]),
            told("b", vec![unreachable(false)]),
        ];
        let both = FirstReachable::new(both).unwrap();
        assert!(both.invoke(Command::new("Get-Command")).await.is_err());
        assert!(both.invoke(Command::new("Get-Command")).await.is_ok());
        assert!(FirstReachable::<Told>::new(Vec::new()).is_none());
    }
}
