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
    left_alone: Lock<Vec<String>>,
    /// What came of the last trial of each server.
    reached: Lock<Vec<Option<Reached>>>,
}

/// What came of trying a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    /// It was there, whatever it answered.
    Answered,
    /// It could not be reached.
    Unreachable {
        /// What happened.
        cause: String,
    },
}

impl<T: CmdletTransport> FirstReachable<T> {
    /// Takes the servers in the order in which they are tried; `None` when there is none.
    #[must_use]
    pub fn new(servers: Vec<T>) -> Option<Self> {
        let some = !servers.is_empty();
        some.then(|| Self {
            left_alone: Lock::default(),
            reached: Lock::new(vec![None; servers.len()]),
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

    /// The endpoint of each server, in the order in which they are tried.
    #[must_use]
    pub fn endpoints(&self) -> Vec<String> {
        self.servers.iter().map(CmdletTransport::endpoint).collect()
    }

    /// Leaves the servers with these endpoints alone in every choice from now on, unless that would leave none.
    pub fn leave_alone(&self, endpoints: Vec<String>) {
        *lock(&self.left_alone) = endpoints;
    }

    /// What came of the last trial of each server that was tried since the last call of this.
    pub fn take_reached(&self) -> Vec<(String, Reached)> {
        let mut reached = lock(&self.reached);
        let servers = self.servers.iter().zip(reached.iter_mut());
        servers
            .filter_map(|(server, reached)| Some((server.endpoint(), reached.take()?)))
            .collect()
    }

    /// The places of the servers that are tried, in order.
    fn candidates(&self) -> Vec<usize> {
        let left_alone = lock(&self.left_alone);
        let all = 0..self.servers.len();
        let is_tried = |place: &usize| !left_alone.contains(&self.servers[*place].endpoint());
        let tried: Vec<usize> = all.clone().filter(is_tried).collect();
        if tried.is_empty() { all.collect() } else { tried }
    }

    /// Runs the command on the server at `place`, and notes whether it was there.
    async fn invoke_at(&self, place: usize, command: Command) -> Result<Invocation, InvokeError> {
        let answer = self.servers[place].invoke(command).await;
        let reached = match &answer {
            Err(error) if is_unreachable(error) => Reached::Unreachable { cause: chain(error) },
            Ok(_) | Err(_) => Reached::Answered,
        };
        lock(&self.reached)[place] = Some(reached);
        answer
    }

    /// The server that answers, or the first while none has.
    fn current(&self) -> &T {
        let answering = *self.answering();
        &self.servers[answering.unwrap_or(0)]
    }

    fn answering(&self) -> MutexGuard<'_, Option<usize>> {
        lock(&self.answering)
    }
}

fn lock<T>(of: &Lock<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An error and its causes in one line.
fn chain(error: &InvokeError) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

#[async_trait]
impl<T: CmdletTransport> CmdletTransport for FirstReachable<T> {
    async fn invoke(&self, command: Command) -> Result<Invocation, InvokeError> {
        let chosen = *self.answering();
        if let Some(place) = chosen {
            return self.invoke_at(place, command).await;
        }
        let choosing = self.choosing.lock().await;
        let chosen = *self.answering();
        if let Some(place) = chosen {
            drop(choosing);
            return self.invoke_at(place, command).await;
        }
        let mut first_error = None;
        for place in self.candidates() {
            match self.invoke_at(place, command.clone()).await {
                Err(error) if is_unreachable(&error) => {
                    tracing::warn!(endpoint = self.servers[place].endpoint(), %error, "Server cannot be reached");
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
    async fn servers_are_left_alone_unless_that_would_leave_none() {
        let all = FirstReachable::new(["a", "b"].map(|name| told(name, Vec::new())).into()).unwrap();
        assert_eq!(all.endpoints(), ["a", "b"]);
        for (left_alone, chosen) in [
            (Vec::new(), "a"),
            (vec!["a", "c"], "b"),
            (vec!["a", "b"], "a"),
            (Vec::new(), "a"),
        ] {
            all.choose_anew();
            all.leave_alone(left_alone.into_iter().map(str::to_owned).collect());
            all.invoke(Command::new("Get-Command")).await.unwrap();
            assert_eq!(all.endpoint(), chosen);
        }
    }

    #[tokio::test]
    async fn what_came_of_each_server_is_told_once() {
        let servers = vec![
            told("a", vec![unreachable(false)]),
            told("b", vec![refused()]),
            told("c", Vec::new()),
        ];
        let all = FirstReachable::new(servers).unwrap();
        assert_eq!(all.take_reached(), []);
        assert!(all.invoke(Command::new("Get-Command")).await.is_err());
        let cause = chain(&unreachable(false));
        assert!(cause.ends_with(": refused"), "{cause}");
        let told = [
            ("a".to_owned(), Reached::Unreachable { cause }),
            ("b".to_owned(), Reached::Answered),
        ];
        assert_eq!(all.take_reached(), told);
        assert_eq!(all.take_reached(), []);
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
