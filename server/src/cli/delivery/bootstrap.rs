//! `sluice bootstrap`: the stacks that a person makes once, in the deployment account and in the account
//! of each environment.

use std::collections::BTreeMap;
use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};
use domain::environment::EnvironmentName;
use domain::stack::PermissionChange;
use domain::{Error, Result};
use infra::diff::render;
use infra::lake_repository::{Environment, LakeFile};
use infra::stacks::bootstrap::{self, Choices, Place};
use infra::stacks::{
    ChangeSet, ChangeSetRequest, ChangeSetStatus, StackDefinition, StackService, execute_once,
    permission_changes, settled,
};
use serde_json::json;
use uuid::Uuid;

use super::Flow;
use crate::cli::output::{Output, print_json, printable, remark, say};

/// Make what has to be in an account before Sluice can work there. Without --create nothing is made:
/// what would be is shown.
#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Bootstrap {
    /// The deployment account: the bucket of release assets, its key, the role of the server.
    ///
    /// Repeat it after each environment: then the server may assume that environment's roles.
    Deployment {
        #[command(flatten)]
        place: DeploymentPlace,
        #[command(flatten)]
        how: How,
    },
    /// The account of an environment: the roles that deploy there, and the boundary of all roles that
    /// they make.
    Target {
        /// The environment, as in sluice.toml.
        environment: EnvironmentName,
        #[command(flatten)]
        place: DeploymentPlace,
        #[command(flatten)]
        how: How,
    },
}

/// Where the deployment account is.
#[derive(Debug, Default, Args)]
pub(in crate::cli) struct DeploymentPlace {
    /// The deployment account, 12 digits; that of the parameter ServerRoleArn in sluice.toml when
    /// absent.
    #[arg(long, value_name = "ACCOUNT")]
    deployment_account: Option<String>,
    /// Its region; that of the first environment when absent.
    #[arg(long, value_name = "REGION")]
    deployment_region: Option<String>,
}

/// What to do with the stack.
#[derive(Debug, Default, Args)]
pub(in crate::cli) struct How {
    /// Print the template and nothing else.
    #[arg(long, conflicts_with = "create")]
    print: bool,
    /// Make the stack, or change it.
    #[arg(long)]
    create: bool,
    /// A parameter of the template. What is not given stays as the stack has it.
    #[arg(long = "parameter", value_name = "NAME=VALUE", value_parser = named)]
    parameters: Vec<(String, String)>,
}

fn named(text: &str) -> std::result::Result<(String, String), String> {
    let named = text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    named.ok_or_else(|| "write it as NAME=VALUE".to_owned())
}

/// What was prepared, and made if that was asked for.
pub(in crate::cli) struct Done {
    pub(in crate::cli) prepared: ChangeSet,
    permissions: Vec<PermissionChange>,
    pub(in crate::cli) at: Environment,
}

impl fmt::Display for Bootstrap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deployment { .. } => f.write_str("sluice bootstrap deployment"),
            Self::Target { environment, .. } => write!(f, "sluice bootstrap target {environment}"),
        }
    }
}

impl Bootstrap {
    /// Makes the stack of the deployment account.
    pub(in crate::cli) fn deployment() -> Self {
        Self::Deployment { place: DeploymentPlace::default(), how: How::create() }
    }

    /// Makes the stack of an environment's account.
    pub(in crate::cli) fn target(environment: EnvironmentName) -> Self {
        Self::Target { environment, place: DeploymentPlace::default(), how: How::create() }
    }

    pub(in crate::cli) async fn run(self, flow: &Flow, output: Output) -> Result<ExitCode> {
        let (print, create) = (self.how().print, self.how().create);
        let (stack, at) = self.stack(flow).await?;
        match print {
            true => say(&stack.template)?,
            false => tell(flow, &change(flow, &stack, at, create).await?, create, output).await?,
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Does what was asked for and says nothing.
    pub(in crate::cli) async fn make(self, flow: &Flow) -> Result<Done> {
        let create = self.how().create;
        let (stack, at) = self.stack(flow).await?;
        change(flow, &stack, at, create).await
    }

    fn how(&self) -> &How {
        match self {
            Self::Deployment { how, .. } | Self::Target { how, .. } => how,
        }
    }

    /// The stack as it is to be, and where.
    async fn stack(self, flow: &Flow) -> Result<(StackDefinition, Environment)> {
        let definition = flow.delivery.required_definition().await?;
        let lake = &definition.lake;
        match self {
            Self::Deployment { place, how } => {
                let at = place.find(lake)?;
                let roles = deploy_roles(flow, lake).await?;
                let kept = kept(flow, &at, &bootstrap::deployment_name(lake)).await?;
                let given = how.given();
                let choices = Choices { kept: &kept, given: &given };
                let known = Place { account: &at.account, region: &at.region };
                Ok((bootstrap::deployment(lake, known, &roles, choices)?, at))
            }
            Self::Target { environment, place, how } => {
                let environment = definition.environment(&environment)?;
                let deployment = place.find(lake)?;
                let name = bootstrap::deployment_name(lake);
                let outputs = outputs(flow, &deployment, &name).await?;
                if outputs.is_empty() {
                    let missing = "bootstrap the deployment account first: `sluice bootstrap \
                                   deployment --create`";
                    return Err(Error::not_found(format!("there is no stack {name}: {missing}")));
                }
                let own_name = bootstrap::target_name(lake, environment);
                let (kept, given) = (kept(flow, environment, &own_name).await?, how.given());
                let choices = Choices { kept: &kept, given: &given };
                let stack = bootstrap::target(lake, environment, &outputs, choices)?;
                Ok((stack, environment.clone()))
            }
        }
    }
}

impl How {
    fn create() -> Self {
        Self { create: true, ..Self::default() }
    }

    fn given(&self) -> BTreeMap<String, String> {
        self.parameters.iter().cloned().collect()
    }
}

impl DeploymentPlace {
    /// The deployment account, as an environment that nothing is delivered to.
    fn find(&self, lake: &LakeFile) -> Result<Environment> {
        let first = lake.environments.first();
        let first = first.ok_or_else(|| Error::invalid("sluice.toml names no environment"))?;
        let arn = first.parameters.get("ServerRoleArn").map(String::as_str).unwrap_or_default();
        let account = match &self.deployment_account {
            Some(account) => account.clone(),
            None => arn.split(':').nth(4).unwrap_or_default().to_owned(),
        };
        if account.is_empty() {
            return Err(Error::invalid(
                "which account is the deployment account? give --deployment-account, or the \
                 parameter ServerRoleArn of the environments in sluice.toml",
            ));
        }
        let region = self.deployment_region.clone().unwrap_or_else(|| first.region.clone());
        Ok(Environment { account, region, ..first.clone() })
    }
}

/// The deploy roles of environments that were bootstrapped.
async fn deploy_roles<'a>(
    flow: &Flow,
    lake: &'a LakeFile,
) -> Result<Vec<(&'a Environment, String)>> {
    let mut roles = Vec::new();
    for environment in &lake.environments {
        let name = bootstrap::target_name(lake, environment);
        let role = outputs(flow, environment, &name).await?.remove("DeployRoleArn");
        roles.extend(role.map(|arn| (environment, arn)));
    }
    Ok(roles)
}

/// What a stack was given last; nothing while nothing was made of it.
async fn kept(flow: &Flow, at: &Environment, name: &str) -> Result<BTreeMap<String, String>> {
    let stack = flow.delivery.places.first_stacks(at).await?.describe(name).await?;
    let made = stack.filter(|stack| stack.template.is_some());
    Ok(made.map(|stack| stack.parameters).unwrap_or_default())
}

/// What a stack hands out; nothing while it is not there.
async fn outputs(flow: &Flow, at: &Environment, name: &str) -> Result<BTreeMap<String, String>> {
    let stack = flow.delivery.places.first_stacks(at).await?.describe(name).await?;
    let outputs = stack.map(|stack| stack.outputs).unwrap_or_default();
    Ok(outputs.into_iter().map(|(name, output)| (name, output.value)).collect())
}

/// Shows what would change, and changes it if that was asked for.
async fn change(
    flow: &Flow,
    stack: &StackDefinition,
    at: Environment,
    create: bool,
) -> Result<Done> {
    let service = flow.delivery.places.first_stacks(&at).await?;
    let permissions = permission_changes(service.as_ref(), stack, &at.account, &at.region).await?;
    let token = format!("sluice-bootstrap-{}", Uuid::now_v7());
    let request = ChangeSetRequest {
        stack: stack.name.clone(),
        template: stack.template.clone(),
        parameters: stack.parameters.clone(),
        tags: stack.tags.clone(),
        token: token.clone(),
    };
    let prepared = service.prepare(&request).await?;
    let executable = prepared.status == ChangeSetStatus::Prepared;
    if !executable && prepared.status != ChangeSetStatus::Empty {
        let why = prepared.reason.unwrap_or_default();
        return Err(Error::conflict(format!("the change set of {}: {why}", stack.name)));
    }
    if create && executable {
        let caller = flow.caller().await?;
        execute_once(service.as_ref(), &prepared.arn, &token).await?;
        wait(service.as_ref(), &stack.name, flow.delivery.places.look_every()).await?;
        let action = "stack.bootstrap";
        flow.record(&caller, action, &at.name, &stack.name, &prepared.arn).await?;
    }
    Ok(Done { prepared, permissions, at })
}

async fn wait(service: &dyn StackService, name: &str, look_every: Duration) -> Result<()> {
    let Some(stack) = settled(service, name, look_every).await? else {
        return Err(Error::conflict(format!("{name} was deleted while it was being made")));
    };
    if stack.status.is_complete() {
        return Ok(());
    }
    let (status, why) = (stack.status, stack.reason.unwrap_or_default());
    Err(Error::conflict(format!("{name} is {status} ({why}): {}", status.advice())))
}

async fn tell(flow: &Flow, done: &Done, create: bool, output: Output) -> Result<()> {
    let Done { prepared, permissions, at } = done;
    let outputs = outputs(flow, at, &prepared.stack).await?;
    if output == Output::Json {
        return print_json(&json!({
            "stack": prepared.stack, "account": at.account, "region": at.region,
            "change_set": prepared.arn, "changes": prepared.changes, "permissions": permissions,
            "created": create, "outputs": outputs, "simulated": flow.delivery.places.simulated(),
        }));
    }
    let (name, account, region) = (&prepared.stack, &at.account, &at.region);
    say(&format!("{name} ({account} {region})\n"))?;
    say(&printable(&render(&prepared.changes, permissions)))?;
    for (name, value) in &outputs {
        say(&printable(&format!("{name} = {value}\n")))?;
    }
    if flow.delivery.places.simulated() {
        remark("this stack is simulated: no account is touched");
    }
    match (prepared.changes.is_empty(), create) {
        (true, _) => remark("nothing changes: the stack is as it is to be"),
        (false, true) => remark("done"),
        (false, false) => remark("nothing was made: add --create"),
    }
    Ok(())
}
