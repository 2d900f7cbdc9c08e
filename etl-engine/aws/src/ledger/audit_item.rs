//! The item of a run in the audit table.
//!
//! The run stands in it as JSON; beside it what indexes need, what the ledger knows about the work on
//! it, and the attributes that dashboards over the audit table of earlier lakes read. A run's
//! partitions, commits and messages can be longer than an item: then they are kept as a long text.

use domain::partition::Partition;
use domain::run::{Commit, Failure, Run, RunId, Step};
use domain::zone::Hop;
use domain::{Error, Result};
use etl_engine::run::Job;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::DynamoDbRunLedger;
use crate::dynamo_db::attributes::{
    damaged, from_json, number_of, optional_text_of, optional_time_of, text_of, time, time_of,
    to_json,
};
use crate::dynamo_db::long_text::LongText;
use crate::dynamo_db::{Item, number, read, text};

/// Bytes of a run that stand in its item. Every heartbeat writes the item, and a kilobyte is what
/// DynamoDB charges by.
const MOST_INLINE: usize = 60_000;
/// Characters of `error_message`; the whole text is with the run.
const MOST_MESSAGE: usize = 4_000;
/// So often a run is read again because its text changed in between.
const ATTEMPTS: u32 = 8;

/// A job as it is stored.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    pub(super) job: Job,
    /// Counts writes; the next one is on the condition that it is still this.
    pub(super) version: i64,
    /// Where the long parts of the run are, and what they are.
    pub(super) heavy: Option<(LongText, String)>,
}

/// What makes a run long.
#[derive(Debug, Serialize, Deserialize)]
struct Heavy {
    failure: Option<Failure>,
    steps: Vec<HeavyStep>,
}

/// What makes a step long.
#[derive(Debug, Serialize, Deserialize)]
struct HeavyStep {
    partitions: Vec<Partition>,
    commit: Option<Commit>,
    note: Option<String>,
}

impl DynamoDbRunLedger {
    /// The job of a run as it is now.
    pub(super) async fn find(&self, id: RunId) -> Result<Option<Stored>> {
        for _ in 0..ATTEMPTS {
            let item = read::item(&self.client, self.audit(), "read a run", key(id)).await?;
            let Some(item) = item else { return Ok(None) };
            if let Some(stored) = self.decode(&item).await? {
                return Ok(Some(stored));
            }
        }
        Err(damaged("long_text", format!("the commits of run {id} are not there")))
    }

    /// As [`find`](Self::find). [`domain::ErrorKind::NotFound`] when there is no such run.
    pub(super) async fn existing(&self, id: RunId) -> Result<Stored> {
        let environment = &self.settings.environment;
        self.find(id).await?.ok_or_else(|| {
            Error::not_found(format!("run {id} is not in the ledger of {environment}"))
        })
    }

    /// The job that an item stands for; `None` when its long text was replaced meanwhile.
    pub(super) async fn decode(&self, item: &Item) -> Result<Option<Stored>> {
        let mut job = decode(item)?;
        let mut heavy = None;
        if let Some(long) = LongText::of(item)? {
            let owner = owner(job.run.id);
            let Some(content) = self.texts.read(&owner, &long).await? else { return Ok(None) };
            put_back(&mut job.run, from_json("long_text", &content)?);
            heavy = Some((long, content));
        }
        Ok(Some(Stored { job, version: number_of(item, "version")?, heavy }))
    }

    /// The item of a job under its next version. What is too long for it is written first, unless it
    /// is what was there before.
    pub(super) async fn encode(
        &self,
        job: &Job,
        before: Option<&Stored>,
    ) -> Result<(Item, Option<LongText>)> {
        let (document, heavy) = split(&job.run)?;
        let known = before.and_then(|stored| stored.heavy.as_ref());
        let long = match (heavy, known) {
            (Some(heavy), Some((long, content))) if heavy == *content => Some(long.clone()),
            (Some(heavy), _) => Some(self.texts.write(&owner(job.run.id), &heavy).await?),
            (None, _) => None,
        };
        let mut item = self.attributes(job)?;
        item.insert("document".into(), text(document));
        item.insert("version".into(), number(before.map_or(0, |stored| stored.version) + 1));
        if let Some(long) = &long {
            long.name_in(&mut item);
        }
        Ok((item, long))
    }

    fn attributes(&self, job: &Job) -> Result<Item> {
        let run = &job.run;
        let counts = run.step(Hop::RawToConformed).map(|step| step.counts).unwrap_or_default();
        let mut item = key(run.id);
        let mut set = |name: &str, value| item.insert(name.to_owned(), value);
        set("environment", text(run.environment.to_string()));
        set("dataset", text(run.dataset.to_string()));
        set("object_key", text(&run.arrival.key));
        set("started_by", text(run.trigger.as_str()));
        set("actor", text(&run.actor));
        set("recorded_at", time(run.created_at));
        set("changed_at", time(Timestamp::now()));
        set("rows_read", number(counts.rows_read));
        set("rows_written", number(counts.rows_written));
        set("rows_rejected", number(counts.rows_rejected));
        if counts.rows_rejected > 0 {
            set("rejects_of", text(run.environment.to_string()));
        }
        set("due_at", time(job.due_at));
        set("fence", number(job.fence));
        if let Some(until) = job.lease_until {
            set("lease_until", time(until));
        }
        if let Some(worker) = &job.worker {
            set("worker", text(worker));
        }
        if job.cancel_requested {
            set("cancel_requested", number(1));
        }
        let message = run.failure.as_ref().map(|failure| failure.message.as_str());
        let message = message.unwrap_or_default().chars().take(MOST_MESSAGE);
        set("error_message", text(message.collect::<String>()));
        set("job_latest_status", text(run.status.as_str()));
        set("job_start_date", text(run.created_at.to_string()));
        set("joblast_updated_timestamp", text(Timestamp::now().to_string()));
        set("sfn_execution_name", text(format!("{}-{}", file_name(run), run.id)));
        set("sfn_arn", text(format!("sluice:{}:run:{}", run.environment, run.id)));
        set("sfn_input", text(self.input(run)?));
        Ok(item)
    }

    /// The input of the run, in the words that it always had.
    fn input(&self, run: &Run) -> Result<String> {
        let day = Partition::of(run.created_at.to_zoned(TimeZone::UTC).date())?;
        let [year, month, day] = day.values();
        to_json(&serde_json::json!({
            "JOB_NAME": Hop::RawToConformed.as_str(),
            "target_databasename": self.settings.conformed_database,
            "target_bucketname": self.settings.conformed_bucket,
            "source_bucketname": run.arrival.bucket,
            "source_key": run.arrival.key,
            "base_file_name": file_name(run),
            "p_year": year,
            "p_month": month,
            "p_day": day,
            "table_name": run.dataset.table(),
            "execution_id": run.id,
        }))
    }
}

/// The key of a run in the audit table.
pub(super) fn key(id: RunId) -> Item {
    Item::from([("execution_id".to_owned(), text(id.to_string()))])
}

/// Whose long text it is.
pub(super) fn owner(id: RunId) -> String {
    format!("run#{id}")
}

fn file_name(run: &Run) -> &str {
    let key = &run.arrival.key;
    key.rsplit('/').next().unwrap_or(key)
}

fn decode(item: &Item) -> Result<Job> {
    Ok(Job {
        run: from_json("document", text_of(item, "document")?)?,
        due_at: time_of(item, "due_at")?,
        lease_until: optional_time_of(item, "lease_until")?,
        fence: number_of(item, "fence")?,
        worker: optional_text_of(item, "worker").map(str::to_owned),
        cancel_requested: item.contains_key("cancel_requested"),
    })
}

/// The run as JSON, and apart from it what would make it too long for an item.
fn split(run: &Run) -> Result<(String, Option<String>)> {
    let whole = to_json(run)?;
    if whole.len() <= MOST_INLINE {
        return Ok((whole, None));
    }
    let mut light = run.clone();
    let take = |step: &mut Step| HeavyStep {
        partitions: std::mem::take(&mut step.partitions),
        commit: step.commit.take(),
        note: step.note.take(),
    };
    let steps = light.steps.iter_mut().map(take).collect();
    let heavy = Heavy { failure: light.failure.take(), steps };
    Ok((to_json(&light)?, Some(to_json(&heavy)?)))
}

fn put_back(run: &mut Run, heavy: Heavy) {
    run.failure = heavy.failure;
    for (step, heavy) in run.steps.iter_mut().zip(heavy.steps) {
        step.partitions = heavy.partitions;
        step.commit = heavy.commit;
        step.note = heavy.note;
    }
}
