//! The mapper: facts in, access decisions with a trace out, changes out, and a guard against mass lock-out
