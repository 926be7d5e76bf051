//! Our own client, as a library.

use std::error::Error;
use std::fmt::Write as _;

use easgate_cmdlet::{
    Authentication, CmdletTransport as _, Command, Config, InvokeError, KerberosLogon, Record, WsmanTransport,
};

/// Settings for `url`, in no hurry.
pub(super) fn config(url: &str, authentication: Authentication) -> Config {
    Config::new(url.parse().expect("an address of ours"), authentication)
}

/// Kerberos with an explicit domain controller.
pub(super) fn logon(kdc: &str, username: &str, password: &str) -> KerberosLogon {
    KerberosLogon {
        kdc: vec![kdc.parse().expect("an address of ours")],
        ..KerberosLogon::new(username.to_owned(), password.into())
    }
}

pub(super) fn kerberos(kdc: &str, username: &str, password: &str) -> Authentication {
    Authentication::Kerberos(logon(kdc, username, password))
}

pub(super) fn ntlm(username: &str, password: &str) -> Authentication {
    Authentication::Ntlm {
        username: username.to_owned(),
        password: password.into(),
    }
}

pub(super) fn basic(username: &str, password: &str) -> Authentication {
    Authentication::Basic {
        username: username.to_owned(),
        password: password.into(),
    }
}

/// Runs `command` and gives how many objects came.
pub(super) async fn objects(transport: &WsmanTransport, command: Command) -> Result<usize, InvokeError> {
    let mut invocation = transport.invoke(command).await?;
    let mut count = 0;
    while let Some(record) = invocation.next().await {
        if let Record::Output(_) = record? {
            count += 1;
        }
    }
    Ok(count)
}

/// Opens a transport, reads the devices, closes it.
pub(super) async fn devices(config: Config) -> Result<usize, InvokeError> {
    let transport = WsmanTransport::new(config).expect("settings that can be used");
    let count = objects(
        &transport,
        Command::new("Get-MobileDevice").with("ResultSize", "Unlimited"),
    )
    .await;
    transport.close().await;
    count
}

/// An error with what caused it, in one line; ports are left out.
pub(super) fn chain(error: &InvokeError) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        write!(text, ": {cause}").expect("text can be appended to text");
        next = cause.source();
    }
    without_ports(&text)
}

fn without_ports(text: &str) -> String {
    let mut kept = String::new();
    for (at, piece) in text.split(':').enumerate() {
        let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
        if at > 0 {
            kept.push(':');
        }
        kept.push_str(if digits == 5 { "PORT" } else { &piece[..digits] });
        kept.push_str(&piece[digits..]);
    }
    kept
}
