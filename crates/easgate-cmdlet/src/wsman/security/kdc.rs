//! Asking domain controllers for Kerberos tickets, over TCP.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use sspi::{NetworkProtocol, NetworkRequest};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use url::Url;

use super::skew;
use crate::KdcAddress;

/// How long one domain controller may take for one question.
const LIMIT: Duration = Duration::from_secs(5);
const MAX_REPLY: usize = 1024 * 1024;
/// Questions and replies begin with their length.
const PREFIX: usize = 4;

/// The domain controllers of one account.
#[derive(Debug)]
pub(super) struct Kdcs {
    addresses: Vec<KdcAddress>,
    /// The one that answered last.
    answering: AtomicUsize,
    /// What time it was there when one last told, which it does as it asks for a proof of the password.
    time: Mutex<Option<SystemTime>>,
}

impl Kdcs {
    pub(super) const fn new(addresses: Vec<KdcAddress>) -> Self {
        Self {
            addresses,
            answering: AtomicUsize::new(0),
            time: Mutex::new(None),
        }
    }

    /// The address by which questions to the account's own realm are known; `None` leaves the search to `krb5.conf`.
    pub(super) fn home(&self) -> Option<Url> {
        self.addresses.first().map(|kdc| kdc.url().clone())
    }

    /// What time it was at the domain controller when it last told.
    pub(super) fn time(&self) -> Option<SystemTime> {
        *self.time.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks the domain controllers, and keeps the time that they tell.
    ///
    /// # Errors
    ///
    /// The text names each that was asked, and why it did not answer.
    pub(super) async fn ask(&self, request: &NetworkRequest) -> Result<Vec<u8>, String> {
        let reply = self.ask_in_turn(request).await?;
        let told = reply.get(PREFIX..).and_then(skew::error_time);
        if told.is_some() {
            *self.time.lock().unwrap_or_else(PoisonError::into_inner) = told;
        }
        Ok(reply)
    }

    /// Asks one domain controller after the other until one answers, beginning with the one that did last.
    async fn ask_in_turn(&self, request: &NetworkRequest) -> Result<Vec<u8>, String> {
        if request.protocol != NetworkProtocol::Tcp {
            return Err(format!("{}: only Kerberos over TCP is spoken", request.url));
        }
        if self.home().as_ref() != Some(&request.url) {
            return ask_one(&request.url, &request.data).await;
        }
        let first = self.answering.load(Ordering::Relaxed);
        let mut failures = Vec::new();
        for step in 0..self.addresses.len() {
            let at = (first + step) % self.addresses.len();
            let Some(kdc) = self.addresses.get(at) else { break };
            match ask_one(kdc.url(), &request.data).await {
                Ok(reply) => {
                    self.answering.store(at, Ordering::Relaxed);
                    return Ok(reply);
                }
                Err(failure) => failures.push(failure),
            }
        }
        Err(failures.join("; "))
    }
}

async fn ask_one(url: &Url, question: &[u8]) -> Result<Vec<u8>, String> {
    let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']);
    let port = url.port().unwrap_or(88);
    let outcome = tokio::time::timeout(LIMIT, exchange(host, port, question)).await;
    let reason = match outcome {
        Ok(Ok(reply)) => return Ok(reply),
        Ok(Err(error)) => error.to_string(),
        Err(_) => "timed out".to_owned(),
    };
    Err(format!("{host}:{port}: {reason}"))
}

async fn exchange(host: &str, port: u16, question: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect((host, port)).await?;
    stream.write_all(question).await?;
    let mut prefix = [0; PREFIX];
    stream.read_exact(&mut prefix).await?;
    let length = usize::try_from(u32::from_be_bytes(prefix)).unwrap_or(usize::MAX);
    if length > MAX_REPLY {
        return Err(io::Error::other("the reply is too long"));
    }
    let mut reply = vec![0; PREFIX + length];
    let (front, body) = reply.split_at_mut(PREFIX);
    front.copy_from_slice(&prefix);
    stream.read_exact(body).await?;
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;
    use tokio::task::JoinSet;

    use super::*;

    fn request(kdcs: &Kdcs) -> NetworkRequest {
        NetworkRequest {
            protocol: NetworkProtocol::Tcp,
            url: kdcs.home().unwrap(),
            data: b"\0\0\0\x02hi".to_vec(),
        }
    }

    /// A domain controller that answers every question with `reply`.
    async fn kdc(tasks: &mut JoinSet<()>, reply: &'static [u8]) -> KdcAddress {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tasks.spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut question = [0; 6];
                stream.read_exact(&mut question).await.unwrap();
                stream.write_all(reply).await.unwrap();
            }
        });
        address.parse().unwrap()
    }

    /// An address at which nobody listens.
    async fn nobody() -> KdcAddress {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().to_string().parse().unwrap()
    }

    #[tokio::test]
    async fn the_next_one_is_asked_and_the_one_that_answered_is_remembered() {
        let mut tasks = JoinSet::new();
        let kdcs = Kdcs::new(vec![
            nobody().await,
            kdc(&mut tasks, b"\0\0\0\x03yes").await,
            kdc(&mut tasks, b"\0\0\0\x02no").await,
        ]);
        assert_eq!(kdcs.ask(&request(&kdcs)).await.unwrap(), b"\0\0\0\x03yes");
        assert_eq!(kdcs.answering.load(Ordering::Relaxed), 1);
        assert_eq!(kdcs.ask(&request(&kdcs)).await.unwrap(), b"\0\0\0\x03yes");
    }

    #[tokio::test]
    async fn a_failure_names_every_address() {
        let mut tasks = JoinSet::new();
        let (dead, endless) = (nobody().await, kdc(&mut tasks, &[0x7f, 0xff, 0xff, 0xff]).await);
        let kdcs = Kdcs::new(vec![dead.clone(), endless.clone()]);
        let failure = kdcs.ask(&request(&kdcs)).await.unwrap_err();
        assert!(
            failure.contains(&format!("{dead}: Connection refused")),
            "{failure}"
        );
        assert!(
            failure.contains(&format!("{endless}: the reply is too long")),
            "{failure}"
        );
    }
}
