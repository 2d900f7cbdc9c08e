//! `sluice query`: SQL over the catalog.

use std::process::ExitCode;

use arrow::array::Array;
use arrow::util::display::{ArrayFormatter, FormatOptions};
use clap::Args;
use domain::query::QueryLimits;
use domain::{Error, Result};
use etl_engine::query::service::QueryResult;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::output::{Output, Sheet, remark};
use crate::compose;
use crate::config::LakeConfig;

/// Query the tables of the catalog.
#[derive(Debug, Args)]
pub(super) struct Query {
    /// One SELECT over tables named as database.table.
    sql: String,

    /// Most rows returned.
    #[arg(long, default_value_t = 1_000, value_name = "N")]
    max_rows: usize,
}

impl Query {
    pub(super) async fn run(self, config: &LakeConfig, output: Output) -> Result<ExitCode> {
        let lake = compose::open(config).await?;
        let limits = QueryLimits { max_rows: self.max_rows, ..QueryLimits::default() };
        let cancel = CancellationToken::new();
        let interrupted = cancel.clone();
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                interrupted.cancel();
            }
        });
        let result = lake.query()?.run(&self.sql, &limits, &cancel).await?;
        print(&result, output)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Prints a result; says when it was cut, and what it cost.
pub(super) fn print(result: &QueryResult, output: Output) -> Result<()> {
    let columns = result.schema.fields().iter().map(|field| field.name().clone()).collect();
    let mut sheet = Sheet { columns, rows: Vec::with_capacity(result.rows) };
    let mut values = Vec::with_capacity(result.rows);
    let options = FormatOptions::default();
    for batch in &result.batches {
        let formatters = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column.as_ref(), &options))
            .collect::<std::result::Result<Vec<_>, _>>()
            .map_err(unprintable)?;
        for row in 0..batch.num_rows() {
            let cells: Vec<_> = formatters.iter().map(|f| f.value(row).to_string()).collect();
            let mut object = Map::new();
            for (index, name) in sheet.columns.iter().enumerate() {
                object.insert(name.clone(), json(batch.column(index).as_ref(), row, &cells[index]));
            }
            values.push(Value::Object(object));
            sheet.rows.push(cells);
        }
    }
    let cost = result.cost;
    let value = serde_json::json!({ "rows": values, "truncated": result.truncated, "cost": cost });
    output.print(&sheet, &value, "no rows")?;
    if output == Output::Table {
        let cut = result.truncated.as_ref().map_or(String::new(), |why| format!("; {why}"));
        // Not every engine tells what it opened.
        let opened = match cost.files {
            0 => String::new(),
            files => format!("{files} files of {} partitions, ", cost.partitions),
        };
        let (rows, seconds, bytes) = (result.rows, cost.seconds, cost.bytes);
        remark(&format!("{rows} rows in {seconds:.2} s from {opened}{bytes} bytes{cut}"));
    }
    Ok(())
}

/// A cell as JSON: numbers and booleans as such, everything else as text.
fn json(column: &dyn Array, row: usize, text: &str) -> Value {
    let data_type = column.data_type();
    if column.is_null(row) {
        return Value::Null;
    }
    if data_type.is_numeric() && !matches!(data_type, arrow::datatypes::DataType::Decimal128(..)) {
        return serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    }
    match text {
        "true" | "false" if *data_type == arrow::datatypes::DataType::Boolean => {
            Value::from(text == "true")
        }
        _ => Value::from(text),
    }
}

fn unprintable(error: arrow::error::ArrowError) -> Error {
    Error::internal(format!("the result cannot be printed: {error}"))
}
