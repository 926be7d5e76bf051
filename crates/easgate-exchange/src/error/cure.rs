//! What an administrator can do about an error.

use easgate_cmdlet::InvokeError;
use easgate_psrp::wsman::FaultKind;

use super::ExchangeError;

/// The first thing to look at.
pub(super) fn of(error: &ExchangeError) -> Option<&'static str> {
    match error {
        ExchangeError::NotGranted { .. } | ExchangeError::UnknownParameter { .. } => {
            Some("grant the cmdlet with these parameters to the account, by a custom role group")
        }
        ExchangeError::Denied { .. } => Some(
            "look whether the mailbox's user object inherits permissions; protected administrators do not",
        ),
        ExchangeError::ListFull { .. } => Some(
            "remove device ids that are no longer in use from the lists of this mailbox by Set-CASMailbox",
        ),
        ExchangeError::Throttled { .. } => {
            Some("assign a throttling policy of its own to the account, or run fewer commands at once")
        }
        ExchangeError::Ambiguous { .. } => {
            Some("make the identities of the objects named in the message distinct")
        }
        ExchangeError::Transport { source, .. } => of_transport(source),
        ExchangeError::NotFound { .. }
        | ExchangeError::ArgumentRefused { .. }
        | ExchangeError::Failed { .. }
        | ExchangeError::Truncated { .. }
        | ExchangeError::Count { .. }
        | ExchangeError::Decode { .. } => None,
    }
}

fn of_transport(error: &InvokeError) -> Option<&'static str> {
    match error {
        InvokeError::Unauthorized { .. } => Some(
            "look at the user name and the password, and whether the server offers Basic authentication on its \
             PowerShell virtual directory (Set-PowerShellVirtualDirectory -BasicAuthentication $true)",
        ),
        InvokeError::Authentication { source, .. } => Some(source.cure()),
        InvokeError::Transport { source, .. } => Some(source.cure()),
        InvokeError::Setup { source, .. } => of_transport(source),
        InvokeError::Fault { fault, .. } => of_fault(&fault.kind()),
        InvokeError::Redirected { .. } => Some("name the server that the address redirects to in `servers`"),
        InvokeError::SessionLost { .. } | InvokeError::Timeout { .. } => {
            Some("try again; when it stays so, look at the load of the server")
        }
        InvokeError::Protocol { .. } => {
            Some("look whether the address is that of Exchange's /powershell and not of Windows' own /wsman")
        }
        InvokeError::Failed { .. }
        | InvokeError::Stopped { .. }
        | InvokeError::Closed { .. }
        | InvokeError::NotRecorded { .. }
        | _ => None,
    }
}

fn of_fault(kind: &FaultKind) -> Option<&'static str> {
    match kind {
        FaultKind::NoRole => Some("give the account a management role, by membership of a role group"),
        FaultKind::RemotePowerShellDisabled => {
            Some("switch remote PowerShell on for the account (Set-User -RemotePowerShellEnabled $true)")
        }
        FaultKind::AccessDenied => Some("look whether the account may use remote PowerShell on this server"),
        FaultKind::TooManyShells => Some(
            "close the account's other sessions, or wait 15 minutes for Exchange to do so; use an account that nobody \
             else uses",
        ),
        FaultKind::Throttled { .. } => Some("assign a throttling policy of its own to the account"),
        FaultKind::ResourceUriNotFound => {
            Some("use Exchange's own address, https://SERVER/powershell, and not port 5985 or 5986")
        }
        FaultKind::Redirect(_) => Some("name the server that the address redirects to in `servers`"),
        FaultKind::Timeout | FaultKind::ShellNotFound | FaultKind::SchemaInvalid | FaultKind::Other | _ => {
            None
        }
    }
}
