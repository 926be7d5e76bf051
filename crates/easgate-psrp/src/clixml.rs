//! CLIXML, the XML form of PowerShell objects: typed with serde, dynamic as [`PsValue`], and written.
//!
//! Three ways to read the same bytes:
//!
//! - [`from_slice`] decodes one message straight into a struct that derives `serde::Deserialize`; strings without
//!   escapes are borrowed, and members that nobody asked for are skipped without an allocation;
//! - [`parse`] gives a [`PsValue`] that keeps everything;
//! - [`Reader`] gives the elements one after another, as written.
//!
//! [`write()`] is the way back. The format is [MS-PSRP] 2.2.5.
//!
//! [MS-PSRP]: https://learn.microsoft.com/openspecs/windows_protocols/ms-psrp/
//!
//! # Example
//!
//! ```
//! use std::borrow::Cow;
//!
//! use easgate_psrp::clixml::{self, PsValue};
//!
//! #[derive(serde::Deserialize)]
//! #[serde(rename_all = "PascalCase")]
//! struct MobileDevice<'a> {
//!     #[serde(borrow)]
//!     device_id: Cow<'a, str>,
//!     device_access_state: Option<String>,
//! }
//!
//! let message = br#"<Obj RefId="0"><Props><S N="DeviceId">ApplC39GQ8NNDTDL</S>
//!   <Obj N="DeviceAccessState" RefId="1"><ToString>Blocked</ToString><I32>2</I32></Obj></Props></Obj>"#;
//!
//! let device: MobileDevice = clixml::from_slice(message)?;
//! assert_eq!(device.device_id, "ApplC39GQ8NNDTDL");
//! assert_eq!(device.device_access_state.as_deref(), Some("Blocked"));
//!
//! let value = &clixml::parse(message)?[0];
//! assert_eq!(value.property("DeviceAccessState").and_then(PsValue::as_i64), Some(2));
//! # Ok::<(), clixml::ClixmlError>(())
//! ```

mod de;
mod error;
mod parse;
mod reader;
mod scan;
mod text;
mod value;
mod write;

pub use de::{from_slice, from_slice_with};
pub use error::{ClixmlError, ClixmlErrorKind};
pub use parse::{Limits, Parsed, References, parse, parse_with};
pub use reader::{Element, Event, Reader};
pub(crate) use text::checked;
pub use text::{decode_document, decode_escapes};
pub use value::{Content, Primitive, PsObject, PsValue};
pub use write::{to_vec, write};
