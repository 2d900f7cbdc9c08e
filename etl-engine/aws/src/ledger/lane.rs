//! The lane of a dataset: which of its runs is worked on, or comes next, and when.
//!
//! A lane is there while its dataset has queued or running runs. Whatever changes the dataset's
//! queue writes the lane too, so that its version guards the queue, and a claim that reads the lanes
//! sees all that waits.

use domain::Result;
use domain::dataset::DatasetId;
use domain::run::{RunId, RunStatus};
use etl_engine::run::Job;
use jiff::Timestamp;

use super::keys::{self, WORK};
use super::{DynamoDbRunLedger, key};
use crate::dynamo_db::attributes::{number_of, parsed_of, time, time_of};
use crate::dynamo_db::transaction::Terms;
use crate::dynamo_db::{Item, Writes, number, read, text};

/// The lane of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lane {
    pub(super) dataset: DatasetId,
    /// The run that is worked on, else the first that is queued.
    pub(super) run: RunId,
    /// Whether it is worked on.
    pub(super) running: bool,
    /// When its lease runs out, or when it is due.
    pub(super) next_at: Timestamp,
    version: i64,
}

/// Who comes next in a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Head {
    run: RunId,
    running: bool,
    next_at: Timestamp,
}

/// Whether a job is in its dataset's lane.
pub(super) fn is_in_lane(status: RunStatus) -> bool {
    matches!(status, RunStatus::Queued | RunStatus::Running)
}

impl Lane {
    pub(super) fn of(item: &Item) -> Result<Self> {
        Ok(Self {
            dataset: parsed_of(item, "sk")?,
            run: parsed_of(item, "run")?,
            running: number_of::<u8>(item, "running")? == 1,
            next_at: time_of(item, "next_at")?,
            version: number_of(item, "version")?,
        })
    }

    fn head(&self) -> Head {
        Head { run: self.run, running: self.running, next_at: self.next_at }
    }
}

impl DynamoDbRunLedger {
    /// Adds to `writes` what a change of a job, from the status `before`, means for its dataset's
    /// lane and queue. False when the lane does not allow it: somebody was faster.
    pub(super) async fn move_in_lane(
        &self,
        writes: &mut Writes,
        lane: Option<&Lane>,
        before: Option<RunStatus>,
        job: &Job,
    ) -> Result<bool> {
        let (id, status) = (job.run.id, job.run.status);
        let was_in_lane = before.is_some_and(is_in_lane);
        if !was_in_lane && !is_in_lane(status) {
            return Ok(true);
        }
        let is_claim = status == RunStatus::Running && before == Some(RunStatus::Queued);
        let is_next = lane.is_some_and(|lane| lane.run == id);
        if (was_in_lane && lane.is_none()) || (is_claim && !is_next) {
            return Ok(false);
        }
        self.move_in_queue(writes, before, job)?;
        let head = match lane {
            _ if status == RunStatus::Running => {
                let next_at = job.lease_until.unwrap_or(job.due_at);
                Some(Head { run: id, running: true, next_at })
            }
            // Another run is queued behind: who records one at the same time is no obstacle.
            Some(lane) if before.is_none() && (lane.running || lane.run < id) => {
                self.touch(writes, lane, id)?;
                return Ok(true);
            }
            Some(lane) if lane.running && lane.run != id => Some(lane.head()),
            None => queued(job),
            Some(_) => self.first_queued(job).await?,
        };
        self.set_lane(writes, job, lane, head)?;
        Ok(true)
    }

    /// The first of the queue as it will be once `job` is stored.
    async fn first_queued(&self, job: &Job) -> Result<Option<Head>> {
        let query = self
            .client
            .query()
            .table_name(self.state())
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(keys::queue(&job.run.dataset)))
            .consistent_read(true)
            .limit(2);
        let found = read::all("read the queue of a dataset", query, 2).await?;
        let mut first = queued(job);
        for item in &found {
            let run: RunId = parsed_of(item, "sk")?;
            if run != job.run.id && first.is_none_or(|first| run < first.run) {
                first = Some(Head { run, running: false, next_at: time_of(item, "due_at")? });
            }
        }
        Ok(first)
    }

    fn move_in_queue(
        &self,
        writes: &mut Writes,
        before: Option<RunStatus>,
        job: &Job,
    ) -> Result<()> {
        let mut place = key(keys::queue(&job.run.dataset), job.run.id.to_string());
        if job.run.status == RunStatus::Queued {
            place.insert("due_at".into(), time(job.due_at));
            writes.put(self.state(), place, &Terms::default())?;
        } else if before == Some(RunStatus::Queued) {
            writes.delete(self.state(), place, &Terms::default())?;
        }
        Ok(())
    }

    /// Says that the queue behind the head has changed.
    fn touch(&self, writes: &mut Writes, lane: &Lane, later: RunId) -> Result<()> {
        let terms = Terms::only_if("attribute_exists(pk) AND (running = :one OR #run < :later)")
            .name("#run", "run")
            .value(":later", text(later.to_string()))
            .value(":one", number(1));
        let place = key(WORK, lane.dataset.to_string());
        writes.update(self.state(), place, "ADD version :one", &terms).map(drop)
    }

    fn set_lane(
        &self,
        writes: &mut Writes,
        job: &Job,
        lane: Option<&Lane>,
        head: Option<Head>,
    ) -> Result<()> {
        let terms = match lane {
            Some(lane) => Terms::only_if("version = :seen").value(":seen", number(lane.version)),
            None => Terms::only_if("attribute_not_exists(pk)"),
        };
        let mut item = key(WORK, job.run.dataset.to_string());
        let Some(head) = head else {
            return writes.delete(self.state(), item, &terms).map(drop);
        };
        // Lanes come and go. A new one begins at the clock, so that it never looks like an old one.
        let version = lane.map_or(Timestamp::now().as_microsecond(), |lane| lane.version + 1);
        item.insert("run".into(), text(head.run.to_string()));
        item.insert("running".into(), number(u8::from(head.running)));
        item.insert("next_at".into(), time(head.next_at));
        item.insert("version".into(), number(version));
        writes.put(self.state(), item, &terms).map(drop)
    }
}

fn queued(job: &Job) -> Option<Head> {
    let is_queued = job.run.status == RunStatus::Queued;
    is_queued.then_some(Head { run: job.run.id, running: false, next_at: job.due_at })
}
