//! Queries that were started, until their rows have been taken.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use domain::query::{QueryCost, QueryId, QueryState};
use domain::{Error, ErrorKind, Result};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::service::{QueryStatus, ResultPage};

/// Pages that are computed ahead of who takes them.
const PAGES_AHEAD: usize = 2;

/// Ended queries that are remembered.
const REMEMBERED: usize = 256;

/// The started queries of one service.
#[derive(Debug, Default)]
pub struct StartedQueries(Mutex<BTreeMap<QueryId, Arc<Started>>>);

/// One of them.
#[derive(Debug)]
pub struct Started {
    /// Its id.
    pub id: QueryId,
    /// Stops it.
    pub cancel: CancellationToken,
    progress: Mutex<Progress>,
    pages: tokio::sync::Mutex<mpsc::Receiver<ResultPage>>,
}

#[derive(Debug)]
struct Progress {
    status: QueryStatus,
    since: Instant,
    /// Time in the queue and of computing, where the engine has measured them itself.
    measured: Option<(Duration, Duration)>,
}

/// Where the rows of a started query go.
#[derive(Debug)]
pub struct Pages {
    attempt: u32,
    to: mpsc::Sender<ResultPage>,
}

impl Pages {
    /// Begins an attempt; what came before does not count.
    pub fn begin(&mut self) {
        self.attempt += 1;
    }

    /// Hands rows out; waits while nobody takes them. [`ErrorKind::Cancelled`] when nobody will.
    pub async fn hand_out(&self, batch: RecordBatch) -> Result<()> {
        let page = ResultPage { attempt: self.attempt, batch };
        self.to
            .send(page)
            .await
            .map_err(|_| Error::new(ErrorKind::Cancelled, "nobody takes the rows any more"))
    }
}

impl StartedQueries {
    /// Adds a queued query.
    pub fn add(&self) -> (Arc<Started>, Pages) {
        let (to, pages) = mpsc::channel(PAGES_AHEAD);
        let status = QueryStatus {
            state: QueryState::Queued,
            queued: Duration::ZERO,
            running: Duration::ZERO,
            cost: QueryCost::default(),
            more: false,
            truncated: None,
            reused: None,
            error: None,
        };
        let started = Arc::new(Started {
            id: QueryId::generate(),
            cancel: CancellationToken::new(),
            progress: Mutex::new(Progress { status, since: Instant::now(), measured: None }),
            pages: tokio::sync::Mutex::new(pages),
        });
        let mut all = self.all();
        all.insert(started.id, Arc::clone(&started));
        // Ids sort by time: the oldest go first.
        let ended: Vec<_> = all.values().filter(|other| other.has_ended()).map(|o| o.id).collect();
        for id in ended.iter().take(ended.len().saturating_sub(REMEMBERED)) {
            all.remove(id);
        }
        (started, Pages { attempt: 0, to })
    }

    /// [`ErrorKind::NotFound`] when it is not remembered.
    pub fn find(&self, id: QueryId) -> Result<Arc<Started>> {
        let gone = || Error::not_found(format!("the query {id} is not remembered: run it again"));
        self.all().get(&id).cloned().ok_or_else(gone)
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<QueryId, Arc<Started>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Started {
    /// Where it stands.
    pub fn status(&self) -> QueryStatus {
        let progress = self.progress();
        let mut status = progress.status.clone();
        match status.state {
            QueryState::Queued => status.queued = progress.since.elapsed(),
            QueryState::Running => status.running = progress.since.elapsed(),
            _ => {}
        }
        status
    }

    /// It has a slot.
    pub fn begins(&self) {
        let mut progress = self.progress();
        if progress.status.state == QueryState::Queued {
            progress.status.queued = progress.since.elapsed();
            progress.status.state = QueryState::Running;
            progress.since = Instant::now();
        }
    }

    /// It is planned.
    pub fn reads(&self, cost: QueryCost) {
        self.progress().status.cost = cost;
    }

    /// The engine has measured how long it waited and how long it was computed.
    pub fn took(&self, queued: Duration, running: Duration) {
        self.progress().measured = Some((queued, running));
    }

    /// Its rows are those of an earlier run of the same text, at most so old.
    pub fn reuses(&self, age: Duration) {
        self.progress().status.reused = Some(age);
    }

    /// It has ended; the first end counts.
    pub fn ends(&self, outcome: Result<(bool, Option<String>)>) {
        let mut progress = self.progress();
        if progress.status.state.is_terminal() {
            return;
        }
        match progress.status.state {
            QueryState::Queued => progress.status.queued = progress.since.elapsed(),
            _ => progress.status.running = progress.since.elapsed(),
        }
        if let Some((queued, running)) = progress.measured {
            (progress.status.queued, progress.status.running) = (queued, running);
        }
        progress.status.cost.seconds = progress.status.running.as_secs_f64();
        match outcome {
            Ok((more, truncated)) => {
                progress.status.state = QueryState::Succeeded;
                (progress.status.more, progress.status.truncated) = (more, truncated);
            }
            Err(error) => {
                progress.status.state = match error.kind() {
                    ErrorKind::Cancelled => QueryState::Cancelled,
                    _ => QueryState::Failed,
                };
                progress.status.error = Some(error);
            }
        }
    }

    /// The next rows; `None` once it has ended, which its state tells by then.
    pub async fn next_page(&self) -> Option<ResultPage> {
        let page = self.taken_page().await;
        while page.is_none() && !self.has_ended() {
            // The last page is handed out a moment before the end is noted.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        page
    }

    async fn taken_page(&self) -> Option<ResultPage> {
        let mut pages = self.pages.lock().await;
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => None,
            page = pages.recv() => page,
        }
    }

    fn has_ended(&self) -> bool {
        self.progress().status.state.is_terminal()
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
