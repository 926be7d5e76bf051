//! A clock for servers that is put forward and back while they run.

use std::path::PathBuf;
use std::process::Command;

use super::held::write;

/// The time of day of every server that was started with it; at first it is right.
pub(super) struct Clock {
    folder: tempfile::TempDir,
}

impl Clock {
    pub(super) fn new() -> Self {
        let clock = Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        };
        clock.set("+0");
        clock
    }

    /// Puts it forward or back from the real time, as in `+1h` or `-1h`.
    pub(super) fn set(&self, offset: &str) {
        write(&self.file(), offset);
    }

    /// Lets `server` live by it.
    pub(super) fn rule(&self, server: &mut Command) {
        server
            // The loader puts in its own word for the folder of this machine's libraries.
            .env("LD_PRELOAD", "/usr/$LIB/faketime/libfaketime.so.1")
            .env("FAKETIME_TIMESTAMP_FILE", self.file())
            .env("FAKETIME_NO_CACHE", "1")
            // How long something takes stays true.
            .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("offset")
    }
}
