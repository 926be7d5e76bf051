//! Format, clippy, documentation, licences, bans, sources and duplicate versions.

use crate::run::{self, Failure};
use crate::{metadata, peers};

/// Checks licences, bans, sources and duplicates by `deny.toml`.
const CARGO_DENY: &str = "0.20.2";

/// What cargo itself puts into every package.
const GENERATED: [&str; 2] = [".cargo_vcs_info.json", "Cargo.toml.orig"];

/// Runs every lint.
pub(crate) fn lint() -> Result<(), Failure> {
    run::cargo(&["fmt", "--all", "--check"])?;
    run::cargo(&[
        "clippy",
        "--locked",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ])?;
    if peers::system_kerberos()? {
        run::cargo(&[
            "clippy",
            "--locked",
            "-p",
            "easgate-cmdlet",
            "--features",
            "gssapi",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ])?;
    }
    let mut doc = run::command(env!("CARGO"));
    doc.args(["doc", "--locked", "--workspace", "--no-deps", "--quiet"])
        .env("RUSTDOCFLAGS", "-D warnings");
    run::finish(&mut doc)?;
    deny()?;
    package()
}

/// Runs `cargo deny`, and installs it first where it is missing.
fn deny() -> Result<(), Failure> {
    let installed = run::output(run::command(env!("CARGO")).args(["deny", "--version"]));
    if !installed.is_some_and(|version| version.trim().ends_with(CARGO_DENY)) {
        run::cargo(&[
            "install",
            "--locked",
            "--quiet",
            "--version",
            CARGO_DENY,
            "cargo-deny",
        ])?;
    }
    // A build fetches what this platform needs; the check reads the manifests of every platform's crates.
    run::cargo(&["fetch", "--locked", "--quiet"])?;
    run::cargo(&[
        "deny",
        "--locked",
        "--offline",
        "check",
        "licenses",
        "bans",
        "sources",
    ])
}

/// Lists what each publishable crate would ship, and refuses what does not belong there.
fn package() -> Result<(), Failure> {
    let mut findings = 0;
    for package in metadata::read()?.packages {
        if package.publish.is_some_and(|registries| registries.is_empty()) {
            continue;
        }
        let mut list = run::command(env!("CARGO"));
        list.args([
            "package",
            "--list",
            "--locked",
            "--allow-dirty",
            "-p",
            &package.name,
        ]);
        let Some(files) = run::output(&mut list) else {
            println!("{}: cargo package --list failed", package.name);
            findings += 1;
            continue;
        };
        for needed in ["README.md", "LICENSE-MIT", "LICENSE-APACHE"] {
            if !files.lines().any(|file| file == needed) {
                println!("{}: its package lacks {needed}", package.name);
                findings += 1;
            }
        }
        let odd = |file: &&str| {
            let known = [
                ".rs", ".toml", ".lock", ".md", ".sql", ".json", ".xml", ".pem", ".csv", ".txt", ".py",
            ];
            !known.iter().any(|end| file.ends_with(end))
                && !file.starts_with("LICENSE-")
                && !GENERATED.contains(file)
        };
        for file in files.lines().filter(odd) {
            println!("{}: its package holds {file}", package.name);
            findings += 1;
        }
    }
    if findings == 0 {
        Ok(())
    } else {
        Err(Failure::Findings { count: findings })
    }
}
