//! Carrying a query out: from the engine's pages to the file, with signs of life in between.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use database::columns::whole_micros;
use domain::query::{QueryId, QueryState};
use domain::{Error, ErrorKind, Result};
use etl_engine::query::service::QueryStatus;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use super::Workbench;
use super::blocking;
use super::record::QueryRecord;
use super::result_file::{Pieces, ResultPaths, ResultWriter};

/// How often a running query is looked at, so that another server's wish to stop it is heard.
const LOOK: Duration = Duration::from_millis(700);

/// So many looks make one sign of life in the database.
const LOOKS_PER_SIGN: u32 = 7;

/// A query that this process carries out.
#[derive(Debug)]
pub(super) struct Live {
    /// Its id.
    pub(super) id: QueryId,
    /// Stops it.
    pub(super) stop: CancellationToken,
    state: Mutex<(QueryRecord, Pieces)>,
}

impl Live {
    /// Not yet begun.
    pub(super) fn new(record: QueryRecord) -> Self {
        let (id, state) = (record.id, Mutex::new((record, Pieces::default())));
        Self { id, stop: CancellationToken::new(), state }
    }

    /// The record as it is now.
    pub(super) fn record(&self) -> QueryRecord {
        self.state().0.clone()
    }

    /// Where the rows so far stand.
    pub(super) fn pieces(&self) -> Pieces {
        self.state().1.clone()
    }

    fn written(&self, pieces: Pieces) {
        let mut state = self.state();
        state.0.rows = pieces.rows();
        state.1 = pieces;
    }

    fn stands(&self, status: &QueryStatus) {
        let record = &mut self.state().0;
        record.queued = SignedDuration::try_from(status.queued).unwrap_or_default();
        record.ran = SignedDuration::try_from(status.running).unwrap_or_default();
        record.cost = status.cost;
        record.seen_at = whole_micros(Timestamp::now()).unwrap_or(record.seen_at);
        // The end is told once the file is whole.
        if !status.state.is_terminal() {
            record.state = status.state;
        }
    }

    fn state(&self) -> MutexGuard<'_, (QueryRecord, Pieces)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Workbench {
    /// Carries a query out, to the end of its record.
    pub(super) async fn carry_out(self: Arc<Self>, live: Arc<Live>) {
        let paths = ResultPaths::of(&self.folder, live.id);
        let outcome = self.compute(&live, paths.clone()).await;
        let mut record = live.record();
        record.finished_at = whole_micros(Timestamp::now()).ok();
        match outcome {
            Ok((status, pieces)) => {
                record.state = QueryState::Succeeded;
                (record.has_more, record.remark) = (status.more, status.remark());
                (record.rows, record.result_bytes) = (pieces.rows(), Some(pieces.bytes()));
            }
            Err(error) => {
                record.state = match error.kind() {
                    ErrorKind::Cancelled => QueryState::Cancelled,
                    _ => QueryState::Failed,
                };
                record.error = Some(words(&error));
                record.rows = 0;
                let removed = blocking(move || paths.remove()).await;
                note(removed, "the rows of a failed query were not removed");
            }
        }
        note(self.records.update(&record).await.map(drop), "the end of a query was not recorded");
        self.lives().remove(&live.id);
    }

    async fn compute(&self, live: &Live, paths: ResultPaths) -> Result<(QueryStatus, Pieces)> {
        let record = live.record();
        let asked = tokio::select! {
            biased;
            () = live.stop.cancelled() => return Err(stopped()),
            asked = self.service.start(&record.sql, &self.limits, &record.owner) => asked?,
        };
        let taken = tokio::select! {
            biased;
            () = live.stop.cancelled() => Err(stopped()),
            taken = self.take(asked, live, paths) => taken,
            // Only ends when something goes wrong.
            never = self.look_after(asked, live) => never,
        };
        if taken.is_err() {
            note(self.service.cancel(asked).await, "a query was not stopped");
        }
        let pieces = taken?;
        let status = self.service.status(asked).await?;
        live.stands(&status);
        match (status.state, status.error.clone()) {
            (QueryState::Succeeded, _) => Ok((status, pieces)),
            (_, Some(error)) => Err(error),
            (state, None) => Err(Error::internal(format!("the query ended as {state:?}"))),
        }
    }

    /// Takes all pages and writes them.
    async fn take(&self, asked: QueryId, live: &Live, paths: ResultPaths) -> Result<Pieces> {
        let mut writer = ResultWriter::new(paths);
        let mut attempt = 0;
        while let Some(page) = self.service.next_page(asked).await? {
            live.stands(&self.service.status(asked).await?);
            let begins = page.attempt != attempt;
            attempt = page.attempt;
            let (returned, pieces) = blocking(move || {
                if begins {
                    writer.begin(&page.batch.schema())?;
                }
                let pieces = writer.add(&page.batch)?;
                Ok((writer, pieces))
            })
            .await?;
            writer = returned;
            live.written(pieces);
        }
        blocking(move || writer.finish()).await
    }

    /// Gives signs of life, and hears when another server was asked to stop the query.
    async fn look_after(&self, asked: QueryId, live: &Live) -> Result<Pieces> {
        for look in 1_u32.. {
            tokio::time::sleep(LOOK).await;
            live.stands(&self.service.status(asked).await?);
            if look % LOOKS_PER_SIGN == 1 {
                self.records.update(&live.record()).await?;
            }
            if self.records.find(live.id).await?.is_some_and(|record| record.stop_asked) {
                return Err(stopped());
            }
        }
        Err(stopped())
    }
}

fn stopped() -> Error {
    Error::new(ErrorKind::Cancelled, "the query was cancelled")
}

/// The error in words for its author; what is our fault is told in the log alone.
fn words(error: &Error) -> String {
    if error.kind() == ErrorKind::Internal {
        tracing::error!(error = ?error, "a query broke down");
        return "the query engine broke down on this query; an operator finds why in the log"
            .into();
    }
    error.to_string()
}

fn note(outcome: Result<()>, what: &str) {
    if let Err(error) = outcome {
        tracing::warn!(%error, what, "queries");
    }
}
