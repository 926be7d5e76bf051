//! Taking over and giving up: the registry changes, and no list.

use std::collections::BTreeMap;

use easgate_compliance::{AdoptFilter, Adoption, List, Standing, adopt, release};
use easgate_store::{Actor, Look, Observed, Organization, TakenOver, Writer};

use crate::cycle::{Cycle, CycleError, give_back};
use crate::explain::find_mailbox;
use crate::leadership::while_kept;

use super::convert::stored_entry;
use super::look::registry;
use super::{UndoError, UndoReport};
use crate::cycle::rows;

/// Which foreign entries are to be taken over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AdoptWish {
    /// Only those of this list.
    pub list: Option<List>,
    /// Only those of this mailbox, as a person calls it.
    pub mailbox: Option<String>,
}

impl Cycle<'_> {
    /// Tells which foreign entries agree with the policy and could be taken over. Writes nothing.
    ///
    /// # Errors
    /// As [`Cycle::plan`], or no mailbox is called so.
    pub async fn plan_adopt(&self, wish: &AdoptWish) -> Result<Adoption, UndoError> {
        let planned = self.plan().await?;
        let mailbox = wish
            .mailbox
            .as_deref()
            .map(|name| find_mailbox(&planned.facts, name).map(|mailbox| mailbox.id))
            .transpose()
            .map_err(UndoError::Mailbox)?;
        let filter = AdoptFilter {
            list: wish.list,
            mailbox,
        };
        Ok(adopt(
            &planned.facts,
            &self.config.policy,
            &planned.ownership,
            filter,
        ))
    }

    /// Takes over what [`Cycle::plan_adopt`] tells from fresh facts, on behalf of `by`.
    ///
    /// # Errors
    /// As [`Cycle::plan_adopt`]; another process works on the organisation, or the store cannot be written.
    pub async fn adopt(&self, wish: &AdoptWish, by: Actor) -> Result<(Adoption, UndoReport), UndoError> {
        let writer = self.writer().await?.acting_as(by);
        let done = while_kept(&writer, self.clock, self.adopt_with(&writer, wish)).await;
        give_back(writer).await;
        done
    }

    /// The same for a caller that holds the organisation's `writer`, on behalf of its actor.
    ///
    /// # Errors
    /// As [`Cycle::adopt`].
    pub async fn adopt_with(
        &self,
        writer: &Writer,
        wish: &AdoptWish,
    ) -> Result<(Adoption, UndoReport), UndoError> {
        let adoption = self.plan_adopt(wish).await?;
        let mut report = self.begin_claim(writer, "adopt").await?;
        let taken: Vec<TakenOver> = adoption
            .entries
            .iter()
            .map(|found| TakenOver {
                entry: stored_entry(&found.entry),
                address: found.address.clone(),
                decision: found.decision_id,
            })
            .collect();
        writer.adopt(&taken, report.run, self.clock.now()).await?;
        report.entries = rows(&taken);
        report.server = Some(self.exchange.endpoint());
        report.finish(writer, self.clock.now()).await;
        Ok((adoption, report))
    }

    /// Tells which entries would be given up, and what each device has before as after. Writes nothing.
    ///
    /// # Errors
    /// The store or Exchange cannot be read.
    pub async fn plan_release(&self) -> Result<Vec<Standing>, UndoError> {
        let organization = self.store.organization(&self.config.name).await?;
        let exchange = self.look(&organization).await?;
        let ownership = registry(&organization).await?;
        Ok(release(&exchange, &ownership))
    }

    /// Gives every entry up on behalf of `by`: nothing is written to Exchange, and nobody's access changes.
    ///
    /// # Errors
    /// As [`Cycle::plan_release`]; another process works on the organisation, or the store cannot be written.
    pub async fn release(&self, by: Actor) -> Result<(Vec<Standing>, UndoReport), UndoError> {
        let writer = self.writer().await?.acting_as(by);
        let done = while_kept(&writer, self.clock, self.release_with(&writer)).await;
        give_back(writer).await;
        done
    }

    /// The same for a caller that holds the organisation's `writer`, on behalf of its actor.
    ///
    /// # Errors
    /// As [`Cycle::release`].
    pub async fn release_with(&self, writer: &Writer) -> Result<(Vec<Standing>, UndoReport), UndoError> {
        let standing = self.plan_release().await?;
        let mut report = self.begin_claim(writer, "release").await?;
        let now = self.clock.now();
        let known = with_released(writer.organization(), &standing).await?;
        if let Some(observed) = known {
            let look = Look {
                observed,
                ..Look::default()
            };
            writer.record_look(&look, report.run, now).await?;
        }
        let entries: Vec<_> = standing.iter().map(|one| stored_entry(&one.entry)).collect();
        writer.release(&entries, report.run, now).await?;
        report.entries = rows(&entries);
        report.server = Some(self.exchange.endpoint());
        report.finish(writer, now).await;
        Ok((standing, report))
    }

    async fn begin_claim(&self, writer: &Writer, kind: &'static str) -> Result<UndoReport, CycleError> {
        let run = writer
            .start_run_beside(
                &self.queue.live(),
                kind,
                self.config.mode.name(),
                self.clock.now(),
            )
            .await?;
        Ok(UndoReport::begin(&self.config.name, kind, run))
    }
}

/// What is compared at the next sync, so that entries that were given up are not taken for entries that somebody
/// else has just added.
async fn with_released(
    organization: &Organization,
    standing: &[Standing],
) -> Result<Option<Observed>, CycleError> {
    let Some(mut observed) = organization.last_known().await? else {
        return Ok(None);
    };
    let mut allows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for one in standing
        .iter()
        .filter(|one| one.listed && one.entry.list == List::Allow)
    {
        allows
            .entry(one.entry.mailbox.to_string())
            .or_default()
            .push(one.entry.device.as_str().to_owned());
    }
    for (mailbox, devices) in allows {
        observed
            .foreign_allows
            .entry(mailbox)
            .or_default()
            .extend(devices);
    }
    Ok(Some(observed))
}
