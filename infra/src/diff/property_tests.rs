//! What holds of the diff of any two templates.

use std::collections::BTreeSet;

use domain::stack::ChangeAction;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{compare, render};
use crate::template::{Inputs, Resolved, Template};

const TYPES: [&str; 5] = [
    "AWS::S3::Bucket",
    "AWS::DynamoDB::Table",
    "AWS::SNS::Topic",
    "AWS::EC2::Subnet",
    "Custom::Thing",
];
const PROPERTIES: [&str; 6] =
    ["BucketName", "KeySchema", "TopicName", "VpcId", "Tags", "DisplayName"];

fn value(depth: u32) -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        (0..100i32).prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
        proptest::sample::select(vec!["A", "B"]).prop_map(|name| json!({ "Ref": name })),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let key = proptest::sample::select(PROPERTIES.to_vec());
    let pairs = proptest::collection::vec((key, value(depth - 1)), 0..3);
    let object = pairs.prop_map(|pairs| {
        Value::Object(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    });
    let list = proptest::collection::vec(value(depth - 1), 0..3).prop_map(Value::from);
    prop_oneof![3 => leaf, 2 => object, 2 => list].boxed()
}

fn resource() -> impl Strategy<Value = Value> {
    let properties =
        proptest::collection::vec((proptest::sample::select(PROPERTIES.to_vec()), value(2)), 0..4);
    let policy = proptest::sample::select(vec!["Delete", "Retain"]);
    (proptest::sample::select(TYPES.to_vec()), properties, policy).prop_map(
        |(kind, properties, policy)| {
            let properties: Map<String, Value> =
                properties.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
            json!({ "Type": kind, "Properties": properties, "DeletionPolicy": policy })
        },
    )
}

/// Resources by logical id. What they refer to is always there; cycles do not matter to a diff.
fn resources() -> impl Strategy<Value = Vec<(String, Value)>> {
    let more = proptest::collection::btree_map("[C-G]", resource(), 0..4);
    let fixed = || json!({ "Type": "AWS::SNS::Topic" });
    more.prop_map(move |more| {
        let fixed = ["A", "B"].map(|name| (name.to_owned(), fixed()));
        fixed.into_iter().chain(more).collect()
    })
}

fn stack(resources: &[(String, Value)]) -> Resolved {
    let lines = resources.iter().map(|(name, value)| format!("  {name}: {value}\n"));
    let text = format!("Resources:\n{}", lines.collect::<String>());
    let inputs = Inputs::new("111122223333", "eu-central-1", "stack");
    Template::parse(&text).unwrap().resolve(&inputs).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_stack_does_not_differ_from_itself(one in resources()) {
        let stack = stack(&one);
        prop_assert_eq!(compare(Some(&stack), Some(&stack)), []);
    }

    #[test]
    fn the_order_of_keys_changes_nothing(one in resources()) {
        let mut other = one.clone();
        other.reverse();
        prop_assert_eq!(compare(Some(&stack(&one)), Some(&stack(&other))), []);
    }

    #[test]
    fn c8_whatever_comes_is_added_and_whatever_goes_is_told_of(
        before in resources(), after in resources(),
    ) {
        let (before, after) = (stack(&before), stack(&after));
        let changes = compare(Some(&before), Some(&after));
        let with = |actions: &[ChangeAction]| -> BTreeSet<&String> {
            let with = changes.iter().filter(|change| actions.contains(&change.action));
            with.map(|change| &change.logical_id).collect()
        };
        let only_in = |one: &'_ Resolved, other: &Resolved| -> BTreeSet<String> {
            let names = one.resources.keys();
            names.filter(|name| !other.resources.contains_key(*name)).cloned().collect()
        };
        let (come, gone) = (only_in(&after, &before), only_in(&before, &after));
        prop_assert_eq!(with(&[ChangeAction::Add]), come.iter().collect());
        let left = [ChangeAction::Remove, ChangeAction::Orphan];
        prop_assert_eq!(with(&left), gone.iter().collect());
        for change in &changes {
            let same_type = before.resources.get(&change.logical_id).map(|one| &one.resource_type)
                == after.resources.get(&change.logical_id).map(|one| &one.resource_type);
            prop_assert!(!same_type || !change.causes.is_empty(), "{change:?} has no cause");
        }
    }

    #[test]
    fn data_in_danger_stands_first_and_text_holds_no_controls(
        before in resources(), after in resources(),
    ) {
        let changes = compare(Some(&stack(&before)), Some(&stack(&after)));
        let dangers: Vec<bool> = changes.iter().map(|change| change.endangers_data()).collect();
        prop_assert!(dangers.is_sorted_by(|one, other| one >= other), "{changes:?}");
        let text = render(&changes, &[]);
        prop_assert!(text.lines().all(|line| !line.chars().any(char::is_control)));
    }
}
