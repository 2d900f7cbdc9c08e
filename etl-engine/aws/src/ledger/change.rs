//! One change of a job, with all that follows from it, in one transaction.

use domain::dataset::DatasetId;
use domain::notification::Notification;
use domain::run::{RunStatus, Trigger};
use domain::{Error, ErrorKind, Result};
use etl_engine::run::Job;

use super::audit_item::{Stored, owner};
use super::keys::{self, DATASETS, WORK};
use super::lane::{Lane, is_in_lane};
use super::rejected::IS_REPEAT;
use super::{DynamoDbRunLedger, key};
use crate::dynamo_db::attributes::text_of;
use crate::dynamo_db::long_text::LongText;
use crate::dynamo_db::transaction::Terms;
use crate::dynamo_db::{Item, Outcome, Writes, number, read, text};
use crate::outbox;

/// The number of the write that says who recorded an arrival first.
pub(super) const FIRST_RECORD: usize = 0;

/// What is to be stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Change<'a> {
    /// The job as it was read; `None`: it is recorded now.
    pub(super) before: Option<&'a Stored>,
    /// The job as it is to be.
    pub(super) job: &'a Job,
    /// What is told of it.
    pub(super) notification: Option<&'a Notification>,
    /// What its object holds from now on, as an item.
    pub(super) committed: Option<&'a Item>,
}

impl<'a> Change<'a> {
    pub(super) fn new(before: Option<&'a Stored>, job: &'a Job) -> Self {
        Self { before, job, notification: None, committed: None }
    }

    fn status_before(&self) -> Option<RunStatus> {
        self.before.map(|stored| stored.job.run.status)
    }

    /// Whether it claims to be the first record of its arrival.
    pub(super) fn is_first_record(&self) -> bool {
        let run = &self.job.run;
        let repeats = run.trigger == Trigger::Replay || run.status == RunStatus::Duplicate;
        self.before.is_none() && !repeats
    }

    pub(super) fn changes_status(&self) -> bool {
        self.status_before() != Some(self.job.run.status)
    }

    /// Whether it matters to the dataset's lane.
    fn moves(&self) -> bool {
        let job = self.job;
        let Some(before) = self.before.map(|stored| &stored.job) else {
            return is_in_lane(job.run.status);
        };
        let when = |job: &Job| (job.run.status, job.due_at, job.lease_until);
        (is_in_lane(before.run.status) || is_in_lane(job.run.status)) && when(before) != when(job)
    }
}

impl DynamoDbRunLedger {
    /// Stores a change, or nothing of it.
    pub(super) async fn store(&self, change: &Change<'_>, what: &str) -> Result<Outcome> {
        let Change { before, job, notification, committed } = *change;
        let mut writes = Writes::default();
        if change.is_first_record() {
            let mut first = keys::first_record(&job.run.arrival);
            first.insert("run".into(), text(job.run.id.to_string()));
            writes.put(self.state(), first, &Terms::only_if("attribute_not_exists(pk)"))?;
        }
        if !self.add_surroundings(&mut writes, change).await? {
            return Ok(Outcome::Busy);
        }
        let told = match notification {
            Some(told) => Some(outbox::waiting(&self.texts, told).await?),
            None => None,
        };
        let (item, long) = self.encode(job, before).await?;
        let condition = match before {
            Some(seen) => Terms::only_if("version = :seen").value(":seen", number(seen.version)),
            None => Terms::only_if("attribute_not_exists(execution_id)"),
        };
        writes.put(self.audit(), item.clone(), &condition)?;
        let told_item = told.as_ref().map(|told| told.item.clone());
        for item in told_item.into_iter().chain(committed.cloned()) {
            writes.put(self.state(), item, &Terms::default())?;
        }
        let outcome = match writes.send(&self.client, what).await {
            Err(error) if error.kind() == ErrorKind::Unavailable => {
                self.read_back(&item, error).await?
            }
            known => known?,
        };
        let done = matches!(outcome, Outcome::Done);
        self.forget_text(change, long.as_ref(), done).await;
        if let (Some(told), false) = (told, done) {
            told.forget(&self.texts).await;
        }
        Ok(outcome)
    }

    /// Nobody answered, however often it was asked. When the item is the one that was to be written,
    /// then all of the transaction was.
    async fn read_back(&self, written: &Item, error: Error) -> Result<Outcome> {
        let mut place = written.clone();
        place.retain(|name, _| name == "execution_id");
        match read::item(&self.client, self.audit(), "read a run back", place).await {
            Ok(Some(found)) if found == *written => Ok(Outcome::Done),
            _ => Err(error),
        }
    }

    /// Everything around the run's own item. False when somebody was faster.
    async fn add_surroundings(&self, writes: &mut Writes, change: &Change<'_>) -> Result<bool> {
        let (job, before) = (change.job, change.status_before());
        if change.before.is_none() {
            self.add_to_object(writes, job)?;
        }
        let (lane, dataset) = match change.changes_status() || change.moves() {
            true => self.surroundings(&job.run.dataset).await?,
            false => (None, None),
        };
        self.tell_dataset(writes, dataset.as_ref(), change)?;
        if change.changes_status() {
            self.count(writes, before, job)?;
            self.hold(writes, before, job)?;
        }
        if change.moves() {
            return self.move_in_lane(writes, lane.as_ref(), before, job).await;
        }
        Ok(true)
    }

    /// Adds a run to those of its object.
    fn add_to_object(&self, writes: &mut Writes, job: &Job) -> Result<()> {
        let mut place = key(keys::runs_of_object(&job.run.arrival.key), job.run.id.to_string());
        if job.run.status == RunStatus::Duplicate {
            place.insert(IS_REPEAT.into(), number(1));
        }
        writes.put(self.state(), place, &Terms::default()).map(drop)
    }

    /// Adds a run to the held ones of its dataset, or takes it away.
    fn hold(&self, writes: &mut Writes, before: Option<RunStatus>, job: &Job) -> Result<()> {
        let place = key(keys::held(&job.run.dataset), job.run.id.to_string());
        if job.run.status == RunStatus::Held {
            writes.put(self.state(), place, &Terms::default())?;
        } else if before == Some(RunStatus::Held) {
            writes.delete(self.state(), place, &Terms::default())?;
        }
        Ok(())
    }

    /// The lane of a dataset and its item, as they are now.
    async fn surroundings(&self, dataset: &DatasetId) -> Result<(Option<Lane>, Option<Item>)> {
        let keys = vec![key(WORK, dataset.to_string()), key(DATASETS, dataset.to_string())];
        let found = read::items(&self.client, self.state(), "read a dataset", keys, &[]).await?;
        let (mut lane, mut item) = (None, None);
        for found in found {
            if text_of(&found, "pk")? == WORK {
                lane = Some(Lane::of(&found)?);
            } else {
                item = Some(found);
            }
        }
        Ok((lane, item))
    }

    /// Of the run's old long text and its new one, takes away the one that no item names.
    async fn forget_text(&self, change: &Change<'_>, new: Option<&LongText>, done: bool) {
        let old = change.before.and_then(|stored| stored.heavy.as_ref()).map(|(long, _)| long);
        if old != new
            && let Some(left_over) = if done { old } else { new }
        {
            self.texts.forget(&owner(change.job.run.id), left_over).await;
        }
    }
}
