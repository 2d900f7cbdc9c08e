//! Change sets: prepared, read, discarded, executed once.

use domain::ErrorKind;
use domain::stack::ChangeAction;

use super::{Ability, StacksUnderTest, request, template};
use crate::stacks::{ChangeSetKind, ChangeSetStatus, StackStatus};
use crate::testing::cases;

pub(super) async fn run(make: &impl AsyncFn() -> StacksUnderTest) {
    cases!(
        "stack service: change sets",
        make,
        [
            preparing_makes_nothing_but_a_stack_under_review,
            the_same_request_again_is_the_same_change_set,
            c1_a_name_may_come_again_and_an_arn_does_not,
            c4_what_was_executed_makes_the_others_obsolete,
            c4_a_deleted_stack_makes_its_change_sets_obsolete,
            c5_executing_again_answers_the_same,
            one_that_changes_nothing_is_empty,
            outputs_alone_are_a_change needs Ability::ChangeOutputsAlone,
            discarding_the_last_takes_a_stack_away_that_was_never_made,
            what_cannot_be_used_is_refused,
            changes_say_what_happens_to_which_resource,
        ]
    );
}

async fn preparing_makes_nothing_but_a_stack_under_review(stacks: StacksUnderTest) {
    let set = stacks.prepare("DevLake", &template(0), "first").await;
    assert_eq!((set.status, set.kind), (ChangeSetStatus::Prepared, ChangeSetKind::Create));
    assert_eq!((set.name.as_str(), set.stack.as_str()), ("first", "DevLake"));
    assert_eq!(set.parameters["Environment"], "dev");
    assert_eq!(set.tags["my-lake:environment"], "dev");
    assert_eq!(stacks.service.change_set(&set.arn).await.unwrap(), set);
    let stack = stacks.service.describe("DevLake").await.unwrap().unwrap();
    assert_eq!(stack.status, StackStatus::ReviewInProgress);
    assert_eq!((stack.arn.as_str(), stack.template), (set.stack_arn.as_str(), None));
    assert_eq!(stacks.service.resources("DevLake").await.unwrap(), []);
    assert_eq!(stacks.service.template("DevLake").await.unwrap(), None);
    assert_eq!(stacks.service.exports().await.unwrap(), []);
}

async fn the_same_request_again_is_the_same_change_set(stacks: StacksUnderTest) {
    let first = stacks.prepare("DevLake", &template(0), "one").await;
    assert_eq!(stacks.prepare("DevLake", &template(0), "one").await, first);
    let other = request("DevLake", &template(1), "one");
    let error = stacks.service.prepare(&other).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
}

async fn c1_a_name_may_come_again_and_an_arn_does_not(stacks: StacksUnderTest) {
    let first = stacks.prepare("DevLake", &template(0), "one").await;
    stacks.prepare("DevLake", &template(0), "keeps-the-stack").await;
    stacks.service.discard(&first.arn).await.unwrap();
    stacks.service.discard(&first.arn).await.unwrap();
    let again = stacks.prepare("DevLake", &template(5), "one").await;
    assert_ne!(again.arn, first.arn);
    let error = stacks.service.execute(&first.arn, "t").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    let error = stacks.service.change_set(&first.arn).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
}

async fn c4_what_was_executed_makes_the_others_obsolete(stacks: StacksUnderTest) {
    let other = stacks.prepare("DevLake", &template(1), "other").await;
    stacks.deploy("DevLake", &template(0), "one").await;
    stacks.assert_obsolete(&other.arn).await;
    let error = stacks.service.execute(&other.arn, "t").await.unwrap_err();
    let kinds = [ErrorKind::Conflict, ErrorKind::NotFound];
    assert!(kinds.contains(&error.kind()), "{error}");
    assert!(error.message().contains("plan anew"), "{error}");
}

async fn c4_a_deleted_stack_makes_its_change_sets_obsolete(stacks: StacksUnderTest) {
    stacks.deploy("DevLake", &template(0), "one").await;
    let waiting = stacks.prepare("DevLake", &template(1), "two").await;
    assert_eq!(stacks.delete("DevLake", &[], "delete").await, None);
    let error = stacks.service.execute(&waiting.arn, "t").await.unwrap_err();
    let kinds = [ErrorKind::Conflict, ErrorKind::NotFound];
    assert!(kinds.contains(&error.kind()), "{error}");
    assert_eq!(stacks.service.describe("DevLake").await.unwrap(), None);
}

async fn c5_executing_again_answers_the_same(stacks: StacksUnderTest) {
    let set = stacks.prepare("DevLake", &template(0), "one").await;
    stacks.service.execute(&set.arn, "t").await.unwrap();
    stacks.service.execute(&set.arn, "t").await.unwrap();
    stacks.settled("DevLake").await;
    stacks.service.execute(&set.arn, "t").await.unwrap();
    stacks.second.execute(&set.arn, "t").await.unwrap();
    let found = stacks.service.change_set(&set.arn).await.unwrap();
    assert_eq!(found.status, ChangeSetStatus::Executed);
    assert_eq!(
        stacks.statuses("DevLake").await,
        ["REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
    );
}

async fn one_that_changes_nothing_is_empty(stacks: StacksUnderTest) {
    stacks.deploy("DevLake", &template(0), "one").await;
    let set = stacks.prepare("DevLake", &template(0), "two").await;
    assert_eq!((set.status, set.changes.len()), (ChangeSetStatus::Empty, 0));
    let error = stacks.service.execute(&set.arn, "t").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
}

async fn outputs_alone_are_a_change(stacks: StacksUnderTest) {
    stacks.deploy("DevLake", &template(0), "one").await;
    let outputs = template(0).replace("Value: !Ref Bucket", "Value: !Ref Queue");
    let set = stacks.prepare("DevLake", &outputs, "two").await;
    assert_eq!((set.status, set.changes.len()), (ChangeSetStatus::Prepared, 0));
}

async fn discarding_the_last_takes_a_stack_away_that_was_never_made(stacks: StacksUnderTest) {
    let one = stacks.prepare("DevLake", &template(0), "one").await;
    let two = stacks.prepare("DevLake", &template(1), "two").await;
    stacks.service.discard(&one.arn).await.unwrap();
    assert!(stacks.service.describe("DevLake").await.unwrap().is_some());
    stacks.service.discard(&two.arn).await.unwrap();
    assert_eq!(stacks.service.describe("DevLake").await.unwrap(), None);
    let set = stacks.prepare("DevLake", &template(0), "one").await;
    stacks.service.execute(&set.arn, "t").await.unwrap();
    let error = stacks.service.discard(&set.arn).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
}

async fn what_cannot_be_used_is_refused(stacks: StacksUnderTest) {
    let unknown = template(0).replace("!Ref Bucket", "!Ref Elsewhere");
    let without_default = template(0).replace("    Default: dev\n", "");
    let cycle =
        template(0).replace("Description: !Sub \"of ${Environment}\"", "Description: !Ref Bucket");
    let cases = [("DevLake", unknown), ("DevLake", without_default), ("DevLake", cycle)];
    let names = [("Dev_Lake", template(0)), ("", template(0)), ("1Lake", template(0))];
    for (stack, template) in cases.into_iter().chain(names) {
        let refused = stacks.service.prepare(&request(stack, &template, "one")).await;
        let error = refused.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        assert_eq!(stacks.service.list("").await.unwrap(), [], "{error}");
    }
}

async fn changes_say_what_happens_to_which_resource(stacks: StacksUnderTest) {
    stacks.deploy("DevLake", &template(0), "one").await;
    let key = stacks.physical_id("DevLake", "Key").await;
    let renamed = template(7)
        .replace("-raw\"", "-rare\"")
        .replace("  Key:\n    Type: AWS", "  Own:\n    Type: AWS");
    let renamed = renamed.replace("Key.Arn", "Own.Arn");
    let set = stacks.prepare("DevLake", &renamed, "two").await;
    let mut found: Vec<_> =
        set.changes.iter().map(|change| (change.logical_id.as_str(), change.action)).collect();
    found.sort_unstable();
    // Whether a value stays the same may not be known before.
    let bucket = found[0].1;
    assert!(matches!(bucket, ChangeAction::Replace | ChangeAction::MayReplace), "{bucket}");
    let expected = [
        ("Bucket", bucket),
        ("Key", ChangeAction::Remove),
        ("Own", ChangeAction::Add),
        ("Queue", ChangeAction::Modify),
    ];
    assert_eq!(found, expected);
    let removed = set.changes.iter().find(|change| change.logical_id == "Key").unwrap();
    assert_eq!(removed.physical_id, key);
    assert!(removed.endangers_data());
}
