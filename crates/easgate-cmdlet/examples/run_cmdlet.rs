//! Runs one cmdlet on a PowerShell endpoint, with any way to log on.
//!
//! ```sh
//! cargo run -p easgate-cmdlet --example run_cmdlet -- http://ex1.contoso.example/powershell Get-ExchangeServer \
//!     auth=kerberos user=reader@contoso.example password-file=/run/secrets/reader kdc=dc1.contoso.example:88
//! ```
//!
//! Further options: `spn=`, `ca=`, `pin=`, `proxy=`, `proxy-user=`, `proxy-password-file=`, `cert=` with `key-file=`,
//! `pfx=` with `pfx-password-file=`, `danger-ntlm-unbound`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a command")]

use std::collections::HashMap;
use std::error::Error;
use std::path::PathBuf;

use easgate_cmdlet::{
    Authentication, ClientCertificate, CmdletTransport as _, Command, Config, KerberosLogon, Proxy, Record,
    Secret, WsmanTransport,
};
use secrecy::SecretString;

type Fallible<T> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Fallible<()> {
    let mut arguments = std::env::args().skip(1);
    let (Some(url), Some(cmdlet)) = (arguments.next(), arguments.next()) else {
        return Err(
            "give an address and a cmdlet, then options such as auth=kerberos user=… password-file=…".into(),
        );
    };
    let options: HashMap<String, String> = arguments
        .map(|option| match option.split_once('=') {
            Some((name, value)) => (name.to_owned(), value.to_owned()),
            None => (option, String::new()),
        })
        .collect();
    let transport = WsmanTransport::new(config(&url, &options)?)?;
    let outcome = run(&transport, &cmdlet).await;
    transport.close().await;
    outcome
}

async fn run(transport: &WsmanTransport, cmdlet: &str) -> Fallible<()> {
    let mut records = match transport.invoke(Command::new(cmdlet)).await {
        Ok(records) => records,
        Err(error) => {
            if let easgate_cmdlet::InvokeError::Authentication { source, .. } = &error {
                eprintln!("{source}\nhelp: {}", source.cure());
            }
            return Err(error.into());
        }
    };
    while let Some(record) = records.next().await {
        let record = record?;
        if let Record::Output(output) = record {
            println!("{output:?}");
        } else {
            eprintln!("{record:?}");
        }
    }
    Ok(())
}

fn config(url: &str, options: &HashMap<String, String>) -> Fallible<Config> {
    let get = |name: &str| options.get(name);
    let user = || get("user").cloned().unwrap_or_default();
    let authentication = match get("auth").map_or("kerberos", String::as_str) {
        "basic" => Authentication::Basic {
            username: user(),
            password: from_file(options, "password-file"),
        },
        "ntlm" => Authentication::Ntlm {
            username: user(),
            password: from_file(options, "password-file"),
        },
        "certificate" => Authentication::Certificate,
        scheme @ ("kerberos" | "negotiate") => {
            let mut logon = KerberosLogon::new(user(), from_file(options, "password-file"));
            logon.spn = get("spn").cloned();
            for kdc in get("kdc").iter().flat_map(|list| list.split(',')) {
                logon.kdc.push(kdc.parse()?);
            }
            if scheme == "kerberos" {
                Authentication::Kerberos(logon)
            } else {
                Authentication::Negotiate(logon)
            }
        }
        other => return Err(format!("auth={other} is not known").into()),
    };
    let mut config = Config::new(url.parse()?, authentication);
    config.ca_file = get("ca").map(PathBuf::from);
    config.danger_allow_ntlm_without_channel_binding = get("danger-ntlm-unbound").is_some();
    if let Some(pin) = get("pin") {
        config.pins.push(pin.parse()?);
    }
    if let Some(url) = get("proxy") {
        let mut proxy = Proxy::new(url.parse()?);
        proxy.credentials =
            get("proxy-user").map(|user| (user.clone(), from_file(options, "proxy-password-file")));
        config.proxy = Some(proxy);
    }
    config.client_certificate = match (get("cert"), get("pfx")) {
        (Some(certificate), _) => Some(ClientCertificate::Pem {
            certificate: certificate.into(),
            private_key: from_file(options, "key-file"),
        }),
        (None, Some(file)) => Some(ClientCertificate::Pfx {
            file: file.into(),
            password: from_file(options, "pfx-password-file"),
        }),
        (None, None) => None,
    };
    Ok(config)
}

/// A secret in a file, which is read anew at each log-on.
fn from_file(options: &HashMap<String, String>, name: &'static str) -> Secret {
    let path = options.get(name).cloned();
    Secret::from_fn(move || {
        let path = path.as_ref().ok_or_else(|| format!("{name}= is needed"))?;
        let text = std::fs::read_to_string(path)?;
        Ok(SecretString::from(text.trim_end_matches(['\r', '\n'])))
    })
}
