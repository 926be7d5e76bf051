//! Record and replay: what a transport was asked and what it answered, as a file that can be sent with a bug report.
//!
//! A [`Recorder`] wraps a transport and writes; a [`Replay`] is a transport that answers from such a file. The file
//! is JSON, a line for each thing that happened: a command, a record, an end. Values are CLIXML texts.
//!
//! # What a recording holds
//!
//! - *Secrets never.* `SecureString` and `PSCredential` values, what stands under names such as `Password` or
//!   `AccessToken`, and what a text announces as a secret are removed. Credentials of the connection never come
//!   here in the first place.
//! - *Identities only when asked to keep them* ([`Identities::Keep`]). Else every text that is not known to be
//!   structure (a type, an enumeration's name, a device's type, model, operating system and user agent, a version)
//!   is replaced by a pseudonym of the same shape: addresses, names, distinguished names, device ids, Guids,
//!   telephone numbers, servers. A name gets the same pseudonym everywhere in one recording, so objects that belong
//!   together still do. Serialized objects (`SerializationData`) are emptied. Of messages for people only words
//!   that surely name nobody are kept, and what they quote is dropped. Names of members, times, numbers and
//!   booleans stay, and so does how long a name is.
//!
//! ```
//! use easgate_cmdlet::record::{Identities, Recorder, Replay};
//! use easgate_cmdlet::{CmdletTransport, Command, Record};
//! # use easgate_cmdlet::{Invocation, InvokeError, Output};
//! # struct Server;
//! # #[async_trait::async_trait]
//! # impl CmdletTransport for Server {
//! #     async fn invoke(&self, _: Command) -> Result<Invocation, InvokeError> {
//! #         let device = r#"<Obj RefId="0"><Props><S N="DeviceId">ApplC39GQ8NNDTDL</S>
//! #             <S N="DeviceType">iPhone</S></Props></Obj>"#;
//! #         Ok(Invocation::from_records(vec![Ok(Record::Output(Output::new(device.into())))]))
//! #     }
//! #     fn endpoint(&self) -> String { "https://ex1.contoso.example/powershell".to_owned() }
//! #     async fn close(&self) {}
//! # }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = &folder.path().join("report.jsonl");
//! # let transport = Server;
//! let key = [7; 32]; // random, new for each recording, and thrown away with this program
//! let recorder = Recorder::create(transport, path, &Identities::Pseudonyms { key })?;
//! let mut devices = recorder.invoke(Command::new("Get-MobileDevice")).await?;
//! while let Some(record) = devices.next().await {
//!     record?;
//! }
//! recorder.close().await;
//! recorder.check()?;
//! assert!(!std::fs::read_to_string(path)?.contains("ApplC39GQ8NNDTDL"));
//!
//! let replay = Replay::open(path)?;
//! let mut devices = replay.invoke(Command::new("Get-MobileDevice")).await?;
//! let Some(Ok(Record::Output(device))) = devices.next().await else { panic!("a device was recorded") };
//! assert_eq!(device.value()?.property("DeviceType").and_then(|text| text.as_str()), Some("iPhone"));
//! # Ok(())
//! # }
//! ```

mod failure;
mod index;
mod known;
mod line;
mod pseudonym;
mod recorder;
mod redact;
mod replay;
mod secret;
mod text;

use std::fmt;

pub use index::ReplayError;
pub use recorder::{Recorder, RecordingError};
pub use replay::Replay;

/// What becomes of identities in a recording.
#[derive(Clone)]
pub enum Identities {
    /// Each is replaced by a pseudonym of the same shape.
    Pseudonyms {
        /// Random, new for each recording, and kept nowhere: with it the names can be found out again.
        key: [u8; 32],
    },
    /// They are written as they are.
    Keep,
}

impl fmt::Debug for Identities {
    /// Leaves out the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pseudonyms { .. } => "Pseudonyms",
            Self::Keep => "Keep",
        })
    }
}

#[cfg(test)]
mod tests;
