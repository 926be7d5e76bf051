//! The store: its file, the disk under it, and whether it belongs to the organisation that answered.

use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use easgate_config::Organization;
use easgate_connector::{Clock, SystemClock, figures};
use easgate_model::OrganizationId;
use easgate_store::Store;

use super::finding::Findings;
use crate::command::wiring::Settings;
use crate::output::chain;
use crate::render::figures::overdue_text;

const CURE: &str = "look at the disk, at the rights of the folder, and at `url` of [store]";

/// Opens the store, once for all organisations.
pub(super) async fn open(findings: &mut Findings, settings: &Settings) -> Option<Store> {
    let store = match settings.store().await {
        Ok(store) => store,
        Err(error) => {
            findings.bad("store", "", chain(error.as_ref()), Some(CURE));
            return None;
        }
    };
    if let Some(path) = store.path() {
        modes(findings, path);
        disk(findings, path.parent().unwrap_or_else(|| Path::new(".")));
    }
    Some(store)
}

/// Whether the runs came that should have come.
pub(super) async fn last_runs(findings: &mut Findings, store: &Store, organization: &Organization) {
    let now = SystemClock::new().now();
    match figures(store, &organization.name, organization.expected, now).await {
        Ok(figures) if figures.overdue.is_empty() => findings.good("last runs", "", "none is overdue"),
        Ok(figures) => {
            for overdue in &figures.overdue {
                findings.overdue(
                    &overdue_text(overdue),
                    "easgate status says whether the service runs, and its log why it does not read",
                );
            }
        }
        Err(error) => findings.bad("last runs", "", chain(&error), Some(CURE)),
    }
}

/// Whether the store can grow.
fn disk(findings: &mut Findings, folder: &Path) {
    match writable(folder) {
        Ok(()) => findings.good("disk", "", format!("{} can be written", folder.display())),
        Err(error) => {
            let cure = "make room on the disk, or let this account write there";
            findings.bad("disk", "", format!("{}: {error}", folder.display()), Some(cure));
        }
    }
}

/// Who besides this account gets at the file.
fn modes(findings: &mut Findings, path: &Path) {
    match std::fs::metadata(path) {
        Ok(meta) => {
            let mode = meta.permissions().mode() & 0o777;
            let evidence = format!("{} has mode {mode:04o}", path.display());
            if mode & 0o077 == 0 {
                findings.good("file modes", "", evidence);
            } else {
                let cure = format!("chmod 600 {}", path.display());
                findings.bad("file modes", "", evidence, Some(&cure));
            }
        }
        Err(error) => findings.bad(
            "file modes",
            "",
            format!("{}: {error}", path.display()),
            Some(CURE),
        ),
    }
}

/// Writes a page beside the store and takes it away, which finds a full disk too.
fn writable(folder: &Path) -> std::io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&[0; 4096])?;
    file.as_file().sync_all()
}

/// Whether the store belongs to the organisation that answered.
pub(super) async fn binding(findings: &mut Findings, store: &Store, name: &str, met: Option<OrganizationId>) {
    let binding = match store.organization(name).await {
        Ok(kept) => kept.binding().await,
        Err(error) => Err(error),
    };
    match binding {
        Err(error) => findings.bad("store", "", chain(&error), Some(CURE)),
        Ok((Some(bound), _)) if met.is_some_and(|met| met != bound) => findings.bad(
            "store",
            "",
            format!("it belongs to the organisation {bound}, and another one answered"),
            Some("look at `servers`; for a new organisation use a new name or a new store"),
        ),
        Ok((bound, _)) => {
            let bound = bound.map_or_else(|| "not bound yet".to_owned(), |id| format!("bound to {id}"));
            findings.good("store", "", format!("{}, {bound}", store.describe()));
        }
    }
}
