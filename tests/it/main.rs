//! One integration binary for the whole workspace.

mod scenario;
