//! What a check of SQL takes while it is typed, in a lake with many tables.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::client::Session;
use super::{Figure, answers};

const DATASET: &str = "tlc_taxi_data/yellow_taxi_trip_record";

/// Checks of the demo's SQL as it is, and with the mistakes that stand in it while people type.
pub(super) fn checks(session: &Session) -> Result<Vec<Figure>> {
    let path = format!("/api/v1/environments/dev/transformations/{DATASET}");
    let shown: Value = serde_json::from_str(&session.text(&path)?).context("no transformation")?;
    let sql = shown["current"]["sql"].as_str().context("the demo has no SQL for yellow trips")?;
    let check = format!("{path}/check");
    let mistakes = [
        ("as it is", String::new(), 0),
        ("with an unknown column", sql.replacen("sum(total_amount)", "sum(total_amoun)", 1), 1),
        ("with an unknown function", sql.replacen("sum(total_amount)", "su(total_amount)", 1), 1),
        ("with a function of text", sql.replacen("sum(total_amount)", "sum(upper('a'))", 1), 1),
        ("with an unknown table", sql.replacen("yellow_taxi_trip", "yellow_taxi_tri", 1), 1),
    ];
    let figure = |(how, wrong, errors): (&str, String, usize)| {
        let sql = if errors == 0 { sql } else { &wrong };
        let body = json!({ "sql": sql }).to_string();
        let found: Value = serde_json::from_str(&session.post(&check, &body)?.body)
            .with_context(|| format!("the check {how} is not JSON"))?;
        let count = found["findings"].as_array().map_or(0, Vec::len);
        ensure!(count == errors, "{count} findings {how}: {found}");
        answers(&format!("check of the yellow SQL {how}"), || session.post(&check, &body))
    };
    mistakes.into_iter().map(figure).collect()
}
