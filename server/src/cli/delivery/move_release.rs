//! `sluice promote` and `sluice rollback`: a release that ran moves on, or comes back.

use std::process::ExitCode;

use clap::Args;
use domain::environment::EnvironmentName;
use domain::release::Digest;
use domain::{Error, Result};

use super::Flow;
use super::pipelines::finish;
use crate::cli::output::Output;

/// How far back a short digest is looked for.
const MOST_DEPLOYMENTS: usize = 500;

/// Move the release that runs in the environment before to an environment.
#[derive(Debug, Args)]
pub(in crate::cli) struct Promote {
    /// Where to.
    #[arg(long, value_name = "ENVIRONMENT")]
    to: EnvironmentName,
    /// The release that you looked at; refused when another one runs by now.
    #[arg(long, value_name = "DIGEST")]
    release: Option<Digest>,
    /// Carry it out in this process until it rests.
    #[arg(long)]
    wait: bool,
}

/// Bring an earlier release back to the environment that --env names. Promotion to it stops until
/// `sluice pipelines resume`.
#[derive(Debug, Args)]
pub(in crate::cli) struct Rollback {
    /// The release, or the first digits of its digest.
    #[arg(long, value_name = "DIGEST")]
    release: String,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Carry it out in this process until it rests.
    #[arg(long)]
    wait: bool,
}

impl Promote {
    pub(in crate::cli) async fn run(self, flow: &Flow, output: Output) -> Result<ExitCode> {
        let release = match self.release {
            Some(release) => release,
            None => {
                let definition = flow.delivery.required_definition().await?;
                definition.environment(&self.to)?;
                flow.delivery.running_before(&definition, &self.to).await?.1.release
            }
        };
        let caller = flow.caller().await?;
        let started = flow.delivery.promote(&self.to, &release, caller.person()).await?;
        let object = started.id.to_string();
        flow.record(&caller, "pipeline.promote", &self.to, &object, &release).await?;
        finish(flow, started, self.wait, output).await
    }
}

impl Rollback {
    pub(in crate::cli) async fn run(
        self,
        flow: &Flow,
        environment: Option<&EnvironmentName>,
        output: Output,
    ) -> Result<ExitCode> {
        let name = environment
            .ok_or_else(|| Error::invalid("name the environment that goes back with --env"))?;
        let release = earlier_release(flow, name, &self.release).await?;
        let caller = flow.caller().await?;
        let by = caller.person();
        let started = flow.delivery.roll_back(name, &release, &self.reason, by).await?;
        let object = started.id.to_string();
        let change = serde_json::json!({ "release": release, "reason": self.reason });
        flow.record(&caller, "pipeline.roll_back", name, &object, change).await?;
        finish(flow, started, self.wait, output).await
    }
}

/// The release whose digest begins so, among those that ran there.
async fn earlier_release(flow: &Flow, name: &EnvironmentName, digits: &str) -> Result<Digest> {
    if let Ok(whole) = digits.parse() {
        return Ok(whole);
    }
    let ran = flow.delivery.pipelines.deployments(name, None, MOST_DEPLOYMENTS).await?;
    let mut found: Vec<Digest> =
        ran.into_iter().map(|(_, deployment)| deployment.release).collect();
    found.retain(|release| release.to_string().starts_with(digits));
    found.sort();
    found.dedup();
    match found.as_slice() {
        [one] if !digits.is_empty() => Ok(one.clone()),
        [] => Err(Error::not_found(format!("no release {digits} ever ran in {name}"))),
        _ => {
            Err(Error::invalid(format!("several releases begin with {digits:?}: give more digits")))
        }
    }
}
