//! An MIT KDC.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::clock::Clock;
use super::held::{Held, finish, folder, free_port, write};
use super::{PASSWORD, UMLAUTS};

/// The realm of the services.
pub(super) const EXAMPLE: &str = "EXAMPLE.TEST";
/// Another name of `localhost`: a KDC refers nobody to another realm for a name without a dot.
pub(super) const WEB: &str = "web.example.test";
/// A realm of accounts only, which trusts `EXAMPLE.TEST` and is trusted by it.
const HOME: &str = "HOME.TEST";

/// A realm with its accounts: `alice`, `bob` (umlauts), `expired` (password), `locked`; and, in `EXAMPLE.TEST`, the
/// service `HTTP/localhost`, also called `HTTP/web.example.test`.
pub(super) struct Kdc {
    server: Held,
    realm: &'static str,
    port: u16,
}

/// What time it is in a realm, and how long its tickets last.
pub(super) struct Times<'a> {
    pub(super) clock: Option<&'a Clock>,
    /// How long a ticket lasts.
    pub(super) lifetime: &'static str,
    /// By how many seconds clocks may differ, and a ticket may be over.
    pub(super) skew: u32,
}

impl Default for Times<'_> {
    fn default() -> Self {
        Self {
            clock: None,
            lifetime: "10h",
            skew: 300,
        }
    }
}

impl Kdc {
    /// The realm `EXAMPLE.TEST` alone.
    pub(super) fn example() -> Self {
        Self::with(&Times::default())
    }

    /// The same with other times.
    pub(super) fn with(times: &Times<'_>) -> Self {
        let realms = [(EXAMPLE, free_port())];
        Self::start(&realms, 0, times)
    }

    /// The realms `HOME.TEST` and `EXAMPLE.TEST`, with a key in common.
    pub(super) fn home_and_example() -> (Self, Self) {
        let realms = [(HOME, free_port()), (EXAMPLE, free_port())];
        let times = Times::default();
        (Self::start(&realms, 0, &times), Self::start(&realms, 1, &times))
    }

    fn start(realms: &[(&'static str, u16)], own: usize, times: &Times<'_>) -> Self {
        let (realm, port) = realms[own];
        let folder = folder("kdc");
        let at = folder.display();
        write(
            &folder.join("krb5.conf"),
            &krb5_conf(realm, realms, times.skew, &folder),
        );
        write(
            &folder.join("kdc.conf"),
            &format!(
                "[kdcdefaults]\nkdc_listen = 127.0.0.1:{port}\nkdc_tcp_listen = 127.0.0.1:{port}\n\
                 [realms]\n{realm} = {{\ndatabase_name = {at}/principal\nkey_stash_file = {at}/stash\n\
                 acl_file = {at}/acl\nmax_life = {}\nhost_based_services = *\n\
                 supported_enctypes = aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha1-96:normal\n\
                 default_principal_flags = +preauth\n}}\n[logging]\nkdc = FILE:{at}/log\n",
                times.lifetime
            ),
        );
        let command = |program: &str| {
            let mut command = Command::new(program);
            command
                .env("KRB5_CONFIG", folder.join("krb5.conf"))
                .env("KRB5_KDC_PROFILE", folder.join("kdc.conf"));
            command
        };
        finish(command("kdb5_util").args(["create", "-s", "-r", realm, "-P", "master"]));
        let mut principals = format!(
            "addprinc -pw {PASSWORD} alice\naddprinc -pw {UMLAUTS} bob\naddprinc -pw {PASSWORD} +needchange expired\n\
             addprinc -pw {PASSWORD} -allow_tix locked\n"
        );
        if realms.len() > 1 {
            principals += &format!("addprinc -pw between krbtgt/{EXAMPLE}@{HOME}\n");
        }
        if realm == EXAMPLE {
            principals += &format!(
                "addprinc -randkey HTTP/localhost\naddprinc -randkey HTTP/{WEB}\n\
                 ktadd -k {at}/keytab HTTP/localhost HTTP/{WEB}\n\
                 ktadd -norandkey -k {at}/alice.keytab alice\n"
            );
        }
        write(&folder.join("principals"), &principals);
        let input = std::fs::File::open(folder.join("principals")).expect("just written");
        finish(
            command("kadmin.local")
                .args(["-r", realm])
                .stdin(Stdio::from(input)),
        );
        let mut kdc = command("krb5kdc");
        kdc.args(["-n", "-r", realm]);
        if let Some(clock) = times.clock {
            clock.rule(&mut kdc);
        }
        let server = Held::start(folder.clone(), &kdc);
        server.serves(port);
        for shared in ["keytab", "krb5.conf"] {
            // The acceptors read them as users with fewer rights; `HOME` has no keytab.
            if folder.join(shared).exists() {
                finish(Command::new("chmod").arg("644").arg(folder.join(shared)));
            }
        }
        Self { server, realm, port }
    }

    /// The configuration of clients and acceptors.
    pub(super) fn krb5_conf(&self) -> PathBuf {
        self.server.folder.join("krb5.conf")
    }

    /// The keys of `HTTP/localhost`.
    pub(super) fn keytab(&self) -> PathBuf {
        self.server.folder.join("keytab")
    }

    /// The keys of `alice`.
    pub(super) fn keytab_of_alice(&self) -> PathBuf {
        self.server.folder.join("alice.keytab")
    }

    /// Gives `account` another password.
    pub(super) fn change_password(&self, account: &str, password: &str) {
        let mut kadmin = Command::new("kadmin.local");
        kadmin
            .env("KRB5_CONFIG", self.krb5_conf())
            .env("KRB5_KDC_PROFILE", self.server.folder.join("kdc.conf"))
            .args(["-r", self.realm, "-q"]);
        finish(kadmin.arg(format!("cpw -pw {password} {account}")));
    }

    /// What it has written to its log.
    pub(super) fn log(&self) -> String {
        self.server.read("log")
    }

    /// Where it listens, as `host:port`.
    pub(super) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Gets a ticket for `account` with MIT's own client, and gives the cache that it is in.
    pub(super) fn kinit(&self, account: &str, password: &str) -> PathBuf {
        self.try_kinit(account, password)
            .unwrap_or_else(|error| panic!("{account}: {error}"))
    }

    /// The same, with a ticket that lasts so long.
    pub(super) fn kinit_for(&self, lifetime: &str, account: &str, password: &str) -> PathBuf {
        self.kinit_with(&["-l", lifetime], account, password)
            .unwrap_or_else(|error| panic!("{account}: {error}"))
    }

    /// The same; what the client says where it gets none.
    pub(super) fn try_kinit(&self, account: &str, password: &str) -> Result<PathBuf, String> {
        self.kinit_with(&[], account, password)
    }

    fn kinit_with(&self, options: &[&str], account: &str, password: &str) -> Result<PathBuf, String> {
        let cache = self.server.folder.join(format!("cache-{account}"));
        let principal = format!("{account}@{}", self.realm);
        let arguments = [options, &[&principal]].concat();
        kinit(&self.krb5_conf(), &cache, &arguments, password)?;
        Ok(cache)
    }
}

/// Runs MIT's `kinit`; what it says is the error.
pub(super) fn kinit(
    krb5_conf: &Path,
    cache: &Path,
    arguments: &[&str],
    password: &str,
) -> Result<(), String> {
    let answer = cache.with_extension("password");
    write(&answer, &format!("{password}\n"));
    let input = std::fs::File::open(&answer).expect("just written");
    let mut kinit = Command::new("kinit");
    kinit.env("KRB5_CONFIG", krb5_conf).arg("-c").arg(cache);
    let output = kinit
        .args(arguments)
        .stdin(Stdio::from(input))
        .output()
        .expect("kinit starts");
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(String::from_utf8_lossy(&said).into_owned())
}

/// A configuration that knows `realms`, with `localhost` in `EXAMPLE.TEST`.
fn krb5_conf(default: &str, realms: &[(&str, u16)], skew: u32, folder: &Path) -> String {
    let mut text = format!(
        "[libdefaults]\ndefault_realm = {default}\ndns_lookup_kdc = false\ndns_lookup_realm = false\n\
         dns_canonicalize_hostname = false\nrdns = false\nudp_preference_limit = 1\n\
         clockskew = {skew}\ndefault_ccache_name = FILE:{}/cache\n[realms]\n",
        folder.display()
    );
    for (realm, port) in realms {
        text += &format!("{realm} = {{\nkdc = 127.0.0.1:{port}\n}}\n");
    }
    text + &format!("[domain_realm]\nlocalhost = {EXAMPLE}\n.example.test = {EXAMPLE}\n")
}
