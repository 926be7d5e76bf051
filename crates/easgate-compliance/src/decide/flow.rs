//! The decision flow for one case.

use easgate_model::{AccessLevel, AccessStateReason, DirectoryUser, Mailbox, Partnership, RecipientType};

use crate::index::{Index, Owner};
use crate::lists::{Lists, Order, evaluate_with};
use crate::policy::{PlatformException, Unmanaged};
use crate::trace::{Answer, Question, Trace};
use crate::{Access, ByHand, NewDevices, Ownership, Policy, Reason, Unevaluated, Unreachable};

use super::Case;
use super::verdict::{Verdict, verdict};

/// What came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) access: Access,
    pub(crate) reason: Reason,
    pub(crate) enrollment: Option<usize>,
}

impl Outcome {
    const fn untouched(reason: Reason) -> Self {
        Self {
            access: Access::Untouched,
            reason,
            enrollment: None,
        }
    }

    const fn of(access: Access, reason: Reason, verdict: Verdict) -> Self {
        Self {
            access,
            reason,
            enrollment: verdict.record(),
        }
    }
}

/// Decides one case; the same code whether somebody listens or not.
pub(crate) fn decide_case<'a>(
    index: &Index<'a>,
    policy: &Policy,
    ownership: &Ownership,
    case: &Case<'a, '_>,
    trace: &mut impl Trace,
) -> Outcome {
    let flow = Flow {
        index,
        policy,
        ownership,
        case,
    };
    if let Some(outcome) = flow.by_hand(trace) {
        return outcome;
    }
    let mailbox = match flow.device(trace) {
        Ok(mailbox) => mailbox,
        Err(reason) => return Outcome::untouched(reason),
    };
    if let Some(unreachable) = &index.facts.exceptions.unreachable {
        return flow.unreachable(unreachable, trace);
    }
    trace.yes(Question::Reachable, String::new);
    let user = match flow.person(mailbox, trace) {
        Ok(user) => user,
        Err(reason) => return Outcome::untouched(reason),
    };
    let verdict = verdict(index, policy, user, case.device);
    flow.platform(verdict, trace)
        .or_else(|| flow.open_match(verdict, trace))
        .unwrap_or_else(|| flow.compliance(verdict, trace))
}

struct Flow<'a, 'f> {
    index: &'f Index<'a>,
    policy: &'f Policy,
    ownership: &'f Ownership,
    case: &'f Case<'a, 'f>,
}

impl Flow<'_, '_> {
    /// What a person has decided, if one has.
    fn by_hand(&self, trace: &mut impl Trace) -> Option<Outcome> {
        let mailbox = self.case.mailbox.filter(|mailbox| !is_system(mailbox))?;
        let overrides = &self.index.facts.exceptions.overrides;
        let found = overrides
            .get(mailbox.id, self.case.device)
            .filter(|_| !self.case.device.is_placeholder());
        let Some(found) = found else {
            trace.yes(Question::NotByHand, String::new);
            return None;
        };
        trace.yes(Question::Mailbox, || mailbox.distinguished_name.to_string());
        let (access, reason) = match found.access {
            ByHand::Allow => (Access::Allow, Reason::ManualAllow),
            ByHand::Block => (Access::Block, Reason::ManualBlock),
        };
        trace.note(Question::NotByHand, Answer::No, true, || found.detail.clone());
        Some(Outcome {
            access,
            reason,
            enrollment: None,
        })
    }

    /// What is done while device management cannot be asked.
    fn unreachable(&self, unreachable: &Unreachable, trace: &mut impl Trace) -> Outcome {
        let id = self.case.id;
        let is_known = id.is_none_or(|id| unreachable.known.contains(id, self.case.device));
        let is_outlook = self.case.partnerships().any(Partnership::is_outlook);
        if is_known || is_outlook || self.case.is_gone() {
            return Outcome::untouched(no(trace, Question::Reachable, Reason::Unreachable, String::new));
        }
        let access = match unreachable.new_devices {
            NewDevices::Allow => Access::Allow,
            NewDevices::Quarantine => self.quarantine_or_block(),
        };
        let reason = no(trace, Question::Reachable, Reason::NewWhileUnreachable, || {
            "no run has seen the device before".to_owned()
        });
        Outcome {
            access,
            reason,
            enrollment: None,
        }
    }

    /// Whether the case is a device of a person's mailbox: gives the mailbox, or why it is left alone.
    fn device(&self, trace: &mut impl Trace) -> Result<&Mailbox, Reason> {
        let mailbox = self.mailbox(trace)?;
        if self.case.device.is_placeholder() {
            return Err(no(trace, Question::DeviceId, Reason::PlaceholderId, String::new));
        }
        trace.yes(Question::DeviceId, || self.case.device.to_string());
        let moving = |reason: &AccessStateReason| *reason == AccessStateReason::Upgrade;
        if !self.case.is_gone() && self.case.partnerships().all(|p| moving(&p.access_state_reason)) {
            return Err(no(trace, Question::Settled, Reason::MailboxMoving, String::new));
        }
        trace.yes(Question::Settled, String::new);
        Ok(mailbox)
    }

    /// Whether the policy decides for the owner of `mailbox`: gives the place of the user, or why it is left alone.
    fn person(&self, mailbox: &Mailbox, trace: &mut impl Trace) -> Result<usize, Reason> {
        let user = match self.index.owner(mailbox) {
            Owner::User(user) => user,
            Owner::Unknown => {
                return Err(no(trace, Question::Owner, Reason::OwnerUnknown, || {
                    addresses(mailbox)
                }));
            }
            Owner::Ambiguous => {
                return Err(no(trace, Question::Owner, Reason::OwnerAmbiguous, || {
                    addresses(mailbox)
                }));
            }
        };
        let person = &self.index.facts.inventory.users[user];
        trace.yes(Question::Owner, || person.user_principal_name.to_string());
        self.targeting(person, trace)?;
        Ok(user)
    }

    fn mailbox(&self, trace: &mut impl Trace) -> Result<&Mailbox, Reason> {
        let Some(mailbox) = self.case.mailbox else {
            let owner = || {
                self.case
                    .partnerships()
                    .next()
                    .map_or_else(String::new, |p| p.owner.to_string())
            };
            return Err(no(trace, Question::Mailbox, Reason::OwnerWithoutMailbox, owner));
        };
        trace.yes(Question::Mailbox, || mailbox.distinguished_name.to_string());
        let kind = match &mailbox.recipient_type {
            _ if is_system(mailbox) => Some(Reason::SystemMailbox),
            RecipientType::System => Some(Reason::SystemMailbox),
            RecipientType::Shared => Some(Reason::SharedMailbox),
            RecipientType::Room => Some(Reason::RoomMailbox),
            RecipientType::Equipment => Some(Reason::EquipmentMailbox),
            RecipientType::Remote => Some(Reason::RemoteMailbox),
            RecipientType::Other(_) => Some(Reason::OtherMailbox),
            // A recipient list that could not be read ends the cycle before any decision. Where the list does
            // not hold the mailbox, it still takes a licensed user with its address to come into scope.
            RecipientType::User | RecipientType::Linked | RecipientType::Unknown => None,
        };
        let detail = || mailbox.recipient_type.name().to_owned();
        match kind {
            Some(reason) => Err(no(trace, Question::MailboxKind, reason, detail)),
            None => {
                trace.yes(Question::MailboxKind, detail);
                Ok(mailbox)
            }
        }
    }

    fn targeting(&self, user: &DirectoryUser, trace: &mut impl Trace) -> Result<(), Reason> {
        let policy = self.policy;
        let included = policy
            .included_groups
            .iter()
            .find(|group| user.groups.contains(*group));
        if included.is_none() && !policy.included_groups.is_empty() {
            return Err(no(trace, Question::Targeted, Reason::NotTargeted, String::new));
        }
        trace.yes(Question::Targeted, || {
            included.map_or_else(
                || "everyone is targeted".to_owned(),
                |group| format!("group {group}"),
            )
        });
        if let Some(group) = policy
            .excluded_groups
            .iter()
            .find(|group| user.groups.contains(*group))
        {
            return Err(no(trace, Question::NotExempt, Reason::Exempt, || {
                format!("group {group}")
            }));
        }
        trace.yes(Question::NotExempt, String::new);
        if policy.require_license && !user.licensed {
            return Err(no(trace, Question::Licensed, Reason::NotLicensed, String::new));
        }
        trace.yes(Question::Licensed, || {
            if user.licensed {
                String::new()
            } else {
                "the policy asks for none".to_owned()
            }
        });
        Ok(())
    }

    /// What a platform exception decides, if one does.
    ///
    /// With `unmanaged = "block"`, an enrolled and compliant device is allowed even where an exception refuses
    /// its class, as the original does; a device whose verdict is open is then not decided by its class either.
    fn platform(&self, verdict: Verdict, trace: &mut impl Trace) -> Option<Outcome> {
        let Some(exception) = self.exception() else {
            trace.yes(Question::PlatformException, || "no exception names it".to_owned());
            return None;
        };
        let refuses = exception.level != AccessLevel::Allow;
        let detail = || format!("{} gets {}", exception.class.name(), exception.level);
        if refuses
            && self.policy.unmanaged == Unmanaged::Block
            && (verdict.is_compliant() || verdict.is_open())
        {
            trace.yes(Question::PlatformException, || {
                format!("{}, which gives way here", detail())
            });
            return None;
        }
        trace.note(Question::PlatformException, Answer::No, true, detail);
        let access = match exception.level {
            AccessLevel::Allow => Access::Allow,
            AccessLevel::Block => Access::Block,
            AccessLevel::Quarantine => self.quarantine_or_block(),
        };
        Some(Outcome::of(access, Reason::PlatformException, verdict))
    }

    /// The strictest exception that names the device.
    fn exception(&self) -> Option<&PlatformException> {
        self.policy
            .platform_exceptions
            .iter()
            .filter(|exception| self.case.partnerships().any(|p| exception.class.matches(p)))
            .max_by_key(|exception| crate::lists::strictness(exception.level))
    }

    /// Leaves the device alone where the records do not tell clearly which device it is.
    fn open_match(&self, verdict: Verdict, trace: &mut impl Trace) -> Option<Outcome> {
        let reason = match verdict {
            Verdict::NoRecord | Verdict::Elsewhere
                if !self.case.is_gone() && self.case.partnerships().all(|p| p.is_outlook()) =>
            {
                Reason::Outlook
            }
            Verdict::Elsewhere => Reason::IdOfAnotherUser,
            Verdict::Contradicting => Reason::AmbiguousDevice,
            Verdict::NoRecord
            | Verdict::NotEnrolled(_)
            | Verdict::Unevaluated(..)
            | Verdict::Compliant(_)
            | Verdict::GracePeriod(_)
            | Verdict::NotCompliant(_) => {
                trace.yes(Question::Match, || self.record(verdict));
                return None;
            }
        };
        Some(Outcome::untouched(no(
            trace,
            Question::Match,
            reason,
            String::new,
        )))
    }

    fn compliance(&self, verdict: Verdict, trace: &mut impl Trace) -> Outcome {
        if verdict == Verdict::NoRecord
            && let Some(held) = self.vanished()
        {
            let reason = no(trace, Question::Enrolled, Reason::Vanished, || held.to_owned());
            return Outcome::untouched(reason);
        }
        let always = self.policy.always_allow_compliant;
        let (question, access, reason) = match verdict {
            Verdict::NoRecord | Verdict::NotEnrolled(_) | Verdict::Elsewhere | Verdict::Contradicting => {
                (Question::Enrolled, self.unmanaged(), Reason::NotEnrolled)
            }
            Verdict::Unevaluated(_, what @ Unevaluated::Management) => {
                (Question::Enrolled, Access::Untouched, Reason::NotEvaluated(what))
            }
            Verdict::Unevaluated(_, what) => {
                (Question::Evaluated, Access::Untouched, Reason::NotEvaluated(what))
            }
            Verdict::NotCompliant(_) => (Question::Compliant, Access::Block, Reason::NotCompliant),
            Verdict::Compliant(_) if always => (Question::AlwaysAllowed, Access::Allow, Reason::Compliant),
            Verdict::GracePeriod(_) if always => {
                (Question::AlwaysAllowed, Access::Allow, Reason::GracePeriod)
            }
            Verdict::Compliant(_) | Verdict::GracePeriod(_) => (
                Question::AlwaysAllowed,
                Access::Untouched,
                Reason::CompliantByDefaultRule,
            ),
        };
        for passed in [Question::Enrolled, Question::Evaluated, Question::Compliant] {
            if passed < question {
                trace.yes(passed, || self.record(verdict));
            }
        }
        let answer = if access == Access::Allow {
            Answer::Yes
        } else {
            Answer::No
        };
        trace.note(question, answer, true, || self.record(verdict));
        Outcome::of(access, reason, verdict)
    }

    /// For how long the device is held because its record vanished together with many others.
    fn vanished(&self) -> Option<&str> {
        let held = &self.index.facts.exceptions.vanished;
        held.get(self.case.id?, self.case.device).map(String::as_str)
    }

    fn unmanaged(&self) -> Access {
        match self.policy.unmanaged {
            Unmanaged::Block => Access::Block,
            Unmanaged::Quarantine => self.quarantine_or_block(),
        }
    }

    /// Quarantine where Exchange's own lists, rules and default give it without our entries, else the block list.
    fn quarantine_or_block(&self) -> Access {
        let Some(mailbox) = self.case.mailbox else {
            return Access::Block;
        };
        let lists = Lists::read(mailbox, self.case.device, self.ownership).without_ours();
        let exchange = &self.index.facts.exchange;
        let given = evaluate_with(
            exchange,
            mailbox,
            self.case.partnerships(),
            lists,
            Order::ListsAndRules,
        );
        match given.level {
            AccessLevel::Quarantine => Access::Quarantine,
            AccessLevel::Allow | AccessLevel::Block => Access::Block,
        }
    }

    fn record(&self, verdict: Verdict) -> String {
        let record = verdict
            .record()
            .and_then(|at| self.index.facts.inventory.enrollments.get(at));
        record.map_or_else(
            || "no record has the id".to_owned(),
            |record| {
                format!(
                    "record {}: managed by {}, state {}, {}",
                    record.record,
                    record.agent.name(),
                    record.state.name(),
                    record.compliance
                )
            },
        )
    }
}

/// Whether nobody decides about the mailbox's devices, not even by hand: Exchange's own, and its monitoring's.
fn is_system(mailbox: &Mailbox) -> bool {
    mailbox.is_system() || mailbox.recipient_type == RecipientType::System
}

/// Notes that `question` decided with *no*, and gives the reason back.
fn no(trace: &mut impl Trace, question: Question, reason: Reason, detail: impl FnOnce() -> String) -> Reason {
    trace.note(question, Answer::No, true, detail);
    reason
}

fn addresses(mailbox: &Mailbox) -> String {
    let shown: Vec<&str> = mailbox
        .addresses
        .iter()
        .take(8)
        .map(|address| address.as_str())
        .collect();
    shown.join(", ")
}
