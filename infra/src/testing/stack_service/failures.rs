//! What fails is taken back; what cannot be taken back has one way out.

use domain::ErrorKind;

use super::{Ability, Disturbance, StacksUnderTest, request, template};
use crate::stacks::{ChangeSetStatus, NextAction, StackOperation, StackStatus, execute_once};
use crate::testing::cases;

pub(super) async fn run(make: &impl AsyncFn() -> StacksUnderTest) {
    cases!(
        "stack service: failures",
        make,
        [
            c9_a_stack_that_could_not_be_made_is_deleted_and_made_anew needs Ability::FailOnDemand,
            c9_a_rollback_that_failed_goes_on_once_its_cause_is_mended needs Ability::FailOnDemand,
            c9_a_rollback_goes_on_without_what_cannot_be_mended needs Ability::FailOnDemand,
            c9_a_creation_that_cannot_be_taken_back_is_deleted needs Ability::FailOnDemand,
            c9_a_deletion_that_failed_goes_on_and_retains needs Ability::FailOnDemand,
            a_change_that_failed_leaves_the_stack_as_it_was needs Ability::FailOnDemand,
            what_a_stack_retained_stands_in_the_way_of_its_return,
            c5_a_lost_answer_is_one_execution,
            c5_a_lost_request_is_made_again,
            c5_an_obsolete_change_set_is_never_executed,
            a_throttled_call_keeps_its_kind_and_does_nothing,
        ]
    );
}

const ROLL_BACK: StackOperation = StackOperation::RollBack { skip: Vec::new() };

async fn c9_a_stack_that_could_not_be_made_is_deleted_and_made_anew(stacks: StacksUnderTest) {
    stacks.fail("DevLake", "Bucket", "create").await;
    let stack = stacks.deploy("DevLake", &template(0), "one").await;
    assert_eq!(stack.status, StackStatus::RollbackComplete);
    assert!(stack.reason.is_some_and(|reason| reason.contains("Bucket")));
    assert_eq!(stacks.service.resources("DevLake").await.unwrap(), []);
    let failures: Vec<_> =
        stacks.events("DevLake").await.into_iter().filter(|event| event.is_failure()).collect();
    assert_eq!(failures.len(), 1, "{failures:?}");
    assert_eq!(failures[0].logical_id, "Bucket");
    stacks.disturb(Disturbance::Heal).await;
    let refused = stacks.service.prepare(&request("DevLake", &template(0), "two")).await;
    let error = refused.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert!(error.message().contains("delete what is left"), "{error}");
    assert_eq!(stack.status.next_action(), NextAction::DeleteAndCreate);
    assert_eq!(stacks.delete("DevLake", &[], "delete").await, None);
    let stack = stacks.deploy("DevLake", &template(0), "two").await;
    assert_eq!(stack.status, StackStatus::CreateComplete);
}

/// Leaves the stack with a rollback that failed at the key.
async fn stuck(stacks: &StacksUnderTest) {
    stacks.deploy("DevLake", &template(0), "one").await;
    stacks.fail("DevLake", "Bucket", "update").await;
    stacks.fail("DevLake", "Key", "roll_back").await;
    let changed = template(0)
        .replace("of ${Environment}", "for ${Environment}")
        .replace("      BucketName", "      Tags: [{Key: a, Value: b}]\n      BucketName");
    let stack = stacks.deploy("DevLake", &changed, "two").await;
    assert_eq!(stack.status, StackStatus::UpdateRollbackFailed, "{stack:?}");
    assert!(stack.reason.is_some_and(|reason| reason.contains("Key")));
}

async fn c9_a_rollback_that_failed_goes_on_once_its_cause_is_mended(stacks: StacksUnderTest) {
    stuck(&stacks).await;
    let refused = stacks.service.prepare(&request("DevLake", &template(3), "three")).await;
    let error = refused.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert!(error.message().contains("continue the rollback"), "{error}");
    stacks.operate("DevLake", &ROLL_BACK, "again").await.unwrap();
    assert_eq!(stacks.settled("DevLake").await.status, StackStatus::UpdateRollbackFailed);
    stacks.disturb(Disturbance::Heal).await;
    stacks.operate("DevLake", &ROLL_BACK, "healed").await.unwrap();
    assert_eq!(stacks.settled("DevLake").await.status, StackStatus::UpdateRollbackComplete);
    assert_eq!(stacks.service.drift("DevLake").await.unwrap(), []);
    assert_eq!(stacks.service.template("DevLake").await.unwrap(), Some(template(0)));
    let stack = stacks.deploy("DevLake", &template(3), "three").await;
    assert_eq!(stack.status, StackStatus::UpdateComplete);
}

async fn c9_a_rollback_goes_on_without_what_cannot_be_mended(stacks: StacksUnderTest) {
    stuck(&stacks).await;
    let skip = StackOperation::RollBack { skip: vec!["Key".to_owned()] };
    stacks.operate("DevLake", &skip, "skip").await.unwrap();
    assert_eq!(stacks.settled("DevLake").await.status, StackStatus::UpdateRollbackComplete);
}

async fn c9_a_creation_that_cannot_be_taken_back_is_deleted(stacks: StacksUnderTest) {
    stacks.fail("DevLake", "Bucket", "create").await;
    stacks.fail("DevLake", "Key", "roll_back").await;
    let stack = stacks.deploy("DevLake", &template(0), "one").await;
    assert_eq!(stack.status, StackStatus::RollbackFailed);
    assert!(stacks.physical_id("DevLake", "Key").await.is_some());
    stacks.disturb(Disturbance::Heal).await;
    assert_eq!(stacks.delete("DevLake", &[], "delete").await, None);
    let events = stacks.service.events(&stack.arn, None).await.unwrap();
    let key = events.iter().rfind(|event| event.logical_id == "Key").unwrap();
    assert_eq!(key.status, "DELETE_COMPLETE");
}

async fn c9_a_deletion_that_failed_goes_on_and_retains(stacks: StacksUnderTest) {
    stacks.deploy("DevLake", &template(0), "one").await;
    stacks.fail("DevLake", "Queue", "delete").await;
    let stack = stacks.delete("DevLake", &[], "delete").await.unwrap();
    assert_eq!(stack.status, StackStatus::DeleteFailed);
    let left = stacks.service.resources("DevLake").await.unwrap();
    assert_eq!((left.len(), left[0].status.as_str()), (1, "DELETE_FAILED"));
    assert_eq!(stacks.delete("DevLake", &["Queue"], "again").await, None);
}

async fn a_change_that_failed_leaves_the_stack_as_it_was(stacks: StacksUnderTest) {
    let before = stacks.deploy("DevLake", &template(0), "one").await;
    let resources = async || -> Vec<_> {
        let found = stacks.service.resources("DevLake").await.unwrap();
        found.into_iter().map(|one| (one.logical_id, one.physical_id)).collect()
    };
    let held = resources().await;
    stacks.fail("DevLake", "Topic", "create").await;
    let changed = template(9).replace("Resources:\n", "Resources:\n  Topic: {Type: AWS::SNS::Topic, DependsOn: Queue}\n  Early: {Type: AWS::SNS::Topic}\n");
    let stack = stacks.deploy("DevLake", &changed, "two").await;
    assert_eq!(stack.status, StackStatus::UpdateRollbackComplete);
    assert!(stack.reason.is_some_and(|reason| reason.contains("Topic")));
    assert_eq!((stack.outputs, stack.template), (before.outputs, before.template));
    assert_eq!(resources().await, held);
    assert_eq!(stacks.service.drift("DevLake").await.unwrap(), []);
    let statuses = stacks.statuses("DevLake").await;
    assert_eq!(
        statuses[3..],
        [
            "UPDATE_IN_PROGRESS",
            "UPDATE_ROLLBACK_IN_PROGRESS",
            "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
            "UPDATE_ROLLBACK_COMPLETE"
        ]
    );
}

async fn what_a_stack_retained_stands_in_the_way_of_its_return(stacks: StacksUnderTest) {
    stacks.deploy("DevLake", &template(0), "one").await;
    assert_eq!(stacks.delete("DevLake", &[], "delete").await, None);
    let stack = stacks.deploy("DevLake", &template(0), "one").await;
    assert_eq!(stack.status, StackStatus::RollbackComplete);
    assert!(stack.reason.is_some_and(|reason| reason.contains("already exists")));
}

async fn c5_a_lost_answer_is_one_execution(stacks: StacksUnderTest) {
    let set = stacks.prepare("DevLake", &template(0), "one").await;
    stacks.disturb(Disturbance::LoseAnswer).await;
    execute_once(stacks.service.as_ref(), &set.arn, "t").await.unwrap();
    stacks.settled("DevLake").await;
    execute_once(stacks.second.as_ref(), &set.arn, "t").await.unwrap();
    let statuses = stacks.statuses("DevLake").await;
    assert_eq!(statuses, ["REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE"]);
}

async fn c5_a_lost_request_is_made_again(stacks: StacksUnderTest) {
    let set = stacks.prepare("DevLake", &template(0), "one").await;
    stacks.disturb(Disturbance::LoseRequest).await;
    let error = stacks.service.execute(&set.arn, "t").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    let found = stacks.service.change_set(&set.arn).await.unwrap();
    assert_eq!(found.status, ChangeSetStatus::Prepared);
    stacks.disturb(Disturbance::LoseRequest).await;
    execute_once(stacks.service.as_ref(), &set.arn, "t").await.unwrap();
    assert_eq!(stacks.settled("DevLake").await.status, StackStatus::CreateComplete);
}

async fn c5_an_obsolete_change_set_is_never_executed(stacks: StacksUnderTest) {
    let other = stacks.prepare("DevLake", &template(1), "other").await;
    stacks.deploy("DevLake", &template(0), "one").await;
    for _ in 0..2 {
        let error = execute_once(stacks.service.as_ref(), &other.arn, "t").await.unwrap_err();
        let kinds = [ErrorKind::Conflict, ErrorKind::NotFound];
        assert!(kinds.contains(&error.kind()), "{error}");
        // Also when nobody answers the first time.
        stacks.disturb(Disturbance::LoseRequest).await;
    }
    let stack = stacks.settled("DevLake").await;
    assert_eq!(stack.status, StackStatus::CreateComplete);
}

async fn a_throttled_call_keeps_its_kind_and_does_nothing(stacks: StacksUnderTest) {
    let set = stacks.prepare("DevLake", &template(0), "one").await;
    stacks.disturb(Disturbance::Throttle).await;
    let error = execute_once(stacks.service.as_ref(), &set.arn, "t").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled, "{error}");
    let found = stacks.service.change_set(&set.arn).await.unwrap();
    assert_eq!(found.status, ChangeSetStatus::Prepared);
}
