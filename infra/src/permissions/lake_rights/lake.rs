//! The stacks of one environment with everything in them known, as the code names it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::request::Request;
use crate::template::{Existing, Inputs, Resolved, Template};

pub(super) const ACCOUNT: &str = "111111111111";
pub(super) const DEPLOYMENT: &str = "444444444444";
pub(super) const REGION: &str = "eu-central-1";

/// Everything that any of the templates asks for.
const CHOICES: [(&str, &str); 13] = [
    ("Environment", "dev"),
    ("EnvironmentTitle", "Dev"),
    ("ResourceNamePrefix", "data-lake"),
    ("LogicalIdPrefix", "DataLake"),
    ("ServerRoleArn", "arn:aws:iam::444444444444:role/sluice-bootstrap/data-lake-server"),
    ("AssetBucketName", "data-lake-444444444444-eu-central-1-assets"),
    ("AssetKeyArn", "arn:aws:kms:eu-central-1:444444444444:key/a-55e7"),
    ("DeployRoleArns", "arn:aws:iam::111111111111:role/sluice-bootstrap/dev-data-lake-deploy"),
    ("VpcCidr", "10.20.0.0/24"),
    ("ConformedDatabaseName", "raw_source"),
    ("PurposeBuiltDatabaseName", "served"),
    ("Protected", "true"),
    ("CostCenter", "4711"),
];

/// What the stacks hand to `roles`.
const IMPORTS: [(&str, &str); 8] = [
    ("DevS3KmsKeyArn", "arn:aws:kms:eu-central-1:111111111111:key/da7a"),
    ("DevMessagesKmsKeyArn", "arn:aws:kms:eu-central-1:111111111111:key/3e55"),
    ("DevArrivalQueueArn", "arn:aws:sqs:eu-central-1:111111111111:dev-data-lake-arrivals"),
    (
        "DevDeadLetterQueueArn",
        "arn:aws:sqs:eu-central-1:111111111111:dev-data-lake-arrivals-dead-letter",
    ),
    (
        "DevNotificationTopicArn",
        "arn:aws:sns:eu-central-1:111111111111:dev-data-lake-notifications",
    ),
    ("DevConformedDatabaseName", "raw_source"),
    ("DevPurposeBuiltDatabaseName", "served"),
    ("DevWorkgroupName", "dev-data-lake-workgroup"),
];

/// The ARNs of resources that stand in the same stack as a policy that names them.
const MADE: [(&str, &str); 10] = [
    ("ArrivalQueue", "arn:aws:sqs:eu-central-1:111111111111:dev-data-lake-arrivals"),
    ("RawBucket", "arn:aws:s3:::dev-data-lake-111111111111-eu-central-1-raw"),
    ("ConformedBucket", "arn:aws:s3:::dev-data-lake-111111111111-eu-central-1-conformed"),
    ("PurposeBuiltBucket", "arn:aws:s3:::dev-data-lake-111111111111-eu-central-1-purpose-built"),
    ("QueryResultBucket", "arn:aws:s3:::dev-data-lake-111111111111-eu-central-1-query-results"),
    ("AccessLogBucket", "arn:aws:s3:::dev-data-lake-111111111111-eu-central-1-access-logs"),
    ("AssetBucket", "arn:aws:s3:::data-lake-444444444444-eu-central-1-assets"),
    ("DataKey", "arn:aws:kms:eu-central-1:111111111111:key/da7a"),
    ("DeploymentKey", "arn:aws:kms:eu-central-1:444444444444:key/a-55e7"),
    (
        "CloudFormationRole",
        "arn:aws:iam::111111111111:role/sluice-bootstrap/dev-data-lake-cloudformation",
    ),
];

/// A stack of the environment `dev`, or of the deployment account; `chosen` comes before what is usual.
pub(super) fn stack(file: &str, chosen: &[(&str, &str)]) -> Resolved {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("templates").join(file);
    let template = Template::parse(&fs::read_to_string(path).unwrap()).unwrap();
    let account = if file.contains("deployment") { DEPLOYMENT } else { ACCOUNT };
    let mut inputs = Inputs::new(account, REGION, "stack");
    let usual = CHOICES.iter().chain([&("Team", "lake")]).chain(chosen);
    for (name, value) in usual.filter(|(name, _)| template.parameters.contains_key(*name)) {
        inputs = inputs.with_parameter(name, value);
    }
    inputs.imports = IMPORTS.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    inputs.existing = MADE.map(|(name, arn)| (name.to_owned(), made(arn))).into();
    template.resolve(&inputs).unwrap()
}

/// The ARN of a resource that stands in the same stack as a policy that names it.
pub(super) fn arn_in_stack(name: &str) -> &'static str {
    MADE.into_iter().find(|(one, _)| *one == name).unwrap().1
}

fn made(arn: &str) -> Existing {
    let attributes = BTreeMap::from([("Arn".to_owned(), arn.to_owned())]);
    Existing { physical_id: arn.to_owned(), attributes }
}

/// A role of the lake, with what its policies and its boundary say.
pub(super) struct Role {
    arn: String,
    policies: Vec<Value>,
    boundary: Option<Value>,
}

impl Role {
    pub(super) fn server() -> Self {
        let stack = stack("bootstrap-deployment.yaml", &[]);
        let arn = format!("arn:aws:iam::{DEPLOYMENT}:role/sluice-bootstrap/data-lake-server");
        Self { arn, policies: own_policies(&stack, "ServerRole"), boundary: None }
    }

    pub(super) fn deploy() -> Self {
        let stack = stack("bootstrap-target.yaml", &[]);
        let policies = own_policies(&stack, "DeployRole");
        Self { arn: bootstrapped("deploy"), policies, boundary: None }
    }

    pub(super) fn cloud_formation() -> Self {
        let stack = stack("bootstrap-target.yaml", &[]);
        let policies = ["DataPolicy", "NetworkPolicy", "RolesPolicy"];
        let policies = policies.map(|name| property(&stack, name, "PolicyDocument")).into();
        Self { arn: bootstrapped("cloudformation"), policies, boundary: None }
    }

    pub(super) fn engine() -> Self {
        Self::of_lake("engine", "EngineRole")
    }

    pub(super) fn query() -> Self {
        Self::of_lake("query", "QueryRole")
    }

    fn of_lake(name: &str, resource: &str) -> Self {
        let arn = format!("arn:aws:iam::{ACCOUNT}:role/sluice/dev-data-lake-{name}");
        let policies = own_policies(&stack("roles.yaml", &[]), resource);
        let boundary = stack("bootstrap-target.yaml", &[]);
        let boundary = property(&boundary, "Boundary", "PolicyDocument");
        Self { arn, policies, boundary: Some(boundary) }
    }

    pub(super) fn asks(&self, action: &str, resource: &str) -> Request {
        Request::new(&self.arn, action, resource)
    }

    /// Whether its own policies allow it, and its boundary does not stand against it.
    pub(super) fn may(&self, action: &str, resource: &str) -> bool {
        self.may_ask(&self.asks(action, resource))
    }

    pub(super) fn may_ask(&self, request: &Request) -> bool {
        let policies: Vec<_> = self.policies.iter().collect();
        let within = self.boundary.as_ref().is_none_or(|most| request.is_allowed_by(&[most]));
        request.is_allowed_by(&policies) && within
    }
}

fn bootstrapped(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/sluice-bootstrap/dev-data-lake-{name}")
}

fn own_policies(stack: &Resolved, role: &str) -> Vec<Value> {
    let policies = property(stack, role, "Policies");
    policies.as_array().unwrap().iter().map(|policy| policy["PolicyDocument"].clone()).collect()
}

/// A property of a resource.
pub(super) fn property(stack: &Resolved, resource: &str, name: &str) -> Value {
    stack.resources[resource].properties[name].clone()
}
