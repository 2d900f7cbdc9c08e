//! Roles that resources act as: who can change a function may do all that its role may.

use serde_json::Value;

use super::Fact;
use super::documents::named;
use super::text::text;
use crate::template::{ResolvedResource, function};

/// Properties that name the role of a resource, at whatever depth.
const ROLES: [&str; 9] = [
    "ExecutionRole",
    "ExecutionRoleArn",
    "IamInstanceProfile",
    "Role",
    "RoleARN",
    "RoleArn",
    "ServiceRole",
    "ServiceRoleArn",
    "TaskRoleArn",
];

/// As which roles a resource acts.
pub(super) fn facts(name: &str, resource: &ResolvedResource) -> Vec<Fact> {
    if resource.resource_type.starts_with("AWS::IAM::") {
        return Vec::new();
    }
    let mut roles = Vec::new();
    collect(&resource.properties, &mut roles);
    let fact = |role: String| Fact {
        logical_id: name.to_owned(),
        gained: format!("{name} may now act as {role}"),
        lost: format!("{name} may no longer act as {role}"),
        grants: true,
        protects: false,
    };
    roles.into_iter().map(|role| fact(named("role", &role))).collect()
}

fn collect(value: &Value, roles: &mut Vec<String>) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| collect(value, roles)),
        Value::Object(object) if function(value).is_none() => {
            for (key, value) in object {
                let names_one = value.is_string() || function(value).is_some();
                match names_one && ROLES.contains(&key.as_str()) {
                    true => roles.push(text(value)),
                    false => collect(value, roles),
                }
            }
        }
        _ => {}
    }
}
