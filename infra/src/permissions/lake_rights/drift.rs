//! What CloudFormation reads of each type of resource when it looks for drift. It does so with the rights
//! of whoever asks, which is the deploy role.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::calls::arn_of;
use super::lake::{Role, property, stack};
use crate::stacks::OWN_TEMPLATES;
use crate::template::Template;

/// A type of resource, the actions by which CloudFormation reads it, and on what.
type Read = (&'static str, &'static [&'static str], &'static [&'static str]);

/// Of every type that the templates make. One without actions CloudFormation does not look at, or not by
/// calls of its own.
const READ: &[Read] = &[
    ("AWS::Athena::WorkGroup", WORKGROUP, &["workgroup workgroup"]),
    ("AWS::CloudWatch::Alarm", ALARM, &["alarm arrivals-waiting", "alarm arrivals-dead-letter"]),
    ("AWS::DynamoDB::Table", INSIGHTS, &["table sources/index/current-by-dataset"]),
    ("AWS::DynamoDB::Table", TABLE, TABLES),
    ("AWS::EC2::FlowLog", &["ec2:DescribeFlowLogs"], ANYTHING),
    ("AWS::EC2::RouteTable", &["ec2:DescribeRouteTables"], ANYTHING),
    ("AWS::EC2::SecurityGroup", &["ec2:DescribeSecurityGroups"], ANYTHING),
    ("AWS::EC2::SecurityGroupIngress", GROUP_RULE, ANYTHING),
    ("AWS::EC2::Subnet", &["ec2:DescribeNetworkAcls", "ec2:DescribeSubnets"], ANYTHING),
    ("AWS::EC2::SubnetRouteTableAssociation", &["ec2:DescribeRouteTables"], ANYTHING),
    ("AWS::EC2::VPC", NETWORK, ANYTHING),
    ("AWS::EC2::VPC", &["ec2:DescribeVpcAttribute"], &["vpc vpc-0a1b"]),
    ("AWS::EC2::VPCEndpoint", &["ec2:DescribeVpcEndpoints"], ANYTHING),
    ("AWS::Glue::DataCatalogEncryptionSettings", &[], &[]),
    ("AWS::Glue::Database", &[], &[]),
    ("AWS::IAM::InstanceProfile", &["iam:GetInstanceProfile"], &["instance-profile engine"]),
    ("AWS::IAM::Role", ROLE, &["role engine", "role query"]),
    ("AWS::KMS::Alias", &["kms:ListAliases"], ANYTHING),
    ("AWS::KMS::Key", KEY, &["key da7a", "key 3e55"]),
    ("AWS::S3::Bucket", BUCKET, BUCKETS),
    ("AWS::S3::BucketPolicy", &["s3:GetBucketPolicy"], BUCKETS),
    ("AWS::SNS::Topic", TOPIC, &["topic notifications"]),
    ("AWS::SNS::TopicPolicy", &[], &[]),
    ("AWS::SQS::Queue", QUEUE, &["queue arrivals", "queue arrivals-dead-letter"]),
    ("AWS::SQS::QueuePolicy", &[], &[]),
];

const ANYTHING: &[&str] = &["anything"];
const BUCKETS: &[&str] = &[
    "bucket raw",
    "bucket conformed",
    "bucket purpose-built",
    "bucket query-results",
    "bucket access-logs",
];
const TABLES: &[&str] =
    &["table etl-job-audit", "table run-state", "table sources", "table transformations"];

const WORKGROUP: &[&str] = &["athena:GetWorkGroup", "athena:ListTagsForResource"];
const ALARM: &[&str] = &["cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource"];
const INSIGHTS: &[&str] = &["dynamodb:DescribeContributorInsights"];
const TABLE: &[&str] = &[
    "dynamodb:DescribeContinuousBackups",
    "dynamodb:DescribeContributorInsights",
    "dynamodb:DescribeKinesisStreamingDestination",
    "dynamodb:DescribeTable",
    "dynamodb:DescribeTimeToLive",
    "dynamodb:GetResourcePolicy",
    "dynamodb:ListTagsOfResource",
];
const GROUP_RULE: &[&str] = &["ec2:DescribeSecurityGroupRules", "ec2:DescribeSecurityGroups"];
const NETWORK: &[&str] = &[
    "ec2:DescribeNetworkAcls",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeVpcEncryptionControls",
    "ec2:DescribeVpcs",
];
const ROLE: &[&str] =
    &["iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies"];
const KEY: &[&str] =
    &["kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus", "kms:ListResourceTags"];
const BUCKET: &[&str] = &[
    "s3:GetAccelerateConfiguration",
    "s3:GetAnalyticsConfiguration",
    "s3:GetBucketAbac",
    "s3:GetBucketCORS",
    "s3:GetBucketLogging",
    "s3:GetBucketMetadataTableConfiguration",
    "s3:GetBucketNotification",
    "s3:GetBucketObjectLockConfiguration",
    "s3:GetBucketOwnershipControls",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketTagging",
    "s3:GetBucketVersioning",
    "s3:GetBucketWebsite",
    "s3:GetEncryptionConfiguration",
    "s3:GetIntelligentTieringConfiguration",
    "s3:GetInventoryConfiguration",
    "s3:GetLifecycleConfiguration",
    "s3:GetMetricsConfiguration",
    "s3:GetReplicationConfiguration",
    "s3:ListBucket",
    "s3:ListTagsForResource",
];
const TOPIC: &[&str] = &[
    "sns:GetDataProtectionPolicy",
    "sns:GetTopicAttributes",
    "sns:ListSubscriptionsByTopic",
    "sns:ListTagsForResource",
];
const QUEUE: &[&str] = &["sqs:GetQueueAttributes", "sqs:ListQueueTags"];

/// Data in what the deploy role looks at, and changes of it.
const BEYOND: &[(&str, &str)] = &[
    ("athena:GetQueryResults", "workgroup workgroup"),
    ("dynamodb:BatchGetItem", "table run-state"),
    ("dynamodb:GetItem", "table sources"),
    ("dynamodb:Query", "table etl-job-audit"),
    ("dynamodb:Query", "table sources/index/current-by-dataset"),
    ("dynamodb:Scan", "table etl-job-audit"),
    ("dynamodb:UpdateTable", "table sources"),
    ("glue:GetTable", "glue-table served/trips"),
    ("iam:PutRolePolicy", "role engine"),
    ("iam:UpdateAssumeRolePolicy", "role engine"),
    ("kms:Decrypt", "key da7a"),
    ("kms:PutKeyPolicy", "key da7a"),
    ("s3:GetObject", "object raw"),
    ("s3:GetObject", "result athena/1.csv"),
    ("s3:GetObjectVersion", "object conformed"),
    ("s3:PutBucketPolicy", "bucket raw"),
    ("sns:Publish", "topic notifications"),
    ("sqs:ReceiveMessage", "queue arrivals"),
    ("sqs:SetQueueAttributes", "queue arrivals"),
];

fn types_in(text: &str) -> Vec<String> {
    let template = Template::parse(text).unwrap();
    template.resources.into_values().map(|resource| resource.resource_type).collect()
}

/// What a role lacks of what is read.
fn denied(role: &Role, read: &[Read]) -> Vec<String> {
    let mut denied = Vec::new();
    for (kind, actions, places) in read {
        for place in places.iter().map(|place| arn_of(place)) {
            let lacking = actions.iter().filter(|action| !role.may(action, &place));
            denied.extend(lacking.map(|action| format!("{kind} needs {action} on {place}")));
        }
    }
    denied
}

#[test]
fn c10_the_deploy_role_may_read_what_drift_is_told_from_of_every_type_that_is_made() {
    let made: BTreeSet<_> = OWN_TEMPLATES.iter().flat_map(|(_, text)| types_in(text)).collect();
    let known: BTreeSet<_> = READ.iter().map(|(kind, ..)| (*kind).to_owned()).collect();
    assert_eq!(made, known, "say here what CloudFormation reads of each type");
    let role = Role::deploy();
    assert!(role.may("cloudformation:BatchDescribeTypeConfigurations", "*"));
    let lacks = denied(&role, READ);
    assert!(lacks.is_empty(), "{lacks:#?}");
}

/// Handlers read what they made, with the rights of CloudFormation's own role. That of aliases does not.
#[test]
fn cloudformation_may_read_what_it_makes_and_which_zones_there_are() {
    let role = Role::cloud_formation();
    let read: Vec<_> =
        READ.iter().filter(|(kind, ..)| *kind != "AWS::KMS::Alias").copied().collect();
    let lacks = denied(&role, &read);
    assert!(lacks.is_empty(), "{lacks:#?}");
    for action in ["DescribeAccountAttributes", "DescribeAvailabilityZones", "DescribeSubnets"] {
        assert!(role.may(&format!("ec2:{action}"), "*"), "Fn::GetAZs needs {action}");
    }
}

#[test]
fn who_looks_for_drift_sees_no_data_and_changes_nothing() {
    let role = Role::deploy();
    for (action, place) in BEYOND {
        let asked = role.asks(action, &arn_of(place));
        assert!(!role.may_ask(&asked), "{action} {place}");
        let by_way_of_s3 = asked.with("kms:ViaService", "s3.eu-central-1.amazonaws.com");
        assert!(!role.may_ask(&by_way_of_s3), "{action} {place}");
    }
    let of_others = "arn:aws:s3:::dev-data-lake2-111111111111-eu-central-1-raw";
    assert!(!role.may("s3:ListBucket", of_others));
}

#[test]
fn a_team_lets_the_drift_of_its_own_stacks_be_read_by_a_policy_and_by_nothing_unasked() {
    let policy = "arn:aws:iam::111111111111:policy/team/read-streams";
    let attached = |chosen: &[(&str, &str)]| {
        property(&stack("bootstrap-target.yaml", chosen), "DeployRole", "ManagedPolicyArns")
    };
    assert_eq!(attached(&[]), Value::Null);
    assert_eq!(attached(&[("TeamReadPolicyArn", policy)]), json!([policy]));
    assert_eq!(attached(&[("TeamPolicyArn", policy)]), Value::Null, "that is for making");
}
