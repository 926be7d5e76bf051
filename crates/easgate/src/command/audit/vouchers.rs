//! The heads that an audit has to have, from every witness.

use std::collections::BTreeMap;

use easgate_store::{
    Anchor, AnchorError, AuditHead, AuditKey, Checkpoint, Organization, StoreError, Voucher, Witness,
};

use super::PAGE;

/// What the witnesses say of one organisation.
#[derive(Debug, Default)]
pub(super) struct Vouchers {
    /// The heads.
    pub(super) heads: Vec<Voucher>,
    /// Checkpoints that somebody forged.
    pub(super) forged: Vec<String>,
    /// What could not be asked.
    pub(super) notes: Vec<String>,
}

impl Vouchers {
    /// Adds the head that was given.
    pub(super) fn give(&mut self, head: Option<AuditHead>) {
        self.heads.extend(head.map(|head| Voucher {
            head,
            witness: Witness::Given,
        }));
    }

    /// Adds what the store says of itself: its head, and its checkpoints as far as the key tells them.
    ///
    /// # Errors
    /// The store cannot be read.
    pub(super) async fn ask_store(
        &mut self,
        organization: &Organization,
        key: Option<&AuditKey>,
    ) -> Result<(), StoreError> {
        self.heads
            .extend(organization.audit_head().await?.map(|head| Voucher {
                head,
                witness: Witness::Store,
            }));
        let mut strange = Strange::default();
        let mut after = 0;
        loop {
            let page = organization.checkpoints(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            // Several keys may have sealed one record: the page may end among them.
            let next = last.sequence;
            let full = page.len() >= usize::try_from(PAGE).unwrap_or(usize::MAX);
            let whole = |checkpoint: &&Checkpoint| !full || checkpoint.sequence < next;
            for checkpoint in page.iter().filter(whole) {
                self.add(checkpoint, key, Witness::Checkpoint, &mut strange);
            }
            if !full {
                break;
            }
            after = next - 1;
        }
        self.notes.extend(strange.notes("in the store"));
        Ok(())
    }

    /// Adds what the checkpoints beside the key say of `organization`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(super) fn ask_file(
        &mut self,
        organization: &str,
        anchor: &Anchor,
        key: Option<&AuditKey>,
    ) -> Result<(), AnchorError> {
        let mut strange = Strange::default();
        let mut bad = 0_u64;
        let found = anchor.read(|line| match line {
            Ok(checkpoint) if checkpoint.organization == organization => {
                self.add(&checkpoint, key, Witness::File, &mut strange);
            }
            Ok(_) => {}
            Err(_) => bad += 1,
        })?;
        let place = anchor.checkpoints_file().display();
        if !found {
            self.notes.push(format!("there are no checkpoints in {place}"));
        }
        if bad > 0 {
            self.notes
                .push(format!("{bad} lines of {place} are no checkpoints"));
        }
        self.notes.extend(strange.notes("beside the key"));
        Ok(())
    }

    fn add(
        &mut self,
        checkpoint: &Checkpoint,
        key: Option<&AuditKey>,
        witness: Witness,
        strange: &mut Strange,
    ) {
        match key {
            Some(key) if key.has_sealed(checkpoint) => {
                self.heads
                    .extend(checkpoint.head().map(|head| Voucher { head, witness }));
            }
            Some(key) if key.id() == checkpoint.key => self.forged.push(format!(
                "{witness} for record {} was forged: its seal is not that of the key",
                checkpoint.sequence
            )),
            Some(_) | None => *strange.0.entry(checkpoint.key.clone()).or_default() += 1,
        }
    }
}

/// How many checkpoints are under a key that is not here, by its name.
#[derive(Debug, Default)]
struct Strange(BTreeMap<String, u64>);

impl Strange {
    fn notes(self, place: &'static str) -> impl Iterator<Item = String> {
        self.0.into_iter().map(move |(key, count)| {
            format!(
                "{count} checkpoints {place} are under the key {key}, which is not here, and were not asked"
            )
        })
    }
}
