//! kill -9 at every place of an execution: after a restart everything was carried out exactly once
//! (promises C5 and C6).

use std::collections::BTreeMap;

use domain::pipeline::{Execution, ExecutionStatus};
use infra_embedded::Faults;
use jiff::Timestamp;

use super::delivered_lake::{ALERTS, DeliveredLake};
use crate::support::sluice::WorkerProcess;

/// What an execution left behind.
#[derive(Debug, PartialEq)]
struct Left {
    status: ExecutionStatus,
    restarts: u32,
    executions: usize,
    deployments: usize,
    sql_versions: Vec<u64>,
    source_version: Option<u64>,
    runs: usize,
    stack_events: BTreeMap<String, Vec<String>>,
}

impl Left {
    async fn by(execution: &Execution, lake: &DeliveredLake) -> Self {
        let (dev, pipelines) = ("dev".parse().unwrap(), &lake.flow.delivery.pipelines);
        let deployments = pipelines.deployments(&dev, None, 100).await.unwrap();
        assert_eq!(deployments[0].1.execution, execution.id, "{execution:#?}");
        let running = pipelines.environment(&dev).await.unwrap().running.unwrap();
        assert_eq!(Some(running.release), execution.release);
        Self {
            status: execution.status,
            restarts: execution.restarts,
            executions: lake.flow.executions("dev").await.len(),
            deployments: deployments.len(),
            sql_versions: lake.sql_versions().await,
            source_version: lake.source_version().await,
            runs: lake.lake.runs().await.len(),
            stack_events: lake.flow.stack_events("dev").await,
        }
    }
}

/// Kills a worker at a place.
async fn kill(lake: &DeliveredLake, place: &'static str) {
    let mut worker = WorkerProcess::delivering(lake.path(), Some(&format!("{place}:kill")));
    tokio::task::spawn_blocking(move || worker.wait_killed(place)).await.unwrap();
}

/// Kills workers at places one after the other, then lets one go on to the end; each series in a twin
/// of its own, all at once. Compares with a twin in which nobody was killed.
async fn check(lake: &DeliveredLake, series: &[&[&'static str]]) {
    let undisturbed = lake.twin().await;
    let expected = Left::by(&undisturbed.carry_to_its_end().await, &undisturbed).await;
    assert_eq!(expected.status, ExecutionStatus::Succeeded, "{expected:?}");
    assert_eq!((expected.executions, expected.deployments, expected.restarts), (2, 2, 1));
    assert_eq!((&expected.sql_versions[..], expected.source_version), (&[1, 2][..], Some(2)));
    let made = expected.stack_events[ALERTS].iter();
    assert_eq!(made.filter(|event| *event == "Queue1 CREATE_COMPLETE").count(), 1);
    let cases = series.iter().map(async |places| {
        let twin = lake.twin().await;
        for place in *places {
            kill(&twin, place).await;
        }
        let execution = twin.carry_to_its_end().await;
        let left = Left::by(&execution, &twin).await;
        assert_eq!(left, expected, "killed at {places:?}: {execution:#?}");
        let same = twin.lake.table_files() == undisturbed.lake.table_files();
        assert!(same, "killed at {places:?}: other files or bytes");
        twin.lake.check_catalog().await;
    });
    futures::future::join_all(cases).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c6_killed_before_anybody_is_asked() {
    let lake = DeliveredLake::with_second_version(1).await;
    let series: [&[_]; 6] = [
        &["delivery.source"],
        &["delivery.build"],
        &["delivery.assets"],
        &["delivery.plan"],
        &["delivery.planned"],
        &["delivery.approval"],
    ];
    check(&lake, &series).await;
}

/// Before it changes itself, right after it began again, before it would change itself once more, and
/// all of these.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c6_killed_around_the_change_of_the_pipeline_itself() {
    let lake = DeliveredLake::with_second_version(1).await;
    let (before, begun_again) = ("delivery.self-mutate", "delivery.source");
    check(&lake, &[&[before], &[before, begun_again], &[before, begun_again, before]]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c6_killed_between_approval_and_done() {
    let lake = approved().await;
    let series: [&[_]; 7] = [
        &["delivery.deploy"],
        &["delivery.stack"],
        &["delivery.executed"],
        &["stack-step"],
        &["delivery.data"],
        &["delivery.saved"],
        &["delivery.verify"],
    ];
    check(&lake, &series).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c6_killed_again_and_again() {
    let lake = approved().await;
    let steps: [&[_]; 2] = [
        &["stack-step", "stack-step", "stack-step"],
        &[
            "delivery.deploy",
            "delivery.stack",
            "delivery.executed",
            "delivery.data",
            "delivery.saved",
        ],
    ];
    check(&lake, &steps).await;
}

/// A lake whose second version was approved and waits for a worker.
async fn approved() -> DeliveredLake {
    let lake = DeliveredLake::with_second_version(1).await;
    lake.flow.carry_out().await;
    lake.flow.approve("dev", &lake.bob).await;
    lake
}

/// The account carries a change set out and its answer is lost, or never hears of it, also to a worker
/// that is killed then.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c5_a_lost_answer_to_execute_is_one_execution() {
    let lake = approved().await;
    let undisturbed = lake.twin().await;
    let expected = Left::by(&undisturbed.carry_to_its_end().await, &undisturbed).await;
    let lost = |requests, answers| Faults {
        lost_requests: requests,
        lost_answers: answers,
        ..Faults::default()
    };
    let cases = [
        (lost(0, 1), None),
        (lost(1, 1), None),
        (lost(0, 1), Some("delivery.executed")),
        (lost(2, 0), Some("stack-step")),
    ];
    let cases = cases.into_iter().map(async |(faults, place)| {
        let twin = lake.twin().await;
        twin.flow.stacks("dev").await.set_faults(faults.clone()).await.unwrap();
        if let Some(place) = place {
            kill(&twin, place).await;
        }
        let execution = twin.carry_to_its_end().await;
        assert_eq!(Left::by(&execution, &twin).await, expected, "{faults:?} {place:?}");
        let left = twin.flow.stacks("dev").await.faults().await.unwrap();
        assert_eq!((left.lost_requests, left.lost_answers), (0, 0), "the fault came true");
    });
    futures::future::join_all(cases).await;
}

/// Somebody cancels while nobody works on it: what was begun of a stack comes to its end, and nothing
/// after it begins.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn c6_cancelled_after_its_worker_was_killed_in_the_middle_of_a_stack() {
    let lake = approved().await;
    let cases = ["delivery.stack", "delivery.executed", "stack-step"].map(async |place| {
        let twin = lake.twin().await;
        kill(&twin, place).await;
        let half = twin.flow.newest("dev").await;
        assert_eq!(half.step.as_deref(), Some(ALERTS), "{place}");
        twin.flow.delivery.pipelines.cancel(half.id, Timestamp::now()).await.unwrap();
        let ended = twin.carry_to_its_end().await;
        assert_eq!(ended.status, ExecutionStatus::Cancelled, "{place}: {ended:#?}");
        let events = &twin.flow.stack_events("dev").await[ALERTS];
        let last = events.last().map(String::as_str);
        assert_eq!(last, Some("DevDataLakeEtlAlerts CREATE_COMPLETE"), "{place}: {events:?}");
        assert_eq!((twin.sql_versions().await, twin.source_version().await), (vec![1], Some(1)));
    });
    futures::future::join_all(cases).await;
}
