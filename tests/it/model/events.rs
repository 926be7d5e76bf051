//! What happens to a world before a run.

use std::fmt;

use super::chance::Chance;

/// One kind of trouble, or of ordinary life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// Phones change their compliance, are enrolled or retired.
    Life,
    /// A phone appears in a mailbox, or is gone.
    Partnerships,
    /// Somebody puts an entry into a list by hand.
    Foreign,
    /// The default access level changes.
    Default,
    /// It changes between two reads of one run.
    DefaultInMidRun,
    /// A configured group is gone: the source cannot give everything.
    GroupGone,
    /// A third of the users lose their licence.
    LicencesLapse,
    /// Half of the users are renamed in the directory, and not in Exchange.
    HalfRenamed,
    /// The inventory comes from another tenant.
    WrongTenant,
    /// Another organisation answers at Exchange's address.
    WrongOrganization,
    /// Every record is in this compliance state.
    All(&'static str),
    /// A lane sees a part of the forest alone.
    ScopeLost,
    /// The server is of an older version, and does not show what is on newer ones.
    OlderServer,
    /// The list of a mailbox takes nothing more.
    ListFull,
    /// Another connector takes entries of ours out.
    Rival,
    /// The file of enrolments ends in the middle, at the end of a line.
    CutShort,
    /// Two rows for one phone, with different states.
    TwoRows,
    /// This machine's clock is a year off, in the given direction.
    Clock(i64),
    /// A command lands long after its connection was lost.
    Late,
    /// The process ends before a command takes effect, after it, or while it is on its way.
    Crash(When),
    /// The machine is suspended while a change is under way.
    Suspend,
    /// Every change takes so long that facts grow old.
    Slow,
    /// A command is answered by silence.
    Silent,
    /// A read fails.
    ReadFails,
    /// A list comes in part.
    PartialPages,
    /// The account has too many shells, or its session is lost.
    LostShells,
    /// A server is busy (5xx) for a moment.
    Busy,
    /// The account is throttled.
    Throttled,
    /// Records are missing from a list, though they are there.
    Unlisted,
    /// What concerns the store and its processes.
    Here(Here),
}

/// What happens to a store and its processes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Here {
    /// An easgate with a store of its own works on the organisation.
    SecondStore,
    /// The store is put back to an older copy.
    OldStore,
    /// The journal cannot be written.
    DiskFull,
    /// A second process runs at the same time.
    TwoNodes,
    /// The process ends in order, and another begins.
    Restart,
    /// Somebody stops all writing.
    Pause,
    /// Somebody lets writing go on.
    Resume,
    /// Somebody approves what is held, or rejects it.
    Say,
    /// Somebody decides about a phone by hand, for some hours.
    ByHand,
}

/// When a process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    Before,
    After,
    Under,
}

/// Each kind as often as it is to come; ordinary life more often than the rest.
const ALL: [Event; 48] = [
    Event::Life,
    Event::Life,
    Event::Life,
    Event::Life,
    Event::Partnerships,
    Event::Partnerships,
    Event::Foreign,
    Event::Default,
    Event::DefaultInMidRun,
    Event::GroupGone,
    Event::LicencesLapse,
    Event::HalfRenamed,
    Event::WrongTenant,
    Event::WrongOrganization,
    Event::All("error"),
    Event::All("compliant"),
    Event::ScopeLost,
    Event::OlderServer,
    Event::ListFull,
    Event::Rival,
    Event::Here(Here::SecondStore),
    Event::CutShort,
    Event::TwoRows,
    Event::Here(Here::OldStore),
    Event::Here(Here::DiskFull),
    Event::Clock(365),
    Event::Clock(-365),
    Event::Late,
    Event::Late,
    Event::Crash(When::Before),
    Event::Crash(When::After),
    Event::Crash(When::Under),
    Event::Suspend,
    Event::Slow,
    Event::Silent,
    Event::ReadFails,
    Event::PartialPages,
    Event::LostShells,
    Event::Busy,
    Event::Throttled,
    Event::Unlisted,
    Event::Here(Here::TwoNodes),
    Event::Here(Here::Restart),
    Event::Here(Here::Pause),
    Event::Here(Here::Resume),
    Event::Here(Here::Say),
    Event::Here(Here::Say),
    Event::Here(Here::ByHand),
];

impl Event {
    /// One of all.
    pub(crate) fn any(chance: &mut Chance) -> Self {
        chance.pick(&ALL)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here(here) => fmt::Debug::fmt(here, f),
            event => fmt::Debug::fmt(event, f),
        }
    }
}

/// What the administrator of an organisation fears, and the event that is it.
const FEARED: [(&str, Event); 26] = [
    ("group 404", Event::GroupGone),
    ("licence lapse", Event::LicencesLapse),
    ("rename half done", Event::HalfRenamed),
    ("wrong tenant", Event::WrongTenant),
    ("all error", Event::All("error")),
    ("all compliant", Event::All("compliant")),
    ("scope lost on reconnect", Event::ScopeLost),
    ("older CAS", Event::OlderServer),
    ("settings flipped in mid-cycle", Event::DefaultInMidRun),
    ("list full", Event::ListFull),
    ("rival connector", Event::Rival),
    ("rival on a second store", Event::Here(Here::SecondStore)),
    ("CSV cut at a line end", Event::CutShort),
    ("two rows of one key", Event::TwoRows),
    ("store a week old", Event::Here(Here::OldStore)),
    ("disk full", Event::Here(Here::DiskFull)),
    ("clock a year ahead", Event::Clock(365)),
    ("clock a year behind", Event::Clock(-365)),
    ("delayed delivery of a sent command", Event::Late),
    ("delivery after the process has ended", Event::Crash(When::Under)),
    ("suspend", Event::Suspend),
    ("lost shells", Event::LostShells),
    ("5xx", Event::Busy),
    ("throttling", Event::Throttled),
    ("partial pages", Event::PartialPages),
    ("two nodes", Event::Here(Here::TwoNodes)),
];

#[test]
fn whatever_an_administrator_fears_happens_in_the_worlds() {
    for (name, event) in FEARED {
        assert!(ALL.contains(&event), "{name}");
    }
}
