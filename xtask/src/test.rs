//! Every test, with its peers.

use crate::dist;
use crate::peers;
use crate::run::{self, Failure};

/// Installs the peers and runs every test of the workspace, documentation examples included.
pub(crate) fn test(arguments: &[String]) -> Result<(), Failure> {
    let peers = peers::install()?;
    let shared = run::root().join("../shared/data");
    // The integration tests run the binary as a person does.
    let features = features()?;
    let mut build = run::command(env!("CARGO"));
    run::finish(build.args(["build", "--locked", "-p", "easgate"]).args(features))?;
    dist::check(&dist::built(dist::Build::Debug))?;
    let mut tests = run::command(env!("CARGO"));
    tests
        .args(["test", "--locked", "--workspace"])
        .args(features)
        .args(arguments);
    tests
        .env("EASGATE_PEER_PYTHON", &peers.python)
        .env("EASGATE_PEER_NODE_MODULES", &peers.node_modules);
    if std::env::var_os("EASGATE_CONFORMANCE_DATA").is_none() && shared.is_dir() {
        tests.env("EASGATE_CONFORMANCE_DATA", &shared);
    }
    if !shared.is_dir() && std::env::var_os("EASGATE_CONFORMANCE_DATA").is_none() {
        println!("LEFT OUT: the recorded data of others (EASGATE_CONFORMANCE_DATA is not set)");
    }
    run::finish(&mut tests)
}

/// With what is tested: all that can be built here.
pub(crate) fn features() -> Result<&'static [&'static str], Failure> {
    Ok(if peers::system_kerberos()? {
        &["--features", "easgate/gssapi"]
    } else {
        &[]
    })
}
