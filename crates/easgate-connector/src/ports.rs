//! The ports: what a cycle needs of the world outside, in its own language.
//!
//! Nothing here can wipe or forget a device: a cycle that holds these ports cannot either.

mod look;

use std::collections::HashMap;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use easgate_exchange::ListChange;
use easgate_model::{
    AccessState, AccessStateReason, DeviceAccessRule, DirectoryUser, Enrollment, Inventory, Mailbox,
    MailboxId, OrganizationSettings, Partnership, RecipientType,
};
use easgate_store::{Marks, ServerSeen};
use time::OffsetDateTime;

use crate::progress::{ProgressSink, Silent};

pub use look::{Changed, Depth, KnownObject, Look, MailboxName, Reach};

/// An Exchange organisation.
///
/// Every list is complete or an error.
#[async_trait]
pub trait Exchange: Send + Sync {
    /// The organisation's ActiveSync settings.
    async fn settings(&self) -> Result<OrganizationSettings, CallError>;

    /// Its device access rules.
    async fn rules(&self) -> Result<Vec<DeviceAccessRule>, CallError>;

    /// Every partnership.
    async fn partnerships(&self, progress: &dyn ProgressSink) -> Result<Vec<Partnership>, CallError>;

    /// Every mailbox with its device lists; the recipient types may be unknown.
    async fn mailboxes(&self, progress: &dyn ProgressSink) -> Result<Vec<Mailbox>, CallError>;

    /// What kind of recipient every mailbox is.
    async fn recipient_types(
        &self,
        progress: &dyn ProgressSink,
    ) -> Result<HashMap<MailboxId, RecipientType>, CallError>;

    /// The servers of the organisation.
    async fn servers(&self) -> Result<Vec<ServerSeen>, CallError>;

    /// One mailbox, as a domain controller knows it.
    async fn mailbox(&self, id: MailboxId, domain_controller: Option<&str>) -> Result<Mailbox, CallError>;

    /// The partnerships that wait: quarantined, or newly seen and not evaluated yet.
    async fn pending(&self, progress: &dyn ProgressSink) -> Result<Vec<Partnership>, CallError> {
        let waits =
            |state: &AccessState| matches!(state, AccessState::Quarantined | AccessState::DeviceDiscovery);
        let all = self.partnerships(progress).await?;
        Ok(all.into_iter().filter(|one| waits(&one.access_state)).collect())
    }

    /// The partnerships that the default lets in, as opposed to a list or a rule.
    async fn let_in_by_default(&self, progress: &dyn ProgressSink) -> Result<Vec<Partnership>, CallError> {
        let by_default = |one: &Partnership| {
            one.access_state == AccessState::Allowed && one.access_state_reason == AccessStateReason::Global
        };
        let all = self.partnerships(progress).await?;
        Ok(all.into_iter().filter(by_default).collect())
    }

    /// How far the server's filter by `changed` can be relied on, tried on an object that is there.
    async fn probe(&self, _changed: Changed, _known: &KnownObject) -> Result<Reach, CallError> {
        Ok(Reach::None)
    }

    /// The partnerships that the server's filter finds: more or fewer than those that really changed, as its
    /// [`Reach`] is.
    async fn partnerships_since(
        &self,
        _changed: Changed,
        _since: OffsetDateTime,
        progress: &dyn ProgressSink,
    ) -> Result<Vec<Partnership>, CallError> {
        self.partnerships(progress).await
    }

    /// The mailboxes with partnerships that the server's filter finds to have changed since `since`.
    async fn mailboxes_since(
        &self,
        _since: OffsetDateTime,
        progress: &dyn ProgressSink,
    ) -> Result<Vec<Mailbox>, CallError> {
        self.mailboxes(progress).await
    }

    /// Every partnership of `mailbox`.
    async fn partnerships_of(&self, mailbox: &Mailbox) -> Result<Vec<Partnership>, CallError> {
        let all = self.partnerships(&Silent).await?;
        let name = &mailbox.distinguished_name;
        Ok(all.into_iter().filter(|one| one.owner == *name).collect())
    }

    /// The mailbox of that name; `None` when there is none here.
    async fn find_mailbox(&self, name: &MailboxName) -> Result<Option<Mailbox>, CallError> {
        let is_meant = |mailbox: &Mailbox| match name {
            MailboxName::Id(id) => mailbox.id == *id,
            MailboxName::Address(address) => {
                mailbox.addresses.contains(address) || mailbox.primary_smtp.as_ref() == Some(address)
            }
            MailboxName::Owner(owner) => mailbox.distinguished_name == *owner,
        };
        Ok(self.mailboxes(&Silent).await?.into_iter().find(is_meant))
    }

    /// What kind of recipient a mailbox is.
    async fn recipient_type(&self, id: MailboxId) -> Result<RecipientType, CallError> {
        let mut types = self.recipient_types(&Silent).await?;
        Ok(types.remove(&id).unwrap_or(RecipientType::Unknown))
    }

    /// Edits the lists of one mailbox.
    async fn apply(&self, change: &ListChange) -> Result<Load, CallError>;

    /// Which endpoint answers now, for people.
    fn endpoint(&self) -> String;
}

/// How a server that did what it was told bears it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Load {
    /// Well, as far as it says.
    Fine,
    /// It delayed the call, so more of them would be too much.
    Slowed,
}

/// Where enrolments come from.
#[async_trait]
pub trait EnrollmentSource: Send + Sync {
    /// All that the source knows, complete.
    async fn inventory(
        &self,
        now: OffsetDateTime,
        progress: &dyn ProgressSink,
    ) -> Result<Inventory, SourceError>;

    /// Whether the record called `record` by an earlier inventory is still an enrolment, asked for by itself: a
    /// list that was read while it changed may have lost it.
    async fn is_enrolled(&self, record: &str) -> Result<bool, SourceError>;

    /// What kind of source it is.
    fn kind(&self) -> SourceKind;

    /// What the facts mean beside what they say: another text means that all of them have to be read anew.
    fn meaning(&self) -> String {
        String::new()
    }

    /// Where looks go on that follow a full read, which begins after this.
    async fn begin_looks(&self) -> Result<Marks, SourceError> {
        Ok(Marks::new())
    }

    /// What changed, as deep as `depth`, from where `marks` say that an earlier look ended.
    async fn look(
        &self,
        _depth: Depth,
        _marks: &Marks,
        now: OffsetDateTime,
        progress: &dyn ProgressSink,
    ) -> Result<Look, SourceError> {
        self.inventory(now, progress).await.map(Look::of_all)
    }

    /// The records called `records`, each asked for by itself, in their order; `None` where the source cannot be
    /// asked so.
    async fn records(&self, _records: &[String]) -> Result<Option<Vec<Option<Enrollment>>>, SourceError> {
        Ok(None)
    }

    /// Every record of one user, and the user's own; `None` where the source cannot be asked so.
    async fn records_of(&self, _user: &DirectoryUser) -> Result<Option<Vec<Enrollment>>, SourceError> {
        Ok(None)
    }
}

/// A kind of enrolment source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SourceKind {
    /// Microsoft Graph: has a clock of its own, and matches nearly every partnership.
    Graph,
    /// A file.
    File,
}

/// What an error of a call means for the cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallErrorKind {
    /// The same call may succeed later: a server that is busy, or slow.
    Transient {
        /// How long the server asked to wait.
        retry_after: Option<Duration>,
    },
    /// The account asks too much; the same call may succeed later.
    Throttled {
        /// How long the server asked to be left alone.
        retry_after: Option<Duration>,
    },
    /// The account has as many shells as it may have; the same call may succeed with fewer at once.
    TooManyShells,
    /// The connection or the session is lost. May come back; if not, nothing more can be done.
    Connection,
    /// The account was refused: nothing more can be done, and trying again may lock it.
    Unauthorized,
    /// The account may not run the cmdlet, or the server does not have it.
    NotGranted,
    /// The list of this mailbox takes no more entries.
    ListFull,
    /// This one object cannot be read or changed.
    Refused,
    /// A list came in part only, or a record of it cannot be read.
    Incomplete,
    /// The run was told to stop before the call was made, or while a list was read.
    Stopped,
}

/// Why a call to Exchange did not give its result.
#[derive(Debug)]
pub struct CallError {
    /// What it means for the cycle.
    pub kind: CallErrorKind,
    /// Whether the cmdlet may have been carried out all the same.
    pub may_have_run: bool,
    /// What an administrator can do about it.
    pub cure: Option<String>,
    /// How the server calls the request in its own logs, where it tells.
    pub request: Option<String>,
    /// What happened.
    pub cause: Box<dyn Error + Send + Sync>,
}

impl CallError {
    /// An error that certainly had no effect.
    #[must_use]
    pub fn new(kind: CallErrorKind, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind,
            may_have_run: false,
            cure: None,
            request: None,
            cause: cause.into(),
        }
    }

    /// Whether the same call may succeed when it is made again now.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(
            self.kind,
            CallErrorKind::Transient { .. }
                | CallErrorKind::Throttled { .. }
                | CallErrorKind::TooManyShells
                | CallErrorKind::Connection
        )
    }

    /// Whether no other call can succeed either.
    #[must_use]
    pub const fn ends_the_run(&self) -> bool {
        matches!(
            self.kind,
            CallErrorKind::Connection
                | CallErrorKind::Unauthorized
                | CallErrorKind::NotGranted
                | CallErrorKind::Stopped
        )
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl Error for CallError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.source()
    }
}

/// Why the enrolments could not be read.
#[derive(Debug)]
pub struct SourceError {
    /// What an administrator can do about it.
    pub cure: Option<String>,
    /// What happened.
    pub cause: Box<dyn Error + Send + Sync>,
}

impl SourceError {
    /// Takes the source's own error.
    #[must_use]
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>, cure: Option<String>) -> Self {
        Self {
            cure,
            cause: cause.into(),
        }
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.cause.fmt(f)
    }
}

impl Error for SourceError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.source()
    }
}
