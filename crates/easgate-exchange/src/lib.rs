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
//! ```no_run
//! use std::sync::Arc;
//!
//! use easgate_cmdlet::{Authentication, CmdletTransport, Config, WsmanTransport};
//! use easgate_exchange::{ExchangeClient, ListChange, setup_commands};
//! use futures::StreamExt;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let credentials = Authentication::Basic {
//!     username: r"CONTOSO\connector".to_owned(),
//!     password: "the password".to_owned().into(),
//! };
//! let mut config = Config::new("https://ex1.contoso.example/powershell".parse()?, credentials);
//! config.setup = setup_commands();
//! let transport: Arc<dyn CmdletTransport> = Arc::new(WsmanTransport::new(config)?);
//! let exchange = ExchangeClient::new(Arc::clone(&transport), easgate_exchange::Config::default());
//!
//! let mut partnerships = std::pin::pin!(exchange.partnerships());
//! while let Some(partnership) = partnerships.next().await {
//!     let phone = partnership?;
//!     println!("{} {}", easgate_model::escape(phone.device_id.as_str()), phone.access_state);
//! }
//!
//! let mailbox = easgate_model::MailboxId("8f9c2b52-1111-4222-8333-444455556666".parse()?);
//! let mut change = ListChange::new(mailbox);
//! change.add_allowed.push("ApplC39GQ8NNDTDL".parse()?);
//! println!("{}", change.to_powershell());
//! exchange.change_lists(&change).await?;
//! transport.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! **Invariants.** CLIXML never leaves this crate. A list is complete or an error; an `-Identity` is never empty;
//! device lists are edited by Add and Remove and never replaced; what changes something carries `Confirm = $false`.

mod capabilities;
mod client;
mod device_actions;
mod error;
mod filter;
mod identity;
mod kind;
mod list_change;
mod policy;
pub mod rbac;
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
pub use kind::Kind;
pub use list_change::ListChange;
pub use policy::{MailboxPolicy, PolicySettings};
pub use version::{ParseServerVersionError, ServerVersion};
pub use wire::{DeviceClass, DeviceStatistics, ExchangeServer, RecipientSummary, WipeTimes};
pub use writes::{Applied, SettingsChange};

#[cfg(test)]
mod tests;
