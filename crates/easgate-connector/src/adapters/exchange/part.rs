//! Reading a part of an organisation: by state, by time, and one mailbox.

use easgate_exchange::{ExchangeClient, ExchangeError, Filter, FilterText, Identity, Operator, Property};
use easgate_model::{Mailbox, MailboxId, Partnership, RecipientType};
use futures::stream::StreamExt;
use time::{Duration, OffsetDateTime};

use super::call_error;
use crate::ports::{CallError, CallErrorKind, Changed, KnownObject, MailboxName, Reach};

/// How far a zone can be from UTC, and how far back a server that reads times in its own zone has to be asked.
const ANY_ZONE: Duration = Duration::hours(26);
/// Within this a filter has to tell earlier from later.
const SHARP: Duration = Duration::minutes(1);

const fn property(changed: Changed) -> Property {
    match changed {
        Changed::Mailbox | Changed::Device => Property::WhenChangedUtc,
        Changed::FirstSync => Property::FirstSyncTime,
    }
}

/// Partnerships that wait for somebody.
pub(super) fn pending() -> Filter {
    state("Quarantined").or(&state("DeviceDiscovery"))
}

/// Partnerships that nothing but the default lets in.
pub(super) fn let_in_by_default() -> Filter {
    state("Allowed").and(&Filter::compare(
        Property::DeviceAccessStateReason,
        Operator::Eq,
        word("Global"),
    ))
}

/// What changed after `since`.
pub(super) fn since(changed: Changed, since: OffsetDateTime) -> Filter {
    let later = Filter::compare(property(changed), Operator::Gt, since);
    match changed {
        Changed::Mailbox => {
            Filter::compare(Property::HasActiveSyncDevicePartnership, Operator::Eq, true).and(&later)
        }
        Changed::Device | Changed::FirstSync => later,
    }
}

fn state(name: &str) -> Filter {
    Filter::compare(Property::DeviceAccessState, Operator::Eq, word(name))
}

fn word(name: &str) -> FilterText {
    FilterText::new(name).expect("a name of ours has no odd characters")
}

/// Tries a filter by time on an object that is there.
///
/// It has to find the object with a time before, and not with a time after; and it has to read a date whose day can
/// be no month as it is written: a server that puts the day first refuses that, and takes others for another date.
/// A server that reads times in its own zone finds the object when it is asked for 26 hours more.
pub(super) async fn probe(
    client: &ExchangeClient,
    changed: Changed,
    known: &KnownObject,
) -> Result<Reach, CallError> {
    let Some(object) = object(changed, known) else {
        return Ok(Reach::None);
    };
    let finds = |operator, at| {
        let filter = object.and(&Filter::compare(property(changed), operator, at));
        async move { finds(client, changed, &filter).await }
    };
    if !finds(Operator::Lt, end_of_next_year(known.at)).await? {
        return Ok(Reach::None);
    }
    if finds(Operator::Gt, known.at - SHARP).await? && !finds(Operator::Gt, known.at + SHARP).await? {
        return Ok(Reach::Exact);
    }
    let wide =
        finds(Operator::Gt, known.at - ANY_ZONE).await? && !finds(Operator::Gt, known.at + ANY_ZONE).await?;
    Ok(if wide { Reach::Wide } else { Reach::None })
}

/// The 31st of December: there is no 31st month.
fn end_of_next_year(at: OffsetDateTime) -> OffsetDateTime {
    let year = at.year() + 1;
    time::Date::from_calendar_date(year, time::Month::December, 31)
        .map_or(at, |date| date.midnight().assume_utc())
}

fn object(changed: Changed, known: &KnownObject) -> Option<Filter> {
    let (property, text) = match changed {
        Changed::Mailbox => (Property::PrimarySmtpAddress, known.address.as_ref()?.as_str()),
        Changed::Device | Changed::FirstSync => (Property::DeviceId, known.device.as_ref()?.as_str()),
    };
    let text = FilterText::new(text).ok()?;
    Some(Filter::compare(property, Operator::Eq, text))
}

/// Whether `filter` finds anything; a filter that the server refuses finds nothing.
async fn finds(client: &ExchangeClient, changed: Changed, filter: &Filter) -> Result<bool, CallError> {
    let found = match changed {
        Changed::Mailbox => count(client.mailboxes_where(filter)).await,
        Changed::Device | Changed::FirstSync => count(client.partnerships_where(filter)).await,
    };
    match found.map_err(call_error) {
        Ok(found) => Ok(found > 0),
        Err(error) if error.kind == CallErrorKind::Refused => {
            tracing::debug!(%error, "The server does not take the filter");
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

async fn count<T>(
    stream: impl futures::Stream<Item = Result<T, ExchangeError>> + Send,
) -> Result<usize, ExchangeError> {
    let mut stream = std::pin::pin!(stream);
    let mut found = 0;
    while let Some(item) = stream.next().await {
        item?;
        found += 1;
    }
    Ok(found)
}

/// The partnerships of one mailbox.
pub(super) async fn partnerships_of(
    client: &ExchangeClient,
    mailbox: MailboxId,
) -> Result<Vec<Partnership>, CallError> {
    client.partnerships_of(mailbox).await.map_err(call_error)
}

/// One mailbox; `None` where there is none of that name.
pub(super) async fn find_mailbox(
    client: &ExchangeClient,
    name: &MailboxName,
) -> Result<Option<Mailbox>, CallError> {
    let named = match name {
        MailboxName::Id(id) => Some(Identity::from(*id)),
        MailboxName::Address(address) => Identity::named(address.as_str()),
        MailboxName::Owner(owner) => Identity::named(owner.as_str()),
    };
    let Some(named) = named else { return Ok(None) };
    match client.mailbox_named(&named).await {
        Ok(mailbox) => Ok(Some(mailbox)),
        Err(ExchangeError::NotFound { .. }) => Ok(None),
        Err(error) => Err(call_error(error)),
    }
}

/// What kind of recipient a mailbox is.
pub(super) async fn recipient_type(
    client: &ExchangeClient,
    id: MailboxId,
) -> Result<RecipientType, CallError> {
    match client.recipient(id).await {
        Ok(recipient) => Ok(recipient.recipient_type),
        Err(ExchangeError::NotFound { .. }) => Ok(RecipientType::Unknown),
        Err(error) => Err(call_error(error)),
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn filters_are_those_of_the_reference() {
        let at = datetime!(2026-11-25 08:05:09 UTC);
        for (filter, text) in [
            (
                pending(),
                "(DeviceAccessState -eq 'Quarantined') -or (DeviceAccessState -eq 'DeviceDiscovery')",
            ),
            (
                let_in_by_default(),
                "(DeviceAccessState -eq 'Allowed') -and (DeviceAccessStateReason -eq 'Global')",
            ),
            (
                since(Changed::Mailbox, at),
                "(HasActiveSyncDevicePartnership -eq $true) -and (WhenChangedUTC -gt '11/25/2026 8:05:09 AM')",
            ),
            (
                since(Changed::FirstSync, at),
                "FirstSyncTime -gt '11/25/2026 8:05:09 AM'",
            ),
        ] {
            assert_eq!(filter.as_str(), text);
        }
        assert_eq!(end_of_next_year(at), datetime!(2027-12-31 00:00 UTC));
    }
}
