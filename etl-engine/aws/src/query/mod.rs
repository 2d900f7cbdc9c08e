//! Queries by Athena, through the workgroup of an environment (promises E1, E5, E6, E7, E9).
//!
//! Architecture invariant: nothing is sent that was not checked against the catalog here, and a
//! query that nobody waits for any more is stopped.

mod compute;
mod execution;
mod failure;
mod rows;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use aws::Account;
use aws_sdk_athena::Client;
use domain::query::{QueryCost, QueryId, QueryLimits};
use domain::{Error, ErrorKind, Result};
use etl_engine::catalog::Catalog;
use etl_engine::query::elsewhere::QueryElsewhere;
use etl_engine::query::estimate::QueryEstimate;
use etl_engine::query::fair_slots::FairSlots;
use etl_engine::query::service::{QueryResult, QueryService, QueryStatus, ResultPage};
use etl_engine::query::started::{Started, StartedQueries};
use tokio_util::sync::CancellationToken;

use compute::{Query, Sink};
use execution::Executions;

/// How long a cancellation waits for Athena to confirm it, before it counts anyway.
const CONFIRMED_WITHIN: Duration = Duration::from_millis(1500);

/// Which workgroup queries go through, and how many at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AthenaSettings {
    /// The workgroup. Its own configuration says where results go and how much a query may scan.
    pub workgroup: String,
    /// Queries that Athena is given at once; others wait here, where they are shared out fairly.
    pub concurrency: usize,
    /// Queries that wait at most; others are refused.
    pub max_waiting: usize,
    /// How old the result of an earlier run of the same text may be to stand for a new one; whole
    /// minutes. `None`: a query always sees the latest commit. Only queries that somebody watches
    /// are answered so, and they say it.
    pub reuse: Option<Duration>,
}

/// The [`QueryService`] of one environment in Athena.
#[derive(Debug)]
pub struct AthenaQueryService {
    executions: Executions,
    catalog: Arc<dyn Catalog>,
    settings: AthenaSettings,
    slots: Arc<FairSlots>,
    started: StartedQueries,
}

impl AthenaQueryService {
    /// Over the tables of `catalog`, which is the one that Athena reads. Asks AWS nothing yet.
    pub fn new(account: &Account, settings: AthenaSettings, catalog: Arc<dyn Catalog>) -> Self {
        // A start may be repeated: its token makes one query of all its attempts.
        let client = Client::new(account.sdk());
        Self {
            executions: Executions::new(client, &settings.workgroup),
            catalog,
            slots: FairSlots::new(settings.concurrency, settings.max_waiting),
            started: StartedQueries::default(),
            settings,
        }
    }

    async fn prepare(&self, sql: &str) -> Result<QueryElsewhere> {
        QueryElsewhere::prepare(sql, self.catalog.as_ref()).await
    }

    fn query(&self, prepared: &QueryElsewhere, limits: &QueryLimits, who: &str) -> Query {
        Query {
            executions: self.executions.clone(),
            text: prepared.text().to_owned(),
            id: QueryId::generate(),
            who: who.to_owned(),
            limits: *limits,
            reuse: None,
        }
    }
}

#[async_trait]
impl QueryService for AthenaQueryService {
    fn engine(&self) -> &'static str {
        "Athena"
    }

    fn refuses_sql(&self, error: &Error) -> bool {
        failure::is_about_sql(error)
    }

    async fn run(
        &self,
        sql: &str,
        limits: &QueryLimits,
        cancel: &CancellationToken,
    ) -> Result<QueryResult> {
        // Whichever way this call ends, what it started ends too.
        let stop = cancel.child_token();
        let _stop_at_the_end = stop.clone().drop_guard();
        let begun = Instant::now();
        let whole = async {
            let query = self.query(&self.prepare(sql).await?, limits, "");
            let slot = self.slots.take("").await?;
            let task = tokio::spawn(async move {
                let _slot = slot;
                let mut kept = Sink::Kept(Vec::new());
                let done = query.compute(&stop, None, &mut kept).await?;
                Ok::<_, Error>((done, kept))
            });
            task.await.map_err(broken_down)?
        };
        let (done, kept) = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(cancelled()),
            done = whole => done?,
        };
        let batches = if let Sink::Kept(batches) = kept { batches } else { Vec::new() };
        Ok(QueryResult {
            schema: done.schema,
            rows: done.caps.rows,
            batches,
            truncated: done.caps.truncated(limits),
            cost: QueryCost { seconds: begun.elapsed().as_secs_f64(), ..done.cost },
        })
    }

    async fn estimate(&self, sql: &str) -> Result<QueryEstimate> {
        self.prepare(sql).await?.estimate(self.catalog.as_ref()).await
    }

    async fn start(&self, sql: &str, limits: &QueryLimits, who: &str) -> Result<QueryId> {
        let prepared = self.prepare(sql).await?;
        let (started, pages) = self.started.add();
        let id = started.id;
        let query = Query { id, reuse: self.settings.reuse, ..self.query(&prepared, limits, who) };
        let slots = Arc::clone(&self.slots);
        tokio::spawn(carry_out(started, query, Sink::HandedOut(pages), slots));
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
        // Usually Athena confirms within this time; if not, it goes on being asked.
        let deadline = Instant::now() + CONFIRMED_WITHIN;
        while !started.status().state.is_terminal() && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        started.ends(Err(cancelled()));
        Ok(())
    }
}

/// Carries a started query out, to its end.
async fn carry_out(started: Arc<Started>, query: Query, sink: Sink, slots: Arc<FairSlots>) {
    let (cancel, limits) = (started.cancel.clone(), query.limits);
    let slot = tokio::select! {
        biased;
        () = cancel.cancelled() => Err(cancelled()),
        slot = slots.take(&query.who) => slot,
    };
    let outcome = match slot {
        Err(error) => Err(error),
        Ok(_slot) => {
            // In a task of its own, so that a panic is an error of this query.
            let reports = Arc::clone(&started);
            let mut sink = sink;
            let task = tokio::spawn(async move {
                query.compute(&reports.cancel.clone(), Some(&reports), &mut sink).await
            });
            task.await.map_err(broken_down).and_then(|done| done)
        }
    };
    started.ends(outcome.map(|done| (done.caps.is_full(), done.caps.truncated(&limits))));
}

fn broken_down(error: tokio::task::JoinError) -> Error {
    Error::internal("carrying the query out broke down").with_source(error)
}

fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "the query was cancelled")
}

fn too_long(timeout: Duration) -> Error {
    let seconds = timeout.as_secs();
    let text = format!("the query was stopped after {seconds} s, its time limit: select less");
    Error::new(ErrorKind::Cancelled, text)
}
