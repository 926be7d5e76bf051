//! Notification mail through Autodiscover and Exchange Web Services: requests and answers as values.
//!
//! - [`create_item`] writes the one request that sends a mail, [`read_answer`] reads what comes back and
//!   [`Answer`] says what to do with it.
//! - [`autodiscover`] tells where to ask for the EWS address and reads the answer.
//!
//! Sending the requests is the caller's: this crate opens no connection.
//!
//! **Invariants.** No I/O. Texts of users and phones are escaped for HTML by whoever writes the body; here
//! they are escaped for XML. A line break never reaches a header field.

pub mod autodiscover;
mod mail;
mod xml;

pub use mail::{Answer, AnswerError, Mail, create_item, read_answer};
pub use xml::XmlError;
