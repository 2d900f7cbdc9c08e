//! Queries over a link that loses and breaks calls.

use std::time::Duration;

use aws::testing::{Emulator, Fault, FaultyLink};
use aws_sdk_athena::types::QueryExecutionState;
use domain::ErrorKind;
use domain::query::{QueryLimits, QueryState};
use etl_engine::query::service::QueryService;

use super::lake::{QueriedLake, athena_settings};
use super::{endless, run_of};
use crate::catalog::refused;

async fn over_a_link() -> Option<(FaultyLink, QueriedLake)> {
    let (link, emulator) = Emulator::of_this_run()?.through_a_faulty_link().await;
    let lake = QueriedLake::make(emulator.account().await).await;
    Some((link, lake))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_query_outlives_calls_that_are_throttled_lost_or_refused() {
    let Some((link, lake)) = over_a_link().await else { return };
    lake.put_day("2020-08-05", &[Some("Y"); 3]).await;
    let service = lake.athena(athena_settings());
    for call in ["StartQueryExecution", "GetQueryResults"] {
        link.plan(call, refused("TooManyRequestsException"));
        link.plan(call, Fault::Refuse);
    }
    for fault in [Fault::Drop, Fault::Refuse, Fault::ResetAfter] {
        link.plan("GetQueryExecution", fault);
    }
    let result = run_of(&service, "SELECT vendorid FROM tlc.yellow").await.unwrap();
    assert_eq!(result.rows, 3);
    assert!(link.is_done());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn e9_a_stop_that_was_lost_is_asked_for_again() {
    let Some((link, lake)) = over_a_link().await else { return };
    let service = lake.athena(athena_settings());
    let id = service.start(&endless(), &QueryLimits::default(), "ada").await.unwrap();
    while service.status(id).await.unwrap().state != QueryState::Running {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for _ in 0..4 {
        link.plan("StopQueryExecution", refused("AccessDeniedException"));
    }
    service.cancel(id).await.unwrap();
    assert_eq!(service.status(id).await.unwrap().state, QueryState::Cancelled);
    let execution = &lake.executions().await[0];
    for _ in 0..100 {
        let told = lake.athena.get_query_execution().query_execution_id(execution).send().await;
        let status = told.unwrap().query_execution.unwrap().status.unwrap();
        if status.state == Some(QueryExecutionState::Cancelled) {
            assert!(link.is_done());
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the query goes on");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn b10_refusals_of_athena_keep_their_kind() {
    let Some((link, lake)) = over_a_link().await else { return };
    let service = lake.athena(athena_settings());
    link.plan("StartQueryExecution", refused("AccessDeniedException"));
    let error = run_of(&service, "SELECT 1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    link.plan("GetTable", refused("AccessDeniedException"));
    let error = run_of(&service, "SELECT * FROM tlc.yellow").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "not a table that does not exist: {error}");
}
