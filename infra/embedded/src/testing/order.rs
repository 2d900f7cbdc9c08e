//! What starts an execution, and what a newer one does to an older one.

use domain::ErrorKind;
use domain::pipeline::{Cause, ExecutionStatus, Stage};
use infra::pipeline::NewExecution;
use infra::plan::sample::at;

use super::Shared;
use super::walk::{asked, claim, deliver, digest, key, push, rollback, rule, start, work};
use crate::Enqueued;

pub(super) async fn c16_a_push_that_is_told_of_often_starts_one_execution(shared: Shared) {
    let mut tasks = Vec::new();
    for number in 0..8 {
        let store = if number % 2 == 0 { shared.one.clone() } else { shared.two.clone() };
        let told = async move { store.enqueue(&push("dev", 'a'), Some(&key('a')), at(0)).await };
        tasks.push(tokio::spawn(told));
    }
    let (mut new, mut known) = (Vec::new(), Vec::new());
    for task in tasks {
        match task.await.unwrap().unwrap() {
            Enqueued::New(execution) => new.push(execution.id),
            Enqueued::Known(execution) => known.push(execution.id),
        }
    }
    assert_eq!((new.len(), known.len()), (1, 7));
    assert!(known.iter().all(|id| *id == new[0]));
    let next = shared.one.enqueue(&push("dev", 'b'), Some(&key('b')), at(1)).await.unwrap();
    assert!(matches!(next, Enqueued::New(_)));
}

pub(super) async fn a_newer_execution_supersedes_those_that_wait_and_no_deployment(shared: Shared) {
    let store = &shared.one;
    let queued = start(store, &push("dev", 'a'), 0).await.id;
    let (waiting, _) = asked(store, &push("dev", 'b'), &rule(1), 1).await;
    let first = store.execution(queued).await.unwrap().unwrap();
    assert_eq!(first.status, ExecutionStatus::Superseded);
    assert_eq!(first.superseded_by, Some(waiting));
    let elsewhere = start(store, &push("test", 'c'), 2).await;
    let second = store.execution(waiting).await.unwrap().unwrap();
    assert_eq!(second.status, ExecutionStatus::AwaitingApproval, "another environment");
    store.cancel(elsewhere.id, at(2)).await.unwrap();
    let third = start(store, &push("dev", 'c'), 3).await.id;
    let second = store.execution(waiting).await.unwrap().unwrap();
    assert_eq!(second.superseded_by, Some(third));

    // A running one goes on, and makes room when it would have to wait.
    let running = claim(store, 4).await.unwrap();
    assert_eq!(running.execution.id, third);
    work(store, &running, Stage::Build, 4).await;
    let fourth = start(store, &push("dev", 'd'), 5).await.id;
    assert_eq!(claim(store, 5).await, None, "one at a time");
    let given_back = store.write(&running, at(6), |job| {
        job.release(at(60), Some("CloudFormation is away"));
        Ok(())
    });
    assert_eq!(given_back.await.unwrap().superseded_by, Some(fourth));

    // It makes room before its deployment begins, when it is asked to.
    let running = claim(store, 7).await.unwrap();
    assert_eq!(running.execution.id, fourth);
    let alone = store.make_room(&running, at(7)).await.unwrap();
    assert_eq!((alone.status, alone.superseded_by), (ExecutionStatus::Running, None));
    let fifth = start(store, &push("dev", 'e'), 8).await.id;
    let made = store.make_room(&running, at(9)).await.unwrap();
    assert_eq!((made.status, made.superseded_by), (ExecutionStatus::Superseded, Some(fifth)));
    assert_eq!(claim(store, 10).await.unwrap().execution.id, fifth);
}

pub(super) async fn a_rollback_holds_pushes_back_until_somebody_resumes(shared: Shared) {
    let store = &shared.one;
    let dev = "dev".parse().unwrap();
    let first = start(store, &rollback("dev", 'a'), 0).await;
    let state = store.environment(&dev).await.unwrap();
    assert_eq!(state.paused.unwrap().reason, "tips are doubled");
    let pushed = start(store, &push("dev", 'b'), 1).await;
    let first = store.execution(first.id).await.unwrap().unwrap();
    assert_eq!(first.status, ExecutionStatus::Queued, "a push does not push a rollback aside");
    let claimed = claim(store, 2).await.unwrap();
    assert_eq!(claimed.execution.id, first.id);
    store
        .write(&claimed, at(3), |job| {
            job.fail("no network", at(3));
            Ok(())
        })
        .await
        .unwrap();
    assert_eq!(claim(store, 4).await, None, "the push waits");
    store.retry(first.id, Stage::Source, at(5)).await.unwrap();
    assert_eq!(claim(store, 6).await.unwrap().execution.id, first.id);
    store.cancel(first.id, at(7)).await.unwrap();
    assert_eq!(store.resume(&dev).await.unwrap().reason, "tips are doubled");
    assert_eq!(store.resume(&dev).await.unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(claim(store, 40).await.unwrap().execution.id, pushed.id);
}

pub(super) async fn c11_a_promotion_needs_the_release_to_have_succeeded_before(shared: Shared) {
    let store = &shared.one;
    let cause = Cause::Promotion { from: "test".parse().unwrap() };
    let promote = |letter| NewExecution {
        cause: cause.clone(),
        release: Some(digest(letter)),
        ..push("prod", letter)
    };
    let early = store.enqueue(&promote('a'), None, at(0)).await.unwrap_err();
    assert_eq!(early.kind(), ErrorKind::Conflict, "{early}");
    deliver(store, &push("test", 'a'), 1).await;
    assert!(store.passed(&"test".parse().unwrap(), &digest('a')).await.unwrap());
    store.enqueue(&promote('a'), None, at(2)).await.unwrap();
    let other = store.enqueue(&promote('b'), None, at(3)).await.unwrap_err();
    assert!(other.message().contains("did not succeed in test"), "{other}");
}

pub(super) async fn an_overtaken_execution_is_not_retried(shared: Shared) {
    let store = &shared.one;
    let old = start(store, &push("dev", 'a'), 0).await.id;
    store.cancel(old, at(1)).await.unwrap();
    store.retry(old, Stage::Source, at(2)).await.unwrap();
    store.cancel(old, at(3)).await.unwrap();
    deliver(store, &push("dev", 'b'), 4).await;
    let error = store.retry(old, Stage::Source, at(5)).await.unwrap_err();
    assert!(error.message().contains("overtaken"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Conflict);
}
