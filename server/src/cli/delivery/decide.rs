//! `sluice approve` and `sluice reject`: decisions on one plan digest.

use std::process::ExitCode;

use clap::Args;
use domain::approval::{Decision, Verdict};
use domain::pipeline::ExecutionId;
use domain::release::Digest;
use domain::{Error, ErrorKind, Result};
use jiff::Timestamp;

use super::Flow;
use super::pipelines::finish;
use crate::accounts::LOCAL_PROVIDER;
use crate::cli::output::Output;

/// Approve the plan of an execution.
#[derive(Debug, Args)]
pub(in crate::cli) struct Approve {
    /// The execution.
    execution: ExecutionId,
    /// The digest of the plan that you read: `sluice plan show` prints it.
    #[arg(long)]
    digest: Digest,
    /// The name of a resource whose data may be lost; once for each.
    #[arg(long = "type", value_name = "NAME")]
    typed: Vec<String>,
    /// Set rules and freeze windows aside. It is recorded, with its reason.
    #[arg(long, requires = "reason")]
    break_glass: bool,
    /// Why.
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    /// Carry the plan out in this process.
    #[arg(long)]
    wait: bool,
}

/// Reject the plan of an execution.
#[derive(Debug, Args)]
pub(in crate::cli) struct Reject {
    /// The execution.
    execution: ExecutionId,
    /// The digest of the plan that you read.
    #[arg(long)]
    digest: Digest,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

/// What somebody says to a plan.
struct Word {
    execution: ExecutionId,
    digest: Digest,
    verdict: Verdict,
    reason: String,
    typed: Vec<String>,
    break_glass: bool,
}

impl Approve {
    pub(in crate::cli) async fn run(self, flow: &Flow, output: Output) -> Result<ExitCode> {
        let word = Word {
            execution: self.execution,
            digest: self.digest,
            verdict: Verdict::Approve,
            reason: self.reason,
            typed: self.typed,
            break_glass: self.break_glass,
        };
        decide(flow, word).await?;
        let execution = flow.execution(self.execution).await?;
        finish(flow, execution, self.wait, output).await
    }
}

impl Reject {
    pub(in crate::cli) async fn run(self, flow: &Flow, output: Output) -> Result<ExitCode> {
        let word = Word {
            execution: self.execution,
            digest: self.digest,
            verdict: Verdict::Reject,
            reason: self.reason,
            typed: Vec::new(),
            break_glass: false,
        };
        decide(flow, word).await?;
        super::pipelines::show(&flow.execution(self.execution).await?, output)?;
        Ok(ExitCode::SUCCESS)
    }
}

async fn decide(flow: &Flow, word: Word) -> Result<()> {
    let delivery = &flow.delivery;
    if delivery.accounts.settings().provider != LOCAL_PROVIDER {
        return Err(Error::new(
            ErrorKind::Denied,
            "people sign in with GitHub here, so that decisions have their names: decide in the \
             console",
        ));
    }
    let caller = flow.caller().await?;
    let now = Timestamp::now();
    let decision = Decision {
        plan: word.digest,
        by: caller.person(),
        verdict: word.verdict,
        reason: word.reason,
        typed: word.typed,
        break_glass: word.break_glass,
        at: now,
    };
    let execution = flow.execution(word.execution).await?;
    delivery.decide(&execution, &decision, now).await?;
    let object = word.execution.to_string();
    flow.record(&caller, "plan.decide", &execution.environment, &object, &decision).await
}
