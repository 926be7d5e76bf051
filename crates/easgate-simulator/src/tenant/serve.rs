//! The server: start, steer, inspect, stop.

use std::collections::{BTreeSet, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use crate::tenant::data::TenantData;
use crate::tenant::delta::History;
use crate::tenant::fault::{Fault, Rule};
use crate::tenant::reply::{bad_request, error};
use crate::tenant::{batch, delta, directory, intune, token};
use crate::world::World;

/// The most bytes of a request.
const MAX_BODY: usize = 4 << 20;
/// The most requests that the log keeps.
const MAX_LOG: usize = 100_000;

/// How a tenant is started; [`TenantConfig::new`] gives the usual settings.
#[derive(Debug, Clone)]
pub struct TenantConfig {
    /// Where to listen; loopback only.
    pub listen: SocketAddr,
    /// The company.
    pub world: World,
    /// The client id of the one application.
    pub client_id: String,
    /// Its secret.
    pub secret: String,
    /// Its certificate in PEM, if it may prove itself by one.
    pub certificate: Option<String>,
    /// The most rows of a page.
    pub page_size: usize,
    /// How long a token is good, in seconds.
    pub token_lifetime: u32,
}

impl TenantConfig {
    /// Any free port of 127.0.0.1, application `11111111-aaaa-4bbb-8ccc-000000000001`, secret
    /// `not-a-real-secret`, pages of 1,000 rows, tokens for an hour.
    #[must_use]
    pub fn new(world: World) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            world,
            client_id: "11111111-aaaa-4bbb-8ccc-000000000001".to_owned(),
            secret: "not-a-real-secret".to_owned(),
            certificate: None,
            page_size: 1_000,
            token_lifetime: 3_599,
        }
    }
}

/// A request that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoggedRequest {
    /// The method.
    pub method: String,
    /// The path with its query, as it came.
    pub target: String,
    /// `ConsistencyLevel: eventual` was there.
    pub eventual: bool,
    /// `client-request-id`.
    pub client_request_id: Option<String>,
    /// The status of the answer.
    pub status: u16,
}

/// A tenant that listens. Dropped, it stops at once; [`TenantSimulator::stop`] waits for its answers.
pub struct TenantSimulator {
    shared: Arc<Shared>,
    address: SocketAddr,
    stopping: CancellationToken,
    tasks: JoinSet<std::io::Result<()>>,
}

/// What every request sees.
pub(crate) struct Shared {
    pub(crate) config: TenantConfig,
    pub(crate) origin: String,
    state: Mutex<Inner>,
}

/// What changes.
pub(crate) struct Inner {
    pub(crate) data: TenantData,
    pub(crate) history: History,
    pub(crate) tokens: BTreeSet<String>,
    /// The `jti` of every assertion that was accepted: none is accepted twice.
    pub(crate) assertions: BTreeSet<String>,
    rules: Vec<Rule>,
    log: VecDeque<LoggedRequest>,
}

impl TenantSimulator {
    /// Starts to listen.
    ///
    /// # Errors
    /// The address is not one of loopback, or is taken.
    pub async fn start(config: TenantConfig) -> std::io::Result<Self> {
        if !config.listen.ip().is_loopback() {
            return Err(std::io::Error::other(
                "a simulated tenant listens on loopback only",
            ));
        }
        let listener = TcpListener::bind(config.listen).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            origin: format!("http://{address}"),
            state: Mutex::new(Inner {
                data: TenantData::of(&config.world),
                history: History::default(),
                tokens: BTreeSet::new(),
                assertions: BTreeSet::new(),
                rules: Vec::new(),
                log: VecDeque::new(),
            }),
            config,
        });
        let router = Router::new().fallback(handle).with_state(Arc::clone(&shared));
        let stopping = CancellationToken::new();
        let stop = stopping.clone().cancelled_owned();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { axum::serve(listener, router).with_graceful_shutdown(stop).await });
        Ok(Self {
            shared,
            address,
            stopping,
            tasks,
        })
    }

    /// The address it listens on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The root of its Graph, `http://127.0.0.1:port`.
    ///
    /// # Panics
    /// Never: a socket address makes an URL.
    #[must_use]
    pub fn graph_root(&self) -> Url {
        Url::parse(&self.shared.origin).expect("a socket address makes an URL")
    }

    /// The root of its token endpoint: the same.
    #[must_use]
    pub fn login_root(&self) -> Url {
        self.graph_root()
    }

    /// The id of the tenant, which token requests name.
    #[must_use]
    pub fn tenant(&self) -> Uuid {
        self.shared.config.world.tenant
    }

    /// Changes what the tenant knows; the change shows in deltas.
    pub fn edit<T>(&self, change: impl FnOnce(&mut TenantData) -> T) -> T {
        let mut inner = self.shared.lock();
        let before = inner.data.clone();
        let result = change(&mut inner.data);
        let Inner { data, history, .. } = &mut *inner;
        history.note(&before, data);
        result
    }

    /// Lets `fault` strike the next `times` requests whose path and query contain `path`.
    pub fn fail(&self, path: &str, fault: Fault, times: usize) {
        self.shared.lock().rules.push(Rule {
            path: path.to_owned(),
            fault,
            times,
        });
    }

    /// Takes back every fault that has not struck yet.
    pub fn heal(&self) {
        self.shared.lock().rules.clear();
    }

    /// Makes every token that was given invalid.
    pub fn revoke_tokens(&self) {
        self.shared.lock().tokens.clear();
    }

    /// The requests that came, in their order.
    #[must_use]
    pub fn requests(&self) -> Vec<LoggedRequest> {
        self.shared.lock().log.iter().cloned().collect()
    }

    /// Stops to listen and waits for the answers that are under way.
    pub async fn stop(mut self) {
        self.stopping.cancel();
        while self.tasks.join_next().await.is_some() {}
    }
}

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The fault that strikes a request to `target`, used up by one.
    fn strike(&self, target: &str) -> Option<Fault> {
        let mut inner = self.lock();
        let rule = inner
            .rules
            .iter_mut()
            .find(|rule| rule.times > 0 && target.contains(&rule.path))?;
        rule.times -= 1;
        Some(rule.fault.clone())
    }

    fn log(&self, call: &Call, client_request_id: Option<String>, status: StatusCode) {
        let mut inner = self.lock();
        if inner.log.len() == MAX_LOG {
            inner.log.pop_front();
        }
        inner.log.push_back(LoggedRequest {
            method: call.method.to_string(),
            target: call.target.clone(),
            eventual: call.eventual,
            client_request_id,
            status: status.as_u16(),
        });
    }
}

/// One request, alone or out of a batch.
pub(crate) struct Call {
    pub(crate) method: Method,
    pub(crate) target: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) eventual: bool,
    pub(crate) body: Vec<u8>,
}

impl Call {
    pub(crate) fn new(method: Method, target: &str, eventual: bool, body: Vec<u8>) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let query = url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        Self {
            method,
            target: target.to_owned(),
            path: path.replace("%24", "$"),
            query,
            eventual,
            body,
        }
    }

    pub(crate) fn option(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The same request with one option more, for the next link.
    pub(crate) fn with(&self, origin: &str, name: &str, value: &str) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(self.query.iter().filter(|(key, _)| key != name));
        query.append_pair(name, value);
        format!("{origin}{}?{}", self.path, query.finish().replace('+', "%20"))
    }
}

async fn handle(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return bad_request("The request is too large.");
    };
    let header = |name: &str| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let eventual = header("consistencylevel").is_some_and(|level| level.eq_ignore_ascii_case("eventual"));
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let call = Call::new(parts.method.clone(), target, eventual, body.to_vec());
    let bearer = header(header::AUTHORIZATION.as_str());
    let response = if call.path.ends_with("/oauth2/v2.0/token") {
        match shared.strike(target).and_then(|fault| fault.reply(target)) {
            Some(response) => response,
            None => token::answer(&shared, &call),
        }
    } else if !is_authorized(&shared, bearer.as_deref()) {
        error(
            StatusCode::UNAUTHORIZED,
            "InvalidAuthenticationToken",
            "Access token has expired or is not yet valid.",
        )
    } else if call.path == "/v1.0/$batch" {
        batch::answer(&shared, &call).await
    } else {
        answer(&shared, &call)
    };
    shared.log(&call, header("client-request-id"), response.status());
    response
}

fn is_authorized(shared: &Shared, authorization: Option<&str>) -> bool {
    let token = authorization.and_then(|value| value.strip_prefix("Bearer "));
    token.is_some_and(|token| shared.lock().tokens.contains(token))
}

/// Answers one request of a caller who may ask.
pub(crate) fn answer(shared: &Shared, call: &Call) -> Response {
    let fault = shared.strike(&call.target);
    let url = format!("{}{}", shared.origin, call.target);
    if let Some(response) = fault.as_ref().and_then(|fault| fault.reply(&url)) {
        return response;
    }
    if call.method != Method::GET {
        return error(
            StatusCode::METHOD_NOT_ALLOWED,
            "BadRequest",
            "The method is not allowed.",
        );
    }
    let segments: Vec<&str> = call
        .path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    match segments.as_slice() {
        ["v1.0", "deviceManagement", rest @ ..] => intune::answer(shared, call, rest, fault.as_ref()),
        ["beta", "deviceManagement", "exchangeOnPremisesPolicy"] => intune::exchange_policy(),
        ["v1.0", "users", "delta"] => delta::users(shared, call),
        ["v1.0", "groups", "delta"] => delta::groups(shared, call),
        ["v1.0", "users", rest @ ..] => directory::users(shared, call, rest, fault.as_ref()),
        ["v1.0", "groups", id, "transitiveMembers", "microsoft.graph.user"] => {
            directory::members(shared, call, id, fault.as_ref())
        }
        _ => bad_request("Resource not found for the segment."),
    }
}
