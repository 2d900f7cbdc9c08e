//! Finds the statements of a stack, wherever they stand in its resources.

use serde_json::Value;

use super::condition::Condition;
use super::principal::{ANYONE, invoker};
use super::statement::{Effect, Owner, Place, Set, Statement};
use super::text::{referred, text, texts};
use crate::template::{Resolved, ResolvedResource, function};

/// Properties that hold a policy and nothing else, whatever type they belong to.
const POLICIES: [&str; 6] = [
    "AccessPolicies",
    "AssumeRolePolicyDocument",
    "InlinePolicy",
    "KeyPolicy",
    "PolicyDocument",
    "RepositoryPolicyText",
];

/// Types whose policy belongs to another resource, the property that names it, and its noun.
const POLICY_OF: [(&str, &str, &str); 9] = [
    ("AWS::Events::EventBusPolicy", "EventBusName", "event bus"),
    ("AWS::Kinesis::ResourcePolicy", "ResourceArn", "stream"),
    ("AWS::Lambda::ResourcePolicy", "ResourceArn", "function"),
    ("AWS::S3::BucketPolicy", "Bucket", "bucket"),
    ("AWS::SNS::TopicInlinePolicy", "TopicArn", "topic"),
    ("AWS::SNS::TopicPolicy", "Topics", "topic"),
    ("AWS::SQS::QueueInlinePolicy", "Queue", "queue"),
    ("AWS::SQS::QueuePolicy", "Queues", "queue"),
    ("AWS::SecretsManager::ResourcePolicy", "SecretId", "secret"),
];

/// Every statement of every policy in the stack.
pub(super) fn statements(stack: &Resolved) -> Vec<Statement> {
    let resources = stack.resources.iter();
    resources.flat_map(|(name, resource)| of_resource(stack, name, resource)).collect()
}

fn of_resource(stack: &Resolved, name: &str, resource: &ResolvedResource) -> Vec<Statement> {
    let Some(kind) = resource.resource_type.strip_prefix("AWS::IAM::") else {
        return match resource.resource_type.as_str() {
            "AWS::Lambda::Permission" => vec![invocation(name, resource)],
            "AWS::CloudFormation::Stack" | "AWS::CloudFormation::StackSet" => {
                of_itself(name, "stack").opaque(&resource.properties)
            }
            _ => of_other(name, resource),
        };
    };
    match kind {
        "Role" | "User" | "Group" => of_holder(name, kind, resource),
        _ => {
            let places = holders(stack, name, resource).into_iter().map(|(about, holder)| Place {
                logical_id: name.to_owned(),
                owner: Owner::Identity,
                holders: vec![holder],
                about,
            });
            places.flat_map(|place| found(&place, &resource.properties)).collect()
        }
    }
}

/// A role, user or group: what it may do, and who may become it.
fn of_holder(name: &str, kind: &str, resource: &ResolvedResource) -> Vec<Statement> {
    let holder = format!("{} {name}", kind.to_lowercase());
    let identity = Place {
        logical_id: name.to_owned(),
        owner: Owner::Identity,
        holders: vec![holder.clone()],
        about: itself(name),
    };
    let owner = Owner::Trust(holder);
    let trust = Place { owner, holders: vec![ANYONE.to_owned()], ..identity.clone() };
    let mut statements = Vec::new();
    if let Some(policies) = resource.properties.get("Policies") {
        statements.extend(match function(policies) {
            Some(_) => identity.opaque(policies),
            None => found(&identity, policies),
        });
    }
    if let Some(document) = resource.properties.get("AssumeRolePolicyDocument") {
        statements.extend(of_document(&trust, document));
    }
    statements
}

/// To whom a policy is attached, by itself or by them, as reference and in words.
fn holders(stack: &Resolved, name: &str, resource: &ResolvedResource) -> Vec<(String, String)> {
    let keys = [
        ("Roles", "role"),
        ("RoleName", "role"),
        ("Users", "user"),
        ("UserName", "user"),
        ("Groups", "group"),
        ("GroupName", "group"),
    ];
    let mut holders = Vec::new();
    if resource.resource_type == "AWS::IAM::ManagedPolicy" {
        holders.push((itself(name), format!("whoever has policy {name}")));
        let attached = stack.resources.iter().filter(|(_, other)| has_policy(other, name));
        holders.extend(attached.map(|(other, resource)| {
            let kind = resource.resource_type.rsplit(':').next().unwrap_or_default();
            (itself(other), format!("{} {other}", kind.to_lowercase()))
        }));
    }
    for (key, noun) in keys {
        let attached = resource.properties.get(key).map(texts).unwrap_or_default();
        holders.extend(attached.into_iter().map(|text| {
            let words = named(noun, &text);
            (text, words)
        }));
    }
    holders
}

/// Whether a role, user or group names the managed policy `policy` of its own stack.
fn has_policy(resource: &ResolvedResource, policy: &str) -> bool {
    let attached = resource.properties.get("ManagedPolicyArns").map(texts).unwrap_or_default();
    attached.iter().any(|text| referred(text) == Some(policy))
}

/// A policy that belongs to the resource in which it stands.
fn of_itself(name: &str, noun: &str) -> Place {
    Place {
        logical_id: name.to_owned(),
        owner: Owner::Resource(format!("{noun} {name}")),
        holders: vec![ANYONE.to_owned()],
        about: itself(name),
    }
}

fn of_other(name: &str, resource: &ResolvedResource) -> Vec<Statement> {
    let entry = POLICY_OF.iter().find(|(one, _, _)| *one == resource.resource_type);
    let Some((_, key, noun)) = entry else {
        let noun = match resource.resource_type.as_str() {
            "AWS::KMS::Key" => "key",
            "AWS::EC2::VPCEndpoint" => "endpoint",
            "AWS::ECR::Repository" => "repository",
            "AWS::DynamoDB::Table" => "table",
            other => other,
        };
        return found(&of_itself(name, noun), &resource.properties);
    };
    let owners = resource.properties.get(*key).map(texts).unwrap_or_default();
    let places = owners.into_iter().map(|about| Place {
        owner: Owner::Resource(named(noun, &about)),
        about,
        ..of_itself(name, noun)
    });
    places.flat_map(|place| found(&place, &resource.properties)).collect()
}

/// A Lambda permission is a statement of the function's policy in other words.
fn invocation(name: &str, resource: &ResolvedResource) -> Statement {
    let property = |key: &str| resource.properties.get(key);
    let about = property("FunctionName").map(text).unwrap_or_default();
    let place = Place {
        logical_id: name.to_owned(),
        owner: Owner::Resource(named("function", &about)),
        holders: vec![property("Principal").map_or_else(|| ANYONE.to_owned(), invoker)],
        about,
    };
    let conditions = [
        ("SourceArn", "ArnLike", "aws:SourceArn"),
        ("SourceAccount", "StringEquals", "aws:SourceAccount"),
        ("PrincipalOrgID", "StringEquals", "aws:PrincipalOrgID"),
        ("EventSourceToken", "StringEquals", "lambda:EventSourceToken"),
        ("FunctionUrlAuthType", "StringEquals", "lambda:FunctionUrlAuthType"),
    ];
    let conditions = conditions.into_iter().filter_map(|(property_name, operator, key)| {
        property(property_name).map(|value| Condition::new(operator, key, value))
    });
    Statement {
        actions: Set::Only(property("Action").map(texts).unwrap_or_default()),
        conditions: conditions.collect(),
        ..place.empty(Effect::Allow)
    }
}

/// The statements of all policies somewhere in `value`.
fn found(place: &Place, value: &Value) -> Vec<Statement> {
    match value {
        Value::Array(values) => values.iter().flat_map(|value| found(place, value)).collect(),
        Value::Object(_) if is_document(value) => place.statements(value),
        Value::Object(object) if function(value).is_none() => {
            let each =
                object.iter().flat_map(|(key, value)| match POLICIES.contains(&key.as_str()) {
                    true => of_document(place, value),
                    false => found(place, value),
                });
            each.collect()
        }
        // A policy may also be written as JSON in a text.
        text => in_text(text).map(|document| place.statements(&document)).unwrap_or_default(),
    }
}

/// The statements of what has to be a policy.
fn of_document(place: &Place, value: &Value) -> Vec<Statement> {
    match value {
        Value::Object(_) if function(value).is_none() => place.statements(value),
        value => match in_text(value) {
            Some(document) => place.statements(&document),
            None => place.opaque(value),
        },
    }
}

fn in_text(value: &Value) -> Option<Value> {
    let text = text(value);
    let document = text.trim_start().starts_with('{').then(|| serde_json::from_str(&text).ok());
    document.flatten().filter(is_document)
}

fn is_document(value: &Value) -> bool {
    let has_effect = |statement: &Value| statement.get("Effect").is_some();
    match value.get("Statement") {
        Some(Value::Array(statements)) => statements.iter().any(has_effect),
        Some(statement) => has_effect(statement),
        None => false,
    }
}

/// A resource in words: by its name in the template, else by what the template says.
pub(super) fn named(noun: &str, text: &str) -> String {
    match referred(text) {
        Some(name) => format!("{noun} {name}"),
        None => format!("{noun} `{text}`"),
    }
}

pub(super) fn itself(name: &str) -> String {
    format!("${{{name}}}")
}
