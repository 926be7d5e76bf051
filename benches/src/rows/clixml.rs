//! CLIXML decoded, against quick-xml's bare event loop over the same bytes, the floor of most XML readers.

use std::hint::black_box;
use std::path::Path;

use bytes::Bytes;
use easgate_psrp::client::{Pipeline, PipelineEvent, PoolConfig, RunspacePool};
use easgate_psrp::clixml;
use easgate_psrp::command::Command;
use easgate_psrp::fragment::{Fragmenter, ObjectIds};
use easgate_psrp::message::{ByteOrderMark, Destination, Message, MessageType};
use easgate_psrp::wsman::server::{Reply, receive_response};
use easgate_psrp::wsman::{ResponseBody, Stream, parse_response};
use uuid::Uuid;

use crate::Failure;
use crate::arguments::Scale;
use crate::devices::{Form, device};
use crate::measure::{least, megabytes_per_second};
use crate::record;
use crate::table::{Figure, Floor, Goal, Row};

/// The bytes of fragments in one answer, before base64: what Exchange's envelopes hold.
const ANSWER: usize = 100_000;

const POOL: Uuid = Uuid::from_u128(1);
const PIPELINE: Uuid = Uuid::from_u128(2);

/// The rows of every form.
pub(super) fn rows(scale: &Scale) -> Vec<Row> {
    Form::ALL.into_iter().flat_map(|form| of(form, scale)).collect()
}

/// How many allocations a record takes.
pub(super) fn allocations(heap: &Path) -> Result<Vec<Row>, Failure> {
    let row = |form, id, measure| -> Result<Row, Failure> {
        let value = super::count(heap, &["record", Form::name(form)])?;
        Ok(Row {
            id,
            measure,
            ours: Figure {
                value,
                unit: "allocations",
            },
            floor: None,
            ratio: None,
            goal: Goal::AtMost(1.0),
        })
    };
    Ok(vec![
        row(
            Form::Partial,
            "record_allocations_partial",
            "a borrowed record, partial: allocations",
        )?,
        row(
            Form::Full,
            "record_allocations_full",
            "a borrowed record, full: allocations",
        )?,
    ])
}

/// The stable name of a row, what it says to people, and its goal.
type Label = (&'static str, &'static str, f64);

const fn labels(form: Form) -> [Label; 3] {
    match form {
        Form::Partial => [
            ("typed_partial", "CLIXML to a typed record, partial", 0.45),
            ("dynamic_partial", "CLIXML to PsValue, partial", 1.0),
            ("whole_partial", "SOAP to a typed record, partial", 0.8),
        ],
        Form::Full => [
            ("typed_full", "CLIXML to a typed record, full", 0.45),
            ("dynamic_full", "CLIXML to PsValue, full", 1.0),
            ("whole_full", "SOAP to a typed record, full", 0.8),
        ],
        Form::FullWithData => [
            ("typed_fullsd", "CLIXML to a typed record, fullsd", 0.45),
            ("dynamic_fullsd", "CLIXML to PsValue, fullsd", 1.0),
            ("whole_fullsd", "SOAP to a typed record, fullsd", 0.8),
        ],
    }
}

fn of(form: Form, scale: &Scale) -> Vec<Row> {
    let messages: Vec<String> = (0..scale.records).map(|number| device(form, number)).collect();
    let answers = answers(&messages);
    let bytes = messages.iter().map(String::len).sum();
    let each = |read: fn(&str) -> usize| {
        let messages = &messages;
        Box::new(move || {
            for message in messages {
                black_box(read(black_box(message)));
            }
        })
    };
    let [floor, ours @ ..] = least(
        scale.turns,
        [
            each(bare_events),
            each(typed),
            each(dynamic),
            Box::new(|| {
                black_box(whole_way(&answers));
            }),
        ],
    );
    let figure = |time| Figure {
        value: megabytes_per_second(bytes, time),
        unit: "MB/s",
    };
    labels(form)
        .into_iter()
        .zip(ours)
        .map(|((id, measure, goal), time)| Row {
            id,
            measure,
            ours: figure(time),
            floor: Some(Floor {
                what: "quick-xml, bare events",
                figure: figure(floor),
            }),
            ratio: Some(time.as_secs_f64() / floor.as_secs_f64()),
            goal: Goal::RatioAtMost(goal),
        })
        .collect()
}

fn bare_events(message: &str) -> usize {
    let mut reader = quick_xml::Reader::from_str(message);
    let mut events = 0;
    loop {
        match reader.read_event() {
            Ok(quick_xml::events::Event::Eof) | Err(_) => return events,
            Ok(event) => {
                black_box(event);
                events += 1;
            }
        }
    }
}

fn typed(message: &str) -> usize {
    black_box(&record::decode(message.as_bytes())).device_id.len()
}

fn dynamic(message: &str) -> usize {
    black_box(clixml::parse(message.as_bytes()).expect("it was made here")).len()
}

/// The answers to Receive that carry `messages`, as Exchange would send them.
pub(crate) fn answers(messages: &[String]) -> Vec<String> {
    let mut fragments = Fragmenter::new(ObjectIds::new());
    for message in messages {
        let message = Message {
            destination: Destination::Client,
            message_type: MessageType::PipelineOutput.number(),
            pool_id: POOL,
            pipeline_id: PIPELINE,
            data: Bytes::copy_from_slice(message.as_bytes()),
        };
        fragments.push(message.encode(ByteOrderMark::Written));
    }
    let reply = Reply {
        relates_to: "uuid:00000000-0000-0000-0000-000000000003",
        message_id: Uuid::from_u128(4),
    };
    let mut answers = Vec::new();
    while let Some(data) = fragments.pack(ANSWER) {
        let stream = Stream {
            name: "stdout".to_owned(),
            command_id: Some(PIPELINE.to_string()),
            data,
        };
        answers.push(receive_response(&reply, &[stream], None));
    }
    answers
}

/// Reads answers to the records in them, and gives how many there were.
pub(crate) fn whole_way(answers: &[String]) -> usize {
    let mut pipeline = pipeline();
    let mut records = 0;
    for answer in answers {
        let response = parse_response(black_box(answer.as_bytes())).expect("it was made here");
        let ResponseBody::Received { streams, .. } = response.body else {
            continue;
        };
        for stream in streams {
            pipeline
                .handle_bytes(Bytes::from(stream.data))
                .expect("the fragments are in order");
        }
        while let Some(event) = pipeline.poll_event() {
            if let PipelineEvent::Output(message) = event {
                black_box(record::decode(&message));
                records += 1;
            }
        }
    }
    records
}

fn pipeline() -> Pipeline {
    let mut pool = RunspacePool::new(PoolConfig::new(POOL));
    pool.pipeline(PIPELINE, &[Command::new("Get-MobileDevice")])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_reads_every_record() {
        for form in Form::ALL {
            let messages: Vec<String> = (0..40).map(|number| device(form, number)).collect();
            assert_eq!(whole_way(&answers(&messages)), 40);
            for message in &messages {
                assert!(bare_events(message) > 100 && typed(message) > 10 && dynamic(message) == 1);
            }
        }
    }
}
