//! Queries run by DataFusion in a sandbox of its own (promises E1 to E8, E10).
//!
//! Architecture invariant: queries run on their own threads, so that neither a heavy query nor one
//! that panics reaches the server's or the runs' threads.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use datafusion::execution::session_state::SessionState;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use domain::partition::Partition;
use domain::query::{QueryCost, QueryLimits};
use domain::table::CatalogTable;
use domain::{Error, ErrorKind, Result};
use tokio::runtime::Runtime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::collect::collect;
use super::cost::cost_of;
use super::deep_stack::DEEP_STACK_BYTES;
use super::failure::{failure, read_failure};
use super::lookup::tables_named;
use super::plan::plan;
use super::readable::ReadableLake;
use super::reads::ReadLog;
use super::service::{QueryResult, QueryService};
use super::session::{SessionLimits, session};
use super::spill::SpillFolder;
use super::statement::QueryStatement;

/// How often a query starts over because a file was replaced while it was read.
const ATTEMPTS: u32 = 50;

/// From this attempt on, versions are pinned file by file instead of all at the listing.
const FIRST_PINNING: u32 = 5;

/// How long it waits before it starts over.
const PAUSE: Duration = Duration::from_millis(10);

/// How the service shares one machine.
#[derive(Debug, Clone)]
pub struct QuerySettings {
    /// Spilled data goes into a private folder below this one; other processes may use it too.
    pub spill_parent: PathBuf,
    /// Most bytes that one query may spill.
    pub max_spill: u64,
    /// Threads for all queries together.
    pub threads: usize,
    /// Queries that run at once; others wait.
    pub concurrency: usize,
    /// Queries that wait at most; others are refused.
    pub max_waiting: usize,
}

/// A [`QueryService`] over the object stores of one environment.
pub struct DataFusionQueryService {
    lake: ReadableLake,
    settings: QuerySettings,
    spill: Arc<SpillFolder>,
    slots: Arc<Semaphore>,
    waiting: AtomicUsize,
    /// Taken when the service is dropped: a runtime may not block where it is dropped.
    runtime: Option<Runtime>,
}

/// Some partitions of a table, which need not be in the catalog.
#[derive(Debug, Clone)]
pub struct PartOfTable {
    /// The table.
    pub table: CatalogTable,
    /// The partitions.
    pub partitions: Vec<Partition>,
}

/// A query whose tables are known.
#[derive(Debug, Clone)]
struct Prepared {
    statement: QueryStatement,
    tables: Vec<(CatalogTable, Vec<Partition>)>,
}

/// What one attempt works on; everything in it ends with the attempt.
struct Attempt {
    lake: ReadableLake,
    prepared: Prepared,
    limits: QueryLimits,
    session: SessionLimits,
    /// Kept until the last spilled file is closed.
    _spill: Arc<SpillFolder>,
}

impl DataFusionQueryService {
    /// Starts the service's threads and makes its spill folder.
    pub fn new(lake: ReadableLake, settings: QuerySettings) -> Result<Self> {
        let spill = Arc::new(SpillFolder::create(&settings.spill_parent)?);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(settings.threads.max(1))
            .thread_name("query")
            .thread_stack_size(DEEP_STACK_BYTES)
            .enable_all()
            .build()
            .map_err(|error| {
                Error::new(ErrorKind::Unavailable, "the query threads could not be started")
                    .with_source(error)
            })?;
        let slots = Arc::new(Semaphore::new(settings.concurrency.max(1)));
        let waiting = AtomicUsize::new(0);
        Ok(Self { lake, settings, spill, slots, waiting, runtime: Some(runtime) })
    }

    /// Runs on the caller's threads: catalogs hold database connections that belong there.
    async fn prepare(&self, sql: &str, only: Option<&PartOfTable>) -> Result<Prepared> {
        let statement = QueryStatement::parse(sql)?;
        let catalog = self.lake.catalog.as_ref();
        let known = only.map(|part| std::slice::from_ref(&part.table)).unwrap_or_default();
        let mut tables = Vec::new();
        for table in tables_named(statement.tables(), catalog, known).await? {
            if let Some(part) = only.filter(|part| part.table.name == table.name) {
                tables.push((table, part.partitions.clone()));
                continue;
            }
            let partitions = catalog.partitions(&table.name, None).await?;
            tables.push((table, partitions.into_iter().map(|stored| stored.partition).collect()));
        }
        Ok(Prepared { statement, tables })
    }

    fn attempt(
        &self,
        prepared: Prepared,
        limits: &QueryLimits,
        cancel: &CancellationToken,
    ) -> Attempt {
        let session = SessionLimits {
            max_memory: limits.max_memory,
            spill_dir: Some(self.spill.path().to_owned()),
            max_spill: self.settings.max_spill,
            target_partitions: self.settings.threads.max(1),
            cancel: cancel.clone(),
        };
        Attempt {
            lake: self.lake.clone(),
            prepared,
            limits: *limits,
            session,
            _spill: Arc::clone(&self.spill),
        }
    }

    /// Waits for a free slot; the slot is free again when the permit is dropped.
    async fn slot(&self) -> Result<OwnedSemaphorePermit> {
        if let Ok(permit) = Arc::clone(&self.slots).try_acquire_owned() {
            return Ok(permit);
        }
        let _place = Place::take(&self.waiting, self.settings.max_waiting)?;
        Arc::clone(&self.slots)
            .acquire_owned()
            .await
            .map_err(|error| Error::internal("no queries are taken any more").with_source(error))
    }

    /// Runs `work` on the query threads. Dropping the future stops the work.
    async fn on_query_threads<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let Some(runtime) = &self.runtime else {
            return Err(Error::internal("the query service has stopped"));
        };
        let permit = self.slot().await?;
        let task = runtime.spawn(async move {
            // Held until the work has really ended, also when its caller has gone.
            let _permit = permit;
            work.await
        });
        match AbortOnDropHandle::new(task).await {
            Ok(result) => result,
            Err(error) => {
                Err(Error::internal("the query engine broke down on this query").with_source(error))
            }
        }
    }

    async fn start(
        &self,
        sql: &str,
        only: Option<&PartOfTable>,
        limits: &QueryLimits,
        cancel: &CancellationToken,
    ) -> Result<QueryResult> {
        let started = Instant::now();
        let attempt = self.attempt(self.prepare(sql, only).await?, limits, cancel);
        let mut result = self.on_query_threads(attempt.until_consistent()).await?;
        result.cost.seconds = started.elapsed().as_secs_f64();
        Ok(result)
    }
}

impl DataFusionQueryService {
    /// Runs a query that sees only a part of one table, within the same bounds as any query.
    pub async fn run_over(
        &self,
        sql: &str,
        part: &PartOfTable,
        limits: &QueryLimits,
        cancel: &CancellationToken,
    ) -> Result<QueryResult> {
        self.bounded(sql, Some(part), limits, cancel).await
    }

    async fn bounded(
        &self,
        sql: &str,
        only: Option<&PartOfTable>,
        limits: &QueryLimits,
        cancel: &CancellationToken,
    ) -> Result<QueryResult> {
        // Whichever way this call ends, what it started ends too.
        let stop = cancel.child_token();
        let _stop_at_the_end = stop.clone().drop_guard();
        let stopped = |why: String| Err(Error::new(ErrorKind::Cancelled, why));
        tokio::select! {
            biased;
            () = cancel.cancelled() => stopped("the query was cancelled".to_owned()),
            result = tokio::time::timeout(limits.timeout, self.start(sql, only, limits, &stop)) => {
                result.unwrap_or_else(|_| stopped(format!(
                    "the query was stopped after {} s, its time limit: select less",
                    limits.timeout.as_secs()
                )))
            }
        }
    }
}

#[async_trait]
impl QueryService for DataFusionQueryService {
    async fn run(
        &self,
        sql: &str,
        limits: &QueryLimits,
        cancel: &CancellationToken,
    ) -> Result<QueryResult> {
        self.bounded(sql, None, limits, cancel).await
    }

    async fn estimate(&self, sql: &str) -> Result<QueryCost> {
        let cancel = CancellationToken::new();
        let attempt =
            self.attempt(self.prepare(sql, None).await?, &QueryLimits::default(), &cancel);
        self.on_query_threads(async move {
            let (_, plan) = attempt.physical(&Arc::default()).await?;
            Ok(cost_of(&plan))
        })
        .await
    }
}

impl Attempt {
    /// Starts over as long as files are replaced while they are read (promise A2).
    async fn until_consistent(self) -> Result<QueryResult> {
        for attempt in 1.. {
            let pinning = attempt >= FIRST_PINNING;
            let log = Arc::new(if pinning { ReadLog::pinning() } else { ReadLog::default() });
            match self.once(&log).await {
                Err(_) if log.replaced().is_some() && attempt < ATTEMPTS => {
                    tokio::time::sleep(PAUSE).await;
                }
                result => return result,
            }
        }
        Err(Error::internal("the query was not tried"))
    }

    async fn once(&self, log: &Arc<ReadLog>) -> Result<QueryResult> {
        let (state, plan) = self.physical(log).await?;
        let cost = cost_of(&plan);
        let stream = execute_stream(plan, state.task_ctx()).map_err(failure)?;
        let schema = stream.schema();
        let collected = match collect(stream, &self.limits).await {
            Ok(collected) => collected,
            Err(error) => return Err(read_failure(error, log).await),
        };
        let truncated = collected.truncated(&self.limits);
        Ok(QueryResult {
            schema,
            rows: collected.rows,
            batches: collected.batches,
            truncated,
            cost,
        })
    }

    async fn physical(&self, log: &Arc<ReadLog>) -> Result<(SessionState, Arc<dyn ExecutionPlan>)> {
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

/// A place in the queue.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize, most: usize) -> Result<Self> {
        // The guard exists before the check, so that refusing gives the place back.
        let place = Self(waiting);
        if waiting.fetch_add(1, Ordering::Relaxed) < most {
            return Ok(place);
        }
        Err(Error::new(
            ErrorKind::Throttled,
            format!("{most} queries wait already: try again in a moment"),
        ))
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for DataFusionQueryService {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl std::fmt::Debug for DataFusionQueryService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DataFusionQueryService").field("settings", &self.settings).finish()
    }
}
