//! What a server or a proxy can do to a connection, by raw HTTP.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use super::dialer::Dialer;
use super::lane::{Answer, Lane, LaneError, Post};
use crate::{
    Authentication, AuthenticationError, ClientCertificate, Config, ConfigError, Proxy, Secret,
    TransportError,
};

/// A server that answers by hand.
struct Peer {
    address: String,
    connections: Arc<AtomicUsize>,
    /// The heads of the requests, in the order in which they came.
    seen: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

/// What a peer does with the request that has this head, the `nth` of its connection.
type Rule = fn(nth: usize, head: &str) -> Reaction;

enum Reaction {
    Answer(&'static str),
    /// Answers, and then closes the connection without saying so.
    Last(&'static str),
    /// Closes the connection without an answer.
    Hang,
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

async fn peer(rule: Rule) -> Peer {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (connections, seen) = (Arc::new(AtomicUsize::new(0)), Arc::default());
    let (count, heads) = (Arc::clone(&connections), Arc::clone(&seen));
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut served = JoinSet::new();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
            served.spawn(serve(stream, rule, Arc::clone(&heads)));
        }
    });
    Peer {
        address,
        connections,
        seen,
        _tasks: tasks,
    }
}

async fn serve(mut stream: TcpStream, rule: Rule, seen: Arc<Mutex<Vec<String>>>) {
    for nth in 0.. {
        let Some(head) = request(&mut stream).await else {
            return;
        };
        seen.lock().unwrap().push(head.clone());
        let (answer, last) = match rule(nth, &head) {
            Reaction::Answer(answer) => (answer, false),
            Reaction::Last(answer) => (answer, true),
            Reaction::Hang => return,
        };
        stream.write_all(answer.as_bytes()).await.unwrap();
        if last {
            return;
        }
    }
}

/// Reads a request to its end; `None` when the client has left.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut text = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let read = stream.read(&mut piece).await.ok().filter(|read| *read > 0)?;
        text.extend_from_slice(&piece[..read]);
        let Some(end) = text.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&text[..end]).to_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))
            .map_or(0, |length| length.parse().unwrap());
        if text.len() >= end + 4 + length {
            return Some(head);
        }
    }
}

impl Peer {
    fn config(&self, authentication: Authentication) -> Config {
        let url = format!("http://{}/powershell", self.address);
        let mut config = Config::new(url.parse().unwrap(), authentication);
        config.danger_allow_ntlm_without_channel_binding = true;
        config
    }

    fn lane(&self, authentication: Authentication) -> Lane {
        Arc::new(Dialer::new(&self.config(authentication)).unwrap()).dial()
    }

    async fn post(&self, lane: &mut Lane) -> Result<Answer, LaneError> {
        let url = format!("http://{}/powershell", self.address).parse().unwrap();
        let post = Post {
            url: &url,
            cookies: Some("MS-WSMAN=1".parse().unwrap()),
            body: "soap".to_owned(),
            timeout: Duration::from_secs(10),
        };
        lane.post(&post).await
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn requests(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

fn basic() -> Authentication {
    Authentication::Basic {
        username: "ana".to_owned(),
        password: "secret".into(),
    }
}

fn ntlm() -> Authentication {
    Authentication::Ntlm {
        username: r"CONTOSO\ana".to_owned(),
        password: "secret".into(),
    }
}

#[tokio::test]
async fn a_lane_keeps_its_connection() {
    let peer = peer(|_, _| Reaction::Answer(OK)).await;
    let mut lane = peer.lane(basic());
    for _ in 0..20 {
        assert_eq!(peer.post(&mut lane).await.unwrap().body, b"ok");
    }
    assert_eq!((peer.connections(), peer.requests()), (1, 20));
}

/// Nothing was sent on the connection that is gone, so the request goes once more, on another.
#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_is_opened_again() {
    let peer = peer(|_, _| Reaction::Last(OK)).await;
    let mut config = peer.config(basic());
    config.connect_timeout = Duration::from_millis(400);
    let mut lane = Arc::new(Dialer::new(&config).unwrap()).dial();
    for _ in 0..3 {
        assert_eq!(peer.post(&mut lane).await.unwrap().body, b"ok");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!((peer.connections(), peer.requests()), (3, 3));
}

/// The server may have acted on it.
#[tokio::test]
async fn a_request_that_was_sent_is_never_sent_again() {
    let peer = peer(|nth, _| {
        if nth == 0 {
            Reaction::Answer(OK)
        } else {
            Reaction::Hang
        }
    })
    .await;
    let mut lane = peer.lane(basic());
    peer.post(&mut lane).await.unwrap();
    let error = peer.post(&mut lane).await.unwrap_err();
    assert!(
        matches!(error, LaneError::Transport(TransportError::Broken { .. })),
        "{error:?}"
    );
    assert_eq!((peer.connections(), peer.requests()), (1, 2));
    peer.post(&mut lane).await.unwrap();
    assert_eq!((peer.connections(), peer.requests()), (2, 3));
}

#[tokio::test]
async fn the_log_on_has_no_body_and_what_is_not_offered_is_not_used() {
    let peer = peer(|_, head| {
        assert!(head.contains("content-length: 0"), "{head}");
        Reaction::Answer(
            "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"a, NTLM\"\r\n\
             WWW-Authenticate: Kerberos\r\nContent-Length: 4\r\n\r\nnope",
        )
    })
    .await;
    let mut lane = peer.lane(ntlm());
    let error = peer.post(&mut lane).await.unwrap_err();
    let LaneError::Authentication(AuthenticationError::NotOffered { wanted, offered }) = error else {
        panic!("{error:?}")
    };
    assert_eq!((wanted, offered.as_str()), ("Negotiate", "Basic, Kerberos"));
    assert_eq!((peer.connections(), peer.requests()), (1, 1));
}

/// The body of the first 401 was read, so its connection is used again.
#[tokio::test]
async fn the_next_scheme_is_tried_on_the_same_connection() {
    let peer = peer(|_, _| {
        Reaction::Answer("HTTP/1.1 401 No\r\nWWW-Authenticate: NTLM\r\nContent-Length: 4\r\n\r\nnope")
    })
    .await;
    let mut lane = peer.lane(ntlm());
    let LaneError::Authentication(error) = peer.post(&mut lane).await.unwrap_err() else {
        panic!("nobody was let in")
    };
    assert!(matches!(error, AuthenticationError::Protocol { .. }) && !error.is_refused_credential());
    let schemes: Vec<String> = peer
        .seen
        .lock()
        .unwrap()
        .iter()
        .filter_map(|head| head.lines().find_map(|line| line.strip_prefix("authorization: ")))
        .filter_map(|value| value.split(' ').next().map(str::to_owned))
        .collect();
    assert_eq!(schemes, ["negotiate", "ntlm"]);
    assert_eq!(peer.connections(), 1);
}

#[tokio::test]
async fn a_server_that_lets_us_in_without_proof_is_not_trusted() {
    let peer = peer(|_, _| Reaction::Answer(OK)).await;
    let mut lane = peer.lane(ntlm());
    let error = peer.post(&mut lane).await.unwrap_err();
    assert!(
        matches!(
            error,
            LaneError::Authentication(AuthenticationError::ServerUnproven { .. })
        ),
        "{error:?}"
    );
    assert_eq!(peer.requests(), 1, "no SOAP went out");
}

#[tokio::test]
async fn an_answer_to_the_log_on_that_is_none_is_handed_over_without_its_body() {
    let peer = peer(|_, _| {
        Reaction::Answer("HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 4\r\n\r\nsoap")
    })
    .await;
    let mut lane = peer.lane(ntlm());
    let answer = peer.post(&mut lane).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.body.len()), (302, 0));
    assert_eq!(answer.headers["location"], "/elsewhere");
}

#[tokio::test]
async fn a_server_that_hangs_up_during_the_log_on_has_got_nothing() {
    let peer = peer(|_, _| Reaction::Hang).await;
    let mut lane = peer.lane(ntlm());
    let LaneError::Transport(error) = peer.post(&mut lane).await.unwrap_err() else {
        panic!("the log-on was not refused")
    };
    assert!(error.is_unsent(), "{error:?}");
}

#[tokio::test]
async fn a_wrong_password_is_sent_once_by_eight_lanes() {
    let peer = peer(|_, _| {
        Reaction::Answer(
            "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n",
        )
    })
    .await;
    let dialer = Arc::new(Dialer::new(&peer.config(basic())).unwrap());
    let lanes = (0..8).map(|_| async {
        let mut lane = dialer.dial();
        peer.post(&mut lane).await.unwrap().status.as_u16()
    });
    assert_eq!(futures::future::join_all(lanes).await, [401; 8]);
    assert_eq!(peer.requests(), 1);
}

#[tokio::test]
async fn the_password_is_read_at_each_log_on() {
    let peer = peer(|_, _| Reaction::Last(OK)).await;
    let reads = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&reads);
    let password = Secret::from_fn(move || {
        let read = counter.fetch_add(1, Ordering::SeqCst);
        Ok(if read < 2 { "old" } else { "new" }.into())
    });
    let username = "ana".to_owned();
    let mut lane = peer.lane(Authentication::Basic { username, password });
    peer.post(&mut lane).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    peer.post(&mut lane).await.unwrap();
    let heads = peer.seen.lock().unwrap();
    let old = base64_simd::STANDARD.encode_to_string("ana:old").to_lowercase();
    let new = base64_simd::STANDARD.encode_to_string("ana:new").to_lowercase();
    assert!(heads[0].contains(&old) && heads[1].contains(&new), "{heads:?}");
}

/// Both of a proxy's ways to refuse: an answer over http, and an error of CONNECT.
#[tokio::test]
async fn a_proxy_that_wants_credentials_is_named() {
    const WANTS_NTLM: &str = "HTTP/1.1 407 No\r\nProxy-Authenticate: Negotiate\r\nProxy-Authenticate: NTLM\r\n\
                              Content-Length: 0\r\n\r\n";
    let proxy = peer(|_, _| Reaction::Answer(WANTS_NTLM)).await;
    let expected = "the proxy wants credentials by Negotiate, NTLM, which is not spoken to proxies; let this computer \
                    through it, or reach the server without it";
    for url in [
        "http://ex1.contoso.example/powershell",
        "https://ex1.contoso.example/powershell",
    ] {
        let url = url.parse().unwrap();
        let mut config = proxy.config(basic());
        config.proxy = Some(Proxy::new(format!("http://{}", proxy.address).parse().unwrap()));
        let mut lane = Arc::new(Dialer::new(&config).unwrap()).dial();
        let post = Post {
            url: &url,
            cookies: None,
            body: "soap".to_owned(),
            timeout: Duration::from_secs(10),
        };
        let LaneError::Transport(error) = lane.post(&post).await.unwrap_err() else {
            panic!("the proxy refused")
        };
        assert!(error.is_unsent() && !error.is_transient());
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test]
async fn hosts_of_no_proxy_are_reached_without_it_and_the_others_with_its_password() {
    let (server, proxy) = (
        peer(|_, _| Reaction::Answer(OK)).await,
        peer(|_, _| Reaction::Answer(OK)).await,
    );
    let mut config = server.config(basic());
    let mut through = Proxy::new(format!("http://{}", proxy.address).parse().unwrap());
    through.credentials = Some(("web".to_owned(), "pr0xy p@ss:wörd".into()));
    config.proxy = Some(through.clone());
    let mut lane = Arc::new(Dialer::new(&config).unwrap()).dial();
    server.post(&mut lane).await.unwrap();
    assert_eq!((server.requests(), proxy.requests()), (0, 1));
    let credentials = base64_simd::STANDARD
        .encode_to_string("web:pr0xy p@ss:wörd")
        .to_lowercase();
    assert!(proxy.seen.lock().unwrap()[0].contains(&format!("proxy-authorization: basic {credentials}")));

    through.no_proxy = vec!["127.0.0.1".to_owned()];
    config.proxy = Some(through);
    let mut lane = Arc::new(Dialer::new(&config).unwrap()).dial();
    server.post(&mut lane).await.unwrap();
    assert_eq!((server.requests(), proxy.requests()), (1, 1));
}

#[test]
fn a_client_certificate_that_cannot_be_used_is_named_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("client.pem");
    std::fs::write(&file, include_bytes!("../../tests/data/server-sha384.pem")).unwrap();
    let url = "https://ex1.contoso.example/powershell".parse().unwrap();
    let mut config = Config::new(url, Authentication::Certificate);
    config.client_certificate = Some(ClientCertificate::Pem {
        certificate: file,
        private_key: "-----BEGIN EC PRIVATE KEY-----".into(),
    });
    let error = Dialer::new(&config).unwrap_err();
    assert!(
        matches!(error, ConfigError::ClientCertificate { .. }),
        "{error:?}"
    );
}

#[test]
fn a_pin_is_that_of_the_whole_certificate_and_none_is_as_bad_as_a_wrong_one() {
    let url = "https://ex1.contoso.example/powershell".parse().unwrap();
    let mut config = Config::new(url, basic());
    let without = Dialer::new(&config).unwrap();
    assert!(without.check_pin(None).is_ok());
    // The SHA-256 of "abc" (FIPS 180-2, B.1).
    let pin = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    config.pins = vec!["00".repeat(32).parse().unwrap(), pin.parse().unwrap()];
    let pinned = Dialer::new(&config).unwrap();
    assert!(pinned.check_pin(Some(b"abc")).is_ok());
    assert!(matches!(
        pinned.check_pin(Some(b"abcd")),
        Err(AuthenticationError::Pin { found }) if found.starts_with("88d4266fd4e6338d")
    ));
    assert!(matches!(
        pinned.check_pin(None),
        Err(AuthenticationError::PinUnchecked)
    ));
}
