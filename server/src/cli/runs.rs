//! `sluice runs`: list, show, retry, cancel, replay, quarantine.

use std::process::ExitCode;

use clap::Subcommand;
use domain::dataset::DatasetId;
use domain::run::{Run, RunId, RunStatus, Trigger};
use domain::run_log::MOST_LINES;
use domain::zone::Hop;
use domain::{Error, Result};
use etl_engine::raw_to_conformed::quarantine;
use etl_engine::run::{RunCommand, RunFilter, command, replay};
use jiff::Timestamp;

use super::actor::actor;
use super::output::{Output, Sheet, print_json, say};
use super::wait::{RunSummary, wait_for};
use crate::compose;
use crate::config::LakeConfig;
use crate::open_lake::OpenLake;

/// Show runs, go on with them, browse their quarantine.
#[derive(Debug, Subcommand)]
pub(super) enum Runs {
    /// List runs, newest first.
    List {
        /// Only of this dataset.
        #[arg(long, value_name = "SYSTEM/TABLE")]
        dataset: Option<DatasetId>,
        /// Only with this status; may be repeated.
        #[arg(long)]
        status: Vec<RunStatus>,
        /// Only of this file in the raw zone.
        #[arg(long)]
        key: Option<String>,
        /// Only started by this: event, sweep, landing or replay.
        #[arg(long)]
        trigger: Option<Trigger>,
        /// Only started by this person; `sluice` for events and sweeps.
        #[arg(long)]
        actor: Option<String>,
        /// Only recorded at this time or later, for example 2026-08-05T10:00:00Z.
        #[arg(long, value_name = "TIME")]
        from: Option<Timestamp>,
        /// Only recorded before this time.
        #[arg(long, value_name = "TIME")]
        to: Option<Timestamp>,
        /// Only runs recorded before this one.
        #[arg(long, value_name = "RUN")]
        before: Option<RunId>,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show everything about a run.
    Show {
        /// The run.
        run: RunId,
        /// What happened in it, line by line, instead.
        #[arg(long)]
        log: bool,
    },
    /// Go on with a failed or cancelled run, from the step that failed.
    Retry {
        /// The run.
        run: RunId,
        /// Queue it and return; a worker carries it out.
        #[arg(long)]
        no_wait: bool,
    },
    /// Cancel a run.
    Cancel {
        /// The run.
        run: RunId,
    },
    /// Show the rejected rows of a run.
    Quarantine {
        /// The run.
        run: RunId,
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: usize,
    },
    /// Run the same file again by the current source and transformation.
    Replay {
        /// The run whose file it is.
        run: RunId,
        /// Queue it and return; a worker carries it out.
        #[arg(long)]
        no_wait: bool,
    },
}

impl Runs {
    pub(super) async fn run(self, config: &LakeConfig, output: Output) -> Result<ExitCode> {
        let lake = compose::open(config).await?;
        match self {
            Self::List { dataset, status, key, trigger, actor, from, to, before, limit } => {
                let statuses = status;
                let filter = RunFilter {
                    dataset,
                    statuses,
                    key,
                    trigger,
                    actor,
                    from,
                    to,
                    before,
                    after: None,
                    limit,
                };
                print_list(&lake.lake.ledger.list(&filter).await?, output)?;
            }
            Self::Show { run, log: true } => {
                let run = find(&lake, run).await?;
                show_log(&lake, run.id, output).await?;
            }
            Self::Show { run, log: false } => show(&find(&lake, run).await?, output)?,
            Self::Cancel { run } => {
                let run = command(&lake.lake, run, RunCommand::Cancel, &actor()).await?;
                show(&run, output)?;
            }
            Self::Quarantine { run, limit } => show_quarantine(&lake, run, limit, output).await?,
            Self::Retry { run, no_wait } => {
                let run = command(&lake.lake, run, RunCommand::Retry, &actor()).await?;
                return follow(&lake, run, no_wait, output).await;
            }
            Self::Replay { run, no_wait } => {
                let run = replay(&lake.lake, run, &actor()).await?;
                return follow(&lake, run, no_wait, output).await;
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn find(lake: &OpenLake, id: RunId) -> Result<Run> {
    lake.lake.ledger.run(id).await?.ok_or_else(|| {
        Error::not_found(format!(
            "run {id} is not in the ledger of {}: see `sluice runs list`",
            lake.lake.environment
        ))
    })
}

async fn follow(lake: &OpenLake, run: Run, no_wait: bool, output: Output) -> Result<ExitCode> {
    let run = if no_wait { run } else { wait_for(lake, run.id, output).await? };
    let summary = RunSummary::new(&run, run.arrival.key.clone());
    let well = summary.succeeded() || (no_wait && summary.is_waiting());
    RunSummary::print(&[summary], output)?;
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn print_list(runs: &[Run], output: Output) -> Result<()> {
    let mut sheet = Sheet::new(&[
        "run", "dataset", "file", "status", "read", "written", "rejected", "recorded", "actor",
    ]);
    for run in runs {
        let counts = run.step(Hop::RawToConformed).map(|step| step.counts).unwrap_or_default();
        sheet.row([
            run.id.to_string(),
            run.dataset.to_string(),
            run.arrival.key.rsplit('/').next().unwrap_or_default().to_owned(),
            run.status.to_string(),
            counts.rows_read.to_string(),
            counts.rows_written.to_string(),
            counts.rows_rejected.to_string(),
            seconds_of(run.created_at),
            run.actor.clone(),
        ]);
    }
    output.print(&sheet, &runs, "no run is recorded: `sluice ingest FILE --dataset S/T` makes one")
}

fn show(run: &Run, output: Output) -> Result<()> {
    if output == Output::Json {
        return print_json(run);
    }
    let mut sheet = Sheet::new(&["what", "value"]);
    let mut line = |what: &str, value: String| sheet.row([what.to_owned(), value]);
    line("run", run.id.to_string());
    line("status", run.status.to_string());
    if let Some(failure) = &run.failure {
        line("because", failure.message.clone());
    }
    line("dataset", run.dataset.to_string());
    line("file", format!("{} ({} bytes)", run.arrival.key, run.arrival.size));
    line("version of the file", run.arrival.version.to_string());
    line("landed", run.arrival.landed_at.to_string());
    line("recorded", format!("{} by {}", run.created_at, run.actor));
    if let Some(original) = run.original {
        line("repeats run", original.to_string());
    }
    line("attempt", run.attempt.to_string());
    line("engine", run.engine.clone());
    for step in &run.steps {
        line(step.hop.as_str(), step_text(step));
    }
    output.print(&sheet, run, "")
}

async fn show_log(lake: &OpenLake, run: RunId, output: Output) -> Result<()> {
    let lines = lake.lake.log.lines(run, 0, MOST_LINES as usize).await?;
    let mut sheet = Sheet::new(&["at", "level", "attempt", "hop", "message"]);
    for line in &lines {
        sheet.row([
            line.at.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string(),
            line.level.as_str().to_owned(),
            line.attempt.to_string(),
            line.hop.map(|hop| hop.to_string()).unwrap_or_default(),
            line.message.clone(),
        ]);
    }
    output.print(&sheet, &lines, "nothing happened in this run yet")
}

fn step_text(step: &domain::run::Step) -> String {
    let status = serde_json::to_value(step.status).unwrap_or_default();
    let counts = step.counts;
    let mut text = format!(
        "{} | {} rows read, {} written, {} rejected | {} bytes read, {} written",
        status.as_str().unwrap_or_default(),
        counts.rows_read,
        counts.rows_written,
        counts.rows_rejected,
        counts.bytes_read,
        counts.bytes_written
    );
    if let Some(seconds) = step.seconds() {
        text.push_str(&format!(" | {seconds:.2} s"));
    }
    if let Some(version) = step.definition_version {
        text.push_str(&format!(" | version {version}"));
    }
    let days: Vec<_> = step.partitions.iter().take(5).map(ToString::to_string).collect();
    if !days.is_empty() {
        let more = step.partitions.len().saturating_sub(days.len());
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        text.push_str(&format!("\npartitions {}{rest}", days.join(", ")));
    }
    if let Some(note) = &step.note {
        text.push_str(&format!("\n{note}"));
    }
    text
}

async fn show_quarantine(lake: &OpenLake, id: RunId, limit: usize, output: Output) -> Result<()> {
    let run = find(lake, id).await?;
    let (conformed, all) = (&lake.lake.conformed, quarantine::RowFilter::default());
    let rows = quarantine::page(conformed, &run.dataset, id, &all, 0, limit).await?.rows;
    let mut sheet = Sheet::new(&["line", "column", "reason", "detail", "raw text"]);
    let mut values = Vec::with_capacity(rows.len());
    for row in &rows {
        let raw = String::from_utf8_lossy(&row.raw).into_owned();
        values.push(serde_json::json!({
            "file": run.arrival.key, "line": row.line, "column": row.column,
            "reason": row.reason, "detail": row.detail, "raw": raw,
        }));
        sheet.row([
            row.line.to_string(),
            row.column.clone().unwrap_or_default(),
            row.reason.to_string(),
            row.detail.clone(),
            raw,
        ]);
    }
    output.print(&sheet, &values, "the run has no rejected rows")?;
    let total = run.step(Hop::RawToConformed).map(|step| step.counts.rows_rejected);
    if let (Output::Table, Some(total)) = (output, total.filter(|total| *total > limit as u64)) {
        say(&format!("first {limit} of {total}; --limit shows more\n"))?;
    }
    Ok(())
}

fn seconds_of(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}
