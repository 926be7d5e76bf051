//! One integration binary for the whole workspace.

#[cfg(test)]
mod graph_peers;
#[cfg(test)]
mod scenario;
