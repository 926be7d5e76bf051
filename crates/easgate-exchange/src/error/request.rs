//! How the server calls a request that failed.

use easgate_cmdlet::InvokeError;
use easgate_psrp::records::ErrorRecord;

use super::ExchangeError;

impl ExchangeError {
    /// How the server calls the request in its own logs, where it told: Exchange 2013 and later do so in every error of
    /// theirs, before its id or its text.
    #[must_use]
    pub fn request_id(&self) -> Option<String> {
        match self {
            Self::NotFound { error, .. }
            | Self::Ambiguous { error, .. }
            | Self::UnknownParameter { error, .. }
            | Self::ArgumentRefused { error, .. }
            | Self::Denied { error, .. }
            | Self::ListFull { error, .. }
            | Self::Throttled { error, .. }
            | Self::Failed { error, .. } => of_record(error),
            Self::Transport { source, .. } => of_invoke(source),
            Self::NotGranted { .. } | Self::Truncated { .. } | Self::Count { .. } | Self::Decode { .. } => {
                None
            }
        }
    }
}

fn of_invoke(error: &InvokeError) -> Option<String> {
    // What else can go wrong happens on the way, and no server has given it a name.
    if let InvokeError::Fault { fault, .. } = error {
        fault.exchange().request_id
    } else {
        None
    }
}

fn of_record(error: &ErrorRecord) -> Option<String> {
    in_brackets(&error.fully_qualified_error_id).or_else(|| in_brackets(&error.message))
}

/// The field `RequestId` of the groups in brackets with which `text` begins.
fn in_brackets(text: &str) -> Option<String> {
    let mut rest = text.trim_start();
    while let Some((group, after)) = rest.strip_prefix('[').and_then(|inner| inner.split_once(']')) {
        let mut fields = group.split(',').filter_map(|field| field.split_once('='));
        let id = fields.find(|(name, _)| ["RequestId", "AuthZRequestId"].contains(&name.trim()));
        if let Some((_, id)) = id {
            return Some(id.trim().to_owned());
        }
        rest = after.trim_start();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_is_named_by_the_groups_with_which_an_error_begins_and_by_nothing_else() {
        let guid = "6f9619ff-8b86-d011-b42d-00c04fc964ff";
        for (text, id) in [
            (
                "[Server=EX1,RequestId=6f9619ff-8b86-d011-b42d-00c04fc964ff,TimeStamp=8/1/2017 2:00:00 PM] \
                 [FailureCategory=Cmdlet-ADOperationException] 4B953CE,Microsoft.Exchange.Management.SetCASMailbox",
                Some(guid),
            ),
            (
                "[FailureCategory=AuthZ-Failed][AuthZRequestId=6f9619ff-8b86-d011-b42d-00c04fc964ff] no",
                Some(guid),
            ),
            ("4B953CE,Microsoft.Exchange.Management.SetCASMailbox", None),
            ("a phone called [RequestId=1] is not ours", None),
            ("[RequestId=1", None),
            ("", None),
        ] {
            assert_eq!(in_brackets(text).as_deref(), id, "{text}");
        }
    }
}
