//! Requests and answers of real hosts and clients, read with this crate and compared with what others made of them.
//!
//! The files stand outside the tree, where `EASGATE_CONFORMANCE_DATA` says.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::server::{RequestBody, parse_request};
use super::{ResponseBody, Stream, parse_response};

fn data(folder: &str) -> Option<PathBuf> {
    let Some(data) = std::env::var_os("EASGATE_CONFORMANCE_DATA") else {
        println!("LEFT OUT: {folder}, EASGATE_CONFORMANCE_DATA is not set");
        return None;
    };
    Some(Path::new(&data).join(folder))
}

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.to_str().unwrap().ends_with(ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The operation that a recording's file name tells, `04-Receive.response.xml`.
fn operation(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()?.split_once('-')?.1.split('.').next()
}

/// The bytes of each PSRP element that an independent decoder found, by request or response.
fn decoded_sizes(path: &Path, side: &str) -> Option<Vec<usize>> {
    let json = path
        .to_str()?
        .replace(".request.xml", ".psrp.json")
        .replace(".response.xml", ".psrp.json");
    let json: serde_json::Value = serde_json::from_slice(&fs::read(json).ok()?).ok()?;
    let elements = json.get(side)?.as_array()?;
    let size = |element: &serde_json::Value| -> Option<usize> {
        let fragments = element.get("fragments")?.as_array()?;
        let sizes = fragments.iter().map(|fragment| fragment.get("length")?.as_u64());
        sizes.map(|size| Some(usize::try_from(size?).ok()? + 21)).sum()
    };
    elements.iter().map(size).collect()
}

#[test]
fn recorded_requests_say_what_their_client_meant() {
    let Some(folder) = data("recorded-windows") else {
        return;
    };
    let mut seen = BTreeMap::new();
    let mut compared = 0;
    for path in files(&folder, ".request.xml") {
        let request =
            parse_request(&fs::read(&path).unwrap()).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let operation = operation(&path).unwrap();
        *seen.entry(operation.to_owned()).or_insert(0) += 1;
        assert_eq!(request.action.rsplit('/').next(), Some(operation), "{path:?}");
        assert!(
            request.message_id.starts_with("uuid:") && request.session_id.is_some(),
            "{path:?}"
        );
        let (kind, bytes) = match &request.body {
            RequestBody::Create { creation, .. } => ("Create", vec![creation.len()]),
            RequestBody::Command { .. } => (
                "Command",
                request
                    .body
                    .fragments()
                    .map_or_else(|_| Vec::new(), |bytes| vec![bytes.len()]),
            ),
            RequestBody::Send { streams } => {
                ("Send", streams.iter().map(|stream| stream.data.len()).collect())
            }
            RequestBody::Receive { streams, .. } => {
                assert!(streams.starts_with("stdout"), "{path:?}");
                ("Receive", Vec::new())
            }
            RequestBody::Signal { command_id, .. } => {
                assert!(command_id.is_some(), "{path:?}");
                ("Signal", Vec::new())
            }
            RequestBody::Delete => ("Delete", Vec::new()),
            RequestBody::Other => (operation, Vec::new()),
        };
        assert_eq!(kind, operation, "{path:?}");
        if let Some(sizes) = decoded_sizes(&path, "request").filter(|_| kind != "Connect") {
            assert_eq!(bytes, sizes, "{path:?}");
            compared += 1;
        }
    }
    println!("requests: {seen:?}, {compared} compared with an independent decoder's fragments");
    assert!(
        seen.values().sum::<u32>() >= 200 && compared >= 60,
        "{seen:?} {compared}"
    );
}

#[test]
fn recorded_answers_say_what_their_host_meant() {
    let Some(folder) = data("recorded-windows") else {
        return;
    };
    let (mut answers, mut faults, mut compared) = (0, 0, 0);
    for path in files(&folder, ".response.xml") {
        let body = fs::read(&path).unwrap();
        if body.is_empty() {
            // One answer was an HTTP error without a body.
            continue;
        }
        let response = parse_response(&body).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        let operation = operation(&path).unwrap();
        answers += 1;
        let kind = match &response.body {
            ResponseBody::Created(shell) => {
                assert!(
                    shell.shell_id().is_some() && shell.resource_uri.is_some(),
                    "{path:?}"
                );
                "Create"
            }
            ResponseBody::Command { command_id } => {
                assert!(command_id.is_some(), "{path:?}");
                "Command"
            }
            ResponseBody::Received { streams, .. } => {
                compared += u32::from(streams_agree(&path, streams));
                "Receive"
            }
            ResponseBody::Sent => "Send",
            ResponseBody::Signalled => "Signal",
            ResponseBody::Deleted => "Delete",
            ResponseBody::Fault(fault) => {
                faults += 1;
                assert_eq!(fault.wsman_code.map(i64::from), recorded_code(&path), "{path:?}");
                assert!(
                    !fault.text().is_empty() && fault.code.is_some() && fault.subcode.is_some(),
                    "{path:?}"
                );
                operation
            }
            ResponseBody::Other { .. } => operation,
        };
        assert_eq!(kind, operation, "{path:?}");
        let request = path.to_str().unwrap().replace(".response.xml", ".request.xml");
        if let Ok(request) = fs::read(request) {
            assert_eq!(
                response.relates_to,
                Some(parse_request(&request).unwrap().message_id),
                "{path:?}"
            );
        }
    }
    println!(
        "answers: {answers}, {faults} faults, {compared} compared with an independent decoder's fragments"
    );
    assert!(
        answers >= 200 && faults >= 4 && compared >= 60,
        "{answers} {faults} {compared}"
    );
}

/// Compares the streams with an independent decoder's fragments; `false` where it found none.
fn streams_agree(path: &Path, streams: &[Stream]) -> bool {
    let sizes = decoded_sizes(path, "response").filter(|sizes| !sizes.is_empty());
    let Some(sizes) = sizes else { return false };
    assert_eq!(
        streams.iter().map(|stream| stream.data.len()).collect::<Vec<_>>(),
        sizes,
        "{path:?}"
    );
    true
}

/// The code of the fault that the recording's index tells.
fn recorded_code(path: &Path) -> Option<i64> {
    let index = fs::read(path.with_file_name("index.json")).ok()?;
    let index: serde_json::Value = serde_json::from_slice(&index).ok()?;
    let number: u64 = path.file_name()?.to_str()?.split_once('-')?.0.parse().ok()?;
    let exchange = index
        .get("exchanges")?
        .as_array()?
        .iter()
        .find(|exchange| exchange.get("n").is_some_and(|n| *n == number))?;
    exchange.get("wsman_fault_code")?.as_str()?.parse().ok()
}

#[test]
fn other_clients_and_hosts_are_understood() {
    let Some(folder) = data("pypsrp-client") else {
        return;
    };
    for path in files(&folder, ".request.xml") {
        let request =
            parse_request(&fs::read(&path).unwrap()).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        assert!(!matches!(request.body, RequestBody::Other), "{path:?}");
    }
    for path in files(&folder, ".response.xml") {
        let response =
            parse_response(&fs::read(&path).unwrap()).unwrap_or_else(|error| panic!("{path:?}: {error}"));
        assert!(!matches!(response.body, ResponseBody::Other { .. }), "{path:?}");
    }
    let Some(captures) = data("windows-captures") else {
        return;
    };
    let read = |name: &str| parse_response(&fs::read(captures.join(name)).unwrap()).unwrap();
    let ResponseBody::Created(shell) = read("resource_created.xml").body else {
        panic!()
    };
    assert_eq!(shell.shell_id(), Some("07936B27-7752-4325-8B0D-E7A1E9448320"));
    assert_eq!(
        shell.resource_uri.as_deref(),
        Some("http://schemas.microsoft.com/powershell/Microsoft.PowerShell")
    );
    let ResponseBody::Fault(fault) = read("error_response.xml").body else {
        panic!()
    };
    assert_eq!(
        (fault.wsman_code, fault.kind()),
        (Some(2_150_858_817), super::FaultKind::SchemaInvalid)
    );
    assert!(
        matches!(read("receive_response.xml").body, ResponseBody::Received { streams, .. } if streams.len() == 1)
    );
}
