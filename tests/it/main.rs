//! One integration binary for the whole workspace.

#[cfg(test)]
mod graph_peers;
#[cfg(test)]
mod psrp_peer;
#[cfg(test)]
mod pypsrp_client;
#[cfg(test)]
mod scenario;
