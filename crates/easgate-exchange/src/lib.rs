//! Exchange Server in typed calls over any cmdlet transport.
//!
//! - [`ExchangeClient`]: what Exchange knows, as streams of values, and the changes of lists, settings, rules and
//!   policies. [`DeviceActions`] wipes and forgets devices, and is a type of its own on purpose.
//! - [`ListChange`]: an edit of a mailbox's allow and block list, as a value that can be shown before it is sent.
//! - [`Filter`]: OPATH from typed values.
//! - [`ExchangeError`]: what Exchange refuses, by kind.
//!
//! Exchange 2010 Service Pack 3 to Subscription Edition. Both cmdlet families are spoken, `*-MobileDevice*` where it
//! is granted and `*-ActiveSyncDevice*` otherwise.
//!
//! **Invariants.** CLIXML never leaves this crate. A list is complete or an error; an `-Identity` is never empty;
//! device lists are edited by Add and Remove and never replaced; what changes something carries `Confirm = $false`.

mod capabilities;
mod client;
mod device_actions;
mod error;
mod filter;
mod identity;
mod list_change;
mod policy;
mod read;
mod reads;
mod version;
mod wire;
mod writes;

pub use capabilities::Capabilities;
pub use client::{Config, ExchangeClient, setup_commands};
pub use device_actions::{DeviceActions, Wipe};
pub use error::ExchangeError;
pub use filter::{Filter, FilterText, FilterValue, Operator, Property, UnfilterableTextError};
pub use identity::Identity;
pub use list_change::ListChange;
pub use policy::{MailboxPolicy, PolicySettings};
pub use version::{ParseServerVersionError, ServerVersion};
pub use wire::{DeviceClass, DeviceStatistics, ExchangeServer, RecipientSummary, WipeTimes};
pub use writes::{Applied, SettingsChange};

#[cfg(test)]
mod tests;
