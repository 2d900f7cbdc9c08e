//! Tests of the sandboxed query service.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use domain::ErrorKind;
use domain::column::ColumnType;
use domain::query::{QueryLimits, QueryState};
use domain::table::CatalogTable;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::fixture::{
    REFERENCE_SQL, day, lake, parquet, put, put_bytes, sorted_rows, taxi_lake, text_rows, trips,
    yellow,
};
use super::readable::ReadableLake;
use super::sandbox::{DataFusionQueryService, QuerySettings};
use super::service::{QueryResult, QueryService};

const T: &str = "datalake_raw_source.yellow_taxi_trip_record";

struct Sandbox {
    service: Arc<DataFusionQueryService>,
    folder: TempDir,
}

fn sandbox(lake: ReadableLake, concurrency: usize) -> Sandbox {
    let folder = tempfile::tempdir().unwrap();
    let settings = QuerySettings {
        spill_parent: folder.path().to_owned(),
        max_spill: 1 << 30,
        threads: 2,
        concurrency,
        max_waiting: 1,
    };
    let service = Arc::new(DataFusionQueryService::new(lake, settings).unwrap());
    Sandbox { service, folder }
}

impl Sandbox {
    async fn run(&self, sql: &str) -> domain::Result<QueryResult> {
        self.run_within(sql, &QueryLimits::default()).await
    }

    async fn run_within(&self, sql: &str, limits: &QueryLimits) -> domain::Result<QueryResult> {
        self.service.run(&sql.replace("T!", T), limits, &CancellationToken::new()).await
    }

    async fn rows(&self, sql: &str) -> Vec<String> {
        let result = self.run(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        result.batches.iter().flat_map(text_rows).collect()
    }

    /// The only slot is free again once the work before has really ended.
    async fn is_free_within(&self, timeout: Duration) {
        let limits = QueryLimits { timeout, ..QueryLimits::default() };
        self.run_within("select 1", &limits).await.unwrap();
    }

    /// Tasks of a failed query may close their files a moment after it has answered.
    async fn spilled_files_are_gone(&self) {
        let entries = |folder: &Path| -> Vec<PathBuf> {
            std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
        };
        // The service keeps one folder of its own here, and one for each query in it.
        let own = entries(self.folder.path());
        assert_eq!(own.len(), 1, "{own:?}");
        for _ in 0..100 {
            if entries(&own[0]).is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("spilled files are left in {}", own[0].display());
    }
}

/// Joins without end: every row of one side with every row of the other, several times; the second
/// one finds a match for none of them.
fn endless() -> [String; 2] {
    let values: Vec<_> = (0..1000).map(|n| format!("({n})")).collect();
    let values = values.join(",");
    let sides: Vec<_> = (0..5).map(|n| format!("(values {values}) as t{n}(v{n})")).collect();
    let all = format!("select sum(v0 + v1 + v2 + v3 + v4) from {}", sides.join(" cross join "));
    let none = format!("{all} where v0 + v1 + v2 + v3 + v4 = -1");
    [all, none]
}

#[tokio::test]
async fn the_reference_sql_and_everyday_queries_work() {
    let sandbox = sandbox(taxi_lake().await, 2);
    assert!(sandbox.run(REFERENCE_SQL).await.unwrap().rows > 50);
    assert_eq!(sandbox.rows("select count(*) from T!").await, ["240"]);
    assert_eq!(sandbox.rows("select distinct \"Year\", MONTH from T!").await, ["2020|08"]);
    assert_eq!(sandbox.rows("values (1, 'a')").await, ["1|a"]);
    let ordered = sandbox.rows("select day, count(*) n from T! group by day order by n desc, day");
    assert_eq!(ordered.await, ["01|120", "02|60", "03|60"]);
    let explained = sandbox.rows("explain select * from T! where day = '02'").await.join("\n");
    assert!(explained.contains("day=02") && !explained.contains("day=03"), "{explained}");
}

#[tokio::test]
async fn e2_unknown_and_internal_tables_are_refused_by_name() {
    let sandbox = sandbox(taxi_lake().await, 2);
    let cases = [
        ("select * from information_schema.tables", "no database \"information_schema\""),
        ("select * from information_schema.df_settings", "no database"),
        ("select * from datafusion.public.t", "not a table name"),
        ("select * from datalake_raw_source.\"../../etc/passwd\"", "no table"),
        ("select * from datalake_raw_source.yellow_taxi_trip_records", "did you mean"),
        ("select fare from T!", "fare"),
    ];
    for (sql, reason) in cases {
        let error = sandbox.run(sql).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{sql}: {error}");
        assert!(error.message().contains(reason), "{sql}: {error}");
    }
}

#[tokio::test]
async fn partitions_that_the_filter_rules_out_are_not_read() {
    let sandbox = sandbox(taxi_lake().await, 2);
    let cases = [
        ("select sum(extra) from T!", 4, 3),
        ("select sum(extra) from T! where day = '01'", 2, 1),
        (
            "select sum(extra) from T! where year || '-' || month || '-' || day >= '2020-08-02'",
            2,
            2,
        ),
        ("select sum(extra) from T! where day in ('01', '03') and extra > 1", 3, 2),
        ("select sum(extra) from T! t where t.day = '09'", 0, 0),
        ("select sum(extra) from T! where day = '02' or extra < 0", 4, 3),
    ];
    for (sql, files, partitions) in cases {
        let cost = sandbox.service.estimate(&sql.replace("T!", T)).await.unwrap().cost;
        assert_eq!((cost.files, cost.partitions), (files, partitions), "{sql}");
        let ran = sandbox.run(sql).await.unwrap().cost;
        assert_eq!((ran.files, ran.bytes), (cost.files, cost.bytes), "{sql}");
    }
}

#[tokio::test]
async fn e4_memory_is_capped_and_spilled_files_are_gone() {
    let lake = lake(&[yellow()]).await;
    put(&lake, &yellow(), day(1), "a", &trips(1, 60_000)).await;
    let sandbox = sandbox(lake, 2);
    let small = QueryLimits { max_memory: 3 << 20, ..QueryLimits::default() };
    // Sorting spills and succeeds.
    let sql = "select sum(n), count(extra + tip_amount + tolls_amount), count(store_and_fwd_flag), \
               sum(trip_distance) > 0 from (select *, \
               row_number() over (order by total_amount, fare_amount) n from T!)";
    let sorted = sandbox.run_within(sql, &small).await.unwrap();
    assert_eq!(sorted_rows(&sorted.batches), ["1800030000|60000|60000|true"]);
    // Collecting everything into one value cannot spill and fails with a reason.
    let tiny = QueryLimits { max_memory: 256 << 10, ..QueryLimits::default() };
    let sql = "select array_agg(total_amount), array_agg(fare_amount) from T!";
    let error = sandbox.run_within(sql, &tiny).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    assert!(error.message().contains("memory"), "{error}");
    sandbox.spilled_files_are_gone().await;
    let Sandbox { service, folder } = sandbox;
    drop(service);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn e5_cancel_frees_the_cpu_within_two_seconds() {
    let sandbox = sandbox(taxi_lake().await, 1);
    for sql in endless() {
        let cancel = CancellationToken::new();
        let (service, token) = (Arc::clone(&sandbox.service), cancel.clone());
        let running =
            tokio::spawn(async move { service.run(&sql, &QueryLimits::default(), &token).await });
        tokio::time::sleep(Duration::from_millis(1500)).await;
        let cancelled_at = Instant::now();
        cancel.cancel();
        let error = running.await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Cancelled, "{error}");
        sandbox.is_free_within(Duration::from_secs(2)).await;
        assert!(cancelled_at.elapsed() < Duration::from_secs(2), "{:?}", cancelled_at.elapsed());
    }
}

#[tokio::test]
async fn e5_a_query_that_runs_too_long_is_stopped() {
    let sandbox = sandbox(taxi_lake().await, 1);
    let limits = QueryLimits { timeout: Duration::from_secs(1), ..QueryLimits::default() };
    for sql in endless() {
        let error = sandbox.run_within(&sql, &limits).await.unwrap_err();
        assert!(error.message().contains("time limit"), "{error}");
        sandbox.is_free_within(Duration::from_secs(2)).await;
    }
}

#[tokio::test]
async fn e6_rows_bytes_and_cells_are_capped_and_it_is_said() {
    let sandbox = sandbox(taxi_lake().await, 1);
    let limits = QueryLimits { max_rows: 7, ..QueryLimits::default() };
    let result = sandbox.run_within("select * from T!", &limits).await.unwrap();
    assert_eq!(result.rows, 7);
    assert_eq!(
        result.truncated.as_deref(),
        Some("only the first 7 rows are shown, there are more")
    );
    let exact = sandbox.run_within("select * from T! limit 7", &limits).await.unwrap();
    assert_eq!((exact.rows, exact.truncated), (7, None));

    let limits = QueryLimits { max_bytes: 1000, ..QueryLimits::default() };
    let result = sandbox.run_within("select extra from T!", &limits).await.unwrap();
    assert!(result.rows > 50 && result.rows < 130, "{}", result.rows);
    assert!(result.truncated.unwrap().contains("more would pass 1000 bytes"));

    let limits = QueryLimits { max_cell_bytes: 9, ..QueryLimits::default() };
    let sql = "select repeat('ä', 20), 'short', arrow_cast(repeat('b', 20), 'Utf8View')";
    let result = sandbox.run_within(sql, &limits).await.unwrap();
    assert_eq!(sorted_rows(&result.batches), ["ääää…|short|bbbbbbbbb…"]);
    assert!(result.truncated.unwrap().contains("2 cells were cut to 9 bytes"));
}

#[tokio::test]
async fn e7_more_queries_than_slots_wait_and_too_many_are_refused() {
    let sandbox = sandbox(taxi_lake().await, 1);
    let cancel = CancellationToken::new();
    let start = |sql: String| {
        let (service, cancel) = (Arc::clone(&sandbox.service), cancel.clone());
        tokio::spawn(async move { service.run(&sql, &QueryLimits::default(), &cancel).await })
    };
    let [endless, _] = endless();
    let running = start(endless);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let waiting = start("select 1".to_owned());
    tokio::time::sleep(Duration::from_millis(200)).await;
    let error = sandbox.run("select 2").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Throttled, "{error}");
    cancel.cancel();
    running.await.unwrap().unwrap_err();
    waiting.await.unwrap().unwrap_err();
    assert_eq!(sandbox.rows("select 3").await, ["3"]);
}

#[tokio::test]
async fn e8_a_commit_is_visible_to_the_next_query() {
    let lake = taxi_lake().await;
    let sandbox = sandbox(lake.clone(), 1);
    assert_eq!(sandbox.rows("select count(*) from T!").await, ["240"]);
    put(&lake, &yellow(), day(9), "new", &trips(9, 5)).await;
    assert_eq!(sandbox.rows("select count(*) from T!").await, ["245"]);
    put(&lake, &yellow(), day(9), "new", &trips(9, 3)).await;
    assert_eq!(sandbox.rows("select count(*) from T!").await, ["243"]);
    let sum = "select sum(extra), count(*) from T! where day = '09'";
    let before = sandbox.rows(sum).await;
    put(&lake, &yellow(), day(9), "new", &trips(77, 3)).await;
    assert_ne!(sandbox.rows(sum).await, before);
}

#[tokio::test]
async fn e10_a_broken_file_fails_the_query_by_name_and_nothing_else() {
    let whole = parquet(&trips(1, 3000));
    let mut flipped = whole.clone();
    for byte in flipped.iter_mut().skip(8).take(whole.len() / 3) {
        *byte ^= 0x5a;
    }
    let mut footer = whole.clone();
    let end = footer.len() - 8;
    for byte in &mut footer[end - 300..end] {
        *byte ^= 0x5a;
    }
    let length = u32::from_le_bytes(whole[whole.len() - 8..][..4].try_into().unwrap()) as usize;
    let pages_gone = [&whole[..4], &whole[whole.len() - 8 - length..]].concat();
    let broken = [
        ("pages gone", pages_gone),
        ("empty magic", b"PAR1PAR1".to_vec()),
        ("no parquet", b"vendorid,extra\n1,2\n".to_vec()),
        ("cut short", whole[..whole.len() / 2].to_vec()),
        ("flipped pages", flipped),
        ("flipped footer", footer),
        ("huge footer", [whole.as_slice(), &[0xff, 0xff, 0xff, 0x7f], b"PAR1"].concat()),
    ];
    for (name, bytes) in broken {
        let lake = taxi_lake().await;
        put_bytes(&lake, &yellow(), day(5), "broken", bytes).await;
        let sandbox = sandbox(lake, 1);
        let error = sandbox.run("select sum(extra), max(vendorid), max(store_and_fwd_flag), sum(total_amount) from T!").await.unwrap_err();
        assert!(error.message().contains("day=05/broken.parquet"), "{name}: {error}");
        assert_eq!(sandbox.rows("select count(*) from T! where day < '05'").await, ["240"]);
    }
}

/// Every version of the file has one value in all its rows: a mix would show two.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a2_a_query_sees_the_old_rows_or_the_new_ones_while_a_file_is_replaced() {
    let table = versions_table();
    let lake = lake(std::slice::from_ref(&table)).await;
    put(&lake, &table, day(1), "a", &version(0)).await;
    let sandbox = sandbox(lake.clone(), 2);
    let stop = CancellationToken::new();
    let writer = {
        let (lake, table, stop) = (lake.clone(), table.clone(), stop.clone());
        tokio::spawn(async move {
            let mut number = 0;
            while !stop.is_cancelled() {
                number += 1;
                put(&lake, &table, day(1), "a", &version(number)).await;
                tokio::time::sleep(Duration::from_millis(15)).await;
            }
            number
        })
    };
    let mut last = -1;
    for _ in 0..25 {
        let rows =
            sandbox.rows("select min(v), max(v), count(*), sum(w) / 3 from db.versions").await;
        let cells: Vec<i64> = rows[0].split('|').map(|cell| cell.parse().unwrap()).collect();
        assert_eq!(cells[0], cells[1], "two versions in one answer");
        assert_eq!((cells[2], cells[3]), (5000, cells[0] * 5000 / 3));
        assert!(cells[0] >= last, "an older version after a newer one");
        last = cells[0];
    }
    stop.cancel();
    assert!(writer.await.unwrap() > 5);
}

fn versions_table() -> CatalogTable {
    let mut table = yellow();
    table.name = domain::table::TableName::new("db", "versions");
    table.location = "db/versions".to_owned();
    table.columns.truncate(2);
    for (column, name) in table.columns.iter_mut().zip(["v", "w"]) {
        column.name = name.to_owned();
        column.column_type = ColumnType::BigInt;
    }
    table
}

fn version(number: i64) -> RecordBatch {
    let values: ArrayRef = Arc::new(Int64Array::from(vec![number; 5000]));
    RecordBatch::try_from_iter([("v", Arc::clone(&values)), ("w", values)]).unwrap()
}

/// Waits until a started query has left the queue.
async fn until_running(sandbox: &Sandbox, id: domain::query::QueryId) {
    for _ in 0..500 {
        if sandbox.service.status(id).await.unwrap().state == QueryState::Running {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the query does not begin");
}

#[tokio::test]
async fn a_started_query_hands_out_its_rows_once_and_tells_what_it_took() {
    let sandbox = sandbox(taxi_lake().await, 2);
    let sql = format!("select * from {T} where day = '01'");
    let limits = QueryLimits { max_rows: 100, ..QueryLimits::default() };
    let id = sandbox.service.start(&sql, &limits, "ada").await.unwrap();
    let mut rows = 0;
    while let Some(page) = sandbox.service.next_page(id).await.unwrap() {
        assert_eq!(page.attempt, 1);
        rows += page.batch.num_rows();
    }
    let status = sandbox.service.status(id).await.unwrap();
    assert_eq!((rows, status.state, status.more), (100, QueryState::Succeeded, true));
    assert_eq!((status.cost.files, status.cost.partitions), (2, 1));
    let wrong = sandbox.service.start("select * from a.b", &limits, "ada").await.unwrap_err();
    assert_eq!(wrong.kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn e5_a_cancelled_query_says_so_at_once_and_frees_its_slot() {
    let sandbox = sandbox(taxi_lake().await, 1);
    for sql in endless() {
        let id = sandbox.service.start(&sql, &QueryLimits::default(), "ada").await.unwrap();
        until_running(&sandbox, id).await;
        let cancelled_at = Instant::now();
        sandbox.service.cancel(id).await.unwrap();
        assert_eq!(sandbox.service.status(id).await.unwrap().state, QueryState::Cancelled);
        assert!(sandbox.service.next_page(id).await.unwrap().is_none());
        sandbox.is_free_within(Duration::from_secs(2)).await;
        assert!(cancelled_at.elapsed() < Duration::from_secs(2), "{:?}", cancelled_at.elapsed());
    }
}
