//! Tests of each kind of rule over small tables.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use domain::column::ColumnType;
use domain::partition::Partition;
use domain::quality::{Check, Effect, QualityRules, Rule, RuleOutcome, Verdict};
use domain::run::{Commit, RunId, StagedFile};
use domain::table::{CatalogColumn, CatalogPartition, CatalogTable, TableName};
use domain::zone::Zone;
use jiff::Timestamp;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use tokio_util::sync::CancellationToken;

use super::{Commitment, Subject, check_sql, evaluate};
use crate::query::fixture::{day, lake, parquet, put};
use crate::query::readable::ReadableLake;
use crate::query::session::SessionLimits;

/// 2020-08-05: the number of days since 1970.
const AUGUST_5: i32 = 18_479;

fn orders() -> CatalogTable {
    let column = |(name, column_type): (&str, ColumnType)| CatalogColumn {
        name: name.to_owned(),
        column_type,
        comment: None,
    };
    let columns = [
        ("id", ColumnType::BigInt),
        ("amount", ColumnType::Double),
        ("on_date", ColumnType::Date),
        ("state", ColumnType::String),
    ];
    CatalogTable {
        name: TableName::new("shop", "orders"),
        zone: Zone::Conformed,
        location: "shop/orders".to_owned(),
        columns: columns.map(column).to_vec(),
        description: None,
        parameters: BTreeMap::new(),
        version: 0,
    }
}

type Row<'a> = (Option<i64>, Option<f64>, Option<i32>, Option<&'a str>);

fn batch(rows: &[Row<'_>]) -> RecordBatch {
    let ids: ArrayRef = Arc::new(rows.iter().map(|row| row.0).collect::<Int64Array>());
    let amounts: ArrayRef = Arc::new(rows.iter().map(|row| row.1).collect::<Float64Array>());
    let dates: ArrayRef = Arc::new(rows.iter().map(|row| row.2).collect::<Date32Array>());
    let states: ArrayRef = Arc::new(rows.iter().map(|row| row.3).collect::<StringArray>());
    RecordBatch::try_from_iter_with_nullable([
        ("id", ids, true),
        ("amount", amounts, true),
        ("on_date", dates, true),
        ("state", states, true),
    ])
    .unwrap()
}

/// Rows with a NULL in each column, and a NaN.
const MIXED: &[Row<'static>] = &[
    (Some(1), Some(10.0), Some(AUGUST_5), Some("new")),
    (Some(2), Some(f64::NAN), None, Some("paid")),
    (Some(2), Some(-1.0), Some(AUGUST_5 - 3), None),
    (None, None, Some(AUGUST_5 - 9), Some("lost")),
];

fn rule(check: Check) -> Rule {
    Rule { name: "r".into(), check, effect: Effect::Block, effect_in: BTreeMap::new() }
}

fn limits() -> SessionLimits {
    SessionLimits {
        max_memory: 64 * 1024 * 1024,
        spill_dir: None,
        max_spill: 0,
        target_partitions: 2,
        cancel: CancellationToken::new(),
    }
}

/// Noon of the 6th of August.
fn now() -> Timestamp {
    "2020-08-06T12:00:00Z".parse().unwrap()
}

async fn judged(
    lake: &ReadableLake,
    staged: &[(Partition, &[Row<'_>])],
    checks: Vec<Check>,
) -> Vec<RuleOutcome> {
    let rules = QualityRules { keys: Vec::new(), rules: checks.into_iter().map(rule).collect() };
    let mut moves = Vec::new();
    for (partition, rows) in staged {
        let path = format!("_staging/run/{partition}.parquet");
        let bytes = PutPayload::from(parquet(&batch(rows)));
        lake.conformed.put(&Path::from(path.as_str()), bytes).await.unwrap();
        moves.push(StagedFile {
            staged: path,
            target: format!("shop/orders/{}/mine.parquet", partition.path()),
            partition: *partition,
            rows: rows.len() as u64,
            bytes: 1,
        });
    }
    let days: Vec<_> = staged.iter().map(|(partition, _)| *partition).collect();
    let commit = Commit { moves, removals: Vec::new() };
    let commitment = Commitment { commit: &commit, days: &days };
    let dev = "dev".parse().unwrap();
    let subject = Subject::of_commit(lake.clone(), orders(), commitment, &rules, &dev, now()).await;
    evaluate(&subject.unwrap(), &limits()).await.unwrap()
}

async fn judge_one(rows: &[Row<'_>], check: Check) -> RuleOutcome {
    let lake = lake(&[orders()]).await;
    judged(&lake, &[(day(5), rows)], vec![check]).await.remove(0)
}

fn counts(outcome: &RuleOutcome) -> (Verdict, u64, u64) {
    (outcome.verdict, outcome.checked, outcome.failing)
}

fn range(column: &str, min: Option<&str>, max: Option<&str>) -> Check {
    let bound = |bound: Option<&str>| bound.map(str::to_owned);
    Check::Range { column: column.into(), min: bound(min), max: bound(max) }
}

fn example(outcome: &RuleOutcome, row: usize) -> Vec<&str> {
    outcome.examples[row].iter().map(|cell| cell.as_deref().unwrap_or("NULL")).collect()
}

#[tokio::test]
async fn nulls_are_counted_and_shown_with_what_tells_the_row() {
    let outcome = judge_one(MIXED, Check::NotNull { column: "state".into() }).await;
    assert_eq!(counts(&outcome), (Verdict::Failed, 4, 1));
    assert_eq!(outcome.columns, ["state", "id", "amount", "on_date", "partition"]);
    assert_eq!(example(&outcome, 0), ["NULL", "2", "-1.0", "2020-08-02", "2020-08-05"]);
    assert_eq!(outcome.line(), "1 of 4 rows fail");
    let nan = judge_one(MIXED, Check::NotNull { column: "amount".into() }).await;
    assert_eq!(counts(&nan), (Verdict::Failed, 4, 1), "NaN is a value");
}

#[tokio::test]
async fn a_range_lets_null_pass_and_no_nan() {
    let outcome = judge_one(MIXED, range("amount", Some("0"), None)).await;
    assert_eq!(counts(&outcome), (Verdict::Failed, 4, 2), "-1 and NaN");
    assert_eq!(
        [outcome.examples[0][0].as_deref(), outcome.examples[1][0].as_deref()],
        [Some("-1.0"), Some("NaN")]
    );
    let above = judge_one(MIXED, range("amount", None, Some("10"))).await;
    assert_eq!(counts(&above), (Verdict::Failed, 4, 1), "NaN is above nothing, and in no range");
    let dates = judge_one(MIXED, range("on_date", Some("2020-08-01"), Some("2020-08-05"))).await;
    assert_eq!(counts(&dates), (Verdict::Failed, 4, 1));
    let within = judge_one(&MIXED[..1], range("id", Some("1"), Some("1"))).await;
    assert_eq!(counts(&within), (Verdict::Passed, 1, 0), "bounds belong to it");
    assert!(within.examples.is_empty());
}

/// Statistics of files leave NaN out: a file of nothing but good numbers and NaN says that all is
/// well.
#[tokio::test]
async fn a_nan_that_statistics_hide_is_found_and_shown() {
    let rows: Vec<Row<'_>> = (0..50)
        .map(|n| (Some(n), Some(if n == 7 { -f64::NAN } else { 1.0 }), None, None))
        .collect();
    let outcome = judge_one(&rows, range("amount", Some("0"), Some("2"))).await;
    assert_eq!(counts(&outcome), (Verdict::Failed, 50, 1));
    assert_eq!(outcome.examples.len(), 1);
    assert_eq!(outcome.examples[0][1].as_deref(), Some("7"));
}

#[tokio::test]
async fn accepted_values_let_null_pass() {
    let values = |values: &[&str]| values.iter().map(|value| (*value).to_owned()).collect();
    let accepted = values(&["new", "paid"]);
    let check = Check::AcceptedValues { column: "state".into(), values: accepted };
    let outcome = judge_one(MIXED, check).await;
    assert_eq!(counts(&outcome), (Verdict::Failed, 4, 1));
    assert_eq!(example(&outcome, 0)[0], "lost");
    let check = Check::AcceptedValues { column: "id".into(), values: values(&["1", " 2 "]) };
    assert_eq!(counts(&judge_one(MIXED, check).await), (Verdict::Passed, 4, 0));
    let check = Check::AcceptedValues { column: "id".into(), values: values(&["one"]) };
    let outcome = judge_one(MIXED, check).await;
    assert_eq!(outcome.verdict, Verdict::Failed);
    assert!(outcome.detail.as_deref().unwrap().contains("\"one\" is no bigint"), "{outcome:?}");
}

#[tokio::test]
async fn unique_compares_with_the_rest_of_the_day_and_blames_what_is_written() {
    let lake = lake(&[orders()]).await;
    let other =
        [(Some(2), None, None, None), (Some(9), None, None, None), (Some(9), None, None, None)];
    put(&lake, &orders(), day(5), "other", &batch(&other)).await;
    put(&lake, &orders(), day(4), "yesterday", &batch(&[(Some(1), None, None, None)])).await;
    put(&lake, &orders(), day(5), "mine", &batch(&[(Some(1), None, None, None)])).await;
    let unique = |columns: &[&str]| Check::Unique {
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
    };
    let checks = vec![unique(&["id"]), unique(&["id", "amount"]), unique(&["id", "state"])];
    let outcomes = judged(&lake, &[(day(5), MIXED)], checks).await;
    // Twice in the file and once beside it; 9 is none of this run's, the old version of the file is
    // replaced, the day before is not touched, and NULL is compared with nothing.
    assert_eq!(counts(&outcomes[0]), (Verdict::Failed, 3, 2));
    assert_eq!(outcomes[0].columns, ["id", "rows with it"]);
    assert_eq!(outcomes[0].examples, [[Some("2".to_owned()), Some("3".to_owned())]]);
    assert_eq!(counts(&outcomes[1]), (Verdict::Passed, 3, 0));
    assert_eq!(counts(&outcomes[2]), (Verdict::Passed, 2, 0));
}

#[tokio::test]
async fn row_counts_are_weighed_by_the_days_before() {
    let lake = lake(&[orders()]).await;
    let catalogued = |n: i8, rows| CatalogPartition {
        partition: day(n),
        rows,
        bytes: 1,
        files: 1,
        run: RunId::generate(),
        updated_at: Timestamp::UNIX_EPOCH,
    };
    let counted = |min, max| Check::RowCount { days: 3, min_percent: min, max_percent: max };
    let few = judged(&lake, &[(day(5), MIXED)], vec![counted(Some(50), None)]).await.remove(0);
    assert_eq!(few.verdict, Verdict::Skipped);
    assert!(few.detail.as_deref().unwrap().contains("3 days"), "{few:?}");
    let history = [(1, 1000), (2, 8), (3, 10), (4, 12)].map(|(n, rows)| catalogued(n, rows));
    lake.catalog.put_partitions(&orders().name, &history).await.unwrap();
    let checks =
        vec![counted(Some(50), None), counted(Some(40), Some(100)), counted(None, Some(30))];
    let outcomes = judged(&lake, &[(day(5), MIXED)], checks).await;
    // 4 rows against the median of 8, 10 and 12.
    assert_eq!(counts(&outcomes[0]), (Verdict::Failed, 1, 1));
    assert_eq!(example(&outcomes[0], 0), ["2020-08-05", "4", "10"]);
    assert_eq!(outcomes[0].line(), "1 of 1 days fail");
    assert_eq!(counts(&outcomes[1]), (Verdict::Passed, 1, 0));
    assert_eq!(counts(&outcomes[2]), (Verdict::Failed, 1, 1));
}

#[tokio::test]
async fn freshness_counts_from_the_end_of_the_newest_day() {
    let fresh = |column: Option<&str>, max_age_hours| Check::Freshness {
        column: column.map(str::to_owned),
        max_age_hours,
    };
    let dated = Some("on_date");
    assert_eq!(judge_one(MIXED, fresh(dated, 12)).await.verdict, Verdict::Passed);
    let stale = judge_one(MIXED, fresh(dated, 11)).await;
    assert_eq!(stale.verdict, Verdict::Failed);
    let told = "the newest on_date is 2020-08-05, 12 h old; at most 11 h are allowed";
    assert_eq!(stale.line(), told);
    assert_eq!(judge_one(MIXED, fresh(None, 11)).await.verdict, Verdict::Failed, "by its day");
    assert_eq!(judge_one(MIXED, fresh(None, 12)).await.verdict, Verdict::Passed);
    let none = judge_one(&MIXED[1..2], fresh(dated, 1)).await;
    assert_eq!((none.verdict, none.line().as_str()), (Verdict::Skipped, "no row has a on_date"));
}

#[tokio::test]
async fn a_select_sees_the_days_as_they_would_be_and_other_tables_as_they_are() {
    let mut states = orders();
    states.name = TableName::new("shop", "states");
    states.location = "shop/states".to_owned();
    let lake = lake(&[orders(), states.clone()]).await;
    put(&lake, &orders(), day(5), "other", &batch(&[(Some(7), None, None, Some("odd"))])).await;
    put(&lake, &orders(), day(4), "yesterday", &batch(&[(Some(8), None, None, Some("odd"))])).await;
    let known = [(None, None, None, Some("new")), (None, None, None, Some("paid"))];
    put(&lake, &states, day(1), "a", &batch(&known)).await;
    let sql = |sql: &str| Check::Sql { sql: sql.to_owned() };
    let strangers = "SELECT o.id, o.state FROM shop.orders o LEFT JOIN shop.states s \
         ON o.state = s.state WHERE o.state IS NOT NULL AND s.state IS NULL ORDER BY o.id";
    let checks = vec![sql(strangers), sql("SELECT 1 FROM shop.orders WHERE id > 100")];
    let outcomes = judged(&lake, &[(day(5), MIXED)], checks).await;
    assert_eq!((outcomes[0].verdict, outcomes[0].failing), (Verdict::Failed, 2));
    assert_eq!(outcomes[0].columns, ["id", "state"]);
    assert_eq!(example(&outcomes[0], 0), ["7", "odd"]);
    assert_eq!(example(&outcomes[0], 1), ["NULL", "lost"]);
    assert_eq!(outcomes[0].line(), "2 rows returned");
    assert_eq!(outcomes[1].verdict, Verdict::Passed);
}

#[tokio::test]
async fn e1_a_select_of_a_rule_reaches_tables_and_nothing_else() {
    let lake = lake(&[orders()]).await;
    for sql in [
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_parquet('x')",
        "DROP TABLE shop.orders",
        "SELECT 1; SELECT 2",
        "VALUES (1)",
        "EXPLAIN SELECT 1",
        "SELECT * FROM shop.secrets",
        "SELECT nonsense FROM shop.orders",
    ] {
        let error = check_sql(sql, &lake, &orders()).await.unwrap_err();
        assert_eq!(error.kind(), domain::ErrorKind::Invalid, "{sql}: {error}");
        let outcome = judge_one(MIXED, Check::Sql { sql: sql.to_owned() }).await;
        assert_eq!(outcome.verdict, Verdict::Failed, "{sql}");
        assert!(outcome.detail.as_deref().unwrap().starts_with("it cannot be checked"), "{sql}");
    }
    check_sql("SELECT id FROM shop.orders WHERE day = '05'", &lake, &orders()).await.unwrap();
}

#[tokio::test]
async fn a_rule_for_a_column_that_is_gone_says_so_and_leaves_the_others_alone() {
    let lake = lake(&[orders()]).await;
    let checks = vec![
        Check::NotNull { column: "id".into() },
        Check::NotNull { column: "tip".into() },
        Check::Unique { columns: vec!["id".into(), "tip".into()] },
        Check::NotNull { column: "day".into() },
    ];
    let outcomes = judged(&lake, &[(day(5), MIXED)], checks).await;
    let verdicts: Vec<_> = outcomes.iter().map(|outcome| outcome.verdict).collect();
    assert_eq!(verdicts, [Verdict::Failed, Verdict::Failed, Verdict::Failed, Verdict::Passed]);
    let told = "it cannot be checked: shop.orders has no column \"tip\" any more";
    assert!(outcomes[1].line().starts_with(told), "{}", outcomes[1].line());
    assert_eq!(outcomes[0].failing, 1);
}

#[tokio::test]
async fn twenty_failing_rows_are_kept_the_same_ones_each_time() {
    let rows: Vec<Row<'_>> = (0..200).rev().map(|n| (Some(n), None, None, None)).collect();
    let first = judge_one(&rows, Check::NotNull { column: "state".into() }).await;
    assert_eq!((first.failing, first.examples.len()), (200, 20));
    assert_eq!(first.examples[19][1].as_deref(), Some("19"));
    let long = "x".repeat(5000);
    let check = Check::AcceptedValues { column: "state".into(), values: vec!["y".into()] };
    let cut = judge_one(&[(Some(1), None, None, Some(&long))], check).await;
    assert_eq!(example(&cut, 0)[0].chars().count(), 201);
}

#[tokio::test]
async fn a_run_that_writes_nothing_breaks_no_rule_of_rows() {
    let lake = lake(&[orders()]).await;
    let checks = vec![
        Check::NotNull { column: "id".into() },
        Check::Unique { columns: vec!["id".into()] },
        Check::Freshness { column: None, max_age_hours: 1 },
    ];
    let verdicts: Vec<_> = judged(&lake, &[], checks).await.iter().map(|o| o.verdict).collect();
    assert_eq!(verdicts, [Verdict::Passed, Verdict::Passed, Verdict::Skipped]);
}
