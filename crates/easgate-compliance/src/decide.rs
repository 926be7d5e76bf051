//! From what is so to what the policy wants.

mod cases;
mod flow;
mod verdict;

pub(crate) use cases::{Case, cases};
pub(crate) use flow::{Outcome, decide_case};

use crate::index::Index;
use crate::trace::Silent;
use crate::{Decision, Facts, Ownership, Policy};

/// Returns one decision for each (mailbox, device id): for every partnership, and for every list entry of ours
/// whose partnership is gone.
///
/// The result is in the order of the mailboxes' addresses, then of the device ids; partnerships whose owner has
/// no mailbox here come last. It does not depend on the order of the facts.
///
/// The flow: a mailbox here; nobody decided by hand; a mailbox of one person; a real device id; device management
/// could be asked; one directory user as owner; targeted; not exempt; licensed; no platform exception; a clear match; enrolled; evaluated; compliant; always allowed. The first *no*
/// decides. Whatever is unread, ambiguous or unevaluated leaves the device untouched.
///
/// ```
/// use easgate_compliance::{Exceptions, Facts, Ownership, Policy, decide};
/// # use easgate_compliance::ExchangeFacts;
/// # use easgate_model::{AccessLevel, Inventory, OrganizationId, OrganizationSettings};
/// # let settings = OrganizationSettings {
/// #     id: OrganizationId(uuid::Uuid::nil()),
/// #     default_access_level: AccessLevel::Quarantine,
/// #     user_mail_insert: None,
/// #     admin_mail_recipients: vec![],
/// #     originating_server: None,
/// # };
/// # let exchange = ExchangeFacts { settings, rules: vec![], mailboxes: vec![], partnerships: vec![] };
/// let facts = Facts { exchange, inventory: Inventory::default(), exceptions: Exceptions::default() };
/// assert!(decide(&facts, &Policy::default(), &Ownership::default()).is_empty());
/// ```
#[must_use]
pub fn decide(facts: &Facts, policy: &Policy, ownership: &Ownership) -> Vec<Decision> {
    let index = Index::new(facts);
    let mut decisions = Vec::with_capacity(facts.exchange.partnerships.len());
    cases(&index, ownership, |case| {
        let outcome = decide_case(&index, policy, ownership, case, &mut Silent);
        decisions.push(case.decision(outcome));
    });
    decisions
}
