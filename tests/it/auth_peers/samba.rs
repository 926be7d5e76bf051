//! A Samba domain controller, as far as Kerberos goes: a KDC that knows accounts as Active Directory does.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::held::{Held, finish, folder, free_port, write};
use super::{PASSWORD, UMLAUTS};

/// The domain `EXAMPLE.TEST`, called `EXAMPLE` for short, with `alice`, `bob` (umlauts), and `HTTP/localhost` of the account `websvc`.
pub(super) struct Samba {
    server: Held,
    port: u16,
}

impl Samba {
    pub(super) fn start() -> Self {
        let folder = folder("samba");
        let (port, passwords) = (free_port(), free_port());
        let configuration = folder.join("smb.conf");
        write(&configuration, &smb_conf(&folder, port, passwords));
        for name in ["private", "state", "cache", "lock", "run", "ncalrpc"] {
            std::fs::create_dir(folder.join(name)).expect("our own folder");
        }
        let at = |option: &str| format!("--configfile={}{option}", configuration.display());
        finish(
            Command::new("samba-tool")
                .args(["domain", "provision", &at("")])
                .args([
                    "--realm=EXAMPLE.TEST",
                    "--domain=EXAMPLE",
                    "--server-role=dc",
                    "--host-ip=127.0.0.1",
                    "--host-name=dc1",
                    "--adminpass=Adm1nPassw0rd!",
                    "--dns-backend=NONE",
                ]),
        );
        // The accounts in one process: each run of the tool costs a second.
        let mut accounts = Command::new("/usr/bin/python3");
        accounts.arg(super::file("samba_accounts.py")).arg(&configuration);
        finish(accounts.args(["alice", PASSWORD, "bob", UMLAUTS]));
        let keytab = folder.join("keytab");
        let mut export = Command::new("samba-tool");
        export.args(["domain", "exportkeytab", "--principal=HTTP/localhost"]);
        finish(export.arg(&keytab).arg("-s").arg(&configuration));
        write(&folder.join("krb5.conf"), &krb5_conf(port));
        let mut samba = Command::new("/usr/sbin/samba");
        samba
            .env("KRB5_CONFIG", folder.join("krb5.conf"))
            .args(["-i", "-M", "single", "--no-process-group", "-s"])
            .arg(&configuration);
        let server = Held::start(folder, &samba);
        server.serves(port);
        Self { server, port }
    }

    pub(super) fn krb5_conf(&self) -> PathBuf {
        self.server.folder.join("krb5.conf")
    }

    /// The keys of `HTTP/localhost`.
    pub(super) fn keytab(&self) -> PathBuf {
        self.server.folder.join("keytab")
    }

    /// Where its KDC listens, as `host:port`.
    pub(super) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Gets a ticket for a UPN with MIT's own client, and gives the cache that it is in.
    pub(super) fn kinit(&self, principal: &str, password: &str) -> PathBuf {
        let cache = self.server.folder.join("tickets");
        super::kdc::kinit(&self.krb5_conf(), &cache, &["-E", principal], password)
            .unwrap_or_else(|error| panic!("{principal}: {error}"));
        cache
    }
}

/// The KDC is the only service: the others want ports that are given once for each machine.
fn smb_conf(folder: &Path, port: u16, passwords: u16) -> String {
    let at = folder.display();
    format!(
        "[global]\nworkgroup = EXAMPLE\nrealm = EXAMPLE.TEST\nnetbios name = DC1\n\
         server role = active directory domain controller\nserver services = kdc\n\
         dcerpc endpoint servers = -dnsserver\ninterfaces = lo 127.0.0.1/8\nbind interfaces only = yes\n\
         krb5 port = {port}\nkpasswd port = {passwords}\ndisable netbios = yes\n\
         pid directory = {at}/run\nlock directory = {at}/lock\nstate directory = {at}/state\n\
         cache directory = {at}/cache\nprivate dir = {at}/private\nncalrpc dir = {at}/ncalrpc\n\
         winbindd socket directory = {at}/run/winbind\nntp signd socket directory = {at}/run/ntp\n\
         log file = {at}/samba.log\nposix:eadb = {at}/private/eadb.tdb\n\
         [sysvol]\npath = {at}/state/sysvol\n[netlogon]\npath = {at}/state/sysvol/example.test/scripts\n"
    )
}

fn krb5_conf(port: u16) -> String {
    format!(
        "[libdefaults]\ndefault_realm = EXAMPLE.TEST\ndns_lookup_kdc = false\ndns_lookup_realm = false\n\
         dns_canonicalize_hostname = false\nrdns = false\n[realms]\nEXAMPLE.TEST = {{\nkdc = 127.0.0.1:{port}\n}}\n\
         EXAMPLE = {{\nkdc = 127.0.0.1:{port}\n}}\n[domain_realm]\nlocalhost = EXAMPLE.TEST\n"
    )
}
