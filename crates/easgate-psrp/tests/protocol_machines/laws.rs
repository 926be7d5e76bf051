//! What holds for any input.

use bytes::Bytes;
use easgate_psrp::client::{self, PoolConfig};
use easgate_psrp::clixml::{self, PsValue};
use easgate_psrp::command::Command;
use easgate_psrp::message::{Content, MessageType, ProtocolVersion};
use easgate_psrp::server;
use proptest::prelude::*;

use crate::{PIPELINE, POOL, opened};

proptest! {
    #[test]
    fn whatever_arrives_no_machine_panics(chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..10)) {
        let mut client = client::RunspacePool::new(PoolConfig::new(POOL));
        let mut server = server::RunspacePool::new(server::PoolConfig::default());
        let mut ours = client.pipeline(PIPELINE, &[]);
        let mut theirs = server.pipeline(PIPELINE);
        for chunk in &chunks {
            // A stream that cannot be followed is an error, and asking again is no harm.
            let _ = (client.handle(chunk), server.handle(chunk), ours.handle(chunk), theirs.handle(chunk));
        }
        ours.handle_command_done();
        while ours.poll_event().is_some() || client.poll_event().is_some() || theirs.poll_event().is_some() || server.poll_event().is_some() {}
        prop_assert!(ours.state().is_final());
    }

    #[test]
    fn whatever_a_message_says_no_machine_panics(
        (index, data, cut) in (0..MessageType::ALL.len(), ".{0,60}", 0_usize..200),
        name in prop::sample::select(vec!["PipelineState", "RunspaceState", "ci", "mi", "PowerShell", "protocolversion", "MinRunspaces", "Exception"]),
    ) {
        let value = PsValue::bag([(name, PsValue::from(data.as_str()))]);
        let mut bytes = clixml::to_vec(&value);
        bytes.truncate(cut.max(1));
        let content = Content::Unknown { message_type: MessageType::ALL[index].number(), data: Bytes::from(bytes) };
        let (mut client, mut server, _) = opened(ProtocolVersion::V2_3);
        let mut ours = client.pipeline(PIPELINE, &[]);
        let mut theirs = server.pipeline(PIPELINE);
        theirs.send(&content);
        server.send(&content);
        let bytes = theirs.next_fragment(1000).expect("a message");
        ours.handle(&bytes).expect("a good stream");
        theirs.handle(&bytes).expect("a good stream");
        prop_assert!(ours.poll_event().is_some() && theirs.poll_event().is_some());
        let bytes = server.next_fragment(1000).expect("a message");
        client.handle(&bytes).expect("a good stream");
        server.handle(&bytes).expect("a good stream");
        prop_assert!(client.poll_event().is_some() && server.poll_event().is_some());
    }

    #[test]
    fn any_command_arrives_as_it_was_sent(
        name in "[A-Z][a-z]{1,8}-[A-Z][a-zA-Z]{1,12}",
        parameters in prop::collection::vec(("[A-Z][A-Za-z]{0,10}", "\\PC{0,20}"), 0..5),
        budget in 22_usize..400,
    ) {
        let (mut client, server, _) = opened(ProtocolVersion::V2_3);
        let mut command = Command::new(&name);
        for (name, value) in &parameters {
            command = command.with(name, value.as_str());
        }
        let commands = [command];
        let mut ours = client.pipeline(PIPELINE, &commands);
        let mut theirs = server.pipeline(PIPELINE);
        while let Some(bytes) = ours.data_to_send(budget) {
            theirs.handle(&bytes).expect("a good stream");
        }
        let Some(server::PipelineEvent::Create(powershell)) = theirs.poll_event() else { panic!("no pipeline") };
        prop_assert_eq!(powershell.commands.as_slice(), commands.as_slice());
    }
}
