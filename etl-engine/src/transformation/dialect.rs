//! Dialect check: the same SQL over the same sample through two engines, and what they make of it.
//!
//! SQL is written and tested where Sluice computes it, and read where people query it; what one engine
//! takes the other may refuse, or answer with other values (integer division, rounding, the first day
//! of a week). This tells before an environment has it.

use std::sync::Arc;

use arrow::array::{RecordBatch, RecordBatchOptions};
use arrow::datatypes::{Field, Schema};
use domain::partition::{PARTITION_KEYS, Partition};
use domain::query::QueryLimits;
use domain::table::{CatalogPartition, TableName};
use domain::{Error, Result};
use tokio_util::sync::CancellationToken;

use super::compare::keys::grouped_by;
use super::compare::{Comparison, DEFAULT_TOLERANCE, Example, RowChange, Rule, compare, one_batch};
use crate::catalog::Catalog;
use crate::query::deep_stack::on_deep_stack;
use crate::query::lookup::tables_named;
use crate::query::partition_filter::with_filter;
use crate::query::plan::plan;
use crate::query::planning::planning_session;
use crate::query::service::{QueryResult, QueryService};
use crate::query::statement::QueryStatement;

/// Most rows of a table that is read whole because the SQL leaves no place for a filter.
const MAX_ROWS: u64 = 500_000;

/// Most differing rows that are told in words.
const MAX_TOLD: usize = 5;

/// What is checked.
#[derive(Debug, Clone, Copy)]
pub struct DialectRequest<'a> {
    /// The SQL.
    pub sql: &'a str,
    /// The table that is sampled: its newest day. Others are read as the SQL says.
    pub table: &'a TableName,
    /// Bounds on either query.
    pub limits: &'a QueryLimits,
}

/// What two engines make of one SQL.
#[derive(Debug, Clone)]
pub struct DialectReport {
    /// What both were asked.
    pub sql: String,
    /// The day that was sampled; `None`: the table was read as the SQL says.
    pub day: Option<Partition>,
    /// The engine that computes tables.
    pub ours: &'static str,
    /// The engine that people query with.
    pub theirs: &'static str,
    /// What came of it.
    pub outcome: DialectOutcome,
}

/// What came of a dialect check.
#[derive(Debug, Clone)]
pub enum DialectOutcome {
    /// Both answered; the old side is ours, the new side theirs.
    Compared(Comparison),
    /// The other engine refuses the SQL, with its words.
    Refused(String),
    /// The table holds no row yet, so that neither engine was asked.
    NothingToRead,
}

impl DialectReport {
    /// Whether both engines answer alike: columns, types, rows and values.
    pub fn is_same(&self) -> bool {
        matches!(&self.outcome, DialectOutcome::Compared(found) if found.is_same())
    }

    /// Every difference as a sentence; none when both answer alike, or nothing could be compared.
    pub fn sentences(&self) -> Vec<String> {
        match &self.outcome {
            DialectOutcome::NothingToRead => Vec::new(),
            DialectOutcome::Refused(why) => vec![format!("{} refuses the SQL: {why}", self.theirs)],
            DialectOutcome::Compared(found) => {
                let rows = found.examples.iter().take(MAX_TOLD).map(|example| self.row(example));
                self.columns(found).into_iter().chain(self.counts(found)).chain(rows).collect()
            }
        }
    }

    fn columns(&self, found: &Comparison) -> Vec<String> {
        let (ours, theirs) = (self.ours, self.theirs);
        let told = found.columns.iter().filter_map(|column| {
            let name = &column.name;
            match (&column.old_type, &column.new_type) {
                (Some(old), Some(new)) if old != new => {
                    Some(format!("column {name} is {old} in {ours} and {new} in {theirs}"))
                }
                (Some(_), None) => Some(format!("{theirs} returns no column {name}")),
                (None, Some(_)) => Some(format!("{ours} returns no column {name}")),
                _ if column.differing > 0 => Some(format!(
                    "column {name} differs in {} of {} rows",
                    column.differing, column.compared
                )),
                _ => None,
            }
        });
        told.collect()
    }

    fn counts(&self, found: &Comparison) -> Vec<String> {
        let (old, new) = (found.rows.removed, found.rows.added);
        let only = |rows: u64, engine: &str| match rows {
            0 => None,
            1 => Some(format!("only {engine} returns 1 of the rows")),
            rows => Some(format!("only {engine} returns {rows} of the rows")),
        };
        [only(old, self.ours), only(new, self.theirs)].into_iter().flatten().collect()
    }

    fn row(&self, example: &Example) -> String {
        let shown = |value: &Option<String>| value.clone().unwrap_or_else(|| "NULL".to_owned());
        let key: Vec<_> = example.key.iter().map(shown).collect();
        let key =
            if key.is_empty() { String::new() } else { format!(" with key ({})", key.join(", ")) };
        let cells = example.cells.iter().map(|cell| match example.change {
            RowChange::Added => format!("{} = {}", cell.column, shown(&cell.new)),
            RowChange::Removed => format!("{} = {}", cell.column, shown(&cell.old)),
            RowChange::Changed => format!(
                "{} is {} in {} and {} in {}",
                cell.column,
                shown(&cell.old),
                self.ours,
                shown(&cell.new),
                self.theirs
            ),
        });
        let cells = cells.collect::<Vec<_>>().join(", ");
        match example.change {
            RowChange::Added => format!("only {} returns the row{key}: {cells}", self.theirs),
            RowChange::Removed => format!("only {} returns the row{key}: {cells}", self.ours),
            RowChange::Changed => format!("in the row{key} {cells}"),
        }
    }
}

/// Runs the SQL through `ours` and `theirs`, and compares what they return.
///
/// [`domain::ErrorKind::Invalid`] when our own engine refuses the SQL, when the table cannot be sampled and is
/// too large to be read whole, when one result has more rows than the limits let through, or when the
/// other engine cannot run the SQL on this data. That it refuses the SQL is an outcome; all its other
/// errors are errors.
pub async fn check_dialect(
    catalog: &dyn Catalog,
    ours: &dyn QueryService,
    theirs: &dyn QueryService,
    request: &DialectRequest<'_>,
    cancel: &CancellationToken,
) -> Result<DialectReport> {
    let stored = catalog.partitions(request.table, None).await?;
    let report = |sql: &str, day, outcome| DialectReport {
        sql: sql.to_owned(),
        day,
        ours: ours.engine(),
        theirs: theirs.engine(),
        outcome,
    };
    if stored.iter().all(|stored| stored.rows == 0) {
        return Ok(report(request.sql, None, DialectOutcome::NothingToRead));
    }
    let (sql, day) = sampled(&stored, request)?;
    let keys = keys(catalog, &sql).await?;
    let (one, other) = futures::join!(
        ours.run(&sql, request.limits, cancel),
        theirs.run(&sql, request.limits, cancel)
    );
    let one = whole(one?, ours.engine())?;
    let other = match other {
        Ok(other) => named_alike(whole(other, theirs.engine())?, &one)?,
        Err(error) if theirs.refuses_sql(&error) => {
            let refused = DialectOutcome::Refused(error.message().to_owned());
            return Ok(report(&sql, day, refused));
        }
        Err(error) => return Err(error.context(theirs.engine())),
    };
    let both =
        |key: &String| one.schema().index_of(key).is_ok() && other.schema().index_of(key).is_ok();
    // A key that one engine calls something else is a difference, not a reason to give up.
    let keys = if keys.iter().all(both) { keys } else { Vec::new() };
    let rule = Rule { keys, tolerance: DEFAULT_TOLERANCE };
    Ok(report(&sql, day, DialectOutcome::Compared(compare(&one, &other, &rule)?)))
}

/// The SQL over the newest day of the table, where it leaves a place for such a filter.
fn sampled(
    stored: &[CatalogPartition],
    request: &DialectRequest<'_>,
) -> Result<(String, Option<Partition>)> {
    let (sql, table) = (request.sql, request.table);
    let newest = stored.iter().rev().find(|stored| stored.rows > 0).map(|stored| stored.partition);
    let Some(day) = newest.filter(|_| stored.len() > 1) else { return Ok((sql.to_owned(), None)) };
    let values = day.values();
    let parts: Vec<_> =
        PARTITION_KEYS.iter().zip(&values).map(|(key, value)| (*key, value.as_str())).collect();
    if let Some((sampled, _)) = with_filter(sql, table, &parts) {
        return Ok((sampled, Some(day)));
    }
    let rows: u64 = stored.iter().map(|stored| stored.rows).sum();
    if rows <= MAX_ROWS {
        return Ok((sql.to_owned(), None));
    }
    Err(Error::invalid(format!(
        "the dialect check cannot sample {table}: the SQL leaves no place for a filter on its day, and \
         the table has {rows} rows; {MAX_ROWS} are the most that are read whole"
    )))
}

/// The columns that tell rows apart; none: whole rows do.
async fn keys(catalog: &dyn Catalog, sql: &str) -> Result<Vec<String>> {
    let statement = QueryStatement::parse(sql)?;
    let tables = tables_named(statement.tables(), catalog, &[]).await?;
    on_deep_stack(
        async move { Ok(grouped_by(&plan(&planning_session(&tables)?, statement).await?)) },
    )
    .await
}

fn whole(result: QueryResult, engine: &str) -> Result<RecordBatch> {
    match &result.truncated {
        None => one_batch(&result.schema, &result.batches),
        Some(why) => Err(Error::invalid(format!(
            "the dialect check needs all rows that {engine} returns for one day, but {why}"
        ))),
    }
}

/// Columns without a name are called `_col0` and so on by Athena: they take the name that stands in
/// the same place of `like`.
fn named_alike(batch: RecordBatch, like: &RecordBatch) -> Result<RecordBatch> {
    let schema = batch.schema();
    if schema.fields().len() != like.num_columns() {
        return Ok(batch);
    }
    let field = |(at, field): (usize, &Arc<Field>)| {
        let is_unnamed = *field.name() == format!("_col{at}");
        let name =
            if is_unnamed { like.schema().field(at).name().clone() } else { field.name().clone() };
        field.as_ref().clone().with_name(name)
    };
    let fields: Vec<_> = schema.fields().iter().enumerate().map(field).collect();
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let (schema, columns) = (Arc::new(Schema::new(fields)), batch.columns().to_vec());
    RecordBatch::try_new_with_options(schema, columns, &options)
        .map_err(|error| Error::internal("columns cannot be named alike").with_source(error))
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Float64Array, Int64Array, StringArray};
    use domain::ErrorKind;
    use domain::run::RunId;
    use domain::table::CatalogTable;
    use domain::table_history::TableAuthor;

    use super::*;
    use crate::catalog::MemoryCatalog;
    use crate::query::MemoryQueryService;
    use crate::query::fixture::yellow;

    const SQL: &str = "SELECT vendorid, sum(extra) AS extra \
         FROM datalake_raw_source.yellow_taxi_trip_record GROUP BY vendorid";

    async fn catalog(days: &[&str]) -> MemoryCatalog {
        let catalog = MemoryCatalog::default();
        let table = CatalogTable { version: 0, ..yellow() };
        let by = TableAuthor::Person { login: "ada".into() };
        catalog.put_table(&table, &by).await.unwrap();
        let day = |day: &&str| CatalogPartition {
            partition: day.parse().unwrap(),
            rows: 400_000,
            bytes: 1,
            files: 1,
            run: RunId::generate(),
            updated_at: jiff::Timestamp::UNIX_EPOCH,
        };
        let days: Vec<_> = days.iter().map(day).collect();
        catalog.put_partitions(&table.name, &days).await.unwrap();
        catalog
    }

    fn rows(vendors: &[i64], extras: &[f64]) -> RecordBatch {
        let columns: [(&str, ArrayRef); 2] = [
            ("vendorid", Arc::new(Int64Array::from(vendors.to_vec()))),
            ("extra", Arc::new(Float64Array::from(extras.to_vec()))),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    async fn checked(
        sql: &str,
        ours: MemoryQueryService,
        theirs: MemoryQueryService,
    ) -> Result<DialectReport> {
        let (catalog, limits) = (catalog(&["2020-08-05"]).await, QueryLimits::default());
        let request = DialectRequest { sql, table: &yellow().name, limits: &limits };
        check_dialect(&catalog, &ours, &theirs, &request, &CancellationToken::new()).await
    }

    fn answering(rows: RecordBatch) -> MemoryQueryService {
        MemoryQueryService::default().answering(SQL, rows)
    }

    #[tokio::test]
    async fn equal_answers_are_the_same_in_any_order_and_within_the_tolerance() {
        let (ours, theirs) = (rows(&[1, 2], &[0.3, 2.0]), rows(&[2, 1], &[2.0, 0.1 + 0.2]));
        let report = checked(SQL, answering(ours), answering(theirs)).await.unwrap();
        assert!(report.is_same() && report.sentences().is_empty(), "{:?}", report.sentences());
    }

    #[tokio::test]
    async fn differing_columns_rows_and_values_are_told() {
        let columns: [(&str, ArrayRef); 2] = [
            ("vendorid", Arc::new(Int64Array::from(vec![1, 3]))),
            ("extra", Arc::new(StringArray::from(vec!["0.5", "9"]))),
        ];
        let theirs = RecordBatch::try_from_iter(columns).unwrap();
        let ours = rows(&[1, 2], &[0.25, 2.0]);
        let report = checked(SQL, answering(ours), answering(theirs)).await.unwrap();
        assert!(!report.is_same());
        let expected = [
            "column extra is double in memory and string in memory",
            "only memory returns 1 of the rows",
            "only memory returns 1 of the rows",
            "in the row with key (1) extra is 0.25 in memory and 0.5 in memory",
            "only memory returns the row with key (3): extra = 9",
            "only memory returns the row with key (2): extra = 2.0",
        ];
        assert_eq!(report.sentences(), expected);
    }

    #[tokio::test]
    async fn a_refusal_is_an_outcome_of_theirs_and_an_error_of_ours() {
        let known = || answering(rows(&[1], &[1.0]));
        let refused = checked(SQL, known(), MemoryQueryService::default()).await.unwrap();
        assert!(refused.sentences()[0].starts_with("memory refuses the SQL: "));
        let error = checked(SQL, MemoryQueryService::default(), known()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }

    #[tokio::test]
    async fn the_newest_day_is_sampled_where_the_sql_leaves_a_place_for_it() {
        let catalog = catalog(&["2020-08-04", "2020-08-05"]).await;
        let (name, limits) = (yellow().name, QueryLimits::default());
        let of = |sql| DialectRequest { sql, table: &name, limits: &limits };
        let stored = catalog.partitions(&name, None).await.unwrap();
        let (sql, day) = sampled(&stored, &of(SQL)).unwrap();
        assert_eq!(day, Some("2020-08-05".parse().unwrap()));
        assert!(sql.contains("yellow_taxi_trip_record.day = '05'"), "{sql}");
        let joined = "SELECT 1 AS one FROM datalake_raw_source.zone_lookup z LEFT JOIN \
             datalake_raw_source.yellow_taxi_trip_record t ON true";
        let error = sampled(&stored, &of(joined)).unwrap_err();
        assert!(error.to_string().contains("800000 rows"), "{error}");
    }

    #[test]
    fn columns_without_a_name_take_ours() {
        let ours = rows(&[1], &[1.0]);
        let columns: [(&str, ArrayRef); 2] = [
            ("vendorid", Arc::new(Int64Array::from(vec![1]))),
            ("_col1", Arc::new(Float64Array::from(vec![1.0]))),
        ];
        let theirs = RecordBatch::try_from_iter(columns).unwrap();
        assert_eq!(named_alike(theirs, &ours).unwrap().schema(), ours.schema());
    }
}
