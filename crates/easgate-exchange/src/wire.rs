//! What Exchange sends, cmdlet by cmdlet, and how it becomes values.
//!
//! The members are those of the documentation, each under every name and form in which it is known to come: with
//! `serializationLevel=Full` as objects with a `ToString`, otherwise as strings. What nobody asked for is skipped.

mod class;
mod command;
mod device;
mod mailbox;
mod policy;
mod recipient;
mod rule;
mod server;
mod settings;
mod statistics;

use easgate_model::EmailAddress;
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use time::OffsetDateTime;
use uuid::Uuid;

pub use class::DeviceClass;
pub(crate) use class::WireClass;
pub(crate) use command::WireCommand;
pub(crate) use device::WireDevice;
pub(crate) use mailbox::WireMailbox;
pub(crate) use policy::WirePolicy;
pub use recipient::RecipientSummary;
pub(crate) use recipient::WireRecipient;
pub(crate) use rule::WireRule;
pub use server::ExchangeServer;
pub(crate) use server::WireServer;
pub(crate) use settings::WireSettings;
pub(crate) use statistics::WireStatistics;
pub use statistics::{DeviceStatistics, WipeTimes};

/// One kind of object on the wire.
pub(crate) trait Wire: DeserializeOwned {
    /// What it becomes.
    type Value;

    /// What names the object to a person.
    fn label(&self) -> Option<String>;

    /// The value, or what is wrong with the object.
    fn value(self) -> Result<Self::Value, String>;
}

/// A member that makes a difference between "not sent" and "sent as nothing".
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) enum Member<T> {
    /// The object does not have it, which a role that hides it would explain.
    #[default]
    Absent,
    /// Sent, as `Nil` or with a value.
    Present(Option<T>),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Member<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::Present)
    }
}

impl<T> Member<T> {
    /// The value, which must have been sent and may be nothing.
    fn sent(self, name: &str) -> Result<Option<T>, String> {
        match self {
            Self::Absent => Err(format!("{name} is missing")),
            Self::Present(value) => Ok(value),
        }
    }
}

/// The value of `member`, which must be there and not empty.
pub(crate) fn required(member: Option<String>, name: &str) -> Result<String, String> {
    member
        .filter(|text| !text.trim().is_empty())
        .ok_or_else(|| format!("{name} is missing"))
}

/// A Guid, in any of the forms in which .NET writes it.
fn guid(member: Option<&str>, name: &str) -> Result<Uuid, String> {
    let text = member.ok_or_else(|| format!("{name} is missing"))?;
    Uuid::try_parse(text.trim()).map_err(|_| format!("{name} is not a Guid: {text}"))
}

/// A time as CLIXML writes it, `2021-09-28T17:32:01.1234567Z`; without an offset it is taken for UTC.
///
/// Times are never decided by, so one that cannot be read is left out.
fn moment(member: Option<&str>) -> Option<OffsetDateTime> {
    use time::format_description::well_known::Iso8601;
    let text = member?.trim();
    OffsetDateTime::parse(text, &Iso8601::PARSING).ok().or_else(|| {
        let local = time::PrimitiveDateTime::parse(text, &Iso8601::PARSING).ok()?;
        Some(local.assume_utc())
    })
}

/// The SMTP addresses among `proxies`, which look like `SMTP:ana@contoso.com`, with `primary` first.
fn addresses(primary: Option<&EmailAddress>, proxies: &[String]) -> Vec<EmailAddress> {
    let mut found: Vec<EmailAddress> = primary.cloned().into_iter().collect();
    for proxy in proxies {
        let text = match proxy.split_once(':') {
            Some((prefix, address)) if prefix.trim().eq_ignore_ascii_case("smtp") => address,
            // X400, X500, EUM, SIP and whatever else is no address of mail.
            Some(_) => continue,
            None => proxy,
        };
        if let Ok(address) = text.parse::<EmailAddress>()
            && !found.contains(&address)
        {
            found.push(address);
        }
    }
    found
}

/// A text of the phone's or the directory's, or nothing when it is empty.
fn text(member: Option<String>) -> Option<String> {
    member.filter(|text| !text.is_empty())
}
