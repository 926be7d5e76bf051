//! Durable state: devices last seen, ownership registry, journal, runs
