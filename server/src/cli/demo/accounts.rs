//! The demo in mode `aws`: four empty accounts of an emulator become places that can be deployed to.

use domain::{Error, Result};

use crate::cli::delivery::Flow;
use crate::cli::delivery::bootstrap::Bootstrap;
use crate::cli::delivery::configure::Configure;
use crate::cli::output::remark;
use crate::config::AwsConfig;

/// The demo makes stacks, data and approvals of its own: never in an account of somebody.
pub(super) fn check(aws: &AwsConfig) -> Result<()> {
    match aws.is_emulated() {
        true => Ok(()),
        false => Err(Error::invalid(
            "the demo makes a lake of its own, in mode aws on an emulator of this machine alone: \
             aws.endpoint_url names none; run `cargo xtask demo --aws-emulator`",
        )),
    }
}

/// What a person does once: the stacks that everything else stands on, and the parameters of the
/// environments. The deployment account learns of each environment's roles.
pub(super) async fn make(flow: &Flow) -> Result<()> {
    let definition = flow.delivery().required_definition().await?;
    let environments = || definition.lake.environments.iter().map(|found| found.name.clone());
    bootstrap(flow, Bootstrap::deployment()).await?;
    for environment in environments() {
        bootstrap(flow, Bootstrap::target(environment)).await?;
    }
    bootstrap(flow, Bootstrap::deployment()).await?;
    for environment in environments() {
        let put = Configure::of(environment.clone()).put(flow).await?;
        remark(&format!("sluice configure {environment}: {put} parameters"));
    }
    Ok(())
}

async fn bootstrap(flow: &Flow, what: Bootstrap) -> Result<()> {
    let command = what.to_string();
    let done = what.make(flow).await?;
    let (stack, account) = (&done.prepared.stack, &done.at.account);
    let changes = done.prepared.changes.len();
    remark(&format!("{command}: {stack} in account {account}, {changes} changes"));
    Ok(())
}
