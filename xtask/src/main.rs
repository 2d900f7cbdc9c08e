//! `cargo xtask`: the commands of the project itself. It builds in seconds because it knows nothing
//! of the engine; what needs the engine is asked of the `sluice` binary.
#![allow(clippy::print_stdout, reason = "a command line tool speaks on standard output")]

mod bench;
mod demo;
mod emulator;
mod node;
mod python;
mod site;
mod test;
mod wasm_target;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

#[derive(Debug, Parser)]
#[command(name = "cargo xtask", about = "Commands of the Sluice project")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build Sluice and run its demo: an embedded lake with two taxi datasets.
    Demo {
        /// In mode `aws` instead, over four empty accounts of an emulator that ends with the demo.
        #[arg(long)]
        aws_emulator: bool,
        /// Passed on to `sluice demo`, for example `--no-serve`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Build the console's static files: module, style sheet, fonts.
    Site {
        /// Build fast and large, with messages for developers.
        #[arg(long)]
        dev: bool,
    },
    /// Run every check: format, clippy, wasm, unit, contract and integration tests.
    Test,
    /// Measure the whole job side by side with DuckDB and Polars.
    Bench(bench::Options),
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the command; false when it ran to its end and found faults.
fn run() -> anyhow::Result<bool> {
    let cli = Cli::parse();
    let workspace = Workspace::find()?;
    match cli.command {
        Command::Demo { aws_emulator, args } => demo::run(&workspace, aws_emulator, &args),
        Command::Site { dev } => site::build(&workspace, dev).map(|_| true),
        Command::Test => test::run(&workspace),
        Command::Bench(options) => bench::run(&workspace, &options),
    }
}
