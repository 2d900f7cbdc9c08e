//! Asking the ledger of one environment what changed, while somebody listens.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::Result;
use domain::run::RunId;
use etl_engine::run::{RunChange, RunReports};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::broadcast::{Receiver, Sender, channel};
use tokio_util::sync::CancellationToken;

/// How often the ledger is asked.
const POLL: Duration = Duration::from_millis(500);
/// Pause after the ledger could not be asked.
const PAUSE: Duration = Duration::from_secs(2);
/// Writers have clocks of their own and transactions take time: the last seconds are asked for again.
const OVERLAP: SignedDuration = SignedDuration::from_secs(10);
/// Most rows asked for at once; more changed runs than [`FEW`] are told as "many".
const AT_ONCE: usize = 1_000;
const FEW: usize = 50;
/// Changes that a listener may be behind.
const BEHIND: usize = 16;

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changes {
    /// These runs.
    Runs(Vec<RunChange>),
    /// More than is worth to name, or nobody knows what.
    Many,
}

/// The changes of one environment.
#[derive(Debug)]
pub(super) struct Feed {
    reports: Arc<dyn RunReports>,
    changes: Sender<Arc<Changes>>,
    polling: Mutex<bool>,
}

impl Feed {
    pub(super) fn new(reports: Arc<dyn RunReports>) -> Self {
        Self { reports, changes: channel(BEHIND).0, polling: Mutex::new(false) }
    }

    /// Hears of all changes from now on. The first listener starts the poller.
    pub(super) fn subscribe(
        self: &Arc<Self>,
        shutdown: &CancellationToken,
    ) -> Receiver<Arc<Changes>> {
        let mut polling = self.polling.lock().unwrap_or_else(PoisonError::into_inner);
        let receiver = self.changes.subscribe();
        if !std::mem::replace(&mut *polling, true) {
            let (feed, shutdown) = (Arc::clone(self), shutdown.clone());
            tokio::spawn(async move {
                tokio::select! {
                    () = feed.poll() => {}
                    () = shutdown.cancelled() => {}
                }
            });
        }
        receiver
    }

    async fn poll(&self) {
        let mut seen = Seen::default();
        let mut knows_where = seen.look(&*self.reports).await.is_ok();
        while self.has_listeners() {
            tokio::time::sleep(POLL).await;
            match seen.look(&*self.reports).await {
                Ok(_) if !knows_where => {
                    knows_where = true;
                    self.tell(Changes::Many);
                }
                Ok(None) => {}
                Ok(Some(changes)) => self.tell(changes),
                Err(error) => {
                    tracing::warn!(%error, "the ledger cannot be asked for changes now");
                    knows_where = false;
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Whether anybody listens; else the poller has ended, and the next listener starts another.
    fn has_listeners(&self) -> bool {
        let mut polling = self.polling.lock().unwrap_or_else(PoisonError::into_inner);
        *polling = self.changes.receiver_count() > 0;
        *polling
    }

    fn tell(&self, changes: Changes) {
        // Nobody may be there any more.
        let _ = self.changes.send(Arc::new(changes));
    }
}

/// Changes of the last seconds that were told already.
#[derive(Debug, Default)]
struct Seen(HashMap<RunId, Timestamp>);

impl Seen {
    /// What changed since the last look; `None` when nothing did.
    async fn look(&mut self, reports: &dyn RunReports) -> Result<Option<Changes>> {
        let since = Timestamp::now() - OVERLAP;
        let found = reports.changed_since(since, AT_ONCE).await?;
        let cut_off = found.len() == AT_ONCE;
        self.0.retain(|_, at| *at >= since);
        let is_new = |change: &RunChange| self.0.get(&change.run) != Some(&change.changed_at);
        let new: Vec<_> = found.into_iter().filter(is_new).collect();
        self.0.extend(new.iter().map(|change| (change.run, change.changed_at)));
        Ok(match new.len() {
            _ if cut_off => Some(Changes::Many),
            0 => None,
            1..=FEW => Some(Changes::Runs(new)),
            _ => Some(Changes::Many),
        })
    }
}

#[cfg(test)]
mod tests {
    use etl_engine::run::{MemoryRunLedger, RunLedger};
    use etl_engine::testing::sample::{at, new_run};

    use super::*;

    #[tokio::test]
    async fn a_change_is_told_once() {
        let ledger = MemoryRunLedger::new("dev".parse().unwrap());
        let mut seen = Seen::default();
        assert_eq!(seen.look(&ledger).await.unwrap(), None);
        let new = new_run("yellow", "a.csv");
        let run = ledger.record(&new, at(0)).await.unwrap().run().id;
        let Some(Changes::Runs(runs)) = seen.look(&ledger).await.unwrap() else { panic!() };
        assert_eq!(runs.iter().map(|change| change.run).collect::<Vec<_>>(), [run]);
        assert_eq!(seen.look(&ledger).await.unwrap(), None);
    }

    #[tokio::test]
    async fn f1_a_burst_is_told_as_one_change() {
        let ledger = MemoryRunLedger::new("dev".parse().unwrap());
        let mut seen = Seen::default();
        for number in 0..=FEW {
            ledger.record(&new_run("yellow", &format!("{number}.csv")), at(0)).await.unwrap();
        }
        assert_eq!(seen.look(&ledger).await.unwrap(), Some(Changes::Many));
        assert_eq!(seen.look(&ledger).await.unwrap(), None);
    }

    #[tokio::test]
    async fn nobody_is_polled_for() {
        let ledger = Arc::new(MemoryRunLedger::new("dev".parse().unwrap()));
        let feed = Arc::new(Feed::new(ledger));
        let shutdown = CancellationToken::new();
        let receiver = feed.subscribe(&shutdown);
        assert!(feed.has_listeners());
        drop(receiver);
        assert!(!feed.has_listeners(), "the poller would run for nobody");
        shutdown.cancel();
    }
}
