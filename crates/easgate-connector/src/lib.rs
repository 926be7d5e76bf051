//! The engine: gather, decide, guard, apply, and the ports it works through
