//! Measures one command as a whole process.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use super::stage::{Stage, succeed};

/// What one process took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Measurement {
    /// Wall seconds from its start to its end.
    pub(super) seconds: f64,
    /// Processor seconds of all threads.
    pub(super) cpu_seconds: f64,
    /// Greatest resident memory.
    pub(super) peak_bytes: f64,
}

/// Runs `command` to its end. Returns what it took and what it wrote to standard output. Python
/// does the measuring: it reads a child's resource usage without unsafe code or a tool to install.
pub(super) fn measure(stage: &Stage, command: &Command) -> Result<(Measurement, String)> {
    let (result, stdout) = (stage.path("measured.json"), stage.path("stdout.txt"));
    let mut wrapper = stage.script("measure.py");
    wrapper.arg(&result).arg(&stdout).arg(command.get_program()).args(command.get_args());
    succeed(wrapper)?;
    let result = fs::read_to_string(&result).context("nothing was measured")?;
    let said = fs::read_to_string(&stdout).context("standard output was lost")?;
    let result: Value = serde_json::from_str(&result).context("the measurement is not JSON")?;
    let number =
        |name: &str| result[name].as_f64().with_context(|| format!("the measurement lacks {name}"));
    let measurement = Measurement {
        seconds: number("seconds")?,
        cpu_seconds: number("cpu_seconds")?,
        peak_bytes: number("peak_bytes")?,
    };
    Ok((measurement, said))
}
