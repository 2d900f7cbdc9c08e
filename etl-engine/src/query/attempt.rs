//! One query carried out: over again as long as files are replaced while it reads them.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use domain::partition::Partition;
use domain::query::{QueryCost, QueryLimits};
use domain::table::CatalogTable;
use domain::{Error, Result};

use super::collect::{Capped, Caps};
use super::cost::cost_of;
use super::failure::{failure, read_failure};
use super::plan::plan;
use super::readable::ReadableLake;
use super::reads::ReadLog;
use super::session::{SessionLimits, session};
use super::spill::SpillFolder;
use super::started::{Pages, Started};
use super::statement::QueryStatement;

/// How often a query starts over because a file was replaced while it was read.
const ATTEMPTS: u32 = 50;

/// From this attempt on, versions are pinned file by file instead of all at the listing.
const FIRST_PINNING: u32 = 5;

/// How long it waits before it starts over.
const PAUSE: Duration = Duration::from_millis(10);

/// A query whose tables are known.
#[derive(Debug, Clone)]
pub(super) struct Prepared {
    pub(super) statement: QueryStatement,
    pub(super) tables: Vec<(CatalogTable, Vec<Partition>)>,
}

/// What one attempt works on; everything in it ends with the attempt.
pub(super) struct Attempt {
    pub(super) lake: ReadableLake,
    pub(super) prepared: Prepared,
    pub(super) limits: QueryLimits,
    pub(super) session: SessionLimits,
    /// Kept until the last spilled file is closed.
    pub(super) _spill: Arc<SpillFolder>,
}

/// Where the rows of an attempt go.
pub(super) enum Sink {
    /// All of them into memory.
    Kept(Vec<RecordBatch>),
    /// To whoever takes them.
    HandedOut { pages: Pages, started: Arc<Started> },
}

impl Sink {
    /// Begins an attempt; the rows of the one before do not count.
    async fn begin(&mut self, cost: QueryCost, schema: &SchemaRef) -> Result<()> {
        match self {
            Self::Kept(batches) => batches.clear(),
            Self::HandedOut { pages, started } => {
                started.reads(cost);
                pages.begin();
                pages.hand_out(RecordBatch::new_empty(Arc::clone(schema))).await?;
            }
        }
        Ok(())
    }

    async fn add(&mut self, batch: RecordBatch) -> Result<()> {
        match self {
            Self::Kept(batches) => batches.push(batch),
            Self::HandedOut { pages, .. } => pages.hand_out(batch).await?,
        }
        Ok(())
    }
}

/// An attempt that came to its end.
pub(super) struct Done {
    pub(super) schema: SchemaRef,
    pub(super) caps: Caps,
    pub(super) cost: QueryCost,
}

impl Attempt {
    /// Starts over as long as files are replaced while they are read (promise A2).
    pub(super) async fn until_consistent(self, sink: &mut Sink) -> Result<Done> {
        for attempt in 1.. {
            let pinning = attempt >= FIRST_PINNING;
            let log = Arc::new(if pinning { ReadLog::pinning() } else { ReadLog::default() });
            match self.once(&log, sink).await {
                Err(_) if log.replaced().is_some() && attempt < ATTEMPTS => {
                    tokio::time::sleep(PAUSE).await;
                }
                result => return result,
            }
        }
        Err(Error::internal("the query was not tried"))
    }

    async fn once(&self, log: &Arc<ReadLog>, sink: &mut Sink) -> Result<Done> {
        let (state, plan) = self.physical(log).await?;
        let cost = cost_of(&plan);
        let stream = execute_stream(plan, state.task_ctx()).map_err(failure)?;
        let schema = stream.schema();
        sink.begin(cost, &schema).await?;
        let mut rows = Capped::new(stream, &self.limits);
        loop {
            match rows.next().await {
                Ok(Some(batch)) => sink.add(batch).await?,
                Ok(None) => return Ok(Done { schema, caps: rows.caps, cost }),
                Err(error) => return Err(read_failure(error, log).await),
            }
        }
    }

    pub(super) async fn physical(
        &self,
        log: &Arc<ReadLog>,
    ) -> Result<(SessionState, Arc<dyn ExecutionPlan>)> {
        let tables = self.prepared.tables.iter().cloned();
        let providers =
            tables.map(|(table, partitions)| self.lake.provider(table, partitions, log));
        let state = session(&self.session, providers.collect::<Result<_>>()?)?;
        let plan = plan(&state, self.prepared.statement.clone()).await?;
        let plan = first_rows(plan, self.limits.max_rows)?;
        let plan = state.create_physical_plan(&plan).await.map_err(failure)?;
        Ok((state, plan))
    }
}

/// The plan with one row more than is shown, so that sorting everything can be avoided while it is
/// still known whether there is more.
fn first_rows(plan: LogicalPlan, max_rows: usize) -> Result<LogicalPlan> {
    if matches!(plan, LogicalPlan::Explain(_)) {
        return Ok(plan);
    }
    LogicalPlanBuilder::from(plan)
        .limit(0, Some(max_rows.saturating_add(1)))
        .and_then(LogicalPlanBuilder::build)
        .map_err(failure)
}
