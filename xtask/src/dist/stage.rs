//! The tree of the package.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::run::{self, Failure};

/// The files that are copied: from the workspace, to the package, with their rights.
const FILES: [(&str, &str, u32); 7] = [
    (
        "packaging/easgate.service",
        "usr/lib/systemd/system/easgate.service",
        0o644,
    ),
    (
        "packaging/easgate.sysusers",
        "usr/lib/sysusers.d/easgate.conf",
        0o644,
    ),
    ("packaging/easgate.toml", "etc/easgate/easgate.toml", 0o640),
    ("packaging/debian/postinst", "DEBIAN/postinst", 0o755),
    ("packaging/debian/prerm", "DEBIAN/prerm", 0o755),
    ("packaging/debian/postrm", "DEBIAN/postrm", 0o755),
    ("CHANGELOG.md", "usr/share/doc/easgate/changelog.md", 0o644),
];

/// The completion scripts: the shell, and where it looks for them.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "usr/share/bash-completion/completions/easgate"),
    ("zsh", "usr/share/zsh/vendor-completions/_easgate"),
    ("fish", "usr/share/fish/vendor_completions.d/easgate.fish"),
];

/// Makes the tree anew in `stage`.
pub(super) fn stage(stage: &Path, binary: &Path, version: &str, architecture: &str) -> Result<(), Failure> {
    if stage.exists() {
        fs::remove_dir_all(stage).map_err(|source| Failure::write(stage, source))?;
    }
    for (from, to, mode) in FILES {
        copy(&run::root().join(from), &stage.join(to), mode)?;
    }
    documents(stage)?;
    copy(binary, &stage.join("usr/bin/easgate"), 0o755)?;
    for (shell, to) in COMPLETIONS {
        let script = run::output(run::command(binary).args(["completions", shell]));
        let script = script.ok_or_else(|| Failure::Missing {
            program: binary.display().to_string(),
        })?;
        write(&stage.join(to), &script, 0o644)?;
    }
    write(
        &stage.join("usr/share/doc/easgate/copyright"),
        &copyright()?,
        0o644,
    )?;
    write(
        &stage.join("DEBIAN/conffiles"),
        "/etc/easgate/easgate.toml\n",
        0o644,
    )?;
    write(
        &stage.join("DEBIAN/control"),
        &control(version, architecture),
        0o644,
    )?;
    let credentials = stage.join("etc/easgate/credentials");
    fs::create_dir_all(&credentials).map_err(|source| Failure::write(&credentials, source))?;
    for (folder, mode) in [("etc/easgate", 0o750), ("etc/easgate/credentials", 0o700)] {
        set_mode(&stage.join(folder), mode)?;
    }
    Ok(())
}

/// Copies all of `docs/`: the pages link to each other.
fn documents(stage: &Path) -> Result<(), Failure> {
    let docs = run::root().join("docs");
    let wrong = |source| Failure::Read {
        path: docs.clone(),
        source,
    };
    for entry in fs::read_dir(&docs).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        let to = stage.join("usr/share/doc/easgate").join(entry.file_name());
        copy(&entry.path(), &to, 0o644)?;
    }
    Ok(())
}

/// What dpkg wants to know.
fn control(version: &str, architecture: &str) -> String {
    // What the binary was linked with is the oldest that it is known to run with.
    let libc = run::output(run::command("getconf").arg("GNU_LIBC_VERSION"));
    let libc = libc
        .as_deref()
        .and_then(|text| text.trim().strip_prefix("glibc "));
    let libc = libc.map_or_else(|| "libc6".to_owned(), |version| format!("libc6 (>= {version})"));
    format!(
        "Package: easgate\n\
         Version: {version}\n\
         Architecture: {architecture}\n\
         Maintainer: The easgate authors <maintainers@easgate.invalid>\n\
         Section: admin\n\
         Priority: optional\n\
         Homepage: https://github.com/easgate/easgate\n\
         Depends: {libc}, libgcc-s1, systemd (>= 250)\n\
         Recommends: ca-certificates\n\
         Description: gates ActiveSync devices of an Exchange organisation by their compliance\n \
         Reads which phones are connected to Exchange and what Microsoft Intune knows of them, decides\n \
         for each phone allow, block or quarantine, and makes Exchange agree.\n"
    )
}

fn copyright() -> Result<String, Failure> {
    let text = |name: &str| run::read(&run::root().join(name));
    Ok(format!(
        "easgate may be used under the MIT licence or the Apache licence 2.0, as you like.\n\n{}\n\n{}",
        text("LICENSE-MIT")?,
        text("LICENSE-APACHE")?
    ))
}

fn copy(from: &Path, to: &Path, mode: u32) -> Result<(), Failure> {
    make_room(to)?;
    fs::copy(from, to).map_err(|source| Failure::write(from, source))?;
    set_mode(to, mode)
}

pub(super) fn write(to: &Path, text: &str, mode: u32) -> Result<(), Failure> {
    make_room(to)?;
    fs::write(to, text).map_err(|source| Failure::write(to, source))?;
    set_mode(to, mode)
}

fn make_room(file: &Path) -> Result<(), Failure> {
    let folder = file.parent().unwrap_or(file);
    fs::create_dir_all(folder).map_err(|source| Failure::write(folder, source))?;
    // dpkg-deb takes the rights of the folders as they are here, whatever the umask is.
    for folder in folder.ancestors().take_while(|folder| !folder.ends_with("dist")) {
        set_mode(folder, 0o755)?;
    }
    Ok(())
}

fn set_mode(path: &Path, mode: u32) -> Result<(), Failure> {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).map_err(|source| Failure::write(path, source))
}
