//! An Exchange organisation and an enrolment source in memory, with faults on demand.

mod landings;
mod source;

pub(crate) use landings::Landing;

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use easgate_connector::ProgressSink;
use easgate_connector::ports::{CallError, CallErrorKind, Exchange, Load, SourceKind};
use easgate_exchange::ListChange;
use easgate_model::{
    AccessLevel, AccessState, AccessStateReason, ComplianceState, DeviceAccessRule, DeviceFacts, DeviceId,
    DirectoryUser, DistinguishedName, EmailAddress, Enrollment, Inventory, Mailbox, MailboxId,
    ManagementAgent, ManagementState, OrganizationId, OrganizationSettings, Partnership, PartnershipId,
    RecipientType, evaluate,
};
use easgate_store::ServerSeen;
use time::OffsetDateTime;
use time::macros::datetime;
use tokio::sync::Notify;
use uuid::Uuid;

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// An error of this kind, without effect.
    Error(CallErrorKind),
    /// Success, without effect.
    Silent,
    /// The effect, and a lost connection.
    Lost,
    /// A lost connection, and the effect later ([`State::deliver`]).
    Late,
    /// The process ends before the effect.
    CrashBefore,
    /// The process ends after the effect.
    CrashAfter,
}

/// What Exchange and the source hold now.
#[derive(Debug, Clone)]
pub(crate) struct State {
    pub(crate) organization: Uuid,
    pub(crate) default_level: AccessLevel,
    pub(crate) mailboxes: Vec<Mailbox>,
    pub(crate) phones: Vec<(MailboxId, DeviceId)>,
    pub(crate) users: Vec<DirectoryUser>,
    pub(crate) enrollments: Vec<Enrollment>,
    /// Records that the list leaves out, though they are there.
    pub(crate) unlisted: Vec<String>,
    pub(crate) tenant: Option<Uuid>,
    pub(crate) source: SourceKind,
    /// How far the source's clock is ahead of ours.
    pub(crate) source_ahead: time::Duration,
    /// Faults by call, each with the number of times it still happens.
    pub(crate) faults: HashMap<String, (Fault, u32)>,
    /// Edits that Exchange carried out.
    pub(crate) log: Vec<String>,
    /// The same with what they meant for the phone.
    pub(crate) landings: Vec<Landing>,
    /// Commands that are still on their way, with the time at which they were sent.
    on_the_way: Vec<(OffsetDateTime, ListChange)>,
    /// What the source held when it answered last and left nothing off the end.
    pub(crate) newest: Option<Inventory>,
    /// Phones that the lane's scope does not show.
    pub(crate) hidden: BTreeSet<(MailboxId, DeviceId)>,
    /// The default level that comes into force after the next read of the settings.
    pub(crate) flip: Option<AccessLevel>,
    /// How many records are cut off at the end of the list.
    pub(crate) cut: usize,
    /// Entries that are not ours, as [`Rig::listed`](super::rig::Rig::listed) writes them.
    pub(crate) foreign: BTreeSet<String>,
    pub(crate) now: OffsetDateTime,
    /// How long each change takes.
    pub(crate) slow: time::Duration,
    /// A principal, a device and its compliance, which change with the next change of a list.
    pub(crate) meanwhile: Option<[String; 3]>,
    /// Whether the next change waits until somebody says to go on.
    pub(crate) holds_first: bool,
}

/// The organisation, the source and the clock.
#[derive(Debug)]
pub(crate) struct World {
    state: Mutex<State>,
    /// Told when the process is to end.
    pub(crate) crash: Notify,
    /// Told when a change that is held is under way.
    pub(crate) begun: Notify,
    /// Told when it may go on.
    pub(crate) go_on: Notify,
}

pub(crate) fn mailbox_id(address: &str) -> MailboxId {
    MailboxId(Uuid::new_v5(&Uuid::NAMESPACE_DNS, address.as_bytes()))
}

impl World {
    pub(crate) fn new() -> Self {
        let state = State {
            organization: Uuid::from_u128(1),
            default_level: AccessLevel::Allow,
            mailboxes: Vec::new(),
            phones: Vec::new(),
            users: Vec::new(),
            enrollments: Vec::new(),
            unlisted: Vec::new(),
            tenant: None,
            source: SourceKind::File,
            source_ahead: time::Duration::ZERO,
            faults: HashMap::new(),
            log: Vec::new(),
            landings: Vec::new(),
            on_the_way: Vec::new(),
            newest: None,
            hidden: BTreeSet::new(),
            flip: None,
            cut: 0,
            foreign: BTreeSet::new(),
            now: datetime!(2026-03-01 08:00 UTC),
            slow: time::Duration::ZERO,
            meanwhile: None,
            holds_first: false,
        };
        Self {
            state: Mutex::new(state),
            crash: Notify::new(),
            begun: Notify::new(),
            go_on: Notify::new(),
        }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The fault that `call` runs into now.
    fn fault(&self, call: &str) -> Option<Fault> {
        let mut state = self.state();
        let (fault, times) = state.faults.get_mut(call)?;
        let fault = *fault;
        *times -= 1;
        if *times == 0 {
            state.faults.remove(call);
        }
        Some(fault)
    }

    fn read(&self, call: &str) -> Result<(), CallError> {
        match self.fault(call) {
            Some(Fault::Error(kind)) => Err(CallError::new(kind, format!("{call} failed on demand"))),
            _ => Ok(()),
        }
    }

    async fn ends(&self) -> ! {
        self.crash.notify_one();
        std::future::pending().await
    }
}

impl State {
    pub(crate) fn mailbox(&mut self, address: &str) -> &mut Mailbox {
        let id = mailbox_id(address);
        let at = self
            .mailboxes
            .iter()
            .position(|mailbox| mailbox.id == id)
            .unwrap_or_else(|| {
                self.mailboxes.push(new_mailbox(address));
                self.mailboxes.len() - 1
            });
        &mut self.mailboxes[at]
    }

    pub(crate) fn person(&mut self, address: &str, principal_name: &str) {
        self.mailbox(address);
        let address: EmailAddress = address.parse().unwrap();
        self.users.push(DirectoryUser {
            id: principal_name.to_owned(),
            user_principal_name: principal_name.parse().unwrap(),
            addresses: vec![address],
            licensed: true,
            groups: BTreeSet::new(),
        });
    }

    pub(crate) fn enrol(&mut self, principal_name: &str, device: &DeviceId, state: &str) {
        let user: EmailAddress = principal_name.parse().unwrap();
        self.enrollments.retain(|known| {
            known.user_principal_name.as_ref() != Some(&user) || known.eas_device_id.as_ref() != Some(device)
        });
        if state == "-" {
            return;
        }
        self.enrollments.push(Enrollment {
            record: format!("{principal_name} {device}"),
            user_id: Some(principal_name.to_owned()),
            user_principal_name: Some(user),
            eas_device_id: Some(device.clone()),
            agent: ManagementAgent::Mdm("mdm".to_owned()),
            state: ManagementState::Managed,
            compliance: ComplianceState::from_name(state),
            compromised: false,
            device_name: None,
            operating_system: None,
            model: None,
            serial_number: None,
            last_sync: None,
        });
    }

    pub(crate) fn by_id(&mut self, id: MailboxId) -> &mut Mailbox {
        let mut mailboxes = self.mailboxes.iter_mut();
        mailboxes.find(|mailbox| mailbox.id == id).expect("it is there")
    }

    fn edit(&mut self, change: &ListChange) {
        let mailbox = self
            .mailboxes
            .iter_mut()
            .find(|mailbox| mailbox.id == change.mailbox)
            .expect("it was listed");
        let address = mailbox.name.clone();
        for (list, name, add, remove) in [
            (
                &mut mailbox.allowed,
                "allow",
                &change.add_allowed,
                &change.remove_allowed,
            ),
            (
                &mut mailbox.blocked,
                "block",
                &change.add_blocked,
                &change.remove_blocked,
            ),
        ] {
            for device in add {
                if !list.contains(device) {
                    list.push(device.clone());
                    self.log.push(format!("{address} +{name} {device}"));
                }
            }
            for device in remove {
                if list.contains(device) {
                    list.retain(|known| known != device);
                    self.log.push(format!("{address} -{name} {device}"));
                }
            }
        }
    }

    fn partnership(&self, owner: MailboxId, device: &DeviceId) -> Option<Partnership> {
        let mailbox = self.mailboxes.iter().find(|mailbox| mailbox.id == owner)?;
        let facts = DeviceFacts {
            active_sync_enabled: true,
            refused_by_policy: false,
            in_block_list: mailbox.blocks(device),
            in_allow_list: mailbox.allows(device),
            device_type: "iPhone",
            device_model: "iPhone15C2",
            device_os: "iOS 18.1",
            user_agent: "Apple-iPhone15C2",
        };
        let evaluation = evaluate(&facts, &[], self.default_level);
        Some(Partnership {
            id: PartnershipId(Uuid::new_v5(&owner.0, device.as_str().as_bytes())),
            device_id: device.clone(),
            owner: mailbox.distinguished_name.clone(),
            device_type: facts.device_type.to_owned(),
            device_model: facts.device_model.to_owned(),
            device_os: facts.device_os.to_owned(),
            user_agent: facts.user_agent.to_owned(),
            friendly_name: "phone".to_owned(),
            client_type: Some("EAS".to_owned()),
            access_state: evaluation.state(),
            access_state_reason: AccessStateReason::Global,
            access_control_rule: None,
            first_sync: None,
            when_changed: None,
        })
    }

    /// What Exchange does with a phone, by its own order.
    pub(crate) fn access(&self, owner: MailboxId, device: &DeviceId) -> AccessState {
        self.partnership(owner, device)
            .expect("its mailbox is there")
            .access_state
    }
}

fn new_mailbox(address: &str) -> Mailbox {
    let address: EmailAddress = address.parse().unwrap();
    Mailbox {
        id: mailbox_id(address.as_str()),
        distinguished_name: DistinguishedName::new(&format!(
            "CN={},OU=Staff,DC=x,DC=example",
            address.local_part()
        )),
        name: address.as_str().to_owned(),
        display_name: address.local_part().to_owned(),
        sam_account_name: address.local_part().to_owned(),
        primary_smtp: Some(address.clone()),
        addresses: vec![address],
        recipient_type: RecipientType::Unknown,
        active_sync_enabled: true,
        allowed: Vec::new(),
        blocked: Vec::new(),
        odd_entries: 0,
        when_changed: None,
        originating_server: Some("dc1.x.example".to_owned()),
    }
}

#[async_trait]
impl Exchange for World {
    async fn settings(&self) -> Result<OrganizationSettings, CallError> {
        self.read("settings")?;
        let mut state = self.state();
        let settings = OrganizationSettings {
            id: OrganizationId(state.organization),
            default_access_level: state.default_level,
            user_mail_insert: None,
            admin_mail_recipients: Vec::new(),
            originating_server: None,
        };
        if let Some(level) = state.flip.take() {
            state.default_level = level;
        }
        Ok(settings)
    }

    async fn rules(&self) -> Result<Vec<DeviceAccessRule>, CallError> {
        self.read("rules").map(|()| Vec::new())
    }

    async fn partnerships(&self, _: &dyn ProgressSink) -> Result<Vec<Partnership>, CallError> {
        self.read("devices")?;
        let state = self.state();
        let phones = state.phones.iter().filter(|phone| !state.hidden.contains(phone));
        Ok(phones
            .filter_map(|(mailbox, device)| state.partnership(*mailbox, device))
            .collect())
    }

    async fn mailboxes(&self, _: &dyn ProgressSink) -> Result<Vec<Mailbox>, CallError> {
        self.read("mailboxes")?;
        Ok(self.state().mailboxes.clone())
    }

    async fn recipient_types(
        &self,
        _: &dyn ProgressSink,
    ) -> Result<HashMap<MailboxId, RecipientType>, CallError> {
        self.read("recipients")?;
        let state = self.state();
        Ok(state
            .mailboxes
            .iter()
            .map(|mailbox| (mailbox.id, RecipientType::User))
            .collect())
    }

    async fn servers(&self) -> Result<Vec<ServerSeen>, CallError> {
        self.read("servers")?;
        let (name, version) = ("ex1.x.example".to_owned(), "15.2.2562.17".to_owned());
        Ok(vec![ServerSeen {
            name,
            version,
            roles: "Mailbox".to_owned(),
        }])
    }

    async fn mailbox(&self, id: MailboxId, _: Option<&str>) -> Result<Mailbox, CallError> {
        self.read("mailbox")?;
        let found = self
            .state()
            .mailboxes
            .iter()
            .find(|mailbox| mailbox.id == id)
            .cloned();
        found.ok_or_else(|| CallError::new(CallErrorKind::Refused, "there is no such mailbox"))
    }

    async fn apply(&self, change: &ListChange) -> Result<Load, CallError> {
        self.pass_time().await;
        let devices = change.add_allowed.iter().chain(&change.remove_allowed);
        let mut devices = devices.chain(&change.add_blocked).chain(&change.remove_blocked);
        let device = devices.next().map(ToString::to_string).unwrap_or_default();
        let fault = self
            .fault(&format!("apply {device}"))
            .or_else(|| self.fault("apply"));
        match fault {
            Some(Fault::Error(kind)) => {
                return Err(CallError::new(
                    kind,
                    format!("the change of {device} failed on demand"),
                ));
            }
            Some(Fault::Silent) => return Ok(Load::Fine),
            Some(Fault::CrashBefore) => self.ends().await,
            Some(Fault::Late) => {
                let mut state = self.state();
                let now = state.now;
                state.on_the_way.push((now, change.clone()));
            }
            None | Some(Fault::Lost | Fault::CrashAfter) => {
                let mut state = self.state();
                let now = state.now;
                state.land(change, now, false);
            }
        }
        match fault {
            Some(Fault::CrashAfter) => self.ends().await,
            Some(Fault::Lost | Fault::Late) => {
                let lost = CallError::new(CallErrorKind::Connection, "the answer never came");
                Err(CallError {
                    may_have_run: true,
                    ..lost
                })
            }
            _ => Ok(Load::Fine),
        }
    }

    fn endpoint(&self) -> String {
        "memory".to_owned()
    }
}
