//! Queries run by DataFusion in a sandbox of its own (promises E1 to E8, E10).
//!
//! Architecture invariant: queries run on their own threads, so that neither a heavy query nor one
//! that panics reaches the server's or the runs' threads.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::partition::Partition;
use domain::query::{QueryCost, QueryId, QueryLimits};
use domain::table::CatalogTable;
use domain::{Error, ErrorKind, Result};
use tokio::runtime::{Handle, Runtime};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::attempt::{Attempt, Prepared, Sink};
use super::cost::cost_of;
use super::deep_stack::DEEP_STACK_BYTES;
use super::estimate::{QueryEstimate, rewrite, tables_of};
use super::fair_slots::FairSlots;
use super::lookup::tables_named;
use super::readable::ReadableLake;
use super::service::{QueryResult, QueryService, QueryStatus, ResultPage};
use super::session::SessionLimits;
use super::spill::SpillFolder;
use super::started::{Pages, Started, StartedQueries};
use super::statement::QueryStatement;

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
    slots: Arc<FairSlots>,
    started: StartedQueries,
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
        let slots = FairSlots::new(settings.concurrency, settings.max_waiting);
        let started = StartedQueries::default();
        Ok(Self { lake, settings, spill, slots, started, runtime: Some(runtime) })
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

    fn threads(&self) -> Result<Handle> {
        let runtime = self.runtime.as_ref().map(|runtime| runtime.handle().clone());
        runtime.ok_or_else(|| Error::internal("the query service has stopped"))
    }

    /// What other work on the query threads may use. Cancelling `cancel` stops its joins.
    pub fn session_limits(&self, cancel: &CancellationToken) -> SessionLimits {
        SessionLimits {
            max_memory: QueryLimits::default().max_memory,
            spill_dir: Some(self.spill.path().to_owned()),
            max_spill: self.settings.max_spill,
            target_partitions: self.settings.threads.max(1),
            cancel: cancel.clone(),
        }
    }

    /// Runs other work on the query threads, once there is a slot for it. Dropping the future stops
    /// the work.
    pub async fn on_threads<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        on_query_threads(&self.threads()?, &self.slots, "", || {}, work).await
    }

    async fn run_whole(
        &self,
        sql: &str,
        only: Option<&PartOfTable>,
        limits: &QueryLimits,
        cancel: &CancellationToken,
    ) -> Result<QueryResult> {
        let begun = Instant::now();
        let attempt = self.attempt(self.prepare(sql, only).await?, limits, cancel);
        let work = async move {
            let mut kept = Sink::Kept(Vec::new());
            let done = attempt.until_consistent(&mut kept).await?;
            Ok((done, kept))
        };
        let (done, kept) = on_query_threads(&self.threads()?, &self.slots, "", || {}, work).await?;
        let batches = if let Sink::Kept(batches) = kept { batches } else { Vec::new() };
        Ok(QueryResult {
            schema: done.schema,
            rows: done.caps.rows,
            batches,
            truncated: done.caps.truncated(limits),
            cost: QueryCost { seconds: begun.elapsed().as_secs_f64(), ..done.cost },
        })
    }

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
        let run = self.run_whole(sql, only, limits, &stop);
        tokio::select! {
            biased;
            () = cancel.cancelled() => Err(cancelled()),
            result = tokio::time::timeout(limits.timeout, run) => {
                result.unwrap_or_else(|_| Err(too_long(limits.timeout)))
            }
        }
    }
}

/// Runs `work` on the query threads once `who` has a slot. Dropping the future stops the work.
async fn on_query_threads<T: Send + 'static>(
    threads: &Handle,
    slots: &Arc<FairSlots>,
    who: &str,
    begins: impl FnOnce(),
    work: impl Future<Output = Result<T>> + Send + 'static,
) -> Result<T> {
    let slot = slots.take(who).await?;
    begins();
    let task = threads.spawn(async move {
        // Held until the work has really ended, also when its caller has gone.
        let _slot = slot;
        work.await
    });
    match AbortOnDropHandle::new(task).await {
        Ok(result) => result,
        Err(error) => {
            Err(Error::internal("the query engine broke down on this query").with_source(error))
        }
    }
}

fn too_long(timeout: Duration) -> Error {
    let seconds = timeout.as_secs();
    let text = format!("the query was stopped after {seconds} s, its time limit: select less");
    Error::new(ErrorKind::Cancelled, text)
}

fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "the query was cancelled")
}

/// Carries a started query out, to its end.
async fn carry_out(
    started: Arc<Started>,
    attempt: Attempt,
    pages: Pages,
    slots: Arc<FairSlots>,
    threads: Handle,
    who: String,
) {
    let (limits, cancel) = (attempt.limits, started.cancel.clone());
    // Whichever way this ends, what it started ends too.
    let _stop_at_the_end = attempt.session.cancel.clone().drop_guard();
    let (begins, reads) = (Arc::clone(&started), Arc::clone(&started));
    let work = async move {
        let mut sink = Sink::HandedOut { pages, started: reads };
        let run = attempt.until_consistent(&mut sink);
        let done = tokio::time::timeout(limits.timeout, run);
        done.await.unwrap_or_else(|_| Err(too_long(limits.timeout)))
    };
    let outcome = tokio::select! {
        biased;
        () = cancel.cancelled() => Err(cancelled()),
        done = on_query_threads(&threads, &slots, &who, move || begins.begins(), work) => done,
    };
    started.ends(outcome.map(|done| (done.caps.is_full(), done.caps.truncated(&limits))));
}

#[async_trait]
impl QueryService for DataFusionQueryService {
    fn engine(&self) -> &'static str {
        "DataFusion"
    }

    async fn run(
        &self,
        sql: &str,
        limits: &QueryLimits,
        cancel: &CancellationToken,
    ) -> Result<QueryResult> {
        self.bounded(sql, None, limits, cancel).await
    }

    async fn estimate(&self, sql: &str) -> Result<QueryEstimate> {
        let cancel = CancellationToken::new();
        let prepared = self.prepare(sql, None).await?;
        let tables = prepared.tables.clone();
        let attempt = self.attempt(prepared, &QueryLimits::default(), &cancel);
        let work = async move { Ok(attempt.physical(&Arc::default()).await?.1) };
        let plan = on_query_threads(&self.threads()?, &self.slots, "", || {}, work).await?;
        let estimates = tables_of(&plan, &tables);
        let rewrite = rewrite(sql, &estimates, &tables);
        Ok(QueryEstimate { cost: cost_of(&plan), tables: estimates, rewrite })
    }

    async fn start(&self, sql: &str, limits: &QueryLimits, who: &str) -> Result<QueryId> {
        let prepared = self.prepare(sql, None).await?;
        let threads = self.threads()?;
        let (started, pages) = self.started.add();
        let attempt = self.attempt(prepared, limits, &started.cancel.child_token());
        let id = started.id;
        let slots = Arc::clone(&self.slots);
        tokio::spawn(carry_out(started, attempt, pages, slots, threads, who.to_owned()));
        Ok(id)
    }

    async fn status(&self, id: QueryId) -> Result<QueryStatus> {
        Ok(self.started.find(id)?.status())
    }

    async fn next_page(&self, id: QueryId) -> Result<Option<ResultPage>> {
        Ok(self.started.find(id)?.next_page().await)
    }

    async fn cancel(&self, id: QueryId) -> Result<()> {
        let started = self.started.find(id)?;
        started.cancel.cancel();
        started.ends(Err(cancelled()));
        Ok(())
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
