//! The command line of easgate.

fn main() {}
