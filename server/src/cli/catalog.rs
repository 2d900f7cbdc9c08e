//! `sluice catalog`: tables and partitions.

use std::process::ExitCode;

use clap::Subcommand;
use domain::table::TableName;
use domain::{Error, Result};

use super::output::{Output, Sheet};
use crate::compose::embedded::Embedded;
use crate::config::LakeConfig;

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
}

impl Catalog {
    pub(super) async fn run(self, config: &LakeConfig, output: Output) -> Result<ExitCode> {
        let lake = Embedded::open(config).await?;
        match self {
            Self::Tables { database } => tables(&lake, database.as_deref(), output).await?,
            Self::Show { table, partitions } => show(&lake, &table, partitions, output).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

async fn tables(lake: &Embedded, database: Option<&str>, output: Output) -> Result<()> {
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

async fn show(lake: &Embedded, table: &str, partitions: bool, output: Output) -> Result<()> {
    let (database, name) = table.split_once('.').ok_or_else(|| {
        Error::invalid(format!("table {table:?} is not valid: write it as database.table"))
    })?;
    let name = TableName::new(database, name);
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
