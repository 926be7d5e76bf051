//! Runs PowerShell cmdlets on a remote endpoint: the WS-Management driver, record and replay
