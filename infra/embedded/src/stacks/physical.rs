//! What things are called in an account: names, ARNs and attributes, as CloudFormation gives them.

use std::collections::BTreeMap;

use infra::template::Existing;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::state::Held;
use crate::AccountRegion;

/// What `Ref` gives for a type that has a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reference {
    Name,
    Arn,
    Url,
}

/// How things of one type are called.
struct Naming {
    resource_type: &'static str,
    /// The property that names it, with `/` between levels.
    property: &'static str,
    reference: Reference,
    /// With `{region}`, `{account}`, `{path}` (which ends in `/`) and `{name}` in it.
    arn: &'static str,
}

const fn naming(
    resource_type: &'static str,
    property: &'static str,
    reference: Reference,
    arn: &'static str,
) -> Naming {
    Naming { resource_type, property, reference, arn }
}

/// Types whose things have names that can be chosen. From the pages "Return values" of the
/// CloudFormation template reference.
const NAMED: [Naming; 21] = {
    use Reference::{Arn, Name, Url};
    [
        naming("AWS::S3::Bucket", "BucketName", Name, "arn:aws:s3:::{name}"),
        naming("AWS::S3::BucketPolicy", "Bucket", Name, ""),
        naming(
            "AWS::DynamoDB::Table",
            "TableName",
            Name,
            "arn:aws:dynamodb:{region}:{account}:table/{name}",
        ),
        naming("AWS::SQS::Queue", "QueueName", Url, "arn:aws:sqs:{region}:{account}:{name}"),
        naming("AWS::SNS::Topic", "TopicName", Arn, "arn:aws:sns:{region}:{account}:{name}"),
        naming("AWS::IAM::Role", "RoleName", Name, "arn:aws:iam::{account}:role{path}{name}"),
        naming(
            "AWS::IAM::ManagedPolicy",
            "ManagedPolicyName",
            Arn,
            "arn:aws:iam::{account}:policy{path}{name}",
        ),
        naming(
            "AWS::IAM::InstanceProfile",
            "InstanceProfileName",
            Name,
            "arn:aws:iam::{account}:instance-profile{path}{name}",
        ),
        naming("AWS::KMS::Alias", "AliasName", Name, "arn:aws:kms:{region}:{account}:{name}"),
        naming(
            "AWS::Glue::Database",
            "DatabaseInput/Name",
            Name,
            "arn:aws:glue:{region}:{account}:database/{name}",
        ),
        naming("AWS::Glue::DataCatalogEncryptionSettings", "CatalogId", Name, ""),
        naming(
            "AWS::Athena::WorkGroup",
            "Name",
            Name,
            "arn:aws:athena:{region}:{account}:workgroup/{name}",
        ),
        naming(
            "AWS::Logs::LogGroup",
            "LogGroupName",
            Name,
            "arn:aws:logs:{region}:{account}:log-group:{name}:*",
        ),
        naming("AWS::SSM::Parameter", "Name", Name, ""),
        naming(
            "AWS::CloudWatch::Alarm",
            "AlarmName",
            Name,
            "arn:aws:cloudwatch:{region}:{account}:alarm:{name}",
        ),
        naming(
            "AWS::Lambda::Function",
            "FunctionName",
            Name,
            "arn:aws:lambda:{region}:{account}:function:{name}",
        ),
        naming("AWS::Events::Rule", "Name", Name, "arn:aws:events:{region}:{account}:rule/{name}"),
        naming(
            "AWS::StepFunctions::StateMachine",
            "StateMachineName",
            Arn,
            "arn:aws:states:{region}:{account}:stateMachine:{name}",
        ),
        naming(
            "AWS::SecretsManager::Secret",
            "Name",
            Arn,
            "arn:aws:secretsmanager:{region}:{account}:secret:{name}",
        ),
        naming(
            "AWS::ECR::Repository",
            "RepositoryName",
            Name,
            "arn:aws:ecr:{region}:{account}:repository/{name}",
        ),
        naming(
            "AWS::CodePipeline::Pipeline",
            "Name",
            Name,
            "arn:aws:codepipeline:{region}:{account}:{name}",
        ),
    ]
};

/// Types whose things have ids that nobody chooses: what stands before the digits.
const NUMBERED: [(&str, &str); 13] = [
    ("AWS::EC2::VPC", "vpc-"),
    ("AWS::EC2::Subnet", "subnet-"),
    ("AWS::EC2::RouteTable", "rtb-"),
    ("AWS::EC2::SubnetRouteTableAssociation", "rtbassoc-"),
    ("AWS::EC2::SecurityGroup", "sg-"),
    ("AWS::EC2::SecurityGroupIngress", "sgr-"),
    ("AWS::EC2::SecurityGroupEgress", "sgr-"),
    ("AWS::EC2::VPCEndpoint", "vpce-"),
    ("AWS::EC2::FlowLog", "fl-"),
    ("AWS::EC2::InternetGateway", "igw-"),
    ("AWS::EC2::NatGateway", "nat-"),
    ("AWS::EC2::NetworkAcl", "acl-"),
    ("AWS::EC2::Instance", "i-"),
];

/// Where a resource is made, and as the how-manieth of its logical id.
pub(super) struct Origin<'a> {
    pub(super) at: &'a AccountRegion,
    pub(super) stack_name: &'a str,
    pub(super) stack_arn: &'a str,
    pub(super) logical_id: &'a str,
    pub(super) generation: u32,
}

/// What `Ref` gives for a resource: its chosen name, else one made of stack, logical id and signs
/// that are always the same for the same resource of the same stack.
pub(super) fn physical_id(origin: &Origin<'_>, resource_type: &str, properties: &Value) -> String {
    if let Some((_, prefix)) = NUMBERED.iter().find(|(known, _)| *known == resource_type) {
        return format!("{prefix}0{}", &signs(origin)[..16]);
    }
    if resource_type == "AWS::KMS::Key" {
        return key_id(&signs(origin));
    }
    let Some(naming) = NAMED.iter().find(|naming| naming.resource_type == resource_type) else {
        return generated(origin);
    };
    let chosen = properties.pointer(&format!("/{}", naming.property)).and_then(Value::as_str);
    let name = chosen.map_or_else(|| generated(origin), str::to_owned);
    let name = match (chosen, resource_type) {
        (None, "AWS::S3::Bucket") => name.to_lowercase(),
        _ => name,
    };
    match naming.reference {
        Reference::Name => name,
        Reference::Arn => naming.arn(origin.at, &name, properties),
        Reference::Url => {
            let (region, account) = (origin.at.region(), origin.at.account());
            format!("https://sqs.{region}.amazonaws.com/{account}/{name}")
        }
    }
}

/// What `Ref` and `Fn::GetAtt` give for a resource that is there. `asked` are attributes that some
/// value asks for: those that are not known here are made up, and say so.
pub(super) fn existing(at: &AccountRegion, held: &Held, asked: &[&str]) -> Existing {
    let mut attributes = BTreeMap::new();
    for attribute in asked {
        let value = attribute_of(at, held, attribute)
            .unwrap_or_else(|| format!("simulated-{}-{attribute}", held.physical_id));
        attributes.insert((*attribute).to_owned(), value);
    }
    Existing { physical_id: held.physical_id.clone(), attributes }
}

fn attribute_of(at: &AccountRegion, held: &Held, attribute: &str) -> Option<String> {
    let id = &held.physical_id;
    let naming = NAMED.iter().find(|naming| naming.resource_type == held.resource_type);
    let name = id.rsplit(['/', ':']).next().unwrap_or(id);
    let path = attribute.replace('.', "/");
    let property = held.properties.pointer(&format!("/{path}")).and_then(Value::as_str);
    match (held.resource_type.as_str(), attribute) {
        ("AWS::KMS::Key", "Arn") => {
            Some(format!("arn:aws:kms:{}:{}:key/{id}", at.region(), at.account()))
        }
        ("AWS::S3::Bucket", "DomainName") => Some(format!("{id}.s3.amazonaws.com")),
        ("AWS::S3::Bucket", "RegionalDomainName") => {
            Some(format!("{id}.s3.{}.amazonaws.com", at.region()))
        }
        ("AWS::DynamoDB::Table", "StreamArn") => {
            let arn = naming?.arn(at, id, &held.properties);
            Some(format!("{arn}/stream/2020-01-01T00:00:00.000"))
        }
        ("AWS::SQS::Queue", "QueueName") | ("AWS::SNS::Topic", "TopicName") => {
            Some(name.to_owned())
        }
        ("AWS::SQS::Queue", "QueueUrl") | ("AWS::SNS::Topic", "TopicArn") => Some(id.clone()),
        (_, "Arn") => {
            naming.filter(|naming| !naming.arn.is_empty()).map(|naming| match naming.reference {
                Reference::Arn => id.clone(),
                Reference::Url => naming.arn(at, name, &held.properties),
                Reference::Name => naming.arn(at, id, &held.properties),
            })
        }
        ("AWS::EC2::Subnet", "AvailabilityZone") if property.is_none() => {
            Some(format!("{}a", at.region()))
        }
        // `GroupId`, `VpcId`, `SubnetId` and the like of the thing itself.
        (of, _) if own_id(of).is_some_and(|own| own == attribute) => Some(id.clone()),
        (_, "Id" | "KeyId") => Some(id.clone()),
        _ => property.map(str::to_owned),
    }
}

fn own_id(resource_type: &str) -> Option<&'static str> {
    match resource_type {
        "AWS::EC2::VPC" => Some("VpcId"),
        "AWS::EC2::Subnet" => Some("SubnetId"),
        "AWS::EC2::RouteTable" => Some("RouteTableId"),
        "AWS::EC2::SecurityGroup" => Some("GroupId"),
        _ => None,
    }
}

impl Naming {
    fn arn(&self, at: &AccountRegion, name: &str, properties: &Value) -> String {
        let path = properties.get("Path").and_then(Value::as_str).unwrap_or("/");
        let arn = self.arn.replace("{region}", at.region()).replace("{account}", at.account());
        arn.replace("{path}", path).replace("{name}", name)
    }
}

/// `Stack-LogicalId-1A2B3C4D5E6F`, at most 63 characters, as most names may be.
fn generated(origin: &Origin<'_>) -> String {
    let signs = signs(origin)[..12].to_uppercase();
    let stack: String = origin.stack_name.chars().take(24).collect();
    let id: String = origin.logical_id.chars().take(24).collect();
    format!("{stack}-{id}-{signs}")
}

fn key_id(signs: &str) -> String {
    let parts = [&signs[..8], &signs[8..12], &signs[12..16], &signs[16..20], &signs[20..32]];
    parts.join("-")
}

/// 64 hexadecimal digits that stand for the resource.
fn signs(origin: &Origin<'_>) -> String {
    let text = format!("{}\n{}\n{}", origin.stack_arn, origin.logical_id, origin.generation);
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
