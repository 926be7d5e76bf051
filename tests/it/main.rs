//! One integration binary for the whole workspace.

#[cfg(test)]
mod scenario;
