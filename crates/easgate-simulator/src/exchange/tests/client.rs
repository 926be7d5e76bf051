//! A small client: one request after the other, no retries.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use easgate_psrp::client::{PipelineEvent, PoolConfig, PoolEvent, RunspacePool};
use easgate_psrp::clixml::{self, PsValue};
use easgate_psrp::command::Command;
use easgate_psrp::message::PipelineState;
use easgate_psrp::records::ErrorRecord;
use easgate_psrp::wsman::{self, Fault, RequestContext, ResponseBody};
use uuid::Uuid;

use super::super::{ExchangeConfig, ExchangeSimulator};
use crate::world::World;

pub(super) async fn start(devices: usize, change: impl FnOnce(&mut ExchangeConfig)) -> ExchangeSimulator {
    let mut config = ExchangeConfig::new(World::contoso(devices));
    change(&mut config);
    ExchangeSimulator::start(config).await.unwrap()
}

/// Why a request failed.
#[derive(Debug)]
pub(super) enum Failed {
    Status(u16),
    Fault(Box<Fault>),
    Broken,
}

impl Failed {
    pub(super) fn fault(self) -> Fault {
        match self {
            Self::Fault(fault) => *fault,
            other => panic!("no fault: {other:?}"),
        }
    }
}

/// What a pipeline gave.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) rows: Vec<Bytes>,
    pub(super) errors: Vec<ErrorRecord>,
    pub(super) warnings: Vec<String>,
    pub(super) failed: Option<ErrorRecord>,
    pub(super) state: Option<PipelineState>,
}

impl Seen {
    pub(super) fn values(&self) -> Vec<PsValue> {
        self.rows
            .iter()
            .map(|row| clixml::parse(row).unwrap().remove(0))
            .collect()
    }

    pub(super) fn texts(&self, property: &str) -> Vec<String> {
        let text = |value: &PsValue| {
            value
                .property(property)
                .and_then(PsValue::as_str)
                .unwrap_or("")
                .to_owned()
        };
        self.values().iter().map(text).collect()
    }
}

pub(super) struct Client {
    http: reqwest::Client,
    url: String,
    pub(super) cookie: Option<String>,
    pub(super) context: RequestContext,
    pool: RunspacePool,
}

impl Client {
    pub(super) fn new(simulator: &ExchangeSimulator) -> Self {
        Self::with_query(simulator, "")
    }

    pub(super) fn with_query(simulator: &ExchangeSimulator, query: &str) -> Self {
        Self::at(simulator.address(), query)
    }

    /// A client of the server at `address`.
    pub(super) fn at(address: SocketAddr, query: &str) -> Self {
        let url = format!("http://{address}/PowerShell/{query}");
        Self {
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            context: RequestContext {
                to: url.clone(),
                resource_uri: "http://schemas.microsoft.com/powershell/Microsoft.Exchange".to_owned(),
                session_id: Uuid::from_u128(7),
                max_envelope_size: 153_600,
                operation_timeout: Duration::from_secs(2),
                locale: "en-US".to_owned(),
                selectors: Vec::new(),
            },
            url,
            cookie: None,
            pool: RunspacePool::new(PoolConfig::new(Uuid::new_v4())),
        }
    }

    pub(super) async fn post(&mut self, body: String) -> Result<ResponseBody, Failed> {
        let mut request = self
            .http
            .post(&self.url)
            .basic_auth("CONTOSO\\connector", Some("P@ssw0rd!"))
            .body(body);
        if let Some(cookie) = &self.cookie {
            request = request.header("Cookie", cookie);
        }
        let response = request.send().await.map_err(|_| Failed::Broken)?;
        let status = response.status().as_u16();
        if let Some(cookie) = response.headers().get("set-cookie") {
            self.cookie = cookie.to_str().unwrap().split(';').next().map(str::to_owned);
        }
        let bytes = response.bytes().await.map_err(|_| Failed::Broken)?;
        match wsman::parse_response(&bytes).map(|response| response.body) {
            Ok(ResponseBody::Fault(fault)) => Err(Failed::Fault(Box::new(fault))),
            Ok(body) => Ok(body),
            Err(_) => Err(Failed::Status(status)),
        }
    }

    pub(super) async fn open(&mut self) -> Result<(), Failed> {
        let opening = self.pool.opening();
        let body = wsman::create(&self.context, Uuid::new_v4(), Uuid::new_v4(), "2.3", &opening);
        let ResponseBody::Created(shell) = self.post(body).await? else {
            panic!("not created")
        };
        self.context.selectors = shell.selectors;
        loop {
            let body = wsman::receive(&self.context, Uuid::new_v4(), None);
            let ResponseBody::Received { streams, .. } = self.post(body).await? else {
                panic!("not received")
            };
            for stream in streams {
                self.pool.handle(&stream.data).unwrap();
            }
            while let Some(event) = self.pool.poll_event() {
                if matches!(event, PoolEvent::Opened) {
                    return Ok(());
                }
            }
        }
    }

    pub(super) async fn close(&mut self) -> Result<(), Failed> {
        let body = wsman::delete(&self.context, Uuid::new_v4());
        self.post(body).await.map(|_| ())
    }

    /// Runs commands to the end of their pipeline; what came before a failure goes into `seen`.
    pub(super) async fn run_into(&mut self, commands: &[Command], seen: &mut Seen) -> Result<(), Failed> {
        let id = Uuid::new_v4();
        let mut pipeline = self.pool.pipeline(id, commands);
        let first = pipeline.data_to_send(100_000).unwrap();
        let body = wsman::command(&self.context, Uuid::new_v4(), id, &first);
        let ResponseBody::Command { command_id } = self.post(body).await? else {
            panic!("no command")
        };
        let command = command_id.unwrap();
        loop {
            let body = wsman::receive(&self.context, Uuid::new_v4(), Some(&command));
            let (streams, state) = match self.post(body).await {
                Ok(ResponseBody::Received { streams, state }) => (streams, state),
                Ok(other) => panic!("{other:?}"),
                Err(Failed::Fault(fault)) if fault.kind() == wsman::FaultKind::Timeout => continue,
                Err(failed) => return Err(failed),
            };
            for stream in streams {
                pipeline.handle(&stream.data).unwrap();
            }
            while let Some(event) = pipeline.poll_event() {
                note(event, seen);
            }
            if state.is_some() {
                return Ok(());
            }
        }
    }

    pub(super) async fn run(&mut self, command: Command) -> Seen {
        let mut seen = Seen::default();
        self.run_into(&[command], &mut seen).await.unwrap();
        seen
    }
}

fn note(event: PipelineEvent, seen: &mut Seen) {
    match event {
        PipelineEvent::Output(row) => seen.rows.push(row),
        PipelineEvent::Error(error) => seen.errors.push(*error),
        PipelineEvent::Warning(record) => seen.warnings.push(record.message),
        PipelineEvent::State { state, error } => {
            (seen.state, seen.failed) = (Some(state), error.map(|error| *error));
        }
        other => panic!("{other:?}"),
    }
}
