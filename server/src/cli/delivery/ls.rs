//! `sluice ls`: pipelines and the stacks they deliver, as `cdk ls` lists them.

use std::process::ExitCode;

use clap::Args;
use domain::Result;
use infra::lake_repository::{Content, Environment};
use infra::stacks::StackDefinition;
use infra::stacks::names::{environment_title, stack_prefix};
use serde::Serialize;

use super::Flow;
use crate::cli::output::{Output, Sheet, say};
use crate::delivery::release::{LoadedRelease, in_words};

/// List pipelines and stacks.
#[derive(Debug, Args)]
pub(in crate::cli) struct Ls {
    /// Where each stands, too.
    #[arg(long)]
    long: bool,
}

/// A pipeline or one of its stacks.
#[derive(Debug, Serialize)]
struct Line {
    path: String,
    environment: String,
    status: String,
    simulated: bool,
    account: String,
    region: String,
}

impl Ls {
    pub(in crate::cli) async fn run(self, flow: &Flow, output: Output) -> Result<ExitCode> {
        let definition = flow.delivery.required_definition().await?;
        let mut lines = Vec::new();
        for environment in &definition.lake.environments {
            let prefix = &definition.lake.lake.logical_id_prefix;
            lines.extend(pipeline(flow, environment, prefix).await?);
        }
        if output == Output::Table && !self.long {
            let paths: String = lines.iter().map(|line| format!("{}\n", line.path)).collect();
            say(&paths)?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut sheet = Sheet::new(&["name", "status", "account", "region", "stacks are"]);
        for line in &lines {
            let kind = if line.simulated { "simulated" } else { "real" };
            sheet.row([
                line.path.clone(),
                line.status.clone(),
                line.account.clone(),
                line.region.clone(),
                kind.to_owned(),
            ]);
        }
        output.print(&sheet, &lines, "")?;
        Ok(ExitCode::SUCCESS)
    }
}

/// A pipeline and, below it, its stacks.
async fn pipeline(flow: &Flow, environment: &Environment, prefix: &str) -> Result<Vec<Line>> {
    let name = format!("{}Pipeline", stack_prefix(&environment.name, prefix));
    let line = |path: String, status: String| Line {
        path,
        environment: environment.name.to_string(),
        status,
        simulated: flow.delivery.places.simulated(),
        account: environment.account.clone(),
        region: environment.region.clone(),
    };
    let state = flow.delivery.pipelines.environment(&environment.name).await?;
    let status = match (&state.paused, &state.running) {
        (Some(pause), _) => format!("paused: {}", pause.reason),
        (None, Some(running)) => format!("runs release {}", running.release.short()),
        (None, None) => "nothing runs yet".to_owned(),
    };
    let mut lines = vec![line(name.clone(), status)];
    let service = flow.delivery.stacks(environment).await?;
    for stack in stacks(flow, environment).await? {
        let found = service.describe(&stack.name).await?;
        let status = found.map_or("not there yet".to_owned(), |found| found.status.to_string());
        let path = format!("{name}/{}/{}", environment_title(&environment.name), stack.name);
        lines.push(line(path, status));
    }
    Ok(lines)
}

/// The stacks that the head of an environment's branch asks for; without that branch, those of the
/// branch that defines the environments.
pub(super) async fn stacks(flow: &Flow, environment: &Environment) -> Result<Vec<StackDefinition>> {
    let loaded = head(flow, environment).await?;
    loaded.stacks(loaded.environment(&environment.name)?)
}

/// The release that the head of an environment's branch would become, kept nowhere.
pub(super) async fn head(flow: &Flow, environment: &Environment) -> Result<LoadedRelease> {
    let repository = flow.delivery.repository.as_ref();
    let commit = match repository.head(&environment.branch).await? {
        Some(head) => head,
        None => flow.delivery.required_definition().await?.commit,
    };
    let content = Content::at(repository, &commit).await?;
    let content = content.map_err(|problems| in_words(&problems))?;
    let (loaded, _) = LoadedRelease::build(content, commit)?;
    Ok(loaded)
}
