//! The steps that lead to a decision, for whoever wants to see them.

use std::fmt;

/// A question of the decision flow, in the order they are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Question {
    /// Has the owner of the partnership a mailbox here?
    Mailbox,
    /// Has nobody decided about the device by hand?
    NotByHand,
    /// Is it the mailbox of one person?
    MailboxKind,
    /// Does the id stand for a device?
    DeviceId,
    /// Has Exchange evaluated the device since the mailbox moved?
    Settled,
    /// Could device management be asked?
    Reachable,
    /// Is exactly one directory user the owner?
    Owner,
    /// Is the user in a targeted group?
    Targeted,
    /// Is the user in no exempted group?
    NotExempt,
    /// Has the user a licence for device management?
    Licensed,
    /// Does no platform exception name the device's class?
    PlatformException,
    /// Do the records of device management tell about this device, and clearly?
    Match,
    /// Is the device enrolled?
    Enrolled,
    /// Has its compliance been evaluated?
    Evaluated,
    /// Is it compliant?
    Compliant,
    /// Does the policy put compliant devices on the allow list?
    AlwaysAllowed,
}

impl Question {
    /// Every question in order.
    pub const ALL: [Self; 16] = [
        Self::Mailbox,
        Self::NotByHand,
        Self::MailboxKind,
        Self::DeviceId,
        Self::Settled,
        Self::Reachable,
        Self::Owner,
        Self::Targeted,
        Self::NotExempt,
        Self::Licensed,
        Self::PlatformException,
        Self::Match,
        Self::Enrolled,
        Self::Evaluated,
        Self::Compliant,
        Self::AlwaysAllowed,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mailbox => "mailbox",
            Self::NotByHand => "notByHand",
            Self::MailboxKind => "mailboxKind",
            Self::DeviceId => "deviceId",
            Self::Settled => "settled",
            Self::Reachable => "reachable",
            Self::Owner => "owner",
            Self::Targeted => "targeted",
            Self::NotExempt => "notExempt",
            Self::Licensed => "licensed",
            Self::PlatformException => "platformException",
            Self::Match => "match",
            Self::Enrolled => "enrolled",
            Self::Evaluated => "evaluated",
            Self::Compliant => "compliant",
            Self::AlwaysAllowed => "alwaysAllowed",
        }
    }

    /// The question as a person would ask it.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Mailbox => "Has the owner of the partnership a mailbox here?",
            Self::NotByHand => "Has nobody decided about the device by hand?",
            Self::MailboxKind => "Is it the mailbox of one person?",
            Self::DeviceId => "Does the id stand for a device?",
            Self::Settled => "Has Exchange evaluated the device since the mailbox moved?",
            Self::Reachable => "Could device management be asked?",
            Self::Owner => "Is exactly one user of the directory the owner?",
            Self::Targeted => "Is the user in a targeted group?",
            Self::NotExempt => "Is the user in no exempted group?",
            Self::Licensed => "Has the user a licence for device management?",
            Self::PlatformException => "Is the device's class free of platform exceptions?",
            Self::Match => "Does device management tell clearly about this device?",
            Self::Enrolled => "Is the device enrolled?",
            Self::Evaluated => "Has its compliance been evaluated?",
            Self::Compliant => "Is it compliant?",
            Self::AlwaysAllowed => "Does the policy put compliant devices on the allow list?",
        }
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// Yes.
    Yes,
    /// No.
    No,
    /// An earlier question had decided already.
    NotAsked,
}

impl Answer {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::NotAsked => "notAsked",
        }
    }
}

/// One step of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What was asked.
    pub question: Question,
    /// What was answered.
    pub answer: Answer,
    /// The facts behind the answer. May hold text that a phone or a directory chose: escape before showing.
    pub detail: String,
    /// Whether this step decided.
    pub decided: bool,
}

/// Where steps go. The detail is made only where somebody listens.
pub(crate) trait Trace {
    fn note(&mut self, question: Question, answer: Answer, decided: bool, detail: impl FnOnce() -> String);

    fn yes(&mut self, question: Question, detail: impl FnOnce() -> String) {
        self.note(question, Answer::Yes, false, detail);
    }
}

/// Nobody listens.
pub(crate) struct Silent;

impl Trace for Silent {
    fn note(&mut self, _: Question, _: Answer, _: bool, _: impl FnOnce() -> String) {}
}

/// Keeps every step.
#[derive(Default)]
pub(crate) struct Steps(Vec<Step>);

impl Steps {
    /// The steps, with those that were not asked any more.
    pub(crate) fn complete(mut self) -> Vec<Step> {
        for question in Question::ALL {
            if !self.0.iter().any(|step| step.question == question) {
                self.0.push(Step {
                    question,
                    answer: Answer::NotAsked,
                    detail: String::new(),
                    decided: false,
                });
            }
        }
        self.0.sort_by_key(|step| step.question);
        self.0
    }
}

impl Trace for Steps {
    fn note(&mut self, question: Question, answer: Answer, decided: bool, detail: impl FnOnce() -> String) {
        self.0.push(Step {
            question,
            answer,
            detail: detail(),
            decided,
        });
    }
}
