//! What the service manager hears: one datagram for each message, by the protocol of `sd_notify(3)`.

use std::io;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// The way to the service manager, if there is one.
pub(super) struct Notifier(Option<(UnixDatagram, SocketAddr)>);

impl Notifier {
    /// Tells the socket called `name`: a path, or `@` and an abstract name. Nobody listens when there is no name.
    ///
    /// # Errors
    /// The name is none, or no socket can be made.
    pub(super) fn new(name: Option<&str>) -> io::Result<Self> {
        let Some(name) = name else {
            return Ok(Self(None));
        };
        let address = match name.strip_prefix('@') {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(name)?,
        };
        Ok(Self(Some((UnixDatagram::unbound()?, address))))
    }

    /// Sends `lines`. A manager that does not hear is nothing that the service could mend.
    pub(super) fn send(&self, lines: &[&str]) {
        if let Some((socket, address)) = &self.0
            && let Err(error) = socket.send_to_addr(lines.join("\n").as_bytes(), address)
        {
            tracing::debug!(%error, "The service manager could not be told");
        }
    }

    /// Tells that the service works, with a line for people.
    pub(super) fn ready(&self, status: &str) {
        self.send(&["READY=1", &status_line(status)]);
    }

    /// Tells a line for people.
    pub(super) fn status(&self, status: &str) {
        self.send(&[&status_line(status)]);
    }
}

fn status_line(status: &str) -> String {
    format!("STATUS={}", status.replace('\n', " "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(socket: &UnixDatagram) -> String {
        let mut buffer = [0; 512];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    #[test]
    fn each_message_is_one_datagram_to_a_path_or_to_an_abstract_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notify");
        let name = format!("easgate-test-{}", std::process::id());
        let abstract_name = SocketAddr::from_abstract_name(&name).unwrap();
        let sockets = [
            (UnixDatagram::bind(&path).unwrap(), path.display().to_string()),
            (
                UnixDatagram::bind_addr(&abstract_name).unwrap(),
                format!("@{name}"),
            ),
        ];
        for (socket, name) in sockets {
            let notifier = Notifier::new(Some(&name)).unwrap();
            notifier.ready("2 organisations\nWATCHDOG=1");
            assert_eq!(heard(&socket), "READY=1\nSTATUS=2 organisations WATCHDOG=1");
            notifier.send(&["STOPPING=1"]);
            assert_eq!(heard(&socket), "STOPPING=1");
        }
    }

    #[test]
    fn a_manager_that_is_not_there_is_no_error() {
        Notifier::new(None).unwrap().ready("well");
        Notifier::new(Some("/nowhere/notify")).unwrap().ready("well");
    }
}
