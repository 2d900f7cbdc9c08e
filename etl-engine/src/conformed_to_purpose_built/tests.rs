//! Tests of validation, locality and execution over one corpus of SQL.

use domain::ErrorKind;
use domain::column::ColumnType;
use domain::partition::Partition;
use domain::table_history::TableAuthor;
use futures::TryStreamExt;
use tokio_util::sync::CancellationToken;

use super::execute::{Execution, execute};
use super::locality::Locality;
use super::validate::{Validated, validate};
use crate::query::fixture::{
    REFERENCE_SQL, day, lake, put, sorted_rows, taxi_lake, trips, yellow, zones,
};
use crate::query::readable::ReadableLake;
use crate::query::session::SessionLimits;

/// Short names in the corpus: `T` is the own table, `Z` the zone lookup, `K` year, month and day.
fn written_out(sql: &str) -> String {
    sql.replace("T!", "datalake_raw_source.yellow_taxi_trip_record")
        .replace("Z!", "datalake_raw_source.zone_lookup")
        .replace("K!", "year, month, day")
        .replace("A.K", "a.year, a.month, a.day")
        .replace("SAMEDAY!", "a.year = b.year and a.month = b.month and b.day = a.day")
}

/// Transformations that run partition by partition.
const LOCAL: &[&str] = &[
    "select fare_amount fare, K! from T!",
    "select *, fare_amount * 2 as double_fare from T!",
    "select payment_type, day, year, month from T! where fare_amount > 10",
    "select payment_type, count(*) n, K! from T! group by payment_type, K!",
    "select payment_type, sum(fare_amount) fare, day, month, year from T! group by 1, day, month, year having sum(extra) > 3",
    "select distinct payment_type, K! from T!",
    "select sum(extra) extra, payment_type, K! from T! group by payment_type, K! having sum(extra) > 3 order by extra",
    "select count(distinct vendorid) vendors, K! from T! group by K!",
    "select fare_amount, row_number() over (partition by K! order by fare_amount, extra, tip_amount, tolls_amount, total_amount, trip_distance) n, K! from T!",
    "select fare_amount, sum(extra) over (partition by payment_type, K!) extra, K! from T!",
    "select fare_amount, K! from T! order by fare_amount",
    "with big as (select * from T! where fare_amount > 20) select payment_type, count(*) n, K! from big group by payment_type, K!",
    "select fare_amount x, K! from T! union all select extra, K! from T!",
    "select fare_amount x, K! from T! union select extra, K! from T!",
    "select z.borough, count(*) n, a.year, a.month, a.day from T! a join Z! z on a.pulocationid = z.locationid group by z.borough, a.year, a.month, a.day",
    "select z.borough, a.fare_amount, a.year, a.month, a.day from T! a left join Z! z on a.pulocationid = z.locationid",
    "select z.borough, a.fare_amount, a.year, a.month, a.day from Z! z right join T! a on a.pulocationid = z.locationid",
    "select a.fare_amount, a.year, a.month, a.day from T! a where a.pulocationid in (select locationid from Z!)",
    "select a.fare_amount, a.year, a.month, a.day from T! a where not exists (select 1 from Z! z where z.locationid = a.pulocationid)",
    "select a.fare_amount, b.extra, a.year, a.month, a.day from T! a join T! b on SAMEDAY! and a.total_amount = b.total_amount",
    "select a.fare_amount, n, K! from T! a join (select max(extra) n, K! from T! group by K!) b using (year, month, day)",
    "select a.fare_amount, b.n, a.year, a.month, a.day from T! a left join (select max(extra) n, K! from T! where vendorid = 1 group by K!) b on SAMEDAY! and a.vendorid = 2",
    "select fare_amount, z.borough, t.year, t.month, t.day from T! t cross join Z! z",
    "select y as year, m as month, d as day, fare_amount from (select year y, month m, day d, fare_amount from T!)",
    "select fare_amount, K! from T! where year = '2020' and day <> '02'",
    "select fare_amount, K! from T! except select fare_amount, K! from T! where vendorid = 1",
    "select fare_amount, K! from T! intersect select extra, K! from T!",
    "select distinct on (year, month, day) payment_type, K! from T! order by K!, payment_type",
];

/// Transformations that need the whole table, with a word of the reason.
const WHOLE: &[(&str, &str)] = &[
    ("select fare_amount, K! from T! limit 10", "LIMIT"),
    ("select fare_amount, K! from T! order by fare_amount limit 3", "LIMIT"),
    (
        "select payment_type, count(*) n, max(year) as year, max(month) as month, max(day) as day from T! group by payment_type",
        "GROUP BY",
    ),
    ("select count(*) n, year, month, '01' as day from T! group by year, month", "day"),
    (
        "select count(*) n, year, vendorid, month as day, day as month from T! group by vendorid, vendorid, day, month, year",
        "month",
    ),
    ("select fare_amount, day as month, month as day, year from T!", "month"),
    (
        "select fare_amount, lpad(cast(vendorid as varchar), 4, '0') as year, month, day from T!",
        "year",
    ),
    ("select fare_amount, row_number() over (order by fare_amount) n, K! from T!", "PARTITION BY"),
    ("select fare_amount, sum(extra) over (partition by year, month) e, K! from T!", "day"),
    ("select fare_amount, (select max(fare_amount) from T!) highest, K! from T!", "subquery"),
    (
        "select fare_amount, K! from T! a where fare_amount > (select avg(b.fare_amount) from T! b where b.day = a.day)",
        "subquery",
    ),
    ("select fare_amount, K! from T! where vendorid in (select max(vendorid) from T!)", "subquery"),
    (
        "select a.fare_amount, b.extra, a.year, a.month, a.day from T! a join T! b on a.vendorid = b.vendorid",
        "itself",
    ),
    (
        "select a.fare_amount, b.extra, a.year, a.month, a.day from T! a join T! b on a.year = b.year and a.month = b.month",
        "day",
    ),
    (
        "select a.fare_amount, z.borough, a.year, a.month, a.day from T! a right join Z! z on a.pulocationid = z.locationid",
        "JOIN",
    ),
    (
        "select a.fare_amount, z.borough, a.year, a.month, a.day from T! a full join Z! z on a.pulocationid = z.locationid",
        "JOIN",
    ),
    (
        "select z.borough, z.year, z.month, z.day from Z! z where exists (select 1 from T! a where z.locationid = a.pulocationid)",
        "subquery",
    ),
    ("select borough, K! from Z!", "does not read"),
    ("select fare_amount, K! from T! union all select 1.0, '2020', '01', '01'", "UNION"),
    ("select count(*) n, year, month, day from T! group by rollup(year, month, day)", "ROLLUP"),
    ("select distinct a.vendorid, '2020' as year, '01' as month, '01' as day from T! a", "year"),
    (
        "select b.fare_amount, b.year, b.month, b.day from T! a left join T! b on SAMEDAY! and a.vendorid = b.vendorid",
        "year",
    ),
    (
        "select z.borough, a.year, a.month, a.day from Z! z left join T! a on a.pulocationid = z.locationid",
        "JOIN",
    ),
];

async fn checked(lake: &ReadableLake, sql: &str) -> domain::Result<Validated> {
    validate(sql, lake.catalog.as_ref(), &[], &yellow().name).await
}

fn limits() -> SessionLimits {
    SessionLimits {
        max_memory: 256 << 20,
        spill_dir: None,
        max_spill: 0,
        target_partitions: 2,
        cancel: CancellationToken::new(),
    }
}

async fn run(lake: &ReadableLake, sql: &str, touched: Option<&[Partition]>) -> Vec<String> {
    let validated = checked(lake, sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let own = yellow();
    let execution =
        Execution { sql, own: &own, output: &validated.output, touched, limits: limits() };
    let output = execute(lake, &execution).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    let batches: Vec<_> = output.batches.try_collect().await.unwrap();
    sorted_rows(&batches)
}

#[tokio::test]
async fn what_is_called_local_equals_the_whole_when_computed_partition_by_partition() {
    let lake = taxi_lake().await;
    for sql in LOCAL {
        let sql = written_out(sql);
        let validated = checked(&lake, &sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert_eq!(validated.locality, Locality::PartitionLocal, "{sql}");
        let whole = run(&lake, &sql, None).await;
        let mut parts = Vec::new();
        for n in 1..=3 {
            parts.extend(run(&lake, &sql, Some(&[day(n)])).await);
        }
        parts.sort();
        assert!(!whole.is_empty(), "{sql} returns nothing, which shows nothing");
        assert_eq!(parts, whole, "{sql}");
    }
}

#[tokio::test]
async fn what_may_mix_partitions_is_called_whole_table_with_the_reason() {
    let lake = taxi_lake().await;
    for (sql, reason) in WHOLE {
        let sql = written_out(sql);
        match checked(&lake, &sql).await.unwrap_or_else(|error| panic!("{sql}: {error}")).locality {
            Locality::WholeTable { why } => assert!(why.contains(reason), "{sql}: {why}"),
            Locality::PartitionLocal => panic!("{sql} was called partition-local"),
        }
        run(&lake, &sql, None).await;
    }
}

#[tokio::test]
async fn the_reference_sql_works_to_the_letter() {
    let lake = taxi_lake().await;
    let validated = checked(&lake, REFERENCE_SQL).await.unwrap();
    assert_eq!(validated.locality, Locality::PartitionLocal);
    assert_eq!(validated.inputs, [yellow().name]);
    let names: Vec<_> = validated.output.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names[..3], ["count", "vendorid", "pulocationid"]);
    assert_eq!(validated.output[0].1, ColumnType::BigInt);
    assert_eq!(validated.output[6], ("total_trip_distance".into(), ColumnType::Double));
    // GROUP BY vendorid means the input column: rows without vendor and with vendor -1 are one
    // group in the output only if they are one in the input.
    let grouped = run(&lake, REFERENCE_SQL, Some(&[day(1)])).await;
    let by_hand = "select count(*) count, coalesce(v, -1) vendorid, pulocationid, dolocationid, payment_type, sum(p) passenger_count, sum(trip_distance) total_trip_distance, sum(fare_amount) total_fare_amount, sum(extra) total_extra, sum(tip_amount) total_tip_amount, sum(tolls_amount) total_tolls_amount, sum(total_amount) total_amount, year, month, day from (select *, vendorid v, passenger_count p from T!) group by v, year, month, day, pulocationid, dolocationid, payment_type";
    assert_eq!(grouped, run(&lake, &written_out(by_hand), Some(&[day(1)])).await);
    assert!(grouped.len() > 50);
}

#[tokio::test]
async fn b8_only_touched_partitions_are_read() {
    let lake = taxi_lake().await;
    let sql = written_out("select count(*) n, K! from T! group by K!");
    assert_eq!(run(&lake, &sql, Some(&[day(2)])).await, ["60|2020|08|02"]);
}

#[tokio::test]
async fn a_partition_that_the_catalog_does_not_know_yet_is_read() {
    let lake = lake(&[]).await;
    let own = yellow();
    let by = TableAuthor::Person { login: "ada".into() };
    lake.catalog.put_table(&own, &by).await.unwrap();
    put(&lake, &own, day(5), "a", &trips(1, 10)).await;
    lake.catalog.delete_table(&own.name).await.unwrap();
    let sql = written_out("select count(*) n, K! from T! group by K!");
    let known = [own.clone()];
    let validated = validate(&sql, lake.catalog.as_ref(), &known, &own.name).await.unwrap();
    let execution = Execution {
        sql: &sql,
        own: &own,
        output: &validated.output,
        touched: Some(&[day(5)]),
        limits: limits(),
    };
    let output = execute(&lake, &execution).await.unwrap();
    let batches: Vec<_> = output.batches.try_collect().await.unwrap();
    assert_eq!(sorted_rows(&batches), ["10|2020|08|05"]);
}

#[tokio::test]
async fn an_old_file_reads_with_nulls_and_the_tables_types() {
    let lake = lake(&[yellow(), zones()]).await;
    let old = trips(1, 4).project(&[0, 6]).unwrap();
    put(&lake, &yellow(), day(1), "old", &old).await;
    let sql = "select count(fare_amount) fares, count(extra) extras, count(tip_amount) tips, K! from T! group by K!";
    let rows = run(&lake, &written_out(sql), None).await;
    assert_eq!(rows, ["4|0|0|2020|08|01"]);
}

#[tokio::test]
async fn what_cannot_be_a_table_is_refused_with_what_to_write() {
    let lake = taxi_lake().await;
    let cases = [
        ("select fare_amount from T!", "does not return year"),
        ("select K! from T!", "add the columns"),
        (
            "select fare_amount, 2020 as year, month, day from T!",
            "lpad(cast(year AS varchar), 4, '0')",
        ),
        ("select count(*), K! from T! group by K!", "write … AS count"),
        ("select fare_amount as \"a b\", K! from T!", "write … AS a_b"),
        ("select fare_amount x, extra x, K! from T!", "x"),
        ("select fare_amont, K! from T!", "fare_amount"),
        (
            "select fare_amount, K! from datalake_raw_source.yelow_taxi_trip_record",
            "did you mean \"yellow_taxi_trip_record\"?",
        ),
        (
            "select fare_amount, K! from datalake_raw_sauce.yellow",
            "did you mean \"datalake_raw_source\"?",
        ),
        ("select fare_amount, K! from yellow_taxi_trip_record", "needs its database"),
        ("values (1, '2020', '01', '01')", "exactly one SELECT"),
        ("explain select fare_amount, K! from T!", "exactly one SELECT"),
        ("select 1; select 2", "more than one statement"),
        ("select make_array(extra) e, K! from T!", "one column per element"),
        ("select nosuch(extra) e, K! from T!", "nosuch"),
        ("", "empty"),
    ];
    for (sql, advice) in cases {
        let error = checked(&lake, &written_out(sql)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{sql}: {error}");
        assert!(error.message().contains(advice), "{sql}: {error}");
    }
}

#[tokio::test]
async fn an_unknown_column_is_reported_with_its_place() {
    let lake = taxi_lake().await;
    let sql = written_out("select extra,\n  fare_amont, K! from T!");
    let error = checked(&lake, &sql).await.unwrap_err();
    assert!(error.message().contains("line 2, column 3"), "{error}");
}

#[tokio::test]
async fn output_types_are_those_of_the_catalog() {
    let lake = taxi_lake().await;
    let sql = written_out(
        "select count(*) n, cast(max(extra) as real) f, max(cast('2020-08-01' as date)) d, \
         max(cast('2020-08-02' as timestamp)) t, cast(1.5 as decimal(10,2)) m, true b, null nothing, \
         arrow_cast(7, 'UInt64') u, cast(1 as int) i, K! from T! group by K!",
    );
    let validated = checked(&lake, &sql).await.unwrap();
    let types: Vec<_> = validated.output.iter().map(|(_, kind)| kind.to_string()).collect();
    assert_eq!(
        types,
        [
            "bigint",
            "double",
            "date",
            "timestamp",
            "decimal(10,2)",
            "boolean",
            "string",
            "bigint",
            "int"
        ]
    );
    assert_eq!(run(&lake, &sql, Some(&[day(2)])).await.len(), 1);
}
