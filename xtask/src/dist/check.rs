//! The package's life in a root of its own: installed, upgraded, removed, purged.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Build, bill_of_materials, package, target};
use crate::peers;
use crate::run::{self, Failure};

/// What stays whatever becomes of the package.
const STAYS: [&str; 2] = ["var/lib/easgate/easgate.db", "var/lib/easgate/audit.key"];

/// What comes and goes with it: path, rights, and whether the group is that of the service.
const INSTALLED: [(&str, u32, bool); 8] = [
    ("usr/bin/easgate", 0o755, false),
    ("usr/lib/systemd/system/easgate.service", 0o644, false),
    ("usr/lib/sysusers.d/easgate.conf", 0o644, false),
    ("usr/share/doc/easgate/service.md", 0o644, false),
    ("usr/share/bash-completion/completions/easgate", 0o644, false),
    ("etc/easgate", 0o750, true),
    ("etc/easgate/easgate.toml", 0o640, true),
    ("etc/easgate/credentials", 0o700, false),
];

/// The most that `systemd-analyze security` may find exposed, in tenths: 10 is its best word, 100 its worst.
const EXPOSED: &str = "15";

/// Packs the debug `binary`, and lives the life of the package, where this machine can.
pub(crate) fn check(binary: &Path) -> Result<(), Failure> {
    bill_of_materials(&target().join("dist/easgate_debug.deb"))?;
    if !peers::packaging()? {
        return Ok(());
    }
    let first = package(Build::Debug, binary, env!("CARGO_PKG_VERSION"))?;
    let next = package(Build::Debug, binary, "99.0.0")?;
    let root = Root::new(target().join("dist/root"))?;
    root.installs(&first)?;
    root.works()?;
    root.upgrades(&next)?;
    root.goes()?;
    println!("The package was installed, upgraded, removed and purged; its store and its audit stayed.");
    Ok(())
}

/// A root with a dpkg of its own.
struct Root(PathBuf);

impl Root {
    fn new(path: PathBuf) -> Result<Self, Failure> {
        if path.exists() {
            fs::remove_dir_all(&path).map_err(|source| Failure::write(&path, source))?;
        }
        for folder in ["var/lib/dpkg/info", "var/lib/dpkg/updates", "etc"] {
            let folder = path.join(folder);
            fs::create_dir_all(&folder).map_err(|source| Failure::write(&folder, source))?;
        }
        for file in ["var/lib/dpkg/status", "etc/passwd", "etc/group"] {
            let file = path.join(file);
            fs::write(&file, "").map_err(|source| Failure::write(&file, source))?;
        }
        Ok(Self(path))
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.join(path)
    }

    /// Runs dpkg on this root; its scripts run outside of it and are told where it is.
    fn dpkg(&self, action: &str, what: &Path) -> Result<String, Failure> {
        let mut dpkg = run::command("dpkg");
        dpkg.arg(format!("--root={}", self.0.display()))
            .args([
                "--force-script-chrootless",
                "--force-depends",
                "--force-confold",
                action,
            ])
            .arg(what);
        self.run(&mut dpkg)
    }

    fn run(&self, command: &mut Command) -> Result<String, Failure> {
        println!("$ {command:?}");
        let failed = |source| Failure::write(&self.0, source);
        let output = command.output().map_err(failed)?;
        let said = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        holds(
            output.status.success(),
            &format!("{command:?} ended with {}:\n{said}", output.status),
        )?;
        Ok(said)
    }

    fn installs(&self, package: &Path) -> Result<(), Failure> {
        self.dpkg("--install", package)?;
        let groups = run::read(&self.path("etc/group"))?;
        let line = groups.lines().find(|line| line.starts_with("easgate:"));
        let group = line
            .and_then(|line| line.split(':').nth(2))
            .and_then(|id| id.parse::<u32>().ok());
        holds(group.is_some(), "the service has a group")?;
        for (path, mode, of_service) in INSTALLED {
            let file = self.path(path);
            let found = fs::metadata(&file).map_err(|source| Failure::write(&file, source))?;
            let rights = found.permissions().mode() & 0o7777;
            holds(
                rights == mode,
                &format!("{path} has the rights {rights:o}, and {mode:o} are right"),
            )?;
            let wanted = if of_service { group } else { Some(0) };
            holds(
                found.uid() == 0 && Some(found.gid()) == wanted,
                &format!("{path} belongs to root and its group is right"),
            )?;
        }
        holds(
            !self.path("var/lib/easgate").exists(),
            "the package brings no store",
        )?;
        self.verify_unit()
    }

    fn verify_unit(&self) -> Result<(), Failure> {
        let installed = self.path("usr/lib/systemd/system/easgate.service");
        let mut security = run::command("systemd-analyze");
        security.args(["security", "--no-pager", "--offline=true", "--threshold", EXPOSED]);
        self.run(security.arg(&installed))?;
        // The binary is looked for where the unit says, so the copy names the one of this root.
        let binary = self.path("usr/bin/easgate").display().to_string();
        let copy = self.path("easgate.service");
        let text = run::read(&installed)?.replace("/usr/bin/easgate", &binary);
        fs::write(&copy, text).map_err(|source| Failure::write(&copy, source))?;
        let said = self.run(
            run::command("systemd-analyze")
                .args(["verify", "--man=no"])
                .arg(&copy),
        )?;
        let ours: Vec<&str> = said.lines().filter(|line| line.contains("easgate")).collect();
        holds(
            ours.is_empty(),
            &format!("systemd finds nothing wrong with the unit: {}", ours.join("\n")),
        )
    }

    /// The installed program, with a configuration of its own whose store lies in this root.
    fn easgate(&self, arguments: &[&str]) -> Result<String, Failure> {
        let mut command = run::command(self.path("usr/bin/easgate"));
        command
            .args(arguments)
            .env("EASGATE_CONFIG", self.path("used.toml"));
        self.run(&mut command)
    }

    fn works(&self) -> Result<(), Failure> {
        let config = self.path("etc/easgate/easgate.toml");
        let text = run::read(&config)?;
        // The sample as it is shipped, but for the paths.
        let text = text.replace(
            "/var/lib/easgate",
            &self.path("var/lib/easgate").display().to_string(),
        );
        let used = self.path("used.toml");
        fs::write(&used, text).map_err(|source| Failure::write(&used, source))?;
        let version = self.easgate(&["--version"])?;
        holds(
            version.contains(env!("CARGO_PKG_VERSION")),
            "the installed program runs",
        )?;
        self.easgate(&["status"])?;
        fs::write(self.path(STAYS[1]), "a key")
            .map_err(|source| Failure::write(&self.path(STAYS[1]), source))?;
        holds(self.path(STAYS[0]).exists(), "the store is where the sample says")
    }

    fn upgrades(&self, package: &Path) -> Result<(), Failure> {
        let config = self.path("etc/easgate/easgate.toml");
        let edited = format!("{}# edited\n", run::read(&config)?);
        fs::write(&config, &edited).map_err(|source| Failure::write(&config, source))?;
        self.dpkg("--install", package)?;
        holds(run::read(&config)? == edited, "what an administrator wrote stays")?;
        let rights = fs::metadata(&config).map_err(|source| Failure::write(&config, source))?;
        holds(
            rights.permissions().mode() & 0o777 == 0o640,
            "so do the rights of the file",
        )?;
        self.stays("an upgrade")?;
        self.easgate(&["status"]).map(|_| ())
    }

    fn goes(&self) -> Result<(), Failure> {
        self.dpkg("--remove", Path::new("easgate"))?;
        holds(
            !self.path("usr/bin/easgate").exists(),
            "a removal takes the program away",
        )?;
        holds(
            self.path("etc/easgate/easgate.toml").exists(),
            "a removal leaves the configuration",
        )?;
        self.stays("a removal")?;
        let said = self.dpkg("--purge", Path::new("easgate"))?;
        holds(
            !self.path("etc/easgate/easgate.toml").exists(),
            "a purge takes the configuration away",
        )?;
        self.stays("a purge")?;
        for word in ["/var/lib/easgate stays", "device lists at Exchange stay"] {
            holds(
                said.contains(word),
                &format!("a purge says what it leaves ({word}):\n{said}"),
            )?;
        }
        Ok(())
    }

    fn stays(&self, after: &str) -> Result<(), Failure> {
        for path in STAYS {
            holds(
                self.path(path).exists(),
                &format!("{path} is there after {after}"),
            )?;
        }
        Ok(())
    }
}

/// A failure unless `what` is true.
fn holds(is_so: bool, what: &str) -> Result<(), Failure> {
    if is_so {
        Ok(())
    } else {
        Err(Failure::Package {
            what: what.to_owned(),
        })
    }
}
