//! An export of the audit, line by line.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use easgate_store::{AuditLine, LineError};

/// The longest line of an export.
const MAX_LINE: u64 = 1 << 20;

/// The records of an export with the numbers of their lines, which begin at 1.
pub(crate) struct Lines {
    reader: BufReader<File>,
    number: u64,
}

impl Lines {
    /// Opens the export at `path`.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            reader: BufReader::new(File::open(path)?),
            number: 0,
        })
    }
}

impl Iterator for Lines {
    type Item = io::Result<(u64, Result<AuditLine, LineError>)>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut line = Vec::new();
        let read = Read::by_ref(&mut self.reader)
            .take(MAX_LINE)
            .read_until(b'\n', &mut line);
        match read {
            Ok(0) => return None,
            Ok(_) => {}
            Err(error) => return Some(Err(error)),
        }
        self.number += 1;
        Some(Ok((
            self.number,
            AuditLine::parse(&String::from_utf8_lossy(&line)),
        )))
    }
}
