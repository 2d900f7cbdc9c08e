//! Clients that want something of one stack at the same time.

use domain::{ErrorKind, Result};
use tokio::task::JoinSet;

use super::{StacksUnderTest, request, template};
use crate::stacks::{ChangeSetStatus, StackOperation, StackStatus};
use crate::testing::cases;

pub(super) async fn run(make: &impl AsyncFn() -> StacksUnderTest) {
    cases!(
        "stack service: races",
        make,
        [
            c5_racing_executions_of_one_change_set_are_one,
            of_racing_executions_of_two_change_sets_one_wins,
            racing_requests_with_one_token_are_one,
            racing_requests_are_one_change_set_each,
            executing_and_deleting_race_to_one_outcome,
        ]
    );
}

const RACERS: usize = 6;

async fn c5_racing_executions_of_one_change_set_are_one(stacks: StacksUnderTest) {
    let set = stacks.prepare("DevLake", &template(0), "one").await;
    let mut racing = JoinSet::new();
    for number in 0..RACERS {
        let (stacks, arn) = (stacks.clone(), set.arn.clone());
        racing.spawn(async move { pick(&stacks, number).execute(&arn, "t").await });
    }
    for outcome in racing.join_all().await {
        outcome.unwrap();
    }
    assert_eq!(stacks.settled("DevLake").await.status, StackStatus::CreateComplete);
    let statuses = stacks.statuses("DevLake").await;
    assert_eq!(statuses, ["REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE"]);
}

async fn of_racing_executions_of_two_change_sets_one_wins(stacks: StacksUnderTest) {
    let mut arns = Vec::new();
    for number in 0..2 {
        let delay = u32::try_from(number).unwrap();
        let set = stacks.prepare("DevLake", &template(delay), &format!("t{number}")).await;
        arns.push(set.arn);
    }
    let racing =
        tokio::join!(stacks.service.execute(&arns[0], "t"), stacks.second.execute(&arns[1], "t"));
    let outcomes = [racing.0, racing.1];
    let lost: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    assert_eq!(lost.len(), 1, "{outcomes:?}");
    let kinds = [ErrorKind::Conflict, ErrorKind::NotFound];
    assert!(kinds.contains(&lost[0].kind()), "{}", lost[0]);
    let won = outcomes.iter().position(Result::is_ok).unwrap();
    let found = stacks.service.change_set(&arns[won]).await.unwrap();
    assert_eq!(found.status, ChangeSetStatus::Executed);
    stacks.assert_obsolete(&arns[1 - won]).await;
}

async fn racing_requests_with_one_token_are_one(stacks: StacksUnderTest) {
    let arns = race_to_prepare(&stacks, |_| "same".to_owned()).await;
    let arns: Vec<_> = arns.into_iter().map(|arn| arn.unwrap()).collect();
    assert!(arns.iter().all(|arn| *arn == arns[0]), "{arns:?}");
}

async fn racing_requests_are_one_change_set_each(stacks: StacksUnderTest) {
    let arns = race_to_prepare(&stacks, |number| format!("t{number}")).await;
    let mut arns: Vec<_> = arns.into_iter().map(|arn| arn.unwrap()).collect();
    arns.sort_unstable();
    arns.dedup();
    assert_eq!(arns.len(), RACERS, "{arns:?}");
    assert_eq!(stacks.service.list("").await.unwrap().len(), 1);
}

async fn executing_and_deleting_race_to_one_outcome(stacks: StacksUnderTest) {
    stacks.deploy("DevLake", &template(0), "one").await;
    let set = stacks.prepare("DevLake", &template(1), "two").await;
    let delete = StackOperation::Delete { retain: Vec::new() };
    let (executed, deleted) = tokio::join!(
        stacks.service.execute(&set.arn, "t"),
        stacks.second.operate("DevLake", &delete, "d")
    );
    let of_kind = |outcome: &Result<()>| outcome.as_ref().err().map(domain::Error::kind);
    match (of_kind(&executed), of_kind(&deleted)) {
        (None, Some(ErrorKind::Conflict)) => {
            assert_eq!(stacks.settled("DevLake").await.status, StackStatus::UpdateComplete);
        }
        // Both, one after the other: the update had ended when the deletion came.
        (None | Some(ErrorKind::Conflict | ErrorKind::NotFound), None) => {}
        other => panic!("{other:?}"),
    }
}

async fn race_to_prepare(
    stacks: &StacksUnderTest,
    token: impl Fn(usize) -> String,
) -> Vec<Result<String>> {
    let mut racing = JoinSet::new();
    for number in 0..RACERS {
        let stacks = stacks.clone();
        let request = request("DevLake", &template(0), &token(number));
        racing
            .spawn(async move { pick(&stacks, number).prepare(&request).await.map(|set| set.arn) });
    }
    racing.join_all().await
}

fn pick(stacks: &StacksUnderTest, number: usize) -> &dyn crate::stacks::StackService {
    if number.is_multiple_of(2) { stacks.service.as_ref() } else { stacks.second.as_ref() }
}
