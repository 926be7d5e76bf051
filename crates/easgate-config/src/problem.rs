//! What is wrong with a file, with its place and its cure.

use std::fmt;
use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
    /// What is wrong and what cures it.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

/// Something that works and that should be looked at; the same form as a problem.
pub type Warning = Problem;

/// Everything that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError {
    /// At least one, in the order of the file.
    pub problems: Vec<Problem>,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.problems.iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ParseError {}

/// A step on the way to a value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Key<'a> {
    Name(&'a str),
    Index(usize),
}

/// The text of the file with the places of its values.
pub(crate) struct Source<'a> {
    text: &'a str,
    tree: &'a DeTable<'a>,
}

impl<'a> Source<'a> {
    pub(crate) const fn new(text: &'a str, tree: &'a DeTable<'a>) -> Self {
        Self { text, tree }
    }

    /// A problem with the value at `path`, or with the nearest value around it.
    pub(crate) fn problem(&self, path: &[Key<'_>], message: impl Into<String>) -> Problem {
        at(self.text, &self.span(path), message)
    }

    fn span(&self, path: &[Key<'_>]) -> Range<usize> {
        let mut span = 0..0;
        let mut table = Some(self.tree);
        let mut value: Option<&DeValue<'_>> = None;
        for key in path {
            let next = match key {
                Key::Name(name) => {
                    let found =
                        table.and_then(|table| table.iter().find(|(known, _)| known.get_ref() == name));
                    found.map(|(key, value)| {
                        // An array of tables has its header at each element, not at the key.
                        span = key.span();
                        value
                    })
                }
                Key::Index(index) => {
                    let element = value.and_then(|value| value.get(*index));
                    if let Some(element) = element {
                        span = element.span();
                    }
                    element
                }
            };
            let Some(next) = next else { break };
            value = Some(next.get_ref());
            table = next.get_ref().as_table();
        }
        span
    }
}

/// A problem at `span` of `text`.
pub(crate) fn at(text: &str, span: &Range<usize>, message: impl Into<String>) -> Problem {
    let before = text.get(..span.start).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Problem {
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).map_or(0, |line| line.chars().count()) + 1,
        message: message.into(),
    }
}
