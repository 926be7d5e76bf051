//! One shell on the server: a runspace pool, its cookies and its connections.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use easgate_psrp::client::{Pipeline, PoolConfig, PoolEvent, ProtocolVersion, RunspacePool};
use easgate_psrp::wsman::{self, CreatedShell, RequestContext, ResponseBody, Selector, SignalCode, Stream};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use super::answer::{self, RequestError};
use super::jar::CookieJar;
use super::lane::{Lane, Post};
use super::redirect;
use super::shells::Shells;
use crate::{Command, InvokeError};

/// How much longer than the server we wait, so that its answer, not our clock, ends a request.
const ANSWER_MARGIN: Duration = Duration::from_secs(30);
/// The largest envelope of servers that speak protocol 2.1 (PowerShell 2).
const OLD_MAX_ENVELOPE: u32 = 153_600;

/// An open shell.
#[derive(Debug)]
pub(super) struct Shell {
    shells: Arc<Shells>,
    url: Url,
    context: RequestContext,
    pool: Mutex<RunspacePool>,
    jar: Mutex<CookieJar>,
    /// Connections that carry no request.
    lanes: Mutex<Vec<Lane>>,
    last_used: Mutex<Instant>,
    lost: AtomicBool,
}

/// The streams and the command state of one Receive.
pub(super) struct Received {
    pub(super) streams: Vec<Stream>,
    pub(super) done: bool,
}

impl Shell {
    /// Opens a shell, following redirects.
    pub(super) async fn open(shells: &Arc<Shells>, cmdlet: &str) -> Result<Self, InvokeError> {
        let mut url = shells.config().url.clone();
        for _ in 0..=redirect::MAX_REDIRECTS {
            let mut shell = Self::new(shells, url.clone());
            let error = match shell.create().await {
                Ok(()) => {
                    shell.wait_until_opened(cmdlet).await?;
                    return Ok(shell);
                }
                Err(error) => error,
            };
            let RequestError::Redirect { location } = error else {
                if error.may_have_acted() {
                    shell.delete().await;
                }
                return Err(error.into_invoke_error(&shell.endpoint(), cmdlet, false));
            };
            url = redirect::target(&url, &location, &shells.config().redirect_hosts).map_err(|reason| {
                InvokeError::Redirected {
                    endpoint: shell.endpoint(),
                    location,
                    reason,
                }
            })?;
            tracing::info!(%url, "Endpoint redirects");
        }
        let endpoint = shells.endpoint();
        Err(InvokeError::Redirected {
            endpoint,
            location: url.to_string(),
            reason: "there are too many of them",
        })
    }

    fn new(shells: &Arc<Shells>, url: Url) -> Self {
        let config = shells.config();
        let shell_id = Uuid::new_v4();
        let mut pool_config = PoolConfig::new(shell_id);
        pool_config.max_runspaces = u32::try_from(shells.runspaces_of_a_shell()).unwrap_or(1);
        let url = if config.ps_version_query {
            with_ps_version(url)
        } else {
            url
        };
        Self {
            context: RequestContext {
                to: url.to_string(),
                resource_uri: config.configuration_uri.clone(),
                session_id: shells.session_id(),
                max_envelope_size: config.max_envelope_size,
                operation_timeout: config.operation_timeout,
                locale: config.locale.clone(),
                selectors: Vec::new(),
            },
            url,
            pool: Mutex::new(RunspacePool::new(pool_config)),
            jar: Mutex::default(),
            lanes: Mutex::default(),
            last_used: Mutex::new(Instant::now()),
            lost: AtomicBool::new(false),
            shells: Arc::clone(shells),
        }
    }

    /// Sends Create, and keeps the selectors and the resource URI that come back.
    async fn create(&mut self) -> Result<(), RequestError> {
        let (shell_id, opening) = {
            let mut pool = self.pool();
            (pool.id(), pool.opening())
        };
        let version = ProtocolVersion::V2_3.to_string();
        let answer = self
            .request(|context, id| wsman::create(context, id, shell_id, &version, &opening))
            .await;
        // Should the answer be lost, the shell may still exist under the id that we proposed.
        self.context.selectors = vec![Selector {
            name: "ShellId".to_owned(),
            value: shell_id.to_string().to_uppercase(),
        }];
        let ResponseBody::Created(CreatedShell {
            selectors,
            resource_uri,
            ..
        }) = answer?
        else {
            return Err(unexpected("Create"));
        };
        self.context.selectors = selectors;
        if let Some(resource_uri) = resource_uri {
            self.context.resource_uri = resource_uri;
        }
        Ok(())
    }

    /// Receives on the pool until it is open; a shell that does not open is deleted.
    async fn wait_until_opened(&mut self, cmdlet: &str) -> Result<(), InvokeError> {
        let closing = self.shells.closing().clone();
        let opened = tokio::select! {
            opened = self.receive_until_opened(cmdlet) => opened,
            () = closing.cancelled() => Err(InvokeError::Closed { endpoint: self.endpoint() }),
        };
        if opened.is_err() {
            self.delete().await;
            return opened;
        }
        if self
            .pool()
            .negotiated()
            .is_some_and(|version| version <= ProtocolVersion::V2_1)
        {
            self.context.max_envelope_size = self.context.max_envelope_size.min(OLD_MAX_ENVELOPE);
        }
        Ok(())
    }

    async fn receive_until_opened(&self, cmdlet: &str) -> Result<(), InvokeError> {
        let limit = self.shells.config().open_timeout;
        let deadline = Instant::now() + limit;
        loop {
            match self.receive(None).await {
                Ok(received) => {
                    if self
                        .read_opening(received)
                        .map_err(|error| self.invoke_error(error, cmdlet, false))?
                    {
                        return Ok(());
                    }
                }
                Err(error) if error.is_timed_out() => {}
                Err(error) => return Err(self.invoke_error(error, cmdlet, false)),
            }
            if Instant::now() >= deadline {
                return Err(InvokeError::Timeout {
                    cmdlet: cmdlet.to_owned(),
                    after: limit,
                    sent: false,
                });
            }
        }
    }

    /// Whether the pool is open now.
    fn read_opening(&self, received: Received) -> Result<bool, RequestError> {
        let protocol = |reason| RequestError::Protocol { reason };
        let mut pool = self.pool();
        for stream in received.streams {
            pool.handle_bytes(Bytes::from(stream.data))
                .map_err(|error| protocol(error.to_string()))?;
        }
        while let Some(event) = pool.poll_event() {
            if event == PoolEvent::Opened {
                return Ok(true);
            } else if let PoolEvent::Broken { error } = event {
                let error = error.map_or_else(|| "no reason given".to_owned(), |error| error.to_string());
                return Err(protocol(format!("the runspace pool did not open: {error}")));
            } else if event == PoolEvent::Closed {
                return Err(protocol("the runspace pool closed while it opened".to_owned()));
            }
            tracing::debug!(?event, "While the runspace pool opens");
        }
        if received.done {
            return Err(protocol("the runspace pool ended while it opened".to_owned()));
        }
        Ok(false)
    }

    /// Makes the pipeline for `command`; nothing is sent yet.
    pub(super) fn pipeline(&self, command: &Command) -> Pipeline {
        self.pool()
            .pipeline(Uuid::new_v4(), std::slice::from_ref(command))
    }

    /// Starts a pipeline with its first fragments; the result is the command id to use.
    pub(super) async fn command(&self, pipeline: &mut Pipeline) -> Result<String, RequestError> {
        let id = pipeline.id();
        let budget = self.budget(wsman::empty_command_size(&self.context));
        let fragments = pipeline.data_to_send(budget).unwrap_or_default();
        let answer = self
            .request(|context, message| wsman::command(context, message, id, &fragments))
            .await?;
        let ResponseBody::Command { command_id } = answer else {
            return Err(unexpected("Command"));
        };
        Ok(command_id.unwrap_or_else(|| id.to_string().to_uppercase()))
    }

    /// Sends what is left of a pipeline's input.
    pub(super) async fn send_input(&self, pipeline: &mut Pipeline, id: &str) -> Result<(), RequestError> {
        let budget = self.budget(wsman::empty_send_size(&self.context, "stdin", Some(id)));
        while let Some(fragments) = pipeline.data_to_send(budget) {
            self.send("stdin", id, &fragments).await?;
        }
        Ok(())
    }

    /// Sends the refusals of calls to the host.
    pub(super) async fn send_answers(&self, pipeline: &mut Pipeline, id: &str) -> Result<(), RequestError> {
        let budget = self.budget(wsman::empty_send_size(&self.context, "pr", Some(id)));
        while let Some(fragments) = pipeline.answers_to_send(budget) {
            self.send("pr", id, &fragments).await?;
        }
        Ok(())
    }

    async fn send(&self, stream: &str, id: &str, fragments: &[u8]) -> Result<(), RequestError> {
        let write = |context: &_, message| wsman::send(context, message, stream, Some(id), fragments);
        let ResponseBody::Sent = self.request(write).await? else {
            return Err(unexpected("Send"));
        };
        Ok(())
    }

    /// Waits for output of a pipeline, or of the pool.
    ///
    /// The caller must see this to its end: what the server has handed out and nobody read is lost.
    pub(super) async fn receive(&self, id: Option<&str>) -> Result<Received, RequestError> {
        let answer = self
            .request(|context, message| wsman::receive(context, message, id))
            .await?;
        let ResponseBody::Received { mut streams, state } = answer else {
            return Err(unexpected("Receive"));
        };
        streams.retain(|stream| match (&stream.command_id, id) {
            (Some(theirs), Some(ours)) => theirs.eq_ignore_ascii_case(ours),
            (Some(_), None) => false,
            (None, _) => true,
        });
        let done = matches!(state, Some(wsman::CommandState::Done { .. }));
        Ok(Received { streams, done })
    }

    /// Stops or releases a pipeline.
    pub(super) async fn signal(&self, id: &str, code: &SignalCode) -> Result<(), RequestError> {
        let limit = self.shells.config().close_timeout;
        let write = |context: &_, message| wsman::signal(context, message, id, code);
        let ResponseBody::Signalled = self.request_within(limit, write).await? else {
            return Err(unexpected("Signal"));
        };
        Ok(())
    }

    /// Ends the shell if this is its last user.
    pub(super) async fn release(self: Arc<Self>) {
        self.touch();
        if let Some(shell) = Arc::into_inner(self) {
            shell.delete().await;
        }
    }

    /// Ends the shell; if that fails, the server's idle time-out does it.
    async fn delete(&self) {
        let limit = self.shells.config().close_timeout;
        match self.request_within(limit, wsman::delete).await {
            Ok(_) => {}
            Err(error) if error.is_not_found() => {}
            Err(error) => {
                let error = self.invoke_error(error, "Delete", true);
                tracing::warn!(error = %chain(&error), "Shell not deleted; the server ends it when it lies idle");
            }
        }
    }

    /// Marks the shell as unusable for further commands.
    pub(super) fn give_up(&self) {
        self.lost.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    pub(super) fn idle_for(&self) -> Duration {
        self.last_used
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .elapsed()
    }

    pub(super) fn invoke_error(&self, error: RequestError, cmdlet: &str, sent: bool) -> InvokeError {
        error.into_invoke_error(&self.endpoint(), cmdlet, sent)
    }

    /// Where the shell is, which a redirect may have changed, without the query.
    pub(super) fn endpoint(&self) -> String {
        let mut url = self.url.clone();
        url.set_query(None);
        url.to_string()
    }

    pub(super) fn shells(&self) -> &Shells {
        &self.shells
    }

    pub(super) fn closing(&self) -> &CancellationToken {
        self.shells.closing()
    }

    async fn request(
        &self,
        write: impl FnOnce(&RequestContext, Uuid) -> String,
    ) -> Result<ResponseBody, RequestError> {
        self.request_within(self.context.operation_timeout + ANSWER_MARGIN, write)
            .await
    }

    /// Sends one request on a lane of its own and reads the answer.
    async fn request_within(
        &self,
        timeout: Duration,
        write: impl FnOnce(&RequestContext, Uuid) -> String,
    ) -> Result<ResponseBody, RequestError> {
        self.touch();
        let message_id = Uuid::new_v4();
        let body = write(&self.context, message_id);
        let mut lane = match self.lanes().pop() {
            Some(lane) => lane,
            None => self.shells.dialer().dial(),
        };
        let cookies = self.jar().header(&self.url);
        let size = body.len();
        let post = Post {
            url: &self.url,
            cookies,
            body,
            timeout,
        };
        // A lane that fails here, or whose future is dropped, does not come back.
        let answer = lane.post(&post).await?;
        self.jar().store(&answer.headers);
        self.lanes().push(lane);
        self.touch();
        tracing::trace!(
            sent = size,
            received = answer.body.len(),
            status = answer.status.as_u16(),
            "Request"
        );
        answer::read(&answer, &format!("uuid:{message_id}"))
    }

    fn budget(&self, empty_envelope: usize) -> usize {
        wsman::fragment_budget(empty_envelope, self.context.max_envelope_size)
    }

    fn touch(&self) {
        *self.last_used.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn pool(&self) -> MutexGuard<'_, RunspacePool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn jar(&self) -> MutexGuard<'_, CookieJar> {
        self.jar.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lanes(&self) -> MutexGuard<'_, Vec<Lane>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unexpected(request: &str) -> RequestError {
    RequestError::Protocol {
        reason: format!("{request} was answered with something else"),
    }
}

/// Adds the version of PowerShell as its own client does, which trims a trailing slash.
fn with_ps_version(mut url: Url) -> Url {
    const VERSION: &str = "PSVersion=5.1.17763.1";
    match url.query().map(str::to_owned) {
        Some(query) if query.contains("PSVersion=") => {}
        Some(query) => url.set_query(Some(&format!("{query};{VERSION}"))),
        None => {
            let path = url.path().trim_end_matches('/').to_owned();
            url.set_path(&path);
            url.set_query(Some(VERSION));
        }
    }
    url
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}
