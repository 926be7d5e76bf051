//! The page as a file for the textfile collector of node_exporter.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often it is written.
const EVERY: Duration = Duration::from_secs(60);

/// Where the page is written, and when it was.
#[derive(Debug)]
pub(crate) struct Textfile {
    path: PathBuf,
    written: Option<Duration>,
}

impl Textfile {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self { path, written: None }
    }

    /// Where it is to be written, if it is time at `now` by a clock that counts; it then counts from now on.
    pub(crate) fn due(&mut self, now: Duration) -> Option<PathBuf> {
        let is_due = self
            .written
            .is_none_or(|written| now.saturating_sub(written) >= EVERY);
        is_due.then(|| {
            self.written = Some(now);
            self.path.clone()
        })
    }
}

/// Puts `page` in the place of what was at `path`, so that whoever reads sees one or the other, whole.
///
/// The file is for its owner and its group, 0640.
///
/// # Errors
/// The folder cannot be written.
pub(crate) fn write(path: &Path, page: &str) -> Result<(), TextfileError> {
    let failed = |source| TextfileError {
        path: path.to_owned(),
        source,
    };
    // The collector reads names that end in `.prom` alone.
    let draft = path.with_extension("prom.new");
    let written = || {
        remove(&draft)?;
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o640)
            .open(&draft)?;
        file.write_all(page.as_bytes())?;
        drop(file);
        fs::rename(&draft, path)
    };
    written().map_err(failed)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The metrics could not be written to their file.
#[derive(Debug, thiserror::Error)]
#[error(
    "could not write the metrics to {path}; let this account write in its folder, or take metrics_file out of [service]",
    path = path.display()
)]
pub(crate) struct TextfileError {
    path: PathBuf,
    source: io::Error,
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    #[test]
    fn the_file_is_replaced_whole_and_is_not_for_everybody() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("easgate.prom");
        for page in ["a 1\n", "b 2\n"] {
            write(&path, page).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), page);
        }
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o137, 0, "{mode:o}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        // A link that somebody has put in the way of the draft leads nowhere.
        let victim = folder.path().join("victim");
        fs::write(&victim, "as it was").unwrap();
        symlink(&victim, folder.path().join("easgate.prom.new")).unwrap();
        write(&path, "c 3\n").unwrap();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "as it was");
        let error = write(&folder.path().join("none/easgate.prom"), "d 4\n").unwrap_err();
        assert!(error.to_string().contains("none/easgate.prom"), "{error}");
    }

    #[test]
    fn it_is_written_once_a_minute() {
        let mut file = Textfile::new(PathBuf::from("easgate.prom"));
        let due: Vec<bool> = [0, 20, 59, 60, 80, 130]
            .into_iter()
            .map(|seconds| file.due(Duration::from_secs(seconds)).is_some())
            .collect();
        assert_eq!(due, [true, false, false, true, false, true]);
    }
}
