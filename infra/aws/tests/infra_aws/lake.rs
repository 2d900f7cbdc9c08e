//! All templates of a lake, from two empty accounts, under the roles that they make.

use std::collections::BTreeMap;

use aws::testing::{Emulator, fresh_account};
use aws::{Account, Role};
use domain::ErrorKind;
use infra::lake_repository::{Content, LakeFiles};
use infra::stacks::bootstrap::{self, Choices, Place};
use infra::stacks::{
    ChangeSetRequest, ChangeSetStatus, OWN_TEMPLATES, Stack, StackDefinition, StackOperation,
    StackService, StackStatus, assemble, execute_once, permission_changes,
};
use infra_aws::{AssetBucket, CloudFormationSettings, CloudFormationStackService};

use crate::stacks::{service, settled};

/// A lake with one environment. Its parameters leave out what the emulator knows no resources of:
/// flow logs, interface endpoints with their rule, and the encryption of the catalog.
fn lake(deployment: &str, environment: &str) -> Content {
    let text = format!(
        r#"
[lake]
logical_id_prefix = "DataLake"
resource_name_prefix = "lake"

[tags]
cost_center = "4711"
team = "data"
application = "sluice"

[[environments]]
name = "dev"
branch = "main"
account = "{environment}"
region = "eu-central-1"
vpc_cidr = "10.20.0.0/24"

[environments.parameters]
ServerRoleArn = "arn:aws:iam::{deployment}:role/sluice-bootstrap/lake-stand-in"
EncryptCatalog = "false"
FlowLogs = "false"
InterfaceEndpoints = "false"
"#
    );
    let mut files = LakeFiles::default();
    files.add("sluice.toml", text);
    Content::parse(files).unwrap()
}

/// A role that the test may take on in the server's place: the server's own lets tasks in, no test.
fn stand_in(content: &Content, place: Place<'_>) -> StackDefinition {
    let Place { account, .. } = place;
    let template = format!(
        r#"
Resources:
  StandIn:
    Type: AWS::IAM::Role
    Properties:
      RoleName: lake-stand-in
      Path: /sluice-bootstrap/
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {{Effect: Allow, Principal: {{AWS: "arn:aws:iam::{account}:root"}}, Action: sts:AssumeRole}}
      Policies:
        - PolicyName: deploy
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - {{Effect: Allow, Action: sts:AssumeRole, Resource: "arn:aws:iam::*:role/sluice-bootstrap/*-deploy"}}
"#
    );
    let given = BTreeMap::new();
    let choices = Choices { kept: &given, given: &given };
    let like = bootstrap::deployment(&content.lake, place, &[], choices).unwrap();
    StackDefinition { name: "StandIn".to_owned(), template, parameters: given, ..like }
}

fn request(stack: &StackDefinition, token: &str) -> ChangeSetRequest {
    ChangeSetRequest {
        stack: stack.name.clone(),
        template: stack.template.clone(),
        parameters: stack.parameters.clone(),
        tags: stack.tags.clone(),
        token: token.to_owned(),
    }
}

async fn deploy(service: &dyn StackService, stack: &StackDefinition, token: &str) -> Stack {
    let set = service.prepare(&request(stack, token)).await.unwrap();
    assert_eq!(set.status, ChangeSetStatus::Prepared, "{}: {:?}", stack.name, set.reason);
    execute_once(service, &set.arn, token).await.unwrap();
    let made = settled(service, &stack.name).await;
    assert!(made.status.is_complete(), "{}: {:?}", made.status, made.reason);
    made
}

fn outputs(stack: &Stack) -> BTreeMap<String, String> {
    stack.outputs.iter().map(|(name, output)| (name.clone(), output.value.clone())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_lake_is_made_from_empty_accounts_under_the_deploy_role_and_taken_away() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    let (first, second) = (fresh_account(), fresh_account());
    let deployment = Account::open(&emulator.settings(&first)).await;
    let environment = Account::open(&emulator.settings(&second)).await;
    let content = lake(&first, &second);
    let dev = content.lake.environments[0].clone();
    let place = Place { account: &first, region: &dev.region };

    // What people do once, with their own permissions.
    let nothing = BTreeMap::new();
    let unsaid = Choices { kept: &nothing, given: &nothing };
    let stack = bootstrap::deployment(&content.lake, place, &[], unsaid).unwrap();
    let own = service(&deployment, &first);
    let mut server = outputs(&deploy(&own, &stack, "first").await);
    deploy(&own, &stand_in(&content, place), "first").await;
    let stand_in = format!("arn:aws:iam::{first}:role/sluice-bootstrap/lake-stand-in");
    server.insert("ServerRoleArn".to_owned(), stand_in.clone());
    let external = BTreeMap::from([("ExternalId".to_owned(), "a-secret".to_owned())]);
    let choices = Choices { given: &external, ..unsaid };
    let stack = bootstrap::target(&content.lake, &dev, &server, choices).unwrap();
    let target = service(&environment, &second);
    let made = deploy(&target, &stack, "first").await;
    let choices = Choices { kept: &made.parameters, ..unsaid };
    let stack = bootstrap::target(&content.lake, &dev, &server, choices).unwrap();
    let again = target.prepare(&request(&stack, "again")).await.unwrap();
    assert_eq!(again.status, ChangeSetStatus::Empty, "the external id holds: {:?}", again.changes);
    let roles = outputs(&made);
    let deploy_roles = [(&dev, roles["DeployRoleArn"].clone())];
    let stack = bootstrap::deployment(&content.lake, place, &deploy_roles, unsaid).unwrap();
    deploy(&own, &stack, "second").await;

    // What the server does from then on, under the deploy role.
    let role = Role {
        arn: roles["DeployRoleArn"].clone(),
        external_id: Some("a-secret".to_owned()),
        session: "sluice-test".to_owned(),
    };
    let session = "sluice-test".to_owned();
    let server_role = Role { arn: stand_in, external_id: None, session };
    let stranger = Role { external_id: Some("another".to_owned()), ..role.clone() };
    let there = deployment.under(&server_role).await.under(&role).await;
    assert_eq!(there.identity().await.unwrap().account, second);
    let refused = deployment.under(&server_role).await.under(&stranger).await.identity().await;
    // An emulator that enforces policies says what AWS says.
    if let Err(error) = refused {
        assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
        assert!(error.message().contains("sts:AssumeRole"), "{error}");
    }
    let settings = CloudFormationSettings {
        service_role: Some(roles["CloudFormationRoleArn"].clone()),
        templates: Some(AssetBucket::new(&deployment, &server["AssetBucketName"])),
        look_every: std::time::Duration::from_millis(50),
        ..CloudFormationSettings::of(&second)
    };
    let stacks = CloudFormationStackService::new(&there, settings);
    let templates = OWN_TEMPLATES.map(|(name, text)| (name.to_owned(), text.to_owned())).into();
    let lake = assemble(&content, &templates, &dev).unwrap();
    for stack in &lake {
        let widened = permission_changes(&stacks, stack, &second, &dev.region).await.unwrap();
        deploy(&stacks, stack, "first").await;
        let after = permission_changes(&stacks, stack, &second, &dev.region).await.unwrap();
        assert_eq!(after, [], "{}: nothing changes once it is there", stack.name);
        assert!(widened.is_empty() || widened.iter().any(|change| change.widened));
        assert_eq!(stacks.drift(&stack.name).await.unwrap(), [], "{}", stack.name);
        let again = stacks.prepare(&request(stack, "again")).await.unwrap();
        assert_eq!(again.status, ChangeSetStatus::Empty, "{}: {:?}", stack.name, again.changes);
    }
    let exports = stacks.exports().await.unwrap();
    let raw = exports.iter().find(|export| export.name == "DevRawBucketName").unwrap();
    assert_eq!(raw.value, format!("dev-lake-{second}-eu-central-1-raw"));
    let listed = stacks.list("DevDataLakeEtl").await.unwrap();
    assert_eq!(listed.len(), lake.len());

    let zone = crate::stacks::buckets(&environment);
    // The emulator counts imports of resources that a condition leaves out: those of the flow log.
    let (network, others): (Vec<_>, Vec<_>) =
        lake.iter().rev().partition(|stack| stack.name.ends_with("Network"));
    for stack in network.into_iter().chain(others) {
        let delete = StackOperation::Delete { retain: Vec::new() };
        stacks.operate(&stack.name, &delete, "delete").await.unwrap();
        while let Some(left) = stacks.describe(&stack.name).await.unwrap() {
            assert_eq!(left.status, StackStatus::DeleteInProgress, "{:?}", left.reason);
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    }
    assert_eq!(stacks.list("DevDataLakeEtl").await.unwrap(), []);
    zone.head_bucket().bucket(&raw.value).send().await.expect("zones outlive their stack");
}
