//! Queries by Athena.

// The helpers of tests are tests too.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod dialect;
mod lake;

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use aws::testing::Emulator;
use aws_sdk_athena::types::QueryExecutionState;
use domain::ErrorKind;
use domain::query::{QueryLimits, QueryState};
use etl_engine::query::cells::text_rows;
use etl_engine::query::service::QueryService;
use etl_engine::testing;
use etl_engine::testing::QueriesUnderTest;
use tokio_util::sync::CancellationToken;

use lake::{QueriedLake, athena_settings};

const TEN: &str = "(VALUES (0),(1),(2),(3),(4),(5),(6),(7),(8),(9))";

/// Takes the emulator's engine a few seconds.
fn endless() -> String {
    let tables: Vec<_> = (0..8).map(|at| format!("{TEN} AS t{at}(x)")).collect();
    let products: Vec<_> = (0..8).map(|at| format!("t{at}.x * t{}.x", (at + 1) % 8)).collect();
    format!("SELECT sum({}) AS n FROM {}", products.join(" + "), tables.join(", "))
}

async fn lake() -> Option<QueriedLake> {
    let emulator = Emulator::of_this_run()?;
    Some(QueriedLake::make(emulator.account().await).await)
}

fn run_of(
    service: &dyn QueryService,
    sql: &str,
) -> impl Future<Output = domain::Result<etl_engine::query::service::QueryResult>> {
    let (limits, cancel) = (QueryLimits::default(), CancellationToken::new());
    async move { service.run(sql, &limits, &cancel).await }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn e9_the_contract_holds() {
    let Some(emulator) = Emulator::of_this_run() else { return };
    testing::query_service(async || {
        let lake = QueriedLake::make(emulator.account().await).await;
        QueriesUnderTest {
            service: Arc::new(lake.athena(athena_settings())),
            three_rows:
                "SELECT CAST(n AS bigint) AS n FROM (VALUES (0), (1), (2)) AS t(n) ORDER BY n"
                    .into(),
            wrong: "SELECT * FROM tlc.nothing".into(),
            endless: endless(),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn rows_are_read_over_pages_with_their_types() {
    let Some(lake) = lake().await else { return };
    let flags: Vec<_> = (0..1300).map(|n| ["Y", ""].get(n % 3).copied()).collect();
    lake.put_day("2020-08-05", &flags).await;
    lake.put_day("2020-08-06", &flags).await;
    let service = lake.athena(athena_settings());
    let sql = "SELECT vendorid, tip_amount, flag, day FROM tlc.yellow ORDER BY day, vendorid";
    let result = run_of(&service, sql).await.unwrap();
    assert_eq!((result.rows, result.batches.len()), (2600, 3));
    assert!(result.truncated.is_none() && result.cost.bytes > 0, "{:?}", result.cost);
    let vendors = result
        .batches
        .iter()
        .flat_map(|batch| batch.column(0).as_primitive::<Int64Type>().values().to_vec());
    assert!(vendors.eq((0..1300).chain(0..1300)), "no header among the rows, none left out");
    let rows = text_rows(&result.batches[0]).unwrap();
    let row = |at: usize| rows[at].iter().map(|cell| cell.as_deref()).collect::<Vec<_>>();
    assert_eq!(row(0), [Some("0"), Some("0.0"), Some("Y"), Some("05")]);
    assert_eq!(row(1), [Some("1"), Some("0.25"), Some(""), Some("05")], "the empty text");
    assert_eq!(row(2), [Some("2"), Some("0.5"), None, Some("05")], "NULL");

    let limits = QueryLimits { max_rows: 1200, ..QueryLimits::default() };
    let some = service.run(sql, &limits, &CancellationToken::new()).await.unwrap();
    assert_eq!(some.rows, 1200);
    assert!(some.truncated.unwrap().contains("there are more"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn e8_a_new_day_is_seen_by_the_next_query_and_an_empty_answer_has_columns() {
    let Some(lake) = lake().await else { return };
    let service = lake.athena(athena_settings());
    let count = async || {
        let result = run_of(&service, "SELECT count(*) AS n FROM tlc.yellow").await.unwrap();
        result.batches[0].column(0).as_primitive::<Int64Type>().value(0)
    };
    assert_eq!(count().await, 0);
    lake.put_day("2020-08-05", &[Some("Y"); 5]).await;
    assert_eq!(count().await, 5);
    let none = run_of(&service, "SELECT flag FROM tlc.yellow WHERE vendorid > 99").await.unwrap();
    assert_eq!((none.rows, none.schema.field(0).name().as_str()), (0, "flag"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn e1_nothing_is_sent_that_is_not_a_query_over_the_catalog() {
    let Some(lake) = lake().await else { return };
    let service = lake.athena(athena_settings());
    for sql in [
        "DROP TABLE tlc.yellow",
        "INSERT INTO tlc.yellow SELECT * FROM tlc.yellow",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM read_parquet('s3://dev-lake-conformed/tlc/yellow')",
        "SELECT 1; SELECT 2",
        "UNLOAD (SELECT 1) TO 's3://dev-lake-conformed/x' WITH (format = 'PARQUET')",
    ] {
        assert_eq!(run_of(&service, sql).await.unwrap_err().kind(), ErrorKind::Invalid, "{sql}");
        let started = service.start(sql, &QueryLimits::default(), "ada").await;
        assert_eq!(started.unwrap_err().kind(), ErrorKind::Invalid, "{sql}");
    }
    assert_eq!(lake.executions().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_only_athena_finds_wrong_is_told_in_its_words() {
    let Some(lake) = lake().await else { return };
    let service = lake.athena(athena_settings());
    let error = run_of(&service, "SELECT tipp FROM tlc.yellow").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    let execution = &lake.executions().await[0];
    assert!(error.message().contains("tipp") && error.message().contains(execution), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn e9_what_is_cancelled_or_out_of_time_is_stopped_in_athena() {
    let Some(lake) = lake().await else { return };
    let service = lake.athena(athena_settings());
    let state = async |at: usize| {
        let id = &lake.executions().await[at];
        let told = lake.athena.get_query_execution().query_execution_id(id).send().await.unwrap();
        told.query_execution.unwrap().status.unwrap().state.unwrap()
    };
    let id = service.start(&endless(), &QueryLimits::default(), "ada").await.unwrap();
    while service.status(id).await.unwrap().state != QueryState::Running {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    service.cancel(id).await.unwrap();
    assert_eq!(state(0).await, QueryExecutionState::Cancelled, "confirmed by the time it returns");

    let begun = Instant::now();
    let limits = QueryLimits { timeout: Duration::from_millis(300), ..QueryLimits::default() };
    let run = service.run(&endless(), &limits, &CancellationToken::new()).await;
    let error = run.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert!(error.message().contains("time limit"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(3));
    assert_eq!(state(1).await, QueryExecutionState::Cancelled);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_workgroup_that_is_not_there_is_no_query_of_ours() {
    let Some(lake) = lake().await else { return };
    let settings = etl_aws::AthenaSettings { workgroup: "nowhere".into(), ..athena_settings() };
    let error = run_of(&lake.athena(settings), "SELECT 1").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
    assert!(error.message().contains("workgroup nowhere"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_estimate_counts_what_filters_leave() {
    let Some(lake) = lake().await else { return };
    for day in ["2020-07-31", "2020-08-01", "2020-08-02"] {
        lake.put_day(day, &[Some("Y"); 3]).await;
    }
    let service = lake.athena(athena_settings());
    let estimate = service.estimate("SELECT * FROM tlc.yellow WHERE month = '08'").await.unwrap();
    assert_eq!((estimate.cost.partitions, estimate.cost.files), (2, 2));
    assert!(estimate.rewrite.is_none());
    let whole = service.estimate("SELECT * FROM tlc.yellow").await.unwrap();
    assert_eq!((whole.tables[0].partitions, whole.tables[0].partitions_total), (3, 3));
    assert!(whole.rewrite.unwrap().sql.contains("yellow.month = '08'"));
    assert_eq!(lake.executions().await, Vec::<String>::new(), "nothing was run for it");
}
