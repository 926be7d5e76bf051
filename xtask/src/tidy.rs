//! What no compiler checks.

use std::path::Path;

use crate::run::{self, Failure};

/// The most lines of a source file.
const MAX_LINES: usize = 500;

/// Texts that must not stay in a source file, and why. Split, so that this file does not find itself.
const FORBIDDEN: &[(&str, &str)] = &[
    (concat!("todo", "!("), "unfinished work"),
    (concat!("unimplemented", "!("), "unfinished work"),
    (concat!("#[", "ignore"), "a test that nobody runs"),
    (concat!("#[", "allow("), "use #[expect(lint, reason)]"),
    (concat!("#![", "allow("), "use #![expect(lint, reason)]"),
    (concat!("dbg", "!("), "left over from debugging"),
    (concat!("/wo", "rk/"), "a path of one machine"),
    (concat!("/ro", "ot/"), "a path of one machine"),
    (concat!("/ho", "me/"), "a path of one machine"),
];

/// Checks every file that git knows, or would.
pub(crate) fn tidy() -> Result<(), Failure> {
    let listed =
        run::output(run::command("git").args(["ls-files", "--cached", "--others", "--exclude-standard"]))
            .unwrap_or_default();
    let mut findings = Vec::new();
    for file in listed.lines() {
        let path = run::root().join(file);
        if !path.is_file() {
            continue;
        }
        if file.ends_with("/mod.rs") {
            findings.push(format!("{file}: a module is foo.rs beside foo/"));
        }
        if ["rs", "py", "mjs", "toml", "md"]
            .iter()
            .any(|end| has_extension(file, end))
        {
            check_text(file, &run::read(&path)?, &mut findings);
        }
        if file.starts_with("tests/it/") && has_extension(file, "rs") {
            check_declared(file, &mut findings)?;
        }
    }
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        Ok(())
    } else {
        Err(Failure::Findings {
            count: findings.len(),
        })
    }
}

fn check_text(file: &str, text: &str, findings: &mut Vec<String>) {
    if has_extension(file, "rs") && text.lines().count() > MAX_LINES {
        findings.push(format!(
            "{file}: {} lines, and {MAX_LINES} is the most",
            text.lines().count()
        ));
    }
    if !text.is_empty() && !text.ends_with('\n') {
        findings.push(format!("{file}: does not end with a line break"));
    }
    for (number, line) in text.lines().enumerate() {
        if line.ends_with([' ', '\t']) && !has_extension(file, "md") {
            findings.push(format!("{file}:{}: white space at the end", number + 1));
        }
        for (forbidden, why) in FORBIDDEN {
            if line.contains(forbidden) {
                findings.push(format!("{file}:{}: {forbidden} ({why})", number + 1));
            }
        }
    }
}

/// Every file under `tests/it` is declared by its parent, or nothing compiles it.
fn check_declared(file: &str, findings: &mut Vec<String>) -> Result<(), Failure> {
    let path = Path::new(file);
    let Some(name) = path
        .file_stem()
        .and_then(|stem| stem.to_str())
        .filter(|name| *name != "main")
    else {
        return Ok(());
    };
    let folder = path.parent().unwrap_or(path);
    let parent = if folder == Path::new("tests/it") {
        folder.join("main.rs")
    } else {
        folder.with_extension("rs")
    };
    let declared = run::read(&run::root().join(&parent)).is_ok_and(|text| {
        text.lines()
            .any(|line| line.trim_start_matches("pub(crate) ").trim() == format!("mod {name};"))
    });
    if !declared {
        findings.push(format!(
            "{file}: {} does not declare it, so nothing compiles it",
            parent.display()
        ));
    }
    Ok(())
}

fn has_extension(file: &str, extension: &str) -> bool {
    Path::new(file)
        .extension()
        .is_some_and(|found| found == extension)
}
