//! Policies attached to identities, boundaries around them, and groups that they are in.

use serde_json::Value;

use super::Fact;
use super::documents::named;
use super::text::{referred, text, texts};
use crate::template::{Resolved, ResolvedResource};

/// What holds of an identity beside its own statements.
pub(super) fn facts(stack: &Resolved, name: &str, resource: &ResolvedResource) -> Vec<Fact> {
    let property = |key: &str| resource.properties.get(key);
    let each = |key: &str| property(key).map(texts).unwrap_or_default();
    let fact = |gained: String, lost: String| Fact {
        logical_id: name.to_owned(),
        gained,
        lost,
        grants: true,
        protects: false,
    };
    let Some(kind) = resource.resource_type.strip_prefix("AWS::IAM::") else { return Vec::new() };
    match kind {
        "Role" | "User" | "Group" => {
            let who = format!("{} {name}", kind.to_lowercase());
            let attached = each("ManagedPolicyArns").into_iter();
            let attached = attached.filter(|arn| !is_of(stack, arn)).map(|arn| {
                let gained = format!("{who} may now do what policy `{arn}` allows");
                let lost = format!("{who} no longer has policy `{arn}`");
                Fact { protects: may_deny(&arn), ..fact(gained, lost) }
            });
            let boundary = property("PermissionsBoundary").map(text).map(|arn| {
                let gained = format!("{who} is now bounded by `{arn}`");
                let lost = format!("{who} is no longer bounded by `{arn}`");
                Fact { grants: false, protects: true, ..fact(gained, lost) }
            });
            let groups = each("Groups").into_iter().map(|group| member(&who, &group, &fact));
            attached.chain(boundary).chain(groups).collect()
        }
        "UserToGroupAddition" => {
            let group = property("GroupName").map(text).unwrap_or_default();
            let users = each("Users").into_iter();
            users.map(|user| member(&named("user", &user), &group, &fact)).collect()
        }
        "InstanceProfile" => {
            let roles = property("Roles").and_then(Value::as_array).map_or(&[] as &[_], |r| r);
            let roles = roles.iter().map(|role| {
                let role = named("role", &text(role));
                let gained = format!("machines with profile {name} may now do what {role} may");
                fact(gained, format!("machines with profile {name} no longer have {role}"))
            });
            roles.collect()
        }
        _ => Vec::new(),
    }
}

/// Whether a policy is a resource of the same stack: its statements are compared by themselves.
fn is_of(stack: &Resolved, arn: &str) -> bool {
    referred(arn).is_some_and(|name| stack.resources.contains_key(name))
}

/// Whether a policy that cannot be read may deny something: of AWS's own only those that say so.
fn may_deny(arn: &str) -> bool {
    !arn.contains(":iam::aws:policy/") || arn.contains("Deny")
}

fn member(who: &str, group: &str, fact: &dyn Fn(String, String) -> Fact) -> Fact {
    let group = named("group", group);
    let gained = format!("{who} may now do what {group} may");
    fact(gained, format!("{who} is no longer in {group}"))
}
