//! The program itself: how soon it starts, and how large it is.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::Failure;
use crate::arguments::Scale;
use crate::measure::wall_time;
use crate::table::{Figure, Goal, Row};

/// Both.
pub(super) fn rows(scale: &Scale) -> Result<Vec<Row>, Failure> {
    let program = program()?;
    let mut least = Duration::MAX;
    for _ in 0..scale.starts {
        let mut command = Command::new(&program);
        command.arg("--version").stdout(Stdio::null());
        let mut ended = None;
        least = least.min(wall_time(|| ended = Some(command.status())));
        let status = ended.ok_or("the program was not started")??;
        if !status.success() {
            return Err(format!("{} --version: {status}", program.display()).into());
        }
    }
    let bytes = u32::try_from(std::fs::metadata(&program)?.len())?;
    let row = |id, measure, value, unit, goal| Row {
        id,
        measure,
        ours: Figure { value, unit },
        floor: None,
        ratio: None,
        goal: Goal::AtMost(goal),
    };
    Ok(vec![
        row(
            "start",
            "easgate --version, from start to end",
            least.as_secs_f64() * 1e3,
            "ms",
            10.0,
        ),
        row(
            "binary",
            "the binary, stripped",
            f64::from(bytes) / 1e6,
            "MB",
            25.0,
        ),
    ])
}

/// The program that was built beside the benchmarks, in `target/PROFILE`.
pub(super) fn program() -> Result<PathBuf, Failure> {
    let here = std::env::current_exe()?;
    let folder = here.parent().and_then(Path::parent);
    let program = folder
        .ok_or("benchmarks stand in target/PROFILE/deps")?
        .join("easgate");
    if program.is_file() {
        Ok(program)
    } else {
        Err(format!("{} is missing: cargo build -p easgate", program.display()).into())
    }
}
