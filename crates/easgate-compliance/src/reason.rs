//! Why a device gets what it gets.

use std::fmt;

/// The reason of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// Enrolled and compliant.
    Compliant,
    /// Enrolled, and still within the time given to become compliant.
    GracePeriod,
    /// Enrolled and compliant, and the policy leaves such devices to the default access rule.
    CompliantByDefaultRule,
    /// Enrolled, and a policy is not met.
    NotCompliant,
    /// Not enrolled.
    NotEnrolled,
    /// A platform exception of the policy decides.
    PlatformException,
    /// A person allowed the device.
    ManualAllow,
    /// A person blocked the device.
    ManualBlock,
    /// The record of the device vanished together with many others, and nothing is done about it yet.
    Vanished,
    /// Device management could not be asked, and the device is known.
    Unreachable,
    /// Device management could not be asked, and no run has seen the device before.
    NewWhileUnreachable,
    /// The user is in none of the included groups.
    NotTargeted,
    /// The user is in an excluded group.
    Exempt,
    /// The user has no licence for device management.
    NotLicensed,
    /// No user of the directory has an address of the mailbox.
    OwnerUnknown,
    /// Several users of the directory have addresses of the mailbox, or one address has several users.
    OwnerAmbiguous,
    /// The device id is known under another user, or under none.
    IdOfAnotherUser,
    /// Several records of the device contradict each other, and none is the newest.
    AmbiguousDevice,
    /// The verdict on the device is missing or unclear.
    NotEvaluated(Unevaluated),
    /// A mailbox of Exchange or of its monitoring.
    SystemMailbox,
    /// A shared mailbox.
    SharedMailbox,
    /// A room mailbox.
    RoomMailbox,
    /// An equipment mailbox.
    EquipmentMailbox,
    /// A kind of mailbox that this version does not know.
    OtherMailbox,
    /// The mailbox is in the cloud.
    RemoteMailbox,
    /// The owner has no mailbox here.
    OwnerWithoutMailbox,
    /// Outlook, or another client without an EAS id of its own, and no enrolment matches.
    Outlook,
    /// The id stands for no device.
    PlaceholderId,
    /// The mailbox has just moved, and Exchange has not evaluated the device again.
    MailboxMoving,
    /// All entries of ours are taken back, whatever the policy says.
    Reverted,
    /// What an earlier run did is undone, whatever the policy says.
    RolledBack,
}

/// What is missing of a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Unevaluated {
    /// The compliance state is `unknown`.
    Unknown,
    /// The compliance state is `error`.
    Error,
    /// The compliance state is `conflict`.
    Conflict,
    /// The compliance state is `configManager`, and the policy does not say what it counts as.
    ConfigManager,
    /// The compliance state has a name this version does not know.
    OtherState,
    /// Who manages the device, or how, has a name that says neither enrolled nor not enrolled.
    Management,
}

impl Reason {
    /// The stable name, as printed in JSON; Graph's own where Graph has one.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compliant => "compliant",
            Self::GracePeriod => "gracePeriod",
            Self::CompliantByDefaultRule => "compliantByDefaultRule",
            Self::NotCompliant => "notCompliant",
            Self::NotEnrolled => "notEnrolled",
            Self::PlatformException => "platformException",
            Self::ManualAllow => "manualAllow",
            Self::ManualBlock => "manualBlock",
            Self::Vanished => "vanished",
            Self::Unreachable => "unreachable",
            Self::NewWhileUnreachable => "newWhileUnreachable",
            Self::NotTargeted => "notTargeted",
            Self::Exempt => "exempt",
            Self::NotLicensed => "notLicensed",
            Self::OwnerUnknown => "ownerUnknown",
            Self::OwnerAmbiguous => "ownerAmbiguous",
            Self::IdOfAnotherUser => "idOfAnotherUser",
            Self::AmbiguousDevice => "ambiguousDevice",
            Self::NotEvaluated(what) => what.name(),
            Self::SystemMailbox => "systemMailbox",
            Self::SharedMailbox => "sharedMailbox",
            Self::RoomMailbox => "roomMailbox",
            Self::EquipmentMailbox => "equipmentMailbox",
            Self::OtherMailbox => "otherMailbox",
            Self::RemoteMailbox => "remoteMailbox",
            Self::OwnerWithoutMailbox => "ownerWithoutMailbox",
            Self::Outlook => "outlook",
            Self::PlaceholderId => "placeholderId",
            Self::MailboxMoving => "mailboxMoving",
            Self::Reverted => "reverted",
            Self::RolledBack => "rolledBack",
        }
    }

    /// One sentence for people, without names of anybody.
    #[must_use]
    pub const fn explain(self) -> &'static str {
        match self {
            Self::Compliant => "The device is enrolled and meets its compliance policies.",
            Self::GracePeriod => {
                "The device is enrolled and still within the time it was given to become compliant."
            }
            Self::CompliantByDefaultRule => {
                "The device is enrolled and compliant, and the policy leaves such devices to the default access rule."
            }
            Self::NotCompliant => "The device is enrolled, and does not meet a compliance policy.",
            Self::NotEnrolled => "The device is not enrolled in device management under this user.",
            Self::PlatformException => "A platform exception of the policy names the class of the device.",
            Self::ManualAllow => "A person has allowed the device, whatever device management says of it.",
            Self::ManualBlock => "A person has blocked the device, whatever device management says of it.",
            Self::Vanished => {
                "The device's record has vanished from device management together with many others, so it is held."
            }
            Self::Unreachable => "Device management could not be asked, so the device is left as it is.",
            Self::NewWhileUnreachable => {
                "Device management could not be asked, and the device has never been seen before."
            }
            Self::NotTargeted => "The user is in none of the groups that the policy targets.",
            Self::Exempt => "The user is in a group that the policy exempts.",
            Self::NotLicensed => "The user has no licence for device management.",
            Self::OwnerUnknown => "No user of the directory has an address of this mailbox.",
            Self::OwnerAmbiguous => "More than one user of the directory fits the addresses of this mailbox.",
            Self::IdOfAnotherUser => {
                "Device management knows this device id under another user, or under none."
            }
            Self::AmbiguousDevice => {
                "Device management has several records of this device that contradict each other."
            }
            Self::NotEvaluated(what) => what.explain(),
            Self::SystemMailbox => "The mailbox belongs to Exchange or to its monitoring.",
            Self::SharedMailbox => "The mailbox is shared, so nobody in particular owns its devices.",
            Self::RoomMailbox => "The mailbox is a room.",
            Self::EquipmentMailbox => "The mailbox is equipment.",
            Self::OtherMailbox => "The mailbox is of a kind that this version does not know.",
            Self::RemoteMailbox => "The mailbox is in the cloud, where these lists do not count.",
            Self::OwnerWithoutMailbox => "The owner of the partnership has no mailbox in this organisation.",
            Self::Outlook => {
                "The client says that it is Outlook or does not speak ActiveSync itself, and no enrolment has its id."
            }
            Self::PlaceholderId => "The device id is a placeholder that stands for no device.",
            Self::MailboxMoving => {
                "The mailbox has just moved, and Exchange has not evaluated the device again."
            }
            Self::Reverted => "An administrator takes all entries of easgate back.",
            Self::RolledBack => "An administrator undoes what an earlier run did.",
        }
    }

    /// The number of Graph's `exchangeAccessStateReason` that comes nearest.
    #[must_use]
    pub const fn graph_code(self) -> u8 {
        match self {
            Self::Compliant | Self::GracePeriod | Self::CompliantByDefaultRule => 8,
            Self::NotCompliant => 9,
            Self::NotEnrolled => 10,
            Self::NotTargeted | Self::Exempt | Self::NotLicensed => 2,
            Self::ManualAllow | Self::ManualBlock => 3,
            Self::MailboxMoving => 5,
            Self::OwnerUnknown
            | Self::OwnerAmbiguous
            | Self::IdOfAnotherUser
            | Self::AmbiguousDevice
            | Self::Vanished
            | Self::Unreachable
            | Self::NewWhileUnreachable
            | Self::NotEvaluated(_) => 1,
            Self::PlatformException
            | Self::SystemMailbox
            | Self::SharedMailbox
            | Self::RoomMailbox
            | Self::EquipmentMailbox
            | Self::OtherMailbox
            | Self::RemoteMailbox
            | Self::OwnerWithoutMailbox
            | Self::Outlook
            | Self::PlaceholderId
            | Self::Reverted
            | Self::RolledBack => 7,
        }
    }

    /// Whether a person decided, and not the policy.
    #[must_use]
    pub const fn is_by_hand(self) -> bool {
        matches!(self, Self::ManualAllow | Self::ManualBlock)
    }

    /// Whether the reason means the default access rule: what we added is taken back, and nothing else.
    #[must_use]
    pub const fn means_default_rule(self) -> bool {
        matches!(
            self,
            Self::NotTargeted | Self::Exempt | Self::NotLicensed | Self::CompliantByDefaultRule
        )
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Unevaluated {
    const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "notEvaluatedUnknown",
            Self::Error => "notEvaluatedError",
            Self::Conflict => "notEvaluatedConflict",
            Self::ConfigManager => "notEvaluatedConfigManager",
            Self::OtherState => "notEvaluatedOtherState",
            Self::Management => "notEvaluatedManagement",
        }
    }

    const fn explain(self) -> &'static str {
        match self {
            Self::Unknown => "The device is enrolled, and its compliance has not been evaluated.",
            Self::Error => "The device is enrolled, and the evaluation of its compliance failed.",
            Self::Conflict => "The device is enrolled, and two compliance policies contradict each other.",
            Self::ConfigManager => {
                "Configuration Manager evaluates the device, and the policy does not say what that counts as."
            }
            Self::OtherState => {
                "The device is enrolled, and its compliance state has a name that this version does not know."
            }
            Self::Management => "Device management does not say clearly whether the device is enrolled.",
        }
    }
}
