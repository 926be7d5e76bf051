//! A server between the client and a peer, which sees each request and its answer.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use url::Url;

/// What went by.
#[derive(Debug, Clone)]
pub(super) struct Passed {
    pub(super) target: String,
    pub(super) status: u16,
    /// What prism says is wrong with the request.
    pub(super) violations: String,
    pub(super) body: Value,
}

pub(super) struct Tap {
    pub(super) root: Url,
    passed: Arc<Mutex<Vec<Passed>>>,
    _tasks: JoinSet<()>,
}

#[derive(Clone)]
struct Line {
    peer: Url,
    client: reqwest::Client,
    passed: Arc<Mutex<Vec<Passed>>>,
}

impl Tap {
    pub(super) async fn before(peer: &Url) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let root = format!("http://{}", listener.local_addr().unwrap())
            .parse()
            .unwrap();
        let passed = Arc::new(Mutex::new(Vec::new()));
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let line = Line {
            peer: peer.clone(),
            client,
            passed: Arc::clone(&passed),
        };
        let router = Router::new().fallback(pass).with_state(line);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            root,
            passed,
            _tasks: tasks,
        }
    }

    /// What went by since the last look.
    pub(super) fn passed(&self) -> Vec<Passed> {
        std::mem::take(&mut *self.passed.lock().unwrap())
    }
}

async fn pass(State(line): State<Line>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().unwrap().to_string();
    let url = format!("{}{target}", line.peer.as_str().trim_end_matches('/'));
    let mut headers = parts.headers;
    for name in ["host", "accept-encoding", "content-length"] {
        headers.remove(name);
    }
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let sent = line
        .client
        .request(parts.method, url)
        .headers(headers)
        .body(body)
        .send()
        .await
        .unwrap();
    let status = sent.status();
    let header = |name: &str| {
        sent.headers()
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    let (kind, violations) = (
        header("content-type"),
        header("sl-violations").unwrap_or_default(),
    );
    let body = sent.bytes().await.unwrap();
    line.passed.lock().unwrap().push(Passed {
        target,
        status: status.as_u16(),
        violations,
        body: serde_json::from_slice(&body).unwrap_or_default(),
    });
    let answer = Response::builder()
        .status(status)
        .header("content-type", kind.unwrap_or_default());
    answer.body(Body::from(body)).unwrap()
}
