//! What is kept of executions, and how it is found again.

use domain::approval::Verdict;
use domain::branch::BranchName;
use domain::pipeline::{ExecutionStatus, MOST_LINES, Stage, StageLine};
use domain::run_log::LogLevel;
use infra::approval::Reminder;
use infra::plan::sample::at;
use jiff::{SignedDuration, Timestamp};

use super::Shared;
use super::walk::{asked, carry_out, claim, decide, decision, deliver, digest, push, rule, start};
use crate::ExecutionFilter;

pub(super) async fn what_was_deployed_can_be_read(shared: Shared) {
    let store = &shared.one;
    let prod = "prod".parse().unwrap();
    assert_eq!(store.environment(&prod).await.unwrap().running, None);
    deliver(store, &push("prod", 'a'), 0).await;
    let rule = rule(2);
    let (id, plan) = asked(store, &push("prod", 'b'), &rule, 1).await;
    for login in ["cleo", "dan"] {
        let yes = decision(login, &plan, Verdict::Approve);
        decide(store, id, &yes, &rule, 2).await.unwrap();
    }
    carry_out(store, &claim(store, 3).await.unwrap(), 4).await;
    let running = store.environment(&prod).await.unwrap().running.unwrap();
    assert_eq!((running.release, running.execution, running.since), (digest('b'), id, at(4)));
    let deployments = shared.two.deployments(&prod, None, 10).await.unwrap();
    assert_eq!(deployments.iter().map(|(number, _)| *number).collect::<Vec<_>>(), [2, 1]);
    let last = &deployments[0].1;
    let by: Vec<_> = last.approved_by.iter().map(|person| person.login.as_str()).collect();
    assert_eq!(by, ["cleo", "dan"]);
    assert_eq!(last.plan, plan);
    assert_eq!(last.changed.stacks, ["ProdDataLakeEtlRoles"]);
    assert_eq!((last.changed.resources, last.changed.transformations.len()), (1, 1));
    assert!(deployments[1].1.approved_by.is_empty());
    let older = store.deployments(&prod, Some(2), 10).await.unwrap();
    assert_eq!(older, deployments[1..]);
    let (kept, digest) = store.plan(id).await.unwrap();
    assert_eq!((kept.execution, digest), (id, plan));
    assert_eq!(store.environments().await.unwrap().len(), 1);
}

pub(super) async fn lists_are_filtered_and_paged(shared: Shared) {
    let store = &shared.one;
    let mut ids = Vec::new();
    for (environment, letter) in [("dev", 'a'), ("dev", 'b'), ("test", 'c'), ("dev", 'd')] {
        ids.push(start(store, &push(environment, letter), 0).await.id);
    }
    ids.reverse();
    let all = ExecutionFilter { limit: 10, ..ExecutionFilter::default() };
    let found = async |filter: &ExecutionFilter| -> Vec<_> {
        store.list(filter).await.unwrap().into_iter().map(|one| one.id).collect()
    };
    assert_eq!(found(&all).await, ids);
    let page = ExecutionFilter { before: Some(ids[0]), limit: 2, ..all.clone() };
    assert_eq!(found(&page).await, ids[1..3]);
    let environment = Some("test".parse().unwrap());
    assert_eq!(found(&ExecutionFilter { environment, ..all.clone() }).await, ids[1..2]);
    let statuses = vec![ExecutionStatus::Superseded, ExecutionStatus::Failed];
    assert_eq!(found(&ExecutionFilter { statuses, ..all.clone() }).await, ids[2..]);
    let branch: BranchName = "other".parse().unwrap();
    assert!(found(&ExecutionFilter { branch: Some(branch), ..all.clone() }).await.is_empty());
    let requester = Some("1".to_owned());
    assert_eq!(found(&ExecutionFilter { requester, ..all }).await.len(), 4);
    let since = Timestamp::now() - SignedDuration::from_mins(5);
    let changes = shared.two.changed_since(since, 10).await.unwrap();
    assert_eq!(changes.len(), 4);
    assert!(changes.is_sorted_by_key(|change| change.changed_at));
    let later = Timestamp::now() + SignedDuration::from_secs(5);
    assert!(store.changed_since(later, 10).await.unwrap().is_empty());
}

pub(super) async fn a_log_is_bounded_and_says_so(shared: Shared) {
    let store = &shared.one;
    let id = start(store, &push("dev", 'a'), 0).await.id;
    let line = |text: &str| StageLine::new(at(1), LogLevel::Info, Stage::Build, 1, text);
    let (one, two) = (line("one\nforged"), line("two"));
    store.append(id, &[one, two]).await.unwrap();
    let lines = shared.two.lines(id, 1, 10).await.unwrap();
    assert_eq!(lines, [StageLine { sequence: 2, ..line("two") }]);
    assert_eq!(store.lines(id, 0, 1).await.unwrap()[0].message, "one\\nforged");
    let many: Vec<_> = (0..MOST_LINES).map(|number| line(&number.to_string())).collect();
    store.append(id, &many).await.unwrap();
    let last = store.lines(id, MOST_LINES - 1, 10).await.unwrap();
    assert_eq!((last.len(), last[0].level), (1, LogLevel::Warning));
    assert!(last[0].message.contains("no further"), "{}", last[0].message);
}

pub(super) async fn a_reminder_is_told_to_one(shared: Shared) {
    let (id, _) = asked(&shared.one, &push("prod", 'a'), &rule(1), 0).await;
    assert!(shared.one.remind_due(at(60)).await.unwrap().is_empty());
    let later = at(5 * 3600);
    let (one, two) = tokio::join!(shared.one.remind_due(later), shared.two.remind_due(later));
    let told: Vec<_> = one.unwrap().into_iter().chain(two.unwrap()).collect();
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].0.id, told[0].1), (id, Reminder::Waits));
    let expired = shared.two.expire_due(at(72 * 3600)).await.unwrap();
    assert_eq!(expired.iter().map(|one| one.id).collect::<Vec<_>>(), [id]);
    assert!(shared.one.expire_due(at(72 * 3600)).await.unwrap().is_empty());
}
