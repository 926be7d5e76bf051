//! Captures of real servers, where the environment says where they are.

use std::path::{Path, PathBuf};

use easgate_cmdlet::Output;

use super::support::{exchange, run};

/// The folder of the captures; `None` when the environment names none, which is said aloud.
fn captures() -> Option<PathBuf> {
    #[expect(clippy::disallowed_methods, reason = "a test asks where its data is")]
    let root = std::env::var("EASGATE_CONFORMANCE_DATA");
    match root {
        Ok(root) => Some(Path::new(&root).join("exchange-clixml")),
        Err(_) => {
            println!("EASGATE_CONFORMANCE_DATA is not set: captures of real servers are left out");
            None
        }
    }
}

fn files(folder: &Path, name: &str, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() {
            files(&path, name, found);
        } else if path.file_name().is_some_and(|file| file == name) {
            found.push(path);
        }
    }
}

#[test]
fn the_servers_of_real_captures_are_read() {
    let Some(folder) = captures() else { return };
    let mut found = Vec::new();
    files(&folder, "GetExchangeServer.xml", &mut found);
    assert!(!found.is_empty(), "no captures under {}", folder.display());
    for path in found {
        let bytes = std::fs::read(&path).unwrap();
        let (client, _) = exchange(move |_| {
            vec![Ok(easgate_cmdlet::Record::Output(Output::new(
                bytes.clone().into(),
            )))]
        });
        let servers = run(client.servers()).unwrap();
        let [server] = servers.as_slice() else {
            panic!("{}: {servers:?}", path.display())
        };
        let version = server.version.unwrap();
        assert_eq!(version.major, 15, "{}: {server:?}", path.display());
        assert!(
            !server.is_edge && server.is_mailbox && server.fqdn.contains('.'),
            "{}: {server:?}",
            path.display()
        );
        assert!(!server.site.clone().unwrap_or_default().contains('/'));
    }
}
