//! Messages joined from their fragments.

use std::hint::black_box;
use std::time::Duration;

use bytes::Bytes;
use easgate_psrp::fragment::{Fragmenter, Limits, ObjectIds, Reassembler};

use crate::arguments::Scale;
use crate::measure::{Case, least, megabytes_per_second};
use crate::table::{Figure, Floor, Goal, Row};

/// The bytes of one push: what one answer carries.
const PUSH: usize = 100_000;
/// How much more a byte of a long message may cost than one of a short message, each as a multiple of a copy of it.
const LINEAR: f64 = 1.25;

/// How fast, and whether four times the length is four times the time.
///
/// The system gives fresh memory for the long message and used memory for the short one, which alone would make a byte of the
/// long one several times as slow. So each is compared with a copy of itself into memory of the same kind.
pub(super) fn rows(scale: &Scale) -> Vec<Row> {
    let [short, long] = scale.messages.map(fragments);
    let cases: [Case<'_>; 4] = [
        Box::new(|| drop(black_box(copy(&short)))),
        Box::new(|| drop(black_box(join(&short)))),
        Box::new(|| drop(black_box(copy(&long)))),
        Box::new(|| drop(black_box(join(&long)))),
    ];
    let [short_copied, short_joined, copied, joined] = least(scale.turns, cases);
    let bytes = scale.messages[1];
    let speed = |time| Figure {
        value: megabytes_per_second(bytes, time) / 1e3,
        unit: "GB/s",
    };
    let multiple = |joined: Duration, copied: Duration| Figure {
        value: joined.as_secs_f64() / copied.as_secs_f64(),
        unit: "of a copy",
    };
    let (long, short) = (multiple(joined, copied), multiple(short_joined, short_copied));
    vec![
        Row {
            id: "fragments_64mb",
            measure: "fragments to a message of 64 MB",
            ours: speed(joined),
            floor: Some(Floor {
                what: "a copy of it",
                figure: speed(copied),
            }),
            ratio: Some(long.value),
            goal: Goal::AtLeast(1.0),
        },
        Row {
            id: "fragments_linear",
            measure: "the same, a byte of it against one of 16 MB",
            ours: long,
            floor: Some(Floor {
                what: "16 MB",
                figure: short,
            }),
            ratio: Some(long.value / short.value),
            goal: Goal::RatioAtMost(LINEAR),
        },
    ]
}

/// The stream of a message of so many bytes, cut as answers cut it.
fn fragments(bytes: usize) -> Vec<Bytes> {
    let mut fragments = Fragmenter::new(ObjectIds::new());
    fragments.push(vec![b'x'; bytes]);
    std::iter::from_fn(|| fragments.pack(PUSH))
        .map(Bytes::from)
        .collect()
}

/// The bytes of a stream, copied once to where there is room for all.
fn copy(pieces: &[Bytes]) -> Vec<u8> {
    let mut copied = Vec::with_capacity(pieces.iter().map(Bytes::len).sum());
    for piece in pieces {
        copied.extend_from_slice(piece);
    }
    copied
}

fn join(pieces: &[Bytes]) -> Bytes {
    let mut joined = Reassembler::new(Limits::default());
    for piece in pieces {
        joined.push(piece.clone()).expect("the fragments are in order");
    }
    joined
        .pop()
        .expect("the message has ended")
        .expect("the message is whole")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_comes_out_whole() {
        assert_eq!(join(&fragments(300_001)).len(), 300_001);
        assert!(fragments(300_001).len() > 2);
    }
}
