//! `sluice catalog`: tables, partitions, history.

use std::process::ExitCode;

use app::api::catalog::TablePoint;
use clap::Subcommand;
use domain::table::TableName;
use domain::table_history::ColumnChange;
use domain::{Error, Result};

use super::output::{Output, Sheet};
use crate::compose;
use crate::config::LakeConfig;
use crate::open_lake::OpenLake;

/// Show the tables of the catalog.
#[derive(Debug, Subcommand)]
pub(super) enum Catalog {
    /// List all tables.
    Tables {
        /// Only of this database.
        #[arg(long)]
        database: Option<String>,
    },
    /// Show the columns and partitions of a table.
    Show {
        /// The table, as database.table.
        table: String,
        /// Show partitions instead of columns.
        #[arg(long)]
        partitions: bool,
    },
    /// Show what changed in the columns and descriptions of a table, newest first.
    History {
        /// The table, as database.table.
        table: String,
    },
}

impl Catalog {
    pub(super) async fn run(self, config: &LakeConfig, output: Output) -> Result<ExitCode> {
        let lake = compose::open(config).await?;
        match self {
            Self::Tables { database } => tables(&lake, database.as_deref(), output).await?,
            Self::Show { table, partitions } => show(&lake, &table, partitions, output).await?,
            Self::History { table } => history(&lake, &table, output).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn tables(lake: &OpenLake, database: Option<&str>, output: Output) -> Result<()> {
    let tables = lake.lake.catalog.tables(database).await?;
    let mut sheet = Sheet::new(&["table", "zone", "columns", "partitions", "rows", "bytes"]);
    let mut values = Vec::with_capacity(tables.len());
    for table in &tables {
        let partitions = lake.lake.catalog.partitions(&table.name, None).await?;
        let rows: u64 = partitions.iter().map(|partition| partition.rows).sum();
        let bytes: u64 = partitions.iter().map(|partition| partition.bytes).sum();
        sheet.row([
            table.name.to_string(),
            table.zone.to_string(),
            table.columns.len().to_string(),
            partitions.len().to_string(),
            rows.to_string(),
            bytes.to_string(),
        ]);
        values.push(serde_json::json!({
            "table": table, "partitions": partitions.len(), "rows": rows, "bytes": bytes,
        }));
    }
    output.print(&sheet, &values, "the catalog is empty: `sluice ingest` fills it")
}

async fn show(lake: &OpenLake, table: &str, partitions: bool, output: Output) -> Result<()> {
    let name = parsed(table)?;
    let table = lake.lake.catalog.table(&name).await?.ok_or_else(|| {
        Error::not_found(format!("table {name} is not in the catalog: see `sluice catalog tables`"))
    })?;
    let stored = lake.lake.catalog.partitions(&name, None).await?;
    let mut sheet = Sheet::new(match partitions {
        true => &["partition", "rows", "bytes", "files", "last run", "changed"],
        false => &["column", "type", "comment"],
    });
    if partitions {
        for partition in &stored {
            sheet.row([
                partition.partition.to_string(),
                partition.rows.to_string(),
                partition.bytes.to_string(),
                partition.files.to_string(),
                partition.run.to_string(),
                partition.updated_at.to_string(),
            ]);
        }
    } else {
        for column in &table.columns {
            let comment = column.comment.clone().unwrap_or_default();
            sheet.row([column.name.clone(), column.column_type.to_string(), comment]);
        }
        for key in domain::partition::PARTITION_KEYS {
            sheet.row([key.to_owned(), "string".to_owned(), "partition key".to_owned()]);
        }
    }
    let value = serde_json::json!({ "table": table, "partitions": stored });
    output.print(&sheet, &value, "the table has no partitions")
}

async fn history(lake: &OpenLake, table: &str, output: Output) -> Result<()> {
    let points = crate::catalog::history(&lake.lake, &parsed(table)?).await?;
    let mut sheet = Sheet::new(&["version", "when", "by", "change"]);
    for (at, point) in points.iter().enumerate() {
        let by = match (&point.person, &point.run) {
            (Some(person), _) => person.clone(),
            (None, Some(run)) => format!("run {run}"),
            (None, None) => String::new(),
        };
        let when = point.changed_at.map(|at| at.to_string()).unwrap_or_default();
        let is_first = at + 1 == points.len();
        sheet.row([point.version.to_string(), when, by, in_words(point, is_first)]);
    }
    output.print(&sheet, &points, "the table has no history")
}

/// What a point changed, in a line.
fn in_words(point: &TablePoint, is_first: bool) -> String {
    if is_first {
        return format!("{} columns", point.columns);
    }
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let columns = point.change.columns.iter().map(|column| match column.change {
        ColumnChange::Added => format!("+ {} {}", column.name, text(&column.type_after)),
        ColumnChange::Removed => format!("- {} {}", column.name, text(&column.type_before)),
        ColumnChange::Retyped => {
            let (before, after) = (text(&column.type_before), text(&column.type_after));
            format!("{} {before} -> {after}", column.name)
        }
        ColumnChange::Described | ColumnChange::Same => format!("{} described", column.name),
    });
    let change = &point.change;
    let described = change.description_before != change.description_after;
    let others = [(described, "table described"), (change.is_reordered, "reordered")];
    let others = others.into_iter().filter(|(is_so, _)| *is_so).map(|(_, word)| word.to_owned());
    columns.chain(others).collect::<Vec<_>>().join(", ")
}

fn parsed(table: &str) -> Result<TableName> {
    let (database, name) = table.split_once('.').ok_or_else(|| {
        Error::invalid(format!("table {table:?} is not valid: write it as database.table"))
    })?;
    Ok(TableName::new(database, name))
}
