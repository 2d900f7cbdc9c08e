//! Stacks: made, changed, deleted, and what is told of it.

use domain::ErrorKind;

use super::{Ability, Disturbance, StacksUnderTest, request, template};
use crate::stacks::{StackOperation, StackStatus};
use crate::testing::cases;

pub(super) async fn run(make: &impl AsyncFn() -> StacksUnderTest) {
    cases!(
        "stack service: stacks",
        make,
        [
            nothing_is_there_at_first,
            a_stack_is_made_as_its_template_says,
            a_change_keeps_what_stays_and_takes_away_what_goes,
            a_replaced_resource_has_another_name,
            a_change_tells_of_what_it_takes_away needs Ability::TellOfCleanUp,
            events_are_told_from_where_somebody_left_off,
            a_list_holds_the_stacks_of_a_prefix_in_order,
            a_protected_stack_is_not_deleted,
            a_deleted_stack_is_gone_and_its_events_are_not,
            what_the_state_forbids_is_refused,
            an_operation_is_done_once_for_a_token needs Ability::RememberTokens,
            drift_is_what_differs_from_the_template,
        ]
    );
}

async fn nothing_is_there_at_first(stacks: StacksUnderTest) {
    let service = &stacks.service;
    assert_eq!(service.describe("DevLake").await.unwrap(), None);
    assert_eq!(service.list("").await.unwrap(), []);
    assert_eq!(service.exports().await.unwrap(), []);
    let protect = StackOperation::Protect { protected: true };
    let errors = [
        service.resources("DevLake").await.unwrap_err(),
        service.template("DevLake").await.unwrap_err(),
        service.events("DevLake", None).await.unwrap_err(),
        service.drift("DevLake").await.unwrap_err(),
        service.operate("DevLake", &protect, "t").await.unwrap_err(),
    ];
    for error in errors {
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    }
}

async fn a_stack_is_made_as_its_template_says(stacks: StacksUnderTest) {
    let stack = stacks.deploy("DevLake", &template(0), "one").await;
    assert_eq!(stack.status, StackStatus::CreateComplete);
    assert_eq!(stack.parameters["Environment"], "dev");
    assert_eq!(stack.tags["my-lake:environment"], "dev");
    assert_eq!(stacks.service.template("DevLake").await.unwrap(), Some(template(0)));
    let resources = stacks.service.resources("DevLake").await.unwrap();
    let ids: Vec<_> = resources.iter().map(|resource| resource.logical_id.as_str()).collect();
    assert_eq!(ids, ["Bucket", "Key", "Queue"]);
    assert!(resources.iter().all(|resource| resource.status == "CREATE_COMPLETE"));
    let bucket = stacks.physical_id("DevLake", "Bucket").await.unwrap();
    assert!(bucket.starts_with("dev-") && bucket.ends_with("-raw"), "{bucket}");
    let output = &stack.outputs["RawBucket"];
    assert_eq!(
        (output.value.as_str(), output.export.as_deref()),
        (bucket.as_str(), Some("DevRawBucketName"))
    );
    let key = stacks.physical_id("DevLake", "Key").await.unwrap();
    assert!(stack.outputs["Key"].value.ends_with(&format!("key/{key}")), "{stack:?}");
    let order: Vec<_> =
        stacks.events("DevLake").await.into_iter().map(|one| one.logical_id).collect();
    let first = |id: &str| order.iter().position(|found| found == id).unwrap();
    assert!(first("Key") < first("Bucket"), "the bucket needs the key: {order:?}");
}

async fn a_change_keeps_what_stays_and_takes_away_what_goes(stacks: StacksUnderTest) {
    stacks.deploy("DevLake", &template(0), "one").await;
    let bucket = stacks.physical_id("DevLake", "Bucket").await;
    let smaller = template(0).replace("      DelaySeconds: 0\n", "      DelaySeconds: 3\n");
    let cut = smaller.find("  Key:\n    Value").unwrap();
    let stack = stacks.deploy("DevLake", &smaller[..cut], "two").await;
    assert_eq!(stack.status, StackStatus::UpdateComplete);
    assert_eq!(stack.outputs.keys().collect::<Vec<_>>(), ["RawBucket"]);
    assert_eq!(stacks.physical_id("DevLake", "Bucket").await, bucket);
    let only_bucket = "Resources: {Bucket: {Type: AWS::S3::Bucket}}";
    stacks.deploy("DevLake", only_bucket, "three").await;
    let resources = stacks.service.resources("DevLake").await.unwrap();
    assert_eq!(resources.len(), 1, "{resources:?}");
}

/// A bucket of a name.
fn bucket(name: &str) -> String {
    format!(
        "Resources: {{Bucket: {{Type: AWS::S3::Bucket, Properties: {{BucketName: {{Fn::Sub: \
         '{name}-${{AWS::AccountId}}'}}}}}}}}"
    )
}

async fn a_replaced_resource_has_another_name(stacks: StacksUnderTest) {
    stacks.deploy("DevLake", &bucket("one"), "one").await;
    let before = stacks.physical_id("DevLake", "Bucket").await;
    let stack = stacks.deploy("DevLake", &bucket("two"), "two").await;
    assert_eq!(stack.status, StackStatus::UpdateComplete);
    assert_ne!(stacks.physical_id("DevLake", "Bucket").await, before);
}

async fn a_change_tells_of_what_it_takes_away(stacks: StacksUnderTest) {
    stacks.deploy("DevLake", &bucket("one"), "one").await;
    let before = stacks.physical_id("DevLake", "Bucket").await;
    let with_queue = bucket("two").replace("{Bucket:", "{Queue: {Type: AWS::SQS::Queue}, Bucket:");
    stacks.deploy("DevLake", &with_queue, "two").await;
    let events = stacks.events("DevLake").await;
    let gone = events.iter().find(|event| event.status == "DELETE_COMPLETE").unwrap();
    assert_eq!(gone.physical_id, before);
    stacks.deploy("DevLake", &bucket("two"), "three").await;
    let told = stacks.events("DevLake").await.into_iter().map(|one| (one.logical_id, one.status));
    let told: Vec<_> = told.collect();
    assert!(told.contains(&("Queue".to_owned(), "DELETE_COMPLETE".to_owned())), "{told:?}");
}

async fn events_are_told_from_where_somebody_left_off(stacks: StacksUnderTest) {
    stacks.deploy("DevLake", &template(0), "one").await;
    let all = stacks.events("DevLake").await;
    assert!(all.windows(2).all(|pair| pair[0].at <= pair[1].at), "{all:?}");
    let middle = all.len() / 2;
    let rest = stacks.service.events("DevLake", Some(&all[middle].id)).await.unwrap();
    assert_eq!(rest, all[middle + 1..]);
    let last = all.last().unwrap();
    assert_eq!(stacks.service.events("DevLake", Some(&last.id)).await.unwrap(), []);
}

async fn a_list_holds_the_stacks_of_a_prefix_in_order(stacks: StacksUnderTest) {
    for name in ["DevB", "DevA", "TestA"] {
        stacks.prepare(name, "Resources: {Q: {Type: AWS::SQS::Queue}}", "one").await;
    }
    let names = async |prefix| -> Vec<String> {
        let listed = stacks.service.list(prefix).await.unwrap();
        listed.into_iter().map(|stack| stack.name).collect()
    };
    assert_eq!(names("Dev").await, ["DevA", "DevB"]);
    assert_eq!(names("").await.len(), 3);
    assert!(names("Prod").await.is_empty());
}

async fn a_protected_stack_is_not_deleted(stacks: StacksUnderTest) {
    stacks.deploy("DevLake", &template(0), "one").await;
    let protect = |protected| StackOperation::Protect { protected };
    stacks.operate("DevLake", &protect(true), "on").await.unwrap();
    assert!(stacks.service.describe("DevLake").await.unwrap().unwrap().protected);
    let delete = StackOperation::Delete { retain: Vec::new() };
    let error = stacks.operate("DevLake", &delete, "delete").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    stacks.operate("DevLake", &protect(false), "off").await.unwrap();
    assert_eq!(stacks.delete("DevLake", &[], "delete").await, None);
}

async fn a_deleted_stack_is_gone_and_its_events_are_not(stacks: StacksUnderTest) {
    let stack = stacks.deploy("DevLake", &template(0), "one").await;
    assert_eq!(stacks.delete("DevLake", &[], "delete").await, None);
    assert_eq!(stacks.service.list("").await.unwrap(), []);
    assert_eq!(stacks.service.exports().await.unwrap(), []);
    let events = stacks.service.events(&stack.arn, None).await.unwrap();
    let of =
        |id: &str| events.iter().rfind(|event| event.logical_id == id).unwrap().status.as_str();
    assert_eq!((of("DevLake"), of("Key")), ("DELETE_COMPLETE", "DELETE_COMPLETE"));
    assert_eq!(of("Bucket"), "DELETE_SKIPPED");
    let error = stacks.service.events("DevLake", None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    let again = stacks.prepare("DevLake", &template(0), "one").await;
    assert_ne!(again.stack_arn, stack.arn);
}

async fn an_operation_is_done_once_for_a_token(stacks: StacksUnderTest) {
    stacks.deploy("DevLake", &template(0), "one").await;
    let on = StackOperation::Protect { protected: true };
    let off = StackOperation::Protect { protected: false };
    stacks.operate("DevLake", &on, "t").await.unwrap();
    stacks.operate("DevLake", &off, "u").await.unwrap();
    stacks.operate("DevLake", &on, "t").await.unwrap();
    assert!(!stacks.service.describe("DevLake").await.unwrap().unwrap().protected);
}

async fn what_the_state_forbids_is_refused(stacks: StacksUnderTest) {
    stacks.deploy("DevLake", &template(0), "one").await;
    let error = stacks.operate("DevLake", &StackOperation::CancelUpdate, "v").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    let early = StackOperation::Delete { retain: vec!["Key".to_owned()] };
    let error = stacks.operate("DevLake", &early, "w").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
}

async fn drift_is_what_differs_from_the_template(stacks: StacksUnderTest) {
    stacks.deploy("DevLake", &template(0), "one").await;
    assert_eq!(stacks.service.drift("DevLake").await.unwrap(), []);
    let (stack, logical_id) = ("DevLake".to_owned(), "Queue".to_owned());
    let pointer = "/DelaySeconds";
    stacks.disturb(Disturbance::Set { stack, logical_id, pointer, value: "9" }).await;
    let (stack, logical_id) = ("DevLake".to_owned(), "Bucket".to_owned());
    stacks.disturb(Disturbance::Delete { stack, logical_id }).await;
    let drifted = stacks.second.drift("DevLake").await.unwrap();
    let found: Vec<_> = drifted.iter().map(|one| (one.logical_id.as_str(), one.deleted)).collect();
    assert_eq!(found, [("Bucket", true), ("Queue", false)]);
    let difference = &drifted[1].differences[0];
    assert!(difference.path.ends_with("DelaySeconds"), "{difference:?}");
    assert!(difference.after.as_deref().is_some_and(|after| after.contains('9')), "{difference:?}");
    // The stack itself does not know of it, until a change touches what is gone.
    let set = stacks.service.prepare(&request("DevLake", &template(0), "two")).await.unwrap();
    assert_eq!(set.changes, []);
}
