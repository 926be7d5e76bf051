//! Exchange ActiveSync values, without any I/O.
//!
//! - What Exchange knows: [`Partnership`], [`Mailbox`], [`OrganizationSettings`], [`DeviceAccessRule`].
//! - What device management knows: [`Enrollment`], [`DirectoryUser`], [`Inventory`].
//! - How Exchange itself decides: [`evaluate`].
//! - How text chosen by a phone is made safe to show: [`escape`].
//!
//! **Invariants.** No clock, no file, no serde: wire formats belong to the crates that speak them.

mod access;
mod address;
mod device_id;
mod dn;
mod enrollment;
mod escape;
mod evaluate;
mod mailbox;
mod partnership;
mod rule;
mod settings;
mod text;

pub use access::{AccessLevel, AccessState, AccessStateReason};
pub use address::{EmailAddress, ParseEmailAddressError};
pub use device_id::{DeviceId, ParseDeviceIdError};
pub use dn::DistinguishedName;
pub use enrollment::{
    ComplianceState, DirectoryUser, Enrollment, EnrollmentKind, GroupId, Inventory, ManagementAgent,
    ManagementState,
};
pub use escape::{escape, escape_csv, escape_long, is_plain};
pub use evaluate::{DeviceFacts, Evaluation, evaluate};
pub use mailbox::{Mailbox, MailboxId, RecipientType};
pub use partnership::{Partnership, PartnershipId};
pub use rule::{Characteristic, DeviceAccessRule};
pub use settings::{OrganizationId, OrganizationSettings};
pub use text::{Text, Texts};
