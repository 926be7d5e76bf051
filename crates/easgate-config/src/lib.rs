//! The configuration file: its format, its checks, and where secrets come from
