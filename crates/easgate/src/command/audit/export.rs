//! `easgate audit export`: the audit as JSON lines.

use std::fs::OpenOptions;
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use easgate_store::{Anchor, AuditKey, AuditLine, Organization};

use super::PAGE;
use crate::cli::{AuditExportArguments, Common};
use crate::command::Failure;
use crate::command::wiring::Settings;
use crate::exit::Exit;

/// Writes the records of each organisation in turn, page by page.
///
/// # Errors
/// When the configuration, the store or the output cannot be used.
pub(crate) async fn run(arguments: &AuditExportArguments) -> Result<Exit, Failure> {
    let settings = Settings::read(&Common {
        config: arguments.config.clone(),
        organization: arguments.organization.clone(),
        json: false,
    })?;
    let store = settings.store().await?;
    let key = match store.anchor() {
        Some(anchor) if arguments.anonymous => Some(Anchor::key_or_new(anchor)?.0),
        Some(_) | None => None,
    };
    let mut output = Output::open(arguments.output.as_ref())?;
    for organization in settings.organizations() {
        let organization = store.organization(&organization.name).await?;
        let first = match arguments.since {
            Some(since) => organization.first_audit_since(since).await?,
            None => Some(1),
        };
        let Some(first) = first else { continue };
        write(&organization, first, key.as_ref(), &mut output).await?;
    }
    output.finish()?;
    store.close().await;
    Ok(Exit::Done)
}

async fn write(
    organization: &Organization,
    first: i64,
    key: Option<&AuditKey>,
    output: &mut Output,
) -> Result<(), Failure> {
    let mut after = first - 1;
    loop {
        let page = organization.audit(after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.sequence;
        for record in page {
            let line = match key {
                Some(key) => AuditLine::anonymous(record, key),
                None => AuditLine::whole(record),
            };
            output.line(&line.to_json())?;
        }
    }
}

/// Where the lines go.
struct Output {
    to: BufWriter<Box<dyn Write + Send>>,
    name: String,
    /// Whether whoever reads has gone away, as `head` does.
    closed: bool,
}

impl Output {
    fn open(path: Option<&PathBuf>) -> Result<Self, ExportError> {
        let name = path.map_or_else(|| "standard output".to_owned(), |path| path.display().to_string());
        let to: Box<dyn Write + Send> = match path {
            None => Box::new(io::stdout()),
            Some(path) => Box::new(
                OpenOptions::new()
                    .create(true)
                    .write(true)
                    .truncate(true)
                    .mode(0o600)
                    .open(path)
                    .map_err(|source| ExportError {
                        name: name.clone(),
                        source,
                    })?,
            ),
        };
        Ok(Self {
            to: BufWriter::new(to),
            name,
            closed: false,
        })
    }

    fn line(&mut self, line: &str) -> Result<(), ExportError> {
        if self.closed {
            return Ok(());
        }
        let written = writeln!(self.to, "{line}");
        self.unless_closed(written)
    }

    fn finish(mut self) -> Result<(), ExportError> {
        let flushed = self.to.flush();
        self.unless_closed(flushed)
    }

    fn unless_closed(&mut self, result: io::Result<()>) -> Result<(), ExportError> {
        match result {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(())
            }
            result => result.map_err(|source| ExportError {
                name: self.name.clone(),
                source,
            }),
        }
    }
}

/// The export could not be written.
#[derive(Debug, thiserror::Error)]
#[error("could not write the export to {name}")]
struct ExportError {
    name: String,
    source: io::Error,
}
