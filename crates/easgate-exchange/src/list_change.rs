//! A change to the device lists of one mailbox.

use easgate_model::{DeviceId, MailboxId, escape};
use easgate_psrp::clixml::PsValue;
use easgate_psrp::command::Command;

/// What to add to and remove from the two device lists of a mailbox, in one command.
///
/// Lists are never replaced: other administrators and other products keep entries in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListChange {
    /// Whose lists.
    pub mailbox: MailboxId,
    /// Ids to add to `ActiveSyncAllowedDeviceIDs`.
    pub add_allowed: Vec<DeviceId>,
    /// Ids to remove from it.
    pub remove_allowed: Vec<DeviceId>,
    /// Ids to add to `ActiveSyncBlockedDeviceIDs`.
    pub add_blocked: Vec<DeviceId>,
    /// Ids to remove from it.
    pub remove_blocked: Vec<DeviceId>,
    /// The domain controller to write to, so that a read from the same one confirms the write.
    pub domain_controller: Option<String>,
}

impl ListChange {
    /// A change of nothing.
    #[must_use]
    pub const fn new(mailbox: MailboxId) -> Self {
        Self {
            mailbox,
            add_allowed: Vec::new(),
            remove_allowed: Vec::new(),
            add_blocked: Vec::new(),
            remove_blocked: Vec::new(),
            domain_controller: None,
        }
    }

    /// Whether nothing would change.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.add_allowed.is_empty()
            && self.remove_allowed.is_empty()
            && self.add_blocked.is_empty()
            && self.remove_blocked.is_empty()
    }

    /// The `Set-CASMailbox` that makes the change.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new("Set-CASMailbox").with("Identity", self.mailbox.to_string());
        for (parameter, edits) in self.edits() {
            let entries = edits
                .into_iter()
                .map(|(key, ids)| (key.into(), PsValue::from(texts(&ids))));
            command = command.with(parameter, PsValue::hashtable(entries));
        }
        command = command.with("Confirm", false);
        if let Some(server) = &self.domain_controller {
            command = command.with("DomainController", server.as_str());
        }
        command
    }

    /// The same command as an administrator would type it.
    ///
    /// ```
    /// # use easgate_exchange::ListChange;
    /// # use easgate_model::MailboxId;
    /// # use uuid::Uuid;
    /// let mut change = ListChange::new(MailboxId(Uuid::nil()));
    /// change.add_allowed.push("ApplC39GQ8NNDTDL".parse()?);
    /// assert_eq!(
    ///     change.to_powershell(),
    ///     "Set-CASMailbox -Identity '00000000-0000-0000-0000-000000000000' \
    ///      -ActiveSyncAllowedDeviceIDs @{Add='ApplC39GQ8NNDTDL'} -Confirm:$false"
    /// );
    /// # Ok::<(), easgate_model::ParseDeviceIdError>(())
    /// ```
    #[must_use]
    pub fn to_powershell(&self) -> String {
        let mut text = format!("Set-CASMailbox -Identity '{}'", self.mailbox);
        for (parameter, edits) in self.edits() {
            let entries: Vec<String> = edits
                .into_iter()
                .map(|(key, ids)| {
                    let ids: Vec<String> = ids.iter().map(|id| quote(id.as_str())).collect();
                    format!("{key}={}", ids.join(","))
                })
                .collect();
            text.push_str(&format!(" -{parameter} @{{{}}}", entries.join("; ")));
        }
        text.push_str(" -Confirm:$false");
        if let Some(server) = &self.domain_controller {
            text.push_str(&format!(" -DomainController {}", quote(server)));
        }
        text
    }

    /// The parameters that are not empty, each with its keys that are not empty.
    fn edits(&self) -> Vec<(&'static str, Vec<Edit<'_>>)> {
        [
            (
                "ActiveSyncAllowedDeviceIDs",
                &self.add_allowed,
                &self.remove_allowed,
            ),
            (
                "ActiveSyncBlockedDeviceIDs",
                &self.add_blocked,
                &self.remove_blocked,
            ),
        ]
        .into_iter()
        .map(|(parameter, add, remove)| {
            let edits = [("Add", distinct(add)), ("Remove", distinct(remove))];
            (
                parameter,
                edits.into_iter().filter(|(_, ids)| !ids.is_empty()).collect(),
            )
        })
        .filter(|(_, edits): &(_, Vec<Edit<'_>>)| !edits.is_empty())
        .collect()
    }
}

/// `Add` or `Remove`, and its ids.
type Edit<'a> = (&'static str, Vec<&'a DeviceId>);

/// The ids once each, without regard to case, in their order.
fn distinct(ids: &[DeviceId]) -> Vec<&DeviceId> {
    let mut kept: Vec<&DeviceId> = Vec::with_capacity(ids.len());
    for id in ids {
        if !kept.contains(&id) {
            kept.push(id);
        }
    }
    kept
}

fn texts(ids: &[&DeviceId]) -> Vec<PsValue> {
    ids.iter().map(|id| PsValue::from(id.as_str())).collect()
}

/// Writes `text` as a PowerShell expression that holds nothing unsafe to show or to paste.
///
/// PowerShell reads four typographic quotation marks as `'`; they are doubled as it is. Characters that are not
/// safe on a terminal are written as `[char]` numbers.
pub(crate) fn quote(text: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut open = String::new();
    for c in text.chars() {
        if !escape(c.encode_utf8(&mut [0; 4])).starts_with(c) {
            if !open.is_empty() {
                parts.push(format!("'{open}'"));
                open.clear();
            }
            let mut units = [0_u16; 2];
            parts.extend(
                c.encode_utf16(&mut units)
                    .iter()
                    .map(|unit| format!("[char]0x{unit:04x}")),
            );
        } else {
            open.push(c);
            if matches!(c, '\'' | '\u{2018}'..='\u{201b}') {
                open.push(c);
            }
        }
    }
    if !open.is_empty() || parts.is_empty() {
        parts.push(format!("'{open}'"));
    }
    match parts.as_slice() {
        [one] if one.starts_with('\'') => one.clone(),
        // A string on the left makes `+` join texts rather than add numbers.
        [first, ..] if first.starts_with('\'') => format!("({})", parts.join("+")),
        _ => format!("(''+{})", parts.join("+")),
    }
}
