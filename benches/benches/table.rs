//! One table of everything that is measured: `cargo xtask bench`.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    easgate_benches::main(Path::new(env!("CARGO_BIN_EXE_heap")))
}
