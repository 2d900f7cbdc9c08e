//! `cargo xtask bench`: the whole job side by side with other engines, as whole processes in turn.

mod contestant;
mod history;
mod lake;
mod process;
mod publish;
mod rounds;
mod stage;
mod statistics;
mod web;

use anyhow::{Result, ensure};
use clap::Args;

use crate::workspace::Workspace;
use stage::Stage;

/// Rows of the yellow month that the benchmark is modelled on.
const MONTH: u64 = 1_007_284;

/// Bytes of a generated yellow row, to turn gigabytes into rows.
const BYTES_PER_ROW: f64 = 96.5;

/// What to measure.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Rows of the input file.
    #[arg(long, default_value_t = MONTH)]
    rows: u64,
    /// Size of the input file in gigabytes, instead of rows.
    #[arg(long, conflicts_with = "rows")]
    gb: Option<f64>,
    /// Measured rounds, after one that warms the caches.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    /// Also run local PySpark (needs Java).
    #[arg(long)]
    spark: bool,
    /// Measure what 365 partitions of history cost the second hop, instead.
    #[arg(long)]
    history: bool,
    /// Measure the budgets of the console, instead.
    #[arg(long, conflicts_with_all = ["history", "gb", "spark"])]
    web: bool,
    /// Measure waves of files with somebody looking on, instead.
    #[arg(long, conflicts_with_all = ["history", "gb", "spark", "web"])]
    load: bool,
    /// With --web or --load: measure the development build, which is not what counts.
    #[arg(long, conflicts_with = "write")]
    quick: bool,
    /// Put the table into docs/BENCHMARKS.md.
    #[arg(long)]
    write: bool,
}

impl Options {
    fn input_rows(&self) -> Result<u64> {
        let Some(gigabytes) = self.gb else { return Ok(self.rows) };
        ensure!((0.01..=1_000.0).contains(&gigabytes), "--gb must lie between 0.01 and 1000");
        Ok((gigabytes * 1e9 / BYTES_PER_ROW) as u64)
    }

    /// The place in docs/BENCHMARKS.md that these options fill.
    fn section(&self) -> &'static str {
        match (self.history, self.gb) {
            _ if self.web => "web",
            _ if self.load => "load",
            (true, _) => "history",
            (false, Some(_)) => "large",
            (false, None) => "job",
        }
    }
}

/// Measures, prints a table in Markdown, and fails when the contestants' results differ.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    let table = measure(workspace, options)?;
    println!("\n{table}");
    if options.write {
        let path = workspace.root().join("docs").join("BENCHMARKS.md");
        publish::replace_section(&path, options.section(), &table)?;
    }
    Ok(true)
}

fn measure(workspace: &Workspace, options: &Options) -> Result<String> {
    if options.web {
        return web::measure(workspace, options.quick);
    }
    if options.load {
        return web::load::measure(workspace, options.quick);
    }
    ensure!(!options.quick, "--quick goes with --web and --load");
    let rows = options.input_rows()?;
    let stage = Stage::set_up(workspace, options.spark)?;
    match options.history {
        true => history::measure(&stage, rows, options.runs),
        false => rounds::measure(&stage, rows, options.runs, options.spark),
    }
}
