//! Squid, which wants a name and a password.

use std::process::Command;

use super::held::{Held, finish, folder, free_port, write};

/// The account of the proxy; everything in it has to be escaped in a URL.
pub(super) const USER: &str = "proxyuser";
/// Its password.
pub(super) const PASSWORD: &str = "pr0xy p@ss:wörd";

/// A running Squid.
pub(super) struct Squid {
    server: Held,
    port: u16,
}

impl Squid {
    pub(super) fn start() -> Self {
        let folder = folder("squid");
        let port = free_port();
        let hash = finish(Command::new("openssl").args(["passwd", "-apr1", PASSWORD]));
        write(&folder.join("users"), &format!("{USER}:{hash}"));
        let at = folder.display();
        write(
            &folder.join("squid.conf"),
            &format!(
                "http_port 127.0.0.1:{port}\npid_filename none\ncache deny all\naccess_log stdio:{at}/access.log\n\
                 cache_log {at}/cache.log\ncoredump_dir {at}\nshutdown_lifetime 0 seconds\nmax_filedescriptors 1024\n\
                 auth_param basic program /usr/lib/squid/basic_ncsa_auth {at}/users\nauth_param basic children 1\n\
                 auth_param basic realm peers\nauth_param basic utf8 on\nacl known proxy_auth REQUIRED\n\
                 acl loopback dst 127.0.0.0/8\nhttp_access allow known loopback\nhttp_access deny all\n"
            ),
        );
        finish(Command::new("chown").args(["-R", "proxy"]).arg(&folder));
        let mut squid = Command::new("/usr/sbin/squid");
        // The name keeps the shared memory of two of them apart.
        squid.args(["-N", "-n", &format!("easgate{port}"), "-f"]);
        squid.arg(folder.join("squid.conf"));
        let server = Held::start(folder, &squid);
        server.serves(port);
        Self { server, port }
    }

    /// Its address.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A line a request: who asked for what, and what came of it.
    pub(super) fn requests(&self) -> String {
        self.server.read("access.log")
    }
}
