//! The page as a file for the textfile collector of node_exporter.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::every::Every;
use crate::whole_file;

/// How often it is written.
const PERIOD: Duration = Duration::from_secs(60);

/// Where the page is written, and when it was.
#[derive(Debug)]
pub(crate) struct Textfile {
    path: PathBuf,
    every: Every,
}

impl Textfile {
    pub(crate) const fn new(path: PathBuf) -> Self {
        Self {
            path,
            every: Every::new(PERIOD),
        }
    }

    /// Where it is to be written, if it is time at `now` by a clock that counts; it then counts from now on.
    pub(crate) fn due(&mut self, now: Duration) -> Option<PathBuf> {
        self.every.is_due(now).then(|| self.path.clone())
    }
}

/// Puts `page` in the place of what was at `path`, so that whoever reads sees one or the other, whole.
///
/// The file is for its owner and its group, 0640.
///
/// # Errors
/// The folder cannot be written.
pub(crate) fn write(path: &Path, page: &str) -> Result<(), TextfileError> {
    // The collector reads names that end in `.prom` alone.
    whole_file::write(path, ".new", page, 0o640).map_err(|source| TextfileError {
        path: path.to_owned(),
        source,
    })
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
    use std::fs;
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
