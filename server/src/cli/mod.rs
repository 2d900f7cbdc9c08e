//! The command line: what is typed, and which function answers.

mod actor;
mod catalog;
mod config;
mod delivery;
mod demo;
mod doctor;
mod generate;
mod generate_runs;
mod ingest;
mod output;
mod quality;
mod query;
mod runs;
mod serve;
mod sign_in_link;
mod sources;
mod transformation_diff;
mod transformation_test;
mod transformations;
mod wait;
mod worker;

use std::error::Error as _;
use std::io::Write;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use domain::{Error, ErrorKind, Result};

use crate::config::{self as configuration, ConfigFlags, Given};
use delivery::Flow;
use output::Output;

/// The control room of a data lake.
#[derive(Debug, Parser)]
#[command(name = "sluice", version, about, arg_required_else_help = true)]
pub struct Arguments {
    #[command(flatten)]
    flags: ConfigFlags,

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
    /// Show, set and check the quality rules of tables.
    #[command(subcommand)]
    Quality(quality::Quality),
    /// Show runs, go on with them, browse their quarantine.
    #[command(subcommand)]
    Runs(runs::Runs),
    /// Query the tables of the catalog.
    Query(query::Query),
    /// Write the files of a new lake into a folder.
    Init(delivery::init::Init),
    /// Check the lake in a folder, as a pipeline's build will.
    Validate(delivery::validate::Validate),
    /// List pipelines and stacks.
    Ls(delivery::ls::Ls),
    /// Make what has to be in an account before Sluice can work there.
    #[command(subcommand)]
    Bootstrap(delivery::bootstrap::Bootstrap),
    /// Print the templates of stacks, with what they are given.
    Synth(delivery::synth::Synth),
    /// Show what the head of a branch would change in its environment.
    Diff(delivery::diff::Diff),
    /// Start every pipeline at the head of its branch, in order.
    Deploy(delivery::deploy::Deploy),
    /// Delete the stacks that Sluice made.
    Destroy(delivery::destroy::Destroy),
    /// Put the parameters of an environment where templates read them.
    Configure(delivery::configure::Configure),
    /// Set secrets of an environment and describe them.
    #[command(subcommand)]
    Secrets(delivery::secrets::Secrets),
    /// Show executions of pipelines, start them, go on with them.
    #[command(subcommand)]
    Pipelines(delivery::pipelines::Pipelines),
    /// Show what a plan would do.
    #[command(subcommand)]
    Plan(delivery::plan::PlanCommand),
    /// Approve a plan.
    Approve(delivery::decide::Approve),
    /// Reject a plan.
    Reject(delivery::decide::Reject),
    /// Move the release that runs in one environment to the next.
    Promote(delivery::move_release::Promote),
    /// Bring an earlier release back.
    Rollback(delivery::move_release::Rollback),
    /// Show the tables of the catalog.
    #[command(subcommand)]
    Catalog(catalog::Catalog),
    /// Console, API and workers in one process, until stopped.
    Serve(serve::Serve),
    /// Print a link that signs in to the console once.
    SignInLink(sign_in_link::SignInLink),
    /// Watch the raw zones and the lake repository, carry out runs and executions until stopped.
    Worker(worker::WorkerCommand),
    /// Show and check the configuration.
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Check the set-up and say what is wrong.
    Doctor,
    /// Write generated taxi trips to a file.
    #[command(hide = true)]
    GenerateTrips(generate::GenerateTrips),
    /// Record runs that look as if they had been carried out.
    #[command(hide = true)]
    GenerateRuns(generate_runs::GenerateRuns),
}

/// Stages of a pipeline plan and compare SQL many calls deep: without optimisation that is more than
/// the 2 MiB that threads have by default, and a process whose stack is full just ends.
const WORKER_STACK_BYTES: usize = 16 * 1024 * 1024;

/// Runs a command. Exit codes: 0 done, 1 failed, 2 the input is wrong, 3 it waits for people.
pub fn run(arguments: Arguments) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .thread_stack_size(WORKER_STACK_BYTES)
        .enable_all()
        .build();
    let runtime = match runtime {
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
    let Arguments { flags, output, command } = arguments;
    let variables = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let loaded = configuration::load(&flags, variables, command.settings())?;
    let config = &loaded.config;
    crate::logging::start(&config.log, command.is_a_service());
    let asked = flags.environment.as_ref();
    let lake = config.lake(&config.environment(asked)?)?;
    match command {
        Command::Demo(command) => command.run(config, lake, output).await,
        Command::Ingest(command) => command.run(&lake, output).await,
        Command::Sources(command) => command.run(config, &lake, output).await,
        Command::Transformations(command) => command.run(config, &lake, output).await,
        Command::Quality(command) => command.run(config, &lake, output).await,
        Command::Runs(command) => command.run(&lake, output).await,
        Command::Query(command) => command.run(&lake, output).await,
        Command::Init(command) => command.run(output),
        Command::Validate(command) => command.run(config, output).await,
        Command::Ls(command) => command.run(&Flow::open(config).await?, output).await,
        Command::Bootstrap(command) => command.run(&Flow::open(config).await?, output).await,
        Command::Synth(command) => command.run(&Flow::open(config).await?, output).await,
        Command::Diff(command) => command.run(&Flow::open(config).await?, output).await,
        Command::Deploy(command) => command.run(&Flow::open(config).await?, output).await,
        Command::Destroy(command) => command.run(&Flow::open(config).await?, output).await,
        Command::Configure(command) => command.run(&Flow::open(config).await?, output).await,
        Command::Secrets(command) => command.run(config, asked, output).await,
        Command::Pipelines(command) => command.run(config, asked, output).await,
        Command::Plan(command) => command.run(&Flow::open(config).await?, output).await,
        Command::Approve(command) => command.run(&Flow::open(config).await?, output).await,
        Command::Reject(command) => command.run(&Flow::open(config).await?, output).await,
        Command::Promote(command) => command.run(&Flow::open(config).await?, output).await,
        Command::Rollback(command) => command.run(&Flow::open(config).await?, asked, output).await,
        Command::Catalog(command) => command.run(&lake, output).await,
        Command::Serve(command) => command.run(config).await,
        Command::SignInLink(command) => command.run(config, &lake).await,
        Command::Worker(_) => worker::run(config, asked).await,
        Command::Config(command) => command.run(&loaded, output),
        Command::Doctor => doctor::run(config, &lake, output).await,
        Command::GenerateTrips(command) => command.run(),
        Command::GenerateRuns(command) => command.run(&lake).await,
    }
}

impl Command {
    /// What the flags of the command say about the configuration.
    fn settings(&self) -> Vec<Given> {
        match self {
            Self::Demo(command) => command.settings(),
            Self::Serve(command) => command.settings(),
            Self::SignInLink(command) => command.settings(),
            Self::Worker(command) => command.settings(),
            _ => Vec::new(),
        }
    }

    /// Whether it goes on until stopped, and logs what it does.
    fn is_a_service(&self) -> bool {
        matches!(self, Self::Serve(_) | Self::Worker(_))
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
