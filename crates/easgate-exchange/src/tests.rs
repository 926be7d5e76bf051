//! The client over a transport that answers from tables.

mod commands;
mod conformance;
mod decoding;
mod errors;
mod lists;
mod rights;
mod script;
mod support;
