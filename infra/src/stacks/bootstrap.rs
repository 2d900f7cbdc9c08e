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
/// out, with their environments: the server may assume these roles, and those of their lakes. What is
/// `given` comes before what is known. [`domain::ErrorKind::Invalid`] names what the template lacks.
pub fn deployment(
    lake: &LakeFile,
    place: Place<'_>,
    deploy_roles: &[(&Environment, String)],
    given: &BTreeMap<String, String>,
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
    define(lake, place, (deployment_name(lake), DEPLOYMENT), (known.into(), given), tags)
}

/// The stack of an environment's account. `outputs` are those of the stack in the deployment account.
/// Invalid as for [`deployment`].
pub fn target(
    lake: &LakeFile,
    environment: &Environment,
    outputs: &BTreeMap<String, String>,
    given: &BTreeMap<String, String>,
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
    define(lake, place, (target_name(lake, environment), TARGET), (known, given), tags)
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
    (mut known, given): (BTreeMap<&str, String>, &BTreeMap<String, String>),
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
    let mut parameters: BTreeMap<String, String> =
        known.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    parameters.retain(|_, value| !value.is_empty());
    parameters.extend(given.clone());
    let mut inputs = Inputs::new(place.account, place.region, &name);
    inputs.parameters.clone_from(&parameters);
    let resolved = template.resolve(&inputs).map_err(about)?;
    Ok(StackDefinition { name, template: text.to_owned(), parameters, tags, resolved })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lake_repository::init::NewLake;
    use crate::lake_repository::{FileChange, Naming};

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
        let first = deployment(&lake, place, &[], &BTreeMap::new()).unwrap();
        assert_eq!(first.name, "DataLakeBootstrap");
        assert!(!first.parameters.contains_key("DeployRoleArns"));
        let dev = &lake.environments[0];
        let role = "arn:aws:iam::111111111111:role/sluice-bootstrap/dev-data-lake-deploy";
        let second = deployment(&lake, place, &[(dev, role.to_owned())], &BTreeMap::new()).unwrap();
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
        let stack = deployment(&lake, place, &roles, &BTreeMap::new()).unwrap();
        let engine = "arn:aws-cn:iam::111111111111:role/sluice/dev-data-lake-engine";
        assert!(stack.parameters["LakeRoleArns"].starts_with(engine), "{:?}", stack.parameters);
        let text = stack.resolved.resources["ServerRole"].properties.to_string();
        assert!(!text.contains("arn:aws:"), "{text}");
    }

    #[test]
    fn an_environment_needs_what_the_deployment_account_gives_out() {
        let lake = lake();
        let dev = &lake.environments[0];
        let error = target(&lake, dev, &BTreeMap::new(), &BTreeMap::new()).unwrap_err();
        assert!(error.message().contains("DevDataLakeBootstrap"), "{error}");
        let outputs = [
            ("ServerRoleArn", "arn:aws:iam::444444444444:role/sluice-bootstrap/data-lake-server"),
            ("AssetBucketName", "data-lake-assets"),
            ("AssetKeyArn", "arn:aws:kms:eu-central-1:444444444444:key/0a-1b"),
        ];
        let outputs = outputs.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let given = BTreeMap::from([("ExternalId".to_owned(), "a-secret".to_owned())]);
        let stack = target(&lake, dev, &outputs, &given).unwrap();
        assert_eq!(stack.parameters["Environment"], "dev");
        assert_eq!(stack.parameters["ExternalId"], "a-secret");
        let pipelines = names::stack_prefix(&dev.name, "DataLake");
        assert!(!stack.name.starts_with(&pipelines), "no pipeline takes it for one of its own");
    }
}
