//! The programs of others that the tests talk to, from the package registries, with their versions pinned.

mod debian;

use std::path::{Path, PathBuf};

use crate::run::{self, Failure};

/// Where the peers stand.
pub(crate) struct Peers {
    /// A Python that has the packages of `tests/peers/requirements-*.txt`.
    pub(crate) python: PathBuf,
    /// The npm packages of `tests/peers/graph/package-lock.json`.
    pub(crate) node_modules: PathBuf,
}

/// Installs what is missing, below `.peers/` in the workspace.
pub(crate) fn install() -> Result<Peers, Failure> {
    let folder = run::root().join(".peers");
    let peers = Peers {
        python: python(&folder)?,
        node_modules: node(&folder)?,
    };
    authentication(&folder, &peers.python)?;
    have(debian::TRACING, "what kills the program at every step")?;
    have(debian::NETWORK, "nodes whose network is cut")?;
    have(debian::METRICS, "what Prometheus says of the metrics")?;
    have(debian::DATABASE, "the store on PostgreSQL")?;
    Ok(peers)
}

/// A virtual environment with every `requirements-*.txt`, installed by hash.
fn python(folder: &Path) -> Result<PathBuf, Failure> {
    let environment = folder.join("python");
    let python = environment.join("bin/python");
    let requirements = requirements()?;
    let mark = environment.join("installed");
    if run::read(&mark).is_ok_and(|installed| installed == requirements.wanted) {
        return Ok(python);
    }
    if run::output(run::command("python3").args(["-c", "import venv, ensurepip"])).is_none() {
        debian::install(&["python3", "python3-venv"])?;
    }
    run::finish(
        run::command("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&environment),
    )?;
    for file in &requirements.files {
        let mut pip = run::command(&python);
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--require-hashes",
            "-r",
        ]);
        run::finish(pip.arg(file))?;
    }
    write(&mark, &requirements.wanted)?;
    Ok(python)
}

struct Requirements {
    files: Vec<PathBuf>,
    wanted: String,
}

fn requirements() -> Result<Requirements, Failure> {
    let folder = run::root().join("tests/peers");
    let entries = std::fs::read_dir(&folder).map_err(|source| Failure::Read {
        path: folder.clone(),
        source,
    })?;
    let mut files: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .filter(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("requirements"))
        })
        .collect();
    files.sort();
    let mut wanted = String::new();
    for file in &files {
        wanted.push_str(&run::read(file)?);
    }
    Ok(Requirements { files, wanted })
}

/// The npm packages, by their lock file, without running any script of theirs.
fn node(folder: &Path) -> Result<PathBuf, Failure> {
    let source = run::root().join("tests/peers/graph");
    let target = folder.join("node");
    let node_modules = target.join("node_modules");
    let lock = run::read(&source.join("package-lock.json"))?;
    let mark = target.join("installed");
    if run::read(&mark).is_ok_and(|installed| installed == lock) {
        return Ok(node_modules);
    }
    if run::output(run::command("npm").arg("--version")).is_none() {
        debian::install(&["nodejs", "npm"])?;
    }
    for file in ["package.json", "package-lock.json"] {
        write(&target.join(file), &run::read(&source.join(file))?)?;
    }
    let mut npm = run::command("npm");
    npm.args([
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ])
    .current_dir(&target);
    run::finish(&mut npm)?;
    write(&mark, &lock)?;
    Ok(node_modules)
}

/// The servers that authenticate, and what Debian's own Python needs beside its packages.
///
/// Only Debian's Python sees Debian's GSS-API, so it has a folder of pure Python packages to itself.
fn authentication(folder: &Path, python: &Path) -> Result<(), Failure> {
    if !have(debian::AUTHENTICATION, "the peers that authenticate")? {
        return Ok(());
    }
    // What the tests ran against, for whoever reads a failure later.
    write(
        &folder.join("debian-packages"),
        &debian::versions(debian::AUTHENTICATION),
    )?;
    let requirements = run::root().join("tests/peers/auth/requirements.txt");
    let target = folder.join("debian-python");
    let mark = target.join("installed");
    let wanted = run::read(&requirements)?;
    if run::read(&mark).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let mut pip = run::command(python);
    pip.args(["-m", "pip", "--python", "/usr/bin/python3", "install"])
        .args([
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--require-hashes",
            "--upgrade",
        ])
        .arg("--target")
        .arg(&target)
        .arg("-r");
    run::finish(pip.arg(&requirements))?;
    write(&mark, &wanted)
}

/// Installs what a package is built, checked and installed with; `false` when that is not possible here.
pub(crate) fn packaging() -> Result<bool, Failure> {
    if !debian::possible() && std::env::var_os("CI").is_none() {
        println!("LEFT OUT: the life of the Debian package; it takes apt-get, as root");
        return Ok(false);
    }
    have(debian::PACKAGING, "the life of the Debian package")
}

/// Installs what the feature `gssapi` is built with; `false` when that is not possible here.
pub(crate) fn system_kerberos() -> Result<bool, Failure> {
    have(debian::SYSTEM_KERBEROS, "Kerberos by the system's library")
}

/// Installs those of `packages` that are missing; `false` where only an administrator could, who is then told.
fn have(packages: &[&str], what: &str) -> Result<bool, Failure> {
    let missing = debian::missing(packages);
    if missing.is_empty() {
        return Ok(true);
    }
    if !debian::possible() && std::env::var_os("CI").is_none() {
        println!(
            "LEFT OUT: {what}; it takes {} (as root, by apt-get)",
            missing.join(" ")
        );
        return Ok(false);
    }
    debian::install(&missing)?;
    println!("{}", debian::versions(packages).trim_end());
    Ok(true)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |source| Failure::Read {
        path: path.to_owned(),
        source,
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(path, text).map_err(failed)
}
