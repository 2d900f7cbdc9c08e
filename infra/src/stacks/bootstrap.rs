//! The stacks that a person makes once, before Sluice can work in an account: in the deployment account
//! and in the account of each environment.

use std::collections::BTreeMap;

use domain::{Error, Result};

use super::StackDefinition;
use super::names::{self, environment_title};
use crate::lake_repository::{Environment, LakeFile, Tags};
use crate::partition;
use crate::template::{Inputs, Template};

const DEPLOYMENT: &str = include_str!("../../templates/bootstrap-deployment.yaml");
const TARGET: &str = include_str!("../../templates/bootstrap-target.yaml");

/// Where a bootstrap stack is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The account, 12 digits.
    pub account: &'a str,
    /// The region.
    pub region: &'a str,
}

/// What people choose of the parameters of a stack.
#[derive(Debug, Clone, Copy)]
pub struct Choices<'a> {
    /// What the stack was given last; nothing while it is not there. It holds until something else is
    /// given or known, so that a bootstrap that is repeated changes nothing.
    pub kept: &'a BTreeMap<String, String>,
    /// What is given now. It comes before what is known.
    pub given: &'a BTreeMap<String, String>,
}

/// The name of the stack in the deployment account: `DataLakeBootstrap`.
pub fn deployment_name(lake: &LakeFile) -> String {
    format!("{}Bootstrap", lake.lake.logical_id_prefix)
}

/// The name of the stack in the account of an environment: `DevDataLakeBootstrap`. It is none of those
/// that pipelines change and `destroy` takes away.
pub fn target_name(lake: &LakeFile, environment: &Environment) -> String {
    format!("{}{}", environment_title(&environment.name), deployment_name(lake))
}

/// The stack of the deployment account. `deploy_roles` are the ARNs that the stacks of environments gave
/// out, with their environments: the server may assume these roles, and those of their lakes.
/// [`domain::ErrorKind::Invalid`] names what the template lacks.
pub fn deployment(
    lake: &LakeFile,
    place: Place<'_>,
    deploy_roles: &[(&Environment, String)],
    choices: Choices<'_>,
) -> Result<StackDefinition> {
    let prefix = &lake.lake.resource_name_prefix;
    let deploy: Vec<_> = deploy_roles.iter().map(|(_, arn)| arn.as_str()).collect();
    let of_lake = deploy_roles.iter().flat_map(|(environment, _)| {
        ["engine", "query"].map(|role| {
            let Environment { account, name, region, .. } = environment;
            let partition = partition::of_region(region);
            format!("arn:{partition}:iam::{account}:role/sluice/{name}-{prefix}-{role}")
        })
    });
    let of_lake: Vec<_> = of_lake.collect();
    let known = [("DeployRoleArns", deploy.join(",")), ("LakeRoleArns", of_lake.join(","))];
    let mut tags = tags(lake);
    tags.insert(format!("{prefix}:environment"), "deployment".to_owned());
    define(lake, place, (deployment_name(lake), DEPLOYMENT), (known.into(), choices), tags)
}

/// The stack of an environment's account. `outputs` are those of the stack in the deployment account.
/// Invalid as for [`deployment`].
pub fn target(
    lake: &LakeFile,
    environment: &Environment,
    outputs: &BTreeMap<String, String>,
    choices: Choices<'_>,
) -> Result<StackDefinition> {
    let Environment { name, account, region, .. } = environment;
    let mut known = BTreeMap::from([
        ("Environment", name.to_string()),
        ("EnvironmentTitle", environment_title(name)),
        ("LogicalIdPrefix", lake.lake.logical_id_prefix.clone()),
    ]);
    for output in ["ServerRoleArn", "AssetBucketName", "AssetKeyArn"] {
        known.extend(outputs.get(output).map(|value| (output, value.clone())));
    }
    let Tags { cost_center, team, application } = &lake.tags;
    let prefix = &lake.lake.resource_name_prefix;
    let tags = names::tags(prefix, name, cost_center, team, application);
    let place = Place { account, region };
    define(lake, place, (target_name(lake, environment), TARGET), (known, choices), tags)
}

fn tags(lake: &LakeFile) -> BTreeMap<String, String> {
    let Tags { cost_center, team, application } = &lake.tags;
    let prefix = &lake.lake.resource_name_prefix;
    let values = [("cost-center", cost_center), ("team", team), ("application", application)];
    values.into_iter().map(|(name, value)| (format!("{prefix}:{name}"), value.clone())).collect()
}

fn define(
    lake: &LakeFile,
    place: Place<'_>,
    (name, text): (String, &str),
    (mut known, choices): (BTreeMap<&str, String>, Choices<'_>),
    tags: BTreeMap<String, String>,
) -> Result<StackDefinition> {
    let about = |error: Error| error.context(format!("stack {name}"));
    let template = Template::parse(text).map_err(about)?;
    known.extend([
        ("ResourceNamePrefix", lake.lake.resource_name_prefix.clone()),
        ("CostCenter", lake.tags.cost_center.clone()),
        ("Team", lake.tags.team.clone()),
        ("Application", lake.tags.application.clone()),
    ]);
    let mut parameters = kept(&template, choices.kept);
    parameters.extend(known.into_iter().map(|(name, value)| (name.to_owned(), value)));
    parameters.retain(|_, value| !value.is_empty());
    parameters.extend(choices.given.clone());
    let mut inputs = Inputs::new(place.account, place.region, &name);
    inputs.parameters.clone_from(&parameters);
    let resolved = template.resolve(&inputs).map_err(about)?;
    Ok(StackDefinition { name, template: text.to_owned(), parameters, tags, resolved })
}

/// What was chosen before, of what the template still asks for. A secret is not told, and what is the
/// default now was hardly chosen.
fn kept(template: &Template, before: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let was_chosen = |(name, value): &(&String, &String)| {
        let parameter = template.parameters.get(*name);
        parameter.is_some_and(|one| !one.no_echo && one.default.as_ref() != Some(*value))
    };
    let chosen = before.iter().filter(was_chosen);
    chosen.map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lake_repository::init::NewLake;
    use crate::lake_repository::{FileChange, Naming};

    const NOTHING: Choices<'_> = Choices { kept: &BTreeMap::new(), given: &BTreeMap::new() };

    fn lake() -> LakeFile {
        let naming = Naming {
            logical_id_prefix: "DataLake".into(),
            resource_name_prefix: "data-lake".into(),
        };
        let accounts = ["111111111111", "222222222222", "333333333333"];
        let lake = NewLake::usual(naming, "444444444444", accounts, "eu-central-1").unwrap();
        let files = lake.files().unwrap();
        let text = files.into_iter().find_map(|file| match file {
            FileChange::Write { path, bytes } if path == "sluice.toml" => {
                String::from_utf8(bytes).ok()
            }
            _ => None,
        });
        LakeFile::parse(&text.unwrap()).unwrap()
    }

    #[test]
    fn the_deployment_account_learns_of_each_environment_that_was_bootstrapped() {
        let lake = lake();
        let place = Place { account: "444444444444", region: "eu-central-1" };
        let first = deployment(&lake, place, &[], NOTHING).unwrap();
        assert_eq!(first.name, "DataLakeBootstrap");
        assert!(!first.parameters.contains_key("DeployRoleArns"));
        let dev = &lake.environments[0];
        let role = "arn:aws:iam::111111111111:role/sluice-bootstrap/dev-data-lake-deploy";
        let second = deployment(&lake, place, &[(dev, role.to_owned())], NOTHING).unwrap();
        assert_eq!(second.parameters["DeployRoleArns"], role);
        let engine = "arn:aws:iam::111111111111:role/sluice/dev-data-lake-engine";
        assert!(second.parameters["LakeRoleArns"].starts_with(engine), "{second:?}");
        assert_eq!(second.tags["data-lake:environment"], "deployment");
    }

    #[test]
    fn roles_are_named_in_the_partition_of_their_region() {
        let lake = lake();
        let china = Environment { region: "cn-north-1".into(), ..lake.environments[0].clone() };
        let place = Place { account: "444444444444", region: "cn-north-1" };
        let role = "arn:aws-cn:iam::111111111111:role/sluice-bootstrap/dev-data-lake-deploy";
        let roles = [(&china, role.to_owned())];
        let stack = deployment(&lake, place, &roles, NOTHING).unwrap();
        let engine = "arn:aws-cn:iam::111111111111:role/sluice/dev-data-lake-engine";
        assert!(stack.parameters["LakeRoleArns"].starts_with(engine), "{:?}", stack.parameters);
        let text = stack.resolved.resources["ServerRole"].properties.to_string();
        assert!(!text.contains("arn:aws:"), "{text}");
    }

    #[test]
    fn an_environment_needs_what_the_deployment_account_gives_out() {
        let lake = lake();
        let dev = &lake.environments[0];
        let error = target(&lake, dev, &BTreeMap::new(), NOTHING).unwrap_err();
        assert!(error.message().contains("DevDataLakeBootstrap"), "{error}");
        let outputs = [
            ("ServerRoleArn", "arn:aws:iam::444444444444:role/sluice-bootstrap/data-lake-server"),
            ("AssetBucketName", "data-lake-assets"),
            ("AssetKeyArn", "arn:aws:kms:eu-central-1:444444444444:key/0a-1b"),
        ];
        let outputs = outputs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let given = BTreeMap::from([("ExternalId".to_owned(), "a-secret".to_owned())]);
        let choices = Choices { given: &given, ..NOTHING };
        let stack = target(&lake, dev, &outputs, choices).unwrap();
        assert_eq!(stack.parameters["Environment"], "dev");
        assert_eq!(stack.parameters["ExternalId"], "a-secret");
        let pipelines = names::stack_prefix(&dev.name, "DataLake");
        assert!(!stack.name.starts_with(&pipelines), "no pipeline takes it for one of its own");
    }

    #[test]
    fn what_a_stack_was_given_holds_until_something_else_is_given_or_known() {
        let lake = lake();
        let place = Place { account: "444444444444", region: "eu-central-1" };
        let made = |kept: &[(&str, &str)], given: &[(&str, &str)]| {
            let [kept, given] = [kept, given].map(|pairs| {
                let pairs = pairs.iter().map(|(name, value)| (name.to_string(), value.to_string()));
                pairs.collect::<BTreeMap<_, _>>()
            });
            let choices = Choices { kept: &kept, given: &given };
            deployment(&lake, place, &[], choices).unwrap().parameters
        };
        let first = made(&[], &[("ServerRunsOn", "ec2")]);
        let told: Vec<_> =
            first.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(made(&told, &[]), first, "a second bootstrap changes nothing");
        assert_eq!(made(&told, &[("ServerRunsOn", "ecs")])["ServerRunsOn"], "ecs");
        let old = [
            ("DeployRoleArns", "arn:aws:iam::111111111111:role/sluice-bootstrap/gone"),
            ("GitHubTokenSecretName", "/DataLake/GitHubToken"),
            ("ServerRunsOn", "ecs"),
            ("Team", "before"),
        ];
        assert_eq!(made(&old, &[]), made(&[], &[]), "what is known, gone or a default is not kept");
    }
}
