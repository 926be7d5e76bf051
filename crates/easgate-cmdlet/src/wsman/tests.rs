//! What a server can do to the opening of a shell, with answers made by hand.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Response, Uri, header};
use easgate_psrp::wsman::server::{self, FaultReply, Reply, RequestBody, ShellDescription, parse_request};
use uuid::Uuid;

use crate::{
    Authentication, CmdletTransport as _, Command, Config, InvokeError, TransportError, WsmanTransport,
};

/// What the server saw of one request.
struct Seen {
    path: String,
    cookie: Option<String>,
    message_id: String,
    body: RequestBody,
    shell_id: Option<String>,
}

type Log = Arc<Mutex<Vec<Seen>>>;

/// Runs one command against a server that answers with `answer`.
async fn run(answer: fn(&Seen) -> Response<Body>, change: fn(&mut Config)) -> (InvokeError, Log) {
    let log = Log::default();
    let kept = Arc::clone(&log);
    let app = Router::new().fallback(move |uri: Uri, headers: HeaderMap, body: Bytes| {
        let request = parse_request(&body).unwrap();
        let cookie = headers
            .get(header::COOKIE)
            .map(|cookie| cookie.to_str().unwrap().to_owned());
        let shell_id = request.shell_id().map(str::to_owned);
        let seen = Seen {
            path: uri.path().to_owned(),
            cookie,
            message_id: request.message_id,
            body: request.body,
            shell_id,
        };
        let response = answer(&seen);
        kept.lock().unwrap().push(seen);
        async move { response }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/powershell", listener.local_addr().unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move { axum::serve(listener, app).await.unwrap() });

    let basic = Authentication::Basic {
        username: "ana".to_owned(),
        password: "secret".to_owned().into(),
    };
    let mut config = Config::new(url.parse().unwrap(), basic);
    change(&mut config);
    let transport = WsmanTransport::new(config).unwrap();
    let error = transport.invoke(Command::new("Get-Date")).await.err().unwrap();
    transport.close().await;
    (error, log)
}

fn soap(status: u16, body: String) -> Response<Body> {
    Response::builder()
        .status(status)
        .header("Set-Cookie", "MS-WSMAN=1; path=/")
        .body(Body::from(body))
        .unwrap()
}

fn refuse(seen: &Seen, fault: &FaultReply) -> Response<Body> {
    let reply = Reply {
        relates_to: &seen.message_id,
        message_id: Uuid::nil(),
    };
    soap(500, server::fault(&reply, fault))
}

fn redirect(location: &str) -> Response<Body> {
    Response::builder()
        .status(302)
        .header(header::LOCATION, location)
        .body(Body::empty())
        .unwrap()
}

fn shell() -> ShellDescription {
    ShellDescription {
        address: String::new(),
        shell_id: "MADE-BY-THE-SERVER".to_owned(),
        resource_uri: "http://schemas.microsoft.com/powershell/Other".to_owned(),
        owner: String::new(),
        client_ip: String::new(),
        idle_timeout: Duration::from_secs(900),
    }
}

#[tokio::test]
async fn a_redirect_opens_the_shell_elsewhere_with_a_post() {
    let (error, log) = run(
        |seen| match seen.path.as_str() {
            "/powershell" => redirect("/elsewhere"),
            _ => refuse(seen, &FaultReply::invalid_selectors("EX1", "no")),
        },
        |_| (),
    )
    .await;
    assert!(
        matches!(error, InvokeError::SessionLost { ref endpoint, sent: false, .. } if endpoint.ends_with("/elsewhere"))
    );
    let log = log.lock().unwrap();
    let paths: Vec<_> = log.iter().map(|seen| seen.path.as_str()).collect();
    assert_eq!(paths, ["/powershell", "/elsewhere"]);
    assert!(
        log.iter()
            .all(|seen| matches!(seen.body, RequestBody::Create { .. }) && seen.cookie.is_none())
    );
}

#[tokio::test]
async fn redirects_end() {
    let (error, log) = run(|seen| redirect(&format!("{}x", seen.path)), |_| ()).await;
    assert!(
        matches!(
            error,
            InvokeError::Redirected {
                reason: "there are too many of them",
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(log.lock().unwrap().len(), 6);
    let (error, log) = run(|_| redirect("http://ex9.contoso.example/powershell"), |_| ()).await;
    assert!(
        matches!(
            error,
            InvokeError::Redirected {
                reason: "it is not https",
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(log.lock().unwrap().len(), 1);
}

/// The shell may exist though its answer was lost, so it is deleted under the id that was proposed for it.
#[tokio::test]
async fn an_answer_without_end_is_cut_off_and_its_shell_deleted() {
    let (error, log) = run(
        |seen| {
            if matches!(seen.body, RequestBody::Create { .. }) {
                return soap(200, "<x>".repeat(100_000));
            }
            refuse(seen, &FaultReply::invalid_selectors("EX1", "no"))
        },
        |config| config.limits.max_response_bytes = 50_000,
    )
    .await;
    let InvokeError::Transport {
        sent: false,
        source: TransportError::TooLarge { limit: 50_000 },
        ..
    } = error
    else {
        panic!("{error:?}")
    };
    let log = log.lock().unwrap();
    let [
        Seen {
            body:
                RequestBody::Create {
                    shell_id: Some(proposed),
                    ..
                },
            ..
        },
        deletion,
    ] = &log[..]
    else {
        panic!()
    };
    assert_eq!(
        (&deletion.body, deletion.shell_id.as_ref()),
        (&RequestBody::Delete, Some(proposed))
    );
}

#[tokio::test]
async fn a_shell_that_does_not_open_in_time_is_deleted_with_its_cookie() {
    let (error, log) = run(
        |seen| {
            let reply = Reply {
                relates_to: &seen.message_id,
                message_id: Uuid::nil(),
            };
            if matches!(seen.body, RequestBody::Create { .. }) {
                return soap(200, server::create_response(&reply, &shell()));
            }
            if seen.body == RequestBody::Delete {
                return soap(200, server::delete_response(&reply));
            }
            refuse(seen, &FaultReply::timed_out("EX1"))
        },
        |config| config.open_timeout = Duration::from_millis(20),
    )
    .await;
    assert!(
        matches!(error, InvokeError::Timeout { sent: false, .. }),
        "{error:?}"
    );
    let log = log.lock().unwrap();
    assert!(
        log[1..]
            .iter()
            .all(|seen| seen.cookie.as_deref() == Some("MS-WSMAN=1"))
    );
    let last = log.last().unwrap();
    assert_eq!(
        (&last.body, last.shell_id.as_deref()),
        (&RequestBody::Delete, Some("MADE-BY-THE-SERVER"))
    );
}

#[tokio::test]
async fn an_answer_to_another_request_is_not_taken() {
    let (error, _) = run(
        |_| {
            soap(
                200,
                server::delete_response(&Reply {
                    relates_to: "uuid:another",
                    message_id: Uuid::nil(),
                }),
            )
        },
        |_| (),
    )
    .await;
    assert!(
        matches!(&error, InvokeError::Protocol { reason, .. } if reason == "the answer is to another request"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_name_that_a_server_told_leads_to_this_computer_only_where_the_configuration_says_so() {
    let refuses = |seen: &Seen| refuse(seen, &FaultReply::timed_out("ex1"));
    let to_a_name = |config: &mut Config| {
        config.url.set_host(Some("localhost")).unwrap();
        config.discovered = true;
    };
    let (error, log) = run(refuses, to_a_name).await;
    assert!(matches!(
        error,
        InvokeError::Transport {
            sent: false,
            source: TransportError::Connect { .. },
            ..
        }
    ));
    let mut causes = String::new();
    let mut next = std::error::Error::source(&error);
    while let Some(cause) = next {
        causes.push_str(&format!("{cause}\n"));
        next = cause.source();
    }
    assert!(causes.contains("write it into `addresses`"), "{causes}");
    assert_eq!(log.lock().unwrap().len(), 0);

    let named = |config: &mut Config| {
        config.url.set_host(Some("ex1.contoso.example")).unwrap();
        config.discovered = true;
        config
            .addresses
            .insert("EX1.contoso.example", "127.0.0.1".parse().unwrap());
    };
    let (_, log) = run(refuses, named).await;
    assert!(!log.lock().unwrap().is_empty());
}
