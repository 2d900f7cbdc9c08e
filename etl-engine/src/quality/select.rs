//! Rules by SQL: a SELECT that returns failing rows, within the bounds of any untrusted SQL.

use std::sync::Arc;
use std::time::Duration;

use domain::partition::Partition;
use domain::table::CatalogTable;
use domain::{Error, Result};
use futures::TryStreamExt;
use tokio_util::sync::CancellationToken;

use super::evaluate::Judge;
use super::found::{Found, MOST_CELLS, stream, take_examples};
use crate::query::deep_stack::on_deep_stack;
use crate::query::failure::{failure, read_failure};
use crate::query::lookup::tables_named;
use crate::query::plan::plan;
use crate::query::planning::planning_session;
use crate::query::readable::ReadableLake;
use crate::query::session::{SessionLimits, session};
use crate::query::statement::QueryStatement;

/// How long one SELECT may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// A SELECT with the tables that it reads.
#[derive(Debug, Clone)]
pub(super) struct Select {
    statement: QueryStatement,
    /// Other tables than the one that is judged, with their days.
    others: Vec<(CatalogTable, Vec<Partition>)>,
}

/// Checks that the SQL of a rule is one SELECT over known tables and columns. `table` is the one
/// that the rule is about; it need not be in the catalog yet.
pub async fn check_sql(sql: &str, lake: &ReadableLake, table: &CatalogTable) -> Result<()> {
    let Select { statement, others } = Select::of(sql, lake, table).await?;
    let mut tables: Vec<_> = others.into_iter().map(|(other, _)| other).collect();
    tables.push(table.clone());
    on_deep_stack(async move {
        let state = planning_session(&tables)?;
        let plan = plan(&state, statement).await?;
        state.create_physical_plan(&plan).await.map(drop).map_err(failure)
    })
    .await
}

impl Select {
    /// Reads the SQL and finds its tables.
    pub(super) async fn of(sql: &str, lake: &ReadableLake, table: &CatalogTable) -> Result<Self> {
        let statement = QueryStatement::parse(sql)?;
        if !statement.is_select() {
            return Err(Error::invalid("a rule by SQL is exactly one SELECT"));
        }
        let catalog = lake.catalog.as_ref();
        let named = tables_named(statement.tables(), catalog, std::slice::from_ref(table)).await?;
        let mut others = Vec::new();
        for other in named {
            if other.name == table.name {
                continue;
            }
            let days = catalog.partitions(&other.name, None).await?;
            others.push((other, days.into_iter().map(|stored| stored.partition).collect()));
        }
        Ok(Self { statement, others })
    }

    /// Counts what it returns and keeps the first rows.
    pub(super) async fn check(&self, judge: &Judge<'_>) -> Result<Found> {
        let stop = judge.limits.cancel.child_token();
        // Whichever way this ends, what it started ends too.
        let _stop_at_the_end = stop.clone().drop_guard();
        match tokio::time::timeout(PATIENCE, self.run(judge, stop)).await {
            Ok(found) => found,
            Err(_) => Err(Error::invalid(format!(
                "the SELECT took longer than {} s: let it read less",
                PATIENCE.as_secs()
            ))),
        }
    }

    async fn run(&self, judge: &Judge<'_>, cancel: CancellationToken) -> Result<Found> {
        let (subject, log) = (judge.subject, &judge.log);
        let mut providers = vec![(subject.table.name.clone(), subject.whole_days(log)?)];
        for (table, days) in &self.others {
            providers.push(subject.lake.provider(table.clone(), days.clone(), log)?);
        }
        let limits = SessionLimits { cancel, ..judge.limits.clone() };
        let state = session(&limits, providers)?;
        let statement = self.statement.clone();
        let mut rows = on_deep_stack(async move {
            let plan = plan(&state, statement).await?;
            stream(&state, &plan).await
        })
        .await?;
        let schema = rows.schema();
        let names = schema.fields().iter().map(|field| field.name().clone());
        let columns = names.take(MOST_CELLS).collect();
        let mut found = Found { columns, ..Found::default() };
        loop {
            let batch = match rows.try_next().await {
                Ok(Some(batch)) => batch,
                Ok(None) => break,
                Err(error) => return Err(read_failure(error, &Arc::clone(log)).await),
            };
            found.failing += batch.num_rows() as u64;
            take_examples(&batch, &mut found.examples)?;
        }
        found.checked = found.failing;
        if found.failing == 0 {
            found.columns.clear();
        }
        Ok(found)
    }
}
