//! One query from its start in Athena to its last row.

use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use aws_sdk_athena::types::QueryExecution;
use domain::query::{QueryCost, QueryId, QueryLimits};
use domain::{ErrorKind, Result};
use etl_engine::query::collect::Caps;
use etl_engine::query::started::{Pages, Started};
use tokio_util::sync::CancellationToken;

use super::execution::{Executions, Start};
use super::failure::is_torn;
use super::rows::ResultReader;
use super::{cancelled, too_long};

/// How often a query is run whose files were replaced while Athena read them.
const ATTEMPTS: u32 = 3;

/// What is asked of Athena.
#[derive(Debug)]
pub(super) struct Query {
    pub(super) executions: Executions,
    pub(super) text: String,
    pub(super) id: QueryId,
    /// Empty: nobody in particular.
    pub(super) who: String,
    pub(super) limits: QueryLimits,
    pub(super) reuse: Option<Duration>,
}

/// Where rows go.
#[derive(Debug)]
pub(super) enum Sink {
    /// They are kept.
    Kept(Vec<RecordBatch>),
    /// They are handed out.
    HandedOut(Pages),
}

/// What came of a query.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) schema: SchemaRef,
    pub(super) caps: Caps,
    pub(super) cost: QueryCost,
}

impl Sink {
    fn begin(&mut self) {
        match self {
            Self::Kept(batches) => batches.clear(),
            Self::HandedOut(pages) => pages.begin(),
        }
    }

    async fn take(&mut self, batch: RecordBatch) -> Result<()> {
        match self {
            Self::Kept(batches) => batches.push(batch),
            Self::HandedOut(pages) => pages.hand_out(batch).await?,
        }
        Ok(())
    }
}

impl Query {
    /// Runs it. What Athena was given is stopped when `cancel` says so or its time is over.
    pub(super) async fn compute(
        &self,
        cancel: &CancellationToken,
        reports: Option<&Started>,
        sink: &mut Sink,
    ) -> Result<Done> {
        let deadline = Instant::now() + self.limits.timeout;
        let mut attempt = 1;
        loop {
            sink.begin();
            match self.attempt(attempt, deadline, cancel, reports, sink).await {
                Err(error) if is_torn(&error) && attempt < ATTEMPTS => attempt += 1,
                done => return done,
            }
        }
    }

    async fn attempt(
        &self,
        attempt: u32,
        deadline: Instant,
        cancel: &CancellationToken,
        reports: Option<&Started>,
        sink: &mut Sink,
    ) -> Result<Done> {
        if cancel.is_cancelled() {
            return Err(cancelled());
        }
        // Never given up half way: what was started has to be known to be stopped.
        let token = token(self.id, attempt, &self.who);
        let start = Start { text: &self.text, token, reuse: self.reuse };
        let execution = self.executions.start(&start).await?;
        let ended = self.ended(&execution, deadline, cancel, reports).await;
        if let Err(error) = &ended
            && error.kind() != ErrorKind::Invalid
        {
            self.executions.stop(&execution).await;
        }
        let ended = ended?;
        let cost = self.report(&ended, reports);
        let (schema, caps) = self.take_rows(&execution, &ended, deadline, cancel, sink).await?;
        Ok(Done { schema, caps, cost })
    }

    /// Takes the rows of an execution that succeeded, up to the limits.
    async fn take_rows(
        &self,
        execution: &str,
        ended: &QueryExecution,
        deadline: Instant,
        cancel: &CancellationToken,
        sink: &mut Sink,
    ) -> Result<(SchemaRef, Caps)> {
        let mut reader = ResultReader::of(ended);
        let mut caps = Caps::default();
        let mut next = None;
        loop {
            let page = self.executions.results(execution, next);
            let page = until(deadline, self.limits.timeout, cancel, page).await?;
            let batch = caps.take(&reader.batch(&page)?, &self.limits)?;
            let schema = batch.schema();
            tokio::select! {
                biased;
                () = cancel.cancelled() => return Err(cancelled()),
                taken = sink.take(batch) => taken?,
            }
            next = page.next_token;
            if next.is_none() || caps.is_full() {
                return Ok((schema, caps));
            }
        }
    }

    async fn ended(
        &self,
        execution: &str,
        deadline: Instant,
        cancel: &CancellationToken,
        reports: Option<&Started>,
    ) -> Result<QueryExecution> {
        let ended = self.executions.ended(execution, || {
            if let Some(reports) = reports {
                reports.begins();
            }
        });
        until(deadline, self.limits.timeout, cancel, ended).await
    }

    /// What the query cost; tells who watches it.
    fn report(&self, ended: &QueryExecution, reports: Option<&Started>) -> QueryCost {
        let statistics = ended.statistics.as_ref();
        let number = |number: Option<i64>| u64::try_from(number.unwrap_or_default()).unwrap_or(0);
        let millis = |of: Option<i64>| Duration::from_millis(number(of));
        let engine = millis(statistics.and_then(|s| s.engine_execution_time_in_millis));
        let queued = millis(statistics.and_then(|s| s.query_queue_time_in_millis));
        let bytes = number(statistics.and_then(|s| s.data_scanned_in_bytes));
        let cost = QueryCost { bytes, seconds: engine.as_secs_f64(), ..QueryCost::default() };
        let reused = statistics
            .and_then(|statistics| statistics.result_reuse_information.as_ref())
            .is_some_and(|reuse| reuse.reused_previous_result);
        if let Some(reports) = reports {
            reports.begins();
            reports.reads(cost);
            reports.took(reports.status().queued.max(queued), engine);
            if let Some(age) = self.reuse.filter(|_| reused) {
                reports.reuses(age);
            }
        }
        cost
    }
}

/// The same for every repeat of one start, and for nothing else of anybody (promise E9).
fn token(id: QueryId, attempt: u32, who: &str) -> String {
    let allowed = |ch: char| if ch.is_ascii_alphanumeric() { ch } else { '-' };
    let who: String = who.chars().map(allowed).take(64).collect();
    format!("sluice-{id}-{attempt}-{who}")
}

/// What a call comes to, unless the query is cancelled or its time is over first.
async fn until<T>(
    deadline: Instant,
    timeout: Duration,
    cancel: &CancellationToken,
    call: impl Future<Output = Result<T>>,
) -> Result<T> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(cancelled()),
        done = tokio::time::timeout_at(deadline.into(), call) => {
            done.unwrap_or_else(|_| Err(too_long(timeout)))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn e9_tokens_are_of_one_user_one_query_and_one_attempt() {
        let (one, other) = (QueryId::generate(), QueryId::generate());
        let tokens = [
            token(one, 1, "ada"),
            token(one, 1, "bob"),
            token(one, 2, "ada"),
            token(other, 1, "ada"),
            token(other, 1, ""),
            token(other, 1, &"ü".repeat(300)),
        ];
        assert!(tokens.iter().all(|token| token.is_ascii() && (32..=128).contains(&token.len())));
        assert_eq!(BTreeSet::from(tokens.clone()).len(), tokens.len());
        assert_eq!(token(one, 1, "ada"), tokens[0]);
    }
}
