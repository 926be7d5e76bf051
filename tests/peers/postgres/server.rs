//! A PostgreSQL server for the tests of this process: on a free port of 127.0.0.1, in a temporary folder.
//!
//! Debian's packages have it (`cargo xtask peers`). Where it is not installed this is printed; in CI it is a failure.
//! It ends, and its folder goes, when the process that uses it ends in any way.

use std::fs::File;
use std::io::Write as _;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The password of the account `easgate`, which owns the server.
pub(crate) const PASSWORD: &str = "correct horse";

/// No server outlives these seconds, whatever becomes of the tests.
const TIME_TO_LIVE: &str = "900";

/// A running server.
pub(crate) struct Server {
    port: u16,
    binaries: PathBuf,
    folder: PathBuf,
    /// Its standard input is a pipe that ends with this process, and the server with it.
    #[expect(dead_code, reason = "it is held, never read")]
    holder: Child,
}

impl Server {
    /// The server of this process; `None`, and said plainly, where none is installed.
    pub(crate) fn of_this_process() -> Option<&'static Self> {
        static SERVER: OnceLock<Option<Server>> = OnceLock::new();
        SERVER.get_or_init(|| Some(Self::start(binaries()?))).as_ref()
    }

    fn start(binaries: PathBuf) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("easgate-postgres-")
            .tempdir()
            .expect("a temporary folder")
            .keep();
        std::fs::write(folder.join("password"), PASSWORD).expect("our own folder");
        hand_to_the_servers_account(&folder);
        let path = |name: &str| folder.join(name).into_os_string();
        let mut openssl = as_the_servers_account("/usr/bin/openssl");
        openssl.args([
            "req", "-x509", "-nodes", "-days", "2", "-newkey", "ec", "-pkeyopt",
        ]);
        openssl.args([
            "ec_paramgen_curve:prime256v1",
            "-subj",
            "/CN=localhost",
            "-addext",
        ]);
        openssl
            .args(["subjectAltName=DNS:localhost", "-keyout"])
            .arg(path("key.pem"));
        finish(openssl.arg("-out").arg(path("certificate.pem")));
        let mut initdb = as_the_servers_account(binaries.join("initdb"));
        initdb.args([
            "--username=easgate",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
        ]);
        initdb.arg("--no-sync").arg("--pwfile").arg(path("password"));
        finish(initdb.arg("--pgdata").arg(path("data")));
        let_in_from_other_networks(&folder.join("data/pg_hba.conf"));
        let port = free_port();
        let mut postgres = as_the_servers_account(binaries.join("postgres"));
        postgres
            .arg("-D")
            .arg(path("data"))
            .arg("-p")
            .arg(port.to_string());
        for setting in [
            "listen_addresses=127.0.0.1".to_owned(),
            "unix_socket_directories=".to_owned(),
            "fsync=off".to_owned(),
            "max_connections=200".to_owned(),
            "ssl=on".to_owned(),
            format!("ssl_cert_file={}", folder.join("certificate.pem").display()),
            format!("ssl_key_file={}", folder.join("key.pem").display()),
        ] {
            postgres.arg("-c").arg(setting);
        }
        let server = Self {
            port,
            binaries,
            holder: hold(&folder, &postgres),
            folder,
        };
        server.wait();
        server
    }

    fn wait(&self) {
        for _ in 0..600 {
            let mut ready = Command::new(self.binaries.join("pg_isready"));
            ready.args(["--quiet", "--host=127.0.0.1", "--port", &self.port.to_string()]);
            if ready.status().is_ok_and(|status| status.success()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let said = std::fs::read_to_string(self.folder.join("output")).unwrap_or_default();
        panic!("PostgreSQL does not answer: {said}");
    }

    /// Makes a new database, and gives the URL of a store in it; its password is [`PASSWORD`].
    pub(crate) fn database(&self) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("store{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut createdb = Command::new(self.binaries.join("createdb"));
        createdb.args(["--host=127.0.0.1", "--username=easgate", "--port"]);
        createdb.arg(self.port.to_string()).arg(&name);
        finish(createdb.env("PGPASSWORD", PASSWORD));
        format!("postgres://easgate@localhost:{}/{name}", self.port)
    }

    /// The certificate of `localhost`, which nobody but itself vouches for.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.folder.join("certificate.pem")
    }
}

/// Where the newest version that is installed has its programs.
fn binaries() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let newest = versions
        .filter_map(Result::ok)
        .map(|entry| entry.path().join("bin"))
        .filter(|folder| folder.join("initdb").exists())
        .max();
    assert!(
        newest.is_some() || std::env::var_os("CI").is_none(),
        "PostgreSQL is not installed (cargo xtask peers, as root)"
    );
    if newest.is_none() {
        println!("LEFT OUT: the store on PostgreSQL, it is not installed (cargo xtask peers, as root)");
    }
    newest
}

/// PostgreSQL refuses to run as root: its package has an account for it.
fn as_the_servers_account(program: impl AsRef<Path>) -> Command {
    if !we_are_root() {
        return Command::new(program.as_ref());
    }
    let mut command = Command::new("/usr/bin/setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
    command.arg(program.as_ref()).current_dir("/");
    command
}

fn we_are_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

fn hand_to_the_servers_account(folder: &Path) {
    if we_are_root() {
        let id = |flag| {
            let said = finish(Command::new("/usr/bin/id").args([flag, "postgres"]));
            said.trim().parse::<u32>().expect("a number")
        };
        chown(folder, Some(id("-u")), Some(id("-g"))).expect("root may give a folder away");
    }
    // The certificate is read by the tests too.
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o755)).expect("our own folder");
}

/// It listens on loopback alone, to which tests lead from networks of their own.
fn let_in_from_other_networks(file: &Path) {
    let rule = b"host all all 10.0.0.0/8 scram-sha-256\n";
    let mut rules = File::options().append(true).open(file).expect("initdb made it");
    rules.write_all(rule).expect("our own folder");
}

fn hold(folder: &Path, server: &Command) -> Child {
    let output = File::create(folder.join("output")).expect("our own folder");
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .find(|folder| folder.join("Cargo.lock").exists())
        .expect("the package stands in the workspace");
    let mut holder = Command::new("/usr/bin/python3");
    holder
        .arg(workspace.join("tests/peers/auth/hold.py"))
        .arg(folder)
        .arg(TIME_TO_LIVE)
        .arg(server.get_program())
        .args(server.get_args())
        .current_dir("/");
    holder
        .stdin(Stdio::piped())
        .stdout(output.try_clone().expect("an open file"))
        .stderr(output)
        .spawn()
        .expect("Python starts")
}

fn free_port() -> u16 {
    let free = TcpListener::bind(("127.0.0.1", 0)).expect("a port of our own machine");
    free.local_addr().expect("it is bound").port()
}

fn finish(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {told}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
