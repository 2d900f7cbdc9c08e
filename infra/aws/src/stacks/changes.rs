//! What a change set says would happen, in Sluice's words.

use std::cmp::Reverse;

use aws_sdk_cloudformation::types::{
    self, ChangeAction as TheirAction, PolicyAction, Replacement, RequiresRecreation,
};
use domain::stack::{ChangeAction, PropertyChange, Recreation, ResourceChange};
use infra::resource_types::is_stateful;

/// Changes of resources, the gravest first.
pub(super) fn sorted(mut changes: Vec<ResourceChange>) -> Vec<ResourceChange> {
    changes.sort_by(|one, other| one.logical_id.cmp(&other.logical_id));
    changes.sort_by_key(|change| Reverse((change.endangers_data(), change.action)));
    changes
}

/// One change; `within` is put before the logical id.
pub(super) fn view(change: &types::ResourceChange, within: &str) -> ResourceChange {
    let resource_type = change.resource_type().unwrap_or_default().to_owned();
    let mut causes: Vec<_> = change.details().iter().filter_map(cause).collect();
    causes.sort_by(|one, other| one.path.cmp(&other.path));
    causes.dedup();
    causes.sort_by_key(|cause| Reverse(cause.recreation));
    ResourceChange {
        logical_id: format!("{within}{}", change.logical_resource_id().unwrap_or_default()),
        physical_id: change.physical_resource_id().filter(|id| !id.is_empty()).map(str::to_owned),
        action: action(change),
        stateful: is_stateful(&resource_type),
        resource_type,
        causes,
    }
}

/// What cannot be told counts as the gravest that it may be.
fn action(change: &types::ResourceChange) -> ChangeAction {
    match change.action() {
        Some(TheirAction::Add | TheirAction::Import) => ChangeAction::Add,
        Some(TheirAction::Remove) => match change.policy_action() {
            Some(PolicyAction::Retain) => ChangeAction::Orphan,
            _ => ChangeAction::Remove,
        },
        Some(TheirAction::Modify | TheirAction::SyncWithActual) => match change.replacement() {
            Some(Replacement::True) => ChangeAction::Replace,
            Some(Replacement::False) | None => ChangeAction::Modify,
            Some(_) => ChangeAction::MayReplace,
        },
        _ => ChangeAction::MayReplace,
    }
}

fn cause(detail: &types::ResourceChangeDetail) -> Option<PropertyChange> {
    let target = detail.target()?;
    let path = match (target.path(), target.attribute(), target.name()) {
        (Some(path), _, _) => path.trim_start_matches('/').replace('/', "."),
        (None, Some(attribute), Some(name)) => format!("{}.{name}", attribute.as_str()),
        (None, attribute, _) => attribute?.as_str().to_owned(),
    };
    Some(PropertyChange {
        path,
        before: target.before_value().map(as_json),
        after: target.after_value().map(as_json),
        recreation: match target.requires_recreation() {
            Some(RequiresRecreation::Always) => Recreation::Always,
            Some(RequiresRecreation::Never) | None => Recreation::Never,
            Some(_) => Recreation::Conditionally,
        },
    })
}

/// CloudFormation writes texts without quotes and everything else as JSON.
pub(super) fn as_json(value: &str) -> String {
    match serde_json::from_str::<serde_json::Value>(value) {
        Ok(_) => value.to_owned(),
        Err(_) => serde_json::Value::from(value).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(
        action: TheirAction,
        replacement: Option<Replacement>,
        policy: Option<PolicyAction>,
    ) -> ResourceChange {
        let change = types::ResourceChange::builder().logical_resource_id("Raw").action(action);
        let change = change.set_replacement(replacement).set_policy_action(policy);
        view(&change.resource_type("AWS::S3::Bucket").build(), "")
    }

    #[test]
    fn every_action_is_the_gravest_that_it_may_be() {
        use ChangeAction::{Add, MayReplace, Modify, Orphan, Remove, Replace};
        let cases = [
            (TheirAction::Add, None, None, Add),
            (TheirAction::Import, None, None, Add),
            (TheirAction::Modify, Some(Replacement::False), None, Modify),
            (TheirAction::Modify, Some(Replacement::Conditional), None, MayReplace),
            (TheirAction::Modify, Some("Perhaps".into()), None, MayReplace),
            (TheirAction::Modify, Some(Replacement::True), None, Replace),
            (TheirAction::Remove, None, Some(PolicyAction::Delete), Remove),
            (TheirAction::Remove, None, Some(PolicyAction::Snapshot), Remove),
            (TheirAction::Remove, None, Some(PolicyAction::Retain), Orphan),
            (TheirAction::Remove, None, None, Remove),
            (TheirAction::Dynamic, None, None, MayReplace),
            ("Vanish".into(), None, None, MayReplace),
        ];
        for (action, replacement, policy, expected) in cases {
            assert_eq!(change(action.clone(), replacement, policy).action, expected, "{action}");
        }
    }

    #[test]
    fn c8_what_endangers_data_comes_first() {
        let removed = change(TheirAction::Remove, None, None);
        let added = change(TheirAction::Add, None, None);
        assert!(removed.endangers_data() && removed.stateful);
        let sorted = sorted(vec![added.clone(), removed.clone()]);
        assert_eq!(sorted, [removed, added]);
    }

    #[test]
    fn causes_name_the_property_with_its_values() {
        let target = types::ResourceTargetDefinition::builder()
            .attribute(types::ResourceAttribute::Properties)
            .name("KeySchema")
            .path("/Properties/KeySchema/0/AttributeName")
            .requires_recreation(RequiresRecreation::Always)
            .before_value("a")
            .after_value("7");
        let detail = types::ResourceChangeDetail::builder().target(target.build()).build();
        let cause = cause(&detail).unwrap();
        assert_eq!(cause.path, "Properties.KeySchema.0.AttributeName");
        assert_eq!((cause.before.as_deref(), cause.after.as_deref()), (Some("\"a\""), Some("7")));
        assert_eq!(cause.recreation, Recreation::Always);
    }
}
