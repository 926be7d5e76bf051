//! The operations of WS-Management.

use std::sync::Arc;
use std::time::Duration;

use easgate_psrp::wsman::server::{
    FaultReply, Reply, Request, RequestBody, ShellDescription, command_response, create_response,
    delete_response, fault, receive_response, send_response, signal_response,
};
use easgate_psrp::wsman::{CommandState, SignalCode, Stream};
use uuid::Uuid;

use super::refusal;
use super::service::Service;
use super::shell::{Output, Shell};
use super::{ExchangeVersion, Fault};

/// A request as the endpoint takes it.
pub(super) struct Call {
    pub(super) request: Request,
    pub(super) cookie: Option<String>,
    /// `serializationLevel=Full` in the URL.
    pub(super) full: bool,
}

pub(super) struct Answer {
    pub(super) body: Result<String, Failure>,
    pub(super) cookie: Option<String>,
    pub(super) back_end: usize,
}

pub(super) enum Failure {
    /// A SOAP fault.
    Fault(String),
    /// The connection breaks.
    Broken,
}

impl Call {
    pub(super) fn reply(&self) -> Reply<'_> {
        Reply {
            relates_to: &self.request.message_id,
            message_id: Uuid::new_v4(),
        }
    }

    pub(super) fn fault(&self, with: &FaultReply) -> Failure {
        Failure::Fault(fault(&self.reply(), with))
    }
}

/// Carries a request out.
pub(super) async fn answer(service: &Service, call: &Call) -> Answer {
    let operation = call.request.action.rsplit('/').next().unwrap_or_default();
    let dropped = service.faults.take(|fault| match fault {
        Fault::Drop { operation: named } if super::same(named, operation) => Some(()),
        _ => None,
    });
    if dropped.is_some() {
        return Answer {
            body: Err(Failure::Broken),
            cookie: None,
            back_end: 0,
        };
    }
    if let RequestBody::Create {
        shell_id, creation, ..
    } = &call.request.body
    {
        let back_end = service.next_back_end();
        let body = create(service, call, shell_id.as_deref(), creation, back_end);
        let cookie = body.is_ok().then(|| service.cookie(back_end));
        return Answer {
            body,
            cookie,
            back_end,
        };
    }
    let id = call.request.shell_id().unwrap_or_default().to_owned();
    let found = service
        .shell(&id)
        .filter(|shell| service.leads_to(call.cookie.as_deref(), shell.back_end));
    let Some(shell) = found else {
        let body = Err(call.fault(&refusal::shell_not_found(service, &id)));
        return Answer {
            body,
            cookie: None,
            back_end: 0,
        };
    };
    let body = in_shell(service, call, &shell).await;
    shell.touch();
    Answer {
        body,
        cookie: None,
        back_end: shell.back_end,
    }
}

fn create(
    service: &Service,
    call: &Call,
    shell_id: Option<&str>,
    creation: &[u8],
    back_end: usize,
) -> Result<String, Failure> {
    let uri = call.request.resource_uri.clone().unwrap_or_default();
    if !uri
        .trim()
        .eq_ignore_ascii_case("http://schemas.microsoft.com/powershell/Microsoft.Exchange")
    {
        return Err(call.fault(&refusal::resource_not_found(&service.machine(back_end), &uri)));
    }
    refusal::create(service, call, back_end)?;
    // Hosts since 2012 take the client's id, in upper case; older ones make their own.
    let own = || Uuid::new_v4().to_string().to_ascii_uppercase();
    let id = match shell_id {
        Some(id) if service.config.version > ExchangeVersion::Ex2010 => id.to_ascii_uppercase(),
        _ => own(),
    };
    let shell = Shell::open(service, &id, back_end, call.full, creation)
        .map_err(|reason| call.fault(&refusal::invalid(&service.machine(back_end), &reason)))?;
    service.add(Arc::new(shell));
    let description = ShellDescription {
        address: call.request.to.clone().unwrap_or_default(),
        shell_id: id,
        resource_uri: uri,
        owner: service.config.account.clone(),
        client_ip: "127.0.0.1".to_owned(),
        idle_timeout: service.config.idle_timeout,
    };
    Ok(create_response(&call.reply(), &description))
}

async fn in_shell(service: &Service, call: &Call, shell: &Shell) -> Result<String, Failure> {
    let machine = || service.machine(shell.back_end);
    let missing = || {
        call.fault(&FaultReply::invalid_selectors(
            &machine(),
            "The command was not found in the shell.",
        ))
    };
    let invalid = |reason: &str| call.fault(&refusal::invalid(&machine(), reason));
    match &call.request.body {
        RequestBody::Command { command_id, .. } => {
            let fragments = call
                .request
                .body
                .fragments()
                .map_err(|error| invalid(&error.to_string()))?;
            let id = command_id
                .clone()
                .unwrap_or_else(|| Uuid::new_v4().to_string())
                .to_ascii_uppercase();
            shell
                .command(service, &id, &fragments)
                .map_err(|reason| invalid(&reason))?;
            broken_on_demand(service, shell)?;
            Ok(command_response(&call.reply(), &id))
        }
        RequestBody::Send { streams } => {
            for Stream { command_id, data, .. } in streams {
                shell
                    .input(service, command_id.as_deref(), data)
                    .map_err(|reason| invalid(&reason))?;
            }
            broken_on_demand(service, shell)?;
            Ok(send_response(&call.reply()))
        }
        RequestBody::Receive { command_id, .. } => receive(service, call, shell, command_id.as_deref()).await,
        RequestBody::Signal { command_id, code } => {
            let id = command_id.as_deref().unwrap_or_default();
            let known = match code {
                SignalCode::Stop => shell.stop(service, id),
                SignalCode::Terminate | SignalCode::Other(_) => shell.release(service, id),
            };
            if known {
                Ok(signal_response(&call.reply()))
            } else {
                Err(missing())
            }
        }
        RequestBody::Delete => {
            service.remove(&shell.id);
            Ok(delete_response(&call.reply()))
        }
        _ => Err(call.fault(&refusal::unsupported(&machine(), &call.request.action))),
    }
}

/// A command that worked and whose answer never comes.
fn broken_on_demand(service: &Service, shell: &Shell) -> Result<(), Failure> {
    if !shell.take_death() {
        return Ok(());
    }
    service.remove(&shell.id);
    Err(Failure::Broken)
}

/// Waits for output as long as the client wants to.
async fn receive(
    service: &Service,
    call: &Call,
    shell: &Shell,
    command: Option<&str>,
) -> Result<String, Failure> {
    let wait = call
        .request
        .operation_timeout
        .unwrap_or(Duration::from_secs(60))
        .min(Duration::from_secs(900));
    let deadline = tokio::time::Instant::now() + wait;
    let budget = stream_budget(call.request.max_envelope_size);
    loop {
        // Asked for first, so that no news is missed between looking and waiting.
        let news = shell.news();
        match shell.output(service, command, budget) {
            Output::Ready { fragments, done } => {
                let id = command.map(str::to_ascii_uppercase);
                let stream = |data| Stream {
                    name: "stdout".to_owned(),
                    command_id: id.clone(),
                    data,
                };
                let streams: Vec<Stream> = fragments.into_iter().map(stream).collect();
                let state = CommandState::Done { exit_code: Some(0) };
                let state = done.then(|| id.as_deref().map(|id| (id, &state))).flatten();
                return Ok(receive_response(&call.reply(), &streams, state));
            }
            Output::Gone => {
                let machine = service.machine(shell.back_end);
                let text = "The command was not found in the shell.";
                return Err(call.fault(&FaultReply::invalid_selectors(&machine, text)));
            }
            Output::Ended => return Err(call.fault(&refusal::shell_not_found(service, &shell.id))),
            Output::Broken => {
                service.remove(&shell.id);
                return Err(Failure::Broken);
            }
            Output::Later(at) => {
                let until = at.map_or(deadline, |at| at.min(deadline));
                // Whatever woke it, the output is looked at again; only the deadline ends the wait.
                let _ = tokio::time::timeout_at(until, news).await;
            }
        }
        if tokio::time::Instant::now() >= deadline {
            return Err(call.fault(&FaultReply::timed_out(&service.machine(shell.back_end))));
        }
    }
}

/// How many bytes of fragments go into one answer: 175 KB of base64 at most, and no more than the client takes.
fn stream_budget(max_envelope: Option<u32>) -> usize {
    let most = max_envelope
        .and_then(|size| usize::try_from(size).ok())
        .unwrap_or(153_600)
        .clamp(8_192, 179_200);
    (most - 4_096) / 4 * 3
}
