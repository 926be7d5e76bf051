//! Who runs this program.

use std::fs;
use std::os::unix::fs::MetadataExt;

use easgate_store::Actor;

/// Who asks over the control socket: by the name that was given, else by the user; the program itself where nobody does.
pub(crate) fn peer(uid: Option<u32>, by: Option<&str>) -> Actor {
    let name = match (by, uid) {
        (Some(by), _) => by.to_owned(),
        (None, Some(uid)) => format!("uid {uid}"),
        (None, None) => return Actor::program(),
    };
    Actor { name, uid }
}

/// Who runs this program, by the name that was given and by the operating system.
pub(crate) fn actor(by: Option<&str>) -> Actor {
    let uid = fs::metadata("/proc/self").ok().map(|process| process.uid());
    let name = by.map_or_else(
        || uid.map_or_else(|| "unknown".to_owned(), |uid| format!("uid {uid}")),
        str::to_owned,
    );
    Actor { name, uid }
}
