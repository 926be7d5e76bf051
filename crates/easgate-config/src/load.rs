//! From the file to the configuration.

use std::io;
use std::path::{Path, PathBuf};

use toml::de::DeTable;

use crate::file::RawFile;
use crate::problem::{ParseError, Problem, Source, at};
use crate::schema::schema;
use crate::{Configuration, resolve, spelling};

/// Reads and checks the file at `path`. Relative paths in it go from its own folder.
///
/// # Errors
/// The file cannot be read, or something in it is wrong: then every mistake that can be found at once is named.
pub fn load(path: &Path) -> Result<Configuration, LoadError> {
    load_text(path).map(|(configuration, _)| configuration)
}

/// As [`load`], with the text of the file, to compare it with a later one.
///
/// # Errors
/// As [`load`].
pub fn load_text(path: &Path) -> Result<(Configuration, String), LoadError> {
    let unreadable = |source| LoadError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    let whole = std::path::absolute(path).map_err(unreadable)?;
    let base = whole.parent().unwrap_or(Path::new("/"));
    let configuration = parse(&text, base).map_err(|source| LoadError::Wrong {
        path: path.to_owned(),
        source,
    })?;
    Ok((configuration, text))
}

/// Checks `text`. Relative paths in it go from `base`.
///
/// # Errors
/// Something in the text is wrong: then every mistake that can be found at once is named.
pub fn parse(text: &str, base: &Path) -> Result<Configuration, ParseError> {
    let one = |problem: Problem| ParseError {
        problems: vec![problem],
    };
    let wrong = |error: &toml::de::Error| one(at(text, &error.span().unwrap_or(0..0), error.message()));
    let tree = DeTable::parse(text).map_err(|error| wrong(&error))?;
    let mut problems = spelling::misspelt(text, tree.get_ref(), &schema());
    if !problems.is_empty() {
        problems.sort_by_key(|problem| (problem.line, problem.column));
        return Err(ParseError { problems });
    }
    let raw: RawFile = toml::from_str(text).map_err(|error| wrong(&error))?;
    let source = Source::new(text, tree.get_ref());
    resolve::resolve(&raw, &source, base).map_err(|mut problems| {
        problems.sort_by_key(|problem| (problem.line, problem.column));
        ParseError { problems }
    })
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum LoadError {
    #[error("could not read the configuration {path}", path = path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("the configuration {path} cannot be used", path = path.display())]
    Wrong { path: PathBuf, source: ParseError },
}
