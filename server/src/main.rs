//! The `sluice` binary: command line in, exit code out.

use std::process::ExitCode;

use clap::Parser;
use server::cli::{Arguments, run};

fn main() -> ExitCode {
    run(Arguments::parse())
}
