//! Stacks as they run.

use domain::Result;
use infra::lake_repository::Environment;
use infra::stacks::StackService;
use infra::template::{Inputs, Resolved, Template};

/// The template that a stack was made of last, resolved with what it was given; `None` while nothing
/// was ever made of it. Secrets are not told, and stay empty.
pub(super) async fn resolved(
    service: &dyn StackService,
    environment: &Environment,
    name: &str,
) -> Result<Option<Resolved>> {
    let Some(stack) = service.describe(name).await? else { return Ok(None) };
    let Some(text) = service.template(name).await? else { return Ok(None) };
    let template = Template::parse(&text)?;
    let mut inputs = Inputs::new(&environment.account, &environment.region, name);
    inputs.parameters = stack.parameters;
    for (secret, _) in template.parameters.iter().filter(|(_, parameter)| parameter.no_echo) {
        inputs.parameters.entry(secret.clone()).or_default();
    }
    template.resolve(&inputs).map(Some)
}
