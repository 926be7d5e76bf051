//! The program as a person runs it, against simulated servers on loopback.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on panics")]

mod as_written;
mod audit;
mod by_hand;
mod check;
mod demo;
mod exit_codes;
mod failover;
mod gates;
mod hostile;
mod organizations;
mod place;
mod plans;
#[expect(clippy::print_stdout, reason = "what is left out is said plainly")]
#[path = "../../../../tests/peers/postgres/server.rs"]
mod postgres;
mod rbac;
mod registry;
mod run;
mod stand_ins;
mod store;
mod syncs;
mod undo;
