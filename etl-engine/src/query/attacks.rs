//! Attacks on the sandbox: texts that must be refused, and texts that must not hurt (E1 to E3).

use std::time::Duration;

use domain::ErrorKind;
use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use super::bounds::{MAX_LENGTH, MAX_TOKENS};
use super::fixture::{taxi_lake, yellow};
use super::session::SessionLimits;
use super::statement::QueryStatement;
use crate::conformed_to_purpose_built::execute::{Execution, execute};
use crate::conformed_to_purpose_built::validate::validate;

const TABLE: &str = "datalake_raw_source.yellow_taxi_trip_record";

/// What is refused before anything is planned, with a word of the reason.
const REFUSED: &[(&str, &str)] = &[
    ("copy (select 1) to '/tmp/x.csv'", "COPY is not allowed"),
    ("copy t from '/etc/passwd'", "COPY"),
    ("create external table t stored as csv location '/etc/passwd'", "CREATE"),
    ("create table t as select 1", "CREATE"),
    ("create view v as select 1", "CREATE"),
    ("create function f() returns int return 1", "CREATE"),
    ("insert into t values (1)", "INSERT"),
    ("update t set a = 1", "UPDATE"),
    ("delete from t", "DELETE"),
    ("merge into t using s on a = b when matched then delete", "MERGE"),
    ("drop table t", "DROP"),
    ("truncate t", "TRUNCATE"),
    ("alter table t add column a int", "ALTER"),
    ("set datafusion.runtime.memory_limit = '1T'", "SET"),
    ("SeT datafusion.catalog.information_schema = true", "SET"),
    ("reset datafusion.runtime.memory_limit", "RESET"),
    ("show all", "SHOW"),
    ("show tables", "SHOW"),
    ("describe t", "DESCRIBE"),
    ("use other", "USE"),
    ("prepare p as select 1", "PREPARE"),
    ("execute p", "EXECUTE"),
    ("deallocate p", "DEALLOCATE"),
    ("begin", "BEGIN"),
    ("begin; select 1; end", "BEGIN"),
    ("call f()", "CALL"),
    ("load data inpath '/etc/passwd' into table t", "LOAD"),
    ("install httpfs", "INSTALL"),
    ("attach 'x.db'", "ATTACH"),
    ("pragma x", "PRAGMA"),
    ("if 1 = 1 then select 1; end if", "IF"),
    ("table datalake_raw_source.yellow_taxi_trip_record", "TABLE"),
    ("from datalake_raw_source.yellow_taxi_trip_record select *", "FROM"),
    ("/* hidden */ copy (select 1) to 'x'", "COPY"),
    ("-- hidden\ncopy (select 1) to 'x'", "COPY"),
    ("select 1; copy (select 1) to 'x'", "more than one statement"),
    ("select 1;; select 2", "more than one statement"),
    ("explain copy (select 1) to 'x'", "EXPLAIN is allowed for a SELECT"),
    ("explain analyze select 1", "EXPLAIN ANALYZE"),
    ("explain explain select 1", "EXPLAIN"),
    ("explain set a = 1", "EXPLAIN"),
    ("explain insert into t values (1)", "EXPLAIN"),
    ("explain create table t as select 1", "EXPLAIN"),
    ("select * from '/etc/passwd'", "files cannot be queried"),
    ("select * from 'file:///etc/passwd'", "files cannot be queried"),
    ("select * from 's3://bucket/x.parquet'", "files cannot be queried"),
    ("select * from \"/etc/passwd\"", "needs its database"),
    ("select * from \"file:///etc/\".\"passwd\" x, '/etc/passwd'", "files cannot be queried"),
    ("select * from read_parquet('/etc/passwd')", "table functions are off"),
    ("select * from read_csv('/etc/passwd')", "table functions are off"),
    ("select * from generate_series(1, 1000000000000)", "table functions are off"),
    ("select * from range(1, 10)", "table functions are off"),
    ("select * from table(generate_series(1, 10))", "only tables"),
    ("select * from lateral generate_series(1, 10)", "only tables"),
    ("select * from a.b.c.d", "not a table name"),
    ("select * from other.datalake_raw_source.yellow_taxi_trip_record", "not a table name"),
    ("select * from yellow_taxi_trip_record", "needs its database"),
    ("with t as (select * from t) select * from t", "needs its database"),
    ("select (with x as (select 1) select * from y)", "needs its database"),
    (
        "with recursive t as (select 1 as n union all select n + 1 from t) select * from t",
        "RECURSIVE",
    ),
    ("with t as (insert into x values (1)) select * from t", ""),
    ("with t as (select 1) insert into x select * from t", ""),
    ("with t as (select 1) delete from x", ""),
    ("select * into t from datalake_raw_source.yellow_taxi_trip_record", "INTO"),
    ("select 1 from datalake_raw_source.yellow_taxi_trip_record for update", "lock"),
    ("select @@version", "variable"),
    ("select @x", "variable"),
    ("select $1", "parameter"),
    ("select ?", "parameter"),
    ("select 1 settings max_threads = 1000", ""),
    ("select generate_series(1, 1000000000000)", "generate_series"),
    ("select range(1, 1000000000000)", "range"),
    ("select \"range\"(1, 1000000000000)", "range"),
    ("select array_repeat('x', 1000000000000)", "array_repeat"),
    ("select repeat('x', 1000000000)", "repeat"),
    ("select repeat('x', 10000 * 100000)", "repeat"),
    ("select repeat('x', 1000) || repeat('y', 1000) || repeat('z', 1000)", "longer"),
    (
        "with a as (select 'aaaaaaaaaa' s), b as (select s||s||s||s||s||s||s||s s from a), c as (select concat(s,s,s,s,s,s,s,s) s from b), d as (select s||s||s||s||s||s||s||s s from c), e as (select s||s||s||s||s||s||s||s s from d) select s from e",
        "longer",
    ),
    (
        "select concat(s, s, s, s) from (select concat(s, s, s, s) s from (select concat(s, s, s, s) s from (select concat(s, s, s, s) s from (select concat(s, s, s, s) s from (select 'a' s)))))",
        "longer",
    ),
    ("select replace(repeat('a', 1000), 'a', 'bbbbbbbbbb')", "longer"),
    ("select replace('aaa', 'a', repeat('b', 10))", "third argument"),
    (
        "select regexp_replace('aaa', 'a', fare_amount) from datalake_raw_source.yellow_taxi_trip_record",
        "third argument",
    ),
    ("select rpad('x', 1000000000, 'y')", "rpad"),
    ("select * from datalake_raw_source.yellow_taxi_trip_record tablesample (10 percent)", ""),
    ("select 1 |> where 1 = 1", ""),
    ("   ", "empty"),
    (";", "empty"),
    ("select", ""),
    ("\u{0}", ""),
    ("select 1 \u{0}", ""),
    ("\u{feff}select \u{202e}1", ""),
    ("select '", ""),
    ("select \"", ""),
    ("/* never closed", ""),
    ("🦀", ""),
];

#[test]
fn e1_e2_what_is_not_a_query_over_tables_is_refused() {
    for (sql, reason) in REFUSED {
        match QueryStatement::parse(sql) {
            Ok(statement) => panic!("{sql:?} was let through: {statement:?}"),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Invalid, "{sql:?}: {error}");
                let message = error.message().to_lowercase();
                assert!(message.contains(&reason.to_lowercase()), "{sql:?}: {error}");
            }
        }
    }
}

#[test]
fn e1_queries_over_tables_are_let_through() {
    let allowed = [
        "select 1",
        "(select 1)",
        "values (1, 'a'), (2, 'b')",
        "select 1 -- ; copy (select 1) to 'x'",
        "select ';', 'copy x to y', '/etc/passwd'",
        "explain select 1",
        "explain verbose select 1",
        "explain format tree select 1",
        "with a as (select 1 x), b as (select x from a) select * from b, a",
        "select year || '-' || month || '-' || day || lpad(a, 4, '0') || replace(b, ',', '.') from (select regexp_replace(x, '[^0-9]', '') a, concat(y, z, '-', w) b, year, month, day from datalake_raw_source.yellow_taxi_trip_record)",
        "select lpad('7', 2, '0'), rpad('7', 2), repeat('-', 20)",
        "select x from unnest([1, 2, 3]) as t(x)",
        "select 1;",
        "select * from awsdatacatalog.datalake_raw_source.yellow_taxi_trip_record",
        "SELECT * FROM \"DataLake_Raw_Source\".\"Yellow_Taxi_Trip_Record\" limit 10",
    ];
    for sql in allowed {
        QueryStatement::parse(sql).unwrap_or_else(|error| panic!("{sql:?}: {error}"));
    }
    assert_eq!(
        QueryStatement::parse(allowed[allowed.len() - 1]).unwrap().tables(),
        [yellow().name]
    );
}

/// Texts that are deep, long or wide, most of them valid.
fn monsters() -> Vec<(&'static str, String)> {
    let repeated = |part: &str, times: usize| part.repeat(times);
    vec![
        ("parentheses", format!("select {}1{}", repeated("(", 100_000), repeated(")", 100_000))),
        ("open parentheses", format!("select {}", repeated("(", 200_000))),
        ("brackets", format!("select {}1", repeated("[", 100_000))),
        ("not", format!("select {} true", repeated("not ", 50_000))),
        ("minus", format!("select {} 1", repeated("- ", 100_000))),
        ("plus", format!("select 1{}", repeated("+1", 100_000))),
        ("and", format!("select 1 where true{}", repeated(" and true", 25_000))),
        ("cast", format!("select 1{}", repeated("::int", 50_000))),
        ("is null", format!("select 1{}", repeated(" is null", 25_000))),
        ("collate", format!("select 'a'{}", repeated(" collate b", 20_000))),
        ("case", format!("select {} 1", repeated("case when ", 20_000))),
        ("exists", format!("select {} 1", repeated("exists(select ", 10_000))),
        ("union", format!("select 1{}", repeated(" union all select 1", 13_000))),
        ("joins", format!("select 1 from a.b{}", repeated(" cross join a.b", 15_000))),
        ("from list", format!("select 1 from a.b{}", repeated(", a.b", 40_000))),
        ("stars", format!("select *{} from {TABLE}", repeated(", *", 20_000))),
        (
            "types",
            format!("select cast(1 as {}int{})", repeated("array<", 40_000), repeated(">", 40_000)),
        ),
        ("intervals", format!("select {} '1'", repeated("interval ", 25_000))),
        ("explains", format!("{} select 1", repeated("explain ", 30_000))),
        ("comments", format!("{}select 1", repeated("/*", 120_000))),
        ("dots", format!("select a{}", repeated(".a", 100_000))),
        ("subscripts", format!("select a{}", repeated("[1]", 60_000))),
        ("arrows", format!("select a{}", repeated("->a", 60_000))),
        ("lambdas", format!("select f({}x)", repeated("x -> ", 40_000))),
        ("commas", format!("select 1{}", repeated(",1", 120_000))),
        ("functions", format!("select {}1{}", repeated("abs(", 50_000), repeated(")", 50_000))),
        ("at time zone", format!("select a{}", repeated(" at time zone 'utc'", 10_000))),
        (
            "with",
            format!(
                "{}select 1{}",
                repeated("with a as (", 20_000),
                repeated(") select 1", 20_000)
            ),
        ),
        ("too long", "x".repeat(MAX_LENGTH + 1)),
        ("doubling with", doubling(60)),
        ("mixed", format!("select {}", repeated("((case when not -[{", 10_000))),
        ("prior", format!("select {} 1", repeated("prior ", 40_000))),
        ("between", format!("select 1{}", repeated(" between 1 and 1", 15_000))),
        ("like", format!("select 'a'{}", repeated(" like 'a'", 25_000))),
    ]
}

/// Each name stands for the one before it twice: written out, it doubles every time.
fn doubling(times: usize) -> String {
    let step = |n: usize| format!(", a{n} as (select x.v from a{} x, a{} y)", n - 1, n - 1);
    let steps: String = (1..times).map(step).collect();
    format!("with a0 as (select 1 v){steps} select * from a{}", times - 1)
}

#[tokio::test]
async fn e3_no_text_overflows_a_small_stack() {
    for (name, sql) in monsters() {
        if let Ok(statement) = QueryStatement::parse(&sql) {
            panic!("{name} was let through: {} tables", statement.tables().len());
        }
    }
}

/// The largest texts that the bounds let through must be planned or refused on a 2 MiB stack too.
#[test]
fn e3_what_just_fits_the_bounds_is_planned_on_a_small_stack() {
    let repeated = |part: &str, times: usize| part.repeat(times);
    let texts = [
        format!("select {}1{}", repeated("(", 45), repeated(")", 45)),
        format!("select 1{}", repeated("+1", 490)),
        format!("select 1 where 1 = 1{}", repeated(" or 1 = 1", 245)),
        format!("select {} true", repeated("not ", 150)),
        format!("select 1{}", repeated("::int", 325)),
        format!("select 1{}", repeated(" union all select 1", 198)),
        format!(
            "select fare_amount from {TABLE} where fare_amount in (1{})",
            repeated(",2", 5_000)
        ),
        format!("select {}1{}", repeated("abs(", 45), repeated(")", 45)),
        format!("select {}1{}", repeated("case when true then ", 45), repeated(" end", 45)),
        format!("select 'a'{}", repeated("||'a'", 490)),
        format!("select 1{}", repeated("*2.5", 490)),
        format!(
            "select 1 from {TABLE} a0{}",
            (1..30).map(|n| format!(", {TABLE} a{n}")).collect::<String>()
        ),
        doubling(6),
    ];
    let work = move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            for sql in &texts {
                run(sql).await;
            }
        });
    };
    std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(work).unwrap().join().unwrap();
}

async fn run(sql: &str) {
    let start: String = sql.chars().take(60).collect();
    let lake = taxi_lake().await;
    let sql =
        format!("select x.*, '2020' as year, '08' as month, '01' as day from ({sql}) as x(v)");
    let own = yellow();
    let started = std::time::Instant::now();
    let validated = validate(&sql, lake.catalog.as_ref(), &[], &own.name)
        .await
        .unwrap_or_else(|error| panic!("{start}: {error}"));
    let limits = SessionLimits {
        max_memory: 1 << 26,
        spill_dir: None,
        max_spill: 0,
        target_partitions: 2,
        cancel: CancellationToken::new(),
    };
    let execution =
        Execution { sql: &sql, own: &own, output: &validated.output, touched: None, limits };
    let output = execute(&lake, &execution).await.unwrap();
    // A join of a hundred tables need not finish; its first poll goes through all operators.
    let _ = tokio::time::timeout(Duration::from_secs(2), output.batches.count()).await;
    eprintln!("{start}: {:?}", started.elapsed());
}

#[test]
fn e3_a_long_list_is_allowed_up_to_the_bound() {
    let list = |values: usize| format!("select 1 where 1 in (1{})", ",1".repeat(values));
    QueryStatement::parse(&list(20_000)).unwrap();
    let error = QueryStatement::parse(&list(MAX_TOKENS)).unwrap_err();
    assert!(error.message().contains("is the most"), "{error}");
}

#[test]
fn e3_a_refusal_says_where() {
    let deep = format!("select\n  {}1{}", "(".repeat(60), ")".repeat(60));
    let error = QueryStatement::parse(&deep).unwrap_err();
    assert!(error.message().contains("line 2, column 52"), "{error}");
}
