//! A running command and its records.

use std::fmt;

use bytes::Bytes;
use easgate_psrp::clixml::{self, ClixmlError, PsValue};
use futures::Stream;
use serde::Deserialize;
use tokio::sync::{mpsc, oneshot};

use crate::{ErrorRecord, InvokeError, ProgressRecord};

/// What a command says.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Record {
    /// One object of its output.
    Output(Output),
    /// An error that did not end it.
    Error(Box<ErrorRecord>),
    /// A warning.
    Warning(String),
    /// A detail, for people.
    Verbose(String),
    /// A detail, for programmers.
    Debug(String),
    /// A message for the host.
    Information(String),
    /// How far it is.
    Progress(ProgressRecord),
    /// A record that could not be read; the command goes on.
    Undecodable {
        /// Why.
        reason: String,
    },
}

/// One object of a command's output, as CLIXML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output(Bytes);

impl Output {
    /// Takes one object's CLIXML, without byte order mark.
    #[must_use]
    pub const fn new(clixml: Bytes) -> Self {
        Self(clixml)
    }

    /// Reads the object into a type that may borrow from it.
    ///
    /// # Errors
    ///
    /// When the CLIXML is broken or does not fit `T`.
    pub fn deserialize<'a, T: Deserialize<'a>>(&'a self) -> Result<T, ClixmlError> {
        clixml::from_slice(&self.0)
    }

    /// Reads the object as a dynamic value that keeps everything; `Nil` when it is empty.
    ///
    /// # Errors
    ///
    /// When the CLIXML is broken.
    pub fn value(&self) -> Result<PsValue, ClixmlError> {
        Ok(clixml::parse(&self.0)?.into_iter().next().unwrap_or(PsValue::NIL))
    }

    /// Returns the CLIXML.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A command that was started; its records, in order.
///
/// Dropping it stops the command.
#[derive(Debug)]
pub struct Invocation {
    records: mpsc::Receiver<Result<Record, InvokeError>>,
    ended: Option<oneshot::Receiver<()>>,
    witness: Option<Box<dyn Witness>>,
}

/// Sees what the consumer of an invocation gets; dropped with the invocation.
pub(crate) trait Witness: fmt::Debug + Send + Sync {
    /// Sees one item, `None` for the end.
    fn see(&mut self, item: Option<&Result<Record, InvokeError>>);
}

impl Invocation {
    /// Waits for the next record; `None` when the command has ended.
    ///
    /// An error is the last item. This may be dropped at any time without losing a record.
    pub async fn next(&mut self) -> Option<Result<Record, InvokeError>> {
        let item = self.records.recv().await;
        if let Some(witness) = &mut self.witness {
            witness.see(item.as_ref());
        }
        item
    }

    /// Stops the command and waits until the server has confirmed it or the transport has given it up.
    pub async fn stop(mut self) {
        self.records.close();
        if let Some(ended) = self.ended.take() {
            // An error says that the other side is gone, which is an end too.
            let _ended = ended.await;
        }
    }

    /// Gives the records as a stream.
    pub fn into_stream(self) -> impl Stream<Item = Result<Record, InvokeError>> {
        futures::stream::unfold(self, |mut invocation| async move {
            let record = invocation.next().await?;
            Some((record, invocation))
        })
    }

    /// Shows `witness` every item that the consumer gets.
    pub(crate) fn witnessed(mut self, witness: Box<dyn Witness>) -> Self {
        self.witness = Some(witness);
        self
    }

    /// Makes an invocation that gives these records and ends, for stand-ins of a transport.
    #[must_use]
    pub fn from_records(records: Vec<Result<Record, InvokeError>>) -> Self {
        let (sender, receiver) = mpsc::channel(records.len().max(1));
        for record in records {
            let sent = sender.try_send(record);
            debug_assert!(sent.is_ok(), "the channel holds all of them");
        }
        Self {
            records: receiver,
            ended: None,
            witness: None,
        }
    }

    /// Makes an invocation and the sender that feeds it; at most `capacity` records wait between them.
    #[must_use]
    pub fn channel(capacity: usize) -> (RecordSender, Self) {
        let (sender, records) = mpsc::channel(capacity.max(1));
        let (end, ended) = oneshot::channel();
        (
            RecordSender { records: sender, end },
            Self {
                records,
                ended: Some(ended),
                witness: None,
            },
        )
    }
}

/// Feeds an [`Invocation`]; dropping it ends the records.
#[derive(Debug)]
pub struct RecordSender {
    records: mpsc::Sender<Result<Record, InvokeError>>,
    /// Dropped when the command has ended in every respect.
    end: oneshot::Sender<()>,
}

impl RecordSender {
    /// Waits for room and hands `record` over.
    ///
    /// Returns `false` when the consumer has left.
    pub async fn send(&self, record: Result<Record, InvokeError>) -> bool {
        self.records.send(record).await.is_ok()
    }

    /// Ends the records, while the command still has to be tidied up; the result is dropped when that is done.
    #[must_use]
    pub fn end_records(self) -> impl Send {
        self.end
    }

    /// Waits until the consumer has left or wants the command stopped.
    pub async fn closed(&self) {
        self.records.closed().await;
    }

    /// Whether the consumer has left or wants the command stopped.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.records.is_closed()
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt as _;

    use super::*;

    #[tokio::test]
    async fn records_come_in_order_and_end() {
        let records = vec![
            Ok(Record::Warning("one".to_owned())),
            Ok(Record::Warning("two".to_owned())),
        ];
        let texts: Vec<_> = Invocation::from_records(records).into_stream().collect().await;
        assert_eq!(texts.len(), 2);
        assert!(matches!(&texts[1], Ok(Record::Warning(text)) if text == "two"));
    }

    #[tokio::test]
    async fn a_stop_waits_for_the_end_of_the_command() {
        let (sender, invocation) = Invocation::channel(1);
        let stopped = std::sync::atomic::AtomicBool::new(false);
        let command = async {
            sender.closed().await;
            tokio::task::yield_now().await;
            stopped.store(true, std::sync::atomic::Ordering::SeqCst);
            drop(sender);
        };
        let stop = async {
            invocation.stop().await;
            assert!(stopped.load(std::sync::atomic::Ordering::SeqCst));
        };
        tokio::join!(command, stop);
    }

    #[tokio::test]
    async fn a_sender_learns_that_the_consumer_has_left() {
        let (sender, invocation) = Invocation::channel(1);
        assert!(sender.send(Ok(Record::Verbose(String::new()))).await);
        drop(invocation);
        assert!(sender.is_closed());
        assert!(!sender.send(Ok(Record::Verbose(String::new()))).await);
    }
}
