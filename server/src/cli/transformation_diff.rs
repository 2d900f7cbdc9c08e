//! `sluice transformations diff`: what other SQL would change in real rows.

use std::process::ExitCode;

use app::api::transformations::{ExampleRow, Impact, ImpactRequest, KeySource, RowChange};
use clap::Args;
use domain::Result;
use domain::dataset::DatasetId;
use tokio_util::sync::CancellationToken;

use super::output::{Output, Sheet, print_json, remark, say};
use super::transformations::Sql;
use crate::open_lake::OpenLake;
use crate::transformations::impact::impact;

/// Something would change.
const DIFFERS: u8 = 1;
/// It cannot be told.
const TROUBLE: u8 = 2;

/// Compare what SQL returns with what the current version returns.
#[derive(Debug, Args)]
pub(super) struct Diff {
    /// The dataset whose transformation it would become.
    dataset: DatasetId,
    #[command(flatten)]
    sql: Sql,
    /// Compare with this version instead of the current one.
    #[arg(long, value_name = "VERSION")]
    base: Option<u64>,
    /// Columns that tell rows apart, instead of those that the SQL groups by.
    #[arg(long, value_delimiter = ',', value_name = "COLUMN,…")]
    keys: Option<Vec<String>>,
    /// Days to sample (YYYY-MM-DD), instead of the newest.
    #[arg(long, value_delimiter = ',', value_name = "DAY,…")]
    partitions: Option<Vec<String>>,
    /// Relative difference up to which two doubles count as equal.
    #[arg(long)]
    tolerance: Option<f64>,
}

impl Diff {
    pub(super) async fn run(self, lake: &OpenLake, output: Output) -> ExitCode {
        match self.compared(lake, output).await {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::from(DIFFERS),
            Err(error) => {
                super::report(&error);
                ExitCode::from(TROUBLE)
            }
        }
    }

    /// Prints what differs; says whether nothing does.
    async fn compared(self, lake: &OpenLake, output: Output) -> Result<bool> {
        let request = ImpactRequest {
            sql: self.sql.text()?,
            base_version: self.base,
            keys: self.keys,
            partitions: self.partitions,
            tolerance: self.tolerance,
        };
        let cancel = CancellationToken::new();
        let found = impact(lake, &self.dataset, &request, &cancel).await?;
        match output {
            Output::Json => print_json(&found)?,
            _ => print(&found, output)?,
        }
        Ok(found.same)
    }
}

fn print(found: &Impact, output: Output) -> Result<()> {
    let sampled = &found.sampled;
    remark(&format!(
        "version {} and the new SQL over {} rows of {} in {} of {} partitions, {:.2} s",
        found.base.version,
        sampled.rows,
        sampled.table,
        sampled.partitions.len(),
        sampled.of_partitions,
        found.seconds
    ));
    remark(&match found.key_source {
        KeySource::WholeRow => "no keys: whole rows are compared (choose some with --keys)".into(),
        KeySource::Given => format!("by {}", found.keys.join(", ")),
        KeySource::ComputedAlike => {
            format!("by {}, which both compute alike", found.keys.join(", "))
        }
        KeySource::GroupBy => format!("by {}, which both group by", found.keys.join(", ")),
    });
    if found.same {
        return say("nothing would change\n");
    }
    let rows = found.rows;
    say(&format!(
        "rows: {} before, {} after; {} added, {} removed, {} changed, {} unchanged\n",
        rows.old, rows.new, rows.added, rows.removed, rows.changed, rows.unchanged
    ))?;
    output.print(&columns(found), found, "")?;
    for example in found.examples.iter().take(20) {
        say(&line(found, example))?;
    }
    Ok(())
}

fn columns(found: &Impact) -> Sheet {
    let mut sheet = Sheet::new(&["column", "before", "after", "differing", "match"]);
    for column in &found.columns {
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        sheet.row([
            column.name.clone(),
            text(&column.old_type),
            text(&column.new_type),
            column.differing.to_string(),
            column.match_percent.map_or_else(|| "-".to_owned(), |part| format!("{part:.2} %")),
        ]);
    }
    sheet
}

fn line(found: &Impact, example: &ExampleRow) -> String {
    let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "NULL".to_owned());
    let sign = match example.change {
        RowChange::Added => '+',
        RowChange::Removed => '-',
        RowChange::Changed => '~',
    };
    let keys = found.keys.iter().zip(&example.key);
    let mut parts: Vec<String> =
        keys.map(|(key, value)| format!("{key}={}", shown(value))).collect();
    parts.extend(example.cells.iter().map(|cell| match example.change {
        RowChange::Changed => {
            format!("{}: {} -> {}", cell.column, shown(&cell.old), shown(&cell.new))
        }
        RowChange::Added => format!("{}: {}", cell.column, shown(&cell.new)),
        RowChange::Removed => format!("{}: {}", cell.column, shown(&cell.old)),
    }));
    format!("{sign} {}\n", parts.join("  "))
}
