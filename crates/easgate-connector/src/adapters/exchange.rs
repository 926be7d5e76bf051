//! Exchange through cmdlets.

mod part;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use easgate_cmdlet::{CmdletTransport, FaultKind, InvokeError};
use easgate_exchange::{Config, ExchangeClient, ExchangeError, ExchangeServer, Filter, ListChange};
use easgate_model::{DeviceAccessRule, Mailbox, MailboxId, OrganizationSettings, Partnership, RecipientType};
use easgate_store::ServerSeen;
use futures::stream::{Stream, StreamExt};
use time::OffsetDateTime;

use super::Breaker;
use crate::ports::{CallError, CallErrorKind, Changed, Exchange, KnownObject, Load, MailboxName, Reach};
use crate::progress::{Progress, ProgressSink};
use crate::report::chain;

/// How many records come between two words about the progress.
const TOLD_EVERY: u64 = 100;

/// An Exchange organisation, reached by any cmdlet transport.
///
/// It gives no way to the client's device actions.
pub struct ExchangeAdapter {
    client: ExchangeClient,
    transport: Arc<dyn CmdletTransport>,
    breaker: Option<Breaker>,
}

impl ExchangeAdapter {
    /// Reaches Exchange through `transport`, whose runspaces begin with the setup commands of `easgate-exchange`.
    #[must_use]
    pub fn new(transport: Arc<dyn CmdletTransport>, config: Config) -> Self {
        Self {
            client: ExchangeClient::new(Arc::clone(&transport), config),
            transport,
            breaker: None,
        }
    }

    /// Lets `breaker` hold calls back once the account was refused.
    #[must_use]
    pub fn with_breaker(self, breaker: Breaker) -> Self {
        Self {
            breaker: Some(breaker),
            ..self
        }
    }

    async fn partnerships_where(
        &self,
        filter: &Filter,
        progress: &dyn ProgressSink,
    ) -> Result<Vec<Partnership>, CallError> {
        self.guarded(async {
            collect(
                self.client.partnerships_where(filter),
                "exchange.devices",
                progress,
            )
            .await
        })
        .await
    }

    /// Makes `call` unless the account was refused, and remembers when it is.
    async fn guarded<T>(
        &self,
        call: impl Future<Output = Result<T, CallError>> + Send,
    ) -> Result<T, CallError>
    where
        T: Send,
    {
        let Some(breaker) = &self.breaker else {
            return call.await;
        };
        breaker.admit().await?;
        let result = call.await;
        if let Err(error) = &result
            && is_refused_credential(error)
        {
            let cause = chain(error);
            breaker.note_refusal(&self.transport.endpoint(), cause).await;
        }
        result
    }
}

impl fmt::Debug for ExchangeAdapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExchangeAdapter").field(&self.client).finish()
    }
}

#[async_trait]
impl Exchange for ExchangeAdapter {
    async fn settings(&self) -> Result<OrganizationSettings, CallError> {
        self.guarded(async { self.client.organization_settings().await.map_err(call_error) })
            .await
    }

    async fn rules(&self) -> Result<Vec<DeviceAccessRule>, CallError> {
        self.guarded(async { self.client.access_rules().await.map_err(call_error) })
            .await
    }

    async fn partnerships(&self, progress: &dyn ProgressSink) -> Result<Vec<Partnership>, CallError> {
        self.guarded(async { collect(self.client.partnerships(), "exchange.devices", progress).await })
            .await
    }

    async fn mailboxes(&self, progress: &dyn ProgressSink) -> Result<Vec<Mailbox>, CallError> {
        self.guarded(async { collect(self.client.mailboxes(), "exchange.mailboxes", progress).await })
            .await
    }

    async fn recipient_types(
        &self,
        progress: &dyn ProgressSink,
    ) -> Result<HashMap<MailboxId, RecipientType>, CallError> {
        self.guarded(async {
            let types = self
                .client
                .recipients()
                .map(|read| read.map(|recipient| (MailboxId(recipient.guid), recipient.recipient_type)));
            Ok(collect(types, "exchange.recipients", progress)
                .await?
                .into_iter()
                .collect())
        })
        .await
    }

    async fn servers(&self) -> Result<Vec<ServerSeen>, CallError> {
        self.guarded(async {
            Ok(self
                .client
                .servers()
                .await
                .map_err(call_error)?
                .into_iter()
                .map(server)
                .collect())
        })
        .await
    }

    async fn mailbox(&self, id: MailboxId, domain_controller: Option<&str>) -> Result<Mailbox, CallError> {
        self.guarded(async {
            self.client
                .mailbox(id, domain_controller)
                .await
                .map_err(call_error)
        })
        .await
    }

    async fn pending(&self, progress: &dyn ProgressSink) -> Result<Vec<Partnership>, CallError> {
        self.partnerships_where(&part::pending(), progress).await
    }

    async fn let_in_by_default(&self, progress: &dyn ProgressSink) -> Result<Vec<Partnership>, CallError> {
        self.partnerships_where(&part::let_in_by_default(), progress)
            .await
    }

    async fn probe(&self, changed: Changed, known: &KnownObject) -> Result<Reach, CallError> {
        self.guarded(part::probe(&self.client, changed, known)).await
    }

    async fn partnerships_since(
        &self,
        changed: Changed,
        since: OffsetDateTime,
        progress: &dyn ProgressSink,
    ) -> Result<Vec<Partnership>, CallError> {
        self.partnerships_where(&part::since(changed, since), progress)
            .await
    }

    async fn mailboxes_since(
        &self,
        since: OffsetDateTime,
        progress: &dyn ProgressSink,
    ) -> Result<Vec<Mailbox>, CallError> {
        let filter = part::since(Changed::Mailbox, since);
        self.guarded(async {
            collect(
                self.client.mailboxes_where(&filter),
                "exchange.mailboxes",
                progress,
            )
            .await
        })
        .await
    }

    async fn partnerships_of(&self, mailbox: &Mailbox) -> Result<Vec<Partnership>, CallError> {
        self.guarded(part::partnerships_of(&self.client, mailbox.id))
            .await
    }

    async fn find_mailbox(&self, name: &MailboxName) -> Result<Option<Mailbox>, CallError> {
        self.guarded(part::find_mailbox(&self.client, name)).await
    }

    async fn recipient_type(&self, id: MailboxId) -> Result<RecipientType, CallError> {
        self.guarded(part::recipient_type(&self.client, id)).await
    }

    async fn apply(&self, change: &ListChange) -> Result<Load, CallError> {
        self.guarded(async {
            let applied = self.client.change_lists(change).await.map_err(call_error)?;
            Ok(if applied.was_delayed() {
                Load::Slowed
            } else {
                Load::Fine
            })
        })
        .await
    }

    fn endpoint(&self) -> String {
        self.transport.endpoint()
    }
}

/// Whether the server did not accept the account's credential, as opposed to what the account wanted to do.
fn is_refused_credential(error: &CallError) -> bool {
    matches!(
        error.cause.downcast_ref::<ExchangeError>(),
        Some(ExchangeError::Transport { source, .. }) if source.is_refused_credential()
    )
}

/// Takes a stream to its end; the first error makes the whole list unread.
async fn collect<T>(
    stream: impl Stream<Item = Result<T, ExchangeError>> + Send,
    input: &'static str,
    progress: &dyn ProgressSink,
) -> Result<Vec<T>, CallError> {
    let tell = |rows, expected| {
        progress.progress(Progress::Read {
            input: input.to_owned(),
            rows,
            expected,
        });
    };
    let mut stream = std::pin::pin!(stream);
    let mut list = Vec::new();
    let mut rows = 0;
    while let Some(record) = stream.next().await {
        list.push(record.map_err(call_error)?);
        rows += 1;
        if rows % TOLD_EVERY == 0 {
            tell(rows, None);
        }
    }
    list.shrink_to_fit();
    tell(rows, Some(rows));
    Ok(list)
}

fn server(server: ExchangeServer) -> ServerSeen {
    let roles = [
        (server.is_mailbox, "Mailbox"),
        (server.is_client_access, "ClientAccess"),
        (server.is_edge, "Edge"),
    ];
    ServerSeen {
        name: server.fqdn,
        version: server
            .version
            .map(|version| version.to_string())
            .unwrap_or_default(),
        roles: roles
            .iter()
            .filter(|(is, _)| *is)
            .map(|(_, name)| *name)
            .collect::<Vec<_>>()
            .join(", "),
    }
}

fn call_error(error: ExchangeError) -> CallError {
    let kind = kind(&error);
    let may_have_run = matches!(&error, ExchangeError::Transport { source, .. } if source.sent());
    let cure = error.cure().map(str::to_owned);
    let request = error.request_id();
    CallError {
        may_have_run,
        cure,
        request,
        ..CallError::new(kind, error)
    }
}

fn kind(error: &ExchangeError) -> CallErrorKind {
    match error {
        ExchangeError::Throttled { .. } => CallErrorKind::Throttled { retry_after: None },
        ExchangeError::NotGranted { .. } | ExchangeError::UnknownParameter { .. } => {
            CallErrorKind::NotGranted
        }
        ExchangeError::ListFull { .. } => CallErrorKind::ListFull,
        ExchangeError::Truncated { .. } | ExchangeError::Decode { .. } => CallErrorKind::Incomplete,
        ExchangeError::NotFound { .. }
        | ExchangeError::Ambiguous { .. }
        | ExchangeError::ArgumentRefused { .. }
        | ExchangeError::Denied { .. }
        | ExchangeError::Failed { .. }
        | ExchangeError::Count { .. } => CallErrorKind::Refused,
        ExchangeError::Transport { source, .. } => kind_of_invoke(source),
    }
}

fn kind_of_invoke(error: &InvokeError) -> CallErrorKind {
    match error {
        InvokeError::Unauthorized { .. } => CallErrorKind::Unauthorized,
        InvokeError::Authentication { .. } if error.is_transient() => CallErrorKind::Connection,
        InvokeError::Authentication { .. } => CallErrorKind::Unauthorized,
        InvokeError::Setup { source, .. } => kind_of_invoke(source),
        InvokeError::Fault { fault, .. } => kind_of_fault(&fault.kind()),
        InvokeError::Redirected { .. } => CallErrorKind::Unauthorized,
        InvokeError::Timeout { .. } => CallErrorKind::Transient { retry_after: None },
        InvokeError::Failed { .. } => CallErrorKind::Refused,
        InvokeError::Transport { .. }
        | InvokeError::SessionLost { .. }
        | InvokeError::Stopped { .. }
        | InvokeError::Protocol { .. }
        | InvokeError::Closed { .. }
        | InvokeError::NotRecorded { .. }
        | _ => CallErrorKind::Connection,
    }
}

fn kind_of_fault(kind: &FaultKind) -> CallErrorKind {
    match kind {
        FaultKind::Throttled { wait } => CallErrorKind::Throttled { retry_after: *wait },
        FaultKind::TooManyShells => CallErrorKind::TooManyShells,
        FaultKind::Timeout | FaultKind::ShellNotFound => CallErrorKind::Transient { retry_after: None },
        // A fault that does not pass refuses the account or the session, and so every other call too.
        FaultKind::ResourceUriNotFound
        | FaultKind::SchemaInvalid
        | FaultKind::AccessDenied
        | FaultKind::Redirect(_)
        | FaultKind::NoRole
        | FaultKind::RemotePowerShellDisabled
        | FaultKind::Other
        | _ => CallErrorKind::Unauthorized,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn transport(source: InvokeError) -> CallError {
        let cmdlet = "Set-CASMailbox";
        call_error(ExchangeError::Transport { cmdlet, source })
    }

    fn timeout(sent: bool) -> InvokeError {
        let after = Duration::from_secs(60);
        InvokeError::Timeout {
            cmdlet: "Set-CASMailbox".to_owned(),
            after,
            sent,
        }
    }

    fn unauthorized() -> InvokeError {
        InvokeError::Unauthorized {
            endpoint: "cas1".to_owned(),
            offered: "Negotiate".to_owned(),
        }
    }

    fn lost() -> InvokeError {
        let (endpoint, cmdlet) = ("cas1".to_owned(), "Set-CASMailbox".to_owned());
        InvokeError::SessionLost {
            endpoint,
            cmdlet,
            sent: true,
        }
    }

    #[test]
    fn a_refused_account_is_never_tried_again_wherever_it_shows() {
        let during_setup = InvokeError::Setup {
            endpoint: "cas1".to_owned(),
            cmdlet: "Set-ADServerSettings".to_owned(),
            source: Box::new(unauthorized()),
        };
        for source in [unauthorized(), during_setup] {
            let error = transport(source);
            assert_eq!(error.kind, CallErrorKind::Unauthorized, "{error}");
            assert!(
                !error.is_transient() && error.ends_the_run() && !error.may_have_run,
                "{error}"
            );
        }
    }

    #[test]
    fn what_was_sent_may_have_been_carried_out() {
        for (source, may_have_run) in [(timeout(true), true), (timeout(false), false), (lost(), true)] {
            let error = transport(source);
            assert_eq!(error.may_have_run, may_have_run, "{error}");
            assert!(error.is_transient(), "{error}");
        }
    }

    #[test]
    fn what_the_account_may_not_do_and_what_came_in_part_are_told_apart() {
        let cmdlet = "Get-Recipient";
        let not_granted = call_error(ExchangeError::NotGranted { cmdlet });
        assert_eq!(not_granted.kind, CallErrorKind::NotGranted);
        assert!(not_granted.cure.is_some());
        let warning = "there are more results".to_owned();
        let truncated = call_error(ExchangeError::Truncated { cmdlet, warning });
        assert_eq!(truncated.kind, CallErrorKind::Incomplete);
        assert!(!truncated.is_transient());
    }
}
