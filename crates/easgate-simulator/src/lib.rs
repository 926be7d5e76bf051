//! An Exchange organisation and a tenant that speak the real wire protocols on loopback, with faults on demand
