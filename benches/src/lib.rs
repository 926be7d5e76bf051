//! Benchmarks, as ratios within one run.

pub mod devices;
