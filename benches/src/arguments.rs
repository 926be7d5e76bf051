//! The command line, and how much is measured.

use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

/// Measures, and compares with what is to be reached.
#[derive(Debug, Parser)]
#[command(name = "bench")]
pub(crate) struct Arguments {
    /// Prints JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Runs each once and small, to see that it works.
    #[arg(long)]
    pub(crate) check: bool,
    /// Draws how cost grows with the number of devices into this SVG file, and measures nothing else.
    #[arg(long)]
    pub(crate) plot: Option<PathBuf>,
    /// How many devices the organisation has that is synced over the wire; measures nothing else.
    #[arg(long)]
    pub(crate) devices: Option<u32>,
    /// Given by cargo.
    #[arg(long, hide = true)]
    bench: bool,
}

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    /// How many turns the cases take.
    pub(crate) turns: usize,
    /// How many device records are decoded in one turn.
    pub(crate) records: usize,
    /// The bytes of the short and of the long message that are joined from fragments.
    pub(crate) messages: [usize; 2],
    /// How many devices are decided.
    pub(crate) devices: u32,
    /// How often that is done.
    pub(crate) decisions: usize,
    /// How long a simulated cmdlet takes.
    pub(crate) latency: Duration,
    /// How many runspaces run it.
    pub(crate) runspaces: u32,
    /// How many changes each makes.
    pub(crate) changes: u32,
    /// How many devices the list has that we and pypsrp read.
    pub(crate) listed: u32,
    /// How often we read it.
    pub(crate) lists: usize,
    /// How many devices the organisation has that is synced over the wire.
    pub(crate) organization: u32,
    /// How often the program is started.
    pub(crate) starts: usize,
    /// The numbers of devices of the plot.
    pub(crate) growth: &'static [u32],
}

impl Scale {
    /// For figures.
    pub(crate) const FULL: Self = Self {
        turns: 25,
        records: 500,
        messages: [16_000_000, 64_000_000],
        devices: 1_000_000,
        decisions: 3,
        latency: Duration::from_millis(200),
        runspaces: 8,
        changes: 25,
        listed: 20_000,
        lists: 3,
        organization: 1_000_000,
        starts: 40,
        growth: &[
            1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000,
        ],
    };

    /// To see that it works.
    pub(crate) const CHECK: Self = Self {
        turns: 1,
        records: 5,
        messages: [50_000, 200_000],
        devices: 500,
        decisions: 1,
        latency: Duration::from_millis(5),
        runspaces: 2,
        changes: 2,
        listed: 40,
        lists: 1,
        organization: 2_000,
        starts: 1,
        growth: &[100, 200],
    };
}
