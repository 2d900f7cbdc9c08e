//! The query port over DataFusion and in memory; the records of queries, saved queries and open tabs
//! on SQLite and on PostgreSQL.

use std::sync::Arc;

use app::api::queries::{QueryTab, QueryTabs, SavedQueryText};
use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use database::{Database, sqlite_url};
use domain::ErrorKind;
use domain::query::{QueryCost, QueryState};
use etl_engine::query::MemoryQueryService;
use etl_engine::testing::{self, QueriesUnderTest};
use jiff::{SignedDuration, Timestamp};
use server::queries::{OpenTabs, QueryRecord, QueryRecords, RecordFilter, SavedQueries};

use crate::support::lake::TestLake;
use crate::support::postgres::Postgres;

const THREE_ROWS: &str = "select n from (values (0), (1), (2)) t(n) order by n";

/// A join that would take for ever.
fn endless() -> String {
    let values: Vec<_> = (0..1000).map(|n| format!("({n})")).collect();
    let values = values.join(",");
    let sides: Vec<_> = (0..5).map(|n| format!("(values {values}) as t{n}(v{n})")).collect();
    format!("select sum(v0 + v1 + v2 + v3 + v4) from {}", sides.join(" cross join "))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_query_port_over_data_fusion() {
    let lake = TestLake::with_orders().await;
    testing::query_service(async || QueriesUnderTest {
        service: lake.embedded.query().unwrap(),
        three_rows: THREE_ROWS.to_owned(),
        wrong: "select nothing from nowhere.at_all".to_owned(),
        endless: endless(),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_query_port_in_memory() {
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..3));
    let rows = RecordBatch::try_from_iter([("n", numbers)]).unwrap();
    testing::query_service(async || QueriesUnderTest {
        service: Arc::new(
            MemoryQueryService::default().answering(THREE_ROWS, rows.clone()).endless("endless"),
        ),
        three_rows: THREE_ROWS.to_owned(),
        wrong: "wrong".to_owned(),
        endless: "endless".to_owned(),
    })
    .await;
}

#[tokio::test]
async fn queries_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = sqlite_url(&folder.path().join("sluice.db")).unwrap();
    run_all(&Database::open(&url).await.unwrap()).await;
}

#[tokio::test]
async fn queries_on_postgres() {
    let Some(postgres) = Postgres::start("queries on postgres") else { return };
    run_all(&Database::open(&postgres.create_database("queries")).await.unwrap()).await;
}

async fn run_all(database: &Database) {
    let dev = || "dev".parse().unwrap();
    let records = QueryRecords::new(database.clone(), dev());
    what_is_recorded_reads_back_and_an_end_stays(&records).await;
    the_history_is_searched_and_paged(&records).await;
    the_last_time_is_that_of_the_same_text_and_owner(&records).await;
    a_query_without_sign_of_life_has_failed(&records).await;
    let elsewhere = QueryRecords::new(database.clone(), "prod".parse().unwrap());
    assert_eq!(elsewhere.list(&filter("")).await.unwrap(), []);
    d20_saved_queries_are_conditional_and_their_owners(&SavedQueries::new(database.clone(), dev()))
        .await;
    the_last_device_to_keep_tabs_is_right(&OpenTabs::new(database.clone(), dev())).await;
}

fn filter(owner: &str) -> RecordFilter {
    RecordFilter { owner: Some(owner.to_owned()), limit: 50, ..RecordFilter::default() }
}

async fn add(records: &QueryRecords, owner: &str, sql: &str) -> QueryRecord {
    let record = QueryRecord::new(owner, owner, sql, "DataFusion").unwrap();
    records.insert(&record).await.unwrap();
    record
}

async fn succeed(records: &QueryRecords, record: QueryRecord) -> QueryRecord {
    let done = QueryRecord {
        state: QueryState::Succeeded,
        finished_at: Some(record.created_at),
        queued: SignedDuration::from_millis(1),
        ran: SignedDuration::from_secs(2),
        rows: 7,
        has_more: true,
        remark: Some("only the first 7".into()),
        cost: QueryCost { files: 3, bytes: 4, partitions: 2, seconds: 2.0 },
        result_bytes: Some(900),
        ..record
    };
    assert!(records.update(&done).await.unwrap());
    done
}

async fn what_is_recorded_reads_back_and_an_end_stays(records: &QueryRecords) {
    let new = add(records, "one", "select 1").await;
    assert_eq!(records.find(new.id).await.unwrap().as_ref(), Some(&new));
    let done = succeed(records, new.clone()).await;
    assert_eq!(records.find(new.id).await.unwrap().as_ref(), Some(&done));
    assert!(!records.update(&QueryRecord { state: QueryState::Failed, ..new }).await.unwrap());
    assert_eq!(records.kept().await.unwrap(), [(done.id, 900)]);
    records.forget_result(done.id).await.unwrap();
    assert_eq!(records.kept().await.unwrap(), []);
    records.ask_to_stop(done.id).await.unwrap();
    assert!(records.find(done.id).await.unwrap().unwrap().stop_asked);
}

async fn the_history_is_searched_and_paged(records: &QueryRecords) {
    let first = add(records, "two", "SELECT Total from a").await;
    let second = add(records, "two", "select '100%_!' from b").await;
    let found = |search: &str| RecordFilter { search: Some(search.into()), ..filter("two") };
    let ids = |records: Vec<QueryRecord>| records.iter().map(|r| r.id).collect::<Vec<_>>();
    assert_eq!(ids(records.list(&filter("two")).await.unwrap()), [second.id, first.id]);
    assert_eq!(ids(records.list(&found("total")).await.unwrap()), [first.id]);
    assert_eq!(ids(records.list(&found("0%_!'")).await.unwrap()), [second.id]);
    assert_eq!(ids(records.list(&found("l%f")).await.unwrap()), []);
    let next = RecordFilter { before: Some(second.id), ..filter("two") };
    assert_eq!(ids(records.list(&next).await.unwrap()), [first.id]);
    let everybody = RecordFilter { owner: None, limit: 2, ..RecordFilter::default() };
    assert_eq!(records.list(&everybody).await.unwrap().len(), 2);
}

async fn the_last_time_is_that_of_the_same_text_and_owner(records: &QueryRecords) {
    let text = "select 3";
    let first = add(records, "three", text).await;
    let first = succeed(records, first).await;
    add(records, "three", text).await;
    let other = add(records, "else", text).await;
    succeed(records, other).await;
    let now = add(records, "three", &format!("  {text} ;")).await;
    assert_eq!(records.previous(&now).await.unwrap().map(|found| found.id), Some(first.id));
    assert_eq!(records.previous(&first).await.unwrap(), None);
}

async fn a_query_without_sign_of_life_has_failed(records: &QueryRecords) {
    let lost = add(records, "four", "select 4").await;
    records.give_up_lost(lost.seen_at).await.unwrap();
    assert_eq!(records.find(lost.id).await.unwrap().unwrap().state, QueryState::Queued);
    records.give_up_lost(Timestamp::now() + SignedDuration::from_secs(1)).await.unwrap();
    let found = records.find(lost.id).await.unwrap().unwrap();
    assert_eq!(found.state, QueryState::Failed);
    assert!(found.error.unwrap().contains("stopped"));
}

async fn d20_saved_queries_are_conditional_and_their_owners(saved: &SavedQueries) {
    let text = |name: &str, is_shared, expected_version| SavedQueryText {
        name: name.into(),
        description: "what for".into(),
        sql: "select 1".into(),
        is_shared,
        expected_version,
    };
    let kind = |outcome: domain::Result<_>| outcome.map(drop).unwrap_err().kind();
    let mine = saved.add("ada", "Ada", &text(" mine ", false, 0)).await.unwrap();
    assert_eq!((mine.name.as_str(), mine.version, mine.is_mine), ("mine", 1, true));
    assert_eq!(kind(saved.find(&mine.id, "bob").await), ErrorKind::NotFound);
    assert_eq!(saved.list("bob").await.unwrap(), []);
    let shared = saved.update(&mine.id, "ada", &text("ours", true, 1)).await.unwrap();
    assert_eq!(kind(saved.update(&mine.id, "ada", &text("x", true, 1)).await), ErrorKind::Conflict);
    assert_eq!(kind(saved.update(&mine.id, "bob", &text("x", true, 2)).await), ErrorKind::Denied);
    assert_eq!(kind(saved.remove(&mine.id, "bob").await), ErrorKind::Denied);
    let seen = saved.list("bob").await.unwrap();
    assert_eq!((seen.len(), seen[0].version, seen[0].is_mine), (1, shared.version, false));
    assert_eq!(kind(saved.add("ada", "Ada", &text(" ", false, 0)).await), ErrorKind::Invalid);
    saved.remove(&mine.id, "ada").await.unwrap();
    assert_eq!(saved.list("ada").await.unwrap(), []);
}

async fn the_last_device_to_keep_tabs_is_right(tabs: &OpenTabs) {
    assert_eq!(tabs.of("ada").await.unwrap(), QueryTabs::default());
    let tab = |id: u32| QueryTab { id, title: format!("Query {id}"), ..QueryTab::default() };
    for number in [1, 2] {
        let open = QueryTabs { tabs: vec![tab(number)], selected: 0 };
        tabs.keep("ada", &open).await.unwrap();
        assert_eq!(tabs.of("ada").await.unwrap(), open);
    }
    assert_eq!(tabs.of("bob").await.unwrap(), QueryTabs::default());
    let many = QueryTabs { tabs: (0..31).map(tab).collect(), selected: 0 };
    assert_eq!(tabs.keep("ada", &many).await.unwrap_err().kind(), ErrorKind::Invalid);
}
