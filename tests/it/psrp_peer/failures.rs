//! Lost sessions, refused credentials, servers that are down.

use std::time::Duration;

use easgate_cmdlet::{Authentication, CmdletTransport as _, Command, InvokeError, TransportError};

use super::{Peer, count, listen, numbers, run};

#[tokio::test]
async fn a_command_that_takes_too_long_is_stopped() {
    let Some(peer) = Peer::start().await else { return };
    let limit = Duration::from_millis(700);
    let transport = peer.connect(|config| config.command_timeout = limit);
    let said = run(&transport, Command::new("Test-Endless")).await;
    assert_eq!(numbers(&said), [0]);
    let Some(InvokeError::Timeout {
        after, sent: true, ..
    }) = said.failure
    else {
        panic!("{:?}", said.failure)
    };
    assert_eq!(after, limit);
    assert_eq!(numbers(&run(&transport, count(1, 0)).await), [0]);
    let stats = peer.finish(transport).await;
    assert_eq!((stats.create, stats.stops), (1, 1), "{stats:?}");
}

#[tokio::test]
async fn a_lost_session_fails_its_command_and_is_opened_anew() {
    let Some(peer) = Peer::start().await else { return };
    let transport = peer.connect(|_| ());
    let mut invocation = transport.invoke(Command::new("Test-Endless")).await.unwrap();
    invocation.next().await.unwrap().unwrap();
    peer.post("/lose").await;
    let error = listen(invocation).await.failure.unwrap();
    assert!(
        matches!(error, InvokeError::SessionLost { sent: true, .. }),
        "{error:?}"
    );
    assert!(error.is_transient());
    assert_eq!(numbers(&run(&transport, count(1, 0)).await), [0]);
    assert_eq!(peer.finish(transport).await.create, 2);
}

#[tokio::test]
async fn a_session_lost_between_commands_goes_unnoticed() {
    let Some(peer) = Peer::start().await else { return };
    let transport = peer.connect(|_| ());
    assert_eq!(numbers(&run(&transport, count(1, 0)).await), [0]);
    peer.post("/lose").await;
    assert_eq!(numbers(&run(&transport, count(1, 0)).await), [0]);
    assert_eq!(peer.finish(transport).await.create, 2);
}

#[tokio::test]
async fn refused_credentials_are_not_tried_again() {
    let Some(peer) = Peer::start().await else { return };
    let transport = peer.connect(|config| {
        let password = "wrong".to_owned().into();
        config.authentication = Authentication::Basic {
            username: r"CONTOSO\connector".to_owned(),
            password,
        };
    });
    let error = run(&transport, count(1, 0)).await.failure.unwrap();
    assert!(
        matches!(&error, InvokeError::Unauthorized { offered, .. } if offered == "Basic"),
        "{error:?}"
    );
    assert!(!error.is_transient() && !error.sent());
    let stats = peer.finish(transport).await;
    assert_eq!((stats.unauthorized, stats.create), (1, 0), "{stats:?}");
}

#[tokio::test]
async fn addresses_that_do_not_answer_say_why() {
    let Some(peer) = Peer::start().await else { return };
    let wrong_path = peer.connect(|config| config.url.set_path("/wsman"));
    let error = run(&wrong_path, count(1, 0)).await.failure.unwrap();
    assert!(
        matches!(
            error,
            InvokeError::Transport {
                sent: false,
                source: TransportError::Status { status: 404, .. },
                ..
            }
        ),
        "{error:?}"
    );
    let wrong_name = peer.connect(|config| config.configuration_uri.push('x'));
    let error = run(&wrong_name, count(1, 0)).await.failure.unwrap();
    assert!(
        matches!(&error, InvokeError::Fault { fault, .. } if fault.wsman_code == Some(2_150_858_811)),
        "{error:?}"
    );

    peer.post("/fail").await;
    let busy = peer.connect(|_| ());
    let error = run(&busy, count(1, 0)).await.failure.unwrap();
    assert!(error.is_transient() && !error.sent(), "{error:?}");
    assert_eq!(numbers(&run(&busy, count(1, 0)).await), [0]);
    peer.finish(busy).await;

    let nowhere = peer.connect(|config| config.url.set_port(Some(9)).unwrap());
    let error = run(&nowhere, count(1, 0)).await.failure.unwrap();
    assert!(
        matches!(
            error,
            InvokeError::Transport {
                sent: false,
                source: TransportError::Connect { .. },
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_closed_transport_says_so() {
    let Some(peer) = Peer::start().await else { return };
    let transport = peer.connect(|_| ());
    let running = transport.invoke(Command::new("Test-Endless")).await.unwrap();
    transport.close().await;
    let error = listen(running).await.failure;
    assert!(
        matches!(error, Some(InvokeError::Closed { .. }) | None),
        "{error:?}"
    );
    let error = run(&transport, count(1, 0)).await.failure.unwrap();
    assert!(matches!(error, InvokeError::Closed { .. }), "{error:?}");
    peer.finish(transport).await;
}
