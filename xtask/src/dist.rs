//! The Debian package: staged from the files of `packaging/`, built by dpkg-deb.

mod check;
mod sbom;
mod stage;

use std::path::{Path, PathBuf};

use crate::run::{self, Failure};

pub(crate) use check::check;

/// Which binary goes into the package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// The one that is shipped.
    Release,
    /// A quickly made one, for tests.
    Debug,
}

/// Builds the package and says where it is.
pub(crate) fn dist() -> Result<(), Failure> {
    let binary = build(Build::Release)?;
    let package = package(Build::Release, &binary, env!("CARGO_PKG_VERSION"))?;
    let bill = bill_of_materials(&package)?;
    println!("{}\n{}", package.display(), bill.display());
    Ok(())
}

/// Writes what the program is made of beside its package, and says where.
fn bill_of_materials(package: &Path) -> Result<PathBuf, Failure> {
    let bill = package.with_extension("cdx.json");
    sbom::write(&bill)?;
    sbom::check(&bill)?;
    Ok(bill)
}

/// Builds the binary.
pub(crate) fn build(build: Build) -> Result<PathBuf, Failure> {
    let flags: &[&str] = match build {
        Build::Release => &["--profile", "shipped"],
        Build::Debug => &[],
    };
    let mut cargo = run::command(env!("CARGO"));
    run::finish(cargo.args(["build", "--locked", "-p", "easgate"]).args(flags))?;
    Ok(built(build))
}

/// Where the binary is once it is built.
pub(crate) fn built(build: Build) -> PathBuf {
    let folder = match build {
        Build::Release => "shipped",
        Build::Debug => "debug",
    };
    target().join(folder).join("easgate")
}

/// Builds the package of `binary` with the number `version`.
fn package(build: Build, binary: &Path, version: &str) -> Result<PathBuf, Failure> {
    let folder = target().join("dist");
    let architecture = architecture()?;
    let stage = folder.join(format!("stage-{version}"));
    stage::stage(&stage, binary, version, &architecture)?;
    let package = folder.join(format!("easgate_{version}_{architecture}.deb"));
    let compression = match build {
        Build::Release => "-Zxz",
        Build::Debug => "-Znone",
    };
    let mut deb = run::command("dpkg-deb");
    deb.args(["--root-owner-group", compression, "--build"])
        .arg(&stage)
        .arg(&package);
    run::finish(&mut deb)?;
    Ok(package)
}

fn architecture() -> Result<String, Failure> {
    let printed = run::output(run::command("dpkg").arg("--print-architecture"));
    printed
        .map(|text| text.trim().to_owned())
        .ok_or_else(|| Failure::Missing {
            program: "dpkg".to_owned(),
        })
}

/// The folder of everything that is built.
fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| run::root().join("target"), PathBuf::from)
}
