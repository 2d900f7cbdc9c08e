//! Workers of pipelines that hang, and that meet each other (promises B4 and B13).

use std::time::Duration;

use domain::pipeline::{Execution, ExecutionStatus};
use jiff::Timestamp;

use super::delivered_lake::{ALERTS, DeliveredLake, sql};
use crate::support::sluice::WorkerProcess;

/// A worker hangs right before `step`; another one takes its execution over, and then delivers a newer
/// commit. When the first one goes on, nothing may change.
async fn check_that_a_late_worker_does_no_harm(place: &str, step: &str) {
    let lake = DeliveredLake::with_second_version(0).await;
    let mut late = WorkerProcess::delivering(lake.path(), Some(&format!("{place}:pause-once")));
    let held = lake.until(|one| one.step.as_deref() == Some(step)).await;
    late.signal("STOP");
    let other = WorkerProcess::delivering(lake.path(), None);
    let second = lake.until_delivered(&held.commit).await;
    assert_eq!(second.id, held.id, "the other one has taken it over");
    let third = lake.change(2, 4).await;
    lake.until_delivered(&third).await;
    drop(other);
    let pipelines = &lake.flow.delivery.pipelines;
    let (events, versions) = (lake.flow.stack_events("dev").await, lake.sql_versions().await);
    let log = pipelines.lines(second.id, 0, 1_000).await.unwrap();

    // It takes this one when it is through with the late one.
    late.signal("CONT");
    let fourth = lake.change(100, 4).await;
    lake.until_delivered(&fourth).await;
    assert!(late.is_running());
    assert_eq!(lake.flow.stack_events("dev").await, events, "{place}: stacks were changed");
    let last = versions.last().unwrap() + 1;
    assert_eq!(lake.flow.sql("dev").await, Some((last, sql(100))), "{place}");
    let log_now = pipelines.lines(second.id, 0, 1_000).await.unwrap();
    assert_eq!(log_now, log, "{place}: it spoke of an execution that is not its own any more");
    let deployments = pipelines.deployments(&"dev".parse().unwrap(), None, 100).await.unwrap();
    let of_late = deployments.iter().filter(|(_, one)| one.execution == second.id);
    assert_eq!(of_late.count(), 1, "{place}");
    lake.lake.check_catalog().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b4_a_late_worker_cannot_change_a_stack() {
    check_that_a_late_worker_does_no_harm("delivery.stack", ALERTS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn b4_a_late_worker_cannot_change_sources_and_sql() {
    check_that_a_late_worker_does_no_harm("delivery.data", "sources and SQL").await;
}

/// From when to when somebody worked on an execution.
fn worked_on(execution: &Execution) -> Option<(Timestamp, Timestamp)> {
    let begun = execution.stages.iter().filter_map(|stage| stage.started_at).min()?;
    Some((begun, execution.ended_at.unwrap()))
}

#[tokio::test(flavor = "multi_thread")]
async fn b13_two_workers_deliver_pushes_one_at_a_time_and_end_at_the_last() {
    let lake = DeliveredLake::with_second_version(0).await;
    // Nobody dies here; a lease of a second may run out on a busy machine.
    let settings = [("SLUICE_DELIVERY__LEASE_SECONDS", "30")];
    let _workers = [(); 2].map(|()| WorkerProcess::delivering_with(lake.path(), None, &settings));
    let mut last = None;
    for limit in 10..16 {
        last = Some(lake.change(limit, 3).await);
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
    let last = lake.until_delivered(&last.unwrap()).await;
    let executions = lake.flow.executions("dev").await;
    let mut times: Vec<_> = executions.iter().filter_map(worked_on).collect();
    times.sort();
    assert!(times.len() >= 3, "there was work for two: {executions:#?}");
    let overlaps = times.windows(2).any(|pair| pair[1].0 < pair[0].1);
    assert!(!overlaps, "two executions went on at a time: {executions:#?}");
    for execution in &executions {
        use ExecutionStatus::{Succeeded, Superseded};
        assert!(matches!(execution.status, Succeeded | Superseded), "{execution:#?}");
    }
    let succeeded: Vec<_> =
        executions.iter().filter(|one| one.status == ExecutionStatus::Succeeded).collect();
    let (dev, pipelines) = ("dev".parse().unwrap(), &lake.flow.delivery.pipelines);
    let deployments = pipelines.deployments(&dev, None, 100).await.unwrap();
    let deployed: Vec<_> = deployments.iter().rev().map(|(_, one)| one.execution).collect();
    assert_eq!(deployed, succeeded.iter().map(|one| one.id).collect::<Vec<_>>(), "in order, once");
    let running = pipelines.environment(&dev).await.unwrap().running.unwrap();
    assert_eq!(running.execution, last.id);
    let versions = u64::try_from(succeeded.len()).unwrap();
    assert_eq!(lake.flow.sql("dev").await, Some((versions, sql(15))));
}
