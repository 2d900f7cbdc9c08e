//! Row counts against the days before.

use std::collections::BTreeMap;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use datafusion::datasource::provider_as_source;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{LogicalPlanBuilder, cast, ident, lit};
use domain::partition::{PARTITION_KEYS, Partition};
use domain::quality::MOST_EXAMPLES;
use domain::{Error, Result};

use super::evaluate::Judge;
use super::found::{Found, collect};
use crate::query::failure::failure;

/// Days that are needed before a day to judge it.
const LEAST_HISTORY: usize = 3;

/// Checks the rows of each day against the median of at most `days` days before it that have rows.
pub(super) async fn check(
    judge: &Judge<'_>,
    days: u32,
    min_percent: Option<u32>,
    max_percent: Option<u32>,
) -> Result<Found> {
    let mut all = judge.subject.history.clone();
    let now = rows_by_day(judge).await?;
    all.extend(now.iter().map(|(day, rows)| (*day, *rows)));
    let mut found = Found {
        columns: ["partition", "rows", "median before"].map(str::to_owned).to_vec(),
        ..Found::default()
    };
    for (day, rows) in now {
        let before = all.range(..day).rev().map(|(_, rows)| *rows).filter(|rows| *rows > 0);
        let before: Vec<_> = before.take(days as usize).collect();
        let Some(median) = median(before) else { continue };
        found.checked += 1;
        let share = rows as f64 * 100.0 / median;
        let few = min_percent.is_some_and(|min| share < f64::from(min));
        let many = max_percent.is_some_and(|max| share > f64::from(max));
        if !few && !many {
            continue;
        }
        found.failing += 1;
        if found.examples.len() < MOST_EXAMPLES {
            let cells = [day.to_string(), rows.to_string(), median.to_string()];
            found.examples.push(cells.map(Some).to_vec());
        }
    }
    if found.checked == 0 {
        return Ok(Found::nothing(format!(
            "no day has {LEAST_HISTORY} days with rows before it to be compared with"
        )));
    }
    if found.failing == 0 {
        found.columns.clear();
    }
    Ok(found)
}

/// Rows of each day as it would be; a day that loses its last row has none.
async fn rows_by_day(judge: &Judge<'_>) -> Result<BTreeMap<Partition, u64>> {
    let table = provider_as_source(judge.subject.whole_days(&judge.log)?);
    let keys: Vec<_> = PARTITION_KEYS.map(ident).to_vec();
    let text = |key| cast(ident(key), arrow::datatypes::DataType::Utf8).alias(key);
    let shown: Vec<_> = PARTITION_KEYS.map(text).into_iter().chain([ident("found")]).collect();
    let plan = LogicalPlanBuilder::scan("days", table, None)
        .and_then(|rows| rows.aggregate(keys, [count(lit(1_i64)).alias("found")]))
        .and_then(|counted| counted.project(shown)?.build())
        .map_err(failure)?;
    let mut rows: BTreeMap<_, _> = judge.subject.days.iter().map(|day| (*day, 0)).collect();
    for batch in collect(&judge.state, &plan, &judge.log).await? {
        let lost = || Error::internal("counting the rows of days returned something else");
        let key = |at: usize| batch.column(at).as_string_opt::<i32>().ok_or_else(lost);
        let (year, month, day) = (key(0)?, key(1)?, key(2)?);
        let counts = batch.column(3).as_primitive_opt::<Int64Type>().ok_or_else(lost)?;
        for row in 0..batch.num_rows() {
            let day = Partition::from_values(year.value(row), month.value(row), day.value(row))?;
            rows.insert(day, u64::try_from(counts.value(row)).unwrap_or_default());
        }
    }
    Ok(rows)
}

/// The one in the middle; of an even number the mean of the two. `None` of too few.
fn median(mut rows: Vec<u64>) -> Option<f64> {
    if rows.len() < LEAST_HISTORY {
        return None;
    }
    rows.sort_unstable();
    let (middle, odd) = (rows.len() / 2, rows.len() % 2 == 1);
    let at = |index: usize| rows.get(index).map(|rows| *rows as f64);
    if odd { at(middle) } else { Some((at(middle - 1)? + at(middle)?) / 2.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_and_needs_three() {
        assert_eq!(median(vec![9, 1, 5]), Some(5.0));
        assert_eq!(median(vec![4, 1, 3, 2]), Some(2.5));
        assert_eq!(median(vec![1, 2]), None);
    }
}
