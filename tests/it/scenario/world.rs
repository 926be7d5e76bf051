//! An Exchange organisation and an enrolment source in memory, with faults on demand.

mod exchange;
mod landings;
mod source;

use landings::Sent;
pub(crate) use landings::{Hand, Landing};

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard};

use easgate_connector::ports::{CallError, CallErrorKind, SourceKind};
use easgate_exchange::ListChange;
use easgate_model::{
    AccessLevel, AccessState, AccessStateReason, ComplianceState, DeviceFacts, DeviceId, DirectoryUser,
    DistinguishedName, EmailAddress, Enrollment, Inventory, Mailbox, MailboxId, ManagementAgent,
    ManagementState, Partnership, PartnershipId, RecipientType, evaluate,
};
use futures::FutureExt;
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
    /// The process ends, and the effect comes later.
    CrashLate,
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
    /// Commands that are still on their way.
    on_the_way: Vec<(Sent, ListChange)>,
    /// After how long a command lands that is late; `None` when somebody lets it ([`State::deliver`]).
    pub(crate) delay: Option<time::Duration>,
    /// What the source told last, each fact for itself, as far as it left nothing off the end.
    pub(crate) newest: Option<Inventory>,
    /// Phones that the lane's scope does not show.
    pub(crate) hidden: BTreeSet<(MailboxId, DeviceId)>,
    /// Mailboxes that a server of an older version does not show.
    pub(crate) too_new: BTreeSet<MailboxId>,
    /// Whether Exchange tells when something changed, and filters by it.
    pub(crate) tells_times: bool,
    /// When directory objects changed: mailboxes, and phones with their mailbox.
    changed: HashMap<(MailboxId, Option<DeviceId>), OffsetDateTime>,
    /// Whose commands come in.
    pub(crate) hand: Hand,
    /// Who put the entries into the lists that did not stand there from the beginning.
    pub(crate) makers: HashMap<String, Hand>,
    /// What we have ever put in.
    pub(crate) once_ours: BTreeSet<String>,
    /// Why nothing may be sent, and whether what somebody decided by hand goes all the same.
    pub(crate) stopped: Option<(&'static str, bool)>,
    /// The devices of the change that was sent last while nothing forbade it: what is under way may be finished.
    pub(crate) under_way: BTreeSet<DeviceId>,
    /// What was done that no facts can justify: sent while it was stopped, or taken out of what somebody else made.
    pub(crate) lawless: Vec<String>,
    /// Phones about which somebody decided by hand.
    pub(crate) by_hand: BTreeSet<String>,
    /// Records that changed since somebody cleared this.
    pub(crate) renewed: BTreeSet<String>,
    /// Whether every record is another tenant's.
    pub(crate) of_another: bool,
    /// The default level that comes into force after the next read of the settings.
    pub(crate) flip: Option<AccessLevel>,
    /// How many records are cut off at the end of the list.
    pub(crate) cut: usize,
    /// Entries that are not ours, as [`Rig::listed`](super::rig::Rig::listed) writes them.
    pub(crate) foreign: BTreeSet<String>,
    pub(crate) now: OffsetDateTime,
    /// How long each change takes.
    pub(crate) slow: time::Duration,
    /// For how long the machine is suspended during the next change.
    pub(crate) nap: Option<time::Duration>,
    /// A principal, a device and its compliance, which change with the next change of a list.
    pub(crate) meanwhile: Option<[String; 3]>,
    /// The call that waits, when it is made the next time, until somebody says to go on.
    pub(crate) hold: Option<&'static str>,
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
            delay: None,
            newest: None,
            hidden: BTreeSet::new(),
            too_new: BTreeSet::new(),
            tells_times: false,
            changed: HashMap::new(),
            hand: Hand::Ours,
            makers: HashMap::new(),
            once_ours: BTreeSet::new(),
            stopped: None,
            under_way: BTreeSet::new(),
            lawless: Vec::new(),
            by_hand: BTreeSet::new(),
            renewed: BTreeSet::new(),
            of_another: false,
            flip: None,
            cut: 0,
            foreign: BTreeSet::new(),
            now: datetime!(2026-03-01 08:00 UTC),
            slow: time::Duration::ZERO,
            nap: None,
            meanwhile: None,
            hold: None,
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

    /// Waits until somebody says to go on, when `call` is the one that is to wait.
    async fn held(&self, call: &'static str) {
        let holds = {
            let mut state = self.state();
            let holds = state.hold == Some(call);
            if holds {
                state.hold = None;
                state.meanwhile();
            }
            holds
        };
        if holds {
            self.begun.notify_one();
            self.go_on.notified().await;
        }
    }

    /// Forgets what nobody waited for.
    pub(crate) fn let_all_go(&self) {
        self.state().hold = None;
        for told in [&self.begun, &self.go_on, &self.crash] {
            let _ = told.notified().now_or_never();
        }
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

    /// An enrolment changes with what happens now.
    fn meanwhile(&mut self) {
        if let Some([principal, device, compliance]) = self.meanwhile.take() {
            self.enrol(&principal, &device.parse().unwrap(), &compliance);
        }
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
        self.renewed.insert(format!("{principal_name} {device}"));
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
            last_sync: (self.source == SourceKind::Graph).then(|| self.true_now()),
        });
    }

    pub(crate) fn by_id(&mut self, id: MailboxId) -> &mut Mailbox {
        let mut mailboxes = self.mailboxes.iter_mut();
        mailboxes.find(|mailbox| mailbox.id == id).expect("it is there")
    }

    /// What time it really is, whatever this machine's clock shows.
    pub(crate) fn true_now(&self) -> OffsetDateTime {
        self.now + self.source_ahead
    }

    /// Notes that the directory object of a mailbox, or of its phone, changed.
    pub(crate) fn touch(&mut self, mailbox: MailboxId, device: Option<&DeviceId>) {
        let now = self.true_now();
        self.changed.insert((mailbox, device.cloned()), now);
    }

    fn changed(&self, mailbox: MailboxId, device: Option<&DeviceId>) -> Option<OffsetDateTime> {
        let begin = datetime!(2026-02-01 08:00 UTC);
        let at = self.changed.get(&(mailbox, device.cloned())).copied();
        self.tells_times.then(|| at.unwrap_or(begin))
    }

    fn edit(&mut self, change: &ListChange, hand: Hand) {
        let id = change.mailbox;
        self.touch(id, None);
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
                    self.makers.insert(entry(id, name, device), hand);
                    if hand == Hand::Ours {
                        self.once_ours.insert(entry(id, name, device));
                    }
                }
            }
            for device in remove {
                if list.contains(device) {
                    list.retain(|known| known != device);
                    self.log.push(format!("{address} -{name} {device}"));
                    let maker = self.makers.remove(&entry(id, name, device));
                    if maker.is_some_and(|maker| maker != hand) {
                        self.lawless.push(format!(
                            "P4: {hand:?} took {maker:?} {name} entry of {device} out"
                        ));
                    }
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
            device_type: facts.device_type.into(),
            device_model: facts.device_model.into(),
            device_os: facts.device_os.into(),
            user_agent: facts.user_agent.into(),
            friendly_name: "phone".into(),
            client_type: Some("EAS".into()),
            access_state: evaluation.state(),
            access_state_reason: AccessStateReason::Global,
            access_control_rule: None,
            first_sync: self.changed(owner, Some(device)),
            when_changed: self.changed(owner, Some(device)).max(self.changed(owner, None)),
        })
    }

    /// What Exchange does with a phone, by its own order.
    pub(crate) fn access(&self, owner: MailboxId, device: &DeviceId) -> AccessState {
        self.partnership(owner, device)
            .expect("its mailbox is there")
            .access_state
    }
}

/// An entry of a list as one text.
pub(crate) fn entry(mailbox: MailboxId, list: &str, device: &DeviceId) -> String {
    format!("{mailbox} {list} {device}").to_ascii_lowercase()
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
