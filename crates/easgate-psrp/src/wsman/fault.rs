//! SOAP faults, and what they mean.

mod diagnostics;
mod kind;

pub use diagnostics::ExchangeDiagnostics;
pub use kind::FaultKind;

use super::reader::{Element, Namespace, Reader, WsmanError};

/// A refusal by the server, with everything it said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fault {
    /// The SOAP code without prefix, `Sender` or `Receiver`.
    pub code: Option<String>,
    /// The subcode without prefix, such as `TimedOut`.
    pub subcode: Option<String>,
    /// The reason, in the server's language.
    pub reason: String,
    /// `wsman:FaultDetail`, a URI.
    pub fault_detail: Option<String>,
    /// The code of the `WSManFault`; prefer it to everything else.
    pub wsman_code: Option<u32>,
    /// The computer that made the fault.
    pub machine: Option<String>,
    /// The message of the `WSManFault`, often more exact than the reason.
    pub message: Option<String>,
    /// The fault of the plug-in below WS-Management.
    pub provider: Option<ProviderFault>,
    /// Where a redirect points.
    pub redirect: Option<String>,
}

/// The fault of a plug-in, nested in the message of the `WSManFault`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProviderFault {
    /// The plug-in's name.
    pub provider: Option<String>,
    /// The plug-in's library.
    pub path: Option<String>,
    /// Its text.
    pub text: String,
    /// The code of a `WSManFault` inside.
    pub wsman_code: Option<u32>,
}

impl Fault {
    /// Returns the most exact text, without the diagnostics that Exchange puts in front.
    #[must_use]
    pub fn text(&self) -> &str {
        diagnostics::split(self.raw_text()).1
    }

    /// Returns what Exchange put in front of the text.
    #[must_use]
    pub fn exchange(&self) -> ExchangeDiagnostics {
        diagnostics::split(self.raw_text()).0
    }

    fn raw_text(&self) -> &str {
        let provider = self.provider.as_ref().map(|provider| provider.text.as_str());
        let texts = [provider, self.message.as_deref(), Some(self.reason.as_str())];
        texts
            .into_iter()
            .flatten()
            .find(|text| !text.is_empty())
            .unwrap_or("no details returned")
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text())?;
        match (self.wsman_code, &self.subcode) {
            (Some(code), _) => write!(f, " (code {code})"),
            (None, Some(subcode)) => write!(f, " ({subcode})"),
            (None, None) => Ok(()),
        }
    }
}

/// Reads the children of `s:Fault`.
pub(super) fn read_fault(reader: &mut Reader<'_>) -> Result<Fault, WsmanError> {
    let mut fault = Fault::default();
    reader.children(|reader, element| match (element.namespace, element.local()) {
        (Namespace::Soap, "Code") => read_code(reader, &mut fault),
        (Namespace::Soap, "Reason") => read_reason(reader, &mut fault),
        (Namespace::Soap, "Detail") => read_detail(reader, &mut fault),
        _ => Ok(()),
    })?;
    Ok(fault)
}

fn read_code(reader: &mut Reader<'_>, fault: &mut Fault) -> Result<(), WsmanError> {
    reader.children(|reader, element| {
        match element.local() {
            "Value" => fault.code = Some(without_prefix(&reader.text()?)),
            "Subcode" => reader.children(|reader, element| {
                if element.is(Namespace::Soap, "Value") {
                    fault.subcode = Some(without_prefix(&reader.text()?));
                }
                Ok(())
            })?,
            _ => {}
        }
        Ok(())
    })
}

/// Keeps the first text; a server may give one for each language.
fn read_reason(reader: &mut Reader<'_>, fault: &mut Fault) -> Result<(), WsmanError> {
    reader.children(|reader, element| {
        if element.is(Namespace::Soap, "Text") && fault.reason.is_empty() {
            fault.reason = reader.text()?.into_owned();
        }
        Ok(())
    })
}

/// Reads the detail; `WSManFault` occurs in two namespaces, so its local name decides.
fn read_detail(reader: &mut Reader<'_>, fault: &mut Fault) -> Result<(), WsmanError> {
    reader.children(|reader, element| match element.local() {
        "FaultDetail" => {
            fault.fault_detail = Some(reader.text()?.into_owned());
            Ok(())
        }
        "WSManFault" => read_wsman_fault(reader, element, fault),
        "RedirectLocation" | "Location" => {
            fault.redirect = Some(reader.text()?.into_owned());
            Ok(())
        }
        _ => Ok(()),
    })
}

fn read_wsman_fault(
    reader: &mut Reader<'_>,
    element: &Element<'_>,
    fault: &mut Fault,
) -> Result<(), WsmanError> {
    fault.wsman_code = read_number(element)?;
    fault.machine = element.attribute("Machine")?;
    reader.children(|reader, element| {
        match element.local() {
            "Message" => {
                let mut provider = None;
                let text = reader.mixed(|reader, element| {
                    if element.local() == "ProviderFault" {
                        provider = Some(read_provider_fault(reader, element)?);
                    }
                    Ok(())
                })?;
                fault.message = (!text.is_empty()).then(|| text.into_owned());
                fault.provider = provider;
            }
            "RedirectLocation" | "Location" => fault.redirect = Some(reader.text()?.into_owned()),
            _ => {}
        }
        Ok(())
    })
}

/// Reads a provider's fault: text, or again a `WSManFault` with a message.
fn read_provider_fault(reader: &mut Reader<'_>, element: &Element<'_>) -> Result<ProviderFault, WsmanError> {
    let mut fault = ProviderFault {
        provider: element.attribute("provider")?,
        path: element.attribute("path")?,
        ..ProviderFault::default()
    };
    let mut inner = String::new();
    let text = reader.mixed(|reader, element| {
        if element.local() == "WSManFault" {
            fault.wsman_code = read_number(element)?;
            return reader.children(|reader, _| append(reader, &mut inner));
        }
        append(reader, &mut inner)
    })?;
    fault.text = if text.is_empty() { inner } else { text.into_owned() };
    Ok(fault)
}

fn append(reader: &mut Reader<'_>, text: &mut String) -> Result<(), WsmanError> {
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(&reader.text()?);
    Ok(())
}

/// Reads `Code`, which is unsigned in the schema and seen signed and in hexadecimal.
fn read_number(element: &Element<'_>) -> Result<Option<u32>, WsmanError> {
    let Some(text) = element.attribute("Code")? else {
        return Ok(None);
    };
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return Ok(u32::from_str_radix(digits, 16).ok());
    }
    Ok(text
        .parse::<u32>()
        .ok()
        .or_else(|| text.parse::<i32>().ok().map(i32::cast_unsigned)))
}

fn without_prefix(name: &str) -> String {
    name.rsplit_once(':').map_or(name, |(_, local)| local).to_owned()
}
