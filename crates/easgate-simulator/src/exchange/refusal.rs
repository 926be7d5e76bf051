//! Faults in the words of Exchange and WS-Management.

use easgate_psrp::wsman::server::{FaultReply, fault};
use uuid::Uuid;

use super::operations::{Call, Failure};
use super::service::Service;
use super::{EN_US, ExchangeVersion, Fault, Refusal};

const ACCESS_DENIED: u32 = 5;
const QUOTA: u32 = 2_150_859_173;
const REDIRECT: u32 = 2_150_859_161;

fn sender(machine: &str, subcode: &str, code: u32, text: &str) -> FaultReply {
    FaultReply {
        sender: true,
        subcode: subcode.to_owned(),
        reason: text.to_owned(),
        wsman_code: Some(code),
        machine: machine.to_owned(),
        message: String::new(),
        provider: None,
    }
}

/// The shell is gone, or was never on this back end.
pub(super) fn shell_not_found(service: &Service, id: &str) -> FaultReply {
    let machine = service.machine(0);
    let mut text = format!(
        "The request for the Windows Remote Shell with ShellId {id} failed because the shell was not found on the \
         server. Possible causes are: the specified ShellId is incorrect or the shell no longer exists on the server. \
         Provide the correct ShellId or create a new shell and retry the operation."
    );
    if service.config.version > ExchangeVersion::Ex2010 {
        let at = EN_US.format(service.organization.now());
        let request = Uuid::new_v4();
        let front_end = service.front_end();
        text = format!(
            "[ClientAccessServer={front_end},BackEndServer={machine},RequestId={request},TimeStamp={at}] \
             [FailureCategory=WSMan-InvalidShellID] {text}"
        );
    }
    FaultReply::invalid_selectors(&machine, &text)
}

pub(super) fn resource_not_found(machine: &str, uri: &str) -> FaultReply {
    let text = format!(
        "The WS-Management service cannot process the request. The resource URI ({uri}) was not found in the \
         WS-Management catalog. The catalog contains the metadata that describes resources, or logical endpoints."
    );
    sender(machine, "a:DestinationUnreachable", 2_150_858_811, &text)
}

/// A body that cannot be followed.
pub(super) fn invalid(machine: &str, reason: &str) -> FaultReply {
    let text =
        format!("The WS-Management service cannot process the request because the XML is invalid. {reason}");
    sender(machine, "w:SchemaValidationError", 2_150_858_817, &text)
}

pub(super) fn unsupported(machine: &str, action: &str) -> FaultReply {
    let text = format!(
        "The WS-Management service cannot process the request. The action {action} is not supported."
    );
    sender(machine, "a:ActionNotSupported", 2_150_858_752, &text)
}

/// Refuses a Create: too many shells, or by a fault on demand.
pub(super) fn create(service: &Service, call: &Call, back_end: usize) -> Result<(), Failure> {
    let machine = service.machine(back_end);
    let location = service.faults.take(|fault| match fault {
        Fault::Redirect { location } => Some(location.clone()),
        _ => None,
    });
    if let Some(location) = location {
        return Err(redirect(call, &machine, &location));
    }
    let on_demand = service.faults.take(|fault| match fault {
        Fault::Refuse(refusal) => Some(refusal.clone()),
        _ => None,
    });
    let full = service.open_shells() >= service.config.max_shells;
    match on_demand.or_else(|| full.then_some(Refusal::TooManyShells)) {
        None => Ok(()),
        Some(refusal) => Err(call.fault(&refused(service, &machine, &refusal))),
    }
}

fn refused(service: &Service, machine: &str, refusal: &Refusal) -> FaultReply {
    let cap = service.config.max_shells;
    let account = format!(
        "{}/Users/{}",
        service.config.world.domain,
        service.config.account.rsplit('\\').next().unwrap_or_default()
    );
    let authorization = |category: &str, text: &str| {
        format!(
            "[AuthZRequestId={}][FailureCategory=AuthZ-{category}] {text}",
            Uuid::new_v4()
        )
    };
    let (code, text) = match refusal {
        Refusal::TooManyShells if service.config.version == ExchangeVersion::Ex2010 => (
            QUOTA,
            format!(
                "The WS-Management service cannot process the request. This user is allowed a maximum of {cap} \
                 concurrent shells, which has been exceeded. Close existing shells or raise the quota for this user."
            ),
        ),
        Refusal::TooManyShells => {
            let text = format!(
                "Fail to create a runspace because you have exceeded the maximum number of connections allowed : {cap} \
                 for the policy party : MaxConcurrency. Please close existing runspace and try again. Policy: \
                 CN=GlobalThrottlingPolicy_9c1b1a2e,CN=Global Settings; Snapshot: Owner: Sid~CONTOSO~connector~WSMan~false \
                 BudgetType: WSMan ActiveRunspaces: {cap}/{cap} Balance: 600000/1800000/-3000000"
            );
            (ACCESS_DENIED, authorization("AuthorizationException", &text))
        }
        Refusal::RateQuota { milliseconds } => (
            2_150_859_175,
            format!(
                "The WS-Management service cannot process the request. The user load quota of 60 requests per 60 \
                 seconds has been exceeded. Send future requests at a slower rate or raise the quota for this user. \
                 The next request from this user will not be approved for at least {milliseconds} milliseconds."
            ),
        ),
        Refusal::SystemLoad => (
            2_150_859_176,
            "The WS-Management service cannot process the request. The system load quota of 1000 requests per 2 \
             seconds has been exceeded. Send future requests at a slower rate or raise the system quota. The next \
             request to this service will not be approved for at least 2000 milliseconds."
                .to_owned(),
        ),
        Refusal::NoRole => {
            let text = format!("The user \"{account}\" isn't assigned to any management roles.");
            (ACCESS_DENIED, authorization("CmdletAccessDeniedException", &text))
        }
        Refusal::RemotePowerShellDisabled => {
            let text = format!("Remote PowerShell isn't enabled for the user \"{account}\".");
            (ACCESS_DENIED, authorization("RemotePowerShellNotEnabledException", &text))
        }
        Refusal::AccessDenied => (ACCESS_DENIED, "Access is denied. ".to_owned()),
    };
    let subcode = if code == ACCESS_DENIED {
        "w:AccessDenied"
    } else {
        "w:QuotaLimit"
    };
    sender(machine, subcode, code, &text)
}

/// The fault that sends a client elsewhere: its detail holds the address.
fn redirect(call: &Call, machine: &str, location: &str) -> Failure {
    let text = "The WS-Management service cannot process the request. The resource is at another address.";
    let written = fault(&call.reply(), &sender(machine, "w:AccessDenied", REDIRECT, text));
    let escaped = location.replace('&', "&amp;").replace('<', "&lt;");
    let detail = format!("</f:WSManFault><RedirectLocation>{escaped}</RedirectLocation>");
    Failure::Fault(written.replacen("</f:WSManFault>", &detail, 1))
}
