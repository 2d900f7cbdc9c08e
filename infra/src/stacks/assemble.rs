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

/// The templates that this Sluice brings for an environment, by file name. A release carries those
/// that it was built with.
pub const OWN_TEMPLATES: [(&str, &str); 6] = [
    ("network.yaml", include_str!("../../templates/network.yaml")),
    ("storage.yaml", include_str!("../../templates/storage.yaml")),
    ("tables.yaml", include_str!("../../templates/tables.yaml")),
    ("events.yaml", include_str!("../../templates/events.yaml")),
    ("catalog.yaml", include_str!("../../templates/catalog.yaml")),
    ("roles.yaml", include_str!("../../templates/roles.yaml")),
];

/// All stacks of an environment, each after those it imports from (D8): Sluice's own, whose templates
/// are given by file name, and the team's. An environment without addresses has no network.
/// [`domain::ErrorKind::Invalid`] names the stack and what is wrong with it.
pub fn assemble(
    content: &Content,
    templates: &BTreeMap<String, String>,
    environment: &Environment,
) -> Result<Vec<StackDefinition>> {
    let prefix = &content.lake.lake.logical_id_prefix;
    let mut stacks = BTreeMap::new();
    for stack in OwnStack::ALL {
        if stack == OwnStack::Network && environment.vpc_cidr.is_none() {
            continue;
        }
        let file = format!("{}.yaml", stack.as_str().to_ascii_lowercase());
        let template = templates.get(&file).ok_or_else(|| {
            Error::invalid(format!("the release has no template {file}: build it anew"))
        })?;
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
        (names::SAYS_WHERE[0], environment.name.to_string()),
        (names::SAYS_WHERE[1], names::environment_title(&environment.name)),
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
        let templates = OWN_TEMPLATES.map(|(name, text)| (name.to_owned(), text.to_owned()));
        let templates = BTreeMap::from(templates);
        let stacks = assemble(&content, &templates, &dev).unwrap();
        assert_eq!(stacks.len(), 6, "{:?}", stacks.iter().map(|s| &s.name).collect::<Vec<_>>());
        let mut exported = std::collections::BTreeSet::new();
        for stack in &stacks {
            for import in &stack.resolved.imports {
                assert!(exported.contains(import), "{} needs {import} first", stack.name);
            }
            exported.extend(stack.resolved.exports().into_iter().map(str::to_owned));
        }
        let without = Environment { vpc_cidr: None, ..dev };
        assert_eq!(assemble(&content, &templates, &without).unwrap().len(), 5);
    }

    #[test]
    fn parameters_of_the_lake_file_reach_the_stacks_that_declare_them_and_no_others() {
        let producer = "arn:aws:iam::555555555555:role/shop/Exports";
        let mut files = LakeFiles::default();
        files.add("sluice.toml", format!("{LAKE}ProducerRoleArns = \"{producer}\"\n"));
        let content = Content::parse(files).unwrap();
        let dev = content.lake.environments[0].clone();
        let templates = OWN_TEMPLATES.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
        let stacks = assemble(&content, &templates, &dev).unwrap();
        let given = |stack: &&StackDefinition| stack.parameters.contains_key("ProducerRoleArns");
        let given: Vec<_> = stacks.iter().filter(given).collect();
        assert_eq!(given.len(), 1, "{given:?}");
        assert_eq!(given[0].name, "DevDataLakeEtlStorage");
        assert_eq!(given[0].parameters["ProducerRoleArns"], producer);
    }
}
