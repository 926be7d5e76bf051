//! PowerShell Remoting over WS-Management without I/O: CLIXML, fragments, runspace pools, pipelines, SOAP

pub mod clixml;
pub mod wsman;
