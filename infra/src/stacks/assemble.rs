//! The stacks of an environment: templates with what they are given, in the order in which they
//! need each other.

use std::collections::BTreeMap;

use domain::{Error, Result};

use super::names::{self, OwnStack};
use crate::lake_repository::{Content, Environment};
use crate::order;
use crate::template::{Inputs, Resolved, Template};

/// What a stack is to be.
#[derive(Debug, Clone, PartialEq)]
pub struct StackDefinition {
    /// As `DevDataLakeEtlStorage`.
    pub name: String,
    /// The text of the template.
    pub template: String,
    /// What the template is given; defaults are left out.
    pub parameters: BTreeMap<String, String>,
    /// Tags of the stack and of its resources.
    pub tags: BTreeMap<String, String>,
    /// The template with its parameters, as far as that is known before anything is there.
    pub resolved: Resolved,
}

/// The templates that Sluice itself brings, by the stack.
pub fn own_templates() -> [(OwnStack, &'static str); 6] {
    [
        (OwnStack::Network, include_str!("../../templates/network.yaml")),
        (OwnStack::Storage, include_str!("../../templates/storage.yaml")),
        (OwnStack::Tables, include_str!("../../templates/tables.yaml")),
        (OwnStack::Events, include_str!("../../templates/events.yaml")),
        (OwnStack::Catalog, include_str!("../../templates/catalog.yaml")),
        (OwnStack::Roles, include_str!("../../templates/roles.yaml")),
    ]
}

/// All stacks of an environment; each comes after those it imports from (D8). An environment without
/// addresses has no network. [`domain::ErrorKind::Invalid`] names the stack and what is wrong with it.
pub fn assemble(content: &Content, environment: &Environment) -> Result<Vec<StackDefinition>> {
    let prefix = &content.lake.lake.logical_id_prefix;
    let mut stacks = BTreeMap::new();
    for (stack, template) in own_templates() {
        if stack == OwnStack::Network && environment.vpc_cidr.is_none() {
            continue;
        }
        let name = names::own_stack(&environment.name, prefix, stack);
        let own = BTreeMap::new();
        stacks.insert(name.clone(), define(content, environment, name, template, own)?);
    }
    for file in &content.stacks {
        let name = names::team_stack(&environment.name, prefix, &file.name);
        let given = file.parameters(&environment.name);
        stacks.insert(name.clone(), define(content, environment, name, &file.template, given)?);
    }
    let resolved = stacks.iter().map(|(name, stack)| (name.clone(), stack.resolved.clone()));
    let in_order = order::stacks(&resolved.collect())?;
    Ok(in_order.into_iter().filter_map(|name| stacks.remove(&name)).collect())
}

fn define(
    content: &Content,
    environment: &Environment,
    name: String,
    text: &str,
    own: BTreeMap<String, String>,
) -> Result<StackDefinition> {
    let about = |error: Error| error.context(format!("stack {name}"));
    let template = Template::parse(text).map_err(about)?;
    let mut parameters = known(content, environment);
    parameters.extend(environment.parameters.clone());
    // What everybody may use need not be declared; what the stack's own file gives must be.
    parameters.retain(|parameter, _| template.parameters.contains_key(parameter));
    parameters.extend(own);
    let mut inputs = Inputs::new(&environment.account, &environment.region, &name);
    inputs.parameters.clone_from(&parameters);
    let resolved = template.resolve(&inputs).map_err(about)?;
    let tags = &content.lake.tags;
    let tags = names::tags(
        &content.lake.lake.resource_name_prefix,
        &environment.name,
        &tags.cost_center,
        &tags.team,
        &tags.application,
    );
    Ok(StackDefinition { name, template: text.to_owned(), parameters, tags, resolved })
}

/// What `sluice.toml` says, by the names of parameters.
fn known(content: &Content, environment: &Environment) -> BTreeMap<String, String> {
    let lake = &content.lake;
    let mut known = BTreeMap::from([
        ("Environment", environment.name.to_string()),
        ("EnvironmentTitle", names::environment_title(&environment.name)),
        ("ResourceNamePrefix", lake.lake.resource_name_prefix.clone()),
        ("LogicalIdPrefix", lake.lake.logical_id_prefix.clone()),
        ("Protected", environment.protected.to_string()),
        ("CostCenter", lake.tags.cost_center.clone()),
        ("Team", lake.tags.team.clone()),
        ("Application", lake.tags.application.clone()),
    ]);
    if let Some(cidr) = &environment.vpc_cidr {
        known.insert("VpcCidr", cidr.to_string());
    }
    if let Some(name) = &lake.catalog.conformed_database {
        known.insert("ConformedDatabaseName", name.clone());
    }
    if let Some(name) = &lake.catalog.purpose_built_database {
        known.insert("PurposeBuiltDatabaseName", name.clone());
    }
    known.retain(|_, value| !value.is_empty());
    known.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lake_repository::LakeFiles;

    const LAKE: &str = r#"
[lake]
logical_id_prefix = "DataLake"
resource_name_prefix = "data-lake"

[tags]
cost_center = "4711"
team = "data"
application = "sluice"

[[environments]]
name = "dev"
branch = "main"
account = "111111111111"
region = "eu-central-1"
vpc_cidr = "10.20.0.0/24"

[environments.parameters]
ServerRoleArn = "arn:aws:iam::444444444444:role/data-lake-server"
"#;

    #[test]
    fn d8_stacks_come_after_those_they_import_from() {
        let mut files = LakeFiles::default();
        files.add("sluice.toml", LAKE);
        let content = Content::parse(files).unwrap();
        let dev = content.lake.environments[0].clone();
        let stacks = assemble(&content, &dev).unwrap();
        assert_eq!(stacks.len(), 6, "{:?}", stacks.iter().map(|s| &s.name).collect::<Vec<_>>());
        let mut exported = std::collections::BTreeSet::new();
        for stack in &stacks {
            for import in &stack.resolved.imports {
                assert!(exported.contains(import), "{} needs {import} first", stack.name);
            }
            exported.extend(stack.resolved.exports().into_iter().map(str::to_owned));
        }
        let without = Environment { vpc_cidr: None, ..dev };
        assert_eq!(assemble(&content, &without).unwrap().len(), 5);
    }
}
