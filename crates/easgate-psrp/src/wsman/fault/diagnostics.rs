//! The fields that Exchange writes in square brackets before the text of a fault or an error.

/// What an Exchange server says about a failure beside its text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ExchangeDiagnostics {
    /// The server that took the request: `ClientAccessServer`, or `Server`.
    pub server: Option<String>,
    /// The server that worked on it: `BackEndServer`.
    pub back_end_server: Option<String>,
    /// `RequestId` or `AuthZRequestId`.
    pub request_id: Option<String>,
    /// `TimeStamp`, as written.
    pub time_stamp: Option<String>,
    /// `FailureCategory`, such as `WSMan-InvalidShellID`.
    pub failure_category: Option<String>,
}

/// Takes the leading `[name=value,…]` groups off a text; unknown groups stay.
pub(super) fn split(text: &str) -> (ExchangeDiagnostics, &str) {
    let mut diagnostics = ExchangeDiagnostics::default();
    let mut rest = text.trim();
    while let Some((group, after)) = rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        if !diagnostics.take(group) {
            break;
        }
        rest = after.trim_start();
    }
    (diagnostics, rest)
}

impl ExchangeDiagnostics {
    /// Takes the fields of one group; `false` when it has none that is known.
    fn take(&mut self, group: &str) -> bool {
        let mut known = false;
        for field in group.split(',') {
            let Some((name, value)) = field.split_once('=') else {
                continue;
            };
            let slot = match name.trim() {
                "ClientAccessServer" | "Server" => &mut self.server,
                "BackEndServer" => &mut self.back_end_server,
                "RequestId" | "AuthZRequestId" => &mut self.request_id,
                "TimeStamp" => &mut self.time_stamp,
                "FailureCategory" => &mut self.failure_category,
                _ => continue,
            };
            known = true;
            *slot = Some(value.trim().to_owned());
        }
        known
    }
}
