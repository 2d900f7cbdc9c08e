//! The contract of the query port.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use domain::ErrorKind;
use domain::query::{QueryId, QueryLimits, QueryState};
use tokio_util::sync::CancellationToken;

use super::cases;
use crate::query::service::{QueryService, QueryStatus};

/// A query service with texts that it knows.
#[derive(Debug, Clone)]
pub struct QueriesUnderTest {
    /// The service.
    pub service: Arc<dyn QueryService>,
    /// Returns one column of type bigint with 0, 1 and 2, in this order.
    pub three_rows: String,
    /// Cannot be run.
    pub wrong: String,
    /// Would take for ever.
    pub endless: String,
}

/// Runs the contract over the services that `make` makes.
pub async fn query_service(make: impl AsyncFn() -> QueriesUnderTest) {
    cases!(
        "query service",
        make,
        [
            rows_come_in_order_and_then_the_end,
            a_query_that_runs_as_a_whole_returns_the_same,
            e6_rows_beyond_the_limit_are_said_to_exist,
            what_is_wrong_is_invalid,
            e5_a_query_is_cancelled_at_once_and_stays_so,
            a_run_stops_when_its_caller_says_so,
            a_query_that_ended_is_not_cancelled_any_more,
            an_estimate_runs_nothing,
            nobody_knows_a_query_that_was_not_started,
        ]
    );
}

fn limits() -> QueryLimits {
    QueryLimits::default()
}

async fn start(under_test: &QueriesUnderTest, sql: &str, limits: &QueryLimits) -> QueryId {
    under_test.service.start(sql, limits, "ada").await.unwrap()
}

/// Takes all rows; they belong to one attempt.
async fn take(under_test: &QueriesUnderTest, id: QueryId) -> Vec<i64> {
    let mut rows = Vec::new();
    let mut pages = 0;
    while let Some(page) = under_test.service.next_page(id).await.unwrap() {
        assert_eq!((page.attempt, page.batch.num_columns()), (1, 1));
        rows.extend(page.batch.column(0).as_primitive::<Int64Type>().values());
        pages += 1;
    }
    assert!(pages > 0, "not even the columns were told");
    rows
}

async fn status(under_test: &QueriesUnderTest, id: QueryId) -> QueryStatus {
    under_test.service.status(id).await.unwrap()
}

async fn rows_come_in_order_and_then_the_end(under_test: QueriesUnderTest) {
    let id = start(&under_test, &under_test.three_rows, &limits()).await;
    assert_eq!(take(&under_test, id).await, [0, 1, 2]);
    let ended = status(&under_test, id).await;
    assert_eq!((ended.state, ended.more), (QueryState::Succeeded, false));
    assert!(ended.truncated.is_none() && ended.error.is_none(), "{ended:?}");
    assert!(under_test.service.next_page(id).await.unwrap().is_none());
}

async fn a_query_that_runs_as_a_whole_returns_the_same(under_test: QueriesUnderTest) {
    let cancel = CancellationToken::new();
    let result = under_test.service.run(&under_test.three_rows, &limits(), &cancel).await.unwrap();
    assert_eq!((result.rows, result.schema.fields().len()), (3, 1));
    let rows = result.batches.iter();
    let rows: Vec<i64> = rows
        .flat_map(|rows| rows.column(0).as_primitive::<Int64Type>().values().to_vec())
        .collect();
    assert_eq!((rows, result.truncated), (vec![0, 1, 2], None));
}

async fn e6_rows_beyond_the_limit_are_said_to_exist(under_test: QueriesUnderTest) {
    let two = QueryLimits { max_rows: 2, ..limits() };
    let id = start(&under_test, &under_test.three_rows, &two).await;
    assert_eq!(take(&under_test, id).await, [0, 1]);
    let ended = status(&under_test, id).await;
    assert_eq!((ended.state, ended.more), (QueryState::Succeeded, true));
    assert!(ended.truncated.unwrap().contains("there are more"));
    let three = QueryLimits { max_rows: 3, ..limits() };
    let id = start(&under_test, &under_test.three_rows, &three).await;
    assert_eq!(take(&under_test, id).await, [0, 1, 2]);
    assert!(!status(&under_test, id).await.more);
}

async fn what_is_wrong_is_invalid(under_test: QueriesUnderTest) {
    let (service, wrong) = (&under_test.service, &under_test.wrong);
    let run = service.run(wrong, &limits(), &CancellationToken::new()).await;
    assert_eq!(run.unwrap_err().kind(), ErrorKind::Invalid);
    assert_eq!(service.estimate(wrong).await.unwrap_err().kind(), ErrorKind::Invalid);
    // It may be found out at once or by the first look at its rows.
    match service.start(wrong, &limits(), "ada").await {
        Err(error) => assert_eq!(error.kind(), ErrorKind::Invalid),
        Ok(id) => {
            assert!(service.next_page(id).await.unwrap().is_none());
            let ended = status(&under_test, id).await;
            assert_eq!(ended.state, QueryState::Failed);
            assert_eq!(ended.error.unwrap().kind(), ErrorKind::Invalid);
        }
    }
}

async fn e5_a_query_is_cancelled_at_once_and_stays_so(under_test: QueriesUnderTest) {
    let id = start(&under_test, &under_test.endless, &limits()).await;
    assert!(!status(&under_test, id).await.state.is_terminal());
    let begin = Instant::now();
    under_test.service.cancel(id).await.unwrap();
    assert_eq!(status(&under_test, id).await.state, QueryState::Cancelled);
    assert!(under_test.service.next_page(id).await.unwrap().is_none());
    assert!(begin.elapsed() < Duration::from_secs(2));
    under_test.service.cancel(id).await.unwrap();
    let ended = status(&under_test, id).await;
    assert_eq!(ended.error.unwrap().kind(), ErrorKind::Cancelled);
}

async fn a_run_stops_when_its_caller_says_so(under_test: QueriesUnderTest) {
    let cancel = CancellationToken::new();
    cancel.cancel();
    let run = under_test.service.run(&under_test.endless, &limits(), &cancel).await;
    assert_eq!(run.unwrap_err().kind(), ErrorKind::Cancelled);
}

async fn a_query_that_ended_is_not_cancelled_any_more(under_test: QueriesUnderTest) {
    let id = start(&under_test, &under_test.three_rows, &limits()).await;
    take(&under_test, id).await;
    under_test.service.cancel(id).await.unwrap();
    assert_eq!(status(&under_test, id).await.state, QueryState::Succeeded);
}

async fn an_estimate_runs_nothing(under_test: QueriesUnderTest) {
    let begin = Instant::now();
    under_test.service.estimate(&under_test.endless).await.unwrap();
    let estimate = under_test.service.estimate(&under_test.three_rows).await.unwrap();
    assert!(begin.elapsed() < Duration::from_secs(10));
    assert_eq!((estimate.cost.files, estimate.tables.len()), (0, 0));
}

async fn nobody_knows_a_query_that_was_not_started(under_test: QueriesUnderTest) {
    let (service, unknown) = (&under_test.service, QueryId::generate());
    let kinds = [
        service.status(unknown).await.map(drop).unwrap_err().kind(),
        service.next_page(unknown).await.map(drop).unwrap_err().kind(),
        service.cancel(unknown).await.unwrap_err().kind(),
    ];
    assert_eq!(kinds, [ErrorKind::NotFound; 3]);
}
