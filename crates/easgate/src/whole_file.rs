//! A file that is replaced whole: whoever reads sees what was there before or all of what is there now.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Puts `content` in the place of what was at `path`, by way of a draft beside it whose name has `suffix` more. The file has
/// the rights `mode`. A link that somebody has put in the way of the draft leads nowhere.
///
/// # Errors
/// The folder cannot be written.
pub(crate) fn write(path: &Path, suffix: &str, content: &str, mode: u32) -> io::Result<()> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(suffix);
    let draft = PathBuf::from(draft);
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let mut open = OpenOptions::new();
    let mut file = open.write(true).create_new(true).mode(mode).open(&draft)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()?;
    drop(file);
    fs::rename(&draft, path)
}
