//! The rows of the table.

mod clixml;
mod decide;
mod fragments;
mod lanes;
mod million;
mod program;
mod pypsrp;

use std::path::Path;
use std::process::Command;

pub(crate) use clixml::{answers, whole_way};
pub(crate) use decide::decided;

use crate::Failure;
use crate::arguments::Scale;
use crate::table::Row;

/// Every row.
pub(crate) fn all(scale: &Scale, heap: &Path) -> Result<Vec<Row>, Failure> {
    let mut rows = clixml::rows(scale);
    rows.extend(clixml::allocations(heap)?);
    rows.extend(fragments::rows(scale));
    rows.extend(decide::rows(scale, heap)?);
    rows.push(lanes::row(scale)?);
    rows.extend(pypsrp::row(scale)?);
    rows.extend(million::rows(scale)?);
    rows.extend(program::rows(scale)?);
    Ok(rows)
}

/// The rows of an organisation that is synced over the wire.
pub(crate) fn organization(scale: &Scale) -> Result<Vec<Row>, Failure> {
    million::rows(scale)
}

/// What the program `heap` counts.
pub(crate) fn count(heap: &Path, arguments: &[&str]) -> Result<f64, Failure> {
    let output = Command::new(heap).args(arguments).output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let told = String::from_utf8_lossy(&output.stderr);
    said.trim()
        .parse()
        .map_err(|_| format!("{} {arguments:?} said: {said}{told}", heap.display()).into())
}
