use std::fmt::Write as _;

use bytes::Bytes;
use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::{Fragmenter, HEADER_BYTES, Header, Limits, ObjectIds, Reassembler};

fn fragmenter(messages: &[&[u8]]) -> Fragmenter {
    let mut out = Fragmenter::new(ObjectIds::new());
    for message in messages {
        out.push(message.to_vec());
    }
    out
}

/// The headers in a buffer, one a line.
fn headers(mut bytes: &[u8]) -> String {
    let mut text = String::new();
    while let Some((header, rest)) = bytes.split_first_chunk::<HEADER_BYTES>() {
        let Header {
            object_id,
            fragment_id,
            start,
            end,
            length,
        } = Header::decode(header);
        let flags = format!("{}{}", if start { "S" } else { "" }, if end { "E" } else { "" });
        writeln!(text, "{object_id}/{fragment_id} {flags:<2} {length}").expect("a String takes everything");
        bytes = &rest[usize::try_from(length).expect("fits")..];
    }
    assert!(bytes.is_empty(), "no bytes between fragments");
    text
}

/// What comes out of a reassembler fed with `chunks`: texts, or faults in brackets.
fn joined(limits: Limits, chunks: &[&[u8]]) -> String {
    let mut input = Reassembler::new(limits);
    let mut text = String::new();
    for chunk in chunks {
        if let Err(error) = input.push(Bytes::copy_from_slice(chunk)) {
            writeln!(text, "end: {error}").expect("a String takes everything");
        }
    }
    input.finish();
    while let Some(message) = input.pop() {
        match message {
            Ok(message) => writeln!(text, "{}", String::from_utf8_lossy(&message)),
            Err(fault) => writeln!(text, "[{fault}]"),
        }
        .expect("a String takes everything");
    }
    text
}

fn fragment(object_id: u64, fragment_id: u64, flags: &str, data: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let length = u32::try_from(data.len()).expect("fits");
    Header {
        object_id,
        fragment_id,
        start: flags.contains('S'),
        end: flags.contains('E'),
        length,
    }
    .encode(&mut out);
    out.extend_from_slice(data.as_bytes());
    out
}

fn check(fragments: &[Vec<u8>], expected: &Expect) {
    expected.assert_eq(&joined(Limits::default(), &[&fragments.concat()]));
}

#[test]
fn a_header_is_big_endian() {
    let mut out = Vec::new();
    Header {
        object_id: 1,
        fragment_id: 0x0203,
        start: true,
        end: true,
        length: 199,
    }
    .encode(&mut out);
    assert_eq!(
        out,
        [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 3, 3, 0, 0, 0, 199]
    );
}

#[test]
fn every_length_up_to_three_fragments_has_one_start_and_one_end() {
    let data = 10;
    for length in 0..=3 * data {
        let message = vec![b'm'; length];
        let mut out = fragmenter(&[&message]);
        let mut input = Reassembler::new(Limits::default());
        let mut count = 0;
        while let Some(bytes) = out.next_fragment(HEADER_BYTES + data) {
            let header = Header::decode(bytes.first_chunk().expect("a whole header"));
            assert_eq!(
                (header.start, header.fragment_id),
                (count == 0, count),
                "{length}"
            );
            assert_eq!(header.end, out.is_empty(), "{length}");
            input.push(Bytes::from(bytes)).expect("a good stream");
            count += 1;
        }
        let expected = u64::try_from(length.div_ceil(data).max(1)).expect("fits");
        assert_eq!(count, expected, "no fragment more than {length} bytes need");
        assert_eq!(input.pop(), Some(Ok(Bytes::from(message))), "{length}");
        assert_eq!(input.pop(), None);
    }
}

#[test]
fn several_messages_share_one_buffer() {
    let mut out = fragmenter(&[b"one", b"", b"a longer one"]);
    expect![[r"
        1/0 SE 3
        2/0 SE 0
        3/0 S  3
    "]]
    .assert_eq(&headers(&out.pack(69).expect("something waits")));
    expect![[r"
        3/1 E  9
    "]]
    .assert_eq(&headers(&out.pack(69).expect("something waits")));
    assert_eq!(out.pack(69), None);
}

#[test]
fn a_buffer_without_room_for_a_byte_more_is_left_so() {
    let mut out = fragmenter(&[b"one", b"two"]);
    let first = out
        .pack(HEADER_BYTES + 3 + HEADER_BYTES)
        .expect("something waits");
    assert_eq!(headers(&first), "1/0 SE 3\n");
    // No room at all: the message goes byte by byte rather than never.
    assert_eq!(headers(&out.pack(0).expect("something waits")), "2/0 S  1\n");
}

#[test]
fn no_fragment_is_larger_than_windows_takes() {
    let message = vec![0; 100_000];
    let mut out = fragmenter(&[&message]);
    expect![[r"
        1/0 S  32747
        1/1    32747
        1/2    32747
        1/3 E  1759
    "]]
    .assert_eq(&headers(&out.pack(usize::MAX).expect("something waits")));
}

#[test]
fn ids_are_shared_by_the_machines_of_a_pool() {
    let ids = ObjectIds::new();
    let (mut one, mut two) = (Fragmenter::new(ids.clone()), Fragmenter::new(ids));
    one.push(&b"a"[..]);
    two.push(&b"b"[..]);
    one.push(&b"c"[..]);
    assert_eq!(headers(&one.pack(1000).expect("waits")), "1/0 SE 1\n3/0 SE 1\n");
    assert_eq!(headers(&two.pack(1000).expect("waits")), "2/0 SE 1\n");
}

#[test]
fn messages_may_interleave_and_begin_at_any_id() {
    check(
        &[
            fragment(2663, 0, "S", "a"),
            fragment(7, 0, "S", "x"),
            fragment(2663, 1, "E", "b"),
            fragment(7, 1, "E", "y"),
        ],
        &expect![[r"
            ab
            xy
        "]],
    );
}

#[test]
fn a_fault_is_told_once_and_concerns_its_message_alone() {
    check(
        &[
            fragment(1, 0, "S", "a"),
            fragment(2, 0, "S", "b"),
            fragment(1, 2, "", "gap"),
            fragment(1, 3, "", "passed over"),
            fragment(2, 1, "E", "b"),
            fragment(1, 4, "E", "passed over"),
            fragment(3, 0, "SE", "well"),
        ],
        &expect![[r"
            [fragment 2 of message 1 came where 1 was due]
            bb
            well
        "]],
    );
}

#[test]
fn every_fault_of_order_is_named() {
    check(
        &[
            fragment(1, 0, "S", "a"),
            fragment(1, 0, "S", "a"),
            fragment(1, 1, "E", "b"),
            fragment(2, 1, "", "no start"),
            fragment(2, 2, "E", ""),
            fragment(3, 5, "SE", "late start"),
            fragment(4, 0, "S", "cut"),
            fragment(5, 0, "SE", "well"),
        ],
        &expect![[r"
            [message 1 began twice]
            [fragment 1 of message 2 came without its beginning]
            [fragment 5 of message 3 came where 0 was due]
            well
            [message 4 was cut off after 3 bytes]
        "]],
    );
}

#[test]
fn a_broken_message_may_begin_again() {
    check(
        &[
            fragment(1, 3, "", "x"),
            fragment(1, 0, "S", "a"),
            fragment(1, 1, "E", "b"),
        ],
        &expect![[r"
            [fragment 3 of message 1 came without its beginning]
            ab
        "]],
    );
}

const SMALL: Limits = Limits {
    fragment_bytes: 8,
    message_bytes: 10,
    fragments: 3,
    incomplete_messages: 2,
    incomplete_bytes: 12,
};

#[test]
fn what_a_peer_may_make_us_hold_is_capped() {
    let rows: [(&str, &[Vec<u8>]); 5] = [
        ("a fragment", &[fragment(1, 0, "S", "123456789")]),
        (
            "a message",
            &[
                fragment(1, 0, "S", "12345678"),
                fragment(1, 1, "E", "12345678"),
                fragment(2, 0, "SE", "well"),
            ],
        ),
        (
            "fragments",
            &[
                fragment(1, 0, "S", "1"),
                fragment(1, 1, "", ""),
                fragment(1, 2, "", ""),
                fragment(1, 3, "E", ""),
            ],
        ),
        (
            "messages",
            &[
                fragment(1, 0, "S", "1"),
                fragment(2, 0, "S", "2"),
                fragment(3, 0, "S", "3"),
                fragment(3, 1, "E", "3"),
                fragment(2, 1, "E", "2"),
            ],
        ),
        (
            "bytes",
            &[
                fragment(1, 0, "S", "12345678"),
                fragment(2, 0, "S", "12345678"),
                fragment(1, 1, "E", ""),
            ],
        ),
    ];
    let mut text = String::new();
    for (name, fragments) in rows {
        write!(text, "{name}:\n{}", joined(SMALL, &[&fragments.concat()]))
            .expect("a String takes everything");
    }
    expect![[r"
        a fragment:
        end: a fragment of message 1 announces 9 bytes where 8 are allowed
        a message:
        [message 1 is longer than 10 bytes]
        well
        fragments:
        [message 1 has more than 3 fragments]
        messages:
        [message 3 began while 2 others or their bytes were already held]
        22
        [message 1 was cut off after 1 bytes]
        bytes:
        [message 2 began while 2 others or their bytes were already held]
        12345678
    "]]
    .assert_eq(&text);
}

#[test]
fn a_peer_that_breaks_everything_is_given_up() {
    let fragments: Vec<_> = (0..3).map(|id| fragment(id, 1, "", "x")).collect();
    expect![[r"
        end: more than 2 messages are broken at once
        [fragment 1 of message 0 came without its beginning]
        [fragment 1 of message 1 came without its beginning]
        [fragment 1 of message 2 came without its beginning]
    "]]
    .assert_eq(&joined(SMALL, &[&fragments.concat()]));
}

#[test]
fn a_stream_that_ends_inside_a_header_says_so() {
    let bytes = fragment(1, 0, "SE", "whole");
    expect![[r"
        whole
        [the stream ended inside a fragment header]
    "]]
    .assert_eq(&joined(Limits::default(), &[&bytes, &bytes[..20]]));
    expect![[r"
        [message 1 was cut off after 0 bytes]
    "]]
    .assert_eq(&joined(Limits::default(), &[&bytes[..21]]));
}

#[test]
fn a_message_in_one_fragment_is_not_copied() {
    let bytes = Bytes::from(fragment(1, 0, "SE", "whole"));
    let mut input = Reassembler::new(Limits::default());
    input.push(bytes.clone()).expect("a good stream");
    let message = input.pop().expect("a message").expect("whole");
    assert_eq!(message.as_ptr(), bytes[HEADER_BYTES..].as_ptr());
    assert_eq!(input.copied_bytes(), 0);
}

#[test]
fn joining_copies_each_byte_once_however_it_is_cut() {
    let message = vec![b'm'; 300_000];
    for (fragment, chunk) in [(100, 7), (1000, 1000), (32_768, 1), (32_768, 1 << 20)] {
        let mut out = fragmenter(&[&message]);
        let mut bytes = Vec::new();
        while let Some(part) = out.next_fragment(fragment) {
            bytes.extend_from_slice(&part);
        }
        let mut input = Reassembler::new(Limits::default());
        for chunk in bytes.chunks(chunk) {
            input.push(Bytes::copy_from_slice(chunk)).expect("a good stream");
        }
        assert_eq!(input.pop().expect("a message").expect("whole"), message);
        assert_eq!(input.copied_bytes(), 300_000, "{fragment} {chunk}");
    }
}

proptest! {
    #[test]
    fn any_messages_survive_any_budget_and_any_cut(
        messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..8),
        budget in 0_usize..150,
        chunk in 1_usize..100,
        packed: bool,
    ) {
        let borrowed: Vec<&[u8]> = messages.iter().map(Vec::as_slice).collect();
        let mut out = fragmenter(&borrowed);
        let mut bytes = Vec::new();
        while let Some(part) = if packed { out.pack(budget) } else { out.next_fragment(budget) } {
            prop_assert!(part.len() <= budget.max(HEADER_BYTES + 1));
            bytes.extend_from_slice(&part);
        }
        let mut input = Reassembler::new(Limits::default());
        let mut received = Vec::new();
        for chunk in bytes.chunks(chunk) {
            input.push(Bytes::copy_from_slice(chunk)).expect("a good stream");
            while let Some(message) = input.pop() {
                received.push(message.expect("whole").to_vec());
            }
        }
        input.finish();
        prop_assert_eq!(input.pop(), None);
        prop_assert_eq!(received, messages);
    }

    #[test]
    fn arbitrary_fragments_never_panic_and_give_no_more_than_they_hold(
        fragments in prop::collection::vec((0_u64..4, 0_u64..4, 0_u8..4, 0_u32..10), 0..40),
        noise in prop::collection::vec(any::<u8>(), 0..60),
        chunk in 1_usize..60,
    ) {
        let mut bytes = Vec::new();
        for (object_id, fragment_id, flags, length) in fragments {
            Header { object_id, fragment_id, start: flags & 1 != 0, end: flags & 2 != 0, length }.encode(&mut bytes);
            bytes.resize(bytes.len() + usize::try_from(length).expect("fits"), b'm');
        }
        bytes.extend_from_slice(&noise);
        let mut input = Reassembler::new(SMALL);
        for chunk in bytes.chunks(chunk) {
            if input.push(Bytes::copy_from_slice(chunk)).is_err() {
                break;
            }
        }
        input.finish();
        let mut given = 0;
        while let Some(joined) = input.pop() {
            if let Ok(message) = joined {
                prop_assert!(message.len() <= SMALL.message_bytes);
                given += message.len();
            }
        }
        prop_assert!(given <= bytes.len());
        prop_assert!(input.copied_bytes() <= u64::try_from(bytes.len()).expect("fits"));
    }
}
