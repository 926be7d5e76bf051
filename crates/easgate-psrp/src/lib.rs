//! PowerShell Remoting over WS-Management without I/O: CLIXML, fragments, runspace pools, pipelines, SOAP

pub mod client;
pub mod clixml;
pub mod command;
pub mod fragment;
pub mod message;
pub mod records;
pub mod server;
pub mod wsman;
