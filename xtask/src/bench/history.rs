//! What history costs: the second hop of one new file, with and without 365 earlier partitions in
//! the same table.

use std::fs;

use anyhow::{Context, Result};

use super::lake::{Lake, checked_run};
use super::process;
use super::stage::{Stage, Trips, succeed};
use super::statistics::{median, range, ratios};

const PARTITIONS: u16 = 365;
const ROWS_PER_PARTITION: u64 = 2_000;

/// Measures and returns the table. Every run lands a file of one new day in both lakes.
pub(super) fn measure(stage: &Stage, rows: u64, runs: u16) -> Result<String> {
    let empty = Lake::prepare(stage, "without_history")?;
    let full = Lake::prepare(stage, "with_history")?;
    for lake in [&empty, &full] {
        lake.partition_by_pickup(stage)?;
    }
    fill(stage, &full)?;
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for run in 0..=runs {
        let file = stage.generate(&format!("new_day_{run}.csv"), &new_day(rows, run))?;
        let found = [&empty, &full].map(|lake| second_hop(stage, lake, &file, rows));
        fs::remove_file(&file).context("cannot remove the input file")?;
        let [first, second] = found;
        let (first, second) = (first?, second?);
        println!("run {run}: without history {first:.3} s, with history {second:.3} s");
        // The first run warms the caches and is not counted.
        if run > 0 {
            without.push(first);
            with.push(second);
        }
    }
    Ok(table(rows, &without, &with))
}

/// A year of days before the new ones.
fn fill(stage: &Stage, lake: &Lake) -> Result<()> {
    println!("filling {PARTITIONS} partitions");
    let rows = u64::from(PARTITIONS) * ROWS_PER_PARTITION;
    let year = Trips { rows, first_day: "2019-07-01".to_owned(), days: PARTITIONS };
    let file = stage.generate("history.csv", &year)?;
    checked_run(&succeed(lake.ingest(stage, &file))?, rows)?;
    fs::remove_file(&file).context("cannot remove the history file")
}

/// A file of one day after the history; another day for every run, up to 31.
fn new_day(rows: u64, run: u16) -> Trips {
    Trips { rows, first_day: format!("2020-{:02}-{:02}", 8 + run / 28, run % 28 + 1), days: 1 }
}

/// Seconds of the second hop, as the run ledger has them.
fn second_hop(stage: &Stage, lake: &Lake, file: &std::path::Path, rows: u64) -> Result<f64> {
    let (_, stdout) = process::measure(stage, &lake.ingest(stage, file))?;
    let run = checked_run(&stdout, rows)?;
    run["seconds"]["conformed_to_purpose_built"].as_f64().context("the run has no second hop")
}

fn table(rows: u64, without: &[f64], with: &[f64]) -> String {
    let line = |name: &str, seconds: &[f64], ratio: f64| {
        let (least, most) = range(seconds);
        format!("| {name} | {:.3} | {least:.3} – {most:.3} | {ratio:.2} |", median(seconds))
    };
    [
        format!("Second hop of a new file with {rows} rows of one day; {} runs.", with.len()),
        String::new(),
        "| partitions before | seconds, median | min – max | ratio |".to_owned(),
        "|---|--:|--:|--:|".to_owned(),
        line("none", without, 1.0),
        line(&PARTITIONS.to_string(), with, median(&ratios(with, without))),
    ]
    .join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_run_has_a_day_of_its_own() {
        let days: std::collections::BTreeSet<_> =
            (0..60).map(|run| new_day(1, run).first_day).collect();
        assert_eq!(days.len(), 60);
        assert_eq!(days.first().unwrap(), "2020-08-01");
    }

    #[test]
    fn the_table_shows_the_ratio() {
        let table = table(10, &[1.0, 2.0, 1.0], &[1.1, 2.2, 1.1]);
        assert!(table.contains("| 365 | 1.100 | 1.100 – 2.200 | 1.10 |"), "{table}");
    }
}
