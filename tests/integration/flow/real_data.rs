//! The main job on real trip files: every row accounted for, sums equal to DuckDB's.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Map, Value};

use crate::support::sluice::sluice;

const GREEN: &str = "green_tripdata_2020-08.csv.gz";
const YELLOW: [&str; 2] =
    ["yellow_tripdata_2020-08.sample10k.csv.gz", "yellow_tripdata_2020-01.sample10k.csv.gz"];
const GREEN_SQL: &str = "server/src/demo/green_taxi_record_data.sql";
const YELLOW_SQL: &str = "server/src/demo/yellow_taxi_trip_record.sql";

#[test]
fn real_trips_are_all_accounted_for_and_sums_equal_duckdbs() {
    let Some(data) = data() else {
        eprintln!("SKIPPED real trip files: shared/data is not beside the repository");
        return;
    };
    let green = data.join(GREEN);
    let yellow = YELLOW.map(|name| data.join(name));
    let folder = tempfile::tempdir().unwrap();
    let mut args = vec!["demo", "--no-serve", "--output", "json"];
    for file in [&green, &yellow[0], &yellow[1]] {
        args.extend(["--input", file.to_str().unwrap()]);
    }
    let outcome = sluice(folder.path(), &args);
    assert_eq!(outcome.code(), Some(0), "{outcome:?}");
    let runs = outcome.json()["runs"].as_array().unwrap().clone();
    let read: Vec<_> = runs.iter().map(|run| run["rows_read"].as_u64().unwrap()).collect();
    assert_eq!(read, [81_063, 10_000, 10_000]);
    for run in &runs {
        assert_eq!(run["status"], "SUCCEEDED");
        let count = |name: &str| run[name].as_u64().unwrap();
        assert_eq!(count("rows_read"), count("rows_written") + count("rows_rejected"));
        assert!(count("purpose_built_rows") > 0);
        assert!(run["seconds"]["raw_to_conformed"].as_f64().unwrap() > 0.0);
    }
    check_verbatim_sql(folder.path(), &runs[0]);
    match std::env::var("SLUICE_TEST_PYTHON") {
        Ok(python) => check_sums(folder.path(), &python, &green),
        Err(_) => eprintln!("SKIPPED sums compared with DuckDB: SLUICE_TEST_PYTHON is not set"),
    }
    let outcome = sluice(folder.path(), &["doctor"]);
    assert_eq!(outcome.code(), Some(0), "{outcome:?}");
}

/// The reference's SQL as users have it gives the rows of the purpose-built table.
fn check_verbatim_sql(lake: &Path, green: &Value) {
    let sql = std::fs::read_to_string(repository().join(GREEN_SQL)).unwrap();
    let rows = query(lake, &sql);
    assert_eq!(rows.len() as u64, green["purpose_built_rows"].as_u64().unwrap());
    let trips: u64 = rows.iter().map(|row| row["count"].as_u64().unwrap()).sum();
    assert_eq!(trips, green["rows_written"].as_u64().unwrap());
    let sql = std::fs::read_to_string(repository().join(YELLOW_SQL)).unwrap();
    assert!(!query(lake, &sql).is_empty());
    let limited =
        query(lake, "SELECT * FROM \"datablog_arg\".\"yellow_taxi_trip_record\" limit 10");
    assert_eq!(limited.len(), 10);
}

/// Sums of every numeric column of both tables of the green dataset.
fn check_sums(lake: &Path, python: &str, file: &Path) {
    let output = Command::new(python)
        .arg(repository().join("tests/python/reference_sums.py"))
        .args([file, &repository().join(GREEN_SQL)])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let expected: Value = serde_json::from_slice(&output.stdout).unwrap();
    for (part, table) in [
        ("conformed", "datalake_raw_source.green_taxi_record_data"),
        ("purpose_built", "datablog_arg.green_taxi_record_data"),
    ] {
        let expected = expected[part].as_object().unwrap();
        let sums = expected.keys().filter(|name| *name != "rows");
        let sums: Vec<_> = sums.map(|name| format!("sum(\"{name}\") AS \"{name}\"")).collect();
        let sql = format!("SELECT count(*) AS rows, {} FROM {table}", sums.join(", "));
        check_row(part, &query(lake, &sql)[0], expected);
    }
}

fn check_row(part: &str, found: &Value, expected: &Map<String, Value>) {
    assert!(expected.len() > 10);
    for (name, expected) in expected {
        let (found, expected) = (found[name].as_f64(), expected.as_f64());
        let close = match (found, expected) {
            // Doubles are added in another order there.
            (Some(found), Some(expected)) => (found - expected).abs() <= 1e-9 * expected.abs(),
            (found, expected) => found == expected,
        };
        assert!(close, "{part}.{name}: {found:?}, DuckDB has {expected:?}");
    }
}

fn query(lake: &Path, sql: &str) -> Vec<Value> {
    let outcome = sluice(lake, &["query", sql, "--max-rows", "100000", "--output", "json"]);
    assert_eq!(outcome.code(), Some(0), "{outcome:?}");
    let found = outcome.json();
    assert!(found["truncated"].is_null(), "{}", found["truncated"]);
    found["rows"].as_array().unwrap().clone()
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// The folder of real files, beside the repository or one level further up, as in a worktree.
fn data() -> Option<PathBuf> {
    let root = repository();
    let folders = root.ancestors().skip(1).take(2);
    let mut candidates = folders.map(|folder| folder.join("shared/data"));
    candidates.find(|folder| folder.join(GREEN).is_file())
}
