//! Messages: what fragments carry.
//!
//! A message is a header of 40 bytes and CLIXML in UTF-8, with or without a byte order mark
//! ([MS-PSRP] 2.2.1).
//!
//! [MS-PSRP]: https://learn.microsoft.com/openspecs/windows_protocols/ms-psrp/

use bytes::{Buf, Bytes};
use uuid::Uuid;

mod content;
mod host;
pub(crate) mod members;
mod opening;
mod pool;
mod powershell;
mod version;

pub(crate) use content::value;
pub use content::{Content, ContentError};
pub use host::{HostInfo, NULL_HOST};
pub use opening::{ConnectRunspacePool, InitRunspacePool, SessionCapability, primitive_dictionary};
pub use pool::{
    Availability, GetCommandMetadata, RunspaceAnswer, RunspacePoolState, RunspacePoolStateMessage, UserEvent,
};
pub use powershell::{PipelineState, PipelineStateMessage, PowerShell, RemoteStreamOptions};
pub use version::{ParseVersionError, ProtocolVersion};

/// The bytes of a message before its data.
pub const HEADER_BYTES: usize = 40;

const BYTE_ORDER_MARK: &[u8] = &[0xEF, 0xBB, 0xBF];

/// Whom a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// 1: from the server.
    Client,
    /// 2: from the client.
    Server,
    /// Anything else, kept.
    Other(u32),
}

/// Whether a written message begins its data with a byte order mark; Windows writes one, pypsrp does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ByteOrderMark {
    /// `EF BB BF` before the CLIXML.
    Written,
    /// Plain.
    Absent,
}

/// A message with its header read and its data still CLIXML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Whom it is for.
    pub destination: Destination,
    /// The type's number; see [`MessageType`].
    pub message_type: u32,
    /// The runspace pool. A peer may write it in another byte order or not at all: nothing is routed by it.
    pub pool_id: Uuid,
    /// The pipeline, all zero for a message of the pool. Nothing is routed by it either.
    pub pipeline_id: Uuid,
    /// The CLIXML without byte order mark.
    pub data: Bytes,
}

impl Message {
    /// Reads the header and sets the data apart, without a copy.
    ///
    /// # Errors
    ///
    /// Fewer than 40 bytes.
    pub fn decode(mut bytes: Bytes) -> Result<Self, MessageError> {
        if bytes.len() < HEADER_BYTES {
            return Err(MessageError { length: bytes.len() });
        }
        let destination = match bytes.get_u32_le() {
            1 => Destination::Client,
            2 => Destination::Server,
            other => Destination::Other(other),
        };
        let message_type = bytes.get_u32_le();
        let pool_id = guid(&mut bytes);
        let pipeline_id = guid(&mut bytes);
        if bytes.starts_with(BYTE_ORDER_MARK) {
            bytes.advance(BYTE_ORDER_MARK.len());
        }
        Ok(Self {
            destination,
            message_type,
            pool_id,
            pipeline_id,
            data: bytes,
        })
    }

    /// Writes header and data. A message without data gets no byte order mark.
    pub fn encode(&self, mark: ByteOrderMark) -> Vec<u8> {
        let mut out = Vec::with_capacity(HEADER_BYTES + BYTE_ORDER_MARK.len() + self.data.len());
        let destination = match self.destination {
            Destination::Client => 1,
            Destination::Server => 2,
            Destination::Other(other) => other,
        };
        out.extend_from_slice(&u32::to_le_bytes(destination));
        out.extend_from_slice(&self.message_type.to_le_bytes());
        out.extend_from_slice(&self.pool_id.to_bytes_le());
        out.extend_from_slice(&self.pipeline_id.to_bytes_le());
        if mark == ByteOrderMark::Written && !self.data.is_empty() {
            out.extend_from_slice(BYTE_ORDER_MARK);
        }
        out.extend_from_slice(&self.data);
        out
    }
}

/// A message too short for its header.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a message of {length} bytes has no room for its header")]
pub struct MessageError {
    /// The bytes there were.
    pub length: usize,
}

fn guid(bytes: &mut Bytes) -> Uuid {
    let mut guid = [0; 16];
    bytes.copy_to_slice(&mut guid);
    Uuid::from_bytes_le(guid)
}

macro_rules! message_types {
    ($($name:ident = $number:literal $wire:literal,)*) => {
        /// The types of message ([MS-PSRP] 2.2.1).
        ///
        /// [MS-PSRP]: https://learn.microsoft.com/openspecs/windows_protocols/ms-psrp/
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum MessageType {
            $(#[doc = $wire] $name,)*
        }

        impl MessageType {
            /// Every type, in the order of their numbers.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The number on the wire.
            pub const fn number(self) -> u32 {
                match self { $(Self::$name => $number,)* }
            }

            /// The name in the specification, `PIPELINE_OUTPUT`.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $wire,)* }
            }

            /// The type of a number, or `None` for one that is not known.
            pub const fn of(number: u32) -> Option<Self> {
                match number { $($number => Some(Self::$name),)* _ => None }
            }
        }
    };
}

message_types! {
    SessionCapability = 0x0001_0002 "SESSION_CAPABILITY",
    InitRunspacePool = 0x0001_0004 "INIT_RUNSPACEPOOL",
    PublicKey = 0x0001_0005 "PUBLIC_KEY",
    EncryptedSessionKey = 0x0001_0006 "ENCRYPTED_SESSION_KEY",
    PublicKeyRequest = 0x0001_0007 "PUBLIC_KEY_REQUEST",
    ConnectRunspacePool = 0x0001_0008 "CONNECT_RUNSPACEPOOL",
    SetMaxRunspaces = 0x0002_1002 "SET_MAX_RUNSPACES",
    SetMinRunspaces = 0x0002_1003 "SET_MIN_RUNSPACES",
    RunspaceAvailability = 0x0002_1004 "RUNSPACE_AVAILABILITY",
    RunspacePoolState = 0x0002_1005 "RUNSPACEPOOL_STATE",
    CreatePipeline = 0x0002_1006 "CREATE_PIPELINE",
    GetAvailableRunspaces = 0x0002_1007 "GET_AVAILABLE_RUNSPACES",
    UserEvent = 0x0002_1008 "USER_EVENT",
    ApplicationPrivateData = 0x0002_1009 "APPLICATION_PRIVATE_DATA",
    GetCommandMetadata = 0x0002_100A "GET_COMMAND_METADATA",
    RunspacePoolInitData = 0x0002_100B "RUNSPACEPOOL_INIT_DATA",
    ResetRunspaceState = 0x0002_100C "RESET_RUNSPACE_STATE",
    RunspacePoolHostCall = 0x0002_1100 "RUNSPACEPOOL_HOST_CALL",
    RunspacePoolHostResponse = 0x0002_1101 "RUNSPACEPOOL_HOST_RESPONSE",
    PipelineInput = 0x0004_1002 "PIPELINE_INPUT",
    EndOfPipelineInput = 0x0004_1003 "END_OF_PIPELINE_INPUT",
    PipelineOutput = 0x0004_1004 "PIPELINE_OUTPUT",
    ErrorRecord = 0x0004_1005 "ERROR_RECORD",
    PipelineState = 0x0004_1006 "PIPELINE_STATE",
    DebugRecord = 0x0004_1007 "DEBUG_RECORD",
    VerboseRecord = 0x0004_1008 "VERBOSE_RECORD",
    WarningRecord = 0x0004_1009 "WARNING_RECORD",
    ProgressRecord = 0x0004_1010 "PROGRESS_RECORD",
    InformationRecord = 0x0004_1011 "INFORMATION_RECORD",
    PipelineHostCall = 0x0004_1100 "PIPELINE_HOST_CALL",
    PipelineHostResponse = 0x0004_1101 "PIPELINE_HOST_RESPONSE",
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIRE: &[u8] = b"\x01\0\0\0\x04\x10\x04\0\
        \x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\
        \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x05\
        \xef\xbb\xbf<S>x</S>";

    #[test]
    fn a_header_is_little_endian_with_mixed_endian_ids() {
        let message = Message::decode(Bytes::from_static(WIRE)).expect("long enough");
        assert_eq!(message.destination, Destination::Client);
        assert_eq!(
            MessageType::of(message.message_type),
            Some(MessageType::PipelineOutput)
        );
        assert_eq!(
            message.pool_id.to_string(),
            "04030201-0605-0807-090a-0b0c0d0e0f10"
        );
        assert_eq!(message.data, "<S>x</S>");
        assert_eq!(message.encode(ByteOrderMark::Written), WIRE);
        assert_eq!(message.encode(ByteOrderMark::Absent).len(), WIRE.len() - 3);
    }

    #[test]
    fn a_message_shorter_than_its_header_is_refused() {
        for length in 0..HEADER_BYTES {
            assert_eq!(
                Message::decode(Bytes::from_static(&WIRE[..length])),
                Err(MessageError { length })
            );
        }
        assert_eq!(
            Message::decode(Bytes::from_static(&WIRE[..HEADER_BYTES])).map(|message| message.data),
            Ok(Bytes::new())
        );
    }

    #[test]
    fn no_data_gets_no_byte_order_mark() {
        let message = Message {
            data: Bytes::new(),
            ..Message::decode(Bytes::from_static(WIRE)).expect("long enough")
        };
        assert_eq!(message.encode(ByteOrderMark::Written).len(), HEADER_BYTES);
    }

    #[test]
    fn every_type_has_its_own_number() {
        assert_eq!(MessageType::ALL.len(), 31);
        for &known in MessageType::ALL {
            assert_eq!(MessageType::of(known.number()), Some(known), "{}", known.name());
        }
        assert_eq!(MessageType::of(0x0004_1099), None);
    }

    #[test]
    fn versions_are_compared_by_number() {
        let version = |text: &str| text.parse::<ProtocolVersion>();
        assert_eq!(version("2.3"), Ok(ProtocolVersion::V2_3));
        assert_eq!(version(" 2.1.0.0 "), Ok(ProtocolVersion::V2_1));
        assert!(version("2.10").expect("a version") > ProtocolVersion::V2_3);
        for wrong in ["", "2", "two.one", "2.", "99999.1"] {
            assert!(version(wrong).is_err(), "{wrong}");
        }
    }
}
