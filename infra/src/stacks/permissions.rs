//! Stacks as they run, and who may do more or less once one is as it is to be.

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
    let secret = |name: &str| stack.parameters.get(name).cloned();
    let before = running(service, &stack.name, (account, region), secret).await?;
    Ok(permissions::compare(before.as_ref(), Some(&stack.resolved)))
}

/// The template that a stack was made of last, resolved with what it was given in its account and
/// region; `None` while nothing was ever made of it. A service does not tell secrets: `secret` says
/// what stands for one, by its parameter.
pub async fn running(
    service: &dyn StackService,
    stack: &str,
    (account, region): (&str, &str),
    secret: impl Fn(&str) -> Option<String> + Send,
) -> Result<Option<Resolved>> {
    let Some(found) = service.describe(stack).await? else { return Ok(None) };
    let Some(text) = service.template(stack).await? else { return Ok(None) };
    let about = |error: domain::Error| error.context(format!("stack {stack} as it runs"));
    let template = Template::parse(&text).map_err(about)?;
    let mut inputs = Inputs::new(account, region, stack);
    inputs.parameters = found.parameters;
    for (name, _) in template.parameters.iter().filter(|(_, parameter)| parameter.no_echo) {
        if let Some(value) = secret(name) {
            inputs.parameters.insert(name.clone(), value);
        }
    }
    template.resolve(&inputs).map(Some).map_err(about)
}
