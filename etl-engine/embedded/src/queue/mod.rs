//! Arrivals in a local raw zone: a folder watch for promptness, a sweep for completeness.
//!
//! The watch may miss files (its kernel queue is finite, and Sluice may be down); the sweep at the
//! start and every minute asks the ledger for what it does not know (promise A12). A file counts
//! once its size and time of change have stood still for the settle time. Symbolic links are not
//! followed.

mod dead_letters;
mod files;
mod land;
mod raw_zone;
mod settling;
#[cfg(test)]
mod tests;
mod watch;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::Result;
use domain::arrival::{Arrival, Sequencer};
use domain::run::Trigger;
use etl_engine::run::{ArrivalQueue, Message, RunLedger};
use jiff::{SignedDuration, Timestamp};

use dead_letters::DeadLetters;
use settling::Settling;
use watch::FolderWatch;

pub use files::landed;
pub use land::land;
pub(crate) use land::{land_staged, stage};
pub use raw_zone::RawZone;

/// The name of the raw zone as a bucket.
const BUCKET: &str = "raw";

/// How long things take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WatchSettings {
    /// A file counts once it has not changed for so long.
    pub settle: Duration,
    /// How long one call of [`ArrivalQueue::receive`] waits at most.
    pub poll: Duration,
    /// From one sweep of the whole zone to the next.
    pub sweep_every: Duration,
    /// A message that is not acknowledged within so long comes again.
    pub repeat_after: Duration,
}

impl Default for WatchSettings {
    fn default() -> Self {
        Self {
            settle: Duration::from_millis(500),
            poll: Duration::from_secs(1),
            sweep_every: Duration::from_secs(60),
            repeat_after: Duration::from_secs(30),
        }
    }
}

/// The [`ArrivalQueue`] of a local raw zone.
#[derive(Debug)]
pub struct FolderArrivalQueue {
    root: PathBuf,
    ledger: Arc<dyn RunLedger>,
    settings: WatchSettings,
    watch: FolderWatch,
    /// One receiver at a time.
    receiver: tokio::sync::Mutex<Receiver>,
    told: Mutex<Told>,
}

#[derive(Debug)]
struct Receiver {
    settling: Settling,
    /// New folders, to be looked at again when the watch surely covers them.
    new_folders: Vec<(PathBuf, Instant)>,
    next_sweep: Instant,
}

/// What was told of, and what must not be.
#[derive(Debug)]
struct Told {
    unacknowledged: BTreeMap<u64, (Message, Instant)>,
    count: u64,
    last_seen: Timestamp,
    dead: DeadLetters,
}

impl FolderArrivalQueue {
    /// Watches the folder of a raw zone, which must exist; `ledger` knows what was recorded.
    /// [`domain::ErrorKind::Unavailable`] when the folder cannot be read.
    pub fn open(
        raw_folder: PathBuf,
        ledger: Arc<dyn RunLedger>,
        settings: WatchSettings,
    ) -> Result<Self> {
        let root = raw_folder.canonicalize().map_err(|error| files::failed(&raw_folder, error))?;
        let told = Told {
            unacknowledged: BTreeMap::new(),
            count: 0,
            last_seen: Timestamp::UNIX_EPOCH,
            dead: DeadLetters::open(&root)?,
        };
        let receiver = Receiver {
            settling: Settling::new(settings.settle),
            new_folders: Vec::new(),
            next_sweep: Instant::now(),
        };
        Ok(Self {
            watch: FolderWatch::start(root.clone()),
            root,
            ledger,
            settings,
            receiver: tokio::sync::Mutex::new(receiver),
            told: Mutex::new(told),
        })
    }

    /// Looks at every file of the zone for those that the ledger does not know.
    async fn sweep(&self, receiver: &mut Receiver) -> Result<()> {
        self.walk(receiver, self.root.clone(), Trigger::Sweep).await?;
        receiver.next_sweep = Instant::now() + self.settings.sweep_every;
        Ok(())
    }

    async fn walk(&self, receiver: &mut Receiver, from: PathBuf, trigger: Trigger) -> Result<()> {
        let root = self.root.clone();
        let walked = tokio::task::spawn_blocking(move || files::arrivals_below(&root, &from)).await;
        let arrivals = walked.map_err(|error| domain::Error::internal(error.to_string()))??;
        for arrival in self.news(arrivals).await? {
            receiver.settling.add(arrival.key, trigger, Instant::now());
        }
        Ok(())
    }

    /// Takes over what the watch has seen.
    async fn take_seen(&self, receiver: &mut Receiver) -> Result<()> {
        for key in self.watch.take_keys() {
            receiver.settling.add(key, Trigger::Event, Instant::now());
        }
        let mut due = Vec::from_iter(self.watch.take_folders());
        let again = Instant::now() + self.settings.settle;
        let later = due.iter().map(|folder| (folder.clone(), again));
        receiver.new_folders.extend(later.collect::<Vec<_>>());
        receiver.new_folders.retain(|(folder, at)| {
            let wait = *at > Instant::now();
            if !wait {
                due.push(folder.clone());
            }
            wait
        });
        for folder in due {
            // Whatever is missed here because the ledger is down, the next sweep finds.
            self.walk(receiver, folder, Trigger::Event).await?;
        }
        Ok(())
    }

    /// Messages about the files that have settled. They stay settling if the ledger is down.
    async fn tell_settled(&self, receiver: &mut Receiver) -> Result<Vec<Message>> {
        let now = Instant::now();
        let settled = receiver.settling.settled(now, |key| files::arrival(&self.root, key));
        if settled.is_empty() {
            return Ok(Vec::new());
        }
        let arrivals = settled.iter().map(|(arrival, _)| arrival.clone()).collect();
        let news = self.news(arrivals).await?;
        let mut told = self.told();
        let mut messages = Vec::new();
        for (arrival, trigger) in settled {
            receiver.settling.remove(&arrival.key);
            if news.iter().any(|new| new.key == arrival.key) {
                messages.push(told.tell(arrival, trigger, now));
            }
        }
        Ok(messages)
    }

    /// Of the given arrivals, those that nobody was told of and no run was recorded for.
    async fn news(&self, arrivals: Vec<Arrival>) -> Result<Vec<Arrival>> {
        let untold: Vec<_> = {
            let told = self.told();
            arrivals.into_iter().filter(|arrival| !told.knows(arrival)).collect()
        };
        if untold.is_empty() { Ok(untold) } else { self.ledger.unknown(untold).await }
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl ArrivalQueue for FolderArrivalQueue {
    async fn receive(&self) -> Result<Vec<Message>> {
        let mut receiver = self.receiver.lock().await;
        let deadline = Instant::now() + self.settings.poll;
        loop {
            if self.watch.take_lost() || receiver.next_sweep <= Instant::now() {
                self.sweep(&mut receiver).await?;
            }
            self.take_seen(&mut receiver).await?;
            let mut messages = self.tell_settled(&mut receiver).await?;
            messages.extend(self.told().repeated(self.settings.repeat_after));
            let left = deadline.saturating_duration_since(Instant::now());
            if !messages.is_empty() || left.is_zero() {
                return Ok(messages);
            }
            let pause = if receiver.is_idle() { left } else { self.settings.settle / 4 };
            let _ = tokio::time::timeout(pause.min(left), self.watch.changed()).await;
        }
    }

    async fn acknowledge(&self, message: &Message) -> Result<()> {
        self.told().forget(message);
        Ok(())
    }

    async fn dead_letter(&self, message: &Message, reason: &str) -> Result<()> {
        let mut told = self.told();
        told.dead.add(&message.arrival, reason)?;
        told.forget(message);
        Ok(())
    }
}

impl Receiver {
    fn is_idle(&self) -> bool {
        self.settling.is_empty() && self.new_folders.is_empty()
    }
}

impl Told {
    fn tell(&mut self, mut arrival: Arrival, trigger: Trigger, now: Instant) -> Message {
        // Later sightings get later sequencers, also when the clock was set back.
        let next = self.last_seen + SignedDuration::from_micros(1);
        self.last_seen = Timestamp::now().max(next);
        arrival.sequencer = Sequencer::at(self.last_seen);
        self.count += 1;
        let message = Message { receipt: self.count.to_string(), arrival, trigger };
        self.unacknowledged.insert(self.count, (message.clone(), now));
        message
    }

    fn repeated(&mut self, after: Duration) -> Vec<Message> {
        let now = Instant::now();
        let due =
            self.unacknowledged.values_mut().filter(|(_, told)| now.duration_since(*told) >= after);
        due.map(|(message, told)| {
            *told = now;
            message.clone()
        })
        .collect()
    }

    fn forget(&mut self, message: &Message) {
        if let Ok(receipt) = message.receipt.parse() {
            self.unacknowledged.remove(&receipt);
        }
    }

    fn knows(&self, arrival: &Arrival) -> bool {
        let same = |(message, _): &(Message, Instant)| {
            message.arrival.key == arrival.key && message.arrival.version == arrival.version
        };
        self.dead.contains(arrival) || self.unacknowledged.values().any(same)
    }
}
