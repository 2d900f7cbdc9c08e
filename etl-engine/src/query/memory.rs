//! The query port in memory, for tests: answers that are known beforehand, handed out as an engine
//! hands out its own.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use async_trait::async_trait;
use datafusion::common::DataFusionError;
use domain::query::{QueryCost, QueryId, QueryLimits};
use domain::{Error, ErrorKind, Result};
use tokio_util::sync::CancellationToken;

use super::collect::Capped;
use super::estimate::QueryEstimate;
use super::failure::failure;
use super::service::{QueryResult, QueryService, QueryStatus, ResultPage};
use super::started::{Pages, Started, StartedQueries};

/// A [`QueryService`] that knows the answers to some texts and refuses all others.
#[derive(Debug, Default)]
pub struct MemoryQueryService {
    answers: BTreeMap<String, Answer>,
    started: StartedQueries,
}

/// What is known about a text.
#[derive(Debug, Clone)]
enum Answer {
    Rows(RecordBatch),
    Endless,
}

impl MemoryQueryService {
    /// Answers a text with rows.
    #[must_use]
    pub fn answering(mut self, sql: &str, rows: RecordBatch) -> Self {
        self.answers.insert(sql.to_owned(), Answer::Rows(rows));
        self
    }

    /// Never comes to an end with a text.
    #[must_use]
    pub fn endless(mut self, sql: &str) -> Self {
        self.answers.insert(sql.to_owned(), Answer::Endless);
        self
    }

    fn answer(&self, sql: &str) -> Result<Answer> {
        let unknown = || Error::invalid("the query cannot be read: its answer is not known");
        self.answers.get(sql).cloned().ok_or_else(unknown)
    }
}

#[async_trait]
impl QueryService for MemoryQueryService {
    fn engine(&self) -> &'static str {
        "memory"
    }

    async fn run(
        &self,
        sql: &str,
        limits: &QueryLimits,
        cancel: &CancellationToken,
    ) -> Result<QueryResult> {
        let answer = self.answer(sql)?;
        let rows = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(cancelled()),
            rows = rows(answer) => rows,
        };
        let mut capped = capped(rows.clone(), limits);
        let mut batches = Vec::new();
        while let Some(batch) = capped.next().await.map_err(failure)? {
            batches.push(batch);
        }
        Ok(QueryResult {
            schema: rows.schema(),
            rows: batches.iter().map(RecordBatch::num_rows).sum(),
            batches,
            truncated: capped.caps.truncated(limits),
            cost: QueryCost::default(),
        })
    }

    async fn estimate(&self, sql: &str) -> Result<QueryEstimate> {
        self.answer(sql)?;
        Ok(QueryEstimate { cost: QueryCost::default(), tables: Vec::new(), rewrite: None })
    }

    async fn start(&self, sql: &str, limits: &QueryLimits, _who: &str) -> Result<QueryId> {
        let answer = self.answer(sql)?;
        let (started, pages) = self.started.add();
        let id = started.id;
        tokio::spawn(carry_out(started, pages, answer, *limits));
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

/// The rows of an answer, once there are any.
async fn rows(answer: Answer) -> RecordBatch {
    match answer {
        Answer::Rows(rows) => rows,
        Answer::Endless => std::future::pending().await,
    }
}

/// The rows one after another, up to the caps.
fn capped(
    rows: RecordBatch,
    limits: &QueryLimits,
) -> Capped<
    '_,
    impl futures::Stream<Item = std::result::Result<RecordBatch, DataFusionError>> + Unpin,
> {
    let one_by_one: Vec<_> = (0..rows.num_rows()).map(|row| Ok(rows.slice(row, 1))).collect();
    Capped::new(futures::stream::iter(one_by_one), limits)
}

async fn carry_out(started: Arc<Started>, mut pages: Pages, answer: Answer, limits: QueryLimits) {
    started.begins();
    started.reads(QueryCost::default());
    let outcome = tokio::select! {
        biased;
        () = started.cancel.cancelled() => Err(cancelled()),
        outcome = hand_out(&mut pages, answer, &limits) => outcome,
    };
    started.ends(outcome);
}

async fn hand_out(
    pages: &mut Pages,
    answer: Answer,
    limits: &QueryLimits,
) -> Result<(bool, Option<String>)> {
    let rows = rows(answer).await;
    pages.begin();
    pages.hand_out(rows.slice(0, 0)).await?;
    let mut capped = capped(rows, limits);
    while let Some(batch) = capped.next().await.map_err(failure)? {
        pages.hand_out(batch).await?;
    }
    Ok((capped.caps.is_full(), capped.caps.truncated(limits)))
}

fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "the query was cancelled")
}
