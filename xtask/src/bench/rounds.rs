//! The comparison: all contestants in turn, round after round.

use std::fs;
use std::process::Command;

use anyhow::{Context, Result};

use super::contestant::Contestant;
use super::process::{self, Measurement};
use super::stage::{Stage, Trips, succeed};
use super::statistics::{median, range, ratios};

/// Measures and returns the table.
pub(super) fn measure(stage: &Stage, rows: u64, runs: u16, spark: bool) -> Result<String> {
    let trips = Trips { rows, first_day: "2020-08-01".to_owned(), days: 31 };
    let input = stage.generate("yellow_tripdata.csv", &trips)?;
    let bytes = fs::metadata(&input).context("the input file is gone")?.len();
    let contestants = Contestant::all(spark);
    let mut measured = vec![Vec::new(); contestants.len()];
    for round in 0..=runs {
        let found = one_round(stage, &contestants, &input, rows)?;
        let line: Vec<_> = contestants
            .iter()
            .zip(&found)
            .map(|(contestant, took)| format!("{} {:.2} s", contestant.name(), took.seconds))
            .collect();
        // The first round fills the file cache for all of them and is not counted.
        let label = if round == 0 { "warm-up".to_owned() } else { format!("round {round}") };
        println!("{label}: {}", line.join(", "));
        if round > 0 {
            measured.iter_mut().zip(found).for_each(|(all, took)| all.push(took));
        }
    }
    fs::remove_file(&input).context("cannot remove the input file")?;
    let input = Input { rows, bytes, pins: stage.pins().join(", ") };
    Ok(table(&contestants, &measured, &input))
}

/// Every contestant once, then a check that all of them wrote the same.
fn one_round(
    stage: &Stage,
    contestants: &[Contestant],
    input: &std::path::Path,
    rows: u64,
) -> Result<Vec<Measurement>> {
    let date = succeed(date_command())?.trim().to_owned();
    let mut compare = stage.script("compare.py");
    let (mut found, mut entries) = (Vec::new(), Vec::new());
    for contestant in contestants {
        let entry = contestant.prepare(stage, input, &date)?;
        let (took, stdout) = process::measure(stage, &entry.command)?;
        contestant.check(&stdout, rows)?;
        compare.arg(contestant.output_argument(&entry));
        found.push(took);
        entries.push(entry);
    }
    succeed(compare).context("the contestants' results differ")?;
    entries.iter().try_for_each(super::contestant::Entry::clean_up)?;
    Ok(found)
}

/// The ingest date in UTC, as Sluice uses it.
fn date_command() -> Command {
    let mut command = Command::new("date");
    command.args(["-u", "+%Y-%m-%d"]);
    command
}

/// What the table says about the input and the engines.
struct Input {
    rows: u64,
    bytes: u64,
    pins: String,
}

fn table(contestants: &[Contestant], measured: &[Vec<Measurement>], input: &Input) -> String {
    let column = |index: usize, value: fn(&Measurement) -> f64| -> Vec<f64> {
        measured[index].iter().map(value).collect()
    };
    let mut lines = vec![
        format!(
            "{} rows, 18 columns, {:.1} MB; {}; {} rounds on {} cores; row counts and sums of both \
             tables equal in every round.",
            input.rows,
            input.bytes as f64 / 1e6,
            input.pins,
            measured[0].len(),
            std::thread::available_parallelism().map_or(1, usize::from)
        ),
        String::new(),
        "| engine | seconds, median | min – max | Sluice / engine | CPU seconds | peak memory, MB |"
            .to_owned(),
        "|---|--:|--:|--:|--:|--:|".to_owned(),
    ];
    let sluice = column(0, |took| took.seconds);
    for (index, contestant) in contestants.iter().enumerate() {
        let seconds = column(index, |took| took.seconds);
        let (least, most) = range(&seconds);
        lines.push(format!(
            "| {} | {:.2} | {least:.2} – {most:.2} | {:.2} | {:.2} | {:.0} |",
            contestant.name(),
            median(&seconds),
            median(&ratios(&sluice, &seconds)),
            median(&column(index, |took| took.cpu_seconds)),
            range(&column(index, |took| took.peak_bytes)).1 / 1e6,
        ));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_compares_round_by_round() {
        let took = |seconds: f64| Measurement { seconds, cpu_seconds: 1.0, peak_bytes: 3e8 };
        let measured = [[1.0, 4.0, 1.0].map(took).to_vec(), [2.0, 8.0, 1.0].map(took).to_vec()];
        let input = Input { rows: 10, bytes: 960, pins: "duckdb 2.0.0".to_owned() };
        let table = table(&[Contestant::Sluice, Contestant::DuckDb], &measured, &input);
        assert!(table.contains("| Sluice | 1.00 | 1.00 – 4.00 | 1.00 | 1.00 | 300 |"), "{table}");
        assert!(table.contains("| DuckDB | 2.00 | 1.00 – 8.00 | 0.50 | 1.00 | 300 |"), "{table}");
    }
}
