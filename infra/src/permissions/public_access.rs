//! What opens a resource to the whole internet, or keeps it closed, without any policy.

use serde_json::Value;

use super::Fact;
use crate::template::{ResolvedResource, scalar};

/// Settings that open: type, property, value, and what it means.
const OPEN: [(&str, &str, &str, &str); 4] = [
    ("AWS::Lambda::Url", "AuthType", "NONE", "may be called by anyone, without credentials"),
    ("AWS::RDS::DBInstance", "PubliclyAccessible", "true", "has an address on the internet"),
    ("AWS::Redshift::Cluster", "PubliclyAccessible", "true", "has an address on the internet"),
    ("AWS::DMS::ReplicationInstance", "PubliclyAccessible", "true", "has a public address"),
];

/// What holds of a resource's openness.
pub(super) fn facts(name: &str, resource: &ResolvedResource) -> Vec<Fact> {
    let property = |key: &str| resource.properties.get(key);
    let open = OPEN.iter().filter(|(kind, key, value, _)| {
        *kind == resource.resource_type
            && property(key).and_then(scalar).is_some_and(|found| found == *value)
    });
    let mut facts: Vec<Fact> = open
        .map(|(_, _, _, meaning)| Fact {
            logical_id: name.to_owned(),
            gained: format!("{name} now {meaning}"),
            lost: format!("it is no longer so that {name} {meaning}"),
            grants: true,
            protects: false,
        })
        .collect();
    if resource.resource_type == "AWS::S3::Bucket" {
        facts.extend(blocks(name, property("PublicAccessBlockConfiguration")));
        facts.extend(canned(name, property("AccessControl")));
    }
    facts
}

/// The four kinds of public access that a bucket blocks.
fn blocks(name: &str, configuration: Option<&Value>) -> Vec<Fact> {
    let flags = configuration.and_then(Value::as_object).into_iter().flatten();
    let set = flags.filter(|(_, value)| scalar(value).is_some_and(|value| value == "true"));
    set.map(|(flag, _)| Fact {
        logical_id: name.to_owned(),
        gained: format!("bucket {name} now keeps the public out by `{flag}`"),
        lost: format!("bucket {name} no longer keeps the public out by `{flag}`"),
        grants: false,
        protects: true,
    })
    .collect()
}

/// The ready-made access list of a bucket; a private one gives nobody anything.
fn canned(name: &str, list: Option<&Value>) -> Option<Fact> {
    let list = scalar(list?).filter(|list| list != "Private")?;
    Some(Fact {
        logical_id: name.to_owned(),
        gained: format!("bucket {name} now has the access list `{list}`"),
        lost: format!("bucket {name} no longer has the access list `{list}`"),
        grants: true,
        protects: false,
    })
}
