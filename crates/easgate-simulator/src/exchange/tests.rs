//! The endpoint by wire: our own client machines over plain HTTP.

mod client;
mod commands;
mod faults;
mod recorded;
mod servers;
mod shape;
