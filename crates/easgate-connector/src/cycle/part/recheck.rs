//! Deciding anew about a change that waited for so long that its facts are old.

use async_trait::async_trait;
use easgate_compliance::{Change, Ownership, decide, plan};
use easgate_model::Mailbox;
use easgate_store::Writer;

use super::{Noticed, Targets};
use crate::apply::{Failure, Recheck};
use crate::cycle::write::key;
use crate::cycle::{Cycle, CycleError, by_id, owned_entry};
use crate::gates::Gates;
use crate::gather::FactsError;
use crate::recovery::{Owned, Scope};

/// Reads one device, its mailbox's lists and its records again.
pub(in crate::cycle) struct Rechecks<'r> {
    pub(in crate::cycle) cycle: &'r Cycle<'r>,
    pub(in crate::cycle) writer: &'r Writer,
}

#[async_trait]
impl Recheck for Rechecks<'_> {
    async fn recheck(&self, change: &Change) -> Result<Option<(Change, Mailbox)>, Failure> {
        self.anew(change).await.map_err(failure)
    }
}

impl Rechecks<'_> {
    async fn anew(&self, change: &Change) -> Result<Option<(Change, Mailbox)>, CycleError> {
        let (cycle, organization) = (self.cycle, self.writer.organization());
        let head = cycle.head(organization).await?;
        let targets = Targets::one(key(change));
        let gathered = cycle
            .gather_part(self.writer, &head, &Noticed::default(), &targets)
            .await?;
        if gathered.left.contains(&change.device) {
            return Ok(None);
        }
        let (mut facts, policy) = (gathered.facts, &cycle.config.policy);
        let gates = Gates::read(organization, &facts.exchange, cycle.clock.now()).await?;
        gates.except(&mut facts.exceptions);
        let owned = Owned::read(
            organization,
            &by_id(&facts.exchange),
            Scope::Part,
            head.started,
            cycle.clock.now(),
        )
        .await?;
        let ownership: Ownership = owned.present.iter().map(owned_entry).collect();
        let mut decisions = decide(&facts, policy, &ownership);
        decisions.retain(|one| one.mailbox == Some(change.mailbox) && one.device == change.device);
        let fresh = plan(&facts, &decisions, &ownership, policy).changes.pop();
        // The guard let a change through that takes no more than this.
        let fresh = fresh.filter(|fresh| change.loses_access() || !fresh.loses_access());
        let mailbox = facts
            .exchange
            .mailboxes
            .into_iter()
            .find(|one| one.id == change.mailbox);
        Ok(fresh.zip(mailbox))
    }
}

fn failure(error: CycleError) -> Failure {
    match error {
        CycleError::Facts(FactsError::Exchange { source, .. }) => Failure::Call(source),
        CycleError::Facts(FactsError::Enrollments(source)) => Failure::Source(source),
        CycleError::Facts(_) | CycleError::Busy(_) | CycleError::Store(_) => Failure::Unread(Box::new(error)),
    }
}
