//! `sluice destroy --all`: deletes the stacks that Sluice made, after their name was typed.

use std::collections::BTreeMap;
use std::io::{BufRead, IsTerminal};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use domain::{Error, ErrorKind, Result};
use infra::lake_repository::{Environment, LakeFile};
use infra::order;
use infra::stacks::names::stack_prefix;
use infra::stacks::{StackOperation, StackService, StackStatus, running, settled};
use uuid::Uuid;

use super::Flow;
use crate::cli::output::{Output, Sheet, remark, say};

/// Delete all stacks that Sluice made. Data and files of the lake stay, and so do resources that
/// their templates retain.
#[derive(Debug, Args)]
pub(in crate::cli) struct Destroy {
    /// Of all environments.
    #[arg(long, required = true)]
    all: bool,
    /// The resource_name_prefix of the lake, instead of typing it when asked.
    #[arg(long, value_name = "PREFIX")]
    yes_destroy: Option<String>,
}

/// A stack that would go, and what of it stays in the account.
struct Made<'a> {
    environment: &'a Environment,
    name: String,
    status: StackStatus,
    retained: Vec<String>,
}

impl Destroy {
    pub(in crate::cli) async fn run(self, flow: &Flow, output: Output) -> Result<ExitCode> {
        let definition = flow.delivery.required_definition().await?;
        let lake = &definition.lake;
        let mut made = Vec::new();
        for environment in lake.environments.iter().rev() {
            made.extend(made_in(flow, lake, environment).await?);
        }
        print(flow, &made, output)?;
        if made.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        confirm(self.yes_destroy, &lake.lake.resource_name_prefix)?;
        delete_all(flow, made).await?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Deletes what can be deleted, round by round: a stack that another one still uses comes after it, also
/// where our reading of the templates did not show that it is used.
async fn delete_all(flow: &Flow, mut made: Vec<Made<'_>>) -> Result<()> {
    let caller = flow.caller().await?;
    while !made.is_empty() {
        let (mut kept, mut refused, before) = (Vec::new(), None, made.len());
        for stack in made {
            let service = flow.delivery.stacks(stack.environment).await?;
            match delete(service.as_ref(), &stack.name, flow.delivery.places.look_every()).await {
                Ok(()) => {
                    let (name, action) = (&stack.environment.name, "stack.delete");
                    flow.record(&caller, action, name, &stack.name, &stack.retained).await?;
                    remark(&format!("{} is deleted", stack.name));
                }
                Err(error) if error.kind() == ErrorKind::Conflict => {
                    refused = Some(error);
                    kept.push(stack);
                }
                Err(error) => return Err(error),
            }
        }
        match refused {
            Some(error) if kept.len() == before => return Err(error),
            _ => made = kept,
        }
    }
    Ok(())
}

/// Stacks of an environment that carry the lake's own tags, each before those it imports from.
async fn made_in<'a>(
    flow: &Flow,
    lake: &LakeFile,
    environment: &'a Environment,
) -> Result<Vec<Made<'a>>> {
    let service = flow.delivery.stacks(environment).await?;
    let tag = format!("{}:environment", lake.lake.resource_name_prefix);
    let prefix = stack_prefix(&environment.name, &lake.lake.logical_id_prefix);
    let (mut made, mut resolved) = (BTreeMap::new(), BTreeMap::new());
    for stack in service.list(&prefix).await? {
        if stack.tags.get(&tag).map(String::as_str) != Some(environment.name.as_str()) {
            continue;
        }
        let place = (environment.account.as_str(), environment.region.as_str());
        let secret = |_: &str| Some(String::new());
        let runs = running(service.as_ref(), &stack.name, place, secret).await?;
        let runs = runs.unwrap_or_default();
        let retained = runs.resources.iter().filter(|(_, resource)| resource.is_retained());
        let retained =
            retained.map(|(id, resource)| format!("{id} ({})", resource.resource_type)).collect();
        let (name, status) = (stack.name.clone(), stack.status);
        made.insert(stack.name.clone(), Made { environment, name, status, retained });
        resolved.insert(stack.name, runs);
    }
    let order = order::stacks(&resolved)?;
    Ok(order.into_iter().rev().filter_map(|name| made.remove(&name)).collect())
}

fn print(flow: &Flow, made: &[Made<'_>], output: Output) -> Result<()> {
    let mut sheet = Sheet::new(&["stack", "status", "stays in the account"]);
    let mut values = Vec::new();
    for stack in made {
        values.push(serde_json::json!({
            "stack": stack.name, "environment": stack.environment.name, "status": stack.status,
            "retained": stack.retained, "simulated": flow.delivery.places.simulated(),
        }));
        sheet.row([stack.name.clone(), stack.status.to_string(), stack.retained.join("\n")]);
    }
    output.print(&sheet, &values, "Sluice made no stack: there is nothing to delete")?;
    if flow.delivery.places.simulated() && !made.is_empty() {
        remark("these stacks are simulated: no account is touched");
    }
    Ok(())
}

/// Goes on when the lake's name was typed.
fn confirm(given: Option<String>, prefix: &str) -> Result<()> {
    let typed = match given {
        Some(typed) => typed,
        None if std::io::stdin().is_terminal() => {
            say(&format!("Type {prefix} to delete these stacks: "))?;
            let mut line = String::new();
            let read = std::io::stdin().lock().read_line(&mut line);
            read.map_err(|error| Error::invalid(format!("standard input: {error}")))?;
            line.trim().to_owned()
        }
        None => {
            return Err(Error::invalid(format!(
                "nothing was deleted: give --yes-destroy {prefix}"
            )));
        }
    };
    match typed == prefix {
        true => Ok(()),
        false => Err(Error::invalid(format!("{typed:?} is not {prefix}: nothing was deleted"))),
    }
}

async fn delete(service: &dyn StackService, name: &str, look_every: Duration) -> Result<()> {
    let operation = StackOperation::Delete { retain: Vec::new() };
    let token = format!("sluice-destroy-{}", Uuid::now_v7());
    service.operate(name, &operation, &token).await?;
    match settled(service, name, look_every).await? {
        None => Ok(()),
        Some(stack) if stack.status == StackStatus::DeleteComplete => Ok(()),
        Some(stack) => {
            let (status, why) = (stack.status, stack.reason.unwrap_or_default());
            Err(Error::conflict(format!("{name} is {status} ({why}): {}", status.advice())))
        }
    }
}
