//! `sluice deploy --all`: every pipeline at the head of its branch, one after the other.

use std::process::ExitCode;

use clap::Args;
use domain::Result;
use domain::pipeline::ExecutionStatus;

use super::follow::carry_out;
use super::{Flow, pipelines, settled};
use crate::cli::output::{Output, remark};

/// Start every pipeline at the head of its branch, in order, and carry it out. Stops at the first
/// that waits for people or fails.
#[derive(Debug, Args)]
pub(in crate::cli) struct Deploy {
    /// All environments that have a branch.
    #[arg(long, required = true)]
    all: bool,
}

impl Deploy {
    pub(in crate::cli) async fn run(self, flow: &Flow, output: Output) -> Result<ExitCode> {
        let Self { all: _ } = self;
        let definition = flow.delivery.required_definition().await?;
        let caller = flow.caller().await?;
        for environment in &definition.lake.environments {
            let (name, branch) = (&environment.name, &environment.branch);
            if flow.delivery.repository.head(branch).await?.is_none() {
                remark(&format!(
                    "{name}: there is no branch {branch}: promote a release to {name}"
                ));
                continue;
            }
            let started = flow.delivery.start(name, caller.person()).await?;
            let object = started.id.to_string();
            flow.record(&caller, "pipeline.start", name, &object, &started.commit).await?;
            remark(&format!("{name}: execution {}", started.id));
            let ended = carry_out(flow, started.id).await?;
            pipelines::show(&ended, output)?;
            if ended.status != ExecutionStatus::Succeeded {
                return Ok(settled(&ended));
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}
