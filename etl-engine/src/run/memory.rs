//! The run ledger and its outbox in memory, for tests.

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;

use async_trait::async_trait;
use domain::arrival::Arrival;
use domain::dataset::DatasetId;
use domain::environment::EnvironmentName;
use domain::notification::{Notification, NotificationRoute};
use domain::partition::Partition;
use domain::run::{CommittedObject, Run, RunId, RunStatus, Trigger};
use domain::run_log::LogLine;
use domain::{Error, Result};
use jiff::Timestamp;

use super::{
    Claim, ClaimRequest, CommittedObjects, Heartbeat, Job, NewRun, PartitionTotals, Recorded,
    RunCommand, RunFilter, RunLedger, SoFar,
};
use crate::lock;
use crate::notify::{Delivery, DeliveryState, Outbox, Pending};

/// A [`RunLedger`] with its [`Outbox`] that forgets everything when it is dropped.
#[derive(Debug)]
pub struct MemoryRunLedger {
    environment: EnvironmentName,
    pub(super) state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) jobs: BTreeMap<RunId, Job>,
    /// When each run was last written.
    pub(super) changed: BTreeMap<RunId, Timestamp>,
    pub(super) log: BTreeMap<RunId, Vec<LogLine>>,
    committed: HashMap<(DatasetId, String), CommittedObject>,
    outbox: BTreeMap<String, Waiting>,
    routes: Option<Vec<NotificationRoute>>,
}

#[derive(Debug)]
struct Waiting {
    pending: Pending,
    /// `None` once it is delivered or given up.
    due_at: Option<Timestamp>,
    delivered_at: Option<Timestamp>,
    last_error: Option<String>,
}

impl Waiting {
    fn delivery(&self) -> Delivery {
        let state = match (self.due_at, self.delivered_at) {
            (_, Some(_)) => DeliveryState::Delivered,
            (Some(_), None) => DeliveryState::Waiting,
            (None, None) => DeliveryState::GivenUp,
        };
        Delivery {
            id: self.pending.notification.id.clone(),
            subject: self.pending.notification.subject.clone(),
            created_at: self.pending.notification.created_at,
            failed_attempts: self.pending.attempts,
            state,
            last_error: self.last_error.clone(),
            delivered_at: self.delivered_at,
        }
    }
}

impl MemoryRunLedger {
    /// An empty ledger of an environment.
    pub fn new(environment: EnvironmentName) -> Self {
        Self { environment, state: Mutex::default() }
    }
}

#[async_trait]
impl RunLedger for MemoryRunLedger {
    async fn record(&self, new: &NewRun, now: Timestamp) -> Result<Recorded> {
        let mut state = lock(&self.state);
        let job = Job::record(new, &self.environment, now);
        let original = state.first_record(&new.arrival).filter(|_| new.trigger != Trigger::Replay);
        let job = match original {
            Some(original) => job.duplicate_of(original),
            None => job,
        };
        let run = job.run.clone();
        state.jobs.insert(run.id, job);
        state.changed.insert(run.id, Timestamp::now());
        if run.status == RunStatus::Held {
            state.notify(Notification::of_run(&run, now));
        }
        Ok(match original {
            Some(_) => Recorded::Duplicate(run),
            None => Recorded::New(run),
        })
    }

    async fn unknown(&self, arrivals: Vec<Arrival>) -> Result<Vec<Arrival>> {
        let state = lock(&self.state);
        let known = |arrival: &Arrival| {
            state.jobs.values().any(|job| is_same_object(&job.run.arrival, arrival))
        };
        Ok(arrivals.into_iter().filter(|arrival| !known(arrival)).collect())
    }

    async fn claim(&self, request: &ClaimRequest, now: Timestamp) -> Result<Option<Claim>> {
        let mut state = lock(&self.state);
        while let Some(id) = state.claimable(now) {
            let job = state.job(id)?;
            if job.may_go_on(request.max_attempts) {
                return Ok(Some(job.claim(request, now)));
            }
            let notification = job.give_up(now);
            state.notify(notification);
        }
        Ok(None)
    }

    async fn heartbeat(
        &self,
        claim: &Claim,
        until: Timestamp,
        so_far: Option<SoFar>,
    ) -> Result<Heartbeat> {
        lock(&self.state).job(claim.run.id)?.heartbeat(claim, until, so_far)
    }

    async fn checkpoint(
        &self,
        claim: &Claim,
        run: &Run,
        committed: Option<&CommittedObject>,
    ) -> Result<()> {
        let mut state = lock(&self.state);
        let job = state.job(claim.run.id)?;
        job.checkpoint(claim, run)?;
        if let Some(committed) = committed {
            let key = (job.run.dataset.clone(), committed.key.clone());
            state.committed.insert(key, committed.clone());
        }
        Ok(())
    }

    async fn finish(&self, claim: &Claim, run: &Run, notification: &Notification) -> Result<()> {
        let mut state = lock(&self.state);
        state.job(claim.run.id)?.finish(claim, run, notification.created_at)?;
        state.notify(notification.clone());
        Ok(())
    }

    async fn release(
        &self,
        claim: &Claim,
        run: &Run,
        due: Timestamp,
        count_attempt: bool,
    ) -> Result<()> {
        lock(&self.state).job(claim.run.id)?.release(claim, run, due, count_attempt)
    }

    async fn run(&self, id: RunId) -> Result<Option<Run>> {
        Ok(lock(&self.state).jobs.get(&id).map(|job| job.run.clone()))
    }

    async fn list(&self, filter: &RunFilter) -> Result<Vec<Run>> {
        let state = lock(&self.state);
        let runs = state.jobs.values().rev().map(|job| &job.run);
        let found: Vec<_> = runs.filter(|run| matches(filter, run)).cloned().collect();
        let skipped = match filter.after {
            Some(_) => found.len().saturating_sub(filter.limit),
            None => 0,
        };
        Ok(found.into_iter().skip(skipped).take(filter.limit).collect())
    }

    async fn command(&self, id: RunId, command: RunCommand, now: Timestamp) -> Result<Run> {
        let mut state = lock(&self.state);
        let job = state.job(id)?;
        let notification = job.command(command, now)?;
        let run = job.run.clone();
        notification.into_iter().for_each(|notification| state.notify(notification));
        Ok(run)
    }

    async fn release_held(&self, dataset: &DatasetId, now: Timestamp) -> Result<u64> {
        let mut state = lock(&self.state);
        let State { jobs, changed, .. } = &mut *state;
        let mut released = 0;
        for job in jobs.values_mut().filter(|job| job.run.dataset == *dataset) {
            if job.release_held(now) {
                changed.insert(job.run.id, Timestamp::now());
                released += 1;
            }
        }
        Ok(released)
    }
}

#[async_trait]
impl CommittedObjects for MemoryRunLedger {
    async fn object(&self, dataset: &DatasetId, key: &str) -> Result<Option<CommittedObject>> {
        Ok(lock(&self.state).committed.get(&(dataset.clone(), key.to_owned())).cloned())
    }

    async fn totals(
        &self,
        dataset: &DatasetId,
        partitions: &[Partition],
    ) -> Result<Vec<PartitionTotals>> {
        let state = lock(&self.state);
        let objects = state.committed.iter().filter(|((owner, _), _)| owner == dataset);
        let mut totals: BTreeMap<Partition, PartitionTotals> = BTreeMap::new();
        for file in objects.flat_map(|(_, object)| &object.files) {
            if partitions.contains(&file.partition) {
                let empty = PartitionTotals::empty(file.partition);
                totals.entry(file.partition).or_insert(empty).add(file.rows, file.bytes);
            }
        }
        Ok(totals.into_values().collect())
    }
}

#[async_trait]
impl Outbox for MemoryRunLedger {
    async fn take_due(
        &self,
        now: Timestamp,
        hidden_until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Pending>> {
        let mut state = lock(&self.state);
        let mut due: Vec<_> = state
            .outbox
            .values_mut()
            .filter(|waiting| waiting.due_at.is_some_and(|due_at| due_at <= now))
            .collect();
        due.sort_by_key(|waiting| waiting.pending.notification.created_at);
        let taken = due.into_iter().take(limit).map(|waiting| {
            waiting.due_at = Some(hidden_until);
            waiting.pending.clone()
        });
        Ok(taken.collect())
    }

    async fn delivered(&self, id: &str, at: Timestamp) -> Result<()> {
        let mut state = lock(&self.state);
        let waiting = state.waiting(id)?;
        waiting.due_at = None;
        waiting.delivered_at = Some(at);
        Ok(())
    }

    async fn failed(&self, id: &str, error: &str, retry_at: Option<Timestamp>) -> Result<()> {
        let mut state = lock(&self.state);
        let waiting = state.waiting(id)?;
        waiting.pending.attempts += 1;
        waiting.last_error = Some(error.to_owned());
        waiting.due_at = retry_at;
        Ok(())
    }

    async fn recent(&self, limit: usize) -> Result<Vec<Delivery>> {
        let state = lock(&self.state);
        let mut found: Vec<_> = state.outbox.values().map(Waiting::delivery).collect();
        found.sort_by(|one, other| (other.created_at, &other.id).cmp(&(one.created_at, &one.id)));
        found.truncate(limit);
        Ok(found)
    }

    async fn routes(&self) -> Result<Option<Vec<NotificationRoute>>> {
        Ok(lock(&self.state).routes.clone())
    }

    async fn set_routes(&self, routes: Option<&[NotificationRoute]>) -> Result<()> {
        lock(&self.state).routes = routes.map(<[_]>::to_vec);
        Ok(())
    }
}

impl State {
    /// The job of a run, to be changed.
    fn job(&mut self, id: RunId) -> Result<&mut Job> {
        let job = self.jobs.get_mut(&id);
        let job = job.ok_or_else(|| Error::not_found(format!("run {id} is not in the ledger")))?;
        self.changed.insert(id, Timestamp::now());
        Ok(job)
    }

    fn waiting(&mut self, id: &str) -> Result<&mut Waiting> {
        self.outbox
            .get_mut(id)
            .ok_or_else(|| Error::not_found(format!("notification {id} is not in the outbox")))
    }

    fn first_record(&self, arrival: &Arrival) -> Option<RunId> {
        let mut runs = self.jobs.values().map(|job| &job.run);
        let same = |run: &&Run| {
            is_same_object(&run.arrival, arrival)
                && run.status != RunStatus::Duplicate
                && run.trigger != Trigger::Replay
        };
        runs.find(same).map(|run| run.id)
    }

    fn claimable(&self, now: Timestamp) -> Option<RunId> {
        let mut waiting = Vec::new();
        let running: Vec<_> = self
            .jobs
            .values()
            .filter(|job| job.run.status == RunStatus::Running)
            .map(|job| &job.run.dataset)
            .collect();
        for job in self.jobs.values() {
            let queued = job.run.status == RunStatus::Queued;
            let dataset = &job.run.dataset;
            let blocked = queued && (running.contains(&dataset) || waiting.contains(&dataset));
            if job.is_claimable(now) && !blocked {
                return Some(job.run.id);
            }
            if queued {
                waiting.push(dataset);
            }
        }
        None
    }

    fn notify(&mut self, notification: Notification) {
        let due_at = Some(notification.created_at);
        let id = notification.id.clone();
        let pending = Pending { notification, attempts: 0 };
        self.outbox.entry(id).or_insert(Waiting {
            pending,
            due_at,
            delivered_at: None,
            last_error: None,
        });
    }
}

fn is_same_object(one: &Arrival, other: &Arrival) -> bool {
    one.bucket == other.bucket && one.key == other.key && one.version == other.version
}

fn matches(filter: &RunFilter, run: &Run) -> bool {
    filter.dataset.as_ref().is_none_or(|dataset| run.dataset == *dataset)
        && (filter.statuses.is_empty() || filter.statuses.contains(&run.status))
        && filter.key.as_ref().is_none_or(|key| run.arrival.key == *key)
        && filter.trigger.is_none_or(|trigger| run.trigger == trigger)
        && filter.actor.as_ref().is_none_or(|actor| run.actor == *actor)
        && filter.from.is_none_or(|from| run.id >= RunId::earliest(from))
        && filter.to.is_none_or(|to| run.id < RunId::earliest(to))
        && filter.before.is_none_or(|before| run.id < before)
        && filter.after.is_none_or(|after| run.id > after)
}
