//! What a change of the organisation's default access level means.

use std::collections::HashMap;

use easgate_model::{AccessStateReason, DistinguishedName, Mailbox};

use crate::lists::{Lists, Order, evaluate_with};
use crate::{ExchangeFacts, Ownership};

/// Returns how many partnerships get what the organisation's default access level says, so that a change of that
/// level changes what they get: those with neither a list entry nor a rule.
#[must_use]
pub fn governed_by_default(exchange: &ExchangeFacts) -> u64 {
    let by_name: HashMap<&DistinguishedName, &Mailbox> = exchange
        .mailboxes
        .iter()
        .map(|mailbox| (&mailbox.distinguished_name, mailbox))
        .collect();
    // Whose an entry is does not matter here.
    let nobody = Ownership::default();
    let governed = exchange.partnerships.iter().filter(|partnership| {
        by_name.get(&partnership.owner).is_some_and(|mailbox| {
            let lists = Lists::read(mailbox, &partnership.device_id, &nobody);
            let given = evaluate_with(
                exchange,
                mailbox,
                std::iter::once(*partnership),
                lists,
                Order::Whole,
            );
            given.reason == AccessStateReason::Global
        })
    });
    governed.fold(0, |count, _| count + 1)
}
