//! Policies attached to identities, boundaries around them, and groups that they are in.

use serde_json::Value;

use super::Fact;
use super::documents::named;
use super::text::{text, texts};
use crate::template::ResolvedResource;

/// What holds of an identity beside its own statements.
pub(super) fn facts(name: &str, resource: &ResolvedResource) -> Vec<Fact> {
    let property = |key: &str| resource.properties.get(key);
    let each = |key: &str| property(key).map(texts).unwrap_or_default();
    let fact = |gained: String, lost: String, widens_when_gained: bool| Fact {
        logical_id: name.to_owned(),
        gained,
        lost,
        widens_when_gained,
    };
    let Some(kind) = resource.resource_type.strip_prefix("AWS::IAM::") else { return Vec::new() };
    match kind {
        "Role" | "User" | "Group" => {
            let who = format!("{} {name}", kind.to_lowercase());
            let attached = each("ManagedPolicyArns").into_iter().map(|arn| {
                let gained = format!("{who} may now do what policy `{arn}` allows");
                fact(gained, format!("{who} no longer has policy `{arn}`"), true)
            });
            let boundary = property("PermissionsBoundary").map(text).map(|arn| {
                let gained = format!("{who} is now bounded by `{arn}`");
                fact(gained, format!("{who} is no longer bounded by `{arn}`"), false)
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
                fact(gained, format!("machines with profile {name} no longer have {role}"), true)
            });
            roles.collect()
        }
        _ => Vec::new(),
    }
}

fn member(who: &str, group: &str, fact: &dyn Fn(String, String, bool) -> Fact) -> Fact {
    let group = named("group", group);
    let gained = format!("{who} may now do what {group} may");
    fact(gained, format!("{who} is no longer in {group}"), true)
}
