//! One integration binary for the whole workspace.

#[cfg(test)]
mod auth_peers;
#[cfg(test)]
mod crash_points;
#[cfg(test)]
mod full_sync;
#[cfg(test)]
mod graph_peers;
#[cfg(test)]
mod model;
#[cfg(test)]
mod month;
#[cfg(test)]
#[expect(dead_code, reason = "other tests ask it for its certificate")]
#[path = "../peers/postgres/server.rs"]
mod postgres;
#[cfg(test)]
mod program;
#[cfg(test)]
mod psrp_peer;
#[cfg(test)]
mod pypsrp_client;
#[cfg(test)]
mod scenario;
#[cfg(test)]
mod sequences;
#[cfg(test)]
mod world_file;
