//! `sluice plan show`: everything that a plan would do, on one page.

use std::process::ExitCode;

use clap::Subcommand;
use domain::Result;
use domain::pipeline::ExecutionId;
use infra::approval::{Asked, required, who_could};
use jiff::Timestamp;

use super::Flow;
use super::plan_text::{PlanPage, text};
use crate::cli::output::{Output, print_json, say};

/// Show what a plan would do.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum PlanCommand {
    /// The plan of an execution: what people approve by its digest.
    Show {
        /// The execution.
        execution: ExecutionId,
    },
}

impl PlanCommand {
    pub(in crate::cli) async fn run(self, flow: &Flow, output: Output) -> Result<ExitCode> {
        let Self::Show { execution } = self;
        let (plan, digest) = flow.delivery.pipelines.plan(execution).await?;
        if output == Output::Json {
            print_json(&serde_json::json!({ "digest": digest, "plan": plan }))?;
            return Ok(ExitCode::SUCCESS);
        }
        let decisions = flow.delivery.pipelines.decisions(execution).await?;
        let rules = flow.delivery.rules(&plan.environment, &plan.release).await?;
        let now = Timestamp::now();
        let people = flow.delivery.candidates(now).await?;
        let asked = Asked { plan: &plan, digest: &digest };
        let page = PlanPage {
            plan: &plan,
            digest: &digest,
            simulated: flow.delivery.places.simulated(),
            rules_change: flow.delivery.rules_change(&plan).await?,
            status: flow.execution(execution).await?.status,
            required: required(rules.terms().rule, &plan),
            could: who_could(&people, asked, &decisions, rules.terms(), now),
            decisions: &decisions,
        };
        say(&text(&page))?;
        Ok(ExitCode::SUCCESS)
    }
}
