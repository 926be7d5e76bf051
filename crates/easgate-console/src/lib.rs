//! The web console, the admin API and metrics
