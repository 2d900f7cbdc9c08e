//! `sluice synth`: the templates of stacks, with what they are given.

use std::process::ExitCode;

use clap::Args;
use domain::{Error, Result};
use infra::stacks::StackDefinition;

use super::{Flow, ls};
use crate::cli::output::{Output, print_json, printable, say};

/// Print the template of a stack with its parameters and tags.
#[derive(Debug, Args)]
pub(in crate::cli) struct Synth {
    /// The stack, as `sluice ls` names it, with or without its pipeline; all of them when absent.
    stack: Option<String>,
}

impl Synth {
    pub(in crate::cli) async fn run(self, flow: &Flow, output: Output) -> Result<ExitCode> {
        let definition = flow.delivery.required_definition().await?;
        let mut stacks = Vec::new();
        for environment in &definition.lake.environments {
            stacks.extend(ls::stacks(flow, environment).await?);
        }
        if let Some(asked) = &self.stack {
            let name = asked.rsplit('/').next().unwrap_or(asked);
            stacks.retain(|stack| stack.name == name);
            if stacks.is_empty() {
                return Err(Error::not_found(format!(
                    "there is no stack {asked}: see `sluice ls`"
                )));
            }
        }
        if output == Output::Json {
            let values: Vec<_> = stacks.iter().map(value).collect();
            print_json(&values)?;
            return Ok(ExitCode::SUCCESS);
        }
        let texts: Vec<_> = stacks.iter().map(text).collect();
        say(&printable(&texts.join("---\n")))?;
        Ok(ExitCode::SUCCESS)
    }
}

fn value(stack: &StackDefinition) -> serde_json::Value {
    serde_json::json!({
        "stack": stack.name, "parameters": stack.parameters, "tags": stack.tags,
        "template": stack.template,
    })
}

/// The template below comments that say what it is given: still a template.
fn text(stack: &StackDefinition) -> String {
    let mut text = format!("# stack {}\n", stack.name);
    for (name, value) in &stack.parameters {
        text.push_str(&format!("# parameter {name}: {}\n", value.replace('\n', " ")));
    }
    for (name, value) in &stack.tags {
        text.push_str(&format!("# tag {name}: {}\n", value.replace('\n', " ")));
    }
    text.push_str(stack.template.trim_end());
    text.push('\n');
    text
}
