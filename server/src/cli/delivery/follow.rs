//! Waiting for an execution: its log is printed while somebody, or this process, carries it out.

use std::sync::Arc;
use std::time::Duration;

use domain::Result;
use domain::pipeline::{Execution, ExecutionId, ExecutionStatus, StageLine};
use etl_engine::run::Worker;
use tokio_util::sync::CancellationToken;

use super::Flow;
use crate::cli::output::{printable, remark};

const LOOK_EVERY: Duration = Duration::from_millis(300);

/// Lines of a log that are read at once.
const LINES: usize = 500;

/// Whether nothing more happens without people.
fn rests(status: ExecutionStatus) -> bool {
    status.is_terminal() || status == ExecutionStatus::AwaitingApproval
}

/// A line of a log, for people.
pub(super) fn line_text(line: &StageLine) -> String {
    let at = line.at.strftime("%H:%M:%S");
    let text = format!("{at} {:<11} {:<7} {}", line.stage, line.level.as_str(), line.message);
    printable(&text)
}

/// Carries executions out in this process, with the runs that they start, until `id` rests; its log
/// goes to standard error meanwhile.
pub(super) async fn carry_out(flow: &Flow, id: ExecutionId) -> Result<Execution> {
    let show = |line: &StageLine| {
        remark(&line_text(line));
        Ok(())
    };
    let both = async { tokio::join!(work(flow, id), follow(flow, id, show)) };
    let (worked, followed) = with_runs(flow, id, both).await?;
    worked?;
    followed
}

/// As [`carry_out`], and says nothing of it.
pub(in crate::cli) async fn carry_out_silently(flow: &Flow, id: ExecutionId) -> Result<Execution> {
    with_runs(flow, id, work(flow, id)).await??;
    flow.execution(id).await
}

/// Does something while the runs that verify a deployment are carried out; no new files are looked
/// for.
async fn with_runs<T>(flow: &Flow, id: ExecutionId, work: impl Future<Output = T>) -> Result<T> {
    let environment = flow.execution(id).await?.environment;
    let shutdown = CancellationToken::new();
    let worker = Worker { queue: None, ..flow.delivery.lake(&environment)?.worker()? };
    let runs = tokio::spawn(worker.run(shutdown.clone()));
    let done = work.await;
    shutdown.cancel();
    // It gives its runs back; how that ends changes nothing here.
    drop(runs.await);
    Ok(done)
}

async fn work(flow: &Flow, id: ExecutionId) -> Result<()> {
    while !rests(flow.execution(id).await?.status) {
        if Arc::clone(&flow.delivery).carry_out_due().await? == 0 {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
    Ok(())
}

/// Hands out the lines of an execution's log until it rests, and returns it as it is then.
pub(super) async fn follow(
    flow: &Flow,
    id: ExecutionId,
    mut show: impl FnMut(&StageLine) -> Result<()>,
) -> Result<Execution> {
    let mut after = 0;
    loop {
        // Before the lines: what is written until then is among them.
        let execution = flow.execution(id).await?;
        let lines = flow.delivery.pipelines.lines(id, after, LINES).await?;
        for line in &lines {
            show(line)?;
            after = line.sequence;
        }
        if rests(execution.status) && lines.len() < LINES {
            return Ok(execution);
        }
        if lines.is_empty() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}
