mod envelopes;
mod faults;
mod hostile;

use std::time::Duration;

use uuid::Uuid;

use super::{RequestContext, Selector};

fn context() -> RequestContext {
    RequestContext {
        to: "https://ex1.contoso.example/powershell?a=1&b=2".to_owned(),
        resource_uri: "http://schemas.microsoft.com/powershell/Microsoft.Exchange".to_owned(),
        session_id: Uuid::from_u128(0xabcd),
        max_envelope_size: 153_600,
        operation_timeout: Duration::from_secs(60),
        locale: "en-US".to_owned(),
        selectors: vec![Selector {
            name: "ShellId".to_owned(),
            value: "5B1BE6C6-ECFA".to_owned(),
        }],
    }
}
