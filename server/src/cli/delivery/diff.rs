//! `sluice diff`: what the head of a branch would change in its environment; nothing is prepared.

use std::process::ExitCode;

use clap::Args;
use domain::environment::EnvironmentName;
use domain::plan::TextChange;
use domain::stack::{PermissionChange, ResourceChange};
use domain::{Error, Result};
use infra::diff::{compare, render};
use infra::stacks::{permission_changes, running};
use serde::Serialize;

use super::{Flow, ls, plan_text};
use crate::cli::output::{Output, print_json, printable, say};
use crate::delivery::data::{source_changes, sql_changes};

/// The exit code when something would change.
const DIFFERS: u8 = 1;

/// Show what the head of a branch would change in its environment. Ends with 1 when it would change
/// something.
#[derive(Debug, Args)]
pub(in crate::cli) struct Diff {
    /// The environment; the first when absent.
    environment: Option<EnvironmentName>,
}

/// What would change.
#[derive(Debug, Serialize)]
struct Differences {
    environment: EnvironmentName,
    simulated: bool,
    stacks: Vec<StackDifference>,
    sources: Vec<TextChange>,
    transformations: Vec<TextChange>,
}

#[derive(Debug, Serialize)]
struct StackDifference {
    stack: String,
    changes: Vec<ResourceChange>,
    permissions: Vec<PermissionChange>,
}

impl Diff {
    pub(in crate::cli) async fn run(self, flow: &Flow, output: Output) -> Result<ExitCode> {
        let definition = flow.delivery.required_definition().await?;
        let first = definition.lake.environments.first().map(|first| first.name.clone());
        let name = self.environment.or(first);
        let name = name.ok_or_else(|| Error::invalid("sluice.toml names no environment"))?;
        let found = differences(flow, &name).await?;
        match output {
            Output::Json => print_json(&found)?,
            _ => say(&printable(&text(&found).replace('\t', "    ")))?,
        }
        let idle =
            |stack: &StackDifference| stack.changes.is_empty() && stack.permissions.is_empty();
        let nothing = found.stacks.iter().all(idle)
            && found.sources.is_empty()
            && found.transformations.is_empty();
        Ok(if nothing { ExitCode::SUCCESS } else { ExitCode::from(DIFFERS) })
    }
}

async fn differences(flow: &Flow, name: &EnvironmentName) -> Result<Differences> {
    let definition = flow.delivery.required_definition().await?;
    let loaded = ls::head(flow, definition.environment(name)?).await?;
    let environment = loaded.environment(name)?;
    let service = flow.delivery.stacks(environment).await?;
    let mut stacks = Vec::new();
    for definition in loaded.stacks(environment)? {
        let (account, region) = (&environment.account, &environment.region);
        let secret = |_: &str| Some(String::new());
        let before = running(service.as_ref(), &definition.name, (account, region), secret).await?;
        stacks.push(StackDifference {
            changes: compare(before.as_ref(), Some(&definition.resolved)),
            permissions: permission_changes(service.as_ref(), &definition, account, region).await?,
            stack: definition.name,
        });
    }
    let lake = &flow.delivery.lake(name)?.lake;
    let data = loaded.data();
    Ok(Differences {
        environment: name.clone(),
        simulated: flow.delivery.places.simulated(),
        stacks,
        sources: source_changes(lake, &data).await?,
        transformations: sql_changes(lake, &data).await?,
    })
}

fn text(found: &Differences) -> String {
    let simulated = if found.simulated { ", where stacks are simulated" } else { "" };
    let mut text = format!("{}{simulated}\n", found.environment);
    for stack in &found.stacks {
        plan_text::section(&mut text, &stack.stack);
        text.push_str(&render(&stack.changes, &stack.permissions));
    }
    plan_text::changes(&mut text, "SQL", "sql", &found.transformations);
    plan_text::changes(&mut text, "Sources", "toml", &found.sources);
    text
}
