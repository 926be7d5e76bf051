//! Every way to tamper with a chain, and what is said of it.

use proptest::prelude::*;
use time::OffsetDateTime;

use super::*;
use crate::{Actor, AuditAction, AuditEvent, AuditRecord};

/// A whole chain, whose records say `words`.
fn chain(words: &[&str]) -> Vec<AuditRecord> {
    let mut previous = AuditHash::NONE.to_string();
    (1..)
        .zip(words)
        .map(|(sequence, word)| {
            let event = AuditEvent {
                outcome: Some((*word).to_owned()),
                ..AuditEvent::new(
                    AuditAction::RunEnded,
                    Actor::program(),
                    OffsetDateTime::UNIX_EPOCH,
                )
            };
            let record = event.following("contoso", sequence, previous.clone());
            previous.clone_from(&record.hash);
            record
        })
        .collect()
}

const WORDS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];

fn voucher(record: &AuditRecord, witness: Witness) -> Voucher {
    Voucher {
        head: AuditHead {
            sequence: record.sequence,
            hash: AuditHash::parse(&record.hash).unwrap(),
        },
        witness,
    }
}

fn checked(mut check: ChainCheck, records: &[AuditRecord]) -> Verdict {
    for record in records {
        check.next(&AuditLine::whole(record.clone()));
    }
    check.finish()
}

/// The fault, and up to where the chain is intact and vouched for.
fn told(verdict: &Verdict) -> String {
    format!(
        "intact to {:?}, vouched to {:?}: {}",
        verdict.intact.map(|head| head.sequence),
        verdict.vouched,
        verdict
            .fault
            .as_ref()
            .map_or_else(|| "nothing wrong".to_owned(), ToString::to_string)
    )
}

#[test]
fn every_tampering_is_named_with_what_is_still_known() {
    let whole = chain(&WORDS);
    let rewritten = chain(&["a", "b", "c", "D", "e", "f"]);
    let mut changed = whole.clone();
    changed[3].outcome = Some("D".to_owned());
    let mut taken_out = whole.clone();
    taken_out.remove(3);
    let mut renumbered = taken_out.clone();
    for (record, sequence) in renumbered.iter_mut().zip(1..) {
        record.sequence = sequence;
        record.hash = record.digest().to_string();
    }
    let mut doubled = whole.clone();
    doubled.insert(3, whole[2].clone());
    let mut other = whole.clone();
    other[3].organization = "fabrikam".to_owned();
    other[3].hash = other[3].digest().to_string();
    let cut = whole[..4].to_vec();
    let vouchers = [
        voucher(&whole[1], Witness::Checkpoint),
        voucher(&whole[5], Witness::File),
    ];
    let table: String = [
        ("whole", &whole),
        ("changed", &changed),
        ("taken out", &taken_out),
        ("renumbered", &renumbered),
        ("doubled", &doubled),
        ("of another", &other),
        ("rewritten", &rewritten),
        ("cut", &cut),
        ("empty", &Vec::new()),
    ]
    .iter()
    .map(|(name, records)| {
        let verdict = checked(ChainCheck::whole("contoso", vouchers), records);
        format!("{name}: {}\n", told(&verdict))
    })
    .collect();
    expect_test::expect![[r#"
        whole: intact to Some(6), vouched to Some(6): nothing wrong
        changed: intact to Some(3), vouched to Some(2): record 4 was changed: its contents do not give its hash
        taken out: intact to Some(3), vouched to Some(2): record 4 is missing, or out of its place
        renumbered: intact to Some(3), vouched to Some(2): record 4 does not follow the record before it: one of them was put in or written anew
        doubled: intact to Some(3), vouched to Some(2): record 4 is missing, or out of its place
        of another: intact to Some(3), vouched to Some(2): record 4 was changed: its contents do not give its hash
        rewritten: intact to Some(5), vouched to Some(2): a record from 3 to 6 was written anew: a checkpoint beside the key has another hash for record 6
        cut: intact to Some(4), vouched to Some(2): the end was cut off: record 5 is missing, and a checkpoint beside the key tells of record 6
        empty: intact to None, vouched to None: the end was cut off: record 1 is missing, and a checkpoint beside the key tells of record 6
    "#]]
    .assert_eq(&table);
}

#[test]
fn the_head_of_the_system_log_shows_what_the_store_hides() {
    let whole = chain(&WORDS);
    let given = voucher(&whole[5], Witness::Given);
    let rewritten = chain(&["a", "b", "c", "D", "e", "f"]);
    let own = voucher(&rewritten[5], Witness::Store);
    let quiet = checked(ChainCheck::whole("contoso", [own]), &rewritten);
    assert_eq!(
        told(&quiet),
        "intact to Some(6), vouched to None: nothing wrong",
        "a chain that was written anew as a whole is whole by itself"
    );
    let verdict = checked(ChainCheck::whole("contoso", [own, given]), &rewritten);
    assert_eq!(
        verdict.fault.map(|fault| fault.kind),
        Some(FaultKind::Rewritten(Witness::Given))
    );
}

#[test]
fn a_part_begins_anywhere_and_a_whole_does_not() {
    let records = chain(&WORDS)[2..].to_vec();
    let part = checked(ChainCheck::part("contoso", []), &records);
    assert_eq!((part.first, &part.fault), (Some(3), &None));
    let later = voucher(&chain(&["a", "b", "c", "d", "e", "f", "g"])[6], Witness::File);
    let part = checked(ChainCheck::part("contoso", [later]), &records);
    assert_eq!(
        part.fault, None,
        "an export is older than the checkpoints after it"
    );
    let whole = checked(ChainCheck::whole("contoso", []), &records);
    assert_eq!(
        whole.fault.map(|fault| (fault.first, fault.kind)),
        Some((1, FaultKind::Sequence))
    );
}

proptest! {
    /// Any change of any field of any record is found at that record, when the hash is not made anew.
    #[test]
    fn no_field_can_be_changed(at in 0..6_usize, field in 0..19_usize) {
        let mut records = chain(&WORDS);
        let record = &mut records[at];
        let text = || Some("x".to_owned());
        match field {
            0 => record.organization.push('x'),
            1 => record.sequence += 1,
            2 => record.at += 1,
            3 => record.actor.push('x'),
            4 => record.actor_uid = Some(0),
            5 => record.action.push('x'),
            6 => record.decision = text(),
            7 => record.run = Some(0),
            8 => record.mailbox = text(),
            9 => record.address = text(),
            10 => record.device = text(),
            11 => record.command = text(),
            12 => record.before = text(),
            13 => record.after = text(),
            14 => record.outcome = None,
            15 => record.reason = Some(String::new()),
            16 => record.server = text(),
            17 => record.request = text(),
            _ => record.previous = AuditHash::of([]).to_string(),
        }
        let verdict = checked(ChainCheck::whole("contoso", []), &records);
        let place = i64::try_from(at).unwrap() + 1;
        prop_assert_eq!(verdict.fault.map(|fault| fault.first), Some(place));
    }
}
