//! Whether a chain is whole, record by record.

use std::collections::BTreeMap;
use std::fmt;

use super::{AuditHash, AuditHead, AuditLine};

/// Where a head is known from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Witness {
    /// The store's own row of the head.
    Store,
    /// A checkpoint under the key, in the store.
    Checkpoint,
    /// A checkpoint under the key, in the file beside it.
    File,
    /// The head that was given, as from the system log.
    Given,
}

impl Witness {
    /// Whether whoever writes the store alone cannot make it.
    const fn is_independent(self) -> bool {
        match self {
            Self::Store => false,
            Self::Checkpoint | Self::File | Self::Given => true,
        }
    }
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Store => "the store's own head",
            Self::Checkpoint => "a checkpoint in the store",
            Self::File => "a checkpoint beside the key",
            Self::Given => "the head that was given",
        })
    }
}

/// A head that the chain has to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Voucher {
    /// The record and its hash.
    pub head: AuditHead,
    /// Who says so.
    pub witness: Witness,
}

/// What is wrong with a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The first record of which nothing is known to be right.
    pub first: i64,
    /// The last record that can be the first wrong one: the same, unless a witness alone told.
    pub last: i64,
    /// What is wrong.
    pub kind: FaultKind,
}

/// What can be wrong with a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// The contents of a record do not give its hash.
    Contents,
    /// A record does not hold the hash of the one before.
    Link,
    /// Records are missing before it, or it stands twice.
    Sequence,
    /// The record has another hash than a witness says.
    Rewritten(Witness),
    /// The chain ends before the record that a witness tells of.
    Cut(Witness),
}

impl Fault {
    /// The stable name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self.kind {
            FaultKind::Contents => "contents",
            FaultKind::Link => "link",
            FaultKind::Sequence => "sequence",
            FaultKind::Rewritten(_) => "rewritten",
            FaultKind::Cut(_) => "cut",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { first, last, kind } = self;
        match kind {
            FaultKind::Contents => write!(f, "record {first} was changed: its contents do not give its hash"),
            FaultKind::Link => write!(
                f,
                "record {first} does not follow the record before it: one of them was put in or written anew"
            ),
            FaultKind::Sequence => write!(f, "record {first} is missing, or out of its place"),
            FaultKind::Rewritten(witness) if first == last => {
                write!(
                    f,
                    "record {first} was written anew: {witness} has another hash for it"
                )
            }
            FaultKind::Rewritten(witness) => write!(
                f,
                "a record from {first} to {last} was written anew: {witness} has another hash for record {last}"
            ),
            FaultKind::Cut(witness) => write!(
                f,
                "the end was cut off: record {first} is missing, and {witness} tells of record {last}"
            ),
        }
    }
}

/// What is known of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whose chain.
    pub organization: String,
    /// How many records were looked at.
    pub records: u64,
    /// The first record that was there.
    pub first: Option<i64>,
    /// The last record up to which all are intact.
    pub intact: Option<AuditHead>,
    /// The last intact record that a witness from outside of the store vouches for.
    pub vouched: Option<i64>,
    /// How many witnesses were found right.
    pub vouchers: u64,
    /// Whether identities were replaced, so that contents could not be checked.
    pub anonymous: bool,
    /// What is wrong.
    pub fault: Option<Fault>,
}

/// Checks a chain, one record after the other. Holds no more than the witnesses.
#[derive(Debug)]
pub struct ChainCheck {
    verdict: Verdict,
    vouchers: BTreeMap<i64, Vec<Voucher>>,
    /// Whether it has to begin with record 1 and to end with the last one.
    is_whole: bool,
}

impl ChainCheck {
    /// A check of the whole chain of `organization` against `vouchers`.
    #[must_use]
    pub fn whole(organization: &str, vouchers: impl IntoIterator<Item = Voucher>) -> Self {
        let mut by_record: BTreeMap<i64, Vec<Voucher>> = BTreeMap::new();
        for voucher in vouchers {
            by_record.entry(voucher.head.sequence).or_default().push(voucher);
        }
        Self {
            verdict: Verdict {
                organization: organization.to_owned(),
                records: 0,
                first: None,
                intact: None,
                vouched: None,
                vouchers: 0,
                anonymous: false,
                fault: None,
            },
            vouchers: by_record,
            is_whole: true,
        }
    }

    /// As [`ChainCheck::whole`], of a chain that may begin and end with any record, as an export does; only a head
    /// that was given has to be in it.
    #[must_use]
    pub fn part(organization: &str, vouchers: impl IntoIterator<Item = Voucher>) -> Self {
        Self {
            is_whole: false,
            ..Self::whole(organization, vouchers)
        }
    }

    /// Takes the next record. After the first fault, records are only counted.
    pub fn next(&mut self, line: &AuditLine) {
        let record = &line.record;
        self.verdict.records += 1;
        self.verdict.anonymous |= line.anonymous;
        if self.verdict.fault.is_some() {
            return;
        }
        let (expected, previous) = match self.verdict.intact {
            Some(before) => (before.sequence.saturating_add(1), Some(before.hash)),
            None if self.is_whole || record.sequence == 1 => (1, Some(AuditHash::NONE)),
            None => (record.sequence, None),
        };
        let wrong = |kind| Fault {
            first: expected,
            last: expected,
            kind,
        };
        let hash = AuditHash::parse(&record.hash);
        if record.sequence != expected {
            self.verdict.fault = Some(wrong(FaultKind::Sequence));
        } else if previous.is_some_and(|hash| record.previous != hash.to_string()) {
            self.verdict.fault = Some(wrong(FaultKind::Link));
        } else if record.organization != self.verdict.organization
            || hash.is_none()
            || (!line.anonymous && hash != Some(record.digest()))
        {
            self.verdict.fault = Some(wrong(FaultKind::Contents));
        } else if let Some(hash) = hash {
            self.verdict.first.get_or_insert(record.sequence);
            self.stands(AuditHead {
                sequence: expected,
                hash,
            });
        }
    }

    /// A record that follows the one before: the witnesses say whether it is the one that was there.
    fn stands(&mut self, head: AuditHead) {
        let told = self.vouchers.remove(&head.sequence).unwrap_or_default();
        if let Some(against) = told.iter().find(|voucher| voucher.head != head) {
            let first = self.verdict.vouched.map_or(1, |vouched| vouched + 1);
            let first = first.max(self.verdict.first.unwrap_or(1));
            self.verdict.fault = Some(Fault {
                first,
                last: head.sequence,
                kind: FaultKind::Rewritten(against.witness),
            });
            return;
        }
        self.verdict.intact = Some(head);
        let independent = told.iter().filter(|voucher| voucher.witness.is_independent());
        for _ in independent {
            self.verdict.vouchers += 1;
            self.verdict.vouched = Some(head.sequence);
        }
    }

    /// Says what is known when no record is left.
    #[must_use]
    pub fn finish(mut self) -> Verdict {
        let end = self.verdict.intact.map_or(0, |head| head.sequence);
        let beyond = self
            .vouchers
            .range(end.saturating_add(1)..)
            .flat_map(|(_, told)| told)
            .rfind(|voucher| self.is_whole || voucher.witness == Witness::Given);
        if let (None, Some(voucher)) = (&self.verdict.fault, beyond) {
            self.verdict.fault = Some(Fault {
                first: end + 1,
                last: voucher.head.sequence,
                kind: FaultKind::Cut(voucher.witness),
            });
        }
        self.verdict
    }
}

#[cfg(test)]
mod tests;
