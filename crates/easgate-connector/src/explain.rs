//! Why one mailbox's devices are decided as they are.

use easgate_compliance::{Explanation, Facts, explain};
use easgate_model::{DeviceId, EmailAddress, Mailbox, MailboxId};

use crate::cycle::{Cycle, CycleError, Planned};

/// The explanations of one mailbox's devices.
#[derive(Debug)]
pub struct Explained {
    /// What everything rests on.
    pub planned: Planned,
    /// The mailbox.
    pub mailbox: MailboxId,
    /// The devices that are explained: the one that was asked for, or all of the mailbox.
    pub devices: Vec<DeviceId>,
}

impl Explained {
    /// The mailbox as Exchange shows it.
    #[must_use]
    pub fn mailbox(&self) -> Option<&Mailbox> {
        self.planned
            .facts
            .exchange
            .mailboxes
            .iter()
            .find(|mailbox| mailbox.id == self.mailbox)
    }
}

impl Cycle<'_> {
    /// Reads everything, as a plan does, and finds the mailbox and its devices. Writes nothing.
    ///
    /// `mailbox` is a Guid, an SMTP address, a user principal name, an alias or another name of the mailbox;
    /// without a `device`, all devices of the mailbox are meant.
    ///
    /// # Errors
    /// As [`Cycle::plan`]; no mailbox or several are called so; the mailbox has no such device.
    pub async fn explain(&self, mailbox: &str, device: Option<&DeviceId>) -> Result<Explained, ExplainError> {
        let planned = self.plan().await?;
        let found = find_mailbox(&planned.facts, mailbox)?.id;
        let of_mailbox = planned
            .decisions
            .iter()
            .filter(|decision| decision.mailbox == Some(found));
        let devices: Vec<DeviceId> = of_mailbox
            .map(|decision| decision.device.clone())
            .filter(|known| device.is_none_or(|wanted| wanted == known))
            .collect();
        if let Some(device) = device.filter(|_| devices.is_empty()) {
            let mailbox = mailbox.to_owned();
            return Err(ExplainError::NoDevice {
                mailbox,
                device: device.to_string(),
            });
        }
        Ok(Explained {
            planned,
            mailbox: found,
            devices,
        })
    }

    /// The explanation of one device of `explained`.
    #[must_use]
    pub fn explanation(&self, explained: &Explained, device: &DeviceId) -> Option<Explanation> {
        let planned = &explained.planned;
        explain(
            &planned.facts,
            &self.config.policy,
            &planned.ownership,
            explained.mailbox,
            device,
        )
    }
}

/// Finds the one mailbox that a person means by `text`.
///
/// What is unique comes first: the Guid, an address of the mailbox, the user principal name of a user who has one
/// of its addresses, and only then its names.
pub(crate) fn find_mailbox<'f>(facts: &'f Facts, text: &str) -> Result<&'f Mailbox, ExplainError> {
    let text = text.trim();
    let mailboxes = &facts.exchange.mailboxes;
    if let Ok(guid) = uuid::Uuid::try_parse(text) {
        let found = mailboxes.iter().find(|mailbox| mailbox.id.0 == guid);
        return found.ok_or_else(|| ExplainError::NoMailbox {
            mailbox: text.to_owned(),
        });
    }
    if let Ok(address) = text.parse::<EmailAddress>() {
        let users = facts
            .inventory
            .users
            .iter()
            .filter(|user| user.user_principal_name == address);
        let addresses: Vec<&EmailAddress> = users
            .flat_map(|user| &user.addresses)
            .chain(std::iter::once(&address))
            .collect();
        return one_of(text, mailboxes, |mailbox| {
            let own = mailbox.addresses.iter().chain(&mailbox.primary_smtp);
            own.into_iter().any(|own| addresses.contains(&own))
        });
    }
    one_of(text, mailboxes, |mailbox| {
        let local = mailbox.primary_smtp.as_ref().map_or("", EmailAddress::local_part);
        [
            mailbox.name.as_str(),
            &mailbox.display_name,
            &mailbox.sam_account_name,
            local,
        ]
        .iter()
        .any(|name| name.eq_ignore_ascii_case(text))
    })
}

fn one_of<'f>(
    text: &str,
    mailboxes: &'f [Mailbox],
    is_meant: impl Fn(&Mailbox) -> bool,
) -> Result<&'f Mailbox, ExplainError> {
    let mut found = mailboxes.iter().filter(|mailbox| is_meant(mailbox));
    match (found.next(), found.count()) {
        (None, _) => Err(ExplainError::NoMailbox {
            mailbox: text.to_owned(),
        }),
        (Some(mailbox), 0) => Ok(mailbox),
        (Some(_), more) => Err(ExplainError::SeveralMailboxes {
            mailbox: text.to_owned(),
            count: more + 1,
        }),
    }
}

/// Why nothing could be explained.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum ExplainError {
    #[error(transparent)]
    Cycle(#[from] CycleError),
    #[error("no mailbox is called {mailbox:?}")]
    NoMailbox { mailbox: String },
    #[error("{count} mailboxes are called {mailbox:?}: use an address or the Guid")]
    SeveralMailboxes { mailbox: String, count: usize },
    #[error("the mailbox {mailbox:?} has no device {device:?}")]
    NoDevice { mailbox: String, device: String },
}
