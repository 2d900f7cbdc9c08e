//! Rules that each row tells by itself, and the newest value: one pass for all of them, and one more
//! for the examples of each that is broken.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Date32Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use datafusion::common::ScalarValue;
use datafusion::datasource::provider_as_source;
use datafusion::functions::core::expr_fn::coalesce;
use datafusion::functions_aggregate::expr_fn::{count, max};
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, SortExpr, ident, lit, when};
use domain::column::ColumnType;
use domain::partition::PARTITION_KEYS;
use domain::quality::{Check, MOST_EXAMPLES};
use domain::{Error, Result};
use jiff::{SignedDuration, Timestamp};

use super::evaluate::{Judge, passing};
use super::found::{Found, MOST_CELLS, collect, take_examples};
use super::subject::Task;
use crate::column_types::arrow_type;
use crate::query::failure::failure;

/// First columns of a table that stand for its keys when nobody named those.
const KEYS: usize = 4;

/// What is asked of each row.
enum Asked {
    /// True for a row that fails.
    Fails(Expr),
    /// The newest value of a column; `None`: of the days.
    Newest(Option<String>),
}

/// The outcomes of the rules among `tasks` that rows tell, in their order.
pub(super) async fn check(judge: &Judge<'_>, tasks: &[&Task]) -> Result<Vec<Result<Found>>> {
    let asked: Vec<_> =
        tasks.iter().filter_map(|task| Some((*task, asked(judge, &task.rule.check)?))).collect();
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let (rows, counts) = match passing(measure(judge, &asked).await)? {
        Ok(measured) => measured,
        Err(error) => return Ok(asked.iter().map(|_| Err(error.clone())).collect()),
    };
    let mut outcomes = Vec::with_capacity(asked.len());
    for ((task, asked), value) in asked.into_iter().zip(counts) {
        let found = match asked {
            Err(error) => Err(error),
            Ok(Asked::Fails(_)) if integer(&value) == 0 => {
                Ok(Found { checked: rows, ..Found::default() })
            }
            Ok(Asked::Fails(fails)) => failing(judge, task, fails, rows, integer(&value)).await,
            Ok(Asked::Newest(column)) => newest(judge, task, column, rows, &value),
        };
        outcomes.push(passing(found)?);
    }
    Ok(outcomes)
}

/// What a rule asks of rows; `None` when it is of another kind.
fn asked(judge: &Judge<'_>, check: &Check) -> Option<Result<Asked>> {
    match check {
        Check::NotNull { column } => Some(Ok(Asked::Fails(ident(column).is_null()))),
        Check::Range { column, min, max } => {
            Some(out_of_range(judge, column, min.as_deref(), max.as_deref()).map(Asked::Fails))
        }
        Check::AcceptedValues { column, values } => {
            let values = values.iter().map(|value| literal(judge, column, value));
            let values = values.collect::<Result<Vec<_>>>();
            Some(values.map(|values| Asked::Fails(ident(column).in_list(values, true))))
        }
        Check::Freshness { column, .. } => Some(Ok(Asked::Newest(column.clone()))),
        _ => None,
    }
}

/// NULL is in every range, NaN in none. That a value is NaN is asked in a way that statistics of
/// files, which leave NaN out, cannot answer.
fn out_of_range(
    judge: &Judge<'_>,
    column: &str,
    min: Option<&str>,
    max: Option<&str>,
) -> Result<Expr> {
    let below = min.map(|min| Ok::<_, Error>(ident(column).lt(literal(judge, column, min)?)));
    let above = max.map(|max| Ok::<_, Error>(ident(column).gt(literal(judge, column, max)?)));
    let mut fails: Vec<_> = below.into_iter().chain(above).collect::<Result<_>>()?;
    if type_of(judge, column) == ColumnType::Double {
        let number = coalesce(vec![ident(column), lit(0.0_f64)]);
        fails.push(number.clone().gt(lit(f64::INFINITY)));
        fails.push(number.lt(lit(f64::NEG_INFINITY)));
    }
    let any = fails.into_iter().reduce(Expr::or);
    any.ok_or_else(|| Error::invalid("the range has no bounds: set a least or a greatest value"))
}

fn type_of(judge: &Judge<'_>, column: &str) -> ColumnType {
    let found = judge.subject.table.columns.iter().find(|known| known.name == column);
    found.map_or(ColumnType::String, |known| known.column_type)
}

/// A value as the column's type reads it.
fn literal(judge: &Judge<'_>, column: &str, value: &str) -> Result<Expr> {
    let column_type = type_of(judge, column);
    let text = if column_type == ColumnType::String { value } else { value.trim() };
    let read = ScalarValue::try_from_string(text.to_owned(), &arrow_type(column_type));
    match read {
        Ok(value) if !value.is_null() => Ok(lit(value)),
        _ => Err(Error::invalid(format!(
            "{value:?} is no {column_type}, which {column} is; change the rule"
        ))),
    }
}

/// One pass: the number of rows, and for each question its count or its newest value.
async fn measure(
    judge: &Judge<'_>,
    asked: &[(&Task, Result<Asked>)],
) -> Result<(u64, Vec<ArrayRef>)> {
    let measure = |(_, asked): &(&Task, Result<Asked>)| match asked {
        Ok(Asked::Fails(fails)) => {
            Ok(count(when(fails.clone(), lit(1_i64)).end().map_err(failure)?))
        }
        Ok(Asked::Newest(Some(column))) => Ok(max(ident(column))),
        Ok(Asked::Newest(None)) | Err(_) => Ok(count(lit(1_i64))),
    };
    let measures = asked.iter().map(measure).collect::<Result<Vec<_>>>()?;
    let measures = [count(lit(1_i64))].into_iter().chain(measures).enumerate();
    let measures: Vec<_> = measures.map(|(at, measure)| measure.alias(format!("m{at}"))).collect();
    let names: Vec<_> = (0..measures.len()).map(|at| ident(format!("m{at}"))).collect();
    let changed = provider_as_source(judge.subject.changed(&judge.log)?);
    let plan = LogicalPlanBuilder::scan("changed", changed, None)
        .and_then(|rows| rows.aggregate(Vec::<Expr>::new(), measures))
        .and_then(|measured| measured.project(names)?.build())
        .map_err(failure)?;
    let batches = collect(&judge.state, &plan, &judge.log).await?;
    let batch = batches.iter().find(|batch| batch.num_rows() == 1);
    let batch = batch.ok_or_else(|| Error::internal("counting rows returned none"))?;
    let rows = integer(batch.column(0));
    Ok((rows, batch.columns().iter().skip(1).cloned().collect()))
}

fn integer(value: &ArrayRef) -> u64 {
    let value = value.as_primitive_opt::<Int64Type>().filter(|value| value.is_valid(0));
    value.map_or(0, |value| u64::try_from(value.value(0)).unwrap_or_default())
}

/// A broken rule with its first failing rows, in the order of what is shown of them.
async fn failing(
    judge: &Judge<'_>,
    task: &Task,
    fails: Expr,
    checked: u64,
    failing: u64,
) -> Result<Found> {
    let columns = shown(judge, &task.rule.check);
    let exprs = columns.iter().enumerate().map(|(at, column)| {
        let value = match column.as_str() {
            "partition" => day(),
            name => ident(name),
        };
        value.alias(format!("c{at}"))
    });
    let exprs: Vec<_> = exprs.collect();
    let order: Vec<SortExpr> =
        (0..columns.len()).map(|at| ident(format!("c{at}")).sort(true, true)).collect();
    let changed = provider_as_source(judge.subject.changed(&judge.log)?);
    let plan = LogicalPlanBuilder::scan("changed", changed, None)
        .and_then(|rows| rows.filter(fails)?.project(exprs))
        .and_then(|rows| rows.sort_with_limit(order, Some(MOST_EXAMPLES))?.build())
        .map_err(failure)?;
    let mut examples = Vec::new();
    for batch in collect(&judge.state, &plan, &judge.log).await? {
        take_examples(&batch, &mut examples)?;
    }
    Ok(Found { checked, failing, columns, examples, ..Found::default() })
}

/// What is shown of a failing row: the columns of the rule, those that tell rows apart, its day.
fn shown(judge: &Judge<'_>, check: &Check) -> Vec<String> {
    let table = &judge.subject.table;
    let there = |name: &String| table.columns.iter().any(|column| column.name == *name);
    let mut columns: Vec<String> = check.columns().into_iter().map(str::to_owned).collect();
    let named: Vec<_> = judge.subject.keys.iter().filter(|key| there(key)).cloned().collect();
    let keys = match named.is_empty() {
        true => table.columns.iter().take(KEYS).map(|column| column.name.clone()).collect(),
        false => named,
    };
    for key in keys {
        if !columns.contains(&key) {
            columns.push(key);
        }
    }
    columns.retain(|column| !PARTITION_KEYS.contains(&column.as_str()));
    columns.truncate(MOST_CELLS - 1);
    columns.push("partition".to_owned());
    columns
}

/// `2020-08-05`.
fn day() -> Expr {
    let [year, month, day] = PARTITION_KEYS.map(ident);
    let dash = || lit("-");
    [dash(), month, dash(), day].into_iter().fold(year, |text, part| {
        datafusion::logical_expr::binary_expr(
            text,
            datafusion::logical_expr::Operator::StringConcat,
            part,
        )
    })
}

/// Whether the newest value is new enough.
fn newest(
    judge: &Judge<'_>,
    task: &Task,
    column: Option<String>,
    rows: u64,
    value: &ArrayRef,
) -> Result<Found> {
    let Check::Freshness { max_age_hours, .. } = task.rule.check else {
        return Err(Error::internal("a rule without an age was asked for the newest value"));
    };
    let (name, newest) = match column {
        Some(column) => {
            let newest = moment(value)?;
            (column, newest)
        }
        None => {
            let newest = judge.subject.changed.iter().map(|file| file.partition).max();
            ("day".to_owned(), newest.map(|day| end_of(day.date())).transpose()?)
        }
    };
    let Some((newest, written)) = newest else {
        return Ok(Found::nothing(format!("no row has a {name}")));
    };
    let age = judge.subject.as_of.duration_since(newest);
    if age <= SignedDuration::from_hours(i64::from(max_age_hours)) {
        return Ok(Found { checked: rows, ..Found::default() });
    }
    let hours = age.as_hours();
    Ok(Found {
        checked: rows,
        failing: 1,
        detail: Some(format!(
            "the newest {name} is {written}, {hours} h old; at most {max_age_hours} h are allowed"
        )),
        columns: vec![name],
        examples: vec![vec![Some(written)]],
        ..Found::default()
    })
}

type Moment = (Timestamp, String);

/// The newest value as a point in time in UTC, and as it is written.
fn moment(value: &ArrayRef) -> Result<Option<Moment>> {
    let no_time =
        |error: jiff::Error| Error::invalid(format!("the newest value is no time: {error}"));
    if let Some(days) = value.as_primitive_opt::<Date32Type>() {
        if days.is_null(0) {
            return Ok(None);
        }
        let days = jiff::Span::new().try_days(days.value(0)).map_err(no_time)?;
        let date = jiff::civil::date(1970, 1, 1).checked_add(days).map_err(no_time)?;
        return end_of(date).map(Some);
    }
    let micros = DataType::Timestamp(TimeUnit::Microsecond, None);
    let value = cast(value, &micros)
        .map_err(|error| Error::invalid(format!("the newest value is no time: {error}")))?;
    let value = value.as_primitive::<TimestampMicrosecondType>();
    if value.is_null(0) {
        return Ok(None);
    }
    let at = Timestamp::from_microsecond(value.value(0)).map_err(no_time)?;
    Ok(Some((at, at.to_string())))
}

/// A day as the moment at which it is over.
fn end_of(date: jiff::civil::Date) -> Result<Moment> {
    let end = date.tomorrow().and_then(|next| next.to_zoned(jiff::tz::TimeZone::UTC));
    let end = end.map_err(|error| Error::invalid(format!("{date} is no usable day: {error}")))?;
    Ok((end.timestamp(), date.to_string()))
}

/// The only value of the only row of a count.
pub(super) fn single(batches: &[RecordBatch], column: usize) -> u64 {
    let batch = batches.iter().find(|batch| batch.num_rows() == 1);
    batch.map_or(0, |batch| integer(batch.column(column)))
}
