//! One pipeline of a shell.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use easgate_psrp::clixml::PsValue;
use easgate_psrp::command::Command;
use easgate_psrp::message::PowerShell;
use easgate_psrp::records::{ErrorRecord, HostCall, HostResponse};
use easgate_psrp::server::{Pipeline, PipelineEvent};
use tokio::time::Instant;
use uuid::Uuid;

use super::super::cmdlets::{Context, Question, Record, Records, Started, confirmed, start};
use super::super::error::{self as errors, Place};
use super::super::row::{self, Form};
use super::super::service::Service;
use super::super::start::LoggedCommand;
use super::super::{Fault, same};
use super::Shell;

/// `PromptForChoice` of the host.
const PROMPT_FOR_CHOICE: i32 = 26;

pub(super) struct Running {
    psrp: Pipeline,
    stage: Stage,
    cmdlet: String,
    not_before: Option<Instant>,
    rows: usize,
    dies: bool,
}

/// What a cmdlet that was carried out begins with.
type Begun = Result<Started, Box<ErrorRecord>>;

enum Stage {
    /// CREATE_PIPELINE is not complete.
    Incomplete,
    /// Waits for a runspace.
    Ready(Box<PowerShell>),
    Records(Records),
    /// On its way for longer than usual: what it begins with stands here once it was carried out.
    Late(Arc<Mutex<Option<Begun>>>),
    /// Waits for the client's host.
    Asking(Box<Question>, Box<Context>, Option<HostResponse>),
    /// The last message is queued.
    Ended,
    /// The last message was taken.
    Left,
}

impl Running {
    pub(super) const fn new(psrp: Pipeline) -> Self {
        Self {
            psrp,
            stage: Stage::Incomplete,
            cmdlet: String::new(),
            not_before: None,
            rows: 0,
            dies: false,
        }
    }

    /// Takes bytes of the client.
    pub(super) fn handle(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.psrp.handle(bytes).map_err(|error| error.to_string())?;
        while let Some(event) = self.psrp.poll_event() {
            match event {
                PipelineEvent::Create(powershell) if matches!(self.stage, Stage::Incomplete) => {
                    self.stage = Stage::Ready(Box::new(powershell));
                }
                PipelineEvent::HostResponse(response) => self.take_answer(response),
                PipelineEvent::Undecodable { reason, .. } if matches!(self.stage, Stage::Incomplete) => {
                    return Err(reason);
                }
                PipelineEvent::GetCommandMetadata(_) => {
                    self.fail(&errors::no_language());
                }
                PipelineEvent::Create(_)
                | PipelineEvent::Input(_)
                | PipelineEvent::InputEnded
                | PipelineEvent::Unknown { .. }
                | PipelineEvent::Undecodable { .. } => {}
            }
        }
        Ok(())
    }

    /// The id in the client's headers.
    pub(super) const fn id(&self) -> Uuid {
        self.psrp.id()
    }

    /// Takes what the client's host says.
    pub(super) fn take_answer(&mut self, response: HostResponse) {
        if let Stage::Asking(_, _, answer) = &mut self.stage {
            *answer = Some(response);
        }
    }

    pub(super) const fn is_ready(&self) -> bool {
        matches!(self.stage, Stage::Ready(_))
    }

    pub(super) const fn is_busy(&self) -> bool {
        matches!(self.stage, Stage::Records(_) | Stage::Late(_) | Stage::Asking(..))
    }

    pub(super) const fn is_gone(&self) -> bool {
        matches!(self.stage, Stage::Left)
    }

    pub(super) fn is_drained(&self) -> bool {
        matches!(self.stage, Stage::Ended) && self.psrp.waiting_bytes() == 0
    }

    pub(super) fn leave(&mut self) {
        self.stage = Stage::Left;
    }

    pub(super) const fn dies(&self) -> bool {
        self.dies
    }

    /// The time before which a slow cmdlet gives nothing.
    pub(super) fn not_before(&self) -> Option<Instant> {
        self.not_before.filter(|at| *at > Instant::now())
    }

    pub(super) fn next_fragment(&mut self, room: usize) -> Option<Vec<u8>> {
        self.psrp.next_fragment(room)
    }

    /// Begins in a runspace; returns whether the connection is to break now.
    pub(super) fn start(&mut self, service: &Service, shell: &Shell) -> bool {
        let Stage::Ready(powershell) = std::mem::replace(&mut self.stage, Stage::Ended) else {
            return false;
        };
        let mut context = context(service, shell);
        self.cmdlet = powershell
            .commands
            .first()
            .map(|command| command.name.clone())
            .unwrap_or_default();
        let late = service.faults.take(|fault| match fault {
            Fault::Late { cmdlet, by } if same(cmdlet, &self.cmdlet) => Some(*by),
            _ => None,
        });
        if let Some(by) = late.filter(|_| powershell.extra.is_empty()) {
            note(service, shell, &powershell, None);
            self.is_late(context, powershell.commands, by);
            return false;
        }
        let started = if powershell.extra.is_empty() {
            start(&mut context, &powershell.commands)
        } else {
            Err(errors::no_language())
        };
        note(
            service,
            shell,
            &powershell,
            started.as_ref().err().map(|error| &**error),
        );
        match started {
            Ok(Started::Records(records)) => self.stage = Stage::Records(records),
            Ok(Started::Question(question)) if powershell.host.host_null || powershell.host.ui_null => {
                self.fail(&errors::prompt_refused(question.bound.name, &question.text));
            }
            Ok(Started::Question(question)) => {
                self.psrp.host_call(&prompt(&question));
                self.stage = Stage::Asking(question, Box::new(context), None);
            }
            Err(error) => self.fail(&error),
        }
        let slow = service.faults.find(|fault| match fault {
            Fault::Slow { cmdlet, by } if cmdlet == "*" || same(cmdlet, &self.cmdlet) => Some(*by),
            _ => None,
        });
        self.not_before = slow.map(|by| Instant::now() + by);
        let dies = service.faults.take(|fault| match fault {
            Fault::DieAfter { cmdlet } if same(cmdlet, &self.cmdlet) => Some(()),
            _ => None,
        });
        dies.is_some()
    }

    /// Lets the commands be carried out after `by`, whatever becomes of the client.
    fn is_late(&mut self, mut context: Context, commands: Vec<Command>, by: Duration) {
        let begun = Arc::new(Mutex::new(None));
        self.stage = Stage::Late(Arc::clone(&begun));
        self.not_before = Some(Instant::now() + by);
        let organization = context.organization.clone();
        let at = organization.now() + by;
        let work = move || {
            let result = start(&mut context, &commands);
            *begun.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
        };
        organization.carry_out_at(at, Box::new(work));
    }

    /// Goes on with what came late, once it is here.
    fn arrive(&mut self, service: &Service) {
        let Stage::Late(begun) = &self.stage else { return };
        // Whoever looks at the organisation sees to it that what is due is done.
        let _ = service.organization.now();
        let begun = begun.lock().unwrap_or_else(PoisonError::into_inner).take();
        match begun {
            None => {}
            Some(Ok(Started::Records(records))) => self.stage = Stage::Records(records),
            Some(Ok(Started::Question(question))) => {
                self.fail(&errors::prompt_refused(question.bound.name, &question.text));
            }
            Some(Err(error)) => self.fail(&error),
        }
    }

    /// Goes on after the host's answer: yes and yes to all are 0 and 1.
    pub(super) fn answer(&mut self) {
        let Stage::Asking(_, _, Some(_)) = &self.stage else {
            return;
        };
        let Stage::Asking(question, mut place, Some(answer)) =
            std::mem::replace(&mut self.stage, Stage::Ended)
        else {
            return;
        };
        if answer.error.is_some() {
            return self.fail(&errors::prompt_refused(question.bound.name, &question.text));
        }
        if !matches!(answer.result.as_i64(), Some(0 | 1)) {
            return self.psrp.complete();
        }
        match confirmed(&mut place, &question) {
            Ok(records) => self.stage = Stage::Records(records),
            Err(error) => self.fail(&error),
        }
    }

    /// Makes records until `budget` bytes wait to be sent, or the pipeline ends.
    pub(super) fn produce(&mut self, service: &Service, full: bool, budget: usize) {
        let form = Form {
            full,
            offset: service.config.culture.offset(),
        };
        self.arrive(service);
        let limit = service.faults.find(|fault| match fault {
            Fault::DieInOutput { after } => Some(*after),
            _ => None,
        });
        while self.psrp.waiting_bytes() < budget && !self.dies {
            let Stage::Records(records) = &mut self.stage else {
                return;
            };
            match records.next() {
                Some(Record::Row(row)) => {
                    self.psrp.output_clixml(row::write(&row, form));
                    self.rows += 1;
                }
                Some(Record::Error(error)) => self.psrp.error(&error),
                Some(Record::Warning(text)) => self.psrp.warning(&text),
                None => {
                    self.stage = Stage::Ended;
                    self.psrp.complete();
                    return;
                }
            }
            if limit.is_some_and(|after| self.rows > 0 && self.rows >= after) {
                self.dies = true;
                service
                    .faults
                    .take(|fault| matches!(fault, Fault::DieInOutput { .. }).then_some(()));
            }
        }
    }

    pub(super) fn stop(&mut self) {
        if !matches!(self.stage, Stage::Ended | Stage::Left) {
            self.stage = Stage::Ended;
            self.not_before = None;
            self.psrp.stop();
        }
    }

    fn fail(&mut self, error: &ErrorRecord) {
        self.stage = Stage::Ended;
        self.psrp.fail(error);
    }
}

fn context(service: &Service, shell: &Shell) -> Context {
    let domain = &service.config.world.domain;
    Context {
        organization: service.organization.clone(),
        front_end: service.name(),
        shell: shell.id.clone(),
        session: Arc::clone(&shell.session),
        faults: service.faults.clone(),
        place: Place {
            cmdlet: "",
            version: service.config.version,
            server: format!("EX{:02}", shell.back_end + 1),
            controller: format!("dc01.{domain}"),
            request: Uuid::new_v4(),
            now: service.organization.now(),
        },
        roles: service.config.rbac.clone(),
        account: service.config.account.clone(),
    }
}

fn prompt(question: &Question) -> HostCall {
    let choice = |label: &str, help: &str| PsValue::bag([("label", label), ("helpMessage", help)]);
    HostCall {
        call_id: 1,
        method: PROMPT_FOR_CHOICE,
        method_name: "PromptForChoice".to_owned(),
        parameters: vec![
            "Confirm".into(),
            question.text.as_str().into(),
            PsValue::array_list([
                choice("&Yes", "Continue."),
                choice("Yes to &All", "Continue with all."),
                choice("&No", "Skip."),
                choice("No to A&ll", "Skip all."),
            ]),
            0.into(),
        ],
    }
}

fn note(service: &Service, shell: &Shell, powershell: &PowerShell, refused: Option<&ErrorRecord>) {
    for command in powershell
        .commands
        .iter()
        .chain(powershell.extra.iter().flatten())
    {
        let name = |text: &str| text.trim_start_matches('-').trim_end_matches(':').to_owned();
        let parameters = command.parameters.iter();
        service.note(LoggedCommand {
            at: service.organization.now(),
            server: service.name(),
            shell: shell.id.clone(),
            name: command.name.clone(),
            parameters: parameters
                .map(|parameter| {
                    (
                        parameter.name.as_deref().map(name).unwrap_or_default(),
                        parameter.value.clone(),
                    )
                })
                .collect(),
            refused: refused.map(|error| error.fully_qualified_error_id.clone()),
        });
    }
}
