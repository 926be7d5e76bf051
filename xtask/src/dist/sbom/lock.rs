//! The checksums of `Cargo.lock`.

use std::collections::BTreeMap;

/// The SHA-256 of each crate that comes from a registry.
pub(super) struct Checksums(BTreeMap<(String, String), String>);

impl Checksums {
    /// Reads the lock file, in the form that cargo writes it.
    pub(super) fn read(lock: &str) -> Self {
        let value = |package: &str, key: &str| {
            let line = package
                .lines()
                .find_map(|line| line.strip_prefix(key)?.strip_prefix(" = \""));
            line.and_then(|line| line.strip_suffix('"')).map(str::to_owned)
        };
        let packages = lock.split("[[package]]").skip(1);
        let checksum = |package: &str| {
            let key = (value(package, "name")?, value(package, "version")?);
            Some((key, value(package, "checksum")?))
        };
        Self(packages.filter_map(checksum).collect())
    }

    pub(super) fn of(&self, name: &str, version: &str) -> Option<&str> {
        let key = (name.to_owned(), version.to_owned());
        self.0.get(&key).map(String::as_str)
    }
}
