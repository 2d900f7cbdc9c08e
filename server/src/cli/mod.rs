//! The command line: what is typed, and which function answers.

mod actor;
mod catalog;
mod demo;
mod doctor;
mod generate;
mod ingest;
mod output;
mod query;
mod runs;
mod sources;
mod transformations;
mod wait;
mod worker;

use std::error::Error as _;
use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use domain::{Error, ErrorKind, Result};

use crate::config::LakeConfig;
use output::Output;

/// The control room of a data lake.
#[derive(Debug, Parser)]
#[command(name = "sluice", version, about, arg_required_else_help = true)]
pub struct Arguments {
    #[command(flatten)]
    lake: LakeConfig,

    /// How results are printed.
    #[arg(long, global = true, value_enum, default_value_t = Output::Table)]
    output: Output,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a lake with both taxi datasets, run files through it and query the result.
    Demo(demo::Demo),
    /// Land a file in the raw zone and run it through both hops.
    Ingest(ingest::Ingest),
    /// Propose, register and show sources.
    #[command(subcommand)]
    Sources(sources::Sources),
    /// Set, check and show the SQL of purpose-built tables.
    #[command(subcommand)]
    Transformations(transformations::Transformations),
    /// Show runs, go on with them, browse their quarantine.
    #[command(subcommand)]
    Runs(runs::Runs),
    /// Query the tables of the catalog.
    Query(query::Query),
    /// Show the tables of the catalog.
    #[command(subcommand)]
    Catalog(catalog::Catalog),
    /// Watch the raw zone and carry out runs until stopped.
    Worker(worker::WorkerCommand),
    /// Check the set-up and say what is wrong.
    Doctor,
    /// Write generated taxi trips to a file.
    #[command(hide = true)]
    GenerateTrips(generate::GenerateTrips),
}

/// Runs a command. Exit codes: 0 done, 1 failed, 2 the input is wrong.
pub fn run(arguments: Arguments) -> ExitCode {
    start_logging();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return report(&Error::internal(format!("no threads: {error}"))),
    };
    let outcome = runtime.block_on(dispatch(arguments));
    // Work that nobody waits for any more must not hold the process.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    match outcome {
        Ok(code) => code,
        Err(error) => report(&error),
    }
}

async fn dispatch(arguments: Arguments) -> Result<ExitCode> {
    let Arguments { lake, output, command } = arguments;
    match command {
        Command::Demo(command) => command.run(&lake, output).await,
        Command::Ingest(command) => command.run(&lake, output).await,
        Command::Sources(command) => command.run(&lake, output).await,
        Command::Transformations(command) => command.run(&lake, output).await,
        Command::Runs(command) => command.run(&lake, output).await,
        Command::Query(command) => command.run(&lake, output).await,
        Command::Catalog(command) => command.run(&lake, output).await,
        Command::Worker(command) => command.run(&lake).await,
        Command::Doctor => doctor::run(&lake, output).await,
        Command::GenerateTrips(command) => command.run(),
    }
}

/// Prints an error with its causes. A closed pipe (`sluice … | head`) is no error.
fn report(error: &Error) -> ExitCode {
    if error.kind() == ErrorKind::Cancelled {
        return ExitCode::SUCCESS;
    }
    let mut text = format!("error: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str("\n  caused by: ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    let _ = writeln!(std::io::stderr(), "{text}");
    match error.kind() {
        ErrorKind::Invalid | ErrorKind::NotFound => ExitCode::from(2),
        _ => ExitCode::FAILURE,
    }
}

/// Logs go to standard error; `RUST_LOG` says how much.
fn start_logging() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("error"));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false)
        .try_init();
}
