//! Messages joined from their fragments.

use std::hint::black_box;

use bytes::Bytes;
use easgate_psrp::fragment::{Fragmenter, Limits, ObjectIds, Reassembler};

use crate::arguments::Scale;
use crate::measure::{Case, least, megabytes_per_second};
use crate::table::{Figure, Floor, Goal, Row};

/// The bytes of one push: what one answer carries.
const PUSH: usize = 100_000;
/// A message that is twice as long may take a little more than twice the time: memory is fresher at first.
const LINEAR: f64 = 1.25;

/// How fast, and whether twice the length is twice the time.
pub(super) fn rows(scale: &Scale) -> Vec<Row> {
    let streams = scale.messages.map(fragments);
    let [short, middle, long] = &streams;
    let case = |pieces: &'_ [Bytes]| -> Case<'_> {
        let pieces = pieces.to_vec();
        Box::new(move || {
            black_box(join(&pieces));
        })
    };
    let times = least(scale.turns, [case(short), case(middle), case(long)]);
    let gigabytes = |at: usize| Figure {
        value: megabytes_per_second(scale.messages[at], times[at]) / 1e3,
        unit: "GB/s",
    };
    let slowdown = gigabytes(0).value / gigabytes(2).value;
    vec![
        Row {
            id: "fragments_64mb",
            measure: "fragments to a message of 64 MB",
            ours: gigabytes(2),
            floor: None,
            ratio: None,
            goal: Goal::AtLeast(1.0),
        },
        Row {
            id: "fragments_linear",
            measure: "the time a byte of it, of that of 16 MB",
            ours: gigabytes(2),
            floor: Some(Floor {
                what: "16 MB",
                figure: gigabytes(0),
            }),
            ratio: Some(slowdown),
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
