//! Who may do more or less once a stack is as it is to be.

use domain::Result;
use domain::stack::PermissionChange;

use super::{StackDefinition, StackService};
use crate::permissions;
use crate::template::{Inputs, Resolved, Template};

/// What changing a stack to its definition permits and forbids, widened first: its template as it
/// runs against the one that is to run, both resolved without anything that only the account knows.
pub async fn permission_changes(
    service: &dyn StackService,
    stack: &StackDefinition,
    account: &str,
    region: &str,
) -> Result<Vec<PermissionChange>> {
    let before = running(service, stack, account, region).await?;
    Ok(permissions::compare(before.as_ref(), Some(&stack.resolved)))
}

/// What runs; `None` while nothing was ever made of it.
async fn running(
    service: &dyn StackService,
    stack: &StackDefinition,
    account: &str,
    region: &str,
) -> Result<Option<Resolved>> {
    let Some(found) = service.describe(&stack.name).await? else { return Ok(None) };
    let Some(text) = service.template(&stack.name).await? else { return Ok(None) };
    let about = |error: domain::Error| error.context(format!("stack {} as it runs", stack.name));
    let template = Template::parse(&text).map_err(about)?;
    let mut inputs = Inputs::new(account, region, &stack.name);
    inputs.parameters = found.parameters;
    // Secrets are not told; they stay references, whatever their value.
    let secrets = template.parameters.iter().filter(|(_, parameter)| parameter.no_echo);
    for (name, _) in secrets {
        if let Some(value) = stack.parameters.get(name) {
            inputs.parameters.insert(name.clone(), value.clone());
        }
    }
    template.resolve(&inputs).map(Some).map_err(about)
}
