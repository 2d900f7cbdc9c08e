//! `sluice pipelines`: list, show, start, cancel, retry, log, resume.

use std::process::ExitCode;

use clap::Subcommand;
use domain::environment::EnvironmentName;
use domain::pipeline::{Cause, Execution, ExecutionId, ExecutionStatus, MOST_LINES, Stage};
use domain::{Error, Result};
use infra_embedded::ExecutionFilter;
use jiff::Timestamp;

use super::follow::{carry_out, follow, line_text};
use super::{Flow, settled};
use crate::cli::output::{Output, Sheet, print_json, say};
use crate::config::Config;

/// Show executions of pipelines, start them, go on with them.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Pipelines {
    /// List executions, newest first; with --env, those of one environment.
    List {
        /// Only with this status; may be repeated.
        #[arg(long)]
        status: Vec<ExecutionStatus>,
        /// Only executions before this one.
        #[arg(long, value_name = "EXECUTION")]
        before: Option<ExecutionId>,
        /// At most so many.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show an execution, stage by stage.
    Show {
        /// The execution.
        execution: ExecutionId,
    },
    /// Start an environment's pipeline at the head of its branch; --env says which.
    Start {
        /// Carry it out in this process until it rests.
        #[arg(long)]
        wait: bool,
    },
    /// Cancel an execution.
    Cancel {
        /// The execution.
        execution: ExecutionId,
    },
    /// Go on with an execution that ended, from a stage on.
    Retry {
        /// The execution.
        execution: ExecutionId,
        /// The stage.
        #[arg(long, value_name = "STAGE")]
        from: Stage,
        /// Carry it out in this process until it rests.
        #[arg(long)]
        wait: bool,
    },
    /// Show what an execution said.
    Log {
        /// The execution.
        execution: ExecutionId,
        /// Go on until it rests.
        #[arg(long)]
        follow: bool,
    },
    /// Let pushes and promotions go on that a rollback holds back; --env says where.
    Resume,
}

impl Pipelines {
    pub(in crate::cli) async fn run(
        self,
        config: &Config,
        only: Option<&EnvironmentName>,
        output: Output,
    ) -> Result<ExitCode> {
        let flow = Flow::open(config).await?;
        match self {
            Self::List { status, before, limit } => {
                let filter = ExecutionFilter {
                    environment: only.cloned(),
                    statuses: status,
                    before,
                    limit,
                    ..ExecutionFilter::default()
                };
                list(&flow.delivery.pipelines.list(&filter).await?, output)?;
                Ok(ExitCode::SUCCESS)
            }
            Self::Show { execution } => {
                show(&flow.execution(execution).await?, output)?;
                Ok(ExitCode::SUCCESS)
            }
            Self::Start { wait } => {
                let environment = config.environment(only)?;
                let caller = flow.caller().await?;
                let started = flow.delivery.start(&environment, caller.person()).await?;
                let (action, object) = ("pipeline.start", started.id.to_string());
                flow.record(&caller, action, &environment, &object, &started.commit).await?;
                finish(&flow, started, wait, output).await
            }
            Self::Cancel { execution } => cancel(&flow, execution, output).await,
            Self::Retry { execution, from, wait } => {
                let caller = flow.caller().await?;
                let now = Timestamp::now();
                let retried = flow.delivery.pipelines.retry(execution, from, now).await?;
                let (action, object) = ("pipeline.retry", execution.to_string());
                flow.record(&caller, action, &retried.environment, &object, from).await?;
                finish(&flow, retried, wait, output).await
            }
            Self::Log { execution, follow } => log(&flow, execution, follow, output).await,
            Self::Resume => resume(&flow, only).await,
        }
    }
}

/// Shows an execution that was just changed, once it rests if that is wanted.
pub(super) async fn finish(
    flow: &Flow,
    execution: Execution,
    wait: bool,
    output: Output,
) -> Result<ExitCode> {
    let execution = if wait { carry_out(flow, execution.id).await? } else { execution };
    show(&execution, output)?;
    Ok(settled(&execution))
}

async fn cancel(flow: &Flow, id: ExecutionId, output: Output) -> Result<ExitCode> {
    let caller = flow.caller().await?;
    let cancelled = flow.delivery.pipelines.cancel(id, Timestamp::now()).await?;
    let (environment, object) = (&cancelled.environment, id.to_string());
    flow.record(&caller, "pipeline.cancel", environment, &object, cancelled.status).await?;
    show(&cancelled, output)?;
    Ok(ExitCode::SUCCESS)
}

async fn resume(flow: &Flow, only: Option<&EnvironmentName>) -> Result<ExitCode> {
    let environment = only.ok_or_else(|| Error::invalid("name the environment with --env"))?;
    let caller = flow.caller().await?;
    let pause = flow.delivery.pipelines.resume(environment).await?;
    let object = environment.to_string();
    flow.record(&caller, "pipeline.resume", environment, &object, &pause).await?;
    say(&format!("{environment} takes pushes and promotions again\n"))?;
    Ok(ExitCode::SUCCESS)
}

async fn log(flow: &Flow, id: ExecutionId, live: bool, output: Output) -> Result<ExitCode> {
    flow.execution(id).await?;
    if live && output == Output::Table {
        let ended = follow(flow, id, |line| say(&format!("{}\n", line_text(line)))).await?;
        return Ok(settled(&ended));
    }
    if live {
        follow(flow, id, |_| Ok(())).await?;
    }
    let all = usize::try_from(MOST_LINES).unwrap_or(usize::MAX);
    let lines = flow.delivery.pipelines.lines(id, 0, all).await?;
    let mut sheet = Sheet::new(&["at", "level", "attempt", "stage", "message"]);
    for line in &lines {
        sheet.row([
            line.at.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string(),
            line.level.as_str().to_owned(),
            line.attempt.to_string(),
            line.stage.to_string(),
            line.message.clone(),
        ]);
    }
    output.print(&sheet, &lines, "it has not said anything yet")?;
    Ok(ExitCode::SUCCESS)
}

fn list(executions: &[Execution], output: Output) -> Result<()> {
    let columns =
        ["execution", "environment", "commit", "release", "status", "because of", "started"];
    let mut sheet = Sheet::new(&columns);
    for execution in executions {
        let release = execution.release.as_ref().map(|release| release.short().to_owned());
        sheet.row([
            execution.id.to_string(),
            execution.environment.to_string(),
            execution.commit.short().to_owned(),
            release.unwrap_or_default(),
            execution.status.to_string(),
            cause_text(execution),
            execution.created_at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        ]);
    }
    let empty =
        "nothing was delivered yet: push to the lake repository, or `sluice pipelines start`";
    output.print(&sheet, &executions, empty)
}

fn cause_text(execution: &Execution) -> String {
    let what = match &execution.cause {
        Cause::Push | Cause::Poll => "push".to_owned(),
        Cause::Manual => "start".to_owned(),
        Cause::Promotion { from } => format!("promotion from {from}"),
        Cause::Rollback { reason } => format!("rollback: {reason}"),
    };
    match &execution.requested_by {
        Some(person) => format!("{what} by {}", person.login),
        None => what,
    }
}

pub(super) fn show(execution: &Execution, output: Output) -> Result<()> {
    if output == Output::Json {
        return print_json(execution);
    }
    let mut sheet = Sheet::new(&["what", "value"]);
    let mut line = |what: &str, value: String| sheet.row([what.to_owned(), value]);
    line("execution", execution.id.to_string());
    line("environment", format!("{} (branch {})", execution.environment, execution.branch));
    line("status", execution.status.to_string());
    line("commit", execution.commit.to_string());
    line("because of", cause_text(execution));
    if let Some(release) = &execution.release {
        line("release", release.to_string());
    }
    if let Some(plan) = &execution.plan {
        line("plan", plan.to_string());
    }
    if let Some(newer) = &execution.superseded_by {
        line("superseded by", newer.to_string());
    }
    line("attempt", execution.attempt.to_string());
    for record in &execution.stages {
        let status = serde_json::to_value(record.status).unwrap_or_default();
        let status = status.as_str().unwrap_or_default().to_owned();
        let note = record.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
        line(record.stage.as_str(), format!("{status}{note}"));
    }
    output.print(&sheet, execution, "")
}
